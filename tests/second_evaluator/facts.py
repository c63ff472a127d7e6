"""Facts within a leaf: which statements of one fact are current, and what the facts make of the leaf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from tests.second_evaluator.kleene import CONFLICT, MET, NA, NOT_MET, OPEN, Status
from tests.second_evaluator.record import Statement

UNNAMED = ""
"""The fact that statements without a topic are."""


class Stance(StrEnum):
    """What a statement says of a fact."""

    AFFIRMS = "affirms"
    DENIES = "denies"
    RULES_OUT = "rules out"
    """Not applicable."""
    NEITHER = "neither"
    """Of the leaf's class, with a detail that neither affirms nor denies."""


AFFIRMS, DENIES, RULES_OUT, NEITHER = Stance


@dataclass(frozen=True)
class Word:
    """A statement as it speaks to a leaf."""

    statement: Statement
    stance: Stance
    late: bool
    topics: frozenset[str] = frozenset()
    disputed: bool = False
    """Whether its very finding is denied on the same day, or by a late entry."""
    withdrawn_of: frozenset[str] = frozenset()
    disputed_of: frozenset[str] = frozenset()
    """Topics of which its very finding, stated without a topic, is denied later, or on the same day."""

    @property
    def observed(self) -> date:
        return self.statement.observed


@dataclass
class Settled:
    """What a leaf comes to, fact by fact."""

    status: Status
    facts: Mapping[str, Status] = field(default_factory=dict)
    current: frozenset[str] = frozenset()
    """Names of statements that are current for at least one fact."""
    superseded: frozenset[str] = frozenset()
    """Names of statements that speak to the leaf and are current for none."""


def current(words: Iterable[Word]) -> list[Word]:
    """Of the words on one fact those that are current.

    "Of the statements that count the latest observed date supersedes, whoever wrote it. A late entry never supersedes; it
    counts, ... conflicts with what it contradicts, and is itself superseded by a timely observation of a later day."
    """
    words = list(words)
    timely = [word.observed for word in words if not word.late]
    if not timely:
        return words
    latest = max(timely)
    return [word for word in words if word.observed == latest or (word.late and word.observed > latest)]


def fact_status(words: Iterable[Word]) -> Status:
    """The status of one fact from its current words.

    "Different assertions of the same latest date conflict, affirmed with not applicable included." "On the same day it
    disputes it: the fact is conflicting unless another finding affirms it."
    """
    words = list(words)
    stances = {word.stance for word in words} - {NEITHER}
    if len(stances) > 1:
        return CONFLICT
    if not stances:
        return OPEN
    (stance,) = stances
    if all(word.disputed for word in words if word.stance is stance):
        return CONFLICT
    return {AFFIRMS: MET, DENIES: NOT_MET, RULES_OUT: NA}[stance]


def settle(words: Iterable[Word], every: bool = False, opened: Iterable[str] = ()) -> Settled:
    """Settle each fact, and fold them: of a leaf without topics, the only one.

    Args:
        words: what speaks to the leaf.
        every: whether it holds for every fact, or for some.
        opened: facts that an affirmation withdrawn was about.
    """
    words = list(words)
    by_fact = by_topic(words, every, opened)
    standing = {fact: current(of_fact) for fact, of_fact in by_fact.items()}
    statuses = {fact: fact_status(of_fact) for fact, of_fact in standing.items()}
    used = frozenset(word.statement.name for of_fact in standing.values() for word in of_fact)
    return Settled(
        status=(every_fact if every else some_fact)(statuses),
        facts=statuses,
        current=used,
        superseded=frozenset(word.statement.name for word in words) - used,
    )


def by_topic(words: Iterable[Word], every: bool, opened: Iterable[str]) -> dict[str, list[Word]]:
    """The words on each fact.

    "Statements without a topic are one fact. In a some leaf their denial, in an every leaf their affirmation, in both
    their not applicable, also speaks of every fact observed earlier or that day, and of every fact that only late
    entries observe." Joined to each fact, they are superseded there by what is observed later.
    """
    words = list(words)
    general = (AFFIRMS if every else DENIES, RULES_OUT)
    found: dict[str, list[Word]] = {fact: [] for fact in opened}
    for word in words:
        for topic in word.topics or {UNNAMED}:
            found.setdefault(topic, []).append(word)
    for fact, of_fact in found.items():
        if fact != UNNAMED:
            of_fact += [
                replace(word, disputed=word.disputed or fact in word.disputed_of)
                for word in words
                if not word.topics and word.stance in general and fact not in word.withdrawn_of
            ]
    return found


def some_fact(facts: Mapping[str, Status]) -> Status:
    """A leaf that holds for some fact.

    "Met when one fact is; conflicting when none is met and one conflicts; not met only when it is denied as a whole; a
    fact denied alone leaves it not documented." Denied as a whole: by a statement without a topic, where no other fact
    stands open.
    """
    statuses = set(facts.values())
    for status in (MET, CONFLICT):
        if status in statuses:
            return status
    if statuses == {NA} and UNNAMED in facts:  # that one fact is not applicable says nothing of the others
        return NA
    if facts.get(UNNAMED) is NOT_MET and OPEN not in statuses:
        return NOT_MET
    return OPEN


def every_fact(facts: Mapping[str, Status]) -> Status:
    """A leaf that holds for every fact: "not met when one fact is not, met when one at least is and no other stands
    open, conflicting or against it"."""
    statuses = set(facts.values())
    for status in (NOT_MET, CONFLICT, OPEN, MET):
        if status in statuses:
            return status
    return NA if NA in statuses else OPEN


@dataclass(frozen=True)
class Denial:
    """A denied finding, as it bears on who affirms the very same finding."""

    word: Word
    findings: frozenset[str]

    def withdraws(self, affirmed: Word) -> bool:
        """A later denial withdraws; a late entry never supersedes."""
        return not self.word.late and self.word.observed > affirmed.observed

    def disputes(self, affirmed: Word) -> bool:
        """A denial of the same day disputes, and so does one where a late entry is on either side, unless the denial is
        a late entry that a timely observation of a later day supersedes."""
        if self.withdraws(affirmed):
            return False
        if self.word.observed == affirmed.observed or affirmed.late:
            return True
        return self.word.late and self.word.observed > affirmed.observed

    def speaks_of(self, affirmed: Word) -> bool:
        """A denial without a topic speaks of every topic."""
        return not self.word.topics or bool(self.word.topics & affirmed.topics)


def withdraw(
    words: Iterable[Word], denials: Mapping[str, list[Denial]]
) -> tuple[list[Word], frozenset[str], list[tuple[Word, Word]]]:
    """Take back, or dispute, affirmations whose very finding is denied.

    Args:
        words: words to a leaf.
        denials: by name of a statement, the denials of its very finding.

    Returns:
        the words that stand, the names of statements withdrawn, and the denials that dispute one, with the one.
    """
    standing: list[Word] = []
    withdrawn: set[str] = set()
    disputing: list[tuple[Word, Word]] = []
    for word in words:
        every = denials.get(word.statement.name, [])
        of_word = [denial for denial in every if denial.speaks_of(word)]
        if not word.topics:
            withdrawn_of = [denial.word.topics for denial in every if denial.withdraws(word)]
            disputed_of = [denial.word.topics for denial in every if denial.disputes(word)]
            word = replace(
                word,
                withdrawn_of=frozenset().union(*withdrawn_of),
                disputed_of=frozenset().union(*disputed_of),
            )
        taken = [denial for denial in of_word if denial.withdraws(word)]
        kept = word.topics
        if taken:
            gone = (
                word.topics
                if any(not d.word.topics for d in taken)
                else frozenset().union(*(d.word.topics for d in taken))
            )
            kept = word.topics - gone
            if not kept:
                withdrawn.add(word.statement.name)
                continue
        against = [denial for denial in of_word if denial.disputes(word)]
        disputing += [(denial.word, word) for denial in against]
        standing.append(replace(word, topics=kept, disputed=bool(against)))
    return standing, frozenset(withdrawn), disputing
