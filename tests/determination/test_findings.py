"""What a clinical class says and does not say: the class tree, denials, contraries, codes and structured facts."""

from __future__ import annotations

import pytest
from rdflib import Graph

from reasoner import Determination, Engine, Policy, determine
from reasoner.determination.engine import DEFAULT_ENGINE
from tests.conftest import request

LATER = 'nec:observed "2025-06-05"^^xsd:date ; nec:recorded "2025-06-05"^^xsd:date'


def run(policy: Policy, *statements: str, engine: Engine = DEFAULT_ENGINE, **facts: str) -> Determination:
    lines = [
        f":f{number} nec:about :request ; {'' if 'Unread' in statement else 'nec:documentedIn :note ; '}{statement} ."
        for number, statement in enumerate(statements)
    ]
    data = Graph().parse(data=request(**facts) + "\n".join(lines), format="turtle")
    (determination,) = determine(data, policy, engine=engine)
    return determination


def affirmed(name: str, more: str = "") -> str:
    return f"a iop:{name} ; nec:assertion nec:Affirmed" + (f" ; {more}" if more else "")


def denied(name: str, more: str = "") -> str:
    return f"a iop:{name} ; nec:assertion nec:Denied" + (f" ; {more}" if more else "")


def rated(degree: str, more: str = LATER.replace("-05", "-02")) -> str:
    return affirmed("DisorderSeverity", f"nec:severity nec:{degree} ; {more}")


TWO = [affirmed("DepressiveDisorder", "nec:code icd10cm:F33.9"), affirmed("AnxietyDisorder", "nec:code icd10cm:F41.1")]


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([affirmed("Homelessness")], "met"),
        ([denied("Homelessness")], "not-documented"),
        ([denied("UnstableLivingSituation")], "not-met"),
        ([affirmed("UnstableLivingSituation"), denied("Homelessness")], "met"),
        ([affirmed("Homelessness"), denied("UnstableLivingSituation")], "conflicting"),
        ([affirmed("Homelessness"), denied("UnstableLivingSituation", LATER)], "not-met"),
        ([affirmed("Homelessness"), denied("Homelessness", LATER)], "not-documented"),
        ([affirmed("Homelessness"), denied("Homelessness")], "conflicting"),
        ([affirmed("HalfwayHouseResidence")], "not-documented"),
    ],
)
def test_affirmation_climbs_and_denial_does_not(policy: Policy, statements: list[str], status: str) -> None:
    determination = run(policy, *statements)
    assert determination.status("adult-admission:8-a-iii") == status
    assert determination.status("adult-admission:8-a-need") == "not-documented"


@pytest.mark.parametrize(
    "denial",
    [
        denied("EmergencyServicesAccess", LATER),
        f"a nec:Statement ; nec:assertion nec:Denied ; nec:addresses adult-admission:6-emergency ; {LATER}",
    ],
    ids=["by class", "by address"],
)
def test_denying_one_part_of_a_compound_finding_leaves_the_others(policy: Policy, denial: str) -> None:
    determination = run(policy, affirmed("CompleteSafetyPlan"), denial)
    parts = {
        part: determination.status(f"adult-admission:6-{part}").value for part in ("plan", "provider", "emergency")
    }
    assert parts == {"plan": "met", "provider": "met", "emergency": "not-met"}


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        ([affirmed("PrimarilyBridging")], "not-met"),
        ([denied("PrimarilyBridging")], "not-documented"),
        ([affirmed("NotPrimarilyBridging")], "met"),
        ([affirmed("NotPrimarilyBridging"), affirmed("PrimarilyBridging")], "conflicting"),
    ],
)
def test_contraries(policy: Policy, statements: list[str], status: str) -> None:
    assert run(policy, *statements, phase="Continuation").status("adult-continuation:4-e") == status


MAJOR = "nec:code icd10cm:F33.1"


@pytest.mark.parametrize(
    ("statements", "focus", "diagnosis", "severity"),
    [
        ([affirmed("MentalDisorder", "nec:code icd10cm:F33.2")], "MentalHealth", "met", "met"),
        ([affirmed("MentalDisorder", "nec:code icd10cm:F33.0")], "MentalHealth", "met", "not-met"),
        ([affirmed("MentalDisorder", "nec:code icd10cm:F33.9")], "MentalHealth", "met", "not-documented"),
        ([affirmed("MentalDisorder", "nec:severity nec:Mild")], "MentalHealth", "met", "not-met"),
        (
            [affirmed("DepressiveDisorder", MAJOR), affirmed("AnxietyDisorder", "nec:code icd10cm:F40.10 ; nec:severity nec:Mild")],
            "MentalHealth", "met", "met",
        ),
        (
            [affirmed("DepressiveDisorder", MAJOR),
             affirmed("AnxietyDisorder", "nec:code icd10cm:F40.10 ; nec:severity nec:Mild ; nec:primary true")],
            "MentalHealth", "met", "met",
        ),
        ([affirmed("AlcoholUseDisorder", "nec:code icd10cm:F10.20")], "SubstanceUse", "met", "met"),
        ([affirmed("AlcoholUseDisorder", "nec:code icd10cm:F10.10")], "SubstanceUse", "met", "not-met"),
        ([affirmed("AlcoholUseDisorder", "nec:code icd10cm:F10.21")], "SubstanceUse", "not-documented", "not-documented"),
        ([affirmed("DepressiveDisorder", MAJOR + " ; nec:primary true")], "SubstanceUse", "not-met", "not-documented"),
        ([affirmed("DepressiveDisorder", MAJOR)], "SubstanceUse", "not-documented", "not-documented"),
        # Laxatives are not psychoactive: abusing them is a disorder, and no substance use disorder.
        ([affirmed("MentalDisorder", "nec:code icd10cm:F55.2")], "SubstanceUse", "not-documented", "not-documented"),
        ([affirmed("MentalDisorder", "nec:code icd10cm:F55.2")], "MentalHealth", "met", "not-documented"),
        (
            [affirmed("DepressiveDisorder", MAJOR), denied("AnxietyDisorder", "nec:code icd10cm:F41.1")],
            "MentalHealth", "met", "met",
        ),
        (
            [affirmed("DepressiveDisorder", MAJOR), affirmed("AnxietyDisorder", "nec:code icd10cm:F41.1 ; " + LATER)],
            "MentalHealth", "met", "met",
        ),
    ],
)  # fmt: skip
def test_diagnoses(policy: Policy, statements: list[str], focus: str, diagnosis: str, severity: str) -> None:
    determination = run(policy, *statements, focus=focus)
    assert determination.status("adult-admission:1-diagnosis") == diagnosis
    assert determination.status("adult-admission:1-severity") == severity


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ("", "met"),
        ("iop:clinicalHoursPerWeek 19", "met"),
        ("iop:clinicalHoursPerWeek 9.0", "met"),
        ("iop:clinicalHoursPerWeek 8.5", "not-met"),
        ("iop:hoursPerWeek 20", "not-met"),
        ("iop:hoursPerWeek 20 ; iop:recreationalHoursPerWeek 2", "met"),
        ("iop:hoursPerWeek 10 ; iop:recreationalHoursPerWeek 2", "not-met"),
    ],
)
def test_hours(policy: Policy, facts: str, status: str) -> None:
    determination = run(policy, affirmed("ProgramHours", facts))
    assert determination.status("description:hours") == status
    assert any(note.startswith("description:") for note in determination.notes) == (status == "not-met")
    assert any("attested without detail" in note for note in determination.notes) == (not facts)


def dimensions(edition: int, count: int) -> str:
    return "iop:asamDimension " + " , ".join(f"iop:Asam{edition}Dimension{n}" for n in range(1, count + 1))


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ("", "met"),
        ("iop:asamEdition iop:AsamThirdEdition ; " + dimensions(3, 6), "met"),
        ("iop:asamEdition iop:AsamFourthEdition ; " + dimensions(4, 6), "met"),
        ("iop:asamEdition iop:AsamFourthEdition ; " + dimensions(3, 6), "not-documented"),
        ("iop:asamEdition iop:AsamThirdEdition ; " + dimensions(3, 5), "not-documented"),
        (dimensions(3, 6), "not-documented"),
    ],
)
def test_asam_assessment(policy: Policy, facts: str, status: str) -> None:
    determination = run(policy, affirmed("AsamAssessment", facts), focus="SubstanceUse", jurisdiction="US-IL")
    assert determination.status("illinois:assessment") == status


def test_other_factor_needs_acceptance(policy: Policy) -> None:
    assert run(policy, affirmed("OtherAdjunctiveFactor")).status("adult-admission:8-a-other") == "not-documented"
    accepted = run(policy, affirmed("OtherAdjunctiveFactor", "nec:acceptedBy :nurse"))
    assert accepted.status("adult-admission:8-a-other") == "met"


def test_a_concurrent_disorder_is_a_factor_and_routes_nowhere(policy: Policy) -> None:
    determination = run(policy, affirmed("AlcoholUseDisorder", "nec:code icd10cm:F10.20 ; nec:primary false"))
    assert determination.status("adult-admission:8-a-ii") == "met"
    assert not any(r.criterion.id.startswith("substance-use") for r in determination.criteria)


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize(
    ("criterion", "status", "facts", "statements"),
    [
        # A diagnosis without a flag does not take back that a disorder is stated to stand beside.
        ("8-a-ii", "met", {}, [affirmed("ConcurrentSubstanceUseDisorder"), affirmed("SubstanceUseDisorder", LATER)]),
        # What does not affirm under this focus leaves nothing to dispute.
        (
            "2-cause",
            "not-documented",
            {"focus": "SubstanceUse"},
            [affirmed("DifficultiesDueToPsychiatricDisorder"), denied("DifficultiesDueToPsychiatricDisorder")],
        ),
        # A rating from before no disorder was found does not come back with the diagnosis.
        (
            "1-severity",
            "not-documented",
            {},
            [
                affirmed("MajorDepressiveDisorder", "nec:severity nec:Severe"),
                affirmed("NoMentalDisorder", LATER),
                affirmed("MajorDepressiveDisorder", LATER.replace("-05", "-06")),
            ],
        ),
        # Of several disorders, a low rating that does not name its own says nothing against another of that day ...
        ("1-severity", "met", {}, [*TWO, rated("Moderate"), rated("Mild")]),
        ("1-severity", "not-documented", {}, [*TWO, rated("Moderate"), rated("Mild", LATER)]),
        # ... unlike a denial of the whole, or two ratings of the only one.
        ("1-severity", "conflicting", {}, [*TWO, rated("Moderate"), rated("Mild"), denied("DisorderSeverity")]),
        ("1-severity", "conflicting", {}, [*TWO[:1], rated("Moderate"), rated("Mild")]),
        # A denial that a rating supersedes does not come back where that rating may be about what was not read.
        (
            "1-severity",
            "not-documented",
            {},
            [
                affirmed("DepressiveDisorder", f"nec:code icd10cm:F33.0 ; {LATER}"),
                denied("DisorderSeverity", LATER.replace("-05", "-02")),
                rated("Severe", LATER),
                'a nec:Unread ; nec:kind nec:Condition ; nec:words "PTSD" ; nec:reason "it has no code, only words"',
            ],
        ),
        # That no substance use disorder was found denies each of them.
        (
            "1-diagnosis",
            "not-documented",
            {"focus": "SubstanceUse"},
            [affirmed("AlcoholUseDisorder", "nec:primary true"), affirmed("NoSubstanceUseDisorder", LATER)],
        ),
        # A denial by degree that names no domain speaks of every domain observed before.
        (
            "2-a-impairment",
            "not-met",
            {},
            [affirmed("ParentingImpairment"), affirmed("FunctionalImpairment", f"nec:severity nec:Minimal ; {LATER}")],
        ),
    ],
)
def test_facts_of_a_leaf(
    policy: Policy, engine: Engine, criterion: str, status: str, facts: dict[str, str], statements: list[str]
) -> None:
    assert run(policy, *statements, engine=engine, **facts).status(f"adult-admission:{criterion}") == status
