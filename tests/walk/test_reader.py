"""Reading a record in a browser: by key and by selection, the words that are used are those that stand there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reasoner import Policy
from reasoner.review import people
from reasoner.review.authority import Role
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.files import Upload
from reasoner.workplace.service import Workplace
from reasoner.workplace.worklist import request_id
from tests.chart.bundles import CONDITION, PATIENT
from tests.walk.visitor import Visitor, start
from tests.workplace.test_evidence import FACTS

NOTE = (
    "Intake \U0001f9e0 2026-02-09\n\nTold to leave the flat; he sleeps in the truck.\n\n"
    "<b>We wrote</b> a safety plan together.\n\fHis sister is in a shelter.\n"
)
"""A character beyond the basic plane stands before all that is selected, and markup that is none."""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[tuple[str, Path]]:
    """The address of a record that is read, and its base."""
    base = tmp_path_factory.mktemp("reader") / "kb"
    nora = people.local("Nora Fields", Role.REVIEWER)
    kb = KnowledgeBase(open_store(base, write=True))
    kb.load_policy(policy)
    opened = Workplace(kb, policy, base / "workplace")
    resources = [{"resource": each} for each in (PATIENT | {"birthDate": FACTS["birth_date"]}, CONDITION)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": resources}
    uploads = [Upload("intake.txt", NOTE.encode()), Upload("bundle.json", json.dumps(bundle).encode())]
    files = opened.evidence.look(nora, uploads, FACTS)
    request, _ = opened.evidence.create(nora, FACTS, files, {files.documents[0].digest: {"issued": "2026-02-09"}})
    opened.close()
    process, url = start(base)
    yield f"{url}/read?id={request_id(request)}", base
    process.terminate()


@pytest.fixture
def reader(browser, record: tuple[str, Path]) -> Iterator[Visitor]:
    url, _, path = record[0].partition("/read")
    visitor = Visitor(browser, url)
    visitor.sign_in("Nora Fields", path=f"/read{path}")
    visitor.page.locator("[role=document]").wait_for()
    visitor.settle()
    yield visitor
    visitor.close()


def pick(visitor: Visitor, criterion: str) -> None:
    visitor.page.locator("[data-testid=stSelectbox]", has_text="Criterion").locator("input").click()
    visitor.page.keyboard.type(criterion)
    visitor.page.keyboard.press("Enter")
    visitor.settle()


def test_a_sentence_is_gone_to_used_and_rejected_by_key(reader: Visitor) -> None:
    page, text = reader.page, reader.page.locator("[role=document]")
    first = "Told to leave the flat; he sleeps in the truck."
    pick(reader, "unstable living situation")
    assert reader.marked() == first
    text.press("n")
    second = reader.marked()
    assert second not in ("", first)
    text.press("p")
    text.press("u")
    expect(page.locator(".quote.here .said")).to_have_text(f"“{first}”")
    page.get_by_role("button", name="Leave it").click()
    assert reader.marked() == first
    text.press("n")
    text.press("r")
    assert reader.marked() not in ("", first, second)
    reader.check()


def test_selected_words_are_used_whole_and_stated(reader: Visitor) -> None:
    page, text = reader.page, reader.page.locator("[role=document]")
    pick(reader, "safety plan documented")
    left, right, middle = page.evaluate(
        """() => {
            const find = (root) => { for (const e of root.querySelectorAll("*")) { if (e.matches("[role=document]")) return e; const f = e.shadowRoot && find(e.shadowRoot); if (f) return f; } };
            const words = "fety plan toget", walker = document.createTreeWalker(find(document), NodeFilter.SHOW_TEXT), range = document.createRange();
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.data.indexOf(words); if (at < 0) continue;
                range.setStart(node, at); range.setEnd(node, at + words.length);
                const box = range.getBoundingClientRect(); return [box.left, box.right, (box.top + box.bottom) / 2];
            }
        }"""
    )
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(right, middle, steps=5)
    page.mouse.up()
    page.keyboard.press("u")
    expect(page.locator(".quote.here .said")).to_have_text("“safety plan together”")
    page.get_by_text("affirmed", exact=True).click()
    reader.settle()
    page.get_by_role("button", name="State it as Nora Fields").click()
    page.get_by_text("On record.").wait_for()
    expect(page.locator("[role=document] .affirmed").first).to_have_text("safety plan together")
    assert "<b>We wrote</b>" in text.inner_text()
    reader.check()


def test_what_a_chart_says_wrongly_is_stated_anew(reader: Visitor) -> None:
    page = reader.page
    page.get_by_text(re.compile("^From charts, sheets and forms: 1 statement")).click()
    reader.settle()
    page.get_by_role("button", name="Read wrongly").last.click()
    page.get_by_role("button", name="State it anew").click()
    reader.sees("stands in place of what was read wrongly")
    reader.settle()
    # Other words can say it, or these after all.
    pick(reader, "unstable living situation")
    page.locator("[role=document]").press("u")
    expect(page.locator(".quote.here .said")).to_have_text(re.compile("truck|shelter"))
    reader.sees("stands in place of what was read wrongly")
    page.get_by_role("button", name="Leave it").click()
    reader.settle()
    page.get_by_role("button", name="Read wrongly").last.click()
    page.get_by_role("button", name="State it anew").click()
    reader.sees("stands in place of what was read wrongly")
    reader.settle()
    page.get_by_text("denied", exact=True).click()
    reader.settle()
    page.get_by_role("button", name="State it as Nora Fields").click()
    reader.sees("On record.")
    reader.settle()
    opened = page.get_by_text(re.compile("^From charts, sheets and forms: 2 statements"))
    if page.get_by_text(re.compile("read wrongly as affirmed")).count() == 0:
        opened.click()
    reader.sees(re.compile(r"^denied: 1\.diagnosis"))
    reader.sees(re.compile("^Nora Fields on .* read wrongly as affirmed"))
    reader.check()
