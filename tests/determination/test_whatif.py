"""Assumptions and the next question, on a policy of which every answer can be reasoned by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reasoner.determination.model import Alternative, Determination
from reasoner.determination.whatif import Question, assumable, assume, next_question
from reasoner.ground.errors import UsageError
from reasoner.logic.fold import Outcome
from tests.cases import case
from tests.policies import A, D, M, N, all_of, any_of, effective, evaluation, interpretation, leaf, replacing, version

VERSION = version(
    all_of("s", leaf("a"), any_of("g", leaf("b"), leaf("c")), leaf("d", conditional=True)),
    exclusions=(leaf("x"), leaf("y", residual=True)),
    spare=(leaf("e"),),
    interpretations=(interpretation("passage", plain=(), other=(replacing("a", "e"),)),),
)
"""a and (b or c) and d; e in place of a in the other reading."""


def determined(**statuses: str) -> Determination:
    """A determination whose leaves have some statuses, with its other reading; what is not named is not documented."""
    plain = evaluation(effective(VERSION), **statuses)
    other = evaluation(effective(VERSION, passage="other"), **statuses)
    other = replace(other, leaves={**plain.leaves, **other.leaves})
    passage = VERSION.interpretations[0]
    sample = case()
    return Determination(
        case=sample,
        service_start=sample.start,
        service_end=sample.end,
        policy="sketch",
        policy_label="Sketch",
        version=VERSION.iri,
        version_id=VERSION.id,
        outcome=plain.outcome,
        readings=(Alternative(passage, passage.alternatives[0], other.outcome, other),),
        evaluation=plain,
    )


@pytest.mark.parametrize(
    ("stances", "after"),
    [
        ({"a": "affirmed"}, Outcome.CRITERIA_MET),
        ({"a": "denied"}, Outcome.CRITERIA_NOT_MET),
        ({"a": "affirmed", "x": "affirmed"}, Outcome.EXCLUDED),
        ({"a": "affirmed", "b": "silent"}, Outcome.DOCUMENTATION_NEEDED),
        ({"a": "affirmed", "d": "not-applicable"}, Outcome.CRITERIA_MET),
        ({"y": "affirmed"}, Outcome.DOCUMENTATION_NEEDED),
        ({"a": "denied", "y": "affirmed"}, Outcome.EXCLUDED),
    ],
)
def test_an_assumption_is_decided_like_documentation(stances: dict[str, str], after: Outcome) -> None:
    assumption = assume(determined(b="M", d="M"), stances)
    assert (assumption.before, assumption.after) == (Outcome.DOCUMENTATION_NEEDED, after)


def test_the_changes_are_those_of_leaves_and_groups_in_published_order() -> None:
    assumption = assume(determined(a="M", c="N", d="M"), {"b": "affirmed", "d": "not-applicable"})
    assert [(change.criterion.id, change.before, change.after) for change in assumption.changes] == [
        ("s", D, M),
        ("g", D, M),
        ("b", D, M),
        ("d", M, A),
    ]


def test_other_readings_are_decided_under_the_same_assumption() -> None:
    before = determined(b="M", d="M", a="N")
    needed, refuted = Outcome.DOCUMENTATION_NEEDED, Outcome.CRITERIA_NOT_MET
    assert assume(before, {"e": "affirmed"}).readings == (("passage/other", needed, Outcome.CRITERIA_MET),)
    assert assume(before, {"e": "affirmed"}).after is refuted
    assert assume(before, {"e": "denied"}).readings == (("passage/other", needed, refuted),)


def test_leaves_of_other_readings_can_be_assumed_too_and_come_last() -> None:
    assert list(assumable(determined())) == ["a", "b", "c", "d", "x", "y", "e"]


@pytest.mark.parametrize(
    ("stances", "problem"),
    [
        ({"unknown": "affirmed"}, "'unknown' is not asked"),
        ({"g": "affirmed"}, r"'g' is a group.*b, c"),
        ({"a": "perhaps"}, r"'perhaps' cannot be assumed of a.*affirmed, denied"),
        ({"a": "not-applicable"}, "a is unconditional"),
    ],
)
def test_what_cannot_be_assumed_is_refused(stances: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        assume(determined(), stances)


def test_nothing_follows_where_no_version_is_in_force() -> None:
    determination = replace(determined(), evaluation=None, outcome=Outcome.NO_POLICY_VERSION)
    assert assumable(determination) == {}
    assert next_question(determination) is None
    with pytest.raises(UsageError, match="no policy version"):
        assume(determination, {"a": "affirmed"})


def test_the_next_question_is_the_leaf_that_is_in_most_of_the_smallest_ways() -> None:
    """{a, b} and {a, c} complete it: a is in both."""
    assert next_question(determined(d="M")) == Question(
        criterion=VERSION.by_id["a"],
        ways=2,
        of=2,
        if_affirmed=Outcome.DOCUMENTATION_NEEDED,
        ways_if_affirmed=2,
        if_denied=Outcome.CRITERIA_NOT_MET,
        ways_if_denied=0,
    )


def test_among_equals_what_other_readings_miss_too_is_asked_first() -> None:
    """a and d are in every way, and only d is missing in the other reading."""
    question = next_question(determined(b="M"))
    assert question is not None
    assert question.criterion.id == "d"


def test_among_equals_the_first_in_published_order_is_asked() -> None:
    question = next_question(determined(a="M", d="M"))
    assert question is not None
    assert (question.criterion.id, question.ways, question.of) == ("b", 1, 2)
    assert (question.if_affirmed, question.if_denied) == (Outcome.CRITERIA_MET, Outcome.DOCUMENTATION_NEEDED)
    assert question.ways_if_denied == 1


@pytest.mark.parametrize("statuses", [{"a": "M", "b": "M", "d": "M"}, {"a": "N"}, {"x": "M"}])
def test_there_is_no_question_where_no_documentation_is_needed(statuses: dict[str, str]) -> None:
    determination = determined(**statuses)
    assert determination.outcome is not Outcome.DOCUMENTATION_NEEDED
    assert next_question(determination) is None


def test_statuses_of_stances_are_told_apart() -> None:
    before = determined(d="D")
    for stance, status in (("affirmed", M), ("denied", N), ("not-applicable", A), ("silent", D)):
        assert assume(before, {"d": stance}).evaluation.statuses["urn:criterion:d"] is status
