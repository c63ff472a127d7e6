"""Each leaf is proved once by an engine, and again whenever what was proved of it may no longer hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import EngineError, load_policy
from reasoner.determination import proof, validation
from reasoner.determination.compiled import CompiledPolicy
from reasoner.policy.model import PolicyVersion
from reasoner.rdf import pyshacl_door
from tests.conftest import write_toy

SHAPES = Path("shapes/toy/2030-01-01.ttl")
CLASS = "sh:qualifiedValueShape [ sh:class toy:JointStiffness ]"
EITHER = "sh:qualifiedValueShape [ sh:or ( [ sh:class toy:JointStiffness ] [ sh:class toy:ExercisePlan ] ) ]"
# What is done to the first leaf, and which of its answers tells.
CHANGES = {
    "path": ("sh:path nec:affirmed", "sh:path nec:denied", "affirmation"),
    "severity": ("sh:severity sh:Warning", "sh:severity sh:Info", "silence"),
    "count": ("sh:qualifiedMinCount 1", "sh:qualifiedMinCount 0", "silence"),
    "class of another leaf": (CLASS, CLASS.replace("JointStiffness", "ExercisePlan"), "affirmation"),
    "class of another leaf too": (CLASS, EITHER, "affirmation-of-others"),
    "only with another leaf": (f"{CLASS} ;\n    sh:qualifiedMinCount 1", f"{EITHER} ;\n    sh:qualifiedMinCount 2", "affirmation"),
}  # fmt: skip


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
        validation._prepare(version, tuple(version.leaves))
        return self.runs - before


@pytest.fixture
def proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proofs:
    return Proofs(tmp_path, monkeypatch)


def test_a_leaf_is_proved_once(proofs: Proofs) -> None:
    assert proofs.prove() == 3
    assert proofs.prove() == 0
    version = proofs.version()
    (folder := proofs.root / "cache").rename(proofs.root / "elsewhere")
    validation._prepare(version, tuple(version.leaves))
    validation._prepare(version, tuple(version.leaves)[1:])
    assert proofs.runs == 6, "one set of leaves after another takes no more proofs than there are leaves"
    assert len(list(folder.glob("*.proof"))) == 3


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_leaf_is_proved_again(proofs: Proofs, change: str) -> None:
    before, after, probe = CHANGES[change]
    proofs.prove()
    proofs.change(before, after)
    for _ in range(2):  # a proof that failed is not kept
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
    assert proofs.prove() == 3, "statements to one leaf are what the others are asked about"


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
