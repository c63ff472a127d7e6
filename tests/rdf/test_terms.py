"""Literals that are not well typed: rdflib would tell their text, which may be a chart's."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib import Literal, URIRef

from reasoner.rdf import parsing, terms
from tests.conftest import ROOT, Attestation, chart

XSD = "http://www.w3.org/2001/XMLSchema#"
TYPES = ("integer", "decimal", "double", "date", "dateTime", "duration", "hexBinary")
LOGGER = logging.getLogger("rdflib.term")


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def heard() -> Iterator[list[logging.LogRecord]]:
    handler = Kept()
    LOGGER.addHandler(handler)
    yield handler.records
    LOGGER.removeHandler(handler)


def test_reading_logs_no_text(heard: list[logging.LogRecord]) -> None:
    before = list(LOGGER.filters)
    text = "".join(f'<urn:s> <urn:p> "secret"^^<{XSD}{name}> .\n' for name in TYPES)
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], "chart")
    assert len(data.graph) == len(TYPES)
    terms.node.cache_clear()
    assert {str(terms.node(f'"secret"^^<{XSD}{name}>')) for name in TYPES} == {"secret"}
    assert heard == []
    assert LOGGER.filters == before


def test_what_others_do_meanwhile_is_heard(heard: list[logging.LogRecord]) -> None:
    def of_the_host() -> None:
        Literal("theirs", datatype=URIRef(f"{XSD}integer"))

    with terms._unlogged():
        thread = threading.Thread(target=of_the_host)
        thread.start()
        thread.join()
        Literal("ours", datatype=URIRef(f"{XSD}integer"))
    assert len(heard) == 1
    Literal("later", datatype=URIRef(f"{XSD}integer"))
    assert len(heard) == 2


def test_importing_the_package_changes_no_logger() -> None:
    names = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "reasoner").rglob("[a-z]*.py")
    )
    script = f"""
import importlib, logging, rdflib, pyoxigraph, pyshacl
def state():
    loggers = {{None: logging.root, **logging.Logger.manager.loggerDict}}
    return {{name: (one.level, one.disabled, one.propagate, tuple(one.filters), tuple(one.handlers))
            for name, one in loggers.items() if isinstance(one, logging.Logger)}}
logging.getLogger("rdflib.term")
before = state()
for name in {names}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        pass  # an extra is not installed
after = state()
print([name for name in before if before[name] != after[name]])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_the_command_tells_no_text_of_a_chart(tmp_path: Path, engine: str) -> None:
    said = "".join(f' ; <urn:x:{name}> "secret"^^<{XSD}{name}>' for name in ("boolean", *TYPES))
    text = chart([Attestation("adult-admission:3")]).replace(
        "nec:assertion nec:Affirmed", f"nec:assertion nec:Affirmed{said}", 1
    )
    assert "secret" in text
    (tmp_path / "chart.ttl").write_text(text)
    command = [sys.executable, "-m", "reasoner", "determine", str(tmp_path / "chart.ttl"), "--engine", engine]
    done = subprocess.run([*command, "--format", "compact"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stderr
