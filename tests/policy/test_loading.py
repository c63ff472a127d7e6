"""Loading the toy policy: what is read of it, and every way in which a policy is not well formed."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner.ground.errors import PolicyError
from reasoner.policy.loading import PolicyLocation, installed, load_policy
from reasoner.policy.model import CriterionKind, Policy, Sources
from reasoner.rdf import graphs
from tests.conftest import write_toy

VOCABULARY = "https://example.org/toy/vocabulary#"


pytestmark = pytest.mark.usefixtures("core_alone")


@pytest.fixture(scope="module")
def toy(core_alone: None, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy("toy", root=write_toy(tmp_path_factory.mktemp("toy")))


def test_versions_are_read_oldest_first_with_the_days_on_which_they_are_in_force(toy: Policy) -> None:
    assert [(version.id, version.valid_from, version.valid_until) for version in toy.versions] == [
        ("toy/2030-01-01", date(2030, 1, 1), date(2030, 12, 31)),
        ("toy/2031-01-01", date(2031, 1, 1), None),
    ]
    assert [(v.age_of_majority, list(v.windows.values())) for v in toy.versions] == [(18, [7]), (18, [14])]


def test_criteria_are_read_in_published_order_with_their_kinds(toy: Policy) -> None:
    first, second = toy.versions
    assert [(criterion.id, criterion.kind) for criterion in first.criteria.values()] == [
        ("criteria", CriterionKind.ALL),
        ("criteria:1", CriterionKind.ALL),
        ("criteria:1-a", CriterionKind.LEAF),
        ("criteria:1-b", CriterionKind.LEAF),
        ("exclusions", CriterionKind.LIST),
        ("exclusions:1", CriterionKind.LEAF),
    ]
    assert second.by_id["criteria:1"].kind is CriterionKind.ANY


def test_a_leaf_is_read_with_its_finding_class_and_its_words(toy: Policy) -> None:
    leaf = toy.versions[0].by_id["criteria:1-a"]
    assert leaf.finding == f"{VOCABULARY}JointStiffness"
    assert (leaf.notation, leaf.label, leaf.definition) == ("1.a", "joint stiffness", "A joint is stiff.")
    assert leaf.ask == "Name the stiff joint and how far it moves."
    assert (leaf.conditional, leaf.residual, leaf.topic, leaf.applies_to) == (False, False, "", None)


def test_lists_and_readings_are_read(toy: Policy) -> None:
    first, second = toy.versions
    assert [(part.criterion.id, part.excluding) for part in first.lists] == [("exclusions", True)]
    (passage,) = second.interpretations
    assert [reading.id for reading in passage.readings] == ["plan/default", "plan/without"]
    (omission,) = passage.alternatives[0].substitutions
    assert (omission.replaced, omission.used, omission.when) == (second.by_id["criteria:1-b"].iri, (), None)


def test_a_location_loads_the_policy_that_is_there(toy: Policy, tmp_path: Path) -> None:
    write_toy(tmp_path)
    assert installed(tmp_path) == ("toy",)
    assert PolicyLocation("toy", tmp_path).load().digest == toy.digest
    assert load_policy(root=tmp_path).id == "toy"


# What is refused.

ONTOLOGY, LATER, WORDS, SHAPES = (
    "ontology/toy/2030-01-01.ttl",
    "ontology/toy/2031-01-01.ttl",
    "ontology/toy/vocabulary.ttl",
    "shapes/toy/2030-01-01.ttl",
)
AXIOM = "owl:onProperty nec:addresses ; owl:hasValue criteria:1-a"
REFUSED = {
    "a term that SHACL does not have": (SHAPES, "sh:class", "sh:clas", "SHACL has no term 'clas'"),
    "no policy of its name": (ONTOLOGY, 'dcterms:identifier "toy" ;', 'dcterms:identifier "tay" ;', "0 resources"),
    "two policies of one name": (
        ONTOLOGY,
        "section:criteria a nec:Section",
        '<urn:another> a nec:Policy ; dcterms:identifier "toy" .\nsection:criteria a nec:Section',
        "2 resources are a nec:Policy",
    ),
    "two versions in force on one day": (
        LATER,
        'nec:validUntil "2030-12-31"',
        'nec:validUntil "2031-01-01"',
        "two versions are in force on one day, toy/2030-01-01 and toy/2031-01-01",
    ),
    "two open versions": (
        LATER,
        '<https://example.org/toy/2030-01-01> nec:validUntil "2030-12-31"^^xsd:date .',
        "",
        "Give it a nec:validUntil",
    ),
    "a version without sections": (SHAPES, "    sh:and ( section:criteria ) ;\n", "", "names no sections"),
    "a section that is none": (SHAPES, "sh:and ( section:criteria )", "sh:and ( toy:ExercisePlan )", "undeclared section"),
    "a leaf that is not declared": (ONTOLOGY, "criteria:1-a a nec:Leaf , ", "criteria:1-a a ", "neither a leaf nor a group"),
    "a leaf that is a group too": (
        ONTOLOGY,
        "criteria:1-a a nec:Leaf",
        "criteria:1-a a nec:Group , nec:Leaf",
        "neither a leaf nor a group",
    ),
    "a group without parts": (SHAPES, "criteria:1 a sh:NodeShape ; sh:and ( criteria:1-a criteria:1-b )", "criteria:1 a sh:NodeShape", "one list of parts"),
    "a group with two lists": (SHAPES, "criteria:1 a sh:NodeShape ;", "criteria:1 a sh:NodeShape ; sh:or ( criteria:1-a ) ;", "one list of parts"),
    "a leaf without a finding class": (WORDS, AXIOM, AXIOM.replace("nec:addresses", "nec:about"), "no finding class"),
    "a leaf with two finding classes": (WORDS, "owl:hasValue criteria:1-b", "owl:hasValue criteria:1-a", "two classes claim it"),
    "a leaf that restates a group": (ONTOLOGY, "criteria:1-b a nec:Leaf", "criteria:1-b nec:restates criteria:1 ; a nec:Leaf", "none of the policy's own"),
    "a leaf that restates itself": (ONTOLOGY, "criteria:1-b a nec:Leaf", "criteria:1-b nec:restates criteria:1-b ; a nec:Leaf", "none of the policy's own"),
    "a group that restates what is not there": (ONTOLOGY, "criteria:1 a nec:Group", "criteria:1 nec:restates <urn:other> ; a nec:Group", "no section of the version leads to"),
    "a mark that is no truth value": (LATER, "a nec:Reading ,", 'nec:strained "yes" ; a nec:Reading ,', "one .*strained of type bool"),
    "a passage without a default": (LATER, "nec:defaultReading interpretation:plan-default ;", "", "no nec:defaultReading"),
    "a substitution of nothing": (LATER, "nec:inPlaceOf criteria:1-b", "nec:use criteria:1-c", "names no criterion"),
    "a substitution by nothing": (LATER, "a nec:Omission", "a nec:Substitution", "names no criterion, or nothing to use"),
    "an omission that uses something": (LATER, "nec:inPlaceOf criteria:1-b", "nec:use criteria:1-c ; nec:inPlaceOf criteria:1-b", "or nothing to use"),
    "two classes of requests": (
        ONTOLOGY,
        'criteria:1-a a nec:Leaf',
        "criteria:1-a nec:appliesTo <urn:one> , <urn:two> ; a nec:Leaf",
        "more than one .*appliesTo",
    ),
    "no label": (ONTOLOGY, 'skos:prefLabel "joint stiffness"@en ;', "", "no .*prefLabel"),
    "no age of majority": (ONTOLOGY, "nec:ageOfMajority 18 ;", "", "one .*ageOfMajority of type int"),
    "two windows": (ONTOLOGY, "nec:admissionWindow 7", "nec:admissionWindow 7 , 8", "one .*admissionWindow of type int"),
    "a date that is text": (ONTOLOGY, '"2030-01-01"^^xsd:date ;', '"2030-01-01" ;', "one .*validFrom of type date"),
    "a date with a time": (ONTOLOGY, '"2030-01-01"^^xsd:date ;', '"2030-01-01T00:00:00"^^xsd:dateTime ;', "one .*validFrom of type date"),
    "a date that is an IRI": (ONTOLOGY, '"2030-01-01"^^xsd:date ;', '<urn:2030-01-01> ;', "one .*validFrom of type date"),
    "an age that is a truth value": (ONTOLOGY, "nec:ageOfMajority 18 ;", "nec:ageOfMajority true ;", "one .*ageOfMajority of type int"),
    "two ends": (LATER, 'nec:validUntil "2030-12-31"^^xsd:date', 'nec:validUntil "2030-12-30"^^xsd:date , "2030-12-31"^^xsd:date', "one .*validUntil of type date"),
    "a shape that is not there": (SHAPES, "[ sh:class toy:JointStiffness ]", "[ sh:class toy:JointStiffness ; sh:node toy:Measured ]", "uses the shape .*Measured, which is not there"),
    "a choice among shapes of which one is not there": (SHAPES, "[ sh:class toy:JointStiffness ]", "[ sh:or ( [ sh:class toy:JointStiffness ] toy:Measured ) ]", "Measured, which is not there"),
    "a list that is broken": (SHAPES, "sh:and ( criteria:1-a criteria:1-b )", "sh:and [ ]", "list is broken"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_policy_is_refused_for(tmp_path: Path, file: str, old: str, new: str, problem: str) -> None:
    path = write_toy(tmp_path) / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(PolicyError, match=problem) as error:
        load_policy("toy", root=tmp_path)
    assert error.value.where.startswith(str(tmp_path)), "the file is named, or the folder"


def test_an_error_names_the_files_that_describe_the_node(tmp_path: Path) -> None:
    root = write_toy(tmp_path)
    ontology, shapes = root / ONTOLOGY, root / SHAPES
    leaf = "https://example.org/toy/2030-01-01/criteria/1-a"
    ontology.write_text(ontology.read_text().replace('skos:prefLabel "joint stiffness"@en ;', "", 1))
    with pytest.raises(PolicyError) as error:
        load_policy("toy", root=root)
    assert error.value.where == f"{ontology}, {shapes}: {leaf}"


def test_an_error_names_the_file_of_a_blank_node(tmp_path: Path) -> None:
    shapes = write_toy(tmp_path) / SHAPES
    shapes.write_text(shapes.read_text().replace("sh:class", "sh:clas", 1))
    with pytest.raises(PolicyError) as error:
        load_policy("toy", root=tmp_path)
    assert error.value.where == f"{shapes}: a blank node"


def test_a_file_with_wrong_syntax_is_named_with_the_line(tmp_path: Path) -> None:
    shapes = write_toy(tmp_path) / SHAPES
    shapes.write_text(shapes.read_text() + "\n<urn:a> <urn:b> .")
    with pytest.raises(PolicyError) as error:
        load_policy("toy", root=tmp_path)
    assert error.value.where.startswith(f"{shapes}: line ")


def test_a_policy_without_a_version_is_refused(tmp_path: Path) -> None:
    write_toy(tmp_path)
    for file in (ONTOLOGY, LATER):
        path = tmp_path / file
        path.write_text(path.read_text().replace("nec:version", "nec:supersedes"))
    with pytest.raises(PolicyError, match=r"no nec:version"):
        load_policy("toy", root=tmp_path)


def test_files_that_change_while_they_are_read_are_no_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_toy(tmp_path) / SHAPES
    load = Sources.shapes.func

    def load_and_change(sources: Sources) -> Graph:
        shapes = load(sources)
        path.write_text(path.read_text() + "# changed\n")
        return shapes

    changing = cached_property(load_and_change)
    changing.__set_name__(Sources, "shapes")
    monkeypatch.setattr(Sources, "shapes", changing)
    with pytest.raises(PolicyError, match="changed while they were read"):
        load_policy("toy", root=tmp_path)


def test_a_policy_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no policy 'toy'.*Put one under"):
        load_policy("toy", root=tmp_path)
    write_toy(tmp_path)
    with pytest.raises(PolicyError, match=r"no policy 'tay'.*Choose one of: toy"):
        load_policy("tay", root=tmp_path)


def test_which_of_two_policies_has_to_be_said(tmp_path: Path) -> None:
    write_toy(tmp_path)
    for kind in ("ontology", "shapes"):
        (tmp_path / kind / "other").mkdir()
    with pytest.raises(PolicyError, match=r"more than one policy.*other, toy"):
        load_policy(root=tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (write_toy(tmp_path) / "shapes" / "toy" / "more.ttl").mkdir()
    with pytest.raises(PolicyError, match=r"more\.ttl.*cannot be read"):
        load_policy("toy", root=tmp_path)


def test_the_triples_straight_from_the_files_are_those_of_the_graph(toy: Policy) -> None:
    straight = [triple for triple in toy.sources.triples() if "_:" not in f"{triple.subject} {triple.object}"]
    of_graph = [t for t in graphs.triples(toy.ontology) if "_:" not in f"{t.subject} {t.object}"]
    assert set(straight) == set(of_graph)
    assert len(set(toy.sources.triples())) == len(toy.ontology)
