"""What `policy show` tells of findings, and what a search by words finds."""

from __future__ import annotations

import pytest

from reasoner import Policy
from reasoner.ground.errors import UsageError
from reasoner.policy.describe import criterion
from reasoner.policy.search import find


def shown(policy: Policy, name: str) -> list[str]:
    return criterion(policy, policy.versions[-1], name).splitlines()


@pytest.mark.parametrize(
    "name", ["iop:Homelessness", "Homelessness", "https://w3id.org/necessity/mp9556/vocabulary#Homelessness"]
)
def test_a_finding_is_told_by_any_of_its_names(policy: Policy, name: str) -> None:
    lines = shown(policy, name)
    assert lines[0] == "iop:Homelessness  homelessness"
    assert "  affirmed, it affirms adult-admission:8-a-iii  unstable living situation" in lines
    assert "  broader    iop:UnstableLivingSituation  unstable living situation" in lines
    assert "  narrower   iop:VehicleDwelling  vehicle dwelling" in lines
    assert "  code       Z59.02  Unsheltered homelessness" in lines


def test_denying_a_finding_denies_the_leaf_that_it_is_the_finding_of_and_no_broader_one(policy: Policy) -> None:
    own = "  denied, it denies adult-admission:8-a-iii  unstable living situation"
    assert own in shown(policy, "iop:UnstableLivingSituation")
    assert own not in shown(policy, "iop:Homelessness")


def test_a_contrary_is_told_with_every_leaf_that_it_denies(policy: Policy) -> None:
    lines = shown(policy, "iop:NoSafetyPlan")
    denied = [line.split()[3] for line in lines if line.startswith("  affirmed, it denies")]
    assert denied == ["adult-admission:6-emergency", "adult-admission:6-plan", "adult-admission:6-provider"]
    assert not [line for line in lines if line.startswith("  affirmed, it affirms")]


def test_what_is_below_a_contrary_denies_too(policy: Policy) -> None:
    assert "  affirmed, it denies substance-use:2  withdrawal manageable" in shown(policy, "iop:WithdrawalSeizures")
    assert "  contrary  iop:WithdrawalSeizures  withdrawal seizures" in shown(policy, "substance-use:2")


def test_what_makes_a_leaf_inapplicable_is_told_of_both(policy: Policy) -> None:
    marks = "  affirmed, it marks not applicable substance-use:2  withdrawal manageable"
    assert marks in shown(policy, "iop:NoAcuteWithdrawal")
    assert "  not applicable by  iop:NoAcuteWithdrawal  no acute withdrawal" in shown(policy, "substance-use:2")


def test_a_finding_is_told_with_what_it_is_about(policy: Policy) -> None:
    about = "  about      iop:WorkDomain  work"
    assert about in shown(policy, "iop:WorkActivitiesUncompleted")
    assert about in shown(policy, "iop:UnableToWork"), "as the finding above it"
    denied = (
        "  denied, it denies, of what it is about, adult-admission:2-a-activities  essential activities not completed"
    )
    assert denied in shown(policy, "iop:WorkActivitiesUncompleted")
    assert denied not in shown(policy, "iop:UnableToWork")


def test_background_and_absences_are_told_as_such(policy: Policy) -> None:
    assert "  It speaks to no criterion: it is kept as background." in shown(policy, "iop:TobaccoUseDisorder")
    assert any(line.startswith("  It marks an absence") for line in shown(policy, "iop:NoSafetyPlan"))


@pytest.mark.parametrize("name", ["adult-admission:8.a.iii", "adult-admission:8-a-iii"])
def test_a_criterion_is_found_by_its_id_and_by_its_number(policy: Policy, name: str) -> None:
    assert shown(policy, name)[0] == "adult-admission:8-a-iii  unstable living situation"


def test_a_criterion_is_told_with_details_readings_and_whom_it_is_asked_of(policy: Policy) -> None:
    (detail,) = [
        x for x in shown(policy, "adult-admission:1-severity") if x.startswith("  detail    nec:severity  severity")
    ]
    assert detail.endswith(
        ": nec:Mild, nec:MildToModerate, nec:Minimal, nec:Moderate, nec:ModerateOrSevere, nec:Severe"
    )
    assert any(line.startswith("  reading   minor-community ") for line in shown(policy, "adult-admission:4"))
    assert [line.split()[2] for line in shown(policy, "adult-admission:4") if line.startswith("  asked of")] == [
        "iop:AdultAdmissionReview"
    ]


def test_a_criterion_is_told_with_the_readings_that_turn_on_it(policy: Policy) -> None:
    (line,) = [line for line in shown(policy, "adult-admission:2-a-impairment") if line.startswith("  reading")]
    assert line.split()[1] == "impairment-degree"
    assert line.endswith("; or mild")


def test_who_is_asked_is_told_with_the_definition(policy: Policy) -> None:
    lines = shown(policy, "adult-continuation:1-a")
    place = lines.index("  asked of  iop:AdultContinuationReview  adult continuation review (as adult-continuation)")
    assert lines[place + 1].startswith("            A request to which the adult continuation section applies")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("no acute withdrawal", "finding    iop:NoAcuteWithdrawal  no acute withdrawal"),
        ("self-care", "finding    iop:SelfCareImpairment  self-care impairment"),
        ("detoxification completed", "finding    iop:DetoxificationCompleted  detoxification completed"),
    ],
)
def test_words_find_what_marks_a_criterion_not_applicable_and_what_is_background(
    policy: Policy, words: str, found: str
) -> None:
    assert found in shown(policy, words)


def test_words_find_criteria_and_findings_names_before_definitions(policy: Policy) -> None:
    lines = shown(policy, "eviction")
    assert lines[0] == "finding    iop:EvictionThreat  eviction threat"
    assert "criterion  adult-admission:8-a-iii  unstable living situation" in lines[1:]


def test_all_words_have_to_be_there(policy: Policy) -> None:
    both = set(shown(policy, "withdrawal seizures"))
    assert "finding    iop:WithdrawalSeizures  withdrawal seizures" in both
    assert "finding    iop:WithdrawalDelirium  withdrawal delirium" not in both


def test_many_hits_are_cut_and_counted(policy: Policy) -> None:
    lines = shown(policy, "disorder")
    assert len(lines) == 21
    assert lines[-1].startswith("… and ")


def test_what_is_nowhere_is_refused(policy: Policy) -> None:
    with pytest.raises(UsageError, match="neither a criterion nor a finding has 'zeppelin'"):
        find(policy, policy.versions[-1], "zeppelin")
