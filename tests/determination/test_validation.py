"""Validation of the toy policy with the reference engine: what leaves answer, and shapes that would fail open."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from reasoner import load_policy
from reasoner.determination.validation import evaluate
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status
from reasoner.policy.model import PolicyVersion
from reasoner.rdf.namespaces import NEC, RDF
from tests.conftest import write_toy

TOY = "https://example.org/toy/2030-01-01/"
NEED, PLAN, TRAINING = f"{TOY}criteria/1-a", f"{TOY}criteria/1-b", f"{TOY}exclusions/1"
FINDING = {NEED: "JointStiffness", PLAN: "ExercisePlan", TRAINING: "AthleticTraining"}
REQUEST = "urn:request"


pytestmark = pytest.mark.usefixtures("core_alone")


@pytest.fixture(scope="module")
def toy(core_alone: None, tmp_path_factory: pytest.TempPathFactory) -> PolicyVersion:
    return load_policy("toy", root=write_toy(tmp_path_factory.mktemp("toy"))).versions[0]


def evidence(*attested: tuple[URIRef, str]) -> Graph:
    """An evidence graph of a request in which leaves are affirmed or denied."""
    data = Graph()
    data.add((URIRef(REQUEST), RDF.type, NEC.ReviewRequest))
    for number, (relation, leaf) in enumerate(attested):
        data.add((URIRef(REQUEST), relation, URIRef(f"urn:s{number}")))
        data.add((URIRef(f"urn:s{number}"), RDF.type, URIRef(f"https://example.org/toy/vocabulary#{FINDING[leaf]}")))
    return data


@pytest.mark.parametrize(
    ("attested", "need", "training"),
    [
        ((), Status.NOT_DOCUMENTED, Status.NOT_DOCUMENTED),
        ((NEC.affirmed,), Status.MET, Status.MET),
        ((NEC.denied,), Status.NOT_MET, Status.NOT_MET),
        ((NEC.affirmed, NEC.denied), Status.CONFLICTING, Status.CONFLICTING),
    ],
)
def test_what_is_said_of_a_leaf_makes_its_status_and_no_other_s(
    toy: PolicyVersion, attested: tuple[URIRef, ...], need: Status, training: Status
) -> None:
    data = evidence(*((relation, leaf) for relation in attested for leaf in (NEED, TRAINING)))
    reports = evaluate(toy, (NEED, PLAN, TRAINING), data, REQUEST)
    assert {leaf: report.status for leaf, report in reports.items()} == {
        NEED: need,
        PLAN: Status.NOT_DOCUMENTED,
        TRAINING: training,
    }


def test_a_report_holds_the_results_that_its_status_was_read_from(toy: PolicyVersion) -> None:
    report = evaluate(toy, (NEED,), evidence((NEC.denied, NEED)), REQUEST)[NEED]
    assert {(result.shape.removeprefix(TOY), result.severity) for result in report.results} == {
        ("criteria/1-a-documented", "Warning"),
        ("criteria/1-a-undisputed", "Violation"),
    }


DOCUMENTED = """    sh:path nec:affirmed ;
    sh:qualifiedValueShape [ sh:class toy:JointStiffness ] ;
    sh:qualifiedMinCount 1 ;
    sh:severity sh:Warning ;
    sh:message "The record does not say"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            DOCUMENTED,
            DOCUMENTED.replace("nec:affirmed", "nec:afirmed"),
            "affirmation with not-documented instead of met",
        ),
        (DOCUMENTED, DOCUMENTED.replace("toy:JointStiffness", "toy:FrozenShoulder"), "affirmation with not-documented"),
        (DOCUMENTED, DOCUMENTED.replace("toy:JointStiffness", "toy:ExercisePlan"), "affirmation"),
        (DOCUMENTED, DOCUMENTED.replace("sh:class toy:JointStiffness", "sh:nodeKind sh:IRI"), "affirmation-of-others"),
        (DOCUMENTED, DOCUMENTED.replace("MinCount 1", "MinCount 0"), "silence with met instead of not-documented"),
        (DOCUMENTED, DOCUMENTED.replace("sh:Warning", "sh:Violation"), "silence with conflicting"),
        (DOCUMENTED, DOCUMENTED.replace("sh:Warning", "sh:Info"), "silence with not-applicable"),
        (
            "sh:property criteria:1-a-documented , criteria:1-a-undisputed .",
            "sh:property criteria:1-a-documented .",
            "denial",
        ),
        (
            "nec:reportsOn exclusions:1 ;\n    sh:path nec:affirmed",
            "sh:path nec:affirmed",
            "affirmation with not-documented",
        ),
    ],
    ids=[
        "a misspelt path",
        "a narrower class",
        "the class of another leaf",
        "no class",
        "a count that is always reached",
        "a severity too high",
        "a severity too low",
        "no shape for denial",
        "a shape that reports on nothing",
    ],
)
def test_a_leaf_that_would_fail_open_is_found_out(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = write_toy(tmp_path) / "shapes" / "toy" / "2030-01-01.ttl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    changed = load_policy("toy", root=tmp_path).versions[0]
    with pytest.raises(EngineError, match=problem):
        evaluate(changed, (NEED, PLAN, TRAINING), evidence((NEC.affirmed, PLAN)), REQUEST)


def test_a_property_shape_without_a_name_is_an_error(tmp_path: Path) -> None:
    path = write_toy(tmp_path) / "shapes" / "toy" / "2030-01-01.ttl"
    unnamed = "criteria:1-a a sh:NodeShape ; sh:property [ sh:path nec:notApplicable ; sh:minCount 1 ] ,"
    path.write_text(path.read_text().replace("criteria:1-a a sh:NodeShape ; sh:property", unnamed, 1))
    changed = load_policy("toy", root=tmp_path).versions[0]
    with pytest.raises(EngineError):
        evaluate(changed, (NEED,), evidence(), REQUEST)
