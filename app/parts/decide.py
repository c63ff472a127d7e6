"""Deciding: the overrides and comments of the draft, a letter, a signature, and the steps so far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from parts import acting, drafting, paint, session
from reasoner.determination.model import Determination
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.render import notices, pdf, provenance
from reasoner.render.decisions import ACT, told
from reasoner.render.wording import shown_unread
from reasoner.review import deciding
from reasoner.review.acts import Appeal, Disposition, Override, Proposal, Signed
from reasoner.review.authority import Action, Role
from reasoner.review.deciding import Choice, outcome_with_overrides
from reasoner.review.steps import CaseState, History
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.drafts import DraftField, values
from reasoner.workplace.letters import sent
from reasoner.workplace.team import Assignee


def show(file: CaseFile, determination: Determination) -> None:
    """Show the steps so far, what is drafted, what the person can sign, and the letters that were sent."""
    history, prefix = file.history(determination), drafting.prefix(file, determination)
    seen = _last_seen(file, prefix, history)
    _steps(file, determination)
    _next_act(file, determination, history, prefix, seen)
    _sent(file)


def _next_act(file: CaseFile, determination: Determination, history: History[Signed], prefix: str, seen: str) -> None:
    """Show what is drafted under a prefix and what the person can sign, given the IRI of the act that they have seen last."""
    workplace, person = session.workplace(), session.user()
    if not person.may(Action.DRAFT):
        st.info(f"As {person.role.value} you can read the request, not decide on it.", icon=":material/visibility:")
        return
    choices = acting.offered(deciding.choices(person, history))
    if history.state is CaseState.APPEALED and (kept := deciding.dependence(person, history)):
        st.info(_sentence(f"{kept.problem}. {kept.mend}"), icon=":material/lock:")
    if not choices:
        st.info("Nothing can be signed by you in this state of the case.", icon=":material/lock:")
        return
    draft = workplace.draft(person, file.id)
    fields = {name: field for name, field in draft.items() if name.startswith(prefix)}
    texts = {name.removeprefix(prefix): text for name, text in values(fields).items()}
    comments = [(name.partition(":")[2], text) for name, text in texts.items() if name.startswith("comment:")]
    unseen = _unseen(file, fields)
    overrides, incomplete = _overrides(determination, texts)
    remarks = [
        (determination.criterion(id_).criterion.iri, text) for id_, text in comments if _asked(determination, id_)
    ]
    after = outcome_with_overrides(determination, overrides)
    left, right = st.columns([5, 4], gap="medium")
    with left:
        choice = _choose(file, prefix, choices)
        if choice:
            peer = acting.peer(file, prefix) if choice.disposition is Disposition.REFERRED_TO_PEER else None
            details = acting.details(file, determination, choice, prefix)
            rationale = acting.rationale(file, choice.disposition, prefix)
            letter, lacks = _letter(
                file, determination, choice.disposition, overrides, rationale, details.get("appeal"), prefix
            )
    with right:
        st.html("<h3>What you have drafted</h3>")
        paint.html(
            "drafted.html",
            overrides=[(_criterion_id(determination, override.criterion), override) for override in overrides],
            incomplete=incomplete,
            comments=comments,
            outcome=determination.outcome.value,
            after=after.value,
        )
        st.html("<h3>Sign</h3>")
        if choice is None:
            _before_signing(["Choose what you sign."])
            return
        proposal = Proposal(
            determination=str(provenance.iri(determination)),
            disposition=choice.disposition,
            rationale=rationale,
            overrides=tuple(overrides),
            remarks=tuple(remarks),
            letter=letter,
            revises=choice.corrects.act.iri if choice.corrects else "",
            **details,
        )
        lacking = [f"Give a reason for the override of {id_}." for id_ in incomplete] + lacks
        if not file.recorded:
            lacking.append("Record the determination: it is not on record as it stands now.")
        if choice.disposition in deciding.REASONED and not rationale.strip():
            lacking.append(f"Fill in “{acting.rationale_label(choice.disposition)}”.")
        if not lacking and (refusal := workplace.refusal(person, file.id, proposal, history.last_iri)):
            lacking.append(_sentence(refusal))
        said = _unstated(file, determination)
        _sign(file, choice, proposal, peer, said, seen=seen, lacking=lacking, unseen=unseen, drafted=set(fields))


def _sentence(error: str) -> str:
    """The words of an error as a sentence of the page."""
    return f"{error[:1].upper()}{error[1:]}."


def _last_seen(file: CaseFile, prefix: str, history: History[Signed]) -> str:
    """IRI of the act that was the last when the person last looked, and a word on what a colleague has signed since."""
    state, person = st.session_state, session.user()
    shown, told = f"seen {prefix}{file.id}", f"forestalled {prefix}{file.id}"
    before: str = state.get(shown, history.last_iri)
    if before != history.last_iri and history.last and history.last.person != person.iri:
        act = history.last
        state[told] = (
            f"{plain(act.name)} has signed in the meantime: {ACT[act.disposition]}. Nothing of yours was signed."
        )
        state["signatures"] = state.get("signatures", 0) + 1  # so that the box is unticked: they have not read this
    state[shown] = history.last_iri
    if told in state:
        st.warning(state[told], icon=":material/group:")
        st.caption("Read it under Steps so far. What you have typed is kept: choose again what you sign, if anything.")
    return before


def _criterion_id(determination: Determination, iri: str) -> str:
    """The id of a criterion by its IRI."""
    return next(r.criterion.id for r in determination.criteria if r.criterion.iri == iri)


def _asked(determination: Determination, id_: str) -> bool:
    return any(result.criterion.id == id_ for result in determination.criteria)


def _overrides(determination: Determination, texts: dict[str, str]) -> tuple[list[Override], list[str]]:
    """The overrides that have a reason, and the ids of the criteria whose override lacks one.

    Args:
        determination: what they override.
        texts: the fields of the draft by name.
    """
    overrides, incomplete = [], []
    for name, status in texts.items():
        id_ = name.partition(":")[2]
        if not name.startswith("override:") or not _asked(determination, id_):
            continue
        result, reason = determination.criterion(id_), texts.get(f"reason:{id_}", "")
        if status == result.status.value:
            continue
        if reason:
            evidence = tuple(iri for iri in texts.get(f"evidence:{id_}", "").split("\n") if iri)
            overrides.append(Override(result.criterion.iri, result.status.value, status, reason, evidence))
        else:
            incomplete.append(id_)
    return overrides, incomplete


def _choose(file: CaseFile, prefix: str, choices: list[Choice]) -> Choice | None:
    """What the person has chosen to sign; None until they have chosen."""
    person, name = session.user(), f"{prefix}disposition"
    key = f"disposition {name} {file.id}"
    options = {acting.name(choice): choice for choice in choices}
    if st.session_state.get(key) not in options:
        saved = drafting.value(file.id, name)
        st.session_state[key] = saved if saved in options else None

    def save() -> None:
        if st.session_state.get(key):  # it is not where an act has been signed meanwhile
            drafting.put(file.id, name, st.session_state[key])

    chosen = st.radio(
        "What you sign",
        list(options),
        index=None,
        key=key,
        on_change=save,
        format_func=lambda name: acting.label(options[name]),
    )
    if person.role is not Role.CLINICIAN:
        st.caption("An adverse decision takes a licensed clinician.")
    elif not person.licence:
        st.caption("An adverse decision takes a licence, and none is stated of you.")
    return options.get(chosen) if chosen else None


def _letter(
    file: CaseFile,
    determination: Determination,
    disposition: Disposition,
    overrides: list[Override],
    rationale: str,
    appeal: Appeal | None,
    prefix: str,
) -> tuple[str, list[str]]:
    """The letter of the draft, generated where there is none yet, and what of it keeps the act from being signed."""
    if disposition not in notices.LETTERS:
        return "", []
    name, person = f"{prefix}letter {disposition.value}", session.user()
    letters = session.workplace().letters(file)
    generated = letters.draft(determination, disposition, overrides, appeal)
    if generated is None:
        st.info("Nothing is missing and nothing stated against it, so there is nothing to ask for.")
        return "", ["Choose another act: there is nothing to ask for."]
    text = drafting.write("Letter", file.id, name, rows=14, default=generated)
    sealed = letters.sealed(text, person, rationale)
    proposal = Proposal("", disposition, rationale, tuple(overrides), letter=text, appeal=appeal)
    missing = letters.missing(determination, proposal, person)
    if missing:
        st.warning("The letter lacks what it has to say:", icon=":material/rule:")
        paint.html("missing_of_letter.html", missing=missing)
    with st.expander("The letter as it will be sent"):
        st.text(sealed)
    with st.container(horizontal=True):
        st.button("Write it again", on_click=drafting.put, args=(file.id, name, generated), disabled=text == generated)
        _save(file, sealed, "letter")
    copy = letters.copy(determination, sealed, person) if disposition in notices.COPIED else ""
    if copy:
        with st.expander("The letter to the member that goes with it: a copy"):
            st.text(copy)
            with st.container(horizontal=True):
                _save(file, copy, "copy")
    is_needed = text.strip() or disposition in (*deciding.NOTIFIED, Disposition.DOCUMENTATION_REQUESTED)
    lacks = ["Complete the letter."] if missing and is_needed else []
    own = dict.fromkeys(notices.PLACEHOLDER.findall(copy.replace(sealed.strip(), "")))
    return text, lacks + [f"The copy to the member lacks {place}: state it under Names and addresses." for place in own]


def _save(file: CaseFile, letter: str, name: str) -> None:
    """Offer a letter as HTML and PDF."""
    person = session.user()
    writers: dict[str, Callable[[str], str | bytes]] = {"HTML": notices.letter_to_html, "PDF": pdf.letter_to_pdf}
    for form, write in writers.items():
        st.download_button(
            f"Letter as {form}",
            partial(session.workplace().export, person, file.id, f"letter as {form}", partial(write, letter)),
            file_name=f"{name}-{file.id[:8]}.{form.lower()}",
            key=f"save {name} {form}",
            on_click="ignore",
        )


def _unseen(file: CaseFile, fields: dict[str, DraftField]) -> bool:
    """Whether another window has changed the draft since this one showed it."""
    state, shown = st.session_state, f"shown {file.id}"
    before = state.get(shown, {})
    state[shown] = {name: field.revision for name, field in fields.items()}
    return any(
        field.revision not in (before.get(name), state.get(f"draft {file.id} {name} based"))
        for name, field in fields.items()
    )


def _sign(
    file: CaseFile,
    choice: Choice,
    proposal: Proposal,
    peer: Assignee | None,
    unstated: str,
    *,
    seen: str,
    lacking: list[str],
    unseen: bool,
    drafted: set[str],
) -> None:
    person, state = session.user(), st.session_state
    if choice.corrects:
        st.warning("This corrects what has been signed. The earlier record stays.")
    waits = file.deadline.waits_until if file.deadline else None
    if proposal.disposition.adverse and waits and waits > datetime.now(UTC):
        st.warning(f"What was asked for may still arrive until {waits:%Y-%m-%d}. Who was asked for it has until then.")
    # The browser keeps a box ticked as long as it has one name, so it has another after each signature, of others too.
    box = f"read {file.id} {state.get('signatures', 0)} {seen} {unstated}"
    also = f", also the {unstated} of which nothing is stated," if unstated else ""
    read = st.checkbox(f"I have read the record{also} and the criteria", key=box)
    _before_signing(lacking if read else [*lacking, "Say that you have read the record and the criteria."])
    licence = f", {person.licence}" if person.licence else ""
    label = f"{acting.verb(choice)}: sign as {person.name}{licence}"
    if st.button(label, type="primary", disabled=not read or bool(lacking), width="stretch"):
        if unseen:
            st.warning("The draft was changed in another window just now. Read it again, then sign.")
            return
        try:
            session.workplace().decide(person, file.id, proposal, seen, drafted, peer)
        except NecessityError as error:
            paint.problem(error)
        else:
            begun = ("draft ", "read ", "disposition ", "shown ", "seen ", "forestalled ")
            for key in [key for key in state if str(key).startswith(begun)]:
                del state[key]
            state["signatures"] = state.get("signatures", 0) + 1
            done = acting.label(choice)
            state["done"] = f"Recorded: {done[:1].lower()}{done[1:]}."
            st.rerun()


def _unstated(file: CaseFile, determination: Determination) -> str:
    """List what of the record nothing is stated of; how much it is, in words."""
    unstated = session.workplace().evidence.unstated(session.user(), file.id, determination)
    if unstated.words:
        paint.html(
            "unstated.html",
            lines=[shown.line for shown in shown_unread(file.case.unread)],
            criteria=[(criterion.id, *paint.names(criterion), number) for criterion, number in unstated.criteria],
            address=f"read?{urlencode(session.address(file.id))}",
        )
    return unstated.words


def _before_signing(lacking: list[str]) -> None:
    """Say what has to be done before the person can sign."""
    if lacking:
        paint.html("before_signing.html", lacking=lacking)


def _steps(file: CaseFile, determination: Determination) -> None:
    done = st.session_state.pop("done", "")
    if done:
        st.success(done, icon=":material/task_alt:")
    steps = told(determination, file.decisions, session.zone())["steps"]
    if steps:
        st.html("<h3>Steps so far</h3>")
        paint.html("decisions.html", steps=steps)


def _sent(file: CaseFile) -> None:
    """List the letters that were signed, on earlier determinations too, as they were sent."""
    letters = sent(file.decisions)
    if letters:
        st.html("<h3>Letters</h3>")
        st.caption("The latest first, each as it was sent: its text is kept with the act.")
    for letter in letters:
        kind = f"{'copy to the member of: ' if letter.is_copy else ''}{ACT[letter.disposition]}"
        with st.expander(f"Letter of {paint.clock_time(letter.time)}: {kind}, {plain(letter.author)}"):
            st.text(letter.text)
            if session.user().may(Action.EXPORT):
                with st.container(horizontal=True):
                    name = f"{'copy' if letter.is_copy else 'letter'}-of-{letter.act.rpartition(':')[2][:8]}"
                    _save(file, letter.text, name)
