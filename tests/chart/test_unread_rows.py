"""Rows whose code or date cannot be read are unread items; nothing of a record vanishes, and nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner import Policy
from reasoner.chart.fast import piece, stream
from reasoner.chart.intake import read
from reasoner.chart.model import Assertion, Case, Unread
from reasoner.determination.determine import determine_case
from reasoner.logic.fold import Status
from reasoner.rdf.namespaces import NEC
from tests.chart.test_sheet import write

FACTS = {
    "request": "r1",
    "phase": "admission",
    "focus": "mental-health",
    "service_start": "2025-06-02",
    "birth_date": "1980-05-05",
    "jurisdiction": "US-MO",
}
NOTE = {"document": "Note", "author": "R. Example", "issued": "2025-06-02"}
ROW = {**FACTS, **NOTE, "assertion": "affirmed"}
COLUMNS = ("criterion", "finding", "code", "system", "severity", "observed", "recorded", "excerpt")
BLANK = dict.fromkeys(COLUMNS, "")


def of(policy: Policy, *rows: dict[str, str]) -> Case:
    """The case of rows; in a batch it is the same."""
    data = write([{**ROW, **BLANK, **row} for row in rows]).encode()
    (case,), errors, _ = read("s.csv", policy, data=data)
    assert errors == []
    (part,) = (piece.Piece(("s.csv",), piece.SHEET, first=2, data=data),)
    (batch,) = [found for one in stream.read(part, policy) for found in one.cases]
    assert (batch.unread, batch.statements) == (case.unread, case.statements)
    return case


def told(item: Unread) -> tuple[str, str, str]:
    return item.words, item.code, item.reason


@pytest.mark.parametrize(
    ("code", "system", "words", "iri", "reason"),
    [
        ("F33.1", "ICD-10", "F33.1 (ICD-10)", "http://hl7.org/fhir/sid/icd-10/F33.1", "another code system"),
        ("F45.43", "ICD-10-CM", "F45.43 (ICD-10-CM)", "http://hl7.org/fhir/sid/icd-10-cm/F45.43", "lies in F40-F48"),
        ("F3.31", "ICD-10-CM", "F3.31 (ICD-10-CM)", "http://hl7.org/fhir/sid/icd-10-cm/F3.31", "have the form"),
        (
            "371631005:1=2",
            "SNOMED CT",
            "371631005:1=2 (SNOMED CT)",
            "http://snomed.info/id/371631005%3A1%3D2",
            "(post-",
        ),
        ("DEP-3", "house codes", "DEP-3 (house codes)", "urn:necessity:code:house%20codes/DEP-3", "not known here"),
        ("severe depression", "", "severe depression", "urn:necessity:code:severe%20depression", "of no code system"),
    ],
)
def test_a_code_that_cannot_be_read_is_an_unread_item(
    policy: Policy, code: str, system: str, words: str, iri: str, reason: str
) -> None:
    case = of(policy, {"code": code, "system": system, "observed": "2025-05-30"})
    (item,) = case.unread
    assert case.statements == ()
    assert (item.words, item.code, item.kind) == (words, iri, str(NEC.Condition))
    assert reason in item.reason
    assert (item.observed, item.recorded, item.source) == (date(2025, 5, 30), date(2025, 6, 2), "Note")


def test_its_words_are_those_of_the_record(policy: Policy) -> None:
    (item,) = of(policy, {"code": "X1", "system": "house codes", "excerpt": "Cries at night."}).unread
    assert item.words == "Cries at night."


def test_it_needs_no_assertion_and_no_document(policy: Policy) -> None:
    (item,) = of(policy, {"code": "X1", "assertion": "", "document": "", "author": "", "issued": ""}).unread
    assert item.source == "s.csv, row 2"


@pytest.mark.parametrize(
    ("system", "kind"),
    [("LOINC", NEC.Observation), ("CPT", NEC.Procedure), ("NDC", NEC.Medication), ("", NEC.Condition)],
)
def test_its_kind_is_that_of_the_codes_of_its_system(policy: Policy, system: str, kind: object) -> None:
    (item,) = of(policy, {"code": "0", "system": system}).unread
    assert item.kind == str(kind)


@pytest.mark.parametrize(
    "cells", [{"criterion": "adult-admission:3"}, {"finding": "Homelessness"}, {"code": "F33.1|F45.43"}]
)
def test_what_else_the_row_says_stays_a_statement(policy: Policy, cells: dict[str, str]) -> None:
    case = of(policy, {"code": "F45.43", "system": "ICD-10-CM", "assertion": "denied", **cells})
    (statement,), (item,) = case.statements, case.unread
    assert statement.assertion is Assertion.DENIED
    assert item.code.endswith("/F45.43")


def test_each_code_is_an_item_of_its_own(policy: Policy) -> None:
    case = of(policy, {"code": "F45.43|F33.98", "system": "ICD-10-CM"}, {"code": "F33.1", "system": "ICD-10-CM"})
    assert [item.code.rpartition("/")[2] for item in case.unread] == ["F45.43", "F33.98"]
    assert len(case.statements) == 1


@pytest.mark.parametrize("day", ["2025-05", "2025", "5/2025", "May 2025"])
@pytest.mark.parametrize("column", ["observed", "recorded"])
@pytest.mark.parametrize(
    "cells",
    [
        {"code": "F33.1", "system": "ICD-10-CM"},
        {"code": "F33.1"},
        {"finding": "MajorDepressiveDisorder"},
        {"criterion": "adult-admission:1-diagnosis"},
    ],
)
def test_a_condition_without_a_whole_date_is_an_unread_item(
    policy: Policy, cells: dict[str, str], column: str, day: str
) -> None:
    case = of(policy, {**cells, "severity": "severe", column: day})
    (item,) = case.unread
    assert case.statements == ()
    assert item.words.partition(" (")[0] == next(iter(cells.values()))
    assert item.reason == f"its date {day} names no day"
    assert (item.observed, item.recorded) == (None, None)


@pytest.mark.parametrize(
    "cells",
    [
        {"criterion": "adult-admission:3"},
        {"finding": "Homelessness"},
        {"code": "44261-6", "system": "LOINC"},
        {"code": "F33.1", "system": "ICD-10-CM", "assertion": "denied"},
    ],
)
def test_another_statement_without_a_whole_date_is_an_error(policy: Policy, cells: dict[str, str]) -> None:
    data = write([{**ROW, **BLANK, **cells, "observed": "2025-05"}]).encode()
    cases, (error,), _ = read("s.csv", policy, data=data)
    assert cases == []
    assert "row 2, column 'observed': it is not a date of the calendar, as it names no day" in str(error)


def test_the_other_cells_are_held_to_what_they_may_be(policy: Policy) -> None:
    data = write([{**ROW, **BLANK, "code": "X1", "severity": "enormous"}]).encode()
    cases, (error,), _ = read("s.csv", policy, data=data)
    assert cases == []
    assert "column 'severity'" in str(error)


def test_the_reader_is_told_without_the_words(policy: Policy) -> None:
    data = write([{**ROW, **BLANK, "code": "X1", "system": "house", "excerpt": "Cries at night."}]).encode()
    _, _, (note,) = read("s.csv", policy, data=data)
    assert note.startswith("row 2, column 'code': not read, and evidence of nothing: its code is of a code system")
    assert "Cries" not in note


@pytest.mark.parametrize(("code", "status"), [("E11.9", Status.NOT_MET), ("F45.43", Status.NOT_DOCUMENTED)])
def test_it_keeps_a_rule_that_counts_from_concluding(policy: Policy, code: str, status: Status) -> None:
    mild = {"code": "F33.0", "system": "ICD-10-CM", "severity": "mild"}
    case = of(policy, mild, {"code": code, "system": "ICD-10-CM"})
    (determination,) = determine_case(case, policy)
    assert determination.status("adult-admission:1-severity") is status
