"""The workplace over many requests: `python -m benchmarks.app DIRECTORY --requests N`.

Makes a knowledge base of the sample charts and their determinations under names of their own, then times what a reviewer waits for:
first in Python, then in a browser from a click to the page at rest. Writes a table in Markdown to standard output.
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
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

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


def timed(work: Callable[[], object], runs: int = 5) -> float:
    """Median milliseconds."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def in_python(folder: Path) -> list[tuple[str, float]]:
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

    rows.append(("read the worklist from the store, the first time", timed(lambda: workplace.items(user), 1)))
    rows.append(("read the worklist, of which nothing has changed", timed(read, 3)))
    items = workplace.items(user)
    viewer = Viewer(user.iri, datetime.now(workplace.settings.time_zone))
    searched = Selection(text="1", sort="missing")
    rows.append(("filter and sort it", timed(lambda: selection.select(items, searched, viewer))))
    ids = list({item.id: item for item in items})
    rows.append(("determine a request, the first of its kind", timed(lambda: workplace.case_file(user, ids.pop()), 1)))
    rows.append(("determine a request", timed(lambda: workplace.case_file(user, ids.pop()), 20)))
    rows.append(("the same request again", timed(lambda: workplace.case_file(user, ids[0]), 5)))
    count = iter(range(10**6))
    rows.append(
        ("save a field of a draft", timed(lambda: workplace.save(user, ids[0], f"f{next(count)}", "text", 0), 20))
    )
    rows.append(("write an entry of the audit trail", timed(lambda: workplace.open_request(user, ids[0]), 20)))
    workplace.close()
    return rows


def in_browser(folder: Path) -> list[tuple[str, float]]:
    """What a reviewer waits for, from the click until the page is at rest."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-c",
        "from reasoner.cli import entry; entry()",
        "app",
        "--kb",
        str(folder),
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, env={**os.environ}, stderr=subprocess.DEVNULL)
    rows: list[tuple[str, float]] = []
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
            page = browser.new_page(viewport={"width": 1280, "height": 900})

            def waits(what: str, act: Callable[[], object], sign: Callable[[], object]) -> None:
                started = time.perf_counter()
                act()
                sign()
                page.locator("[data-test-script-state=running]").wait_for(state="detached", timeout=120_000)
                rows.append((what, 1000 * (time.perf_counter() - started)))

            page.goto(url)
            page.get_by_label("Name", exact=True).fill("Benchmark", timeout=120_000)
            listed = page.get_by_role("table", name="Requests")
            waits(
                "open the worklist, the first time",
                page.get_by_role("button", name="Start").click,
                lambda: listed.wait_for(timeout=120_000),
            )
            waits("reload the worklist", page.reload, lambda: listed.wait_for(timeout=120_000))
            first = listed.locator("tbody tr").first.inner_text()

            def moved(text: str) -> None:
                while listed.locator("tbody tr").first.inner_text() == text:
                    page.wait_for_timeout(10)

            waits("turn the page", page.get_by_role("button", name="Next").click, lambda: moved(first))
            now = listed.locator("tbody tr").first.inner_text()
            waits("sort", listed.get_by_role("button", name="Service").click, lambda: moved(now))
            search = page.get_by_label("Search request, id or missing criterion")
            search.fill("000123")
            waits("search", lambda: search.press("Enter"), lambda: page.get_by_text(re.compile("^1 of ")).wait_for())
            outcome = page.get_by_role("region", name="Outcome")
            waits("open a request", listed.get_by_role("link").first.click, lambda: outcome.wait_for(timeout=60_000))
            page.get_by_role("button", name="Open all").click()
            items = page.get_by_role("treeitem")
            for number in (3, 6):
                label = (items.nth(number).get_attribute("aria-label") or "").split(", ")[1]
                waits(
                    "pick a criterion",
                    items.nth(number).locator(".label").first.click,
                    lambda label=label: page.get_by_role("heading", name=label).wait_for(),
                )
            for view, sign in (
                ("Missing", re.compile("^Notes$")),
                ("Documents", re.compile("Service starts")),
                ("Decide", re.compile("^Sign$")),
            ):
                waits(
                    f"go to {view}",
                    page.get_by_role("radio", name=view).click,
                    lambda sign=sign: page.get_by_text(sign).first.wait_for(),
                )
            browser.close()
    finally:
        server.terminate()
        _, _, usage = os.wait4(server.pid, 0)
        rows.append(("peak memory of the server, MiB", usage.ru_maxrss / 1024))
    return rows


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
    print(f"| {options.requests:,} requests | ms |\n|---|---|")
    for what, milliseconds in [*in_python(folder), *in_browser(folder)]:
        print(f"| {what} | {milliseconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
