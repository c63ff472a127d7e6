"""Justifications: the smallest sets of criteria that carry an evaluation, that would complete it, or that refute it.

A justification is a set such that no smaller part of it is enough (M. Horridge, B. Parsia, U. Sattler, "Laconic and
precise justifications in OWL", 2008). Apart from residual exclusions, which are judged after the criteria, a policy is
monotone in its leaves, so all justifications are the minimal sets that satisfy a formula. No graphs are read.
"""

from __future__ import annotations

from collections.abc import Callable

from reasoner.logic.families import FALSE, TRUE, All, AnyOf, Family, Formula
from reasoner.logic.fold import UNRESOLVED, Evaluation, Status, blocks, pair_status
from reasoner.policy.effective import Pair, Part
from reasoner.policy.model import Criterion, CriterionKind

_Term = Callable[[Criterion, Status], Formula | None]
"""The formula of a leaf with a status; None if it drops out as not applicable."""


def gaps(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of unresolved leaves that would complete an evaluation if they were documented in its favor.

    A statement that affirms a leaf resolves it; a leaf in conflict needs a later statement, an exclusion in conflict one
    that denies it. The other leaves keep their statuses: an evaluation that is refuted has no gaps, and one that is met
    has only the empty set.

    Args:
        evaluation: the statuses of the leaves.
        part: a part of the effective policy, to complete only that.

    Returns:
        sets of leaf ids.
    """
    if part is not None:
        return Family(_fold(evaluation, part, _completed) or TRUE)
    if _hits(evaluation):
        return Family(FALSE)
    disputed = (
        i.id for i in evaluation.policy.exclusions if not i.residual and evaluation.leaves[i.iri] is Status.CONFLICTING
    )
    return Family(All((*_sections(evaluation, _completed), *disputed)))


def grounds(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of met or not applicable leaves that are enough for an evaluation, or a part, to be met.

    Args:
        evaluation: the statuses of the leaves.
        part: a part of the effective policy, to carry only that.

    Returns:
        sets of leaf ids; none if it is not met.
    """
    return Family(_met(evaluation, part, lambda leaf, _: leaf.id))


def statement_grounds(
    evaluation: Evaluation, formula: Callable[[str, str], Formula], part: Part | None = None
) -> Family:
    """The smallest sets of statements that are enough for an evaluation, or a part, to be met.

    Args:
        evaluation: the statuses of the leaves.
        formula: which sets of statements are enough for a leaf, by its IRI and, where it is paired, that of the alternative.
        part: a part of the effective policy, to carry only that.

    Returns:
        sets of statements; none if it is not met.
    """
    return Family(_met(evaluation, part, lambda leaf, alternative: formula(leaf.iri, alternative)), recurs=False)


def objections(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of leaves that are enough for the criteria not to be met, or for the service to be excluded.

    Args:
        evaluation: the statuses of the leaves.
        part: a part of the effective policy, to refute only that.

    Returns:
        sets of leaf ids; none if nothing is refuted.
    """
    if part is not None:
        return Family(_refuted(evaluation, part))
    criteria = (_refuted(evaluation, section) for section in evaluation.policy.sections)
    return Family(AnyOf((*criteria, *_hits(evaluation))))


def changes(evaluation: Evaluation, part: Part | None = None) -> Family:
    """The smallest sets of leaves that would have to be documented otherwise for an evaluation not to be refuted.

    Leaves that are not documented stay so: after such a change the evaluation may still have `gaps`.

    Args:
        evaluation: the statuses of the leaves.
        part: a part of the effective policy, to change only that.

    Returns:
        sets of leaf ids; only the empty set if nothing is refuted.
    """
    if part is not None:
        return Family(_fold(evaluation, part, _changed) or TRUE)
    return Family(All((*_sections(evaluation, _changed), *_hits(evaluation))))


def unanswered(evaluation: Evaluation) -> Family:
    """The smallest sets of unresolved leaves that would complete an evaluation once the first of its `changes` is documented.

    Args:
        evaluation: the statuses of the leaves.

    Returns:
        sets of leaf ids; only the empty set if the change by itself is enough, and the `gaps` if nothing is refuted.
    """
    change = next(iter(changes(evaluation)), ())
    leaves = {iri: Status.MET for iri, part in evaluation.policy.parts.items() if part.criterion.id in change}
    excluding = {item.iri: Status.NOT_MET for item in evaluation.policy.exclusions if item.id in change}
    return gaps(evaluation.assuming(leaves | excluding))


def _hits(evaluation: Evaluation) -> tuple[str, ...]:
    """The ids of the affirmed exclusions, without residual ones: those hold only if the criteria are refuted already."""
    return tuple(
        i.id for i in evaluation.policy.exclusions if not i.residual and evaluation.statuses[i.iri] is Status.MET
    )


def _completed(leaf: Criterion, status: Status) -> Formula | None:
    """The term of a leaf that is to be completed."""
    return leaf.id if status in UNRESOLVED else _constant(status)


def _changed(leaf: Criterion, status: Status) -> Formula | None:
    """The term of a leaf that is to be documented otherwise."""
    return leaf.id if status is Status.NOT_MET else TRUE if status in UNRESOLVED else _constant(status)


def _constant(status: Status) -> Formula | None:
    """The formula of a status that stays; None for one that drops out as not applicable."""
    return TRUE if status is Status.MET else FALSE if status is Status.NOT_MET else None


def _sections(evaluation: Evaluation, term: _Term) -> tuple[Formula, ...]:
    formulas = (_fold(evaluation, section, term) for section in evaluation.policy.sections)
    return tuple(formula for formula in formulas if formula is not None)


def _fold(evaluation: Evaluation, part: Part, term: _Term) -> Formula | None:
    """The formula of a part, with a term for each leaf; None if it drops out as not applicable."""
    block = blocks(evaluation.policy).get(part)
    if block is None:
        return _formula(evaluation, part, term)
    formulas = block.fold(evaluation.leaves).formulas
    if term not in formulas:
        formulas[term] = _formula(evaluation, part, term)
    return formulas[term]


def _formula(evaluation: Evaluation, part: Part, term: _Term) -> Formula | None:
    """What `_fold` gives, worked out."""
    if part.kind is CriterionKind.LEAF:
        return term(part.criterion, evaluation.statuses[part.criterion.iri])
    if part.pairs:
        return AnyOf(tuple(_fold_pair(evaluation, pair, term) for pair in part.pairs))
    parts = tuple(f for f in (_fold(evaluation, member, term) for member in part.members) if f is not None)
    if not parts:
        return None
    return All(parts) if part.kind is CriterionKind.ALL else AnyOf(parts)


def _fold_pair(evaluation: Evaluation, pair: Pair, term: _Term) -> Formula:
    """The formula of an alternative with the fact that it needs."""
    own = term(pair.leaf.criterion, pair_status(evaluation.leaves, pair))
    both = (_fold(evaluation, pair.alternative, term), own)
    return All(tuple(formula for formula in both if formula is not None))


def _met(evaluation: Evaluation, part: Part | None, term: Callable[[Criterion, str], Formula]) -> Formula:
    """The formula of what carries a met part: its met parts, and those that drop out where that matters."""
    if part is None:
        return All(tuple(_met(evaluation, section, term) for section in evaluation.policy.sections))
    status = evaluation.statuses[part.criterion.iri]
    if status not in (Status.MET, Status.NOT_APPLICABLE):
        return FALSE
    if part.kind is CriterionKind.LEAF:
        return term(part.criterion, "")
    if part.pairs and status is Status.MET:
        met_pairs = (
            pair
            for pair in part.pairs
            if evaluation.statuses[pair.alternative.criterion.iri] is Status.MET
            and pair_status(evaluation.leaves, pair) is Status.MET
        )
        return AnyOf(
            tuple(
                All((_met(evaluation, p.alternative, term), term(p.leaf.criterion, p.alternative.criterion.iri)))
                for p in met_pairs
            )
        )
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
    if part.pairs and status is Status.NOT_MET:
        return All(
            tuple(
                AnyOf(
                    (
                        _refuted(evaluation, pair.alternative),
                        pair.leaf.criterion.id if pair_status(evaluation.leaves, pair) is Status.NOT_MET else FALSE,
                    )
                )
                for pair in part.pairs
            )
        )
    if part.kind is CriterionKind.ALL and status is Status.NOT_MET:
        refuted = (member for member in part.members if evaluation.statuses[member.criterion.iri] is Status.NOT_MET)
        return AnyOf(tuple(_refuted(evaluation, member) for member in refuted))
    return All(tuple(_refuted(evaluation, member) for member in part.members))
