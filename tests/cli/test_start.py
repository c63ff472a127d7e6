"""What a command loads before it answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import CASES

HEAVY = {"numpy", "pandas", "pyarrow", "pyshacl", "owlready2", "streamlit"}
LOADED = "import sys; from reasoner.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


@pytest.mark.parametrize("format_", ["json", "jsonl", "compact"])
def test_a_single_chart_loads_no_columns(format_: str) -> None:
    chart = sorted((CASES / "mp9556" / "illinois").glob("*.ttl"))[0]
    command = [sys.executable, "-c", LOADED, "determine", str(chart), "--format", format_]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"outcome"' in found.stdout
    assert HEAVY.isdisjoint(found.stderr.split())
