"""Laws that hold of any chart, and random charts of bare attestations."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner import Determination, DocumentationError, Policy, Status, determine
from tests.conftest import CASES, Attestation, chart
from tests.explore import examples
from tests.random_charts import Chart, Said, charts, met_charts
from tests.second_evaluator import evaluate
from tests.second_evaluator.vocabulary import SUBSTANCE_USE_DISORDER, vocabulary

CONDITIONAL = {"substance-use:2", "substance-use:3"}
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


@pytest.mark.parametrize("seed", range(32))
def test_random_attestations_get_what_the_second_evaluator_gives(policy: Policy, seed: int) -> None:
    turtle = chart(random_attestations(policy, seed), **facts(*KINDS[seed % len(KINDS)]))
    expected, determination = evaluate(Graph().parse(data=turtle, format="turtle")), run(policy, turtle)
    assert {r.criterion.id: r.status.value for r in determination.criteria} == expected.statuses
    assert determination.outcome == expected.outcome


@pytest.mark.parametrize("kind", KINDS)
def test_silence_meets_nothing_and_full_affirmation_meets_everything(policy: Policy, kind: tuple) -> None:
    silent = run(policy, chart([], **facts(*kind)))
    assert silent.outcome == "documentation-needed"
    assert {r.status.value for r in silent.criteria} == {"not-documented"}
    assert silent.gaps
    whole = [Attestation(i) for i in leaves(policy) if not i.startswith("exclusions")]
    assert run(policy, chart(whole, **facts(*kind))).outcome == "criteria-met"


AFFIRMATIONS = sorted(
    name
    for name, above in vocabulary().above.items()
    if {vocabulary().leaf_of[wider].partition(":")[0] for wider in above if wider in vocabulary().leaf_of}
    - {"exclusions"}
    and not vocabulary().union(vocabulary().contrary_of | vocabulary().not_applicable, above)
)
"""The findings that affirm a clinical leaf, and deny none."""


@examples(60)
@given(
    base=met_charts(),
    finding=st.sampled_from(AFFIRMATIONS),
    day=st.sampled_from([0, 1, -20, 7, -400]),
    written=st.sampled_from([0, 40]),
)
def test_a_further_affirmation_never_leaves_criteria_met(
    policy: Policy, base: Chart, finding: str, day: int, written: int
) -> None:
    """Except a diagnosis that contradicts the focus, and a conditional leaf that is stated not applicable."""
    before = run(policy, base.turtle())
    above = vocabulary().above[finding]
    of_leaves = {vocabulary().leaf_of[wider] for wider in above if wider in vocabulary().leaf_of}
    ruled_out = {result.criterion.id for result in before.criteria if result.status is Status.NOT_APPLICABLE}
    contradicts = base.focus == "MentalHealth" and SUBSTANCE_USE_DISORDER in above
    if before.outcome != "criteria-met" or contradicts or of_leaves & ruled_out:
        return
    further = Said(f", <{finding}>", "Affirmed", day, written)
    assert run(policy, replace(base, said=(*base.said, further)).turtle()).outcome == "criteria-met"


@examples(20)
@given(chart=charts(), seed=st.integers(0, 10**6))
def test_order_and_names_never_matter(policy: Policy, tmp_path: Path, chart: Chart, seed: int) -> None:
    graph, dice = Graph().parse(data=chart.turtle(), format="turtle"), random.Random(seed)
    names = sorted(set(re.findall("example.org/chart#([a-z0-9]+)", graph.serialize(format="nt"))))
    renamed = dict(zip(names, dice.sample([f"n{number}" for number in range(len(names))], len(names)), strict=True))
    lines = graph.serialize(format="nt").splitlines()
    dice.shuffle(lines)
    path = tmp_path / "chart.nt"
    path.write_text(
        re.sub("example.org/chart#([a-z0-9]+)", lambda m: f"other.example/x/{renamed[m[1]]}", "\n".join(lines) + "\n")
    )
    (first,), (second,) = determine(graph, policy), determine(path, policy)
    assert [(r.criterion.id, r.status) for r in first.criteria] == [(r.criterion.id, r.status) for r in second.criteria]
    assert (first.outcome, list(first.gaps), list(first.grounds)) == (
        second.outcome,
        list(second.gaps),
        list(second.grounds),
    )
    assert [(o.reading, o.outcome) for o in first.readings] == [(o.reading, o.outcome) for o in second.readings]

    def aside(determination: Determination, rename: Mapping[str, str]) -> set[tuple[str, str, str]]:
        local = (re.split("[#/]", item.statement.iri)[-1] for item in determination.asides)
        return {(rename.get(n, n), a.leaf, a.words) for n, a in zip(local, determination.asides, strict=True)}

    assert aside(first, renamed) == aside(second, {})


@examples(60)
@given(chart=charts())
def test_everything_read_is_determined_or_set_aside_or_unread_by_name(policy: Policy, chart: Chart) -> None:
    determination = run(policy, chart.turtle())
    named = {bearing.statement.iri for result in determination.criteria for bearing in result.evidence}
    named |= {aside.statement.iri for aside in determination.asides}
    noted = set(" ".join(determination.notes).split())
    every = {f"http://example.org/chart#a{number}" for number in range(len(chart.attested))}
    every |= {f"http://example.org/chart#s{number}" for number in range(len(chart.said))}
    assert every <= named | noted
    assert {item.iri for item in determination.case.unread} == {
        f"http://example.org/chart#u{number}" for number in range(len(chart.left))
    }


@examples(10)
@given(chart=charts())
@pytest.mark.parametrize(
    "broken",
    [
        "a iop:NoSuchFinding ; nec:assertion nec:Affirmed ; nec:documentedIn :note",
        "a iop:SafetyPlan ; nec:assertion nec:Affirmed",
        "a iop:SafetyPlan ; nec:documentedIn :note",
        "a iop:SafetyPlan ; nec:assertion nec:NotApplicable ; nec:documentedIn :note",
        "a nec:Statement ; nec:addresses adult-admission:2-a ; nec:assertion nec:Affirmed ; nec:documentedIn :note",
        'a iop:ProgramHours ; iop:hoursPerWeek "forty" ; nec:assertion nec:Affirmed ; nec:documentedIn :note',
        'a nec:Unread ; nec:kind nec:Condition ; nec:words "Depression"',
    ],
)
def test_what_cannot_be_read_is_rejected_by_name(policy: Policy, broken: str, chart: Chart) -> None:
    turtle = f'{chart.turtle()}\n:broken {broken} ; nec:about :request ; nec:recorded "2025-06-02"^^xsd:date .'
    with pytest.raises(DocumentationError, match="chart#broken"):
        run(policy, turtle)


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
