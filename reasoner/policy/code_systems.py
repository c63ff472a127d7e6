"""Code systems: what records call them, what their codes look like, and the ranges in which these lie.

All of it is data: ``ontology/core-codes.ttl``, and the concepts of each system. A range is a concept whose notation is its first and
its last category joined by a hyphen, such as a chapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from rdflib import Graph
from rdflib.term import Node

from reasoner.rdf import graphs
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF, SKOS

_RANGE = re.compile(r"(\w+)-(\w+)")
_CODE_OF_IRI = re.compile(r"(.*)[/#:]([^/#:]*)")


@dataclass(frozen=True)
class CodeRange:
    """A range of the categories of a code system."""

    notation: str
    """Its first and its last category, joined by a hyphen; the same one alone is a range, too."""
    label: str = ""

    @property
    def limits(self) -> tuple[str, str]:
        """Its first and its last category."""
        first, _, last = self.notation.partition("-")
        return first, last or first

    def holds(self, code: str) -> bool:
        """Whether a code, as `CodeSystem.plain` gives it, lies in it."""
        first, last = self.limits
        return first <= code[: len(first)] and code[: len(last)] <= last


@dataclass(frozen=True)
class CodeSystem:
    """A code system that records can name; see ``ontology/core-codes.ttl``."""

    iri: str
    label: str
    names: tuple[str, ...]
    """What else it is called: words, and IRIs that are not its own."""
    expressions: str = ""
    """A regular expression of its expressions (`nec:expressionPattern`); empty if its codes cannot be joined."""
    form: str = ""
    """A regular expression of each of its codes (`nec:codePattern`); empty if that is not stated."""
    ranges: tuple[CodeRange, ...] = ()
    """The ranges among its concepts."""
    kind: str = ""
    """IRI of the kind of item of the record whose codes it has (`nec:codedKind`); empty if that is not stated."""

    def is_formed(self, code: str) -> bool | None:
        """Whether something has the form of its codes; None if that is not stated."""
        return bool(re.fullmatch(self.form, plain_code(code))) if self.form else None

    def range_of(self, code: str) -> CodeRange | None:
        """The narrowest of its ranges in which a code lies; None if it lies in none."""
        within = [found for found in self.ranges if found.holds(plain_code(code))]
        return max(sorted(within, key=lambda found: found.limits[1]), key=lambda found: found.limits[0], default=None)

    def code_of(self, iri: str) -> str | None:
        """The code that an IRI is made of, after a name of the system; None if it is of another system."""
        match = _CODE_OF_IRI.fullmatch(iri)
        names = {code_system_key(name) for name in (self.iri, *self.names)}
        return unquote(match[2]) if match and code_system_key(match[1]) in names else None


def plain_code(code: str) -> str:
    """A code without spaces, in upper case."""
    return re.sub(r"\s", "", code).upper()


def code_system_key(name: str) -> str:
    """A name of a code system, without what makes no difference in one: case, spaces, hyphens, the beginning and end of IRIs."""
    bare = re.sub(r"[\s_-]", "", name).casefold().partition("|")[0]
    return re.sub(r"^(https?://|urn:oid:)", "", bare).rstrip("/#")


def code_systems_of(ontology: Graph) -> Iterator[CodeSystem]:
    """The code systems of an ontology, by IRI."""
    for scheme in sorted(ontology.subjects(RDF.type, SKOS.ConceptScheme), key=str):
        stated = {str(name) for term in (SKOS.altLabel, DCTERMS.identifier) for name in ontology.objects(scheme, term)}
        label, expressions, form = (
            graphs.text(ontology, scheme, term) for term in (SKOS.prefLabel, NEC.expressionPattern, NEC.codePattern)
        )
        ranges = tuple(sorted(_ranges(ontology, scheme), key=lambda found: found.notation))
        kind = str(ontology.value(scheme, NEC.codedKind) or "")
        yield CodeSystem(str(scheme), label, tuple(sorted(stated)), expressions, form, ranges, kind)


def _ranges(ontology: Graph, scheme: Node) -> Iterator[CodeRange]:
    for concept in ontology.subjects(SKOS.inScheme, scheme):
        notation = graphs.text(ontology, concept, SKOS.notation)
        if _RANGE.fullmatch(notation):
            yield CodeRange(notation, graphs.text(ontology, concept, SKOS.prefLabel))
