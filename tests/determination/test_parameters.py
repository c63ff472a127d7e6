"""Parameters of a policy that a payer sets: they decide, by either engine, in batches and in a knowledge base, and are recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdflib import Graph, Literal

from reasoner import Policy, determine
from reasoner.cli import main
from reasoner.determination.engine import Engine
from reasoner.determination.model import Determination
from reasoner.ground import resources
from reasoner.policy.configuration import Configuration, read_configuration
from reasoner.rdf.namespaces import NEC
from reasoner.render.json import to_json
from reasoner.render.provenance import iri, to_graph
from reasoner.render.text import render
from tests.conftest import Attestation, chart

WINDOW = "nec:admissionWindow"
MAJORITY = "nec:ageOfMajority"
TEN_DAYS_LATER = chart([Attestation("adult-admission:3", observed="2025-06-12", recorded="2025-06-12")])
AGED_EIGHTEEN = chart([], birth="2007-01-01")


def configure(folder: Path, stated: str) -> Path:
    path = folder / "payer.ttl"
    path.write_text(
        "@prefix nec: <https://w3id.org/necessity/core#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        f'<https://payer.example/2026> a nec:Configuration ; skos:prefLabel "Example payer" ; {stated} .'
    )
    return path


def one(turtle: str, policy: Policy, configuration: Configuration | None, engine: Engine) -> Determination:
    data = Graph().parse(data=turtle, format="turtle")
    (determination,) = determine(data, policy, configuration=configuration, alternatives=False, engine=engine)
    return determination


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(
    ("days", "status"),
    [(None, "not-documented"), (7, "not-documented"), (9, "not-documented"), (10, "met"), (14, "met")],
)
def test_the_admission_window_bounds_the_evidence(
    policy: Policy, tmp_path: Path, engine: Engine, days: int | None, status: str
) -> None:
    configuration = read_configuration(configure(tmp_path, f"{WINDOW} {days}"), policy) if days else None
    determination = one(TEN_DAYS_LATER, policy, configuration, engine)
    assert determination.status("adult-admission:3") == status


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(("age", "minor"), [(None, False), (18, False), (19, True)])
def test_the_age_of_majority_chooses_the_sections(
    policy: Policy, tmp_path: Path, engine: Engine, age: int | None, minor: bool
) -> None:
    configuration = read_configuration(configure(tmp_path, f"{MAJORITY} {age}"), policy) if age else None
    determination = one(AGED_EIGHTEEN, policy, configuration, engine)
    assert ("child-adolescent" in {result.criterion.id for result in determination.criteria}) is minor
    assert f"{age or 18} is taken" in " ".join(determination.notes)


def test_a_parameter_that_is_set_is_on_record(policy: Policy, tmp_path: Path) -> None:
    configuration = read_configuration(configure(tmp_path, f"{WINDOW} 14 ; {MAJORITY} 18"), policy)
    plain, determination = (one(TEN_DAYS_LATER, policy, given, Engine.FAST) for given in (None, configuration))
    note = "configuration: admission window is 14 in place of the policy's 7"
    assert note in determination.notes
    assert "admission window is 14 in place of the policy's 7" in render(determination)
    assert not any(line.startswith("configuration:") for line in plain.notes)
    record = to_json(determination)
    assert record["configuration"] == {
        "id": "https://payer.example/2026",
        "label": "Example payer",
        "digest": configuration.digest,
        "parameters": {str(NEC.admissionWindow): 14},
        "lookbacks": {},
    }
    assert "configuration" not in to_json(plain)
    graph = to_graph([determination])
    node = iri(determination)
    assert list(graph.objects(node, NEC.admissionWindow)) == [Literal(14)]
    assert list(graph.objects(node, NEC.configurationDigest)) == [Literal(configuration.digest)]
    assert not list(graph.objects(node, NEC.ageOfMajority)), "it is the policy's own"
    assert node != iri(plain)


LEAF = "https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/"


def test_a_lookback_that_is_set_is_on_record(policy: Policy, tmp_path: Path) -> None:
    stated = f"{MAJORITY} 18 . <{LEAF}3> nec:lookback 30 . <{LEAF}4> nec:lookback nec:SinceAdmission"
    configuration = read_configuration(configure(tmp_path, stated), policy)
    plain, determination = (one(TEN_DAYS_LATER, policy, given, Engine.FAST) for given in (None, configuration))
    notes = [note for note in determination.notes if note.startswith("configuration:")]
    assert notes == [
        "configuration: the lookback of adult-admission:3 is 30 days in place of 180 days",
        "configuration: the lookback of adult-admission:4 is since admission in place of 180 days",
    ]
    assert to_json(determination)["configuration"]["lookbacks"] == {
        "adult-admission:3": "30 days",
        "adult-admission:4": "since admission",
    }
    graph = to_graph([determination])
    node = iri(determination)
    changed = {
        str(graph.value(entity, NEC.criterion)): graph.value(entity, NEC.lookback)
        for entity in graph.objects(node, NEC.changedLookback)
    }
    assert changed == {f"{LEAF}3": Literal(30), f"{LEAF}4": NEC.SinceAdmission}
    assert node != iri(plain)
    assert not list(to_graph([plain]).objects(iri(plain), NEC.changedLookback))


def test_the_record_is_as_its_schema_says(policy: Policy, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((resources.ROOT / "data" / "schema" / "determination.json").read_text())
    stated = f"{WINDOW} 14 . <{LEAF}3> nec:lookback 30 . <{LEAF}4> nec:lookback nec:SinceAdmission"
    configuration = read_configuration(configure(tmp_path, stated), policy)
    for given in (None, configuration):
        jsonschema.Draft202012Validator(schema).validate(to_json(one(TEN_DAYS_LATER, policy, given, Engine.FAST)))


@pytest.mark.parametrize("arguments", [(), ("--engine", "reference")])
def test_a_batch_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    (tmp_path / "chart.ttl").write_text(TEN_DAYS_LATER)
    command = ["determine", str(tmp_path / "chart.ttl"), "--format", "compact", "--readings", "default", *arguments]
    keys = set()
    for given, status in (((), "not-documented"), (("--config", str(configure(tmp_path, f"{WINDOW} 14"))), "met")):
        assert main([*command, *given]) == 0
        line = json.loads(capsys.readouterr().out)
        assert line["criteria"]["adult-admission:3"] == status
        keys.add(line["key"])
    assert len(keys) == 2, "a brief is named by all that it follows from"


def test_a_knowledge_base_determines_again_what_another_configuration_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "chart.ttl").write_text(TEN_DAYS_LATER)
    base = ("--kb", str(tmp_path / "kb"))
    configuration = ("--config", str(configure(tmp_path, f"{WINDOW} 14")))
    assert main(["kb", "init", *base]) == main(["kb", "load", str(tmp_path / "chart.ttl"), *base]) == 0
    determined: list[bool] = []
    for given in ((), configuration, configuration, ()):
        capsys.readouterr()
        assert main(["kb", "determine", "--readings", "default", *given, *base]) == 0
        determined.append("determination" in capsys.readouterr().out)
    assert determined == [True, True, False, True]
