"""Orders, claims and plans of FHIR bundles: which is the request, which plan was in force, and what says that it was not read."""

from __future__ import annotations

from typing import Any

import pytest
from pyoxigraph import NamedNode

from reasoner.chart.fhir.request import RequestOptions
from reasoner.ground.errors import DocumentationError
from tests.chart.bundles import (
    CLAIM,
    COVERAGE,
    ENCOUNTER,
    HCPCS,
    NEC,
    ORDER,
    SNOMED,
    WEEK,
    MappedResources,
    Resource,
    coded,
    with_,
)
from tests.conftest import kind

UNDATED = RequestOptions(kind(phase="admission", focus="mental-health"), None, None, "US-MO")
SOME = with_(ORDER, occurrenceTiming=None, occurrencePeriod={"start": "2025-06-02", "end": "2025-07-11"})
OTHER = coded(SNOMED, "385763009") | {"text": "Hospice care"}
ASKED_FOR = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-requestedService"


def period(found: MappedResources) -> list[str]:
    """The dates of the service of the request."""
    (request,) = [t.subject for t in found.triples if t.object == NamedNode(f"{NEC}ReviewRequest")]
    return found.values(request, "serviceStart") + found.values(request, "serviceEnd")


def reasons(found: MappedResources) -> list[str]:
    """Why orders were not read."""
    return [
        reason
        for item in found.unread
        if found.values(item, "kind") == ["Order"]
        for reason in found.values(item, "reason")
    ]


@pytest.mark.parametrize(
    ("changes", "dates"),
    [
        ({}, ["2025-06-02", "2025-07-11"]),
        ({"intent": "filler-order", "status": "completed"}, ["2025-06-02", "2025-07-11"]),
        (
            {
                "occurrencePeriod": None,
                "occurrenceTiming": {
                    "repeat": WEEK["repeat"]
                    | {"boundsPeriod": {"start": "2025-06-03", "end": "2025-07-01T20:00:00-05:00"}}
                },
            },
            ["2025-06-03", "2025-07-01"],
        ),
        ({"doNotPerform": False}, ["2025-06-02", "2025-07-11"]),
    ],
)
def test_an_order_that_is_the_request(changes: Resource, dates: list[str]) -> None:
    found = MappedResources(with_(SOME, **changes), options=UNDATED)
    assert period(found) == dates
    assert not found.unread


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (with_(SOME, intent="proposal"), "it is proposed or planned and not ordered"),
        (with_(SOME, intent="plan"), "it is proposed or planned and not ordered"),
        (with_(SOME, intent="option"), "it is proposed or planned and not ordered"),
        (with_(SOME, status="revoked"), "it was revoked, and when is not told"),
        (with_(SOME, status="unknown"), "its status is not one under which it asks for a service"),
        (with_(SOME, code=OTHER), "it asks for no service that the policy reviews, so nothing of the request is taken"),
        (
            with_(SOME, code={"text": "IOP"}),
            "whether it asks for a service that the policy reviews cannot be told: it has no",
        ),
        (
            with_(SOME, code=coded("http://local.example", "S9480")),
            "whether it asks for a service that the policy reviews",
        ),
        (
            with_(SOME, code=None),
            "whether it asks for a service that the policy reviews cannot be told: it has neither",
        ),
        (with_(CLAIM, use="predetermination"), "it asks what would be paid, and not for the service"),
        (
            with_(CLAIM, item=None),
            "whether it asks for a service that the policy reviews cannot be told: it has neither",
        ),
        (with_(CLAIM, status="draft", type=coded("x", "oral")), "it is a claim for pharmacy, vision or oral care"),
    ],
)
def test_an_order_that_is_not_is_an_unread_item_and_gives_no_date(order: Resource, reason: str) -> None:
    found = MappedResources(order)
    assert not found.statements
    (said,) = reasons(found)
    assert said.startswith(reason)
    with pytest.raises(
        DocumentationError, match=r"no full date of the service's start\. Say it beside the bundle \(--service-start\)"
    ):
        MappedResources(order, options=UNDATED)


@pytest.mark.parametrize(
    "order",
    [
        with_(SOME, doNotPerform=True),
        with_(SOME, doNotPerform={"extension": []}),
        with_(SOME, status="entered-in-error"),
        with_(CLAIM, status="cancelled"),
    ],
)
def test_an_order_that_was_understood_to_ask_for_nothing_is_a_note(order: Resource) -> None:
    found = MappedResources(order)
    assert not found.unread
    assert any(note.startswith(f"{order['resourceType']}/{order['id']}: ") for note in found.notes)
    with pytest.raises(DocumentationError, match="no full date of the service's start"):
        MappedResources(order, options=UNDATED)


def test_each_item_of_a_claim_counts_by_itself() -> None:
    items = [
        {"sequence": 1, "productOrService": OTHER, "servicedDate": "2025-01-01"},
        {"sequence": 2, "productOrService": coded(HCPCS, "S9480"), "servicedDate": "2025-06-03"},
        {
            "sequence": 3,
            "productOrService": {"text": "bundle of services"},
            "detail": [{"sequence": 1, "productOrService": coded(HCPCS, "H0015")}],
            "servicedPeriod": {"start": "2025-06-04", "end": "2025-06-20"},
        },
    ]
    found = MappedResources(with_(CLAIM, item=items, billablePeriod=None), options=UNDATED)
    assert period(found) == ["2025-06-03", "2025-06-20"]
    (item,) = found.unread
    assert found.values(item, "words") == ["Hospice care"]
    assert item.value.endswith("Claim/w#item.0.unread")


@pytest.mark.parametrize(
    ("use", "timing"), [("preauthorization", ["PreService"]), ("claim", ["PostService"]), (None, [])]
)
def test_the_use_of_a_claim_says_when_the_review_takes_place(use: str | None, timing: list[str]) -> None:
    found = MappedResources(with_(CLAIM, use=use))
    (request,) = [t.subject for t in found.triples if t.object == NamedNode(f"{NEC}ReviewRequest")]
    assert found.values(request, "timing") == timing


def test_a_claim_has_the_dates_of_what_it_asks_for_and_of_the_event() -> None:
    asks = {"url": ASKED_FOR, "valueReference": {"reference": "ServiceRequest/s"}}
    event = {
        "sequence": 1,
        "category": coded("http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASSupportingInfoType", "patientEvent"),
        "timingPeriod": {"start": "2025-06-01", "end": "2025-07-20"},
    }
    claim = with_(CLAIM, billablePeriod=None, item=[{"sequence": 1, "extension": [asks]}], priority=coded("x", "stat"))
    found = MappedResources(claim, SOME, options=UNDATED)
    assert period(found) == ["2025-06-02", "2025-07-11"]
    assert not found.unread
    assert "Claim/w: its priority is stat; a determination does not take that into account" in found.notes
    assert period(MappedResources(with_(claim, supportingInfo=[event]), SOME, options=UNDATED)) == [
        "2025-06-01",
        "2025-07-20",
    ]


def test_of_several_none_is_the_request() -> None:
    both = reasons(MappedResources(CLAIM, with_(CLAIM, id="w2")))
    assert both == ["which of several claims is under review is not stated, so none of them is the request"] * 2
    beside = reasons(MappedResources(CLAIM, SOME))
    assert beside == ["a Claim stands beside it, so it is not the request"]
    orders = reasons(MappedResources(SOME, with_(SOME, id="s2")))
    assert orders == ["which of several is under review is not stated, so none of them is the request"] * 2
    stays = [with_(ENCOUNTER, id=id_, type=[coded(HCPCS, "S9480")]) for id_ in ("e1", "e2")]
    assert period(MappedResources(*stays[:1], options=UNDATED)) == ["2025-05-01", "2025-05-09"]
    with pytest.raises(DocumentationError, match="no full date of the service's start"):
        MappedResources(*stays, options=UNDATED)


# ---------------------------------------------------------------- the plan at the start of the service


def covering(id_: str, status: str = "active", start: Any = None, end: Any = None) -> Resource:
    """A Coverage with the status of today and a period."""
    period = {name: day for name, day in (("start", start), ("end", end)) if day}
    return with_(COVERAGE, id=id_, status=status, period=period or None)


@pytest.mark.parametrize(
    ("coverages", "plan"),
    [
        ([covering("1", "cancelled", "2024-01-01", "2025-12-31")], "1"),
        ([covering("1", "cancelled", "2024-01-01", "2025-06-02")], "1"),
        ([covering("1", "cancelled", "2024-01-01", "2025-06-01")], None),
        ([covering("1", "cancelled", "2025-06-02", "2025-06-02")], None),
        ([covering("1", "cancelled")], None),
        ([covering("1", "draft", "2024-01-01")], None),
        ([covering("1", "entered-in-error", "2024-01-01")], None),
        ([covering("1", "active", "2025-06-03")], None),
        ([covering("1", "active", "2025-06-02T23:00:00-05:00")], "1"),
        ([covering("1", "active", "2025", "2025")], "1"),
        ([covering("1", "active", end="2025-06-01"), covering("2", "active", "2025-06-01")], "2"),
        ([covering("1", "cancelled", "2024-01-01", "2025-12-31"), covering("2", "active", "2026-01-01")], "1"),
        ([covering("1"), covering("2")], None),
        ([covering("1"), covering("2", "active", "2020-01-01")], None),
    ],
)
def test_the_plan_is_the_coverage_that_was_in_force_when_the_service_began(
    coverages: list[Resource], plan: str | None
) -> None:
    found = MappedResources(*coverages)
    plans = [t.object.value for t in found.triples if t.predicate == NamedNode(f"{NEC}plan")]  # type: ignore[union-attr]
    (name,) = plans
    assert name.endswith(f"Coverage/{plan}") if plan else "Coverage" not in name
    assert sum("Coverage/" in note or "Coverage, " in note for note in found.notes) >= (not plan)


def test_the_request_names_its_plan() -> None:
    coverages = [covering("1"), covering("2")]
    named = [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/2"}}]
    both = [*named, {"sequence": 2, "focal": False, "coverage": {"reference": "Coverage/1"}}]
    claim = with_(CLAIM, insurance=both)
    order = with_(SOME, insurance=[{"reference": "Coverage/2"}])
    for asked in (claim, order):
        found = MappedResources(asked, *coverages)
        (plan,) = [t.object.value for t in found.triples if t.predicate == NamedNode(f"{NEC}plan")]  # type: ignore[union-attr]
        assert plan.endswith("Coverage/2")
        assert "Coverage/1: the request names another one" in found.notes
