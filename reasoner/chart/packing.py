"""Packed files: what is in a compressed file, within a limit.

The end of a name, or of a file type, says how a file is packed: ``bundle.json.gz`` is JSON, packed by gzip.
"""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import MAX_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP = ".gz"
"""What the names of files end with that gzip packed."""
MAX_RATIO = 200
"""How many times as large as packed what is in a file may be, where it is larger than `MAX_BYTES`."""


def file_type(name: str) -> tuple[str, bool]:
    """The file type that a name tells, such as ``.json``, and whether the file is packed.

    Args:
        name: a path, or a file type such as ``.json.gz``.
    """
    bare = PurePath(name).name.lower()
    packed = bare.endswith(GZIP)
    _, dot, kind = bare.removesuffix(GZIP).rpartition(".")
    return dot + kind if dot else "", packed


def unpacked(packed: BinaryIO, source: str) -> BinaryIO:
    """What is in a packed stream, unpacked as it is read.

    Args:
        packed: what gzip made.
        source: what to call it in errors.

    Raises:
        DocumentationError: as it is read, if it is not gzip, is damaged, or holds too much.
    """
    return io.BufferedReader(_Unpacked(packed, source), 2**17)


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
    def __init__(self, packed: BinaryIO, source: str) -> None:
        self._packed = _Counted(packed)
        self._content = gzip.GzipFile(fileobj=self._packed, mode="rb")
        self._source = source
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            count: int = self._content.readinto(buffer)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            problem = "it ends before its end" if isinstance(error, EOFError) else "it is not gzip, or is damaged"
            raise DocumentationError(problem, where=self._source, mend="Pack it again") from error
        self._count += count
        if self._count > max(MAX_BYTES, MAX_RATIO * self._packed.count):
            problem = f"unpacked it is larger than {MAX_BYTES // 2**20} MiB and {MAX_RATIO} times as large as packed"
            raise DocumentationError(problem, where=self._source, mend="Look at what it holds, and give it unpacked")
        return count
