"""Validation of settled evidence, read leaf by leaf, with a proof that the engine did look at every leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rdflib import Graph, URIRef

from reasoner import shacl, terms
from reasoner.decide import Status, leaf_status
from reasoner.effective import leaf_shapes
from reasoner.errors import EngineError
from reasoner.namespaces import NEC, RDF
from reasoner.policy import Criterion, PolicyVersion
from reasoner.shacl import ValidationResult

PROBE = "urn:necessity:probe:"
"""What the names of the requests of probes begin with."""
Probes = Mapping[str, tuple[URIRef, list[Criterion]]]
"""By name, how bare statements relate to the request, and to which leaves they speak."""


@dataclass(frozen=True)
class LeafReport:
    """The status of a leaf and the validation results it was read from."""

    status: Status
    results: tuple[ValidationResult, ...]


@dataclass(frozen=True, eq=False)
class _Program:
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
        evidence: the graph written by `reasoner.settle.evidence_graph`.
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
def _prepare(version: PolicyVersion, leaves: tuple[str, ...]) -> _Program:
    leaf_of_shape = {leaf: leaf for leaf in leaves}
    for leaf in leaves:
        leaf_of_shape |= {terms.name(shape): leaf for shape in version.reporting(leaf)}
    items = frozenset(iri for section in version.lists if section.excluding for iri in section.criterion.members)
    program = _Program(version, leaves, leaf_shapes(version, leaves), leaf_of_shape, items & frozenset(leaves))

    def ask(probes: Probes) -> dict[str, dict[str, Status]]:
        found = _run(program, attestations(probes), {PROBE + probe for probe in probes})
        return {
            probe: {
                leaf: leaf_status((r.severity for r in results), hits=leaf in program.items)
                for leaf, results in found[PROBE + probe].items()
            }
            for probe in probes
        }

    prove(version, leaves, ask)
    return program


def _run(program: _Program, data: Graph, requests: set[str]) -> dict[str, dict[str, tuple[ValidationResult, ...]]]:
    """Results by request and leaf; every leaf has an entry."""
    found: dict[str, dict[str, list[ValidationResult]]] = {
        request: {leaf: [] for leaf in program.leaves} for request in requests
    }
    for result in shacl.validate(data, program.shapes).results:
        leaf = program.leaf_of_shape.get(result.shape)
        if leaf is None or result.focus not in found:
            raise EngineError(
                f"the engine reported the shape {result.shape}, which is no named shape of a leaf",
                where=result.focus,
                mend="Name every property shape of a leaf",
            )
        found[result.focus][leaf].append(result)
    return {request: {leaf: tuple(rs) for leaf, rs in by_leaf.items()} for request, by_leaf in found.items()}


def prove(
    version: PolicyVersion, leaves: tuple[str, ...], ask: Callable[[Probes], dict[str, dict[str, Status]]]
) -> None:
    """Make an engine tell silence, affirmation, denial and inapplicability of every leaf apart.

    Engines fail open: a shape that is misspelt, not targeted or not understood conforms. A leaf that does not
    answer these probes as a leaf must is an error, never a status. The last two affirm every other leaf, so that a
    leaf answered by statements to another one is found out.

    Args:
        version: the policy version.
        leaves: IRIs of the leaves to prove.
        ask: runs the engine; gives, by probe, the status of each leaf.

    Raises:
        EngineError: a leaf answers otherwise than it must.
    """
    asked = [version.criteria[iri] for iri in leaves]
    silent, conditional = Status.NOT_DOCUMENTED, [leaf for leaf in asked if leaf.conditional]
    probes: dict[str, tuple[URIRef, list[Criterion], Status]] = {
        "silence": (NEC.affirmed, [], silent),
        "affirmation": (NEC.affirmed, asked, Status.MET),
        "denial": (NEC.denied, asked, Status.NOT_MET),
        "inapplicability": (NEC.notApplicable, conditional, Status.NOT_APPLICABLE),
        "affirmation-of-odd-leaves": (NEC.affirmed, asked[::2], Status.MET),
        "affirmation-of-even-leaves": (NEC.affirmed, asked[1::2], Status.MET),
    }
    found = ask({probe: (relation, spoken) for probe, (relation, spoken, _) in probes.items()})
    for probe, (_, spoken, answer) in probes.items():
        for leaf in asked:
            wanted = answer if leaf in spoken else silent
            if found[probe][leaf.iri] is not wanted:
                raise EngineError(
                    f"the engine answers {probe} with {found[probe][leaf.iri].value} instead of {wanted.value}",
                    where=leaf.iri,
                    mend="Check the leaf's shapes: sh:path, sh:class, counts and severities",
                )


def attestations(probes: Probes) -> Graph:
    """An evidence graph with a request for each probe, to which bare statements speak."""
    data = Graph(bind_namespaces="none")
    for probe, (relation, spoken) in probes.items():
        request = URIRef(PROBE + probe)
        data.add((request, RDF.type, NEC.ReviewRequest))
        for number, leaf in enumerate(spoken):
            node = URIRef(f"{request}:{number}")
            data.add((request, relation, node))
            data.add((node, RDF.type, URIRef(leaf.finding)))
            for required in leaf.speaks_only_with:
                data.add((node, URIRef(required), URIRef(f"{request}:someone")))
    return data
