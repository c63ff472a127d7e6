"""A policy as graphs of a knowledge base: the vocabularies that it uses, each by itself, and the policy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rdflib import Graph, URIRef

from reasoner.policy.codemap import read_code_map
from reasoner.policy.model import Policy
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import NEC, OWL, RDF
from reasoner.store.catalog import GraphKind

_CORE = str(NEC).removesuffix("#")
"""IRI of the core vocabulary."""
_DEPTH = 800
"""How deeply the blank nodes of a policy may be nested."""


def parts_of(policy: Policy) -> list[tuple[GraphKind, str, str]]:
    """The graphs of a policy: kind, IRI of what it is about, and content as canonical N-Triples; the policy's own is last.

    A file with an `owl:Ontology` that is no version of a policy is a vocabulary, with the files that continue it:
    ``core-evidence.ttl`` and ``core/evidence.ttl`` continue ``core.ttl``. All else is the policy's, its shapes and the code
    maps that were given with it too. What the core vocabulary says, as that a term is an annotation property, no other graph
    repeats.
    """
    loaded = {path: parsing.load_files([path]) for path in policy.sources.ontology_files}
    vocabularies = {path: iri for path, graph in loaded.items() if (iri := _vocabulary(graph))}
    parts: dict[str, list[Graph]] = {}
    for path, graph in loaded.items():
        head = next((other for other in vocabularies if _continues(path, other)), None)
        parts.setdefault(vocabularies[head] if head else policy.iri, []).append(graph)
    own = [*parts.pop(policy.iri, ()), policy.shapes]
    own += [read_code_map(path, policy.ontology) for path in policy.sources.code_maps]
    core = _content(_CORE, parts.pop(_CORE, []), frozenset())
    said = frozenset(graphs.lines_of(core))
    made = [(GraphKind.VOCABULARY, _CORE, core)]
    made += [(GraphKind.VOCABULARY, iri, _content(iri, of_it, said)) for iri, of_it in sorted(parts.items())]
    return [*made, (GraphKind.POLICY, policy.iri, _content(policy.iri, own, said))]


def _vocabulary(graph: Graph) -> str:
    """The IRI of the ontology that a file declares; empty if it declares none, or versions of a policy."""
    versions = set(graph.subjects(RDF.type, NEC.PolicyVersion))
    declared: Iterable[object] = set(graph.subjects(RDF.type, OWL.Ontology)) - versions
    return min((str(iri) for iri in declared if isinstance(iri, URIRef)), default="")


def _continues(path: Path, head: Path) -> bool:
    """Whether a file belongs to the ontology that another declares."""
    beside = path.parent == head.parent and (path == head or path.stem.startswith(f"{head.stem}-"))
    return beside or head.with_suffix("") in path.parents


def _content(about: str, parts: Iterable[Graph], said: frozenset[str]) -> str:
    """What some graphs say together, as canonical N-Triples, without the lines that are said already."""
    triples = [triple for part in parts for triple in graphs.triples(part)]
    content = graphs.canonical_lines(parsing.data_set(about, triples, depth=_DEPTH, scope=about).triples)
    return "".join(line for line in graphs.lines_of(content) if line not in said)
