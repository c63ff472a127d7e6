"""Permissions: every cell of the table, against the rules in words, and at the place where an act is signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import AccessError, EngineError
from reasoner.review import deciding
from reasoner.review.acts import Appeal, Call, Disposition, Filing, Proposal, Requester, Signed
from reasoner.review.authority import Role
from reasoner.review.deciding import Situation, assessed_leaves
from reasoner.review.people import local
from reasoner.review.permissions import (
    Condition,
    Revised,
    all_cells,
    permission,
    permissions,
    read_permissions,
    revised,
)
from reasoner.review.steps import CaseState, history, same_step, state
from tests.conftest import CASES

S, D = CaseState, Disposition
WORKING = {S.OPEN, S.DOCUMENTATION_REQUESTED, S.DOCUMENTATION_RETURNED}
WITH_PEER = {S.REFERRED_TO_PEER, S.PEER_TO_PEER}
UNDECIDED = WORKING | WITH_PEER
OF_CLINICIANS = {D.PEER_TO_PEER, D.ADVERSE, D.UPHELD, D.OVERTURNED}
FROM = {
    D.DOCUMENTATION_REQUESTED: UNDECIDED | {S.APPEALED},
    D.DOCUMENTATION_RETURNED: {S.DOCUMENTATION_REQUESTED, S.APPEALED},
    D.REFERRED_TO_PEER: UNDECIDED,
    D.PEER_TO_PEER: UNDECIDED | {S.APPEALED, S.DECIDED, S.UPHELD},
    D.APPROVED: UNDECIDED,
    D.ADVERSE: UNDECIDED,
    D.WITHDRAWN: UNDECIDED | {S.APPEALED},
    D.APPEALED: {S.DECIDED, S.UPHELD},
    D.UPHELD: {S.APPEALED},
    D.OVERTURNED: {S.APPEALED},
    D.EXTENDED: UNDECIDED | {S.APPEALED},
    D.ASSESSED: set(S),
}
"""The states in which each act can be a new step, for a clinician."""


def by_the_rules(role: Role, act: Disposition, where: CaseState, whose: Revised) -> bool:
    """Whether the rules in words permit an act on some condition."""
    if role in (Role.VIEWER, Role.ADMINISTRATOR):
        return False
    if role is Role.REVIEWER and (act in OF_CLINICIANS or whose is Revised.CLINICIANS):
        return False
    if whose is not Revised.NOTHING:
        return act is not D.ASSESSED
    away = {D.DOCUMENTATION_REQUESTED, D.REFERRED_TO_PEER, D.APPROVED}
    if role is Role.REVIEWER and act in away and where in WITH_PEER:
        return False
    return where in FROM[act]


@pytest.mark.parametrize("role", Role)
def test_every_cell_is_as_the_rules_have_it(role: Role) -> None:
    for cell in all_cells():
        if cell[0] is role:
            assert (permissions()[cell].condition is not Condition.NO) is by_the_rules(*cell), cell


def test_what_an_act_is_permitted_on() -> None:
    for (role, act, *_), given in permissions().items():
        if given.condition in (Condition.NO, Condition.YES):
            assert given.condition is Condition.NO or act not in (D.APPROVED, D.ADVERSE, D.UPHELD, D.OVERTURNED)
        elif act is D.APPROVED:
            assert given.condition is (Condition.MET if role is Role.REVIEWER else Condition.MET_OR_LICENCE)
        else:
            assert (role, given.condition) == (Role.CLINICIAN, Condition.LICENCE)


HEADING = "roles,acts,states,revises,permitted,reason\n"
REST = HEADING + "*,*,*,*,no,Why."


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "the columns are not"),
        ("a,b\n", "the columns are not"),
        (REST.replace("no", "never"), "'never' is not a valid Condition"),
        (REST.replace("*,*,*,*", "nurse,*,*,*"), "'nurse' is not a valid Role"),
        (REST.replace("*,*,*,*", "*,denied,*,*"), "'denied' is not a valid Disposition"),
        (REST.replace("*,*,*,*", "*,*,shut,*"), "'shut' is not a valid CaseState"),
        (REST.replace("*,*,*,*", "*,*,*,mine"), "'mine' is not a valid Revised"),
        (REST.replace("Why.", " "), "Give a reason too"),
        (REST + "\n*,*,*", "has not each of the columns"),
        (REST + "\nreviewer,*,*,*,yes,Too late.", "line 3.*decides nothing"),
        (HEADING + "viewer,*,*,*,no,Why.", "nothing decides reviewer, approved, open, nothing"),
        (REST.replace("no", "yes no"), "more than one condition"),
        (HEADING + "*,*,*,*,yes no,Why.", "more than one condition"),
    ],
)
def test_a_table_that_is_not_fit(table: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        read_permissions(table.splitlines(keepends=True))


def test_of_several_lines_the_first_holds() -> None:
    table = read_permissions((HEADING + "viewer,*,open,*,yes,First.\n*,*,*,*,no,Rest.\n").splitlines(keepends=True))
    assert table[Role.VIEWER, D.APPROVED, S.OPEN, Revised.OWN].condition is Condition.YES
    assert table[Role.VIEWER, D.APPROVED, S.DECIDED, Revised.OWN].reason == "Rest."


# ---------------------------------------------------------------- where an act is signed

PEOPLE = {role: local(f"A {role.value}", role, "MO 1" if role is Role.CLINICIAN else "") for role in Role}
OTHERS = {
    Revised.REVIEWERS: local("Another reviewer", Role.REVIEWER),
    Revised.CLINICIANS: local("Another clinician", Role.CLINICIAN, "MO 2"),
}
HISTORIES = [
    (), (D.EXTENDED,), (D.DOCUMENTATION_REQUESTED,), (D.DOCUMENTATION_REQUESTED, D.DOCUMENTATION_RETURNED),
    (D.REFERRED_TO_PEER,), (D.PEER_TO_PEER,), (D.APPROVED,), (D.ADVERSE,), (D.ADVERSE, D.PEER_TO_PEER), (D.WITHDRAWN,),
    (D.ADVERSE, D.APPEALED), (D.ADVERSE, D.APPEALED, D.DOCUMENTATION_REQUESTED), (D.ADVERSE, D.APPEALED, D.UPHELD),
    (D.ADVERSE, D.APPEALED, D.OVERTURNED), (D.ADVERSE, D.APPEALED, D.EXTENDED), (D.ASSESSED,),
]  # fmt: skip
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def signed(number: int, disposition: Disposition, person, role: Role | None) -> Signed:
    return Signed(
        iri=f"urn:act:{number}",
        determination="urn:d",
        disposition=disposition,
        time=BEGIN + timedelta(hours=number),
        person=person.iri,
        signed_as=role,
        name=person.name,
        role="",
        licence=person.licence,
        rationale="",
        letter="",
        overrides=(),
        remarks=(),
    )


@pytest.fixture(scope="module")
def situation(policy: Policy) -> Situation:
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "criteria-met.ttl", policy)
    (determination,) = determine_case(case, policy)
    return Situation(case, determination, history([]))


def complete(disposition: Disposition, situation: Situation, revises: str) -> Proposal:
    """An act with all that it needs."""
    return Proposal(
        "urn:d",
        disposition,
        rationale="Why.",
        letter="Dear …",
        revises=revises,
        appeal=Appeal(Filing.APPEAL, Requester.MEMBER) if disposition is D.APPEALED else None,
        call=Call(date(2026, 1, 5), "Dr Who") if disposition is D.PEER_TO_PEER else None,
        notice_date=date(2026, 1, 6),
        independent=True,
        own_statuses=tuple((iri, "met") for iri, _ in assessed_leaves(situation.determination)),
    )


def tried() -> Iterator[tuple[Role, Disposition, tuple[Disposition, ...], Revised]]:
    for role in Role:
        for act in Disposition:
            for acts in HISTORIES:
                yield role, act, acts, Revised.NOTHING
                if acts and same_step(acts[-1], act):
                    yield from ((role, act, acts, whose) for whose in Revised if whose is not Revised.NOTHING)


def test_every_state_is_tried() -> None:
    reached = {
        state([signed(n, d, OTHERS[Revised.CLINICIANS], None) for n, d in enumerate(acts)]) for acts in HISTORIES
    }
    assert reached == set(CaseState)


@pytest.mark.parametrize("role", Role)
def test_what_is_refused_and_what_is_signed(role: Role, situation: Situation) -> None:
    person, refused, allowed = PEOPLE[role], 0, 0
    for of, act, acts, whose in tried():
        if of is not role:
            continue
        other = OTHERS[Revised.CLINICIANS]
        signer = {Revised.NOTHING: other, Revised.OWN: person, **OTHERS}[whose]
        made = [signed(n, d, other, Role.CLINICIAN) for n, d in enumerate(acts)]
        if acts:
            made[-1] = signed(len(acts) - 1, acts[-1], signer, signer.role)
        now = replace(situation, history=history(made), withheld=act is D.ASSESSED)
        proposal = complete(act, situation, made[-1].iri if whose is not Revised.NOTHING else "")
        permitted = permission(role, act, now.history.state, whose).condition is not Condition.NO
        # What is approved or overturned cannot be appealed, which is a matter of content.
        if act is D.APPEALED and whose is Revised.NOTHING and permitted and D.ADVERSE not in acts:
            continue
        try:
            deciding.check(proposal, person, now)
        except AccessError:
            assert not permitted, (act, acts, whose)
            refused += 1
        else:
            assert permitted, (act, acts, whose)
            allowed += 1
    assert refused
    assert bool(allowed) is (role in (Role.REVIEWER, Role.CLINICIAN))


def test_an_act_that_says_no_role_is_nobodys_but_a_clinicians_to_correct() -> None:
    reviewer = PEOPLE[Role.REVIEWER]
    other = OTHERS[Revised.REVIEWERS]
    assert revised(None, reviewer) is Revised.NOTHING
    assert revised(signed(0, D.APPROVED, other, None), reviewer) is Revised.CLINICIANS
    assert revised(signed(0, D.APPROVED, reviewer, None), reviewer) is Revised.OWN
    assert revised(signed(0, D.APPROVED, other, Role.REVIEWER), reviewer) is Revised.REVIEWERS
