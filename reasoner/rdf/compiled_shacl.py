"""SHACL shapes compiled to functions: the part of SHACL Core that policies use.

Supported (W3C SHACL, 2017): ``sh:path`` of predicates, inverse, sequence and alternative paths; ``sh:class``,
``sh:nodeKind``, ``sh:datatype`` of dates, moments, truth values, text and exact numbers, ``sh:minLength``, ``sh:in``,
``sh:hasValue``, ``sh:minCount``, ``sh:maxCount``, the four bounds of ``sh:minInclusive`` and its kind over exact numbers,
``sh:equals``, ``sh:disjoint``, ``sh:lessThan`` and ``sh:lessThanOrEquals`` over dates, ``sh:node``, ``sh:property``,
``sh:not``, ``sh:and``, ``sh:or``, ``sh:xone``, and ``sh:qualifiedValueShape`` without ``sh:qualifiedValueShapesDisjoint``.
Compiling a shape with anything else raises `UnsupportedError`. Running a test raises `DoubtError` for a value that it may
not judge as SHACL does.
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
    """A shape uses something that is not compiled; the text names it and the shape."""


class DoubtError(Exception):
    """A compiled test cannot judge a value with certainty: an engine that implements all of SHACL has to."""


@dataclass(frozen=True)
class CompiledShape:
    """A property shape that is reported, with what its validation results have in common."""

    shape: Term
    severity: str
    message: Term
    path: Steps
    component: str
    breaks: Test
    """Whether a focus node violates it."""


Values = Callable[[GraphView, Sequence[Term]], bool]
"""A test of all the values of one property."""


@dataclass(frozen=True)
class Table:
    """A node shape as tests by property, and the tests of more than one property."""

    required: tuple[Term, ...]
    properties: dict[Term, Values]
    others: tuple[Test, ...]
    alone: frozenset[Term]
    """The properties whose values are tested without any triples about the values."""


@dataclass(frozen=True)
class Use:
    """What compiled shapes read of the data."""

    paths: frozenset[tuple[Steps, frozenset[Term] | None]]
    """Paths from the focus node or a value node. Each has the classes that matter at its end: a value in none of them is
    never counted. None if every value matters."""
    classes: frozenset[Term]
    """The classes that are tested for."""


class Compiler:
    """Compiles the shapes of a shapes graph, and collects what they read of the data."""

    def __init__(self, shapes: Nodes) -> None:
        self.shapes = shapes
        self._paths: set[tuple[Steps, frozenset[Term] | None]] = set()
        self._classes: set[Term] = set()

    def use(self) -> Use:
        """What the shapes read that were compiled since the last call."""
        use = Use(frozenset(self._paths), frozenset(self._classes))
        self._paths, self._classes = set(), set()
        return use

    def reports(self, shape: Term) -> list[CompiledShape]:
        """A property shape that counts values, once for each count; raises `UnsupportedError` for any other shape."""
        props = self._props(shape)
        path = self._steps(self._one(shape, "path"))
        messages = sorted(props.get(_sh("message"), ()), key=terms.text)
        if not messages:
            raise UnsupportedError(f"{shape} has no sh:message")
        severity = terms.name(self._one(shape, "severity") or _sh("Violation")).removeprefix(SH)
        reports = []
        for parameter in _COUNTS:
            if _sh(parameter) in props:
                component = f"{SH}{parameter[0].upper()}{parameter[1:]}ConstraintComponent"
                breaks = _negate(self._count(shape, parameter, path, 0))
                reports.append(CompiledShape(shape, severity, messages[0], path, component, breaks))
        self._refuse_others(shape, {"path", *_COUNTS, "qualifiedValueShape", *_DESCRIPTIVE})
        return reports

    def conforms(self, shape: Term, depth: int = 0) -> Test:
        """A test of whether a node conforms to a shape; raises `UnsupportedError`."""
        if depth > _DEPTH:
            raise UnsupportedError(f"{shape} nests deeper than {_DEPTH} shapes")
        if shape not in self.shapes:
            raise UnsupportedError(f"{shape} is not among the shapes")
        if self._one(shape, "path"):
            return self._property(shape, depth)
        return _every(self._constraints(shape, depth))

    def table(self, shape: Term) -> Table:
        """A node shape, with the constraints on single properties by property; raises `UnsupportedError`."""
        properties: dict[Term, tuple[int, float, list[Test]]] = {}
        others: list[Test] = []
        followed: set[Term] = set()
        for part in self._props(shape).get(_sh("property"), ()):
            steps = self._steps(self._one(part, "path"))
            simple = not steps.alternatives and len(steps.sequence) == 1 and not steps.sequence[0][1]
            if not simple or self._props(part).keys() & set(map(_sh, _QUALIFIED)):
                others.append(self.conforms(part))
                continue
            others += self._pairs(part, follow(steps))
            ((name, _),) = steps.sequence
            least, most, tests = properties.get(name, (0, float("inf"), []))
            low, high = self._limits(part)
            tests = [*tests, *self._constraints(part, 0, values=True)]
            if not self._props(part).keys().isdisjoint(map(_sh, _FOLLOWING)):
                followed.add(name)
            properties[name] = (max(least, low), min(most, high), tests)
        rest = {name: objects for name, objects in self._props(shape).items() if name != _sh("property")}
        others += Compiler({**self.shapes, shape: rest})._constraints(shape, 0)
        required = tuple(name for name, (least, _, _) in properties.items() if least)
        by_property = {name: _values(*limits_and_tests) for name, limits_and_tests in properties.items()}
        return Table(required, by_property, tuple(others), frozenset(by_property.keys() - followed))

    def _property(self, shape: Term, depth: int) -> Test:
        steps = self._steps(self._one(shape, "path"))
        path = follow(steps)
        pairs = self._pairs(shape, path)
        required = self._props(shape).get(_sh("hasValue"), ())
        of_values = self._constraints(shape, depth, values=True)
        if pairs or required or of_values:
            self._paths.add((steps, None))
        # If the values have to be listed anyway, the test below counts them.
        counted_below = ("minCount", "maxCount") if required or of_values else ()
        counts = [
            self._count(shape, parameter, steps, depth)
            for parameter in _COUNTS
            if _sh(parameter) in self._props(shape) and parameter not in counted_below
        ]
        of_focus = [*counts, *pairs]
        if not required and not of_values:
            return _every(of_focus)
        least, most = self._limits(shape)

        def test(view: GraphView, node: Term) -> bool:
            values = path(view, node)
            if not least <= len(values) <= most:
                return False
            for value in required:
                if value not in values:
                    return False
            for check in of_values:
                for value in values:
                    if not check(view, value):
                        return False
            for check in of_focus:
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
        """The tests of each value node; of the focus node itself if the shape has no path."""
        tests: list[Test] = []
        for predicate, objects in self._props(shape).items():
            kind = terms.name(predicate).removeprefix(SH) if predicate.startswith(f"<{SH}") else ""
            for object_ in objects:
                if kind == "class":
                    tests.append(self._class(object_))
                elif kind == "nodeKind":
                    tests.append(_node_kind(object_))
                elif kind == "datatype":
                    tests.append(_datatype(object_))
                elif kind == "in":
                    tests.append(_among(frozenset(self._list(object_))))
                elif kind == "hasValue" and not values:
                    tests.append(_among(frozenset({object_})))
                elif kind in _BOUNDS:
                    tests.append(_bound(kind, object_))
                elif kind == "minLength":
                    tests.append(_min_length(object_))
                elif kind in ("node", "property"):
                    tests.append(self.conforms(object_, depth + 1))
                elif kind == "not":
                    tests.append(_negate(self.conforms(object_, depth + 1)))
                elif kind == "and":
                    tests += [self.conforms(part, depth + 1) for part in self._list(object_)]
                elif kind in ("or", "xone"):
                    tests.append(_choice(kind, [self.conforms(part, depth + 1) for part in self._list(object_)]))
        self._refuse_others(shape, _OF_VALUES | _TARGETS | _DESCRIPTIVE | (_OF_PATHS if values else set()))
        return tests

    def _class(self, name: Term) -> Test:
        self._classes.add(name)
        return lambda view, node: name in view.types(node)

    def _needs(self, shape: Term) -> frozenset[Term] | None:
        """Classes such that every node that conforms to a shape is in one of them; None if none can be named."""
        if _sh("path") in self._props(shape):
            return None  # its constraints are on other nodes
        for predicate, objects in self._props(shape).items():
            for object_ in objects:
                if predicate == _sh("class"):
                    return frozenset({object_})
                parts = [object_] if predicate == _sh("node") else []
                parts = self._list(object_) if predicate == _sh("and") else parts
                needed = next((classes for part in parts if (classes := self._needs(part))), None)
                if needed:
                    return needed
                if predicate == _sh("or"):
                    of_parts = [self._needs(part) for part in self._list(object_)]
                    if of_parts and all(of_parts):
                        return frozenset().union(*(classes for classes in of_parts if classes))
        return None

    def _count(self, shape: Term, parameter: str, steps: Steps, depth: int) -> Test:
        limit = terms.number(self._one(shape, parameter))
        if limit is None:
            raise UnsupportedError(f"{shape} has a sh:{parameter} that is no integer")
        qualified = parameter in _QUALIFIED
        if qualified and _sh("qualifiedValueShapesDisjoint") in self._props(shape):
            raise UnsupportedError(f"{shape} has sh:qualifiedValueShapesDisjoint")
        counted = self._one(shape, "qualifiedValueShape") if qualified else ""
        if qualified and not counted:
            raise UnsupportedError(f"{shape} has a sh:{parameter} without sh:qualifiedValueShape")
        check = self.conforms(counted, depth + 1) if counted else None
        self._paths.add((steps, self._needs(counted)))
        path = follow(steps)

        def number(view: GraphView, node: Term) -> int:
            values = path(view, node)
            return len(values) if check is None else sum(check(view, value) for value in values)

        if parameter == "minCount" and limit == 1:
            return exists(steps)
        if parameter in ("minCount", "qualifiedMinCount"):
            return lambda view, node: number(view, node) >= limit
        return lambda view, node: number(view, node) <= limit

    def _pairs(self, shape: Term, path: Path) -> list[Test]:
        tests: list[Test] = []
        for kind in _PAIRS:
            for other in self._props(shape).get(_sh(kind), ()):
                self._paths.add((Steps(((other, False),)), None))
                tests.append(_pair(kind, path, other))
        return tests

    def _steps(self, node: Term) -> Steps:
        if node.startswith("<"):
            return Steps(((node, False),))
        props = self._props(node)
        if _FIRST in props:
            parts = self._paths_of_list(node)
            if any(part.alternatives for part in parts):
                raise UnsupportedError("a path has alternatives inside a sequence")
            return Steps(tuple(step for part in parts for step in part.sequence))
        if _sh("inversePath") in props:
            inner = self._steps(self._one(node, "inversePath"))
            if inner.alternatives:
                raise UnsupportedError("a path is the inverse of alternatives")
            return Steps(tuple((predicate, not back) for predicate, back in reversed(inner.sequence)))
        if _sh("alternativePath") in props:
            return Steps(alternatives=tuple(self._paths_of_list(self._one(node, "alternativePath"))))
        raise UnsupportedError(f"a path uses {', '.join(sorted(props))}")

    def _paths_of_list(self, head: Term) -> list[Steps]:
        paths = [self._steps(part) for part in self._list(head)]
        if len(paths) < 2:
            raise UnsupportedError("a path has a list of fewer than two paths")
        return paths

    def _list(self, head: Term) -> list[Term]:
        items: list[Term] = []
        while head != _NIL:
            props = self.shapes.get(head, {})
            if len(props.get(_FIRST, ())) != 1 or len(props.get(_REST, ())) != 1 or len(items) > 10_000:
                raise UnsupportedError(f"the list {head} is broken")
            items.append(props[_FIRST][0])
            head = props[_REST][0]
        return items

    def _props(self, shape: Term) -> dict[Term, list[Term]]:
        return self.shapes.get(shape, {})

    def _one(self, shape: Term, name: str) -> Term:
        """The only value of a SHACL property; empty if there is none."""
        values = self._props(shape).get(_sh(name), [""])
        if len(values) != 1:
            raise UnsupportedError(f"{shape} has more than one sh:{name}")
        return values[0]

    def _refuse_others(self, shape: Term, known: set[str]) -> None:
        """Raise `UnsupportedError` if a shape has a SHACL property other than some."""
        for predicate in self._props(shape):
            if predicate.startswith(f"<{SH}") and terms.name(predicate).removeprefix(SH) not in known:
                raise UnsupportedError(f"{shape} uses sh:{terms.name(predicate).removeprefix(SH)}")


_LIMITS = {"minCount": f'"0"^^<{_XSD}integer>', "maxCount": f'"{1 << 40}"^^<{_XSD}integer>'}
_COUNTS = ("minCount", "maxCount", "qualifiedMinCount", "qualifiedMaxCount")
_QUALIFIED = ("qualifiedValueShape", "qualifiedMinCount", "qualifiedMaxCount")
_PAIRS = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_BOUNDS = ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")
_FOLLOWING = ("class", "node", "property", "not", "and", "or", "xone")
"""Constraints on a value that need triples about it."""
_OF_VALUES = {*_FOLLOWING, "nodeKind", "datatype", "in", "hasValue", "minLength", *_BOUNDS}
_OF_PATHS = {"path", *_COUNTS, "qualifiedValueShape", *_PAIRS}
_DESCRIPTIVE = {"message", "severity", "name", "description", "order", "group"}
_TARGETS = {"targetClass", "targetSubjectsOf", "targetObjectsOf"}


def _values(least: int, most: float, tests: list[Test]) -> Values:
    """A test that a property has so many values and each of them passes."""
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


def _min_length(least: Term) -> Test:
    """At least so many characters of an IRI or a literal; a blank node has none (SHACL 4.4.1)."""
    number = terms.number(least)
    if number is None:
        raise UnsupportedError(f"sh:minLength {least}")
    return lambda view, value: (
        value[0] != "_" and len(terms.name(value) if value[0] == "<" else terms.text(value)) >= number
    )


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


_MARKS = {"IRI": ("<",), "Literal": ('"',), "IRIOrLiteral": ("<", '"')}
"""The first characters of the terms of a node kind."""


def _node_kind(kind: Term) -> Test:
    marks = _MARKS.get(terms.name(kind).removeprefix(SH))
    if marks is None:
        raise UnsupportedError(f"sh:nodeKind {kind}")
    return lambda view, node: node.startswith(marks)


def _datatype(kind: Term) -> Test:
    name = terms.name(kind)
    if name == f"{_XSD}date":
        return _is_day
    if name == f"{_XSD}dateTime":
        return _is_moment
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
        raise DoubtError(f"{node} as a date")  # it may have a time zone
    return terms.day(node) is not None


def _is_moment(view: GraphView, node: Term) -> bool:
    moment = terms.is_moment(node)
    if not moment and terms.datatype(node) == f"{_XSD}dateTime":
        raise DoubtError(f"{node} as a moment")
    return moment


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
            values, others = set(path(view, node)), view.values(node, other)
            return values == set(others) if kind == "equals" else values.isdisjoint(others)

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
