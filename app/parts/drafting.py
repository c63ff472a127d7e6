"""Texts and choices of a person's draft, saved while the person makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from parts import paint, session
from parts.components import editor
from reasoner.determination.model import Determination
from reasoner.ground.errors import ConflictError, NecessityError
from reasoner.workplace.case_file import CaseFile


def prefix(file: CaseFile, determination: Determination) -> str:
    """What the names of a draft's fields begin with: the period, where a request has more than one."""
    return "" if len(file.determinations) == 1 else f"{determination.service_start} "


def value(id_: str, name: str) -> str:
    """What is saved of a field of the person's draft of a request; empty if nothing is."""
    return _saved(id_, name)[0]


def _saved(id_: str, name: str) -> tuple[str, int]:
    """The value and the revision of a field; an empty value of revision 0 if nothing is saved."""
    field = session.workplace().draft(session.user(), id_).get(name)
    return (field.value, field.revision) if field else ("", 0)


def put(id_: str, name: str, value: str) -> None:
    """Save a field whatever it holds: for what a person has chosen, not typed."""
    current, revision = _saved(id_, name)
    if current != value:
        session.workplace().save(session.user(), id_, name, value, revision)
        _start_again(id_, name)


def write(label: str, id_: str, name: str, *, rows: int = 3, default: str = "") -> str:
    """Show a text field of the draft, and return the saved text, or the default if nothing is saved.

    The text of another window is never overwritten: if both windows have changed it, both texts are shown and the person
    keeps one.

    Args:
        label: what the text is.
        id_: opaque id of the request.
        name: of the field.
        rows: height in lines.
        default: the text to start with.
    """
    key, state = f"draft {id_} {name}", st.session_state
    based_on, problem, unsaved, version = (f"{key} {what}" for what in ("based", "problem", "unsaved", "version"))
    field = session.workplace().draft(session.user(), id_).get(name)
    text, revision = (field.value, field.revision) if field else ("", 0)
    if unsaved not in state and state.setdefault(based_on, revision) != revision:
        _start_again(id_, name)

    def save() -> None:
        sent = state[key]["text"]
        try:
            if sent["version"] != state.get(version, 0):
                raise ConflictError("the text has been replaced since")
            state[based_on] = (
                session.workplace().save(session.user(), id_, name, sent["text"], state[based_on]).revision
            )
            state[problem] = ""
        except ConflictError:
            state[unsaved] = sent["text"]
        except NecessityError as error:
            state[problem] = str(error)

    status, is_problem = f"Saved {paint.clock_time(field.saved)}" if field else "", False
    if unsaved in state:
        status, is_problem = "Not saved: it was changed in another window", True
    elif state.get(problem):
        status, is_problem = state[problem], True
    shown = text if field else default
    editor(label, shown, key=key, version=state.get(version, 0), state=status, bad=is_problem, rows=rows, on_text=save)
    if unsaved in state:
        _reconcile(id_, name, key)
    return shown


def _reconcile(id_: str, name: str, key: str) -> None:
    """Show the texts of both windows, of which the person keeps one."""
    state = st.session_state
    other, revision = _saved(id_, name)
    with st.container(border=True, key=f"{key} conflict"):
        st.warning("This text was changed in another window. Keep one of the two.", icon=":material/call_split:")
        st.caption("In the other window")
        st.text(other)

        def keep() -> None:
            session.workplace().save(session.user(), id_, name, state.pop(f"{key} unsaved"), revision)
            _start_again(id_, name)

        def take() -> None:
            del state[f"{key} unsaved"]
            _start_again(id_, name)

        with st.container(horizontal=True):
            st.button("Keep mine", on_click=keep, key=f"{key} keep")
            st.button("Take the other", on_click=take, key=f"{key} take")


def _start_again(id_: str, name: str) -> None:
    """Have the field in the page start again with the saved text."""
    key, state = f"draft {id_} {name}", st.session_state
    state[f"{key} version"] = state.get(f"{key} version", 0) + 1
    state[f"{key} based"] = _saved(id_, name)[1]


def choice(label: str, id_: str, name: str, options: Sequence[str], say: Callable[[str], str] = str) -> str:
    """Show a choice of the draft, the first option standing for none, and return the option that is chosen.

    Args:
        label: what is chosen.
        id_: opaque id of the request.
        name: of the field.
        options: what can be chosen.
        say: an option in words.
    """
    key, state = f"draft {id_} {name}", st.session_state
    saved, revision = _saved(id_, name)
    if state.get(f"{key} based") != revision or state.get(key) not in options:
        state[key] = saved if saved in options else options[0]
        state[f"{key} based"] = revision

    def save() -> None:
        if key in state:  # it is not where the act has been signed meanwhile
            put(id_, name, state[key])

    return st.selectbox(label, options, key=key, on_change=save, format_func=say)


def choices(label: str, id_: str, name: str, options: Sequence[str], say: Callable[[str], str] = str) -> list[str]:
    """Show a choice of any number of options, and return those that are chosen; see `choice`."""
    key, state = f"draft {id_} {name}", st.session_state
    saved, revision = _saved(id_, name)
    if state.get(f"{key} based") != revision or key not in state:
        state[key] = [option for option in saved.split("\n") if option in options]
        state[f"{key} based"] = revision

    def save() -> None:
        if key in state:
            put(id_, name, "\n".join(state[key]))

    return st.multiselect(label, options, key=key, on_change=save, format_func=say)


def day(label: str, id_: str, name: str, since: date | None = None, until: date | None = None) -> date:
    """Show a day of the draft, and return it; today if none is saved. Others than those from `since` to `until` cannot be chosen."""
    key, state = f"draft {id_} {name}", st.session_state
    saved, revision = _saved(id_, name)
    if state.get(f"{key} based") != revision or key not in state:
        stated = date.fromisoformat(saved) if saved else session.today()
        state[key] = max(since or stated, min(until or stated, stated))
        state[f"{key} based"] = revision

    def save() -> None:
        if key in state:
            put(id_, name, state[key].isoformat())

    chosen: date = st.date_input(label, min_value=since, max_value=until, key=key, on_change=save, format="YYYY-MM-DD")
    return chosen
