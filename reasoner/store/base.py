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
from reasoner.store.backends import MemoryStore, QueryResults, Store
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
"""How deeply the blank nodes of a policy may be nested."""


class KnowledgeBase:
    """Named graphs with a catalog of them, in any store.

    Each change is one update request, so it takes effect whole or not at all, and loading the same content again changes
    nothing. Methods raise `StoreError` where the store cannot be reached or refuses.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or MemoryStore()

    def query(self, text: str) -> QueryResults:
        """Answer a SPARQL query; its default graph is the union of all named graphs.

        Raises:
            QueryError: it is not SPARQL, or calls another server.
            StoreError: the store cannot be asked.
        """
        refuse_outreach(text)
        return self.store.query(text)

    def load_policy(self, policy: Policy) -> LoadChange:
        """Add a policy, or replace its earlier content.

        Raises:
            StoreError: the default graph of the store is not the union of its named graphs.
        """
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
        """Add or replace a chart, with a mark at each statement that is accepted.

        If the content changes, the request has no current determination any more.
        """
        return self._put(GraphKind.CHART, case.iri, self._marked(case.iri, case.content), undetermine(case.iri))

    def load_decision(self, decision: Decision) -> LoadChange:
        """Add a decision.

        Raises:
            StoreError: another decision has its IRI already, or its determination is not in the knowledge base.
        """
        digest = self._digest(decision.iri)
        if digest and digest != decision.digest:
            raise StoreError(
                "a decision is never changed",
                where=decision.iri,
                mend="Record a new one that is a prov:wasRevisionOf it",
            )
        if not self._digest(decision.determination):
            raise StoreError("its determination is not in the knowledge base", where=decision.iri)
        return self._put(GraphKind.DECISION, decision.iri, decision.content)

    def load_acceptance(self, acceptance: Acceptance) -> LoadChange:
        """Add an acceptance or the withdrawal of one, and mark the chart's statement accordingly.

        The request has no current determination after that.

        Raises:
            StoreError: another acceptance has its IRI already, or its request, statement or acceptance is not in the
                knowledge base.
        """
        digest = self._digest(acceptance.iri)
        if digest == acceptance.digest:
            return LoadChange.UNCHANGED
        content = self.chart(acceptance.request)
        if acceptance.statement:
            has_object = f"<{acceptance.statement}> " in content
        else:
            has_object = self._digest(acceptance.withdrawn) is not None
        if digest or not content or not has_object:
            raise StoreError(
                "an acceptance is never changed" if digest else "what it speaks of is not in the knowledge base",
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
        return {
            iri: (statement, person)
            for iri, (statement, person, withdrawn) in self._acceptances(request).items()
            if not withdrawn
        }

    def record(self, determinations: Iterable[Determination]) -> LoadChange:
        """Add all determinations of one case as its current ones; earlier ones stay."""
        return self.record_content([to_content(determination) for determination in determinations])

    def record_content(self, contents: Iterable[tuple[str, str, str]]) -> LoadChange:
        """Add what `to_content` gave for all determinations of one case; see `record`."""
        contents = list(contents)
        (request,) = {request for _, request, _ in contents}
        current = {str(row["d"].value) for row in self._select(f"SELECT ?d {{ {current_determination(request)} }}")}
        if current == {iri for iri, _, _ in contents}:
            return LoadChange.UNCHANGED
        insertions = [insertion(GraphKind.DETERMINATION, iri, content) for iri, _, content in contents]
        links = " ".join(f"<{request}> nec:currentDetermination <{iri}> ." for iri, _, _ in contents)
        self.store.update(
            f"{HEADER}{undetermine(request)} ;\n"
            + " ;\n".join([*insertions, f"INSERT DATA {{ GRAPH <{CATALOG}> {{ {links} }} }}"])
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
        """The requests, ordered, without a current determination by this content of the policy, configuration and software."""
        configuration_pattern = (
            f'?d nec:configurationDigest "{configuration.digest}"'
            if configuration
            else "FILTER NOT EXISTS { ?d nec:configurationDigest ?other }"
        )
        rows = self._select(
            f"""SELECT ?request {{
                GRAPH <{CATALOG}> {{ ?chart a nec:ChartGraph ; nec:holds ?request ; nec:contentDigest ?digest }}
                FILTER NOT EXISTS {{
                    GRAPH <{CATALOG}> {{ ?request nec:currentDetermination ?d }}
                    GRAPH ?determination {{ ?d nec:inputDigest ?digest ; nec:policyDigest "{policy.digest}" ;
                        prov:wasGeneratedBy/prov:wasAssociatedWith <{provenance.software()}> . {configuration_pattern} }}
                }} }} ORDER BY ?request"""
        )
        return [row["request"].value for row in rows]

    def remove(self, iri: str, *, decisions: bool = False) -> int:
        """Remove the graph about an IRI; with a request also its determinations.

        Args:
            iri: IRI of the policy, request, determination or decision.
            decisions: whether decisions that refer to what is removed are removed too.

        Returns:
            How many named graphs were removed.

        Raises:
            StoreError: there is no graph about the IRI, or decisions refer to it and are not to be removed.
        """
        entries = {entry.about: entry for entry in self.entries()}
        if iri not in entries:
            raise StoreError("the knowledge base holds nothing under this IRI", where=iri)
        removed = {iri}
        rows = self._select(f"SELECT ?d {{ ?d a nec:Determination ; nec:request <{iri}> }}")
        removed |= {row["d"].value for row in rows} & set(entries)
        subjects = " ".join(f"<{about}>" for about in sorted(removed))
        rows = self._select(
            f"""SELECT ?d {{ VALUES ?of {{ {subjects} }}
                {{ ?d a nec:Decision ; nec:determination ?of }} UNION {{ ?d a nec:Acceptance ; nec:request ?of }}
                UNION {{ ?d a nec:Withdrawal ; nec:request ?of }} }}"""
        )
        signed_kinds = (GraphKind.DECISION, GraphKind.ACCEPTANCE)
        signed = {row["d"].value for row in rows} | {about for about in removed if entries[about].kind in signed_kinds}
        if signed and not decisions:
            raise StoreError(
                f"recorded decisions would be lost: {len(signed)}", where=iri, mend="Confirm with --with-decisions"
            )
        removed |= signed
        steps = [undetermine(iri)]
        for about in sorted(removed):
            graph = entries[about].graph
            steps.append(f"DROP SILENT GRAPH <{graph}>")
            steps.append(f"DELETE WHERE {{ GRAPH <{CATALOG}> {{ <{graph}> ?p ?o }} }}")
            steps.append(f"DELETE WHERE {{ GRAPH <{CATALOG}> {{ ?s nec:currentDetermination <{about}> }} }}")
        self.store.update(HEADER + " ;\n".join(steps))
        return len(removed)

    def content(self, graph: str) -> str:
        """A named graph as canonical N-Triples; empty if there is none."""
        triples = self.store.query(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        if isinstance(triples, ox.QuerySolutions | ox.QueryBoolean):
            raise StoreError("the store gave no triples to a CONSTRUCT query")
        return graphs.canonical_lines(triples)

    def export(self, kind: GraphKind | None = None) -> Iterator[ox.Quad]:
        """The quads of all named graphs, graph by graph in the catalog's order; the catalog last, if all are wanted."""
        names = [entry.graph for entry in self.entries(kind)] + ([CATALOG] if kind is None else [])
        for name in names:
            for triple in graphs.triples(self.content(name)):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, ox.NamedNode(name))

    def verify(self) -> Iterator[str]:
        """What is wrong with the content, a line each.

        Found are graphs that differ from their digest or have no entry, and links between graphs of which one is missing.
        """
        entries = {entry.graph: entry for entry in self.entries()}
        for entry in entries.values():
            if graphs.digest(self.content(entry.graph)) != entry.digest:
                yield f"the content of <{entry.graph}>, about <{entry.about}>, differs from its digest"
        for row in self._select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"):
            if row["g"].value not in entries and row["g"].value != CATALOG:
                yield f"the catalog has no entry for <{row['g'].value}>"
        abouts = {entry.about for entry in entries.values()}
        for row in self._select(
            f"SELECT ?r ?d {{ GRAPH <{CATALOG}> {{ ?r nec:currentDetermination ?d }} }} ORDER BY ?d"
        ):
            if row["d"].value not in abouts or row["r"].value not in abouts:
                yield f"<{row['r'].value}> refers to <{row['d'].value}>, and one of them is missing"

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, kind: GraphKind, about: str, content: str, first: str = "") -> LoadChange:
        """Add or replace a named graph, in one request with an update that goes before."""
        digest = self._digest(about)
        if digest == graphs.digest(content):
            return LoadChange.UNCHANGED
        self.store.update(HEADER + (f"{first} ;\n" if first else "") + insertion(kind, about, content))
        return LoadChange.REPLACED if digest else LoadChange.ADDED

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

    def _marked(self, request: str, content: str, new: Acceptance | None = None) -> str:
        """A chart in which just the statements are marked that are accepted, taking a new acceptance or withdrawal in."""
        acceptances = self._acceptances(request)
        if new and new.withdrawn in acceptances:
            statement, person, _ = acceptances[new.withdrawn]
            acceptances[new.withdrawn] = (statement, person, True)
        elif new:
            acceptances[new.iri] = (new.statement, new.person, False)
        marks = {f"<{statement}> <{NEC.acceptedBy}> <{person}> .\n" for statement, person, _ in acceptances.values()}
        lines = [f"{line}\n" for line in content.split("\n") if line and f"{line}\n" not in marks]
        subjects = {line.partition(" ")[0] for line in lines}
        lines += {
            f"<{statement}> <{NEC.acceptedBy}> <{person}> .\n"
            for statement, person, withdrawn in acceptances.values()
            if not withdrawn and f"<{statement}>" in subjects
        }
        return "".join(sorted(lines))

    def _digest(self, about: str) -> str | None:
        rows = self._select(
            f"SELECT ?digest {{ GRAPH <{CATALOG}> {{ ?graph nec:holds <{about}> ; nec:contentDigest ?digest }} }}"
        )
        return next((row["digest"].value for row in rows), None)

    def _select(self, text: str) -> ox.QuerySolutions:
        solutions = self.store.query(HEADER + text)
        if not isinstance(solutions, ox.QuerySolutions):
            raise StoreError("the store gave no solutions to a SELECT query")
        return solutions


def read_chart(request: str, content: str, policy: Policy, as_of: date | None = None) -> Case:
    """A case from its content in a knowledge base.

    Args:
        request: IRI of the request.
        content: what `KnowledgeBase.chart` gave.
        policy: the policy whose vocabulary the chart uses.
        as_of: day of review that overrides the request's own.

    Raises:
        DocumentationError: the policy cannot read it.
        StoreError: the content is empty.
    """
    if not content:
        raise StoreError("there is no chart of this request", where=request)
    (case,) = read_cases(parsing.data_set(request, graphs.triples(content)), policy, as_of)
    return case


def to_content(determination: Determination) -> tuple[str, str, str]:
    """A determination's IRI, its request's IRI and its record as canonical N-Triples."""
    content = graphs.canonical(provenance.to_graph([determination]))
    return str(provenance.iri(determination)), determination.case.iri, content
