"""Panels of the page Quality: those there are, how far each has come, and drawing the cases of another."""

from __future__ import annotations

import streamlit as st

from parts import paint, session
from reasoner.ground.display import plain
from reasoner.ground.errors import NecessityError
from reasoner.workplace.panels import Draw, Panel
from reasoner.workplace.worklist import WorklistItem


def show() -> None:
    """Show the panels, and what draws another."""
    workplace, person = session.workplace(), session.user()
    st.caption(
        "The people of a panel find its cases in their queue “Panel” and give each criterion a status of their own before the "
        "determination, and what others gave, is shown to them. The view Agreement tells how far they agree."
    )
    items = workplace.items(person)
    panels = workplace.panels.all(person)
    for panel in panels:
        _panel(panel, items)
    if not panels:
        st.info("No panel has been chosen yet.", icon=":material/groups:")
    _another(items)


def _panel(panel: Panel, items: list[WorklistItem]) -> None:
    """Show a panel: who led it, how it was drawn, and how many of its cases each has assessed."""
    with st.container(border=True, key=f"panel {panel.name}"):
        st.subheader(plain(panel.name), anchor=False)
        st.text(f"Chosen by {plain(panel.lead)}, {paint.clock_time(panel.made)}: {plain(panel.drawn)}")
        cases = {item.id: item.raters for item in items if item.id in panel.cases}
        rows = [
            (plain(name), f"{sum(person in raters for raters in cases.values())} of {len(panel.cases)}")
            for person, name in panel.people.items()
        ]
        paint.html("numbers.html", columns=("Reviewer", "Assessed"), rows=rows)
        if panel.is_closed:
            st.caption("Closed: nothing is withheld for it any more.")
        elif st.button("Close the panel", key=f"close panel {panel.name}"):
            session.workplace().panels.close(session.user(), panel.name)
            st.rerun()


def _another(items: list[WorklistItem]) -> None:
    """Ask for what a panel is drawn of, and choose it."""
    workplace, person = session.workplace(), session.user()
    sections = list(
        dict.fromkeys(
            c.id.partition(":")[0] for version in workplace.policy.versions for c in version.criteria.values() if c.id
        )
    )
    with st.form("panel", border=True):
        st.subheader("Choose a panel", anchor=False)
        name = st.text_input("Name", max_chars=60, key="panel name", placeholder="such as 2026, first quarter")
        people = st.multiselect(
            "Reviewers",
            workplace.team.assignees(),
            key="panel people",
            format_func=lambda one: f"{plain(one.name)}, {one.role.value}",
            help="Those who have been at work here and may decide",
        )
        left, right = st.columns(2)
        size = left.number_input("Cases", 1, 500, 10, key="panel size")
        seed = right.number_input(
            "Seed", 0, 10**6, 1, key="panel seed", help="The same seed draws the same cases again"
        )
        outcomes = left.multiselect(
            "Only these outcomes",
            sorted({item.outcome for item in items if item.outcome}),
            key="panel outcomes",
            format_func=lambda outcome: paint.WORD.get(outcome, outcome),
        )
        section = right.selectbox(
            "Only under the section", ["", *sections], key="panel section", format_func=lambda id_: id_ or "any"
        )
        evenly = st.checkbox("As many of each outcome", key="panel evenly")
        if not st.form_submit_button("Draw and ask", type="primary"):
            return
    draw = Draw(int(size), int(seed), frozenset(outcomes), section, evenly)
    try:
        workplace.panels.choose(person, name, workplace.draw(person, draw, people), people, draw.words)
    except NecessityError as error:
        paint.problem(error)
    else:
        st.rerun()
