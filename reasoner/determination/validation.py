"""Validation of settled evidence with the reference engine, read leaf by leaf, once every leaf is proved to be looked at."""

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
        EngineError: the engine failed, reported something that was not asked, or was found not to look at a leaf.
    """
    program = _prepare(version, leaves)
    return {
        leaf: LeafReport(leaf_status((r.severity for r in found), hits=leaf in program.items), found)
        for leaf, found in _run(program, evidence, {request})[request].items()
    }


@lru_cache(maxsize=64)
def _prepare(version: PolicyVersion, leaves: tuple[str, ...]) -> _LeafShapes:
    """The shapes of some leaves, each of which is proved."""
    for leaf in leaves:
        proof.prove_once(version, leaf, pyshacl_door.engine_name(), partial(_ask, version, leaf))
    return _compose(version, leaves)


def _ask(version: PolicyVersion, leaf: str, probes: tuple[proof.Probe, ...]) -> dict[str, Status]:
    """The status of a leaf by probe, for `proof.prove`."""
    program = _compose(version, (leaf,))
    reports = _run(program, proof.attestations(probes), {probe.request for probe in probes})
    return {
        probe.name: leaf_status((r.severity for r in reports[probe.request][leaf]), hits=leaf in program.items)
        for probe in probes
    }


def _compose(version: PolicyVersion, leaves: tuple[str, ...]) -> _LeafShapes:
    """The shapes of some leaves; what is proved of each by itself holds of them together, for no two share a shape."""
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


def _run(program: _LeafShapes, data: Graph, requests: set[str]) -> dict[str, dict[str, tuple[ValidationResult, ...]]]:
    """Results by request and leaf; every leaf has an entry."""
    found: dict[str, dict[str, list[ValidationResult]]] = {
        request: {leaf: [] for leaf in program.leaves} for request in requests
    }
    for result in pyshacl_door.validate(data, program.shapes).results:
        leaf = program.leaf_of_shape.get(result.shape)
        if leaf is None or result.focus not in found:
            raise EngineError(
                f"the engine reported the shape {result.shape}, which is no named shape of a leaf",
                where=result.focus,
                mend="Name every property shape of a leaf",
            )
        found[result.focus][leaf].append(result)
    return {request: {leaf: tuple(rs) for leaf, rs in by_leaf.items()} for request, by_leaf in found.items()}
