"""The wheel carries the policy and runs where nothing of the checkout is."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, Attestation, chart


@pytest.mark.slow
def test_the_wheel_runs_elsewhere(tmp_path: Path) -> None:
    def run(*command: str) -> str:
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT))
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        f"reasoner/share/app/{name}" for name in ("main.py", "server.py", "style.css", ".streamlit/config.toml")
    } <= names
    assert not [name for name in names if "__pycache__" in name]
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), str(wheel))
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    out = run(str(tmp_path / "venv" / "bin" / "necessity"), "determine", "chart.ttl", "--format", "jsonl")
    assert json.loads(out)["outcome"] == "documentation-needed"
    opened = subprocess.run(
        [str(tmp_path / "venv/bin/necessity"), "app", "--kb", "kb"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "pip install 'necessity[app]'" in opened.stderr
