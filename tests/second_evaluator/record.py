"""What a chart says: a request, its statements and what could not be read, from Turtle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

NEC = Namespace("https://w3id.org/necessity/core#")
IOP = Namespace("https://w3id.org/necessity/mp9556/vocabulary#")
DCTERMS = Namespace("http://purl.org/dc/terms/")
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm/"
VERSION = "https://w3id.org/necessity/mp9556/2025-04-01/"

AFFIRMED, DENIED, NOT_APPLICABLE = "Affirmed", "Denied", "NotApplicable"


@dataclass(frozen=True, eq=False)
class Statement:
    """One thing the record says, with two dates; neither its classes nor its codes are looked up yet."""

    name: str
    stance: str
    types: frozenset[str]
    addresses: frozenset[str]
    """Ids of leaves."""
    codes: frozenset[str]
    observed: date
    recorded: date
    details: frozenset[tuple[str, Node]]
    """Local names of properties, each with a value."""
    author: str
    """Local name of the kind of its author; empty if not stated."""

    def values(self, name: str) -> list[Node]:
        return [value for property_, value in self.details if property_ == name]

    def names(self, name: str) -> frozenset[str]:
        """Values as IRIs or texts."""
        return frozenset(map(str, self.values(name)))

    def number(self, name: str) -> float | None:
        numbers = [float(str(value)) for value in self.values(name)]
        return numbers[0] if numbers else None

    @property
    def primary(self) -> bool | None:
        flags = [bool(value.toPython()) for value in self.values("primary") if isinstance(value, Literal)]
        return flags[0] if flags else None

    @property
    def remission(self) -> bool:
        """Whether it states by a property that the disorder is in remission."""
        return any(value != Literal(False) for value in self.values("remission"))


@dataclass(frozen=True)
class Unread:
    """An item of the record that could not be turned into a statement."""

    kind: str
    code: str
    observed: date | None
    recorded: date | None


@dataclass(frozen=True)
class Request:
    """What is asked for, and what the record says about it."""

    admission: bool
    substance_use: bool
    start: date
    end: date | None
    as_of: date
    admitted: date | None
    birth: date
    illinois: bool
    fully_insured: bool
    statements: tuple[Statement, ...]
    unread: tuple[Unread, ...]

    @property
    def minor(self) -> bool:
        """Younger than 18 at service start."""
        birthday_to_come = (self.start.month, self.start.day) < (self.birth.month, self.birth.day)
        return self.start.year - self.birth.year - birthday_to_come < 18


def read(graph: Graph, name: str = "") -> Request:
    """The one request of a graph whose IRI ends with a name."""
    requests = list(graph.subjects(RDF.type, NEC.ReviewRequest))
    (request,) = (r for r in requests if not name or re.split("[#/]", str(r))[-1] == name)
    subjects = sorted(graph.subjects(NEC.about, request), key=str)
    unread = [subject for subject in subjects if (subject, RDF.type, NEC.Unread) in graph]
    member, plan = graph.value(request, NEC.member), graph.value(request, NEC.plan)
    start, birth = _day(graph, request, NEC.serviceStart), _day(graph, member, NEC.birthDate)
    assert start
    assert birth
    return Request(
        admission=(request, NEC.phase, NEC.Admission) in graph,
        substance_use=(request, NEC.focus, NEC.SubstanceUse) in graph,
        start=start,
        end=_day(graph, request, NEC.serviceEnd),
        as_of=_day(graph, request, NEC.asOf) or date.today(),
        admitted=_day(graph, request, NEC.admitted),
        birth=birth,
        illinois=(plan, NEC.jurisdiction, NEC["US-IL"]) in graph,
        fully_insured=(plan, NEC.funding, NEC.FullyInsured) in graph,
        statements=tuple(_statement(graph, subject) for subject in subjects if subject not in unread),
        unread=tuple(_unread(graph, subject) for subject in unread),
    )


def _statement(graph: Graph, subject: Node) -> Statement:
    document = graph.value(subject, NEC.documentedIn)
    # "recorded: when it was written; else its document's date"; "observed: when it was so; else the recorded date"
    recorded = _day(graph, subject, NEC.recorded) or _day(graph, document, DCTERMS.issued)
    assert recorded
    author = graph.value(subject, NEC.authorKind) or graph.value(document, NEC.authorKind)
    return Statement(
        name=str(subject),
        stance=_local(graph.value(subject, NEC.assertion)),
        types=frozenset(map(str, graph.objects(subject, RDF.type))) - {str(NEC.Statement)},
        addresses=frozenset(leaf_id(str(leaf)) for leaf in graph.objects(subject, NEC.addresses)),
        codes=frozenset(map(str, graph.objects(subject, NEC.code))),
        observed=_day(graph, subject, NEC.observed) or recorded,
        recorded=recorded,
        details=frozenset((_local(p), o) for p, o in graph.predicate_objects(subject)),
        author=_local(author) if author else "",
    )


def _unread(graph: Graph, subject: Node) -> Unread:
    return Unread(
        kind=_local(graph.value(subject, NEC.kind)),
        code=str(graph.value(subject, NEC.code) or ""),
        observed=_day(graph, subject, NEC.observed),
        recorded=_day(graph, subject, NEC.recorded),
    )


def leaf_id(iri: str) -> str:
    """The id of a criterion, such as adult-admission:3."""
    return iri.removeprefix(VERSION).replace("/", ":")


def _day(graph: Graph, subject: Node | None, property_: URIRef) -> date | None:
    value = graph.value(subject, property_)
    return None if value is None else date.fromisoformat(str(value))


def _local(term: Node | None) -> str:
    return str(term).replace("#", "/").rsplit("/", 1)[-1]
