"""The library of questions, and counts, over a base with two policies, changed charts, divided stays and decisions; and an empty one."""

from __future__ import annotations

import re
from dataclasses import replace

import pyoxigraph as ox
import pytest
from rdflib import RDF, RDFS, Graph, URIRef

from benchmarks.kb import without_graphs
from reasoner import Policy, load_policy
from reasoner.chart import intake, sources
from reasoner.determination.determine import determine_case
from reasoner.policy.configuration import read_configuration
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.parsing import parse_datasets
from reasoner.review.signing import read_decisions
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind
from reasoner.store.questions import Answer, Query, library
from tests.conftest import CASES, ROOT, write_toy
from tests.store.questions import ANSWERS, World
from tests.store.sample_charts import CHANGED, FIRST, OTHER, cases
from tests.store.test_own_questions import PREFIXES, rows
from tests.store.test_questions import PROV, decide, plain

OF_POLICIES = (
    "criteria",
    "criterion-tree",
    "interpretations",
    "policy-versions",
    "substitutions",
    "unformalized",
    "unused-vocabulary",
)
"""The questions that every policy in the base answers."""
UNSTABLE = URIRef("https://w3id.org/necessity/mp9556/vocabulary#UnstableLivingSituation")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy("toy", root=write_toy(tmp_path_factory.mktemp("toy")))


@pytest.fixture(scope="module")
def base(policy: Policy, toy: Policy, tmp_path_factory: pytest.TempPathFactory) -> tuple[KnowledgeBase, World]:
    """A base in which nothing stands as it was first, and what it has to answer by what stands in it now."""
    names = sources.find([str(CASES / "mp9556" / name) for name in ("adult-admission", "dates", "exclusions")])
    names = [*list(names)[::3], str(CASES / "rules" / "unread" / "no-other-disorder.ttl")]
    names.append(str(CASES / "rules" / "texts" / "anchored.ttl"))
    names += [str(path) for path in sorted((CASES / "mp9556" / "dates").glob("*.ttl"))]
    names += [str(path) for path in sorted((CASES / "mp9556" / "adult-admission").glob("*met*.ttl"))]
    held = [case for name in dict.fromkeys(names) for case in intake.read(name, policy)[0]]
    twice = OTHER.replace("a iop:Homelessness", "a iop:Homelessness , iop:UnstableLivingSituation")
    held += [*cases(CHANGED, policy), *cases(twice, policy)]
    kb = KnowledgeBase()
    kb.load_policy(toy)
    kb.load_policy(policy)
    payer = tmp_path_factory.mktemp("payer") / "payer.ttl"
    payer.write_text(f"@prefix nec: <{NEC}> . <urn:payer> a nec:Configuration ; nec:admissionWindow 14 .")
    configuration = read_configuration(payer, policy)
    for case in cases(FIRST, policy):  # replaced below
        kb.load_case(case)
        kb.record(determine_case(case, policy))
    for case in held[:2]:  # determined otherwise first
        kb.load_case(case)
        kb.record(determine_case(case, policy, configuration=configuration))
    made = []
    for case in held[:-1]:
        kb.load_case(case)
        made += (found := determine_case(case, policy))
        kb.record(found)
    kb.load_case(held[-1])
    decided = decide(made)
    for decision in decided:
        (data,) = parse_datasets(decision["turtle"].encode(), ox.RdfFormat.TURTLE, "decision")
        for one in read_decisions(data.graph, policy, data.name):
            kb.load_decision(one)
    assert {GraphKind.HISTORY, GraphKind.SHARED} <= {entry.kind for entry in kb.entries()}
    assert len({d.case.iri for d in made}) < len(made), "a stay is divided"
    return kb, World(policy, tuple(held), tuple(made), tuple(decided), (held[-1].iri,))


def ask(kb: KnowledgeBase, query: Query, **given: str) -> Answer:
    text = query.bind(given)
    return Answer(kb.query(text), text)


@pytest.mark.parametrize("name", library())
def test_answer_is_of_what_stands(base: tuple[KnowledgeBase, World], toy: Policy, name: str) -> None:
    kb, world = base
    expected = list(ANSWERS[name](world))
    if name in OF_POLICIES:
        versions = [World(replace(toy, versions=(version,)), (), (), (), ()) for version in toy.versions]
        of_toy = [row for version in versions for row in ANSWERS[name](version)]
        expected += dict.fromkeys(of_toy) if name == "unused-vocabulary" else of_toy
    answer = ask(kb, library()[name])
    if answer.triples is not None:
        found = [
            (t.subject.value, t.object.value) for t in answer.triples if t.predicate.value == f"{PROV}wasDerivedFrom"
        ]
    else:
        found = [(*row[:-1], ...) for row in answer.values()] if name == "undetermined" else list(answer.values())
    assert plain(found) == plain(expected)


@pytest.mark.parametrize("name", library())
def test_another_engine_gives_the_same_answer(base: tuple[KnowledgeBase, World], merge: Graph, name: str) -> None:
    kb, _ = base
    text = library()[name].text
    answer = ask(kb, library()[name])
    found = merge.query(without_graphs(text))
    assert rows(found) == rows(answer.rows if answer.triples is None else answer.triples)


@pytest.fixture(scope="module")
def merge(base: tuple[KnowledgeBase, World]) -> Graph:
    """All triples of the base in one graph of rdflib."""
    graph = Graph(bind_namespaces="none")
    return graph.parse(data="".join(f"{quad.triple} .\n" for quad in base[0].export()), format="nt")


@pytest.mark.parametrize("name", [name for name, query in library().items() if "request" in query.parameters])
def test_one_request_at_a_time(base: tuple[KnowledgeBase, World], name: str) -> None:
    """What is answered of each request is, together, what is answered of all."""
    kb, world = base
    whole = ask(kb, library()[name], request="")
    parts = [ask(kb, library()[name], request=case.iri) for case in world.cases]
    if whole.triples is not None:
        assert {triple for part in parts for triple in part.triples or ()} == set(whole.triples)
        return
    assert rows(row for part in parts for row in part.rows) == rows(whole.rows)
    for case, part in zip(world.cases, parts, strict=True):
        assert {row[0] for row in part.values()} <= {case.iri}


@pytest.mark.parametrize("held", [False, True], ids=["nothing", "a policy alone"])
def test_without_charts(policy: Policy, held: bool) -> None:
    kb = KnowledgeBase()
    if held:
        kb.load_policy(policy)
    of_policy = {*OF_POLICIES, "codes-for-criterion", "finding-counts-for", "shape-messages"}
    for name, query in library().items():
        answer = ask(kb, query)
        assert bool(answer.rows or answer.triples) == (held and name in of_policy), name


def counted(world: World) -> dict[str, int]:
    """What the table of counts in docs/knowledge-base.md has to give, from charts and determinations."""
    statements = {s.iri: s for case in world.cases for s in case.statements}
    lines = {line for case in world.cases for line in case.content.splitlines()}
    typed = [line.split()[0] for line in lines if line.endswith(f" <{RDF.type}> <{NEC.Document}> .")]
    roles = [line.split()[0] for line in lines if f" <{NEC.authorRole}> " in line]
    classes = {(line.split()[0], line.split()[2]) for line in lines if f" <{RDF.type}> " in line}
    findings = world.policy.lexicon.findings - {f"<{NEC.Statement}>"}
    below = {f"<{c}>" for c in world.policy.ontology.transitive_subjects(RDFS.subClassOf, UNSTABLE)}
    revised = {decision["revises"] for decision in world.decisions}
    return {
        "requests": len(world.cases),
        "statements": len(statements),
        "statements with a finding, those below it included": len({iri for iri, term in classes if term in below}),
        "findings by stance": sum(term in findings for _, term in classes),
        "documents by role of the author": len(set(typed) & set(roles)),
        "what was not read, by kind": len({item.iri for case in world.cases for item in case.unread}),
        "outcomes that stand": len(world.determinations),
        "statuses of criteria": len(list(world.results)),
        "what criteria rest on": sum(len({b.statement.iri for b in r.evidence}) for _, r in world.results),
        "decisions that were not corrected": sum(decision["iri"] not in revised for decision in world.decisions),
    }


def test_counts_that_the_documentation_recommends(
    base: tuple[KnowledgeBase, World], merge: Graph, policy: Policy
) -> None:
    kb, world = base
    page = (ROOT / "docs" / "knowledge-base.md").read_text().partition("## Counting")[2].partition("\n## ")[0]
    patterns = dict(re.findall(r"^\| ([^|]+) \| `([^`]+)` \|", page, re.MULTILINE))
    texts = {name: f"{PREFIXES} SELECT (COUNT(*) AS ?n) {{ {pattern} }}" for name, pattern in patterns.items()}

    def in_base() -> dict[str, int]:
        return {name: int(next(iter(kb.query(text)))["n"].value) for name, text in texts.items()}

    assert in_base() == counted(world)
    misleading = dict(re.findall(r"^\| ([^|]+) \| `[^`]+` \| `([^`]+)`", page, re.MULTILINE))
    assert len(misleading) == 5
    for name, pattern in misleading.items():
        found = kb.query(f"{PREFIXES} SELECT (COUNT(*) AS ?n) {{ {pattern} }}")
        assert int(next(iter(found))["n"].value) != counted(world)[name], name
    assert {name: int(next(iter(merge.query(text)))[0]) for name, text in texts.items()} == counted(world)
    for case in (world.cases[0], world.cases[-2]):
        kb.load_case(case)
        kb.record(determine_case(case, policy))
    kb.load_policy(policy)
    assert in_base() == counted(world)
