"""Resources of FHIR to put into bundles, and what is understood of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from reasoner.chart import intake
from reasoner.chart.fhir.mapping import MappedBundle, map_bundle
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.fhir.vocabulary import Vocabulary
from reasoner.cli import main
from reasoner.policy.loading import load_policy
from tests.conftest import ROOT, kind

INPUTS = ROOT.parent / "shared" / "inputs"
OPTIONS = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", None, "US-MO")
ARGUMENTS = [
    "--phase",
    "admission",
    "--focus",
    "mental-health",
    "--service-start",
    "2025-06-02",
    "--jurisdiction",
    "US-MO",
]

NEC = "https://w3id.org/necessity/core#"
IOP = "https://w3id.org/necessity/mp9556/vocabulary#"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ACTCODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

Resource = dict[str, Any]
WHOSE = {"reference": "Patient/p"}
PATIENT: Resource = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
DOCTOR: Resource = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Ames", "given": ["Ruth", "E."]}]}
BY = {"reference": "Practitioner/d"}


def coded(system: str, *codes: str) -> Resource:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code} for code in codes]}


PHQ9: Resource = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "subject": WHOSE,
    "code": coded(LOINC, "44261-6") | {"text": "PHQ-9 total"},
    "effectiveDateTime": "2025-05-30",
    "issued": "2025-06-01T08:00:00Z",
    "performer": [BY],
    "valueQuantity": {"value": 27, "unit": "{score}"},
}
HOUSING: Resource = {
    "resourceType": "Observation",
    "id": "h",
    "status": "final",
    "subject": WHOSE,
    "category": [coded("http://terminology.hl7.org/CodeSystem/observation-category", "social-history")],
    "code": coded(LOINC, "71802-3"),
    "effectiveDateTime": "2025-05-30",
    "valueCodeableConcept": coded(ICD10CM, "Z59.02"),
}
CONDITION: Resource = {
    "resourceType": "Condition",
    "id": "c",
    "subject": WHOSE,
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "verificationStatus": {"coding": [{"code": "confirmed"}]},
    "code": coded(SNOMED, "36474008"),
    "recordedDate": "2025-06-01",
    "recorder": BY,
}
ENCOUNTER: Resource = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "subject": WHOSE,
    "class": {"system": ACTCODE, "code": "IMP"},
    "period": {"start": "2025-05-01", "end": "2025-05-09T10:00:00Z"},
    "participant": [{"individual": BY}],
}
PROCEDURE: Resource = {
    "resourceType": "Procedure",
    "id": "x",
    "status": "completed",
    "subject": WHOSE,
    "code": coded(HCPCS, "S9480"),
    "performedPeriod": {"start": "2025-06-03T09:00:00Z", "end": "2025-06-03T12:00:00Z"},
    "performer": [{"actor": BY}],
}
PRESCRIPTION: Resource = {
    "resourceType": "MedicationRequest",
    "id": "r",
    "status": "active",
    "intent": "order",
    "subject": WHOSE,
    "medicationCodeableConcept": coded(RXNORM, "6813"),
    "authoredOn": "2025-05-20",
    "requester": BY,
}
TAKING: Resource = {
    "resourceType": "MedicationStatement",
    "id": "t",
    "status": "active",
    "subject": WHOSE,
    "medicationCodeableConcept": coded(RXNORM, "7243"),
    "dateAsserted": "2025-05-20",
    "effectivePeriod": {"start": "2025-01-01"},
}
CONSENT: Resource = {
    "resourceType": "Consent",
    "id": "k",
    "status": "active",
    "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "treatment"),
    "patient": WHOSE,
    "dateTime": "2025-06-01",
    "performer": [BY],
}
WEEK = {"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk", "duration": 180, "durationUnit": "min"}}
ORDER: Resource = {
    "resourceType": "ServiceRequest",
    "id": "s",
    "status": "active",
    "intent": "order",
    "subject": WHOSE,
    "code": coded(HCPCS, "S9480"),
    "occurrenceTiming": WEEK,
    "authoredOn": "2025-05-28",
    "requester": BY,
}
PLAN: Resource = {
    "resourceType": "CarePlan",
    "id": "l",
    "status": "active",
    "intent": "plan",
    "title": "Treatment plan",
    "subject": WHOSE,
    "created": "2025-05-29",
    "author": BY,
    "activity": [{"detail": {"status": "scheduled", "code": coded(HCPCS, "H0015"), "scheduledTiming": WEEK}}],
}
LETTER: Resource = {
    "resourceType": "DocumentReference",
    "id": "f",
    "status": "current",
    "subject": WHOSE,
    "description": "Letter of referral",
    "date": "2025-05-27T09:00:00Z",
    "author": [BY],
    "content": [{"attachment": {"contentType": "text/plain"}}],
    "context": {"related": [{"reference": "Condition/c"}]},
}
SUMMARY: Resource = {
    "resourceType": "Composition",
    "id": "m",
    "status": "final",
    "subject": WHOSE,
    "title": "Discharge summary",
    "date": "2025-05-09",
    "author": [BY],
    "section": [{"section": [{"entry": [{"reference": "Condition/c"}], "text": {"div": "<div>Words</div>"}}]}],
}
COVERAGE: Resource = {
    "resourceType": "Coverage",
    "id": "v",
    "status": "active",
    "beneficiary": WHOSE,
    "extension": [{"url": f"{NEC}funding", "valueCode": "self-funded"}],
}
FLAG: Resource = {
    "resourceType": "Flag",
    "id": "n",
    "status": "active",
    "subject": WHOSE,
    "code": {"text": "Do not leave alone"},
    "period": {"start": "2025-05-20"},
}
GOAL: Resource = {
    "resourceType": "Goal",
    "id": "a",
    "lifecycleStatus": "active",
    "subject": WHOSE,
    "description": {"text": "Sleeps through the night"},
    "startDate": "2025-05-20",
}
GIVEN: Resource = {
    "resourceType": "MedicationAdministration",
    "id": "i",
    "status": "completed",
    "subject": WHOSE,
    "medicationCodeableConcept": coded(RXNORM, "7243"),
    "effectiveDateTime": "2025-05-28T10:00:00-05:00",
}
DISPENSED: Resource = {
    "resourceType": "MedicationDispense",
    "id": "j",
    "status": "completed",
    "subject": WHOSE,
    "medicationCodeableConcept": coded(RXNORM, "7243"),
    "whenHandedOver": "2025-05-28",
}
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "g",
    "status": "final",
    "subject": WHOSE,
    "code": coded(LOINC, "34117-2"),
    "effectiveDateTime": "2025-05-28",
    "conclusion": "Seen for two hours",
    "conclusionCode": [coded(ICD10CM, "F33.1")],
}
CLAIM: Resource = {
    "resourceType": "Claim",
    "id": "w",
    "status": "active",
    "patient": WHOSE,
    "billablePeriod": {"start": "2025-06-02", "end": "2025-07-01"},
    "item": [{"sequence": 1, "productOrService": coded(HCPCS, "S9480")}],
}


INFORMED: Resource = CLAIM | {
    "supportingInfo": [
        {"sequence": 1, "category": {"text": "a message"}, "valueString": "He sleeps in his car"},
        {"sequence": 2, "category": {"text": "a letter"}, "valueAttachment": {"title": "Letter of the clinic"}},
        {"sequence": 3, "category": {"text": "a code"}, "code": {"text": "by bus"}, "valueBoolean": True},
        {"sequence": 4, "category": {"text": "dates"}, "timingPeriod": {"start": "2025-06-02"}},
        {"sequence": 5, "category": {"text": "more"}, "valueReference": {"reference": "DocumentReference/gone"}},
    ],
    "procedure": [{"sequence": 1, "procedureCodeableConcept": {"text": "psychotherapy"}}],
    "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": coded(ICD10CM, "F33.1")}],
}


def bundle(*resources: Resource) -> bytes:
    """A bundle of the patient, the practitioner and some resources."""
    entries = [{"resource": resource} for resource in (PATIENT, DOCTOR, *resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def map_whole(data: bytes, vocabulary: Vocabulary, options: RequestOptions = OPTIONS) -> MappedBundle:
    """What the mappings make of a bundle; raises the first error of a request that lacks facts."""
    mapped = map_bundle(data, "bundle", vocabulary, options)
    for error in mapped.missing:
        raise error
    return mapped


class MappedResources:
    """What the mappings make of a bundle."""

    def __init__(self, *resources: Resource, options: RequestOptions = OPTIONS) -> None:
        mapped = map_whole(bundle(*resources), intake.vocabulary(load_policy("mp9556")), options)
        self.triples, self.notes = mapped.triples, mapped.notes

    def values(self, subject: Any, name: str) -> list[str]:
        """The values of a property, namespaces of names left out."""
        predicate = NamedNode(name if ":" in name else NEC + name)
        found = [t.object for t in self.triples if t.subject == subject and t.predicate == predicate]
        return sorted(term.value.rpartition("#")[2] for term in found if isinstance(term, NamedNode | Literal))

    @property
    def statements(self) -> list[Any]:
        """The subjects that are statements."""
        return sorted({t.subject for t in self.triples if t.object == NamedNode(f"{NEC}Statement")}, key=str)

    @property
    def unread(self) -> list[Any]:
        """The subjects that are unread items."""
        return sorted({t.subject for t in self.triples if t.object == NamedNode(f"{NEC}Unread")}, key=str)

    def document(self, resource: Resource) -> dict[str, str]:
        """What is said of a resource as a document; empty if it is none."""
        end = f":{resource['resourceType']}/{resource['id']}"
        mine: list[Triple] = [t for t in self.triples if getattr(t.subject, "value", "").endswith(end)]
        if not any(t.object == NamedNode(f"{NEC}Document") for t in mine):
            return {}
        return {t.predicate.value.rpartition("/")[2].rpartition("#")[2]: t.object.value for t in mine}  # type: ignore[union-attr]


def with_(resource: Resource, **changes: Any) -> Resource:
    """A resource with some elements changed, or left out where they are None; class_ is class."""
    changed = copy.deepcopy(resource) | {name.rstrip("_"): value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}


# ---------------------------------------------------------------- helpers


def cases(folder: Path, *resources: Resource) -> list[Any]:
    """The cases of a bundle."""
    path = folder / "bundle.json"
    path.write_bytes(bundle(*resources))
    found, errors, _ = intake.read(str(path), load_policy("mp9556"), options=OPTIONS)
    assert not errors
    return found


def determined(
    folder: Path, capsys: pytest.CaptureFixture[str], *resources: Resource, focus: str = "mental-health"
) -> dict[str, str]:
    """The leaves of a bundle that the record speaks to, with their status."""
    path = folder / "bundle.json"
    path.write_bytes(bundle(*resources))
    arguments = [focus if argument == "mental-health" else argument for argument in ARGUMENTS]
    assert main(["determine", str(path), "--format", "jsonl", *arguments]) == 0
    record = json.loads(capsys.readouterr().out)
    return {c["id"]: c["status"] for c in record["criteria"] if c["evidence"]}


def verhoeff(number: str) -> bool:
    """Whether the last digit of a SNOMED CT id is its check digit."""
    steps = "1576283094"
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit)
        for _ in range(place % 8):
            value = int(steps[value])
        total = _dihedral(total, value)
    return total == 0


def _dihedral(one: int, other: int) -> int:
    turned, flipped = one % 5, one >= 5
    if not flipped:
        return (turned + other) % 5 + (5 if other >= 5 else 0) if other < 5 else 5 + (turned + other - 5) % 5
    return 5 + (turned - other) % 5 if other < 5 else (turned - (other - 5)) % 5
