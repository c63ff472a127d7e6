"""`necessity intake`: the chart as it is understood, and a report that has each part of the source exactly once."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.fhir.mapping import map_bundle
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.report import NO_MAPPING, ReportedPart, ResourceUse, of_bundle
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError
from tests.chart.test_fhir import ANSWERS, CONDITION, OPTIONS, PATIENT
from tests.conftest import Attestation, chart, kind
from tests.explore import examples

REQUEST = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", None, "US-MO")


def bundle(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": item} for item in resources]}


def report(policy: Policy, *resources: Any) -> dict[str, ReportedPart]:
    reading = map_bundle(json.dumps(bundle(*resources)).encode(), "x", intake.vocabulary(policy), REQUEST)
    return {part.name: part for part in of_bundle(reading).parts}


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_the_fate_of_each_resource(policy: Policy) -> None:
    resolved = copy.deepcopy(CONDITION) | {"id": "past", "clinicalStatus": {"coding": [{"code": "resolved"}]}}
    mistaken = copy.deepcopy(CONDITION) | {"id": "no", "verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    altered = copy.deepcopy(CONDITION) | {"id": "altered", "modifierExtension": [{"url": "http://example.org/no"}]}
    parts = report(
        policy,
        PATIENT | {"maritalStatus": {"text": "married"}, "_gender": {"id": "g"}},
        CONDITION,
        resolved,
        altered,
        mistaken,
        copy.deepcopy(CONDITION),
        {"resourceType": "Slot", "id": "s"},
        {"resourceType": "Slot"},
    )
    used = parts["Condition/c"]
    # The same resource twice is one resource, told twice.
    assert used.state is ResourceUse.NOT_USED
    assert used.reasons == ("it is the same as entry[1]",)
    assert parts["Patient/p"].state is ResourceUse.USED
    assert ("member", parts["Patient/p"].derived[0][1]) == parts["Patient/p"].derived[0]
    assert parts["Patient/p"].unread == ("maritalStatus", "gender")
    assert parts["Condition/past"].state is ResourceUse.UNREAD
    assert "cannot be told" in parts["Condition/past"].reasons[0]
    assert parts["Condition/no"].state is ResourceUse.NOT_USED
    assert parts["Condition/no"].reasons == ("it was entered in error",)
    assert parts["Condition/altered"].state is ResourceUse.REFUSED
    assert "modifierExtension" in parts["Condition/altered"].reasons[0]
    assert parts["Slot/s"].reasons == parts["entry[7]"].reasons == (NO_MAPPING,)


def test_a_statement_leads_back_to_resource_and_path(policy: Policy) -> None:
    parts = report(policy, PATIENT, CONDITION, ANSWERS)
    (condition,) = (iri for kind, iri in parts["Condition/c"].derived if kind == "statement")
    assert condition.endswith(":Condition/c#code")
    (answer,) = (iri for kind, iri in parts["QuestionnaireResponse/q"].derived if kind == "statement")
    assert answer.endswith(":QuestionnaireResponse/q#item.0.answer.0")


KINDS = ("Condition", "Observation", "Claim", "Slot", "Encounter", "Coverage", "ServiceRequest", "Practitioner")
RESOURCES = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(KINDS)},
    optional={
        "id": st.sampled_from("abc"),
        "subject": st.sampled_from([{"reference": "Patient/p"}, {"reference": "Patient/q"}]),
        "modifierExtension": st.just([{"url": "x"}]),
        "status": st.sampled_from(["active", "final", "entered-in-error"]),
        "meta": st.sampled_from("123").map(lambda v: {"versionId": v, "lastUpdated": f"2025-01-0{v}T00:00:00Z"}),
    },
)


@examples(40)
@given(drawn=st.lists(RESOURCES, max_size=8))
def test_each_resource_is_in_the_report_once(policy: Policy, drawn: list[dict[str, Any]]) -> None:
    resources = [PATIENT, *drawn]
    try:
        reading = map_bundle(json.dumps(bundle(*resources)).encode(), "x", intake.vocabulary(policy), REQUEST)
    except DocumentationError:
        return  # two different resources have one id
    parts = of_bundle(reading).parts
    assert Counter(part.place for part in parts) == Counter(f"entry[{n}]" for n in range(len(resources)))
    assert [part.kind for part in parts] == [resource["resourceType"] for resource in resources]
    assert all(part.derived if part.state is ResourceUse.USED else part.reasons for part in parts)
    statements = {triple.subject.value for triple in reading.triples if triple.predicate.value.endswith("#assertion")}
    assert statements <= {iri for part in parts for _, iri in part.derived}


def test_the_chart_that_is_shown_is_the_chart_that_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "bundle.json", bundle(PATIENT, CONDITION, ANSWERS))
    turtle, quads = str(tmp_path / "chart.ttl"), str(tmp_path / "chart.nq")
    assert main(["intake", source, *OPTIONS, "--to", "turtle", "--out", turtle, "--report", "-"]) == 0
    assert main(["intake", source, *OPTIONS, "--to", "nquads", "--out", quads, "--report", "-"]) == 0
    assert "# Coverage of" in Path(quads).read_text()
    found = []
    for path, options in ((source, OPTIONS), (turtle, ()), (quads, ())):
        assert main(["determine", path, *options, "--format", "jsonl", "--as-of", "2026-01-01"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1] == found[2]


def test_a_request_that_lacks_facts_is_shown_with_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "bundle.json", bundle(PATIENT | {"birthDate": "1980"}, CONDITION))
    assert main(["intake", source, "--to", "json"]) == 2
    printed = capsys.readouterr()
    (found,) = json.loads(printed.out)
    missing = " ".join(found["errors"])
    for fact in ("date of birth", "phase", "focus", "service's start", "jurisdiction"):
        assert fact in missing
    (statement,) = found["chart"]["statements"]
    assert statement["nec:assertion"] == "nec:Affirmed"
    assert [part["state"] for part in found["coverage"]["parts"]] == ["used", "used"]
    assert main(["intake", source]) == 2
    assert "missing or wrong: " in capsys.readouterr().out


def test_a_report_of_several_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "a.json", bundle(PATIENT, CONDITION))
    write(tmp_path, "b.json", bundle(CONDITION))
    write(tmp_path, "c.ttl", chart([Attestation("adult-admission:3")]) + ":aside :says :nothing .")
    told = tmp_path / "report.json"
    assert main(["intake", str(tmp_path), *OPTIONS, "--report", str(told)]) == 3
    out = capsys.readouterr().out
    assert "Totals" in out
    assert "it is no request, statement" in out
    found = json.loads(told.read_text())
    assert [len(source["errors"]) for source in found["sources"]] == [0, 1, 0]
    (aside,) = (part for part in found["sources"][2]["parts"] if part["state"] == "not-used")
    assert aside["name"].endswith("#aside")
    kinds = [part["kind"] for part in found["sources"][2]["parts"] if part["state"] == "used"]
    assert sorted(kinds) == ["document", "member", "plan", "request", "statement"]
    assert found["totals"]["Condition"] == {"used": 1}
    assert main(["intake", str(tmp_path / "b.json"), "--report", str(tmp_path / "report.txt")]) == 2
    assert "rejected" in (tmp_path / "report.txt").read_text()


def test_unread_items_are_counted_by_kind_and_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/p"},
        "code": {"text": "Glucose"},
    }
    labs = [lab | {"id": f"l{number}", "valueInteger": number} for number in range(3)]
    items = """:word a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:words "nerves" ; nec:reason "no code" ."""
    write(tmp_path, "a.json", bundle(PATIENT, *labs))
    write(tmp_path, "b.ttl", chart([Attestation("adult-admission:3")]) + items)
    told = tmp_path / "report.json"
    assert main(["intake", str(tmp_path), *OPTIONS, "--report", str(told)]) == 0
    out = capsys.readouterr().out
    assert "  3 × observation: it has no code, only words\n  1 × condition: no code\n" in out
    assert json.loads(told.read_text())["unread"] == [
        {"kind": "observation", "reason": "it has no code, only words", "items": 3},
        {"kind": "condition", "reason": "no code", "items": 1},
    ]


def test_a_bulk_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = PATIENT | {"id": "q"}
    write(tmp_path, "Patient.ndjson", f"{json.dumps(PATIENT)}\n{json.dumps(other)}\n")
    write(tmp_path, "Condition.000.ndjson", f"{json.dumps(CONDITION)}\n")
    write(tmp_path, "Device.ndjson", json.dumps({"resourceType": "Device", "id": "d"}))
    assert main(["intake", str(tmp_path), *OPTIONS, "--to", "json"]) == 0
    first, second, orphans = json.loads(capsys.readouterr().out)
    assert [len(found["chart"]["statements"]) for found in (first, second)] == [1, 0]
    assert first["coverage"]["parts"][0]["place"].endswith("Condition.000.ndjson, line 1")
    assert "Device.ndjson, line 1" in orphans["coverage"]["parts"][0]["place"]
    assert "no patient" in orphans["coverage"]["parts"][0]["reasons"][0]


def test_lines_that_are_bundles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "\r\n".join(("", json.dumps(bundle(PATIENT, CONDITION)), "", json.dumps(bundle(PATIENT))))
    source = write(tmp_path, "bundles.ndjson", lines)
    assert main(["intake", source, *OPTIONS, "--to", "json"]) == 0
    assert [found["source"] for found in json.loads(capsys.readouterr().out)] == [
        f"{source}, line 2",
        f"{source}, line 4",
    ]
