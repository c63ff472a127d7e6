"""A FHIR R4 bundle as input: what it says becomes evidence, what it cannot say is not documented."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from reasoner.cli import main

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
