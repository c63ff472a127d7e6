"""The statuses of leaves, remembered by what they follow from: the statements of a few leaves alone, apart from names and days.

The leaves of a policy version fall into groups that nothing of a chart connects. What a group comes to follows from the
statements that bear on it or deny a finding of one that does: what each says, whose word it is, whether it counts, whether
it is a late entry, and which was observed before which. The same recurs from chart to chart, where whole charts hardly do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple

from reasoner.chart.model import Assertion, Case, Meaning, Statement
from reasoner.determination.addressing import addresses
from reasoner.determination.compiled import CompiledPolicy, compiled_policy
from reasoner.determination.facts import Naming
from reasoner.determination.inference import Inference
from reasoner.determination.periods import Period, Periods
from reasoner.determination.population import DERIVED, unread_items
from reasoner.determination.settling import CANDIDATE_FOR, is_in_remission
from reasoner.ground.errors import DocumentationError
from reasoner.logic.fold import FactStatus, Status
from reasoner.policy.model import Criterion, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.terms import Term

_LIMIT = 65536
"""How many entries a memory holds."""
_APART = tuple(f"-{stance.slug}" for stance in Assertion)
"""How the name of a node ends that stands beside a statement's in the evidence graph."""


@dataclass(frozen=True, eq=False)
class GroupStatuses:
    """What the leaves of a group come to; one object for the same key."""

    statuses: tuple[tuple[str, Status, tuple[FactStatus, ...]], ...]
    """Each leaf to which something was said, with its status and those of its facts."""
    evidence: tuple[tuple[str, tuple[int, ...]], ...]
    """Each leaf with its current statements, as places among those of the group."""


class Told(NamedTuple):
    """What the leaves of a group come to in a case."""

    result: GroupStatuses
    statements: Sequence[Statement]
    """The statements of the group, in the order of their IRIs."""


class _Group(NamedTuple):
    """Leaves that have to be settled and judged together."""

    number: int
    leaves: tuple[str, ...]
    periods: tuple[Criterion, ...]
    """A leaf for each kind of period that its leaves have."""
    counting: tuple[Criterion, ...]
    """Those for which it matters what was not read."""
    by_author: bool
    """Whether one of them takes the word of one kind of author alone."""


class _Profile:
    """What a statement says, as far as leaves can tell."""

    __slots__ = ("affirmed", "classes", "denied", "groups", "number", "spans")

    def __init__(self, number: int, meaning: Meaning, classes: frozenset[str]) -> None:
        self.number = number
        self.affirmed = meaning.assertion is Assertion.AFFIRMED
        self.denied = meaning.assertion is Assertion.DENIED
        self.classes = classes
        self.groups: tuple[tuple[_Group, tuple[Criterion, ...]], ...] = ()
        """The groups that it speaks to, with the leaves."""
        self.spans = False
        """Whether it states an absence across groups."""


class Remembered:
    """What the leaves of a policy version came to in the cases before."""

    def __init__(self, version: PolicyVersion) -> None:
        self._version = version
        self._compiled: CompiledPolicy = compiled_policy(version)
        self._groups = _groups(version, self._compiled)
        self._group_of = {leaf: group for group in self._groups for leaf in group.leaves}
        self._whole = any(_reads_beyond(iri, version, self._compiled) for iri in version.leaves)
        self._linked: set[str] = set()  # the IRIs among the facts of statements, which could be nodes of a chart
        self._numbers = count()
        self._profiles: dict[object, _Profile] = {}
        self._shared: dict[tuple[int, int], bool] = {}
        self._known: dict[tuple[object, ...], GroupStatuses] = {}

    def told(self, case: Case, inference: Inference) -> list[Told]:
        """What each group of leaves comes to that something is said to.

        A case of which a part cannot be told from the rest is settled and judged as a whole.
        """
        found = None if self._whole or not inference.statements_apart else self._by_group(case, inference)
        if found is None:
            return [Told(self._settle(tuple(self._version.leaves), case, inference), case.statements)]
        return found

    def _by_group(self, case: Case, inference: Inference) -> list[Told] | None:
        if len(self._known) > _LIMIT or len(self._profiles) > _LIMIT:
            self._known.clear()
            self._profiles.clear()
            self._shared.clear()
            self._linked.clear()
        try:
            members = self._members(case, inference)
            if members is None:
                return None
            request = (case.axis_values, *self._compiled.contexts(case, inference))
            return [self._told(group, own, case, inference, request) for group, own in members.items()]
        except DocumentationError:
            return None  # a period that ends past the calendar, if it matters

    def _told(
        self,
        group: _Group,
        members: dict[int, tuple[object, ...]],
        case: Case,
        inference: Inference,
        request: tuple[object, ...],
    ) -> Told:
        statements = case.statements
        if len(members) == 1:
            ((place, mark),) = members.items()
            own: Sequence[Statement] = (statements[place],)
            marks: tuple[object, ...] = mark
        else:
            places = sorted(members)
            own = [statements[place] for place in places]
            ranks = {day: rank for rank, day in enumerate(sorted({s.observed for s in own}))}
            marks = tuple([(*members[p], ranks[s.observed]) for p, s in zip(places, own, strict=True)])
        unread: tuple[str, ...] = ()
        if case.unread and group.counting:
            periods = Periods(case, self._version)
            unread = tuple(
                leaf.iri for leaf in group.counting if unread_items(case, leaf, periods.of(leaf), self._version.lexicon)
            )
        key = (group.number, request, unread, marks)
        result = self._known.get(key)
        if result is None:
            result = self._known[key] = self._settle(group.leaves, replace(case, statements=tuple(own)), inference)
        return Told(result, own)

    def _settle(self, leaves: Collection[str], case: Case, inference: Inference) -> GroupStatuses:
        """What some leaves come to in a case with no more than their own statements."""
        compiled, version = self._compiled, self._version
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

    def _members(self, case: Case, inference: Inference) -> dict[_Group, dict[int, tuple[object, ...]]] | None:
        """The statements of each group by place, with what matters of each; None if a case has to be looked at as a whole."""
        periods = Periods(case, self._version)
        as_of, end, last = case.as_of, case.end, periods.last
        holds: dict[int, tuple[Period, ...]] = {}
        members: dict[_Group, dict[int, tuple[object, ...]]] = {}
        denials: list[tuple[int, _Profile, bool]] = []
        affirmed: list[tuple[_Profile, list[_Group]]] = []
        for place, statement in enumerate(case.statements):
            iri, _, observed, recorded, _, _, _, author, _ = statement
            if recorded > as_of:
                continue
            if iri.endswith(_APART):
                return None
            profile = self._profile(statement, inference)
            if profile.spans:
                return None
            late = end is not None and recorded > end
            bears_on: list[_Group] = []
            counts = last is None or observed <= last
            for group, leaves in profile.groups:
                of_group = holds.get(group.number)
                if of_group is None:
                    of_group = holds[group.number] = tuple([periods.of(leaf) for leaf in group.periods])
                flags = tuple([period.holds(observed) for period in of_group])
                if len(flags) == 1:
                    if not flags[0]:
                        continue
                elif not any(periods.of(leaf).holds(observed) for leaf in leaves):
                    continue
                counts = True
                own = members.get(group)
                if own is None:
                    own = members[group] = {}
                own[place] = (profile.number, late, flags, author if group.by_author else "")
                bears_on.append(group)
            if profile.affirmed:
                affirmed.append((profile, bears_on))
            elif profile.denied and counts:
                denials.append((place, profile, late))
        if denials:
            self._add_denials(denials, affirmed, members, holds, case.statements)
        return None if self._leads_to_node(case) else members

    def _add_denials(
        self,
        denials: Iterable[tuple[int, _Profile, bool]],
        affirmed: Sequence[tuple[_Profile, list[_Group]]],
        members: dict[_Group, dict[int, tuple[object, ...]]],
        holds: dict[int, tuple[Period, ...]],
        statements: Sequence[Statement],
    ) -> None:
        """Add to each group the denials of a finding that one of its statements affirms."""
        shared = self._shared
        for place, denial, late in denials:
            for profile, groups in affirmed:
                pair = (denial.number, profile.number)
                meets = shared.get(pair)
                if meets is None:
                    meets = shared[pair] = not denial.classes.isdisjoint(profile.classes)
                if meets:
                    for group in groups:
                        if place not in members[group]:
                            flags = tuple([period.holds(statements[place].observed) for period in holds[group.number]])
                            author = statements[place].author_kind if group.by_author else ""
                            members[group][place] = (denial.number, late, flags, author)

    def _leads_to_node(self, case: Case) -> bool:
        """Whether a fact of a statement may lead to a node of its chart."""
        linked = self._linked
        return any(s.iri in linked for s in case.statements) or any(s[1:-1] in linked for s, _, _ in case.facts)

    def _profile(self, statement: Statement, inference: Inference) -> _Profile:
        iri, meaning = statement.iri, statement.meaning
        facts = inference.facts[iri]
        key = (meaning, facts)
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = self._make_profile(statement, inference)
        return found

    def _make_profile(self, statement: Statement, inference: Inference) -> _Profile:
        version, meaning = self._version, statement.meaning
        facts, classes = inference.facts[statement.iri], inference.classes[statement.iri]
        coded = Naming(version, inference).coded(statement)
        self._linked.update(terms.name(value) for _, value in facts if value.startswith("<"))
        profile = _Profile(next(self._numbers), meaning, classes | meaning.classes)
        by_group: dict[_Group, list[Criterion]] = {}
        absent = not version.lexicon.relations.absences.isdisjoint(classes)
        against: set[_Group] = set()
        for address in addresses(version, classes, meaning, coded, is_in_remission(facts)):
            leaf, group = version.leaves[address.leaf], self._group_of[address.leaf]
            by_group.setdefault(group, []).append(leaf)
            if absent and address.contrary:
                against.add(group)
        profile.groups = tuple((group, tuple(leaves)) for group, leaves in by_group.items())
        profile.spans = len(against) > 1
        return profile


def _groups(version: PolicyVersion, compiled: CompiledPolicy) -> tuple[_Group, ...]:
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
        kinds = {(leaf.lookback, leaf.since_admission, leaf.period_of): leaf for leaf in leaves}
        groups.append(
            _Group(
                number,
                tuple(leaf.iri for leaf in leaves),
                tuple(kinds.values()),
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
