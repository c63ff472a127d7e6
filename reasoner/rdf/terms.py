"""RDF terms as strings in N-Triples syntax, which are cheap to compare, to store and to send to another process."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

import pyoxigraph as ox
from rdflib import Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import EngineError

Term = str
"""An IRI in angle brackets, or a literal in quotes, as pyoxigraph writes them in N-Triples."""
Nodes = dict[Term, dict[Term, list[Term]]]
"""A graph: subject to predicate to objects, each object once."""
OxTerm = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
"""A term as pyoxigraph has it; a triple is a quoted one (RDF 1.2)."""

_XSD = "http://www.w3.org/2001/XMLSchema#"
TRUE, FALSE = (f'"{value}"^^<{_XSD}boolean>' for value in ("true", "false"))
_DATE = re.compile(rf'"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})"\^\^<{_XSD}date>')
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_MOMENT = re.compile(rf'"([-0-9]{{10}}T[:0-9]{{8}}(?:\.[0-9]{{3}})?{_ZONE}?)"\^\^<{_XSD}dateTime>')
_LITERAL = re.compile(r'"(.*)"(?:\^\^<([^>]*)>|@([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)(?:--(?:ltr|rtl))?)?', re.DOTALL)
# XML Schema has the digits 0 to 9 alone; `\\d` and Decimal take those of other scripts too.
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
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
_LEXICAL = {
    f"{_XSD}date": re.compile(rf"-?[0-9]{{4,}}-[0-9]{{2}}-[0-9]{{2}}{_ZONE}?"),
    f"{_XSD}dateTime": re.compile(
        rf"-?[0-9]{{4,}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?{_ZONE}?"
    ),
    f"{_XSD}decimal": _DECIMAL,
    **dict.fromkeys(_INTEGERS, _INTEGER),
    **dict.fromkeys(
        (f"{_XSD}double", f"{_XSD}float"), re.compile(rf"(?:{_DECIMAL.pattern})(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN")
    ),
}
"""How values of datatypes are written (XML Schema 1.1, part 2): Python takes weeks, digits of other scripts and underscores too."""


_RDFLIB = logging.getLogger("rdflib.term")
_FILTERS = threading.Lock()


@contextmanager
def _unlogged() -> Iterator[None]:
    """Drop what rdflib logs of literals, in this thread and until the block ends."""
    muted = threading.get_ident()

    def from_another_thread(record: logging.LogRecord) -> bool:
        return threading.get_ident() != muted

    # The list is replaced, not changed: another thread may be iterating over it.
    with _FILTERS:
        _RDFLIB.filters = [*_RDFLIB.filters, from_another_thread]
    try:
        yield
    finally:
        with _FILTERS:
            _RDFLIB.filters = [other for other in _RDFLIB.filters if other is not from_another_thread]


def literal(value: str, datatype: str | None) -> Literal:
    """An rdflib literal that keeps its lexical form.

    rdflib logs the text of a literal that is not well typed. The text may come from a chart, so nothing is logged here.
    """
    if datatype is None:
        return Literal(value)
    with _unlogged():
        return Literal(value, datatype=URIRef(datatype), normalize=False)


def is_well_typed(value: Literal) -> bool:
    """Whether a literal is written as its datatype has it, as far as rdflib or this module knows the datatype."""
    written = _LEXICAL.get(str(value.datatype))
    return not value.ill_typed and (written is None or written.fullmatch(value) is not None)


def hide_truth_values() -> None:
    """Silence rdflib's warning of an ill-typed ``xsd:boolean`` in this process: the warning quotes the literal."""
    warnings.filterwarnings("ignore", "Parsing weird boolean", UserWarning)


class VocabularyTerms:
    """The terms of a vocabulary by their local names, each made once: `VocabularyTerms(NEC).request`."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Term:
        term = f"<{self._namespace}{name}>"
        setattr(self, name, term)
        return term


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


@lru_cache(maxsize=16384)
def node(term: Term) -> URIRef | Literal:
    """The rdflib IRI or literal of a term, with its lexical form."""
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


def local(iri: str) -> str:
    """The local name of an IRI: what stands after its last ``#`` or ``/``."""
    return re.split(r"[#/]", iri)[-1]


def words(name: str) -> str:
    """A local name as words: ``ReviewRequest`` as review request."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def text(term: Term) -> str:
    """The characters of a literal without quotes, datatype and language, or an IRI without its brackets."""
    if term.startswith("<") or (term.endswith('"') and "\\" not in term):
        return term[1:-1]
    return _parts(term)[0]


def datatype(term: Term) -> str:
    """The datatype IRI of a literal; empty for an IRI and for text in a language."""
    if not term.startswith('"'):
        return ""
    _, datatype, language = _parts(term)
    return "" if language else datatype or f"{_XSD}string"


def language(term: Term) -> str:
    """The language tag of a literal; empty for an IRI and for a literal without one."""
    return (_parts(term)[2] or "") if term.startswith('"') else ""


@lru_cache(maxsize=8192)
def day(term: Term) -> date | None:
    """The day of the calendar that an ``xsd:date`` literal without a time zone names; None for any other term."""
    match = _DATE.fullmatch(term)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def is_moment(term: Term) -> bool:
    """Whether a term is an ``xsd:dateTime`` that is plainly written; one that is not may be a moment all the same."""
    match = _MOMENT.fullmatch(term)
    try:
        return match is not None and datetime.fromisoformat(match[1]) is not None
    except ValueError:
        return False


@lru_cache(maxsize=8192)
def number(term: Term) -> Decimal | None:
    """The value of an ``xsd:integer``, of a type derived from it, or of an ``xsd:decimal``; None for any other term."""
    if not term.startswith('"'):
        return None
    value, datatype, _ = _parts(term)
    pattern = _INTEGER if datatype in _INTEGERS else _DECIMAL if datatype == f"{_XSD}decimal" else None
    return Decimal(value) if pattern and pattern.fullmatch(value) else None


@lru_cache(maxsize=16384)
def canonical(term: Term) -> Term:
    """The term as a store writes it: the decimal ``9.0`` as ``9``, the boolean ``1`` as ``true``."""
    if term.startswith("<") or term.endswith('"') or day(term):
        return term
    store = ox.Store()
    (quad,) = ox.parse(input=f"<urn:s> <urn:p> {term} .", format=ox.RdfFormat.N_TRIPLES)
    store.add(quad)
    (quad,) = store
    return str(quad.object)


@lru_cache(maxsize=8192)
def _parts(term: Term) -> tuple[str, str | None, str | None]:
    """The characters, the datatype and the language of a literal, without the base direction that RDF 1.2 allows."""
    match = _LITERAL.fullmatch(term)
    if not match:
        raise EngineError("a term is neither an IRI nor a literal in N-Triples")  # its text may be of a chart
    value, datatype, language = match.groups()
    if "\\" in value:
        (quad,) = ox.parse(input=f"<urn:s> <urn:p> {term} .", format=ox.RdfFormat.N_TRIPLES)
        value = str(quad.object.value) if isinstance(quad.object, ox.Literal) else value
    return value, datatype, language
