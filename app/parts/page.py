"""The frame around each page: signing in, the person in the sidebar, and errors in words."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from parts import paint, session
from reasoner.ground.errors import AccessError, NecessityError
from reasoner.review.authority import Role

_PROBLEM = "problem of a callback"


def enter() -> bool:
    """Show how people sign in, where the workplace can open and nobody is at work yet; whether someone is."""
    paint.style()
    try:
        session.workplace()
    except NecessityError as error:
        st.title("The workplace cannot open", anchor=False)
        paint.problem(error)
        return False
    return _sign_in_by_provider() if session.is_authenticated() else session.resume_local() or _ask_who()


@contextmanager
def frame() -> Iterator[None]:
    """Run a page inside, with who is at work beside it, and an error of the package shown in words."""
    _sidebar()
    with in_words():
        if error := st.session_state.pop(_PROBLEM, None):
            paint.problem(error)
        yield


@contextmanager
def in_words() -> Iterator[None]:
    """Show an error of the package that is raised inside in words; a fragment needs this for itself."""
    try:
        yield
    except NecessityError as error:
        paint.problem(error)


def attempt(act: Callable[..., object], *arguments: object) -> None:
    """Do something as the callback of a widget, before the page is drawn; `frame` shows an error of the package."""
    try:
        act(*arguments)
    except NecessityError as error:
        st.session_state[_PROBLEM] = error


def _ask_who() -> bool:
    """Show the form of the local mode; False, since the page runs again once someone is at work."""
    st.title("Who is at work?", anchor=False)
    st.warning(
        "Local mode: no identity provider is configured, so nobody checks who you are.", icon=":material/lock_open:"
    )
    roles = list(Role)
    with st.form("identity", width=520):
        name = st.text_input("Name", value=getpass.getuser(), max_chars=100)
        role = st.selectbox("Role", roles, index=roles.index(Role.REVIEWER), format_func=lambda role: role.value)
        title = st.text_input("Profession", placeholder="utilization nurse", max_chars=100)
        licence = st.text_input("Licence, with its state", help="An adverse decision takes one.", max_chars=60)
        specialty = ""
        if session.workplace().settings.requirements.specialties:
            specialty = st.text_input("Specialty", max_chars=60)
        if st.form_submit_button("Start", type="primary"):
            try:
                session.begin_local(name, role, licence, title, specialty)
                st.rerun()
            except NecessityError as error:
                paint.problem(error)
    return False


def _sign_in_by_provider() -> bool:
    """Sign in with the identity provider; whether someone is at work."""
    if not st.user.is_logged_in:
        st.title("Sign in", anchor=False)
        st.button("Sign in with your organization", type="primary", on_click=st.login)
        return False
    try:
        person = session.workplace().settings.directory.user(st.user.to_dict())
    except AccessError as error:
        paint.problem(error)
        st.button("Sign out", on_click=st.logout)
        return False
    if st.session_state.get("user") != person:
        session.begin_authenticated(person)
    return True


def _sidebar() -> None:
    person = session.user()
    with st.sidebar:
        licence = f", {person.licence}" if person.licence else ""
        paint.html(
            "person.html",
            name=person.name,
            role=person.role.value,
            licence=licence,
            local=not person.authenticated,
            zone=str(session.zone()).removeprefix("Etc/"),
        )
        if st.button("Sign out" if person.authenticated else "Change person", width="stretch"):
            session.end()
