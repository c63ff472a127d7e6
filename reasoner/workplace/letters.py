"""Letters of the workplace: drafts with what the payer, the request and the law put into them, and what they still lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from reasoner.determination.model import Determination
from reasoner.render import notices
from reasoner.render.checklists import MissingPart, notice_rules
from reasoner.render.notices import Correspondence, day_words
from reasoner.review.acts import Disposition, Override, Proposal
from reasoner.review.calendars import TimeLimit
from reasoner.review.people import User
from reasoner.review.traits import fits
from reasoner.review.turnaround import Deadline
from reasoner.workplace.settings import WorkplaceSettings


class Letters:
    """The letters on one request.

    Args:
        traits: the labels of the request's traits, completed.
        deadline: the time for a decision; None if no rule binds.
        settings: what letters say of the payer, the turnaround rules and the time zone.
    """

    def __init__(self, traits: Mapping[str, str], deadline: Deadline | None, settings: WorkplaceSettings) -> None:
        self._traits = traits
        self._deadline = deadline
        self._settings = settings

    def draft(
        self, determination: Determination, disposition: Disposition, overrides: Iterable[Override] = ()
    ) -> str | None:
        """The draft of the letter that goes with an act; None if none does, see `notices.to_letter`."""
        return notices.to_letter(determination, disposition, self._correspondence(determination), overrides)

    def sealed(self, text: str, user: User, rationale: str) -> str:
        """A draft as it would be sent if this person signed it now, with this rationale."""
        return notices.seal(text, self._today(), rationale, user.name, user.title or user.role.value, user.licence)

    def missing(self, determination: Determination, proposal: Proposal, user: User) -> list[MissingPart]:
        """What the letter of a proposal lacks that the law asks for."""
        correspondence = self._correspondence(determination)
        said = notices.values(determination, proposal.disposition, correspondence, proposal.overrides)
        said = {name: self._seal_value(value, user, proposal.rationale) for name, value in said.items()}
        return notice_rules().missing(
            self.sealed(proposal.letter, user, proposal.rationale),
            said,
            proposal.disposition,
            self._traits,
            part_2=correspondence.part_2,
        )

    def is_protected(self, determination: Determination) -> bool:
        """Whether 42 CFR Part 2 protects the records: the chart says so, or the settings name such requests."""
        named = any(fits(asked, self._traits) for asked in self._settings.part_2)
        return named or determination.case.has_part2_records

    def _seal_value(self, value: object, user: User, rationale: str) -> object:
        return self.sealed(value, user, rationale) if isinstance(value, str) else value

    def _today(self) -> date:
        return datetime.now(self._settings.time_zone).date()

    def _correspondence(self, determination: Determination) -> Correspondence:
        today, deadline = self._today(), self._deadline
        limits = {
            urgency: self._settings.turnaround.appeal_limit(self._traits, urgency, today)
            for urgency in ("standard", "expedited")
        }
        stands_still = deadline is not None and deadline.rule.supply is not None
        return Correspondence(
            payer=self._settings.payer,
            traits=self._traits,
            rights=notice_rules().rights_of(self._traits),
            appeal_standard=_limit_words(limits["standard"]),
            appeal_expedited=_limit_words(limits["expedited"]),
            due=_due_words(deadline.due) if deadline else "",
            extended_due=_due_words(deadline.if_extended) if deadline and deadline.if_extended else "",
            supply_within=_limit_words(deadline.rule.supply) if deadline and stands_still else "",
            part_2=self.is_protected(determination),
        )


def _limit_words(limit: TimeLimit | None) -> str:
    """A limit as letters write it: days of the calendar are days.

    >>> _limit_words(TimeLimit.parse("30 calendar days"))
    '30 days'
    """
    return str(limit).replace("calendar ", "") if limit else ""


def _due_words(due: datetime) -> str:
    return day_words(due.date())
