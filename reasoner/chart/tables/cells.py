"""Cells: the days and numbers that people and spreadsheets write, each taken in the one way in which it can be meant."""

from __future__ import annotations

import re
from datetime import date, timedelta

_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_MIDNIGHT = re.compile(r"(?:[T ]0?0:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)?| 12:00(?::00)? [Aa][Mm])$")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_DAY_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})\.?,?[- ](\d{4})")
_MONTH_NAMED = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_NO_DAY = re.compile(r"(?:19|20)\d\d(?:[-/.]\d{1,2})?|\d{1,2}[-/.](?:19|20)\d\d|[A-Za-z]{3,9}\.? (?:19|20)\d\d")
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?")
_BEFORE_SERIALS = date(1899, 12, 30)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

_NUMBER = re.compile(r"[+-]?(?:\d+|\d*\.\d+)")
_POINTED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_GROUPED_OR_DECIMAL = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_GROUPED = (
    (re.compile(r"[+-]?\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|[+-]?\d{1,3}(?:,\d{3})+\.\d+"), re.compile(",")),
    (re.compile(r"[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|[+-]?\d{1,3}(?:\.\d{3})+,\d+"), re.compile(r"\.")),
    (re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?"), re.compile(r"[ \u00a0\u202f'’]")),
)

SERIAL = "numbers in place of dates are taken as a spreadsheet's, which counts days from 1900"
MONTH_FIRST = "dates written as month, day and year are taken so"
DAY_FIRST = "dates written as day, month and year are taken so"
YEAR_FIRST = "dates written as year, month and day without hyphens or zeros are taken so"
NAMED = "dates with the name of a month are taken so"
DECIMAL_COMMA = "numbers with a decimal comma are taken so"
GROUPED = "numbers with marks between thousands are taken without them"


class CellError(ValueError):
    """What is wrong with a cell, without its words."""


class UnreadableError(CellError):
    """A cell says what the record says, and that cannot be read: its row is an unread item."""


class PartialDateError(UnreadableError):
    """A cell names a month or a year, and no day."""


class UnknownCodeError(UnreadableError):
    """A cell is the code of no concept."""


def day(cell: str) -> tuple[str, str]:
    """The day that a cell names, as YYYY-MM-DD, and how it is written, if otherwise.

    Raises:
        PartialDateError: it names a month or a year alone.
        CellError: it names none, or can name two.
    """
    text = _MIDNIGHT.sub("", cell)
    if _ISO.fullmatch(text):
        return _only([_date(*text.split("-"))]), ""
    if match := _YEAR_FIRST.fullmatch(text) or _DIGITS.fullmatch(text):
        return _only([_date(match[1], match[2], match[3])]), YEAR_FIRST
    if match := _YEAR_LAST.fullmatch(text):
        month_first, day_first = _date(match[4], match[1], match[3]), _date(match[4], match[3], match[1])
        return _only([month_first, day_first]), MONTH_FIRST if month_first else DAY_FIRST
    if match := _DAY_NAMED.fullmatch(text):
        return _only([_date(match[3], _month(match[2]), match[1])]), NAMED
    if match := _MONTH_NAMED.fullmatch(text):
        return _only([_date(match[3], _month(match[1]), match[2])]), NAMED
    if match := _SERIAL.fullmatch(text):
        return (_BEFORE_SERIALS + timedelta(days=int(match[1]))).isoformat(), SERIAL
    if _NO_DAY.fullmatch(text):
        raise PartialDateError("it is not a date of the calendar, as it names no day: write YYYY-MM-DD")
    return _only([]), ""


def number(cell: str, *, points_group: bool) -> tuple[str, str]:
    """A number as digits with a decimal point, and how it is written, if otherwise; other cells as they are.

    Args:
        cell: the cell.
        points_group: whether a point can stand between thousands, as where semicolons part cells.

    Raises:
        CellError: it can be two numbers.
    """
    if _GROUPED_OR_DECIMAL.fullmatch(cell) or (points_group and _POINTED.fullmatch(cell)):
        mark = "comma" if "," in cell else "point"
        raise CellError(f"its {mark} can be decimal or stand between thousands: write 1234 or 1.2340")
    if _NUMBER.fullmatch(cell):
        return cell, ""
    if _DECIMAL_COMMA.fullmatch(cell):
        return cell.replace(",", "."), DECIMAL_COMMA
    for pattern, marks in _GROUPED:
        if pattern.fullmatch(cell):
            return marks.sub("", cell).replace(",", "."), GROUPED
    return cell, ""


def _only(days: list[date | None]) -> str:
    """The one day of some; raises `CellError`."""
    found = {day for day in days if day}
    if not found:
        raise CellError("it is not a date of the calendar: write YYYY-MM-DD")
    if len(found) > 1:
        raise CellError("it can be two dates, as either number can be the month: write YYYY-MM-DD")
    return found.pop().isoformat()


def _date(year: str, month: str | int, of_month: str) -> date | None:
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        return None


def _month(name: str) -> int:
    """The number of a month by its English name or its first three letters or more; 0 for none."""
    return next((number for number, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())), 0)
