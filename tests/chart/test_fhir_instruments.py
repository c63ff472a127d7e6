"""Answers to instruments: a finding where the answer itself states one, else evidence with its value."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Namespace

from reasoner.policy.loading import load_policy
from tests.chart.bundles import HOUSING, LOINC, PHQ9, MappedResources, Resource, coded, determined, with_
from tests.chart.test_unread import items

SURVEY = [coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey")]
PRAPARE: Resource = with_(HOUSING, category=SURVEY, valueCodeableConcept=coded(LOINC, "LA30190-5"))
LEAF = "adult-admission:8-a-iii"


def said(found: MappedResources) -> list[tuple[str, str, str]]:
    """Of each statement the stance, the code without its system, and the value."""
    parts = ("assertion", "code", "value")
    texts = [tuple("; ".join(found.values(statement, name)) for name in parts) for statement in found.statements]
    return sorted((stance, code.rpartition("/")[2], value) for stance, code, value in texts)


@pytest.mark.parametrize(
    ("question", "answer", "statements"),
    [
        ("71802-3", "LA30190-5", [("Affirmed", "Z59.0", "")]),
        ("71802-3", "LA30189-7", [("Denied", "Z59.0", "")]),
        ("71802-3", "LA31995-6", [("Affirmed", "Z59.0", "")]),
        ("71802-3", "LA31994-9", [("Affirmed", "Z59.81", ""), ("Denied", "Z59.0", "")]),
        ("71802-3", "LA31993-1", [("Denied", "Z59.0", ""), ("Denied", "Z59.81", "")]),
        ("71802-3", "LA99999-9", [("Affirmed", "71802-3", "LA99999-9")]),
        ("93030-5", "LA30133-5", [("Affirmed", "Z59.82", "")]),
        ("93030-5", "LA32-8", [("Denied", "Z59.82", "")]),
        ("93033-9", "LA33-6", [("Affirmed", "93033-9", "LA33-6")]),
        ("67875-5", "LA17956-6", [("Affirmed", "Z56.0", "")]),
        ("44260-8", "LA6571-9", [("Affirmed", "44260-8", "LA6571-9")]),
        ("93247-5", "LA33-6", [("Affirmed", "93247-5", "LA33-6")]),
    ],
)
def test_an_answer_states_a_circumstance_or_is_evidence(
    question: str, answer: str, statements: list[tuple[str, str, str]]
) -> None:
    reply = with_(PRAPARE, category=None, code=coded(LOINC, question), valueCodeableConcept=coded(LOINC, answer))
    assert said(MappedResources(reply)) == statements


def test_having_no_housing_is_an_unstable_living_situation_and_having_some_denies_no_more_than_homelessness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert determined(tmp_path, capsys, PRAPARE) == {LEAF: "met"}
    housed = with_(PRAPARE, id="later", valueCodeableConcept=coded(LOINC, "LA30189-7"))
    assert determined(tmp_path, capsys, housed) == {}
    later = with_(housed, effectiveDateTime="2025-06-01")
    assert determined(tmp_path, capsys, PRAPARE, later) == {}, "a later denial of the same finding withdraws it"


@pytest.mark.parametrize(
    "value",
    [
        {"valueCodeableConcept": coded(LOINC, "LA30122-8")},
        {"valueCodeableConcept": coded("http://terminology.hl7.org/CodeSystem/data-absent-reason", "asked-declined")},
        {"valueCodeableConcept": coded("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "ASKU")},
        {"valueCodeableConcept": None, "dataAbsentReason": {"text": "declined"}},
        {"valueCodeableConcept": coded(LOINC, "LA30190-5", "LA30189-7")},
    ],
)
def test_no_answer_and_two_answers_state_nothing(value: Resource) -> None:
    found = MappedResources(with_(PRAPARE, **value))
    assert not found.statements
    assert len(items(found)) == 1


def test_an_answer_about_somebody_else_states_nothing() -> None:
    found = MappedResources(with_(PRAPARE, focus=[{"reference": "RelatedPerson/mother"}]))
    assert not found.statements


def test_an_answer_counts_without_a_system_and_not_in_another() -> None:
    plain = with_(PRAPARE, valueCodeableConcept={"coding": [{"code": "LA30190-5"}]})
    assert said(MappedResources(plain)) == [("Affirmed", "Z59.0", "")]
    other = with_(PRAPARE, valueCodeableConcept=coded("http://local.example", "LA30190-5"))
    assert said(MappedResources(other)) == [("Affirmed", "71802-3", "LA30190-5")]


def test_a_score_is_no_verdict_whatever_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    totals = [
        with_(PHQ9, id=code, code=coded(LOINC, code), valueQuantity={"value": 27})
        for code in ("44261-6", "55758-7", "70274-6", "75624-7", "75626-2", "82667-7", "89204-2", "93374-7", "88124-3")
    ]
    assert determined(tmp_path, capsys, *totals) == {}
    assert len(MappedResources(*totals).statements) == len(totals)


def test_the_codes_of_loinc_have_their_check_digits() -> None:
    ontology = load_policy("mp9556").ontology
    skos = Namespace("http://www.w3.org/2004/02/skos/core#")
    codes = [
        str(ontology.value(concept, skos.notation))
        for concept in ontology.subjects(skos.inScheme)
        if str(concept).startswith("http://loinc.org/rdf/")
    ]
    assert len(codes) > 60
    assert [code for code in codes if not has_check_digit(code)] == []


def has_check_digit(code: str) -> bool:
    """Whether the last digit is the check digit (mod 10) of a code of LOINC."""
    digits, _, check = code.removeprefix("LA").rpartition("-")
    total = sum(sum(map(int, str(int(digit) * (2 - place % 2)))) for place, digit in enumerate(reversed(digits)))
    # The letters before the digits count too; what they add depends on whether the number of digits is even.
    letters = (5 if len(digits) % 2 == 0 else 8) if code.startswith("LA") else 0
    return (total + letters + int(check)) % 10 == 0
