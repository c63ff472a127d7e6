"""A policy version as text, and the kinds of request whose shapes can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from reasoner import Policy
from reasoner.cli import main
from reasoner.ground.errors import UsageError
from reasoner.policy.describe import choose_version, criterion, effective, readings, shapes, tree
from reasoner.rdf.namespaces import NEC, SH
from tests.cases import day
from tests.policies import all_of, any_of, interpretation, leaf, policy, replacing, version

GROUP = any_of("g", leaf("b", conditional=True, ask="Say so."), leaf("c"))
FIRST = version(all_of("s", leaf("a")), valid=(day(1), day(10)))
SECOND = version(
    all_of("s", leaf("a"), GROUP),
    exclusions=(leaf("x"),),
    valid=(day(11), None),
    interpretations=(interpretation("lack", plain=(), without=(replacing("a"),)),),
)

SKETCH = policy(FIRST, SECOND)


def test_the_latest_version_is_taken_if_none_is_named() -> None:
    assert choose_version(policy(FIRST, SECOND), None) is SECOND


@pytest.mark.parametrize("name", ["sketch/2025-06-01", "2025-06-01"])
def test_a_version_is_named_by_its_id_or_by_its_date(name: str) -> None:
    assert choose_version(policy(FIRST, SECOND), name) is FIRST


def test_a_version_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"no version '2025'.*sketch/2025-06-01, sketch/2025-06-11"):
        choose_version(policy(FIRST, SECOND), "2025")


def test_the_tree_has_a_line_a_criterion_and_says_how_groups_combine() -> None:
    assert tree(SECOND).splitlines() == [
        "Sketch",
        "sketch/2025-06-11, in force from 2025-06-11",
        "",
        "s  label of s: all of",
        "  a  label of a",
        "  g  label of g: any of",
        "    b  label of b",
        "    c  label of c",
        "",
        "exclusions  label of exclusions: each by itself",
        "  x  label of x",
        "",
        "parameters, which a configuration may set",
        "  label of ageOfMajority  18  (0 to 150)  <https://w3id.org/necessity/core#ageOfMajority>",
        "  label of window  7  (0 to 150)  <urn:parameter:window>",
    ]


def test_a_group_is_told_with_its_parts() -> None:
    lines = criterion(SKETCH, SECOND, "g").splitlines()
    assert lines[0] == "g  label of g: any of"
    assert lines[-2:] == ["  part      b  label of b", "  part      c  label of c"]


def test_a_leaf_is_told_with_what_is_asked_and_its_finding() -> None:
    lines = criterion(SKETCH, SECOND, "b").splitlines()
    assert "  ask       Say so." in lines
    assert "  may be stated not applicable" in lines
    assert "  finding   urn:finding:b" in lines


def test_a_criterion_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="neither a criterion nor a finding has 'q'"):
        criterion(SKETCH, SECOND, "q")


def test_readings_are_told_with_what_they_do() -> None:
    lines = readings(SECOND).splitlines()
    assert lines[0] == "lack  lack"
    assert "    lack/plain (default): plain" in lines
    assert "    lack/without: without" in lines
    assert "        So: nothing in place of a" in lines


ADMISSION = {"phase": "admission", "focus": "mental-health"}


@pytest.mark.parametrize(
    ("words", "jurisdiction", "problem"),
    [
        ({"focus": "mental-health"}, "US-MO", "kind of request is not said.*--phase"),
        ({"phase": "admission"}, "US-MO", "kind of request is not said.*--focus"),
        (ADMISSION, None, "kind of request is not said.*--jurisdiction"),
        (ADMISSION, "US-XX", "no jurisdiction 'US-XX'"),
        (ADMISSION, "admission", "no jurisdiction 'admission'"),
    ],
)
def test_a_kind_of_request_is_said_in_full(
    policy: Policy, words: dict[str, str], jurisdiction: str | None, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        effective(policy.versions[0], words, jurisdiction, minor=False)


def test_the_shapes_of_a_kind_of_request_target_the_sections_that_apply(policy: Policy) -> None:
    version = policy.versions[0]
    text = shapes(version, ADMISSION, "US-MO", minor=False)
    targeted = set(Graph().parse(data=text, format="turtle").subjects(SH.targetClass, NEC.ReviewRequest))
    routed = {section.criterion.iri for section in effective(version, ADMISSION, "US-MO", minor=False).sections}
    assert {section for section in version.sections if URIRef(section) in targeted} == routed
    assert routed < set(version.sections)


def test_what_a_configuration_sets_is_shown_beside_the_policys_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaf = "https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/3"
    (tmp_path / "payer.ttl").write_text(
        "@prefix nec: <https://w3id.org/necessity/core#> .\n"
        f"<urn:payer> a nec:Configuration ; nec:ageOfMajority 19 . <{leaf}> nec:lookback 30 ."
    )
    config = ["--config", str(tmp_path / "payer.ttl")]
    assert main(["policy", "show", "adult-admission:3", *config]) == 0
    assert (
        "  lookback  from 30 days before the start of service (by the policy itself: 180 days)"
        in capsys.readouterr().out
    )
    assert main(["policy", "show", *config]) == 0
    tree = capsys.readouterr().out
    assert "  adult-admission:3  30 days  (180 days by the policy itself)" in tree
    assert "  age of majority  19  (0 to 150; 18 by the policy itself)" in tree
