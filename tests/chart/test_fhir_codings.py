"""Several codings of one thing in FHIR: those that say the same count, those that do not are told apart or noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner.chart.coding import code_systems
from reasoner.policy.model import Policy
from tests.chart.bundles import (
    CONDITION,
    FLAG,
    HCPCS,
    ICD10CM,
    SNOMED,
    MappedResources,
    Resource,
    coded,
    determined,
    with_,
)
from tests.chart.test_fhir_diagnoses import EACH, place

LOCAL = "http://example.org/codes"


def concept(*codings: tuple[str, str]) -> Resource:
    return {"coding": [{"system": system, "code": code} for system, code in codings]}


def noted(found: MappedResources) -> list[str]:
    return [note.partition(": ")[2] for note in found.notes if "it counts by" in note]


@pytest.mark.parametrize(
    "codings",
    [
        [(ICD10CM, "F33.2"), (SNOMED, "36474008")],
        [(ICD10CM, "F33.2"), (SNOMED, "15193003")],
        [(ICD10CM, "F33.2"), (ICD10CM, "F33")],
        [(ICD10CM, "F33.2"), (ICD10CM, "f332")],
        [(ICD10CM, "F33.2"), (SNOMED, "268621008")],
        [(ICD10CM, "F10.20"), (ICD10CM, "F10")],
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_codings_that_say_the_same_count(codings: list[tuple[str, str]], turned: bool) -> None:
    found = MappedResources(with_(CONDITION, code=concept(*codings[:: -1 if turned else 1])))
    assert len(found.statements) == 1
    assert not found.unread
    assert not noted(found)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("resource", [CONDITION, FLAG, *EACH], ids=lambda resource: resource["resourceType"])
def test_known_codings_of_different_disorders_are_unread_one_by_one(resource: Resource, turned: bool) -> None:
    codings = [(ICD10CM, "F33.2"), (ICD10CM, "F10.20"), (SNOMED, "36474008")]
    said = concept(*codings[:: -1 if turned else 1])
    kind = resource["resourceType"]
    found = MappedResources(with_(resource, code=said) if kind in ("Condition", "Flag") else place(resource, said))
    assert not found.statements
    items = [item for item in found.unread if any("stand for different" in r for r in found.values(item, "reason"))]
    assert sorted(found.values(item, "code") for item in items) == [[f"{ICD10CM}/F10.20"], [f"{ICD10CM}/F33.2"]]
    for item in items:
        (reason,) = found.values(item, "reason")
        assert "F33.2 (ICD-10-CM)" in reason
        assert "F10.20 (ICD-10-CM)" in reason


def test_a_refuted_condition_of_two_disorders_denies_neither() -> None:
    refuted = {"coding": [{"code": "refuted"}]}
    found = MappedResources(
        with_(CONDITION, code=coded(ICD10CM, "F33.2", "F41.1"), clinicalStatus=None, verificationStatus=refuted)
    )
    assert not found.statements
    assert len(found.unread) == 2


def test_two_disorders_in_one_condition_affirm_no_diagnosis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disputed = with_(CONDITION, code=coded(ICD10CM, "F33.2", "F41.1"))
    assert "met" not in determined(tmp_path, capsys, disputed).values()
    assert "met" in determined(tmp_path, capsys, with_(CONDITION, code=coded(ICD10CM, "F33.2"))).values()


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ((ICD10CM, "E11.9"), "E11.9 (ICD-10-CM)"),
        ((SNOMED, "73211009"), "73211009 (SNOMED CT)"),
        ((LOCAL, "D1"), "D1 (an unknown code system)"),
        ((HCPCS, "H0015"), "H0015 ("),
    ],
)
@pytest.mark.parametrize("resource", [CONDITION, FLAG, *EACH], ids=lambda resource: resource["resourceType"])
def test_a_code_that_is_not_known_beside_one_that_is_is_noted(
    resource: Resource, other: tuple[str, str], shown: str
) -> None:
    said, kind = concept((ICD10CM, "F33.2"), other), resource["resourceType"]
    found = MappedResources(with_(resource, code=said) if kind in ("Condition", "Flag") else place(resource, said))
    assert len(found.statements) == 1
    (note,) = noted(found)
    assert "F33.2 (ICD-10-CM)" in note
    assert shown in note


def test_an_unread_condition_has_the_code_of_the_finding_among_its_codes() -> None:
    found = MappedResources(with_(CONDITION, code=coded(ICD10CM, "E11.9", "F33.2"), recordedDate="2025"))
    (item,) = found.unread
    assert found.values(item, "code") == [f"{ICD10CM}/F33.2"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("F33.1", "Bipolar disorder"),
        ("F33.1", "Seen again for bipolar disorder (current episode depressed)"),
        ("F41.1", "Panic disorder"),
        ("F33.2", "Alcohol use disorder, severe"),
    ],
)
@pytest.mark.parametrize("resource", [CONDITION, FLAG, *EACH], ids=lambda resource: resource["resourceType"])
@pytest.mark.parametrize("as_display", [False, True])
def test_words_that_name_another_disorder_than_the_code_are_noted(
    resource: Resource, code: str, words: str, as_display: bool
) -> None:
    coding = {"system": ICD10CM, "code": code} | ({"display": words} if as_display else {})
    said = {"coding": [coding]} | ({} if as_display else {"text": words})
    kind = resource["resourceType"]
    found = MappedResources(with_(resource, code=said) if kind in ("Condition", "Flag") else place(resource, said))
    assert len(found.statements) >= 1
    assert noted(found) == [f'it counts by {code} (ICD-10-CM), and its words, "{words}", name something else']


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("F33.1", "Major depressive disorder, recurrent, moderate (disorder)"),
        ("F33.1", "MDD, recurrent; rule out bipolar disorder, major depressive disorder likely"),
        ("F33.1", "depressive disorder"),
        ("F41.9", "Generalized anxiety disorder"),
        ("F43.10", "shell shock"),
        ("F33.1", ""),
    ],
)
def test_words_that_name_the_same_or_nothing_known_are_not(code: str, words: str) -> None:
    assert not noted(MappedResources(with_(CONDITION, code=coded(ICD10CM, code) | {"text": words})))


def test_no_label_of_a_code_names_another_than_the_code(policy: Policy) -> None:
    codes, lexicon = code_systems(policy), policy.lexicon
    for term, schemes in lexicon.schemes.items():
        for scheme in schemes if term in lexicon.codes and term in lexicon.notations else ():
            coding = codes.read(scheme, lexicon.notations[term])
            assert codes.beside([coding], [lexicon.labels.get(term, "")]) == ("", "")


@pytest.mark.parametrize("odd", ["\0", "\x1f", "\x7f"])
def test_a_code_system_that_is_no_iri_is_told_in_words(odd: str) -> None:
    """It spoils neither the bundle nor those beside it."""
    mapped = MappedResources(with_(CONDITION, code=coded(f"http://example.org/a{odd}b", "x1")))
    (node,) = mapped.unread
    assert mapped.values(node, "code") == []
    assert "x1" in mapped.values(node, "words")[0]
