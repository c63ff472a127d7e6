"""A whole day in the workplace: a request from its documents to an appeal that overturns its denial."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reasoner.render import pdf
from reasoner.store.audit import AuditTrail
from tests.walk.visitor import Visitor

EVALUATION = """PSYCHIATRIC EVALUATION

Date of service: 2026-11-02
Author: Ilse Brandvold, MD, psychiatrist

Ms. Okafor meets criteria for major depressive disorder, recurrent, moderate (F33.1).

She has missed eleven work days this month and no longer cooks or cleans for herself.

She wrote a safety plan with us today and knows whom to call at any hour.
"""
NOTE = """PROGRAM INTAKE NOTE

Date: 2026-11-03
Author: Theo Marchetti, LPC

She wants to take part in groups three days a week and signed the treatment agreement.
"""
RETURNED = """ADDENDUM

Date: 2026-11-20
Author: Theo Marchetti, LPC

Her sister refuses to attend family sessions and nobody else is close to her.
"""


@pytest.fixture
def packet(tmp_path: Path) -> list[Path]:
    """A faxed evaluation and a note, as they come with a request."""
    evaluation, note = tmp_path / "evaluation.pdf", tmp_path / "note.txt"
    evaluation.write_bytes(pdf.letter_to_pdf(EVALUATION))
    note.write_text(NOTE)
    return [evaluation, note]


def day(visitor: Visitor, label: str, value: str) -> None:
    visitor.page.get_by_role("group", name=label, exact=True).get_by_role("spinbutton").first.click()
    visitor.page.keyboard.type(value.replace("-", ""))
    visitor.page.keyboard.press("Enter")
    visitor.settle()


def choose(visitor: Visitor, label: str, option: str) -> None:
    visitor.page.get_by_label(label, exact=True).click()
    visitor.page.keyboard.type(option)
    visitor.page.keyboard.press("Enter")
    visitor.settle()


def sign(visitor: Visitor, what: str, *texts: tuple[str, str]) -> None:
    """Sign an act on the view Decide, with texts in some fields; its letter names all that the request was taken in with."""
    page = visitor.page
    visitor.view("Decide")
    page.get_by_text(what, exact=True).first.click()
    visitor.settle()
    for label, text in texts:
        visitor.write(label, text).saved(label)
    page.get_by_text("I have read the record").click()
    visitor.settle()
    page.get_by_role("button", name=re.compile("sign as")).click()
    visitor.sees(re.compile(r"Recorded: "))
    visitor.settle()


def state(visitor: Visitor, criterion: str, stance: str) -> None:
    """State the first sentence that is shown for a criterion."""
    choose(visitor, "Criterion", criterion)
    visitor.page.get_by_role("button", name=re.compile("^Use selection or sentence")).click()
    visitor.settle()
    visitor.page.get_by_text(stance, exact=True).first.click()
    visitor.settle()
    visitor.page.get_by_role("button", name=re.compile("^State it as")).click()
    visitor.sees("On record.")
    visitor.settle()


def test_a_request_from_its_documents_to_its_appeal(browser, workplace: str, base: Path, packet: list[Path]) -> None:
    nora, clara, ines = (Visitor(browser, workplace) for _ in range(3))
    page = nora.page
    # Morning: a request comes in with an evaluation and a note.
    nora.sign_in("Nora Day", path="/worklist?queue=Mine").sees(re.compile("Claim one that nobody has"))
    page.get_by_role("link", name="Take in a new request").click()
    nora.settle()
    for label, text in (
        ("Reference", "A-900"),
        ("Member name", "Ruth Okafor"),
        ("Member number", "M 42"),
        ("Member address", "17 Elm Street"),
        ("Provider name", "Harbor IOP"),
        ("Provider NPI", "1234567893"),
        ("Provider address", "3 Oak Avenue"),
        ("Provider fax", "555 0100"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    for label, value in (("Birth date *", "1984-02-19"), ("Service start *", "2026-11-04"), ("Received", "2026-11-20")):
        day(nora, label, value)
    nora.sees("Still needed: Phase, Focus, Jurisdiction")  # the dates count, and Enter goes on to the next field
    expect(page.get_by_label("Phase *", exact=True)).to_be_focused()
    for label, option in (("Phase *", "admission"), ("Focus *", "mental"), ("Jurisdiction *", "Missouri")):
        choose(nora, label, option)
    page.locator("input[type=file]").set_input_files(packet)
    nora.sees(re.compile("^evaluation.pdf: 1 page"))
    nora.check()
    page.get_by_role("button", name="Take in the request").click()
    nora.sees("Read the record")
    nora.check()
    # She reads, and says what two sentences mean.
    page.get_by_role("link", name="5 willing to engage").click()
    nora.settle()
    assert "She wants to take part" in nora.marked()
    choose(nora, "Criterion", "1.diagnosis")
    page.locator("[role=document] .place", has_text="Date of service").click()
    nora.sees(re.compile("^Sentence (?!1 of)"))
    page.locator("[role=document] .place", has_text="meets criteria").click()
    page.get_by_role("button", name=re.compile("^Use selection or sentence")).click()
    nora.settle()
    expect(page.get_by_label("Code", exact=True)).to_have_value("F33.1")
    page.get_by_role("button", name="Leave it").click()
    nora.settle()
    state(nora, "1.diagnosis", "affirmed")
    state(nora, "6.plan", "affirmed")
    nora.check()
    page.get_by_role("link", name="The case").click()
    page.get_by_role("radio", name="Criteria").wait_for()
    nora.settle()
    nora.sees("Ruth Okafor, A-900")
    page.get_by_role("button", name="Claim").click()
    nora.sees(re.compile("^With you since"))
    nora.settle()
    # Something is missing: she asks for it, and it comes back in the afternoon.
    sign(nora, "Request documentation")
    nora.sees(re.compile("^Letter of 20.*: copy to the member of: documentation requested"))
    nora.check()
    page.get_by_role("link", name=re.compile("^Read the record")).click()
    nora.settle()
    page.get_by_role("button", name="Add documents").click()
    returned = packet[0].with_name("addendum.txt")
    returned.write_text(RETURNED)
    page.locator("input[type=file]").set_input_files(returned)
    nora.sees(re.compile("^addendum.txt: 1 page"))
    page.get_by_role("button", name="Add to the record").click()
    nora.sees("On record.")
    nora.settle()
    # What was added is opened, at the sentence that may speak to an open criterion; she says that it is what was out.
    assert "Her sister refuses" in nora.marked()
    expect(page.get_by_label("What came back", exact=True)).to_have_value("addendum.txt")
    nora.check()
    page.get_by_role("button", name="Record as returned").click()
    nora.sees(re.compile("^Recorded: documentation has come back"))
    nora.settle()
    state(nora, "7.a", "denied")
    nora.go("Worklist")
    page.get_by_text("Documentation returned", exact=True).first.click()
    nora.settle()
    page.get_by_role("link", name=re.compile("Ruth Okafor")).click()
    page.get_by_role("radio", name="Criteria").wait_for()
    nora.settle()
    sign(nora, "Refer to a clinical peer", ("Rationale", "No support that can take part."))
    nora.sees(re.compile("^With the clinical peers"))
    # The peer decides against it, with a complete notice.
    clara.sign_in("Clara Voss, MD", "clinician", "MO 4711")
    clara.page.get_by_text("With a peer", exact=True).first.click()
    clara.settle()
    clara.page.get_by_role("link", name=re.compile("Ruth Okafor")).click()
    clara.page.get_by_role("radio", name="Criteria").wait_for()
    clara.settle()
    sign(clara, "Decide adversely", ("Rationale", "Without a support system this level cannot be carried out."))
    clara.check()
    # An appeal: another clinician overturns it.
    nora.page.reload()
    nora.settle()
    sign(nora, "File an appeal or a reopening", ("Reason of who asked", "Her cousin has moved in with her."))
    (id_,) = re.findall(r"\bid=(\w+)", clara.page.url)
    ines.sign_in("Ines Roth, MD", "clinician", "MO 5822", path=f"/case?id={id_}")
    ines.page.get_by_role("radio", name="Criteria").wait_for()
    ines.settle()
    ines.view("Decide")
    ines.page.get_by_text("Overturn the decision", exact=True).first.click()
    ines.settle()
    ines.page.get_by_text("I am neither who denied this request nor their subordinate").click()
    ines.settle()
    sign(ines, "Overturn the decision", ("Rationale", "The cousin takes an active part."))
    ines.sees(re.compile("overturned", re.IGNORECASE))
    ines.check()
    names = [entry.name for entry in AuditTrail(base / "audit.jsonl").entries()]
    assert {"Nora Day", "Clara Voss, MD", "Ines Roth, MD"} <= set(names)
    assert not AuditTrail(base / "audit.jsonl").verify()
    for visitor in (nora, clara, ines):
        visitor.close()
