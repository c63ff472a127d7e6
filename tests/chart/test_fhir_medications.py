"""Medications of FHIR bundles: whether they were taken at the time of the service, and what says that it was not read."""

from __future__ import annotations

import pytest

from reasoner.chart.fhir.request import RequestOptions
from tests.chart.bundles import BY, PRESCRIPTION, RXNORM, TAKING, WHOSE, MappedResources, Resource, coded, with_
from tests.conftest import kind

STAY = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", "2025-07-11", "US-MO")
OPEN = "its status or its end leaves open whether it was active when the service began"
GIVEN: Resource = {
    "resourceType": "MedicationAdministration",
    "id": "a",
    "status": "completed",
    "subject": WHOSE,
    "medicationCodeableConcept": coded(RXNORM, "6813"),
    "effectiveDateTime": "2025-05-20T09:00:00-05:00",
    "performer": [{"actor": BY}],
}
HANDED_OVER: Resource = {
    "resourceType": "MedicationDispense",
    "id": "b",
    "status": "completed",
    "subject": WHOSE,
    "medicationCodeableConcept": coded(RXNORM, "6813"),
    "whenHandedOver": "2025-05-21",
}


def valid(start: str, end: str) -> Resource:
    """The dispenseRequest of a MedicationRequest with a period."""
    return {"validityPeriod": {"start": start, "end": end}}


@pytest.mark.parametrize(
    ("medication", "observed"),
    [
        (with_(PRESCRIPTION, status="stopped", dispenseRequest=valid("2025-05-20", "2025-06-30")), "2025-05-20"),
        (with_(PRESCRIPTION, status="completed", dispenseRequest=valid("2025-05-20", "2025-06-02")), "2025-05-20"),
        (with_(PRESCRIPTION, status="completed", authoredOn="2025-06-10"), "2025-06-10"),
        (with_(TAKING, status="completed", effectivePeriod={"start": "2025-01-01", "end": "2025-08-01"}), "2025-05-20"),
        (with_(TAKING, dateAsserted="2025-09-01"), "2025-06-02"),
        (
            with_(
                TAKING,
                status="stopped",
                dateAsserted="2025-09-01",
                effectivePeriod={"start": "2025-01-01", "end": "2025-08"},
            ),
            "2025-06-02",
        ),
        (
            with_(
                TAKING,
                status="completed",
                dateAsserted="2025-09-01",
                effectivePeriod={"start": "2025-06-20", "end": "2025-08-01"},
            ),
            "2025-06-20",
        ),
        (GIVEN, "2025-05-20"),
        (HANDED_OVER, "2025-05-21"),
    ],
)
def test_a_medication_counts_as_it_was_at_the_service(medication: Resource, observed: str) -> None:
    found = MappedResources(medication, options=STAY)
    (statement,) = found.statements
    assert found.values(statement, "observed") == [observed]
    assert not found.unread


@pytest.mark.parametrize(
    ("medication", "reason"),
    [
        (with_(PRESCRIPTION, status="stopped"), OPEN),
        (with_(PRESCRIPTION, status="completed"), OPEN),
        (with_(PRESCRIPTION, status="on-hold", authoredOn="2025-08-01"), OPEN),
        (with_(PRESCRIPTION, status="unknown"), OPEN),
        (with_(TAKING, effectivePeriod={"start": "2025-01-01", "end": "2025"}), OPEN),
        (with_(PRESCRIPTION, intent="plan"), "it is proposed or planned and not ordered"),
        (with_(TAKING, taken="unk"), "it does not say that the medication is taken"),
        (with_(PRESCRIPTION, authoredOn="2025-05"), "it has no full date on which it was recorded"),
        (
            with_(PRESCRIPTION, medicationCodeableConcept=coded(RXNORM, "310384")),
            "its code is none of those of RxNorm that are known here",
        ),
        (with_(PRESCRIPTION, medicationCodeableConcept={"text": "Fluoxetine"}), "it has no code, only words"),
        (
            with_(PRESCRIPTION, medicationCodeableConcept=coded("http://local.example", "6813")),
            "its code is of a code system that is not known here",
        ),
        (
            with_(PRESCRIPTION, medicationCodeableConcept=None, medicationReference={"reference": "Medication/gone"}),
            "the reference to the medication leads nowhere in the bundle",
        ),
        (with_(GIVEN, status="on-hold"), "its status does not say that the medication was given"),
        (with_(HANDED_OVER, medicationCodeableConcept={"text": "Something"}), "it has no code, only words"),
    ],
)
def test_a_medication_that_is_not_read_is_an_unread_item(medication: Resource, reason: str) -> None:
    found = MappedResources(medication, options=STAY)
    assert not found.statements
    (item,) = found.unread
    assert found.values(item, "kind") == ["Medication"]
    assert found.values(item, "reason") == [reason]
    assert found.values(item, "words") or found.values(item, "code")


@pytest.mark.parametrize(
    ("medication", "note"),
    [
        (
            with_(PRESCRIPTION, status="stopped", dispenseRequest=valid("2025-01-01", "2025-06-01")),
            "it ended before the",
        ),
        (with_(TAKING, effectivePeriod={"start": "2024-01-01", "end": "2024"}), "it ended before the service began"),
        (with_(PRESCRIPTION, status="draft"), "it is not yet ordered or taken"),
        (with_(PRESCRIPTION, status="cancelled"), "it was cancelled"),
        (with_(TAKING, status="not-taken"), "it says that the medication was not taken"),
        (with_(GIVEN, status="not-done"), "it says that the medication was not taken"),
        (with_(HANDED_OVER, status="entered-in-error"), "it was entered in error"),
    ],
)
def test_a_medication_that_was_not_taken_then_is_a_note(medication: Resource, note: str) -> None:
    found = MappedResources(medication, options=STAY)
    assert not found.statements
    assert not found.unread
    assert any(f"{medication['resourceType']}/{medication['id']}: {note}" in said for said in found.notes)
