"""The notebook runs from its first cell to its last, and each question in it is answered."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_notebook_runs() -> None:
    notebook = nbformat.read(ROOT / "docs" / "sparql.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": ROOT / "docs"}}
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "ask(" in cell.source and "def ask" not in cell.source:
            table = cell.outputs[-1]["data"]["text/plain"]
            assert "Empty DataFrame" not in table, cell.source
