"""Layouts: what nodes say but for what varies from chart to chart, told apart while their lines are read.

Layouts form a tree. From the root each fact that may recur leads to the next, and so does the name of each property that
varies, in the order in which they stand in the record. Nodes of one layout differ in the varying values alone, so whatever
follows from the rest is worked out once for the layout and kept there.
"""

from __future__ import annotations

from typing import Any

from reasoner.rdf.namespaces import DCTERMS, NEC, OA
from reasoner.rdf.terms import Term, of

Fact = tuple[Term, Term]
"""Predicate and value."""
_VARYING = (
    "about",
    "documentedIn",
    "observed",
    "recorded",
    "excerpt",
    "page",
    "member",
    "plan",
    "program",
    "words",
    "source",
    "text",
    "content",
    "pageStarts",
)
_VARYING_DAYS = ("serviceStart", "serviceEnd", "asOf", "birthDate")
VARYING = {
    name: name
    for name in (
        *(of(NEC[name]) for name in (*_VARYING, *_VARYING_DAYS)),
        of(DCTERMS.issued),
        of(OA.hasTarget),
    )
}
"""The properties whose values hardly recur from chart to chart; what others say is judged once and remembered."""

_KEPT = 16384


class Layout:
    """A place in the tree."""

    __slots__ = ("facts", "following", "names", "next", "start", "template", "varying", "width")

    def __init__(self, facts: tuple[Fact, ...] = (), names: tuple[Term, ...] = ()) -> None:
        self.facts = facts
        """The facts that may recur, in order."""
        self.names = names
        """The properties that vary, in order; each once."""
        self.following: dict[str, Layout] = {}
        """Where a fact leads, by predicate and value as they stand in a line."""
        self.varying: dict[Term, Layout] = {}
        """Where a varying property leads."""
        self.start: str | None = None
        """How the rest of a line begins after which `next` most likely follows; as many characters as `width`."""
        self.width = 0
        self.next = self
        self.template: Any = None
        """What its reader knows of it."""


class Layouts:
    """A tree of layouts that starts anew when it has grown large."""

    def __init__(self) -> None:
        self._size = 0
        self._root = Layout()

    def root(self) -> Layout:
        """Where every node begins; to be asked for before each chart."""
        if self._size > _KEPT:
            self._size, self._root = 0, Layout()
        return self._root

    def after_fact(self, layout: Layout, fact: Fact, rest: str = "") -> Layout:
        """The layout with one more fact, remembered by the rest of the line if there is one."""
        found = Layout((*layout.facts, fact), layout.names)
        if rest:
            self._size += 1
            layout.following[rest] = found
        return found

    def after_varying(self, layout: Layout, name: Term) -> Layout | None:
        """The layout with one more varying property, whose name is one of `VARYING`; None if it has it already."""
        found = layout.varying.get(name)
        if found is None:
            if name in layout.names:
                return None
            self._size += 1
            found = layout.varying[name] = Layout(layout.facts, (*layout.names, name))
            if layout.start is None:
                layout.start, layout.width, layout.next = f"{name} ", len(name) + 1, found
        return found
