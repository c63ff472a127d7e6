"""URLs of charts: what each is called, which shows nothing of it that can be a token.

A presigned URL gives access to whoever knows it. So each URL is named here once, before anything else is done with it; its
name goes through messages, results and records in its place, and only what fetches asks for the URL itself.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

is_remote = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*::)*[A-Za-z][A-Za-z0-9+.-]+://").match
"""Whether a name is a URL, also a chain of them such as ``zip://a.nq::https://host/a.zip``."""
HIDDEN = "?..."
"""What stands in a name for a query, a fragment or a password; a number behind it tells apart URLs that differ only there."""
_MARK = re.compile(rf"{re.escape(HIDDEN)}\d*$")
_WEB = ("http", "https")
_WITHOUT_USER = (*_WEB, "ftp", "ftps", "s3", "s3a", "gs", "gcs")
"""The schemes of which a user in the URL is a token, not part of the place."""
_AFTER_PATH = re.compile(r"[?#].*", re.DOTALL)
_QUERY = re.compile(r"[?#][\w.~%-]+=.*", re.DOTALL)
"""A query or fragment where ``?`` may also be part of a pattern."""
_NO_PORT = re.compile(r".*:.*[^\d]").match
"""Finds a colon that no port follows: a password with a slash stands there."""
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")
_MISTYPED = re.compile(rf"({'|'.join(_WITHOUT_USER)})(:/?(?!/)|//)", re.IGNORECASE).match
"""Finds the scheme of a URL with a character left out, which is a path."""

_urls: dict[str, str] = {}
_names: dict[str, str] = {}


def named(name: str) -> str:
    """What to call a source; the name of one that is no URL, or of a URL that holds nothing to hide, is itself."""
    if name in _urls or not is_remote(name):
        return name
    if name not in _names:
        public = bare = shown(name)
        while bare != name and public in _urls:
            public = f"{bare}{sum(one.startswith(bare) for one in _urls) + 1}"
        if public == name:
            return name
        _urls[public], _names[name] = name, public
    return _names[name]


def url_of(name: str) -> str:
    """The URL that a name was given to."""
    return _urls.get(name, name)


def shown(url: str) -> str:
    """A URL as it may be shown: without query, fragment, and user and password."""
    return "::".join(_shown(link) for link in url.split("::"))


def mistyped(path: str) -> tuple[str, str]:
    """A path that names nothing as it may be shown, since it may be a mistyped URL; and what to do, where it seems to be one."""
    mend = "Write a URL with ://" if _MISTYPED(path) else ""
    return _QUERY.sub(HIDDEN, path), mend


def text_shown(text: str) -> str:
    """Text with each URL in it as it may be shown."""
    return _IN_TEXT.sub(lambda found: shown(found[0]), text)


def holds_login(url: str) -> bool:
    """Whether a URL, or one of a chain, holds a password, or a user that is one."""
    return any(_login(link) for link in url.split("::"))


def path_of(name: str) -> str:
    """The path that tells the type of what a URL names, of a chain that of its first part; of another name, itself."""
    if not is_remote(name):
        return name
    return _MARK.sub("", next(link for link in shown(name).split("::") if "://" in link)).partition("://")[2]


def folder_of(name: str) -> str:
    """The folder that a file is in, here or at a URL."""
    if not is_remote(name):
        return str(Path(name).parent)
    links = name.split("::")
    first = next(number for number, link in enumerate(links) if "://" in link)
    scheme, _, path = _MARK.sub("", links[first]).partition("://")
    links[first] = f"{scheme}://{PurePosixPath(path).parent}"
    return "::".join(links)


def _shown(link: str) -> str:
    scheme, sign, rest = link.partition("://")
    if not sign:
        return link if re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", link) else HIDDEN
    if _MARK.search(link):
        return link
    bare = (_AFTER_PATH if scheme.lower() in _WEB else _QUERY).sub("", rest)
    if login := _login(link):
        bare = bare.removeprefix(f"{login}@") if bare.startswith(f"{login}@") else ""
    return f"{scheme}://{bare}{HIDDEN if bare != rest else ''}"


def _login(link: str) -> str:
    """The part of a URL before its host that is a password, or may be."""
    scheme, sign, rest = link.partition("://")
    host = re.split(r"[/?#]", rest)[0] if sign else ""
    user, at, _ = host.rpartition("@")
    is_token = scheme.lower() in _WITHOUT_USER
    if at:
        return user if ":" in user or is_token else ""
    return host if (is_token or "@" in rest) and _NO_PORT(host) else ""
