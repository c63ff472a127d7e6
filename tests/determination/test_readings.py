"""Readings, configurations and assumptions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdflib import Graph, Namespace, URIRef

from reasoner import Policy, PolicyError, UsageError, determine
from reasoner.batch.lines import LineWriter
from reasoner.cli import main
from reasoner.determination.engine import Engine
from reasoner.determination.whatif import assume, next_question
from reasoner.policy.configuration import read_configuration
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, RDF, SH
from reasoner.render.json import to_json
from reasoner.render.overview import overview
from reasoner.render.provenance import to_graph
from reasoner.render.text import render
from tests.conftest import Attestation, chart

IOP = "https://w3id.org/necessity/mp9556/vocabulary#"
INTERPRETATION = "https://w3id.org/necessity/mp9556/2025-04-01/interpretation/"
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
    "impairment-degree/mild", "improvement-duty/conditional", "level-of-care/least",
}  # fmt: skip


def affirmed(policy: Policy, *, but: tuple[str, ...] = ()) -> list[Attestation]:
    ids = (leaf.id for leaf in policy.versions[0].leaves.values() if leaf.id)
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


IMPAIRED = "adult-admission:2-a-impairment"
IMPAIRMENT = """:impaired a iop:FunctionalImpairment ; nec:about :request ; nec:assertion nec:{stance} ;
    nec:documentedIn :note ; nec:observed "2025-06-02"^^xsd:date {rating} ."""
LEVEL = """:level a iop:{level} ; nec:about :request ; nec:assertion nec:{stance} ;
    nec:documentedIn :note ; nec:observed "2025-06-02"^^xsd:date {rating} ."""
ILLINOIS = {"focus": "SubstanceUse", "jurisdiction": "US-IL"}


def statuses_as_read(policy: Policy, leaf: str, reading: str, statement: str, **facts: str) -> tuple[str, str]:
    """The status of a leaf by the default and by another reading, with one statement to it; both engines agree on them."""
    data = chart(affirmed(policy, but=(leaf,)), **facts) + statement
    found = []
    for engine in Engine:
        (determination,) = determine(graph(data), policy, engine=engine)
        (tried,) = (tried for tried in determination.readings if tried.reading.id == reading)
        iri = determination.criterion(leaf).criterion.iri
        found.append((determination.status(leaf).value, tried.evaluation.statuses[iri].value))
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("stance", "rating", "statuses"),
    [
        ("Affirmed", "nec:Minimal", ("not-met", "not-met")),
        ("Affirmed", "nec:Mild", ("not-documented", "met")),
        ("Affirmed", "nec:MildToModerate", ("met", "met")),
        ("Affirmed", "nec:Severe", ("met", "met")),
        ("Affirmed", "", ("met", "met")),
        ("Denied", "", ("not-met", "not-met")),
    ],
)
def test_mild_impairment(policy: Policy, stance: str, rating: str, statuses: tuple[str, str]) -> None:
    statement = IMPAIRMENT.format(stance=stance, rating=f" ; nec:severity {rating}" if rating else "")
    assert statuses_as_read(policy, IMPAIRED, "impairment-degree/mild", statement) == statuses


@pytest.mark.parametrize(
    ("level", "stance", "rating", "statuses"),
    [
        ("AsamLevelOfCare", "Affirmed", "", ("met", "met")),
        ("AsamLevelOfCare", "Affirmed", "2.1", ("met", "met")),
        ("AsamLevelOfCare", "Affirmed", "2.5", ("not-met", "met")),
        ("AsamLevelOfCare", "Affirmed", "3.7", ("not-met", "met")),
        ("AsamLevelOfCare", "Affirmed", "1.7", ("not-met", "not-met")),
        ("AsamLevelOfCare", "Denied", "", ("not-met", "not-met")),
        ("HigherAsamLevel", "Affirmed", "", ("not-met", "met")),
        ("HigherAsamLevel", "Denied", "", ("not-documented", "not-documented")),
        ("LowerAsamLevel", "Affirmed", "", ("not-met", "not-met")),
    ],
)
def test_a_more_intensive_level(
    policy: Policy, level: str, stance: str, rating: str, statuses: tuple[str, str]
) -> None:
    rated = f" ; iop:asamLevel <{IOP}AsamLevel{rating}>" if rating else ""
    statement = LEVEL.format(level=level, stance=stance, rating=rated)
    assert statuses_as_read(policy, "illinois:level", "level-of-care/least", statement, **ILLINOIS) == statuses


def test_the_levels_that_are_enough_follow_one_another(policy: Policy) -> None:
    version, iop = policy.versions[0], Namespace(IOP)
    enough = set(version.ontology.transitive_objects(iop["AsamLevel2.1"], iop.nextAsamLevel))
    head = version.shapes.value(URIRef(f"{INTERPRETATION}level-from-intensive-outpatient"), SH["in"])
    assert set(graphs.members(version.shapes, head)) == enough
    levels = set(version.ontology.subjects(RDF.type, iop.AsamLevel))
    assert set(version.ontology.transitive_objects(iop["AsamLevel0.5"], iop.nextAsamLevel)) == levels


def test_a_leaf_is_told_as_the_one_it_restates(policy: Policy, tmp_path: Path) -> None:
    """Under a chosen reading the leaf goes by the published id, with the evidence of the statements to it."""
    configuration = read_configuration(configure(tmp_path / "r.ttl", "level-of-care-least"), policy)
    data = graph(
        chart(affirmed(policy, but=("illinois:level",)), **ILLINOIS)
        + LEVEL.format(level="HigherAsamLevel", stance="Affirmed", rating="")
    )
    (determination,) = determine(data, policy, configuration=configuration)
    assert determination.outcome == "criteria-met"
    (record,) = (entry for entry in to_json(determination)["criteria"] if entry["id"] == "illinois:level")
    assert [evidence["statement"].rpartition("#")[2] for evidence in record["evidence"]] == ["level"]
    assert not [note for note in determination.notes if "#level" in note and not note.startswith("attested")]
    assert {"illinois:level"} <= {id_ for ground in determination.grounds for id_ in ground}
    assert "level-of-care/default" in {t.reading.id for t in determination.readings if t.outcome == "criteria-not-met"}


IMPROVEMENT_DUTY = [
    ({"1-a", "1-b-progress", "1-b-unstable"}, "criteria-met", "criteria-met"),
    ({"2-a", "2-response"}, "criteria-met", "documentation-needed"),
    ({"3"}, "criteria-met", "documentation-needed"),
    ({"3", "1-a"}, "criteria-met", "criteria-met"),
    ({"3", "2-b", "2-response"}, "criteria-met", "criteria-met"),
    ({"1-a"}, "documentation-needed", "documentation-needed"),
]


@pytest.mark.parametrize(("said", "as_default", "as_duty"), IMPROVEMENT_DUTY)
def test_the_duty_where_there_is_no_improvement(policy: Policy, said: set[str], as_default: str, as_duty: str) -> None:
    ids = [*(f"4-{letter}" for letter in "abcdef"), *sorted(said)]
    data = graph(chart([Attestation(f"adult-continuation:{id_}") for id_ in ids], phase="Continuation"))
    (determination,) = determine(data, policy)
    outcomes = {tried.reading.id: tried.outcome for tried in determination.readings}
    assert (determination.outcome, outcomes["improvement-duty/conditional"]) == (as_default, as_duty)


def test_a_strained_reading_is_tried_and_does_not_count(policy: Policy) -> None:
    """Everything but item 3 is met: only the strained reading asks for it."""
    data = graph(chart(affirmed(policy, but=("adult-continuation:3",)), phase="Continuation"))
    (determination,) = determine(data, policy)
    assert [t.reading.id for t in determination.readings if t.reading.strained] == ["continuation-combination/all"]
    assert [t.reading.id for t in determination.readings if t.outcome != "criteria-met"] == [
        "continuation-combination/all"
    ]
    assert determination.holds_under_all_readings is True
    assert determination.holds_under_strained_readings is False
    record = to_json(determination)
    assert (record["holdsUnderAllReadings"], record["holdsUnderStrainedReadings"]) == (True, False)
    (stated,) = to_graph([determination]).objects(None, NEC.holdsUnderStrainedReadings)
    assert stated.toPython() is False
    text = render(determination)
    assert f"the outcome holds under all {len(ALL) - 1} other readings" in text
    assert "continuation-combination/all: items 1 to 4 all required (strained) would give documentation-needed" in text
    assert "none depends" in overview([determination])
    writer = LineWriter(policy)
    ((_, _, line),) = writer.lines(determination.case)
    assert line == writer.brief(determination)
    assert (json.loads(line)["holds"], json.loads(line)["holdsStrained"]) == (True, False)
    assumed = {id_ for id_, _, _ in assume(determination, {"adult-continuation:3": "denied"}).readings}
    assert assumed == ALL - {"continuation-combination/all"}
    (untried,) = determine(data, policy, alternatives=False)
    assert untried.holds_under_strained_readings is None


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
    (other,) = (r for r in record["readings"] if (r["id"], r["alternative"]) == ("severity-scope", "default"))
    assert other["outcome"] == "documentation-needed"
    assert other["statuses"]["adult-admission:1-severity"] == "not-documented"
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
