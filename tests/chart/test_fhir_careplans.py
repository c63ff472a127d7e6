"""Care plans of FHIR bundles: whether they were in force at the service, and their activities that were not read."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from reasoner.chart.fhir.request import RequestOptions
from tests.chart.bundles import HCPCS, PLAN, SNOMED, MappedResources, Resource, coded, with_
from tests.conftest import kind

STAY = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", "2025-07-11", "US-MO")
OPEN = "its status leaves open whether it was in force when the service began"


def over(start: str, end: Any = None) -> Resource:
    """A period."""
    return {"start": start, "end": end} if end else {"start": start}


def items(found: MappedResources) -> list[list[str]]:
    """Kind, words and reason of the unread items."""
    return [
        found.values(item, "kind") + found.values(item, "words") + found.values(item, "reason") for item in found.unread
    ]


@pytest.mark.parametrize(
    ("changes", "listed"),
    [
        ({}, True),
        ({"status": "completed", "period": over("2025-05-29", "2025-07-11")}, True),
        ({"status": "revoked", "period": over("2025-05-29", "2025-06-30T10:00:00-05:00")}, True),
        ({"status": "completed", "period": over("2025-06-03")}, True),
        ({"status": "completed", "period": over("2025-07-12", "2025-08-01")}, False),
        ({"status": "completed", "period": over("2025-05-29")}, False),
        ({"status": "completed", "period": over("2025-05-29", "2025")}, False),
        ({"intent": "proposal"}, False),
    ],
)
def test_a_care_plan_counts_as_it_was_at_the_service(changes: Resource, listed: bool) -> None:
    found = MappedResources(with_(PLAN, **changes), options=STAY)
    assert bool(found.document(PLAN)) == listed
    assert len(found.statements) == 2 * listed
    if listed:
        assert not found.unread
    else:
        of_plan = [item for item in items(found) if item[0] == "Document"]
        assert len(of_plan) == 1
        assert of_plan[0][1] == "Treatment plan"
        assert of_plan[0][2] in (OPEN, "it is proposed and neither planned nor ordered")


@pytest.mark.parametrize("changes", [{"status": "draft"}, {"period": over("2025-01-01", "2025-06-01")}])
def test_a_care_plan_that_was_not_in_force_is_a_note(changes: Resource) -> None:
    found = MappedResources(with_(PLAN, **changes), options=STAY)
    assert not found.document(PLAN)
    assert not found.statements
    assert not found.unread


def test_each_other_activity_is_an_unread_order() -> None:
    reviewed = PLAN["activity"][0]["detail"]
    late = copy.deepcopy(reviewed)
    late["scheduledTiming"]["repeat"]["period"] = 2
    others = [
        {"status": "scheduled", "code": coded(SNOMED, "371605008") | {"text": "Breathing exercises"}},
        {"status": "completed", "description": "Walks"},
        {"status": "scheduled", "code": coded(HCPCS, "H0015")},
        late,
    ]
    found = MappedResources(with_(PLAN, activity=[{"detail": detail} for detail in (reviewed, *others)]), options=STAY)
    other = "it is an activity other than the service under review, and is not read"
    assert items(found) == [
        ["Order", "Breathing exercises", other],
        ["Order", "Walks", other],
        ["Order", "H0015", "it states no schedule of the service under review"],
        ["Order", "H0015", "the schedule of the program is left out: it does not say on how many days a week"],
    ]
    assert len(found.statements) == 2
    assert found.document(PLAN)
