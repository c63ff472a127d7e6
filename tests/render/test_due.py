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
    assert "stands still until 2026-03-19" in turnaround_words(deadline(USUAL, MilestoneKind.DOCUMENTATION_REQUESTED))
    medicaid = turnaround_words(deadline(USUAL | {"line_of_business": "Medicaid"}))
    assert "not checked against its text" in medicaid
