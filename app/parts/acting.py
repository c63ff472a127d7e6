"""What is particular to each act that a person signs: its name, what is asked for, and the fields of its draft."""

from __future__ import annotations

from typing import Any

import streamlit as st

from parts import drafting, session
from reasoner.chart.model import Assertion
from reasoner.determination.model import Determination
from reasoner.ground.display import plain
from reasoner.policy.model import CriterionKind
from reasoner.render.decisions import REQUESTER
from reasoner.review.acts import Appeal, Call, CallFact, Disposition, Filing, Requester
from reasoner.review.deciding import ON_APPEAL, Choice
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.team import Assignee

_LABEL = {
    Disposition.APPROVED: "Approve",
    Disposition.DOCUMENTATION_REQUESTED: "Request documentation",
    Disposition.DOCUMENTATION_RETURNED: "Documentation has come back",
    Disposition.REFERRED_TO_PEER: "Refer to a clinical peer",
    Disposition.PEER_TO_PEER: "Peer-to-peer call",
    Disposition.ADVERSE: "Decide adversely",
    Disposition.WITHDRAWN: "Withdrawn by who asked",
    Disposition.APPEALED: "File an appeal or a reopening",
    Disposition.UPHELD: "Uphold the decision",
    Disposition.OVERTURNED: "Overturn the decision",
    Disposition.EXTENDED: "Extend the time",
}
_RATIONALE = {
    Disposition.DOCUMENTATION_RETURNED: "What came back",
    Disposition.PEER_TO_PEER: "What was talked about",
    Disposition.WITHDRAWN: "Who withdrew, and why",
    Disposition.APPEALED: "Reason of who asked",
    Disposition.EXTENDED: "Why more time is needed",
}
"""What the text of an act is, where it is no rationale."""


def label(choice: Choice) -> str:
    """What a person can sign, in words."""
    if choice.corrects is None:
        return _LABEL[choice.disposition]
    act = choice.corrects.act
    day = f"{act.time.astimezone(session.zone()):%Y-%m-%d}"
    return f"{_LABEL[choice.disposition]}, in place of what {act.name} signed on {day}"


def verb(choice: Choice) -> str:
    """What the button says that is signed."""
    return f"Correct to: {_LABEL[choice.disposition].lower()}" if choice.corrects else _LABEL[choice.disposition]


def name(choice: Choice) -> str:
    """How the draft names a choice."""
    return f"{choice.disposition} corrects" if choice.corrects else choice.disposition.value


def offered(choices: list[Choice]) -> list[Choice]:
    """Of what can be signed, what the view Decide offers: own statuses have a page of their own."""
    return [choice for choice in choices if choice.disposition in _LABEL]


def rationale_label(disposition: Disposition) -> str:
    """What the text of an act is called."""
    return _RATIONALE.get(disposition, "Rationale")


def rationale(file: CaseFile, disposition: Disposition, prefix: str) -> str:
    """The text that goes with an act, from the field of the draft that all acts share: it stays when another is chosen."""
    return drafting.write(rationale_label(disposition), file.id, f"{prefix}rationale", rows=4)


def peer(file: CaseFile, prefix: str) -> Assignee | None:
    """To whom a request is referred; None for whichever clinical peer takes it."""
    workplace = session.workplace()
    peers = {one.person: one for one in workplace.team.peers(session.user())}
    chosen = drafting.choice(
        "Goes to",
        file.id,
        f"{prefix}peer",
        ["", *peers],
        lambda person: plain(peers[person].name) if person else "the clinical peers, whoever takes it",
    )
    return peers.get(chosen)


def details(file: CaseFile, determination: Determination, choice: Choice, prefix: str) -> dict[str, Any]:
    """What else an act says, by the fields of a proposal."""
    if choice.disposition is Disposition.APPEALED:
        appeal, decision = _appeal(file, prefix), file.history(determination).decision
        since = decision.time.astimezone(session.zone()).date() if decision else None
        received = drafting.day("Received on", file.id, f"{prefix}appeal received", since, session.today())
        return {"appeal": appeal, "received": received}
    if choice.disposition is Disposition.PEER_TO_PEER:
        return {"call": _call(file, determination, prefix, with_facts=choice.corrects is None)}
    if choice.disposition is Disposition.DOCUMENTATION_RETURNED:
        return {"received": drafting.day("Received on", file.id, f"{prefix}received")}
    if choice.disposition is Disposition.EXTENDED:
        return {"notice_date": drafting.day("Day on which the notice is sent", file.id, f"{prefix}notice date")}
    if choice.disposition in ON_APPEAL and not session.user().superiors:
        affirmed = st.checkbox(
            "I am neither who denied this request nor their subordinate",
            key=f"read independent {file.id} {st.session_state.get('signatures', 0)}",
        )
        return {"independent": affirmed}
    return {}


def _appeal(file: CaseFile, prefix: str) -> Appeal:
    left, middle, right = st.columns(3)
    with left:
        filed_as = drafting.choice("Filed as", file.id, f"{prefix}filed as", list(Filing))
    with middle:
        asked_by = drafting.choice(
            "Asked for by",
            file.id,
            f"{prefix}asked by",
            list(Requester),
            lambda who: REQUESTER[Requester(who)],
        )
    with right:
        urgency = drafting.choice("Wanted", file.id, f"{prefix}urgency", ["standard", "expedited"])
    return Appeal(Filing(filed_as), Requester(asked_by), urgency == "expedited")


def _call(file: CaseFile, determination: Determination, prefix: str, *, with_facts: bool) -> Call:
    left, right = st.columns([2, 3])
    with left:
        day = drafting.day("Day of the call", file.id, f"{prefix}call day")
    with right:
        held_with = drafting.write("Held with", file.id, f"{prefix}call with", rows=1)
    facts = _facts(file, determination, prefix) if with_facts else ()
    return Call(day, " ".join(held_with.split()), facts)


def _facts(file: CaseFile, determination: Determination, prefix: str) -> tuple[CallFact, ...]:
    """The new facts that were stated in a call."""
    leaves = {r.criterion.id: r.criterion for r in determination.criteria if r.kind is CriterionKind.LEAF}
    count = int(drafting.value(file.id, f"{prefix}facts") or 0)
    found = []
    for number in range(1, count + 1):
        with st.container(border=True):
            id_ = drafting.choice(
                f"Fact {number} is about",
                file.id,
                f"{prefix}fact {number} criterion",
                ["", *leaves],
                lambda id_: f"{id_}  {leaves[id_].label}" if id_ else "choose a criterion",
            )
            stances = [stance.slug for stance in Assertion if stance is not Assertion.NOT_APPLICABLE]
            stances += [Assertion.NOT_APPLICABLE.slug] if id_ and leaves[id_].conditional else []
            stance = drafting.choice(
                "The treating clinician",
                file.id,
                f"{prefix}fact {number} stance",
                stances,
                lambda s: f"{s} it".replace("-", " "),
            )
            words = drafting.write("What was said", file.id, f"{prefix}fact {number} words", rows=2)
            observed = drafting.day("Observed on", file.id, f"{prefix}fact {number} observed")
        if id_ and words.strip():
            found.append(CallFact(leaves[id_].iri, stance, words, observed))
    if count:
        st.caption("What was observed after the period under review does not count.")
    st.button(
        "Add a fact that was new",
        key=f"add fact {file.id}",
        on_click=drafting.put,
        args=(file.id, f"{prefix}facts", str(count + 1)),
        help="It becomes a statement of the chart, of the day of the call.",
    )
    return tuple(found)
