"""FHIR's own RDF, in Turtle, as the JSON of the same content: the shape of R4 and the shape of R5.

===========  ==========================================================  =================================================
             R4 (and before)                                             R5
===========  ==========================================================  =================================================
an element   ``fhir:Condition.code``                                     ``fhir:code``
a primitive  ``[ fhir:value "active" ]``                                 ``[ fhir:v "active" ]``
repetition   each with ``fhir:index``                                    an RDF list
a choice     ``fhir:Condition.onsetDateTime``                            ``fhir:onset [ a fhir:dateTime ; … ]``
===========  ==========================================================  =================================================

A resource is a node with ``fhir:nodeRole fhir:treeRoot``, the value of ``resource`` in an entry of a Bundle, or contained.
The result is read like any other Bundle.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import pyoxigraph as ox

from reasoner.chart.fhir.from_json import XSD, number
from reasoner.chart.fhir.quads import TYPE
from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import MAX_DEPTH

_FHIR = "http://hl7.org/fhir/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_OURS = "https://w3id.org/necessity/"
_BASE = "http://necessity.invalid/"
_HINT = re.compile(rb"hl7\.org/fhir/(?:[>A-Z]|nodeRole)")
_TYPE = re.compile(r"http://hl7\.org/fhir/([A-Za-z][A-Za-z0-9]*)")
_PREFIXED = re.compile(r"[A-Za-z][A-Za-z0-9]*\.(?:[A-Za-z0-9]+\.)*([A-Za-z][A-Za-z0-9]*)")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NUMBERS = {
    XSD + name
    for name in ("integer", "decimal", "double", "float", "nonNegativeInteger", "positiveInteger", "int", "long")
}
_MARKS = frozenset({"nodeRole", "index"})
_HOLDERS = frozenset({"resource", "contained", "outcome"})  # elements whose value can be a resource


def bundle(data: bytes, source: str) -> dict[str, Any] | None:
    """The Bundle that a Turtle document in FHIR's RDF holds, as `from_json.parse_bundle` gives it; None if it is no such document.

    Resources that stand by themselves are put into a Bundle. A document with a term of this project's is a chart.

    Raises:
        DocumentationError: it is FHIR in neither of the two shapes, or a part of it cannot be placed.
    """
    if not _HINT.search(data):
        return None
    nodes: dict[Any, dict[str, list[Any]]] = {}
    try:
        for quad in ox.parse(input=data.removeprefix(b"\xef\xbb\xbf"), format=ox.RdfFormat.TURTLE, base_iri=_BASE):
            nodes.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
    except (SyntaxError, ValueError, MemoryError, OSError):
        return None  # the reader of charts says it
    predicates = {name for properties in nodes.values() for name in properties}
    if any(name.startswith(_OURS) for name in predicates):
        return None
    types = {node: kinds for node, properties in nodes.items() if (kinds := _types(properties))}
    if not types:
        return None
    return _TurtleDocument(nodes, predicates, source).bundle()


class _TurtleDocument:
    """The nodes of a document, by predicate."""

    def __init__(self, nodes: dict[Any, dict[str, list[Any]]], predicates: set[str], source: str) -> None:
        self._nodes = nodes
        self._source = source
        self._reached: set[Any] = set()
        names = {name.removeprefix(_FHIR) for name in predicates if name.startswith(_FHIR)}
        self._r4 = any("." in name for name in names)
        if self._r4 and "v" in names:
            self._refuse("FHIR RDF mixes the shapes of R4 (fhir:value) and R5 (fhir:v)", "", "Write one of them")
        if not self._r4 and "v" not in names:
            mend = "Write fhir:Condition.code and fhir:value as in R4, or fhir:code and fhir:v as in R5, or JSON"
            self._refuse("FHIR RDF is neither in the shape of R4 nor in that of R5", "", mend)
        self._value = _FHIR + ("value" if self._r4 else "v")

    def bundle(self) -> dict[str, Any]:
        root = ox.NamedNode(_FHIR + "treeRoot")
        roots = sorted(
            (node for node, properties in self._nodes.items() if root in properties.get(_FHIR + "nodeRole", [])),
            key=str,
        )
        if not roots:
            mend = "Give the node of each resource fhir:nodeRole fhir:treeRoot"
            self._refuse("FHIR RDF does not say where a resource begins", "", mend)
        bundles = [node for node in roots if "Bundle" in _types(self._nodes[node])]
        if len(bundles) > 1:
            self._refuse("FHIR RDF holds more than one Bundle", "", "Give one file for each")
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
        if bundles:
            bundle = self._resource(bundles[0], "Bundle", 0)
        entries = bundle.setdefault("entry", [])
        for node in roots:
            if node not in self._reached:
                named = isinstance(node, ox.NamedNode) and not node.value.startswith(_BASE)
                entry: dict[str, Any] = {"fullUrl": node.value} if named else {}
                entries.append(entry | {"resource": self._resource(node, _show(node), 0)})
        for node, properties in self._nodes.items():
            if node not in self._reached and any(self._element(name) for name in properties if name != TYPE.value):
                mend = "Give it fhir:nodeRole fhir:treeRoot if it is a resource"
                self._refuse("FHIR RDF describes a node that no resource leads to", _show(node), mend)
        return bundle

    def _refuse(self, problem: str, place: str, mend: str = "") -> NoReturn:
        raise DocumentationError(problem, where=f"{self._source}: {place}" if place else self._source, mend=mend)

    def _element(self, predicate: str) -> str | None:
        """The name of the element that a predicate stands for, if it does."""
        if not predicate.startswith(_FHIR) or predicate == self._value:
            return None
        name = predicate.removeprefix(_FHIR)
        if self._r4:
            match = _PREFIXED.fullmatch(name)
            return match[1] if match else None
        return None if name in _MARKS else name

    def _resource(self, node: Any, place: str, depth: int) -> dict[str, Any]:
        kinds = _types(self._nodes.get(node, {}))
        if len(kinds) != 1:
            self._refuse(f"a resource has {'more than one type' if kinds else 'no type'}", place)
        return {"resourceType": kinds[0]} | self._members(node, place, depth)

    def _members(self, node: Any, place: str, depth: int) -> dict[str, Any]:
        """The elements of a node, as the members of an object."""
        if node in self._reached:
            self._refuse("FHIR RDF leads to a node twice", place, "Write it out in both places")
        if depth > MAX_DEPTH:
            self._refuse(f"FHIR RDF is nested deeper than {MAX_DEPTH} levels", place)
        self._reached.add(node)
        properties = self._nodes.get(node, {})
        members: dict[str, Any] = {}
        for predicate, objects in properties.items():
            name = self._element(predicate)
            if name is None or (name == "link" and all(isinstance(o, ox.NamedNode) for o in objects)):
                continue
            items, repeats = self._items(objects, f"{place}.{name}")
            of_type: dict[str, list[Any]] = {}
            for item in items:
                of_type.setdefault(self._member(name, item), []).append(item)
            for member, those in of_type.items():
                if member in members or f"_{member}" in members:
                    self._refuse(f"FHIR RDF says {member} in two ways", place)
                values = [self._convert(member, item, f"{place}.{member}", depth + 1) for item in those]
                for key, side in ((member, 0), (f"_{member}", 1)):
                    if any(value[side] is not None for value in values) or (repeats and not values and not side):
                        members[key] = [value[side] for value in values] if repeats else values[0][side]
            if repeats and not items:
                members[name] = []
        links = [o for o in properties.get(_FHIR + "link", []) if isinstance(o, ox.NamedNode)]
        if len(links) == 1 and self._value not in properties and not {"reference", "_reference"} & set(members):
            members["reference"] = links[0].value
        return members

    def _member(self, name: str, item: Any) -> str:
        """The name in JSON: in R5 the type of the value joins that of an element of several types."""
        kinds = [] if self._r4 or name in _HOLDERS else _types(self._nodes.get(item, {}))
        return name + kinds[0][0].upper() + kinds[0][1:] if kinds else name

    def _items(self, objects: list[Any], place: str) -> tuple[list[Any], bool]:
        """The values of an element in order, and whether it repeats."""
        (first, rest), nil = (f"{_RDF}first", f"{_RDF}rest"), ox.NamedNode(f"{_RDF}nil")
        if len(objects) == 1 and (objects[0] == nil or first in self._nodes.get(objects[0], {})):
            items, cell = [], objects[0]
            while cell != nil:
                properties = self._nodes.get(cell, {})
                if cell in self._reached or any(len(properties.get(part, ())) != 1 for part in (first, rest)):
                    self._refuse("an RDF list is broken or loops", place)
                self._reached.add(cell)
                items.append(properties[first][0])
                cell = properties[rest][0]
            return items, True
        places = [self._index(item, place) for item in objects]
        if len(objects) == 1:
            return objects, places[0] is not None
        if None in places or len(set(places)) < len(places):
            mend = "Number the values with fhir:index" if self._r4 else "Put the values into an RDF list"
            self._refuse("FHIR RDF repeats an element and does not say in which order", place, mend)
        return [item for _, item in sorted(zip(places, objects, strict=True), key=lambda pair: pair[0] or 0)], True

    def _index(self, item: Any, place: str) -> int | None:
        stated = self._nodes.get(item, {}).get(_FHIR + "index")
        if stated is None:
            return None
        if len(stated) != 1 or not re.fullmatch(r"[0-9]{1,9}", getattr(stated[0], "value", "")):
            self._refuse("fhir:index is not one number from 0 up", place)
        return int(stated[0].value)

    def _convert(self, name: str, item: Any, place: str, depth: int) -> tuple[Any, dict[str, Any] | None]:
        """The value in JSON, and what is properties about it, if it is a primitive."""
        if isinstance(item, ox.Literal):
            return _primitive(item), None
        if item not in self._nodes and isinstance(item, ox.NamedNode):
            return item.value, None
        properties = self._nodes.get(item, {})
        values = properties.get(self._value, [])
        if len(values) > 1 or not all(isinstance(value, ox.Literal | ox.NamedNode) for value in values):
            self._refuse("a primitive has more than one value", place)
        if name in _HOLDERS and _types(properties):
            return self._resource(item, place, depth), None
        about = self._members(item, place, depth)
        if not values:
            return about, None
        return _primitive(values[0]), about or None


def _types(properties: dict[str, list[Any]]) -> list[str]:
    """The names of the types of FHIR that a node has."""
    kinds = (_TYPE.fullmatch(getattr(kind, "value", "")) for kind in properties.get(TYPE.value, []))
    return sorted({kind[1] for kind in kinds if kind})


def _primitive(value: Any) -> Any:
    if isinstance(value, ox.Literal):
        kind = value.datatype.value
        if kind == XSD + "boolean" and value.value in ("true", "false"):
            return value.value == "true"
        if kind in _NUMBERS and _NUMBER.fullmatch(value.value):
            return number(value.value)
    return value.value


def _show(node: Any) -> str:
    return "a blank node" if isinstance(node, ox.BlankNode) else str(node)
