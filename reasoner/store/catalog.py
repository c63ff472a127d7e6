"""The catalog of a knowledge base: which named graphs it holds, which determinations are current, and how they came to be."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from reasoner.rdf.namespaces import NEC, PROV, RDF, RDFS

CATALOG = "urn:necessity:catalog"
"""The named graph that describes the others: what each is about, the digest of its content, when it was loaded."""
FORMAT = 4
"""The number of the way in which this software divides a base into graphs."""
HEADER = f"PREFIX nec: <{NEC}>\nPREFIX prov: <{PROV}>\n"

_DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"


class GraphKind(StrEnum):
    """What a named graph is about; the value is the local name of its class."""

    POLICY = "PolicyGraph"
    VOCABULARY = "VocabularyGraph"
    CHART = "ChartGraph"
    DETERMINATION = "DeterminationGraph"
    RESULT = "ResultGraph"
    DECISION = "DecisionGraph"
    ACCEPTANCE = "AcceptanceGraph"
    SHARED = "SharedGraph"
    HISTORY = "HistoryGraph"

    @property
    def slug(self) -> str:
        """Its spelling in text, such as policy, chart or determination."""
        return self.name.lower()

    @property
    def prefix(self) -> str:
        """What the names of such graphs begin with."""
        return f"urn:necessity:{self.slug}-graph:"


class LoadChange(StrEnum):
    """What loading did."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class CatalogEntry:
    """A named graph as the catalog describes it."""

    graph: str
    kind: GraphKind
    about: str
    """IRI of the policy, ontology, request, determination, result, decision, acceptance or snapshot; empty for a shared
    graph."""
    digest: str
    """SHA-256 of its content, with that of the shared graphs that it includes."""
    loaded: str
    """When the content last changed, as xsd:dateTime."""
    includes: frozenset[str] = frozenset()
    """Names of shared graphs."""

    @property
    def description(self) -> str:
        """What the catalog says of the graph, as canonical N-Triples."""
        facts = [
            (RDF.type, f"<{NEC[self.kind.value]}>"),
            (NEC.contentDigest, f'"{self.digest}"'),
            (NEC.loaded, date_time(self.loaded)),
            *((NEC.includes, f"<{shared}>") for shared in self.includes),
        ]
        return lines(self.graph, [*facts, (NEC.holds, f"<{self.about}>")] if self.about else facts)


@dataclass(frozen=True)
class DeterminationRun:
    """One execution of the software in which determinations are recorded."""

    software: str
    """IRI of the software."""
    label: str
    iri: str = field(default_factory=lambda: f"urn:necessity:run:{uuid.uuid4()}")
    started: str = field(default_factory=lambda: now())

    def description(self, ended: str) -> str:
        """What the catalog says of the run, as canonical N-Triples, if it recorded something last at a time."""
        return lines(
            self.iri,
            [
                (RDF.type, f"<{NEC.Run}>"),
                (PROV.wasAssociatedWith, f"<{self.software}>"),
                (PROV.startedAtTime, date_time(self.started)),
                (PROV.endedAtTime, date_time(ended)),
            ],
        )

    @property
    def software_description(self) -> str:
        """What the catalog says of the software."""
        return lines(self.software, [(RDF.type, f"<{PROV.SoftwareAgent}>"), (RDFS.label, f'"{self.label}"')])

    def generation(self, determination: str) -> str:
        """The IRI of the event that the run made a determination the current one of its request."""
        return f"urn:necessity:generation:{_opaque(f'{self.iri} {determination}')}"

    def generation_description(self, determination: str, time: str, earlier: Iterable[str]) -> str:
        """What the catalog says of that event, with the determinations that were recorded before."""
        facts = [
            (RDF.type, f"<{PROV.Generation}>"),
            (PROV.activity, f"<{self.iri}>"),
            (PROV.atTime, date_time(time)),
            *((NEC.follows, f"<{other}>") for other in earlier if other != determination),
        ]
        return lines(self.generation(determination), facts)


def held(kind: GraphKind, about: str, graph: str = "?record") -> str:
    """SPARQL that begins a group of what the graph about something says, if the catalog has it among those of its kind.

    What other graphs say of it, such as people's own, is no record.

    Args:
        kind: what the graph is about.
        about: a variable or an IRI in brackets: the thing.
        graph: a variable for the graph.
    """
    return f"GRAPH <{CATALOG}> {{ {graph} a nec:{kind.value} ; nec:holds {about} }} GRAPH {graph}"


def itself(head: str) -> str:
    """What the catalog says of itself, as canonical N-Triples: its format, and the head of the audit trail if there is one."""
    facts = [(str(NEC["format"]), f'"{FORMAT}"')]
    return lines(CATALOG, [*facts, (str(NEC.auditHead), f'"{head}"')] if head else facts)


def lines(subject: str, facts: Iterable[tuple[str, str]]) -> str:
    """Facts about a subject, each a property's IRI and a term in N-Triples, as canonical N-Triples."""
    return "".join(sorted({f"<{subject}> <{predicate}> {value} .\n" for predicate, value in facts}))


def now() -> str:
    """The present time, as xsd:dateTime to the second."""
    # A store writes UTC as Z.
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date_time(text: str) -> str:
    """An xsd:dateTime as a term."""
    return f'"{text}"^^<{_DATE_TIME}>'


def graph_name(kind: GraphKind, about: str) -> str:
    """The name of the graph about an IRI: opaque, since an IRI of a chart may identify the patient."""
    return kind.prefix + _opaque(about)


def audit_name(subject: str) -> str:
    """What the audit trail calls a subject of the catalog: its IRI, but the opaque id of a request."""
    return subject if subject.startswith("urn:necessity:") else f"urn:necessity:request:{_opaque(subject)}"


def _opaque(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
