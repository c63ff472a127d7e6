"""What canonical N-Triples say is told line by line as it is by a parser, or left to one."""

from __future__ import annotations

import pytest

from reasoner import Policy
from reasoner.chart.fast import layout, stream
from reasoner.chart.fast.chart import read_cases, reader
from reasoner.chart.fast.layout import Layouts
from reasoner.chart.intake import read_file
from reasoner.rdf import graphs, parsing
from tests.conftest import CASES

SAMPLES = sorted((CASES / "mp9556" / "dates").glob("*.ttl"))
NEC = "https://w3id.org/necessity/core#"


def content(policy: Policy) -> str:
    (case,) = read_file(SAMPLES[0], policy)
    return case.content


def test_lines_say_what_a_parser_finds(policy: Policy) -> None:
    layouts = reader(policy).layouts
    for case in (case for path in SAMPLES for case in read_file(path, policy)):
        told, data = layouts.nodes_of(case.content), parsing.data_set(case.source, graphs.triples(case.content))
        assert told is not None
        assert told == layouts.nodes(data)
        assert stream.read_content(case.content, policy, case.source) == read_cases(data, policy)


@pytest.mark.parametrize(
    "line",
    [
        f"<urn:s> <{NEC}misspelt> <urn:o> .",
        f"<urn:s> <{NEC}about> <{NEC}Misspelt> .",
        f"<urn:s> <{NEC}severity> <{NEC}Misspelt> .",
        "<urn:s> <urn:p> _:b .",
        "_:b <urn:p> <urn:o> .",
        "<urn:s x> <urn:p> <urn:o> .",
        "<urn:s> <urn:p> <urn:o>>.",
        f'<urn:s> <{NEC}excerpt> "a\\u0007" .',
        f'<urn:s> <{NEC}excerpt> "a"b" .',
        f'<urn:s> <{NEC}excerpt> "a"@en .',
        f'<urn:s> <{NEC}page> "1" .\n<urn:s> <{NEC}page> "2" .',
        "<urn:s>",
        "",
    ],
)
def test_what_is_not_plainly_written_is_left_to_a_parser(policy: Policy, line: str) -> None:
    assert reader(policy).layouts.nodes_of(f"{content(policy)}{line}\n") is None


def test_what_is_remembered_of_lines_is_bounded(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_KEPT", 3)
    layouts = Layouts(policy)
    first, again = layouts.nodes_of(content(policy)), layouts.nodes_of(content(policy))
    assert first is not None
    assert again is not None
    assert [(one.facts, one.names, own) for one, own in first.values()] == [
        (one.facts, one.names, own) for one, own in again.values()
    ]
    assert len(layouts._facts) < 6
    assert len(layouts._known) < 6
