"""The table of many requests: what a row says, that it fits, and that nothing is cut without a word."""

from __future__ import annotations

import doctest
import re
from datetime import date
from pathlib import Path

import pytest

from reasoner import Determination, determine
from reasoner.policy.model import Policy
from reasoner.render import overview as module
from reasoner.render.overview import overview, short_names
from tests.conftest import Attestation, chart

LONG = "a-name-of-a-request-that-is-far-too-long-for-one-column-of-a-table-in-a-terminal-of-eighty"


def determined(tmp_path: Path, policy: Policy, name: str, *attestations: Attestation) -> Determination:
    path = tmp_path / f"{name[:20]}.ttl"
    path.write_text(chart(list(attestations)).replace("http://example.org/chart", f"http://example.org/{name}"))
    (only,) = determine(path, policy, as_of=date(2026, 1, 1))
    return only


@pytest.fixture
def determinations(tmp_path: Path, policy: Policy) -> list[Determination]:
    return [
        determined(tmp_path, policy, "refuted", Attestation("adult-admission:5", "Denied"), Attestation("adult-admission:3", "Denied")),
        determined(tmp_path, policy, "excluded", Attestation("adult-admission:5", "Denied"), Attestation("exclusions:12")),
        determined(tmp_path, policy, LONG),
    ]  # fmt: skip


def test_a_row_says_what_is_missing_or_stands_against_it(determinations: list[Determination]) -> None:
    refuted, excluded, *_ = overview(determinations, width=160).splitlines()[1:]
    assert refuted.split() == [
        "refuted",
        "2025-06-02–2025-07-02",
        "criteria",
        "not",
        "met",
        "holds",
        "adult-admission:3",
        "(1",
        "of",
        "2)",
    ]
    assert excluded.split()[2:] == ["excluded", "holds", "exclusions:12", "(1", "of", "2)"]


@pytest.mark.parametrize("width", [60, 80, 115, 116, 120, 160, 200])
@pytest.mark.parametrize("styled", [False, True])
def test_lines_fit_and_what_is_left_out_is_counted(
    determinations: list[Determination], width: int, styled: bool
) -> None:
    text = overview(determinations, width=width, styled=styled)
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert ("\x1b" in text) == styled
    assert max(map(len, plain.splitlines())) <= min(max(width, 80), 160)
    gap = next(iter(determinations[2].gaps))
    shown = plain.split("documentation needed", 1)[1].split("\n\n")[0]
    left_out = re.search(r"… (\d+) more", shown)
    named = sum(bool(re.search(rf"(?<![\w-]){re.escape(id_.partition(':')[2])}(?![\w-])", shown)) for id_ in gap)
    assert named + (int(left_out[1]) if left_out else 0) == len(gap)
    lines = plain.splitlines()
    column = lines[0].index("SERVICE")
    assert LONG in "".join(line[:column].strip() for line in lines)


def test_colour_carries_nothing_alone(determinations: list[Determination]) -> None:
    styled = re.sub("\x1b\\[[0-9;]*m|[✓✗?] ", "", overview(determinations, width=160, styled=True))
    assert styled.split() == overview(determinations, width=160).split()


def test_totals(determinations: list[Determination]) -> None:
    text = overview(determinations, rejected=1234)
    assert "3 determinations of 3 requests" in text
    assert re.search(r"criteria not met +1\n", text)
    assert re.search(r"rejected +1,234  for the reasons on standard error\n", text)
    legend = "(1 of N): the first of N that stand against a request, each by itself"
    assert legend in text
    assert legend not in overview(determinations[2:])
    assert f"necessity determine {determinations[0].case.source}" in overview(determinations, width=160)


def test_short_names() -> None:
    assert set(short_names({"urn:request:a-1", "urn:request:a-2"}).values()) == {"a-1", "a-2"}
    names = short_names({"http://x.org/a/1#request", "http://x.org/b/1#request"})
    assert names == {"http://x.org/a/1#request": "a", "http://x.org/b/1#request": "b"}
    mixed = {"http://x.org/a/1", "http://x.org/b/1", "http://x.org/b/2"}
    assert set(short_names(mixed).values()) == {"a/1", "b/1", "b/2"}
    odd = {"urn:a", "urn:a#", "http://x.org/"}
    assert len(set(short_names(odd).values())) == 3
    assert doctest.testmod(module).failed == 0
