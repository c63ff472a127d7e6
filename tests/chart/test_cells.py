"""Cells of sheets: days and numbers are taken in the one way in which they can be meant, or not at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.chart.tables import cells
from reasoner.chart.tables.cells import CellError, day, number
from tests.explore import examples

DAYS = st.dates(date(1930, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("cell", "iso", "note"),
    [
        ("2026-02-16", "2026-02-16", ""),
        ("2026-02-16T00:00:00.000", "2026-02-16", ""),
        ("2026-02-16T00:00:00Z", "2026-02-16", ""),
        ("2026-02-16 00:00:00+02:00", "2026-02-16", ""),
        ("2026-2-6", "2026-02-06", cells.YEAR_FIRST),
        ("2026/02/03", "2026-02-03", cells.YEAR_FIRST),
        ("20260216", "2026-02-16", cells.YEAR_FIRST),
        ("2/16/2026", "2026-02-16", cells.MONTH_FIRST),
        ("2/16/2026 0:00", "2026-02-16", cells.MONTH_FIRST),
        ("2/16/2026 12:00:00 AM", "2026-02-16", cells.MONTH_FIRST),
        ("16.2.2026", "2026-02-16", cells.DAY_FIRST),
        ("16-02-2026", "2026-02-16", cells.DAY_FIRST),
        ("2/2/2026", "2026-02-02", cells.MONTH_FIRST),
        ("16-Feb-2026", "2026-02-16", cells.NAMED),
        ("February 3, 2026", "2026-02-03", cells.NAMED),
        ("Sept. 3, 2026", "2026-09-03", cells.NAMED),
        ("45810", "2025-06-02", cells.SERIAL),
        ("45810.0", "2025-06-02", cells.SERIAL),
    ],
)
def test_a_day(cell: str, iso: str, note: str) -> None:
    assert day(cell) == (iso, note)


@pytest.mark.parametrize("cell", ["2/3/2026", "03.02.2026", "12-11-2026"])
def test_a_day_that_can_be_two(cell: str) -> None:
    with pytest.raises(CellError, match="two dates"):
        day(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *("2/30/2026", "13/13/2026", "2/16/26", "16-Feb-26", "2026-02-30", "20261316", "2025", "1950", "123456"),
        *("45810.5", "2/16/2026 10:30", "2026-02-16T10:30:00Z", "16-Febtober-2026", "spring", "2/16-2026", "1.5"),
    ],
)
def test_what_is_no_day(cell: str) -> None:
    with pytest.raises(CellError, match="not a date"):
        day(cell)


@given(of=DAYS)
@examples(200)
def test_a_day_is_read_as_it_was_written_or_not_at_all(of: date) -> None:
    for form in ("%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%B %d, %Y"):
        try:
            assert day(of.strftime(form))[0] == of.isoformat()
        except CellError:
            assert form in ("%m/%d/%Y", "%d.%m.%Y")
            assert of.day <= 12
            assert of.day != of.month
    serial = (of - date(1899, 12, 30)).days
    assert day(str(serial))[0] == (date(1899, 12, 30) + timedelta(days=serial)).isoformat() == of.isoformat()


@pytest.mark.parametrize(
    ("cell", "digits", "note"),
    [
        ("12", "12", ""),
        ("-12.5", "-12.5", ""),
        ("1.234", "1.234", ""),
        ("12,5", "12.5", cells.DECIMAL_COMMA),
        ("0,125", "0.125", cells.DECIMAL_COMMA),
        ("1234,567", "1234.567", cells.DECIMAL_COMMA),
        ("1,234,567", "1234567", cells.GROUPED),
        ("1,234.5", "1234.5", cells.GROUPED),
        ("1.234,5", "1234.5", cells.GROUPED),
        ("1.234.567", "1234567", cells.GROUPED),
        ("1 234,5", "1234.5", cells.GROUPED),
        ("1\u00a0234", "1234", cells.GROUPED),
        ("1'234.50", "1234.50", cells.GROUPED),
        ("1,2,3", "1,2,3", ""),
        ("about 3", "about 3", ""),
        ("2/16/2026", "2/16/2026", ""),
    ],
)
def test_a_number(cell: str, digits: str, note: str) -> None:
    assert number(cell, points_group=False) == (digits, note)


@pytest.mark.parametrize(("cell", "points_group"), [("1,234", False), ("-12,345", True), ("1.234", True)])
def test_a_number_that_can_be_two(cell: str, points_group: bool) -> None:
    with pytest.raises(CellError, match="decimal or stand between thousands"):
        number(cell, points_group=points_group)
