"""The mappings of FHIR resources: every status, and whatever else, under which they must give nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import NamedNode

from reasoner.cli import main
from tests.chart.bundles import (
    ARGUMENTS,
    CLAIM,
    CONDITION,
    CONSENT,
    COVERAGE,
    ENCOUNTER,
    HOUSING,
    ICD10CM,
    INPUTS,
    LETTER,
    LOINC,
    NEC,
    ORDER,
    PHQ9,
    PLAN,
    PRESCRIPTION,
    PROCEDURE,
    SNOMED,
    SUMMARY,
    TAKING,
    WHOSE,
    MappedResources,
    Resource,
    coded,
    with_,
)

# ---------------------------------------------------------------- what must not count

NEVER = [
    (PHQ9, "status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown", "nonsense", None]),
    (HOUSING, "status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown", None]),
    (ENCOUNTER, "status", ["planned", "arrived", "triaged", "cancelled", "entered-in-error", "unknown", None]),
    (PROCEDURE, "status", ["preparation", "not-done", "on-hold", "stopped", "entered-in-error", "unknown", None]),
    (
        PRESCRIPTION,
        "status",
        ["on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown", None],
    ),
    (PRESCRIPTION, "intent", ["proposal", "plan", "option", None]),
    (PRESCRIPTION, "doNotPerform", [True, {"extension": [{"url": "x"}]}]),
    (PROCEDURE, "notDone", [True, {"extension": [{"url": "x"}]}]),  # this and the next: FHIR before R4
    (TAKING, "taken", ["n", "unk", "na"]),
    (TAKING, "wasNotTaken", [True]),
    (
        TAKING,
        "status",
        ["completed", "entered-in-error", "intended", "stopped", "on-hold", "unknown", "not-taken", None],
    ),
    (TAKING, "effectivePeriod", [{"start": "2024-01-01", "end": "2024-03-01"}, {"start": "2024-01-01", "end": "2024"}]),
    (CONSENT, "status", ["draft", "proposed", "rejected", "inactive", "entered-in-error", None]),
    (CONSENT, "provision", [{"type": "perhaps"}]),
    (ORDER, "status", ["draft", "on-hold", "revoked", "entered-in-error", "unknown", None]),
    (ORDER, "intent", ["proposal", "plan", "directive", "option", None]),
    (PLAN, "status", ["draft", "on-hold", "revoked", "completed", "entered-in-error", "unknown", None]),
    (PLAN, "intent", ["proposal", "option", None]),
    (LETTER, "status", ["superseded", "entered-in-error", None]),
    (LETTER, "docStatus", ["preliminary", "entered-in-error"]),
    (SUMMARY, "status", ["preliminary", "entered-in-error", None]),
    (COVERAGE, "status", ["cancelled", "draft", "entered-in-error", None]),
    (
        CONDITION,
        "verificationStatus",
        [{"coding": [{"code": "unconfirmed"}]}, {"coding": [{"code": "provisional"}]}],
    ),
    (
        CONDITION,
        "verificationStatus",
        [{"coding": [{"code": "differential"}]}, {"coding": [{"code": "entered-in-error"}]}],
    ),
    (CONDITION, "verificationStatus", [{"coding": []}, {"text": "sure"}, {}]),
    (
        CONDITION,
        "verificationStatus",
        [
            {"coding": [{"code": "confirmed"}, {"code": other}]}
            for other in ("provisional", "entered-in-error", "refuted")
        ],
    ),
    (
        CONDITION,
        "clinicalStatus",
        [{"coding": [{"code": code}]} for code in ("inactive", "remission", "resolved")],
    ),
    (CONDITION, "verificationStatus", ["confirmed", "refuted", coded("http://local.example/status", "confirmed")]),
    (CONDITION, "verificationStatus", [coded("http://local.example/status", "refuted")]),
    (CONDITION, "clinicalStatus", ["active", "resolved", coded("http://local.example/status", "active")]),
    (CONDITION, "abatementDateTime", ["2025"]),
    (CONDITION, "abatementBoolean", [True, {"extension": [{"url": "x"}]}]),
    (CONDITION, "onsetDateTime", ["2025-06-02", "2025-07", "2026"]),
    (CONDITION, "onsetPeriod", [{"start": "2025-06-02T08:00:00Z"}]),
]
DATED = [
    (PHQ9, "effectiveDateTime"),
    (HOUSING, "effectiveDateTime"),
    (PROCEDURE, "performedPeriod"),
    (PRESCRIPTION, "authoredOn"),
    (TAKING, "dateAsserted"),
    (CONSENT, "dateTime"),
    (ORDER, "authoredOn"),
    (CONDITION, "recordedDate"),
    (ENCOUNTER, "period"),
]


@pytest.mark.parametrize(
    ("resource", "element", "value"),
    [(resource, element, value) for resource, element, values in NEVER for value in values],
    ids=lambda value: value["resourceType"] if isinstance(value, dict) and "resourceType" in value else str(value),
)
def test_a_status_that_must_not_count(resource: Resource, element: str, value: Any) -> None:
    changed = with_(resource, **{element: value})
    found = MappedResources(changed)
    assert not found.statements
    assert not found.document(changed)
    assert not any(t.predicate == NamedNode(f"{NEC}funding") for t in found.triples)
    assert any(re.match(rf"{resource['resourceType']}/{resource['id']}[:,] ", note) for note in found.notes)


@pytest.mark.parametrize("day", ["2025", "2025-05", "2025-02-30", "yesterday", {"extension": [{"url": "x"}]}])
@pytest.mark.parametrize(("resource", "element"), DATED, ids=lambda v: v["resourceType"] if isinstance(v, dict) else v)
def test_a_date_that_is_not_whole(resource: Resource, element: str, day: Any) -> None:
    value = {"start": day, "end": day} if element.endswith(("eriod", "Period")) else day
    found = MappedResources(with_(resource, **{element: value}))
    statements = [statement for statement in found.statements if "71802-3" not in str(found.values(statement, "code"))]
    assert not statements
    assert any(note.startswith(f"{resource['resourceType']}/{resource['id']}: ") for note in found.notes)


@pytest.mark.parametrize(
    ("whose", "why"),
    [
        ({"reference": "Patient/other"}, "the reference leads nowhere in the bundle: {} Patient/other"),
        ({"reference": "Practitioner/d"}, "it is about someone other than the Patient of the bundle"),
        ({"display": "somebody"}, "whose it is cannot be told: its {} is no reference that can be followed"),
        ({}, "whose it is cannot be told: its {} is no reference that can be followed"),
    ],
    ids=["absent", "other", "named", "empty"],
)
@pytest.mark.parametrize(
    "resource",
    [
        PHQ9,
        HOUSING,
        ENCOUNTER,
        PROCEDURE,
        PRESCRIPTION,
        TAKING,
        CONSENT,
        ORDER,
        PLAN,
        with_(LETTER, context=None),
        with_(SUMMARY, section=None),
        CONDITION,
        COVERAGE,
        CLAIM,
    ],
    ids=lambda r: f"{r['resourceType']}/{r['id']}",
)
def test_what_is_not_known_to_be_about_the_patient(resource: Resource, whose: Resource, why: str) -> None:
    (element,) = {"subject", "patient", "beneficiary"} & set(resource)
    changed = with_(resource, **{element: whose})
    found = MappedResources(changed)
    assert not found.statements
    assert not found.document(changed)
    assert f"{resource['resourceType']}/{resource['id']}: {why.format(element)}" in found.notes


@pytest.mark.parametrize("resource", [CONDITION, ENCOUNTER, TAKING], ids=lambda r: r["resourceType"])
def test_the_patient_element_of_former_versions_says_whose_it_is(resource: Resource) -> None:
    assert not MappedResources(with_(resource, subject=None, patient={"reference": "Patient/other"})).statements
    assert MappedResources(with_(resource, subject=None, patient=WHOSE)).statements


def test_a_condition_is_read_in_the_systems_of_fhir_and_names_what_is_older() -> None:
    systems = "http://terminology.hl7.org/CodeSystem/condition-"
    found = MappedResources(
        with_(
            CONDITION,
            clinicalStatus=coded(f"{systems}clinical", "active"),
            verificationStatus=coded(f"{systems}ver-status", "confirmed"),
            abatementBoolean=False,
            onsetDateTime="2025-06",
        )
    )
    assert [found.values(statement, "assertion") for statement in found.statements] == [["Affirmed"]]
    found = MappedResources(with_(CONDITION, verificationStatus="confirmed"))
    assert any("DSTU2, STU3" in note for note in found.notes)


def test_two_severities_are_none() -> None:
    found = MappedResources(with_(CONDITION, severity=coded(SNOMED, "255604002", "24484000")))
    assert [found.values(statement, "severity") for statement in found.statements] == [[]]
    assert any("or more than one" in note for note in found.notes)


@pytest.mark.parametrize(
    "value",
    [
        {"valueBoolean": "false"},
        {"valueBoolean": 1},
        {"valueCodeableConcept": {"coding": [{"code": "Y"}, {"code": "N"}]}},
        {"valueCodeableConcept": coded("http://local.example/answers", "Y")},
        {"valueCodeableConcept": coded("http://local.example/answers", "N")},
        {"valueCodeableConcept": coded(LOINC, "LA33-6"), "valueBoolean": False},
    ],
)
def test_an_answer_that_is_neither_yes_nor_no(value: Resource) -> None:
    question = {"code": coded(ICD10CM, "Z59.02"), "valueCodeableConcept": None}
    found = MappedResources(with_(HOUSING, **question | value))
    assert not found.statements
    assert "Observation/h: it does not say whether the circumstance is so" in found.notes


def test_what_is_prohibited_or_as_needed_is_no_schedule() -> None:
    detail = PLAN["activity"][0]["detail"] | {"prohibited": True}
    assert not MappedResources(with_(PLAN, activity=[{"detail": detail}])).statements
    assert not MappedResources(with_(ORDER, asNeededBoolean=True)).statements


def test_an_observation_about_a_relative() -> None:
    mother = {"reference": "RelatedPerson/mother"}
    for resource in (PHQ9, HOUSING):
        assert MappedResources(with_(resource, focus=[WHOSE])).statements
        assert not MappedResources(with_(resource, focus=[mother])).statements
        assert not MappedResources(with_(resource, focus=[WHOSE, mother])).statements
        device = {"resourceType": "Device", "id": "v"}
        assert not MappedResources(device, with_(resource, focus=[{"reference": "Device/v"}])).unread
        found = MappedResources(CONDITION, with_(resource, focus=[{"reference": "Condition/c"}]))
        (item,) = found.unread
        assert found.values(item, "reason") == ["whose it is cannot be told: its focus is a Condition"]


@pytest.mark.parametrize(
    ("resource", "element", "values"),
    [
        (PHQ9, "status", ["final", "entered-in-error"]),
        (PRESCRIPTION, "intent", ["order", "proposal"]),
        (CONDITION, "subject", [{"reference": "Patient/other"}, WHOSE]),
        (CONSENT, "patient", [WHOSE, {"reference": "Patient/other"}]),
        (CONDITION, "code", [coded(ICD10CM, "F33.1"), coded(ICD10CM, "F41.1")]),
    ],
)
def test_two_statuses_codes_or_patients_are_refused(resource: Resource, element: str, values: list[Any]) -> None:
    changed = with_(resource, **{element: values})
    found = MappedResources(changed)
    assert not found.statements
    assert not found.document(changed)
    assert any("is stated more than once" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": coded(LOINC, "2339-0")}, "no rule reads observations of its code"),
        ({"valueQuantity": None, "dataAbsentReason": coded("x", "refused")}, "its value is stated to be absent"),
        ({"valueQuantity": {"unit": "{score}"}}, "it has no value that can be read"),
        ({"valueQuantity": None, "valueRange": {"low": {"value": 1}}}, "it has no value that can be read"),
    ],
)
def test_an_observation_without_a_measure_or_a_value(changes: Resource, reason: str) -> None:
    found = MappedResources(with_(PHQ9, **changes))
    assert not found.statements
    assert f"Observation/o: {reason}" in found.notes


def test_an_activity_that_does_not_stand_states_no_schedule() -> None:
    for status in ("not-started", "on-hold", "completed", "cancelled", "stopped", "unknown", "entered-in-error", None):
        detail = {name: value for name, value in (PLAN["activity"][0]["detail"] | {"status": status}).items() if value}
        found = MappedResources(with_(PLAN, activity=[{"detail": detail}]))
        assert not found.statements
        assert any("the schedule of the program is left out" in note for note in found.notes)
    forbidden = PLAN["activity"][0]["detail"] | {"doNotPerform": True}
    assert not MappedResources(with_(PLAN, activity=[{"detail": forbidden}])).statements


# ---------------------------------------------------------------- real bundles

POINTED_TO = {
    "cms159-01083d96.json": {"adult-admission:1-diagnosis": "F32.9, active and confirmed"},
    "synthea-milan-beatty.json": {"adult-admission:1-diagnosis": "SNOMED CT 370143000, active and confirmed"},
    "cms2-046b755c.json": {},  # its bipolar disorder began after the period under review
}


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the shared inputs are not here")
@pytest.mark.parametrize("path", sorted(INPUTS.glob("*.json")), ids=lambda path: path.stem)
def test_no_real_bundle_affirms_what_cannot_be_pointed_to(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["determine", str(path), "--format", "jsonl", *ARGUMENTS])
    out = capsys.readouterr()
    patients = [entry["resource"] for entry in json.loads(path.read_bytes())["entry"]]
    if not any(resource.get("birthDate") for resource in patients if resource["resourceType"] == "Patient"):
        assert code == 2
        assert "no full date of birth" in out.err
        return
    assert code == 0
    record = json.loads(out.out)
    spoken = {c["id"] for c in record["criteria"] if c["status"] != "not-documented" and c["evidence"]}
    assert spoken == set(POINTED_TO[path.name])
