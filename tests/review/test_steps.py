"""Steps: which act corrects which, and the state that follows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reasoner.review.acts import Act, Disposition
from reasoner.review.steps import CaseState, history, of_period, same_step, state

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def made(*said: str) -> list[Act]:
    """Acts an hour apart: the disposition, and after a ``<`` the number of the act that it revises, counted from 0."""
    acts = []
    for number, text in enumerate(said):
        slug, _, revised = text.partition("<")
        acts.append(
            Act(
                iri=f"urn:act:{number}",
                determination="urn:d",
                disposition=Disposition(slug),
                time=BEGIN + timedelta(hours=number),
                revises=f"urn:act:{revised}" if revised else "",
                person=f"urn:person:{number}",
            )
        )
    return acts


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), "open"),
        (("assessed",), "open"),
        (("extended",), "open"),
        (("documentation-requested",), "documentation-requested"),
        (("documentation-requested", "extended", "assessed"), "documentation-requested"),
        (("documentation-requested", "documentation-returned"), "documentation-returned"),
        (("referred-to-peer",), "referred-to-peer"),
        (("referred-to-peer", "peer-to-peer"), "peer-to-peer"),
        (("referred-to-peer", "documentation-requested"), "documentation-requested"),
        (("approved",), "decided"),
        (("adverse",), "decided"),
        (("adverse", "peer-to-peer"), "decided"),
        (("adverse", "appealed"), "appealed"),
        (("adverse", "appealed", "documentation-requested", "documentation-returned", "peer-to-peer"), "appealed"),
        (("adverse", "appealed", "upheld"), "upheld"),
        (("adverse", "appealed", "overturned"), "overturned"),
        (("adverse", "appealed", "upheld", "appealed", "overturned"), "overturned"),
        (("adverse", "appealed", "withdrawn"), "decided"),
        (("adverse", "appealed", "upheld", "appealed", "withdrawn"), "upheld"),
        (("adverse", "appealed", "appealed", "withdrawn"), "decided"),
        (("documentation-requested", "withdrawn"), "withdrawn"),
        (("withdrawn", "documentation-returned"), "withdrawn"),
    ],
)
def test_the_state_follows_from_the_acts(said: tuple[str, ...], expected: str) -> None:
    assert state(made(*said)) is CaseState(expected)


def test_every_state_is_reached() -> None:
    marks = [mark for mark in test_the_state_follows_from_the_acts.pytestmark if mark.name == "parametrize"]
    assert {expected for _, expected in marks[0].args[1]} == set(CaseState)


def test_a_correction_stands_in_place_of_what_it_corrects() -> None:
    told = history(made("documentation-requested", "adverse", "adverse<1", "approved<2"))
    assert [len(step.acts) for step in told.steps] == [1, 3]
    decision = told.decision
    assert decision is not None
    assert (decision.act.disposition, decision.time) == (Disposition.APPROVED, BEGIN + timedelta(hours=1))
    assert [act.disposition.value for act in told.denials] == ["adverse", "adverse"]


def test_what_earlier_versions_called_a_revision_is_a_step_of_its_own() -> None:
    told = history(made("documentation-requested", "referred-to-peer<0", "approved<1"))
    assert [step.act.disposition.value for step in told.steps] == [
        "documentation-requested",
        "referred-to-peer",
        "approved",
    ]
    # A reviewer's referral after a denial was put on record by them; the denial stands.
    assert state(made("adverse", "referred-to-peer<0")) is CaseState.DECIDED


def test_what_can_be_corrected() -> None:
    def correctable(*said: str) -> list[str]:
        return [step.act.disposition.value for step in history(made(*said)).correctable]

    assert correctable() == []
    assert correctable("documentation-requested", "documentation-returned") == ["documentation-returned"]
    assert correctable("adverse") == ["adverse"]
    assert correctable("adverse", "peer-to-peer") == ["adverse", "peer-to-peer"]
    assert correctable("adverse", "appealed") == ["appealed"]
    assert correctable("adverse", "appealed", "upheld") == ["upheld"]


@pytest.mark.parametrize(
    ("said", "who"),
    [
        (("assessed", "assessed"), {0, 1}),
        (("assessed", "documentation-requested"), {0}),
        (("assessed", "documentation-requested", "documentation-returned"), set()),
        (("assessed", "adverse", "appealed"), set()),
        (("assessed", "adverse", "appealed", "assessed"), {3}),
    ],
)
def test_own_statuses_hold_until_documentation_or_an_appeal_comes(said: tuple[str, ...], who: set[int]) -> None:
    assert history(made(*said)).assessors == {f"urn:person:{number}" for number in who}


def test_acts_of_one_step() -> None:
    kinds = {frozenset(other for other in Disposition if same_step(one, other)) for one in Disposition}
    assert {kind for kind in kinds if len(kind) > 1} == {
        frozenset({Disposition.APPROVED, Disposition.ADVERSE}),
        frozenset({Disposition.UPHELD, Disposition.OVERTURNED}),
    }


def test_acts_are_taken_in_their_order_whatever_order_they_are_told_in() -> None:
    acts = made("referred-to-peer", "adverse", "appealed", "upheld<1")
    assert history(reversed(acts)) == history(acts)
    assert state(acts) is CaseState.UPHELD


def test_the_acts_on_a_period() -> None:
    def act(start: date, end: date | None) -> Act:
        (one,) = made("approved")
        return Act(**{**vars(one), "service": (start, end)})

    day = [date(2026, 1, number) for number in range(1, 32)]
    early, late, unknown = act(day[0], day[9]), act(day[10], None), made("adverse")[0]
    assert of_period([early, late, unknown], day[0], day[9]) == (early, unknown)
    assert of_period([early, late, unknown], day[10], None) == (late, unknown)
    assert of_period([early, late], day[9], day[10]) == (early, late)
