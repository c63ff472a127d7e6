"""A suggestion is never evidence: whatever a chart holds of them, no status, count, gap or outcome is another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef

from reasoner import Determination, Engine, Policy, determine
from reasoner.abstraction.suggestions import Abstractor
from reasoner.rdf.namespaces import NEC, OA, RDF
from reasoner.render.suggestions import to_graph
from tests.abstraction.conftest import text
from tests.explore import examples
from tests.random_charts import Chart, charts

SENTENCES = (
    "Sleeping in a tent since the eviction.",
    "Agrees to start on Monday.",
    "No safety plan has been made.",
    "Drinks a fifth of vodka a day.",
    "His wife comes to every family session.",
    "PHQ-9 of 21 today.",
)


@pytest.fixture(scope="module")
def suggested(policy: Policy, abstractor: Abstractor) -> Graph:
    leaves = [c for c in policy.versions[-1].by_id.values() if c.finding]
    return to_graph(abstractor.suggest([text("\n\n".join(SENTENCES))], leaves), policy)


def told(determination: Determination) -> object:
    """All that a determination says, but for the digest of its input."""
    return (
        replace(determination.case, content="", digest="", source=""),
        determination.outcome,
        determination.criteria,
        determination.notes,
        [(a.reading, a.outcome) for a in determination.readings],
        determination.gaps.count,
        determination.set_aside,
    )


@given(chart=charts(), engine=st.sampled_from(list(Engine)))
@examples(12)
def test_suggestions_change_nothing(policy: Policy, suggested: Graph, chart: Chart, engine: Engine) -> None:
    plain = Graph().parse(data=chart.turtle(), format="turtle")
    (without,) = determine(plain, policy, engine=engine)
    (beside,) = determine(plain + suggested, policy, engine=engine)
    assert told(beside) == told(without)
    assert beside.case.digest == without.case.digest


def test_not_even_one_that_points_to_the_request(policy: Policy, suggested: Graph) -> None:
    chart = Graph().parse(data=Chart(attested=("adult-admission:5",)).turtle(), format="turtle")
    (request,) = chart.subjects(RDF.type, NEC.ReviewRequest)
    for suggestion in list(suggested.subjects(RDF.type, NEC.Suggestion)):
        chart.add((suggestion, NEC.request, request))
    (determination,) = determine(chart + suggested, policy)
    assert len(determination.case.statements) == 1


def test_a_suggestion_says_where_and_by_what_it_was_found(suggested: Graph) -> None:
    for suggestion in suggested.subjects(RDF.type, NEC.Suggestion):
        assert (suggestion, NEC.assertion, None) not in suggested
        assert (suggestion, NEC.about, None) not in suggested
        assert suggested.value(suggestion, NEC.rankedBy) == Literal("necessity-ridge/2")
        assert isinstance(suggested.value(suggestion, OA.hasTarget), URIRef)


def test_what_it_is_written_in_is_declared(policy: Policy, suggested: Graph, tmp_path: Path) -> None:
    used = {str(p) for p in suggested.predicates()} | {str(NEC.Suggestion)}
    assert {name for name in used if name.startswith(str(NEC))} <= policy.declared
