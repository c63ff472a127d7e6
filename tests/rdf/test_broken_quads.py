"""What cannot be read of N-Quads costs the graph that it stands in, and the error names the line of the document."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from reasoner.ground.errors import DocumentationError
from reasoner.rdf import broken_quads
from reasoner.rdf.broken_quads import are_told, graphs_apart

LINES = [f'<urn:s:{n}> <urn:p> "{n}" <urn:g:{n % 3}> .'.encode() for n in range(9)]


def apart(*lines: bytes) -> dict[str, str] | None:
    """Of each graph the triples, or the error; None if the document cannot be taken apart."""
    found = graphs_apart(b"\n".join(lines), "it")
    if found is None:
        return None
    return {
        name: str(part) if isinstance(part, DocumentationError) else ",".join(sorted(part.nodes))
        for name, part, _ in found
    }


WHOLE = {f"it <urn:g:{g}>": ",".join(f"<urn:s:{n}>" for n in range(g, 9, 3)) for g in range(3)}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'<urn:s:4> <urn:p> "\xff" <urn:g:1> .', "the text is not UTF-8"),
        (b'<urn:s:4> "4" <urn:g:1> .', "wrong N-Quads syntax"),
        (b"<< <urn:a> <urn:b> <urn:c> >> <urn:p> <urn:o> <urn:g:1> .", "wrong N-Quads syntax"),
        (b'<urn:s:4> <urn:p> "a\\u0001" <urn:g:1> .', "control character U+0001"),
    ],
)
def test_a_line_costs_its_graph(line: bytes, why: str) -> None:
    found = apart(*LINES[:4], line, *LINES[5:])
    assert found is not None
    error = found.pop("it <urn:g:1>")
    assert why in error
    assert error.startswith("it <urn:g:1>: line 5") or "control" in why
    assert found == {name: nodes for name, nodes in WHOLE.items() if "g:1" not in name}


def test_what_cannot_be_read_is_kept() -> None:
    broken = b"<urn:s:4> <urn:g:1> ."
    found = graphs_apart(b"\n".join([*LINES[:4], broken, *LINES[5:]]), "it")
    assert found is not None
    assert [part.lines for part in found] == [b"", b"\n".join([LINES[1], broken, LINES[7], b""]), b""]


def test_what_stands_in_no_graph_belongs_to_all() -> None:
    found = apart(b"# about", b"", b'<urn:d> <urn:p> "shared" .', b'<urn:s> "1" <urn:g:7> .', *LINES)
    assert found is not None
    assert found.pop("it <urn:g:7>").startswith("it <urn:g:7>: line 4")
    assert found == {name: f"<urn:d>,{nodes}" for name, nodes in WHOLE.items()}


@pytest.mark.parametrize(
    "line",
    [
        b"<urn:s> <urn:p> garbage",
        b'<urn:s> <urn:p> "\xff" .',
        b'<urn:s> <urn:p> "1" <urn:g:1> . # not <urn:g:2> .',
    ],
)
def test_nothing_is_taken_apart_where_the_graph_of_a_line_cannot_be_told(line: bytes) -> None:
    assert apart(*LINES, line) is None


IN_ORDER = sorted(LINES, key=lambda line: line[-4:])


@pytest.mark.parametrize(
    ("place", "lost"), [(0, "0"), (1, "0"), (3, "01"), (4, "1"), (6, "12"), (9, "2")], ids=lambda value: str(value)
)
@pytest.mark.parametrize("end", [b" .", b".", b" . # a comment", b"\t.\r"])
def test_a_line_of_no_known_graph_costs_the_graphs_around_it(place: int, lost: str, end: bytes) -> None:
    """However the lines of these end."""
    lines = [line.removesuffix(b" .") + end for line in IN_ORDER]
    found = apart(*lines[:place], b"<urn:s> <urn:p> garb", *lines[place:])
    assert found is not None
    for graph in lost:
        error = found.pop(f"it <urn:g:{graph}>")
        assert f"line {place + 1}, " in error
        assert ("may be of this graph" in error) == (graph != lost[0])
    assert found == {name: nodes for name, nodes in WHOLE.items() if name[-2] not in lost}


def test_lines_of_which_the_graph_is_told() -> None:
    block = b'\n# begin\n<urn:s> <urn:p>\n<urn:s> <urn:p> "1" <urn:g>.\n<urn:s> <urn:p> "2" <urn:g> .\n'
    assert are_told(block, "urn:g", "it") == [False, True, True]
    assert are_told(block, "urn:h", "it") is None
    assert are_told(block + b"<urn:s> <urn:p> <urn:o> .", "urn:g", "it") is None


def test_lines_that_say_nothing_are_not_parsed_but_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of blank lines and comments there may be millions."""
    parsed: list[bytes] = []

    class Counted:
        RdfFormat = ox.RdfFormat

        @staticmethod
        def parse(line: bytes, **options: ox.RdfFormat) -> object:
            parsed.append(line)
            return ox.parse(line, **options)

    nothing = b"\n \t\r\n# <urn:s> <urn:p> <urn:o> .\n  #\n" * 100
    monkeypatch.setattr(broken_quads, "ox", Counted)
    broken_quads.nodes(nothing + b"  " + LINES[0] + b"\n" + nothing)
    assert parsed == [b"  " + LINES[0]]
    found = apart(nothing + LINES[0], b"<urn:s:9> <urn:p> <o> <urn:g:1> .")
    assert found is not None
    assert "line 402" in found["it <urn:g:1>"]


def test_a_line_that_is_too_long_for_the_parser_costs_no_other() -> None:
    long = b'<urn:s> <urn:p> "' + b"x" * 2**25 + b'" <urn:g:1> .\n'
    assert list(broken_quads.nodes(long + LINES[0])) == ["<urn:s:0>"]
