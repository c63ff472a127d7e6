"""Coverage of a source: what of it was used, what was not, and why. Each part of the source has one line.

The parts of FHIR are its resources; those of RDF are the nodes that are described. Which elements of a resource no mapping
reads is worked out from the names in the queries of ``ontology/fhir``: a mapping reads a type if it names it, and of that
type the elements that it names.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from pyoxigraph import NamedNode

from reasoner.chart.fhir import mapping
from reasoner.chart.fhir.from_json import TYPE
from reasoner.chart.fhir.mapping import MappedBundle, mappings
from reasoner.chart.reading import MARKS, PARTIES
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.parsing import DataSet

_NEC = str(NEC)
_READ_ANYWAY = frozenset({"resourceType", "id", "meta"})
NO_MAPPING = "no mapping reads this type"
NOTHING = "a mapping reads this type, but nothing in this one speaks to the request"
NOT_LED_TO = "it is no request, statement, document, member or plan, and none of them leads to it"


class ResourceUse(StrEnum):
    """What became of a part."""

    USED = "used"
    NOT_USED = "not used"
    REFUSED = "refused"


@dataclass(frozen=True)
class ReportedPart:
    """A part of a source, and what became of it."""

    name: str
    place: str
    kind: str
    state: ResourceUse
    gave: tuple[tuple[str, str], ...] = ()
    """What came of it: kind and IRI."""
    reasons: tuple[str, ...] = ()
    """Why it was not used, or what of it was not."""
    unread: tuple[str, ...] = ()
    """Its elements that no mapping reads."""


@dataclass(frozen=True)
class Coverage:
    """What became of each part of a source."""

    source: str
    parts: tuple[ReportedPart, ...]
    notes: tuple[str, ...] = ()
    """What concerns the source as a whole."""


def of_bundle(reading: MappedBundle, places: tuple[str, ...] = ()) -> Coverage:
    """The coverage of a FHIR Bundle.

    Args:
        reading: what was understood of it.
        places: where its entries stand, if they were put together from elsewhere.
    """
    kinds: dict[NamedNode, list[str]] = {}
    for triple in reading.triples:
        if triple.predicate == TYPE and isinstance(triple.object, NamedNode) and triple.object.value.startswith(_NEC):
            kinds.setdefault(triple.subject, []).append(_words(triple.object.value.removeprefix(_NEC)))  # type: ignore[arg-type]
    parts = []
    types, elements = read_by_mappings()
    for entry in reading.entries:
        number = re.fullmatch(r"entry\[(\d+)\]", entry.place)
        place = places[int(number[1])] if number and places else entry.place
        remarks, gave, unread = reading.remarks.get(entry.iri, ()), (), ()
        if entry.left_out:
            state, reasons = ResourceUse.REFUSED if entry.refused else ResourceUse.NOT_USED, (entry.left_out,)
        elif of_it := reading.gave.get(entry.iri):
            state, reasons = ResourceUse.USED, remarks
            gave = tuple(
                sorted((kind, iri.value) for iri in of_it for kind in _kinds(kinds.get(iri, [])))  # type: ignore[assignment]
            )
            known = elements.get(entry.kind, elements[""]) | _READ_ANYWAY
            unread = tuple(dict.fromkeys(name for n in entry.elements if (name := n.removeprefix("_")) not in known))  # type: ignore[assignment]
        else:
            state = ResourceUse.NOT_USED
            reasons = remarks or ((NOTHING if entry.kind in types else NO_MAPPING),)
        parts.append(ReportedPart(entry.name, place, entry.kind, state, gave, reasons, unread))
    return Coverage(reading.source, tuple(parts), reading.about)


def _kinds(kinds: list[str]) -> list[str]:
    """The one kind to name a node by."""
    return sorted(kinds)[:1] or ["fact"]


def of_graph(data: DataSet, policy: Policy) -> Coverage:
    """The coverage of a data set of RDF."""
    graph = data.graph
    findings = policy.lexicon.findings
    requests = set(graph.subjects(RDF.type, NEC.ReviewRequest))
    statements = {subject for mark in MARKS for subject in graph.subjects(mark)} | {
        subject
        for subject, kind in graph.subject_objects(RDF.type)
        if kind == NEC.Statement or terms.of(kind) in findings
    }
    statements -= requests
    documents = {document for statement in statements for document in graph.objects(statement, NEC.documentedIn)}
    roles = dict.fromkeys(requests, "request")
    roles |= dict.fromkeys(documents, "document") | dict.fromkeys(statements, "statement")
    for request in requests:
        for name in PARTIES:
            roles |= {node: name.removeprefix(_NEC) for node in graph.objects(request, name) if node not in roles}
    reached = {subject for subject, _, _ in graphs.closure(graph, *roles, follow=PARTIES)}
    parts = []
    for subject in sorted(graph.subjects(unique=True), key=str):
        said = sum(1 for _ in graph.predicate_objects(subject))
        triples = f"{said} triple{'s' if said != 1 else ''}"
        if subject in reached:
            parts.append(ReportedPart(str(subject), triples, roles.get(subject, "part"), ResourceUse.USED))
        else:
            kind = next((_local(str(kind)) for kind in sorted(graph.objects(subject, RDF.type))), "node")
            parts.append(ReportedPart(str(subject), triples, kind, ResourceUse.NOT_USED, reasons=(NOT_LED_TO,)))
    return Coverage(data.name, tuple(parts))


@cache
def read_by_mappings() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The types that the mappings name, and by type the elements that mappings which name it, or no type, name as well."""
    found: dict[str, set[str]] = {}
    of_any: set[str] = set()
    for query in mappings().values():
        kinds, elements = mapping.named(query)
        for kind in kinds:
            found.setdefault(kind, set()).update(elements)
        of_any |= set() if kinds else elements
    return frozenset(found), {kind: frozenset(names | of_any) for kind, names in found.items()} | {
        "": frozenset(of_any)
    }


class Totals:
    """How many parts of each kind are in which state, and how many were left for which reason, over several sources."""

    def __init__(self, *coverages: Coverage) -> None:
        self._states: Counter[tuple[str, str]] = Counter()
        self._reasons: Counter[str] = Counter()
        for coverage in coverages:
            self.add(coverage)

    def add(self, coverage: Coverage) -> None:
        """Count the parts of one more source."""
        for part in coverage.parts:
            self._states[part.kind, part.state.value] += 1
            if part.state is not ResourceUse.USED:
                self._reasons.update(part.reasons)

    @property
    def kinds(self) -> dict[str, dict[str, int]]:
        """Numbers by kind and state."""
        found: dict[str, dict[str, int]] = {}
        for (kind, state), number in sorted(self._states.items()):
            found.setdefault(kind, {})[state] = number
        return found

    @property
    def reasons(self) -> dict[str, int]:
        """Numbers by reason."""
        return dict(sorted(self._reasons.items()))

    def to_text(self) -> str:
        """As text."""
        lines = ["Totals", *(f"  {kind}: {_count(states)}" for kind, states in self.kinds.items())]
        if self._reasons:
            lines += ["Reasons", *(f"  {number} × {reason}" for reason, number in self.reasons.items())]
        return "\n".join(lines) + "\n"


def to_json(coverage: Coverage) -> dict[str, Any]:
    """A coverage as JSON."""
    return {
        "source": coverage.source,
        "parts": [
            {
                "name": part.name,
                "place": part.place,
                "kind": part.kind,
                "state": part.state.value.replace(" ", "-"),
                "gave": [{"kind": kind, "iri": iri} for kind, iri in part.gave],
                "reasons": list(part.reasons),
                "unread": list(part.unread),
            }
            for part in coverage.parts
        ],
        "notes": list(coverage.notes),
        "totals": Totals(coverage).kinds,
        "reasons": Totals(coverage).reasons,
    }


def to_text(coverage: Coverage) -> str:
    """A coverage as text: by kind the totals, then the parts; those of one kind with the same fate and reason together."""
    lines = [f"Coverage of {coverage.source}"]
    for kind, states in Totals(coverage).kinds.items():
        lines.append(f"  {kind}: {_count(states)}")
        alike: dict[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[ReportedPart]] = {}
        for part in coverage.parts:
            if part.kind == kind:
                gave = tuple(f"{number} {what}" for what, number in Counter(what for what, _ in part.gave).items())
                alike.setdefault((part.state.value, gave, part.reasons, part.unread), []).append(part)
        for (state, gave, why, unread), parts in alike.items():
            said = "; ".join((*(("gave " + ", ".join(gave),) if gave else ()), *why))
            more = f" and {len(parts) - 3} more" if len(parts) > 3 else ""
            names = ", ".join(
                f"{part.name} ({part.place})" if part.place != part.name else part.name for part in parts[:3]
            )
            lines.append(f"    {state}{': ' if said else ''}{said}")
            lines.append(f"      {names}{more}")
            if unread:
                lines.append(f"      elements that no mapping reads: {', '.join(unread)}")
    lines += [f"  note: {note}" for note in coverage.notes]
    return "\n".join(lines) + "\n"


def _count(states: dict[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items(), reverse=True))


def _words(name: str) -> str:
    """The name of a class as words: ``ReviewRequest`` as review request."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _local(iri: str) -> str:
    return re.split(r"[/#:]", iri)[-1] or iri
