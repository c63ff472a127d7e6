"""Code systems: the form of their codes and the ranges that these lie in, as the vocabulary states them."""

from __future__ import annotations

import pytest
import simple_icd_10_cm as icd

from reasoner import Policy
from reasoner.policy.code_systems import CodeRange, CodeSystem

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.fixture(scope="module")
def icd10cm(policy: Policy) -> CodeSystem:
    return next(system for system in policy.lexicon.systems if system.iri == ICD10CM)


def test_every_code_of_the_release_has_the_form_and_lies_in_its_own_chapter(icd10cm: CodeSystem) -> None:
    codes = [code for code in icd.get_all_codes() if "-" not in code and not icd.is_chapter(code)]
    assert len(codes) > 90_000
    for code in codes[::7]:
        assert icd10cm.is_formed(code)
        assert icd10cm.is_formed(code.replace(".", "").lower())
        chapter = icd.get_description(icd.get_ancestors(code)[-1])
        within = icd10cm.range_of(code)
        assert within
        if not code.startswith(("F", "Z")):  # of the others the chapter alone is listed
            assert chapter == f"{within.label} ({within.notation})"


def test_the_narrowest_range_is_found(icd10cm: CodeSystem) -> None:
    found = {code: icd10cm.range_of(code) for code in ("F45.43", "f4543", "Z59.99", "Z91.199", "F00")}
    assert {code: within and within.notation for code, within in found.items()} == {
        "F45.43": "F40-F48",
        "f4543": "F40-F48",
        "Z59.99": "Z55-Z65",
        "Z91.199": "Z00-Z99",
        "F00": None,
    }


@pytest.mark.parametrize(
    "text", ["", "F3", "F3.31", "FO1", "F33.", "F33.12345", "F33.1 F41.1", "33.1", "Angst", "F33-F39"]
)
def test_what_is_no_code_does_not_have_the_form(icd10cm: CodeSystem, text: str) -> None:
    assert not icd10cm.is_formed(text)


def test_a_category_is_a_range_of_one() -> None:
    assert CodeRange("F33").holds("F33.1")
    assert not CodeRange("F33").holds("F34.1")
    assert CodeRange("O00-O9A").holds("O9A.211")
