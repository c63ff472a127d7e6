"""Folders are walked to the end, and what is passed over is told."""

from __future__ import annotations

import os
import shutil
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
    os.mkfifo(folder / "pipe.ttl")
    found = [Path(name).relative_to(folder).as_posix() for name in sources.find([str(folder)])]
    assert found == ["a/b/two.TTL", "one.ttl"]
    assert [words for _, words in sources.passed_over([str(folder)])] == [
        "5 files of another type (.docx, .pdf, no suffix, pipe or device)",
        "1 broken link",
        "1 link to a folder",
        "2 folders that programs keep for themselves",
    ]
    assert list(sources.passed_over([str(folder / "one.ttl"), "-"])) == []


def test_a_pattern_goes_through_no_link_that_leads_back(folder: Path) -> None:
    found = [Path(name).relative_to(folder).as_posix() for name in sources.find([str(folder / "**" / "*.t*")])]
    assert found == ["_temporary/0/part.ttl", "gone.ttl", "one.ttl"]
    assert list(sources.find([str(folder / "**")])) == list(sources.find([str(folder)]))
    assert list(sources.find([str(folder / "?" / "**" / "*.TTL")])) == [str(folder / "a" / "b" / "two.TTL")]


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


TABLES = {"Delta": "_delta_log/00000.json", "Hudi": ".hoodie/0001.commit", "Iceberg": "metadata/v1.metadata.json"}


@pytest.mark.parametrize("place", ["", "deeper/"])
@pytest.mark.parametrize("way", ["folder", "archive", "url"])
@pytest.mark.parametrize("format_", TABLES)
def test_a_table_of_which_a_file_may_be_removed_is_rejected_by_name(
    format_: str, way: str, place: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other files of the folder are read."""
    (folder / "gone.ttl").unlink()
    table = folder / "a" / place
    log = table / TABLES[format_]
    log.parent.mkdir(parents=True)
    log.write_text("{}")
    for removed in (table / "removed.ttl", table / "x" / "removed.ttl"):
        removed.parent.mkdir(exist_ok=True)
        removed.write_text((folder / "one.ttl").read_text().replace("example.org", "example.org/removed"))
    name = str(folder)
    if way == "archive":
        name = shutil.make_archive(str(folder), "zip", folder)
    elif way == "url":
        pytest.importorskip("fsspec", reason="fsspec (extra remote) is not installed")
        name = f"file://{folder}"
    assert main(["determine", name, "--format", "compact"]) == 3
    said = capsys.readouterr()
    assert f"rejected: {name}/a/{place}{log.parent.name}: this is a" in said.err
    assert f"{format_} table, and its log says which" in said.err
    assert "removed#" not in said.out
    assert f"read {2 + bool(place)} data sets" in said.err


def test_a_folder_of_metadata_is_no_table(folder: Path) -> None:
    (folder / "metadata").mkdir()
    (folder / "metadata" / "two.ttl").write_text((folder / "one.ttl").read_text())
    assert f"{folder}/metadata/two.ttl" in sources.find([str(folder)])


@pytest.mark.parametrize("pattern", ["*.ttl", "gone.ttl"])
def test_a_link_that_leads_nowhere_is_rejected_by_name_where_it_is_asked_for(
    pattern: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["determine", f"{folder}/{pattern}", "--format", "compact"])
    assert f"rejected: {folder}/gone.ttl: the file cannot be read: No such file or directory" in capsys.readouterr().err
