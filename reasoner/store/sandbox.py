"""Queries of people to a knowledge base that others change: answered from a copy, in a process with limits."""

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
from reasoner.store.register import Register

TIMEOUT = 30.0
"""Seconds a query may take."""
MEMORY = 4 * 2**30
"""Bytes of address space it may take."""
_PREFIX = "sandbox-"
"""Begins the name of the folder of a copy."""


class Sandbox:
    """Answers queries from a store as it was at the last `refresh`.

    A store in a directory is copied (its files are linked), and a process with limits on time and memory answers from the
    copy. An endpoint has limits of its own, and a store in memory answers itself.
    """

    def __init__(self, store: Store, *, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
        self._store = store
        self._timeout, self._memory = timeout, memory
        self._lock = threading.Lock()
        self._stale = True
        self._folder: Path | None = None
        if isinstance(store, DirectoryStore):
            for left_over in store.directory.glob(f"{_PREFIX}*"):
                shutil.rmtree(left_over, ignore_errors=True)

    def refresh(self) -> None:
        """Make the next query see what has changed."""
        self._stale = True

    def query(self, text: str, limit: int) -> Answer:
        """Answer a query.

        Args:
            text: SPARQL.
            limit: rows or triples to give at most.

        Raises:
            QueryError: it is not SPARQL, calls another server, or takes more time or memory than it may.
        """
        refuse_outreach(text)
        if not isinstance(self._store, DirectoryStore):
            return _answer(self._store, text, limit)
        # Within the lock the copy stays, and queries run one at a time.
        with self._lock:
            command = [sys.executable, "-m", "reasoner.store.sandbox", str(self._copy(self._store)), str(self._memory)]
            try:
                process = subprocess.run(  # noqa: S603 - this Python with a module of ours
                    command, input=pickle.dumps((text, limit)), capture_output=True, timeout=self._timeout, check=True
                )
            except subprocess.TimeoutExpired:
                raise QueryError(f"it took longer than {self._timeout:g} seconds", mend="Narrow the question") from None
            except subprocess.CalledProcessError:
                raise QueryError("it took more memory than allowed", mend="Narrow the question") from None
        answer: Answer | NecessityError = pickle.loads(process.stdout)  # noqa: S301 - from the process started here
        if isinstance(answer, NecessityError):
            raise answer
        return answer

    def close(self) -> None:
        """Remove the copy."""
        with self._lock:
            self._discard()

    def _copy(self, store: DirectoryStore) -> Path:
        if self._stale or self._folder is None:
            self._discard()
            self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=store.directory))
            self._stale = False
            store.copy(self._folder / "kb")
        return self._folder / "kb"

    def _discard(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _answer(store: Store, text: str, limit: int) -> Answer:
    prefixes = Register(store).prefixes_for(text)
    return Answer(store.query(text, prefixes=prefixes), text, prefixes=prefixes, limit=limit)


def _main(directory: str, memory: str) -> None:
    """Answer the query on standard input from the store in a directory, on standard output."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    except ImportError:
        pass
    text, limit = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
    try:
        answer: Answer | NecessityError = _answer(DirectoryStore(Path(directory)), text, limit)
    except NecessityError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))


if __name__ == "__main__":
    _main(*sys.argv[1:])
