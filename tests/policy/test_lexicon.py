"""The lexicon: what is taken out of a small ontology and its shapes."""

from __future__ import annotations

import pytest
from rdflib import Graph, URIRef

from reasoner.policy.lexicon import Lexicon, lexicon, nodes

PREFIXES = """
@prefix : <https://example.org/> .
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
"""
ONTOLOGY = """
:Leaf a owl:Class ; skos:prefLabel "leaf"@en .
:Narrow rdfs:subClassOf :Leaf . :Narrowest rdfs:subClassOf :Narrow . :Other rdfs:subClassOf :Else .
:Both rdfs:subClassOf [ owl:onProperty :p ; owl:hasValue :v ] .
:v a :Kind , owl:NamedIndividual ; skos:notation "V" ; :p 1 .
:F3 a skos:Concept ; nec:codeClass :Leaf .
:F32 skos:broader :F3 . :F32-1 skos:broader :F32 ; nec:codeClass :Severe ; nec:codeSeverity nec:Severe .
:Z1 skos:broader :Z .
"""
SHAPES = ':shape a sh:NodeShape ; sh:property [ sh:path :p ; sh:in ( 1 "x"@en ) ] .'


def parsed(turtle: str) -> Graph:
    return Graph(bind_namespaces="none").parse(data=PREFIXES + turtle, format="turtle")


def named(*names: str) -> frozenset[str]:
    return frozenset(f"https://example.org/{name}" for name in names)


def term(name: str) -> str:
    return f"<https://example.org/{name}>"


@pytest.fixture(scope="module")
def extracted() -> Lexicon:
    return lexicon(parsed(ONTOLOGY), parsed(SHAPES), named("Leaf"))


def test_findings_are_those_of_the_leaves_and_all_that_is_narrower(extracted: Lexicon) -> None:
    assert extracted.findings == {term("Leaf"), term("Narrow"), term("Narrowest")}


def test_a_code_stands_for_its_classes_and_those_of_every_broader_concept(extracted: Lexicon) -> None:
    assert extracted.codes == {
        term("F3"): named("Leaf"),
        term("F32"): named("Leaf"),
        term("F32-1"): named("Leaf", "Severe"),
    }


def test_a_code_states_its_own_severity_and_not_those_of_broader_ones(extracted: Lexicon) -> None:
    core = "https://w3id.org/necessity/core#"
    assert extracted.coded == {
        term("F32-1"): ((f"<{core}severity>", f"<{core}Severe>"),),
    }


def test_what_is_said_anything_about_is_declared(extracted: Lexicon) -> None:
    assert {term("Leaf"), term("v"), term("Z1")} <= extracted.declared
    assert not {term("Else"), term("Z"), term("p")} & extracted.declared


def test_words_and_types_are_those_of_the_ontology(extracted: Lexicon) -> None:
    assert extracted.labels == {term("Leaf"): "leaf"}
    assert extracted.notations == {term("v"): "V"}
    assert extracted.types[term("v")] == {term("Kind"), "<http://www.w3.org/2002/07/owl#NamedIndividual>"}


def test_axioms_are_what_classes_are_drawn_from_and_nothing_else(extracted: Lexicon) -> None:
    below = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
    assert (term("Narrow"), below, term("Leaf")) in extracted.axioms
    restriction = next(value for subject, predicate, value in extracted.axioms if subject == term("Both"))
    assert restriction.startswith("_:")
    assert {(p, o) for s, p, o in extracted.axioms if s == restriction} == {
        ("<http://www.w3.org/2002/07/owl#onProperty>", term("p")),
        ("<http://www.w3.org/2002/07/owl#hasValue>", term("v")),
    }
    assert not any(predicate == term("p") for _, predicate, _ in extracted.axioms)


def test_shapes_keep_their_lists_and_their_literals(extracted: Lexicon) -> None:
    sh, rdf = "http://www.w3.org/ns/shacl#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    (part,) = extracted.shapes[term("shape")][f"<{sh}property>"]
    (head,) = extracted.shapes[part][f"<{sh}in>"]
    (rest,) = extracted.shapes[head][f"<{rdf}rest>"]
    assert extracted.shapes[head][f"<{rdf}first>"] == ['"1"^^<http://www.w3.org/2001/XMLSchema#integer>']
    assert extracted.shapes[rest] == {f"<{rdf}first>": ['"x"@en'], f"<{rdf}rest>": [f"<{rdf}nil>"]}


def test_below_a_shape_are_all_shapes_that_it_uses() -> None:
    shapes = parsed("""
        :shape sh:property :part . :part sh:path :p ; sh:or ( :one :other ) . :one sh:node :two . :other sh:not :three .
        :two sh:in ( :v ) . :three sh:class :C . :C :q 1 . :apart sh:minCount 1 .
    """)
    below = {
        str(subject) for subject, _, _ in lexicon(Graph(), shapes, ()).shapes_below(URIRef("https://example.org/shape"))
    }
    assert {name for name in below if name.startswith("http")} == named("shape", "part", "one", "other", "two", "three")


def test_a_graph_is_told_in_one_order_however_it_is_written() -> None:
    one, other = parsed(":a :p 1 , 2 ; :q :b . :b :p 3 ."), parsed(":b :p 3 . :a :q :b ; :p 2 , 1 .")
    assert str(nodes(one)) == str(nodes(other))
