"""The exceptions that Necessity raises: each says what is wrong, where, and how to mend it."""

from collections.abc import Iterator
from contextlib import contextmanager


class NecessityError(Exception):
    """Base of all errors raised on purpose.

    Args:
        problem: what is wrong, as a sentence without a full stop.
        where: the file, and inside it the graph or node, that it concerns; empty if none.
        mend: what the user can do about it; empty if that is evident.
    """

    def __init__(self, problem: str, *, where: str = "", mend: str = "") -> None:
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
    """The error again, on the other side of a process boundary."""
    return kind(problem, where=where, mend=mend)


class UsageError(NecessityError):
    """A command or a call was given arguments that cannot be right."""


class PolicyError(NecessityError):
    """A policy is missing, is not well formed, or combines choices that contradict each other."""


class DocumentationError(NecessityError):
    """Documentation cannot be read or is not well formed; nothing is determined from it."""


class EngineError(NecessityError):
    """A validation engine did not do what was asked of it; its silence is not taken for an answer."""


class StoreError(NecessityError):
    """A knowledge base cannot be opened, read or written, or refuses what would damage its records."""


class QueryError(NecessityError):
    """A query is not SPARQL, asks for what is not allowed, or takes more than it may."""


class AccessError(NecessityError):
    """A person asked for something that their role does not permit."""


class ConflictError(NecessityError):
    """Something was changed by someone else, or in another window, since it was last seen."""


@contextmanager
def reading(source: str) -> Iterator[None]:
    """Name the source first in whatever goes wrong while it is read.

    Args:
        source: what the file, the line or the data set is called.

    Raises:
        DocumentationError: as raised inside, its `where` beginning with the source.
        EngineError: likewise.
    """
    try:
        yield
    except (DocumentationError, EngineError) as error:
        if error.where.startswith(source):
            raise
        where = f"{source}: {error.where}" if error.where else source
        raise type(error)(error.problem, where=where, mend=error.mend) from error
