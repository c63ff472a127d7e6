"""The period whose observations count for a leaf: from when on, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reasoner.chart.model import Case
from reasoner.ground.days import days_after
from reasoner.ground.errors import DocumentationError
from reasoner.policy.model import Criterion, PolicyVersion


@dataclass(frozen=True)
class Period:
    """The days on which an observation counts, both included; None where the period is open."""

    first: date | None
    last: date | None
    days: int | None = None
    """How many days before service start the first day is, where that is what bounds it."""

    def holds(self, day: date) -> bool:
        """Whether an observation of a day counts."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class Periods:
    """The periods of a case under a policy version."""

    def __init__(self, case: Case, version: PolicyVersion) -> None:
        self._case = case
        self._version = version
        self._periods: dict[object, Period] = {}
        windows = [version.windows[value] for value in case.axis_values if value in version.windows]
        self.last = self._window_end(case.start, min(windows)) if windows else case.end
        """The last day of the period under review; None while the service is open."""

    def of(self, leaf: Criterion) -> Period:
        """The period whose observations count for a leaf."""
        key = (leaf.lookback, leaf.since_admission, leaf.period_of)
        period = self._periods.get(key)
        if period is None:
            period = self._periods[key] = self._period(leaf)
        return period

    def _period(self, leaf: Criterion) -> Period:
        apart = leaf.period_of is not None and leaf.period_of not in self._case.axis_values
        start, last = self._case.start, self.last
        if apart and leaf.period_of is not None:
            start = self._stay_start()
            last = self._window_end(start, self._version.windows[leaf.period_of])
        if leaf.since_admission:
            return Period(self._stay_start(), last)
        if leaf.lookback is None:
            return Period(None, last)
        return Period(days_after(start, -leaf.lookback), last, leaf.lookback)

    def _stay_start(self) -> date:
        """The first day of the stay; where the record does not state it, as many days before service start as is assumed."""
        if self._case.admitted is not None:
            return self._case.admitted
        return days_after(self._case.start, -self._version.assumed_stay) or date.min

    def _window_end(self, start: date, window: int) -> date:
        end = days_after(start, window)
        if end is None:
            raise DocumentationError(
                f"the period under review would end {window} days after {start}, past the end of the calendar",
                where=f"{self._case.source}: <{self._case.iri}>",
                mend="Correct nec:serviceStart",
            )
        return end
