"""A payer's configuration: what is read of it, what it changes, and every way in which it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import load_policy
from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.policy.configuration import configured, read_configuration
from tests.policies import WINDOW, WINDOWED, all_of, interpretation, leaf, parameters, policy, replacing, version

SECTION = all_of("s", leaf("a"), leaf("b"))
EARLIER = version(SECTION, interpretations=(interpretation("lack", plain=(), both=(replacing("a", "b"),)),))
LATER = version(
    SECTION,
    interpretations=(
        interpretation("scope", plain=(), narrow=(replacing("b"),)),
        interpretation("force", plain=(), strong=()),
    ),
)
POLICY = policy(EARLIER, LATER)
PREFIXES = """
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix reading: <urn:reading:> .
"""


def written(folder: Path, turtle: str, name: str = "readings.ttl") -> Path:
    path = folder / name
    path.write_text(PREFIXES + turtle)
    return path


CHOICE = """
<urn:payer> a nec:Configuration ; skos:prefLabel "A payer's readings" ; dcterms:creator "R. Example" ;
    nec:chosenReading <urn:reading:lack:both> , <urn:reading:scope:narrow> .
"""


def test_a_choice_is_read_with_who_made_it(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, CHOICE), POLICY)
    assert (configuration.iri, configuration.label, configuration.author) == (
        "urn:payer",
        "A payer's readings",
        "R. Example",
    )
    assert configuration.readings == {"urn:reading:lack:both", "urn:reading:scope:narrow"}


def test_each_version_takes_the_readings_of_its_own_passages(tmp_path: Path) -> None:
    configuration = read_configuration(written(tmp_path, CHOICE), POLICY)
    assert configuration.choices(EARLIER) == {"lack": "lack/both"}
    assert configuration.choices(LATER) == {"scope": "scope/narrow"}


def test_parameters_are_read_in_the_order_of_their_iris(tmp_path: Path) -> None:
    path = written(tmp_path, f"<urn:payer> a nec:Configuration ; <{WINDOW}> 14 ; nec:ageOfMajority 19 .")
    assert read_configuration(path, POLICY).parameters == (
        ("https://w3id.org/necessity/core#ageOfMajority", 19),
        (WINDOW, 14),
    )


def test_each_version_takes_the_parameters_that_it_states(tmp_path: Path) -> None:
    without = version(SECTION, parameters=parameters(ageOfMajority=18), axes=())
    path = written(tmp_path, f"<urn:payer> a nec:Configuration ; <{WINDOW}> 14 .")
    both = policy(without, LATER)
    first, second = configured(both, read_configuration(path, both)).versions
    assert first is without
    assert (second.windows, second.age_of_majority) == ({WINDOWED: 14}, 18)
    assert [(p.default, p.value) for p in second.parameters.values() if p.changed] == [(7, 14)]


def test_a_policy_is_configured_once_and_from_its_own_values(tmp_path: Path) -> None:
    set_age, set_window = (
        read_configuration(written(tmp_path, f"<urn:payer> a nec:Configuration ; {stated} ."), POLICY)
        for stated in ("nec:ageOfMajority 19", f"<{WINDOW}> 14")
    )
    once = configured(POLICY, set_age)
    assert configured(once, set_age) is once, "an equal policy of another identity would be compiled again"
    assert {v.age_of_majority for v in configured(once, set_window).versions} == {18}


def test_what_the_policy_states_already_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "<urn:payer> a nec:Configuration ; nec:ageOfMajority 18 .")
    assert configured(POLICY, read_configuration(path, POLICY)) is POLICY
    assert configured(POLICY, None) is POLICY


def test_a_default_can_be_chosen(tmp_path: Path) -> None:
    path = written(tmp_path, "<urn:payer> a nec:Configuration ; nec:chosenReading <urn:reading:force:plain> .")
    assert read_configuration(path, POLICY).choices(LATER) == {"force": "force/plain"}


def test_the_digest_is_that_of_what_is_said_and_not_of_how(tmp_path: Path) -> None:
    rewritten = """
    <urn:payer> nec:chosenReading <urn:reading:scope:narrow> ; dcterms:creator "R. Example" ; a nec:Configuration .
    <urn:payer> nec:chosenReading <urn:reading:lack:both> ; skos:prefLabel "A payer's readings" . # in other words
    """
    one, other, changed = (
        read_configuration(written(tmp_path, turtle, f"{number}.ttl"), POLICY).digest
        for number, turtle in enumerate((CHOICE, rewritten, CHOICE.replace("R. Example", "S. Example")))
    )
    assert one == other
    assert one != changed


@pytest.mark.parametrize(
    ("turtle", "problem"),
    [
        ("", "0 resources of the class nec:Configuration"),
        (
            "<urn:one> a nec:Configuration . <urn:two> a nec:Configuration .",
            "2 resources of the class nec:Configuration.*State exactly one",
        ),
        ("<urn:one> a nec:Configuration .", "sets nothing.*nec:chosenReading"),
        (
            "<urn:one> a nec:Configuration ; nec:chosenReading <urn:reading:lack:neither> .",
            "no reading <urn:reading:lack:neither>",
        ),
        (
            "<urn:one> a nec:Configuration ; nec:chosenReading <urn:reading:lack:both> , <urn:reading:lack:plain> .",
            "<urn:reading:lack:both> and <urn:reading:lack:plain> are readings of one passage",
        ),
    ],
    ids=["no configuration", "two configurations", "no choice", "an unknown reading", "two readings of one passage"],
)
def test_a_configuration_is_refused_for(tmp_path: Path, turtle: str, problem: str) -> None:
    path = written(tmp_path, turtle)
    with pytest.raises(PolicyError, match=problem) as error:
        read_configuration(path, POLICY)
    assert error.value.where == str(path)


@pytest.mark.parametrize(
    ("name", "turtle", "problem"),
    [("readings.txt", CHOICE, "unknown file type '.txt'"), ("readings.ttl", "<urn:one> a", "Turtle")],
)
def test_a_file_that_is_no_rdf_is_refused(tmp_path: Path, name: str, turtle: str, problem: str) -> None:
    with pytest.raises(DocumentationError, match=problem):
        read_configuration(written(tmp_path, turtle, name), POLICY)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentationError, match=r"nowhere\.ttl"):
        read_configuration(tmp_path / "nowhere.ttl", POLICY)


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ("nec:ageOfMajority -1", "ageOfMajority cannot be .*from 0 to 150"),
        ("nec:ageOfMajority 151", "ageOfMajority cannot be .*from 0 to 150"),
        ("nec:ageOfMajority 18.5", "ageOfMajority cannot be .*whole number"),
        ('nec:ageOfMajority "18"', "ageOfMajority cannot be .*whole number"),
        ('nec:ageOfMajority "old"^^<http://www.w3.org/2001/XMLSchema#integer>', "ageOfMajority cannot be"),
        ("nec:ageOfMajority <urn:18>", "ageOfMajority cannot be .*whole number"),
        ("nec:ageOfMajority true", "ageOfMajority cannot be .*whole number"),
        ("nec:ageOfMajority 18 , 19", "ageOfMajority has two values"),
        ("nec:admisionWindow 14", "admisionWindow is no parameter of the policy.*core#admissionWindow"),
    ],
)
def test_a_parameter_is_refused_with_file_and_node(tmp_path: Path, stated: str, problem: str) -> None:
    path = written(tmp_path, f"<urn:payer> a nec:Configuration ; {stated} .")
    with pytest.raises(PolicyError, match=problem) as error:
        read_configuration(path, load_policy("mp9556"))
    assert error.value.where == f"{path}: <urn:payer>"
