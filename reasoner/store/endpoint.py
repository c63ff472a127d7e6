"""A SPARQL 1.1 Protocol endpoint for a knowledge base: by default read-only and for this machine alone."""

from __future__ import annotations

import asyncio
import hmac
import io
import itertools
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import pyoxigraph as ox
import uvicorn
from pebble import ProcessExpired, ProcessPool
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from reasoner.ground.errors import ConflictError, NecessityError, QueryError, UsageError
from reasoner.rdf.sparql import refuse_outreach
from reasoner.store import query_page
from reasoner.store.audit import Actor
from reasoner.store.backends import CHANGES, DirectoryStore
from reasoner.store.base import KnowledgeBase
from reasoner.store.change import Change
from reasoner.store.protocol import (
    GRAPH_TYPES,
    LOOPBACK,
    TABLE_TYPES,
    Operation,
    RefusalError,
    choose,
    graph_iris,
    negotiate,
    parse_parameters,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MAX_WAITING = 64
"""Requests that may wait for a worker."""
_MAX_BODY = {"query": 2**20, "update": 256 * 2**20, "change": 256 * 2**20}
"""Bytes that the body of a request may have, by its kind of operation."""
_PIECE = 2**20
"""Bytes of an answer that are in memory at a time."""


@dataclass(frozen=True)
class EndpointSettings:
    """How a knowledge base is served."""

    directory: Path
    host: str = "127.0.0.1"
    port: int = 7878
    writable: bool = False
    workers: int = 2
    timeout: float = 30.0
    """Seconds a request may take before its worker is ended."""
    limit: int = 2**30
    """Bytes an answer may have; a longer one is refused, never truncated."""
    memory: int = 4 * 2**30
    """Bytes of address space a worker may take."""
    origins: tuple[str, ...] = ()
    """Origins of pages of other sites that may ask, such as ``https://yasgui.example``."""
    token: str = field(default="", repr=False)
    """Bearer token that every request has to carry, if not empty."""


_STATUS = {QueryError: 400, ConflictError: 409}
"""The HTTP status of errors; 500 of others."""
_Answer = tuple[int, str, bytes | None]
"""Status, media type and body; None if the body is in the file that was named for it."""


def serve(settings: EndpointSettings) -> None:
    """Serve until a signal stops the process; requests under way are answered first.

    Raises:
        StoreError: the knowledge base cannot be opened.
        UsageError: it would be open to other machines without a token.
    """
    if settings.host not in LOOPBACK and not settings.token:
        raise UsageError(
            f"{settings.host} can be reached from other machines",
            mend="Set NECESSITY_TOKEN, and put a server that speaks TLS before it",
        )
    KnowledgeBase(DirectoryStore(settings.directory, write=settings.writable)).close()
    config = uvicorn.Config(
        application(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,  # a query in a URL may name a patient's request
        server_header=False,
        timeout_graceful_shutdown=int(settings.timeout) + 5,
    )
    place = f"http://{settings.host}:{settings.port}"
    print(f"serving {settings.directory} at {place}/sparql, with a page to ask at {place}/", file=sys.stderr)
    uvicorn.Server(config).run()


def application(settings: EndpointSettings) -> Starlette:
    """The endpoint as an ASGI application, with the workers that it starts and stops."""
    endpoint = _Endpoint(settings)
    middleware = []
    if settings.host in LOOPBACK:
        # Against DNS rebinding: a page of another site could make its own name resolve to this machine.
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK)))
    middleware.append(Middleware(GZipMiddleware))
    middleware.append(
        Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Accept", "Authorization", "Content-Type"],
        )
    )
    return Starlette(
        routes=[
            Route("/sparql", endpoint.sparql, methods=["GET", "POST", "OPTIONS"]),
            Route("/graphs", endpoint.graph, methods=["GET"]),
            Route("/changes", endpoint.changes, methods=["POST"]),
            Route("/prefixes", endpoint.prefixes, methods=["GET"]),
            Route("/health", endpoint.health, methods=["GET"]),
            *query_page.ROUTES,
        ],
        middleware=middleware,
        lifespan=endpoint.lifespan,
    )


class _Endpoint:
    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.waiting = 0

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        settings = self.settings
        self.answers = tempfile.TemporaryDirectory(prefix="necessity-")
        self.pool = ProcessPool(
            max_workers=1 if settings.writable else settings.workers,
            context=get_context("spawn"),
            initializer=_open,
            initargs=(settings.directory, settings.writable, settings.memory, settings.limit),
        )
        try:
            yield
        finally:
            self.pool.close()  # type: ignore[no-untyped-call] # pebble has annotations in part
            try:
                await asyncio.to_thread(self.pool.join, settings.timeout + 5)
            except TimeoutError:
                self.pool.stop()  # type: ignore[no-untyped-call] # as above
                await asyncio.to_thread(self.pool.join)
            self.answers.cleanup()

    async def sparql(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
        try:
            self._authorize(request)
            operation = await self._operation(request)
            if operation is None:
                return self._description(request)
            return await self._run(operation)
        except RefusalError as refusal:
            headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {}
            return PlainTextResponse(f"{refusal}\n", refusal.status, headers)

    async def graph(self, request: Request) -> Response:
        """One named graph, or all of them as one (SPARQL 1.1 Graph Store HTTP Protocol, read-only)."""
        try:
            self._authorize(request)
            parameters = parse_parameters(request.url.query)
            names = graph_iris(parameters, "graph")
            whole = [name for name, _ in parameters] == ["default"]
            if len(names) + whole != 1 or len(parameters) != 1:
                raise RefusalError(400, "name one graph with ?graph=IRI, or all of them with ?default")
            accept = request.headers.get("accept", "")
            return await self._run(Operation("graph", next(iter(names), ""), (), (), accept))
        except RefusalError as refusal:
            return PlainTextResponse(f"{refusal}\n", refusal.status)

    async def changes(self, request: Request) -> Response:
        """Carry out a change of the base that `necessity kb` or a workplace has worked out elsewhere."""
        try:
            self._authorize(request)
            if not self.settings.writable:
                raise RefusalError(403, "this endpoint is read-only")
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise RefusalError(415, "a change is sent as application/json")
            body = await self._body(request, "change")
            return await self._run(Operation("change", body, (), (), ""))
        except RefusalError as refusal:
            return PlainTextResponse(f"{refusal}\n", refusal.status)

    async def prefixes(self, request: Request) -> Response:
        """The prefixes that a query need not declare, with what they stand for."""
        try:
            self._authorize(request)
            return await self._run(Operation("prefixes", "", (), (), ""))
        except RefusalError as refusal:
            return PlainTextResponse(f"{refusal}\n", refusal.status)

    async def health(self, _: Request) -> Response:
        try:
            await self._run(Operation("query", "ASK { ?s ?p ?o }", (), (), ""))
        except RefusalError as refusal:
            return JSONResponse({"status": "failing", "reason": str(refusal)}, 503)
        return JSONResponse({"status": "ok", "writable": self.settings.writable})

    def _authorize(self, request: Request) -> None:
        token = self.settings.token
        credential = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and not hmac.compare_digest(credential.encode(), token.encode()):
            raise RefusalError(401, "a bearer token is needed")
        origin = request.headers.get("origin")
        if origin and origin not in self.settings.origins and urlsplit(origin).netloc != request.headers.get("host"):
            raise RefusalError(403, "requests from pages of other sites are refused")

    async def _operation(self, request: Request) -> Operation | None:
        """The operation that a request asks for (SPARQL 1.1 Protocol, section 2); None for the service description."""
        parameters = parse_parameters(request.url.query)
        text: str | None = None
        kind = "query"
        if request.method == "POST":
            content, _, rest = request.headers.get("content-type", "").partition(";")
            content = content.strip().lower()
            charset = rest.partition("charset=")[2].strip().strip('"').lower()
            if charset not in ("", "utf-8", "utf8"):
                raise RefusalError(415, "SPARQL is sent as UTF-8")
            if content not in (
                "application/sparql-query",
                "application/sparql-update",
                "application/x-www-form-urlencoded",
            ):
                raise RefusalError(
                    415, "send application/sparql-query, application/sparql-update or a URL-encoded form"
                )
            body = await self._body(request, "query" if content == "application/sparql-query" else "update")
            if content == "application/x-www-form-urlencoded":
                parameters += parse_parameters(body)
            else:
                kind, text = content.removeprefix("application/sparql-"), body
        operations = [(name, value) for name, value in parameters if name in ("query", "update")]
        if text is None:
            if not operations and request.method in ("GET", "HEAD") and not parameters:
                return None
            if len(operations) != 1:
                raise RefusalError(400, "give exactly one query or update")
            ((kind, text),) = operations
        elif operations:
            raise RefusalError(400, "give the query or update in one place")
        if kind == "update" and request.method in ("GET", "HEAD"):
            raise RefusalError(400, "an update is sent with POST")
        if kind == "update" and not self.settings.writable:
            raise RefusalError(403, "this endpoint is read-only")
        if any(name.startswith("using-") for name, _ in parameters):
            raise RefusalError(400, "name graphs with USING in the update itself")
        return Operation(
            kind=kind,
            text=text,
            default_graphs=graph_iris(parameters, "default-graph-uri"),
            named_graphs=graph_iris(parameters, "named-graph-uri"),
            accept=request.headers.get("accept", ""),
        )

    async def _body(self, request: Request, kind: str) -> str:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY[kind]:
                raise RefusalError(413, f"the request is larger than {_MAX_BODY[kind] // 2**20} MiB")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise RefusalError(400, "SPARQL is sent as UTF-8") from None

    async def _run(self, operation: Operation) -> Response:
        """The response that a worker makes.

        It is whole before the first byte is sent, so one that goes over a limit is refused, never cut short. A long one
        is in a file meanwhile.
        """
        if self.waiting >= _MAX_WAITING:
            raise RefusalError(503, "too many requests wait; come back later")
        self.waiting += 1
        path = Path(self.answers.name) / secrets.token_hex()
        try:
            future = self.pool.schedule(_answer, args=(operation, path), timeout=self.settings.timeout)
            status, media, body = await asyncio.wrap_future(future)
            headers = {"Vary": "Accept", "Cache-Control": "no-store"}
            if body is not None:
                return Response(body, status, headers, media)
            stream = path.open("rb")
            headers["Content-Length"] = str(os.fstat(stream.fileno()).st_size)
            return StreamingResponse(_pieces(stream), status, headers, media)
        except TimeoutError:
            raise RefusalError(
                504, f"it took longer than {self.settings.timeout:g} seconds; narrow the question"
            ) from None
        except (ProcessExpired, MemoryError):
            raise RefusalError(503, "it took more memory than allowed; narrow the question") from None
        except RuntimeError as error:
            raise RefusalError(503, f"the workers have stopped: {error}") from None
        finally:
            self.waiting -= 1
            path.unlink(missing_ok=True)  # what is open can still be read

    def _description(self, request: Request) -> Response:
        """The service description (SPARQL 1.1 Service Description)."""
        media = negotiate(request.headers.get("accept", ""), (*GRAPH_TYPES, "text/html"))
        if media == "text/html":
            return RedirectResponse("./", 303)
        if media is None:
            raise RefusalError(406, f"a description is served as {', '.join(GRAPH_TYPES)}")
        sd, formats = "http://www.w3.org/ns/sparql-service-description#", "http://www.w3.org/ns/formats/"
        endpoint = ox.NamedNode(str(request.url.replace(query="")))
        languages = ["SPARQL11Query"] + (["SPARQL11Update"] if self.settings.writable else [])
        results = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV")
        syntaxes = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
        facts = [
            ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", sd + "Service"),
            (sd + "endpoint", endpoint.value),
            *((sd + "supportedLanguage", sd + language) for language in languages),
            (sd + "feature", sd + "UnionDefaultGraph"),
            *((sd + "resultFormat", formats + name) for name in (*results, *syntaxes)),
        ]
        if self.settings.writable:
            facts.append((CHANGES, str(request.url_for("changes"))))
        triples = [ox.Triple(endpoint, ox.NamedNode(p), ox.NamedNode(o)) for p, o in facts]
        body = ox.serialize(triples, format=GRAPH_TYPES[media], prefixes={"sd": sd, "formats": formats})
        return Response(body, media_type=media, headers={"Vary": "Accept"})


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(_PIECE):
            yield piece


# ---------------------------------------------------------------- in a worker


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


def _open(directory: Path, writable: bool, memory: int, limit: int) -> None:
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


def _answer(operation: Operation, path: Path) -> _Answer:
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
        with io.BufferedWriter(_LimitedFile(path), _PIECE) as output:
            results.serialize(output, format=TABLE_TYPES[media])
        return _written(media, path)
    except RefusalError as error:
        return error.status, "text/plain", f"{error}\n".encode()
    except NecessityError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        return status, "text/plain", f"{error}\n".encode()
    except (OSError, ValueError) as error:
        return 500, "text/plain", f"the store failed: {error}\n".encode()


def _graph(accept: str, triples: Iterable[ox.Triple], path: Path) -> _Answer:
    media = choose(accept, GRAPH_TYPES)
    with io.BufferedWriter(_LimitedFile(path), _PIECE) as output:
        prefixes = _prefixes if media == "text/turtle" else None
        ox.serialize(triples, output, format=GRAPH_TYPES[media], prefixes=prefixes)
    return _written(media, path)


def _written(media: str, path: Path) -> _Answer:
    return 200, media, path.read_bytes() if path.stat().st_size <= _PIECE else None


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
