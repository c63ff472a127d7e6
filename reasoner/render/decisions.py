"""How decisions are told: in a headline, in a line with who signed, and line by line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import Any

from reasoner.determination.model import Determination
from reasoner.render.provenance import iri
from reasoner.render.wording import words
from reasoner.review import steps
from reasoner.review.acts import Disposition, Filing, Requester, Signed
from reasoner.review.steps import CaseState, History, Step

_HEADLINE = {
    Disposition.APPROVED: "APPROVED: a person has found the service medically necessary",
    Disposition.ADVERSE: "ADVERSE DECISION: a clinician has found the service, or part of it, not medically necessary",
    Disposition.UPHELD: "UPHELD: on appeal, the adverse decision stands",
    Disposition.OVERTURNED: "OVERTURNED: on appeal, the service was found medically necessary",
    Disposition.WITHDRAWN: "WITHDRAWN: nobody asks for the service any longer",
}
_TONE = {
    Disposition.APPROVED: "met",
    Disposition.OVERTURNED: "met",
    Disposition.ADVERSE: "not-met",
    Disposition.UPHELD: "not-met",
}
"""The status whose colour a decision has."""
ACT = {
    Disposition.APPROVED: "approved",
    Disposition.ADVERSE: "adverse decision",
    Disposition.DOCUMENTATION_REQUESTED: "documentation requested",
    Disposition.DOCUMENTATION_RETURNED: "documentation returned",
    Disposition.REFERRED_TO_PEER: "referred to a clinical peer",
    Disposition.PEER_TO_PEER: "peer-to-peer call",
    Disposition.WITHDRAWN: "withdrawn",
    Disposition.APPEALED: "appeal filed",
    Disposition.UPHELD: "upheld on appeal",
    Disposition.OVERTURNED: "overturned on appeal",
    Disposition.EXTENDED: "time extended",
    Disposition.ASSESSED: "own statuses",
}
"""Acts in words, as they are listed."""
REQUESTER = {
    Requester.MEMBER: "the member",
    Requester.PROVIDER: "the provider",
    Requester.REPRESENTATIVE: "a representative of the member",
}


def headline(history: History[Signed]) -> str:
    """What has been decided, in a line; empty while nothing is, or once the request was opened again by an appeal."""
    step = _standing(history)
    if step is None:
        return ""
    text = _HEADLINE[step.act.disposition]
    return f"{text}; an appeal is open" if history.state is CaseState.APPEALED else text


def tone(history: History[Signed]) -> str:
    """The status whose colour the headline has; empty if a decision has none."""
    step = _standing(history)
    return _TONE.get(step.act.disposition, "") if step else ""


def signature(act: Signed, zone: tzinfo | None = None) -> str:
    """Who signed an act, and when: in a time zone that is named elsewhere, by default in UTC, which is named."""
    person = ", ".join(part for part in (act.name, act.role, act.specialty, act.licence) if part)
    time = act.time.astimezone(zone or UTC)
    return f"{person}, {time:%Y-%m-%d %H:%M}" + ("" if zone else " UTC")


def told(determination: Determination, decisions: Iterable[Signed], zone: tzinfo | None = None) -> dict[str, Any]:
    """What is shown of the decisions on the period of a determination, as plain values: the one in force, then each step.

    Args:
        determination: the determination.
        decisions: on any determination of the request.
        zone: as of `signature`.
    """
    history = steps.history(steps.of_period(decisions, determination.service_start, determination.service_end))
    standing, current = _standing(history), str(iri(determination))
    return {
        "headline": headline(history),
        "tone": tone(history),
        "state": words(history.state),
        "signature": signature(standing.act, zone) if standing else "",
        "rationale": standing.act.rationale if standing else "",
        "steps": [
            _act(act, determination, act is not step.acts[0], act.determination == current, zone)
            for step in history.steps
            for act in step.acts
        ],
    }


def lines(act: Signed) -> list[str]:
    """What a person said in an act, line by line."""
    found = []
    if act.appeal:
        urgency = "expedited" if act.appeal.expedited else "standard"
        what = {Filing.APPEAL: "Appeal", Filing.REOPENING: "Reopening"}[act.appeal.filed_as]
        found.append(f"{what}, asked for by {REQUESTER[act.appeal.asked_by]}, {urgency}")
    if act.call:
        stated = "; what was stated in it is on the chart as of that day" if act.call.document else ""
        found.append(f"Call of {act.call.day} with {act.call.held_with}{stated}")
    if act.received:
        found.append(f"Received on {act.received}")
    if act.notice_date:
        found.append(f"The notice of the extension is sent on {act.notice_date}")
    if act.rationale:
        found.append(f"Rationale: {act.rationale}")
    for override in act.overrides:
        count = len(override.evidence)
        cited = (
            f" ({count} statement{'' if count == 1 else 's'} of the chart cited)" if count else " (no evidence cited)"
        )
        found.append(
            f"Override of {override.id}, {override.determined} to {override.status}: {override.rationale}{cited}"
        )
    found += [f"On {criterion}: {text}" for criterion, text in act.remarks]
    if act.own_statuses:
        found.append(
            "Before the determination was shown: " + "; ".join(f"{id_} {words_}" for id_, words_ in act.own_statuses)
        )
    if act.independent:
        found.append("Affirms to be neither who denied the request nor their subordinate")
    if act.blinded:
        found.append("Recorded own statuses before the determination was shown")
    return found


def _act(
    act: Signed, determination: Determination, correction: bool, is_current: bool, zone: tzinfo | None
) -> dict[str, Any]:
    return {
        "name": ACT[act.disposition],
        "signature": signature(act, zone),
        "marks": [
            *(["corrects the act before it"] if correction else []),
            *([] if is_current else ["on an earlier determination"]),
        ],
        "lines": [*lines(act), *(_agreement(act, determination) if is_current else [])],
    }


def _agreement(act: Signed, determination: Determination) -> list[str]:
    """How someone's own statuses agree with the determination that was shown to them afterwards."""
    determined = {result.criterion.id: result.status.value for result in determination.criteria}
    compared = [(id_, own, determined[id_]) for id_, own in act.own_statuses if id_ in determined]
    if not compared:
        return []
    apart = [f"{id_} is {its} in the determination" for id_, own, its in compared if own != its]
    agree = f"{len(compared) - len(apart)} of {len(compared)} are those of the determination"
    return [f"{agree}; {'; '.join(apart)}" if apart else agree]


def _standing(history: History[Signed]) -> Step[Signed] | None:
    """The step that the case rests on: its withdrawal, else the decision in force."""
    if history.state is CaseState.WITHDRAWN:
        return next(step for step in reversed(history.steps) if step.act.disposition is Disposition.WITHDRAWN)
    return history.decision
