"""Locks: folders in which one run writes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reasoner.ground.errors import UsageError


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Make a folder, for its user alone, and keep other runs out of it.

    Args:
        folder: the folder.
        what: what is written there, as errors call it.

    Raises:
        UsageError: another run has it locked, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", timeout=0, mode=0o600)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        mend = "Wait for it, or name another folder"
        raise UsageError("another run writes to this folder", where=str(folder), mend=mend) from None
    except OSError as error:
        raise cannot_be_written(folder, what, error) from error
    try:
        yield
    finally:
        lock.release()


def cannot_be_written(folder: Path, what: str, error: OSError) -> UsageError:
    """The error that something cannot be written to a folder."""
    mend = "Free space there, or name another folder that you may write to"
    return UsageError(f"{what} cannot be written: {error.strerror}", where=str(folder), mend=mend)
