"""Makes the pictures of README.md and docs/workplace.md anew from the samples: ``python -m docs.pictures``.

`terminal.svg` is what a command prints; `worklist.png`, `workplace.png` and `reading.png` are the workplace in a headless Chromium,
which has to be installed.
"""

from __future__ import annotations

import html
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHART = "safety-plan-without-emergency-access"
SHOWN = ["determine", "data/cases/mp9556"]
FACTS = {
    "reference": "UM-2026-0417",
    "member_name": "J. Doe",
    "birth_date": "1987-06-14",
    "phase": "admission",
    "focus": "mental-health",
    "service_start": "2026-02-16",
    "jurisdiction": "US-MO",
}
"""A request for the sample notes."""
READ = "safety plan documented"
"""The criterion that is read in them."""
FIRST, LAST, COLUMNS = 18, 11, 112
LINE, CHARACTER, MARGIN, BAR = 17, 7.8, 16, 28
STYLES = {
    "1": 'font-weight="bold"',
    "2": 'fill="#8b949e"',
    "31": 'fill="#ff7b72"',
    "32": 'fill="#7ee787"',
    "33": 'fill="#e3b341"',
    "35": 'fill="#d2a8ff"',
}
"""What the escape sequences of a terminal (SGR) look like in SVG."""


def main() -> None:
    """Write the pictures."""
    docs = ROOT / "docs"
    (docs / "terminal.svg").write_text(terminal(SHOWN))
    with tempfile.TemporaryDirectory() as folder:
        kb = Path(folder) / "kb"
        for words in (["init"], ["load", "data/cases/mp9556"], ["determine"]):
            necessity("kb", *words, "--kb", str(kb))
        request = with_notes(kb)
        with workplace(kb) as url:
            photograph(url, docs / "worklist.png", listed=True)
            photograph(url, docs / "workplace.png")
            photograph(url, docs / "reading.png", request)


def necessity(*words: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "reasoner", *words]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603


def on_terminal(words: list[str]) -> str:
    """What the command prints on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-m", "reasoner", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, env=environment):  # noqa: S603
        os.close(theirs)
        printed = b""
        while True:
            try:
                printed += os.read(ours, 65536)
            except OSError:  # the command has closed its end
                break
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def terminal(words: list[str]) -> str:
    """A command and the first and last lines of what it prints, as SVG."""
    printed = on_terminal(words).splitlines()
    lines = [f"$ necessity {' '.join(words)}", *printed[:FIRST], "…", *printed[-LAST:]]
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), BAR + len(lines) * LINE + 2 * MARGIN
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{lines[0].removeprefix('$ ')}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
        *(f'<circle cx="{18 + 18 * n}" cy="16" r="5.5" fill="#484f58"/>' for n in range(3)),
        '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#e6edf3">',
    ]
    for number, line in enumerate(lines, 1):
        drawn.append(f'<text x="{MARGIN}" y="{BAR + MARGIN + number * LINE - 5}">{styled(line)}</text>')
    return "\n".join([*drawn, "</g>", "</svg>", ""])


def styled(line: str) -> str:
    """A line of a terminal with its escape sequences as SVG."""
    first, *rest = re.split(r"\x1b\[([\d;]*)m", line)
    parts = [spaced(first)]
    for codes, text in zip(rest[::2], rest[1::2], strict=True):
        style = " ".join(STYLES[code] for code in codes.split(";") if code in STYLES)
        parts.append(f"<tspan {style}>{spaced(text)}</tspan>" if style else spaced(text))
    return "".join(parts)


def spaced(text: str) -> str:
    """Text in SVG whose spaces are kept."""
    return html.escape(text).replace(" ", "\u00a0")


def with_notes(kb: Path) -> str:
    """The opaque id of a request with the sample notes, taken into a base."""
    from reasoner import load_policy
    from reasoner.review import people
    from reasoner.review.authority import Role
    from reasoner.store.backends import open_store
    from reasoner.store.base import KnowledgeBase
    from reasoner.workplace.files import Upload
    from reasoner.workplace.service import Workplace
    from reasoner.workplace.worklist import request_id

    nora = people.local("Nora Fields", Role.REVIEWER)
    opened = Workplace(KnowledgeBase(open_store(kb, write=True)), load_policy(), kb / "workplace")
    notes = [Upload(path.name, path.read_bytes()) for path in sorted((ROOT / "data/notes").glob("*.txt"))]
    files = opened.evidence.look(nora, notes)
    days = {"intake.txt": "2026-02-09", "psychiatry.txt": "2026-02-12"}
    about = {text.digest: {"document": text.name, "issued": days[text.name]} for text in files.documents}
    request, _ = opened.evidence.create(nora, FACTS, files, about)
    opened.close()
    return request_id(request)


@contextmanager
def workplace(kb: Path) -> Iterator[str]:
    """The URL of the workplace over a base, as long as it is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "reasoner", "app", "--kb", str(kb), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            await_answer(url, process)
            yield url
        finally:
            process.terminate()


def await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers; raises `RuntimeError` where it ends or takes a minute."""
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2)  # noqa: S310
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError("the workplace did not start")


def photograph(url: str, target: Path, read: str = "", *, listed: bool = False) -> None:
    """A reviewer opens a request and picks a criterion; the page is saved as PNG.

    Args:
        url: of the workplace.
        target: the picture.
        read: opaque id of a request whose record is read, in place of the case.
        listed: whether the worklist is shown, in place of the case.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800 if read else 740})
        page.goto(f"{url}/read?id={read}" if read else url)
        page.get_by_label("Name", exact=True).fill("Nora Fields", timeout=60_000)
        page.get_by_role("button", name="Start").click()
        if read:
            page.get_by_text("Stated of this document").wait_for(timeout=120_000)
            page.locator("[data-testid=stSelectbox]", has_text="Criterion").locator("input").click()
            page.keyboard.type(READ)
            page.keyboard.press("Enter")
            page.wait_for_timeout(3000)
            page.locator("[role=document]").press("u")
            page.get_by_text("affirmed", exact=True).wait_for(timeout=60_000)
            page.get_by_role("heading", name="Read the record").scroll_into_view_if_needed()
        elif not listed:
            page.get_by_role("link", name=CHART, exact=True).click(timeout=60_000)
            page.get_by_role("radio", name="Criteria").wait_for(timeout=60_000)
        else:
            page.get_by_role("table", name="Requests").wait_for(timeout=60_000)
        page.mouse.move(0, 0)
        page.wait_for_timeout(3000)
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
