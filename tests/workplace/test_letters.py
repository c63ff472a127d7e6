"""Letters of the workplace: what settings, request and law put into them, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy
from reasoner.chart.intake import read_file, read_graph
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import DocumentationError
from reasoner.render.notices import day_words
from reasoner.render.provenance import iri
from reasoner.render.wording import PART_2_NOTICE
from reasoner.review.acts import Appeal, Disposition, Filing, Proposal, Requester
from reasoner.review.authority import Role
from reasoner.review.people import local
from reasoner.review.turnaround import Milestone, MilestoneKind, TurnaroundRules
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.case_file import CaseFile
from reasoner.workplace.letters import Letters
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import WorkplaceSettings, read_settings
from tests.conftest import CASES, ROOT

CLINICIAN = local("Clara Voss", Role.CLINICIAN, "MO 4711", "psychiatrist")
ADMINISTRATOR = local("Ada Min", Role.ADMINISTRATOR)
NAMED = (
    ':request dcterms:identifier "A-17" ; nec:received "2026-11-20"^^xsd:date . '
    ':member skos:prefLabel "Ruth Okafor" ; nec:address "12 Elm Street" . '
)
REASON = "The notes say that you need care day and night."


@pytest.fixture
def workplace(policy: Policy, tmp_path: Path) -> Iterator[Workplace]:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    service = Workplace(kb, policy, tmp_path, read_settings(ROOT / "app" / "settings.toml"))
    yield service
    service.close()


def opened(workplace: Workplace, policy: Policy, name: str, more: str = NAMED) -> CaseFile:
    head = "@prefix dcterms: <http://purl.org/dc/terms/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    text = (CASES / "mp9556" / f"{name}.ttl").read_text()
    workplace.load(ADMINISTRATOR, read_graph(Graph().parse(data=head + text + more, format="turtle"), policy))
    (item,) = workplace.items(CLINICIAN)
    return workplace.case_file(CLINICIAN, item.id)


def adverse(letters: Letters, file: CaseFile, letter: str | None = None) -> Proposal:
    text = letter if letter is not None else letters.draft(file.determinations[0], Disposition.ADVERSE) or ""
    return Proposal("urn:d", Disposition.ADVERSE, rationale=REASON, letter=text)


def test_with_settings_and_a_named_member_a_draft_is_complete(workplace: Workplace, policy: Policy) -> None:
    file = opened(workplace, policy, "adult-admission/needs-round-the-clock-care")
    letters = workplace.letters(file)
    proposal = adverse(letters, file)
    assert letters.missing(file.determinations[0], proposal, CLINICIAN) == []
    sent = letters.sealed(proposal.letter, CLINICIAN, REASON)
    for said in (
        "Ruth Okafor\n12 Elm Street",
        "A-17",
        REASON,
        "psychiatrist, license MO 4711",
        "180 days",
        "within 60 days",
    ):
        assert said in sent
    assert "[" not in sent


@pytest.mark.parametrize("letter", ["", "No.", "[THE CLINICIAN'S REASON]"])
def test_an_adverse_decision_is_refused_with_a_letter_that_lacks_what_the_law_asks_for(
    workplace: Workplace, policy: Policy, letter: str
) -> None:
    file = opened(workplace, policy, "adult-admission/needs-round-the-clock-care")
    proposal = Proposal(str(iri(file.determinations[0])), Disposition.ADVERSE, rationale=REASON, letter=letter)
    with pytest.raises(DocumentationError, match="the notice lacks to whom it goes, the member"):
        workplace.decide(CLINICIAN, file.id, proposal, "")


def test_what_is_signed_is_kept_as_it_was_sent(workplace: Workplace, policy: Policy) -> None:
    file = opened(workplace, policy, "adult-admission/needs-round-the-clock-care")
    letter = workplace.letters(file).draft(file.determinations[0], Disposition.ADVERSE) or ""
    proposal = Proposal(str(iri(file.determinations[0])), Disposition.ADVERSE, rationale=REASON, letter=letter)
    signed = workplace.decide(CLINICIAN, file.id, proposal, "")
    assert REASON in signed.letter
    assert "[" not in signed.letter
    (kept,) = workplace.case_file(CLINICIAN, file.id).decisions
    assert kept.letter == signed.letter


def test_what_the_chart_does_not_say_is_asked_of_who_signs(workplace: Workplace, policy: Policy) -> None:
    file = opened(workplace, policy, "adult-admission/needs-round-the-clock-care", "")
    letters = workplace.letters(file)
    proposal = adverse(letters, file)
    lacks = [part.label for part in letters.missing(file.determinations[0], proposal, CLINICIAN)]
    places = ["[NAME OF THE MEMBER]", "[ADDRESS OF THE MEMBER]", "[REFERENCE NUMBER]"]
    assert lacks == [f"what is to stand in place of {place}" for place in places]
    text = proposal.letter
    for place, said in zip(places, ("Ruth Okafor", "12 Elm Street", "A-17"), strict=True):
        text = text.replace(place, said)
    assert letters.missing(file.determinations[0], adverse(letters, file, text), CLINICIAN) == []


def test_the_time_to_answer_an_appeal_is_that_of_the_turnaround_rules(workplace: Workplace, policy: Policy) -> None:
    more = NAMED + ":request nec:timing nec:PreService . :plan nec:lineOfBusiness nec:Medicaid ."
    file = opened(workplace, policy, "adult-admission/needs-round-the-clock-care", more)
    letters = workplace.letters(file)
    text = letters.draft(file.determinations[0], Disposition.ADVERSE)
    assert text
    assert "We answer within 30 days." in text
    assert "State fair hearing within 120 days" in text
    assert letters.missing(file.determinations[0], adverse(letters, file), CLINICIAN) == []


def test_a_request_for_documentation_says_how_long_there_is_and_an_extension_until_when(
    workplace: Workplace, policy: Policy
) -> None:
    file = opened(workplace, policy, "adult-admission/nothing-on-supports")
    letters = workplace.letters(file)
    asked = letters.draft(file.determinations[0], Disposition.DOCUMENTATION_REQUESTED)
    extended = letters.draft(file.determinations[0], Disposition.EXTENDED)
    assert asked
    assert extended
    assert "You have 45 days" in asked
    assert "We decide by January 4, 2027 at the latest." in extended


RECEIVED, ASKED, RETURNED, EXTENDED = (
    MilestoneKind.RECEIVED,
    MilestoneKind.DOCUMENTATION_REQUESTED,
    MilestoneKind.DOCUMENTATION_RETURNED,
    MilestoneKind.EXTENDED,
)
POST, PRE = {"timing": "post-service"}, {"timing": "pre-service"}


def told(policy: Policy, traits: dict[str, str], days: list[tuple[MilestoneKind, int]], act: Disposition) -> str:
    """What a letter of today says of times, of a request to which something happened some days ago."""
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl", policy)
    now = datetime.now(UTC)
    happened = [Milestone(kind, now - timedelta(days=ago)) for kind, ago in days]
    letters = Letters(traits, happened, WorkplaceSettings())
    text = letters.draft(determine_case(case, policy)[0], act)
    assert text
    return " ".join(text.split())


def in_days(number: int) -> str:
    return day_words((datetime.now(UTC) + timedelta(days=number)).date())


@pytest.mark.parametrize(
    ("traits", "days", "says"),
    [
        # The first request, in the 30 days: 45 days to send, then what is left of 30 + 15.
        (POST, [(RECEIVED, 5)], ("You have 45 days", 85)),
        (PRE, [(RECEIVED, 5)], ("You have 45 days", 70)),
        # A second one, while the first is out since three days, and one after the first has come back.
        (POST, [(RECEIVED, 5), (ASKED, 3)], ("not longer than", 85)),
        (POST, [(RECEIVED, 9), (ASKED, 6), (RETURNED, 2)], ("does not make the time that we have for a decision longer", 40)),
        # After the 45 days, what is left runs.
        (POST, [(RECEIVED, 60), (ASKED, 50)], ("does not make the time that we have for a decision longer", 30)),
        # In the extension, in which asking stops nothing; and after all is over.
        (POST, [(RECEIVED, 35), (EXTENDED, 20)], ("does not make the time that we have for a decision longer", 10)),
        (POST, [(RECEIVED, 35)], ("ended on", -5)),
        # Medicare's time does not stand still, and that of an insured plan of Illinois begins anew beside the federal one.
        (PRE | {"line_of_business": "Medicare"}, [(RECEIVED, 5)], ("does not make the time", 2)),
        (PRE | {"jurisdiction": "Illinois"}, [(RECEIVED, 3)], ("You have 45 days", 72)),
        (PRE | {"jurisdiction": "Illinois"}, [(RECEIVED, 8)], ("ended on", -3)),
    ],
)  # fmt: skip
def test_a_request_for_documentation_says_truly_whether_the_clock_stops(
    policy: Policy, traits: dict[str, str], days: list[tuple[MilestoneKind, int]], says: tuple[str, int]
) -> None:
    text = told(policy, traits, days, Disposition.DOCUMENTATION_REQUESTED)
    words, due = says
    assert words in text
    assert in_days(due) in text
    assert ("stands still" in text) == (words in ("You have 45 days", "not longer than"))
    assert ("extend that time by 15 days: this letter is the notice" in text) == (words == "You have 45 days")
    if words == "not longer than":
        assert f"not longer than {in_days(42)}" in text


@pytest.mark.parametrize(("ago", "says"), [(10, "You have 48 hours"), (30, "does not make the time")])
def test_an_urgent_request_stops_the_clock_if_asked_within_a_day(policy: Policy, ago: int, says: str) -> None:
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl", policy)
    now = datetime.now(UTC)
    traits = {"timing": "pre-service", "urgency": "expedited"}
    letters = Letters(traits, [Milestone(RECEIVED, now - timedelta(hours=ago))], WorkplaceSettings())
    text = letters.draft(determine_case(case, policy)[0], Disposition.DOCUMENTATION_REQUESTED)
    assert text
    assert says in text
    due = now + timedelta(hours=96 if ago < 24 else 72 - ago)
    assert f"by {day_words(due.date())}, {due.hour % 12 or 12}:" in text


def test_a_time_that_has_not_begun_is_told_as_such(policy: Policy) -> None:
    only = {"id": "state", "within": "5 calendar days", "complete": True}
    rules = TurnaroundRules().amended({"rule": [only]})
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl", policy)
    happened = [Milestone(RECEIVED, datetime.now(UTC) - timedelta(days=1))]
    letters = Letters({}, happened, WorkplaceSettings(turnaround=rules))
    text = letters.draft(determine_case(case, policy)[0], Disposition.DOCUMENTATION_REQUESTED)
    assert text
    assert "The time that we have for a decision begins when they arrive." in text


@pytest.mark.parametrize(
    ("days", "due"),
    [([(RECEIVED, 10)], 35), ([(RECEIVED, 35)], None), ([(RECEIVED, 9), (ASKED, 6)], None), ([(RECEIVED, 40), (EXTENDED, 20)], None)],
)  # fmt: skip
def test_an_extension_names_a_day_only_if_it_extends(
    policy: Policy, days: list[tuple[MilestoneKind, int]], due: int | None
) -> None:
    text = told(policy, POST, days, Disposition.EXTENDED)
    says = in_days(due) if due is not None else "[DAY ON WHICH A DECISION IS DUE, SINCE NO RULE EXTENDS THE TIME NOW]"
    assert f"We decide by {says} at the latest." in text


def test_an_extension_is_not_signed_without_a_day(workplace: Workplace, policy: Policy) -> None:
    file = opened(workplace, policy, "adult-admission/nothing-on-supports")
    letter = workplace.letters(file).draft(file.determinations[0], Disposition.EXTENDED) or ""
    about = str(iri(file.determinations[0]))
    proposal = Proposal(about, Disposition.EXTENDED, "We wait.", letter=letter, notice_date=date(2026, 11, 26))
    for text in ("", letter.replace("We decide by", "By [DAY ON WHICH A DECISION IS DUE], not")):
        with pytest.raises(DocumentationError, match="the notice lacks"):
            workplace.decide(CLINICIAN, file.id, replace(proposal, letter=text), "")
    assert "We wait." in workplace.decide(CLINICIAN, file.id, proposal, "").letter


@pytest.mark.parametrize(("expedited", "within", "other"), [(False, "60 days", True), (True, "72 hours", False)])
def test_an_appeal_is_acknowledged_with_the_time_of_its_answer(
    workplace: Workplace, policy: Policy, expedited: bool, within: str, other: bool
) -> None:
    file = opened(workplace, policy, "adult-admission/needs-round-the-clock-care")
    letters, appeal = workplace.letters(file), Appeal(Filing.APPEAL, Requester.MEMBER, expedited)
    text = letters.draft(file.determinations[0], Disposition.APPEALED, appeal=appeal) or ""
    assert f"We answer within {within} after the appeal reached us." in text
    assert ("ask for an expedited (fast) answer" in text) is other
    proposal = Proposal("urn:d", Disposition.APPEALED, "Why.", letter=text, appeal=appeal)
    assert letters.missing(file.determinations[0], proposal, CLINICIAN) == []
    without = replace(proposal, letter=text.replace(within, "soon"))
    (lack,) = letters.missing(file.determinations[0], without, CLINICIAN)
    assert lack.label.startswith("when the appeal is answered")


def test_records_are_protected_by_focus_or_by_what_the_chart_says(workplace: Workplace, policy: Policy) -> None:
    protected = NAMED + ":request nec:part2Records true ."
    file = opened(workplace, policy, "adult-admission/criteria-met", protected)
    text = workplace.letters(file).draft(file.determinations[0], Disposition.APPROVED)
    assert text
    assert PART_2_NOTICE in text


def test_substance_use_records_are_protected_by_the_settings(workplace: Workplace, policy: Policy) -> None:
    file = opened(workplace, policy, "substance-use/withdrawal-unmanageable")
    letters = workplace.letters(file)
    proposal = adverse(letters, file)
    assert letters.is_protected(file.determinations[0])
    assert PART_2_NOTICE in proposal.letter
    assert letters.missing(file.determinations[0], proposal, CLINICIAN) == []
    without = adverse(letters, file, proposal.letter.replace(PART_2_NOTICE, ""))
    (lack,) = letters.missing(file.determinations[0], without, CLINICIAN)
    assert lack.label == "the notice of 42 CFR Part 2"
