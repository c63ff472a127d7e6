"""The house: imports run downward, each engine has one door, and no word of a policy is in Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

MODULES = sorted((ROOT / "reasoner").glob("*.py"))
FLOORS = [
    {"errors", "families"},
    {"paths", "namespaces"},
    {"graphs"},
    {"policy", "shacl"},
    {"documentation", "effective", "fhir", "configuration"},
    {"infer", "intake", "decide"},
    {"settle", "validate", "justify"},
    {"explain"},
    {"engine"},
    {"assume"},
    {"record", "text", "outline", "consistency", "diff"},
    {"check", "render"},
    {"cli", "__init__"},
]


def imports(path: Path) -> set[str]:
    """The modules that a file imports, those of this package by their own name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "reasoner":
            found |= {f"reasoner.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_imports_run_downward() -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    assert set(floor) == {path.stem for path in MODULES}
    for path in MODULES:
        for name in imports(path):
            if name.startswith("reasoner."):
                assert floor[name.split(".")[1]] < floor[path.stem], f"{path.stem} imports {name}"


@pytest.mark.parametrize(("library", "door"), [("pyshacl", "shacl"), ("owlready2", "consistency")])
def test_each_engine_has_one_door(library: str, door: str) -> None:
    assert [path.stem for path in MODULES if library in imports(path)] == [door]


def test_no_word_of_a_policy_in_python() -> None:
    words = re.compile(
        r"mp9556|medica\b|asam|illinois|adult[-_ ](admission|continuation)|child[-_]adolescent|safety plan",
        re.IGNORECASE,
    )
    for path in MODULES:
        assert not words.search(path.read_text()), path
        assert len(path.read_text().splitlines()) <= 500, path
