"""Validation of settled evidence by the reference engine, pySHACL: results and status leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

from rdflib import Graph

from reasoner.determination import proof
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status, leaf_status
from reasoner.policy.effective import leaf_shapes
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import pyshacl_door, terms
from reasoner.rdf.pyshacl_door import ValidationResult


@dataclass(frozen=True)
class LeafReport:
    """The status of a leaf and the validation results it was read from."""

    status: Status
    results: tuple[ValidationResult, ...]


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
    """Results by request and leaf; every leaf has an entry."""
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
        results[result.focus][leaf].append(result)
    return {request: {leaf: tuple(rs) for leaf, rs in by_leaf.items()} for request, by_leaf in results.items()}
