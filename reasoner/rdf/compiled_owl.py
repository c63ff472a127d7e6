"""Entailment of classes, compiled: the rules of OWL 2 RL that class and property axioms of a policy can fire.

The rules are those of the OWL 2 RL profile (W3C, 2012, section 4.3): cls-int1 and -int2, cls-uni, cls-svf1 and -svf2,
cls-hv1 and -hv2, cax-sco, cax-eqc and prp-spo1, over the axioms that `reasoner.determination.inference.axioms` picks.
"""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.rdf.terms import Term

_OWL = "http://www.w3.org/2002/07/owl#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPE = f"<{_RDF}type>"
_THING = f"<{_OWL}Thing>"

Facts = dict[Term, dict[Term, set[Term]]]
"""Subject to property to values, classes among them."""


class Entailment:
    """The axioms as rules, ready to be applied to any number of assertions."""

    def __init__(self, axioms: Iterable[tuple[Term, Term, Term]]) -> None:
        said: dict[Term, list[tuple[Term, Term]]] = {}
        for subject, predicate, value in axioms:
            said.setdefault(predicate, []).append((subject, value))
        first, rest = (dict(said.get(f"<{_RDF}{name}>", ())) for name in ("first", "rest"))

        def members(head: Term) -> list[Term]:
            found = []
            while head in first:
                found.append(first[head])
                head = rest.get(head, "")
            return found

        def about(name: str) -> list[tuple[Term, Term]]:
            return said.get(f"<{_OWL}{name}>", [])

        self._supers: dict[Term, set[Term]] = {}
        self._parts: dict[Term, list[tuple[Term, frozenset[Term]]]] = {}
        self._given: dict[tuple[Term, Term], list[Term]] = {}
        self._gives: dict[Term, list[tuple[Term, Term]]] = {}
        self._some: dict[Term, list[tuple[Term, Term]]] = {}
        self._wider: dict[Term, list[Term]] = {}
        for below, above in said.get(f"<{_RDFS}subClassOf>", []):
            self._supers.setdefault(below, set()).add(above)
        for left, right in about("equivalentClass"):
            self._supers.setdefault(left, set()).add(right)
            self._supers.setdefault(right, set()).add(left)
        for whole, head in about("intersectionOf"):
            parts = members(head)
            self._supers.setdefault(whole, set()).update(parts)
            for part in parts:
                self._parts.setdefault(part, []).append((whole, frozenset(parts)))
        for whole, head in about("unionOf"):
            for part in members(head):
                self._supers.setdefault(part, set()).add(whole)
        on = dict(about("onProperty"))
        for restriction, value in about("hasValue"):
            self._given.setdefault((on[restriction], value), []).append(restriction)
            self._gives.setdefault(restriction, []).append((on[restriction], value))
        for restriction, filler in about("someValuesFrom"):
            self._some.setdefault(on[restriction], []).append((filler, restriction))
        for below, above in said.get(f"<{_RDFS}subPropertyOf>", []):
            self._wider.setdefault(below, []).append(above)
        self.properties = frozenset(on.values()) | frozenset(self._wider) | {TYPE}
        """The properties that can matter."""
        self.followed = frozenset(self._some)
        """Those of which it matters what their values are."""

    def close(self, facts: Facts) -> None:
        """Add to some assertions, in place, every class and value that they entail."""
        todo = [(s, p, o) for s, props in facts.items() for p, values in props.items() for o in values]
        while todo:
            subject, predicate, value = todo.pop()
            for derived in self._derive(facts, subject, predicate, value):
                at, name, object_ = derived
                values = facts.setdefault(at, {}).setdefault(name, set())
                if object_ not in values:
                    values.add(object_)
                    todo.append(derived)

    def _derive(self, facts: Facts, subject: Term, predicate: Term, value: Term) -> list[tuple[Term, Term, Term]]:
        found: list[tuple[Term, Term, Term]] = []
        if predicate == TYPE:
            found += [(subject, TYPE, above) for above in self._supers.get(value, ())]
            types = facts[subject][TYPE]
            found += [(subject, TYPE, whole) for whole, parts in self._parts.get(value, ()) if parts <= types]
            found += [(subject, name, object_) for name, object_ in self._gives.get(value, ())]
            for name, fillers in self._some.items():
                for filler, restriction in fillers:
                    if filler == value:
                        found += [
                            (s, TYPE, restriction) for s, props in facts.items() if subject in props.get(name, ())
                        ]
            return found
        found += [(subject, above, value) for above in self._wider.get(predicate, ())]
        found += [(subject, TYPE, restriction) for restriction in self._given.get((predicate, value), ())]
        for filler, restriction in self._some.get(predicate, ()):
            if filler == _THING or filler in facts.get(value, {}).get(TYPE, ()):
                found.append((subject, TYPE, restriction))
        return found
