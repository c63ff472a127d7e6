"""Facts beside a finding: a value that is none of its kind is refused by node or row, by both readers, and is never an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import DocumentationError, Policy, determine
from reasoner.chart.intake import read_file
from reasoner.cli import main
from tests.conftest import request

DAYS = ":s a iop:ProgramDays ; nec:about :request ; nec:documentedIn :note ; nec:assertion nec:{stance} ; iop:daysPerWeek {value} ."
HOURS = ":s a iop:ProgramHours ; nec:about :request ; nec:documentedIn :note ; nec:assertion nec:Affirmed ; {facts} ."
HEADER = "request,phase,focus,service_start,birth_date,jurisdiction,finding,assertion,observed,document,author,issued,iop:daysPerWeek"
ROW = "{name},admission,mental-health,2025-06-02,1984-05-05,US-MO,ProgramDays,affirmed,2025-06-01,Plan,R. Example,2025-06-01,{days}"


@pytest.mark.parametrize("stance", ["Affirmed", "Denied"])
@pytest.mark.parametrize(
    "value", ['"3-5"', '"5 days"', '"five"', '"5"', "5.0", "9", "-1", '"x"^^xsd:integer', "3 , 4", "iop:WorkDomain"]
)
def test_days_that_are_no_number_of_days_are_refused(tmp_path: Path, policy: Policy, value: str, stance: str) -> None:
    (tmp_path / "a.ttl").write_text(request() + DAYS.format(value=value, stance=stance))
    with pytest.raises(DocumentationError, match=r"a\.ttl: <http://example.org/chart#s>: iop:daysPerWeek has to be"):
        determine(tmp_path / "a.ttl", policy)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ('iop:hoursPerWeek "12"', "iop:hoursPerWeek"),
        ('iop:hoursPerWeek "9 to 12"', "iop:hoursPerWeek"),
        ("iop:hoursPerWeek 169", "iop:hoursPerWeek"),
        ("iop:clinicalHoursPerWeek -0.5", "iop:clinicalHoursPerWeek"),
        ('iop:hoursPerWeek 12 ; iop:recreationalHoursPerWeek "some"', "iop:recreationalHoursPerWeek"),
    ],
)
def test_hours_that_are_no_number_of_hours_are_refused(tmp_path: Path, policy: Policy, facts: str, name: str) -> None:
    (tmp_path / "a.ttl").write_text(request() + HOURS.format(facts=facts))
    with pytest.raises(DocumentationError, match=f"{name} has to be one number of hours"):
        determine(tmp_path / "a.ttl", policy)


@pytest.mark.parametrize(("value", "status"), [("2", "not-met"), ("3", "met"), ("7", "met"), ("0", "not-met")])
def test_days_are_judged_where_they_are_stated(tmp_path: Path, policy: Policy, value: str, status: str) -> None:
    (tmp_path / "a.ttl").write_text(request() + DAYS.format(value=value, stance="Affirmed"))
    assert determine(tmp_path / "a.ttl", policy)[0].status("description:days") == status


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        ("iop:functionalDomain iop:AsamLevel2.1", "domain"),
        ('iop:functionalDomain "work"', "domain"),
        ("iop:asamLevel iop:WorkDomain", "level"),
        ("iop:asamEdition 3", "edition"),
        ("iop:asamDimension iop:AsamThirdEdition", "dimension"),
        ("iop:medication iop:WorkDomain", "medication"),
        ("iop:substance iop:WorkDomain", "substance"),
        ('iop:substance "alcohol"', "substance"),
        ("iop:factor iop:WorkDomain", "factor"),
        ("iop:factor adult-admission:8-b", "factor"),
        ("nec:severity 3", "degree"),
    ],
)
def test_a_fact_that_is_none_of_its_vocabulary_is_refused(tmp_path: Path, policy: Policy, fact: str, kind: str) -> None:
    (tmp_path / "a.ttl").write_text(request() + HOURS.format(facts=fact))
    with pytest.raises(DocumentationError, match=f"#s>: .* has to be an? {kind} of"):
        determine(tmp_path / "a.ttl", policy)


@pytest.mark.parametrize("fact", ['nec:remission "partial"', "nec:remission nec:Mild", "nec:remission true , false"])
def test_a_remission_is_one_of_the_known_ones_or_yes_or_no(tmp_path: Path, policy: Policy, fact: str) -> None:
    (tmp_path / "a.ttl").write_text(request() + HOURS.format(facts=fact))
    with pytest.raises(DocumentationError, match="#s>: nec:remission has to be a single"):
        determine(tmp_path / "a.ttl", policy)


@pytest.mark.parametrize(
    "fact",
    [
        "nec:remission nec:InPartialRemission",
        "nec:remission true",
        "iop:substance iop:Alcohol , iop:Opioids",
        "iop:symptom iop:InsomniaSymptom",
        'iop:symptom "hair pulling"',
        "iop:factor adult-admission:8-a-iii",
        "iop:functionalDomain iop:SelfCareDomain",
    ],
)
def test_facts_of_the_vocabulary_are_taken(tmp_path: Path, policy: Policy, fact: str) -> None:
    (tmp_path / "a.ttl").write_text(request() + HOURS.format(facts=fact))
    assert determine(tmp_path / "a.ttl", policy)[0].status("description:hours") == "met"


@pytest.mark.parametrize("form", ["text", "compact"])
def test_the_rows_of_a_sheet_are_refused_by_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    rows = [ROW.format(name=f"r{number}", days=days) for number, days in enumerate(("5", "3-5", "five", "5 days"), 1)]
    (tmp_path / "a.csv").write_text("\n".join([HEADER, *rows]))
    assert main(["determine", str(tmp_path / "a.csv"), "--format", form]) == 3
    printed = capsys.readouterr()
    assert "request:r1" in printed.out
    rejected = [line for line in printed.err.splitlines() if ": row " in line]
    assert [line.split(": ")[2].split(" <")[0] for line in rejected] == ["row 3", "row 4", "row 5"]
    assert all("iop:daysPerWeek has to be one whole number of days from 0 to 7" in line for line in rejected)


def test_streams_of_quads_refuse_what_single_charts_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyoxigraph as ox

    quads = []
    for number, value in enumerate(("3", '"3"', "8"), 1):
        text = request() + DAYS.format(value=value, stance="Affirmed")
        for quad in ox.parse(input=text.replace("chart#", f"chart{number}#"), format=ox.RdfFormat.TURTLE):
            quads.append(ox.Quad(*quad.triple, ox.NamedNode(f"urn:g{number}")))
    (tmp_path / "a.nq").write_bytes(ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"")
    assert main(["determine", str(tmp_path / "a.nq"), "--format", "compact"]) == 3
    printed = capsys.readouterr()
    assert [line.count('"request":"http://example.org/chart1#request"') for line in printed.out.splitlines()] == [1]
    assert sum(line.startswith("rejected: ") for line in printed.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("iop:substance", "opioids", "<https://w3id.org/necessity/mp9556/vocabulary#Opioids>"),
        ("iop:symptom", "iop:InsomniaSymptom", "<https://w3id.org/necessity/mp9556/vocabulary#InsomniaSymptom>"),
        ("iop:symptom", "hair: pulling", '"hair: pulling"'),
        ("iop:factor", "adult-admission:8-a-iii", "<https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/8-a-iii>"),
        ("nec:remission", "nec:InPartialRemission", "<https://w3id.org/necessity/core#InPartialRemission>"),
        ("nec:remission", "true", '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'),
    ],
)  # fmt: skip
def test_a_column_of_a_sheet_can_name_a_term_a_criterion_or_words(
    tmp_path: Path, policy: Policy, column: str, cell: str, value: str
) -> None:
    header, row = HEADER.replace("iop:daysPerWeek", column), ROW.format(name="r1", days=cell)
    (tmp_path / "a.csv").write_text(f"{header}\n{row}")
    (case,) = read_file(tmp_path / "a.csv", policy)
    (statement,) = case.statements
    assert value in {stated for _, stated in statement.facts}
