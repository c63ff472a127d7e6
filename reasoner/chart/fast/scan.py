"""Scanning: N-Quads in which each named graph is a data set, read as they come, with memory for one at a time.

Lines as any serializer writes them are cut without a parser. A graph in which one line is written otherwise is given
to pyoxigraph, whole.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import pyoxigraph as ox

from reasoner.chart.fast.chart import Nodes
from reasoner.chart.fast.layout import VARYING, Layout, Layouts
from reasoner.ground.errors import NecessityError
from reasoner.rdf import parsing, terms
from reasoner.rdf.terms import Term

# IRIs that need no closer look: a scheme, an authority with at most a port, path, query and fragment of plain characters.
_PLAIN = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]"
_AUTHORITY = r"(?://[A-Za-z0-9._~-]*(?::[0-9]*)?(?=[/?#>])|(?!//))"
_IRI = rf"<[A-Za-z][A-Za-z0-9+.-]*:{_AUTHORITY}{_PLAIN}*(?:\?{_PLAIN}*)?(?:#{_PLAIN}*)?>"
_SOUND_IRI = re.compile(_IRI).fullmatch
# Those of text are written without one, or with a language.
_OF_TEXT = r"<http://www\.w3\.org/(?:2001/XMLSchema#string|1999/02/22-rdf-syntax-ns#(?:dirL|l)angString)>"
_SOUND_TYPED = re.compile(rf'"[^"\\\x00-\x1f\x7f\ufffe\uffff]*"\^\^(?!{_OF_TEXT}){_IRI}').fullmatch
_SOUND_TEXT = re.compile(r'"(?:[^"\\]|\\["\\nr])*"').fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]").search  # recorded with escapes
_KEPT = 16384
_SHORT = 400  # longer facts are not remembered
_STEP = 4096
_TOGETHER = 64


class Written(IntEnum):
    """How a term is written."""

    PLAINLY = 0
    """As it is recorded."""
    OTHERWISE = 1
    """In another way than it is recorded, which needs no parser."""
    ODDLY = 2
    """So that it needs a parser, or the words for what is wrong with it."""


@dataclass(frozen=True)
class Found:
    """A data set of a stream."""

    graph: str
    """IRI of its named graph; empty for what stands in none."""
    nodes: Nodes | None
    """What it says, if that is plain to read and declared throughout."""
    error: NecessityError | None
    """Why it cannot be read, if it cannot."""
    lines: str = field(repr=False)
    """Lines among which its own are."""
    start: int
    """Where its own begin."""
    end: int
    content: str | None = None
    """The data set as canonical N-Triples, if its lines are written so."""

    @property
    def text(self) -> str:
        """Its lines."""
        return self.lines[self.start : self.end]


class Scanner:
    """Cuts N-Quads; remembers what it has found to be sound and what many charts say.

    Args:
        declares: whether a term is one that a chart may use.
        layouts: those that the reader of the nodes knows.
    """

    def __init__(self, declares: Callable[[Term], bool], layouts: Layouts) -> None:
        self._declares = declares
        self._layouts = layouts
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
            nodes = self._group(lines) if lines and _SOUND_IRI(tail[1:-2]) else None
            if nodes is None:
                yield self._parse(graph, text, start, end, source)
            else:
                content = " .\n".join([*sorted(lines), ""]) if self._canonical else None
                yield Found(graph, nodes, None, text, start, end, content)
            start = end

    def _group(self, lines: list[str]) -> Nodes | None:
        """What lines say without their graph, by subject; None if one is not written plainly."""
        root = self._layouts.root()
        nodes: Nodes = {}
        layout, own = root, list[Term]()
        subject, head, width = "", "\n", 0
        self._canonical = True
        for line in lines:
            if line.startswith(head):
                rest = line[width:]
            else:
                nodes[subject] = (layout, own)
                subject, _, rest = line.partition(" ")
                if not subject:
                    return None
                head, width = f"{subject} ", len(subject) + 1
                layout, own = nodes.get(subject) or (root, [])
            if layout.start and rest.startswith(layout.start):
                own.append(rest[layout.width :])
                layout = layout.next
                continue
            following = layout.following.get(rest) or self.follow(layout, rest, own)
            if following is None:
                return None
            layout = following
        nodes[subject] = (layout, own)
        del nodes[""]
        for subject in nodes:
            if not (_SOUND_IRI(subject) and self._declares(subject)):
                return None
        texts, sound = [], self._sound
        for _, own in nodes.values():
            for value in own:
                if value in sound or value in nodes:
                    continue
                if value[-1:] == '"' and value[0] == '"':
                    texts.append(value)
                elif not self._sounds(value):
                    return None
        return nodes if _all_plain(texts) or all(map(_is_sound_text, texts)) else None

    def root(self) -> Layout:
        """Where the layouts of the nodes of a chart begin."""
        return self._layouts.root()

    def follow(self, layout: Layout, rest: str, own: list[Term]) -> Layout | None:
        """The layout after what follows a subject in a line; None if that is not plain. A varying value is put down."""
        predicate, _, value = rest.partition(" ")
        if predicate in VARYING:
            own.append(value)
            return self._layouts.after_varying(layout, VARYING[predicate])
        if predicate[:1] != "<" or not self._sounds(predicate):
            return None
        if not (_is_sound_text(value) if value[-1:] == '"' else self._sounds(value)):
            return None
        recurs = len(rest) <= _SHORT and terms.canonical(value) == value
        return self._layouts.after_fact(layout, (predicate, value), rest if recurs else "")

    def names(self, term: Term, *, graph: bool = False) -> Written:
        """How an IRI is written that names a node or a property; that of a graph need not be declared."""
        sound = term in self._sound or (_SOUND_IRI(term) and (graph or self._declares(term)))
        return Written.PLAINLY if sound and term[0] == "<" else Written.ODDLY

    def values(self, values: Sequence[Term]) -> list[Written]:
        """How the values of properties are written."""
        found: list[Written] = []
        for start in range(0, len(values), _TOGETHER):
            part = values[start : start + _TOGETHER]
            plain = _all_plain([value for value in part if value[-1:] == '"' and value[0] == '"'])
            for value in part:
                self._canonical = True
                is_text = value[-1:] == '"' and value[0] == '"'
                sound = (plain or _is_sound_text(value)) if is_text else self._sounds(value)
                found.append((Written.PLAINLY if self._canonical else Written.OTHERWISE) if sound else Written.ODDLY)
        return found

    def _sounds(self, term: Term) -> bool:
        """Whether a term needs no parser; if it is written as it is recorded too, it is remembered."""
        if term in self._sound:
            return True
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

    def _parse(self, graph: str, text: str, start: int, end: int, source: str) -> Found:
        block = text[start:end].encode()
        if block.startswith(BOM_UTF8):  # it may begin a file, and nothing else
            return Found("", None, None, text, start, end)
        try:
            parsing.parse_datasets(block, ox.RdfFormat.N_QUADS, source)
        except NecessityError as error:
            return Found(graph, None, error, text, start, end)
        # Several, or something in none: the lines do not stand graph by graph.
        names = {str(quad.graph_name) for quad in ox.parse(input=block, format=ox.RdfFormat.N_QUADS)}
        alone = bool(graph) and names == {f"<{graph}>"}
        return Found(graph if alone else "", None, None, text, start, end)


def _all_plain(texts: list[Term]) -> bool:
    """Whether texts that begin and end with a quote are all plainly written, looked at together."""
    whole = "".join(texts)
    return (
        whole.count('"') == 2 * len(texts)
        and "\\" not in whole
        and whole.isprintable()
        and len(whole) <= parsing.MAX_LITERAL
        and '"' not in texts
    )


def _is_sound_text(term: Term) -> bool:
    """Whether a term is text that needs no parser."""
    return bool(len(term) <= parsing.MAX_LITERAL and _SOUND_TEXT(term)) and not _CONTROL(term)


def _run(text: str, tail: str, start: int, end: int) -> tuple[int, list[str]]:
    """Where the lines from a place on that end with a tail end, and the lines without it.

    If other lines stand between, they are a part of the next one, which no test of its terms will pass.

    Args:
        text: the lines.
        tail: the tail, with the end of the line.
        start: where the first line begins.
        end: where it ends.
    """
    far = end
    while (found := text.rfind(tail, far, far + _STEP)) >= 0:
        far = found + len(tail)
    return far, text[start:far].removesuffix(tail).split(tail)


def _tail(line: str) -> tuple[str, str]:
    """How the lines of a graph end, and its IRI; empty if the line is not written plainly."""
    cut = line.rfind(" <")
    if cut < 0 or not line.endswith("> ."):
        return "", ""
    return line[cut:], line[cut + 2 : -3]
