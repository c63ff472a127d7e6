"""Charts as columns: those of a table of nodes that are plainly well formed, without an object for each statement.

What can be judged by the layouts of a few nodes is judged once, by `reasoner.chart.fast.chart`, in the first chart that has
them. A chart in which more matters is left to that reader: one with several requests, with texts, with unread items, with a
fact that leads to another of its nodes, or with a node that the vocabulary knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rdflib import URIRef

from reasoner.chart import reading
from reasoner.chart.fast.chart import ChartReader, reader
from reasoner.chart.fast.compiled_intake import (
    ABOUT,
    EXCERPT,
    IN,
    ISSUED,
    MEMBER,
    OBSERVED,
    PAGE,
    PLAN,
    RECORDED,
    STATEMENT,
    TYPE,
)
from reasoner.chart.fast.cut import IRI, Codes, Places, Truths, distinct
from reasoner.chart.fast.layout import VARYING, Layout
from reasoner.chart.fast.nodes import NodeTable
from reasoner.chart.fast.template import NodeView, without
from reasoner.chart.model import Case, Meaning
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, terms
from reasoner.rdf.compiled_shacl import DoubtError
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

NEVER = -1
"""The number of a day that is not stated; others are as `date.toordinal` gives them."""
_WRONG = -2
_START, _END, _AS_OF, _BIRTH, _PROGRAM = (
    terms.of(NEC[name]) for name in ("serviceStart", "serviceEnd", "asOf", "birthDate", "program")
)
_PARTIES = (MEMBER, PLAN, _PROGRAM)
_OF_STATEMENT = frozenset((ABOUT, IN, OBSERVED, RECORDED, EXCERPT, PAGE))
_OF_REQUEST = frozenset((*_PARTIES, _START, _END, _AS_OF))
_OTHER, _REQUEST, _STATEMENT, _LEFT = range(4)


class _Kind(NamedTuple):
    """What a layout is."""

    kind: int = _LEFT
    meaning: int = 0
    """The number of what a statement says."""
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


class Judge:
    """Judges layouts for `Charts`, and remembers what it found.

    Args:
        policy: the policy whose charts are read.
    """

    def __init__(self, policy: Policy) -> None:
        self.reader: ChartReader = reader(policy)
        self.known = frozenset(
            (
                *policy.lexicon.types,
                *(terms.of(node) for node in reading.intake_shapes(policy).all_nodes() if isinstance(node, URIRef)),
            )
        )
        """The terms that the vocabulary or the intake shapes know something of, those of the policy's namespaces aside."""
        self.meanings: list[Meaning] = []
        """What statements say, by number."""
        self.authors = [""]
        """IRIs of kinds of authors, by number."""
        self._numbers: dict[Meaning, int] = {}
        self._layouts: list[Layout | None] = []
        self._kinds: list[_Kind] = []
        self.allowed: dict[tuple[int, ...], bool] = {}
        """Whether statements are well formed, by the layouts of their request and document, and whether they have a day of record."""
        self.sound: dict[Hashable, bool] = {}
        """Whether requests are well formed, by the layouts of their parties and the order of their days."""

    def kinds(self, layouts: list[Layout | None]) -> list[_Kind]:
        """What each of the layouts of a table is."""
        if layouts is not self._layouts:  # they were forgotten, and with them what their numbers stand for
            self._layouts, self._kinds = layouts, []
            self.meanings, self.authors, self._numbers = [], [""], {}
            self.allowed.clear()
            self.sound.clear()
        self._kinds += map(self._kind, layouts[len(self._kinds) :])
        return self._kinds

    def _kind(self, layout: Layout | None) -> _Kind:
        template = layout and self.reader.template(layout)
        if not template or template.left or template.repeats or template.unread or template.holds_text:
            return _Kind()
        names = frozenset(template.names)
        author = 0
        if template.author_kind:
            if template.author_kind not in self.authors:
                self.authors.append(template.author_kind)
            author = self.authors.index(template.author_kind)
        if template.statement:
            if template.request or template.meaning is None or not names <= _OF_STATEMENT:
                return _Kind()
            number = self._numbers.setdefault(template.meaning, len(self.meanings))
            self.meanings += [template.meaning] * (number == len(self.meanings))
            return _Kind(_STATEMENT, number, author, implied=not template.typed)
        if template.request:
            return _Kind(_REQUEST) if template.sound and names <= _OF_REQUEST else _Kind()
        return _Kind(_OTHER, 0, author, not names, names <= {_BIRTH}, bool(template.parties))


class Charts:
    """The plain charts of a table of nodes, by the numbers of their runs.

    Args:
        table: the nodes.
        judge: what is known of their layouts.
        source: what to call them in errors.
    """

    def __init__(self, table: NodeTable, judge: Judge, source: str) -> None:
        self.table = table
        self._judge = judge
        self._source = source
        self._requests: dict[int, Case | None] = {}
        self.plain: Truths = table.plain & judge.reader.judges_layouts
        """Whether a run is a chart that is read here."""
        of_layout = np.array(judge.kinds(table.layouts), np.int64).reshape(-1, len(_Kind._fields))
        self.meanings = judge.meanings
        """What statements say, by number."""
        self.authors = judge.authors
        """IRIs of kinds of authors, by number."""
        self._kind, self._meaning, self._author, *flags = of_layout[table.layout].T
        self._bare, self._born, self._bound, self._implied = (flag > 0 for flag in flags)
        self._leave(table.run[self._kind == _LEFT])
        self._leave_entangled()
        requests = np.flatnonzero(self._kind == _REQUEST)
        self.plain &= np.bincount(table.run[requests], minlength=table.runs) == 1
        self.request: Places = np.full(table.runs, -1)
        """The node of the request of each run."""
        self.request[table.run[requests]] = requests
        self._recorded = np.zeros(len(table.run), bool)
        self._read_requests()
        self._read_statements()
        others = table.run[~self._recorded | self._implied]
        self._as_stated: Truths = ~table.of_runs(others) & table.cut.ascending & table.canonical
        """Whether the triples of a run are those of its case."""

    def _leave(self, runs: Places) -> None:
        self.plain[runs] = False

    def _leave_entangled(self) -> None:
        """Leave charts in which a fact leads to a node, or a node is one that the vocabulary knows."""
        table = self.table
        known = np.zeros(len(table.cut.terms) + 1, bool)
        known[table.guarded] = True
        known[[place for place, term in enumerate(table.cut.terms) if term in self._judge.known]] = True
        self._leave(table.run[known[table.subject]])
        self._leave(table.run[table.node_of_row[table.varies & known[table.object]]])
        names_node = np.zeros(len(known), bool)
        names_node[table.subject] = True
        rows = np.flatnonzero(names_node[table.object] & ~table.varies)
        run = table.run[table.node_of_row[rows]]
        self._leave(run[table.find(run, table.object[rows]) >= 0])

    def _value(self, name: Term, nodes: Places) -> Codes:
        """The values of nodes for a property that varies; -1 where a node is none, or has none."""
        return np.where(nodes >= 0, self.table.value[VARYING[name]][nodes], -1)

    def _days(self, name: Term, nodes: Places) -> Places:
        """The days that nodes have for a property."""
        codes = self._value(name, nodes)
        days = np.full(len(self.table.cut.terms) + 1, NEVER)
        for code in np.flatnonzero(np.bincount(codes + 1)[1:]).tolist():
            try:
                day = self._judge.reader.day(name, self.table.cut.terms[code])
            except DoubtError:
                day = None  # the reader of the chart finds the words
            days[code] = _WRONG if day is None else day.toordinal()
        return days[codes]

    def _read_requests(self) -> None:
        """Read the days and the parties of requests, and leave charts whose requests are not well formed."""
        table, plain = self.table, self.plain
        runs = np.arange(table.runs)
        named = [self._value(name, self.request) for name in _PARTIES]
        parties = self._parties = np.stack([table.find(runs, names) for names in named])
        member, plan, program = parties
        for nodes, only in ((member, self._born), (plan, self._bare), (program, self._bare)):
            plain &= (nodes < 0) | ((self._kind[nodes] == _OTHER) & only[nodes])
        self._recorded[self.request[plain]] = True
        for nodes in parties:
            self._recorded[nodes[plain & (nodes >= 0)]] = True
        days = np.stack(
            [*(self._days(name, self.request) for name in (_START, _END, _AS_OF)), self._days(_BIRTH, member)]
        )
        self.start, self.end, self.as_of, self.birth = days
        plain &= (days != _WRONG).all(axis=0) & (self.start != NEVER) & (self.birth != NEVER)
        layouts = np.append(table.layout, -1)[np.stack([self.request, *parties])]
        same = np.stack([named[0] == named[1], named[0] == named[2], named[1] == named[2]])
        self.parties = list(zip(*layouts.tolist(), *same.tolist(), strict=True))
        """What is said of the request of each run and its parties, but for what varies."""
        for run, of_run in zip(np.flatnonzero(plain).tolist(), days.T[plain].tolist(), strict=True):
            stated = [*of_run, *self._stated_days(run)]
            key = (self.parties[run], *map(sorted({*stated}).index, stated))
            sound = self._judge.sound.get(key)
            if sound is None:
                request = self._name(self.request[run])
                sound = self._judge.sound[key] = self._judge.reader.is_sound(request, self._view(run))
            plain[run] = sound

    def _stated_days(self, run: int) -> list[int]:
        """The days among what does not vary of the request of a run and its parties."""
        layouts = self.table.layouts
        found = [layouts[number] for number in self.parties[run][:4] if number >= 0]
        return [day for layout in found if layout for day in _days_of(layout)]

    def _view(self, run: int) -> NodeView:
        """A run as the intake tests see it."""
        return self._judge.reader.view(self.table.nodes(run) or {})

    def _name(self, node: int) -> Term:
        """The IRI of a node."""
        term: Term = self.table.cut.terms[int(self.table.subject[node])]
        return term

    def _read_statements(self) -> None:
        """Read the statements, and leave charts of which one is not well formed."""
        table, judge = self.table, self._judge
        nodes = np.flatnonzero((self._kind == _STATEMENT) & self.plain[table.run])
        run = table.run[nodes]
        request = self.request[run]
        document = table.find(run, self._value(IN, nodes))
        fit = self._value(ABOUT, nodes) == table.subject[request]
        fit &= (document < 0) | ((self._kind[document] == _OTHER) & ~self._bound[document])
        recorded, observed = self._days(RECORDED, nodes), self._days(OBSERVED, nodes)
        of_document = np.append(table.layout, -1)[document]
        fit &= self._are_allowed(nodes[fit], table.layout[request], of_document, recorded != NEVER, fit)
        issued = self._days(ISSUED, document)
        fit &= (issued != _WRONG) & (recorded != _WRONG) & (observed != _WRONG)
        recorded = np.where(recorded == NEVER, issued, recorded)
        observed = np.where(observed == NEVER, recorded, observed)
        fit &= observed != NEVER
        excerpt = self._value(EXCERPT, nodes)
        kinds = np.append(table.cut.kind, 0)[excerpt]
        for kind in set(kinds[excerpt >= 0].tolist()):
            example = table.cut.terms[excerpt[kinds == kind][0]]
            fit &= (kinds != kind) | (kind != IRI and judge.reader.takes(EXCERPT, example))
        self._leave(run[~fit])
        kept = self.plain[run]
        self._recorded[nodes[kept]] = True
        self._recorded[document[kept & (document >= 0)]] = True
        author = np.where(self._author[nodes] > 0, self._author[nodes], np.append(self._author, 0)[document])
        names = [table.cut.terms[code][1:-1] for code in table.subject[nodes[kept]].tolist()]
        place = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
        place = place[np.argsort(run[kept][place], kind="stable")]
        self.iris = [names[number] for number in place.tolist()]
        """IRIs of the statements, run by run and in order."""
        kept_ones = np.flatnonzero(kept)[place]
        self.run: Places = run[kept_ones]
        """Of each statement its run."""
        self.meaning: Places = self._meaning[nodes[kept_ones]]
        """The number of what it says."""
        self.author: Places = author[kept_ones]
        """The number of the kind of its author."""
        self.observed: Places = observed[kept_ones]
        self.recorded: Places = recorded[kept_ones]

    def _are_allowed(self, nodes: Places, request: Places, document: Places, recorded: Truths, some: Truths) -> Truths:
        """Whether statements conform to the intake shapes, as far as these look at request, document and day of record.

        Args:
            nodes: those that are asked about.
            request: the layouts of their requests, and of the requests of all others.
            document: the layouts of the documents.
            recorded: whether they have a day of record.
            some: which of them are asked about.
        """
        known = self._judge.allowed
        found = np.zeros(len(some), bool)
        width = len(self.table.layouts) + 1
        key = ((request * width + document + 1) * 2 + recorded)[some]
        example, alike = distinct(key)
        answers = []
        for node, number in zip(nodes[example].tolist(), example.tolist(), strict=True):
            mark = (int(request[some][number]), int(document[some][number]), int(recorded[some][number]))
            if mark not in known:
                view = self._view(int(self.table.run[node]))
                known[mark] = self._judge.reader.allows(self._name(node), view)
            answers.append(known[mark])
        found[some] = np.array(answers, bool)[alike] if answers else False
        return found

    def request_iri(self, run: int) -> str:
        """IRI of the request of a run."""
        return self._name(int(self.request[run]))[1:-1]

    def parties_of(self, run: int) -> list[str]:
        """IRIs of the request of a run, and of its member, its plan and its program."""
        nodes = (self.request[run], *self._parties[:, run])
        return [self._name(int(node))[1:-1] for node in nodes if node >= 0]

    def request_alone(self, run: int) -> Case | None:
        """The case of a plain run without its statements; None if its reader leaves it to the reader of graphs."""
        if run not in self._requests:
            nodes = {int(node) for node in (self.request[run], *self._parties[:, run]) if node >= 0}
            cases = self._judge.reader.cases(self.table.said_of(sorted(nodes)), self._source, None, "")
            self._requests[run] = cases[0] if cases else None
        return self._requests[run]

    def digest(self, run: int) -> str | None:
        """What `Case.digest` is of the case of a run; None if it has none."""
        table = self.table
        if self._as_stated[run]:
            return hashlib.sha256(memoryview(table.cut.content)[table.cut.at[run] : table.cut.at[run + 1]]).hexdigest()
        content = table.content(run)
        if content is None:
            cases = self._judge.reader.cases(table.nodes(run), self._source)
            return cases[0].digest if cases else None
        nodes = np.arange(table.first[run], table.first[run + 1])
        left, implied = nodes[~self._recorded[nodes]], nodes[self._implied[nodes]]
        if not len(left) and not len(implied):
            return graphs.digest(content)
        lines = without(content, map(self._name, left)).split("\n")
        lines[-1:] = [f"{self._name(node)} {TYPE} {STATEMENT} ." for node in implied]
        return graphs.digest("\n".join([*sorted(lines), ""]))


@lru_cache(maxsize=4096)
def _days_of(layout: Layout) -> tuple[int, ...]:
    days = [terms.day(value) for _, value in layout.facts]
    return tuple(day.toordinal() for day in days if day)
