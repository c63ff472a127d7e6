"""Settling, rule by rule: which statements are current for a leaf, and which are set aside and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from rdflib import URIRef

from reasoner.chart.model import Assertion, Statement
from reasoner.determination.bearing import Reason, Settlement
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.settling import settle
from reasoner.policy.findings import Findings
from reasoner.rdf.namespaces import NEC, RDF
from tests.cases import case, day, inferred, make_statement
from tests.policies import EMPTY, all_of, finding, iri, leaf, version

TOPIC, ACCEPTED_BY = "urn:topic", "urn:accepted-by"
WIDER = {
    "narrow-a": ("a",),
    "other-a": ("a",),
    "a-and-b": ("a", "b"),
    "first-kind": ("t",),
    "second-kind": ("t",),
}
"""Narrower findings, and the leaves' findings that they imply."""
RELATIONS = Findings(broader={finding(name): frozenset(map(finding, wider)) for name, wider in WIDER.items()})
VERSION = version(
    all_of(
        "s",
        leaf("a"),
        leaf("b"),
        leaf("c", conditional=True),
        leaf("t", topic=TOPIC),
        leaf("open", speaks_only_with=(ACCEPTED_BY,)),
    ),
    contraries={finding("not-a"): (finding("a"),)},
    lexicon=replace(EMPTY, relations=RELATIONS),
)
A, D, NA = Assertion.AFFIRMED, Assertion.DENIED, Assertion.NOT_APPLICABLE


def settled(*statements: Statement, **facts: object) -> Settlement:
    sample = case(*statements, **facts)  # type: ignore[arg-type]
    return settle(sample, inferred(sample, WIDER), VERSION)


def current(settlement: Settlement, id_: str = "a") -> dict[str, Assertion]:
    """The stances of the current statements to a leaf, by the statements' names."""
    return {b.statement.iri.removeprefix("urn:statement:"): b.stance for b in settlement.bearings.get(iri(id_), ())}


def aside(settlement: Settlement) -> set[tuple[str, str, Reason]]:
    """What is set aside, for which leaf, and why."""
    prefix, criterion = "urn:statement:", "urn:criterion:"
    return {
        (a.statement.iri.removeprefix(prefix), a.leaf.removeprefix(criterion), a.reason) for a in settlement.set_aside
    }


# What counts.


def test_a_statement_speaks_to_the_leaf_of_its_class_and_to_no_other() -> None:
    settlement = settled(make_statement("yes", "affirms", "a"))
    assert current(settlement) == {"yes": A}
    assert set(settlement.bearings) == {iri("a")}
    assert aside(settlement) == set()


def test_a_statement_recorded_after_the_as_of_date_does_not_count() -> None:
    statements = (
        make_statement("early", "affirms", "a", on=1, recorded=3),
        make_statement("later", "denies", "a", on=2, recorded=4),
    )
    settlement = settled(*statements, as_of=date(2025, 6, 3))
    assert current(settlement) == {"early": A}
    assert aside(settlement) == {("later", "", Reason.RECORDED_LATER)}
    assert [one.would_address for one in settlement.set_aside] == [(iri("a"),)]


def test_a_statement_recorded_on_the_as_of_date_counts() -> None:
    assert current(settled(make_statement("yes", "affirms", "a", on=1, recorded=3), as_of=date(2025, 6, 3))) == {
        "yes": A
    }


@pytest.mark.parametrize(
    ("windowed", "end", "last"), [(True, 20, 8), (True, None, 8), (True, 3, 8), (False, 20, 20), (False, 3, 3)]
)
def test_the_period_ends_with_the_window_of_an_axis_value_or_with_service(
    windowed: bool, end: int | None, last: int
) -> None:
    for on, counts in ((last, True), (last + 1, False)):
        settlement = settled(make_statement("yes", "affirms", "a", on=on), windowed=windowed, end=end)
        assert current(settlement) == ({"yes": A} if counts else {})
        assert aside(settlement) == (set() if counts else {("yes", "", Reason.OBSERVED_LATER)})


def test_an_open_service_without_a_window_has_no_bound() -> None:
    assert current(settled(make_statement("yes", "affirms", "a", on=60), end=None)) == {"yes": A}


def test_what_speaks_to_no_leaf_is_set_aside_as_silent() -> None:
    settlement = settled(make_statement("else", "affirms", "unknown"))
    assert settlement.bearings == {}
    assert aside(settlement) == {("else", "", Reason.SILENT)}


def test_a_statement_that_nobody_accepted_does_not_speak_to_a_leaf_that_demands_it() -> None:
    for stance in ("affirms", "denies"):
        settlement = settled(make_statement("bare", stance, "open"))
        assert current(settlement, "open") == {}
        assert aside(settlement) == {("bare", "open", Reason.UNACCEPTED)}
    accepted = settled(make_statement("accepted", "affirms", "open", facts={ACCEPTED_BY: "<urn:reviewer>"}))
    assert current(accepted, "open") == {"accepted": A}


# What supersedes.


def test_the_latest_observation_supersedes_whatever_it_says() -> None:
    for first, last, stance in (("affirms", "denies", D), ("denies", "affirms", A), ("affirms", "affirms", A)):
        settlement = settled(make_statement("old", first, "a", on=2), make_statement("new", last, "a", on=3))
        assert current(settlement) == {"new": stance}
        assert aside(settlement) == {("old", "a", Reason.SUPERSEDED)}


def test_what_was_observed_later_supersedes_though_it_was_recorded_earlier() -> None:
    settlement = settled(
        make_statement("new", "denies", "a", on=3, recorded=3), make_statement("old", "affirms", "a", on=2, recorded=9)
    )
    assert current(settlement) == {"new": D}


@pytest.mark.parametrize(("first", "second", "stances"), [("affirms", "denies", {A, D}), ("affirms", "affirms", {A})])
def test_statements_of_one_day_stand_together(first: str, second: str, stances: set[Assertion]) -> None:
    settlement = settled(
        make_statement("one", first, "a", on=3),
        make_statement("two", second, "a", on=3),
        make_statement("old", "denies", "a", on=1),
    )
    assert set(current(settlement)) == {"one", "two"}
    assert set(current(settlement).values()) == stances


def test_affirmed_and_not_applicable_on_one_day_both_stand() -> None:
    settlement = settled(make_statement("one", "affirms", "c"), make_statement("two", "rules out", "c"))
    assert current(settlement, "c") == {"one": A, "two": NA}


def test_superseding_on_one_leaf_leaves_the_other_alone() -> None:
    settlement = settled(make_statement("both", "affirms", "a-and-b", on=2), make_statement("new", "denies", "a", on=3))
    assert current(settlement, "a") == {"new": D}
    assert current(settlement, "b") == {"both": A}
    assert aside(settlement) == {("both", "a", Reason.SUPERSEDED)}


def test_a_late_entry_supersedes_nothing_and_is_superseded_by_a_timely_observation_of_a_later_day() -> None:
    settlement = settled(
        make_statement("timely", "affirms", "a", on=5), make_statement("late", "denies", "a", on=9, recorded=21)
    )
    assert current(settlement) == {"timely": A, "late": D}
    settlement = settled(
        make_statement("timely", "affirms", "a", on=9), make_statement("late", "denies", "a", on=5, recorded=21)
    )
    assert current(settlement) == {"timely": A}
    assert aside(settlement) == {("late", "a", Reason.SUPERSEDED)}
    assert settlement.late == {"urn:statement:late"}


def test_what_is_recorded_on_the_last_day_of_service_is_timely() -> None:
    settlement = settled(
        make_statement("old", "affirms", "a", on=5), make_statement("new", "denies", "a", on=9, recorded=20)
    )
    assert current(settlement) == {"new": D}
    assert settlement.late == set()


def test_without_a_service_end_nothing_is_late() -> None:
    assert settled(make_statement("yes", "affirms", "a", on=5, recorded=60), end=None).late == set()


# Wider and narrower findings.


def test_affirming_a_narrower_finding_affirms_the_leaf() -> None:
    assert current(settled(make_statement("yes", "affirms", "narrow-a"))) == {"yes": A}


def test_denying_a_narrower_finding_leaves_the_leaf_open() -> None:
    settlement = settled(make_statement("no", "denies", "narrow-a"))
    assert settlement.bearings == {}
    assert aside(settlement) == {("no", "", Reason.NARROWER)}


def test_a_later_denial_of_the_very_finding_withdraws_its_affirmation() -> None:
    settlement = settled(
        make_statement("yes", "affirms", "narrow-a", on=2), make_statement("no", "denies", "narrow-a", on=3)
    )
    assert current(settlement) == {}
    assert ("yes", "a", Reason.WITHDRAWN) in aside(settlement)


def test_a_withdrawn_finding_leaves_another_standing() -> None:
    statements = (make_statement("yes", "affirms", "narrow-a", on=2), make_statement("no", "denies", "narrow-a", on=3))
    assert current(settled(*statements, make_statement("other", "affirms", "other-a", on=2))) == {"other": A}


def test_a_denial_of_the_very_finding_on_the_same_day_disputes_it() -> None:
    settlement = settled(
        make_statement("yes", "affirms", "narrow-a", on=2), make_statement("no", "denies", "narrow-a", on=2)
    )
    assert current(settlement) == {"yes": A, "no": D}
    assert aside(settlement) == set()


def test_an_earlier_denial_of_the_very_finding_changes_nothing() -> None:
    settlement = settled(
        make_statement("no", "denies", "narrow-a", on=2), make_statement("yes", "affirms", "narrow-a", on=3)
    )
    assert current(settlement) == {"yes": A}
    assert aside(settlement) == {("no", "", Reason.NARROWER)}


def test_a_late_denial_of_the_very_finding_disputes_it() -> None:
    settlement = settled(
        make_statement("yes", "affirms", "narrow-a", on=2),
        make_statement("no", "denies", "narrow-a", on=5, recorded=21),
    )
    assert current(settlement) == {"yes": A, "no": D}


def test_denying_one_part_of_a_compound_finding_leaves_the_other_parts() -> None:
    settlement = settled(make_statement("both", "affirms", "a-and-b", on=2), make_statement("no", "denies", "a", on=2))
    assert current(settlement, "a") == {"both": A, "no": D}
    assert current(settlement, "b") == {"both": A}


def test_denying_one_of_two_findings_of_a_statement_leaves_the_other() -> None:
    settlement = settled(make_statement("both", "affirms", "a", "b", on=2), make_statement("no", "denies", "a", on=3))
    assert current(settlement, "a") == {"no": D}
    assert current(settlement, "b") == {"both": A}
    settlement = settled(make_statement("both", "affirms", "narrow-a", "b"), make_statement("no", "denies", "narrow-a"))
    assert current(settlement, "a") == {"both": A, "no": D}
    assert current(settlement, "b") == {"both": A}


# Contraries.


def test_affirming_the_contrary_denies_the_leaf() -> None:
    settlement = settled(make_statement("contrary", "affirms", "not-a"))
    assert current(settlement) == {"contrary": D}
    assert [bearing.contrary for bearing in settlement.bearings[iri("a")]] == [True]


def test_denying_the_contrary_affirms_nothing() -> None:
    settlement = settled(make_statement("no", "denies", "not-a"))
    assert settlement.bearings == {}
    assert aside(settlement) == {("no", "", Reason.NARROWER)}


def test_a_contrary_supersedes_and_conflicts_as_a_denial_does() -> None:
    assert current(
        settled(make_statement("yes", "affirms", "a", on=2), make_statement("contrary", "affirms", "not-a", on=3))
    ) == {"contrary": D}
    same_day = settled(
        make_statement("yes", "affirms", "a", on=3), make_statement("contrary", "affirms", "not-a", on=3)
    )
    assert current(same_day) == {"yes": A, "contrary": D}


# A leaf of several facts, told apart by their topic.


def about(topic: str) -> dict[str, str]:
    return {TOPIC: f"<urn:topic:{topic}>"}


def test_statements_supersede_each_other_topic_by_topic() -> None:
    settlement = settled(
        make_statement("old-one", "affirms", "t", on=2, facts=about("one")),
        make_statement("new-one", "affirms", "t", on=4, facts=about("one")),
        make_statement("two", "affirms", "t", on=3, facts=about("two")),
    )
    assert current(settlement, "t") == {"new-one": A, "two": A}
    assert aside(settlement) == {("old-one", "t", Reason.SUPERSEDED)}


def facts(settlement: Settlement, id_: str = "t") -> dict[str, set[str]]:
    """The names of the current statements on each fact of a leaf, by topic."""
    return {
        fact.topic.removeprefix("<urn:topic:").removesuffix(">"): {
            b.statement.iri.removeprefix("urn:statement:") for b in fact.bearings
        }
        for fact in settlement.facts[iri(id_)]
    }


def test_statements_without_a_topic_are_one_fact() -> None:
    settlement = settled(
        make_statement("first", "affirms", "first-kind", on=2), make_statement("second", "affirms", "second-kind", on=3)
    )
    assert facts(settlement) == {"": {"second"}}
    assert aside(settlement) == {("first", "t", Reason.SUPERSEDED)}


def test_each_fact_is_settled_by_itself() -> None:
    settlement = settled(
        make_statement("yes", "affirms", "t", facts=about("one")),
        make_statement("no", "denies", "t", facts=about("two")),
        make_statement("later", "denies", "t", on=4, facts=about("one")),
    )
    assert facts(settlement) == {"one": {"later"}, "two": {"no"}}
    assert aside(settlement) == {("yes", "t", Reason.SUPERSEDED)}


def test_a_denial_without_a_topic_speaks_of_every_fact_observed_by_that_day() -> None:
    settlement = settled(
        make_statement("before", "affirms", "t", on=2, facts=about("one")),
        make_statement("same-day", "affirms", "t", on=3, facts=about("two")),
        make_statement("after", "affirms", "t", on=4, facts=about("three")),
        make_statement("late", "affirms", "t", on=4, recorded=21, facts=about("four")),
        make_statement("none", "denies", "t", on=3),
    )
    assert facts(settlement) == {
        "": {"none"},
        "one": {"none"},
        "two": {"none", "same-day"},
        "three": {"after"},
        "four": {"none", "late"},
    }


# The graph that the shapes see.


def test_evidence_is_typed_with_the_leaf_that_it_is_current_for() -> None:
    sample = case(
        make_statement("both", "affirms", "a-and-b", on=2),
        make_statement("new", "denies", "a", on=3),
        make_statement("anti", "affirms", "not-a", on=3, facts=about("one")),
    )
    inference = inferred(sample, WIDER)
    graph = evidence_graph(sample, inference, settle(sample, inference, VERSION), VERSION)
    request, both, new = URIRef(sample.iri), URIRef("urn:statement:both"), URIRef("urn:statement:new")
    contrary = URIRef("urn:statement:anti-denied")
    assert set(graph.objects(request, RDF.type)) == {NEC.ReviewRequest}
    assert set(graph.objects(request, NEC.ageGroup)) == {NEC.Adult}
    assert set(graph.objects(request, NEC.affirmed)) == {both}
    assert set(graph.objects(request, NEC.denied)) == {new, contrary}
    assert set(graph.objects(both, RDF.type)) == {URIRef(finding("b")), URIRef(finding("a-and-b"))}
    assert set(graph.objects(new, RDF.type)) == {URIRef(finding("a"))}
    assert set(graph.predicate_objects(contrary)) == {(RDF.type, URIRef(finding("a")))}


def test_what_is_set_aside_comes_in_the_order_of_statements_and_leaves() -> None:
    settlement = settled(
        make_statement("z", "affirms", "a-and-b", on=2),
        make_statement("y", "affirms", "a-and-b", on=3),
        make_statement("x", "affirms", "unknown", on=3),
    )
    assert [(a.statement.iri[-1], a.leaf[-1:]) for a in settlement.set_aside] == [("x", ""), ("z", "a"), ("z", "b")]
    assert day(3) == settlement.bearings[iri("a")][0].statement.observed
