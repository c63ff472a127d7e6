"""Blinded work: a person's own statuses, from the documentation alone, before the determination is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from parts import drafting, forms, paint, session
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.logic.fold import Status
from reasoner.policy.model import Criterion
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Action
from reasoner.workplace.blinding import Withheld
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.record import RecordDocument


def show(file: CaseFile, documents: Callable[[CaseFile], None]) -> None:
    """Show the documentation, and ask for a status of each criterion.

    Args:
        file: a request of which something is withheld.
        documents: shows the documentation, without what the statements say to a criterion.
    """
    st.info(
        "The determination is shown once you have signed your own statuses of the criteria: you work on this request "
        "blinded.",
        icon=":material/visibility_off:",
    )
    if not file.recorded:
        st.warning("The request has to be determined on record before you can sign.")
        if session.user().may(Action.DETERMINE) and st.button("Determine it, without showing it"):
            session.workplace().determine(session.user(), file.id, file.case.as_of)
            st.rerun()
    forms.link("reading page", "Read the texts of the record", file.id)
    left, right = st.columns([5, 6], gap="medium")
    with left, st.container(height=760, border=True):
        documents(file)
    with right:
        for period in file.withheld:
            _ask(file, period)


def read(file: CaseFile, documents: Iterable[RecordDocument]) -> None:
    """Show the texts of a record, without what has been found in them."""
    st.info(
        "Sentences are suggested and stated here once you have signed your own statuses.",
        icon=":material/visibility_off:",
    )
    forms.link("case page", "The case", file.id)
    for document in documents:
        with st.expander(plain(document.title) or "Document without a title", key=f"text {document.iri}"):
            st.text(plain(document.about))
            st.text("\n".join(plain(line) for line in document.text.text.split("\n")))


@st.fragment
def _ask(file: CaseFile, period: Withheld) -> None:
    """Ask for the statuses of one period of service, and for the signature below them."""
    prefix = f"{period.start} own:"
    st.html("<h3>What you find</h3>")
    if len(file.withheld) > 1:
        st.caption(f"{period.start} to {period.end or 'open'}")
    given = {leaf.iri: _status(file, leaf, prefix) for leaf in period.leaves}
    missing = [iri for iri, status in given.items() if not status]
    st.caption(
        f"{len(given) - len(missing)} of {len(given)} criteria have a status of yours. What you choose is saved."
    )
    person, state = session.user(), st.session_state
    read = st.checkbox(
        "I have read the documentation", key=f"read {file.id} {period.start} {state.get('signatures', 0)}"
    )
    licence = f", {person.licence}" if person.licence else ""
    blocked = not read or bool(missing) or not file.recorded
    if st.button(
        f"Sign your statuses as {person.name}{licence}",
        type="primary",
        disabled=blocked,
        key=f"sign own {period.start}",
    ):
        proposal = Proposal(period.determination, Disposition.ASSESSED, own_statuses=tuple(given.items()))
        names = [f"{prefix}{leaf.id}" for leaf in period.leaves]
        try:
            session.workplace().decide(person, file.id, proposal, period.last_seen, names)
        except NecessityError as error:
            paint.problem(error)
        else:
            state["signatures"] = state.get("signatures", 0) + 1
            st.rerun()


def _status(file: CaseFile, leaf: Criterion, prefix: str) -> str:
    options = ["", *(s.value for s in Status if s is not Status.NOT_APPLICABLE or leaf.conditional)]
    chosen = drafting.choice(
        f"{plain(leaf.id)}  {plain(leaf.label)}",
        file.id,
        f"{prefix}{leaf.id}",
        options,
        lambda status: paint.WORD[status] if status else "choose",
    )
    st.caption(plain(leaf.definition))
    return chosen
