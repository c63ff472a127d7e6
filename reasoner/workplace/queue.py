"""The worklist: what a knowledge base holds, a line a request and period, with clocks, and how lines are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from rdflib import URIRef

from reasoner.ground.days import age_on
from reasoner.policy.model import Policy
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, SKOS
from reasoner.review.acts import Disposition
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind, graph_name
from reasoner.store.questions import Answer
from reasoner.workplace.settings import WorkplaceSettings


class CaseState(StrEnum):
    """Where a request stands."""

    TO_DETERMINE = "to determine"
    TO_REVIEW = "to review"
    WITH_PEER = "with a clinical peer"
    WAITING = "waiting for documentation"
    DECIDED = "decided"


_AFTER = {
    Disposition.APPROVED: CaseState.DECIDED,
    Disposition.ADVERSE: CaseState.DECIDED,
    Disposition.DOCUMENTATION_REQUESTED: CaseState.WAITING,
    Disposition.REFERRED_TO_PEER: CaseState.WITH_PEER,
}


@dataclass(frozen=True, slots=True)
class Item:
    """A request, in one period of its service, as the worklist shows it."""

    id: str
    """Opaque id of the request, the same as long as its IRI is."""
    request: str
    """IRI of the request."""
    state: CaseState
    outcome: str
    """Of the current determination; empty if there is none."""
    kind: Mapping[str, str]
    """By the word of each axis of the policy: the label of the request's value."""
    age_group: str
    jurisdiction: str
    urgency: str
    start: date
    end: date | None
    received: date
    """When the payer received it; the day it was loaded where that is not said."""
    clock: str
    """Name of the clock that runs; empty if none does."""
    due: date | None
    missing: tuple[str, ...]
    """Ids of the leaves in the smallest gap."""
    ways: int
    """Smallest ways to complete the documentation."""
    holds: bool | None
    """Whether the outcome holds under every other reading; None if they were not tried."""
    disposition: str
    """Of the last decision on any determination of the request; empty if there is none."""
    determination: str
    """IRI of the current determination, or empty."""
    as_of: date | None

    @property
    def name(self) -> str:
        """The end of the request's IRI by which a person tells it from others."""
        head, _, tail = self.request.replace("#", "/").rstrip("/").rpartition("/")
        return tail if tail.lower() != "request" else head.rpartition("/")[2]

    def open_for(self, today: date) -> int:
        """Days since it was received."""
        return (today - self.received).days

    def left(self, today: date) -> int | None:
        """Days until it is due, negative once it is overdue; None without a clock."""
        return (self.due - today).days if self.due else None


def read(kb: KnowledgeBase, policy: Policy, settings: WorkplaceSettings, *, request: str | None = None) -> list[Item]:
    """The items of a knowledge base, or of one request, ordered by request and period.

    Args:
        kb: the knowledge base.
        policy: the policy whose labels and ages are used.
        settings: the clocks.
        request: IRI of the only request to read.
    """
    only = f"VALUES ?request {{ <{request}> }}" if request else ""
    reader = _QueueReader(kb, policy, settings, only)
    return sorted(reader.items(), key=lambda item: (item.request, item.start))


def opaque(request: str) -> str:
    """The opaque id of a request, by which links and logs name it."""
    return graph_name(GraphKind.CHART, request).rpartition(":")[2]


class _QueueReader:
    def __init__(self, kb: KnowledgeBase, policy: Policy, settings: WorkplaceSettings, only: str) -> None:
        self.kb = kb
        self.policy = policy
        self.settings = settings
        self.only = only
        self.axes = {f"axis{number}": axis for number, axis in enumerate(policy.axes)}
        """By the variable for the value."""
        self.labels: dict[str, str] = {}
        self.ids = {c.iri: c.id for version in policy.versions for c in version.criteria.values()}

    def items(self) -> Iterator[Item]:
        missing = self._missing()
        decided = self._decisions()
        determined: dict[str, list[dict[str, Any]]] = {}
        for row in self._determinations():
            determined.setdefault(row["request"], []).append(row)
        for row in self._charts():
            for found in determined.get(row["request"], [{}]):
                yield self._item(row, found, missing.get(found.get("determination", ""), ()), decided)

    def _item(
        self,
        row: dict[str, Any],
        found: dict[str, Any],
        missing: tuple[str, ...],
        decided: dict[str, list[tuple[datetime, str, str]]],
    ) -> Item:
        start, determination = found.get("start") or row["start"], found.get("determination", "")
        received = row["received"] or row["loaded"].date()
        kind = {axis.word: self._label(row[name]) for name, axis in self.axes.items()}
        traits = kind | {name: self._label(row[name]) for name in ("jurisdiction", "urgency", "funding")}
        traits["urgency"] = traits["urgency"] or self._label(str(NEC.Standard))
        decisions = sorted(decided.get(row["request"], ()))
        of_this = [disposition for _, of, disposition in decisions if of == determination]
        state = CaseState.TO_REVIEW if determination else CaseState.TO_DETERMINE
        if of_this:
            state = _AFTER[Disposition(of_this[-1])]
        extended = any(disposition == Disposition.DOCUMENTATION_REQUESTED for _, _, disposition in decisions)
        clock = None if state is CaseState.DECIDED else self.settings.clock(traits)
        return Item(
            id=opaque(row["request"]),
            request=row["request"],
            state=state,
            outcome=self._slug(found["outcome"]) if found else "",
            kind=kind,
            age_group=self._age_group(row["born"], row["start"]),
            jurisdiction=traits["jurisdiction"],
            urgency=traits["urgency"],
            start=start,
            end=found.get("end") or row["end"],
            received=received,
            clock=clock.name if clock else "",
            due=clock.due(received, extended=extended) if clock else None,
            missing=missing,
            ways=found.get("ways") or 0,
            holds=found.get("holds"),
            disposition=decisions[-1][2] if decisions else "",
            determination=determination,
            as_of=found.get("as_of"),
        )

    def _charts(self) -> Iterator[dict[str, Any]]:
        values = " ".join(f"?{name}" for name in self.axes)
        kind = "".join(f"<{axis.iri}> ?{name} ; " for name, axis in self.axes.items())
        return self._rows(
            f"""SELECT ?request ?loaded {values} ?start ?end ?born ?jurisdiction ?funding ?urgency ?received {{
                {self.only} GRAPH <{CATALOG}> {{ ?graph a nec:ChartGraph ; nec:holds ?request ; nec:loaded ?loaded }}
                GRAPH ?graph {{ ?request {kind}nec:serviceStart ?start ;
                        nec:member ?member ; nec:plan ?plan .
                    ?member nec:birthDate ?born . ?plan nec:jurisdiction ?jurisdiction
                    OPTIONAL {{ ?plan nec:funding ?funding }} OPTIONAL {{ ?request nec:serviceEnd ?end }}
                    OPTIONAL {{ ?request nec:urgency ?urgency }} OPTIONAL {{ ?request nec:received ?received }} }} }}"""
        )

    def _determinations(self) -> Iterator[dict[str, Any]]:
        return self._rows(
            f"""SELECT ?request ?determination ?start ?end ?as_of ?outcome ?ways ?holds {{
                {self.only} GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?determination .
                    ?graph nec:holds ?determination }}
                GRAPH ?graph {{ ?determination nec:outcome ?outcome ; nec:serviceStart ?start ; nec:asOf ?as_of ;
                        nec:gapCount ?ways
                    OPTIONAL {{ ?determination nec:serviceEnd ?end }}
                    OPTIONAL {{ ?determination nec:holdsUnderAllReadings ?holds }} }} }} ORDER BY ?request ?start"""
        )

    def _missing(self) -> dict[str, tuple[str, ...]]:
        """By determination: ids of the leaves in the smallest gap."""
        found: dict[str, list[str]] = {}
        for row in self._rows(
            f"""SELECT ?determination ?leaf {{
                {self.only} GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?determination .
                    ?graph nec:holds ?determination }}
                GRAPH ?graph {{ ?determination nec:gap ?gap . ?gap nec:rank 1 ; nec:criterion ?leaf }} }}"""
        ):
            found.setdefault(row["determination"], []).append(self.ids.get(row["leaf"], row["leaf"]))
        return {determination: tuple(sorted(leaves)) for determination, leaves in found.items()}

    def _decisions(self) -> dict[str, list[tuple[datetime, str, str]]]:
        """By request: when, on which determination, and what was decided."""
        found: dict[str, list[tuple[datetime, str, str]]] = {}
        for row in self._rows(
            f"""SELECT ?request ?determination ?time ?disposition {{ {self.only}
                ?decision a nec:Decision ; nec:determination ?determination ; nec:disposition ?disposition ;
                    prov:generatedAtTime ?time . ?determination nec:request ?request }}"""
        ):
            entry = (row["time"], row["determination"], self._slug(row["disposition"]))
            found.setdefault(row["request"], []).append(entry)
        return found

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        header = f"PREFIX nec: <{NEC}>\nPREFIX prov: <http://www.w3.org/ns/prov#>\n"
        answer = Answer(self.kb.query(header + text))
        for row in answer.values():
            yield dict(zip(answer.columns, row, strict=True))

    def _label(self, iri: str | None) -> str:
        if not iri:
            return ""
        if iri not in self.labels:
            self.labels[iri] = graphs.text(self.policy.ontology, URIRef(iri), SKOS.prefLabel) or iri
        return self.labels[iri]

    def _slug(self, iri: str) -> str:
        return graphs.text(self.policy.ontology, URIRef(iri), SKOS.notation) or iri

    def _age_group(self, born: date, start: date) -> str:
        version = self.policy.version_on(start) or self.policy.versions[-1]
        age = age_on(start, born)
        return self._label(str(NEC.Adult if age >= version.age_of_majority else NEC.Minor))
