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
from reasoner.chart.tables.request import Rows, SheetRow, spans
from reasoner.chart.tables.rows import DELIMITERS, FAULTS, CsvRecords, FaultyRecord, header, plain, uncertain
from reasoner.chart.tables.unread import UnreadableCell, unread_items
from reasoner.chart.tables.vocabulary import (
    ANY,
    CONCEPT,
    CRITERION,
    DAY,
    NUMBER,
    OF_DOCUMENT,
    OF_PARTIES,
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
from reasoner.rdf.terms import Nodes, Term

__all__ = ["REQUEST", "Rows", "SheetColumn", "SheetRow", "columns", "is_sheet", "read"]

_PROBLEMS_SHOWN = 10
_KEPT = 16384
_LOOKED_AT = 20  # rows, for a header further down
_POINTS_GROUP = ";"  # parts cells where commas are decimal
_TRUTHS = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false"}

_TYPE, _ABOUT, _SOURCE, _DOCUMENTED = map(terms.of, (RDF.type, NEC.about, NEC.source, NEC.documentedIn))
_KIND, _WORDS, _REASON, _CODE = map(terms.of, (NEC.kind, NEC.words, NEC.reason, NEC.code))
_OBSERVED, _RECORDED = map(terms.of, (NEC.observed, NEC.recorded))
_HAS_MEMBER, _HAS_PLAN, _HAS_PROGRAM = map(terms.of, (NEC.member, NEC.plan, NEC.program))
_START = str(NEC.serviceStart)
_REQUEST, _MEMBER, _PLAN, _PROGRAM = map(terms.iri, OF_PARTIES)
_STATEMENT, _UNREAD, _DOCUMENT = map(terms.of, (NEC.Statement, NEC.Unread, NEC.Document))
_Facts = dict[Term, list[Term]]
"""What is said of a node: values by property."""


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
        DocumentationError: it is no CSV in UTF-8, has a column without a meaning, or no rows.
    """
    records = CsvRecords(io.BytesIO(data), source)
    number, names = header(records)
    reader = _SheetReader(policy, names, f"{source}, row {number}", source, records)
    runs = _runs(reader.rows(number + 1 if first is None else first))
    if not runs:
        raise DocumentationError(
            "the sheet has no rows beneath its header", where=source, mend="Give each statement a row"
        )
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
        self.known: dict[tuple[str, str, str, str], tuple[Term, str]] = {}
        self.properties = {column.name: terms.iri(column.property) for column in self.columns.values()}
        self.points_group = records.delimiter == _POINTS_GROUP

    def without_request(self) -> DocumentationError:
        """The error that no request is named, with the row that may be the header."""
        below = enumerate(islice(self.records, _LOOKED_AT), int(self.place.rpartition(" ")[2]) + 1)
        further = next((number for number, record in below if is_sheet(record)), 0)
        mend = f"Remove the rows above the header, which is row {further}" if further else "Name each row's request"
        whole = self.header[0] if len(self.header) == 1 else ""
        if mark := next((mark for mark in DELIMITERS if is_sheet(whole.split(mark))), ""):
            mend = f"The line sep= says {self.records.delimiter!r}, and the cells are parted by {mark!r}: correct it"
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
        if doubtful := [row.number for row in run.rows if not row.certain]:
            they, belong = ("row", "belongs") if len(doubtful) == 1 else ("rows", "belong")
            problems.append(f"which request {they} {spans(doubtful)} {belong} to cannot be told")
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
            of = (source, builder.iri, builder.nodes, builder.numbers, None, builder.told(), names, rows)
            return Rows(*of, printable=builder.printable)
        more = len(problems) - _PROBLEMS_SHOWN
        shown = problems[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        where = source
        place, _, rest = (text := "; ".join(shown)).partition(": ")
        if place == span or place.startswith((f"{span}, ", f"{span} <")):  # it is not named twice
            where, text = f"{self.source}, {place}", rest
        error = DocumentationError(text, where=where)
        return Rows(source, builder.iri, {}, {}, error, (), names, rows, self.records.delimiter)


class _Builder:
    """What the rows of one request say, as terms."""

    def __init__(self, reader: _SheetReader, name: str, rows: list[SheetRow]) -> None:
        self.reader = reader
        self.rows = rows
        self.iri = node(name, "urn:necessity:request:")
        self.request = terms.iri(self.iri)
        self.base = self.iri + ("." if "#" in self.iri else "#")
        self.nodes: Nodes = {}
        self.printable = True
        self.numbers: dict[str, int] = {}
        self.documents: dict[tuple[str | None, ...], Term] = {}
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
        """Put down what the rows say; what is wrong with them."""
        member, plan, program = (terms.iri(f"{self.base}{name}") for name in ("member", "plan", "program"))
        request: _Facts = {_TYPE: [_REQUEST], _HAS_MEMBER: [member], _HAS_PLAN: [plan]}
        named: _Facts = {}
        parties = (request, {_TYPE: [_MEMBER]}, {_TYPE: [_PLAN]}, named)
        said = dict(zip(OF_PARTIES, parties, strict=True))
        for name, column in self.reader.columns.items():
            if column.of in said:
                self.fact(said[column.of], name, column)
        if named:
            named[_TYPE] = [_PROGRAM]
            request[_HAS_PROGRAM] = [program]
        for term, facts in zip((self.request, member, plan, program), parties, strict=True):
            if facts:
                self.say(term, facts)
        for row in self.rows:
            self.statement(row.number, row.cells)
        return self.problems

    def say(self, subject: Term, facts: _Facts) -> None:
        """Put down what is said of a node."""
        known = self.nodes.setdefault(subject, facts)
        if known is not facts:
            for property_, values in facts.items():
                own = known.setdefault(property_, [])
                own += [value for value in values if value not in own]

    def told(self) -> tuple[str, ...]:
        """How cells were taken that could be written more plainly."""
        return tuple(
            f"{'row' if len(numbers) == 1 else 'rows'} {', '.join(map(str, numbers))}, "
            f"{'column' if len(names) == 1 else 'columns'} {', '.join(map(repr, sorted(names)))}: {note}"
            for note, (numbers, names) in self.notes.items()
        )

    def fact(self, facts: _Facts, name: str, column: SheetColumn) -> None:
        row_of: dict[str, int] = {}
        for row in self.rows:
            if cell := row.cells.get(name):
                row_of.setdefault(cell, row.number)
        if len(row_of) > 1:
            places = " and ".join(str(number) for number in row_of.values())
            self.problems.append(f"the rows {places} differ in the column {name!r}, which is the request's")
        for cell, number in row_of.items():
            self.cell(facts, number, column, cell)

    def statement(self, number: int, cells: dict[str, str]) -> None:
        reader = self.reader
        own = [name for name in reader.own if name in cells]
        document = any(name in cells for name in reader.written)
        unread = [name for name in reader.unread if name in cells]
        if not own and not document and not unread and STATEMENT not in cells:
            return
        iri = node(cells[STATEMENT], self.base) if STATEMENT in cells else f"{self.base}row-{number}"
        if self.numbers.setdefault(iri, number) != number:
            self.problems.append(f"row {number}: the statement is that of row {self.numbers[iri]}")
        facts: _Facts = {_TYPE: [_UNREAD if unread else _STATEMENT], _ABOUT: [self.request]}
        system = cells.get(SYSTEM, "")
        unreadable: list[UnreadableCell] = []
        for name in own + unread:
            column = reader.columns[name]
            if unread and column.value == CONCEPT:
                codes = [reader.names.any_code(code.strip(), system) for code in cells[name].split("|")]
                facts.setdefault(reader.properties[name], []).extend(dict.fromkeys(map(terms.iri, codes)))
            else:
                self.cell(facts, number, column, cells[name], system, None if unread else unreadable)
        if unreadable and not self.leave_unread(iri, number, cells, unreadable, facts):
            return
        if document:
            facts.setdefault(_SOURCE if unread else _DOCUMENTED, []).append(self.document(number, cells))
        self.say(terms.iri(iri), facts)

    def leave_unread(
        self, iri: str, number: int, cells: dict[str, str], unreadable: list[UnreadableCell], facts: _Facts
    ) -> bool:
        """Put down what of a row cannot be read as unread items; whether the row is a statement beside them.

        Args:
            iri: of the statement.
            number: of the row.
            cells: of the row.
            unreadable: those that cannot be read.
            facts: what the others say.
        """
        reader = self.reader
        said = {value for values in facts.values() for value in values}
        try:
            items, is_statement = unread_items(cells, unreadable, reader.columns, said, reader.names)
        except CellError as error:
            self.problems.append(f"row {number}, column {unreadable[-1].column!r}: {error}")
            return False
        has_document = any(name in cells for name in reader.written)
        place = self.document(number, cells) if has_document else self.text(f"{reader.source}, row {number}")
        dates = {name: facts[name] for name in (_OBSERVED, _RECORDED) if name in facts}
        if has_document and (issued := self.issued(cells)):
            dates.setdefault(_RECORDED, [issued])
        if any(isinstance(cell.error, PartialDateError) for cell in unreadable):
            dates.pop(_RECORDED, None)  # that it was recorded on a day does not say that it was so then
        for at, item in enumerate(items):
            about = f"{self.base}row-{number}-unread-{at + 1}" if is_statement or at else iri
            self.numbers[about] = number
            what: _Facts = {_TYPE: [_UNREAD], _ABOUT: [self.request], _KIND: [terms.iri(item.kind)], _SOURCE: [place]}
            what |= {_WORDS: [self.text(item.words)], _REASON: [self.text(item.reason)], **dates}
            self.say(terms.iri(about), what | ({_CODE: [terms.iri(item.code)]} if item.code else {}))
            self.note(f"not read, and evidence of nothing: {item.reason}", number, unreadable[0].column)
        return is_statement

    def issued(self, cells: dict[str, str]) -> Term | None:
        """The date of the document of a row; None if it has none."""
        try:
            return str(literal(written.day(cells[self.reader.issued])[0], XSD.date))
        except (KeyError, CellError):
            return None

    def document(self, number: int, cells: dict[str, str]) -> Term:
        """The document of a row: that of the rows before it, if one agrees in all that is said of it."""
        names = self.reader.written
        key = tuple(map(cells.get, names))
        if key in self.documents:
            return self.documents[key]
        said = "\0".join(f"{name}={cell}" for name, cell in zip(names, key, strict=True) if cell)
        iri = f"{self.base}document-{hashlib.sha256(said.encode()).hexdigest()[:12]}"
        self.numbers[iri] = number
        facts: _Facts = {_TYPE: [_DOCUMENT]}
        for name in names:
            if name in cells:
                self.cell(facts, number, self.reader.columns[name], cells[name])
        document = self.documents[key] = terms.iri(iri)
        self.say(document, facts)
        return document

    def cell(
        self,
        facts: _Facts,
        number: int,
        column: SheetColumn,
        cell: str,
        system: str = "",
        unreadable: list[UnreadableCell] | None = None,
    ) -> None:
        """Say what a cell says; note what is wrong with it, without its words, or put it down as unreadable."""
        name = column.name
        values = facts.setdefault(self.reader.properties[name], [])
        if column.value == TEXT:
            values.append(self.text(cell))
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
            if value not in values:
                values.append(value)
            if note:
                self.note(note, number, name)

    def note(self, note: str, number: int, name: str) -> None:
        """Put down a note on a row and a column."""
        numbers, names = self.notes.setdefault(note, ([], set()))
        if number not in numbers:
            numbers.append(number)
        names.add(name)

    def term(self, column: SheetColumn, cell: str, system: str) -> tuple[Term, str]:
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

    def value(self, column: SheetColumn, cell: str, system: str) -> tuple[Term, str]:
        """The term of a cell, and how it was taken if it could be written more plainly.

        Raises:
            CellError: it has none, or can have two.
        """
        kind, names = column.value, self.reader.names
        if kind == DAY:
            day, note = written.day(cell)
            return str(literal(day, XSD.date)), note
        if kind == TRUTH:
            if cell.lower() not in _TRUTHS:
                raise CellError("it is neither true nor false")
            return str(literal(_TRUTHS[cell.lower()], XSD.boolean)), ""
        if kind in ("", NUMBER):
            iri = names.expand(cell)
            if iri and terms.iri(iri) in names.lexicon.declared:
                return terms.iri(iri), ""
            digits, note = written.number(cell, points_group=self.reader.points_group) if kind else (cell, "")
            return str(guessed(digits)), note
        if kind == PERSON:
            return terms.iri(node(cell, f"{self.base}person-")), ""
        is_criterion = kind == CRITERION or (kind == ANY and cell in self.version.by_id)
        term = names.criterion(cell, self.version) if is_criterion else names.find(kind, cell, system)
        return term, names.repair(cell, system) if kind == CONCEPT else ""

    def text(self, text: str) -> Term:
        """The literal of a text."""
        self.printable = self.printable and text.isprintable()
        return str(ox.Literal(text))
