"""The reasoner against the second evaluator: sample charts, and charts at random, by either engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from rdflib import Graph

from reasoner import Determination, Engine, Policy, determine
from reasoner.determination.bearing import Reason
from tests.conftest import CASES
from tests.explore import examples
from tests.random_charts import Chart, charts
from tests.second_evaluator import evaluate, set_aside
from tests.test_cases import CHARTS, expectation

Aside = tuple[str, str, str]

EXPECTED = {
    path: expectation(path)
    for path in CHARTS
    if path.suffix == ".ttl" and all(wanted["outcome"] != "no-policy-version" for wanted in expectation(path))
}
"""What is expected of the sample charts whose service lies within one policy version."""


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_the_second_evaluator_gives_what_sample_charts_expect(path: Path) -> None:
    graph = Graph().parse(path)
    for wanted in EXPECTED[path]:
        name = wanted.get("request", "")
        found = evaluate(graph, name)
        spoken = {id_: status for id_, status in found.statuses.items() if status != "not-documented"}
        if "concerns" in wanted:
            assert {id_: found.statuses.get(id_) for id_ in wanted["concerns"]} == wanted["concerns"], name
        else:
            assert spoken == wanted.get("statuses", {})
        assert found.outcome == wanted["outcome"], name
        otherwise = {"/".join(r): outcome for r, outcome in found.readings.items() if outcome != found.outcome}
        assert otherwise == wanted.get("readings", {}), name
        assert not set(wanted.get("absent", ())) & set(found.statuses)


def agree(chart: Chart, policy: Policy, engine: Engine) -> None:
    """Outcome, statuses, readings, and what is set aside for which leaf and why."""
    graph = Graph().parse(data=chart.turtle(), format="turtle")
    (found,) = determine(graph, policy, engine=engine)
    expected = evaluate(graph)
    assert {result.criterion.id: result.status.value for result in found.criteria} == expected.statuses
    assert found.outcome == expected.outcome
    assert {
        (other.interpretation.id, other.reading.id.rpartition("/")[2]): other.outcome.value for other in found.readings
    } == expected.readings
    assert found.holds_under_all_readings == expected.holds_under_all_readings
    assert found.holds_under_strained_readings == expected.holds_under_strained_readings
    compared = set_aside(graph)
    asked = {"", *expected.statuses}
    assert of_whole(aside for aside in asides(found) if aside[0] in compared) == of_whole(
        (statement, leaf, reason)
        for statement, reasons in compared.items()
        for leaf, reason in reasons
        if leaf in asked and not (reason == Reason.NARROWER and disputes(found))
    )


def disputes(determination: Determination) -> bool:
    """Whether a finding is disputed on its day and another finding decides."""
    return any(aside.reason is Reason.DISPUTED for aside in determination.asides)


def asides(determination: Determination) -> Iterator[Aside]:
    """Statement, leaf and reason of what is set aside; not of what is in a dispute that another finding decides."""
    left_out = {Reason.DISPUTED, *([Reason.NARROWER] if disputes(determination) else [])}
    id_of = {result.criterion.iri: result.criterion.id for result in determination.criteria}
    for aside in determination.asides:
        if aside.reason not in left_out:
            yield aside.statement.iri, id_of.get(aside.leaf, ""), aside.words


def of_whole(asides: Iterable[Aside]) -> set[Aside]:
    """What is set aside, without the leaf where the reason is not one leaf's."""
    return {
        (statement, "" if reason in (Reason.RECORDED_LATER, Reason.OBSERVED_LATER) else leaf, reason)
        for statement, leaf, reason in asides
    }


@examples(150)
@given(chart=charts())
def test_random_charts(policy: Policy, chart: Chart) -> None:
    agree(chart, policy, Engine.FAST)


@examples(3)
@given(chart=charts())
def test_random_charts_by_the_reference_engine(policy: Policy, chart: Chart) -> None:
    agree(chart, policy, Engine.REFERENCE)
