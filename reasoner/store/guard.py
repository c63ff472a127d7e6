"""The guard of a writable endpoint: which graphs an update changes, and that none of them is the software's own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from rdflib import BNode, URIRef, Variable

from reasoner.ground.errors import QueryError, StoreError
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, OWL, PROV, RDF, RDFS
from reasoner.rdf.sparql import refuse_depth, without_text
from reasoner.store.backends import Store
from reasoner.store.catalog import GraphKind
from reasoner.store.change import Change
from reasoner.store.placement import Placement
from reasoner.store.register import STANDARD_PREFIXES, Register

_NARROWS = (RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass, OWL.equivalentProperty, OWL.sameAs)
"""The properties by which a term of one's own would stand for another."""
OWN = "urn:necessity:"
"""Begins the names of the graphs that only this software changes."""
_LASTING = tuple(
    kind.prefix
    for kind in (
        GraphKind.DETERMINATION,
        GraphKind.RESULT,
        GraphKind.DECISION,
        GraphKind.ACCEPTANCE,
        GraphKind.HISTORY,
    )
)
"""What the names of graphs begin with whose content never becomes another."""
_BASE = re.compile(r"(?<![?$:@\w-])BASE(?=\s*<)", re.IGNORECASE)
_AT_ONCE = 500
"""Subjects that are looked up together."""
_OTHER_WORDS = "Use a vocabulary of your own"
_MEND = "Change policies, charts, determinations and decisions with `necessity kb` or in the workplace"


class Update(NamedTuple):
    """What an update does, as its text tells."""

    graphs: list[str]
    """The graphs that it changes, ordered."""
    classes: frozenset[str]
    """IRIs of the classes that it gives to something."""
    said: frozenset[tuple[str, str]]
    """IRI of a subject and of a property that it says of it; an empty one for whatever a variable stands for."""


def read_update(text: str) -> Update:
    r"""What a SPARQL update does.

    The update is read by another parser than the store's, so what two parsers could read in two ways is refused: escapes of
    characters (``\u0041``), ``BASE``, and a carriage return without a line feed.

    Raises:
        QueryError: it is no update; it would change a graph of the software (policy, chart, determination, decision, history
            or catalog), a graph that is not named in its text, or triples outside any named graph; or it would say in another
            graph what the software takes for its own record.
    """
    from rdflib.plugins.sparql.algebra import translateUpdate
    from rdflib.plugins.sparql.parser import parseUpdate

    refuse_depth(text)
    if "\\u" in text or "\\U" in text:
        raise QueryError("an update here has no escapes such as \\u0041", mend="Write the character itself")
    if re.search(r"\r(?!\n)", text):
        raise QueryError("an update here has no carriage return without a line feed")
    if _BASE.search(without_text(text)):
        raise QueryError("an update here has no BASE", mend="Write IRIs in full or with a prefix")
    try:
        operations = translateUpdate(parseUpdate(text)).algebra
    except Exception as error:  # rdflib documents no base class of what it raises
        raise QueryError(f"it is not SPARQL: {type(error).__name__}: {str(error)[:200]}") from None
    found = {name for operation in operations for name in _targets(operation)}
    for name in sorted(found):
        if unquote(name).lower().startswith(OWN):
            raise QueryError(f"an update here cannot change <{name}>", mend=_MEND)
    triples = [triple for operation in operations for triple in _inserted(operation)]
    return Update(
        sorted(found),
        frozenset(str(value) for _, predicate, value in triples if predicate == RDF.type),
        frozenset(
            ("" if isinstance(subject, Variable) else str(subject), str(predicate))
            for subject, predicate, _ in triples
            if predicate != RDF.type and not isinstance(subject, BNode)
        ),
    )


def refuse_claims(store: Store, update: Update) -> None:
    """Raise `QueryError` for an update that says in a graph of people's own what would read as part of a record.

    That is what is said in the terms of a vocabulary or policy of the base, or of what a record describes with a property that
    records use, or of a standard vocabulary: an author of a document of a chart, say.
    """
    register, of_record = Register(store), f'FILTER(STRSTARTS(STR(?graph), "{OWN}"))'
    spaces = tuple(register.vocabularies())
    for term in sorted(update.classes | {property_ for _, property_ in update.said}):
        if term.startswith(spaces):
            raise QueryError(f"an update here cannot use <{term}>: it would read as a record", mend=_OTHER_WORDS)
    used = {
        property_
        for property_ in {property_ for _, property_ in update.said}
        if property_.startswith(tuple(STANDARD_PREFIXES.values()))
        or list(register.select(f"SELECT ?s {{ GRAPH ?graph {{ ?s <{property_}> ?o }} {of_record} }} LIMIT 1"))
    }
    by_subject = {subject: property_ for subject, property_ in sorted(update.said) if property_ in used}
    if property_ := by_subject.pop("", None):
        problem = f"an update here cannot say <{property_}> of whatever a variable stands for: records say it too"
        raise QueryError(problem, mend=_OTHER_WORDS)
    waiting = iter(by_subject)
    while some := list(itertools.islice(waiting, _AT_ONCE)):
        names = " ".join(f"<{subject}>" for subject in some)
        for row in register.select(
            f"SELECT ?s {{ VALUES ?s {{ {names} }} GRAPH ?graph {{ ?s ?p ?o }} {of_record} }} LIMIT 1"
        ):
            subject = row["s"].value
            problem = f"an update here cannot say <{by_subject[subject]}> of <{subject}>, which a record describes"
            raise QueryError(problem, mend=_OTHER_WORDS)


def refuse_alterations(store: Store, change: Change, *, removes: bool) -> None:
    """Raise `StoreError` for a change that alters what was determined or signed; moving it to a shared graph does not.

    Args:
        store: what holds the base.
        change: the change.
        removes: whether such graphs may be removed.
    """
    placement = Placement(store)
    shared = {
        line
        for name, content in change.graphs.items()
        if name.startswith(GraphKind.SHARED.prefix)
        for line in graphs.lines_of((content or "") + placement.own(name))
    }
    for name, content in change.graphs.items():
        before = set(graphs.lines_of(placement.own(name)))
        if not name.startswith(_LASTING) or not before or (content is None and removes):
            continue
        if not before ^ set(graphs.lines_of(content or "")) <= shared:
            raise StoreError("what was determined or signed is never changed", where=name)


def _targets(operation: Any) -> Iterator[str]:
    """The graphs that an operation writes to; raises `QueryError` where its text does not name them."""
    name = operation.name
    if name in ("InsertData", "DeleteData", "DeleteWhere"):
        yield from _written(operation.triples, operation.quads)
    elif name == "Modify":
        default = operation.withClause
        for clause in (operation.delete, operation.insert):
            if clause:
                yield from _written(clause.triples, clause.quads, default)
    elif name in ("Clear", "Drop", "Create"):
        yield _named(operation.graphiri)
    elif name in ("Add", "Move", "Copy"):
        source, target = operation.graph
        yield _named(target)
        if name == "Move":
            yield _named(source)
        if str(source).startswith(OWN):
            raise QueryError(f"an update here cannot copy <{source}>: it would be counted twice", mend=_MEND)
    else:
        raise QueryError(f"{name} is not allowed", mend="Nothing outside the store is asked or fetched")


def _inserted(operation: Any) -> Iterator[tuple[Any, Any, Any]]:
    """The triples that an operation adds by its text.

    Raises:
        QueryError: one would read as a record, such as a decision, since queries see all graphs as one.
    """
    clause = operation if operation.name == "InsertData" else operation.insert if operation.name == "Modify" else None
    if not clause:
        return
    for subject, predicate, value in itertools.chain(clause.triples or (), *(clause.quads or {}).values()):
        kind = predicate == RDF.type
        if isinstance(predicate, Variable) or (kind and isinstance(value, Variable)):
            said = f"?{value if kind else predicate}"
            raise QueryError(f"an update here cannot say whatever {said} stands for", mend="Name the property or class")
        for term in (predicate, value) if kind or predicate in _NARROWS else (predicate,):
            if str(term).startswith((str(NEC), str(PROV))):
                problem = f"an update here cannot say <{term}> of {subject.n3()}: it would read as a record"
                raise QueryError(problem, mend=f"{_OTHER_WORDS}. {_MEND}")
        yield subject, predicate, value


def _written(triples: Any, quads: Any, default: Any = None) -> Iterable[str]:
    if triples:
        yield _named(default)
    for graph in quads or ():
        yield _named(graph)


def _named(graph: Any) -> str:
    if isinstance(graph, URIRef):
        return str(graph)
    if isinstance(graph, Variable):
        raise QueryError(f"an update here cannot change whatever ?{graph} stands for", mend="Name the graph by its IRI")
    word = f"{graph} graphs" if graph in ("ALL", "NAMED") else "what stands in no named graph"
    raise QueryError(f"an update here cannot change {word}", mend="Name the graph by its IRI: GRAPH <…> { … }")
