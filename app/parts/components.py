"""The three components of the workplace's own: a tree, a table and a text that saves itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from reasoner.render.text import plain

_HERE = Path(__file__).parent


def _component(name: str, html: str) -> Any:
    css = (_HERE / "chips.css").read_text() + (_HERE / f"{name}.css").read_text()
    return st.components.v2.component(
        f"necessity_{name}", html=f'<div class="root">{html}</div>', css=css, js=(_HERE / f"{name}.js").read_text()
    )


_BUTTONS = "".join(
    f'<button type="button" data-action="{action}">{action.capitalize()} all</button>' for action in ("open", "close")
)
_TREE = f'<div class="bar">{_BUTTONS}</div><div class="place"></div>'
_tree = _component("tree", _TREE)
_table = _component("table", "")
_editor = _component(
    "editor", '<label><span class="caption"></span><textarea></textarea></label><p class="state" role="status"></p>'
)


@dataclass
class Node:
    """A line of a tree; `key` is unique in it."""

    key: str
    name: str
    label: str
    how: str = ""
    word: str = ""
    tone: str = "none"
    icon: str = ""
    marks: list[str] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This line and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def tree(title: str, nodes: Sequence[Node], *, key: str, selected: str | None, opened: Sequence[str]) -> str | None:
    """Show a tree and return the key of the line that was picked last; only open branches are in the page."""
    data = {"title": title, "nodes": [asdict(node) for node in nodes], "selected": selected, "open": list(opened)}
    found = _tree(data=data, key=key, default={"selected": selected}, on_selected_change=_nothing)
    return found.selected


@dataclass
class Cell:
    """A cell of a table; with a tone it is a chip."""

    text: str
    tone: str = ""
    cls: str = ""


@dataclass
class Row:
    """A row of a table; its first cell links to `href`, and opens `id`."""

    cells: list[Cell]
    id: str = ""
    href: str = ""


@dataclass
class Column:
    """A column of a table; `sort` is what its heading asks for."""

    label: str
    sort: str = ""
    long: bool = False


def table(
    title: str, columns: Sequence[Column], rows: Sequence[Row], *, key: str, sort: str = "", descending: bool = False
) -> tuple[str | None, str | None]:
    """Show a table; gives the id of the row that was just opened and the sort that was just asked for."""
    for row in rows:
        for cell in row.cells:
            cell.text = plain(cell.text)
    data = {
        "title": title,
        "columns": [asdict(column) for column in columns],
        "rows": [asdict(row) for row in rows],
        "sort": sort,
        "descending": descending,
    }
    found = _table(data=data, key=key, on_opened_change=_nothing, on_sorted_change=_nothing)
    return found.opened, found.sorted


def editor(
    label: str,
    value: str,
    *,
    key: str,
    made: int,
    state: str,
    bad: bool = False,
    rows: int = 3,
    on_text: Callable[[], None],
) -> None:
    """Show a text to write in, which is sent while it is typed: the component's state `text` holds it, and its `made`.

    Args:
        label: what it is for.
        value: the text to begin with.
        key: of the component.
        made: a number whose change has the text begin anew with `value`.
        state: whether it is saved, in words.
        bad: whether the state is a problem.
        rows: height in lines.
        on_text: called when a text has come.
    """
    data = {
        "label": label,
        "value": value,
        "made": made,
        "state": state,
        "bad": bad,
        "rows": rows,
        "longest": 20_000,
    }
    _editor(data=data, key=key, on_text_change=on_text)


def _nothing() -> None:
    """Have the page run again."""
