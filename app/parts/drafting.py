"""Texts and choices of a person's draft, saved while they are made."""

from __future__ import annotations

import streamlit as st

from parts import paint
from parts.components import editor
from parts.desk import clock_time, review, user
from reasoner.drafts import Field
from reasoner.errors import ConflictError, NecessityError

_NONE = Field("", 0, None)  # type: ignore[arg-type]


def held(id_: str, name: str) -> Field:
    """A field of the person's draft; empty and of revision 0 where there is none."""
    return review().draft(user(), id_).get(name, _NONE)


def put(id_: str, name: str, value: str) -> None:
    """Save a field over whatever it holds, for what a person has chosen and not typed."""
    current = held(id_, name)
    if current.value != value:
        review().save(user(), id_, name, value, current.revision)
        _begin_anew(id_, name)


def write(label: str, id_: str, name: str, *, rows: int = 3, placeholder: str = "", default: str = "") -> str:
    """A text of the draft; gives what is saved of it.

    Another window's text is never overwritten: both are shown, and the person keeps one.
    """
    key, state = f"draft {id_} {name}", st.session_state
    current = held(id_, name)
    based, told, mine = f"{key} based", f"{key} told", f"{key} mine"
    state.setdefault(based, current.revision)
    if default and current.revision == 0:
        current = review().save(user(), id_, name, default, 0)
        state[based] = current.revision

    def save() -> None:
        text = state[key]["text"]
        try:
            state[based] = review().save(user(), id_, name, text, state[based]).revision
            state[told] = ""
        except ConflictError:
            state[mine] = text
        except NecessityError as error:
            state[told] = str(error)

    saved = f"Saved {clock_time(current.saved)}" if current.saved else ""
    if mine in state:
        said, bad = "Not saved: it was changed in another window", True
    else:
        said, bad = (state[told], True) if state.get(told) else (saved, False)
    made = state.get(f"{key} made", 0)
    editor(
        label, current.value, key=key, made=made, state=said, bad=bad, rows=rows, placeholder=placeholder, on_text=save
    )
    if mine in state:
        _reconcile(id_, name, current, key)
    return held(id_, name).value


def _reconcile(id_: str, name: str, current: Field, key: str) -> None:
    state = st.session_state
    with st.container(border=True, key=f"{key} conflict"):
        st.warning("This text was changed in another window. Keep one of the two.", icon=":material/call_split:")
        st.caption("In the other window")
        st.text(current.value)

        def keep() -> None:
            state[f"{key} based"] = (
                review().save(user(), id_, name, state.pop(f"{key} mine"), current.revision).revision
            )

        def take() -> None:
            del state[f"{key} mine"]
            _begin_anew(id_, name)

        with st.container(horizontal=True):
            st.button("Keep mine", on_click=keep, key=f"{key} keep")
            st.button("Take the other", on_click=take, key=f"{key} take")


def _begin_anew(id_: str, name: str) -> None:
    """Have the text in the page be the saved one."""
    key, state = f"draft {id_} {name}", st.session_state
    state[f"{key} made"] = state.get(f"{key} made", 0) + 1
    state[f"{key} based"] = held(id_, name).revision


def choice(label: str, id_: str, name: str, options: list[str]) -> str:
    """A choice of the draft, the first option standing for none; gives what is saved of it."""
    key = f"draft {id_} {name}"
    current = held(id_, name).value
    if st.session_state.get(key) is None:
        st.session_state[key] = current if current in options else options[0]

    def save() -> None:
        review().save(user(), id_, name, st.session_state[key], held(id_, name).revision)

    st.selectbox(
        label,
        options,
        key=key,
        on_change=save,
        format_func=lambda value: paint.WORD.get(value, value) if value else "no override",
    )
    return st.session_state[key]
