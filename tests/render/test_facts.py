"""The facts that a leaf asks about, in every form of the record: each by name, with its status and what speaks to it."""

from __future__ import annotations

import pytest
from rdflib import RDFS, Graph, URIRef

from reasoner import Determination, Policy, determine
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.render import text
from reasoner.render.document import to_html, to_markdown
from reasoner.render.json import to_json
from reasoner.render.notices import to_letter
from reasoner.render.provenance import to_graph
from tests.conftest import VERSION, request

IOP = "https://w3id.org/necessity/mp9556/vocabulary#"

STATEMENTS = {
    "disorder": "iop:AlcoholUseDisorder ; nec:severity nec:Severe ; nec:primary true",
    "remission": "iop:OpioidUseDisorder ; nec:remission nec:InRemission",
    "managed": "iop:WithdrawalManagedWithMedication ; iop:substance iop:Opioids",
    "severe": "iop:InpatientWithdrawalManagementNeed ; iop:substance iop:Alcohol",
    "mild": "iop:WithdrawalManagedWithMedication ; iop:substance iop:Alcohol",
    "mood": "iop:FunctionalImpairment ; nec:severity nec:Moderate ; iop:functionalDomain iop:WorkDomain , iop:FamilyDomain",
    "coping": "iop:CopingSkillsOverwhelmed",
}
"""What each statement affirms: the alcohol withdrawal is both manageable and not on one day, the opioid one is manageable."""


def chart(statements: dict[str, str]) -> Graph:
    lines = (
        f":{name} a nec:Statement , {says} ; nec:about :request ; nec:assertion nec:Affirmed ; nec:documentedIn :note ; "
        f'nec:observed "2025-06-02"^^xsd:date ; nec:excerpt "said of {name}" .'
        for name, says in statements.items()
    )
    return Graph().parse(data=request(focus="SubstanceUse") + "\n".join(lines), format="turtle")


@pytest.fixture(scope="module")
def determination(policy: Policy) -> Determination:
    (found,) = determine(chart(STATEMENTS), policy)
    return found


def facts(record: dict[str, object], id_: str) -> list[dict[str, object]]:
    criteria: list[dict[str, list[dict[str, object]]]] = record["criteria"]  # type: ignore[assignment]
    return next(criterion["facts"] for criterion in criteria if criterion["id"] == id_)  # type: ignore[comparison-overlap]


def test_json_has_each_fact_with_its_status_and_statements(determination: Determination) -> None:
    record = to_json(determination)
    by_label = {fact["label"]: fact for fact in facts(record, "substance-use:2")}
    assert {label: fact["status"] for label, fact in by_label.items()} == {"alcohol": "conflicting", "opioids": "met"}
    assert by_label["opioids"]["topic"] == f"{IOP}Opioids"
    assert [iri.rpartition("#")[2] for iri in by_label["alcohol"]["evidence"]] == ["mild", "severe"]  # type: ignore[attr-defined]
    assert facts(record, "adult-admission:2-b") == []


def test_the_graph_has_each_fact_as_a_node(determination: Determination) -> None:
    graph = to_graph([determination])
    found = {
        (str(graph.value(fact, RDFS.label)), graph.value(fact, NEC.factTopic), graph.value(fact, NEC.status))
        for result in graph.subjects(NEC.criterion, URIRef(f"{VERSION}substance-use/2"))
        for fact in graph.objects(result, NEC.fact)
    }
    assert found == {
        ("alcohol", URIRef(f"{IOP}Alcohol"), NEC.Conflicting),
        ("opioids", URIRef(f"{IOP}Opioids"), NEC.Met),
    }
    remitted = [fact for fact in graph.subjects(NEC.remission, None) if (fact, RDF.type, NEC.FactResult) in graph]
    assert {str(graph.value(fact, RDFS.label)) for fact in remitted} == {"opioid use disorder"}
    assert {graph.value(fact, NEC.status) for fact in remitted} == {NEC.NotDocumented}


def test_people_read_facts_by_name(determination: Determination) -> None:
    lines = [line.strip() for line in text.render(determination).splitlines()]
    assert "alcohol: conflicting" in lines
    assert "opioids: met" in lines
    assert "family, work: met" in lines  # one statement, one status: shown once
    assert "opioid use disorder: in remission" in lines
    assert any(line.startswith("says that it is in remission: “said of remission”") for line in lines)
    for form in (to_html([determination]), to_markdown([determination])):
        for wanted in ("alcohol: conflicting", "family, work: met", "opioid use disorder: in remission"):
            assert wanted in form


@pytest.fixture(scope="module")
def factors(policy: Policy) -> Determination:
    """A determination of a chart in which the level is required because of one factor, and another is documented."""
    more = {
        "home": "iop:Homelessness",
        "need": "iop:LevelRequiredByFactor ; iop:factor adult-admission:8-a-i",
    }
    (found,) = determine(chart({**STATEMENTS, **more}), policy)
    return found


def test_a_gap_names_the_facts_that_stand_open_or_conflict(determination: Determination) -> None:
    record = to_json(determination)
    assert record["gapFacts"]["substance-use:2"] == [
        {"topic": f"{IOP}Alcohol", "label": "alcohol", "status": "conflicting"}
    ]
    lines = [line.strip() for line in text.explain(determination).splitlines()]
    assert "which: alcohol (conflicting)" in lines
    assert "contradicts itself on alcohol" in text.explain(determination)
    letter = to_letter(determination)
    assert letter
    assert "   which: alcohol (conflicting)" in letter.splitlines()
    for form in (to_html([determination]), to_markdown([determination])):
        assert "which: alcohol (conflicting)" in form


def test_a_gap_says_for_which_alternatives_a_leaf_is_needed(factors: Determination) -> None:
    """The home is unstable and no need names it; the comorbidity is not documented and its need is."""
    labels = {fact.topic.rpartition("/")[2]: fact.label for fact in factors.open_facts("adult-admission:8-a-need")}
    assert labels["8-a-iii>"] == "unstable living situation"
    assert "8-a-i>" not in labels
    alone = factors.open_facts("adult-admission:8-a-need", {"adult-admission:8-a-need"})
    assert [fact.label for fact in alone] == ["unstable living situation"]
    together = factors.open_facts("adult-admission:8-a-need", {"adult-admission:8-a-need", "adult-admission:8-a-v"})
    assert [fact.label for fact in together] == ["unstable living situation", "lack of community resources"]
    assert "adult-admission:8-a-need (for: unstable living situation)" in " ".join(text.explain(factors).split())
    assert "still needed for: concurrent" in text.explain(factors, "adult-admission:8-a-need")


def test_an_item_that_was_not_read_is_named_with_the_leaf_that_counts_it(policy: Policy) -> None:
    item = (
        ":item a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:code icd10cm:F13.20 ; "
        'nec:words "something like F13" ; nec:reason "unknown code" .'
    )
    graph = chart({name: says for name, says in STATEMENTS.items() if name != "severe"})
    graph.parse(data=request(focus="SubstanceUse").split(":request a")[0] + item, format="turtle")
    (found,) = determine(graph, policy)
    shown = " ".join(text.render(found).split())
    assert found.status("substance-use:2").value == "not-documented"
    assert "not read, and may be one more: condition (unknown code): “something like F13”" in shown
    assert "not read, and may be one more" in to_html([found])
