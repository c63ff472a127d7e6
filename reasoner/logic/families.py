"""Families of sets: every minimal way to satisfy a monotone formula, counted exactly and listed lazily, smallest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce


@dataclass(frozen=True)
class All:
    """A conjunction; without parts it is true."""

    parts: tuple[Formula, ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """A disjunction; without parts it is false."""

    parts: tuple[Formula, ...] = ()


Formula = str | All | AnyOf
"""A monotone formula; a string is an element, which is satisfied by the sets that contain it."""

TRUE, FALSE = All(), AnyOf()


class Family:
    """The minimal sets of elements that satisfy a formula.

    It is stored as a zero-suppressed decision diagram (S. Minato, "Zero-suppressed BDDs for set manipulation in
    combinatorial problems", 1993), so that its size follows the formula and not the number of sets. The sets come out
    smallest first, those of one size in the order of their sorted elements.
    """

    def __init__(self, formula: Formula) -> None:
        self.elements = tuple(sorted(_elements(formula)))
        """The elements of the formula, in order, whether or not a set holds them."""
        self._diagrams = _Diagrams()
        self._root = self._diagrams.minimal_sets(formula, {name: i for i, name in enumerate(self.elements)})

    @cached_property
    def count(self) -> int:
        """How many sets there are."""
        return sum(self._diagrams.sizes(self._root))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """The sets one by one, each as its sorted elements."""
        for size, count in enumerate(self._diagrams.sizes(self._root)):
            if count:
                for variables in self._diagrams.of_size(self._root, size):
                    yield tuple(self.elements[variable] for variable in variables)

    def __bool__(self) -> bool:
        """Whether there is any set at all."""
        return self._root != 0

    def occurrences(self) -> dict[str, int]:
        """In how many of the sets each element of the formula is."""
        return {
            name: sum(self._diagrams.sizes(self._diagrams.having(self._root, variable)))
            for variable, name in enumerate(self.elements)
        }

    def replacing(self, element: str, members: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The sets of elements that can replace one element of a set of the family.

        Args:
            element: the element to replace.
            members: the set, with that element.
        """
        diagrams, root = self._diagrams, self._root
        for name in members:
            take = diagrams.lacking if name == element else diagrams.having
            root = take(root, self.elements.index(name))
        for size, count in enumerate(diagrams.sizes(root)):
            if count:
                for rest in diagrams.of_size(root, size):
                    yield tuple(self.elements[variable] for variable in rest)


def _elements(formula: Formula) -> set[str]:
    return {formula} if isinstance(formula, str) else set().union(*map(_elements, formula.parts))


class _Diagrams:
    """Hash-consed decision diagrams: 0 holds no set, 1 the empty set alone, others (variable, without, with)."""

    def __init__(self) -> None:
        self._nodes: list[tuple[int, int, int]] = [(1 << 60, 0, 0), (1 << 60, 0, 0)]
        self._names: dict[tuple[int, int, int], int] = {}
        self._memory: dict[tuple[str, int, int], int] = {}
        self._sizes: dict[int, tuple[int, ...]] = {0: (0,), 1: (1,)}

    def minimal_sets(self, formula: Formula, variables: dict[str, int]) -> int:
        if isinstance(formula, str):
            return self._node(variables[formula], 0, 1)
        combine, start = (self._join, 1) if isinstance(formula, All) else (self._union, 0)
        parts = (self.minimal_sets(part, variables) for part in dict.fromkeys(formula.parts))
        return reduce(lambda left, right: self._minimal(combine(left, right)), parts, start)

    def sizes(self, node: int) -> tuple[int, ...]:
        """The number of sets of each size."""
        if node not in self._sizes:
            _, without, with_ = self._nodes[node]
            low, high = self.sizes(without), (0, *self.sizes(with_))
            length = max(len(low), len(high))
            low, high = low + (0,) * (length - len(low)), high + (0,) * (length - len(high))
            self._sizes[node] = tuple(a + b for a, b in zip(low, high, strict=True))
        return self._sizes[node]

    def of_size(self, node: int, size: int) -> Iterator[tuple[int, ...]]:
        """The sets of a size in the order of their elements."""
        if node <= 1:
            yield ()
            return
        variable, without, with_ = self._nodes[node]
        if self._has_size(with_, size - 1):
            for rest in self.of_size(with_, size - 1):
                yield (variable, *rest)
        if self._has_size(without, size):
            yield from self.of_size(without, size)

    def having(self, node: int, variable: int) -> int:
        """The sets that hold a variable, without it."""
        return self._cofactor("having", node, variable, lambda without, with_: with_)

    def lacking(self, node: int, variable: int) -> int:
        """The sets that do not hold a variable."""
        return self._cofactor("lacking", node, variable, lambda without, with_: without)

    def _cofactor(self, name: str, node: int, variable: int, take: Callable[[int, int], int]) -> int:
        top, without, with_ = self._nodes[node]
        if top == variable:
            return take(without, with_)
        if top > variable:
            return take(node, 0)
        key = (name, node, variable)
        if key not in self._memory:
            low, high = (self._cofactor(name, child, variable, take) for child in (without, with_))
            self._memory[key] = self._node(top, low, high)
        return self._memory[key]

    def _has_size(self, node: int, size: int) -> bool:
        sizes = self.sizes(node)
        return 0 <= size < len(sizes) and sizes[size] > 0

    def _node(self, variable: int, without: int, with_: int) -> int:
        if with_ == 0:
            return without
        key = (variable, without, with_)
        if key not in self._names:
            self._names[key] = len(self._nodes)
            self._nodes.append(key)
        return self._names[key]

    def _union(self, left: int, right: int) -> int:
        """The sets of either family."""
        if left == right or right == 0:
            return left
        if left == 0:
            return right
        key = ("union", min(left, right), max(left, right))
        if key not in self._memory:
            variable, (low, high), (other_low, other_high) = self._split(left, right)
            self._memory[key] = self._node(variable, self._union(low, other_low), self._union(high, other_high))
        return self._memory[key]

    def _join(self, left: int, right: int) -> int:
        """Each set of one family united with each of the other."""
        if 0 in (left, right):
            return 0
        if left == 1:
            return right
        if right == 1:
            return left
        key = ("join", min(left, right), max(left, right))
        if key not in self._memory:
            variable, (low, high), (other_low, other_high) = self._split(left, right)
            joined = self._union(self._join(high, other_low), self._join(low, other_high))
            with_ = self._union(self._join(high, other_high), joined)
            self._memory[key] = self._node(variable, self._join(low, other_low), with_)
        return self._memory[key]

    def _minimal(self, node: int) -> int:
        """The sets that hold no other of the family."""
        if node <= 1:
            return node
        key = ("minimal", node, node)
        if key not in self._memory:
            variable, without, with_ = self._nodes[node]
            low = self._minimal(without)
            self._memory[key] = self._node(variable, low, self._outside(self._minimal(with_), low))
        return self._memory[key]

    def _outside(self, node: int, other: int) -> int:
        """The sets that hold no set of the other family."""
        if node == 0 or other == 0:
            return node
        if node == other or self._holds_empty(other):
            return 0
        if node == 1:
            return 1
        key = ("outside", node, other)
        if key not in self._memory:
            variable, (low, high), (other_low, other_high) = self._split(node, other)
            with_ = self._outside(self._outside(high, other_low), other_high)
            self._memory[key] = self._node(variable, self._outside(low, other_low), with_)
        return self._memory[key]

    def _holds_empty(self, node: int) -> bool:
        while node > 1:
            node = self._nodes[node][1]
        return node == 1

    def _split(self, left: int, right: int) -> tuple[int, tuple[int, int], tuple[int, int]]:
        """The first variable of two diagrams, and each one's families without and with it."""
        variable = min(self._nodes[left][0], self._nodes[right][0])
        (_, low, high), (_, other_low, other_high) = self._nodes[left], self._nodes[right]
        return (
            variable,
            (low, high) if self._nodes[left][0] == variable else (left, 0),
            (other_low, other_high) if self._nodes[right][0] == variable else (right, 0),
        )
