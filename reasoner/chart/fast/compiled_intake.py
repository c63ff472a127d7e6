"""The intake shapes compiled for the reader of plain charts, if they ask for nothing that it would not see."""

from __future__ import annotations

from typing import NamedTuple

from rdflib import Graph

from reasoner.chart import reading
from reasoner.policy.lexicon import nodes
from reasoner.rdf import terms
from reasoner.rdf.compiled_shacl import SH, Compiler, Table, UnsupportedError
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, RDF, RDFS
from reasoner.rdf.terms import Nodes, Term

TYPE, REQUEST, STATEMENT = terms.of(RDF.type), terms.of(NEC.ReviewRequest), terms.of(NEC.Statement)
UNREAD = terms.of(NEC.Unread)
ABOUT, ASSERTION, IN = (terms.of(NEC[name]) for name in ("about", "assertion", "documentedIn"))
OBSERVED, RECORDED, EXCERPT, PAGE = (terms.of(NEC[name]) for name in ("observed", "recorded", "excerpt", "page"))
KIND, WORDS, REASON, SOURCE = (terms.of(NEC[name]) for name in ("kind", "words", "reason", "source"))
MEMBER, PLAN, START, ADMITTED = (terms.of(NEC[name]) for name in ("member", "plan", "serviceStart", "admitted"))
ISSUED = terms.of(DCTERMS.issued)
MARKS = frozenset(map(terms.of, reading.MARKS))
TARGET, TEXT, CONTENT, PAGE_STARTS = (
    terms.of(OA.hasTarget),
    *(terms.of(NEC[name]) for name in ("text", "content", "pageStarts")),
)
PLACED = (ABOUT, IN, OBSERVED, RECORDED, EXCERPT, PAGE, TARGET)
"""What every statement says anew."""
OWN = frozenset(PLACED)

_CLASS = terms.of(RDFS.Class)
_TARGETS = frozenset(f"<{SH}{name}>" for name in ("targetClass", "targetObjectsOf", "targetSubjectsOf"))
_NESTED = frozenset(f"<{SH}{name}>" for name in ("node", "property", "not", "and", "or", "xone"))
_OF_STATEMENTS = _TARGETS | {f"<{SH}{name}>" for name in ("property", "message", "severity", "name", "description")}
"""What the shape of statements may say: each of its constraints is one of a property."""


class IntakeTables(NamedTuple):
    """The intake shapes, compiled."""

    request: Table
    statement: Table
    document: Table
    unread: Table


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
                if target in tables or (target == STATEMENT and not _is_told_by_properties(props, shapes)):
                    return None
                tables[target] = compiler.table(shape)
                if target == STATEMENT and not _starts_at_document_or_request(compiler):
                    return None
                compiler.use()
    except UnsupportedError:
        return None
    if tables.keys() != {REQUEST, STATEMENT, IN, UNREAD}:
        return None
    request, statement, document, unread = (tables[target] for target in (REQUEST, STATEMENT, IN, UNREAD))
    known = (
        {MEMBER, PLAN, START}.issubset(request.required),
        {ABOUT, IN, ASSERTION}.issubset(statement.required),
        statement.properties.keys() & OWN == {ABOUT, IN, OBSERVED, RECORDED, EXCERPT},
        statement.alone >= {OBSERVED, RECORDED, EXCERPT},
        document.properties.keys() == document.alone == {ISSUED},
        not document.required,
        not document.others,
        {ABOUT, KIND, REASON}.issubset(unread.required),
        unread.alone >= {WORDS, REASON, OBSERVED, RECORDED},
    )
    return IntakeTables(request, statement, document, unread) if all(known) else None


def _has_known_targets(props: dict[Term, list[Term]]) -> bool:
    """Whether a shape has no targets but a class, the objects of a property, and for statements what marks them."""
    targets = {name for name in props if name.startswith(f"<{SH}target")}
    subjects_of = props.get(f"<{SH}targetSubjectsOf>")
    marks = subjects_of is None or (props.get(f"<{SH}targetClass>") == [STATEMENT] and set(subjects_of) == MARKS)
    return targets <= _TARGETS and marks and _CLASS not in props.get(TYPE, ())


def _is_told_by_properties(props: dict[Term, list[Term]], shapes: Nodes) -> bool:
    """Whether all that the shape of statements asks for can be judged property by property.

    What is said of a value can be judged without the rest of the chart, but for the request and the document.
    """
    of_shacl = {name for name in props if name.startswith(f"<{SH}")}
    parts = [shapes.get(part, {}) for part in props.get(f"<{SH}property>", ())]
    nested = [part for part in parts if not _NESTED.isdisjoint(part)]
    return of_shacl <= _OF_STATEMENTS and all(
        part.get(f"<{SH}path>", [""])[0] in (ABOUT, IN) or not part.get(f"<{SH}path>", [""])[0].startswith("<")
        for part in nested
    )


def _starts_at_document_or_request(compiler: Compiler) -> bool:
    """Whether the paths of what has been compiled lead from a statement's request, document or day of record alone.

    A reader keeps the result for all statements that have the same of these.
    """
    paths = [branch for steps, _ in compiler.use().paths for branch in (steps.alternatives or (steps,))]
    starts = [path.sequence[0] for path in paths]
    return all(predicate in (ABOUT, IN, RECORDED) and not back for predicate, back in starts)
