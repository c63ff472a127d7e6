"""Words for people: statuses, outcomes, stances, and what a provider is asked for. Every format takes them from here."""

from __future__ import annotations

import unicodedata

from reasoner.chart.model import Assertion, Unread
from reasoner.determination.bearing import Bearing
from reasoner.determination.model import CriterionResult
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.model import CriterionKind
from reasoner.review.acts import Disposition

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
COMBINATION = {
    CriterionKind.ALL: "all of",
    CriterionKind.ANY: "any of",
    CriterionKind.LIST: "each by itself",
    CriterionKind.LEAF: "",
}
"""How a criterion combines its parts."""


def words(value: Status | Outcome | Disposition) -> str:
    """A status, an outcome or a disposition in words.

    >>> words(Status.NOT_MET)
    'not met'
    """
    return value.value.replace("-", " ")


def bearing_words(bearing: Bearing) -> str:
    """What a statement does to a criterion that it bears on."""
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
    latest = max((bearing.statement.observed for bearing in result.evidence), default=None)
    after = f" as observed after {latest}" if latest else ""
    return f"The record contradicts itself. {ask} State it{after}; a late entry cannot settle it, a reviewer may."


def unread_words(item: Unread) -> str:
    """What kind of item could not be read, and why."""
    return f"{item.slug.replace('-', ' ')} ({item.reason})"


def unread_place(item: Unread) -> str:
    """The code, the place and the days of an item that could not be read."""
    days = [f"{name} {day}" for name, day in (("observed", item.observed), ("recorded", item.recorded)) if day]
    return ", ".join(part for part in (item.code, item.source, *days) if part)


def plain(text: str) -> str:
    """Text from a chart on one line, without control and direction-changing characters that a terminal would obey."""
    printable = (" " if c.isspace() else "" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") else c for c in text)
    return " ".join("".join(printable).split())
