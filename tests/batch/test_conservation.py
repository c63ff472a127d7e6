"""Nothing is lost on any way in: what a batch reads, it determines or rejects by name."""

from __future__ import annotations

import io
import json
import os
import random
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.generate import write
from reasoner.batch.model import Job, PieceResult
from reasoner.batch.run import run
from reasoner.batch.state import BatchState
from reasoner.batch.workers import Worker
from reasoner.chart.fast import piece
from reasoner.chart.fast.piece import Piece
from reasoner.cli import main
from reasoner.ground.errors import EngineError

CHARTS = 12


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, 20_000))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("charts")
    write(folder, CHARTS, seed=31)
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.nq")))


def determined(tmp_path: Path, *arguments: str, code: int = 0) -> list[bytes]:
    out = tmp_path / "out"
    assert main(["determine", *arguments, "--format", "compact", "--out", str(out)]) == code
    assert not list(tmp_path.glob("necessity-*")), "what standard input was put down in is gone"
    return out.read_bytes().splitlines()


@pytest.fixture(scope="module")
def expected(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("expected")
    (folder / "charts.nq").write_bytes(text)
    lines = determined(folder, str(folder / "charts.nq"))
    assert len(lines) == CHARTS
    return lines


MANNERS: dict[str, Callable[[bytes], bytes]] = {
    "no last newline": lambda text: text.removesuffix(b"\n"),
    "carriage returns": lambda text: text.replace(b"\n", b"\r\n"),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "comment first": lambda text: b"# charts\n" + text,
    "comment within": lambda text: text.replace(b" .\n", b" .\n# a comment\n", 900),
    "comment behind": lambda text: text.replace(b" .\n", b" . # a comment\n", 900),
    "blank lines": lambda text: text.replace(b" .\n", b" .\n\n", 700),
    "tabs": lambda text: text.replace(b"> <", b">\t<", 500),
    "no space before the dot": lambda text: text.replace(b" .\n", b".\n"),
    "shuffled": lambda text: b"".join(random.Random(3).sample(text.splitlines(keepends=True), text.count(b"\n"))),
}


@pytest.mark.parametrize("manner", MANNERS)
def test_quads_as_they_may_be_written(
    manner: str, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """By path and by standard input alike."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    written = MANNERS[manner](text)
    (tmp_path / "charts.nq").write_bytes(written)
    assert determined(tmp_path, str(tmp_path / "charts.nq")) == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert determined(tmp_path, "-", "--input-format", "nq") == expected
    told = [line for line in capsys.readouterr().err.splitlines() if " requests, " not in line]  # of a slow run
    assert told == [f"read {CHARTS} data sets: {CHARTS} determined, 0 rejected"] * 2


def test_the_default_graph_of_standard_input_is_visible_to_all_its_graphs(
    text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refutation in the last line, in no graph, reaches a chart many pieces before it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = text.partition(b"\n")[0].rpartition(b" <")[2].removesuffix(b"> .").decode()
    nec, note = "https://w3id.org/necessity/core#", f"<{first}#late-note>"
    said = [
        ("22-rdf-syntax-ns#type", f"<{nec}Statement>"),
        ("about", f"<{first}#request>"),
        ("addresses", "<https://w3id.org/necessity/mp9556/2025-04-01/exclusions/2>"),
        ("assertion", f"<{nec}Affirmed>"),
        ("documentedIn", note),
        ("recorded", '"2026-05-01"^^<http://www.w3.org/2001/XMLSchema#date>'),
    ]
    rdf = "http://www.w3.org/1999/02/"
    lines = [f"<{first}#late> <{rdf if 'rdf' in name else nec}{name}> {value} .\n" for name, value in said]
    written = text + "".join(lines).encode()
    (tmp_path / "charts.nq").write_bytes(written)
    by_path = determined(tmp_path, str(tmp_path / "charts.nq"), code=3)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert determined(tmp_path, "-", "--input-format", "nq", code=3) == by_path
    assert b"#late" in by_path[0] or len(by_path) == 1


def table(text: bytes, folder: Path, *, rows: int = 400, change: Callable[[list[dict]], None] = lambda _: None) -> Path:
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    import pyarrow.parquet as pq

    found = []
    for line in text.decode().splitlines():
        subject, predicate, rest = line.removesuffix(" .").split(" ", 2)
        value, _, graph = rest.rpartition(" ")
        found.append({"subject": subject, "predicate": predicate, "object": value, "graph": graph})
    change(found)
    path = folder / "quads.parquet"
    pq.write_table(pa.Table.from_pylist(found), path, row_group_size=rows)
    return path


def test_a_row_of_parquet_may_stand_out_of_place(text: bytes, expected: list[bytes], tmp_path: Path) -> None:
    path = table(text, tmp_path, change=lambda rows: rows.append(rows.pop(7)))
    assert determined(tmp_path, str(path)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_parquet_in_any_order(text: bytes, expected: list[bytes], tmp_path: Path, seed: int) -> None:
    path = table(text, tmp_path, change=random.Random(seed).shuffle)
    assert determined(tmp_path, str(path)) == expected


@pytest.mark.parametrize("column", ["subject", "predicate", "object", "graph"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_row_of_parquet_without_a_term_rejects_the_file_by_name(
    column: str, nothing: str | None, text: bytes, expected: list[bytes], tmp_path: Path, capsys
) -> None:
    """It could belong to any chart; the other files go on."""

    def forget(rows: list[dict]) -> None:
        rows[900][column] = nothing

    path = table(text, tmp_path, change=forget)
    (tmp_path / "whole.nq").write_bytes(text)
    assert determined(tmp_path, str(path), str(tmp_path / "whole.nq"), code=3) == expected
    assert f"{path}: row 901 has no {column}" in (err := capsys.readouterr().err)
    assert f"read {CHARTS + 1} data sets: {CHARTS} determined, 1 rejected" in err


def test_a_damaged_page_of_parquet_rejects_the_file_by_name(
    text: bytes, expected: list[bytes], tmp_path: Path, capsys
) -> None:
    path = table(text, tmp_path, rows=300)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = bytes(4000)
    path.write_bytes(content)
    (tmp_path / "whole.nq").write_bytes(text)
    assert determined(tmp_path, str(path), str(tmp_path / "whole.nq"), code=3) == expected
    assert f"rejected: {path}: this Parquet is damaged" in capsys.readouterr().err


def test_quads_by_a_pipe(text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that has a name can be read only once, and need not tell its type."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, told in (("pipe.nq", []), ("pipe", ["--input-format", "nq"])):
        pipe = tmp_path / name
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(text,))
        writer.start()
        assert determined(tmp_path, str(pipe), *told) == expected
        writer.join(60)
        pipe.unlink()


def test_a_path_that_is_given_twice_is_read_once(text: bytes, expected: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "charts.nq").write_bytes(text)
    assert determined(tmp_path, str(tmp_path / "charts.nq"), str(tmp_path / "charts.nq"), str(tmp_path)) == expected


def test_a_sheet_that_is_cut_off_rejects_its_last_request(tmp_path: Path, capsys) -> None:
    from tests.batch.test_pieces import sheet

    whole = sheet()
    (tmp_path / "sheet.csv").write_text(whole[: whole.rindex("adult-admission:5")])
    lines = determined(tmp_path, str(tmp_path / "sheet.csv"), code=3)
    assert len(lines) == 5
    assert "read 6 data sets: 5 determined, 1 rejected" in capsys.readouterr().err


def test_a_batch_that_lost_something_fails(text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The totals are checked: a fault of the reader ends the run."""
    (tmp_path / "charts.nq").write_bytes(text)
    determine = Worker._determine_quads

    def forgetful(self: Worker, part: Piece, result: PieceResult) -> None:
        determine(self, part, result)
        result.determined -= 1

    monkeypatch.setattr(Worker, "_determine_quads", forgetful)
    state = BatchState(None, Job())
    with pytest.raises(EngineError, match="a part of the input was lost"):
        run(state, piece.pieces([str(tmp_path / "charts.nq")], size=2**19))
    state.close()


def test_standard_input_is_resumed(
    text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pieces() -> list[Piece]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        return list(piece.pieces(["-"], ".nq"))

    first = pieces()
    batch = BatchState(tmp_path / "state", Job())
    run(batch, iter(first[:3]))
    batch.close()
    told: list[int] = []
    resumed = BatchState(tmp_path / "state", Job(), resume=True)
    run(resumed, iter(pieces()), progress=lambda progress: told.append(progress.requests))
    assert 0 < told[-1] < CHARTS, "what was done is not done again"
    assert [row.line.encode() for row in resumed.rows()] == expected
    assert [json.loads(line)["request"] for line in expected]
    resumed.discard()
