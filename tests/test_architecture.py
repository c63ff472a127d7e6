"""The house: imports run downward, each engine has one door, and no word of a policy is in Python."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

MODULES = sorted((ROOT / "reasoner").rglob("*.py"))
FLOORS = [
    {"errors", "families", "serialization", "fields"},
    {"paths", "namespaces", "sparql", "access", "audit", "drafts", "cache", "terms"},
    {"graphs", "settings", "steps", "layout"},
    {"store", "lexicon", "constraint", "entail", "lift", "rows", "axes"},
    {"policy", "shacl", "query", "lower", "bulk"},
    {"load"},
    {"documentation", "effective", "fhir", "configuration", "sheet"},
    {"chart", "infer", "decide", "decisions", "native", "coverage"},
    {"settle", "proof", "justify", "intake", "scan", "evidence"},
    {"validate", "explain", "plan", "piece"},
    {"program"},
    {"engine", "stream", "understand"},
    {"assume", "brief"},
    {"record", "text", "outline", "consistency", "diff", "reference", "questionnaire"},
    {"check", "render", "kb", "serve", "batch", "overview"},
    {"export"},
    {"lineage", "lake", "spark"},
    {"worklist", "pdf", "snapshot"},
    {"review"},
    {"cli", "__init__"},
    {"__main__"},
]


def house(path: Path) -> str:
    """The module that a file is, or the package that it is in."""
    return path.relative_to(ROOT / "reasoner").parts[0].removesuffix(".py")


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
    assert set(floor) == {house(path) for path in MODULES}
    for path in MODULES:
        for name in imports(path):
            if name.startswith("reasoner.") and name.split(".")[1] != house(path):
                assert floor[name.split(".")[1]] < floor[house(path)], f"{path.stem} imports {name}"


@pytest.mark.parametrize(("library", "door"), [("pyshacl", "shacl"), ("owlready2", "consistency"), ("shacl", "native")])
def test_each_engine_has_one_door(library: str, door: str) -> None:
    assert [house(path) for path in MODULES if library in imports(path)] == [door]


def test_no_word_of_a_policy_in_python() -> None:
    words = re.compile(
        r"mp9556|medica\b|asam|illinois|admission|continuation|mental.?health|substance.?use|child[-_]adolescent|safety plan",
        re.IGNORECASE,
    )
    for path in [*MODULES, *(ROOT / "app").rglob("*.py")]:
        assert not words.search(path.read_text()), path
        assert len(path.read_text().splitlines()) <= 500, path


def test_the_framework_of_the_workplace_is_in_the_app_alone() -> None:
    for path in MODULES:
        assert "streamlit" not in path.read_text(), path


def test_the_app_reaches_data_through_the_package_alone() -> None:
    allowed = {
        "reasoner",
        "parts",
        "views",
        "streamlit",
        "altair",
        "pandas",
        "jinja2",
        "markupsafe",
        "rdflib",
        "starlette",
        "uvicorn",
    }
    for path in (ROOT / "app").rglob("*.py"):
        for name in imports(path):
            top = name.partition(".")[0]
            assert top in allowed or top in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_the_first_file_of_the_app_does_no_more_than_navigate() -> None:
    tree = ast.parse((ROOT / "app" / "main.py").read_text())
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(tree))
