"""N-Quads of which something cannot be read: what can, graph by graph, and why the rest cannot."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import NamedTuple

import pyoxigraph as ox

from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import SYNTAXES, DataSet, parse_datasets
from reasoner.rdf.terms import Nodes

_GRAPH = re.compile(rb" <([^<>\s\"]*)> \.\s*$").search
"""Finds the graph at the end of a line."""
_TELLING = re.compile(rb"^[ \t\r\f\v]*+[^\s#][^\n]*", re.MULTILINE).finditer
"""Finds the lines that are neither blank nor a comment; possessive, since of blank lines there may be millions."""


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

    If the lines of each graph stand together, a broken line whose graph cannot be read belongs to the one before it, and the one
    behind it is rejected too, unless it is the same: the line may be of that.

    Args:
        data: the document.
        source: what to call it in errors.
    """
    shared: list[bytes] = []
    by_graph: dict[bytes, list[tuple[int, bytes]]] = {}
    behind: dict[bytes, int] = {}
    current, doubtful = b"", list[tuple[int, bytes]]()
    together, told = True, True
    for number, line in _telling(data.removeprefix(BOM_UTF8)):
        graph = _graph_of(line, source)
        if graph is None:
            doubtful.append((number, line))
            told = False
        elif not graph:
            shared.append(line)
        else:
            together &= graph == current or graph not in by_graph
            lines = by_graph.setdefault(graph, [])
            if doubtful and current not in (b"", graph):
                behind[graph] = doubtful[-1][0]
            by_graph[current or graph] += doubtful
            current, doubtful = graph, []
            lines.append((number, line))
    if not by_graph or not (together or told):
        return None
    by_graph[current] += doubtful
    parts = []
    for graph, lines in by_graph.items():
        called = f"{source} <{graph.decode(errors='replace')}>"
        found: list[DataSet] | DocumentationError
        try:
            found = parse_datasets(b"\n".join([*shared, *(line for _, line in lines)]), SYNTAXES[".nq"], source)
        except DocumentationError as error:
            found = _first_error(lines, called) or error
        else:
            if [chart.name for chart in found] != [called]:
                return None
            if graph in behind:
                found = may_be_of(called, behind[graph])
        if isinstance(found, DocumentationError):
            parts.append(NamedGraph(called, found, b"".join(line + b"\n" for _, line in sorted(lines))))
        else:
            parts.append(NamedGraph(called, found[0]))
    return parts


def are_told(block: bytes, graph: str, source: str) -> list[bool] | None:
    """Of each line of N-Quads that says something whether its graph can be told; None if one is of another graph, or of none.

    Args:
        block: the lines.
        graph: IRI of the graph.
        source: what to call them in errors.
    """
    graphs = [_graph_of(line, source) for _, line in _telling(block)]
    return None if {*graphs} - {graph.encode(), None} else [found is not None for found in graphs]


def may_be_of(graph: str, line: int) -> DocumentationError:
    """Why a graph is rejected behind a line of which it cannot be told whether it belongs to it.

    Args:
        graph: what it is called.
        line: the number of the line.
    """
    return DocumentationError(
        f"line {line}, which cannot be read, may be of this graph", where=graph, mend="Mend the line"
    )


def nodes(lines: bytes) -> Nodes:
    """What the lines of N-Quads say that can be read, in whatever graph."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for quad in _readable(lines):
        found.setdefault(str(quad.subject), {}).setdefault(str(quad.predicate), {})[str(quad.object)] = None
    return {node: {name: [*values] for name, values in facts.items()} for node, facts in found.items()}


def _readable(lines: bytes) -> Iterator[ox.Quad]:
    for _, line in _telling(lines.removeprefix(BOM_UTF8)):
        try:
            yield from ox.parse(line, format=ox.RdfFormat.N_QUADS)
        except (SyntaxError, ValueError, MemoryError):  # the last of a line that is too long for the parser
            continue


def _telling(lines: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that say something, with their numbers."""
    number, at = 1, 0
    for found in _TELLING(lines):
        number, at = number + lines.count(b"\n", at, found.start()), found.start()
        yield number, found[0]


def _graph_of(line: bytes, source: str) -> bytes | None:
    """The graph of a line, empty if that has no name; None if it cannot be told."""
    if match := _GRAPH(line):
        return match[1]
    try:
        (found,) = parse_datasets(line, SYNTAXES[".nq"], source)
    except DocumentationError:
        return None
    return found.name.removeprefix(source)[2:-1].encode()


def _first_error(lines: list[tuple[int, bytes]], source: str) -> DocumentationError | None:
    """Why the first line with an error cannot be read; None if each can be by itself."""
    for number, line in sorted(lines):
        try:
            parse_datasets(line, SYNTAXES[".nq"], source, first=number)
        except DocumentationError as error:
            return error
    return None
