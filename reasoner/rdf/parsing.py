"""Reading RDF without reaching outside: no remote context, no import, no entity, within limits."""

from __future__ import annotations

import hashlib
import io
import os
import re
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.parsers import expat

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import DocumentationError, PolicyError, unreadable
from reasoner.rdf import blank_nodes, terms
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.terms import Nodes, OxTerm

MAX_BYTES = 256 * 2**20
"""Largest file that is read, in bytes."""
MAX_DECODED = 2 * MAX_BYTES
"""Most bytes that the triples of a document may take: a prefix of one letter can stand for a long IRI."""
MAX_LITERAL = 4 * 2**20
"""Longest literal that is accepted, in characters."""
MAX_DEPTH = 64
"""Deepest nesting of JSON, and of blank nodes, that is accepted."""
MAX_ELEMENTS = 4 * MAX_DEPTH
"""Deepest nesting of elements of RDF/XML that is accepted; a node and what is said of it are two."""

SYNTAXES = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".rdf": ox.RdfFormat.RDF_XML,
}
"""The RDF syntaxes that are read, by file name suffix."""

GENERATED = "urn:necessity:node:"
"""Begins the IRIs that take the place of blank nodes."""
RELATIVE = "http://necessity.invalid/"
"""Begins the IRIs that relative references become, so that they are told from whole IRIs."""
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]").search
"""Finds a character that XML cannot hold (XML 1.0, section 2.2), in which graphs and answers are written too."""
_DOUBTFUL = re.compile(r"[\\\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|@[A-Za-z0-9-]*--").search
"""Finds in a term what a literal that cannot be kept has at least: an escape, such a character or a base direction."""
_HELD = 200  # bytes that a triple takes beside its terms
_REQUEST = ox.NamedNode(str(NEC.ReviewRequest))
_PLACE = re.compile(r"^Parser error (?:at|between) line [^:]*: ")  # which is told before it
_XML_DANGER = re.compile(r"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_XML_ENCODING = re.compile(r"""^\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_NO_BRACKETS = bytes(set(range(256)).difference(b"{}[]"))
_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)  # possessive: nothing to go back to is kept


def read_bytes(path: Path | str) -> bytes:
    """The content of a file; raises `DocumentationError` if it cannot be read or is larger than `MAX_BYTES`."""
    try:
        with open(path, "rb", buffering=0) as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise DocumentationError(
                    f"the file is larger than {MAX_BYTES // 2**20} MiB", where=str(path), mend="Split it by request"
                )
            return stream.read()
    except OSError as error:
        raise unreadable(str(path), error) from error


@dataclass(frozen=True)
class DataSet:
    """Triples under a name; blank nodes are replaced by IRIs made from their content (RDF 1.1 Concepts, section 3.5)."""

    name: str
    _triples: list[ox.Triple] | None = field(default=None, repr=False)
    _nodes: Nodes | None = field(default=None, repr=False)
    """What it says beside the triples: nothing of a node of which they say something."""
    _shared: int = 0
    """How many triples, before all others, stand in the default graph."""

    @cached_property
    def triples(self) -> list[ox.Triple]:
        """Its triples."""
        return [*(self._triples or ()), *triples_of(self._nodes or {})]

    def n_triples(self) -> bytes:
        """Its triples as lines of N-Triples, in no order."""
        parsed = ox.serialize(self._triples, format=ox.RdfFormat.N_TRIPLES) if self._triples else None
        return (parsed or b"") + lines_of(self._nodes or {}).encode()

    @cached_property
    def graph(self) -> Graph:
        """As an rdflib graph."""
        graph = Graph(bind_namespaces="none")
        for triple in self.triples:
            graph.add(_nodes(triple))
        return graph

    @cached_property
    def nodes(self) -> Nodes:
        """As terms."""
        return self._nodes_from(0)

    @property
    def own_nodes(self) -> Nodes:
        """What it says as terms, without the default graph, which all data sets of its document say."""
        return self._nodes_from(self._shared)

    def _nodes_from(self, first: int) -> Nodes:
        if self._nodes is not None and not self._triples:
            return self._nodes
        found: dict[str, dict[str, dict[str, None]]] = {}
        for triple in islice(self._triples or (), first, None):
            values = found.setdefault(str(triple.subject), {}).setdefault(str(triple.predicate), {})
            values[str(triple.object)] = None
        parsed = {node: {name: list(values) for name, values in facts.items()} for node, facts in found.items()}
        return {**(self._nodes or {}), **parsed}


def parse_datasets(
    data: bytes, syntax: ox.RdfFormat, source: str, *, first: int = 1, rows: Sequence[int] = ()
) -> list[DataSet]:
    """The data sets of one RDF document.

    A document with named graphs yields one data set per named graph, each together with the default graph;
    any other document is one data set, named after its source.

    Args:
        data: the document in UTF-8.
        syntax: one of `SYNTAXES`.
        source: what to call the document in errors.
        first: the number of its first line there.
        rows: the rows of a table that its lines are, by number; 0 for one whose number is not known.

    Raises:
        DocumentationError: the syntax is wrong (with line and column), a limit is exceeded, or something would be fetched.
    """
    text = _decode(data, source, first)
    if syntax == ox.RdfFormat.RDF_XML:
        _refuse_xml_dangers(text, source)
        _refuse_deep_xml(text, source)
    elif syntax == ox.RdfFormat.JSON_LD:
        refuse_deep_json(text, source)
    shared: list[ox.Triple] = []
    named: dict[str, list[ox.Triple]] = {}
    size = size_of_shared = 0
    for quad in _parse(text, syntax, source, first=first, rows=rows):
        _refuse_relative(quad, source)
        if isinstance(quad.graph_name, ox.DefaultGraph):
            shared.append(quad.triple)
            size_of_shared += _HELD + len(str(quad))
        else:
            named.setdefault(quad.graph_name.value, []).append(quad.triple)
            size += _HELD + len(str(quad))
        if size + size_of_shared * max(len(named), 1) > MAX_DECODED:
            problem = f"its triples take more than {MAX_DECODED // 2**20} MiB"
            raise DocumentationError(problem, where=source, mend="Split it by request")
    if not named:
        return [data_set(source, shared)]
    return [
        replace(data_set(f"{source} <{name}>", shared + triples), _shared=len(shared))
        for name, triples in named.items()
    ]


def n_triples(data: bytes, syntax: ox.RdfFormat) -> bytes | None:
    """The triples of a document as lines of N-Triples; None where `parse_datasets` may refuse it.

    Args:
        data: the document in UTF-8.
        syntax: Turtle or N-Triples.
    """
    try:
        if not data.isascii():
            data.decode()
        quads = ox.parse(data.removeprefix(BOM_UTF8), syntax, base_iri=RELATIVE)
        ox.serialize(quads, written := _Bounded(), ox.RdfFormat.N_TRIPLES)
    except (SyntaxError, MemoryError, ValueError, OSError):
        return None
    found = written.getvalue()
    return None if f"<{RELATIVE}".encode() in found else found


class _Bounded(io.BytesIO):
    """Bytes, of which there may be no more than `MAX_BYTES`."""

    def write(self, data: Any) -> int:
        if self.tell() > MAX_BYTES:
            raise ValueError
        return super().write(data)


def load_files(paths: Iterable[Path]) -> Graph:
    """One graph of all the Turtle files of a policy; raises `PolicyError` where one cannot be read."""
    graph = Graph(bind_namespaces="none")
    for path in paths:
        prefix = label_prefix(path)
        for triple in file_triples(path):
            graph.add(_nodes(triple, prefix))
    return graph


def file_triples(path: Path, *, rename: bool = False) -> Iterator[ox.Triple]:
    """The triples of a Turtle file of a policy.

    Args:
        path: the file.
        rename: whether blank nodes get labels that no other file has.

    Raises:
        PolicyError: it cannot be read.
    """
    try:
        for quad in _parse(_decode(read_bytes(path), str(path)), ox.RdfFormat.TURTLE, str(path), rename=rename):
            if isinstance(quad.subject, ox.Triple) or isinstance(quad.object, ox.Triple):
                raise _quoted(str(path))
            yield quad.triple
    except DocumentationError as error:
        raise PolicyError(error.problem, where=error.where or str(path), mend=error.mend) from error


def label_prefix(path: Path) -> str:
    """What `load_files` puts before the labels of a file's blank nodes: two files may use one label for different nodes."""
    # RDF/XML requires a label to begin with a letter.
    return "b" + hashlib.sha256(str(path).encode()).hexdigest()[:8]


def data_set(
    name: str, triples: Iterable[ox.Triple], *, depth: int = MAX_DEPTH, scope: str = "", beside: Nodes | None = None
) -> DataSet:
    """The data set of parsed triples, with blank nodes replaced by IRIs that are made from their content.

    Two blank nodes with the same properties are one node, so order and labels never matter. Those of two data sets that are
    about different requests never are: two people who were born on one day stay two.

    Args:
        name: what to call the data set, in errors too.
        triples: as the parser gives them.
        depth: the longest chain of blank nodes that is accepted, in nodes.
        scope: what the names are made from beside the content; by default the IRIs of the requests in the data set.
        beside: what it says beside the triples, without blank nodes and nothing of a node of which they say something.

    Raises:
        DocumentationError: blank nodes form a cycle or nest deeper than `depth`, a literal is longer than `MAX_LITERAL`, has
            a character that XML cannot hold or a base direction, or a triple is quoted.
    """
    triples = list(triples)
    names = blank_nodes.names_of(triples, name, depth, scope or _requests(triples))
    skolemized = []
    for triple in triples:
        subject, value = triple.subject, triple.object
        if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
            raise _quoted(name)
        if isinstance(value, ox.Literal):
            _refuse_unusable(value, f"{name}: {_show(subject)}")
        skolemized.append(_skolemized(subject, triple.predicate, value, names) if names else triple)
    terms = {term for facts in (beside or {}).values() for values in facts.values() for term in values}
    doubtful = {term for term in terms if len(term) > MAX_LITERAL or _DOUBTFUL(term)}
    for node, facts in (beside or {}).items() if doubtful else ():
        if any(not doubtful.isdisjoint(values) for values in facts.values()):
            for triple in triples_of({node: facts}):
                if isinstance(triple.object, ox.Literal):
                    _refuse_unusable(triple.object, f"{name}: {node}")
    return DataSet(name, skolemized, beside)


def data_set_of(name: str, nodes: Nodes, *, printable: bool) -> DataSet:
    """The data set of terms, none of them a blank node.

    Args:
        name: what to call the data set, in errors too.
        nodes: the terms.
        printable: whether every literal is known to be no longer than `MAX_LITERAL` and of printable characters alone.

    Raises:
        DocumentationError: as `data_set` does.
    """
    if printable:
        return DataSet(name, _nodes=nodes)
    return data_set(name, triples_of(nodes))


def triples_of(nodes: Nodes) -> list[ox.Triple]:
    """What is said of nodes, as triples."""
    return [quad.triple for quad in ox.parse(lines_of(nodes), format=ox.RdfFormat.N_TRIPLES)]


def lines_of(nodes: Nodes) -> str:
    """What is said of nodes, as lines of N-Triples."""
    return "".join(
        f"{subject} {predicate} {value} .\n"
        for subject, facts in nodes.items()
        for predicate, values in facts.items()
        for value in values
    )


def _refuse_unusable(value: ox.Literal, where: str) -> None:
    """Raise `DocumentationError` for a literal that cannot be kept, or not be written in every format."""
    if len(value.value) > MAX_LITERAL:
        raise DocumentationError(
            f"a literal is longer than {MAX_LITERAL // 2**20} MiB",
            where=where,
            mend="Keep the excerpt, not the document, in the statement",
        )
    if found := _UNWRITABLE(value.value):
        raise DocumentationError(
            f"a literal has the control character U+{ord(found[0]):04X}", where=where, mend="Leave it out"
        )
    if value.direction is not None:
        raise DocumentationError(
            f"a literal has a base direction (@{value.language}--{value.direction})",
            where=where,
            mend=f"Write @{value.language}: RDF 1.1 has no base direction",
        )


def refuse_deep_json(text: str, source: str) -> None:
    """Raise `DocumentationError` if JSON nests deeper than `MAX_DEPTH`, before any parser recurses into it."""
    if _nests_within(text, MAX_DEPTH):
        return
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        depth += (match[0] in "{[") - (match[0] in "}]")
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, match.start()) + 1
            raise DocumentationError(f"JSON is nested deeper than {MAX_DEPTH} levels", where=f"{source}: line {line}")


def _nests_within(text: str, depth: int) -> bool:
    """Whether brackets nest no deeper, those in strings counted in; a quick test that may be wrong to say no."""
    brackets = text.encode("ascii", "ignore").translate(None, _NO_BRACKETS)
    for _ in range(depth):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return not brackets


def _decode(data: bytes, source: str, first: int = 1) -> str:
    if not data.strip():
        raise DocumentationError("the file is empty", where=source, mend="Give it a nec:ReviewRequest and statements")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{source}: line {first + data.count(10, 0, error.start)}"
        raise DocumentationError("the text is not UTF-8", where=where, mend="Save it as UTF-8") from None


def _refuse_xml_dangers(text: str, source: str) -> None:
    if _XML_DANGER.search(text):
        raise DocumentationError(
            "RDF/XML declares a document type or entities", where=source, mend="Write IRIs in full, or use Turtle"
        )
    if _XML_ENCODING.search(text):
        raise DocumentationError("RDF/XML declares an encoding other than UTF-8", where=source, mend="Save it as UTF-8")


def _refuse_deep_xml(text: str, source: str) -> None:
    """Raise `DocumentationError` if elements nest deeper than `MAX_ELEMENTS`: the parser's time grows with the square of that."""
    depth = 0

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_ELEMENTS:
            raise DocumentationError(
                f"XML elements nest deeper than {MAX_ELEMENTS} levels",
                where=f"{source}: line {reader.CurrentLineNumber}",
                mend="Describe each node by itself, and refer to it by its IRI",
            )

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    reader = expat.ParserCreate("utf-8")
    reader.StartElementHandler, reader.EndElementHandler = begin, end
    with suppress(expat.ExpatError):  # the parser of RDF says what is wrong
        reader.Parse(text.encode(), True)


def _parsed(text: str, syntax: ox.RdfFormat, source: str, *, rename: bool = False) -> ox.QuadParser:
    base = RELATIVE + quote(source)
    return ox.parse(input=text.encode(), format=syntax, base_iri=base, rename_blank_nodes=rename)


def _parse(
    text: str, syntax: ox.RdfFormat, source: str, *, rename: bool = False, first: int = 1, rows: Sequence[int] = ()
) -> Iterator[ox.Quad]:
    try:
        yield from _parsed(text, syntax, source, rename=rename)
    except SyntaxError as error:
        where = source
        if rows:
            if row := next(
                (row for row, line in zip(rows, text.split("\n"), strict=False) if not _is_whole(line, syntax)), 0
            ):
                where += f": row {row}"
        elif error.lineno:
            where += f": line {first - 1 + error.lineno}, column {error.offset}"
        if "LoadDocumentCallback" in str(error):
            raise DocumentationError(
                "JSON-LD names a remote context, and nothing is fetched", where=where, mend="Write the context inline"
            ) from None
        raise DocumentationError(f"wrong {syntax.name} syntax: {_PLACE.sub('', error.msg)}", where=where) from None
    except (MemoryError, ValueError, OSError) as error:
        raise DocumentationError(
            "a literal or another part is too large to parse", where=source, mend=f"Shorten it ({error})"
        ) from None


def _is_whole(line: str, syntax: ox.RdfFormat) -> bool:
    """Whether a line can be read by itself; where its end is a comment, the parser finds the fault in the next line."""
    with suppress(SyntaxError):
        deque(ox.parse(line.encode(), format=syntax), 0)
        return True
    return False


def _refuse_relative(quad: ox.Quad, source: str) -> None:
    """Raise `DocumentationError` for an IRI that depends on where the document stands: two documents could mean two things by it."""
    for term in (quad.subject, quad.predicate, quad.object, quad.graph_name):
        if isinstance(term, ox.NamedNode) and term.value.startswith(RELATIVE):
            own = f"{RELATIVE}{quote(source)}"
            written = term.value.removeprefix(own) if term.value.startswith(own) else term.value.removeprefix(RELATIVE)
            raise DocumentationError(
                f"the IRI <{written}> is relative",
                where=source,
                mend="Write IRIs in full or with a prefix, or declare their base in the document",
            )


def _requests(triples: list[ox.Triple]) -> str:
    """The IRIs of the requests that are described, ordered."""
    found = {
        triple.subject.value
        for triple in triples
        if isinstance(triple.subject, ox.NamedNode)
        and triple.predicate.value == str(RDF.type)
        and triple.object == _REQUEST
    }
    return "\n".join(sorted(found))


def _nodes(triple: ox.Triple, prefix: str = "") -> tuple[Node, Node, Node]:
    """A triple in rdflib's terms, with a prefix before the labels of its blank nodes."""
    return _node(triple.subject, prefix), _node(triple.predicate, prefix), _node(triple.object, prefix)


def _node(term: OxTerm, prefix: str) -> Node:
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(prefix + term.value)
    if isinstance(term, ox.Triple):
        raise _quoted("")
    if term.language:
        return Literal(term.value, lang=term.language)
    plain = term.datatype.value == "http://www.w3.org/2001/XMLSchema#string"
    return terms.literal(term.value, None if plain else term.datatype.value)


def _quoted(where: str) -> DocumentationError:
    return DocumentationError("a triple is quoted", where=where, mend="Write plain RDF 1.1")


def _skolemized(
    subject: ox.NamedNode | ox.BlankNode,
    predicate: ox.NamedNode,
    value: ox.NamedNode | ox.BlankNode | ox.Literal,
    names: dict[str, str],
) -> ox.Triple:
    """A triple in which blank nodes are replaced by IRIs made of their names."""
    if isinstance(subject, ox.BlankNode):
        subject = ox.NamedNode(GENERATED + names[subject.value])
    if isinstance(value, ox.BlankNode):
        value = ox.NamedNode(GENERATED + names[value.value])
    return ox.Triple(subject, predicate, value)


def _show(term: OxTerm) -> str:
    return "a blank node" if isinstance(term, ox.BlankNode) else str(term)
