"""What-if: what a determination would be if some leaves were documented otherwise. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reasoner.determination.model import Determination
from reasoner.ground.errors import UsageError
from reasoner.logic import justification
from reasoner.logic.fold import Evaluation, Outcome, Status
from reasoner.policy.effective import Part
from reasoner.policy.model import Criterion, CriterionKind

STANCES = {
    "affirmed": Status.MET,
    "denied": Status.NOT_MET,
    "not-applicable": Status.NOT_APPLICABLE,
    "silent": Status.NOT_DOCUMENTED,
}
"""What can be assumed of a leaf, and the status that follows if all current documentation says so."""


@dataclass(frozen=True)
class StatusChange:
    """A criterion whose status an assumption changes."""

    criterion: Criterion
    before: Status
    after: Status


@dataclass(frozen=True)
class Assumption:
    """A determination under assumptions, beside the one that was made."""

    before: Outcome
    after: Outcome
    changes: tuple[StatusChange, ...]
    """In published order; the assumed leaves among them."""
    readings: tuple[tuple[str, Outcome, Outcome], ...]
    """Id of each other reading that is not strained, with its outcome before and after."""
    evaluation: Evaluation


@dataclass(frozen=True)
class Question:
    """The leaf to ask for next, and what either answer would leave."""

    criterion: Criterion
    ways: int
    """Smallest ways to complete the documentation that the leaf is part of."""
    of: int
    """All the smallest ways."""
    if_affirmed: Outcome
    ways_if_affirmed: int
    if_denied: Outcome
    ways_if_denied: int


def assume(determination: Determination, stances: Mapping[str, str]) -> Assumption:
    """Fold a determination again as if some leaves were documented in given ways.

    Args:
        determination: a determination under a policy version.
        stances: leaf id to one of `STANCES`.

    Raises:
        UsageError: no version was in force, a criterion is not asked here or is a group, a stance is unknown, or an
            unconditional leaf is assumed not applicable.
    """
    evaluation = determination.evaluation
    if evaluation is None:
        raise UsageError("no policy version is in force, so nothing follows from an assumption")
    assumed = {_leaf(determination, evaluation, id_, stance).iri: STANCES[stance] for id_, stance in stances.items()}
    after = evaluation.assuming(assumed)
    return Assumption(
        before=evaluation.outcome,
        after=after.outcome,
        changes=tuple(
            StatusChange(part.criterion, evaluation.statuses[iri], after.statuses[iri])
            for iri, part in evaluation.policy.parts.items()
            if part.criterion.id and evaluation.statuses[iri] is not after.statuses[iri]
        ),
        readings=tuple(
            (other.reading.id, other.outcome, other.evaluation.assuming(assumed).outcome)
            for other in determination.readings
            if not other.reading.strained
        ),
        evaluation=after,
    )


def assumable(determination: Determination) -> dict[str, Criterion]:
    """The leaves of which something can be assumed, by id; those that only another reading asks for are last."""
    evaluation = determination.evaluation
    parts = _parts(determination, evaluation) if evaluation else {}
    return {id_: part.criterion for id_, part in parts.items() if part.kind is CriterionKind.LEAF}


def next_question(determination: Determination) -> Question | None:
    """The leaf to ask for next; None where no documentation is needed.

    It is the missing or conflicting leaf that is part of most of the smallest ways to complete the documentation, since
    a denial closes all of those. Among equals, the leaf that is missing under most other readings comes first, then
    the published order.
    """
    evaluation = determination.evaluation
    if evaluation is None or determination.outcome is not Outcome.DOCUMENTATION_NEEDED:
        return None
    occurrences = determination.gaps.occurrences()
    others = [other for other in determination.readings if not other.reading.strained]
    elsewhere = [justification.gaps(other.evaluation).elements for other in others]
    order = [part.criterion for part in evaluation.policy.parts.values() if part.criterion.id in occurrences]
    best = max(order, key=lambda c: (occurrences[c.id], sum(c.id in missing for missing in elsewhere)))
    affirmed, denied = (evaluation.assuming({best.iri: STANCES[stance]}) for stance in ("affirmed", "denied"))
    return Question(
        criterion=best,
        ways=occurrences[best.id],
        of=determination.gaps.count,
        if_affirmed=affirmed.outcome,
        ways_if_affirmed=_ways(affirmed),
        if_denied=denied.outcome,
        ways_if_denied=_ways(denied),
    )


def _ways(evaluation: Evaluation) -> int:
    return justification.gaps(evaluation).count if evaluation.outcome is Outcome.DOCUMENTATION_NEEDED else 0


def _parts(determination: Determination, evaluation: Evaluation) -> dict[str, Part]:
    """The parts of the effective policy by id, and those that only another reading asks for."""
    parts: dict[str, Part] = {}
    for asked in (evaluation, *(other.evaluation for other in determination.readings)):
        for part in asked.policy.parts.values():
            if part.criterion.id:
                parts.setdefault(part.criterion.id, part)
    return parts


def _leaf(determination: Determination, evaluation: Evaluation, id_: str, stance: str) -> Criterion:
    """The leaf of which a stance is to be assumed; raises `UsageError` as `assume` does."""
    part = _parts(determination, evaluation).get(id_)
    if part is None:
        raise UsageError(f"{id_!r} is not asked of this request", mend="`necessity determine` lists what is")
    if part.kind is not CriterionKind.LEAF:
        members = ", ".join(member.criterion.id for member in part.members)
        raise UsageError(f"{id_!r} is a group", mend=f"Assume one of its parts: {members}")
    if stance not in STANCES:
        raise UsageError(f"{stance!r} cannot be assumed of {id_}", mend=f"Choose one of: {', '.join(STANCES)}")
    if STANCES[stance] is Status.NOT_APPLICABLE and not part.criterion.conditional:
        raise UsageError(f"{id_} is unconditional and cannot be assumed not applicable")
    return part.criterion
