"""Lines of briefs: what their writer remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.batch import lines
from reasoner.chart.intake import read_file
from tests.conftest import Attestation, chart


def test_kinds_of_requests_are_remembered_up_to_a_limit(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_KINDS", 2)
    writer, path = lines.LineWriter(policy), tmp_path / "chart.ttl"
    sound = chart([Attestation("adult-admission:3")])
    outcomes = set()
    for number in range(5):
        path.write_text(sound.replace("a nec:ReviewRequest", f"a nec:ReviewRequest , <urn:class:{number}>"))
        (case,) = read_file(path, policy)
        outcomes |= {outcome for _, outcome, _ in writer.lines(case)}
        assert len(writer._forms) <= 2
    assert outcomes == {"documentation-needed"}
