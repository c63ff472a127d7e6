"""ICD-10-CM as SKOS: the file is what its builder writes, and a code says no more than its title does."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest
from rdflib import URIRef

from reasoner import Policy
from reasoner.rdf.namespaces import NEC, RDF, RDFS, SKOS
from reasoner.rdf.terms import iri
from tests.conftest import ROOT

ICD = "http://hl7.org/fhir/sid/icd-10-cm/"
IOP = "https://w3id.org/necessity/mp9556/vocabulary#"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    path = ROOT / "ontology" / "build_icd10cm.py"
    spec = importlib.util.spec_from_file_location("build_icd10cm", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def titles(policy: Policy) -> dict[str, str]:
    """Every code of the scheme with its title."""
    codes = policy.ontology.subjects(SKOS.inScheme, URIRef(ICD.rstrip("/")))
    return {str(code).removeprefix(ICD): str(policy.ontology.value(code, SKOS.prefLabel)) for code in codes}


def stated_value(policy: Policy, code: str, predicate: URIRef) -> str | None:
    value = policy.ontology.value(URIRef(ICD + code), predicate)
    return None if value is None else str(value).removeprefix(str(NEC))


def test_the_file_is_what_its_builder_writes(builder: ModuleType) -> None:
    assert builder.OUTPUT == ROOT / "ontology" / "icd10cm.ttl"
    assert builder.OUTPUT.read_text("utf-8") == builder.build()


def test_it_holds_the_chapter_and_the_circumstances(titles: dict[str, str]) -> None:
    tops = {code[:3] for code in titles if "-" not in code}
    assert {f"Z{number}" for number in (55, 56, 57, 58, 59, 60, 62, 63, 64, 65)} == {t for t in tops if t[0] == "Z"}
    assert {"F01", "F09", "F10", "F19", "F20", "F33", "F43", "F50", "F60", "F84", "F90", "F99"} <= tops
    assert {top[0] for top in tops} == {"F", "Z"}


@pytest.mark.parametrize(
    ("code", "severity", "remission"),
    [
        ("F10.10", "Mild", None),
        ("F11.20", "ModerateOrSevere", None),
        ("F19.239", "ModerateOrSevere", None),
        ("F10.11", None, "InRemission"),
        ("F11.21", None, "InRemission"),
        ("F17.201", None, "InRemission"),
        ("F11.2", None, None),
        ("F10.129", None, None),
        ("F32.0", "Mild", None),
        ("F33.1", "Moderate", None),
        ("F31.5", "Severe", None),
        ("F31.30", None, None),  # "mild or moderate severity, unspecified" names two
        ("F32.4", None, "InPartialRemission"),
        ("F33.42", None, "InFullRemission"),
        ("F33.40", None, "InRemission"),
        ("F31.70", None, "InRemission"),
        ("F30.3", None, "InPartialRemission"),
        ("F50.25", None, "InRemission"),
        ("F32.9", None, None),
    ],
)
def test_a_code_says_what_its_title_says(
    policy: Policy, code: str, severity: str | None, remission: str | None
) -> None:
    assert stated_value(policy, code, NEC.codeSeverity) == severity
    assert stated_value(policy, code, NEC.codeRemission) == remission


@pytest.mark.parametrize(
    "code", ["F20.9", "F34.1", "F40.10", "F41.1", "F42.2", "F43.10", "F44.81", "F60.3", "F63.3", "F84.0", "F90.2"]
)
def test_a_disorder_whose_diagnosis_has_no_severity_stays_without_one(policy: Policy, code: str) -> None:
    below = policy.ontology.transitive_subjects(SKOS.broader, URIRef(ICD + code[:3]))
    assert not [c for c in below if (c, NEC.codeSeverity, None) in policy.ontology]
    assert policy.lexicon.codes[iri(ICD + code)], "it is a disorder all the same"


def test_no_code_has_severity_and_remission(policy: Policy, titles: dict[str, str]) -> None:
    remitted = {code for code in titles if stated_value(policy, code, NEC.codeRemission)}
    assert remitted == {code for code, title in titles.items() if "remission" in title.lower()}
    assert not [code for code in remitted if stated_value(policy, code, NEC.codeSeverity)]
    known = set(policy.ontology.subjects(RDF.type, NEC.Remission))
    assert set(policy.ontology.objects(None, NEC.codeRemission)) == known


def test_use_disorders_are_abuse_and_dependence(policy: Policy, titles: dict[str, str]) -> None:
    """What is used without a disorder that is told (F1x.9), or poisons, is none; nor is what the policy is not about (F17)."""
    ontology = policy.ontology
    top = URIRef(IOP + "SubstanceUseDisorder")
    kinds = {str(name) for name in ontology.transitive_subjects(RDFS.subClassOf, top)}
    stated = {
        code for code in titles if "-" not in code and policy.lexicon.codes.get(iri(ICD + code), frozenset()) & kinds
    }
    assert stated == {code for code in titles if re.match(r"F1[^7]\.[12]", code)}
