"""The chart: a request for review and what the record says about it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from rdflib.term import Node

from reasoner.ground.days import age_on
from reasoner.rdf import terms
from reasoner.rdf.namespaces import DCTERMS, NEC, RDFS, SKOS
from reasoner.rdf.terms import Term

_SUBCLASS = terms.of(RDFS.subClassOf)


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


class Anchor(NamedTuple):
    """The characters of a document's text that a statement rests on, in code points."""

    text: str
    """IRI of the text, which is its digest."""
    start: int
    end: int
    page: int | None = None
    """The number of the page; None if the text is not in the data set."""
    exact: str = ""
    """The characters; this and what stands around them is empty if the text is not in the data set."""
    prefix: str = ""
    suffix: str = ""


class Statement(NamedTuple):
    """One thing the record says about a request."""

    iri: str
    meaning: Meaning
    observed: date
    recorded: date
    document: Document
    excerpt: str
    page: str
    author_kind: str = ""
    """IRI of the kind of its author: its own, else its document's; empty if neither is stated."""
    anchor: Anchor | None = None
    """Where in its document's text it stands; None if its document has no text."""

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


class Unread(NamedTuple):
    """An item of the record that could not be turned into a statement; it is shown and is never evidence."""

    iri: str
    kind: str
    """IRI of the kind of item it is."""
    words: str
    """What the record says there; empty if it has a code alone."""
    code: str
    """IRI of its code; empty if it has words alone."""
    observed: date | None
    recorded: date | None
    reason: str
    """Why it could not be read."""
    source: str
    """Where it stands: the title of its document, else an IRI or words; empty if not stated."""
    document: str = ""
    """IRI of the document or resource that it stands in; empty if that is told in words, or not at all."""

    @property
    def slug(self) -> str:
        """Its kind as spelt in JSON: condition, other-item."""
        return terms.words(terms.local(self.kind)).replace(" ", "-")


@dataclass(frozen=True)
class Case:
    """A review request, the statements about it and what could not be read, each ordered by IRI."""

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
    """The triples of the request, its statements, its unread items and their documents, as canonical N-Triples."""
    digest: str
    """SHA-256 of the content."""
    facts: tuple[tuple[Term, Term, Term], ...] = field(repr=False)
    """Triples of the request, its member and its plan, ordered."""
    admitted: date | None = None
    """Start of the stay that the service is part of; None if not stated."""
    unread: tuple[Unread, ...] = ()

    def mingled(self) -> bool:
        """Whether a statement is the request, its member or its plan as well, or a class is made narrower than another."""
        subjects = {subject[1:-1] for subject, _, _ in self.facts}
        return not subjects.isdisjoint([s.iri for s in self.statements]) or any(
            p == _SUBCLASS for _, p, _ in self.facts
        )

    @property
    def reference(self) -> str:
        """The number under which the payer keeps the request; empty if not stated."""
        return self._text(terms.iri(self.iri), DCTERMS.identifier)

    @property
    def member(self) -> str:
        """IRI of the member."""
        return terms.name(self._member)

    @property
    def member_name(self) -> str:
        """The member's name; empty if not stated."""
        return self._text(self._member, SKOS.prefLabel)

    @property
    def member_number(self) -> str:
        """The member's number at the plan; empty if not stated."""
        return self._text(self._member, DCTERMS.identifier)

    @property
    def member_address(self) -> str:
        """The member's postal address; empty if not stated."""
        return self._text(self._member, NEC.address)

    @property
    def provider_name(self) -> str:
        """The name of the program under review; empty if not stated."""
        return self._text(self._program, SKOS.prefLabel)

    @property
    def provider_address(self) -> str:
        """The postal address of the program under review; empty if not stated."""
        return self._text(self._program, NEC.address)

    @property
    def provider_npi(self) -> str:
        """The National Provider Identifier of the program under review; empty if not stated."""
        return self._text(self._program, DCTERMS.identifier)

    @property
    def provider_phone(self) -> str:
        """The number under which the program under review is called; empty if not stated."""
        return self._text(self._program, NEC.telephone)

    @property
    def provider_fax(self) -> str:
        """The number to which the program under review is sent faxes; empty if not stated."""
        return self._text(self._program, NEC.fax)

    @property
    def confidential_address(self) -> str:
        """Where the member has asked that letters go, and nowhere else; empty if they have not."""
        return self._text(self._member, NEC.confidentialAddress)

    @property
    def has_part2_records(self) -> bool:
        """Whether records that 42 CFR Part 2 protects are stated to be among those reviewed."""
        return self._text(terms.iri(self.iri), NEC.part2Records) in ("true", "1")

    @property
    def _member(self) -> Term:
        request, relation = terms.iri(self.iri), terms.of(NEC.member)
        return next(value for subject, predicate, value in self.facts if (subject, predicate) == (request, relation))

    @property
    def _program(self) -> Term:
        request, relation = terms.iri(self.iri), terms.of(NEC.program)
        return next((o for s, p, o in self.facts if (s, p) == (request, relation)), "")

    def _text(self, subject: Term, predicate: Node) -> str:
        name = terms.of(predicate)
        return next((terms.text(value) for s, p, value in self.facts if (s, p) == (subject, name)), "")

    def age(self) -> int:
        """The member's age in whole years at the start of service."""
        return age_on(self.start, self.birth)
