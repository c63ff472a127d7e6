"""Answers to a form: what each brings along, and what is not taken."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reasoner import Policy
from reasoner.chart.fhir.questionnaire import Subject
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.intake import read
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import NecessityError
from tests.chart.forms import (
    ADULT,
    OTHER_FACTOR,
    Json,
    answered,
    bundle,
    determined,
    facts,
    fill,
    in_full,
    take,
)

# ---------------------------------------------------------------- what an answer rests on


def test_an_answer_brings_its_evidence_author_and_place(policy: Policy, form_of: Callable[[Subject], Json]) -> None:
    form = form_of(ADULT)
    given = facts(form) | {
        "adult-admission:3": "affirmed",
        "adult-admission:3.excerpt": "Attends and takes part.",
        "adult-admission:3.page": "4",
        "adult-admission:3.observed": "2025-06-01",
        "adult-admission:5": "denied",
    }
    response = fill(form, given)
    case, notes = take(policy, bundle(response))
    first, second = case.statements
    assert notes == ()
    assert first.excerpt == "Attends and takes part."
    assert first.page == "4"
    assert (str(first.observed), str(first.recorded)) == ("2025-06-01", "2025-06-02")
    assert first.document.author == "Robin Example"
    assert first.document.title == "Questionnaire response"
    assert (first.assertion.slug, second.assertion.slug) == ("affirmed", "denied")
    assert str(second.observed) == "2025-06-02"
    place = next(
        f"item.{a}.item.{b}.answer.0"
        for a, section in enumerate(response["item"])
        for b, item in enumerate(section["item"])
        if item["linkId"] == "adult-admission:3"
    )
    assert first.iri.endswith(f"QuestionnaireResponse/answers#{place}")
    assert case.iri.endswith("#admission-2025-06-02")


def test_the_author_may_be_named_in_the_reference(policy: Policy, form_of: Callable[[Subject], Json]) -> None:
    form = form_of(ADULT)
    response = fill(form, facts(form) | {"adult-admission:3": "affirmed"}, author={"display": "J. Dummie, RN"})
    case, _ = take(policy, bundle(response))
    assert case.statements[0].document.author == "J. Dummie, RN"


@pytest.mark.parametrize(
    ("id_", "details", "status"),
    [
        ("illinois:level", {"asamLevel": "AsamLevel2.1"}, "met"),
        ("illinois:level", {"asamLevel": "AsamLevel2.5"}, "not-met"),
        ("illinois:assessment", {"asamEdition": "AsamThirdEdition"}, "not-documented"),
        (
            "illinois:assessment",
            {"asamEdition": "AsamThirdEdition", "asamDimension": [f"Asam3Dimension{n}" for n in range(1, 7)]},
            "met",
        ),
        (
            "illinois:assessment",
            {"asamEdition": "AsamFourthEdition", "asamDimension": [f"Asam3Dimension{n}" for n in range(1, 7)]},
            "not-documented",
        ),
        ("adult-admission:2-a-impairment", {"severity": "Moderate"}, "met"),
        ("adult-admission:2-a-impairment", {"severity": "Mild"}, "not-documented"),
        ("adult-admission:2-a-impairment", {"severity": "Minimal"}, "not-met"),
        ("description:days", {"daysPerWeek": 3}, "met"),
        ("description:hours", {"hoursPerWeek": 12, "recreationalHoursPerWeek": 2.5}, "met"),
        ("description:hours", {"clinicalHoursPerWeek": 8}, "not-met"),
        (OTHER_FACTOR, {}, "not-documented"),
        (OTHER_FACTOR, {"acceptedBy": "R. Reviewer"}, "met"),
    ],
)
def test_details_are_judged_as_a_chart_s_are(
    policy: Policy, form_of: Callable[[Subject], Json], id_: str, details: Json, status: str
) -> None:
    form = form_of(ADULT)
    given = facts(form) | {id_: "affirmed"} | {f"{id_}.{name}": value for name, value in details.items()}
    case, notes = take(policy, bundle(fill(form, given)))
    (found,) = determine_case(case, policy, alternatives=False)
    assert notes == ()
    assert found.status(id_) == status


@pytest.mark.parametrize(
    ("id_", "property_", "code", "label"),
    [
        ("adult-admission:2-a-activities", "functionalDomain", "WorkDomain", "work"),
        ("adult-admission:8-a-need", "factor", "8-a-iii", "unstable living situation"),
    ],
)
@pytest.mark.parametrize("stance", ["affirmed", "denied"])
def test_an_answer_can_name_its_fact(
    policy: Policy, form_of: Callable[[Subject], Json], id_: str, property_: str, code: str, label: str, stance: str
) -> None:
    given = facts(form_of(ADULT)) | {id_: stance, f"{id_}.{property_}": code}
    case, notes = take(policy, bundle(fill(form_of(ADULT), given)))
    (found,) = determine_case(case, policy, alternatives=False)
    assert notes == ()
    (fact,) = found.criterion(id_).facts
    assert (fact.label, fact.status.value) == (label, "met" if stance == "affirmed" else "not-met")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"substance-use:2.arises": False}, "not-applicable"),
        ({"substance-use:2.arises": True}, "not-documented"),
        ({"substance-use:2.arises": True, "substance-use:2": "not-applicable"}, "not-applicable"),
        ({"substance-use:2.arises": True, "substance-use:2": "denied"}, "not-met"),
        ({"substance-use:2.arises": False, "substance-use:2": "affirmed"}, "conflicting"),
    ],
)
def test_what_a_condition_waits_for(
    policy: Policy, form_of: Callable[[Subject], Json], given: Json, status: str
) -> None:
    form = form_of(ADULT)
    whole = bundle(fill(form, facts(form) | given | {"adult-admission:3": "affirmed"}))
    assert determined(policy, whole).status("substance-use:2") == status


# ---------------------------------------------------------------- what is not taken


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"status": "in-progress"}, "not completed"),
        ({"status": "entered-in-error"}, "not completed"),
        ({"status": None}, "not completed"),
        (
            {"subject": {"reference": "Patient/other"}},
            "the reference leads nowhere in the bundle: subject Patient/other",
        ),
        ({"authored": "2025-06"}, "no full date on which it was authored"),
        ({"authored": None}, "no full date on which it was authored"),
        ({"authored": "2025-06-31"}, "no full date on which it was authored"),
    ],
)
def test_a_response_that_does_not_count(
    policy: Policy, form_of: Callable[[Subject], Json], said: Json, why: str
) -> None:
    form = form_of(ADULT)
    response = {k: v for k, v in (answered(form, in_full(form)) | said).items() if v is not None}
    whole = bundle(response)
    options = RequestOptions(ADULT.axis_values, service_start="2025-06-02", jurisdiction="US-IL")
    cases, errors, notes = read("a.json", policy, data=json.dumps(whole).encode(), options=options)
    assert not errors
    assert not cases[0].statements
    assert any(why in note for note in notes)


@pytest.mark.parametrize(
    ("given", "statements", "why"),
    [
        ({"adult-admission:3": {"valueDecimal": 1.5}}, 0, "neither true, affirmed"),
        ({"adult-admission:3": {"valueString": "maybe"}}, 0, "neither true, affirmed"),
        ({"adult-admission:3": {"valueDate": "2025-06-02"}}, 0, "neither true, affirmed"),
        ({"adult-admission:3": {"valueString": "Affirmed"}}, 1, ""),
        ({"adult-admission:3": {"valueBoolean": False}}, 1, ""),
        ({"adult-admission:3": "affirmed", "adult-admission:3.observed": "2025-05"}, 0, "observed is no full date"),
        ({"adult-admission:3": "affirmed", "adult-admission:3.observed": "2025-02-30"}, 0, "observed is no full date"),
        (
            {"adult-admission:3": "affirmed", "adult-admission:3.observed": {"valueString": "in May"}},
            0,
            "observed is no full date",
        ),
        (
            {"illinois:level": "affirmed", "illinois:level.asamLevel": {"valueString": "2.1"}},
            0,
            "illinois:level is left out: what it rests on cannot be read, item illinois:level.asamLevel",
        ),
        (
            {"illinois:level": "affirmed", "illinois:level.asamLevel": {"valueCoding": {"system": "x:", "code": "y"}}},
            0,
            "illinois:level is left out: what it rests on cannot be read, item illinois:level.asamLevel",
        ),
        ({"service-end": "2025-07"}, 0, "item service-end has no value that can be read"),
        ({"funding": {"valueString": "someone"}}, 0, "item funding has no value that can be read"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told(
    policy: Policy, form_of: Callable[[Subject], Json], given: Json, statements: int, why: str
) -> None:
    form = form_of(ADULT)
    case, notes = take(policy, bundle(fill(form, facts(form) | {"adult-admission:5": "affirmed"} | given)))
    assert len(case.statements) == statements + 1
    assert any(why in note for note in notes) if why else notes == ()


IMPAIRED, DEGREE = "adult-admission:2-a-impairment", "adult-admission:2-a-impairment.severity"
MILD: Json = {"valueCoding": {"system": "https://w3id.org/necessity/core#", "code": "Mild"}}


@pytest.mark.parametrize(
    ("beneath", "beside", "status"),
    [
        ([(DEGREE, MILD)], [], "not-documented"),  # mild impairment alone does not show the degree asked for
        ([(DEGREE, {"valueCoding": {**MILD["valueCoding"], "code": "Moderate"}})], [], "met"),
        ([], [], "met"),  # attested without detail
        ([(f"{IMPAIRED}.excerpt", {"valueTime": "12:00:00"})], [], "met"),
        ([(DEGREE, {"valueString": "mild"})], [], "unread"),
        ([(DEGREE, {"valueCoding": {"code": "Mild"}})], [], "unread"),
        ([(DEGREE, MILD), (DEGREE, {"valueString": "or less"})], [], "unread"),
        ([(f"{IMPAIRED}.Severity", MILD)], [], "unread"),
        ([], [(DEGREE, MILD)], "unread"),
        ([], [(f"{IMPAIRED}.observed", {"valueDate": "2025-06-20"})], "unread"),
    ],
)
def test_an_answer_stands_only_with_what_it_rests_on(
    policy: Policy,
    form_of: Callable[[Subject], Json],
    beneath: list[tuple[str, Json]],
    beside: list[tuple[str, Json]],
    status: str,
) -> None:
    response = fill(form_of(ADULT), facts(form_of(ADULT)))
    under, aside = ([{"linkId": id_, "answer": [given]} for id_, given in items] for items in (beneath, beside))
    response["item"].append({"linkId": IMPAIRED, "answer": [{"valueBoolean": True, "item": under}]})
    for placed in ({"item": [*response["item"], *aside]}, {"item": [*aside, *response["item"]]}):
        case, notes = take(policy, bundle(response | placed))
        result = determine_case(case, policy)[0].status(IMPAIRED)
        assert result == ("not-documented" if status == "unread" else status)
        assert len(case.statements) == (status != "unread")
        assert any(f"item {IMPAIRED} is left out" in note for note in notes) is (status == "unread")


@pytest.mark.parametrize("is_beneath", [True, False])
@pytest.mark.parametrize(
    ("leaf", "answer", "word", "text"),
    [
        ("exclusions:1", True, "comment", "ordered by a court"),
        ("adult-admission:4", False, "comment", "two colleagues agree"),
        ("substance-use:2", False, "substance", "heroin"),
    ],
)
def test_what_speaks_against_a_request_is_not_lost_by_what_is_said_of_it(
    policy: Policy,
    form_of: Callable[[Subject], Json],
    leaf: str,
    answer: bool,
    word: str,
    text: str,
    is_beneath: bool,
) -> None:
    """An exclusion and a denial say no less without it; a denial of one substance denies that all are managed."""
    response = fill(form_of(ADULT), facts(form_of(ADULT)))
    said = {"linkId": f"{leaf}.{word}", "answer": [{"valueString": text}]}
    response["item"].append({"linkId": leaf, "answer": [{"valueBoolean": answer, "item": [said] * is_beneath}]})
    response["item"] += [said] * (not is_beneath)
    case, _ = take(policy, bundle(response))
    assert determine_case(case, policy)[0].status(leaf) == ("met" if answer else "not-met")


def test_items_of_other_forms_are_told(policy: Policy, form_of: Callable[[Subject], Json]) -> None:
    form = form_of(ADULT)
    response = fill(form, facts(form) | {"adult-admission:3": "affirmed"})
    response["item"] += [
        {"linkId": "shoe-size", "answer": [{"valueInteger": 43}]},
        {"linkId": "adult-admission:1", "answer": [{"valueBoolean": True}]},
        {
            "linkId": "adult-admission:5",
            "item": [{"linkId": "adult-admission:5.excerpt", "answer": [{"valueString": "x"}]}],
        },
    ]
    case, notes = take(policy, bundle(response))
    assert len(case.statements) == 1
    assert sorted(note.partition(": ")[2] for note in notes) == [
        "item adult-admission:1 has not the id of a criterion that can be answered",
        "item adult-admission:5.excerpt is not beneath an answer",
        "item shoe-size has not the id of a criterion that can be answered",
    ]
    assert sorted(item.words for item in case.unread) == [
        "adult-admission:1: true",
        "adult-admission:5.excerpt: x",
        "shoe-size: 43",
    ]


def test_not_applicable_where_nothing_is_conditional_is_an_error(
    policy: Policy, form_of: Callable[[Subject], Json]
) -> None:
    form = form_of(ADULT)
    given = facts(form) | {"adult-admission:3": {"valueString": "not-applicable"}}
    with pytest.raises(NecessityError, match="cannot be stated not applicable"):
        take(policy, bundle(fill(form, given)))


def test_many_responses_are_read_in_one_go(policy: Policy, form_of: Callable[[Subject], Json]) -> None:
    form = form_of(ADULT)
    response = answered(form, in_full(form))
    whole = bundle(response)
    whole["entry"] += [{"resource": response | {"id": f"r{n}"}} for n in range(3)]
    case, _ = take(policy, whole)
    assert len(case.statements) == 4 * len(in_full(form))
