"""Questions beyond the library, as an informatician asks them: each has the same answer in three engines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from rdflib import Dataset, Graph, Literal

from reasoner import Policy
from reasoner.chart import intake, sources
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.determination.model import Determination
from reasoner.store.base import KnowledgeBase
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
}
PREFIXES = """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX iop: <https://w3id.org/necessity/mp9556/vocabulary#>
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/> PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
Rows = list[tuple[str | Decimal | None, ...]]


@dataclass
class World:
    """A base with charts and their determinations, two of the charts determined twice, and the same in other engines."""

    cases: list[Case]
    determinations: list[Determination]
    kb: KnowledgeBase
    dataset: Dataset
    merge: Graph


@pytest.fixture(scope="module")
def world(policy: Policy) -> World:
    paths = [str(CASES / "mp9556" / name) for name in ("adult-admission", "adult-continuation", "illinois")]
    names = [*list(sources.find(paths))[::4], str(CASES / "mp9556" / "adult-admission" / "same-day-contradiction.ttl")]
    names.append(str(CASES / "rules" / "unread" / "no-other-disorder.ttl"))
    cases = list({case.iri: case for name in names for case in intake.read(name, policy)[0]}.values())
    kb = KnowledgeBase()
    kb.load_policy(policy)
    determinations = []
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
