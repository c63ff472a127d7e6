"""Public metrics: what is counted of each case, and the report computed by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reasoner.review.acts import Act, Disposition
from reasoner.review.metrics import DecidedRequest, Measure, decided_request, public_metrics
from reasoner.review.steps import history

RECEIVED = datetime(2026, 3, 2, tzinfo=UTC)


def case(*dispositions: str, corrects: dict[int, int] | None = None) -> DecidedRequest | None:
    """A case whose acts are a day apart."""
    acts = [
        Act(
            iri=f"urn:act:{n}",
            determination="urn:d",
            disposition=Disposition(disposition),
            time=RECEIVED + timedelta(days=n),
            revises=f"urn:act:{corrects[n]}" if corrects and n in corrects else "",
        )
        for n, disposition in enumerate(dispositions, start=1)
    ]
    return decided_request(history(acts), "standard", RECEIVED)


@pytest.mark.parametrize(
    ("dispositions", "hours", "approved", "overturned", "extended"),
    [
        (("approved",), 24, True, False, False),
        (("referred-to-peer", "adverse"), 48, False, False, False),
        (("adverse", "appealed", "overturned"), 24, False, True, False),
        (("adverse", "appealed", "upheld"), 24, False, False, False),
        (("extended", "approved"), 48, True, False, True),
        (("documentation-requested", "documentation-returned", "approved"), 72, True, False, False),
    ],
)
def test_what_is_counted_of_a_case(
    dispositions: tuple[str, ...], hours: float, approved: bool, overturned: bool, extended: bool
) -> None:
    found = case(*dispositions)
    assert found
    assert (found.hours, found.approved, found.overturned, found.extended) == (hours, approved, overturned, extended)


def test_a_corrected_decision_counts_as_corrected_and_at_its_first_time() -> None:
    found = case("adverse", "approved", corrects={2: 1})
    assert found
    assert (found.hours, found.approved, found.overturned) == (24, True, False)


@pytest.mark.parametrize("dispositions", [(), ("referred-to-peer",), ("withdrawn",), ("assessed", "extended")])
def test_what_is_not_decided_is_not_counted(dispositions: tuple[str, ...]) -> None:
    assert case(*dispositions) is None


def test_the_report() -> None:
    def request(hours: float | None, **facts) -> DecidedRequest:
        decided = RECEIVED + timedelta(hours=hours or 1)
        return DecidedRequest(
            **({"urgency": "standard", "received": RECEIVED if hours else None, "decided": decided} | facts)
        )

    requests = [
        request(10, approved=True),
        request(20, approved=True, extended=True),
        request(60, approved=False, overturned=True),
        request(None, approved=False),
        request(5, approved=False, extended=True, urgency="expedited"),
    ]
    report = {(m.urgency, m.name): m for m in public_metrics(requests)}
    assert report["standard", "decided"] == Measure("standard", "decided", 4)
    for name, count in [("approved", 2), ("denied", 2), ("approved after appeal", 1), ("extended and approved", 1)]:
        assert (report["standard", name].value, report["standard", name].share) == (count, count / 4), name
    assert report["standard", "mean hours to decision"].value == 30
    assert report["standard", "median hours to decision"].value == 20
    assert report["standard", "with a time of receipt"].value == 3
    assert report["expedited", "extended and approved"].value == 0
    assert report["expedited", "median hours to decision"].value == 5
    assert {m.value for m in public_metrics([])} == {0, None}
    assert all(m.share is None for m in public_metrics([]))
