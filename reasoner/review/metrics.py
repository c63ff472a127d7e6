"""Public metrics of decisions, as 42 CFR 422.122(c) and its like of CMS-0057-F ask payers to report them every year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median
from typing import NamedTuple, TypeVar

from reasoner.review.acts import Act, Disposition
from reasoner.review.steps import History

_A = TypeVar("_A", bound=Act)


class Measure(NamedTuple):
    """One number of the report."""

    urgency: str
    """standard or expedited."""
    name: str
    value: float | None
    """A count, or hours; None where there is nothing to measure."""
    of: int | None = None
    """Of how many, of a count that has a share."""

    @property
    def share(self) -> float | None:
        """The count as a share; None where there is none."""
        return self.value / self.of if self.value is not None and self.of else None


@dataclass(frozen=True)
class DecidedRequest:
    """What the metrics count of a request that is decided."""

    urgency: str
    received: datetime | None
    """When it was received; None if that is not stated."""
    decided: datetime
    """When it was first decided."""
    approved: bool
    """By the first decision, with its corrections."""
    overturned: bool = False
    """Whether it was approved after an appeal."""
    extended: bool = False
    """Whether the time for the first decision was extended."""

    @property
    def hours(self) -> float | None:
        """The time from receipt to the first decision."""
        return (self.decided - self.received).total_seconds() / 3600 if self.received else None


def decided_request(history: History[_A], urgency: str, received: datetime | None) -> DecidedRequest | None:
    """What the metrics count of a case; None if the request is not decided.

    Args:
        history: the steps of the case.
        urgency: of the request, standard or expedited.
        received: when it was received, where that is stated.
    """
    first = next((step for step in history.steps if step.act.disposition in _FIRST), None)
    if first is None:
        return None
    before = [step.act.disposition for step in history.steps if step.time <= first.time]
    after = [step.act.disposition for step in history.steps if step.time > first.time]
    approved = first.act.disposition is Disposition.APPROVED
    return DecidedRequest(
        urgency=urgency,
        received=received,
        decided=first.time,
        approved=approved,
        overturned=not approved and Disposition.OVERTURNED in after,
        extended=Disposition.EXTENDED in before,
    )


_FIRST = (Disposition.APPROVED, Disposition.ADVERSE)


def public_metrics(requests: Iterable[DecidedRequest]) -> list[Measure]:
    """The report: of standard and of expedited requests counts with their shares, and times in hours."""
    decided = list(requests)
    return [
        measure
        for urgency in ("standard", "expedited")
        for measure in _measures(urgency, [request for request in decided if request.urgency == urgency])
    ]


def _measures(urgency: str, decided: Sequence[DecidedRequest]) -> list[Measure]:
    number = len(decided)
    counts = {
        "approved": sum(request.approved for request in decided),
        "denied": sum(not request.approved for request in decided),
        "approved after appeal": sum(request.overturned for request in decided),
        "extended and approved": sum(request.extended and request.approved for request in decided),
    }
    hours = [request.hours for request in decided if request.hours is not None]
    return [
        Measure(urgency, "decided", number),
        *(Measure(urgency, name, count, number) for name, count in counts.items()),
        Measure(urgency, "mean hours to decision", mean(hours) if hours else None),
        Measure(urgency, "median hours to decision", median(hours) if hours else None),
        Measure(urgency, "with a time of receipt", len(hours), number),
    ]
