"""Inference: what follows of a request and its statements under a small ontology."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from rdflib import Graph, URIRef

from reasoner.determination.inference import infer
from reasoner.ground.errors import PolicyError
from reasoner.policy.lexicon import lexicon
from reasoner.policy.model import PolicyVersion, Sources
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.owl_rl import classify
from tests.cases import case, make_statement
from tests.policies import all_of, finding, iri, leaf, version

XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = f"""
@prefix nec: <{NEC}> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix f: <urn:finding:> .
"""
ONTOLOGY = (
    PREFIXES
    + f"""
f:narrow-a rdfs:subClassOf f:a .
f:narrowest-a rdfs:subClassOf f:narrow-a .
f:a owl:equivalentClass [ owl:intersectionOf ( nec:Statement [ owl:onProperty nec:addresses ; owl:hasValue <{iri("a")}> ] ) ] .
f:b owl:equivalentClass [ owl:intersectionOf ( nec:Statement [ owl:onProperty nec:primary ; owl:hasValue true ] ) ] .
f:minor-request owl:equivalentClass [
    owl:intersectionOf ( nec:ReviewRequest [ owl:onProperty nec:ageGroup ; owl:hasValue nec:Minor ] ) ] .
<urn:code:1> nec:codeSeverity nec:Severe ; nec:codeRemission nec:InRemission .
"""
)
HOURS, BREAKS, COUNTED = "urn:hours", "urn:breaks", "urn:counted"
RULE = f"CONSTRUCT {{ ?s <{COUNTED}> ?counted }} WHERE {{ ?s <{HOURS}> ?hours ; <{BREAKS}> ?breaks BIND (?hours - ?breaks AS ?counted) }}"


@pytest.fixture(scope="module")
def sketched(tmp_path_factory: pytest.TempPathFactory) -> PolicyVersion:
    path = tmp_path_factory.mktemp("ontology") / "ontology.ttl"
    path.write_text(ONTOLOGY)
    sources = Sources((path,), ())
    axioms = lexicon(sources.ontology, Graph(), [finding("a"), finding("b")])
    return version(all_of("s", leaf("a"), leaf("b")), sources=sources, lexicon=axioms, rules=(RULE,))


def number(value: str, datatype: str = "integer") -> str:
    return f'"{value}"^^<{XSD}{datatype}>'


def test_an_affirmed_statement_is_of_every_wider_class(sketched: PolicyVersion) -> None:
    statement = make_statement("yes", "affirms", "narrowest-a")
    classes = infer(case(statement), sketched).classes[statement.iri]
    assert {finding("narrowest-a"), finding("narrow-a"), finding("a")} <= classes


@pytest.mark.parametrize("stance", ["denies", "rules out"])
def test_what_is_not_affirmed_does_not_climb_the_class_tree(sketched: PolicyVersion, stance: str) -> None:
    statement = make_statement("no", stance, "narrow-a")
    assert infer(case(statement), sketched).classes[statement.iri] == {finding("narrow-a")}


def test_to_address_a_leaf_is_to_be_of_its_finding_class(sketched: PolicyVersion) -> None:
    statement = make_statement("bare", "affirms", addresses=("a",))
    assert finding("a") in infer(case(statement), sketched).classes[statement.iri]


def test_a_truth_value_bears_on_classes(sketched: PolicyVersion) -> None:
    for value, holds in (("true", True), ("false", False)):
        statement = make_statement("flag", "affirms", "else", facts={str(NEC.primary): number(value, "boolean")})
        assert (finding("b") in infer(case(statement), sketched).classes[statement.iri]) is holds


@pytest.mark.parametrize(("birth", "group"), [(date(2007, 6, 1), NEC.Adult), (date(2007, 6, 2), NEC.Minor)])
def test_the_age_group_is_that_of_the_first_day_of_service(sketched: PolicyVersion, birth: date, group: URIRef) -> None:
    request = terms.iri("urn:request")
    sample = case(start=1, birth=birth)
    sample = replace(sample, facts=((request, terms.of(RDF.type), terms.of(NEC.ReviewRequest)),))
    inference = infer(sample, sketched)
    assert inference.age_group == str(group)
    assert (finding("minor-request") in inference.request_classes) is (group == NEC.Minor)


def test_a_code_states_its_severity_and_its_remission(sketched: PolicyVersion) -> None:
    statement = make_statement("coded", "affirms", "a", facts={str(NEC.code): "<urn:code:1>"})
    inference = infer(case(statement), sketched)
    facts = {(terms.name(p), terms.name(o)) for p, o in inference.facts[statement.iri]}
    assert facts == {
        (str(NEC.code), "urn:code:1"),
        (str(NEC.severity), str(NEC.Severe)),
        (str(NEC.remission), str(NEC.InRemission)),
    }


def test_a_rule_calculates_from_the_numbers_of_one_statement(sketched: PolicyVersion) -> None:
    whole = make_statement("whole", "affirms", "a", facts={HOURS: number("9"), BREAKS: number("2")})
    half = make_statement("half", "affirms", "a", facts={HOURS: number("9")})
    other = make_statement("other", "affirms", "a", facts={BREAKS: number("2")})
    facts = infer(case(whole, half, other), sketched).facts
    assert (terms.iri(COUNTED), number("7")) in facts[whole.iri]
    assert facts[half.iri] == half.facts
    assert facts[other.iri] == other.facts


def test_a_number_that_is_none_calculates_nothing(sketched: PolicyVersion) -> None:
    statement = make_statement("ill", "affirms", "a", facts={HOURS: number("nine"), BREAKS: number("2")})
    assert infer(case(statement), sketched).facts[statement.iri] == statement.facts


def test_a_rule_that_is_not_sparql_is_an_error_of_the_policy(sketched: PolicyVersion) -> None:
    broken = replace(sketched, rules=("CONSTRUCT { ?s",))
    with pytest.raises(PolicyError, match="not SPARQL"):
        infer(case(make_statement("yes", "affirms", "a", facts={HOURS: number("9")})), broken)


def test_classify_keeps_to_the_axioms_of_the_ontology(sketched: PolicyVersion) -> None:
    node = URIRef("urn:n")
    entailed = classify(sketched.ontology, [(node, RDF.type, URIRef(finding("narrow-a")))])
    assert (node, RDF.type, URIRef(finding("a"))) in entailed
    assert (node, RDF.type, URIRef(finding("b"))) not in entailed
