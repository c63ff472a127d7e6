"""The charts in data/cases: each has an expectation reasoned by hand from the policy, and gets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reasoner import Policy, determine
from reasoner.logic.fold import Outcome, Status
from tests.conftest import CASES

MANIFESTS = {path.parent: json.loads(path.read_text()) for path in sorted(CASES.rglob("expected.json"))}
CHARTS = sorted(path for path in CASES.rglob("*") if path.is_file() and path.stem != "expected")


def expectation(chart: Path) -> list[dict]:
    found = MANIFESTS[chart.parent][chart.name]
    return found if isinstance(found, list) else [found]


def test_every_chart_has_an_expectation_and_every_expectation_a_chart() -> None:
    assert {folder / name for folder, manifest in MANIFESTS.items() for name in manifest} == set(CHARTS)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_chart(policy: Policy, chart: Path) -> None:
    found = determine(chart, policy, alternatives=False)
    expected = expectation(chart)
    assert len(found) == len(expected)
    for determination, wanted in zip(found, expected, strict=True):
        statuses = {r.criterion.id: r.status.value for r in determination.criteria}
        spoken = {id_: status for id_, status in statuses.items() if status != "not-documented"}
        assert spoken == wanted.get("statuses", {})
        assert determination.outcome == wanted["outcome"]
        assert not set(wanted.get("absent", ())) & set(statuses)
        for fragment in wanted.get("notes", ()):
            remarks = [note for note in determination.notes if not note.startswith("advice:")]
            assert any(fragment in note for note in remarks), fragment
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
    leaves = {leaf.id for leaf in policy.versions[0].leaves.values()} - {"substance-use:6-no-cooccurring"}
    assert {leaf for leaf in leaves if (leaf, "met") not in seen} == set()
    assert {leaf for leaf in leaves if (leaf, "not-met") not in seen} == set()
