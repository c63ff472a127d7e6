"""The page at the root of the endpoint: a query editor, the questions of the library, and the terms of the base.

The page is three scripts, a style sheet and HTML of our own in the folder ``page``: no package of PyPI carries a SPARQL editor's
built files, and a megabyte of another project's would have to be kept up to date here. It loads nothing from elsewhere.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from reasoner.ground.errors import UsageError
from reasoner.store.questions import Query, library

_FOLDER = Path(__file__).with_name("page")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


async def _page(_: Request) -> Response:
    return _file("index.html")


async def _part(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in {path.name for path in _FOLDER.iterdir()}:
        return PlainTextResponse("there is no such page\n", 404)
    return _file(name)


def _file(name: str) -> Response:
    return FileResponse(_FOLDER / name, headers=_HEADERS, media_type=mimetypes.guess_type(name)[0])


async def _questions(_: Request) -> Response:
    return JSONResponse([_described(query) for query in library().values()])


async def _question(request: Request) -> Response:
    """A question of the library, with the values of parameters that the URL gives."""
    query = library().get(request.path_params["name"])
    if query is None:
        return PlainTextResponse("there is no such question\n", 404)
    try:
        text = query.bind(dict(request.query_params))
    except UsageError as error:
        return PlainTextResponse(f"{error}\n", 400)
    return Response(text, media_type="application/sparql-query")


def _described(query: Query) -> dict[str, object]:
    return {
        "name": query.name,
        "title": query.title,
        "purpose": query.purpose,
        "columns": query.columns,
        "parameters": [vars(parameter) for parameter in query.parameters.values()],
        "text": query.text,
    }


ROUTES = (
    Route("/", _page, methods=["GET"]),
    Route("/page/{name}", _part, methods=["GET"]),
    Route("/questions", _questions, methods=["GET"]),
    Route("/questions/{name}", _question, methods=["GET"]),
)
"""The page and what it asks for beside SPARQL; nothing in it is of the knowledge base, so none needs a token."""
