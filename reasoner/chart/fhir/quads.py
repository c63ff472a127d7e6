"""Resources in JSON as quads, element by element.

The conversion knows JSON and references, but no resource type and no policy. It follows FHIR's RDF form, with short names:

* a resource has the type ``fhir:Type``; an entry of the bundle, unlike a contained resource, is ``nec:about`` the request;
* a JSON member is ``fhir:name`` to a node, under its name in the JSON (``fhir:valueBoolean``). The IRI of the node is the
  resource's, ``#`` and the path (``Condition/1#code.coding.0``): what is derived from a node says where it stands;
* a primitive is the ``fhir:v`` of its node: string, boolean, integer, decimal or double. Dates stay strings;
* members of an array have ``fhir:index``; a reference has ``fhir:link`` to what it leads to (`reasoner.chart.fhir.references`),
  or would lead to if it were in the bundle, and ``known:named`` the type of what is not in it, if it tells that;
* null and the empty array, which FHIR does not allow, are nodes without a value: an element that is present but empty is
  never taken for an absent one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NoReturn

from pyoxigraph import Literal, NamedNode, Quad

from reasoner.chart.coding import CodeSystems, Coding
from reasoner.chart.fhir.references import References, named_type

TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
ABOUT = NamedNode("https://w3id.org/necessity/core#about")
_VALUE, _INDEX, _LINK = (NamedNode(f"http://hl7.org/fhir/{name}") for name in ("v", "index", "link"))
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_MODIFIERS = frozenset({"modifierExtension", "implicitRules"})
_SHORT, _KEPT = 64, 4096
_NOT_PLAIN = "a value is an array in an array, or is not Unicode text"


class ElementError(ValueError):
    """A node cannot be converted.

    Args:
        problem: what is wrong with it.
        node: the node, as the quads call it.
        mend: what to do about it.
    """

    def __init__(self, problem: str, node: str, mend: str = "") -> None:
        super().__init__(problem)
        self.problem, self.node, self.mend = problem, node, mend


@cache
def known(name: str) -> NamedNode:
    """The term with a name for what is worked out before a mapping sees it."""
    return NamedNode(f"urn:necessity:known:{name}")


@cache
def fhir(name: str) -> NamedNode:
    """The term of FHIR's RDF with a name."""
    return NamedNode(f"http://hl7.org/fhir/{name}")


def is_name(value: Any) -> bool:
    """Whether a value can be the name of a type or of an element."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def coded(coding: dict[str, Any]) -> tuple[Any, Any]:
    """The system and the code of a coding; the digits of a code that is a number."""
    code = coding.get("code")
    return coding.get("system"), code.value if isinstance(code, Literal) else code


class _Elements(dict[str, tuple[str, NamedNode] | None]):
    """The name of an element and its term, by its name in JSON; None if it cannot be one."""

    def __missing__(self, key: str) -> tuple[str, NamedNode] | None:
        name = key.removeprefix("_")
        found = (name, NamedNode(f"http://hl7.org/fhir/{name}")) if is_name(name) else None
        if len(self) < _KEPT:
            self[key] = found
        return found


_ELEMENTS = _Elements()


@lru_cache(8192)
def _word(value: str) -> Literal:
    return Literal(value)


@lru_cache(4096)
def _numeral(value: int) -> Literal:
    return Literal(value)


class Converter:
    """Makes quads of resources.

    Args:
        references: what the references lead to.
        inner: what the quads call a resource.
        codes: what reads the codings; without it they stay as they are written.
        inside: names of the elements that become quads in contained resources; all if it is None.
    """

    def __init__(
        self,
        references: References,
        inner: Callable[[NamedNode], NamedNode],
        codes: CodeSystems | None,
        inside: frozenset[str] | None,
    ) -> None:
        self._references = references
        self._inner = inner
        self._codes = codes
        self._inside = inside
        self._wanted: frozenset[str] | None = None
        self.quads: list[Quad] = []
        """The quads of what was converted."""
        self.modified = False
        """Whether an element came by that may change what the resource means."""
        self.kinds: set[str] = set()
        """The types of what was converted, contained resources included."""
        self.kinds_named: set[str] = set()
        """The types that references tell which lead to no resource of the bundle."""
        self.led_to: set[NamedNode] = set()
        """What the references of what was converted lead to."""
        self.repairs: dict[str, str] = {}
        """What had to be repaired in a coding, in words, by its node in the quads."""

    def convert(
        self, node: NamedNode, resource: dict[str, Any], local: dict[str, NamedNode], wanted: frozenset[str] | None
    ) -> None:
        """Add the quads of a resource.

        Args:
            node: what the quads call it.
            resource: the resource.
            local: the contained resources by their ids, and itself by the empty id.
            wanted: names of the elements that become quads, wherever they stand; all if it is None.

        Raises:
            ElementError: an element is not of FHIR, or a value not of JSON as FHIR uses it.
        """
        self._wanted = wanted
        self._object(node, f"{node.value}#", resource, local)

    def look_through(self, value: dict[str, Any] | list[Any], path: str) -> None:
        """Find in what is not converted what makes the resource unusable, or the bundle; what passes can be converted.

        Args:
            value: the resource, or a value in it.
            path: the node, as the quads would call it, with what stands before the name of a node in it.

        Raises:
            ElementError: as for `convert`.
        """
        if isinstance(value, dict):
            for key, content in value.items():
                name = key
                if key != "resourceType":
                    name, _ = _ELEMENTS[key] or _refuse_element(key, path.rstrip("#."))
                    if name in _MODIFIERS:
                        self.modified = True
                elif not is_name(content):
                    _refuse_type(path.rstrip("#."))
                if isinstance(content, str):
                    if not content.isascii():
                        _literal(content, f"{path}{name}")
                elif isinstance(content, (dict, list)):
                    self.look_through(content, f"{path}{name}.")
        else:
            for place, item in enumerate(value):
                if isinstance(item, dict):
                    self.look_through(item, f"{path}{place}.")
                elif isinstance(item, list) and item:
                    raise ElementError(_NOT_PLAIN, f"{path}{place}")
                elif isinstance(item, str) and not item.isascii():
                    _literal(item, f"{path}{place}")

    def _object(self, node: NamedNode, path: str, value: dict[str, Any], local: dict[str, NamedNode]) -> None:
        add, wanted = self.quads.append, self._wanted
        system, code = coded(value)
        if isinstance(system, str) and isinstance(code, str) and self._codes is not None:
            value = self._coding(node, value, self._codes.read(system, code))
        elif isinstance(value.get("coding"), list) and self._codes is not None:
            self._concept(node, value, self._codes)
        for key, content in value.items():
            if key == "resourceType":
                if not is_name(content):
                    _refuse_type(node.value)
                self.kinds.add(content)
                add(Quad(node, TYPE, fhir(content)))
                continue
            name, predicate = _ELEMENTS[key] or _refuse_element(key, node.value)
            if name in _MODIFIERS:
                self.modified = True
            if wanted is not None and name not in wanted:
                if isinstance(content, (dict, list)):
                    self.look_through(content, f"{path}{name}.")
                elif isinstance(content, str) and not content.isascii():
                    _literal(content, f"{path}{name}")
            elif isinstance(content, str):
                child = NamedNode(f"{path}{name}")
                add(Quad(node, predicate, child))
                add(Quad(child, _VALUE, _literal(content, child.value)))
            elif not isinstance(content, list) or not content:
                self._member(node, predicate, f"{path}{name}", content, local)
            else:
                for index, item in enumerate(content):
                    child = self._member(node, predicate, f"{path}{name}.{index}", item, local)
                    add(Quad(child, _INDEX, _numeral(index)))

        identified = isinstance(value.get("identifier"), dict) and "resourceType" not in value
        if identified or isinstance(value.get("reference"), str):
            target = self._references.find(value, local)
            if target.iri:
                self.led_to.add(target.iri)
                add(Quad(node, _LINK, self._inner(target.iri)))
            if target.problem:
                self._name_type(node, value)
        elif isinstance(value.get("type"), str) and isinstance(value.get("display"), str):
            self._name_type(node, value)

    def _name_type(self, node: NamedNode, reference: dict[str, Any]) -> None:
        """Put down the type of what a reference names that leads to no resource of the bundle."""
        if is_name(type_ := named_type(reference)):
            self.kinds_named.add(type_)
            self.quads.append(Quad(node, known("named"), fhir(type_)))

    def _coding(self, node: NamedNode, value: dict[str, Any], coding: Coding) -> dict[str, Any]:
        """A coding as its systems write it, with what it says; what had to be repaired is put down."""
        if not value["system"].strip():
            return value
        if coding.reason:
            self.quads.append(Quad(node, known("reason"), Literal(coding.reason)))
        if not coding.system:
            return value
        if note := coding.note or ("its code is a number, and is read as text" if value["code"] != coding.code else ""):
            self.repairs[node.value] = note
        if coding.concept:
            self.quads.append(Quad(node, known("concept"), NamedNode(coding.concept)))
        if coding.reason:
            self.quads.append(Quad(node, known("code"), NamedNode(coding.iri)))
        return {**value, "system": coding.system, "code": coding.code}

    def _concept(self, node: NamedNode, value: dict[str, Any], codes: CodeSystems) -> None:
        """Put down that the codings of a concept do not say the same, or that its words name something else."""
        codings = [item for item in value["coding"] if isinstance(item, dict)]
        stated = [coded(item) for item in codings]
        found = [
            codes.read(system, code)
            for system, code in stated
            if isinstance(system, str) and isinstance(code, str) and system.strip()
        ]
        words = [value.get("text"), *(item.get("display") for item in codings)]
        for name, said in zip(
            ("differ", "beside"), codes.beside(found, [text for text in words if isinstance(text, str)]), strict=True
        ):
            if said:
                self.quads.append(Quad(node, known(name), Literal(said)))

    def _member(
        self, node: NamedNode, predicate: NamedNode, path: str, item: Any, local: dict[str, NamedNode]
    ) -> NamedNode:
        child = NamedNode(path)
        self.quads.append(Quad(node, predicate, child))
        if isinstance(item, dict):
            if "resourceType" in item and self._wanted is not None:
                outside, self._wanted = self._wanted, self._inside
                self._object(child, f"{path}.", item, local)
                self._wanted = outside
            else:
                self._object(child, f"{path}.", item, local)
        elif item is not None and item != []:
            literal = item if isinstance(item, Literal) else _literal(item, path)
            self.quads.append(Quad(child, _VALUE, literal))
        return child


def _refuse_element(key: str, node: str) -> NoReturn:
    raise ElementError(f"{key!r} is not an element of FHIR", node, "Give FHIR R4, and nothing beside it")


def _refuse_type(node: str) -> NoReturn:
    raise ElementError("a resourceType is not the name of a type", node)


def _literal(value: Any, node: str) -> Literal:
    try:
        return _word(value) if isinstance(value, str) and len(value) < _SHORT else Literal(value)
    except (TypeError, ValueError):
        raise ElementError(_NOT_PLAIN, node) from None
