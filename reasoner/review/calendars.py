"""Periods of time and business days: hours, calendar days, and the days that are neither weekend nor holiday."""

from __future__ import annotations

import calendar
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).parent / "rules"
"""The folder of the rules and calendars that ship with the package."""

_DAY = timedelta(days=1)
_WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
_PERIOD = re.compile(r"(\d{1,4}) (hours?|calendar days?|business days?)")


class TimeUnit(StrEnum):
    """What a period counts."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar days"
    BUSINESS_DAYS = "business days"


@dataclass(frozen=True)
class TimeLimit:
    """A length of time."""

    count: int
    unit: TimeUnit

    @classmethod
    def parse(cls, text: object) -> TimeLimit:
        """A period from words; raises `ValueError` if they are none.

        >>> TimeLimit.parse("15 calendar days")
        TimeLimit(count=15, unit=<TimeUnit.CALENDAR_DAYS: 'calendar days'>)
        """
        match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is no period such as '72 hours', '15 calendar days' or '5 business days'")
        return cls(int(match[1]), TimeUnit(match[2].rstrip("s") + "s"))

    @property
    def hours(self) -> int:
        """About how many hours it is, to compare limits by; a business day is more than a day of the calendar."""
        return self.count * {TimeUnit.HOURS: 1, TimeUnit.CALENDAR_DAYS: 24, TimeUnit.BUSINESS_DAYS: 34}[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit.value if self.count != 1 else self.unit.value.removesuffix('s')}"


@dataclass(frozen=True)
class Holiday:
    """A rule for a holiday: a day of a month, or the nth of a weekday in it, counted from its end if negative."""

    name: str
    month: int
    day: int = 0
    weekday: int = 0
    """Monday is 0."""
    nth: int = 0
    since: int = 1
    """The first year in which it was kept."""

    def date(self, year: int) -> date | None:
        """The day of a year on which it falls; None where the year has none."""
        if year < self.since:
            return None
        if not self.nth:
            return date(year, self.month, self.day) if self.day <= calendar.monthrange(year, self.month)[1] else None
        days = [d for d in calendar.Calendar().itermonthdates(year, self.month) if d.month == self.month]
        those = [day for day in days if day.weekday() == self.weekday]
        place = self.nth - 1 if self.nth > 0 else self.nth
        return those[place] if -len(those) <= place < len(those) else None


@dataclass(frozen=True)
class BusinessCalendar:
    """Which days are business days: those that are no weekend, no holiday, and not closed."""

    holidays: tuple[Holiday, ...] = ()
    weekend: frozenset[int] = frozenset({5, 6})
    closed: frozenset[date] = frozenset()
    """Further days on which the payer is closed."""
    source: str = ""
    _years: dict[int, frozenset[date]] = field(default_factory=dict, compare=False, repr=False)

    def kept(self, year: int) -> frozenset[date]:
        """The days on which the holidays of a year are kept: one on a Saturday on the day before, on a Sunday on the day after."""
        if year not in self._years:
            days = [day for holiday in self.holidays if (day := holiday.date(year))]
            shift = {5: -_DAY, 6: _DAY}
            self._years[year] = frozenset(day + shift.get(day.weekday(), timedelta()) for day in days)
        return self._years[year]

    def is_business_day(self, day: date) -> bool:
        """Whether a day is a business day."""
        if day.weekday() in self.weekend or day in self.closed:
            return False
        # The New Year's Day of the next year may be kept in this one.
        return not any(day in self.kept(year) for year in {day.year, (day + _DAY).year})

    def after(self, day: date, period: TimeLimit) -> date:
        """The last day of a period of days that begins the day after; raises `OverflowError` beyond the calendar."""
        if period.unit is not TimeUnit.BUSINESS_DAYS:
            return day + timedelta(days=period.count)
        left = period.count
        while left:
            day += _DAY
            left -= self.is_business_day(day)
        return day

    def between(self, first: date, last: date, unit: TimeUnit) -> int:
        """How many days of a unit follow the first day, up to the last."""
        days = max(0, (last - first).days)
        if unit is not TimeUnit.BUSINESS_DAYS:
            return days
        return sum(self.is_business_day(first + timedelta(days=n)) for n in range(1, days + 1))

    def later(self, moment: datetime, period: TimeLimit) -> datetime:
        """The moment a period later: so many hours that pass, or the same time of day so many days later."""
        if period.unit is TimeUnit.HOURS:
            return (moment.astimezone(UTC) + timedelta(hours=period.count)).astimezone(moment.tzinfo)
        return moment + (self.after(moment.date(), period) - moment.date())


def read_calendar(path: Path) -> BusinessCalendar:
    """The calendar of a TOML file, such as `rules/us-federal-holidays.toml`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not TOML, or has an entry that is not understood.
        KeyError: an entry lacks a field.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return BusinessCalendar(
        holidays=tuple(_holiday(entry) for entry in content.get("holiday", ())),
        weekend=frozenset(_WEEKDAYS.index(name) for name in content.get("weekend", ("saturday", "sunday"))),
        source=str(content.get("source", "")),
    )


@lru_cache(maxsize=4)
def named_calendar(name: str) -> BusinessCalendar:
    """A calendar that ships with the package; raises `ValueError` if there is none of the name."""
    known = sorted(path.stem for path in RULES.glob("*-holidays.toml"))
    if name not in known:
        raise ValueError(f"there is no calendar {name!r}; known: {', '.join(known)}")
    return read_calendar(RULES / f"{name}.toml")


def _holiday(entry: Mapping[str, Any]) -> Holiday:
    unknown = set(entry) - {"name", "month", "day", "weekday", "nth", "from"}
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is not known of a holiday")
    holiday = Holiday(
        name=str(entry["name"]),
        month=int(entry["month"]),
        day=int(entry.get("day", 0)),
        weekday=_WEEKDAYS.index(entry["weekday"]) if "weekday" in entry else 0,
        nth=int(entry["nth"]) if "weekday" in entry else 0,
        since=int(entry.get("from", 1)),
    )
    if not 1 <= holiday.month <= 12 or not (holiday.nth or 1 <= holiday.day <= 31):
        raise ValueError(f"{holiday.name} has no day of a month, nor the nth weekday of one")
    return holiday
