"""A coverage policy as read from its ontology and shapes: versions, criteria, interpretations, substitutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from rdflib import Graph, URIRef
from rdflib.term import Node

from reasoner import graphs, paths
from reasoner.errors import PolicyError
from reasoner.namespaces import DCTERMS, NEC, OWL, PROV, RDF, RDFS, SH, SKOS, VANN, XSD


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
    ontology: Graph = field(repr=False)
    shapes: Graph = field(repr=False)

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

    def reports(self, iri: str) -> frozenset[Node]:
        """The property shapes that report on a leaf: its own, and those targeted apart."""
        leaf = URIRef(iri)
        return frozenset(self.shapes.objects(leaf, SH.property)) | frozenset(self.shapes.subjects(NEC.reportsOn, leaf))

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
    ontology: Graph = field(repr=False)
    shapes: Graph = field(repr=False)
    files: tuple[Path, ...] = field(repr=False)

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


def installed(root: Path | None = None) -> tuple[str, ...]:
    """The names of the policies under a folder that holds ``ontology`` and ``shapes``."""
    base = (root / "ontology") if root else paths.ONTOLOGY
    shapes = (root / "shapes") if root else paths.SHAPES
    return tuple(sorted(p.name for p in base.glob("*/") if p.is_dir() and (shapes / p.name).is_dir()))


@lru_cache(maxsize=8)
def load_policy(name: str | None = None, *, root: Path | None = None) -> Policy:
    """Read a policy from Turtle.

    Args:
        name: the policy's folder under ``ontology`` and ``shapes``; may be left out where there is only one.
        root: the folder that holds ``ontology`` and ``shapes``; by default the one that ships with the package.
            The core vocabulary always comes from the package.

    Raises:
        PolicyError: the policy is not there, cannot be read, or is not well formed.
    """
    names = installed(root)
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        problem = f"there is no policy {name!r}" if name else "more than one policy is installed, or none"
        mend = f"Choose one of: {', '.join(names)}" if names else "Put one under ontology/ and shapes/"
        raise PolicyError(problem, where=str(root or paths.ROOT), mend=mend)
    base = root or paths.ROOT
    ontology_files = [*sorted(paths.ONTOLOGY.glob("*.ttl")), *sorted((base / "ontology" / name).rglob("*.ttl"))]
    shape_files = sorted((base / "shapes" / name).rglob("*.ttl"))
    ontology, shapes = graphs.load_files(ontology_files), graphs.load_files(shape_files)
    _refuse_unknown_terms(shapes)
    return _Reader(ontology, shapes, tuple(ontology_files + shape_files)).policy(name)


def _refuse_unknown_terms(shapes: Graph) -> None:
    """Raise `PolicyError` for a term that SHACL does not have: an engine would pass over it and conform."""
    for subject, predicate, value in shapes:
        for term in (predicate, value):
            if isinstance(term, URIRef) and str(term).startswith(str(SH)) and term not in SH:
                raise PolicyError(f"SHACL has no term {str(term).removeprefix(str(SH))!r}", where=str(subject))


class _Reader:
    """Turns the two graphs of a policy into its dataclasses."""

    def __init__(self, ontology: Graph, shapes: Graph, files: tuple[Path, ...]) -> None:
        self.ontology = ontology
        self.shapes = shapes
        self.files = files
        self.findings = self._findings()

    def policy(self, name: str) -> Policy:
        policies = [
            iri for iri in self.ontology.subjects(RDF.type, NEC.Policy) if self._text(iri, DCTERMS.identifier) == name
        ]
        if len(policies) != 1:
            raise PolicyError(
                f"{len(policies)} resources are a nec:Policy with the identifier {name!r}",
                where=f"ontology/{name}",
                mend="State exactly one",
            )
        iri = policies[0]
        versions = [self._version(name, version) for version in self.ontology.objects(iri, NEC.version)]
        if not versions:
            raise PolicyError("the policy has no nec:version", where=str(iri))
        versions.sort(key=lambda version: version.valid_from)
        for earlier, later in pairwise(versions):
            if earlier.valid_until is None or earlier.valid_until >= later.valid_from:
                raise PolicyError(
                    "two versions are in force on one day",
                    where=f"{earlier.id}, {later.id}",
                    mend="End the earlier one",
                )
        label = self._text(iri, SKOS.prefLabel)
        return Policy(str(iri), name, label, tuple(versions), self.ontology, self.shapes, self.files)

    def _version(self, policy: str, iri: Node) -> PolicyVersion:
        criteria = self._criteria(iri)
        sections, lists = self._list(iri, SH["and"]), self._list(iri, NEC.lists)
        missing = [part for part in (*sections, *lists) if part not in criteria]
        if not sections or missing:
            raise PolicyError(
                "the version names no sections" if not sections else f"it names the undeclared section {missing[0]}",
                where=str(iri),
                mend="List its sections with sh:and and nec:lists in the shapes",
            )
        excluding = {str(subject) for subject in self.ontology.subjects(RDF.type, NEC.ExclusionList)}
        interpretations = sorted(
            (self._interpretation(subject) for subject in self.ontology.objects(iri, NEC.interpretation)),
            key=lambda interpretation: interpretation.id,
        )
        return PolicyVersion(
            policy=policy,
            iri=str(iri),
            id=self._text(iri, DCTERMS.identifier),
            label=self._text(iri, SKOS.prefLabel),
            valid_from=self._value(iri, NEC.validFrom, date),
            valid_until=self._value(iri, NEC.validUntil, date, optional=True),
            age_of_majority=self._value(iri, NEC.ageOfMajority, int),
            age_note=range(
                self._value(iri, NEC.ageNoteFrom, int, optional=True) or 0,
                (self._value(iri, NEC.ageNoteTo, int, optional=True) or -1) + 1,
            ),
            admission_window=self._value(iri, NEC.admissionWindow, int),
            advice=tuple(sorted(str(text) for text in self.ontology.objects(iri, NEC.advice))),
            criteria=criteria,
            sections=sections,
            lists=tuple(ListSection(criteria[part], part in excluding) for part in lists),
            substitutions=self._substitutions(iri),
            interpretations=tuple(interpretations),
            contraries=self._contraries(),
            ontology=self.ontology,
            shapes=self.shapes,
        )

    def _criteria(self, version: Node) -> dict[str, Criterion]:
        """The criteria reachable from a version's lists and substitutions, in published order."""
        found: dict[str, Criterion] = {}
        queue = [*self._list(version, SH["and"]), *self._list(version, NEC.lists)]
        for interpretation in self.ontology.objects(version, NEC.interpretation):
            for predicate in (NEC.defaultReading, NEC.alternativeReading):
                for reading in self.ontology.objects(interpretation, predicate):
                    queue += [
                        s for sub in self.ontology.objects(reading, NEC.substitution) for s in self._iris(sub, NEC.use)
                    ]
        queue += [s for sub in self.ontology.objects(version, NEC.substitution) for s in self._iris(sub, NEC.use)]
        while queue:
            iri = queue.pop(0)
            if iri in found or (URIRef(iri), RDF.type, OWL.Class) in self.ontology:
                continue
            found[iri] = self._criterion(URIRef(iri))
            queue[:0] = found[iri].members
        return found

    def _criterion(self, iri: URIRef) -> Criterion:
        types = set(self.ontology.objects(iri, RDF.type))
        all_, any_, items = (self._list(iri, predicate) for predicate in (SH["and"], SH["or"], NEC.lists))
        leaf = bool(types & {NEC.Leaf, NEC.NegativeLeaf, NEC.ConditionalLeaf, NEC.ResidualLeaf})
        group = bool(types & {NEC.Group, NEC.Section, NEC.ListSection, NEC.ExclusionList, NEC.DescriptionList})
        if leaf == group or (bool(all_) + bool(any_) + bool(items)) != group:
            raise PolicyError(
                "it is neither a leaf nor a group with one list of parts",
                where=str(iri),
                mend="Declare it nec:Leaf, or nec:Group with sh:and, sh:or or nec:lists, in ontology and shapes",
            )
        if leaf and str(iri) not in self.findings:
            raise PolicyError(
                "no finding class is equivalent to addressing it",
                where=str(iri),
                mend="State one class ≡ nec:Statement ⊓ (nec:addresses value the leaf)",
            )
        return Criterion(
            iri=str(iri),
            id=self._text(iri, DCTERMS.identifier, optional=True),
            kind=Kind.LEAF if leaf else Kind.ALL if all_ else Kind.ANY if any_ else Kind.LIST,
            notation=self._text(iri, SKOS.notation, optional=True),
            label=self._text(iri, SKOS.prefLabel),
            definition=self._text(iri, SKOS.definition),
            source=self._text(iri, DCTERMS.source, optional=True),
            members=all_ or any_ or items,
            applies_to=self._iri(iri, NEC.appliesTo),
            restates=self._iri(iri, NEC.restates),
            finding=self.findings.get(str(iri), ""),
            ask=self._text(iri, NEC.ask, optional=True),
            conditional=NEC.ConditionalLeaf in types,
            residual=NEC.ResidualLeaf in types,
            topical=(iri, NEC.supersededPer, NEC.topic) in self.ontology,
            details=self._iris(iri, NEC.detail),
            speaks_only_with=self._iris(iri, NEC.speaksOnlyWith),
            opposites=tuple(
                sorted({*self._iris(iri, NEC.opposite), *map(str, self.ontology.subjects(NEC.opposite, iri))})
            ),
        )

    def _findings(self) -> dict[str, str]:
        """Leaf IRI to its class, from the axioms class ≡ nec:Statement ⊓ (nec:addresses value leaf)."""
        found: dict[str, str] = {}
        for restriction, leaf in self.ontology.subject_objects(OWL.hasValue):
            if (restriction, OWL.onProperty, NEC.addresses) not in self.ontology:
                continue
            for cell in self.ontology.subjects(RDF.first, restriction):
                head = cell
                while (before := self.ontology.value(predicate=RDF.rest, object=head)) is not None:
                    head = before
                for expression in self.ontology.subjects(OWL.intersectionOf, head):
                    for name in self.ontology.subjects(OWL.equivalentClass, expression):
                        if found.setdefault(str(leaf), str(name)) != str(name):
                            raise PolicyError(
                                f"two classes claim it: {found[str(leaf)]} and {name}",
                                where=str(leaf),
                                mend="Make one a subclass of the other",
                            )
        return found

    def _contraries(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for contrary, finding in self.ontology.subject_objects(NEC.contraryOf):
            found.setdefault(str(contrary), set()).add(str(finding))
        return {contrary: tuple(sorted(findings)) for contrary, findings in found.items()}

    def _interpretation(self, iri: Node) -> Interpretation:
        default = self.ontology.value(iri, NEC.defaultReading)
        if default is None:
            raise PolicyError("the interpretation has no nec:defaultReading", where=str(iri))
        alternatives = [self._reading(reading) for reading in self.ontology.objects(iri, NEC.alternativeReading)]
        return Interpretation(
            iri=str(iri),
            id=self._text(iri, DCTERMS.identifier),
            label=self._text(iri, SKOS.prefLabel),
            definition=self._text(iri, SKOS.definition),
            source=self._text(iri, DCTERMS.source, optional=True),
            default=self._reading(default),
            alternatives=tuple(sorted(alternatives, key=lambda reading: reading.id)),
        )

    def _reading(self, iri: Node) -> Reading:
        return Reading(
            iri=str(iri),
            id=self._text(iri, DCTERMS.identifier),
            label=self._text(iri, SKOS.prefLabel),
            definition=self._text(iri, SKOS.definition),
            rationale=self._text(iri, NEC.rationale, optional=True),
            substitutions=self._substitutions(iri),
        )

    def _substitutions(self, owner: Node) -> tuple[Substitution, ...]:
        return tuple(
            sorted((self._substitution(s) for s in self.ontology.objects(owner, NEC.substitution)), key=lambda s: s.iri)
        )

    def _substitution(self, iri: Node) -> Substitution:
        replaced, used = self._iri(iri, NEC.inPlaceOf), self._iris(iri, NEC.use)
        omission = (iri, RDF.type, NEC.Omission) in self.ontology
        if replaced is None or bool(used) == omission:
            raise PolicyError(
                "a substitution names no criterion, or nothing to use",
                where=str(iri),
                mend="State nec:inPlaceOf, and nec:use unless it is a nec:Omission",
            )
        of_classes = (URIRef(replaced), RDF.type, OWL.Class) in self.ontology
        return Substitution(
            str(iri), self._text(iri, SKOS.prefLabel), replaced, used, self._iri(iri, NEC.when), of_classes
        )

    def _list(self, subject: Node, predicate: Node) -> tuple[str, ...]:
        return tuple(str(item) for item in graphs.members(self.shapes, self.shapes.value(subject, predicate)))

    def _iris(self, subject: Node, predicate: Node) -> tuple[str, ...]:
        return tuple(sorted(str(object_) for object_ in self.ontology.objects(subject, predicate)))

    def _iri(self, subject: Node, predicate: Node) -> str | None:
        found = self._iris(subject, predicate)
        if len(found) > 1:
            raise PolicyError(f"it has more than one {predicate}", where=str(subject), mend="Keep one")
        return found[0] if found else None

    def _text(self, subject: Node, predicate: Node, *, optional: bool = False) -> str:
        found = sorted(str(object_) for object_ in self.ontology.objects(subject, predicate))
        if not found and not optional:
            raise PolicyError(f"it has no {predicate}", where=str(subject), mend="State it in the ontology")
        return found[0] if found else ""

    def _value(self, subject: Node, predicate: Node, kind: type, *, optional: bool = False):  # type: ignore[no-untyped-def]
        found = [object_.toPython() for object_ in self.ontology.objects(subject, predicate)]  # type: ignore[attr-defined]
        if not found and optional:
            return None
        if len(found) != 1 or not isinstance(found[0], kind):
            raise PolicyError(f"it needs one {predicate} of type {kind.__name__}", where=str(subject))
        return found[0]
