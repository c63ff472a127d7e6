"""A FHIR R4 bundle as input: what it says becomes evidence, what it cannot say is not documented."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.fhir import from_turtle, mapping, queries
from reasoner.chart.fhir.from_json import Bundle, parse_bundle
from reasoner.chart.fhir.request import RequestOptions
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError, PolicyError
from tests.conftest import kind

OPTIONS = [
    "--phase",
    "admission",
    "--focus",
    "mental-health",
    "--service-start",
    "2025-06-02",
    "--service-end",
    "2025-07-02",
    "--jurisdiction",
    "US-MO",
]
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
CONDITION = {
    "resourceType": "Condition",
    "id": "c",
    "subject": {"reference": "Patient/p"},
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "verificationStatus": {"coding": [{"code": "confirmed"}]},
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F33.2"}], "text": "Severe depression"},
    "recordedDate": "2025-06-01",
}
ANSWERS = {
    "resourceType": "QuestionnaireResponse",
    "id": "q",
    "status": "completed",
    "subject": {"reference": "Patient/p"},
    "authored": "2025-06-02",
    "item": [{"linkId": "adult-admission:3", "answer": [{"valueBoolean": True}]}],
}


@pytest.mark.parametrize(
    ("status", "expected"),
    [("confirmed", "met"), ("entered-in-error", "not-documented"), ("refuted", "not-documented")],
)
def test_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str, expected: str) -> None:
    condition = copy.deepcopy(CONDITION)
    condition["verificationStatus"] = {"coding": [{"code": status}]}
    path = tmp_path / "bundle.json"
    entries = [{"resource": resource} for resource in (PATIENT, condition, ANSWERS)]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    assert main(["determine", str(path), "--format", "jsonl", *OPTIONS]) == 0
    record = json.loads(capsys.readouterr().out)
    statuses = {c["id"]: c["status"] for c in record["criteria"]}
    assert statuses["adult-admission:1-severity"] == expected
    assert statuses["adult-admission:3"] == "met"
    assert record["outcome"] == "documentation-needed"


def test_a_bundle_that_is_no_request_needs_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}]}))
    assert main(["determine", str(path)]) == 2
    assert "--phase" in capsys.readouterr().err


REQUEST = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", None, "US-MO")
R4 = """
@prefix fhir: <http://hl7.org/fhir/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<http://example.org/Patient/p> a fhir:Patient ; fhir:nodeRole fhir:treeRoot ;
    fhir:Resource.id [ fhir:value "p" ] ; fhir:Patient.birthDate [ fhir:value "1980-01-01"^^xsd:date ] ;
    fhir:Patient.name [ fhir:index 1 ; fhir:HumanName.given [ fhir:value "B" ; fhir:index 0 ] ] ,
        [ fhir:index 0 ; fhir:HumanName.family [ fhir:Element.id [ fhir:value "e" ] ] ] .
<http://example.org/Condition/c> a fhir:Condition ; fhir:nodeRole fhir:treeRoot ; fhir:Resource.id [ fhir:value "c" ] ;
    fhir:Condition.subject [ fhir:link <http://example.org/Patient/p> ; fhir:Reference.reference [ fhir:value "Patient/p" ] ] ;
    fhir:Condition.code [ fhir:CodeableConcept.coding [ fhir:index 0 ; a <http://snomed.info/id/1> ;
        fhir:Coding.system [ fhir:value "http://hl7.org/fhir/sid/icd-10-cm" ] ; fhir:Coding.code [ fhir:value "F33.2" ] ;
        fhir:Coding.userSelected [ fhir:value true ] ] ] ;
    fhir:Condition.onsetDateTime [ fhir:value "2025-06-01"^^xsd:date ] ;
    fhir:DomainResource.extension [ fhir:index 0 ; fhir:Extension.url [ fhir:value "http://example.org/n" ] ;
        fhir:Extension.valueDecimal [ fhir:value 2.50 ] ] .
<http://example.org/Patient/p> a fhir:Patient .
<http://example.org/c.ttl> a owl:Ontology ; owl:imports fhir:fhir.ttl .
"""
R5 = """
@prefix fhir: <http://hl7.org/fhir/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<http://example.org/Patient/p> a fhir:Patient ; fhir:nodeRole fhir:treeRoot ;
    fhir:id [ fhir:v "p" ] ; fhir:birthDate [ fhir:v "1980-01-01"^^xsd:date ] ;
    fhir:name ( [ fhir:family [ fhir:id [ fhir:v "e" ] ] ] [ fhir:given ( [ fhir:v "B" ] ) ] ) .
<http://example.org/Condition/c> a fhir:Condition ; fhir:nodeRole fhir:treeRoot ; fhir:id [ fhir:v "c" ] ;
    fhir:subject [ fhir:link <http://example.org/Patient/p> ; fhir:reference [ fhir:v "Patient/p" ] ] ;
    fhir:code [ fhir:coding ( [ a <http://snomed.info/id/1> ; fhir:system [ fhir:v "http://hl7.org/fhir/sid/icd-10-cm"^^xsd:anyURI ] ;
        fhir:code [ fhir:v "F33.2" ] ; fhir:userSelected [ fhir:v true ] ] ) ] ;
    fhir:onset [ a fhir:dateTime ; fhir:v "2025-06-01"^^xsd:date ] ;
    fhir:extension ( [ fhir:url [ fhir:v "http://example.org/n"^^xsd:anyURI ] ; fhir:value [ a fhir:decimal ; fhir:v 2.50 ] ] ) .
"""
AS_JSON = """{"resourceType": "Bundle", "type": "collection", "entry": [
  {"fullUrl": "http://example.org/Condition/c", "resource": {"resourceType": "Condition", "id": "c",
    "subject": {"reference": "Patient/p"}, "onsetDateTime": "2025-06-01",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F33.2", "userSelected": true}]},
    "extension": [{"url": "http://example.org/n", "valueDecimal": 2.50}]}},
  {"fullUrl": "http://example.org/Patient/p", "resource": {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01",
    "name": [{"_family": {"id": "e"}}, {"given": ["B"]}]}}]}"""


def bundle(*resources: Any, **more: Any) -> bytes:
    entries = [item if "resource" in item or "request" in item else {"resource": item} for item in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries} | more).encode()


def understood(policy: Policy, data: bytes | dict[str, Any]) -> list[str]:
    reading = mapping.map_bundle(data, "x", intake.vocabulary(policy), REQUEST)
    assert not reading.missing
    return sorted(str(triple) for triple in reading.triples)


def affirmed(policy: Policy, *resources: Any) -> int:
    return sum("core#Affirmed" in triple for triple in understood(policy, bundle(*resources)))


def condition(**more: Any) -> dict[str, Any]:
    return copy.deepcopy(CONDITION) | more


@pytest.mark.parametrize("turtle", [R4, R5])
def test_rdf_of_fhir_says_what_its_json_says(policy: Policy, turtle: str) -> None:
    lifted = from_turtle.bundle(b"\xef\xbb\xbf" + turtle.encode(), "x")
    assert lifted is not None
    quads = [set(Bundle(content, "x").quads) for content in (lifted, parse_bundle(AS_JSON.encode(), "x"))]
    assert quads[0] == quads[1]
    assert understood(policy, lifted) == understood(policy, AS_JSON.encode())
    assert any("Affirmed" in triple for triple in understood(policy, lifted))


def test_a_bundle_in_rdf(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(
        R4
        + """<http://example.org/Bundle/b> a fhir:Bundle ; fhir:nodeRole fhir:treeRoot ; fhir:Bundle.type [ fhir:value "collection" ] ;
        fhir:Bundle.entry [ fhir:index 0 ; fhir:Bundle.entry.fullUrl [ fhir:value "http://example.org/Patient/p" ] ;
            fhir:Bundle.entry.resource <http://example.org/Patient/p> ] ."""
    )
    (found,), errors, _ = intake.read(str(path), policy, options=REQUEST)
    assert not errors
    assert len(found.statements) == 1


@pytest.mark.parametrize(
    ("turtle", "expected"),
    [
        (R4 + R5.replace("/p>", "/q>").replace("/c>", "/d>"), "mixes the shapes"),
        (R4.replace("fhir:nodeRole fhir:treeRoot ;", ""), "where a resource begins"),
        (R5.replace("fhir:v ", "fhir:is "), "neither in the shape"),
        (R4.replace("fhir:index 1 ;", ""), "in which order"),
        (R4 + "<http://example.org/x> fhir:Slot.status [ fhir:value 'free' ] .", "no resource leads to"),
        (
            R5 + "<http://example.org/Patient/p> fhir:photo [ fhir:of _:a ] , _:a . _:a fhir:url [ fhir:v 'x' ] .",
            "in which order",
        ),
        (R5 + "<http://example.org/Patient/p> fhir:photo _:a . _:a fhir:of _:a .", "twice"),
    ],
)
def test_rdf_of_fhir_that_cannot_be_placed(turtle: str, expected: str) -> None:
    with pytest.raises(DocumentationError, match=expected):
        from_turtle.bundle(turtle.encode(), "x")


def test_a_chart_stays_a_chart() -> None:
    from tests.conftest import Attestation, chart

    mixed = chart([Attestation("adult-admission:3")]) + ":note a <http://hl7.org/fhir/DocumentReference> ."
    assert from_turtle.bundle(mixed.encode(), "x") is None
    assert from_turtle.bundle(b"<http://hl7.org/fhir/Patient> <", "x") is None


def test_neither_order_nor_form_of_the_file_matters(policy: Policy) -> None:
    found = understood(policy, bundle(PATIENT, CONDITION, ANSWERS))
    assert found == understood(policy, bundle(ANSWERS, PATIENT, CONDITION))
    pretty = json.dumps(json.loads(bundle(CONDITION, PATIENT, ANSWERS)), indent=2).replace("\n", "\r\n")
    assert found == understood(policy, b"\xef\xbb\xbf" + pretty.encode())


def version(number: int, day: str = "", **more: Any) -> dict[str, Any]:
    return condition(meta={"versionId": str(number), "lastUpdated": f"2025-06-{day or number:>02}T00:00:00Z"}, **more)


def test_of_several_versions_the_latest_counts(policy: Policy) -> None:
    resolved = {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    assert affirmed(policy, PATIENT, version(1), version(2, **resolved)) == 0
    assert affirmed(policy, PATIENT, version(2, **resolved), version(1)) == 0
    assert affirmed(policy, PATIENT, version(1, **resolved), version(3), version(2, **resolved)) == 1
    assert affirmed(policy, PATIENT, CONDITION, CONDITION) == 1


@pytest.mark.parametrize(
    "other",
    [
        condition(recordedDate="2025-05-01"),
        version(2, day="01"),
        version(1, day="02"),
        condition(meta={"versionId": "2", "lastUpdated": "2025-06-02"}),
        {"fullUrl": "http://example.org/other", "resource": version(2)},
    ],
)
def test_two_that_are_not_said_to_be_versions_are_refused(policy: Policy, other: Any) -> None:
    with pytest.raises(DocumentationError, match=r"Condition/c: two different resources"):
        understood(policy, bundle(PATIENT, version(1), other))


@pytest.mark.parametrize("nothing", [None, [], {}, [None], "", 0, False, [[]], {"coding": []}])
@pytest.mark.parametrize("element", ["verificationStatus", "clinicalStatus", "_verificationStatus"])
def test_an_element_that_says_nothing_is_not_taken_for_absent(policy: Policy, element: str, nothing: Any) -> None:
    given = {name: value for name, value in CONDITION.items() if not element.endswith(name)}
    assert affirmed(policy, PATIENT, given) == 1
    assert affirmed(policy, PATIENT, given | {element: nothing}) == 0


def test_a_birth_date_that_is_absent_for_a_reason(policy: Policy) -> None:
    reason = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    patient = {"resourceType": "Patient", "id": "p", "_birthDate": {"extension": [reason]}}
    (error,) = mapping.map_bundle(bundle(patient), "x", intake.vocabulary(policy), REQUEST).missing
    assert "date of birth" in str(error)


def test_what_the_bundle_says_of_itself(policy: Policy) -> None:
    data = bundle(PATIENT, {"request": {"method": "GET", "url": "x"}}, link=[{"relation": "next", "url": "x"}])
    notes = mapping.map_bundle(data, "x", intake.vocabulary(policy), REQUEST).notes
    assert any("one page of several" in note for note in notes)
    assert "entry[1]: it holds no resource" in notes
    with pytest.raises(DocumentationError, match="deletion"):
        understood(policy, bundle(PATIENT, CONDITION, {"request": {"method": "DELETE", "url": "Condition/c"}}))


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (condition(**{"not an element": 1}), "Condition/c: 'not an element' is not an element"),
        (condition(code={"coding": [{"in valid": 1}]}), "Condition/c, code.coding.0: 'in valid'"),
        (condition(code=[["F33.2"]]), "Condition/c, code.0: a value is an array in an array"),
        ({"resourceType": "Observation", "id": "o", "category": [{}, ["x"]]}, "Observation/o, category.1: a value"),
        ({"resourceType": "Device", "id": "d", "note": [{"text": ["\ud800"]}]}, "Device/d, note.0.text.0: a value"),
        (condition(note="\ud800"), "Condition/c, note: "),
        (
            condition(code={"coding": [CONDITION["code"]["coding"][0] | {"code": "\ud800"}]}),
            "Condition/c, code.coding.0.code: a value",
        ),
        (condition(id="\ud800"), r"entry\[1\]: its id is not Unicode"),
        (condition(contained=[{"resourceType": 5}]), "Condition/c, contained.0: a resourceType is not the name"),
        ({"resourceType": 5}, r"entry\[1\]: a resource has no resourceType"),
        ({"fullUrl": "http://x/\ud800", "resource": CONDITION}, r"entry\[1\]: its fullUrl is not Unicode"),
    ],
)
def test_a_malformed_resource_refuses_the_bundle_with_its_place(policy: Policy, resource: Any, expected: str) -> None:
    with pytest.raises(DocumentationError, match=expected):
        understood(policy, bundle(PATIENT, resource))


def test_a_query_that_begins_with_what_an_earlier_one_makes_is_run_if_that_was_made() -> None:
    def run(*said: str) -> set[str]:
        return {query.name for query in queries.wanted(queries.EVIDENCE, {"CarePlan"}, said)}

    assert run("asks") - run("measure") == {"evidence/program.rq"}
    assert "evidence/careplan.rq" in run()


def test_one_bundle_leaves_nothing_for_the_next(policy: Policy) -> None:
    alone = understood(policy, bundle(PATIENT, ANSWERS))
    understood(policy, bundle(PATIENT, CONDITION))
    with pytest.raises(DocumentationError):
        understood(policy, bundle(CONDITION))
    assert understood(policy, bundle(PATIENT, ANSWERS)) == alone
    with intake.vocabulary(policy).beside(()) as store:
        assert len(store.store) == len(set(intake.vocabulary(policy)._quads))


def test_a_mapping_that_is_no_query_is_an_error_of_the_policy(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = queries.MappingQuery("request/wrong.rq", "CONSTRUCT {", frozenset(), frozenset())
    monkeypatch.setattr(queries, "of_stage", lambda stage: (wrong,) if stage == queries.REQUEST else ())
    with pytest.raises(PolicyError, match=r"wrong\.rq"):
        understood(policy, bundle(PATIENT))


def test_a_response_by_itself_is_about_the_patient_that_it_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "response.json"
    path.write_text(json.dumps(ANSWERS))
    command = ["determine", str(path), "--format", "jsonl", *OPTIONS]
    assert main(command) == 2
    assert "--birth-date" in capsys.readouterr().err
    assert main([*command, "--birth-date", "1980-01-01"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {c["id"]: c["status"] for c in record["criteria"]}["adult-admission:3"] == "met"
    assert record["request"].endswith("Patient/p#admission-2025-06-02")


@pytest.mark.parametrize(
    ("more", "expected"), [({}, "met"), ({"subject": {"reference": "Patient/q"}}, "not-documented")]
)
def test_a_date_of_birth_is_given_to_one_patient_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: dict[str, Any], expected: str
) -> None:
    nameless = {key: value for key, value in PATIENT.items() if key != "birthDate"}
    entries = [{"resource": resource} for resource in (nameless, ANSWERS | more)]
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    assert main(["determine", str(path), "--format", "jsonl", *OPTIONS, "--birth-date", "1980-01-01"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {c["id"]: c["status"] for c in record["criteria"]}["adult-admission:3"] == expected


def test_two_patients_without_a_record_are_not_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = ANSWERS | {"id": "r", "subject": {"reference": "Patient/q"}}
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": [{"resource": r} for r in (ANSWERS, other)]}))
    assert main(["determine", str(path), *OPTIONS, "--birth-date", "1980-01-01"]) == 2
    assert "no usable Patient" in capsys.readouterr().err
