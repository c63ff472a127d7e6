"""Deadlines in the workplace: the rule that binds a request of a knowledge base, and its clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rdflib import Graph

from reasoner import Policy
from reasoner.chart.intake import read_graph
from reasoner.ground.errors import UsageError
from reasoner.review.authority import Role
from reasoner.review.people import local
from reasoner.review.turnaround import published_rules
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import WorkplaceSettings
from tests.conftest import Attestation, chart

ADMINISTRATOR = local("Ada Min", Role.ADMINISTRATOR)


def test_an_hour_of_receipt_counts_where_hours_do(policy: Policy, tmp_path: Path) -> None:
    text = chart([Attestation("adult-admission:3")]).replace(
        "nec:asOf", 'nec:urgency nec:Expedited ; nec:received "2026-01-05T21:30:00-06:00"^^xsd:dateTime ; nec:asOf', 1
    )
    kb = KnowledgeBase()
    kb.load_policy(policy)
    service = Workplace(kb, policy, tmp_path, WorkplaceSettings(time_zone=ZoneInfo("America/Chicago")))
    service.load(ADMINISTRATOR, read_graph(Graph().parse(data=text, format="turtle"), policy))
    (item,) = service.items(ADMINISTRATOR)
    assert item.deadline
    assert (item.deadline.rule.id, str(item.due)) == ("erisa-urgent", "2026-01-08 21:30:00-06:00")
    assert (item.received, item.is_overdue(datetime(2026, 1, 9, 4, tzinfo=UTC))) == (date(2026, 1, 5), True)
    assert service.case_file(ADMINISTRATOR, item.id).deadline == item.deadline
    service.close()


def test_a_review_follows_the_service_where_the_policy_asks_for_no_authorization(
    policy: Policy, tmp_path: Path
) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    service = Workplace(kb, policy, tmp_path)
    text = chart([Attestation("adult-admission:3")])
    service.load(ADMINISTRATOR, read_graph(Graph().parse(data=text, format="turtle"), policy))
    (item,) = service.items(ADMINISTRATOR)
    assert item.deadline
    assert item.deadline.rule.id == "erisa-post-service"
    assert "the policy asks for no prior authorization" in item.deadline.why
    service.close()


def test_a_rule_that_asks_for_what_no_request_has_is_refused(policy: Policy, tmp_path: Path) -> None:
    rules = published_rules().amended({"rule": [{"id": "x", "within": "3 hours", "applies_to": {"mood": "good"}}]})
    with pytest.raises(UsageError, match="asks for 'mood'"):
        Workplace(KnowledgeBase(), policy, tmp_path, WorkplaceSettings(turnaround=rules))
