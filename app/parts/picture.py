"""Pictures of graphs, as text in the DOT language."""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.ground.display import plain

_LONGEST = 60


def dot(edges: Iterable[tuple[str, str, str]], *, marked: str = "") -> str:
    """A directed graph of labelled edges; a node that is `marked` stands out."""
    edges = list(edges)
    names = {name: f"n{number}" for number, name in enumerate(dict.fromkeys(n for a, _, b in edges for n in (a, b)))}
    lines = [
        'digraph { rankdir=LR bgcolor="transparent"',
        'node [shape=box style="rounded,filled" fillcolor="#eef2f6" color="#4d5864" fontcolor="#1b2430"]',
        'node [fontname="sans-serif" fontsize=11]',
        'edge [color="#7d8896" fontcolor="#7d8896" fontname="sans-serif" fontsize=9]',
    ]
    for name, node in names.items():
        fill = ' fillcolor="#dfeaf4" penwidth=2' if name == marked else ""
        lines.append(f"{node} [label={_quoted(name)}{fill}]")
    lines += [f"{names[a]} -> {names[b]} [label={_quoted(label)}]" for a, label, b in edges]
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    text = plain(text)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
