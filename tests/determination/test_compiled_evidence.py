"""Evidence as compiled tests see it: the same as the graph that the reference engine is given."""

from __future__ import annotations

import pytest

from reasoner.chart.model import Assertion
from reasoner.determination.compiled_evidence import RELATION, Evidence, EvidenceKind, LeafAnswer
from reasoner.rdf import terms
from reasoner.rdf.compiled_owl import TYPE
from reasoner.rdf.compiled_shacl import CompiledShape
from reasoner.rdf.property_paths import Steps
from reasoner.rdf.pyshacl_door import ValidationResult

AFFIRMED, DENIED = RELATION[Assertion.AFFIRMED], RELATION[Assertion.DENIED]
REQUEST, HOURS, TOPIC = "<urn:request>", "<urn:hours>", "<urn:topic>"
NINE = '"9"^^<http://www.w3.org/2001/XMLSchema#integer>'


def kind(relation: str, *classes: str, **facts: str) -> EvidenceKind:
    values = {terms.iri(f"urn:{name}"): [value] for name, value in facts.items()}
    return EvidenceKind(0, relation, frozenset(classes), values, ())


EVIDENCE = Evidence(
    "urn:request",
    {
        "<urn:one>": kind(AFFIRMED, "<urn:A>", hours=NINE),
        "<urn:two>": kind(AFFIRMED, "<urn:A>", "<urn:B>"),
        "<urn:three>": kind(DENIED, "<urn:A>", topic="<urn:disorder>"),
    },
    facts=((REQUEST, TYPE, "<urn:Request>"), (REQUEST, "<urn:plan>", "<urn:a-plan>"), ("<urn:a-plan>", HOURS, NINE)),
)


def test_the_request_leads_to_the_nodes_by_their_stance() -> None:
    assert list(EVIDENCE.values(REQUEST, AFFIRMED)) == ["<urn:one>", "<urn:two>"]
    assert list(EVIDENCE.values(REQUEST, DENIED)) == ["<urn:three>"]
    assert list(EVIDENCE.values("<urn:a-plan>", AFFIRMED)) == []
    assert list(EVIDENCE.subjects(DENIED, "<urn:three>")) == [REQUEST]
    assert list(EVIDENCE.subjects(DENIED, "<urn:one>")) == []


def test_a_node_has_its_facts_and_its_classes() -> None:
    assert list(EVIDENCE.values("<urn:one>", HOURS)) == [NINE]
    assert list(EVIDENCE.values("<urn:two>", HOURS)) == []
    assert set(EVIDENCE.types("<urn:two>")) == {"<urn:A>", "<urn:B>"}


def test_the_request_and_its_parties_have_what_is_said_of_them() -> None:
    assert set(EVIDENCE.types(REQUEST)) == {"<urn:Request>"}
    assert list(EVIDENCE.values(REQUEST, "<urn:plan>")) == ["<urn:a-plan>"]
    assert set(EVIDENCE.subjects(HOURS, NINE)) == {"<urn:one>", "<urn:a-plan>"}
    assert set(EVIDENCE.types("<urn:nowhere>")) == set()


@pytest.mark.parametrize(("topic", "entangled"), [("<urn:disorder>", False), ("<urn:other>", True), (REQUEST, True)])
def test_evidence_is_entangled_where_a_fact_leads_to_another_node(topic: str, entangled: bool) -> None:
    nodes = {"<urn:node>": kind(AFFIRMED, topic=topic), "<urn:other>": kind(AFFIRMED)}
    assert Evidence("urn:request", nodes, facts=((REQUEST, TYPE, "<urn:Request>"),)).entangled is entangled


def test_an_answer_tells_its_reports_as_results_of_no_request() -> None:
    path = Steps(((AFFIRMED, False),))
    report = CompiledShape(
        "<urn:shape>", "Warning", '"Nothing is said."@en', path, "urn:component", lambda view, node: True
    )
    other = ValidationResult("urn:another", "urn:other-shape", "Violation", "It is denied.")
    answer = LeafAnswer([report, other])
    assert answer.severities == ("Warning", "Violation")
    assert answer.results == (
        ValidationResult(
            "", "urn:shape", "Warning", "Nothing is said.", "", "urn:component", terms.name(AFFIRMED), "en"
        ),
        ValidationResult("", "urn:other-shape", "Violation", "It is denied."),
    )
