"""Coverage of a source: which parts of it were used, which were not, and why.

The parts of FHIR are its resources; those of RDF are the nodes that are described. A mapping of ``ontology/fhir`` is taken to
read the types that its query names and, of these types, the elements that it names; the report lists the other elements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pyoxigraph import Literal, NamedNode
from rdflib import URIRef

from reasoner.chart.fhir.bulk import Orphan
from reasoner.chart.fhir.mapping import MappedBundle
from reasoner.chart.fhir.patients import OWNERS
from reasoner.chart.fhir.quads import TYPE
from reasoner.chart.fhir.queries import named, read_by_mappings
from reasoner.chart.fhir.unread import ELEMENTS
from reasoner.chart.reading import MARKS, PARTIES, PARTS
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.parsing import DataSet

_NEC = str(NEC)
UNREAD = terms.words(terms.local(str(NEC.Unread)))
"""What an unread item is called among the nodes that are derived from a part."""
_READ_ANYWAY = frozenset({"resourceType", "id", "meta", *OWNERS, "focus"})
NO_MAPPING = "no mapping reads this type"
NOTHING = "a mapping reads this type, but nothing in this one speaks to the request"
NOT_LED_TO = "it is no request, statement, unread item, document, member or plan, and none of them leads to it"


class ResourceUse(StrEnum):
    """What became of a part."""

    USED = "used"
    UNREAD = "could not be read"
    NOT_USED = "not used"
    REFUSED = "refused"


@dataclass(frozen=True)
class ReportedPart:
    """A part of a source, and what became of it."""

    name: str
    place: str
    kind: str
    state: ResourceUse
    derived: tuple[tuple[str, str], ...] = ()
    """Kind and IRI of each node that is derived from it."""
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
    unread: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many unread items it has of each kind and reason."""


def of_bundle(mapped: MappedBundle, places: tuple[str, ...] = ()) -> Coverage:
    """The coverage of a FHIR Bundle.

    Args:
        mapped: what the mappings made of it.
        places: where its entries stand, if they were put together from elsewhere.
    """
    kinds: dict[NamedNode, list[str]] = {}
    told: dict[str, dict[Any, str]] = {str(NEC.kind): {}, str(NEC.reason): {}}
    for triple in mapped.triples:
        subject, class_ = triple.subject, triple.object
        if triple.predicate.value in told and isinstance(class_, NamedNode | Literal):
            told[triple.predicate.value][subject] = class_.value
        if triple.predicate != TYPE or not (isinstance(subject, NamedNode) and isinstance(class_, NamedNode)):
            continue
        if class_.value.startswith(_NEC):
            kinds.setdefault(subject, []).append(terms.words(class_.value.removeprefix(_NEC)))
    parts = []
    types, elements = named(), read_by_mappings()
    for entry in mapped.entries:
        number = re.match(r"entry\[(\d+)\]", entry.place)
        place = f"{places[int(number[1])]}{entry.place[number.end() :]}" if number and places else entry.place
        reasons = mapped.notes_by_resource.get(entry.iri, ())
        derived: list[tuple[str, str]] = []
        unread: tuple[str, ...] = ()
        if entry.left_out:
            state, reasons = ResourceUse.REFUSED if entry.refused else ResourceUse.NOT_USED, (entry.left_out,)
        elif iris := mapped.derived.get(entry.iri):
            derived = sorted((_kind(kinds.get(iri, [])), iri.value) for iri in iris)
            state = ResourceUse.UNREAD if {kind for kind, _ in derived} == {UNREAD} else ResourceUse.USED
            known = (
                elements.get(entry.kind, elements[""])
                | _READ_ANYWAY
                | (ELEMENTS if state is ResourceUse.UNREAD else set())
            )
            unread = tuple(dict.fromkeys(name for n in entry.elements if (name := n.removeprefix("_")) not in known))
        else:
            state = ResourceUse.NOT_USED
            reasons = reasons or ((NOTHING if entry.kind in types else NO_MAPPING),)
        parts.append(ReportedPart(entry.name, place, entry.kind, state, tuple(derived), reasons, unread))
    return Coverage(mapped.source, tuple(parts), mapped.notes_on_bundle, _counted(*told.values()))


def _counted(kinds: Mapping[Any, str], reasons: Mapping[Any, str]) -> dict[tuple[str, str], int]:
    """How many unread items there are of each kind and reason, by both of each item."""
    return Counter((terms.words(terms.local(kind)), reasons[item]) for item, kind in kinds.items() if item in reasons)


def _kind(kinds: list[str]) -> str:
    """The one of its kinds to call a node by."""
    return min(kinds, default="fact")


def of_orphans(source: str, orphans: Iterable[Orphan]) -> Coverage:
    """The coverage of what is in no patient's record in a bulk export."""
    not_used = ResourceUse.NOT_USED
    return Coverage(
        source, tuple(ReportedPart(o.place, o.place, o.kind, not_used, reasons=(o.reason,)) for o in orphans)
    )


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
    unread = set(graph.subjects(RDF.type, NEC.Unread))
    statements -= requests | unread
    documents = {document for statement in statements for document in graph.objects(statement, NEC.documentedIn)}
    documents |= {source for item in unread for source in graph.objects(item, NEC.source) if isinstance(source, URIRef)}
    roles = dict.fromkeys(requests, "request") | dict.fromkeys(unread, "unread item")
    roles |= dict.fromkeys(documents, "document") | dict.fromkeys(statements, "statement")
    for request in requests:
        for name in PARTIES:
            roles |= {node: name.removeprefix(_NEC) for node in graph.objects(request, name) if node not in roles}
    reached = {subject for subject, _, _ in graphs.closure(graph, *roles, follow=PARTS)}
    parts = []
    for subject in sorted(graph.subjects(unique=True), key=str):
        number = sum(1 for _ in graph.predicate_objects(subject))
        triples = f"{number} triple{'s' if number != 1 else ''}"
        if subject in reached:
            parts.append(ReportedPart(str(subject), triples, roles.get(subject, "part"), ResourceUse.USED))
        else:
            kind = next((_local(str(kind)) for kind in sorted(graph.objects(subject, RDF.type), key=str)), "node")
            parts.append(ReportedPart(str(subject), triples, kind, ResourceUse.NOT_USED, reasons=(NOT_LED_TO,)))
    told = (
        {item: str(value) for item in unread for value in graph.objects(item, name)} for name in (NEC.kind, NEC.reason)
    )
    return Coverage(data.name, tuple(parts), unread=_counted(*told))


class Totals:
    """How many parts of each kind are in which state, and how many were left for which reason, over several sources."""

    def __init__(self, *coverages: Coverage) -> None:
        self._states: Counter[tuple[str, str]] = Counter()
        self._reasons: Counter[str] = Counter()
        self._unread: Counter[tuple[str, str]] = Counter()
        for coverage in coverages:
            self.add(coverage)

    def add(self, coverage: Coverage) -> None:
        """Count the parts and the unread items of one more source."""
        self._unread.update(coverage.unread)
        for part in coverage.parts:
            self._states[part.kind, part.state.value] += 1
            if part.state is not ResourceUse.USED:
                self._reasons.update(part.reasons)

    @property
    def kinds(self) -> dict[str, dict[str, int]]:
        """Numbers by kind and state."""
        by_kind: dict[str, dict[str, int]] = {}
        for (kind, state), number in sorted(self._states.items()):
            by_kind.setdefault(kind, {})[state] = number
        return by_kind

    @property
    def reasons(self) -> dict[str, int]:
        """Numbers by reason."""
        return dict(sorted(self._reasons.items()))

    @property
    def unread(self) -> list[dict[str, Any]]:
        """Numbers of unread items by kind and reason, the most first."""
        ranked = sorted(self._unread.items(), key=lambda pair: (-pair[1], pair[0]))
        return [{"kind": kind, "reason": reason, "items": number} for (kind, reason), number in ranked]

    def to_text(self) -> str:
        """As text."""
        lines = ["Totals", *(f"  {kind}: {_count(states)}" for kind, states in self.kinds.items())]
        if self._reasons:
            lines += ["Reasons", *(f"  {number} × {reason}" for reason, number in self.reasons.items())]
        if self._unread:
            lines += [
                "Unread items",
                *(f"  {item['items']:,} × {item['kind']}: {item['reason']}" for item in self.unread),
            ]
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
                "gave": [{"kind": kind, "iri": iri} for kind, iri in part.derived],
                "reasons": list(part.reasons),
                "unread": list(part.unread),
            }
            for part in coverage.parts
        ],
        "notes": list(coverage.notes),
        "totals": Totals(coverage).kinds,
        "reasons": Totals(coverage).reasons,
        "unread": Totals(coverage).unread,
    }


def to_text(coverage: Coverage) -> str:
    """A coverage as text: by kind the totals, then the parts, grouped by state and reasons."""
    lines = [f"Coverage of {coverage.source}"]
    for kind, states in Totals(coverage).kinds.items():
        lines.append(f"  {kind}: {_count(states)}")
        alike: dict[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[ReportedPart]] = {}
        for part in coverage.parts:
            if part.kind == kind:
                counts = tuple(f"{number} {what}" for what, number in Counter(what for what, _ in part.derived).items())
                alike.setdefault((part.state.value, counts, part.reasons, part.unread), []).append(part)
        for (state, counts, reasons, unread), parts in alike.items():
            details = "; ".join((*(("gave " + ", ".join(counts),) if counts else ()), *reasons))
            more = f" and {len(parts) - 3} more" if len(parts) > 3 else ""
            names = ", ".join(
                f"{part.name} ({part.place})" if part.place != part.name else part.name for part in parts[:3]
            )
            lines.append(f"    {state}{': ' if details else ''}{details}")
            lines.append(f"      {names}{more}")
            if unread:
                lines.append(f"      elements that no mapping reads: {', '.join(unread)}")
    lines += [f"  note: {note}" for note in coverage.notes]
    return "\n".join(lines) + "\n"


def _count(states: dict[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items(), reverse=True))


def _local(iri: str) -> str:
    return re.split(r"[/#:]", iri)[-1] or iri
