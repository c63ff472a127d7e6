"""What follows from the layout of a node, and a data set of such nodes as the intake tests see it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from reasoner.chart import reading
from reasoner.chart.documents import anchors
from reasoner.chart.fast import nec
from reasoner.chart.fast.layout import Layout
from reasoner.chart.model import Meaning, Unread
from reasoner.rdf import terms
from reasoner.rdf.terms import Term


class Template:
    """What follows from a layout, whatever the varying values."""

    __slots__ = (
        "author_kind",
        "facts",
        "left",
        "meaning",
        "names",
        "parties",
        "places",
        "props",
        "repeats",
        "request",
        "sound",
        "statement",
        "text",
        "typed",
        "types",
        "unread",
        "words",
    )

    def __init__(self, layout: Layout, findings: frozenset[Term]) -> None:
        self.names = layout.names
        self.facts = tuple(dict.fromkeys(layout.facts))
        self.repeats = self.facts != layout.facts
        self.props: dict[Term, list[Term]] = {}
        for predicate, value in self.facts:
            self.props.setdefault(predicate, []).append(value)
        self.types = self.props.get(nec.TYPE, [])
        self.left = any(reading.defines(terms.name(name), terms.name(value)) for name, value in self.facts)
        """Whether it is left to the reader of graphs."""
        self.request = nec.REQUEST in self.types
        self.unread = nec.UNREAD in self.types
        self.typed = nec.STATEMENT in self.types
        marked = not nec.MARKS.isdisjoint((*self.props, *self.names)) and not self.unread
        self.statement = self.typed or marked or not findings.isdisjoint(self.types)
        self.author_kind = terms.name(self.props.get(nec.AUTHOR_KIND, ["<>"])[0])
        """IRI of the kind of author that it states; empty if it states none."""
        self.meaning: Meaning | None = None
        """As a statement; None if it is not plainly one."""
        self.sound = True
        """Whether what recurs of it is well formed, in a request."""
        places = [self.names.index(name) if name in self.names else -1 for name in nec.OF_STATEMENT]
        self.places = tuple(places)
        """Where the values stand that a statement says anew, in the order of `nec.OF_STATEMENT`; -1 if it says none."""
        self.parties = [place for place, name in enumerate(self.names) if name in nec.PARTIES]
        """Where the values stand that name its member, its plan and its program."""
        self.text = self.names.index(nec.TEXT) if nec.TEXT in self.names else -1
        """Where the value stands that names its text; -1 if it has none."""
        self.words: tuple[str, str, str] | None = None
        """Title, author and role of a document, once it has been read as one."""


Read = dict[Term, tuple[Template, list[Term]]]
"""A data set: of each node the template and the varying values."""


class NodeView:
    """A data set as the intake tests see it."""

    def __init__(self, nodes: Read, typed: set[Term], known: dict[Term, frozenset[Term]]) -> None:
        self.nodes = nodes
        self._typed = typed
        self._known = known

    def values(self, node: Term, predicate: Term) -> Sequence[Term]:
        """What a node has for a property."""
        found = self.nodes.get(node)
        if found is None:
            return ()
        template, own = found
        if predicate in template.names:
            return (own[template.names.index(predicate)],)
        return template.props.get(predicate, ())

    def subjects(self, predicate: Term, node: Term) -> Sequence[Term]:
        """The nodes that have a value for a property."""
        return [subject for subject in self.nodes if node in self.values(subject, predicate)]

    def types(self, node: Term) -> Collection[Term]:
        """The classes of a node, as stated, as the vocabulary has them, and as its marks tell."""
        found, known = self.nodes.get(node), self._known.get(node)
        own = found[0].types if found else ()
        if known is None and node not in self._typed:
            return own
        return [*own, *(known or ()), *((nec.STATEMENT,) if node in self._typed else ())]


def texts_of(read: Read) -> dict[str, anchors.Text] | None:
    """The texts of a data set by IRI; None if one is not plainly well formed."""
    texts: dict[str, anchors.Text] = {}
    for node, (template, own) in read.items():
        if template.text >= 0 and not is_text(own[template.text]):
            return None
        if nec.CONTENT in template.names:
            said = dict(zip(template.names, own, strict=True))
            text = read_text(node, said[nec.CONTENT], said.get(nec.PAGE_STARTS))
            if text is None:
                return None
            texts[node[1:-1]] = text
    return texts


def is_text(value: Term) -> bool:
    """Whether a value names a text."""
    return value[0] == "<" and anchors.is_digest(value[1:-1])


def read_text(node: Term, content: Term, starts: Term | None) -> anchors.Text | None:
    """A text of a data set; None if it is not well formed.

    Args:
        node: its name.
        content: its characters.
        starts: the first code points of its pages, if they are stated.
    """
    read = anchors.read_text(node[1:-1], terms.text(content), None if starts is None else terms.text(starts))
    return None if isinstance(read, str) else read


def text_of(node: tuple[Template, list[Term]] | None) -> tuple[str, ...]:
    """The IRI of a document's text, if it has one."""
    return (node[1][node[0].text][1:-1],) if node and node[0].text >= 0 else ()


def line(values: Sequence[Term] | None) -> str:
    """The values of a property as one line of text, as `reasoner.rdf.graphs.text` gives it."""
    if not values:
        return ""
    if len(values) == 1:
        value = values[0]
        return value[1:-1] if value[-1] == '"' and "\\" not in value else terms.text(value)
    return " · ".join(sorted(map(terms.text, values)))


def without(content: str, subjects: Iterable[Term]) -> str:
    """Canonical N-Triples without what is said of some subjects."""
    starts = tuple([f"{subject} " for subject in subjects])
    return "\n".join([line for line in content.split("\n") if not line.startswith(starts)])


def content_of(read: Read, subjects: Iterable[Term], statements: set[Term]) -> str:
    """The triples of a request, its statements and their documents, as canonical N-Triples."""
    content = []
    for node in sorted(subjects):  # so the lines of one are never between those of another
        template, own = read.get(node, (None, []))
        if template is None:
            continue
        lines = {
            f"{node} {predicate} {value if value[-1] != '>' or value[0] == '<' else terms.canonical(value)} .\n"
            for predicate, value in (*template.facts, *zip(template.names, own, strict=True))
        }  # two writings of one value are one triple
        if node in statements and not template.typed:
            lines.add(f"{node} {nec.TYPE} {nec.STATEMENT} .\n")
        content += sorted(lines)
    return "".join(content)


def unread_of(template: Template) -> Unread:
    """What an unread item says but for what varies."""
    code = terms.name(template.props[nec.CODE][0]) if nec.CODE in template.props else ""
    return Unread(
        "", terms.name(template.props[nec.KIND][0]), "", code, None, None, line(template.props[nec.REASON]), ""
    )
