"""Checklists: each binds whom its law binds, and a letter without a part that they ask for is found out."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner import Determination, Policy
from reasoner.render import notices
from reasoner.render.checklists import notice_rules
from reasoner.render.notices import Contact, Correspondence, Payer
from reasoner.review.acts import Disposition
from tests.render.test_notices import NAMED, determined

RULES = notice_rules()
PAYER = Payer(
    name="Sample Plan", address="100 Example Street", phone="1-800-555-0100", appeals="PO Box 100",
    languages=("Español: 1-800-555-0100",), external_review=(Contact("Review Office"),), assistance=(Contact("Help Office"),),
)  # fmt: skip
REASON = "The notes say that you need care day and night."
LINES = ("commercial", "Medicare", "Medicaid")


@pytest.fixture(scope="module")
def determination(policy: Policy) -> Determination:
    return determined(policy, "adult-admission/needs-round-the-clock-care", NAMED)


def traits(line: str, **more: str) -> dict[str, str]:
    return {"line_of_business": line, "funding": "fully insured", "jurisdiction": "Missouri", **more}


def written(
    determination: Determination, disposition: Disposition, line: str, **more: str
) -> tuple[str, dict[str, object]]:
    """A letter as it would be sent, and what it has to say."""
    known = traits(line, **more)
    correspondence = Correspondence(
        payer=PAYER,
        traits=known,
        rights=RULES.rights_of(known),
        appeal_standard="30 days",
        appeal_expedited="72 hours",
        part_2=True,
        supply_within="45 days",
        due="May 3, 2026",
        extended_due="March 4, 2026",
    )

    def seal(text: str) -> str:
        return notices.seal(text, date(2026, 3, 5), REASON, "Clara Voss", "psychiatrist", "MO 4711")

    said = notices.values(determination, disposition, correspondence)
    text = notices.to_letter(determination, disposition, correspondence)
    assert text
    return seal(text), {name: seal(value) if isinstance(value, str) else value for name, value in said.items()}


def missing(text: str, said: dict[str, object], disposition: Disposition, line: str, **more: str) -> list[str]:
    return [part.label for part in RULES.missing(text, said, disposition, traits(line, **more), part_2=True)]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("disposition", sorted(notices.LETTERS - {Disposition.DOCUMENTATION_REQUESTED}))
@pytest.mark.parametrize("jurisdiction", ["Missouri", "Illinois"])
def test_a_draft_lacks_nothing_once_it_is_signed(
    determination: Determination, disposition: Disposition, line: str, jurisdiction: str
) -> None:
    text, said = written(determination, disposition, line, jurisdiction=jurisdiction)
    assert missing(text, said, disposition, line, jurisdiction=jurisdiction) == []


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("jurisdiction", ["Missouri", "Illinois"])
def test_a_request_for_documentation_lacks_nothing(policy: Policy, line: str, jurisdiction: str) -> None:
    more = NAMED + ' :program nec:address "3 Oak Avenue" .'
    open_ = determined(policy, "adult-admission/nothing-on-supports", more)
    text, said = written(open_, Disposition.DOCUMENTATION_REQUESTED, line, jurisdiction=jurisdiction)
    assert missing(text, said, Disposition.DOCUMENTATION_REQUESTED, line, jurisdiction=jurisdiction) == []


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("disposition", [Disposition.ADVERSE, Disposition.UPHELD])
def test_every_part_that_is_asked_for_is_missed_where_it_is_taken_out(
    determination: Determination, disposition: Disposition, line: str
) -> None:
    text, said = written(determination, disposition, line)
    for id_ in RULES.required(disposition, traits(line), part_2=True):
        part = RULES.parts[id_]
        without = text
        values = [value for name in part.values for value in _each(said, name)]
        for value in values[:1]:
            without = " ".join(without.split()).replace(" ".join(value.split()), "")
        if not values:
            without = part.patterns[0].sub("", without)
        assert part.label in missing(without, said, disposition, line), id_


def _each(said: dict[str, object], name: str) -> list[str]:
    if name == "sources":
        return [part["source"] for part in said["criteria"]]
    value = said[name]
    return [entry for entry in ([value] if isinstance(value, str) else value) if entry]


@pytest.mark.parametrize(
    "place", ["[ADDRESS OF THE MEMBER]", "[THE CLINICIAN'S REASON]", "[NAME THE CRITERION THAT THE DECISION RESTS ON]"]
)
def test_what_is_still_open_is_missing(determination: Determination, place: str) -> None:
    text, said = written(determination, Disposition.ADVERSE, "commercial")
    assert missing(f"{text}\n{place}", said, Disposition.ADVERSE, "commercial") == [
        f"what is to stand in place of {place}"
    ]


def test_without_a_payer_in_the_settings_no_letter_is_complete(determination: Determination) -> None:
    text = notices.to_letter(determination, Disposition.ADVERSE)
    assert text
    said = notices.values(determination, Disposition.ADVERSE, Correspondence())
    lacks = missing(text, said, Disposition.ADVERSE, "commercial")
    for place in ("[TELEPHONE OF THE PAYER]", "[ADDRESS FOR APPEALS]", "[TIME TO ASK FOR IT]", "[WHO DECIDED]"):
        assert f"what is to stand in place of {place}" in lacks


def test_a_part_names_all_that_asks_for_it(determination: Determination) -> None:
    text, said = written(determination, Disposition.ADVERSE, "commercial", jurisdiction="Illinois")
    (lack,) = RULES.missing(
        text.replace(REASON, ""), said, Disposition.ADVERSE, traits("commercial", jurisdiction="Illinois")
    )
    assert lack.label == "the clinician's reason"
    assert {source[:16] for source in lack.sources} == {"NCQA UM 7, reaso", "29 CFR 2560.503-", "215 ILCS 200/40("}


@pytest.mark.parametrize(
    ("line", "asked", "not_asked"),
    [
        ("commercial", "court", "continued-benefits"),
        ("Medicaid", "continued-benefits", "court"),
        ("Medicare", "languages", "court"),
    ],
)
def test_each_line_of_business_has_its_own(line: str, asked: str, not_asked: str) -> None:
    required = RULES.required(Disposition.ADVERSE, traits(line))
    assert asked in required
    assert not_asked not in required
    assert "part-2" not in required


def test_other_acts_are_asked_for_their_own() -> None:
    assert set(RULES.required(Disposition.DOCUMENTATION_REQUESTED, traits("commercial"))) == {
        "reference",
        "requested",
        "supply",
    }
    assert set(RULES.required(Disposition.EXTENDED, traits("Medicare"))) == {"extension", "grievance"}
    assert set(RULES.required(Disposition.EXTENDED, traits("commercial"))) == {"extension"}
    assert set(RULES.required(Disposition.APPEALED, traits("Medicaid"))) == {"reference", "appeal-answer"}
    assert RULES.required(Disposition.APPROVED, traits("commercial")) == {}
    assert set(RULES.required(Disposition.APPROVED, traits("commercial"), part_2=True)) == {"part-2"}
    assert RULES.required(Disposition.REFERRED_TO_PEER, traits("commercial"), part_2=True) == {}


def test_every_requirement_has_a_source_and_says_what_was_read() -> None:
    ids = {part for checklist in RULES.checklists for part in (r.part for r in checklist.requires)}
    assert ids == set(RULES.parts)
    for checklist in RULES.checklists:
        for requirement in checklist.requires:
            assert requirement.source
            assert bool(requirement.checked) == bool(requirement.checked_text)
