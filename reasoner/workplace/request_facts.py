"""What a knowledge base states of its requests, as far as the worklist shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reasoner.policy.model import Policy
from reasoner.rdf.namespaces import DCTERMS, NEC, PROV, SKOS
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG
from reasoner.store.questions import Answer

_PREFIXES = "".join(
    f"PREFIX {prefix}: <{namespace}>\n"
    for prefix, namespace in (("nec", NEC), ("prov", PROV), ("dcterms", DCTERMS), ("skos", SKOS))
)
_OF_REQUEST = {
    "start": "nec:serviceStart",
    "end": "nec:serviceEnd",
    "urgency": "nec:urgency",
    "timing": "nec:timing",
    "received": "nec:received",
    "reference": "dcterms:identifier",
}
"""What is read of a request, each with its property."""
_OF_LINKED = {
    "birth_date": ("nec:member", "nec:birthDate"),
    "member_name": ("nec:member", "skos:prefLabel"),
    "member_number": ("nec:member", "dcterms:identifier"),
    "jurisdiction": ("nec:plan", "nec:jurisdiction"),
    "funding": ("nec:plan", "nec:funding"),
    "line_of_business": ("nec:plan", "nec:lineOfBusiness"),
    "program": ("nec:program", "skos:prefLabel"),
}
"""What is read of something that a request names, with the property that names it and its own."""
_REQUIRED = ("start", "birth_date", "jurisdiction")
"""What no request lacks that intake has read; the axes of the policy too."""
_OF_DETERMINATION = {"end": "nec:serviceEnd", "holds": "nec:holdsUnderAllReadings"}
"""What a determination need not state."""
_OF_ACT = {
    "revises": "prov:wasRevisionOf",
    "role": "nec:signedAs",
    "urgency": "nec:urgency",
    "notice": "nec:noticeDate",
    "received": "nec:received",
}
"""What an act need not state."""
AT_ONCE = 256
"""Requests that are looked up together; more than these are read with all others."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a knowledge base states of one request: values of JSON, with IRIs, and days and times in their ISO form."""

    request: str
    """IRI of the request."""
    chart: Mapping[str, str]
    """What its chart states, and as ``loaded`` when that last changed."""
    determinations: Sequence[Mapping[str, Any]]
    """The current determinations, in the order of their periods, each with the leaves of its smallest gap."""
    acts: Sequence[Mapping[str, Any]]
    """The acts on any determination of the request."""
    authors: Sequence[str]
    """Who wrote its documents, ordered."""


def fingerprints(kb: KnowledgeBase) -> dict[str, str]:
    """By the IRI of each request, a digest of all that `read_facts` reads of it, as the catalog tells it."""
    parts: dict[str, list[str]] = {}
    for row in _rows(
        kb,
        f"""SELECT ?request ?digest ?loaded {{ GRAPH <{CATALOG}> {{
            ?graph a nec:ChartGraph ; nec:holds ?request ; nec:contentDigest ?digest ; nec:loaded ?loaded }} }}""",
    ):
        parts[row["request"]] = [f"{row['digest']} {row['loaded']}"]
    signed = {
        row["decision"]: row["digest"]
        for row in _rows(
            kb,
            f"""SELECT ?decision ?digest {{ GRAPH <{CATALOG}> {{
                ?graph a nec:DecisionGraph ; nec:holds ?decision ; nec:contentDigest ?digest }} }}""",
        )
    }
    for row in _rows(
        kb,
        f"""SELECT ?request ?determination ?digest {{ GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?determination .
            ?graph nec:holds ?determination ; nec:contentDigest ?digest }} }}""",
    ):
        parts.setdefault(row["request"], []).append(f"{row['determination']} {row['digest']}")
    if signed:
        for row in _rows(kb, "SELECT ?request ?decision { ?decision nec:determination/nec:request ?request }"):
            if row["decision"] in signed and row["request"] in parts:
                parts[row["request"]].append(f"{row['decision']} {signed[row['decision']]}")
    return {request: hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest() for request, told in parts.items()}


def read_facts(kb: KnowledgeBase, policy: Policy, requests: Iterable[str] | None = None) -> dict[str, RequestFacts]:
    """What a base states of some requests or all, by their IRIs; a request that it does not hold is left out.

    Args:
        kb: the knowledge base.
        policy: the policy of whose axes the values are read.
        requests: IRIs of the requests; all by default.
    """
    only = None if requests is None else list(requests)
    if only is not None and len(only) > AT_ONCE:
        wanted = set(only)
        return {request: facts for request, facts in read_facts(kb, policy).items() if request in wanted}
    return {facts.request: facts for facts in _FactsReader(kb, policy, only).facts()}


class _FactsReader:
    """Asks for one property at a time: that takes a store less time than one query with an OPTIONAL for each.

    Of a request counts what its own chart says, in its graph and the shared graphs that this includes, whatever other charts say of
    the same member.
    """

    def __init__(self, kb: KnowledgeBase, policy: Policy, only: list[str] | None) -> None:
        self.kb = kb
        self.axes = {f"axis {axis.word}": f"<{axis.iri}>" for axis in policy.axes}
        self.only = "" if only is None else _values("request", only)
        self.graphs: dict[str, list[str]] = {}
        """The graphs of the chart of each request."""
        self.within = ""
        """Where only some requests are read: the graphs of their charts."""

    def facts(self) -> Iterator[RequestFacts]:
        charts = self._charts()
        determinations, acts, authors = self._determinations(), self._acts(), self._authors()
        for request, chart in charts.items():
            if all(chart.get(name) for name in (*_REQUIRED, *self.axes)):
                yield RequestFacts(
                    request,
                    chart,
                    determinations.get(request, []),
                    acts.get(request, []),
                    sorted({author for graph in self.graphs[request] for author in authors.get(graph, ())}),
                )

    def _charts(self) -> dict[str, dict[str, str]]:
        charts: dict[str, dict[str, str]] = {}
        held = f"{self.only} GRAPH <{CATALOG}> {{ ?graph a nec:ChartGraph ; nec:holds ?request ;"
        for row in self._rows(f"SELECT ?request ?graph ?loaded {{ {held} nec:loaded ?loaded }} }}"):
            charts[row["request"]] = {"loaded": row["loaded"]}
            self.graphs[row["request"]] = [row["graph"]]
        for row in self._rows(f"SELECT ?request ?shared {{ {held} nec:includes ?shared }} }}"):
            self.graphs[row["request"]].append(row["shared"])
        if self.only:
            self.within = _values("graph", sorted({graph for graphs in self.graphs.values() for graph in graphs}))
        for name, property_ in (_OF_REQUEST | self.axes).items():
            said = self._said(property_)
            for request, chart in charts.items():
                if values := self._values(said, request, request):
                    chart[name] = values[0]
        links = {link: self._said(link) for link in sorted({link for link, _ in _OF_LINKED.values()})}
        for name, (link, property_) in _OF_LINKED.items():
            said = self._said(property_)
            for request, chart in charts.items():
                linked = self._values(links[link], request, request)
                if values := [value for each in linked for value in self._values(said, request, each)]:
                    chart[name] = min(values)
        return charts

    def _said(self, property_: str) -> dict[tuple[str, str], list[str]]:
        """What the graphs of charts say with a property, by graph and subject."""
        said: dict[tuple[str, str], list[str]] = {}
        query = f"SELECT ?graph ?subject ?value {{ {self.within} GRAPH ?graph {{ ?subject {property_} ?value }} }}"
        for graph, subject, value in Answer(self.kb.query(_PREFIXES + query)).values():
            text = value.isoformat() if isinstance(value, date) else str(value)
            said.setdefault((graph, subject), []).append(text)
        return said

    def _values(self, said: Mapping[tuple[str, str], list[str]], request: str, subject: str) -> list[str]:
        """What the chart of a request says of a subject, ordered."""
        return sorted(value for graph in self.graphs[request] for value in said.get((graph, subject), ()))

    def _authors(self) -> dict[str, set[str]]:
        """Who wrote the documents of each graph."""
        authors: dict[str, set[str]] = {}
        for (graph, _), names in self._said("dcterms:creator").items():
            authors.setdefault(graph, set()).update(names)
        return authors

    def _determinations(self) -> dict[str, list[dict[str, Any]]]:
        current = f"""{self.only} GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?determination .
            ?record nec:holds ?determination }}"""
        rows: dict[str, dict[str, Any]] = {
            row["determination"]: row | {"missing": []}
            for row in self._rows(
                f"""SELECT ?request ?determination ?start ?as_of ?outcome ?gap_count {{ {current}
                    GRAPH ?record {{ ?determination nec:outcome ?outcome ; nec:serviceStart ?start ; nec:asOf ?as_of ;
                        nec:gapCount ?gap_count }} }}"""
            )
        }
        for name, property_ in _OF_DETERMINATION.items():
            of_it = f"{current} GRAPH ?record {{ ?determination {property_} ?value }}"
            for row in self._rows(f"SELECT ?determination ?value {{ {of_it} }}"):
                if row["determination"] in rows:
                    rows[row["determination"]][name] = row["value"]
        for row in self._rows(
            f"""SELECT ?determination ?leaf {{ {current}
                GRAPH ?record {{ ?determination nec:gap ?gap . ?gap nec:rank 1 ; nec:criterion ?leaf }} }}"""
        ):
            if row["determination"] in rows:
                rows[row["determination"]]["missing"].append(row["leaf"])
        return _by_request(sorted(rows.values(), key=lambda row: (row["start"], row["determination"])))

    def _acts(self) -> dict[str, list[dict[str, Any]]]:
        signed = f"""{self.only} GRAPH <{CATALOG}> {{ ?signed a nec:DecisionGraph ; nec:holds ?decision }}
            GRAPH ?signed {{ ?decision nec:determination ?determination }}
            GRAPH <{CATALOG}> {{ ?record nec:holds ?determination }}
            GRAPH ?record {{ ?determination nec:request ?request }}"""
        rows = {
            row["decision"]: row
            for row in self._rows(
                f"""SELECT ?request ?decision ?determination ?start ?time ?disposition ?person {{ {signed}
                    GRAPH ?record {{ ?determination nec:serviceStart ?start }}
                    GRAPH ?signed {{ ?decision nec:disposition ?disposition ; prov:generatedAtTime ?time ;
                        prov:wasAttributedTo ?person }} }}"""
            )
        }
        if not rows:
            return {}
        optional = {name: f"GRAPH ?signed {{ ?decision {property_} ?value }}" for name, property_ in _OF_ACT.items()}
        optional["end"] = "GRAPH ?record { ?determination nec:serviceEnd ?value }"
        for name, pattern in optional.items():
            for row in self._rows(f"SELECT ?decision ?value {{ {signed} {pattern} }}"):
                if row["decision"] in rows:
                    rows[row["decision"]][name] = row["value"]
        return _by_request(rows[decision] for decision in sorted(rows))

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        return _rows(self.kb, text)


def _by_request(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.pop("request"), []).append(row)
    return found


def _values(variable: str, iris: Iterable[str]) -> str:
    return f"VALUES ?{variable} {{ {' '.join(f'<{iri}>' for iri in iris)} }}"


def _rows(kb: KnowledgeBase, text: str) -> Iterator[dict[str, Any]]:
    """The solutions of a query, as values of JSON."""
    answer = Answer(kb.query(_PREFIXES + text))
    for row in answer.values():
        yield {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in zip(answer.columns, row, strict=True)
        }
