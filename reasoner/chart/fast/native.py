"""The cutter in C, where it was built: `cut.c` behind ctypes, with the results of `reasoner.chart.fast.cut.cut`, and `turtle.c`.

It is built when the package is, if there is a compiler (`hatch_build.py`). A library that was built from other files is not
used. `NECESSITY_CUTTER=python` leaves it alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.ground.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes = npt.NDArray[np.int32]
    Places = npt.NDArray[np.int64]
    from reasoner.chart.fast.cut import KnownTerms

    Columns = tuple[
        Sequence[str],
        int,
        npt.NDArray[np.uint8],
        Codes,
        Codes,
        Codes,
        Codes,
        Places,
        Places,
        memoryview,
        Places,
        npt.NDArray[np.bool_],
    ]

SOURCE = Path(__file__).parent
LIBRARY = SOURCE / "libcut.so"
_ARRAYS = (
    *(("kind", 1), ("subject", 4), ("predicate", 4), ("object", 4), ("graph", 4)),
    *(("bound", 8), ("row", 8), ("start", 8), ("at", 8), ("ascending", 1), ("content", 1), ("terms", 1)),
)
"""The arrays of ``struct columns``, with the size of what is in them."""
_KEPT = 16 * 2**20
"""Bytes of data up to which arrays are kept for the next call: the system takes its time to give memory that was not used before."""
_SMALL = 4 * 2**20
"""Bytes of the largest document in Turtle that is written as lines: a parser may refuse a token that is larger."""
_EXPANDED = 16
"""How many times as long as Turtle its lines may be, so that they are written without a parser."""
_COUNTS = ("term_count", "row_count", "run_count", "content_length", "terms_length")


class SlicedTerms(Sequence[str]):
    """Terms, taken out of one text when they are asked for.

    Args:
        text: the terms, each with an end of line.
        bound: where each begins, and where the text ends.
    """

    def __init__(self, text: str, bound: Places) -> None:
        self._text, self._bound = text, bound
        self._place = bound.data

    @staticmethod
    def of(text: str, bound: Places) -> Sequence[str]:
        """Terms of a text of which the places are told in bytes: in a list, if it has characters of several bytes."""
        return SlicedTerms(text, bound) if len(text) == bound[-1] else text.split("\n")[:-1]

    def __len__(self) -> int:
        return len(self._bound) - 1

    def __getitem__(self, number: Any) -> Any:
        return self._text[self._place[number] : self._place[number + 1] - 1]

    def iris(self, numbers: Codes) -> list[str]:
        """Some IRIs, without their brackets."""
        text = self._text
        places = zip((self._bound[numbers] + 1).tolist(), (self._bound[1:][numbers] - 2).tolist(), strict=True)
        return [text[begin:end] for begin, end in places]


class _Columns(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name, _ in _ARRAYS),
        *((name, ctypes.c_int64) for name in _COUNTS),
    ]


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


def columns(library: ctypes.CDLL, data: bytes, vocabulary: KnownTerms, longest: int) -> Columns:
    """Lines of N-Quads as the fields of `reasoner.chart.fast.cut.Cut`, in their order.

    Args:
        library: as `library` gives it.
        data: the lines, in UTF-8; the last may lack its end.
        vocabulary: the terms that have the first numbers.
        longest: characters of the longest term that need not be odd.

    Raises:
        EngineError: memory ran out.
    """
    known, words, namespaces = len(vocabulary.terms), vocabulary.text, vocabulary.namespaces_text
    lines = library.necessity_line_feeds(data, len(data)) + 1
    arrays, content, out = _room(lines, known + 4 * lines, len(words) + len(data) + 2)
    seed = (ctypes.c_uint64 * 2).from_buffer_copy(os.urandom(16))
    texts = (data, len(data), words, len(words), namespaces, len(namespaces))
    if library.necessity_cut(*texts, seed, longest, ctypes.byref(out)):
        raise EngineError("memory ran out while charts were cut into columns", mend="Run fewer --jobs")
    arrays["kind"][:known] = vocabulary.kind
    runs, rows = out.run_count, out.row_count
    return (
        SlicedTerms.of(
            arrays["terms"][: out.terms_length].tobytes().decode(), arrays["bound"][: out.term_count + 1].copy()
        ),
        known,
        arrays["kind"][: out.term_count].copy(),
        arrays["subject"][:rows].copy(),
        arrays["predicate"][:rows].copy(),
        arrays["object"][:rows].copy(),
        arrays["graph"][:runs].copy(),
        arrays["row"][: runs + 1].copy(),
        arrays["start"][: runs + 1].copy(),
        content.data[: out.content_length],
        arrays["at"][: runs + 1].copy(),
        arrays["ascending"][:runs].astype(bool),
    )


def kinds(library: ctypes.CDLL, terms: bytes, ends: Places, namespaces: bytes, longest: int) -> npt.NDArray[np.uint8]:
    """How terms are written, as `reasoner.chart.fast.cut.kinds` tells.

    Args:
        library: as `library` gives it.
        terms: one behind the other, in UTF-8.
        ends: where the first begins, and where each ends.
        namespaces: how IRIs begin that are odd, a line each.
        longest: characters of the longest term that need not be odd.
    """
    import numpy as np

    found = np.empty(len(ends) - 1, np.uint8)
    library.necessity_kinds(
        terms, ends.ctypes.data, len(found), namespaces, len(namespaces), longest, found.ctypes.data
    )
    return found


def quads(library: ctypes.CDLL, turtle: bytes, graph: bytes, refused: bytes) -> bytes | None:
    """The triples of a document in Turtle as lines of N-Quads; None if it is not plainly written, so that a parser has to tell.

    Args:
        library: as `library` gives it.
        turtle: the document.
        graph: the IRI of the graph of all lines, in brackets.
        refused: how IRIs begin that are not plain, a line each.
    """
    import numpy as np

    if len(turtle) > _SMALL or not _is_text(turtle):
        return None
    tail, room = b" %b .\n" % graph, _EXPANDED * len(turtle) + 4096
    lines = getattr(_kept, "lines", None)
    if lines is None or len(lines) < room:
        lines = np.empty(room, "u1").data
        _kept.lines = lines if room <= _KEPT else None
    texts = (turtle, len(turtle), refused, len(refused), tail, len(tail))
    length = library.necessity_turtle(*texts, ctypes.addressof(ctypes.c_char.from_buffer(lines)), room)
    return None if length < 0 else lines[:length].tobytes()


def _is_text(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _room(lines: int, terms: int, size: int) -> tuple[dict[str, npt.NDArray[Any]], npt.NDArray[Any], _Columns]:
    """Arrays for so many lines and terms of so many bytes, one of them for the content, and how the library is told of them.

    But for that of the content they are the same again if they are large enough.
    """
    import numpy as np

    arrays: dict[str, npt.NDArray[Any]] = getattr(_kept, "arrays", {})
    if not arrays or any(
        len(arrays[name]) < need for name, need in (("row", lines + 1), ("kind", terms), ("terms", size))
    ):
        room = {"kind": terms, "bound": terms + 1, "row": lines + 1, "start": lines + 1, "at": lines + 1, "terms": size}
        every = [(name, width) for name, width in _ARRAYS if name != "content"]
        arrays = {name: np.empty(room.get(name, lines), f"i{width}" if width > 1 else "u1") for name, width in every}
        _kept.arrays = arrays if size <= _KEPT else {}
    for name in ("bound", "row", "start", "at"):
        arrays[name][0] = 0
    content = np.empty(size, "u1")
    pointers = {name: array.ctypes.data for name, array in (arrays | {"content": content}).items()}
    return arrays, content, _Columns(**pointers)


_kept = threading.local()
