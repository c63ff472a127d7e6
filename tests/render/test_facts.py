"""The facts that a leaf asks about, in every form of the record: each by name, with its status and what speaks to it."""

from __future__ import annotations

import pytest
from rdflib import RDFS, Graph, URIRef

from reasoner import Determination, Policy, determine
from reasoner.rdf.namespaces import NEC
from reasoner.render import text
from reasoner.render.document import to_html, to_markdown
from reasoner.render.json import to_json
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
    remitted = list(graph.subjects(NEC.remission, None))
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
