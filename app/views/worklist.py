"""The worklist: every request with its outcome, when it is due and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

import streamlit as st
from parts import paint, session
from parts.components import Cell, Column, Row, table

from reasoner.ground.errors import UsageError
from reasoner.render.wording import due_words
from reasoner.review.steps import CaseState
from reasoner.workplace import selection
from reasoner.workplace.selection import Selection
from reasoner.workplace.worklist import WorklistItem

_PAGE = 50
_COLUMNS = (
    Column("Request", "name", long=True),
    Column("State", "state"),
    Column("Outcome", "outcome"),
    Column("Due", "due"),
    Column("Open", "received"),
    Column("Kind", "kind", long=True),
    Column("Service", "start"),
    Column("Missing", "missing", long=True),
    Column("Readings", long=True),
)
_TONES = {
    CaseState.OPEN: "open",
    CaseState.DOCUMENTATION_REQUESTED: "none",
    CaseState.DOCUMENTATION_RETURNED: "open",
    CaseState.REFERRED_TO_PEER: "clash",
    CaseState.PEER_TO_PEER: "clash",
    CaseState.APPEALED: "clash",
    CaseState.UPHELD: "bad",
    CaseState.OVERTURNED: "good",
    CaseState.WITHDRAWN: "none",
}


def show() -> None:
    """Show the page."""
    st.title("Worklist")
    workplace, person, today = (
        session.workplace(),
        session.user(),
        datetime.now(session.workplace().settings.time_zone).date(),
    )
    items = workplace.items(person)
    if not items:
        st.info("The knowledge base holds no requests yet.", icon=":material/inbox:")
        st.text("Load charts with `necessity kb load PATH`, or on the page Batch as an administrator.")
        return
    _counts(items, today)
    chosen = _choose(items)
    if st.session_state.get("mine"):
        chosen = replace(chosen, among=workplace.drafts.subjects(person.iri))
    matching = selection.select(items, chosen, today)
    pages = -(-len(matching) // _PAGE)
    page = min(st.session_state.get("list page", 0), max(0, pages - 1))
    shown = matching[page * _PAGE : (page + 1) * _PAGE]
    st.caption(f"{len(matching):,} of {len(items):,} requests" + (f", page {page + 1} of {pages}" if pages > 1 else ""))
    if not matching:
        st.info("No request matches. Take a filter away.", icon=":material/filter_alt_off:")
    else:
        rows = [_row(item, today) for item in shown]
        opened, by = table("Requests", _COLUMNS, rows, key="worklist", sort=chosen.sort, descending=chosen.descending)
        if opened:
            st.switch_page(st.session_state["case page"], query_params={"id": opened})
        if by:
            st.session_state["descending"] = by == chosen.sort and not chosen.descending
            st.session_state["sort"] = by
            st.rerun()
        if pages > 1:
            _turn(page, pages)


def _counts(items: list[WorklistItem], today: date) -> None:
    waiting = [item for item in items if not item.state.closed]
    overdue = sum(1 for item in waiting if item.is_overdue(datetime.now().astimezone()))
    outcomes = Counter(item.outcome for item in waiting)
    paint.html(
        "counts.html", waiting=len(waiting), overdue=overdue, outcomes=sorted(outcomes.items()), total=len(items)
    )


def _choose(items: list[WorklistItem]) -> Selection:
    """Show the filters, and return them as the person or a saved view has set them."""
    state = st.session_state
    search, due, order = st.columns([4, 2, 2], vertical_alignment="bottom")
    text = search.text_input("Search request, id or missing criterion", key="text", max_chars=200)
    within = due.selectbox(
        "Due",
        [None, 0, 3, 7],
        key="within",
        format_func=_due_within,
    )
    with order:
        st.checkbox("My drafts only", key="mine")
        depends = st.checkbox("Depends on a reading", key="depends")
    facets = selection.facets(session.workplace().policy.axes)
    chosen: dict[str, frozenset[str]] = {}
    with st.expander("More filters and saved views", expanded=any(state.get(facet) for facet in facets)):
        _views(facets)
        columns = st.columns(3)
        for number, (facet, label) in enumerate(facets.items()):
            counts = selection.counts(items, facet)
            options = {
                value: f"{paint.WORD.get(value, value)} ({counts.get(value, 0):,})"
                for value in sorted({*counts, *state.get(facet, [])})
            }
            chosen[facet] = frozenset(
                columns[number % 3].multiselect(label, list(options), key=facet, format_func=options.__getitem__)
            )
    return Selection(
        text=text,
        facets=chosen,
        due_within=within,
        depends=depends,
        sort=state.get("sort", "due"),
        descending=state.get("descending", False),
    )


def _due_within(days: int | None) -> str:
    return "any time" if days is None else f"within {days} days" if days else "today or overdue"


def _views(facets: Iterable[str]) -> None:
    """Show the saved views: before the filters, which a view sets."""
    workplace, person, state = session.workplace(), session.user(), st.session_state
    views = workplace.drafts.views(person.iri)
    pick_column, name_column, button_column = st.columns([3, 2, 3], vertical_alignment="bottom")

    def apply() -> None:
        name = state.get("view")
        try:
            chosen = Selection.from_json(views[name]) if name in views else Selection()
        except UsageError:
            chosen = Selection()
        for facet in facets:
            state[facet] = sorted(chosen.facets.get(facet, ()))
        state["text"], state["within"], state["depends"] = chosen.text, chosen.due_within, chosen.depends
        state["sort"], state["descending"], state["list page"] = chosen.sort, chosen.descending, 0

    pick_column.selectbox(
        "Saved view", ["", *views], key="view", on_change=apply, format_func=lambda view: view or "all requests"
    )
    title = name_column.text_input("Name of this view", key="view name", max_chars=60)

    def save() -> None:
        chosen = Selection(
            text=state.get("text", ""),
            facets={facet: frozenset(state.get(facet, [])) for facet in facets},
            due_within=state.get("within"),
            depends=state.get("depends", False),
            sort=state.get("sort", "due"),
            descending=state.get("descending", False),
        )
        workplace.drafts.save_view(person.iri, title.strip(), chosen.to_json())
        state["view"], state["view name"] = title.strip(), ""

    def remove() -> None:
        workplace.drafts.remove_view(person.iri, state["view"])
        state["view"] = ""
        apply()

    with button_column.container(horizontal=True):
        st.button("Save view", on_click=save, disabled=not title.strip())
        st.button("Remove view", on_click=remove, disabled=not state.get("view"))
        st.button("Refresh", on_click=workplace.refresh, help="Read what another program has changed")


def _row(item: WorklistItem, today: date) -> Row:
    left = item.days_left(today)
    due = Cell(item.state.value if item.state.closed else "no due date", cls="soft")
    if left is not None and item.deadline:
        now = datetime.now().astimezone()
        waits = "; documentation is out" if item.deadline.waits_until else ""
        tense = "late" if item.is_overdue(now) else "soon" if left <= 1 else ""
        due = Cell(due_words(item.deadline, now) + waits, cls=tense)
    tone = paint.tone(item.outcome)
    missing = ", ".join(item.missing[:4]) + (f" and {len(item.missing) - 4} more" if len(item.missing) > 4 else "")
    readings = {None: "not tried", True: "holds under all", False: "depends on a reading"}[
        item.holds_under_all_readings
    ]
    return Row(
        id=item.id,
        href=f"case?id={item.id}",
        cells=[
            Cell(item.name),
            Cell(item.standing, tone=_TONES.get(item.state, "good" if item.disposition == "approved" else "bad")),
            Cell(f"{paint.ICON[tone]} {paint.WORD[item.outcome]}", tone=tone),
            due,
            Cell(f"{item.days_open(today)} d"),
            Cell(", ".join((*item.kind.values(), item.age_group, item.jurisdiction, item.urgency))),
            Cell(f"{item.start} to {item.end or 'open'}"),
            Cell(missing),
            Cell(readings, cls="soon" if item.holds_under_all_readings is False else "soft"),
        ],
    )


def _turn(page: int, pages: int) -> None:
    def go(to: int) -> None:
        st.session_state["list page"] = to

    with st.container(horizontal=True):
        st.button("First", on_click=go, args=(0,), disabled=page == 0)
        st.button("Previous", on_click=go, args=(page - 1,), disabled=page == 0)
        st.button("Next", on_click=go, args=(page + 1,), disabled=page + 1 >= pages)
        st.button("Last", on_click=go, args=(pages - 1,), disabled=page + 1 >= pages)
