"""Cutting: lines of N-Quads, and tables of quads, as columns of codes, with each distinct term once.

Lines as any serializer writes them are cut without a parser. A run of lines of which one is written otherwise has no rows: it
is for a parser, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import lt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reasoner.chart.fast import native
from reasoner.chart.fast.plain import are_iris, are_plain, is_sound_text, is_sound_typed, runs
from reasoner.chart.tables import quads
from reasoner.rdf import parsing
from reasoner.rdf.terms import Term

Codes = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

ODD, IRI, TEXT, TYPED = range(4)
"""How a term is written: so that it needs a parser, or the words for what is wrong with it; as a plain IRI; as plain text; as a
plain literal of another datatype."""

_TOGETHER = 64
_PLACES = np.array([0, 1, 3]).tobytes()  # of a space, and of what ends a line


class Cut(NamedTuple):
    """Quads as columns of codes, in runs of one graph."""

    terms: list[Term]
    """The distinct terms, as they stand."""
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


class _Numbers(dict[bytes, int]):
    """Terms by number, in the order in which they are first asked for."""

    def __missing__(self, term: bytes) -> int:
        number = self[term] = len(self)
        return number


def cut(data: bytes) -> Cut:
    """Lines of N-Quads as columns, by the library in C where there is one.

    Args:
        data: the lines, in UTF-8; the last may lack its end.
    """
    library = native.library()
    return Cut(*native.columns(library, data, parsing.MAX_LITERAL)) if library else cut_in_python(data)


def cut_in_python(data: bytes) -> Cut:
    """What `cut` gives, without the library."""
    numbers = _Numbers()
    coded: list[Codes] = []
    graphs, starts, rows, at, ascending = [], [0], [0], [0], []
    contents: list[bytes] = []
    for graph, end, lines in runs(data):
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
    found = b"\n".join(numbers).decode().split("\n") if numbers else []
    subject, predicate, value = np.concatenate([*coded, np.zeros(0, np.int32)]).reshape(-1, 3).T.copy()
    return Cut(
        found,
        kinds(found),
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


def cut_table(table: Any) -> Cut:
    """Quads as columns.

    Args:
        table: Arrow table of `reasoner.chart.tables.quads.coded` quads, of which each has a graph.
    """
    if not table.num_rows:
        return cut_in_python(b"")
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [quads.column_of(table, name) for name in quads.COLUMNS]
    every = pa.concat_arrays([column.dictionary for column in columns]).dictionary_encode()
    ends = np.cumsum([len(column.dictionary) for column in columns])
    own = np.split(quads.numbers(every.indices), ends[:-1])
    subject, predicate, value, graph = (
        numbers[quads.numbers(column.indices)] for numbers, column in zip(own, columns, strict=True)
    )
    terms = [column.cast(pa.large_string()) for column in columns[:3]]
    # `pyarrow.scalar` would load pandas, if it is installed.
    space, end = pa.Array.from_buffers(pa.large_string(), 2, [None, pa.py_buffer(_PLACES), pa.py_buffer(b" .\n")])
    lines = pc.binary_join_element_wise(*terms, end, space)
    _, ends, content = lines.buffers()
    at = np.frombuffer(ends, np.int64)[: len(lines) + 1]
    row = np.concatenate([[0], np.flatnonzero(np.diff(graph)) + 1, [len(graph)]])
    after = np.ones(len(graph), bool)
    after[1:] = quads.numbers(pc.less(lines[:-1], lines[1:]).cast(pa.uint8()))
    after[row[:-1]] = True
    found, kind = _terms(every.dictionary)
    return Cut(
        found,
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


def _terms(column: Any) -> tuple[list[Term], npt.NDArray[np.uint8]]:
    """The terms of an Arrow array of text, and how they are written, by the library in C where there is one."""
    import pyarrow as pa

    terms, library = column.to_pylist(), native.library()
    if not library or not terms:
        return terms, kinds(terms)
    _, ends, text = column.cast(pa.large_string()).buffers()
    places = np.frombuffer(ends, np.int64)[: len(terms) + 1]
    return terms, native.kinds(library, text.to_pybytes(), places, parsing.MAX_LITERAL)


def kinds(terms: Sequence[Term]) -> npt.NDArray[np.uint8]:
    """How terms are written."""
    found = np.zeros(len(terms), np.uint8)
    ends = [term[:1] + term[-1:] for term in terms]
    iris = [place for place, both in enumerate(ends) if both == "<>"]
    texts = [place for place, both in enumerate(ends) if both == '""']
    plain = [place for place in texts if "\\" not in terms[place]]
    for kind, places, together in ((IRI, iris, are_iris), (TEXT, plain, are_plain)):
        for first in range(0, len(places), _TOGETHER):
            some = places[first : first + _TOGETHER]
            if together([terms[place] for place in some]):
                found[some] = kind
            else:
                found[[place for place in some if together([terms[place]])]] = kind
    found[[place for place in texts if found[place] == ODD and is_sound_text(terms[place])]] = TEXT
    found[[place for place, both in enumerate(ends) if both == '">' and is_sound_typed(terms[place])]] = TYPED
    if max(map(len, terms), default=0) > parsing.MAX_LITERAL:
        found[[len(term) > parsing.MAX_LITERAL for term in terms]] = ODD
    return found


def beginnings(values: npt.NDArray[Any]) -> Places:
    """Where other values begin than the ones before."""
    return np.concatenate([np.zeros(min(len(values), 1), np.int64), np.flatnonzero(values[1:] != values[:-1]) + 1])


def distinct(values: npt.NDArray[Any]) -> tuple[Places, Places]:
    """Where an example of each distinct value stands, and of each value the number of its own among these."""
    order = np.argsort(values, kind="stable")
    first = beginnings(values[order])
    alike = np.empty(len(values), np.int64)
    alike[order] = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(values))))
    return order[first], alike
