"""Finding classes: which are narrower than which, what they are about, and what else a policy says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rdflib import Graph, Literal, URIRef

from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, RDFS
from reasoner.rdf.terms import Term


@dataclass(frozen=True)
class Findings:
    """The relations of finding classes, by IRI."""

    broader: dict[str, frozenset[str]] = field(default_factory=dict)
    """All the classes that a class is narrower than; of classes that are narrower than none there is no entry."""
    topics: dict[str, tuple[Term, ...]] = field(default_factory=dict)
    """What a class itself says its statements are about (`nec:impliesTopic`)."""
    denied_topics: dict[str, tuple[Term, ...]] = field(default_factory=dict)
    """The topics of each class that says nothing more than its topic (`nec:addsTopic`), with those of such classes above it."""
    denied_as: dict[str, frozenset[str]] = field(default_factory=dict)
    """The classes that a denial of such a class denies in that topic: those above it with nothing but topics between."""
    absences: frozenset[str] = frozenset()
    """Classes that mark an absence (`nec:absence`)."""
    inapplicable: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The leaf finding classes that affirming a class marks as not applicable (`nec:marksNotApplicable`)."""
    lasting: frozenset[Term] = frozenset()
    """Properties whose value stands until another is stated (`nec:carriedForward`)."""

    def is_within(self, name: str, root: str) -> bool:
        """Whether a class is another, or narrower than it."""
        return name == root or root in self.broader.get(name, ())

    def narrowest(self, names: Iterable[str]) -> frozenset[str]:
        """The classes of some that none of the others is narrower than."""
        every = frozenset(names)
        return every - frozenset(above for name in every for above in self.broader.get(name, ()))


def read_findings(ontology: Graph) -> Findings:
    """The relations of the finding classes of an ontology."""
    names = {name for name in ontology.subjects(RDFS.subClassOf) if isinstance(name, URIRef)}
    broader = {
        str(name): frozenset(
            str(above)
            for above in ontology.transitive_objects(name, RDFS.subClassOf)
            if isinstance(above, URIRef) and above != name
        )
        for name in names
    }
    adding = _values(ontology, NEC.addsTopic)
    topics = dict(adding)
    for name, values in _values(ontology, NEC.impliesTopic).items():
        topics[name] = tuple(sorted({*topics.get(name, ()), *values}))
    denied_topics: dict[str, tuple[Term, ...]] = {}
    denied_as: dict[str, frozenset[str]] = {}
    for name in adding:
        found, above, queue = set[Term](), set[str](), [name]
        while queue:
            own = queue.pop()
            found |= set(adding[own])
            for parent in map(str, ontology.objects(URIRef(own), RDFS.subClassOf)):
                above.add(parent)
                if parent in adding:
                    queue.append(parent)
        denied_topics[name], denied_as[name] = tuple(sorted(found)), frozenset(above)
    return Findings(
        broader=broader,
        topics=topics,
        denied_topics=denied_topics,
        denied_as=denied_as,
        absences=frozenset(map(str, ontology.subjects(NEC.absence, Literal(True)))),
        inapplicable={
            name: tuple(map(terms.name, values)) for name, values in _values(ontology, NEC.marksNotApplicable).items()
        },
        lasting=frozenset(map(terms.of, ontology.subjects(NEC.carriedForward, Literal(True)))),
    )


def _values(ontology: Graph, predicate: URIRef) -> dict[str, tuple[Term, ...]]:
    values: dict[str, set[Term]] = {}
    for subject, value in ontology.subject_objects(predicate):
        values.setdefault(str(subject), set()).add(terms.of(value))
    return {subject: tuple(sorted(found)) for subject, found in values.items()}
