"""The state of a batch: what is kept of finished pieces, and what the batch as a whole rejects."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from reasoner.batch.model import Job, PieceResult, Rejection, Row, Tally
from reasoner.batch.state import BatchState
from reasoner.chart.fast.piece import Piece
from reasoner.ground.errors import DocumentationError, UsageError


def piece(name: str) -> Piece:
    return Piece((name,), data=name.encode())


def row(request: str, source: str, start: str = "2026-01-01") -> Row:
    return Row(source, request, start, "criteria-met", f'{{"request":"{request}"}}')


def keep(state: BatchState, result: PieceResult) -> None:
    state.keep(result.piece.key(), result)


@pytest.fixture
def state() -> Iterator[BatchState]:
    state = BatchState(None, Job())
    yield state
    state.close()


def test_rows_are_ordered_by_request_and_start(state: BatchState) -> None:
    keep(state, PieceResult(piece("a"), rows=[row("urn:b", "a"), row("urn:a", "a", "2026-02-01")]))
    keep(state, PieceResult(piece("b"), rows=[row("urn:c", "b")]))
    keep(state, PieceResult(piece("c"), rows=[]))
    assert [r.request for r in state.rows()] == ["urn:a", "urn:b", "urn:c"]
    assert state.finished() == {piece(name).key() for name in "abc"}
    assert state.outcomes() == {"criteria-met": 3}


def test_two_periods_of_a_request_are_no_duplicate(state: BatchState) -> None:
    keep(state, PieceResult(piece("a"), rows=[row("urn:a", "a"), row("urn:a", "a", "2026-02-01")]))
    state.reject_requests()
    assert [r.start for r in state.rows()] == ["2026-01-01", "2026-02-01"]


def test_a_request_in_two_data_sets_is_rejected_in_both(state: BatchState) -> None:
    keep(state, PieceResult(piece("a"), rows=[row("urn:a", "a.ttl"), row("urn:b", "a.ttl")]))
    keep(state, PieceResult(piece("b"), rows=[row("urn:a", "b.ttl")]))
    state.reject_requests()
    assert [r.request for r in state.rows()] == ["urn:b"]
    (rejection,) = state.rejections()
    assert rejection.error.where == "a.ttl, b.ttl"
    assert "<urn:a> is described in more than one data set" in rejection.error.problem


def test_a_request_that_one_of_two_files_describes_no_more_is_determined(state: BatchState) -> None:
    """A run that was interrupted behind this step has done nothing that the next one cannot take back."""
    for name in "ab":
        keep(state, PieceResult(piece(name), rows=[row("urn:a", f"{name}.ttl")], read=1, determined=1))
    state.reject_requests()
    assert (list(state.rows()), state.rejected(), state.totals()) == ([], 1, Tally(2, 0, 2))
    state.drop_all_but({piece("a").key()})
    state.reject_requests()
    assert [r.request for r in state.rows()] == ["urn:a"]
    assert (state.outcomes(), state.rejected(), state.totals()) == ({"criteria-met": 1}, 0, Tally(1, 1, 0))


def test_a_graph_in_two_pieces_divides_its_file(state: BatchState) -> None:
    first, second = (Piece(("a.nq",), ".nq", first=line, data=b"") for line in (1, 9))
    keep(state, PieceResult(first, graphs=[("a.nq", "a.nq <urn:g>"), ("b.nq", "b.nq <urn:g>")]))
    assert state.divided_files() == []
    keep(state, PieceResult(second, graphs=[("a.nq", "a.nq <urn:g>")], rows=[row("urn:r", "a.nq <urn:g>")]))
    assert state.divided_files() == ["a.nq"]
    state.forget("a.nq")
    assert state.finished() == set()
    assert list(state.rows()) == []


def test_pieces_that_the_input_has_no_more_go_with_their_results(state: BatchState) -> None:
    rejection = Rejection("a", DocumentationError("it is broken", where="a", mend="Mend it"), b"raw", ".ttl")
    keep(state, PieceResult(piece("a"), rows=[row("urn:a", "a")], rejections=[rejection], notes=[("a", "not used")]))
    keep(state, PieceResult(piece("b"), rows=[row("urn:b", "b")]))
    (kept,) = state.rejections()
    assert (str(kept.error), kept.raw, kept.suffix) == (str(rejection.error), b"raw", ".ttl")
    state.drop_all_but({piece("b").key()})
    assert [r.request for r in state.rows()] == ["urn:b"]
    assert (state.rejected(), list(state.notes())) == (0, [])


def test_a_resumed_batch_keeps_the_day_on_which_it_began(tmp_path: Path) -> None:
    BatchState(tmp_path / "state", Job(today=date(2026, 5, 1))).close()
    resumed = BatchState(tmp_path / "state", Job(today=date(2026, 5, 2)), resume=True)
    assert resumed.job.today == date(2026, 5, 1)
    resumed.discard()
    assert list(tmp_path.iterdir()) == []


def test_only_a_batch_of_the_same_job_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no interrupted batch"):
        BatchState(tmp_path / "state", Job(), resume=True)
    BatchState(tmp_path / "state", Job()).close()
    with pytest.raises(UsageError, match="other options"):
        BatchState(tmp_path / "state", Job(alternatives=False), resume=True)


@pytest.mark.parametrize("corrupt", [False, True])
@pytest.mark.parametrize("table", ["setting", "notes"])
def test_a_database_of_another_program_is_never_deleted(tmp_path: Path, table: str, corrupt: bool) -> None:
    path = tmp_path / "state"
    with closing(sqlite3.connect(path)) as other:
        other.executescript(f"CREATE TABLE {table} (name, value); INSERT INTO {table} VALUES ('job', 'x');")
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100) if corrupt else data)
    for resume in (False, True):
        with pytest.raises(UsageError, match="no state of a batch"):
            BatchState(path, Job(), resume=resume)
    assert path.read_bytes()[:100] == data[:100]


def test_a_state_that_is_damaged_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "state"
    BatchState(path, Job()).close()
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    BatchState(path, Job()).discard()
    assert not path.exists()
