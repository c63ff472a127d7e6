"""How things look: HTML templates filled with escaped text, words and icons for statuses, errors, moments, Turtle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rdflib import Graph

from parts import session
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.logic.fold import Outcome, Status
from reasoner.policy.model import Criterion
from reasoner.render.wording import words
from reasoner.workplace.worklist import WITHHELD_OUTCOME

HERE = Path(__file__).parent.parent

TONE: dict[str, str] = {
    Status.MET: "good",
    Status.NOT_MET: "bad",
    Status.NOT_DOCUMENTED: "open",
    Status.CONFLICTING: "clash",
    Status.NOT_APPLICABLE: "none",
    Outcome.CRITERIA_MET: "good",
    Outcome.CRITERIA_NOT_MET: "bad",
    Outcome.DOCUMENTATION_NEEDED: "open",
    Outcome.EXCLUDED: "bad",
    Outcome.NO_POLICY_VERSION: "none",
}
"""The tone of a status or an outcome: the style sheets give each a colour, and a word and an icon stand beside it."""
ICON = {"good": "✓", "bad": "✕", "open": "○", "clash": "⇄", "none": "–"}
"""The icon of each tone."""
WORD: dict[str, str] = {
    **{value: words(value) for value in (*Status, *Outcome)},
    "": "not determined",
    WITHHELD_OUTCOME: "withheld",
}
"""Statuses and outcomes in words, by their spelling in JSON."""


def tone(value: str) -> str:
    """The tone of a status or an outcome by its spelling in JSON."""
    return TONE.get(value, "none")


def names(criterion: Criterion) -> tuple[str, str]:
    """The short name of a criterion and its label; the label alone where the name only repeats its words."""
    name = criterion.notation or criterion.id
    if set(name.split("-")) <= set(criterion.label.split()) and not any(map(str.isdigit, name)):
        return criterion.label.capitalize(), ""
    return name, criterion.label


def html(template: str, **values: Any) -> None:
    """Show a template filled with values; their text is escaped, and characters that change its direction are removed."""
    st.html(_environment().get_template(template).render(**values))


def read_templates() -> None:
    """Compile every template, so that nobody waits for that."""
    for name in _environment().list_templates():
        _environment().get_template(name)


def style() -> None:
    """Put the style sheet into the page."""
    st.html(f"<style>{_style()}</style>")


@lru_cache(maxsize=1)
def _style() -> str:
    return (HERE / "parts" / "chips.css").read_text() + (HERE / "style.css").read_text()


def clock_time(moment: datetime) -> str:
    """A moment in the time zone of the workplace, to the minute."""
    return moment.astimezone(session.zone()).strftime("%Y-%m-%d %H:%M")


def turtle(graph: Graph, prefixes: Mapping[str, str]) -> None:
    """Show a graph as Turtle with some prefixes, which are bound in it."""
    for prefix, namespace in prefixes.items():
        graph.bind(prefix, namespace)
    st.code(graph.serialize(format="turtle"), language=None, wrap_lines=True)


def problem(error: NecessityError) -> None:
    """Show an error: what, where and the mend."""
    with st.container(key="problem"):
        st.error("This did not work.", icon=":material/error:")
        st.text(plain(str(error)))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(word=WORD, tone=tone, icon=ICON)
    return environment
