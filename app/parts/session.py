"""The session: the workplace that all sessions share, and the person who is at work in this one."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException
from tzlocal import get_localzone

from reasoner import load_policy
from reasoner.ground import resources
from reasoner.ground.errors import AccessError
from reasoner.policy.configuration import read_configuration
from reasoner.review import people
from reasoner.review.authority import Action, Role
from reasoner.review.people import User
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.originals import read_key
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import read_settings, workplace_folder

_LOCAL = "local"
"""The person that the records of local people are saved for, in place of a person's IRI."""


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def workplace() -> Workplace:
    """The workplace over the knowledge base that the environment names; one for all sessions.

    Raises the errors of `reasoner.ground.errors` where knowledge base, policy or settings cannot be read.
    """
    environment = os.environ.get
    location = environment("NECESSITY_KB", "kb")
    root, codes, folder, choices = (
        environment(f"NECESSITY_{name}") for name in ("POLICIES", "CODES", "WORKPLACE", "CONFIG")
    )
    policy = load_policy(
        environment("NECESSITY_POLICY"), root=Path(root) if root else None, codes=Path(codes) if codes else None
    )
    key = environment("NECESSITY_ORIGINALS_KEY")
    store = open_store(location, write=True, update_url=environment("NECESSITY_KB_UPDATE"))
    kb = KnowledgeBase(store, key=read_key(Path(key)) if key else None)
    return Workplace(
        kb,
        policy,
        workplace_folder(location, Path(folder) if folder else None),
        read_settings(Path(environment("NECESSITY_SETTINGS") or resources.APP / "settings.toml"), _machine_zone()),
        read_configuration(choices, policy) if choices else None,
    )


def user() -> User:
    """Who is at work in this session; raises `AccessError` where no one is."""
    person: User | None = st.session_state.get("user")
    if person is None:
        raise AccessError("no one is signed in", mend="Sign in first")
    return person


def _machine_zone() -> tzinfo:
    """The time zone of this machine, or UTC where that is not known."""
    try:
        return get_localzone()
    except LookupError:
        return UTC


def zone() -> tzinfo:
    """The time zone in which days and times are shown."""
    return workplace().settings.time_zone


def today() -> date:
    """The day it is in that zone."""
    return datetime.now(zone()).date()


def is_authenticated() -> bool:
    """Whether people are authenticated by an identity provider."""
    return bool(os.environ.get("NECESSITY_SECRETS")) and "auth" in st.secrets


def begin_authenticated(person: User) -> None:
    """Have someone be at work whom the identity provider vouches for."""
    workplace().record_session(person, Action.SIGN_IN, "identity provider")
    workplace().team.join(person)
    st.session_state["user"] = person


def begin_local(name: str, role: Role, licence: str, title: str, specialty: str = "") -> None:
    """Have someone be at work whom nobody authenticates, and remember them for a reload; raises `AccessError`."""
    person = people.local(name, role, licence, title, specialty)
    record = {
        "name": person.name,
        "role": role.value,
        "licence": person.licence,
        "title": person.title,
        "specialty": person.specialty,
    }
    workplace().record_session(person, Action.SIGN_IN, "local mode")
    workplace().drafts.save_view(_LOCAL, _local_id(person), json.dumps(record))
    workplace().team.join(person)
    st.session_state["user"] = person


def resume_local() -> bool:
    """Have the person be at work whose id is in the address or the session; whether someone is.

    The id goes into the address, so that a reload knows the person.
    """
    state = st.session_state
    known = st.query_params.get("as") or state.get("as")
    if "user" not in state and known:
        record = workplace().drafts.views(_LOCAL).get(known)
        if record:
            person = json.loads(record)
            state["user"] = people.local(
                person["name"], Role(person["role"]), person["licence"], person["title"], person.get("specialty", "")
            )
    if "user" not in state:
        return False
    state["as"] = st.query_params["as"] = _local_id(user())
    return True


def _local_id(person: User) -> str:
    return person.iri.rpartition(":")[2]


def address(id_: str = "") -> dict[str, str]:
    """What the address of a page says: the request that it is about, and in local mode who is at work."""
    parts = {"id": id_, "as": st.query_params.get("as", "")}
    return {name: value for name, value in parts.items() if value}


def open_request(id_: str) -> None:
    """Have a request be the one that the person looks at; another than before is opened, without what was picked in that one."""
    state, person = st.session_state, user()
    if state.get("case") != id_ or state.get("visitor") != person.iri:
        workplace().open_request(person, id_)
        state["case"], state["visitor"] = id_, person.iri
        state.pop("criterion", None)
        state.pop("assumed", None)
    if state.get("present") != id_:
        leave_request()
    state["present"] = id_
    workplace().stay(person, id_)
    st.query_params["id"] = id_


def leave_request() -> None:
    """Have nobody be told any longer that the person has a request open, since they have gone on from it."""
    if left := st.session_state.pop("present", ""):
        workplace().leave(user(), left)


def end() -> None:
    """Sign out: nothing of one person's work is left in the window for the next."""
    person = user()
    leave_request()
    workplace().record_session(person, Action.SIGN_IN, "signs out")
    st.session_state.clear()
    if person.authenticated:
        st.logout()
        return
    try:
        st.query_params.clear()
    except StreamlitAPIException:  # a widget of the page keeps its own part of the address
        for name in ("as", "id"):
            st.query_params.pop(name, None)
    st.rerun()
