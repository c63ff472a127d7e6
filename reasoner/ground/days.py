"""Arithmetic with days of the calendar, which ends on 9999-12-31."""

from __future__ import annotations

from datetime import date, timedelta

FOREVER = date.max.toordinal() + 1
"""The number of a day that never comes; others are as `date.toordinal` gives them."""


def days_after(day: date, count: int) -> date | None:
    """The day that is some days later; None where the calendar has no such day."""
    try:
        return day + timedelta(days=count)
    except OverflowError:
        return None


def age_on(day: date, born: date) -> int:
    """A person's age in whole years; whoever was born on February 29 turns a year older on March 1 of other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
