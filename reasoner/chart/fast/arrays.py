"""Arrays: what columns of numbers are asked again and again, and lists of rows that grow and are looked up many together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


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


def spread(items: Places, times: Places) -> tuple[Places, Places]:
    """Each item so many times, with how many of it went before."""
    found = np.repeat(items, times)
    return found, np.arange(len(found)) - np.repeat(np.cumsum(times) - times, times)


class ArrayRows:
    """Rows of whole numbers; they are added one by one, and read together.

    Args:
        width: numbers of a row.
        rows: the first of them.
    """

    def __init__(self, width: int, rows: Places | None = None) -> None:
        self._array: Places = np.zeros((0, width), np.int64) if rows is None else rows
        self._more: list[Sequence[int]] = []

    def __len__(self) -> int:
        return len(self._array) + len(self._more)

    def add(self, *rows: Sequence[int]) -> None:
        """Add rows at the end."""
        self._more += rows

    def kept(self, numbers: Places) -> ArrayRows:
        """Some of the rows, in their order."""
        return ArrayRows(self._array.shape[1], self.array()[numbers])

    def array(self) -> Places:
        """All rows."""
        if self._more:
            self._array = np.concatenate([self._array, np.array(self._more, np.int64)])
            self._more = []
        return self._array


class ArrayLists:
    """Lists of rows of whole numbers; they are added one by one, and looked up many together.

    Args:
        width: numbers of a row.
    """

    def __init__(self, width: int) -> None:
        self._rows = ArrayRows(width)
        self._bounds = ArrayRows(2)

    def add(self, rows: Sequence[Sequence[int]]) -> None:
        """Add a list at the end."""
        self._bounds.add((len(self._rows), len(rows)))
        self._rows.add(*rows)

    def of(self, numbers: Places) -> tuple[Places, Places]:
        """The rows of some lists, one list after the other, each row with the place of its list among the numbers."""
        first, size = self._bounds.array()[numbers].T
        place, before = spread(np.arange(len(numbers)), size)
        return place, self._rows.array()[first[place] + before]

    def kept(self, numbers: Places) -> ArrayLists:
        """Some of the lists, in their order."""
        _, rows = self.of(numbers)
        size = self._bounds.array()[numbers, 1]
        found = ArrayLists(rows.shape[1])
        found._rows = ArrayRows(rows.shape[1], rows)
        found._bounds = ArrayRows(2, np.stack([np.cumsum(size) - size, size], axis=1))
        return found


class Uses:
    """How often things that are numbered were used, so that those that hardly recur can be forgotten."""

    def __init__(self) -> None:
        self._recurred = 0
        self._times: Places = np.zeros(0, np.int64)

    def add(self, numbers: Places, count: int) -> None:
        """Count that some are used together, of so many that there are."""
        used = (np.bincount(numbers, minlength=count)[:count] > 0).astype(np.int64)
        used[: len(self._times)] += self._times
        self._times = used

    def are_too_many(self, few: int) -> bool:
        """Whether there are more than a few, and many more than recurred the last time."""
        return len(self._times) > max(few, self._recurred * 3 // 2)

    def recurring(self) -> Places:
        """The numbers of those that were used more than once since this was asked; now they are numbered in this order."""
        found = np.flatnonzero(self._times > 1)
        self._recurred, self._times = len(found), np.zeros(len(found), np.int64)
        return found
