"""The knowledge base in charts: outcomes over time, criteria that block most, coverage of documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import altair
import pandas
import streamlit as st
from parts import paint, session

from reasoner.logic.fold import Outcome
from reasoner.review.authority import Action
from reasoner.review.people import User
from reasoner.store.questions import library
from reasoner.workplace.worklist import WorklistItem

_TONES = {"good": "#2f7d5b", "bad": "#a8323e", "open": "#b5761a", "clash": "#6a4c93", "none": "#7d8896"}
_EXCLUDED = "#5f1a24"
"""The colour of requests that are excluded, beside those that do not meet the criteria."""
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
    outcomes = outcomes_by_month(session.workplace().items(person))
    if outcomes.empty:
        st.info("Nothing is determined yet.", icon=":material/monitoring:")
        return
    _age()
    left, right = st.columns(2, gap="medium")
    with left:
        _over_time(outcomes)
    with right:
        _blocking(_named(_table("blocking-criteria", person)))
    # Silence on an item of a list blocks nothing, so the lists are left out.
    listed = {
        version.criteria[iri].id
        for version in session.workplace().policy.versions
        for section in version.lists
        for iri in section.criterion.members
    }
    coverage = _table("documentation-coverage", person)
    _coverage(_named(coverage[~coverage["criterion"].isin(listed)]))


def outcomes_by_month(items: Iterable[WorklistItem]) -> pandas.DataFrame:
    """How many determinations have each outcome, by the month in which the service starts."""
    counted = Counter((f"{item.start:%Y-%m}", item.outcome) for item in items if item.determination)
    rows = [(month, outcome, number) for (month, outcome), number in sorted(counted.items())]
    return pandas.DataFrame(rows, columns=["month", "outcome", "determinations"])


@dataclass(frozen=True)
class _Kept:
    """An answer that is kept for everyone until somebody has it asked anew."""

    table: pandas.DataFrame
    revision: int
    """Of the knowledge base that was asked."""
    time: datetime


@st.cache_resource(show_spinner=False)
def _answers() -> dict[str, _Kept]:
    """The answers that are kept, by the name of the question."""
    return {}


def _age() -> None:
    """Say how old the answers about criteria are, where requests have changed since, and offer to ask anew."""
    workplace, answers = session.workplace(), _answers()
    if not answers or all(kept.revision == workplace.revision for kept in answers.values()):
        return
    oldest = min(kept.time for kept in answers.values())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"What is said of criteria is as of {paint.clock_time(oldest)}; requests have changed since.")
        st.button("Count anew", on_click=answers.clear, icon=":material/refresh:")


def _table(name: str, person: User) -> pandas.DataFrame:
    """The answer to a question of the library; over many requests it takes a while, so it is asked once."""
    workplace, answers = session.workplace(), _answers()
    kept = answers.get(name)
    if kept is None:
        with st.spinner(
            "Counting over all determinations; with thousands of them this takes a while …", show_time=True
        ):
            revision, now = workplace.revision, datetime.now(UTC)
            table = workplace.query(person, library()[name].text, name).to_pandas()
        kept = answers[name] = _Kept(table, revision, now)
    return kept.table


def _named(table: pandas.DataFrame) -> pandas.DataFrame:
    """A table with the notation and the label of each criterion in place of its id."""
    versions = session.workplace().policy.versions
    names = {c.id: f"{c.notation or c.id} {c.label}" for version in versions for c in version.criteria.values()}
    return table.assign(criterion=table["criterion"].map(names))


def _draw(title: str, chart: altair.Chart, table: pandas.DataFrame, scale: altair.Scale) -> None:
    """Show a chart with its title, what its colours mean, and the numbers behind it."""
    st.subheader(title, anchor=False)
    # Not the legend of the chart, which is cut off where there is little room.
    paint.html("legend.html", colours=list(zip(scale.domain, scale.range, strict=True)))
    st.altair_chart(chart.properties(description=title), width="stretch")
    with st.expander(f"{title}: the numbers", on_change="rerun", key=f"numbers {title}") as opened:
        if opened.open:
            paint.html("numbers.html", columns=list(table.columns), rows=table.astype(str).values.tolist())


def _colours(values: list[str], tones: list[str]) -> altair.Scale:
    return altair.Scale(domain=values, range=[_TONES[tone] for tone in tones])


def _over_time(table: pandas.DataFrame) -> None:
    present = list(dict.fromkeys(table["outcome"]))
    shown = table.assign(outcome=table["outcome"].map(paint.WORD), month=table["month"].astype(str))
    colours = [_EXCLUDED if o == Outcome.EXCLUDED else _TONES[paint.tone(o)] for o in present]
    scale = altair.Scale(domain=[paint.WORD[o] for o in present], range=colours)
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(
            x=altair.X("month:O", title="month of service start"),
            y=altair.Y("determinations:Q", title="determinations", axis=altair.Axis(tickMinStep=1)),
            color=altair.Color("outcome:N", scale=scale, legend=None),
            tooltip=["month", "outcome", "determinations"],
        )
    )
    _draw("Outcomes over time", chart, table, scale)


def _blocking(table: pandas.DataFrame) -> None:
    top = table.assign(both=table["against"] + table["missing"]).nlargest(12, "both")
    shown = top.melt(["criterion"], ["against", "missing"], "why", "cases")
    scale = _colours(["against", "missing"], ["bad", "open"])
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(
            y=altair.Y("criterion:N", sort="-x", title=None, axis=altair.Axis(labelLimit=190, labelFlush=False)),
            x=altair.X("cases:Q", title="determinations", axis=altair.Axis(tickMinStep=1)),
            color=altair.Color("why:N", scale=scale, legend=None),
            tooltip=["criterion", "why", "cases"],
        )
    )
    _draw("Criteria that block most", chart, top.drop(columns="both"), scale)


def _coverage(table: pandas.DataFrame) -> None:
    top = table.nlargest(30, "determinations")
    shown = top.melt(["criterion"], list(_STATUS), "status", "cases").assign(status=lambda t: t["status"].map(_STATUS))
    scale = _colours(list(_STATUS.values()), ["good", "bad", "open", "clash", "none"])
    chart = (
        altair.Chart(shown)
        .mark_bar()
        .encode(
            y=altair.Y(
                "criterion:N",
                sort=list(top["criterion"]),
                title=None,
                axis=altair.Axis(labelLimit=190, labelFlush=False),
            ),
            x=altair.X("cases:Q", stack="normalize", title="share of the determinations that ask for it"),
            color=altair.Color("status:N", scale=scale, legend=None),
            tooltip=["criterion", "status", "cases"],
        )
    )
    _draw("Coverage of documentation", chart, top, scale)
