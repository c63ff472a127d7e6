"""The effective policy: what a policy version requires of one kind of request under one choice of readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TypeVar

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection

from reasoner.ground.errors import PolicyError, UsageError
from reasoner.policy.lexicon import LEADS_TO_SHAPES
from reasoner.policy.model import Criterion, CriterionKind, ListSection, PolicyVersion, Reading, Substitution
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import NEC, RDF, SH

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """A criterion as a part of an effective policy."""

    criterion: Criterion
    kind: CriterionKind
    members: tuple[Part, ...] = ()
    judged_by: str = ""
    """IRI of the leaf that restates it here; empty if it has its own meaning."""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.criterion, self.kind, self.members, self.judged_by))  # that of the members is worked out once

    @property
    def leaf(self) -> str:
        """IRI of the leaf whose shapes judge it; for a leaf only."""
        return self.judged_by or self.criterion.iri

    @cached_property
    def member_iris(self) -> tuple[str, ...]:
        """IRIs of its parts."""
        return tuple(member.criterion.iri for member in self.members)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The alternatives that each need a fact of their own of a leaf, of a group that pairs them (`nec:pairedBy`)."""
        topic = self.criterion.paired_by
        leaf = next((part for part in self.members if topic and part.criterion.topic == topic), None)
        return (
            tuple(Pair(leaf, other) for part in self.members if leaf not in (None, part) for other in part.members)
            if leaf
            else ()
        )

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in published order."""
        yield self
        for member in self.members:
            yield from member.walk()


_part = lru_cache(maxsize=4096)(Part)
"""The same object for parts that are equal: the effective policies of other readings share most of theirs."""


@dataclass(frozen=True)
class Pair:
    """An alternative of a group, with the leaf of which it needs the fact that names it, or one that names none."""

    leaf: Part
    alternative: Part

    @cached_property
    def key(self) -> str:
        """The key of the leaf's status for the alternative, beside the IRIs of leaves."""
        return f"{self.leaf.leaf} {self.alternative.criterion.iri}"


@dataclass(frozen=True, eq=False)
class EffectivePolicy:
    """The sections and list sections that apply, after all substitutions."""

    version: PolicyVersion
    request_classes: frozenset[str]
    readings: tuple[Reading, ...]
    sections: tuple[Part, ...]
    lists: tuple[ListSection, ...]
    substitutions: tuple[Substitution, ...] = field(default=())
    """The substitutions of criteria that were applied."""

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Every group and leaf by criterion IRI, in published order; list items last."""
        parts: dict[str, Part] = {}
        for section in self.sections:
            for part in section.walk():
                parts.setdefault(part.criterion.iri, part)
        for list_section in self.lists:
            for iri in list_section.criterion.members:
                parts.setdefault(iri, Part(self.version.criteria[iri], CriterionKind.LEAF))
        return parts

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """All its pairs of an alternative and a leaf."""
        return tuple(pair for part in self.parts.values() for pair in part.pairs)

    @cached_property
    def exclusions(self) -> tuple[Criterion, ...]:
        """The items of the lists that exclude, in published order."""
        items = (iri for section in self.lists if section.excluding for iri in section.criterion.members)
        return tuple(self.version.criteria[iri] for iri in items)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """IRIs of the leaves that have to be evaluated; one that restates another stands in its place."""
        return tuple(part.leaf for part in self.parts.values() if part.kind is CriterionKind.LEAF)

    def shown(self, of_leaves: Mapping[str, T]) -> dict[str, T]:
        """What was found of evaluated leaves, by the IRIs of the criteria that they are shown as; of leaves of this policy only."""
        return {iri: of_leaves[leaf] for iri, leaf in self._shown_as if leaf in of_leaves}

    @cached_property
    def _shown_as(self) -> tuple[tuple[str, str], ...]:
        """The IRI of each leaf, with that of the leaf that is evaluated."""
        return tuple((iri, part.leaf) for iri, part in self.parts.items() if part.kind is CriterionKind.LEAF)

    @cached_property
    def structure(self) -> tuple[tuple[Part, ...], tuple[ListSection, ...]]:
        """The sections and the list sections; effective policies that ask the same have the same object."""
        return _one_of_a_kind((self.sections, self.lists))

    @cached_property
    def shapes(self) -> Graph:
        """The effective policy as a shapes graph that any SHACL Core processor can read.

        Every section and every leaf targets `nec:ReviewRequest`; groups list the parts that apply. A leaf that is
        restated has the property shapes of the leaf that restates it.
        """
        graph = leaf_shapes(self.version, self.leaves)
        for iri, part in self.parts.items():
            if part.judged_by:
                for _, predicate, value in list(graph.triples((URIRef(part.judged_by), None, None))):
                    graph.remove((URIRef(part.judged_by), predicate, value))
                    graph.add((URIRef(iri), predicate, value))
        for prefix, namespace in (("sh", SH), ("nec", NEC), ("rdf", RDF)):
            graph.bind(prefix, namespace)
        for part in self.parts.values():
            if part.kind in (CriterionKind.ALL, CriterionKind.ANY):
                node, head = URIRef(part.criterion.iri), BNode()
                Collection(graph, head, [URIRef(member.criterion.iri) for member in part.members])
                graph.add((node, RDF.type, SH.NodeShape))
                graph.add((node, SH["and"] if part.kind is CriterionKind.ALL else SH["or"], head))
                if part.pairs:
                    pairs = BNode()
                    Collection(graph, pairs, [_pair_shape(graph, pair) for pair in part.pairs])
                    graph.add((node, SH["or"], pairs))
        for section in self.sections:
            graph.add((URIRef(section.criterion.iri), SH.targetClass, NEC.ReviewRequest))
        return graph


def _pair_shape(graph: Graph, pair: Pair) -> BNode:
    """Add the shape of an alternative with the fact that it needs, and give its node."""
    leaf, shape, both, path, qualified, choice = pair.leaf.criterion, *(BNode() for _ in range(5))
    unnamed, named, without, having = (BNode() for _ in range(4))
    topic, alternative = URIRef(leaf.topic), URIRef(pair.alternative.criterion.iri)
    Collection(graph, both, [alternative, path])
    Collection(graph, choice, [unnamed, named])
    for triple in (
        (shape, SH["and"], both),
        (path, SH.path, NEC.affirmed),
        (path, SH.qualifiedMinCount, Literal(1)),
        (path, SH.qualifiedValueShape, qualified),
        (qualified, SH["class"], URIRef(leaf.finding)),
        (qualified, SH["or"], choice),
        (unnamed, SH.property, without),
        (without, SH.path, topic),
        (without, SH.maxCount, Literal(0)),
        (named, SH.property, having),
        (having, SH.path, topic),
        (having, SH.hasValue, alternative),
    ):
        graph.add(triple)
    return shape


@lru_cache(maxsize=1024)
def _one_of_a_kind(
    structure: tuple[tuple[Part, ...], tuple[ListSection, ...]],
) -> tuple[tuple[Part, ...], tuple[ListSection, ...]]:
    return structure


def leaf_shapes(version: PolicyVersion, leaves: Iterable[str]) -> Graph:
    """The shapes of some leaves, and those that refer to them with `nec:reportsOn`; all target `nec:ReviewRequest`."""
    graph = Graph(bind_namespaces="none")
    for iri in leaves:
        leaf = URIRef(iri)
        reporting = list(version.shapes.subjects(NEC.reportsOn, leaf))
        for triple in graphs.closure(version.shapes, leaf, *reporting, follow=LEADS_TO_SHAPES):
            if triple[1] not in (SH.rule, NEC.reportsOn):
                graph.add(triple)
        for shape in (leaf, *reporting):
            graph.add((shape, SH.targetClass, NEC.ReviewRequest))
    return graph


def choose_readings(version: PolicyVersion, choices: Mapping[str, str] | None = None) -> tuple[Reading, ...]:
    """The chosen reading of each interpretation, or its default reading if none is chosen.

    Args:
        version: the policy version.
        choices: interpretation id to the id of one of its readings, such as ``{"lack": "lack/both"}``;
            the part after the slash is enough.

    Raises:
        UsageError: there is no such interpretation or reading.
    """
    unknown = dict(choices or {})
    chosen = []
    for interpretation in version.interpretations:
        name = unknown.pop(interpretation.id, interpretation.default.id)
        matches = [r for r in interpretation.readings if name in (r.id, r.id.partition("/")[2])]
        if not matches:
            raise UsageError(
                f"interpretation {interpretation.id!r} has no reading {name!r}",
                mend=f"Choose one of: {', '.join(r.id for r in interpretation.readings)}",
            )
        chosen.append(matches[0])
    if unknown:
        known = ", ".join(i.id for i in version.interpretations)
        raise UsageError(f"there is no interpretation {next(iter(unknown))!r}", mend=f"Choose one of: {known}")
    return tuple(chosen)


@lru_cache(maxsize=512)
def effective_policy(
    version: PolicyVersion, request_classes: frozenset[str], readings: tuple[Reading, ...]
) -> EffectivePolicy:
    """Apply a version's routing and substitutions for a kind of request under a choice of readings.

    Args:
        version: the policy version.
        request_classes: IRIs of the classes of the request, inferred ones included.
        readings: one reading per interpretation, from `choose_readings`.

    Raises:
        PolicyError: two substitutions replace one criterion, or the criteria form a cycle.
    """
    return _Composer(version, request_classes, readings).compose()


class _Composer:
    def __init__(self, version: PolicyVersion, classes: frozenset[str], readings: tuple[Reading, ...]) -> None:
        self.version = version
        self.classes = classes
        self.readings = readings
        substitutions = [*version.substitutions, *(s for reading in readings for s in reading.substitutions)]
        self.class_for = {s.replaced: s.used[0] for s in substitutions if s.of_classes}
        """A class of requests, to the class that is tested in its place."""
        self.active: dict[str, Substitution] = {}
        """The substitution for each criterion that is replaced."""
        for substitution in substitutions:
            if not substitution.of_classes and self.holds(substitution.when):
                rival = self.active.setdefault(substitution.replaced, substitution)
                if bool(rival.when) != bool(substitution.when):
                    # A substitution for one class of requests takes precedence over one for all requests.
                    self.active[substitution.replaced] = rival if rival.when else substitution
                elif rival != substitution:
                    raise PolicyError(
                        f"two substitutions are in force: {rival.label}; {substitution.label}",
                        where=version.sources.located(substitution.replaced),
                        mend="Choose readings that do not both replace it",
                    )
        self.applied: dict[str, Substitution] = {}

    def holds(self, condition: str | None) -> bool:
        """Whether the request is in a class, or in the class that is tested in its place."""
        return condition is None or self.class_for.get(condition, condition) in self.classes

    def compose(self) -> EffectivePolicy:
        sections = {part.criterion.iri: part for part in self.expand(self.version.sections, ())}
        lists = tuple(section for section in self.version.lists if self.holds(section.criterion.applies_to))
        return EffectivePolicy(
            version=self.version,
            request_classes=self.classes,
            readings=self.readings,
            sections=tuple(sections.values()),
            lists=lists,
            substitutions=tuple(self.applied.values()),
        )

    def expand(self, members: Iterable[str], above: tuple[str, ...]) -> tuple[Part, ...]:
        """The parts of a group: its members that apply, or what replaces them.

        Args:
            members: IRIs of the members.
            above: IRIs of the criteria and substitutions that led here.
        """
        parts: list[Part] = []
        for iri in members:
            criterion = self.version.criteria[iri]
            if not self.holds(criterion.applies_to):
                continue
            substitution = self.active.get(iri)
            if substitution is None or substitution.iri in above:
                parts.append(self.part(criterion, criterion.iri, above))
                continue
            self.applied[substitution.iri] = substitution
            for used in substitution.used:
                replacement = self.version.criteria[used]
                parts.append(self.part(replacement, replacement.restates or used, (*above, substitution.iri)))
        return tuple(dict.fromkeys(parts))

    def part(self, criterion: Criterion, name: str, above: tuple[str, ...]) -> Part:
        if criterion.iri in above:
            where = self.version.sources.located(criterion.iri)
            raise PolicyError("the criteria form a cycle", where=where, mend="Take it out of its own parts")
        below = self.expand(criterion.members, (*above, criterion.iri))
        restated = criterion.kind is CriterionKind.LEAF and name != criterion.iri
        return _part(self.version.criteria[name], criterion.kind, below, criterion.iri if restated else "")
