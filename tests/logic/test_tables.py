"""Plans fold by tables what the fold folds: the same for every vector of statuses of small policies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Evaluation, Outcome, Status
from reasoner.logic.justification import gaps
from reasoner.logic.tables import CODE, STATUSES, FoldTable
from reasoner.policy.effective import EffectivePolicy
from reasoner.policy.model import PolicyVersion
from tests.policies import all_of, any_of, effective, finding, interpretation, iri, leaf, replacing, version

READ_TWO_WAYS = {"interpretations": (interpretation("passage", plain=(), other=(replacing("b", "d"),)),)}


def nested() -> PolicyVersion:
    """a and (b or (c and d)), a second section of e."""
    return version(
        all_of("s", leaf("a"), any_of("g", leaf("b"), all_of("h", leaf("c"), leaf("d")))), all_of("t", leaf("e"))
    )


def excluding() -> PolicyVersion:
    """b or a, and exclusions, one of which is residual; d in place of b in another reading."""
    items = (leaf("x"), leaf("y", residual=True))
    return version(
        all_of("s", any_of("g", leaf("b"), leaf("a"))), exclusions=items, spare=(leaf("d"),), **READ_TWO_WAYS
    )


def shared() -> PolicyVersion:
    """(a or b) and (b or c) and d, with a description."""
    groups = (any_of("g", leaf("a"), leaf("b")), any_of("h", leaf("b"), leaf("c")))
    return version(all_of("s", *groups, leaf("d")), description=(leaf("z"),))


def unasked() -> PolicyVersion:
    """A list of exclusions of which one leaf is a criterion too."""
    return version(all_of("s", leaf("a"), all_of("g", leaf("x"), leaf("b"))), exclusions=(leaf("x"),))


def restated() -> PolicyVersion:
    """a and b; in another reading b means something else; in a strained one the group is "any of"."""
    return version(
        all_of("s", any_of("g", leaf("a"), leaf("b"))),
        spare=(
            leaf("c", restates=iri("b"), finding=finding("b")),
            all_of("h", leaf("a"), leaf("b"), restates=iri("g")),
        ),
        interpretations=(
            interpretation("passage", plain=(), other=(replacing("b", "c"),)),
            interpretation("group", strained=("odd",), plain=(), odd=(replacing("g", "h"),)),
        ),
    )


def by_the_fold(
    policy: EffectivePolicy, others: list[EffectivePolicy], strained: list[EffectivePolicy], leaves: dict[str, Status]
) -> tuple[object, ...]:
    """Outcome, whether it holds, statuses and first gap, as `reasoner.logic.fold` and `reasoner.logic.justification` have them."""
    folded = Evaluation(policy, policy.shown(leaves))
    holds, holds_strained = (
        all(Evaluation(other, other.shown(leaves)).outcome is folded.outcome for other in tried) if tried else None
        for tried in (others, strained)
    )
    statuses = {policy.version.criteria[iri].id: status.value for iri, status in folded.statuses.items()}
    gap = next(iter(gaps(folded)), ()) if folded.outcome is Outcome.DOCUMENTATION_NEEDED else ()
    return folded.outcome, holds, holds_strained, statuses, gap


@pytest.mark.parametrize("sketch", [nested, excluding, shared, unasked, restated])
def test_a_plan_gives_what_the_fold_gives_for_every_vector_of_statuses(sketch: Callable[[], PolicyVersion]) -> None:
    sketched = sketch()
    policy = effective(sketched)
    passages = {passage.id for passage in sketched.interpretations}
    others = [effective(sketched, passage="other")] if "passage" in passages else []
    strained = [effective(sketched, group="odd")] if "group" in passages else []
    plan = FoldTable(policy, others, strained)
    outcomes = set()
    for statuses in itertools.product(Status, repeat=len(plan.leaves)):
        codes = bytes(CODE[status] for status in statuses)
        leaves = dict(zip(plan.leaves, statuses, strict=True))
        try:
            wanted = by_the_fold(policy, others, strained, leaves)
        except EngineError:
            with pytest.raises(EngineError):
                plan.fold(codes)
            continue
        folded = plan.fold(codes)
        shown = json.loads(f"{{{folded.criteria}}}")
        assert (folded.outcome, folded.holds, folded.holds_strained, shown, folded.gap) == wanted, leaves
        outcomes.add((folded.outcome, folded.holds))
    assert len(outcomes) >= 3


def test_criteria_are_told_in_published_order_each_once() -> None:
    plan = FoldTable(effective(shared()), [])
    folded = plan.fold(bytes(len(plan.leaves)))
    assert [id_ for id_, _ in json.loads(f"{{{folded.criteria}}}", object_pairs_hook=list)] == list("sgabhcdz")


def test_codes_are_places_in_the_list_of_statuses() -> None:
    assert [STATUSES[CODE[status]] for status in Status] == list(Status)


def test_leaves_of_other_readings_are_asked_for_last() -> None:
    sketched = excluding()
    plan = FoldTable(effective(sketched), [effective(sketched, passage="other")])
    assert [iri.rpartition(":")[2] for iri in plan.leaves] == list("baxyd")
