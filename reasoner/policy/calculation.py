"""The rules by which a policy calculates (SHACL Advanced Features, section 8.4), kept to what every engine calculates alike.

The reference engine runs rules with rdflib, the fast one with pyoxigraph. They agree on sums, differences and products of exact
numbers. They differ on durations and dates (a date and a duration have a sum in one of them only), on quotients, and on text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import pyoxigraph as ox
from rdflib import Graph, Literal, URIRef
from rdflib.term import Node, Variable

from reasoner.ground.errors import PolicyError
from reasoner.rdf.namespaces import RDF, SH, XSD

STATEMENT = URIRef("https://w3id.org/necessity/intake/statement")
"""The shape that says what a statement's facts have to be."""
_EXACT = {XSD.integer, XSD.decimal}
_BOUNDS = (SH.minInclusive, SH.maxInclusive, SH.minExclusive, SH.maxExclusive)
_FUNCTIONS = {"Builtin_COALESCE", "Builtin_IF", "Builtin_BOUND", "Builtin_ABS", "Builtin_EXISTS", "Builtin_NOTEXISTS"}
_PARTS = {
    *{"GroupGraphPatternSub", "TriplesBlock", "OptionalGraphPattern", "GroupOrUnionGraphPattern", "Filter", "Bind"},
    *{"PathAlternative", "PathSequence", "PathElt", "UnaryMinus", "UnaryPlus", "UnaryNot"},
    *{"ConditionalOrExpression", "ConditionalAndExpression", "RelationalExpression"},
    *{"AdditiveExpression", "MultiplicativeExpression"},
}
"""What a rule may be made of, by rdflib's names of the parts of a query."""
_MEND = "Calculate with sums, differences and products of exact numbers, COALESCE, IF, BOUND and ABS"


def is_exact(value: Node | None) -> bool:
    """Whether a node is a whole or decimal number, which every engine compares and calculates with alike."""
    return isinstance(value, Literal) and value.datatype in _EXACT and not value.ill_typed


def refuse_calculations(shapes: Graph, leaves: Collection[Node]) -> None:
    """Raise `PolicyError` for a rule that an engine would not run, or that engines would not calculate alike.

    Args:
        shapes: a policy's shapes.
        leaves: the leaves of the policy, which alone have rules.
    """
    for shape, rule in sorted(shapes.subject_objects(SH.rule), key=str):
        where = str(rule if isinstance(rule, URIRef) else shape)
        constructs = list(shapes.objects(rule, SH.construct))
        if (rule, RDF.type, SH.SPARQLRule) not in shapes or len(constructs) != 1:
            raise PolicyError(
                "only a sh:SPARQLRule with one sh:construct is run",
                where=where,
                mend="State the rule as one CONSTRUCT query",
            )
        if shape not in leaves:
            raise PolicyError(
                "the rule is never run: it is on no leaf", where=where, mend="State it on the leaf that it is for"
            )
        if (rule, SH.order, None) in shapes:
            raise PolicyError(
                "rules have no order: none sees what another constructs", where=where, mend="Write one rule"
            )
        for problem in _problems(str(constructs[0]), shapes, where):
            raise PolicyError(problem, where=where, mend=_MEND)


def _problems(text: str, shapes: Graph, where: str) -> Iterator[str]:
    query = _parsed(text, where)
    if query.name != "ConstructQuery":
        yield f"a rule has to be a CONSTRUCT, and is a {query.name}"
        return
    problems = list(_of_part(query.where, shapes))
    yield from problems
    if not problems:  # only then, for a SERVICE would be asked
        try:
            ox.Store().query(text)
        except (SyntaxError, ValueError) as error:
            yield f"pyoxigraph cannot parse a rule: {error}"


def _parsed(text: str, where: str) -> Any:
    """A query in rdflib's syntax tree, with full IRIs."""
    from rdflib.plugins.sparql.algebra import translatePName, translatePrologue, traverse
    from rdflib.plugins.sparql.parser import parseQuery

    try:
        prologue, query = parseQuery(text)
        known = translatePrologue(prologue, None)
        return traverse(query, visitPost=partial(translatePName, prologue=known))
    except Exception as error:  # the parser raises many kinds
        raise PolicyError(
            f"a sh:construct is not SPARQL: {error}", where=where, mend="Declare each PREFIX in the query itself"
        ) from error


def _of_part(part: Any, shapes: Graph) -> Iterator[str]:
    """The problems of a part of a query, in rdflib's syntax tree."""
    name = getattr(part, "name", "")
    if isinstance(part, Literal):
        if not is_exact(part):
            yield f"a rule calculates with {part.n3()}, which is no exact number"
    elif name:
        if name not in _PARTS and name not in _FUNCTIONS:
            called = f"<{part.iri}>" if name == "Function" else name.removeprefix("Builtin_")
            yield f"a rule uses {called}, on which engines differ"
        elif name == "MultiplicativeExpression" and "/" in (part.op or ()):
            yield "a rule divides, and engines round differently"
        if name == "TriplesBlock":
            yield from _of_triples(part, shapes)
        for value in part.values():
            yield from _of_part(value, shapes)
    elif isinstance(part, Collection) and not isinstance(part, str):
        for each in part:
            yield from _of_part(each, shapes)


def _of_triples(block: Any, shapes: Graph) -> Iterator[str]:
    """The properties that a pattern reads and that are not declared to be exact numbers: rules see nothing else."""
    for triples in block.triples:
        for path in triples[1::3]:
            for property_ in _properties(path):
                if isinstance(property_, Variable):
                    yield f"a rule reads whatever property ?{property_} is"
                elif not _is_number(property_, shapes):
                    yield f"a rule reads {property_}, which no shape of {STATEMENT} says to be an exact number"


def _properties(path: Any) -> Iterator[Node]:
    if isinstance(path, URIRef | Variable):
        yield path
    elif getattr(path, "name", ""):
        for value in path.values():
            yield from _properties(value)
    elif isinstance(path, Collection) and not isinstance(path, str):
        for each in path:
            yield from _properties(each)


def _is_number(property_: Node, shapes: Graph) -> bool:
    for shape in shapes.objects(STATEMENT, SH.property):
        if (shape, SH.path, property_) in shapes:
            if any(datatype in _EXACT for datatype in shapes.objects(shape, SH.datatype)):
                return True
            if any(is_exact(shapes.value(shape, bound)) for bound in _BOUNDS):
                return True
    return False
