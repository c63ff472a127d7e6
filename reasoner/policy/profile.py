"""The part of SHACL that policies may use: what every engine evaluates, and reads alike.

pySHACL, the engine ``shacl`` and the compiled form were held against each other, construct by construct and value by value. What
one of them passes over, or reads otherwise, is refused when a policy is loaded, for nothing of it would show later:
data conform to a constraint that an engine does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import PolicyError
from reasoner.policy.calculation import is_exact, refuse_calculations
from reasoner.policy.lexicon import LEADS_TO_SHAPES
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, RDF, SH, XSD

_COUNTS = {"minCount", "maxCount", "qualifiedMinCount", "qualifiedMaxCount", "minLength", "maxLength"}
_BOUNDS = {"minInclusive", "maxInclusive", "minExclusive", "maxExclusive"}
_LISTS = {"and", "or", "xone", "in", "languageIn"}
_SINGLE = {
    *_COUNTS,
    *_BOUNDS,
    "path",
    "datatype",
    "nodeKind",
    "in",
    "qualifiedValueShape",
    "uniqueLang",
    "severity",
}
"""Parameters of which a shape has at most one (SHACL, section 4)."""
_READ_ALIKE = {
    *_SINGLE,
    *_LISTS,
    *{"class", "hasValue", "equals", "disjoint", "lessThan", "lessThanOrEquals", "pattern", "flags"},
    *{"node", "property", "not", "qualifiedValueShapesDisjoint"},
    *{"inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"},
    *{"targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"},
    *{"message", "name", "description", "order", "group", "rule", "construct"},
}
"""The local names of the properties of SHACL that policies may use."""
_CORE = "Say it with SHACL Core: sh:class, counts, bounds, sh:node, sh:not, sh:and and sh:or"
_REMOVE = "Remove it: a policy has what it asks, and nothing that is switched off"
_WHY = {
    "deactivated": ("what is deactivated is never asked, and no report says so", _REMOVE),
    "entailment": ("no engine applies it", "State the axiom in the policy's ontology; classes are inferred before shapes are read"),
    "condition": ("a condition of a rule is not read", "Put it into the WHERE of sh:construct"),
}  # fmt: skip
"""Of some refused properties, why and what to do instead."""
_INTAKE = "https://w3id.org/necessity/intake/"
_TEXT = {"pattern", "flags"}
_ORDER = {"lessThan", "lessThanOrEquals"}
_FLOATING = {XSD.double, XSD.float}
_SHAPES = ("node", "property", "not", "qualifiedValueShape")
_SHAPE_LISTS = ("and", "or", "xone")


def refuse_what_engines_read_otherwise(shapes: Graph, leaves: Collection[Node]) -> None:
    """Raise `PolicyError` for the first construct in a policy's shapes that not every engine reads alike.

    Args:
        shapes: the policy's shapes.
        leaves: its leaves.
    """
    _refuse_missing_shapes(shapes)
    problems = [(*_named(shapes, subject), problem, mend) for subject, problem, mend in _problems(shapes)]
    for where, _, problem, mend in sorted(problems):
        raise PolicyError(problem, where=where, mend=mend)
    refuse_calculations(shapes, leaves)


def refuse_unknown_terms(shapes: Graph) -> None:
    """Raise `PolicyError` for a term that SHACL does not have: an engine would ignore it, and the data would conform."""
    for subject, predicate, value in shapes:
        for term in (predicate, value):
            if isinstance(term, URIRef) and str(term).startswith(str(SH)) and term not in SH:
                raise PolicyError(f"SHACL has no term {str(term).removeprefix(str(SH))!r}", where=str(subject))


def _refuse_missing_shapes(shapes: Graph) -> None:
    """Raise `PolicyError` for a shape that is used and not there: every node conforms to a shape without constraints."""
    for subject, shape in sorted(_used(shapes), key=str):
        if (shape, None, None) not in shapes:
            raise PolicyError(
                f"it uses the shape {shape}, which is not there",
                where=str(subject),
                mend="Correct its name, or declare it in the policy's shapes",
            )


def _used(shapes: Graph) -> Iterator[tuple[Node, Node]]:
    """Each shape that uses another, with the other."""
    for name in _SHAPES:
        yield from shapes.subject_objects(SH[name])
    for name in _SHAPE_LISTS:
        for subject, head in shapes.subject_objects(SH[name]):
            yield from ((subject, part) for part in graphs.members(shapes, head))


def _problems(shapes: Graph) -> Iterator[tuple[Node, str, str]]:
    """What is refused: the node, what is wrong with it, and the mend."""
    yield from _refused_terms(shapes)
    yield from _malformed(shapes)
    yield from _of_criteria(shapes)
    yield from _circular(shapes)


def _refused_terms(shapes: Graph) -> Iterator[tuple[Node, str, str]]:
    for subject, predicate in set(shapes.subject_predicates()):
        name = _name(predicate)
        if name and name not in _READ_ALIKE:
            why, mend = _WHY.get(name, ("not every engine evaluates it, or as the others do", _CORE))
            yield subject, f"sh:{name} is not for policies: {why}", mend
    for subject, kind in shapes.subject_objects(RDF.type):
        if _name(kind) and kind not in (SH.NodeShape, SH.PropertyShape, SH.PropertyGroup, SH.SPARQLRule):
            yield (
                subject,
                f"sh:{_name(kind)} is not for policies: not every engine evaluates it, or as the others do",
                _CORE,
            )


def _malformed(shapes: Graph) -> Iterator[tuple[Node, str, str]]:
    """Parameters that engines read in ways of their own because they are not what SHACL says."""
    for subject in set(shapes.subjects()):
        values: dict[str, list[Node]] = {}
        for predicate, value in shapes.predicate_objects(subject):
            if name := _name(predicate):
                values.setdefault(name, []).append(value)
        for name in sorted(values.keys() & _SINGLE):
            if len(values[name]) > 1:
                yield subject, f"it has more than one sh:{name}", "Keep one, or write a shape for each"
        for name in sorted(values.keys() & _COUNTS):
            if any(_whole(value) is None for value in values[name]):
                yield subject, f"sh:{name} has to be an xsd:integer from 0 on", "Write it without quotes"
        for name in sorted(values.keys() & _LISTS):
            if any(not graphs.members(shapes, head) for head in values[name]):
                yield subject, f"the list of sh:{name} is empty", "Name its members, or leave it out"
        counted = values.keys() & {"qualifiedMinCount", "qualifiedMaxCount"}
        if bool(counted) != ("qualifiedValueShape" in values):
            yield subject, "sh:qualifiedValueShape and a count belong together", "State both"


def _of_criteria(shapes: Graph) -> Iterator[tuple[Node, str, str]]:
    """What engines read otherwise in the shapes of criteria; those of intake are read by pySHACL in case of doubt."""
    named = {*shapes.subjects(RDF.type, SH.NodeShape), *shapes.subjects(NEC.reportsOn)}
    roots = [root for root in named if not str(root).startswith(_INTAKE)]
    for subject, predicate, value in set(graphs.closure(shapes, *roots, follow=LEADS_TO_SHAPES)):
        name = _name(predicate)
        if name in _TEXT:
            why = "engines have regular expressions of their own"
            yield (
                subject,
                f"sh:{name} in a criterion: {why}",
                "Name the values with sh:in, or their class with sh:class",
            )
        elif name in _ORDER:
            why = "engines order values that are no dates differently"
            yield subject, f"sh:{name} in a criterion: {why}", "Compare with a number, as sh:minInclusive does"
        elif name in _BOUNDS and not is_exact(value):
            why = "engines compare with anything but exact numbers differently"
            yield subject, f"sh:{name} {value} in a criterion: {why}", "Write an xsd:integer or xsd:decimal"
        elif name == "datatype" and value in _FLOATING:
            yield subject, "a floating-point sh:datatype in a criterion: engines differ on NaN", "Write xsd:decimal"


def _circular(shapes: Graph) -> Iterator[tuple[Node, str, str]]:
    """Shapes that use themselves, which SHACL leaves undefined (section 3.4.3)."""
    used: dict[Node, set[Node]] = {}
    for subject, shape in _used(shapes):
        used.setdefault(subject, set()).add(shape)
    for start in used:
        queue, seen = list(used[start]), set()
        while queue:
            shape = queue.pop()
            if shape == start:
                yield start, "the shape uses itself", "Break the cycle"
                break
            if shape not in seen:
                seen.add(shape)
                queue += used.get(shape, ())


def _name(term: Node) -> str:
    """The local name of a term of SHACL; empty for any other."""
    return str(term).removeprefix(str(SH)) if isinstance(term, URIRef) and term.startswith(str(SH)) else ""


def _whole(value: Node) -> int | None:
    """A whole number from 0 on; None if a node is anything else."""
    number = value.toPython() if isinstance(value, Literal) and value.datatype == XSD.integer else None
    return number if isinstance(number, int) and number >= 0 else None


def _named(shapes: Graph, node: Node) -> tuple[str, int]:
    """The IRI of a node, or of what leads to it if it has none, with how many nodes without an IRI are between."""
    depth, seen = 0, set[Node]()
    while isinstance(node, BNode) and node not in seen:
        seen.add(node)
        above = sorted(shapes.subjects(None, node), key=str)
        if not above:
            break
        node, depth = above[0], depth + 1
    return str(node), depth
