"""Reading RDF without reaching outside: no remote context, no import, no entity, within limits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef

from reasoner.ground.errors import DocumentationError, NecessityError, PolicyError
from reasoner.rdf import terms
from reasoner.rdf.terms import Nodes

MAX_BYTES = 256 * 2**20
"""Largest file that is read, in bytes."""
MAX_LITERAL = 4 * 2**20
"""Longest literal that is accepted, in characters."""
MAX_DEPTH = 64
"""Deepest nesting of JSON, and of blank nodes, that is accepted."""

SYNTAXES = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".rdf": ox.RdfFormat.RDF_XML,
}
"""The RDF syntaxes that are read, by file name suffix."""

_NODE = "urn:necessity:node:"
_XML_DANGER = re.compile(r"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_XML_ENCODING = re.compile(r"""^\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def read_bytes(path: Path) -> bytes:
    """The content of a file of at most `MAX_BYTES`; raises `DocumentationError` where it cannot be had."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentationError(
                f"the file is larger than {MAX_BYTES // 2**20} MiB", where=str(path), mend="Split it by request"
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DocumentationError(f"the file cannot be read: {reason}", where=str(path)) from error


@dataclass(frozen=True)
class DataSet:
    """Triples under a name, without blank nodes: those that had none are skolemized by their content."""

    name: str
    triples: list[ox.Triple] = field(repr=False)

    @cached_property
    def graph(self) -> Graph:
        """As an rdflib graph."""
        return _graph(self.triples)

    @cached_property
    def nodes(self) -> Nodes:
        """As terms."""
        found: Nodes = {}
        for triple in self.triples:
            values = found.setdefault(str(triple.subject), {}).setdefault(str(triple.predicate), [])
            if (value := str(triple.object)) not in values:
                values.append(value)
        return found


def parse_datasets(data: bytes, syntax: ox.RdfFormat, source: str) -> list[DataSet]:
    """The data sets of one RDF document.

    A document with named graphs yields one data set per named graph, each together with the default graph;
    any other document is one data set named as its source. Raises `DocumentationError` with line and column
    for wrong syntax, and for whatever would reach outside or pass a limit.
    """
    text = _decode(data, source)
    if syntax == ox.RdfFormat.RDF_XML:
        _refuse_xml_dangers(text, source)
    elif syntax == ox.RdfFormat.JSON_LD:
        refuse_deep_json(text, source)
    shared: list[ox.Triple] = []
    named: dict[str, list[ox.Triple]] = {}
    for quad in _parse(text, syntax, source):
        if isinstance(quad.graph_name, ox.DefaultGraph):
            shared.append(quad.triple)
        else:
            named.setdefault(quad.graph_name.value, []).append(quad.triple)
    if not named:
        return [data_set(source, shared)]
    return [data_set(f"{source} <{name}>", shared + triples) for name, triples in named.items()]


def load_files(paths: Iterable[Path]) -> Graph:
    """One graph of all the Turtle files of a policy; raises `PolicyError` where one cannot be read."""
    triples: list[ox.Triple] = []
    for path in paths:
        try:
            quads = list(_parse(_decode(read_bytes(path), str(path)), ox.RdfFormat.TURTLE, str(path)))
        except NecessityError as error:
            raise PolicyError(error.problem, where=error.where, mend=error.mend) from error
        # Blank nodes of two files may bear one label: keep them apart.
        apart = hashlib.sha256(str(path).encode()).hexdigest()[:8]
        triples.extend(_relabel(quad.triple, apart) for quad in quads)
    return _graph(triples)


def data_set(name: str, triples: Iterable[ox.Triple], *, depth: int = MAX_DEPTH) -> DataSet:
    """The data set of parsed triples, blank nodes skolemized by their content.

    Two blank nodes that say the same are one node, so order and labels never matter. Raises
    `DocumentationError` for blank nodes that form a cycle or nest deeper than `depth`, and for a literal
    over `MAX_LITERAL`.
    """
    triples = list(triples)
    names = _skolem_names(triples, name, depth)
    found = []
    for triple in triples:
        subject, predicate, object_ = triple.subject, triple.predicate, triple.object
        if isinstance(subject, ox.Triple) or isinstance(object_, ox.Triple):
            raise DocumentationError("a triple is quoted", where=name, mend="Write plain RDF 1.1")
        if isinstance(object_, ox.Literal) and len(object_.value) > MAX_LITERAL:
            raise DocumentationError(
                f"a literal is longer than {MAX_LITERAL // 2**20} MiB",
                where=f"{name}: {_show(subject)}",
                mend="Keep the excerpt, not the document, in the statement",
            )
        found.append(ox.Triple(_skolem(subject, names), predicate, _skolem(object_, names)) if names else triple)
    return DataSet(name, found)


def refuse_deep_json(text: str, source: str) -> None:
    """Raise `DocumentationError` if JSON nests deeper than `MAX_DEPTH`, before any parser recurses into it."""
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        depth += (token in "{[") - (token in "}]")
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, match.start()) + 1
            raise DocumentationError(f"JSON is nested deeper than {MAX_DEPTH} levels", where=f"{source}: line {line}")


def _decode(data: bytes, source: str) -> str:
    if not data.strip():
        raise DocumentationError("the file is empty", where=source, mend="Give it a nec:ReviewRequest and statements")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentationError(
            f"the text is not UTF-8 (byte {error.start})", where=source, mend="Save it as UTF-8"
        ) from None


def _refuse_xml_dangers(text: str, source: str) -> None:
    if _XML_DANGER.search(text):
        raise DocumentationError(
            "RDF/XML declares a document type or entities", where=source, mend="Write IRIs in full, or use Turtle"
        )
    if _XML_ENCODING.search(text):
        raise DocumentationError("RDF/XML declares an encoding other than UTF-8", where=source, mend="Save it as UTF-8")


def _parse(text: str, syntax: ox.RdfFormat, source: str) -> Iterator[ox.Quad]:
    try:
        yield from ox.parse(input=text.encode(), format=syntax, base_iri=f"http://necessity.invalid/{quote(source)}")
    except SyntaxError as error:
        where = f"{source}: line {error.lineno}, column {error.offset}" if error.lineno else source
        if "LoadDocumentCallback" in str(error):
            raise DocumentationError(
                "JSON-LD names a remote context, and nothing is fetched", where=where, mend="Write the context inline"
            ) from None
        raise DocumentationError(f"wrong {syntax.name} syntax: {error.msg}", where=where) from None
    except (MemoryError, ValueError, OSError) as error:
        raise DocumentationError(
            "a literal or another part is too large to parse", where=source, mend=f"Shorten it ({error})"
        ) from None


def _relabel(triple: ox.Triple, apart: str) -> ox.Triple:
    def node(term: ox.Term) -> ox.Term:
        # RDF/XML wants a label that begins with a letter.
        return ox.BlankNode(f"b{apart}{term.value}") if isinstance(term, ox.BlankNode) else term

    return ox.Triple(node(triple.subject), triple.predicate, node(triple.object))  # type: ignore[arg-type]


def _graph(triples: Iterable[ox.Triple]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for triple in triples:
        graph.add((_term(triple.subject), _term(triple.predicate), _term(triple.object)))
    return graph


def _term(term: ox.Term) -> URIRef | BNode | Literal:
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return Literal(term.value, lang=term.language)
        plain = term.datatype.value == "http://www.w3.org/2001/XMLSchema#string"
        return terms.literal(term.value, None if plain else term.datatype.value)
    return BNode(term.value)


def _skolem(term: Any, names: dict[str, str]) -> Any:
    return ox.NamedNode(_NODE + names[term.value]) if isinstance(term, ox.BlankNode) else term


def _skolem_names(triples: list[ox.Triple], source: str, limit: int) -> dict[str, str]:
    """A name for each blank node, digested from what it says."""
    says: dict[str, list[ox.Triple]] = {}
    for triple in triples:
        if isinstance(triple.subject, ox.BlankNode):
            says.setdefault(triple.subject.value, []).append(triple)
        if isinstance(triple.object, ox.BlankNode):
            says.setdefault(triple.object.value, [])
    names: dict[str, str] = {}
    open_: set[str] = set()

    def name(label: str, depth: int) -> str:
        if label in names:
            return names[label]
        if label in open_ or depth > limit:
            what = "form a cycle" if label in open_ else f"nest deeper than {limit} levels"
            raise DocumentationError(f"blank nodes {what}", where=source, mend="Give the nodes IRIs")
        open_.add(label)
        parts = []
        for triple in says[label]:
            object_ = triple.object
            value = name(object_.value, depth + 1) if isinstance(object_, ox.BlankNode) else str(object_)
            parts.append(f"{triple.predicate} {value}")
        open_.discard(label)
        names[label] = hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:20]
        return names[label]

    for label in says:
        name(label, 1)
    return names


def _show(term: ox.Term) -> str:
    return "a blank node" if isinstance(term, ox.BlankNode) else str(term)
