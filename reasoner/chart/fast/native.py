"""The cutter in C, where it was built: `cut.c` behind ctypes, with the results of `reasoner.chart.fast.cut.cut`.

It is built when the package is, if there is a compiler (`hatch_build.py`). A library that was built from another `cut.c` is
not used. `NECESSITY_CUTTER=python` leaves it alone.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.ground.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes = npt.NDArray[np.int32]
    Places = npt.NDArray[np.int64]
    Columns = tuple[
        list[str],
        npt.NDArray[np.uint8],
        Codes,
        Codes,
        Codes,
        Codes,
        Places,
        Places,
        bytes,
        Places,
        npt.NDArray[np.bool_],
    ]

SOURCE = Path(__file__).with_name("cut.c")
LIBRARY = SOURCE.with_name("libcut.so")
_ARRAYS = (
    *(("kind", 1), ("subject", 4), ("predicate", 4), ("object", 4), ("graph", 4), ("row", 8), ("start", 8), ("at", 8)),
    *(("ascending", 1), ("content", 1), ("terms", 1)),
)
"""The arrays of ``struct columns``, with the size of what is in them."""
_KEPT = 4 * 2**20
"""Bytes of data up to which arrays are kept for the next call: the system takes its time to give memory that was not used before."""
_COUNTS = ("term_count", "row_count", "run_count", "content_length", "terms_length")


class _Columns(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name, _ in _ARRAYS),
        *((name, ctypes.c_int64) for name in _COUNTS),
    ]


def loaded(path: Path) -> ctypes.CDLL | None:
    """The library in a file; None if there is none, it is for another machine, or it was built from another source."""
    try:
        library = ctypes.CDLL(str(path))
        library.necessity_source_digest.restype = ctypes.c_char_p
        built_from = library.necessity_source_digest()
    except (OSError, AttributeError):
        return None
    if built_from != digest(SOURCE).encode():
        return None
    pointer = ctypes.POINTER(ctypes.c_uint64)
    library.necessity_cut.argtypes = [ctypes.c_char_p, ctypes.c_int64, pointer, ctypes.c_int64, ctypes.c_void_p]
    library.necessity_cut.restype = ctypes.c_int
    address, number = ctypes.c_void_p, ctypes.c_int64
    library.necessity_kinds.argtypes = [ctypes.c_char_p, address, number, number, address]
    library.necessity_line_feeds.argtypes = [ctypes.c_char_p, ctypes.c_int64]
    library.necessity_line_feeds.restype = ctypes.c_int64
    return library


def digest(source: Path) -> str:
    """What a library says that it was built from."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


@cache
def library() -> ctypes.CDLL | None:
    """The library that came with the package; None where charts are cut in Python."""
    return None if os.environ.get("NECESSITY_CUTTER") == "python" else loaded(LIBRARY)


def columns(library: ctypes.CDLL, data: bytes, longest: int) -> Columns:
    """Lines of N-Quads as the fields of `reasoner.chart.fast.cut.Cut`, in their order.

    Args:
        library: as `library` gives it.
        data: the lines, in UTF-8; the last may lack its end.
        longest: characters of the longest term that need not be odd.

    Raises:
        EngineError: memory ran out.
    """
    arrays, out = _room(library.necessity_line_feeds(data, len(data)) + 1, len(data) + 1)
    seed = (ctypes.c_uint64 * 2).from_buffer_copy(os.urandom(16))
    if library.necessity_cut(data, len(data), seed, longest, ctypes.byref(out)):
        raise EngineError("memory ran out while charts were cut into columns", mend="Run fewer --jobs")
    terms = arrays["terms"][: max(0, out.terms_length - 1)].tobytes().decode()
    runs, rows = out.run_count, out.row_count
    return (
        terms.split("\n") if out.term_count else [],
        arrays["kind"][: out.term_count].copy(),
        arrays["subject"][:rows].copy(),
        arrays["predicate"][:rows].copy(),
        arrays["object"][:rows].copy(),
        arrays["graph"][:runs].copy(),
        arrays["row"][: runs + 1].copy(),
        arrays["start"][: runs + 1].copy(),
        arrays["content"][: out.content_length].tobytes(),
        arrays["at"][: runs + 1].copy(),
        arrays["ascending"][:runs].astype(bool),
    )


def kinds(library: ctypes.CDLL, terms: bytes, ends: Places, longest: int) -> npt.NDArray[np.uint8]:
    """How terms are written, as `reasoner.chart.fast.cut.kinds` tells.

    Args:
        library: as `library` gives it.
        terms: one behind the other, in UTF-8.
        ends: where the first begins, and where each ends.
        longest: characters of the longest term that need not be odd.
    """
    import numpy as np

    found = np.empty(len(ends) - 1, np.uint8)
    library.necessity_kinds(terms, ends.ctypes.data, len(found), longest, found.ctypes.data)
    return found


def _room(lines: int, size: int) -> tuple[dict[str, npt.NDArray[Any]], _Columns]:
    """Arrays for so many lines of so many bytes, the same again if they are large enough, and how the library is told of them."""
    import numpy as np

    arrays: dict[str, npt.NDArray[Any]] = getattr(_kept, "arrays", {})
    if not arrays or len(arrays["subject"]) < lines or len(arrays["terms"]) < size:
        room = {
            "kind": 4 * lines,
            "row": lines + 1,
            "start": lines + 1,
            "at": lines + 1,
            "content": size,
            "terms": size,
        }
        arrays = {name: np.empty(room.get(name, lines), f"i{width}" if width > 1 else "u1") for name, width in _ARRAYS}
        _kept.arrays = arrays if size <= _KEPT else {}
    for name in ("row", "start", "at"):
        arrays[name][0] = 0
    return arrays, _Columns(**{name: array.ctypes.data for name, array in arrays.items()})


_kept = threading.local()
