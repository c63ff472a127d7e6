"""Quads as columns of codes: the data sets of a table without a line of text for each quad.

Terms are told apart once a table, and nodes that say the same but for what varies are looked up together. A graph in which
one term is not plainly written is written as N-Quads and left to the scanner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from reasoner.chart.fast.chart import Nodes
from reasoner.chart.fast.layout import VARYING, Layout
from reasoner.chart.fast.scan import Found, Scanner, Written
from reasoner.chart.tables import quads
from reasoner.rdf.terms import Term

_Codes = npt.NDArray[np.int64]
_KEPT = 65536


@dataclass(frozen=True)
class FoundRows(Found):
    """A data set of a table."""

    write: Callable[[], str] = field(default=str, repr=False)

    @property
    def text(self) -> str:
        """Its rows as N-Quads."""
        return self.write()


class TableReader:
    """Reads tables of quads; remembers what nodes say, whatever table they are in.

    Args:
        scanner: reads what is not plainly written.
    """

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.facts: dict[str, int] = {}
        """The facts that may recur, numbered."""
        self.layouts: dict[bytes, Layout] = {}
        """The layouts of nodes, by the numbers of their facts and what varies."""
        self._root = scanner.root()

    def data_sets(self, table: Any, source: str) -> Iterator[Found]:
        """The data sets of a table of quads, each a run of rows with one graph.

        Args:
            table: Arrow table of `reasoner.chart.tables.quads.COLUMNS`.
            source: what to call it in errors.

        Raises:
            DocumentationError: a term holds a line break.
        """
        if len(self.facts) > _KEPT or len(self.layouts) > _KEPT:
            self.facts.clear()
            self.layouts.clear()
        columns = _Columns(table, source, self)
        for start, end in columns.runs():
            if nodes := columns.nodes(start, end):
                yield columns.found(nodes, start, end)
            else:
                yield from self.scanner.data_sets(columns.text(start, end), source)

    def root(self) -> Layout:
        """Where the layouts of the nodes of a chart begin; what is remembered of others goes when they start anew."""
        root = self.scanner.root()
        if root is not self._root:
            self._root = root
            self.layouts.clear()
        return root


class _Columns:
    """A table of quads as codes of terms."""

    def __init__(self, table: Any, source: str, reader: TableReader) -> None:
        self._table, self._source, self._reader, scanner = table, source, reader, reader.scanner
        (subject, self._subjects), (predicate, predicates), (value, values), (self._graph, self._graphs) = (
            _encoded(table.column(name)) for name in quads.COLUMNS
        )
        self._subject, self._predicate, self._predicates = subject, predicate, predicates
        self._values, self._value = values, value
        varying = np.array([name in VARYING for name in predicates], dtype=bool)[predicate]
        self._own = [values[code] for code in value[varying].tolist()]
        """The values that vary, row by row."""
        self._own_until: list[int] = [0, *np.cumsum(varying).tolist()]
        facts, fact = np.unique((predicate * len(values) + value)[~varying], return_inverse=True)
        rests = [f"{predicates[code // len(values)]} {values[code % len(values)]}" for code in facts.tolist()]
        number = reader.facts
        names = {name: -1 - place for place, name in enumerate(VARYING)}
        self._token: _Codes = np.array([names.get(name, 0) for name in predicates])[predicate]
        """The number of the fact of a row; of one whose value varies, that of the property."""
        self._token[~varying] = np.array([number.setdefault(rest, len(number)) for rest in rests], dtype=np.int64)[fact]
        written_predicates, written_subjects = (
            np.array([scanner.names(name) for name in own]) for own in (predicates, self._subjects)
        )
        written = np.array(scanner.values(values))[value]
        self._written = np.maximum(np.maximum(written_predicates[predicate], written_subjects[subject]), written)
        self._lines, self._ends, self._ascending = _lines(table)
        starts = np.flatnonzero((np.diff(subject) != 0) | (np.diff(self._graph) != 0)) + 1
        self._starts = [0, *starts.tolist(), len(subject)]
        """Where each node begins, and the last ends."""
        self._at = 0

    def runs(self) -> Iterator[tuple[int, int]]:
        """The rows of each graph, from and to."""
        starts = np.flatnonzero(np.diff(self._graph)) + 1
        yield from pairwise([0, *starts.tolist(), len(self._subject)])

    def text(self, start: int, end: int) -> str:
        """Rows as N-Quads."""
        return quads.n_quads(self._table.slice(start, end - start), self._source).decode()

    def found(self, nodes: Nodes, start: int, end: int) -> Found:
        """The data set of rows that say of each node what was found."""
        content = None
        if not self._written[start:end].any():  # all is written as it is recorded
            content = bytes(self._lines[self._ends[start] : self._ends[end]]).decode()
            if not self._ascending[start : end - 1].all():
                content = "\n".join([*sorted(content.removesuffix("\n").split("\n")), ""])
        graph = self._graphs[self._graph[start]][1:-1]
        return FoundRows(graph, nodes, None, "", 0, 0, content, write=lambda: self.text(start, end))

    def nodes(self, start: int, end: int) -> Nodes | None:
        """What the rows of a graph say, by subject; None if a term is oddly written. To be asked graph by graph."""
        at, starts, own, until = self._at, self._starts, self._own, self._own_until
        while starts[self._at] < end:
            self._at += 1
        graph = self._graphs[self._graph[start]]
        if Written.ODDLY in (self._reader.scanner.names(graph, graph=True), self._written[start:end].max()):
            return None
        root, layouts = self._reader.root(), self._reader.layouts
        nodes: Nodes = {}
        for first, last in pairwise(starts[at : self._at + 1]):
            subject = self._subjects[self._subject[first]]
            layout: Layout | None
            if subject in nodes:
                before, others = nodes[subject]
                layout, values = self._walk(before, first, last), [*others, *own[until[first] : until[last]]]
            else:
                mark, values = self._token[first:last].tobytes(), own[until[first] : until[last]]
                layout = layouts.get(mark) or self._walk(root, first, last)
                if layout is not None:
                    layouts[mark] = layout
            if layout is None:
                return None
            nodes[subject] = (layout, values)
        return nodes

    def _walk(self, layout: Layout | None, first: int, last: int) -> Layout | None:
        """The layout that some rows lead to."""
        varying: list[Term] = []
        for row in range(first, last):
            if layout is None:
                return None
            rest = f"{self._predicates[self._predicate[row]]} {self._values[self._value[row]]}"
            layout = layout.following.get(rest) or self._reader.scanner.follow(layout, rest, varying)
        return layout


def _encoded(column: Any) -> tuple[_Codes, list[Term]]:
    """The codes of a column, and the terms that they stand for."""
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "chunks"):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def _lines(table: Any) -> tuple[memoryview, list[int], npt.NDArray[np.bool_]]:
    """The rows as N-Triples in one text, where each begins and the last ends, and whether each is followed by a later one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    terms = [table.column(name).combine_chunks().cast(pa.large_string()) for name in quads.COLUMNS[:3]]
    lines = pc.binary_join_element_wise(*terms, pa.scalar(".\n", pa.large_string()), pa.scalar(" ", pa.large_string()))
    ascending = pc.less_equal(lines[:-1], lines[1:]).to_numpy(zero_copy_only=False)
    _, ends, text = lines.buffers()
    return memoryview(text), np.frombuffer(ends, dtype=np.int64)[: len(lines) + 1].tolist(), ascending
