"""Deciding: licences, specialties, evidence of overrides, independence on appeal, and what each act needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.chart.model import Assertion
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError
from reasoner.render.decisions import lines
from reasoner.review import deciding
from reasoner.review.acts import Appeal, Call, CallFact, Disposition, Filing, Override, Proposal, Requester
from reasoner.review.authority import Role
from reasoner.review.deciding import ON_APPEAL, Requirements, Situation, assessed_leaves, choices, licence_states
from reasoner.review.people import Directory, local
from reasoner.review.signing import read_decisions, show
from reasoner.review.steps import History, Step, history
from tests.conftest import CASES
from tests.review.test_permissions import signed

NURSE = local("Nora Fields", Role.REVIEWER)
CLINICIAN = local("Clara Voss", Role.CLINICIAN, "MO 4711", specialty="Psychiatry")
UNLICENSED = local("Uma Reed", Role.CLINICIAN)
DENIER = local("Dean Ross", Role.CLINICIAN, "MO 1")
D = Disposition


def situation(policy: Policy, name: str, *acts, **said) -> Situation:
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / f"{name}.ttl", policy)
    (determination,) = determine_case(case, policy)
    made = [signed(number, act, person, person.role) for number, (act, person) in enumerate(acts)]
    return Situation(case, determination, history(made), **said)


def override(situation: Situation, policy: Policy, *evidence: str, status: str = "met") -> Override:
    iri = policy.versions[-1].by_id["adult-admission:7-a"].iri
    determined = next(result.status for result in situation.determination.criteria if result.criterion.iri == iri)
    return Override(iri, determined.value, status, "ok", evidence)


def stated(situation: Situation, policy: Policy, stance: Assertion) -> str:
    """What the chart states on the criterion of `override`, one way or the other."""
    iri = policy.versions[-1].by_id["adult-admission:7-a"].iri
    (result,) = (result for result in situation.determination.criteria if result.criterion.iri == iri)
    return next(bearing.statement.iri for bearing in result.evidence if bearing.stance is stance)


# ---------------------------------------------------------------- overrides


def test_a_reviewer_approves_on_an_override_only_with_evidence(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports")
    bare = Proposal("urn:d", D.APPROVED, overrides=(override(now, policy),))
    with pytest.raises(AccessError, match="on overrides without evidence"):
        deciding.check(bare, NURSE, now)
    with pytest.raises(AccessError, match="on overrides without evidence"):
        deciding.check(bare, UNLICENSED, now)
    deciding.check(bare, CLINICIAN, now)
    deciding.check(replace(bare, disposition=D.REFERRED_TO_PEER), NURSE, now)
    with pytest.raises(DocumentationError, match="a statement that the chart does not have"):
        deciding.check(replace(bare, overrides=(override(now, policy, "urn:elsewhere"),)), CLINICIAN, now)


def test_the_evidence_of_an_override_speaks_to_the_criterion_and_not_against_it(policy: Policy) -> None:
    now = situation(policy, "same-day-contradiction")
    affirmed, denied = (stated(now, policy, stance) for stance in (Assertion.AFFIRMED, Assertion.DENIED))
    elsewhere = next(s.iri for s in now.case.statements if s.iri not in (affirmed, denied))

    def approval(*evidence: str) -> Proposal:
        return Proposal("urn:d", D.APPROVED, overrides=(override(now, policy, *evidence),))

    deciding.check(approval(affirmed), NURSE, now)
    deciding.check(approval(elsewhere, affirmed), NURSE, now)
    for evidence in ((elsewhere,), (denied,), (denied, elsewhere)):
        with pytest.raises(AccessError, match=r"evidence that speaks to their criterion.*refer it to a clinical peer"):
            deciding.check(approval(*evidence), NURSE, now)
        deciding.check(replace(approval(*evidence), rationale="Why."), CLINICIAN, now)


def test_an_override_says_what_was_determined_and_a_criterion_has_one(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports")
    said = override(now, policy)
    for overrides, message in (
        ((replace(said, determined="not-met"),), "'not-met' was determined, and it was not-documented"),
        ((said, replace(said, status="not-met")), "overridden twice"),
    ):
        with pytest.raises(DocumentationError, match=message):
            deciding.check(Proposal("urn:d", D.REFERRED_TO_PEER, overrides=overrides), NURSE, now)


def test_an_override_that_the_approval_does_not_rest_on_needs_no_evidence(policy: Policy) -> None:
    now = situation(policy, "criteria-met")
    deciding.check(Proposal("urn:d", D.APPROVED, overrides=(override(now, policy, status="met"),)), NURSE, now)
    lowered = Proposal("urn:d", D.APPROVED, overrides=(override(now, policy, status="not-met"),), rationale="Why.")
    with pytest.raises(AccessError, match="outcome is documentation-needed"):
        deciding.check(lowered, NURSE, now)


def test_the_evidence_of_an_override_is_signed(policy: Policy) -> None:
    now = situation(policy, "same-day-contradiction")
    cited = tuple(sorted(stated(now, policy, stance) for stance in (Assertion.AFFIRMED, Assertion.DENIED)))
    proposal = Proposal("urn:d", D.APPROVED, overrides=(override(now, policy, *cited),))
    decision, content = deciding.decide(proposal, NURSE, now, policy)
    assert content == now.case.content
    (shown,) = show(decision, policy).overrides
    assert shown.evidence == cited


# ---------------------------------------------------------------- licence and specialty


def test_the_states_of_a_licence() -> None:
    assert licence_states("MO 4711") == {"MO"}
    assert licence_states("IL 036-123456; MO PSY99") == {"IL", "MO"}
    assert licence_states("4711 or LCSW or MO") == set()


@pytest.mark.parametrize(
    ("required", "licence", "specialty", "message"),
    [
        (Requirements(), "XX", "", None),
        (Requirements(licence_state=True), "WI 4711", "", None),
        (Requirements(licence_state=True), "MO 2, WI 4711", "", None),
        (Requirements(licence_state=True), "MO 2", "", "regulated in US-WI"),
        (Requirements(specialties=frozenset({"psychiatry"})), "MO 2", "Psychiatry", None),
        (
            Requirements(specialties=frozenset({"psychiatry", "psychology"})),
            "MO 2",
            "surgery",
            "psychiatry, psychology",
        ),
        (Requirements(specialties=frozenset({"psychiatry"})), "MO 2", "", "the specialty is not one of psychiatry"),
        (Requirements(), "", "", "takes a licence"),
    ],
)
@pytest.mark.parametrize("act", [D.ADVERSE, D.UPHELD, D.OVERTURNED])
def test_who_decides_under_a_licence(
    policy: Policy, required: Requirements, licence: str, specialty: str, message: str | None, act: Disposition
) -> None:
    before = () if act is D.ADVERSE else ((D.ADVERSE, DENIER), (D.APPEALED, NURSE))
    now = situation(policy, "nothing-on-supports", *before, requirements=required)
    person = local("Someone", Role.CLINICIAN, licence, specialty=specialty)
    proposal = Proposal("urn:d", act, rationale="Why.", independent=True)
    if message is None:
        deciding.check(proposal, person, now)
    else:
        with pytest.raises(AccessError, match=message):
            deciding.check(proposal, person, now)


def test_to_approve_what_meets_the_criteria_takes_no_specialty(policy: Policy) -> None:
    required = Requirements(licence_state=True, specialties=frozenset({"psychiatry"}))
    deciding.check(Proposal("urn:d", D.APPROVED), UNLICENSED, situation(policy, "criteria-met", requirements=required))
    against = Proposal("urn:d", D.APPROVED, rationale="Why.")
    now = situation(policy, "nothing-on-supports", requirements=required)
    with pytest.raises(AccessError, match="not of that state"):
        deciding.check(against, CLINICIAN, now)


def test_where_a_plan_does_not_say_where_it_is_regulated_the_refusal_says_so(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports", requirements=Requirements(licence_state=True))
    facts = tuple(fact for fact in now.case.facts if not fact[1].endswith("jurisdiction>"))
    nowhere = replace(now, case=replace(now.case, facts=facts))
    with pytest.raises(AccessError, match=r"does not say where the plan is regulated.*nec:jurisdiction"):
        deciding.check(Proposal("urn:d", D.ADVERSE, rationale="Why."), CLINICIAN, nowhere)


# ---------------------------------------------------------------- appeals


def test_no_appeal_is_decided_by_who_denied_or_reports_to_them(policy: Policy) -> None:
    appealed = ((D.ADVERSE, DENIER), (D.APPEALED, NURSE))
    now = situation(policy, "nothing-on-supports", *appealed)
    proposal = Proposal("urn:d", D.UPHELD, rationale="Why.", independent=True)
    with pytest.raises(AccessError, match="who denied a request decides no appeal"):
        deciding.check(proposal, DENIER, now)
    for licence in ("mo-1", "WI 12; MO 1"):  # under another name, and not another person
        with pytest.raises(AccessError, match="who denied a request decides no appeal"):
            deciding.check(proposal, local("D. Ross", Role.CLINICIAN, licence), now)
    with pytest.raises(AccessError, match="against whom they report to"):
        deciding.check(proposal, replace(CLINICIAN, superiors=frozenset({"urn:boss", DENIER.iri})), now)
    with pytest.raises(DocumentationError, match="Affirm"):
        deciding.check(replace(proposal, independent=False), CLINICIAN, now)
    deciding.check(proposal, CLINICIAN, now)
    assert {choice.disposition for choice in choices(CLINICIAN, now.history)} >= ON_APPEAL
    assert not ON_APPEAL & {choice.disposition for choice in choices(DENIER, now.history)}
    # Where the directory knows to whom someone reports, nothing has to be affirmed.
    known = replace(CLINICIAN, superiors=frozenset({"urn:boss"}))
    deciding.check(replace(proposal, independent=False), known, now)
    # A second appeal is decided by neither of the two before, and their correction is their own.
    again = situation(policy, "nothing-on-supports", *appealed, (D.UPHELD, CLINICIAN), (D.APPEALED, NURSE))
    for person in (DENIER, CLINICIAN):
        with pytest.raises(AccessError, match="who denied"):
            deciding.check(proposal, person, again)
    upheld = situation(policy, "nothing-on-supports", *appealed, (D.UPHELD, CLINICIAN))
    deciding.check(replace(proposal, revises="urn:act:2"), CLINICIAN, upheld)


def test_superiors_are_people_of_the_same_directory() -> None:
    directory = Directory(roles={Role.CLINICIAN: frozenset({"md"})}, superior_claim="manager")
    claims = {"iss": "https://id.example", "roles": ["md"]}
    boss = directory.user({**claims, "sub": "1"})
    for manager in ("1", ["1", "2"]):
        assert boss.iri in directory.user({**claims, "sub": "7", "manager": manager}).superiors
    assert boss.superiors == frozenset()
    assert Directory(roles=directory.roles).user({**claims, "sub": "7", "manager": "1"}).superiors == frozenset()


def test_only_an_adverse_decision_is_appealed(policy: Policy) -> None:
    proposal = Proposal("urn:d", D.APPEALED, rationale="Why.", appeal=Appeal(Filing.APPEAL, Requester.MEMBER))
    approved = situation(policy, "criteria-met", (D.APPROVED, NURSE))
    with pytest.raises(DocumentationError, match="only an adverse decision"):
        deciding.check(proposal, NURSE, approved)
    assert D.APPEALED not in {choice.disposition for choice in choices(NURSE, approved.history)}
    denied = situation(policy, "nothing-on-supports", (D.ADVERSE, DENIER))
    deciding.check(proposal, NURSE, denied)
    with pytest.raises(DocumentationError, match="who asked"):
        deciding.check(replace(proposal, appeal=None), NURSE, denied)
    decision, _ = deciding.decide(proposal, NURSE, denied, policy)
    assert show(decision, policy).appeal == proposal.appeal
    expedited = replace(proposal, appeal=Appeal(Filing.REOPENING, Requester.REPRESENTATIVE, expedited=True))
    decision, _ = deciding.decide(expedited, NURSE, denied, policy)
    assert show(decision, policy).appeal == expedited.appeal


# ---------------------------------------------------------------- corrections


def test_a_correction_is_of_what_stands_and_of_the_same_step(policy: Policy) -> None:
    now = situation(policy, "criteria-met", (D.DOCUMENTATION_REQUESTED, NURSE), (D.DOCUMENTATION_RETURNED, NURSE))
    returned = Proposal("urn:d", D.DOCUMENTATION_RETURNED, rationale="Two notes.", revises="urn:act:1")
    deciding.check(returned, NURSE, now)
    with pytest.raises(DocumentationError, match="corrects no act of another step"):
        deciding.check(replace(returned, disposition=D.APPROVED), NURSE, now)
    for elsewhere in ("urn:act:0", "urn:act:9"):
        with pytest.raises(ConflictError, match="not the last step"):
            deciding.check(replace(returned, revises=elsewhere), NURSE, now)
    (first, second) = now.history.steps
    corrected = replace(signed(5, D.DOCUMENTATION_RETURNED, DENIER, Role.CLINICIAN), revises="urn:act:1")
    later = replace(now, history=history([first.act, second.act, corrected]))
    with pytest.raises(ConflictError, match="Dean Ross has corrected it since"):
        deciding.check(returned, NURSE, later)


def test_an_act_is_dated_after_the_one_before_it_even_if_the_clock_was_set_back(policy: Policy) -> None:
    now = situation(policy, "criteria-met", (D.REFERRED_TO_PEER, NURSE))
    ahead = replace(now.history.steps[0].act, time=now.history.steps[0].time + timedelta(days=40_000))
    decision, _ = deciding.decide(
        Proposal("urn:d", D.APPROVED), CLINICIAN, replace(now, history=history([ahead])), policy
    )
    assert show(decision, policy).time > ahead.time


# ---------------------------------------------------------------- calls, extensions, notices


def test_what_a_call_needs(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports")
    leaf = policy.versions[-1].by_id["adult-admission:7-a"].iri
    group = policy.versions[-1].by_id["adult-admission:7"].iri
    call = Call(date(2026, 1, 5), "Dr Ilse Brandvold", (CallFact(leaf, "affirmed", "Her sister comes along."),))
    proposal = Proposal("urn:d", D.PEER_TO_PEER, call=call)
    deciding.check(proposal, CLINICIAN, now)
    for wrong, message in (
        (None, "with whom the call was held"),
        (replace(call, held_with=" "), "with whom the call was held"),
        (replace(call, day=date.today() + timedelta(days=2)), "has not come yet"),
        (replace(call, facts=(CallFact(group, "affirmed", "x"),)), "only a leaf"),
        (replace(call, facts=(CallFact(leaf, "not-applicable", "x"),)), "unconditional"),
        (replace(call, facts=(CallFact(leaf, "met", "x"),)), "needs its stance"),
        (replace(call, facts=(CallFact(leaf, "denied", " "),)), "needs its stance"),
        (replace(call, facts=(CallFact(leaf, "denied", "x", date(2026, 1, 6)),)), "after the call"),
    ):
        with pytest.raises(DocumentationError, match=message):
            deciding.check(replace(proposal, call=wrong), CLINICIAN, now)


def test_the_day_on_which_documentation_arrived_is_kept_and_is_between_its_request_and_today(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports")
    asked, _ = deciding.decide(Proposal("urn:d", D.DOCUMENTATION_REQUESTED, letter="Dear …"), NURSE, now, policy)
    out = replace(now, history=History((Step((show(asked, policy),)),)))
    today = datetime.now(UTC).date()
    returned = Proposal("urn:d", D.DOCUMENTATION_RETURNED, rationale="A note.", received=today)
    decision, _ = deciding.decide(returned, NURSE, out, policy)
    assert show(decision, policy).received == today
    assert "Received on" in lines(show(decision, policy))[0]
    for wrong, message in (
        (today + timedelta(days=2), "has not come yet"),
        (today - timedelta(days=2), "before the documentation was asked for"),
    ):
        with pytest.raises(DocumentationError, match=message):
            deciding.check(replace(returned, received=wrong), NURSE, out)


def test_the_day_on_which_an_appeal_arrived_is_kept_and_is_between_the_decision_and_today(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports", (D.ADVERSE, DENIER))
    denied, today = now.history.steps[0].time.date(), datetime.now(UTC).date()
    filing = Appeal(Filing.APPEAL, Requester.MEMBER)
    proposal = Proposal("urn:d", D.APPEALED, rationale="Why.", appeal=filing, received=denied + timedelta(days=1))
    decision, _ = deciding.decide(proposal, NURSE, now, policy)
    act = show(decision, policy)
    assert act.received == proposal.received
    assert f"Received on {act.received}" in lines(act)
    for wrong, message in (
        (today + timedelta(days=2), "has not come yet"),
        (denied - timedelta(days=2), "before the decision that is appealed"),
    ):
        with pytest.raises(DocumentationError, match=message):
            deciding.check(replace(proposal, received=wrong), NURSE, now)


def test_what_an_extension_a_withdrawal_and_a_denial_need(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports")
    extension = Proposal("urn:d", D.EXTENDED, rationale="The hospital is closed.", notice_date=date(2026, 1, 6))
    decision, _ = deciding.decide(extension, NURSE, now, policy)
    assert show(decision, policy).notice_date == date(2026, 1, 6)
    with pytest.raises(DocumentationError, match="when the notice"):
        deciding.check(replace(extension, notice_date=None), NURSE, now)
    for act in (D.WITHDRAWN, D.EXTENDED):
        with pytest.raises(DocumentationError, match="needs a nec:rationale"):
            deciding.decide(replace(extension, disposition=act, rationale=" "), NURSE, now, policy)
    adverse = Proposal("urn:d", D.ADVERSE, rationale="Why.")
    with pytest.raises(DocumentationError, match="the notice lacks the right to appeal, language help"):
        deciding.check(adverse, CLINICIAN, replace(now, missing_of_notice=("the right to appeal", "language help")))


def test_own_statuses_are_of_every_leaf_of_the_sections(policy: Policy) -> None:
    now = situation(policy, "nothing-on-supports", withheld=True)
    leaves = assessed_leaves(now.determination)
    assert len(leaves) == len({id_ for _, id_ in leaves}) > 10
    assert all(id_.startswith("adult-admission:") for _, id_ in leaves)
    given = tuple((iri, "not-documented") for iri, _ in leaves)
    proposal = Proposal("urn:d", D.ASSESSED, own_statuses=given)
    decision, _ = deciding.decide(proposal, NURSE, now, policy)
    assert sorted(show(decision, policy).own_statuses) == sorted((id_, "not-documented") for _, id_ in leaves)
    with pytest.raises(DocumentationError, match=f"no status of yours is given to {leaves[0][1]}$"):
        deciding.check(replace(proposal, own_statuses=given[1:]), NURSE, now)
    with pytest.raises(DocumentationError, match="is no status"):
        deciding.check(replace(proposal, own_statuses=((given[0][0], "maybe"), *given[1:])), NURSE, now)
    with pytest.raises(AccessError, match="not withheld from you"):
        deciding.check(proposal, NURSE, replace(now, withheld=False))
    with pytest.raises(AccessError, match="has not been shown to you"):
        deciding.check(Proposal("urn:d", D.REFERRED_TO_PEER), NURSE, now)


# ---------------------------------------------------------------- earlier records


def test_a_decision_of_an_earlier_version_is_read(policy: Policy) -> None:
    from rdflib import Graph

    text = """
    @prefix nec: <https://w3id.org/necessity/core#> . @prefix prov: <http://www.w3.org/ns/prov#> .
    @prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
    <urn:one> a nec:Decision ; nec:determination <urn:d> ; nec:disposition nec:ReferredToPeer ;
        prov:wasRevisionOf <urn:zero> ;
        prov:generatedAtTime "2026-02-01T10:00:00Z"^^xsd:dateTime ; prov:wasAttributedTo <urn:person> .
    <urn:person> skos:prefLabel "R. Example" ; nec:authorRole "utilization nurse" .
    """
    (decision,) = read_decisions(Graph().parse(data=text, format="turtle"), policy, "earlier")
    shown = show(decision, policy)
    assert (shown.name, shown.signed_as, shown.appeal, shown.call) == ("R. Example", None, None, None)
