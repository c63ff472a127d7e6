"""Calendars: holidays by rule, business days, and periods that pass."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.review.calendars import BusinessCalendar, TimeLimit, TimeUnit, named_calendar, read_calendar
from tests.explore import examples

FEDERAL = named_calendar("us-federal-holidays")


@pytest.mark.parametrize(
    ("year", "kept"),
    [
        # As the Office of Personnel Management lists them for the year.
        (2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24"),
        (2024, "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"),
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
    ],
)
def test_the_federal_holidays_of_a_year(year: int, kept: str) -> None:
    assert sorted(FEDERAL.kept(year)) == [date.fromisoformat(f"{year}-{day}") for day in kept.split()]


def test_a_new_years_day_on_a_saturday_is_kept_in_the_year_before() -> None:
    assert not FEDERAL.is_business_day(date(2021, 12, 31))
    assert FEDERAL.is_business_day(date(2020, 12, 31))


def test_no_year_runs_out() -> None:
    assert len(FEDERAL.kept(9998)) == len(FEDERAL.kept(2030)) == 11
    assert len(FEDERAL.kept(1980)) == 9


def test_a_payer_can_be_closed_on_further_days() -> None:
    day = date(2026, 12, 24)
    assert FEDERAL.is_business_day(day)
    assert not BusinessCalendar(FEDERAL.holidays, closed=frozenset({day})).is_business_day(day)


@examples(100)
@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_business_days_are_those_that_a_day_by_day_count_finds(start: date, count: int) -> None:
    last = FEDERAL.after(start, TimeLimit(count, TimeUnit.BUSINESS_DAYS))
    days = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert sum(FEDERAL.is_business_day(day) for day in days) == count
    assert not days or FEDERAL.is_business_day(days[-1])
    assert FEDERAL.between(start, last, TimeUnit.BUSINESS_DAYS) == count


def test_hours_pass_also_when_clocks_are_put_forward() -> None:
    # On 2026-03-08 the clocks of Chicago go from two to three.
    moment = datetime(2026, 3, 7, 15, tzinfo=ZoneInfo("America/Chicago"))
    later = FEDERAL.later(moment, TimeLimit(72, TimeUnit.HOURS))
    assert later.astimezone(UTC) - moment.astimezone(UTC) == timedelta(hours=72)
    assert later.hour == 16


@pytest.mark.parametrize(
    "text", ["3 weeks", "calendar days", "-1 hours", "72 hours ", "1e3 hours", 72, None, "99999 hours"]
)
def test_what_is_no_period(text: object) -> None:
    with pytest.raises(ValueError, match="no period"):
        TimeLimit.parse(text)


def test_a_period_in_words() -> None:
    for text in ("72 hours", "15 calendar days", "1 business day"):
        assert str(TimeLimit.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[holiday]]\nname = 'x'\nmonth = 13\nday = 1", "no day of a month"),
        ("[[holiday]]\nname = 'x'\nmonth = 1", "no day of a month"),
        ("[[holiday]]\nname = 'x'\nmonth = 1\nday = 1\ncolour = 'red'", "not known of a holiday"),
        ("weekend = ['funday']", "not in"),
    ],
)
def test_calendars_that_are_not_understood(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "calendar.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_calendar(path)
    with pytest.raises(ValueError, match="there is no calendar"):
        named_calendar("moon")
