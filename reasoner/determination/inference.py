"""Inference: OWL 2 RL over the request and the affirmed statements, and the policy's rules that calculate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rdflib import Graph, Literal, URIRef

from reasoner.chart.model import Assertion, Case
from reasoner.ground.errors import PolicyError
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, OWL, RDF, XSD
from reasoner.rdf.owl_rl import Triple, classify
from reasoner.rdf.terms import Term

if TYPE_CHECKING:
    from rdflib.plugins.sparql.sparql import Query

_CODE = terms.of(NEC.code)


@dataclass(frozen=True)
class Inference:
    """Classes and facts that follow from a case."""

    request_classes: frozenset[str]
    classes: Mapping[str, frozenset[str]]
    """By IRI of the statement: every class of an affirmed one, the asserted classes of any other."""
    facts: Mapping[str, tuple[tuple[Term, Term], ...]]
    """Structured facts of each statement, ordered, derived ones included."""
    age_group: str
    statements_apart: bool = False
    """Whether it is certain that no statement is also the request, its member or its plan."""


def infer(case: Case, version: PolicyVersion) -> Inference:
    """Classify a case's request and affirmed statements under a policy version.

    Denied and not-applicable statements keep their asserted classes: denial does not climb the class tree.
    """
    age_group = NEC.Minor if case.age() < version.age_of_majority else NEC.Adult
    asserted: list[Triple] = [
        *((terms.node(s), terms.node(p), terms.node(o)) for s, p, o in case.facts),
        (URIRef(case.iri), NEC.ageGroup, age_group),
    ]
    calculated = _calculate(case, version)
    facts: dict[str, tuple[tuple[Term, Term], ...]] = {}
    for statement in case.statements:
        subject = URIRef(statement.iri)
        own = {*statement.facts, *calculated.get(statement.iri, ())}
        own |= {fact for p, code in own if p == _CODE for fact in version.lexicon.coded.get(code, ())}
        facts[statement.iri] = tuple(sorted(own))
        asserted += [(subject, terms.node(predicate), terms.node(value)) for predicate, value in facts[statement.iri]]
        if statement.assertion is Assertion.AFFIRMED:
            asserted.append((subject, RDF.type, NEC.Statement))
            asserted += [(subject, RDF.type, URIRef(name)) for name in statement.classes]
            asserted += [(subject, NEC.addresses, URIRef(leaf)) for leaf in statement.addresses]
    types: dict[str, set[str]] = {}
    for node, predicate, value in classify(version.ontology, asserted):
        if predicate == RDF.type and isinstance(value, URIRef):
            types.setdefault(str(node), set()).add(str(value))
    return Inference(
        request_classes=frozenset(types.get(case.iri, ())) - {str(OWL.Thing)},
        classes={
            s.iri: frozenset(types.get(s.iri, ())) if s.assertion is Assertion.AFFIRMED else s.classes
            for s in case.statements
        },
        facts=facts,
        age_group=str(age_group),
    )


def _calculate(case: Case, version: PolicyVersion) -> dict[str, tuple[tuple[Term, Term], ...]]:
    """The facts that the policy's SPARQL rules construct from each statement's numbers, by its IRI."""
    rules = _rules(version)
    data = Graph(bind_namespaces="none")
    for statement in case.statements:
        for predicate, value in statement.facts:
            number = terms.node(value)
            # A literal that is not of its type, such as "x" as an integer, makes rdflib's arithmetic fail.
            if isinstance(number, Literal) and number.datatype != XSD.boolean and not number.ill_typed:
                data.add((URIRef(statement.iri), terms.node(predicate), number))
    if not rules or not data:
        return {}
    derived: dict[str, set[tuple[Term, Term]]] = {}
    for rule in rules:
        for subject, property_, derived_value in data.query(rule).graph or ():
            fact = (terms.of(property_), terms.canonical(terms.of(derived_value)))
            derived.setdefault(str(subject), set()).add(fact)
    return {iri: tuple(sorted(facts)) for iri, facts in derived.items() if any(s.iri == iri for s in case.statements)}


@lru_cache(maxsize=16)
def _rules(version: PolicyVersion) -> tuple[Query, ...]:
    from rdflib.plugins.sparql import prepareQuery

    queries = []
    for text in version.rules:
        try:
            queries.append(prepareQuery(text))
        except Exception as error:  # the parser raises many kinds
            raise PolicyError(f"a sh:construct is not SPARQL: {error}", where=version.iri, mend=text.strip()) from error
    return tuple(queries)
