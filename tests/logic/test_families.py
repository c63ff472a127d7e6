"""Families of minimal sets: by hand where the answer is plain, by enumerating every set where it is not."""

from __future__ import annotations

import copy
import itertools
import pickle
import random

import pytest

from reasoner.logic import families
from reasoner.logic.families import FALSE, TRUE, All, AnyOf, Family, Formula


@pytest.mark.parametrize(
    ("formula", "sets"),
    [
        (TRUE, [()]),
        (FALSE, []),
        ("a", [("a",)]),
        (All(("a", "b")), [("a", "b")]),
        (AnyOf(("b", "a")), [("a",), ("b",)]),
        (All(("a", AnyOf(("b", "c")))), [("a", "b"), ("a", "c")]),
        (AnyOf(("a", All(("b", "c")))), [("a",), ("b", "c")]),
        (AnyOf((All(("z", "y")), All(("a", "b", "c")))), [("y", "z"), ("a", "b", "c")]),
        (AnyOf(("a", All(("a", "b")))), [("a",)]),
        (All(("a", AnyOf(("a", "b")))), [("a",)]),
        (All((AnyOf(("a", "b")), AnyOf(("a", "c")))), [("a",), ("b", "c")]),
        (All(("a", FALSE)), []),
        (AnyOf(("a", TRUE)), [()]),
        (All(("a", TRUE)), [("a",)]),
        (AnyOf(("a", FALSE)), [("a",)]),
        (All(("a", "a")), [("a",)]),
    ],
)
def test_the_minimal_sets_of_a_formula_come_smallest_first(formula: Formula, sets: list[tuple[str, ...]]) -> None:
    family = Family(formula)
    assert list(family) == sets
    assert family.count == len(sets)
    assert bool(family) is bool(sets)


def test_an_element_that_no_set_holds_is_an_element_all_the_same() -> None:
    family = Family(AnyOf(("a", All(("a", "b")))))
    assert family.elements == ("a", "b")
    assert family.occurrences() == {"a": 1, "b": 0}


def test_occurrences_count_the_sets_that_hold_an_element() -> None:
    assert Family(All(("a", AnyOf(("b", "c"))))).occurrences() == {"a": 2, "b": 1, "c": 1}


def test_what_may_stand_in_the_place_of_an_element() -> None:
    family = Family(All(("a", AnyOf(("b", "c", All(("d", "e")))))))
    assert list(family.replacing("b", ("a", "b"))) == [("c",), ("d", "e")]
    assert list(family.replacing("a", ("a", "b"))) == []


def test_counting_does_not_list() -> None:
    family = Family(All(tuple(AnyOf(tuple(f"{i}-{j}" for j in range(5))) for i in range(60))))
    assert family.count == 5**60
    assert len(next(iter(family))) == 60


def satisfied(formula: Formula, by: frozenset[str]) -> bool:
    if isinstance(formula, str):
        return formula in by
    return (all if isinstance(formula, All) else any)(satisfied(part, by) for part in formula.parts)


def random_formula(dice: random.Random, names: list[str], depth: int) -> Formula:
    if depth == 0 or dice.random() < 0.2:
        return dice.choice(names)
    size = dice.choice((0, 1, 2, 2, 3, 4))
    return dice.choice((All, AnyOf))(tuple(random_formula(dice, names, depth - 1) for _ in range(size)))


@pytest.mark.parametrize("seed", range(500))
def test_a_family_holds_every_minimal_set_in_order(seed: int) -> None:
    dice = random.Random(seed)
    names = [f"x{number}" for number in range(dice.randint(1, 7))]
    formula = random_formula(dice, names, 4)
    sets = [frozenset(c) for size in range(len(names) + 1) for c in itertools.combinations(names, size)]
    solutions = [s for s in sets if satisfied(formula, s)]
    minimal = sorted(
        (tuple(sorted(s)) for s in solutions if not any(o < s for o in solutions)), key=lambda s: (len(s), s)
    )
    family = Family(formula)
    assert list(family) == minimal
    assert family.count == len(minimal)
    assert bool(family) == bool(minimal)
    for name, count in family.occurrences().items():
        assert count == sum(name in members for members in minimal)
    for members in minimal:
        for name in members:
            rest = set(members) - {name}
            wanted = {frozenset(set(o) - rest) for o in minimal if rest <= set(o) and name not in o}
            assert {frozenset(instead) for instead in family.replacing(name, members)} == wanted


def test_families_that_were_made_before_what_they_share_was_full_stay_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(families, "_LIMIT", 20)
    formulas = [All((AnyOf((f"a{number}", "b")), AnyOf(("c", f"d{number}")))) for number in range(20)]
    made = [Family(formula) for formula in formulas]
    assert len({id(family._diagrams) for family in made}) > 2
    for number, family in enumerate(made):
        d = f"d{number}"
        assert list(family) == [(f"a{number}", "c"), (f"a{number}", d), ("b", "c"), ("b", d)]
        assert list(family.replacing("b", ("b", "c"))) == [(f"a{number}",)]
        assert list(Family(formulas[number], recurs=False)) == list(family)


def test_a_family_can_be_copied_and_sent() -> None:
    formula = All(("a", AnyOf(("b", "c"))))
    for again in (copy.deepcopy, lambda family: pickle.loads(pickle.dumps(family))):
        sent = again(Family(formula))
        assert list(sent) == [("a", "b"), ("a", "c")]
        assert list(sent.replacing("b", ("a", "b"))) == [("c",)]
    hash(formula)
    assert [*vars(pickle.loads(pickle.dumps(formula)))] == ["parts"], "another process has other hashes"
