"""Random walks over acts by people of all roles: none reaches what must not be, told apart from the table of permissions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError
from reasoner.review import deciding
from reasoner.review.acts import Disposition, Proposal, Signed
from reasoner.review.authority import Role
from reasoner.review.deciding import Choice, Situation
from reasoner.review.people import User, local
from reasoner.review.steps import CaseState, History, history
from tests.conftest import CASES
from tests.review.test_permissions import complete, signed

D, S = Disposition, CaseState
CLOSED = {S.DECIDED, S.UPHELD, S.OVERTURNED, S.WITHDRAWN}
WORKING = (
    local("Nora Fields", Role.REVIEWER),
    local("Ned Hale", Role.REVIEWER),
    local("Clara Voss", Role.CLINICIAN, "MO 4711"),
    local("Sam Oduya", Role.CLINICIAN, "MO 4712"),
    local("Tess Ott", Role.CLINICIAN, "MO 4713"),
    local("Uma Reed", Role.CLINICIAN),
)
LOOKING = (local("Vera Lund", Role.VIEWER), local("Ada Min", Role.ADMINISTRATOR))


@pytest.fixture(scope="module")
def situations(policy: Policy) -> dict[bool, Situation]:
    """A case whose criteria are met, and one whose are not."""
    found = {}
    for name in ("criteria-met", "nothing-on-supports"):
        (case,) = read_file(CASES / "mp9556" / "adult-admission" / f"{name}.ttl", policy)
        (determination,) = determine_case(case, policy)
        found[name == "criteria-met"] = Situation(case, determination, history([]))
    return found


def test_no_walk_reaches_what_is_forbidden_and_together_they_reach_the_rest(situations: dict[bool, Situation]) -> None:
    states, acts, corrections = set(), set(), set()
    for seed in range(150):
        for history_, person, act, revised in walk(situations, random.Random(seed)):
            states.add(history_.state)
            acts.add((person.role, act))
            corrections.update({(person.role, revised.signed_as)} if revised else ())
    assert states == set(CaseState)
    assert {act for role, act in acts if role is Role.CLINICIAN} == set(Disposition)
    of_clinicians = {D.ADVERSE, D.UPHELD, D.OVERTURNED, D.PEER_TO_PEER}
    assert {act for role, act in acts if role is Role.REVIEWER} == set(Disposition) - of_clinicians
    assert corrections == {
        (Role.REVIEWER, Role.REVIEWER),
        (Role.CLINICIAN, Role.REVIEWER),
        (Role.CLINICIAN, Role.CLINICIAN),
    }


def walk(
    situations: dict[bool, Situation],
    chance: random.Random,
    tried: Callable[[Proposal, User, Situation, list[Signed], bool], None] = lambda *_: None,
) -> Iterator[tuple[History[Signed], User, Disposition, Signed | None]]:
    """What is signed on a case, each act with the history after it, who signed, and what it corrects; each is checked.

    Args:
        situations: a case whose criteria are met, and one whose are not.
        chance: what decides.
        tried: is told of each act, in view of what, after which acts, and whether it can be signed.
    """
    met = chance.random() < 0.5
    acts: list[Signed] = []
    for number in range(chance.randint(5, 20)):
        now = replace(situations[met], history=history(acts))
        person = chance.choice(WORKING * 3 + LOOKING)
        offered = deciding.choices(person, now.history)
        choice = chance.choice([*offered, *offered, *map(Choice, Disposition)])
        corrects = choice.corrects
        if choice not in offered and acts and chance.random() < 0.5:  # any earlier act, fit to be corrected or not
            corrects = now.history.step_of(chance.choice(acts).iri)
        revised = corrects.act if corrects else None
        proposal = complete(choice.disposition, now, revised.iri if revised else "")
        now = replace(now, withheld=choice.disposition is D.ASSESSED)
        try:
            deciding.check(proposal, person, now)
        except (AccessError, ConflictError, DocumentationError):
            tried(proposal, person, now, acts, False)
            continue
        tried(proposal, person, now, acts, True)
        _nothing_forbidden(person, choice.disposition, now.history, revised, met)
        act = signed(number, choice.disposition, person, person.role)
        acts.append(replace(act, revises=proposal.revises, licence=person.licence))
        after = history(acts)
        _nothing_lost(now.history, after)
        yield after, person, choice.disposition, revised


def _nothing_forbidden(
    person: User, act: Disposition, before: History[Signed], revised: Signed | None, met: bool
) -> None:
    state, denied = before.state, {one.person for one in before.denials}
    assert person.role in (Role.REVIEWER, Role.CLINICIAN)
    if person.role is Role.REVIEWER:
        assert act not in (D.ADVERSE, D.UPHELD, D.OVERTURNED, D.PEER_TO_PEER)
        assert revised is None or revised.signed_as is Role.REVIEWER
        assert act is not D.APPROVED or met
        if state in CLOSED and revised is None:
            assert act in (D.APPEALED, D.ASSESSED)
        if state in (S.REFERRED_TO_PEER, S.PEER_TO_PEER):
            assert revised or act not in (D.APPROVED, D.REFERRED_TO_PEER, D.DOCUMENTATION_REQUESTED)
    if act in (D.ADVERSE, D.UPHELD, D.OVERTURNED) or (act is D.APPROVED and not met):
        assert person.licence
    if act in (D.UPHELD, D.OVERTURNED) and revised is None:
        assert state is S.APPEALED
        assert person.iri not in denied
    if act in (D.APPROVED, D.ADVERSE) and revised is None:
        assert state not in CLOSED | {S.APPEALED}
    if act is D.APPEALED and revised is None:
        assert state in (S.DECIDED, S.UPHELD)
        assert denied
    if revised is not None:
        assert act is not D.ASSESSED
        assert act is revised.disposition or {act, revised.disposition} in (
            {D.APPROVED, D.ADVERSE},
            {D.UPHELD, D.OVERTURNED},
        )


def _nothing_lost(before: History[Signed], after: History[Signed]) -> None:
    """A new act is a new last step or the last correction of a step; all else stays as it was."""
    told = [act for step in before.steps for act in step.acts]
    assert [act for step in after.steps for act in step.acts if act in told] == told
    assert len(after.steps) - len(before.steps) in (0, 1)
    if before.state in CLOSED and after.state not in CLOSED:
        assert after.state is S.APPEALED
