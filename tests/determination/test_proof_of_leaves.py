"""The proof that an engine looks at a leaf: what is asked, what is demanded, and when it is asked again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rdflib import URIRef

from reasoner import load_policy
from reasoner.determination import proof
from reasoner.determination.proof import Probe, attestations, probes, prove, prove_once
from reasoner.ground.errors import EngineError
from reasoner.logic.fold import Status
from reasoner.policy.model import PolicyVersion
from reasoner.rdf.namespaces import NEC
from tests.conftest import write_toy
from tests.policies import all_of, iri, leaf, version

VERSION = version(all_of("s", leaf("a"), leaf("b", conditional=True, speaks_only_with=("urn:who",)), leaf("c")))


def honest(asked: tuple[Probe, ...]) -> dict[str, Status]:
    """What an engine answers that looks at the leaf."""
    return {probe.name: probe.expected for probe in asked}


def test_a_leaf_is_asked_by_itself_among_others_and_of_others_alone() -> None:
    asked = {probe.name: (sorted(c.id for c in probe.spoken), probe.expected) for probe in probes(VERSION, iri("b"))}
    silent = Status.NOT_DOCUMENTED
    assert asked == {
        "silence": ([], silent),
        "affirmation": (["b"], Status.MET),
        "affirmation-among-others": (["a", "b", "c"], Status.MET),
        "affirmation-of-others": (["a", "c"], silent),
        "denial": (["b"], Status.NOT_MET),
        "denial-among-others": (["a", "b", "c"], Status.NOT_MET),
        "denial-of-others": (["a", "c"], silent),
        "inapplicability": (["b"], Status.NOT_APPLICABLE),
        "inapplicability-among-others": (["b"], Status.NOT_APPLICABLE),
        "inapplicability-of-others": ([], silent),
    }


def test_an_unconditional_leaf_is_never_asked_whether_it_is_not_applicable() -> None:
    asked = [probe for probe in probes(VERSION, iri("a")) if probe.relation == NEC.notApplicable]
    assert [(probe.name, probe.expected) for probe in asked] == [("inapplicability-of-others", Status.NOT_DOCUMENTED)]


def test_an_engine_that_looks_at_the_leaf_passes() -> None:
    prove(VERSION, iri("b"), honest)


@pytest.mark.parametrize("name", [probe.name for probe in probes(VERSION, iri("b"))])
def test_one_wrong_answer_fails(name: str) -> None:
    def ask(asked: tuple[Probe, ...]) -> dict[str, Status]:
        return honest(asked) | {name: Status.CONFLICTING}

    with pytest.raises(EngineError, match=f"answers {name} with conflicting instead of") as error:
        prove(VERSION, iri("b"), ask)
    assert error.value.where == iri("b")


def test_attestations_are_bare_statements_that_speak_as_their_leaf_demands() -> None:
    (asked,) = (probe for probe in probes(VERSION, iri("b")) if probe.name == "denial")
    graph = attestations([asked])
    (node,) = graph.objects(URIRef(asked.request), NEC.denied)
    assert len(set(graph.objects(node))) == 2
    assert list(graph.objects(node, URIRef("urn:who")))


@pytest.fixture
def toy(core_alone: None, tmp_path: Path) -> PolicyVersion:
    return load_policy("toy", root=write_toy(tmp_path)).versions[0]


def test_a_proof_is_given_once_until_something_it_depends_on_changes(
    toy: PolicyVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NECESSITY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(proof, "_proved", set())
    asked: list[str] = []

    def ask(found: tuple[Probe, ...]) -> dict[str, Status]:
        asked.append(found[0].name)
        return honest(found)

    one, other = toy.by_id["criteria:1-a"].iri, toy.by_id["criteria:1-b"].iri
    for engine, leaf_ in (("e 1", one), ("e 1", one), ("e 1", other), ("e 2", one)):
        prove_once(toy, leaf_, engine, ask)
    assert len(asked) == 3
    monkeypatch.setattr(proof, "_proved", set())  # as in another process
    prove_once(toy, one, "e 1", ask)
    assert len(asked) == 3
    for path in (tmp_path / "cache").glob("*.proof"):
        path.write_text("no proof")
    monkeypatch.setattr(proof, "_proved", set())
    prove_once(toy, one, "e 1", ask)
    assert len(asked) == 4
    criteria = {**toy.criteria, one: replace(toy.criteria[one], conditional=True)}
    prove_once(replace(toy, criteria=criteria), one, "e 1", ask)
    assert len(asked) == 5


def test_a_failed_proof_is_not_kept(toy: PolicyVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NECESSITY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(proof, "_proved", set())
    for _ in range(2):
        with pytest.raises(EngineError):
            prove_once(
                toy, toy.by_id["criteria:1-a"].iri, "e 1", lambda found: dict.fromkeys(honest(found), Status.MET)
            )
    assert list((tmp_path / "cache").glob("*.proof")) == []
