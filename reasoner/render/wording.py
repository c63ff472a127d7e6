"""Words for people: statuses, outcomes, stances, and what a provider is asked for. Every format takes them from here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from reasoner.chart.model import Assertion, Statement, Unread
from reasoner.determination.bearing import Bearing
from reasoner.determination.model import CriterionResult, Determination, FactResult
from reasoner.ground.display import plain
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.model import CriterionKind
from reasoner.review.acts import Disposition
from reasoner.review.steps import CaseState
from reasoner.review.turnaround import Deadline, MilestoneKind, Pause

HEADLINE = {
    Outcome.CRITERIA_MET: "CRITERIA MET: the documentation supports medical necessity",
    Outcome.CRITERIA_NOT_MET: "CRITERIA NOT MET: refer to a clinical peer",
    Outcome.DOCUMENTATION_NEEDED: "DOCUMENTATION NEEDED: nothing is decided against the request; statements are missing or conflict",
    Outcome.EXCLUDED: "EXCLUDED: documented as a service that the policy lists as not necessary; refer to a clinical peer",
    Outcome.NO_POLICY_VERSION: "NO POLICY VERSION: none was in force on the date of service; route elsewhere",
}
"""An outcome, and what follows from it."""
STANCE = {
    Assertion.AFFIRMED: "affirms",
    Assertion.DENIED: "denies",
    Assertion.NOT_APPLICABLE: "says that it does not arise",
}
"""What a statement does to its finding."""
_FEW = 5  # unread items of one kind and reason that are shown one by one, or whose words are
_KINDS = ("condition", "medication", "order", "procedure", "encounter", "observation", "document")
_UNREAD_ORDER = {kind: place for place, kind in enumerate(_KINDS)}
PART_2_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
"""Quoted from 42 CFR 2.32(a)(2) (89 FR 12472), a text of the federal government and so in the public domain."""
COMBINATION = {
    CriterionKind.ALL: "all of",
    CriterionKind.ANY: "any of",
    CriterionKind.LIST: "each by itself",
    CriterionKind.LEAF: "",
}
"""How a criterion combines its parts."""


def words(value: Status | Outcome | Disposition | CaseState) -> str:
    """A status, an outcome, an act or the state of a case in words.

    >>> words(Status.NOT_MET)
    'not met'
    """
    return value.value.replace("-", " ")


def place_in_document(statement: Statement) -> list[str]:
    """Where in its document a statement stands: the page and the characters, as far as the chart says."""
    anchor = statement.anchor
    page = plain(statement.page) or (str(anchor.page) if anchor and anchor.page else "")
    return [
        *([f"p. {page}"] if page else []),
        *([f"characters {anchor.start}–{anchor.end}"] if anchor else []),
    ]


class ShownFacts(NamedTuple):
    """Facts of a leaf that have one status on the same evidence, as they are shown together."""

    label: str
    """What they are about."""
    word: str
    """Their status in words."""
    status: Status
    evidence: tuple[Bearing, ...]


def shown_facts(result: CriterionResult) -> list[ShownFacts]:
    """The facts of a leaf as they are listed, by name; none where its statements do not tell them apart."""
    if not result.told_apart:
        return []
    alike: dict[tuple[str, Status, tuple[Bearing, ...]], list[str]] = {}
    for fact in result.facts:
        alike.setdefault((_fact_status(fact), fact.status, fact.evidence), []).append(_fact_label(fact))
    return [ShownFacts(", ".join(labels), *key) for key, labels in alike.items()]


def facts_words(facts: Iterable[FactResult]) -> str:
    """Facts with their statuses, on one line: ``alcohol (conflicting), opioids (not documented)``."""
    return ", ".join(f"{_fact_label(fact)} ({_fact_status(fact)})" for fact in facts)


def which(determination: Determination, criterion_id: str, among: Collection[str] = ()) -> str:
    """Which facts of a leaf stand open, or for which alternatives it is needed; empty where the record names none.

    Args:
        determination: the determination.
        criterion_id: id of the leaf.
        among: ids of the leaves of one gap, as in `Determination.open_facts`.
    """
    facts = determination.open_facts(criterion_id, among)
    if not facts:
        return ""
    if determination.is_paired(criterion_id):
        return "for: " + ", ".join(_fact_label(fact) for fact in facts)
    return "which: " + facts_words(facts)


def labelled(result: CriterionResult) -> str:
    """The label of a criterion; of a leaf that asks about several facts with those that decide it, where they have names."""
    deciding = [_fact_label(fact) for fact in result.facts if fact.topic and fact.status is result.status]
    return f"{result.criterion.label} ({', '.join(deciding)})" if deciding else result.criterion.label


def _fact_label(fact: FactResult) -> str:
    return plain(fact.label) or "not said which"


def _fact_status(fact: FactResult) -> str:
    return "in remission" if fact.in_remission and fact.status is Status.NOT_DOCUMENTED else words(fact.status)


def bearing_words(bearing: Bearing) -> str:
    """What a statement does to a criterion, or to one of its facts, that it bears on."""
    if bearing.open:
        return "says that it is in remission"
    return "affirms the contrary" if bearing.contrary else STANCE[bearing.stance]


def combination(kind: CriterionKind) -> str:
    """How a criterion combines its parts, to stand behind its label.

    >>> combination(CriterionKind.ANY)
    ': any of'
    """
    return f": {COMBINATION[kind]}" if COMBINATION[kind] else ""


def documentation_request(result: CriterionResult) -> str:
    """What a provider is asked to document for a leaf."""
    ask = result.criterion.ask or result.criterion.label
    if result.status is not Status.CONFLICTING:
        return ask
    disputed = [fact for fact in result.facts if fact.topic and fact.status is Status.CONFLICTING]
    evidence = [bearing for fact in disputed for bearing in fact.evidence] or result.evidence
    on = f" on {', '.join(map(_fact_label, disputed))}" if disputed else ""
    latest = max((bearing.statement.observed for bearing in evidence), default=None)
    after = f" as observed after {latest}" if latest else ""
    return f"The record contradicts itself{on}. {ask} State it{after}; what is written later about an earlier day cannot settle it."


class ShownUnread(NamedTuple):
    """What could not be read, as it is shown: one item, or many that are alike."""

    what: str
    """Its kind and why it could not be read; of many how many they are."""
    words: str
    """Its words; of many those of the first few."""
    where: str
    """Its code, place and days; empty of many."""

    @property
    def line(self) -> str:
        """The same on one line."""
        quoted = f": “{plain(self.words)}”" if self.words else ""
        where = plain(self.where)
        return f"{plain(self.what)}{quoted}{f' [{where}]' if where else ''}"


def shown_unread(items: Iterable[Unread]) -> list[ShownUnread]:
    """Items that could not be read, conditions first; more than a few of one kind and reason together."""
    alike: dict[tuple[str, str], list[Unread]] = {}
    for item in items:
        alike.setdefault((item.slug, item.reason), []).append(item)
    shown: list[ShownUnread] = []
    for (kind, reason), those in sorted(
        alike.items(), key=lambda pair: _UNREAD_ORDER.get(pair[0][0], len(_UNREAD_ORDER))
    ):
        what = f"{kind.replace('-', ' ')} ({reason})"
        if len(those) <= _FEW:
            shown += [ShownUnread(what, item.words, _unread_place(item)) for item in those]
            continue
        words = list(dict.fromkeys(item.words or item.code for item in those))
        more = f"; and {len(words) - _FEW:,} more" if len(words) > _FEW else ""
        shown.append(ShownUnread(f"{len(those):,} × {what}", "; ".join(words[:_FEW]) + more, ""))
    return shown


def _unread_place(item: Unread) -> str:
    days = [f"{name} {day}" for name, day in (("observed", item.observed), ("recorded", item.recorded)) if day]
    return ", ".join(part for part in (item.code, item.source, *days) if part)


def due_words(deadline: Deadline, now: datetime) -> str:
    """When a decision is due, and how long that is from now: hours where the rule counts hours, else days."""
    due = deadline.due
    here = now.astimezone(due.tzinfo)
    if deadline.by_hour:
        hours = int(abs((due - here).total_seconds()) // 3600)
        length = f"{hours} h" if hours < 72 else f"{hours // 24} d"
        return f"{due:%Y-%m-%d %H:%M} ({f'in {length}' if here <= due else f'{length} overdue'})"
    days = (due.date() - here.date()).days
    word = "today" if days == 0 else f"in {days} d" if days > 0 else f"{-days} d overdue"
    return f"{due:%Y-%m-%d} ({word})"


def turnaround_words(deadline: Deadline) -> str:
    """Which turnaround rule was taken, what it is by, why, and each part of the sum by which a decision is due."""
    rule = deadline.rule
    checked = "" if rule.checked else "; the rule was not checked against its text"
    return (
        f"due {_moment(deadline, deadline.due)} by the rule “{rule.name}” ({rule.source or 'of the settings'}{checked}): "
        f"{deadline.why or 'no other rule binds'}. Counted: {'; '.join(_sum(deadline))}"
    )


def _sum(deadline: Deadline) -> Iterator[str]:
    rule, count = deadline.rule, deadline.count
    begins = _moment(deadline, count.begins)
    if count.begins != deadline.opened:
        begins += ", when the documentation asked for arrived"
    yield f"{rule.within} from {begins}: to {_moment(deadline, count.first)}"
    by = f" ({rule.asking_source})" if rule.asking_source else ""
    if count.extended:
        day = f"{count.extended.time.astimezone(deadline.due.tzinfo):%Y-%m-%d}"
        if count.extended.kind is MilestoneKind.EXTENDED:
            yield f"{rule.extension} more by the notice of an extension of {day}"
        else:
            yield f"{rule.extension} more, since the request for documentation of {day} counts as the notice of an extension{by}"
    if count.pause:
        yield f"{_pause_words(deadline, count.pause)}{by}"
    if count.pause and rule.resume:
        yield f"a decision is due {rule.resume} after that"


def _pause_words(deadline: Deadline, pause: Pause) -> str:
    """From when to when the clock stands still, and until what."""
    period = f"from {_moment(deadline, pause.asked)} until {_moment(deadline, pause.until)}"
    period += f" ({pause.length})" if pause.length else ""
    sent = f"the {deadline.rule.supply} to send what was asked for"
    if pause.returned is None:
        return f"the clock stands still {period}, when {sent} are over, or until it arrives if that is sooner"
    if pause.returned <= pause.supplied_by:
        return f"the clock stood still {period}, when what was asked for arrived"
    return f"the clock stood still {period}, when {sent} were over"


def _moment(deadline: Deadline, moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if deadline.by_hour else f"{moment:%Y-%m-%d}"
