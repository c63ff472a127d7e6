"""A policy as graphs of a knowledge base: the vocabularies that it uses, each by itself, and the policy."""

from __future__ import annotations

from collections.abc import Iterable

from rdflib import Graph

from reasoner.policy.codemap import read_code_map
from reasoner.policy.model import Policy
from reasoner.policy.modules import modules
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import NEC
from reasoner.store.catalog import GraphKind

_CORE = str(NEC).removesuffix("#")
"""IRI of the core vocabulary."""
_DEPTH = 800
"""How deeply the blank nodes of a policy may be nested."""


def parts_of(policy: Policy) -> list[tuple[GraphKind, str, str]]:
    """The graphs of a policy: kind, IRI of what it is about, and content as canonical N-Triples; the policy's own is last.

    They are those of `reasoner.policy.modules`, with the shapes, and the code maps that were given, in the policy's own. What
    the core vocabulary says, as that a term is an annotation property, no other graph repeats.
    """
    parts = modules(policy)
    own = [*parts.pop(policy.iri), policy.shapes]
    own += [read_code_map(path, policy.ontology) for path in policy.sources.code_maps]
    core = _content(_CORE, parts.pop(_CORE, []), frozenset())
    said = frozenset(graphs.lines_of(core))
    made = [(GraphKind.VOCABULARY, _CORE, core)]
    made += [(GraphKind.VOCABULARY, iri, _content(iri, of_it, said)) for iri, of_it in parts.items()]
    return [*made, (GraphKind.POLICY, policy.iri, _content(policy.iri, own, said))]


def _content(about: str, parts: Iterable[Graph], said: frozenset[str]) -> str:
    """What some graphs say together, as canonical N-Triples, without the lines that are said already."""
    triples = [triple for part in parts for triple in graphs.triples(part)]
    content = graphs.canonical_lines(parsing.data_set(about, triples, depth=_DEPTH, scope=about).triples)
    return "".join(line for line in graphs.lines_of(content) if line not in said)
