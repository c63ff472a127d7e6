"""Reading a FHIR R4 Bundle (JSON): lifted to RDF as it stands, then mapped by the SPARQL in ``ontology/fhir``.

The lift knows JSON and references, no resource type and no policy. It follows FHIR's RDF form, with short names:

* a resource is an IRI: its ``fullUrl`` if that is absolute, else a name of the bundle's digest and ``Type/id``. It has the
  type ``fhir:Type``; an entry of the bundle, unlike a contained resource, has ``fhir:nodeRole fhir:treeRoot``;
* a JSON member is ``fhir:name`` to a node, under its name in the JSON (``fhir:valueBoolean``). The IRI of the node is the
  resource's, ``#`` and the path (``Condition/1#code.coding.0``): what is derived from a node says where it stands;
* a primitive is the ``fhir:v`` of its node: string, boolean, integer, decimal or double. Dates stay strings;
* members of an array have ``fhir:index``; a reference has ``fhir:link`` to what it refers to, if that is known.

A resource with ``implicitRules`` or ``modifierExtension`` is left out, as FHIR demands of those who do not know them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NoReturn, cast
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from reasoner.errors import DocumentationError, UsageError
from reasoner.graphs import refuse_deep_json
from reasoner.paths import ONTOLOGY

XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
DERIVED = NamedNode("http://www.w3.org/ns/prov#wasDerivedFrom")
REQUEST = NamedNode("urn:necessity:request")
"""The request as the mappings know it, before it has its name."""

PHASES = {"admission": "Admission", "continuation": "Continuation"}
FOCUSES = {"mental-health": "MentalHealth", "substance-use": "SubstanceUse"}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_OURS = "https://w3id.org/necessity/"  # no resource takes a name of the vocabularies


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


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
        for option, value, sound, mend in (
            ("phase", self.phase, PHASES.__contains__, " or ".join(PHASES)),
            ("focus", self.focus, FOCUSES.__contains__, " or ".join(FOCUSES)),
            ("service-start", self.service_start, _is_date, "a date such as 2025-05-01"),
            ("service-end", self.service_end, _is_date, "a date such as 2025-05-01"),
            ("jurisdiction", self.jurisdiction, _PLACE.fullmatch, "an ISO 3166 code such as US-IL"),
        ):
            if value is not None and not sound(value):
                raise UsageError(f"--{option} cannot be {value!r}", mend=f"Give {mend}")


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
    bundle = _Bundle(data, source)
    patients = [iri for iri, kind in bundle.roots.items() if kind == "Patient"]
    if len(patients) != 1:
        problem = f"the bundle has {len(patients) or 'no'} usable Patient resources, not one"
        raise DocumentationError(problem, where=source, mend="Give one bundle for each patient")
    store = Store()
    store.bulk_extend(Quad(triple.subject, triple.predicate, triple.object) for triple in vocabulary)
    store.bulk_extend(bundle.quads)
    store.extend((Quad(REQUEST, TYPE, _nec("ReviewRequest")), Quad(REQUEST, _nec("member"), patients[0])))
    triples = {triple for mapping in _mappings() for triple in cast(QueryTriples, store.query(mapping))}
    remarks = {triple for triple in triples if triple.predicate == _nec("note")}
    _complete(triples, patients[0], options, bundle)
    notes = [f"{bundle.show(remark.subject)}: {cast(Literal, remark.object).value}" for remark in remarks]
    notes = sorted(notes + bundle.refused) + bundle.unused(triples)
    return sorted(_named(triples - remarks, patients[0]), key=str), tuple(notes)


class _Bundle:
    """A bundle as quads; `roots` are its usable resources with their types, `refused` notes about the others."""

    def __init__(self, data: bytes, source: str) -> None:
        self._source = source
        self._digest = hashlib.sha256(data).hexdigest()[:16]
        self._known: dict[str, NamedNode] = {}  # by each name that a reference may use
        self._names: dict[NamedNode, str] = {}
        self.roots: dict[NamedNode, str] = {}
        self.refused: list[str] = []
        self.quads: list[Quad] = []
        for iri, resource in self._resources(_parse(data, source).get("entry", [])).items():
            quads = [Quad(iri, _fhir("nodeRole"), _fhir("treeRoot")), *self._resource(iri, resource)]
            if any(quad.predicate in (_fhir("modifierExtension"), _fhir("implicitRules")) for quad in quads):
                self.refused.append(f"{self.show(iri)}: it has a modifierExtension or implicitRules")
            else:
                self.roots[iri] = resource["resourceType"]
                self.quads += quads

    def show(self, iri: Any) -> str:
        """What a person knows a resource by: its type and id, or its place in the bundle."""
        return self._names.get(iri, "the request")

    def unused(self, triples: Iterable[Triple]) -> list[str]:
        """A note for each type of resource of which some were not used at all."""
        used = {term for triple in triples for term in (triple.subject, triple.object)}
        count = Counter(kind for iri, kind in self.roots.items() if iri not in used)
        return [f"{kind}: {number} not used" for kind, number in sorted(count.items())]

    def refuse(self, problem: str, node: str, mend: str = "") -> NoReturn:
        """Raise the error that a node of the bundle gives."""
        raise DocumentationError(problem, where=f"{self._source}: {node}", mend=mend)

    def _resources(self, entries: Any) -> dict[NamedNode, dict[str, Any]]:
        found: dict[NamedNode, dict[str, Any]] = {}
        for number, entry in enumerate(entries if isinstance(entries, list) else [None]):
            place = f"entry[{number}]"
            if not isinstance(entry, dict):
                self.refuse("an entry is not an object, or not in an array", place)
            resource, url = entry.get("resource"), entry.get("fullUrl")
            if resource is None:
                continue
            if not isinstance(resource, dict) or not _NAME.fullmatch(str(resource.get("resourceType"))):
                self.refuse("a resource has no resourceType", place)
            name = f"{resource['resourceType']}/{resource['id']}" if isinstance(resource.get("id"), str) else place
            iri = _iri(url) if isinstance(url, str) and "#" not in url and not url.startswith(_OURS) else None
            iri = iri or NamedNode(f"urn:necessity:bundle:{self._digest}:{quote(name)}")
            iri = self._known.setdefault(name, iri)
            if found.setdefault(iri, resource) != resource:
                self.refuse("two different resources have the same id or fullUrl", name, "Keep the current one only")
            self._names[iri] = name
            if isinstance(url, str):
                self._known[url] = iri
        return found

    def _resource(self, iri: NamedNode, resource: dict[str, Any]) -> Iterator[Quad]:
        contained = resource.get("contained")
        local = {"": iri} | {
            str(inner.get("id")): NamedNode(f"{iri.value}#contained.{number}")
            for number, inner in enumerate(contained if isinstance(contained, list) else ())
            if isinstance(inner, dict)
        }
        return self._object(iri, f"{iri.value}#", resource, local)

    def _object(self, node: NamedNode, path: str, value: dict[str, Any], local: dict[str, NamedNode]) -> Iterator[Quad]:
        for key, content in value.items():
            name = key.removeprefix("_")  # what is said about a primitive joins its node
            if not _NAME.fullmatch(name if name != "resourceType" else str(content)):
                self.refuse(f"{key!r} is not an element of FHIR", node.value)
            if name == "resourceType":
                yield Quad(node, TYPE, _fhir(str(content)))
                continue
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
        try:
            return value if isinstance(value, Literal) else Literal(value)
        except (TypeError, ValueError):
            self.refuse("a value is an array in an array, or is not Unicode text", node.value)

    def _target(self, reference: str, local: dict[str, NamedNode]) -> NamedNode | None:
        if reference.startswith("#"):
            return local.get(reference[1:])
        unversioned = reference.partition("/_history/")[0]
        return self._known.get(reference) or self._known.get(unversioned) or _iri(unversioned)


def _parse(data: bytes, source: str) -> dict[str, Any]:
    """The JSON, numbers as literals just as they are written."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) != len(pairs):
            twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise DocumentationError(f"an object has {twice!r} twice", where=source, mend="Keep one of them")
        return found

    def number(text: str) -> Literal:
        kind = "integer" if text.lstrip("-").isdigit() else "double" if "e" in text.lower() else "decimal"
        return Literal(text, datatype=NamedNode(XSD + kind))

    def constant(text: str) -> NoReturn:
        raise ValueError(f"{text} is no number")

    try:
        text = data.decode("utf-8-sig")
        refuse_deep_json(text, source)
        readers: dict[str, Any] = {"parse_int": number, "parse_float": number, "parse_constant": constant}
        bundle = json.loads(text, object_pairs_hook=members, **readers)
    except json.JSONDecodeError as error:
        where = f"{source}: line {error.lineno}, column {error.colno}"
        raise DocumentationError(f"this is not JSON: {error.msg}", where=where) from None
    except ValueError as error:
        raise DocumentationError(f"this is not JSON in UTF-8: {error}", where=source) from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise DocumentationError("this is not a FHIR Bundle", where=source, mend="Put the resources into a Bundle")
    return bundle


@cache
def _mappings() -> tuple[str, ...]:
    return tuple(path.read_text("utf-8") for path in sorted((ONTOLOGY / "fhir").glob("*.rq")))


def _complete(triples: set[Triple], patient: NamedNode, options: RequestOptions, bundle: _Bundle) -> None:
    """Set the facts of the options in place of the bundle's; refuse a request without a fact, or with two of a kind."""

    def stated(subject: NamedNode, name: str) -> list[Triple]:
        return [triple for triple in triples if triple.subject == subject and triple.predicate == _nec(name)]

    def put(subject: NamedNode, name: str, value: NamedNode | Literal) -> None:
        triples.difference_update(stated(subject, name))
        triples.add(Triple(subject, _nec(name), value))

    plans = [triple.object for triple in stated(REQUEST, "plan")]
    plan = cast(NamedNode, plans[0]) if plans else NamedNode(f"{REQUEST.value}#plan")
    put(REQUEST, "plan", plan)
    triples.add(Triple(plan, TYPE, _nec("Plan")))
    if options.service_start:
        triples.difference_update(stated(REQUEST, "serviceEnd"))
    if options.service_end:
        put(REQUEST, "serviceEnd", _day(options.service_end))
    start, place = options.service_start, options.jurisdiction
    for subject, name, given, label, mend in (
        (patient, "birthDate", None, "full date of birth", "Give Patient.birthDate, such as 1990-02-28"),
        (REQUEST, "phase", options.phase and _nec(PHASES[options.phase]), "phase", "Give --phase"),
        (REQUEST, "focus", options.focus and _nec(FOCUSES[options.focus]), "focus", "Give --focus"),
        (REQUEST, "serviceStart", start and _day(start), "full date of the service's start", "Give --service-start"),
        (plan, "jurisdiction", place and _nec(place), "jurisdiction of the plan", "Give --jurisdiction"),
    ):
        if given:
            put(subject, name, given)
        if len(found := stated(subject, name)) != 1:
            what = f"the bundle states {'more than one' if found else 'no'} {label}"
            bundle.refuse(what, bundle.show(subject), mend)


def _named(triples: Iterable[Triple], patient: NamedNode) -> Iterator[Triple]:
    """The triples with the request named: as the Claim or ServiceRequest it derives from, else after the patient."""
    facts = {triple.predicate: triple.object for triple in triples if triple.subject == REQUEST}
    phase, start = cast(NamedNode, facts[_nec("phase")]), cast(Literal, facts[_nec("serviceStart")])
    review = f"{patient.value}#{phase.value.rpartition('#')[2].lower()}-{start.value}"
    request = cast(NamedNode, facts.get(DERIVED, NamedNode(review)))
    plan = NamedNode(f"{request.value}{'.' if '#' in request.value else '#'}plan")
    names: dict[Any, Any] = {REQUEST: request, NamedNode(f"{REQUEST.value}#plan"): plan}
    for triple in triples:
        if triple.predicate != DERIVED or triple.subject != REQUEST:
            subject, object_ = names.get(triple.subject, triple.subject), names.get(triple.object, triple.object)
            yield Triple(subject, triple.predicate, object_)


def _day(text: str) -> Literal:
    return Literal(text, datatype=NamedNode(f"{XSD}date"))


def _iri(text: str) -> NamedNode | None:
    try:
        return NamedNode(text)
    except ValueError:
        return None


@cache
def _fhir(name: str) -> NamedNode:
    return NamedNode(f"http://hl7.org/fhir/{name}")


@cache
def _nec(name: str) -> NamedNode:
    return NamedNode(f"https://w3id.org/necessity/core#{name}")
