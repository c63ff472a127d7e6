"""When a decision is due, in words: by the hour where the rule counts hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reasoner.render.wording import due_words, turnaround_words
from reasoner.review.turnaround import Milestone, MilestoneKind, published_rules

RECEIVED = datetime(2026, 2, 2, 15, tzinfo=UTC)
URGENT, USUAL = {"urgency": "expedited"}, {"prior_authorization": "no"}


def deadline(traits: dict[str, str], *happened: MilestoneKind):
    milestones = [Milestone(kind, RECEIVED + timedelta(hours=n)) for n, kind in enumerate(happened, start=1)]
    found = published_rules().deadline(traits, [Milestone(MilestoneKind.RECEIVED, RECEIVED), *milestones], UTC)
    assert found
    return found


@pytest.mark.parametrize(
    ("traits", "later", "words"),
    [
        (URGENT, timedelta(hours=1), "2026-02-05 15:00 (in 71 h)"),
        (URGENT, timedelta(hours=72), "2026-02-05 15:00 (in 0 h)"),
        (URGENT, timedelta(hours=77, minutes=30), "2026-02-05 15:00 (5 h overdue)"),
        (URGENT, timedelta(days=10), "2026-02-05 15:00 (7 d overdue)"),
        (USUAL, timedelta(days=1), "2026-03-04 (in 29 d)"),
        (USUAL, timedelta(days=30), "2026-03-04 (today)"),
        (USUAL, timedelta(days=31), "2026-03-04 (1 d overdue)"),
    ],
)
def test_when_it_is_due(traits: dict[str, str], later: timedelta, words: str) -> None:
    assert due_words(deadline(traits), RECEIVED + later) == words


def test_the_rule_and_why_it_was_taken() -> None:
    text = turnaround_words(deadline(USUAL))
    assert text.startswith("due 2026-03-04 by the rule “post-service, 30 days” (29 CFR 2560.503-1(f)")
    assert "since the policy asks for no prior authorization" in text
    assert "stands still" not in text
    medicaid = turnaround_words(deadline(USUAL | {"line_of_business": "Medicaid"}))
    assert "not checked against its text" in medicaid


BEFORE = {"timing": "pre-service", "line_of_business": "commercial", "urgency": "standard", "funding": "fully insured"}
ASKED, RETURNED, EXTENDED = (
    MilestoneKind.DOCUMENTATION_REQUESTED,
    MilestoneKind.DOCUMENTATION_RETURNED,
    MilestoneKind.EXTENDED,
)
FIRST = "15 calendar days from 2026-11-24: to 2026-12-09"
BY_ASKING = (
    "15 calendar days more, since the request for documentation of 2026-11-26 counts as the notice of an extension "
    "(29 CFR 2560.503-1(f)(2)(iii)(A) and (f)(4))"
)
TOLLED = " (29 CFR 2560.503-1(f)(2)(iii)(A) and (f)(4))"


@pytest.mark.parametrize(
    ("happened", "due", "parts"),
    [
        ([], "2026-12-09", [FIRST]),
        (
            [(ASKED, "2026-11-26T09:00")],
            "2027-02-07",
            [
                FIRST,
                BY_ASKING,
                "the clock stands still from 2026-11-26 until 2027-01-10 (45 calendar days), when the 45 calendar days to "
                "send what was asked for are over, or until it arrives if that is sooner" + TOLLED,
            ],
        ),
        (
            [(ASKED, "2026-11-26T09:00"), (RETURNED, "2026-11-26T11:00")],
            "2026-12-24",
            [
                FIRST,
                BY_ASKING,
                "the clock stood still from 2026-11-26 until 2026-11-26 (0 calendar days), when what was asked for arrived"
                + TOLLED,
            ],
        ),
        (
            [(ASKED, "2026-11-26T09:00"), (RETURNED, "2027-01-20T11:00")],
            "2027-02-07",
            [
                FIRST,
                BY_ASKING,
                "the clock stood still from 2026-11-26 until 2027-01-10 (45 calendar days), when the 45 calendar days to "
                "send what was asked for were over" + TOLLED,
            ],
        ),
        (
            [(EXTENDED, "2026-12-01T09:00")],
            "2026-12-24",
            [FIRST, "15 calendar days more by the notice of an extension of 2026-12-01"],
        ),
    ],
)
def test_every_part_of_the_sum_is_named(happened: list[tuple[MilestoneKind, str]], due: str, parts: list[str]) -> None:
    milestones = [
        Milestone(kind, datetime.fromisoformat(when).replace(tzinfo=UTC))
        for kind, when in [(MilestoneKind.RECEIVED, "2026-11-24T08:00"), *happened]
    ]
    found = published_rules().deadline(BEFORE, milestones, UTC)
    assert found
    assert turnaround_words(found) == (
        f"due {due} by the rule “pre-service, 15 days” (29 CFR 2560.503-1(f)(2)(iii)(A) and (f)(4)): "
        f"the request is stated to be pre-service. Counted: {'; '.join(parts)}"
    )


def test_the_sum_of_an_urgent_request_and_of_one_that_has_to_be_complete() -> None:
    urgent = turnaround_words(deadline(URGENT, ASKED, RETURNED))
    assert urgent.endswith(
        "72 hours from 2026-02-02 15:00: to 2026-02-05 15:00; the clock stood still from 2026-02-02 16:00 until "
        "2026-02-02 17:00, when what was asked for arrived (29 CFR 2560.503-1(f)(2)(i)(B)); "
        "a decision is due 48 hours after that"
    )
    insured = {**BEFORE, "jurisdiction": "Illinois"}
    assert turnaround_words(deadline(insured, ASKED, RETURNED)).endswith(
        "Counted: 5 calendar days from 2026-02-02, when the documentation asked for arrived: to 2026-02-07"
    )
