"""Where a knowledge base is kept: a directory, memory, or a SPARQL 1.1 endpoint, behind one interface."""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pyoxigraph as ox
from filelock import ReadWriteLock, Timeout

from reasoner.ground.errors import ConflictError, NecessityError, QueryError, StoreError, UsageError
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.sparql import names_graphs, undeclared_name
from reasoner.store.change import Change

QueryResults = ox.QuerySolutions | ox.QueryBoolean | Iterable[ox.Triple]
"""What a query gives: solutions of SELECT, a truth value of ASK, triples of CONSTRUCT and DESCRIBE."""

CHANGES = str(NEC.changes)
"""The property by which the service description of this software's endpoint says where it takes changes of a base."""
_SOLUTIONS = "application/sparql-results+json"
_TRIPLES = "application/n-triples"
_PLACE = re.compile(r"error at (\d+):(\d+):")
_MANY = 4 * 2**20
"""Characters of new graphs above which Oxigraph sorts them into tables of their own: that takes half the time of an update,
but leaves files, however few the graphs are."""
_FLUSH = 16 * 2**20
"""Characters of updates after which Oxigraph writes its memory to its tables; until then its log keeps the updates."""
_COMPACT = 32 * 2**20
"""After more characters of updates and new graphs than this, closing compacts the tables: queries over many tables take many
times as long."""


class Store(Protocol):
    """A set of named graphs that answers SPARQL; the default graph of a query is their union."""

    def query(self, text: str, *, prefixes: Mapping[str, str] | None = None) -> QueryResults:
        """Answer a query of trusted text, in which some prefixes need no declaration.

        Raises:
            QueryError: it is wrong.
            StoreError: the store fails.
        """

    def update(self, text: str) -> None:
        """Carry out an update request of trusted text, whole or not at all; raises as `query` does."""

    def change(self, change: Change) -> None:
        """Carry out a change; raises as `query` does.

        If the program ends before it is done, the catalog says nothing of it yet, and nothing that stood there is gone.
        """

    def triples(self, graph: str) -> str:
        """What stands in a named graph, as canonical N-Triples; raises as `query` does."""

    def close(self) -> None:
        """Close the store."""


def open_store(location: str | Path, *, write: bool = False, update_url: str | None = None) -> Store:
    """Open a store.

    Args:
        location: a directory, or the URL of a SPARQL 1.1 query endpoint.
        write: whether the directory is opened to be changed; then no other process can have it open.
        update_url: URL of the endpoint for updates; by default `location` with a last ``query`` changed to ``update``.

    Raises:
        StoreError: the directory holds no knowledge base, is in use, or cannot be opened.
    """
    if str(location).startswith(("http://", "https://")):
        return EndpointStore(str(location), update_url, Credentials.from_environment())
    return DirectoryStore(Path(location), write=write)


class MemoryStore:
    """A store in memory, which ends with its process."""

    def __init__(self) -> None:
        self._store = ox.Store()

    def query(
        self,
        text: str,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        prefixes: Mapping[str, str] | None = None,
    ) -> QueryResults:
        """See `Store.query`; the graphs that are given here replace the query's own FROM, and prefixes need no PREFIX."""
        dataset: dict[str, Any] = {}
        if default_graphs or named_graphs:
            dataset["default_graph"] = [ox.NamedNode(iri) for iri in default_graphs]
            dataset["named_graphs"] = [ox.NamedNode(iri) for iri in named_graphs]
        else:
            # With a union, Oxigraph would ignore the query's own FROM.
            dataset["use_default_graph_as_union"] = not names_graphs(text)
        with _errors_of_oxigraph(text, prefixes or ()):
            results: QueryResults = self._store.query(text, prefixes=dict(prefixes or {}), **dataset)
        return results

    def update(self, text: str) -> None:
        """See `Store.update`."""
        with _errors_of_oxigraph(text):
            self._store.update(text)

    def change(self, change: Change) -> None:
        """See `Store.change`: where many graphs are new, these come first, and the catalog names them after that."""
        added = change.added()
        if len(added) < _MANY:
            self.update(change.update())
            return
        self._add(added)
        try:
            self.update(change.rest().update())
        except NecessityError:
            self.update(Change(graphs=dict.fromkeys(name for name in change.new if name in change.graphs)).update())
            raise

    def _add(self, quads: str) -> None:
        """Add N-Quads that this package wrote, as tables of their own."""
        with _errors_of_oxigraph(""):
            self._store.bulk_load(quads, format=ox.RdfFormat.N_QUADS, lenient=True)

    def triples(self, graph: str) -> str:
        """See `Store.triples`."""
        with _errors_of_oxigraph(""):
            found = self._store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(graph))
        return "".join(sorted(graphs.lines_of((found or b"").decode())))

    def astray(self) -> int:
        """How many triples stand in no named graph, where no query sees them."""
        return sum(1 for _ in self._store.quads_for_pattern(None, None, None, ox.DefaultGraph()))

    def close(self) -> None:
        """See `Store.close`."""


class DirectoryStore(MemoryStore):
    """An Oxigraph store in a directory: any number of processes may read it, or a single one change it.

    An update that has returned survives the end of the process, however that ends; one that has not leaves no trace.
    """

    def __init__(self, directory: Path, *, write: bool = False) -> None:
        self.directory = directory
        self.writable = write
        data = directory / "oxigraph"
        if not write and not data.is_dir():
            raise StoreError(
                "there is no knowledge base", where=str(directory), mend="Make one with `necessity kb init`"
            )
        try:
            data.mkdir(parents=True, exist_ok=True)
            self._lock = ReadWriteLock(directory / "lock.db", blocking=False, is_singleton=False)
            (self._lock.acquire_write if write else self._lock.acquire_read)()
        except Timeout:
            use = "in use" if write else "being changed"
            raise StoreError(
                f"the knowledge base is {use} by another process",
                where=str(directory),
                mend="Wait for it, or work through `necessity serve --writable` at its URL",
            ) from None
        except (OSError, ValueError) as error:
            raise StoreError(f"the knowledge base cannot be opened: {error}", where=str(directory)) from error
        self._written = 0
        try:
            self._store = ox.Store(str(data)) if write else ox.Store.read_only(str(data))
        except (OSError, RuntimeError, ValueError) as error:
            self._lock.release()
            raise StoreError(f"the knowledge base cannot be opened: {error}", where=str(directory)) from error

    def update(self, text: str) -> None:
        """See `Store.update`."""
        super().update(text)
        self._written += len(text)
        if self._written // _FLUSH > (self._written - len(text)) // _FLUSH:
            self._store.flush()

    def _add(self, quads: str) -> None:
        super()._add(quads)
        self._written += len(quads)

    def copy(self, directory: Path) -> None:
        """Make a knowledge base in another directory with the present content; the files are linked, not copied."""
        try:
            directory.mkdir(parents=True)
            self._store.backup(str(directory / "oxigraph"))
        except (OSError, RuntimeError, ValueError) as error:
            raise StoreError(f"the knowledge base cannot be copied: {error}", where=str(directory)) from error

    def close(self) -> None:
        """Close the store and release the directory."""
        if self._written:  # or whoever opens it next would replay the log of all updates
            self._store.flush()
        if self._written > _COMPACT:
            self._store.optimize()
        # Oxigraph releases its own lock with the last reference to the store.
        del self._store
        # The thread that closes it may be another than the one that opened it.
        self._lock.release(force=True)
        self._lock.close()


@dataclass(frozen=True)
class Credentials:
    """How to authenticate at an endpoint: a bearer token, or a user's name and password. Never part of a URL."""

    user: str = ""
    password: str = ""
    token: str = ""

    @classmethod
    def from_environment(cls) -> Credentials:
        """The credentials in ``NECESSITY_KB_TOKEN``, or in ``NECESSITY_KB_USER`` and ``NECESSITY_KB_PASSWORD``."""
        return cls(*(os.environ.get(f"NECESSITY_KB_{name}", "") for name in ("USER", "PASSWORD", "TOKEN")))

    @property
    def header(self) -> dict[str, str]:
        """The Authorization header; empty without credentials."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}


class EndpointStore:
    """A store behind the SPARQL 1.1 Protocol. No redirect is followed, so credentials go to the named host alone."""

    def __init__(
        self,
        query_url: str,
        update_url: str | None = None,
        credentials: Credentials | None = None,
        *,
        timeout: float = 600,
    ) -> None:
        if urlsplit(query_url).username is not None:
            raise UsageError(
                "the URL carries a user name", mend="Set NECESSITY_KB_USER and NECESSITY_KB_PASSWORD instead"
            )
        self.query_url = query_url
        base, slash, last = query_url.rpartition("/")
        self.update_url = update_url or (base + slash + "update" if last == "query" else query_url)
        self._header = (credentials or Credentials()).header
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirect)

    def query(self, text: str, *, prefixes: Mapping[str, str] | None = None) -> QueryResults:
        """See `Store.query`."""
        text = "".join(f"PREFIX {prefix}: <{iri}> " for prefix, iri in (prefixes or {}).items()) + text
        accept = f"{_SOLUTIONS}, {_TRIPLES};q=0.9"
        kind, body = self._post(self.query_url, "application/sparql-query", text, accept)
        try:
            if kind == _SOLUTIONS:
                return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
            if kind == _TRIPLES:
                return graphs.triples(body)
        except (SyntaxError, ValueError) as error:
            raise StoreError(f"the endpoint's answer cannot be read: {error}", where=self.query_url) from error
        raise StoreError(f"the endpoint answers in {kind or 'no media type'}", where=self.query_url)

    def update(self, text: str) -> None:
        """See `Store.update`."""
        self._post(self.update_url, "application/sparql-update", text, "*/*")

    def change(self, change: Change) -> None:
        """See `Store.change`."""
        self.update(change.update())

    def triples(self, graph: str) -> str:
        """See `Store.triples`."""
        found = self.query(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
        if isinstance(found, ox.QuerySolutions | ox.QueryBoolean):
            raise StoreError("the store gave no triples to a CONSTRUCT query")
        return graphs.canonical_lines(found)

    @cached_property
    def changes_url(self) -> str:
        """Where this software's own endpoint takes changes of a base; empty for an endpoint of other software."""
        try:
            _, body = self._send(urllib.request.Request(self.query_url, headers={"Accept": _TRIPLES, **self._header}))  # noqa: S310 - as below
            told = graphs.triples(body)
        except (SyntaxError, ValueError, StoreError, QueryError):
            return ""
        return next(
            (t.object.value for t in told if t.predicate.value == CHANGES and isinstance(t.object, ox.NamedNode)), ""
        )

    def carry_out(self, change: Mapping[str, Any]) -> None:
        """Have this software's own endpoint carry out a change, given as JSON; raises as `query` does."""
        self._post(self.changes_url, "application/json", json.dumps(change), "*/*")

    def close(self) -> None:
        """See `Store.close`."""

    def _post(self, url: str, content: str, text: str, accept: str) -> tuple[str, bytes]:
        request = urllib.request.Request(  # noqa: S310 - the scheme is http or https, by `open_store`
            url,
            data=text.encode(),
            headers={"Content-Type": f"{content}; charset=utf-8", "Accept": accept, **self._header},
            method="POST",
        )
        return self._send(request)

    def _send(self, request: urllib.request.Request) -> tuple[str, bytes]:
        url = request.full_url
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return response.headers.get_content_type(), response.read()
        except urllib.error.HTTPError as error:
            detail = error.read(2000).decode(errors="replace").strip()
            if error.code == 400:
                raise QueryError(f"the endpoint refuses the request: {detail}", where=url) from None
            if error.code == 409:
                raise ConflictError(detail, mend="Try again") from None
            mend = "Set NECESSITY_KB_TOKEN, or NECESSITY_KB_USER and _PASSWORD" if error.code in (401, 403) else ""
            raise StoreError(
                f"the endpoint answers {error.code} {error.reason}: {detail}", where=url, mend=mend
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise StoreError(f"the endpoint cannot be reached: {reason}", where=url) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@contextmanager
def _errors_of_oxigraph(text: str, prefixes: Collection[str] = ()) -> Iterator[None]:
    """Raise the errors of Oxigraph in SPARQL of a text, with prefixes that need no declaration, as this package's own."""
    try:
        yield
    except SyntaxError as error:
        raise QueryError(f"it is not SPARQL: {_pointed(str(error), text, prefixes)}") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise StoreError(f"the store failed: {error}") from error


def _pointed(error: str, text: str, prefixes: Collection[str]) -> str:
    """A syntax error of Oxigraph in short: which prefix is missing, or the place and what stands there."""
    if missing := undeclared_name(text, prefixes):
        start, name = missing
        line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
        return f"line {line}, column {column}: the prefix of {name} is not declared"
    place = _PLACE.match(error)
    if not place:
        return error
    line, column = int(place[1]), int(place[2])
    lines = text.split("\n")
    after = lines[line - 1][column - 1 :].strip() if line <= len(lines) else ""
    return f"line {line}, column {column}, " + (f"at {after[:40]!r}" if after else "at the end")
