"""The run of a batch: pieces to workers, their results to the state, and at the end the rules for the batch as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from reasoner.batch.model import PieceResult, Tally
from reasoner.batch.state import BatchState
from reasoner.batch.workers import workers
from reasoner.chart.fast.piece import EXPORT, Piece, anew, changed_meanwhile
from reasoner.ground.errors import EngineError


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    done: int
    """Bytes of input."""
    total: int
    """Bytes of input in all; 0 where that is not known."""
    rows: int
    """Rows of tables of quads among it."""
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
) -> Tally:
    """Determine all pieces that the state does not have yet.

    Args:
        state: the state of the batch, which has all results afterwards.
        pieces: the input, as `reasoner.chart.fast.piece.pieces` cuts it.
        jobs: how many processes determine.
        total: bytes of input, to say how far it is.
        progress: called after each piece.

    Returns:
        How many data sets were read, and what became of them.

    Raises:
        EngineError: a process was lost, or a part of the input; the state keeps the pieces that are finished.
    """
    finished = state.finished()
    current: dict[str, set[str]] = {}  # the keys of the pieces of each origin
    whole: dict[str, Piece] = {}  # the pieces that stand for all parts of their file
    spooled: dict[str, Piece] = {}
    changed: dict[str, tuple[Piece, list[str]]] = {}  # one of those of each origin, and what of it was changed
    begun, size, rows, requests = time.monotonic(), 0, 0, 0

    def unfinished() -> Iterator[Piece]:
        nonlocal size, rows
        for piece in pieces:
            key, keys = piece.key(), current.setdefault(piece.origin, set())
            if key in keys:
                continue  # it is the same again
            keys.add(key)
            if piece.spool:
                spooled[piece.origin] = piece
            if piece.at_once:
                whole[piece.origin] = piece
            if key in finished:
                size, rows = size + piece.size(), rows + piece.rows
            else:
                yield piece

    def keep(result: PieceResult) -> None:
        origin = result.piece.origin
        if names := result.piece.changed():
            changed[origin] = result.piece, names
        elif result.scattered:
            whole.setdefault(origin, result.piece.whole())
        else:
            state.keep(result.piece.key(), result)

    def replace(origin: str, others: Iterable[Piece]) -> None:
        """Determine other pieces in place of those of an origin."""
        state.forget(origin)
        current.pop(origin)
        for piece in others:
            current.setdefault(piece.origin, set()).add(piece.key())
            for result in determine(iter([piece])):
                keep(result)

    try:
        with workers(state.job, jobs) as determine:
            for result in determine(unfinished()):
                keep(result)
                size, rows = size + result.piece.size(), rows + result.piece.rows
                requests += len(result.rows)
                progress(Progress(size, total, rows, requests, time.monotonic() - begun))
            for origin in state.divided_files():
                whole.setdefault(origin, spooled.get(origin, anew([origin])).whole())
            for origin, piece in whole.items():
                replace(origin, [piece])
            while changed:
                origin, (piece, names) = changed.popitem()
                replace(origin, _instead(piece, names))
        return _finish(state, {key for keys in current.values() for key in keys})
    finally:
        for piece in spooled.values():
            piece.discard()


def _instead(piece: Piece, names: Collection[str]) -> Iterator[Piece]:
    """What stands in place of a piece some files of which were changed: a rejection of each, and the others as they are now."""
    for name in names:
        yield Piece((name,), EXPORT, data=b"", error=changed_meanwhile(name))
    others = [name for name in piece.files if name not in names]
    if others and piece.data is None:
        yield anew(others)


def _finish(state: BatchState, current: Collection[str]) -> Tally:
    """Apply the rules for the batch as a whole, once its pieces are known to be all there."""
    state.drop_all_but(current)
    totals = state.totals()
    lost = len(set(current) - state.finished())
    if lost or totals.read != totals.determined + totals.rejected:
        raise EngineError(
            f"a part of the input was lost: {lost} pieces, and of {totals.read} data sets that were read "
            f"{totals.determined} were determined and {totals.rejected} rejected",
            mend="This is a fault of the software: report it, and use no result of this run",
        )
    state.reject_requests()
    return state.totals()
