"""Charts at random: requests of every kind, with statements that meet, supersede, dispute and withdraw one another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

START = date(2025, 6, 2)
END = date(2025, 7, 2)
AS_OF = date(2026, 1, 1)

PREFIXES = """\
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix iop: <https://w3id.org/necessity/mp9556/vocabulary#> .
@prefix adult-admission: <https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/> .
@prefix adult-continuation: <https://w3id.org/necessity/mp9556/2025-04-01/adult-continuation/> .
@prefix child-adolescent: <https://w3id.org/necessity/mp9556/2025-04-01/child-adolescent/> .
@prefix substance-use: <https://w3id.org/necessity/mp9556/2025-04-01/substance-use/> .
@prefix illinois: <https://w3id.org/necessity/mp9556/2025-04-01/illinois/> .
@prefix exclusions: <https://w3id.org/necessity/mp9556/2025-04-01/exclusions/> .
@prefix description: <https://w3id.org/necessity/mp9556/2025-04-01/description/> .
@prefix icd10cm: <http://hl7.org/fhir/sid/icd-10-cm/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix : <http://example.org/chart#> .
"""


class Said(NamedTuple):
    """A statement, or what its Turtle is made of."""

    what: str
    """Its classes, codes and details, as Turtle after `a nec:Statement`."""
    stance: str = "Affirmed"
    day: int = 0
    """When it was observed, in days after the start of service."""
    written: int = 0
    """How many days later it was recorded."""

    def turtle(self, name: str) -> str:
        observed = START + timedelta(days=self.day)
        recorded = observed + timedelta(days=self.written)
        return (
            f":{name} a nec:Statement {self.what} ; nec:about :request ; nec:assertion nec:{self.stance} ; "
            f'nec:documentedIn :note ; nec:observed "{observed}"^^xsd:date ; nec:recorded "{recorded}"^^xsd:date .'
        )


class Left(NamedTuple):
    """An item that was left unread."""

    kind: str
    code: str
    day: int | None

    def turtle(self, name: str) -> str:
        code = f" ; nec:code icd10cm:{self.code}" if self.code else ""
        day = "" if self.day is None else f' ; nec:observed "{START + timedelta(days=self.day)}"^^xsd:date'
        return f':{name} a nec:Unread ; nec:about :request ; nec:kind nec:{self.kind} ; nec:words "?" ; nec:reason "unknown"{code}{day} .'


@dataclass(frozen=True)
class Chart:
    """A request and what the record says."""

    phase: str = "Admission"
    focus: str = "MentalHealth"
    minor: bool = False
    illinois: bool = False
    funding: str = "FullyInsured"
    admitted: int | None = None
    """The start of the stay, in days before the start of service."""
    attested: tuple[str, ...] = ()
    """Leaves that are attested without detail on the first day of service."""
    said: tuple[Said, ...] = ()
    left: tuple[Left, ...] = ()

    def turtle(self) -> str:
        """The chart as Turtle."""
        stay = "" if self.admitted is None else f'nec:admitted "{START - timedelta(days=self.admitted)}"^^xsd:date ; '
        lines = [
            PREFIXES,
            f":request a nec:ReviewRequest ; nec:phase nec:{self.phase} ; nec:focus nec:{self.focus} ; {stay}",
            f'    nec:serviceStart "{START}"^^xsd:date ; nec:serviceEnd "{END}"^^xsd:date ;',
            f'    nec:asOf "{AS_OF}"^^xsd:date ; nec:member :member ; nec:plan :plan .',
            f':member a nec:Member ; nec:birthDate "{2010 if self.minor else 1980}-01-01"^^xsd:date .',
            f":plan a nec:Plan ; nec:jurisdiction nec:US-{'IL' if self.illinois else 'MO'} ; nec:funding nec:{self.funding} .",
            ':note a nec:Document ; dcterms:title "Note" .',
            *(Said(f"; nec:addresses {leaf}{_accepted(leaf)}").turtle(f"a{n}") for n, leaf in enumerate(self.attested)),
            *(said.turtle(f"s{n}") for n, said in enumerate(self.said)),
            *(left.turtle(f"u{n}") for n, left in enumerate(self.left)),
        ]
        return "\n".join(lines)


def _accepted(leaf: str) -> str:
    return " ; nec:acceptedBy :reviewer" if leaf == "adult-admission:8-a-other" else ""


# ---------------------------------------------------------------- what a record says, by what it turns on

_DEGREES = ("Minimal", "Mild", "MildToModerate", "Moderate", "ModerateOrSevere", "Severe")


def _details(**options: tuple[str, ...]) -> SearchStrategy[str]:
    """Some details, each left out as often as not."""
    parts = [
        st.one_of(st.just(""), st.sampled_from([f" ; {name.replace('_', ':')} {value}" for value in values]))
        for name, values in options.items()
    ]
    return st.tuples(*parts).map("".join)


def _degrees(*degrees: str) -> tuple[str, ...]:
    return tuple(f"nec:{degree}" for degree in degrees or _DEGREES)


_DISORDERS = {
    "MajorDepressiveDisorder": ("F33.0", "F33.1", "F33.2", "F33.41", "F32.9"),
    "GeneralizedAnxietyDisorder": ("F41.1",),
    "PanicDisorder": ("F41.0",),
    "AnxietyDisorder": ("F41.9",),
    "AlcoholUseDisorder": ("F10.10", "F10.20", "F10.21", "F10.229"),
    "OpioidUseDisorder": ("F11.10", "F11.20", "F11.21"),
    "DepressiveDisorder": (),
    "MoodDisorder": (),
    "PsychiatricDisorder": (),
    "SubstanceUseDisorder": (),
}
_NAMED = st.one_of(
    *(
        st.sampled_from([f", iop:{name}", *(f"; nec:code icd10cm:{code}" for code in codes)])
        for name, codes in _DISORDERS.items()
    )
)
_OF_DISORDERS = st.tuples(
    _NAMED,
    _details(nec_primary=("true", "false"), nec_severity=_degrees("Mild", "MildToModerate", "Moderate", "Severe")),
    st.sampled_from([""] * 5 + [" ; nec:remission nec:InRemission"]),
).map("".join)
_DENIED_DISORDERS = st.sampled_from([f", iop:{name}" for name in _DISORDERS])
_RATINGS = st.tuples(
    st.sampled_from(
        [", iop:DisorderSeverity"] * 3 + [", iop:SeverityByScale", "; nec:addresses adult-admission:1-severity"]
    ),
    _details(nec_severity=_degrees()),
).map("".join)


def _one(*classes: str) -> SearchStrategy[str]:
    return st.sampled_from([f", iop:{name}" for name in classes])


def _some(classes: tuple[str, ...], **options: tuple[str, ...]) -> SearchStrategy[str]:
    return st.tuples(_one(*classes), _details(**options)).map("".join)


_DOMAINS = tuple(f"iop:{name}Domain" for name in ("Work", "School", "Family", "Social", "SelfCare"))
_SUBSTANCES = ("iop:Alcohol", "iop:Opioids")
_MEDICATIONS = ("iop:Methadone", "iop:Naltrexone")
_SYMPTOMS = ("iop:SelfHarmSymptom", "iop:AnxietySymptom", '"night terrors"')
_FACTORS = ("adult-admission:8-a-i", "adult-admission:8-a-ii", "adult-admission:8-a-iii")
_AUTHORS = ("nec:Provider", "nec:Family", "nec:NonProvider")

_FAMILIES: dict[str, list[SearchStrategy[str]]] = {
    "disorders": [
        _OF_DISORDERS,
        _OF_DISORDERS,
        _OF_DISORDERS,
        _DENIED_DISORDERS,
        _RATINGS,
        _one("NoMentalDisorder", "NoSubstanceUseDisorder", "DisordersBelowModerate", "MentalDisorder"),
        _one("ConcurrentSubstanceUseDisorder", "TobaccoUseDisorder"),
        st.just("; nec:code icd10cm:F17.210"),
    ],
    "functioning": [
        _some(("FunctionalImpairment",), nec_severity=_degrees(), iop_functionalDomain=_DOMAINS),
        _some(
            ("WorkImpairment", "SchoolImpairment", "ParentingImpairment", "SelfCareUncompleted"),
            nec_severity=_degrees(),
        ),
        _some(("EssentialActivitiesUncompleted",), iop_functionalDomain=_DOMAINS),
        _some(("EssentialActivitiesCompleted", "IntactFunctioning"), iop_functionalDomain=_DOMAINS[:4]),
        _one("WorkActivitiesUncompleted", "SchoolRefusal", "WorkActivitiesCompleted", "IntactWorkFunctioning"),
        _one(
            "DifficultiesDueToDisorder", "DifficultiesDueToPsychiatricDisorder", "DifficultiesDueToSubstanceUseDisorder"
        ),
    ],
    "factors": [
        _some(("LevelRequiredByFactor", "LevelNotRequiredByFactor"), iop_factor=_FACTORS, nec_authorKind=_AUTHORS),
        _some(("LevelRequiredByLivingSituation", "LevelRequiredByComorbidity"), nec_authorKind=_AUTHORS),
        _one("Homelessness", "ShelterStay", "EvictionThreat", "UnstableLivingSituation", "StableLivingSituation"),
        _one("UnstableMedicalComorbidity", "UncontrolledPain", "MedicallyStable"),
        st.sampled_from([", iop:Unemployment", ", iop:Unemployment ; nec:acceptedBy :reviewer"]),
        _one("FailedLowerLevel", "LowerLevelRelapse", "LowerLevelSufficient"),
    ],
    "safety": [
        _one(
            "SafetyPlan", "JointSafetyPlan", "CompleteSafetyPlan", "CrisisPlan", "SafetyPlanMadeAlone", "NoSafetyPlan"
        ),
        _one("EmergencyServicesAccess", "NoEmergencyServicesAccess", "NoSafetyPlan"),
        _one("StandAloneYouthFacility", "AdultFacility", "DistinctLicensedUnit", "UnqualifiedFacility"),
        _one("TwentyFourHourSupervisionNeed", "YouthLivingAtHome", "IndependentLivingCapability"),
    ],
    "course": [
        _some(("MeasurableImprovement", "SymptomsNotImproving", "SymptomsWorsening"), iop_symptom=_SYMPTOMS),
        _some(("NewSymptomsOrBehaviors", "NoNewSymptomsOrBehaviors", "NoMeasurableImprovement"), iop_symptom=_SYMPTOMS),
        _one("ReducedSelfHarm", "NewSelfHarm", "ContinuedSelfHarm", "DepressionScaleImprovement"),
        _one(
            "BehaviorsOrProgressNotImproving",
            "BehaviorsAndProgressImproving",
            "AllSymptomsImproving",
            "NoProgressTowardDischarge",
        ),
        _one("PrimarilyBridging", "NotPrimarilyBridging", "NothingNewSinceReview", "ContinuedForClinicalNeed"),
    ],
    "substances": [
        _some(
            ("WithdrawalManageable", "UnmanageableWithdrawal", "AmbulatoryWithdrawalManagement"),
            iop_substance=_SUBSTANCES,
        ),
        _one(
            "OpioidWithdrawalManageable",
            "UnmanageableAlcoholWithdrawal",
            "NoAcuteWithdrawal",
            "DetoxificationCompleted",
        ),
        _some(("MedicationTreatmentAwareness", "MedicationTreatmentNotDiscussed"), iop_medication=_MEDICATIONS),
        _one("MethadoneDiscussed", "MedicationsContraindicated"),
        _one("Craving", "NoSubstanceUseSymptoms", "AcutePanicAttacks", "NoCooccurringMentalDisorder"),
    ],
    "illinois": [
        st.sampled_from(
            [
                ", iop:AsamAssessment",
                ", iop:AsamAssessment ; iop:asamEdition iop:AsamThirdEdition ; iop:asamDimension iop:Asam3Dimension1",
                ", iop:AsamAssessment ; iop:asamEdition iop:AsamFourthEdition ; iop:asamDimension "
                + " , ".join(f"iop:Asam4Dimension{n}" for n in range(1, 7)),
                ", iop:NoAsamAssessment",
            ]
        ),
        _some(("AsamLevelOfCare",), iop_asamLevel=("iop:AsamLevel2.1", "iop:AsamLevel3.1", "iop:AsamLevel1.0")),
        _one("HigherAsamLevel", "LowerAsamLevel", "ContinuedServiceReason", "NoContinuedServiceReason"),
    ],
    "service": [
        _one("EnvironmentForLackOfSupportService", "BiofeedbackService", "RespiteService", "ClinicalPurposeService"),
        _some(("ProgramDays",), iop_daysPerWeek=("2", "3")),
        _some(("ProgramHours",), iop_hoursPerWeek=("8.5", "10", "20"), iop_recreationalHoursPerWeek=("2",)),
        _one("NonResidentialProgram", "DetoxificationNeed", "NoDetoxificationNeed"),
    ],
}
FAMILIES = tuple(_FAMILIES)

_ADULT_ADMISSION = (
    *("1-diagnosis", "1-severity", "2-cause", "2-a-impairment", "2-a-activities", "2-b", "3", "4", "5"),
    *("6-plan", "6-provider", "6-emergency", "7-a", "8-b"),
)
_ATTESTED = {
    "Admission": tuple(f"adult-admission:{name}" for name in _ADULT_ADMISSION),
    "Continuation": tuple(
        f"adult-continuation:{name}" for name in ("1-a", "1-b-progress", "1-b-unstable", *(f"4-{n}" for n in "abcdef"))
    ),
    "minor": (
        *("child-adolescent:2-a", "child-adolescent:3", "child-adolescent:4-mental-health"),
        *("child-adolescent:4-physical-health", "child-adolescent:4-education", "child-adolescent:5-family-centered"),
    ),
    "SubstanceUse": (
        *("substance-use:2", "substance-use:3", "substance-use:4", "substance-use:5-b"),
        *("substance-use:6-symptoms-psychiatric", "substance-use:6-relapse", "substance-use:6-treatment"),
    ),
    "illinois": ("illinois:assessment", "illinois:level", "illinois:continued-service"),
}
_TURNS_ON = {
    "disorders": ("adult-admission:1-", "adult-admission:8-"),
    "functioning": ("adult-admission:2-",),
    "factors": ("adult-admission:8-",),
    "safety": ("adult-admission:6-", "adult-admission:4", "child-adolescent:2-", "child-adolescent:3"),
    "course": ("adult-continuation:",),
    "substances": ("substance-use:2", "substance-use:3", "substance-use:5"),
    "illinois": ("illinois:",),
    "service": (),
}
"""The leaves that a family of statements speaks to, by how their ids begin."""

CONDITIONAL = ("WithdrawalManageable", "MedicationTreatmentAwareness")


_BOUNDS = (5, 7, 8, 30, 31, -1, -20, -30, -31, -90, -91, -180, -181, -200, -365, -366, -800)
"""Days at which the observations that count begin or end, and days beside them."""


@st.composite
def said(draw: st.DrawFn, family: str) -> Said:
    """A statement of a family."""
    what = draw(st.one_of(_FAMILIES[family]))
    stances = ["Affirmed"] * 3 + ["Denied"]
    if any(f"iop:{name}" in what for name in CONDITIONAL):
        stances.append("NotApplicable")
    stance = draw(st.sampled_from(stances))
    if stance == "Denied" and family == "disorders":
        what = draw(_DENIED_DISORDERS) if "code" in what or ";" in what else what
    day = draw(st.one_of(st.sampled_from([0, 1, 2]), st.sampled_from([0, 1, 2]), st.sampled_from(_BOUNDS)))
    written = draw(st.sampled_from([0] * 8 + [1, 40, 400]))
    return Said(what, stance, day, written)


_LEFT = st.builds(
    Left,
    st.sampled_from(["Condition"] * 3 + ["Medication", "Order", "Observation"]),
    st.sampled_from(["", "F32.ABC", "F10.ABC", "E11.9"]),
    st.sampled_from([None, None, 0, -100, -400, 40]),
)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """A chart: a few statements of one family or two, where all else that is asked is mostly attested."""
    phase = draw(st.sampled_from(["Admission", "Admission", "Continuation"]))
    focus = draw(st.sampled_from(["MentalHealth", "SubstanceUse"]))
    minor, illinois = draw(st.sampled_from([False, False, True])), draw(st.sampled_from([False, False, True]))
    families = draw(st.lists(st.sampled_from(_families(phase, focus, illinois)), min_size=1, max_size=2, unique=True))
    statements = draw(st.lists(st.sampled_from(families).flatmap(said), min_size=1, max_size=8))
    asked = _asked(phase, focus, minor, illinois)
    spoken = tuple(start for family in families for start in _TURNS_ON[family])
    silent = draw(st.sampled_from([(), (), (), *[(leaf,) for leaf in asked]]))
    kept = draw(st.sampled_from([False, False, False, True]))
    return Chart(
        phase=phase,
        focus=focus,
        minor=minor,
        illinois=illinois,
        funding=draw(st.sampled_from(["FullyInsured", "SelfFunded"])),
        admitted=draw(st.sampled_from([None, None, 0, 30, 200])),
        attested=tuple(leaf for leaf in asked if leaf not in silent and (kept or not leaf.startswith(spoken))),
        said=tuple(statements),
        left=tuple(draw(st.lists(_LEFT, max_size=1))) if draw(st.booleans()) else (),
    )


@st.composite
def met_charts(draw: st.DrawFn) -> Chart:
    """A chart in which all that is asked is attested, and little else is said: criteria-met more often than not."""
    phase = draw(st.sampled_from(["Admission", "Continuation"]))
    focus = draw(st.sampled_from(["MentalHealth", "SubstanceUse"]))
    minor, illinois = draw(st.booleans()), draw(st.booleans())
    statements = draw(st.lists(st.sampled_from(_families(phase, focus, illinois)).flatmap(said), max_size=2))
    return Chart(
        phase=phase,
        focus=focus,
        minor=minor,
        illinois=illinois,
        attested=_asked(phase, focus, minor, illinois),
        said=tuple(statements),
    )


def _asked(phase: str, focus: str, minor: bool, illinois: bool) -> tuple[str, ...]:
    """Leaves whose attestation meets the criteria."""
    return (
        *_ATTESTED[phase],
        *(_ATTESTED["minor"] if minor else ()),
        *(_ATTESTED["SubstanceUse"] if focus == "SubstanceUse" else ()),
        *(_ATTESTED["illinois"] if illinois else ()),
    )


def _families(phase: str, focus: str, illinois: bool) -> list[str]:
    """The families that speak to what is asked."""
    found = ["safety", "service"]
    found += ["disorders", "disorders", "functioning", "factors"] if phase == "Admission" else ["course", "course"]
    found += ["substances", "substances"] if focus == "SubstanceUse" else []
    return found + (["illinois"] if illinois else [])
