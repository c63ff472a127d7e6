"""ZIP archives, within limits: no bomb is unpacked, and nothing is written to disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass

from reasoner.chart.documents.limits import MAX_PARTS, SPLIT, Budget
from reasoner.ground.errors import DocumentationError

_RATIO = 200  # times its packed size that a member of more than a megabyte may have
_LEFT_OUT = ("__MACOSX/", ".")
_READ = 2**16


@dataclass(frozen=True)
class Member:
    """A file in an archive."""

    name: str
    _archive: zipfile.ZipFile
    _info: zipfile.ZipInfo
    _where: str
    _budget: Budget

    def read(self) -> bytes:
        """Its bytes; raises `DocumentationError` if it is damaged, encrypted, or larger than it says or may be."""
        place = f"{self._where}/{self.name}"
        if self._info.flag_bits & 0x1:
            raise DocumentationError("the file is encrypted", where=place, mend="Pack it without password")
        if self._info.file_size > max(2**20, _RATIO * self._info.compress_size):
            raise DocumentationError(f"the file unpacks to more than {_RATIO} times its size", where=place, mend=SPLIT)
        parts = []
        try:
            with self._archive.open(self._info) as stream:
                while part := stream.read(_READ):
                    self._budget.unpack(len(part), place)
                    parts.append(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise DocumentationError(f"the file cannot be unpacked ({error})", where=place) from error
        return b"".join(parts)


def members(data: bytes, where: str, budget: Budget) -> list[Member]:
    """The files of an archive, in its order, without hidden ones.

    Raises:
        DocumentationError: it is no ZIP, or has too many files.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        raise DocumentationError("the archive is damaged", where=where, mend="Pack it again") from error
    infos = archive.infolist()
    if len(infos) > MAX_PARTS:
        raise DocumentationError(f"the archive has more than {MAX_PARTS} files", where=where, mend=SPLIT)
    return [
        Member(info.filename, archive, info, where, budget)
        for info in infos
        if not info.is_dir() and not info.filename.startswith(_LEFT_OUT) and "/." not in info.filename
    ]
