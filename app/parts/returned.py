"""Documentation that has come back: offered for signature on the pages on which a person takes it in or sees that it is out."""

from __future__ import annotations

from datetime import date

import streamlit as st

from parts import paint, session
from reasoner.determination.model import Determination
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.render import provenance
from reasoner.review import deciding
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Action
from reasoner.review.deciding import Choice
from reasoner.review.steps import CaseState
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.team import LONGEST_NOTE

_SAID = "documentation returned"


def remember(file: CaseFile, titles: str) -> None:
    """Have documents that were just added to a request be offered as what came back, if its documentation is out."""
    if any(file.history(each).state is CaseState.DOCUMENTATION_REQUESTED for each in file.determinations):
        st.session_state[f"came back {file.id}"] = titles[:LONGEST_NOTE]


def ask(file: CaseFile, determination: Determination) -> None:
    """Show, where the documentation of a request is out, how a person who may sign that records its return."""
    workplace, person, state = session.workplace(), session.user(), st.session_state
    if said := state.pop(_SAID, ""):
        st.success(said, icon=":material/task_alt:")
    history = file.history(determination)
    offered = Choice(Disposition.DOCUMENTATION_RETURNED)
    if (
        history.state is not CaseState.DOCUMENTATION_REQUESTED
        or not person.may(Action.DECIDE)
        or offered not in deciding.choices(person, history)
    ):
        return
    asked = [step.time for step in history.steps if step.act.disposition is Disposition.DOCUMENTATION_REQUESTED][-1]
    came = state.get(f"came back {file.id}", "")
    label = f"Documentation has been out since {paint.clock_time(asked)}: record its return"
    with (
        st.expander(label, expanded=bool(came), icon=":material/mark_email_read:"),
        st.form(f"returned {file.id} {came}"),
    ):
        day, what, button = st.columns([2, 5, 2], vertical_alignment="bottom")
        received = day.date_input("Received on", session.today(), format="YYYY-MM-DD")
        text = what.text_input(
            "What came back", plain(came), max_chars=LONGEST_NOTE, placeholder="or that nothing came"
        )
        pressed = button.form_submit_button("Record as returned", type="primary", width="stretch")
        st.caption(
            f"Signed by you, {plain(person.name)}; the time for a decision runs on from that day. "
            "The request then stands in the queue Documentation returned."
        )
    if not pressed:
        return
    proposal = Proposal(
        str(provenance.iri(determination)),
        offered.disposition,
        rationale=text,
        received=received if isinstance(received, date) else None,
    )
    try:
        workplace.decide(person, file.id, proposal, history.last_iri, ())
    except NecessityError as error:
        paint.problem(error)
        return
    state.pop(f"came back {file.id}", None)
    state[_SAID] = "Recorded: documentation has come back. The request stands in the queue Documentation returned."
    st.rerun()
