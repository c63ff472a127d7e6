"""The wheel carries the policy and runs where nothing of the checkout is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Attestation, chart


@pytest.mark.slow
def test_the_wheel_runs_elsewhere(tmp_path: Path) -> None:
    def run(*command: str) -> str:
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT))
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), str(wheel))
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    out = run(str(tmp_path / "venv" / "bin" / "necessity"), "determine", "chart.ttl", "--format", "jsonl")
    assert json.loads(out)["outcome"] == "documentation-needed"
