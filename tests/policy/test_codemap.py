"""A code map of one's own: its codes are read beside the vocabulary's, and what it must not say is an error with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reasoner import Policy, load_policy
from reasoner.cli import main
from reasoner.ground.errors import PolicyError
from reasoner.rdf import terms
from tests.chart.bundles import ARGUMENTS, CONDITION, SNOMED, bundle, coded, with_

LOCAL = "http://example.org/codes"
CSV = """\
system,code,label,class,broader,broader_system,severity,remission
http://example.org/codes,DEP-3,severe depression,MajorDepressiveDisorder,,,severe,
SNOMED CT,191611001,recurrent depression,,F33.1,ICD-10-CM,Moderate,
http://example.org/codes,DEP-R,depression in remission,iop:MajorDepressiveDisorder,,,,in full remission
"""
TURTLE = """\
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix iop: <https://w3id.org/necessity/mp9556/vocabulary#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix icd10cm: <http://hl7.org/fhir/sid/icd-10-cm/> .
@prefix sct: <http://snomed.info/id/> .
@prefix local: <http://example.org/codes/> .
<http://example.org/codes> a skos:ConceptScheme ; skos:prefLabel "house codes"@en ; nec:codedKind nec:Condition .
local:DEP-3 a skos:Concept ; skos:inScheme <http://example.org/codes> ; skos:notation "DEP-3" ;
    nec:codeClass iop:MajorDepressiveDisorder ; nec:codeSeverity nec:Severe .
sct:191611001 a skos:Concept ; skos:inScheme <http://snomed.info/sct> ; skos:notation "191611001" ;
    skos:broadMatch icd10cm:F33.1 ; nec:codeSeverity nec:Moderate .
local:DEP-R a skos:Concept ; skos:inScheme <http://example.org/codes> ; skos:notation "DEP-R" ;
    nec:codeClass iop:MajorDepressiveDisorder ; nec:codeRemission nec:InFullRemission .
"""


def written(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "text"), [("map.csv", CSV), ("map.ttl", TURTLE)])
def test_its_codes_are_read_and_it_is_named_in_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    chart = tmp_path / "bundle.json"
    chart.write_bytes(
        bundle(
            with_(CONDITION, id="local", code=coded(LOCAL, "dep-3")),
            with_(CONDITION, id="snomed", code=coded(SNOMED, "191611001"), recordedDate="2025-06-03"),
        )
    )
    path = written(tmp_path, text, name)
    assert main(["--codes", str(path), "determine", str(chart), "--format", "json", *ARGUMENTS]) == 0
    record = json.loads(capsys.readouterr().out)
    record = record[0] if isinstance(record, list) else record
    leaves = {c["id"]: c for c in record["criteria"]}
    assert leaves["adult-admission:1-diagnosis"]["status"] == "met"
    assert leaves["adult-admission:1-severity"]["status"] == "met"
    (named,) = record["codeMaps"]
    assert named.startswith(f"{name} (SHA-256 ")
    assert record["policyDigest"] != load_policy("mp9556").digest


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    said = []
    for name, text in (("map.csv", CSV), ("map.ttl", TURTLE)):
        lexicon = load_policy("mp9556", codes=written(tmp_path, text, name)).lexicon
        codes = [terms.of(iri) for iri in (f"{LOCAL}/DEP-3", f"{LOCAL}/DEP-R", "http://snomed.info/id/191611001")]
        said.append([(lexicon.codes[code], lexicon.coded.get(code)) for code in codes])
    assert said[0] == said[1]


def test_without_a_map_nothing_is_named(policy: Policy) -> None:
    assert policy.sources.maps_named == ()


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "problem"),
    [
        ("map.csv", "MajorDepressiveDisorder,,,severe", "Melancholy,,,severe", 2, "no such finding class"),
        ("map.csv", ",severe,", ",dreadful,", 2, "no such severity"),
        ("map.csv", "in full remission", "gone", 4, "no such remission"),
        ("map.csv", "F33.1", "F33.77", 3, "broader code is not known"),
        ("map.csv", "191611001", "370143000", 3, "known already"),
        ("map.csv", "DEP-R", "DEP-3", 4, "twice"),
        ("map.csv", "SNOMED CT", "Snowmed", 3, "code system is not known"),
        ("map.csv", ",F33.1,", ",,", 3, "does not say what the code stands for"),
        ("map.csv", ",remission\n", ",remission,color\n", 1, "no column 'color'"),
        ("map.csv", "ICD-10-CM,Moderate,", "ICD-10-CM", 3, "more or fewer cells"),
        ("map.ttl", "iop:MajorDepressiveDisorder ; nec:codeS", "iop:Melancholy ; nec:codeS", 9, "no finding class"),
        ("map.ttl", "nec:codeSeverity nec:Severe", "nec:codeSeverity nec:Dire", 9, "no severity"),
        ("map.ttl", "icd10cm:F33.1", "icd10cm:F33.77", 11, "no concept"),
        ("map.ttl", "sct:191611001", "sct:370143000", 10, "known already"),
        ("map.ttl", 'skos:notation "DEP-R" ;', "", 12, "lacks skos:inScheme or skos:notation"),
        ("map.ttl", "nec:codedKind nec:Condition", "nec:denied nec:Condition", 7, "nothing that a code map says"),
    ],
)
def test_what_it_must_not_say_is_an_error_with_its_line(
    tmp_path: Path, name: str, old: str, new: str, line: int, problem: str
) -> None:
    text = CSV if name.endswith(".csv") else TURTLE
    assert old in text
    path = written(tmp_path, text.replace(old, new, 1), name)
    with pytest.raises(PolicyError, match=problem) as caught:
        load_policy("mp9556", codes=path)
    assert f"{path}, line {line}" in caught.value.where
