"""A fault of this program costs the data set that brings it to light, by name; the others are determined as ever."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.generate import write
from reasoner.batch.columns import ColumnWriter
from reasoner.batch.lines import LineWriter
from reasoner.chart import report
from reasoner.chart.documents import reading as documents
from reasoner.chart.fast import piece, stream
from reasoner.chart.fast.chart import ChartReader
from reasoner.chart.fhir import mapping
from reasoner.chart.tables.request import Rows
from reasoner.cli import main
from reasoner.determination import determine as determination
from reasoner.ground import days
from reasoner.ground.errors import DocumentationError, ProgramError, RereadError, contained
from tests.batch.file_kinds import KINDS, quads
from tests.batch.test_mutations import Ran, determine, written

SECRET = "sleeps in his car"
THIRD = "generated/0000002"
SHEET = Path(__file__).parents[2] / "data" / "cases" / "rules" / "stances" / "plan-made-later-in-a-record.csv"


def fail(owner: object, name: str, part: str, patch: pytest.MonkeyPatch) -> None:
    """Make a function fail as none should, where one of its arguments speaks of something."""
    sound: Callable[..., Any] = getattr(owner, name)

    def fails(*arguments: Any, **named: Any) -> Any:
        if any(part in str(getattr(one, "iri", one)) for one in arguments):
            raise KeyError(SECRET)
        return sound(*arguments, **named)

    patch.setattr(owner, name, fails)


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    folder = tmp_path / "charts"
    write(folder, 6, seed=64)
    return folder


def check_third(ran: Ran, sound: Ran) -> None:
    """All is as ever but for the third chart, which is rejected."""
    (told,) = ran.rejected
    assert THIRD in told
    assert ": a fault of this program: KeyError in " in told
    assert SECRET not in told
    assert ran.answers == {key: value for key, value in sound.answers.items() if THIRD not in key[0]}
    assert (ran.code, len(ran.answers)) == (3, len(sound.answers) - 1)


@pytest.mark.parametrize(
    ("form", "owner", "name"),
    [
        ("jsonl", ChartReader, "_cases"),
        ("json", ChartReader, "_cases"),
        ("jsonl", determination, "_determine"),
        ("json", determination, "_determine"),
    ],
)
def test_a_chart(form: str, owner: object, name: str, charts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = determine(KINDS["quads"], charts, form)
    fail(owner, name, THIRD, monkeypatch)
    check_third(determine(KINDS["quads"], charts, form), sound)


@pytest.mark.parametrize("form", ["compact", "jsonl", "json"])
def test_a_bundle(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KINDS["bundles"]
    path = written(kind, "".join(f"{line}\n" for (line,) in kind.units()).encode(), str(tmp_path))
    sound = determine(kind, path, form)
    fail(mapping, "_map", "p2", monkeypatch)
    ran = determine(kind, path, form)
    (told,) = ran.rejected
    assert f"{path}, line 3: a fault of this program: KeyError in " in told
    assert ran.answers.items() < sound.answers.items()
    assert (ran.code, len(ran.answers)) == (3, len(sound.answers) - 1)


def test_charts_that_cannot_be_read_together(charts: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = determine(KINDS["quads"], charts, "compact")
    fail(ColumnWriter, "lines", str(charts), monkeypatch)
    assert main(["determine", str(charts), "--format", "summary"]) == 0
    assert "determined one by one" in capsys.readouterr().err
    assert determine(KINDS["quads"], charts, "compact") == sound
    fail(LineWriter, "lines", THIRD, monkeypatch)
    check_third(determine(KINDS["quads"], charts, "compact"), sound)


def test_what_was_learned_is_learned_anew(charts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be half-written."""
    readers = []
    read = ChartReader.cases

    def watched(self: ChartReader, *arguments: Any) -> Any:
        readers.append(self)
        return read(self, *arguments)

    monkeypatch.setattr(ChartReader, "cases", watched)
    fail(determination, "_determine", THIRD, monkeypatch)
    determine(KINDS["quads"], charts, "jsonl")
    assert len(readers) == 6
    assert [reader is readers[0] for reader in readers] == [True] * 3 + [False] * 3


def test_a_file_that_cannot_be_divided(charts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(stream, "run_groups", str(charts), monkeypatch)
    ran = determine(KINDS["quads"], charts, "compact")
    (told,) = ran.rejected
    assert str(charts) in told
    assert (ran.code, ran.totals) == (2, (1, 0, 1))


@pytest.mark.parametrize("cut", [0, 2])
def test_a_file_whose_parts_are_not_all_found(cut: int, charts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rejected as a whole: requests of what was found may go on in what was not."""
    sound = determine(KINDS["quads"], charts, "compact")
    written(kind := KINDS["sheet"], kind.write(kind.units(), random.Random(1)), str(charts))
    requests = piece._requests

    def fails(name: str, records: Any, size: int) -> Any:
        yield from islice(requests(name, records, 1), cut)
        raise KeyError(SECRET)

    monkeypatch.setattr(piece, "_requests", fails)
    ran = determine(kind, charts, "compact")
    (told,) = ran.rejected
    assert "charts.csv: a fault of this program: KeyError in " in told
    assert SECRET not in told
    assert (ran.code, ran.answers, ran.totals[2]) == (3, sound.answers, 1)


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_a_request_that_a_failed_data_set_speaks_of(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed may speak against it."""
    statement = next(unit[0] for unit in quads() if "core#about" in unit[1])
    moved = [(*unit[:3], "<urn:apart>") if unit[0] == statement else unit for unit in quads()]
    (tmp_path / "charts.nq").write_text("".join(f"{' '.join(quad)} .\n" for quad in sorted(moved, key=itemgetter(3))))
    fail(ChartReader, "_cases", "urn:apart", monkeypatch)
    ran = determine(KINDS["quads"], tmp_path, form)
    assert (ran.code, len(ran.answers), len(ran.rejected)) == (3, 4, 2)


def test_a_piece_that_cannot_be_cut(charts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is read graph by graph."""
    sound = determine(KINDS["quads"], charts, "compact")
    fail(stream, "quads_of", str(charts), monkeypatch)
    assert determine(KINDS["quads"], charts, "compact") == sound


@pytest.mark.parametrize("form", ["compact", "json"])
def test_the_words_of_a_rejection(form: str, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rejected all the same, and the others are determined."""
    head, *rows = SHEET.read_text().splitlines(keepends=True)
    admitted_later = rows[0].replace("P1,", "P2,", 1).replace("2026-03-27", "2026-02-01")
    sheet = tmp_path / "charts.csv"
    sheet.write_text("".join((head, *rows, admitted_later)))

    def explain(*_: object) -> DocumentationError:
        raise KeyError(SECRET)

    monkeypatch.setattr(Rows, "explain", explain)
    assert main(["determine", str(sheet), "--format", form]) == 3
    out, err = capsys.readouterr()
    assert "P1" in out
    assert "a fault of this program: KeyError in " in err
    assert SECRET not in err


@pytest.mark.parametrize("options", [[], ["--to", "turtle", "--report", "report.txt"]])
def test_the_report_on_a_chart(options: list[str], charts: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(charts)
    fail(report, "of_graph", THIRD, monkeypatch)
    assert main(["intake", str(charts), *options]) == 3
    out, err = capsys.readouterr()
    assert f"{THIRD}>: a fault of this program: KeyError in " in err
    assert SECRET not in err
    assert "generated/0000003" in out


def test_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(documents, "_kind", "b.txt", monkeypatch)
    (sound,), (error,) = (list(documents.read_documents(b"Slept well.", name)) for name in ("a.txt", "b.txt"))
    assert not isinstance(sound, DocumentationError)
    assert isinstance(error, ProgramError)
    assert error.where == "b.txt"


def test_what_is_no_fault_passes() -> None:
    for error in (
        OSError("disk full"),
        MemoryError(),
        RereadError(),
        DocumentationError("no date"),
        KeyboardInterrupt(),
    ):
        with pytest.raises(type(error)) as caught, contained("a.ttl"):
            raise error
        assert caught.value is error


def test_a_fault_names_the_line_of_this_program() -> None:
    with (
        pytest.raises(
            ProgramError, match=r"^a\.ttl: a fault of this program: \w+ in days\.py, line \d+\. Report it"
        ) as caught,
        contained("a.ttl"),
    ):
        days.age_on(SECRET, date(2025, 6, 2))  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
