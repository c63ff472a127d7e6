"""Terms in N-Triples: the values of literals; and that rdflib does not log the text of ill-typed ones."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rdflib import Literal, URIRef

from reasoner.ground.errors import EngineError
from reasoner.rdf import parsing, terms
from tests.conftest import ROOT, Attestation, chart

XSD = "http://www.w3.org/2001/XMLSchema#"
TYPES = ("integer", "decimal", "double", "date", "dateTime", "duration", "hexBinary")
LOGGER = logging.getLogger("rdflib.term")


@pytest.mark.parametrize(
    ("form", "datatype", "value"),
    [
        ("12", "integer", 12),
        ("+012", "integer", 12),
        ("-3", "long", -3),
        ("2.50", "decimal", Decimal("2.5")),
        (".5", "decimal", Decimal("0.5")),
        ("2.", "decimal", 2),
        ("1\\u0032", "integer", 12),
        ("2.5", "integer", None),
        ("٣", "integer", None),
        ("1٣", "integer", None),
        ("1.٣", "decimal", None),
        ("１２", "decimal", None),
        ("1_000", "integer", None),
        (" 1", "integer", None),
        ("1\\n", "integer", None),
        ("", "integer", None),
        (".", "decimal", None),
        ("NaN", "decimal", None),
        ("1e3", "decimal", None),
        ("1", "double", None),
        ("1", "string", None),
    ],
)
def test_the_number_of_a_literal(form: str, datatype: str, value: Decimal | None) -> None:
    assert terms.number(f'"{form}"^^<{XSD}{datatype}>') == value


@pytest.mark.parametrize("term", ["<urn:a>", "_:b", '"1"', '"1"@en'])
def test_what_is_no_typed_literal_has_no_number(term: str) -> None:
    assert terms.number(term) is None


@pytest.mark.parametrize(
    ("form", "day"),
    [
        ("2025-06-02", date(2025, 6, 2)),
        ("2025-02-30", None),
        ("2025-06-02Z", None),
        ("٢٠٢٥-06-02", None),
        ("20250602", None),
        ("2025-W23-1", None),
    ],
)
def test_the_day_of_a_literal(form: str, day: date | None) -> None:
    assert terms.day(f'"{form}"^^<{XSD}date>') == day


def test_a_literal_with_a_base_direction_is_one_of_its_language() -> None:
    assert terms.node('"x"@en-US--rtl') == Literal("x", lang="en-US")
    assert terms.text('"x"@en--ltr') == "x"


def test_what_is_no_term_is_an_error_that_does_not_quote_it() -> None:
    with pytest.raises(EngineError) as error:
        terms.text("secret")
    assert "secret" not in str(error.value)


class RecordList(logging.Handler):
    """Collects what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    handler = RecordList()
    LOGGER.addHandler(handler)
    yield handler.records
    LOGGER.removeHandler(handler)


def test_reading_logs_no_text(records: list[logging.LogRecord]) -> None:
    before = list(LOGGER.filters)
    text = "".join(f'<urn:s> <urn:p> "secret"^^<{XSD}{name}> .\n' for name in TYPES)
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], "chart")
    assert len(data.graph) == len(TYPES)
    terms.node.cache_clear()
    assert {str(terms.node(f'"secret"^^<{XSD}{name}>')) for name in TYPES} == {"secret"}
    assert records == []
    assert LOGGER.filters == before


def test_what_another_thread_does_meanwhile_is_logged(records: list[logging.LogRecord]) -> None:
    def of_the_host() -> None:
        Literal("theirs", datatype=URIRef(f"{XSD}integer"))

    with terms._unlogged():
        thread = threading.Thread(target=of_the_host)
        thread.start()
        thread.join()
        Literal("ours", datatype=URIRef(f"{XSD}integer"))
    assert len(records) == 1
    Literal("later", datatype=URIRef(f"{XSD}integer"))
    assert len(records) == 2


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
    ill_typed = "".join(f' ; <urn:x:{name}> "secret"^^<{XSD}{name}>' for name in ("boolean", *TYPES))
    text = chart([Attestation("adult-admission:3")]).replace(
        "nec:assertion nec:Affirmed", f"nec:assertion nec:Affirmed{ill_typed}", 1
    )
    assert "secret" in text
    (tmp_path / "chart.ttl").write_text(text)
    command = [sys.executable, "-m", "reasoner", "determine", str(tmp_path / "chart.ttl"), "--engine", engine]
    done = subprocess.run([*command, "--format", "compact"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stderr


def test_a_local_name_stands_after_the_last_separator_and_reads_as_words() -> None:
    assert terms.local("https://example.org/a#ReviewRequest") == "ReviewRequest"
    assert terms.local("https://example.org/a#b/") == ""
    assert terms.words("ReviewRequest") == "review request"
    assert terms.words("AsamLevel2") == "asam level2"


@pytest.mark.parametrize(
    ("datatype", "written", "other"),
    [
        (
            "date",
            ["2025-06-01", "2025-06-01Z", "2025-06-01-14:00"],
            ["2025-W23-1", "2025-06-01T00:00:00", "2025-06-01+15:00"],
        ),
        (
            "dateTime",
            ["2025-06-01T10:00:00.5Z"],
            ["2025-06-01", "2025-06-01 10:00:00", "20250601T100000", "2025-06-01T10:00"],
        ),
        ("integer", ["+012", "-5"], ["1_000", " 5", "٥", "5.0"]),
        ("decimal", ["5.", ".5", "-1.50"], ["1e3", "1_0", "٥", ""]),
        ("double", ["1e5", "INF", "-INF", "NaN", ".5"], ["inf", "Infinity", "nan", "1_0"]),
        ("string", ["", "x"], []),
    ],
)
def test_a_literal_is_well_typed_as_xml_schema_writes_it(datatype: str, written: list[str], other: list[str]) -> None:
    for text in written:
        assert terms.is_well_typed(terms.literal(text, XSD + datatype)), text
    for text in other:
        assert not terms.is_well_typed(terms.literal(text, XSD + datatype)), text
