"""What statements say of each leaf, and the status of each leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tests.second_evaluator import item_one
from tests.second_evaluator.currency import codes_withdrawal, is_late, span
from tests.second_evaluator.details import stances_of
from tests.second_evaluator.disorders import names_of
from tests.second_evaluator.facts import (
    AFFIRMS,
    DENIES,
    RULES_OUT,
    UNNAMED,
    Denial,
    Settled,
    Stance,
    Word,
    settle,
    some_fact,
    withdraw,
)
from tests.second_evaluator.kleene import MET, OPEN, Status
from tests.second_evaluator.record import AFFIRMED, DENIED, IOP, NOT_APPLICABLE, VERSION, Request, Statement
from tests.second_evaluator.vocabulary import Vocabulary, vocabulary

SOME, EVERY = False, True

RECORDED_LATER, OBSERVED_LATER = "recorded after the as-of date", "observed after the period under review"
SUPERSEDED, WITHDRAWN = "superseded by a later observation", "the same finding is denied later"
CONTRADICTED = "the absence it states is contradicted on another criterion"
NARROWER, SILENT = "denying a narrower finding leaves the criterion open", "speaks to no criterion"
UNACCEPTED, OTHER_AUTHOR = "not accepted by a reviewer", "its author is not of the kind that the criterion asks for"

TOPICS: dict[str, tuple[str, bool]] = {
    "adult-admission:2-a-impairment": ("functionalDomain", SOME),
    "adult-admission:2-a-activities": ("functionalDomain", SOME),
    "adult-admission:8-a-need": ("factor", SOME),
    "adult-continuation:1-a": ("symptom", SOME),
    "adult-continuation:2-a": ("symptom", SOME),
    "adult-continuation:2-b": ("symptom", SOME),
    "adult-continuation:3": ("symptom", SOME),
    "substance-use:2": ("substance", EVERY),
    "substance-use:3": ("medication", SOME),
}
"""By leaf the property that tells its facts apart, and whether every fact must hold; disorders are in `item_one`."""

_KINDS = {
    "functionalDomain": str(IOP.FunctionalDomain),
    "symptom": str(IOP.Symptom),
    "substance": str(IOP.Substance),
    "medication": str(IOP.Medication),
}
_DISORDERS = (item_one.DIAGNOSIS, item_one.SEVERITY, item_one.CONCURRENT)
NEED, WITHDRAWAL, ACTIVITIES = "adult-admission:8-a-need", "substance-use:2", "adult-admission:2-a-activities"
OTHER_FACTOR = "adult-admission:8-a-other"
FACTORS = ["8-a-i", "8-a-ii", "8-a-iii", "8-a-iv", "8-a-v", "8-a-other"]


@dataclass
class Leaves:
    """The leaves of one request, under the readings that bear on single leaves."""

    request: Request
    readings: Mapping[str, str] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=vocabulary)
    aside: set[tuple[str, str, str]] = field(default_factory=set)
    """Statement, leaf and reason, of what is set aside before the later supersedes the earlier."""
    opened: dict[str, set[str]] = field(default_factory=dict)
    """By leaf the facts that an affirmation withdrawn was about."""
    disputing: set[tuple[str, str, str]] = field(default_factory=set)
    """Statements that deny a narrower finding on the day on which another affirms it, and the leaf."""
    _known: dict[str, Status] = field(default_factory=dict)

    def status(self, leaf: str) -> Status:
        """The status of a leaf by id."""
        if leaf not in self._known:
            self._known[leaf] = self._status(leaf)
        return self._known[leaf]

    def _status(self, leaf: str) -> Status:
        if leaf == item_one.DIAGNOSIS:
            return item_one.diagnosis(self.request, self.vocabulary)
        if leaf == item_one.SEVERITY:
            return item_one.severity(self.request, self.vocabulary)
        if leaf == item_one.CONCURRENT:
            return item_one.concurrent(self.words[leaf], self.request, self.vocabulary)
        status = self.settled(leaf).status
        if leaf == WITHDRAWAL and status is MET:
            days = span(leaf, self.request)
            return OPEN if any(codes_withdrawal(item, days, self.request) for item in self.request.unread) else MET
        return status

    def settled(self, leaf: str) -> Settled:
        """The facts of a leaf."""
        words = self.words[leaf]
        return settle(words, leaf in TOPICS and TOPICS[leaf][1] is EVERY, self.opened.get(leaf, ()))

    def pair(self, factor: str) -> tuple[Status, Status]:
        """A factor of 8-a with its own need, "a need that names no factor pairing with each"."""
        facts = self.settled(NEED).facts
        own = {key: facts[key] for key in (VERSION + f"adult-admission/{factor}", UNNAMED) if key in facts}
        needs = set(own.values())
        need = some_fact(own)
        if need is OPEN and needs and OPEN not in needs:  # its own need is denied
            need = needs.pop()
        return self.status(f"adult-admission:{factor}"), need

    def set_aside(self) -> set[tuple[str, str, str]]:
        """Statement, leaf and reason of all that is set aside; without a leaf what bears on none.

        The leaves that turn on disorders are left out.
        """
        spoken = {word.statement.name for words in self.words.values() for word in words}
        superseded = {
            (name, leaf, SUPERSEDED)
            for leaf in self.words
            if leaf not in _DISORDERS
            for name in self.settled(leaf).superseded
        }
        found = self.aside | superseded
        disputing = {name for name, other, leaf in self.disputing if other in self.settled(leaf).current}
        speaking = spoken | disputing | {name for name, _, _ in found}
        for statement in self.request.statements:
            if statement.recorded > self.request.as_of:
                found.add((statement.name, "", RECORDED_LATER))
            elif statement.name not in spoken and span("", self.request).is_after(statement.observed):
                found.add((statement.name, "", OBSERVED_LATER))
            elif statement.name not in speaking and str(IOP.SelfCareDomain) not in self.topics(ACTIVITIES, statement):
                found.add((statement.name, "", NARROWER if statement.stance == DENIED else SILENT))
        return {(name, leaf, reason) for name, leaf, reason in found if leaf not in _DISORDERS}

    def names_disorder(self, statement: Statement) -> bool:
        """Whether a statement bears on a leaf that turns on disorders, or would."""
        return bool(names_of(statement, self.vocabulary)) or any(
            statement in self._near.get(leaf, ()) for leaf in _DISORDERS
        )

    # ------------------------------------------------------------ what speaks to which leaf

    @cached_property
    def words(self) -> dict[str, list[Word]]:
        """What counts and stands, by leaf, before the later supersedes the earlier."""
        spoken = {leaf: self._spoken(leaf) for leaf in sorted(self.vocabulary.leaf_of.values())}
        standing = {}
        for leaf, words in spoken.items():
            if leaf in _DISORDERS:
                standing[leaf] = words
                continue
            denials = {word.statement.name: self._denials(leaf, word) for word in words}
            standing[leaf], gone, disputing = withdraw(words, denials)
            self.aside |= {(name, leaf, WITHDRAWN) for name in gone}
            # "Withdraws its affirmation (the leaf is open again)": what it was about is a fact still, and open.
            still = {(word.statement.name, topic) for word in standing[leaf] for topic in word.topics or {UNNAMED}}
            about = {(word.statement.name, topic) for word in words for topic in word.topics or {UNNAMED}}
            self.opened[leaf] = {topic for _, topic in about - still}
            self.disputing |= {(denial.statement.name, word.statement.name, leaf) for denial, word in disputing}
        return self._without_absences(standing)

    @cached_property
    def _near(self) -> dict[str, list[Statement]]:
        """By leaf the statements of its class or a narrower one, or of a contrary: those that may speak to it."""
        found: dict[str, list[Statement]] = {}
        for statement in self.request.statements:
            above = self.vocabulary.all_above(self.vocabulary.own(statement))
            touched = above | self.vocabulary.union(self.vocabulary.contrary_of, above)
            touched |= self.vocabulary.union(self.vocabulary.not_applicable, above)
            for finding in touched & set(self.vocabulary.leaf_of):
                found.setdefault(self.vocabulary.leaf_of[finding], []).append(statement)
        return found

    def _spoken(self, leaf: str) -> list[Word]:
        """The statements that count for a leaf and speak to it."""
        words = []
        for statement in self._near.get(leaf, ()):
            topics = self.topics(leaf, statement)
            if leaf == ACTIVITIES and topics:
                # "Self-care is not on the list: it shows impairment, not this, and is a note."
                topics -= {str(IOP.SelfCareDomain)}
                if not topics:
                    continue
            stances = self._stances(leaf, statement)
            if not stances:
                continue
            if obstacle := self._obstacle(leaf, statement):
                self.aside.add((statement.name, leaf, obstacle))
                continue
            late = is_late(statement, self.request)
            words += [Word(statement, stance, late, topics) for stance in stances]
        return words

    def _obstacle(self, leaf: str, statement: Statement) -> str:
        """Why a statement that speaks to a leaf does not count for it; empty if it does."""
        if statement.recorded > self.request.as_of:
            return RECORDED_LATER
        days = span(leaf, self.request)
        if days.is_after(statement.observed):
            return OBSERVED_LATER
        if leaf == OTHER_FACTOR and not statement.values("acceptedBy"):
            return UNACCEPTED
        if leaf == NEED and statement.author not in ("", "Provider"):
            return OTHER_AUTHOR  # "a statement by an author of any kind but provider does not speak to need"
        return days.too_old if days.is_before(statement.observed) else ""

    def _stances(self, leaf: str, statement: Statement) -> set[Stance]:
        """What a statement says of a leaf, if it speaks to it."""
        finding = self.finding(leaf)
        own = self.vocabulary.own(statement)
        if statement.stance == DENIED:
            # "Affirmation climbs the class tree, denial does not"; "a denied finding which only adds a topic denies that
            # fact".
            return {DENIES} if any(self._only_adds_topics(name, finding) for name in own) else set()
        if statement.stance == NOT_APPLICABLE:
            return {RULES_OUT} if finding in own else set()
        above = self.vocabulary.all_above(own)
        stances = set()
        if finding in above:
            stances |= stances_of(leaf, statement, self.request, self.vocabulary, self.readings)
        if finding in self.vocabulary.union(self.vocabulary.contrary_of, above):
            higher = str(IOP.HigherAsamLevel) in above and self.readings.get("level-of-care") == "least"
            stances.add(AFFIRMS if higher else DENIES)
        if finding in self.vocabulary.union(self.vocabulary.not_applicable, above):
            stances.add(RULES_OUT)
        return stances

    def finding(self, leaf: str) -> str:
        """The class of a leaf."""
        return self.vocabulary.finding_of[leaf]

    def _only_adds_topics(self, name: str, finding: str) -> bool:
        """Whether a class is a leaf's, or says no more than it and a topic."""
        if name == finding:
            return True
        return name in self.vocabulary.added and any(
            self._only_adds_topics(parent, finding) for parent in self.vocabulary.parents[name]
        )

    def topics(self, leaf: str, statement: Statement) -> frozenset[str]:
        """The facts of a leaf that a statement is about: those it states, and those its classes imply."""
        if leaf not in TOPICS:
            return frozenset()
        name, _ = TOPICS[leaf]
        classes = self.vocabulary.own(statement)
        if statement.stance == AFFIRMED:
            classes = self.vocabulary.all_above(classes)
        implied = self.vocabulary.union(self.vocabulary.implied, classes)
        return statement.names(name) | {topic for topic in implied if self._is_of(topic, name)}

    def _is_of(self, topic: str, name: str) -> bool:
        """Whether a topic is a value of a property."""
        if name == "factor":
            return topic.startswith(VERSION)
        return _KINDS[name] in self.vocabulary.kind_of.get(topic, ())

    # ------------------------------------------------------------ denials of the very finding, and absences

    def _denials(self, leaf: str, word: Word) -> list[Denial]:
        """The denials of the very finding that a statement affirms, those of a wider finding below the leaf's included.

        One that denies the finding of a leaf denies that leaf, and leaves the others that a compound finding affirms. One
        that denies a finding leaves the leaves to which the statement speaks by another.
        """
        if word.statement.stance != AFFIRMED:
            return []
        affirmed = self.vocabulary.all_above(self.vocabulary.own(word.statement)) - set(self.vocabulary.leaf_of)
        days = span(leaf, self.request)
        found = []
        for statement in self.request.statements:
            if statement.stance != DENIED or statement.recorded > self.request.as_of or statement.observed not in days:
                continue
            own = {name for name in self.vocabulary.own(statement) & affirmed if self._speaks_to(name, leaf)}
            if own and not any(self._only_adds_topics(name, self.finding(leaf)) for name in own):
                topics = self._topics_of_denial(leaf, statement)
                found.append(Denial(Word(statement, DENIES, is_late(statement, self.request), topics), own))
        return found

    def _speaks_to(self, finding: str, leaf: str) -> bool:
        """Whether affirming a finding affirms the leaf, denies it or marks it not applicable."""
        above = self.vocabulary.all_above([finding])
        against = self.vocabulary.union(self.vocabulary.contrary_of, above)
        return self.finding(leaf) in above | against | self.vocabulary.union(self.vocabulary.not_applicable, above)

    def _topics_of_denial(self, leaf: str, statement: Statement) -> frozenset[str]:
        """What a denied narrower finding is about, with the topics that its wider classes imply."""
        if leaf not in TOPICS:
            return frozenset()
        name, _ = TOPICS[leaf]
        implied = self.vocabulary.union(
            self.vocabulary.implied, self.vocabulary.all_above(self.vocabulary.own(statement))
        )
        return statement.names(name) | {topic for topic in implied if self._is_of(topic, name)}

    def _without_absences(self, standing: dict[str, list[Word]]) -> dict[str, list[Word]]:
        """Set aside absences that are contradicted.

        "A finding marked as an absence denies several leaves at once; it is set aside for all of them when it is later
        contradicted on one; contradicted the same day, it conflicts there and says nothing of the rest."
        """
        for statement in self.request.statements:
            above = self.vocabulary.all_above(self.vocabulary.own(statement))
            if statement.stance != AFFIRMED or not above & self.vocabulary.absences:
                continue
            of_it = {leaf: [w for w in words if w.statement == statement] for leaf, words in standing.items()}
            denied = {leaf: words[0] for leaf, words in of_it.items() if words and words[0].stance is DENIES}
            later, same_day = set(), set()
            for leaf, absence in denied.items():
                for word in standing[leaf]:
                    if word.stance is not AFFIRMS:
                        continue
                    if not word.late and word.observed > absence.observed:
                        later.add(leaf)
                    elif word.observed >= absence.observed or absence.late:
                        same_day.add(leaf)  # or a late entry is on either side: none supersedes the other
            aside = set(denied) if later else set(denied) - same_day if same_day else set()
            for leaf in aside:
                standing[leaf] = [word for word in standing[leaf] if word.statement != statement]
                self.aside.add((statement.name, leaf, CONTRADICTED))
        return standing
