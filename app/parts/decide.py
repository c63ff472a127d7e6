"""Deciding: the overrides and comments of the draft, a letter, a signature, and the steps so far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from parts import acting, drafting, paint, session
from reasoner.determination.model import Determination
from reasoner.ground.errors import NecessityError
from reasoner.render import notices, pdf, provenance
from reasoner.render.decisions import told
from reasoner.render.wording import words
from reasoner.review import deciding
from reasoner.review.acts import Appeal, Disposition, Override, Proposal
from reasoner.review.authority import Action, Role
from reasoner.review.deciding import Choice, outcome_with_overrides
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.drafts import DraftField, values


def show(file: CaseFile, determination: Determination) -> None:
    """Show the steps so far, what is drafted, and what the person can sign."""
    workplace, person = session.workplace(), session.user()
    history = file.history(determination)
    _steps(file, determination)
    if not person.may(Action.DRAFT):
        st.info(f"As {person.role.value} you can read the request, not decide on it.", icon=":material/visibility:")
        return
    choices = acting.offered(deciding.choices(person, history))
    if not choices:
        st.info("Nothing can be signed by you in this state of the case.", icon=":material/lock:")
        return
    prefix = drafting.prefix(file, determination)
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
        choice = _choose(file, determination, choices)
        details = acting.details(file, determination, choice, prefix)
        rationale = acting.rationale(file, choice.disposition, prefix)
        letter = _letter(file, determination, choice.disposition, overrides, rationale, details.get("appeal"))
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
        seen = history.last.iri if history.last else ""
        _sign(file, choice, proposal, seen=seen, blocked=bool(incomplete), unseen=unseen, drafted=set(fields))


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


def _choose(file: CaseFile, determination: Determination, choices: list[Choice]) -> Choice:
    person, name = session.user(), f"{drafting.prefix(file, determination)}disposition"
    key = f"disposition {name} {file.id}"
    options = {acting.name(choice): choice for choice in choices}
    if st.session_state.get(key) not in options:
        suggested = {
            "criteria-met": Disposition.APPROVED,
            "documentation-needed": Disposition.DOCUMENTATION_REQUESTED,
        }.get(determination.outcome.value, Disposition.REFERRED_TO_PEER)
        saved = drafting.value(file.id, name)
        first = suggested.value if suggested.value in options else next(iter(options))
        st.session_state[key] = saved if saved in options else first

    def save() -> None:
        if key in st.session_state:  # it is not where an act has been signed meanwhile
            drafting.put(file.id, name, st.session_state[key])

    chosen = st.radio(
        "What you sign", list(options), key=key, on_change=save, format_func=lambda name: acting.label(options[name])
    )
    if person.role is not Role.CLINICIAN or not person.licence:
        st.caption("An adverse decision takes a licensed clinician.")
    return options[chosen]


def _letter(
    file: CaseFile,
    determination: Determination,
    disposition: Disposition,
    overrides: list[Override],
    rationale: str,
    appeal: Appeal | None,
) -> str:
    """The letter of the draft, generated where there is none yet."""
    if disposition not in notices.LETTERS:
        return ""
    name, person = f"{drafting.prefix(file, determination)}letter {disposition.value}", session.user()
    letters = session.workplace().letters(file)
    generated = letters.draft(determination, disposition, overrides, appeal)
    if generated is None:
        st.info("Nothing is missing, so there is nothing to ask for.", icon=":material/mail_off:")
        return ""
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
    return text


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
    file: CaseFile, choice: Choice, proposal: Proposal, *, seen: str, blocked: bool, unseen: bool, drafted: set[str]
) -> None:
    person, state = session.user(), st.session_state
    if choice.corrects:
        st.warning("This corrects what has been signed. The earlier record stays.")
    waits = file.deadline.waits_until if file.deadline else None
    if proposal.disposition.adverse and waits and waits > datetime.now(UTC):
        st.warning(f"What was asked for may still arrive until {waits:%Y-%m-%d}. Who was asked for it has until then.")
    if not file.recorded:
        st.warning("The determination has to be recorded before anyone can decide on it.")
    # The browser keeps a box ticked as long as it has one name, so it has another after each signature, of others too.
    box = f"read {file.id} {state.get('signatures', 0)} {seen}"
    read = st.checkbox("I have read the record and the criteria", key=box)
    licence = f", {person.licence}" if person.licence else ""
    label = f"{acting.verb(choice)}: sign as {person.name}{licence}"
    if st.button(label, type="primary", disabled=not read or blocked or not file.recorded, width="stretch"):
        if unseen:
            st.warning("The draft was changed in another window just now. Read it again, then sign.")
            return
        try:
            session.workplace().decide(person, file.id, proposal, seen, drafted)
        except NecessityError as error:
            paint.problem(error)
        else:
            for key in [key for key in state if str(key).startswith(("draft ", "read ", "disposition ", "shown "))]:
                del state[key]
            state["signatures"] = state.get("signatures", 0) + 1
            done = acting.label(choice)
            state["done"] = f"Recorded: {done[:1].lower()}{done[1:]}."
            st.rerun()


def _steps(file: CaseFile, determination: Determination) -> None:
    done = st.session_state.pop("done", "")
    if done:
        st.success(done, icon=":material/task_alt:")
    steps = told(determination, file.decisions, session.zone())["steps"]
    if steps:
        st.html("<h3>Steps so far</h3>")
        paint.html("decisions.html", steps=steps)
    _sent(file, determination)


def _sent(file: CaseFile, determination: Determination) -> None:
    """Show the letters that were signed, as they were sent."""
    about = str(provenance.iri(determination))
    for signed in file.decisions:
        if not signed.letter or signed.determination != about:
            continue
        with st.expander(f"Letter of {paint.clock_time(signed.time)}: {words(signed.disposition)}"):
            st.text(signed.letter)
            if session.user().may(Action.EXPORT):
                with st.container(horizontal=True):
                    _save(file, signed.letter, f"letter-of-{signed.iri.rpartition(':')[2][:8]}")
