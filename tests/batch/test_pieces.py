"""Batches over what has parts: bulk exports by patient, sheets by request, however they are cut."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from reasoner.chart.fast import piece
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing
from tests.chart.test_bulk import condition, patient
from tests.chart.test_sheet import FIRST, HEAD

KIND = ["--phase", "admission", "--focus", "mental-health", "--service-start", "2025-06-02", "--jurisdiction", "US-MO"]
PATIENTS = [f"p{number}" for number in range(7)]


def briefs(path: str | Path, out: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
    command = ["determine", str(path), "--format", "compact", "--out", str(out), *options]
    assert main(command) == code
    return [json.loads(line) for line in out.read_text().splitlines()]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of seven patients in two files, and the bundle of each."""
    folder, bundles = tmp_path / "export", tmp_path / "bundles"
    folder.mkdir()
    bundles.mkdir()
    conditions = {name: condition(f"c-{name}", f"Patient/{name}", recordedDate="2025-06-01") for name in PATIENTS}
    people = [json.dumps(patient(name)) for name in PATIENTS]
    (folder / "Patient.ndjson").write_text("\n\n" + "\n".join(people) + "\n")
    (folder / "Condition.000.ndjson").write_text("".join(json.dumps(conditions[name]) + "\n" for name in PATIENTS))
    for name in PATIENTS:
        entries = [{"resource": resource} for resource in (patient(name), conditions[name])]
        (bundles / f"{name}.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    return folder


@pytest.mark.parametrize("size", [1, 2**19])
def test_an_export_gives_what_each_patients_bundle_gives(
    export: Path, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = briefs(export.parent / "bundles", tmp_path / "expected", *KIND)
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    assert len(expected) == 7
    assert [brief["criteria"]["adult-admission:1-diagnosis"] for brief in expected] == ["met"] * 7

    def answers(found: list[dict[str, Any]]) -> list[Any]:
        return [(brief["criteria"], brief["outcome"], brief["gap"]) for brief in found]

    found = briefs(export, tmp_path / "found", *KIND, "--jobs", "2")
    assert answers(found) == answers(expected)
    lines = b"".join(path.read_bytes() for path in sorted(export.iterdir(), reverse=True))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert briefs("-", tmp_path / "flow", *KIND, "--input-format", "ndjson") == found


def test_what_is_nobodys_is_told_and_a_broken_line_rejects_its_patient(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (export / "Condition.000.ndjson").open("a") as stream:
        stream.write(json.dumps(condition("c", "Patient/unknown")) + "\n")
        stream.write('{"resourceType": "Condition", "subject": {"reference": "Patient/p3"}, oops\n')
    found = briefs(export, tmp_path / "found", *KIND, "--quarantine", str(tmp_path / "bad"), code=3)
    assert len(found) == 6
    assert "Condition: 1 not used" in capsys.readouterr().err
    (reason,) = (json.loads(line) for line in (tmp_path / "bad" / "rejected.jsonl").read_text().splitlines())
    assert "p3" in json.dumps(reason)


def sheet(bad: str = "") -> str:
    rest = "adult-admission:3,affirmed,2025-06-02,Note,R. Example,2025-06-02,Takes part.\n"
    more = "adult-admission:5,denied,2025-06-02,Note,R. Example,2025-06-02,Declines.\n"
    first = [f"{FIRST.replace('r1', f'r{n}')}{bad or rest if n == 3 else rest}" for n in range(6)]
    return HEAD + "".join(f"{line}r{n},,,,,,,,{more}" for n, line in enumerate(first))


@pytest.mark.parametrize("size", [1, 2**19])
def test_a_sheet_is_cut_between_requests(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(sheet())
    expected = briefs(path, tmp_path / "expected")
    assert [brief["criteria"]["adult-admission:5"] for brief in expected] == ["not-met"] * 6
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    assert briefs(path, tmp_path / "found", "--jobs", "2") == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sheet().encode())))
    assert [b["criteria"] for b in briefs("-", tmp_path / "flow", "--input-format", "csv")] == [
        brief["criteria"] for brief in expected
    ]


def test_a_table_of_statements_is_told_from_one_of_quads(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    import pyarrow.parquet as pq

    (tmp_path / "sheet.csv").write_text(sheet())
    header, *rows = [line.split(",") for line in sheet().splitlines()]
    columns = {name: [row[i] or None for row in rows] for i, name in enumerate(header)}
    pq.write_table(pa.table(columns), tmp_path / "sheet.parquet")
    expected = [brief["criteria"] for brief in briefs(tmp_path / "sheet.csv", tmp_path / "expected")]
    assert [b["criteria"] for b in briefs(tmp_path / "sheet.parquet", tmp_path / "found")] == expected


@pytest.mark.parametrize("size", [1, 2**19])
@pytest.mark.parametrize(
    "bad",
    [
        "adult-admission:99,affirmed,2025-06-02,Note,R. Example,2025-06-02,\n",  # no such criterion
        "adult-admission:3,affirmed,2025-13-02,Note,R. Example,2025-06-02,\n",  # no such day
        "adult-admission:3,,2025-06-02,Note,R. Example,2025-06-02,\n",  # says nothing
    ],
)
def test_a_bad_row_rejects_its_request_alone_and_can_be_mended(
    tmp_path: Path, size: int, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    path = tmp_path / "sheet.csv"
    path.write_text(sheet(bad))
    found = briefs(path, tmp_path / "found", "--quarantine", str(tmp_path / "bad"), code=3)
    assert len(found) == 5
    (reason,) = (json.loads(line) for line in (tmp_path / "bad" / "rejected.jsonl").read_text().splitlines())
    assert "row" in json.dumps(reason)
    assert "8" in json.dumps(reason)  # the seventh row after the header
    (kept,) = (tmp_path / "bad").glob("*.csv")
    kept.write_text(
        kept.read_text().replace(",2025-13-02", ",2025-06-02").replace(":99", ":3").replace(":3,,", ":3,affirmed,")
    )
    assert len(briefs(kept, tmp_path / "mended")) == 1


@pytest.mark.parametrize("size", [1, 2**19])
def test_rows_of_a_request_that_stand_apart_reject_it_also_where_some_cannot_be_read(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However the sheet is cut; nothing is determined from the rows that can be read."""
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    path = tmp_path / "sheet.csv"
    path.write_text(sheet() + "r2,,,,,,,,adult-admission:5,denied,2025-13-02,Note,R. Example,2025-06-02,Declines.\n")
    found = briefs(path, tmp_path / "found", code=3)
    assert [brief["request"].rpartition(":")[2] for brief in found] == ["r0", "r1", "r3", "r4", "r5"]
    assert "read 7 data sets: 5 determined, 2 rejected" in capsys.readouterr().err


def test_data_sets_that_describe_one_request_are_told_as_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(sheet())
    assert briefs(tmp_path, tmp_path / "found", code=2) == []
    assert "read 12 data sets: 0 determined, 12 rejected" in capsys.readouterr().err


def test_a_sheet_that_is_cut_off_rejects_its_last_request(tmp_path: Path, capsys) -> None:
    whole = sheet()
    (tmp_path / "sheet.csv").write_text(whole[: whole.rindex("adult-admission:5")])
    assert len(briefs(tmp_path / "sheet.csv", tmp_path / "out", code=3)) == 5
    assert "read 6 data sets: 5 determined, 1 rejected" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "-"])
@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_lines_that_hold_nothing_are_rejected(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    Path(name).write_bytes(gzip.compress(content) if content and name.endswith(".gz") else content)
    assert briefs(name, tmp_path / "out", *(("--input-format", "ndjson") if name == "-" else ()), code=2) == []
    called = "standard input" if name == "-" else name
    err = capsys.readouterr().err
    assert f"rejected: {called}: the file is empty. Give it a JSON document a line\n" in err
    assert "read 1 data set: 0 determined, 1 rejected" in err


@pytest.mark.parametrize(("suffix", "what"), [(piece.LINES, "line"), (piece.QUADS, "graph")])
def test_what_cannot_be_cut_is_told_by_what_it_is(
    suffix: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MAX_BYTES", 10)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"a" * 20)
    with pytest.raises(DocumentationError, match=f"a {what} is larger than 0 MiB"):
        list(piece.cut("a", suffix, [b"a" * 20], 5))
    with pytest.raises(DocumentationError, match=f"a {what} is larger than 0 MiB"):
        piece.Piece((str(path),), suffix, length=20).read()
