"""The graph that the shapes see: a request with its settled evidence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from rdflib import Graph, URIRef

from reasoner.chart.model import Assertion, Case
from reasoner.determination.bearing import Bearing, Settlement
from reasoner.determination.inference import Inference
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
    keeps its other finding classes. What denies a leaf by another finding than the leaf's stands as a node of its own.
    """
    graph = Graph(bind_namespaces="none")
    add_request(graph, case, inference, case.iri)
    bearings = chain.from_iterable(settlement.bearings.values())
    add_evidence(graph, case.iri, ((evidence_node(b), b) for b in bearings), inference, settlement, version)
    return graph


def add_request(graph: Graph, case: Case, inference: Inference, name: str) -> None:
    """Add a case's request, its member and its plan to a graph, the request under a name of its own."""
    request, own = URIRef(name), terms.iri(case.iri)
    for subject, predicate, value in case.facts:
        graph.add((request if subject == own else terms.node(subject), terms.node(predicate), terms.node(value)))
    graph.add((request, RDF.type, NEC.ReviewRequest))
    graph.add((request, NEC.ageGroup, URIRef(inference.age_group)))


def add_evidence(
    graph: Graph,
    request: str,
    nodes: Iterable[tuple[str, Bearing]],
    inference: Inference,
    settlement: Settlement,
    version: PolicyVersion,
) -> None:
    """Add evidence nodes to the graph of a request, each with the bearing that it stands for."""
    for name, bearing in nodes:
        node, statement = URIRef(name), bearing.statement
        graph.add((URIRef(request), _RELATION[bearing.stance], node))
        graph.add((node, RDF.type, URIRef(version.leaves[bearing.leaf].finding)))
        if bearing.apart:
            continue
        for predicate, value in (*inference.facts[statement.iri], *settlement.derived.get(statement.iri, ())):
            graph.add((node, terms.node(predicate), terms.node(value)))
        if bearing.stance is Assertion.AFFIRMED:
            for above in inference.classes[statement.iri]:
                if above not in version.leaf_of:
                    graph.add((node, RDF.type, URIRef(above)))


def evidence_node(bearing: Bearing) -> str:
    """The IRI that stands for a bearing in the evidence graph: the statement's, or one beside it for one that stands apart."""
    return f"{bearing.statement.iri}-{bearing.stance.slug}" if bearing.apart else bearing.statement.iri
