"""Request axes: how they are read and chosen, and a policy with an axis of its own, of which no Python knows."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from reasoner import load_policy
from reasoner.chart import intake
from reasoner.cli import main
from reasoner.ground import resources
from reasoner.ground.errors import PolicyError, UsageError
from reasoner.policy import axes
from reasoner.policy.model import Policy
from reasoner.rdf import parsing, pyshacl_door
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace import selection
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.worklist import read_worklist
from tests.conftest import ROOT, write_toy

TOY = "https://example.org/toy/vocabulary#"
PREFIXES = """
@prefix nec: <https://w3id.org/necessity/core#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix : <urn:> .
"""
AXES = """
:policy nec:axis :size , :colour .
:size skos:notation "size" ; skos:prefLabel "size" ; skos:definition "How big." ; sh:order 2 ; nec:axisClass :Size .
:colour skos:notation "colour" ; skos:prefLabel "colour" ; skos:definition "Which." ; sh:order 1 ; nec:axisClass :Colour .
:S a :Size ; skos:notation "s" ; skos:prefLabel "small" ; skos:definition "Small." ; nec:periodEndsAfter :days .
:L a :Size ; skos:notation "l" ; skos:prefLabel "large" ; skos:definition "Large." .
:XL a :Size ; skos:notation "extra-large" ; skos:prefLabel "extra large" ; skos:definition "Larger." .
:Red a :Colour ; skos:notation "red" ; skos:prefLabel "red" ; skos:definition "Red." .
"""


def read(text: str) -> tuple[axes.Axis, ...]:
    return axes.read_axes(Graph().parse(data=PREFIXES + text, format="turtle"), URIRef("urn:policy"))


def test_axes_stand_in_their_order_and_values_by_their_words() -> None:
    colour, size = read(AXES)
    assert (colour.word, size.word) == ("colour", "size")
    assert [value.word for value in size.values] == ["extra-large", "l", "s"]
    assert [value.window for value in size.values] == ["", "", "urn:days"]
    assert {value.axis for value in size.values} == {"urn:size"}
    assert (size.label, size.definition, size.value_class) == ("size", "How big.", "urn:Size")


def test_a_policy_may_have_no_axes() -> None:
    assert read("") == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("nec:axisClass :Colour .", "nec:label 1 .", "the axis has no values"),
        ("nec:axisClass :Colour .", "nec:axisClass :Colour , :Size .", "the axis has no values"),
        (":Red a :Colour", ":Red a :Other", "the axis has no values"),
        ('skos:notation "red" ;', "", "no .*notation"),
        ('skos:prefLabel "red" ;', "", "no .*prefLabel"),
        ('skos:definition "Red."', 'skos:altLabel "Red."', "no .*definition"),
        ('skos:notation "red"', 'skos:notation "Dark red"', "'Dark red' cannot name an option"),
        ('skos:notation "red"', 'skos:notation "red" , "crimson"', "cannot name an option"),
        ("nec:periodEndsAfter :days", "nec:periodEndsAfter :days , :weeks", "more than one parameter"),
        ('skos:notation "l"', 'skos:notation "s"', "the word 's' is that of urn:[LS] too"),
        ('skos:notation "colour"', 'skos:notation "size"', "the word 'size' is that of urn:colour too"),
    ],
)
def test_axes_that_are_refused(old: str, new: str, problem: str) -> None:
    assert old in AXES
    with pytest.raises(PolicyError, match=problem) as error:
        read(AXES.replace(old, new))
    assert error.value.where
    assert error.value.mend


def test_values_are_chosen_by_words_in_the_order_of_the_axes() -> None:
    values = axes.choose(read(AXES), {"size": "l", "colour": "red"})
    assert [value.iri for value in values] == ["urn:Red", "urn:L"]
    assert axes.choose(read(AXES), {"size": "l"}) == values[1:]
    request = URIRef("urn:request")
    assert axes.facts(request, values[1:]) == [(request, URIRef("urn:size"), URIRef("urn:L"))]
    with pytest.raises(UsageError, match=r"--size cannot be 'xs'. Give extra-large or l or s"):
        axes.choose(read(AXES), {"size": "xs"})
    with pytest.raises(UsageError, match=r"no axis 'shape'. Known: colour, size"):
        axes.choose(read(AXES), {"shape": "round"})


# A policy with an axis of its own: the toy of the guide, with what the guide says of another axis.


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_toy(tmp_path_factory.mktemp("toy"))
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    (more,) = re.findall(r"```turtle\n# more of ontology/toy/vocabulary.ttl[^\n]*\n(.*?)```", guide, re.DOTALL)
    edit(folder / "ontology/toy/vocabulary.ttl", ("toy:ExercisePlan a", f"{more}\ntoy:ExercisePlan a"))
    prefix = f"@prefix toy: <{TOY}> .\n@prefix dcterms:"
    edit(
        folder / "ontology/toy/2030-01-01.ttl",
        ("@prefix dcterms:", prefix),
        ("nec:axis nec:phase , nec:focus", "nec:axis toy:setting"),
        ("nec:admissionWindow 7", "toy:clinicWindow 3"),
        ("criteria:1-b a nec:Leaf", "criteria:1-b nec:appliesTo toy:ClinicRequest ; a nec:Leaf"),
    )
    edit(folder / "ontology/toy/2031-01-01.ttl", ("nec:admissionWindow 14", f"<{TOY}clinicWindow> 5"))
    edit(folder / "chart.ttl", ("nec:phase nec:Admission ; nec:focus nec:MentalHealth", "toy:setting toy:Clinic"))
    at_home = (folder / "chart.ttl").read_text().replace("toy:Clinic", "toy:AtHome").replace("org/chart#", "org/home#")
    (folder / "home.ttl").write_text(at_home)
    return folder


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


@pytest.fixture
def toy(root: Path) -> Policy:
    return load_policy("toy", root=root)


def run(root: Path, *arguments: str) -> int:
    return main(["--policies", str(root), "--policy", "toy", *arguments])


def test_an_axis_of_its_own_routes_and_is_shown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, "determine", str(root / "chart.ttl"), str(root / "home.ttl"), "--format", "json") == 0
    in_clinic, at_home = json.loads(capsys.readouterr().out)
    assert {c["id"] for c in in_clinic["criteria"]} - {c["id"] for c in at_home["criteria"]} == {"criteria:1-b"}
    assert run(root, "determine", str(root / "home.ttl")) == 0
    assert "at home, Missouri, age 49" in capsys.readouterr().out


def test_its_values_end_the_period_under_review(root: Path, toy: Policy, capsys: pytest.CaptureFixture[str]) -> None:
    assert [list(version.windows.values()) for version in toy.versions] == [[3], [5]]
    for name, day, outcome in (
        ("chart.ttl", 4, "criteria-met"),
        ("chart.ttl", 5, "documentation-needed"),
        ("home.ttl", 5, "criteria-met"),
    ):
        chart = root / f"observed-{name}"
        observed = f'nec:observed "2030-03-0{day}"^^xsd:date ; nec:excerpt'
        chart.write_text((root / name).read_text().replace("nec:excerpt", observed))
        assert run(root, "determine", str(chart), "--format", "jsonl") == 0
        assert json.loads(capsys.readouterr().out)["outcome"] == outcome, (name, day)
        chart.unlink()


@pytest.mark.parametrize("value", ["", "toy:setting toy:Clinic , toy:AtHome ;", "toy:setting toy:Setting ;"])
def test_intake_demands_one_value(root: Path, toy: Policy, value: str) -> None:
    text = (root / "chart.ttl").read_text().replace("toy:setting toy:Clinic ;", value)
    _, (error,), _ = intake.read("chart.ttl", toy, data=text.encode())
    assert f"/chart#request>: The request needs one <{TOY}setting>, <{TOY}AtHome> or <{TOY}Clinic>" in str(error)


def test_the_command_line_takes_its_words(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    member = {"resourceType": "Patient", "id": "m", "birthDate": "1980-05-05"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": member}]}
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle))
    facts = ["--service-start", "2030-03-01", "--jurisdiction", "US-MO"]
    assert run(root, "determine", str(path), *facts) == 2
    assert "the bundle states no setting. Say it beside the bundle (--setting)" in capsys.readouterr().err
    assert run(root, "determine", str(path), *facts, "--setting", "at-home") == 0
    assert "at home, Missouri" in capsys.readouterr().out
    for wrong, message in (
        (["--setting", "gym"], "choose from 'at-home', 'clinic'"),
        (["--phase", "admission"], "--phase"),
    ):
        with pytest.raises(SystemExit, match="2"):
            run(root, "determine", str(path), *facts, *wrong)
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        run(root, "determine", "--help")
    assert re.search(r"--setting SETTING\s+setting: at-home or clinic\n", capsys.readouterr().out)
    assert run(root, "policy", "show", "--shapes", "--jurisdiction", "US-MO") == 2
    assert "Give --setting and --jurisdiction" in capsys.readouterr().err


def reworded(root: Path, copy: Path, word: str) -> Path:
    """A copy of the policy in which the axis has another word."""
    for kind in ("ontology", "shapes"):
        shutil.copytree(root / kind, copy / kind)
    edit(copy / "ontology/toy/vocabulary.ttl", ('skos:notation "setting"', f'skos:notation "{word}"'))
    return copy


def test_a_word_that_names_another_property_of_requests(root: Path, tmp_path: Path) -> None:
    toy = load_policy("toy", root=reworded(root, tmp_path, "member"))
    text = (root / "chart.ttl").read_text()
    assert not intake.read("chart.ttl", toy, data=text.encode())[1]
    _, (error,), _ = intake.read("chart.ttl", toy, data=text.replace("toy:setting toy:Clinic ;", "").encode())
    assert "The request needs one" in str(error)


def test_a_word_that_is_a_column_already(root: Path, tmp_path: Path) -> None:
    toy = load_policy("toy", root=reworded(root, tmp_path, "severity"))
    sheet = "request,severity,service_start,birth_date,jurisdiction\nr,at home,2030-03-01,1980-05-05,US-MO\n"
    _, (error,), _ = intake.read("s.csv", toy, data=sheet.encode())
    assert "the word 'severity' is that of a column of sheets already" in str(error)


def test_a_word_that_is_an_option_already(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reworded(root, tmp_path, "format")
    assert run(tmp_path, "determine", str(root / "chart.ttl"), "--setting", "clinic") == 2
    assert "the word 'format' is an option of the command already" in capsys.readouterr().err


def test_forms_and_sheets_ask_for_it(root: Path, toy: Policy, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, "questionnaire", "--setting", "clinic", "--jurisdiction", "US-MO") == 0
    form = json.loads(capsys.readouterr().out)
    (item,) = (item for item in form["item"][0]["item"] if item["linkId"] == "setting")
    (option,) = item["answerOption"]
    assert (option["valueCoding"]["code"], option["valueCoding"]["display"]) == ("clinic", "clinic")
    member = {"resourceType": "Patient", "id": "m", "birthDate": "1980-05-05"}
    start = {"linkId": "service-start", "answer": [{"valueDate": "2030-03-01"}]}
    place = {"linkId": "jurisdiction", "answer": [{"valueString": "US-MO"}]}
    setting = {"linkId": "setting", "answer": [{"valueCoding": {"code": "clinic"}}]}
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "status": "completed",
        "item": [start, place, setting],
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in (member, response)]}
    (case,), errors, _ = intake.read("b.json", toy, data=json.dumps(bundle).encode())
    assert (case.axis_values, errors) == ((f"{TOY}Clinic",), [])
    sheet = "request,setting,service_start,birth_date,jurisdiction\nr,at home,2030-03-01,1980-05-05,US-MO\n"
    (case,), errors, _ = intake.read("s.csv", toy, data=sheet.encode())
    assert (case.traits, errors) == (("at home", "Missouri"), [])


def test_the_worklist_filters_by_it(root: Path, toy: Policy, tmp_path: Path) -> None:
    kb = KnowledgeBase(open_store(str(tmp_path / "kb"), write=True))
    kb.load_policy(toy)
    for name in ("chart.ttl", "home.ttl"):
        (case,), _, _ = intake.read(str(root / name), toy)
        kb.load_case(case)
    items = read_worklist(kb, toy, WorkplaceSettings())
    assert {item.kind["setting"] for item in items} == {"at home", "clinic"}
    (axis,) = toy.axes
    assert selection.facets([replace(axis, label="place of PT")])["kind setting"] == "Place of PT"
    assert selection.values(items, "kind setting") == ["at home", "clinic"]
    chosen = selection.Selection(facets={"kind setting": frozenset({"at home"})}, sort="kind")
    assert selection.Selection.from_json(chosen.to_json()) == chosen
    (item,) = selection.select(items, chosen, selection.Viewer("", datetime(2030, 4, 1, tzinfo=UTC)))
    assert item.request == "https://example.org/home#request"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("toy:setting a owl:ObjectProperty", "toy:setting a owl:DatatypeProperty"),
        ("toy:AtHome a toy:Setting , owl:NamedIndividual", "toy:AtHome a toy:Setting"),
        ('"at home"@en', '"at home"@en , "home"@en'),
        ("toy:Setting a owl:Class", "toy:Setting a owl:NamedIndividual"),
    ],
)
def test_authoring_shapes_tell_of_an_axis_that_is_not_declared_well(root: Path, old: str, new: str) -> None:
    shapes = parsing.load_files([resources.SHAPES / "authoring.ttl"])
    vocabulary = (root / "ontology/toy/vocabulary.ttl").read_text()
    versions = (root / "ontology/toy/2030-01-01.ttl").read_text()
    assert old in vocabulary
    for text, faults in ((vocabulary, []), (vocabulary.replace(old, new), ["https://example.org/toy"])):
        data = Graph().parse(data=text, format="turtle").parse(data=versions, format="turtle")
        focuses = [
            result.focus for result in pyshacl_door.validate(data, shapes).results if "nec:axis" in result.message
        ]
        assert list(dict.fromkeys(focuses)) == faults


def test_authoring_shapes_tell_of_routing_by_what_is_no_axis(root: Path) -> None:
    shapes = parsing.load_files([resources.SHAPES / "authoring.ttl"])
    data = Graph().parse(root / "ontology/toy/vocabulary.ttl")
    (result,) = (r for r in pyshacl_door.validate(data, shapes).results if "nec:axis" in r.message)
    assert result.focus == f"{TOY}setting"
