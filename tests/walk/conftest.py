"""A browser, and the workplace over a base of its own for each module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from reasoner import Policy
from tests.walk.visitor import CHROMIUM, PATIENCE, Visitor, start
from tests.workplace.sample_base import build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, which need Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.walk)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine to drive the workplace with"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Path:
    return build(tmp_path_factory.mktemp("story") / "kb", policy)


@pytest.fixture(scope="module")
def workplace(base: Path) -> Iterator[str]:
    process, url = start(base)
    yield url
    process.terminate()
    _, log = process.communicate(timeout=PATIENCE)
    for said in ("pwned", "evil.example", "gnp.exe", "hostile"):
        assert said not in log
    assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield found
        found.close()


@pytest.fixture
def visitor(browser, workplace: str) -> Iterator[Visitor]:
    found = Visitor(browser, workplace)
    yield found
    found.close()
