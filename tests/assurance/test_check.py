"""The policy as data: its ids, its check, guards against engines that fail open, and a second policy of Turtle alone."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from reasoner import EngineError, Policy, PolicyError, determine, load_policy
from reasoner.assurance.check import _authored, _composed, check
from reasoner.cli import main
from reasoner.determination.engine import Engine
from reasoner.policy.model import CriterionKind
from tests.conftest import ROOT, Attestation, chart, write_toy

KINDS = {"all": CriterionKind.ALL, "any": CriterionKind.ANY, "leaf": CriterionKind.LEAF, "list": CriterionKind.LIST}


def test_ids_are_the_contract(policy: Policy) -> None:
    version = policy.versions[0]
    with (ROOT / "tests" / "criteria.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows if row["id"] not in version.by_id] == []
    assert len(rows) == len(version.by_id)
    for row in rows:
        criterion = version.by_id[row["id"]]
        assert (criterion.kind, criterion.notation) == (KINDS[row["kind"]], row["notation"])
        assert criterion.conditional == (row["flag"] == "conditional")
        if row["parent"]:
            assert criterion.iri in version.by_id[row["parent"]].members


@pytest.mark.slow
def test_the_policy_passes_its_check(policy: Policy) -> None:
    pytest.importorskip("owlready2", reason="owlready2 (extra check) is not installed")
    assert check(policy) == []


def test_a_file_of_a_policy_is_short_enough_to_read() -> None:
    files = [path for kind in ("ontology", "shapes") for path in (ROOT / kind).rglob("*.ttl")]
    lengths = {path.name: len(path.read_text().splitlines()) for path in files}
    assert [name for name, length in lengths.items() if length > 500] == ["icd10cm.ttl"], (
        "which is a table that is built"
    )


def copy_of_the_policy(root: Path) -> Path:
    for name in ("ontology", "shapes"):
        shutil.copytree(ROOT / name / "mp9556", root / name / "mp9556")
    return root


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[ sh:class iop:CapableOfEngagement ]", "[ sh:nodeKind sh:IRI ]"),
        ("sh:class iop:CapableOfEngagement", "sh:class iop:CapableOfEngagment"),
        (
            "sh:property adult-admission:3-documented , adult-admission:3-undisputed",
            "sh:property adult-admission:3-undisputed",
        ),
    ],
)
def test_a_leaf_that_fails_open_is_an_error(tmp_path: Path, old: str, new: str) -> None:
    path = copy_of_the_policy(tmp_path) / "shapes/mp9556/2025-04-01/adult-admission.ttl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    with pytest.raises(EngineError, match="adult-admission/3"):
        determine(tmp_path / "chart.ttl", load_policy("mp9556", root=tmp_path))


@pytest.mark.parametrize("leaf", ["EmergencyServicesAccess", "SafetyPlan"])
def test_the_wrong_class_in_one_leafs_denial_is_found_out(tmp_path: Path, leaf: str) -> None:
    path = copy_of_the_policy(tmp_path) / "shapes/mp9556/2025-04-01/adult-admission.ttl"
    old, new = (
        f"sh:path nec:denied ;\n    sh:qualifiedValueShape [ sh:class iop:{name} ]"
        for name in (leaf, "WillingnessToEngage")
    )
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    changed = load_policy("mp9556", root=tmp_path)
    expected = "adult-admission/6-.*the engine answers denial with not-documented instead of not-met"
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    for engine in Engine:
        with pytest.raises(EngineError, match=expected):
            determine(tmp_path / "chart.ttl", changed, engine=engine)
    with pytest.raises(EngineError, match=expected):
        list(_composed(changed))


def test_the_command_tells_what_the_check_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_toy(tmp_path) / "shapes/toy/2030-01-01.ttl"
    path.write_text(path.read_text().replace("sh:path nec:denied", "sh:path nec:denid", 1))
    assert main(["--policies", str(tmp_path), "policy", "check"]) == 2
    printed = capsys.readouterr()
    assert "the engine answers denial with not-documented instead of not-met" in printed.out
    assert "core#denid> is not declared" in printed.out
    assert "necessity:" not in printed.err


def test_a_detail_of_which_no_shape_says_what_it_has_to_be_is_a_problem(tmp_path: Path) -> None:
    path = copy_of_the_policy(tmp_path) / "shapes/mp9556/facts.ttl"
    path.write_text(path.read_text().replace("intake:days-per-week , ", "", 1))
    problems = list(_authored(load_policy("mp9556", root=tmp_path)))
    assert len(problems) == 1
    assert problems[0].startswith(
        "<https://w3id.org/necessity/mp9556/vocabulary#daysPerWeek>: What this detail has to be"
    )


def test_a_misspelt_term_is_refused_when_the_policy_is_loaded(tmp_path: Path) -> None:
    path = copy_of_the_policy(tmp_path) / "shapes/mp9556/2025-04-01/adult-admission.ttl"
    path.write_text(path.read_text().replace("sh:class iop:CapableOfEngagement", "sh:clas iop:CapableOfEngagement"))
    with pytest.raises(PolicyError, match="'clas'"):
        load_policy("mp9556", root=tmp_path)


def test_criteria_that_form_a_cycle(tmp_path: Path) -> None:
    path = copy_of_the_policy(tmp_path) / "shapes/mp9556/2025-04-01/adult-admission.ttl"
    text = path.read_text()
    old = "sh:or ( adult-admission:7-a adult-admission:7-b )"
    assert old in text
    path.write_text(text.replace(old, "sh:or ( adult-admission:7-a adult-admission:7 )"))
    (tmp_path / "chart.ttl").write_text(chart([]))
    with pytest.raises(PolicyError, match="cycle"):
        determine(tmp_path / "chart.ttl", load_policy("mp9556", root=tmp_path))


def test_no_such_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy"):
        load_policy("nothing", root=tmp_path)


def test_the_policy_of_the_contributing_guide_works(tmp_path: Path) -> None:
    """A second policy, written out in CONTRIBUTING.md, needs no line of Python."""
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"```turtle\n# (\S+\.ttl)\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) >= 3
    for name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    policy = load_policy("toy", root=tmp_path)
    (determination,) = determine(tmp_path / "chart.ttl", policy)
    assert determination.outcome == "criteria-met"
