"""The proof that an engine evaluates a leaf: its probes, what they have to come to, and when they are run again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from reasoner import EngineError, load_policy
from reasoner.determination import proof, validation
from reasoner.determination.compiled import CompiledPolicy
from reasoner.determination.proof import Probe, attestations, probes, prove, prove_once
from reasoner.logic.fold import Status
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import pyshacl_door
from reasoner.rdf.namespaces import NEC
from tests.conftest import write_toy
from tests.policies import all_of, finding, iri, leaf, version

VERSION = version(all_of("s", leaf("a"), leaf("b", conditional=True, speaks_only_with=("urn:who",)), leaf("c")))
SHAPES = Path("shapes/toy/2030-01-01.ttl")
CLASS = "sh:qualifiedValueShape [ sh:class toy:JointStiffness ]"
EITHER = "sh:qualifiedValueShape [ sh:or ( [ sh:class toy:JointStiffness ] [ sh:class toy:ExercisePlan ] ) ]"
# A change to the shapes of the first leaf, and the probe that fails for it.
CHANGES = {
    "path": ("sh:path nec:affirmed", "sh:path nec:denied", "affirmation"),
    "severity": ("sh:severity sh:Warning", "sh:severity sh:Info", "silence"),
    "count": ("sh:qualifiedMinCount 1", "sh:qualifiedMinCount 0", "silence"),
    "class of another leaf": (CLASS, CLASS.replace("JointStiffness", "ExercisePlan"), "affirmation"),
    "class of another leaf too": (CLASS, EITHER, "affirmation-of-others"),
    "only with another leaf": (f"{CLASS} ;\n    sh:qualifiedMinCount 1", f"{EITHER} ;\n    sh:qualifiedMinCount 2", "affirmation"),
}  # fmt: skip


def expected(asked: tuple[Probe, ...]) -> dict[str, Status]:
    """The answers of an engine that evaluates the leaf."""
    return {probe.name: probe.expected for probe in asked}


def test_a_leaf_is_asked_by_itself_among_others_and_of_others_alone() -> None:
    asked = {probe.name: (sorted(c.id for c in probe.attested), probe.expected) for probe in probes(VERSION, iri("b"))}
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


def test_leaves_of_one_finding_class_are_not_told_apart() -> None:
    restating = version(all_of("s", leaf("a"), leaf("b")), spare=(leaf("c", restates=iri("b"), finding=finding("b")),))
    for id_ in "bc":
        asked = {probe.name: [c.id for c in probe.attested] for probe in probes(restating, iri(id_))}
        assert (asked["affirmation"], asked["affirmation-of-others"]) == ([id_], ["a"])
        assert asked["denial-among-others"] == ["a", "b", "c"]


def test_an_engine_that_evaluates_the_leaf_passes() -> None:
    prove(VERSION, iri("b"), expected)


@pytest.mark.parametrize("name", [probe.name for probe in probes(VERSION, iri("b"))])
def test_one_wrong_answer_fails(name: str) -> None:
    def ask(asked: tuple[Probe, ...]) -> dict[str, Status]:
        return expected(asked) | {name: Status.CONFLICTING}

    with pytest.raises(EngineError, match=f"answers {name} with conflicting instead of") as error:
        prove(VERSION, iri("b"), ask)
    assert error.value.where == iri("b")


def test_attestations_are_bare_statements_that_speak_as_their_leaf_demands() -> None:
    (asked,) = (probe for probe in probes(VERSION, iri("b")) if probe.name == "denial")
    graph = attestations([asked])
    (node,) = graph.objects(URIRef(asked.request), NEC.denied)
    assert len(set(graph.objects(node))) == 2
    assert list(graph.objects(node, URIRef("urn:who")))


class Proofs:
    """A policy whose leaves are proved with a cache of its own; counts how often pySHACL runs."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NECESSITY_CACHE", str(root / "cache"))
        monkeypatch.setattr(pyshacl_door, "validate", self._validate)
        self.root, self.runs = write_toy(root), 0

    def _validate(self, data: Graph, shapes: Graph, validate=pyshacl_door.validate) -> pyshacl_door.ValidationReport:
        self.runs += 1
        return validate(data, shapes)

    def change(self, before: str, after: str) -> None:
        path = self.root / SHAPES
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after, 1))

    def version(self) -> PolicyVersion:
        """The first version, as another process would load it."""
        proof._proved.clear()
        return load_policy.__wrapped__("toy", root=self.root).versions[0]

    def prove(self) -> int:
        """Prove every leaf; how often it took a run of pySHACL."""
        before, version = self.runs, self.version()
        validation._prove_and_compose(version, tuple(version.leaves))
        return self.runs - before


@pytest.fixture
def proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proofs:
    return Proofs(tmp_path, monkeypatch)


def test_a_leaf_is_proved_once(proofs: Proofs) -> None:
    assert proofs.prove() == 3
    assert proofs.prove() == 0
    version = proofs.version()
    (folder := proofs.root / "cache").rename(proofs.root / "elsewhere")
    validation._prove_and_compose(version, tuple(version.leaves))
    validation._prove_and_compose(version, tuple(version.leaves)[1:])
    assert proofs.runs == 6, "one set of leaves after another takes no more proofs than there are leaves"
    assert len(list(folder.glob("*.proof"))) == 3


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_leaf_is_proved_again(proofs: Proofs, change: str) -> None:
    before, after, probe = CHANGES[change]
    proofs.prove()
    proofs.change(before, after)
    for _ in range(2):  # a proof that failed is not cached
        with pytest.raises(EngineError, match=f"criteria/1-a: the engine answers {probe} with "):
            proofs.prove()
    with pytest.raises(EngineError, match=f"criteria/1-a: the engine answers {probe} with "):
        CompiledPolicy(proofs.version())


def test_a_leaf_whose_shapes_are_written_otherwise_is_not_proved_again(proofs: Proofs) -> None:
    proofs.prove()
    proofs.change("sh:path nec:affirmed", "sh:path <https://w3id.org/necessity/core#affirmed>")
    assert proofs.prove() == 0
    proofs.change(CLASS, CLASS.replace(" ]", " ; sh:nodeKind sh:IRI ]"))
    assert proofs.prove() == 1


def test_another_engine_and_another_setting_are_proved_anew(proofs: Proofs, monkeypatch: pytest.MonkeyPatch) -> None:
    proofs.prove()
    monkeypatch.setattr(pyshacl_door, "engine_name", lambda: "pyshacl of tomorrow")
    assert proofs.prove() == 3
    path = proofs.root / "ontology" / "toy" / "vocabulary.ttl"
    path.write_text(path.read_text().replace("toy:AthleticTraining", "toy:Training"))
    proofs.change("toy:AthleticTraining", "toy:Training")
    proofs.change("toy:AthleticTraining", "toy:Training")
    assert proofs.prove() == 3, "the probes of a leaf hold statements about the others"


def test_a_leaf_of_another_kind_is_proved_anew(proofs: Proofs) -> None:
    version = proofs.version()
    changed = version.by_id["criteria:1-a"].iri
    asked: list[str] = []

    def ask(probes: tuple[Probe, ...]) -> dict[str, Status]:
        asked.append(probes[0].name)
        return expected(probes)

    conditional = replace(
        version, criteria={**version.criteria, changed: replace(version.criteria[changed], conditional=True)}
    )
    for other in (version, version, conditional):
        prove_once(other, changed, "an engine", ask)
    assert len(asked) == 2


def test_a_damaged_proof_is_none(proofs: Proofs) -> None:
    proofs.prove()
    for path, content in zip(sorted((proofs.root / "cache").glob("*.proof")), (b"", b"\xff", b"proved"), strict=True):
        path.write_bytes(content)
    assert proofs.prove() == 3


def test_two_leaves_cannot_share_a_shape(proofs: Proofs) -> None:
    proofs.change("criteria:1-b-documented , ", "criteria:1-a-documented , ")
    version = proofs.version()
    with pytest.raises(EngineError, match="reports on another leaf too"):
        validation._compose(version, tuple(version.leaves))
