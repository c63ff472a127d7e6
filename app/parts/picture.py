"""Pictures of graphs, as text in the DOT language."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from reasoner.ground.display import plain

_LONGEST = 60
_WIDEST = 22
"""Characters in a line of a node."""


def dot(edges: Iterable[tuple[str, str, str]], *, names: Mapping[str, str] | None = None, marked: str = "") -> str:
    """A directed graph of labelled edges between nodes, as text in the DOT language.

    Args:
        edges: the node that each edge comes from, its label, and the node that it goes to.
        names: what to write on a node; by default the node itself.
        marked: a node that stands out.
    """
    edges, names = list(edges), names or {}
    nodes = {node: f"n{number}" for number, node in enumerate(dict.fromkeys(n for a, _, b in edges for n in (a, b)))}
    lines = [
        'digraph { rankdir=LR bgcolor="transparent"',
        'node [shape=box style="rounded,filled" fillcolor="#eef2f6" color="#4d5864" fontcolor="#1b2430"]',
        'node [fontname="sans-serif" fontsize=11]',
        'edge [color="#7d8896" fontcolor="#7d8896" fontname="sans-serif" fontsize=9]',
    ]
    for node, id_ in nodes.items():
        fill = ' fillcolor="#dfeaf4" penwidth=2' if node == marked else ""
        lines.append(f"{id_} [label={_quoted(names.get(node, node), _WIDEST)}{fill}]")
    lines += [f"{nodes[a]} -> {nodes[b]} [label={_quoted(label)}]" for a, label, b in edges]
    return "\n".join([*lines, "}"])


def _quoted(text: str, width: int = _LONGEST) -> str:
    text = plain(text)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    lines = textwrap.wrap(text.replace("\\", "\\\\").replace('"', '\\"'), width, break_long_words=False)
    return '"' + "\\n".join(lines) + '"'
