"""The ontologies that a policy is read from, each with what its files say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rdflib import Graph, URIRef

from reasoner.policy.model import Policy
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import NEC, OWL, RDF


def modules(policy: Policy) -> dict[str, list[Graph]]:
    """What the files of a policy's ontology say, by the IRI of the ontology that they belong to; the policy's own last.

    A file with an `owl:Ontology` that is no version of a policy is a vocabulary, with the files that continue it:
    ``core-evidence.ttl`` and ``core/evidence.ttl`` continue ``core.ttl``. All else is the policy's.
    """
    loaded = {path: parsing.load_files([path]) for path in policy.sources.ontology_files}
    vocabularies = {path: iri for path, graph in loaded.items() if (iri := _vocabulary(graph))}
    found: dict[str, list[Graph]] = {}
    for path, graph in loaded.items():
        head = next((other for other in vocabularies if _continues(path, other)), None)
        found.setdefault(vocabularies[head] if head else policy.iri, []).append(graph)
    own = found.pop(policy.iri, [])
    return {**dict(sorted(found.items())), policy.iri: own}


def _vocabulary(graph: Graph) -> str:
    """The IRI of the ontology that a file declares; empty if it declares none, or versions of a policy."""
    versions = set(graph.subjects(RDF.type, NEC.PolicyVersion))
    declared: Iterable[object] = set(graph.subjects(RDF.type, OWL.Ontology)) - versions
    return min((str(iri) for iri in declared if isinstance(iri, URIRef)), default="")


def _continues(path: Path, head: Path) -> bool:
    """Whether a file belongs to the ontology that another declares."""
    beside = path.parent == head.parent and (path == head or path.stem.startswith(f"{head.stem}-"))
    return beside or head.with_suffix("") in path.parents
