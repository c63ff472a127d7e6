"""Assumptions of facts: of one fact of a leaf, refolded as documentation is, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reasoner import Determination, Policy, determine
from reasoner.determination.whatif import assumable_facts, assume, next_question
from reasoner.ground.errors import UsageError
from reasoner.logic.fold import FactStatus, LeafFacts, Status
from tests.conftest import VERSION
from tests.policies import A, C, D, M, N
from tests.render.test_facts import STATEMENTS, chart

WITHDRAWAL, NEED = "substance-use:2", "adult-admission:8-a-need"


@pytest.fixture(scope="module")
def determination(policy: Policy) -> Determination:
    """The opioid withdrawal is manageable, the alcohol one in conflict; the home is unstable, and no need is stated."""
    (found,) = determine(chart({**STATEMENTS, "home": "iop:Homelessness"}), policy)
    return found


def after(determination: Determination, id_: str, **stances: str) -> Status:
    """The status of a criterion if something is assumed of facts of the withdrawal, by their words."""
    assumption = assume(determination, {f"{WITHDRAWAL} {fact}": stance for fact, stance in stances.items()})
    return assumption.evaluation.statuses[determination.criterion(id_).criterion.iri]


def test_a_fact_that_is_assumed_is_folded_with_the_others(determination: Determination) -> None:
    assert determination.status(WITHDRAWAL) is C
    assert after(determination, WITHDRAWAL, alcohol="affirmed") is M
    assert after(determination, WITHDRAWAL, alcohol="denied") is N
    assert after(determination, WITHDRAWAL, alcohol="silent") is D
    assert after(determination, WITHDRAWAL, alcohol="not-applicable") is M
    assert after(determination, WITHDRAWAL, opioids="denied") is N
    assert after(determination, WITHDRAWAL, alcohol="affirmed", cannabis="denied") is N


def test_a_need_that_is_assumed_of_one_factor_pairs_with_that_alone(determination: Determination) -> None:
    group = "adult-admission:8-a"
    for factor, status in (("unstable living situation", M), ("adult-admission:8-a-iii", M), ("8-a-v", D)):
        assumption = assume(determination, {f"{NEED} {factor}": "affirmed"})
        assert assumption.evaluation.statuses[determination.criterion(group).criterion.iri] is status


@pytest.mark.parametrize("words", ["alcohol", "Alcohol", "https://w3id.org/necessity/mp9556/vocabulary#Alcohol"])
def test_a_fact_is_named_by_label_local_name_or_iri(determination: Determination, words: str) -> None:
    assumption = assume(determination, {f"{WITHDRAWAL} {words}": "affirmed"})
    assert [change.criterion.id for change in assumption.changes] == ["substance-use", WITHDRAWAL]


def test_what_the_record_names_can_be_assumed_first_and_then_the_other_values(determination: Determination) -> None:
    leaf = determination.criterion(WITHDRAWAL).criterion
    assert list(assumable_facts(determination, leaf).values())[:3] == ["alcohol", "opioids", "cannabis"]
    assert assumable_facts(determination, determination.criterion("adult-admission:3").criterion) == {}
    disorders = assumable_facts(determination, determination.criterion("adult-admission:1-diagnosis").criterion)
    assert "panic disorder" in disorders.values()


def test_words_of_the_record_can_be_a_fact_where_they_may(policy: Policy) -> None:
    graph = chart(
        {
            "new": 'nec:Statement ; nec:addresses <X> ; iop:symptom "Hearing voices"'.replace(
                "X", f"{VERSION}adult-continuation/3"
            )
        }
    )
    graph.update(
        "PREFIX nec: <https://w3id.org/necessity/core#> "
        "DELETE { ?r nec:phase nec:Admission } INSERT { ?r nec:phase nec:Continuation } WHERE { ?r nec:phase ?p }"
    )
    (found,) = determine(graph, policy)
    for words in ("hearing voices", "sees things"):
        assumption = assume(found, {f"adult-continuation:3 {words}": "affirmed"})
        assert assumption.evaluation.statuses[found.criterion("adult-continuation:3").criterion.iri] is M


@pytest.mark.parametrize(
    ("stances", "problem"),
    [
        ({f"{WITHDRAWAL} beer": "denied"}, "'beer' is nothing that substance-use:2 asks about.*alcohol, opioids"),
        ({"adult-admission:3 work": "denied"}, "adult-admission:3 asks about one fact alone"),
        ({WITHDRAWAL: "denied", f"{WITHDRAWAL} alcohol": "denied"}, "substance-use:2 and of one of its facts"),
        ({"adult-admission:2-a-activities work": "not-applicable"}, "unconditional"),
    ],
)
def test_what_cannot_be_assumed_of_a_fact_is_refused(
    determination: Determination, stances: dict[str, str], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        assume(determination, stances)


def test_the_next_question_says_what_of_its_leaf_stands_open(policy: Policy, determination: Determination) -> None:
    leaves = [leaf.id for leaf in policy.versions[0].leaves.values()]
    others = {id_: "affirmed" for id_ in determination.gaps.occurrences() if id_ != WITHDRAWAL and id_ in leaves}
    assert others
    settled = assume(determination, others).evaluation
    question = next_question(replace(determination, evaluation=settled, readings=()))
    assert question is not None
    assert (question.criterion.id, [fact.label for fact in question.facts]) == (WITHDRAWAL, ["alcohol"])


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (LeafFacts((FactStatus("<a>", M), FactStatus("<b>", N))), M),
        (LeafFacts((FactStatus("<a>", M), FactStatus("<b>", N)), every=True), N),
        (LeafFacts((FactStatus("<a>", M),), every=True, unread=True), D),
        (LeafFacts((FactStatus("<a>", N),), every=True, unread=True), N),
        (LeafFacts((FactStatus("<a>", N), FactStatus("<b>", N)), denied_by_every=True), N),
        (LeafFacts((FactStatus("<a>", N), FactStatus("<b>", D)), denied_by_every=True), D),
        (LeafFacts((FactStatus("<a>", N),), denied_by_every=True, unread=True), D),
        (LeafFacts((FactStatus("", N),), denied_by_every=True), D),
        (LeafFacts((FactStatus("", N),), denied_by_every=True, denied=True), N),
        (LeafFacts((FactStatus("<a>", M), FactStatus("<b>", N)), of_whole=frozenset({"<b>"})), C),
        (LeafFacts((FactStatus("<a>", D), FactStatus("<b>", N)), of_whole=frozenset({"<b>"})), N),
        (LeafFacts((FactStatus("", A),), conditional=True), A),
    ],
)
def test_the_status_of_a_leaf_follows_from_its_facts(facts: LeafFacts, status: Status) -> None:
    assert facts.status is status


def test_a_fact_that_is_assumed_does_not_deny_the_leaf_as_a_whole_any_more() -> None:
    facts = LeafFacts((FactStatus("<a>", M), FactStatus("<b>", N)), of_whole=frozenset({"<b>"}))
    assert facts.assuming({"<b>": D}).status is M
    assert facts.assuming({"<a>": D}).status is N
