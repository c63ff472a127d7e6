"""Sheets: statements as the rows of CSV, XLSX or Parquet, in the terms of the policy's vocabulary.

A row is a statement or an unread item; it becomes one where its code, or the date of its condition, cannot be read. The rows
of a request are next to each other and state its facts on each row, or on one of them. The table
``ontology/sheet/columns.ttl`` says what a column means; any other column is a property named with its prefix. The rows of a
request become a data set, or an error that names the rows.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import pyoxigraph as ox

from reasoner.chart.tables import cells as written
from reasoner.chart.tables.cells import CellError, PartialDateError, UnreadableError
from reasoner.chart.tables.request import Rows, SheetRow
from reasoner.chart.tables.rows import FAULTS, CsvRecords, FaultyRecord, header, plain, uncertain
from reasoner.chart.tables.unread import UnreadableCell, unread_items
from reasoner.chart.tables.vocabulary import (
    ANY,
    CONCEPT,
    CRITERION,
    DAY,
    NUMBER,
    OF_DOCUMENT,
    OF_MEMBER,
    OF_PLAN,
    OF_REQUEST,
    OF_STATEMENT,
    OF_UNREAD,
    PERSON,
    REQUEST,
    STATEMENT,
    SYSTEM,
    TEXT,
    TRUTH,
    SheetColumn,
    columns,
    guessed,
    literal,
    names_of,
    node,
)
from reasoner.ground.errors import DocumentationError
from reasoner.policy.model import Policy, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OWL, RDF, XSD

__all__ = ["REQUEST", "Rows", "SheetColumn", "SheetRow", "columns", "is_sheet", "read"]

_PROBLEMS_SHOWN = 10
_KEPT = 16384
_LOOKED_AT = 20  # rows, for a header further down
_POINTS_GROUP = ";"  # parts cells where commas are decimal
_TRUTHS = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false"}

_TYPE, _ABOUT, _SOURCE, _DOCUMENTED = (ox.NamedNode(p) for p in (RDF.type, NEC.about, NEC.source, NEC.documentedIn))
_KIND, _WORDS, _REASON, _CODE = (ox.NamedNode(p) for p in (NEC.kind, NEC.words, NEC.reason, NEC.code))
_OBSERVED, _RECORDED = ox.NamedNode(NEC.observed), ox.NamedNode(NEC.recorded)
_HAS_MEMBER, _HAS_PLAN, _START = ox.NamedNode(NEC.member), ox.NamedNode(NEC.plan), str(NEC.serviceStart)
_REQUEST, _MEMBER, _PLAN = (ox.NamedNode(kind) for kind in (OF_REQUEST, OF_MEMBER, OF_PLAN))
_STATEMENT, _UNREAD, _DOCUMENT = (ox.NamedNode(kind) for kind in (NEC.Statement, NEC.Unread, NEC.Document))


def is_sheet(names: Iterable[str]) -> bool:
    """Whether columns are those of a sheet of statements, and not of quads."""
    return REQUEST in map(plain, names)


def read(data: bytes, source: str, policy: Policy, *, first: int | None = None) -> Iterator[Rows]:
    """The requests of a sheet in CSV, in order.

    Args:
        data: the sheet, with its header.
        source: what to call it in errors.
        policy: the policy whose vocabulary it uses.
        first: number of the first row after the header, for a part of a sheet.

    Raises:
        DocumentationError: it is no CSV in UTF-8, or has a column without a meaning.
    """
    records = CsvRecords(io.BytesIO(data), source)
    number, names = header(records)
    reader = _SheetReader(policy, names, f"{source}, row {number}", source, records)
    runs = _runs(reader.rows(number + 1 if first is None else first))
    count = Counter(run.name for run in runs)
    for run in runs:
        yield reader.request(run, scattered=count[run.name] > 1)


@dataclass
class _Run:
    """Rows of one request that stand together."""

    name: str | None
    rows: list[SheetRow]
    after: int = 0
    """Number of the row before them, if it may be theirs; 0 otherwise."""


def _runs(rows: Iterable[SheetRow]) -> list[_Run]:
    """Rows by request. One of which that cannot be told is put to the request before it, and told to the one after it."""
    runs: list[_Run] = []
    after = 0
    for row in rows:
        if not row.certain:
            if not runs:
                runs.append(_Run(None, []))
            runs[-1].rows.append(row)
            after = row.number
            continue
        name = row.cells.get(REQUEST)
        if runs and runs[-1].name == name:
            runs[-1].rows.append(row)
        else:
            runs.append(_Run(name, [row], after))
        after = 0
    return runs


class _SheetReader:
    """Reads the rows of one sheet."""

    def __init__(self, policy: Policy, names: list[str], place: str, source: str, records: CsvRecords) -> None:
        self.source = source
        self.place = place
        self.records = records
        self.names = names_of(policy)
        self.meanings = columns(policy)
        own = {plain(name): name for name in (*self.meanings, REQUEST, STATEMENT, SYSTEM)}
        self.header = [own.get(plain(name), name) for name in names]
        if REQUEST not in self.header:
            raise self.without_request()
        self.columns: dict[str, SheetColumn] = {}
        for at, name in enumerate(self.header):
            if name and name not in (REQUEST, STATEMENT, SYSTEM):
                column = self.meanings.get(name) or self.property(name)
                self.header[at] = column.name
                self.columns[column.name] = column
        if repeated := [name for name, count in Counter(self.header).items() if count > 1 and name]:
            raise DocumentationError(f"the column {repeated[0]!r} stands twice", where=source, mend="Keep one of them")
        self.at = self.header.index(REQUEST)
        self.own = [name for name, column in self.columns.items() if column.of == OF_STATEMENT]
        self.issued = next((n for n, c in self.columns.items() if c.property == str(DCTERMS.issued)), "")
        self.unread = [name for name, column in self.columns.items() if column.of == OF_UNREAD]
        self.written = sorted(name for name, column in self.columns.items() if column.of == OF_DOCUMENT)
        self.known: dict[tuple[str, str, str, str], tuple[ox.NamedNode | ox.Literal, str]] = {}
        self.nodes = {column.name: ox.NamedNode(column.property) for column in self.columns.values()}
        self.points_group = records.delimiter == _POINTS_GROUP

    def without_request(self) -> DocumentationError:
        """The error that no request is named, with the row that may be the header."""
        below = enumerate(islice(self.records, _LOOKED_AT), int(self.place.rpartition(" ")[2]) + 1)
        further = next((number for number, record in below if is_sheet(record)), 0)
        mend = f"Remove the rows above the header, which is row {further}" if further else "Name each row's request"
        return DocumentationError(f"the sheet has no column {REQUEST!r}", where=self.source, mend=mend)

    def property(self, name: str) -> SheetColumn:
        """A column that is a property of the vocabulary."""
        iri = self.names.property(name)
        if iri is None:
            raise DocumentationError(
                f"the column {name!r} has no meaning",
                where=self.place,
                mend=f"Known: {', '.join((REQUEST, STATEMENT, SYSTEM, *self.meanings))}, and properties such as nec:topic",
            )
        leads = terms.of(OWL.ObjectProperty) in self.names.lexicon.types.get(terms.iri(iri), ())
        value = ANY if leads else self.names.datatypes.get(iri, "")
        return SheetColumn(terms.short(iri, self.names.policy.prefixes), OF_STATEMENT, iri, value, several=leads)

    def rows(self, first: int) -> Iterator[SheetRow]:
        """The rows that are not blank."""
        names, width = self.header, len(self.header)
        for number, record in enumerate(self.records, first):
            cells = {name: text for name, cell in zip(names, record, strict=False) if (text := cell.strip())}
            if isinstance(record, FaultyRecord) or len(record) != width or "" in cells:
                if any(cell.strip() for cell in record) or isinstance(record, FaultyRecord):
                    cells.pop("", None)
                    problem = self.problem(number, record)
                    yield SheetRow(number, cells, problem, not (problem and uncertain(record, self.at, width)))
            elif cells:
                yield SheetRow(number, cells)

    def problem(self, number: int, record: list[str]) -> str:
        """What is wrong with a row as a whole, without its words; empty if nothing is."""
        width = len(self.header)
        if isinstance(record, FaultyRecord):
            return f"{self.cell(number, record.fault.column)}: {FAULTS[record.fault.kind]}"
        if len(record) < width:
            where = self.cell(number, len(record))
            return f"{where}: it is missing, as the row has {len(record)} of {width} cells: write every cell, blank ones too"
        if any(cell.strip() for cell in record[width:]):
            return f"row {number}: it has more cells than the header"
        for name, (at, cell) in zip(self.header, enumerate(record), strict=False):
            if not name and cell.strip():
                return f"row {number}: its cell {at + 1} stands under no name: name the column, or clear it"
        return ""

    def cell(self, number: int, at: int) -> str:
        """The place of a cell."""
        name = self.header[at] if at < len(self.header) else ""
        return f"row {number}, column {name!r}" if name else f"row {number}"

    def request(self, run: _Run, *, scattered: bool) -> Rows:
        """The data set of the rows of a request, or their error."""
        numbers = [row.number for row in run.rows]
        span = f"row {numbers[0]}" if len(numbers) == 1 else f"rows {numbers[0]}-{numbers[-1]}"
        builder = _Builder(self, run.name or "", [row for row in run.rows if not row.problem])
        problems = [row.problem for row in run.rows if row.problem]
        if doubtful := [str(row.number) for row in run.rows if not row.certain]:
            problems.append(f"which request row {' and '.join(doubtful)} belongs to cannot be told")
        if run.after:
            problems.append(f"row {run.after}, the one before, cannot be read and may belong to it")
        if not run.name:
            problems.insert(0, f"{span}: no request is named in the column {REQUEST!r}")
        elif scattered:
            problems.append(f"the rows of the request do not stand together: sort the sheet by the column {REQUEST!r}")
        else:
            problems += builder.build()
        source = f"{self.source}, {span}"
        names, rows = tuple(self.header), tuple(run.rows)
        if not problems:
            triples, notes = builder.triples, builder.told()
            return Rows(source, builder.iri.value, triples, builder.numbers, None, notes, names, rows)
        more = len(problems) - _PROBLEMS_SHOWN
        shown = problems[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        error = DocumentationError("; ".join(shown), where=source)
        iri, delimiter = builder.iri.value, self.records.delimiter
        return Rows(source, iri, [], {}, error, (), names, rows, delimiter)


class _Builder:
    """The triples of the rows of one request."""

    def __init__(self, reader: _SheetReader, name: str, rows: list[SheetRow]) -> None:
        self.reader = reader
        self.rows = rows
        self.iri = ox.NamedNode(node(name, "urn:necessity:request:"))
        self.base = self.iri.value + ("." if "#" in self.iri.value else "#")
        self.triples: list[ox.Triple] = []
        self.numbers: dict[str, int] = {}
        self.documents: dict[tuple[str, ...], ox.NamedNode] = {}
        self.problems: list[str] = []
        self.notes: dict[str, tuple[list[int], set[str]]] = {}

    @cached_property
    def version(self) -> PolicyVersion:
        """The version in force at the start of service, whose ids the criteria have."""
        policy = self.reader.names.policy
        name = next((n for n, c in self.reader.columns.items() if c.property == _START), "")
        for cell in (row.cells[name] for row in self.rows if name in row.cells):
            try:
                start = terms.day(f'"{written.day(cell)[0]}"^^<{XSD.date}>')
            except CellError:
                continue
            if start and (version := policy.version_on(start)):
                return version
        return policy.versions[-1]

    def build(self) -> list[str]:
        """Build the triples; what is wrong with the rows."""
        member, plan = ox.NamedNode(f"{self.base}member"), ox.NamedNode(f"{self.base}plan")
        for about, property_, value in (
            (self.iri, _TYPE, _REQUEST),
            (self.iri, _HAS_MEMBER, member),
            (member, _TYPE, _MEMBER),
            (self.iri, _HAS_PLAN, plan),
            (plan, _TYPE, _PLAN),
        ):
            self.triples.append(ox.Triple(about, property_, value))
        subjects = {OF_REQUEST: self.iri, OF_MEMBER: member, OF_PLAN: plan}
        for name, column in self.reader.columns.items():
            if subject := subjects.get(column.of):
                self.fact(subject, name, column)
        for row in self.rows:
            self.statement(row.number, row.cells)
        return self.problems

    def told(self) -> tuple[str, ...]:
        """How cells were taken that could be written more plainly."""
        return tuple(
            f"{'row' if len(numbers) == 1 else 'rows'} {', '.join(map(str, numbers))}, "
            f"{'column' if len(names) == 1 else 'columns'} {', '.join(map(repr, sorted(names)))}: {note}"
            for note, (numbers, names) in self.notes.items()
        )

    def fact(self, subject: ox.NamedNode, name: str, column: SheetColumn) -> None:
        row_of: dict[str, int] = {}
        for row in self.rows:
            if cell := row.cells.get(name):
                row_of.setdefault(cell, row.number)
        if len(row_of) > 1:
            places = " and ".join(str(number) for number in row_of.values())
            self.problems.append(f"the rows {places} differ in the column {name!r}, which is the request's")
        for cell, number in row_of.items():
            self.cell(subject, number, column, cell)

    def statement(self, number: int, cells: dict[str, str]) -> None:
        reader = self.reader
        own = [name for name in reader.own if name in cells]
        document = [name for name in reader.written if name in cells]
        unread = [name for name in reader.unread if name in cells]
        if not own and not document and not unread and STATEMENT not in cells:
            return
        iri = node(cells[STATEMENT], self.base) if STATEMENT in cells else f"{self.base}row-{number}"
        subject, add = ox.NamedNode(iri), self.triples.append
        if self.numbers.setdefault(iri, number) != number:
            self.problems.append(f"row {number}: the statement is that of row {self.numbers[iri]}")
        begun = len(self.triples)
        add(ox.Triple(subject, _TYPE, _UNREAD if unread else _STATEMENT))
        add(ox.Triple(subject, _ABOUT, self.iri))
        system = cells.get(SYSTEM, "")
        unreadable: list[UnreadableCell] = []
        for name in own + unread:
            column = reader.columns[name]
            if unread and column.value == CONCEPT:
                for code in cells[name].split("|"):
                    any_code = reader.names.any_code(code.strip(), system)
                    add(ox.Triple(subject, reader.nodes[name], ox.NamedNode(any_code)))
            else:
                self.cell(subject, number, column, cells[name], system, None if unread else unreadable)
        if unreadable and not self.leave_unread(subject, number, cells, unreadable, begun):
            return
        if document:
            add(ox.Triple(subject, _SOURCE if unread else _DOCUMENTED, self.document(number, cells, document)))

    def leave_unread(
        self, row: ox.NamedNode, number: int, cells: dict[str, str], unreadable: list[UnreadableCell], begun: int
    ) -> bool:
        """Put down what of a row cannot be read as unread items; whether the row is a statement beside them.

        The triples from the place `begun` on are those of the statement.
        """
        reader, own = self.reader, self.triples[begun:]
        said = {str(triple.object) for triple in own if isinstance(triple.object, ox.NamedNode)}
        try:
            items, is_statement = unread_items(cells, unreadable, reader.columns, said, reader.names)
        except CellError as error:
            self.problems.append(f"row {number}, column {unreadable[-1].column!r}: {error}")
            return False
        if not is_statement:
            del self.triples[begun:]
        document = [name for name in reader.written if name in cells]
        place = self.document(number, cells, document) if document else ox.Literal(f"{reader.source}, row {number}")
        dates = {triple.predicate: triple.object for triple in own if triple.predicate in (_OBSERVED, _RECORDED)}
        if document and (issued := self.issued(cells)):
            dates.setdefault(_RECORDED, issued)
        if any(isinstance(cell.error, PartialDateError) for cell in unreadable):
            dates.pop(_RECORDED, None)  # that it was recorded on a day does not say that it was so then
        for at, item in enumerate(items):
            about = ox.NamedNode(f"{self.base}row-{number}-unread-{at + 1}") if is_statement or at else row
            self.numbers[about.value] = number
            facts = [
                (_TYPE, _UNREAD),
                (_ABOUT, self.iri),
                (_KIND, ox.NamedNode(item.kind)),
                (_SOURCE, place),
                *dates.items(),
            ]
            facts += [(_WORDS, ox.Literal(item.words)), (_REASON, ox.Literal(item.reason))]
            facts += [(_CODE, ox.NamedNode(item.code))] if item.code else []
            self.triples += [ox.Triple(about, property_, value) for property_, value in facts]
            self.note(f"not read, and evidence of nothing: {item.reason}", number, unreadable[0].column)
        return is_statement

    def issued(self, cells: dict[str, str]) -> ox.Literal | None:
        """The date of the document of a row; None if it has none."""
        try:
            return literal(written.day(cells[self.reader.issued])[0], XSD.date)
        except (KeyError, CellError):
            return None

    def document(self, number: int, cells: dict[str, str], names: list[str]) -> ox.NamedNode:
        """The document of a row: that of the rows before it, if one agrees in all that is said of it."""
        key = tuple(f"{name}={cells[name]}" for name in names)
        if key in self.documents:
            return self.documents[key]
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:12]
        document = self.documents[key] = ox.NamedNode(f"{self.base}document-{digest}")
        self.numbers[document.value] = number
        self.triples.append(ox.Triple(document, _TYPE, _DOCUMENT))
        for name, column in self.reader.columns.items():
            if column.of == OF_DOCUMENT and name in cells:
                self.cell(document, number, column, cells[name])
        return document

    def cell(
        self,
        subject: ox.NamedNode,
        number: int,
        column: SheetColumn,
        cell: str,
        system: str = "",
        unreadable: list[UnreadableCell] | None = None,
    ) -> None:
        """Say what a cell says; note what is wrong with it, without its words, or put it down as unreadable."""
        name = column.name
        property_ = self.reader.nodes[name]
        if column.value == TEXT:
            self.triples.append(ox.Triple(subject, property_, ox.Literal(cell)))
            return
        for part in cell.split("|") if column.several and "|" in cell else (cell,):
            try:
                value, note = self.term(column, part.strip(), system)
            except CellError as error:
                if unreadable is not None and isinstance(error, UnreadableError):
                    unreadable.append(UnreadableCell(name, part.strip(), error))
                else:
                    self.problems.append(f"row {number}, column {name!r}: {error}")
                continue
            self.triples.append(ox.Triple(subject, property_, value))
            if note:
                self.note(note, number, name)

    def note(self, note: str, number: int, name: str) -> None:
        """Put down a note on a row and a column."""
        numbers, names = self.notes.setdefault(note, ([], set()))
        if number not in numbers:
            numbers.append(number)
        names.add(name)

    def term(self, column: SheetColumn, cell: str, system: str) -> tuple[ox.NamedNode | ox.Literal, str]:
        """What `value` gives, remembered where it is likely to recur."""
        kind, known = column.value, self.reader.known
        if kind == PERSON:
            return self.value(column, cell, system)
        by_version = self.version.id if kind in (CRITERION, ANY) else ""
        key = (column.name, cell, system if kind == CONCEPT else "", by_version)
        found = known.get(key)
        if found is None:
            if len(known) > _KEPT:
                known.clear()
            found = known[key] = self.value(column, cell, system)
        return found

    def value(self, column: SheetColumn, cell: str, system: str) -> tuple[ox.NamedNode | ox.Literal, str]:
        """The term of a cell, and how it was taken if it could be written more plainly.

        Raises:
            CellError: it has none, or can have two.
        """
        kind, names = column.value, self.reader.names
        if kind == DAY:
            day, note = written.day(cell)
            return literal(day, XSD.date), note
        if kind == TRUTH:
            if cell.lower() not in _TRUTHS:
                raise CellError("it is neither true nor false")
            return literal(_TRUTHS[cell.lower()], XSD.boolean), ""
        if kind in ("", NUMBER):
            iri = names.expand(cell)
            if iri and terms.iri(iri) in names.lexicon.declared:
                return ox.NamedNode(iri), ""
            digits, note = written.number(cell, points_group=self.reader.points_group) if kind else (cell, "")
            return guessed(digits), note
        if kind == PERSON:
            return ox.NamedNode(node(cell, f"{self.base}person-")), ""
        is_criterion = kind == CRITERION or (kind == ANY and cell in self.version.by_id)
        term = names.criterion(cell, self.version) if is_criterion else names.find(kind, cell, system)
        return ox.NamedNode(terms.name(term)), names.repair(cell, system) if kind == CONCEPT else ""
