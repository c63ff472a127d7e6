"""The worklist: queues of requests with what is due, who has them and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, TypedDict, TypeVar
from urllib.parse import urlencode

import streamlit as st
from parts import assignment, criteria, paint, session
from parts.components import Cell, Column, Row, opened, table, ticked

from reasoner.ground.errors import UsageError
from reasoner.render.wording import due_words
from reasoner.review.authority import Action
from reasoner.review.steps import CaseState
from reasoner.workplace import selection
from reasoner.workplace.selection import QUEUES, Queue, Selection, Viewer
from reasoner.workplace.worklist import WorklistItem

_Made = TypeVar("_Made")
_PAGE = 50
_COLUMNS = (
    Column("Request", "name", long=True),
    Column("Due", "due"),
    Column("State", "state"),
    Column("Recommended", "outcome"),
    Column("With", "assigned"),
    Column("Missing", "missing"),
    Column("Program", wide=True),
    Column("Kind", "kind", wide=True),
    Column("Service", "start", wide=True),
)
_TONES = {
    CaseState.OPEN: "open",
    CaseState.DOCUMENTATION_RETURNED: "open",
    CaseState.REFERRED_TO_PEER: "clash",
    CaseState.PEER_TO_PEER: "clash",
    CaseState.APPEALED: "clash",
    CaseState.UPHELD: "bad",
    CaseState.OVERTURNED: "good",
}
_ORDERS = {
    "due": "due first",
    "received": "received first",
    "name": "request",
    "member": "member",
    "assigned": "who has it",
    "state": "state",
    "outcome": "recommended",
    "missing": "fewest missing",
    "start": "service start",
    "kind": "kind",
    "age_group": "age group",
    "jurisdiction": "plan regulated in",
}


class _Bound(TypedDict):
    bind: Literal["query-params"]
    persist_state: Literal["session"]


_BOUND: _Bound = {"bind": "query-params", "persist_state": "session"}
"""What keeps a filter in the address, and when a person comes back to the page."""


def show() -> None:
    """Show the page."""
    _come_back()
    if request := opened(_table_key()):
        st.switch_page(st.session_state["case page"], query_params=session.address(request))
    workplace, person = session.workplace(), session.user()
    items = workplace.items(person)
    viewer = Viewer(
        person=person.iri,
        now=datetime.now(workplace.settings.time_zone).replace(second=0, microsecond=0),
        assignments=workplace.team.assignments(person),
        drafts=workplace.drafts.subjects(person.iri),
        to_assess=workplace.to_assess(person),
    )
    heading = st.container(horizontal=True, vertical_alignment="bottom")
    heading.title("Worklist", width="content", anchor=False)
    if not items:
        st.info(
            "There is no request yet. Those that come in are shown here, the first due first.", icon=":material/inbox:"
        )
        if person.may(Action.TAKE_IN):
            st.page_link(st.session_state["new page"], label="Take in a new request", icon=":material/note_add:")
        st.caption("An administrator can load charts, on the page Batch or with `necessity kb load`.")
        return
    with heading:
        sizes = _kept("sizes of queues", (items, viewer), lambda: viewer.sizes(items)).items()
        paint.html("queues.html", sizes=[(QUEUES[queue], size) for queue, size in sizes if size])
    queue = _queue()
    chosen = _choose(items, queue, viewer)
    st.session_state["list address"] = {name: st.query_params.get_all(name) for name in st.query_params}
    matching = _kept("matching", (items, viewer, chosen), lambda: selection.select(items, chosen, viewer))
    pages = -(-len(matching) // _PAGE)
    page = min(st.session_state.get("list page", 0), max(0, pages - 1))
    shown = matching[page * _PAGE : (page + 1) * _PAGE]
    st.session_state["queue ids"] = [item.id for item in matching]
    if not matching:
        _nothing(chosen, selection.facets(workplace.policy.axes))
        return
    rows = [_row(item, viewer) for item in shown]
    table(
        "Requests",
        _COLUMNS,
        rows,
        key=_table_key(),
        sort=chosen.sort,
        descending=chosen.descending,
        choose=person.may(Action.ASSIGN),
        on_sort=_sort,
    )
    _counts(items, matching, page, pages)


def _kept(name: str, of: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
    """What was made last under a name in this session, if it was made of the same; else it is made anew."""
    kept: tuple[tuple[object, ...], _Made] | None = st.session_state.get(name)
    if kept is None or kept[0] != of:
        kept = st.session_state[name] = (of, make())
    return kept[1]


def _come_back() -> None:
    """Take the filters that were chosen, where Back leads to the address that opened a request, which names nothing else."""
    if "id" in st.query_params:
        others = {name: st.query_params.get_all(name) for name in st.query_params if name != "id"}
        st.query_params.from_dict(others | st.session_state.get("list address", {}))
        st.rerun()


def _queue() -> Queue:
    """Show the queues; the one that is chosen."""
    chosen: str = st.segmented_control(
        "Queue",
        [queue.value for queue in QUEUES],
        key="queue",
        default=Queue.OPEN.value,
        required=True,
        format_func=lambda name: QUEUES[Queue(name)],
        label_visibility="collapsed",
        **_BOUND,
    )
    return Queue(chosen)


def _choose(items: list[WorklistItem], queue: Queue, viewer: Viewer) -> Selection:
    """Show the filters, and return them as the person, the address or a saved view has set them."""
    state = st.session_state
    with st.container(key="list controls"):
        search, order, more, assign = st.columns([5, 2, 1.6, 1.6], vertical_alignment="bottom")
    text = search.text_input(
        "Search",
        key="text",
        max_chars=200,
        placeholder="Search member, reference, author, program or criterion",
        label_visibility="collapsed",
        **_BOUND,
    )
    sort = order.selectbox(
        "Order", list(_ORDERS), key="sort", format_func=_ORDERS.__getitem__, label_visibility="collapsed", **_BOUND
    )
    facets = selection.facets(session.workplace().policy.axes)
    known = _kept("values of facets", (items,), lambda: {facet: selection.values(items, facet) for facet in facets})
    chosen: dict[str, frozenset[str]] = {}
    # A page that was just loaded has its filters in the address alone.
    names = (*facets, "depends", "drafts", "due")
    active = sum(state[name] not in ("any", False, []) if name in state else name in st.query_params for name in names)
    with more.popover(f"Filters ({active})" if active else "Filters", width="stretch"):
        _views(facets)
        within = st.selectbox("Due", list(_DUE), key="due", format_func=_DUE.__getitem__, **_BOUND)
        drafts = st.checkbox("Those I have a draft of", key="drafts", **_BOUND)
        depends = st.checkbox("Outcome depends on a reading", key="depends", **_BOUND)
        for facet, label in facets.items():
            options = sorted({*known[facet], *state.get(facet, [])})
            values = st.multiselect(
                label, options, key=facet, format_func=lambda value: paint.WORD.get(value, value), **_BOUND
            )
            chosen[facet] = frozenset(values)
    if session.user().may(Action.ASSIGN):
        chosen_ids = ticked(_table_key())
        known_ids = {item.id for item in items} if chosen_ids else set()
        with assign:
            assignment.many([id_ for id_ in chosen_ids if id_ in known_ids], viewer.assignments)
    return Selection(
        queue=queue,
        text=text,
        facets=chosen,
        due_within=None if within == "any" else int(within),
        depends=depends,
        drafts=drafts,
        sort=sort,
        descending=state.get("descending", False),
    )


def _sort(by: str) -> None:
    """Order the list by a column, or the other way round if it is ordered by it already."""
    state = st.session_state
    state["descending"] = by == state.get("sort") and not state.get("descending", False)
    state["sort"] = by


_DUE = {"any": "any time", "0": "today or overdue", "3": "within 3 days", "7": "within 7 days"}


def _table_key() -> str:
    """The key of the table: another one after each assignment, so that nothing stays ticked."""
    return f"worklist {st.session_state.get('assigned', 0)}"


_EMPTY = {
    Queue.MINE: (
        "You have no request. Claim one that nobody has: open it, or tick some and assign them.",
        Queue.UNASSIGNED,
    ),
    Queue.PANEL: ("You are asked to assess no request in a panel.", Queue.OPEN),
    Queue.UNASSIGNED: ("Every open request is with somebody.", Queue.OPEN),
    Queue.WITH_PEER: ("No request waits for a clinical peer.", Queue.OPEN),
    Queue.RETURNED: (
        "No documentation has come back. What arrives is added on the page Read of its request, and recorded there as returned.",
        Queue.OPEN,
    ),
    Queue.OVERDUE: ("Nothing is overdue.", Queue.OPEN),
    Queue.OPEN: ("Every request is decided or withdrawn.", Queue.ALL),
}
"""What is said of each queue that is empty, and the queue that is offered in its place."""


def _nothing(chosen: Selection, facets: Iterable[str]) -> None:
    """Say that no request matches, and how to see some."""
    state = st.session_state

    def go(queue: Queue) -> None:
        state["queue"] = queue.value

    def take_away() -> None:
        for facet in facets:
            state[facet] = []
        state["text"], state["due"], state["depends"], state["drafts"] = "", "any", False, False

    narrowed = chosen.text or any(chosen.facets.values()) or chosen.due_within is not None
    if narrowed or chosen.depends or chosen.drafts:
        st.info("No request matches in this queue.", icon=":material/filter_alt_off:")
        with st.container(horizontal=True):
            st.button("Take the filters away", on_click=take_away)
            if chosen.queue is not Queue.ALL:
                st.button("Look among all requests, closed ones too", on_click=go, args=(Queue.ALL,))
        return
    said, other = _EMPTY[chosen.queue]
    st.info(said, icon=":material/inbox:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(f"Show the queue “{QUEUES[other]}”", on_click=go, args=(other,))
        if session.user().may(Action.TAKE_IN):
            st.page_link(st.session_state["new page"], label="Take in a new request", icon=":material/note_add:")


def _views(facets: Iterable[str]) -> None:
    """Show the saved views: before the filters, which a view sets."""
    workplace, person, state = session.workplace(), session.user(), st.session_state
    views = workplace.drafts.views(person.iri)

    def apply() -> None:
        name = state.get("view")
        try:
            chosen = Selection.from_json(views[name]) if name in views else Selection()
        except UsageError:
            chosen = Selection()
        for facet in facets:
            state[facet] = sorted(chosen.facets.get(facet, ()))
        state["queue"], state["text"] = chosen.queue.value, chosen.text
        state["due"] = "any" if chosen.due_within is None else str(chosen.due_within)
        state["depends"], state["drafts"] = chosen.depends, chosen.drafts
        state["sort"], state["descending"], state["list page"] = chosen.sort, chosen.descending, 0

    st.selectbox("Saved view", ["", *views], key="view", on_change=apply, format_func=lambda view: view or "none")
    st.text_input("Save what is shown as", key="view name", max_chars=60)

    def save() -> None:
        title = state["view name"].strip()
        if not title:
            return
        within = state.get("due", "any")
        chosen = Selection(
            queue=Queue(state.get("queue", Queue.OPEN)),
            text=state.get("text", ""),
            facets={facet: frozenset(state.get(facet, [])) for facet in facets},
            due_within=None if within == "any" else int(within),
            depends=state.get("depends", False),
            drafts=state.get("drafts", False),
            sort=state.get("sort", "due"),
            descending=state.get("descending", False),
        )
        workplace.drafts.save_view(person.iri, title, chosen.to_json())
        state["view"], state["view name"] = title, ""

    def remove() -> None:
        workplace.drafts.remove_view(person.iri, state["view"])
        state["view"] = ""
        apply()

    with st.container(horizontal=True):
        st.button("Save view", on_click=save)
        st.button("Remove view", on_click=remove, disabled=not state.get("view"))
        st.button("Refresh", on_click=workplace.refresh, help="Read what another program has changed")


def _row(item: WorklistItem, viewer: Viewer) -> Row:
    due = Cell("" if item.state.closed else "no due date", cls="soft")
    if item.due and item.deadline:
        tense = "late" if item.is_overdue(viewer.now) else "soon" if (item.days_left(viewer.today) or 0) <= 1 else ""
        waits = "documentation is out" if item.deadline.waits_until else ""
        due = Cell(due_words(item.deadline, viewer.now), cls=tense, note=waits)
    tone = paint.tone(item.outcome)
    outcome = f"{paint.ICON[tone]} {paint.WORD[item.outcome]}"
    if item.holds_under_all_readings is False:
        outcome += " ±"
    has = viewer.assignments.get(item.id)
    mine = has is not None and has.person == viewer.person
    return Row(
        id=item.id,
        href=f"case?{urlencode(session.address(item.id))}",
        cells=[
            Cell(item.title),
            due,
            Cell(item.standing, tone=_TONES.get(item.state, _decided(item))),
            Cell(outcome, tone=tone, note="depends on a reading" if outcome.endswith("±") else ""),
            Cell("me" if mine else has.name if has else "nobody", cls="" if has else "soft"),
            criteria.gap(item.missing),
            Cell(item.program),
            Cell(
                ", ".join(
                    word for word in (*item.kind.values(), item.age_group, item.jurisdiction, item.urgency) if word
                )
            ),
            Cell(f"{item.start} to {item.end or 'open'}"),
        ],
    )


def _decided(item: WorklistItem) -> str:
    if item.state is not CaseState.DECIDED:
        return "none"
    return "good" if item.disposition == "approved" else "bad"


def _counts(items: list[WorklistItem], matching: list[WorklistItem], page: int, pages: int) -> None:
    """Show how many requests are shown and what they come to, and turn pages."""
    outcomes = Counter(item.outcome for item in matching)
    paint.html("counts.html", shown=len(matching), total=len(items), outcomes=sorted(outcomes.items()))
    if pages < 2:
        return

    def go(to: int) -> None:
        st.session_state["list page"] = to

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("First", on_click=go, args=(0,), disabled=page == 0)
        st.button("Previous", on_click=go, args=(page - 1,), disabled=page == 0)
        st.text(f"Page {page + 1} of {pages}")
        st.button("Next", on_click=go, args=(page + 1,), disabled=page + 1 >= pages)
        st.button("Last", on_click=go, args=(pages - 1,), disabled=page + 1 >= pages)
