"""The member's name and number and the payer's reference: read for people, and no part of what decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.chart.reading import read_cases
from reasoner.chart.tables import sheet
from reasoner.determination.determine import determine_case
from reasoner.determination.model import Determination
from reasoner.ground.errors import DocumentationError
from tests.conftest import CASES

CHART = CASES / "mp9556" / "adult-admission" / "criteria-met.ttl"
NAMED = """
:request dcterms:identifier "A-2025-17" .
:member skos:prefLabel "Ruth \\"Ray\\" Okafor" ; dcterms:identifier "M 0042" .
"""


def statuses(determination: Determination) -> tuple[str, dict[str, str]]:
    return determination.outcome, {result.criterion.id: result.status for result in determination.criteria}


def test_a_chart_says_who_and_under_which_number(tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "named.ttl"
    path.write_text(CHART.read_text() + NAMED)
    (plain,), (named,) = read_file(CHART, policy), read_file(path, policy)
    assert (named.reference, named.member_name, named.member_number) == ("A-2025-17", 'Ruth "Ray" Okafor', "M 0042")
    assert (plain.reference, plain.member_name, plain.member_number) == ("", "", "")
    (before,), (after,) = determine_case(plain, policy), determine_case(named, policy)
    assert statuses(after) == statuses(before)


def test_a_chart_says_where_letters_go_and_what_protects_the_records(tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "addressed.ttl"
    path.write_text(
        CHART.read_text()
        + ':member nec:address "1 Elm St" ; nec:confidentialAddress "Box 2" . :request nec:part2Records true .'
    )
    (plain,), (case,) = read_file(CHART, policy), read_file(path, policy)
    assert (case.member_address, case.confidential_address, case.has_part2_records) == ("1 Elm St", "Box 2", True)
    assert (plain.member_address, plain.confidential_address, plain.has_part2_records) == ("", "", False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (':request dcterms:identifier "1" , "2" .', "single text"),
        (':member skos:prefLabel "Ruth"@en .', "without a language"),
        (':member dcterms:identifier "1" , "2" .', "member number"),
        (':member nec:address "1" , "2" .', "nec:address has to be a single text"),
        (":member nec:confidentialAddress 1 .", "nec:confidentialAddress has to be a single text"),
        (':request nec:part2Records "yes" .', "single true or false"),
        (':program dcterms:identifier "1" , "2" .', "National Provider Identifier"),
        (':program nec:fax "1" , "2" .', "nec:fax has to be a single text"),
        (":program nec:telephone 1 .", "nec:telephone has to be a single text"),
    ],
)
def test_one_text_each(wrong: str, message: str, tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "wrong.ttl"
    path.write_text(CHART.read_text() + wrong)
    with pytest.raises(DocumentationError, match=message):
        read_file(path, policy)


def test_a_sheet_has_columns_for_them(policy: Policy) -> None:
    head = "request,phase,focus,service_start,birth_date,jurisdiction,Member name,member number,reference,finding,assertion,recorded,document,author,issued"
    row = "r1,admission,mental health,2025-06-02,1984-02-19,US-MO,Ruth Okafor,0042,A-17,SafetyPlan,affirmed,2025-06-02,Plan,R. E.,2025-06-02"
    provider = ",provider_name,provider NPI,provider_address,provider_phone,Provider fax"
    stated = ",Harbor IOP,1234567893,3 Oak Ave,555 0101,555 0102"
    for more, cells, names in (
        ("", "", ("", "", "", "", "")),
        (provider, stated, ("Harbor IOP", "1234567893", "3 Oak Ave", "555 0101", "555 0102")),
    ):
        (found,) = sheet.read(f"{head}{more}\n{row}{cells}\n".encode(), "s", policy)
        (case,) = read_cases(found.data_set().graph, policy, "s")
        assert (case.member_name, case.member_number, case.reference) == ("Ruth Okafor", "0042", "A-17")
        told = case.provider_name, case.provider_npi, case.provider_address, case.provider_phone, case.provider_fax
        assert told == names
