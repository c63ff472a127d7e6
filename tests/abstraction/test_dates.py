"""The day of a document: the latest that its beginning names, never a birth date before it or a day to come."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner.abstraction.dates import issued
from tests.abstraction.conftest import text

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("beginning", "day"),
    [
        ("DOB 03/14/1987   Date of service: 2026-02-09", date(2026, 2, 9)),
        ("DATE: 2/16/2026", date(2026, 2, 16)),
        ("DATE: 2/3/26", date(2026, 2, 3)),
        ("13/2/2026", date(2026, 2, 13)),
        ("Seen March 4, 2026 at 3 pm", date(2026, 3, 4)),
        ("Seen 4 March 2026", date(2026, 3, 4)),
        ("Seen 2026-05-30, next visit 2026-06-07", date(2026, 5, 30)),
        ("Phone 555-010-2233, BP 120/80, 1/2 tab", None),
        ("2026-02-31", None),
        ("no date", None),
    ],
)
def test_the_day_of_a_document(beginning: str, day: date | None) -> None:
    assert issued(text(beginning), TODAY) == day


def test_only_the_beginning_is_looked_at() -> None:
    assert issued(text("Seen 2026-01-05.\n" + "word " * 300 + "2026-03-01"), TODAY) == date(2026, 1, 5)
