"""Diagnoses that stand in claims, encounters, reports, impressions and flags of FHIR."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chart.bundles import (
    BY,
    CLAIM,
    CONDITION,
    ENCOUNTER,
    ICD10CM,
    NEC,
    PHQ9,
    SNOMED,
    WHOSE,
    MappedResources,
    Resource,
    cases,
    coded,
    determined,
    with_,
)
from tests.chart.test_fhir_conditions import said, unread

DEPRESSION = coded(ICD10CM, "F33.2") | {"text": "Depression, severe"}
STRANGE = coded("http://example.org/codes", "D1") | {"text": "Melancholy"}
OTHER_CLAIM = with_(CLAIM, item=None, created="2025-05-28", provider=BY, billablePeriod=None)
CLAIMED = with_(OTHER_CLAIM, diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": DEPRESSION}])
SEEN = with_(ENCOUNTER, class_={"code": "AMB"}, reasonCode=[DEPRESSION])
IMPRESSION: Resource = {
    "resourceType": "ClinicalImpression",
    "id": "i",
    "status": "completed",
    "subject": WHOSE,
    "effectiveDateTime": "2025-05-20",
    "date": "2025-05-21",
    "assessor": BY,
    "finding": [{"itemCodeableConcept": DEPRESSION}],
}
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "q",
    "status": "final",
    "subject": WHOSE,
    "code": {"text": "Psychological testing"},
    "effectiveDateTime": "2025-05-20",
    "issued": "2025-05-22T09:00:00Z",
    "performer": [BY],
    "conclusionCode": [DEPRESSION],
}
FLAG: Resource = {
    "resourceType": "Flag",
    "id": "g",
    "status": "active",
    "subject": WHOSE,
    "code": coded(SNOMED, "32911000") | {"text": "Homeless"},
    "period": {"start": "2025-05-20"},
    "author": BY,
}
EACH = [CLAIMED, SEEN, IMPRESSION, REPORT]


def place(resource: Resource, what: Resource) -> Resource:
    """The resource with something else in place of its diagnosis."""
    changes: Resource = {
        "Claim": {"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": what}]},
        "Encounter": {"reasonCode": [what]},
        "ClinicalImpression": {"finding": [{"itemCodeableConcept": what}]},
        "DiagnosticReport": {"conclusionCode": [what]},
    }[resource["resourceType"]]
    return with_(resource, **changes)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (CLAIMED, "Affirmed 2025-05-28, written 2025-05-28"),
        (
            with_(CLAIMED, created="2025-07-20", billablePeriod={"start": "2025-05-01", "end": "2025-07-11"}),
            "Affirmed 2025-06-02, written 2025-07-20",
        ),
        (
            with_(CLAIMED, created="2025-05-20", billablePeriod={"start": "2025-06-02", "end": "2025-07-11"}),
            "Affirmed 2025-05-20, written 2025-05-20",
        ),
        (SEEN, "Affirmed 2025-05-01, written 2025-05-01"),
        (with_(SEEN, period={"end": "2025-05-09"}), "Affirmed 2025-05-09, written 2025-05-09"),
        (IMPRESSION, "Affirmed 2025-05-20, written 2025-05-21"),
        (with_(IMPRESSION, effectiveDateTime=None), "Affirmed 2025-05-21, written 2025-05-21"),
        (REPORT, "Affirmed 2025-05-20, written 2025-05-22"),
    ],
)
def test_a_diagnosis_is_dated_by_what_it_stands_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resource: Resource, expected: str
) -> None:
    found = MappedResources(resource)
    assert said(found) == [expected]
    assert found.values(found.statements[0], "excerpt") == ["Depression, severe"]
    assert not [item for item in unread(found) if item[0] == "Condition"]
    assert determined(tmp_path, capsys, resource) == {
        "adult-admission:1-diagnosis": "met",
        "adult-admission:1-severity": "met",
    }


@pytest.mark.parametrize("resource", EACH, ids=lambda r: r["resourceType"])
@pytest.mark.parametrize(
    ("what", "reason", "words"),
    [
        (STRANGE, "its code is of a code system that is not known here", "Melancholy"),
        ({"text": "Melancholy"}, "it has no code, only words", "Melancholy"),
        ({"coding": [{"code": "F33.2"}]}, "its code names no code system", "F33.2"),
        (
            coded("http://hl7.org/fhir/sid/icd-10", "F33.1") | {"text": "Melancholy"},
            "its code is of ICD-10 of the WHO, another code system, whose codes are not read here",
            "Melancholy",
        ),
    ],
)
def test_a_diagnosis_that_cannot_be_read(resource: Resource, what: Resource, reason: str, words: str) -> None:
    found = MappedResources(place(resource, what))
    assert not [statement for statement in found.statements if found.values(statement, "excerpt") == [words]]
    assert [item[:3] for item in unread(found) if item[0] == "Condition"] == [("Condition", reason, words)]


@pytest.mark.parametrize(
    ("resource", "status", "kept"),
    [
        *((CLAIMED, status, True) for status in ("draft", None)),
        *((CLAIMED, status, False) for status in ("cancelled", "entered-in-error")),
        *((SEEN, status, True) for status in ("planned", "arrived", "triaged", "unknown", None)),
        *((SEEN, status, False) for status in ("cancelled", "entered-in-error")),
        *((IMPRESSION, status, True) for status in ("in-progress", None)),
        (IMPRESSION, "entered-in-error", False),
        *((REPORT, status, True) for status in ("registered", "partial", "preliminary", "unknown", None)),
        *((REPORT, status, False) for status in ("cancelled", "entered-in-error")),
    ],
)
def test_a_diagnosis_in_what_does_not_stand(resource: Resource, status: str | None, kept: bool) -> None:
    changed = with_(resource, status=status)
    found = MappedResources(changed)
    assert not found.statements
    assert len([item for item in unread(found) if item[0] == "Condition"]) == kept
    assert kept or any(note.startswith(f"{resource['resourceType']}/{resource['id']}: ") for note in found.notes)


@pytest.mark.parametrize("resource", EACH, ids=lambda r: r["resourceType"])
def test_a_diagnosis_of_somebody_else(resource: Resource) -> None:
    (element,) = {"subject", "patient"} & set(resource)
    found = MappedResources(with_(resource, **{element: {"reference": "Practitioner/d"}}))
    assert not found.statements
    assert not unread(found)


@pytest.mark.parametrize(
    "resource",
    [
        with_(OTHER_CLAIM, diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "Condition/c"}}]),
        with_(SEEN, reasonCode=None, diagnosis=[{"condition": {"reference": "Condition/c"}}]),
        with_(IMPRESSION, finding=[{"itemReference": {"reference": "Condition/c"}}]),
    ],
    ids=lambda r: r["resourceType"],
)
def test_a_condition_that_is_referred_to_is_read_once(resource: Resource) -> None:
    found = MappedResources(resource, CONDITION)
    assert len(found.statements) == 1
    assert not [item for item in unread(found) if item[0] == "Condition"]
    lost = [item[:2] for item in unread(MappedResources(resource)) if item[0] == "Condition"]
    assert lost == [("Condition", "the reference leads nowhere in the bundle")]


def test_a_claim_says_of_what_type_a_diagnosis_is() -> None:
    def typed(code: str) -> MappedResources:
        (diagnosis,) = CLAIMED["diagnosis"]
        return MappedResources(with_(CLAIMED, diagnosis=[diagnosis | {"type": [coded("http://example.org/t", code)]}]))

    assert said(typed("principal")) == ["Affirmed 2025-05-28, written 2025-05-28"]
    assert said(typed("remission")) == ["true 2025-05-28, written 2025-05-28"]
    assert not typed("differential").statements
    assert "Condition" in [item[0] for item in unread(typed("differential"))]
    assert "Condition" not in [item[0] for item in unread(typed("principal"))]
    for diagnosis in (
        {"diagnosisCodeableConcept": {"text": "Low mood"}},
        {"diagnosisReference": {"display": "Low mood"}},
    ):
        typeless = with_(CLAIMED, diagnosis=[diagnosis | {"type": [coded("http://example.org/t", "principal")]}])
        found = MappedResources(typeless)
        (item,) = (item for item in found.unread if "#diagnosis." in item.value)
        assert (found.values(item, "words"), found.values(item, "code")) == (["Low mood"], [])
    told = typed("self")
    assert [told.values(statement, "authorKind") for statement in told.statements] == [["Patient"]]


def test_what_is_written_in_reports_is_not_read() -> None:
    text = with_(REPORT, conclusionCode=None, conclusion="Consistent with severe depression")
    assert [item[:3] for item in unread(MappedResources(text))] == [
        ("Document", "what is written in it is not read", "Consistent with severe depression")
    ]
    both = MappedResources(with_(REPORT, conclusion="Consistent with severe depression"))
    assert len(both.statements) == 1
    assert len(unread(both)) == 1
    scan = MappedResources(with_(REPORT, conclusionCode=None, presentedForm=[{"contentType": "application/pdf"}]))
    assert [item[2] for item in unread(scan)] == ["Psychological testing"]
    summary = MappedResources(with_(IMPRESSION, finding=None, summary="Low mood"))
    assert [item[2] for item in unread(summary)] == ["Low mood"]
    results = MappedResources(with_(REPORT, conclusionCode=None, result=[{"reference": "Observation/o"}]), PHQ9)
    assert not unread(results)
    assert "DiagnosticReport/q: its results are read by themselves" in results.notes


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"code": STRANGE}, "OtherItem", "its code is of a code system that is not known here"),
        ({"code": {"text": "Fall risk"}}, "OtherItem", "it has no code that is read here"),
        ({"period": None}, "OtherItem", "it has no full date since when it is so"),
        (
            {"status": "inactive", "period": {"start": "2025-01-01", "end": "2025-05-01"}},
            "History",
            "it had ended before the service under review",
        ),
        (
            {"status": "inactive"},
            "OtherItem",
            "it is over, and when it ended is no full date, so whether it was so during the service cannot be told",
        ),
        ({"status": None}, "OtherItem", "its status is neither active nor inactive"),
    ],
)
def test_a_flag(changes: Resource, kind: str, reason: str) -> None:
    assert said(MappedResources(FLAG)) == ["Affirmed 2025-05-20, written 2025-05-20"]
    assert MappedResources(FLAG).document(FLAG)["authorKind"] == f"{NEC}Provider"
    later = with_(FLAG, status="inactive", period={"start": "2025-05-20", "end": "2025-09-01"})
    assert said(MappedResources(later)) == ["Affirmed 2025-05-20, written 2025-05-20"]
    found = MappedResources(with_(FLAG, **changes))
    assert not found.statements
    assert [item[:2] for item in unread(found)] == [(kind, reason)]
    assert not unread(MappedResources(with_(FLAG, **(changes | {"status": "entered-in-error"}))))


def test_a_condition_that_is_contained_is_read_as_if_it_stood_beside() -> None:
    inside = with_(CONDITION, id="in", subject=WHOSE)
    diagnosis = [{"condition": {"reference": "#in"}}]
    found = MappedResources(with_(SEEN, reasonCode=None, contained=[inside], diagnosis=diagnosis))
    beside = MappedResources(
        with_(SEEN, reasonCode=None, diagnosis=[{"condition": {"reference": "Condition/in"}}]), inside
    )
    assert said(found) == said(beside) != []
    assert [item[:2] for item in unread(found)] == [item[:2] for item in unread(beside)]
    middle = {"resourceType": "Observation", "id": "mid", "status": "cancelled", "contained": [inside]}
    deeper = MappedResources(with_(SEEN, reasonCode=None, contained=[middle], diagnosis=diagnosis))
    assert said(deeper) == said(beside)


def test_a_claim_that_is_the_request_states_diagnoses_like_any_other(tmp_path: Path) -> None:
    stated = [{"sequence": n, "diagnosisCodeableConcept": what} for n, what in enumerate((DEPRESSION, STRANGE))]
    (case,) = cases(tmp_path, with_(CLAIM, created="2025-05-25", diagnosis=stated))
    assert case.iri.endswith(":Claim/w")
    assert [statement.iri.rpartition("#")[2] for statement in case.statements] == ["diagnosis.0.statement"]
    ((item, source),) = [(item.words, item.source) for item in case.unread]
    assert (item, source) == ("Melancholy", "Claim")
    (case,) = cases(tmp_path, with_(CLAIM, created="2025-05-25", diagnosis=stated[1:]))
    assert [item.source for item in case.unread] == [f"{case.iri}#document"]


@pytest.mark.parametrize("status", [True, 3, {}, []])
@pytest.mark.parametrize("resource", [*EACH, FLAG], ids=lambda r: r["resourceType"])
def test_a_status_that_is_no_code_is_none(tmp_path: Path, resource: Resource, status: object) -> None:
    (case,) = cases(tmp_path, with_(resource, status=status))
    assert not case.statements
    assert case.unread
