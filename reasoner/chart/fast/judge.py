"""What layouts are, each judged once for all charts that have it, and what combinations of them are well formed."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from reasoner.chart.fast import nec
from reasoner.chart.fast.arrays import ArrayRows, Places
from reasoner.chart.fast.chart import ChartReader, reader
from reasoner.chart.fast.layout import Layout
from reasoner.chart.fast.template import unread_of
from reasoner.chart.model import Meaning, Unread
from reasoner.ground.days import FOREVER
from reasoner.policy.model import Policy
from reasoner.rdf import terms
from reasoner.rdf.compiled_shacl import DoubtError
from reasoner.rdf.terms import Term

NEVER = -1
"""The number of a day that is not stated; others are as `date.toordinal` gives them."""
WRONG = -2
"""The number of a day that is not well formed."""
_LIMIT = 8192
"""How many entries a memory holds."""
_STATED = 8
"""How many days a request and its parties may state among what does not vary."""
_OF_REQUEST = frozenset((*nec.PARTIES, nec.START, nec.END, nec.AS_OF))


class NodeKind(IntEnum):
    """What a node is."""

    OTHER = 0
    """A document, a text or a party."""
    REQUEST = 1
    STATEMENT = 2
    UNREAD = 3
    LEFT = 4
    """What is for the reader of the chart."""


class _DayNumbers(dict[Term, int]):
    """The days that values of a property tell, by value."""

    def __init__(self, name: Term, reader: ChartReader) -> None:
        self._name, self._reader = name, reader

    def __missing__(self, value: Term) -> int:
        try:
            day = self._reader.day(self._name, value)
        except DoubtError:
            day = None  # the reader of the chart finds the words
        if len(self) > _LIMIT:
            self.clear()
        self[value] = WRONG if day is None else day.toordinal()
        return self[value]


class Kind(NamedTuple):
    """What a layout is."""

    kind: NodeKind = NodeKind.LEFT
    meaning: int = 0
    """The number of what a statement says, or an unread item."""
    author: int = 0
    """The number of the kind of author that is stated; 0 if none is."""
    bare: bool = False
    """Whether nothing varies."""
    born: bool = False
    """Whether nothing varies but a birth date."""
    bound: bool = False
    """Whether it names a member, a plan or a program."""
    implied: bool = False
    """Whether a statement does not say that it is one."""
    text: bool = False
    """Whether it is the text of a document."""


class Judge:
    """Judges layouts for `Charts`, and remembers what it found.

    Args:
        policy: the policy whose charts are read.
    """

    def __init__(self, policy: Policy) -> None:
        self.reader: ChartReader = reader(policy)
        self.days = {
            name: _DayNumbers(name, self.reader) for name in (*nec.DAYS, nec.OBSERVED, nec.RECORDED, nec.ISSUED)
        }
        """The days that values tell, by property."""
        self.authors = [""]
        """IRIs of kinds of authors, by number."""
        self._forget([])

    def _forget(self, layouts: list[Layout | None]) -> None:
        """Forget what is known by the numbers of layouts, and take others."""
        self._layouts, self._kinds = layouts, ArrayRows(len(Kind._fields))
        self.meanings: list[Meaning] = []
        """What statements say, by number."""
        self.unread: list[Unread] = []
        """What unread items say but for names, words, days and places, by number."""
        self._numbers: dict[Meaning | Unread, int] = {}
        if len(self.authors) >= _LIMIT:
            self.authors = [""]
        self.allowed: dict[tuple[int, ...], bool] = {}
        """Whether statements are well formed, by the layouts of their request and document, and whether they have a day of record."""
        self.items: dict[tuple[int, ...], bool] = {}
        """Whether unread items are well formed, by their layouts, those of request and source, and how the source is named."""
        self.sound: dict[tuple[int, int], bool] = {}
        """Whether requests are well formed, by the number of their parties and the order of their days."""
        self._parties: dict[tuple[int, ...], int] = {}
        self._stated = ArrayRows(_STATED)

    def kinds(self, layouts: list[Layout | None]) -> Places:
        """What each of the layouts of a table is, as a `Kind` a row."""
        if layouts is not self._layouts:
            self._forget(layouts)
        self._kinds.add(*[self._kind(layout) for layout in layouts[len(self._kinds) :]])
        return self._kinds.array()

    def parties(self, said: Iterable[tuple[int, ...]]) -> Places:
        """The numbers of what requests and their parties say but for what varies; -1 where that is too many days.

        Args:
            said: the layouts of each request, its member, plan and program, and which of the latter are one.
        """
        known = self._parties
        found = [known[one] if one in known else self._number_parties(one) for one in said]
        return np.array(found, np.int64)

    def _number_parties(self, said: tuple[int, ...]) -> int:
        layouts = [self._layouts[number] for number in said[:4] if number >= 0]
        days = [day for layout in layouts if layout for _, value in layout.facts if (day := terms.day(value))]
        number = len(self._stated) if len(days) <= _STATED else -1
        self._parties[said] = number
        if number >= 0:
            self._stated.add([*(day.toordinal() for day in days), *[FOREVER] * (_STATED - len(days))])
        return number

    def order(self, parties: Places, days: Places) -> Places:
        """The order of the days of requests, those among what does not vary with them, as a number."""
        every = np.concatenate([days, self._stated.array()[parties].T])
        rank = (every[:, None] > every[None]).sum(axis=1)
        found: Places = (rank << np.arange(0, 4 * len(rank), 4)[:, None]).sum(axis=0)
        return found

    def _kind(self, layout: Layout | None) -> Kind:
        template = layout and self.reader.template(layout)
        if not template or template.left or template.repeats or (template.unread and template.statement):
            return Kind()
        names = frozenset(template.names)
        author = 0
        if template.author_kind:
            if template.author_kind not in self.authors:
                self.authors.append(template.author_kind)
            author = self.authors.index(template.author_kind)
        if template.statement:
            if template.request or template.meaning is None or not names.issubset(nec.OF_STATEMENT):
                return Kind()
            number = self._numbers.setdefault(template.meaning, len(self.meanings))
            self.meanings += [template.meaning] * (number == len(self.meanings))
            return Kind(NodeKind.STATEMENT, number, author, implied=not template.typed)
        if template.unread:
            if template.request or not template.sound or nec.ABOUT not in names or not names <= nec.OF_UNREAD:
                return Kind()
            item = unread_of(template)
            number = self._numbers.setdefault(item, len(self.unread))
            self.unread += [item] * (number == len(self.unread))
            return Kind(NodeKind.UNREAD, number)
        if template.request:
            return Kind(NodeKind.REQUEST) if template.sound and names <= _OF_REQUEST else Kind()
        text = nec.CONTENT in names
        if nec.TARGET in names or not (names <= nec.OF_TEXT if text else names.isdisjoint(nec.OF_TEXT)):
            return Kind()
        return Kind(NodeKind.OTHER, 0, author, not names, names <= {nec.BIRTH}, bool(template.parties), text=text)
