"""RDF terms as they stand in N-Triples: strings, which are cheap to compare, to keep and to send to another process."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import pyoxigraph as ox
from rdflib import Literal, URIRef
from rdflib.term import Node

Term = str
"""An IRI in angle brackets, or a literal in quotes, as pyoxigraph writes them in N-Triples."""
Nodes = dict[Term, dict[Term, list[Term]]]
"""A graph: subject to predicate to objects, each object once."""

_XSD = "http://www.w3.org/2001/XMLSchema#"
_DATE = re.compile(rf'"(\d{{4}}-\d\d-\d\d)"\^\^<{_XSD}date>')
_LITERAL = re.compile(r'"(.*)"(?:\^\^<([^>]*)>|@([A-Za-z0-9-]+))?', re.DOTALL)
_INTEGERS = frozenset(
    f"{_XSD}{sign}{name}"
    for sign, names in (
        ("", ("integer", "int", "long", "short", "byte")),
        ("unsigned", ("Int", "Long", "Short", "Byte")),
        ("non", ("NegativeInteger", "PositiveInteger")),
        ("", ("negativeInteger", "positiveInteger")),
    )
    for name in names
)


_RDFLIB = logging.getLogger("rdflib.term")
_FILTERS = threading.Lock()


@contextmanager
def _unlogged() -> Iterator[None]:
    """While it lasts, what rdflib logs of literals in this thread is dropped."""
    here = threading.get_ident()

    def elsewhere(record: logging.LogRecord) -> bool:
        return threading.get_ident() != here

    # The list is replaced, not changed: another thread may be going through it.
    with _FILTERS:
        _RDFLIB.filters = [*_RDFLIB.filters, elsewhere]
    try:
        yield
    finally:
        with _FILTERS:
            _RDFLIB.filters = [present for present in _RDFLIB.filters if present is not elsewhere]


def literal(value: str, datatype: str | None) -> Literal:
    """An rdflib literal with its lexical form kept.

    rdflib logs one that is not well typed together with its text, which may come from a chart: here it does not.
    """
    if datatype is None:
        return Literal(value)
    with _unlogged():
        return Literal(value, datatype=URIRef(datatype), normalize=False)


def hide_truth_values() -> None:
    """Have rdflib not warn, in this whole process, of ``xsd:boolean`` literals that are none: it would tell their text."""
    warnings.filterwarnings("ignore", "Parsing weird boolean", UserWarning)


def iri(name: str) -> Term:
    """The term of an IRI."""
    return f"<{name}>"


def name(term: Term) -> str:
    """The IRI of a term that is one."""
    return term[1:-1]


def of(node: Node) -> Term:
    """The term of an rdflib IRI or literal."""
    if not isinstance(node, Literal):
        return f"<{node}>"
    if node.language:
        return str(ox.Literal(str(node), language=node.language))
    return str(ox.Literal(str(node), datatype=ox.NamedNode(node.datatype) if node.datatype else None))


@lru_cache(maxsize=65536)
def node(term: Term) -> URIRef | Literal:
    """The rdflib IRI or literal of a term, its lexical form kept."""
    if term.startswith("<"):
        return URIRef(term[1:-1])
    value, datatype, language = _parts(term)
    if language:
        return Literal(value, lang=language)
    return literal(value, datatype)


def short(iri: str, prefixes: Mapping[str, str]) -> str:
    """An IRI with its prefix, that of the longest namespace; without one as it is.

    Args:
        iri: the IRI.
        prefixes: namespaces by prefix.
    """
    fitting = [(len(space), prefix) for prefix, space in prefixes.items() if iri.startswith(space) and iri != space]
    if not fitting:
        return iri
    length, prefix = max(fitting)
    return f"{prefix}:{iri[length:]}"


def text(term: Term) -> str:
    """The characters of a literal, or an IRI, without what marks it as one."""
    if "\\" not in term and (term.endswith('"') or term.startswith("<")):
        return term[1:-1]
    return term[1:-1] if term.startswith("<") else _parts(term)[0]


def datatype(term: Term) -> str:
    """The datatype IRI of a literal; empty for an IRI and for text in a language."""
    if term.startswith("<"):
        return ""
    _, found, language = _parts(term)
    return "" if language else found or f"{_XSD}string"


@lru_cache(maxsize=8192)
def day(term: Term) -> date | None:
    """The day of the calendar that an ``xsd:date`` literal without a time zone names; None for any other term."""
    match = _DATE.fullmatch(term)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def number(term: Term) -> Decimal | None:
    """The value of an ``xsd:integer``, of a type derived from it, or of an ``xsd:decimal``; None for any other term."""
    if term.startswith("<"):
        return None
    value, kind, _ = _parts(term)
    if kind in _INTEGERS:
        return Decimal(value) if re.fullmatch(r"[+-]?\d+", value) else None
    if kind == f"{_XSD}decimal" and re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", value):
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    return None


@lru_cache(maxsize=65536)
def canonical(term: Term) -> Term:
    """The term as a store writes it: ``9.0`` as ``9``, ``1`` of the truth values as ``true``."""
    if term.startswith("<") or term.endswith('"') or day(term):
        return term
    store = ox.Store()
    (quad,) = ox.parse(input=f"<urn:s> <urn:p> {term} .", format=ox.RdfFormat.N_TRIPLES)
    store.add(quad)
    (quad,) = store
    return str(quad.object)


@lru_cache(maxsize=8192)
def _parts(term: Term) -> tuple[str, str | None, str | None]:
    match = _LITERAL.fullmatch(term)
    assert match, term  # it was written by a parser
    if "\\" not in match[1]:
        return match[1], match[2], match[3]
    (quad,) = ox.parse(input=f"<urn:s> <urn:p> {term} .", format=ox.RdfFormat.N_TRIPLES)
    return quad.object.value, match[2], match[3]  # type: ignore[union-attr]
