"""The engine's own arithmetic: the periods of a stay, and which other readings are tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from reasoner.chart.model import Case
from reasoner.determination.determine import Period, other_readings, periods
from reasoner.policy.model import Policy, PolicyVersion
from tests.cases import case, day
from tests.policies import all_of, effective, interpretation, leaf, policy, replacing, version


def in_force(first: int, last: int | None) -> PolicyVersion:
    """A version that is in force from one day of June to another."""
    return version(all_of("s", leaf("a")), valid=(day(first), None if last is None else day(last)))


def periods_of(case: Case, policy: Policy) -> Iterator[Period]:
    return periods(case.start, case.end, policy)


ONE, TWO, THREE = in_force(1, 10), in_force(11, 15), in_force(20, None)
POLICY = policy(ONE, TWO, THREE)
"""From 1 to 10, from 11 to 15, nothing from 16 to 19, and from 20 on."""


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (2, 9, [(2, 9, ONE)]),
        (2, 10, [(2, 10, ONE)]),
        (2, 11, [(2, 10, ONE), (11, 11, TWO)]),
        (11, 15, [(11, 15, TWO)]),
        (12, 17, [(12, 15, TWO), (16, 17, None)]),
        (16, 19, [(16, 19, None)]),
        (17, 20, [(17, 19, None), (20, 20, THREE)]),
        (10, 25, [(10, 10, ONE), (11, 15, TWO), (16, 19, None), (20, 25, THREE)]),
        (5, 5, [(5, 5, ONE)]),
        (10, None, [(10, None, ONE)]),
        (17, None, [(17, None, None)]),
        (40, 50, [(40, 50, THREE)]),
    ],
)
def test_a_stay_is_split_where_another_version_or_none_comes_into_force(
    start: int, end: int | None, expected: list[tuple[int, int | None, PolicyVersion | None]]
) -> None:
    split = list(periods_of(case(start=start, end=end), POLICY))
    assert split == [(day(first), None if last is None else day(last), in_force) for first, last, in_force in expected]


@pytest.mark.parametrize(("start", "end"), [(start, end) for start in (1, 8, 12, 18) for end in (18, 22, 31)])
def test_periods_cover_a_stay_without_a_gap_or_an_overlap(start: int, end: int) -> None:
    days: list[date] = []
    for first, last, in_force in periods_of(case(start=start, end=end), POLICY):
        assert last is not None
        stretch = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
        assert all(POLICY.version_on(day_) is in_force for day_ in stretch)
        days += stretch
    assert days == [day(number) for number in range(start, end + 1)]


def test_a_stay_before_every_version_is_under_none_until_the_first() -> None:
    later = policy(in_force(10, None))
    assert [(first, in_force is None) for first, _, in_force in periods_of(case(start=1, end=12), later)] == [
        (day(1), True),
        (day(10), False),
    ]


READ = version(
    all_of("s", leaf("a"), leaf("b")),
    spare=(leaf("c"), leaf("d")),
    interpretations=(
        interpretation("one", plain=(), c=(replacing("a", "c"),)),
        interpretation("two", plain=(), c=(replacing("b", "c"),), d=(replacing("b", "d"),)),
    ),
)


@pytest.mark.parametrize(
    ("chosen", "tried"),
    [
        ({}, {"one/c": "cb", "two/c": "ac", "two/d": "ad"}),
        ({"two": "d"}, {"one/c": "cd", "two/plain": "ab", "two/c": "ac"}),
    ],
)
def test_every_other_reading_is_tried_with_the_other_passages_as_they_are_read(
    chosen: dict[str, str], tried: dict[str, str]
) -> None:
    alternatives = other_readings(effective(READ, **chosen))
    assert {
        reading.id: "".join(part.criterion.id for part in policy.sections[0].members)
        for _, reading, policy in alternatives
    } == tried
