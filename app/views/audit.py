"""The audit trail: who did what and when, and whether the trail is complete and unchanged."""

from __future__ import annotations

import streamlit as st
from parts import paint, session
from parts.components import Cell, Column, Row, table

from reasoner.ground.display import plain
from reasoner.review.authority import Action

_COLUMNS = (
    Column("No."),
    Column("Time (UTC)"),
    Column("Person"),
    Column("Role"),
    Column("Action"),
    Column("Request"),
    Column("Detail", long=True),
)
_PAGE = 100


def show() -> None:
    """Show the page."""
    st.title("Audit", anchor=False)
    person = session.user()
    if not person.may(Action.AUDIT):
        st.info("An administrator reads the audit trail.", icon=":material/lock:")
        return
    entries, problems = session.workplace().audit(person)
    if problems:
        st.error("The trail is not whole.", icon=":material/broken_image:")
        for problem in problems[:20]:
            st.text(plain(problem))
        return
    st.success(
        f"The trail is whole: {len(entries):,} entries, each following on the one before it.",
        icon=":material/verified:",
    )
    st.caption(
        "Keep the digest of the last entry elsewhere: with it `necessity audit verify --head` tells whether the trail was cut."
    )
    st.code(entries[0].digest, language=None, wrap_lines=True)
    left, middle, right = st.columns(3)
    who = left.selectbox("Person", ["", *sorted({e.name for e in entries})], format_func=lambda v: v or "everyone")
    what = middle.selectbox("Action", ["", *sorted({e.action for e in entries})], format_func=lambda v: v or "anything")
    about = right.text_input("Id of a request", max_chars=64)
    shown = [
        e
        for e in entries
        if (not who or e.name == who) and (not what or e.action == what) and e.subject.startswith(about)
    ]
    st.caption(f"{len(shown):,} entries" + (f", the latest {_PAGE} shown" if len(shown) > _PAGE else ""))
    rows = [
        Row(
            [
                Cell(str(e.number)),
                Cell(e.time[:19].replace("T", " ")),
                Cell(e.name),
                Cell(e.role),
                Cell(e.action),
                Cell(e.subject[:8]),
                Cell(e.detail),
            ]
        )
        for e in shown[:_PAGE]
    ]
    if rows:
        table("Entries of the audit trail", _COLUMNS, rows, key="audit")
    else:
        paint.html("document.html", about="No entry matches.", quotations=[])
