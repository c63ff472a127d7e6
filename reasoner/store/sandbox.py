"""Questions of people to a knowledge base that is being changed: asked of a copy, in a process that can be ended."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from reasoner.ground.errors import NecessityError, QueryError
from reasoner.rdf.sparql import refuse_outreach
from reasoner.store.backends import DirectoryStore, Store
from reasoner.store.questions import Answer

TIMEOUT = 30.0
"""Seconds a question may take."""
MEMORY = 4 * 2**30
"""Bytes of address space it may take."""


class Sandbox:
    """Asks a store as it was at the last `refresh`.

    A directory is copied, its files shared, and asked in a process that ends with its time or memory. An endpoint keeps bounds
    of its own, and a store in memory is asked in place.
    """

    def __init__(self, store: Store, *, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
        self._store = store
        self._timeout, self._memory = timeout, memory
        self._lock = threading.Lock()
        self._stale = True
        self._folder: Path | None = None
        if isinstance(store, DirectoryStore):
            for left in store.directory.glob("snapshot-*"):
                shutil.rmtree(left, ignore_errors=True)

    def refresh(self) -> None:
        """Have the next question see what has changed."""
        self._stale = True

    def ask(self, text: str, limit: int) -> Answer:
        """Answer a query with at most so many rows or triples.

        Raises:
            QueryError: it is not SPARQL, calls another server, or takes more time or memory than it may.
        """
        refuse_outreach(text)
        if not isinstance(self._store, DirectoryStore):
            return Answer(self._store.query(text), text, limit=limit)
        # The lock is kept, so that the copy stays and questions wait for one another.
        with self._lock:
            command = [sys.executable, "-m", "reasoner.store.sandbox", str(self._copy(self._store)), str(self._memory)]
            try:
                done = subprocess.run(  # noqa: S603 - this Python with a module of ours
                    command, input=pickle.dumps((text, limit)), capture_output=True, timeout=self._timeout, check=True
                )
            except subprocess.TimeoutExpired:
                raise QueryError(f"it took longer than {self._timeout:g} seconds", mend="Narrow the question") from None
            except subprocess.CalledProcessError:
                raise QueryError("it took more memory than allowed", mend="Narrow the question") from None
        found = pickle.loads(done.stdout)  # noqa: S301 - written by the process that was started here
        if isinstance(found, NecessityError):
            raise found
        return found

    def close(self) -> None:
        """Remove the copy."""
        with self._lock:
            self._discard()

    def _copy(self, store: DirectoryStore) -> Path:
        if self._stale or self._folder is None:
            self._discard()
            self._folder = Path(tempfile.mkdtemp(prefix="snapshot-", dir=store.directory))
            self._stale = False
            store.copy(self._folder / "kb")
        return self._folder / "kb"

    def _discard(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _main(directory: str, memory: str) -> None:
    """Answer the question on standard input of the store in a directory."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    except ImportError:
        pass
    text, limit = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
    try:
        found: Answer | NecessityError = Answer(DirectoryStore(Path(directory)).query(text), text, limit=limit)
    except NecessityError as error:
        found = error
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    _main(*sys.argv[1:])
