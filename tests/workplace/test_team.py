"""Who has a request, how it is handed over, and what colleagues note."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reasoner.ground.errors import AccessError, ConflictError, UsageError
from reasoner.review import people
from reasoner.review.authority import Role
from reasoner.store.audit import AuditTrail
from reasoner.workplace.team import LONGEST_NOTE, Assignee, Team

NORA, CARL, ADA, VERA = (
    people.local("Nora Fields", Role.REVIEWER),
    people.local("Carl Osei", Role.CLINICIAN, "MD 1"),
    people.local("Ada Boss", Role.ADMINISTRATOR),
    people.local("Vera Looks", Role.VIEWER),
)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    team = Team(tmp_path / "team.db", AuditTrail(tmp_path / "audit.jsonl"))
    for user in (NORA, CARL, ADA, VERA):
        team.join(user)
    return team


def entries(tmp_path: Path) -> list[tuple[str, str, str]]:
    return [(e.name, e.action, e.subject) for e in AuditTrail(tmp_path / "audit.jsonl").entries()]


def test_requests_go_to_those_whose_role_decides(team: Team) -> None:
    assert [(a.name, a.role) for a in team.assignees()] == [
        ("Carl Osei", Role.CLINICIAN),
        ("Nora Fields", Role.REVIEWER),
    ]


def test_a_request_is_claimed_once(team: Team, tmp_path: Path) -> None:
    team.claim(NORA, "a")
    team.claim(NORA, "a")
    with pytest.raises(ConflictError, match="Nora Fields has the request"):
        team.claim(CARL, "a")
    assert {s: a.name for s, a in team.assignments(VERA).items()} == {"a": "Nora Fields"}
    assert entries(tmp_path)[-2:] == [("Carl Osei", "assign", "a"), ("Carl Osei", "failed: assign", "a")]


def test_only_who_decides_claims(team: Team, tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="may not decide"):
        team.claim(ADA, "a")
    assert team.assignments(ADA) == {}
    assert entries(tmp_path)[-1][1] == "refused: assign"


def test_a_hand_over_has_its_note(team: Team) -> None:
    team.claim(NORA, "a")
    carl = team.assignees()[0]
    team.assign(NORA, {"a": NORA.iri}, carl, "  Please look at 7.a. ")
    assert team.assignments(NORA)["a"].person == CARL.iri
    assert team.assignments(NORA)["a"].giver == "Nora Fields"
    assert [(n.name, n.text) for n in team.notes(VERA, "a")] == [("Nora Fields", "To Carl Osei: Please look at 7.a.")]


def test_many_are_assigned_or_none(team: Team, tmp_path: Path) -> None:
    zoe = people.local("Zoe Quint", Role.REVIEWER)
    team.join(zoe)
    carl, nora, third = team.assignees()
    team.assign(ADA, {"a": "", "b": "", "c": ""}, nora)
    # While Ada looks at three that are Nora's, Nora hands one of them to Carl.
    team.assign(NORA, {"b": NORA.iri}, carl)
    before = team.assignments(ADA)
    with pytest.raises(ConflictError, match="Carl Osei has the request"):
        team.assign(ADA, dict.fromkeys("abc", NORA.iri), third)
    assert team.assignments(ADA) == before
    assert [subject for name, action, subject in entries(tmp_path) if name == "Ada Boss"][:3] == ["a", "b", "c"]


def test_only_who_has_a_request_gives_it_back(team: Team) -> None:
    team.claim(NORA, "a")
    with pytest.raises(AccessError, match="Nora Fields has this request"):
        team.release(CARL, "a")
    team.release(NORA, "a")
    assert team.assignments(NORA) == {}


def test_who_refers_a_request_has_it_no_longer_and_a_clinician_who_has_it_keeps_it(team: Team, tmp_path: Path) -> None:
    zoe = people.local("Zoe Quint", Role.REVIEWER)
    team.join(zoe)
    carl = team.assignees()[0]
    assert team.peers(NORA) == [carl]
    assert team.peers(CARL) == []
    for subject, holder in (("a", NORA), ("b", zoe), ("c", CARL)):
        team.claim(holder, subject)
        team.refer(NORA, subject, None)
    assert {s: a.name for s, a in team.assignments(NORA).items()} == {"c": "Carl Osei"}
    team.refer(NORA, "a", carl)
    assert team.assignments(NORA)["a"].giver == "Nora Fields"
    assert entries(tmp_path)[-1] == ("Nora Fields", "assign", "a")


@pytest.mark.parametrize(
    "act",
    [
        lambda team: team.claim(VERA, "a"),
        lambda team: team.assign(VERA, {"a": ""}, team.assignees()[0]),
        lambda team: team.add_note(VERA, "a", "text"),
        lambda team: team.refer(VERA, "a", None),
    ],
    ids=["claim", "assign", "note", "refer"],
)
def test_a_viewer_changes_nothing(team: Team, tmp_path: Path, act: Callable[[Team], None]) -> None:
    with pytest.raises(AccessError):
        act(team)
    assert team.assignments(VERA) == {}
    assert team.notes(VERA, "a") == []
    assert entries(tmp_path)[-1][1].startswith("refused: ")


def test_a_note_has_words_and_an_end(team: Team) -> None:
    for text in (" \n", "x" * (LONGEST_NOTE + 1)):
        with pytest.raises(UsageError):
            team.add_note(NORA, "a", text)
    team.add_note(NORA, "a", "one")
    team.add_note(CARL, "a", "two")
    assert [n.text for n in team.notes(NORA, "a")] == ["one", "two"]


def test_nobody_is_given_a_request_who_does_not_decide(team: Team) -> None:
    with pytest.raises(UsageError, match="cannot be given"):
        team.assign(NORA, {"a": ""}, Assignee(ADA.iri, ADA.name, ADA.role))
    with pytest.raises(UsageError, match="no request is chosen"):
        team.assign(NORA, {}, team.assignees()[0])
