"""Answering: what a worker process of the endpoint does; it can be ended at any time."""

from __future__ import annotations

import io
import itertools
import json
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from reasoner.ground.errors import ConflictError, NecessityError, QueryError
from reasoner.rdf.sparql import refuse_outreach
from reasoner.store.audit import Actor
from reasoner.store.backends import DirectoryStore
from reasoner.store.base import KnowledgeBase
from reasoner.store.change import Change
from reasoner.store.protocol import GRAPH_TYPES, TABLE_TYPES, Operation, RefusalError, choose
from reasoner.store.questions import refuse_broken_xml

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 2**20
"""Bytes of an answer that are in memory at a time."""
Answer = tuple[int, str, bytes | None]
"""Status, media type and body; None if the body is in the file that was named for it."""
_STATUS = {QueryError: 400, ConflictError: 409}
"""The HTTP status of errors; 500 of others."""


class _LimitedFile(io.FileIO):
    """A new file that takes no more bytes than an answer may have."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x")
        self._left = _limit

    def write(self, data: ReadableBuffer) -> int:
        self._left -= memoryview(data).nbytes
        if self._left < 0:
            raise RefusalError(413, f"the answer is larger than {_limit // 2**20} MiB; use LIMIT")
        return super().write(data)


_store: DirectoryStore
_base: KnowledgeBase
_prefixes: dict[str, str]
_limit: int


def open_base(directory: Path, writable: bool, memory: int, limit: int) -> None:
    """Open the store in a worker process, which can be ended at any time."""
    global _store, _base, _prefixes, _limit
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except ImportError:
        pass
    _limit = limit
    _store = DirectoryStore(directory, write=writable)
    _base = KnowledgeBase(_store)
    _prefixes = _base.register.prefixes()


def answer(operation: Operation, path: Path) -> Answer:
    """The answer to an operation.

    Args:
        operation: the operation.
        path: a file, not there yet, for a body of more than `PIECE` bytes.
    """
    try:
        if operation.kind == "change":
            _carry_out(operation.text)
            return 204, "text/plain", b""
        if operation.kind == "prefixes":
            return 200, "application/json", json.dumps(_prefixes).encode()
        if operation.kind == "graph":
            return _graph(operation.accept, _whole_graph(operation), path)
        refuse_outreach(operation.text)
        if operation.kind == "update":
            _base.update(operation.text)
            return 204, "text/plain", b""
        results = _store.query(
            operation.text,
            default_graphs=operation.default_graphs,
            named_graphs=operation.named_graphs,
            prefixes=_prefixes,
        )
        if not isinstance(results, ox.QuerySolutions | ox.QueryBoolean):
            return _graph(operation.accept, results, path)
        media = choose(operation.accept, TABLE_TYPES)
        with io.BufferedWriter(_LimitedFile(path), PIECE) as output:
            results.serialize(output, format=TABLE_TYPES[media])
        return _written(media, path)
    except RefusalError as error:
        return error.status, "text/plain", f"{error}\n".encode()
    except NecessityError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        return status, "text/plain", f"{error}\n".encode()
    except (OSError, ValueError) as error:
        return 500, "text/plain", f"the store failed: {error}\n".encode()


def _graph(accept: str, triples: Iterable[ox.Triple], path: Path) -> Answer:
    media = choose(accept, GRAPH_TYPES)
    with io.BufferedWriter(_LimitedFile(path), PIECE) as output:
        prefixes = _prefixes if media == "text/turtle" else None
        ox.serialize(triples, output, format=GRAPH_TYPES[media], prefixes=prefixes)
    return _written(media, path)


def _written(media: str, path: Path) -> Answer:
    if "xml" in media:
        with path.open("rb") as written:
            refuse_broken_xml(written)
    return 200, media, path.read_bytes() if path.stat().st_size <= PIECE else None


def _whole_graph(operation: Operation) -> Iterable[ox.Triple]:
    where = f"GRAPH <{operation.text}> {{ ?s ?p ?o }}" if operation.text else "?s ?p ?o"
    results = _store.query(f"CONSTRUCT {{ ?s ?p ?o }} {{ {where} }}")
    triples = iter(() if isinstance(results, ox.QuerySolutions | ox.QueryBoolean) else results)
    first = next(triples, None)
    if operation.text and first is None:
        raise RefusalError(404, "there is no such graph")
    return itertools.chain([first] if first else (), triples)


def _carry_out(text: str) -> None:
    global _prefixes
    try:
        told = json.loads(text)
        change, action, by = Change.from_json(told["change"]), str(told["action"]), Actor(**told["by"])
    except (ValueError, TypeError, KeyError):
        raise QueryError("it is no change of a knowledge base") from None
    _base.carry_out(change, action, by)
    _prefixes = _base.register.prefixes()
