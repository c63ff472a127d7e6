"""The statuses of leaves, remembered by what they follow from: the statements of a few leaves alone, apart from names and days.

The leaves of a policy version fall into groups that nothing of a chart connects. What a group comes to follows from the
statements that bear on it or deny a finding of one that does: what each says, whose word it is, whether it counts, whether
it is a late entry, and which was observed before which. The same recurs from chart to chart, where whole charts hardly do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from operator import itemgetter
from typing import NamedTuple

from reasoner.chart.model import Assertion, Case, Meaning, Statement
from reasoner.determination.addressing import addresses
from reasoner.determination.compiled import CompiledPolicy, compiled_policy
from reasoner.determination.inference import Inference
from reasoner.determination.periods import Period, Periods
from reasoner.determination.population import DERIVED, unread_items
from reasoner.determination.settling import CANDIDATE_FOR
from reasoner.ground.errors import DocumentationError
from reasoner.logic.fold import FactStatus, Status
from reasoner.policy.model import Criterion, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.terms import Term

_LIMIT = 16384
"""How many entries a memory holds."""
APART = tuple(f"-{stance.slug}" for stance in Assertion)
"""How the name of a node ends that stands beside a statement's in the evidence graph."""


@dataclass(frozen=True, eq=False)
class GroupStatuses:
    """What the leaves of a group come to; one object for the same key."""

    statuses: tuple[tuple[str, Status, tuple[FactStatus, ...]], ...]
    """Each leaf to which something was said, with its status and those of its facts."""
    evidence: tuple[tuple[str, tuple[int, ...]], ...]
    """Each leaf with its current statements, as places among those of the group."""


_Members = list[tuple[int, tuple[object, ...]]]
"""The statements of a group by place in the case, with what matters of each."""


class Told(NamedTuple):
    """What the leaves of a group come to in a case."""

    result: GroupStatuses
    statements: Sequence[Statement]
    """The statements of the group, in the order of their IRIs."""


@dataclass(frozen=True, eq=False)
class Group:
    """Leaves that have to be settled and judged together."""

    number: int
    leaves: tuple[str, ...]
    kinds: tuple[int, ...]
    """The kinds of period that its leaves have."""
    counting: tuple[Criterion, ...]
    """Those for which it matters what was not read."""
    by_author: bool
    """Whether one of them takes the word of one kind of author alone."""


class Profile:
    """What a statement says, as far as leaves can tell."""

    __slots__ = ("affirmed", "classes", "denied", "facts", "groups", "linked", "marks", "number", "spans")

    def __init__(
        self, number: int, meaning: Meaning, classes: frozenset[str], facts: tuple[tuple[Term, Term], ...]
    ) -> None:
        self.number = number
        self.facts = facts
        self.linked = frozenset(terms.name(value) for _, value in facts if value.startswith("<"))
        """The IRIs among its facts, which could be nodes of a chart."""
        self.affirmed = meaning.assertion is Assertion.AFFIRMED
        self.denied = meaning.assertion is Assertion.DENIED
        self.classes = classes
        self.marks = ((number, False), (number, True))
        """What matters of it to leaves that ask for no more than whether it is a late entry."""
        self.groups: tuple[tuple[Group, tuple[int, ...]], ...] = ()
        """The groups that it speaks to, with the kinds of period of the leaves."""
        self.spans = False
        """Whether it states an absence across groups."""


class Remembered:
    """What the leaves of a policy version came to in the cases before."""

    def __init__(self, version: PolicyVersion) -> None:
        self.version = version
        self.compiled: CompiledPolicy = compiled_policy(version)
        self.kinds = _kinds_of_period(version)
        """A leaf for each kind of period that leaves have."""
        self.groups = _groups(version, self.compiled, list(self.kinds))
        self._group_of = {leaf: group for group in self.groups for leaf in group.leaves}
        """The leaves in groups that nothing of a chart connects."""
        self.whole = any(_reads_beyond(iri, version, self.compiled) for iri in version.leaves)
        """Whether a leaf may read of a case what is not known of the statements that speak to its group."""
        self.linked: set[str] = set()
        self._numbers = count()
        self._requests: dict[object, int] = {}
        self._profiles: dict[object, Profile] = {}
        self._known: dict[tuple[object, ...], GroupStatuses] = {}

    def kind_of(self, leaf: Criterion) -> int:
        """The place in `kinds` of the kind of period that a leaf has."""
        return list(self.kinds).index(_kind_of_period(leaf))

    def told(self, case: Case, inference: Inference) -> list[Told]:
        """What each group of leaves comes to that something is said to.

        A case of which a part cannot be told from the rest is settled and judged as a whole.
        """
        found = None if self.whole or not inference.statements_apart else self._by_group(case, inference)
        if found is None:
            return [Told(self.settle(tuple(self.version.leaves), case, inference), case.statements)]
        return found

    def _by_group(self, case: Case, inference: Inference) -> list[Told] | None:
        if len(self._known) > _LIMIT or len(self._profiles) > _LIMIT:
            self._known.clear()
            self._profiles.clear()
            self.linked.clear()
            self._requests.clear()
        try:
            members = self._members(case, inference)
            if members is None:
                return None
            said = (case.axis_values, *self.compiled.contexts(case, inference))
            request = self._requests.setdefault(said, len(self._requests))
            return [self._told(group, own, case, inference, request) for group, own in members.items()]
        except DocumentationError:
            return None  # a period that ends past the calendar, if it matters

    def _told(self, group: Group, members: _Members, case: Case, inference: Inference, request: int) -> Told:
        statements = case.statements
        own: Sequence[Statement]
        marks: tuple[object, ...]
        if len(members) == 1:
            ((place, marks),) = members
            own = (statements[place],)
        else:
            own = [statements[place] for place, _ in members]
            ranks = {day: rank for rank, day in enumerate(sorted({s.observed for s in own}))}
            marks = tuple([(mark, ranks[s.observed]) for (_, mark), s in zip(members, own, strict=True)])
        unread: tuple[str, ...] = ()
        if case.unread and group.counting:
            periods, lexicon = Periods(case, self.version), self.version.lexicon
            unread = tuple(leaf.iri for leaf in group.counting if unread_items(case, leaf, periods.of(leaf), lexicon))
        key = (group.number, request, unread, marks)
        result = self._known.get(key)
        if result is None:
            result = self._known[key] = self.settle(group.leaves, replace(case, statements=tuple(own)), inference)
        return Told(result, own)

    def settle(self, leaves: Collection[str], case: Case, inference: Inference) -> GroupStatuses:
        """What some leaves come to in a case with no more than their own statements."""
        compiled, version = self.compiled, self.version
        settlement = compiled.settle(case, inference)
        statuses: list[tuple[str, Status, tuple[FactStatus, ...]]] = []
        for leaf, answer in compiled.answers(case, inference, settlement).items():
            if leaf in leaves:
                statuses.append((leaf, compiled.status(leaf, answer), ()))
        for leaf in leaves:
            if version.leaves[leaf].topic and version.settled_as(leaf) in settlement.facts:
                report = compiled.judge(leaf, case, inference, settlement)
                statuses.append((leaf, report.status, report.fact_statuses))
        place = {statement.iri: number for number, statement in enumerate(case.statements)}
        evidence = [
            (leaf, tuple(place[bearing.statement.iri] for bearing in bearings))
            for leaf, bearings in settlement.bearings.items()
            if bearings and leaf in leaves
        ]
        return GroupStatuses(tuple(statuses), tuple(evidence))

    def _members(self, case: Case, inference: Inference) -> dict[Group, _Members] | None:
        """The statements of each group; None if a case has to be looked at as a whole."""
        days = _Days(case, self.version, self.kinds)
        as_of, end, last = case.as_of, case.end, days.last
        members: dict[Group, _Members] = {}
        denials: list[tuple[int, Profile, bool]] = []
        affirmed: list[tuple[Profile, list[Group]]] = []
        for place, statement in enumerate(case.statements):
            iri, _, observed, recorded, _, _, _, author, _ = statement
            if recorded > as_of:
                continue
            profile = self._profile(statement, inference)
            if profile.spans or iri.endswith(APART):
                return None
            late = end is not None and recorded > end
            bears_on: list[Group] = []
            counts = last is None or observed <= last
            for group, kinds in profile.groups:
                if not any(days.hold(kind, observed) for kind in kinds):
                    continue
                counts = True
                bears_on.append(group)
                mark = _mark(profile, group, late, observed, author, days)
                if group in members:
                    members[group].append((place, mark))
                else:
                    members[group] = [(place, mark)]
            if profile.affirmed:
                affirmed.append((profile, bears_on))
            elif profile.denied and counts:
                denials.append((place, profile, late))
        if denials:
            self._add_denials(denials, affirmed, members, days, case.statements)
        return None if self._leads_to_node(case) else members

    def _add_denials(
        self,
        denials: Iterable[tuple[int, Profile, bool]],
        affirmed: Sequence[tuple[Profile, list[Group]]],
        members: dict[Group, _Members],
        days: _Days,
        statements: Sequence[Statement],
    ) -> None:
        """Add to each group the denials of a finding that one of its statements affirms."""
        for place, denial, late in denials:
            for profile, groups in affirmed:
                if denial.classes.isdisjoint(profile.classes):
                    continue
                for group in groups:
                    if all(other != place for other, _ in members[group]):
                        statement = statements[place]
                        mark = _mark(denial, group, late, statement.observed, statement.author_kind, days)
                        members[group].append((place, mark))
                        members[group].sort(key=itemgetter(0))

    def _leads_to_node(self, case: Case) -> bool:
        """Whether a fact of a statement may lead to a node of its chart."""
        linked = self.linked
        return any(s.iri in linked for s in case.statements) or any(s[1:-1] in linked for s, _, _ in case.facts)

    def _profile(self, statement: Statement, inference: Inference) -> Profile:
        iri, meaning = statement.iri, statement.meaning
        facts = inference.facts[iri]
        key = (meaning, id(facts))  # the profile holds the facts, so no others have this id
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = self._make_profile(meaning, facts, inference.classes[iri])
            self.linked |= found.linked
        return found

    def profile(self, meaning: Meaning, calculated: tuple[tuple[Term, Term], ...]) -> Profile | None:
        """What a statement says, as far as leaves can tell; None if more than that may matter.

        Args:
            meaning: what it says.
            calculated: what the policy's rules construct from it.
        """
        inferred = self.compiled.infer_statement(meaning, calculated)
        return inferred and self._make_profile(meaning, inferred.facts, inferred.classes)

    def _make_profile(self, meaning: Meaning, facts: tuple[tuple[Term, Term], ...], classes: frozenset[str]) -> Profile:
        version = self.version
        profile = Profile(next(self._numbers), meaning, classes | meaning.classes, facts)
        by_group: dict[Group, set[int]] = {}
        absent = not version.lexicon.relations.absences.isdisjoint(classes)
        against: set[Group] = set()
        for address in addresses(version, meaning, classes, facts):
            leaf, group = version.leaves[address.leaf], self._group_of[address.leaf]
            by_group.setdefault(group, set()).add(self.kind_of(leaf))
            if absent and address.contrary:
                against.add(group)
        profile.groups = tuple((group, tuple(own)) for group, own in by_group.items())
        profile.spans = len(against) > 1
        return profile


class _Days:
    """The periods of a case, each worked out when it is first asked for."""

    def __init__(self, case: Case, version: PolicyVersion, kinds: dict[object, Criterion]) -> None:
        self._periods = Periods(case, version)
        self._leaves = list(kinds.values())
        self._known: list[Period | None] = [None] * len(kinds)
        self.last = self._periods.last

    def hold(self, kind: int, day: date) -> bool:
        """Whether an observation of a day counts for the leaves of a kind."""
        period = self._known[kind]
        if period is None:
            period = self._known[kind] = self._periods.of(self._leaves[kind])
        return period.holds(day)


def _mark(profile: Profile, group: Group, late: bool, observed: date, author: str, days: _Days) -> tuple[object, ...]:
    """What matters of a statement to a group, but for whether it was observed before others."""
    if len(group.kinds) == 1 and not group.by_author:
        return profile.marks[late]
    return (profile.number, late, tuple([days.hold(kind, observed) for kind in group.kinds]), author)


def _kind_of_period(leaf: Criterion) -> object:
    return (leaf.lookback, leaf.since_admission, leaf.period_of)


def _kinds_of_period(version: PolicyVersion) -> dict[object, Criterion]:
    """A leaf for each kind of period that leaves have."""
    return {_kind_of_period(leaf): leaf for leaf in version.leaves.values()}


def _groups(version: PolicyVersion, compiled: CompiledPolicy, kinds: list[object]) -> tuple[Group, ...]:
    """The leaves of a version in groups that nothing connects."""
    chief = {iri: iri for iri in version.leaves}

    def find(iri: str) -> str:
        while chief[iri] != iri:
            iri = chief[iri]
        return iri

    for one, other in _connections(version, compiled):
        chief[find(other)] = find(one)
    members: dict[str, list[Criterion]] = {}
    for iri, leaf in version.leaves.items():
        members.setdefault(find(iri), []).append(leaf)
    groups = []
    for number, leaves in enumerate(members.values()):
        groups.append(
            Group(
                number,
                tuple(leaf.iri for leaf in leaves),
                tuple(sorted({kinds.index(_kind_of_period(leaf)) for leaf in leaves})),
                tuple(leaf for leaf in leaves if leaf.counts_over),
                any(leaf.speaks_only_from for leaf in leaves),
            )
        )
    return tuple(groups)


def _connections(version: PolicyVersion, compiled: CompiledPolicy) -> Iterator[tuple[str, str]]:
    """Pairs of leaves of which one's status can depend on what is settled for the other."""
    finding_of: dict[str, list[str]] = {}
    for iri, leaf in version.leaves.items():
        finding_of.setdefault(terms.iri(leaf.finding), []).append(iri)
    for iri, leaf in version.leaves.items():
        yield iri, version.settled_as(iri)
        if leaf.restates:
            yield iri, leaf.restates
        if leaf.population:
            yield iri, leaf.population
        shapes = compiled.leaves[iri]
        for name in shapes.triggers | shapes.classes:
            yield from ((iri, other) for other in finding_of.get(name, ()))
        for other in version.leaves.values():
            if shapes.predicates & _derivable(other, version):
                yield iri, other.iri
    for absence in version.lexicon.relations.absences:
        denied = [
            iri for iri, leaf in version.leaves.items() if leaf.finding in version.contradicted(frozenset({absence}))
        ]
        yield from ((denied[0], other) for other in denied)


def _reads_beyond(iri: str, version: PolicyVersion, compiled: CompiledPolicy) -> bool:
    """Whether a leaf may read of a case what is not known of the statements that speak to its group."""
    leaf, shapes = version.leaves[iri], compiled.leaves[iri]
    findings = {terms.iri(other.finding) for other in version.leaves.values()}
    return bool(shapes.unsupported) or shapes.reads_beyond or (not leaf.topic and not shapes.triggers <= findings)


def _derivable(leaf: Criterion, version: PolicyVersion) -> frozenset[Term]:
    """The properties that settling a leaf adds to its statements."""
    found = {CANDIDATE_FOR} if leaf.candidates else set()
    if leaf.topic:
        found.add(terms.iri(leaf.topic))
    if leaf.population == leaf.iri:
        found |= DERIVED | version.lexicon.relations.lasting
    return frozenset(found)
