"""Charts in archives and at URLs give what they give in a folder; what cannot be read costs that file, and nothing else is fetched."""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.chart import archives, sources
from reasoner.chart.fast import piece, stream
from reasoner.chart.intake import read_all
from reasoner.cli import main
from reasoner.ground.errors import UsageError
from tests.chart.bundles import OPTIONS
from tests.chart.test_packing import contents, said
from tests.conftest import Attestation, chart

TURTLE = chart([Attestation("adult-admission:3")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Charts of every kind, each of other requests, with what is not read among them."""
    folder = tmp_path / "charts"
    (folder / "more").mkdir(parents=True)
    for name, data in contents(tmp_path).items():
        if name not in ("lines.ndjson", "sheet.xlsx", "sheet.parquet") and not name.startswith("chart."):
            (folder / name).write_bytes(data)
    (folder / "more" / "chart.ttl").write_text(TURTLE)
    (folder / "expected.json").write_text("{}")
    (folder / "notes.txt").write_text("not read")
    return folder


def packed(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


@pytest.fixture
def memory(folder: Path) -> Iterator[str]:
    fsspec = pytest.importorskip("fsspec", reason="fsspec (extra remote) is not installed")
    system = fsspec.filesystem("memory")
    system.put(str(folder), "/bucket", recursive=True)
    system.pipe("/bucket/_temporary/part.ttl", TURTLE.encode())
    yield "memory://bucket"
    system.store.clear()


def batch(policy: Policy, name: str) -> list[tuple[str, int]]:
    found = [one for part in piece.pieces([name]) for one in stream.read(part, policy, options=OPTIONS)]
    assert not [one.error for one in found if one.error]
    return sorted((case.iri, len(case.statements)) for one in found for case in one.cases)


def test_an_archive_gives_what_its_folder_gives(policy: Policy, folder: Path) -> None:
    expected = said(list(read_all([str(folder)], policy, options=OPTIONS)))
    assert len(expected) > 3
    archive = str(packed(folder))
    assert said(list(read_all([archive], policy, options=OPTIONS))) == expected
    assert batch(policy, archive) == expected
    (folder.parent / "archives").mkdir()
    shutil.move(archive, folder.parent / "archives")
    assert batch(policy, str(folder.parent / "archives")) == expected, "an archive may stand in a folder"


def test_a_url_gives_what_its_folder_gives(policy: Policy, folder: Path, memory: str) -> None:
    expected = said(list(read_all([str(folder)], policy, options=OPTIONS)))
    assert said(list(read_all([memory], policy, options=OPTIONS))) == expected
    assert batch(policy, memory) == expected
    for name in (f"{memory}/more/chart.ttl", f"{memory}/more/*.ttl"):
        assert len(batch(policy, name)) == 1


def test_what_is_not_read_is_told(folder: Path, memory: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (str(packed(folder)), memory):
        main(["determine", name, "--format", "compact", "--out", str(folder.parent / "out")])
        assert f"note: {name}: not read: 1 file of another type (.txt)" in capsys.readouterr().err
    assert ("memory://bucket", "1 file that programs keep for themselves") in sources.passed_over([memory])


def problems(archive: Path, policy: Policy) -> list[str]:
    errors = [str(error) for result in read_all([str(archive)], policy) for error in result.errors]
    found = [str(one.error) for part in piece.pieces([str(archive)]) for one in stream.read(part, policy) if one.error]
    assert found == errors
    return [error.removeprefix(str(archive)) for error in errors]


def test_an_archive_that_cannot_be_read_is_rejected_by_name(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"no archive")
    assert problems(archive, policy) == [": it is no ZIP, or is damaged. Pack it again"]
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.txt", "")
    assert "it holds no documentation" in problems(archive, policy)[0]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.ttl", TURTLE)
        made.writestr("b.ttl", TURTLE + "\n" * 2**16)
    monkeypatch.setattr(archives, "MAX_BYTES", 2**10)
    monkeypatch.setattr(archives, "MAX_RATIO", 2)
    archives._files.cache_clear()
    assert "and 2 times as large as packed" in problems(archive, policy)[0]
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MAX_MEMBERS", 1)
    archives._files.cache_clear()
    assert problems(archive, policy) == [": it holds more than 1 files. Divide it"]
    archives._files.cache_clear()


def test_a_file_of_an_archive_that_is_damaged_costs_that_file(policy: Policy, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.ttl", TURTLE)
        made.writestr("b.ttl", TURTLE.replace("example.org/chart", "example.org/damaged"))
    archive.write_bytes(archive.read_bytes().replace(b"example.org/damaged", b"example.org/damagee"))
    results = list(read_all([str(archive)], policy))
    assert [len(result.cases) for result in results] == [1, 0]
    assert "/b.ttl: the file cannot be unpacked (Bad CRC-32" in str(results[1].errors[0])
    assert len(problems(archive, policy)) == 1


def test_two_files_of_one_name_are_not_told_apart_by_chance(policy: Policy, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.ttl", TURTLE)
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a.ttl", TURTLE)
    assert problems(archive, policy) == [": it holds two files of one name. Pack it again"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("memory://nothing/here", "there is no such file or folder"),
        ("nosuch://bucket/charts", "there is no scheme nosuch. Write https://"),
        ("ftp://user:secret@host/charts", "a URL holds a name or password"),
    ],
)
def test_a_url_that_leads_nowhere(url: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fsspec", reason="fsspec (extra remote) is not installed")
    assert main(["determine", url, "--format", "compact"]) == 2
    told = capsys.readouterr().err
    assert problem in told
    assert "secret" not in told


def test_without_the_library_a_url_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert main(["determine", "s3://bucket/charts", "--format", "compact"]) == 2
    assert "fsspec is not installed. pip install 'necessity[remote]'" in capsys.readouterr().err


def test_no_file_leads_to_a_url(monkeypatch: pytest.MonkeyPatch, policy: Policy, tmp_path: Path) -> None:
    """What a chart says is never taken for the name of a source."""
    monkeypatch.setitem(sys.modules, "fsspec", None)
    (tmp_path / "chart.ttl").write_text(TURTLE.replace('"R. Example"', '"memory://bucket/chart.ttl"'))
    (result,) = read_all([str(tmp_path)], policy)
    assert len(result.cases) == 1


def test_the_documents_of_a_record_keep_their_own_archives() -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(sources.find(["memory://bucket"], (".pdf", ".zip")))
