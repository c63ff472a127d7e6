"""The mappings of FHIR resources: what each of them gives, and every status under which it must give nothing."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from reasoner import intake
from reasoner.cli import main
from reasoner.errors import DocumentationError
from reasoner.fhir import RequestOptions, read_bundle
from reasoner.load import load_policy

INPUTS = Path(__file__).parents[2] / "shared" / "inputs"
OPTIONS = RequestOptions("admission", "mental-health", "2025-06-02", None, "US-MO")
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
CLAIM: Resource = {
    "resourceType": "Claim",
    "id": "w",
    "status": "active",
    "patient": WHOSE,
    "billablePeriod": {"start": "2025-06-02", "end": "2025-07-01"},
}


def bundle(*resources: Resource) -> bytes:
    """A bundle of the patient, the practitioner and some resources."""
    entries = [{"resource": resource} for resource in (PATIENT, DOCTOR, *resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


class Understood:
    """What was understood of a bundle."""

    def __init__(self, *resources: Resource, options: RequestOptions = OPTIONS) -> None:
        self.triples, self.notes = read_bundle(
            bundle(*resources), "bundle", intake.vocabulary(load_policy("mp9556")), options
        )

    def values(self, subject: Any, name: str) -> list[str]:
        """The values of a property, namespaces of names left out."""
        predicate = NamedNode(name if ":" in name else NEC + name)
        found = [t.object for t in self.triples if t.subject == subject and t.predicate == predicate]
        return sorted(term.value.rpartition("#")[2] for term in found if isinstance(term, NamedNode | Literal))

    @property
    def statements(self) -> list[Any]:
        """The subjects that are statements."""
        return sorted({t.subject for t in self.triples if t.object == NamedNode(f"{NEC}Statement")}, key=str)

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


# ---------------------------------------------------------------- each resource that counts


def test_a_score_is_evidence_with_its_value_and_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Understood(PHQ9)
    (statement,) = found.statements
    assert found.values(statement, "code") == ["http://loinc.org/rdf/44261-6"]
    assert found.values(statement, "value") == ["27"]
    assert found.values(statement, "unit") == ["{score}"]
    assert found.values(statement, "observed") == ["2025-05-30"]
    assert found.values(statement, "recorded") == ["2025-06-01"]
    assert found.values(statement, "excerpt") == ["PHQ-9 total: 27 {score}"]
    assert found.values(statement, "http://www.w3.org/ns/prov#wasDerivedFrom") == ["valueQuantity"]
    assert found.document(PHQ9)["creator"] == "Ruth Ames"
    assert determined(tmp_path, capsys, PHQ9) == {}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"valueInteger": 12}, "12"),
        ({"valueString": "high"}, "high"),
        ({"valueBoolean": True}, "true"),
        ({"valueCodeableConcept": coded(LOINC, "LA33-6") | {"text": "Yes"}}, "Yes"),
        ({"valueQuantity": {"value": 20, "comparator": ">"}}, "> 20"),
    ],
)
def test_values_are_kept_as_they_are(value: Resource, kept: str) -> None:
    found = Understood(with_(PHQ9, **({"valueQuantity": None} | value)))
    (statement,) = found.statements
    assert found.values(statement, "value") == [kept]


def test_a_survey_counts_without_being_listed_and_so_do_components() -> None:
    survey = [coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey")]
    parts = [
        {"code": coded(LOINC, "1234-5"), "valueInteger": 3},
        {"code": coded(LOINC, "1234-5"), "dataAbsentReason": coded("x", "unknown")},
    ]
    found = Understood(with_(PHQ9, valueQuantity=None, category=survey, code=coded(LOINC, "99999-9"), component=parts))
    assert [found.values(statement, "value") for statement in found.statements] == [["3"]]
    assert any("a component is left out: its value is stated to be absent" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changes", "assertion"),
    [
        ({}, "Affirmed"),
        ({"valueCodeableConcept": coded(SNOMED, "32911000")}, "Affirmed"),
        ({"code": coded(ICD10CM, "Z59.02"), "valueCodeableConcept": None, "valueBoolean": False}, "Denied"),
        ({"code": coded(ICD10CM, "Z59.02"), "valueCodeableConcept": coded(LOINC, "LA33-6")}, "Affirmed"),
    ],
)
def test_a_circumstance_is_a_finding(changes: Resource, assertion: str) -> None:
    found = Understood(with_(HOUSING, **changes))
    said = [
        found.values(statement, "assertion") for statement in found.statements if not found.values(statement, "value")
    ]
    assert said == [[assertion]]


def test_a_circumstance_by_code_speaks_to_its_leaf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    met = {"adult-admission:8-a-iii": "met"}
    assert determined(tmp_path, capsys, HOUSING) == met
    assert determined(tmp_path, capsys, with_(CONDITION, code=coded(ICD10CM, "Z59.02"))) == met
    assert determined(tmp_path, capsys, with_(CONDITION, code=coded(SNOMED, "32911000"))) == met


@pytest.mark.parametrize(
    ("code", "severity"),
    [("36474008", "met"), ("40379007", "not-met"), ("66344007", None), ("75544000", None), ("713862009", "met")],
)
def test_snomed_gives_the_diagnosis_and_no_severity_that_it_does_not_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, severity: str | None
) -> None:
    found = determined(tmp_path, capsys, with_(CONDITION, code=coded(SNOMED, code)))
    assert found.get("adult-admission:1-diagnosis") == "met"
    assert found.get("adult-admission:1-severity") == severity


def test_each_snomed_id_is_sound_and_states_no_more_than_its_match() -> None:
    ontology = load_policy("mp9556").ontology
    rows = list(
        ontology.query(
            """SELECT ?id ?to ?said ?itsSaid WHERE {
              ?concept skos:inScheme <http://snomed.info/sct> ; skos:notation ?id ; skos:broader ?to .
              OPTIONAL { ?concept nec:codeSeverity ?said } OPTIONAL { ?to nec:codeSeverity ?itsSaid }
            }""",
            initNs={"skos": "http://www.w3.org/2004/02/skos/core#", "nec": NEC},
        )
    )
    assert len(rows) > 90
    for id_, to, said, its in rows:  # type: ignore[misc]
        assert verhoeff(str(id_)), f"{id_} has a wrong check digit"
        assert its is None or its == said, f"{id_} lies under {to}, which states a severity that the id does not"


def test_a_diagnosis_says_where_it_stands() -> None:
    found = Understood(CONDITION)
    (statement,) = found.statements
    assert found.values(statement, "http://www.w3.org/ns/prov#wasDerivedFrom") == ["code.coding.0"]
    assert found.document(CONDITION)["creator"] == "Ruth Ames"


@pytest.mark.parametrize("system", [RXNORM, ACTCODE, HCPCS, LOINC, f"{NEC}Roles"])
@pytest.mark.parametrize("code", ["6813", "IMP", "S9480", "44261-6", "program-days"])
def test_a_condition_is_of_a_code_system_for_conditions(system: str, code: str) -> None:
    assert not Understood(with_(CONDITION, code=coded(system, code))).statements


@pytest.mark.parametrize("code", ["F33.2", "Z59.02"])
def test_no_other_resource_makes_a_diagnosis_of_a_code(code: str) -> None:
    for resource in (PRESCRIPTION, PROCEDURE, ENCOUNTER, ORDER, PHQ9):
        name = "medicationCodeableConcept" if resource is PRESCRIPTION else "class" if resource is ENCOUNTER else "code"
        changed = with_(resource, **{name: coded(ICD10CM, code)}, valueQuantity=None)
        assert not Understood(changed).statements, resource["resourceType"]


@pytest.mark.parametrize(
    ("code", "name"), [("IMP", "InpatientStay"), ("ACUTE", "InpatientStay"), ("EMER", "EmergencyVisit")]
)
@pytest.mark.parametrize("release", ["R4", "R5"])
def test_an_encounter_is_background(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, name: str, release: str
) -> None:
    encounter = with_(
        ENCOUNTER, class_={"system": ACTCODE, "code": code} if release == "R4" else [coded(ACTCODE, code)]
    )
    found = Understood(encounter)
    (statement,) = found.statements
    assert found.values(statement, "observed") == ["2025-05-09"]
    (concept,) = found.values(statement, "code")
    (case,) = cases(tmp_path, encounter)
    assert [said.classes for said in case.statements] == [frozenset({IOP + name})], concept
    assert determined(tmp_path, capsys, encounter) == {}


def test_a_session_is_evidence_with_its_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    visit = with_(
        ENCOUNTER,
        class_={"system": ACTCODE, "code": "AMB"},
        type=[coded(HCPCS, "S9480")],
        length={"value": 3, "unit": "h"},
    )
    found = Understood(visit)
    (statement,) = found.statements
    assert (found.values(statement, "value"), found.values(statement, "unit")) == (["3"], ["h"])
    assert len(Understood(PROCEDURE).statements) == 1
    assert determined(tmp_path, capsys, visit, PROCEDURE) == {}


@pytest.mark.parametrize("resource", [PRESCRIPTION, TAKING], ids=lambda r: r["resourceType"])
def test_a_medication_is_background_and_no_talk_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resource: Resource
) -> None:
    found = Understood(resource)
    (statement,) = found.statements
    assert found.values(statement, f"{IOP}medication") == found.values(statement, "code")
    (case,) = cases(tmp_path, resource)
    assert [said.classes for said in case.statements] == [frozenset({f"{IOP}MedicationTreatmentReceived"})]
    assert determined(tmp_path, capsys, resource, focus="substance-use") == {}


def test_a_medication_by_reference_is_known_by_its_ingredient() -> None:
    product = {"resourceType": "Medication", "id": "1", "ingredient": [{"itemCodeableConcept": coded(RXNORM, "1819")}]}
    there = with_(PRESCRIPTION, medicationCodeableConcept=None, medicationReference={"reference": "Medication/1"})
    inside = with_(there, contained=[product], medicationReference={"reference": "#1"})
    for found in (Understood(there, product), Understood(inside)):
        (statement,) = found.statements
        assert found.values(statement, f"{IOP}medication") == ["Buprenorphine"]
    assert not Understood(there, product | {"status": "entered-in-error"}).statements


@pytest.mark.parametrize(("type_", "assertion"), [(None, "Affirmed"), ("permit", "Affirmed"), ("deny", "Denied")])
def test_a_consent_is_no_willingness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], type_: str | None, assertion: str
) -> None:
    consent = with_(CONSENT, provision={"type": type_} if type_ else None)
    found = Understood(consent)
    (statement,) = found.statements
    assert found.values(statement, "assertion") == [assertion]
    assert determined(tmp_path, capsys, consent) == {}


@pytest.mark.parametrize("resource", [ORDER, PLAN], ids=lambda r: r["resourceType"])
def test_a_schedule_states_days_and_hours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resource: Resource
) -> None:
    found = Understood(resource)
    days, hours = found.statements
    assert found.values(days, f"{IOP}daysPerWeek") == ["3"]
    assert [float(value) for value in found.values(hours, f"{IOP}hoursPerWeek")] == [9.0]
    assert determined(tmp_path, capsys, resource) == {"description:days": "met", "description:hours": "met"}
    named = copy.deepcopy(resource)
    timing = named["occurrenceTiming"] if resource is ORDER else named["activity"][0]["detail"]["scheduledTiming"]
    timing["repeat"] = {"dayOfWeek": ["mon", "wed"], "duration": 3, "durationUnit": "h"}
    assert determined(tmp_path, capsys, named) == {"description:days": "not-met", "description:hours": "not-met"}


@pytest.mark.parametrize(
    "repeat",
    [
        {"frequency": 3, "frequencyMax": 5, "period": 1, "periodUnit": "wk"},
        {"frequency": 3, "period": 2, "periodUnit": "wk"},
        {"frequency": 3, "period": 1, "periodUnit": "mo"},
        {"frequency": 12, "period": 1, "periodUnit": "wk"},
        {"frequency": 0, "period": 1, "periodUnit": "wk"},
        {"frequency": -3, "period": 1, "periodUnit": "wk"},
        {"frequency": 2.5, "period": 1, "periodUnit": "wk"},
        {"duration": 3, "durationUnit": "h"},
    ],
)
def test_a_schedule_that_states_no_number_of_days_states_nothing(repeat: Resource) -> None:
    found = Understood(with_(ORDER, occurrenceTiming={"repeat": repeat}))
    assert not found.statements
    assert any("does not say on how many days" in note for note in found.notes)


def test_documents_have_title_author_and_date_and_say_what_is_not_read() -> None:
    found = Understood(LETTER, SUMMARY, PLAN, CONDITION)
    assert found.document(LETTER) | {"references": ""} == {
        "type": f"{NEC}Document",
        "title": "Letter of referral",
        "creator": "Ruth Ames",
        "issued": "2025-05-27",
        "references": "",
    }
    assert found.document(SUMMARY)["title"] == "Discharge summary"
    assert found.document(CONDITION)["isPartOf"].endswith("Composition/m")
    assert found.document(PLAN)["title"] == "Care plan: Treatment plan"
    assert "Composition/m: the text of its sections is not read" in found.notes
    assert any(note.startswith("DocumentReference/f: it is listed as a document") for note in found.notes)


def test_a_plan_takes_its_funding_and_says_what_it_does_not_know() -> None:
    found = Understood(COVERAGE)
    assert [t.object.value for t in found.triples if t.predicate == NamedNode(f"{NEC}funding")] == [f"{NEC}SelfFunded"]  # type: ignore[union-attr]
    odd = Understood(with_(COVERAGE, extension=[{"url": f"{NEC}funding", "valueCode": "both"}]))
    assert "Coverage/v: its funding is neither fully-insured nor self-funded and is left out" in odd.notes
    several = Understood(COVERAGE, with_(COVERAGE, id="v2"))
    (note,) = (note for note in several.notes if "which of several the review is under" in note)
    assert note.startswith("Coverage, 2 such as Coverage/v: ")


def test_the_request_and_why_another_is_not_it() -> None:
    given = RequestOptions("admission", "mental-health", None, None, "US-MO")
    found = Understood(CLAIM, with_(ORDER, occurrenceTiming=None), options=given)
    (request,) = [t.subject for t in found.triples if t.object == NamedNode(f"{NEC}ReviewRequest")]
    assert request.value.endswith("Claim/w")  # type: ignore[union-attr]
    assert (found.values(request, "serviceStart"), found.values(request, "serviceEnd")) == (
        ["2025-06-02"],
        ["2025-07-01"],
    )
    assert "ServiceRequest/s: a Claim stands beside it, so it is not the request" in found.notes
    pharmacy = with_(CLAIM, type=coded("http://terminology.hl7.org/CodeSystem/claim-type", "pharmacy"))
    for claims in ([with_(CLAIM, status="cancelled")], [pharmacy], [CLAIM, with_(CLAIM, id="w2")]):
        with pytest.raises(DocumentationError, match="no full date of the service's start"):
            Understood(*claims, options=given)
        (note,) = (note for note in Understood(*claims).notes if note.startswith("Claim"))
        assert note.startswith("Claim, 2 such as Claim/w: " if len(claims) == 2 else "Claim/w: ")


# ---------------------------------------------------------------- what must not count

NEVER = [
    (PHQ9, "status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown", "nonsense", None]),
    (HOUSING, "status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown", None]),
    (ENCOUNTER, "status", ["planned", "arrived", "triaged", "cancelled", "entered-in-error", "unknown", None]),
    (PROCEDURE, "status", ["preparation", "not-done", "on-hold", "stopped", "entered-in-error", "unknown", None]),
    (
        PRESCRIPTION,
        "status",
        ["on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown", None],
    ),
    (PRESCRIPTION, "intent", ["proposal", "plan", "option", None]),
    (PRESCRIPTION, "doNotPerform", [True, {"extension": [{"url": "x"}]}]),
    (PROCEDURE, "notDone", [True, {"extension": [{"url": "x"}]}]),  # this and the next: FHIR before R4
    (TAKING, "taken", ["n", "unk", "na"]),
    (TAKING, "wasNotTaken", [True]),
    (
        TAKING,
        "status",
        ["completed", "entered-in-error", "intended", "stopped", "on-hold", "unknown", "not-taken", None],
    ),
    (TAKING, "effectivePeriod", [{"start": "2024-01-01", "end": "2024-03-01"}, {"start": "2024-01-01", "end": "2024"}]),
    (CONSENT, "status", ["draft", "proposed", "rejected", "inactive", "entered-in-error", None]),
    (CONSENT, "provision", [{"type": "perhaps"}]),
    (ORDER, "status", ["draft", "on-hold", "revoked", "entered-in-error", "unknown", None]),
    (ORDER, "intent", ["proposal", "plan", "directive", "option", None]),
    (PLAN, "status", ["draft", "on-hold", "revoked", "completed", "entered-in-error", "unknown", None]),
    (PLAN, "intent", ["proposal", "option", None]),
    (LETTER, "status", ["superseded", "entered-in-error", None]),
    (LETTER, "docStatus", ["preliminary", "entered-in-error"]),
    (SUMMARY, "status", ["preliminary", "entered-in-error", None]),
    (COVERAGE, "status", ["cancelled", "draft", "entered-in-error", None]),
    (
        CONDITION,
        "verificationStatus",
        [{"coding": [{"code": "unconfirmed"}]}, {"coding": [{"code": "provisional"}]}],
    ),
    (
        CONDITION,
        "verificationStatus",
        [{"coding": [{"code": "differential"}]}, {"coding": [{"code": "entered-in-error"}]}],
    ),
    (CONDITION, "verificationStatus", [{"coding": []}, {"text": "sure"}, {}]),
    (
        CONDITION,
        "verificationStatus",
        [
            {"coding": [{"code": "confirmed"}, {"code": other}]}
            for other in ("provisional", "entered-in-error", "refuted")
        ],
    ),
    (
        CONDITION,
        "clinicalStatus",
        [{"coding": [{"code": code}]} for code in ("inactive", "remission", "resolved")],
    ),
    (CONDITION, "verificationStatus", ["confirmed", "refuted", coded("http://local.example/status", "confirmed")]),
    (CONDITION, "verificationStatus", [coded("http://local.example/status", "refuted")]),
    (CONDITION, "clinicalStatus", ["active", "resolved", coded("http://local.example/status", "active")]),
    (CONDITION, "abatementDateTime", ["2025"]),
    (CONDITION, "abatementBoolean", [True, {"extension": [{"url": "x"}]}]),
    (CONDITION, "onsetDateTime", ["2025-06-02", "2025-07", "2026"]),
    (CONDITION, "onsetPeriod", [{"start": "2025-06-02T08:00:00Z"}]),
]
DATED = [
    (PHQ9, "effectiveDateTime"),
    (HOUSING, "effectiveDateTime"),
    (PROCEDURE, "performedPeriod"),
    (PRESCRIPTION, "authoredOn"),
    (TAKING, "dateAsserted"),
    (CONSENT, "dateTime"),
    (ORDER, "authoredOn"),
    (CONDITION, "recordedDate"),
    (ENCOUNTER, "period"),
]


@pytest.mark.parametrize(
    ("resource", "element", "value"),
    [(resource, element, value) for resource, element, values in NEVER for value in values],
    ids=lambda value: value["resourceType"] if isinstance(value, dict) and "resourceType" in value else str(value),
)
def test_a_status_that_must_not_count(resource: Resource, element: str, value: Any) -> None:
    changed = with_(resource, **{element: value})
    found = Understood(changed)
    assert not found.statements
    assert not found.document(changed)
    assert not any(t.predicate == NamedNode(f"{NEC}funding") for t in found.triples)
    assert any(note.startswith(f"{resource['resourceType']}/{resource['id']}: ") for note in found.notes)


@pytest.mark.parametrize("day", ["2025", "2025-05", "2025-02-30", "yesterday", {"extension": [{"url": "x"}]}])
@pytest.mark.parametrize(("resource", "element"), DATED, ids=lambda v: v["resourceType"] if isinstance(v, dict) else v)
def test_a_date_that_is_not_whole(resource: Resource, element: str, day: Any) -> None:
    value = {"start": day, "end": day} if element.endswith(("eriod", "Period")) else day
    found = Understood(with_(resource, **{element: value}))
    statements = [statement for statement in found.statements if "71802-3" not in str(found.values(statement, "code"))]
    assert not statements
    assert any(note.startswith(f"{resource['resourceType']}/{resource['id']}: ") for note in found.notes)


@pytest.mark.parametrize("whose", [{"reference": "Patient/other"}, {"display": "somebody"}, {}])
@pytest.mark.parametrize(
    "resource",
    [
        PHQ9,
        HOUSING,
        ENCOUNTER,
        PROCEDURE,
        PRESCRIPTION,
        TAKING,
        CONSENT,
        ORDER,
        PLAN,
        LETTER,
        SUMMARY,
        CONDITION,
        COVERAGE,
        CLAIM,
    ],
    ids=lambda r: f"{r['resourceType']}/{r['id']}",
)
def test_what_is_about_someone_else(resource: Resource, whose: Resource) -> None:
    (element,) = {"subject", "patient", "beneficiary"} & set(resource)
    changed = with_(resource, **{element: whose})
    found = Understood(changed)
    assert not found.statements
    assert not found.document(changed)
    assert (
        f"{resource['resourceType']}/{resource['id']}: it is about someone other than the Patient of the bundle"
        in found.notes
    )


@pytest.mark.parametrize("resource", [CONDITION, ENCOUNTER, TAKING], ids=lambda r: r["resourceType"])
def test_the_patient_element_of_former_versions_says_whose_it_is(resource: Resource) -> None:
    assert not Understood(with_(resource, subject=None, patient={"reference": "Patient/other"})).statements
    assert Understood(with_(resource, subject=None, patient=WHOSE)).statements


def test_a_condition_is_read_in_the_systems_of_fhir_and_names_what_is_older() -> None:
    systems = "http://terminology.hl7.org/CodeSystem/condition-"
    found = Understood(
        with_(
            CONDITION,
            clinicalStatus=coded(f"{systems}clinical", "active"),
            verificationStatus=coded(f"{systems}ver-status", "confirmed"),
            abatementBoolean=False,
            onsetDateTime="2025-06",
        )
    )
    assert [found.values(statement, "assertion") for statement in found.statements] == [["Affirmed"]]
    found = Understood(with_(CONDITION, verificationStatus="confirmed"))
    assert any("DSTU2, STU3" in note for note in found.notes)


def test_two_severities_are_none() -> None:
    found = Understood(with_(CONDITION, severity=coded(SNOMED, "255604002", "24484000")))
    assert [found.values(statement, "severity") for statement in found.statements] == [[]]
    assert any("or more than one" in note for note in found.notes)


@pytest.mark.parametrize(
    "value",
    [
        {"valueBoolean": "false"},
        {"valueBoolean": 1},
        {"valueCodeableConcept": {"coding": [{"code": "Y"}, {"code": "N"}]}},
        {"valueCodeableConcept": coded("http://local.example/answers", "Y")},
        {"valueCodeableConcept": coded("http://local.example/answers", "N")},
        {"valueCodeableConcept": coded(LOINC, "LA33-6"), "valueBoolean": False},
    ],
)
def test_an_answer_that_is_neither_yes_nor_no(value: Resource) -> None:
    question = {"code": coded(ICD10CM, "Z59.02"), "valueCodeableConcept": None}
    found = Understood(with_(HOUSING, **question | value))
    assert not found.statements
    assert "Observation/h: it does not say whether the circumstance is so" in found.notes


def test_what_is_prohibited_or_as_needed_is_no_schedule() -> None:
    detail = PLAN["activity"][0]["detail"] | {"prohibited": True}
    assert not Understood(with_(PLAN, activity=[{"detail": detail}])).statements
    assert not Understood(with_(ORDER, asNeededBoolean=True)).statements


def test_an_observation_about_a_relative() -> None:
    mother = {"reference": "RelatedPerson/mother"}
    for resource in (PHQ9, HOUSING):
        assert Understood(with_(resource, focus=[WHOSE])).statements
        assert not Understood(with_(resource, focus=[mother])).statements
        assert not Understood(with_(resource, focus=[WHOSE, mother])).statements


@pytest.mark.parametrize(
    ("resource", "element", "values"),
    [
        (PHQ9, "status", ["final", "entered-in-error"]),
        (PRESCRIPTION, "intent", ["order", "proposal"]),
        (CONDITION, "subject", [{"reference": "Patient/other"}, WHOSE]),
        (CONSENT, "patient", [WHOSE, {"reference": "Patient/other"}]),
    ],
)
def test_two_statuses_or_two_patients_are_refused(resource: Resource, element: str, values: list[Any]) -> None:
    changed = with_(resource, **{element: values})
    found = Understood(changed)
    assert not found.statements
    assert not found.document(changed)
    assert any("is stated more than once" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": coded(LOINC, "2339-0")}, "its code is none of a scale or instrument"),
        ({"valueQuantity": None, "dataAbsentReason": coded("x", "refused")}, "its value is stated to be absent"),
        ({"valueQuantity": {"unit": "{score}"}}, "it has no value that can be read"),
        ({"valueQuantity": None, "valueRange": {"low": {"value": 1}}}, "it has no value that can be read"),
    ],
)
def test_an_observation_without_a_measure_or_a_value(changes: Resource, reason: str) -> None:
    found = Understood(with_(PHQ9, **changes))
    assert not found.statements
    assert f"Observation/o: {reason}" in found.notes


def test_an_activity_that_does_not_stand_states_no_schedule() -> None:
    for status in ("not-started", "on-hold", "completed", "cancelled", "stopped", "unknown", "entered-in-error", None):
        detail = {name: value for name, value in (PLAN["activity"][0]["detail"] | {"status": status}).items() if value}
        found = Understood(with_(PLAN, activity=[{"detail": detail}]))
        assert not found.statements
        assert any("the schedule of the program is left out" in note for note in found.notes)
    forbidden = PLAN["activity"][0]["detail"] | {"doNotPerform": True}
    assert not Understood(with_(PLAN, activity=[{"detail": forbidden}])).statements


# ---------------------------------------------------------------- real bundles

POINTED_TO = {
    "cms159-01083d96.json": {"adult-admission:1-diagnosis": "F32.9, active and confirmed"},
    "synthea-milan-beatty.json": {"adult-admission:1-diagnosis": "SNOMED CT 370143000, active and confirmed"},
    "cms2-046b755c.json": {},  # its bipolar disorder began after the period under review
}


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the shared inputs are not here")
@pytest.mark.parametrize("path", sorted(INPUTS.glob("*.json")), ids=lambda path: path.stem)
def test_no_real_bundle_affirms_what_cannot_be_pointed_to(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["determine", str(path), "--format", "jsonl", *ARGUMENTS])
    out = capsys.readouterr()
    patients = [entry["resource"] for entry in json.loads(path.read_bytes())["entry"]]
    if not any(resource.get("birthDate") for resource in patients if resource["resourceType"] == "Patient"):
        assert code == 2
        assert "no full date of birth" in out.err
        return
    assert code == 0
    record = json.loads(out.out)
    spoken = {c["id"] for c in record["criteria"] if c["status"] != "not-documented" and c["evidence"]}
    assert spoken == set(POINTED_TO[path.name])


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the shared inputs are not here")
def test_reading_takes_time_linear_in_the_bundle() -> None:
    source = json.loads((INPUTS / "synthea-milan-beatty.json").read_bytes())
    (patient,) = [entry for entry in source["entry"] if entry["resource"]["resourceType"] == "Patient"]
    rest = [entry for entry in source["entry"] if entry is not patient]
    vocabulary = intake.vocabulary(load_policy("mp9556"))

    def copies(number: int) -> list[Any]:
        names = {entry["fullUrl"].rpartition(":")[2]: f"{number:08x}" for entry in rest}
        text = json.dumps(rest)
        for name, head in names.items() if number else ():
            text = text.replace(name, head + name[8:])
        return list(json.loads(text))

    def seconds(times: int) -> float:
        entries = [patient, *(entry for number in range(times) for entry in copies(number))]
        data = json.dumps({**source, "entry": entries}).encode()
        start = time.process_time()
        read_bundle(data, "bundle", vocabulary, OPTIONS)
        return time.process_time() - start

    seconds(1)
    once, more = min(seconds(1), seconds(1)), seconds(6)
    assert more < 6 * once * 2.5, (once, more)


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
