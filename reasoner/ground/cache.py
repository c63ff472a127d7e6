"""A cache of what is built from files, in the user's cache folder. Without such a folder, nothing is cached."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from reasoner.ground.serialization import CodecError

T = TypeVar("T")


class Form(Protocol[T]):
    """Writes the objects of one class as bytes, and reads them, as `reasoner.ground.serialization.Codec` does."""

    def write(self, value: T) -> bytes:
        """The object as bytes."""

    def read(self, content: bytes) -> T:
        """The object that was written; raises `CodecError` if the content is anything else."""


_PACKAGE = Path(__file__).parent.parent


def folder() -> Path | None:
    """The cache folder; None if it cannot be made, others may write to it, or ``NECESSITY_CACHE`` is empty."""
    setting = os.environ.get("NECESSITY_CACHE")
    if setting == "":
        return None
    base = Path(setting) if setting else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "necessity"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = base.stat()
    except (OSError, RuntimeError):
        return None
    private = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
    return base if private else None


def key(name: str, files: Iterable[Path], *, package: Path = _PACKAGE) -> str:
    """A digest that changes with the code of the package and with the content of some files.

    Args:
        name: what is built.
        files: what it is built from.
        package: the folder of the code, with all folders below it.

    Raises:
        OSError: a file cannot be read.
    """
    total = hashlib.sha256(name.encode())
    for path, status in _modules(package):
        total.update(f"\0{path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    for file in files:
        total.update(f"\0{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def cached(name: str, codec: Form[T], build: Callable[[], T]) -> T:
    """The object that is cached under a name; if there is none, it is built, and cached if possible.

    A file begins with the SHA-256 of the rest. A damaged file is replaced.

    Args:
        name: from `key`.
        codec: writes and reads the object.
        build: makes the object.
    """
    base = folder()
    path = base / f"{name}.data" if base else None
    if path:
        with contextlib.suppress(OSError, CodecError):
            checksum, _, content = path.read_bytes().partition(b"\n")
            if checksum == _checksum(content):
                return codec.read(content)
    value = build()
    if path:
        content = codec.write(value)
        with contextlib.suppress(OSError):
            _replace(path, _checksum(content) + b"\n" + content)
    return value


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, so that another process never reads a part of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        try:
            stream.write(content)
            stream.close()
            Path(stream.name).replace(path)
        except OSError:
            Path(stream.name).unlink(missing_ok=True)
            raise


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _modules(package: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The Python files of a package and below, in a fixed order."""
    with os.scandir(package) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith(".py"):
            yield entry.path, entry.stat()
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _modules(Path(entry.path))
