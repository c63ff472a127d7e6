"""A resource that cannot be used as a whole, for what it says may mean something else: it is unread, and so are the diagnoses in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chart.bundles import (
    CLAIM,
    CONDITION,
    CONSENT,
    ENCOUNTER,
    FLAG,
    ICD10CM,
    LETTER,
    ORDER,
    PHQ9,
    PLAN,
    PRESCRIPTION,
    PROCEDURE,
    TAKING,
    MappedResources,
    Resource,
    coded,
    determined,
    with_,
)

ALTERED: Resource = {"modifierExtension": [{"url": "http://example.org/altered", "valueBoolean": True}]}
WHY = "it has a modifierExtension or implicitRules, which may change what it means"
MILD = with_(CONDITION, id="mild", code=coded(ICD10CM, "F33.0"))


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (CONDITION, "Condition"),
        (PHQ9, "Observation"),
        (PRESCRIPTION, "Medication"),
        (TAKING, "Medication"),
        (PROCEDURE, "Procedure"),
        (ENCOUNTER, "Encounter"),
        (ORDER, "Order"),
        (CLAIM, "Order"),
        (PLAN, "Document"),
        (LETTER, "Document"),
        (FLAG, "OtherItem"),
    ],
    ids=lambda value: value["resourceType"] if isinstance(value, dict) else value,
)
def test_it_is_one_unread_item_and_no_statement(resource: Resource, kind: str) -> None:
    mapped = MappedResources(resource | ALTERED)
    (item,) = mapped.unread
    assert not mapped.statements
    assert mapped.values(item, "kind") == [kind]
    assert mapped.values(item, "reason") == [WHY]
    assert mapped.values(item, "words")


@pytest.mark.parametrize(
    "resource",
    [
        with_(CLAIM, diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded(ICD10CM, "F10.20")}]),
        with_(ENCOUNTER, reasonCode=[coded(ICD10CM, "F10.20")]),
    ],
    ids=["Claim", "Encounter"],
)
def test_each_diagnosis_in_it_is_an_item_by_itself(resource: Resource) -> None:
    mapped = MappedResources(resource | ALTERED)
    (item,) = [item for item in mapped.unread if mapped.values(item, "kind") == ["Condition"]]
    assert mapped.values(item, "code") == ["http://hl7.org/fhir/sid/icd-10-cm/F10.20"]
    assert len(mapped.unread) == 2


@pytest.mark.parametrize(
    "resource",
    [
        with_(CONDITION, subject={"reference": "RelatedPerson/r"}) | ALTERED,
        CONSENT | ALTERED,
    ],
    ids=["about somebody else", "no item of its own"],
)
def test_of_any_other_it_is_only_told(resource: Resource) -> None:
    mapped = MappedResources({"resourceType": "RelatedPerson", "id": "r"}, resource)
    assert not mapped.unread
    assert any(WHY in note for note in mapped.notes)


def test_a_disorder_that_is_refused_may_be_one_more(tmp_path: Path, capsys: Any) -> None:
    """Beside it no other disorder is the only one."""
    alone = determined(tmp_path, capsys, MILD)
    beside = determined(tmp_path, capsys, MILD, with_(CONDITION, code=coded(ICD10CM, "F33.2")) | ALTERED)
    assert alone["adult-admission:1-severity"] == "not-met"
    assert beside["adult-admission:1-severity"] == "not-documented"
