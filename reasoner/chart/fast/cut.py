"""Cutting: lines of N-Quads, and tables of quads, as columns of codes, with each distinct term once.

Lines as any serializer writes them are cut without a parser, and those of a run become rows in order. A run of lines of which
one is written otherwise has no rows: it is for a parser, whole.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from itertools import accumulate, chain, islice
from operator import lt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reasoner.chart.fast import memory, native
from reasoner.chart.fast.arrays import Codes, Places, Truths
from reasoner.chart.fast.plain import kinds, runs
from reasoner.chart.tables import parquet, quads
from reasoner.ground.errors import EngineError
from reasoner.rdf import parsing
from reasoner.rdf.terms import Term

_PLACES = np.array([0, 1, 3])  # of a space, and of what ends a line
_ARRAYS = (
    *(("kind", 1), ("subject", 4), ("predicate", 4), ("object", 4), ("graph", 4)),
    *(("bound", 8), ("row", 8), ("start", 8), ("at", 8), ("ascending", 1), ("content", 1), ("terms", 1)),
)
"""The arrays of ``struct columns``, with the size of what is in them."""
_COUNTS = ("term_count", "row_count", "run_count", "content_length", "terms_length")


class Cut(NamedTuple):
    """Quads as columns of codes, in runs of one graph."""

    terms: Sequence[Term]
    """The distinct terms, as they stand; first those of a vocabulary."""
    known: int
    """How many these are."""
    kind: npt.NDArray[np.uint8]
    """How each term is written."""
    subject: Codes
    """Of each row the place of its subject in `terms`."""
    predicate: Codes
    object: Codes
    graph: Codes
    """Of each run the place of its graph in `terms`; -1 if none can be told."""
    row: Places
    """Where the rows of each run begin, and those of the last end. A run that is not plainly written has none."""
    start: Places
    """Where each run begins in what was cut, in bytes or rows, and where the last ends."""
    content: bytes | memoryview
    """The triples of all rows, a line each."""
    at: Places
    """Where those of each run begin, and those of the last end."""
    ascending: Truths
    """Of each run whether each triple is greater than the one before it."""


class KnownTerms:
    """Terms that have the first numbers, the same in whatever is cut.

    Args:
        terms: each once.
        namespaces: how IRIs begin that are odd if they are not among these.
    """

    def __init__(self, terms: Sequence[Term] = (), namespaces: Sequence[str] = ()) -> None:
        self.terms = list(terms)
        self.kind = np.array(kinds(self.terms), np.uint8)
        self.text = "\n".join(self.terms).encode()
        self.namespaces = tuple(namespaces)
        self.namespaces_text = "\n".join(namespaces).encode()
        self.numbers = {term.encode(): number for number, term in enumerate(terms)}

    def kinds(self, others: Sequence[Term]) -> npt.NDArray[np.uint8]:
        """How these and some others are written, as `plain.kinds` tells."""
        return np.concatenate([self.kind, np.array(kinds(others, self.namespaces), np.uint8)])


class _Numbers(dict[bytes, int]):
    """Terms by number, in the order in which they are first asked for."""

    def __missing__(self, term: bytes) -> int:
        number = self[term] = len(self)
        return number


NOTHING = KnownTerms()
"""A vocabulary without terms."""


def cut(data: bytes, vocabulary: KnownTerms = NOTHING) -> Cut:
    """Lines of N-Quads as columns, by the library in C where there is one.

    Args:
        data: the lines, in UTF-8; the last may lack its end.
        vocabulary: the terms that have the first numbers.
    """
    library = native.library()
    return cut_in_python(data, vocabulary) if library is None else cut_in_c(library, data, vocabulary)


class _Columns(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name, _ in _ARRAYS),
        *((name, ctypes.c_int64) for name in _COUNTS),
    ]


def cut_in_c(library: ctypes.CDLL, data: bytes, vocabulary: KnownTerms = NOTHING) -> Cut:
    """What `cut` gives, by a library; raises `EngineError` if memory ran out."""
    known, words, namespaces = len(vocabulary.terms), vocabulary.text, vocabulary.namespaces_text
    lines = library.necessity_line_feeds(data, len(data)) + 1
    arrays = _room(lines, known + 4 * lines, len(words) + len(data) + 2)
    out = _Columns(**{name: array.ctypes.data for name, array in arrays.items()})
    seed = (ctypes.c_uint64 * 2).from_buffer_copy(os.urandom(16))
    texts = (data, len(data), words, len(words), namespaces, len(namespaces))
    if library.necessity_cut(*texts, seed, parsing.MAX_LITERAL, ctypes.byref(out)):
        raise EngineError("memory ran out while charts were cut into columns", mend="Run fewer --jobs")
    arrays["kind"][:known] = vocabulary.kind
    runs, rows = out.run_count, out.row_count
    text, bound = str(arrays["terms"][: out.terms_length].data, "utf-8"), arrays["bound"][: out.term_count + 1]
    return Cut(
        SlicedTerms(text, bound) if len(text) == bound[-1] else text.split("\n")[:-1],
        known,
        arrays["kind"][: out.term_count],
        arrays["subject"][:rows],
        arrays["predicate"][:rows],
        arrays["object"][:rows],
        arrays["graph"][:runs],
        arrays["row"][: runs + 1],
        arrays["start"][: runs + 1],
        arrays["content"].data[: out.content_length],
        arrays["at"][: runs + 1],
        arrays["ascending"][:runs].view(bool),
    )


def _room(lines: int, terms: int, size: int) -> dict[str, npt.NDArray[Any]]:
    """Arrays for so many lines and terms of so many bytes, in one memory, each from a multiple of 8 bytes on."""
    room = {"kind": terms, "bound": terms + 1, "row": lines + 1, "start": lines + 1, "at": lines + 1}
    room |= {"content": size, "terms": size}
    lengths = [(width * room.get(name, lines) + 7) // 8 * 8 for name, width in _ARRAYS]
    ends = list(accumulate(lengths))
    whole = memory.COLUMNS.of(ends[-1])
    arrays = {
        name: whole[end - length : end].view(f"i{width}" if width > 1 else "u1")
        for (name, width), length, end in zip(_ARRAYS, lengths, ends, strict=True)
    }
    for name in ("bound", "row", "start", "at"):
        arrays[name][0] = 0
    return arrays


class SlicedTerms(Sequence[Term]):
    """Terms of single bytes, taken out of one text when they are asked for.

    Args:
        text: the terms, each with an end of line.
        bound: where each begins, and where the text ends.
    """

    def __init__(self, text: str, bound: Places) -> None:
        self._text, self._bound = text, bound
        self._place = bound.data

    def __len__(self) -> int:
        return len(self._bound) - 1

    def __getitem__(self, number: Any) -> Any:
        return self._text[self._place[number] : self._place[number + 1] - 1]

    def iris(self, numbers: Codes) -> list[str]:
        """Some IRIs, without their brackets."""
        text = self._text
        places = zip((self._bound[numbers] + 1).tolist(), (self._bound[1:][numbers] - 2).tolist(), strict=True)
        return [text[begin:end] for begin, end in places]


def cut_in_python(data: bytes, vocabulary: KnownTerms = NOTHING) -> Cut:
    """What `cut` gives, without the library."""
    numbers = _Numbers(vocabulary.numbers)
    coded: list[Codes] = []
    graphs, starts, rows, at, ascending = [], [0], [0], [0], []
    contents: list[bytes] = []
    for graph, end, lines in runs(data):
        lines.sort()
        terms = list(chain.from_iterable([line.split(b" ", 2) for line in lines]))
        if len(terms) != 3 * len(lines):
            lines, terms = [], []
        coded.append(np.fromiter(map(numbers.__getitem__, terms), np.int32, len(terms)))
        contents.append(b" .\n".join([*lines, b""]))
        ascending.append(bool(lines) and all(map(lt, lines, lines[1:])))
        graphs.append(numbers[graph] if graph else -1)
        rows.append(rows[-1] + len(lines))
        starts.append(end)
        at.append(at[-1] + len(contents[-1]))
    known = len(vocabulary.terms)
    found = b"\n".join(islice(numbers, known, None)).decode().split("\n") if len(numbers) > known else []
    subject, predicate, value = np.concatenate([*coded, np.zeros(0, np.int32)]).reshape(-1, 3).T.copy()
    return Cut(
        [*vocabulary.terms, *found],
        known,
        vocabulary.kinds(found),
        subject,
        predicate,
        value,
        np.array(graphs, np.int32),
        np.array(rows),
        np.array(starts),
        b"".join(contents),
        np.array(at),
        np.array(ascending, bool),
    )


def cut_table(table: Any, vocabulary: KnownTerms = NOTHING) -> Cut:
    """Quads as columns.

    Args:
        table: Arrow table of `reasoner.chart.tables.quads.coded` quads, of which each has a graph.
        vocabulary: the terms that have the first numbers.
    """
    if not table.num_rows:
        return cut_in_python(b"", vocabulary)
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [quads.column_of(table, name) for name in quads.COLUMNS]
    known, type_ = len(vocabulary.terms), columns[0].dictionary.type
    words = _text_array(b"".join(vocabulary.numbers), np.cumsum([0, *map(len, vocabulary.numbers)]))
    every = pa.concat_arrays([words.cast(type_), *(column.dictionary for column in columns)]).dictionary_encode()
    ends = np.cumsum([len(column.dictionary) for column in columns])
    own = np.split(parquet.numbers(every.indices)[known:], ends[:-1])
    subject, predicate, value, graph = (
        numbers[parquet.numbers(column.indices)] for numbers, column in zip(own, columns, strict=True)
    )
    terms = [column.cast(pa.large_string()) for column in columns[:3]]
    space, end = _text_array(b" .\n", _PLACES)
    lines = pc.binary_join_element_wise(*terms, end, space)
    _, ends, content = lines.buffers()
    at = np.frombuffer(ends, np.int64)[: len(lines) + 1]
    row = np.concatenate([[0], np.flatnonzero(np.diff(graph)) + 1, [len(graph)]])
    after = np.ones(len(graph), bool)
    after[1:] = parquet.numbers(pc.less(lines[:-1], lines[1:]).cast(pa.uint8()))
    after[row[:-1]] = True
    found, kind = _terms(every.dictionary, vocabulary)
    return Cut(
        found,
        known,
        kind,
        subject,
        predicate,
        value,
        graph[row[:-1]],
        row,
        row,
        memoryview(content),
        at[row],
        np.logical_and.reduceat(after, row[:-1]),
    )


def _text_array(text: bytes, ends: Places) -> Any:
    """An Arrow array of text; `pyarrow.array` and `pyarrow.scalar` would load pandas, if it is installed."""
    import pyarrow as pa

    return pa.Array.from_buffers(
        pa.large_string(), len(ends) - 1, [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(text)]
    )


def _terms(column: Any, vocabulary: KnownTerms) -> tuple[list[Term], npt.NDArray[np.uint8]]:
    """The terms of an Arrow array of text, and how they are written, by the library in C where there is one."""
    import pyarrow as pa

    terms, library, known = column.to_pylist(), native.library(), len(vocabulary.terms)
    if not library:
        return terms, vocabulary.kinds(terms[known:])
    _, ends, text = column.cast(pa.large_string()).buffers()
    places = np.frombuffer(ends, np.int64)[: len(terms) + 1]
    found = kinds_in_c(library, text.to_pybytes(), places, vocabulary)
    found[:known] = vocabulary.kind
    return terms, found


def kinds_in_c(
    library: ctypes.CDLL, terms: bytes, ends: Places, vocabulary: KnownTerms = NOTHING
) -> npt.NDArray[np.uint8]:
    """What `plain.kinds` gives, by a library.

    Args:
        library: as `native.library` gives it.
        terms: one behind the other, in UTF-8.
        ends: where the first begins, and where each ends.
        vocabulary: the namespaces of which IRIs are odd.
    """
    found = np.empty(len(ends) - 1, np.uint8)
    namespaces = vocabulary.namespaces_text, len(vocabulary.namespaces_text)
    library.necessity_kinds(terms, ends.ctypes.data, len(found), *namespaces, parsing.MAX_LITERAL, found.ctypes.data)
    return found


def iris(terms: Sequence[Term], numbers: Codes) -> list[str]:
    """Some IRIs among terms, without their brackets."""
    if isinstance(terms, SlicedTerms):
        return terms.iris(numbers)
    return [terms[number][1:-1] for number in numbers.tolist()]
