"""The day on which a document seems to have been written, for a person to check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from reasoner.chart.documents.model import DocumentText
from reasoner.chart.tables import cells
from reasoner.chart.tables.cells import CellError

_HEAD = 1000  # code points of a document that its own date is looked for in
_NUMBERS = re.compile(
    r"(?<![\d/.-])(\d{4})-(\d\d)-(\d\d)(?![\d-])|(?<![\d/.-])(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d\d)(?![\d/-])"
)
_NAMED = re.compile(r"\b([A-Z][a-z]{2,8})\.? (\d{1,2}),? (\d{4})\b|\b(\d{1,2}) ([A-Z][a-z]{2,8})\.? (\d{4})\b")


def issued(document: DocumentText, until: date) -> date | None:
    """The latest day that the beginning of a document names, up to a day; None if it names none.

    A birth date is earlier than the day of a note, so it is not taken for it. Where two numbers can be the month, the first
    is.
    """
    return max((day for day in _days(document.text[:_HEAD]) if day <= until), default=None)


def _days(text: str) -> Iterator[date]:
    for match in _NUMBERS.finditer(text):
        year, month, day, first, second, last = match.groups()
        written = [(year, month, day)] if year else [(_century(last), first, second), (_century(last), second, first)]
        found = (_day(f"{y}-{int(m):02}-{int(d):02}") for y, m, d in written)
        if read := next((day for day in found if day), None):
            yield read
    for match in _NAMED.finditer(text):
        if read := _day(match[0].replace(",", "")):
            yield read


def _century(year: str) -> str:
    return year if len(year) == 4 else f"20{year}"


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(cells.day(written)[0])
    except CellError:
        return None
