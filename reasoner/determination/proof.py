"""The proof that an engine looks at a leaf: given of each leaf by itself, and kept until something it depends on changes.

Engines fail open: a shape that is misspelt, not targeted or not understood conforms. So before an engine's silence about
a leaf is taken for an answer, the leaf has to answer statements that affirm and deny it, and no statement to another leaf.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from rdflib import Graph, URIRef

from reasoner.ground import cache
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status
from reasoner.policy.effective import leaf_shapes
from reasoner.policy.model import SHAPES, Criterion, PolicyVersion
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, RDF

PROBE = "urn:necessity:probe:"
"""What the names of the requests of probes begin with."""


class Probe(NamedTuple):
    """Bare statements to some leaves, and what another leaf or one of them has to make of them."""

    name: str
    relation: URIRef
    """How the statements relate to the request."""
    spoken: tuple[Criterion, ...]
    """The leaves to which they speak."""
    expected: Status

    @property
    def request(self) -> str:
        """IRI of the probe's request."""
        return PROBE + self.name


Ask = Callable[[tuple[Probe, ...]], Mapping[str, Status]]
"""Runs an engine; gives, by the name of each probe, the status of the leaf that is proved."""

_proved: set[str] = set()


def probes(version: PolicyVersion, leaf: str) -> tuple[Probe, ...]:
    """What a leaf is asked: statements to it alone, to all leaves, and to all leaves but it."""
    own = version.criteria[leaf]
    found = [Probe("silence", NEC.affirmed, (), Status.NOT_DOCUMENTED)]
    for name, relation, expected in (
        ("affirmation", NEC.affirmed, Status.MET),
        ("denial", NEC.denied, Status.NOT_MET),
        ("inapplicability", NEC.notApplicable, Status.NOT_APPLICABLE),
    ):
        asked = _conditional(version) if relation == NEC.notApplicable else tuple(version.leaves.values())
        others = tuple(criterion for criterion in asked if criterion.iri != leaf)
        if len(others) < len(asked):
            found.append(Probe(name, relation, (own,), expected))
            found.append(Probe(f"{name}-among-others", relation, asked, expected))
        found.append(Probe(f"{name}-of-others", relation, others, Status.NOT_DOCUMENTED))
    return tuple(found)


def prove(version: PolicyVersion, leaf: str, ask: Ask) -> None:
    """Make an engine tell silence, affirmation, denial and inapplicability of a leaf apart.

    Args:
        version: the policy version.
        leaf: IRI of the leaf.
        ask: runs the engine on the leaf's shapes.

    Raises:
        EngineError: the leaf answers otherwise than it must.
    """
    asked = probes(version, leaf)
    answers = ask(asked)
    for probe in asked:
        answer = answers[probe.name]
        if answer is not probe.expected:
            raise EngineError(
                f"the engine answers {probe.name} with {answer.value} instead of {probe.expected.value}",
                where=leaf,
                mend="Check the leaf's shapes: sh:path, sh:class, counts and severities",
            )


def prove_once(version: PolicyVersion, leaf: str, engine: str, ask: Ask) -> None:
    """Do what `prove` does, unless the same shapes were proved before by the same engine, here or in another process.

    Args:
        version: the policy version.
        leaf: IRI of the leaf.
        engine: name and version of the engine.
        ask: runs the engine on the leaf's shapes.

    Raises:
        EngineError: the leaf answers otherwise than it must.
    """
    _once(_digest(version, leaf, engine), lambda: prove(version, leaf, ask))


def prove_all_once(version: PolicyVersion, engine: str, ask: Callable[[str], Ask]) -> None:
    """Prove every leaf of a version, unless all of the policy was proved before as it is, by the same engine.

    Where the engine is fast, one digest for all leaves costs less than one for each.

    Args:
        version: the policy version.
        engine: name and version of the engine.
        ask: gives what runs the engine on the shapes of a leaf.

    Raises:
        EngineError: a leaf answers otherwise than it must.
    """

    def prove_all() -> None:
        for leaf in version.leaves:
            prove(version, leaf, ask(leaf))

    if not version.policy_digest:  # it was not read from files, so nothing tells whether it is the same
        prove_all()
        return
    parts = (version.iri, version.policy_digest, engine, cache.key("proof", ()))
    _once(hashlib.sha256("\0".join(parts).encode()).hexdigest(), prove_all)


def _once(digest: str, proof: Callable[[], None]) -> None:
    """Make a proof, unless it was made under the same digest in this process, or in another and is kept."""
    if digest in _proved:
        return
    base = cache.folder()
    path = base / f"{digest}.proof" if base else None
    kept = ""
    if path:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            kept = path.read_text("ascii")
    if kept != digest:
        proof()
        if path:
            with contextlib.suppress(OSError):
                path.write_text(digest, "ascii")
    _proved.add(digest)


def attestations(probes: Iterable[Probe]) -> Graph:
    """An evidence graph with a request for each probe, to which bare statements speak."""
    data = Graph(bind_namespaces="none")
    for probe in probes:
        request = URIRef(probe.request)
        data.add((request, RDF.type, NEC.ReviewRequest))
        for number, leaf in enumerate(probe.spoken):
            node = URIRef(f"{request}:{number}")
            data.add((request, probe.relation, node))
            data.add((node, RDF.type, URIRef(leaf.finding)))
            for required in leaf.speaks_only_with:
                data.add((node, URIRef(required), URIRef(f"{request}:someone")))
    return data


@lru_cache(maxsize=8)
def _conditional(version: PolicyVersion) -> tuple[Criterion, ...]:
    return tuple(leaf for leaf in version.leaves.values() if leaf.conditional)


@lru_cache(maxsize=4096)
def _digest(version: PolicyVersion, leaf: str, engine: str) -> str:
    """Of all that a proof depends on: the leaf's shapes, the statements of its probes, the engine, and this package."""
    shapes = graphs.canonical_dataset({SHAPES: leaf_shapes(version, (leaf,))})
    total = hashlib.sha256(f"{leaf}\0{engine}\0{_setting(version)}\0".encode())
    total.update(shapes.encode())
    return total.hexdigest()


@lru_cache(maxsize=8)
def _setting(version: PolicyVersion) -> str:
    """What the probes of every leaf of a version have in common."""
    excluding = [section.criterion.members for section in version.lists if section.excluding]
    spoken = [
        (iri, leaf.finding, sorted(leaf.speaks_only_with), leaf.conditional)
        for iri, leaf in sorted(version.leaves.items())
    ]
    return cache.key(f"proof\0{excluding}\0{spoken}", ())
