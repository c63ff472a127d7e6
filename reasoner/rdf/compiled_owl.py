"""Entailment of classes, compiled: the rules of OWL 2 RL that the class and property axioms of a policy can fire.

The rules are those of the OWL 2 RL profile (W3C, 2012, section 4.3): cls-int1 and -int2, cls-uni, cls-svf1 and -svf2,
cls-hv1 and -hv2, cax-sco, cax-eqc and prp-spo1, over the axioms whose predicates are `reasoner.rdf.owl_rl.AXIOMS`.
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
    """The axioms as rules, which can be applied to any number of assertions.

    Args:
        axioms: triples of class and property axioms.
    """

    def __init__(self, axioms: Iterable[tuple[Term, Term, Term]]) -> None:
        pairs: dict[Term, list[tuple[Term, Term]]] = {}
        for subject, predicate, value in axioms:
            pairs.setdefault(predicate, []).append((subject, value))

        def owl(name: str) -> list[tuple[Term, Term]]:
            return pairs.get(f"<{_OWL}{name}>", [])

        def rdfs(name: str) -> list[tuple[Term, Term]]:
            return pairs.get(f"<{_RDFS}{name}>", [])

        first, rest = (dict(pairs.get(f"<{_RDF}{name}>", ())) for name in ("first", "rest"))

        def members(head: Term) -> list[Term]:
            items = []
            while head in first:
                items.append(first[head])
                head = rest.get(head, "")
            return items

        self._superclasses: dict[Term, set[Term]] = {}
        self._intersections: dict[Term, list[tuple[Term, frozenset[Term]]]] = {}
        """Class to the intersections that it is a part of, each with all its parts."""
        self._having: dict[tuple[Term, Term], list[Term]] = {}
        """Property and value to the restrictions that they satisfy (owl:hasValue)."""
        self._had: dict[Term, list[tuple[Term, Term]]] = {}
        """Restriction to the properties and values that its instances have (owl:hasValue)."""
        self._some: dict[Term, list[tuple[Term, Term]]] = {}
        """Property to the classes of values that satisfy a restriction, and the restriction (owl:someValuesFrom)."""
        self._superproperties: dict[Term, list[Term]] = {}
        for narrower, wider in rdfs("subClassOf"):
            self._superclasses.setdefault(narrower, set()).add(wider)
        for left, right in owl("equivalentClass"):
            self._superclasses.setdefault(left, set()).add(right)
            self._superclasses.setdefault(right, set()).add(left)
        for whole, head in owl("intersectionOf"):
            parts = members(head)
            self._superclasses.setdefault(whole, set()).update(parts)
            for part in parts:
                self._intersections.setdefault(part, []).append((whole, frozenset(parts)))
        for whole, head in owl("unionOf"):
            for part in members(head):
                self._superclasses.setdefault(part, set()).add(whole)
        property_of = dict(owl("onProperty"))
        for restriction, value in owl("hasValue"):
            self._having.setdefault((property_of[restriction], value), []).append(restriction)
            self._had.setdefault(restriction, []).append((property_of[restriction], value))
        for restriction, filler in owl("someValuesFrom"):
            self._some.setdefault(property_of[restriction], []).append((filler, restriction))
        for narrower, wider in rdfs("subPropertyOf"):
            self._superproperties.setdefault(narrower, []).append(wider)
        self.properties = frozenset(property_of.values()) | frozenset(self._superproperties) | {TYPE}
        """The properties that can entail something."""
        self.followed = frozenset(self._some)
        """The properties for which the classes of the values matter."""

    def close(self, facts: Facts) -> None:
        """Add to some assertions, in place, every class and value that they entail."""
        unvisited = [(s, p, o) for s, props in facts.items() for p, values in props.items() for o in values]
        while unvisited:
            for derived in self._derive(facts, *unvisited.pop()):
                subject, predicate, value = derived
                values = facts.setdefault(subject, {}).setdefault(predicate, set())
                if value not in values:
                    values.add(value)
                    unvisited.append(derived)

    def _derive(self, facts: Facts, subject: Term, predicate: Term, value: Term) -> list[tuple[Term, Term, Term]]:
        """What follows from one assertion in a single step, given all the others."""
        if predicate == TYPE:
            return self._derive_from_class(facts, subject, value)
        derived = [(subject, wider, value) for wider in self._superproperties.get(predicate, ())]
        derived += [(subject, TYPE, restriction) for restriction in self._having.get((predicate, value), ())]
        for filler, restriction in self._some.get(predicate, ()):
            if filler == _THING or filler in facts.get(value, {}).get(TYPE, ()):
                derived.append((subject, TYPE, restriction))
        return derived

    def _derive_from_class(self, facts: Facts, subject: Term, name: Term) -> list[tuple[Term, Term, Term]]:
        derived = [(subject, TYPE, wider) for wider in self._superclasses.get(name, ())]
        types = facts[subject][TYPE]
        derived += [(subject, TYPE, whole) for whole, parts in self._intersections.get(name, ()) if parts <= types]
        derived += [(subject, predicate, value) for predicate, value in self._had.get(name, ())]
        for predicate, fillers in self._some.items():
            for filler, restriction in fillers:
                if filler == name:
                    derived += [
                        (other, TYPE, restriction)
                        for other, props in facts.items()
                        if subject in props.get(predicate, ())
                    ]
        return derived
