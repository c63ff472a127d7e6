"""Compiled entailment: the rules, one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner.policy.lexicon import lexicon, nodes
from reasoner.rdf import terms
from reasoner.rdf.compiled_owl import TYPE, Entailment
from reasoner.rdf.namespaces import RDF
from reasoner.rdf.owl_rl import classify
from tests.explore import examples


def test_compiled_entailment_follows_the_rules() -> None:
    owl, rdfs, rdf = (
        "http://www.w3.org/2002/07/owl#",
        "http://www.w3.org/2000/01/rdf-schema#",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    )
    kind = f"<{rdf}type>"
    rules = Entailment(
        [
            ("<A>", f"<{rdfs}subClassOf>", "<B>"),
            ("<B>", f"<{owl}equivalentClass>", "<C>"),
            ("_:i", f"<{owl}intersectionOf>", "_:l1"),
            ("_:l1", f"<{rdf}first>", "<C>"),
            ("_:l1", f"<{rdf}rest>", "_:l2"),
            ("_:l2", f"<{rdf}first>", "_:r"),
            ("_:l2", f"<{rdf}rest>", f"<{rdf}nil>"),
            ("_:r", f"<{owl}onProperty>", "<p>"),
            ("_:r", f"<{owl}someValuesFrom>", "<D>"),
            ("_:i", f"<{rdfs}subClassOf>", "<E>"),
            ("_:u", f"<{owl}unionOf>", "_:l3"),
            ("_:l3", f"<{rdf}first>", "<D>"),
            ("_:l3", f"<{rdf}rest>", f"<{rdf}nil>"),
            ("_:u", f"<{rdfs}subClassOf>", "<F>"),
            ("<q>", f"<{rdfs}subPropertyOf>", "<p>"),
            ("_:h", f"<{owl}onProperty>", "<s>"),
            ("_:h", f"<{owl}hasValue>", "<v>"),
            ("_:h", f"<{owl}equivalentClass>", "<D>"),
        ]
    )
    facts = {"<x>": {kind: {"<A>"}, "<q>": {"<y>"}}, "<y>": {"<s>": {"<v>"}}, "<z>": {kind: {"<D>"}}}
    rules.close(facts)
    assert {name for name in facts["<x>"][kind] if name.startswith("<")} == {"<A>", "<B>", "<C>", "<E>"}
    assert facts["<y>"][kind] >= {"<D>", "<F>"}
    assert facts["<z>"]["<s>"] == {"<v>"}, "to be of a class of hasValue is to have the value"


# Any axioms of the kinds that policies are written in: what is compiled draws the classes that an OWL 2 RL engine draws.

PREFIXES = """
@prefix : <urn:x:> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
CLASSES = [":A", ":B", ":C", ":D"]
NAMED = frozenset(f"urn:x:{name[1:]}" for name in CLASSES)
NODES = [":n1", ":n2", ":n3"]
classes = st.sampled_from(CLASSES)
properties = st.sampled_from([":p", ":q"])
restrictions = st.one_of(
    st.builds("[ owl:onProperty {} ; owl:hasValue {} ]".format, properties, st.sampled_from([":v", ":n1"])),
    st.builds(
        "[ owl:onProperty {} ; owl:someValuesFrom {} ]".format, properties, st.sampled_from([*CLASSES, "owl:Thing"])
    ),
)
parts = st.lists(st.one_of(classes, restrictions), min_size=2, max_size=3).map(" ".join)
expressions = st.one_of(
    restrictions,
    parts.map("[ owl:intersectionOf ( {} ) ]".format),
    parts.map("[ owl:unionOf ( {} ) ]".format),
)
axioms = st.one_of(
    st.builds("{} rdfs:subClassOf {} .".format, classes, classes),
    st.builds("{} owl:equivalentClass {} .".format, classes, expressions),
    st.just(":q rdfs:subPropertyOf :p ."),
)
facts = st.one_of(
    st.tuples(st.sampled_from(NODES), st.just("a"), classes),
    st.tuples(st.sampled_from(NODES), properties, st.sampled_from([*NODES, ":v"])),
)


@examples(150)
@given(st.lists(axioms, max_size=5), st.lists(facts, min_size=1, max_size=5))
def test_the_classes_of_a_node_are_those_that_owl_2_rl_draws(
    statements: list[str], assertions: list[tuple[str, str, str]]
) -> None:
    ontology = Graph().parse(data=PREFIXES + "\n".join(statements), format="turtle")
    data = Graph().parse(data=PREFIXES + "".join(f"{s} {p} {o} ." for s, p, o in assertions), format="turtle")
    wanted: dict[str, set[str]] = {}
    for subject, predicate, value in classify(ontology, list(data)):
        if predicate == RDF.type and str(value) in NAMED:
            wanted.setdefault(str(subject), set()).add(str(value))
    compiled = Entailment(lexicon(ontology, Graph(), ()).axioms)
    closed: dict[str, dict[str, set[str]]] = {}
    for subject, props in nodes(data).items():
        closed[subject] = {predicate: set(values) for predicate, values in props.items()}
    compiled.close(closed)
    for name in (f"urn:x:{node[1:]}" for node in NODES):
        inferred = {terms.name(kind) for kind in closed.get(f"<{name}>", {}).get(TYPE, ())}
        assert inferred & NAMED == wanted.get(name, set()), name
