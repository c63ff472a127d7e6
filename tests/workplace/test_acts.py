"""Acts on a case through the service: appeals, calls, corrections, and that nothing signed ever changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError, UsageError
from reasoner.logic.fold import Outcome
from reasoner.render import provenance
from reasoner.review.acts import Appeal, Call, CallFact, Disposition, Filing, Proposal, Requester, Signed
from reasoner.review.authority import Role
from reasoner.review.deciding import REASONED, assessed_leaves
from reasoner.review.people import User, local
from reasoner.review.steps import CaseState, history
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind, LoadChange
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.letters import sent
from reasoner.workplace.service import Workplace
from tests.conftest import CASES
from tests.explore import examples
from tests.workplace.sample_base import complete_letter

NQUADS = ox.RdfFormat.N_QUADS
D, S = Disposition, CaseState
NURSE = local("Nora Fields", Role.REVIEWER, title="utilization nurse")
OTHER = local("Ned Hale", Role.REVIEWER)
CLINICIAN = local("Clara Voss", Role.CLINICIAN, "MO 4711", "psychiatrist")
SECOND = local("Sam Oduya", Role.CLINICIAN, "MO 4712")
UNLICENSED = local("Uma Reed", Role.CLINICIAN)
PEOPLE = (
    NURSE,
    OTHER,
    CLINICIAN,
    SECOND,
    UNLICENSED,
    local("Vera Lund", Role.VIEWER),
    local("Ada Min", Role.ADMINISTRATOR),
)
CHART = CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl"
MET = CASES / "mp9556" / "adult-admission" / "criteria-met.ttl"


@pytest.fixture(scope="module")
def filled(policy: Policy) -> dict[Path, bytes]:
    """The quads of a knowledge base with one chart, by the chart's file."""
    quads = {}
    for path in (CHART, MET):
        kb = KnowledgeBase()
        (case,) = read_file(path, policy)
        kb.load_policy(policy)
        kb.load_case(case)
        kb.record(determine_case(case, policy))
        quads[path] = kb.store._store.dump(format=NQUADS)
    return quads


def opened(folder: Path, quads: bytes, policy: Policy) -> Workplace:
    kb = KnowledgeBase()
    kb.store._store.load(quads, format=NQUADS)
    return Workplace(kb, policy, folder)


@pytest.fixture
def workplace(tmp_path: Path, filled: dict[Path, bytes], policy: Policy) -> Iterator[Workplace]:
    service = opened(tmp_path, filled[CHART], policy)
    yield service
    service.close()


def the_file(workplace: Workplace) -> CaseFile:
    (item,) = workplace.items(NURSE)
    return workplace.case_file(NURSE, item.id)


def sign(workplace: Workplace, user: User, act: Disposition, **said) -> Signed:
    """Sign an act with all that it needs, in view of what stands now."""
    file = the_file(workplace)
    (determination,) = file.determinations
    last = file.history(determination).last
    said = {
        "rationale": "Why.",
        "letter": complete_letter(workplace, file, act) or "Dear …",
        "appeal": Appeal(Filing.APPEAL, Requester.MEMBER) if act is D.APPEALED else None,
        "call": Call(date(2026, 1, 5), "Dr Who") if act is D.PEER_TO_PEER else None,
        "notice_date": date(2026, 1, 6) if act is D.EXTENDED else None,
        "independent": act in (D.UPHELD, D.OVERTURNED),
        "own_statuses": tuple((iri, "met") for iri, _ in assessed_leaves(determination)) if act is D.ASSESSED else (),
        **said,
    }
    proposal = Proposal(str(provenance.iri(determination)), act, **said)
    return workplace.decide(user, file.id, proposal, last.iri if last else "")


def standing(workplace: Workplace) -> CaseState:
    (item,) = workplace.items(NURSE)
    file = the_file(workplace)
    assert item.state is file.history(file.determinations[0]).state
    return item.state


# ---------------------------------------------------------------- steps


def test_a_case_from_the_request_to_the_second_appeal(workplace: Workplace) -> None:
    said = [
        (NURSE, D.DOCUMENTATION_REQUESTED, S.DOCUMENTATION_REQUESTED),
        (NURSE, D.EXTENDED, S.DOCUMENTATION_REQUESTED),
        (OTHER, D.DOCUMENTATION_RETURNED, S.DOCUMENTATION_RETURNED),
        (NURSE, D.REFERRED_TO_PEER, S.REFERRED_TO_PEER),
        (CLINICIAN, D.PEER_TO_PEER, S.PEER_TO_PEER),
        (CLINICIAN, D.ADVERSE, S.DECIDED),
        (NURSE, D.APPEALED, S.APPEALED),
        (SECOND, D.UPHELD, S.UPHELD),
        (NURSE, D.APPEALED, S.APPEALED),
        (NURSE, D.WITHDRAWN, S.UPHELD),
    ]
    for person, act, expected in said:
        signed = sign(workplace, person, act)
        assert (signed.person, signed.signed_as, signed.revises) == (person.iri, person.role, "")
        assert standing(workplace) is expected
    assert [act.disposition for act in the_file(workplace).decisions] == [act for _, act, _ in said]
    with pytest.raises(AccessError, match="The case is closed"):
        sign(workplace, CLINICIAN, D.REFERRED_TO_PEER)


def test_a_reviewer_neither_refers_away_nor_corrects_what_a_clinician_decided(workplace: Workplace) -> None:
    denied = sign(workplace, CLINICIAN, D.ADVERSE)
    for act in (D.REFERRED_TO_PEER, D.APPROVED, D.DOCUMENTATION_REQUESTED, D.WITHDRAWN):
        with pytest.raises(AccessError):
            sign(workplace, NURSE, act)
    with pytest.raises(AccessError, match="stands until a clinician corrects it"):
        sign(workplace, NURSE, D.APPROVED, revises=denied.iri)
    assert standing(workplace) is S.DECIDED
    # Nor does a determination made anew open the case.
    workplace.determine(PEOPLE[-1], the_file(workplace).id, date(2027, 1, 1))
    assert standing(workplace) is S.DECIDED
    with pytest.raises(AccessError, match="The case is closed"):
        sign(workplace, NURSE, D.APPROVED)
    correction = sign(workplace, CLINICIAN, D.APPROVED, revises=denied.iri)
    assert the_file(workplace).history(the_file(workplace).determinations[0]).steps[0].acts[-1] == replace(
        correction, service=the_file(workplace).decisions[0].service
    )


def test_someone_who_has_not_seen_the_last_act_signs_nothing(workplace: Workplace) -> None:
    file = the_file(workplace)
    sign(workplace, NURSE, D.EXTENDED)
    proposal = Proposal(str(provenance.iri(file.determinations[0])), D.REFERRED_TO_PEER)
    with pytest.raises(ConflictError, match="Nora Fields has decided since you looked"):
        workplace.decide(OTHER, file.id, proposal, "")


# ---------------------------------------------------------------- calls


def test_what_was_stated_in_a_call_counts_from_its_day_and_stays(workplace: Workplace, policy: Policy) -> None:
    leaf = policy.versions[-1].by_id["adult-admission:7-a"].iri
    before = the_file(workplace)
    assert before.determinations[0].outcome is Outcome.DOCUMENTATION_NEEDED
    day = before.case.as_of + timedelta(days=3)
    seen = before.case.start
    call = Call(day, "Dr  Ilse\nBrandvold", (CallFact(leaf, "affirmed", "Her sister takes part each week.", seen),))
    signed = sign(workplace, CLINICIAN, D.PEER_TO_PEER, call=call)
    assert signed.call is not None
    assert (signed.call.day, signed.call.held_with) == (day, "Dr Ilse Brandvold")
    after = the_file(workplace)
    (stated,) = [s for s in after.case.statements if s.document.iri == signed.call.document]
    assert (stated.excerpt, stated.recorded, stated.observed) == ("Her sister takes part each week.", day, seen)
    assert (stated.document.author, stated.document.title) == ("Dr Ilse Brandvold", "Peer-to-peer call")
    assert after.recorded
    assert after.case.as_of == day
    assert after.determinations[0].outcome is Outcome.CRITERIA_MET
    assert standing(workplace) is S.PEER_TO_PEER
    # Loading the chart again, as a nightly feed does, keeps it.
    (case,) = read_file(CHART, policy)
    assert workplace.load(PEOPLE[-1], [case]) == {LoadChange.UNCHANGED: 1}
    changed = replace(case, content=case.content.replace("sister", "brother"))
    workplace.load(PEOPLE[-1], [changed])
    assert stated in the_file(workplace).case.statements
    assert list(workplace._kb.verify()) == []


def test_a_call_without_new_facts_changes_no_chart(workplace: Workplace) -> None:
    before = the_file(workplace).case.content
    signed = sign(workplace, CLINICIAN, D.PEER_TO_PEER)
    assert signed.call is not None
    assert signed.call.document == ""
    assert the_file(workplace).case.content == before


# ---------------------------------------------------------------- random walks


@examples(5)
@given(st.data())
def test_nothing_signed_changes_whatever_is_signed_or_refused_after_it(
    policy: Policy, filled: dict[Path, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from([CHART, MET]))
    workplace = opened(tmp_path_factory.mktemp("walk"), filled[path], policy)
    contents: dict[str, str] = {}
    for _ in range(data.draw(st.integers(6, 18))):
        file = the_file(workplace)
        person, act = data.draw(st.sampled_from(PEOPLE[:5] * 3 + PEOPLE)), data.draw(st.sampled_from(Disposition))
        revises = data.draw(st.sampled_from(["", "", *(signed.iri for signed in file.decisions[-2:])]))
        try:
            sign(workplace, person, act, revises=revises)
        except (AccessError, ConflictError, DocumentationError):
            assert the_file(workplace).decisions == file.decisions
            continue
        for earlier in file.decisions:
            graph = workplace._kb.content(f"urn:necessity:decision-graph:{_name(workplace, earlier.iri)}")
            assert graph == contents.setdefault(earlier.iri, graph)
        assert set(file.decisions) < set(the_file(workplace).decisions)
        assert standing(workplace) is history(the_file(workplace).decisions).state
    assert list(workplace._kb.verify()) == []
    workplace.close()


def _name(workplace: Workplace, iri: str) -> str:
    (graph,) = [entry.graph for entry in workplace._kb.entries(GraphKind.DECISION) if entry.about == iri]
    return graph.rpartition(":")[2]


# ---------------------------------------------------------------- referring, and what keeps an act from being signed


def test_a_referral_hands_the_request_to_a_peer_or_to_their_queue(workplace: Workplace) -> None:
    for person in (NURSE, OTHER, CLINICIAN):
        workplace.team.join(person)
    id_ = the_file(workplace).id
    workplace.team.claim(NURSE, id_)
    sign(workplace, NURSE, D.REFERRED_TO_PEER)
    assert workplace.team.assignments(NURSE) == {}
    assert list(workplace.trail.entries())[-1].detail == "to clinical peers"
    file = the_file(workplace)
    (peer,) = workplace.team.peers(NURSE)
    again = Proposal(str(provenance.iri(file.determinations[0])), D.REFERRED_TO_PEER, revises=file.decisions[-1].iri)
    workplace.decide(NURSE, id_, again, file.decisions[-1].iri, to=peer)
    assert workplace.team.assignments(NURSE)[id_].person == CLINICIAN.iri


def test_a_request_is_referred_to_clinicians_alone(workplace: Workplace) -> None:
    for person in (NURSE, OTHER, CLINICIAN):
        workplace.team.join(person)
    file = the_file(workplace)
    other = next(one for one in workplace.team.assignees() if one.person == OTHER.iri)
    referral = Proposal(str(provenance.iri(file.determinations[0])), D.REFERRED_TO_PEER)
    with pytest.raises(UsageError, match="Ned Hale is no clinical peer"):
        workplace.decide(NURSE, file.id, referral, "", to=other)
    assert standing(workplace) is S.OPEN


def test_who_signs_second_is_told_who_was_first(workplace: Workplace) -> None:
    file = the_file(workplace)
    about = str(provenance.iri(file.determinations[0]))
    sign(workplace, NURSE, D.REFERRED_TO_PEER)
    late = Proposal(about, D.REFERRED_TO_PEER)
    with pytest.raises(ConflictError, match=r"Nora Fields has decided since you looked\. Read what they signed"):
        workplace.decide(OTHER, file.id, late, "")
    assert "Nora Fields has decided since you looked" in workplace.refusal(OTHER, file.id, late, "")


def test_what_keeps_an_act_from_being_signed_is_told_before_and_recorded_nowhere(workplace: Workplace) -> None:
    file = the_file(workplace)
    about = str(provenance.iri(file.determinations[0]))
    before = len(list(workplace.trail.entries()))

    def refusal(user: User, act: Disposition, **said) -> str:
        return workplace.refusal(user, file.id, Proposal(about, act, **said), "")

    assert refusal(NURSE, D.APPROVED).startswith("a reviewer approves what meets the criteria")
    assert "may not decide adversely" in refusal(NURSE, D.ADVERSE, rationale="Why.")
    assert refusal(NURSE, D.DOCUMENTATION_REQUESTED) == "the request for documentation has no letter"
    assert "the notice lacks" in refusal(CLINICIAN, D.ADVERSE, rationale="Why.", letter="No.")
    complete = complete_letter(workplace, file, D.ADVERSE)
    assert refusal(CLINICIAN, D.ADVERSE, rationale="Why.", letter=complete) == ""
    assert refusal(NURSE, D.REFERRED_TO_PEER) == ""
    assert standing(workplace) is S.OPEN
    assert len(list(workplace.trail.entries())) == before


@pytest.mark.parametrize("act", sorted(REASONED))
def test_an_act_that_says_why_is_refused_without_a_reason(workplace: Workplace, act: Disposition) -> None:
    if act is not D.ADVERSE:
        sign(workplace, CLINICIAN, D.ADVERSE)
    if act in (D.UPHELD, D.OVERTURNED, D.WITHDRAWN, D.EXTENDED):
        sign(workplace, NURSE, D.APPEALED)
    person = SECOND if act in (D.ADVERSE, D.UPHELD, D.OVERTURNED) else NURSE
    with pytest.raises(DocumentationError, match="rationale"):
        sign(workplace, person, act, rationale=" ")


# ---------------------------------------------------------------- letters


def test_a_request_for_documentation_has_a_letter_of_its_own_to_the_member(workplace: Workplace) -> None:
    letter = complete_letter(workplace, the_file(workplace), D.DOCUMENTATION_REQUESTED)
    signed = sign(workplace, NURSE, D.DOCUMENTATION_REQUESTED, letter=letter + "\nCall us at any time.")
    assert signed.letter.endswith("Call us at any time.")
    cover, _, copied = signed.copy.partition("COPY OF THE LETTER TO YOUR PROVIDER")
    assert copied.strip() == signed.letter
    assert "have asked Bluff Country IOP (invented) for them" in cover
    assert sign(workplace, NURSE, D.REFERRED_TO_PEER).copy == ""


def test_every_letter_of_a_case_is_listed_as_it_was_sent(workplace: Workplace, policy: Policy) -> None:
    first = sign(workplace, NURSE, D.DOCUMENTATION_REQUESTED)
    # On a later determination the earlier letters are still there.
    workplace.determine(NURSE, the_file(workplace).id, date(2026, 11, 20))
    second = sign(workplace, CLINICIAN, D.ADVERSE)
    told = [
        (letter.disposition, letter.is_copy, letter.author, letter.text)
        for letter in sent(the_file(workplace).decisions)
    ]
    assert told == [
        (D.ADVERSE, False, "Clara Voss", second.letter),
        (D.DOCUMENTATION_REQUESTED, False, "Nora Fields", first.letter),
        (D.DOCUMENTATION_REQUESTED, True, "Nora Fields", first.copy),
    ]
