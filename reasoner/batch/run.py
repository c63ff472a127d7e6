"""The run of a batch: pieces to workers, their results to the state, and at the end the rules for the batch as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from reasoner.batch.model import PieceResult, Tally
from reasoner.batch.state import BatchState
from reasoner.batch.workers import workers
from reasoner.chart.fast.piece import Piece
from reasoner.ground.errors import EngineError, UsageError


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
        UsageError: a file was changed or removed meanwhile.
    """
    finished = state.finished()
    current: dict[str, str] = {}  # the file of each piece by its key
    whole: dict[str, Piece] = {}  # the pieces that stand for all parts of their file
    spooled: dict[str, Piece] = {}
    begun, size, rows, requests = time.monotonic(), 0, 0, 0

    def unfinished() -> Iterator[Piece]:
        nonlocal size, rows
        for piece in pieces:
            key, file = _key(piece), piece.files[0]
            if key in current:
                continue  # it is the same again
            if piece.spool:
                spooled[file] = piece
            if piece.at_once:
                whole[file] = piece
            current[key] = file
            if key in finished:
                size, rows = size + piece.size(), rows + piece.rows
            else:
                yield piece

    def keep(result: PieceResult) -> None:
        key = _key(result.piece)
        if key not in current:  # so it may hold a part of a chart
            raise _changed(result.piece)
        state.keep(key, result)

    try:
        with workers(state.job, jobs) as determine:
            for result in determine(unfinished()):
                if result.scattered:
                    whole.setdefault(result.piece.files[0], result.piece.whole())
                else:
                    keep(result)
                size, rows = size + result.piece.size(), rows + result.piece.rows
                requests += len(result.rows)
                progress(Progress(size, total, rows, requests, time.monotonic() - begun))
            for file in state.divided_files():
                whole.setdefault(file, spooled.get(file, Piece((file,))).whole())
            for file, piece in whole.items():
                state.forget(file)
                current = {key: other for key, other in current.items() if other != file}
                current[_key(piece)] = file
                for result in determine(iter([piece])):
                    keep(result)
        return _finish(state, current)
    finally:
        for piece in spooled.values():
            piece.discard()


def _key(piece: Piece) -> str:
    """The key of a piece; raises `UsageError` if a file of it is gone."""
    try:
        return piece.key()
    except OSError as error:
        raise _changed(piece) from error


def _changed(piece: Piece) -> UsageError:
    others = f" or one of {len(piece.files) - 1} that are read with it" if len(piece.files) > 1 else ""
    return UsageError(
        "the file was changed or removed while the batch ran",
        where=f"{piece.name}{others}",
        mend="Run the batch again once the file is written; --resume auto keeps what was done of others",
    )


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
    state.reject_duplicates()
    return state.totals()
