"""When a statement, or an item that was not read, counts for a leaf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tests.second_evaluator.record import ICD10CM, Request, Statement, Unread

ADMISSION_WINDOW = 7
STAY_WHERE_NOT_STATED = 90

_LOOKBACK = {
    **dict.fromkeys(["adult-admission:1-severity"], 365),
    **dict.fromkeys(["illinois:assessment", "illinois:level"], 90),
}
_UNBOUNDED = (
    "adult-admission:1-diagnosis",
    "adult-admission:8-b",
    "substance-use:3",
    "child-adolescent:2",
    "description:",
)
_SINCE_ADMISSION = ("adult-continuation:", "illinois:continued-service")
"""Ids, or how ids begin."""


@dataclass(frozen=True)
class Span:
    """The days on which an observation counts for a leaf."""

    first: date | None
    last: date | None
    too_old: str
    """Why what is observed before it does not count."""

    def __contains__(self, day: date) -> bool:
        return not (self.is_before(day) or self.is_after(day))

    def is_before(self, day: date) -> bool:
        return self.first is not None and day < self.first

    def is_after(self, day: date) -> bool:
        return self.last is not None and day > self.last


def span(leaf: str, request: Request) -> Span:
    """The Currency table."""
    # "nec:admitted ...; where it is not stated, 90 days before service start"
    stay = request.admitted or request.start - timedelta(days=STAY_WHERE_NOT_STATED)
    base, last = request.start, request.end
    if request.admission:
        last = request.start + timedelta(days=ADMISSION_WINDOW)
    elif leaf.startswith("adult-admission:"):
        # "Where adult-admission is asked at continuation, its days count back from the start of the stay, and its
        # period ends admissionWindow days after that start."
        base, last = stay, stay + timedelta(days=ADMISSION_WINDOW)
    if leaf.startswith(_SINCE_ADMISSION):
        return Span(stay, last, "before the stay")
    if leaf.startswith(_UNBOUNDED):
        return Span(None, last, "")
    days = _LOOKBACK.get(leaf, 180)
    return Span(base - timedelta(days=days), last, f"older than {days} days")


def counts(leaf: str, request: Request) -> list[Statement]:
    """The statements that count for a leaf.

    "It counts when it was recorded on or before the as-of date and observed within the period under review."
    """
    days = span(leaf, request)
    return [s for s in request.statements if s.recorded <= request.as_of and s.observed in days]


def is_late(statement: Statement, request: Request) -> bool:
    """A late entry: recorded after service end."""
    return request.end is not None and statement.recorded > request.end


def bears(item: Unread, days: Span, request: Request, codes: tuple[str, str] = ("F01", "F99")) -> bool:
    """Whether an unread item could be a disorder whose code lies between two categories, and would count.

    "Only those bear on it, and of them only those whose code could fall there (an ICD-10-CM code outside F01-F99 is no
    disorder; a medication or an order is none)." "An unread item bears only where its dates, if it has any, would count."
    """
    if item.kind != "Condition":
        return False
    if item.code.startswith(ICD10CM):
        category = item.code.removeprefix(ICD10CM)[:3]
        if not codes[0] <= category <= codes[1]:
            return False
    if item.recorded is not None and item.recorded > request.as_of:
        return False
    observed = item.observed or item.recorded
    return observed is None or observed in days


def codes_withdrawal(item: Unread, days: Span, request: Request) -> bool:
    """Whether an unread item has a code of F10-F19: only that takes a met, and only from substance-use:2."""
    return item.code.startswith(ICD10CM) and bears(item, days, request, ("F10", "F19"))
