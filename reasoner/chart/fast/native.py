"""The library in C, where it was built: `cut.c`, which `reasoner.chart.fast.cut` calls, and `turtle.c`, behind ctypes.

It is built when the package is, if there is a compiler (`hatch_build.py`). A library that was built from other files is not
used. `NECESSITY_CUTTER=python` leaves it alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent
LIBRARY = SOURCE / "libcut.so"
_SMALL = 4 * 2**20
"""Bytes of the largest document in Turtle that is written as lines: a parser may refuse a token that is larger."""
_EXPANDED = 16
"""How many times as long as Turtle its lines may be, so that they are written without a parser."""


def loaded(path: Path) -> ctypes.CDLL | str:
    """The library in a file; or why it is not used: there is none, it is for another machine, or it was built from another source."""
    if not path.exists():
        return "no library was built"
    try:
        library = ctypes.CDLL(str(path))
        library.necessity_source_digest.restype = ctypes.c_char_p
        built_from = library.necessity_source_digest()
    except (OSError, AttributeError):
        return f"{path.name} is no library of this machine; install the package again"
    if built_from != digest(SOURCE).encode():
        return f"{path.name} was built from another version; install the package again"
    pointer = ctypes.POINTER(ctypes.c_uint64)
    text = (ctypes.c_char_p, ctypes.c_int64)
    library.necessity_cut.argtypes = [*text, *text, *text, pointer, ctypes.c_int64, ctypes.c_void_p]
    library.necessity_cut.restype = ctypes.c_int
    address, number = ctypes.c_void_p, ctypes.c_int64
    library.necessity_kinds.argtypes = [ctypes.c_char_p, address, number, *text, number, address]
    library.necessity_line_feeds.argtypes = [ctypes.c_char_p, ctypes.c_int64]
    library.necessity_line_feeds.restype = ctypes.c_int64
    library.necessity_turtle.argtypes = [*text, *text, *text, address, number]
    library.necessity_turtle.restype = ctypes.c_int64
    return library


def digest(source: Path) -> str:
    """What a library says that it was built from, of the folder of the files in C."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(source.glob("*.[ch]")))).hexdigest()


@cache
def _found() -> ctypes.CDLL | str:
    return "NECESSITY_CUTTER=python" if os.environ.get("NECESSITY_CUTTER") == "python" else loaded(LIBRARY)


def library() -> ctypes.CDLL | None:
    """The library that came with the package; None where charts are cut in Python."""
    found = _found()
    return None if isinstance(found, str) else found


def language() -> str:
    """The language that charts are cut in, and why it is Python."""
    found = _found()
    return f"Python: {found}" if isinstance(found, str) else "C"


def quads(library: ctypes.CDLL, turtle: bytes, graph: bytes, refused: bytes) -> bytes | None:
    """The triples of a document in Turtle as lines of N-Quads; None if it is not plainly written, so that a parser has to tell.

    Args:
        library: as `library` gives it.
        turtle: the document.
        graph: the IRI of the graph of all lines, in brackets.
        refused: how IRIs begin that are not plain, a line each.
    """
    from reasoner.chart.fast import memory

    if len(turtle) > _SMALL or not _is_text(turtle):
        return None
    tail, room = b" %b .\n" % graph, _EXPANDED * len(turtle) + 4096
    lines = memory.LINES.of(room)
    texts = (turtle, len(turtle), refused, len(refused), tail, len(tail))
    length = library.necessity_turtle(*texts, lines.ctypes.data, room)
    return None if length < 0 else lines[:length].tobytes()


def _is_text(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False
