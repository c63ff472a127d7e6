"""N-Quads of which something cannot be read: what can, graph by graph, and why the rest cannot."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import NamedTuple

from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import SYNTAXES, DataSet, parse_datasets

_GRAPH = re.compile(rb" <([^<>\s\"]*)> \.\s*$").search
"""Finds the graph at the end of a line."""


class NamedGraph(NamedTuple):
    """A named graph of the document, or all of a document that has none."""

    name: str
    """What it is called in errors."""
    content: DataSet | DocumentationError
    """What it says, together with the default graph; or why it cannot be read."""
    lines: bytes = b""
    """As it stands in the document, if it cannot be read."""


def graphs_apart(data: bytes, source: str) -> list[NamedGraph] | None:
    """The graphs of N-Quads, in the order in which they begin; None where it cannot be told to which one a line belongs.

    A broken line whose graph cannot be read belongs to the one around it, if the lines of each graph stand together.

    Args:
        data: the document.
        source: what to call it in errors.
    """
    shared: list[bytes] = []
    inside: list[tuple[bytes, tuple[int, bytes]]] = []
    by_graph: dict[bytes, list[tuple[int, bytes]]] = {}
    current, doubtful, together = b"", list[tuple[int, bytes]](), True
    for number, line in enumerate(data.removeprefix(BOM_UTF8).split(b"\n"), 1):
        if match := _GRAPH(line):
            if match[1] != current and doubtful:
                return None
            together &= match[1] == current or match[1] not in by_graph
            current = match[1]
            inside += [(current, one) for one in doubtful]
            doubtful = []
            by_graph.setdefault(current, []).append((number, line))
        elif line.strip() and not line.lstrip().startswith(b"#"):
            if _is_default_graph(line, source):
                shared.append(line)
            else:
                doubtful.append((number, line))
    if doubtful or not by_graph or (inside and not together):
        return None
    for graph, one in inside:
        by_graph[graph].append(one)
    parts = []
    for graph, lines in by_graph.items():
        called = f"{source} <{graph.decode(errors='replace')}>"
        try:
            found = parse_datasets(b"\n".join([*shared, *(line for _, line in lines)]), SYNTAXES[".nq"], source)
        except DocumentationError as error:
            block = b"".join(line + b"\n" for _, line in sorted(lines))
            parts.append(NamedGraph(called, _first_error(lines, called) or error, block))
        else:
            if [chart.name for chart in found] != [called]:
                return None
            parts.append(NamedGraph(called, found[0]))
    return parts


def _is_default_graph(line: bytes, source: str) -> bool:
    """Whether a line can be read, and belongs to no graph with a name."""
    try:
        return [chart.name for chart in parse_datasets(line, SYNTAXES[".nq"], source)] == [source]
    except DocumentationError:
        return False


def _first_error(lines: list[tuple[int, bytes]], source: str) -> DocumentationError | None:
    """Why the first line with an error cannot be read; None if each can be by itself."""
    for number, line in sorted(lines):
        try:
            parse_datasets(line, SYNTAXES[".nq"], source, first=number)
        except DocumentationError as error:
            return error
    return None
