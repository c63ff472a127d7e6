"""Folders are walked to the end, and what is passed over is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reasoner.chart import sources
from reasoner.cli import main
from tests.conftest import Attestation, chart


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two charts and much else."""
    root = tmp_path / "charts"
    for name in ("a/b", "_temporary/0", ".git", "kept"):
        (root / name).mkdir(parents=True)
    good = chart([Attestation("adult-admission:3")])
    (root / "one.ttl").write_text(good)
    (root / "a" / "b" / "two.TTL").write_text(good.replace("chart#", "two#"))
    (root / "_temporary" / "0" / "part.ttl").write_text(good.replace("chart#", "part#"))
    (root / ".git" / "x.ttl").write_text("no chart")
    for name in ("scan.pdf", "a/letter.docx", "a/other.pdf", "README", "expected.json", ".hidden.ttl"):
        (root / name).write_text("x")
    (root / "linked").symlink_to(tmp_path)
    (root / "gone.ttl").symlink_to("nowhere.ttl")
    return root


def test_what_is_read_and_what_is_passed_over(folder: Path) -> None:
    found = [Path(name).relative_to(folder).as_posix() for name in sources.find([str(folder)])]
    assert found == ["a/b/two.TTL", "one.ttl"]
    assert [words for _, words in sources.passed_over([str(folder)])] == [
        "4 files of another type (.docx, .pdf, no suffix)",
        "1 broken link",
        "1 link to a folder",
        "2 folders that programs keep for themselves",
    ]
    assert list(sources.passed_over([str(folder / "one.ttl"), "-"])) == []


@pytest.mark.parametrize("form", ["compact", "text"])
def test_it_is_told(form: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["determine", str(folder), "--format", form]) == 0
    assert f"note: {folder}: not read: 4 files of another type" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["compact", "text"])
def test_a_folder_that_cannot_be_read_is_rejected_by_name(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, closed = os.scandir, folder / "a" / "b"

    def refuse(path: str) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(["determine", str(folder), "--format", form]) == 3
    assert f"rejected: {closed}: the folder cannot be read" in capsys.readouterr().err


def test_a_delta_table_is_rejected_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in it may be removed from the table."""
    (folder / "a" / "_delta_log").mkdir()
    (folder / "a" / "removed.ttl").write_text("no chart")
    assert main(["determine", str(folder), "--format", "compact"]) == 3
    said = capsys.readouterr()
    assert f"rejected: {folder}/a/_delta_log: this is a Delta table" in said.err
    assert len(said.out.splitlines()) == 1
    assert "read 2 data sets: 1 determined, 1 rejected" in said.err
