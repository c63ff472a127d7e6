"""Agreement: the measures equal examples that are published, and what is computed of a panel by hand."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.review.agreement import Rating, alpha, by_criterion, by_reviewer, kappa, overall, percent
from tests.explore import examples


def test_alpha_of_two_observers_with_two_categories() -> None:
    # Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section A.
    one, other = "0100000000", "1110010100"
    assert alpha(list(zip(one, other, strict=True))) == pytest.approx(0.095, abs=0.0005)


def test_alpha_of_two_observers_with_many_categories() -> None:
    # The same, section B.
    one, other = "aabbdcccedda", "babbbccceddd"
    assert alpha(list(zip(one, other, strict=True))) == pytest.approx(0.692, abs=0.0005)


def test_alpha_of_four_observers_with_ratings_missing() -> None:
    # The same, section C.
    table = [
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    ]
    units = [[row[n] for row in table if row[n] is not None] for n in range(12)]
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)


def test_kappa_of_two_raters() -> None:
    # A table of 50: both yes 20, both no 15, one alone yes 5, the other alone 10. Observed 0.7, expected 0.5.
    pairs = [("y", "y")] * 20 + [("n", "n")] * 15 + [("y", "n")] * 5 + [("n", "y")] * 10
    assert kappa(pairs) == pytest.approx(0.4)
    assert percent(pairs) == pytest.approx(0.7)


def test_where_nothing_can_be_told_nothing_is_said() -> None:
    assert alpha([]) is alpha([("met",)]) is alpha([("met", "met")] * 3) is None
    assert kappa([]) is kappa([("met", "met")] * 3) is None
    assert percent([("met",)]) is None


STATUSES = st.sampled_from(["met", "not-met", "not-documented"])


@examples(100)
@given(st.lists(st.lists(STATUSES, max_size=4), max_size=6))
def test_alpha_equals_one_less_what_its_definition_counts(units: list[list[str]]) -> None:
    paired = [unit for unit in units if len(unit) > 1]
    ratings = [rating for unit in paired for rating in unit]
    observed = sum(sum(a != b for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in paired)
    differing = sum(a != b for a, b in permutations(ratings, 2))
    if not differing:
        assert alpha(units) is None
    else:
        assert alpha(units) == pytest.approx(
            1 - (observed / len(ratings)) / (differing / len(ratings) / (len(ratings) - 1))
        )


@examples(100)
@given(st.lists(st.tuples(STATUSES, STATUSES), min_size=1, max_size=20))
def test_agreement_is_whole_only_where_all_is_alike(pairs: list[tuple[str, str]]) -> None:
    alike = all(one == other for one, other in pairs)
    for value in (kappa(pairs), alpha(pairs)):
        assert value is None or (value == pytest.approx(1)) == alike


PANEL = [
    Rating(case, criterion, rater, status, determined)
    for case, criterion, statuses, determined in [
        ("c1", "3", {"A": "met", "B": "met", "C": "met"}, "met"),
        ("c2", "3", {"A": "not-met", "B": "not-met", "C": "not-met"}, "not-met"),
        ("c1", "5", {"A": "met", "B": "not-met", "C": "not-met"}, "not-met"),
        ("c2", "5", {"A": "met", "B": "not-met"}, "met"),
        ("c3", "7", {"A": "met"}, "met"),
    ]
    for rater, status in statuses.items()
]


def test_the_passage_on_which_people_agree_least_stands_first() -> None:
    first, second = by_criterion(PANEL)
    assert (first.criterion, first.cases, first.raters, first.asks_for_a_reading) == ("5", 2, 3, True)
    assert first.percent == pytest.approx(1 / 4)
    assert (second.criterion, second.percent, second.alpha, second.asks_for_a_reading) == ("3", 1, 1, False)
    assert overall(PANEL) == pytest.approx(
        alpha([["met"] * 3, ["not-met"] * 3, ["met", "not-met", "not-met"], ["met", "not-met"]])
    )


def test_a_reviewer_against_the_others_and_against_what_was_determined() -> None:
    a, b, c = by_reviewer(PANEL)
    assert (a.rater, a.ratings, a.percent_panel) == ("A", 4, 0.5)
    assert (a.determined, a.percent_determined) == (5, 0.8)
    # On c1 of criterion 5 the others of B are divided, so that it counts for nobody.
    assert (b.ratings, b.percent_panel) == (3, pytest.approx(2 / 3))
    assert (c.percent_determined, c.kappa_determined) == (1, 1)
