"""Facts of the request that a FHIR bundle does not state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from re import compile as pattern

from reasoner.ground.errors import UsageError
from reasoner.policy.axes import AxisValue

_PLACE = pattern(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True)
class RequestOptions:
    """Facts of the request that a bundle does not state; what is given here wins over the bundle.

    A `service_start` replaces the whole period that the bundle states.
    """

    axis_values: tuple[AxisValue, ...] = ()
    """From `reasoner.policy.axes.choose`."""
    service_start: str | None = None
    service_end: str | None = None
    jurisdiction: str | None = None
    birth_date: str | None = None
    admitted: str | None = None

    def __post_init__(self) -> None:
        for option, value, sound, mend in (
            ("service-start", self.service_start, _is_date, "a date such as 2025-05-01"),
            ("service-end", self.service_end, _is_date, "a date such as 2025-05-01"),
            ("admitted", self.admitted, _is_date, "a date such as 2025-05-01"),
            ("jurisdiction", self.jurisdiction, _PLACE.fullmatch, "an ISO 3166 code such as US-IL"),
            ("birth-date", self.birth_date, _is_date, "a date such as 1990-02-28"),
        ):
            if value is not None and not sound(value):
                raise UsageError(f"--{option} cannot be {value!r}", mend=f"Give {mend}")


NOTHING_GIVEN = RequestOptions()
"""No fact of the request beside what the bundle states."""
