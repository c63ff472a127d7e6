"""Layouts: what nodes say but for what varies from chart to chart.

Nodes of one layout differ in the varying values alone, so whatever follows from the rest is worked out once for the layout
and kept there.
"""

from __future__ import annotations

from typing import Any

from reasoner.chart.fast import nec
from reasoner.policy.model import Policy
from reasoner.rdf import parsing
from reasoner.rdf.terms import Term

Fact = tuple[Term, Term]
"""Predicate and value."""
_SUBCLASS = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
_KEPT = 4096


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
    """The layouts of the charts of a policy, each once; forgotten together when there are many."""

    def __init__(self, policy: Policy) -> None:
        self._declared = policy.lexicon.declared
        self._namespaces = tuple(f"<{namespace}" for namespace in policy.namespaces)
        self.guarded = (*self._namespaces, _SUBCLASS)
        """How the terms begin that `declares` has to be asked about."""
        self._varying = frozenset(filter(self.declares, nec.VARYING))
        self._sound: dict[Term, bool] = {}
        self._facts: dict[str, Fact] = {}
        """The facts of lines, by what stands after the subject, of plainly written and declared terms."""
        self._known: dict[tuple[tuple[Fact, ...], tuple[Term, ...]], Layout] = {}

    def declares(self, term: Term) -> bool:
        """Whether a term that is not a subject is no misspelling of one of the policy's."""
        if term[:1] != "<" or not term.startswith(self._namespaces):
            return term != _SUBCLASS
        return term in self._declared

    def nodes(self, data: parsing.DataSet) -> Nodes | None:
        """What a data set says, by subject; None if it uses a term that is not declared, or has no layout for a node."""
        found: Nodes = {}
        for subject, props in data.nodes.items():
            facts: list[Fact] = []
            names: list[Term] = []
            own: list[Term] = []
            for predicate, values in sorted(props.items()):
                if predicate not in self._sound:
                    if len(self._sound) > _KEPT:
                        self._sound.clear()
                    self._sound[predicate] = self.declares(predicate)
                if not self._sound[predicate]:
                    return None
                for value in sorted(values) if len(values) > 1 else values:
                    if value[0] == "<" and value.startswith(self._namespaces) and value not in self._declared:
                        return None
                    if predicate in nec.VARYING:
                        names.append(predicate)
                        own.append(value)
                    else:
                        facts.append((predicate, value))
            layout = self._of(tuple(facts), tuple(names))
            if layout is None:
                return None
            found[subject] = (layout, own)
        return found

    def nodes_of(self, content: str) -> Nodes | None:
        """What canonical N-Triples in order say, as `nodes` gives it; None if a term is not plainly written."""
        from reasoner.chart.fast.plain import ODD, kinds  # its patterns take long to compile

        said: dict[Term, tuple[list[Fact], list[Term], list[Term]]] = {}
        subject = ""
        facts, names, own = _nothing()
        for line in content.removesuffix("\n").split("\n"):
            about, _, rest = line.removesuffix(" .").partition(" ")
            if about != subject:
                subject, (facts, names, own) = about, said.setdefault(about, _nothing())
            fact = self._facts.get(rest)
            if fact is not None:
                facts.append(fact)
                continue
            predicate, _, value = rest.partition(" ")
            if predicate in self._varying:
                names.append(predicate)
                own.append(value)
            elif kinds([value]) != [ODD] and self.declares(predicate) and self.declares(value):
                if len(self._facts) > _KEPT:
                    self._facts.clear()
                facts.append(self._facts.setdefault(rest, (predicate, value)))
            else:
                return None
        varying = {value for _, _, own in said.values() for value in own}
        if ODD in kinds([*varying.union(said)]) or not all(map(self.declares, varying)):
            return None
        found: Nodes = {}
        for about, (facts, names, own) in said.items():
            layout = self._of(tuple(facts), tuple(names))
            if layout is None:
                return None
            found[about] = (layout, own)
        return found

    def _of(self, facts: tuple[Fact, ...], names: tuple[Term, ...]) -> Layout | None:
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


def _nothing() -> tuple[list[Fact], list[Term], list[Term]]:
    return [], [], []
