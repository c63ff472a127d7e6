"""Nodes: the quads of many charts as columns, grouped by subject, each node with its layout and its varying values."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from reasoner.chart.fast import nec
from reasoner.chart.fast.arrays import Codes, Places, Truths, Uses, beginnings, distinct
from reasoner.chart.fast.cut import Cut
from reasoner.chart.fast.layout import Layout, Nodes
from reasoner.chart.fast.plain import IRI, ODD, TYPED
from reasoner.rdf import terms

_FACTS = 65536
"""Facts of layouts that are kept."""
_LAYOUTS = 1024
"""Layouts that are kept, and more only if they recur: what is known of one takes some ten KiB."""


class NodeTable:
    """The nodes of the runs of a cut, run by run."""

    def __init__(self, cut: Cut, reader: NodeReader) -> None:
        self.cut = cut
        self.runs = len(cut.graph)
        kind = np.append(cut.kind, ODD)
        names_no_node = kind != IRI
        self._rewritten = {
            place: written
            for place in np.flatnonzero(kind == TYPED).tolist()
            if (written := terms.canonical(cut.terms[place])) != cut.terms[place]
        }
        """How terms are recorded that are written otherwise, by their places."""
        self._otherwise = np.zeros(len(kind), bool)
        self._otherwise[list(self._rewritten)] = True
        self.run_of_row = np.repeat(np.arange(self.runs), np.diff(cut.row))
        odd = names_no_node[cut.subject] | names_no_node[cut.predicate]
        odd |= kind[cut.object] == ODD
        unreadable = (np.diff(cut.row) == 0) | (kind[cut.graph] != IRI)
        self.plain: Truths = ~(self.of_runs(self.run_of_row[odd]) | unreadable)
        """Whether all that is said in a run is plainly written."""
        self.canonical = ~self.of_runs(self.run_of_row[self._otherwise[cut.object]])
        """Whether all terms of a run are written as they are recorded."""
        self._group()
        self._look_up(reader)

    def of_runs(self, runs: Places) -> Truths:
        """Some runs as a truth for each."""
        return np.bincount(runs, minlength=self.runs) > 0

    def _group(self) -> None:
        """Group the rows by run and subject."""
        cut = self.cut
        self._width = len(cut.terms)
        key = self.run_of_row * self._width + cut.subject
        self.predicate, self.object = cut.predicate, cut.object
        starts = beginnings(key)
        place = np.argsort(key[starts], kind="stable")
        if (np.diff(key[starts][place]) == 0).any():  # what is said of a node does not stand together
            order = np.argsort(key, kind="stable")
            key, self.predicate, self.object = key[order], self.predicate[order], self.object[order]
            starts = beginnings(key)
            place = np.arange(len(starts))
        self.start = np.append(starts, len(key))
        """The first row of each node, and the end of the last."""
        self.run = self.run_of_row[starts]
        """The run of each node."""
        self.subject: Codes = (key[starts] % max(self._width, 1)).astype(np.int32)
        self.first = np.searchsorted(self.run, np.arange(self.runs + 1))
        """The first node of each run, and the end of the last."""
        self.node_of_row = np.repeat(np.arange(len(starts)), np.diff(self.start))
        self._place, self._sorted = place, key[starts][place]

    def find(self, run: Places, term: Codes) -> Places:
        """The nodes of some runs with some names; -1 where there is none, or no name."""
        if not len(self._sorted):
            return np.full(len(term), -1)
        key = run * self._width + term
        at = np.minimum(np.searchsorted(self._sorted, key), len(self._sorted) - 1)
        return np.where((self._sorted[at] == key) & (term >= 0), self._place[at], -1)

    def _look_up(self, reader: NodeReader) -> None:
        """Find the layout of each node, and put its varying values down by property."""
        names, width = self.cut.terms, self._width
        number = np.full(width, -1)
        used = np.zeros(width, bool)
        used[self.predicate] = True
        for place in np.flatnonzero(used).tolist():
            number[place] = nec.VARYING.get(names[place], -1)
        token = number[self.predicate]
        self.varies: Truths = token >= 0
        """Whether the value of a row is one that varies."""
        fact_rows = np.flatnonzero(~self.varies)
        stated = self.predicate[fact_rows].astype(np.int64) * width + self.object[fact_rows]
        example, fact = distinct(stated)
        rests = [f"{names[code // width]} {names[code % width]}" for code in stated[example].tolist()]
        self.value = np.full((len(nec.VARYING), len(self.run)), -1, np.int32)
        """Of each property that varies the value of each node; -1 where it has none."""
        rows = np.flatnonzero(self.varies)
        self.value[token[rows], self.node_of_row[rows]] = self.object[rows]
        token[fact_rows] = reader.number(rests)[fact]
        one, other = (np.add.reduceat(marks[token], self.start[:-1]) for marks in reader.marks)
        example, alike = distinct(one)
        found = []
        for node, mark in zip(
            example.tolist(), zip(one[example].tolist(), other[example].tolist(), strict=True), strict=True
        ):
            if mark not in reader.layouts:
                reader.layouts[mark] = len(reader.listed)
                reader.listed.append(self._layout(node))
            found.append(reader.layouts[mark])
        self.layout: Places = np.array(found, np.int64)[alike]
        """The number of the layout of each node."""
        self.layouts = reader.listed
        """The layouts by number; None for one in which a property varies twice."""
        self.plain[self.run[other != other[example][alike]]] = False  # by a chance of one in 2^64

    def _layout(self, node: int) -> Layout | None:
        """What a node says, but for what varies."""
        facts, varying = [], []
        names = self.cut.terms
        for row in range(self.start[node], self.start[node + 1]):
            name, value = names[self.predicate[row]], names[self.object[row]]
            if self.varies[row]:
                varying.append(name)
            else:
                facts.append((name, value))
        return Layout(tuple(facts), tuple(varying)) if len(set(varying)) == len(varying) else None

    def nodes(self, run: int) -> Nodes | None:
        """What a run says, by subject; None if that is not plain."""
        return self.said_of(range(self.first[run], self.first[run + 1])) if self.plain[run] else None

    def said_of(self, nodes: Iterable[int]) -> Nodes | None:
        """What is said of some nodes of a plain run, by subject; None if a property varies twice."""
        names, found = self.cut.terms, Nodes()
        for node in nodes:
            layout = self.layouts[self.layout[node]]
            if layout is None:
                return None
            own = [names[self.value[nec.VARYING[name], node]] for name in layout.names]
            found[names[self.subject[node]]] = (layout, own)
        return found

    def content(self, run: int) -> str | None:
        """What a run says as canonical N-Triples; None if that is not plain."""
        if not self.plain[run]:
            return None
        cut = self.cut
        found = str(cut.content[cut.at[run] : cut.at[run + 1]], "utf-8")
        if self.canonical[run] and cut.ascending[run]:
            return found
        lines = found.removesuffix("\n").split("\n")
        if not self.canonical[run]:
            values = cut.object[cut.row[run] : cut.row[run + 1]]
            for place in np.flatnonzero(self._otherwise[values]).tolist():
                value = int(values[place])
                lines[place] = f"{lines[place].removesuffix(f'{cut.terms[value]} .')}{self._rewritten[value]} ."
            lines = list({*lines})  # two writings of one value are one triple
        return "\n".join([*sorted(lines), ""])


class NodeReader:
    """Groups quads into nodes; remembers what nodes say, as long as that recurs."""

    def __init__(self) -> None:
        self._uses = Uses()
        self._facts: dict[str, int] = {}
        self.layouts: dict[tuple[int, int], int] = {}
        """The numbers of layouts, by the sums of the marks of what they say."""
        self.listed: list[Layout | None] = []
        self.marks: npt.NDArray[np.uint64] = np.zeros((2, 0), np.uint64)
        """Two numbers at random for each property that varies and each fact. What nodes say is told by the sums of these."""

    def read(self, cut: Cut) -> NodeTable:
        """The nodes of a cut."""
        if len(self._facts) > _FACTS or self._uses.are_too_many(_LAYOUTS):
            self._forget_others(self._uses.recurring().tolist())
        table = NodeTable(cut, self)
        self._uses.add(table.layout, len(self.listed))
        return table

    def _forget_others(self, kept: list[int]) -> None:
        """Forget the layouts but for some, and what only they say; the others are numbered anew."""
        marks, listed = list(self.layouts), self.listed
        self.layouts = {marks[number]: place for place, number in enumerate(kept)}
        self.listed = [listed[number] for number in kept]
        said = {f"{name} {value}" for layout in self.listed if layout for name, value in layout.facts}
        numbers = [number for fact, number in self._facts.items() if fact in said]
        self._facts = {
            fact: len(nec.VARYING) + place for place, fact in enumerate(filter(said.__contains__, self._facts))
        }
        self.marks = self.marks[:, [*range(len(nec.VARYING)), *numbers]]

    def number(self, facts: list[str]) -> Places:
        """The numbers of facts that may recur, each as it stands in a line; they follow those of the properties that vary."""
        known, first = self._facts, len(nec.VARYING)
        found = np.array([known.setdefault(fact, first + len(known)) for fact in facts], np.int64)
        missing = first + len(known) - self.marks.shape[1]
        if missing > 0:
            more = np.frombuffer(os.urandom(16 * missing), np.uint64).reshape(2, missing)
            self.marks = np.concatenate([self.marks, more], axis=1)
        return found
