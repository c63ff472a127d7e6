"""Who has a request: claiming, handing over, giving back, the team's notes, and the next request of the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parts import paint, session
from reasoner.ground.display import plain
from reasoner.review.authority import Action
from reasoner.workplace.team import LONGEST_NOTE, Assignee, Assignment


def many(ids: Sequence[str], assignments: Mapping[str, Assignment]) -> None:
    """Show how the chosen requests can be assigned, given their ids and who has each request."""
    with st.popover(f"Assign ({len(ids):,})" if ids else "Assign", width="stretch", disabled=not ids):
        _hand_over({id_: assignments[id_].person if id_ in assignments else "" for id_ in ids}, "many")


def bar(id_: str) -> DeltaGenerator:
    """Show who has a request, what the person can do about that, the team's notes, and the next request of the queue.

    Returns:
        The row they stand in, to which more can be added.
    """
    workplace, person = session.workplace(), session.user()
    has = workplace.team.assignments(person).get(id_)
    mine = has is not None and has.person == person.iri
    notes = workplace.team.notes(person, id_)
    row = st.container(horizontal=True, vertical_alignment="center", key="who has it")
    with row:
        who = "you" if mine else plain(has.name) if has else "nobody"
        st.text(f"With {who}" + (f" since {paint.clock_time(has.since)}" if has else ""))
        if person.may(Action.ASSIGN):
            if mine and st.button("Give back"):
                workplace.team.release(person, id_)
                st.rerun()
            if not has and person.may(Action.DECIDE) and st.button("Claim", type="primary"):
                workplace.team.claim(person, id_)
                st.rerun()
            with st.popover("Hand over" if has else "Assign"):
                _hand_over({id_: has.person if has else ""}, id_)
        with st.popover(f"Notes ({len(notes)})" if notes else "Notes"):
            _notes(id_)
        following = _next(id_)
        if following and st.button("Next in queue", icon=":material/arrow_forward:", icon_position="right"):
            st.switch_page(st.session_state["case page"], query_params=session.address(following))
    return row


def _hand_over(seen: dict[str, str], key: str) -> None:
    workplace, person = session.workplace(), session.user()
    with st.form(f"hand over {key}", clear_on_submit=True, border=False):
        to: Assignee | None = st.selectbox(
            "Assign to",
            workplace.team.assignees(),
            index=None,
            format_func=lambda one: f"{plain(one.name)}, {one.role.value}",
            placeholder="Choose a colleague",
        )
        note = st.text_input("Note for them", max_chars=LONGEST_NOTE)
        if st.form_submit_button("Assign", type="primary") and to:
            workplace.team.assign(person, seen, to, note)
            st.session_state["assigned"] = st.session_state.get("assigned", 0) + 1
            st.rerun()


def _notes(id_: str) -> None:
    workplace, person = session.workplace(), session.user()
    notes = workplace.team.notes(person, id_)
    if not notes:
        st.caption("Nothing noted. Notes are for colleagues: they are no evidence and stand in no letter.")
    for note in notes:
        st.caption(f"{paint.clock_time(note.time)}, {plain(note.name)}")
        st.text(plain(note.text))
    if not person.may(Action.NOTE):
        return
    with st.form(f"note {id_}", clear_on_submit=True, border=False):
        text = st.text_area("Note", max_chars=LONGEST_NOTE)
        if st.form_submit_button("Add note"):
            workplace.team.add_note(person, id_, text)
            st.rerun()


def _next(id_: str) -> str:
    """Id of the request that follows in the queue that was shown last; empty if there is none."""
    ids: list[str] = list(dict.fromkeys(st.session_state.get("queue ids", [])))
    place = ids.index(id_) + 1 if id_ in ids else 0
    return ids[place] if place < len(ids) and ids[place] != id_ else ""
