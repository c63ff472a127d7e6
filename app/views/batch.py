"""Charts or bundles that a person uploads: determined, shown and downloaded. Nothing is kept unless it is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial

import streamlit as st
from parts import criteria, paint, session
from parts.components import Cell, Column, Row, table

from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.packing import GZIP
from reasoner.chart.sources import WHOLE
from reasoner.determination.model import Determination
from reasoner.ground.errors import NecessityError
from reasoner.policy.axes import choose
from reasoner.render import document
from reasoner.render.json import to_json
from reasoner.review.authority import Action
from reasoner.store.catalog import LoadChange
from reasoner.workplace.trial import Trial, as_csv

_COLUMNS = (Column("Request"), Column("File"), Column("Outcome"), Column("Service"), Column("Missing", long=True))


def show() -> None:
    """Show the page."""
    workplace, person = session.workplace(), session.user()
    st.title("Batch", anchor=False)
    if not person.may(Action.TRY):
        st.info(f"As {person.role.value} you cannot determine charts of your own.", icon=":material/visibility:")
        return
    limits = workplace.settings
    st.caption(
        "RDF charts, FHIR R4 bundles or sheets, also packed by gzip, "
        f"up to {limits.max_upload} MiB and {limits.max_requests} requests a file. They are determined and not kept."
    )
    files = st.file_uploader(
        "Charts",
        type=[suffix.lstrip(".") for suffix in (*WHOLE, GZIP)],
        accept_multiple_files=True,
        max_upload_size=limits.max_upload,
    )
    options = _options()
    if st.button("Determine", type="primary", disabled=not files or options is None):
        bar, trials = st.progress(0.0, "Determining …"), []
        for number, file in enumerate(files):
            bar.progress(number / len(files), f"{number} of {len(files)} files")
            trials.append(workplace.try_out(person, file.name, file.getvalue(), options))
        bar.empty()
        st.session_state["trials"] = trials
    if st.session_state.get("trials"):
        _results(st.session_state["trials"])


def _options() -> RequestOptions | None:
    """Facts of the request that a bundle does not state; None if they are not well formed."""
    with st.expander("What a FHIR bundle does not say of the request"):
        left, middle, right = columns = st.columns(3)
        axes = session.workplace().policy.axes
        words: dict[str, str] = {}
        for number, axis in enumerate(axes):
            choices = {"": "as the bundle says"} | {value.word: value.label for value in axis.values}
            word = columns[number % 3].selectbox(
                axis.label[:1].upper() + axis.label[1:], list(choices), format_func=choices.__getitem__
            )
            words |= {axis.word: word} if word else {}
        jurisdiction = right.text_input("Plan regulated in", placeholder="US-MO", max_chars=10)
        start = left.date_input("Service start", None, format="YYYY-MM-DD")
        end = middle.date_input("Service end", None, format="YYYY-MM-DD")
        admitted = right.date_input("Start of the stay", None, format="YYYY-MM-DD")
        born = left.date_input("Birth date of the member", None, format="YYYY-MM-DD", min_value=date(1900, 1, 1))
    try:
        return RequestOptions(
            axis_values=choose(axes, words),
            jurisdiction=jurisdiction or None,
            service_start=start.isoformat() if start else None,
            service_end=end.isoformat() if end else None,
            admitted=admitted.isoformat() if admitted else None,
            birth_date=born.isoformat() if born else None,
        )
    except NecessityError as error:
        paint.problem(error)
        return None


def _results(trials: list[Trial]) -> None:
    workplace, person = session.workplace(), session.user()
    results = [(trial, determination) for trial in trials for determination in trial.determinations]
    _told("Rejected", [error for trial in trials for error in trial.errors])
    _told("Notes", [f"{trial.name}: {note}" for trial in trials for note in trial.notes])
    if not results:
        return
    st.caption(f"{len(results)} determination{'' if len(results) == 1 else 's'}")
    rows = []
    for trial, d in results:
        tone = paint.tone(d.outcome.value)
        rows.append(
            Row(
                [
                    Cell(d.case.iri),
                    Cell(trial.name),
                    Cell(f"{paint.ICON[tone]} {paint.WORD[d.outcome.value]}", tone=tone),
                    Cell(f"{d.service_start} to {d.service_end or 'open'}"),
                    criteria.gap(next(iter(d.gaps), ())),
                ]
            )
        )
    table("Determinations", _COLUMNS, rows, key="batch")
    determinations = [d for _, d in results]
    writers: dict[str, Callable[[], str]] = {
        "json": partial(_json, determinations),
        "csv": partial(as_csv, trials),
        "html": partial(document.to_html, determinations),
    }
    with st.container(horizontal=True):
        for form, write in writers.items():
            st.download_button(
                f"Results as {form.upper()}",
                partial(workplace.export, person, "", f"trial as {form}", write),
                file_name=f"determinations.{form}",
                on_click="ignore",
            )
        if person.may(Action.LOAD) and st.button("Put them on the worklist"):
            changes = workplace.load(person, {d.case.iri: d.case for d in determinations}.values())
            st.success(", ".join(f"{changes.get(change, 0)} {change.value}" for change in LoadChange))


def _told(name: str, lines: list[str]) -> None:
    """A table of what is said of files, if something is."""
    if lines:
        table(name, (Column(f"{name}: {len(lines)}", long=True),), [Row([Cell(line)]) for line in lines], key=name)


def _json(determinations: list[Determination]) -> str:
    return json.dumps([to_json(d) for d in determinations], ensure_ascii=False, indent=2)
