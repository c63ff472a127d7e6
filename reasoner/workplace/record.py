"""The record of a request as people read it: its documents with their texts, and what was stated of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rdflib import Graph, Literal, URIRef

from reasoner.abstraction import columns
from reasoner.abstraction.dates import issued as seems_issued
from reasoner.chart.documents.anchors import parse_target, texts_of
from reasoner.chart.documents.model import DocumentText, Page
from reasoner.chart.model import Case, Statement
from reasoner.determination.model import Determination
from reasoner.ground.display import guarded
from reasoner.ground.errors import ConflictError
from reasoner.logic.fold import UNRESOLVED
from reasoner.policy.model import Criterion, CriterionKind
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, PROV, RDF, SKOS
from reasoner.review.people import User

if TYPE_CHECKING:
    from reasoner.abstraction.suggestions import Suggestion

LIKELY = 0.2
"""The score from which on a sentence is told of: half of those that reach it speak to the criterion, of all one in four."""


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


def documents_in(request: str, content: str) -> tuple[RecordDocument, ...]:
    """As `documents_of`, given the IRI of the request and the content of its chart."""
    return documents_of(parsing.data_set(request, graphs.triples(content)).graph)


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
    """A statement of the record, and the characters that it rests on."""

    statement: Statement
    text: str
    """The digest of the text; empty where the statement names no characters, as one of FHIR, a sheet or a form."""
    start: int
    end: int
    criteria: tuple[str, ...]
    """Ids of the criteria that it bears on or was set aside for."""


def stated_of(determination: Determination) -> Iterator[Stated]:
    """The statements of a request, in the order of their IRIs."""
    bears: dict[str, list[str]] = {}
    for result in determination.criteria:
        statements = [bearing.statement for bearing in result.evidence] + [
            aside.statement for aside in result.set_aside
        ]
        for iri in dict.fromkeys(statement.iri for statement in statements):
            bears.setdefault(iri, []).append(result.criterion.id)
    for statement in determination.case.statements:
        anchor = statement.anchor
        place = (anchor.text, anchor.start, anchor.end) if anchor else ("", 0, 0)
        yield Stated(statement, *place, tuple(bears.get(statement.iri, ())))


@dataclass(frozen=True)
class Unstated:
    """What of a record nothing is stated of, though it may bear on what is open."""

    items: int
    """Unread items."""
    sentences: int
    """Sentences that are likely to speak to an open criterion, and that nobody has judged for it."""
    criteria: tuple[tuple[Criterion, int], ...]
    """The open criteria that they may speak to, each with how many; a sentence may speak to several."""

    @property
    def words(self) -> str:
        """How much it is, such as `1 item and 2 sentences`; empty if it is nothing."""
        counts = {"item": self.items, "sentence": self.sentences}
        return " and ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in counts.items() if n)


def unstated_of(determination: Determination, suggested: Mapping[str, Sequence[Suggestion]]) -> Unstated:
    """What of the record of a request nothing is stated of.

    Args:
        determination: of the request.
        suggested: by the id of each leaf the sentences that may speak to it, without those that people have rejected.
    """
    judged = {(id_, each.text, each.start, each.end) for each in stated_of(determination) for id_ in each.criteria}

    def is_open(suggestion: Suggestion) -> bool:
        return suggestion.score >= LIKELY and not any(
            id_ == suggestion.criterion.id
            and text == place.document.digest
            and start < place.sentence.end
            and place.sentence.start < end
            for place in (suggestion.passage, *suggestion.copies)
            for id_, text, start, end in judged
        )

    sentences: set[str] = set()
    criteria = []
    for result in determination.criteria:
        if result.status in UNRESOLVED:
            found = {s.passage.anchor for s in suggested.get(result.criterion.id, ()) if is_open(s)}
            sentences |= found
            if found:
                criteria.append((result.criterion, len(found)))
    return Unstated(len(determination.case.unread), len(sentences), tuple(criteria))


@dataclass(frozen=True)
class StatedPlace:
    """Where something stands that a person makes a statement of."""

    cells: Mapping[str, str]
    """What a row of a review sheet says of it."""
    document: str
    """IRI of the document."""
    recorded: date | None
    """When it was recorded, where that is not the day that its document states."""
    text: DocumentText | None
    """The text that it stands in; None for a statement of a chart that names no characters."""


def in_text(chart: Graph, digest: str, start: int, end: int) -> StatedPlace:
    """Where characters of a text of a chart stand; raises `ConflictError` if the chart has no such text."""
    document = next((each for each in documents_of(chart) if each.text.digest == digest), None)
    if document is None:
        raise ConflictError("the record has no such text any more", mend="Look at the document again")
    text, day = document.text, document.day
    cells = {
        columns.QUOTE: guarded(text.text[start:end].strip()),
        columns.PAGE: str(text.page_at(start)),
        columns.TEXT: digest,
        columns.START: str(start),
        columns.END: str(end),
        "document": document.title,
        "issued": day.isoformat() if day else "",
    }
    return StatedPlace(cells, document.iri, day if document.issued is None else None, text)


def in_chart(case: Case, statement: str) -> StatedPlace:
    """Where a statement of a chart stands, by its IRI; raises `ConflictError` if the chart has no such statement."""
    old = next((each for each in case.statements if each.iri == statement), None)
    if old is None:
        raise ConflictError("the record has no such statement any more", mend="Look at the record again")
    cells = {
        columns.QUOTE: guarded(old.excerpt),
        columns.PAGE: guarded(old.page),
        "document": guarded(old.document.title),
        "issued": old.recorded.isoformat(),
    }
    return StatedPlace(cells, old.document.iri, old.recorded, None)


@dataclass(frozen=True)
class TakenBack:
    """What somebody read wrongly: a statement that another stands for, or that was taken back."""

    iri: str
    words: str
    reason: str
    text: str
    """The digest of the text that it was stated of; empty where it named no characters."""
    start: int
    end: int


def revised_in(chart: Graph) -> tuple[TakenBack, ...]:
    """The statements of a chart that were taken back, by place."""
    found = []
    for item in chart.subjects(RDF.type, NEC.Unread):
        if (item, PROV.wasAttributedTo, None) in chart:
            target = parse_target(str(chart.value(item, OA.hasTarget) or ""))
            place = (target.text, target.start, target.end) if target else ("", 0, 0)
            words, reason = (graphs.text(chart, item, p) for p in (NEC.words, NEC.reason))
            found.append(TakenBack(str(item), words, reason, *place))
    return tuple(sorted(found, key=lambda revised: (revised.text, revised.start, revised.iri)))


@dataclass(frozen=True)
class Effect:
    """What something that was added to a record changes."""

    changed: tuple[tuple[str, str, str, str], ...]
    """Criteria whose status is another now: notation, label, and the status before and now; empty where it is not asked."""
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
            found.append((criterion.notation or criterion.id, criterion.label, was, is_))
    return tuple(found)


def replacing(graph: Graph, added: Graph) -> Graph:
    """A chart with what was added, which stands in place of what the chart says of the same resources."""
    found = Graph(bind_namespaces="none")
    told = set(added.subjects())
    for triple in graph:
        if triple[0] not in told:
            found.add(triple)
    return found + added


def take_back(graph: Graph, request: URIRef, statement: URIRef, user: User, why: str) -> URIRef:
    """Have a statement of a chart be what somebody read wrongly: no evidence, with its words and its place.

    Returns:
        The unread item that stands for it. Its IRI is another, so that a later version of a chart, which may state the same
        again, does not remove it.

    Raises:
        ConflictError: the chart has no such statement.
    """
    stance = graph.value(statement, NEC.assertion)
    if stance is None:
        raise ConflictError("the record has no such statement any more", mend="Look at the record again")
    named = [
        terms.words(terms.local(str(kind))) for kind in graph.objects(statement, RDF.type) if kind != NEC.Statement
    ]
    named += [str(iri).rpartition("/")[2] for iri in graph.objects(statement, NEC.addresses)]
    reason = f"{user.name} on {date.today()}: read wrongly as {terms.words(terms.local(str(stance)))}"
    reason += f": {', '.join(sorted(named))}" if named else ""
    item = URIRef(f"{request}#taken-back-{uuid.uuid4()}")
    kept = [
        (predicate, value)
        for predicate in (OA.hasTarget, PROV.wasAttributedTo, PROV.generatedAtTime, PROV.wasRevisionOf)
        for value in graph.objects(statement, predicate)
    ]
    source, words = graph.value(statement, NEC.documentedIn), graphs.text(graph, statement, NEC.excerpt)
    if (statement, PROV.wasAttributedTo, None) not in graph:  # it was read from a chart
        kept.append((PROV.wasAttributedTo, URIRef(user.iri)))
        graph.add((URIRef(user.iri), RDF.type, PROV.Person))
        graph.add((URIRef(user.iri), SKOS.prefLabel, Literal(user.name)))
    if source is not None:
        kept.append((NEC.source, source))
    graph.remove((statement, None, None))
    for predicate, value in kept:
        graph.add((item, predicate, value))
    graph.add((item, RDF.type, NEC.Unread))
    graph.add((item, PROV.wasRevisionOf, statement))
    graph.add((item, NEC.about, request))
    graph.add((item, NEC.kind, NEC.OtherItem))
    graph.add((item, NEC.words, Literal(words or ", ".join(sorted(named)) or "a statement")))
    graph.add((item, NEC.reason, Literal(f"{reason}. {why}" if why else reason)))
    return item
