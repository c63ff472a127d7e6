"""SHACL shapes as compiled tests: the part of SHACL Core in which policies are written, and nothing else.

Supported (W3C SHACL, 2017): ``sh:path`` of predicates, inverse, sequence and alternative paths; ``sh:class``,
``sh:nodeKind``, ``sh:datatype`` of dates, truth values, text and exact numbers, ``sh:in``, ``sh:hasValue``, ``sh:minCount``,
``sh:maxCount``, the four bounds of ``sh:minInclusive`` and its kind over exact numbers, ``sh:equals``, ``sh:disjoint``,
``sh:lessThan`` and ``sh:lessThanOrEquals`` over dates, ``sh:node``, ``sh:property``, ``sh:not``, ``sh:and``, ``sh:or``,
``sh:xone``, and ``sh:qualifiedValueShape`` without ``sh:qualifiedValueShapesDisjoint``. Everything else is `UnsupportedError`,
when the shape is compiled; a value of which a test cannot be sure to judge as SHACL does is a `DoubtError`, when it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reasoner.rdf import terms
from reasoner.rdf.property_paths import GraphView, Path, Steps, Test, exists, follow
from reasoner.rdf.terms import Nodes, Term

SH = "http://www.w3.org/ns/shacl#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_FIRST, _REST, _NIL = (f"<http://www.w3.org/1999/02/22-rdf-syntax-ns#{name}>" for name in ("first", "rest", "nil"))
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_DEPTH = 40


class UnsupportedError(Exception):
    """A shape uses something that is not compiled; the text says what, and of which shape."""


class DoubtError(Exception):
    """A value cannot be judged here for certain: ask an engine that implements all of SHACL."""


@dataclass(frozen=True)
class CompiledShape:
    """A property shape that reports: what its results say beside the focus node."""

    shape: Term
    severity: str
    message: str
    path: Steps
    component: str
    breaks: Test
    """Whether a focus node breaks it."""


Values = Callable[[GraphView, Sequence[Term]], bool]
"""A test of all the values of one property."""


@dataclass(frozen=True)
class Table:
    """A node shape as tests by property, and the tests of more than one property."""

    required: tuple[Term, ...]
    properties: dict[Term, Values]
    others: tuple[Test, ...]
    alone: frozenset[Term]
    """The properties whose values are judged by themselves, whatever the data say of them."""


@dataclass(frozen=True)
class Use:
    """What compiled shapes read of the data.

    Each path, from the focus or a value node on, comes with the classes of which a value must have one to be counted
    at its end; with None where values without any of them matter too.
    """

    paths: frozenset[tuple[Steps, frozenset[Term] | None]]
    classes: frozenset[Term]


class Compiler:
    """Compiles the shapes of one graph, and keeps count of what they read."""

    def __init__(self, shapes: Nodes) -> None:
        self.shapes = shapes
        self._paths: set[tuple[Steps, frozenset[Term] | None]] = set()
        self._classes: set[Term] = set()

    def use(self) -> Use:
        """What has been compiled since the last call reads."""
        found = Use(frozenset(self._paths), frozenset(self._classes))
        self._paths, self._classes = set(), set()
        return found

    def reports(self, shape: Term) -> list[CompiledShape]:
        """The reports of a property shape that counts values; raises `UnsupportedError` for any other."""
        props = self._props(shape)
        path = self._steps(self._one(shape, "path"))
        messages = sorted(terms.text(message) for message in props.get(_sh("message"), ()))
        if not messages:
            raise UnsupportedError(f"{shape} has no sh:message")
        severity = terms.name(self._one(shape, "severity") or _sh("Violation")).removeprefix(SH)
        found = []
        for term, name in (
            ("minCount", "MinCount"),
            ("maxCount", "MaxCount"),
            ("qualifiedMinCount", "QualifiedMinCount"),
            ("qualifiedMaxCount", "QualifiedMaxCount"),
        ):
            if _sh(term) in props:
                component = f"{SH}{name}ConstraintComponent"
                holds = self._count(shape, term, path, 0)
                found.append(CompiledShape(shape, severity, messages[0], path, component, _negate(holds)))
        known = {"path", "message", "severity", "minCount", "maxCount", "name", "description", "order", "group"}
        known |= {"qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount"}
        self._refuse(shape, known)
        return found

    def conforms(self, shape: Term, depth: int = 0) -> Test:
        """A test of whether a node conforms to a shape; raises `UnsupportedError`."""
        if depth > _DEPTH:
            raise UnsupportedError(f"{shape} nests deeper than {_DEPTH} shapes")
        if self._one(shape, "path"):
            return self._property(shape, depth)
        return _every(self._constraints(shape, depth))

    def table(self, shape: Term) -> Table:
        """A node shape with the constraints of single properties apart, by property; raises `UnsupportedError`."""
        properties: dict[Term, tuple[int, float, list[Test]]] = {}
        others: list[Test] = []
        looking: set[Term] = set()
        for part in self._props(shape).get(_sh("property"), ()):
            steps = self._steps(self._one(part, "path"))
            simple = not steps.alternatives and len(steps.sequence) == 1 and not steps.sequence[0][1]
            beyond = {_sh(name) for name in _OF_PATHS.difference(("path", "minCount", "maxCount"), _PAIRS)}
            if not simple or self._props(part).keys() & beyond:
                others.append(self.conforms(part))
                continue
            others += self._pairs(part, follow(steps))
            least, most, tests = properties.get(steps.sequence[0][0], (0, float("inf"), []))
            low, high = self._limits(part)
            tests = [*tests, *self._constraints(part, 0, values=True)]
            if not self._props(part).keys().isdisjoint(map(_sh, _LOOKING)):
                looking.add(steps.sequence[0][0])
            properties[steps.sequence[0][0]] = (max(least, low), min(most, high), tests)
        rest = {name: objects for name, objects in self._props(shape).items() if name != _sh("property")}
        alone = Compiler({**self.shapes, shape: rest})
        others += alone._constraints(shape, 0)
        required = tuple(name for name, (least, _, _) in properties.items() if least)
        by_property = {name: _values(*said) for name, said in properties.items()}
        return Table(required, by_property, tuple(others), frozenset(by_property.keys() - looking))

    def _property(self, shape: Term, depth: int) -> Test:
        steps = self._steps(self._one(shape, "path"))
        path = follow(steps)
        pairs = self._pairs(shape, path)
        wanted = self._props(shape).get(_sh("hasValue"), ())
        each = self._constraints(shape, depth, values=True)
        if pairs or wanted or each:
            self._paths.add((steps, None))
        plain = ("minCount", "maxCount") if wanted or each else ()  # else it is enough to look for one
        counts = [
            self._count(shape, term, steps, depth)
            for term in ("minCount", "maxCount", "qualifiedMinCount", "qualifiedMaxCount")
            if _sh(term) in self._props(shape) and term not in plain
        ]
        whole = [*counts, *pairs]
        if not wanted and not each:
            return _every(whole)
        least, most = self._limits(shape)

        def test(view: GraphView, node: Term) -> bool:
            found = path(view, node)
            if not least <= len(found) <= most:
                return False
            for value in wanted:
                if value not in found:
                    return False
            for check in each:
                for value in found:
                    if not check(view, value):
                        return False
            for check in whole:
                if not check(view, node):
                    return False
            return True

        return test

    def _limits(self, shape: Term) -> tuple[int, int]:
        """The least and the largest number of values that a property shape allows."""
        least, most = (terms.number(self._one(shape, name) or _LIMITS[name]) for name in ("minCount", "maxCount"))
        if least is None or most is None:
            raise UnsupportedError(f"{shape} counts with what is no integer")
        return int(least), int(most)

    def _constraints(self, shape: Term, depth: int, *, values: bool = False) -> list[Test]:
        """The tests that a shape makes of each value node; of the focus itself, if it has no path."""
        found: list[Test] = []
        for predicate, objects in self._props(shape).items():
            kind = terms.name(predicate).removeprefix(SH) if predicate.startswith(f"<{SH}") else ""
            for object_ in objects:
                if kind == "class":
                    found.append(self._class(object_))
                elif kind == "nodeKind":
                    found.append(_node_kind(object_))
                elif kind == "datatype":
                    found.append(_datatype(object_))
                elif kind == "in":
                    found.append(_among(frozenset(self._list(object_))))
                elif kind == "hasValue" and not values:
                    found.append(_among(frozenset({object_})))
                elif kind in _BOUNDS:
                    found.append(_bound(kind, object_))
                elif kind in ("node", "property"):
                    found.append(self.conforms(object_, depth + 1))
                elif kind == "not":
                    found.append(_negate(self.conforms(object_, depth + 1)))
                elif kind == "and":
                    found += [self.conforms(part, depth + 1) for part in self._list(object_)]
                elif kind in ("or", "xone"):
                    found.append(_choice(kind, [self.conforms(part, depth + 1) for part in self._list(object_)]))
        self._refuse(shape, _OF_VALUES | (_OF_PATHS if values else set()))
        return found

    def _class(self, name: Term) -> Test:
        self._classes.add(name)
        return lambda view, node: name in view.types(node)

    def _needs(self, shape: Term) -> frozenset[Term] | None:
        """Classes of which whatever conforms to a shape has at least one; None if there are no such."""
        if _sh("path") in self._props(shape):
            return None  # it speaks of other nodes
        for predicate, objects in self._props(shape).items():
            for object_ in objects:
                if predicate == _sh("class"):
                    return frozenset({object_})
                parts = [object_] if predicate == _sh("node") else []
                parts = self._list(object_) if predicate == _sh("and") else parts
                found = next((needs for part in parts if (needs := self._needs(part))), None)
                if found:
                    return found
                if predicate == _sh("or"):
                    every = [self._needs(part) for part in self._list(object_)]
                    if every and all(every):
                        return frozenset().union(*(needs for needs in every if needs))
        return None

    def _count(self, shape: Term, term: str, steps: Steps, depth: int) -> Test:
        limit = terms.number(self._one(shape, term))
        if limit is None:
            raise UnsupportedError(f"{shape} has a sh:{term} that is no integer")
        qualified = term.startswith("qualified")
        if qualified and _sh("qualifiedValueShapesDisjoint") in self._props(shape):
            raise UnsupportedError(f"{shape} has sh:qualifiedValueShapesDisjoint")
        counted = self._one(shape, "qualifiedValueShape") if qualified else ""
        if qualified and not counted:
            raise UnsupportedError(f"{shape} has a sh:{term} without sh:qualifiedValueShape")
        check = self.conforms(counted, depth + 1) if counted else None
        self._paths.add((steps, self._needs(counted)))
        path = follow(steps)

        def number(view: GraphView, node: Term) -> int:
            found = path(view, node)
            return len(found) if check is None else sum(check(view, value) for value in found)

        if term == "minCount" and limit == 1:
            return exists(steps)
        if term.endswith("inCount"):
            return lambda view, node: number(view, node) >= limit
        return lambda view, node: number(view, node) <= limit

    def _pairs(self, shape: Term, path: Path) -> list[Test]:
        found: list[Test] = []
        for kind in _PAIRS:
            for other in self._props(shape).get(_sh(kind), ()):
                self._paths.add((Steps(((other, False),)), None))
                found.append(_pair(kind, path, other))
        return found

    def _steps(self, node: Term) -> Steps:
        if node.startswith("<"):
            return Steps(((node, False),))
        props = self._props(node)
        if _FIRST in props:
            parts = self._several(node)
            if any(part.alternatives for part in parts):
                raise UnsupportedError("a path has alternatives inside a sequence")
            return Steps(tuple(step for part in parts for step in part.sequence))
        if _sh("inversePath") in props:
            inner = self._steps(self._one(node, "inversePath"))
            if inner.alternatives:
                raise UnsupportedError("a path is the inverse of alternatives")
            return Steps(tuple((predicate, not back) for predicate, back in reversed(inner.sequence)))
        if _sh("alternativePath") in props:
            return Steps(alternatives=tuple(self._several(self._one(node, "alternativePath"))))
        raise UnsupportedError(f"a path uses {', '.join(sorted(props))}")

    def _several(self, head: Term) -> list[Steps]:
        found = [self._steps(part) for part in self._list(head)]
        if len(found) < 2:
            raise UnsupportedError("a path has a list of fewer than two paths")
        return found

    def _list(self, head: Term) -> list[Term]:
        found: list[Term] = []
        while head != _NIL:
            props = self.shapes.get(head, {})
            if len(props.get(_FIRST, ())) != 1 or len(props.get(_REST, ())) != 1 or len(found) > 10_000:
                raise UnsupportedError(f"the list {head} is broken")
            found.append(props[_FIRST][0])
            head = props[_REST][0]
        return found

    def _props(self, shape: Term) -> dict[Term, list[Term]]:
        return self.shapes.get(shape, {})

    def _one(self, shape: Term, name: str) -> Term:
        found = self._props(shape).get(_sh(name), [""])
        if len(found) != 1:
            raise UnsupportedError(f"{shape} has more than one sh:{name}")
        return found[0]

    def _refuse(self, shape: Term, known: set[str]) -> None:
        for predicate in self._props(shape):
            if predicate.startswith(f"<{SH}") and terms.name(predicate).removeprefix(SH) not in known:
                raise UnsupportedError(f"{shape} uses sh:{terms.name(predicate).removeprefix(SH)}")


_LIMITS = {"minCount": f'"0"^^<{_XSD}integer>', "maxCount": f'"{1 << 40}"^^<{_XSD}integer>'}
_BOUNDS = ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")
_OF_VALUES = {
    "class",
    "nodeKind",
    "datatype",
    "in",
    "hasValue",
    "node",
    "property",
    "not",
    "and",
    "or",
    "xone",
    *_BOUNDS,
}
_LOOKING = ("class", "node", "property", "not", "and", "or", "xone")
"""Those that look at more of a value than itself."""
_OF_VALUES |= {"message", "severity", "name", "description", "order", "group"}
_OF_VALUES |= {"targetClass", "targetSubjectsOf", "targetObjectsOf"}
_OF_PATHS = {"path", "minCount", "maxCount", "qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount"}
_PAIRS = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_OF_PATHS |= set(_PAIRS)


def _values(least: int, most: float, tests: list[Test]) -> Values:
    if len(tests) == 1 and most == 1:
        (only,) = tests
        return lambda view, values: len(values) == 1 and only(view, values[0])

    def test(view: GraphView, values: Sequence[Term]) -> bool:
        if not least <= len(values) <= most:
            return False
        for check in tests:
            for value in values:
                if not check(view, value):
                    return False
        return True

    return test


def _sh(name: str) -> Term:
    return f"<{SH}{name}>"


def _negate(test: Test) -> Test:
    return lambda view, node: not test(view, node)


def _every(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(view: GraphView, node: Term) -> bool:
        for check in tests:
            if not check(view, node):
                return False
        return True

    return test


def _choice(kind: str, tests: list[Test]) -> Test:
    if kind == "or":
        return lambda view, node: any(test(view, node) for test in tests)
    return lambda view, node: sum(test(view, node) for test in tests) == 1


def _among(known: frozenset[Term]) -> Test:
    return lambda view, node: node in known


def _node_kind(kind: Term) -> Test:
    starts = {"IRI": "<", "Literal": '"', "IRIOrLiteral": ("<", '"')}.get(terms.name(kind).removeprefix(SH))
    if starts is None:
        raise UnsupportedError(f"sh:nodeKind {kind}")
    return lambda view, node: node.startswith(starts)


def _datatype(kind: Term) -> Test:
    name = terms.name(kind)
    if name == f"{_XSD}date":
        return _is_day
    if name == f"{_XSD}boolean":
        return lambda view, node: node in _TRUTH
    if name == f"{_XSD}string":
        return lambda view, node: node.startswith('"') and terms.datatype(node) == name
    if name in (f"{_XSD}integer", f"{_XSD}decimal"):
        return lambda view, node: terms.datatype(node) == name and terms.number(node) is not None
    raise UnsupportedError(f"sh:datatype {kind}")


_TRUTH = frozenset(f'"{value}"^^<{_XSD}boolean>' for value in ("true", "false", "1", "0"))


def _is_day(view: GraphView, node: Term) -> bool:
    if terms.day(node) is None and terms.datatype(node) == f"{_XSD}date":
        raise DoubtError(f"{node} as a date")  # one with a time zone is a date too
    return terms.day(node) is not None


def _bound(kind: str, limit: Term) -> Test:
    bound = terms.number(limit)
    if bound is None:
        raise UnsupportedError(f"sh:{kind} {limit}")
    least, inclusive = kind.startswith("min"), kind.endswith("Inclusive")

    def test(view: GraphView, node: Term) -> bool:
        value = terms.number(node)
        if value is None:
            raise DoubtError(f"{node} against a number")
        return (value > bound if least else value < bound) or (inclusive and value == bound)

    return test


def _pair(kind: str, path: Path, other: Term) -> Test:
    if kind in ("equals", "disjoint"):

        def compare(view: GraphView, node: Term) -> bool:
            found, others = path(view, node), view.values(node, other)
            return set(found) == set(others) if kind == "equals" else not any([value in others for value in found])

        return compare

    def order(view: GraphView, node: Term) -> bool:
        for value in path(view, node):
            for limit in view.values(node, other):
                left, right = terms.day(value), terms.day(limit)
                if left is None or right is None:
                    raise DoubtError(f"{value} against {limit}")
                if not (left < right or (left == right and kind == "lessThanOrEquals")):
                    return False
        return True

    return order
