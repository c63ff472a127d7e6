"""Someone at a browser of their own, who uses the workplace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.conftest import ROOT, eventually, free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 120
"""Seconds to wait for what has to come; far above what a slow machine takes."""
expect.set_options(timeout=PATIENCE * 1000)
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def start(folder: Path, *arguments: str, port: int | None = None) -> tuple[subprocess.Popen[str], str]:
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from reasoner.cli import entry; entry()", "app", "--kb", str(folder), "--port", str(port), *arguments],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except OSError:
            return False
        return True

    eventually(answers)
    return process, url


class Visitor:
    """Someone at a browser of their own."""

    def __init__(self, browser, url: str, **options) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.context.set_default_timeout(PATIENCE * 1000)
        self.page = self.context.new_page()
        self.url = url
        self.outside: list[str] = []
        self.faults: list[str] = []
        self.watch(self.page)

    def watch(self, page) -> None:
        page.on(
            "request",
            lambda r: self.outside.append(r.url) if not r.url.startswith((self.url, "data:", "blob:")) else None,
        )
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append("dialog") or dialog.dismiss())

    def settle(self, page: Page | None = None) -> None:
        """Wait until the script has run; half a second twice, for it begins a little after a click."""
        page = page or self.page
        page.wait_for_timeout(500)
        for running in ("[data-testid=stStatusWidget]", "[data-test-script-state=running]"):
            page.locator(running).first.wait_for(state="detached")
        page.wait_for_timeout(500)

    def sign_in(self, name: str, role: str = "reviewer", licence: str = "", path: str = "/") -> Visitor:
        self.page.goto(self.url + path)
        self.page.get_by_label("Name", exact=True).fill(name)
        if role != "reviewer":
            self.page.get_by_label("Role").click()
            self.page.get_by_role("option", name=role, exact=True).click()
        if licence:
            self.page.get_by_role("textbox", name="Licence, with its state").fill(licence)
        self.page.get_by_role("button", name="Start").click()
        self.page.get_by_role("button", name="Change person").wait_for()
        self.settle()
        return self

    def open(self, chart: str) -> Visitor:
        self.page.get_by_role("link", name="Worklist").click()
        self.page.get_by_role("link", name=chart, exact=True).click()
        self.page.get_by_role("radio", name="Criteria").wait_for()
        self.settle()
        return self

    def name(self, **said: str) -> Visitor:
        """State names and addresses of the case, by their labels with underscores."""
        self.page.get_by_role("button", name="Names and addresses").click()
        for label, text in said.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(text)
        self.page.get_by_role("button", name="Save", exact=True).click()
        self.settle()
        return self

    def view(self, name: str) -> Visitor:
        self.page.get_by_role("radio", name=name, exact=True).click()
        self.settle()
        return self

    def go(self, name: str) -> Visitor:
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.settle()
        return self

    def sees(self, text: str | re.Pattern[str]) -> None:
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def write(self, label: str, text: str) -> Visitor:
        area = self.page.get_by_label(label, exact=True)
        area.fill("")
        area.press_sequentially(text)
        return self

    def saved(self, label: str) -> None:
        self.page.get_by_label(label, exact=True).locator("xpath=../..").get_by_text(re.compile("^Saved ")).wait_for()

    def marked(self) -> str:
        """The sentence of a document that they have gone to."""
        self.settle()
        return "".join(self.page.locator("[role=document] .now").all_text_contents())

    def check(self) -> None:
        """No violation of WCAG 2.2 AA, nothing fetched from elsewhere, no fault."""
        from axe_playwright_python.sync_playwright import Axe

        self.settle()
        violations = Axe().run(self.page, options=RULES).response["violations"]
        assert not violations, [(v["id"], [n["target"] for n in v["nodes"][:3]]) for v in violations]
        assert not self.outside
        assert not self.faults

    def close(self) -> None:
        self.context.close()
