"""The catalog of a knowledge base: which named graphs it holds, with the digest of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC

CATALOG = "urn:necessity:catalog"
"""The named graph that describes the others: what each is about, the digest of its content, when it was loaded."""
HEADER = f"PREFIX nec: <{NEC}>\nPREFIX prov: <http://www.w3.org/ns/prov#>\n"


class GraphKind(StrEnum):
    """What a named graph is about; the value is the local name of its class."""

    POLICY = "PolicyGraph"
    CHART = "ChartGraph"
    DETERMINATION = "DeterminationGraph"
    DECISION = "DecisionGraph"
    ACCEPTANCE = "AcceptanceGraph"

    @property
    def slug(self) -> str:
        """Its spelling in text: policy, chart, determination, decision or acceptance."""
        return self.name.lower()


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
    """IRI of the policy, request, determination, decision or acceptance."""
    digest: str
    loaded: datetime


def insertion(kind: GraphKind, about: str, content: str) -> str:
    """The update that gives a named graph this content and no other, with its entry in the catalog."""
    graph, now = graph_name(kind, about), datetime.now(UTC).replace(microsecond=0).isoformat()
    return f"""DROP SILENT GRAPH <{graph}> ;
DELETE WHERE {{ GRAPH <{CATALOG}> {{ <{graph}> ?p ?o }} }} ;
INSERT DATA {{ GRAPH <{graph}> {{
{content}}} GRAPH <{CATALOG}> {{
    <{graph}> a nec:{kind.value} ; nec:holds <{about}> ; nec:contentDigest "{graphs.digest(content)}" ;
        nec:loaded "{now}"^^<http://www.w3.org/2001/XMLSchema#dateTime> . }} }}"""


def graph_name(kind: GraphKind, about: str) -> str:
    """The name of the graph about an IRI: opaque, since an IRI of a chart may identify the patient."""
    return f"urn:necessity:{kind.slug}-graph:{hashlib.sha256(about.encode()).hexdigest()[:32]}"


def undetermine(request: str) -> str:
    """The update after which a request has no current determination."""
    return f"DELETE WHERE {{ {current_determination(request)} }}"


def current_determination(request: str) -> str:
    """The graph pattern that binds ``?d`` to each current determination of a request."""
    return f"GRAPH <{CATALOG}> {{ <{request}> nec:currentDetermination ?d }}"
