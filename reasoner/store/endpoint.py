"""A SPARQL 1.1 Protocol endpoint for a knowledge base: by default read-only and for this machine alone."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import pyoxigraph as ox
import uvicorn
from pebble import ProcessExpired, ProcessPool
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from reasoner.ground.errors import UsageError
from reasoner.ground.temporary import TemporaryFolder
from reasoner.store import answering, query_page
from reasoner.store.answering import PIECE, Answer
from reasoner.store.backends import CHANGES, DirectoryStore
from reasoner.store.base import KnowledgeBase
from reasoner.store.protocol import (
    GRAPH_TYPES,
    LOOPBACK,
    Operation,
    RefusalError,
    content_type,
    graph_iris,
    negotiate,
    parse_parameters,
    takes_gzip,
)

_MAX_WAITING = 64
"""Requests that may wait for a worker."""
_MAX_BODY = {"query": 2**20, "update": 256 * 2**20, "change": 256 * 2**20}
"""Bytes that the body of a request may have, by its kind of operation."""


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
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    place = f"http://{host}:{settings.port}"
    print(f"serving {settings.directory} at {place}/sparql, with a page to ask at {place}/", file=sys.stderr)
    uvicorn.Server(config).run()


def application(settings: EndpointSettings) -> Starlette:
    """The endpoint as an ASGI application, with the workers that it starts and stops."""
    endpoint = _Endpoint(settings)
    middleware = []
    if settings.host in LOOPBACK:
        # Against DNS rebinding: a page of another site could make its own name resolve to this machine.
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK)))
    middleware.append(Middleware(_Compression))
    middleware.append(
        Middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Accept", "Authorization", "Content-Type"],
            allow_private_network=True,  # a browser asks before a page on the web may call this machine
        )
    )
    return Starlette(
        routes=[
            Route("/sparql", endpoint.sparql, methods=["GET", "POST"]),
            Route("/graphs", endpoint.graph, methods=["GET"]),
            Route("/changes", endpoint.changes, methods=["POST"]),
            Route("/prefixes", endpoint.prefixes, methods=["GET"]),
            Route("/health", endpoint.health, methods=["GET"]),
            *query_page.ROUTES,
        ],
        middleware=middleware,
        exception_handlers={RefusalError: _refused, 405: _not_allowed},
        lifespan=endpoint.lifespan,
    )


class _Endpoint:
    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.waiting = 0

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        settings = self.settings
        self.answers = TemporaryFolder()
        self.pool = ProcessPool(
            max_workers=1 if settings.writable else settings.workers,
            context=get_context("spawn"),
            initializer=answering.open_base,
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
        self._authorize(request)
        operation = await self._operation(request)
        return await self._run(operation, request) if operation else self._description(request)

    async def graph(self, request: Request) -> Response:
        """One named graph, or all of them as one (SPARQL 1.1 Graph Store HTTP Protocol, read-only)."""
        self._authorize(request)
        parameters = parse_parameters(request.url.query)
        names = graph_iris(parameters, "graph")
        whole = [name for name, _ in parameters] == ["default"]
        if len(names) + whole != 1 or len(parameters) != 1:
            raise RefusalError(400, "name one graph with ?graph=IRI, or all of them with ?default")
        return await self._run(Operation("graph", next(iter(names), ""), (), (), _accept(request)), request)

    async def changes(self, request: Request) -> Response:
        """Carry out a change of the base that `necessity kb` or a workplace has worked out elsewhere."""
        self._authorize(request)
        if not self.settings.writable:
            raise RefusalError(403, "this endpoint is read-only")
        if content_type(request.headers.get("content-type", ""))[0] != "application/json":
            raise RefusalError(415, "a change is sent as application/json")
        return await self._run(Operation("change", await self._body(request, "change"), (), (), ""), request)

    async def prefixes(self, request: Request) -> Response:
        """The prefixes that a query need not declare, with what they stand for."""
        self._authorize(request)
        return await self._run(Operation("prefixes", "", (), (), ""), request)

    async def health(self, request: Request) -> Response:
        try:
            await self._run(Operation("query", "ASK { ?s ?p ?o }", (), (), ""), request)
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
            content, charset = content_type(request.headers.get("content-type", ""))
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
            reads = content == "application/sparql-query" or not self.settings.writable
            body = await self._body(request, "query" if reads else "update")
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
            accept=_accept(request),
        )

    async def _body(self, request: Request, kind: str) -> str:
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MAX_BODY[kind]:
                    raise RefusalError(413, f"the request is larger than {_MAX_BODY[kind] // 2**20} MiB")
            return body.decode()
        except ClientDisconnect:
            raise _gone() from None
        except UnicodeDecodeError:
            raise RefusalError(400, "SPARQL is sent as UTF-8") from None

    async def _run(self, operation: Operation, request: Request) -> Response:
        """The response that a worker makes.

        It is whole before the first byte is sent, so one that goes over a limit is refused, never cut short. A long one
        is in a file meanwhile. A worker that only reads is ended if nobody waits for its answer any more.
        """
        if self.waiting >= _MAX_WAITING:
            raise RefusalError(503, "too many requests wait; come back later")
        self.waiting += 1
        path = Path(self.answers.name) / secrets.token_hex()
        try:
            future = self.pool.schedule(answering.answer, args=(operation, path), timeout=self.settings.timeout)
            answer = asyncio.wrap_future(future)
            if operation.kind not in ("update", "change"):
                await _answered(answer, request)
            status, media, body = await answer
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
        media = negotiate(_accept(request), (*GRAPH_TYPES, "text/html"))
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


async def _answered(answer: asyncio.Future[Answer], request: Request) -> None:
    """Wait for an answer; raises `RefusalError` and gives it up if whoever asked is gone."""

    async def hung_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.ensure_future(hung_up())
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise _gone()
    finally:
        gone.cancel()


def _gone() -> RefusalError:
    return RefusalError(400, "whoever asked is gone")


def _accept(request: Request) -> str:
    """What a request accepts, all its Accept headers in one."""
    return ", ".join(request.headers.getlist("accept"))


async def _refused(_: Request, refusal: Exception) -> Response:
    status = refusal.status if isinstance(refusal, RefusalError) else 500
    return PlainTextResponse(f"{refusal}\n", status, {"WWW-Authenticate": "Bearer"} if status == 401 else {})


async def _not_allowed(request: Request, error: Exception) -> Response:
    """The answer to a method that a place does not know: to OPTIONS, those that it knows."""
    known = (getattr(error, "headers", None) or {}).get("Allow", "")
    allow = {"Allow": ", ".join(sorted({"OPTIONS", *filter(None, known.split(", "))}))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allow)
    return PlainTextResponse("the method is not allowed here\n", 405, allow)


class _Compression(GZipMiddleware):
    """Compresses answers for those who take gzip, by the qualities that they give."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = MutableHeaders(scope=scope)
            taken = takes_gzip(", ".join(headers.getlist("accept-encoding")))
            headers["accept-encoding"] = "gzip" if taken else "identity"
        await super().__call__(scope, receive, send)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(PIECE):
            yield piece
