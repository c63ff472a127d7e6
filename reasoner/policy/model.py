"""A coverage policy: its versions, their criteria, the passages that can be read in more than one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from rdflib import Graph

from reasoner.policy.axes import Axis
from reasoner.policy.lexicon import Lexicon
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import NEC, OWL, SH
from reasoner.rdf.terms import Term

ONTOLOGY = "urn:necessity:policy:ontology"
SHAPES = "urn:necessity:policy:shapes"
"""The names of a policy's graphs in the data set that its digest is of."""


class CriterionKind(StrEnum):
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
    kind: CriterionKind
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


@dataclass(frozen=True)
class PolicyParameter:
    """A whole number that a policy version states, and in whose place a payer's configuration may state another."""

    iri: str
    label: str
    minimum: int
    maximum: int
    default: int
    """What the policy version states."""
    value: int
    """What is in force: what the configuration states, else the default."""

    @property
    def changed(self) -> bool:
        """Whether a configuration states another value than the policy version."""
        return self.value != self.default


@dataclass(frozen=True)
class Sources:
    """The files of a policy and the two graphs in them, which are read when they are asked for."""

    ontology_files: tuple[Path, ...]
    shape_files: tuple[Path, ...]

    @cached_property
    def ontology(self) -> Graph:
        """The vocabularies, the criteria and their readings."""
        return parsing.load_files(self.ontology_files)

    @cached_property
    def shapes(self) -> Graph:
        """The shapes of the criteria."""
        return parsing.load_files(self.shape_files)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the RDFC-1.0 form of the two graphs: however they are divided and written."""
        return graphs.digest(graphs.canonical_dataset({ONTOLOGY: self.ontology, SHAPES: self.shapes}))


@dataclass(frozen=True, eq=False)
class PolicyVersion:
    """One published state of a policy."""

    policy: str
    iri: str
    id: str
    label: str
    valid_from: date
    valid_until: date | None
    parameters: Mapping[str, PolicyParameter]
    """By IRI, those that the version states."""
    axes: tuple[Axis, ...]
    """Of the whole policy."""
    advice: tuple[str, ...]
    criteria: Mapping[str, Criterion]
    """By IRI: everything the version and its readings are made of."""
    sections: tuple[str, ...]
    lists: tuple[ListSection, ...]
    substitutions: tuple[Substitution, ...]
    interpretations: tuple[Interpretation, ...]
    contraries: Mapping[str, tuple[str, ...]]
    """Finding class to the leaf finding classes that its affirmation denies."""
    rules: tuple[str, ...] = field(repr=False)
    """The `sh:SPARQLRule`s (SHACL Advanced Features, section 8.4) of its criteria, as SPARQL."""
    lexicon: Lexicon = field(repr=False)
    """Of the whole policy."""
    policy_digest: str = field(repr=False)
    """The digest of the whole policy, see `Policy.digest`."""
    sources: Sources = field(repr=False)

    @property
    def age_of_majority(self) -> int:
        """Whole years of age at the start of service from which a member is an adult."""
        return self.parameters[str(NEC.ageOfMajority)].value

    @property
    def age_note(self) -> range:
        """Ages, in whole years, at which the reviewer is reminded that the policy gives no age of majority."""
        youngest, oldest = (self.parameters.get(str(iri)) for iri in (NEC.ageNoteFrom, NEC.ageNoteTo))
        return range(youngest.value if youngest else 0, oldest.value + 1 if oldest else 0)

    @cached_property
    def windows(self) -> dict[str, int]:
        """IRI of an axis value to the days after service start at which the period under review ends; of those that end so."""
        values = (value for axis in self.axes for value in axis.values if value.window)
        return {value.iri: self.parameters[value.window].value for value in values}

    @property
    def ontology(self) -> Graph:
        """The ontology of the whole policy."""
        return self.sources.ontology

    @property
    def shapes(self) -> Graph:
        """The shapes of the whole policy."""
        return self.sources.shapes

    @cached_property
    def leaves(self) -> dict[str, Criterion]:
        """The leaves by IRI."""
        return {iri: criterion for iri, criterion in self.criteria.items() if criterion.kind is CriterionKind.LEAF}

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
    axes: tuple[Axis, ...]
    """The properties of a request whose values route it."""
    versions: tuple[PolicyVersion, ...]
    prefixes: Mapping[str, str] = field(repr=False)
    """Prefixes to write the graphs with: those the vocabularies prefer, and the vocabularies they are written in."""
    digest: str
    """SHA-256, in hexadecimal, of the canonical form of its graphs (RDFC-1.0)."""
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

    @cached_property
    def declared(self) -> frozenset[str]:
        """Every IRI that the ontology says anything about."""
        return frozenset(terms.name(term) for term in self.lexicon.declared if term.startswith("<"))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The IRIs of the ontologies: whatever begins with one of them has to be declared."""
        ontology = terms.of(OWL.Ontology)
        return tuple(sorted(terms.name(term) for term, types in self.lexicon.types.items() if ontology in types))

    def short(self, iri: str) -> str:
        """An IRI with the prefix that the policy's graphs are written with; without one as it is."""
        return terms.short(iri, self.prefixes)

    def version_on(self, day: date) -> PolicyVersion | None:
        """The version in force on a date of service, if any."""
        return next((version for version in self.versions if version.in_force(day)), None)

    def criterion(self, iri: str) -> Criterion | None:
        """A criterion of any version by IRI."""
        return next((v.criteria[iri] for v in self.versions if iri in v.criteria), None)
