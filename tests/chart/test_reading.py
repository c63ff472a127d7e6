"""What charts say beside their findings: when the stay began, whose word it is, the line of business, what was not read."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import DocumentationError, Engine, Policy, determine
from reasoner.chart import reading
from reasoner.chart.fast import chart as fast
from reasoner.chart.fast.chart import reader
from reasoner.chart.intake import read_file
from reasoner.chart.model import Case, Unread
from reasoner.chart.report import of_graph
from reasoner.cli import main
from reasoner.determination.model import Determination
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import NEC
from tests.chart.bundles import ARGUMENTS
from tests.conftest import CASES, Attestation, chart

MEDICARE = CASES / "mp9556" / "plans" / "medicare.ttl"
SOUND = chart([Attestation("adult-admission:3"), Attestation("adult-admission:4")])
REQUEST, PLAN, NOTE = "a nec:ReviewRequest", "nec:jurisdiction nec:US-MO", "a nec:Document"
STATEMENT = ":s0 a nec:Statement"
UNREAD = """
:item a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:words "Depression, NOS (since spring)" ;
    nec:code icd10cm:F32.ABC ; nec:observed "2025-05-01"^^xsd:date ; nec:recorded "2025-05-20"^^xsd:date ;
    nec:reason "the code is not known" ; nec:source "problem list, row 7" .
"""


def read(folder: Path, policy: Policy, text: str) -> Case:
    path = folder / "chart.ttl"
    path.write_text(text)
    (case,) = read_file(path, policy)
    return case


def determination(folder: Path, policy: Policy, text: str) -> Determination:
    (folder / "chart.ttl").write_text(text)
    return determine(folder / "chart.ttl", policy)[0]


def says(place: str, more: str) -> str:
    """The sound chart with more said at a place."""
    assert place in SOUND
    return SOUND.replace(place, f"{place} ; {more}", 1)


def is_read_at_once(policy: Policy, text: str) -> bool:
    """Whether the reader of plain charts takes a chart."""
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".ttl"], "chart")
    return reader(policy).cases(reader(policy).layouts.nodes(data), "chart") is not None


def test_the_start_of_the_stay_is_read(tmp_path: Path, policy: Policy) -> None:
    assert read(tmp_path, policy, SOUND).admitted is None
    on_that_day = says(REQUEST, 'nec:admitted "2025-06-02"^^xsd:date')
    assert read(tmp_path, policy, on_that_day).admitted == date(2025, 6, 2)
    before = says(REQUEST, 'nec:admitted "2025-03-31"^^xsd:date')
    assert read(tmp_path, policy, before).admitted == date(2025, 3, 31)


@pytest.mark.parametrize(
    ("place", "more", "message"),
    [
        (REQUEST, 'nec:admitted "2025-06-03"^^xsd:date', "#request>: nec:admitted, the start of the stay, lies after"),
        (REQUEST, 'nec:admitted "2025-06"', "#request>: nec:admitted has to be a single xsd:date"),
        (REQUEST, 'nec:admitted "2025-05-01"^^xsd:date , "2025-05-02"^^xsd:date', "nec:admitted has to be a single"),
        (PLAN, "nec:funding nec:Medicare", r"Medicare, Medicaid and the like belong in nec:lineOfBusiness"),
        (PLAN, "nec:lineOfBusiness nec:SelfFunded", "nec:lineOfBusiness has to be one of nec:Commercial"),
        (PLAN, "nec:lineOfBusiness nec:Medicare , nec:Medicaid", "nec:lineOfBusiness has to be one of nec:Commercial"),
        (PLAN, 'nec:lineOfBusiness "Medicare"', "nec:lineOfBusiness has to be one of nec:Commercial"),
        (NOTE, "nec:authorKind nec:Severe", "#s0>: The nec:authorKind of the statement's document has to be one kind"),
        (NOTE, "nec:authorKind nec:Family , nec:Patient", "the statement's document has to be one kind"),
        (STATEMENT, "nec:authorKind nec:Family , nec:Patient", "#s0>: nec:authorKind has to be one kind of author"),
        (STATEMENT, 'nec:authorKind "a nurse"', "#s0>: nec:authorKind has to be one kind of author"),
        (STATEMENT, "nec:authorKind nec:Nurse", "unknown term <https://w3id.org/necessity/core#Nurse>"),
    ],
)
def test_what_is_none_of_its_kind_is_refused(
    tmp_path: Path, policy: Policy, place: str, more: str, message: str
) -> None:
    with pytest.raises(DocumentationError, match=message):
        read(tmp_path, policy, says(place, more))


def test_a_statement_has_the_author_of_its_document_unless_it_says_otherwise(tmp_path: Path, policy: Policy) -> None:
    def kinds(text: str) -> list[str]:
        return [statement.author_kind for statement in read(tmp_path, policy, text).statements]

    assert kinds(SOUND) == ["", ""]
    assert kinds(says(NOTE, "nec:authorKind nec:Provider")) == [str(NEC.Provider)] * 2
    both = says(NOTE, "nec:authorKind nec:Provider").replace(STATEMENT, f"{STATEMENT} ; nec:authorKind nec:Family", 1)
    assert kinds(both) == [str(NEC.Family), str(NEC.Provider)]
    assert kinds(says(STATEMENT, "nec:authorKind nec:Patient")) == [str(NEC.Patient), ""]


def test_the_kind_of_author_is_no_fact_of_a_finding(tmp_path: Path, policy: Policy) -> None:
    plain, stated = (read(tmp_path, policy, text) for text in (SOUND, says(STATEMENT, "nec:authorKind nec:Provider")))
    assert [s.facts for s in stated.statements] == [s.facts for s in plain.statements]


@pytest.mark.parametrize("line", ["Commercial", "Medicare", "Medicaid", "OtherGovernment"])
def test_every_line_of_business_is_taken_and_decides_nothing(tmp_path: Path, policy: Policy, line: str) -> None:
    text = says(PLAN, f"nec:lineOfBusiness nec:{line}")
    case = read(tmp_path, policy, text)
    assert any(property_ == f"<{NEC.lineOfBusiness}>" for _, property_, _ in case.facts)
    plain, stated = (determination(tmp_path, policy, chart) for chart in (SOUND, text))
    assert (stated.outcome, stated.criteria) == (plain.outcome, plain.criteria)


def test_an_unread_item_is_read_as_such(tmp_path: Path, policy: Policy) -> None:
    case = read(tmp_path, policy, SOUND + UNREAD)
    assert case.unread == (
        Unread(
            iri="http://example.org/chart#item",
            kind=str(NEC.Condition),
            words="Depression, NOS (since spring)",
            code="http://hl7.org/fhir/sid/icd-10-cm/F32.ABC",
            observed=date(2025, 5, 1),
            recorded=date(2025, 5, 20),
            reason="the code is not known",
            source="problem list, row 7",
        ),
    )
    assert len(case.statements) == 2


def test_an_unread_item_belongs_to_the_content_with_its_document(tmp_path: Path, policy: Policy) -> None:
    items = UNREAD.replace('"problem list, row 7"', ":list") + ':list dcterms:title "Problem list" .'
    plain, case = (read(tmp_path, policy, text) for text in (SOUND, SOUND + items))
    assert (case.unread[0].source, case.unread[0].document) == ("Problem list", "http://example.org/chart#list")
    assert plain.unread == ()
    assert case.digest != plain.digest
    assert set(plain.content.splitlines()) < set(case.content.splitlines())
    assert '"the code is not known"' in case.content
    assert '"Problem list"' in case.content
    assert case.facts == plain.facts


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("nec:about :request ;", "", "#item>: The unread item is about no request"),
        ("nec:about :request ;", "nec:about :note ;", "#item>: The unread item is about no request"),
        ("nec:kind nec:Condition ;", "", "#item>: The unread item needs one nec:kind"),
        ("nec:kind nec:Condition ;", "nec:kind nec:Severe ;", "#item>: The unread item needs one nec:kind"),
        ("nec:kind nec:Condition ;", "nec:kind nec:Condition , nec:Order ;", "needs one nec:kind"),
        ('nec:words "Depression, NOS (since spring)" ;\n    nec:code icd10cm:F32.ABC ;', "", "#item>: .* says nothing"),
        ("icd10cm:F32.ABC", '"F32.ABC"', "nec:code of an unread item has to be the IRI of one concept"),
        ('nec:reason "the code is not known" ;', "", "#item>: The unread item needs one nec:reason"),
        ('"the code is not known"', '""', "#item>: The unread item needs one nec:reason"),
        ('"2025-05-01"^^xsd:date', '"2025-05"^^xsd:gYearMonth', "nec:observed has to be a single xsd:date; leave out"),
        ('"2025-05-20"^^xsd:date', '"2025-02-30"^^xsd:date', "nec:recorded has to be a single xsd:date; leave out"),
        ('"problem list, row 7"', '"problem list" , "page 2"', "has to be one place in the record"),
        ('"problem list, row 7"', ":s0", "and neither a statement nor a request"),
        ('"problem list, row 7"', ":request", "and neither a statement nor a request"),
        ("a nec:Unread", "a nec:Unread , nec:Statement", "#item>: An unread item is evidence of nothing"),
        ("a nec:Unread", "a nec:Unread , iop:MajorDepressiveDisorder", "#item>: An unread item is evidence of nothing"),
        ("a nec:Unread", "a nec:Unread ; nec:assertion nec:Affirmed", "#item>: An unread item is no statement"),
        ("a nec:Unread", "a nec:Unread ; nec:addresses adult-admission:3", "#item>: An unread item is no statement"),
        ("a nec:Unread", "a nec:Unread ; nec:documentedIn :note", "#item>: An unread item is no statement"),
        ("a nec:Unread", 'a nec:Unread ; nec:excerpt "x"', "#item>: An unread item is no statement"),
    ],
)
def test_an_unread_item_that_is_not_well_formed_is_refused(
    tmp_path: Path, policy: Policy, before: str, after: str, message: str
) -> None:
    assert before in UNREAD
    with pytest.raises(DocumentationError, match=message):
        read(tmp_path, policy, SOUND + UNREAD.replace(before, after, 1))


@pytest.mark.parametrize(
    "written",
    [
        "2025-06-01T00:00:00",
        "2025-W23-1",
        "2025-06-01+15:00",
        " 2025-06-01",
        "25-06-01",
        "0000-01-01",
        "10000-01-01",
        "2025-6-1",
        "+2025-06-01",
        "２０２５-06-01",
        "",
    ],
)
@pytest.mark.parametrize("place", ["nec:birthDate", "nec:serviceStart", "dcterms:issued", "nec:observed"])
def test_a_date_that_is_not_written_as_one_is_refused(tmp_path: Path, policy: Policy, written: str, place: str) -> None:
    """Python reads weeks, times of day and digits of other scripts as dates, too."""
    chart = (
        SOUND if place in SOUND else SOUND.replace("nec:assertion", f'{place} "2025-06-01"^^xsd:date ; nec:assertion')
    )
    wrong = re.sub(rf'{place} "[^"]*"', f'{place} "{written}"', chart, count=1)
    assert wrong != chart
    with pytest.raises(DocumentationError, match=f"{place}.* xsd:date"):
        read(tmp_path, policy, wrong)


def test_an_unread_item_is_never_evidence(tmp_path: Path, policy: Policy) -> None:
    """Not even with a known code, whose class the policy asks for."""
    item = UNREAD.replace("F32.ABC", "F32.2") + ":item nec:severity nec:Severe ; nec:primary true ."
    plain, stated = (determination(tmp_path, policy, text) for text in (SOUND, SOUND + item))
    found, expected = ([(c.criterion.id, c.status, c.evidence) for c in d.criteria] for d in (stated, plain))
    assert (stated.outcome, found) == (plain.outcome, expected)


LISTED = UNREAD.replace('"problem list, row 7"', ":list") + ':list dcterms:title "Problem list" .'


@pytest.mark.parametrize(
    ("text", "at_once"),
    [
        (SOUND, True),
        (says(PLAN, "nec:lineOfBusiness nec:Medicare"), True),
        (says(REQUEST, 'nec:admitted "2025-06-02"^^xsd:date'), True),
        (says(REQUEST, 'nec:admitted "2026-06-02"^^xsd:date'), False),
        (says(NOTE, "nec:authorKind nec:Provider"), True),
        (says(NOTE, "nec:authorKind nec:Provider , nec:Family"), False),
        (says(STATEMENT, "nec:authorKind nec:Family"), True),
        (says(STATEMENT, "nec:authorKind nec:Admission"), False),
        (SOUND + UNREAD, True),
        (SOUND + LISTED, True),
        (SOUND + UNREAD.replace("nec:about :request ;", ""), False),
        (SOUND + UNREAD.replace("nec:about :request ;", "nec:about :request , :other ;"), False),
        (SOUND + UNREAD.replace('"problem list, row 7"', ":request"), False),
        (SOUND + UNREAD.replace("2025-05-20", "2025-05-32"), False),
    ],
)
def test_the_reader_of_plain_charts_leaves_what_it_does_not_know(policy: Policy, text: str, at_once: bool) -> None:
    assert is_read_at_once(policy, text) == at_once


@pytest.mark.parametrize(
    "text",
    [
        says(PLAN, "nec:lineOfBusiness nec:Medicare"),
        says(PLAN, "nec:funding nec:SelfFunded"),
        says(REQUEST, 'nec:admitted "2025-05-30"^^xsd:date'),
        says(NOTE, "nec:authorKind nec:Provider"),
        says(NOTE, "nec:authorKind nec:Provider") + ":s nec:authorKind nec:Family .",
        SOUND + UNREAD,
        SOUND + LISTED,
        SOUND + LISTED + UNREAD.replace(":item ", ":other ").replace("icd10cm:F32.ABC", "<http://example.org/9>"),
    ],
)
def test_both_readers_read_alike(policy: Policy, text: str) -> None:
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".ttl"], "chart")
    assert fast.read_cases(data, policy) == reading.read_cases(data.graph, policy, data.name)


def test_the_report_names_unread_items_apart_from_statements(policy: Policy) -> None:
    text = SOUND + UNREAD.replace('"problem list, row 7"', ":list") + ':list dcterms:title "Problem list" .'
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".ttl"], "chart")
    kinds = {part.name.rpartition("#")[2]: part.kind for part in of_graph(data, policy).parts}
    assert (kinds["item"], kinds["list"], kinds["s0"]) == ("unread item", "document", "statement")


@pytest.mark.parametrize(("day", "code"), [("2025-05-20", 0), ("2025-06-03", 2), ("last May", 2)])
def test_an_option_says_when_the_stay_of_a_bundle_began(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], day: str, code: int
) -> None:
    path = tmp_path / "bundle.json"
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}))
    assert main(["intake", str(path), "--to", "turtle", *ARGUMENTS, "--admitted", day]) == code
    printed = capsys.readouterr()
    assert ('nec:admitted "2025-05-20"' in printed.out) == (code == 0)
    assert ("admitted" in printed.err) == (code != 0)


def test_a_statement_about_two_requests_belongs_to_each_as_if_it_were_about_it_alone(policy: Policy) -> None:
    path = CASES / "rules" / "time" / "period.ttl"
    cases = read_file(path, policy)
    assert len({s.iri for case in cases for s in case.statements}) < sum(len(case.statements) for case in cases)
    for case in cases:
        (alone,) = reading.read_cases(Graph().parse(data=case.content, format="nt"), policy, case.source)
        assert alone == case


GENERAL = "Medicare, Medicaid and other government programs come before this policy"


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (None, GENERAL),
        ("nec:Medicare", "Medicare's own rules come first"),
        ("nec:Medicaid", "Medicaid's own rules come first"),
        ("nec:OtherGovernment", "The program's own rules come first"),
        ("nec:Commercial", None),
    ],
)
def test_a_government_program_makes_the_advice_specific(
    tmp_path: Path, policy: Policy, line: str | None, said: str | None, engine: Engine
) -> None:
    text = MEDICARE.read_text()
    stated = " ; nec:lineOfBusiness nec:Medicare"
    assert stated in text
    path = tmp_path / "chart.ttl"
    path.write_text(text.replace(stated, f" ; nec:lineOfBusiness {line}" if line else ""))
    (only,) = determine(path, policy, engine=engine)
    programs = [note for note in only.notes if "rules come first" in note or GENERAL in note]
    assert len(programs) == (said is not None)
    assert said is None or said in programs[0]
    assert only.outcome == "criteria-met"


def test_medicare_is_no_funding_but_a_line_of_business(tmp_path: Path, policy: Policy) -> None:
    text = MEDICARE.read_text().replace("nec:lineOfBusiness", "nec:funding")
    with pytest.raises(DocumentationError, match="Medicare, Medicaid and the like belong in nec:lineOfBusiness"):
        read(tmp_path, policy, text)


@pytest.mark.parametrize(
    "text",
    [
        SOUND + UNREAD,
        says(REQUEST, 'nec:admitted "2025-03-31"^^xsd:date'),
        says(NOTE, "nec:authorKind nec:Provider"),
        says(PLAN, "nec:lineOfBusiness nec:Medicaid"),
    ],
    ids=["unread", "admitted", "author kind", "line of business"],
)
def test_streams_of_quads_read_what_single_charts_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".ttl"], "chart")
    triples = sorted(f"{t.subject} {t.predicate} {t.object}" for t in data.triples)
    (tmp_path / "a.nt").write_text("".join(f"{triple} .\n" for triple in triples))
    (tmp_path / "a.nq").write_text("".join(f"{triple} <urn:g> .\n" for triple in triples))
    lines = []
    for name in ("a.nt", "a.nq"):
        assert main(["determine", str(tmp_path / name), "--format", "compact"]) == 0
        lines.append(capsys.readouterr().out)
    assert lines[0] == lines[1] != ""
