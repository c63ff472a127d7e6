"""A policy as a form: what it asks, that a FHIR library takes it, that each answer tells, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reasoner import Policy, load_policy
from reasoner.chart.fhir.questionnaire import Subject, questionnaire
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import UsageError
from tests.chart.forms import (
    CONDITIONAL,
    KINDS,
    NAMES,
    Json,
    answered,
    bundle,
    determined,
    expected,
    facts,
    fill,
    in_full,
    questions,
    take,
    walk,
)
from tests.conftest import VERSION, kind, write_toy
from tests.second_evaluator.vocabulary import vocabulary


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_form_asks_every_leaf_once(form_of: Callable[[Subject], Json], kind: Subject) -> None:
    form = form_of(kind)
    _, statuses = expected(kind, {})
    asked = questions(form)
    assert len(asked) == len(set(asked))
    assert set(asked) == {id_ for id_ in statuses if id_ in vocabulary().finding_of}
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
    leaves = {leaf.id for leaf in policy.versions[-1].leaves.values() if leaf.id}
    assert leaves - seen == {"substance-use:6-no-cooccurring"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_each_answer_turned_around_tells_in_each_kind(
    policy: Policy, form_of: Callable[[Subject], Json], kind: Subject
) -> None:
    for id_ in questions(form_of(kind)):
        check_turned(policy, form_of(kind), kind, id_)


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
