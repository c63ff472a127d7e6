"""New requests, and what is added to their records: documents, statements that people make of the texts, and corrections.

A chart is replaced by one that says more; what a determination judged of the earlier one stays in the base. Nothing here decides: a
statement is a person's, made by name, with the characters that it rests on.
"""

from __future__ import annotations

import csv
import io
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.abstraction import columns
from reasoner.abstraction.accepting import accept
from reasoner.chart.documents.anchors import text_triples
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.fhir.attached import READ
from reasoner.chart.fhir.request import NOTHING_GIVEN, RequestOptions
from reasoner.chart.model import Assertion, Case
from reasoner.chart.tables import sheet
from reasoner.chart.tables.vocabulary import OF_MEMBER, OF_PROGRAM, OF_REQUEST, REQUEST, STATEMENT
from reasoner.determination.model import Determination
from reasoner.ground.errors import ConflictError, DocumentationError, StoreError
from reasoner.logic.fold import UNRESOLVED
from reasoner.policy.model import CriterionKind, Policy
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, PROV, RDF, XSD
from reasoner.review.authority import Action
from reasoner.review.people import User
from reasoner.store.base import KnowledgeBase
from reasoner.store.contents import read_chart
from reasoner.workplace.auditing import actor, audited
from reasoner.workplace.database import Database
from reasoner.workplace.fields import contact_columns
from reasoner.workplace.files import Files, Upload, moved, read_files
from reasoner.workplace.record import (
    LIKELY,
    Effect,
    RecordDocument,
    TakenBack,
    Unstated,
    changes,
    documents_in,
    documents_of,
    in_chart,
    in_text,
    replacing,
    revised_in,
    take_back,
    unstated_of,
)
from reasoner.workplace.worklist import request_id

if TYPE_CHECKING:
    from reasoner.abstraction.suggestions import Abstractor, Suggestion
    from reasoner.store.audit import AuditTrail
    from reasoner.workplace.case_file import CaseFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rejected (
    subject TEXT, criterion TEXT, target TEXT, person TEXT NOT NULL, time TEXT NOT NULL,
    PRIMARY KEY (subject, criterion, target)) WITHOUT ROWID;
"""
_ABOUT_DOCUMENTS = ("document", "issued", "author", "role", "author_kind")
_REMEMBERED = 8
"""Records whose texts and suggestions are kept in memory."""


@dataclass(frozen=True)
class Meant:
    """What a person says that some characters mean, or a statement of a chart that was read wrongly."""

    text: str
    """The digest of the text; empty for a statement that names no characters."""
    start: int
    end: int
    criterion: str
    """Id of the leaf."""
    stance: Assertion
    finding: str = ""
    """Name or IRI of a narrower or contrary finding; empty for that of the leaf."""
    observed: date | None = None
    """When it was so; else the day of the document."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Columns of a sheet, such as severity, with their cells."""


@dataclass(frozen=True)
class Ranked:
    """The suggestion that a reading came from."""

    rank: int
    score: float
    method: str


class EvidenceService:
    """What people add to records; every change is permitted by role and written to the audit trail.

    Methods raise `AccessError` where the role does not permit the act, `DocumentationError` where what is added is not well formed,
    and the errors of the base; after any of them nothing has changed.

    Args:
        kb: the knowledge base.
        policy: the policy.
        folder: where the suggestions are remembered that people have rejected.
        trail: the audit trail.
        lock: what keeps others from changing the base meanwhile.
        determine: determines a request and records it: its IRI, the day of review and who acts.
        limit: MiB that a file may have.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        policy: Policy,
        folder: Path,
        trail: AuditTrail,
        lock: threading.RLock,
        determine: Callable[[str, date | None, User], tuple[Determination, ...]],
        limit: int,
    ) -> None:
        self._kb = kb
        self._policy = policy
        self._connected = Database(folder / "evidence.db", _SCHEMA).connected
        self._trail = trail
        self._lock = lock
        self._determine = determine
        self._limit = limit
        self._abstractor: Abstractor | None = None
        self._documents = lru_cache(maxsize=_REMEMBERED)(documents_in)
        self._suggested: dict[tuple[object, ...], tuple[Suggestion, ...]] = {}

    # ------------------------------------------------------------ reading

    def look(self, user: User, uploads: Iterable[Upload], facts: Mapping[str, str] | None = None) -> Files:
        """What files hold, before anything is added; `facts` are those of the request, by column."""
        user.require(Action.ADD_EVIDENCE)
        return read_files(uploads, self._policy, self._options(facts or {}), self._limit)

    def documents(self, user: User, request: str) -> tuple[RecordDocument, ...]:
        """The documents of a request that have a text, by day."""
        user.require(Action.READ)
        return documents_of(self._chart(request))

    def revised(self, user: User, request: str) -> tuple[TakenBack, ...]:
        """What was stated of the texts of a request and taken back."""
        user.require(Action.READ)
        return revised_in(self._chart(request))

    def suggestions(self, user: User, id_: str, determination: Determination) -> dict[str, tuple[Suggestion, ...]]:
        """By the id of each leaf that the request is asked: the best sentences of its documents, without what was rejected.

        Args:
            user: who reads.
            id_: opaque id of the request.
            determination: of the request.
        """
        user.require(Action.READ)
        documents = self._documents(determination.case.iri, determination.case.content)
        criteria = [r.criterion for r in determination.criteria if r.kind is CriterionKind.LEAF]
        days = {document.text.digest: document.day for document in documents if document.day}
        key = (tuple(sorted(days.items())), *(d.text.digest for d in documents), tuple(c.iri for c in criteria))
        with self._lock:
            if key not in self._suggested:
                while len(self._suggested) >= _REMEMBERED:
                    del self._suggested[next(iter(self._suggested))]
                abstractor = self._abstract() if documents else None
                texts = [document.text for document in documents]
                self._suggested[key] = abstractor.suggest(texts, criteria, issued=days) if abstractor else ()
            suggested = self._suggested[key]
        rejected = self.rejected(id_)
        left = [s for s in suggested if (s.criterion.id, s.passage.anchor) not in rejected]
        return {criterion.id: tuple(s for s in left if s.criterion.id == criterion.id) for criterion in criteria}

    def unstated(self, user: User, id_: str, determination: Determination) -> Unstated:
        """What of the record of a request nothing is stated of, though it may bear on what is open; as for `suggestions`."""
        return unstated_of(determination, self.suggestions(user, id_, determination))

    def rejected(self, id_: str) -> frozenset[tuple[str, str]]:
        """The suggestions of a request that people have rejected: id of the criterion, and the IRI of the characters."""
        with self._connected() as connection:
            rows = connection.execute("SELECT criterion, target FROM rejected WHERE subject = ?", (id_,)).fetchall()
        return frozenset((criterion, target) for criterion, target in rows)

    # ------------------------------------------------------------ changing

    def create(
        self, user: User, facts: Mapping[str, str], files: Files, about: Mapping[str, Mapping[str, str]]
    ) -> tuple[str, Effect]:
        """Take in a new request; returns its IRI and what came of it.

        Args:
            user: who takes it in.
            facts: by column of a sheet, such as `service_start`.
            files: what it came with.
            about: what is said of each document, by the digest of its text and the column of a sheet.

        Raises:
            ConflictError: the payer's reference is that of another request.
        """
        request = f"urn:necessity:request:{uuid.uuid4()}"
        detail = f"{len(files.documents)} documents, {len(files.charts)} charts"
        with self._audited(user, Action.TAKE_IN, request_id(request), detail):
            graph = self._sheet([{REQUEST: request, **facts}])
            graph += self._added(graph, URIRef(request), files, about, facts)
            self._refuse_same_reference(graph)
            return request, self._put(user, URIRef(request), graph, files, ())

    def add(self, user: User, id_: str, file: CaseFile, files: Files, about: Mapping[str, Mapping[str, str]]) -> Effect:
        """Add documents and charts to a request, and determine it anew.

        What a chart says of a resource that the record has already stands in place of what was said.
        """
        request = URIRef(file.case.iri)
        detail = f"{len(files.documents)} documents, {len(files.charts)} charts"
        with self._audited(user, Action.ADD_EVIDENCE, id_, detail), self._lock:
            file.refuse_withheld()
            graph = self._chart(str(request))
            graph = replacing(graph, self._added(graph, request, files, about, {}))
            return self._put(user, request, graph, files, file.determinations)

    def change_contacts(self, user: User, id_: str, file: CaseFile, contacts: Mapping[str, str]) -> None:
        """State the reference of a request, who its member and provider are and how they are reached, in place of what was stated.

        Args:
            user: who states it.
            id_: opaque id of the request.
            file: the request with its determinations.
            contacts: the cells of `contact_fields`, by name; what is empty or not there is stated no longer.

        Raises:
            ConflictError: the payer's reference is that of another request.
        """
        request = URIRef(file.case.iri)
        with self._audited(user, Action.ADD_EVIDENCE, id_, "contacts"), self._lock:
            file.refuse_withheld()
            graph = self._chart(str(request))
            program = graph.value(request, NEC.program) or URIRef(f"{request}#program")
            (member,) = graph.objects(request, NEC.member)
            of: dict[str, Node] = {OF_REQUEST: request, OF_MEMBER: member, OF_PROGRAM: program}
            for column in contact_columns(self._policy):
                graph.remove((of[column.of], URIRef(column.property), None))
                if cell := contacts.get(column.name, "").strip():
                    graph.add((of[column.of], URIRef(column.property), Literal(cell)))
                    if column.of == OF_PROGRAM:
                        graph.add((request, NEC.program, program))
                        graph.add((program, RDF.type, NEC.Program))
            if graphs.text(graph, request, DCTERMS.identifier) != file.case.reference:
                self._refuse_same_reference(graph)
            self._put(user, request, graph, Files(), file.determinations)

    def state(
        self,
        user: User,
        id_: str,
        file: CaseFile,
        reading: Meant,
        ranked: Ranked | None = None,
        revises: str = "",
    ) -> Effect:
        """Make a statement of some characters, by name, and determine the request anew.

        Args:
            user: who reads.
            id_: opaque id of the request.
            file: the request with its determinations.
            reading: what they say.
            ranked: the suggestion that they were found by, which the statement keeps.
            revises: IRI of the statement that read the same wrongly, whoever made it; it stays as what is not read any more.
        """
        request = URIRef(file.case.iri)
        with self._audited(user, Action.STATE, id_, "revises" if revises else ""), self._lock:
            file.refuse_withheld()
            graph = self._chart(str(request))
            made, statement = self._statement(user, graph, request, reading, URIRef(revises))
            if ranked:
                made.add((statement, NEC.rank, Literal(ranked.rank)))
                made.add((statement, NEC.score, Literal(Decimal(str(ranked.score)))))
                made.add((statement, NEC.rankedBy, Literal(ranked.method)))
            if revises:
                for kind in graph.objects(URIRef(revises), NEC.authorKind):
                    made.add((statement, NEC.authorKind, kind))
                made.add((statement, PROV.wasRevisionOf, take_back(graph, request, URIRef(revises), user, "")))
            document = made.value(statement, NEC.documentedIn)
            for item in list(graph.subjects(NEC.source, document)):
                if graphs.text(graph, item, NEC.reason) == READ:
                    graph.remove((item, None, None))
            return self._put(user, request, graph + made, Files(), file.determinations)

    def take_back(self, user: User, id_: str, file: CaseFile, statement: str, why: str) -> Effect:
        """Take back a statement, whoever made it: nothing of what it said counts any more; it stays to be seen.

        Raises:
            DocumentationError: it is not said why.
        """
        request = URIRef(file.case.iri)
        if not why.strip():
            raise DocumentationError("it is not said why the statement is taken back")
        with self._audited(user, Action.STATE, id_, "takes back"), self._lock:
            file.refuse_withheld()
            graph = self._chart(str(request))
            take_back(graph, request, URIRef(statement), user, why.strip())
            return self._put(user, request, graph, Files(), file.determinations)

    def reject(self, user: User, id_: str, criterion: str, target: str, *, rejected: bool = True) -> None:
        """Reject a suggestion for everyone who works on the request, or have it suggested again."""
        what = "rejects a suggestion" if rejected else "restores a suggestion"
        with self._audited(user, Action.STATE, id_, what), self._connected() as connection:
            connection.execute(
                "DELETE FROM rejected WHERE subject = ? AND criterion = ? AND target = ?", (id_, criterion, target)
            )
            if rejected:
                row = (id_, criterion, target, user.iri, datetime.now(UTC).isoformat())
                connection.execute("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", row)

    # ------------------------------------------------------------ inside

    def _audited(self, user: User, action: Action, subject: str, detail: str) -> AbstractContextManager[None]:
        return audited(self._trail, user, action, subject, detail)

    def _abstract(self) -> Abstractor | None:
        """What finds sentences; None for a policy that has no examples to learn from."""
        from reasoner.abstraction.suggestions import Abstractor

        if self._abstractor is None and self._policy.sources.example_files:
            self._abstractor = Abstractor(self._policy)
        return self._abstractor

    def _chart(self, request: str) -> Graph:
        content = self._kb.chart(request)
        if not content:
            raise StoreError("there is no chart of this request", where=request)
        return parsing.data_set(request, graphs.triples(content)).graph

    def _options(self, facts: Mapping[str, str]) -> RequestOptions:
        """Facts of a request that a bundle need not state."""
        words = {axis: facts.get(axis.word.replace("-", "_"), "") for axis in self._policy.axes}
        values = [value for axis, word in words.items() for value in axis.values if value.word == word]
        names = ("service_start", "service_end", "jurisdiction", "birth_date", "admitted")
        given = {name: facts[name] for name in names if facts.get(name)}
        return RequestOptions(axis_values=tuple(values), **given) if values or given else NOTHING_GIVEN

    def _sheet(self, rows: Iterable[Mapping[str, str]]) -> Graph:
        """What rows of a sheet say; raises `DocumentationError` for what is wrong with them."""
        rows = [{name: cell for name, cell in row.items() if cell.strip()} for row in rows]
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        graph = Graph(bind_namespaces="none")
        for of_request in sheet.read(text.getvalue().encode(), "the form", self._policy):
            graph += of_request.data_set().graph
        return graph

    def _added(
        self,
        graph: Graph,
        request: URIRef,
        files: Files,
        about: Mapping[str, Mapping[str, str]],
        facts: Mapping[str, str],
    ) -> Graph:
        """What documents and charts add to a chart: each document with its text, and an unread item until somebody states of it."""
        born = graph.value(graph.value(request, NEC.member), NEC.birthDate)
        made = Graph(bind_namespaces="none")
        known = set(map(str, graph.objects(None, NEC.text)))
        for document in files.documents:
            if document.digest in known:
                continue
            said = dict(about.get(document.digest, {}))
            title = said.get("document") or document.name
            name = f"document-{document.digest.rpartition(';')[2][:16]}"
            row = {name: said.get(name, "") for name in _ABOUT_DOCUMENTS} | {"document": title}
            unread = {
                "kind": terms.local(str(NEC.Document)),
                "words": title,
                "reason": READ,
                STATEMENT: f"{name}-unread",
            }
            (item,) = (part := self._sheet([{REQUEST: str(request), **row, **unread}])).subjects(RDF.type, NEC.Unread)
            old, node = part.value(item, NEC.source), URIRef(f"{request}#{name}")
            for subject, predicate, value in part:
                if subject in (old, item):
                    made.add((node if subject == old else subject, predicate, node if value == old else value))
            for triple in text_triples(node, document):
                made.add(triple)
        for chart in files.charts:
            made += moved(chart, request, born)
        return made

    def _refuse_same_reference(self, graph: Graph) -> None:
        (request,) = graph.subjects(RDF.type, NEC.ReviewRequest)
        reference = graph.value(request, DCTERMS.identifier)
        if reference is not None:
            text = f"ASK {{ ?r a <{NEC.ReviewRequest}> ; <{DCTERMS.identifier}> {reference.n3()} }}"
            if self._kb.query(text):
                raise ConflictError(
                    "there is a request with this reference", mend="Open that one and add the evidence to it"
                )

    def _statement(
        self, user: User, graph: Graph, request: URIRef, reading: Meant, revises: URIRef
    ) -> tuple[Graph, URIRef]:
        """The triples of a statement, as `necessity abstract --accept` makes them."""
        case = read_chart(str(request), self._kb.chart(str(request)), self._policy)
        place = (
            in_text(graph, reading.text, reading.start, reading.end) if reading.text else in_chart(case, str(revises))
        )
        row = {
            REQUEST: str(request),
            columns.CRITERION: reading.criterion,
            columns.STANCE: reading.stance.slug,
            columns.FINDING: reading.finding,
            columns.OBSERVED: reading.observed.isoformat() if reading.observed else "",
            **place.cells,
            **reading.details,
            **self.facts(case),
        }
        made = self._accepted(row, user, place.text)
        (node,) = made.subjects(NEC.assertion)
        statement = URIRef(f"{request}#statement-{uuid.uuid4()}")
        found = Graph(bind_namespaces="none")
        instead: dict[Node, Node] = {node: statement}
        own = {NEC.about: request, NEC.documentedIn: URIRef(place.document), PROV.wasAttributedTo: URIRef(user.iri)}
        instead |= {old: term for predicate, term in own.items() if (old := made.value(node, predicate)) is not None}
        for predicate, value in made.predicate_objects(node):
            found.add((statement, predicate, instead.get(value, value)))
        if place.recorded:
            found.set((statement, NEC.recorded, Literal(place.recorded.isoformat(), datatype=XSD.date)))
        return found, statement

    def _accepted(self, row: Mapping[str, str], user: User, text: DocumentText | None) -> Graph:
        kept = {name: cell for name, cell in row.items() if cell}
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, list(kept))
        writer.writeheader()
        writer.writerow(kept)
        data = stream.getvalue().encode()
        accepted = accept(
            data,
            "the form",
            self._policy,
            today=date.today(),
            reviewer=user.name,
            documents=(text,) if text else (),
            of_texts=text is not None,
        )
        for error in accepted.errors:
            raise error
        for item in accepted.chart.subjects(RDF.type, NEC.Unread):  # a code or a date of the form
            raise DocumentationError(graphs.text(accepted.chart, item, NEC.reason), mend="Correct it in the form")
        return accepted.chart

    def facts(self, case: Case) -> dict[str, str]:
        """Facts of a request that a row of a review sheet needs beside its statement."""
        words = {value.iri: (axis, value) for axis in self._policy.axes for value in axis.values}
        axes = {words[iri][0].word.replace("-", "_"): words[iri][1].word for iri in case.axis_values if iri in words}
        return {"service_start": case.start.isoformat(), "birth_date": case.birth.isoformat(), **axes}

    def _put(
        self, user: User, request: URIRef, graph: Graph, files: Files, before: tuple[Determination, ...]
    ) -> Effect:
        """Have a chart stand for the request, keep the files of its texts, determine it, and say what that changes."""
        content = graphs.canonical(graph)
        with self._lock:
            case = read_chart(str(request), content, self._policy)
            if self._kb.originals:
                for document in files.documents:
                    self._kb.originals.keep(document.original, actor(user))
            self._kb.load_case(case, by=actor(user))
            now = self._determine(str(request), before[0].case.as_of if before else None, user)
        outcomes = (before[0].outcome.value if before else "", now[0].outcome.value)
        return Effect(changes(before, now), outcomes, self._spoken(files, now[0]))

    def _spoken(self, files: Files, determination: Determination) -> tuple[tuple[str, str, int], ...]:
        """The open criteria that new sentences speak to before any other, with their number."""
        texts = [document for document in files.documents if document.text.strip()]
        open_ = [r.criterion for r in determination.criteria if r.kind is CriterionKind.LEAF and r.status in UNRESOLVED]
        counts: dict[str, int] = {}
        abstractor = self._abstract() if texts and open_ else None
        for suggestion in abstractor.by_sentence(texts, open_, best=1) if abstractor else ():
            if suggestion.score >= LIKELY:
                counts[suggestion.criterion.id] = counts.get(suggestion.criterion.id, 0) + 1
        return tuple((c.id, c.label, counts[c.id]) for c in open_ if c.id in counts)
