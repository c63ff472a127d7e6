"""Turnaround times: how long a request or an appeal may wait for a decision, by rules that are data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from reasoner.review.acts import Act, Disposition
from reasoner.review.calendars import RULES, BusinessCalendar, TimeLimit, TimeUnit, named_calendar
from reasoner.review.steps import History, Step
from reasoner.review.traits import Where, fits, where

_A = TypeVar("_A", bound=Act)
_END_OF_DAY = time(23, 59, 59)
_FIELDS = {
    "id", "label", "within", "extension", "supply", "asking_source", "ask_within", "resume", "complete", "lead", "appeal",
    "from", "until", "applies_to", "source", "checked",
}  # fmt: skip
TRAITS = ("timing", "urgency", "line_of_business", "jurisdiction", "funding", "prior_authorization")
"""What a rule may ask of a request, beside the axes of the policy by their words."""


class MilestoneKind(StrEnum):
    """What may happen to a request that bears on its turnaround time."""

    RECEIVED = "received"
    EXTENDED = "extended"
    DOCUMENTATION_REQUESTED = "documentation-requested"
    DOCUMENTATION_RETURNED = "documentation-returned"
    DECIDED = "decided"
    APPEALED = "appealed"
    APPEAL_DECIDED = "appeal-decided"
    WITHDRAWN = "withdrawn"


_ENDS = frozenset({MilestoneKind.DECIDED, MilestoneKind.APPEAL_DECIDED, MilestoneKind.WITHDRAWN})
_OF_ACT = {
    Disposition.APPROVED: MilestoneKind.DECIDED,
    Disposition.ADVERSE: MilestoneKind.DECIDED,
    Disposition.UPHELD: MilestoneKind.APPEAL_DECIDED,
    Disposition.OVERTURNED: MilestoneKind.APPEAL_DECIDED,
    Disposition.APPEALED: MilestoneKind.APPEALED,
    Disposition.WITHDRAWN: MilestoneKind.WITHDRAWN,
    Disposition.EXTENDED: MilestoneKind.EXTENDED,
    Disposition.DOCUMENTATION_REQUESTED: MilestoneKind.DOCUMENTATION_REQUESTED,
    Disposition.DOCUMENTATION_RETURNED: MilestoneKind.DOCUMENTATION_RETURNED,
}
"""What an act means for the turnaround time; the others mean nothing for it."""


@dataclass(frozen=True)
class Milestone:
    """Something that happened to a request."""

    kind: MilestoneKind
    time: datetime
    """With a time zone."""
    urgency: str = ""
    """Of an appeal: standard or expedited; by default that of the request."""


def milestones(history: History[_A], zone: tzinfo) -> list[Milestone]:
    """What the steps of a case mean for its turnaround time.

    A correction leaves the time of its step. An extension counts from its notice: from the signature if the notice is of that
    day, else from the end of the day of the notice. Documentation counts from its receipt: from the signature if it arrived on that
    day, else from the beginning of the day on which it arrived, and not from before the step that it follows. An appeal counts from
    the beginning of the day on which it arrived, and not from before the decision that it is about; from its signature if no day is
    said.

    Args:
        history: the steps.
        zone: the time zone in which days are counted.
    """
    return [
        Milestone(_OF_ACT[step.act.disposition], _time(step, history.steps[:number], zone), _urgency(step.act))
        for number, step in enumerate(history.steps)
        if step.act.disposition in _OF_ACT
    ]


def _time(step: Step[_A], earlier: Sequence[Step[_A]], zone: tzinfo) -> datetime:
    notice, received, signed = step.act.notice_date, step.act.received, step.time.astimezone(zone)
    if notice is not None and notice != signed.date():
        return datetime.combine(notice, _END_OF_DAY, zone)
    is_appeal = step.act.disposition is Disposition.APPEALED
    if received is None or received > signed.date() or (received == signed.date() and not is_appeal):
        return signed
    arrived = datetime.combine(received, time(), zone)
    followed = (each.time.astimezone(zone) for each in reversed(earlier) if each.act.disposition.final or not is_appeal)
    return max(arrived, next(followed, arrived))


def _urgency(act: Act) -> str:
    if act.disposition is not Disposition.APPEALED:
        return ""
    return "expedited" if act.expedited else "standard"


@dataclass(frozen=True)
class TurnaroundRule:
    """A rule for how long a request or an appeal may wait for a decision; `rules/turnaround.toml` explains the fields."""

    id: str
    within: TimeLimit
    label: str = ""
    extension: TimeLimit | None = None
    supply: TimeLimit | None = None
    asking_source: str = ""
    ask_within: TimeLimit | None = None
    resume: TimeLimit | None = None
    complete: bool = False
    lead: TimeLimit | None = None
    appeal: bool = False
    since: date | None = None
    until: date | None = None
    applies_to: Where = field(default_factory=dict)
    """By trait, the labels in lower case of which a request must have one."""
    source: str = ""
    checked: date | None = None
    """When it was held against the text of its source; None if it was not."""
    checked_text: str = ""

    @property
    def name(self) -> str:
        """What people read."""
        return self.label or self.id

    def binds(self, traits: Mapping[str, str], opened: date) -> bool:
        """Whether it is in force on a day and applies to a request with some traits."""
        if (self.since and opened < self.since) or (self.until and opened > self.until):
            return False
        return fits(self.applies_to, traits)


@dataclass(frozen=True)
class Timing:
    """When a review takes place, of a request that does not say so itself."""

    timing: str
    asked: Where
    because: str


@dataclass(frozen=True)
class Pause:
    """Documentation that was asked for in time, for which the clock stands still or stood still."""

    asked: datetime
    supplied_by: datetime
    """When the time to send it is over."""
    returned: datetime | None
    """When something arrived; None if nothing has."""
    length: TimeLimit | None = None
    """How long that is, as it is added to the time; None where the time is counted from its end instead."""

    @property
    def until(self) -> datetime:
        """Until when the clock stands still or stood still."""
        return min(self.returned, self.supplied_by) if self.returned else self.supplied_by


@dataclass(frozen=True)
class Count:
    """The parts of the sum by which a decision is due."""

    begins: datetime
    """From when the time runs: from receipt, or from the return of documentation."""
    first: datetime
    """When the time is over that the rule gives without an extension."""
    due: datetime
    """The last moment for a decision."""
    extended: Milestone | None = None
    """The notice by which the time was extended: an extension, or a request for documentation that counts as one."""
    pause: Pause | None = None


@dataclass(frozen=True)
class Deadline:
    """The time within which a request or an appeal has to be decided, and by which rule."""

    rule: TurnaroundRule
    opened: datetime
    count: Count
    why: str
    """Why this rule was taken."""
    ended: datetime | None = None
    """When it was decided or withdrawn; None while it waits."""

    @property
    def due(self) -> datetime:
        """The last moment for a decision."""
        return self.count.due

    @property
    def waits_until(self) -> datetime | None:
        """Until when the clock stands still for documentation that is out, unless it arrives before; None if it runs."""
        pause = self.count.pause
        return pause.until if pause and pause.returned is None and self.ended is None else None

    @property
    def by_hour(self) -> bool:
        """Whether hours count, and not only the day."""
        return self.rule.within.unit is TimeUnit.HOURS or self.rule.resume is not None

    @property
    def in_time(self) -> bool:
        """Whether it was decided in time."""
        return self.ended is not None and self.ended <= self.due


@dataclass(frozen=True)
class TurnaroundRules:
    """All rules of a payer, with the calendar that they count business days by."""

    rules: tuple[TurnaroundRule, ...] = ()
    timings: tuple[Timing, ...] = ()
    assumed: Mapping[str, str] = field(default_factory=dict)
    """What is taken for a trait that a request does not state."""
    calendar: BusinessCalendar = field(default_factory=BusinessCalendar)

    def deadline(
        self, traits: Mapping[str, str], milestones: Iterable[Milestone], zone: tzinfo, begins: date | None = None
    ) -> Deadline | None:
        """The deadline of a request, or of its latest appeal.

        Args:
            traits: the labels of the request's traits: those of `TRAITS`, and the axes of the policy by their words.
            milestones: what has happened, its receipt included.
            zone: the time zone in which days are counted.
            begins: first day of the service that is asked for.

        Returns:
            Of the rules that bind, the deadline that comes first; None if none binds.
        """
        history = sorted(milestones, key=lambda milestone: milestone.time)
        start = next((n for n, milestone in enumerate(history) if milestone.kind is MilestoneKind.RECEIVED), None)
        if start is None:
            return None
        known, because = self.complete(traits)
        ended: datetime | None = None
        for number, milestone in enumerate(history[start + 1 :], start + 1):
            if ended is None:
                ended = milestone.time if milestone.kind in _ENDS else None
            elif milestone.kind is MilestoneKind.APPEALED:  # one that is filed while another is open opens nothing
                start, ended = number, None
                known["urgency"] = milestone.urgency or known.get("urgency", "")
        appeal = history[start].kind is MilestoneKind.APPEALED
        opened = history[start].time.astimezone(zone)
        before_end = [milestone for milestone in history[start + 1 :] if ended is None or milestone.time < ended]
        found = []
        for rule in self.rules:
            if rule.appeal is not appeal or not rule.binds(known, opened.date()):
                continue
            if rule.lead and not self._in_lead(rule.lead, opened, begins):
                continue
            try:
                count = self._count(rule, opened, before_end, zone)
            except OverflowError:  # beyond the last day of the calendar
                continue
            if count is not None:
                found.append((count, rule))
        if not found:
            return None
        count, rule = min(found, key=lambda entry: (entry[0].due, entry[1].id))
        reasons = [reason for trait, reason in because.items() if trait in rule.applies_to]
        if len(found) > 1:
            reasons.append(f"of the {len(found)} rules that bind, this one is due first")
        return Deadline(rule, opened, count, "; ".join(reasons), ended)

    def appeal_limit(self, traits: Mapping[str, str], urgency: str, opened: date) -> TimeLimit | None:
        """Within what time an appeal of a request would have to be decided that is filed on a day; None if no rule binds."""
        known, _ = self.complete(traits)
        rules = [rule for rule in self.rules if rule.appeal and rule.binds({**known, "urgency": urgency}, opened)]
        return min((rule.within for rule in rules), key=lambda limit: limit.hours, default=None)

    def amended(self, entry: Mapping[str, Any], calendar: BusinessCalendar | None = None) -> TurnaroundRules:
        """These rules with those of a table of TOML added, replaced by their ids, or left out.

        Args:
            entry: a table of the form of `rules/turnaround.toml`, with `leave_out`, a list of ids, and `closed`, a list of days.
            calendar: the calendar that the table names, where it is not one that ships with the package.

        Raises:
            ValueError, TypeError, AttributeError: an entry is not understood.
            KeyError: a rule lacks a field.
        """
        _refuse_unknown(entry, {"rule", "timing", "assumed", "calendar", "leave_out", "closed"})
        added = tuple(_rule(rule) for rule in entry.get("rule", ()))
        left_out = set(entry.get("leave_out", ()))
        unknown = left_out - {rule.id for rule in self.rules}
        if unknown:
            raise ValueError(f"there is no rule {sorted(unknown)[0]!r} to leave out")
        gone = left_out | {rule.id for rule in added}
        if calendar is None:
            calendar = named_calendar(entry["calendar"]) if "calendar" in entry else self.calendar
        if "closed" in entry:
            calendar = replace(calendar, closed=frozenset(_day(day) for day in entry["closed"]))
        return TurnaroundRules(
            rules=(*added, *(rule for rule in self.rules if rule.id not in gone)),
            timings=(*(_timing(timing) for timing in entry.get("timing", ())), *self.timings),
            assumed={**self.assumed, **{str(k): str(v) for k, v in entry.get("assumed", {}).items()}},
            calendar=calendar,
        )

    def unknown_traits(self, axes: Iterable[str]) -> list[str]:
        """The traits that rules ask for and no request has.

        Args:
            axes: the words of the policy's axes.
        """
        asked = {trait for rule in self.rules for trait in rule.applies_to}
        return sorted(asked - {*TRAITS, *axes})

    def complete(self, traits: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The traits with what is taken for those that are not stated, and the reason for each of these."""
        known = {trait: label for trait, label in traits.items() if label}
        reasons: dict[str, str] = {}
        for trait, label in self.assumed.items():
            if trait not in known:
                known[trait] = label
                reasons[trait] = f"{trait.replace('_', ' ')} is not stated, and taken as {label}"
        if "timing" in known:
            return known, {"timing": f"the request is stated to be {known['timing']}", **reasons}
        for timing in self.timings:
            if fits(timing.asked, known):
                known["timing"] = timing.timing
                return known, {"timing": f"taken as {timing.timing}, since {timing.because}", **reasons}
        return known, reasons

    def _in_lead(self, lead: TimeLimit, opened: datetime, begins: date | None) -> bool:
        if begins is None:
            return False
        first = datetime.combine(begins, time(), opened.tzinfo)
        return self.calendar.later(opened, lead) <= first

    def _count(self, rule: TurnaroundRule, opened: datetime, after: Sequence[Milestone], zone: tzinfo) -> Count | None:
        """When a decision is due, and by what sum; None where the time has not begun to run."""
        asked = [m for m in after if m.kind is MilestoneKind.DOCUMENTATION_REQUESTED]
        returned = [m.time.astimezone(zone) for m in after if m.kind is MilestoneKind.DOCUMENTATION_RETURNED]
        begins, first = opened, self._limit(opened, [rule.within])
        if rule.complete and asked:
            for request in asked:
                if request.time > first:  # what is asked for too late takes no time that is over back
                    break
                arrived = [moment for moment in returned if moment >= request.time]
                if not arrived:
                    return None
                begins, first = arrived[0], self._limit(arrived[0], [rule.within])
            return Count(begins, first, first)
        notices = [m for m in after if m.kind is MilestoneKind.EXTENDED and m.time <= first and rule.extension]
        latest_ask = min(first, self._limit(opened, [rule.ask_within])) if rule.ask_within else first
        if not rule.supply or not asked or asked[0].time > latest_ask:
            lengths = [rule.within, rule.extension] if rule.extension and notices else [rule.within]
            return Count(opened, first, self._limit(opened, lengths), next(iter(notices), None))
        # Only the first request stops the clock.
        out = asked[0].time.astimezone(zone)
        supplied_by = self._limit(out, [rule.supply])
        pause = Pause(out, supplied_by, next((moment for moment in returned if moment >= out), None))
        if rule.resume:
            return Count(opened, first, self.calendar.later(pause.until, rule.resume), pause=pause)
        still = TimeLimit(self.calendar.between(out.date(), pause.until.date(), rule.within.unit), rule.within.unit)
        lengths = [rule.within, *([rule.extension] if rule.extension else []), still]
        extended = [*notices, asked[0]][0] if rule.extension else None
        return Count(opened, first, self._limit(opened, lengths), extended, replace(pause, length=still))

    def _limit(self, start: datetime, lengths: Sequence[TimeLimit]) -> datetime:
        """The last moment of periods that follow each other: the end of the last day, or if the first counts hours the hour."""
        if lengths[0].unit is TimeUnit.HOURS:
            for length in lengths:
                start = self.calendar.later(start, length)
            return start
        day = start.date()
        for length in lengths:
            day = self.calendar.after(day, length)
        return datetime.combine(day, _END_OF_DAY, start.tzinfo)


@lru_cache(maxsize=1)
def published_rules() -> TurnaroundRules:
    """The rules that ship with the package, of `rules/turnaround.toml`."""
    return TurnaroundRules().amended(tomllib.loads((RULES / "turnaround.toml").read_text(encoding="utf-8")))


def _rule(entry: Mapping[str, Any]) -> TurnaroundRule:
    _refuse_unknown(entry, _FIELDS)
    id_ = str(entry["id"])
    try:
        periods = {
            name: TimeLimit.parse(entry[name])
            for name in ("extension", "supply", "ask_within", "resume", "lead")
            if name in entry
        }
        checked = entry.get("checked", {})
        rule = TurnaroundRule(
            id=id_,
            within=TimeLimit.parse(entry["within"]),
            label=str(entry.get("label", "")),
            **periods,
            asking_source=str(entry.get("asking_source", "")),
            complete=_truth(entry.get("complete", False)),
            appeal=_truth(entry.get("appeal", False)),
            since=_day(entry["from"]) if "from" in entry else None,
            until=_day(entry["until"]) if "until" in entry else None,
            applies_to=where(entry.get("applies_to", {})),
            source=str(entry.get("source", "")),
            checked=_day(checked["day"]) if checked else None,
            checked_text=str(checked.get("text", "")),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"turnaround rule {id_}: {error}") from error
    if rule.supply and not (rule.extension or rule.resume):
        raise ValueError(f"turnaround rule {id_}: supply needs an extension, or resume")
    if rule.within.unit is not TimeUnit.HOURS and rule.extension and rule.extension.unit is TimeUnit.HOURS:
        raise ValueError(f"turnaround rule {id_}: days cannot be extended by hours")
    return rule


def _timing(entry: Mapping[str, Any]) -> Timing:
    _refuse_unknown(entry, {"where", "timing", "because"})
    return Timing(str(entry["timing"]), where(entry.get("where", {})), str(entry["because"]))


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{value!r} is no day such as 2026-01-01")
    return value


def _refuse_unknown(entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(entry) - known
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is not known here; known: {', '.join(sorted(known))}")
