"""Families of sets: every minimal way to satisfy a monotone formula, counted exactly and listed lazily, smallest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from threading import Lock

_LIMIT = 65536
"""How many results diagrams hold before new families get diagrams of their own."""


@dataclass(frozen=True)
class _Connective:
    parts: tuple[Formula, ...] = ()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((type(self).__name__, self.parts))  # that of the parts is worked out once

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.parts,)  # the hash of a text is another in another process

    @cached_property
    def elements(self) -> frozenset[str]:
        """The elements of the formula."""
        return frozenset().union(*({p} if isinstance(p, str) else p.elements for p in self.parts))


@dataclass(frozen=True)
class All(_Connective):
    """A conjunction; without parts it is true."""

    __hash__ = _Connective.__hash__


@dataclass(frozen=True)
class AnyOf(_Connective):
    """A disjunction; without parts it is false."""

    __hash__ = _Connective.__hash__


Formula = str | All | AnyOf
"""A monotone formula; a string is an element, which is satisfied by the sets that contain it."""

TRUE, FALSE = All(), AnyOf()


class Family:
    """The minimal sets of elements that satisfy a formula.

    It is stored as a zero-suppressed decision diagram (S. Minato, "Zero-suppressed BDDs for set manipulation in
    combinatorial problems", 1993), so that its size follows the formula and not the number of sets. The sets come out
    smallest first, those of one size in the order of their sorted elements.

    Args:
        formula: the formula.
        recurs: whether it, or parts of it, may come again. What is worked out for such formulas is kept and shared.
    """

    def __init__(self, formula: Formula, *, recurs: bool = True) -> None:
        self.elements = (formula,) if isinstance(formula, str) else tuple(sorted(formula.elements))
        """The elements of the formula, in order, whether or not a set holds them."""
        self._formula = formula
        self._diagrams = _shared() if recurs else _Diagrams()
        self._root = self._diagrams.minimal_sets(formula)

    def __reduce__(self) -> tuple[object, ...]:
        return partial(Family, recurs=False), (self._formula,)  # what others share is not copied with it

    @cached_property
    def count(self) -> int:
        """How many sets there are."""
        return sum(self._diagrams.sizes(self._root))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """The sets one by one, each as its sorted elements."""
        for size, count in enumerate(self._diagrams.sizes(self._root)):
            if count:
                yield from self._diagrams.of_size(self._root, size)

    def __bool__(self) -> bool:
        """Whether there is any set at all."""
        return self._root != 0

    def occurrences(self) -> dict[str, int]:
        """In how many of the sets each element of the formula is."""
        return {name: sum(self._diagrams.sizes(self._diagrams.having(self._root, name))) for name in self.elements}

    def replacing(self, element: str, members: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The sets of elements that can replace one element of a set of the family.

        Args:
            element: the element to replace.
            members: the set, with that element.
        """
        diagrams, root = self._diagrams, self._root
        for name in members:
            take = diagrams.lacking if name == element else diagrams.having
            root = take(root, name)
        for size, count in enumerate(diagrams.sizes(root)):
            if count:
                yield from diagrams.of_size(root, size)


class _Diagrams:
    """Hash-consed decision diagrams: 0 holds no set, 1 the empty set alone, others (element, without, with).

    The elements follow one another in their order. Several threads may use one object: what is worked out twice is the same.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._nodes: list[tuple[str, int, int]] = [("", 0, 0), ("", 0, 0)]
        self._names: dict[tuple[str, int, int], int] = {}
        self._memory: dict[tuple[str, int | str, int], int] = {}
        self._formulas: dict[Formula, int] = {}
        self._sizes: dict[int, tuple[int, ...]] = {0: (0,), 1: (1,)}

    @property
    def full(self) -> bool:
        """Whether they hold as much as they should."""
        return max(len(self._nodes), len(self._memory), len(self._formulas)) > _LIMIT

    def minimal_sets(self, formula: Formula) -> int:
        """The smallest sets that satisfy a formula."""
        root = self._formulas.get(formula)
        if root is None:
            root = self._formulas[formula] = self._satisfy(formula)
        return root

    def _satisfy(self, formula: Formula) -> int:
        if isinstance(formula, str):
            return self._node(formula, 0, 1)
        combine, start = (self._join, 1) if isinstance(formula, All) else (self._union, 0)
        parts = map(self.minimal_sets, dict.fromkeys(formula.parts))
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

    def of_size(self, node: int, size: int) -> Iterator[tuple[str, ...]]:
        """The sets of a size in the order of their elements."""
        if node <= 1:
            yield ()
            return
        element, without, with_ = self._nodes[node]
        if self._has_size(with_, size - 1):
            for rest in self.of_size(with_, size - 1):
                yield (element, *rest)
        if self._has_size(without, size):
            yield from self.of_size(without, size)

    def having(self, node: int, element: str) -> int:
        """The sets that hold an element, without it."""
        return self._cofactor("having", node, element, lambda without, with_: with_)

    def lacking(self, node: int, element: str) -> int:
        """The sets that do not hold an element."""
        return self._cofactor("lacking", node, element, lambda without, with_: without)

    def _cofactor(self, name: str, node: int, element: str, take: Callable[[int, int], int]) -> int:
        top, without, with_ = self._nodes[node]
        if node > 1 and top == element:
            return take(without, with_)
        if node <= 1 or top > element:
            return take(node, 0)
        key = (name, element, node)
        if key not in self._memory:
            low, high = (self._cofactor(name, child, element, take) for child in (without, with_))
            self._memory[key] = self._node(top, low, high)
        return self._memory[key]

    def _has_size(self, node: int, size: int) -> bool:
        sizes = self.sizes(node)
        return 0 <= size < len(sizes) and sizes[size] > 0

    def _node(self, element: str, without: int, with_: int) -> int:
        if with_ == 0:
            return without
        key = (element, without, with_)
        node = self._names.get(key)
        if node is None:
            with self._lock:
                if key not in self._names:
                    self._nodes.append(key)
                    self._names[key] = len(self._nodes) - 1
                node = self._names[key]
        return node

    def _union(self, left: int, right: int) -> int:
        """The sets of either family."""
        if left == right or right == 0:
            return left
        if left == 0:
            return right
        key = ("union", min(left, right), max(left, right))
        if key not in self._memory:
            element, (low, high), (other_low, other_high) = self._split(left, right)
            self._memory[key] = self._node(element, self._union(low, other_low), self._union(high, other_high))
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
            element, (low, high), (other_low, other_high) = self._split(left, right)
            joined = self._union(self._join(high, other_low), self._join(low, other_high))
            with_ = self._union(self._join(high, other_high), joined)
            self._memory[key] = self._node(element, self._join(low, other_low), with_)
        return self._memory[key]

    def _minimal(self, node: int) -> int:
        """The sets that hold no other of the family."""
        if node <= 1:
            return node
        key = ("minimal", node, node)
        if key not in self._memory:
            element, without, with_ = self._nodes[node]
            low = self._minimal(without)
            self._memory[key] = self._node(element, low, self._outside(self._minimal(with_), low))
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
            element, (low, high), (other_low, other_high) = self._split(node, other)
            with_ = self._outside(self._outside(high, other_low), other_high)
            self._memory[key] = self._node(element, self._outside(low, other_low), with_)
        return self._memory[key]

    def _holds_empty(self, node: int) -> bool:
        while node > 1:
            node = self._nodes[node][1]
        return node == 1

    def _split(self, left: int, right: int) -> tuple[str, tuple[int, int], tuple[int, int]]:
        """The first element of two diagrams, and each one's families without and with it."""
        (name, low, high), (other_name, other_low, other_high) = self._nodes[left], self._nodes[right]
        if right <= 1 or (left > 1 and name < other_name):
            return name, (low, high), (right, 0)
        if left <= 1 or other_name < name:
            return other_name, (left, 0), (other_low, other_high)
        return name, (low, high), (other_low, other_high)


_latest = _Diagrams()


def _shared() -> _Diagrams:
    """The diagrams of families whose formulas recur; those made before these were full keep theirs."""
    global _latest
    if _latest.full:
        _latest = _Diagrams()
    return _latest
