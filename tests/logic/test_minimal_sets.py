"""Justifications: by the fold on random charts of the whole policy."""

from __future__ import annotations

import itertools
import random

import pytest
from rdflib import Graph

from reasoner import Policy, determine
from reasoner.determination.model import Determination
from reasoner.logic.fold import Evaluation, Outcome, Status
from reasoner.logic.justification import changes, gaps, grounds, objections, statement_grounds
from reasoner.policy.effective import EffectivePolicy
from tests.conftest import Attestation, chart

KINDS = [
    {"phase": phase, "focus": focus, "birth": birth, "jurisdiction": place}
    for phase, focus, birth, place in itertools.product(
        ("Admission", "Continuation"),
        ("MentalHealth", "SubstanceUse"),
        ("1980-01-01", "2012-01-01"),
        ("US-MO", "US-IL"),
    )
]


def run(policy: Policy, attestations: list[Attestation], **facts: str) -> Determination:
    (determination,) = determine(Graph().parse(data=chart(attestations, **facts), format="turtle"), policy)
    return determination


@pytest.fixture(scope="module")
def kinds(policy: Policy) -> list[EffectivePolicy]:
    """The effective policy of every kind of request, under the default and under every other reading."""
    policies = []
    for facts in KINDS:
        determination = run(policy, [], **facts)
        policies += [determination.evaluation.policy, *(tried.evaluation.policy for tried in determination.readings)]
    return list(dict.fromkeys(policies))


def test_an_empty_chart_of_a_minor_with_substance_use(policy: Policy) -> None:
    determination = run(policy, [], focus="SubstanceUse", birth="2012-01-01")
    assert determination.gaps.count == 648
    sets = list(determination.gaps)
    assert len(set(sets)) == 648
    assert sets == sorted(sets, key=lambda s: (len(s), s))
    assert len(sets[0]) == min(map(len, sets))


def random_evaluation(policy: EffectivePolicy, seed: int) -> Evaluation:
    dice = random.Random(seed)
    bias = dice.choice((0.3, 0.7, 0.95, 1.0))
    items = {iri for section in policy.lists for iri in section.criterion.members}
    leaves = {}
    for iri in policy.leaves:
        usual = Status.NOT_DOCUMENTED if iri in items else Status.MET
        choices = [Status.MET, Status.NOT_MET, Status.NOT_DOCUMENTED, Status.NOT_DOCUMENTED, Status.CONFLICTING]
        if policy.version.criteria[iri].conditional:
            choices.append(Status.NOT_APPLICABLE)
        odds = 0.97 if iri in items else bias
        leaves[iri] = usual if dice.random() < odds else dice.choice(choices)
    return Evaluation(policy, policy.shown(leaves))


def set_to(evaluation: Evaluation, ids: set[str], status: Status, *, exclusion: Status | None = None) -> Evaluation:
    version, items = evaluation.policy.version, set(evaluation.policy.exclusions)
    chosen = [version.by_id[id_] for id_ in ids]
    return evaluation.assuming({c.iri: exclusion if exclusion and c in items else status for c in chosen})


@pytest.mark.parametrize("seed", range(25))
def test_gaps_grounds_and_changes_are_minimal_and_sufficient(kinds: list[EffectivePolicy], seed: int) -> None:
    seen = set()
    for number, policy in enumerate(kinds):
        evaluation = random_evaluation(policy, seed * 1000 + number)
        seen.add(evaluation.outcome)
        if evaluation.outcome is Outcome.DOCUMENTATION_NEEDED:
            for gap in itertools.islice(gaps(evaluation), 4):
                whole = set_to(evaluation, set(gap), Status.MET, exclusion=Status.NOT_MET)
                assert whole.outcome is Outcome.CRITERIA_MET
                for id_ in gap:
                    less = set_to(evaluation, set(gap) - {id_}, Status.MET, exclusion=Status.NOT_MET)
                    assert less.outcome is not Outcome.CRITERIA_MET
        elif evaluation.outcome is Outcome.CRITERIA_MET:
            silence = policy.shown(dict.fromkeys(policy.leaves, Status.NOT_DOCUMENTED))
            for ground in itertools.islice(grounds(evaluation), 4):
                leaves = {policy.version.by_id[id_].iri for id_ in ground}
                alone = {iri: evaluation.leaves[iri] for iri in leaves}
                assert Evaluation(policy, silence | alone).outcome is Outcome.CRITERIA_MET
                for iri in leaves:
                    less = {other: status for other, status in alone.items() if other != iri}
                    assert Evaluation(policy, silence | less).outcome is not Outcome.CRITERIA_MET
        else:
            against = (Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)
            for change in itertools.islice(changes(evaluation), 4):
                assert set_to(evaluation, set(change), Status.MET, exclusion=Status.NOT_MET).outcome not in against
                for id_ in change:
                    less = set_to(evaluation, set(change) - {id_}, Status.MET, exclusion=Status.NOT_MET)
                    assert less.outcome in against
            silence = policy.shown(dict.fromkeys(policy.leaves, Status.NOT_DOCUMENTED))
            for objection in itertools.islice(objections(evaluation), 4):
                leaves = {policy.version.by_id[id_].iri for id_ in objection}
                alone = {iri: evaluation.leaves[iri] for iri in leaves}
                assert Evaluation(policy, silence | alone).outcome in against
    assert len(seen) > 1


def test_every_gap_by_brute_force(policy: Policy) -> None:
    """All subsets of the eight open leaves are tried against the fold."""
    open_leaves = [f"adult-admission:{i}" for i in ("3", "7-a", "7-b", "8-a-iii", "8-a-need", "8-b", "8-d", "6-plan")]
    done = [
        Attestation(leaf.id)
        for leaf in policy.versions[0].leaves.values()
        if leaf.id and not leaf.id.startswith("exclusions") and leaf.id not in open_leaves
        and leaf.id not in ("adult-admission:8-c-risk", "adult-admission:8-a-i", "adult-admission:8-a-ii")
    ]  # fmt: skip
    determination = run(policy, done)
    missing = sorted({id_ for gap in determination.gaps for id_ in gap})
    complete = []
    for size in range(len(missing) + 1):
        for ids in itertools.combinations(missing, size):
            settled = set_to(determination.evaluation, set(ids), Status.MET)
            if settled.outcome is Outcome.CRITERIA_MET and not any(set(c) < set(ids) for c in complete):
                complete.append(ids)
    assert list(determination.gaps) == complete
    assert len(complete) > 2


def test_statements_that_carry_it(policy: Policy) -> None:
    ids = [leaf.id for leaf in policy.versions[0].leaves.values() if leaf.id and not leaf.id.startswith("exclusions")]
    twice = [Attestation("adult-admission:3")]
    determination = run(policy, [Attestation(id_) for id_ in ids] + twice)
    assert determination.statement_grounds.count == determination.grounds.count * 2
    speaking = {result.criterion.iri: result for result in determination.criteria}
    (section,) = determination.evaluation.policy.sections
    three = next(part for part in section.members if part.criterion.id == "adult-admission:3")
    assert list(statement_grounds(determination.evaluation, lambda leaf, _: speaking[leaf].grounds(), three)) == [
        (iri,) for iri in sorted(b.statement.iri for b in speaking[three.criterion.iri].evidence)
    ]
