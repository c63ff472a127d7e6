"""Remote files, by the URL of a scheme that fsspec knows, such as ``s3://bucket/charts``.

Only what is named so is fetched, by the user's own choice of scheme; nothing that a file says ever is.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from reasoner.chart.folders import FolderContents, listed
from reasoner.ground import urls
from reasoner.ground.errors import DocumentationError, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def contents(name: str, is_chart: Callable[[str], bool], is_left_out: Callable[[str], bool]) -> FolderContents:
    """What is at a URL: the file, what a pattern matches, or what is below a folder, as `reasoner.chart.folders.contents` gives it.

    Args:
        name: what `reasoner.ground.urls.named` calls the URL.
        is_chart: whether a file is to be read, by its path there.
        is_left_out: whether a file is no input, by its name.

    Raises:
        UsageError: there is nothing there, the scheme is unknown, or the URL holds a password.
        DocumentationError: it cannot be listed.
    """
    system, path = _system(name)
    with _errors(name):
        if "http" in system.protocol and "*" not in path:
            system.info(path)  # `isfile` says no where the server refuses
        if system.isfile(path):
            return FolderContents((name,), ())
        paths = sorted(system.find(path) if system.isdir(path) else system.glob(path))
    if not paths:
        raise UsageError("there is no such file or folder", where=name)
    root = len(PurePosixPath(path.partition("*")[0] + "_").parts) - 1 if "*" in path else len(PurePosixPath(path).parts)
    url = urls.url_of(name)
    files = [(PurePosixPath(*PurePosixPath(each).parts[root:]), urls.named(_url(url, system, each))) for each in paths]
    return listed(files, is_chart, is_left_out)


def opened(name: str) -> BinaryIO:
    """What is in a remote file, as it is read; raises `DocumentationError`, then or later, where it cannot be."""
    system, path = _system(name)
    with _errors(name):
        return io.BufferedReader(_Fetched(system, path, name), 2**17)


class _Fetched(io.RawIOBase):
    def __init__(self, system: Any, path: str, name: str) -> None:
        self._system = system  # of an archive it would close what is read, once it is let go
        self._stream: BinaryIO = system.open(path, "rb")
        self._name = name
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        with _errors(self._name):
            block = self._stream.read(len(view))
        view[: len(block)] = block
        self._count += len(block)
        size = getattr(self._stream, "size", None)
        if len(view) and not block and isinstance(size, int) and self._count < size:
            problem = f"it ends after {self._count:,} of {size:,} bytes"
            raise DocumentationError(problem, where=self._name, mend="Run it again")
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _system(name: str) -> tuple[Any, str]:
    """The file system that a URL is of, and the path in it."""
    try:
        import fsspec  # type: ignore[import-untyped]
    except ImportError:
        raise UsageError("fsspec is not installed", where=name, mend="pip install 'necessity[remote]'") from None
    url = urls.url_of(name)
    if urls.holds_login(url):
        raise UsageError(
            "a URL holds a name or password",
            where=urls.shown(url),
            mend="Give them as the settings of fsspec say, not in the URL",
        )
    with _errors(name):
        scheme = url.partition("::")[0].partition("://")[0]
        try:
            fsspec.get_filesystem_class(scheme)
        except ValueError:
            mend = "Write https://, s3:// or another scheme that fsspec knows"
            raise UsageError(f"there is no scheme {scheme}", where=name, mend=mend) from None
        system, path = fsspec.core.url_to_fs(url)
    return system, path


def _url(parent: str, system: Any, path: str) -> str:
    """The URL of a file below one of a folder or pattern."""
    links = parent.split("::")
    if len(links) == 1:
        return str(system.unstrip_protocol(path))
    first = next(number for number, link in enumerate(links) if "://" in link)
    scheme = links[first].partition("://")[0]
    links[first] = path if "://" in path else f"{scheme}://{path}"
    return "::".join(links)


@contextmanager
def _errors(name: str) -> Iterator[None]:
    try:
        yield
    except (DocumentationError, UsageError):
        raise
    except ImportError as error:
        raise UsageError(f"what the scheme needs is not installed: {urls.text_shown(str(error))}", where=name) from None
    except Exception as error:  # the libraries of the schemes raise what they like, with the URL in their words
        raise DocumentationError(f"it cannot be read: {_reason(error, name)}", where=name) from None


def _reason(error: Exception, name: str) -> str:
    """Why something failed, without the URL."""
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # which is the server's answer
    status = getattr(error, "status", None)
    if isinstance(status, int):
        known = {one.value: one.phrase for one in HTTPStatus}
        return f"the server says {status} {known.get(status, '')}".rstrip()
    if isinstance(error, OSError) and error.strerror and urls.url_of(name) == name:
        return error.strerror
    said = "" if urls.url_of(name) != name else urls.text_shown(str(error))
    return f"{type(error).__name__} {said}".strip()
