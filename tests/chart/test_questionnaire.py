"""A policy as a form: what it asks, that a FHIR library takes it, and that its answers come back as they were given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from reasoner import Determination, Policy, load_policy
from reasoner.chart.fhir.questionnaire import Subject, questionnaire
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.intake import read
from reasoner.chart.model import Case
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import NecessityError, UsageError
from tests.conftest import VERSION, Attestation, kind, write_toy
from tests.determination import oracle

Json = dict[str, Any]
ASSERTIONS = {"affirmed": "Affirmed", "denied": "Denied", "not-applicable": "NotApplicable"}
OTHER_FACTOR = "adult-admission:8-a-other"
CONDITIONAL = ("substance-use:2", "substance-use:3")
KINDS = [
    Subject(kind(phase=phase, focus=focus), age, place)
    for phase, focus, age, place in product(
        ("admission", "continuation"), ("mental-health", "substance-use"), ("adult", "minor"), ("US-MO", "US-IL")
    )
]
NAMES = ["-".join([*(v.word for v in k.axis_values), k.age_group, k.jurisdiction or ""]) for k in KINDS]


def walk(items: list[Json]) -> Iterator[Json]:
    for item in items:
        yield item
        yield from walk(item.get("item", []))


def questions(form: Json) -> list[str]:
    """The ids of the leaves that a form asks for, in order."""
    return [
        item["linkId"]
        for item in walk(form["item"])
        if item["type"] == "choice" and ":" in item["linkId"] and "." not in item["linkId"]
    ]


def in_full(form: Json) -> dict[str, str]:
    """Every question affirmed, but that the service is one of those excluded."""
    return {id_: "denied" if id_.startswith("exclusions:") else "affirmed" for id_ in questions(form)}


def fill(form: Json, answers: Mapping[str, Any], **said: Any) -> Json:
    """A response to a form: by linkId a stance, a coding, a truth value, a number, a date or text."""

    def value(item: Json, given: Any) -> Json:
        if isinstance(given, dict):
            return given
        if item["type"] == "choice":
            options = [option["valueCoding"] for option in item["answerOption"]]
            return {"valueCoding": next(option for option in options if option["code"] == given)}
        kinds = {"boolean": "Boolean", "date": "Date", "integer": "Integer", "decimal": "Decimal"}
        return {f"value{kinds.get(item['type'], 'String')}": given}

    def items(asked: list[Json]) -> list[Json]:
        found = []
        for item in asked:
            if item["type"] == "group" and (inner := items(item["item"])):
                found.append({"linkId": item["linkId"], "item": inner})
            elif item["linkId"] in answers:
                beneath = items(item.get("item", []))
                given = answers[item["linkId"]]
                values = [value(item, one) for one in (given if isinstance(given, list) else [given])]
                answer = [one | ({"item": beneath} if beneath else {}) for one in values]
                found.append({"linkId": item["linkId"], "answer": answer})
        return found

    return {
        "resourceType": "QuestionnaireResponse",
        "id": "answers",
        "questionnaire": f"{form['url']}|{form['version']}",
        "status": "completed",
        "subject": {"reference": "Patient/member"},
        "authored": "2025-06-02T09:30:00Z",
        "author": {"reference": "Practitioner/writer"},
        "item": items(form["item"]),
    } | said


def facts(form: Json, **said: Any) -> Json:
    """What the form has filled in already, and a period of service."""
    fixed = {
        item["linkId"]: item["answerOption"][0]["valueCoding"]["code"]
        for item in walk(form["item"])
        if item.get("readOnly")
    }
    return fixed | {"service-start": "2025-06-02", "service-end": "2025-07-02"} | said


def answered(form: Json, stances: Mapping[str, str], **said: Any) -> Json:
    """A response that takes a stance to each leaf, with what its question takes for granted."""
    given: Json = facts(form) | said
    for id_, stance in stances.items():
        if id_ in CONDITIONAL:
            given[f"{id_}.arises"] = stance != "not-applicable"
            if stance == "not-applicable":
                continue
        given[id_] = stance
    if OTHER_FACTOR in stances:
        given[f"{OTHER_FACTOR}.acceptedBy"] = "R. Reviewer"
    return fill(form, given)


def bundle(response: Json, age_group: str = "adult") -> Json:
    born = {"adult": "1980-05-05", "minor": "2010-05-05"}[age_group]
    writer = {"resourceType": "Practitioner", "id": "writer", "name": [{"family": "Example", "given": ["Robin", "Q"]}]}
    member = {"resourceType": "Patient", "id": "member", "birthDate": born}
    resources = (member, writer, response)
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def take(policy: Policy, whole: Json) -> tuple[Case, tuple[str, ...]]:
    cases, errors, notes = read("answers.json", policy, data=json.dumps(whole).encode())
    for error in errors:
        raise error
    (case,) = cases
    return case, notes


def determined(policy: Policy, whole: Json) -> Determination:
    case, _ = take(policy, whole)
    (found,) = determine_case(case, policy, alternatives=False)
    return found


def expected(kind: Subject, stances: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    return oracle.determine(
        [Attestation(id_, ASSERTIONS[stance]) for id_, stance in stances.items()],
        **{value.axis.rpartition("#")[2]: value.iri.rpartition("#")[2] for value in kind.axis_values},
        minor=kind.age_group == "minor",
        illinois=kind.jurisdiction == "US-IL",
    )


@pytest.fixture(scope="module")
def form_of(policy: Policy) -> Callable[[Subject], Json]:
    forms: dict[Subject, Json] = {}

    def form(kind: Subject) -> Json:
        if kind not in forms:
            forms[kind] = questionnaire(policy, policy.versions[-1], kind)
        return forms[kind]

    return form


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_form_asks_every_leaf_once(form_of: Callable[[Subject], Json], kind: Subject) -> None:
    form = form_of(kind)
    _, statuses = expected(kind, {})
    asked = questions(form)
    assert len(asked) == len(set(asked))
    assert set(asked) == {id_ for id_ in statuses if id_ not in oracle.GROUPS and ":" in id_} - {
        "child-adolescent:1",
        "substance-use:1",
    }
    every = list(walk(form["item"]))
    names = [item["linkId"] for item in every]
    assert len(names) == len(set(names))
    for item in every:
        for condition in item.get("enableWhen", ()):
            assert condition["question"] in names
    for id_ in asked:
        (item,) = (i for i in every if i["linkId"] == id_)
        codes = [option["valueCoding"]["code"] for option in item["answerOption"]]
        assert codes == ["affirmed", "denied", *(["not-applicable"] if id_ in CONDITIONAL else [])]
        assert item["prefix"].replace(".", "-") == id_.partition(":")[2].replace(".", "-")
        help_ = next(i for i in item["item"] if i["linkId"] == f"{id_}.help")
        assert help_["type"] == "display"
        assert "Source: MP9556" in help_["text"]
        gates = [condition["question"] for condition in item.get("enableWhen", ())]
        assert gates == ([f"{id_}.arises"] if id_ in CONDITIONAL else [])


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_form_answered_in_full_is_criteria_met(
    policy: Policy, form_of: Callable[[Subject], Json], kind: Subject
) -> None:
    from fhir.resources.R4B.questionnaire import Questionnaire
    from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

    form = form_of(kind)
    response = answered(form, in_full(form))
    Questionnaire.model_validate(form)
    QuestionnaireResponse.model_validate(response)
    found = determined(policy, bundle(response, kind.age_group))
    outcome, statuses = expected(kind, in_full(form))
    assert found.outcome == outcome == "criteria-met"
    assert {r.criterion.id: r.status.value for r in found.criteria} == statuses


def turned(stance: str) -> str:
    return "denied" if stance == "affirmed" else "affirmed"


def check_turned(policy: Policy, form: Json, kind: Subject, id_: str, *, silence: bool = True) -> None:
    full = in_full(form)
    others = [turned(full[id_]), *(["not-applicable"] if id_ in CONDITIONAL else [])]
    for stance in others:
        stances = full | {id_: stance}
        found = determined(policy, bundle(answered(form, stances), kind.age_group))
        outcome, statuses = expected(kind, stances)
        assert {r.criterion.id: r.status.value for r in found.criteria} == statuses
        assert found.outcome == outcome
    if not silence:
        return
    silent = {name: stance for name, stance in full.items() if name != id_}
    found = determined(policy, bundle(answered(form, silent), kind.age_group))
    assert (found.outcome, found.status(id_)) == (expected(kind, silent)[0], "not-documented")


def test_each_answer_turned_around_tells(policy: Policy, form_of: Callable[[Subject], Json]) -> None:
    """Each leaf in one kind of request, the kinds in turn."""
    seen: set[str] = set()
    for number in range(1000):
        kind = KINDS[number * 7 % len(KINDS)]
        left = [id_ for id_ in questions(form_of(kind)) if id_ not in seen]
        if left:
            check_turned(policy, form_of(kind), kind, left[0], silence=len(seen) % 10 == 0)
            seen.add(left[0])
    leaves = {leaf.id for leaf in policy.versions[-1].leaves.values()}
    assert leaves - seen == {"substance-use:6-no-cooccurring"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_each_answer_turned_around_tells_in_each_kind(
    policy: Policy, form_of: Callable[[Subject], Json], kind: Subject
) -> None:
    for id_ in questions(form_of(kind)):
        check_turned(policy, form_of(kind), kind, id_)


# ---------------------------------------------------------------- what an answer rests on

ADULT = Subject(kind(phase="admission", focus="substance-use"), "adult", "US-IL")


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
        ({"subject": {"reference": "Patient/other"}}, "someone other than the Patient"),
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
            1,
            "illinois:level.asamLevel is left out",
        ),
        (
            {"illinois:level": "affirmed", "illinois:level.asamLevel": {"valueCoding": {"system": "x:", "code": "y"}}},
            1,
            "illinois:level.asamLevel is left out",
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
    assert [note.partition(": ")[2] for note in notes] == [
        "item adult-admission:1 has not the id of a criterion that can be answered",
        "item adult-admission:5.excerpt is not beneath an answer",
        "item shoe-size has not the id of a criterion that can be answered",
    ]


def test_not_applicable_where_nothing_is_conditional_is_an_error(
    policy: Policy, form_of: Callable[[Subject], Json]
) -> None:
    form = form_of(ADULT)
    given = facts(form) | {"adult-admission:3": {"valueString": "not-applicable"}}
    with pytest.raises(NecessityError, match="cannot be stated not applicable"):
        take(policy, bundle(fill(form, given)))


def test_many_responses_take_a_time_that_grows_with_them(policy: Policy, form_of: Callable[[Subject], Json]) -> None:
    """Answers of one form, four times over and sixteen times: a product of them would be far above."""
    from time import perf_counter

    form = form_of(ADULT)
    response = answered(form, in_full(form))

    def seconds(count: int) -> float:
        whole = bundle(response)
        whole["entry"] += [{"resource": response | {"id": f"r{n}"}} for n in range(count - 1)]
        start = perf_counter()
        case, _ = take(policy, whole)
        assert len(case.statements) == count * len(in_full(form))
        return perf_counter() - start

    seconds(1)
    assert seconds(16) < 12 * seconds(4)


# ---------------------------------------------------------------- any policy, and the command


@pytest.fixture(scope="module")
def toy_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy"))


@pytest.mark.parametrize("edition", [0, 1])
def test_any_policy_has_a_form(toy_root: Path, edition: int) -> None:
    from fhir.resources.R4B.questionnaire import Questionnaire

    toy = load_policy("toy", root=toy_root)
    version = toy.versions[edition]
    form = questionnaire(toy, version, Subject(kind(phase="admission", focus="mental-health"), jurisdiction="US-MO"))
    Questionnaire.model_validate(form)
    asked = [["criteria:1-a", "criteria:1-b", "exclusions:1"], ["criteria:1-a", "criteria:1-b", "criteria:1-c"]]
    assert questions(form) == asked[edition]
    (stiff,) = (item for item in walk(form["item"]) if item["linkId"] == "criteria:1-a")
    assert stiff["prefix"] == "1.a"
    assert stiff["text"] == "Joint stiffness. Name the stiff joint and how far it moves."
    start = ["2030-03-01", "2031-03-01"][edition]
    given = facts(form, **{"service-start": start, "service-end": start}) | in_full(form)
    case, _ = take(toy, bundle(fill(form, given)))
    # What both versions call criteria:1-a is meant of the version that the form is of.
    assert all(iri.startswith(version.iri) for s in case.statements for iri in s.addresses)
    (found,) = determine_case(case, toy, alternatives=False)
    assert found.outcome == "criteria-met"


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> Json:
    assert main(["questionnaire", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    kind = ["--phase", "admission", "--focus", "mental-health", "--jurisdiction", "US-MO"]
    adult = command(capsys, *kind)
    by_age = ["--service-start", "2025-06-02", "--birth-date"]
    assert command(capsys, *kind, *by_age, "2007-06-02")["url"] == adult["url"]
    minor = command(capsys, *kind, *by_age, "2007-06-03")
    assert minor["url"] == adult["url"].replace("adult", "minor")
    assert "child-adolescent:3" in questions(minor)
    assert "adult-admission:4" not in questions(minor)
    start = next(item for item in walk(minor["item"]) if item["linkId"] == "service-start")
    assert start["initial"] == [{"valueDate": "2025-06-02"}]
    out = tmp_path / "form.json"
    assert main(["questionnaire", *kind, "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == adult


def test_command_with_a_payer_s_readings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "payer.ttl"
    config.write_text(
        "@prefix nec: <https://w3id.org/necessity/core#> . <urn:payer> a nec:Configuration ; nec:chosenReading "
        f"<{VERSION}interpretation/illinois-scope-narrow> , <{VERSION}interpretation/phases-both> .\n"
    )
    kind = ["--phase", "admission", "--focus", "substance-use", "--jurisdiction", "US-IL"]
    default = command(capsys, *kind)
    chosen = command(capsys, *kind, "--config", str(config))
    assert any(id_.startswith("illinois:") for id_ in questions(default))
    assert not any(id_.startswith("illinois:") for id_ in questions(chosen))
    assert chosen["url"] != default["url"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--jurisdiction", "US-XX"], "no jurisdiction 'US-XX'"),
        (["--birth-date", "1980-01-01"], "Give --service-start"),
        (["--birth-date", "2026-01-01", "--service-start", "2025-06-02"], "lies after"),
        (["--service-start", "2020-01-01"], "no version of the policy is in force"),
        (["--version", "1999"], "no version '1999'"),
    ],
)
def test_command_refuses_what_cannot_be_right(capsys: pytest.CaptureFixture[str], more: list[str], why: str) -> None:
    assert main(["questionnaire", "--phase", "admission", "--focus", "mental-health", *more]) == 2
    assert why in capsys.readouterr().err


def test_a_kind_of_request_that_is_not_said(policy: Policy) -> None:
    with pytest.raises(UsageError, match="Give --phase, --focus"):
        questionnaire(policy, policy.versions[-1], Subject(kind(phase="admission")))
