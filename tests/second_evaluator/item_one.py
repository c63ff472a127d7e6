"""Adult admission 1-diagnosis, 1-severity and 8-a-ii: the leaves that turn on disorders."""

from __future__ import annotations

from collections.abc import Iterable

from tests.second_evaluator.currency import bears, counts, is_late, span
from tests.second_evaluator.disorders import Disorder, Disorders, disorders, names_of
from tests.second_evaluator.facts import (
    AFFIRMS,
    DENIES,
    NEITHER,
    UNNAMED,
    Stance,
    Word,
    current,
    fact_status,
    some_fact,
)
from tests.second_evaluator.kleene import CONFLICT, MET, NOT_MET, OPEN, Status
from tests.second_evaluator.record import AFFIRMED, DENIED, IOP, Request, Statement
from tests.second_evaluator.vocabulary import DISORDER, SUBSTANCE_USE_DISORDER, Vocabulary

DIAGNOSIS, SEVERITY, CONCURRENT = "adult-admission:1-diagnosis", "adult-admission:1-severity", "adult-admission:8-a-ii"
RATING, CONCURRENT_DISORDER = str(IOP.DisorderSeverity), str(IOP.ConcurrentSubstanceUseDisorder)

DEGREES = {
    "Minimal": DENIES,
    "Mild": DENIES,
    "MildToModerate": NEITHER,  # "'Mild to moderate' neither affirms nor denies."
    "Moderate": AFFIRMS,
    "ModerateOrSevere": AFFIRMS,
    "Severe": AFFIRMS,
}


def diagnosis(request: Request, vocabulary: Vocabulary) -> Status:
    """1-diagnosis: a mental disorder of the kind under review."""
    found = _disorders(DIAGNOSIS, request, vocabulary)
    facts = {UNNAMED: _whole(found)} if found.unnamed else {}
    if request.substance_use:
        return _substance_use_diagnosis(found, facts)
    # "For mental-health focus a SUD never affirms it, and one that is primary, or SUDs with no other disorder beside them,
    # make it conflicting." "No other" holds only if the record was understood.
    abuse = [disorder for disorder in found.kind(substance_use=True) if disorder.is_current]
    facts |= {disorder.name: disorder.status for disorder in found.kind(substance_use=False)}
    if any(True in disorder.flags for disorder in abuse):
        return CONFLICT
    if abuse and MET not in facts.values():
        return CONFLICT if CONFLICT in facts.values() or _understood(DIAGNOSIS, request) else OPEN
    facts |= {disorder.name: OPEN for disorder in found.kind(substance_use=True) if disorder.status is OPEN}
    return some_fact(facts)


def _substance_use_diagnosis(found: Disorders, facts: dict[str, Status]) -> Status:
    """ "For SUD focus a SUD that is stated to be primary, or has no flag while no other disorder is stated to be primary;
    another primary one denies it."
    """
    for disorder in found.kind(substance_use=True):
        if disorder.status is not MET or disorder.flags == {True}:
            facts[disorder.name] = disorder.status
        elif disorder.flags == {False}:
            facts[disorder.name] = OPEN
        elif disorder.flags:
            facts[disorder.name] = CONFLICT
        else:
            facts[disorder.name] = {MET: OPEN, CONFLICT: CONFLICT, NOT_MET: MET}[found.primary_beside(disorder)]
    others = found.kind(substance_use=False)
    status = some_fact(facts | {d.name: OPEN if d.status is MET else d.status for d in others})
    against = {disorder.status for disorder in others if disorder.is_current and True in disorder.flags}
    if not against or status is NOT_MET:
        return status
    return NOT_MET if status is OPEN and MET in against else CONFLICT


def severity(request: Request, vocabulary: Vocabulary) -> Status:
    """1-severity: moderate or severe, judged on the disorders of the kind under review."""
    found = _disorders(DIAGNOSIS, request, vocabulary)
    now = [disorder for disorder in found.kind(request.substance_use) if disorder.is_current]
    # A bare attestation of the diagnosis is of a disorder of the kind under review that it does not name: of the one that
    # another statement names, if there is one.
    nameless = not now and _whole(found) in (MET, CONFLICT)
    ratings = _Ratings(counts(SEVERITY, request), now, nameless, _understood(SEVERITY, request), request, vocabulary)
    ratings.disputed, ratings.of_any = _whole(found) is CONFLICT, found.unnamed
    if not now and _whole(found) is NOT_MET:
        return OPEN  # "A denied disorder has no rating."
    if len(now) + nameless != 1:
        return ratings.status(about=None)
    # "A rating that names no disorder is about the only one of the kind, if the record was understood." If it was not, it
    # may be about that one or about another.
    about_it, about_another = ratings.status(about=now[0].name if now else UNNAMED), ratings.status(about=None)
    return about_it if ratings.understood or about_it is about_another else OPEN


class _Ratings:
    """The ratings that count, and what they make of the disorders of the kind under review."""

    def __init__(
        self,
        counted: list[Statement],
        now: list[Disorder],
        nameless: bool,
        understood: bool,
        request: Request,
        vocabulary: Vocabulary,
    ) -> None:
        self.counted, self.now, self.nameless, self.understood = counted, now, nameless, understood
        self.request, self.vocabulary = request, vocabulary
        self.of_any: tuple[Word, ...] = ()
        """What is said of any disorder."""
        self.disputed = False
        """Whether the disorder without a name is."""
        self.denials: list[Word] = []
        """Of a severity as a whole."""
        self.unnamed: list[Word] = []
        """Ratings that name no disorder."""
        for statement in counted:
            if not names_of(statement, vocabulary):
                for stance in self._degrees(statement):
                    degree = statement.stance == AFFIRMED and not self._is_contrary(statement)
                    (self.unnamed if degree else self.denials).append(self._word(statement, stance))

    def status(self, about: str | None) -> Status:
        """The status if ratings that name no disorder are about the one of a name, or about none in particular."""
        facts: dict[str, Status] = {}
        below = []
        for disorder in self.now:
            rated, remitted = self._ratings(disorder)
            # "A denied disorder has no rating": what was rated before a denial does not come back.
            words = [word for word in rated if not self._is_taken_back(word, disorder.words)]
            if disorder.name == about:
                rated = rated + self.unnamed
                words += self._unnamed_standing()
            status = fact_status(current(words + remitted + self.denials))
            if rated or self.denials:
                # "A disputed one a disputed rating."
                facts[disorder.name] = CONFLICT if rated and disorder.status is CONFLICT else status
            below.append(bool(rated or self.denials) and disorder.status is MET and status is NOT_MET)
        general = current(self.denials + self._unnamed_standing())
        if about is None:
            # "... else moderate or severe affirms the leaf and a lower one says nothing"
            lower = [word for word in self.unnamed if word.stance is DENIES]
            general = [self._word(word.statement, NEITHER) if word in lower else word for word in general]
            below += [False] * self.nameless
        elif about:
            general = general if all(word in self.denials for word in general) else []
        if general:
            disputed = about == UNNAMED and self.disputed
            facts[UNNAMED] = CONFLICT if disputed else fact_status(general)
        status = some_fact(facts)
        # "It is not met only when it is denied as a whole or every current disorder of the kind is rated below moderate."
        every_below = bool(below) and all(below) and self.understood
        neither = any(word.stance is NEITHER and word in self.unnamed for word in general)
        return NOT_MET if status is OPEN and every_below and not neither else status

    @staticmethod
    def _is_taken_back(rating: Word, words: Iterable[Word]) -> bool:
        """Whether the disorder that is rated is denied later."""
        return any(w.stance is DENIES and not w.late and w.observed > rating.observed for w in words)

    def _unnamed_standing(self) -> list[Word]:
        """The ratings that name no disorder, without those after which any disorder is denied."""
        return [word for word in self.unnamed if not self._is_taken_back(word, self.of_any)]

    def _ratings(self, disorder: Disorder) -> tuple[list[Word], list[Word]]:
        """Ratings of a disorder, and its remissions, which take back those before: a remission "supersedes earlier
        statements on its disorder".
        """
        rated = [
            self._word(word.statement, stance)
            for word in disorder.words
            if word.stance is AFFIRMS and word.statement in self.counted
            for stance in self._degrees(word.statement)
        ]
        return rated, [self._word(word.statement, NEITHER) for word in disorder.words if word.stance is NEITHER]

    def _degrees(self, statement: Statement) -> set[Stance]:
        """What a statement says of severity, if it does."""
        own = self.vocabulary.own(statement)
        if statement.stance == DENIED:
            return {DENIES} if RATING in own else set()
        if self.vocabulary.in_remission(statement):
            return set()
        above = self.vocabulary.all_above(own)
        if not above & {RATING, DISORDER} and not self._is_contrary(statement):
            return set()
        stances = {DEGREES[degree] for degree in self.vocabulary.severities(statement)}
        if self._is_contrary(statement):
            return stances | {DENIES}
        # "A bare attestation of a leaf stands." A disorder without a severity says nothing of it.
        return stances or ({AFFIRMS} if RATING in above else set())

    def _is_contrary(self, statement: Statement) -> bool:
        above = self.vocabulary.all_above(self.vocabulary.own(statement))
        return statement.stance == AFFIRMED and RATING in self.vocabulary.union(self.vocabulary.contrary_of, above)

    def _word(self, statement: Statement, stance: Stance) -> Word:
        return Word(statement, stance, is_late(statement, self.request))


def concurrent(words: Iterable[Word], request: Request, vocabulary: Vocabulary) -> Status:
    """8-a-ii: a substance use disorder beside the one that is treated.

    "A SUD is concurrent when it is flagged not primary, or has no flag beside another disorder that is stated to be primary;
    one in remission is not."

    Args:
        words: statements that speak to the leaf by its own class, or a contrary; one that names disorders is about them.
    """
    of_all, recent = _disorders(DIAGNOSIS, request, vocabulary), _disorders(CONCURRENT, request, vocabulary)
    stated = {d.name: d for d in of_all.kind(substance_use=True)}
    words = list(words)
    unnamed = [word for word in words if not names_of(word.statement, vocabulary)]
    # "A denial falls on its class and what is narrower": of a substance use disorder, or of any, it denies the leaf as a whole.
    # To deny the criterion 1-diagnosis is to deny a disorder of the kind under review alone.
    whole = {SUBSTANCE_USE_DISORDER, DISORDER}
    unnamed += [
        Word(statement, DENIES, is_late(statement, request))
        for statement in counts(CONCURRENT, request)
        if statement.stance == DENIED and whole & (names_of(statement, vocabulary) or statement.types)
    ]
    denials = [word for word in unnamed if word.stance is DENIES]
    facts: dict[str, Status] = {}
    for disorder in recent.kind(substance_use=True):
        attested = [w for w in words if w.stance is AFFIRMS and any(w.statement == d.statement for d in disorder.words)]
        concurrency = MET if attested else _concurrency(stated.get(disorder.name, disorder), of_all)
        status = Disorder(disorder.name, disorder.words + denials).status
        if not disorder.is_current:
            facts[disorder.name] = disorder.status
        elif concurrency is NOT_MET:
            # One that is treated neither affirms nor denies.
            treated = [Word(word.statement, NEITHER, word.late) for word in disorder.words if word.stance is AFFIRMS]
            facts[disorder.name] = fact_status(current(treated + denials))
        else:
            facts[disorder.name] = CONFLICT if concurrency is CONFLICT and status is MET else status
    if unnamed:
        facts[UNNAMED] = fact_status(current(unnamed))
    return some_fact(facts)


def _concurrency(disorder: Disorder, found: Disorders) -> Status:
    """Whether a substance use disorder stands beside the one that is treated."""
    if not disorder.flags:
        return found.primary_beside(disorder)
    return {frozenset({True}): NOT_MET, frozenset({False}): MET}.get(disorder.flags, CONFLICT)


def _disorders(leaf: str, request: Request, vocabulary: Vocabulary) -> Disorders:
    return disorders(counts(leaf, request), request, vocabulary)


def _whole(found: Disorders) -> Status:
    """What statements that name no disorder say of the diagnosis."""
    return fact_status(current(found.unnamed)) if found.unnamed else OPEN


def _understood(leaf: str, request: Request) -> bool:
    """Whether nothing was left unread that could be a disorder: what "only", "no other" and "every" need."""
    return not any(bears(item, span(leaf, request), request) for item in request.unread)
