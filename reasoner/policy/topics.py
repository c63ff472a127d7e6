"""What the facts of a leaf can be about: the values of the property that tells them apart."""

from __future__ import annotations

from functools import lru_cache

from rdflib import URIRef

from reasoner.policy.model import Criterion, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import OWL, RDF
from reasoner.rdf.terms import Term


@lru_cache(maxsize=256)
def topic_values(version: PolicyVersion, leaf: Criterion) -> dict[Term, str]:
    """The values that the topic of a leaf can have, with their labels, in the order of the labels.

    They are those that the classes of its findings imply and, unless these are criteria, the others of their kind, such as
    every substance. Text of the record's own can be a value beside them, where the property does not lead to individuals.

    Args:
        version: the policy version.
        leaf: the leaf.

    Returns:
        labels by term; empty for a leaf that asks about one fact, or whose facts are told apart by class.
    """
    relations, labels, ontology = version.lexicon.relations, version.lexicon.labels, version.ontology
    if not leaf.topic or leaf.topic == str(RDF.type):
        return {}
    found = {
        topic
        for name, topics in relations.topics.items()
        if relations.is_within(name, leaf.finding)
        for topic in topics
        if topic.startswith("<")
    }
    values: dict[Term, str] = {}
    for topic in found:
        criterion = version.criteria.get(terms.name(topic))
        if criterion:
            values[topic] = criterion.label
            continue
        kinds = set(ontology.objects(URIRef(terms.name(topic)), RDF.type)) - {OWL.NamedIndividual}
        alike = {terms.of(member) for kind in kinds for member in ontology.subjects(RDF.type, kind)}
        values |= {term: labels.get(term, "") for term in alike | {topic} if term.startswith("<")}
    return dict(sorted(values.items(), key=lambda item: (item[1], item[0])))
