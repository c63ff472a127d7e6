"""Decision: from what validation reported of each leaf to a status per criterion and one outcome. No graphs here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from reasoner.ground.errors import EngineError
from reasoner.policy.effective import EffectivePolicy, Part
from reasoner.policy.model import CriterionKind


class Status(StrEnum):
    """What documentation makes of a criterion."""

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
    """The status of a leaf from the severities (local names) of the results reported for it.

    A Warning says that nothing speaks to it, a Violation that something speaks against it, an Info that it is
    documented not to arise. With `hits`, for an item of an exclusion list, a Violation says that it is affirmed
    and an Info that it is denied.

    Raises:
        EngineError: no documentation can produce that combination.
    """
    found = frozenset(severities)
    table = _BY_HITS if hits else _BY_SEVERITIES
    if found not in table:
        raise EngineError(f"a leaf was reported with the severities {sorted(found)}, which exclude each other")
    return table[found]


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


def statuses(policy: EffectivePolicy, leaves: Mapping[str, Status]) -> dict[str, Status]:
    """The status of every group and leaf of an effective policy, by IRI, from those of its leaves.

    Residual exclusions are judged after the criteria. Raises `EngineError` for a leaf that was not evaluated.
    """
    found: dict[str, Status] = {}

    def visit(part: Part) -> Status:
        iri = part.criterion.iri
        if part.kind is CriterionKind.LEAF:
            found[iri] = _evaluated(leaves, iri)
        else:
            # The order of results is that of the tree: a group stands before its parts.
            found.setdefault(iri, Status.NOT_DOCUMENTED)
            found[iri] = combine(part.kind, [visit(member) for member in part.members])
        return found[iri]

    whole = combine(CriterionKind.ALL, [visit(section) for section in policy.sections])
    for section in policy.lists:
        for iri in section.criterion.members:
            status = _evaluated(leaves, iri)
            if policy.version.criteria[iri].residual:
                status = residual_status(status, whole)
            found.setdefault(iri, status)
    return found


def residual_status(status: Status, criteria: Status) -> Status:
    """The status of an exclusion that holds only where the criteria, taken together, are not otherwise met."""
    if status not in (Status.MET, Status.CONFLICTING):
        return status
    if criteria is Status.MET:
        return Status.NOT_APPLICABLE
    if status is Status.MET and criteria in UNRESOLVED:
        return Status.NOT_DOCUMENTED
    return status


def outcome(policy: EffectivePolicy, found: Mapping[str, Status]) -> Outcome:
    """The first outcome that holds: excluded, not met, documentation needed, met."""
    criteria = combine(CriterionKind.ALL, [found[section.criterion.iri] for section in policy.sections])
    return conclude(criteria, [found[item.iri] for item in policy.exclusions])


def conclude(criteria: Status, exclusions: Collection[Status]) -> Outcome:
    """The outcome that follows from the criteria, taken together, and from the items that exclude."""
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
    """By IRI: at least the policy's leaves, as validation left them."""

    @cached_property
    def statuses(self) -> dict[str, Status]:
        """The status of every group and leaf by IRI, residual exclusions judged."""
        return statuses(self.policy, self.leaves)

    @cached_property
    def outcome(self) -> Outcome:
        """The one outcome."""
        return outcome(self.policy, self.statuses)

    def assuming(self, assumed: Mapping[str, Status]) -> Evaluation:
        """The same with other statuses for some leaves."""
        return Evaluation(self.policy, {**self.leaves, **assumed})


def _evaluated(leaves: Mapping[str, Status], iri: str) -> Status:
    if iri not in leaves:
        raise EngineError("the leaf was not evaluated", where=iri, mend="Run the engine on the whole effective policy")
    return leaves[iri]
