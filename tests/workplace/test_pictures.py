"""The picture of a criterion: one node for each term, however many share a notation."""

from __future__ import annotations

import pytest

from reasoner import Policy
from reasoner.policy.model import Criterion
from tests.conftest import ROOT


def test_criteria_that_share_a_notation_are_nodes_apart(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "app"))
    from views import policy as page

    def name(criterion: Criterion) -> str:
        return " ".join(page.paint.names(criterion))

    version = policy.versions[-1]
    alike = [c for c in version.criteria.values() if c.notation == "1" and c.members]
    assert len({name(c) for c in alike}) > 1
    for criterion in alike:
        picture = page._picture(version, criterion).replace("\\n", " ")
        assert f'label="{name(criterion)}" fillcolor' in picture
        others = {name(c) for c in alike} - {name(criterion)}
        shown = {line.partition('label="')[2].partition('"')[0] for line in picture.splitlines() if "->" not in line}
        above = {name(c) for c in version.criteria.values() if criterion.iri in c.members}
        assert not shown & (others - above)
