"""The desk: the one way to the knowledge base, who is at work, and the frame around each page."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import streamlit as st
from rdflib import Graph

from parts import paint
from reasoner import load_policy
from reasoner.ground import resources
from reasoner.ground.errors import AccessError, NecessityError
from reasoner.policy.configuration import read_configuration
from reasoner.review import people
from reasoner.review.authority import Action, Role
from reasoner.review.people import User
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import read_settings

_LOCAL = "local"
"""Under this name the people of the local mode are kept, so that a reload knows them."""


@st.cache_resource(show_spinner="Opening the knowledge base …", on_release=lambda held: held.close())
def review() -> Workplace:
    """The workplace's way to the knowledge base that the environment names; one for all sessions."""
    said = os.environ.get
    location = said("NECESSITY_KB", "kb")
    policy = load_policy(said("NECESSITY_POLICY"), root=Path(root) if (root := said("NECESSITY_POLICIES")) else None)
    kb = KnowledgeBase(open_store(location, write=True, update_url=said("NECESSITY_KB_UPDATE")))
    folder = said("NECESSITY_DESK") or f"{location}/desk"
    choice = said("NECESSITY_CONFIG")
    return Workplace(
        kb,
        policy,
        Path(folder),
        read_settings(Path(said("NECESSITY_SETTINGS") or resources.APP / "settings.toml")),
        read_configuration(choice, policy) if choice else None,
    )


def user() -> User:
    """Who is at work in this session; raises `AccessError` where no one is."""
    found = st.session_state.get("user")
    if found is None:
        raise AccessError("no one is signed in", mend="Sign in first")
    return found


def signed_in() -> bool:
    """Whether people are authenticated by an identity provider."""
    return bool(os.environ.get("NECESSITY_SECRETS")) and "auth" in st.secrets


@contextmanager
def frame() -> Iterator[None]:
    """What stands around a page: who is at work, and words for what goes wrong."""
    paint.style()
    try:
        desk = review()
    except NecessityError as error:
        st.title("The workplace cannot open")
        paint.problem(error)
        st.stop()
    if not _identify(desk):
        st.stop()
    _sidebar()
    try:
        yield
    except NecessityError as error:
        paint.problem(error)


def _identify(desk: Workplace) -> bool:
    """Have someone be at work; False while no one is."""
    if signed_in():
        return _by_provider(desk)
    known = st.query_params.get("as") or st.session_state.get("as")
    if "user" not in st.session_state and known:
        held = desk.drafts.views(_LOCAL).get(known)
        if held:
            content = json.loads(held)
            st.session_state["user"] = people.local(
                content["name"], Role(content["role"]), content["licence"], content["title"]
            )
    if "user" in st.session_state:
        st.session_state["as"] = st.session_state["user"].iri.rpartition(":")[2]
        st.query_params["as"] = st.session_state["as"]
        return True
    st.title("Who is at work?")
    st.warning(
        "Local mode: no identity provider is configured, so nobody checks who you are.", icon=":material/lock_open:"
    )
    with st.form("identity", width=520):
        name = st.text_input("Name", value=getpass.getuser(), max_chars=100)
        role = st.selectbox("Role", list(Role), index=1, format_func=lambda role: role.value)
        title = st.text_input("Profession", placeholder="utilization nurse", max_chars=100)
        licence = st.text_input("Licence, with its state", help="An adverse decision takes one.", max_chars=60)
        if st.form_submit_button("Start", type="primary"):
            try:
                person = people.local(name, role, licence, title)
                content = {"name": person.name, "role": role.value, "licence": person.licence, "title": person.title}
                desk.note(person, Action.SIGN_IN, "local mode")
                desk.drafts.save_view(_LOCAL, person.iri.rpartition(":")[2], json.dumps(content))
                st.session_state["user"] = person
                st.rerun()
            except NecessityError as error:
                paint.problem(error)
    return False


def _by_provider(desk: Workplace) -> bool:
    if not st.user.is_logged_in:
        st.title("Sign in")
        st.button("Sign in with your organization", type="primary", on_click=st.login)
        return False
    try:
        person = desk.settings.directory.user(st.user.to_dict())
    except AccessError as error:
        paint.problem(error)
        st.button("Sign out", on_click=st.logout)
        return False
    if st.session_state.get("user") != person:
        desk.note(person, Action.SIGN_IN, "identity provider")
        st.session_state["user"] = person
    return True


def _sidebar() -> None:
    person = user()
    with st.sidebar:
        licence = f", {person.licence}" if person.licence else ""
        paint.html(
            "person.html", name=person.name, role=person.role.value, licence=licence, local=not person.authenticated
        )
        if st.button("Sign out" if person.authenticated else "Change person", width="stretch"):
            review().note(person, Action.SIGN_IN, "signs out")
            # Nothing of one person's work is left in the window for the next.
            st.session_state.clear()
            if person.authenticated:
                st.logout()
            else:
                st.query_params.clear()
                st.rerun()


def go_to_case(id_: str) -> None:
    """Open a request's page."""
    st.switch_page(st.session_state["case page"], query_params={"id": id_})


def turtle(graph: Graph) -> str:
    """A graph as Turtle with the policy's prefixes."""
    for prefix, namespace in review().policy.prefixes.items():
        graph.bind(prefix, namespace)
    return graph.serialize(format="turtle")


def clock_time(moment: datetime) -> str:
    """A moment as people here read it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
