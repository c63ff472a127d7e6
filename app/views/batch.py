"""Charts or bundles of one's own: determined at once, shown, and taken along. Nothing is kept unless it is loaded."""

from __future__ import annotations

import csv
import io
import json

import streamlit as st
from parts import paint
from parts.components import Cell, Column, Row, table
from parts.desk import review, user

from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.sources import SUFFIXES
from reasoner.ground.errors import NecessityError
from reasoner.policy.axes import choose
from reasoner.render import document
from reasoner.render.json import to_json
from reasoner.render.text import plain
from reasoner.review.authority import Action
from reasoner.store.catalog import LoadChange
from reasoner.workplace.trial import Trial

_COLUMNS = (Column("Request"), Column("File"), Column("Outcome"), Column("Service"), Column("Missing", long=True))


def show() -> None:
    """Show the page."""
    desk, person = review(), user()
    st.title("Batch")
    if not person.may(Action.TRY):
        st.info(f"As {person.role.value} you cannot try charts.", icon=":material/visibility:")
        return
    st.caption(
        f"RDF charts or FHIR R4 bundles, up to {desk.settings.upload} MiB and {desk.settings.charts} requests a file. "
        "They are determined and not kept."
    )
    files = st.file_uploader(
        "Charts",
        type=[suffix.lstrip(".") for suffix in SUFFIXES],
        accept_multiple_files=True,
        max_upload_size=desk.settings.upload,
    )
    options = _options()
    if st.button("Determine", type="primary", disabled=not files or options is None):
        bar, trials = st.progress(0.0, "Determining …"), []
        for number, file in enumerate(files):
            bar.progress(number / len(files), f"{number} of {len(files)} files")
            trials.append(desk.try_out(person, file.name, file.getvalue(), options))
        bar.empty()
        st.session_state["trials"] = trials
    if st.session_state.get("trials"):
        _results(st.session_state["trials"])


def _options() -> RequestOptions | None:
    """What a bundle does not say of the request; None if it is not well formed."""
    with st.expander("What a FHIR bundle does not say of the request"):
        left, middle, right = places = st.columns(3)
        axes = review().policy.axes
        words: dict[str, str] = {}
        for number, axis in enumerate(axes):
            choices = {"": "as the bundle says"} | {value.word: value.label for value in axis.values}
            word = places[number % 3].selectbox(axis.label.capitalize(), choices, format_func=choices.get)
            words |= {axis.word: word} if word else {}
        place = right.text_input("Plan regulated in", placeholder="US-MO", max_chars=10)
        start = left.date_input("Service start", None)
        end = middle.date_input("Service end", None)
    try:
        return RequestOptions(
            axis_values=choose(axes, words),
            jurisdiction=place or None,
            service_start=start.isoformat() if start else None,
            service_end=end.isoformat() if end else None,
        )
    except NecessityError as error:
        paint.problem(error)
        return None


def _results(trials: list[Trial]) -> None:
    desk, person = review(), user()
    found = [(trial, determination) for trial in trials for determination in trial.determinations]
    for trial in trials:
        for said in trial.errors:
            st.error("A chart was rejected.", icon=":material/error:")
            st.text(plain(said))
        for said in trial.notes:
            st.text(plain(f"{trial.name}: {said}"))
    if not found:
        return
    st.caption(f"{len(found)} determinations")
    rows = []
    for trial, d in found:
        tone = paint.tone(d.outcome.value)
        rows.append(
            Row(
                [
                    Cell(d.case.iri),
                    Cell(trial.name),
                    Cell(f"{paint.ICON[tone]} {paint.WORD[d.outcome.value]}", tone=tone),
                    Cell(f"{d.service_start} to {d.service_end or 'open'}"),
                    Cell(", ".join(next(iter(d.gaps), ()))),
                ]
            )
        )
    table("Determinations", _COLUMNS, rows, key="batch")
    determinations = [d for _, d in found]
    with st.container(horizontal=True):
        for form, make in (
            ("json", lambda: json.dumps([to_json(d) for d in determinations], ensure_ascii=False, indent=2)),
            ("csv", lambda: _csv(determinations)),
            ("html", lambda: document.to_html(determinations)),
        ):
            st.download_button(
                f"Results as {form.upper()}",
                lambda make=make, form=form: desk.export(person, "", f"trial as {form}", make),
                file_name=f"determinations.{form}",
                on_click="ignore",
            )
        if person.may(Action.LOAD) and st.button("Put them on the worklist"):
            done = desk.load(person, {d.case.iri: d.case for d in determinations}.values())
            st.success(", ".join(f"{done.get(change, 0)} {change.value}" for change in LoadChange))


def _csv(determinations: list) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["request", "service start", "service end", "outcome", "criterion", "status"])
    for d in determinations:
        for result in d.criteria:
            if result.criterion.id:
                row = [
                    d.case.iri,
                    d.service_start,
                    d.service_end or "",
                    d.outcome.value,
                    result.criterion.id,
                    result.status.value,
                ]
                writer.writerow([_harmless(str(cell)) for cell in row])
    return stream.getvalue()


def _harmless(text: str) -> str:
    """A cell that a spreadsheet takes for text and not for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text
