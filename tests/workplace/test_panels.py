"""Panels: cases drawn by a seed, assessed blinded by those who are asked, and the agreement of these alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.cli import main
from reasoner.ground.errors import AccessError, UsageError
from reasoner.review import agreement
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Role
from reasoner.review.people import User, local
from reasoner.review.steps import CaseState
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.panels import Draw
from reasoner.workplace.selection import Queue, Selection, Viewer, select
from reasoner.workplace.service import Workplace
from reasoner.workplace.team import Team
from tests.workplace.sample_base import build, complete_letter, fill, opaque_id

ADA, VERA = local("Ada Min", Role.ADMINISTRATOR), local("Vera Lund", Role.VIEWER)
NORA, NED = local("Nora Fields", Role.REVIEWER), local("Ned Hale", Role.REVIEWER)
CLARA = local("Clara Voss", Role.CLINICIAN, "MO 4711")
DENIED, MET, OPEN = (opaque_id(name) for name in ("needs-round-the-clock-care", "criteria-met", "nothing-on-supports"))


@pytest.fixture
def workplace(policy: Policy, tmp_path: Path) -> Iterator[Workplace]:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    fill(kb, policy)
    service = Workplace(kb, policy, tmp_path)
    for person in (ADA, NORA, NED, CLARA):
        service.team.join(person)
    yield service
    service.close()


def deny(workplace: Workplace) -> None:
    file = workplace.case_file(CLARA, DENIED)
    about = workplace.items_of(CLARA, DENIED)[0].determination
    letter = complete_letter(workplace, file, Disposition.ADVERSE)
    proposal = Proposal(about, Disposition.ADVERSE, rationale="Why.", letter=letter)
    workplace.decide(CLARA, DENIED, proposal, "")


def choose(workplace: Workplace, *cases: str, name: str = "first") -> None:
    people = [one for one in workplace.team.assignees() if one.person in (NORA.iri, NED.iri)]
    workplace.panels.choose(ADA, name, cases, people, "by hand")


def assess(workplace: Workplace, user: User, id_: str, status: str) -> None:
    (period,) = workplace.case_file(user, id_).withheld
    own = tuple((leaf.iri, status) for leaf in period.leaves)
    proposal = Proposal(period.determination, Disposition.ASSESSED, own_statuses=own)
    workplace.decide(user, id_, proposal, period.last_seen)


def queue(workplace: Workplace, user: User) -> set[str]:
    viewer = Viewer(user.iri, datetime.now(UTC), to_assess=workplace.to_assess(user))
    return {item.id for item in select(workplace.items(user), Selection(queue=Queue.PANEL), viewer)}


def test_a_draw_is_the_same_whenever_it_is_made(workplace: Workplace) -> None:
    people = workplace.team.assignees()
    drawn = [workplace.draw(ADA, Draw(3, seed), people) for seed in (1, 1, 2, 3, 4)]
    assert drawn[0] == drawn[1]
    assert len({tuple(ids) for ids in drawn}) > 1
    items = {item.id: item for item in workplace.items(ADA)}
    of = workplace.draw(ADA, Draw(2, 1, frozenset({"documentation-needed"})), people)
    assert {items[id_].outcome for id_ in of} == {"documentation-needed"}
    assert workplace.draw(ADA, Draw(1, 1, section="illinois"), people) == [opaque_id("continuation-without-asam")]
    with pytest.raises(UsageError, match="2 cases cannot be drawn of 1 that fit"):
        workplace.draw(ADA, Draw(2, 1, section="illinois"), people)
    with pytest.raises(UsageError, match="0 cases cannot be drawn"):
        workplace.draw(ADA, Draw(0, 1), people)


def test_an_even_draw_has_each_outcome(workplace: Workplace) -> None:
    people, items = workplace.team.assignees(), {item.id: item for item in workplace.items(ADA)}
    there = {item.outcome for item in items.values()} - {"no-policy-version"}
    assert len(there) > 1
    for seed in range(5):
        drawn = workplace.draw(ADA, Draw(len(there), seed, evenly=True), people)
        assert {items[id_].outcome for id_ in drawn} == there


def test_what_a_panelist_has_worked_on_is_not_drawn(workplace: Workplace) -> None:
    everything = len({item.id for item in workplace.items(ADA)})
    deny(workplace)
    of = {one.person: one for one in workplace.team.assignees()}
    most = Draw(everything, 1)
    assert DENIED in workplace.draw(ADA, most, [of[NORA.iri], of[NED.iri]])
    with pytest.raises(UsageError, match=f"{everything} cases cannot be drawn of {everything - 1}"):
        workplace.draw(ADA, most, [of[NORA.iri], of[CLARA.iri]])


def test_panelists_see_a_case_blinded_until_they_have_assessed_it(workplace: Workplace) -> None:
    deny(workplace)
    choose(workplace, DENIED, MET)
    assert queue(workplace, NORA) == queue(workplace, NED) == {DENIED, MET}
    assert queue(workplace, CLARA) == queue(workplace, ADA) == set()
    (item,) = workplace.items_of(NORA, DENIED)
    assert (item.outcome, item.state, item.standing, item.due) == ("withheld", CaseState.DECIDED, "decided", None)
    file = workplace.case_file(NORA, DENIED)
    assert (file.determinations, file.decisions) == ((), ())
    with pytest.raises(AccessError, match="withheld from you"):
        workplace.query(NORA, "ASK { ?s ?p ?o }")
    assess(workplace, NORA, DENIED, "met")
    assert queue(workplace, NORA) == {MET}
    assert workplace.items_of(NORA, DENIED)[0].standing == "decided: adverse"
    assert workplace.case_file(NORA, DENIED).decisions
    assert workplace.case_file(NED, DENIED).withheld
    assert workplace.case_file(CLARA, DENIED).determinations
    workplace.panels.close(ADA, "first")
    assert queue(workplace, NED) == set()
    assert workplace.case_file(NED, DENIED).determinations


def test_the_trail_names_the_lead_the_draw_and_each_case(workplace: Workplace) -> None:
    choose(workplace, DENIED, MET)
    workplace.open_request(NORA, MET)
    told = [(e.name, e.action, e.subject, e.detail) for e in workplace.trail.entries()]
    assert told[-4:] == [
        ("Ada Min", "choose a panel", "", "first: by hand"),
        *(("Ada Min", "choose a panel", id_, "first") for id_ in sorted((DENIED, MET))),
        ("Nora Fields", "read", MET, "determination withheld"),
    ]
    with pytest.raises(AccessError, match="may not choose a panel"):
        workplace.panels.choose(NORA, "mine", [MET], [], "by hand")
    with pytest.raises(AccessError, match="may not choose a panel"):
        workplace.draw(NORA, Draw(1, 1), [])


def test_a_panel_that_cannot_be(workplace: Workplace) -> None:
    people = workplace.team.assignees()
    choose(workplace, MET)
    for name, cases, asked, problem in (
        ("first", [MET], people, "there is a panel 'first' already"),
        (" ", [MET], people, "needs a name"),
        ("second", [MET], people[:1] * 2, "two people"),
        ("second", [], people, "two people and a case"),
    ):
        with pytest.raises(UsageError, match=problem):
            workplace.panels.choose(ADA, name, cases, asked, "by hand")
    assert [panel.name for panel in workplace.panels.all(ADA)] == ["first"]
    with pytest.raises(UsageError, match=r"no panel 'second'\. There are: first"):
        workplace.ratings(ADA, "second")


def test_agreement_is_told_of_a_panel_alone(workplace: Workplace) -> None:
    choose(workplace, MET, name="one")
    choose(workplace, OPEN, name="two")
    for user, status in ((NORA, "met"), (NED, "not-documented")):
        assess(workplace, user, MET, "met")
        assess(workplace, user, OPEN, status)
    alike, _ = workplace.ratings(ADA, "one")
    apart, names = workplace.ratings(ADA, "two")
    assert {found.percent for found in agreement.by_criterion(alike)} == {1}
    assert {found.percent for found in agreement.by_criterion(apart)} == {0}
    assert all(found.asks_for_a_reading for found in agreement.by_criterion(apart))
    assert sorted(names.values()) == ["Ned Hale", "Nora Fields"]
    assert len(workplace.ratings(ADA)[0]) == len(alike) + len(apart)


def test_the_commands_draw_a_panel_and_tell_its_agreement(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = build(tmp_path / "kb", policy)
    monkeypatch.setenv("NECESSITY_KB", str(base))
    with KnowledgeBase() as nothing:
        team = Team(base / "workplace" / "team.db", Workplace(nothing, policy, tmp_path / "other").trail)
    for person in (NORA, NED):
        team.join(person)
    command = ["kb", "panel", "first", "--lead", "Ada Min", "--reviewer", "Nora Fields", "--size", "2"]
    assert main([*command, "--reviewer", "Nobody"]) == 2
    assert (
        "nobody named 'Nobody' who decides has been at work. Known are Ned Hale, Nora Fields" in capsys.readouterr().err
    )
    assert main([*command, "--reviewer", "Ned Hale", "--outcome", "fine"]) == 2
    capsys.readouterr()
    assert main([*command, "--reviewer", "Ned Hale"]) == 0
    assert len(capsys.readouterr().out.split()) == 2
    assert main(["kb", "agreement", "--panel", "first"]) == 0
    assert capsys.readouterr().out.startswith("criterion")
    assert main(["kb", "agreement", "--panel", "second"]) == 2
    assert "There are: first" in capsys.readouterr().err
    assert main(["kb", "verify"]) == 0
