"""The intake shapes compiled for the reader of plain charts, if they ask for nothing that it would not see."""

from __future__ import annotations

from typing import NamedTuple

from rdflib import Graph

from reasoner.chart.fast import nec
from reasoner.policy.lexicon import nodes
from reasoner.rdf import terms
from reasoner.rdf.compiled_shacl import SH, Compiler, Table, UnsupportedError
from reasoner.rdf.namespaces import RDF, RDFS
from reasoner.rdf.terms import Nodes, Term

_LED_TO: dict[Term, tuple[tuple[Term, ...], frozenset[Term]]] = {
    nec.REQUEST: (nec.PARTIES, frozenset(nec.DAYS)),
    nec.STATEMENT: ((nec.ABOUT, nec.IN), frozenset({nec.ISSUED})),
    nec.UNREAD: ((nec.ABOUT, nec.SOURCE), frozenset()),
}
"""What requests, statements and unread items are told by: the properties that lead on, and the days stated there."""


def _of_shacl(*names: str) -> frozenset[Term]:
    return frozenset(f"<{SH}{name}>" for name in names)


_CLASS = terms.of(RDFS.Class)
_TARGETS = _of_shacl("targetClass", "targetObjectsOf", "targetSubjectsOf")
_LOGICAL = _of_shacl("node", "not", "and", "or", "xone")
_NESTED = _LOGICAL | _of_shacl("property")
_NESTED_LISTS = _NESTED.union(terms.of(RDF[name]) for name in ("first", "rest"))
_DESCRIPTIVE = _of_shacl("message", "severity", "name", "description")
_OF_LAYOUTS = _DESCRIPTIVE | _LOGICAL | _of_shacl("path", "minCount", "maxCount", "class", "nodeKind")
_BOUNDS = ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")
_OF_VALUES = _of_shacl("in", "hasValue", "datatype", "minLength", *_BOUNDS)
_OF_ORDER = _of_shacl("datatype", "equals", "disjoint", "lessThan", "lessThanOrEquals")
_OF_STATEMENTS = _TARGETS | _DESCRIPTIVE | _of_shacl("property")
"""What the shape of statements may say: each of its constraints is one of a property."""


class IntakeTables(NamedTuple):
    """The intake shapes, compiled."""

    request: Table
    statement: Table
    document: Table
    unread: Table
    by_layouts: bool
    """Whether all but documents can be judged by the layouts of the nodes that they lead to and the order of days."""


def compile_intake_shapes(graph: Graph) -> IntakeTables | None:
    """The intake shapes compiled; None if they ask for something that the reader of plain charts would not see.

    Then every chart has to be left to the reader of graphs, which holds it against the shapes as they are.
    """
    shapes = nodes(graph)
    compiler = Compiler(shapes)
    tables: dict[Term, Table] = {}
    try:
        for shape, props in shapes.items():
            if not _has_known_targets(props):
                return None
            for target in (t for name in ("targetClass", "targetObjectsOf") for t in props.get(f"<{SH}{name}>", ())):
                if target in tables or (target == nec.STATEMENT and not _is_told_by_properties(props, shapes)):
                    return None
                tables[target] = compiler.table(shape)
                if target == nec.STATEMENT and not _starts_at_document_or_request(compiler):
                    return None
                compiler.use()
    except UnsupportedError:
        return None
    if tables.keys() != {nec.REQUEST, nec.STATEMENT, nec.IN, nec.UNREAD}:
        return None
    request, statement, document, unread = (
        tables[target] for target in (nec.REQUEST, nec.STATEMENT, nec.IN, nec.UNREAD)
    )
    known = (
        {nec.MEMBER, nec.PLAN, nec.START}.issubset(request.required),
        {nec.ABOUT, nec.IN, nec.ASSERTION}.issubset(statement.required),
        statement.properties.keys() & {*nec.OF_STATEMENT}
        == {nec.ABOUT, nec.IN, nec.OBSERVED, nec.RECORDED, nec.EXCERPT},
        statement.alone >= {nec.OBSERVED, nec.RECORDED, nec.EXCERPT},
        document.properties.keys() == document.alone == {nec.ISSUED},
        not document.required,
        not document.others,
        {nec.ABOUT, nec.KIND, nec.REASON}.issubset(unread.required),
        unread.alone >= {nec.WORDS, nec.REASON, nec.OBSERVED, nec.RECORDED},
    )
    if not all(known):
        return None
    return IntakeTables(request, statement, document, unread, _is_told_by_layouts(shapes))


def _has_known_targets(props: dict[Term, list[Term]]) -> bool:
    """Whether a shape has no targets but a class, the objects of a property, and for statements what marks them."""
    targets = {name for name in props if name.startswith(f"<{SH}target")}
    subjects_of = props.get(f"<{SH}targetSubjectsOf>")
    marks = subjects_of is None or (
        props.get(f"<{SH}targetClass>") == [nec.STATEMENT] and set(subjects_of) == nec.MARKS
    )
    return targets <= _TARGETS and marks and _CLASS not in props.get(nec.TYPE, ())


def _is_told_by_properties(props: dict[Term, list[Term]], shapes: Nodes) -> bool:
    """Whether all that the shape of statements asks for can be judged property by property.

    What is said of a value can be judged without the rest of the chart, but for the request and the document.
    """
    of_shacl = {name for name in props if name.startswith(f"<{SH}")}
    parts = [shapes.get(part, {}) for part in props.get(f"<{SH}property>", ())]
    nested = [part for part in parts if not _NESTED.isdisjoint(part)]
    return of_shacl <= _OF_STATEMENTS and all(
        part.get(f"<{SH}path>", [""])[0] in (nec.ABOUT, nec.IN) or not part.get(f"<{SH}path>", [""])[0].startswith("<")
        for part in nested
    )


def _starts_at_document_or_request(compiler: Compiler) -> bool:
    """Whether the paths of what has been compiled lead from a statement's request, document or day of record alone.

    A reader keeps the result for all statements that have the same of these.
    """
    paths = [branch for steps, _ in compiler.use().paths for branch in (steps.alternatives or (steps,))]
    starts = [path.sequence[0] for path in paths]
    return all(predicate in (nec.ABOUT, nec.IN, nec.RECORDED) and not back for predicate, back in starts)


def _is_told_by_layouts(shapes: Nodes) -> bool:
    """Whether the shapes of requests, statements and unread items ask for nothing that differs between nodes of the same layouts.

    Beside layouts it may matter which parties of a request are one, in which order its days and theirs are, what days a statement
    or an item states, whether an excerpt is text, what the words of an item are, and how the name of its source is written.
    """
    for props in shapes.values():
        target = props.get(f"<{SH}targetClass>", [""])[0]
        if target not in _LED_TO:
            continue
        links, days = _LED_TO[target]
        for part in props.get(f"<{SH}property>", ()):
            compiler = Compiler(shapes)
            compiler.conforms(part)
            paths = [
                branch.sequence for steps, _ in compiler.use().paths for branch in (steps.alternatives or (steps,))
            ]
            for (first, _), *more in paths:
                if more and (len(more) > 1 or first not in links or more[0][0] in nec.VARYING.keys() - days):
                    return False
            varying = {path[-1][0] for path in paths} & nec.VARYING.keys()
            allowed = _OF_LAYOUTS
            if target == nec.REQUEST:
                allowed = allowed | _OF_ORDER | _OF_VALUES if not varying else allowed | _OF_ORDER
            elif not varying or varying <= (
                {nec.OBSERVED, nec.RECORDED} if target == nec.STATEMENT else {nec.OBSERVED, nec.RECORDED, nec.WORDS}
            ):
                allowed = allowed | _OF_VALUES
            elif target == nec.STATEMENT and varying <= {nec.ABOUT, nec.IN}:
                allowed = allowed | _of_shacl("disjoint")
            if any(back for path in paths for _, back in path) or not _uses(shapes, part, allowed):
                return False
    return True


def _uses(shapes: Nodes, shape: Term, allowed: frozenset[Term], *, within: bool = False) -> bool:
    """Whether a shape and those within it use no more than some of SHACL, and those within it no paths."""
    for name, values in shapes.get(shape, {}).items():
        if name.startswith(f"<{SH}") and (name not in allowed or (within and name == f"<{SH}path>")):
            return False
        if name in _NESTED_LISTS and not all(_uses(shapes, value, allowed, within=True) for value in values):
            return False
    return True
