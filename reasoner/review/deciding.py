"""Deciding: what an act has to be before it is signed, by permission, by the order of the steps and by its own content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from reasoner.chart.model import Assertion, Case
from reasoner.determination.model import Determination
from reasoner.determination.whatif import STANCES
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.model import CriterionKind, Policy
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.review import calls, signing
from reasoner.review.acts import Decision, Disposition, Filing, Override, Proposal, Signed
from reasoner.review.authority import Role
from reasoner.review.people import User
from reasoner.review.permissions import Condition, Permission, permission, revised
from reasoner.review.steps import History, Step, same_step

OVERRIDES = tuple(dict.fromkeys(status.value for status in STANCES.values()))
"""The statuses that a person can give to a leaf."""
NOTIFIED = frozenset({Disposition.ADVERSE, Disposition.UPHELD, Disposition.EXTENDED})
"""The acts that take effect by their notice, and are not signed until it lacks nothing."""
REASONED = NOTIFIED | {Disposition.OVERTURNED, Disposition.APPEALED, Disposition.WITHDRAWN}
"""The acts that say why; ``shapes/decision.ttl`` asks for it."""
ON_APPEAL = frozenset({Disposition.UPHELD, Disposition.OVERTURNED})
"""The decisions on what an earlier one denied."""
_STATE_OF_LICENCE = re.compile(r"\b([A-Z]{2})[\s-]*\w*\d")


@dataclass(frozen=True)
class Requirements:
    """What the payer asks of who decides under a licence."""

    licence_state: bool = False
    """Whether a licence has to be of the state that the plan is regulated in."""
    specialties: frozenset[str] = frozenset()
    """The specialties one of which they must have; empty if any will do."""


@dataclass(frozen=True)
class Situation:
    """What an act is signed in view of."""

    case: Case
    determination: Determination
    history: History[Signed]
    """Of the period of the determination."""
    requirements: Requirements = Requirements()
    missing_of_notice: tuple[str, ...] = ()
    """What the notice to the member lacks of what the law asks for."""
    blinded: bool = False
    """Whether the person had recorded their own statuses before they saw the determination."""
    withheld: bool = False
    """Whether the determination is withheld from the person until they have given their own statuses."""


def decide(proposal: Proposal, user: User, situation: Situation, policy: Policy) -> tuple[Decision, str]:
    """Check an act and sign it.

    Args:
        proposal: what the person decides.
        user: who decides.
        situation: what they decide in view of.
        policy: the policy of the determination.

    Returns:
        The decision, and the content of the chart with what the act adds to it: the facts that were stated in a call.

    Raises:
        AccessError: the person may not sign the act: by role, licence or specialty, by the state of the case, over the act that
            it would correct, or because they denied what is appealed.
        ConflictError: what it corrects is not what stands.
        DocumentationError: it is not complete.
    """
    check(proposal, user, situation)
    proposal, content = calls.put_on_chart(proposal, situation.case)
    last = situation.history.last
    decision = signing.sign(proposal, user, policy, after=last.time if last else None, blinded=situation.blinded)
    return decision, content


def check(proposal: Proposal, user: User, situation: Situation) -> None:
    """Raise as `decide` for an act that cannot be signed."""
    _check_withheld(proposal, situation)
    check_step(proposal, user, situation)
    _check_letter(proposal, situation)
    on_appeal = proposal.disposition in ON_APPEAL
    if on_appeal and not user.superiors and not proposal.independent:
        raise DocumentationError(
            "the directory does not say whom you report to",
            mend="Affirm that you are neither who denied the request nor their subordinate",
        )


def check_step(proposal: Proposal, user: User, situation: Situation) -> None:
    """Raise as `decide` for an act that cannot be a step of its case, wherever it is recorded."""
    given = permitted(proposal, user, situation.history)
    _check_condition(given, proposal, user, situation)
    _check_overrides(proposal, situation)
    if check := _CONTENT.get(proposal.disposition):  # what else the other acts need, the shapes of decisions ask for
        check(proposal, situation)


def permitted(proposal: Proposal, user: User, history: History[Signed]) -> Permission:
    """The condition on which the table of permissions has an act signed after some steps.

    Raises:
        AccessError: it is on none, or the person denied what is appealed.
        ConflictError: what it corrects is not what stands.
        DocumentationError: it corrects an act of another step, or appeals what is not adverse.
    """
    step, state = _corrected(proposal, history), history.state
    given = permission(user.role, proposal.disposition, state, revised(step.act if step else None, user))
    if given.condition is Condition.NO:
        mend = "Refer it to a clinical peer" if user.role is Role.REVIEWER else "See what can be signed now"
        raise AccessError(
            f"{_refused(proposal, user)}, the case being {state.value.replace('-', ' ')}: {given.reason}", mend=mend
        )
    if proposal.disposition is Disposition.APPEALED and not _is_adverse(history):
        raise DocumentationError(
            "only an adverse decision is appealed or reopened", mend="Correct the decision where it is wrong"
        )
    if proposal.disposition in ON_APPEAL and (error := dependence(user, history, step)):
        raise error
    return given


@dataclass(frozen=True)
class Choice:
    """Something that a person can sign."""

    disposition: Disposition
    corrects: Step[Signed] | None = None
    """The step that it corrects; None if it is a new one."""


def choices(user: User, history: History[Signed]) -> list[Choice]:
    """What a person can sign in the state of a case, new steps first, each as far as the role and a licence decide it."""
    found = []
    for step in (None, *history.correctable):
        for disposition in Disposition:
            if step and not same_step(step.act.disposition, disposition):
                continue
            given = permission(user.role, disposition, history.state, revised(step.act if step else None, user))
            if given.condition is Condition.NO or (given.condition is Condition.LICENCE and not user.licence):
                continue
            if disposition is Disposition.APPEALED and not _is_adverse(history):
                continue
            if disposition in ON_APPEAL and dependence(user, history, step):
                continue
            found.append(Choice(disposition, step))
    return found


def outcome_with_overrides(determination: Determination, overrides: Iterable[Override]) -> Outcome:
    """The outcome of a determination if overrides replace the statuses of their leaves."""
    if determination.evaluation is None:
        return determination.outcome
    return determination.evaluation.assuming({o.criterion: Status(o.status) for o in overrides}).outcome


def rests_on_nothing(determination: Determination, overrides: Iterable[Override]) -> list[Override]:
    """The overrides without evidence that an outcome of criteria met would rest on; none if it stands without them."""
    bare = {override: not has_evidence(determination, override) for override in overrides}
    if outcome_with_overrides(determination, (o for o in bare if not bare[o])) is Outcome.CRITERIA_MET:
        return []
    return [override for override in bare if bare[override]]


def has_evidence(determination: Determination, override: Override) -> bool:
    """Whether an override cites a statement that was considered for its leaf, also one set aside, and does not say the opposite."""
    opposite = {Status.MET: Assertion.DENIED, Status.NOT_MET: Assertion.AFFIRMED}.get(Status(override.status))
    return any(
        iri in override.evidence and stance is not opposite
        for result in determination.criteria
        if result.criterion.iri == override.criterion
        for iri, stance in (
            *((bearing.statement.iri, bearing.stance) for bearing in result.evidence),
            *((aside.statement.iri, aside.statement.assertion) for aside in result.set_aside),
        )
    )


def jurisdiction(case: Case) -> str:
    """ISO 3166-2 code of where the plan of a request is regulated, such as US-MO."""
    relation = terms.of(NEC.jurisdiction)
    return next((terms.local(value[1:-1]) for _, predicate, value in case.facts if predicate == relation), "")


def licence_states(licence: str) -> set[str]:
    """The states that a licence names, each by two letters before its number.

    >>> sorted(licence_states("MO 4711, IL 036-123"))
    ['IL', 'MO']
    """
    return set(_STATE_OF_LICENCE.findall(licence))


def _check_withheld(proposal: Proposal, situation: Situation) -> None:
    """Raise `AccessError` for own statuses of who has seen the determination, and for any other act of who has not."""
    if situation.withheld and proposal.disposition is not Disposition.ASSESSED:
        raise AccessError(
            "the determination has not been shown to you", mend="Give your own statuses first, and sign them"
        )
    if not situation.withheld and proposal.disposition is Disposition.ASSESSED:
        raise AccessError("own statuses are given before the determination is shown, and it is not withheld from you")


def _corrected(proposal: Proposal, history: History[Signed]) -> Step[Signed] | None:
    """The step that a proposal corrects; None if it is a new one."""
    if not proposal.revises:
        return None
    step = history.step_of(proposal.revises)
    if step is None or step not in history.correctable:
        raise ConflictError(
            "what it corrects is not the last step, nor the decision in force", mend="Look at the request again"
        )
    if step.act.iri != proposal.revises:
        raise ConflictError(f"{step.act.name} has corrected it since", mend="Look at the request again")
    if not same_step(step.act.disposition, proposal.disposition):
        raise DocumentationError(
            f"{_words(proposal.disposition)} corrects no act of another step: {_words(step.act.disposition)}",
            mend="Sign it as a step of its own",
        )
    return step


def _refused(proposal: Proposal, user: User) -> str:
    return f"a {user.role.value} may not sign {_words(proposal.disposition)}"


def _check_condition(given: Permission, proposal: Proposal, user: User, situation: Situation) -> None:
    """Raise `AccessError` if the condition of a permission is not fulfilled."""
    if given.condition in (Condition.MET, Condition.MET_OR_LICENCE) and _is_met(proposal, situation):
        return
    if given.condition is Condition.MET or (given.condition is Condition.MET_OR_LICENCE and not user.licence):
        outcome = outcome_with_overrides(situation.determination, proposal.overrides)
        if outcome is Outcome.CRITERIA_MET:
            raise AccessError(
                f"{_refused(proposal, user)} on overrides without evidence that speaks to their criterion",
                mend="Cite what the chart states on it, or refer it to a clinical peer",
            )
        raise AccessError(
            f"a {user.role.value} approves what meets the criteria, and the outcome is {outcome.value}",
            mend="Refer it to a clinical peer",
        )
    if given.condition is not Condition.YES:
        _check_licence(user, situation)


def _is_met(proposal: Proposal, situation: Situation) -> bool:
    determination, overrides = situation.determination, proposal.overrides
    met = outcome_with_overrides(determination, overrides) is Outcome.CRITERIA_MET
    return met and not rests_on_nothing(determination, overrides)


def _check_licence(user: User, situation: Situation) -> None:
    """Raise `AccessError` unless the person has the licence, of the state and in the specialty that the payer asks for."""
    if not user.licence:
        raise AccessError("this act takes a licence", mend="Have it entered for this clinician")
    place, required = jurisdiction(situation.case), situation.requirements
    if required.licence_state and place.rpartition("-")[2] not in licence_states(user.licence):
        raise AccessError(
            f"the plan is regulated in {place}, and the licence is not of that state"
            if place
            else "the request does not say where the plan is regulated, so no licence can be of that state",
            mend="Pass it to a peer with a licence of that state; a licence is written as in MO 4711"
            if place
            else "Have the plan state nec:jurisdiction",
        )
    if required.specialties and user.specialty.lower() not in {name.lower() for name in required.specialties}:
        raise AccessError(
            f"the specialty is not one of {', '.join(sorted(required.specialties))}",
            mend="Pass it to a peer of one of these",
        )


def _check_overrides(proposal: Proposal, situation: Situation) -> None:
    """Raise `DocumentationError` for overrides that are not what they say of the determination and of the chart."""
    known = {statement.iri for statement in situation.case.statements}
    seen: set[str] = set()
    for override in proposal.overrides:
        _check_leaf(situation.determination, override.criterion, override.status == Status.NOT_APPLICABLE, "overridden")
        if override.status not in OVERRIDES:
            raise DocumentationError(f"{override.status!r} is no status to override with")
        determined = _determined_status(situation.determination, override.criterion)
        if override.determined != determined:
            raise DocumentationError(
                f"the override says that {override.determined!r} was determined, and it was {determined}",
                mend="Look at the request again",
            )
        if override.criterion in seen:
            raise DocumentationError("a criterion is overridden twice", mend="Give it one status")
        seen.add(override.criterion)
        if not known.issuperset(override.evidence):
            raise DocumentationError(
                "the override cites a statement that the chart does not have", mend="Look at the request again"
            )


def _determined_status(determination: Determination, leaf: str) -> str:
    return determination.evaluation.statuses[leaf].value if determination.evaluation else ""


def _check_leaf(determination: Determination, iri: str, as_not_applicable: bool, done: str) -> None:
    parts = determination.evaluation.policy.parts if determination.evaluation else {}
    part = parts.get(iri)
    if part is None or part.kind is not CriterionKind.LEAF:
        raise DocumentationError(f"only a leaf that is asked of this request can be {done}")
    if as_not_applicable and not part.criterion.conditional:
        raise DocumentationError(f"{part.criterion.id} is unconditional and cannot be set not applicable")


def _check_approval(proposal: Proposal, situation: Situation) -> None:
    against = outcome_with_overrides(situation.determination, proposal.overrides) is not Outcome.CRITERIA_MET
    if against and not proposal.rationale.strip():
        raise DocumentationError("to approve against the recommendation takes a rationale")


def _check_letter(proposal: Proposal, situation: Situation) -> None:
    """Raise `DocumentationError` for an act that is signed with a letter, without a complete one."""
    if proposal.disposition is Disposition.DOCUMENTATION_REQUESTED and not proposal.letter.strip():
        raise DocumentationError("the request for documentation has no letter")
    if proposal.disposition in NOTIFIED and situation.missing_of_notice:
        raise DocumentationError(
            f"the notice lacks {', '.join(situation.missing_of_notice)}", mend="Complete it before you sign"
        )


def _check_filing(proposal: Proposal, situation: Situation) -> None:
    if proposal.appeal is None:
        raise DocumentationError(f"say whether it is {' or '.join(Filing)}, and who asked")
    decision = situation.history.decision
    _check_received(proposal.received, decision.time if decision else None, "the decision that is appealed")


def _is_adverse(history: History[Signed]) -> bool:
    return history.decision is not None and history.decision.act.disposition.adverse


def _check_call(proposal: Proposal, situation: Situation) -> None:
    call = proposal.call
    if call is None or not call.held_with.strip():
        raise DocumentationError("say with whom the call was held, and on which day")
    if call.day > datetime.now(UTC).astimezone().date():
        raise DocumentationError(f"the day of the call, {call.day}, has not come yet")
    if proposal.revises and call.facts:
        raise DocumentationError(
            "a correction adds no facts", mend="Put the call on record as a step of its own, with its facts"
        )
    for fact in call.facts:
        _check_leaf(situation.determination, fact.criterion, fact.stance == Assertion.NOT_APPLICABLE.slug, "spoken to")
        if fact.stance not in {stance.slug for stance in Assertion} or not fact.words.strip():
            raise DocumentationError("a fact of a call needs its stance, and what was said")
        if fact.observed and fact.observed > call.day:
            raise DocumentationError(f"a fact was observed on {fact.observed}, after the call")


def _check_extension(proposal: Proposal, situation: Situation) -> None:
    if proposal.notice_date is None:
        raise DocumentationError("say when the notice of the extension is sent")


def _check_return(proposal: Proposal, situation: Situation) -> None:
    asked = [s.time for s in situation.history.steps if s.act.disposition is Disposition.DOCUMENTATION_REQUESTED]
    _check_received(proposal.received, asked[-1] if asked else None, "the documentation was asked for")


def _check_received(received: date | None, after: datetime | None, what: str) -> None:
    """Raise `DocumentationError` for a day of receipt that has not come yet, or is before that to which it answers."""
    if received is None:
        return
    # In which zone the day was counted is not known here: it is refused if it is wrong in every zone of the world.
    if received > datetime.now(timezone(timedelta(hours=14))).date():
        raise DocumentationError(f"the day of receipt, {received}, has not come yet")
    if after and received < after.astimezone(timezone(timedelta(hours=-12))).date():
        raise DocumentationError(
            f"the day of receipt, {received}, is before {what}", mend="Give the day on which it arrived"
        )


def _check_assessment(proposal: Proposal, situation: Situation) -> None:
    given = dict(proposal.own_statuses)
    for criterion, status in given.items():
        _check_leaf(situation.determination, criterion, status == Status.NOT_APPLICABLE, "assessed")
        if status not in set(Status):
            raise DocumentationError(f"{status!r} is no status")
    if missing := [id_ for iri, id_ in assessed_leaves(situation.determination) if iri not in given]:
        raise DocumentationError(f"no status of yours is given to {', '.join(missing)}")


def assessed_leaves(determination: Determination) -> list[tuple[str, str]]:
    """IRI and id of each leaf of the sections that apply, in the order of the policy: those that a person assesses blinded."""
    if determination.evaluation is None:
        return []
    results = {result.criterion.iri: result for result in determination.criteria}
    found: dict[str, str] = {}

    def visit(iri: str) -> None:
        result = results[iri]
        if result.kind is CriterionKind.LEAF:
            found[iri] = result.criterion.id
        for member in result.members:
            visit(member)

    for section in determination.sections:
        visit(section)
    return list(found.items())


def dependence(user: User, history: History[Signed], step: Step[Signed] | None = None) -> AccessError | None:
    """What keeps a person from deciding an appeal: that they denied what is appealed, or report to who did; else None.

    Args:
        user: the person.
        history: the steps of the case.
        step: the decision that they would correct; None if they would sign a new one.
    """
    own = {act.iri for act in step.acts} if step else set()  # who upheld the appeal may correct what they signed
    denials = [act for act in history.denials if act.iri not in own]
    deciders = {act.person for act in denials}
    licences = {licence for act in denials for licence in _licences(act.licence)}
    # Where no directory identifies people, the licence tells who signs under another spelling of their name.
    if user.iri in deciders or licences & _licences(user.licence):
        return AccessError("who denied a request decides no appeal of it", mend="Pass it to another clinician")
    if user.superiors & deciders:
        return AccessError(
            "someone decides no appeal against whom they report to", mend="Pass it to a clinician who does not"
        )
    return None


def _licences(text: str) -> set[str]:
    """The licences of a text, however they are spaced."""
    return {re.sub(r"\W", "", licence).upper() for licence in re.split("[,;]", text)} - {""}


def _words(disposition: Disposition) -> str:
    return disposition.value.replace("-", " ")


_CONTENT = {
    Disposition.APPROVED: _check_approval,
    Disposition.APPEALED: _check_filing,
    Disposition.PEER_TO_PEER: _check_call,
    Disposition.EXTENDED: _check_extension,
    Disposition.DOCUMENTATION_RETURNED: _check_return,
    Disposition.ASSESSED: _check_assessment,
}
"""What the content of an act is checked for, beside what the shapes of decisions ask for."""
