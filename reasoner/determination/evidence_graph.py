"""The graph that the shapes see: a request with its settled evidence."""

from __future__ import annotations

from itertools import chain

from rdflib import Graph, URIRef

from reasoner.chart.model import Assertion, Case
from reasoner.determination.inference import Inference
from reasoner.determination.settling import Bearing, Settlement
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, RDF

_RELATION = {
    Assertion.AFFIRMED: NEC.affirmed,
    Assertion.DENIED: NEC.denied,
    Assertion.NOT_APPLICABLE: NEC.notApplicable,
}


def evidence_graph(case: Case, inference: Inference, settlement: Settlement, version: PolicyVersion) -> Graph:
    """The graph that the shapes see: the request with its current evidence, nothing superseded, nothing inferred upward.

    Each current statement is typed with the finding classes of just the leaves it is current for; an affirmed one
    keeps its other finding classes. A statement that denies a leaf by affirming its contrary stands as a node of its own.
    """
    graph = Graph(bind_namespaces="none")
    request = URIRef(case.iri)
    for subject, predicate, value in case.facts:
        graph.add((terms.node(subject), terms.node(predicate), terms.node(value)))
    graph.add((request, RDF.type, NEC.ReviewRequest))
    graph.add((request, NEC.ageGroup, URIRef(inference.age_group)))
    for bearing in chain.from_iterable(settlement.bearings.values()):
        node = URIRef(evidence_node(bearing))
        graph.add((request, _RELATION[bearing.stance], node))
        graph.add((node, RDF.type, URIRef(version.leaves[bearing.leaf].finding)))
        if bearing.contrary:
            continue
        for predicate, value in inference.facts[bearing.statement.iri]:
            graph.add((node, terms.node(predicate), terms.node(value)))
        if bearing.stance is Assertion.AFFIRMED:
            for name in inference.classes[bearing.statement.iri]:
                if name not in version.leaf_of:
                    graph.add((node, RDF.type, URIRef(name)))
            if version.leaves[bearing.leaf].topical and (node, NEC.topic, None) not in graph:
                for name in sorted(bearing.statement.classes - set(version.leaf_of)):
                    graph.add((node, NEC.topic, URIRef(name)))
    return graph


def evidence_node(bearing: Bearing) -> str:
    """The IRI that stands for a bearing in the evidence graph: the statement's, or for a contrary one beside it."""
    return f"{bearing.statement.iri}-contrary" if bearing.contrary else bearing.statement.iri
