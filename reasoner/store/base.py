"""The knowledge base: policy, charts, determinations, decisions and acceptances as named graphs of one store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import pyoxigraph as ox

from reasoner.chart.fast.chart import read_cases
from reasoner.chart.model import Case
from reasoner.determination.model import Determination
from reasoner.ground.errors import StoreError
from reasoner.policy.configuration import Configuration
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.sparql import refuse_outreach
from reasoner.render import provenance
from reasoner.review.acts import Acceptance, Decision
from reasoner.store.backends import MemoryStore, Results, Store
from reasoner.store.catalog import (
    CATALOG,
    HEADER,
    CatalogEntry,
    GraphKind,
    LoadChange,
    current_determination,
    graph_name,
    insertion,
    undetermine,
)

_POLICY_DEPTH = 800


class KnowledgeBase:
    """Named graphs with a catalog of them, in any store.

    Each change is one update request, so it lands whole or not at all, and loading the same content again changes
    nothing. Methods raise `StoreError` where the store cannot be had or refuses.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or MemoryStore()

    def query(self, text: str) -> Results:
        """Answer a SPARQL query; its default graph is the union of all named graphs.

        Raises:
            QueryError: it is not SPARQL, or calls another server.
            StoreError: the store cannot be asked.
        """
        refuse_outreach(text)
        return self.store.query(text)

    def load_policy(self, policy: Policy) -> LoadChange:
        """Put a policy in, or in the place of its earlier content; raises `StoreError` for a store without union."""
        triples = graphs.triples(policy.ontology) + graphs.triples(policy.shapes)
        content = graphs.canonical_lines(parsing.data_set(policy.id, triples, depth=_POLICY_DEPTH).triples)
        change = self._put(GraphKind.POLICY, policy.iri, content)
        if not self.store.query(f"{HEADER}ASK {{ <{policy.iri}> a nec:Policy }}"):
            raise StoreError(
                "the default graph of the endpoint is not the union of its named graphs",
                mend="Start it with that option, as `oxigraph serve --union-default-graph`",
            )
        return change

    def load_case(self, case: Case) -> LoadChange:
        """Put a chart in, its statements marked that are accepted.

        Where it replaces another content, the request has no current determination any more.
        """
        return self._put(GraphKind.CHART, case.iri, self._marked(case.iri, case.content), undetermine(case.iri))

    def load_decision(self, decision: Decision) -> LoadChange:
        """Put a decision in; raises `StoreError` if it differs from one that is there, or its determination is not."""
        held = self._digest(decision.iri)
        if held and held != decision.digest:
            raise StoreError(
                "a decision is never changed",
                where=decision.iri,
                mend="Record a new one that is a prov:wasRevisionOf it",
            )
        if not self._digest(decision.determination):
            raise StoreError("its determination is not in the knowledge base", where=decision.iri)
        return self._put(GraphKind.DECISION, decision.iri, decision.content)

    def load_acceptance(self, acceptance: Acceptance) -> LoadChange:
        """Put an acceptance or the withdrawal of one in, and mark the chart's statement accordingly.

        The request has no current determination after that.

        Raises:
            StoreError: it differs from one that is there, or what it speaks of is not there.
        """
        held = self._digest(acceptance.iri)
        if held == acceptance.digest:
            return LoadChange.UNCHANGED
        content = self.chart(acceptance.request)
        known = f"<{acceptance.statement}> " in content if acceptance.statement else self._digest(acceptance.withdrawn)
        if held or not content or not known:
            raise StoreError(
                "an acceptance is never changed" if held else "what it speaks of is not in the knowledge base",
                where=acceptance.iri,
            )
        marked = self._marked(acceptance.request, content, acceptance)
        self.store.update(
            HEADER
            + " ;\n".join(
                [
                    insertion(GraphKind.ACCEPTANCE, acceptance.iri, acceptance.content),
                    undetermine(acceptance.request),
                    insertion(GraphKind.CHART, acceptance.request, marked),
                ]
            )
        )
        return LoadChange.ADDED

    def acceptances(self, request: str) -> dict[str, tuple[str, str]]:
        """The acceptances of a request that are not withdrawn: IRI to the statement's and the person's IRI."""
        return {iri: pair for iri, (*pair, withdrawn) in self._acceptances(request).items() if not withdrawn}

    def record(self, determinations: Iterable[Determination]) -> LoadChange:
        """Put all the determinations of one case in, as its current ones; earlier ones stay."""
        return self.record_content([to_content(determination) for determination in determinations])

    def record_content(self, contents: Iterable[tuple[str, str, str]]) -> LoadChange:
        """Put in what `to_content` gave for all the determinations of one case; see `record`."""
        contents = list(contents)
        (request,) = {request for _, request, _ in contents}
        current = {str(row["d"].value) for row in self._select(f"SELECT ?d {{ {current_determination(request)} }}")}
        if current == {iri for iri, _, _ in contents}:
            return LoadChange.UNCHANGED
        parts = [insertion(GraphKind.DETERMINATION, iri, content) for iri, _, content in contents]
        links = " ".join(f"<{request}> nec:currentDetermination <{iri}> ." for iri, _, _ in contents)
        self.store.update(
            f"{HEADER}{undetermine(request)} ;\n"
            + " ;\n".join([*parts, f"INSERT DATA {{ GRAPH <{CATALOG}> {{ {links} }} }}"])
        )
        return LoadChange.REPLACED if current else LoadChange.ADDED

    def entries(self, kind: GraphKind | None = None) -> Iterator[CatalogEntry]:
        """The named graphs, ordered by kind and by what they are about."""
        only = f"VALUES ?kind {{ nec:{kind.value} }}" if kind else ""
        rows = self._select(
            f"""SELECT ?graph ?kind ?about ?digest ?loaded {{ GRAPH <{CATALOG}> {{ {only}
                ?graph a ?kind ; nec:holds ?about ; nec:contentDigest ?digest ; nec:loaded ?loaded }} }}
                ORDER BY ?kind ?about"""
        )
        for row in rows:
            yield CatalogEntry(
                graph=row["graph"].value,
                kind=GraphKind(row["kind"].value.removeprefix(str(NEC))),
                about=row["about"].value,
                digest=row["digest"].value,
                loaded=datetime.fromisoformat(row["loaded"].value),
            )

    def chart(self, request: str) -> str:
        """The chart of a request as canonical N-Triples, for `read_chart`; empty if there is none."""
        return self.content(graph_name(GraphKind.CHART, request))

    def undetermined(self, policy: Policy, configuration: Configuration | None = None) -> list[str]:
        """The requests, ordered, that have no current determination by this policy, as it is, this configuration and software."""
        configured = (
            f'?d nec:configurationDigest "{configuration.digest}"'
            if configuration
            else "FILTER NOT EXISTS { ?d nec:configurationDigest ?other }"
        )
        rows = self._select(
            f"""SELECT ?request {{
                GRAPH <{CATALOG}> {{ ?chart a nec:ChartGraph ; nec:holds ?request ; nec:contentDigest ?digest }}
                FILTER NOT EXISTS {{
                    GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?d }}
                    GRAPH ?held {{ ?d nec:inputDigest ?digest ; nec:policyDigest "{policy.digest}" ;
                        prov:wasGeneratedBy/prov:wasAssociatedWith <{provenance.software()}> . {configured} }}
                }} }} ORDER BY ?request"""
        )
        return [row["request"].value for row in rows]

    def remove(self, iri: str, *, decisions: bool = False) -> int:
        """Take out what a graph is about: a determination, a policy, or a request with all its determinations.

        Args:
            iri: IRI of the policy, request, determination or decision.
            decisions: whether decisions that refer to what is removed are removed too.

        Returns:
            How many named graphs were removed.

        Raises:
            StoreError: nothing is held under the IRI, or decisions refer to it and are not to be removed.
        """
        held = {entry.about: entry for entry in self.entries()}
        if iri not in held:
            raise StoreError("the knowledge base holds nothing under this IRI", where=iri)
        gone = {iri}
        rows = self._select(f"SELECT ?d {{ ?d a nec:Determination ; nec:request <{iri}> }}")
        gone |= {row["d"].value for row in rows} & set(held)
        listed = " ".join(f"<{determination}>" for determination in sorted(gone))
        rows = self._select(
            f"""SELECT ?d {{ VALUES ?of {{ {listed} }}
                {{ ?d a nec:Decision ; nec:determination ?of }} UNION {{ ?d a nec:Acceptance ; nec:request ?of }}
                UNION {{ ?d a nec:Withdrawal ; nec:request ?of }} }}"""
        )
        people = (GraphKind.DECISION, GraphKind.ACCEPTANCE)
        lost = {row["d"].value for row in rows} | {about for about in gone if held[about].kind in people}
        if lost and not decisions:
            raise StoreError(
                f"recorded decisions would be lost: {len(lost)}", where=iri, mend="Confirm with --with-decisions"
            )
        gone |= lost
        steps = [undetermine(iri)]
        for about in sorted(gone):
            graph = held[about].graph
            steps.append(f"DROP SILENT GRAPH <{graph}>")
            steps.append(f"DELETE WHERE {{ GRAPH <{CATALOG}> {{ <{graph}> ?p ?o }} }}")
            steps.append(f"DELETE WHERE {{ GRAPH <{CATALOG}> {{ ?s nec:currentDetermination <{about}> }} }}")
        self.store.update(HEADER + " ;\n".join(steps))
        return len(gone)

    def content(self, graph: str) -> str:
        """A named graph as canonical N-Triples; empty if there is none."""
        return graphs.canonical_lines(
            self.store.query(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        )

    def export(self, kind: GraphKind | None = None) -> Iterator[ox.Quad]:
        """The quads of all named graphs, graph by graph in the catalog's order; the catalog last, if all are wanted."""
        names = [entry.graph for entry in self.entries(kind)] + ([CATALOG] if kind is None else [])
        for name in names:
            for triple in graphs.triples(self.content(name)):
                yield ox.Quad(*triple, ox.NamedNode(name))

    def verify(self) -> Iterator[str]:
        """What is wrong with the contents, a line each: content that differs from its digest, graphs without entry."""
        entries = {entry.graph: entry for entry in self.entries()}
        for entry in entries.values():
            if graphs.digest(self.content(entry.graph)) != entry.digest:
                yield f"the content of <{entry.graph}>, about <{entry.about}>, differs from its digest"
        for row in self._select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"):
            if row["g"].value not in entries and row["g"].value != CATALOG:
                yield f"the catalog has no entry for <{row['g'].value}>"
        held = {entry.about for entry in entries.values()}
        for row in self._select(
            f"SELECT ?r ?d {{ GRAPH <{CATALOG}> {{ ?r nec:currentDetermination ?d }} }} ORDER BY ?d"
        ):
            if row["d"].value not in held or row["r"].value not in held:
                yield f"<{row['r'].value}> refers to <{row['d'].value}>, and one of them is missing"

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, kind: GraphKind, about: str, content: str, besides: str = "") -> LoadChange:
        held = self._digest(about)
        if held == graphs.digest(content):
            return LoadChange.UNCHANGED
        self.store.update(HEADER + (f"{besides} ;\n" if besides else "") + insertion(kind, about, content))
        return LoadChange.REPLACED if held else LoadChange.ADDED

    def _acceptances(self, request: str) -> dict[str, tuple[str, str, bool]]:
        """All acceptances of a request: IRI to the statement's and the person's IRI, and whether it is withdrawn."""
        rows = self._select(
            f"""SELECT ?iri ?statement ?person ?withdrawal {{
                ?iri a nec:Acceptance ; nec:request <{request}> ; nec:statement ?statement ; prov:wasAttributedTo ?person
                OPTIONAL {{ ?withdrawal a nec:Withdrawal ; prov:wasRevisionOf ?iri }} }} ORDER BY ?iri"""
        )
        return {
            row["iri"].value: (row["statement"].value, row["person"].value, row["withdrawal"] is not None)
            for row in rows
        }

    def _marked(self, request: str, content: str, more: Acceptance | None = None) -> str:
        """A chart with the marks of the acceptances that are held, and of one more or without what it withdraws."""
        held = self._acceptances(request)
        if more and more.withdrawn in held:
            held[more.withdrawn] = (*held[more.withdrawn][:2], True)
        elif more:
            held[more.iri] = (more.statement, more.person, False)
        marks = {f"<{statement}> <{NEC.acceptedBy}> <{person}> .\n" for statement, person, _ in held.values()}
        lines = [f"{line}\n" for line in content.split("\n") if line and f"{line}\n" not in marks]
        there = {line.partition(" ")[0] for line in lines}
        lines += {
            f"<{statement}> <{NEC.acceptedBy}> <{person}> .\n"
            for statement, person, withdrawn in held.values()
            if not withdrawn and f"<{statement}>" in there
        }
        return "".join(sorted(lines))

    def _digest(self, about: str) -> str | None:
        rows = self._select(
            f"SELECT ?digest {{ GRAPH <{CATALOG}> {{ ?graph nec:holds <{about}> ; nec:contentDigest ?digest }} }}"
        )
        return next((row["digest"].value for row in rows), None)

    def _select(self, text: str) -> ox.QuerySolutions:
        found = self.store.query(HEADER + text)
        if not isinstance(found, ox.QuerySolutions):
            raise StoreError("the store gave no solutions to a SELECT query")
        return found


def read_chart(request: str, content: str, policy: Policy, as_of: date | None = None) -> Case:
    """A case from what `KnowledgeBase.chart` gave of it; raises `DocumentationError` if the policy cannot read it."""
    if not content:
        raise StoreError("there is no chart of this request", where=request)
    (case,) = read_cases(parsing.data_set(request, graphs.triples(content)), policy, as_of)
    return case


def to_content(determination: Determination) -> tuple[str, str, str]:
    """A determination's IRI, its request's IRI and its record as canonical N-Triples."""
    content = graphs.canonical(provenance.to_graph([determination]))
    return str(provenance.iri(determination)), determination.case.iri, content
