"""Unread items: what the mappings could not understand, in the words of the record.

The mappings say why (``nec:reason``); the rest is the same for every type of resource and is read off the JSON here. It takes no
query, and makes no triples but terms as text, since a record can have thousands of such items.

kind
    by the type of the resource; a diagnosis in it, or a reason for it, is a condition.
words
    what it is called, and its value or answer if it has one. It is called by the text of its code, else by the displays of the
    codings, each with a code that has no IRI, else by its description or title, else by the code as it is written, else by its
    class; an answer by its question, what is in a document by that one's title, description or type; what is in a resource that no
    query reads (`reasoner.chart.fhir.unmapped`) after what all in it is about, such as the relative. What has none of these is
    called by the type of its resource. An Observation without a value has its interpretation in place of one.
code
    the IRI of the code in its system; of a system that is not known, the IRI of the system with the code. What has known codes that
    stand for different findings is an item for each of them.
dates
    of the resource, for all nodes in it, full ones only: when it was so (`_WAS_SO`), and when it was written (`_WRITTEN`), else when
    it was so.
source
    the resource; its document, where the resource is the request.

What a mapping says of the item goes first: ``known:kind``, ``known:words``, ``known:observed``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir import unmapped
from reasoner.chart.fhir.from_json import XSD, Bundle
from reasoner.chart.fhir.references import iri_of
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.terms import Term

_TYPE, _UNREAD = terms.of(RDF.type), terms.of(NEC.Unread)
_ABOUT, _KIND, _REASON, _SOURCE = map(terms.of, (NEC.about, NEC.kind, NEC.reason, NEC.source))
_WORDS, _CODE, _OBSERVED, _RECORDED = map(terms.of, (NEC.words, NEC.code, NEC.observed, NEC.recorded))

_CODES = (
    "code",
    "medicationCodeableConcept",
    "diagnosisCodeableConcept",
    "procedureCodeableConcept",
    "itemCodeableConcept",
    "productOrService",
    "codeCodeableConcept",
)
_TITLES = ("description", "title")
_WAS_SO = (
    "effectiveDateTime",
    "effectiveInstant",
    "effectivePeriod",
    "performedDateTime",
    "performedPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "period",
    "started",
    "start",
)
_WRITTEN = (
    *("recordedDate", "issued", "authoredOn", "authored", "dateAsserted", "date", "created", "sent", "received"),
    *("recordedOn", "dateTime", "dateWritten"),
)
KINDS = {
    "Condition": "Condition",
    "Observation": "Observation",
    "DiagnosticReport": "Observation",
    "QuestionnaireResponse": "Observation",
    "ClinicalImpression": "Observation",
    "MedicationStatement": "Medication",
    "MedicationRequest": "Medication",
    "MedicationAdministration": "Medication",
    "MedicationDispense": "Medication",
    "Procedure": "Procedure",
    "ServiceRequest": "Order",
    "Claim": "Order",
    "Encounter": "Encounter",
    "DocumentReference": "Document",
    "Composition": "Document",
    "CarePlan": "Document",
    "Flag": "OtherItem",
    "Goal": "OtherItem",
    "MedicationOrder": "Medication",
    "DiagnosticOrder": "Order",
    "ProcedureRequest": "Order",
    "ReferralRequest": "Order",
    **dict.fromkeys(sorted(unmapped.KINDS), "OtherItem"),
    **dict.fromkeys(sorted(unmapped.ORDERS), "Order"),
    **dict.fromkeys(sorted(unmapped.DOCUMENTS), "Document"),
}
"""The types of which a resource is an item of the record, and of which kind."""
ELEMENTS = unmapped.ELEMENTS.union(
    _CODES, _TITLES, _WAS_SO, _WRITTEN, ("type", "medicationReference", "content", "dataAbsentReason", "interpretation")
)
"""The elements from which the items are made, beside values and answers."""
_DOCUMENTS = frozenset(kind for kind, item in KINDS.items() if item == "Document")
_REASONS = frozenset({"reason", "reasonCode", "reasonCodeableConcept"})
_DIAGNOSES = _REASONS | {"diagnosis", "finding", "problem"}
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?", re.DOTALL)
_SYSTEM = re.compile(r"(https?|urn):[^\s<>\"{}|\\^`]+")
_ANSWER = re.compile(r"(.*\bitem\.\d+)\.answer\.\d+")


class UnreadNode(NamedTuple):
    """A resource, or a node in one, as an unread item."""

    resource: NamedNode
    iri: NamedNode
    """The IRI of the item."""
    facts: dict[Term, list[Term]]
    """What the chart says of it."""


def unread_items(
    bundle: Bundle,
    reasons: dict[NamedNode, str],
    given: dict[NamedNode, dict[str, NamedNode | Literal]],
    codes: CodeSystems | None,
    request: NamedNode,
    requests: Collection[NamedNode] = (),
) -> Iterator[UnreadNode]:
    """The items that resources of a bundle, or nodes in them, become.

    Args:
        bundle: the bundle.
        reasons: why each could not be understood.
        given: what the mappings say of them, by the name after ``known:``.
        codes: what reads the codings; without it an item has no code.
        request: what the items are about.
        requests: resources that are the request itself, which is no place in the record.
    """
    about, spoken = str(request), _Spoken(bundle, codes)
    for node, reason in reasons.items():
        iri, _, path = node.value.partition("#")
        resource_iri = NamedNode(iri)
        resource = bundle.contents[resource_iri]
        kind = str(resource["resourceType"])
        said = given.get(node, {})
        words, code, *others = spoken.of(resource_iri, path)
        was_so, written = _observed(resource), _first_day(resource.get(name) for name in _WRITTEN)
        facts = {
            _TYPE: [_UNREAD],
            _ABOUT: [about],
            _KIND: [str(said["kind"]) if "kind" in said else _kind(kind, path)],
            _REASON: [_literal(reason)],
            _SOURCE: [f"<{iri}#document>" if resource_iri in requests else f"<{iri}>"],
        }
        stated = said.get("words")
        if words := stated.value if stated else words or ("" if code else f"{kind} without words"):
            facts[_WORDS] = [_literal(words)]
        if code:
            facts[_CODE] = [_named(code)]
        observed = str(said["observed"]) if "observed" in said else _day(was_so) if was_so else ""
        if observed:
            facts[_OBSERVED] = [observed]
        if recorded := _day(written) if written else observed:
            facts[_RECORDED] = [recorded]
        name = f"{node.value}{'.' if path else '#'}unread"
        yield UnreadNode(resource_iri, NamedNode(name), facts)
        for number, other in enumerate(others, start=1):
            yield UnreadNode(resource_iri, NamedNode(f"{name}.{number}"), facts | {_CODE: [_named(other)]})


def refused_items(bundle: Bundle, of_others: Collection[NamedNode]) -> dict[NamedNode, str]:
    """The items of the record that stand in resources that are refused, each with the reason.

    Args:
        bundle: the bundle.
        of_others: the resources that are about somebody else.

    Returns:
        the resources, if they are of a type of which one is an item, and the diagnoses in them.
    """
    reasons: dict[NamedNode, str] = {}
    for entry in bundle.entries:
        if not entry.refused or entry.kind not in KINDS or entry.iri in of_others:
            continue
        reasons[entry.iri] = entry.left_out
        for name in sorted(_DIAGNOSES):
            for number, _ in enumerate(_each(bundle.contents[entry.iri].get(name))):
                reasons[NamedNode(f"{entry.iri.value}#{name}.{number}")] = entry.left_out
    return reasons


def _kind(resource_type: str, path: str) -> Term:
    is_diagnosis = not _DIAGNOSES.isdisjoint(path.split("."))
    if not is_diagnosis and path.startswith("activity."):
        return _nec("Order")
    return _nec("Condition" if is_diagnosis else KINDS.get(resource_type, "OtherItem"))


class _Spoken:
    """What is said in the resources of a bundle, in words and in codes."""

    def __init__(self, bundle: Bundle, codes: CodeSystems | None) -> None:
        self._bundle = bundle
        self._codes = codes
        self._seen: dict[str, tuple[str, str, tuple[str, ...]]] = {}

    def of(self, iri: NamedNode, path: str) -> tuple[str, ...]:
        """The words and the code of the node at a path of a resource, either can be empty, and codes that mean something else."""
        resource = self._bundle.contents[iri]
        node = _at(resource, path)
        steps = frozenset(path.split(".")) if path else frozenset[str]()
        is_reason = not _REASONS.isdisjoint(steps) or path.endswith(".concept")
        names = node.keys() if isinstance(node, dict) and path else frozenset[str]()
        is_coding = {"system", "code"} <= names
        is_reference = not (is_coding or "coding" in names) and not {"reference", "display"}.isdisjoint(names)
        by_itself = is_reason or is_coding or is_reference or "coding" in names
        if resource["resourceType"] in _DOCUMENTS and not (by_itself or "activity" in steps):
            return _titled(resource), ""
        if not isinstance(node, dict):
            return _plain(node), ""
        concepts = [node[name] for name in _CODES if name in node]
        concepts += [node["type"]] if "type" in node and not path else []  # that of a part says nothing of what it is
        concepts += [node] if "coding" in node or is_reason else [{"coding": [node]}] if is_coding else []
        if is_reference:
            concepts.append({"text": _text(node, "display") or _text(node, "reference")})
        concepts += [node["outcome"]] if path.startswith("prediction.") and "outcome" in node else []
        if "medicationReference" in node:
            concepts += self._medication(node["medicationReference"], iri)
        mark = repr(concepts)  # thousands of values have one code
        if mark not in self._seen:
            named = [concept for item in concepts for concept in _each(item)]
            codes = self._coded(coding for concept in named for coding in _each(concept.get("coding")))
            called, written = _said(named)
            if called and written and not codes[0]:
                called = f"{called}, {written}"  # the code has no IRI, and is told nowhere else
            self._seen[mark] = (called, written, codes)
        said, spelt, codes = self._seen[mark]
        if resource["resourceType"] in unmapped.KINDS and not by_itself:
            parts = (_heading(resource), said or spelt, _told(node))
            return ": ".join(dict.fromkeys(filter(None, parts))), *codes
        answered = _ANSWER.fullmatch(path)
        label = _question(_at(resource, answered[1])) if answered else said or _entitled(node) or spelt
        return ": ".join(filter(None, (label or _plain(node.get("class")), _value(node)))), *codes

    def _medication(self, reference: Any, iri: NamedNode) -> list[Any]:
        medication = self._bundle.led_to(reference, iri)
        return [medication["code"]] if medication and "code" in medication else [{"text": _text(reference, "display")}]

    def _coded(self, codings: Iterable[dict[str, Any]]) -> tuple[str, ...]:
        """The IRI of a code, and of each that stands for another finding than those before it.

        It is one that stands for a finding, else of a known system, the first in the order of the alphabet; empty if there is none.
        """
        known, strange = set(), set()
        for coding in codings:
            system, code = _text(coding, "system"), _text(coding, "code")
            if not system or not code or self._codes is None:
                continue
            if iri := self._codes.read(system, code).iri:
                known.add(iri)
            elif _SYSTEM.fullmatch(system):
                name = f"{system}{'' if system[-1] in '/#:' else '/'}{quote(code, safe='')}"
                strange |= {name} if iri_of(name) else set()
        findings = self._codes.findings(known) if self._codes is not None else []
        return tuple(findings) or (min(known or strange, default=""),)


def _at(value: Any, path: str) -> Any:
    """What stands at a path of JSON; what is said about a primitive has the path of the primitive."""
    for step in path.split(".") if path else ():
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step, value.get(f"_{step}"))
    return value


def _titled(document: dict[str, Any]) -> str:
    """What a document, with all that is in it, is called."""
    titles = [_text(document, "title"), _text(document, "description"), _text(document.get("content"), "title")]
    return next(filter(None, titles), "") or _called(_each(document.get("type")), document) or "Document"


def _called(concepts: list[dict[str, Any]], node: dict[str, Any]) -> str:
    said, spelt = _said(concepts)
    return said or _entitled(node) or spelt


def _said(concepts: list[dict[str, Any]]) -> tuple[str, str]:
    """What concepts are called in words, and their codes as they are written; either can be empty."""
    codings = [coding for concept in concepts for coding in _each(concept.get("coding"))]
    text = next(filter(None, (_text(concept, "text") for concept in concepts)), "")
    return text or _joined(_text(coding, "display") for coding in codings), _joined(map(_spelt, codings))


def _entitled(node: dict[str, Any]) -> str:
    """The description or title of a node, or the titles of what is attached to it."""
    title = next(filter(None, (_text(node, name) for name in _TITLES)), "")
    attachments = [content.get("attachment") for content in _each(node.get("content"))] if not title else []
    return title or _joined(_text(attachment, "title") for attachment in attachments)


def _heading(resource: dict[str, Any]) -> str:
    """What a resource that no query reads says first of all that is in it."""
    names = unmapped.LABELS.get(str(resource["resourceType"]), ())
    return _joined(_plain(item) for name in names for item in _members(resource.get(name)))


def _told(node: dict[str, Any]) -> str:
    """What is predicted or told in a node of such a resource, beside its code."""
    return _joined(_plain(item) for name in unmapped.TOLD for item in _members(node.get(name)))


def _members(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _question(item: Any) -> str:
    return _text(item, "text") or _text(item, "linkId")


def _value(node: dict[str, Any]) -> str:
    """The value or the answer of a node, in words."""
    for name, value in node.items():
        if name.startswith("value") and (words := _plain(value)):
            return words
    absent = _plain(node.get("dataAbsentReason"))
    interpreted = _joined(map(_plain, _each(node.get("interpretation"))))
    return "; ".join(filter(None, (f"no value ({absent})" if absent else "", interpreted)))


def _plain(value: Any) -> str:
    """A value of any of FHIR's types in words; empty if it has none."""
    if not isinstance(value, dict):
        return "" if isinstance(value, list) or value is None else _primitive(value)
    if "low" in value or "high" in value:
        return " to ".join(filter(None, (_plain(value.get("low")), _plain(value.get("high")))))
    if "numerator" in value:
        return " / ".join(filter(None, (_plain(value["numerator"]), _plain(value.get("denominator")))))
    if "start" in value or "end" in value:
        return " to ".join(filter(None, (_text(value, "start"), _text(value, "end"))))
    if "value" in value:
        parts = (_text(value, "comparator"), _text(value, "value"), _text(value, "unit") or _text(value, "code"))
        return " ".join(filter(None, parts))
    codings = _each(value.get("coding")) if "coding" in value else [value]
    return (
        _text(value, "text")
        or _joined(_text(coding, "display") for coding in codings)
        or _joined(map(_spelt, codings))
        or next(filter(None, (_text(value, name) for name in ("title", "reference", "url"))), "")
    )


def _spelt(coding: dict[str, Any]) -> str:
    code, system = _text(coding, "code"), _text(coding, "system")
    return f"{code} ({system})" if code and system else code


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _each(value: Any) -> list[dict[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _text(value: Any, name: str) -> str:
    """A primitive member of some JSON as text; empty if there is none."""
    member = value.get(name) if isinstance(value, dict) else None
    return "" if member is None or isinstance(member, dict | list) else _primitive(member)


def _primitive(value: Any) -> str:
    if isinstance(value, Literal):
        return value.value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _observed(resource: dict[str, Any]) -> str:
    """The day on which it was so; of a period its end, else its start."""
    values = [resource[name] for name in _WAS_SO if name in resource]
    moments = [
        moment
        for value in values
        for moment in ((value.get("end"), value.get("start")) if isinstance(value, dict) else (value,))
    ]
    return _first_day(moment for moment in moments if moment is not None)


def _first_day(moments: Iterable[Any]) -> str:
    """The day of the first moment that there is; empty if that is no full date."""
    moment = next((moment for moment in moments if moment is not None), None)
    match = _DAY.fullmatch(moment) if isinstance(moment, str) else None
    if match is None:
        return ""
    try:
        return date.fromisoformat(match[1]).isoformat()
    except ValueError:
        return ""


@cache
def _day(text: str) -> Term:
    return str(Literal(text, datatype=NamedNode(f"{XSD}date")))


@cache
def _nec(name: str) -> Term:
    return f"<https://w3id.org/necessity/core#{name}>"


@lru_cache(4096)
def _literal(text: str) -> Term:
    return str(Literal(text))


@lru_cache(4096)
def _named(iri: str) -> Term:
    return str(NamedNode(iri))
