"""The proof that an engine evaluates a leaf, made once for each leaf and cached until something it depends on changes.

Engines fail open: they report nothing of a shape that is misspelt, has no target or is not understood. So before silence
of an engine counts as an answer, the engine has to answer as expected to statements that affirm and deny the leaf, and to
statements about other leaves alone.
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
"""The beginning of the IRI of each probe's request."""


class Probe(NamedTuple):
    """A request with bare statements about some leaves, and the status that the leaf to be proved must have for it."""

    name: str
    relation: URIRef
    """The property that leads from the request to the statements."""
    attested: tuple[Criterion, ...]
    """The leaves that the statements are about, one each."""
    expected: Status

    @property
    def request(self) -> str:
        """IRI of the probe's request."""
        return PROBE + self.name


Ask = Callable[[tuple[Probe, ...]], Mapping[str, Status]]
"""Runs an engine on some probes; returns the status of the leaf to be proved by the name of the probe."""

_proved: set[str] = set()


def probes(version: PolicyVersion, leaf: str) -> tuple[Probe, ...]:
    """The probes of a leaf: statements about it alone, about all leaves, and about all leaves with another finding class."""
    own = version.criteria[leaf]
    asked = [Probe("silence", NEC.affirmed, (), Status.NOT_DOCUMENTED)]
    for name, relation, expected in (
        ("affirmation", NEC.affirmed, Status.MET),
        ("denial", NEC.denied, Status.NOT_MET),
        ("inapplicability", NEC.notApplicable, Status.NOT_APPLICABLE),
    ):
        leaves = _conditional(version) if relation == NEC.notApplicable else tuple(version.leaves.values())
        others = tuple(criterion for criterion in leaves if criterion.finding != own.finding)
        if own in leaves:
            asked.append(Probe(name, relation, (own,), expected))
            asked.append(Probe(f"{name}-among-others", relation, leaves, expected))
        asked.append(Probe(f"{name}-of-others", relation, others, Status.NOT_DOCUMENTED))
    return tuple(asked)


def prove(version: PolicyVersion, leaf: str, ask: Ask) -> None:
    """Check that an engine tells silence, affirmation, denial and inapplicability of a leaf apart.

    Args:
        version: the policy version.
        leaf: IRI of the leaf.
        ask: runs the engine on the leaf's shapes.

    Raises:
        EngineError: a probe has another status than expected.
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
    """Call `prove` unless the cache says that the same engine passed on the same shapes, here or in another process.

    Args:
        version: the policy version.
        leaf: IRI of the leaf.
        engine: name and version of the engine.
        ask: runs the engine on the leaf's shapes.

    Raises:
        EngineError: a probe has another status than expected.
    """
    _once(_digest(version, leaf, engine), lambda: prove(version, leaf, ask))


def prove_all_once(version: PolicyVersion, engine: str, ask: Callable[[str], Ask]) -> None:
    """Call `prove` for every leaf of a version, unless the cache says that the same engine passed on the same policy.

    For a fast engine one digest of the whole policy costs less than a digest of each leaf.

    Args:
        version: the policy version.
        engine: name and version of the engine.
        ask: returns, for a leaf, what runs the engine on its shapes.

    Raises:
        EngineError: a probe has another status than expected.
    """

    def prove_all() -> None:
        for leaf in version.leaves:
            prove(version, leaf, ask(leaf))

    if not version.policy_digest:  # a policy that was not read from files has no digest to look up
        prove_all()
        return
    parts = (version.iri, version.policy_digest, engine, cache.key("proof", ()))
    _once(hashlib.sha256("\0".join(parts).encode()).hexdigest(), prove_all)


def _once(digest: str, make: Callable[[], None]) -> None:
    """Make a proof, unless this process or the cache already has one under the same digest."""
    if digest in _proved:
        return
    folder = cache.folder()
    path = folder / f"{digest}.proof" if folder else None
    cached = ""
    if path:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            cached = path.read_text("ascii")
    if cached != digest:
        make()
        if path:
            with contextlib.suppress(OSError):
                path.write_text(digest, "ascii")
    _proved.add(digest)


def attestations(probes: Iterable[Probe]) -> Graph:
    """An evidence graph with the requests of some probes and their bare statements."""
    data = Graph(bind_namespaces="none")
    for probe in probes:
        request = URIRef(probe.request)
        data.add((request, RDF.type, NEC.ReviewRequest))
        for number, leaf in enumerate(probe.attested):
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
    """The digest of all that a proof depends on: the leaf's shapes, its probes, the engine, and this package."""
    shapes = graphs.canonical_dataset({SHAPES: leaf_shapes(version, (leaf,))})
    return hashlib.sha256(f"{leaf}\0{engine}\0{_shared_key(version)}\0{shapes}".encode()).hexdigest()


@lru_cache(maxsize=8)
def _shared_key(version: PolicyVersion) -> str:
    """A key of what the proofs of all leaves of a version depend on."""
    excluding = [section.criterion.members for section in version.lists if section.excluding]
    leaves = [
        (iri, leaf.finding, sorted(leaf.speaks_only_with), leaf.conditional)
        for iri, leaf in sorted(version.leaves.items())
    ]
    return cache.key(f"proof\0{excluding}\0{leaves}", ())
