"""Conditions of FHIR as they were at the time of service, and those that could not be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import NamedNode

from reasoner.chart import intake
from reasoner.chart.fhir.mapping import map_bundle
from reasoner.cli import main
from reasoner.policy.model import Policy
from tests.chart.bundles import (
    ARGUMENTS,
    BY,
    CONDITION,
    ICD10CM,
    INPUTS,
    NEC,
    OPTIONS,
    SNOMED,
    WHOSE,
    MappedResources,
    Resource,
    bundle,
    coded,
    determined,
    with_,
)

OVER = "so whether it was so during the service cannot be told"
BEFORE = "it had ended before the service under review"


def status(code: str) -> Resource:
    return {"coding": [{"code": code}]}


def said(found: MappedResources) -> list[str]:
    """Each statement in short: what it says, when that was so, and when it was written."""
    lines = []
    for statement in found.statements:
        (assertion,) = found.values(statement, "assertion")
        remission = "".join(found.values(statement, "remission"))
        observed = found.values(statement, "observed") or found.values(statement, "recorded")
        (recorded,) = found.values(statement, "recorded")
        lines.append(f"{remission or assertion} {observed[0]}, written {recorded}")
    return sorted(lines)


def unread(found: MappedResources) -> list[tuple[str, ...]]:
    """Each unread item: its kind, reason, words and the day on which it was so."""
    items = sorted({t.subject for t in found.triples if t.object == NamedNode(f"{NEC}Unread")}, key=str)
    return [
        tuple("".join(found.values(item, name)) for name in ("kind", "reason", "words", "observed")) for item in items
    ]


# ---------------------------------------------------------------- the time of service: it starts on 2025-06-02


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # It goes on.
        ({"recordedDate": "2025-05-20"}, ["Affirmed 2025-05-20, written 2025-05-20"]),
        ({"recordedDate": "2025-05-20", "onsetDateTime": "2019-01-01"}, ["Affirmed 2025-05-20, written 2025-05-20"]),
        ({"recordedDate": "2025-12-01"}, ["Affirmed 2025-12-01, written 2025-12-01"]),
        ({"recordedDate": "2025-12-01", "onsetDateTime": "2019-01-01"}, ["Affirmed 2025-06-02, written 2025-12-01"]),
        ({"recordedDate": "2025-12-01", "onsetDateTime": "2025-06-20"}, ["Affirmed 2025-06-20, written 2025-12-01"]),
        ({"recordedDate": "2025-12-01", "onsetDateTime": "2019"}, ["Affirmed 2025-06-02, written 2025-12-01"]),
        ({"recordedDate": "2025-12-01", "onsetDateTime": "2025"}, ["Affirmed 2025-12-01, written 2025-12-01"]),
        ({"recordedDate": "2025-12-01", "onsetString": "as a child"}, ["Affirmed 2025-12-01, written 2025-12-01"]),
        ({"recordedDate": None, "onsetDateTime": "2025-05-01"}, ["Affirmed 2025-05-01, written 2025-05-01"]),
        # Each day at its own offset; one instant, written twice.
        (
            {"recordedDate": "2025-06-10T02:30:00Z", "onsetDateTime": "2025-06-09T21:30:00-05:00"},
            ["Affirmed 2025-06-09, written 2025-06-10"],
        ),
        (
            {"recordedDate": "2025-06-01T21:30:00-05:00", "onsetDateTime": "2025-06-02T02:30:00Z"},
            ["Affirmed 2025-06-01, written 2025-06-01"],
        ),
        # It ended after the service had begun.
        *(
            (
                {"clinicalStatus": status(code), "abatementDateTime": "2025-12-01", "recordedDate": "2025-05-20"},
                ["Affirmed 2025-05-20, written 2025-05-20", f"{end} 2025-12-01, written 2025-12-01"],
            )
            for code, end in (("resolved", "true"), ("inactive", "true"), ("remission", "InRemission"))
        ),
        (
            {"clinicalStatus": None, "abatementDateTime": "2025-12-01"},
            ["Affirmed 2025-06-01, written 2025-06-01", "true 2025-12-01, written 2025-12-01"],
        ),
        (
            {"clinicalStatus": status("resolved"), "abatementPeriod": {"start": "2025-11-01", "end": "2025-12-01"}},
            ["Affirmed 2025-06-01, written 2025-06-01", "true 2025-12-01, written 2025-12-01"],
        ),
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2026"},
            ["Affirmed 2025-06-01, written 2025-06-01"],
        ),
        (
            {"clinicalStatus": status("active"), "abatementDateTime": "2025-12-01"},
            ["Affirmed 2025-06-01, written 2025-06-01"],
        ),
        (
            {
                "clinicalStatus": status("resolved"),
                "onsetDateTime": "2025-01-01",
                "abatementDateTime": "2025-07-01",
                "recordedDate": "2025-09-01",
            },
            ["Affirmed 2025-06-02, written 2025-09-01", "true 2025-07-01, written 2025-09-01"],
        ),
        # It had ended by then: a disorder is in remission from that day on.
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2025-03-01", "recordedDate": "2024-01-01"},
            ["true 2025-03-01, written 2025-03-01"],
        ),
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2025-06-02"},
            ["true 2025-06-02, written 2025-06-02"],
        ),
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2025-03-01", "recordedDate": "2025-12-01"},
            ["true 2025-03-01, written 2025-12-01"],
        ),
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2025-03-01", "recordedDate": None},
            ["true 2025-03-01, written 2025-03-01"],
        ),
        # What never was does not end.
        (
            {"verificationStatus": status("refuted"), "clinicalStatus": None, "abatementDateTime": "2025-03-01"},
            ["Denied 2025-06-01, written 2025-06-01"],
        ),
    ],
)
def test_a_condition_is_as_it_was_at_the_time_of_service(changes: Resource, expected: list[str]) -> None:
    found = MappedResources(with_(CONDITION, **changes))
    assert said(found) == expected
    assert not unread(found)


@pytest.mark.parametrize(
    ("changes", "kind", "reason", "observed"),
    [
        (
            {"clinicalStatus": status("resolved")},
            "Condition",
            f"it is over, but when it ended is not stated, {OVER}",
            "2025-06-01",
        ),
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2025"},
            "Condition",
            f"it is over, but its end is no full date, {OVER}",
            "2025-06-01",
        ),
        (
            {"clinicalStatus": None, "abatementString": "last year"},
            "Condition",
            f"it is over, but its end is no full date, {OVER}",
            "2025-06-01",
        ),
        (
            {"clinicalStatus": None, "abatementAge": {"value": 40, "unit": "a"}},
            "Condition",
            f"it is over, but when it ended is not stated, {OVER}",
            "2025-06-01",
        ),
        (
            {"clinicalStatus": None, "abatementDateTime": "2025-12-01", "recordedDate": "2025-12-24"},
            "Condition",
            f"it was recorded when it was over, and when it began is not stated, {OVER}",
            "",
        ),
        ({"clinicalStatus": None, "abatementDateTime": "2024"}, "History", BEFORE, ""),
        (
            {"clinicalStatus": status("resolved"), "abatementDateTime": "2025-03-01", "code": coded(ICD10CM, "Z59.02")},
            "History",
            BEFORE,
            "2025-03-01",
        ),
        (
            {"clinicalStatus": status("active"), "abatementDateTime": "2025-03-01"},
            "Condition",
            "its clinical status says that it is current, and its abatement that it is over",
            "",
        ),
        (
            {"clinicalStatus": {"coding": [*status("active")["coding"], *status("resolved")["coding"]]}},
            "Condition",
            "its clinical status says that it is current, and also that it is over",
            "2025-06-01",
        ),
        (
            {"onsetDateTime": "2025-05-20", "recordedDate": "2025-05"},
            "Condition",
            "it has no full date on which it was recorded",
            "",
        ),
        (
            {"onsetDateTime": "2025-05-20", "recordedDate": "05/28/2025"},
            "Condition",
            "it has no full date on which it was recorded",
            "",
        ),
        (
            {"onsetDateTime": "2025-06-20", "recordedDate": "2025-05"},
            "Condition",
            "its onset is after the day on which it was recorded",
            "",
        ),
        (
            {"clinicalStatus": status("unknown")},
            "Condition",
            f"its clinical status is not one that is known, {OVER}",
            "2025-06-01",
        ),
        (
            {"onsetDateTime": "2025-06-02"},
            "Condition",
            "its onset is after the day on which it was recorded",
            "2025-06-01",
        ),
        (
            {"onsetDateTime": "2025-06-01T03:00:00Z", "recordedDate": "2025-06-01T04:00:00+02:00"},
            "Condition",
            "its onset is after the day on which it was recorded",
            "2025-06-01",
        ),
        (
            {"onsetDateTime": "2025-02-01", "abatementDateTime": "2025-01", "clinicalStatus": None},
            "History",
            "its onset is after its end",
            "",
        ),
    ],
)
def test_a_condition_of_which_that_cannot_be_told(changes: Resource, kind: str, reason: str, observed: str) -> None:
    found = MappedResources(with_(CONDITION, **changes))
    assert not found.statements
    ((its_kind, its_reason, _, day),) = unread(found)
    assert (its_kind, its_reason, day) == (kind, reason, observed)


MILD = with_(
    CONDITION, id="mild", code=coded(ICD10CM, "F41.1"), severity=coded(SNOMED, "255604002"), recordedDate="2025-05-28"
)
SOLE = {"adult-admission:1-diagnosis": "met", "adult-admission:1-severity": "not-met"}


@pytest.mark.parametrize(
    ("changes", "concludes"),
    [
        ({"clinicalStatus": status("resolved"), "abatementDateTime": "2025-03-01"}, True),
        ({"clinicalStatus": status("resolved"), "abatementDateTime": "2024"}, True),
        ({"clinicalStatus": status("resolved"), "abatementDateTime": "2025-12-01"}, False),
        ({"clinicalStatus": status("resolved")}, False),
        ({"recordedDate": "2025-12-01", "onsetDateTime": "2019-01-01"}, False),
        ({"recordedDate": "2025-12-01", "onsetDateTime": "2025-11-01"}, True),
        ({"verificationStatus": status("provisional")}, False),
        ({"verificationStatus": status("entered-in-error")}, True),
        ({"subject": {"reference": "Practitioner/d"}}, True),
    ],
)
@pytest.mark.parametrize("code", [coded("http://example.org/codes", "MDD-SEV"), {"text": "major depression, severe"}])
def test_a_mild_disorder_is_the_only_one_only_if_no_other_can_have_been_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: Resource, concludes: bool, code: Resource
) -> None:
    found = determined(tmp_path, capsys, MILD, with_(CONDITION, **({"code": code} | changes)))
    assert found == (SOLE if concludes else SOLE | {"adult-admission:1-severity": "not-documented"})


def test_a_remission_before_the_service_is_no_disorder_and_one_after_it_says_nothing_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = with_(CONDITION, clinicalStatus=status("resolved"), recordedDate="2025-01-10")
    met = {"adult-admission:1-diagnosis": "met", "adult-admission:1-severity": "met"}
    assert determined(tmp_path, capsys, with_(ended, abatementDateTime="2025-12-01")) == met
    assert not met.items() & determined(tmp_path, capsys, with_(ended, abatementDateTime="2025-05-01")).items()
    arguments = [argument.replace("2025-06-02", "2025-04-15") for argument in ARGUMENTS]
    assert main(["determine", str(tmp_path / "bundle.json"), "--format", "jsonl", *arguments]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {c["id"]: c["status"] for c in record["criteria"] if c["evidence"]} == met
    assert not [note for note in record["notes"] if "remission" in note]


# ---------------------------------------------------------------- what could not be read


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ({"text": "Nervous breakdown"}, "it has no code, only words", "Nervous breakdown"),
        (None, "it has neither code nor words", "Condition without words"),
        ({"coding": [{"display": "Depression"}]}, "its coding has no code", "Depression"),
        (
            {"coding": [{"code": "F33.2", "display": "Depression"}]},
            "its code names no code system",
            "Depression, F33.2",
        ),
        (
            {"coding": [{"system": "LOCAL", "code": "D1"}], "text": "Depression"},
            "its code is of a code system that is not known here",
            "Depression, D1 (LOCAL)",
        ),
        (
            coded("http://example.org/codes", "D1"),
            "its code is of a code system that is not known here",
            "D1 (http://example.org/codes)",
        ),
        (
            coded("http://hl7.org/fhir/sid/icd-10", "F33.1") | {"text": "Depression"},
            "its code is of ICD-10 of the WHO, another code system, whose codes are not read here",
            "Depression",
        ),
        (
            coded(SNOMED, "36474008:246112005=24484000") | {"text": "Depression"},
            "it is an expression made of codes of SNOMED CT (post-coordinated), which is not read",
            "Depression",
        ),
        (
            coded(SNOMED, "123456789") | {"text": "Depression"},
            "its code is none of those of SNOMED CT that are known here",
            "Depression",
        ),
    ],
)
def test_a_code_that_cannot_be_read(code: Resource | None, reason: str, words: str) -> None:
    found = MappedResources(with_(CONDITION, code=code))
    assert not found.statements
    assert [item[:3] for item in unread(found)] == [("Condition", reason, words)]


def test_of_several_codes_the_known_one_is_enough() -> None:
    both = coded("http://example.org/codes", "D1")["coding"] + coded(ICD10CM, "F33.2")["coding"]
    found = MappedResources(with_(CONDITION, code={"coding": both}))
    assert [found.values(statement, "code") for statement in found.statements] == [[f"{ICD10CM}/F33.2"]]
    assert not unread(found)


# ---------------------------------------------------------------- whose word it is


def test_the_recorder_wrote_it_and_the_asserter_said_it() -> None:
    told = with_(CONDITION, asserter=WHOSE)
    found = MappedResources(told)
    assert [found.values(statement, "authorKind") for statement in found.statements] == [["Patient"]]
    assert found.document(told)["creator"] == "Ruth Ames"
    assert found.document(told)["authorKind"] == f"{NEC}Provider"
    unknown = with_(CONDITION, asserter={"display": "somebody"})
    assert "authorKind" not in MappedResources(unknown).document(unknown)
    alone = with_(CONDITION, asserter=WHOSE, recorder=None)
    assert MappedResources(alone).document(alone)["authorKind"] == f"{NEC}Patient"
    written = with_(CONDITION, asserter=BY, recorder=None)
    assert MappedResources(written).document(written)["authorKind"] == f"{NEC}Provider"


@pytest.mark.parametrize(
    ("recorder", "sort"),
    [
        ({"reference": "Practitioner/elsewhere"}, "Provider"),
        ({"reference": "https://example.org/fhir/Practitioner/9/_history/2"}, "Provider"),
        ({"reference": "Practitioner?identifier=http://example.org/npi|99"}, "Provider"),
        ({"reference": "urn:uuid:00000000-0000-0000-0000-00000000000a", "type": "Practitioner"}, "Provider"),
        ({"identifier": {"system": "http://example.org/npi", "value": "99"}, "type": "PractitionerRole"}, "Provider"),
        ({"display": "A. Example", "type": "Practitioner"}, "Provider"),
        ({"reference": "Organization/elsewhere"}, "Provider"),
        ({"reference": "RelatedPerson/elsewhere"}, "NonProvider"),
        ({"reference": "Patient/elsewhere"}, "NonProvider"),
        ({"display": "A. Example"}, ""),
        ({"reference": "Device/elsewhere"}, ""),
        ({"reference": "#nobody"}, ""),
        ({"reference": "Practitioner/elsewhere", "type": "RelatedPerson"}, ""),
    ],
)
def test_an_author_who_is_not_in_the_bundle_is_of_the_type_that_the_reference_tells(
    recorder: Resource, sort: str
) -> None:
    changed = with_(CONDITION, recorder=recorder)
    document = MappedResources(changed).document(changed)
    assert document.get("authorKind", "").removeprefix(NEC) == sort
    assert document.get("creator") == recorder.get("display")


def test_the_patient_is_the_author_where_no_patient_is_in_the_bundle(policy: Policy) -> None:
    own = with_(CONDITION, recorder=WHOSE)
    options = replace(OPTIONS, birth_date="1980-01-01")
    mapped = map_bundle(
        {"resourceType": "Bundle", "entry": [{"resource": own}]}, "x", intake.vocabulary(policy), options
    )
    kinds = {t.object for t in mapped.triples if t.predicate == NamedNode(f"{NEC}authorKind")}
    assert kinds == {NamedNode(f"{NEC}Patient")}


# ---------------------------------------------------------------- the SNOMED CT codes of real records

NOT_CURRENT = {  # no disorder: findings and circumstances, a history, a risk, a remission
    "361055000",
    "32911000",
    "80583007",
    "10939881000119105",
    "12969000",
    "225444004",
    "225624000",
    "371422002",
}


def _seen() -> list[Any]:
    if not INPUTS.is_dir():
        return []
    rows = [line.split("\t") for line in (INPUTS / "snomed-seen.tsv").read_text("utf-8").splitlines()[1:]]
    return [row[:2] for row in rows if row[0] != "total"]


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the shared inputs are not here")
@pytest.mark.parametrize(("code", "display"), _seen())
def test_a_code_that_records_have_is_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, display: str
) -> None:
    condition = with_(CONDITION, code={"coding": [{"system": SNOMED, "code": code, "display": display}]})
    found = MappedResources(condition)
    (tmp_path / "bundle.json").write_bytes(bundle(condition))
    for focus in ("mental-health", "substance-use"):
        arguments = [focus if argument == "mental-health" else argument for argument in ARGUMENTS]
        assert main(["determine", str(tmp_path / "bundle.json"), "--format", "jsonl", *arguments]) == 0
        record = json.loads(capsys.readouterr().out)
        statuses = {c["id"]: c["status"] for c in record["criteria"]}
        current = {focus: statuses["adult-admission:1-diagnosis"] in ("met", "conflicting")}
        if code in NOT_CURRENT or display.startswith("("):
            assert current == {focus: False}
        if current[focus]:
            break
    else:
        assert code in NOT_CURRENT or display.startswith("(")
    if display.startswith("("):
        assert found.statements or unread(found)
    else:
        assert len(found.statements) == 1
        assert not unread(found)
