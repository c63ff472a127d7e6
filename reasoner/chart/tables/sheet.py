"""Sheets: statements as the rows of CSV or Parquet, in the terms of the policy's vocabulary.

A row is a statement or an unread item. The rows of a request are next to each other and state its facts on each row, or on
one of them. The table ``ontology/sheet/columns.ttl`` says what a column means; any other column is a property named with its
prefix. The rows of a request become a data set, or an error that names the rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby
from urllib.parse import quote

import pyoxigraph as ox
from rdflib import Namespace

from reasoner.chart.tables.rows import csv_records, writer
from reasoner.ground.errors import DocumentationError, NecessityError, PolicyError
from reasoner.ground.resources import ONTOLOGY
from reasoner.policy.model import Policy, PolicyVersion
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import NEC, OWL, PROV, RDF, SKOS, XSD

REQUEST, STATEMENT, SYSTEM = "request", "statement", "system"
"""The columns that name a request, a statement, and the code system of the column of codes."""
SHEET = Namespace("https://w3id.org/necessity/sheet/")
_PROBLEMS_SHOWN = 10
_SHOWN = 8  # of the values that a cell can have
_NAME = re.compile(r"[A-Za-z][\w-]*:[\w.-]+")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//|[A-Za-z0-9]).+")
_ROW_OF = re.compile(r"<([^<>\s]+)>")

_KEPT = 16384
_TEXT, _DAY, _TRUTH, _ANY = str(XSD.string), str(XSD.date), str(XSD.boolean), str(OWL.NamedIndividual)
_PERSON, _CRITERION, _FINDING, _CONCEPT = str(PROV.Person), str(NEC.Criterion), str(NEC.Statement), str(SKOS.Concept)
_OF_REQUEST, _OF_MEMBER, _OF_PLAN = str(NEC.ReviewRequest), str(NEC.Member), str(NEC.Plan)
_OF_STATEMENT, _OF_DOCUMENT, _OF_UNREAD = str(NEC.Statement), str(NEC.Document), str(NEC.Unread)

Row = tuple[int, dict[str, str]]
"""Its number, as a spreadsheet counts (the header is 1), and its cells by column, empty ones left out."""


@dataclass(frozen=True)
class SheetColumn:
    """What the cells of a column mean; see ``ontology/sheet/columns.ttl``."""

    name: str
    of: str
    property: str
    value: str
    several: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class Rows:
    """The rows of one request: its triples, or why they are rejected."""

    source: str
    """The name of the sheet with the numbers of the rows."""
    request: str
    """IRI of the request."""
    triples: list[ox.Triple] = field(repr=False)
    numbers: dict[str, int] = field(repr=False)
    """The row that each statement and document stands in, by IRI."""
    error: DocumentationError | None = None
    header: tuple[str, ...] = field(default=(), repr=False)
    rows: tuple[Row, ...] = field(default=(), repr=False)

    @property
    def raw(self) -> bytes:
        """The rows as CSV, with the header."""
        text = writer(list(self.header))
        csv.writer(text).writerows([cells.get(column, "") for column in self.header] for _, cells in self.rows)
        return text.getvalue().encode()

    def data_set(self) -> parsing.DataSet:
        """As a data set; raises the error for which they are rejected."""
        if self.error:
            raise self.error
        return parsing.data_set(self.source, self.triples)

    def quads(self) -> str:
        """As N-Quads, in a graph that is named as the request."""
        graph = ox.NamedNode(self.request)
        return "".join(f"{ox.Quad(t.subject, t.predicate, t.object, graph)} .\n" for t in self.triples)

    def explain(self, error: NecessityError) -> NecessityError:
        """An error about the data set, with the numbers of the rows beside the nodes that it names."""

        def place(match: re.Match[str]) -> str:
            number = self.numbers.get(match[1])
            return f"row {number} {match[0]}" if number else match[0]

        return type(error)(_ROW_OF.sub(place, error.problem), where=error.where, mend=error.mend)


@lru_cache(maxsize=4)
def columns(policy: Policy) -> dict[str, SheetColumn]:
    """The columns that have a meaning of their own, by name: those of every sheet, and one for each axis of the policy.

    Raises:
        PolicyError: the word of an axis is the name of another column.
    """
    table = parsing.load_files([ONTOLOGY / "sheet" / "columns.ttl"])
    by_name: dict[str, SheetColumn] = {}
    for node, notation in table.subject_objects(SKOS.notation):
        of, property_, value, several = (
            str(table.value(node, term) or "") for term in (SHEET.of, SHEET.property, SHEET.value, SHEET.several)
        )
        meaning = graphs.text(table, node, SKOS.definition)
        by_name[str(notation)] = SheetColumn(str(notation), of, property_, value, several == "true", meaning)
    for axis in policy.axes:
        name = axis.word.replace("-", "_")
        if name in (REQUEST, STATEMENT, SYSTEM) or (name in by_name and by_name[name].property != axis.iri):
            raise PolicyError(
                f"the word {axis.word!r} is that of a column of sheets already",
                where=axis.iri,
                mend="Give the axis another skos:notation",
            )
        by_name[name] = SheetColumn(name, _OF_REQUEST, axis.iri, axis.value_class, meaning=axis.definition)
    return dict(sorted(by_name.items()))


def is_sheet(names: Iterable[str]) -> bool:
    """Whether columns are those of a sheet of statements, and not of quads."""
    return REQUEST in {name.strip() for name in names}


def read(data: bytes, source: str, policy: Policy, *, first: int = 2) -> Iterator[Rows]:
    """The requests of a sheet in CSV, in order.

    Args:
        data: the sheet, with its header.
        source: what to call it in errors.
        policy: the policy whose vocabulary it uses.
        first: number of the first row after the header, for a part of a sheet.

    Raises:
        DocumentationError: it is no CSV in UTF-8, or has a column without a meaning.
    """
    records = csv_records(io.BytesIO(data), source)
    header = next(records, [])
    reader = _SheetReader(policy, [name.strip() for name in header], source)
    runs = [
        (name, list(rows)) for name, rows in groupby(reader.rows(records, first), key=lambda row: row[1].get(REQUEST))
    ]
    count = Counter(name for name, _ in runs)
    for name, rows in runs:
        yield reader.request(name, rows, scattered=count[name] > 1)


class _CellError(ValueError):
    """What is wrong with a cell, without its words."""


class _SheetReader:
    """Reads the rows of one sheet."""

    def __init__(self, policy: Policy, header: list[str], source: str) -> None:
        self.source = source
        self.header = header
        self.names = _names(policy)
        self.meanings = columns(policy)
        repeated = [name for name, count in Counter(header).items() if count > 1]
        if REQUEST not in header:
            raise DocumentationError(
                f"the sheet has no column {REQUEST!r}", where=source, mend="Name each row's request"
            )
        if repeated:
            raise DocumentationError(f"the column {repeated[0]!r} stands twice", where=source, mend="Keep one of them")
        self.columns: dict[str, SheetColumn] = {}
        for name in header:
            if name not in (REQUEST, STATEMENT, SYSTEM):
                self.columns[name] = self.meanings.get(name) or self.property(name)

        self.own = [name for name, column in self.columns.items() if column.of == _OF_STATEMENT]
        self.unread = [name for name, column in self.columns.items() if column.of == _OF_UNREAD]
        self.written = [name for name, column in self.columns.items() if column.of == _OF_DOCUMENT]
        self.known: dict[tuple[str, str, str, str], ox.NamedNode | ox.Literal] = {}
        self.nodes = {column.name: ox.NamedNode(column.property) for column in self.columns.values()}

    def property(self, name: str) -> SheetColumn:
        """A column that is a property of the vocabulary."""
        iri = self.names.expand(name)
        if iri is None or terms.iri(iri) not in self.names.lexicon.declared:
            raise DocumentationError(
                f"the column {name!r} has no meaning",
                where=f"{self.source}, row 1",
                mend=f"Known: {', '.join((REQUEST, STATEMENT, SYSTEM, *self.meanings))}, and properties such as nec:topic",
            )
        leads = terms.of(OWL.ObjectProperty) in self.names.lexicon.types.get(terms.iri(iri), ())
        value = _ANY if leads else ""
        return SheetColumn(name, _OF_STATEMENT, iri, value, several=leads)

    def rows(self, records: Iterable[list[str]], first: int) -> Iterator[Row]:
        for number, record in enumerate(records, first):
            cells = {name: cell.strip() for name, cell in zip(self.header, record, strict=False) if cell.strip()}
            if any(cell.strip() for cell in record[len(self.header) :]):
                cells[""] = "more"
            if cells:
                yield number, cells

    def request(self, name: str | None, rows: list[Row], scattered: bool) -> Rows:
        """The data set of the rows of a request, or their error."""
        numbers = [number for number, _ in rows]
        span = f"row {numbers[0]}" if len(rows) == 1 else f"rows {numbers[0]}-{numbers[-1]}"
        builder = _Builder(self, name or "", rows)
        problems: list[str] = []
        if not name:
            problems.append(f"{span}: no request is named in the column {REQUEST!r}")
        elif scattered:
            problems.append(f"the rows of the request do not stand together: sort the sheet by the column {REQUEST!r}")
        else:
            problems = builder.build()
        source = f"{self.source}, {span}"
        header = tuple(self.header)
        if not problems:
            return Rows(source, builder.iri, builder.triples, builder.numbers, None, header, tuple(rows))
        more = len(problems) - _PROBLEMS_SHOWN
        shown = problems[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        error = DocumentationError("; ".join(shown), where=source)
        return Rows(source, builder.iri, [], {}, error, header, tuple(rows))


class _Builder:
    """The triples of the rows of one request."""

    def __init__(self, reader: _SheetReader, name: str, rows: list[Row]) -> None:
        self.reader = reader
        self.rows = rows
        self.iri = _node(name, "urn:necessity:request:")
        self.base = self.iri + ("." if "#" in self.iri else "#")
        self.triples: list[ox.Triple] = []
        self.numbers: dict[str, int] = {}
        self.problems: list[str] = []

    @cached_property
    def version(self) -> PolicyVersion:
        """The version in force at the start of service, whose ids the criteria have."""
        policy = self.reader.names.policy
        name = next((n for n, c in self.reader.columns.items() if c.property == str(NEC.serviceStart)), "")
        days = (terms.day(f'"{cells.get(name)}"^^<{XSD.date}>') for _, cells in self.rows)
        version = next((version for day in days if day and (version := policy.version_on(day))), None)
        return version or policy.versions[-1]

    def build(self) -> list[str]:
        """Build the triples; what is wrong with the rows."""
        member, plan = f"{self.base}member", f"{self.base}plan"
        self.say(self.iri, RDF.type, NEC.ReviewRequest)
        self.say(self.iri, NEC.member, member)
        self.say(member, RDF.type, NEC.Member)
        self.say(self.iri, NEC.plan, plan)
        self.say(plan, RDF.type, NEC.Plan)
        subjects = {_OF_REQUEST: self.iri, _OF_MEMBER: member, _OF_PLAN: plan}
        for name, column in self.reader.columns.items():
            if subject := subjects.get(column.of):
                self.fact(subject, name, column)
        for number, cells in self.rows:
            if "" in cells:
                self.problems.append(f"row {number}: it has more cells than the header")
            self.statement(number, cells)
        return self.problems

    def fact(self, subject: str, name: str, column: SheetColumn) -> None:
        row_of: dict[str, int] = {}
        for number, cells in self.rows:
            if cell := cells.get(name):
                row_of.setdefault(cell, number)
        if len(row_of) > 1:
            places = " and ".join(str(number) for number in row_of.values())
            self.problems.append(f"the rows {places} differ in the column {name!r}, which is the request's")
        for cell, number in row_of.items():
            self.cell(subject, number, name, column, cell)

    def statement(self, number: int, cells: dict[str, str]) -> None:
        own = {name: cells[name] for name in self.reader.own if name in cells}
        written = {name: cells[name] for name in self.reader.written if name in cells}
        unread = {name: cells[name] for name in self.reader.unread if name in cells}
        if not own and not written and not unread and STATEMENT not in cells:
            return
        iri = _node(cells[STATEMENT], self.base) if STATEMENT in cells else f"{self.base}row-{number}"
        if self.numbers.setdefault(iri, number) != number:
            self.problems.append(f"row {number}: the statement is that of row {self.numbers[iri]}")
        self.say(iri, RDF.type, NEC.Unread if unread else NEC.Statement)
        self.say(iri, NEC.about, self.iri)
        for name, cell in (own | unread).items():
            column, system = self.reader.columns[name], cells.get(SYSTEM, "")
            if unread and column.value == _CONCEPT:
                for code in cell.split("|"):
                    self.say(iri, column.property, self.reader.names.any_code(code.strip(), system))
            else:
                self.cell(iri, number, name, column, cell, system)
        if written:
            key = "\0".join(f"{name}={cell}" for name, cell in sorted(written.items()))
            document = f"{self.base}document-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
            self.say(iri, NEC.source if unread else NEC.documentedIn, document)
            if document not in self.numbers:
                self.numbers[document] = number
                self.say(document, RDF.type, NEC.Document)
                for name, cell in written.items():
                    self.cell(document, number, name, self.reader.columns[name], cell)

    def cell(self, subject: str, number: int, name: str, column: SheetColumn, cell: str, system: str = "") -> None:
        """Say what a cell says; note what is wrong with it, without its words."""
        for part in cell.split("|") if column.several else (cell,):
            try:
                value = self.term(column, part.strip(), system)
            except _CellError as error:
                self.problems.append(f"row {number}, column {name!r}: {error}")
            else:
                self.triples.append(ox.Triple(ox.NamedNode(subject), self.reader.nodes[column.name], value))

    def term(self, column: SheetColumn, cell: str, system: str) -> ox.NamedNode | ox.Literal:
        """What `value` gives, remembered where it is likely to recur."""
        if column.value in (_TEXT, _PERSON):
            return self.value(column, cell, system)
        known = self.reader.known
        key = (column.name, cell, system, self.version.id if column.value in (_CRITERION, _ANY) else "")
        if key not in known:
            if len(known) > _KEPT:
                known.clear()
            known[key] = self.value(column, cell, system)
        return known[key]

    def value(self, column: SheetColumn, cell: str, system: str) -> ox.NamedNode | ox.Literal:
        """The term of a cell; raises `_CellError` where it has none."""
        kind, names = column.value, self.reader.names
        if kind == _TEXT:
            return ox.Literal(cell)
        if kind == _DAY:
            day = cell[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]00:00:00(\.0+)?", cell) else cell
            if terms.day(f'"{day}"^^<{XSD.date}>') is None:
                raise _CellError("it is not a date of the calendar: write YYYY-MM-DD")
            return _literal(day, XSD.date)
        if kind == _TRUTH:
            truth = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false"}
            if cell.lower() not in truth:
                raise _CellError("it is neither true nor false")
            return _literal(truth[cell.lower()], XSD.boolean)
        if not kind:
            iri = names.expand(cell)
            return ox.NamedNode(iri) if iri and terms.iri(iri) in names.lexicon.declared else _guessed(cell)
        if kind == _PERSON:
            return ox.NamedNode(_node(cell, f"{self.base}person-"))
        is_criterion = kind == _CRITERION or (kind == _ANY and cell in self.version.by_id)
        term = names.criterion(cell, self.version) if is_criterion else names.find(kind, cell, system)
        return ox.NamedNode(terms.name(term))

    def say(self, subject: str, property_: object, value: object) -> None:
        self.triples.append(ox.Triple(ox.NamedNode(subject), ox.NamedNode(str(property_)), ox.NamedNode(str(value))))


class _Names:
    """What the cells of a sheet name, in one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.lexicon = policy.lexicon

    def expand(self, name: str) -> str | None:
        """The IRI of a name with a prefix, or of an IRI."""
        prefix, colon, local = name.partition(":")
        if colon and prefix in self.policy.prefixes and _NAME.fullmatch(name):
            return self.policy.prefixes[prefix] + local
        return name if colon and _IRI.fullmatch(name) else None

    def find(self, kind: str, cell: str, system: str) -> str:
        """The term that a cell names; raises `_CellError` where it names none, or more than one."""
        if kind == _CONCEPT:
            return self.code(cell, system)
        expanded = self.expand(cell)
        term = terms.iri(expanded) if expanded else ""
        if kind == _FINDING:
            finding = term if term in self.lexicon.declared else self.findings.get(cell)
            if finding is None:
                raise _CellError("the policy's vocabulary has no such finding class")
            return finding
        if term and term in self.lexicon.declared:
            return term
        named = self.individuals.get((kind, _key(cell)), set())
        if len(named) == 1:
            return next(iter(named))
        known = sorted(
            {self.lexicon.labels.get(t, "") for (k, _), ts in self.individuals.items() if k == kind for t in ts}
        )
        among = f": write {', '.join(known)}" if all(known) and len(known) <= _SHOWN else ""
        raise _CellError(f"it names {'more than one' if named else 'no'} {terms.local(kind)}{among}")

    def criterion(self, cell: str, version: PolicyVersion) -> str:
        """The term of a leaf, by its IRI or by its id in a version; raises `_CellError` where there is none."""
        leaf = self.policy.criterion(cell) or version.by_id.get(cell)
        if leaf is None:
            raise _CellError(f"{version.id} has no such criterion")
        return terms.iri(leaf.iri)

    def code(self, cell: str, system: str) -> str:
        """The concept that a cell is the code of; raises `_CellError` where it is of none, or of more than one."""
        scheme = self.schemes.get(_key(system), system) if system else ""
        concepts = [term for term in self.codes.get(cell, ()) if terms.name(term).startswith(scheme)]
        expanded = self.expand(cell)
        if expanded and terms.iri(expanded) in self.lexicon.declared:
            return terms.iri(expanded)
        if len(concepts) != 1:
            problem = "a code of more than one system" if concepts else "no code of a code system known here"
            raise _CellError(f"it is {problem}")
        return concepts[0]

    def any_code(self, cell: str, system: str) -> str:
        """The IRI of a code of a record, known or not."""
        try:
            return terms.name(self.code(cell, system))
        except _CellError:
            space = (system and self.schemes.get(_key(system))) or _node(system, "urn:necessity:code:")
            return _node(cell, space if space.endswith(("/", "#", ":")) else f"{space}/")

    @cached_property
    def findings(self) -> dict[str, str]:
        return {terms.local(terms.name(term)): term for term in self.lexicon.findings}

    @cached_property
    def codes(self) -> dict[str, list[str]]:
        by_notation: dict[str, list[str]] = {}
        for term, notation in self.lexicon.notations.items():
            if terms.of(SKOS.Concept) in self.lexicon.types.get(term, ()):
                by_notation.setdefault(notation, []).append(term)
        return by_notation

    @cached_property
    def schemes(self) -> dict[str, str]:
        """Code systems by label, by prefix and by IRI."""
        iris = {_key(prefix): iri for prefix, iri in self.policy.prefixes.items()}
        for term, kinds in self.lexicon.types.items():
            if terms.of(SKOS.ConceptScheme) in kinds:
                iris[_key(self.lexicon.labels.get(term, ""))] = terms.name(term)
        return iris

    @cached_property
    def individuals(self) -> dict[tuple[str, str], set[str]]:
        """Individuals by class and name: what follows the namespace, the label or the notation."""
        by_class_and_name: dict[tuple[str, str], set[str]] = {}
        for term, kinds in self.lexicon.types.items():
            if terms.of(OWL.NamedIndividual) in kinds:
                spelt = {
                    terms.local(terms.name(term)),
                    self.lexicon.labels.get(term, ""),
                    self.lexicon.notations.get(term, ""),
                }
                for kind in kinds:
                    for name in spelt - {""}:
                        by_class_and_name.setdefault((terms.name(kind), _key(name)), set()).add(term)
        return by_class_and_name


@lru_cache(maxsize=4)
def _names(policy: Policy) -> _Names:
    return _Names(policy)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _node(name: str, base: str) -> str:
    """A name that is an IRI as it is, any other below a base."""
    if _IRI.fullmatch(name):
        try:
            return ox.NamedNode(name).value
        except ValueError:
            pass
    return base + quote(name, safe="")


def _literal(text: str, datatype: object) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(str(datatype)))


def _guessed(cell: str) -> ox.Literal:
    """The literal of a property that says nothing of its values: a number, a truth value or a date, else text."""
    if re.fullmatch(r"[+-]?\d+", cell):
        return _literal(cell, XSD.integer)
    if re.fullmatch(r"[+-]?\d*\.\d+", cell):
        return _literal(cell, XSD.decimal)
    if cell.lower() in ("true", "false"):
        return _literal(cell.lower(), XSD.boolean)
    return _literal(cell, XSD.date) if terms.day(f'"{cell}"^^<{XSD.date}>') else ox.Literal(cell)
