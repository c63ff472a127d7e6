"""HermiT: the classes that it infers, what it refuses, and what owlready2 must not see."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from reasoner.ground.errors import PolicyError
from reasoner.rdf.hermit_door import classify_dl
from reasoner.rdf.namespaces import OWL, RDF

pytest.importorskip("owlready2")
pytestmark = pytest.mark.slow

PREFIXES = """
@prefix : <urn:x:> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:A a owl:Class ; rdfs:subClassOf :B . :B a owl:Class . :C a owl:Class ; owl:disjointWith :B .
"""
INDIVIDUAL = URIRef("urn:x:i")
OF_A = [(INDIVIDUAL, RDF.type, OWL.NamedIndividual), (INDIVIDUAL, RDF.type, URIRef("urn:x:A"))]


def parsed(turtle: str) -> Graph:
    return Graph(bind_namespaces="none").parse(data=PREFIXES + turtle, format="turtle")


def test_an_individual_is_in_the_classes_above_its_own() -> None:
    classes = classify_dl(parsed(""), iter(OF_A), "a test")
    assert classes == {str(INDIVIDUAL): {"urn:x:A", "urn:x:B", str(OWL.Thing)}}


def test_a_class_that_nothing_can_be_in_is_an_error() -> None:
    with pytest.raises(PolicyError, match=r"a test: classes that nothing can be in: urn:x:A$"):
        classify_dl(parsed(":A rdfs:subClassOf :C ."), [], "a test")


def test_an_individual_of_disjoint_classes_is_an_error() -> None:
    with pytest.raises(PolicyError, match="a test: HermiT finds the ontology inconsistent"):
        classify_dl(parsed(""), [*OF_A, (INDIVIDUAL, RDF.type, URIRef("urn:x:C"))], "a test")


def test_no_module_and_no_other_ontology_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "hostile_module.py").write_text(f"open({str(trace)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    annotation = "http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module"
    hostile = parsed(
        f'<urn:o> a owl:Ontology ; owl:imports <http://necessity.invalid/other> ; <{annotation}> "hostile_module" . '
        ':i a :A ; :day "2025-01-01"^^xsd:date . :day a owl:DatatypeProperty .'
    )
    assert str(INDIVIDUAL) in classify_dl(hostile, OF_A, "a test")
    assert not trace.exists()
