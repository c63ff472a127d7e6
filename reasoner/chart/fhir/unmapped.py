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
AdverseEvent, Appointment, Basic, BodyStructure, ClaimResponse, DetectedIssue, DeviceUseStatement, EpisodeOfCare, GuidanceResponse,
ImagingStudy, Immunization, ImmunizationRecommendation, MeasureReport, and a List without entries (those are in ``evidence/list.rq``)
    itself.
reasonCode of any type, also in the activities of a CarePlan; reason and reasonCodeableConcept, as other releases than R4 call it
    each reason that no Condition of the bundle has as its code or its words: it may be a disorder that stands nowhere else. Of R5 it
    is the concept of a CodeableReference, as it is in the elements of `_REFERRING`. The reasonCode of an Encounter is a diagnosis
    (``evidence/diagnosis.rq``), and the reason of a Provenance is that of a record.
reasonReference of these and of encounters, and the elements of `_REFERRING`
    likewise each that leads nowhere, but to a resource of another type. Of an activity's own reference an order.
any other Reference
    likewise, if it names a Condition.
any other code of a disorder, such as the value of an Observation or the complication of a Procedure
    likewise, if neither a Condition nor a statement has it. That of a relative is none. An item whose own code it is, is a condition,
    and so is a resource of a type that no rule knows, such as a type that is misspelt.

status, verificationStatus, docStatus
    entered in error, cancelled, superseded, not done, refuted: a note, and no item.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir.quads import coded
from reasoner.chart.fhir.references import named_type

_BENEFIT, _RELATIVE, _CODED = "ExplanationOfBenefit", "FamilyMemberHistory", "diagnosisCodeableConcept"
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
OTHERS = frozenset(
    {
        "AdverseEvent",
        "Appointment",
        "Basic",
        "BodyStructure",
        "ClaimResponse",
        "DetectedIssue",
        "DeviceUseStatement",
        "EpisodeOfCare",
        "GuidanceResponse",
        "ImagingStudy",
        "Immunization",
        "ImmunizationRecommendation",
        "List",
        "MeasureReport",
    }
)
"""The other types that no rule reads."""
KINDS = (
    ORDERS
    | DOCUMENTS
    | OTHERS
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
_REFERRING = {
    "AdverseEvent": ("resultingCondition",),
    "CarePlan": ("addresses",),
    "ClinicalImpression": ("problem",),
    "EpisodeOfCare": ("diagnosis", "condition"),
    "Goal": ("addresses",),
    "Procedure": ("complicationDetail",),
    "RiskAssessment": ("condition",),
}
"""The path to the References to disorders, beside reasons, by type."""
_REASON_CODES = ("reason", "reasonCode", "reasonCodeableConcept")
_OTHER_REASONS = {"Encounter": ("reasonCode",), "Provenance": ("reason",)}
"""The elements of reasons that are none of what was done, or are read elsewhere, by type."""
_ACTIVITY = "activity"
ELEMENTS = frozenset({_REFERENCE, *_REASON_CODES, _ACTIVITY, *(path[0] for path in _REFERRING.values())})
"""The elements that have reasons and refer to disorders."""
_TOLD_APART = ELEMENTS | {"conclusionCode", "contained", "diagnosis", "finding"}
"""The elements whose codes are read, or left unread, by themselves."""
_READ_ELSEWHERE = {"Claim": "diagnosis", "ClinicalImpression": "finding", "Encounter": "diagnosis", "List": "entry"}
"""The elements whose References to disorders are read by queries, by type."""
_CODED_ANYHOW = OTHERS | {"Observation"}
"""The types whose own code may be that of a disorder, and of no order, medication or procedure."""
_REASON = "it is a reason for what was ordered or done, which is not read as a diagnosis"
_ELSEWHERE = "it is the code of a disorder where no diagnosis is read"
_PARTS = {
    "FamilyMemberHistory": "condition",
    "RiskAssessment": "prediction",
    "Communication": "payload",
    "CommunicationRequest": "payload",
    "ExplanationOfBenefit": "diagnosis",
    "List": "entry",
}
LABELS = {
    "FamilyMemberHistory": ("relationship", "name"),
    "RiskAssessment": ("code", "method"),
    "Communication": ("topic", "category"),
    "CommunicationRequest": ("category",),
    "DeviceRequest": ("codeReference",),
    "SupplyRequest": ("itemReference",),
    "AdverseEvent": ("event",),
    "Appointment": ("description", "serviceType", "appointmentType", "status"),
    "BodyStructure": ("description", "morphology"),
    "ClaimResponse": ("disposition",),
    "DetectedIssue": ("detail",),
    "DeviceUseStatement": ("device",),
    "EpisodeOfCare": ("type", "status"),
    "GuidanceResponse": ("moduleUri", "moduleCanonical", "moduleCodeableConcept"),
    "ImagingStudy": ("description",),
    "Immunization": ("vaccineCode",),
    "List": ("title",),
    "MeasureReport": ("measure",),
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
    **dict.fromkeys(sorted(OTHERS), "no rule reads resources of its type"),
}
_VOID = {
    "entered-in-error": "it was entered in error",
    "cancelled": "it was cancelled",
    "superseded": "it was superseded",
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
    kind: str = ""
    """Of which kind it is, if not of that of its type."""


def void(resource: dict[str, Any]) -> str:
    """Why such a resource counts for nothing; empty if it does count."""
    verified = resource.get("verificationStatus")
    codings = verified.get("coding") if isinstance(verified, dict) else None
    stated = [item.get("code") for item in codings or () if isinstance(item, dict)] if isinstance(codings, list) else []
    words = [item for item in (resource.get("status"), resource.get("docStatus"), *stated) if isinstance(item, str)]
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
    for number, item in parts if kind != "List" else ():
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
    kind = str(resource["resourceType"])
    for place, holder in _reasoned(resource):
        stated = (item for name in _REASON_CODES for item in _members(holder, name))
        found = [item for path, reason in stated for item in _reason(path, reason)]
        if not place and kind in _REFERRING:
            found += [
                item for path, node in _at(resource, *_REFERRING[kind]) for item in _at_path(path, node, "concept")
            ]
        for path, reason in found:
            if (
                reason
                and path.partition(".")[0] not in _OTHER_REASONS.get(kind, ())
                and told.isdisjoint(names(reason, codes))
            ):
                yield Unmapped(f"{place}{path}", _REASON, kind="Condition")


def elsewhere(
    resource: dict[str, Any], codes: CodeSystems | None, told: frozenset[str], known: bool = True
) -> Iterator[Unmapped]:
    """The codes of disorders that stand in a resource that counts where none is read; if it is its own, the resource itself.

    Args:
        resource: the resource in JSON.
        codes: what reads the codings; without it none are found.
        told: the IRIs of the codes that the record tells apart from these.
        known: whether any rule knows resources of its type.
    """
    kind = resource["resourceType"]
    if codes is None or kind == _RELATIVE:
        return
    own = _TOLD_APART if kind in _CODED_ANYHOW or not known else _TOLD_APART | {"code"}
    for path, node in _within({name: value for name, value in resource.items() if name not in own}):
        codings = _codings(node if "coding" in node else {"coding": [node]})
        found = [codes.read(system, code) for system, code in codings]
        named = {coding.iri for coding in found if codes.may_be_disorder(coding)}
        if named and told.isdisjoint(named):
            yield Unmapped("" if path == "code" else path, _ELSEWHERE, kind="Condition")


def lost(resource: dict[str, Any], told: frozenset[str]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The References to disorders that, if they lead nowhere, may stand for one of which nothing else is told; and to what a
    CarePlan plans.

    Args:
        resource: the resource in JSON.
        told: the `names` of what other resources say.

    Yields:
        the path, the Reference and the kind of item.
    """
    kind, found = str(resource["resourceType"]), dict[str, dict[str, Any]]()
    read = ("contained", _READ_ELSEWHERE.get(kind))
    for path, node in _within({name: value for name, value in resource.items() if name not in read}):
        if "reference" in node and named_type(node) == "Condition":
            found[path] = node
    for place, holder in _reasoned(resource):
        elements = [(_REFERENCE,)] if place or kind not in _REFERRING else [(_REFERENCE,), _REFERRING[kind]]
        referring = [item for steps in elements for item in _at(holder, *steps)]
        for steps in (("reason",), ("reason", "value")):
            referring += [item for item in _at(holder, *steps) if "reference" in item[1]]
        for path, node in referring:
            path, reference = next(iter(_at_path(path, node, "reference")), (path, node))
            stated = not {"reference", "identifier", "display"}.isdisjoint(reference)
            if stated and named_type(reference) in ("", "Condition"):
                found[f"{place}{path}"] = reference
    for path, reference in sorted(found.items()):
        if str(reference.get("display", "")).casefold() not in told:
            yield path, reference, "Condition"
    if kind == "CarePlan":
        for path, reference in _at(resource, _ACTIVITY, "reference"):
            yield path, reference, "Order"


def _reason(path: str, reason: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The concepts of a reason with their paths: itself, or in R5 those of the CodeableReferences that it is or holds."""
    for inner, node in _at_path(path, reason, "value") if "value" in reason else [(path, reason)]:
        if "concept" in node:
            yield from _at_path(inner, node, "concept")
        elif "reference" not in node:
            yield inner, node


def _reasoned(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What of a resource has reasons: itself, and the activities of a CarePlan; each with what begins its paths."""
    yield "", resource
    if resource["resourceType"] == "CarePlan":
        yield from ((f"{path}.", detail) for path, detail in _at(resource, _ACTIVITY, "detail"))


def _at(holder: dict[str, Any], element: str, *inner: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of an element, or of one within each of them, with their paths."""
    for path, member in _members(holder, element):
        if inner:
            yield from _at_path(path, member, *inner)
        else:
            yield path, member


def _at_path(path: str, holder: dict[str, Any], element: str, *inner: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same in an object that itself has a path."""
    return ((f"{path}.{name}", item) for name, item in _at(holder, element, *inner))


def _within(parts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects in some elements of a resource, each with its path; of a concept not its codings, nor reasons in an activity."""
    open_: list[tuple[str, Any]] = list(parts.items())
    while open_:
        path, value = open_.pop()
        if isinstance(value, dict):
            yield path, value
            open_ += [
                (f"{path}.{name}", item)
                for name, item in value.items()
                if isinstance(item, dict | list) and name not in ("coding", "reasonCode")
            ]
        elif isinstance(value, list):
            open_ += [(f"{path}.{number}", item) for number, item in enumerate(value)]


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
        system, code = coded(item) if isinstance(item, dict) else (None, None)
        if isinstance(system, str) and isinstance(code, str):
            yield system, code
