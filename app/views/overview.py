"""The knowledge base in charts: outcomes over time, criteria that block most, coverage of documentation."""

from __future__ import annotations

import altair
import pandas
import streamlit as st
from parts import paint, session

from reasoner.review.authority import Action
from reasoner.review.people import User
from reasoner.store.questions import library

_TONES = {"good": "#2f7d5b", "bad": "#a8323e", "open": "#b5761a", "clash": "#6a4c93", "none": "#7d8896"}
_STATUS = {
    "met": "met",
    "notMet": "not met",
    "notDocumented": "not documented",
    "conflicting": "conflicting",
    "notApplicable": "not applicable",
}


def show() -> None:
    """Show the page."""
    person = session.user()
    person.require(Action.QUERY)
    # What is remembered may have been asked for by someone from whom nothing is withheld.
    session.workplace().refuse_blinded(person)
    st.title("Overview", anchor=False)
    outcomes = _table("outcomes-by-month", session.workplace().revision, person)
    if outcomes.empty:
        st.info("Nothing is determined yet.", icon=":material/monitoring:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _over_time(outcomes)
    with right:
        _blocking(_table("blocking-criteria", session.workplace().revision, person))
    # Silence on an item of a list blocks nothing, so the lists are left out.
    listed = {
        version.criteria[iri].id
        for version in session.workplace().policy.versions
        for section in version.lists
        for iri in section.criterion.members
    }
    coverage = _table("documentation-coverage", session.workplace().revision, person)
    _coverage(coverage[~coverage["criterion"].isin(listed)])


@st.cache_data(show_spinner="Asking …", max_entries=16)
def _table(name: str, revision: int, _person: User) -> pandas.DataFrame:
    """The answer to a question of the library, once for each state of the knowledge base."""
    return session.workplace().query(_person, library()[name].text, name).to_pandas()


def _draw(title: str, chart: altair.Chart, table: pandas.DataFrame) -> None:
    """Show a chart with its title, and the numbers behind it."""
    st.subheader(title)
    st.altair_chart(chart.properties(description=title), width="stretch")
    with st.expander(f"{title}: the numbers", on_change="rerun", key=f"numbers {title}") as opened:
        if opened.open:
            paint.html("numbers.html", columns=list(table.columns), rows=table.astype(str).values.tolist())


def _colours(values: list[str], tones: list[str]) -> altair.Scale:
    return altair.Scale(domain=values, range=[_TONES[tone] for tone in tones])


def _over_time(table: pandas.DataFrame) -> None:
    present = list(dict.fromkeys(table["outcome"]))
    shown = table.assign(outcome=table["outcome"].map(paint.WORD), month=table["month"].astype(str))
    scale = _colours([paint.WORD[o] for o in present], [paint.tone(o) for o in present])
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(
            x=altair.X("month:O", title="month of service start"),
            y=altair.Y("determinations:Q", title="determinations", axis=altair.Axis(tickMinStep=1)),
            color=altair.Color("outcome:N", scale=scale, legend=altair.Legend(orient="top", title=None, columns=2)),
            tooltip=["month", "outcome", "determinations"],
        )
    )
    _draw("Outcomes over time", chart, table)


def _blocking(table: pandas.DataFrame) -> None:
    top = table.assign(both=table["against"] + table["missing"]).nlargest(12, "both")
    shown = top.melt(["criterion", "label"], ["against", "missing"], "why", "cases")
    scale = _colours(["against", "missing"], ["bad", "open"])
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(
            y=altair.Y("criterion:N", sort="-x", title=None, axis=altair.Axis(labelLimit=260)),
            x=altair.X("cases:Q", title="determinations", axis=altair.Axis(tickMinStep=1)),
            color=altair.Color("why:N", scale=scale, legend=altair.Legend(orient="top", title=None)),
            tooltip=["criterion", "label", "why", "cases"],
        )
    )
    _draw("Criteria that block most", chart, top.drop(columns="both"))


def _coverage(table: pandas.DataFrame) -> None:
    top = table.nlargest(30, "determinations")
    shown = top.melt(["criterion"], list(_STATUS), "status", "cases").assign(status=lambda t: t["status"].map(_STATUS))
    scale = _colours(list(_STATUS.values()), ["good", "bad", "open", "clash", "none"])
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(
            y=altair.Y("criterion:N", sort=list(top["criterion"]), title=None, axis=altair.Axis(labelLimit=260)),
            x=altair.X("cases:Q", stack="normalize", title="share of the determinations that ask for it"),
            color=altair.Color("status:N", scale=scale, legend=altair.Legend(orient="top", title=None)),
            tooltip=["criterion", "status", "cases"],
        )
    )
    _draw("Coverage of documentation", chart, top)
