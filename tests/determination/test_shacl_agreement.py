"""On the effective policy any SHACL processor agrees with the fold: a section conforms exactly if it is met."""

from __future__ import annotations

from pathlib import Path

import pyshacl
import pytest
from rdflib import Graph, URIRef

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.intake import read_graph
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.determination.engine import Engine
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.judging import decided
from reasoner.policy.effective import EffectivePolicy, choose_readings, effective_policy
from reasoner.policy.model import PolicyVersion
from reasoner.rdf.namespaces import NEC, SH
from tests.conftest import Attestation, chart
from tests.determination.test_laws import KINDS, facts, leaves, random_attestations, run


def conforms(engine: str, data: Graph, shapes: Graph, section: URIRef) -> bool:
    """Whether a section alone conforms."""
    alone = Graph()
    alone += shapes
    alone.remove((None, SH.targetClass, None))
    alone.add((section, SH.targetClass, NEC.ReviewRequest))
    if engine == "pyshacl":
        result, _, _ = pyshacl.validate(data, shacl_graph=alone, max_validation_depth=40)
        return bool(result)
    turbo = pytest.importorskip("pyshacl_turbo", reason="pyshacl-turbo is not installed")
    result, _, _ = turbo.validate(data, shacl_graph=alone)
    return bool(result)


def asked_and_seen(case: Case, version: PolicyVersion) -> tuple[EffectivePolicy, Graph]:
    """The effective policy of a case, and the evidence that decides it."""
    inference = Engine.FAST.infer(case, version)
    settlement = Engine.FAST.settle(case, inference, version)
    effective = effective_policy(version, inference.request_classes, choose_readings(version))
    reports = Engine.FAST.evaluate(version, effective.leaves, case, inference, settlement)
    return effective, evidence_graph(case, inference, decided(version, settlement, reports), version)


RULES = sorted((Path(__file__).parents[2] / "data" / "cases" / "rules").rglob("*.ttl"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_group_conforms_exactly_if_it_is_met_where_leaves_ask_about_several_facts(policy: Policy, path: Path) -> None:
    cases = intake.read_file(path, policy)
    version = policy.versions[0]
    for case in (cases[0], cases[-1]):
        (determination,) = determine_case(case, policy, alternatives=False)
        effective, evidence = asked_and_seen(case, version)
        for section in effective.sections:
            wanted = [part for part in section.walk() if part.criterion.iri == section.criterion.iri or part.pairs]
            for iri in {part.criterion.iri for part in wanted}:
                status = next(r.status for r in determination.criteria if r.criterion.iri == iri)
                met = conforms("pyshacl-turbo", evidence, effective.shapes, URIRef(iri))
                assert met == (status == "met"), iri


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("engine", ["pyshacl", "pyshacl-turbo"])
def test_a_section_conforms_exactly_if_it_is_met(policy: Policy, engine: str, seed: int) -> None:
    phase, focus, minor, illinois = KINDS[seed * 5 % len(KINDS)]
    if seed % 2:
        attestations = random_attestations(policy, seed)
    else:
        attestations = [Attestation(i) for i in leaves(policy) if not i.startswith("exclusions")][seed % 4 :]
    turtle = chart(attestations, **facts(phase, focus, minor, illinois))
    version = policy.versions[0]
    (case,) = read_graph(Graph().parse(data=turtle, format="turtle"), policy)
    effective, evidence = asked_and_seen(case, version)
    statuses = {r.criterion.iri: r.status for r in run(policy, turtle).criteria}
    for section in effective.sections:
        iri = section.criterion.iri
        assert conforms(engine, evidence, effective.shapes, URIRef(iri)) == (statuses[iri] == "met"), iri


def test_one_undocumented_leaf_under_and_is_seen(policy: Policy) -> None:
    attestations = [
        Attestation(i) for i in leaves(policy) if not i.startswith("exclusions") and i != "adult-admission:6-emergency"
    ]
    determination = run(policy, chart(attestations))
    assert determination.status("adult-admission:6") == "not-documented"
    assert determination.outcome == "documentation-needed"
    assert list(determination.gaps) == [("adult-admission:6-emergency",)]
