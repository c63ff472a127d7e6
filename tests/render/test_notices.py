"""Letters: what each says for every outcome, to whom it goes, and what its signature puts in."""

from __future__ import annotations

import re
from datetime import date

import pytest
from rdflib import Graph

from reasoner import Determination, Policy, determine
from reasoner.logic.fold import Outcome
from reasoner.policy.model import CriterionKind
from reasoner.render import fhir, provenance, text
from reasoner.render.document import to_html, to_markdown
from reasoner.render.notices import (
    LETTERS,
    PLACEHOLDER,
    Contact,
    Correspondence,
    Payer,
    letter_to_html,
    paragraphs,
    seal,
    to_letter,
)
from reasoner.render.wording import PART_2_NOTICE
from reasoner.review.acts import Disposition, Override
from tests.conftest import CASES

NAMED = ':request dcterms:identifier "A-17" . :member skos:prefLabel "Ruth Okafor" ; nec:address "12 Elm Street" .'


def determined(policy: Policy, name: str, more: str = "") -> Determination:
    text = (CASES / "mp9556" / f"{name}.ttl").read_text()
    head = "@prefix dcterms: <http://purl.org/dc/terms/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    return determine(Graph().parse(data=head + text + more, format="turtle"), policy)[0]


def letter(determination: Determination, disposition: Disposition = Disposition.ADVERSE, **said) -> str:
    text = to_letter(determination, disposition, Correspondence(**said))
    assert text
    return text


def test_every_leaf_has_lay_words_of_its_own(policy: Policy) -> None:
    for version in policy.versions:
        assert version.lay_words
        leaves = [c for c in version.criteria.values() if c.kind is CriterionKind.LEAF]
        assert len({c.lay_words for c in leaves}) == len(leaves)
        for leaf in leaves:
            assert leaf.lay_words, leaf.iri
            assert leaf.lay_words[0].islower() or leaf.lay_words.startswith("ASAM"), leaf.iri
            assert not leaf.lay_words.endswith("."), leaf.iri


@pytest.mark.parametrize("name", ["adult-admission/needs-round-the-clock-care", "adult-admission/nothing-on-supports"])
def test_a_criterion_is_told_in_lay_words_and_as_cited_and_never_as_if_it_were_met(policy: Policy, name: str) -> None:
    determination = determined(policy, name)
    text = letter(determination)
    ids = next(iter(determination.objections), ()) or next(iter(determination.gaps))
    for id_ in ids:
        criterion = determination.criterion(id_).criterion
        assert criterion.lay_words in text
        assert criterion.source in text
    asked = [line for line in text.splitlines() if "policy asks that" in line or line.startswith("  –")]
    assert asked
    not_so = (
        "The records say that this is not so.",
        "We found nothing in the records that we have that says whether this is so.",
        "at least one of these is so:",
    )
    assert all(any(words in line for words in not_so) for line in asked)


def test_what_would_do_instead_is_told_together(policy: Policy) -> None:
    text = letter(determined(policy, "adult-admission/nothing-on-supports"))
    together = text[text.index("at least one of these is so") : text.index("WHAT COULD CHANGE")]
    assert together.count("We found nothing in the records that we have that says whether this is so.") == 2
    assert "item 7.a" in together
    assert "item 7.b" in together


def test_ways_that_share_a_criterion_are_told_once_and_together(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/no-need-for-structure")
    text = letter(determination)
    together = text[text.index("some of these are so") : text.index("WHAT COULD CHANGE")]
    for id_ in {id_ for ids in determination.objections if len(ids) > 1 for id_ in ids}:
        assert together.count(f"({determination.criterion(id_).criterion.source})") == 1
    assert "some of these" not in letter(determined(policy, "adult-admission/nothing-on-supports"))


def test_what_could_change_a_decision_is_in_the_order_of_the_policy(policy: Policy) -> None:
    text = letter(determined(policy, "exclusions/many-excluded-services"))
    told = re.findall(r"Services Considered Not Medically Necessary, item (\d+)\)", text)
    assert told == sorted(told, key=int)
    changes = text[text.index("WHAT COULD CHANGE") :]
    assert changes.index("itself biofeedback") < changes.index("custodial care") < changes.index("itself phototherapy")


def test_a_peer_reads_what_is_not_so_and_no_ids(policy: Policy) -> None:
    text = letter(determined(policy, "adult-admission/needs-round-the-clock-care"), Disposition.REFERRED_TO_PEER)
    assert "The records say that this is not so." in text
    assert "adult-admission:" not in text


def test_who_extends_the_time_has_decided_nothing(policy: Policy) -> None:
    text = letter(determined(policy, "adult-admission/criteria-met"), Disposition.EXTENDED)
    assert "SIGNED BY\n\n[WHO DECIDED]" in text
    assert "WHO DECIDED\n\n" not in text


def test_an_excluded_service_is_told_as_one(policy: Policy) -> None:
    text = letter(determined(policy, "exclusions/halfway-house-service"))
    assert "The policy never covers this: the service is a halfway house." in text
    assert "policy asks that the service is a halfway house" not in text


def test_an_override_is_what_the_letter_tells(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/criteria-met")
    leaf = determination.criterion("adult-admission:5").criterion
    assert "[NAME THE CRITERION" in letter(determination)
    text = to_letter(
        determination, Disposition.ADVERSE, overrides=[Override(leaf.iri, "met", "not-met", "said otherwise since")]
    )
    assert text
    assert f"The policy asks that {leaf.lay_words}. The records say that this is not so. ({leaf.source})" in text
    assert "[NAME THE CRITERION" not in text


@pytest.mark.parametrize("disposition", sorted(LETTERS))
@pytest.mark.parametrize(
    "name",
    [
        "adult-admission/needs-round-the-clock-care",
        "adult-admission/nothing-on-supports",
        "adult-admission/criteria-met",
        "exclusions/halfway-house-service",
        "illinois/continuation-without-asam",
        "child-adolescent/education-not-provided",
        "dates/before-first-version",
    ],
)
def test_no_letter_names_an_iri_or_speaks_of_what_a_reviewer_may(
    policy: Policy, name: str, disposition: Disposition
) -> None:
    determination = determined(policy, name, NAMED)
    text = to_letter(determination, disposition)
    nothing_to_ask = determination.outcome in (Outcome.CRITERIA_MET, Outcome.NO_POLICY_VERSION)
    if disposition is Disposition.DOCUMENTATION_REQUESTED and nothing_to_ask:
        assert text is None
        return
    assert text
    assert not re.search(r"https?://|urn:|nec:|reviewer may|None|\{\{|\n\n\n", text)
    if disposition is not Disposition.REFERRED_TO_PEER:
        assert "Dear " in text


def test_acts_without_a_letter(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/criteria-met")
    for disposition in set(Disposition) - LETTERS:
        assert to_letter(determination, disposition) is None


# ---------------------------------------------------------------- to whom it goes


def test_a_letter_about_a_minor_goes_to_the_parent(policy: Policy) -> None:
    text = letter(determined(policy, "child-adolescent/seventeen-admission-met", NAMED), Disposition.APPROVED)
    assert "The parent or guardian of Ruth Okafor\n12 Elm Street\n" in text
    assert "Dear parent or guardian of Ruth Okafor," in text


@pytest.mark.parametrize("name", ["child-adolescent/seventeen-admission-met", "adult-admission/criteria-met"])
def test_a_request_for_confidential_communications_rules_the_addressee(policy: Policy, name: str) -> None:
    confidential = NAMED + ' :member nec:confidentialAddress "Box 2" .'
    text = letter(determined(policy, name, confidential), Disposition.APPROVED)
    assert "\nRuth Okafor\nBox 2\n" in text
    assert "Elm Street" not in text
    assert "parent" not in text.lower()


def test_a_request_for_documentation_goes_to_the_provider(policy: Policy) -> None:
    more = NAMED + ' :program nec:address "3 Oak Ave" .'
    determination = determined(policy, "adult-admission/nothing-on-supports", more)
    text = letter(determination, Disposition.DOCUMENTATION_REQUESTED, supply_within="45 days")
    assert f"\n{determination.case.provider_name}\n3 Oak Ave\n" in text
    assert "Copy to: Ruth Okafor" in text
    assert "You have 45 days from when you get this letter." in text
    without = letter(determination, Disposition.DOCUMENTATION_REQUESTED, due="March 4, 2026")
    assert "we have to decide by March 4, 2026" in without


def test_a_request_tells_what_is_stated_against_it_apart_from_what_nobody_has_said(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/needs-round-the-clock-care")
    text = letter(determination, Disposition.DOCUMENTATION_REQUESTED)
    against, _, asked = text.partition("WHAT WE DID NOT FIND IN THE RECORDS")
    (silent,) = next(iter(determination.unanswered))
    assert determination.criterion(silent).criterion.ask in asked
    for id_ in next(iter(determination.changes)):
        criterion = determination.criterion(id_).criterion
        assert criterion.lay_words in against
        assert criterion.ask not in asked
    assert "you can answer what the records say, and send us what we did not find in them" in against


def test_a_request_on_an_excluded_service_asks_for_nothing_else(policy: Policy) -> None:
    text = letter(determined(policy, "exclusions/halfway-house-service"), Disposition.DOCUMENTATION_REQUESTED)
    assert "The policy never covers this: the service is a halfway house." in text
    assert "did not find" not in text
    assert "send us records that say so" in text


def test_what_a_person_finds_silent_is_asked_for(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/criteria-met")
    leaf = determination.criterion("adult-admission:5").criterion
    silent = [Override(leaf.iri, "met", "not-documented", "The note is about someone else.")]
    text = to_letter(determination, Disposition.DOCUMENTATION_REQUESTED, overrides=silent)
    assert text
    assert f"1. {leaf.ask}" in text


def test_lines_for_a_terminal_tell_what_is_missing_beside_what_is_stated_against_it(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/needs-round-the-clock-care")
    (silent,) = next(iter(determination.unanswered))
    for shown in (text.render(determination), text.explain(determination)):
        assert f"[ ] {silent}  " in shown.partition("Also missing or in conflict")[2]
    for record in (to_html([determination]), to_markdown([determination])):
        assert silent in record.replace("\\", "").partition("this would still be missing")[2][:200]
    assert "Also missing" not in text.render(determined(policy, "exclusions/halfway-house-service"))


def test_an_adverse_decision_tells_all_that_could_change_it(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/needs-round-the-clock-care")
    told = letter(determination).partition("WHAT COULD CHANGE")[2]
    for id_ in (*next(iter(determination.changes)), *next(iter(determination.unanswered))):
        assert f"- {determination.criterion(id_).criterion.ask}" in told


def test_the_first_contact_that_fits_is_named(policy: Policy) -> None:
    contacts = (Contact("the State office", {"jurisdiction": frozenset({"illinois"})}), Contact("the other office"))
    payer = Payer(external_review=contacts)
    determination = determined(policy, "adult-admission/needs-round-the-clock-care")
    assert "call: the State office." in letter(determination, payer=payer, traits={"jurisdiction": "Illinois"})
    assert "call: the other office." in letter(determination, payer=payer, traits={"jurisdiction": "Ohio"})


def test_letters_on_protected_records_carry_their_notice(policy: Policy) -> None:
    determination = determined(policy, "adult-admission/needs-round-the-clock-care")
    for disposition in LETTERS - {Disposition.REFERRED_TO_PEER, Disposition.DOCUMENTATION_REQUESTED}:
        assert PART_2_NOTICE in letter(determination, disposition, part_2=True)
        assert PART_2_NOTICE not in letter(determination, disposition)


def test_a_record_of_protected_records_carries_the_notice_in_every_form(policy: Policy) -> None:
    plain = determined(policy, "adult-admission/criteria-met")
    stated = determined(policy, "adult-admission/criteria-met", ":request nec:part2Records true .")
    written = (
        (to_html([stated]), to_html([plain], part_2=True), to_html([plain])),
        (to_markdown([stated]), to_markdown([stated]), to_markdown([plain])),
        (fhir.to_text([stated]), fhir.to_text([plain], part_2=True), fhir.to_text([plain])),
        (turtle(stated), turtle(plain, part_2=True), turtle(plain)),
    )
    for by_chart, by_settings, without in written:
        assert PART_2_NOTICE in by_chart
        assert PART_2_NOTICE in by_settings
        assert PART_2_NOTICE not in without


def test_a_record_names_whose_request_it_is(policy: Policy) -> None:
    named = to_html([determined(policy, "adult-admission/criteria-met", NAMED)])
    for label, value in (("Member", "Ruth Okafor"), ("Reference", "A-17")):
        assert re.search(rf"{label}</\w+>\s*<\w+>{value}<", named), label
    assert "Member</dt>" not in to_html([determined(policy, "adult-admission/criteria-met")])


def turtle(determination: Determination, *, part_2: bool = False) -> str:
    return provenance.to_graph([determination], part_2=part_2).serialize(format="turtle")


# ---------------------------------------------------------------- what a signature puts in, and how it looks


def test_a_signature_puts_in_the_day_the_reason_and_who_decided() -> None:
    draft = "[DATE]\n\n[THE CLINICIAN'S REASON]\n\n[WHO DECIDED]\n\n[ADDRESS OF THE MEMBER]"
    sealed = seal(draft, date(2026, 3, 5), " You were too ill. ", "Clara Voss", "psychiatrist", "MO 4711")
    assert sealed == (
        "March 5, 2026\n\nYou were too ill.\n\nClara Voss, psychiatrist, license MO 4711\n\n[ADDRESS OF THE MEMBER]"
    )
    assert PLACEHOLDER.findall(seal(draft, date(2026, 3, 5), "", "C", "", "")) == [
        "[THE CLINICIAN'S REASON]",
        "[ADDRESS OF THE MEMBER]",
    ]


def test_headings_and_lists_are_told_from_text() -> None:
    found = paragraphs("Plan\n\nTITLE\n\nDear A,\n\nWHY\n\n- one\n- two\n\n[ADDRESS]\n\n\u202eevil\x1b[31m")
    assert [part["level"] for part in found] == [0, 1, 0, 2, 0, 0, 0]
    assert [line["item"] for line in found[4]["lines"]] == [True, True]
    assert found[4]["lines"][0]["text"] == "one"
    assert found[6]["lines"][0]["text"] == "evil[31m"
    html = letter_to_html("TITLE\n\n- <b>one</b>\n- two\n\nline\n- item")
    assert "<h1>Title</h1>" in html
    assert "<li>&lt;b&gt;one&lt;/b&gt;</li><li>two</li>" in html
    assert "line<br>•&nbsp;item" in html
    inner = "- one of these:\n  – this\n  – that\n- two"
    assert [line["inner"] for line in paragraphs(inner)[0]["lines"]] == [["this", "that"], []]
    assert "<li>one of these:<ul><li>this</li><li>that</li></ul></li><li>two</li>" in letter_to_html(inner)


def test_a_hostile_name_makes_no_second_letter(policy: Policy) -> None:
    evil = ':member skos:prefLabel "A\\n\\nCOVERAGE APPROVED {{ 7*7 }} \\u202E" ; nec:address "1\\n\\nYOU WON" .'
    determination = determined(policy, "adult-admission/criteria-met", evil)
    text = letter(determination)
    assert "{{ 7*7 }}" in text
    assert "\u202e" not in text
    assert "YOU WON" not in [part["lines"][0]["text"] for part in paragraphs(text)]
    assert next(p for p in paragraphs(text) if p["level"] == 1)["lines"][0]["text"] == "COVERAGE NOT APPROVED"
