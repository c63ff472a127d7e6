"""Property tests: the same examples in every run, or others at random for some seconds, which `make fuzz` is for.

An exploration shares its time among the property tests, keeps the examples that failed in a folder of its own, which it
tries first when it is run again, and prints each as the decorator to commit.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import UnsatisfiedAssumption

SAME = settings(
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""What all property tests have in common."""
_EXPLORED = 10**9
_KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "necessity-examples"


def examples(number: int) -> settings:
    """Settings of a property test that takes this many examples in a run, and as many as time allows in an exploration."""
    if "NECESSITY_EXPLORE" not in os.environ:
        return settings(SAME, max_examples=number)
    return settings(
        SAME,
        max_examples=_EXPLORED,
        derandomize=False,
        database=DirectoryBasedExampleDatabase(_KEPT),
        print_blob=False,
        phases=set(Phase) - {Phase.explicit},  # `make test` runs the committed examples
    )


class Exploration:
    """A pytest plugin that runs the property tests alone, each for its share of the time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.share = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.get_closest_marker("hypothesis")]
        processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        self.share = self.seconds * processes / max(len(items), 1)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Function) -> Any:
        """Run a property test until its time is over, and note the example with which it failed."""
        handle = item.obj.hypothesis
        test, shared = handle.inner_test, _Shared(handle.inner_test, self.share)
        handle.inner_test = functools.wraps(test)(lambda *args, **kwargs: shared(*args, **kwargs))
        try:
            return (yield)
        except (Exception, pytest.fail.Exception):
            drawn = [f"{name}={value!r}" for name, value in shared.failed.items() if name not in item.funcargs]
            item.user_properties.append(("example", f"@example({', '.join(drawn)})"))
            raise
        finally:
            handle.inner_test = test

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the decorators to commit."""
        for report in terminalreporter.getreports("failed"):
            for name, line in report.user_properties:
                if name == "example":
                    terminalreporter.write_line(f"{report.nodeid}\n{line}")


class _Shared:
    """A test of one example that skips the rest once its time is over and nothing has failed."""

    def __init__(self, test: Callable[..., None], seconds: float) -> None:
        self.test = test
        self.end = time.monotonic() + seconds
        self.failed: dict[str, Any] = {}
        """The arguments with which it failed last: of all failures the smallest that was found."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        if not self.failed and time.monotonic() > self.end:
            pytest.skip("its share of the time is over")
        try:
            self.test(*args, **kwargs)
        except UnsatisfiedAssumption:
            raise
        except (Exception, pytest.fail.Exception):
            self.failed = kwargs
            raise
