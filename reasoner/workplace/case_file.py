"""The file of a case: a request with all that the workplace knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reasoner.chart.model import Case
from reasoner.determination.model import Determination
from reasoner.ground.errors import AccessError
from reasoner.review import steps
from reasoner.review.acts import Signed
from reasoner.review.steps import History
from reasoner.review.turnaround import Deadline, Milestone
from reasoner.workplace.blinding import Withheld


@dataclass(frozen=True)
class CaseFile:
    """A request with its chart, determinations and decisions."""

    id: str
    case: Case
    determinations: tuple[Determination, ...]
    """Made of the chart by this software, one for each period of service."""
    recorded: bool
    """Whether these and no others are the current ones of the knowledge base."""
    decisions: tuple[Signed, ...]
    """On any determination of the request, oldest first."""
    acceptances: Mapping[str, tuple[str, str]]
    """Acceptances in force: IRI to the statement's and the person's IRI."""
    deadline: Deadline | None = None
    """The time for a decision and the rule that gives it; None if no rule binds."""
    traits: Mapping[str, str] = field(default_factory=dict)
    """As `WorklistItem.traits`."""
    happened: tuple[Milestone, ...] = ()
    """As `WorklistItem.happened`."""
    withheld: tuple[Withheld, ...] = ()
    """What is withheld from the person; with it there are no determinations and no decisions."""

    def refuse_withheld(self) -> None:
        """Raise `AccessError` if the determination is withheld from the person whose file it is."""
        if self.withheld:
            raise AccessError(
                "the determination has not been shown to you", mend="Give your own statuses first, and sign them"
            )

    def history(self, determination: Determination) -> History[Signed]:
        """The steps on the period of service of a determination, on earlier determinations too."""
        start, end = determination.service_start, determination.service_end
        return steps.history(steps.of_period(self.decisions, start, end))
