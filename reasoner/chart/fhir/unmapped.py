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
Communication
    each piece of what was told, or else itself.
reasonCode of what is ordered, done, prescribed or taken
    each reason that no Condition of the bundle has as its code or its words: it may be a disorder that stands nowhere else.
reasonReference of these and of encounters, addresses of plans and goals
    likewise each that leads nowhere, but to a resource of another type.

status, verificationStatus
    entered in error, cancelled, not done, refuted: a note, and no item.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir.references import named_type

_BENEFIT, _CODED = "ExplanationOfBenefit", "diagnosisCodeableConcept"
KINDS = frozenset(
    {"AllergyIntolerance", "Communication", "ExplanationOfBenefit", "FamilyMemberHistory", "RiskAssessment"}
)
"""The types."""
REASONED = frozenset(
    {"MedicationAdministration", "MedicationRequest", "MedicationStatement", "Procedure", "ServiceRequest"}
)
"""The types of which queries read anything but the reasons."""
REFERRING = {
    "CarePlan": "addresses",
    "Encounter": "reasonReference",
    "Goal": "addresses",
    **dict.fromkeys(REASONED, "reasonReference"),
}
"""The element in which resources of each type refer to the disorders that they are for."""
_REASON = "it is a reason for what was ordered or done, which is not read as a diagnosis"
_PARTS = {
    "FamilyMemberHistory": "condition",
    "RiskAssessment": "prediction",
    "Communication": "payload",
    "ExplanationOfBenefit": "diagnosis",
}
LABELS = {
    "FamilyMemberHistory": ("relationship", "name"),
    "RiskAssessment": ("code", "method"),
    "Communication": ("topic", "reasonCode", "category"),
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
    """The reasons that a resource that counts, of one of `REASONED`, gives in codes or words.

    Args:
        resource: the resource in JSON.
        codes: what reads the codings.
        told: the `names` of what other resources say.
    """
    stated = resource.get("reasonCode")
    for number, reason in enumerate(stated) if isinstance(stated, list) else ():
        if isinstance(reason, dict) and reason and told.isdisjoint(names(reason, codes)):
            yield Unmapped(f"reasonCode.{number}", _REASON)


def lost(resource: dict[str, Any], element: str, told: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The References in an element that, if they lead nowhere, may stand for a disorder of which nothing else is told.

    Args:
        resource: the resource in JSON.
        element: the element that refers to disorders.
        told: the `names` of what other resources say.

    Yields:
        the path and the Reference.
    """
    stated = resource.get(element)
    for number, reference in enumerate(stated) if isinstance(stated, list) else ():
        if not isinstance(reference, dict) or not {"reference", "identifier", "display"}.intersection(reference):
            continue
        if named_type(reference) in ("", "Condition") and str(reference.get("display", "")).casefold() not in told:
            yield f"{element}.{number}", reference


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
