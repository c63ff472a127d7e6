"""An error about a line or a row names that of the file, wherever the piece begins in which it is read."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from benchmarks.generate import generate
from reasoner.chart.fast import piece
from reasoner.chart.tables import quads as tables
from reasoner.cli import main

SIZE = 20_000
"""Bytes of a piece here."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, SIZE))


def quads() -> tuple[bytes, str]:
    """Charts of which one has a wrong line, and the place of that."""
    lines = [
        line.removesuffix(" .") + f" <urn:g:{number}> .\n"
        for number, text in enumerate(generate(6, seed=31))
        for line in text.splitlines()
    ]
    wrong = len(lines) - 9
    lines[wrong] = "no quad" + lines[wrong]
    return "".join(lines).encode(), f": line {wrong + 1}, column 1: wrong N-Quads syntax: The subject"


def json_lines() -> tuple[bytes, str]:
    bundle = '{"resourceType": "Bundle", "type": "collection", "id": "%s", "entry": []}\n' % ("x" * 3000)
    lines = [bundle + "\n" * (number % 2) for number in range(18)]
    lines[-3] = '{"resourceType":\n'
    return "".join(
        lines
    ).encode(), f", line {''.join(lines[:-3]).count(chr(10)) + 1}: line 1, column 17: this is not JSON"


@pytest.mark.parametrize("way", ["file", "gzip", "standard input"])
@pytest.mark.parametrize(("suffix", "made"), [("nq", quads()), ("ndjson", json_lines())])
def test_an_error_names_the_line_of_the_file(
    suffix: str, made: tuple[bytes, str], way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    data, place = made
    assert len(data) > 2 * SIZE, "the fault stands past the first piece"
    name = str(tmp_path / f"charts.{suffix}")
    if way == "file":
        Path(name).write_bytes(data)
    elif way == "gzip":
        name += ".gz"
        Path(name).write_bytes(gzip.compress(data))
    else:
        name = "standard input"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    given = ["-", "--input-format", suffix] if way == "standard input" else [name]
    assert main(["determine", *given, "--format", "compact", "--out", str(tmp_path / "out")]) in (2, 3)
    assert f"{name}{place}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [(0, "no subject", "The subject"), (2, "<urn:o> #", "Quads must be"), (3, "#", "Quads must be")],
)
def test_an_error_names_the_row_of_the_table(
    column: int, cell: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    monkeypatch.setattr(tables, "_ROWS", 50)
    rows = [
        (*line.removesuffix(" .").split(" ", 2), f"<urn:g:{number}>")
        for number, text in enumerate(generate(6, seed=31))
        for line in text.splitlines()
    ]
    wrong = len(rows) - 9
    rows[wrong] = (*rows[wrong][:column], cell, *rows[wrong][column + 1 :])
    name = str(tmp_path / "charts.parquet")
    parquet.write_table(pa.table(dict(zip(tables.COLUMNS, zip(*rows, strict=True), strict=True))), name)
    assert main(["determine", name, "--format", "compact", "--out", str(tmp_path / "out")]) in (2, 3)
    assert f"{name}: row {wrong + 1}: wrong N-Quads syntax: {problem}" in capsys.readouterr().err
