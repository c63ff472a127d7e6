"""The exceptions that Necessity raises: each names the problem, the place and the remedy."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reasoner.ground.display import readable

_PACKAGE = Path(__file__).parents[1]


class NecessityError(Exception):
    """Base of all errors raised on purpose.

    Args:
        problem: what is wrong, as a sentence without a full stop.
        where: the place: a file, and the graph, line or node in it; empty if there is none.
        mend: what the user can do about it; empty if that is evident.
    """

    def __init__(self, problem: str, *, where: str = "", mend: str = "") -> None:
        problem, where, mend = map(readable, (problem, where, mend))
        super().__init__(problem, where, mend)
        self.problem = problem
        self.where = where
        self.mend = mend

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.problem, self.where, self.mend)

    def __str__(self) -> str:
        head = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{head}. {self.mend}" if self.mend else head


def _rebuild(kind: type[NecessityError], problem: str, where: str, mend: str) -> NecessityError:
    """The error, unpickled in another process."""
    return kind(problem, where=where, mend=mend)


class UsageError(NecessityError):
    """The arguments of a command or a call are wrong."""


class PolicyError(NecessityError):
    """A policy is missing or not well formed, or the choices of its readings contradict each other."""


class DocumentationError(NecessityError):
    """Documentation cannot be read or is not well formed; nothing is determined from it."""


class ProgramError(DocumentationError):
    """This program failed at documentation where it should not, by a fault of its own; nothing is determined from it."""


class RereadError(Exception):
    """Documentation has to be read in another way: a sign between parts of this program, and no error."""


class EngineError(NecessityError):
    """An engine failed, or the engines' own logic did; no answer is given instead."""


class StoreError(NecessityError):
    """A knowledge base cannot be opened, read or written, or a change would damage its records."""


class QueryError(NecessityError):
    """A query is not SPARQL, is not allowed, or exceeds its limits."""


class AccessError(NecessityError):
    """A person's role does not permit what they asked for."""


class ConflictError(NecessityError):
    """Something was changed by another person, or in another window, since it was read."""


def unreadable(source: str, error: OSError) -> DocumentationError:
    """The error that a file cannot be read, for a reason of the system."""
    return DocumentationError(f"the file cannot be read: {error.strerror or type(error).__name__}", where=source)


@contextmanager
def reading(source: str) -> Iterator[None]:
    """A context in which errors name a source at the beginning of their place.

    Args:
        source: the name of the file, the line or the data set that is read.

    Raises:
        DocumentationError: as raised inside, with the source at the beginning of `where`.
        EngineError: likewise.
        ProgramError: as `contained` raises it.
    """
    try:
        with contained(source):
            yield
    except (DocumentationError, EngineError) as error:
        if error.where.startswith(source):
            raise
        where = f"{source}: {error.where}" if error.where else source
        raise type(error)(error.problem, where=where, mend=error.mend) from error


@contextmanager
def contained(source: str) -> Iterator[None]:
    """A context in which a fault of this program costs what is read or determined, and no more.

    Args:
        source: what that is called.

    Raises:
        ProgramError: something failed inside that is no error of documentation, policy or engine. It names the line of code and
            quotes nothing of the source. What the system refuses (`OSError`, `MemoryError`) passes.
    """
    try:
        yield
    except (NecessityError, RereadError, OSError, MemoryError):
        raise
    except Exception as fault:
        lines = traceback.extract_tb(fault.__traceback__)
        code = next((line for line in reversed(lines) if Path(line.filename).is_relative_to(_PACKAGE)), lines[-1])
        place = f"{type(fault).__name__} in {Path(code.filename).name}, line {code.lineno}"
        mend = "Report it to those who maintain necessity, with the release that --version tells"
        raise ProgramError(f"a fault of this program: {place}", where=source, mend=mend) from fault
