"""Reading a policy: from the two graphs of its ontology and shapes to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TypeVar

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import PolicyError
from reasoner.policy.axes import Axis, read_axes
from reasoner.policy.currency import read_currency
from reasoner.policy.lexicon import lexicon
from reasoner.policy.model import (
    Advice,
    Criterion,
    CriterionKind,
    Interpretation,
    ListSection,
    Policy,
    PolicyParameter,
    PolicyVersion,
    Quantifier,
    Reading,
    Sources,
    Substitution,
)
from reasoner.rdf import graphs
from reasoner.rdf.namespaces import DCTERMS, NEC, OWL, PROV, RDF, RDFS, SH, SKOS, VANN, XSD

_REUSED = (
    ("dcterms", DCTERMS),
    ("owl", OWL),
    ("prov", PROV),
    ("rdf", RDF),
    ("rdfs", RDFS),
    ("sh", SH),
    ("skos", SKOS),
    ("vann", VANN),
    ("xsd", XSD),
)
"""The vocabularies that policies are written in, by prefix."""
LEAVES = {NEC.Leaf, NEC.NegativeLeaf, NEC.ConditionalLeaf, NEC.ResidualLeaf}
"""The classes of leaves."""
_GROUPS = {NEC.Group, NEC.Section, NEC.ListSection, NEC.ExclusionList, NEC.DescriptionList}
_LISTS = ((CriterionKind.ALL, SH["and"]), (CriterionKind.ANY, SH["or"]), (CriterionKind.LIST, NEC.lists))

_DATATYPES: dict[type, str] = {date: "date", int: "integer", bool: "boolean"}

V = TypeVar("V", date, int, bool)


class PolicyReader:
    """Turns the two graphs of a policy into its dataclasses.

    Args:
        sources: the files of the policy.
        ontology: the graph of its ontology.
        shapes: the graph of its shapes.
    """

    def __init__(self, sources: Sources, ontology: Graph, shapes: Graph) -> None:
        self.sources = sources
        self.ontology = ontology
        self.shapes = shapes
        self.findings = self._findings()
        self.contraries = self._contraries()
        self.lexicon = lexicon(self.ontology, self.shapes, sorted({*self.findings.values(), *self.contraries}))

    def policy(self, name: str) -> Policy:
        """The policy with an identifier; raises `PolicyError` if there is none, or it is not well formed."""
        policies = [
            iri for iri in self.ontology.subjects(RDF.type, NEC.Policy) if self._text(iri, DCTERMS.identifier) == name
        ]
        if len(policies) != 1:
            raise PolicyError(
                f"{len(policies)} resources are a nec:Policy with the identifier {name!r}", mend="State exactly one"
            )
        iri = policies[0]
        axes = read_axes(self.ontology, iri)
        versions = [self._version(name, version, axes) for version in self.ontology.objects(iri, NEC.version)]
        if not versions:
            raise PolicyError("the policy has no nec:version", where=str(iri), mend="Name its versions")
        versions.sort(key=lambda version: version.valid_from)
        for earlier, later in pairwise(versions):
            if earlier.valid_until is None or earlier.valid_until >= later.valid_from:
                raise PolicyError(
                    f"two versions are in force on one day, {earlier.id} and {later.id}",
                    where=earlier.iri,
                    mend="Give it a nec:validUntil before the other begins",
                )
        label = self._text(iri, SKOS.prefLabel)
        return Policy(
            iri=str(iri),
            id=name,
            label=label,
            axes=axes,
            versions=tuple(versions),
            prefixes=self._prefixes(),
            digest=self.sources.digest,
            lexicon=self.lexicon,
            sources=self.sources,
        )

    def _prefixes(self) -> dict[str, str]:
        preferred = {
            str(prefix): str(self.ontology.value(iri, VANN.preferredNamespaceUri))
            for iri, prefix in self.ontology.subject_objects(VANN.preferredNamespacePrefix)
        }
        return preferred | {prefix: str(iri) for prefix, iri in _REUSED}

    def _version(self, policy: str, iri: Node, axes: tuple[Axis, ...]) -> PolicyVersion:
        sections, lists = self._list(iri, SH["and"]), self._list(iri, NEC.lists)
        criteria = read_currency(self.ontology, self._criteria(iri), sections, axes)
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
            lay_words=self._text(iri, NEC.layWords, optional=True),
            valid_from=self._value(iri, NEC.validFrom, date),
            valid_until=self._optional_value(iri, NEC.validUntil, date),
            parameters=self._parameters(iri, criteria, axes),
            axes=axes,
            advice=self._advice(iri),
            criteria=criteria,
            sections=sections,
            lists=tuple(ListSection(criteria[part], part in excluding) for part in lists),
            substitutions=self._substitutions(iri),
            interpretations=tuple(interpretations),
            contraries=self.contraries,
            rules=self._rules(criteria),
            lexicon=self.lexicon,
            policy_digest=self.sources.digest,
            sources=self.sources,
        )

    def _advice(self, version: Node) -> tuple[Advice, ...]:
        """The advice of a version, ordered by its text."""

        def iris(node: Node, property_: URIRef) -> tuple[str, ...]:
            return tuple(sorted(map(str, self.ontology.objects(node, property_))))

        return tuple(
            sorted(
                (
                    Advice(str(given))
                    if isinstance(given, Literal)
                    else Advice(
                        self._text(given, SKOS.definition), iris(given, NEC.unlessStated), iris(given, NEC.whereStated)
                    )
                    for given in self.ontology.objects(version, NEC.advice)
                ),
                key=lambda advice: advice.text,
            )
        )

    def _parameters(
        self, version: Node, criteria: Mapping[str, Criterion], axes: tuple[Axis, ...]
    ) -> dict[str, PolicyParameter]:
        """The parameters that a version states, by IRI: the age of majority and what its axis values and criteria refer to."""
        stated: dict[str, PolicyParameter] = {}
        for iri in sorted(self.ontology.subjects(RDFS.subPropertyOf, NEC.parameter), key=str):
            value = self._optional_value(version, iri, int)
            if value is None:
                continue
            minimum, maximum = (self._value(iri, bound, int) for bound in (SH.minInclusive, SH.maxInclusive))
            if not minimum <= value <= maximum:
                raise PolicyError(
                    f"{iri} is {value}", where=str(version), mend=f"State a number from {minimum} to {maximum}"
                )
            stated[str(iri)] = PolicyParameter(
                str(iri), self._text(iri, SKOS.prefLabel), minimum, maximum, default=value, value=value
            )
        windows = (value.window for axis in axes for value in axis.values if value.window)
        stays = [str(NEC.assumedStay)] if any(criterion.since_admission for criterion in criteria.values()) else []
        for required in (str(NEC.ageOfMajority), *windows, *stays):
            if required not in stated:
                raise PolicyError(
                    f"it needs one {required} of type int",
                    where=str(version),
                    mend="State it; a window has to be a subproperty of nec:parameter",
                )
        return stated

    def _rules(self, criteria: Mapping[str, Criterion]) -> tuple[str, ...]:
        return tuple(
            str(self.shapes.value(rule, SH.construct))
            for iri, criterion in criteria.items()
            if criterion.kind is CriterionKind.LEAF
            for rule in sorted(self.shapes.objects(URIRef(iri), SH.rule), key=str)
        )

    def _criteria(self, version: Node) -> dict[str, Criterion]:
        """The criteria that a version's lists and substitutions lead to, in published order."""
        criteria: dict[str, Criterion] = {}
        queue = [*self._list(version, SH["and"]), *self._list(version, NEC.lists)]
        for interpretation in self.ontology.objects(version, NEC.interpretation):
            for predicate in (NEC.defaultReading, NEC.alternativeReading):
                for reading in self.ontology.objects(interpretation, predicate):
                    queue += self._used(reading)
        queue += self._used(version)
        while queue:
            iri = queue.pop(0)
            if iri in criteria or (URIRef(iri), RDF.type, OWL.Class) in self.ontology:
                continue
            criteria[iri] = self._criterion(URIRef(iri))
            queue[:0] = criteria[iri].members
        for iri, criterion in criteria.items():
            if criterion.restates and criterion.restates not in criteria:
                raise PolicyError(
                    f"it restates {criterion.restates}, which no section of the version leads to",
                    where=iri,
                    mend="Name a criterion of a section with nec:restates",
                )
        return criteria

    def _used(self, owner: Node) -> list[str]:
        """What the substitutions of a version or a reading use."""
        return [iri for sub in self.ontology.objects(owner, NEC.substitution) for iri in self._strings(sub, NEC.use)]

    def _criterion(self, iri: URIRef) -> Criterion:
        restated = self._iri(iri, NEC.restates)
        if restated and set(self.ontology.objects(iri, RDF.type)) & LEAVES:
            return self._restatement(iri, URIRef(restated))
        types = set(self.ontology.objects(iri, RDF.type))
        lists = [(kind, self._list(iri, predicate)) for kind, predicate in _LISTS]
        lists = [(kind, members) for kind, members in lists if members]
        leaf, group = bool(types & LEAVES), bool(types & _GROUPS)
        if leaf == group or len(lists) != int(group):
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
        kind, members = lists[0] if lists else (CriterionKind.LEAF, ())
        return Criterion(
            iri=str(iri),
            id=self._text(iri, DCTERMS.identifier, optional=True),
            kind=kind,
            notation=self._text(iri, SKOS.notation, optional=True),
            label=self._text(iri, SKOS.prefLabel),
            definition=self._text(iri, SKOS.definition),
            source=self._text(iri, DCTERMS.source, optional=True),
            members=members,
            applies_to=self._iri(iri, NEC.appliesTo),
            restates=restated,
            finding=self.findings.get(str(iri), ""),
            ask=self._text(iri, NEC.ask, optional=True),
            lay_words=self._text(iri, NEC.layWords, optional=True),
            conditional=NEC.ConditionalLeaf in types,
            residual=NEC.ResidualLeaf in types,
            topic=self._iri(iri, NEC.supersededPer) or "",
            holds_for=self._quantifier(iri),
            population=self._iri(iri, NEC.population) or "",
            denied_by_every=(iri, NEC.deniedByEvery, Literal(True)) in self.ontology,
            judges_none=self._judges_none(iri),
            candidates=self._iri(iri, NEC.considers) or "",
            counts_over=self._strings(iri, NEC.countsOver),
            counted_codes=self._iri(iri, NEC.countedCodes) or "",
            speaks_only_from=self._strings(iri, NEC.speaksOnlyFrom),
            paired_by=self._iri(iri, NEC.pairedBy) or "",
            details=self._strings(iri, NEC.detail),
            speaks_only_with=self._strings(iri, NEC.speaksOnlyWith),
            opposites=tuple(
                sorted({*self._strings(iri, NEC.opposite), *map(str, self.ontology.subjects(NEC.opposite, iri))})
            ),
        )

    def _restatement(self, iri: URIRef, restated: URIRef) -> Criterion:
        """A leaf that means another in a different way: it has words, shapes and maybe a finding class of its own.

        Whatever else is said of the other holds for it too.
        """
        types = set(self.ontology.objects(restated, RDF.type))
        if not types & LEAVES or (restated, NEC.restates, None) in self.ontology:
            raise PolicyError(
                f"it is a leaf and restates {restated}, which is none of the policy's own",
                where=str(iri),
                mend="Name a leaf of a section with nec:restates",
            )
        base = self._criterion(restated)
        return replace(
            base,
            iri=str(iri),
            id="",
            notation="",
            label=self._text(iri, SKOS.prefLabel),
            definition=self._text(iri, SKOS.definition),
            restates=str(restated),
            finding=self.findings.get(str(iri), base.finding),
            ask=self._text(iri, NEC.ask, optional=True) or base.ask,
            lay_words=self._text(iri, NEC.layWords, optional=True) or base.lay_words,
        )

    def _judges_none(self, iri: URIRef) -> tuple[tuple[str, str], ...]:
        restrictions = self.ontology.objects(iri, NEC.judgesNone)
        return tuple(sorted((self._text(r, NEC.axisValue), self._text(r, NEC.ofClass)) for r in restrictions))

    def _quantifier(self, iri: URIRef) -> Quantifier:
        """Of how many of its facts a leaf has to hold; raises `PolicyError` where that is stated without a topic, or not."""
        stated = self._iri(iri, NEC.holdsFor)
        topic = self._iri(iri, NEC.supersededPer)
        known = {str(NEC.Some): Quantifier.SOME, str(NEC.Every): Quantifier.EVERY}
        if (stated is None) != (topic is None) or (stated and stated not in known):
            raise PolicyError(
                "the property that tells its facts apart and the number of facts it holds for go together",
                where=str(iri),
                mend="State nec:supersededPer with nec:holdsFor nec:Some or nec:Every, or neither",
            )
        return known[stated] if stated else Quantifier.SOME

    def _findings(self) -> dict[str, str]:
        """The finding class of each leaf, from the axioms class ≡ nec:Statement ⊓ (nec:addresses value leaf)."""
        class_of: dict[str, str] = {}
        for restriction, leaf in self.ontology.subject_objects(OWL.hasValue):
            if (restriction, OWL.onProperty, NEC.addresses) not in self.ontology:
                continue
            for cell in self.ontology.subjects(RDF.first, restriction):
                head = cell
                while (before := self.ontology.value(predicate=RDF.rest, object=head)) is not None:
                    head = before
                for expression in self.ontology.subjects(OWL.intersectionOf, head):
                    for name in self.ontology.subjects(OWL.equivalentClass, expression):
                        if class_of.setdefault(str(leaf), str(name)) != str(name):
                            raise PolicyError(
                                f"two classes claim it: {class_of[str(leaf)]} and {name}",
                                where=str(leaf),
                                mend="Make one a subclass of the other",
                            )
        return class_of

    def _contraries(self) -> dict[str, tuple[str, ...]]:
        """The finding classes that each contrary denies."""
        denied: dict[str, set[str]] = {}
        for contrary, finding in self.ontology.subject_objects(NEC.contraryOf):
            denied.setdefault(str(contrary), set()).add(str(finding))
        return {contrary: tuple(sorted(findings)) for contrary, findings in denied.items()}

    def _interpretation(self, iri: Node) -> Interpretation:
        default = self.ontology.value(iri, NEC.defaultReading)
        if default is None:
            raise PolicyError("the interpretation has no nec:defaultReading", where=str(iri), mend="State it")
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
            strained=self._optional_value(iri, NEC.strained, bool) or False,
        )

    def _substitutions(self, owner: Node) -> tuple[Substitution, ...]:
        return tuple(
            sorted((self._substitution(s) for s in self.ontology.objects(owner, NEC.substitution)), key=lambda s: s.iri)
        )

    def _substitution(self, iri: Node) -> Substitution:
        replaced, used = self._iri(iri, NEC.inPlaceOf), self._strings(iri, NEC.use)
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
        """The items of the list that is the value of a property in the shapes."""
        return tuple(map(str, graphs.members(self.shapes, self.shapes.value(subject, predicate))))

    def _strings(self, subject: Node, predicate: Node) -> tuple[str, ...]:
        """The values of a property in the ontology, in code point order."""
        return tuple(sorted(str(object_) for object_ in self.ontology.objects(subject, predicate)))

    def _iri(self, subject: Node, predicate: Node) -> str | None:
        iris = self._strings(subject, predicate)
        if len(iris) > 1:
            raise PolicyError(f"it has more than one {predicate}", where=str(subject), mend="Keep one")
        return iris[0] if iris else None

    def _text(self, subject: Node, predicate: Node, *, optional: bool = False) -> str:
        """The first value of a property in code point order; empty if it is optional and there is none."""
        texts = self._strings(subject, predicate)
        if not texts and not optional:
            raise PolicyError(f"it has no {predicate}", where=str(subject), mend="State it in the ontology")
        return texts[0] if texts else ""

    def _value(self, subject: Node, predicate: Node, kind: type[V]) -> V:
        """The value of a property that has exactly one, of a type."""
        value = self._optional_value(subject, predicate, kind)
        if value is None:
            raise _not_one(subject, predicate, kind)
        return value

    def _optional_value(self, subject: Node, predicate: Node, kind: type[V]) -> V | None:
        """The value of a property that has at most one, of a type; None if it has none."""
        literals = list(self.ontology.objects(subject, predicate))
        if not literals:
            return None
        value = literals[0].toPython() if len(literals) == 1 and isinstance(literals[0], Literal) else None
        # A bool is an int to Python, and a datetime a date: the type has to be the very one.
        if type(value) is not kind:
            raise _not_one(subject, predicate, kind)
        return value


def _not_one(subject: Node, predicate: Node, kind: type) -> PolicyError:
    mend = f"State one of the datatype xsd:{_DATATYPES[kind]}"
    return PolicyError(f"it needs one {predicate} of type {kind.__name__}", where=str(subject), mend=mend)
