"""Archives of charts: the files in a ZIP, each of which is named as if the archive were a folder: ``charts.zip/a.ttl``."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO

from reasoner.chart.folders import FolderContents, listed
from reasoner.chart.packing import MAX_RATIO
from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import MAX_BYTES

ARCHIVE = ".zip"
"""The suffix of archives."""
MAX_MEMBERS = 200_000
"""How many files may be in an archive."""


def is_member(name: str) -> bool:
    """Whether a name is one of a file in an archive."""
    return _parts(name) is not None


def file_of(name: str) -> str:
    """The archive that a file is in; the name itself, if it is in none."""
    parts = _parts(name)
    return parts[0] if parts else name


def contents(archive: str, is_chart: Callable[[str], bool], is_left_out: Callable[[str], bool]) -> FolderContents:
    """What is in an archive, as of a folder; takes and gives what `reasoner.chart.folders.contents` does.

    Raises:
        DocumentationError: it is no ZIP, is damaged, or holds too much.
    """
    files = [(PurePosixPath(member), f"{archive}/{member}") for member in _opened(archive)]
    return listed(files, is_chart, is_left_out)


def opened(name: str) -> IO[bytes]:
    """What is in a file in an archive, as it is unpacked.

    Raises:
        DocumentationError: the archive cannot be read, or has no such file; or, as of `zipfile`, an error while it is read.
    """
    parts = _parts(name)
    if parts is None:
        raise DocumentationError("this is no file in an archive", where=name)
    archive, member = parts
    info = _opened(archive).get(member)
    if info is None:
        raise DocumentationError("there is no such file in the archive", where=name)
    if info.flag_bits & 0x1:
        raise DocumentationError("the file is encrypted", where=name, mend="Pack it without a password")
    try:
        return zipfile.ZipFile(archive).open(info)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise DocumentationError(f"the file cannot be unpacked ({error})", where=name, mend="Pack it again") from error


def _parts(name: str) -> tuple[str, str] | None:
    at = name.lower().find(f"{ARCHIVE}/")
    while at >= 0:
        archive = name[: at + len(ARCHIVE)]
        if os.path.isfile(archive):
            return archive, name[len(archive) + 1 :]
        at = name.lower().find(f"{ARCHIVE}/", at + 1)
    return None


def _opened(archive: str) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive, by name."""
    try:
        state = os.stat(archive)
    except OSError as error:
        raise DocumentationError(f"the archive cannot be read: {error.strerror}", where=archive) from error
    return _files(archive, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _files(archive: str, size: int, _: int) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(archive) as opened_:
            infos = [info for info in opened_.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        raise DocumentationError("it is no ZIP, or is damaged", where=archive, mend="Pack it again") from error
    if len(infos) > MAX_MEMBERS:
        raise DocumentationError(f"it holds more than {MAX_MEMBERS:,} files", where=archive, mend="Divide it")
    if sum(info.file_size for info in infos) > max(MAX_BYTES, MAX_RATIO * size):
        problem = f"unpacked it is larger than {MAX_BYTES // 2**20} MiB and {MAX_RATIO} times as large as packed"
        raise DocumentationError(problem, where=archive, mend="Look at what it holds, and give it unpacked")
    by_name = {info.filename: info for info in infos}
    if len(by_name) < len(infos):
        raise DocumentationError("it holds two files of one name", where=archive, mend="Pack it again")
    return by_name
