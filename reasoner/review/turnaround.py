"""Turnaround time: how long a request may wait for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from reasoner.ground.days import days_after


@dataclass(frozen=True)
class TurnaroundRule:
    """How long a request may wait for a decision."""

    name: str
    days: int
    """Calendar days from the day the request was received."""
    extension: int = 0
    """Calendar days that are added once documentation has been requested."""
    applies_to: Mapping[str, str] = field(default_factory=dict)
    """The requests it is for: the label that a request must have for each trait, such as phase or urgency."""

    def due(self, received: date, *, extended: bool) -> date:
        """The last day for a decision."""
        return days_after(received, self.days + (self.extension if extended else 0)) or date.max
