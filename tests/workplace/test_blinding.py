"""Blinded work: nothing of a determination reaches who works on a request before they have signed their own statuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import AccessError, DocumentationError, UsageError
from reasoner.render.decisions import told
from reasoner.review.acts import Disposition, Proposal, Signed
from reasoner.review.authority import Role
from reasoner.review.people import User, local
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import WorkplaceSettings
from tests.conftest import CASES

NURSE = local("Nora Fields", Role.REVIEWER)
CLINICIAN = local("Clara Voss", Role.CLINICIAN, "WI 4711")
VIEWER = local("Vera Lund", Role.VIEWER)
CHART = CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl"
D = Disposition


@pytest.fixture
def workplace(tmp_path: Path, policy: Policy) -> Iterator[Workplace]:
    """A workplace where requests of Wisconsin plans, of which there is one, are worked on blinded."""
    kb = KnowledgeBase()
    (case,) = read_file(CHART, policy)
    kb.load_policy(policy)
    kb.load_case(case)
    kb.record(determine_case(case, policy))
    service = Workplace(kb, policy, tmp_path, WorkplaceSettings(blinded=frozenset({"US-WI"})))
    yield service
    service.close()


def file_for(workplace: Workplace, user: User) -> CaseFile:
    (item,) = workplace.items(user)
    return workplace.case_file(user, item.id)


def assess(workplace: Workplace, user: User, status: str = "met") -> Signed:
    file = file_for(workplace, user)
    (period,) = file.withheld
    own = tuple((leaf.iri, status) for leaf in period.leaves)
    return workplace.decide(
        user, file.id, Proposal(period.determination, D.ASSESSED, own_statuses=own), period.last_seen
    )


@pytest.mark.parametrize("person", [NURSE, CLINICIAN])
def test_nothing_of_the_determination_is_told_before(workplace: Workplace, person: User) -> None:
    (item,) = workplace.items(person)
    assert (item.outcome, item.missing, item.gap_count, item.holds_under_all_readings) == ("withheld", (), 0, None)
    file = file_for(workplace, person)
    assert (file.determinations, file.decisions) == ((), ())
    (period,) = file.withheld
    assert len(period.leaves) > 10
    with pytest.raises(AccessError, match="not been shown"):
        workplace.report(person, file)
    with pytest.raises(AccessError, match="withheld from you"):
        workplace.query(person, "SELECT * { ?s ?p ?o }")
    with pytest.raises(AccessError, match="not been shown"):
        workplace.accept(person, file.id, file.case.statements[0].iri, "Why.")
    with pytest.raises(AccessError, match="not been shown"):
        workplace.decide(person, file.id, Proposal(period.determination, D.REFERRED_TO_PEER), "")


def test_it_is_shown_after_and_to_nobody_else(workplace: Workplace) -> None:
    signed = assess(workplace, NURSE)
    assert signed.disposition is D.ASSESSED
    (item,) = workplace.items(NURSE)
    assert item.outcome == "documentation-needed"
    file = file_for(workplace, NURSE)
    assert not file.withheld
    workplace.query(NURSE, "ASK { ?s ?p ?o }")
    (step,) = told(file.determinations[0], file.decisions)["steps"]
    assert "adult-admission:7-a is not-documented in the determination" in step["lines"][-1]
    assert file_for(workplace, CLINICIAN).withheld
    with pytest.raises(AccessError, match="not withheld from you"):
        workplace.decide(
            NURSE, file.id, Proposal(signed.determination, D.ASSESSED, own_statuses=(("urn:x", "met"),)), signed.iri
        )
    referred = workplace.decide(NURSE, file.id, Proposal(signed.determination, D.REFERRED_TO_PEER), signed.iri)
    assert referred.blinded
    assert not signed.blinded


def test_every_leaf_gets_a_status(workplace: Workplace) -> None:
    file = file_for(workplace, NURSE)
    (period,) = file.withheld
    some = tuple((leaf.iri, "met") for leaf in period.leaves[1:])
    with pytest.raises(DocumentationError, match=f"no status of yours is given to {period.leaves[0].id}"):
        workplace.decide(NURSE, file.id, Proposal(period.determination, D.ASSESSED, own_statuses=some), "")
    assert file_for(workplace, NURSE).withheld


def test_who_only_reads_sees_it(workplace: Workplace) -> None:
    assert file_for(workplace, VIEWER).determinations
    workplace.query(VIEWER, "ASK { ?s ?p ?o }")


def test_new_documentation_takes_new_statuses(workplace: Workplace) -> None:
    assess(workplace, NURSE)
    file = file_for(workplace, NURSE)
    for act in (D.DOCUMENTATION_REQUESTED, D.DOCUMENTATION_RETURNED):
        last = file_for(workplace, NURSE).history(file.determinations[0]).last
        proposal = Proposal(str(file.decisions[0].determination), act, rationale="Why.", letter="Dear …")
        workplace.decide(NURSE, file.id, proposal, last.iri if last else "")
    assert file_for(workplace, NURSE).withheld


def test_the_trail_says_what_was_shown_when(workplace: Workplace) -> None:
    (item,) = workplace.items(NURSE)
    workplace.open_request(NURSE, item.id)
    workplace.open_request(VIEWER, item.id)
    assess(workplace, NURSE)
    workplace.open_request(CLINICIAN, item.id)
    told_ = [
        (entry.name, entry.action, entry.detail) for entry in workplace.trail.entries() if entry.subject == item.id
    ]
    assert told_ == [
        ("Nora Fields", "read", "determination withheld"),
        ("Vera Lund", "read", "determination shown"),
        ("Nora Fields", "decide", "assessed"),
        ("Nora Fields", "read", "determination shown"),
        ("Clara Voss", "read", "determination withheld"),
    ]


def test_elsewhere_nothing_is_withheld(tmp_path: Path, policy: Policy, workplace: Workplace) -> None:
    other = Workplace(workplace._kb, policy, tmp_path / "other", WorkplaceSettings(blinded=frozenset({"US-IL"})))
    file = file_for(other, NURSE)
    assert file.determinations
    other.open_request(NURSE, file.id)
    assert list(other.trail.entries())[-1].detail == ""
    with pytest.raises(UsageError, match="there is no jurisdiction 'Illinois'"):
        Workplace(workplace._kb, policy, tmp_path / "other", WorkplaceSettings(blinded=frozenset({"Illinois"})))
