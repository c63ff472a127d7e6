"""Who has a request: claiming, handing over, giving back, the team's notes, and the next request of the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parts import paint, session
from parts.page import attempt
from reasoner.ground.display import plain
from reasoner.review.authority import Action
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.team import LONGEST_NOTE, Assignee, Assignment


def many(ids: Sequence[str], assignments: Mapping[str, Assignment]) -> None:
    """Show how the chosen requests can be assigned, given their ids and who has each request."""
    label = f"Assign ({len(ids):,})" if ids else "Assign"
    with st.popover(label, width="stretch", disabled=not ids, key=_key("assign many")):
        _hand_over({id_: assignments[id_].person if id_ in assignments else "" for id_ in ids}, "many")


@st.fragment(run_every=20)
def colleagues(file: CaseFile, revision: int) -> None:
    """Show who else is at work on a request, and draw the page anew where one of them has changed it.

    Args:
        file: the request, as the page shows it.
        revision: of the workplace, from before the request was read.
    """
    workplace, person = session.workplace(), session.user()
    if workplace.revision != revision and workplace.case_file(person, file.id) != file:
        st.rerun()
    for colleague in workplace.colleagues(person, file.id):
        parts = ["has this case open" if colleague.seen else ""]
        parts += [f"has an unsigned draft, saved {paint.clock_time(colleague.drafted)}" if colleague.drafted else ""]
        st.warning("Someone else is at work on this case.", icon=":material/group:")
        st.text(f"{plain(colleague.name)} {' and '.join(part for part in parts if part)}. Your drafts are kept apart.")


def bar(id_: str, *, with_peers: bool = False) -> DeltaGenerator:
    """Show who has a request, what the person can do about that, the team's notes, and the next request of the queue.

    Args:
        id_: opaque id of the request.
        with_peers: whether it is referred to a clinical peer.

    Returns:
        The row they stand in, to which more can be added.
    """
    workplace, person = session.workplace(), session.user()
    has = workplace.team.assignments(person, id_).get(id_)
    mine = has is not None and has.person == person.iri
    notes = workplace.team.notes(person, id_)
    row = st.container(horizontal=True, vertical_alignment="center", key="who has it")
    with row:
        who = "you" if mine else plain(has.name) if has else "the clinical peers" if with_peers else "nobody"
        st.text(f"With {who}" + (f" since {paint.clock_time(has.since)}" if has else ""))
        if person.may(Action.ASSIGN):
            if mine:
                st.button("Give back", on_click=attempt, args=(workplace.team.release, person, id_))
            if not has and person.may(Action.DECIDE):
                st.button("Claim", type="primary", on_click=attempt, args=(workplace.team.claim, person, id_))
            with st.popover("Hand over" if has else "Assign", key=_key("hand over")):
                _hand_over({id_: has.person if has else ""}, id_)
        with st.popover(f"Notes ({len(notes)})" if notes else "Notes", key="notes"):
            _notes(id_)
        following = _next(id_)
        if following:
            st.button(
                "Next in queue",
                icon=":material/arrow_forward:",
                icon_position="right",
                on_click=_go_on,
                args=(following,),
            )
    return row


def _key(name: str) -> str:
    """The key of a popover: another one after each assignment, which closes it."""
    return f"{name} {st.session_state.get('assigned', 0)}"


def _hand_over(seen: dict[str, str], key: str) -> None:
    workplace, person, state = session.workplace(), session.user(), st.session_state

    def assign() -> None:
        to: Assignee | None = state[f"hand over {key} to"]
        if to:
            workplace.team.assign(person, seen, to, state[f"hand over {key} with"])
            state["assigned"] = state.get("assigned", 0) + 1

    with st.form(f"hand over {key}", clear_on_submit=True, border=False):
        st.selectbox(
            "Assign to",
            sorted(workplace.team.assignees(), key=lambda one: one.person != person.iri),
            index=None,
            key=f"hand over {key} to",
            format_func=lambda one: f"{plain(one.name)}, {'me' if one.person == person.iri else one.role.value}",
            placeholder="Choose a colleague",
        )
        st.text_input("Note for them", max_chars=LONGEST_NOTE, key=f"hand over {key} with")
        st.form_submit_button("Assign", type="primary", on_click=attempt, args=(assign,))


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

    def add() -> None:
        workplace.team.add_note(person, id_, st.session_state[f"note {id_} text"])

    with st.form(f"note {id_}", clear_on_submit=True, border=False):
        st.text_area("Note", max_chars=LONGEST_NOTE, key=f"note {id_} text")
        st.form_submit_button("Add note", on_click=attempt, args=(add,))


def _go_on(id_: str) -> None:
    """Have the page show another request, from its beginning."""
    st.query_params.from_dict(session.address(id_))


def _next(id_: str) -> str:
    """Id of the request that follows in the queue that was shown last; empty if there is none."""
    ids: list[str] = list(dict.fromkeys(st.session_state.get("queue ids", [])))
    place = ids.index(id_) + 1 if id_ in ids else 0
    return ids[place] if place < len(ids) and ids[place] != id_ else ""
