"""Streams: the data sets of any number of charts, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from reasoner.chart import intake, reading, sources
from reasoner.chart.fast.chart import read_cases, reader
from reasoner.chart.fast.piece import ARROW, EXPORT, QUADS, SHEET, Piece
from reasoner.chart.fast.scan import Found, Scanner
from reasoner.chart.model import Case
from reasoner.chart.packing import file_type
from reasoner.chart.sources import LINES
from reasoner.chart.tables import quads
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, parsing

if TYPE_CHECKING:
    from reasoner.chart.fast.columns import TableReader
    from reasoner.chart.fhir.request import RequestOptions


_IN_ONE_GRAPH = " <urn:necessity:content> .\n"


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
    found = next(_scanner(policy).data_sets(content.replace(" .\n", _IN_ONE_GRAPH), source))
    if found.nodes is not None and found.end == len(found.lines):
        cases = reader(policy).cases(found.nodes, source, as_of, found.content)
        if cases is not None:
            return tuple(cases)
    return read_cases(parsing.data_set(source, graphs.triples(content)), policy, as_of)


def _file(
    name: str, piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[StreamedDataSet]:
    data = piece.read() if piece.spool else piece.data
    suffix = piece.suffix if data is not None else None
    if suffix == ARROW and data is not None:
        data, suffix = quads.n_quads(quads.unpack(data), name), QUADS
    results = list(intake.read_source(name, policy, as_of=as_of, suffix=suffix, options=options, data=data))
    cases = [case for result in results for case in result.cases]
    errors = [error for result in results for error in result.errors[:1]]
    notes = tuple(note for result in results for note in result.notes)
    source = "standard input" if name == sources.STDIN else name
    by_set: dict[str, list[Case]] = {}
    for case in cases:
        by_set.setdefault(case.source, []).append(case)
    for number, (found, of_it) in enumerate(by_set.items()):
        yield StreamedDataSet(found, "", tuple(of_it), notes=() if number else notes)
    for error in errors:
        raw = b""
        if error.where.partition(": ")[0] == source:
            raw = data if data is not None else _content(name)
        kind = suffix or file_type(name)[0]
        yield StreamedDataSet(source, "", error=error, raw=raw, suffix=kind, notes=() if by_set else notes)


def _content(name: str) -> bytes:
    try:
        return sources.content(name)
    except DocumentationError:
        return b""


def _quads(piece: Piece, policy: Policy, as_of: date | None) -> Iterator[StreamedDataSet]:
    seen: set[str] = set()
    for found in _data_sets(piece, _scanner(policy)):
        if not found.graph or found.graph in seen:
            raise ScatteredError
        seen.add(found.graph)
        source = f"{piece.name} <{found.graph}>"
        try:
            cases = None if found.error else reader(policy).cases(found.nodes, source, as_of, found.content)
            if cases is None:
                cases = _careful(found, policy, source, as_of)
        except NecessityError as error:
            yield StreamedDataSet(source, found.graph, error=error, raw=found.text.encode(), suffix=QUADS)
        else:
            yield StreamedDataSet(source, found.graph, tuple(cases))


def _data_sets(piece: Piece, scanner: Scanner) -> Iterator[Found]:
    """The data sets of a piece of quads, each as it is found."""
    if piece.suffix == ARROW:
        yield from _table_reader(scanner).data_sets(quads.unpack(piece.read()), piece.name)
        return
    try:
        text = piece.read().decode()
    except (DocumentationError, UnicodeDecodeError) as error:
        raise ScatteredError from error  # the whole file says it better
    yield from scanner.data_sets(text, piece.name)


def _careful(found: Found, policy: Policy, source: str, as_of: date | None) -> list[Case]:
    """The cases of a data set that the reader of plain charts leaves alone."""
    if found.error:
        raise found.error
    (data,) = parsing.parse_datasets(found.text.encode(), parsing.SYNTAXES[QUADS], source)
    return list(reading.read_cases(data.graph, policy, source, as_of))


@lru_cache(maxsize=8)
def _table_reader(scanner: Scanner) -> TableReader:
    from reasoner.chart.fast.columns import TableReader

    return TableReader(scanner)


@lru_cache(maxsize=8)
def _scanner(policy: Policy) -> Scanner:
    return Scanner(reader(policy).declares, reader(policy).layouts)


def _lines(
    piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[StreamedDataSet]:
    """Each line is a JSON document: a FHIR Bundle, or JSON-LD."""
    lines = [(number, line) for number, line in enumerate(piece.read().split(b"\n"), piece.first) if line.strip()]
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
            yield StreamedDataSet(found.source, "", error=found.explain(error), raw=found.raw, suffix=SHEET)
        else:
            yield StreamedDataSet(found.source, "", tuple(cases), notes=found.notes)
