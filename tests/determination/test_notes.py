"""The notes of a determination, each of which says one thing beside the statuses, and the messages of its criteria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from reasoner import Policy, determine
from reasoner.chart.model import Document, Statement
from reasoner.determination.notes import reviewer_notes
from reasoner.determination.settling import settle
from reasoner.logic.fold import Status
from reasoner.policy.model import Advice
from reasoner.rdf.namespaces import NEC
from tests.cases import case, inferred, make_statement
from tests.conftest import CASES
from tests.policies import BY_LETTER, all_of, effective, iri, leaf, parameters, replacing, version

DETAIL = "urn:detail"
VERSION = version(
    all_of("s", leaf("a", details=(DETAIL,)), leaf("b", opposites=(iri("c"),)), leaf("c", opposites=(iri("b"),))),
    all_of("t", leaf("elsewhere"), applies_to="minor"),
    exclusions=(leaf("x"),),
    description=(leaf("z"),),
    parameters=parameters(ageOfMajority=18, ageNoteFrom=16, ageNoteTo=22, window=7),
    advice=(Advice("Look at the plan."),),
)
ADVICE = "advice: Look at the plan."


def noted(
    *statements: Statement, statuses: Mapping[str, str] | None = None, classes: tuple[str, ...] = (), **facts: object
) -> list[str]:
    """The notes of a case, the standing advice apart, which is always the last."""
    sample = case(*statements, **facts)  # type: ignore[arg-type]
    inference = inferred(sample)
    policy = effective(VERSION, *classes)
    given = dict.fromkeys(policy.parts, BY_LETTER["D"]) | {iri(i): BY_LETTER[s] for i, s in (statuses or {}).items()}
    *lines, last = reviewer_notes(sample, policy, settle(sample, inference, VERSION), given, inference)
    assert last == ADVICE
    return lines


def test_a_plain_case_has_the_advice_alone() -> None:
    assert noted(make_statement("yes", "affirms", "b")) == []


@pytest.mark.parametrize(("birth", "age"), [(date(2009, 6, 1), 16), (date(2002, 6, 2), 22)])
def test_an_age_near_majority_is_noted_with_the_age_that_is_taken(birth: date, age: int) -> None:
    (line,) = noted(birth=birth)
    assert f"the member is {age} at the start of service" in line
    assert "18 is taken" in line


@pytest.mark.parametrize("birth", [date(2009, 6, 2), date(2002, 6, 1)])
def test_an_age_outside_of_that_range_is_not_noted(birth: date) -> None:
    assert noted(birth=birth) == []


def test_a_late_entry_is_noted_with_the_day_of_its_record() -> None:
    line = "late entry: urn:statement:late was recorded on 2025-06-21, after service end"
    assert noted(make_statement("late", "denies", "b", on=5, recorded=21)) == [line]


@pytest.mark.parametrize(
    ("statement", "is_noted"),
    [
        (make_statement("bare", "affirms", "a"), True),
        (make_statement("detailed", "affirms", "a", facts={DETAIL: '"3"'}), False),
        (make_statement("denied", "denies", "a"), False),
        (make_statement("other", "affirms", "b"), False),
    ],
)
def test_an_affirmation_without_the_detail_of_its_leaf_is_noted(statement: Statement, is_noted: bool) -> None:
    assert noted(statement) == ([f"attested without detail: {statement.iri} to a"] if is_noted else [])


def by(kind: str = "", author: str = "R. Example", role: str = "") -> Statement:
    """A statement by an author whose kind, name and role are stated or not."""
    document = Document("urn:by", "Note", author, role, None)
    kind_iri = str(NEC[kind]) if kind else ""
    return make_statement(f"by-{kind or author or role}", "affirms", "b")._replace(
        author_kind=kind_iri, document=document
    )


NO_PROVIDER = "author: no document is stated to be a provider's"
NO_AUTHOR = "author: no document says who wrote it"


@pytest.mark.parametrize(
    ("statements", "line"),
    [
        ((), None),
        ((by(),), None),
        ((by(author="", role="nurse"),), None),
        ((by(author=""),), NO_AUTHOR),
        ((by(author=""), by()), None),
        ((by("Family"),), NO_PROVIDER),
        ((by("Family"), by("Patient"), by("NonProvider"), by(), by(author="")), NO_PROVIDER),
        ((by("Family"), by("Provider")), None),
        ((by(author=""), by("Provider", author="")), None),
    ],
)
def test_a_chart_in_which_no_provider_is_known_to_speak_carries_one_note(
    statements: tuple[Statement, ...], line: str | None
) -> None:
    assert noted(*statements) == ([line] if line else [])


LINE, GOVERNMENT, MEDICARE, EITHER = (f"urn:{name}" for name in ("line", "government", "medicare", "medicaid"))


@pytest.mark.parametrize(
    ("facts", "given"),
    [
        ({}, ["always", "unless stated"]),
        ({"urn:other": MEDICARE}, ["always", "where Medicare", "unless stated"]),
        ({LINE: "urn:commercial"}, ["always"]),
        ({LINE: MEDICARE}, ["always", "where Medicare"]),
        ({LINE: EITHER}, ["always", "where either"]),
        ({LINE: GOVERNMENT}, ["always", "where either"]),
    ],
)
def test_advice_is_given_where_the_request_states_what_it_is_about(facts: dict[str, str], given: list[str]) -> None:
    sketched = version(
        all_of("s", leaf("a")),
        advice=(
            Advice("always"),
            Advice("where Medicare", where=(MEDICARE,)),
            Advice("where either", where=(EITHER, GOVERNMENT)),
            Advice("unless stated", unless=(LINE,)),
        ),
    )
    sample = replace(case(), facts=tuple(("<urn:plan>", f"<{p}>", f"<{o}>") for p, o in facts.items()))
    policy = effective(sketched)
    statuses = dict.fromkeys(policy.parts, BY_LETTER["D"])
    lines = reviewer_notes(sample, policy, settle(sample, inferred(sample), sketched), statuses, inferred(sample))
    assert list(lines) == [f"advice: {text}" for text in given]


@pytest.mark.parametrize(("statuses", "is_noted"), [({"b": "M", "c": "M"}, True), ({"b": "M", "c": "N"}, False)])
def test_opposites_that_are_both_met_are_noted_once(statuses: dict[str, str], is_noted: bool) -> None:
    line = "opposites: b and c are both affirmed; each stands by itself"
    assert noted(statuses=statuses) == ([line] if is_noted else [])


@pytest.mark.parametrize(("status", "is_noted"), [("N", True), ("C", True), ("M", False), ("D", False)])
def test_a_description_that_is_documented_otherwise_is_noted(status: str, is_noted: bool) -> None:
    line = "description: z (label of z) is documented otherwise"
    assert noted(statuses={"z": status, "x": status}) == ([line] if is_noted else [])


def test_a_statement_to_a_criterion_that_is_not_asked_is_noted() -> None:
    statement = make_statement("yes", "affirms", "elsewhere")
    assert noted(statement) == ["not asked here: urn:statement:yes speaks to elsewhere"]
    assert noted(statement, classes=("minor",)) == []


def test_a_statement_to_no_criterion_is_noted() -> None:
    assert noted(make_statement("yes", "affirms", "unknown")) == ["speaks to no criterion: urn:statement:yes"]


def test_a_substitution_that_took_effect_is_noted() -> None:
    sketched = version(
        all_of("s", leaf("a"), leaf("b")), substitutions=(replacing("b"), replacing("a", "b", when="minor"))
    )
    empty = case()
    settlement = settle(empty, inferred(empty), sketched)
    policy = effective(sketched)
    statuses = dict.fromkeys(policy.parts, BY_LETTER["D"])
    assert reviewer_notes(empty, policy, settlement, statuses, inferred(empty)) == (
        "substitution: nothing in place of b",
    )


def test_notes_come_in_a_fixed_order() -> None:
    lines = noted(
        make_statement("late", "affirms", "a", on=5, recorded=21),
        make_statement("silent", "affirms", "unknown"),
        make_statement("unasked", "affirms", "elsewhere"),
        statuses={"b": "M", "c": "M", "z": "N"},
        birth=date(2008, 1, 1),
    )
    kinds = [
        "age",
        "late entry",
        "attested without detail",
        "opposites",
        "description",
        "not asked here",
        "speaks to no criterion",
    ]
    assert [line.partition(":")[0] for line in lines] == kinds


@pytest.mark.parametrize(
    ("chart", "expected"),
    [
        ("same-day-contradiction", ("The record says both: current statements affirm it, and others deny it.",)),
        (
            "severity-coded-otherwise",
            (
                "The record affirms it and speaks against it.",
                "The record rates every disorder under review below moderate.",
            ),
        ),
    ],
)
def test_of_a_conflict_both_sides_are_told(chart: str, expected: tuple[str, ...], policy: Policy) -> None:
    (determination,) = determine(CASES / "mp9556" / "adult-admission" / f"{chart}.ttl", policy)
    conflicting = [r for r in determination.criteria if r.status is Status.CONFLICTING and not r.members]
    assert [result.messages for result in conflicting] == [expected]
