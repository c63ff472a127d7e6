"""The lexicon of a policy: what reading and judging a chart has to know of its graphs, without the graphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rdflib import BNode, Graph, URIRef

from reasoner.rdf import graphs, terms
from reasoner.rdf.namespaces import NEC, RDF, RDFS, SKOS
from reasoner.rdf.owl_rl import AXIOMS
from reasoner.rdf.terms import Nodes, Term

Axiom = tuple[Term, Term, Term]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Extracts of a policy's ontology and shapes, as terms."""

    declared: frozenset[Term]
    """Every IRI that the ontology says anything about."""
    types: dict[Term, frozenset[Term]]
    """The classes that the ontology gives an individual."""
    labels: dict[Term, str]
    notations: dict[Term, str]
    codes: dict[Term, frozenset[str]]
    """The finding classes of each code that stands for one, by itself or through a broader concept."""
    coded: dict[Term, tuple[tuple[Term, Term], ...]]
    """The severity and the topic that a code states, as property and value."""
    findings: frozenset[Term]
    """Leaf finding classes with all that is narrower, and the contraries."""
    axioms: tuple[Axiom, ...]
    """What OWL 2 RL draws classes from; blank nodes as ``_:`` and a label."""
    shapes: Nodes
    """The shapes; blank nodes likewise."""


def lexicon(ontology: Graph, shapes: Graph, findings: Iterable[str]) -> Lexicon:
    """Extract the lexicon of a policy from its graphs, and the finding classes of its leaves and their contraries."""
    concepts = set(ontology.subjects(SKOS.broader)) | set(ontology.subjects(NEC.codeClass))
    codes = {terms.of(concept): _code_classes(ontology, concept) for concept in concepts}
    coded: dict[Term, tuple[tuple[Term, Term], ...]] = {}
    # The property chains of the core vocabulary: the OWL 2 RL engine passes over owl:propertyChainAxiom.
    for stated, derived in ((NEC.codeSeverity, NEC.severity), (NEC.codeTopic, NEC.topic)):
        for concept, value in sorted(ontology.subject_objects(stated)):
            coded[terms.of(concept)] = (*coded.get(terms.of(concept), ()), (terms.of(derived), terms.of(value)))
    types: dict[Term, set[Term]] = {}
    for subject, name in ontology.subject_objects(RDF.type):
        types.setdefault(_term(subject), set()).add(_term(name))
    narrower = {
        terms.of(name)
        for top in findings
        for name in ontology.transitive_subjects(RDFS.subClassOf, URIRef(top))
        if isinstance(name, URIRef)
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
    )


def nodes(graph: Graph) -> Nodes:
    """A graph as terms, blank nodes as ``_:`` and their label."""
    found: Nodes = {}
    for subject, predicate, value in sorted(graph, key=lambda triple: [str(term) for term in triple]):
        found.setdefault(_term(subject), {}).setdefault(_term(predicate), []).append(_term(value))
    return found


def _code_classes(ontology: Graph, code: URIRef) -> frozenset[str]:
    return frozenset(
        str(name)
        for concept in ontology.transitive_objects(code, SKOS.broader)
        for name in ontology.objects(concept, NEC.codeClass)
    )


def _texts(ontology: Graph, predicate: URIRef) -> dict[Term, str]:
    return {
        terms.of(s): graphs.text(ontology, s, predicate) for s in ontology.subjects(predicate) if isinstance(s, URIRef)
    }


def _term(node) -> Term:  # type: ignore[no-untyped-def]
    return f"_:{node}" if isinstance(node, BNode) else terms.of(node)
