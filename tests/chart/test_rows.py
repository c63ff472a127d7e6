"""Rows of sheets as people and spreadsheets write them: each is read whole, or rejected by its number with its request."""

from __future__ import annotations

import csv
import io
import tracemalloc
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner import Policy
from reasoner.chart.fast import piece, stream
from reasoner.chart.intake import read
from reasoner.chart.tables import parquet, rows, sheet
from reasoner.chart.tables.rows import FAULTS, CsvRecords, parts
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing
from tests.explore import examples

NAMES = [
    *("request", "phase", "focus", "service_start", "birth_date", "jurisdiction", "criterion", "assertion"),
    *("observed", "document", "author", "issued", "excerpt"),
]
FACTS = ["admission", "mental-health", "2025-06-02", "1980-05-05", "US-MO"]


def row(request: str, excerpt: str = "Takes part.", observed: str = "2025-06-02", facts: bool = True) -> list[str]:
    said = ["adult-admission:3", "affirmed", observed, "Note", "R. Example", "2025-06-02", excerpt]
    return [request, *(FACTS if facts else [""] * len(FACTS)), *said]


def text(rows: list[list[str]], delimiter: str = ",", names: list[str] = NAMES, end: str = "\n") -> str:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=end).writerows([names, *rows])
    return written.getvalue()


def outcome(policy: Policy, data: str | bytes) -> tuple[list[str], list[str], tuple[str, ...]]:
    """The requests of a sheet by name, its errors and its notes; the same if it is read in parts."""
    raw = data if isinstance(data, bytes) else data.encode()
    cases, errors, notes = read("s.csv", policy, data=raw)
    found = [case.iri.rpartition(":")[2] for case in cases]
    said = list(map(str, errors))
    for size in (1, 10**9):
        cut = [
            one
            for first, part in parts(CsvRecords(io.BytesIO(raw), "s.csv"), sheet.REQUEST, size=size)
            for one in sheet.read(part, "s.csv", policy, first=first)
        ]
        assert [one.request.rpartition(":")[2] for one in cut if not one.error] == found
        whole = {str(one.error) for one in cut if one.error}
        assert whole == set(said) or size == 1
        assert len(whole) == len(said)
        assert tuple(note for one in cut for note in one.notes) == notes
    return found, said, notes


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("\ufeff" + text([row("r1")]), id="byte order mark"),
        pytest.param("sep=;\n" + text([row("r1")], ";"), id="sep line"),
        pytest.param("sep=;\r\n" + text([row("r1", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o")], ";"), id="sep line, more commas"),
        pytest.param('\ufeff"SEP=|"\n' + text([row("r1")], "|"), id="sep line in quotes"),
        pytest.param(text([row("r1")], names=[n.upper().replace("_", " ") for n in NAMES]), id="upper case, spaces"),
        pytest.param(text([row("r1")], names=[n.title().replace("_", "-") for n in NAMES]), id="hyphens"),
        pytest.param(text([row("r1")], names=[f" {n}\u00a0" for n in NAMES]), id="spaces around"),
        pytest.param(text([[*row("r1"), "", ""]], names=[*NAMES, "", " "]), id="blank columns at the end"),
        pytest.param(text([row("r1")], names=[*NAMES, "", ""]), id="blank columns in the header alone"),
        pytest.param(text([["", *row("r1")]], names=["", *NAMES]), id="blank column at the start"),
        pytest.param(text([row("r1", "a, b; c")], "\t"), id="tabs"),
        pytest.param(text([row("r1", "a, b, c")], ";"), id="semicolons, quoted commas"),
        pytest.param(text([row("r1", 'He said "a; b"')], ";"), id="semicolons, quotes"),
        pytest.param(text([row("r1", "one\n\ntwo, three, four\nfive")]), id="lines in a cell"),
        pytest.param(text([row("r1")]).replace("\n", "\r\n"), id="CRLF"),
        pytest.param(text([row("r1")]).replace("\n", "\r"), id="CR"),
        pytest.param(text([row("r1")]).rstrip("\n"), id="no final newline"),
        pytest.param("\n\n" + text([row("r1")]), id="blank lines before"),
        pytest.param(text([row("r1"), [], [""] * 13, ["", ""], row("r1", facts=False)]), id="blank rows between"),
    ],
)
def test_what_is_read(policy: Policy, data: str) -> None:
    assert outcome(policy, data) == (["r1"], [], ())


def test_rows_are_counted_as_spreadsheets_do(policy: Policy) -> None:
    for before, number in (("", 5), ("sep=,\n", 5), ("\n\n", 7)):
        _, (error,), _ = outcome(policy, before + text([row("r1", "one\ntwo"), [], [], row("r2", observed="?")]))
        assert f"row {number}, column 'observed': it is not a date" in error


@pytest.mark.parametrize("cells", range(2, 13))
def test_a_row_cut_short_is_rejected_with_its_request(policy: Policy, cells: int) -> None:
    rows = [row("r1"), row("r2"), row("r2", facts=False)[:cells], row("r3")]
    found, (error,), _ = outcome(policy, text(rows))
    assert found == ["r1", "r3"]
    assert f"row 4, column '{NAMES[cells]}': it is missing, as the row has {cells} of 13 cells" in error


def test_a_row_cut_within_its_request_leaves_neither_neighbour(policy: Policy) -> None:
    found, errors, _ = outcome(policy, text([row("r1"), row("r2"), ["r"], row("r3"), row("r4")]))
    assert found == ["r1", "r4"]
    assert "row 4, column 'phase': it is missing" in errors[0]
    assert "which request row 4 belongs to cannot be told" in errors[0]
    assert "row 4, the one before, cannot be read and may belong to it" in errors[1]
    found, (error,), _ = outcome(policy, text([row("r1"), row("r13"), ["r1"]]))
    assert found == ["r1"]
    assert "row 4" in error


@pytest.mark.parametrize(
    ("broken", "column"),
    [
        pytest.param(
            'r2,,,,,,adult-admission:3,affirmed,,Note,R. E.,2025-06-02,"Takes part.\n', "excerpt", id="no end"
        ),
        pytest.param(
            'r2,,,,,,adult-admission:3,affirmed,,Note,R. E.,2025-06-02,"So "he" said"\n', "excerpt", id="inner"
        ),
        pytest.param(
            'r2,,,,,,adult-admission:3,affirmed,,"Note,R. E.,2025-06-02,Takes part.\n', "document", id="middle"
        ),
    ],
)
@pytest.mark.parametrize(
    "after",
    [
        pytest.param([row("r3", "one, two"), row("r4")], id="quotes after"),
        pytest.param([row("r3"), row("r4")], id="none after"),
        pytest.param([row("r3"), row("r4", 'says "no"')], id="doubled quotes after"),
    ],
)
def test_a_quoted_text_without_end_costs_its_request_alone(
    policy: Policy, broken: str, column: str, after: list[list[str]]
) -> None:
    data = text([row("r1"), row("r2")]) + broken + text(after).partition("\n")[2]
    found, (error,), _ = outcome(policy, data)
    assert found == ["r1", "r3", "r4"]
    assert f"row 4, column '{column}': this is not CSV: a quoted text does not end" in error


def test_rows_swallowed_by_a_quoted_text_are_found(policy: Policy) -> None:
    data = text([row("r1")]) + ",".join(row("r2", '"Takes part.')) + "\n"
    data += ",".join(row("r3")) + "\n" + ",".join(row("r4", "5'4\"")) + "\n" + ",".join(row("r5")) + "\n"
    found, (error,), _ = outcome(policy, data)
    assert found == ["r1", "r3", "r4", "r5"]
    assert "row 3, column 'excerpt': this is not CSV" in error


def test_a_quoted_request_without_end_leaves_neither_neighbour(policy: Policy) -> None:
    data = (
        text([row("r1"), row("r2")])
        + '"'
        + ",".join(row("r2"))
        + "\n"
        + text([row("r3"), row("r4")]).partition("\n")[2]
    )
    found, errors, _ = outcome(policy, data)
    assert found == ["r1", "r4"]
    assert "row 4, column 'request': this is not CSV" in errors[0]


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ("Müller".encode("cp1252"), "row 3, column 'excerpt': the text is not UTF-8: save it as CSV UTF-8"),
        (b"a\0b", "row 3, column 'excerpt': it holds a NUL character: remove it"),
        (b"\0quote 1", "row 3, column 'excerpt': it holds a NUL character"),
    ],
)
def test_bytes_that_are_no_text_cost_their_request_alone(policy: Policy, spoilt: bytes, why: str) -> None:
    data = text([row("r1"), row("r2", "SPOILT"), row("r3", "Müller")]).encode().replace(b"SPOILT", spoilt)
    found, (error,), _ = outcome(policy, data)
    assert found == ["r1", "r3"]
    assert why in error


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("sep=:\nrequest:phase\n", "its line sep= names no delimiter of sheets. Use a comma"),
        ("sep=\nrequest\n", "its line sep= names no delimiter"),
        ("sep=;\nrequest,phase\nr1,admission\n", "The line sep= says ';', and the cells are parted by ','"),
        (text([], names=["request", "Service Start", "service_start"]), "the column 'service_start' stands twice"),
        (text([], names=["request", "age (years)"]), "row 1: the column 'age (years)' has no meaning"),
        ("Our sheet\n\n" + text([row("r1")]), "no column 'request'. Remove the rows above the header, which is row 3"),
        (b"request,\xe9t\xe9\nr1,x\n", "row 1: the text is not UTF-8. Save it as CSV UTF-8"),
        ("request,phase\n".encode("utf-16"), "row 1: the text is not UTF-8"),
        ('request,"phase\nr1,x\n', "row 1: this is not CSV"),
        (b"request,ph\0ase\nr1,x\n", "row 1: it holds a NUL character"),
    ],
)
def test_a_header_that_is_none(policy: Policy, data: str | bytes, why: str) -> None:
    found, (error,), _ = read("s.csv", policy, data=data if isinstance(data, bytes) else data.encode())
    assert found == []
    assert why in str(error)


def test_cells_beside_the_columns(policy: Policy) -> None:
    beside = [["x", *row("r2")], ["", *row("r3")]]
    found, (error,), _ = outcome(policy, text([["", *row("r1")], *beside], names=["", *NAMES]))
    assert found == ["r1", "r3"]
    assert "row 3: its cell 1 stands under no name" in error
    found, (error,), _ = outcome(policy, text([[*row("r1"), "x"], row("r2")], names=[*NAMES, ""]))
    assert found == ["r2"]
    assert "row 2: it has more cells than the header" in error


def test_a_second_header_is_no_row(policy: Policy) -> None:
    found, errors, _ = outcome(policy, text([row("r1"), NAMES, row("r2")]))
    assert found == ["r1", "r2"]
    assert all("row 3, column" in error for error in errors)
    found, errors, _ = outcome(policy, text([["", *(["(text)"] * 12)], row("r1")]))
    assert found == ["r1"]
    assert "row 2: no request is named" in errors[0]


def test_dates_of_spreadsheets_are_taken_with_a_note(policy: Policy) -> None:
    rows = [row("r1", observed="6/20/2025"), row("r1", observed="45828", facts=False)]
    rows[0][3:5] = "45810", "5/15/1980"
    (case,), errors, notes = read("s.csv", policy, data=text(rows).encode())
    assert errors == []
    assert [str(s.observed) for s in case.statements] == ["2025-06-20", "2025-06-20"]
    assert str(case.start) == "2025-06-02"
    assert notes == (
        "rows 2, 3, columns 'observed', 'service_start'"
        + ": numbers in place of dates are taken as a spreadsheet's, which counts days from 1900",
        "row 2, columns 'birth_date', 'observed': dates written as month, day and year are taken so",
    )


def test_a_date_that_can_be_two_names_its_row(policy: Policy) -> None:
    found, (error,), _ = outcome(policy, text([row("r1"), row("r2", observed="2/3/2026")]))
    assert found == ["r1"]
    assert "row 3, column 'observed': it can be two dates" in error
    assert "2/3/2026" not in error


@pytest.mark.parametrize(
    ("delimiter", "cell", "value", "noted"),
    [
        (";", "9,5", "9.5", True),
        (",", "9.5", "9.5", False),
        (",", "45,25", "45.25", True),
        (",", "45", "45", False),
        (";", "1.234", None, False),
        (",", "1,234", None, False),
    ],
)
def test_numbers_are_told_apart_from_dates(
    policy: Policy, delimiter: str, cell: str, value: str | None, noted: bool
) -> None:
    for name in ("iop:hoursPerWeek", "IOP:Hours per week"):
        data = text([[*row("r1"), cell], [*row("r2"), "3"]], delimiter, [*NAMES, name])
        found, errors, notes = outcome(policy, data)
        assert found == (["r1", "r2"] if value else ["r2"])
        assert bool(notes) == noted
        if value:
            assert f'hoursPerWeek> "{value}"^^' in next(sheet.read(data.encode(), "s", policy)).quads()
        else:
            assert "row 2, column 'iop:hoursPerWeek': its" in errors[0]


def test_what_is_rejected_is_rejected_again_as_it_was_kept(policy: Policy) -> None:
    rows = [row("r1"), row("r2")[:7], row("r3", "SPOILT"), [*row("r4"), "more"], row("r5", observed="2/3/2026")]
    data = text(rows).encode().replace(b"SPOILT", b'"a" b')
    kept = [one.raw for one in sheet.read(data, "s", policy) if one.error]
    assert len(kept) == 4
    for raw in kept:
        (again,) = sheet.read(raw, "s", policy)
        assert again.error


def test_a_batch_tells_the_same(policy: Policy, tmp_path: Path) -> None:
    good, bad = tmp_path / "a.csv", tmp_path / "b.csv"
    good.write_text(text([row("r1", observed="6/20/2025"), row("r2")[:7], row("r3")]))
    bad.write_text("sep=:\nrequest:phase\n")
    (tmp_path / "~$c.xlsx").write_bytes(b"")
    found = [one for part in piece.pieces([str(tmp_path)]) for one in stream.read(part, policy)]
    assert [case.iri[-2:] for one in found for case in one.cases] == ["r1", "r3"]
    assert [note for one in found for note in one.notes]
    assert ["it is missing" in str(one.error) or "sep=" in str(one.error) for one in found if one.error] == [True, True]


CELLS = st.text(st.sampled_from('a,;"\n\r\t| =é'), max_size=6)


@given(excerpts=st.lists(CELLS, min_size=1, max_size=5), delimiter=st.sampled_from(",;\t|"))
@examples(60)
def test_any_text_comes_back(excerpts: list[str], delimiter: str) -> None:
    rows = [row(f"r{i}", excerpt) for i, excerpt in enumerate(excerpts)]
    data = text(rows, delimiter, end="\r\n").encode()
    assert list(CsvRecords(io.BytesIO(data), "s")) == [NAMES, *rows]
    cut = [part for _, part in parts(CsvRecords(io.BytesIO(data), "s"), "request", size=1)]
    again = chain.from_iterable(list(CsvRecords(io.BytesIO(part), "s"))[1:] for part in cut)
    assert list(again) == rows


def test_a_sheet_cut_anywhere_gives_no_request_of_a_part_of_a_row(policy: Policy) -> None:
    data = text([row("r1"), row("r2", "one, two"), row("r2", "three, four", facts=False)])
    lines = data.splitlines(keepends=True)
    whole = {one.quads() for end in (3, 4) for one in sheet.read("".join(lines[:end]).encode(), "s", policy)}
    for end in range(len(lines[0]) + 1, len(data)):
        last = next(csv.reader([data[:end].rpartition("\n")[2]]), [])
        within_last_cell = len(last) == len(NAMES) and data[end] != "\n"  # nothing tells that it goes on
        for one in sheet.read(data[:end].encode(), "s", policy):
            assert one.error or one.quads() in whole or within_last_cell, data[:end]


def test_each_fault_says_what_to_do() -> None:
    assert all(": " in said for said in FAULTS.values())


def test_a_cell_that_is_too_long(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reasoner.rdf.parsing.MAX_LITERAL", 200)
    try:
        found, errors, _ = read("s.csv", policy, data=text([row("r1"), row("r2", "x" * 300), row("r3")]).encode())
    finally:
        csv.field_size_limit(4 * 2**20)
    assert [case.iri[-2:] for case in found] == ["r1", "r3"]
    assert isinstance(errors[0], DocumentationError)
    assert "row 3, column 'excerpt': a cell is longer" in str(errors[0])


def test_a_line_that_is_longer_than_any_row_costs_that_row_and_little_memory(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_LONGEST", 4000)
    cells = ["x" * 300] * 20  # no cell is long by itself
    data = text([row("r1"), row("r2") + cells, row("r3")])
    found, said, _ = outcome(policy, data)
    assert found == ["r1", "r3"]
    assert len(said) == 1
    assert "a cell is longer than" in said[0]
    assert "row 3" in said[0]


@pytest.mark.parametrize("line", ['"' + "x" * 50_000, '{"a": "' + "x" * 50_000 + '"}'])
def test_long_texts_are_looked_through_without_what_could_be_gone_back_to(line: str) -> None:
    tracemalloc.start()
    try:
        parsing.refuse_deep_json(f"{'[' * 3}{line}", "s")
        assert tracemalloc.get_traced_memory()[1] < 20 * len(line)
    finally:
        tracemalloc.stop()


def test_a_table_of_more_columns_than_a_spreadsheet_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAX_COLUMNS", len(NAMES))
    names = [*NAMES, "other"]
    assert list(CsvRecords(io.BytesIO(text([], names=[*NAMES, " ", ""]).encode()), "a sheet"))
    with pytest.raises(DocumentationError, match=f"^a sheet, row 1: the table has more than {len(NAMES)} columns"):
        list(CsvRecords(io.BytesIO(text([], names=names).encode()), "a sheet"))
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra tables) is not installed")
    pq.write_table(pa.table({name: ["a"] for name in names}), tmp_path / "a.parquet")
    with pytest.raises(DocumentationError, match=f"^a table: the table has more than {len(NAMES)} columns"):
        parquet.ParquetTable(tmp_path / "a.parquet", "a table")


def test_blank_rows_are_counted_and_kept_only_between_rows_of_a_part() -> None:
    blank = [""] * len(NAMES)
    one, two = row("r1"), row("r2")
    data = text([blank, one, blank, blank, one, blank, two, *[blank] * 50]).encode()
    (whole,) = parts(CsvRecords(io.BytesIO(data), "s"), "request")
    assert whole[0] == 2
    assert list(CsvRecords(io.BytesIO(whole[1]), "s")) == [NAMES, [], one, [], [], one, [], two]
    cut = [
        (first, list(CsvRecords(io.BytesIO(part), "s"))[1:])
        for first, part in parts(iter([NAMES, one, blank, two]), "request", size=1)
    ]
    assert cut == [(2, [one]), (4, [two])]


def test_blank_rows_of_parquet_are_rows(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra tables) is not installed")
    cells = [None] * 5000 + ["r1"]
    pq.write_table(pa.table({"request": cells, "other": pa.nulls(5001)}), tmp_path / "a.parquet")
    found = list(rows.parquet_records(tmp_path / "a.parquet", "a"))
    assert [(number, record) for number, record in enumerate(found, 1) if any(record)] == [
        (1, ["request", "other"]),
        (5002, ["r1", ""]),
    ]
