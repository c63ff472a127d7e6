"""Counts: what is said once is counted once, by whatever engine, however often it was determined."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Dataset, Graph

from reasoner import Policy, load_policy
from reasoner.chart import intake, sources
from reasoner.determination.determine import determine_case
from reasoner.policy.configuration import read_configuration
from reasoner.rdf.namespaces import NEC
from reasoner.render import provenance
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind, graph_name
from tests.conftest import CASES, write_toy
from tests.explore import examples
from tests.store.sample_charts import CHANGED, FIRST, OTHER, cases
from tests.store.test_base import DECISION, decisions

PREFIXES = """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX iop: <https://w3id.org/necessity/mp9556/vocabulary#>
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX sh: <http://www.w3.org/ns/shacl#>
"""
COUNTS = {
    "statements": "{ ?x a nec:Statement }",
    "statements by stance and document": "{ ?x a nec:Statement ; nec:assertion ?a ; nec:documentedIn ?d }",
    "assertions": "{ ?s nec:assertion ?x }",
    "observed days": "{ ?s nec:observed ?x }",
    "recorded days": "{ ?s nec:recorded ?x }",
    "pages": "{ ?s nec:page ?x }",
    "excerpts": "{ ?s nec:excerpt ?x }",
    "severities": "{ ?s nec:severity ?x }",
    "statements about requests": "{ ?x nec:about ?request }",
    "documents": "{ ?x a nec:Document }",
    "titles": "{ ?d dcterms:title ?x . ?s nec:documentedIn ?d }",
    "authors": "{ ?d dcterms:creator ?x . ?d a nec:Document }",
    "findings": "{ ?s a ?x . ?s nec:about ?request }",
    "findings under a leaf": "{ ?s a/rdfs:subClassOf* iop:UnstableLivingSituation }",
    "codes": "{ ?s nec:code ?x }",
    "requests": "{ ?x a nec:ReviewRequest }",
    "members": "{ ?request nec:member ?x . ?x nec:birthDate ?day }",
    "plans": "{ ?request nec:plan ?x . ?x nec:jurisdiction ?j }",
    "unread items": "{ ?x a nec:Unread }",
    "standing determinations": "{ ?request nec:currentDetermination ?x }",
    "outcomes": "{ ?request nec:currentDetermination/nec:outcome ?x }",
    "results": "{ ?request nec:currentDetermination ?d . ?d nec:result ?x }",
    "results by status": "{ ?request nec:currentDetermination/nec:result ?x . ?x nec:status ?status ; nec:criterion ?c }",
    "evidence": "{ ?request nec:currentDetermination/nec:result/nec:evidence ?x }",
    "evidence with its words": "{ ?request nec:currentDetermination/nec:result/nec:evidence ?s . ?s nec:excerpt ?x }",
    "leaves": "{ ?x nec:ask ?question }",
    "labels": "{ ?s skos:prefLabel ?x . ?s a owl:Class }",
    "classes": "{ ?x a owl:Class }",
    "ontologies": "{ ?x a owl:Ontology }",
    "property shapes": "{ ?x sh:path ?path }",
    "annotation properties": "{ ?x a owl:AnnotationProperty }",
    "decisions": "{ ?x a nec:Decision }",
    "deciders": "{ ?x a nec:Decision ; prov:wasAttributedTo/skos:prefLabel ?name }",
    "software": "{ ?x a prov:SoftwareAgent }",
    "all": "{ ?s ?p ?o }",
}


def counted(kb: KnowledgeBase) -> dict[str, int]:
    """The counts in the base."""
    found = {name: kb.query(f"{PREFIXES} SELECT (COUNT(*) AS ?n) {pattern}") for name, pattern in COUNTS.items()}
    return {name: int(next(iter(rows))["n"].value) for name, rows in found.items()}


def counted_by_others(kb: KnowledgeBase) -> list[dict[str, int]]:
    """The counts in what the base exports: named graphs in another store and in rdflib, and all triples merged to one graph."""
    quads = list(kb.export())
    store = ox.Store()
    store.extend(quads)
    dataset = Dataset(default_union=True)
    dataset.parse(data="".join(f"{quad} .\n" for quad in quads), format="nquads")
    merge = Graph(bind_namespaces="none")
    merge.parse(data="".join(f"{quad.triple} .\n" for quad in quads), format="nt")
    texts = {name: f"{PREFIXES} SELECT (COUNT(*) AS ?n) {pattern}" for name, pattern in COUNTS.items()}
    union = {name: next(iter(store.query(text, use_default_graph_as_union=True)))["n"] for name, text in texts.items()}
    return [
        {name: int(number.value) for name, number in union.items()},
        *({name: int(next(iter(graph.query(text)))[0]) for name, text in texts.items()} for graph in (dataset, merge)),
    ]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy("toy", root=write_toy(tmp_path_factory.mktemp("toy")))


def test_counts_are_the_same_in_three_engines_and_after_determining_again(
    policy: Policy, toy: Policy, tmp_path: Path
) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    alone = counted(kb)
    kb.load_policy(toy)
    both = counted(kb)
    assert both["leaves"] == alone["leaves"] + 3 * 2
    assert both["ontologies"] == alone["ontologies"] + 3
    first, second = cases(FIRST, policy)
    paths = [str(CASES / "mp9556" / "adult-admission"), str(CASES / "rules" / "unread" / "no-other-disorder.ttl")]
    others = [case for name in sources.find(paths) for case in intake.read(name, policy)[0]]
    held = [first, second, *cases(OTHER, policy), *others[:4], others[-1]]
    for case in held:
        kb.load_case(case)
    undetermined = counted(kb)
    assert undetermined["statements"] == len({s.iri for case in held for s in case.statements})
    assert undetermined["members"] == len(held)
    for case in held:
        kb.record(determine_case(case, policy))
    determined = counted(kb)
    of_chart = COUNTS.keys() - {
        "all",
        "standing determinations",
        "outcomes",
        "results",
        "results by status",
        "evidence",
        "evidence with its words",
        "software",
    }
    assert {n: determined[n] for n in of_chart} == {n: undetermined[n] for n in of_chart}
    assert determined["standing determinations"] == len(held)
    made = [determination for case in held for determination in determine_case(case, policy)]
    assert determined["results"] == determined["results by status"] == sum(len(found.criteria) for found in made)
    for number in range(2):  # by the same person
        (found,) = determine_case(held[number], policy)
        text = DECISION.replace("DETERMINATION", str(provenance.iri(found))).replace(":one", f":d{number}")
        kb.load_decision(*decisions(text, policy))
    determined = counted(kb)
    assert determined["decisions"] == determined["deciders"] == 2
    for case in held:
        kb.record(determine_case(case, policy))
    assert counted(kb) == determined, "determining again changes no count"
    assert counted_by_others(kb) == [determined] * 3
    payer = tmp_path / "payer.ttl"
    payer.write_text(f"@prefix nec: <{NEC}> . <urn:payer> a nec:Configuration ; nec:admissionWindow 14 .")
    configuration = read_configuration(payer, policy)
    for case in held:
        kb.record(determine_case(case, policy, configuration=configuration))
    again = counted(kb)
    assert again["all"] > determined["all"]
    assert {name: again[name] for name in of_chart} == {name: determined[name] for name in of_chart}
    for case in cases(CHANGED, policy):
        kb.load_case(case)
        kb.record(determine_case(case, policy))
    assert [entry.kind for entry in kb.entries()].count(GraphKind.HISTORY) > 0
    replaced = counted(kb)
    assert counted_by_others(kb) == [replaced] * 3
    assert {name: replaced[name] for name in of_chart} == {name: determined[name] for name in of_chart}


def test_no_triple_stands_in_two_graphs(policy: Policy, toy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    kb.load_policy(toy)
    for text in (FIRST, OTHER, CHANGED):
        for case in cases(text, policy):
            kb.load_case(case)
            kb.record(determine_case(case, policy))
    triples = [quad.triple for quad in kb.export()]
    assert len(triples) == len(set(triples))
    assert list(kb.verify()) == []


def test_the_core_vocabulary_stands_once_in_a_graph_of_its_own(policy: Policy, toy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    kb.load_policy(toy)
    vocabularies = [entry.about for entry in kb.entries(GraphKind.VOCABULARY)]
    assert vocabularies.count("https://w3id.org/necessity/core") == 1
    assert "https://example.org/toy/vocabulary" in vocabularies
    assert [entry.about for entry in kb.entries(GraphKind.POLICY)] == [toy.iri, policy.iri]
    core = kb.content(graph_name(GraphKind.VOCABULARY, "https://w3id.org/necessity/core"))
    assert "<https://w3id.org/necessity/core#currentDetermination> " in core
    rest = "".join(
        kb.content(entry.graph) for entry in kb.entries() if entry.about != "https://w3id.org/necessity/core"
    )
    assert not set(core.splitlines()) & set(rest.splitlines())


LINES = [f"<urn:s{n % 3}> <urn:p> <urn:o{n}> .\n" for n in range(8)]
CONTENTS = st.frozensets(st.sampled_from(LINES), min_size=1).map(lambda lines: "".join(sorted(lines)))


@examples(60)
@given(steps=st.lists(st.tuples(st.sampled_from("abcd"), st.none() | CONTENTS), max_size=12))
def test_shared_content_is_moved_and_never_lost(steps: list[tuple[str, str | None]]) -> None:
    """Graphs that say in part the same, put, replaced and taken out in any order."""
    kb = KnowledgeBase()
    expected: dict[str, str] = {}
    for name, content in steps:
        about = f"urn:x:{name}"
        if content is not None:
            kb._put([(GraphKind.DECISION, about, content)], "test")
            expected[about] = content
        elif about in expected:
            kb.remove(about, decisions=True)
            del expected[about]
        assert {e.about: kb.content(e.graph) for e in kb.entries(GraphKind.DECISION)} == expected
        quads = list(kb.export())
        assert len({quad.triple for quad in quads}) == len(quads)
        included = {shared for entry in kb.entries() for shared in entry.includes}
        assert {entry.graph for entry in kb.entries(GraphKind.SHARED)} == included
        assert list(kb.verify()) == []


def test_many_charts_are_read_as_each_by_itself(policy: Policy) -> None:
    kb = KnowledgeBase()
    held = cases(FIRST, policy)
    kb.load_cases(held)
    assert kb.entries(GraphKind.SHARED), "they say something alike"
    asked = [*(case.iri for case in held), "urn:none", held[0].iri]
    told = list(kb.charts(asked))
    assert told == [(request, kb.chart(request)) for request in asked]
    assert [content for _, content in told] == [*(case.content for case in held), "", held[0].content]
