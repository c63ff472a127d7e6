"""Reading a FHIR R4 Bundle (JSON): lifted to RDF as it stands, then mapped by the SPARQL in ``ontology/fhir``.

The lift knows JSON and references, no resource type and no policy. It follows FHIR's RDF form with short names:

* a resource is an IRI: its ``fullUrl`` if that is absolute, else a name made of the bundle's digest and ``Type/id``. It has the
  type ``fhir:Type``; an entry of the bundle itself, not a contained resource, has ``fhir:nodeRole fhir:treeRoot``;
* a JSON member is ``fhir:name`` to a node, always under the name it has in the JSON (``fhir:valueBoolean``). The IRI of the node is the
  resource's, ``#`` and the path (``Condition/1#code.coding.0``), so whatever is derived from a node says where it stands;
* a primitive is the ``fhir:v`` of its node: string, boolean, integer or decimal. Dates stay strings, partial as they may be;
* members of an array have ``fhir:index``; a reference has ``fhir:link`` to what it refers to, if that is known.

A resource with ``implicitRules`` or a ``modifierExtension`` is left out, as FHIR demands of those who do not understand it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, NoReturn
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from reasoner.errors import DocumentationError, UsageError
from reasoner.graphs import refuse_deep_json
from reasoner.paths import ONTOLOGY

NEC = "https://w3id.org/necessity/core#"
FHIR = "http://hl7.org/fhir/"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
DERIVED = NamedNode("http://www.w3.org/ns/prov#wasDerivedFrom")

PHASES = {"admission": "Admission", "continuation": "Continuation"}
FOCUSES = {"mental-health": "MentalHealth", "substance-use": "SubstanceUse"}
REQUEST_STATUSES = {"active", "completed", "on-hold", "draft"}
"""Statuses in which a Claim or ServiceRequest can be the request; the others withdraw it."""

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]*")
_RESERVED = NEC.removesuffix("core#")


@dataclass(frozen=True)
class RequestOptions:
    """Facts of the request that a bundle does not state; what is given here wins over the bundle.

    A `service_start` replaces the whole period that the bundle states.
    """

    phase: str | None = None
    focus: str | None = None
    service_start: str | None = None
    service_end: str | None = None
    jurisdiction: str | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("phase", PHASES), ("focus", FOCUSES)):
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise UsageError(f"--{name} is {value!r}", mend=f"Give {' or '.join(allowed)}")
        for name in ("service_start", "service_end"):
            value = getattr(self, name)
            if value is not None and not _is_date(value):
                raise UsageError(f"--{name.replace('_', '-')} is {value!r}", mend="Give a date such as 2025-05-01")
        if self.jurisdiction is not None and not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", self.jurisdiction):
            raise UsageError(f"--jurisdiction is {self.jurisdiction!r}", mend="Give an ISO 3166 code such as US-IL")


def read_bundle(
    data: bytes, source: str, vocabulary: Iterable[Triple | Quad], options: RequestOptions = RequestOptions()
) -> tuple[list[Triple], tuple[str, ...]]:
    """The request and the statements that a FHIR Bundle holds, and notes about what of it was not used.

    Args:
        data: the bundle as JSON.
        source: what to call it in errors, such as its path.
        vocabulary: the criteria (by ``dcterms:identifier``) and code systems (SKOS) that the mappings look up.
        options: facts of the request that the bundle does not state.

    Raises:
        DocumentationError: it is no Bundle in sound JSON, does not have exactly one Patient with a full date of birth,
            names two different resources alike, or lacks a fact of the request that the options do not give.
    """
    lift = _Lift(source, _parse(data, source), hashlib.sha256(data).hexdigest()[:16])
    store = Store()
    store.bulk_extend(Quad(*triple[:3]) for triple in vocabulary)
    store.bulk_extend(lift.quads())
    patients = [iri for iri, kind in lift.roots.items() if kind == "Patient"]
    if len(patients) != 1:
        problem = f"the bundle has {len(patients) or 'no'} usable Patient resources"
        raise DocumentationError(problem, where=source, mend="Give one bundle for each patient")
    patient = patients[0]
    claim = _claim(store, lift, patient)
    parts = ("review", options.phase, options.service_start)
    request = claim or NamedNode(f"{patient.value}#{'-'.join(part for part in parts if part)}")
    store.add(Quad(request, TYPE, _nec("ReviewRequest")))
    store.add(Quad(request, _nec("member"), patient))
    if claim:
        store.add(Quad(request, DERIVED, claim))
    triples = {triple for _, text in _mappings() for triple in _construct(store, text)}
    triples.discard(Triple(request, DERIVED, request))
    remarks = {triple for triple in triples if triple.predicate == _nec("note")}
    triples -= remarks
    _apply(options, triples, request)
    _check(triples, request, patient, lift)
    notes = [f"{lift.show(triple.subject)}: {triple.object.value}" for triple in remarks]
    return sorted(triples, key=str), tuple(sorted(notes + lift.refused) + lift.unused(triples | remarks))


@dataclass
class _Lift:
    """A bundle as quads; `roots` are its resources with their types, once `quads` has run."""

    source: str
    bundle: dict[str, Any]
    digest: str
    roots: dict[NamedNode, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _known: dict[str, NamedNode] = field(default_factory=dict)
    """The resources by all the names that a reference may use."""
    _names: dict[NamedNode, str] = field(default_factory=dict)

    def quads(self) -> Iterator[Quad]:
        """The quads of all usable resources."""
        for iri, resource in self._resources():
            quads = list(self._resource(iri, resource, {"": iri}))
            quads.append(Quad(iri, _fhir("nodeRole"), _fhir("treeRoot")))
            if any(quad.predicate in (_fhir("modifierExtension"), _fhir("implicitRules")) for quad in quads):
                self.refused.append(f"{self.show(iri)}: it has a modifierExtension or implicitRules")
            else:
                self.roots[iri] = resource["resourceType"]
                yield from quads

    def show(self, iri: Any) -> str:
        """What a person knows a resource by: its type and id, or its place in the bundle."""
        return self._names.get(iri, iri.value)

    def unused(self, triples: Iterable[Triple]) -> list[str]:
        """A note for each type of resource of which some were not used at all."""
        used = {term for triple in triples for term in (triple.subject, triple.object)}
        count = Counter(kind for iri, kind in self.roots.items() if iri not in used)
        return [f"{kind}: {number} not used" for kind, number in sorted(count.items())]

    def _resources(self) -> list[tuple[NamedNode, dict[str, Any]]]:
        entries = self.bundle.get("entry", [])
        if not isinstance(entries, list):
            self._refuse("entry is not an array", "entry")
        found: dict[NamedNode, dict[str, Any]] = {}
        by_id: dict[str, dict[str, Any]] = {}
        for number, entry in enumerate(entries):
            name = f"entry[{number}]"
            if not isinstance(entry, dict):
                self._refuse("an entry is not an object", name)
            resource, url = entry.get("resource"), entry.get("fullUrl")
            if resource is None:
                continue
            if not isinstance(resource, dict) or not _is_name(resource.get("resourceType")):
                self._refuse("a resource has no resourceType", name)
            has_id = isinstance(resource.get("id"), str)
            tail = f"{resource['resourceType']}/{resource['id']}" if has_id else ""
            iri = _iri(url) if isinstance(url, str) and "#" not in url and not url.startswith(_RESERVED) else None
            iri = iri or NamedNode(f"urn:necessity:bundle:{self.digest}:{quote(tail or f'entry.{number}')}")
            if found.get(iri, resource) != resource or (tail and by_id.setdefault(tail, resource) != resource):
                mend = "Keep the current version only"
                self._refuse("two different resources have the same id or fullUrl", tail or name, mend)
            iri = self._known.setdefault(tail, iri) if tail else iri
            found[iri] = resource
            self._names[iri] = tail or name
            if isinstance(url, str):
                self._known[url] = iri
        return list(found.items())

    def _resource(self, iri: NamedNode, resource: dict[str, Any], local: dict[str, NamedNode]) -> Iterator[Quad]:
        contained = resource.get("contained", [])
        for number, inner in enumerate(contained if isinstance(contained, list) else []):
            if isinstance(inner, dict) and isinstance(inner.get("id"), str):
                local[inner["id"]] = NamedNode(f"{iri.value}#contained.{number}")
        return self._object(iri, f"{iri.value}#", resource, local)

    def _object(self, node: NamedNode, path: str, value: dict[str, Any], local: dict[str, NamedNode]) -> Iterator[Quad]:
        for name, content in value.items():
            if not _is_name(name, extended=True):
                self._refuse(f"{name!r} is not the name of a FHIR element", node.value)
            if name == "resourceType":
                if not _is_name(content):
                    self._refuse("a resource has no resourceType", node.value)
                yield Quad(node, TYPE, _fhir(content))
                continue
            name = name.removeprefix("_")
            for index, item in enumerate(content) if isinstance(content, list) else ((None, content),):
                if item is None:
                    continue
                child = NamedNode(f"{path}{name}" if index is None else f"{path}{name}.{index}")
                yield Quad(node, _fhir(name), child)
                if index is not None:
                    yield Quad(child, _fhir("index"), Literal(index))
                if isinstance(item, dict):
                    yield from self._object(child, f"{child.value}.", item, local)
                else:
                    yield Quad(child, _fhir("v"), self._literal(item, child))
            if name == "reference" and isinstance(content, str) and (target := self._target(content, local)):
                yield Quad(node, _fhir("link"), target)

    def _literal(self, value: Any, node: NamedNode) -> Literal:
        if isinstance(value, list):
            self._refuse("an array stands in an array", node.value)
        try:
            return value if isinstance(value, Literal) else Literal(value)
        except ValueError:
            self._refuse("a string is not Unicode text", node.value)

    def _target(self, reference: str, local: dict[str, NamedNode]) -> NamedNode | None:
        if reference.startswith("#"):
            return local.get(reference[1:])
        unversioned = reference.partition("/_history/")[0]
        return self._known.get(reference) or self._known.get(unversioned) or _iri(unversioned)

    def _refuse(self, problem: str, node: str, mend: str = "") -> NoReturn:
        raise DocumentationError(problem, where=f"{self.source}: {node}", mend=mend)


def _parse(data: bytes, source: str) -> dict[str, Any]:
    """The JSON, numbers as literals just as they are written."""

    def member(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise DocumentationError(f"{twice!r} occurs twice in one JSON object", where=source)
        return members

    def number(text: str) -> Literal:
        kind = "integer" if text.lstrip("-").isdigit() else "double" if "e" in text.lower() else "decimal"
        return Literal(text, datatype=NamedNode(XSD + kind))

    def constant(text: str) -> NoReturn:
        raise ValueError(f"{text} is not JSON")

    try:
        text = data.decode("utf-8-sig")
        refuse_deep_json(text, source)
        bundle = json.loads(
            text, object_pairs_hook=member, parse_int=number, parse_float=number, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        where = f"{source}: line {error.lineno}, column {error.colno}"
        raise DocumentationError(f"this is not JSON: {error.msg}", where=where) from None
    except ValueError as error:
        raise DocumentationError(f"this is not JSON in UTF-8: {error}", where=source) from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise DocumentationError("this is not a FHIR Bundle", where=source, mend="Put the resources into a Bundle")
    return bundle


def _claim(store: Store, lift: _Lift, patient: NamedNode) -> NamedNode | None:
    """The patient's only standing Claim, or without any Claim the only ServiceRequest."""
    for kind, subject in (("Claim", "patient"), ("ServiceRequest", "subject")):
        found = [
            iri
            for iri, type_ in lift.roots.items()
            if type_ == kind
            and patient in _follow(store, iri, subject, "link")
            and any(status.value in REQUEST_STATUSES for status in _follow(store, iri, "status", "v"))
        ]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _follow(store: Store, node: NamedNode, *names: str) -> list[Any]:
    nodes: list[Any] = [node]
    for name in names:
        nodes = [quad.object for one in nodes for quad in store.quads_for_pattern(one, _fhir(name), None)]
    return nodes


@cache
def _mappings() -> tuple[tuple[str, str], ...]:
    return tuple((path.name, path.read_text("utf-8")) for path in sorted((ONTOLOGY / "fhir").glob("*.rq")))


def _construct(store: Store, text: str) -> QueryTriples:
    result = store.query(text)
    assert isinstance(result, QueryTriples), "a mapping is a CONSTRUCT"
    return result


def _apply(options: RequestOptions, triples: set[Triple], request: NamedNode) -> None:
    """Set the facts of the options, in place of those of the bundle."""

    def put(subject: NamedNode, name: str, value: NamedNode | Literal | None) -> None:
        if value is not None:
            triples.difference_update(_about(triples, subject, name))
            triples.add(Triple(subject, _nec(name), value))

    plans = _about(triples, request, "plan")
    plan = plans[0].object if plans else NamedNode(f"{request.value}{'.' if '#' in request.value else '#'}plan")
    put(request, "plan", plan)
    triples.add(Triple(plan, TYPE, _nec("Plan")))
    put(plan, "jurisdiction", options.jurisdiction and _nec(options.jurisdiction))
    put(request, "phase", options.phase and _nec(PHASES[options.phase]))
    put(request, "focus", options.focus and _nec(FOCUSES[options.focus]))
    if options.service_start:
        triples.difference_update(_about(triples, request, "serviceEnd"))
    for name, value in (("serviceStart", options.service_start), ("serviceEnd", options.service_end)):
        put(request, name, value and Literal(value, datatype=NamedNode(f"{XSD}date")))


def _check(triples: set[Triple], request: NamedNode, patient: NamedNode, lift: _Lift) -> None:
    """Raise `DocumentationError` unless every fact that a request needs is stated, and once."""
    plan = _about(triples, request, "plan")[0].object
    born = "Give Patient.birthDate as a full date, such as 1990-02-28"
    for subject, name, label, mend in (
        (patient, "birthDate", "full date of birth", born),
        (request, "phase", "phase", f"Give --phase {' or '.join(PHASES)}"),
        (request, "focus", "focus", f"Give --focus {' or '.join(FOCUSES)}"),
        (request, "serviceStart", "start of service", "Give --service-start, a date such as 2025-05-01"),
        (plan, "jurisdiction", "jurisdiction of the plan", "Give --jurisdiction, an ISO 3166 code such as US-IL"),
    ):
        stated = _about(triples, subject, name)
        if len(stated) != 1:
            problem = f"the bundle states {'more than one' if stated else 'no'} {label}"
            raise DocumentationError(problem, where=f"{lift.source}: {lift.show(subject)}", mend=mend)


def _about(triples: set[Triple], subject: Any, name: str) -> list[Triple]:
    return [triple for triple in triples if triple.subject == subject and triple.predicate == _nec(name)]


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_name(name: Any, *, extended: bool = False) -> bool:
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    return found is not None and (extended or not name.startswith("_"))


def _iri(text: str) -> NamedNode | None:
    try:
        return NamedNode(text)
    except ValueError:
        return None


@cache
def _fhir(name: str) -> NamedNode:
    return NamedNode(FHIR + name)


@cache
def _nec(name: str) -> NamedNode:
    return NamedNode(NEC + name)
