"""Streams: the data sets of any number of charts, piece by piece."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from reasoner.chart import intake, sources
from reasoner.chart.fast.chart import read_cases, reader
from reasoner.chart.fast.piece import ARROW, EXPORT, QUADS, SHEET, Piece
from reasoner.chart.model import Case
from reasoner.chart.packing import file_type
from reasoner.chart.sources import LINES
from reasoner.chart.tables import quads
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.policy.model import Policy
from reasoner.rdf import broken_quads, graphs, parsing, terms
from reasoner.rdf.terms import Term

if TYPE_CHECKING:
    from reasoner.chart.fast.cut import Cut, KnownTerms
    from reasoner.chart.fast.nodes import NodeReader, NodeTable
    from reasoner.chart.fhir.request import RequestOptions

_UNREADABLE = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is not UTF-8


@dataclass(frozen=True)
class StreamedDataSet:
    """A data set of the input: its cases, or why it is rejected."""

    source: str
    graph: str
    """IRI of its named graph, in a stream of them."""
    cases: tuple[Case, ...] = ()
    error: NecessityError | None = None
    raw: bytes = field(default=b"", repr=False)
    """Its content, where it is rejected."""
    suffix: str = ""
    notes: tuple[str, ...] = ()
    request: str = ""
    """IRI of the request of rows of a sheet, also where they are rejected."""


class ScatteredError(Exception):
    """The graphs of a stream do not stand one after the other, or something stands in none."""


def read(
    piece: Piece,
    policy: Policy,
    *,
    as_of: date | None = None,
    options: RequestOptions | None = None,
) -> Iterator[StreamedDataSet]:
    """The data sets of a piece, in order.

    Args:
        piece: the piece.
        policy: the policy whose vocabulary the documentation uses.
        as_of: review date that overrides the requests' own.
        options: facts of the request that a FHIR bundle does not state.

    Raises:
        ScatteredError: it has to be read with the rest of its file.
    """
    if piece.suffix == EXPORT:
        yield from _export(piece, policy, as_of, options)
    elif piece.at_once:
        for name in piece.files:
            yield from _file(name, piece, policy, as_of, options)
    elif piece.suffix in (QUADS, ARROW):
        yield from _quads(piece, policy, as_of)
    elif piece.suffix == LINES:
        yield from _lines(piece, policy, as_of, options)
    elif piece.suffix == SHEET:
        yield from _sheet(piece, policy, as_of)
    else:
        for name in piece.files:
            yield from _file(name, piece, policy, as_of, options)


def read_content(content: str, policy: Policy, source: str, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of one data set, ordered by request IRI.

    Args:
        content: the data set, as canonical N-Triples that this package wrote.
        policy: the policy whose vocabulary the documentation uses.
        source: name of the data set.
        as_of: review date that overrides the requests' own.

    Raises:
        DocumentationError: it is not well formed.
    """
    own = reader(policy)
    cases = own.cases(own.layouts.nodes_of(content), source, as_of, content)
    if cases is None:
        return read_cases(parsing.data_set(source, graphs.triples(content)), policy, as_of)
    return tuple(cases)


def _file(
    name: str, piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[StreamedDataSet]:
    data = piece.read() if piece.spool else piece.data
    suffix = piece.suffix if data is not None else None
    results = list(intake.read_source(name, policy, as_of=as_of, suffix=suffix, options=options, data=data))
    cases = [case for result in results for case in result.cases]
    errors = [(error, result.raw) for result in results for error in result.errors[:1]]
    notes = tuple(note for result in results for note in result.notes)
    source = "standard input" if name == sources.STDIN else name
    by_set: dict[str, list[Case]] = {}
    for case in cases:
        by_set.setdefault(case.source, []).append(case)
    for number, (found, of_it) in enumerate(by_set.items()):
        yield StreamedDataSet(found, "", tuple(of_it), notes=() if number else notes)
    for error, raw in errors:
        if not raw and error.where.partition(": ")[0] == source:
            raw = data if data is not None else _content(name)
        kind = suffix or file_type(name)[0]
        yield StreamedDataSet(source, "", error=error, raw=raw, suffix=kind, notes=() if by_set else notes)


def _content(name: str) -> bytes:
    try:
        return sources.content(name)
    except DocumentationError:
        return b""


def _quads(piece: Piece, policy: Policy, as_of: date | None) -> Iterator[StreamedDataSet]:
    found = quads_of(piece, policy)
    yield from found.lost
    for run in range(len(found.graphs)):
        yield found.data_set(run, policy, as_of)


@dataclass(frozen=True)
class Quads:
    """A piece of quads, cut between graphs."""

    name: str
    """What the piece is called in errors."""
    graphs: list[Term]
    """The graph of each run."""
    text: Callable[[int], bytes]
    """The lines of a run; raises `DocumentationError` where it has none."""
    line: Callable[[int], int]
    """The number of the first line, or row, of a run in its file."""
    table: NodeTable
    """What the runs say."""
    rows: Callable[[int], Sequence[int]] | None = None
    """The numbers of the rows of a run in its file, if it is one of rows; 0 for those that are not known."""
    lost: Sequence[StreamedDataSet] = ()
    """The rows that stand in no graph, and why they are rejected."""
    doubtful: dict[int, DocumentationError] = field(default_factory=dict)
    """The runs that may go on in what cannot be read of the run before them, once that was read."""

    def source(self, run: int) -> str:
        """What the data set of a run is called."""
        return f"{self.name} {self.graphs[run]}"

    def data_set(self, run: int, policy: Policy, as_of: date | None) -> StreamedDataSet:
        """The data set of a run; raises `ScatteredError` if something of it stands in another graph, or in none."""
        source, graph = self.source(run), terms.name(self.graphs[run])
        if error := self.doubtful.get(run):
            return StreamedDataSet(source, graph, error=error, raw=self.text(run), suffix=QUADS)
        text = b""
        try:
            nodes = self.table.nodes(run)
            cases: Sequence[Case] | None = reader(policy).cases(
                nodes, source, as_of, self.table.content(run) if nodes else None
            )
            if cases is None:
                text = self.text(run)
                cases = self._parsed(text, run, policy, as_of)
        except NecessityError as error:
            return StreamedDataSet(source, graph, error=error, raw=text, suffix=QUADS)
        return StreamedDataSet(source, graph, tuple(cases))

    def _parsed(self, block: bytes, run: int, policy: Policy, as_of: date | None) -> tuple[Case, ...]:
        """The cases of a run that is not plainly written, or not plainly well formed."""
        if block.startswith(BOM_UTF8):  # it may begin a file, and nothing else
            raise ScatteredError
        rows = self.rows(run) if self.rows else ()
        try:
            sets = parsing.parse_datasets(block, parsing.SYNTAXES[QUADS], self.name, first=self.line(run), rows=rows)
        except DocumentationError:
            if not self.rows:
                self._tell(run, block)
            raise
        # Several, or something in none: the lines do not stand graph by graph.
        names = {str(quad.graph_name) for quad in ox.parse(input=block, format=ox.RdfFormat.N_QUADS)}
        if names != {self.graphs[run]}:
            if rows:
                raise quads.not_one_term(self.source(run))
            raise ScatteredError
        return read_cases(sets[0], policy, as_of)

    def _tell(self, run: int, block: bytes) -> None:
        """Make the next run doubtful, if the last line of one that cannot be read may be of that."""
        told = broken_quads.are_told(block, terms.name(self.graphs[run]), self.name)
        if told is None:
            raise ScatteredError
        if not told[-1] and run + 1 < len(self.graphs):
            number = self.line(run) + block.rstrip().count(b"\n")
            self.doubtful[run + 1] = broken_quads.may_be_of(self.source(run + 1), number)


def quads_of(piece: Piece, policy: Policy) -> Quads:
    """The runs of a piece of quads; raises `ScatteredError` if they are not one a graph."""
    try:
        found = _table(piece, policy) if piece.suffix == ARROW else _text(piece, policy)
    except DocumentationError as error:
        raise ScatteredError from error  # the whole file says it better
    if "" in found.graphs or len(set(found.graphs)) < len(found.graphs):
        raise ScatteredError
    return found


def _text(piece: Piece, policy: Policy) -> Quads:
    """A piece of lines."""
    data = piece.read()
    from reasoner.chart.fast.cut import cut

    parts = cut(_readable(data), _vocabulary(policy))
    return Quads(
        piece.name,
        _graphs(parts),
        lambda run: data[parts.start[run] : parts.start[run + 1]],
        lambda run: piece.first_line() + data.count(b"\n", 0, parts.start[run]),
        _node_reader(policy).read(parts),
    )


def _readable(data: bytes) -> bytes:
    """Text in UTF-8 of the same length: what is none in the data are NULs, which no plain term has."""
    try:
        if not data.isascii():
            data.decode()
    except UnicodeDecodeError:
        return _UNREADABLE.sub("\0", data.decode(errors="surrogateescape")).encode()
    return data


def _table(piece: Piece, policy: Policy) -> Quads:
    """A piece of a table."""
    from reasoner.chart.fast.cut import cut_table

    found = quads.graphs(quads.unpack(piece.read()), piece.first, piece.name)
    parts = cut_table(found.table, _vocabulary(policy))
    names, table = _graphs(parts), _node_reader(policy).read(parts)
    table.plain[[run for run, name in enumerate(names) if name in found.doubtful]] = False

    def rows(run: int) -> list[int]:
        numbers: list[int] = found.rows[parts.start[run] : parts.start[run + 1]].tolist()
        return numbers

    def text(run: int) -> bytes:
        if names[run] in found.doubtful:
            raise found.doubtful[names[run]]
        some = found.table.slice(parts.start[run], parts.start[run + 1] - parts.start[run])
        return quads.n_quads(some, f"{piece.name} {names[run]}", rows(run))

    lost = [StreamedDataSet(piece.name, "", error=error) for error in found.lost]
    return Quads(piece.name, names, text, lambda run: int(found.rows[parts.start[run]]), table, rows, lost)


def _graphs(parts: Cut) -> list[Term]:
    return [parts.terms[place] if place >= 0 else "" for place in parts.graph.tolist()]


@lru_cache(maxsize=8)
def _node_reader(_: Policy) -> NodeReader:
    from reasoner.chart.fast.nodes import NodeReader

    return NodeReader()


@lru_cache(maxsize=8)
def _vocabulary(policy: Policy) -> KnownTerms:
    from reasoner.chart.fast.columns import vocabulary

    return vocabulary(policy)


@dataclass(frozen=True)
class FileTable:
    """The files of a piece that hold a plain chart each, read together."""

    names: list[str]
    """The file of each run."""
    table: NodeTable
    """What the runs say."""


def files_of(piece: Piece, policy: Policy) -> FileTable | None:
    """The files of Turtle in a piece of small files; None if there is none, or one file alone, which columns make no faster.

    Where a file is not plainly well formed, its run is not either, or there is none.
    """
    if piece.suffix or piece.data is not None or piece.spool or len(piece.files) == 1:
        return None
    by_file = {name: lines for name in piece.files if (lines := _turtle(name))}
    if not by_file:
        return None
    from reasoner.chart.fast.cut import cut

    blocks = (
        b"".join(lines).replace(b" .\n", b" <urn:file:%d> .\n" % number)
        for number, lines in enumerate(by_file.values())
    )
    return FileTable(list(by_file), _node_reader(policy).read(cut(b"".join(blocks), _vocabulary(policy))))


def _turtle(name: str) -> list[bytes] | None:
    """The triples of a file of Turtle that is no FHIR."""
    kind, packed = file_type(name)
    if packed or kind not in sources.TURTLE:
        return None
    data = _content(name)
    return None if sources.holds_fhir(data) else parsing.sorted_lines(data, parsing.SYNTAXES[kind], name)


def _lines(
    piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[StreamedDataSet]:
    """Each line is a JSON document: a FHIR Bundle, or JSON-LD."""
    lines = [
        (number, line) for number, line in enumerate(piece.read().split(b"\n"), piece.first_line()) if line.strip()
    ]
    documents = [
        (f"{piece.name}, line {number}", sources.FHIR if b'"resourceType"' in line else ".jsonld", line)
        for number, line in lines
    ]
    yield from _documents(documents, policy, as_of, options)


def _export(
    piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[StreamedDataSet]:
    """Each line is the Bundle of a patient."""
    if piece.error or piece.notes:
        yield StreamedDataSet(piece.name, "", error=piece.error, notes=piece.notes)
        return
    lines = zip(piece.files, piece.read().split(b"\n"), strict=True)
    yield from _documents([(name, sources.FHIR, line) for name, line in lines], policy, as_of, options)


def _documents(
    documents: list[tuple[str, str, bytes]], policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[StreamedDataSet]:
    by_source = {source: (kind, line) for source, kind, line in documents}
    for found in intake.read_documents(documents, policy, as_of=as_of, options=options):
        if found.errors:
            kind, line = by_source[found.source]
            raw = line + b"\n"
            yield StreamedDataSet(found.source, "", error=found.errors[0], raw=raw, suffix=kind, notes=found.notes)
        else:
            yield StreamedDataSet(found.source, "", found.cases, notes=found.notes)


def _sheet(piece: Piece, policy: Policy, as_of: date | None) -> Iterator[StreamedDataSet]:
    """Each run of rows is a request with its statements."""
    from reasoner.chart.tables import sheet

    for found in sheet.read(piece.read(), piece.name, policy, first=piece.first):
        try:
            cases = read_cases(found.data_set(), policy, as_of)
        except NecessityError as error:
            said = found.explain(error)
            yield StreamedDataSet(found.source, "", error=said, raw=found.raw, suffix=SHEET, request=found.request)
        else:
            yield StreamedDataSet(found.source, "", tuple(cases), notes=found.notes)
