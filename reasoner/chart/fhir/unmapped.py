"""Resources of which no query makes anything: what each of them says as unread items, so that nothing of it vanishes.

AllergyIntolerance
    itself.
FamilyMemberHistory
    each condition, or else itself: about a relative, who is named in the words, and never the patient's.
ExplanationOfBenefit
    each diagnosis with a code that no statement affirms; one by reference is read by itself. A query over them would take a third
    of the time of a record.
RiskAssessment
    each prediction, with its outcome, or else itself.
Communication, CommunicationRequest
    each piece of what was told, or is to be, or else itself.
DocumentManifest, Media
    itself, as a document.
DeviceRequest, NutritionOrder, RequestGroup, SupplyRequest, Task, VisionPrescription
    itself, as an order.
reasonCode of any type, also in the activities of a CarePlan
    each reason that no Condition of the bundle has as its code or its words: it may be a disorder that stands nowhere else. That
    of an Encounter is a diagnosis (``evidence/diagnosis.rq``), but the ``reason`` that it has before R4 is read here.
reasonReference of these and of encounters, addresses of plans and goals, problem of an impression
    likewise each that leads nowhere, but to a resource of another type. Of an activity's own reference an order.

status, verificationStatus
    entered in error, cancelled, not done, refuted: a note, and no item.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir.references import named_type

_BENEFIT, _CODED = "ExplanationOfBenefit", "diagnosisCodeableConcept"
ORDERS = frozenset(
    {
        "CommunicationRequest",
        "DeviceRequest",
        "NutritionOrder",
        "RequestGroup",
        "SupplyRequest",
        "Task",
        "VisionPrescription",
    }
)
"""The types of which a resource is an order."""
DOCUMENTS = frozenset({"DocumentManifest", "Media"})
"""The types of which a resource is a document whose text is not looked for."""
KINDS = (
    ORDERS
    | DOCUMENTS
    | {
        "AllergyIntolerance",
        "Communication",
        "ExplanationOfBenefit",
        "FamilyMemberHistory",
        "RiskAssessment",
    }
)
"""The types."""
_REFERENCE = "reasonReference"
_REFERRING = {"CarePlan": "addresses", "ClinicalImpression": "problem", "Goal": "addresses"}
REFERENCES = frozenset({_REFERENCE, *_REFERRING.values()})
"""The elements in which resources refer to the disorders that they are for."""
_CODES_OF_REASONS = {"Encounter": "reason"}  # its reasonCode is a diagnosis
_ACTIVITY = "activity"
ELEMENTS = REFERENCES | {"reasonCode", *_CODES_OF_REASONS.values(), _ACTIVITY}
"""The elements that have reasons; a resource without any of them gives none."""
_REASON = "it is a reason for what was ordered or done, which is not read as a diagnosis"
_PARTS = {
    "FamilyMemberHistory": "condition",
    "RiskAssessment": "prediction",
    "Communication": "payload",
    "CommunicationRequest": "payload",
    "ExplanationOfBenefit": "diagnosis",
}
LABELS = {
    "FamilyMemberHistory": ("relationship", "name"),
    "RiskAssessment": ("code", "method"),
    "Communication": ("topic", "category"),
    "CommunicationRequest": ("category",),
    "DeviceRequest": ("codeReference",),
    "SupplyRequest": ("itemReference",),
}
"""The elements that name what all its items are about, by type."""
TOLD = (
    *("contentString", "contentAttachment", "contentReference", "qualitativeRisk", "probabilityDecimal"),
    *("probabilityRange", "rationale", "note"),
)
"""The elements that say what an item is, beside its code."""
_REASONS = {
    "AllergyIntolerance": "no rule reads allergies",
    "FamilyMemberHistory": "it is about a relative and not about the patient",
    "ExplanationOfBenefit": "it is a diagnosis that an explanation of benefit lists, and is not read",
    "RiskAssessment": "what it predicts is not read",
    "Communication": "what is written in it is not read",
    **dict.fromkeys(sorted(ORDERS), "no rule reads orders of its type"),
    **dict.fromkeys(sorted(DOCUMENTS), "what is in it is not read"),
}
_VOID = {
    "entered-in-error": "it was entered in error",
    "cancelled": "it was cancelled",
    "not-done": "it was not done",
    "refuted": "it was refuted, and counts for nothing",
}


class Unmapped(NamedTuple):
    """An item of such a resource."""

    path: str
    """Where it stands in the resource; empty if it is the resource."""
    reason: str
    concepts: frozenset[str] = frozenset()
    """The IRIs of the codes of a diagnosis; the item is none if statements have them all."""


def void(resource: dict[str, Any]) -> str:
    """Why such a resource counts for nothing; empty if it does count."""
    verified = resource.get("verificationStatus")
    codings = verified.get("coding") if isinstance(verified, dict) else None
    stated = [item.get("code") for item in codings or () if isinstance(item, dict)] if isinstance(codings, list) else []
    words = [item for item in (resource.get("status"), *stated) if isinstance(item, str)]
    return next((_VOID[word] for word in words if word in _VOID), "")


def items(resource: dict[str, Any], codes: CodeSystems | None) -> Iterator[Unmapped]:
    """The items of such a resource that counts.

    Args:
        resource: the resource, of one of `KINDS`, in JSON.
        codes: what reads the codings of diagnoses.
    """
    kind = str(resource["resourceType"])
    reason, within = _REASONS[kind], _PARTS.get(kind, "")
    members = resource.get(within)
    parts = [(n, item) for n, item in enumerate(members) if isinstance(item, dict)] if isinstance(members, list) else []
    for number, item in parts:
        if kind != _BENEFIT:
            yield Unmapped(f"{within}.{number}", reason)
        elif _CODED in item:
            yield Unmapped(f"{within}.{number}", reason, _concepts(item[_CODED], codes))
    if not parts and kind != _BENEFIT:
        yield Unmapped("", reason)


def reasons(resource: dict[str, Any], codes: CodeSystems | None, told: frozenset[str]) -> Iterator[Unmapped]:
    """The reasons that a resource that counts gives in codes or words.

    Args:
        resource: the resource in JSON.
        codes: what reads the codings.
        told: the `names` of what other resources say.
    """
    for place, holder in _reasoned(resource):
        for path, reason in _members(holder, _CODES_OF_REASONS.get(str(resource["resourceType"]), "reasonCode")):
            if reason and told.isdisjoint(names(reason, codes)):
                yield Unmapped(f"{place}{path}", _REASON)


def lost(resource: dict[str, Any], told: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The References to disorders that, if they lead nowhere, may stand for one of which nothing else is told; and to what a
    CarePlan plans.

    Args:
        resource: the resource in JSON.
        told: the `names` of what other resources say.

    Yields:
        the path and the Reference.
    """
    for place, holder in _reasoned(resource):
        element = _REFERENCE if place else _REFERRING.get(str(resource["resourceType"]), _REFERENCE)
        for path, reference in _members(holder, element):
            if not {"reference", "identifier", "display"}.intersection(reference):
                continue
            if named_type(reference) in ("", "Condition") and str(reference.get("display", "")).casefold() not in told:
                yield f"{place}{path}", reference
    if resource["resourceType"] == "CarePlan":
        for path, activity in _members(resource, _ACTIVITY):
            yield from ((f"{path}.{name}", reference) for name, reference in _members(activity, "reference"))


def _reasoned(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What of a resource has reasons: itself, and the activities of a CarePlan; each with what begins its paths."""
    yield "", resource
    if resource["resourceType"] == "CarePlan":
        for path, activity in _members(resource, _ACTIVITY):
            yield from ((f"{path}.{name}.", detail) for name, detail in _members(activity, "detail"))


def _members(holder: dict[str, Any], element: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of an element, each with its path."""
    stated = holder.get(element)
    for number, item in enumerate(stated) if isinstance(stated, list) else ():
        if isinstance(item, dict):
            yield f"{element}.{number}", item
    if isinstance(stated, dict):
        yield element, stated


def names(concept: Any, codes: CodeSystems | None) -> frozenset[str]:
    """The codes, as IRIs or as they are written, and the words of a CodeableConcept."""
    spelt = [
        (codes.read(system, code).iri if codes is not None and system.strip() else "") or f"{system}|{code}"
        for system, code in _codings(concept)
    ]
    words = concept.get("text") if isinstance(concept, dict) else None
    return frozenset([*spelt, words.casefold()] if isinstance(words, str) else spelt)


def _concepts(concept: Any, codes: CodeSystems | None) -> frozenset[str]:
    """The IRIs of the concepts that are the codes of a CodeableConcept; empty for one that cannot be read."""
    return frozenset(
        codes.read(system, code).concept for system, code in _codings(concept) if codes is not None and system.strip()
    )


def _codings(concept: Any) -> Iterator[tuple[str, str]]:
    """The system and the code of each coding of a CodeableConcept that has both."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    for item in codings if isinstance(codings, list) else ():
        if isinstance(item, dict) and isinstance(item.get("system"), str) and isinstance(item.get("code"), str):
            yield item["system"], item["code"]
