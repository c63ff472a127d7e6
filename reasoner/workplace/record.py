"""The record of a request as people read it: its documents with their texts, and what was stated of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rdflib import Graph, Literal, URIRef

from reasoner.abstraction.dates import issued as seems_issued
from reasoner.chart.documents.anchors import parse_target, texts_of
from reasoner.chart.documents.model import DocumentText, Page
from reasoner.chart.model import Statement
from reasoner.determination.model import Determination
from reasoner.ground.errors import ConflictError
from reasoner.policy.model import CriterionKind
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, PROV, RDF
from reasoner.review.people import User


@dataclass(frozen=True)
class RecordDocument:
    """A document of the record that has its text."""

    iri: str
    title: str
    issued: date | None
    """The day that is stated of it; None if none is."""
    about: str
    """Its author and their role, in words."""
    text: DocumentText
    unread: bool
    """Whether nobody has made a statement of it yet."""

    @property
    def day(self) -> date | None:
        """The day that is stated, else the one that its beginning seems to name."""
        return self.issued or seems_issued(self.text, date.today())


def documents_of(chart: Graph) -> tuple[RecordDocument, ...]:
    """The documents of a chart that have a text, by their day and title."""
    texts = texts_of(chart)
    found = []
    unread = {
        str(source) for item in chart.subjects(RDF.type, NEC.Unread) for source in chart.objects(item, NEC.source)
    }
    for document, node in chart.subject_objects(NEC.text):
        text = texts.get(str(node))
        if text is None or not isinstance(document, URIRef):
            continue
        ends = [*text.page_starts[1:], len(text.content)]
        pages = tuple(Page(n, start, end) for n, (start, end) in enumerate(zip(text.page_starts, ends, strict=True), 1))
        title = graphs.text(chart, document, DCTERMS.title) or "Document without a title"
        author, role = (graphs.text(chart, document, p) for p in (DCTERMS.creator, NEC.authorRole))
        stated = graphs.text(chart, document, DCTERMS.issued)
        found.append(
            RecordDocument(
                iri=str(document),
                title=title,
                issued=date.fromisoformat(stated[:10]) if stated else None,
                about=", ".join(filter(None, (author, role))),
                text=DocumentText(
                    name=title,
                    media_type=graphs.text(chart, node, DCTERMS["format"]),
                    text=text.content,
                    digest=str(node),
                    pages=pages,
                    original_digest=str(chart.value(node, NEC.original) or ""),
                ),
                unread=str(document) in unread,
            )
        )
    return tuple(sorted(found, key=lambda document: (document.day or date.max, document.title, document.iri)))


@dataclass(frozen=True)
class Stated:
    """A statement that rests on characters of a document."""

    statement: Statement
    text: str
    """The digest of the text."""
    start: int
    end: int
    criteria: tuple[str, ...]
    """Ids of the criteria that it bears on or was set aside for."""


def stated_of(determination: Determination) -> Iterator[Stated]:
    """The statements of a request that name characters, in the order of their IRIs."""
    bears: dict[str, list[str]] = {}
    for result in determination.criteria:
        statements = [bearing.statement for bearing in result.evidence] + [
            aside.statement for aside in result.set_aside
        ]
        for iri in dict.fromkeys(statement.iri for statement in statements):
            bears.setdefault(iri, []).append(result.criterion.id)
    for statement in determination.case.statements:
        if statement.anchor:
            anchor = statement.anchor
            yield Stated(statement, anchor.text, anchor.start, anchor.end, tuple(bears.get(statement.iri, ())))


@dataclass(frozen=True)
class TakenBack:
    """What somebody read wrongly: a statement that another stands for, or that was taken back."""

    iri: str
    words: str
    reason: str
    start: int
    end: int
    text: str


def revised_in(chart: Graph) -> tuple[TakenBack, ...]:
    """What was stated of the texts of a chart and was taken back, by place."""
    found = []
    for item in chart.subjects(RDF.type, NEC.Unread):
        target = parse_target(str(chart.value(item, OA.hasTarget) or ""))
        if target:
            words, reason = (graphs.text(chart, item, p) for p in (NEC.words, NEC.reason))
            found.append(TakenBack(str(item), words, reason, target.start, target.end, target.text))
    return tuple(sorted(found, key=lambda revised: (revised.text, revised.start, revised.iri)))


@dataclass(frozen=True)
class Effect:
    """What something that was added to a record changes."""

    changed: tuple[tuple[str, str, str, str], ...]
    """Criteria whose status is another now: id, label, and the status before and now; empty where it is not asked."""
    outcomes: tuple[str, str]
    """The outcomes before and now; empty before for a new request."""
    spoken: tuple[tuple[str, str, int], ...] = ()
    """Criteria that are open: id, label, and the number of new sentences that may speak to it before any other."""


def changes(before: tuple[Determination, ...], now: tuple[Determination, ...]) -> tuple[tuple[str, str, str, str], ...]:
    """The leaves whose status differs between determinations of a request; see `Effect.changed`."""
    earlier, later = (
        {r.criterion.iri: r for d in some for r in d.criteria if r.kind is CriterionKind.LEAF} for some in (before, now)
    )
    found = []
    for iri in dict.fromkeys((*later, *earlier)):
        was, is_ = (results[iri].status.value if iri in results else "" for results in (earlier, later))
        if was != is_ and before:
            criterion = (later.get(iri) or earlier[iri]).criterion
            found.append((criterion.id, criterion.label, was, is_))
    return tuple(found)


def replacing(graph: Graph, added: Graph) -> Graph:
    """A chart with what was added, which stands in place of what the chart says of the same resources."""
    found = Graph(bind_namespaces="none")
    told = set(added.subjects())
    for triple in graph:
        if triple[0] not in told:
            found.add(triple)
    return found + added


def take_back(graph: Graph, request: URIRef, statement: URIRef, user: User, why: str) -> None:
    """Have a statement of a chart be what somebody read wrongly: no evidence, with its words and its place.

    Raises:
        ConflictError: the chart has no such statement with characters that a person has made.
    """
    target, excerpt = graph.value(statement, OA.hasTarget), graphs.text(graph, statement, NEC.excerpt)
    stance = graph.value(statement, NEC.assertion)
    if target is None or stance is None or (statement, PROV.wasAttributedTo, None) not in graph:
        raise ConflictError("no person has made this statement of a text", mend="Look at the record again")
    named = [
        terms.words(terms.local(str(kind))) for kind in graph.objects(statement, RDF.type) if kind != NEC.Statement
    ]
    named += [str(iri).rpartition("/")[2] for iri in graph.objects(statement, NEC.addresses)]
    document = graph.value(statement, NEC.documentedIn)
    reason = f"{user.name} on {date.today()}: read wrongly as {terms.words(terms.local(str(stance)))}"
    reason += f": {', '.join(sorted(named))}" if named else ""
    kept = [(OA.hasTarget, target), (NEC.source, document), (NEC.words, Literal(excerpt or "a statement"))]
    kept += [
        (p, o)
        for p in (PROV.wasAttributedTo, PROV.generatedAtTime, PROV.wasRevisionOf)
        for o in graph.objects(statement, p)
    ]
    graph.remove((statement, None, None))
    for predicate, value in kept:
        if value is not None:
            graph.add((statement, predicate, value))
    graph.add((statement, RDF.type, NEC.Unread))
    graph.add((statement, NEC.about, request))
    graph.add((statement, NEC.kind, NEC.OtherItem))
    graph.add((statement, NEC.reason, Literal(f"{reason}. {why}" if why else reason)))
