"""The fold: strong Kleene logic written out in full, exclusions, and the order of outcomes."""

from __future__ import annotations

import itertools
import random

import pytest

from reasoner import Policy
from reasoner.ground.errors import EngineError
from reasoner.logic import fold
from reasoner.logic.fold import (
    Outcome,
    Status,
    combine,
    conclude,
    leaf_status,
    pair_status,
    residual_status,
    statuses,
)
from reasoner.policy.effective import Part, choose_readings, effective_policy
from reasoner.policy.model import CriterionKind
from tests.policies import BY_LETTER, A, C, D, M, N, all_of, any_of, effective, evaluation, iri, leaf, version

# M met, N not met, D not documented, C conflicting, A not applicable. The first part is the row, the second the column.
TABLES = {
    CriterionKind.ALL: """
           M N D C A
        M  M N D C M
        N  N N N N N
        D  D N D C D
        C  C N C C C
        A  M N D C A
    """,
    CriterionKind.ANY: """
           M N D C A
        M  M M M M M
        N  M N D C N
        D  M D D C D
        C  M C C C C
        A  M N D C A
    """,
}
RESIDUAL = """
           M N D C A
        M  A M D D M
        N  N N N N N
        D  D D D D D
        C  A C C C C
        A  A A A A A
"""
"""The status of a residual exclusion: its own is the row, that of the criteria taken together the column."""


def cells(table: str) -> dict[tuple[Status, Status], Status]:
    """A table by row and column."""
    columns, *rows = [line.split() for line in table.strip().splitlines()]
    return {
        (BY_LETTER[row], BY_LETTER[column]): BY_LETTER[cell]
        for row, *row_cells in rows
        for column, cell in zip(columns, row_cells, strict=True)
    }


@pytest.mark.parametrize("kind", TABLES)
def test_two_parts_are_combined_as_the_table_says(kind: CriterionKind) -> None:
    table = cells(TABLES[kind])
    assert len(table) == 25
    for parts, whole in table.items():
        assert combine(kind, parts) is whole, parts


@pytest.mark.parametrize("kind", TABLES)
def test_one_part_alone_is_the_group(kind: CriterionKind) -> None:
    for status in Status:
        assert combine(kind, [status]) is status


@pytest.mark.parametrize("kind", TABLES)
def test_a_group_of_nothing_is_not_applicable(kind: CriterionKind) -> None:
    assert combine(kind, []) is A


@pytest.mark.parametrize("kind", TABLES)
def test_more_parts_are_combined_two_at_a_time_in_any_order(kind: CriterionKind) -> None:
    table = cells(TABLES[kind])
    for one, two, three, four in itertools.product(Status, repeat=4):
        whole = combine(kind, (one, two, three, four))
        assert whole is table[table[table[one, two], three], four]
        assert whole is table[table[one, two], table[three, four]]
        assert whole is combine(kind, (four, two, one, three))


def test_the_severities_of_a_leaf_make_its_status() -> None:
    table = {
        (): M,
        ("Warning",): D,
        ("Warning", "Violation"): N,
        ("Violation",): C,
        ("Info",): A,
        ("Info", "Violation"): C,
    }
    for size in range(4):
        for severities in itertools.combinations(("Warning", "Violation", "Info"), size):
            if severities in table or severities[::-1] in table:
                assert leaf_status(severities) is table.get(severities, table.get(severities[::-1]))
            else:
                with pytest.raises(EngineError):
                    leaf_status(severities)


def test_the_severities_of_an_exclusion_make_its_status() -> None:
    table = {(): D, ("Violation",): M, ("Info",): N, ("Violation", "Info"): C}
    for size in range(4):
        for severities in itertools.combinations(("Warning", "Violation", "Info"), size):
            if severities in table:
                assert leaf_status(severities, hits=True) is table[severities]
            else:
                with pytest.raises(EngineError):
                    leaf_status(severities, hits=True)


def test_a_residual_exclusion_holds_only_where_the_criteria_are_not_otherwise_met() -> None:
    table = cells(RESIDUAL)
    assert len(table) == 25
    for (own, criteria), expected in table.items():
        assert residual_status(own, criteria) is expected, (own, criteria)


@pytest.mark.parametrize(
    ("criteria", "exclusions", "outcome"),
    [
        (M, {M}, Outcome.EXCLUDED),
        (N, {M, C}, Outcome.EXCLUDED),
        (D, {M, N}, Outcome.EXCLUDED),
        (C, {M}, Outcome.EXCLUDED),
        (N, set(), Outcome.CRITERIA_NOT_MET),
        (N, {C, D}, Outcome.CRITERIA_NOT_MET),
        (D, {N}, Outcome.DOCUMENTATION_NEEDED),
        (C, set(), Outcome.DOCUMENTATION_NEEDED),
        (M, {C}, Outcome.DOCUMENTATION_NEEDED),
        (D, {C}, Outcome.DOCUMENTATION_NEEDED),
        (M, set(), Outcome.CRITERIA_MET),
        (M, {D, N, A}, Outcome.CRITERIA_MET),
    ],
)
def test_the_first_outcome_that_holds_is_the_outcome(
    criteria: Status, exclusions: set[Status], outcome: Outcome
) -> None:
    assert conclude(criteria, exclusions) is outcome


def test_nothing_is_met_by_silence_where_no_section_applies() -> None:
    with pytest.raises(EngineError, match="no required section"):
        conclude(A, [])


WHOLE = effective(
    version(
        all_of("s", leaf("a"), any_of("g", leaf("b"), leaf("c"))),
        all_of("t", leaf("d")),
        exclusions=(leaf("x"), leaf("y", residual=True)),
        description=(leaf("z"),),
    )
)


def test_sections_are_folded_together_and_groups_stand_before_their_parts() -> None:
    folded = evaluation(WHOLE, a="M", b="N", c="M", d="D", x="N", y="D", z="N")
    assert folded.outcome is Outcome.DOCUMENTATION_NEEDED
    assert {id_: folded.statuses[iri(id_)] for id_ in "sagbctd"} == {
        "s": M,
        "a": M,
        "g": M,
        "b": N,
        "c": M,
        "t": D,
        "d": D,
    }
    assert list(folded.statuses) == [iri(id_) for id_ in "sagbctdxyz"]


def test_an_affirmed_exclusion_goes_before_met_criteria() -> None:
    assert evaluation(WHOLE, a="M", b="M", d="M", x="M").outcome is Outcome.EXCLUDED


@pytest.mark.parametrize(
    ("d", "status", "outcome"),
    [("M", A, Outcome.CRITERIA_MET), ("D", D, Outcome.DOCUMENTATION_NEEDED), ("N", M, Outcome.EXCLUDED)],
)
def test_a_residual_exclusion_is_judged_after_the_criteria(d: str, status: Status, outcome: Outcome) -> None:
    folded = evaluation(WHOLE, a="M", b="M", d=d, y="M")
    assert folded.statuses[iri("y")] is status
    assert folded.outcome is outcome


def test_the_description_decides_nothing() -> None:
    for letter in "MNDC":
        assert evaluation(WHOLE, a="M", b="M", d="M", z=letter).outcome is Outcome.CRITERIA_MET


def test_assuming_changes_what_is_assumed_and_nothing_else() -> None:
    before = evaluation(WHOLE, a="M", b="M", d="D")
    assert before.assuming({iri("d"): M}).outcome is Outcome.CRITERIA_MET
    assert before.outcome is Outcome.DOCUMENTATION_NEEDED


def test_a_leaf_that_was_not_evaluated_is_an_error() -> None:
    folded = evaluation(WHOLE)
    for id_ in "acxz":
        without = {name: status for name, status in folded.leaves.items() if name != iri(id_)}
        with pytest.raises(EngineError, match=f"criterion:{id_}"):
            _ = type(folded)(WHOLE, without).statuses


def one_by_one(part: Part, leaves: dict[str, Status]) -> Status:
    """The status of a part, by its own parts alone."""
    if part.kind is CriterionKind.LEAF:
        return leaves[part.criterion.iri]
    if part.pairs:
        both = ((one_by_one(pair.alternative, leaves), pair_status(leaves, pair)) for pair in part.pairs)
        return combine(CriterionKind.ANY, [combine(CriterionKind.ALL, pair) for pair in both])
    return combine(part.kind, [one_by_one(member, leaves) for member in part.members])


@pytest.mark.parametrize("limit", [3, 4096])
def test_what_is_remembered_of_blocks_is_what_follows_from_each_part(
    policy: Policy, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(fold, "_LIMIT", limit)
    (published,) = policy.versions
    everyone = frozenset(criterion.applies_to for criterion in published.criteria.values() if criterion.applies_to)
    asked = effective_policy(published, everyone, choose_readings(published))
    dice = random.Random(7)
    assert fold.blocks(asked)
    for block in fold.blocks(asked).values():
        block._known.clear()  # of other effective policies, with which it is shared
    assert any(asked.pairs)
    for few in (1, 3, 10) * 30:
        leaves = dict.fromkeys(asked.leaves, dice.choice(tuple(Status)))
        leaves |= {part.criterion.iri: leaves[part.leaf] for part in asked.parts.values() if part.leaf in leaves}
        leaves |= {iri: dice.choice(tuple(Status)) for iri in dice.sample(sorted(leaves), few)}
        leaves |= {pair.key: dice.choice(tuple(Status)) for pair in asked.pairs if dice.random() < 0.5}
        found = statuses(asked, leaves)
        for section in asked.sections:
            for part in section.walk():
                assert found[part.criterion.iri] is one_by_one(part, leaves), part.criterion.id
    assert all(len(block._known) <= limit for block in fold.blocks(asked).values())


def test_a_leaf_that_was_not_evaluated_is_an_error_each_time() -> None:
    asked = effective(version(all_of("s", leaf("a"), leaf("b"))))
    for _ in range(2):
        with pytest.raises(EngineError, match="was not evaluated"):
            statuses(asked, {iri("a"): M})
