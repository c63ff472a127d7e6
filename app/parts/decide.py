"""Deciding: the overrides and comments of the draft, a letter, a signature, and earlier decisions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from parts import drafting, paint, session
from reasoner.determination.model import Determination
from reasoner.ground.errors import NecessityError
from reasoner.render import notices, pdf, provenance
from reasoner.review.acts import Disposition, Override, Proposal
from reasoner.review.authority import Action
from reasoner.workplace.drafts import DraftField, values
from reasoner.workplace.service import CaseFile, outcome_with_overrides

_LABEL = {
    Disposition.APPROVED: "Approve",
    Disposition.DOCUMENTATION_REQUESTED: "Request documentation",
    Disposition.REFERRED_TO_PEER: "Refer to a clinical peer",
    Disposition.ADVERSE: "Decide adversely",
}


def show(file: CaseFile, determination: Determination) -> None:
    """Show what is drafted, what the person can decide, and what has been decided."""
    workplace, person = session.workplace(), session.user()
    _decided(file)
    if not person.may(Action.DRAFT):
        st.info(f"As {person.role.value} you can read the request, not decide on it.", icon=":material/visibility:")
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
        disposition = _disposition(file, determination)
        rationale = drafting.write("Rationale", file.id, f"{prefix}rationale", rows=4)
        letter = _letter(file, determination, disposition)
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
        last = file.last_decision(str(provenance.iri(determination)))
        proposal = Proposal(
            determination=str(provenance.iri(determination)),
            disposition=disposition,
            rationale=rationale,
            overrides=tuple(overrides),
            remarks=tuple(remarks),
            letter=letter,
            revises=last.iri if last else "",
        )
        _sign(
            file, proposal, seen=last.iri if last else "", blocked=bool(incomplete), unseen=unseen, drafted=set(fields)
        )


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
            overrides.append(Override(result.criterion.iri, result.status.value, status, reason))
        else:
            incomplete.append(id_)
    return overrides, incomplete


def _disposition(file: CaseFile, determination: Determination) -> Disposition:
    person, name = session.user(), f"{drafting.prefix(file, determination)}disposition"
    key = f"disposition {name} {file.id}"
    options = [d for d in _LABEL if d is not Disposition.ADVERSE or person.may(Action.DECIDE_ADVERSELY)]
    saved = drafting.value(file.id, name)
    if st.session_state.get(key) not in options:
        suggested = {
            "criteria-met": Disposition.APPROVED,
            "documentation-needed": Disposition.DOCUMENTATION_REQUESTED,
        }.get(determination.outcome.value, Disposition.REFERRED_TO_PEER)
        st.session_state[key] = Disposition(saved) if saved in options else suggested

    def save() -> None:
        drafting.put(file.id, name, st.session_state[key].value)

    chosen = st.radio("Decision", options, key=key, on_change=save, format_func=_LABEL.__getitem__, horizontal=True)
    if Disposition.ADVERSE not in options:
        st.caption("An adverse decision takes a licensed clinician.")
    return chosen


def _letter(file: CaseFile, determination: Determination, disposition: Disposition) -> str:
    """The letter of the draft, generated where there is none yet."""
    name, person = f"{drafting.prefix(file, determination)}letter {disposition.value}", session.user()
    generated = session.workplace().letters(file).draft(determination, disposition)
    if generated is None:
        st.info("Nothing is missing, so there is nothing to ask for.", icon=":material/mail_off:")
        return ""
    text = drafting.write("Letter", file.id, name, rows=14, default=generated)
    with st.container(horizontal=True):
        st.button("Write it again", on_click=drafting.put, args=(file.id, name, generated), disabled=text == generated)
        writers: dict[str, Callable[[str], str | bytes]] = {"HTML": notices.letter_to_html, "PDF": pdf.letter_to_pdf}
        for form, write in writers.items():
            st.download_button(
                f"Letter as {form}",
                partial(session.workplace().export, person, file.id, f"letter as {form}", partial(write, text)),
                file_name=f"letter-{file.id[:8]}.{form.lower()}",
                on_click="ignore",
            )
    return text


def _unseen(file: CaseFile, fields: dict[str, DraftField]) -> bool:
    """Whether another window has changed the draft since this one showed it."""
    state, shown = st.session_state, f"shown {file.id}"
    before = state.get(shown, {})
    state[shown] = {name: field.revision for name, field in fields.items()}
    return any(
        field.revision not in (before.get(name), state.get(f"draft {file.id} {name} based"))
        for name, field in fields.items()
    )


def _sign(file: CaseFile, proposal: Proposal, *, seen: str, blocked: bool, unseen: bool, drafted: set[str]) -> None:
    person = session.user()
    if seen:
        st.warning("This determination has a decision. A new one corrects it; the earlier one stays on record.")
    if not file.recorded:
        st.warning("The determination has to be recorded before anyone can decide on it.")
    read = st.checkbox("I have read the record and the criteria", key=f"read {file.id}")
    licence = f", {person.licence}" if person.licence else ""
    label = f"{_LABEL[proposal.disposition]}: sign as {person.name}{licence}"
    if st.button(label, type="primary", disabled=not read or blocked or not file.recorded, width="stretch"):
        if unseen:
            st.warning("The draft was changed in another window just now. Read it again, then sign.")
            return
        try:
            session.workplace().decide(person, file.id, proposal, seen, drafted)
        except NecessityError as error:
            paint.problem(error)
        else:
            for key in [
                key for key in st.session_state if str(key).startswith(("draft ", "read ", "disposition ", "shown "))
            ]:
                del st.session_state[key]
            st.session_state["done"] = f"Recorded: {_LABEL[proposal.disposition].lower()}."
            st.rerun()


def _decided(file: CaseFile) -> None:
    done = st.session_state.pop("done", "")
    if done:
        st.success(done, icon=":material/task_alt:")
    if file.decisions:
        st.html("<h3>Decided so far</h3>")
        current = {str(provenance.iri(d)) for d in file.determinations}
        paint.html("decisions.html", decisions=file.decisions[::-1], current=current)
