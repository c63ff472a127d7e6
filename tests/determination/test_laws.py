"""Random charts of bare attestations: the reasoner against the oracle, and the laws that hold of any chart."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner import Determination, Policy, determine
from tests.conftest import CASES, Attestation, chart
from tests.determination import oracle
from tests.explore import examples

CONDITIONAL = {"substance-use:2", "substance-use:3"}
GROUPS = set(oracle.GROUPS) | {"child-adolescent:1", "substance-use:1"}
KINDS = [
    (phase, focus, minor, illinois)
    for phase in ("Admission", "Continuation")
    for focus in ("MentalHealth", "SubstanceUse")
    for minor in (False, True)
    for illinois in (False, True)
]


def run(policy: Policy, turtle: str) -> Determination:
    (determination,) = determine(Graph().parse(data=turtle, format="turtle"), policy, alternatives=False)
    return determination


def facts(phase: str, focus: str, minor: bool, illinois: bool) -> dict[str, str]:
    return {
        "phase": phase,
        "focus": focus,
        "birth": "2010-01-01" if minor else "1980-01-01",
        "jurisdiction": "US-IL" if illinois else "US-MO",
    }


def leaves(policy: Policy) -> list[str]:
    return sorted(leaf.id for leaf in policy.versions[0].leaves.values() if leaf.id)


def random_attestations(policy: Policy, seed: int) -> list[Attestation]:
    dice = random.Random(seed)
    bias = dice.choice((0.5, 0.9, 0.98, 1.0))
    attestations = []
    for id_ in leaves(policy):
        exclusion = id_.startswith("exclusions")
        for _ in range(dice.choice((0, 1, 1, 1, 1, 1, 2)) if not exclusion else dice.choice((0,) * 30 + (1, 2))):
            stances = ["Affirmed", "Denied", *(["NotApplicable"] if id_ in CONDITIONAL else [])]
            stance = "Affirmed" if dice.random() < bias else dice.choice(stances)
            observed = dice.choice(("2025-05-20", "2025-06-02", "2025-06-02", "2025-06-09", "2025-06-10", "2025-07-02"))
            recorded = max(
                observed, dice.choice(("2025-06-02", "2025-06-20", "2025-07-03", "2026-01-01", "2026-01-02"))
            )
            plain = dice.random() < 0.8
            attestations.append(Attestation(id_, stance) if plain else Attestation(id_, stance, observed, recorded))
    return attestations


@pytest.mark.parametrize("seed", range(64))
def test_random_charts_get_what_the_oracle_gives(policy: Policy, seed: int) -> None:
    phase, focus, minor, illinois = KINDS[seed % len(KINDS)]
    attestations = random_attestations(policy, seed)
    outcome, expected = oracle.determine(attestations, phase=phase, focus=focus, minor=minor, illinois=illinois)
    determination = run(policy, chart(attestations, **facts(phase, focus, minor, illinois)))
    assert {r.criterion.id: r.status.value for r in determination.criteria} == expected
    assert determination.outcome == outcome


@pytest.mark.parametrize("kind", KINDS)
def test_silence_meets_nothing_and_full_affirmation_meets_everything(policy: Policy, kind: tuple) -> None:
    silent = run(policy, chart([], **facts(*kind)))
    assert silent.outcome == "documentation-needed"
    assert {r.status.value for r in silent.criteria} == {"not-documented"}
    assert silent.gaps
    whole = [Attestation(i) for i in leaves(policy) if not i.startswith("exclusions")]
    assert run(policy, chart(whole, **facts(*kind))).outcome == "criteria-met"


@examples(6)
@given(seed=st.integers(1000, 10**6), kind=st.sampled_from(KINDS), extra=st.integers(0, 10**6))
def test_a_further_affirmation_never_leaves_criteria_met(policy: Policy, seed: int, kind: tuple, extra: int) -> None:
    denied = {a.criterion for a in random_attestations(policy, seed) if a.assertion != "Affirmed"}
    base = [Attestation(i) for i in leaves(policy) if not i.startswith("exclusions") and i not in denied]
    candidates = [i for i in leaves(policy) if not i.startswith("exclusions")]
    before = run(policy, chart(base, **facts(*kind)))
    after = run(
        policy, chart([*base, Attestation(candidates[extra % len(candidates)], observed="2025-06-05")], **facts(*kind))
    )
    assert before.outcome != "criteria-met" or after.outcome == "criteria-met"


@examples(4)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS), order=st.integers(0, 10**6))
def test_order_and_names_never_matter(policy: Policy, seed: int, kind: tuple, order: int) -> None:
    attestations = random_attestations(policy, seed)
    shuffled = list(attestations)
    random.Random(order).shuffle(shuffled)
    first = run(policy, chart(attestations, **facts(*kind)))
    second = run(policy, chart(shuffled, **facts(*kind)).replace("example.org/chart#", "other.example/x/"))
    assert [(r.criterion.id, r.status) for r in first.criteria] == [(r.criterion.id, r.status) for r in second.criteria]
    assert (first.outcome, list(first.gaps)) == (second.outcome, list(second.gaps))


@pytest.mark.parametrize(
    ("start", "outcome"),
    [
        ("2025-03-31", "no-policy-version"),
        ("2025-04-01", "documentation-needed"),
        ("2031-01-01", "documentation-needed"),
    ],
)
def test_version_by_date_of_service(policy: Policy, start: str, outcome: str) -> None:
    determination = run(policy, chart([], start=start, end=None))
    assert determination.outcome == outcome
    assert bool(determination.criteria) == (outcome != "no-policy-version")


def test_a_stay_across_versions_gets_one_result_each(policy: Policy) -> None:
    graph = Graph().parse(data=chart([], start="2025-03-20", end="2025-04-10"), format="turtle")
    determinations = determine(graph, policy)
    assert [(str(d.service_start), str(d.service_end), d.outcome.value) for d in determinations] == [
        ("2025-03-20", "2025-03-31", "no-policy-version"),
        ("2025-04-01", "2025-04-10", "documentation-needed"),
    ]


def test_age_at_the_start_of_service(policy: Policy) -> None:
    minor = run(policy, chart([], birth="2007-06-03"))
    adult = run(policy, chart([], birth="2007-06-02"))
    assert minor.status("child-adolescent:3") == "not-documented"
    assert not any(r.criterion.id.startswith("child-adolescent") for r in adult.criteria)
    for determination in (minor, adult):
        assert any("age of majority" in note for note in determination.notes)


def test_file_and_graph_agree(policy: Policy, tmp_path: Path) -> None:
    turtle = chart([Attestation("adult-admission:3")])
    path = tmp_path / "chart.ttl"
    path.write_text(turtle)
    (from_file,) = determine(path, policy)
    assert from_file.outcome == run(policy, turtle).outcome
    assert from_file.status("adult-admission:3") == "met"


def test_the_order_of_hashes_never_matters() -> None:
    """Tests run with one seed of Python's hashes, and so would not see what depends on it."""
    command = [sys.executable, "-m", "reasoner", "determine", str(CASES / "mp9556" / "dates"), "--format", "jsonl"]
    first, second = (
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    )
    assert first
    assert first == second
