"""Remote files, by the URL of a scheme that fsspec knows, such as ``s3://bucket/charts``.

Only what is named so is fetched, by the user's own choice of scheme; nothing that a file says ever is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from reasoner.chart.folders import FolderContents, listed
from reasoner.ground.errors import DocumentationError, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

is_remote = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://").match
"""Whether a name is a URL."""


def contents(
    url: str, is_chart: Callable[[PurePosixPath], bool], is_left_out: Callable[[PurePosixPath], bool]
) -> FolderContents:
    """What is at a URL: the file, what a pattern matches, or what is below a folder, as `reasoner.chart.folders.contents` gives it.

    Raises:
        UsageError: there is nothing there, the scheme is unknown, or the URL holds a password.
        DocumentationError: it cannot be listed.
    """
    system, path = _system(url)
    with _errors(url):
        if system.isfile(path):
            return FolderContents((url,), ())
        paths = sorted(system.find(path) if system.isdir(path) else system.glob(path))
    if not paths:
        raise UsageError("there is no such file or folder", where=url)
    root = len(PurePosixPath(path.partition("*")[0] + "_").parts) - 1 if "*" in path else len(PurePosixPath(path).parts)
    files = [(PurePosixPath(*PurePosixPath(each).parts[root:]), system.unstrip_protocol(each)) for each in paths]
    return listed(files, is_chart, is_left_out)


def opened(url: str) -> BinaryIO:
    """What is in a remote file, as it is read; raises `DocumentationError`, then or later, where it cannot be."""
    system, path = _system(url)
    with _errors(url):
        return io.BufferedReader(_Fetched(system.open(path, "rb"), url), 2**17)


class _Fetched(io.RawIOBase):
    def __init__(self, stream: BinaryIO, url: str) -> None:
        self._stream = stream
        self._url = url

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        with _errors(self._url):
            block = self._stream.read(len(view))
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _system(url: str) -> tuple[Any, str]:
    """The file system that a URL is of, and the path in it."""
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError:
        raise UsageError("fsspec is not installed", where=url, mend="pip install 'necessity[remote]'") from None
    parts = urlsplit(url)
    if parts.password or (parts.username and parts.scheme in ("http", "https", "ftp", "s3")):
        raise UsageError(
            "a URL holds a name or password", mend="Give them as the settings of fsspec say, not in the URL"
        )
    with _errors(url):
        system, path = fsspec.core.url_to_fs(url)
    return system, path


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except (DocumentationError, UsageError):
        raise
    except ImportError as error:
        raise UsageError(f"what the scheme needs is not installed: {error}", where=url) from error
    except Exception as error:  # the libraries of the schemes raise what they like
        reason = (isinstance(error, OSError) and error.strerror) or f"{type(error).__name__} {error}".strip()
        raise DocumentationError(f"it cannot be read: {reason}", where=url) from error
