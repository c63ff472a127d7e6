"""Charts that a person tries out in the workplace give what the command gives."""

from __future__ import annotations

import json
from pathlib import Path

from reasoner import Policy
from reasoner.cli import main
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.trial import as_csv, run_trial
from tests.chart.test_bulk import patient
from tests.conftest import CASES


def test_the_csv_of_a_trial_is_that_of_a_batch(policy: Policy, tmp_path: Path) -> None:
    chart = CASES / "mp9556" / "adult-admission" / "homelessness-with-need.ttl"
    trial = run_trial(chart.name, chart.read_bytes(), policy, WorkplaceSettings())
    assert main(["determine", str(chart), "--format", "csv", "--out", str(tmp_path / "csv")]) == 0
    assert as_csv([trial]) == (tmp_path / "csv").read_text()


def test_what_a_bundle_does_not_say_can_be_said_beside_it(policy: Policy) -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient("p")}]}
    trial = run_trial("b.json", json.dumps(bundle).encode(), policy, WorkplaceSettings())
    assert "the bundle states no phase. Say it beside the bundle" in " ".join(trial.errors)
    assert not trial.briefs
