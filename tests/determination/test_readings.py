"""Readings, configurations and assumptions."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy, PolicyError, UsageError, determine
from reasoner.cli import main
from reasoner.determination.whatif import assume, next_question
from reasoner.policy.configuration import read_configuration
from reasoner.render.json import to_json
from reasoner.render.provenance import to_graph
from tests.conftest import Attestation, chart

CONFIGURATION = """
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix interpretation: <https://w3id.org/necessity/mp9556/2025-04-01/interpretation/> .
<https://payer.example/readings> a nec:Configuration ; skos:prefLabel "Example payer" ;
    nec:chosenReading {} .
"""
ALL = {
    "continuation-combination/all", "continuation-combination/any", "lack-of-improvement/both", "phases/both",
    "minor-community/both", "illinois-scope/narrow", "illinois-scope/broad", "illinois-scope/fourth",
    "illinois-funding/state", "description-force/required", "severity-scope/any", "substance-use-6/co-occurring",
}  # fmt: skip


def affirmed(policy: Policy, *, but: tuple[str, ...] = ()) -> list[Attestation]:
    ids = (leaf.id for leaf in policy.versions[0].leaves.values())
    return [Attestation(id_) for id_ in ids if not id_.startswith("exclusions") and id_ not in but]


def configure(path: Path, *readings: str) -> Path:
    path.write_text(CONFIGURATION.format(" , ".join(f"interpretation:{r}" for r in readings)))
    return path


def graph(turtle: str) -> Graph:
    return Graph().parse(data=turtle, format="turtle")


@pytest.mark.parametrize(
    ("facts", "missing", "differing"),
    [
        ({}, "adult-admission:1-severity", {"severity-scope/any"}),
        ({"phase": "Continuation"}, "adult-continuation:4-d", {"continuation-combination/any"}),
        ({"focus": "SubstanceUse", "phase": "Continuation"}, "adult-admission:3", {"phases/both"}),
        ({"birth": "2012-01-01"}, "adult-admission:4", {"minor-community/both"}),
        ({"focus": "SubstanceUse"}, "substance-use:6-relapse", {"substance-use-6/co-occurring"}),
        ({}, "description:days", {"description-force/required"}),
        (
            {"focus": "SubstanceUse", "jurisdiction": "US-IL"},
            "illinois:level",
            {"illinois-scope/narrow", "illinois-funding/state"},
        ),
        (
            {"focus": "SubstanceUse", "jurisdiction": "US-IL"},
            "substance-use:4",
            {"illinois-scope/broad", "illinois-scope/fourth"},
        ),
    ],
)
def test_which_reading_decides(policy: Policy, facts: dict[str, str], missing: str, differing: set[str]) -> None:
    """One missing leaf, and the readings that ask for it where the default does not, or the other way round."""
    (determination,) = determine(graph(chart(affirmed(policy, but=(missing,)), **facts)), policy)
    assert {tried.reading.id for tried in determination.readings} == ALL
    assert {
        tried.reading.id for tried in determination.readings if tried.outcome is not determination.outcome
    } == differing
    assert determination.holds_under_all_readings is False


@pytest.mark.parametrize(
    "facts",
    [
        {"focus": "SubstanceUse"},
        {"focus": "SubstanceUse", "phase": "Continuation", "jurisdiction": "US-IL", "birth": "2012-01-01"},
    ],
)
def test_an_alternative_is_what_a_direct_evaluation_gives(
    policy: Policy, tmp_path: Path, facts: dict[str, str]
) -> None:
    data = graph(chart(affirmed(policy, but=("adult-admission:1-severity", "substance-use:4")), **facts))
    (determination,) = determine(data, policy)
    for tried in determination.readings:
        path = tmp_path / "readings.ttl"
        configure(path, tried.reading.iri.rpartition("/")[2])
        (direct,) = determine(data, policy, configuration=read_configuration(path, policy), alternatives=False)
        assert direct.outcome is tried.outcome, tried.reading.id
        assert direct.evaluation.statuses == tried.evaluation.statuses


def test_a_chosen_reading_is_recorded(policy: Policy, tmp_path: Path) -> None:
    configuration = read_configuration(configure(tmp_path / "r.ttl", "severity-scope-any"), policy)
    data = graph(chart(affirmed(policy, but=("adult-admission:1-severity",))))
    (determination,) = determine(data, policy, configuration=configuration)
    assert determination.outcome == "criteria-met"
    record = to_json(determination)
    assert record["chosenReadings"] == ["severity-scope/any"]
    assert {"id": "severity-scope", "alternative": "default", "outcome": "documentation-needed"} in record["readings"]
    assert any(str(o) == "https://payer.example/readings" for o in to_graph([determination]).objects())


def test_readings_that_meet_on_one_criterion(policy: Policy, tmp_path: Path) -> None:
    """What is said of a class of requests goes before what is said of all."""
    configuration = read_configuration(
        configure(tmp_path / "r.ttl", "continuation-combination-all", "illinois-scope-broad"), policy
    )
    facts = {"focus": "SubstanceUse", "phase": "Continuation", "jurisdiction": "US-IL"}
    (determination,) = determine(graph(chart(affirmed(policy), **facts)), policy, configuration=configuration)
    assert determination.outcome == "criteria-met"
    assert not any(r.criterion.id.startswith("adult-continuation") for r in determination.criteria)


@pytest.mark.parametrize(
    ("readings", "problem"),
    [
        (("nothing",), "has no reading"),
        (("severity-scope-any", "severity-scope-default"), "readings of one passage"),
    ],
)
def test_a_configuration_that_cannot_be(
    policy: Policy, tmp_path: Path, readings: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(PolicyError, match=problem):
        read_configuration(configure(tmp_path / "r.ttl", *readings), policy)


def test_a_file_without_a_configuration(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "r.ttl"
    path.write_text(chart([]))
    with pytest.raises(PolicyError, match="0 resources"):
        read_configuration(path, policy)


def test_assumptions(policy: Policy) -> None:
    (determination,) = determine(graph(chart(affirmed(policy, but=("adult-admission:6-emergency",)))), policy)
    yes = assume(determination, {"adult-admission:6-emergency": "affirmed"})
    assert (yes.before.value, yes.after.value) == ("documentation-needed", "criteria-met")
    assert [change.criterion.id for change in yes.changes] == [
        "adult-admission", "adult-admission:6", "adult-admission:6-emergency",
    ]  # fmt: skip
    assert assume(determination, {"adult-admission:6-emergency": "denied"}).after == "criteria-not-met"
    assert assume(determination, {"exclusions:3": "affirmed"}).after == "excluded"
    assert determination.outcome == "documentation-needed"
    for stances, problem in (
        ({"adult-admission:6": "affirmed"}, "is a group"),
        ({"nothing:1": "affirmed"}, "not asked"),
        ({"adult-admission:3": "perhaps"}, "cannot be assumed"),
        ({"adult-admission:3": "not-applicable"}, "unconditional"),
    ):
        with pytest.raises(UsageError, match=problem):
            assume(determination, stances)


def test_the_next_question_is_in_most_ways(policy: Policy) -> None:
    (determination,) = determine(
        graph(chart(affirmed(policy, but=("adult-admission:7-a", "adult-admission:7-b", "adult-admission:3")))), policy
    )
    question = next_question(determination)
    assert (question.criterion.id, question.ways, question.of) == ("adult-admission:3", 2, 2)
    assert (question.if_denied, question.if_affirmed) == ("criteria-not-met", "documentation-needed")
    assert question.ways_if_affirmed == 2
    (done,) = determine(graph(chart(affirmed(policy))), policy)
    assert next_question(done) is None


def test_explain(policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(chart(affirmed(policy, but=("adult-admission:7-a", "adult-admission:7-b"))))
    assert main(["explain", str(path)]) == 0
    out = capsys.readouterr().out
    assert "or instead: adult-admission:7-b" in out
    assert "Ask next: adult-admission:7-a" in out
    assert main(["explain", str(path), "adult-admission:7"]) == 0
    out = capsys.readouterr().out
    assert "not documented" in out
    assert "part of adult-admission" in out
    assert "To complete it, document one line (2)" in out
    assert main(["explain", str(path), "--assume", "adult-admission:7-a=affirmed"]) == 0
    assert "criteria-met, not documentation-needed" in capsys.readouterr().out
    assert main(["explain", str(path), "nothing:1"]) == 2
    assert main(["explain", str(path), "--assume", "adult-admission:7=affirmed"]) == 2
    (tmp_path / "minor.ttl").write_text(chart([], birth="2012-01-01").replace("example.org", "minor.example.org"))
    assert main(["explain", str(tmp_path), "child-adolescent:3"]) == 3
    captured = capsys.readouterr()
    assert "child-adolescent:3  " in captured.out
    assert "'child-adolescent:3' is not asked" in captured.err
    assert main(["determine", str(path), "--readings", "default", "--format", "json"]) == 0
    assert '"holdsUnderAllReadings": null' in capsys.readouterr().out
