"""A payer's configuration: what is read of it, what it changes, and every way in which it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner import load_policy
from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.policy.configuration import configured, read_configuration
from tests.conftest import write_toy
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


# Lookbacks, under the installed policy.

CRITERIA = (
    "".join(
        f"@prefix {name}: <https://w3id.org/necessity/mp9556/2025-04-01/{name}/> .\n"
        for name in ("adult-admission", "adult-continuation", "child-adolescent", "illinois")
    )
    + "@prefix section: <https://w3id.org/necessity/mp9556/2025-04-01/> .\n"
)


def looking_back(folder: Path, stated: str) -> dict[str, str]:
    """The lookbacks in force that are not the policy's own, by criterion."""
    installed = load_policy("mp9556")
    path = written(folder, f"{CRITERIA}<urn:payer> a nec:Configuration . {stated}")
    (version,) = configured(installed, read_configuration(path, installed)).versions
    assert {leaf.own_lookback for leaf in version.changed_lookbacks} <= {
        leaf.current_lookback for leaf in installed.versions[0].leaves.values()
    }
    return {leaf.id: str(leaf.current_lookback) for leaf in version.changed_lookbacks}


@pytest.mark.parametrize(
    ("stated", "changed"),
    [
        ("adult-admission:1-severity nec:lookback 730 .", {"adult-admission:1-severity": "730 days"}),
        ("adult-admission:8-b nec:lookback 0 .", {"adult-admission:8-b": "0 days"}),
        (
            "adult-admission:1 nec:lookback nec:SinceAdmission .",
            {"adult-admission:1-diagnosis": "since admission", "adult-admission:1-severity": "since admission"},
        ),
        (
            "adult-admission:1 nec:lookback 30 . adult-admission:1-severity nec:lookback 40 .",
            {"adult-admission:1-diagnosis": "30 days", "adult-admission:1-severity": "40 days"},
        ),
        (
            "section:illinois nec:lookback 60 .",
            {f"illinois:{name}": "60 days" for name in ("assessment", "level", "continued-service")},
        ),
        ("adult-admission:1-severity nec:lookback 365 . adult-admission:1-diagnosis nec:lookback 10 .",
         {"adult-admission:1-diagnosis": "10 days"}),
    ],
    ids=["a leaf", "no days at all", "a group", "a leaf within a group", "a section", "the policy's own"],
)  # fmt: skip
def test_a_lookback_is_set_for_a_leaf_or_all_leaves_of_a_group(
    tmp_path: Path, stated: str, changed: dict[str, str]
) -> None:
    assert looking_back(tmp_path, stated) == changed


def test_a_section_within_another_keeps_its_lookbacks(tmp_path: Path) -> None:
    changed = looking_back(tmp_path, "section:child-adolescent nec:lookback 30 .")
    assert {id_.partition(":")[0] for id_ in changed} == {"child-adolescent"}
    assert "child-adolescent:2-a" in changed, "what the policy leaves unbounded can be bounded"


def test_a_leaf_that_a_reading_restates_follows_it(tmp_path: Path) -> None:
    installed = load_policy("mp9556")
    path = written(
        tmp_path, f"{CRITERIA}<urn:payer> a nec:Configuration . adult-admission:2-a-impairment nec:lookback 9 ."
    )
    (version,) = configured(installed, read_configuration(path, installed)).versions
    nine = {iri for iri, leaf in version.leaves.items() if leaf.lookback == 9}
    (restated,) = version.changed_lookbacks
    assert nine == {restated.iri, *(iri for iri, leaf in version.leaves.items() if leaf.restates == restated.iri)}
    assert len(nine) == 2


def test_lookbacks_are_the_policys_own_again_under_another_configuration(tmp_path: Path) -> None:
    installed = load_policy("mp9556")
    one, other = (
        read_configuration(written(tmp_path, f"{CRITERIA}<urn:payer> a nec:Configuration . {stated} ."), installed)
        for stated in ("adult-admission:3 nec:lookback 30", "adult-admission:4 nec:lookback 30")
    )
    (version,) = configured(configured(installed, one), other).versions
    assert [leaf.id for leaf in version.changed_lookbacks] == ["adult-admission:4"]
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("stated", "node", "problem"),
    [
        ('adult-admission:3 nec:lookback "30" .', "adult-admission/3", 'cannot be "30".*whole number of days'),
        (
            "adult-admission:3 nec:lookback -1 .",
            "adult-admission/3",
            "cannot be .*from 0 to 36600, or nec:SinceAdmission",
        ),
        ("adult-admission:3 nec:lookback nec:Admission .", "adult-admission/3", "cannot be .*nec:SinceAdmission"),
        ("adult-admission:3 nec:lookback 30 , 60 .", "adult-admission/3", "two lookbacks"),
        ("adult-admission:9 nec:lookback 30 .", "adult-admission/9", "no criterion.*policy show"),
        ("child-adolescent:1 nec:lookback 30 .", "child-adolescent/1", "no leaves of its own.*the sections"),
        ("adult-admission:3 nec:lookbak 30 .", "adult-admission/3", "lookbak cannot be configured.*nec:lookback"),
        (
            "<https://w3id.org/necessity/mp9556/2025-04-01/interpretation/level-least> nec:lookback 30 .",
            "interpretation/level-least",
            "as a reading has it.*illinois/level>, for all readings",
        ),
        ("adult-admission:3 nec:detail nec:severity .", "adult-admission/3", "detail cannot be configured"),
    ],
)
def test_a_lookback_is_refused_with_file_and_node(tmp_path: Path, stated: str, node: str, problem: str) -> None:
    path = written(tmp_path, f"{CRITERIA}<urn:payer> a nec:Configuration ; nec:ageOfMajority 19 . {stated}")
    with pytest.raises(PolicyError, match=problem) as error:
        read_configuration(path, load_policy("mp9556"))
    assert error.value.where == f"{path}: <https://w3id.org/necessity/mp9556/2025-04-01/{node}>"


def test_a_configuration_has_no_lookback_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, "<urn:payer> a nec:Configuration ; nec:lookback 30 .")
    with pytest.raises(PolicyError, match=r"no lookback of its own.*on a leaf or a group") as error:
        read_configuration(path, load_policy("mp9556"))
    assert error.value.where == f"{path}: <urn:payer>"


def test_a_stay_needs_a_version_that_says_when_one_begins(tmp_path: Path) -> None:
    toy = load_policy("toy", root=write_toy(tmp_path))
    leaf = toy.versions[0].by_id["criteria:1-a"].iri
    path = written(tmp_path, f"<urn:payer> a nec:Configuration . <{leaf}> nec:lookback nec:SinceAdmission .")
    with pytest.raises(PolicyError, match=r"toy/2030-01-01 does not say when a stay began.*a number of days"):
        read_configuration(path, toy)
