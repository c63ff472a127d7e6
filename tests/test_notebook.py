"""The notebook runs from its first cell to its last, and answers what stands in it."""

from __future__ import annotations

import copy

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_notebook_answers_what_stands_in_it() -> None:
    stored = nbformat.read(ROOT / "docs" / "sparql.ipynb", as_version=4)
    executed = copy.deepcopy(stored)
    NotebookClient(
        executed, timeout=300, kernel_name="python3", resources={"metadata": {"path": ROOT / "docs"}}
    ).execute()
    for cell, again in zip(stored.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            told = answers(again)
            assert "Empty DataFrame" not in told, cell.source
            assert answers(cell) == told, f"run it anew, and keep the outputs of\n{cell.source}"


def answers(cell: nbformat.NotebookNode) -> str:
    """What a cell printed and gave, as text."""
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)
