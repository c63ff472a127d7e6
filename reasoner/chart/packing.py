"""Packed files: what is in a compressed file, within a limit.

The end of a name, or of a file type, says how a file is packed: ``bundle.json.gz`` is JSON, packed by gzip, ``bundle.json.zst``
by Zstandard.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from reasoner.ground.errors import DocumentationError
from reasoner.ground.urls import path_of
from reasoner.rdf.parsing import MAX_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP, ZSTD = ".gz", ".zst"
"""What the names of files end with that gzip or Zstandard packed."""
PACKED = (GZIP, ZSTD)
MAX_RATIO = 200
"""How many times as large as packed what is in a file may be, where it is larger than `MAX_BYTES`."""


@lru_cache
def file_type(name: str) -> tuple[str, str]:
    """The file type that a name tells, such as ``.json``, and how the file is packed: one of `PACKED`, or nothing.

    Args:
        name: a path, a URL, or a file type such as ``.json.gz``.
    """
    bare = os.path.basename(path_of(name).rstrip("/")).lower()
    packed = next(filter(bare.endswith, PACKED), "")
    _, dot, kind = bare.removesuffix(packed).rpartition(".")
    return dot + kind if dot else "", packed


def unpacked(packed: BinaryIO, source: str, how: str = GZIP) -> BinaryIO:
    """What is in a packed stream, unpacked as it is read.

    Args:
        packed: what gzip or Zstandard made.
        source: what to call it in errors.
        how: one of `PACKED`.

    Raises:
        DocumentationError: it cannot be unpacked; as it is read, if it is packed otherwise, is damaged, or holds too much.
    """
    return io.BufferedReader(_Unpacked(packed, source, how), 2**17)


class _Counted(io.RawIOBase):
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        block = self._stream.read(len(view))
        view[: len(block)] = block
        self.count += len(block)
        return len(block)


class _Unpacked(io.RawIOBase):
    def __init__(self, packed: BinaryIO, source: str, how: str) -> None:
        self._packed = _Counted(packed)
        self._errors: tuple[type[Exception], ...] = (gzip.BadGzipFile, EOFError, zlib.error)
        self._name = "gzip"
        if how == ZSTD:
            zstd = _zstd(source)
            self._content = zstd.ZstdFile(self._packed)
            self._errors, self._name = (zstd.ZstdError, EOFError), "Zstandard"
        else:
            self._content = gzip.GzipFile(fileobj=self._packed, mode="rb")
        self._source = source
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            count: int = self._content.readinto(buffer)
        except self._errors as error:
            damaged = f"it is not {self._name}, or is damaged"
            problem = "it ends before its end" if isinstance(error, EOFError) else damaged
            raise DocumentationError(problem, where=self._source, mend="Pack it again") from error
        self._count += count
        if self._count > max(MAX_BYTES, MAX_RATIO * self._packed.count):
            problem = f"unpacked it is larger than {MAX_BYTES // 2**20} MiB and {MAX_RATIO} times as large as packed"
            raise DocumentationError(problem, where=self._source, mend="Look at what it holds, and give it unpacked")
        return count


def _zstd(source: str) -> ModuleType:
    """The library of Zstandard; raises `DocumentationError` if there is none."""
    for name in ("compression.zstd", "backports.zstd"):  # the first is of Python 3.14
        try:
            return import_module(name)
        except ImportError:
            continue
    raise DocumentationError("Zstandard is not installed", where=source, mend="pip install 'necessity[zstd]'")
