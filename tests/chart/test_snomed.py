"""What the SNOMED CT ids of records that were seen say: a current disorder, one in remission, or none at all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.rdf import terms
from tests.chart.bundles import CONDITION, INPUTS, IOP, NEC, SNOMED, cases, coded, determined, verhoeff, with_

DISORDERS = {
    "6525002": ("OtherSubstanceUseDisorder", ""),
    "10811121000119102": ("MajorDepressiveDisorder", ""),
    "15193003": ("MajorDepressiveDisorder", "Severe"),
    "191765005": ("BorderlinePersonalityDisorder", ""),
    "10875004": ("BipolarDisorder", "Severe"),
    "5602001": ("OpioidUseDisorder", ""),
    "370143000": ("MajorDepressiveDisorder", ""),
    "105421000119105": ("NeurocognitiveDisorder", ""),
    "21897009": ("GeneralizedAnxietyDisorder", ""),
    "13746004": ("BipolarDisorder", ""),
    "9340000": ("BipolarDisorder", ""),
    "1153575004": ("PersistentDepressiveDisorder", ""),
    "268621008": ("MajorDepressiveDisorder", ""),
    "10981006": ("BipolarDisorder", "Severe"),
    "231536004": ("NeurodevelopmentalDisorder", ""),
    "36923009": ("MajorDepressiveDisorder", ""),
    "47505003": ("PosttraumaticStressDisorder", ""),
    "7200002": ("AlcoholUseDisorder", ""),
    "310496002": ("DepressiveDisorder", "Moderate"),
    "723914003": ("ProlongedGriefDisorder", ""),
    "39898005": ("SleepWakeDisorder", ""),
    "192127007": ("AttentionDeficitDisorder", ""),
}
"""Disorders with the severity that the id states."""
REMITTED = {"12969000": "BipolarIIDisorder"}
NO_DISORDER = {
    "361055000": "SubstanceMisuse",
    "10939881000119105": "SubstanceMisuse",
    "32911000": "Homelessness",
    "80583007": "PanicEpisode",
    "225624000": "PanicEpisode",
    "225444004": "SuicideRisk",
    "371422002": "PastSubstanceMisuse",
}
"""Findings, circumstances, risks and histories."""
SUBSTANCES = {"6525002", "5602001", "7200002"}


def known(policy: Policy, id_: str) -> tuple[set[str], set[str]]:
    """The finding classes of an id and the severity or remission that it states."""
    concept = terms.of(f"http://snomed.info/id/{id_}")
    classes = {name.removeprefix(IOP) for name in policy.lexicon.codes[concept]}
    return classes, {terms.name(value).removeprefix(NEC) for _, value in policy.lexicon.coded.get(concept, ())}


@pytest.mark.parametrize("id_", [*DISORDERS, *REMITTED, *NO_DISORDER])
def test_an_id_stands_for_its_class_and_states_no_more(policy: Policy, id_: str) -> None:
    assert verhoeff(id_)
    classes, stated = known(policy, id_)
    if id_ in DISORDERS:
        name, severity = DISORDERS[id_]
        assert stated == ({severity} if severity else set())
    elif id_ in REMITTED:
        name = REMITTED[id_]
        assert stated == {"InFullRemission"}
    else:
        name = NO_DISORDER[id_]
        assert not stated
    assert name in classes


@pytest.mark.parametrize("id_", DISORDERS)
def test_a_current_disorder_is_the_diagnosis(tmp_path: Path, capsys: pytest.CaptureFixture[str], id_: str) -> None:
    focus = "substance-use" if id_ in SUBSTANCES else "mental-health"
    found = determined(tmp_path, capsys, with_(CONDITION, code=coded(SNOMED, id_)), focus=focus)
    assert found["adult-admission:1-diagnosis"] == "met"
    graded = {"Moderate": "met", "Severe": "met"}.get(DISORDERS[id_][1])
    assert found.get("adult-admission:1-severity") == graded


@pytest.mark.parametrize("id_", [*REMITTED, *NO_DISORDER])
@pytest.mark.parametrize("focus", ["mental-health", "substance-use"])
def test_what_is_no_current_disorder_is_never_the_diagnosis(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], id_: str, focus: str
) -> None:
    condition = with_(CONDITION, code=coded(SNOMED, id_))
    (case,) = cases(tmp_path, condition)
    assert len(case.statements) == 1
    found = determined(tmp_path, capsys, condition, focus=focus)
    assert found.get("adult-admission:1-diagnosis") != "met"
    assert "adult-admission:1-severity" not in found


def test_each_id_that_was_seen_with_words_is_known(policy: Policy) -> None:
    seen = INPUTS / "snomed-seen.tsv"
    if not seen.exists():
        pytest.skip(f"{seen} is not here")
    with seen.open(encoding="utf-8", newline="") as stream:
        rows = [(row[0], row[1]) for row in csv.reader(stream, delimiter="\t")][1:]
    with_words = {code for code, display in rows if not display.startswith("(published without")}
    assert with_words == {*DISORDERS, *REMITTED, *NO_DISORDER}
    assert all(known(policy, code)[0] for code in with_words)
