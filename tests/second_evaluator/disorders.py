"""Which disorders the record has, from the statements that count: each is a fact of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.second_evaluator.currency import is_late
from tests.second_evaluator.facts import AFFIRMS, DENIES, NEITHER, Stance, Word, current, fact_status
from tests.second_evaluator.kleene import CONFLICT, MET, NOT_MET, Status
from tests.second_evaluator.record import AFFIRMED, DENIED, Request, Statement
from tests.second_evaluator.vocabulary import DISORDER, NICOTINE, SUBSTANCE_USE_DISORDER, Vocabulary


@dataclass
class Disorder:
    """One disorder of the record, and what is said of it: affirmed, denied, or in remission (neither)."""

    name: str
    words: list[Word] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """Met if the record has it now, open if it is in remission.

        "A remission code or status affirms no current disorder: it is a note, supersedes earlier statements on its
        disorder and conflicts with those of its day."
        """
        stances = {word.stance for word in current(self.words)}
        return CONFLICT if stances >= {AFFIRMS, NEITHER} else fact_status(current(self.words))

    @property
    def is_current(self) -> bool:
        """Affirmed, disputed included."""
        return self.status in (MET, CONFLICT)

    @property
    def is_had(self) -> bool:
        """Current or in remission, disputed included: it is not only denied."""
        return self.status is not NOT_MET and any(word.stance is not DENIES for word in self.words)

    @property
    def flags(self) -> frozenset[bool]:
        """Whether it is the primary one, by the latest of its statements that say so.

        "A primary flag stands until changed." Both if they disagree, none if none says.
        """
        flagged = [w for w in self.words if w.stance is AFFIRMS and w.statement.primary is not None]
        return frozenset(bool(word.statement.primary) for word in current(flagged))


@dataclass(frozen=True)
class Disorders:
    """The disorders that some statements name, without nicotine dependence, and what is said of any disorder."""

    named: tuple[Disorder, ...]
    unnamed: tuple[Word, ...]
    """Statements without a topic: bare attestations that there is a disorder, and denials of any."""
    vocabulary: Vocabulary

    def kind(self, substance_use: bool) -> list[Disorder]:
        """The substance use disorders, or the others."""
        return [
            disorder
            for disorder in self.named
            if self.vocabulary.is_a(disorder.name, SUBSTANCE_USE_DISORDER) == substance_use
        ]

    def primary_beside(self, disorder: Disorder) -> Status:
        """Whether another disorder is stated to be the primary one: met, conflicting if that one is disputed, or not met."""
        others = [other for other in self.named if other.name != disorder.name and True in other.flags]
        statuses = {other.status for other in others}
        return MET if MET in statuses else CONFLICT if CONFLICT in statuses else NOT_MET


def disorders(statements: Iterable[Statement], request: Request, vocabulary: Vocabulary) -> Disorders:
    """The disorders of the record, by the statements that count."""
    statements = list(statements)
    whole = [
        Word(s, stance, is_late(s, request))
        for s in statements
        if (stance := of_any_disorder(s, vocabulary)) is not None
    ]
    denials = [(s, names_of(s, vocabulary)) for s in statements if s.stance == DENIED]
    # "No substance use disorder" denies each of them.
    denials += [(s, _contradicted(s, vocabulary)) for s in statements if s.stance == AFFIRMED]

    def disorder(name: str, words: list[Word]) -> Disorder:
        """ "A denial falls on its class and what is narrower, never on what is broader."""
        falling = [
            Word(s, DENIES, is_late(s, request))
            for s, denied in denials
            if any(vocabulary.is_a(name, wider) for wider in denied)
        ]
        # "In a some leaf their denial ... also speaks of every fact observed earlier or that day."
        return Disorder(name, words + falling + [word for word in whole if word.stance is DENIES])

    affirmed: dict[str, list[Word]] = {}
    for statement in statements:
        if statement.stance == AFFIRMED:
            stance = NEITHER if vocabulary.in_remission(statement) else AFFIRMS
            for name in names_of(statement, vocabulary):
                affirmed.setdefault(name, []).append(Word(statement, stance, is_late(statement, request)))
    coded = {name for s in statements for name in _by_code(s, vocabulary)}
    found: dict[str, list[Word]] = {}
    # From the narrowest class to the broadest, so that of a broad one it is known which narrower disorders there are.
    for name in sorted(affirmed, key=lambda name: (-len(vocabulary.above[name]), name)):
        # "A broader class that no statement codes is the one narrower disorder that the record has, current or in
        # remission; where there are several, it is a fact of its own."
        narrower = [n for n in found if n != name and vocabulary.is_a(n, name) and disorder(n, found[n]).is_had]
        fact = narrower[0] if len(narrower) == 1 and name not in coded else name
        found.setdefault(fact, []).extend(affirmed[name])
    for _, denied in denials:
        for name in denied:
            if not any(vocabulary.is_a(fact, name) for fact in found):
                found[name] = []
    return Disorders(
        named=tuple(disorder(name, found[name]) for name in sorted(found)),
        unnamed=tuple(whole),
        vocabulary=vocabulary,
    )


def names_of(statement: Statement, vocabulary: Vocabulary) -> frozenset[str]:
    """ "A disorder is the narrowest class that its code, else its type, names." """
    if NICOTINE in vocabulary.by_code(statement):
        return frozenset()
    return _by_code(statement, vocabulary) or _below(statement.types, vocabulary)


def of_any_disorder(statement: Statement, vocabulary: Vocabulary) -> Stance | None:
    """What a statement says of the diagnosis as a whole, if it does: a bare attestation, a denial, or the contrary."""
    own = vocabulary.own(statement)
    bare = DISORDER in own and not _below(own, vocabulary)
    if statement.stance != AFFIRMED:
        return DENIES if bare and statement.stance == DENIED else None
    if DISORDER in vocabulary.union(vocabulary.contrary_of, vocabulary.all_above(own)):
        return DENIES
    return (NEITHER if vocabulary.in_remission(statement) else AFFIRMS) if bare else None


def _contradicted(statement: Statement, vocabulary: Vocabulary) -> frozenset[str]:
    """The disorders that a statement denies by naming their contrary."""
    above = vocabulary.all_above(vocabulary.own(statement))
    return _below(vocabulary.union(vocabulary.contrary_of, above), vocabulary)


def _by_code(statement: Statement, vocabulary: Vocabulary) -> frozenset[str]:
    return _below(vocabulary.by_code(statement), vocabulary)


def _below(classes: Iterable[str], vocabulary: Vocabulary) -> frozenset[str]:
    """The narrowest of the classes that are narrower than any mental disorder."""
    return vocabulary.narrowest(c for c in classes if c != DISORDER and vocabulary.is_a(c, DISORDER))
