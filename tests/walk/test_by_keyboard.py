"""A request from the worklist to a signature without a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from reasoner import Policy
from reasoner.review import people
from reasoner.review.authority import Role
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.files import Upload
from reasoner.workplace.service import Workplace
from tests.walk.visitor import Visitor, start
from tests.workplace.test_evidence import FACTS, NOTE

FOCUSED = """() => {
    let e = document.activeElement; while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    const words = e.getAttribute("aria-label") || [...(e.labels ?? [])].map((label) => label.innerText).join(" ") || e.innerText || "";
    return words.length > 200 ? "" : words.replace(/\\s+/g, " ").trim();
}"""
"""The words of what has the focus, inside components too; nothing for the page and parts of it that scroll."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[str]:
    """The address of a workplace with two requests, each with a note."""
    base = tmp_path_factory.mktemp("keyboard") / "kb"
    nora = people.local("Nora Fields", Role.REVIEWER)
    kb = KnowledgeBase(open_store(base, write=True))
    kb.load_policy(policy)
    opened = Workplace(kb, policy, base / "workplace")
    for reference in ("K-1", "K-2"):
        files = opened.evidence.look(nora, [Upload("intake.txt", NOTE)])
        opened.evidence.create(
            nora, FACTS | {"reference": reference}, files, {files.documents[0].digest: {"issued": "2026-02-09"}}
        )
    opened.close()
    process, address = start(base)
    yield address
    process.terminate()


def tab_to(visitor: Visitor, words: str, most: int = 40) -> int:
    """Press Tab until something with these words has the focus; how often that was."""
    for presses in range(1, most + 1):
        visitor.page.keyboard.press("Tab")
        if re.search(words, visitor.page.evaluate(FOCUSED)):
            return presses
    raise AssertionError(f"{most} presses of Tab do not lead to {words!r}")


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.page.keyboard.press(key)
    visitor.settle()


def test_from_the_worklist_to_a_signature_by_keyboard_alone(browser, url: str) -> None:
    visitor = Visitor(browser, url)
    page = visitor.page
    page.goto(url)
    page.get_by_label("Name", exact=True).wait_for()
    visitor.settle()
    tab_to(visitor, "^Name$")
    press(visitor, "Control+a")
    page.keyboard.type("Kim Keys")
    tab_to(visitor, "^Start$")
    press(visitor, "Enter")
    page.get_by_role("table", name="Requests").wait_for()
    visitor.settle()
    # The worklist: five presses of Tab to the first row, then arrows; x ticks.
    assert tab_to(visitor, "J. Doe, K-") <= 5
    first = page.evaluate(FOCUSED)
    press(visitor, "ArrowDown")
    assert page.evaluate(FOCUSED) != first
    press(visitor, "x")
    visitor.sees("Assign (1)")
    press(visitor, "x", "ArrowUp")
    press(visitor, "Enter")
    page.get_by_role("radio", name="Criteria").wait_for()
    visitor.settle()
    assert first in page.evaluate(FOCUSED)
    # The case: claimed, then from criterion to criterion; ? lists the keys.
    tab_to(visitor, "^Claim$")
    press(visitor, "Enter")
    visitor.sees(re.compile("^With you since"))
    # What a key opens has the focus.
    tab_to(visitor, "^Notes")
    press(visitor, "Enter")
    assert page.evaluate(FOCUSED) == "Note"
    page.keyboard.type("By key.")
    press(visitor, "Control+Enter")
    visitor.sees("By key.")
    press(visitor, "Escape")
    heading = page.get_by_role("region", name="Criterion").get_by_role("heading").first
    before = heading.inner_text()
    press(visitor, "n")
    after = heading.inner_text()
    assert after != before
    page.get_by_role("treeitem").first.focus()
    press(visitor, "p")
    expect(heading).to_have_text(before)
    press(visitor, "n", "?")
    expect(page.get_by_role("dialog")).to_contain_text("next and previous criterion")
    press(visitor, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # Its record: a sentence is found, used and stated.
    tab_to(visitor, "Read the record, add to it")
    press(visitor, "Enter")
    text = page.locator("[role=document]")
    text.wait_for()
    visitor.settle()
    criterion = page.locator("[data-testid=stSelectbox]", has_text="Criterion").locator("input")
    expect(criterion).to_have_value(re.compile(after.partition(" ")[2]))
    tab_to(visitor, "^Text of")
    press(visitor, "u")
    tab_to(visitor, "affirmed")
    press(visitor, "Space")
    tab_to(visitor, "^State it as Kim Keys$")
    press(visitor, "Enter")
    visitor.sees("On record.")
    visitor.check()
    # Back to the case, and to a signature.
    press(visitor, "Home")
    page.reload()
    text.wait_for()
    visitor.settle()
    tab_to(visitor, "The case$")
    press(visitor, "Enter")
    page.get_by_role("radio", name="Decide").wait_for()
    visitor.settle()
    tab_to(visitor, "^Criteria$")
    press(visitor, *["ArrowRight"] * 5)
    press(visitor, "Space")
    visitor.sees("What you sign")
    tab_to(visitor, "Request documentation|Refer to a clinical peer|Approve")
    while "Refer" not in page.evaluate(FOCUSED):
        press(visitor, "ArrowDown")
    tab_to(visitor, "^Rationale$")
    page.keyboard.type("A peer has to look at this.")
    press(visitor, "Tab")
    visitor.saved("Rationale")
    tab_to(visitor, "I have read the record")
    press(visitor, "Space")
    tab_to(visitor, "sign as Kim Keys")
    press(visitor, "Enter")
    visitor.sees("Recorded: refer to a clinical peer.")
    visitor.check()
    visitor.close()
