"""A file that is changed while a batch reads it costs that file: nothing is made of two of its states, and the rest goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reasoner.batch import lake
from reasoner.batch.state import BatchState
from reasoner.chart.fast import piece, stream
from reasoner.cli import main
from tests.batch.file_kinds import KINDS
from tests.batch.mutations import sound
from tests.conftest import Attestation, chart

PROBLEM = "the file was changed or removed while it was read"


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[::-1])
    other.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "appended to": lambda path: path.open("ab").write(path.read_bytes()),
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "written anew": lambda path: path.write_bytes(path.read_bytes()[::-1]),
    "replaced": replace,
    "removed": lambda path: path.unlink(),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, 10_000))


def meanwhile(monkeypatch: pytest.MonkeyPatch, victim: Path, change: Callable[[Path], object], at: int) -> None:
    """Have a file changed when so many pieces were read that are of it."""
    read, count = stream.run_groups, 0

    def changing(part: piece.Piece, *arguments: Any, **options: Any) -> Any:
        nonlocal count
        if any(state.name.startswith(str(victim)) for state in part.states):
            count += 1
            if count == at:
                change(victim)
        return read(part, *arguments, **options)

    monkeypatch.setattr(stream, "run_groups", changing)


def briefs(out: Path) -> list[str]:
    """The requests that are determined."""
    return [json.loads(line)["request"] for line in out.read_text().splitlines()]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", KINDS)
def test_it_costs_that_file(
    name: str, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, folder, out = KINDS[name], tmp_path / "charts", tmp_path / "out"
    victim = folder / f"b{kind.suffix}"
    folder.mkdir()
    for other in "ac":
        (folder / f"{other}.ttl").write_text(chart([Attestation("adult-admission:3")]).replace("chart#", f"{other}#"))
    batch = ["determine", str(folder), "--format", "compact", "--out", str(out), "--as-of", "2025-12-31", *kind.options]
    victim.write_bytes(sound(kind))
    with monkeypatch.context() as patch:
        meanwhile(patch, victim, CHANGES[change], 2 if name == "quads" else 1)
        assert main(batch) == 3
    said = capsys.readouterr().err
    assert f"rejected: {victim}" in said
    assert PROBLEM in said
    found = [request for request in briefs(out) if name != "archive" or "/generated/" not in request]  # its other file
    assert found == ["http://example.org/a#request", "http://example.org/c#request"]
    victim.write_bytes(sound(kind))
    assert main(batch) == 0
    assert len(briefs(out)) > 2


def test_resumed_it_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, out = tmp_path / "charts.nq", tmp_path / "out"
    victim.write_bytes(sound(KINDS["quads"]))
    batch = ["determine", str(victim), "--format", "compact", "--out", str(out), "--as-of", "2025-12-31"]
    assert main(batch) == 0
    expected = out.read_bytes()
    out.unlink()
    meanwhile(monkeypatch, victim, CHANGES["appended to"], 2)
    with monkeypatch.context() as patch:
        patch.setattr(BatchState, "reject_requests", broken_off)
        with pytest.raises(SystemExit):
            main(batch)
    assert not out.exists()
    victim.write_bytes(sound(KINDS["quads"]))
    assert main([*batch, "--resume"]) == 0
    assert out.read_bytes() == expected


def broken_off(_: BatchState) -> None:
    raise KeyboardInterrupt


def test_of_a_lake_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, victim = tmp_path / "lake", tmp_path / "lake" / "b.parquet"
    source.mkdir()
    for name in "ab":
        (source / f"{name}.parquet").write_bytes(sound(KINDS["parquet"]))
    meanwhile(monkeypatch, victim, replace, 1)
    (first, count, _), (_, none, reasons) = lake.determine(source, tmp_path / "results")
    assert (count > 0, none) == (True, 0)
    assert PROBLEM in reasons[0]
    assert list((tmp_path / "results").glob("[!.]*")) == [first]
