"""Folders are walked to the end, and what is passed over is told."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from reasoner.chart import sources
from reasoner.chart.tables.quads import COLUMNS
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_of_which_nothing_can_be_asked_is_rejected_by_name(folder: Path) -> None:
    """A folder may be listed and its files be closed: they are no broken links."""
    (folder / "a" / "b").chmod(0o744)
    for place in (*folder.parents, folder, folder / "a"):
        if place.stat().st_uid == os.geteuid() and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        found = list(sources.find([str(folder)]))
        with pytest.raises(DocumentationError, match="Permission denied"):
            sources.content(found[0])
    finally:
        os.seteuid(0)
    assert [Path(name).relative_to(folder).as_posix() for name in found] == ["a/b/two.TTL", "one.ttl"]


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


_HEADER = b"request,assertion,topic"


@pytest.mark.parametrize("part", ["part-0.csv", "part-0.csv.gz", "part-0.nq", "part-0.ndjson", "part-0.ttl"])
@pytest.mark.parametrize("content", [b"", b"\n", _HEADER, _HEADER + b"\r\n"])
def test_parts_without_rows(part: str, content: bytes, tmp_path: Path) -> None:
    """Spark writes them beside the others; without its word that all is there, or alone, they are errors."""
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    (tmp_path / part).write_bytes(gzip.compress(content) if part.endswith(".gz") else content)
    both = [str(tmp_path / "chart.ttl"), str(tmp_path / part)]
    assert sorted(sources.find([str(tmp_path)], sources.ALL_SUFFIXES)) == both
    (tmp_path / "_SUCCESS").touch()
    empty = ".csv" in part or not content.strip()
    assert sorted(sources.find([str(tmp_path)], sources.ALL_SUFFIXES)) == both[: 1 if empty else 2]
    assert [words for _, words in sources.passed_over([str(tmp_path)], sources.ALL_SUFFIXES)] == [
        "1 file that holds no rows"
    ] * empty
    assert main(["determine", str(tmp_path), "--format", "compact"]) == (0 if empty else 3)
    assert main(["determine", str(tmp_path / part), "--format", "compact"]) == 2
    (tmp_path / "chart.ttl").unlink()
    assert main(["determine", str(tmp_path), "--format", "compact"]) == 2


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_row_is_enough(end: bytes, tmp_path: Path) -> None:
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "part-0.csv").write_bytes(_HEADER + end + b"r,affirmed,x")
    assert list(sources.find([str(tmp_path)], sources.ALL_SUFFIXES)) == [str(tmp_path / "part-0.csv")]


def test_parquet_without_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its end says so, so that no word of a job is needed."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    pq = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in COLUMNS}), tmp_path / "part-0.parquet")
    assert main(["determine", str(tmp_path), "--format", "compact"]) == 0
    assert f"note: {tmp_path}: not read: 1 file that holds no rows" in capsys.readouterr().err
    assert main(["determine", str(tmp_path / "part-0.parquet"), "--format", "compact"]) == 2
    (tmp_path / "part-1.parquet").write_bytes(b"no Parquet")
    assert main(["determine", str(tmp_path), "--format", "compact"]) == 3
