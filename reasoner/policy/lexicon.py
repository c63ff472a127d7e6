"""The lexicon of a policy: what the reading and evaluation of charts needs from its graphs, without the graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rdflib import BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.policy.code_systems import CodeSystem, code_systems_of
from reasoner.policy.findings import Findings, read_findings
from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, RDF, RDFS, SH, SKOS
from reasoner.rdf.owl_rl import AXIOMS
from reasoner.rdf.terms import Nodes, Term

Axiom = tuple[Term, Term, Term]
LEADS_TO_SHAPES = frozenset(
    {SH.property, SH.node, SH.qualifiedValueShape, SH["not"], SH["and"], SH["or"], SH.xone, RDF.first, RDF.rest}
)
"""The properties that lead from a shape, or from a list of shapes, to a shape that it uses."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Extracts of a policy's ontology and shapes, as terms."""

    declared: frozenset[Term]
    """Every subject of the ontology."""
    types: dict[Term, frozenset[Term]]
    """The classes of each individual."""
    labels: dict[Term, str]
    notations: dict[Term, str]
    codes: dict[Term, frozenset[str]]
    """Code to the IRIs of its finding classes, which it has itself or through a broader concept."""
    coded: dict[Term, tuple[tuple[Term, Term], ...]]
    """Code to the severity and the remission that it states, as property and value."""
    findings: frozenset[Term]
    """The finding classes of leaves, their contraries, all narrower classes, and every other class of statements."""
    axioms: tuple[Axiom, ...]
    """The triples from which OWL 2 RL infers classes, sorted; a blank node is ``_:`` and its label."""
    shapes: Nodes
    """The shapes graph, with blank nodes likewise."""
    relations: Findings = field(default_factory=Findings)
    """How the finding classes relate."""
    notes: dict[Term, str] = field(default_factory=dict)
    """What a reviewer is told (`nec:reviewerNote`) where a class, a property or an individual is stated, or a shape reported."""
    systems: tuple[CodeSystem, ...] = ()
    """The code systems, by IRI."""
    schemes: dict[Term, frozenset[str]] = field(default_factory=dict)
    """Concept to the IRIs of the code systems that it is of."""
    broader: dict[Term, frozenset[Term]] = field(default_factory=dict)
    """Concept to all those that it lies under; of one that lies under none there is no entry."""

    def shapes_below(self, shape: URIRef) -> Iterator[tuple[Node, Node, Node]]:
        """The triples of a shape, of the shapes that it uses, and of the blank nodes they lead to."""
        follow = {terms.of(name) for name in LEADS_TO_SHAPES}
        queue = [terms.of(shape)]
        for subject in queue:
            for predicate, values in self.shapes.get(subject, {}).items():
                for value in values:
                    yield _node(subject), _node(predicate), _node(value)
                    if (value.startswith("_:") or predicate in follow) and value not in queue:
                        queue.append(value)


def lexicon(ontology: Graph, shapes: Graph, findings: Iterable[str]) -> Lexicon:
    """Extract the lexicon of a policy.

    Args:
        ontology: the ontology of the policy.
        shapes: its shapes graph.
        findings: IRIs of the finding classes of its leaves, and of their contraries.
    """
    concepts = set(ontology.subjects(SKOS.broader)) | set(ontology.subjects(NEC.codeClass))
    codes = {terms.of(concept): _code_classes(ontology, concept) for concept in concepts}
    coded: dict[Term, tuple[tuple[Term, Term], ...]] = {}
    # These are the property chains of the core vocabulary: the OWL 2 RL engine ignores owl:propertyChainAxiom.
    for stated, derived in ((NEC.codeSeverity, NEC.severity), (NEC.codeRemission, NEC.remission)):
        for concept, value in sorted(ontology.subject_objects(stated), key=lambda pair: (str(pair[0]), str(pair[1]))):
            coded[terms.of(concept)] = (*coded.get(terms.of(concept), ()), (terms.of(derived), terms.of(value)))
    types: dict[Term, set[Term]] = {}
    for subject, name in ontology.subject_objects(RDF.type):
        types.setdefault(_term(subject), set()).add(_term(name))
    narrower = {
        terms.of(name)
        for top in (*findings, str(NEC.Statement))
        for name in ontology.transitive_subjects(RDFS.subClassOf, URIRef(top))
        if isinstance(name, URIRef) and name != NEC.Statement
    }
    return Lexicon(
        declared=frozenset(_term(subject) for subject in ontology.subjects(unique=True)),
        types={subject: frozenset(names) for subject, names in types.items()},
        labels=_texts(ontology, SKOS.prefLabel),
        notations=_texts(ontology, SKOS.notation),
        codes={code: classes for code, classes in codes.items() if classes},
        coded=coded,
        findings=frozenset(narrower),
        axioms=tuple(
            sorted(
                (_term(s), _term(p), _term(o))
                for predicate in AXIOMS
                for s, p, o in ontology.triples((None, predicate, None))
            )
        ),
        shapes=nodes(shapes),
        relations=read_findings(ontology),
        notes={**_texts(ontology, NEC.reviewerNote), **_texts(shapes, NEC.reviewerNote)},
        systems=tuple(code_systems_of(ontology)),
        schemes={
            terms.of(concept): frozenset(map(str, ontology.objects(concept, SKOS.inScheme)))
            for concept in ontology.subjects(SKOS.inScheme, unique=True)
        },
        broader={
            terms.of(concept): frozenset(
                terms.of(above)
                for above in ontology.transitive_objects(concept, SKOS.broader)
                if above not in (None, concept)
            )
            for concept in ontology.subjects(SKOS.broader, unique=True)
        },
    )


def nodes(graph: Graph) -> Nodes:
    """A graph as terms; a blank node is ``_:`` and its label."""
    triples: Nodes = {}
    for subject, predicate, value in sorted(graph, key=lambda triple: [str(term) for term in triple]):
        triples.setdefault(_term(subject), {}).setdefault(_term(predicate), []).append(_term(value))
    return triples


def _code_classes(ontology: Graph, code: Node) -> frozenset[str]:
    return frozenset(
        str(name)
        for concept in ontology.transitive_objects(code, SKOS.broader)
        for name in ontology.objects(concept, NEC.codeClass)
    )


def _texts(ontology: Graph, predicate: URIRef) -> dict[Term, str]:
    return {
        terms.of(s): graphs.text(ontology, s, predicate) for s in ontology.subjects(predicate) if isinstance(s, URIRef)
    }


def _term(node: Node) -> Term:
    return f"_:{node}" if isinstance(node, BNode) else terms.of(node)


def _node(term: Term) -> Node:
    """The rdflib term of a term in a lexicon."""
    return BNode(term.removeprefix("_:")) if term.startswith("_:") else terms.node(term)
