"""Resources of FHIR of which no query makes anything, and observations without a value: nothing of them vanishes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chart.bundles import (
    CONDITION,
    GIVEN,
    ICD10CM,
    LOINC,
    ORDER,
    PRESCRIPTION,
    PROCEDURE,
    SNOMED,
    TAKING,
    WHOSE,
    MappedResources,
    Resource,
    coded,
    determined,
    with_,
)
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
DEVICE: Resource = {
    "resourceType": "DeviceRequest",
    "id": "de",
    "status": "active",
    "intent": "order",
    "subject": WHOSE,
    "code": {"text": "Light box"},
    "authoredOn": "2025-05-20",
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
        *(
            (with_(DEVICE, resourceType=kind), "Order", "Light box")
            for kind in ("DeviceRequest", "RequestGroup", "Task")
        ),
        (with_(DEVICE, resourceType="SupplyRequest", code=None, itemReference={"display": "Lamp"}), "Order", "Lamp"),
        (with_(TOLD, resourceType="CommunicationRequest"), "Order", "She called twice"),
        (
            with_(TOLD, resourceType="DocumentManifest", description="Records of the year"),
            "Document",
            "Records of the year",
        ),
        (with_(TOLD, resourceType="Media", content={"title": "Scan of a letter"}), "Document", "Scan of a letter"),
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


@pytest.mark.parametrize("resource", [ALLERGY, FAMILY, RISK, TOLD, BENEFIT, DEVICE], ids=lambda r: r["resourceType"])
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


MILD = with_(CONDITION, code=coded(ICD10CM, "F33.0") | {"text": "Mild depression"})
APPOINTMENT: Resource = {"resourceType": "Appointment", "id": "ap", "status": "booked", "patient": WHOSE}
ENCOUNTER: Resource = {
    "resourceType": "Encounter",
    "id": "en",
    "status": "finished",
    "subject": WHOSE,
    "class": {"code": "AMB"},
}
PLAN: Resource = {"resourceType": "CarePlan", "id": "cp", "status": "active", "intent": "plan", "subject": WHOSE}
REASONED = [GIVEN, ORDER, PRESCRIPTION, PROCEDURE, TAKING, APPOINTMENT, DEVICE, TOLD]


def reasons(*resources: Resource) -> list[tuple[str, ...]]:
    """Kind, words and code of each unread item for a reason."""
    found = MappedResources(*resources)
    items = [item for item in found.unread if "#reasonCode." in item.value]
    assert all("not read as a diagnosis" in found.values(item, "reason")[0] for item in items)
    return [tuple("".join(found.values(item, name)) for name in ("kind", "words", "code")) for item in items]


@pytest.mark.parametrize("resource", REASONED, ids=lambda resource: resource["resourceType"])
def test_a_reason_that_stands_nowhere_else_is_an_unread_condition(resource: Resource) -> None:
    severe, words = coded(ICD10CM, "F33.2"), {"text": "Very low since April"}
    assert reasons(MILD, with_(resource, reasonCode=[severe, words])) == [
        ("Condition", f"F33.2 ({ICD10CM})", f"{ICD10CM}/F33.2"),
        ("Condition", "Very low since April", ""),
    ]
    assert not reasons(MILD, with_(resource, reasonCode=[coded(ICD10CM, "f330"), {"text": "mild depression"}]))
    assert not reasons(MILD, with_(resource, reasonCode=[severe], status="entered-in-error"))
    (element,) = {"subject", "patient"} & set(resource)
    relative = {"resourceType": "RelatedPerson", "id": "q", "patient": WHOSE}
    assert not reasons(
        MILD, relative, with_(resource, reasonCode=[severe]) | {element: {"reference": "RelatedPerson/q"}}
    )


def test_a_reason_of_an_activity_or_of_before_r4_or_alone_is_an_unread_condition() -> None:
    low = {"text": "Very low since April"}
    detail = {
        "status": "scheduled",
        "description": "Therapy",
        "reasonCode": [low],
        "reasonReference": [{"display": "Panic"}],
    }
    activities = [{"detail": detail}, {"reference": {"reference": "ServiceRequest/x", "display": "Day program"}}]
    found = MappedResources(MILD, with_(PLAN, activity=activities))
    assert sorted(tuple("".join(found.values(item, name)) for name in ("kind", "words")) for item in found.unread) == [
        ("Condition", "Panic"),
        ("Condition", "Very low since April"),
        ("Order", "Day program"),
        ("Order", "Therapy"),
    ]
    for resource in (with_(ENCOUNTER, reason=[low]), with_(APPOINTMENT, reasonCode=low)):
        found = MappedResources(MILD, resource)
        (item,) = (item for item in found.unread if "#reason" in item.value)
        assert (found.values(item, "kind"), found.values(item, "words")) == (["Condition"], ["Very low since April"])


@pytest.mark.parametrize(
    "stated",
    [
        *(with_(resource, reason=[{}]) for resource in REASONED),
        with_(ENCOUNTER, reason=[{"use": [{"text": "Chief complaint"}], "value": [{}]}]),
        {"resourceType": "EpisodeOfCare", "id": "ec", "patient": WHOSE, "diagnosis": [{"condition": [{}]}]},
        with_(PLAN, addresses=[{}]),
    ],
    ids=lambda resource: resource["resourceType"],
)
def test_a_disorder_in_a_codeable_reference_of_r5_is_an_unread_condition(stated: Resource) -> None:
    def told(reference: Resource) -> list[tuple[str, ...]]:
        found = MappedResources(MILD, json.loads(json.dumps(stated).replace("{}", json.dumps(reference))))
        items = [item for item in found.unread if found.values(item, "kind") == ["Condition"]]
        return [tuple("".join(found.values(item, name)) for name in ("words", "code")) for item in items]

    assert told({"concept": coded(ICD10CM, "F33.2")}) == [(f"F33.2 ({ICD10CM})", f"{ICD10CM}/F33.2")]
    assert told({"concept": {"text": "Very low"}}) == [("Very low", "")]
    assert told({"reference": {"reference": "urn:uuid:9", "display": "Very low"}}) == [("Very low", "")]
    assert not told({"concept": {"text": "Mild depression"}})
    assert not told({"reference": {"reference": f"Condition/{MILD['id']}"}})


def test_a_reason_may_be_one_more_disorder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def severity(*reason: Resource) -> str:
        return determined(tmp_path, capsys, MILD, with_(PRESCRIPTION, reasonCode=list(reason)))[
            "adult-admission:1-severity"
        ]

    assert severity() == "not-met"
    assert severity(coded(ICD10CM, "J45.909")) == "not-met"
    assert severity(coded(ICD10CM, "F33.2")) == "not-documented"
    assert severity({"text": "Very low since April"}) == "not-documented"


IMPRESSION: Resource = {"resourceType": "ClinicalImpression", "id": "im", "status": "completed", "subject": WHOSE}
GOAL: Resource = {"resourceType": "Goal", "id": "go", "lifecycleStatus": "active", "subject": WHOSE, "description": {}}


@pytest.mark.parametrize(
    ("resource", "element"),
    [
        *((resource, "reasonReference") for resource in (*REASONED, ENCOUNTER)),
        *((PLAN, "addresses"), (GOAL, "addresses"), (IMPRESSION, "problem")),
    ],
    ids=lambda value: value["resourceType"] if isinstance(value, dict) else "",
)
def test_a_reference_to_a_disorder_that_leads_nowhere_is_an_unread_condition(resource: Resource, element: str) -> None:
    def lost(*references: dict[str, str], **more: str) -> list[tuple[str, ...]]:
        found = MappedResources(MILD, with_(resource, **{element: list(references)}, **more))
        items = [item for item in found.unread if f"#{element}." in item.value]
        return [tuple("".join(found.values(item, name)) for name in ("kind", "words", "reason")) for item in items]

    nowhere = "the reference leads nowhere in the bundle"
    severe = {"display": "Severe depression"}
    assert lost(severe, {"reference": "Condition/x"}, {"reference": "urn:uuid:9"} | severe) == [
        ("Condition", "Severe depression", nowhere),
        ("Condition", "Condition/x", nowhere),
        ("Condition", "Severe depression", nowhere),
    ]
    assert not lost({"reference": f"Condition/{MILD['id']}"}, {"display": "mild depression"})
    assert not lost({"reference": "Observation/x"}, {"reference": "https://a.org/fhir/Observation/x/_history/2"})
    assert not lost({"type": "DocumentReference", "display": "A letter"}, {})
    if "status" in resource:
        assert not lost(severe, status="entered-in-error")


PROBLEMS: Resource = {
    "resourceType": "List",
    "id": "li",
    "status": "current",
    "subject": WHOSE,
    "date": "2025-05-20",
    "code": coded(LOINC, "11450-4"),
}


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("AdverseEvent", {"event": {"text": "Fall"}, "date": "2025-05-20"}, "Fall"),
        (
            "Appointment",
            {"description": "Day program", "status": "noshow", "start": "2025-05-20"},
            "Day program; noshow",
        ),
        ("Basic", {"code": {"text": "Referral"}, "created": "2025-05-20"}, "Referral"),
        ("EpisodeOfCare", {"status": "active", "period": {"start": "2025-05-20"}}, "active"),
        ("Immunization", {"vaccineCode": {"text": "Tetanus"}, "occurrenceDateTime": "2025-05-20"}, "Tetanus"),
        ("List", {"title": "Problems", "date": "2025-05-20"}, "Problems"),
    ],
)
def test_what_no_rule_reads_is_an_unread_item(kind: str, more: Resource, words: str) -> None:
    resource = {"resourceType": kind, "id": "x", "patient" if kind == "Immunization" else "subject": WHOSE, **more}
    (item,) = (found := MappedResources(resource)).unread
    assert [found.values(item, name) for name in ("kind", "words", "recorded")] == [
        ["OtherItem"],
        [words],
        ["2025-05-20"],
    ]
    assert not MappedResources(with_(resource, status="entered-in-error")).unread


def test_an_entry_of_a_list_that_leads_nowhere_is_an_unread_item() -> None:
    def entries(*items: Resource, **more: object) -> list[tuple[str, ...]]:
        found = MappedResources(MILD, with_(PROBLEMS, entry=[{"item": item} for item in items], **more))
        return [tuple("".join(found.values(item, name)) for name in ("kind", "words")) for item in found.unread]

    severe = {"display": "Severe depression"}
    assert entries({"reference": f"Condition/{MILD['id']}"}, severe) == [("Condition", "Severe depression")]
    assert entries(severe, code=coded(LOINC, "10160-0")) == [("OtherItem", "Severe depression")]
    assert entries({"reference": "Condition/x"}, code={"text": "Of the week"}) == [("Condition", "Condition/x")]
    assert not entries(severe, status="entered-in-error")
    gone = MappedResources(MILD, with_(PROBLEMS, entry=[{"deleted": True, "item": severe}]))
    assert not gone.unread


def test_an_entry_of_a_section_that_leads_nowhere_is_an_unread_item() -> None:
    def entries(*items: Resource, **more: object) -> list[tuple[str, ...]]:
        inner = {"code": PROBLEMS["code"], "entry": list(items), **more}
        letter = {"resourceType": "Composition", "id": "co", "status": "final", "subject": WHOSE, "section": [{}]}
        found = MappedResources(MILD, letter | {"section": [{"title": "Summary", "section": [inner]}]})
        items_ = [item for item in found.unread if ".entry." in item.value]
        return [tuple("".join(found.values(item, name)) for name in ("kind", "words")) for item in items_]

    severe = {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "display": "Severe depression"}
    assert entries({"reference": f"Condition/{MILD['id']}"}, severe) == [("Condition", "Severe depression")]
    assert entries(severe, code=coded(LOINC, "10160-0")) == [("OtherItem", "Severe depression")]
    assert entries({"reference": "MedicationStatement/x"}, code=None) == [("OtherItem", "MedicationStatement/x")]


SURVEY = [coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey")]
ELSEWHERE: list[Resource] = [
    with_(LAB, valueQuantity=None, valueCodeableConcept=coded(ICD10CM, "F33.2")),
    with_(LAB, valueQuantity=None, valueCodeableConcept=coded(SNOMED, "36474008")),
    with_(LAB, valueQuantity=None, valueCodeableConcept=coded("http://hl7.org/fhir/sid/icd-9-cm", "296.33")),
    with_(LAB, valueQuantity=None, valueCodeableConcept={"coding": [{"system": SNOMED, "code": 36474008}]}),
    with_(LAB, valueQuantity=None, code=coded(LOINC, "29308-4"), valueString="Major depression, severe"),
    with_(LAB, valueQuantity=None, code=coded(LOINC, "29308-4"), category=SURVEY, valueString="Severe depression"),
    with_(LAB, valueQuantity=None, code={"text": "Admitting diagnosis"}, valueCodeableConcept={"text": "PTSD"}),
    with_(LAB, valueQuantity=None, component=[{"code": coded(LOINC, "29548-5"), "valueString": "Bipolar disorder"}]),
    with_(PROCEDURE, complication=[coded(ICD10CM, "f33.2")]),
    with_(PROCEDURE, complicationDetail=[{"display": "Severe depression"}]),
    with_(PLAN, category=[coded(ICD10CM, "F33.99")]),
    with_(RISK, condition={"reference": "Condition/x"}),
    with_(MILD, id="c2", evidence=[{"code": [coded(ICD10CM, "F33.2")]}]),
    {"resourceType": "AdverseEvent", "id": "ae", "subject": WHOSE, "resultingCondition": [{"display": "Low mood"}]},
    {
        "resourceType": "EpisodeOfCare",
        "id": "ec",
        "patient": WHOSE,
        "diagnosis": [{"condition": {"reference": "urn:uuid:9"}}],
    },
    {
        "resourceType": "Composition",
        "id": "co",
        "status": "final",
        "subject": WHOSE,
        "section": [{"entry": [{"reference": "Condition/x"}]}],
    },
    {"resourceType": "Provenance", "id": "pr", "target": [{"reference": "Condition/x"}]},
    {"resourceType": "condition", "id": "mi", "subject": WHOSE, "code": coded(ICD10CM, "F33.2")},
    {
        "resourceType": "QuestionnaireResponse",
        "id": "qr",
        "status": "completed",
        "subject": WHOSE,
        "item": [{"linkId": "1", "answer": [{"valueCoding": {"system": ICD10CM, "code": "F33.2"}}]}],
    },
]


@pytest.mark.parametrize("resource", ELSEWHERE, ids=lambda resource: resource["resourceType"])
def test_a_disorder_that_is_named_anywhere_may_be_one_more(
    resource: Resource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = determined(tmp_path, capsys, MILD)
    beside = determined(tmp_path, capsys, MILD, resource)
    assert alone["adult-admission:1-severity"] == "not-met"
    assert beside["adult-admission:1-severity"] == "not-documented"


@pytest.mark.parametrize(
    "resource",
    [
        with_(LAB, valueQuantity=None, valueCodeableConcept=coded(ICD10CM, "F33.0")),  # the Condition has it
        with_(LAB, valueQuantity=None, code=coded(LOINC, "29308-4"), valueString="mild Depression"),
        with_(LAB, valueQuantity=None, code={"text": "Date of diagnosis: see chart"}, valueString="2019"),
        with_(LAB, valueQuantity=None, valueCodeableConcept=coded(ICD10CM, "J45.909")),
        with_(LAB, valueQuantity=None, valueCodeableConcept=coded(SNOMED, "260385009")),
        with_(LAB, valueQuantity=None, code=coded(LOINC, "10157-6"), valueCodeableConcept=coded(ICD10CM, "F33.2")),
        with_(LAB, status="cancelled", valueQuantity=None, valueCodeableConcept=coded(ICD10CM, "F33.2")),
        with_(
            LAB,
            valueQuantity=None,
            focus=[{"reference": "RelatedPerson/q"}],
            valueCodeableConcept=coded(ICD10CM, "F33.2"),
        ),
        FAMILY,
        with_(PLAN, addresses=[{"reference": f"Condition/{MILD['id']}"}]),
        with_(PLAN, addresses=[{"reference": {"reference": f"Condition/{MILD['id']}"}}]),
        {"resourceType": "Provenance", "id": "pr", "target": [WHOSE], "reason": [{"text": "treatment"}]},
    ],
    ids=[
        "told",
        "told-in-words",
        "no-diagnosis",
        "other-chapter",
        "none",
        "history",
        "cancelled",
        "relative",
        "family",
        "reference",
        "of-R5",
        "why-kept",
    ],
)
def test_what_is_no_further_disorder_of_the_patient_lets_a_rule_conclude(
    resource: Resource, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    relative = {"resourceType": "RelatedPerson", "id": "q", "patient": WHOSE}
    assert determined(tmp_path, capsys, MILD, relative, resource)["adult-admission:1-severity"] == "not-met"
