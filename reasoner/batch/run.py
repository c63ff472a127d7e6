"""The run of a batch: pieces to workers, their results to the state, and at the end the rules for the batch as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reasoner.batch.state import BatchState
from reasoner.batch.workers import workers
from reasoner.chart.fast.piece import Piece


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    done: int
    """Bytes of input."""
    total: int
    """Bytes of input in all; 0 where that is not known."""
    requests: int
    """Determinations made in this run."""
    seconds: float
    """Since this run began."""


def run(
    state: BatchState,
    pieces: Iterator[Piece],
    *,
    jobs: int = 1,
    total: int = 0,
    progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Determine all pieces that the state does not have yet.

    Args:
        state: the state of the batch, which has all results afterwards.
        pieces: the input, as `reasoner.chart.fast.piece.pieces` cuts it.
        jobs: how many processes determine.
        total: bytes of input, to say how far it is.
        progress: called after each piece.

    Raises:
        EngineError: a process was lost; the state keeps the pieces that are finished.
    """
    finished = state.finished()
    current: set[str] = set()
    scattered: dict[str, Piece] = {}
    begun, size, requests = time.monotonic(), 0, 0

    def unfinished() -> Iterator[Piece]:
        nonlocal size
        for piece in pieces:
            key = piece.key()
            current.add(key)
            if key in finished:
                size += piece.size()
            else:
                yield piece

    with workers(state.job, jobs) as determine:
        for result in determine(unfinished()):
            if result.scattered:
                scattered.setdefault(result.piece.files[0], result.piece)
            else:
                state.keep(result)
            size, requests = size + result.piece.size(), requests + len(result.rows)
            progress(Progress(size, total, requests, time.monotonic() - begun))
        for file in state.divided_files():
            scattered.setdefault(file, Piece((file,)))
        for file, piece in scattered.items():
            state.forget(file)
            for result in determine(iter([piece.whole()])):
                current.add(result.piece.key())
                state.keep(result)
    state.drop_all_but(current)
    state.reject_duplicates()
