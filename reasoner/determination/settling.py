"""Settling: which statements are current for which leaf and fact, and which are set aside and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from reasoner.chart.model import Assertion, Case, Statement, Unread
from reasoner.determination.addressing import BY_CLASS, Address, addresses, root
from reasoner.determination.bearing import Bearing, Fact, Reason, SetAside, Settlement
from reasoner.determination.facts import (
    UNNAMED,
    FactSettling,
    Groups,
    Naming,
    group,
    merge_broader,
    regroup,
    share_unnamed,
    spread_denials,
    status_of_stance,
)
from reasoner.determination.inference import Inference
from reasoner.determination.periods import Periods
from reasoner.determination.population import Population, unread_items
from reasoner.logic.fold import Status
from reasoner.policy.model import Criterion, PolicyVersion, Quantifier
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

CANDIDATE_FOR = terms.of(NEC.candidateFor)
"""The property that tells the leaf for which a statement is a candidate."""


def settle(
    case: Case, inference: Inference, version: PolicyVersion, alone: Callable[[Bearing], Status] = status_of_stance
) -> Settlement:
    """Decide which statements of a case are current for which leaf.

    A statement counts for a leaf if it was recorded by the as-of date and observed within the leaf's period. Of what
    counts, each fact that the leaf asks about is settled by itself: the latest observed date supersedes.

    Args:
        case: the case.
        inference: the classes and facts of its statements.
        version: the policy version.
        alone: the status of a leaf on one bearing alone: a statement that affirms the finding of the leaf may deny the leaf
            by a detail, such as a low degree, or say neither.
    """
    return _Settling(case, inference, version, alone).settlement()


class _Settling:
    """The settling of one case."""

    def __init__(
        self, case: Case, inference: Inference, version: PolicyVersion, alone: Callable[[Bearing], Status]
    ) -> None:
        self._case = case
        self._alone = alone
        self._inference = inference
        self._version = version
        self._periods = Periods(case, version)
        self._unread = self._unread_by_leaf()
        self._naming = Naming(version, inference)
        self._set_aside: list[SetAside] = []
        self._bearings: dict[str, list[Bearing]] = {}
        self._topics: dict[str, list[tuple[Term, Term]]] = {}
        """What statements are about, as facts, by their IRI."""
        self._candidates: dict[str, list[tuple[Term, Term]]] = {}
        self._counted = self._count()
        end = case.end
        self._late = frozenset([s.iri for s in self._counted if s.recorded > end] if end else ())

    def settlement(self) -> Settlement:
        """The current bearings, and what is set aside."""
        self._drop_contradicted_absences()
        denied = frozenset[str]().union(*(s.classes for s in self._counted if s.assertion is Assertion.DENIED))
        current: dict[str, tuple[Bearing, ...]] = {}
        facts: dict[str, tuple[Fact, ...]] = {}
        populations: dict[str, Population] = {}
        leaves = self._version.leaves
        asked = {leaves[iri].population: None for iri in self._bearings if leaves[iri].population}
        for iri in (*asked, *(iri for iri in self._bearings if iri not in asked)):
            leaf, bearings = leaves[iri], self._bearings.get(iri, [])
            if not leaf.topic:
                first = bearings[0]
                affirmed = first.statement.assertion is Assertion.AFFIRMED
                if len(bearings) == 1 and not (affirmed and denied & self._inference.classes[first.statement.iri]):
                    current[iri] = (first,)  # the only statement to the leaf, and nothing denies its finding
                    continue
                settled, aside = self._fact_settling(leaf).settle(UNNAMED, bearings)
                current[iri] = tuple(sorted(settled, key=_order))
                self._set_aside += aside
                continue
            facts[iri] = self._facts(leaf, bearings, populations)
            current[iri] = tuple(sorted({b for fact in facts[iri] for b in fact.bearings}, key=_order))
        self._set_aside += self._unconsidered(current)
        self._set_aside.sort(key=lambda aside: (aside.statement.iri, aside.leaf, aside.reason))
        return Settlement(
            bearings=current,
            facts=facts,
            set_aside=tuple(dict.fromkeys(self._set_aside)),
            late=self._late,
            derived=self._derived(populations),
            unread=self._unread,
        )

    def _unread_by_leaf(self) -> dict[str, tuple[Unread, ...]]:
        """The items that could not be read and may be what a leaf counts, by the IRI of the leaf."""
        if not self._case.unread:
            return {}
        counting = [leaf for leaf in self._version.leaves.values() if leaf.counts_over]
        by_leaf = {
            leaf.iri: unread_items(self._case, leaf, self._periods.of(leaf), self._version.lexicon) for leaf in counting
        }
        return {iri: items for iri, items in by_leaf.items() if items}

    def _count(self) -> list[Statement]:
        """The statements that count for some leaf or none, their bearings put down by leaf."""
        counted: list[Statement] = []
        for statement in self._case.statements:
            classes, stated = self._inference.classes[statement.iri], self._inference.facts[statement.iri]
            addressed = addresses(self._version, statement.meaning, classes, stated)
            if statement.recorded > self._case.as_of:
                self._set_aside.append(SetAside(statement, "", Reason.RECORDED_LATER, would_address=_leaves(addressed)))
                continue
            last = self._periods.last
            after = last is not None and statement.observed > last
            if after and not any(self._counts(statement, address.leaf) for address in addressed):
                self._set_aside.append(SetAside(statement, "", Reason.OBSERVED_LATER, would_address=_leaves(addressed)))
                continue
            counted.append(statement)
            for address in addressed:
                obstacle = self._obstacle(statement, address.leaf)
                if obstacle:
                    self._set_aside.append(obstacle)
                    continue
                bearing = Bearing(address.leaf, statement, address.stance, address.contrary, address.open)
                self._bearings.setdefault(address.leaf, []).append(bearing)
                if address.candidate:
                    fact = (CANDIDATE_FOR, terms.iri(address.leaf))
                    self._candidates.setdefault(statement.iri, []).append(fact)
        return counted

    def _counts(self, statement: Statement, leaf: str) -> bool:
        return self._periods.of(self._version.leaves[leaf]).holds(statement.observed)

    def _obstacle(self, statement: Statement, iri: str) -> SetAside | None:
        """Why a statement that addresses a leaf does not count for it; None if it does."""
        leaf = self._version.leaves[iri]
        if not statement.meaning.carries.issuperset(leaf.speaks_only_with):
            return SetAside(statement, iri, Reason.UNACCEPTED)
        if leaf.speaks_only_from and statement.author_kind and statement.author_kind not in leaf.speaks_only_from:
            return SetAside(statement, iri, Reason.OTHER_AUTHOR)
        period = self._periods.of(leaf)
        if period.holds(statement.observed):
            return None
        if period.last is not None and statement.observed > period.last:
            return SetAside(statement, iri, Reason.OBSERVED_LATER)
        if period.days is None:
            return SetAside(statement, iri, Reason.BEFORE_STAY)
        return SetAside(statement, iri, Reason.TOO_OLD, period.days)

    def _drop_contradicted_absences(self) -> None:
        """Set aside, for every leaf it denies, the statement of an absence that is contradicted later on one of them.

        Where it is contradicted on the same day, or by a late entry, it stays on the leaves where it is contradicted alone.
        """
        absences = self._version.lexicon.relations.absences
        by_statement: dict[str, list[Bearing]] = {}
        for bearings in self._bearings.values():
            for bearing in bearings:
                if bearing.contrary and not absences.isdisjoint(self._inference.classes[bearing.statement.iri]):
                    by_statement.setdefault(bearing.statement.iri, []).append(bearing)
        if not by_statement:
            return
        against = {
            leaf: [other.statement for other in bearings if other.stance is Assertion.AFFIRMED]
            for leaf, bearings in self._bearings.items()
        }
        for denials in by_statement.values():
            statement = denials[0].statement
            contradictions = {denial.leaf: against[denial.leaf] for denial in denials}
            later = any(self._supersedes(o, statement) for others in contradictions.values() for o in others)
            disputed = [
                leaf for leaf, others in contradictions.items() if any(self._disputes(o, statement) for o in others)
            ]
            if later or disputed:
                for denial in denials:
                    if later or denial.leaf not in disputed:
                        self._bearings[denial.leaf].remove(denial)
                        self._set_aside.append(SetAside(statement, denial.leaf, Reason.CONTRADICTED))
        self._bearings = {iri: bearings for iri, bearings in self._bearings.items() if bearings}

    def _supersedes(self, statement: Statement, other: Statement) -> bool:
        """Whether a statement, by its dates, supersedes another on the same fact."""
        return statement.iri not in self._late and statement.observed > other.observed

    def _disputes(self, statement: Statement, other: Statement) -> bool:
        """Whether neither of two statements on the same fact supersedes the other."""
        return not self._supersedes(statement, other) and not self._supersedes(other, statement)

    def _fact_settling(self, leaf: Criterion) -> FactSettling:
        period = self._periods.of(leaf)
        denials = [s for s in self._counted if s.assertion is Assertion.DENIED and period.holds(s.observed)]
        return FactSettling(leaf, self._naming, self._late, denials, self._alone)

    def _facts(
        self, leaf: Criterion, bearings: Sequence[Bearing], populations: dict[str, Population]
    ) -> tuple[Fact, ...]:
        """The facts of a leaf that asks about several, each settled by itself."""
        groups = group(leaf, bearings, self._naming)
        if leaf.topic != BY_CLASS:
            self._note_topics(leaf, groups)
        population = populations.get(leaf.population)
        unread = leaf.iri in self._unread
        resolved: Mapping[Term, Term] = {}
        if leaf.topic == BY_CLASS:
            resolved = population.resolved if population else {}
            resolved = {**self._merged(leaf, groups), **resolved}
            groups = regroup(spread_denials(groups, self._naming), resolved)
        rates = population if leaf.denied_by_every else None
        if rates:
            groups, aside = rates.rated(leaf, groups, self._case, unread)
            self._set_aside += aside
        settling = self._fact_settling(leaf)
        facts: list[Fact] = []
        superseded: list[SetAside] = []
        shared = share_unnamed(leaf, groups, self._alone)
        for topic, own in sorted(shared.items()):
            settled, aside = settling.settle(topic, own)
            superseded += aside
            # Of the only fact, or of what may be it, one rating contradicts the other.
            if rates and topic == UNNAMED and (not unread or len(shared) != 2):
                unsaying = self._unsaying(settled)
                settled = [bearing for bearing in settled if bearing not in unsaying]
                superseded += [SetAside(bearing.statement, leaf.iri, Reason.UNNAMED) for bearing in unsaying]
            # What every fact has to hold stands open where its affirmation is withdrawn.
            if settled or rates or leaf.holds_for is Quantifier.EVERY:
                facts.append(Fact(topic, tuple(sorted(settled, key=_order))))
        if rates:
            facts = [rates.disputed(leaf, fact) for fact in facts]
        if leaf.population == leaf.iri:
            facts = [_without_details_if_disputed(fact) for fact in facts]
            populations[leaf.iri] = Population(
                leaf, facts, shared, resolved, self._version, self._inference, self._late, unread
            )
        speaking = {bearing.statement.iri for fact in facts for bearing in fact.bearings}
        self._set_aside += [one for one in superseded if one.statement.iri not in speaking]
        return tuple(facts)

    def _unsaying(self, settled: Sequence[Bearing]) -> list[Bearing]:
        """The low ratings without a name beside one that affirms the leaf: they may rate another fact, and say nothing."""
        ratings = {b: self._alone(b) for b in settled if b.stance is Assertion.AFFIRMED}
        affirms = Status.MET in ratings.values()
        return [bearing for bearing, status in ratings.items() if affirms and status is Status.NOT_MET]

    def _note_topics(self, leaf: Criterion, groups: Groups) -> None:
        """Put down what the statements on a leaf are about as facts of theirs, whether stated or implied by a class."""
        for topic, bearings in groups.items():
            if topic != UNNAMED:
                for bearing in bearings:
                    self._topics.setdefault(bearing.statement.iri, []).append((terms.iri(leaf.topic), topic))

    def _merged(self, leaf: Criterion, groups: Groups) -> dict[Term, Term]:
        """The fact that each class of a leaf stands for."""
        settling = self._fact_settling(leaf)
        standing = {
            topic
            for topic, own in spread_denials(groups, self._naming).items()
            if any(b.statement.assertion is Assertion.AFFIRMED for b in settling.settle(topic, own)[0])
        }
        return merge_broader(groups, self._naming, root(leaf, self._version), standing)

    def _derived(self, populations: Mapping[str, Population]) -> dict[str, tuple[tuple[Term, Term], ...]]:
        """The derived facts of each statement, by its IRI."""
        derived: dict[str, set[tuple[Term, Term]]] = {}
        for iri, own in self._topics.items():
            derived.setdefault(iri, set()).update(own)
        for population in populations.values():
            for iri, facts in population.derived().items():
                derived.setdefault(iri, set()).update(facts)
        for iri, candidacies in self._candidates.items():
            derived.setdefault(iri, set()).update(candidacies)
        return {iri: tuple(sorted(facts)) for iri, facts in derived.items()}

    def _unconsidered(self, current: Mapping[str, Sequence[Bearing]]) -> list[SetAside]:
        """The counted statements that bear on no leaf and are not set aside for one."""
        considered = {bearing.statement.iri for bearings in current.values() for bearing in bearings}
        considered.update(aside.statement.iri for aside in self._set_aside)
        return [
            SetAside(s, "", Reason.NARROWER if s.assertion is Assertion.DENIED else Reason.SILENT)
            for s in self._counted
            if s.iri not in considered
        ]


def _leaves(addressed: Iterable[Address]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.leaf for address in addressed))


def _without_details_if_disputed(fact: Fact) -> Fact:
    """A fact; one that is both affirmed and denied without what its statements say beside, which is disputed with them."""
    stances = {bearing.stance for bearing in fact.bearings}
    if stances < {Assertion.AFFIRMED, Assertion.DENIED}:
        return fact
    return Fact(fact.topic, tuple(b._replace(bare=b.stance is Assertion.AFFIRMED) for b in fact.bearings))


def _order(bearing: Bearing) -> tuple[str, str, str]:
    return (bearing.statement.observed.isoformat(), bearing.statement.iri, bearing.stance)
