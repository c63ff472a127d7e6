"""Workers: how many there are, and what they make of a piece."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from reasoner.batch.model import Job
from reasoner.batch.workers import SMALL, Worker, process_count, workers
from reasoner.chart.fast.piece import Piece
from tests.conftest import Attestation, chart, eventually


@pytest.mark.parametrize(
    ("jobs", "total", "expected"),
    [
        (3, 0, 3),
        (3, SMALL, 3),
        (0, 0, os.cpu_count()),
        (None, SMALL - 1, 1),
        (None, SMALL, os.cpu_count()),
    ],
)
def test_how_many_processes(jobs: int | None, total: int, expected: int) -> None:
    assert process_count(jobs, total) == expected


def test_a_worker_determines_rejects_and_notes(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.ttl", tmp_path / "bad.ttl"
    good.write_text(chart([Attestation("adult-admission:3")]))
    bad.write_text("no turtle")
    result = Worker(Job())(Piece((str(good), str(bad))))
    assert [row.source for row in result.rows] == [str(good)]
    (rejection,) = result.rejections
    assert (rejection.raw, rejection.suffix) == (b"no turtle", ".ttl")
    assert str(rejection.error).startswith(str(bad))
    assert not result.scattered


def test_quads_outside_a_graph_are_not_determined_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.nq"
    path.write_text("<urn:s> <urn:p> <urn:o> .\n")
    result = Worker(Job())(Piece((str(path),), ".nq", length=path.stat().st_size))
    assert (result.scattered, result.rows, result.rejections) == (True, [], [])


def test_results_come_in_the_order_of_the_pieces(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.ttl" for name in "cab"]
    for path in paths:
        path.write_text(chart([Attestation("adult-admission:3")]).replace("chart#", f"{path.stem}#"))
    pieces = [Piece((str(path),)) for path in paths]
    for jobs in (1, 2):
        with workers(Job(), jobs) as determine:
            assert [result.piece for result in determine(iter(pieces))] == pieces


def test_processes_end_that_an_interruption_finds_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise SystemExit(143)

    monkeypatch.setattr("concurrent.futures.process._ExecutorManagerThread.start", interrupted)
    before = {*multiprocessing.active_children()}
    with pytest.raises(SystemExit), workers(Job(), 2) as determine:
        next(determine(iter([Piece(("a",), ".ttl", data=b"")])))
    eventually(lambda: {*multiprocessing.active_children()} <= before)
