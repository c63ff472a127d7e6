"""A cache of what was built from files, in the user's cache folder; without one everything is built anew."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_ALLOWED = {
    ("builtins", "frozenset"),
    ("builtins", "range"),
    ("builtins", "set"),
    ("datetime", "date"),
    ("pathlib", "Path"),
    ("pathlib", "PosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib._local", "PosixPath"),
    ("pathlib._local", "WindowsPath"),
}


class _Reader(pickle.Unpickler):
    """Reads the package's own dataclasses and plain values, and nothing that could run anything."""

    def find_class(self, module: str, name: str) -> Any:
        package = __package__ or ""
        if (module, name) in _ALLOWED or module in (f"{package}.policy", f"{package}.lexicon"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in the cache")


def folder() -> Path | None:
    """The folder, which belongs to the user alone; None if there is none or ``NECESSITY_CACHE`` is empty."""
    named = os.environ.get("NECESSITY_CACHE")
    if named == "":
        return None
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "necessity"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = base.stat()
    except (OSError, RuntimeError):
        return None
    ours = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
    return base if ours else None


def key(*parts: str) -> str:
    """A name for what is built from some parts by this very code of the package."""
    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        status = path.stat()
        code.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return hashlib.sha256("\0".join((code.hexdigest(), *parts)).encode()).hexdigest()


def cached(name: str, kind: type[T], build: Callable[[], T], keep: Callable[[T], Iterable[object]]) -> T:
    """What is kept under a name; else what is built, which is then kept where that is possible.

    Args:
        name: from `key`.
        kind: the class of what is kept.
        build: how to make it.
        keep: asks what is built for all that is worth keeping with it, before it is kept.
    """
    base = folder()
    path = base / f"{name}.pickle" if base else None
    if path:
        try:
            with path.open("rb") as stream:
                found = _Reader(stream).load()
            if isinstance(found, kind):
                return found
        except Exception:  # a damaged or foreign file is no cache, whatever its reader says
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
    found = build()
    if path:
        list(keep(found))
        with contextlib.suppress(OSError), tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
            pickle.dump(found, stream, protocol=5)
            stream.close()
            Path(stream.name).replace(path)
    return found
