"""A FHIR Bundle in JSON: its resources, what each is called, and their quads (`reasoner.chart.fhir.quads`).

The IRI of a resource in the chart is its ``fullUrl`` if that is absolute, else a name of the bundle's digest and ``Type/id``. The
digest is that of the content: neither the order of the entries nor the format of the file changes a name. In the quads a
resource has a short name of its own (`Bundle.inner`), so that bundles that name resources alike can stand in one store.

A resource with ``implicitRules`` or ``modifierExtension`` is refused, as FHIR demands of a reader that does not know them. A
resource that states more than one status, intent or patient is refused too. What is refused has no quads
(`reasoner.chart.fhir.unread.refused_items`). Of several versions of a resource the latest counts, if ``meta`` says which that is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, cast

from pyoxigraph import Literal, NamedNode, Quad, Triple

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir import queries, unmapped
from reasoner.chart.fhir.contained import lifted
from reasoner.chart.fhir.patients import Patients
from reasoner.chart.fhir.quads import ABOUT, Converter, ElementError, is_name
from reasoner.chart.fhir.references import References, local_names
from reasoner.chart.sources import in_xml
from reasoner.ground.errors import DocumentationError
from reasoner.rdf.parsing import refuse_deep_json

_MODIFIED = "it has a modifierExtension or implicitRules, which may change what it means"
_STATED_TWICE = "its status, its code or whose it is is stated more than once"

_SORTED = json.JSONEncoder(sort_keys=True, default=str)
_ONCE = ("status", "intent", "subject", "patient", "beneficiary", "code")
XSD = "http://www.w3.org/2001/XMLSchema#"
REQUEST = NamedNode("urn:necessity:request")
"""The IRI of the request before it has its own (`reasoner.chart.fhir.mapping`)."""
_INNER = "bundle:"
_OURS = "https://w3id.org/necessity/"  # no resource takes a name of the vocabularies


@dataclass
class BundleEntry:
    """A resource of a bundle."""

    iri: NamedNode
    name: str
    """What a person knows it by: its type and id, or its place."""
    kind: str
    """Its type."""
    place: str
    elements: tuple[str, ...]
    """The names of its elements, in order."""
    left_out: str = ""
    """Why it does not count: that it is refused, or that another entry stands for it."""
    refused: bool = False


_Entry = tuple[str, str, dict[str, Any] | None]
"""The place of an entry, its fullUrl, which can be empty, and its resource, if it has one."""
_Candidate = tuple[BundleEntry, dict[str, Any], str]
"""An entry, its resource and its fullUrl."""


class _ShortNames:
    """The names of resources in the quads: each is short, and begins with the mark of its bundle."""

    def __init__(self, mark: str, outer: dict[str, str]) -> None:
        self._mark = mark
        self._inner: dict[str, str] = {}
        self._outer = outer

    def inner(self, iri: NamedNode) -> NamedNode:
        """What the quads call a resource, or a node in one, of the chart."""
        resource, hash_, path = iri.value.partition("#")
        name = self._inner.get(resource)
        if name is None:
            name = self._inner[resource] = f"{self._mark}{len(self._inner)}"
            self._outer[name] = resource
        return NamedNode(f"{name}{hash_}{path}")

    def outer(self, term: Any) -> Any:
        """What the chart calls a term of the quads; other terms are what they are."""
        if not isinstance(term, NamedNode) or not term.value.startswith(self._mark):
            return term
        name, hash_, path = term.value.partition("#")
        return NamedNode(f"{self._outer[name]}{hash_}{path}") if name in self._outer else term


class Bundle:
    """A bundle as quads.

    Args:
        content: the bundle, as `parse` gives it.
        source: what to call it in errors.
        number: tells it from the other bundles of a store.
        codes: what reads the codings; without it they stay as they are written.
        pruned: whether only that becomes quads which the mappings can read (`reasoner.chart.fhir.queries`), and contained
            resources count as entries if they are of a type of which the mappings make something.

    Raises:
        DocumentationError: it cannot be read whole: an element is not of FHIR, two different resources are named alike.
    """

    def __init__(
        self,
        content: dict[str, Any],
        source: str,
        number: int = 0,
        codes: CodeSystems | None = None,
        pruned: bool = False,
    ) -> None:
        self.source = source
        self.mark = f"{_INNER}{number}."
        """Begins the names of its resources in the quads."""
        self.request = NamedNode(f"{self.mark}request")
        """The request, as the quads name it."""
        self._pruned = pruned
        terms = _ShortNames(self.mark, {self.request.value: REQUEST.value})
        self.inner, self.outer = terms.inner, terms.outer
        """What the quads call a resource, or a node in one, of the chart; and what the chart calls a term of the quads."""
        self._references: References
        self._names: dict[NamedNode, str] = {}
        self.entries: list[BundleEntry] = []
        """Its resources, each once, in the order of the bundle."""
        self.notes: list[str] = []
        """What else of it was not used."""
        self.resources = self._resources(content)
        """Its resources in JSON, each with its entry, one for each name."""
        self.contents = {entry.iri: resource for entry, resource in self.resources}
        """Its resources in JSON by their IRIs."""
        self.patients = Patients(((entry.iri, resource) for entry, resource in self.resources), self._references)
        """Whose record it is."""
        self._converter = Converter(self._references, self.inner, codes, queries.elements() if pruned else None)
        self._alike: dict[str, list[NamedNode]] = {}  # of types that are seen sparingly, by what is seen of them first
        self.told: set[str] = set()
        """The types of the resources that `seen_whole` made quads of."""
        try:
            self._convert()
        except ElementError as error:
            self._refuse_node(error)

    @property
    def quads(self) -> list[Quad]:
        """The quads of its resources."""
        return self._converter.quads

    @property
    def kinds(self) -> set[str]:
        """The types that have quads, those of contained resources included."""
        return self._converter.kinds

    @property
    def kinds_named(self) -> set[str]:
        """The types of what references name that is not in the bundle."""
        return self._converter.kinds_named

    @property
    def repairs(self) -> dict[NamedNode, str]:
        """What had to be repaired in a coding, in words, by its node."""
        return {self.outer(NamedNode(node)): words for node, words in self._converter.repairs.items()}

    def seen_whole(self, said: Iterable[Triple]) -> Iterator[Triple | Quad]:
        """What the queries see of resources of `queries.sparing` after the first stage, if that says something of them.

        Args:
            said: what the first stage makes.

        Yields:
            the quads of the resources, and what is said of those of which the first stage saw no more than of another one.
        """
        by_owner: dict[str, list[Triple]] = {}
        for triple in said:
            by_owner.setdefault(cast(NamedNode, triple.subject).value.partition("#")[0], []).append(triple)
        for first, *others in self._alike.values():
            name = self.inner(first).value
            triples = by_owner.get(name, ())
            for iri in (first, *others) if triples else ():
                start, kind = len(self.quads), str(self.contents[iri]["resourceType"])
                self.told.add(kind)
                self._resource(iri, self.contents[iri], queries.elements())
                yield from self.quads[start:]
            for iri in others:
                node = self.inner(iri).value
                for subject, predicate, object_ in triples:
                    yield Triple(_moved(subject, name, node), predicate, _moved(object_, name, node))

    def _convert(self) -> None:
        made, elements = self._converter, queries.elements() if self._pruned else None
        named, sparing = (queries.named(), queries.sparing()) if self._pruned else (None, frozenset[str]())
        unseen, alike = set[NamedNode](), set[NamedNode]()
        for entry, resource in self.resources:
            start, made.modified = len(made.quads), False
            seen = (named is None or entry.kind in named) and entry.kind not in sparing
            if seen:
                self._resource(entry.iri, resource, elements)
            else:
                made.look_through(resource, f"{self.inner(entry.iri).value}#")
            if made.modified:
                entry.left_out, entry.refused = _MODIFIED, True
            elif any(isinstance(resource.get(name), list) and len(resource[name]) > 1 for name in _once(entry.kind)):
                entry.left_out, entry.refused = _STATED_TWICE, True
            if entry.refused:
                del made.quads[start:]
            elif entry.kind in sparing:
                first = queries.first_elements(entry.kind)
                own = {name: value for name, value in resource.items() if name.removeprefix("_") in first}
                self._alike.setdefault(f"{entry.kind} {own!r}", []).append(entry.iri)
            elif not seen:
                unseen.add(entry.iri)
        for iri, *others in self._alike.values():
            kind = str(self.contents[iri]["resourceType"])
            self._resource(iri, self.contents[iri], queries.first_elements(kind))
            alike.update(others)
        while led_to := made.led_to & unseen:
            unseen -= led_to
            for iri in sorted(led_to, key=str):
                self._resource(iri, self.contents[iri], elements)
        for iri in sorted(made.led_to & alike, key=str):
            self._resource(iri, {"resourceType": self.contents[iri]["resourceType"]}, None)

    @property
    def roots(self) -> dict[NamedNode, str]:
        """Its usable resources with their types."""
        return {entry.iri: entry.kind for entry in self.entries if not entry.left_out}

    def led_to(self, reference: Any, resource: NamedNode) -> dict[str, Any] | None:
        """The resource, in JSON, that a Reference in a resource leads to; None if there is none."""
        local = local_names(resource, self.contents[resource])
        target = self._references.find(reference, local).iri
        owner, _, place = (target.value if target else "").partition("#contained.")
        found = self.contents.get(NamedNode(owner)) if owner else None
        return found["contained"][int(place)] if found and place else found

    def show(self, iri: Any) -> str:
        """What a person knows a node by: the type and id of its resource, or that one's place, and the path."""
        name = self._names.get(iri)
        if name is None and isinstance(iri, NamedNode):
            resource, _, path = iri.value.partition("#")
            owner = self._names.get(NamedNode(resource)) if path else None
            name = f"{owner}, {path}" if owner else None
        return name or "the request"

    def _refuse_node(self, error: ElementError) -> NoReturn:
        self.refuse(error.problem, self.show(self.outer(NamedNode(error.node))), error.mend)

    def refuse(self, problem: str, node: str, mend: str = "") -> NoReturn:
        """Raise the error that a node of the bundle gives."""
        raise DocumentationError(problem, where=f"{self.source}: {node}", mend=mend)

    def _resources(self, content: dict[str, Any]) -> list[tuple[BundleEntry, dict[str, Any]]]:
        candidates: dict[NamedNode, _Candidate] = {}
        entries, deleted = self._entries(content)
        named: list[tuple[str, str, str, str, dict[str, Any]]] = []
        for place, url, resource in entries:
            if resource is not None:
                kind, id_ = str(resource["resourceType"]), resource.get("id")
                own = f"{kind}/{id_ if isinstance(id_, str) else _digest(_canonical(url, resource))}"
                itself, *inside = lifted(
                    resource, own, queries.evidence_kinds() | unmapped.KINDS if self._pruned else ()
                )
                named.append((own, url, own if isinstance(id_, str) else place, place, itself))
                for inner in inside:
                    called = f"{inner['resourceType']}/{inner['id']}"
                    named.append((called, "", called, f"{place}, contained", inner))
        self._references = References(lambda: f"urn:necessity:bundle:{_digest_of(entries)}:", content)
        for own, url, name, place, resource in sorted(named, key=lambda item: (not item[1], item[:2])):
            absolute = url if "#" not in url and not url.startswith(_OURS) else ""
            try:
                iri = self._references.name(own, absolute, resource)
            except ValueError:
                self.refuse("its id is not Unicode text", place)
            if url:
                self._references.also(url, iri)
            self._names.setdefault(iri, name)
        for own, url, name, place, resource in named:
            iri, kind = self._references[own], str(resource["resourceType"])
            if name in deleted or url in deleted:
                self.refuse("the bundle holds the resource and its deletion", name, "Give the record as it is now")
            entry = BundleEntry(iri, name, kind, place, tuple(resource))
            self.entries.append(entry)
            candidate = entry, resource, url
            candidates[iri] = self._current(candidate, candidates[iri]) if iri in candidates else candidate
        return [(entry, resource) for entry, resource, _ in candidates.values()]

    def _entries(self, content: dict[str, Any]) -> tuple[list[_Entry], set[str]]:
        """Place, fullUrl and resource of each entry, those of Bundles in the bundle too, and what entries say was deleted."""
        placed: list[_Entry] = []
        deleted: set[str] = set()
        for place, entry in self._placed(content, ""):
            resource, url, request = entry.get("resource"), entry.get("fullUrl"), entry.get("request")
            if isinstance(request, dict) and request.get("method") == "DELETE" and isinstance(request.get("url"), str):
                deleted.add(request["url"])
                deleted.add(url if isinstance(url, str) and url else request["url"])
            if resource is None:
                self.notes.append(f"{place}: it holds no resource")
            elif not isinstance(resource, dict) or not is_name(resource.get("resourceType")):
                self.refuse("a resource has no resourceType", place)
            if isinstance(url, str) and not _is_text(url):
                self.refuse("its fullUrl is not Unicode text", place)
            placed.append((place, url if isinstance(url, str) else "", resource))
        return placed, deleted

    def _placed(self, content: dict[str, Any], within: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries of a bundle, each with its place; in place of a Bundle in it, as in the answer to a batch, its entries."""
        entries, links = content.get("entry", []), content.get("link")
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("relation") == "next":
                self.notes.append("the bundle is one page of several: what the next ones hold is not known here")
        for number, entry in enumerate(entries if isinstance(entries, list) else [None]):
            place = f"{within}entry[{number}]"
            if not isinstance(entry, dict):
                self.refuse("an entry is not an object, or not in an array", place)
            resource = entry.get("resource")
            if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
                yield from self._placed(resource, f"{place}.resource.")
            else:
                yield place, entry

    def _current(self, new: _Candidate, old: _Candidate) -> _Candidate:
        """The one of two entries with the same name that counts."""
        if new[1] == old[1]:
            new[0].left_out = f"it is the same as {old[0].place}"
            return old
        of_new, of_old = _version(new[1]), _version(old[1])
        differs = new[2] != old[2] or new[0].name != old[0].name
        if of_new is None or of_old is None or of_new[0] == of_old[0] or of_new[1] == of_old[1] or differs:
            self.refuse("two different resources have the same id or fullUrl", new[0].name, "Keep the current one only")
        current, former = (new, old) if of_new[1] > of_old[1] else (old, new)
        former[0].left_out = f"{current[0].place} is a later version of it"
        return current

    def _resource(self, iri: NamedNode, resource: dict[str, Any], wanted: frozenset[str] | None) -> None:
        node = self.inner(iri)
        self.quads.append(Quad(node, ABOUT, self.request))
        self._converter.convert(node, resource, local_names(iri, resource), wanted)


def parse(data: bytes, source: str) -> Any:
    """JSON in UTF-8, numbers as literals just as they are written.

    Raises:
        DocumentationError: it is none, nests too deep, or an object has a member twice.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(members_by_name := dict(pairs)) != len(pairs):
            repeated = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise DocumentationError(f"an object has {repeated!r} twice", where=source, mend="Keep one of them")
        return members_by_name

    def constant(text: str) -> NoReturn:
        raise ValueError(f"{text} is no number")

    try:
        text = data.decode("utf-8-sig")
        refuse_deep_json(text, source)
        readers: dict[str, Any] = {"parse_int": number, "parse_float": number, "parse_constant": constant}
        return json.loads(text, object_pairs_hook=members, **readers)
    except json.JSONDecodeError as error:
        where = f"{source}: line {error.lineno}, column {error.colno}"
        named = in_xml(data) if text.lstrip().startswith("<") else None
        problem, mend = named or (f"this is not JSON: {error.msg}", "")
        raise DocumentationError(problem, where=where, mend=mend) from None
    except ValueError as error:
        raise DocumentationError(f"this is not JSON in UTF-8: {error}", where=source) from None


def parse_bundle(data: bytes, source: str) -> dict[str, Any]:
    """A FHIR Bundle in JSON; a resource by itself, or those in Parameters, as a Bundle.

    Raises:
        DocumentationError: it is none of these.
    """
    resource = parse(data, source)
    if not isinstance(resource, dict) or not is_name(resource.get("resourceType")):
        raise DocumentationError("this is not FHIR", where=source, mend="Give a Bundle, or a resource, in JSON")
    if resource["resourceType"] == "Bundle":
        return resource
    inside = list(_given(resource.get("parameter"))) if resource["resourceType"] == "Parameters" else []
    return {"resourceType": "Bundle", "entry": [{"resource": item} for item in inside or [resource]]}


def _given(parameters: Any) -> Iterator[Any]:
    """The resources of parameters and of their parts."""
    for one in parameters if isinstance(parameters, list) else ():
        if isinstance(one, dict):
            if "resource" in one:
                yield one["resource"]
            yield from _given(one.get("part"))


def number(text: str) -> Literal:
    """A number of JSON as a literal, as it is written."""
    kind = "integer" if text.lstrip("-").isdigit() else "double" if "e" in text.lower() else "decimal"
    return Literal(text, datatype=NamedNode(XSD + kind))


def _once(kind: str) -> tuple[str, ...]:
    """The elements that a resource of a type cannot repeat."""
    return _ONCE[:-1] if kind == "PractitionerRole" else _ONCE


def _moved(term: Any, name: str, node: str) -> Any:
    """A term of one resource as that of another one."""
    if not isinstance(term, NamedNode):
        return term
    resource, hash_, path = term.value.partition("#")
    return NamedNode(f"{node}{hash_}{path}") if resource == name else term


def _canonical(url: str, resource: dict[str, Any] | None) -> str:
    """What an entry says, whatever the order of its members."""
    return f"{url}\n{_SORTED.encode(resource)}" if resource else ""


def _digest_of(entries: list[_Entry]) -> str:
    """The digest of a bundle."""
    return _digest("\n".join(sorted({_canonical(url, resource) for _, url, resource in entries})))


def _is_text(value: str) -> bool:
    """Whether a string is Unicode text, of which no half of a surrogate pair is a part."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _version(resource: dict[str, Any]) -> tuple[str, datetime] | None:
    """What `meta` says of a version: its id, and the instant from which it is the current one."""
    meta = resource.get("meta")
    version, updated = (meta.get("versionId"), meta.get("lastUpdated")) if isinstance(meta, dict) else (None, None)
    try:
        since = datetime.fromisoformat(updated) if isinstance(updated, str) else None
    except ValueError:
        return None
    return (version, since) if isinstance(version, str) and since is not None and since.tzinfo else None
