"""Accepting: statements of the suggestions that a person has marked with a stance, each with its name, day and anchor.

The rows of a review sheet that have a stance become a sheet of statements, which `reasoner.chart.tables.sheet` reads; the
characters, the person and the day are added to what it makes of them. A row without a stance says nothing. A row that cannot
be taken is an error with its number, and an unread item of its request, so that no determination hides it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.abstraction import columns
from reasoner.chart.documents.anchors import Characters, parse_target, target_iri, text_triples
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.model import Assertion
from reasoner.chart.tables import cells, sheet
from reasoner.chart.tables.cells import CellError
from reasoner.chart.tables.rows import CsvRecords, FaultyRecord, header, plain
from reasoner.chart.tables.vocabulary import OF_PARTIES, REQUEST, STATEMENT, names_of, node
from reasoner.ground.display import unguarded
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion
from reasoner.policy.search import contraries, inapplicable, narrower
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, OA, PROV, RDF, SKOS, XSD

_STANCES = {plain(stance.slug): stance for stance in Assertion}
_OTHER_ITEM = "OtherItem"


@dataclass(frozen=True)
class Accepted:
    """What became of a review sheet."""

    chart: Graph
    """The charts of its requests; empty if no row has a stance."""
    statements: int
    errors: tuple[NecessityError, ...]
    """Rows and requests that were rejected."""


@dataclass(frozen=True)
class _Marked:
    """What a row says beside its statement."""

    characters: Characters | None
    """None where rows need not name any."""
    reviewer: str
    reviewed: str


class _RowError(ValueError):
    """What is wrong with a row."""


def accept(
    data: bytes,
    source: str,
    policy: Policy,
    *,
    today: date,
    reviewer: str = "",
    facts: Mapping[str, str] | None = None,
    documents: Iterable[DocumentText] = (),
    of_texts: bool = True,
) -> Accepted:
    """The charts of the rows of a review sheet that have a stance.

    Args:
        data: the sheet, CSV in UTF-8.
        source: what to call it in errors.
        policy: the policy that the criteria are of.
        today: the day on which rows were marked that do not say so.
        reviewer: who marked the rows that do not say so.
        facts: facts of the request by column, in place of what the rows say.
        documents: documents in which the quotes have to stand; a quote of another document is taken as it is.
        of_texts: whether each row has to name the characters of a text at which its words stand.

    Raises:
        DocumentationError: it is no CSV in UTF-8, or a column is missing.
    """
    records = CsvRecords(io.BytesIO(data), source)
    start, names = header(records)
    own = {plain(name): name for name in (*columns.ORDER, REQUEST)}
    names = [own.get(plain(name), name) for name in names]
    for needed in columns.NEEDED if of_texts else (columns.CRITERION, columns.STANCE):
        if needed not in names:
            raise DocumentationError(
                f"the sheet has no column {needed!r}",
                where=source,
                mend="Take the sheet that `necessity abstract --format csv` writes, with all its columns",
            )
    by_digest = {document.digest: document for document in documents}
    review = _Review(source, policy, today, reviewer, by_digest, of_texts=of_texts)
    rows: dict[int, dict[str, str]] = {}
    for number, record in enumerate(records, start + 1):
        row = {name: unguarded(cell.strip()) for name, cell in zip(names, record, strict=False) if cell.strip()}
        broken = isinstance(record, FaultyRecord) or (any(record) and len(record) != len(names))
        if columns.STANCE in row or broken:
            rows[number] = review.row(number, row | dict(facts or {}), broken)
    return review.charts(rows)


class _Review:
    """Takes the rows of a review sheet."""

    def __init__(
        self,
        source: str,
        policy: Policy,
        today: date,
        reviewer: str,
        documents: Mapping[str, DocumentText],
        *,
        of_texts: bool,
    ) -> None:
        self.source = source
        self.policy = policy
        self.today = today
        self.reviewer = reviewer
        self.documents = documents
        self.of_texts = of_texts
        self.of_request = {name for name, column in sheet.columns(policy).items() if column.of in OF_PARTIES} | {
            REQUEST
        }
        self.marked: dict[int, _Marked] = {}
        self.errors: list[NecessityError] = []

    def row(self, number: int, row: dict[str, str], broken: bool) -> dict[str, str]:
        """A row as that of a sheet of statements: a statement, or an unread item if it cannot be taken."""
        kept = {name: cell for name, cell in row.items() if name not in columns.SHEET_ALONE}
        name = f"reviewed-{number}"
        try:
            if broken:
                raise _RowError("the row has not the cells of the header, so what it says cannot be told")
            stance = self.stance(row)
            self.marked[number] = self.mark(row)
        except _RowError as error:
            self.errors.append(DocumentationError(str(error), where=f"{self.source}, row {number}"))
            return {column: cell for column, cell in kept.items() if column in self.of_request} | {
                STATEMENT: name,
                "kind": _OTHER_ITEM,
                "words": row.get(columns.QUOTE, "a row of a review"),
                "reason": f"row {number} of the review was rejected: {error}",
                "source": row.get(columns.FILE, self.source),
            }
        if columns.FINDING in kept:  # it says which criterion it speaks to, and how
            del kept[columns.CRITERION]
        return kept | {STATEMENT: name, "assertion": stance.slug, "excerpt": row.get(columns.QUOTE, "")}

    def stance(self, row: Mapping[str, str]) -> Assertion:
        """The stance of a row; raises `_RowError` where its criterion or its finding cannot have it."""
        stance = _STANCES.get(plain(row[columns.STANCE]))
        if stance is None:
            known = ", ".join(each.slug for each in Assertion)
            raise _RowError(f"column {columns.STANCE!r}: it is none of {known}")
        version = self.version(row)
        criterion = version.by_id.get(row.get(columns.CRITERION, ""))
        if criterion is None or criterion.kind is not CriterionKind.LEAF:
            raise _RowError(f"column {columns.CRITERION!r}: {version.id} has no such leaf")
        if stance is Assertion.NOT_APPLICABLE and not criterion.conditional:
            raise _RowError(
                f"column {columns.STANCE!r}: {criterion.id} cannot be not applicable, as it is not conditional"
            )
        if finding := row.get(columns.FINDING):
            try:
                term = names_of(self.policy).find(str(NEC.Statement), finding, "")
            except CellError as error:
                raise _RowError(f"column {columns.FINDING!r}: {error}") from error
            if terms.name(term) not in _speaking(version, criterion):
                raise _RowError(f"column {columns.FINDING!r}: it does not speak to {criterion.id}")
        return stance

    def version(self, row: Mapping[str, str]) -> PolicyVersion:
        """The version of the policy that is in force at the start of service; the latest, where that is not known."""
        try:
            start = date.fromisoformat(cells.day(row.get("service_start", ""))[0])
        except CellError:
            return self.policy.versions[-1]
        return self.policy.version_on(start) or self.policy.versions[-1]

    def mark(self, row: Mapping[str, str]) -> _Marked:
        """Who marked a row and when, and the characters that it is about; raises `_RowError`."""
        reviewer = row.get(columns.REVIEWER) or self.reviewer
        if not reviewer:
            raise _RowError(
                f"column {columns.REVIEWER!r}: it does not say who marked it: name them, or give --reviewer"
            )
        if "issued" not in row and "recorded" not in row:
            raise _RowError("column 'issued': the day of the document is missing")
        for column in ("issued", columns.OBSERVED, columns.REVIEWED):
            if column in row:
                _day(column, row[column])
        reviewed = _day(columns.REVIEWED, row.get(columns.REVIEWED, self.today.isoformat()))
        if not self.of_texts:
            return _Marked(None, reviewer, reviewed)
        named = (row.get(column, "") for column in (columns.TEXT, columns.START, columns.END))
        characters = parse_target("{}#char={},{}".format(*named))
        if characters is None:
            raise _RowError(f"columns {columns.TEXT!r}, {columns.START!r} and {columns.END!r}: they name no characters")
        words = row.get(columns.QUOTE, "").split()
        if not words:
            raise _RowError(f"column {columns.QUOTE!r}: the words are missing")
        document = self.documents.get(characters.text)
        if document is not None and document.text[characters.start : characters.end].split() != words:
            raise _RowError(f"column {columns.QUOTE!r}: these words do not stand at these characters of the document")
        return _Marked(characters, reviewer, reviewed)

    def charts(self, rows: Mapping[int, Mapping[str, str]]) -> Accepted:
        """The charts of rows of a sheet of statements, by number."""
        chart = Graph(bind_namespaces="none")
        statements = 0
        for of_request in sheet.read(_as_csv(rows), self.source, self.policy) if rows else ():
            try:
                graph = of_request.data_set().graph
            except DocumentationError as error:
                self.errors.append(error)
                continue
            for statement in list(graph.subjects(NEC.assertion)):
                self.complete(graph, statement, self.marked[of_request.numbers[str(statement)]])
                statements += 1
            chart += graph
        return Accepted(chart, statements, tuple(self.errors))

    def complete(self, graph: Graph, statement: Node, marked: _Marked) -> None:
        """Add what a marked row says of its statement and its document beside what a sheet can say."""
        person = URIRef(node(marked.reviewer, "urn:necessity:person:"))
        graph.add((statement, PROV.wasAttributedTo, person))
        graph.add((statement, PROV.generatedAtTime, Literal(marked.reviewed, datatype=XSD.date)))
        graph.add((person, RDF.type, PROV.Person))
        graph.add((person, SKOS.prefLabel, Literal(marked.reviewer)))
        if marked.characters is None:
            return
        graph.add((statement, OA.hasTarget, URIRef(target_iri(*marked.characters))))
        document = graph.value(statement, NEC.documentedIn)
        text = self.documents.get(marked.characters.text)
        if isinstance(document, URIRef):
            graph.add((document, NEC.text, URIRef(marked.characters.text)))
            for triple in text_triples(document, text) if text else ():
                graph.add(triple)


def _speaking(version: PolicyVersion, criterion: Criterion) -> frozenset[str]:
    """The IRIs of the findings that affirm or deny a leaf, or mark it as not applicable."""
    own = criterion.finding
    affirming = narrower(version.ontology, own)
    return frozenset({own, *affirming, *contraries(version, own), *inapplicable(version, own)})


def _day(column: str, cell: str) -> str:
    try:
        return cells.day(cell)[0]
    except CellError as error:
        raise _RowError(f"column {column!r}: {error}") from error


def _as_csv(rows: Mapping[int, Mapping[str, str]]) -> bytes:
    """Rows of a sheet, each at its number, with blank ones between."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    text = io.StringIO(newline="")
    add = csv.writer(text).writerow
    add(names)
    for number in range(2, max(rows) + 1):
        add([rows.get(number, {}).get(name, "") for name in names])
    return text.getvalue().encode()
