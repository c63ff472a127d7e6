"""The browser components that the workplace brings: a tree, a table and a text field that saves itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from reasoner.ground.display import plain

_HERE = Path(__file__).parent
_Component = Callable[..., Any]
"""What Streamlit makes of a component: called, it puts one into the page and returns the state that the page sent."""


def _component(name: str, html: str) -> _Component:
    css = (_HERE / "chips.css").read_text() + (_HERE / f"{name}.css").read_text()
    component: _Component = st.components.v2.component(
        f"necessity_{name}", html=f'<div class="root">{html}</div>', css=css, js=(_HERE / f"{name}.js").read_text()
    )
    return component


_BUTTONS = "".join(
    f'<button type="button" data-action="{action}">{action.capitalize()} all</button>' for action in ("open", "close")
)
_TREE = f'<div class="bar">{_BUTTONS}</div><div class="place"></div>'
_tree = _component("tree", _TREE)
_table = _component("table", "")
_editor = _component(
    "editor", '<label><span class="caption"></span><textarea></textarea></label><p class="state" role="status"></p>'
)
_KEYS = {
    "Everywhere": {"Tab": "go on to the next control", "?": "show this list"},
    "Worklist": {"↑ ↓": "go from request to request", "Enter": "open it", "x": "tick it, to assign it with others"},
    "Case": {
        "n p": "next and previous criterion that is open, conflicting or not met",
        "↑ ↓": "in the list of criteria: the line above and below",
        "→ ←": "open and close a group",
        "Enter": "show what the chart says of it",
    },
    "Read": {
        "n p": "next and previous sentence",
        "u": "use the words that are selected, else the sentence",
        "r": "reject the sentence for this criterion",
    },
}
"""What each key does, by the page on which it does it."""


def _key_list() -> str:
    parts = []
    for page, keys in _KEYS.items():
        lines = "".join(
            f"<dt>{' '.join(f'<kbd>{one}</kbd>' for one in names.split())}</dt><dd>{does}</dd>"
            for names, does in keys.items()
        )
        parts.append(f"<h3>{page}</h3><dl>{lines}</dl>")
    return f"<header><h2 id='keys'>Keys</h2><button type='button'>Close</button></header>{''.join(parts)}"


_SHELL = "shell"
_shell = _component(_SHELL, f'<dialog aria-labelledby="keys">{_key_list()}</dialog>')


def shell(place: str, on_criterion: Callable[[str], None]) -> None:
    """Put into the page what every page has: the focus on its heading, the list of keys, and links to criteria.

    Args:
        place: the heading gets the focus once, whenever this is another than before.
        on_criterion: called with the id of a criterion when a link to it (``data-criterion``) is followed.
    """

    def follow() -> None:
        criterion = st.session_state[_SHELL].criterion
        if criterion:
            on_criterion(criterion)

    _shell(data={"place": place}, key=_SHELL, on_criterion_change=follow)


_BAR = "".join(
    f'<button type="button" data-act="{act}"{css}>{label}<kbd>{key}</kbd></button>'
    for act, label, key, css in (
        ("previous", "Previous", "p", ""),
        ("next", "Next", "n", ""),
        ("use", "Use selection or sentence", "u", ' class="main"'),
        ("reject", "Does not speak to it", "r", ""),
    )
)
_reader = _component(
    "reader",
    f'<div class="bar"><p class="status" role="status"></p>{_BAR}</div><div class="text" tabindex="0" role="document"></div>',
)


@dataclass
class Node:
    """A line of a tree."""

    key: str
    """Unique in the tree."""
    name: str
    """The short name that stands first, such as a criterion's notation."""
    label: str
    how: str = ""
    """How the parts combine."""
    word: str = ""
    """The status."""
    tone: str = "none"
    """A key of `paint.ICON`."""
    icon: str = ""
    marks: list[str] = field(default_factory=list)
    """Short notes at the end of the line."""
    parts: list[Node] = field(default_factory=list)

    def to_data(self) -> dict[str, Any]:
        """This line and all below it, as the page takes them."""
        return {**vars(self), "parts": [part.to_data() for part in self.parts]}

    def walk(self) -> Iterator[Node]:
        """This line and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def tree(title: str, nodes: Sequence[Node], *, key: str, selected: str | None, opened: Sequence[str]) -> str | None:
    """Show a tree, of which the page holds only open branches.

    Args:
        title: its name for screen readers.
        nodes: the lines at the top.
        key: of the component.
        selected: key of the line that is picked until the person picks another.
        opened: keys of the branches that are open at first.

    Returns:
        The key of the line that was picked just now; None if none was.
    """
    data = {"title": title, "nodes": [node.to_data() for node in nodes], "selected": selected, "open": list(opened)}
    state = _tree(data=data, key=key, on_picked_change=_nothing)
    picked: str | None = state.picked
    return picked


@dataclass
class Cell:
    """A cell of a table; with a tone it is a chip."""

    text: str
    tone: str = ""
    cls: str = ""
    note: str = ""
    """What is said of it when someone points at it or has it read out."""


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
    """Whether its texts may take several lines."""
    wide: bool = False
    """Whether it is shown only where there is room for it."""


def table(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    key: str,
    sort: str = "",
    descending: bool = False,
    choose: bool = False,
    on_sort: Callable[[str], None] | None = None,
) -> None:
    """Show a table; `opened` says which row was just opened, `ticked` which rows are ticked.

    Args:
        title: its name for screen readers.
        columns: the headings.
        rows: as many cells each as there are columns; their text is made safe to show.
        key: of the component.
        sort: the `Column.sort` by which the rows are sorted.
        descending: whether they are sorted from the largest to the smallest.
        choose: whether rows can be ticked.
        on_sort: called with the `Column.sort` whose heading was pressed, before the page is drawn again.
    """

    def sort_by() -> None:
        asked = st.session_state[key].sorted
        if asked and on_sort:
            on_sort(asked)

    for row in rows:
        for cell in row.cells:
            cell.text = plain(cell.text)
    data = {
        "title": title,
        "columns": [vars(column) for column in columns],
        "rows": [{**vars(row), "cells": [vars(cell) for cell in row.cells]} for row in rows],
        "sort": sort,
        "descending": descending,
        "choose": choose,
        "chosen": ticked(key) if choose else (),
    }
    _table(
        data=data,
        key=key,
        default={"chosen": []},
        on_opened_change=_nothing,
        on_sorted_change=sort_by,
        on_chosen_change=_nothing,
    )


def opened(key: str) -> str:
    """Id of the row that was just opened in the table with a key, or nothing; known before the table is shown again."""
    state = st.session_state.get(key) or {}
    return state.get("opened") or ""


def ticked(key: str) -> tuple[str, ...]:
    """Ids of the rows that are ticked in the table with a key."""
    state = st.session_state.get(key) or {}
    return tuple(state.get("chosen") or ())


@dataclass
class Place:
    """A sentence that may speak to a criterion, in the order in which a person goes through them."""

    start: int
    end: int
    here: bool
    """Whether it stands in the text that is shown."""
    cues: str = ""
    """Kinds of cues, in words."""
    also: str = ""
    """Where it stands besides, or that it is in another document."""


@dataclass
class TextPage:
    """A page of a text."""

    number: int
    parts: list[tuple[str, int, str, str, int]]
    """The words, their first code point, classes of the style sheet, a title, and the number of a place or -1."""


@dataclass
class Asked:
    """What a person asked for in a text, each None if nothing."""

    picked: dict[str, int] | None
    """The code points `start` to `end`, and the `index` of a place or -1."""
    rejected: int | None
    turned: int | None
    """The place in another document that they went on to."""


def reader(
    title: str, pages: Sequence[TextPage], places: Sequence[Place], *, key: str, version: str, now: int, may: bool
) -> Asked:
    """Show a text with its marked sentences.

    Args:
        title: its name for screen readers.
        pages: the pages.
        places: the sentences to go through.
        key: of the component.
        version: with another one, it goes to the place `now`.
        now: the place to begin with.
        may: whether the person may use and reject sentences.
    """
    shown = [asdict(page) for page in pages]
    data = {
        "title": title,
        "pages": shown,
        "places": [asdict(place) for place in places],
        "version": version,
        "drawn": hash(str(shown)),
        "now": now,
        "may": may,
        "none": "No sentence is suggested. Select any text and press u.",
    }
    state = _reader(
        data=data, key=key, on_picked_change=_nothing, on_rejected_change=_nothing, on_turned_change=_nothing
    )
    return Asked(state.picked, state.rejected, state.turned)


def editor(
    label: str,
    value: str,
    *,
    key: str,
    version: int,
    state: str,
    bad: bool = False,
    rows: int = 3,
    on_text: Callable[[], None],
) -> None:
    """Show a text field that is saved while someone types.

    The component's state `text` is what the page sent last: the `text`, and the `version` of the field that it was typed in.

    Args:
        label: what it is for.
        value: the text to begin with.
        key: of the component.
        version: a number; with another the field starts with `value` again.
        state: whether it is saved, in words.
        bad: whether the state is a problem.
        rows: height in lines.
        on_text: called when a text has come.
    """
    data = {
        "label": label,
        "value": value,
        "version": version,
        "state": state,
        "bad": bad,
        "rows": rows,
        "longest": 20_000,
    }
    _editor(data=data, key=key, on_text_change=on_text)


def _nothing() -> None:
    """Do nothing: a callback is what makes the page run again."""
