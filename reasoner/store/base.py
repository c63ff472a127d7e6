"""The knowledge base: policies, charts, determinations, decisions and acceptances as named graphs of one store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

import pyoxigraph as ox

from reasoner.chart.model import Case
from reasoner.determination.engine import software_version
from reasoner.determination.model import Determination
from reasoner.ground.errors import ConflictError, NecessityError, StoreError
from reasoner.policy.configuration import Configuration
from reasoner.policy.model import Policy
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, PROV
from reasoner.rdf.sparql import refuse_outreach
from reasoner.render import provenance
from reasoner.review.acts import Acceptance, Decision
from reasoner.review.calls import carried
from reasoner.store import audit, claims, guard, history, integrity
from reasoner.store.audit import Actor, AuditTrail
from reasoner.store.backends import DirectoryStore, EndpointStore, MemoryStore, QueryResults, Store
from reasoner.store.catalog import (
    CATALOG,
    HEADER,
    CatalogEntry,
    DeterminationRun,
    GraphKind,
    LoadChange,
    graph_name,
    itself,
    lines,
    now,
)
from reasoner.store.change import Change
from reasoner.store.contents import DeterminationRecord, to_content
from reasoner.store.ontologies import parts_of
from reasoner.store.originals import Originals
from reasoner.store.placement import Placement
from reasoner.store.register import Register, marked

_AT_ONCE = 256
"""Charts that are looked up together."""
_REMOVE = "remove"
"""The action of taking graphs out."""


class KnowledgeBase:
    """Named graphs with a catalog of them, in any store.

    Each triple stands in one graph, so that the union of the graphs counts it once. Each change is one update request, so
    it takes effect whole or not at all, and loading the same content again changes nothing. A base in a directory has an
    audit trail, `audit.jsonl` beside its data: an entry is written before each change. Methods raise `StoreError` where the
    store cannot be reached or refuses.

    Args:
        store: where the content is; in memory by default.
        trail: the audit trail; by default that of the store's directory, and none for any other store.
        checked: whether to refuse a base that another version of the software has divided into graphs in another way.
        key: of 32 bytes, with which the original files beside the base are encrypted.

    Raises:
        StoreError: the base has another format.
    """

    def __init__(
        self,
        store: Store | None = None,
        trail: AuditTrail | None = None,
        *,
        checked: bool = True,
        key: bytes | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        if trail is None and isinstance(self.store, DirectoryStore):
            trail = AuditTrail(self.store.directory / audit.FILE)
        self.trail = trail
        self.originals = Originals.beside(self.store, trail, key)
        """The original files beside the base; None where it is in no directory here."""
        self.register = Register(self.store)
        if checked:
            self.register.refuse_other_formats()
        if self.trail and isinstance(self.store, DirectoryStore) and self.store.writable:
            integrity.settle(self.store, self.trail)

    def query(self, text: str) -> QueryResults:
        """Answer SPARQL; the default graph is the union of the named graphs, and `Register.prefixes` need no declaration.

        Raises:
            QueryError: it is not SPARQL, or calls another server.
            StoreError: the store cannot be asked.
        """
        refuse_outreach(text)
        return self.store.query(text, prefixes=self.register.prefixes_for(text))

    def load_policy(self, policy: Policy, by: Actor | None = None) -> LoadChange:
        """Add a policy and the vocabularies that it uses, or replace their earlier content.

        Raises:
            StoreError: the default graph of the store is not the union of its named graphs.
        """
        parts = parts_of(policy)
        made = self._put(parts, "load policy", by)
        if not self.store.query(f"{HEADER}ASK {{ <{policy.iri}> a nec:Policy }}"):
            raise StoreError(
                "the default graph of the endpoint is not the union of its named graphs",
                mend="Start it with that option, as `oxigraph serve --union-default-graph`",
            )
        unchanged = all(change is LoadChange.UNCHANGED for change in made)
        (own,) = (change for (kind, *_), change in zip(parts, made, strict=True) if kind is GraphKind.POLICY)
        return own if unchanged or own is not LoadChange.UNCHANGED else LoadChange.REPLACED

    def load_case(self, case: Case, by: Actor | None = None) -> LoadChange:
        """Add or replace a chart; see `load_cases`. Raises `StoreError` if the chart cannot be taken."""
        return claims.the_one(self.load_cases([case], by))

    def load_cases(self, cases: Sequence[Case], by: Actor | None = None) -> list[LoadChange | StoreError]:
        """Add or replace charts in one change, with a mark at each statement that is accepted and what calls have added.

        A request whose chart becomes another has no current determination any more. What its determinations judged and the
        new chart no longer says is kept as a snapshot.

        Returns:
            For each chart what loading it did, or why it is left out: its request has no IRI, or it says what another chart,
            a policy or a record has to say.
        """
        requests = [case.iri for case in cases]
        accepted, called = self.register.acceptances(requests), self.register.with_calls(requests)
        contents = {case.iri: case.content for case in cases}
        contents |= {request: carried(self.chart(request), contents[request]) for request in called}
        contents |= {request: marked(contents[request], acts) for request, acts in accepted.items()}

        def put(fit: Mapping[str, str]) -> list[LoadChange]:
            items = [(GraphKind.CHART, iri, content) for iri, content in fit.items()]
            return self._put(items, "load charts", by, guarded=True)

        return claims.load(cases, contents, put)

    def load_decision(self, decision: Decision, by: Actor | None = None, chart: Case | None = None) -> LoadChange:
        """Add a decision, and in the same change the chart with what the decision adds to it.

        What its case permits is not asked here: for one that was signed elsewhere, see `reasoner.store.acts`.

        Raises:
            StoreError: another decision has its IRI already, or its determination is not in the knowledge base.
        """
        entries = self.register.entries_about([decision.iri, decision.determination])
        if decision.iri in entries and entries[decision.iri].digest != decision.digest:
            raise StoreError(
                "a decision is never changed",
                where=decision.iri,
                mend="Record a new one that is a prov:wasRevisionOf it",
            )
        if decision.determination not in entries:
            raise StoreError("its determination is not in the knowledge base", where=decision.iri)
        charts = [(GraphKind.CHART, chart.iri, chart.content)] if chart else []
        return self._put([(GraphKind.DECISION, decision.iri, decision.content), *charts], "load decision", by)[0]

    def load_acceptance(self, acceptance: Acceptance, by: Actor | None = None) -> LoadChange:
        """Add an acceptance or the withdrawal of one, and mark the chart's statement accordingly.

        The request has no current determination after that.

        Raises:
            StoreError: another acceptance has its IRI already, or its request, statement or acceptance is not in the
                knowledge base.
        """
        entries = self.register.entries_about([acceptance.iri, acceptance.withdrawn or acceptance.request])
        if acceptance.iri in entries and entries[acceptance.iri].digest == acceptance.digest:
            return LoadChange.UNCHANGED
        content = self.chart(acceptance.request)
        has_object = (
            f"<{acceptance.statement}> " in content if acceptance.statement else acceptance.withdrawn in entries
        )
        if acceptance.iri in entries or not content or not has_object:
            raise StoreError(
                "an acceptance is never changed"
                if acceptance.iri in entries
                else "what it speaks of is not in the knowledge base",
                where=acceptance.iri,
            )
        acceptances = self.register.acceptances([acceptance.request]).get(acceptance.request, {})
        if acceptance.withdrawn in acceptances:
            statement, person, _ = acceptances[acceptance.withdrawn]
            acceptances[acceptance.withdrawn] = (statement, person, True)
        elif not acceptance.withdrawn:
            acceptances[acceptance.iri] = (acceptance.statement, acceptance.person, False)
        self._put(
            [
                (GraphKind.ACCEPTANCE, acceptance.iri, acceptance.content),
                (GraphKind.CHART, acceptance.request, marked(content, acceptances)),
            ],
            "load acceptance",
            by,
        )
        return LoadChange.ADDED

    def acceptances(self, request: str) -> dict[str, tuple[str, str]]:
        """The acceptances of a request that are not withdrawn: IRI to the statement's and the person's IRI."""
        made = self.register.acceptances([request]).get(request, {})
        return {iri: (statement, person) for iri, (statement, person, withdrawn) in made.items() if not withdrawn}

    def begin_run(self) -> DeterminationRun:
        """A run of this software, to record determinations in."""
        return DeterminationRun(provenance.software(), f"necessity {software_version()}")

    def record(
        self, determinations: Iterable[Determination], run: DeterminationRun | None = None, by: Actor | None = None
    ) -> LoadChange:
        """Add all determinations of one case as its current ones; earlier ones stay."""
        (change,) = self.record_contents([[to_content(d) for d in determinations]], run, by)
        return change

    def record_contents(
        self,
        of_cases: Iterable[Sequence[DeterminationRecord]],
        run: DeterminationRun | None = None,
        by: Actor | None = None,
    ) -> list[LoadChange]:
        """Add the determinations of several cases, for each case all that `to_content` gave; see `record`."""
        of_cases = [list(contents) for contents in of_cases]
        requests = [request for contents in of_cases for request in {each.request for each in contents}]
        change, run, time = self._new_change(), run or self.begin_run(), now()
        current = self.register.current(requests)
        last = self.register.last(request for request in requests if not current[request])
        made, new = list[LoadChange](), list[DeterminationRecord]()
        for request, contents in zip(requests, of_cases, strict=True):
            earlier = current[request]
            iris = [each.determination for each in contents]
            if set(earlier) == set(iris):
                made.append(LoadChange.UNCHANGED)
                continue
            made.append(LoadChange.REPLACED if earlier else LoadChange.ADDED)
            new += contents
            change.new += [] if earlier else [request]
            change.catalog[request] = lines(request, [(str(NEC.currentDetermination), f"<{iri}>") for iri in iris])
            for iri in iris:
                event = run.generation(iri)
                change.catalog[event] = run.generation_description(iri, time, earlier or last[request])
                change.catalog[iri] = lines(iri, [(str(PROV.qualifiedGeneration), f"<{event}>")])
        if not new:
            return made
        held = {each.determination: (GraphKind.DETERMINATION, each.content) for each in new}
        known = self.register.entries_about(held)
        for iri in known:  # it was recorded before, in another run
            told = (change.catalog[iri] or "") + self.register.description(iri)
            change.catalog[iri] = "".join(sorted(set(graphs.lines_of(told))))
        change.new += [name for iri in held if iri not in known for name in (iri, run.generation(iri))]
        common = {iri: (GraphKind.RESULT, said) for each in new for iri, said in each.common_results.items()}
        for iri in self.register.holds(common):  # and with this content, which names it
            del common[iri]
        for iri, (kind, content) in (held | common).items():
            graph, digest = graph_name(kind, iri), graphs.digest(content)
            if iri in known and known[iri].digest == digest:
                continue
            change.new += [] if iri in known else [graph]
            change.graphs[graph] = content
            change.catalog[graph] = CatalogEntry(graph, kind, iri, digest, time).description
        change.catalog[run.iri] = run.description(time)
        change.catalog[run.software] = run.software_description
        self._apply(change, "determine", by)
        return made

    def entries(self, kind: GraphKind | None = None) -> list[CatalogEntry]:
        """The named graphs, ordered by kind and by what they are about."""
        return self.register.entries(kind)

    def chart(self, request: str) -> str:
        """The chart of a request as canonical N-Triples, for `read_chart`; empty if there is none."""
        return self.content(graph_name(GraphKind.CHART, request))

    def charts(self, requests: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Each of many requests with its chart, as `chart` gives it, in order."""
        waiting = iter(requests)
        while some := list(islice(waiting, _AT_ONCE)):
            placement = Placement(self.store)
            names = [graph_name(GraphKind.CHART, request) for request in some]
            included = self.register.included(names)
            for request, name in zip(some, names, strict=True):
                yield request, placement.content(name, included.get(name, ()))

    def undetermined(self, policy: Policy, configuration: Configuration | None = None) -> list[str]:
        """The requests, ordered, without a current determination by this content of the policy, configuration and software."""
        digest = configuration.digest if configuration else ""
        return self.register.undetermined(policy.digest, digest, provenance.software())

    def remove(self, iri: str, *, decisions: bool = False, by: Actor | None = None) -> int:
        """Remove the graph about an IRI; with a request also its determinations, and the snapshots and common results of these alone.

        Args:
            iri: IRI of a policy, ontology, request, determination, decision or acceptance.
            decisions: whether decisions that refer to what is removed are removed too.
            by: who removes it; by default the account of this process.

        Returns:
            How many named graphs were removed.

        Raises:
            StoreError: there is no graph about the IRI; determinations lead to it, so that they would no longer be whole; or
                decisions refer to it and are not to be removed.
        """
        change = self._new_change()
        if not self.register.entries_about([iri]):
            raise StoreError("the knowledge base holds nothing under this IRI", where=iri)
        if leading := self.register.leading_to(iri):
            mend = "Remove them or their requests: it goes with the last of them"
            raise StoreError(f"determinations would no longer be whole: {leading} lead to it", where=iri, mend=mend)
        removed = {iri} | self.register.determinations(iri)
        removed |= (signed := self.register.signed(removed))
        entries = self.register.entries_about(removed)
        signed |= {about for about, e in entries.items() if e.kind in (GraphKind.DECISION, GraphKind.ACCEPTANCE)}
        if signed and not decisions:
            raise StoreError(
                f"recorded decisions would be lost: {len(signed)}", where=iri, mend="Confirm with --with-decisions"
            )
        placement = Placement(self.store)
        for request, determinations in self.register.current(self.register.answered(removed)).items():
            kept = [(str(NEC.currentDetermination), f"<{d}>") for d in determinations if d not in removed]
            change.catalog[request] = lines(request, kept) or None
        change.catalog |= dict.fromkeys(self.register.generations(removed))
        needed = self.register.snapshots(removed) | self.register.common_results(removed)
        entries |= self.register.entries_about(needed)
        for about, entry in entries.items():
            placement.take_out(entry.graph)
            change.graphs[entry.graph] = None
            change.catalog |= {entry.graph: None, about: None}
        self._place(placement, change)
        self._apply(change, _REMOVE, by)
        if self.originals:
            self.originals.keep_only(self.register.originals(), by)
        return len(entries)

    def content(self, graph: str) -> str:
        """The content of a named graph, with that of the shared graphs that it includes, as canonical N-Triples."""
        return Placement(self.store).content(graph)

    def judged(self, determination: str) -> dict[str, str]:
        """What a determination judged of each resource of its chart, by IRI as canonical N-Triples, also after it was replaced.

        Raises:
            StoreError: there is no such determination, or what it judged is neither in the chart nor among the snapshots.
        """
        request, digests = self.register.judged(determination)
        return history.judged(
            self.chart(request), digests, lambda snapshot: self.content(graph_name(GraphKind.HISTORY, snapshot))
        )

    def export(self, kind: GraphKind | None = None) -> Iterator[ox.Quad]:
        """The quads of all named graphs, graph by graph in the catalog's order, the catalog last.

        Of one kind, each is given whole, with what it includes; after determinations come the common results of them.
        """
        placement = Placement(self.store)
        kinds = (kind, GraphKind.RESULT) if kind is GraphKind.DETERMINATION else (kind,)
        names = [entry.graph for each in kinds for entry in self.entries(each)] + ([CATALOG] if kind is None else [])
        for name in names:
            for triple in graphs.triples(placement.content(name) if kind else placement.own(name)):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, ox.NamedNode(name))

    def carry_out(self, change: Change, action: str, by: Actor) -> None:
        """Carry out a change that another process has worked out from this base.

        Raises:
            ConflictError: the base has changed since.
            StoreError: it would alter a determination, or what a person has signed.
        """
        if change.head != self.register.audit_head():
            raise ConflictError("the knowledge base has been changed meanwhile", mend="Try again")
        guard.refuse_alterations(self.store, change, removes=action == _REMOVE)
        self._apply(replace(change, head=""), action, by)

    def update(self, text: str, by: Actor | None = None) -> None:
        """Carry out a SPARQL update on graphs of people's own; see `reasoner.store.guard`.

        Raises:
            QueryError: it would change a graph of this software, or does not name the graphs that it changes.
        """
        update = guard.read_update(text)
        guard.refuse_claims(self.store, update)
        self.store.update(text)
        if self.trail:
            placement = Placement(self.store)
            digests = {name: graphs.digest(own) if (own := placement.own(name)) else None for name in update.graphs}
            entry = self.trail.append(by or Actor.of_process(), "update", changes=digests)
            integrity.write_head(self.store, entry.digest)

    def verify(self, head: str | None = None) -> Iterator[str]:
        """What is wrong with the content and the originals, a line each; see `reasoner.store.integrity`.

        Args:
            head: the digest of an entry of the audit trail, noted earlier and kept elsewhere.
        """
        if self.trail is None:
            yield from integrity.compare_with_catalog(self.store)
        else:
            yield from integrity.compare_with_trail(self.store, self.trail, head)
        if self.originals:
            yield from self.originals.problems()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _remote(self) -> EndpointStore | None:
        """The store, if it is an endpoint of this software, which carries changes out itself."""
        return self.store if isinstance(self.store, EndpointStore) and self.store.changes_url else None

    def _new_change(self) -> Change:
        """A change to be worked out from what the base holds now."""
        return Change(head=self.register.audit_head() if self._remote else "")

    def _put(
        self,
        items: Sequence[tuple[GraphKind, str, str]],
        action: str,
        by: Actor | None = None,
        *,
        guarded: bool = False,
    ) -> list[LoadChange]:
        """Add or replace contents, each of a kind and about an IRI, in one change; a chart loses its current determination.

        Where they are charts and `guarded`, it raises `ClashesError` if one says what is another's to say.
        """
        change = self._new_change()
        entries = self.register.entries_about([about for _, about, _ in items])
        made = []
        placement, time = Placement(self.store), now()
        new = []
        for kind, about, content in items:
            earlier, digest = entries.get(about), graphs.digest(content)
            if earlier and earlier.digest == digest:
                made.append(LoadChange.UNCHANGED)
                continue
            made.append(LoadChange.REPLACED if earlier else LoadChange.ADDED)
            change.new += [] if earlier else [graph_name(kind, about)]
            new.append((CatalogEntry(graph_name(kind, about), kind, about, digest, time), content))
            if earlier and kind is GraphKind.CHART:
                change.catalog[about] = None
                self._keep_history(earlier, placement.content(earlier.graph), content, change)
        placement.look_up((content for _, content in new), change.new)
        for entry, content in new:
            placement.put(entry.graph, content)
            change.catalog[entry.graph] = entry.description
        if guarded:
            claims.refuse_clashes(self.register, placement, {entry.about: content for entry, content in new})
        self._place(placement, change, {entry.graph: entry for entry, _ in new})
        self._apply(change, action, by)
        return made

    def _place(self, placement: Placement, change: Change, new: dict[str, CatalogEntry] | None = None) -> None:
        """Add to a change what becomes of graphs, and describe those again that include others than before."""
        new = new or {}
        time = now()
        moved = {graph: (content, includes) for graph, content, includes in placement.changes()}
        known = self.register.entries_of(moved.keys() - new.keys()) | new
        for graph, (content, includes) in moved.items():
            if graph in change.graphs:  # it is removed
                continue
            entry = known.get(graph)
            if graph.startswith(GraphKind.SHARED.prefix):
                entry = CatalogEntry(graph, GraphKind.SHARED, "", graphs.digest(content), time) if content else None
            change.graphs[graph] = content or None
            change.catalog[graph] = replace(entry, includes=includes).description if entry else None

    def _keep_history(self, chart: CatalogEntry, before: str, after: str, change: Change) -> None:
        kept = history.no_longer_said(before, after, self.register.judged_of(chart.about))
        known = self.register.entries_about(kept)
        for iri, content in kept.items():
            if iri not in known:
                graph, digest = graph_name(GraphKind.HISTORY, iri), graphs.digest(content)
                change.graphs[graph] = content
                change.catalog[graph] = CatalogEntry(graph, GraphKind.HISTORY, iri, digest, now()).description

    def _apply(self, change: Change, action: str, by: Actor | None) -> None:
        """Carry a change out, after an entry in the audit trail; where another process keeps that, let it do both."""
        if not change:
            return
        if self._remote:
            self._remote.carry_out({"change": asdict(change), "action": action, "by": asdict(by or Actor.of_process())})
            return
        entry = None
        if self.trail:
            entry = self.trail.append(by or Actor.of_process(), action, changes=change.digests())
        change.catalog[CATALOG] = itself(entry.digest if entry else "")
        try:
            self.store.change(change)
        except NecessityError:
            if self.trail and entry:
                self.trail.append(by or Actor.of_process(), audit.UNDONE, detail=entry.digest)
            raise
