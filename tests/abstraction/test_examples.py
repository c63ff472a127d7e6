"""The example sentences: enough for every leaf, none of them copied, and read by nothing that determines."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy, PolicyError, load_policy
from reasoner.abstraction.examples import ExampleKind, Examples
from reasoner.abstraction.suggestions import Abstractor, leaves_of
from reasoner.rdf.namespaces import NEC, SKOS
from tests.abstraction.conftest import text
from tests.conftest import CASES, ROOT, write_toy

FOLDER = ROOT / "ontology" / "mp9556" / "examples"
PREFIXES = """
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix toy: <https://example.org/toy/vocabulary#> .
"""


@pytest.fixture(scope="module")
def examples(policy: Policy) -> Examples:
    return Examples(policy)


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def test_every_leaf_has_at_least_eight_sentences(policy: Policy, examples: Examples) -> None:
    number = Counter(leaf for e in examples.all if e.kind is ExampleKind.SPEAKS for leaf in e.leaves)
    leaves = {leaf.finding: leaf.id for leaf in policy.versions[-1].leaves.values() if leaf.id}
    assert {name: number[finding] for finding, name in leaves.items() if number[finding] < 8} == {}


def test_no_sentence_stands_twice_with_a_class(examples: Examples) -> None:
    number = Counter((e.finding, e.kind, words(e.text)) for e in examples.all)
    assert [key for key, times in number.items() if times > 1] == []


def test_no_sentence_is_of_a_sample_chart_or_of_the_vocabulary(policy: Policy, examples: Examples) -> None:
    excerpts = {
        words(str(text))
        for path in CASES.rglob("*.ttl")
        for text in re.findall(r'nec:excerpt "((?:[^"\\]|\\.)*)"', path.read_text())
    }
    excerpts |= {words(str(text)) for text in policy.ontology.objects(None, SKOS.definition)}
    assert [e.text for e in examples.all if e.kind is not ExampleKind.DEFINITION and words(e.text) in excerpts] == []


def test_determining_reads_no_example(policy: Policy) -> None:
    assert not [path for path in policy.sources.ontology_files if FOLDER in path.parents]
    assert not list(policy.ontology.subject_objects(SKOS.example)) + list(
        policy.ontology.subject_objects(NEC.counterExample)
    )
    assert sorted(policy.sources.example_files) == sorted(FOLDER.glob("*.ttl"))


def test_the_files_are_short() -> None:
    for path in FOLDER.glob("*.ttl"):
        assert len(path.read_text().splitlines()) <= 500, path


def test_every_family_has_a_name_and_a_definition() -> None:
    families = Graph().parse(FOLDER / "words.ttl")
    for family in set(families.subjects()):
        assert len(list(families.objects(family, SKOS.prefLabel))) == 1, family
        assert len(list(families.objects(family, SKOS.definition))) == 1, family
        assert len(list(families.objects(family, SKOS.hiddenLabel))) > 1, family


def test_a_word_of_a_family_is_one_that_is_counted(examples: Examples) -> None:
    assert [word for word in examples.families if not re.fullmatch(r"[a-z]+|\d+(\.\d+)?", word)] == []


def toy(root: Path, more: str) -> Policy:
    write_toy(root)
    (root / "ontology" / "toy" / "examples" / "sentences.ttl").write_text(PREFIXES + more)
    return load_policy("toy", root=root)


def test_a_second_policy_brings_its_own(tmp_path: Path) -> None:
    policy = toy(tmp_path, 'toy:FrozenShoulder skos:example "Cannot lift the arm to comb her hair." .')
    (spoken,) = [e for e in Examples(policy).all if e.kind is ExampleKind.SPEAKS]
    assert spoken.leaves == {"https://example.org/toy/vocabulary#JointStiffness"}


def test_the_policy_of_the_guide_finds_a_sentence(tmp_path: Path) -> None:
    policy = load_policy("toy", root=write_toy(tmp_path))
    (first, *_) = Abstractor(policy).suggest(
        [text("Seen on time.\n\nShe can not lift her arm.")], leaves_of(policy.versions[0], "criteria:1-a")
    )
    assert first.passage.quote == "She can not lift her arm."


def test_a_class_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    policy = toy(tmp_path, 'toy:FrozenSholder skos:example "Cannot lift the arm." .')
    with pytest.raises(PolicyError, match="FrozenSholder"):
        _ = Examples(policy).all


def test_a_policy_without_examples_ranks_nothing(tmp_path: Path) -> None:
    shutil.rmtree(write_toy(tmp_path) / "ontology" / "toy" / "examples")
    with pytest.raises(PolicyError, match="no example sentences"):
        Abstractor(load_policy("toy", root=tmp_path))
