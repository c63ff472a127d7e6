"""The charts in data/cases: each has an expectation reasoned by hand from the policy, and gets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reasoner import Policy, determine
from reasoner.chart import sources
from reasoner.logic.fold import Outcome, Status
from tests.conftest import CASES

MANIFESTS = {path.parent: json.loads(path.read_text()) for path in sorted(CASES.rglob("expected.json"))}
CHARTS = sorted(path for path in CASES.rglob("*") if path.suffix in sources.SUFFIXES and path.stem != "expected")


def expectation(chart: Path) -> list[dict]:
    """What is expected of a chart, in the order of its requests; data/cases/README.md has the form."""
    found = MANIFESTS[chart.parent][chart.name]
    return sorted(found, key=lambda wanted: wanted.get("request", "")) if isinstance(found, list) else [found]


def test_every_chart_has_an_expectation_and_every_expectation_a_chart() -> None:
    assert {folder / name for folder, manifest in MANIFESTS.items() for name in manifest} == set(CHARTS)


def test_every_whole_expectation_states_what_other_readings_give() -> None:
    """A small chart may leave it out where none gives another outcome; that none does is checked for it too."""
    wholes = {chart: [wanted for wanted in expectation(chart) if "concerns" not in wanted] for chart in CHARTS}
    assert [str(chart) for chart, all_wanted in wholes.items() if any("readings" not in w for w in all_wanted)] == []


@pytest.mark.parametrize("chart", CHARTS, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_chart(policy: Policy, chart: Path) -> None:
    expected = expectation(chart)
    found = determine(chart, policy)
    assert len(found) == len(expected)
    for determination, wanted in zip(found, expected, strict=True):
        statuses = {r.criterion.id: r.status.value for r in determination.criteria}
        request = wanted.get("request", "")
        assert determination.case.iri.endswith(request)
        if "concerns" in wanted:
            assert {id_: statuses.get(id_) for id_ in wanted["concerns"]} == wanted["concerns"], request
        else:
            spoken = {id_: status for id_, status in statuses.items() if status != "not-documented"}
            assert spoken == wanted.get("statuses", {})
        assert determination.outcome == wanted["outcome"], request
        tried = {other.reading.id: other.outcome.value for other in determination.readings}
        otherwise = {id_: outcome for id_, outcome in tried.items() if outcome != determination.outcome}
        assert otherwise == wanted.get("readings", {}), request
        assert not set(wanted.get("absent", ())) & set(statuses)
        for fragment in wanted.get("notes", ()):
            advice = fragment.startswith("advice:")
            told = [note for note in determination.notes if note.startswith("advice:") == advice]
            assert any(fragment in note for note in told), (request, fragment)
        if "setAside" in wanted:
            assert {aside.words for aside in determination.asides} == set(wanted["setAside"]), request
        if "servicePeriod" in wanted:
            period = wanted["servicePeriod"]
            assert (str(determination.service_start), str(determination.service_end)) == (
                period["start"],
                period["end"],
            )


def test_charts_reach_every_outcome_status_and_leaf(policy: Policy) -> None:
    expected = [wanted for chart in CHARTS for wanted in expectation(chart)]
    assert {wanted["outcome"] for wanted in expected} == {outcome.value for outcome in Outcome}
    seen = {(id_, status) for wanted in expected for id_, status in wanted.get("statuses", {}).items()}
    assert {status for _, status in seen} | {"not-documented"} == {status.value for status in Status}
    leaves = {leaf.id for leaf in policy.versions[0].leaves.values() if leaf.id} - {"substance-use:6-no-cooccurring"}
    assert {leaf for leaf in leaves if (leaf, "met") not in seen} == set()
    assert {leaf for leaf in leaves if (leaf, "not-met") not in seen} == set()
