"""Placement: each triple stands in one named graph, so that the union of the graphs counts it once.

A policy, a chart or a decision has a graph of its own. What several of them say alike (the plan of two requests, a person
who decided twice) stands in a shared graph that each includes. Shared graphs are disjoint and named by their content; one
that a newcomer says only in part is split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import pyoxigraph as ox

from reasoner.ground.errors import StoreError
from reasoner.rdf import graphs
from reasoner.store.backends import Store
from reasoner.store.catalog import CATALOG, HEADER, GraphKind, graph_name

_PLACED = (GraphKind.POLICY, GraphKind.VOCABULARY, GraphKind.CHART, GraphKind.DECISION, GraphKind.ACCEPTANCE)
_PREFIXES = tuple(kind.prefix for kind in (*_PLACED, GraphKind.SHARED))
_NO_CHARTS = tuple(kind.prefix for kind in GraphKind if kind not in (GraphKind.CHART, GraphKind.SHARED))
_AT_ONCE = 500
"""Subjects that one query asks of."""


class Placement:
    """Works out what graphs become when contents are put into a base or taken out; changes nothing itself.

    Args:
        store: what holds the base.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, set[str]] = {}
        """The lines of each graph that was read."""
        self._where: dict[str, str] = {}
        """The graph of each line about the subjects that were looked up, and of those that were placed."""
        self._common: set[str] = set()
        """The subjects that were looked up of which the base says something, or several of the contents."""
        self.described: set[str] = set()
        """The subjects that were looked up, as terms, of which a policy, a vocabulary or a record says something."""
        self._includes: dict[str, set[str]] = {}
        self._included_by: dict[str, set[str]] = {}
        self._before: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        """The lines and the shared graphs of each graph that may have changed, as they were."""

    def content(self, graph: str, includes: Iterable[str] | None = None) -> str:
        """The content of a graph with that of the graphs that it includes, as canonical N-Triples.

        Args:
            graph: its name.
            includes: the shared graphs that it includes, where they are known.
        """
        shared = self._shared(graph) if includes is None else includes
        own = self._store.triples(graph) if graph not in self._held else "".join(sorted(self._held[graph]))
        if not shared:
            return own
        return "".join(sorted({*graphs.lines_of(own)}.union(*map(self._lines, shared))))

    def own(self, graph: str) -> str:
        """What stands in a graph itself, as canonical N-Triples."""
        return "".join(sorted(self._lines(graph)))

    def look_up(self, contents: Iterable[str], new: Iterable[str] = ()) -> None:
        """Find where the triples of contents stand already; to call before `put`, for all of them.

        Args:
            contents: what is to be put.
            new: graphs of which the base holds nothing yet.
        """
        self._held |= {graph: set() for graph in new}
        self._includes |= {graph: set() for graph in new}
        subjects: set[str] = set()
        for content in contents:
            own = {line.partition(" ")[0] for line in content.split("\n")[:-1]}
            self._common |= own & subjects
            subjects |= own
        waiting = iter(sorted(subjects))
        while some := list(islice(waiting, _AT_ONCE)):
            rows = self._rows(f"SELECT ?g ?s ?p ?o {{ VALUES ?s {{ {' '.join(some)} }} GRAPH ?g {{ ?s ?p ?o }} }}")
            for row in rows:
                graph, subject = row["g"].value, str(row["s"])
                self._common.add(subject)
                if graph.startswith(_PREFIXES) and graph not in self._before:
                    self._where[f"{subject} {row['p']} {row['o']} .\n"] = graph
                if graph.startswith(_NO_CHARTS):
                    self.described.add(subject)

    def common(self) -> dict[str, str]:
        """What is said of the subjects of which the base says something, or several contents.

        Returns:
            Lines of canonical N-Triples to the graph of each. What the same contents say stands in one graph.
        """
        if not self._common:
            return {}
        return {line: graph for line, graph in self._where.items() if line.partition(" ")[0] in self._common}

    def put(self, graph: str, content: str) -> None:
        """Give a graph a content in place of its earlier one."""
        self.take_out(graph)
        rest = set(graphs.lines_of(content))
        elsewhere: dict[str, set[str]] = {}
        for line in rest:
            if (other := self._where.get(line)) is not None:
                elsewhere.setdefault(other, set()).add(line)
        for other, common in sorted(elsewhere.items()):
            rest -= common
            shared = other if common == self._lines(other) and _is_shared(other) else self._split(other, common)
            self._include(graph, shared)
        self._fill(graph, rest)

    def take_out(self, graph: str) -> None:
        """Remove a graph, and the shared graphs that nothing else includes."""
        for shared in self._empty(graph):
            if not self._users(shared):
                self._empty(shared)

    def changes(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Name, own content and shared graphs of each graph that becomes another; both are empty for one that is gone."""
        for graph, before in self._before.items():
            after = frozenset(self._held[graph]), frozenset(self._includes.get(graph, ()))
            if after != before:
                yield graph, "".join(sorted(self._held[graph])), after[1]

    def _empty(self, graph: str) -> set[str]:
        """Take all lines from a graph, and give the shared graphs that it included."""
        self._note(graph)
        for line in self._lines(graph):
            del self._where[line]
        self._held[graph] = set()
        left = set(self._shared(graph))
        for shared in left:
            self._exclude(graph, shared)
        return left

    def _split(self, other: str, common: set[str]) -> str:
        """Move lines from a graph to a new shared graph, which all that had them include."""
        new = graph_name(GraphKind.SHARED, "".join(sorted(common)))
        rest = self._lines(other) - common
        self._note(new)
        if _is_shared(other):
            users = set(self._users(other))
            remainder = graph_name(GraphKind.SHARED, "".join(sorted(rest)))
            self._note(remainder)
            self._fill(remainder, rest)
            for user in users:
                self._exclude(user, other)
                self._include(user, remainder)
                self._include(user, new)
            self._note(other)
            self._held[other] = set()
        else:
            self._note(other)
            self._held[other] = rest
            self._include(other, new)
        self._fill(new, common)
        return new

    def _fill(self, graph: str, lines: set[str]) -> None:
        self._held[graph] = lines
        self._where.update(dict.fromkeys(lines, graph))

    def _include(self, graph: str, shared: str) -> None:
        self._note(graph)
        self._shared(graph).add(shared)
        self._users(shared).add(graph)

    def _exclude(self, graph: str, shared: str) -> None:
        self._note(graph)
        self._shared(graph).discard(shared)
        self._users(shared).discard(graph)

    def _note(self, graph: str) -> None:
        """Remember how a graph was before anything became of it."""
        if graph not in self._before:
            self._before[graph] = frozenset(self._lines(graph)), frozenset(self._shared(graph))

    def _lines(self, graph: str) -> set[str]:
        if graph not in self._held:
            self._fill(graph, set(graphs.lines_of(self._store.triples(graph))))
        return self._held[graph]

    def _shared(self, graph: str) -> set[str]:
        if graph not in self._includes:
            rows = self._rows(f"SELECT ?other {{ GRAPH <{CATALOG}> {{ <{graph}> nec:includes ?other }} }}")
            self._includes[graph] = {row["other"].value for row in rows}
        return self._includes[graph]

    def _users(self, shared: str) -> set[str]:
        if shared not in self._included_by:
            rows = self._rows(f"SELECT ?other {{ GRAPH <{CATALOG}> {{ ?other nec:includes <{shared}> }} }}")
            self._included_by[shared] = {row["other"].value for row in rows}
        return self._included_by[shared]

    def _rows(self, text: str) -> ox.QuerySolutions:
        solutions = self._store.query(HEADER + text)
        if not isinstance(solutions, ox.QuerySolutions):
            raise StoreError("the store gave no solutions to a SELECT query")
        return solutions


def _is_shared(graph: str) -> bool:
    return graph.startswith(GraphKind.SHARED.prefix)
