"""What a bundle says, listed from its JSON alone: the items that must be statements, unread items or notes.

It shares nothing with `reasoner`: it walks the resources, and knows of FHIR where the record of a patient speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
ITEMS = {
    "Condition": "condition",
    "Observation": "observation",
    "MedicationRequest": "medication",
    "MedicationStatement": "medication",
    "MedicationAdministration": "medication",
    "MedicationDispense": "medication",
    "Procedure": "procedure",
    "ServiceRequest": "order",
    "Flag": "flag",
    "Goal": "goal",
    "DocumentReference": "document",
    "Composition": "document",
    "AllergyIntolerance": "allergy",
    "FamilyMemberHistory": "relative",
    "RiskAssessment": "risk",
    "Communication": "text",
}
"""The types of which each resource is an item, or has some."""


@dataclass(frozen=True)
class Said:
    """An item of a record."""

    kind: str
    resource: str
    """Type and id of the resource."""
    path: str
    """Where it stands in the resource; empty if it is the resource."""
    words: tuple[str, ...]
    """Texts of which one at least has to be in the words of an unread item; none if it has none."""


def said_in(bundle: Json) -> Iterator[Said]:
    """The items of a bundle."""
    for entry in bundle.get("entry", []):
        resource = entry.get("resource") or {}
        kind, name = resource.get("resourceType"), f"{resource.get('resourceType')}/{resource.get('id')}"
        if kind == "Observation":
            yield from _observed(resource, name)
        elif kind == "QuestionnaireResponse":
            yield from _answered(resource.get("item", []), name, "item")
        elif kind == "ExplanationOfBenefit":
            for number, diagnosis in enumerate(resource.get("diagnosis", [])):
                if "diagnosisCodeableConcept" in diagnosis:
                    words = _words(diagnosis["diagnosisCodeableConcept"])
                    yield Said("diagnosis", name, f"diagnosis.{number}", words)
        elif kind == "FamilyMemberHistory" and resource.get("condition"):
            for number, condition in enumerate(resource["condition"]):
                yield Said("relative", name, f"condition.{number}", _words(condition.get("code", {})))
        elif kind == "RiskAssessment" and resource.get("prediction"):
            for number, prediction in enumerate(resource["prediction"]):
                yield Said("risk", name, f"prediction.{number}", _words(prediction.get("outcome", {})))
        elif kind == "Communication" and resource.get("payload"):
            for number, told in enumerate(resource["payload"]):
                yield Said("text", name, f"payload.{number}", tuple(filter(None, [told.get("contentString")])))
        elif kind == "Claim":
            for number, diagnosis in enumerate(resource.get("diagnosis", [])):
                if "diagnosisCodeableConcept" in diagnosis:
                    words = _words(diagnosis["diagnosisCodeableConcept"])
                    yield Said("diagnosis", name, f"diagnosis.{number}", words)
            yield from _claimed(resource, name)
        elif kind == "DiagnosticReport":
            yield from _reported(resource, name)
        elif kind == "Encounter":
            for number, reason in enumerate(resource.get("reasonCode", [])):
                yield Said("diagnosis", name, f"reasonCode.{number}", _words(reason))
        elif kind in ITEMS:
            names = ("description",) if kind == "Goal" else ("code", "medicationCodeableConcept", "type")
            concept = next((resource[n] for n in names if n in resource), {})
            yield Said(ITEMS[kind], name, "", () if ITEMS[kind] == "document" else _words(concept))


def _observed(resource: Json, name: str) -> Iterator[Said]:
    parts = resource.get("component", [])
    valued = any(key.startswith("value") or key == "dataAbsentReason" for key in resource)
    if valued or not (parts or resource.get("hasMember")):
        yield Said("observation", name, "", _words(resource.get("code", {})))
    for number, part in enumerate(parts):
        yield Said("observation", name, f"component.{number}", _words(part.get("code", {})))


def _claimed(claim: Json, name: str) -> Iterator[Said]:
    for number, info in enumerate(claim.get("supportingInfo", [])):
        words = (info["valueString"],) if "valueString" in info else ()
        if words or "valueAttachment" in info or "code" in info:
            yield Said("information", name, f"supportingInfo.{number}", words or _words(info.get("code", {})))
    for number, procedure in enumerate(claim.get("procedure", [])):
        if "procedureCodeableConcept" in procedure:
            yield Said("procedure", name, f"procedure.{number}", _words(procedure["procedureCodeableConcept"]))


def _reported(report: Json, name: str) -> Iterator[Said]:
    for number, concluded in enumerate(report.get("conclusionCode", [])):
        yield Said("diagnosis", name, f"conclusionCode.{number}", _words(concluded))
    if "conclusion" in report:
        yield Said("text", name, "conclusion", (report["conclusion"],))
    for number, _ in enumerate(report.get("presentedForm", [])):
        yield Said("text", name, f"presentedForm.{number}", ())


def _answered(items: list[Json], name: str, path: str) -> Iterator[Said]:
    for number, item in enumerate(items):
        here = f"{path}.{number}"
        yield from _answered(item.get("item", []), name, f"{here}.item")
        for place, answer in enumerate(item.get("answer", [])):
            asked = item.get("text") or item.get("linkId")
            yield Said("answer", name, f"{here}.answer.{place}", (asked,) if asked else ())
            yield from _answered(answer.get("item", []), name, f"{here}.answer.{place}.item")


def _words(concept: Json) -> tuple[str, ...]:
    if concept.get("text"):
        return (concept["text"],)
    codings = concept.get("coding", [])
    return tuple(c["display"] for c in codings if c.get("display")) or tuple(
        c["code"] for c in codings if c.get("code")
    )
