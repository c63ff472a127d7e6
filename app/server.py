"""The workplace as an ASGI application; run as a program it serves it."""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import logging
import os
import re
import sys
import tomllib
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

try:
    import streamlit as st
    import uvicorn
    from starlette.datastructures import Headers as RequestHeaders
    from starlette.datastructures import MutableHeaders
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, RedirectResponse
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
except ImportError:
    sys.exit("necessity: the workplace is not installed. pip install 'necessity[app]'")

from reasoner.ground.errors import NecessityError
from reasoner.rdf.terms import hide_truth_values
from reasoner.store.protocol import LOOPBACK

if TYPE_CHECKING:
    from streamlit.runtime.secrets import SecretsValue

HERE = Path(__file__).parent
_log = logging.getLogger("necessity")


def _inline_scripts() -> str:
    """The digests of the scripts inside the framework's page, as a Content-Security-Policy lists them."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # The browser components are loaded as blobs; WebAssembly lays out graphs.
        f"script-src 'self' blob: 'wasm-unsafe-eval' {_inline_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=()",
}
"""The headers of every response: nothing is loaded from elsewhere, and no page frames this one."""


class Headers:
    """Adds `HEADERS` to every response, and keeps pages out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if headers.get("content-type", "").startswith(("text/html", "application/octet-stream")):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OwnPages:
    """Refuses requests and sockets that pages of other sites open, those of other ports of this machine too.

    A browser tells the page's origin whenever such a page could read the answer or have an effect; the framework by
    itself lets every page of this machine connect. A page without an origin (``null``) is none of ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] in ("http", "websocket"):
            headers = RequestHeaders(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008, "reason": "a page of another site"})
                else:
                    await PlainTextResponse("refused: a page of another site\n", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _report(error: Exception) -> bool:
    """Log where an error came from without its message, which may quote a chart."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-6:]))
    _log.error("%s at %s", type(error).__name__, where)
    st.error("Something went wrong, and nothing was changed. The log says where.", icon=":material/error:")
    return True


def _has_no_exception(record: logging.LogRecord) -> bool:
    """Whether a record has no exception: what `_report` leaves out, the framework does not log either."""
    return record.exc_info is None


def _secrets() -> Mapping[str, SecretsValue]:
    """What the framework keeps as secrets, the table ``[auth]`` among it."""
    path = os.environ.get("NECESSITY_SECRETS")
    return tomllib.loads(Path(path).read_text(encoding="utf-8")) if path else {}


async def _first_page(request: Request) -> RedirectResponse:
    """Lead the address by which people know the first page to the one that the framework gives it."""
    return RedirectResponse(f"/?{request.url.query}")


_middleware = [Middleware(OwnPages), Middleware(Headers)]
if os.environ.get("NECESSITY_APP_HOST", "127.0.0.1") in LOOPBACK:
    # A page of another site could point its own host name at this machine (DNS rebinding).
    _middleware.insert(0, Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK)))

logging.getLogger("streamlit.error_util").addFilter(_has_no_exception)
hide_truth_values()
app = st.App(
    HERE / "main.py",
    secrets=_secrets(),
    routes=[Route("/worklist", _first_page)],
    middleware=_middleware,
    on_script_error=_report,
)


def _open() -> None:
    """Open the workplace and read its worklist, so that nobody waits for that; what is wrong is said on the page."""
    from parts import paint, session

    paint.read_templates()
    with suppress(NecessityError):
        session.workplace().read()
    # What was read lives as long as the server: no garbage collection has to look through it while people wait.
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve until a signal stops the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    options = parser.parse_args()
    _open()
    print(f"the workplace is at http://{options.host}:{options.port}", file=sys.stderr)
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning", access_log=False, server_header=False)


if __name__ == "__main__":
    main()
