"""The mappings of FHIR resources: what each of them gives."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from reasoner.chart.fhir.request import RequestOptions
from reasoner.ground.errors import DocumentationError
from reasoner.policy.loading import load_policy
from tests.chart.bundles import (
    ACTCODE,
    CLAIM,
    CONDITION,
    CONSENT,
    COVERAGE,
    ENCOUNTER,
    HCPCS,
    HOUSING,
    ICD10CM,
    IOP,
    LETTER,
    LOINC,
    NEC,
    ORDER,
    PHQ9,
    PLAN,
    PRESCRIPTION,
    PROCEDURE,
    RXNORM,
    SNOMED,
    SUMMARY,
    TAKING,
    MappedResources,
    Resource,
    cases,
    coded,
    determined,
    verhoeff,
    with_,
)
from tests.conftest import kind

# ---------------------------------------------------------------- each resource that counts


def test_a_score_is_evidence_with_its_value_and_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = MappedResources(PHQ9)
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
    found = MappedResources(with_(PHQ9, **({"valueQuantity": None} | value)))
    (statement,) = found.statements
    assert found.values(statement, "value") == [kept]


def test_a_survey_counts_without_being_listed_and_so_do_components() -> None:
    survey = [coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey")]
    parts = [
        {"code": coded(LOINC, "1234-5"), "valueInteger": 3},
        {"code": coded(LOINC, "1234-5"), "dataAbsentReason": coded("x", "unknown")},
    ]
    found = MappedResources(
        with_(PHQ9, valueQuantity=None, category=survey, code=coded(LOINC, "99999-9"), component=parts)
    )
    assert [found.values(statement, "value") for statement in found.statements] == [["3"]]
    assert "Observation/o, component.1: its value is stated to be absent" in found.notes


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
    found = MappedResources(with_(HOUSING, **changes))
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
    ("code", "focus", "severity"),
    [
        ("36474008", "mental-health", "met"),
        ("40379007", "mental-health", "not-met"),
        ("66344007", "mental-health", None),
        ("75544000", "substance-use", None),
        ("713862009", "substance-use", "met"),
    ],
)
def test_snomed_gives_the_diagnosis_and_no_severity_that_it_does_not_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, focus: str, severity: str | None
) -> None:
    found = determined(tmp_path, capsys, with_(CONDITION, code=coded(SNOMED, code)), focus=focus)
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
    found = MappedResources(CONDITION)
    (statement,) = found.statements
    assert found.values(statement, "http://www.w3.org/ns/prov#wasDerivedFrom") == ["code.coding.0"]
    assert found.document(CONDITION)["creator"] == "Ruth Ames"


@pytest.mark.parametrize("system", [RXNORM, ACTCODE, HCPCS, LOINC, f"{NEC}Roles"])
@pytest.mark.parametrize("code", ["6813", "IMP", "S9480", "44261-6", "program-days"])
def test_a_condition_is_of_a_code_system_for_conditions(system: str, code: str) -> None:
    assert not MappedResources(with_(CONDITION, code=coded(system, code))).statements


@pytest.mark.parametrize("code", ["F33.2", "Z59.02"])
def test_no_other_resource_makes_a_diagnosis_of_a_code(code: str) -> None:
    for resource in (PRESCRIPTION, PROCEDURE, ENCOUNTER, ORDER, PHQ9):
        name = "medicationCodeableConcept" if resource is PRESCRIPTION else "class" if resource is ENCOUNTER else "code"
        changed = with_(resource, **{name: coded(ICD10CM, code)}, valueQuantity=None)
        assert not MappedResources(changed).statements, resource["resourceType"]


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
    found = MappedResources(encounter)
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
    found = MappedResources(visit)
    (statement,) = found.statements
    assert (found.values(statement, "value"), found.values(statement, "unit")) == (["3"], ["h"])
    assert len(MappedResources(PROCEDURE).statements) == 1
    assert determined(tmp_path, capsys, visit, PROCEDURE) == {}


@pytest.mark.parametrize("resource", [PRESCRIPTION, TAKING], ids=lambda r: r["resourceType"])
def test_a_medication_is_background_and_no_talk_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resource: Resource
) -> None:
    found = MappedResources(resource)
    (statement,) = found.statements
    assert found.values(statement, f"{IOP}medication") == found.values(statement, "code")
    (case,) = cases(tmp_path, resource)
    assert [said.classes for said in case.statements] == [frozenset({f"{IOP}MedicationTreatmentReceived"})]
    assert determined(tmp_path, capsys, resource, focus="substance-use") == {}


def test_a_medication_by_reference_is_known_by_its_ingredient() -> None:
    product = {"resourceType": "Medication", "id": "1", "ingredient": [{"itemCodeableConcept": coded(RXNORM, "1819")}]}
    there = with_(PRESCRIPTION, medicationCodeableConcept=None, medicationReference={"reference": "Medication/1"})
    inside = with_(there, contained=[product], medicationReference={"reference": "#1"})
    for found in (MappedResources(there, product), MappedResources(inside)):
        (statement,) = found.statements
        assert found.values(statement, f"{IOP}medication") == ["Buprenorphine"]
    assert not MappedResources(there, product | {"status": "entered-in-error"}).statements


@pytest.mark.parametrize(("type_", "assertion"), [(None, "Affirmed"), ("permit", "Affirmed"), ("deny", "Denied")])
def test_a_consent_is_no_willingness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], type_: str | None, assertion: str
) -> None:
    consent = with_(CONSENT, provision={"type": type_} if type_ else None)
    found = MappedResources(consent)
    (statement,) = found.statements
    assert found.values(statement, "assertion") == [assertion]
    assert determined(tmp_path, capsys, consent) == {}


@pytest.mark.parametrize("resource", [ORDER, PLAN], ids=lambda r: r["resourceType"])
def test_a_schedule_states_days_and_hours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resource: Resource
) -> None:
    found = MappedResources(resource)
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
    found = MappedResources(with_(ORDER, occurrenceTiming={"repeat": repeat}))
    assert not found.statements
    assert any("does not say on how many days" in note for note in found.notes)


def test_documents_have_title_author_and_date_and_say_what_is_not_read() -> None:
    found = MappedResources(LETTER, SUMMARY, PLAN, CONDITION)
    assert found.document(LETTER) | {"references": ""} == {
        "type": f"{NEC}Document",
        "title": "Letter of referral",
        "creator": "Ruth Ames",
        "authorKind": f"{NEC}Provider",
        "issued": "2025-05-27",
        "references": "",
    }
    assert found.document(SUMMARY)["title"] == "Discharge summary"
    assert found.document(CONDITION)["isPartOf"].endswith("Composition/m")
    assert found.document(PLAN)["title"] == "Care plan: Treatment plan"
    assert any(note.startswith("Composition/m, section.0.section.0.text: it is listed") for note in found.notes)
    assert any(note.startswith("DocumentReference/f, content.0: it is listed as a document") for note in found.notes)


def test_a_plan_takes_its_funding_and_says_what_it_does_not_know() -> None:
    found = MappedResources(COVERAGE)
    assert [t.object.value for t in found.triples if t.predicate == NamedNode(f"{NEC}funding")] == [f"{NEC}SelfFunded"]  # type: ignore[union-attr]
    odd = MappedResources(with_(COVERAGE, extension=[{"url": f"{NEC}funding", "valueCode": "both"}]))
    assert "Coverage/v: its funding is neither fully-insured nor self-funded and is left out" in odd.notes
    several = MappedResources(COVERAGE, with_(COVERAGE, id="v2"))
    (note,) = (note for note in several.notes if "which of several the review is under" in note)
    assert note.startswith("Coverage, 2 such as Coverage/v: ")


def test_the_request_and_why_another_is_not_it() -> None:
    given = RequestOptions(kind(phase="admission", focus="mental-health"), None, None, "US-MO")
    found = MappedResources(CLAIM, with_(ORDER, occurrenceTiming=None), options=given)
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
            MappedResources(*claims, options=given)
        (note,) = (note for note in MappedResources(*claims).notes if note.startswith("Claim"))
        assert note.startswith("Claim, 2 such as Claim/w, item.0: " if len(claims) == 2 else "Claim/w")
