"""Memory that is used again: the system takes its time to give new, and what is freed between others is seldom of use."""

from __future__ import annotations

import threading
import weakref

import numpy as np
import numpy.typing as npt

_KEPT = 32 * 2**20
"""Bytes that are kept; those that were never used take no room."""


class ReusedMemory(threading.local):
    """Memory of one purpose, of each thread its own."""

    def __init__(self) -> None:
        self._kept = np.empty(_KEPT, np.uint8).data
        self._given: weakref.ref[npt.NDArray[np.uint8]] | None = None

    def of(self, size: int) -> npt.NDArray[np.uint8]:
        """So many bytes; those of the last time unless they, or a view of them, are still held."""
        if size > _KEPT or (self._given and self._given() is not None):
            return np.empty(size, np.uint8)
        # What is a view of it holds it, which it would not if this were a part of an array: the view would hold that.
        found = np.frombuffer(self._kept, np.uint8, size)
        self._given = weakref.ref(found)
        return found


COLUMNS, LINES = ReusedMemory(), ReusedMemory()
