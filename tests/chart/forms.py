"""Forms of a policy filled in: the kinds of request, responses to a form, and what the second evaluator expects of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from rdflib import Graph

from reasoner import Determination, Policy
from reasoner.chart.fhir.questionnaire import Subject
from reasoner.chart.intake import read
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from tests.conftest import Attestation, chart, kind
from tests.second_evaluator import evaluate

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
ADULT = Subject(kind(phase="admission", focus="substance-use"), "adult", "US-IL")


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
    axes = {value.axis.rpartition("#")[2]: value.iri.rpartition("#")[2] for value in kind.axis_values}
    born = "2010-01-01" if kind.age_group == "minor" else "1980-01-01"
    attestations = [Attestation(id_, ASSERTIONS[stance]) for id_, stance in stances.items()]
    turtle = chart(attestations, **axes, birth=born, jurisdiction=kind.jurisdiction or "US-MO")
    found = evaluate(Graph().parse(data=turtle, format="turtle"))
    return found.outcome, found.statuses
