"""Days at the end of the calendar, and ages around birthdays."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner.ground.days import age_on, days_after


def test_a_day_is_counted_across_months_and_leap_days() -> None:
    assert days_after(date(2024, 2, 28), 2) == date(2024, 3, 1)
    assert days_after(date(2025, 2, 28), 1) == date(2025, 3, 1)
    assert days_after(date(9999, 12, 30), 1) == date(9999, 12, 31)


def test_there_is_no_day_after_the_last() -> None:
    assert days_after(date(9999, 12, 30), 2) is None
    assert days_after(date(2025, 1, 1), 10**10) is None


@pytest.mark.parametrize(
    ("day", "age"),
    [(date(2024, 2, 28), 23), (date(2024, 2, 29), 24), (date(2025, 2, 28), 24), (date(2025, 3, 1), 25)],
)
def test_the_age_of_someone_born_on_a_leap_day(day: date, age: int) -> None:
    assert age_on(day, date(2000, 2, 29)) == age
