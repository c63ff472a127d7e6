"""Where results go, and with what exit code."""

from __future__ import annotations

import codecs
import errno
import glob
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from reasoner.ground.display import counted, escaped, plain
from reasoner.ground.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DONE, FAILED_ON, NOTHING, SOME, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143
"""Exit codes: done; a gate not passed; usage or policy error, or nothing determined; some input rejected; Ctrl-C; SIGTERM."""

WIDTH = 120
"""Columns of text that goes to no terminal."""
_PARTIAL = ".partial"


def exit_code(done: int, rejected: int) -> int:
    """The exit code of a run that did something with `done` inputs and rejected others."""
    if not done:
        return NOTHING
    return SOME if rejected else DONE


@dataclass(frozen=True)
class Threshold:
    """How many data sets may be rejected."""

    limit: float
    share: bool
    """Whether the limit is in percent of all data sets."""

    def allows(self, rejected: int, read: int) -> bool:
        """Whether no more were rejected, of all that were read."""
        return rejected <= (self.limit * read / 100 if self.share else self.limit)

    def __str__(self) -> str:
        return f"{self.limit:g}{'%' if self.share else ''}"


@dataclass(frozen=True)
class Gate:
    """What a run has to come to for the exit code of success."""

    fail_on: tuple[str, ...] = ()
    """Outcomes of which there may be none."""
    tolerance: Threshold | None = None
    """How many data sets may be rejected without being told of by the exit code."""

    def code(self, outcomes: Mapping[str, int], rejected: int, read: int) -> int:
        """The exit code of a run, and on standard error which check it failed.

        Args:
            outcomes: how many determinations have each outcome.
            rejected: how many data sets were rejected.
            read: how many were read.
        """
        found = [outcome for outcome in self.fail_on if outcomes.get(outcome)]
        for outcome in found:
            times = counted(outcomes[outcome], "time")
            say(f"failed: the outcome {outcome}, which --fail-on names, occurred {times}")
        allowed = self.tolerance is not None and self.tolerance.allows(rejected, read)
        if self.tolerance is not None and not allowed:
            rejections = counted(rejected, "rejection")
            say(f"failed: {rejections}, more than --max-quarantined {self.tolerance} allows")
            return FAILED_ON
        return FAILED_ON if found else exit_code(sum(outcomes.values()), 0 if allowed else rejected)


def is_styled(path: Path | None) -> bool:
    """Whether output may have colours and symbols: on a terminal, unless ``NO_COLOR`` or ``TERM=dumb`` is set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return path is None and sys.stdout.isatty() and not plain


def columns(path: Path | None) -> int:
    """The width of the terminal, and `WIDTH` for files and pipes."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if path is None and sys.stdout.isatty() else WIDTH


def say(*lines: str) -> None:
    """Print lines to standard error, without what a terminal would obey; where that takes no more, nothing ends."""
    try:
        print("\n".join(map(plain, lines)), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def write(output: str | bytes, path: Path | None, mode: int | None = None, option: str = "--out") -> None:
    """Write to standard output or to a file, the whole of it or nothing; raises `UsageError` where that fails."""
    with writer(path, mode, option) as stream:
        stream.write(output.encode() if isinstance(output, str) else output)


@contextmanager
def writer(path: Path | None, mode: int | None = None, option: str = "--out") -> Iterator[BinaryIO]:
    """A stream to standard output or to a file, which is there once all of it is written; see `write`.

    A file gets the mode; if none is given, one that is there keeps its own, and a new one is for its user alone. A link is
    followed; a device or a pipe is written through. Where standard output is closed early, as `head` does, the rest goes nowhere.
    """
    if path is None:
        try:
            sys.stdout.flush()
            yield _Terminal(sys.stdout.buffer) if sys.stdout.isatty() else sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            discard_output()
        return
    partial = None
    try:
        if is_written_through(path):
            with path.open("wb") as stream:
                yield stream
            return
        target = path.resolve()
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=_PARTIAL, dir=target.parent)
        partial = Path(name)
        with open(descriptor, "wb") as stream:
            yield stream
        if mode is None and target.exists():
            mode = stat.S_IMODE(target.stat().st_mode)
        if mode is not None:
            partial.chmod(mode)
        partial.replace(target)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        mend = f"Free space there, or give another {option}" if full else ""
        raise UsageError(f"{option} cannot be written: {error.strerror}", where=str(path), mend=mend) from error
    finally:
        if partial:
            partial.unlink(missing_ok=True)


def delete_unfinished(path: Path) -> None:
    """Delete what a process has left of a file that was killed as it wrote it."""
    target = path.resolve()
    for partial in target.parent.glob(f".{glob.escape(target.name)}.????????{_PARTIAL}"):
        with suppress(OSError):
            partial.unlink()


class _Terminal(io.BytesIO):
    """What goes to a terminal, without characters that it would obey."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        # A character may be cut in two by the end of a piece.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def write(self, output: ReadableBuffer) -> int:
        data = bytes(output)
        self._stream.write(escaped(self._decoder.decode(data)).encode(errors="surrogateescape"))
        return len(data)


def is_written_through(path: Path) -> bool:
    """Whether a path names what is no file, such as a device or a pipe, and is never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def discard_output() -> None:
    """Lose what is still buffered for a standard output that takes no more of it, so that nothing tries again at exit."""
    _discard(sys.stdout)


def open_streams() -> None:
    """Open what a shell closed (``>&-``), so that no file takes its place: the streams fail at use, and errors go nowhere."""
    for number, (name, how) in enumerate((("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, how), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def _discard(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
