"""A coverage policy as plain values: its versions, their criteria, and passages with more than one reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pyoxigraph import Triple
from rdflib import Graph, URIRef

from reasoner.policy.axes import Axis
from reasoner.policy.codemap import read_code_map
from reasoner.policy.lexicon import Lexicon
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.namespaces import NEC, OWL, SH
from reasoner.rdf.terms import Term

ONTOLOGY = "urn:necessity:policy:ontology"
SHAPES = "urn:necessity:policy:shapes"
"""The names of a policy's two graphs in the data set that is digested."""


class CriterionKind(StrEnum):
    """How the status of a criterion follows: from all or any of its parts, from statements, or item by item."""

    ALL = "all"
    ANY = "any"
    LEAF = "leaf"
    LIST = "list"


class Quantifier(StrEnum):
    """Of how many of the facts that a leaf asks about it has to hold."""

    SOME = "some"
    EVERY = "every"


@dataclass(frozen=True)
class Lookback:
    """How far back evidence counts for a leaf: some days before the start of service, the start of the stay, or without end."""

    days: int | None = None
    since_admission: bool = False

    def __str__(self) -> str:
        if self.since_admission:
            return "since admission"
        return "any age" if self.days is None else f"{self.days} days"


@dataclass(frozen=True)
class Criterion:
    """One criterion of a policy version.

    `id` is empty for a group that only a substitution uses.
    """

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
    """IRI of the class of requests that it applies to; None if it applies to all."""
    restates: str | None = None
    """IRI of the criterion that is shown in its place when a substitution uses it; of a leaf, another leaf."""
    finding: str = ""
    """IRI of the leaf's finding class; empty for a group. A leaf that restates another may share that one's."""
    ask: str = ""
    """What a provider is asked to document."""
    lay_words: str = ""
    """What it asks for as a letter says it to the person concerned: a clause after "The policy asks that"."""
    conditional: bool = False
    """Statements can say that it does not apply."""
    residual: bool = False
    """An exclusion that holds only if the criteria, taken together, are not met."""
    topic: str = ""
    """IRI of the property that tells the leaf's facts apart (`nec:supersededPer`), `rdf:type` where it is the class of the
    statement; empty if the leaf asks about one fact."""
    holds_for: Quantifier = Quantifier.SOME
    """Of how many of its facts it has to hold."""
    population: str = ""
    """IRI of the leaf whose current facts stand beside those of this one (`nec:population`); empty if none do."""
    denied_by_every: bool = False
    """Whether it is not met where it is denied of every current fact of its population."""
    judges_none: tuple[tuple[str, str], ...] = ()
    """Axis value and class, by IRI: for requests with the value it does not judge facts of the class."""
    candidates: str = ""
    """IRI of a class whose statements speak to it as well, for its shapes to judge (`nec:considers`)."""
    counts_over: tuple[str, ...] = ()
    """IRIs of the kinds of source item that its rule counts (`nec:countsOver`)."""
    counted_codes: str = ""
    """IRI of the concept that ends in the first and the last category of the codes that its rule counts, such as ``F01-F99``."""
    speaks_only_from: tuple[str, ...] = ()
    """IRIs of the kinds of author whose statements count for it; empty if all do."""
    paired_by: str = ""
    """IRI of the topic by which a group's alternatives each need the fact of their own (`nec:pairedBy`)."""
    details: tuple[str, ...] = ()
    """IRIs of properties that state the fact behind the leaf."""
    speaks_only_with: tuple[str, ...] = ()
    """IRIs of properties that a statement needs to count for it."""
    opposites: tuple[str, ...] = ()
    """IRIs of leaves that are rarely true together with it."""
    lookback: int | None = None
    """Days before the start of service from which on evidence counts for the leaf; None if no number of days bounds it."""
    since_admission: bool = False
    """Evidence counts for the leaf from the day on which the stay began."""
    replaced_lookback: Lookback | None = None
    """The policy's own lookback, where a configuration sets another; None otherwise."""
    period_of: str | None = None
    """IRI of the axis value whose period bounds the evidence for the leaf; None if it is the request's own."""

    @property
    def current_lookback(self) -> Lookback:
        """How far back evidence counts for the leaf."""
        return Lookback(self.lookback, self.since_admission)

    @property
    def own_lookback(self) -> Lookback:
        """How far back evidence counts for the leaf by the policy itself."""
        return self.replaced_lookback or self.current_lookback


@dataclass(frozen=True)
class Substitution:
    """A rule to use some criteria in place of another, or one class of requests in place of another (`of_classes`)."""

    iri: str
    label: str
    replaced: str
    """IRI."""
    used: tuple[str, ...]
    """IRIs, in order; empty for an omission."""
    when: str | None
    """IRI of the class of requests that it applies to; None if it applies to all."""
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
    strained: bool = False
    """Whether it can hardly be meant; it is tried, and no outcome is said to depend on it."""

    @property
    def title(self) -> str:
        """Its label, marked if it is strained."""
        return f"{self.label} (strained)" if self.strained else self.label


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
    """A section with items that are reported one by one; if it is `excluding`, an affirmed item excludes the service."""

    criterion: Criterion
    excluding: bool


@dataclass(frozen=True)
class PolicyParameter:
    """A whole number that a policy version states; a payer's configuration may set another."""

    iri: str
    label: str
    minimum: int
    maximum: int
    default: int
    """The number that the policy version states."""
    value: int
    """The number in force: the configuration's if it sets one, or the default."""

    @property
    def changed(self) -> bool:
        """Whether a configuration states another value than the policy version."""
        return self.value != self.default


@dataclass(frozen=True)
class Sources:
    """The files of a policy and their two graphs, which are read at first use."""

    ontology_files: tuple[Path, ...]
    shape_files: tuple[Path, ...]
    code_maps: tuple[Path, ...] = ()
    """Files of codes beside those of the vocabulary; see `reasoner.policy.codemap`."""
    example_files: tuple[Path, ...] = ()
    """Files of example sentences (`reasoner.abstraction.examples`), which are in neither graph."""

    @cached_property
    def ontology(self) -> Graph:
        """The vocabularies, the criteria and their readings."""
        graph = parsing.load_files(self.ontology_files)
        for path in self.code_maps:
            graph += read_code_map(path, graph)
        return graph

    def triples(self) -> Iterable[Triple]:
        """The triples of the ontology, without the graph where there is no code map: that takes ten times as long to build."""
        if self.code_maps:
            return graphs.triples(self.ontology)
        return (triple for path in self.ontology_files for triple in parsing.file_triples(path, rename=True))

    @cached_property
    def shapes(self) -> Graph:
        """The shapes of the criteria."""
        return parsing.load_files(self.shape_files)

    @cached_property
    def maps_named(self) -> tuple[str, ...]:
        """The code maps as a record names them: the file and the SHA-256 of its content."""
        return tuple(
            f"{path.name} (SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()})" for path in self.code_maps
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the RDFC-1.0 form of the two graphs, whatever files they are divided into."""
        return graphs.digest(graphs.canonical_dataset({ONTOLOGY: self.ontology, SHAPES: self.shapes}))

    def located(self, node: str) -> str:
        """A node for an error: its IRI after the files that have triples about it; the node alone if there are none."""
        files = (*self.ontology_files, *self.shape_files)
        for path in files:
            if node.startswith(parsing.label_prefix(path)):
                return f"{path}: a blank node"
        about = [str(path) for path in files if (URIRef(node), None, None) in parsing.load_files((path,))]
        return f"{', '.join(about)}: {node}" if about else node


@dataclass(frozen=True)
class Advice:
    """What a version says beside its criteria, and for which requests."""

    text: str
    unless: tuple[str, ...] = ()
    """IRIs of properties: it is given where the request states none of them."""
    where: tuple[str, ...] = ()
    """IRIs of values: it is given where the request states one of them; without any, wherever it states what it may."""

    def concerns(self, properties: AbstractSet[str], values: AbstractSet[str]) -> bool:
        """Whether it is given to a request that states some properties and values, by IRI."""
        return properties.isdisjoint(self.unless) and not (self.where and values.isdisjoint(self.where))


@dataclass(frozen=True, eq=False)
class PolicyVersion:
    """One published state of a policy."""

    policy: str
    iri: str
    id: str
    label: str
    lay_words: str
    """What a letter calls the service; empty if the version does not say."""
    valid_from: date
    valid_until: date | None
    parameters: Mapping[str, PolicyParameter]
    """Those that the version states, by IRI."""
    axes: tuple[Axis, ...]
    """Those of the whole policy."""
    advice: tuple[Advice, ...]
    criteria: Mapping[str, Criterion]
    """By IRI, with those that only substitutions use."""
    sections: tuple[str, ...]
    """IRIs, in published order."""
    lists: tuple[ListSection, ...]
    substitutions: tuple[Substitution, ...]
    interpretations: tuple[Interpretation, ...]
    contraries: Mapping[str, tuple[str, ...]]
    """IRI of a finding class, to those of the leaf finding classes that affirming it denies."""
    rules: tuple[str, ...] = field(repr=False)
    """The `sh:SPARQLRule`s (SHACL Advanced Features, section 8.4) of its criteria, as SPARQL."""
    lexicon: Lexicon = field(repr=False)
    """That of the whole policy."""
    policy_digest: str = field(repr=False)
    """The digest of the whole policy, see `Policy.digest`."""
    sources: Sources = field(repr=False)

    @cached_property
    def age_of_majority(self) -> int:
        """Whole years of age at the start of service from which a member is an adult."""
        return self.parameters[str(NEC.ageOfMajority)].value

    @cached_property
    def age_note(self) -> range:
        """Ages, in whole years, at which the reviewer is reminded that the policy gives no age of majority."""
        youngest, oldest = (self.parameters.get(str(iri)) for iri in (NEC.ageNoteFrom, NEC.ageNoteTo))
        return range(youngest.value if youngest else 0, oldest.value + 1 if oldest else 0)

    @cached_property
    def assumed_stay(self) -> int:
        """Days before the start of service at which the stay began, for a case that does not say when it did.

        Every version with a leaf that counts evidence since admission states it.
        """
        return self.parameters[str(NEC.assumedStay)].value

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
        """The leaves by IRI, those that restate another among them."""
        return {iri: criterion for iri, criterion in self.criteria.items() if criterion.kind is CriterionKind.LEAF}

    @cached_property
    def changed_lookbacks(self) -> tuple[Criterion, ...]:
        """The leaves for which a configuration sets another lookback than the policy; those that restate them follow."""
        return tuple(leaf for leaf in self.leaves.values() if leaf.replaced_lookback is not None and not leaf.restates)

    @cached_property
    def leaf_of(self) -> dict[str, Criterion]:
        """The leaves by finding class; of those that share one, the leaf that the others restate."""
        shared = {iri for iri, leaf in self.leaves.items() if self._restated_finding(leaf) == leaf.finding}
        return {leaf.finding: leaf for iri, leaf in self.leaves.items() if iri not in shared}

    def _restated_finding(self, leaf: Criterion) -> str:
        """IRI of the finding class of the leaf that another restates; empty for a leaf that restates none."""
        return self.leaves[leaf.restates].finding if leaf.restates else ""

    @cached_property
    def restating(self) -> dict[str, tuple[str, ...]]:
        """IRI of a leaf, to those of the leaves that restate it and have a finding class of their own.

        What speaks to the first speaks to the others too; what is of another's own class affirms it in any case.
        """
        others: dict[str, list[str]] = {}
        for iri, leaf in self.leaves.items():
            if leaf.restates and self._restated_finding(leaf) != leaf.finding:
                others.setdefault(leaf.restates, []).append(iri)
        return {iri: tuple(restating) for iri, restating in others.items()}

    def settled_as(self, iri: str) -> str:
        """IRI of the leaf under which the statements to a leaf are settled: the one it restates if they share a finding class."""
        return self.leaf_of[self.leaves[iri].finding].iri

    def contradicted(self, classes: Iterable[str]) -> frozenset[str]:
        """IRIs of the finding classes that affirming some classes denies: those that they are stated to be the contraries of."""
        return frozenset(finding for name in classes for finding in self.contraries.get(name, ()))

    @cached_property
    def by_id(self) -> dict[str, Criterion]:
        """The published criteria by id."""
        return {criterion.id: criterion for criterion in self.criteria.values() if criterion.id}

    def reporting(self, iri: str) -> frozenset[Term]:
        """The property shapes of a leaf: its own, and those that refer to it with `nec:reportsOn`."""
        own = self.lexicon.shapes.get(terms.iri(iri), {}).get(terms.of(SH.property), ())
        return frozenset(own) | self._reported.get(terms.iri(iri), frozenset())

    @cached_property
    def of_whole(self) -> frozenset[str]:
        """IRIs of the property shapes whose report of one fact speaks of its leaf as a whole (`nec:ofWhole`)."""
        stated = terms.of(NEC.ofWhole)
        return frozenset(terms.name(shape) for shape, props in self.lexicon.shapes.items() if stated in props)

    @cached_property
    def _reported(self) -> dict[Term, frozenset[Term]]:
        by_leaf: dict[Term, set[Term]] = {}
        for shape, props in self.lexicon.shapes.items():
            for leaf in props.get(terms.of(NEC.reportsOn), ()):
                by_leaf.setdefault(leaf, set()).add(shape)
        return {leaf: frozenset(shapes) for leaf, shapes in by_leaf.items()}

    def in_force(self, day: date) -> bool:
        """Whether the version governs a date of service."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy with its versions, oldest first, and the graphs that it was read from."""

    iri: str
    id: str
    label: str
    axes: tuple[Axis, ...]
    """The properties of a request that decide which criteria apply."""
    versions: tuple[PolicyVersion, ...]
    prefixes: Mapping[str, str] = field(repr=False)
    """Namespace by prefix: those that the policy's vocabularies prefer, and those of the vocabularies they are written in."""
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
        """Every IRI that is a subject in the ontology."""
        return frozenset(terms.name(term) for term in self.lexicon.declared if term.startswith("<"))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The IRIs of the ontologies: an IRI that begins with one of them has to be declared."""
        ontology = terms.of(OWL.Ontology)
        return tuple(sorted(terms.name(term) for term, types in self.lexicon.types.items() if ontology in types))

    def short(self, iri: str) -> str:
        """An IRI with the prefix that the policy's graphs are written with; without one as it is."""
        return terms.short(iri, self.prefixes)

    def version_on(self, day: date) -> PolicyVersion | None:
        """The version in force on a date of service, if any."""
        return next((version for version in self.versions if version.in_force(day)), None)

    def criterion(self, iri: str) -> Criterion | None:
        """A criterion of any version by IRI; None if there is none."""
        return next((v.criteria[iri] for v in self.versions if iri in v.criteria), None)
