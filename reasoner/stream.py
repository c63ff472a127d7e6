"""Streams: any number of charts as pieces that can be read apart, in any order, by any process.

A file of N-Quads is cut between named graphs, newline-delimited JSON between lines; other files are pieces by
themselves, small ones together. Parquet and standard input are cut as they are read.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from reasoner import documentation, graphs, intake
from reasoner.chart import reader
from reasoner.documentation import Case
from reasoner.errors import DocumentationError, NecessityError, UsageError
from reasoner.fhir import RequestOptions
from reasoner.policy import Policy
from reasoner.scan import Found, Scanner

SIZE = 2**19
"""About how many bytes a piece has."""
LINES, QUADS, TABLE = ".ndjson", ".nq", ".parquet"
SUFFIXES = (*intake.SUFFIXES, LINES, TABLE)
"""The suffixes of the files that are read."""
COLUMNS = ("subject", "predicate", "object", "graph")
"""The columns of quads in Parquet: terms as in N-Quads, the rows of a graph together."""


@dataclass(frozen=True)
class Piece:
    """A part of the input: whole files, a stretch of one, or data that was read already."""

    files: tuple[str, ...]
    suffix: str = ""
    """How to read it, where that is not for each file's own suffix to say."""
    offset: int = 0
    length: int = 0
    """Bytes from the offset; 0 for all there is."""
    first: int = 1
    """Number of its first line in the file."""
    data: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What to call it in errors."""
        return "standard input" if self.files == (intake.STDIN,) else self.files[0]

    def key(self) -> str:
        """A digest that changes with the content, or where that is in files with their size and time of change."""
        if self.data is not None:
            said: tuple[object, ...] = (self.files, self.first, hashlib.sha256(self.data).hexdigest())
        else:
            states = [(name, os.stat(name).st_size, os.stat(name).st_mtime_ns) for name in self.files]
            said = (states, self.offset, self.length)
        return hashlib.sha256(repr((said, self.suffix)).encode()).hexdigest()

    def size(self) -> int:
        """Its bytes."""
        if self.data is not None:
            return len(self.data)
        return self.length or sum(os.stat(name).st_size for name in self.files)

    def whole(self) -> Piece:
        """The file that it is a stretch of, to be read at once; itself, if it is data."""
        suffix = "" if self.data is None else f"{self.suffix} whole"
        return replace(self, suffix=suffix, offset=0, length=0, first=1)

    def read(self) -> bytes:
        """Its content; raises `DocumentationError` where it cannot be had."""
        if self.data is not None:
            return self.data
        if not self.length:
            return graphs.read_bytes(Path(self.files[0]))
        if self.length > graphs.MAX_BYTES:
            raise DocumentationError(f"a graph is larger than {graphs.MAX_BYTES // 2**20} MiB", where=self.files[0])
        try:
            with open(self.files[0], "rb") as stream:
                stream.seek(self.offset)
                return stream.read(self.length)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DocumentationError(f"the file cannot be read: {reason}", where=self.files[0]) from error


@dataclass(frozen=True)
class DataSet:
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


def pieces(paths: Iterable[str], suffix: str | None = None, size: int = SIZE) -> Iterator[Piece]:
    """The input cut into pieces; the same input gives the same pieces.

    Args:
        paths: files, folders, or `intake.STDIN`; patterns are the caller's to expand.
        suffix: the file type of standard input.
        size: about how many bytes a piece has.

    Raises:
        UsageError: there is nothing at a path.
        DocumentationError: the input cannot be read.
    """
    together: list[str] = []
    bulk = 0
    for name in intake.find(paths, SUFFIXES):
        kind = (suffix or "") if name == intake.STDIN else Path(name).suffix.lower()
        if kind not in (QUADS, LINES, TABLE) and name != intake.STDIN:
            together.append(name)
            bulk += os.stat(name).st_size
            if bulk >= size or len(together) >= 64:
                yield Piece(tuple(together))
                together, bulk = [], 0
            continue
        if together:
            yield Piece(tuple(together))
            together, bulk = [], 0
        if name == intake.STDIN:
            yield from _flow(name, kind, sys.stdin.buffer, size)
        elif kind == TABLE:
            yield from _rows(name, size)
        else:
            yield from _stretches(name, kind, size)
    if together:
        yield Piece(tuple(together))


def read(
    piece: Piece,
    policy: Policy,
    *,
    as_of: date | None = None,
    options: RequestOptions | None = None,
) -> Iterator[DataSet]:
    """The data sets of a piece, in order.

    Args:
        piece: the piece.
        policy: the policy whose vocabulary the documentation uses.
        as_of: review date that overrides the requests' own.
        options: facts of the request that a FHIR bundle does not state.

    Raises:
        ScatteredError: it has to be read with the rest of its file.
    """
    if piece.suffix == QUADS:
        yield from _quads(piece, policy, as_of)
    elif piece.suffix == LINES:
        yield from _lines(piece, policy, as_of, options)
    else:
        for name in piece.files:
            yield from _file(name, piece, policy, as_of, options)


def data_sets(
    paths: Iterable[str],
    policy: Policy,
    *,
    suffix: str | None = None,
    as_of: date | None = None,
    options: RequestOptions | None = None,
) -> Iterator[DataSet]:
    """The data sets of all the input, file by file; takes what `pieces` and `read` take, and raises what they do."""
    for piece in pieces(paths, suffix, size=graphs.MAX_BYTES):
        try:
            yield from list(read(piece, policy, as_of=as_of, options=options))
        except ScatteredError:
            yield from read(piece.whole(), policy, as_of=as_of, options=options)


def _file(
    name: str, piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None
) -> Iterator[DataSet]:
    suffix = piece.suffix.removesuffix(" whole") or (None if name == intake.STDIN else Path(name).suffix.lower())
    cases, errors, notes = intake.read(name, policy, as_of=as_of, suffix=suffix, options=options, data=piece.data)
    source = "standard input" if name == intake.STDIN else name
    by_set: dict[str, list[Case]] = {}
    for case in cases:
        by_set.setdefault(case.source, []).append(case)
    for number, (found, of_it) in enumerate(by_set.items()):
        yield DataSet(found, "", tuple(of_it), notes=() if number else notes)
    for error in errors:
        raw = b""
        if error.where.partition(": ")[0] == source:
            raw = piece.data if piece.data is not None else _content(name)
        yield DataSet(source, "", error=error, raw=raw, suffix=suffix or "", notes=() if by_set else notes)


def _content(name: str) -> bytes:
    try:
        return graphs.read_bytes(Path(name))
    except DocumentationError:
        return b""


def _quads(piece: Piece, policy: Policy, as_of: date | None) -> Iterator[DataSet]:
    try:
        text = piece.read().decode()
    except (DocumentationError, UnicodeDecodeError) as error:
        raise ScatteredError from error  # the whole file says it better
    seen: set[str] = set()
    for found in _scanner(policy).data_sets(text, piece.name):
        if not found.graph or found.graph in seen:
            raise ScatteredError
        seen.add(found.graph)
        source = f"{piece.name} <{found.graph}>"
        try:
            cases = None if found.error else reader(policy).cases(found.nodes, source, as_of, found.content)
            if cases is None:
                cases = _careful(found, policy, source, as_of)
        except NecessityError as error:
            yield DataSet(source, found.graph, error=error, raw=found.text.encode(), suffix=QUADS)
        else:
            yield DataSet(source, found.graph, tuple(cases))


def _careful(found: Found, policy: Policy, source: str, as_of: date | None) -> list[Case]:
    """The cases of a data set that the reader of plain charts leaves alone."""
    if found.error:
        raise found.error
    (data,) = graphs.parse_datasets(found.text.encode(), graphs.SYNTAXES[QUADS], source)
    return list(documentation.read_cases(data.graph, policy, source, as_of))


@lru_cache(maxsize=8)
def _scanner(policy: Policy) -> Scanner:
    return Scanner(reader(policy).declares, reader(policy).layouts)


def _lines(piece: Piece, policy: Policy, as_of: date | None, options: RequestOptions | None) -> Iterator[DataSet]:
    """Each line is a JSON document: a FHIR Bundle, or JSON-LD."""
    for number, line in enumerate(piece.read().split(b"\n"), piece.first):
        if not line.strip():
            continue
        source = f"{piece.name}, line {number}"
        suffix = intake.FHIR if b'"resourceType"' in line else ".jsonld"
        cases, errors, notes = intake.read(source, policy, as_of=as_of, suffix=suffix, options=options, data=line)
        if errors:
            yield DataSet(source, "", error=errors[0], raw=line + b"\n", suffix=suffix, notes=notes)
        else:
            yield DataSet(source, "", tuple(cases), notes=notes)


def _stretches(name: str, suffix: str, size: int) -> Iterator[Piece]:
    """A file cut between data sets, near every so many bytes."""
    total, start, first = os.stat(name).st_size, 0, 1
    with open(name, "rb") as stream:
        while start < total:
            end = total if total - start <= size else _boundary(stream, start + size, suffix)
            yield Piece((name,), suffix, start, end - start, first)
            if suffix == LINES:
                stream.seek(start)
                first += stream.read(end - start).count(b"\n")
            start = end
    if not total:
        yield Piece((name,), suffix="")


def _boundary(stream: IO[bytes], near: int, suffix: str) -> int:
    """Where the first data set begins that lies wholly after a place."""
    stream.seek(near - 1)
    stream.readline()
    at = stream.tell()
    if suffix == LINES:
        return at
    graph: bytes | None = None
    for line in stream:
        found = line[line.rfind(b" <") :]
        if graph is not None and found != graph:
            return at
        graph = found
        at += len(line)
    return at


def _flow(name: str, suffix: str, stream: IO[bytes], size: int) -> Iterator[Piece]:
    """Standard input, cut as it comes where its type has parts."""
    if suffix not in (QUADS, LINES):
        yield Piece((name,), suffix, data=stream.read(graphs.MAX_BYTES + 1))
        return
    yield from cut(name, suffix, iter(lambda: stream.read(size), b""), size)


def _rows(name: str, size: int) -> Iterator[Piece]:
    """A Parquet file of quads, cut as N-Quads."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet is read with pyarrow", where=name, mend="Install necessity[tables]") from error
    try:
        table = pq.ParquetFile(name)
        missing = set(COLUMNS) - set(table.schema_arrow.names)
    except (OSError, pa.ArrowException) as error:
        raise DocumentationError(f"this is not Parquet: {error}", where=name) from error
    if missing:
        mend = f"Columns of text: {', '.join(COLUMNS)}"
        raise DocumentationError(f"the table has no column {', '.join(sorted(missing))}", where=name, mend=mend)
    yield from cut(name, QUADS, map(quads, table.iter_batches(columns=list(COLUMNS))), size)


def quads(batch: Any) -> bytes:
    """An Arrow record batch of quads as N-Quads; a quad without a graph stands in none."""
    columns = [batch.column(name).to_pylist() for name in COLUMNS]
    return "".join(
        f"{s} {p} {o} {g} .\n" if g else f"{s} {p} {o} .\n" for s, p, o, g in zip(*columns, strict=True)
    ).encode()


def cut(name: str, suffix: str, blocks: Iterable[bytes], size: int = SIZE) -> Iterator[Piece]:
    """Blocks of lines of `QUADS` or `LINES` as pieces of about a size that end between data sets.

    Raises:
        DocumentationError: one graph alone is larger than what is read.
    """
    held, first = b"", 1
    for block in blocks:
        held += block
        if len(held) < size:
            continue
        end = _last_boundary(held, suffix)
        if end:
            yield Piece((name,), suffix, first=first, data=held[:end])
            first += held.count(b"\n", 0, end)
            held = held[end:]
        elif len(held) > graphs.MAX_BYTES:
            raise DocumentationError(f"a graph is larger than {graphs.MAX_BYTES // 2**20} MiB", where=name)
    if held or first == 1:
        yield Piece((name,), suffix, first=first, data=held)


def _last_boundary(held: bytes, suffix: str) -> int:
    """Where the last data set begins, of which more may follow; 0 if there is only one."""
    end = held.rfind(b"\n") + 1
    if suffix == LINES or not end:
        return end
    start = held.rfind(b"\n", 0, end - 1) + 1
    graph = held[start:end][held[start:end].rfind(b" <") :]
    while start:
        before = held.rfind(b"\n", 0, start - 1) + 1
        line = held[before:start]
        if line[line.rfind(b" <") :] != graph:
            return start
        start = before
    return 0
