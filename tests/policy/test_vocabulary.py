"""The vocabulary of findings: what each says of a leaf, what it is about, and what it leaves open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from rdflib import Graph, Literal, URIRef

from reasoner import Policy, determine
from reasoner.policy.model import PolicyVersion
from reasoner.rdf.namespaces import NEC, OWL, RDF, RDFS, SKOS
from tests.conftest import request

IOP = "https://w3id.org/necessity/mp9556/vocabulary#"
WITHOUT_NARROWER = {
    "adult-admission:8-a-ii": "an axiom stands in: a substance use disorder that is stated not to be primary is one",
    "exclusions:4": "halfway houses are told apart by name alone, and other housing is none",
    "exclusions:5": "hypnotherapy is told apart by aim alone",
    "exclusions:11": "therapeutic group homes are told apart by name alone",
}
"""Leaves without a narrower class, and why."""
WITHOUT_CONTRARY = {
    "adult-admission:8-a-other": "the list of factors is open, so nothing is the opposite of all that it leaves unnamed",
    **dict.fromkeys(
        [f"exclusions:{number}" for number in (1, 4, 5, 7, 9, 10, 11, 12)],
        "a record says what a service is, not which of these it is not; its own class, denied, says that",
    ),
}
"""Leaves without a contrary class, and why."""


@pytest.fixture(scope="module")
def version(policy: Policy) -> PolicyVersion:
    (version,) = policy.versions
    return version


def named(*names: str) -> set[URIRef]:
    return {URIRef(IOP + name) for name in names}


def classes(ontology: Graph) -> Iterator[URIRef]:
    """The finding classes of the vocabulary."""
    for name in ontology.transitive_subjects(RDFS.subClassOf, NEC.Statement):
        if isinstance(name, URIRef) and str(name).startswith(IOP):
            yield name


def test_leaves_without_a_narrower_or_a_contrary_class_have_a_reason(policy: Policy, version: PolicyVersion) -> None:
    ontology = policy.ontology
    narrower = {
        leaf.id
        for leaf in version.leaves.values()
        if any(isinstance(name, URIRef) for name in ontology.subjects(RDFS.subClassOf, URIRef(leaf.finding)))
    }
    contrary = {leaf.id for leaf in version.leaves.values() if (None, NEC.contraryOf, URIRef(leaf.finding)) in ontology}
    every = {leaf.id for leaf in version.leaves.values()}
    assert every - narrower == set(WITHOUT_NARROWER)
    assert every - contrary == set(WITHOUT_CONTRARY)


def test_no_two_findings_have_one_name(policy: Policy) -> None:
    names = Counter(str(policy.ontology.value(name, SKOS.prefLabel)) for name in set(classes(policy.ontology)))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_class_that_only_adds_a_topic_stands_right_below_that_of_a_leaf(
    policy: Policy, version: PolicyVersion
) -> None:
    """Else its denial would deny no more than a narrower finding, of that topic."""
    ontology = policy.ontology
    findings = {URIRef(leaf.finding) for leaf in version.leaves.values()}
    added = list(ontology.subject_objects(NEC.addsTopic))
    assert len(added) > 20
    assert [str(name) for name, _ in added if not findings & set(ontology.objects(name, RDFS.subClassOf))] == []


def test_a_topic_is_of_a_kind_by_which_leaves_tell_facts_apart(policy: Policy, version: PolicyVersion) -> None:
    ontology = policy.ontology
    kinds = named("FunctionalDomain", "Medication", "Substance", "Symptom")
    factors = {leaf.iri for leaf in version.leaves.values() if leaf.id.startswith("adult-admission:8-a-")}
    for predicate in (NEC.addsTopic, NEC.impliesTopic):
        for name, topic in ontology.subject_objects(predicate):
            assert kinds & set(ontology.objects(topic, RDF.type)) or str(topic) in factors, name


def test_only_a_conditional_leaf_is_marked_not_applicable(policy: Policy, version: PolicyVersion) -> None:
    conditional = {leaf.finding for leaf in version.leaves.values() if leaf.conditional}
    marked = set(policy.ontology.objects(None, NEC.marksNotApplicable))
    assert {str(finding) for finding in marked} == conditional


def test_an_absence_denies_more_than_one_leaf(policy: Policy) -> None:
    absences = set(policy.ontology.subjects(NEC.absence, Literal(True)))
    assert absences == named("NoSafetyPlan", "UnqualifiedFacility")
    assert all(len(set(policy.ontology.objects(absence, NEC.contraryOf))) > 1 for absence in absences)


def test_every_term_is_declared_once_with_a_name_and_a_definition(policy: Policy) -> None:
    ontology = policy.ontology
    for kind in (OWL.Class, OWL.NamedIndividual, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty):
        for term in ontology.subjects(RDF.type, kind):
            if str(term).startswith(IOP):
                assert len(list(ontology.objects(term, SKOS.prefLabel))) == 1, term
                assert len(list(ontology.objects(term, SKOS.definition))) == 1, term


def statuses(policy: Policy, *statements: str, **facts: str) -> dict[str, str]:
    lines = [
        f":f{number} nec:about :request ; nec:documentedIn :note ; nec:assertion nec:Affirmed ; a {statement} ."
        for number, statement in enumerate(statements)
    ]
    (found,) = determine(Graph().parse(data=request(**facts) + "\n".join(lines), format="turtle"), policy)
    return {result.criterion.id: result.status.value for result in found.criteria if result.criterion.finding}


@pytest.mark.parametrize(
    "name",
    [
        "LowSuicideRisk",
        "NicotineWithdrawal",
        "NothingNewSinceReview",
        "PartialHospitalizationNeed",
        "PoorProgramAttendance",
        "SeveralFailedTreatments",
        "StepDownFromInpatientCare",
        "StepDownFromPartialHospitalization",
        "TobaccoUseDisorder",
    ],
)
@pytest.mark.parametrize("phase", ["Admission", "Continuation"])
def test_background_speaks_to_no_leaf(policy: Policy, name: str, phase: str) -> None:
    found = statuses(policy, f"iop:{name}", phase=phase, focus="SubstanceUse")
    assert set(found.values()) == {"not-documented"}


@pytest.mark.parametrize("focus", ["MentalHealth", "SubstanceUse"])
def test_nicotine_dependence_is_no_disorder_under_review_and_none_beside_it(policy: Policy, focus: str) -> None:
    found = statuses(
        policy,
        "nec:Statement ; nec:code icd10cm:F17.210 ; nec:primary false",
        "nec:Statement ; nec:code icd10cm:F17.220 ; nec:primary true",
        focus=focus,
    )
    assert {found[f"adult-admission:{leaf}"] for leaf in ("1-diagnosis", "1-severity", "8-a-ii")} == {"not-documented"}


@pytest.mark.parametrize(
    ("causes", "mental_health", "substance_use"),
    [
        (["DifficultiesDueToDisorder"], "met", "met"),
        (["DifficultiesDueToPsychiatricDisorder"], "met", "not-documented"),
        (["DifficultiesDueToSubstanceUseDisorder"], "not-documented", "met"),
        (["DifficultiesDueToPsychiatricDisorder , iop:DifficultiesDueToSubstanceUseDisorder"], "met", "met"),
        (["DifficultiesDueToPsychiatricDisorder", "DifficultiesDueToSubstanceUseDisorder"], "met", "met"),
        (["DifficultiesDueToOtherCause"], "not-met", "not-met"),
    ],
)
def test_difficulties_come_from_the_kind_of_disorder_that_is_treated(
    policy: Policy, causes: list[str], mental_health: str, substance_use: str
) -> None:
    for focus, status in (("MentalHealth", mental_health), ("SubstanceUse", substance_use)):
        found = statuses(policy, *(f"iop:{cause}" for cause in causes), focus=focus)
        assert found["adult-admission:2-cause"] == status


def test_undone_self_care_shows_impairment_and_no_undone_activity(policy: Policy) -> None:
    found = statuses(policy, "iop:SelfCareUncompleted")
    assert (found["adult-admission:2-a-impairment"], found["adult-admission:2-a-activities"]) == (
        "met",
        "not-documented",
    )


@pytest.mark.parametrize(
    ("domains", "status"),
    [
        ("iop:SelfCareDomain", "not-documented"),
        ("iop:SelfCareDomain , iop:WorkDomain", "met"),
        ("iop:WorkDomain", "met"),
    ],
)
def test_activities_of_self_care_are_none_of_those_that_are_asked_for(
    policy: Policy, domains: str, status: str
) -> None:
    found = statuses(policy, f"iop:EssentialActivitiesUncompleted ; iop:functionalDomain {domains}")
    assert found["adult-admission:2-a-activities"] == status


@pytest.mark.parametrize(
    ("name", "leaf", "status"),
    [
        ("SeverityByScale", "adult-admission:1-severity", "met"),
        ("SeverityBySpecifier", "adult-admission:1-severity", "met"),
        ("DisordersBelowModerate", "adult-admission:1-severity", "not-met"),
        ("SafeInCommunity", "adult-admission:4", "met"),
        ("DetoxificationCompleted", "description:no-detoxification", "met"),
        ("ActiveTreatmentService", "exclusions:2", "not-met"),
    ],
)
def test_new_findings_at_admission(policy: Policy, name: str, leaf: str, status: str) -> None:
    assert statuses(policy, f"iop:{name}")[leaf] == status


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("YouthInGroupHome", {"child-adolescent:3": "met"}),
        ("FamilyOfMinorRefusesTreatment", {"child-adolescent:5-family-centered": "not-met"}),
    ],
)
def test_new_findings_on_minors(policy: Policy, name: str, spoken: dict[str, str]) -> None:
    found = statuses(policy, f"iop:{name}", birth="2010-03-04")
    assert {leaf: status for leaf, status in found.items() if status != "not-documented"} == spoken


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("ContinuedForClinicalNeed", {"adult-continuation:4-c", "adult-continuation:4-e"}),
        ("ExternalSupportsInPlace", {"adult-continuation:4-c"}),
        ("NotAwaitingAnotherProgram", {"adult-continuation:4-e"}),
        ("PrimarilyClinicalPlan", {"adult-continuation:4-b"}),
    ],
)
def test_new_findings_at_continuation(policy: Policy, name: str, spoken: set[str]) -> None:
    found = statuses(policy, f"iop:{name}", phase="Continuation")
    assert {leaf for leaf, status in found.items() if status == "met"} == spoken
