"""What every page shows at three widths: nothing sticks out or is cut off, and a list shows many requests at once."""

from __future__ import annotations

import pytest

from tests.walk.visitor import Visitor
from tests.workplace.sample_base import opaque_id

CASE = f"/case?id={opaque_id('nothing-on-supports')}"
VIEWS = ("Criteria", "Missing", "Readings", "Documents", "What if", "Decide", "Data")
PAGES = (
    "/",
    "/?queue=Mine",
    *(f"{CASE}&view+of+case={view.replace(' ', '+')}" for view in VIEWS),
    "/case?id=unknown",
    CASE.replace("/case", "/read"),
    "/new",
    "/batch",
    "/overview",
    "/quality",
    "/policy",
    "/questions",
    "/audit",
)
CUT_OFF = """() => {
    const found = [], seen = (e) => { const box = e.getBoundingClientRect(); return box.width > 2 && box.height > 2 && getComputedStyle(e).visibility === "visible"; };
    const look = (e, scrolls) => {
        const style = getComputedStyle(e), own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (own && seen(e) && !scrolls) {
            const box = e.getBoundingClientRect();
            if (box.right > innerWidth + 1 || box.left < -1) found.push(["sticks out", e.textContent.trim().slice(0, 60)]);
            else if (style.overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1) found.push(["is cut off", e.textContent.trim().slice(0, 60)]);
        }
        const within = scrolls || ["auto", "scroll"].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
        [...(e.shadowRoot ?? e).children].forEach((child) => look(child, within));
        if (e.shadowRoot) [...e.children].forEach((child) => look(child, within));
    };
    look(document.querySelector("[data-testid=stMainBlockContainer]"), false);
    return found;
}"""
"""Texts that reach beyond the window or beyond what holds them, but for what can be scrolled."""


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_nothing_is_cut_off(browser, workplace: str, width: int) -> None:
    visitor = Visitor(browser, workplace, viewport={"width": width, "height": 1000}).sign_in("Lena Vogel")
    person = visitor.page.url.partition("as=")[2].partition("&")[0]
    for path in PAGES:
        visitor.page.goto(f"{workplace}{path}{'&' if '?' in path else '?'}as={person}")
        visitor.page.get_by_role("heading").first.wait_for()
        visitor.settle()
        assert visitor.page.evaluate(CUT_OFF) == [], path
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    visitor.close()


def test_twenty_requests_are_seen_at_once(browser, workplace: str) -> None:
    visitor = Visitor(browser, workplace, viewport={"width": 1280, "height": 800}).sign_in("Lena Vogel")
    rows = visitor.page.get_by_role("table", name="Requests").locator("tbody tr")
    rows.first.wait_for()
    boxes = [row.bounding_box() for row in rows.all()]
    assert {round(box["height"]) for box in boxes if box} == {round(boxes[0]["height"])}
    assert boxes[0]["y"] + 20 * boxes[0]["height"] <= 800
    visitor.close()
