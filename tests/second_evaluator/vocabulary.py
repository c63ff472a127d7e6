"""What the ontology says of findings: which class is whose leaf's, what is narrower, contrary, about what, by which code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, URIRef
from rdflib.collection import Collection

from tests.second_evaluator.record import AFFIRMED, IOP, NEC, Statement, leaf_id

_ONTOLOGY = Path(__file__).parent.parent.parent / "ontology"

DISORDER = str(IOP.MentalDisorder)
SUBSTANCE_USE_DISORDER = str(IOP.SubstanceUseDisorder)
NICOTINE = str(IOP.TobaccoUseDisorder)


@dataclass(frozen=True)
class Vocabulary:
    """Findings by IRI."""

    leaf_of: dict[str, str]
    """Id of the leaf whose own class a finding is."""
    finding_of: dict[str, str]
    above: dict[str, frozenset[str]]
    """The finding classes above one, itself included."""
    parents: dict[str, frozenset[str]]
    contrary_of: dict[str, frozenset[str]]
    not_applicable: dict[str, frozenset[str]]
    """The finding whose conditional leaf a finding marks not applicable."""
    implied: dict[str, frozenset[str]]
    """Topics that a class has, without those of the classes above."""
    added: dict[str, frozenset[str]]
    """Topics that are all that a class adds to its superclass."""
    absences: frozenset[str]
    code_class: dict[str, frozenset[str]]
    code_severity: dict[str, str]
    remission_codes: frozenset[str]
    kind_of: dict[str, frozenset[str]]
    """The classes of an individual, such as a domain or a substance."""

    def own(self, statement: Statement) -> frozenset[str]:
        """The finding classes a statement names: its types, those of its codes, those of the leaves it addresses."""
        addressed = {self.finding_of[leaf] for leaf in statement.addresses}
        return statement.types | addressed | self.by_code(statement)

    def by_code(self, statement: Statement) -> frozenset[str]:
        return self.union(self.code_class, statement.codes)

    def all_above(self, classes: Iterable[str]) -> frozenset[str]:
        return self.union(self.above, classes)

    def is_a(self, finding: str, wider: str) -> bool:
        return wider in self.above.get(finding, ())

    @staticmethod
    def union(table: dict[str, frozenset[str]], keys: Iterable[str]) -> frozenset[str]:
        return frozenset(value for key in keys for value in table.get(key, ()))

    def narrowest(self, classes: Iterable[str]) -> frozenset[str]:
        classes = frozenset(classes)
        return frozenset(c for c in classes if not any(c != other and self.is_a(other, c) for other in classes))

    def in_remission(self, statement: Statement) -> bool:
        return statement.stance == AFFIRMED and (statement.remission or bool(statement.codes & self.remission_codes))

    def severities(self, statement: Statement) -> frozenset[str]:
        """The degrees a statement states, by property or by code, as local names."""
        coded = {self.code_severity[code] for code in statement.codes if code in self.code_severity}
        return frozenset(name.rsplit("#", 1)[-1] for name in coded | statement.names("severity"))


@cache
def vocabulary() -> Vocabulary:
    """What the Turtle files of the ontology say, shapes aside."""
    graph = Graph()
    for path in [
        *_ONTOLOGY.glob("*.ttl"),
        *(_ONTOLOGY / "mp9556").rglob("*.ttl"),
    ]:
        graph.parse(path)
    classes = {str(c) for c in graph.subjects(RDF.type, OWL.Class) if isinstance(c, URIRef)}
    parents = {
        c: frozenset(str(o) for o in graph.objects(URIRef(c), RDFS.subClassOf) if isinstance(o, URIRef))
        for c in classes
    }
    above: dict[str, frozenset[str]] = {}

    def climb(name: str) -> frozenset[str]:
        if name not in above:
            wider = (climb(parent) for parent in parents.get(name, ()) if parent != str(NEC.Statement))
            above[name] = frozenset([name]).union(*wider)
        return above[name]

    for name in classes:
        climb(name)
    leaf_of = _leaves(graph)
    return Vocabulary(
        leaf_of=leaf_of,
        finding_of={leaf: finding for finding, leaf in leaf_of.items()},
        above=above,
        parents=parents,
        contrary_of=_table(graph, NEC.contraryOf),
        not_applicable=_table(graph, NEC.marksNotApplicable),
        implied=_table(graph, NEC.impliesTopic, NEC.addsTopic),
        added=_table(graph, NEC.addsTopic),
        absences=frozenset(str(s) for s in graph.subjects(NEC.absence, Literal(True))),
        code_class=_code_classes(graph),
        code_severity={str(s): str(o) for s, o in graph.subject_objects(NEC.codeSeverity)},
        remission_codes=frozenset(str(s) for s in graph.subjects(NEC.codeRemission)),
        kind_of=_table(graph, RDF.type),
    )


def _table(graph: Graph, *properties: URIRef) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for property_ in properties:
        for subject, value in graph.subject_objects(property_):
            found.setdefault(str(subject), set()).add(str(value))
    return {subject: frozenset(values) for subject, values in found.items()}


def _leaves(graph: Graph) -> dict[str, str]:
    """Each leaf has one class: equivalent to a statement that addresses the leaf."""
    found = {}
    for restriction, leaf in graph.subject_objects(OWL.hasValue):
        if (restriction, OWL.onProperty, NEC.addresses) not in graph:
            continue
        for finding, expression in graph.subject_objects(OWL.equivalentClass):
            parts = graph.value(expression, OWL.intersectionOf)
            if parts is not None and restriction in Collection(graph, parts):
                found[str(finding)] = leaf_id(str(leaf))
    return found


def _code_classes(graph: Graph) -> dict[str, frozenset[str]]:
    """A code names the classes that it and the wider codes above it are given."""
    given = _table(graph, NEC.codeClass)
    found = {}
    for code in {str(s) for s in graph.subjects(SKOS.inScheme)} | set(given):
        names: set[str] = set()
        wider: str | None = code
        while wider is not None:
            names |= given.get(wider, frozenset())
            above = graph.value(URIRef(wider), SKOS.broader)
            wider = None if above is None else str(above)
        if names:
            found[code] = frozenset(names)
    return found
