"""Quality of decisions: the metrics that the public is told, and how far reviewers agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import partial

import streamlit as st
from parts import paint, panels, session

from reasoner.ground.display import plain
from reasoner.review import agreement
from reasoner.review.authority import Action
from reasoner.review.metrics import public_metrics

_Row = tuple[str, ...]


def show() -> None:
    """Show the page."""
    session.user().require(Action.QUERY)
    st.title("Quality", anchor=False)
    may_choose = session.user().may(Action.CHOOSE_PANEL)
    view = st.segmented_control(
        "View",
        ("Public metrics", "Agreement", "Panels") if may_choose else ("Public metrics", "Agreement"),
        default="Public metrics",
        key="quality",
        label_visibility="collapsed",
        required=True,
    )
    if view == "Agreement":
        _agreement()
    elif view == "Panels":
        panels.show()
    else:
        _metrics()


def _metrics() -> None:
    workplace, person = session.workplace(), session.user()
    st.caption(
        "What 42 CFR 422.122(c), 438.210(f) and 45 CFR 156.223(c) (CMS-0057-F) have payers publish every year, of the requests that "
        "are decided. Times are known of requests whose time of receipt the chart states."
    )
    since_column, until_column, line_column = st.columns(3)
    first = session.today().replace(month=1, day=1)
    since = since_column.date_input("Decided from", first, key="since", format="YYYY-MM-DD")
    until = until_column.date_input("to", session.today(), key="until", format="YYYY-MM-DD")
    lines = ["", "commercial", "Medicare", "Medicaid"]
    line = line_column.selectbox("Line of business", lines, key="line", format_func=lambda name: name or "all")
    requests = workplace.decided_requests(person, since, until, line)
    if not requests:
        st.info("No request was decided in these days.", icon=":material/event_busy:")
    columns = ("Urgency", "Measure", "Value", "Share")
    rows = [
        (
            measure.urgency,
            measure.name,
            "none" if measure.value is None else f"{measure.value:,.1f}".removesuffix(".0"),
            "" if measure.share is None else f"{measure.share:.1%}",
        )
        for measure in public_metrics(requests)
    ]
    _table("metrics", columns, rows)


def _agreement() -> None:
    workplace, person = session.workplace(), session.user()
    of = ""
    if person.may(Action.CHOOSE_PANEL):
        known = [panel.name for panel in workplace.panels.all(person)]
        of = st.selectbox(
            "Of the panel", ["", *known], key="agreement of", format_func=lambda name: plain(name) or "all"
        )
    ratings, names = workplace.ratings(person, of)
    st.caption(
        "Of reviewers who gave their own statuses before the determination was shown to them. Alpha is Krippendorff's, for "
        "categories; 1 is full agreement, 0 what chance would give. Kappa is Cohen's."
    )
    found = agreement.by_criterion(ratings)
    if not found:
        st.info("No two people have given their own statuses of one criterion of a case yet.", icon=":material/groups:")
        return
    st.metric("Alpha of all criteria", _number(agreement.overall(ratings)))
    st.subheader("By criterion, the least agreement first", anchor=False)
    criteria = {c.id: c for version in workplace.policy.versions for c in version.criteria.values() if c.id}
    _table(
        "agreement by criterion",
        ("Criterion", "Passage", "Cases", "Reviewers", "Agreement", "Alpha", ""),
        [
            (
                f"{one.criterion}  {criteria[one.criterion].label}" if one.criterion in criteria else one.criterion,
                criteria[one.criterion].source if one.criterion in criteria else "",
                str(one.cases),
                str(one.raters),
                _share(one.percent),
                _number(one.alpha),
                "settle how this passage is read" if one.asks_for_a_reading else "",
            )
            for one in found
        ],
    )
    if not person.may(Action.AUDIT):
        return
    st.subheader("By reviewer", anchor=False)
    _table(
        "agreement by reviewer",
        ("Reviewer", "Ratings", "With the panel", "Kappa", "Determined", "With what was determined", "Kappa "),
        [
            (
                names[one.rater],
                str(one.ratings),
                _share(one.percent_panel),
                _number(one.kappa_panel),
                str(one.determined),
                _share(one.percent_determined),
                _number(one.kappa_determined),
            )
            for one in agreement.by_reviewer(ratings)
        ],
    )


def _table(name: str, columns: Sequence[str], rows: Sequence[_Row]) -> None:
    """Show a table, and offer it as CSV to those who may export."""
    workplace, person = session.workplace(), session.user()
    paint.html("numbers.html", columns=columns, rows=rows)
    if person.may(Action.EXPORT):
        st.download_button(
            "Save as CSV",
            partial(workplace.export, person, "", name, partial(_csv, columns, rows)),
            file_name=f"{name.replace(' ', '-')}.csv",
            key=f"save {name}",
            on_click="ignore",
        )


def _csv(columns: Sequence[str], rows: Sequence[_Row]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    return stream.getvalue()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
