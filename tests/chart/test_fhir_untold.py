"""What cannot be told from a resource: when it ended, what was asked, what a reference leads to, whose it is."""

from __future__ import annotations

import pytest

from tests.chart.bundles import (
    CONDITION,
    DISPENSED,
    ENCOUNTER,
    FLAG,
    GIVEN,
    GOAL,
    HCPCS,
    HOUSING,
    ICD10CM,
    INFORMED,
    LOINC,
    PHQ9,
    PLAN,
    REPORT,
    SNOMED,
    WEEK,
    MappedResources,
    Resource,
    coded,
    with_,
)

NOWHERE = "the reference leads nowhere in the bundle"
RESOLVED = {"coding": [{"code": "resolved"}]}
HOMELESS = coded(SNOMED, "32911000")


@pytest.mark.parametrize(
    ("start", "end", "assertions"),
    [
        ("2025-05-20", "2025-08-01", []),
        ("2025-06-02", "2025-08-01", []),
        ("2025-07-01", "2025-08-01", ["Affirmed", "Affirmed"]),
        (None, "2025-08-01", ["Affirmed", "Affirmed"]),
    ],
)
def test_an_end_in_a_period_that_began_by_the_service_is_unread(
    start: str | None, end: str, assertions: list[str]
) -> None:
    period = {"end": end} | ({"start": start} if start else {})
    condition = with_(
        CONDITION,
        code=coded(ICD10CM, "F33.1"),
        clinicalStatus=RESOLVED,
        abatementPeriod=period,
        recordedDate="2025-05-01",
    )
    mapped = MappedResources(condition)
    assert [mapped.values(node, "assertion")[0] for node in mapped.statements] == assertions
    reasons = [mapped.values(node, "reason")[0] for node in mapped.unread]
    assert len(reasons) == (0 if assertions else 1)
    assert all("its end lies in a period that began by then" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("code", "affirmed"),
    [
        (coded(LOINC, "71802-3"), True),
        (coded("http://example.org/questions", "housing"), True),
        (coded(LOINC, "10157-6"), False),
        (coded(SNOMED, "417662000"), False),
        ({"text": "Homeless as a child"}, False),
    ],
    ids=["housing", "a code of one's own", "history of the family", "history of the patient", "words"],
)
def test_a_circumstance_is_affirmed_only_where_the_question_is_about_now(code: Resource, affirmed: bool) -> None:
    mapped = MappedResources(with_(HOUSING, code=code, valueCodeableConcept=HOMELESS))
    assert (len(mapped.statements), len(mapped.unread)) == ((1, 0) if affirmed else (0, 1))


@pytest.mark.parametrize(("answer", "assertion"), [("373066001", "Affirmed"), ("373067005", "Denied")])
def test_yes_and_no_of_snomed_ct_say_whether_a_circumstance_is_so(answer: str, assertion: str) -> None:
    mapped = MappedResources(with_(HOUSING, code=HOMELESS, valueCodeableConcept=coded(SNOMED, answer)))
    (statement,) = mapped.statements
    assert mapped.values(statement, "assertion") == [assertion]


def test_a_result_that_is_not_in_the_bundle_is_unread() -> None:
    results = [{"reference": "Observation/o"}, {"reference": "Observation/gone", "display": "TSH"}]
    report = with_(REPORT, conclusion=None, conclusionCode=None, result=results)
    mapped = MappedResources(report, PHQ9)
    (item,) = mapped.unread
    assert (mapped.values(item, "words"), mapped.values(item, "reason")) == (["TSH"], [NOWHERE])
    alone = MappedResources(with_(report, result=results[1:]))
    assert len(alone.unread) == 1
    assert not any("read by themselves" in note for note in alone.notes)


def test_words_of_a_reference_and_of_a_class_are_kept() -> None:
    stay = with_(ENCOUNTER, class_="inpatient", diagnosis=[{"condition": {"reference": "Condition/gone"}}])
    mapped = MappedResources(stay)
    words = {mapped.values(node, "kind")[0]: mapped.values(node, "words") for node in mapped.unread}
    assert words == {"Encounter": ["inpatient"], "Condition": ["Condition/gone"]}


def test_an_activity_that_was_cancelled_says_so_with_its_code() -> None:
    detail = {"status": "cancelled", "code": coded(HCPCS, "H0015"), "scheduledPeriod": {"start": "2025-06-02"}}
    mapped = MappedResources(with_(PLAN, activity=[{"detail": detail}]))
    (item,) = mapped.unread
    assert mapped.values(item, "reason") == ["it is an activity that was cancelled"]
    assert mapped.values(item, "code") == [f"{HCPCS}/H0015"]
    scheduled = MappedResources(with_(PLAN, activity=[{"detail": detail | {"scheduledTiming": WEEK}}]))
    assert not scheduled.statements
    assert len(scheduled.unread) == 1


@pytest.mark.parametrize(
    ("recorded", "observed", "notes"),
    [(None, "2025-05-10", 1), ("2025-05-20", "2025-05-20", 0)],
    ids=["alone", "beside a recorded date"],
)
def test_the_date_on_which_a_condition_was_asserted_stands_for_one_that_is_missing(
    recorded: str | None, observed: str, notes: int
) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
    extension = [{"url": url, "valueDateTime": "2025-05-10T09:00:00-05:00"}]
    mapped = MappedResources(with_(CONDITION, recordedDate=recorded, onsetDateTime="2024-01-01", extension=extension))
    (statement,) = mapped.statements
    assert mapped.values(statement, "recorded") == mapped.values(statement, "observed") == [observed]
    assert sum("asserted stands for it" in note for note in mapped.notes) == notes


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("MedicationOrder", "Medication"),
        ("ProcedureRequest", "Order"),
        ("ReferralRequest", "Order"),
        ("DiagnosticOrder", "Order"),
    ],
)
def test_an_order_of_fhir_before_r4_is_unread(type_: str, kind: str) -> None:
    order = {"resourceType": type_, "id": "z", "status": "active", "patient": {"reference": "Patient/p"}}
    said = order | {"code": {"text": "day program"}, "authoredOn": "2025-05-20"}
    mapped = MappedResources(said)
    (item,) = mapped.unread
    assert (mapped.values(item, "kind"), mapped.values(item, "words")) == ([kind], ["day program"])
    assert "before R4" in mapped.values(item, "reason")[0]
    assert not MappedResources(said | {"status": "entered-in-error"}).unread
    assert not MappedResources(
        {"resourceType": "RelatedPerson", "id": "r"}, said | {"patient": {"reference": "RelatedPerson/r"}}
    ).unread


UNTOLD = {"display": "somebody"}


@pytest.mark.parametrize(
    "resource", [FLAG, GOAL, PLAN, GIVEN, DISPENSED], ids=lambda resource: resource["resourceType"]
)
def test_an_item_of_which_it_cannot_be_told_whose_it_is_is_unread(resource: Resource) -> None:
    mapped = MappedResources(with_(resource, subject=UNTOLD))
    assert not mapped.statements
    (item,) = mapped.unread
    assert mapped.values(item, "reason")[0].startswith("whose it is cannot be told")


@pytest.mark.parametrize(
    "resource",
    [with_(INFORMED, patient=UNTOLD), with_(REPORT, subject=UNTOLD)],
    ids=lambda resource: resource["resourceType"],
)
def test_so_is_each_diagnosis_in_one(resource: Resource) -> None:
    mapped = MappedResources(resource)
    assert not mapped.statements
    (item,) = [item for item in mapped.unread if mapped.values(item, "kind") == ["Condition"]]
    assert mapped.values(item, "code") == [f"{ICD10CM}/F33.1"]


@pytest.mark.parametrize(
    ("words", "doubted"),
    [
        ("R/O major depression", True),
        ("Rule-out MDD", True),
        ("suspected MDD", True),
        ("H/o depression", True),
        ("Family history of depression", True),
        ("no evidence of MDD", True),
        ("MDD, ruled out", True),
        ("MDD?", True),
        ("mother has MDD", True),
        ("Maternal grandmother: depression", True),
        ("not MDD", True),
        ("past MDD", True),
        ("MDD, resolved", True),
        ("MDD in full remission", True),
        ("screening for depression", True),
        ("At risk for MDD", True),
        ("MDD vs bipolar disorder", True),
        ("provisional: MDD", True),
        ("Mother-infant bonding impaired by MDD", False),
        ("Not otherwise specified depression", False),
        ("Not controlled MDD", False),
        ("No change: MDD", False),
        ("Past-year MDD", False),
        ("MDD, recurrent, moderate", False),
        ("Depression with a history of self-harm", False),
        ("Historical note: MDD", False),
    ],
)
@pytest.mark.parametrize("place", ["text", "display", "reason"])
def test_a_disorder_that_its_own_words_take_back_is_unread(words: str, doubted: bool, place: str) -> None:
    coding = {"system": ICD10CM, "code": "F33.1"}
    code = {"coding": [coding | {"display": words}]} if place == "display" else {"coding": [coding], "text": words}
    resource = with_(ENCOUNTER, reasonCode=[code]) if place == "reason" else with_(CONDITION, code=code)
    mapped = MappedResources(resource)
    stated = [node for node in mapped.statements if any("F33.1" in code for code in mapped.values(node, "code"))]
    assert (len(stated), len(mapped.unread)) == ((0, 1) if doubted else (1, 0))


@pytest.mark.parametrize(
    ("system", "code", "words"),
    [
        (ICD10CM, "F33.42", "Major depressive disorder, recurrent, in full remission"),
        (ICD10CM, "F10.21", "Alcohol use disorder, moderate, in sustained remission"),
    ],
)
def test_a_code_of_remission_agrees_with_its_words(system: str, code: str, words: str) -> None:
    """It says that the disorder is over, and supersedes what was stated of it."""
    mapped = MappedResources(with_(CONDITION, code={"coding": [{"system": system, "code": code, "display": words}]}))
    (stated,) = mapped.statements
    assert mapped.values(stated, "code") == [f"{system}/{code}"]
    assert not mapped.unread
