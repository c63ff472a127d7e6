"""Questions beyond the library, as an informatician asks them: each has the same answer in Oxigraph, rdflib, a merge of all triples and Comunica."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from rdflib import Dataset, Graph, Literal

from reasoner import Policy
from reasoner.chart import intake, sources
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.determination.model import Determination
from reasoner.store.base import KnowledgeBase
from tests import node
from tests.conftest import CASES

QUESTIONS = {
    "statements of each request by stance": """SELECT ?request ?stance (COUNT(?s) AS ?n) {
        ?s nec:about ?request ; nec:assertion ?stance } GROUP BY ?request ?stance""",
    "statements by class of their document": """SELECT ?kind (COUNT(?s) AS ?n) {
        ?s a nec:Statement ; nec:documentedIn/a ?kind } GROUP BY ?kind""",
    "documents and statements by role of the author": """SELECT ?role (COUNT(DISTINCT ?d) AS ?documents) (COUNT(?s) AS ?statements) {
        ?s nec:documentedIn ?d . ?d nec:authorRole ?role } GROUP BY ?role""",
    "findings that are denied, with their words": """SELECT ?label (COUNT(?s) AS ?n) {
        ?s a ?finding ; nec:assertion nec:Denied . ?finding a owl:Class ; skos:prefLabel ?label
        FILTER(?finding != nec:Statement) } GROUP BY ?label""",
    "severities of depressive disorders and of all below them": """SELECT ?s ?word {
        ?s a/rdfs:subClassOf* iop:DepressiveDisorder ; nec:severity/skos:prefLabel ?word }""",
    "years of age at the start of service": """SELECT ?age (COUNT(?request) AS ?n) {
        ?request nec:serviceStart ?start ; nec:member/nec:birthDate ?born
        BIND(YEAR(?start) - YEAR(?born) - IF(SUBSTR(STR(?start), 6) < SUBSTR(STR(?born), 6), 1, 0) AS ?age) } GROUP BY ?age""",
    "requests by jurisdiction and funding": """SELECT ?place ?funding (COUNT(?request) AS ?n) {
        ?request nec:plan ?plan . ?plan nec:jurisdiction/skos:prefLabel ?place OPTIONAL { ?plan nec:funding ?funding } }
        GROUP BY ?place ?funding""",
    "statements recorded after the day they tell of": """SELECT ?s ?observed ?recorded {
        ?s nec:observed ?observed ; nec:recorded ?recorded FILTER(?recorded > ?observed) }""",
    "statuses of criteria": """SELECT ?id ?status (COUNT(?result) AS ?n) {
        ?request nec:currentDetermination/nec:result ?result . ?result nec:status ?status ; nec:criterion/dcterms:identifier ?id }
        GROUP BY ?id ?status""",
    "leaves that no current determination finds documented": """SELECT ?id {
        ?leaf a nec:Leaf ; dcterms:identifier ?id .
        FILTER EXISTS { ?r nec:criterion ?leaf ; nec:status ?any }
        FILTER NOT EXISTS { ?r nec:criterion ?leaf ; nec:status ?status FILTER(?status != nec:NotDocumented) } }""",
    "evidence of each criterion by document": """SELECT ?id ?title (COUNT(DISTINCT ?s) AS ?n) {
        ?request nec:currentDetermination/nec:result ?result . ?result nec:evidence ?s ; nec:criterion/dcterms:identifier ?id .
        ?s nec:documentedIn/dcterms:title ?title } GROUP BY ?id ?title""",
    "statements that no determination rests on": """SELECT ?s {
        ?s a nec:Statement FILTER NOT EXISTS { ?result nec:evidence ?s } }""",
    "criteria in the first gap of each request": """SELECT ?request ?id {
        ?request nec:currentDetermination/nec:gap ?gap . ?gap nec:rank 1 ; nec:criterion/dcterms:identifier ?id }""",
    "readings under which an outcome is another": """SELECT ?request ?reading ?other {
        ?request nec:currentDetermination ?d . ?d nec:outcome ?outcome ; nec:alternative ?a .
        ?a nec:reading/dcterms:identifier ?reading ; nec:outcome ?other FILTER(?other != ?outcome) }""",
    "statements set aside, by reason": """SELECT ?reason (COUNT(?aside) AS ?n) {
        ?d nec:setAside ?aside . ?aside nec:reason/skos:prefLabel ?reason } GROUP BY ?reason""",
    "codes in charts with what they are read as": """SELECT DISTINCT ?code ?words ?finding {
        ?s nec:code ?concept . ?concept skos:notation ?code ; skos:prefLabel ?words ; skos:broader*/nec:codeClass ?finding }""",
    "narrower findings of each leaf": """SELECT ?id (COUNT(DISTINCT ?narrower) AS ?n) {
        ?own owl:equivalentClass/owl:intersectionOf/rdf:rest*/rdf:first/owl:hasValue ?leaf . ?leaf dcterms:identifier ?id .
        ?narrower rdfs:subClassOf+ ?own } GROUP BY ?id""",
    "parts of each group": """SELECT ?id (COUNT(?part) AS ?n) {
        ?group a nec:Group ; dcterms:identifier ?id ; (sh:and|sh:or)/rdf:rest*/rdf:first ?part } GROUP BY ?id""",
    "alternatives of each passage": """SELECT ?id (COUNT(?reading) AS ?n) {
        ?passage nec:alternativeReading ?reading ; dcterms:identifier ?id } GROUP BY ?id""",
    "findings and their contraries in one chart": """SELECT ?request ?one ?other {
        ?other nec:contraryOf ?one . ?a a ?one ; nec:about ?request ; nec:assertion nec:Affirmed .
        ?b a ?other ; nec:about ?request ; nec:assertion ?any }""",
    "statements without the record's words": """SELECT ?request (COUNT(?s) AS ?n) {
        ?s a nec:Statement ; nec:about ?request FILTER NOT EXISTS { ?s nec:excerpt ?words } } GROUP BY ?request""",
    "first and last day of each record": """SELECT ?request (MIN(?day) AS ?first) (MAX(?day) AS ?last) {
        ?s nec:about ?request ; nec:recorded ?day } GROUP BY ?request""",
    "classes by how many properties are said of them": """SELECT ?class (COUNT(?property) AS ?n) {
        ?property schema:domainIncludes ?class } GROUP BY ?class HAVING(COUNT(?property) > 1)""",
    "what could not be read, by kind": """SELECT ?kind ?reason (COUNT(?item) AS ?n) {
        ?item a nec:Unread ; nec:kind ?kind ; nec:reason ?reason } GROUP BY ?kind ?reason""",
    "outcomes by phase and focus": """SELECT ?phase ?focus ?outcome (COUNT(DISTINCT ?request) AS ?n) {
        ?request nec:phase ?phase ; nec:focus ?focus ; nec:currentDetermination/nec:outcome ?outcome }
        GROUP BY ?phase ?focus ?outcome""",
    "pairs of statements on one finding in one chart that disagree": """SELECT ?request ?finding {
        ?a a ?finding ; nec:about ?request ; nec:assertion nec:Affirmed . ?b a ?finding ; nec:about ?request ; nec:assertion nec:Denied .
        FILTER(?finding != nec:Statement) }""",
    "criteria of which the same statement is evidence": """SELECT ?s (COUNT(DISTINCT ?leaf) AS ?n) {
        ?result nec:evidence ?s ; nec:criterion ?leaf . ?leaf a nec:Leaf } GROUP BY ?s HAVING(COUNT(DISTINCT ?leaf) > 1)""",
    "criteria that are met by one note alone": """SELECT ?request ?id (MIN(?title) AS ?note) {
        ?request nec:currentDetermination/nec:result ?result . ?result nec:status nec:Met ; nec:criterion/dcterms:identifier ?id ;
        nec:affirmedBy/nec:documentedIn ?document . ?document dcterms:title ?title }
        GROUP BY ?request ?id HAVING(COUNT(DISTINCT ?document) = 1)""",
    "outcomes before and after a chart was changed": """SELECT ?request ?before ?now {
        ?request nec:currentDetermination ?d . ?d nec:serviceStart ?start ; nec:outcome/skos:notation ?now .
        ?earlier nec:request ?request ; nec:serviceStart ?start ; nec:outcome/skos:notation ?before .
        FILTER NOT EXISTS { ?request nec:currentDetermination ?earlier } FILTER(?before != ?now) }""",
    "how often each reading agrees with the one in force": """SELECT ?reading (COUNT(?a) AS ?tried)
        (SUM(IF(?other = ?outcome, 1, 0)) AS ?agreeing) {
        ?request nec:currentDetermination ?d . ?d nec:outcome ?outcome ; nec:alternative ?a .
        ?a nec:reading/dcterms:identifier ?reading ; nec:outcome ?other } GROUP BY ?reading""",
    "what refuses requests, by where the plan is regulated": """SELECT ?place ?id (COUNT(DISTINCT ?d) AS ?n) {
        ?request nec:plan/nec:jurisdiction/skos:prefLabel ?place ; nec:currentDetermination ?d .
        ?d nec:outcome nec:CriteriaNotMet ; nec:objection/nec:criterion/dcterms:identifier ?id } GROUP BY ?place ?id""",
    "words by which criteria are denied": """SELECT ?id ?role ?words {
        ?request nec:currentDetermination/nec:result ?result . ?result nec:criterion/dcterms:identifier ?id ; nec:deniedBy ?s .
        ?s nec:excerpt ?words ; nec:documentedIn/nec:authorRole ?role }""",
    "last note and time of determination": """SELECT ?request (MAX(?issued) AS ?last) ?made {
        ?request nec:currentDetermination/prov:qualifiedGeneration/prov:atTime ?made .
        ?s nec:about ?request ; nec:documentedIn/dcterms:issued ?issued } GROUP BY ?request ?made""",
    "evidence from a month before that of service": """SELECT ?request ?id ?observed ?start {
        ?request nec:currentDetermination ?d . ?d nec:serviceStart ?start ; nec:result ?result ; nec:judged ?judged .
        ?result nec:criterion/dcterms:identifier ?id ; nec:evidence ?s . ?judged nec:resource ?s ; nec:observedDay ?observed
        FILTER(SUBSTR(STR(?observed), 1, 7) < SUBSTR(STR(?start), 1, 7)) }""",
    "requests without a word of a psychiatrist": """SELECT ?request { ?request a nec:ReviewRequest
        FILTER NOT EXISTS { ?s nec:about ?request ; nec:documentedIn/nec:authorRole ?role FILTER(CONTAINS(LCASE(?role), "psychiatr")) } }""",
    "how much of each request is documented": """SELECT ?request (COUNT(?leaf) AS ?asked)
        (SUM(IF(?status = nec:NotDocumented, 1, 0)) AS ?silent) {
        ?request nec:currentDetermination/nec:result ?result . ?result nec:criterion ?leaf ; nec:status ?status .
        ?leaf a nec:Leaf } GROUP BY ?request""",
    "notes by how many criteria they speak to": """SELECT ?document (COUNT(DISTINCT ?leaf) AS ?criteria) {
        ?request nec:currentDetermination/nec:result ?result . ?result nec:criterion ?leaf ; nec:evidence/nec:documentedIn ?document }
        GROUP BY ?document""",
}
PREFIXES = """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX iop: <https://w3id.org/necessity/mp9556/vocabulary#>
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX schema: <https://schema.org/> PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
Rows = list[tuple[str | Decimal | None, ...]]


@dataclass
class World:
    """A base with charts and their determinations, two of the charts determined twice and one changed, and the same in other engines."""

    cases: list[Case]
    determinations: list[Determination]
    kb: KnowledgeBase
    dataset: Dataset
    merge: Graph


@pytest.fixture(scope="module")
def world(policy: Policy) -> World:
    paths = [str(CASES / "mp9556" / name) for name in ("adult-admission", "adult-continuation", "illinois")]
    names = [*list(sources.find(paths))[::4], str(CASES / "mp9556" / "adult-admission" / "same-day-contradiction.ttl")]
    names += [
        str(CASES / "mp9556" / "adult-admission" / "criteria-met.ttl"),
        str(CASES / "rules/unread/no-other-disorder.ttl"),
    ]
    cases = list({case.iri: case for name in names for case in intake.read(name, policy)[0]}.values())
    kb = KnowledgeBase()
    kb.load_policy(policy)
    determinations = []
    changed = (CASES / "mp9556" / "adult-admission" / "criteria-met.ttl").read_text()
    (before,), *_ = intake.read("before.ttl", policy, data=changed.replace("nec:Affirmed", "nec:Denied", 3).encode())
    kb.load_case(before)
    kb.record(determine_case(before, policy))
    for case in cases:
        kb.load_case(case)
        determinations += (made := determine_case(case, policy))
        kb.record(made)
    for case in cases[:2]:
        kb.record(determine_case(case, policy))
    quads = list(kb.export())
    dataset = Dataset(default_union=True)
    dataset.parse(data="".join(f"{quad} .\n" for quad in quads), format="nquads")
    merge = Graph(bind_namespaces="none")
    merge.parse(data="".join(f"{quad.triple} .\n" for quad in quads), format="nt")
    return World(cases, determinations, kb, dataset, merge)


def value(term: object) -> str | Decimal | None:
    """A term to compare: a number as such, all else as its text, with the offset of UTC as Oxigraph writes it."""
    if term is None:
        return None
    kind = str(getattr(term, "datatype", None) or "")
    text = str(term) if isinstance(term, Literal) else str(getattr(term, "value", term))
    if "dateTime" in kind:
        return text.replace("+00:00", "Z")
    return Decimal(text) if "integer" in kind or "decimal" in kind else text


def rows(found: Iterable[Iterable[object]]) -> Rows:
    return sorted((tuple(value(term) for term in row) for row in found), key=str)


def in_base(world: World, question: str) -> Rows:
    found = world.kb.query(PREFIXES + QUESTIONS[question])
    return rows([row[number] for number in range(len(found.variables))] for row in found)


@pytest.mark.parametrize("question", QUESTIONS)
def test_three_engines_give_one_answer(world: World, question: str) -> None:
    answer = in_base(world, question)
    assert answer, "a question that the charts do not answer shows nothing"
    assert rows(world.dataset.query(PREFIXES + QUESTIONS[question])) == answer
    assert rows(world.merge.query(PREFIXES + QUESTIONS[question])) == answer


COMUNICA = """
import { readFileSync } from 'fs';
import { QueryEngine } from '@comunica/query-sparql';
import { Parser, Store } from 'n3';
const [triples, questions] = process.argv.slice(2).map((path) => readFileSync(path, 'utf-8'));
const store = new Store(new Parser().parse(triples)), engine = new QueryEngine();
for (const [name, text] of Object.entries(JSON.parse(questions))) {
  const answer = await engine.query(text, { sources: [store] });
  const names = (await answer.metadata()).variables.map((each) => each.value);
  const rows = (await (await answer.execute()).toArray()).map((row) => names.map((name) => row.get(name)));
  console.log(JSON.stringify([name, rows.map((row) => row.map((term) => term && [term.value, term.datatype?.value ?? '']))]));
}
"""


@pytest.mark.slow
def test_comunica_gives_the_same_answers(world: World, tmp_path: Path) -> None:
    home = node.packages("@comunica/query-sparql@4", "n3@1")
    (tmp_path / "base.nt").write_text("".join(f"{quad.triple} .\n" for quad in world.kb.export()))
    (tmp_path / "questions.json").write_text(json.dumps({name: PREFIXES + text for name, text in QUESTIONS.items()}))
    out = node.run(home, "questions.mjs", COMUNICA, str(tmp_path / "base.nt"), str(tmp_path / "questions.json"))
    answered = dict(json.loads(line) for line in out.splitlines())
    for question in QUESTIONS:
        told = (
            [None if term is None else Literal(term[0], datatype=term[1] or None) for term in row]
            for row in answered[question]
        )
        assert rows(told) == in_base(world, question), question


def test_answers_are_those_of_the_charts(world: World) -> None:
    """Some of them, counted in Python from the charts and determinations."""
    stances: dict[tuple[str, str], int] = {}
    for case in world.cases:
        for statement in case.statements:
            key = (case.iri, f"https://w3id.org/necessity/core#{statement.assertion.value}")
            stances[key] = stances.get(key, 0) + 1
    counted = [(*key, Decimal(number)) for key, number in stances.items()]
    assert in_base(world, "statements of each request by stance") == sorted(counted, key=str)
    rests_on = {e.statement.iri for d in world.determinations for r in d.criteria for e in r.evidence}
    unused = [(s.iri,) for case in world.cases for s in case.statements if s.iri not in rests_on]
    assert in_base(world, "statements that no determination rests on") == sorted(unused, key=str)
    outcomes = sum(number for *_, number in in_base(world, "outcomes by phase and focus"))
    assert outcomes == len({d.case.iri for d in world.determinations})
