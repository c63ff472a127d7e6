"""Justification: the smallest sets of criteria that carry an evaluation, that would complete it, or that stand against it.

A justification is a set from which nothing can be taken away (M. Horridge, B. Parsia, U. Sattler, "Laconic and precise
justifications in OWL", 2008). Apart from residual exclusions, which are judged after the criteria, a policy is monotone
in its leaves, so all justifications are the minimal sets that satisfy a formula. No graphs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reasoner.logic.families import FALSE, TRUE, All, AnyOf, Family, Formula
from reasoner.logic.fold import UNRESOLVED, Evaluation, Status
from reasoner.policy.effective import Part
from reasoner.policy.model import Criterion, CriterionKind


def gaps(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of unresolved leaves, by id, that complete an evaluation once they are settled in its favor.

    A leaf is settled by a statement that affirms it; one in conflict by a later one; an exclusion in conflict by one that
    denies it. What is documented otherwise stays as it is: an evaluation that is refuted has no gaps, one that is met has
    the empty set alone.

    Args:
        evaluation: the statuses of the leaves, folded.
        part: a part of its effective policy, to complete that alone.
    """

    def term(leaf: Criterion, status: Status) -> Formula | None:
        return leaf.id if status in UNRESOLVED else _constant(status)

    if part is not None:
        return Family(_fold(evaluation, part, term) or TRUE)
    if _hits(evaluation):
        return Family(FALSE)
    disputed = (
        i.id for i in evaluation.policy.exclusions if not i.residual and evaluation.leaves[i.iri] is Status.CONFLICTING
    )
    return Family(All((*_sections(evaluation, term), *disputed)))


def grounds(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of met (or documented not to arise) leaves, by id, that by themselves carry what is met.

    Without them it would not be met; whatever else is documented could be missing. There are none where it is not met.
    """
    return Family(_met(evaluation, part, lambda leaf: leaf.id))


def statement_grounds(
    evaluation: Evaluation, statements: Mapping[str, Iterable[str]], part: Part | None = None
) -> Family:
    """The smallest sets of statements that by themselves carry what is met, as the documentation is settled.

    Args:
        evaluation: the statuses of the leaves, folded.
        statements: the current statements to each leaf, by leaf IRI; every one of them is enough for its leaf.
        part: a part of the effective policy, to carry that alone.
    """
    return Family(_met(evaluation, part, lambda leaf: AnyOf(tuple(sorted(statements.get(leaf.iri, ()))))))


def objections(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of leaves, by id, each of which by itself makes the criteria not met or the service excluded."""
    if part is not None:
        return Family(_refuted(evaluation, part))
    criteria = (_refuted(evaluation, section) for section in evaluation.policy.sections)
    return Family(AnyOf((*criteria, *_hits(evaluation))))


def changes(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of leaves, by id, that would all have to be documented otherwise for nothing to stand against it.

    What is missing then is missing still: the sets say what has to change before `gaps` can be asked for.
    """

    def term(leaf: Criterion, status: Status) -> Formula | None:
        return leaf.id if status is Status.NOT_MET else TRUE if status in UNRESOLVED else _constant(status)

    if part is not None:
        return Family(_fold(evaluation, part, term) or TRUE)
    return Family(All((*_sections(evaluation, term), *_hits(evaluation))))


def _hits(evaluation: Evaluation) -> tuple[str, ...]:
    """The exclusions that are affirmed; a residual one adds nothing to what refutes the criteria."""
    return tuple(
        i.id for i in evaluation.policy.exclusions if not i.residual and evaluation.statuses[i.iri] is Status.MET
    )


def _constant(status: Status) -> Formula | None:
    return {Status.MET: TRUE, Status.NOT_MET: FALSE}.get(status)


def _sections(evaluation: Evaluation, term: Callable[[Criterion, Status], Formula | None]) -> tuple[Formula, ...]:
    found = (_fold(evaluation, section, term) for section in evaluation.policy.sections)
    return tuple(formula for formula in found if formula is not None)


def _fold(evaluation: Evaluation, part: Part, term: Callable[[Criterion, Status], Formula | None]) -> Formula | None:
    """The formula of a part, its leaves replaced by terms; None for what drops out as not applicable."""
    if part.kind is CriterionKind.LEAF:
        return term(part.criterion, evaluation.statuses[part.criterion.iri])
    parts = tuple(f for f in (_fold(evaluation, member, term) for member in part.members) if f is not None)
    if not parts:
        return None
    return All(parts) if part.kind is CriterionKind.ALL else AnyOf(parts)


def _met(evaluation: Evaluation, part: Part | None, term: Callable[[Criterion], Formula]) -> Formula:
    """The formula of what carries a met part: its met parts, and those that drop out where that matters."""
    if part is None:
        return All(tuple(_met(evaluation, section, term) for section in evaluation.policy.sections))
    status = evaluation.statuses[part.criterion.iri]
    if status not in (Status.MET, Status.NOT_APPLICABLE):
        return FALSE
    if part.kind is CriterionKind.LEAF:
        return term(part.criterion)
    if part.kind is CriterionKind.ANY and status is Status.MET:
        met = (member for member in part.members if evaluation.statuses[member.criterion.iri] is Status.MET)
        return AnyOf(tuple(_met(evaluation, member, term) for member in met))
    return All(tuple(_met(evaluation, member, term) for member in part.members))


def _refuted(evaluation: Evaluation, part: Part) -> Formula:
    """The formula of what refutes a part that is not met."""
    status = evaluation.statuses[part.criterion.iri]
    if status not in (Status.NOT_MET, Status.NOT_APPLICABLE):
        return FALSE
    if part.kind is CriterionKind.LEAF:
        return part.criterion.id
    if part.kind is CriterionKind.ALL and status is Status.NOT_MET:
        refuted = (member for member in part.members if evaluation.statuses[member.criterion.iri] is Status.NOT_MET)
        return AnyOf(tuple(_refuted(evaluation, member) for member in refuted))
    return All(tuple(_refuted(evaluation, member) for member in part.members))
