"""Accepting: statements of what a person marked, each with its anchor; nothing of what nobody marked, or what cannot be taken."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from rdflib import Literal, URIRef

from reasoner import DocumentationError, Policy, determine
from reasoner.abstraction.accepting import Accepted, accept
from reasoner.abstraction.suggestions import Abstractor
from reasoner.chart.documents.model import DocumentText
from reasoner.ground.display import guarded, unguarded
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, PROV, RDF, SKOS
from reasoner.render.suggestions import to_csv
from tests.abstraction.conftest import text

TODAY = date(2026, 3, 2)
NOTE = text(
    "Intake 2026-02-09\n\nAgrees to come three days a week and to see the psychiatrist.\n"
    "- No plan for safety was made in today's visit.\nNo signs of withdrawal at all.\n"
)
FACTS = {
    "request": "record-1",
    "phase": "admission",
    "focus": "mental-health",
    "service_start": "2026-02-16",
    "birth_date": "1987-06-14",
    "jurisdiction": "US-MO",
}
Cells = dict[str, str]


@pytest.fixture(scope="module")
def sheet(policy: Policy, abstractor: Abstractor) -> list[Cells]:
    """The rows that a person gets."""
    ids = ("adult-admission:5", "adult-admission:6-plan", "substance-use:2")
    days = {NOTE.digest: date(2026, 2, 9)}
    found = abstractor.suggest([NOTE], [policy.versions[-1].by_id[name] for name in ids], issued=days)
    return list(csv.DictReader(io.StringIO(to_csv(found, FACTS))))


def marked(sheet: list[Cells], criterion: str, beginning: str, /, **cells: str) -> list[Cells]:
    """The rows, one of which a person has filled in."""
    rows = [dict(row) for row in sheet]
    (row,) = [r for r in rows if r["criterion"] == criterion and unguarded(r["quote"]).startswith(beginning)]
    row.update(cells)
    return rows


def write(rows: list[Cells], delimiter: str = ",") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def taken(
    policy: Policy, rows: list[Cells], reviewer: str = "M. Example", documents: tuple[DocumentText, ...] = ()
) -> Accepted:
    return accept(write(rows), "reviewed.csv", policy, today=TODAY, reviewer=reviewer, documents=documents)


def test_nothing_is_made_of_rows_without_a_stance(policy: Policy, sheet: list[Cells]) -> None:
    accepted = taken(policy, sheet)
    assert (len(accepted.chart), accepted.statements, accepted.errors) == (0, 0, ())


def test_a_marked_row_becomes_a_statement(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed", reviewed="2026-03-01")
    accepted = taken(policy, rows, documents=(NOTE,))
    assert (accepted.statements, accepted.errors) == (1, ())
    chart = accepted.chart
    (statement,) = chart.subjects(RDF.type, NEC.Statement)
    quote = "Agrees to come three days a week and to see the psychiatrist."
    start = NOTE.text.index(quote)
    assert chart.value(statement, NEC.excerpt) == Literal(quote)
    assert chart.value(statement, OA.hasTarget) == URIRef(f"{NOTE.digest}#char={start},{start + len(quote)}")
    assert str(chart.value(statement, PROV.generatedAtTime)) == "2026-03-01"
    person = chart.value(statement, PROV.wasAttributedTo)
    assert chart.value(person, SKOS.prefLabel) == Literal("M. Example")
    document = chart.value(statement, NEC.documentedIn)
    assert (str(chart.value(document, DCTERMS.title)), str(chart.value(document, DCTERMS.issued))) == (
        "note.txt",
        "2026-02-09",
    )
    assert chart.value(document, NEC.text) == URIRef(NOTE.digest)
    assert chart.value(URIRef(NOTE.digest), NEC.content) == Literal(NOTE.text)


def test_what_was_accepted_determines(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="Affirmed")
    rows = marked(rows, "adult-admission:6-plan", "- No plan", stance="denied", observed="2026-02-10")
    (determination,) = determine(taken(policy, rows).chart, policy)
    assert determination.status("adult-admission:5") == "met"
    assert determination.status("adult-admission:6-plan") == "not-met"
    (bearing,) = next(r for r in determination.criteria if r.criterion.id == "adult-admission:6-plan").evidence
    assert bearing.statement.observed == date(2026, 2, 10)
    assert bearing.statement.excerpt.startswith("- No plan")


def test_a_statement_leads_to_its_characters(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed")
    (determination,) = determine(taken(policy, rows, documents=(NOTE,)).chart, policy)
    (statement,) = determination.case.statements
    assert statement.anchor is not None
    assert NOTE.text[statement.anchor.start : statement.anchor.end] == statement.excerpt


def test_a_finding_says_more_than_its_criterion(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:6-plan", "- No plan", stance="affirmed", finding="NoSafetyPlan")
    (determination,) = determine(taken(policy, rows).chart, policy)
    assert determination.status("adult-admission:6-plan") == "not-met"
    assert determination.status("adult-admission:6-emergency") == "not-met"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"stance": "yes"}, "column 'stance': it is none of affirmed, denied, not-applicable"),
        ({"stance": "not-applicable"}, "adult-admission:5 cannot be not applicable"),
        ({"criterion": "adult-admission:55"}, "column 'criterion'"),
        ({"criterion": "adult-admission:6"}, "column 'criterion'"),
        ({"finding": "Willing"}, "column 'finding'"),
        ({"finding": "SafetyPlan"}, "does not speak to adult-admission:5"),
        ({"issued": ""}, "column 'issued': the day of the document is missing"),
        ({"issued": "soon"}, "column 'issued'"),
        ({"observed": "2/3/2026"}, "column 'observed': it can be two dates"),
        ({"reviewed": "yesterday"}, "column 'reviewed'"),
        ({"text": "ni:///sha-256;short"}, "name no characters"),
        ({"quote": ""}, "column 'quote': the words are missing"),
        ({"start": "-4"}, "name no characters"),
        ({"start": "90", "end": "20"}, "name no characters"),
        ({"quote": "Agrees to nothing."}, "these words do not stand"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(policy: Policy, sheet: list[Cells], cells: Cells, problem: str) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", **({"stance": "affirmed"} | cells))
    (at,) = [number for number, row in enumerate(rows, 2) if row["stance"]]
    accepted = taken(policy, rows, documents=(NOTE,))
    (error,) = accepted.errors
    assert str(error).startswith(f"reviewed.csv, row {at}: ")
    assert problem in str(error)
    assert accepted.statements == 0
    chart = accepted.chart
    (unread,) = chart.subjects(RDF.type, NEC.Unread)
    assert f"row {at} of the review was rejected" in str(chart.value(unread, NEC.reason))
    (determination,) = determine(chart, policy)
    assert determination.case.statements == ()


def test_who_marked_it_has_to_be_known(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed")
    (error,) = taken(policy, rows, reviewer="").errors
    assert "it does not say who marked it" in str(error)
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed", reviewer="N. Example")
    chart = taken(policy, rows).chart
    (person,) = chart.subjects(RDF.type, PROV.Person)
    assert chart.value(person, SKOS.prefLabel) == Literal("N. Example")


def test_one_bad_row_keeps_no_other_from_being_taken(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed")
    rows = marked(rows, "adult-admission:6-plan", "- No plan", stance="perhaps")
    accepted = taken(policy, rows)
    assert (accepted.statements, len(accepted.errors)) == (1, 1)


def test_a_fact_of_the_request_that_is_missing_rejects_it(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed", phase="admision")
    (error,) = taken(policy, rows).errors
    assert "'phase'" in str(error)


def test_facts_stand_in_place_of_the_rows_own(policy: Policy, sheet: list[Cells]) -> None:
    rows = [row | {"service_start": ""} for row in marked(sheet, "adult-admission:5", "Agrees", stance="affirmed")]
    accepted = accept(write(rows), "r.csv", policy, today=TODAY, reviewer="M", facts={"service_start": "2026-02-20"})
    (determination,) = determine(accepted.chart, policy)
    assert determination.case.start == date(2026, 2, 20)


def test_a_conditional_leaf_can_be_not_applicable(policy: Policy, sheet: list[Cells]) -> None:
    facts = {"focus": "substance-use"}
    rows = [row | facts for row in marked(sheet, "substance-use:2", "No signs", stance="Not applicable")]
    (determination,) = determine(taken(policy, rows).chart, policy)
    assert determination.status("substance-use:2") == "not-applicable"


def test_a_sheet_as_spreadsheets_save_it(policy: Policy, sheet: list[Cells]) -> None:
    rows = marked(sheet, "adult-admission:5", "Agrees", stance="affirmed")
    data = "\ufeff".encode() + write([{k.replace("_", " ").title(): v for k, v in row.items()} for row in rows], ";")
    assert accept(data, "r.csv", policy, today=TODAY, reviewer="M").statements == 1


def test_a_row_that_is_cut_short_is_named(policy: Policy, sheet: list[Cells]) -> None:
    first, *rest = write(marked(sheet, "adult-admission:5", "Agrees", stance="affirmed")).splitlines(keepends=True)
    accepted = accept(b"".join((first, b"a,b\r\n", *rest)), "r.csv", policy, today=TODAY, reviewer="M")
    assert any("row 2" in str(error) for error in accepted.errors)


def test_a_sheet_of_other_columns_is_refused(policy: Policy) -> None:
    with pytest.raises(DocumentationError, match="no column 'criterion'"):
        accept(b"a,b\n1,2\n", "r.csv", policy, today=TODAY)


@pytest.mark.parametrize("cell", ["=1+1", "+x", "-x", "@x", "'=x", "\tx", "''-x", "x", "'x", "", "'"])
def test_a_cell_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    written = guarded(cell)
    assert written[:1] not in {*"=+-@\t"}
    assert unguarded(written) == cell
