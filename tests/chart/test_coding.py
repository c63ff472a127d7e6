"""Codes as people write them: one repair where it is clear what is meant, and the true reason where it is not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner import Policy
from reasoner.chart.coding import CodeSystems, code_systems
from reasoner.chart.intake import read
from reasoner.rdf import terms
from tests.chart.bundles import CONDITION, HCPCS, ICD10CM, LOINC, ORDER, PHQ9, SNOMED, MappedResources, coded, with_
from tests.explore import examples

F331 = f"{ICD10CM}/F33.1"
OID = "urn:oid:2.16.840.1.113883.6."


@pytest.fixture(scope="module")
def systems(policy: Policy) -> CodeSystems:
    return code_systems(policy)


@pytest.mark.parametrize(
    ("system", "code", "repaired"),
    [
        (ICD10CM, "F33.1", False),
        (ICD10CM, "F331", True),
        (ICD10CM, "f33.1", True),
        (ICD10CM, " F33.1 ", True),
        (ICD10CM, "f 331", True),
        (f"{OID}90", "F33.1", False),
        ("2.16.840.1.113883.6.90", "F33.1", False),
        ("https://hl7.org/fhir/sid/icd-10-cm", "F33.1", True),
        (f"{ICD10CM}/", "F33.1", True),
        (f" {ICD10CM.upper()} ", "F33.1", True),
        (f"{ICD10CM}|2025", "F33.1", True),
        ("ICD-10-CM", "F33.1", False),
        ("icd10cm", "F33.1", False),
        (SNOMED, "18818009", False),
        (f"{SNOMED}/731000124108/version/20230901", "18818009", False),
        (f"{SNOMED}/900000000000207008", "18818009", False),
        ("https://snomed.info/sct/731000124108/version/20230901", "18818009", True),
        (f"{OID}96", "18818009", False),
        (SNOMED, "18818009 |words of the record|", True),
    ],
)
def test_a_condition_is_read_as_it_is_meant(system: str, code: str, repaired: bool) -> None:
    found = MappedResources(with_(CONDITION, code=coded(system, code)))
    (statement,) = found.statements
    (concept,) = [t.object for t in found.triples if t.subject == statement and t.predicate.value.endswith("core#code")]
    assert concept.value == ("http://snomed.info/id/18818009" if code.startswith("18818009") else F331)
    assert any(" is read as " in note for note in found.notes) is repaired


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (coded("http://hl7.org/fhir/sid/icd-10", "F33.1"), "its code is of ICD-10 of the WHO, another code system"),
        (coded(f"{OID}3", "F33.1"), "its code is of ICD-10 of the WHO, another code system"),
        (coded("http://hl7.org/fhir/sid/icd-10/de", "F33.1"), "its code is of ICD-10 of the WHO, another code system"),
        (coded("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "F33.1"), "its code is of ICD-10-GM, another code system"),
        (coded("http://hl7.org/fhir/sid/icd-10-ca", "F33.1"), "its code is of ICD-10-CA, another code system"),
        (coded("http://hl7.org/fhir/sid/icd-9-cm", "296.32"), "its code is of ICD-9-CM, another code system"),
        (coded(ICD10CM, "E11.9"), "none of those of ICD-10-CM that are known here"),
        (coded(ICD10CM, "E11.9"), "it lies in E00-E89, Endocrine, nutritional and metabolic diseases"),
        (coded(ICD10CM, "F4543"), "known here; it lies in F40-F48, Anxiety, dissociative"),
        (coded(ICD10CM, "F00.0"), "none of those of ICD-10-CM that are known here, and lies in no chapter of it"),
        (coded(ICD10CM, "F3.31"), "its code does not have the form of a code of ICD-10-CM"),
        (coded(ICD10CM, "F33.1 F41.1"), "does not have the form of a code of ICD-10-CM"),
        (coded(SNOMED, "F33.1"), "does not have the form of a code of SNOMED CT"),
        (coded(SNOMED, "73211009"), "none of those of SNOMED CT that are known here"),
        (coded(SNOMED, "370143000:246112005=24484000"), "expression made of codes of SNOMED CT (post-coordinated)"),
        (coded(SNOMED, "21897009+370143000"), "expression made of codes of SNOMED CT (post-coordinated)"),
        (coded(SNOMED, "=== 370143000 |Depression| : 246112005 = 24484000"), "(post-coordinated)"),
        (coded(SNOMED, "370143000 |Depression| + 47505003"), "(post-coordinated)"),
        (coded(SNOMED, "3.70143E+8"), "does not have the form of a code of SNOMED CT"),
        (coded(SNOMED, "http://snomed.info/id/370143000"), "does not have the form of a code of SNOMED CT"),
        (coded("http://example.org/codes", "F33.1"), "of a code system that is not known here"),
        (coded("http://example.org/hl7.org/fhir/sid/icd-10-cm", "F33.1"), "of a code system that is not known here"),
        ({"coding": [{"code": "F33.1"}]}, "its code names no code system"),
        ({"text": "recurrent depression"}, "it has no code, only words"),
        (None, "it has neither code nor words"),
    ],
)
def test_a_condition_that_is_not_read_says_the_true_reason(code: object, reason: str) -> None:
    found = MappedResources(with_(CONDITION, code=code))
    assert not found.statements
    assert any(reason in note for note in found.notes), found.notes


def test_a_code_that_is_a_number_is_read_as_its_digits() -> None:
    number = {"coding": [{"system": SNOMED, "code": 370143000}]}
    found = MappedResources(with_(CONDITION, code=number))
    assert [found.values(statement, "code") for statement in found.statements] == [["http://snomed.info/id/370143000"]]
    assert any("its code is a number, and is read as text" in note for note in found.notes)
    unknown = MappedResources(with_(CONDITION, code={"coding": [{"system": SNOMED, "code": 73211009}]}))
    assert any("none of those of SNOMED CT" in note for note in unknown.notes)
    counted = MappedResources(with_(PHQ9, code={"coding": [{"system": SNOMED, "code": 73211009}]}))
    assert any("no rule reads observations of its code" in note for note in counted.notes)


def test_one_coding_that_is_read_is_enough() -> None:
    both = {"coding": [*coded("http://hl7.org/fhir/sid/icd-10", "F33.1")["coding"], *coded(ICD10CM, "F332")["coding"]]}
    found = MappedResources(with_(CONDITION, code=both))
    assert [found.values(statement, "code") for statement in found.statements] == [[f"{ICD10CM}/F33.2"]]


@pytest.mark.parametrize("system", [f"{OID}1", "https://loinc.org", "http://loinc.org/"])
def test_other_resources_are_read_likewise(system: str) -> None:
    found = MappedResources(with_(PHQ9, code=coded(system, "44261-6")))
    assert len(found.statements) == 1


@pytest.mark.parametrize("system", [f"{OID}285", HCPCS.replace("http:", "https:")])
def test_an_order_is_read_likewise(system: str) -> None:
    plain, named = MappedResources(ORDER), MappedResources(with_(ORDER, code=coded(system, "s9480")))
    assert [plain.values(s, "assertion") for s in plain.statements] == [
        named.values(s, "assertion") for s in named.statements
    ]
    assert plain.statements


def test_what_is_repaired_in_a_resource_that_is_not_used_is_no_note() -> None:
    found = MappedResources(with_(CONDITION, code=coded(ICD10CM, "F331"), recordedDate=None))
    assert not found.statements
    assert not any(" is read as " in note for note in found.notes)


@pytest.mark.parametrize("system", [SNOMED, "https://snomed.info/sct", f"{OID}96"])
@pytest.mark.parametrize("code", ["24484000", " 24484000", "24484000\t"])
def test_the_code_of_a_severity_is_read_without_spaces_at_its_ends(system: str, code: str) -> None:
    found = MappedResources(with_(CONDITION, code=coded(ICD10CM, "F41.1"), severity=coded(system, code)))
    (statement,) = found.statements
    assert found.values(statement, "severity") == ["Severe"]
    assert any(" is read as 24484000" in note for note in found.notes) is (code != "24484000")


def test_the_severity_of_one_condition_is_not_that_of_another() -> None:
    mild = with_(CONDITION, id="mild", code=coded(ICD10CM, "F41.1"), severity=coded(SNOMED, "255604002"))
    found = MappedResources(mild, with_(CONDITION, id="other", code=coded(ICD10CM, "F43.10")))
    severities = {found.values(s, "code")[0].rpartition("/")[2]: found.values(s, "severity") for s in found.statements}
    assert severities == {"F41.1": ["Mild"], "F43.10": []}


@examples(60)
@given(random=st.randoms(use_true_random=False))
def test_case_spaces_and_a_missing_dot_never_change_the_code(policy: Policy, random: random.Random) -> None:
    systems = code_systems(policy)
    term, schemes = random.choice(sorted(policy.lexicon.schemes.items()))
    scheme, notation = random.choice(sorted(schemes)), policy.lexicon.notations.get(term)
    if notation is None:
        return
    written = notation.replace(".", "") if random.random() < 0.5 else notation
    written = "".join(random.choice((c.upper(), c.lower())) + random.choice(("", "", " ")) for c in written)
    coding = systems.read(scheme, written)
    assert coding.concept == terms.name(term), (scheme, notation, written)
    assert bool(coding.note) is (written != notation)
    assert systems.read(scheme, notation).note == ""


def test_a_code_without_a_system_is_read_if_one_system_has_it(systems: CodeSystems) -> None:
    assert systems.read("", "F33.1").concept == F331
    assert systems.read("", "f331").concept == F331
    assert systems.read("", "no such code").reason == "it is a code of no code system that is known here"


def test_an_unknown_code_has_the_iri_that_its_system_gives_it(systems: CodeSystems) -> None:
    assert systems.read(f"{OID}90", "E11.9").iri == f"{ICD10CM}/E11.9"
    assert systems.read(SNOMED, "111482003").iri == "http://snomed.info/id/111482003"
    assert systems.read("ICD-10", "F33.1").iri == "http://hl7.org/fhir/sid/icd-10/F33.1"
    assert systems.read("http://example.org/codes", "1").iri == ""
    assert systems.read("LOINC", "44261-6").system == LOINC


SHEET = (
    "request,phase,focus,service_start,birth_date,jurisdiction,code,system,assertion,document,author,issued,excerpt\n"
    "r1,admission,mental-health,2025-06-02,1980-05-05,US-MO,{code},{system},affirmed,Note,R. Example,2025-06-02,Words.\n"
)


@pytest.mark.parametrize(
    ("code", "system", "iri"),
    [
        ("18818009", "SNOMED CT", "http://snomed.info/id/18818009"),
        ("18818009", "http://snomed.info/sct", "http://snomed.info/id/18818009"),
        ("18818009", "sct", "http://snomed.info/id/18818009"),
        ("18818009", "", "http://snomed.info/id/18818009"),
        ("f331", "ICD-10-CM", F331),
        ("F331", "urn:oid:2.16.840.1.113883.6.90", F331),
        ("F331", "", F331),
        ("6813", "RxNorm", "https://w3id.org/necessity/mp9556/vocabulary#Methadone"),
    ],
)
def test_a_sheet_has_codes_as_people_write_them(policy: Policy, code: str, system: str, iri: str) -> None:
    (case,), errors, notes = read("s.csv", policy, data=SHEET.format(code=code, system=system).encode())
    assert errors == []
    assert any(" is read as " in note for note in notes) is (code.casefold() == "f331")
    (statement,) = case.statements
    assert (terms.of("https://w3id.org/necessity/core#code"), terms.iri(iri)) in statement.facts


@pytest.mark.parametrize(
    ("code", "system", "reason"),
    [
        ("F33.1", "ICD-10", "its code is of ICD-10 of the WHO, another code system"),
        ("F33.1", "SNOMED CT", "its code does not have the form of a code of SNOMED CT"),
        ("F33.1", "house codes", "of a code system that is not known here"),
        ("X1", "", "it is a code of no code system that is known here"),
    ],
)
def test_a_sheet_says_why_a_code_is_not_read(policy: Policy, code: str, system: str, reason: str) -> None:
    (case,), errors, (note,) = read("s.csv", policy, data=SHEET.format(code=code, system=system).encode())
    assert errors == []
    assert case.statements == ()
    assert reason in case.unread[0].reason
    assert "row 2, column 'code'" in note


@pytest.mark.parametrize(
    ("words", "concepts"),
    [
        ("Meets criteria for a depression (f33.1).", ["F33.1"]),
        ("Dx: F331, that is F33.1.", ["F33.1"]),
        ("F33.1 beside diabetes, E11.9.", ["F33.1"]),
        ("F33.1 and F10.20", ["F10.20", "F33.1"]),
        ("Major depressive disorder, recurrent,\nmoderate", ["F33.1"]),
        ("Generalized anxiety disorder; alcohol dependence, uncomplicated.", ["F10.20", "F41.1"]),
        ("Major depressive disorder, recurrent", []),  # there are narrower ones
        ("Insomnia. Call 5551234567, or 10.20 p.m. on 2026-02-09.", []),
    ],
)
def test_a_text_names_concepts_by_their_codes_or_by_whole_labels(
    systems: CodeSystems, words: str, concepts: list[str]
) -> None:
    assert systems.named_in(words) == [f"{ICD10CM}/{code}" for code in concepts]
