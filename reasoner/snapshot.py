"""Questions of people to a knowledge base that is being changed: asked of a copy, in a process that can be ended."""

from __future__ import annotations

import shutil
import tempfile
import threading
from multiprocessing import get_context
from pathlib import Path

from reasoner.errors import NecessityError, QueryError
from reasoner.kb import KnowledgeBase
from reasoner.query import Answer
from reasoner.store import DirectoryStore

TIMEOUT = 30.0
"""Seconds a question may take."""
MEMORY = 4 * 2**30
"""Bytes of address space it may take."""


class Snapshot:
    """Asks a knowledge base as it was at the last `refresh`.

    A directory is copied and asked in a worker that ends with its time or memory; an endpoint keeps bounds of its own, and a
    store in memory is asked in place.
    """

    def __init__(self, kb: KnowledgeBase, *, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
        self._kb = kb
        self._timeout, self._memory = timeout, memory
        self._lock = threading.Lock()
        self._stale = True
        self._folder: Path | None = None
        self._pool = None

    def refresh(self) -> None:
        """Have the next question see what has changed."""
        self._stale = True

    def ask(self, text: str, limit: int) -> Answer:
        """Answer a query with at most so many rows or triples.

        Raises:
            QueryError: it is not SPARQL, calls another server, or takes more time or memory than it may.
        """
        if not isinstance(self._kb.store, DirectoryStore):
            return Answer(self._kb.query(text), text, limit=limit)
        from pebble import ProcessExpired

        try:
            future = self._ready().schedule(_ask, args=(text, limit), timeout=self._timeout)  # type: ignore[attr-defined]
            found = future.result()
        except TimeoutError:
            raise QueryError(f"it took longer than {self._timeout:g} seconds", mend="Narrow the question") from None
        except (ProcessExpired, MemoryError):
            raise QueryError("it took more memory than allowed", mend="Narrow the question") from None
        if isinstance(found, NecessityError):
            raise found
        return found

    def close(self) -> None:
        """End the worker and remove the copy."""
        with self._lock:
            self._end()

    def _ready(self) -> object:
        from pebble import ProcessPool

        with self._lock:
            if self._stale or self._pool is None:
                self._end()
                self._folder = Path(tempfile.mkdtemp(prefix="necessity-", dir=self._kb.store.directory))  # type: ignore[attr-defined]
                self._kb.store.copy(self._folder / "kb")  # type: ignore[attr-defined]
                self._stale = False
                self._pool = ProcessPool(
                    max_workers=1,
                    context=get_context("spawn"),
                    initializer=_open,
                    initargs=(self._folder / "kb", self._memory),
                )
            return self._pool

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


_held: KnowledgeBase


def _open(directory: Path, memory: int) -> None:
    global _held
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except ImportError:
        pass
    _held = KnowledgeBase(DirectoryStore(directory))


def _ask(text: str, limit: int) -> Answer | NecessityError:
    try:
        return Answer(_held.query(text), text, limit=limit)
    except NecessityError as error:
        return error
