"""The fold: from the validation results of each leaf to a status for each criterion and one outcome. No graphs are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from reasoner.ground.errors import EngineError
from reasoner.logic.families import Formula
from reasoner.policy.effective import EffectivePolicy, Pair, Part
from reasoner.policy.model import CriterionKind
from reasoner.rdf import terms
from reasoner.rdf.terms import Term

_FEW = 8
"""Leaves that are folded together; a part with more is taken apart, unless it is an alternative."""
_LIMIT = 4096
"""Combinations of statuses that a block holds before it is emptied."""


class Status(StrEnum):
    """The status of a criterion under some documentation."""

    __hash__ = str.__hash__  # that of an enumeration is worked out in Python each time

    MET = "met"
    NOT_MET = "not-met"
    NOT_DOCUMENTED = "not-documented"
    CONFLICTING = "conflicting"
    NOT_APPLICABLE = "not-applicable"


class Outcome(StrEnum):
    """What a determination recommends."""

    CRITERIA_MET = "criteria-met"
    CRITERIA_NOT_MET = "criteria-not-met"
    DOCUMENTATION_NEEDED = "documentation-needed"
    EXCLUDED = "excluded"
    NO_POLICY_VERSION = "no-policy-version"


UNRESOLVED = frozenset({Status.NOT_DOCUMENTED, Status.CONFLICTING})
"""The statuses that further documentation can turn either way."""

_BY_SEVERITIES = {
    frozenset[str](): Status.MET,
    frozenset({"Warning"}): Status.NOT_DOCUMENTED,
    frozenset({"Warning", "Violation"}): Status.NOT_MET,
    frozenset({"Violation"}): Status.CONFLICTING,
    frozenset({"Info"}): Status.NOT_APPLICABLE,
    frozenset({"Info", "Violation"}): Status.CONFLICTING,
}
_BY_HITS = {
    frozenset[str](): Status.NOT_DOCUMENTED,
    frozenset({"Violation"}): Status.MET,
    frozenset({"Info"}): Status.NOT_MET,
    frozenset({"Info", "Violation"}): Status.CONFLICTING,
}


def leaf_status(severities: Iterable[str], *, hits: bool = False) -> Status:
    """The status of a leaf from the severities (local names) of its validation results.

    A Warning means that nothing affirms the leaf, a Violation that something denies it, an Info that it is documented
    not to apply.

    Args:
        severities: those of the results.
        hits: whether the leaf is an item of a list; there a Violation means that it is affirmed, an Info that it is denied.

    Raises:
        EngineError: no documentation can produce that combination.
    """
    reported = frozenset(severities)
    table = _BY_HITS if hits else _BY_SEVERITIES
    if reported not in table:
        raise EngineError(f"a leaf was reported with the severities {sorted(reported)}, which exclude each other")
    return table[reported]


def combine(kind: CriterionKind, statuses: Iterable[Status]) -> Status:
    """Combine the statuses of a group's parts with strong Kleene logic; not applicable drops out."""
    parts = [status for status in statuses if status is not Status.NOT_APPLICABLE]
    if not parts:
        return Status.NOT_APPLICABLE
    decisive, otherwise = (Status.NOT_MET, Status.MET) if kind is CriterionKind.ALL else (Status.MET, Status.NOT_MET)
    for status in (decisive, Status.CONFLICTING, Status.NOT_DOCUMENTED):
        if status in parts:
            return status
    return otherwise


class FactStatus(NamedTuple):
    """The status of one of the facts that a leaf asks about."""

    topic: Term
    """Empty for the fact of all statements that name none."""
    status: Status


def some_fact(facts: Iterable[FactStatus], *, conditional: bool = False) -> Status:
    """The status of a leaf that holds if some of its facts does.

    A denial counts against the leaf only where it names no fact, since other facts may hold.

    Args:
        facts: the statuses of its facts.
        conditional: whether the leaf can be not applicable.
    """
    by_topic = dict(facts)
    found, whole = set(by_topic.values()), by_topic.get("")
    for status in (Status.MET, Status.CONFLICTING):
        if status in found:
            return status
    if whole is Status.NOT_MET and Status.NOT_DOCUMENTED not in found:
        return Status.NOT_MET
    if conditional and whole is Status.NOT_APPLICABLE and found <= {Status.NOT_APPLICABLE}:
        return Status.NOT_APPLICABLE
    return Status.NOT_DOCUMENTED


def every_fact(facts: Iterable[FactStatus]) -> Status:
    """The status of a leaf that holds if every one of its facts does, and there is one; not applicable drops out."""
    found = {fact.status for fact in facts}
    if not found:
        return Status.NOT_DOCUMENTED
    return combine(CriterionKind.ALL, found)


@dataclass(frozen=True)
class LeafFacts:
    """The facts of a leaf that asks about several, with what else its status follows from."""

    statuses: tuple[FactStatus, ...]
    every: bool = False
    """Whether it holds if every one of its facts does; else if some does."""
    conditional: bool = False
    denied_by_every: bool = False
    """Whether it is not met where each of the facts that have names is not."""
    of_whole: frozenset[Term] = frozenset()
    """The topics of facts of which a shape reports what denies the leaf as a whole."""
    denied: bool = False
    """Whether the fact without a name is denied; else it is not met by what it says of degree at most."""
    unread: bool = False
    """Whether an item that could not be read may be another of its facts."""

    @property
    def status(self) -> Status:
        """The status of the leaf."""
        if self.every:
            status = every_fact(self.statuses)
            return Status.NOT_DOCUMENTED if status is Status.MET and self.unread else status
        statuses = self.statuses
        if self.denied_by_every and not self.denied:
            # A low rating that names no fact says nothing, but that the leaf is denied as a whole does.
            statuses = tuple(
                FactStatus("", Status.NOT_DOCUMENTED) if fact == FactStatus("", Status.NOT_MET) else fact
                for fact in statuses
            )
        status = some_fact(statuses, conditional=self.conditional)
        if self.of_whole:
            return Status.CONFLICTING if status in (Status.MET, Status.CONFLICTING) else Status.NOT_MET
        if self.denied_by_every and status is Status.NOT_DOCUMENTED and not self.unread:
            named = {fact.status for fact in statuses if fact.topic}
            if named == {Status.NOT_MET}:
                return Status.NOT_MET
        return status

    def assuming(self, assumed: Mapping[Term, Status]) -> LeafFacts:
        """The facts with other statuses for some, by topic; a topic that none of them has is one more."""
        kept = tuple(fact for fact in self.statuses if fact.topic not in assumed)
        return replace(
            self,
            statuses=kept + tuple(FactStatus(topic, status) for topic, status in assumed.items()),
            of_whole=self.of_whole - assumed.keys(),
        )


class PartFolds:
    """A part of effective policies; what follows from the statuses of its leaves is worked out once for each combination."""

    def __init__(self, part: Part) -> None:
        self.part = part
        below = list(part.walk())
        leaves = [one.criterion.iri for one in below if one.kind is CriterionKind.LEAF]
        self._keys = tuple(dict.fromkeys((*leaves, *(pair.key for one in below for pair in one.pairs))))
        self._known: dict[tuple[Status | None, ...], PartFold] = {}

    def fold(self, leaves: Mapping[str, Status]) -> PartFold:
        """What follows from the statuses of leaves, by IRI, and pairs; raises `EngineError` for a leaf that was not evaluated."""
        key = tuple(map(leaves.get, self._keys))
        found = self._known.get(key)
        if found is None:
            found = PartFold(_fold(self.part, leaves))
            if len(self._known) >= _LIMIT:
                self._known.clear()
            self._known[key] = found
        return found


@dataclass(frozen=True, eq=False)
class PartFold:
    """What follows from the statuses of the leaves of a block."""

    statuses: Mapping[str, Status]
    """The status of every group and leaf of it by IRI, in published order."""
    formulas: dict[Callable[..., Formula | None], Formula | None] = field(default_factory=dict)
    """What `reasoner.logic.justification` makes of it, by the terms that leaves have there."""


@dataclass(frozen=True, eq=False)
class _Divided:
    """A part that is divided into blocks."""

    part: Part
    members: tuple[_Divided | PartFolds, ...]


_block = lru_cache(maxsize=4096)(PartFolds)


def _divide(part: Part) -> _Divided | PartFolds:
    """A part in blocks: one that asks for all of many leaves is divided into its members."""
    many = sum(below.kind is CriterionKind.LEAF for below in part.walk()) > _FEW
    if many and part.kind is CriterionKind.ALL and not part.pairs:
        return _Divided(part, tuple(map(_divide, part.members)))
    return _block(part)


@lru_cache(maxsize=1024)
def _sections(policy: EffectivePolicy) -> tuple[_Divided | PartFolds, ...]:
    """The sections of an effective policy in blocks."""
    return tuple(map(_divide, policy.sections))


@lru_cache(maxsize=1024)
def blocks(policy: EffectivePolicy) -> Mapping[Part, PartFolds]:
    """The blocks of an effective policy by their parts."""
    found: dict[Part, PartFolds] = {}
    waiting = list(_sections(policy))
    for one in waiting:
        if isinstance(one, PartFolds):
            found[one.part] = one
        else:
            waiting += one.members
    return found


def statuses(policy: EffectivePolicy, leaves: Mapping[str, Status]) -> dict[str, Status]:
    """The status of every group and leaf of an effective policy, by IRI, from those of its leaves and pairs.

    Residual exclusions are judged after the criteria. Raises `EngineError` for a leaf that was not evaluated.
    """
    by_iri: dict[str, Status] = {}

    def visit(one: _Divided | PartFolds) -> Status:
        iri = one.part.criterion.iri
        if isinstance(one, PartFolds):
            by_iri.update(one.fold(leaves).statuses)
        else:
            by_iri.setdefault(iri, Status.NOT_DOCUMENTED)  # a group comes before its parts
            by_iri[iri] = combine(one.part.kind, [visit(member) for member in one.members])
        return by_iri[iri]

    whole = combine(CriterionKind.ALL, [visit(section) for section in _sections(policy)])
    for section in policy.lists:
        for iri in section.criterion.members:
            status = _evaluated(leaves, iri)
            if policy.version.criteria[iri].residual:
                status = residual_status(status, whole)
            by_iri.setdefault(iri, status)
    return by_iri


def _fold(part: Part, leaves: Mapping[str, Status]) -> dict[str, Status]:
    """The status of every group and leaf of a part, by IRI."""
    by_iri: dict[str, Status] = {}

    def visit(part: Part) -> Status:
        iri = part.criterion.iri
        if part.kind is CriterionKind.LEAF:
            by_iri[iri] = _evaluated(leaves, iri)
        else:
            by_iri.setdefault(iri, Status.NOT_DOCUMENTED)  # a group comes before its parts
            members = [visit(member) for member in part.members]
            by_iri[iri] = (
                combine(part.kind, members)
                if not part.pairs
                else combine(
                    CriterionKind.ANY,
                    [
                        combine(CriterionKind.ALL, [by_iri[pair.alternative.criterion.iri], pair_status(leaves, pair)])
                        for pair in part.pairs
                    ],
                )
            )
        return by_iri[iri]

    visit(part)
    return by_iri


def pair_status(leaves: Mapping[str, Status], pair: Pair) -> Status:
    """The status of a pair's leaf for its alternative: that of the leaf where no fact was told apart."""
    return leaves[pair.key] if pair.key in leaves else _evaluated(leaves, pair.leaf.criterion.iri)


def fact_for_pair(facts: Iterable[FactStatus], pair: Pair) -> Status:
    """The status of a pair's leaf for its alternative, from its facts: of the one that names it, or the one that names none."""
    own = terms.iri(pair.alternative.criterion.iri)
    found = [fact.status for fact in facts if fact.topic in ("", own)]
    return combine(CriterionKind.ANY, found) if found else Status.NOT_DOCUMENTED


def residual_status(status: Status, criteria: Status) -> Status:
    """The status of a residual exclusion, which holds only if the criteria, taken together, are not met.

    Args:
        status: that of the exclusion by itself.
        criteria: that of all sections together.
    """
    if status not in (Status.MET, Status.CONFLICTING):
        return status
    if criteria is Status.MET:
        return Status.NOT_APPLICABLE
    if status is Status.MET and criteria in UNRESOLVED:
        return Status.NOT_DOCUMENTED
    return status


def outcome(policy: EffectivePolicy, by_iri: Mapping[str, Status]) -> Outcome:
    """The outcome that follows from the status of every group and leaf of an effective policy."""
    criteria = combine(CriterionKind.ALL, [by_iri[section.criterion.iri] for section in policy.sections])
    return conclude(criteria, [by_iri[item.iri] for item in policy.exclusions])


def conclude(criteria: Status, exclusions: Collection[Status]) -> Outcome:
    """The first outcome that holds: excluded, not met, documentation needed, met.

    Args:
        criteria: the status of all sections together.
        exclusions: the statuses of the exclusions.

    Raises:
        EngineError: no section applies.
    """
    if Status.MET in exclusions:
        return Outcome.EXCLUDED
    if criteria is Status.NOT_MET:
        return Outcome.CRITERIA_NOT_MET
    if criteria in UNRESOLVED or Status.CONFLICTING in exclusions:
        return Outcome.DOCUMENTATION_NEEDED
    if criteria is Status.NOT_APPLICABLE:
        raise EngineError("no required section applies, and nothing is met by silence")
    return Outcome.CRITERIA_MET


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An effective policy with a status for each of its leaves, and all that follows from them."""

    policy: EffectivePolicy
    leaves: Mapping[str, Status]
    """By IRI, at least those of the policy, before residual exclusions are judged; and by `Pair.key`."""
    facts: Mapping[str, LeafFacts] = field(default_factory=dict)
    """The facts of the leaves that ask about several, by the IRI of the leaf."""
    same_as: Evaluation | None = field(default=None, repr=False)
    """An evaluation from which the same follows; None if it has to be worked out."""

    @cached_property
    def statuses(self) -> dict[str, Status]:
        """The status of every group and leaf by IRI, after residual exclusions are judged."""
        return self.same_as.statuses if self.same_as else statuses(self.policy, self.leaves)

    @cached_property
    def outcome(self) -> Outcome:
        """The outcome."""
        return self.same_as.outcome if self.same_as else outcome(self.policy, self.statuses)

    def assuming(
        self, assumed: Mapping[str, Status], facts: Mapping[str, Mapping[Term, Status]] | None = None
    ) -> Evaluation:
        """The evaluation with other statuses for some leaves, and for some facts of leaves.

        Args:
            assumed: statuses of leaves, by IRI.
            facts: statuses of facts, by the IRI of the leaf and the topic; of leaves that are not asked here they say nothing.
        """
        of_facts = {iri: self.facts[iri].assuming(own) for iri, own in (facts or {}).items() if iri in self.facts}
        of_pairs = {pair.key for pair in self.policy.pairs if pair.leaf.criterion.iri in assumed}
        kept = {iri: status for iri, status in self.leaves.items() if iri not in of_pairs}
        for pair in self.policy.pairs:
            if pair.leaf.criterion.iri in of_facts:
                kept[pair.key] = fact_for_pair(of_facts[pair.leaf.criterion.iri].statuses, pair)
        refolded = {iri: own.status for iri, own in of_facts.items()}
        return Evaluation(self.policy, {**kept, **assumed, **refolded}, {**self.facts, **of_facts})


def _evaluated(leaves: Mapping[str, Status], iri: str) -> Status:
    if iri not in leaves:
        raise EngineError("the leaf was not evaluated", where=iri, mend="Run the engine on the whole effective policy")
    return leaves[iri]
