"""On the effective policy any SHACL processor agrees with the fold: a section conforms exactly if it is met."""

from __future__ import annotations

import pyshacl
import pytest
from rdflib import Graph, URIRef

from reasoner import Policy
from reasoner.chart.intake import read_graph
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.inference import infer
from reasoner.determination.settling import settle
from reasoner.policy.effective import choose_readings, effective_policy
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
    inference = infer(case, version)
    effective = effective_policy(version, inference.request_classes, choose_readings(version))
    evidence = evidence_graph(case, inference, settle(case, inference, version), version)
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
