"""`necessity kb determine` ended with kill -9 at each step of a change: verification then names nothing, and the next run does the rest."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reasoner.cli import main
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind
from tests.conftest import CASES, ROOT

CHARTS = CASES / "mp9556" / "illinois"
KILLER = """
import os, signal, sys
from reasoner.cli import kb, main
from reasoner.store import audit, backends

step, turn = sys.argv[1].split(), int(sys.argv[2])
kb.AT_ONCE, backends._MANY = 2, 0  # two charts a change, whose graphs are tables of their own
owner = {"append": audit.AuditTrail, "_add": backends.DirectoryStore, "update": backends.DirectoryStore}[step[1]]
real, count = getattr(owner, step[1]), 0

def fatal(*arguments, **options):
    global count
    count += 1
    if count == turn and step[0] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = real(*arguments, **options)
    if count == turn and step[0] == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return done

setattr(owner, step[1], fatal)
main(["kb", "determine", "--kb", sys.argv[3], "--readings", "default"])
"""


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("step", ["before append", "after append", "after _add", "after update"])
def test_the_next_run_does_the_rest(step: str, turn: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "kb"
    assert main(["kb", "load", str(CHARTS), "--kb", str(place)]) == 0
    command = [sys.executable, "-c", KILLER, step, str(turn), str(place)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == -signal.SIGKILL
    capsys.readouterr()
    assert main(["kb", "determine", "--kb", str(place), "--readings", "default"]) == 0
    rest = capsys.readouterr().out.count("added")
    with KnowledgeBase(open_store(place)) as kb:
        assert list(kb.verify()) == []
        charts = {entry.about for entry in kb.entries(GraphKind.CHART)}
        current = kb.register.current(charts)
        made = {entry.about for entry in kb.entries(GraphKind.DETERMINATION)}
    assert all(current.values()), "each chart has its determination"
    assert {iri for iris in current.values() for iri in iris} == made, "and none is left that no chart has"
    changes = turn if step == "after update" else turn - 1
    assert rest == len(charts) - 2 * changes, "what was done is not done again"
