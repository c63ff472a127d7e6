"""Files may go by any name: also one that is not UTF-8, or would forge a line of the log."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reasoner.cli import main
from tests.batch.file_kinds import KINDS
from tests.batch.mutations import sound
from tests.conftest import Attestation, chart

LATIN = os.fsdecode(b"stra\xdfe")
"""As a file system of before Unicode has it."""
FORGED = "a\nread 9 data sets: 9 determined, 0 rejected\r\x1b[2Kb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / LATIN
    try:
        folder.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("the file system takes no such name")
    return folder


@pytest.mark.parametrize("spoilt", [False, True], ids=["sound", "spoilt"])
@pytest.mark.parametrize("name", KINDS)
def test_a_name_that_is_not_utf_8(
    name: str, spoilt: bool, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, out, aside = KINDS[name], tmp_path / "out", tmp_path / "aside"
    path = folder / f"{LATIN}{kind.suffix}"
    path.write_bytes(b"no chart\n" if spoilt else sound(kind))
    places = ["--out", str(out), "--quarantine", str(aside), "--lineage", str(tmp_path / "lineage")]
    code = main(["determine", str(folder), "--format", "compact", *places, *kind.options])
    assert code == (2 if spoilt else 0)
    json.loads((tmp_path / "lineage").read_text())
    if not spoilt:
        assert out.read_bytes()
        return
    (rejected,) = map(json.loads, (aside / "rejected.jsonl").read_text(encoding="utf-8").splitlines())
    assert rejected["source"].startswith(f"{tmp_path}/stra\\xdfe/stra\\xdfe{kind.suffix}")
    assert rejected["where"].startswith(f"{tmp_path}/stra\\xdfe/stra\\xdfe{kind.suffix}")


@pytest.mark.parametrize("command", ["determine", "intake", "validate"])
def test_by_itself(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f"{LATIN}.ttl").write_text(chart([Attestation("adult-admission:3")]))
    (folder / f"b{LATIN}.ttl").write_text("no chart")
    assert main([command, str(folder)]) in (2, 3)
    said = capsys.readouterr()
    assert r"stra\xdfe/bstra\xdfe.ttl" in said.err
    assert said.out


@pytest.mark.parametrize("form", ["compact", "text"])
def test_no_name_forges_a_line(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / f"{FORGED}.ttl").write_text("no chart")
    main(["determine", str(tmp_path), "--format", form])
    said = capsys.readouterr().err
    assert not [line for line in said.splitlines() if line.startswith("read 9")]
    assert "\x1b" not in said
