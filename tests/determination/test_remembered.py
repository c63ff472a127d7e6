"""What leaves came to before is what they come to again, whatever else a chart says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from benchmarks.generate import generate
from reasoner import Policy, load_policy
from reasoner.chart import intake
from reasoner.chart.intake import read_graph
from reasoner.chart.model import Case
from reasoner.determination import remembered
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.remembered import Remembered
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import parsing
from tests.conftest import CASES, Attestation, chart, write_toy
from tests.explore import examples
from tests.random_charts import Chart, charts, met_charts

Found = tuple[dict[str, object], dict[str, object]]


@pytest.fixture(scope="module")
def version(policy: Policy) -> PolicyVersion:
    return policy.versions[0]


@pytest.fixture(scope="module")
def memory(version: PolicyVersion) -> Remembered:
    """One memory for all charts of this module, so that what one has taught it is asked of the next."""
    return Remembered(version)


def collected(told: list[remembered.Told]) -> Found:
    """Statuses and evidence by leaf."""
    statuses: dict[str, object] = {}
    evidence: dict[str, object] = {}
    for result, statements in told:
        statuses |= {leaf: (status, facts) for leaf, status, facts in result.statuses}
        evidence |= {leaf: [statements[place].iri for place in places] for leaf, places in result.evidence}
    return statuses, evidence


def whole(case: Case, version: PolicyVersion) -> Found:
    """What the leaves come to in a case that is settled as a whole, by a memory that has seen nothing."""
    unlearned = Remembered(version)
    unlearned.whole = True
    return collected(unlearned.told(case, compiled_policy(version).infer(case)))


def agree(case: Case, version: PolicyVersion, memory: Remembered) -> None:
    assert collected(memory.told(case, compiled_policy(version).infer(case))) == whole(case, version)


@pytest.mark.parametrize("folder", ["mp9556", "rules"])
def test_sample_charts(folder: str, policy: Policy, version: PolicyVersion, memory: Remembered) -> None:
    for path in sorted((CASES / folder).rglob("*.ttl")):
        for case in intake.read_file(path, policy):
            agree(case, version, memory)


@examples(150)
@given(sample=st.one_of(charts(), met_charts()))
def test_random_charts(policy: Policy, version: PolicyVersion, memory: Remembered, sample: Chart) -> None:
    for case in read_graph(Graph().parse(data=sample.turtle(), format="turtle"), policy):
        agree(case, version, memory)


def test_generated_charts_and_the_same_on_other_days(
    policy: Policy, version: PolicyVersion, memory: Remembered
) -> None:
    for number, text in enumerate(generate(150, seed=41)):
        (data,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], f"chart {number}")
        for case in intake.read_cases(data, policy):
            agree(case, version, memory)
            known = len(memory._known)
            later = timedelta(days=1)
            moved = replace(
                case,
                start=case.start + later,
                end=case.end and case.end + later,
                as_of=case.as_of + later,
                admitted=case.admitted and case.admitted + later,
                statements=tuple(
                    s._replace(iri=f"x{s.iri}", observed=s.observed + later, recorded=s.recorded + later)
                    for s in case.statements
                ),
            )
            agree(moved, version, memory)
            assert len(memory._known) == known, "a chart that differs in names and days alone teaches nothing new"


@pytest.mark.parametrize(
    "odd",
    [
        ":s0 nec:severity :s1 .",  # a fact that leads to another statement
        ":s0 nec:acceptedBy :request .",
        ":s1-affirmed a nec:Statement , iop:NoSafetyPlan ; nec:about :request ; nec:assertion nec:Affirmed ;"
        ' nec:documentedIn :note ; nec:recorded "2025-06-01"^^xsd:date .',  # named as a node beside :s1 would be
        ":s0 a iop:NoSafetyPlan , iop:UnqualifiedFacility .",  # two absences at once
    ],
)
def test_odd_charts(odd: str, policy: Policy, version: PolicyVersion, memory: Remembered) -> None:
    turtle = chart([Attestation("adult-admission:8-a-iii"), Attestation("adult-admission:6-plan")]) + odd
    try:
        cases = read_graph(Graph().parse(data=turtle, format="turtle"), policy)
    except parsing.DocumentationError:
        cases = ()
    for case in cases:
        agree(case, version, memory)


def test_leaves_that_depend_on_one_another_are_in_one_group(version: PolicyVersion) -> None:
    groups = [{leaf.rsplit("/", 1)[-1] for leaf in group.leaves} for group in Remembered(version).groups]
    assert {"1-diagnosis", "1-severity", "8-a-ii"} in groups, "ratings and what stands beside a disorder"
    assert any({"6-plan", "6-provider", "6-emergency"} <= group for group in groups), "denied by one absence"
    assert any({"2-a-impairment", "impairment-mild"} <= group for group in groups), "settled as one"
    assert {"3"} in groups
    assert sum(map(len, groups)) == len(version.leaves)


def test_a_leaf_that_reads_other_evidence_is_never_remembered(
    tmp_path_factory: pytest.TempPathFactory, core_alone: None
) -> None:
    """Its evidence by way of the request: no key of its own statements would do."""
    plain, root = (write_toy(tmp_path_factory.mktemp("toy")) for _ in range(2))
    path = root / "shapes" / "toy" / "2030-01-01.ttl"
    before = "sh:qualifiedValueShape [ sh:class toy:JointStiffness ]"
    shape = "sh:path ( [ sh:inversePath nec:affirmed ] nec:affirmed nec:acceptedBy ) ; sh:minCount 1"
    assert not Remembered(load_policy("toy", root=plain).versions[0]).whole
    path.write_text(path.read_text().replace(before, before.replace(" ]", f" ; sh:not [ {shape} ] ]"), 1))
    assert Remembered(load_policy("toy", root=root).versions[0]).whole


def test_what_is_remembered_is_bounded(policy: Policy, version: PolicyVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_LIMIT", 3)
    memory = Remembered(version)
    for path in sorted((CASES / "mp9556" / "dates").glob("*.ttl")):
        for case in intake.read_file(path, policy):
            agree(case, version, memory)
            assert len(memory._known) < 80
