"""The audit trail: whole, changed by someone, or torn by a crash."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from reasoner.cli import main
from reasoner.store.audit import Actor, AuditTrail


def entry(trail: AuditTrail, action: str = "read") -> str:
    return trail.append(Actor("urn:x", "N", "reviewer"), action).digest


def test_a_trail_that_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trail = AuditTrail(tmp_path / "workplace" / "audit.jsonl")
    digests = [entry(trail) for _ in range(5)]
    assert trail.verify() == []
    assert trail.verify(digests[2]) == []
    assert [e.number for e in trail.entries()] == [1, 2, 3, 4, 5]
    assert main(["audit", "verify", "--workplace", str(tmp_path / "workplace")]) == 0
    assert digests[-1] in capsys.readouterr().out
    assert main(["audit", "list", "--workplace", str(tmp_path / "workplace")]) == 0
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 5


@pytest.mark.parametrize(
    "change", ["edit", "forge", "remove", "swap", "insert", "cut", "rewrite", "twice", "spaced", "returns"]
)
def test_a_trail_that_was_changed(tmp_path: Path, change: str) -> None:
    trail = AuditTrail(tmp_path / "audit.jsonl")
    head = [entry(trail, f"a{n}") for n in range(5)][-1]
    lines = trail.path.read_text().splitlines(keepends=True)
    if change == "edit":
        lines[2] = lines[2].replace("a2", "b2")
    elif change == "forge":
        forged = dataclasses.replace(list(trail.entries())[2], action="b2")
        forged = dataclasses.replace(forged, digest=forged.expected_digest())
        lines[2] = json.dumps(dataclasses.asdict(forged)) + "\n"
    elif change == "remove":
        del lines[2]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif change == "insert":
        lines.insert(2, lines[2])
    elif change == "cut":
        del lines[4]
    elif change == "twice":
        lines[2] = lines[2].replace("{", '{"action":"b2",', 1)
    elif change == "spaced":
        lines[2] = lines[2].replace(":", ": ", 1)
    elif change == "returns":
        lines[2] = lines[2].replace("\n", "\r\n")
    else:
        trail.path.unlink()
        for n in range(5):
            entry(trail, f"b{n}")
        lines = trail.path.read_text().splitlines(keepends=True)
    trail.path.write_bytes("".join(lines).encode())
    assert trail.verify(head)
    assert bool(trail.verify()) is (change not in ("cut", "rewrite"))


def test_what_a_crash_left_of_a_line_is_cut_off(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path / "audit.jsonl")
    entry(trail)
    with trail.path.open("a") as stream:
        stream.write('{"number": 2, "ti')
    assert trail.verify() == []
    entry(trail)
    assert trail.verify() == []
    assert [e.number for e in trail.entries()] == [1, 2]
