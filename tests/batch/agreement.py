"""What a worker makes of a piece as columns, held against what it makes of the same data sets one by one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reasoner.batch.columns import ColumnWriter
from reasoner.batch.model import PieceResult
from reasoner.batch.workers import Worker
from reasoner.chart.fast import stream
from reasoner.chart.fast.piece import Piece


def agreed(worker: Worker, pieces: Sequence[Piece]) -> tuple[int, PieceResult]:
    """How many data sets of some pieces are told as columns, and what comes of all; it is the same one by one."""
    told: list[int] = []
    lines = ColumnWriter.lines

    def watched(self: ColumnWriter, *arguments: object) -> object:
        found = lines(self, *arguments)  # type: ignore[arg-type]
        told.append(len(found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ColumnWriter, "lines", watched)
        together = [worker(piece) for piece in pieces]
        patch.setattr(stream, "_columns", lambda *_: None)
        by_themselves = [worker(piece) for piece in pieces]
    for one, other in zip(together, by_themselves, strict=True):
        assert one.rows == other.rows
        assert _rejected(one) == _rejected(other)
        assert one.notes == other.notes
        assert (one.read, one.determined, one.rejected) == (other.read, other.determined, other.rejected)
        assert (one.graphs, one.scattered) == (other.graphs, other.scattered)
    whole = PieceResult(pieces[0])
    for one in together:
        for name in ("rows", "rejections", "notes", "graphs"):
            getattr(whole, name).extend(getattr(one, name))
        for name in ("read", "determined", "rejected"):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
    return sum(told), whole


def _rejected(result: PieceResult) -> list[tuple[object, ...]]:
    return [(found.source, str(found.error), found.raw, found.suffix) for found in result.rejections]
