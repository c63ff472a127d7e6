"""What a command loads before it answers, and how it ends where the program is at fault."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reasoner import cli
from tests.conftest import CASES

HEAVY = {"numpy", "pandas", "pyarrow", "pyshacl", "owlready2", "streamlit", "filelock"}
LOADED = "import sys; from reasoner.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


@pytest.mark.parametrize("format_", ["json", "jsonl", "compact"])
def test_a_single_chart_loads_no_columns(format_: str) -> None:
    chart = sorted((CASES / "mp9556" / "illinois").glob("*.ttl"))[0]
    command = [sys.executable, "-c", LOADED, "determine", str(chart), "--format", format_]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"outcome"' in found.stdout
    assert HEAVY.isdisjoint(found.stderr.split())


def test_a_fault_of_the_program_is_no_closed_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty() -> int:
        raise UnicodeError("a fault")

    monkeypatch.setattr(cli, "main", faulty)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("reasoner.rdf.terms.hide_truth_values", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.entry()
    assert ended.value.code == 2
    assert "a fault" in capsys.readouterr().err


def test_arrow_gives_back_what_it_frees() -> None:
    pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    program = (
        "from reasoner import cli\n"
        "def main():\n"
        "    import pyarrow as pa\n"
        "    print(pa.default_memory_pool().backend_name)\n"
        "    return 0\n"
        "cli.main = main\n"
        "cli.entry()"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "system\n"
