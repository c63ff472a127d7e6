"""A policy's ontology as tools for ontologies expect it: one header, no imports, labels, and what each property is said of.

What can be derived is added here, so that no file of the ontology has to say it twice.
"""

from __future__ import annotations

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground import resources
from reasoner.policy.model import Policy
from reasoner.policy.modules import modules
from reasoner.rdf import parsing, terms
from reasoner.rdf.namespaces import DCTERMS, NEC, OA, OWL, RDF, RDFS, SCHEMA, SKOS

SAYS = "A statement that affirms or denies this, as its nec:assertion says: "
"""Begins what the definition of a finding class becomes, which in the files is what its statements say."""
PREFIXES = {"fhir": "http://hl7.org/fhir/", "oa": str(OA), "schema": str(SCHEMA)}
"""Prefixes of what is published, beside those of the policy."""
_HEADER = (OWL.imports, OWL.versionIRI, OWL.versionInfo)
_MAPPINGS = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)
_LICENSE = URIRef("https://www.apache.org/licenses/LICENSE-2.0")


def ontology(policy: Policy) -> Graph:
    """The ontology of a policy, with all vocabularies and codes that it uses, as one.

    To what the files say is added `rdfs:label` for each `skos:prefLabel`, and `rdfs:isDefinedBy` for each term of ours. The
    definition of a finding class begins with `SAYS`: it is a class of statements, those that deny among them, never of
    people's disorders.
    """
    whole = Graph(bind_namespaces="none")
    headers = set(policy.ontology.subjects(RDF.type, OWL.Ontology))
    for subject, predicate, value in policy.ontology:
        if subject in headers and (predicate in _HEADER or (predicate, value) == (RDF.type, OWL.Ontology)):
            continue
        if predicate == SKOS.definition:
            value = definition(policy, subject, value)
        whole.add((subject, predicate, value))
        if predicate == SKOS.prefLabel:
            whole.add((subject, RDFS.label, value))
    for name, parts in modules(policy).items():
        for subject in {subject for part in parts for subject in part.subjects(RDF.type)} - headers:
            if isinstance(subject, URIRef) and str(subject).startswith(policy.namespaces):
                whole.add((subject, RDFS.isDefinedBy, URIRef(_version_of(policy, subject) or name)))
    title = f"{policy.label}: ontology of the policy, with all vocabularies and codes that it uses"
    _describe(whole, policy, "ontology", title, headers)
    return whole


def alignments(policy: Policy) -> Graph:
    """How the terms of a policy stand to those of PROV-O, Web Annotation, FHIR, ICD-10-CM, SNOMED CT and LOINC, in SKOS.

    A finding class and the codes that are read as it are related, no more: the one is of statements, the other of disorders.
    """
    whole = parsing.load_files(sorted((resources.ONTOLOGY / "alignments").glob("*.ttl")))
    for predicate in _MAPPINGS:
        whole.add((predicate, RDF.type, OWL.AnnotationProperty))
        for triple in policy.ontology.triples((None, predicate, None)):
            whole.add(triple)
    for code, name in policy.ontology.subject_objects(NEC.codeClass):
        whole.add((name, SKOS.relatedMatch, code))
    for stated in policy.ontology.subjects(RDF.type, NEC.StatedAnswer):
        for question in policy.ontology.objects(stated, NEC.toQuestion):
            for predicate in (NEC.affirms, NEC.denies):
                for circumstance in policy.ontology.objects(stated, predicate):
                    whole.add((circumstance, SKOS.relatedMatch, question))
    _describe(
        whole, policy, "alignments", f"{policy.label}: alignments with other vocabularies and code systems", set()
    )
    return whole


def definition(policy: Policy, subject: Node, value: Node) -> Node:
    """The definition of a term as it is published: that of a finding class says that it is a class of statements."""
    if not isinstance(value, Literal) or terms.of(subject) not in policy.lexicon.findings:
        return value
    return Literal(SAYS + value, lang=value.language)


def _version_of(policy: Policy, subject: URIRef) -> str:
    """The IRI of the version whose term it is; empty if it is of none."""
    return next((v.iri for v in policy.versions if subject == URIRef(v.iri) or subject.startswith(f"{v.iri}/")), "")


def _describe(whole: Graph, policy: Policy, name: str, title: str, parts: set[Node]) -> None:
    """Give a graph the one header of an ontology."""
    iri = URIRef(f"{policy.iri}/{name}")
    whole.add((iri, RDF.type, OWL.Ontology))
    whole.add((iri, OWL.versionIRI, URIRef(f"{iri}/{policy.versions[-1].valid_from}")))
    whole.add((iri, OWL.versionInfo, Literal(f"SHA-256 of the policy's graphs: {policy.digest}")))
    whole.add((iri, DCTERMS.title, Literal(title, lang="en")))
    whole.add((iri, DCTERMS.license, _LICENSE))
    for part in parts:
        whole.add((iri, DCTERMS.hasPart, part))
    for annotation in (DCTERMS.title, DCTERMS.license, DCTERMS.hasPart):
        whole.add((annotation, RDF.type, OWL.AnnotationProperty))
