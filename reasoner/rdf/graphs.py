"""RDF graphs: canonical form, digest, lists and closures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import pyoxigraph as ox
from rdflib import BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.ground.errors import PolicyError
from reasoner.rdf.namespaces import RDF


def canonical(graph: Graph) -> str:
    """A graph without blank nodes as canonical N-Triples in code point order, which is its RDFC-1.0 form.

    Numbers, booleans and dates are written as a store writes them (``9.0`` as ``9``), so that a graph has the same form
    before and after it was in a store.
    """
    return canonical_lines(triples(graph))


def triples(source: Graph | str | bytes) -> list[ox.Triple]:
    """The triples of a graph, or of N-Triples that this package wrote, in pyoxigraph's terms."""
    lines = source.serialize(format="nt", encoding="utf-8") if isinstance(source, Graph) else source
    return [quad.triple for quad in ox.parse(input=lines, format=ox.RdfFormat.N_TRIPLES)]


def canonical_lines(triples: Iterable[ox.Triple]) -> str:
    """Triples without blank nodes as canonical N-Triples; see `canonical`."""
    by_value = ox.Store()
    by_value.extend(ox.Quad(*triple) for triple in triples)
    return "".join(sorted(f"{quad.triple} .\n" for quad in by_value))


def lines_of(content: str) -> list[str]:
    """The lines of canonical N-Triples, with their ends; other characters that end lines, such as U+2028, stand in literals."""
    return [f"{line}\n" for line in content.split("\n") if line]


def canonical_dataset(named: Mapping[str, Graph]) -> str:
    """Named graphs as one data set of canonical N-Quads (RDFC-1.0), with the lexical forms of literals unchanged."""
    dataset = ox.Dataset(
        ox.Quad(triple.subject, triple.predicate, triple.object, ox.NamedNode(name))
        for name, graph in named.items()
        for triple in triples(graph)
    )
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return "".join(sorted(f"{quad} .\n" for quad in dataset))


def digest(content: str) -> str:
    """SHA-256, in hexadecimal, of a canonical form."""
    return hashlib.sha256(content.encode()).hexdigest()


def text(graph: Graph, subject: Node | None, predicate: Node) -> str:
    """The values of a property as one line of text, in a fixed order; empty if there are none."""
    return " · ".join(sorted(str(value) for value in graph.objects(subject, predicate)))


def members(graph: Graph, head: Node | None) -> tuple[Node, ...]:
    """The items of an RDF list, in order; raises `PolicyError` if it is broken or loops."""
    items: list[Node] = []
    seen: set[Node] = set()
    while head is not None and head != RDF.nil:
        item, tail = graph.value(head, RDF.first), graph.value(head, RDF.rest)
        if head in seen or item is None or tail is None:
            raise PolicyError("an RDF list is broken or loops", where=str(head))
        seen.add(head)
        items.append(item)
        head = tail
    return tuple(items)


def closure(graph: Graph, *roots: Node, follow: frozenset[URIRef] = frozenset()) -> Iterator[tuple[Node, Node, Node]]:
    """The triples about some nodes, about the blank nodes they refer to, and about the values of `follow`.

    Args:
        graph: where the triples are.
        roots: the nodes to begin with.
        follow: properties that lead on to named nodes too.
    """
    queue, seen = list(roots), set(roots)
    while queue:
        for triple in graph.triples((queue.pop(), None, None)):
            yield triple
            _, predicate, object_ = triple
            if (isinstance(object_, BNode) or predicate in follow) and object_ not in seen:
                seen.add(object_)
                queue.append(object_)
