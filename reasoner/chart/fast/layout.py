"""Layouts: what nodes say but for what varies from chart to chart.

Nodes of one layout differ in the varying values alone, so whatever follows from the rest is worked out once for the layout
and kept there.
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
    name: place
    for place, name in enumerate(
        (*(of(NEC[name]) for name in (*_VARYING, *_VARYING_DAYS)), of(DCTERMS.issued), of(OA.hasTarget))
    )
}
"""The properties whose values hardly recur from chart to chart, numbered; what others say is judged once and remembered."""

_KEPT = 16384


class Layout:
    """What nodes say but for the values that vary."""

    __slots__ = ("facts", "names", "template")

    def __init__(self, facts: tuple[Fact, ...], names: tuple[Term, ...]) -> None:
        self.facts = facts
        """The facts that may recur, in order."""
        self.names = names
        """The properties that vary, in order; each once."""
        self.template: Any = None
        """What its reader knows of it."""


Nodes = dict[Term, tuple[Layout, list[Term]]]
"""A graph as the layout of each subject and its varying values."""


class Layouts:
    """Layouts, each once; forgotten together when there are many."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[Fact, ...], tuple[Term, ...]], Layout] = {}

    def of(self, facts: tuple[Fact, ...], names: tuple[Term, ...]) -> Layout | None:
        """The layout of these facts and varying properties; None if a property varies twice."""
        key = (facts, names)
        found = self._known.get(key)
        if found is None:
            if len(set(names)) < len(names):
                return None
            if len(self._known) > _KEPT:
                self._known.clear()
            found = self._known[key] = Layout(facts, names)
        return found
