"""The house: imports run one way, each library has one door, and no word of a policy is in Python."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from docs.draw_architecture import PICTURE, WINGS, draw, imported, modules
from tests.conftest import ROOT

MODULES = sorted((ROOT / "reasoner").rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py" and path.parent != ROOT / "reasoner"]


def libraries(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
    return names


def test_every_module_is_in_a_wing() -> None:
    faces = {ROOT / "reasoner" / "__init__.py", ROOT / "reasoner" / "__main__.py"}
    assert {path.parent for path in faces} == {ROOT / "reasoner"}
    assert set(MODULES) - faces == {path for paths in modules().values() for path in paths} | set(PACKAGES)


@pytest.mark.parametrize("wing", WINGS)
def test_imports_run_one_way(wing: str) -> None:
    below = WINGS[: WINGS.index(wing) + 1]
    upward = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()[wing]
        for name in imported(path)
        if name.split(".")[1] not in below
    ]
    assert not upward


def test_no_module_imports_the_package_as_a_whole() -> None:
    public = {"reasoner"} | {f"reasoner.{name}" for name in ("determine", "load_policy")}
    for paths in modules().values():
        for path in paths:
            assert not public & set(imported(path)), path


def test_the_picture_is_what_the_imports_are() -> None:
    assert PICTURE.read_text("utf-8") == draw(), "run python docs/draw_architecture.py"


def test_what_the_architecture_names_is_there() -> None:
    words = {"NAME": "mp9556", "VERSION": "2025-04-01", "SECTION": "illinois"}
    page = re.sub("|".join(words), lambda word: words[word[0]], (ROOT / "docs" / "architecture.md").read_text())
    named = re.findall(r"`([a-z][\w.-]*/[\w/.-]+)`", page)
    places = (ROOT, *(ROOT / folder for folder in ("reasoner", "tests", "app", "shapes")))
    missing = [
        name
        for name in named
        if not any((place / (name + suffix)).exists() for place in places for suffix in ("", ".py"))
    ]
    assert not missing


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_package_says_what_lives_there_and_what_it_may_import(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert "import" in docstring.lower()
    assert len(re.findall(r"\.(?=\s|$)", docstring)) == 2


@pytest.mark.parametrize(
    ("library", "door"),
    [
        ("pyshacl", "rdf/pyshacl_door.py"),
        ("owlready2", "rdf/hermit_door.py"),
        ("shacl", "rdf/shacl_door.py"),
        ("reasonable", "rdf/owl_rl.py"),
        ("typst", "render/pdf.py"),
        ("pypdfium2", "chart/documents/pdf.py"),
        ("striprtf", "chart/documents/rtf.py"),
        ("lxml", "chart/documents/lxml_door.py"),
        ("uvicorn", "store/endpoint.py"),
        ("onnxruntime", "abstraction/encoding.py"),
        ("tokenizers", "abstraction/encoding.py"),
        ("cryptography", "store/originals.py"),
    ],
)
def test_each_library_has_one_door(library: str, door: str) -> None:
    assert [str(path.relative_to(ROOT / "reasoner")) for path in MODULES if library in libraries(path)] == [door]


def test_no_word_of_a_policy_in_python() -> None:
    words = re.compile(
        r"mp9556|medica\b|asam|illinois|(?<![a-z])(?<!since[_ ])admission(?!_?window)|continuation|child[-_ ]adolescent|safety plan"
        r"|mental[-_ ]?health|substance[-_ ]?use",
        re.IGNORECASE,
    )
    for path in [*MODULES, *(ROOT / "app").rglob("*.py")]:
        assert not words.search(path.read_text()), f"{path}: {words.search(path.read_text())}"


def test_no_file_is_long() -> None:
    for path in [*MODULES, *(ROOT / "app").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= 500, path


def test_a_class_name_has_one_meaning() -> None:
    names = Counter(
        node.name.lstrip("_")
        for path in MODULES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_the_framework_of_the_workplace_is_in_the_app_alone() -> None:
    for path in MODULES:
        assert "streamlit" not in libraries(path), path


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
        "tzlocal",
        "uvicorn",
    }
    for path in (ROOT / "app").rglob("*.py"):
        for name in libraries(path):
            assert name in allowed or name in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_the_app_reaches_the_knowledge_base_through_the_workplace_alone() -> None:
    doors = {f"reasoner.store.{name}" for name in ("audit", "backends", "base", "endpoint", "sandbox")}
    for path in (ROOT / "app").rglob("*.py"):
        names = {name for name in imported(path) if name != "reasoner.load_policy"}
        assert {name.split(".")[1] for name in names} <= set(WINGS) - {"batch", "cli"}, path
        assert path == ROOT / "app" / "parts" / "session.py" or not names & doors, path


def test_the_first_file_of_the_app_does_no_more_than_navigate() -> None:
    tree = ast.parse((ROOT / "app" / "main.py").read_text())
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(tree))
