"""How decisions are told: what was decided stands first in every form of the record, and what was recommended second."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta, timezone

import pypdfium2
import pytest
from markdown_it import MarkdownIt

from reasoner import Determination, Policy, determine
from reasoner.render.decisions import ACT, REQUESTER, headline, signature, told
from reasoner.render.document import to_html, to_markdown
from reasoner.render.pdf import record_to_pdf
from reasoner.render.provenance import iri
from reasoner.review.acts import (
    Appeal,
    Call,
    Disposition,
    Filing,
    Requester,
    Signed,
    SignedOverride,
)
from reasoner.review.authority import Role
from reasoner.review.steps import history
from tests.conftest import CASES

D = Disposition
HOSTILE = "<script>alert(1)</script> [click](https://evil.example) **bold** #set text(red)"


@pytest.fixture(scope="module")
def determination(policy: Policy) -> Determination:
    (found,) = determine(CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl", policy)
    return found


def act(number: int, disposition: Disposition, **said) -> Signed:
    return Signed(
        **{
            "iri": f"urn:act:{number}",
            "determination": "urn:earlier",
            "disposition": disposition,
            "time": datetime(2026, 5, number + 1, 9, 30, tzinfo=UTC),
            "name": "Clara Voss, MD",
            "role": "psychiatrist",
            "licence": "MO 4711",
            "signed_as": Role.CLINICIAN,
            "rationale": "",
            "letter": "",
            "overrides": (),
            "remarks": (),
            **said,
        }
    )


def pdf_text(content: bytes) -> list[str]:
    pages = pypdfium2.PdfDocument(io.BytesIO(content))
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pages]


def test_what_was_decided_stands_first_in_each_form(determination: Determination) -> None:
    decisions = [act(0, D.APPROVED, rationale="I have talked to her sister.")]
    forms = {
        "html": to_html([determination], decisions),
        "markdown": to_markdown([determination], decisions).replace("\\", ""),
        "pdf": pdf_text(record_to_pdf([determination], decisions))[0],
    }
    for form, text in forms.items():
        places = [
            text.index(said)
            for said in (
                "APPROVED: a person has found",
                "Clara Voss, MD, psychiatrist, MO 4711, 2026-05-01 09:30 UTC",
                "I have talked to her sister.",
                "What policy and documentation together recommended",
                "DOCUMENTATION NEEDED",
                "Steps of the case",
                "What is missing",
            )
        ]
        assert places == sorted(places), form
        assert "Advisory: a clinician decides" not in text
    assert forms["html"].count("<h1>") == 1


def test_an_undecided_case_begins_with_what_is_recommended(determination: Determination) -> None:
    decisions = [act(0, D.DOCUMENTATION_REQUESTED)]
    for text in (to_html([determination], decisions), to_markdown([determination], decisions)):
        assert "Advisory: a clinician decides" in text
        assert "The case is documentation requested" in text.replace("\\", "")
    assert "Steps of the case" not in to_html([determination])


def test_the_headline_is_what_holds_now(determination: Determination) -> None:
    denied, appealed = act(0, D.ADVERSE), act(1, D.APPEALED)
    said = {
        (): "",
        (act(0, D.REFERRED_TO_PEER),): "",
        (denied,): "ADVERSE DECISION",
        (denied, appealed): "an appeal is open",
        (denied, appealed, act(2, D.UPHELD)): "UPHELD",
        (denied, appealed, act(2, D.OVERTURNED)): "OVERTURNED",
        (denied, act(1, D.APPROVED, revises="urn:act:0")): "APPROVED",
        (act(0, D.WITHDRAWN),): "WITHDRAWN",
    }
    for acts, expected in said.items():
        assert expected in headline(history(acts))
        assert bool(headline(history(acts))) is bool(expected)
    assert told(determination, [denied, appealed, act(2, D.OVERTURNED)])["tone"] == "met"


def test_each_step_says_what_was_said(determination: Determination) -> None:
    acts = [
        act(0, D.ASSESSED, own_statuses=(("adult-admission:7-a", "met"),)),
        act(1, D.PEER_TO_PEER, call=Call(date(2026, 4, 20), "Ilse Brandvold", document="urn:necessity:call:1")),
        act(
            2,
            D.ADVERSE,
            rationale="Why.",
            blinded=True,
            overrides=(
                SignedOverride("adult-admission:3", "met", "not-met", "Misread.", ("urn:s",)),
                SignedOverride("adult-admission:4", "met", "not-met", "ok"),
            ),
            remarks=(("adult-admission:5", "See page 3."),),
        ),
        act(3, D.ADVERSE, rationale="Why, again.", revises="urn:act:2"),
        act(4, D.APPEALED, rationale="New facts.", appeal=Appeal(Filing.REOPENING, Requester.PROVIDER, expedited=True)),
        act(5, D.EXTENDED, rationale="Late.", notice_date=date(2026, 5, 7)),
        act(6, D.UPHELD, rationale="As before.", independent=True),
    ]
    steps = told(determination, acts)["steps"]
    assert [step["name"] for step in steps] == [ACT[one.disposition] for one in acts]
    lines = "\n".join(line for step in steps for line in step["lines"])
    for wanted in (
        "Before the determination was shown: adult-admission:7-a met",
        "Call of 2026-04-20 with Ilse Brandvold; what was stated in it is on the chart",
        "Recorded own statuses before the determination was shown",
        "Override of adult-admission:3, met to not-met: Misread. (1 statement of the chart cited)",
        "Override of adult-admission:4, met to not-met: ok (no evidence cited)",
        "On adult-admission:5: See page 3.",
        "Reopening, asked for by the provider, expedited",
        "The notice of the extension is sent on 2026-05-07",
        "Affirms to be neither who denied the request nor their subordinate",
    ):
        assert wanted in lines
    assert steps[3]["marks"] == ["corrects the act before it", "on an earlier determination"]
    assert all(set(kind) <= {*ACT, *REQUESTER} for kind in (Disposition, Requester))


def test_a_signature_tells_its_time_in_utc_or_in_a_zone_that_is_named_elsewhere(determination: Determination) -> None:
    approved = act(0, D.APPROVED)
    zone = timezone(timedelta(hours=14))
    (here,) = told(determination, [approved], zone)["steps"]
    assert signature(approved).endswith(f"{approved.time:%Y-%m-%d %H:%M} UTC")
    assert here["signature"] == signature(approved, zone)
    assert here["signature"].endswith(f"{approved.time + timedelta(hours=14):%Y-%m-%d %H:%M}")


def test_own_statuses_are_held_against_the_determination_that_was_shown_after_them(
    determination: Determination,
) -> None:
    own = (("adult-admission:7-a", "met"), ("adult-admission:3", "met"))
    (step,) = told(determination, [act(0, D.ASSESSED, own_statuses=own, determination=str(iri(determination)))])[
        "steps"
    ]
    assert step["marks"] == []
    assert step["lines"][-1] == (
        "1 of 2 are those of the determination; adult-admission:7-a is not-documented in the determination"
    )


def test_acts_on_another_period_are_not_told(determination: Determination) -> None:
    before = (date(2024, 1, 1), date(2024, 2, 1))
    assert told(determination, [act(0, D.APPROVED, service=before)])["headline"] == ""
    assert told(determination, [act(0, D.APPROVED, service=(determination.service_start, None))])["headline"]


def test_what_people_write_makes_no_markup(determination: Determination) -> None:
    decisions = [act(0, D.ADVERSE, rationale=HOSTILE, name=HOSTILE, remarks=(("adult-admission:3", HOSTILE),))]
    html = to_html([determination], decisions)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    rendered = (
        MarkdownIt("commonmark", {"linkify": False}).enable("table").render(to_markdown([determination], decisions))
    )
    assert not any(markup in rendered for markup in ("<script", "<a ", "<strong>bold", "<pre", "<code"))
    assert "#set text(red)" in pdf_text(record_to_pdf([determination], decisions))[0]
