"""Pieces: any number of charts cut into parts that can be read apart, in any order, by any process.

A file of N-Quads is cut between named graphs, newline-delimited JSON between lines, a sheet between requests, a bulk export
of FHIR between patients; other files are pieces by themselves, small ones together. Sheets, exports, Parquet and standard
input are cut as they are read; N-Quads from standard input are put down in a file first, since what stands at their end
may belong to a graph at their beginning.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from reasoner.chart import archives, sources
from reasoner.chart.packing import file_type
from reasoner.chart.sources import LINES, TABLE, WORKBOOK, FileState
from reasoner.chart.tables import rows
from reasoner.ground.errors import DocumentationError, NecessityError, ProgramError, UsageError, contained, unreadable
from reasoner.ground.urls import folder_of
from reasoner.rdf import parsing

if TYPE_CHECKING:
    from reasoner.chart.fhir import bulk

SIZE = 2**23
"""About how many bytes a piece has: as columns, some hundred charts take hardly longer than a few."""
_FILES, _TURTLE_FILES = 64, 512  # how many are read together; those of Turtle are as columns
_GRAPH = re.compile(rb" <[^<>\s\"]*> ?\.\s*$").search
"""Finds the graph at the end of a line of quads."""
QUADS, SHEET, EXPORT, ARROW = ".nq", rows.CSV, "export", "arrow"


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
    """Number of its first line or row in the file; 0 if `first_line` has to count."""
    rows: int = 0
    """How many rows it has of a table of quads; 0 for what is no such table."""
    data: bytes | None = field(default=None, repr=False)
    at_once: bool = False
    """Whether it is read as one document, though its type has parts; then it stands for all parts of its file."""
    spool: str = ""
    """The file that standard input, or a packed file, was put down in."""
    error: NecessityError | None = None
    """Why nothing can be read of it."""
    notes: tuple[str, ...] = ()
    """What is not used of the input around it."""
    states: tuple[FileState, ...] = ()
    """What it was made of, as that was before anything of it was read."""
    export: str = ""
    """The export that its patients are of."""

    @property
    def origin(self) -> str:
        """What all pieces have in common that were made of the same."""
        return self.export or self.files[0]

    @property
    def name(self) -> str:
        """What to call it in errors."""
        return sources.called(self.files[0])

    def key(self) -> str:
        """A digest that changes with the content, or where that is in files with their size and time of change."""
        if self.data is not None:
            said: tuple[object, ...] = (self.files, self.first, self._digest_of_data, str(self.error or ""), self.notes)
        elif self.spool:
            said = (self.files, self.offset, _digest(self.spool, self.offset, self.length))
        else:
            said = (self.files, self.states, self.offset, self.length)
        return hashlib.sha256(repr((said, self.suffix, self.at_once)).encode()).hexdigest()

    @cached_property
    def _digest_of_data(self) -> str:
        return hashlib.sha256(self.data or b"").hexdigest()

    def size(self) -> int:
        """Its bytes."""
        if self.data is not None:
            return len(self.data)
        return self.length or (os.stat(self.spool).st_size if self.spool else sum(state.size for state in self.states))

    def changed(self) -> list[str]:
        """What it was made of and was changed or removed since; then it may be a mixture of two states."""
        return [was.name for was in self.states if sources.state_of(was.name) != was]

    def whole(self) -> Piece:
        """The file that it is a part of, to be read at once; itself, if its data stand nowhere else."""
        if self.suffix == ARROW and self.spool:
            return Piece(self.files, TABLE, at_once=True, spool=self.spool, states=self.states)
        if file_type(self.files[0])[0] == TABLE:
            return Piece(self.files, at_once=True, states=self.states)
        return replace(self, at_once=True, offset=0, length=0, first=1)

    def read(self) -> bytes:
        """Its content; raises `DocumentationError` where it cannot be had."""
        if self.data is not None:
            return self.data
        if not self.spool and not self.length:
            return sources.content(self.files[0])
        if self.length > parsing.MAX_BYTES:
            raise _too_large(self.name, self.suffix)
        with self._open() as stream:
            stream.seek(self.offset)
            return stream.read(self.length or parsing.MAX_BYTES + 1)

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        """The file that it stands in; raises `DocumentationError` where that cannot be read."""
        try:
            with open(self.spool or self.files[0], "rb") as stream:
                yield stream
        except OSError as error:
            raise unreadable(self.name, error) from error

    def first_line(self) -> int:
        """The number of its first line or row in the file."""
        if self.first:
            return self.first
        name = self.spool or self.files[0]
        with self._open() as stream:
            return 1 + _line_feeds(stream, self.offset, _counted(name, os.fstat(stream.fileno()).st_mtime_ns))

    def discard(self) -> None:
        """Delete the file that it was put down in."""
        if self.spool:
            _spools.pop(self.spool).close()


def pieces(paths: Iterable[str], suffix: str | None = None, size: int = SIZE) -> Iterator[Piece]:
    """The input cut into pieces; the same input gives the same pieces.

    Args:
        paths: files, folders, patterns, or `sources.STDIN`.
        suffix: the file type of standard input.
        size: about how many bytes a piece has.

    Raises:
        UsageError: there is nothing at a path.
        DocumentationError: the input cannot be read.
    """
    together: list[FileState] = []
    gathered = 0
    exports: dict[str, list[str]] = {}
    for name in dict.fromkeys(sources.find(paths, sources.ALL_SUFFIXES)):
        given = sources.given_type(name, suffix)
        kind, packed = file_type(name if given is None else given)
        local = sources.is_local(name)
        if kind in (QUADS, LINES, TABLE, WORKBOOK, SHEET) or not local:
            if kind == LINES and not sources.is_stream(name) and _is_export(name):
                exports.setdefault(folder_of(name), []).append(name)
            else:
                is_packed = bool(packed) or kind == WORKBOOK or archives.is_member(name)
                yield from _watched(name, [name], _parts(name, given, size), is_packed=is_packed)
            continue
        together.append(sources.state_of(name))
        gathered += together[-1].size
        if gathered >= size or len(together) >= (_TURTLE_FILES if kind in sources.TURTLE else _FILES):
            yield _whole_files(together)
            together, gathered = [], 0
    if together:
        yield _whole_files(together)
    for folder, names in exports.items():
        from reasoner.chart.fhir import bulk

        yield from _watched(folder, names, _patients(bulk.records(names), folder, size))


def _parts(name: str, given: str | None, size: int) -> Iterator[Piece]:
    """The pieces of a file that has parts, or of standard input, whose file type is given."""
    kind, packed = file_type(name if given is None else given)
    flows = packed or not sources.is_local(name)
    if kind == SHEET:
        with sources.opened(name, given) as stream:
            yield from _requests(name, rows.CsvRecords(stream, sources.called(name)), size)
    elif kind == TABLE:
        spool = ""
        if flows:
            with sources.opened(name, given) as stream:
                spool = _spooled(stream, TABLE)
        yield from _table(name, size, spool)
    elif kind == WORKBOOK:
        yield from _workbook(name, BytesIO(sources.content(name, given)) if flows else Path(name), size)
    elif flows:
        with sources.opened(name, given) as stream:
            if kind == QUADS:
                yield from _stretches(name, kind, size, _spooled(stream, kind))
            else:
                yield from _flow(name, kind, stream, size)
    else:
        if kind == LINES:
            _refuse_blank(name)
        yield from _stretches(name, kind, size)


def _refuse_blank(name: str) -> None:
    from reasoner.chart.fhir import bulk

    with sources.opened(name) as stream:
        if not bulk.beginning(stream).strip():
            raise sources.no_lines(name)


def _watched(name: str, files: Iterable[str], found: Iterable[Piece], *, is_packed: bool = False) -> Iterator[Piece]:
    """Pieces of a file, or of an export; where it cannot be read, the last says why, and the rest of the input goes on.

    Whether a packed file is damaged is told at its end, and nothing of one that is holds.
    """
    states = tuple(map(sources.state_of, files))
    try:
        with contained(name):
            for part in found:
                yield replace(part, states=states)
    except (DocumentationError, ProgramError) as error:
        at_once = is_packed or isinstance(error, ProgramError)
        yield Piece((name,), EXPORT, data=b"", at_once=at_once, error=error, states=states)


def _whole_files(states: Iterable[FileState]) -> Piece:
    return Piece(tuple(state.name for state in states), states=tuple(states))


def changed_meanwhile(name: str) -> DocumentationError:
    """The error that a file was changed while a batch read it."""
    mend = "Run it again once the file is written"
    return DocumentationError("the file was changed or removed while it was read", where=name, mend=mend)


def anew(names: Iterable[str]) -> Piece:
    """Whole files, read together as they are now."""
    return _whole_files([sources.state_of(name) for name in names])


_spools: dict[str, ExitStack] = {}
"""What deletes each file that input was put down in, by its path."""


def _spooled(stream: IO[bytes], suffix: str) -> str:
    """The path of a new file with what a stream holds, for its user alone."""
    from reasoner.ground.temporary import TemporaryFolder

    try:
        with ExitStack() as broken_off:
            folder = broken_off.enter_context(TemporaryFolder())
            with open(f"{folder}/input{suffix}", "xb") as spool:
                shutil.copyfileobj(stream, spool, SIZE)
            _spools[spool.name] = broken_off.pop_all()
            return spool.name
    except OSError as error:
        problem = f"the input cannot be kept: {error.strerror or type(error).__name__}"
        raise UsageError(problem, where=tempfile.gettempdir(), mend="Free space, or set TMPDIR") from error


def _digest(name: str, offset: int, length: int) -> str:
    """SHA-256 of a stretch of a file; of all of it, if the length is 0."""
    digest, left = hashlib.sha256(), length or os.stat(name).st_size
    with open(name, "rb") as stream:
        stream.seek(offset)
        while left and (block := stream.read(min(left, SIZE))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _counted(name: str, _: int) -> list[int]:
    """How far the line feeds of a file are counted, and how many these are."""
    return [0, 0]


def _line_feeds(stream: BinaryIO, end: int, counted: list[int]) -> int:
    """The line feeds of a file before a place, from where they were counted to the last time."""
    if end < counted[0]:
        counted[:] = [0, 0]
    stream.seek(counted[0])
    while counted[0] < end and (block := stream.read(min(end - counted[0], SIZE))):
        counted[:] = [counted[0] + len(block), counted[1] + block.count(b"\n")]
    return counted[1]


def _is_export(name: str) -> bool:
    from reasoner.chart.fhir import bulk

    try:
        with sources.opened(name) as stream:
            return bulk.is_bulk(bulk.beginning(stream))
    except DocumentationError:
        return False  # to read it says why


def _patients(records: Iterable[bulk.PatientRecord | bulk.Orphan], called: str, size: int) -> Iterator[Piece]:
    """The patients of a bulk export, small ones together, and a note for each kind of resource that is nobody's."""
    from reasoner.chart.fhir.bulk import Orphan, notes_on

    orphans: list[Orphan] = []
    names: list[str] = []
    lines: list[bytes] = []
    gathered = 0
    for record in records:
        if isinstance(record, Orphan):
            orphans.append(record)
        elif record.error:
            yield Piece((record.source,), EXPORT, data=b"", error=record.error, export=called)
        else:
            names.append(record.source)
            lines.append(record.bundle)
            gathered += len(record.bundle)
            if gathered >= size:
                yield Piece(tuple(names), EXPORT, data=b"\n".join(lines), export=called)
                names, lines, gathered = [], [], 0
    if lines:
        yield Piece(tuple(names), EXPORT, data=b"\n".join(lines), export=called)
    if orphans:
        yield Piece((called,), EXPORT, data=b"", notes=notes_on(orphans))


def _requests(name: str, records: Iterator[list[str]], size: int) -> Iterator[Piece]:
    """The parts of a sheet of statements."""
    from reasoner.chart.tables.sheet import REQUEST

    for first, data in rows.parts(records, REQUEST, size):
        yield Piece((name,), SHEET, first=first, data=data)


def _stretches(name: str, suffix: str, size: int, spool: str = "") -> Iterator[Piece]:
    """A file cut between data sets, near every so many bytes."""
    with open(spool, "rb") if spool else sources.opened(name) as stream:
        total, start = os.fstat(stream.fileno()).st_size, 0
        while start < total:
            end = total if total - start <= size else _boundary(stream, start + size, suffix)
            yield Piece((name,), suffix, start, end - start, first=0, spool=spool)
            start = end
    if not total:
        yield Piece((name,), suffix if spool else "", at_once=True, spool=spool)


def _boundary(stream: IO[bytes], near: int, suffix: str) -> int:
    """Where the first data set begins that lies wholly after a place."""
    stream.seek(near - 1)
    stream.readline()
    at = stream.tell()
    if suffix == LINES:
        return at
    graph = b""
    for line in stream:
        match = _GRAPH(line)  # none of a line that cannot be told from one of the graph around it
        found = match[0] if match else b""
        if graph and found and found != graph:
            return at
        graph = found
        at += len(line)
    return at


def _flow(name: str, suffix: str, stream: IO[bytes], size: int) -> Iterator[Piece]:
    """A stream, cut as it comes where its type has parts."""
    if suffix != LINES:
        yield Piece((name,), suffix, data=stream.read(parsing.MAX_BYTES + 1))
        return
    from reasoner.chart.fhir import bulk

    begun = bulk.beginning(stream)
    if not begun.strip():
        raise sources.no_lines(sources.called(name))
    if bulk.is_bulk(begun):
        yield from _patients(bulk.records_of(stream, sources.called(name), begun), sources.called(name), size)
    else:
        yield from cut(name, suffix, chain([begun], iter(lambda: stream.read(size), b"")), size)


def _table(name: str, size: int, spool: str) -> Iterator[Piece]:
    """A Parquet file: of statements, cut as a sheet, or of quads, cut between graphs."""
    from reasoner.chart.tables import quads, sheet

    file, called, first, is_kept = Path(spool or name), sources.called(name), 1, False
    try:
        records = rows.parquet_records(file, called)
        header = next(records, [])
        if sheet.is_sheet(header):
            yield from _requests(name, chain([header], records), size)
            return
        for table in quads.by_graph(quads.of_parquet(file, called), called):
            is_kept = True
            yield Piece((name,), ARROW, first=first, rows=table.num_rows, data=quads.pack(table), spool=spool)
            first += table.num_rows
    except DocumentationError as error:  # a graph can have rows in what cannot be read, so nothing of the file holds
        is_kept = True
        yield Piece((name,), EXPORT, data=b"", at_once=True, spool=spool, error=error)
    finally:
        if spool and not is_kept:  # by a piece, for which it is read again or deleted
            _spools.pop(spool).close()


def _workbook(name: str, file: Path | BinaryIO, size: int) -> Iterator[Piece]:
    """A workbook: the worksheet of statements, cut as a sheet, and notes on the others."""
    from reasoner.chart.tables import sheet, workbook

    records, notes = workbook.workbook_records(file, sources.called(name), sheet.REQUEST)
    yield from _requests(name, records, size)
    if notes:
        yield Piece((name,), EXPORT, data=b"", notes=notes)


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
        elif len(held) > parsing.MAX_BYTES:
            raise _too_large(sources.called(name), suffix)
    if held or first == 1:
        yield Piece((name,), suffix, first=first, data=held)


def _too_large(where: str, suffix: str) -> DocumentationError:
    problem = f"a {'line' if suffix == LINES else 'graph'} is larger than {parsing.MAX_BYTES // 2**20} MiB"
    return DocumentationError(problem, where=where, mend="Split it by request")


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
