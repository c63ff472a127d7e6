"""The five statuses, and how a group combines those of its parts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """The status of a criterion, or of one fact within a leaf."""

    MET = "met"
    NOT_MET = "not-met"
    OPEN = "not-documented"
    CONFLICT = "conflicting"
    NA = "not-applicable"


MET, NOT_MET, OPEN, CONFLICT, NA = Status


def all_of(parts: Iterable[Status]) -> Status:
    """Strong Kleene conjunction; what is not applicable drops out."""
    asked = {part for part in parts if part is not NA}
    if not asked:
        return NA
    if NOT_MET in asked:
        return NOT_MET
    return _unresolved(asked) or MET


def any_of(parts: Iterable[Status]) -> Status:
    """Strong Kleene disjunction; what is not applicable drops out."""
    asked = {part for part in parts if part is not NA}
    if not asked:
        return NA
    if MET in asked:
        return MET
    return _unresolved(asked) or NOT_MET


def _unresolved(parts: set[Status]) -> Status | None:
    """An unresolved group is conflicting if one of its unresolved parts is."""
    return CONFLICT if CONFLICT in parts else OPEN if OPEN in parts else None
