"""The commands on notes: from documents to suggestions, from a reviewed sheet to a chart that is determined."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner.cli import main
from reasoner.rdf.namespaces import NEC, RDF

REQUEST = (
    *("--phase", "admission", "--focus", "mental-health", "--service-start", "2026-02-16"),
    *("--birth-date", "1987-06-14", "--jurisdiction", "US-MO"),
)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "intake.txt").write_text("Seen 2026-02-09.\n\nAgrees to come to group three days a week.\n")
    (folder / "call.txt").write_text("2026-02-10 His wife sat in today and means to come each week.\n")
    return folder


def test_lines_for_what_the_request_is_asked(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abstract", str(notes), *REQUEST]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    criteria = {line["criterion"] for line in lines}
    assert {"adult-admission:5", "exclusions:1", "description:days"} <= criteria
    assert not any(name.startswith(("substance-use", "adult-continuation")) for name in criteria)
    assert max(line["rank"] for line in lines) <= 10
    (first,) = [line for line in lines if line["criterion"] == "adult-admission:5" and line["rank"] == 1]
    assert first["file"] == str(notes / "intake.txt")
    assert (notes / "intake.txt").read_text()[first["start"] : first["end"]] == first["quote"]


def test_without_a_kind_of_request_every_leaf_is_asked(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abstract", str(notes)]) == 0
    criteria = {json.loads(line)["criterion"] for line in capsys.readouterr().out.splitlines()}
    assert {"adult-admission:5", "adult-continuation:3", "substance-use:4", "illinois:level"} <= criteria


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--phase", "admission"), "the kind of request is not said"),
        ((*REQUEST, "--service-start", "2020-01-01"), "no version of the policy is in force"),
        ((*REQUEST, "--birth-date", "2030-01-01"), "--birth-date lies after --service-start"),
        (("--service-start", "soon"), "--service-start cannot be 'soon'"),
        (("--reviewer", "M"), "--reviewer is for --accept"),
    ],
)
def test_what_cannot_be_is_refused(
    notes: Path, options: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["abstract", str(notes), *options]) == 2
    assert problem in capsys.readouterr().err


def test_no_document_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abstract"]) == 2
    assert "no document is named" in capsys.readouterr().err
    assert main(["abstract", str(tmp_path / "none.txt")]) == 2


def test_a_document_that_cannot_be_read_is_named(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (notes / "empty.txt").write_text("")
    assert main(["abstract", str(notes), *REQUEST]) == 3
    assert "empty.txt" in capsys.readouterr().err


def test_from_notes_to_a_determination(notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["abstract", str(notes), *REQUEST, "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "review.csv", "suggestions.html", "suggestions.jsonl", "suggestions.ttl", "texts",
    ]  # fmt: skip
    assert {path.read_text() for path in (out / "texts").iterdir()} == {p.read_text() for p in notes.iterdir()}
    assert list(Graph().parse(out / "suggestions.ttl").subjects(RDF.type, NEC.Suggestion))
    with (out / "review.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["issued"] for row in rows} == {"2026-02-09", "2026-02-10"}
    for row in rows:
        if row["criterion"] == "adult-admission:5" and row["quote"].startswith("Agrees"):
            row["stance"] = "affirmed"
    with (out / "reviewed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    chart = tmp_path / "chart.ttl"
    accepting = ["abstract", "--accept", str(out / "reviewed.csv"), "--reviewer", "M. Example"]
    assert main([*accepting, str(notes), "--out", str(chart)]) == 0
    capsys.readouterr()
    assert main(["determine", str(chart), "--format", "jsonl"]) == 0
    statuses = {c["id"]: c["status"] for c in json.loads(capsys.readouterr().out)["criteria"]}
    assert statuses["adult-admission:5"] == "met"
    assert statuses["adult-admission:6-plan"] == "not-documented"


def test_a_sheet_that_nobody_marked_makes_no_chart(
    notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["abstract", str(notes), *REQUEST, "--format", "csv", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["review.csv", "texts"]
    assert main(["abstract", "--accept", str(out / "review.csv"), "--out", str(tmp_path / "chart.ttl")]) == 2
    assert "no row has a stance" in capsys.readouterr().err
    assert not (tmp_path / "chart.ttl").exists()
    assert main(["abstract", "--accept", str(out / "review.csv"), "--format", "csv"]) == 2


def test_facts_that_are_missing_are_named(notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abstract", str(notes), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    rows[0]["stance"] = "affirmed"
    with (tmp_path / "reviewed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerow(rows[0])
    accepting = [
        "abstract",
        "--accept",
        str(tmp_path / "reviewed.csv"),
        "--reviewer",
        "M",
        "--out",
        str(tmp_path / "c.ttl"),
    ]
    assert main(accepting) == 2
    told = capsys.readouterr().err
    assert f"{tmp_path / 'reviewed.csv'}: " in told
    assert "nec:birthDate" in told
    assert not (tmp_path / "c.ttl").exists()
    assert main([*accepting, *REQUEST]) == 0
    assert (tmp_path / "c.ttl").exists()


def test_find(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", "adult-admission:7-a", str(notes)]) == 0
    told = capsys.readouterr().out
    assert "His wife sat in today" in told.splitlines()[1]
    assert main(["find", "adult-admission:6", str(notes), "--format", "jsonl"]) == 0
    criteria = {json.loads(line)["criterion"] for line in capsys.readouterr().out.splitlines()}
    assert criteria == {f"adult-admission:6-{part}" for part in ("plan", "provider", "emergency")}
    assert main(["find", "adult-admission:77", str(notes)]) == 2
    assert "no criterion" in capsys.readouterr().err


def test_the_files_that_statements_rest_on_are_kept_beside_a_base(
    notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NECESSITY_KB", raising=False)
    key, sheet, chart, base = (tmp_path / name for name in ("key", "reviewed.csv", "chart.ttl", "kb"))
    key.write_bytes(base64.b64encode(bytes(32)))
    assert main(["abstract", str(notes), *REQUEST, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    for row in rows:
        row["stance"] = "affirmed" if row["criterion"] == "adult-admission:5" and row["rank"] == "1" else ""
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    accept = ("abstract", "--accept", str(sheet), "--reviewer", "M. Example", "--out", str(chart), str(notes))
    kept = tmp_path / "kept"
    assert main([*accept, "--originals", str(kept), "--originals-key", str(key)]) == 0
    (file,) = kept.iterdir()  # that of the statement's document, not of the other
    assert b"Agrees" not in file.read_bytes()

    monkeypatch.setenv("NECESSITY_KB", str(base))
    assert main(["kb", "init"]) == 0
    assert main(["kb", "load", str(chart), "--originals", str(kept), "--originals-key", str(key)]) == 0
    assert "kept       original  ni:///sha-256;" in capsys.readouterr().out
    assert main(["kb", "verify", "--originals-key", str(key)]) == 0
    assert main(["kb", "verify"]) == 2
    assert "not checked: 1 encrypted original" in capsys.readouterr().out
    assert main(["kb", "remove", *(str(s) for s in Graph().parse(chart).subjects(RDF.type, NEC.ReviewRequest))]) == 0
    assert list((base / "originals").iterdir()) == []
    # The documents themselves do as well, each held against the digest that the chart names.
    assert main(["kb", "load", str(chart), "--originals", str(notes)]) == 0
    assert [path.read_bytes() for path in (base / "originals").iterdir()] == [(notes / "intake.txt").read_bytes()]
