"""Documentation: what is read from a data set once it is well formed, a request and the statements about it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner import axes, graphs, paths, shacl, terms
from reasoner.errors import DocumentationError, reading
from reasoner.namespaces import DCTERMS, NEC, RDF, RDFS, XSD
from reasoner.policy import Kind, Policy
from reasoner.terms import Term

_PROBLEMS_SHOWN = 10
_SUBCLASS = terms.of(RDFS.subClassOf)
_ILL_TYPED = URIRef("urn:necessity:ill-typed")


class Assertion(StrEnum):
    """The stance of a statement to its finding."""

    AFFIRMED = "Affirmed"
    DENIED = "Denied"
    NOT_APPLICABLE = "NotApplicable"

    @property
    def slug(self) -> str:
        """Its spelling in JSON and text: affirmed, denied or not-applicable."""
        return self.name.lower().replace("_", "-")


class Document(NamedTuple):
    """An item of the medical record."""

    iri: str
    title: str
    author: str
    role: str
    issued: date | None


class Meaning:
    """What a statement says, apart from when and where; two that say the same are one object, from `meaning`."""

    __slots__ = ("__weakref__", "addresses", "assertion", "carries", "classes", "facts")

    def __init__(
        self,
        assertion: Assertion,
        classes: frozenset[str],
        addresses: frozenset[str],
        carries: frozenset[str],
        facts: tuple[tuple[Term, Term], ...],
    ) -> None:
        self.assertion = assertion
        self.classes = classes
        self.addresses = addresses
        self.carries = carries
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        return meaning, (self.assertion, self.classes, self.addresses, self.carries, self.facts)


_MEANINGS: WeakValueDictionary[tuple[object, ...], Meaning] = WeakValueDictionary()


def meaning(
    assertion: Assertion,
    classes: frozenset[str],
    addresses: frozenset[str],
    carries: frozenset[str],
    facts: tuple[tuple[Term, Term], ...],
) -> Meaning:
    """The one object of a meaning; see `Statement` for its parts."""
    key = (assertion, classes, addresses, carries, facts)
    return _MEANINGS.setdefault(key, Meaning(*key))


class Statement(NamedTuple):
    """One thing the record says about a request."""

    iri: str
    meaning: Meaning
    observed: date
    recorded: date
    document: Document
    excerpt: str
    page: str

    @property
    def assertion(self) -> Assertion:
        """Its stance to its finding."""
        return self.meaning.assertion

    @property
    def classes(self) -> frozenset[str]:
        """The finding classes it is asserted to be of, those of its codes included."""
        return self.meaning.classes

    @property
    def addresses(self) -> frozenset[str]:
        """IRIs of the leaves it names."""
        return self.meaning.addresses

    @property
    def carries(self) -> frozenset[str]:
        """The properties it has a value for."""
        return self.meaning.carries

    @property
    def facts(self) -> tuple[tuple[Term, Term], ...]:
        """Property and value of its structured facts, ordered, for the shapes."""
        return self.meaning.facts


@dataclass(frozen=True)
class Case:
    """A review request and the statements about it, ordered by IRI."""

    iri: str
    source: str
    axis_values: tuple[str, ...]
    """IRIs of the request's values of the policy's axes, in the order of the axes."""
    traits: tuple[str, ...]
    """Labels of those, and of the plan's jurisdiction."""
    start: date
    end: date | None
    as_of: date
    birth: date
    statements: tuple[Statement, ...]
    content: str = field(repr=False)
    """The triples of the request, its statements and their documents, as canonical N-Triples."""
    digest: str
    """SHA-256 of the content."""
    facts: tuple[tuple[Term, Term, Term], ...] = field(repr=False)
    """Triples of the request, its member and its plan, ordered."""

    def mingled(self) -> bool:
        """Whether a statement is the request, its member or its plan as well, or a class is made narrower than another."""
        subjects = {subject[1:-1] for subject, _, _ in self.facts}
        return not subjects.isdisjoint([s.iri for s in self.statements]) or any(
            p == _SUBCLASS for _, p, _ in self.facts
        )

    def age(self) -> int:
        """The member's age in whole years at the start of service."""
        before_birthday = (self.start.month, self.start.day) < (self.birth.month, self.birth.day)
        return self.start.year - self.birth.year - before_birthday


# What a statement says of itself and of its place in the record; everything else is a structured fact.
BOOKKEEPING = frozenset(
    {
        RDF.type,
        NEC.about,
        NEC.assertion,
        NEC.documentedIn,
        NEC.observed,
        NEC.recorded,
        NEC.excerpt,
        NEC.page,
        NEC.addresses,
    }
)
# What a request leads to that is part of its case.
PARTIES = frozenset({NEC.member, NEC.plan, NEC.program})
MARKS = (NEC.about, NEC.addresses, NEC.assertion, NEC.documentedIn, NEC.excerpt)


def read_cases(data: Graph, policy: Policy, source: str, as_of: date | None = None) -> tuple[Case, ...]:
    """The cases of one data set, ordered by request IRI.

    Args:
        data: the data set, without blank nodes.
        policy: the policy whose vocabulary the documentation uses.
        source: name of the data set, for messages.
        as_of: review date that overrides the requests' own; a request without one takes the day of the run.

    Raises:
        DocumentationError: it is not well formed; names the nodes, at most ten, and the mend of each.
    """
    with reading(source):
        data = _with_statements_typed(data, policy)
        problems = itertools.chain(undeclared(data, policy), _malformed(data, policy), _misdirected(data, policy))
        found = list(dict.fromkeys(problems))
        if not found and (None, RDF.type, NEC.ReviewRequest) not in data:
            found = ["it holds no nec:ReviewRequest"]
        if found:
            more = len(found) - _PROBLEMS_SHOWN
            shown = found[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
            raise DocumentationError("; ".join(shown), where=source)
        return tuple(
            _case(data, policy, request, source, as_of)
            for request in sorted(data.subjects(RDF.type, NEC.ReviewRequest))
        )


def _with_statements_typed(data: Graph, policy: Policy) -> Graph:
    """The data set with `nec:Statement` said of whatever is typed as a finding or bears a statement's marks."""
    subjects = {subject for mark in MARKS for subject in data.subjects(mark)}
    subjects |= {
        subject for subject, name in data.subject_objects(RDF.type) if terms.of(name) in policy.lexicon.findings
    }
    typed = Graph(bind_namespaces="none")
    typed += data
    for subject in subjects:
        typed.add((subject, RDF.type, NEC.Statement))
    return typed


def undeclared(data: Graph, policy: Policy) -> Iterable[str]:
    """Terms that lie in a namespace of the policy's ontologies and are not declared there."""
    for subject, predicate, object_ in sorted(data):
        for term in (predicate, object_):
            if (
                isinstance(term, URIRef)
                and str(term).startswith(policy.namespaces)
                and str(term) not in policy.declared
            ):
                kind = "criterion" if predicate == NEC.addresses else "class" if predicate == RDF.type else "term"
                yield f"<{subject}>: unknown {kind} <{term}>"


def _malformed(data: Graph, policy: Policy) -> Iterable[str]:
    """What the intake shapes find."""
    described = Graph(bind_namespaces="none")
    for subject, predicate, value in data:
        described.add((subject, predicate, _comparable(value)))
    for term in {object_ for object_ in data.objects(unique=True) if isinstance(object_, URIRef)}:
        for name in policy.ontology.objects(term, RDF.type):
            described.add((term, RDF.type, name))
    for result in shacl.validate(described, intake_shapes(policy)).results:
        yield f"<{result.focus}>: {result.message.removesuffix('.')}"


def _comparable(value: Node) -> Node:
    """The value, of no known datatype if it is none of its own: pySHACL fails where it has to compare an ill-typed one."""
    return Literal(str(value), datatype=_ILL_TYPED) if isinstance(value, Literal) and value.ill_typed else value


@lru_cache(maxsize=8)
def intake_shapes(policy: Policy) -> Graph:
    """What documentation has to look like: the intake shapes, with those of the policy's axes."""
    shapes = graphs.load_files([paths.SHAPES / "intake.ttl"])
    shapes += axes.intake_shapes(policy.axes, policy.prefixes)
    return shapes


def _misdirected(data: Graph, policy: Policy) -> Iterable[str]:
    """Statements that speak to nothing the policy knows, or that mark an unconditional leaf as not applicable."""
    leaf_of = {finding: leaf for version in policy.versions for finding, leaf in version.leaf_of.items()}
    for subject in sorted(data.subjects(RDF.type, NEC.Statement)):
        addressed = list(data.objects(subject, NEC.addresses))
        classes = [str(name) for name in data.objects(subject, RDF.type) if name != NEC.Statement]
        known = [name for name in classes if name in policy.declared]
        if not addressed and not known and data.value(subject, NEC.code) is None:
            given = f"unknown class <{classes[0]}>" if classes else "no clinical class"
            yield f"<{subject}>: {given}: give it a class of the policy's vocabulary, nec:addresses or nec:code"
        leaves = [leaf_of[name] for name in classes if name in leaf_of]
        for iri in addressed:
            criterion = policy.criterion(str(iri))
            if criterion is None:
                yield f"<{subject}>: unknown criterion <{iri}> in nec:addresses"
            elif criterion.kind is not Kind.LEAF:
                parts = ", ".join(member.rsplit("/", 1)[-1] for member in criterion.members)
                yield f"<{subject}>: nec:addresses names the group <{iri}>: name one of its parts ({parts})"
            else:
                leaves.append(criterion)
        if (subject, NEC.assertion, NEC.NotApplicable) in data:
            for leaf in leaves:
                if not leaf.conditional:
                    yield f"<{subject}>: <{leaf.iri}> is unconditional and cannot be stated not applicable"


def _case(data: Graph, policy: Policy, request: Node, source: str, as_of: date | None) -> Case:
    facts = sorted(tuple(map(terms.of, triple)) for triple in graphs.closure(data, request, follow=PARTIES))
    statements = sorted(data.subjects(NEC.about, request))
    documents = {document for s in statements for document in data.objects(s, NEC.documentedIn)}
    everything = Graph(bind_namespaces="none")
    for triple in graphs.closure(data, request, *statements, *documents, follow=PARTIES):
        everything.add(triple)
    content = graphs.canonical(everything)
    member, plan = data.value(request, NEC.member), data.value(request, NEC.plan)
    values = [value for axis in policy.axes for value in data.objects(request, URIRef(axis.iri))]
    return Case(
        iri=str(request),
        source=source,
        axis_values=tuple(map(str, values)),
        traits=tuple(
            policy.lexicon.labels.get(terms.of(value), "") for value in (*values, *data.objects(plan, NEC.jurisdiction))
        ),
        start=_date(data, request, NEC.serviceStart, source),
        end=_date_if_any(data, request, NEC.serviceEnd, source),
        as_of=as_of or _date_if_any(data, request, NEC.asOf, source) or date.today(),
        birth=_date(data, member, NEC.birthDate, source),
        statements=tuple(_statement(data, policy, statement, source) for statement in statements),
        content=content,
        digest=graphs.digest(content),
        facts=tuple(facts),  # type: ignore[arg-type]
    )


def _statement(data: Graph, policy: Policy, iri: Node, source: str) -> Statement:
    document = data.value(iri, NEC.documentedIn)
    issued = _date_if_any(data, document, DCTERMS.issued, source)
    recorded = _date_if_any(data, iri, NEC.recorded, source) or issued
    assert recorded is not None  # the intake shapes demand one of the two dates
    observed = _date_if_any(data, iri, NEC.observed, source) or recorded
    classes = {str(name) for name in data.objects(iri, RDF.type) if name != NEC.Statement}
    for code in data.objects(iri, NEC.code):
        classes |= policy.lexicon.codes.get(terms.of(code), frozenset())
    # To address a leaf is to be of its finding class, by which the same finding's leaf in another version is reached.
    addressed = (policy.criterion(str(leaf)) for leaf in data.objects(iri, NEC.addresses))
    classes |= {leaf.finding for leaf in addressed if leaf}
    return Statement(
        iri=str(iri),
        meaning=meaning(
            assertion=Assertion(str(data.value(iri, NEC.assertion)).removeprefix(str(NEC))),
            classes=frozenset(classes),
            addresses=frozenset(str(leaf) for leaf in data.objects(iri, NEC.addresses)),
            carries=frozenset(str(predicate) for predicate in data.predicates(iri, unique=True)),
            facts=tuple(
                sorted((terms.of(p), terms.of(o)) for p, o in data.predicate_objects(iri) if p not in BOOKKEEPING)
            ),
        ),
        observed=observed,
        recorded=recorded,
        document=Document(
            iri=str(document),
            title=graphs.text(data, document, DCTERMS.title),
            author=graphs.text(data, document, DCTERMS.creator),
            role=graphs.text(data, document, NEC.authorRole),
            issued=issued,
        ),
        excerpt=graphs.text(data, iri, NEC.excerpt),
        page=graphs.text(data, iri, NEC.page),
    )


def _date_if_any(data: Graph, subject: Node | None, predicate: URIRef, source: str) -> date | None:
    return None if data.value(subject, predicate) is None else _date(data, subject, predicate, source)


def _date(data: Graph, subject: Node | None, predicate: URIRef, source: str) -> date:
    literal = data.value(subject, predicate)
    value = literal.toPython() if isinstance(literal, Literal) and literal.datatype == XSD.date else None
    if type(value) is not date:
        raise DocumentationError(
            f"{predicate.fragment} is not a date of the calendar",
            where=f"{source}: <{subject}>",
            mend="Write YYYY-MM-DD",
        )
    return value
