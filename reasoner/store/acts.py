"""Acts in a knowledge base: those on a request, and what one that was signed elsewhere has to be before it is taken in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from reasoner.determination.determine import determine_case
from reasoner.determination.model import Determination
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError, NecessityError, StoreError
from reasoner.logic.fold import Outcome
from reasoner.policy.model import Policy
from reasoner.rdf import graphs
from reasoner.render import provenance
from reasoner.review import deciding, signing, steps
from reasoner.review.acts import Decision, Override, Proposal, Signed
from reasoner.review.authority import Role
from reasoner.review.deciding import Situation
from reasoner.review.people import User
from reasoner.review.permissions import Condition
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import HEADER, GraphKind, LoadChange, graph_name, held
from reasoner.store.contents import read_chart
from reasoner.store.questions import Answer


def acts_on(kb: KnowledgeBase, request: str, policy: Policy) -> tuple[Signed, ...]:
    """The acts on any determination of a request (IRI), oldest first, each with the period of its determination."""
    signed = []
    for row in _rows(
        kb,
        f"""SELECT ?decision ?determination ?start ?end {{
            {held(GraphKind.DETERMINATION, "?determination")} {{
                ?determination nec:request <{request}> ; nec:serviceStart ?start
                OPTIONAL {{ ?determination nec:serviceEnd ?end }} }}
            {held(GraphKind.DECISION, "?decision", "?signed")} {{ ?decision nec:determination ?determination }} }}""",
    ):
        content = kb.content(graph_name(GraphKind.DECISION, row["decision"]))
        act = signing.show(Decision(row["decision"], row["determination"], content), policy)
        signed.append(replace(act, service=(row["start"], row["end"])))
    return tuple(sorted(signed, key=_order))


def load_signed_elsewhere(kb: KnowledgeBase, decision: Decision, policy: Policy) -> LoadChange:
    """Add a decision that another system has recorded, if it can be a step of its case at its time.

    It is held to what holds for acts that are signed here, as far as that does not depend on what only the signer saw: its
    letter, the directory, and whether a determination was withheld. One that says no role counts as a clinician's, and one
    of an earlier version that revises an act of another step is a step of its own.

    Raises:
        AccessError: its signer could not sign it in that state of the case, or an act after it could not be signed any more.
        ConflictError: what it corrects did not stand.
        DocumentationError: it is not complete.
        StoreError: as `KnowledgeBase.load_decision`.
    """
    told = _rows(
        kb,
        f"""SELECT ?request ?start ?end ?as_of ?outcome {{
            {held(GraphKind.DETERMINATION, f"<{decision.determination}>")} {{
                <{decision.determination}> nec:request ?request ; nec:serviceStart ?start ; nec:asOf ?as_of ; nec:outcome ?found
                OPTIONAL {{ <{decision.determination}> nec:serviceEnd ?end }} }}
            ?found skos:notation ?outcome }}""",
    )
    acts = acts_on(kb, told[0]["request"], policy) if told else ()
    if told and decision.iri not in {act.iri for act in acts}:
        act = replace(signing.show(decision, policy), service=(told[0]["start"], told[0]["end"]))
        determination = _made_again(kb, decision.determination, told[0]["as_of"], policy)
        try:
            _check(act, acts, determination, told[0]["outcome"])
        except (AccessError, ConflictError, DocumentationError) as error:
            raise type(error)(
                error.problem, where=decision.iri, mend="Correct it where it was signed, or load what comes before it"
            ) from error
    return kb.load_decision(decision)


def signed_at(decision: Decision, policy: Policy) -> datetime:
    """When a decision was signed."""
    return signing.show(decision, policy).time


def _check(act: Signed, acts: tuple[Signed, ...], determination: Determination | None, outcome: str) -> None:
    """Raise for an act that cannot stand where it would be among those of its case.

    Args:
        act: the act.
        acts: the acts on the request that are recorded, oldest first.
        determination: that of the act; None if it cannot be made again.
        outcome: that was determined.
    """
    before = [each for each in acts if _order(each) < _order(act)]
    own = _before(act, before)
    proposal, user = _proposal(act, own, determination), _signer(act)
    if determination:
        deciding.check_step(proposal, user, Situation(determination.case, determination, own))
    else:
        given = deciding.permitted(proposal, user, own).condition
        licensed = bool(user.licence) and given is Condition.MET_OR_LICENCE
        if given in (Condition.MET, Condition.MET_OR_LICENCE) and not licensed and outcome != Outcome.CRITERIA_MET:
            raise AccessError(f"a {user.role.value} approves what meets the criteria, and the outcome is {outcome}")
    for later in acts[len(before) :]:
        try:
            stands = _before(later, [act, *(each for each in acts if _order(each) < _order(later))])
            deciding.permitted(_proposal(later, stands, None), _signer(later), stands)
        except NecessityError as error:
            raise ConflictError(f"it is earlier than <{later.iri}>, which could not stand after it") from error


def _before(act: Signed, earlier: Iterable[Signed]) -> steps.History[Signed]:
    """The steps before an act on its period."""
    start, end = act.service or (date.min, None)
    return steps.history(steps.of_period(earlier, start, end))


def _signer(act: Signed) -> User:
    """Who signed an act, as the act says."""
    return User(
        act.person,
        act.name,
        act.signed_as or Role.CLINICIAN,
        licence=act.licence,
        title=act.role,
        specialty=act.specialty,
    )


def _proposal(act: Signed, history: steps.History[Signed], determination: Determination | None) -> Proposal:
    """An act as it was before it was signed."""
    leaves = {result.criterion.id: result for result in determination.criteria} if determination else {}
    revised = history.step_of(act.revises)
    foreign = act.signed_as is None and not (revised and steps.same_step(revised.act.disposition, act.disposition))
    overrides = [
        Override(
            leaves[each.id].criterion.iri if each.id in leaves else each.id,
            each.determined or (leaves[each.id].status.value if each.id in leaves else ""),
            each.status,
            each.rationale,
            each.evidence,
        )
        for each in act.overrides
    ]
    return Proposal(
        act.determination,
        act.disposition,
        act.rationale,
        tuple(overrides),
        letter=act.letter,
        revises="" if foreign else act.revises,
        appeal=act.appeal,
        call=act.call,
        notice_date=act.notice_date,
        received=act.received,
        independent=act.independent,
        own_statuses=tuple(
            (leaves[id_].criterion.iri if id_ in leaves else id_, status) for id_, status in act.own_statuses
        ),
    )


def _made_again(kb: KnowledgeBase, iri: str, as_of: date, policy: Policy) -> Determination | None:
    """A determination of the base, made of what it judged; None where policy, configuration or software are others now."""
    try:
        judged = kb.judged(iri)
        request, _ = kb.register.judged(iri)
        content = "".join(sorted({line for said in judged.values() for line in graphs.lines_of(said)}))
        case = read_chart(request, content, policy, as_of)
        made = (each for tried in (False, True) for each in determine_case(case, policy, alternatives=tried))
        return next((each for each in made if str(provenance.iri(each)) == iri), None)
    except (StoreError, DocumentationError):
        return None


def _order(act: Signed) -> tuple[datetime, str]:
    return act.time, act.iri


def _rows(kb: KnowledgeBase, text: str) -> list[dict[str, Any]]:
    answer = Answer(kb.query(HEADER + text))
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.values()]
