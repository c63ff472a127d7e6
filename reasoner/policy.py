"""A coverage policy: its versions, their criteria, the passages that can be read in more than one way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from rdflib import Graph, URIRef

from reasoner import graphs, terms
from reasoner.lexicon import Lexicon
from reasoner.namespaces import DCTERMS, NEC, OWL, PROV, RDF, RDFS, SH, SKOS, VANN, XSD
from reasoner.terms import Term


class Kind(StrEnum):
    """How a criterion is put together."""

    ALL = "all"
    ANY = "any"
    LEAF = "leaf"
    LIST = "list"


@dataclass(frozen=True)
class Criterion:
    """One criterion of a policy version; `id` is empty for a group that only serves a reading."""

    iri: str
    id: str
    kind: Kind
    notation: str
    label: str
    definition: str
    source: str
    members: tuple[str, ...] = ()
    """IRIs of its parts, in published order, before any substitution."""
    applies_to: str | None = None
    """Request class it is asked of; None if of all."""
    restates: str | None = None
    """IRI of the criterion in whose name it goes."""
    finding: str = ""
    """The leaf's finding class."""
    ask: str = ""
    """What a provider is asked to document."""
    conditional: bool = False
    residual: bool = False
    topical: bool = False
    """Statements to it supersede each other only on one topic (`nec:supersededPer`)."""
    details: tuple[str, ...] = ()
    """Properties in which the fact behind the leaf can be stated."""
    speaks_only_with: tuple[str, ...] = ()
    """Properties without which a statement does not speak to it."""
    opposites: tuple[str, ...] = ()
    """IRIs of leaves that are rarely true together with it."""


@dataclass(frozen=True)
class Substitution:
    """In place of `replaced`, `used`; both are criteria, or both request classes (`of_classes`)."""

    iri: str
    label: str
    replaced: str
    used: tuple[str, ...]
    when: str | None
    of_classes: bool


@dataclass(frozen=True)
class Reading:
    """One way to read a passage."""

    iri: str
    id: str
    label: str
    definition: str
    rationale: str
    substitutions: tuple[Substitution, ...]


@dataclass(frozen=True)
class Interpretation:
    """A passage that can be read in more than one way."""

    iri: str
    id: str
    label: str
    definition: str
    source: str
    default: Reading
    alternatives: tuple[Reading, ...]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All its readings, the default first."""
        return (self.default, *self.alternatives)


@dataclass(frozen=True)
class ListSection:
    """Items that are reported one by one; `excluding` if an affirmed one excludes the service."""

    criterion: Criterion
    excluding: bool


class Sources:
    """The files of a policy and the two graphs in them, which are read when they are asked for."""

    def __init__(self, ontology: Iterable[Path], shapes: Iterable[Path]) -> None:
        self.files = (*ontology, *shapes)
        self._first = len(self.files) - len(tuple(shapes))

    @cached_property
    def ontology(self) -> Graph:
        """The vocabularies, the criteria and their readings."""
        return graphs.load_files(self.files[: self._first])

    @cached_property
    def shapes(self) -> Graph:
        """The shapes of the criteria."""
        return graphs.load_files(self.files[self._first :])

    def __getstate__(self) -> dict[str, object]:
        return {"files": self.files, "_first": self._first}


@dataclass(frozen=True, eq=False)
class PolicyVersion:
    """One published state of a policy."""

    policy: str
    iri: str
    id: str
    label: str
    valid_from: date
    valid_until: date | None
    age_of_majority: int
    age_note: range
    """Ages, in whole years, at which the reviewer is reminded that the policy gives none."""
    admission_window: int
    """Days after service start within which an observation speaks of the admission."""
    advice: tuple[str, ...]
    criteria: Mapping[str, Criterion]
    """By IRI: everything the version and its readings are made of."""
    sections: tuple[str, ...]
    lists: tuple[ListSection, ...]
    substitutions: tuple[Substitution, ...]
    interpretations: tuple[Interpretation, ...]
    contraries: Mapping[str, tuple[str, ...]]
    """Finding class to the leaf finding classes that its affirmation denies."""
    lexicon: Lexicon = field(repr=False)
    """Of the whole policy."""
    sources: Sources = field(repr=False)

    @property
    def ontology(self) -> Graph:
        """The ontology of the whole policy."""
        return self.sources.ontology

    @property
    def shapes(self) -> Graph:
        """The shapes of the whole policy."""
        return self.sources.shapes

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The `sh:SPARQLRule`s (SHACL Advanced Features, section 8.4) of the version's criteria, as SPARQL."""
        return tuple(
            str(self.shapes.value(rule, SH.construct))
            for leaf in self.leaves
            for rule in sorted(self.shapes.objects(URIRef(leaf), SH.rule))
        )

    @cached_property
    def leaves(self) -> dict[str, Criterion]:
        """The leaves by IRI."""
        return {iri: criterion for iri, criterion in self.criteria.items() if criterion.kind is Kind.LEAF}

    @cached_property
    def leaf_of(self) -> dict[str, Criterion]:
        """The leaves by finding class."""
        return {leaf.finding: leaf for leaf in self.leaves.values()}

    @cached_property
    def by_id(self) -> dict[str, Criterion]:
        """The published criteria by id."""
        return {criterion.id: criterion for criterion in self.criteria.values() if criterion.id}

    def reporting(self, iri: str) -> frozenset[Term]:
        """The property shapes that report on a leaf: its own, and those targeted apart."""
        own = self.lexicon.shapes.get(terms.iri(iri), {}).get(terms.of(SH.property), ())
        return frozenset(own) | self._reported.get(terms.iri(iri), frozenset())

    @cached_property
    def _reported(self) -> dict[Term, frozenset[Term]]:
        found: dict[Term, set[Term]] = {}
        for shape, props in self.lexicon.shapes.items():
            for leaf in props.get(terms.of(NEC.reportsOn), ()):
                found.setdefault(leaf, set()).add(shape)
        return {leaf: frozenset(shapes) for leaf, shapes in found.items()}

    def in_force(self, day: date) -> bool:
        """Whether the version governs a date of service."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy with all its versions, oldest first, and the graphs it was read from."""

    iri: str
    id: str
    label: str
    versions: tuple[PolicyVersion, ...]
    lexicon: Lexicon = field(repr=False)
    sources: Sources = field(repr=False)

    @property
    def ontology(self) -> Graph:
        """The ontology, with the core vocabulary."""
        return self.sources.ontology

    @property
    def shapes(self) -> Graph:
        """The shapes of all versions."""
        return self.sources.shapes

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it was read from."""
        return self.sources.files

    @cached_property
    def declared(self) -> frozenset[str]:
        """Every IRI that the ontology says anything about."""
        return frozenset(str(subject) for subject in self.ontology.subjects(unique=True))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The IRIs of the ontologies: whatever begins with one of them has to be declared."""
        return tuple(sorted(str(iri) for iri in self.ontology.subjects(RDF.type, OWL.Ontology)))

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Prefixes to write the graphs with: those the vocabularies prefer, and the vocabularies they are written in."""
        found = {
            str(prefix): str(self.ontology.value(iri, VANN.preferredNamespaceUri))
            for iri, prefix in self.ontology.subject_objects(VANN.preferredNamespacePrefix)
        }
        reused = (("dcterms", DCTERMS), ("owl", OWL), ("rdf", RDF), ("rdfs", RDFS), ("sh", SH), ("skos", SKOS))
        return found | {prefix: str(iri) for prefix, iri in (*reused, ("prov", PROV), ("xsd", XSD), ("vann", VANN))}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the policy's files, in hexadecimal."""
        return graphs.digest_files(self.files)

    def version_on(self, day: date) -> PolicyVersion | None:
        """The version in force on a date of service, if any."""
        return next((version for version in self.versions if version.in_force(day)), None)

    def criterion(self, iri: str) -> Criterion | None:
        """A criterion of any version by IRI."""
        return next((v.criteria[iri] for v in self.versions if iri in v.criteria), None)
