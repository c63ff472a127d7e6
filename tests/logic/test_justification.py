"""Justifications on a small policy: a and (b or c), nothing of x; y excludes only what is not met otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reasoner.logic.families import AnyOf, Formula
from reasoner.logic.justification import changes, gaps, grounds, objections, statement_grounds, unanswered
from tests.policies import all_of, any_of, effective, evaluation, iri, leaf, version

POLICY = effective(
    version(
        all_of("s", leaf("a"), any_of("g", leaf("b"), leaf("c"))),
        exclusions=(leaf("x"), leaf("y", residual=True)),
    )
)
Sets = list[tuple[str, ...]]


@pytest.mark.parametrize(
    ("statuses", "sets"),
    [
        ({}, [("a", "b"), ("a", "c")]),
        ({"a": "M"}, [("b",), ("c",)]),
        ({"a": "M", "b": "N"}, [("c",)]),
        ({"a": "M", "b": "A"}, [("c",)]),
        ({"a": "C", "b": "M"}, [("a",)]),
        ({"a": "M", "b": "M"}, [()]),
        ({"b": "A", "c": "A"}, [("a",)]),
        ({"a": "N"}, []),
        ({"a": "M", "b": "N", "c": "N"}, []),
        ({"a": "M", "b": "M", "x": "C"}, [("x",)]),
        ({"a": "M", "x": "C"}, [("b", "x"), ("c", "x")]),
        ({"a": "M", "b": "M", "y": "C"}, [()]),
        ({"a": "M", "y": "M"}, [("b",), ("c",)]),
        ({"x": "M"}, []),
    ],
)
def test_gaps_are_the_smallest_sets_that_complete_the_documentation(statuses: dict[str, str], sets: Sets) -> None:
    assert list(gaps(evaluation(POLICY, **statuses))) == sets


@pytest.mark.parametrize(
    ("statuses", "sets"),
    [
        ({"a": "M", "b": "M"}, [("a", "b")]),
        ({"a": "M", "b": "M", "c": "M"}, [("a", "b"), ("a", "c")]),
        ({"a": "M", "b": "M", "c": "N"}, [("a", "b")]),
        ({"a": "M", "b": "A", "c": "M"}, [("a", "c")]),
        ({"a": "M", "b": "A", "c": "A"}, [("a", "b", "c")]),
        ({"a": "M", "b": "M", "x": "N"}, [("a", "b")]),
        ({"a": "M"}, []),
        ({"a": "N", "b": "M"}, []),
    ],
)
def test_grounds_are_the_smallest_sets_that_carry_what_is_met(statuses: dict[str, str], sets: Sets) -> None:
    assert list(grounds(evaluation(POLICY, **statuses))) == sets


def any_of_these(statements: dict[str, list[str]]) -> Callable[[str, str], Formula]:
    """Each of some statements is enough for its leaf."""
    return lambda leaf, _: AnyOf(tuple(statements.get(leaf, ())))


def test_statements_stand_for_the_leaves_that_they_speak_to() -> None:
    folded = evaluation(POLICY, a="M", b="M")
    speaking = {iri("a"): ["s2", "s1"], iri("b"): ["s1"]}
    assert list(statement_grounds(folded, any_of_these(speaking))) == [("s1",)]
    other = any_of_these(speaking | {iri("b"): ["s3"]})
    assert list(statement_grounds(folded, other)) == [("s1", "s3"), ("s2", "s3")]
    assert list(statement_grounds(folded, any_of_these({iri("a"): ["s1"]}))) == []


@pytest.mark.parametrize(
    ("statuses", "sets"),
    [
        ({}, []),
        ({"a": "N"}, [("a",)]),
        ({"a": "N", "b": "N"}, [("a",)]),
        ({"b": "N", "c": "N"}, [("b", "c")]),
        ({"a": "N", "b": "N", "c": "N"}, [("a",), ("b", "c")]),
        ({"b": "N", "c": "A"}, [("b", "c")]),
        ({"x": "M"}, [("x",)]),
        ({"a": "N", "x": "M"}, [("a",), ("x",)]),
        ({"a": "N", "y": "M"}, [("a",)]),
        ({"a": "M", "b": "M", "x": "C"}, []),
    ],
)
def test_objections_are_the_smallest_sets_that_stand_against_it(statuses: dict[str, str], sets: Sets) -> None:
    assert list(objections(evaluation(POLICY, **statuses))) == sets


@pytest.mark.parametrize(
    ("statuses", "sets"),
    [
        ({"a": "N"}, [("a",)]),
        ({"b": "N", "c": "N"}, [("b",), ("c",)]),
        ({"a": "N", "b": "N"}, [("a",)]),
        ({"a": "N", "b": "N", "c": "N"}, [("a", "b"), ("a", "c")]),
        ({"a": "M", "b": "M", "x": "M"}, [("x",)]),
        ({"a": "N", "b": "N", "c": "N", "x": "M"}, [("a", "b", "x"), ("a", "c", "x")]),
        ({"a": "N", "y": "M"}, [("a",)]),
        ({"a": "N", "c": "A"}, [("a",)]),
        ({"a": "N", "b": "A", "c": "N"}, [("a", "c")]),
    ],
)
def test_changes_are_the_smallest_sets_that_would_have_to_be_otherwise(statuses: dict[str, str], sets: Sets) -> None:
    assert list(changes(evaluation(POLICY, **statuses))) == sets


@pytest.mark.parametrize(
    ("statuses", "sets"),
    [
        ({"a": "N"}, [("b",), ("c",)]),
        ({"a": "N", "b": "N"}, [("c",)]),
        ({"a": "N", "b": "M"}, [()]),
        ({"b": "N", "c": "N"}, [("a",)]),
        ({"a": "C", "b": "N", "c": "N"}, [("a",)]),
        ({"a": "N", "x": "M"}, [("b",), ("c",)]),
        ({"a": "M", "b": "M", "x": "M"}, [()]),
        ({"a": "N", "b": "M", "x": "C"}, [("x",)]),
        ({"a": "N", "b": "M", "y": "M"}, [()]),
        ({"a": "M"}, [("b",), ("c",)]),
    ],
)
def test_what_nobody_has_said_is_what_is_missing_once_the_first_change_is_documented(
    statuses: dict[str, str], sets: Sets
) -> None:
    assert list(unanswered(evaluation(POLICY, **statuses))) == sets


def test_a_part_is_justified_by_itself() -> None:
    (section,) = POLICY.sections
    group = section.members[1]
    assert list(gaps(evaluation(POLICY, a="N"), group)) == [("b",), ("c",)]
    assert list(gaps(evaluation(POLICY, b="A", c="A"), group)) == [()]
    assert list(grounds(evaluation(POLICY, b="M", c="M"), group)) == [("b",), ("c",)]
    assert list(objections(evaluation(POLICY, b="N", c="N", x="M"), group)) == [("b", "c")]
    assert list(changes(evaluation(POLICY, b="N", c="N", x="M"), group)) == [("b",), ("c",)]
    assert list(statement_grounds(evaluation(POLICY, b="M"), any_of_these({iri("b"): ["s1", "s2"]}), group)) == [
        ("s1",),
        ("s2",),
    ]


def test_a_leaf_that_stands_in_two_places_is_asked_for_once() -> None:
    twice = effective(version(all_of("s", any_of("g", leaf("a"), leaf("b")), any_of("h", leaf("a"), leaf("c")))))
    assert list(gaps(evaluation(twice))) == [("a",), ("b", "c")]


def test_parts_that_drop_out_are_grounds_only_where_that_matters() -> None:
    nested = effective(version(all_of("s", leaf("a"), all_of("g", leaf("b", conditional=True), leaf("c")))))
    assert list(grounds(evaluation(nested, a="M", b="A", c="M"))) == [("a", "b", "c")]
