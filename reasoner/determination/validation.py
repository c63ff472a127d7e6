"""Validation of settled evidence by the reference engine, pySHACL: results and status leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from rdflib import Graph

from reasoner.chart.model import Case
from reasoner.determination import proof
from reasoner.determination.bearing import Bearing, Fact, Settlement
from reasoner.determination.evidence_graph import add_evidence, add_request, evidence_graph
from reasoner.determination.inference import Inference
from reasoner.determination.judging import LeafReport, judge
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status, leaf_status
from reasoner.policy.effective import leaf_shapes
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import pyshacl_door, terms
from reasoner.rdf.pyshacl_door import ValidationResult

_ALONE = "urn:necessity:fact"
"""The name of a request without evidence; with a number, of one with the evidence of one fact."""


@dataclass(frozen=True, eq=False)
class _LeafShapes:
    """The shapes of some leaves, and which leaf each shape reports on."""

    version: PolicyVersion
    leaves: tuple[str, ...]
    shapes: Graph = field(repr=False)
    leaf_of_shape: Mapping[str, str] = field(repr=False)
    items: frozenset[str] = field(repr=False)
    """Leaves that are items of an exclusion list."""


def evaluate(version: PolicyVersion, leaves: tuple[str, ...], evidence: Graph, request: str) -> dict[str, LeafReport]:
    """Hold a request's evidence graph against the shapes of some leaves.

    Args:
        version: the policy version.
        leaves: IRIs of the leaves to evaluate.
        evidence: the graph written by `reasoner.determination.evidence_graph.evidence_graph`.
        request: IRI of the request in it.

    Returns:
        A report for every one of the leaves.

    Raises:
        EngineError: the engine failed, reported a shape of no leaf, or does not evaluate a leaf (see `proof`).
    """
    composed = _prove_and_compose(version, leaves)
    return {
        leaf: LeafReport(leaf_status((r.severity for r in results), hits=leaf in composed.items), results)
        for leaf, results in _run(composed, evidence, {request})[request].items()
    }


def evaluate_case(
    version: PolicyVersion, leaves: tuple[str, ...], case: Case, inference: Inference, settlement: Settlement
) -> dict[str, LeafReport]:
    """Hold a case against the shapes of some leaves; a leaf that asks about several facts, fact by fact.

    Takes what `evaluate` takes, with the parts that the evidence graph is written from, and raises what it raises.
    """
    by_fact = tuple(leaf for leaf in leaves if version.leaves[leaf].topic)
    plain = tuple(leaf for leaf in leaves if leaf not in by_fact)
    bearings = {leaf: own for leaf, own in settlement.bearings.items() if not version.leaves[leaf].topic}
    graph = evidence_graph(case, inference, replace(settlement, bearings=bearings), version)
    reports = evaluate(version, plain, graph, case.iri) if plain else {}
    return reports | _evaluate_facts(version, by_fact, case, inference, settlement) if by_fact else reports


def evaluate_alone(version: PolicyVersion, bearing: Bearing, case: Case, inference: Inference) -> Status:
    """The status of a leaf on one bearing alone."""
    alone = Settlement({bearing.leaf: (bearing,)}, {}, (), frozenset())
    graph = evidence_graph(case, inference, alone, version)
    return evaluate(version, (bearing.leaf,), graph, case.iri)[bearing.leaf].status


def _evaluate_facts(
    version: PolicyVersion, leaves: tuple[str, ...], case: Case, inference: Inference, settlement: Settlement
) -> dict[str, LeafReport]:
    """The reports on leaves that ask about several facts: each fact is a request of its own in one graph."""
    composed = _prove_and_compose(version, leaves)
    graph = Graph(bind_namespaces="none")
    add_request(graph, case, inference, _ALONE)
    asked: dict[str, tuple[str, Fact]] = {}
    for leaf in leaves:
        for fact in settlement.facts.get(version.settled_as(leaf), ()):
            if fact.bearings:
                request = f"{_ALONE}:{len(asked)}"
                asked[request] = leaf, fact
                nodes = ((f"{request}:{number}", bearing) for number, bearing in enumerate(fact.bearings))
                add_request(graph, case, inference, request)
                add_evidence(graph, request, nodes, inference, settlement, version)
    results = _run(composed, graph, {_ALONE, *asked})

    def read(request: str, leaf: str) -> LeafReport:
        own = results[request][leaf]
        return LeafReport(leaf_status((r.severity for r in own), hits=leaf in composed.items), own)

    answers: dict[str, dict[Fact, LeafReport]] = {leaf: {} for leaf in leaves}
    for request, (leaf, fact) in asked.items():
        answers[leaf][fact] = read(request, leaf)
    return {
        leaf: judge(version, version.leaves[leaf], settlement, answers[leaf], read(_ALONE, leaf)) for leaf in leaves
    }


@lru_cache(maxsize=64)
def _prove_and_compose(version: PolicyVersion, leaves: tuple[str, ...]) -> _LeafShapes:
    """The shapes of some leaves, once the engine is proved to evaluate each of them."""
    for leaf in leaves:
        proof.prove_once(version, leaf, pyshacl_door.engine_name(), partial(_ask, version, leaf))
    return _compose(version, leaves)


def _ask(version: PolicyVersion, leaf: str, probes: tuple[proof.Probe, ...]) -> dict[str, Status]:
    """The status of a leaf by probe, for `proof.prove`."""
    composed = _compose(version, (leaf,))
    results = _run(composed, proof.attestations(probes), {probe.request for probe in probes})
    return {
        probe.name: leaf_status((r.severity for r in results[probe.request][leaf]), hits=leaf in composed.items)
        for probe in probes
    }


def _compose(version: PolicyVersion, leaves: tuple[str, ...]) -> _LeafShapes:
    """The shapes of some leaves; since no two share a shape, what is proved of each by itself holds for all together."""
    leaf_of_shape = {leaf: leaf for leaf in leaves}
    for leaf in leaves:
        for shape in map(terms.name, version.reporting(leaf)):
            if leaf_of_shape.setdefault(shape, leaf) != leaf:
                raise EngineError(
                    f"the shape {shape} reports on another leaf too, {leaf_of_shape[shape]}",
                    where=leaf,
                    mend="Give each leaf property shapes of its own",
                )
    items = frozenset(iri for section in version.lists if section.excluding for iri in section.criterion.members)
    return _LeafShapes(version, leaves, leaf_shapes(version, leaves), leaf_of_shape, items & frozenset(leaves))


def _run(composed: _LeafShapes, data: Graph, requests: set[str]) -> dict[str, dict[str, tuple[ValidationResult, ...]]]:
    """Results by request and leaf, without their focus nodes; every leaf has an entry."""
    results: dict[str, dict[str, list[ValidationResult]]] = {
        request: {leaf: [] for leaf in composed.leaves} for request in requests
    }
    for result in pyshacl_door.validate(data, composed.shapes).results:
        leaf = composed.leaf_of_shape.get(result.shape)
        if leaf is None or result.focus not in results:
            raise EngineError(
                f"the engine reported the shape {result.shape}, which is no named shape of a leaf",
                where=result.focus,
                mend="Name every property shape of a leaf",
            )
        results[result.focus][leaf].append(replace(result, focus=""))
    return {request: {leaf: tuple(rs) for leaf, rs in by_leaf.items()} for request, by_leaf in results.items()}
