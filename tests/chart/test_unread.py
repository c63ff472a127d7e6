"""Unread items: what is said in a record and became no statement, in its own words."""

from __future__ import annotations

import json
from typing import Any

import pyoxigraph as ox
import pytest
from pyoxigraph import NamedNode

from reasoner.chart import intake
from reasoner.chart.intake_result import IntakeResult
from reasoner.policy.model import Policy
from tests.chart.bundles import ICD10CM, LOINC, NEC, OPTIONS, PHQ9, SNOMED, MappedResources, Resource, coded, with_

LAB: Resource = with_(PHQ9, id="lab", code=coded(LOINC, "2339-0"), valueQuantity={"value": 5.50, "unit": "mmol/L"})


def items(found: MappedResources) -> list[dict[str, str]]:
    """The unread items, by property."""
    unread = sorted({t.subject for t in found.triples if t.object == NamedNode(f"{NEC}Unread")}, key=str)
    names = ("kind", "words", "code", "observed", "recorded", "reason", "source")
    return [
        {name: "; ".join(found.values(item, name)) for name in names if found.values(item, name)} for item in unread
    ]


def item(*resources: Resource) -> dict[str, str]:
    """The only unread item."""
    (only,) = items(MappedResources(*resources))
    return only


def test_an_item_has_its_kind_its_words_its_code_its_days_and_its_source() -> None:
    code = {"coding": [{"system": LOINC, "code": "2339-0", "display": "Glucose [Mass/volume] in Blood"}]}
    found = item(with_(LAB, code=code))
    assert found.pop("source").endswith("Observation/lab")
    assert found == {
        "kind": "Observation",
        "words": "Glucose [Mass/volume] in Blood: 5.5 mmol/L",
        "code": "http://loinc.org/rdf/2339-0",
        "observed": "2025-05-30",
        "recorded": "2025-06-01",
        "reason": "no rule reads observations of its code",
    }


@pytest.mark.parametrize(
    ("code", "called"),
    [
        (coded(LOINC, "2339-0") | {"text": "Sugar"}, "Sugar"),
        (
            {"coding": [{"system": "http://local.example", "code": "a", "display": "one"}, {"display": "two"}]},
            "one; two",
        ),
        (coded("http://local.example", "a"), "a (http://local.example)"),
        ({"coding": [{"code": "a"}]}, "a"),
        ({"text": "Sugar"}, "Sugar"),
    ],
)
def test_an_item_is_called_by_text_then_display_then_code(code: Resource, called: str) -> None:
    assert item(with_(LAB, code=code))["words"] == f"{called}: 5.5 mmol/L"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"valueQuantity": {"value": 8, "comparator": "<", "code": "mg"}}, "< 8 mg"),
        ({"valueCodeableConcept": coded(SNOMED, "1") | {"text": "Words"}}, "Words"),
        ({"valueCodeableConcept": {"coding": [{"display": "one"}, {"display": "two"}]}}, "one; two"),
        ({"valueBoolean": False}, "false"),
        ({"valueString": "well"}, "well"),
        ({"valueInteger": 0}, "0"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2, "unit": "h"}}}, "1 to 2 h"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 4}}}, "1 / 4"),
        ({"valuePeriod": {"start": "2025-01", "end": "2025-02"}}, "2025-01 to 2025-02"),
        ({"dataAbsentReason": {"text": "Declined"}}, "no value (Declined)"),
    ],
)
def test_the_value_of_an_item_is_in_its_words(value: Resource, words: str) -> None:
    lab = with_(LAB, **({"code": {"text": "Lab"}, "valueQuantity": None} | value))
    assert item(lab)["words"] == f"Lab: {words}"


def test_an_item_without_code_and_words_is_called_by_its_type() -> None:
    found = item(with_(LAB, code=None, valueQuantity=None))
    assert found["words"] == "Observation without words"
    assert found["reason"] == "it has neither code nor words"


@pytest.mark.parametrize(
    ("code", "iri", "reason"),
    [
        (coded(LOINC, "2339-0"), "http://loinc.org/rdf/2339-0", "no rule reads observations of its code"),
        (coded(ICD10CM, "f33.1"), "http://hl7.org/fhir/sid/icd-10-cm/F33.1", "no rule reads observations of its code"),
        (
            coded("http://local.example/a", "b c"),
            "http://local.example/a/b%20c",
            "its code is of a code system that is not known here",
        ),
        (coded("http://local.example#", "b"), "b", "its code is of a code system that is not known here"),
        (coded("local", "b"), None, "its code is of a code system that is not known here"),
        ({"coding": [{"code": "b"}]}, None, "its code names no code system"),
        ({"text": "b"}, None, "it has no code, only words"),
        (
            {"coding": [*coded("http://local.example", "b")["coding"], *coded(LOINC, "2339-0")["coding"]]},
            "http://loinc.org/rdf/2339-0",
            "no rule reads observations of its code",
        ),
    ],
)
def test_an_item_has_a_code_where_there_is_one_and_the_true_reason(
    code: Resource, iri: str | None, reason: str
) -> None:
    found = item(with_(LAB, code=code))
    assert found.get("code") == iri
    assert found["reason"] == reason


@pytest.mark.parametrize(
    ("changes", "observed", "recorded"),
    [
        ({"issued": None}, "2025-05-30", "2025-05-30"),
        ({"effectiveDateTime": None}, None, "2025-06-01"),
        ({"effectiveDateTime": "2025-05", "issued": None}, None, None),
        ({"effectiveDateTime": "2025-02-30", "issued": "2025-06-31T00:00:00Z"}, None, None),
        ({"effectiveDateTime": "2025-05-30T23:30:00-05:00"}, "2025-05-30", "2025-06-01"),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2025-05-01", "end": "2025-05-02"}},
            "2025-05-02",
            "2025-06-01",
        ),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2025-05-01", "end": "2025"}}, None, "2025-06-01"),
    ],
)
def test_the_days_of_an_item_are_full_dates(
    changes: dict[str, Any], observed: str | None, recorded: str | None
) -> None:
    found = item(with_(LAB, **changes))
    assert (found.get("observed"), found.get("recorded")) == (observed, recorded)


def test_each_component_is_an_item_and_the_panel_without_a_value_is_none() -> None:
    parts = [
        {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mmHg"}},
        {"code": {"text": "Diastolic"}, "valueQuantity": {"value": 80, "unit": "mmHg"}},
    ]
    panel = with_(LAB, code={"text": "Blood pressure"}, valueQuantity=None, component=parts)
    assert [found["words"] for found in items(MappedResources(panel))] == ["Systolic: 120 mmHg", "Diastolic: 80 mmHg"]
    valued = with_(panel, valueString="120/80")
    assert sorted(found["words"] for found in items(MappedResources(valued)))[0] == "Blood pressure: 120/80"
    members = with_(LAB, id="panel", valueQuantity=None, hasMember=[{"reference": "Observation/lab"}])
    assert [found["source"].rpartition(":")[2] for found in items(MappedResources(members, LAB))] == ["Observation/lab"]


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_counts_for_nothing_is_no_item(status: str) -> None:
    found = MappedResources(with_(LAB, status=status))
    assert not items(found)
    assert any("entered in error" in note or "cancelled" in note for note in found.notes)


WORDS = 'a "quoted" \\ back\\u0041slash,\n a line, é and \U0001f642'


def chart(words: str, policy: Policy) -> IntakeResult:
    """The chart of a bundle with a laboratory value that has only words."""
    lab = with_(LAB, code={"text": words}, subject={"reference": "Patient/patient"})
    patient = {"resourceType": "Patient", "id": "patient", "birthDate": "1980-05-05"}
    data = json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient}, {"resource": lab}]})
    (result,) = intake.read_source("b.json", policy, data=data.encode(), options=OPTIONS)
    return result


def test_words_are_kept_as_they_are_and_the_chart_is_the_same_after_it_was_written(policy: Policy) -> None:
    result = chart(WORDS, policy)
    (case,) = result.cases
    (only,) = case.unread
    assert only.words == f"{WORDS}: 5.5 mmol/L"
    assert result.chart
    written = ox.serialize(result.chart.triples, format=ox.RdfFormat.N_TRIPLES)
    (again,) = next(iter(intake.read_source("b.nt", policy, data=written))).cases
    assert (again.digest, again.unread) == (case.digest, case.unread)


def test_words_that_cannot_be_kept_are_refused_with_their_place(policy: Policy) -> None:
    (error,) = chart("a \x07 bell", policy).errors
    assert "control character U+0007" in str(error)
    assert "Observation/lab#unread" in str(error)
