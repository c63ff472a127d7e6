"""Answers to forms that are not of the policy: statements of the measures that are known, unread items of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chart.bundles import LOINC, WHOSE, MappedResources, Resource, determined, with_
from tests.chart.test_fhir_instruments import LEAF, said
from tests.chart.test_unread import items


def coding(code: str, display: str) -> Resource:
    return {"valueCoding": {"system": LOINC, "code": code, "display": display}}


def item(link: str, text: str, *answers: Resource, **beneath: Any) -> Resource:
    return {"linkId": link, "text": text, "answer": list(answers)} | beneath


HOUSING = item("/93042-0/71802-3", "Housing status", coding("LA30190-5", "I do not have housing"))
FORM: Resource = {
    "resourceType": "QuestionnaireResponse",
    "id": "q",
    "status": "completed",
    "questionnaire": "http://example.org/Questionnaire/intake",
    "subject": WHOSE,
    "authored": "2025-05-30T08:00:00-05:00",
    "source": WHOSE,
    "item": [
        {
            "linkId": "/93025-5",
            "text": "PRAPARE",
            "item": [HOUSING, item("/93042-0/63512-8", "How many people live there", {"valueDecimal": 6})],
        },
        item("44260-8", "Better off dead", coding("LA6569-3", "Several days")),
        item("44261-6", "Total", {"valueInteger": 14}),
        item("1-8", "Shoe size", {"valueQuantity": {"value": 42, "unit": "EU"}}),
        item(
            "pets",
            "Pets",
            {"valueString": "cat"},
            {"valueString": "dog", "item": [item("age", "Its age", {"valueInteger": 3})]},
        ),
    ],
}


def test_each_answer_is_a_statement_or_an_unread_item_with_question_and_answer() -> None:
    found = MappedResources(FORM)
    assert said(found) == [
        ("Affirmed", "44260-8", "Several days"),
        ("Affirmed", "44261-6", "14"),
        ("Affirmed", "Z59.0", ""),
    ]
    unread = items(found)
    assert sorted(one["words"] for one in unread) == [
        "How many people live there: 6",
        "Its age: 3",
        "Pets: cat",
        "Pets: dog",
        "Shoe size: 42 EU",
    ]
    assert {(one["kind"], one["reason"], one["recorded"]) for one in unread} == {
        ("Observation", "no rule reads answers to its question", "2025-05-30")
    }
    statement = next(one for one in found.statements if found.values(one, "code") == ["Z59.0"] or "Z59.0" in str(one))
    assert found.values(statement, "excerpt") == ["Housing status: I do not have housing"]
    assert found.values(statement, "observed") == ["2025-05-30"]
    assert found.document(FORM)["authorKind"].endswith("#Patient")


def test_an_answer_in_a_form_speaks_to_its_leaf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert determined(tmp_path, capsys, FORM) == {LEAF: "met"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "in-progress"}, "its form is not completed: its status is not completed or amended"),
        ({"authored": "2025-05"}, "its form has no full date on which it was authored"),
        (
            {"item": [HOUSING | {"answer": [coding("LA30122-8", "I choose not to answer this question")]}]},
            "its answer says that the question was not answered",
        ),
        (
            {"item": [HOUSING | {"answer": [{"valueAttachment": {"title": "scan"}}]}]},
            "it has no value that can be read",
        ),
    ],
)
def test_an_answer_that_cannot_count_is_an_unread_item(changes: Resource, reason: str) -> None:
    found = MappedResources(with_(FORM, **({"item": [HOUSING]} | changes)))
    assert not found.statements
    assert [one["reason"] for one in items(found)] == [reason]


@pytest.mark.parametrize(
    "changes", [{"status": "entered-in-error"}, {"subject": {"reference": "Practitioner/d"}}, {"item": []}]
)
def test_a_form_that_counts_for_nothing_is_only_noted(changes: Resource) -> None:
    found = MappedResources(with_(FORM, **changes))
    assert not found.statements
    assert not items(found)
    assert any(note.startswith("QuestionnaireResponse/q: ") for note in found.notes)


def test_an_answer_is_no_measure_by_a_code_alone() -> None:
    found = MappedResources(
        with_(FORM, item=[item("x71802-3", "Housing", coding("LA30190-5", "I do not have housing"))])
    )
    assert not found.statements
