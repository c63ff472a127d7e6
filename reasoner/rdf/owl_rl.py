"""OWL 2 RL by ``reasonable``; the only module that imports it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rdflib import Graph, Literal
from rdflib.term import Node

from reasoner.rdf.namespaces import OWL, RDF, RDFS, XSD

Triple = tuple[Node, Node, Node]


def classify(ontology: Graph, assertions: Iterable[Triple]) -> list[Triple]:
    """The assertions, with all that they entail in OWL 2 RL under the class and property axioms of an ontology."""
    import reasonable

    engine = reasonable.PyReasoner()
    engine.from_graph(_axioms(ontology))
    engine.from_graph([triple for triple in assertions if _is_symbolic(triple[2])])
    return engine.reason()


@lru_cache(maxsize=16)
def _axioms(ontology: Graph) -> list[Triple]:
    return [triple for predicate in AXIOMS for triple in ontology.triples((None, predicate, None))]


def _is_symbolic(value: Node) -> bool:
    """Whether a class expression of a policy can mention a value: text, numbers and dates it cannot."""
    return not isinstance(value, Literal) or value.datatype == XSD.boolean


AXIOMS = (
    RDFS.subClassOf,
    RDFS.subPropertyOf,
    OWL.equivalentClass,
    OWL.intersectionOf,
    OWL.unionOf,
    OWL.onProperty,
    OWL.hasValue,
    OWL.someValuesFrom,
    RDF.first,
    RDF.rest,
)
"""The predicates of the axioms from which classes are inferred."""
