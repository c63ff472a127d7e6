"""Texts and choices of a person's draft, saved while they are made."""

from __future__ import annotations

import streamlit as st

from parts import paint
from parts.components import editor
from parts.desk import clock_time, review, user
from reasoner.determination.model import Determination
from reasoner.ground.errors import ConflictError, NecessityError
from reasoner.workplace.drafts import DraftField
from reasoner.workplace.service import File

_NONE = DraftField("", 0, None)  # type: ignore[arg-type]


def prefix(file: File, determination: Determination) -> str:
    """What the names of a draft's fields begin with: the period, where a request has more than one."""
    return "" if len(file.determinations) == 1 else f"{determination.service_start} "


def held(id_: str, name: str) -> DraftField:
    """A field of the person's draft; empty and of revision 0 where there is none."""
    return review().draft(user(), id_).get(name, _NONE)


def put(id_: str, name: str, value: str) -> None:
    """Save a field over whatever it holds, for what a person has chosen and not typed."""
    current = held(id_, name)
    if current.value != value:
        review().save(user(), id_, name, value, current.revision)
        _begin_anew(id_, name)


def write(label: str, id_: str, name: str, *, rows: int = 3, default: str = "") -> str:
    """A text of the draft; gives what is saved of it, or the default where nothing is.

    Another window's text is never overwritten: where both have changed it both are shown, and the person keeps one.
    """
    key, state = f"draft {id_} {name}", st.session_state
    based, told, mine, made = (f"{key} {what}" for what in ("based", "told", "mine", "made"))
    current = held(id_, name)
    if mine not in state and state.setdefault(based, current.revision) != current.revision:
        _begin_anew(id_, name)

    def save() -> None:
        sent = state[key]["text"]
        try:
            if sent["made"] != state.get(made, 0):
                raise ConflictError("the text has been replaced since")
            state[based] = review().save(user(), id_, name, sent["text"], state[based]).revision
            state[told] = ""
        except ConflictError:
            state[mine] = sent["text"]
        except NecessityError as error:
            state[told] = str(error)

    said, bad = f"Saved {clock_time(current.saved)}" if current.saved else "", False
    if mine in state:
        said, bad = "Not saved: it was changed in another window", True
    elif state.get(told):
        said, bad = state[told], True
    value = current.value if current.revision else default
    editor(label, value, key=key, made=state.get(made, 0), state=said, bad=bad, rows=rows, on_text=save)
    if mine in state:
        _reconcile(id_, name, current, key)
    return value


def _reconcile(id_: str, name: str, current: DraftField, key: str) -> None:
    state = st.session_state
    with st.container(border=True, key=f"{key} conflict"):
        st.warning("This text was changed in another window. Keep one of the two.", icon=":material/call_split:")
        st.caption("In the other window")
        st.text(current.value)

        def keep() -> None:
            review().save(user(), id_, name, state.pop(f"{key} mine"), current.revision)
            _begin_anew(id_, name)

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
    key, state = f"draft {id_} {name}", st.session_state
    current = held(id_, name)
    if state.get(f"{key} based") != current.revision or state.get(key) not in options:
        state[key] = current.value if current.value in options else options[0]
        state[f"{key} based"] = current.revision

    def save() -> None:
        put(id_, name, state[key])

    def word(value: str) -> str:
        return paint.WORD[value] if value else "no override"

    st.selectbox(label, options, key=key, on_change=save, format_func=word)
    return state[key]
