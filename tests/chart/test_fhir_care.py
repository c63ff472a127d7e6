"""Encounters, procedures, consents and goals of FHIR: when they count, and what becomes of those that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.bundles import (
    BY,
    CONSENT,
    DOCTOR,
    ENCOUNTER,
    NEC,
    PROCEDURE,
    SNOMED,
    WHOSE,
    MappedResources,
    Resource,
    coded,
    with_,
)
from tests.chart.test_fhir_conditions import said, unread

GOAL: Resource = {
    "resourceType": "Goal",
    "id": "z",
    "lifecycleStatus": "active",
    "subject": WHOSE,
    "description": {"text": "Sleeps through the night"},
    "achievementStatus": coded("http://terminology.hl7.org/CodeSystem/goal-achievement", "improving"),
    "startDate": "2025-05-01",
    "statusDate": "2025-05-20",
    "expressedBy": BY,
}
WENT_ON = [
    {"status": "arrived", "period": {"start": "2025-04-30", "end": "2025-05-01"}},
    {"status": "in-progress", "period": {"start": "2025-05-01", "end": "2025-05-09"}},
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["Affirmed 2025-05-09, written 2025-05-09"]),
        ({"status": "unknown", "statusHistory": WENT_ON}, ["Affirmed 2025-05-09, written 2025-05-09"]),
        ({"status": None, "statusHistory": WENT_ON, "period": None}, ["Affirmed 2025-05-09, written 2025-05-09"]),
        ({"period": None, "statusHistory": WENT_ON}, ["Affirmed 2025-05-09, written 2025-05-09"]),
        ({"status": "in-progress", "statusHistory": WENT_ON}, ["Affirmed 2025-05-01, written 2025-05-01"]),
        ({"status": "cancelled", "statusHistory": WENT_ON}, []),
        ({"status": "unknown", "statusHistory": WENT_ON[:1]}, []),
    ],
)
def test_the_history_of_an_encounter_tells_whether_it_took_place(changes: Resource, expected: list[str]) -> None:
    assert said(MappedResources(with_(ENCOUNTER, **changes))) == expected


def test_a_participant_who_is_no_provider_wrote_nothing() -> None:
    mother = {"resourceType": "RelatedPerson", "id": "m", "patient": WHOSE, "name": [{"text": "Mary"}]}
    stay = with_(
        ENCOUNTER,
        participant=[{"individual": {"reference": "RelatedPerson/m"}}],
        serviceProvider={"display": "The hospital"},
    )
    document = MappedResources(stay, mother).document(stay)
    assert document["creator"] == "The hospital"
    assert "authorKind" not in document
    with_both = with_(ENCOUNTER, serviceProvider={"display": "The hospital"})
    assert MappedResources(with_both).document(with_both)["creator"] == f"Ruth {DOCTOR['name'][0]['family']}"


@pytest.mark.parametrize(
    ("resource", "changes", "kind", "reason"),
    [
        (ENCOUNTER, {"class_": {"code": "AMB"}}, "Encounter", "neither its class nor its type is known here"),
        (ENCOUNTER, {"status": "unknown"}, "Encounter", "whether it took place cannot be told from its status"),
        (ENCOUNTER, {"period": {"end": "2025-05"}}, "Encounter", "it has no full date"),
        (PROCEDURE, {"status": "unknown"}, "Procedure", "whether it took place cannot be told from its status"),
        (PROCEDURE, {"performedPeriod": None}, "Procedure", "it has no full date"),
        (PROCEDURE, {"code": {"text": "Group therapy"}}, "Procedure", "it has no code, only words"),
        (PROCEDURE, {"code": coded(SNOMED, "32911000")}, "Procedure", "its code is not of the service under review"),
        (
            PROCEDURE,
            {"code": coded("http://www.ama-assn.org/go/cpt", "90837")},
            "Procedure",
            "its code is of CPT, another code system, whose codes are not read here",
        ),
        (CONSENT, {"status": None}, "OtherItem", "whether it is in force cannot be told from its status"),
        (
            CONSENT,
            {"scope": coded("http://example.org/scopes", "x")},
            "OtherItem",
            "its scope is not one that is known here",
        ),
        (CONSENT, {"dateTime": "2025"}, "OtherItem", "it has no full date on which it was given"),
        (
            GOAL,
            {"achievementStatus": None},
            "OtherItem",
            "how far the goal is reached is not stated in a code that is known here",
        ),
        (GOAL, {"lifecycleStatus": None}, "OtherItem", "whether it is pursued cannot be told from its status"),
        (GOAL, {"statusDate": "2025"}, "OtherItem", "it has no full date on which it was so"),
    ],
)
def test_what_cannot_be_read_is_an_unread_item(resource: Resource, changes: Any, kind: str, reason: str) -> None:
    found = MappedResources(with_(resource, **changes))
    assert not found.statements
    assert [item[:2] for item in unread(found)] == [(kind, reason)]
    assert all(item[2] for item in unread(found)) or "code" in str(found.triples)


@pytest.mark.parametrize(
    ("resource", "element", "values"),
    [
        (ENCOUNTER, "status", ["planned", "arrived", "triaged", "cancelled", "entered-in-error"]),
        (PROCEDURE, "status", ["preparation", "not-done", "on-hold", "stopped", "entered-in-error"]),
        (CONSENT, "status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"]),
        (GOAL, "lifecycleStatus", ["proposed", "planned", "cancelled", "rejected", "entered-in-error"]),
    ],
)
def test_what_was_not_so_is_only_noted(resource: Resource, element: str, values: list[str]) -> None:
    for value in values:
        found = MappedResources(with_(resource, **{element: value}))
        assert not found.statements
        assert not unread(found)
        assert any(note.startswith(f"{resource['resourceType']}/{resource['id']}: ") for note in found.notes)


def test_a_goal_says_how_far_it_is_reached_and_nothing_else() -> None:
    found = MappedResources(with_(GOAL, description=coded(SNOMED, "36474008") | {"text": "Depression"}))
    (statement,) = found.statements
    assert found.values(statement, "code") == ["improving"]
    assert found.values(statement, "excerpt") == ["Goal: Depression: improving"]
    assert found.values(statement, "recorded") == ["2025-05-20"]
    assert found.document(GOAL)["authorKind"] == f"{NEC}Provider"
    for status in ("accepted", "on-hold", "completed"):
        assert len(MappedResources(with_(GOAL, lifecycleStatus=status)).statements) == 1
