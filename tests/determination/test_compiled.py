"""The compiled program of the toy policy: the inference and the reports of the reference engine, on any statements."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner import load_policy
from reasoner.chart.model import Case, Statement, meaning
from reasoner.determination import compiled, proof
from reasoner.determination.compiled import CompiledPolicy
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.inference import infer
from reasoner.determination.judging import LeafReport
from reasoner.determination.settling import settle
from reasoner.determination.validation import evaluate
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, RDF
from tests.cases import NOTE, STANCES, case, day
from tests.conftest import write_toy
from tests.explore import examples

VOCABULARY, TOY = "https://example.org/toy/vocabulary#", "https://example.org/toy/2030-01-01/"
CLASSES = ("JointStiffness", "FrozenShoulder", "ExercisePlan", "AthleticTraining")


@pytest.fixture(scope="module")
def toy(core_alone: None, tmp_path_factory: pytest.TempPathFactory) -> PolicyVersion:
    return load_policy("toy", root=write_toy(tmp_path_factory.mktemp("toy"))).versions[0]


@pytest.fixture(scope="module")
def compiled_toy(toy: PolicyVersion) -> CompiledPolicy:
    return CompiledPolicy(toy)


def make_statement(number: int, stance: str, name: str, on: int, recorded: int, codes: tuple[str, ...]) -> Statement:
    facts = tuple((terms.iri(f"urn:fact:{code}"), f'"{code}"') for code in codes)
    what = meaning(STANCES[stance], frozenset({VOCABULARY + name}), frozenset(), frozenset(), facts)
    return Statement(f"urn:s{number}", what, day(on), day(max(on, recorded)), NOTE, "", "")


statements = st.tuples(
    st.sampled_from(["affirms", "denies"]),
    st.sampled_from(CLASSES),
    st.integers(1, 6),
    st.integers(1, 8),
    st.sampled_from([(), ("x",), ("x", "y")]),
)


@examples(60)
@given(rows=st.lists(statements, max_size=5))
def test_the_program_gives_what_the_reference_gives(
    toy: PolicyVersion, compiled_toy: CompiledPolicy, rows: list[tuple[str, str, int, int, tuple[str, ...]]]
) -> None:
    sample = replace(
        case(*(make_statement(number, *rest) for number, rest in enumerate(rows)), end=5),
        facts=(("<urn:request>", terms.of(RDF.type), terms.of(NEC.ReviewRequest)),),
    )
    reference, inferred = infer(sample, toy), compiled_toy.infer(sample)
    named = {name for names in reference.classes.values() for name in names if name.startswith(VOCABULARY)}
    for statement in sample.statements:
        assert inferred.classes[statement.iri] & named == reference.classes[statement.iri] & named
    assert (inferred.facts, inferred.age_group) == (reference.facts, reference.age_group)
    settlement = settle(sample, reference, toy)
    assert settle(sample, inferred, toy) == settlement
    graph = evidence_graph(sample, reference, settlement, toy)
    leaves = tuple(toy.leaves)
    assert compiled_toy.evaluate(leaves, sample, inferred, settlement) == evaluate(toy, leaves, graph, sample.iri)


def test_threads_never_take_what_is_remembered_of_one_kind_of_evidence_for_that_of_another(
    toy: PolicyVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_LIMIT", 2)
    policy, leaves = CompiledPolicy(toy), tuple(toy.leaves)
    expected: list[tuple[Case, dict[str, LeafReport]]] = []
    for stance in ("affirms", "denies"):
        for several in range(1, 5):
            rows = [make_statement(number, stance, name, 1, 1, ()) for number, name in enumerate(CLASSES[:several])]
            sample = case(*rows, end=5)
            inference = infer(sample, toy)
            graph = evidence_graph(sample, inference, settle(sample, inference, toy), toy)
            expected.append((sample, evaluate(toy, leaves, graph, sample.iri)))

    def is_right(number: int) -> bool:
        sample, reports = expected[number % len(expected)]
        inference = policy.infer(sample)
        return policy.evaluate(leaves, sample, inference, settle(sample, inference, toy)) == reports

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(is_right, range(2000)))
    finally:
        sys.setswitchinterval(interval)


def test_every_leaf_of_the_toy_is_compiled_and_silence_documents_nothing(compiled_toy: CompiledPolicy) -> None:
    assert compiled_toy.uncompiled == {}
    for iri in compiled_toy.leaves:
        assert compiled_toy.status(iri, compiled_toy.silence[iri]) is Status.NOT_DOCUMENTED


def test_a_leaf_with_a_constraint_that_is_not_compiled_is_left_to_another_engine(
    core_alone: None, tmp_path: Path
) -> None:
    path = write_toy(tmp_path) / "shapes" / "toy" / "2030-01-01.ttl"
    shape = "[ sh:class toy:JointStiffness ]"
    longer = "[ sh:class toy:JointStiffness ; sh:property [ sh:path <urn:note> ; sh:maxLength 5 ] ]"
    path.write_text(path.read_text().replace(shape, longer, 1))
    compiled = CompiledPolicy(load_policy("toy", root=tmp_path).versions[0])
    assert list(compiled.uncompiled) == [f"{TOY}criteria/1-a"]
    assert "sh:maxLength" in compiled.uncompiled[f"{TOY}criteria/1-a"]


def test_a_leaf_that_reads_the_request_is_answered_for_each_request_anew(core_alone: None, tmp_path: Path) -> None:
    path = write_toy(tmp_path) / "shapes" / "toy" / "2030-01-01.ttl"
    own = "sh:property criteria:1-a-documented , criteria:1-a-undisputed"
    text = path.read_text().replace(own, f"{own} , criteria:1-a-place", 1)
    path.write_text(
        text + "criteria:1-a-place sh:path nec:program ; sh:maxCount 0 ; sh:severity sh:Violation ; sh:message 'no' .\n"
    )
    version = load_policy("toy", root=tmp_path).versions[0]
    compiled, leaf = CompiledPolicy(version), f"{TOY}criteria/1-a"
    typed = ("<urn:request>", terms.of(RDF.type), terms.of(NEC.ReviewRequest))
    in_program = ("<urn:request>", terms.of(NEC.program), "<urn:program>")
    for rows in ([], [("affirms", "JointStiffness", 1, 1, ())]):
        stated = case(*(make_statement(number, *row) for number, row in enumerate(rows)), end=5)
        for facts in ((typed,), (typed, in_program), (typed,)):
            sample = replace(stated, facts=facts)
            inference = compiled.infer(sample)
            settlement = settle(sample, inference, version)
            graph = evidence_graph(sample, inference, settlement, version)
            expected = evaluate(version, (leaf,), graph, sample.iri)
            assert compiled.evaluate((leaf,), sample, inference, settlement) == expected


def test_leaves_are_proved_once_for_a_policy_as_it_is(
    core_alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NECESSITY_CACHE", str(tmp_path / "cache"))
    root, proved = write_toy(tmp_path), []
    prove = proof.prove
    monkeypatch.setattr(proof, "prove", lambda version, leaf, ask: proved.append(leaf) or prove(version, leaf, ask))

    def compile_in_another_process() -> int:
        proof._proved.clear()
        before = len(proved)
        CompiledPolicy(load_policy.__wrapped__("toy", root=root).versions[0])
        return len(proved) - before

    assert compile_in_another_process() == 3
    assert compile_in_another_process() == 0
    shapes = root / "shapes/toy/2030-01-01.ttl"
    sound = shapes.read_text()
    shapes.write_text(sound.replace("sh:path nec:denied", "sh:path nec:affirmed", 1))
    with pytest.raises(EngineError, match="criteria/1-a"):
        compile_in_another_process()
    shapes.write_text(f"# the same graph, written otherwise\n{sound}")
    assert compile_in_another_process() == 0
