"""Resources of FHIR of which no query makes anything, and observations without a value: nothing of them vanishes."""

from __future__ import annotations

import pytest

from tests.chart.bundles import CONDITION, ICD10CM, SNOMED, WHOSE, MappedResources, Resource, coded, with_
from tests.chart.test_unread import LAB

ALLERGY: Resource = {
    "resourceType": "AllergyIntolerance",
    "id": "al",
    "patient": WHOSE,
    "code": coded(SNOMED, "91936005") | {"text": "Penicillin"},
    "recordedDate": "2025-05-20",
}
FAMILY: Resource = {
    "resourceType": "FamilyMemberHistory",
    "id": "fm",
    "status": "completed",
    "patient": WHOSE,
    "date": "2025-05-20",
    "relationship": {"text": "mother"},
    "condition": [{"code": coded(ICD10CM, "F33.2") | {"text": "Severe depression"}}],
}
RISK: Resource = {
    "resourceType": "RiskAssessment",
    "id": "ra",
    "status": "final",
    "subject": WHOSE,
    "occurrenceDateTime": "2025-05-20",
    "code": {"text": "Suicide risk"},
    "prediction": [{"outcome": {"text": "attempt"}, "qualitativeRisk": {"text": "high"}}],
}
TOLD: Resource = {
    "resourceType": "Communication",
    "id": "cm",
    "status": "completed",
    "subject": WHOSE,
    "sent": "2025-05-20T09:00:00Z",
    "payload": [{"contentString": "She called twice"}],
}
BENEFIT: Resource = {
    "resourceType": "ExplanationOfBenefit",
    "id": "eb",
    "status": "active",
    "patient": WHOSE,
    "created": "2025-05-20",
    "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": coded(ICD10CM, "F33.2") | {"text": "Depression"}}],
}


@pytest.mark.parametrize(
    ("resource", "kind", "words"),
    [
        (ALLERGY, "OtherItem", "Penicillin"),
        (FAMILY, "OtherItem", "mother: Severe depression"),
        (with_(FAMILY, condition=None), "OtherItem", "mother"),
        (RISK, "OtherItem", "Suicide risk: attempt: high"),
        (with_(RISK, prediction=None), "OtherItem", "Suicide risk"),
        (TOLD, "OtherItem", "She called twice"),
        (BENEFIT, "Condition", "Depression"),
    ],
    ids=lambda value: value["resourceType"] if isinstance(value, dict) else "",
)
def test_what_no_query_reads_is_an_unread_item(resource: Resource, kind: str, words: str) -> None:
    found = MappedResources(resource)
    assert not found.statements
    (item,) = found.unread
    assert found.values(item, "kind") == [kind]
    assert found.values(item, "words") == [words]
    assert found.values(item, "recorded") == ["2025-05-20"]
    assert found.values(item, "source")[0].endswith(f"{resource['resourceType']}/{resource['id']}")


@pytest.mark.parametrize("resource", [ALLERGY, FAMILY, RISK, TOLD, BENEFIT], ids=lambda r: r["resourceType"])
def test_what_was_entered_in_error_or_is_somebody_elses_is_a_note(resource: Resource) -> None:
    assert not MappedResources(with_(resource, status="entered-in-error")).unread
    owner = {"reference": "Practitioner/d"}
    element = "subject" if "subject" in resource else "patient"
    assert not MappedResources(with_(resource, **{element: owner})).unread
    (item,) = MappedResources(with_(resource, **{element: {"display": "somebody"}})).unread
    assert str(item)


def test_a_diagnosis_of_an_explanation_of_benefit_that_is_stated_elsewhere_is_a_note() -> None:
    found = MappedResources(BENEFIT, with_(CONDITION, code=coded(ICD10CM, "F33.2")))
    assert len(found.statements) == 1
    assert not found.unread
    assert any("stated elsewhere" in note for note in found.notes)
    assert MappedResources(BENEFIT, with_(CONDITION, code=coded(ICD10CM, "F41.1"))).unread


def test_an_observation_without_a_value_says_its_interpretation() -> None:
    positive = [{"coding": [{"code": "POS", "display": "Positive"}]}]
    found = MappedResources(with_(LAB, valueQuantity=None, interpretation=positive))
    (item,) = found.unread
    assert found.values(item, "words")[0].endswith(": Positive")
    (item,) = (both := MappedResources(with_(LAB, interpretation=positive))).unread
    assert "Positive" not in both.values(item, "words")[0]
