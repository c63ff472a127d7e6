"""Property paths, compiled to functions over any implementation of a data graph (SHACL, section 2.3.1).

Predicates, inverse paths, sequences and alternatives are supported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reasoner.rdf.terms import Term


class GraphView(Protocol):
    """The data graph, as tests read it."""

    def values(self, node: Term, predicate: Term) -> Sequence[Term]:
        """The objects of a subject and a predicate, each once."""

    def subjects(self, predicate: Term, node: Term) -> Sequence[Term]:
        """The subjects of a predicate and an object, each once."""

    def types(self, node: Term) -> Collection[Term]:
        """The classes of a node: its values of rdf:type."""


Test = Callable[[GraphView, Term], bool]
Path = Callable[[GraphView, Term], Sequence[Term]]


@dataclass(frozen=True)
class Steps:
    """A path: a sequence of predicates, each with whether it is followed backwards; or alternative paths."""

    sequence: tuple[tuple[Term, bool], ...] = ()
    alternatives: tuple[Steps, ...] = ()


def follow(steps: Steps) -> Path:
    """A function from a node to the values at the end of a path."""
    if steps.alternatives:
        branches = [follow(branch) for branch in steps.alternatives]
        return lambda view, node: list(dict.fromkeys(value for branch in branches for value in branch(view, node)))
    if len(steps.sequence) == 1:
        ((predicate, back),) = steps.sequence
        if back:
            return lambda view, node: view.subjects(predicate, node)
        return lambda view, node: view.values(node, predicate)

    if len(steps.sequence) == 2 and not any(back for _, back in steps.sequence):
        (first, _), (second, _) = steps.sequence

        def two(view: GraphView, node: Term) -> Sequence[Term]:
            ends = [view.values(middle, second) for middle in view.values(node, first)]
            return ends[0] if len(ends) == 1 else list(dict.fromkeys(value for end in ends for value in end))

        return two

    def walk(view: GraphView, node: Term) -> Sequence[Term]:
        reached: Sequence[Term] = (node,)
        for predicate, back in steps.sequence:
            ends: Iterable[Sequence[Term]]
            ends = (view.subjects(predicate, at) if back else view.values(at, predicate) for at in reached)
            reached = list(dict.fromkeys(value for end in ends for value in end))
        return reached

    return walk


def exists(steps: Steps) -> Test:
    """A test of whether a path has a value; of alternatives, only the first that has one is followed."""
    if steps.alternatives:
        branches = [exists(branch) for branch in steps.alternatives]

        def test(view: GraphView, node: Term) -> bool:
            for branch in branches:
                if branch(view, node):
                    return True
            return False

        return test
    path = follow(steps)
    return lambda view, node: bool(path(view, node))
