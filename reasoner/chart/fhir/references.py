"""What the references of a bundle lead to.

A reference is to a resource by its name: ``Type/id`` or the fullUrl of its entry, whatever version it names. A ``urn:uuid:`` is
the same in either case. An absolute reference also leads to an entry that has its type and id and no fullUrl, unless the
bundle names that type and id on several servers. A reference by identifier (``Reference.identifier``, or
``Type?identifier=system|value``) leads to the one resource with that system and value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

from pyoxigraph import NamedNode

NOWHERE = "the reference leads nowhere in the bundle"
SEVERAL = "the reference matches several resources of the bundle"
UNSAID = "there is no reference and no identifier with a system"

_UUID = "urn:uuid:"
_RELATIVE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64}")
_ABSOLUTE = re.compile(r"(https?://.+)/([A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64})")
_TYPED = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{1,63})(?:/[A-Za-z0-9\-.]{1,64}(?:/_history/.*)?|\?.*)")
_SEARCH = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{1,63})\?identifier=([^|&]+)(?:\||%7[Cc])([^|&]+)")


@dataclass(frozen=True)
class Target:
    """What a reference leads to."""

    iri: NamedNode | None
    """The resource; one that is not in the bundle has the name that it would have there."""
    problem: str = ""
    """Why it leads to no resource of the bundle: `NOWHERE`, `SEVERAL` or `UNSAID`."""


class References:
    """The resources of a bundle by each name that a reference may use.

    Args:
        names: gives what begins the IRIs of resources that have no absolute fullUrl; it is asked for once, if at all.
        content: the bundle, whose references are looked at.
    """

    def __init__(self, names: Callable[[], str], content: Any) -> None:
        self._names = names
        self._by_name: dict[str, NamedNode] = {}
        self._without_url: dict[str, NamedNode] = {}
        self._by_id: dict[str, set[NamedNode]] = {}
        self._by_identifier: dict[tuple[str, str], set[tuple[str, NamedNode]]] = {}
        self._content = content
        self._same: dict[NamedNode, NamedNode] = {}
        self._found: dict[str, Target] = {}

    @cached_property
    def _prefix(self) -> str:
        return self._names()

    @cached_property
    def _servers(self) -> dict[str, set[str]]:
        """By type and id the servers that absolute references name; it is rarely needed, and goes through the whole bundle."""
        servers: dict[str, set[str]] = {}
        for reference in references(self._content):
            if match := _ABSOLUTE.fullmatch(_unversioned(reference)):
                servers.setdefault(match[2], set()).add(match[1])
        return servers

    def name(self, own: str, url: str, resource: dict[str, Any]) -> NamedNode:
        """The IRI of a resource: the one that its type and id already have, else its fullUrl if that is one, else its own.

        Args:
            own: its type and its id, or what stands for that.
            url: its fullUrl, empty if it has none that can be its name.
            resource: the resource.

        Raises:
            ValueError: neither is Unicode text.
        """
        quoted = quote(own)
        iri = self._by_name.get(own)
        if iri is None:
            iri = self._by_name[own] = iri_of(url) or NamedNode(f"{self._prefix}{quoted}")
        if not url:
            self._without_url.setdefault(own, iri)
            self._by_id.setdefault(own.partition("/")[2].lower(), set()).add(iri)
        for identifier in identifiers(resource):
            self._by_identifier.setdefault(identifier, set()).add((own.partition("/")[0], iri))
        return iri

    def also(self, url: str, iri: NamedNode) -> None:
        """Let a fullUrl lead to a resource."""
        self._by_name.setdefault(_unversioned(url), iri)

    def let_stand(self, current: NamedNode, former: NamedNode) -> None:
        """Let a resource stand for another one, as one Patient for those that were merged into it."""
        self._same[former] = current
        self._found.clear()

    def standing(self, iri: NamedNode) -> NamedNode:
        """The resource that stands for one: itself, unless `let_stand` said otherwise."""
        return self._same.get(iri, iri)

    def __getitem__(self, own: str) -> NamedNode:
        return self._by_name[own]

    def find(self, value: Any, local: dict[str, NamedNode]) -> Target:
        """What a Reference leads to.

        Args:
            value: the Reference, in JSON.
            local: the contained resources by their ids, and the containing one by the empty id.
        """
        if not isinstance(value, dict):
            return Target(None, UNSAID)
        reference, identifier = value.get("reference"), value.get("identifier")
        by_name = self._named(reference, local) if isinstance(reference, str) and reference else Target(None, UNSAID)
        if not by_name.problem or not isinstance(identifier, dict):
            return by_name
        by_identifier = self._identified(identifier.get("system"), identifier.get("value"), value.get("type"))
        return by_identifier if by_name.problem == UNSAID or not by_identifier.problem else by_name

    def _named(self, reference: str, local: dict[str, NamedNode]) -> Target:
        if reference.startswith("#"):
            return self._one({local[reference[1:]]} if reference[1:] in local else set())
        target = self._found.get(reference)
        if target is None:  # most of a record refers to one Patient
            target = self._found[reference] = self._in_bundle(reference)
        return target

    def _in_bundle(self, reference: str) -> Target:
        name = _unversioned(reference)
        if found := self._by_name.get(reference) or self._by_name.get(name):
            return self._one({found})
        if name.startswith(_UUID):
            found_by_id = self._one(self._by_id.get(name.removeprefix(_UUID), set()))
            return Target(found_by_id.iri or iri_of(name), found_by_id.problem)
        if search := _SEARCH.fullmatch(reference):
            return self._identified(unquote(search[2]), unquote(search[3]), search[1])
        if (match := _ABSOLUTE.fullmatch(name)) and (found := self._without_url.get(match[2])):
            return Target(None, SEVERAL) if len(self._servers.get(match[2], ())) > 1 else self._one({found})
        return Target(NamedNode(f"{self._prefix}{quote(name)}") if _RELATIVE.fullmatch(name) else iri_of(name), NOWHERE)

    def _identified(self, system: Any, value: Any, kind: Any) -> Target:
        if not (isinstance(system, str) and isinstance(value, str) and system and value):
            return Target(None, UNSAID)
        found = self._by_identifier.get((system, value), set())
        wanted = kind.rpartition("/")[2] if isinstance(kind, str) else ""
        return self._one({iri for type_, iri in found if wanted in ("", type_)})

    def _one(self, found: set[NamedNode]) -> Target:
        standing = {self._same.get(iri, iri) for iri in found}
        if len(standing) != 1:
            return Target(None, SEVERAL if standing else NOWHERE)
        return Target(standing.pop())


def named_type(reference: dict[str, Any]) -> str:
    """The type of the resource that a Reference names, by itself or in its name; empty if it tells none, or two."""
    stated, name = reference.get("type"), reference.get("reference")
    types = {stated.rpartition("/")[2]} if isinstance(stated, str) and stated else set()
    if isinstance(name, str) and (match := _TYPED.fullmatch(name)):
        types.add(match[1])
    return types.pop() if len(types) == 1 else ""


def identifiers(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The identifiers of a resource that have both a system and a value."""
    stated = resource.get("identifier")
    for identifier in stated if isinstance(stated, list) else (stated,):
        if isinstance(identifier, dict):
            system, value = identifier.get("system"), identifier.get("value")
            if isinstance(system, str) and isinstance(value, str) and system and value:
                yield system, value


def local_names(iri: NamedNode, resource: dict[str, Any]) -> dict[str, NamedNode]:
    """The IRIs of the resources that a resource contains by their ids, and its own by the empty id."""
    inside = contained(iri, resource) if "contained" in resource else ()
    return {"": iri} | {str(inner.get("id")): node for node, inner in inside}


def contained(iri: NamedNode, resource: dict[str, Any]) -> Iterable[tuple[NamedNode, dict[str, Any]]]:
    """The resources that a resource contains, with their IRIs."""
    inside = resource.get("contained")
    for number, inner in enumerate(inside if isinstance(inside, list) else ()):
        if isinstance(inner, dict):
            yield NamedNode(f"{iri.value}#contained.{number}"), inner


def references(value: Any) -> Iterator[str]:
    """What the references in JSON refer to, in order."""
    open_ = [value]
    while open_:
        item = open_.pop()
        if isinstance(item, dict):
            if isinstance(item.get("reference"), str):
                yield item["reference"]
            open_.extend(reversed(item.values()))
        elif isinstance(item, list):
            open_.extend(reversed(item))


def iri_of(text: str) -> NamedNode | None:
    """A text as an IRI, None if it is none."""
    try:
        return NamedNode(text) if text else None
    except ValueError:
        return None


def _unversioned(reference: str) -> str:
    """A reference without the version that it names; a UUID in lower case."""
    name = reference.partition("/_history/")[0]
    return name.lower() if name[: len(_UUID)].lower() == _UUID else name
