"""Sources of charts: the kinds of files, the files that paths name, and what is in them."""

from __future__ import annotations

import glob
import io
import os
import re
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from reasoner.chart import archives, remote
from reasoner.chart.archives import ARCHIVE
from reasoner.chart.folders import FolderContents, contents, refused_table
from reasoner.chart.packing import PACKED, file_type, unpacked
from reasoner.chart.tables import rows, workbook
from reasoner.ground.display import readable
from reasoner.ground.errors import DocumentationError, UsageError, unreadable
from reasoner.ground.urls import is_remote, mistyped, named, path_of
from reasoner.rdf import parsing

FHIR = ".json"
"""The suffix of FHIR bundles."""
TURTLE = (".ttl", ".nt")
"""The suffixes of what can be a chart or FHIR in RDF."""
SUFFIXES = (*parsing.SYNTAXES, FHIR, rows.CSV)
"""The suffixes of files that are read at once."""
LINES, TABLE, WORKBOOK = ".ndjson", ".parquet", workbook.XLSX
"""The suffixes of newline-delimited JSON, of Parquet and of workbooks."""
ALL_SUFFIXES = (*SUFFIXES, LINES, TABLE, WORKBOOK)
"""The suffixes of all files that are read, at once or part by part."""
WHOLE = (*SUFFIXES, TABLE, WORKBOOK)
"""The suffixes of files that are read by themselves; lines of JSON may be part of an export."""
XML = ".xml"
"""The suffix of records that are refused by name."""
STDIN = "-"
_FHIR_NAMES = re.compile(rb"<http://hl7\.org/fhir/(?:>|[A-Z])").search
"""Finds what RDF that is FHIR has in its names: its namespace, or a type in it."""
_OPENED = re.compile(r"/dev/stdin|/(dev|proc/self)/fd/\d+").fullmatch
_LEFT_OUT = (".", "~$")  # hidden files, and those that spreadsheets put beside an open workbook


_IN_XML = {
    b"http://hl7.org/fhir": ("this is FHIR in XML, which is not read", "Convert it to FHIR in JSON"),
    b"urn:hl7-org:v3": ("this is a CDA document, which is not read", "Give the record as FHIR in JSON"),
    b"http://www.w3.org/1999/02/22-rdf-syntax-ns#": ("this is RDF/XML", "Let its name end in .rdf"),
}
_HEAD = 2**16


def find(paths: Iterable[str], suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[str]:
    """The files that paths stand for: a pattern for what it matches, a folder for the files of some suffixes below it.

    Both are taken in sorted order; manifests and hidden files in folders are left out. A folder that cannot be read is among
    the files, so that it is rejected by name.

    Raises:
        UsageError: there is nothing at a path, or a folder holds no documentation.
    """
    for name in map(named, paths):
        path = Path(name)
        if ARCHIVE not in suffixes and (is_remote(name) or is_archive(name)):
            yield from _inside(name, suffixes).files or (name,)
        elif is_stream(name) or os.path.isfile(path) or archives.is_member(name) or is_broken_link(path):
            yield name
        elif not os.path.exists(path) and (found := matches(name)):
            yield from find(found, suffixes)
        elif os.path.isdir(path):
            files = _contents(path, suffixes).files
            if not files:
                raise UsageError("the folder holds no documentation", where=name, mend=f"Known: {' '.join(suffixes)}")
            for file in files:
                yield from _inside(file, suffixes).files if is_archive(file) and ARCHIVE not in suffixes else (file,)
        else:
            path_shown, mend = mistyped(name)
            raise UsageError("there is no such file or folder", where=path_shown, mend=mend)


def passed_over(paths: Iterable[str], suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[tuple[str, str]]:
    """What is not read of the folders among some paths: the folder, and what of it, in words."""
    for name in map(named, paths):
        path = Path(name)
        if is_remote(name) or is_archive(name):
            yield from ((name, words) for words in _inside(name, suffixes).passed_over)
        elif os.path.isdir(path):
            found = _contents(path, suffixes)
            yield from ((name, words) for words in found.passed_over)
            yield from passed_over(filter(is_archive, found.files), suffixes)
        elif not os.path.exists(path) and not is_broken_link(path):
            yield from passed_over(matches(name), suffixes)


def matches(pattern: str) -> list[str]:
    """What a pattern matches, in order. ``**`` is any folders but those that links lead to: these may lead back."""
    parts = Path(pattern).parts
    if "**" not in parts:
        return sorted(glob.glob(pattern))
    if parts[-1] == "**":
        return matches(str(Path(*parts[:-1])))
    fixed = next(number for number, part in enumerate(parts) if glob.escape(part) != part)
    start = Path(*parts[:fixed])
    found = start.glob("/".join(part if part == "**" else part.replace("**", "*") for part in parts[fixed:]))
    return sorted(str(path) for path in found if not any(map(_is_hidden, path.relative_to(start).parts)))


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def is_broken_link(path: Path) -> bool:
    """Whether a path is one of a link that leads nowhere."""
    return os.path.islink(path) and not os.path.exists(path)


def is_archive(name: str) -> bool:
    """Whether a path is one of an archive of charts on this machine."""
    return file_type(name) == (ARCHIVE, "") and os.path.isfile(name)


def is_local(name: str) -> bool:
    """Whether a source is a file of this machine by itself, neither remote nor in an archive."""
    return not is_stream(name) and not is_remote(name) and not archives.is_member(name)


class FileState(NamedTuple):
    """What tells that a source was changed."""

    name: str
    size: int
    changed: int
    """When it was written last, in nanoseconds."""


def state_of(name: str) -> FileState:
    """The state of a source, of a file in an archive that of the archive; nothing changes that of one that is no file here."""
    try:
        about = os.stat(archives.file_of(name))
    except (OSError, ValueError):
        return FileState(name, 0, 0)
    if name == STDIN or not stat.S_ISREG(about.st_mode):
        return FileState(name, 0, 0)
    return FileState(name, about.st_size, about.st_mtime_ns)


def _inside(name: str, suffixes: tuple[str, ...]) -> FolderContents:
    """What is in an archive or at a URL; what cannot be listed is to be read, so that it is rejected by name."""
    try:
        found = _listed(name, suffixes)
    except DocumentationError:
        return FolderContents((name,), ())
    return found if found.files else FolderContents((name,), found.passed_over)


def _listed(name: str, suffixes: tuple[str, ...]) -> FolderContents:
    contents_of = remote.contents if is_remote(name) else archives.contents
    return contents_of(name, lambda path: file_type(path)[0] in suffixes, _is_left_out)


def _contents(folder: Path, suffixes: tuple[str, ...]) -> FolderContents:
    return contents(folder, lambda path: _is_chart(path, suffixes), _is_left_out, _is_empty)


def _is_empty(path: str, is_whole: bool) -> bool:
    """Whether a file of a folder holds no rows, as jobs that write in parts leave: Parquet tells it, of others `is_whole` does."""
    kind, packed = file_type(path)
    if packed if kind == TABLE else not is_whole:
        return False
    try:
        if os.stat(path).st_size > _HEAD:
            return False
        if kind == TABLE:
            from reasoner.chart.tables.parquet import has_no_rows

            return has_no_rows(path)
        with opened(path) as stream:
            data = stream.read(_HEAD)
    except (OSError, DocumentationError):
        return False  # to read it says why
    lines = data.strip().splitlines()
    return not lines or (kind == rows.CSV and len(lines) == 1 and len(data) < _HEAD)


def _is_left_out(name: str) -> bool:
    """Whether a file of a folder is a manifest, or hidden."""
    stem = os.path.splitext(name)[0]
    if file_type(name)[1]:
        stem = os.path.splitext(stem)[0]
    return stem == "expected" or name.startswith(_LEFT_OUT)


def _is_chart(path: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a file of a folder is to be read, or to be refused by name."""
    kind, packed = file_type(path)
    return kind in (*suffixes, ARCHIVE) or (kind == XML and not packed and in_xml(_head(path)) is not None)


def in_xml(data: bytes) -> tuple[str, str] | None:
    """What XML holds that is no chart, and what to do with it; None if it is neither a record nor RDF."""
    return next((found for name, found in _IN_XML.items() if name in data[:_HEAD]), None)


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return b""


def holds_fhir(data: bytes) -> bool:
    """Whether RDF has the names of FHIR, as its resources have."""
    return _FHIR_NAMES(data) is not None


def may_be_fhir(name: str, suffix: str | None) -> bool:
    """Whether a source can hold FHIR, as far as its type and its beginning tell; what is of no type that is read is refused later.

    Args:
        name: a path, or `STDIN`.
        suffix: the file type of what has no name that tells it.
    """
    given = given_type(name, suffix)
    kind, packed = file_type(name if given is None else given)
    if kind in TURTLE and not packed and is_local(name):
        return holds_fhir(_head(name))
    return kind in (FHIR, LINES, *TURTLE) or kind not in ALL_SUFFIXES


def is_stream(name: str) -> bool:
    """Whether a source can be read only once, from beginning to end: standard input, a pipe or a device, or what a shell opened."""
    if name == STDIN or _OPENED(name):
        return True
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def given_type(name: str, suffix: str | None) -> str | None:
    """The file type that was given for a source, where its name tells none and it is no file; else None."""
    return (suffix or "") if name == STDIN or (not file_type(name)[0] and is_stream(name)) else None


def called(name: str) -> str:
    """What to call a source in errors and results."""
    return "standard input" if name == STDIN else readable(name)


@contextmanager
def opened(name: str, suffix: str | None = None) -> Iterator[BinaryIO]:
    """What is in a file or in standard input, unpacked.

    Args:
        name: a path, or `STDIN`.
        suffix: the file type in place of the one that the name tells, such as ``.csv.gz``.

    Raises:
        DocumentationError: it cannot be opened, or, as it is read, unpacked.
    """
    packed = file_type(suffix or name)[1] if suffix or name != STDIN else ""
    if name == STDIN:
        _refuse_unreadable_input()
        yield unpacked(sys.stdin.buffer, called(name), packed) if packed else sys.stdin.buffer
        return
    with _opened(name) as stream:
        try:
            yield unpacked(stream, name, packed) if packed else stream
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            mend = "Pack the archive again"
            raise DocumentationError(f"the file cannot be unpacked ({error})", where=name, mend=mend) from error


def _refuse_unreadable_input() -> None:
    try:
        os.read(sys.stdin.buffer.fileno(), 0)
    except io.UnsupportedOperation:
        return  # it is no stream of the system
    except OSError as error:  # it is closed, or a folder
        raise DocumentationError(f"it cannot be read: {error.strerror}", where=called(STDIN)) from error


def _opened(name: str) -> BinaryIO:
    if not os.path.isfile(name) and (table := refused_table(name)):
        raise table
    if is_remote(name):
        return remote.opened(name)
    if archives.is_member(name):
        return cast(BinaryIO, archives.opened(name))
    try:
        return open(name, "rb")
    except OSError as error:
        raise unreadable(name, error) from error


def content(name: str, suffix: str | None = None) -> bytes:
    """All that is in a file or in standard input; takes and raises what `opened` does.

    Raises:
        DocumentationError: it is larger than what is read at once.
    """
    with opened(name, suffix) as stream:
        try:
            data = stream.read(parsing.MAX_BYTES + 1)
        except OSError as error:
            raise unreadable(called(name), error) from error
    if len(data) > parsing.MAX_BYTES:
        unpacked_ = "unpacked it" if file_type(suffix or name)[1] else "it"
        problem = f"{unpacked_} is larger than {parsing.MAX_BYTES // 2**20} MiB"
        raise DocumentationError(problem, where=called(name), mend="Split it by request")
    return data


def no_lines(source: str) -> DocumentationError:
    """The error that newline-delimited JSON holds nothing."""
    return DocumentationError("the file is empty", where=source, mend="Give it a JSON document a line")


def unknown(name: str, suffix: str | None, data: bytes | None) -> DocumentationError:
    """The error that a source is of no type that is read."""
    source = called(name)
    can_be_listed = not os.path.isdir(name) or os.access(name, os.R_OK)
    if data is None and can_be_listed and (table := refused_table(name)):
        return table
    if data is None and (is_remote(name) or is_archive(name)):
        try:
            found_there = _listed(name, ALL_SUFFIXES)
        except DocumentationError as error:
            return error
        if found_there.files != (name,):  # it is no file
            return DocumentationError("it holds no documentation", where=source, mend=f"Known: {' '.join(WHOLE)}")
    if data is None and os.path.isdir(name):
        return DocumentationError("the folder cannot be read", where=source, mend="Make it readable, or leave it out")
    if file_type(name if suffix is None else suffix)[0] == XML:
        found = in_xml(content(name, suffix) if data is None else data)
        if found:
            return DocumentationError(found[0], where=source, mend=found[1])
    kind = Path(path_of(name)).suffix.lower() if suffix is None and name != STDIN else suffix or ""
    if is_remote(name) and not kind:
        mend = "Name a file, or a pattern such as charts/*.nq; or fetch it and give it as standard input with --input-format"
        return DocumentationError("the URL ends in no file type", where=source, mend=mend)
    mend = (
        "Give --input-format"
        if is_stream(name)
        else f"Known: {' '.join(WHOLE)}, each also packed as {' or '.join(PACKED)}"
    )
    return DocumentationError(f"unknown file type {kind!r}", where=source, mend=mend)
