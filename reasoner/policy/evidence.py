"""What evidence counts for a criterion, in words: from when, whose, about what, and with which details."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground import resources
from reasoner.policy.axes import AxisValue
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion
from reasoner.policy.search import label
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import NEC, RDF, RDFS, SH, SKOS, XSD

_STATEMENT = URIRef("https://w3id.org/necessity/intake/statement")
_SHOWN = 20
"""The most values of a topic or a detail that are named."""
_KINDS = {
    XSD.integer: "a whole number",
    XSD.decimal: "a number",
    XSD.boolean: "true or false",
    XSD.date: "a date",
    XSD.string: "text",
}
_BOUNDS = (
    (SH.minInclusive, "from"),
    (SH.minExclusive, "above"),
    (SH.maxInclusive, "to"),
    (SH.maxExclusive, "below"),
)


class Rule(NamedTuple):
    """One thing that a criterion says of its evidence: a word for the kind, and the rule."""

    title: str
    text: str


def rules(policy: Policy, version: PolicyVersion, criterion: Criterion) -> Iterator[Rule]:
    """What evidence counts for a leaf; nothing for a group.

    Args:
        policy: the policy, for names and values.
        version: the version of the criterion, with the lookbacks in force.
        criterion: the criterion.
    """
    if criterion.kind is not CriterionKind.LEAF:
        return
    yield Rule("lookback", _lookback(version, criterion))
    if value := _axis_value(version, criterion.period_of):
        yield Rule("period", f"that of {value.label}, whatever the request is for")
    yield from _facts(policy, criterion)
    for kind in _stated(policy, criterion, NEC.countsOver):
        codes = [
            graphs.text(policy.ontology, code, SKOS.notation) for code in _stated(policy, criterion, NEC.countedCodes)
        ]
        among = f" ({', '.join(codes)})" if any(codes) else ""
        yield Rule(
            "counts", f"{label(policy, str(kind))}{among}: one that could not be read keeps the rule from concluding"
        )
    authors = [label(policy, str(author)) for author in _stated(policy, criterion, NEC.speaksOnlyFrom)]
    if authors:
        yield Rule(
            "author", f"only {' or '.join(authors)}; a statement whose author's kind is not stated counts, with a note"
        )
    for detail in criterion.details:
        yield Rule("detail", f"{label(policy, detail)}{_kind_of_value(policy, detail)}")
    for needed in criterion.speaks_only_with:
        yield Rule("needs", f"{label(policy, needed)}, without which a statement does not speak to it")


def _lookback(version: PolicyVersion, criterion: Criterion) -> str:
    if criterion.since_admission:
        text = "from the start of the stay"
        text += (
            f", or {version.assumed_stay} days before the start of service where the record does not say when it began"
        )
    elif criterion.lookback is None:
        text = "evidence of any age"
    else:
        text = f"from {criterion.lookback} days before the start of service"
    own = criterion.replaced_lookback
    return f"{text} (by the policy itself: {own})" if own else text


def _axis_value(version: PolicyVersion, iri: str | None) -> AxisValue | None:
    return next((value for axis in version.axes for value in axis.values if value.iri == iri), None)


def _facts(policy: Policy, criterion: Criterion) -> Iterator[Rule]:
    """The property that tells the leaf's facts apart, of how many it has to hold, and the values."""
    quantifier = [graphs.text(policy.ontology, q, SKOS.prefLabel) for q in _stated(policy, criterion, NEC.holdsFor)]
    for topic in _stated(policy, criterion, NEC.supersededPer):
        by = "the narrowest class of the statement" if topic == RDF.type else label(policy, str(topic))
        yield Rule("facts", f"told apart by {by}" + (f"; {quantifier[0]} has to hold" if quantifier else ""))
        values = values_of(policy, topic)
        yield from (Rule("value", label(policy, value)) for value in values[:_SHOWN])
        if len(values) > _SHOWN:
            yield Rule("value", f"… and {len(values) - _SHOWN} more")


def _stated(policy: Policy, criterion: Criterion, predicate: Node) -> list[Node]:
    """What the ontology says of a leaf, or else of the one that it restates."""
    for iri in filter(None, (criterion.iri, criterion.restates)):
        if values := sorted(policy.ontology.objects(URIRef(iri), predicate), key=str):
            return values
    return []


def _kind_of_value(policy: Policy, detail: str) -> str:
    """What the value of a property has to be, after a colon; empty if nothing says it."""
    values = values_of(policy, URIRef(detail))
    if values:
        shown = ", ".join(policy.short(value) for value in values[:_SHOWN])
        return f": {shown}{', …' if len(values) > _SHOWN else ''}"
    kind, bounds = "", ""
    for shape in _shapes(policy, URIRef(detail)):
        for datatype, words in _KINDS.items():
            kind = words if (shape, SH.datatype, datatype) in intake(policy) else kind
        for predicate, words in _BOUNDS:
            for limit in intake(policy).objects(shape, predicate):
                kind, bounds = kind or "a number", f"{bounds} {words} {limit}"
    unit = graphs.text(policy.ontology, URIRef(detail), NEC.unitCode)
    return (f": {kind}{bounds}" if kind else "") + (f" in {unit}" if unit else "")


def values_of(policy: Policy, property_: Node) -> list[str]:
    """The IRIs of the terms of the vocabulary that a property can have, if they are limited to some.

    Args:
        policy: the policy.
        property_: a property of statements.
    """
    found: list[str] = []
    for shape in _shapes(policy, property_):
        for head in intake(policy).objects(shape, SH["in"]):
            found += [str(value) for value in graphs.members(intake(policy), head) if not isinstance(value, Literal)]
        for of_class in intake(policy).objects(shape, SH["class"]):
            classes = set(policy.ontology.transitive_subjects(RDFS.subClassOf, of_class))
            members = {str(member) for name in classes for member in policy.ontology.subjects(RDF.type, name)}
            found += sorted(members, key=lambda member: (terms.local(member), member))
    return list(dict.fromkeys(found))


def _shapes(policy: Policy, property_: Node) -> list[Node]:
    """The shapes that say what a property of a statement has to be."""
    graph = intake(policy)
    return [
        shape
        for shape in sorted(graph.objects(_STATEMENT, SH.property), key=str)
        if (shape, SH.path, property_) in graph
    ]


@lru_cache(maxsize=8)
def intake(policy: Policy) -> Graph:
    """The shapes of documentation: those of every policy, and those of this one."""
    shapes = parsing.load_files([resources.SHAPES / "intake.ttl"])
    shapes += policy.shapes
    return shapes
