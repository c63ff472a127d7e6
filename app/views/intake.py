"""A new request: its facts, and the documents and charts that it came with."""

from __future__ import annotations

import streamlit as st
from parts import forms, paint, session

from reasoner.ground.errors import NecessityError
from reasoner.review.authority import Action
from reasoner.workplace.fields import request_fields
from reasoner.workplace.worklist import request_id


def show() -> None:
    """Show the page."""
    workplace, person = session.workplace(), session.user()
    st.title("New request", anchor=False)
    if not person.may(Action.TAKE_IN):
        st.info(f"As {person.role.value} you cannot take in requests.", icon=":material/visibility:")
        return
    fields = request_fields(workplace.policy)
    form = st.session_state.setdefault("intake form", 0)  # another number empties the fields
    st.caption("What is marked with * is needed. The rest decides nothing, or can be added by what you drop in below.")
    st.header("The request", anchor=False)
    facts = forms.fill(fields, f"new {form}", columns=5)
    st.header("What it came with", anchor=False)
    files = forms.drop(f"new {form} files", facts)
    about = forms.describe(files.documents, f"new {form}", columns=5)
    missing = [field.label for field in fields if field.needed and field.name not in facts]
    undated = forms.undated(files.documents, about)
    needed = ", ".join([*missing, *(f"the date of {name}" for name in undated)])
    said = f"Still needed: {needed}"
    hint = st.empty()
    # Never disabled: what is typed counts only as the person leaves the field, and pressing the button is that.
    if st.button("Take in the request", type="primary"):
        if needed:
            hint.error(said)
            return
        try:
            request, effect = workplace.evidence.create(person, facts, files, about)
        except NecessityError as error:
            paint.problem(error)
            return
        st.session_state["intake form"] = form + 1
        id_ = request_id(request)
        forms.remember(id_, effect)
        page = "reading page" if files.documents else "case page"
        st.switch_page(st.session_state[page], query_params=session.address(id_))
    if needed and facts:
        hint.caption(said)
