"""Streams: the data sets of any number of charts, piece by piece."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pyoxigraph as ox

from reasoner.chart import apart, sources
from reasoner.chart.fast import native
from reasoner.chart.fast.chart import read_cases, reader
from reasoner.chart.fast.piece import ARROW, EXPORT, QUADS, SHEET, Piece
from reasoner.chart.intake import Intake
from reasoner.chart.model import Case
from reasoner.chart.packing import file_type
from reasoner.chart.sources import LINES
from reasoner.chart.tables import quads
from reasoner.ground.errors import DocumentationError, NecessityError, RereadError, contained
from reasoner.policy.model import Policy
from reasoner.rdf import broken_quads, graphs, parsing, terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

if TYPE_CHECKING:
    from reasoner.chart.fast.cut import Cut, KnownTerms
    from reasoner.chart.fast.nodes import NodeReader, NodeTable
    from reasoner.chart.fhir.request import RequestOptions
    from reasoner.chart.intake_result import IntakeResult
    from reasoner.chart.tables.request import Rows

_UNREADABLE = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is not UTF-8
_TOGETHER = 512
"""How many data sets become columns together, where they are not cut from one text."""
_TEXT = f" {terms.of(NEC.text)} ".encode()
_REFUSED = "\n".join([terms.of(NEC.text), f"<{parsing.RELATIVE}"]).encode()
"""How IRIs begin for which Turtle needs a parser."""

_Raw = Callable[[NecessityError], bytes]


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
    spoken_of: tuple[str, ...] = ()
    """IRIs of what it speaks of, requests among them, as far as these are known, if it is rejected."""

    @property
    def errors(self) -> tuple[NecessityError, ...]:
        """Why it is rejected, as of what intake reads."""
        return (self.error,) if self.error else ()


class InputRun(NamedTuple):
    """A part of the input that may be a plain chart."""

    source: str
    """What its data set is called."""
    data_sets: Callable[[], Iterable[StreamedDataSet]]
    """Reads it by itself; raises `ScatteredError` if something of it stands elsewhere in its file."""
    quads: Callable[[bytes], bytes | None] = lambda graph: None
    """Its triples as lines of N-Quads in a graph, in any order; None where they have to be read by themselves."""
    graph: str = ""
    """IRI of its named graph, in a stream of them."""
    notes: tuple[str, ...] = ()
    """What of it is not used, if it is a plain chart."""


class RunTable(NamedTuple):
    """Runs as columns."""

    table: NodeTable
    places: Sequence[int]
    """The place of each run of the table among the runs of its group."""


@dataclass(frozen=True)
class RunGroup:
    """Runs that are read together."""

    name: str
    """What they are called in errors."""
    runs: Sequence[InputRun]
    columns: Callable[[], RunTable | None]
    """What they say as columns; None if they are too few to be read faster that way."""
    doubtful: Container[int] = ()
    """The places of runs that have to be read by themselves, once those before them were."""


class ScatteredError(RereadError):
    """The graphs of a stream do not stand one after the other, or something stands in none."""


def read(
    piece: Piece,
    policy: Policy,
    *,
    as_of: date | None = None,
    options: RequestOptions | None = None,
) -> Iterator[StreamedDataSet]:
    """The data sets of a piece, in order, each read by itself; takes and raises what `run_groups` does."""
    for group in run_groups(piece, policy, as_of=as_of, options=options):
        for run in group.runs:
            yield from run.data_sets()


def run_groups(
    piece: Piece,
    policy: Policy,
    *,
    as_of: date | None = None,
    options: RequestOptions | None = None,
) -> Iterator[RunGroup]:
    """The runs of a piece, in order, in groups.

    Args:
        piece: the piece.
        policy: the policy whose vocabulary the documentation uses.
        as_of: review date that overrides the requests' own.
        options: facts of the request that a FHIR bundle does not state.

    Raises:
        ScatteredError: it has to be read with the rest of its file.
        DocumentationError: nothing of it can be read.
    """
    if piece.suffix in (QUADS, ARROW) and not piece.at_once:
        yield _quads(piece, policy, as_of)
        return
    intake = Intake(policy, as_of, options)
    if piece.suffix == EXPORT:
        runs = _export(piece, intake)
    elif piece.suffix == LINES and not piece.at_once:
        runs = _lines(piece, intake)
    elif piece.suffix == SHEET and not piece.at_once:
        runs = _sheet(piece, intake)
    else:
        runs = _files(piece, intake)
    while some := list(islice(runs, _TOGETHER)):
        yield RunGroup(piece.name, some, partial(_columns, some, policy))


def _columns(runs: Sequence[InputRun], policy: Policy) -> RunTable | None:
    """Runs as columns, as far as their triples are at hand."""
    if len(runs) < 2:
        return None
    blocks = [lines for number, run in enumerate(runs) if (lines := run.quads(b"<urn:run:%d>" % number))]
    if len(blocks) < 2:
        return None
    from reasoner.chart.fast.cut import cut

    cuts = cut(b"".join(blocks), _vocabulary(policy))
    return RunTable(node_reader(policy).read(cuts), [int(name[9:-1]) for name in _graphs(cuts)])


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


def _files(piece: Piece, intake: Intake) -> Iterator[InputRun]:
    """Whole files; those that hold a bundle of FHIR are mapped many at a time."""
    data = piece.read() if piece.spool else piece.data
    suffix = piece.suffix if data is not None else None
    kinds = {name: file_type(name if suffix is None else suffix) for name in piece.files}
    bundles = [(name, suffix, data) for name, (kind, _) in kinds.items() if kind == sources.FHIR]
    mapped = intake.read_documents(bundles)
    for name, (kind, packed) in kinds.items():
        read = partial(intake.read_documents, [(name, suffix, data)])
        raw = partial(_raw, name, data)
        if kind in sources.TURTLE and not packed and data is None:
            yield InputRun(
                sources.called(name),
                partial(_by_itself, read, raw, kind),
                partial(_turtle, name, kind),
            )
            continue
        for result in [next(mapped)] if kind == sources.FHIR else read():
            yield _mapped(result, raw, suffix or kind)


def _mapped(found: IntakeResult, raw: _Raw, suffix: str) -> InputRun:
    """What intake made of a part of the input, as a run; takes what `_by_itself` does."""
    result = replace(found, _report=None)  # which holds the whole of it
    chart = result.sound_chart
    quads_in = partial(_in_graph, chart.n_triples) if chart else lambda graph: None
    data_sets = partial(_by_itself, partial(iter, (result,)), raw, suffix)
    return InputRun(result.source, data_sets, quads_in, notes=result.notes)


def _by_itself(read: Callable[[], Iterable[IntakeResult]], raw: _Raw, suffix: str) -> Iterator[StreamedDataSet]:
    """The data sets of what intake reads.

    Args:
        read: reads it.
        raw: what is kept of it, if it is rejected.
        suffix: the type of a file that holds this.
    """
    for result in read():
        if result.errors:
            error = result.errors[0]
            kept = result.raw or raw(error)
            told = result.notes, result.spoken_of
            yield StreamedDataSet(result.source, "", (), error, kept, suffix, *told)
        else:
            yield StreamedDataSet(result.source, "", result.cases, notes=result.notes)


def _raw(name: str, data: bytes | None, error: NecessityError) -> bytes:
    """What is in a file, if an error is about all of it."""
    if error.where.partition(": ")[0] != sources.called(name):
        return b""
    try:
        return sources.content(name) if data is None else data
    except DocumentationError:
        return b""


def _quads(piece: Piece, policy: Policy, as_of: date | None) -> RunGroup:
    """Quads, cut between graphs."""
    found = quads_of(piece, policy)
    runs = [InputRun(piece.name, partial(iter, (lost,))) for lost in found.lost]
    places = range(len(runs), len(runs) + len(found.graphs))
    for run, graph in enumerate(found.graphs):
        source = found.source(run)
        runs.append(InputRun(source, partial(found.data_sets, run, policy, as_of), graph=terms.name(graph)))
    return RunGroup(piece.name, runs, lambda: RunTable(found.table, places), found.doubtful)


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
    readable: Callable[[int], bytes]
    """The lines of a run, but for rows that cannot be read."""
    rows: Callable[[int], Sequence[int]] | None = None
    """The numbers of the rows of a run in its file, if it is one of rows; 0 for those that are not known."""
    lost: Sequence[StreamedDataSet] = ()
    """The rows that stand in no graph, and why they are rejected."""
    doubtful: dict[int, DocumentationError] = field(default_factory=dict)
    """The runs that may go on in what cannot be read of the run before them, once that was read."""

    def source(self, run: int) -> str:
        """What the data set of a run is called."""
        return f"{self.name} {self.graphs[run]}"

    def data_sets(self, run: int, policy: Policy, as_of: date | None) -> Iterator[StreamedDataSet]:
        """The data set of a run; raises `ScatteredError` if something of it stands in another graph, or in none."""
        source, graph = self.source(run), terms.name(self.graphs[run])
        text = b""
        try:
            with contained(source):
                if run in self.doubtful:
                    text = self.text(run)
                    raise self.doubtful[run]
                nodes = self.table.nodes(run)
                cases: Sequence[Case] | None = reader(policy).cases(
                    nodes, source, as_of, self.table.content(run) if nodes else None
                )
                if cases is None:
                    text = self.text(run)
                    cases = self._parsed(text, run, policy, as_of)
        except NecessityError as error:
            spoken_of = apart.spoken_of_in_lines(self.readable(run))
            yield StreamedDataSet(source, graph, error=error, raw=text, suffix=QUADS, spoken_of=spoken_of)
        else:
            yield StreamedDataSet(source, graph, tuple(cases))

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

    def text(run: int) -> bytes:
        return data[parts.start[run] : parts.start[run + 1]]

    return Quads(
        piece.name,
        _graphs(parts),
        text,
        lambda run: piece.first_line() + data.count(b"\n", 0, parts.start[run]),
        node_reader(policy).read(parts),
        text,
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
    names, table = _graphs(parts), node_reader(policy).read(parts)
    table.plain[[run for run, name in enumerate(names) if name in found.doubtful]] = False

    def rows(run: int) -> list[int]:
        numbers: list[int] = found.rows[parts.start[run] : parts.start[run + 1]].tolist()
        return numbers

    def some(run: int) -> Any:
        return found.table.slice(parts.start[run], parts.start[run + 1] - parts.start[run])

    def text(run: int) -> bytes:
        if names[run] in found.doubtful:
            raise found.doubtful[names[run]]
        return quads.n_quads(some(run), f"{piece.name} {names[run]}", rows(run))

    lost = [
        StreamedDataSet(piece.name, "", error=part.error, spoken_of=apart.spoken_of_in_lines(part.lines))
        for part in found.lost
    ]
    return Quads(
        piece.name, names, text, lambda run: rows(run)[0], table, lambda run: quads.readable(some(run)), rows, lost
    )


def _graphs(parts: Cut) -> list[Term]:
    return [parts.terms[place] if place >= 0 else "" for place in parts.graph.tolist()]


@lru_cache(maxsize=8)
def node_reader(_: Policy) -> NodeReader:
    """The reader of the nodes of a policy's charts."""
    from reasoner.chart.fast.nodes import NodeReader

    return NodeReader()


@lru_cache(maxsize=8)
def _vocabulary(policy: Policy) -> KnownTerms:
    from reasoner.chart.fast.columns import vocabulary

    return vocabulary(policy)


def _turtle(name: str, kind: str, graph: bytes) -> bytes | None:
    """The triples of a file of Turtle that is no FHIR, and holds no text that there are notes on, as lines in a graph."""
    try:
        data = parsing.read_bytes(name)
    except DocumentationError:
        return None
    if sources.holds_fhir(data):
        return None
    library = native.library() if kind == ".ttl" else None
    lines = native.quads(library, data, graph, _REFUSED) if library else None
    return _in_graph(partial(_parsed, data, kind), graph) if lines is None else lines


def _parsed(data: bytes, kind: str) -> bytes | None:
    triples = parsing.n_triples(data, parsing.SYNTAXES[kind])
    return triples if triples and _TEXT not in triples else None


def _in_graph(n_triples: Callable[[], bytes | None], graph: bytes) -> bytes | None:
    """Lines of N-Triples, as their serializers write them, as lines in a graph."""
    triples = n_triples()
    return triples and triples.replace(b" .\n", b" %b .\n" % graph)


def _lines(piece: Piece, intake: Intake) -> Iterator[InputRun]:
    """Each line is a JSON document: a FHIR Bundle, or JSON-LD."""
    documents = {
        f"{piece.name}, line {number}": (sources.FHIR if b'"resourceType"' in line else ".jsonld", line)
        for number, line in enumerate(piece.read().split(b"\n"), piece.first_line())
        if line.strip()
    }
    return _documents(documents, intake)


def _export(piece: Piece, intake: Intake) -> Iterator[InputRun]:
    """Each line is the Bundle of a patient."""
    if piece.error or piece.notes:
        told = StreamedDataSet(piece.name, "", error=piece.error, notes=piece.notes)
        return iter([InputRun(piece.name, partial(iter, (told,)))])
    lines = zip(piece.files, piece.read().split(b"\n"), strict=True)
    return _documents({name: (sources.FHIR, line) for name, line in lines}, intake)


def _documents(documents: dict[str, tuple[str, bytes]], intake: Intake) -> Iterator[InputRun]:
    """Documents by what they are called, each with its file type and its content."""
    for result in intake.read_documents((source, *document) for source, document in documents.items()):
        source = result.source if result.source in documents else result.source.rpartition(" <")[0]
        kind, line = documents[source]
        yield _mapped(result, partial(_line, line), kind)


def _line(line: bytes, _: NecessityError) -> bytes:
    return line + b"\n"


def _sheet(piece: Piece, intake: Intake) -> Iterator[InputRun]:
    """Each run of rows is a request with its statements."""
    from reasoner.chart.tables import sheet

    first = piece.first if piece.first > 1 else None  # a whole sheet begins with its header
    for found in sheet.read(piece.read(), piece.name, intake.policy, first=first):
        data_sets, quads_in = partial(_rows, found, intake), partial(_in_graph, found.n_triples)
        yield InputRun(found.source, data_sets, quads_in, notes=found.notes)


def _rows(found: Rows, intake: Intake) -> Iterator[StreamedDataSet]:
    try:
        with contained(found.source):
            cases = read_cases(found.data_set(), intake.policy, intake.as_of)
    except NecessityError as error:
        said = found.explain(error)
        yield StreamedDataSet(found.source, "", (), said, found.raw, SHEET, spoken_of=(found.request,))
    else:
        yield StreamedDataSet(found.source, "", tuple(cases), notes=found.notes)
