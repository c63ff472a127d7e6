"""Two versions of a policy held against each other, and charts under both."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import Policy, load_policy
from reasoner.assurance.diff import compare, diff
from reasoner.chart.intake import read_file
from reasoner.cli import main
from reasoner.render.difference import render, render_changes
from tests.conftest import ROOT, write_toy


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def toy(root: Path) -> Policy:
    return load_policy("toy", root=root)


def test_each_kind_of_difference_and_nothing_else(toy: Policy) -> None:
    differences = [(d.kind, d.id, d.aspect) for d in diff(*toy.versions)]
    assert differences == [
        ("added", "criteria:1-c", ""),
        ("removed", "exclusions", ""),
        ("removed", "exclusions:1", ""),
        ("reworded", "criteria:1", "label"),
        ("recombined", "criteria:1", "kind"),
        ("recombined", "criteria:1", "parts"),
        ("retested", "criteria:1-b", "shapes"),
        ("readings", "plan", "passage"),
        ("version", "", "in force"),
        ("version", "", "lists"),
        ("version", "", "admission window"),
    ]
    text = render(diff(*toy.versions))
    assert "- criteria:1-a, criteria:1-b\n    + criteria:1-a, criteria:1-b, criteria:1-c" in text


def test_what_evidence_counts_is_told_apart(tmp_path: Path) -> None:
    path = write_toy(tmp_path) / "ontology/toy/2031-01-01.ttl"
    text, leaf = path.read_text(), "criteria:1-a a nec:Leaf"
    assert leaf in text
    more = "nec:lookback nec:SinceAdmission ; nec:speaksOnlyFrom nec:Provider ; nec:supersededPer nec:severity ; nec:holdsFor nec:Some"
    text = text.replace(leaf, f"criteria:1-a {more} ; a nec:Leaf", 1)
    path.write_text(text.replace("nec:ageOfMajority 18", "nec:assumedStay 30 ; nec:ageOfMajority 18", 1))
    told = {(d.id, d.aspect): (d.before, d.after) for d in diff(*load_policy("toy", root=tmp_path).versions)}
    core = "https://w3id.org/necessity/core#"
    assert told["criteria:1-a", "lookback"] == ("any age", "since admission")
    assert told["criteria:1-a", "speaksOnlyFrom"] == ("", f"{core}Provider")
    assert told["criteria:1-a", "supersededPer"] == ("", f"{core}severity")
    assert told["criteria:1-a", "holdsFor"] == ("", f"{core}Some")
    assert told["", "assumed stay"] == ("", "30 days")


def test_a_version_does_not_differ_from_itself(toy: Policy, policy: Policy) -> None:
    for version in (*toy.versions, *policy.versions):
        assert diff(version, version) == ()
    assert render(()) == "the versions say the same\n"


def test_determinations_that_change(toy: Policy, root: Path) -> None:
    """The plan is taken back: the older version asks for both parts, the later for one."""
    text = (root / "chart.ttl").read_text()
    later, earlier = text.rpartition("nec:Affirmed")[::2]
    (root / "denied.ttl").write_text(f"{later}nec:Denied{earlier}")
    (case,) = read_file(root / "denied.ttl", toy)
    change = compare(case, toy, *toy.versions)
    assert (change.before, change.after) == ("criteria-not-met", "criteria-met")
    assert ("criteria:1", "not-met", "met") in change.statuses
    assert ("criteria:1-c", "", "not-documented") in change.statuses
    assert "criteria:1-b" not in [id_ for id_, _, _ in change.statuses]
    same = compare(case, toy, toy.versions[0], toy.versions[0])
    assert not same.changed
    assert "1 of 2 unchanged" in render_changes([change, same])


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--policies", str(root), "--policy", "toy", "policy", "diff", "2030-01-01", "toy/2031-01-01"]
    assert main([*command, str(root / "chart.ttl")]) == 0
    out = capsys.readouterr().out
    assert "Criteria added" in out
    assert "criteria-met as before" in out
    assert main([*command[:-1], "2099-01-01"]) == 2


def test_nothing_depends_on_the_name_of_a_version(policy: Policy, tmp_path: Path) -> None:
    """A mechanical copy of the installed version, under another IRI, says the same."""
    old, new = "/2025-04-01", "/2099-01-01"
    for kind in ("ontology", "shapes"):
        for path in sorted((ROOT / kind / "mp9556").rglob("*.ttl")):
            target = tmp_path / kind / "mp9556" / path.relative_to(ROOT / kind / "mp9556")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text().replace(old, new))
    (copied,) = load_policy("mp9556", root=tmp_path).versions
    assert diff(policy.versions[0], copied) == ()
