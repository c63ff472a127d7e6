"""The reference of a policy for people: its vocabulary, criteria, shapes and readings as linked HTML pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from rdflib import Graph, URIRef
from rdflib.term import Node

from reasoner.ground.errors import UsageError
from reasoner.policy import evidence, publication
from reasoner.policy.model import Criterion, CriterionKind, Policy, PolicyVersion, Substitution
from reasoner.policy.modules import modules
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OWL, RDF, RDFS, SCHEMA, SH, SKOS, VANN

CONNECTIVE = {
    CriterionKind.ALL: "all of",
    CriterionKind.ANY: "any of",
    CriterionKind.LIST: "list",
    CriterionKind.LEAF: "",
}
KINDS = (
    (OWL.Class, "Classes"),
    (OWL.ObjectProperty, "Object properties"),
    (OWL.DatatypeProperty, "Datatype properties"),
    (OWL.AnnotationProperty, "Annotation properties"),
    (SKOS.ConceptScheme, "Code systems"),
    (SKOS.Concept, "Codes"),
    (OWL.NamedIndividual, "Individuals"),
)
"""The kinds of terms a vocabulary page lists, in the order it lists them."""

_SHOWN = {
    RDFS.subClassOf: "narrower than",
    RDFS.subPropertyOf: "narrower than",
    SCHEMA.domainIncludes: "said of",
    SCHEMA.rangeIncludes: "values",
    NEC.contraryOf: "contrary of",
    SKOS.inScheme: "listed in",
    SKOS.broader: "narrower than",
    SKOS.exactMatch: "same as",
    SKOS.broadMatch: "narrower than",
    NEC.codeClass: "read as",
    NEC.codeSeverity: "severity",
    NEC.codeRemission: "remission",
}
"""What a vocabulary page says of a term beside its words, in this order, and what it calls that."""
_KIND = {
    OWL.Class: "class",
    OWL.ObjectProperty: "object property",
    OWL.DatatypeProperty: "datatype property",
    OWL.AnnotationProperty: "annotation property",
    SKOS.ConceptScheme: "code system",
    SKOS.Concept: "code",
    OWL.NamedIndividual: "individual",
}
_PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
_MANY = 12
"""Criteria that use a property, of which more are not listed: it is one that nearly all use."""


@dataclass(frozen=True)
class Place:
    """Where a term is described: a page and an anchor on it."""

    page: str
    anchor: str

    @property
    def link(self) -> str:
        """The address relative to the other pages."""
        return f"{self.page}#{self.anchor}"


def write(policy: Policy, folder: Path) -> list[str]:
    """Write the pages of a policy to a folder, which is made if it is missing, and return their names, the first page first.

    Raises:
        UsageError: a page cannot be written.
    """
    pages = dict(_Reference(policy).pages())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            (folder / name).write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the reference cannot be written: {error.strerror}", where=str(folder)) from error
    return list(pages)


class _Reference:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.ontology, self.shapes = policy.ontology, policy.shapes
        self.prefixes = {iri: prefix for prefix, iri in policy.prefixes.items()}
        self.environment = Environment(
            loader=PackageLoader("reasoner.policy"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals.update(policy=policy, navigation=self._navigation(), place=self.place, term=self._term)

    def pages(self) -> Iterator[tuple[str, str]]:
        """The name and the content of each page."""
        yield "index.html", self._render("index", title=self.policy.label, versions=self.policy.versions)
        for version in self.policy.versions:
            for top in _sections(version):
                yield self.places[top.iri].page, self._section(version, top)
            for name, title, values in (
                ("recombined", "Recombined", [self._criterion(version, c) for c in self._recombined(version)]),
                ("readings", "Readings", list(self._passages(version))),
                ("unformalized", "Passages without criterion", self._clauses(version)),
            ):
                page = _page(version, name)
                yield page, self._render(name, title=title, version=version, page=page, entries=values)
        for page, iri in self._vocabularies.items():
            yield page, self._vocabulary(page, iri)

    def place(self, iri: str) -> Place | None:
        """Where a term is described, if it is."""
        return self.places.get(str(iri))

    @cached_property
    def places(self) -> dict[str, Place]:
        places: dict[str, Place] = {}
        for page, ontology in self._vocabularies.items():
            for subject in self._own(ontology):
                places[str(subject)] = Place(page, _local(str(subject)))
        for version in self.policy.versions:
            for top in _sections(version):
                page = _page(version, _local(top.iri))
                for criterion in self._within(version, top):
                    places[criterion.iri] = Place(page, _local(criterion.iri))
            for criterion in self._recombined(version):
                places[criterion.iri] = Place(_page(version, "recombined"), _local(criterion.iri))
            for interpretation in version.interpretations:
                places[interpretation.iri] = Place(_page(version, "readings"), _local(interpretation.iri))
                for reading in interpretation.readings:
                    places[reading.iri] = Place(_page(version, "readings"), _local(reading.iri))
        return places

    @cached_property
    def _vocabularies(self) -> dict[str, Node]:
        """The page of each ontology that is no policy version."""
        ontologies = sorted(set(self.ontology.subjects(RDF.type, OWL.Ontology)), key=str)
        plain = [iri for iri in ontologies if (iri, RDF.type, NEC.PolicyVersion) not in self.ontology]
        return {f"vocabulary-{_local(str(iri)).lower()}.html": iri for iri in plain}

    @cached_property
    def _modules(self) -> dict[str, list[Graph]]:
        return modules(self.policy)

    def _own(self, ontology: Node) -> list[Node]:
        """The terms with a label that are in an ontology's namespace, or in its files as codes of others' systems are."""
        uri = self.ontology.value(ontology, VANN.preferredNamespaceUri)
        start = str(uri) if uri is not None else str(ontology)
        known = {subject for subject in self.ontology.subjects(SKOS.prefLabel) if str(subject).startswith(start)}
        known |= {subject for part in self._modules[str(ontology)] for subject in part.subjects(SKOS.prefLabel)}
        return sorted((s for s in known if isinstance(s, URIRef) and s != ontology), key=str)

    def _navigation(self) -> list[tuple[str, list[tuple[str, str]]]]:
        groups = [("Policy", [("index.html", "Overview")])]
        for version in self.policy.versions:
            links = [(_page(version, _local(top.iri)), top.label) for top in _sections(version)]
            links += [(_page(version, name), name) for name in ("recombined", "readings", "unformalized")]
            groups.append((version.id, links))
        groups.append(
            ("Vocabularies", [(p, graphs.text(self.ontology, o, DCTERMS.title)) for p, o in self._vocabularies.items()])
        )
        return groups

    def _section(self, version: PolicyVersion, top: Criterion) -> str:
        return self._render(
            "section",
            title=top.label,
            version=version,
            page=self.places[top.iri].page,
            top=top,
            tree=self._tree(version, top, top),
            criteria=[self._criterion(version, criterion) for criterion in self._within(version, top)],
        )

    def _tree(self, version: PolicyVersion, criterion: Criterion, top: Criterion) -> dict[str, Any]:
        return {
            "criterion": criterion,
            "connective": CONNECTIVE[criterion.kind],
            "parts": [
                self._tree(version, version.criteria[iri], top)
                for iri in criterion.members
                if self.places[criterion.iri].page == self.places[top.iri].page
            ],
            "replaced": any(s.replaced == criterion.iri for s, _ in _all_substitutions(version)),
        }

    def _within(self, version: PolicyVersion, top: Criterion) -> list[Criterion]:
        """A section with all that is below it and in no other section, in published order, each once."""
        others = {section.iri for section in _sections(version)} - {top.iri}
        inside: dict[str, Criterion] = {}

        def walk(criterion: Criterion) -> None:
            if criterion.iri not in inside and criterion.iri not in others:
                inside[criterion.iri] = criterion
                for iri in criterion.members:
                    walk(version.criteria[iri])

        walk(top)
        return list(inside.values())

    def _recombined(self, version: PolicyVersion) -> list[Criterion]:
        """The criteria that are in no section: substitutions put them in."""
        inside = {c.iri for section in _sections(version) for c in self._within(version, section)}
        return [criterion for criterion in version.criteria.values() if criterion.iri not in inside]

    def _criterion(self, version: PolicyVersion, criterion: Criterion) -> dict[str, Any]:
        node = URIRef(criterion.iri)
        finding = URIRef(criterion.finding)
        return {
            "criterion": criterion,
            "connective": CONNECTIVE[criterion.kind],
            "types": sorted(str(t) for t in self.ontology.objects(node, RDF.type) if str(t).startswith(str(NEC))),
            "members": [version.criteria[iri] for iri in criterion.members],
            "narrower": self._narrower(finding) if criterion.finding else [],
            "contraries": sorted(str(name) for name in self.ontology.subjects(NEC.contraryOf, finding)) if criterion.finding else [],
            "replaced": [(s, reading) for s, reading in _all_substitutions(version) if s.replaced == criterion.iri],
            "used": [(s, reading) for s, reading in _all_substitutions(version) if criterion.iri in s.used],
            "passages": [
                passage for passage in version.interpretations
                if (URIRef(passage.iri), NEC.concerns, node) in self.ontology
            ],
            "rules": list(evidence.rules(self.policy, version, criterion)),
            "shapes": self._reports(version, node),
            "turtle": self._turtle(version, node),
        }  # fmt: skip

    def _narrower(self, name: Node) -> list[str]:
        """The named classes right below a class; class expressions have no name to link."""
        return sorted(str(s) for s in self.ontology.subjects(RDFS.subClassOf, name) if isinstance(s, URIRef))

    def _reports(self, version: PolicyVersion, node: URIRef) -> list[tuple[str, str, str]]:
        rows = []
        for shape in sorted(map(terms.node, version.reporting(node))):
            severity = _local(str(self.shapes.value(shape, SH.severity) or SH.Violation))
            rows.append((_local(str(shape)), severity, graphs.text(self.shapes, shape, SH.message)))
        return rows

    def _turtle(self, version: PolicyVersion, node: URIRef) -> str:
        """The shapes of a criterion, as they are in the policy."""
        own = Graph(bind_namespaces="none")
        for iri, prefix in self.prefixes.items():
            own.bind(prefix, URIRef(iri))
        own.bind(_local(node.rpartition("/")[0]), URIRef(node.rpartition("/")[0] + "/"))
        for triple in graphs.closure(self.shapes, node, *map(terms.node, version.reporting(node))):
            own.add(triple)
        lines = own.serialize(format="turtle").splitlines()
        return "\n".join(line for line in lines if not line.startswith("@prefix")).strip()

    def _passages(self, version: PolicyVersion) -> Iterator[dict[str, Any]]:
        for passage in version.interpretations:
            concerned = sorted(str(o) for o in self.ontology.objects(URIRef(passage.iri), NEC.concerns))
            yield {"passage": passage, "concerned": concerned}

    def _clauses(self, version: PolicyVersion) -> list[dict[str, str]]:
        clauses = sorted(self.ontology.objects(URIRef(version.iri), NEC.unformalized), key=str)
        parts = (
            ("label", SKOS.prefLabel),
            ("definition", SKOS.definition),
            ("source", DCTERMS.source),
            ("reason", NEC.rationale),
        )
        return [
            {"anchor": _local(str(clause)), **{name: graphs.text(self.ontology, clause, p) for name, p in parts}}
            for clause in clauses
        ]

    def _vocabulary(self, page: str, ontology: Node) -> str:
        groups: list[tuple[str, list[dict[str, Any]]]] = []
        own, listed = self._own(ontology), set()
        for kind, label in KINDS:
            members = [s for s in own if (s, RDF.type, kind) in self.ontology and s not in listed]
            listed |= set(members)
            if members:
                groups.append((label, [self._entry(subject) for subject in members]))
        return self._render(
            "vocabulary",
            title=graphs.text(self.ontology, ontology, DCTERMS.title),
            page=page,
            description=graphs.text(self.ontology, ontology, DCTERMS.description),
            iri=str(ontology),
            groups=groups,
        )

    def _entry(self, subject: Node) -> dict[str, Any]:
        related = []
        for predicate, relation in _SHOWN.items():
            for name in sorted(self.ontology.objects(subject, predicate), key=str):
                if isinstance(name, URIRef):
                    related.append((relation, str(name)))
        related += [("narrower", name) for name in self._narrower(subject)]
        related += [("codes", str(code)) for code in sorted(self.ontology.subjects(NEC.codeClass, subject), key=str)]
        related += [("used by", name) for name in self._uses.get(str(subject), ())]
        related += [
            ("counts for", version.leaf_of[str(subject)].iri)
            for version in self.policy.versions
            if str(subject) in version.leaf_of
        ]
        related += [
            ("is a", str(kind))
            for kind in sorted(self.ontology.objects(subject, RDF.type), key=str)
            if self.place(str(kind))
        ]
        return {
            "iri": str(subject),
            "anchor": _local(str(subject)),
            "label": graphs.text(self.ontology, subject, SKOS.prefLabel),
            "definition": self._definition(subject),
            "kind": self._kind(subject),
            "notation": graphs.text(self.ontology, subject, SKOS.notation),
            "related": related,
        }

    def _definition(self, subject: Node) -> str:
        found = self.ontology.value(subject, SKOS.definition)
        return str(publication.definition(self.policy, subject, found)) if found is not None else ""

    def _kind(self, subject: Node) -> str:
        if terms.of(subject) in self.policy.lexicon.findings:
            return "class of statements"
        return next((label for kind, label in _KIND.items() if (subject, RDF.type, kind) in self.ontology), "")

    @cached_property
    def _uses(self) -> dict[str, list[str]]:
        """The criteria whose shapes look at a property, or whose rules name it, by the property; none if there are many."""
        found: dict[str, set[str]] = {}
        for version in self.policy.versions:
            for criterion in version.criteria.values():
                node = URIRef(criterion.iri)
                triples = graphs.closure(self.shapes, node, *map(terms.node, version.reporting(node)))
                looked_at = {value for _, predicate, value in triples if predicate == SH.path}
                for name in (looked_at | set(self.ontology.objects(node))) & self._properties:
                    found.setdefault(str(name), set()).add(criterion.iri)
        return {name: sorted(criteria) for name, criteria in found.items() if len(criteria) <= _MANY}

    @cached_property
    def _properties(self) -> set[Node]:
        return {name for kind in _PROPERTIES for name in self.ontology.subjects(RDF.type, kind)}

    def _term(self, iri: str) -> str:
        """A term as people write it: the id of a criterion, or prefix and local name."""
        for version in self.policy.versions:
            if iri in version.criteria and version.criteria[iri].id:
                return version.criteria[iri].id
        short = self.policy.short(iri)
        return short if short != iri else _local(iri)

    def _render(self, template: str, **values: Any) -> str:
        values.setdefault("page", "index.html")
        return self.environment.get_template(f"{template}.html").render(**values)


def _sections(version: PolicyVersion) -> list[Criterion]:
    """The sections of a version, those within others too, and its list sections, in published order."""
    titled = (NEC.Section, NEC.ListSection, NEC.ExclusionList, NEC.DescriptionList)
    return [
        criterion
        for criterion in version.criteria.values()
        if any((URIRef(criterion.iri), RDF.type, kind) in version.ontology for kind in titled)
    ]


def _all_substitutions(version: PolicyVersion) -> list[tuple[Substitution, str]]:
    """Every substitution with the IRI of the reading that brings it, empty for one that always holds."""
    brought = [(s, r.iri) for p in version.interpretations for r in p.readings for s in r.substitutions]
    return [*((s, "") for s in version.substitutions), *brought]


def _page(version: PolicyVersion, name: str) -> str:
    return f"{version.id.replace('/', '-')}-{name}.html"


def _local(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2]
