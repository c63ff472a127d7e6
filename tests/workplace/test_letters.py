"""Letters of the workplace: what settings, request and law put into them, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy
from reasoner.chart.intake import read_graph
from reasoner.ground.errors import DocumentationError
from reasoner.render.provenance import iri
from reasoner.render.wording import PART_2_NOTICE
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Role
from reasoner.review.people import local
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.letters import Letters
from reasoner.workplace.service import CaseFile, Workplace
from reasoner.workplace.settings import read_settings
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
