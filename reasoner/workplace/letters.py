"""Letters of the workplace: drafts with what the payer, the request and the law put into them, and what they still lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from reasoner.determination.model import Determination
from reasoner.render import notices
from reasoner.render.checklists import MissingPart, notice_rules
from reasoner.render.notices import Correspondence, day_words
from reasoner.review.acts import Appeal, Disposition, Override, Proposal, Signed
from reasoner.review.calendars import TimeLimit
from reasoner.review.people import User
from reasoner.review.traits import fits
from reasoner.review.turnaround import Deadline, Milestone, MilestoneKind
from reasoner.workplace.settings import WorkplaceSettings

_NOT_EXTENDED = "[DAY ON WHICH A DECISION IS DUE, SINCE NO RULE EXTENDS THE TIME NOW]"


@dataclass(frozen=True)
class SentLetter:
    """A letter that was signed, as it was sent."""

    act: str
    """IRI of the act that it went with."""
    disposition: Disposition
    is_copy: bool
    """Whether it is the one to the member that goes with one to their provider."""
    time: datetime
    author: str
    """Name of who signed it."""
    text: str


def sent(decisions: Iterable[Signed]) -> list[SentLetter]:
    """The letters of some acts, the latest first, each before its copy."""
    return [
        SentLetter(act.iri, act.disposition, text is act.copy, act.time, act.name, text)
        for act in sorted(decisions, key=lambda act: act.time, reverse=True)
        for text in (act.letter, act.copy)
        if text
    ]


class Letters:
    """The letters on one request.

    Args:
        traits: the labels of the request's traits, completed.
        happened: what has happened to the request, its receipt included.
        settings: what letters say of the payer, the turnaround rules and the time zone.
        begins: first day of the service that is asked for.
    """

    def __init__(
        self,
        traits: Mapping[str, str],
        happened: Sequence[Milestone],
        settings: WorkplaceSettings,
        begins: date | None = None,
    ) -> None:
        self._traits = traits
        self._happened = happened
        self._settings = settings
        self._begins = begins

    def draft(
        self,
        determination: Determination,
        disposition: Disposition,
        overrides: Iterable[Override] = (),
        appeal: Appeal | None = None,
    ) -> str | None:
        """The draft of the letter that goes with an act; None if none does, see `notices.to_letter`."""
        return notices.to_letter(determination, disposition, self._correspondence(determination, appeal), overrides)

    def sealed(self, text: str, user: User, rationale: str) -> str:
        """A draft as it would be sent if this person signed it now, with this rationale."""
        return notices.seal(text, self._today(), rationale, user.name, user.title or user.role.value, user.licence)

    def copy(self, determination: Determination, letter: str, user: User) -> str:
        """The letter to the member that goes with one to their provider, as it would be sent if this person signed it now.

        Args:
            determination: the determination that is decided on.
            letter: the letter to the provider, sealed; without one there is no copy.
            user: who signs.
        """
        if not letter.strip():
            return ""
        return self.sealed(notices.to_copy(determination, letter, self._correspondence(determination)), user, "")

    def missing(self, determination: Determination, proposal: Proposal, user: User) -> list[MissingPart]:
        """What the letter of a proposal lacks that the law asks for."""
        correspondence = self._correspondence(determination, proposal.appeal)
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

    def _deadline(self, *more: Milestone) -> Deadline | None:
        """The time for a decision if something more had happened."""
        rules, zone = self._settings.turnaround, self._settings.time_zone
        return rules.deadline(self._traits, [*self._happened, *more], zone, self._begins)

    def _timed(self, said: Correspondence) -> Correspondence:
        """What a letter says, with the time for a decision, and what a letter of now does to that time."""
        now, deadline = datetime.now(self._settings.time_zone), self._deadline()
        if deadline is None:
            return said
        if deadline.due < now:
            return replace(said, due=_due_words(deadline), is_over=True)
        extended = self._deadline(Milestone(MilestoneKind.EXTENDED, now))
        if extended and extended.due > deadline.due:
            said = replace(said, extended_due=_due_words(extended))
        asked = self._deadline(Milestone(MilestoneKind.DOCUMENTATION_REQUESTED, now))
        if asked is None:
            return replace(said, begins_later=True)
        said = replace(said, due=_due_words(asked))
        if deadline.waits_until and deadline.waits_until > now:
            return replace(said, waits_until=_moment_words(deadline.waits_until, by_hour=deadline.by_hour))
        if asked.waits_until and not deadline.waits_until:
            extends = asked.count.extended and asked.count.extended.kind is MilestoneKind.DOCUMENTATION_REQUESTED
            return replace(
                said,
                supply_within=_limit_words(asked.rule.supply),
                extended_by=_limit_words(asked.rule.extension) if extends else "",
            )
        return said

    def _correspondence(self, determination: Determination, appeal: Appeal | None = None) -> Correspondence:
        today = self._today()
        limits = {
            urgency: self._settings.turnaround.appeal_limit(self._traits, urgency, today)
            for urgency in ("standard", "expedited")
        }
        said = Correspondence(
            payer=self._settings.payer,
            traits=self._traits,
            rights=notice_rules().rights_of(self._traits),
            appeal_standard=_limit_words(limits["standard"]),
            appeal_expedited=_limit_words(limits["expedited"]),
            is_expedited=appeal is not None and appeal.expedited,
            extended_due=_NOT_EXTENDED if self._deadline() else "",
            part_2=self.is_protected(determination),
        )
        return self._timed(said)


def _limit_words(limit: TimeLimit | None) -> str:
    """A limit as letters write it: days of the calendar are days.

    >>> _limit_words(TimeLimit.parse("30 calendar days"))
    '30 days'
    """
    return str(limit).replace("calendar ", "") if limit else ""


def _due_words(deadline: Deadline) -> str:
    return _moment_words(deadline.due, by_hour=deadline.by_hour)


def _moment_words(moment: datetime, *, by_hour: bool) -> str:
    """A moment as letters write it: the day, and where hours count the time of day with its zone.

    >>> _moment_words(datetime(2026, 3, 5, 15, 0, tzinfo=UTC), by_hour=True)
    'March 5, 2026, 3:00 p.m. (UTC)'
    """
    if not by_hour:
        return day_words(moment.date())
    half = "a.m." if moment.hour < 12 else "p.m."
    return f"{day_words(moment.date())}, {moment.hour % 12 or 12}:{moment:%M} {half} ({moment:%Z})"
