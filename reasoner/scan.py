"""Scanning: N-Quads in which each named graph is a data set, read as they come, with memory for one at a time.

Lines as any serializer writes them are cut without a parser. A graph in which one line is written otherwise is given
to pyoxigraph, whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from reasoner import graphs, terms
from reasoner.errors import NecessityError
from reasoner.terms import Nodes, Term

# IRIs that need no closer look: a scheme, an authority with at most a port, path, query and fragment of plain characters.
_PLAIN = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]"
_AUTHORITY = r"(?://[A-Za-z0-9._~-]*(?::[0-9]*)?(?=[/?#>])|(?!//))"
_IRI = rf"<[A-Za-z][A-Za-z0-9+.-]*:{_AUTHORITY}{_PLAIN}*(?:\?{_PLAIN}*)?(?:#{_PLAIN}*)?>"
_SOUND_IRI = re.compile(_IRI).fullmatch
_SOUND_TYPED = re.compile(rf'"[^"\\\x00-\x1f\x7f]*"\^\^(?!<http://www\.w3\.org/2001/XMLSchema#string>){_IRI}').fullmatch
_SOUND_TEXT = re.compile(r'"(?:[^"\\]|\\["\\nr])*"').fullmatch
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]").search  # recorded with escapes
_KEPT = 16384
_STEP = 16384


@dataclass(frozen=True)
class Found:
    """A data set of a stream."""

    graph: str
    """IRI of its named graph; empty for what stands in none."""
    nodes: Nodes
    error: NecessityError | None
    """Why it cannot be read, if it cannot."""
    text: str = field(repr=False)
    """Its lines."""
    content: str | None = None
    """The data set as canonical N-Triples, if it is known to be declared throughout."""


class Scanner:
    """Cuts N-Quads; remembers the terms that it has found to be sound.

    Args:
        declares: whether a term is one that a chart may use.
    """

    def __init__(self, declares: Callable[[Term], bool]) -> None:
        self._declares = declares
        self._sound: set[Term] = set()
        self._canonical = True
        """Whether the terms of the graph at hand are all written as they are recorded."""

    def data_sets(self, text: str, source: str) -> Iterator[Found]:
        """The data sets of whole lines of N-Quads, each a run of lines with one graph.

        Args:
            text: the lines.
            source: what to call it in errors.
        """
        start, total = 0, len(text)
        while start < total:
            end = text.find("\n", start) + 1 or total
            tail, graph = _tail(text[start:end].removesuffix("\n"))
            lines: list[str] = []
            if tail:
                end, lines = _run(text, f"{tail}\n", start, end)
            block = text[start:end]
            nodes = self._group(lines) if lines and _SOUND_IRI(tail[1:-2]) else None
            yield self._found(graph, nodes, lines, block, source)
            start = end

    def _group(self, lines: list[str]) -> Nodes | None:
        """The triples of lines without their graph, by subject; None if one is not written plainly."""
        nodes: Nodes = {}
        values: list[Term] = []
        last, props = "", {}
        try:
            for subject, predicate, value in [line.split(" ", 2) for line in lines]:
                if subject != last:
                    props = nodes.get(subject)
                    if props is None:
                        props = nodes[subject] = {}
                    last = subject
                if predicate not in props:
                    props[predicate] = [value]
                elif value not in props[predicate]:
                    props[predicate].append(value)
                values.append(value)
        except ValueError:  # a line of fewer parts
            return None
        self._canonical = True
        for subject in nodes:
            if not (_SOUND_IRI(subject) and self._declares(subject)):
                return None
        for predicate in set().union(*nodes.values()) - self._sound:
            if not (_SOUND_IRI(predicate) and self._sounds(predicate)):
                return None
        for value in set(values).difference(self._sound, nodes):
            if value[-1:] == '"':
                plain = value.count('"') == 2 and value[0] == '"' and "\\" not in value
                if len(value) > graphs.MAX_LITERAL or not (plain or _SOUND_TEXT(value)):
                    return None
                if not value.isprintable() and _CONTROL(value):
                    return None
            elif not self._sounds(value):
                return None
        return nodes

    def _sounds(self, term: Term) -> bool:
        """Whether a term needs no parser and is written as it is recorded; if so it is remembered."""
        if _SOUND_IRI(term):
            if not self._declares(term):
                return False
        elif not _SOUND_TYPED(term):
            return False
        elif terms.canonical(term) != term:
            self._canonical = False
            return True
        if len(self._sound) > _KEPT:
            self._sound.clear()
        self._sound.add(term)
        return True

    def _found(self, graph: str, nodes: Nodes | None, lines: list[str], block: str, source: str) -> Found:
        if nodes is not None:
            content = " .\n".join(sorted(lines)) + " .\n" if self._canonical else None
            return Found(graph, nodes, None, block, content)
        try:
            sets = graphs.parse_datasets(block.encode(), ox.RdfFormat.N_QUADS, source)
        except NecessityError as error:
            return Found(graph, {}, error, block)
        # Several, or something in none: the lines do not stand graph by graph.
        names = {str(quad.graph_name) for quad in ox.parse(input=block.encode(), format=ox.RdfFormat.N_QUADS)}
        alone = bool(graph) and names == {f"<{graph}>"}
        return Found(graph if alone else "", sets[0].nodes, None, block)


def _run(text: str, tail: str, start: int, end: int) -> tuple[int, list[str]]:
    """Where the lines from a place on that end with a tail end, and the lines without it.

    Args:
        text: the lines.
        tail: the tail, with the end of the line.
        start: where the first line begins.
        end: where it ends.
    """
    far = end
    while (found := text.rfind(tail, far, far + _STEP)) >= 0:
        far = found + len(tail)
    lines = text[start:far].removesuffix(tail).split(tail)
    if text.count("\n", start, far) == len(lines):
        return far, lines
    while (following := text.find("\n", end) + 1) and text.endswith(tail, end, following):
        end = following  # other graphs stand between: line by line
    return end, text[start:end].removesuffix(tail).split(tail)


def _tail(line: str) -> tuple[str, str]:
    """How the lines of a graph end, and its IRI; empty if the line is not written plainly."""
    cut = line.rfind(" <")
    if cut < 0 or not line.endswith("> ."):
        return "", ""
    return line[cut:], line[cut + 2 : -3]
