"""A team in a browser: who has which request, what they tell each other, and pages that have little room."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.walk.visitor import Visitor
from tests.workplace.sample_base import opaque_id


def choose(visitor: Visitor, colleague: str) -> None:
    visitor.page.get_by_label("Assign to", exact=True).click()
    visitor.page.keyboard.type(colleague)
    visitor.page.keyboard.press("Enter")
    visitor.settle()


def test_a_request_is_claimed_handed_over_with_a_note_and_given_back(browser, workplace: str) -> None:
    olga, piet = Visitor(browser, workplace), Visitor(browser, workplace)
    piet.sign_in("Piet Moor")
    olga.sign_in("Olga Roe")
    # Both have the same request before them; one of them claims it.
    for person in (olga, piet):
        person.open("criteria-met")
    olga.page.get_by_role("button", name="Claim").click()
    olga.sees(re.compile("^With you since"))
    piet.page.get_by_role("button", name="Claim").click()
    piet.sees("Olga Roe has the request by now")
    piet.sees(re.compile("^With Olga Roe since"))
    # She hands it over, and says why; he finds both in his queue.
    olga.page.get_by_role("button", name="Hand over").click()
    choose(olga, "Piet")
    olga.page.get_by_label("Note for them").fill("The program calls back at three.")
    olga.page.get_by_role("button", name="Assign", exact=True).last.click()
    olga.sees(re.compile("^With Piet Moor since"))
    olga.settle()
    for label in ("Assign to", "Note"):  # nothing stays open, and nothing else opens
        expect(olga.page.get_by_label(label, exact=True)).to_have_count(0)
    piet.go("Worklist")
    piet.page.get_by_text("Mine", exact=True).first.click()
    piet.settle()
    expect(piet.page.get_by_role("table", name="Requests").get_by_role("link")).to_have_text(["criteria-met"])
    piet.page.get_by_role("link", name="criteria-met", exact=True).click()
    piet.sees(re.compile("^With you since"))
    piet.page.get_by_role("button", name="Notes (1)").click()
    piet.sees("To Piet Moor: The program calls back at three.")
    piet.check()
    piet.page.keyboard.press("Escape")
    piet.page.get_by_role("button", name="Give back").click()
    piet.sees("With nobody")
    # Several at once, from the list; nothing stays ticked.
    piet.go("Worklist")
    piet.page.get_by_text("Unassigned", exact=True).first.click()
    piet.settle()
    for name in ("criteria-met", "nothing-on-supports"):
        piet.page.get_by_role("checkbox", name=f"Choose {name}").click()
        piet.settle()
    piet.page.get_by_role("button", name="Assign (2)").click()
    choose(piet, "Olga")
    piet.page.get_by_role("button", name="Assign", exact=True).last.click()
    expect(piet.page.get_by_role("link", name="criteria-met", exact=True)).to_have_count(0)
    expect(piet.page.get_by_label("Assign to", exact=True)).to_have_count(0)
    # The next request of the queue, and back to the queue that was left.
    olga.go("Worklist")
    olga.page.get_by_text("Mine", exact=True).first.click()
    olga.settle()
    links = olga.page.get_by_role("table", name="Requests").get_by_role("link")
    expect(links).to_have_count(2)
    first, second = links.all_text_contents()
    links.first.click()
    olga.page.get_by_role("heading", name=first).wait_for()
    olga.page.get_by_role("button", name="Next in queue").click()
    olga.page.get_by_role("heading", name=second).wait_for()
    olga.page.go_back()
    olga.page.get_by_role("heading", name=first).wait_for()
    olga.page.go_back()
    expect(links).to_have_text([first, second])
    expect(olga.page).to_have_url(re.compile("queue=Mine"))
    for person in (olga, piet):
        person.close()


def test_what_a_colleague_changes_is_shown_without_a_click(browser, workplace: str) -> None:
    olga, piet = (Visitor(browser, workplace).sign_in(name) for name in ("Olga Roe", "Piet Moor"))
    for person in (olga, piet):
        person.open("needs-round-the-clock-care")
    piet.view("Documents")
    earlier = piet.page.get_by_text(re.compile("^Reviewed as of .* what was recorded later"))
    expect(earlier).to_have_count(1)
    olga.page.get_by_role("button", name="Review as of today").click()
    expect(earlier).to_have_count(0)
    expect(piet.page.get_by_role("radio", name="Documents")).to_be_checked()
    for person in (olga, piet):
        person.close()


def test_who_leaves_a_case_leaves_neither_it_nor_a_name_in_the_address(browser, workplace: str) -> None:
    olga = Visitor(browser, workplace).sign_in("Olga Roe").open("criteria-met").view("Decide")
    olga.page.get_by_role("button", name="Change person").click()
    olga.page.get_by_label("Name", exact=True).wait_for()
    olga.settle()
    expect(olga.page.get_by_text("Something went wrong")).to_have_count(0)
    expect(olga.page).to_have_url(re.compile(r"^(?!.*[?&](id|as)=)"))
    olga.close()


@pytest.mark.parametrize("width", [820, 390])
def test_the_sidebar_is_folded_where_there_is_little_room(browser, workplace: str, width: int) -> None:
    visitor = Visitor(browser, workplace, viewport={"width": width, "height": 1000}, has_touch=True)
    page = visitor.page
    folded = page.locator("[data-testid=stSidebar][data-collapsed=true]")

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.goto(workplace)
    page.get_by_role("button", name="Start").wait_for()
    assert page.get_by_role("link", name="Worklist").count() == 0  # nobody is at work, so there is no menu
    fits()
    visitor.sign_in("Tess Ott", path=f"/case?id={opaque_id('criteria-met')}")
    expect(folded).to_have_count(1)
    fits()
    visitor.check()
    page.get_by_role("button", name=re.compile("sidebar", re.IGNORECASE)).first.click()
    page.get_by_role("link", name="Worklist", exact=True).click()
    page.get_by_role("table", name="Requests").wait_for()
    expect(folded).to_have_count(1)
    fits()
    visitor.check()
    visitor.close()
