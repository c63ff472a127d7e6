"""The workplace over many requests: `python -m benchmarks.app DIRECTORY --requests N`.

Makes a knowledge base of the sample charts and their determinations under names of their own, then times what a reviewer waits for:
first in Python, then in a browser from a click to the page at rest, with what the server takes of the processor, which does not
depend on how fast the browser is. Writes a table in Markdown to standard output.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner import load_policy
from reasoner.chart import intake, sources
from reasoner.determination.determine import determine_case
from reasoner.ground.resources import APP, ROOT
from reasoner.review.authority import Role
from reasoner.review.people import local
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.contents import to_content
from reasoner.workplace import selection
from reasoner.workplace.selection import Selection, Viewer
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import read_settings

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_AT_ONCE = 500
"""Requests that are loaded together."""


def build(folder: Path, count: int) -> None:
    """Make the knowledge base; the same charts and determinations again and again, each time under another name."""
    policy = load_policy()
    samples = []
    for name in sources.find([str(ROOT / "data" / "cases")]):
        for case in intake.read(name, policy)[0]:
            samples.append((case, [to_content(determination) for determination in determine_case(case, policy)]))
    with KnowledgeBase(open_store(folder, write=True)) as kb:
        kb.load_policy(policy)
        for first in range(0, count, _AT_ONCE):
            cases, records = [], []
            for number in range(first, min(first + _AT_ONCE, count)):
                case, contents = samples[number % len(samples)]
                own, new = case.iri.rpartition("#")[0] + "#", f"https://necessity.invalid/request/{number:06}#"
                request = case.iri.replace(own, new)

                def renamed(text: str, own: str = own, new: str = new, number: int = number) -> str:
                    return re.sub(
                        r"(urn:necessity:determination:\w+)", rf"\1-{number}", text.replace(f"<{own}", f"<{new}")
                    )

                cases.append(replace(case, iri=request, content=renamed(case.content)))
                records.append([(renamed(iri), request, renamed(content)) for iri, _, content in contents])
            kb.load_cases(cases)
            kb.record_contents(records)


@dataclass(frozen=True)
class Row:
    """A line of the table, in milliseconds."""

    what: str
    cpu: float
    """Of the processor, by Python or by the server."""
    waited: float
    """Until it is done, or the page is at rest."""


def timed(what: str, work: Callable[[], object], runs: int = 5) -> Row:
    """The medians of some runs."""
    cpu, waited = [], []
    for _ in range(runs):
        started, busy = time.perf_counter(), time.process_time()
        work()
        waited.append(1000 * (time.perf_counter() - started))
        cpu.append(1000 * (time.process_time() - busy))
    return Row(what, statistics.median(cpu), statistics.median(waited))


def in_python(folder: Path) -> list[Row]:
    """What the workplace does itself."""
    user = local("Benchmark", Role.REVIEWER)
    workplace = Workplace(
        KnowledgeBase(open_store(folder, write=True)),
        load_policy(),
        folder / "workplace",
        read_settings(APP / "settings.toml"),
    )
    rows = []

    def read() -> None:
        workplace.refresh()
        workplace.items(user)

    rows.append(timed("read the worklist from the store, without its index", lambda: workplace.items(user), 1))
    rows.append(timed("read the worklist, of which nothing has changed", read, 3))
    items = workplace.items(user)
    viewer = Viewer(user.iri, datetime.now(workplace.settings.time_zone))
    searched = Selection(text="1", sort="missing")
    rows.append(timed("filter and sort it", lambda: selection.select(items, searched, viewer)))
    ids = list({item.id: item for item in items})
    rows.append(timed("determine a request, the first of its kind", lambda: workplace.case_file(user, ids.pop()), 1))
    rows.append(timed("determine a request", lambda: workplace.case_file(user, ids.pop()), 20))
    rows.append(timed("the same request again", lambda: workplace.case_file(user, ids[0]), 5))
    count = iter(range(10**6))
    rows.append(
        timed("save a field of a draft", lambda: workplace.save(user, ids[0], f"f{next(count)}", "text", 0), 20)
    )
    rows.append(timed("write an entry of the audit trail", lambda: workplace.open_request(user, ids[0]), 20))
    workplace.close()
    return rows


class Clicks:
    """Clicks of one person or of several at once, each with what the server does until the pages are at rest."""

    def __init__(self, server: int) -> None:
        self.server = server
        self.rows: list[Row] = []

    def cpu(self) -> float:
        """Milliseconds of the processor that the server has taken (proc(5))."""
        fields = Path(f"/proc/{self.server}/stat").read_text().rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def of(
        self, what: str, pages: Sequence[Page], act: Callable[[Page], object], sign: Callable[[Page], object]
    ) -> None:
        """Have something done on each page, and wait until each shows its sign and is at rest."""
        started, busy = time.perf_counter(), self.cpu()
        for page in pages:
            act(page)
        for page in pages:
            sign(page)
            page.locator("[data-test-script-state=running]").wait_for(state="detached")
        waited = 1000 * (time.perf_counter() - started)
        pages[0].wait_for_timeout(500)
        self.rows.append(Row(what, self.cpu() - busy, waited))


def in_browser(folder: Path) -> list[Row]:
    """What reviewers wait for, from the click until the page is at rest: one of them, then three at once."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", "from reasoner.cli import entry; entry()"]
    command += ["app", "--kb", str(folder), "--port", str(port)]
    server = subprocess.Popen(command, env={**os.environ}, stderr=subprocess.DEVNULL)
    clicks = Clicks(server.pid)
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
            )
            people = []
            for _ in range(3):
                page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                page.set_default_timeout(120_000)
                people.append(page)
            _day(clicks, url, people[:1], "")
            _day(clicks, url, people, ", three at once")
            browser.close()
    finally:
        server.terminate()
        _, _, usage = os.wait4(server.pid, 0)
        print(f"The server took {usage.ru_maxrss / 1024:,.0f} MiB at its peak.", file=sys.stderr)
    return clicks.rows


def _day(clicks: Clicks, url: str, people: Sequence[Page], how: str) -> None:
    """Go from the worklist to a signature; several people, who all do the same at once, to the views of a request each."""

    def listed(page: Page) -> Locator:
        return page.get_by_role("table", name="Requests")

    def drawn(page: Page) -> None:
        listed(page).wait_for()

    def press(name: str) -> Callable[[Page], None]:
        return lambda page: page.get_by_role("button", name=name).first.click()

    def shows(text: str) -> Callable[[Page], None]:
        return lambda page: page.get_by_text(re.compile(text)).first.wait_for()

    def sorted_by_state(page: Page) -> None:
        listed(page).locator("th[aria-sort=ascending]", has_text="State").wait_for()

    def picked(page: Page) -> None:
        page.locator("[role=treeitem][aria-selected=true]").first.wait_for()

    def recorded(page: Page) -> None:
        page.get_by_role("button", name="Record this determination").wait_for(state="detached")

    def queue(name: str) -> Callable[[Page], None]:
        return lambda page: page.get_by_role("radio", name=name, exact=True).click()

    def search(page: Page) -> None:
        field = page.get_by_label("Search", exact=True)
        field.fill(f"/0001{people.index(page)}")
        field.press("Enter")

    for number, page in enumerate(people):
        page.goto(url)
        page.get_by_label("Name", exact=True).fill(f"Person {number}{how}")
        page.get_by_label("Name", exact=True).press("Tab")
    people[0].wait_for_timeout(1000)
    clicks.of(f"the first worklist after signing in{how}", people, press("Start"), drawn)
    clicks.of(f"reload the worklist{how}", people, lambda page: page.reload(wait_until="commit"), drawn)
    clicks.of(f"turn the page{how}", people, press("Next"), shows("^Page 2 of"))
    clicks.of(
        f"sort{how}", people, lambda page: listed(page).get_by_role("button", name="State").click(), sorted_by_state
    )
    clicks.of(f"search{how}", people, search, shows(r"^\d{2,3} of "))
    clicks.of(f"another queue{how}", people, queue("Documentation returned"), shows("^No request matches"))
    for page in people:
        queue("All open")(page)
        shows(r"^\d{2,3} of ")(page)
    clicks.of(
        f"open a request{how}",
        people,
        lambda page: listed(page).get_by_role("link").nth(1 + people.index(page)).click(),
        lambda page: page.get_by_role("region", name="Outcome").wait_for(),
    )
    clicks.of(
        f"pick a criterion{how}",
        people,
        lambda page: page.get_by_role("treeitem").nth(1).locator(".label").first.click(),
        picked,
    )
    for view, sign in (
        ("Missing", "^What (would complete|is stated against|carries)"),
        ("Documents", "Service starts"),
        ("Decide", "^What you sign"),
    ):
        clicks.of(
            f"go to {view}{how}",
            people,
            lambda page, view=view: page.get_by_role("radio", name=view, exact=True).click(),
            shows(sign),
        )
    if len(people) > 1:
        return
    clicks.of(f"claim{how}", people, press("Claim"), shows("^With you"))
    for page in people:
        press("Notes")(page)
        page.get_by_label("Note", exact=True).fill("Called the program.")
    clicks.of(f"add a note{how}", people, press("Add note"), shows(r"^Notes \(1\)"))
    for page in people:
        page.keyboard.press("Escape")
    if people[0].get_by_role("button", name="Record this determination").count():
        clicks.of(f"record a determination{how}", people, press("Record this determination"), recorded)
    for page in people:
        page.get_by_text("Refer to a clinical peer", exact=True).first.click()
        page.get_by_label("Rationale", exact=True).fill("A peer has to look at this.")
        page.get_by_label("Rationale", exact=True).press("Tab")
        shows("^Saved ")(page)
        page.get_by_text("I have read the record").click()
        page.wait_for_timeout(1000)
    clicks.of(f"sign{how}", people, press("Refer to a clinical peer: sign as"), shows("^Recorded: "))
    clicks.of(f"the next in the queue{how}", people, press("Next in queue"), shows("^With nobody"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--requests", type=int, default=10_000)
    options = parser.parse_args()
    folder = options.directory / "kb"
    if not folder.exists():
        build(folder, options.requests)
        print(f"built with {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB", file=sys.stderr)
    print(f"| {options.requests:,} requests | processor, ms | waited, ms |\n|---|---|---|")
    for measure in (in_python, in_browser):
        for row in measure(folder):
            print(f"| {row.what} | {row.cpu:,.0f} | {row.waited:,.0f} |", flush=True)
    print(f"The load average was {os.getloadavg()[0]:.1f} at the end.", file=sys.stderr)


if __name__ == "__main__":
    main()
