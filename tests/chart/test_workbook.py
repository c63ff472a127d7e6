"""Workbooks: a worksheet is read as the same sheet in CSV is, and what its cells do not hold is told by row."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from reasoner import Policy
from reasoner.chart.fast import piece, stream
from reasoner.chart.intake import IntakeResult, read, read_all
from tests.chart.test_rows import NAMES, row, text

openpyxl = pytest.importorskip("openpyxl")


def save(path: Path, rows: list[list[Any]], title: str = "Statements", **others: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for name, content in {title: rows, **others}.items():
        page = book[title] if name == title else book.create_sheet(name)
        for one in content:
            page.append(one)
    book.save(path)
    return path


def change(path: Path, old: str, new: str) -> None:
    """Replace text of the first worksheet, as openpyxl saves no values of formulas."""
    with zipfile.ZipFile(path) as book:
        content = {name: book.read(name) for name in book.namelist()}
    page = "xl/worksheets/sheet1.xml"
    before = content[page].decode().replace("<v></v>", "<v />").replace(" />", "/>")  # as openpyxl writes, or lxml
    old = old.replace(" />", "/>")
    assert old in before
    content[page] = before.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, data in content.items():
            book.writestr(name, data)


def outcome(policy: Policy, path: Path) -> tuple[list[str], list[str], list[str]]:
    """The requests, errors and notes of a workbook; those of a batch are the same."""
    results: list[IntakeResult] = list(read_all([str(path)], policy))
    found = [case.iri[-2:] for one in results for case in one.cases]
    errors = [str(error) for one in results for error in one.errors]
    notes = [note for one in results for note in one.notes]
    batch = [one for part in piece.pieces([str(path)], size=1) for one in stream.read(part, policy)]
    assert [case.iri[-2:] for one in batch for case in one.cases] == found
    assert [str(one.error) for one in batch if one.error] == errors
    assert [note for one in batch for note in one.notes] == notes
    return found, errors, notes


def test_a_worksheet_is_read_as_the_sheet_in_csv(policy: Policy, tmp_path: Path) -> None:
    rows = [row("r1"), row("r2", "one\ntwo, three"), row("r2", observed="2025-06-03", facts=False)]
    path = save(tmp_path / "s.xlsx", [NAMES, *rows])
    cases, _, _ = read("s.csv", policy, data=text(rows).encode())
    found = [case for one in read_all([str(path)], policy) for case in one.cases]
    assert [case.statements for case in found] == [case.statements for case in cases]
    assert [case.digest for case in found] == [case.digest for case in cases]


def test_cells_of_all_kinds(policy: Policy, tmp_path: Path) -> None:
    names = [*NAMES, "iop:hoursPerWeek", "primary", "page"]
    rows: list[list[Any]] = [[*row("r1"), 9.5, True, 12], [*row("r2"), 3, None, "0012"]]
    rows[0][3], rows[0][4] = date(2025, 6, 2), datetime(1980, 5, 5)
    path = save(tmp_path / "s.xlsx", [[], names, *rows])
    assert outcome(policy, path) == (["r1", "r2"], [], [])
    first, second = (one.chart.graph for one in read_all([str(path)], policy) if one.chart)
    said = {str(value) for value in first.objects()}
    assert {"2025-06-02", "1980-05-05", "9.5", "true", "12"} <= said
    assert "0012" in {str(value) for value in second.objects()}


def test_a_formula_counts_by_the_value_that_was_saved(policy: Policy, tmp_path: Path) -> None:
    rows: list[list[Any]] = [row("r1"), row("r2"), row("r3"), row("r4"), row("r5")]
    rows[1][12] = '=CONCATENATE("a","b")'
    rows[2][12] = '=IF(TRUE,"","x")'
    rows[3][8] = "=TODAY()"
    path = save(tmp_path / "s.xlsx", [NAMES, *rows])
    change(path, '<c r="M3"><f>CONCATENATE("a","b")</f><v />', '<c r="M3" t="str"><f>CONCATENATE("a","b")</f><v>ab</v>')
    change(path, '<c r="M4"><f>IF(TRUE,"","x")</f><v />', '<c r="M4" t="str"><f>IF(TRUE,"","x")</f><v></v>')
    found, (error,), _ = outcome(policy, path)
    assert found == ["r1", "r2", "r3", "r5"]
    assert "row 5, column 'observed': the formula has no value" in error
    statements = {case.iri[-2:]: case.statements[0] for one in read_all([str(path)], policy) for case in one.cases}
    assert [statements[name].excerpt for name in found] == ["Takes part.", "ab", "", "Takes part."]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("#N/A", "its value is an error: correct it"),
        (10**17, "it is a number of more digits than a spreadsheet keeps"),
    ],
)
def test_cells_that_hold_nothing_sure(policy: Policy, tmp_path: Path, cell: Any, why: str) -> None:
    found, (error,), _ = outcome(policy, save(tmp_path / "s.xlsx", [NAMES, row("r1", cell), row("r2")]))
    assert found == ["r2"]
    assert f"row 2, column 'excerpt': {why}" in error


@pytest.mark.parametrize(("serial", "counts"), [(44348, False), (12, True), (date(2025, 6, 2), True)])
def test_days_counted_from_1904(policy: Policy, tmp_path: Path, serial: Any, counts: bool) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    column = "page" if serial == 12 else "observed"
    names = [*NAMES, "page"]
    cells: list[Any] = [*row("r1"), ""]
    cells[names.index(column)] = serial
    book.active.append(names)
    book.active.append(cells)
    book.save(tmp_path / "s.xlsx")
    found, errors, _ = outcome(policy, tmp_path / "s.xlsx")
    assert (found, len(errors)) == ((["r1"], 0) if counts else ([], 1))
    if counts and column == "observed":
        ((case,),) = (one.cases for one in read_all([str(tmp_path / "s.xlsx")], policy))
        assert str(case.statements[0].observed) == "2025-06-02"
    if errors:
        assert "row 2, column 'observed': it is a number that can be a day counted from 1904" in errors[0]


def test_the_first_worksheet_with_the_header_is_read_and_the_others_are_named(policy: Policy, tmp_path: Path) -> None:
    other = [["REQUEST", "phase"], ["r9", "admission"]]
    path = save(tmp_path / "s.xlsx", [["About"]], Data=[NAMES, row("r1")], Blank=[], More=other)
    found, errors, (note,) = outcome(policy, path)
    assert (found, errors) == (["r1"], [])
    assert "the worksheets 'Statements', 'More', but 'Data' alone" in note


def test_a_workbook_without_the_header_names_its_worksheets(policy: Policy, tmp_path: Path) -> None:
    path = save(tmp_path / "s.xlsx", [["Title"], NAMES, row("r1")], Notes=[["x"]])
    found, (error,), _ = outcome(policy, path)
    assert found == []
    assert "no worksheet has a column 'request' in its first row: 'Statements', 'Notes'" in error


def patched(flag: int) -> bytes:
    """A workbook whose parts are said to be packed in some other way."""
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    data = bytearray(book.getvalue())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + place] |= flag
            at = data.find(signature, at + 1)
    return bytes(data)


@pytest.mark.parametrize("content", [b"", b"request,phase\n", b"PK\x03\x04", patched(0x01), patched(0x20)])
def test_what_is_no_workbook_is_rejected_and_the_rest_goes_on(policy: Policy, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    save(tmp_path / "b.xlsx", [NAMES, row("r1")])
    found, errors, _ = outcome(policy, tmp_path)
    assert found == ["r1"]
    assert [error.partition("a.xlsx: ")[2] for error in errors] == [
        "this is not XLSX, or it is damaged or locked. Save it as XLSX without a password, or as CSV UTF-8"
    ]


def test_a_workbook_that_unpacks_to_too_much(policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "s.xlsx", [NAMES, row("r1", "x" * 40_000)])
    monkeypatch.setattr("reasoner.rdf.parsing.MAX_BYTES", 20_000)
    (one,) = read_all([str(path)], policy)
    assert "unpacked it is larger" in str(one.errors[0])


def test_a_range_that_is_stated_too_small_hides_nothing(policy: Policy, tmp_path: Path) -> None:
    path = save(tmp_path / "s.xlsx", [NAMES, row("r1"), row("r2")])
    change(path, '<dimension ref="A1:M3" />', '<dimension ref="A1" />')
    assert outcome(policy, path)[0] == ["r1", "r2"]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("bomb", ["rows", "cells"])
def test_rows_and_cells_that_are_only_said_to_be_there(
    bomb: str, header: bool, policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of some kilobytes says so."""
    path = save(tmp_path / "s.xlsx", [NAMES, row("r1")] if header else [])
    far = '<row r="99999999999"><c r="A99999999999"/></row>'
    wide = "".join(f'<row r="{number}"><c r="XFD{number}"/></row>' for number in range(9, 99))
    monkeypatch.setattr("reasoner.chart.tables.workbook._MOST_CELLS", 2**20)
    change(path, "</sheetData>", (far if bomb == "rows" else wide) + "</sheetData>")
    found, (error,), _ = outcome(policy, path)
    assert found == []
    assert f"{path}: a worksheet has more than 1,048,576 rows or 1,048,576 cells, blank ones counted in" in error
