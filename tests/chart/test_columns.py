"""Quads as columns give what the same quads give as lines."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate import generate
from reasoner import Policy
from reasoner.chart.fast import columns, stream
from reasoner.chart.fast.columns import TableReader
from reasoner.chart.fast.layout import Layouts
from reasoner.chart.fast.piece import ARROW, QUADS, Piece
from reasoner.chart.fast.scan import Found, Scanner
from reasoner.chart.fast.stream import StreamedDataSet
from reasoner.chart.tables import quads
from reasoner.ground.errors import DocumentationError
from tests.explore import examples

pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")

Row = tuple[str, str, str, str]
_NEC, _XSD = "https://w3id.org/necessity/core#", "http://www.w3.org/2001/XMLSchema#"
SUBJECTS = ["<urn:s>", "<urn:t>", "_:b", "<http://a.example/%zz>", f"<{_NEC}Affirmed>", "<relative>"]
PREDICATES = ["<urn:p>", f"<{_NEC}about>", f"<{_NEC}excerpt>", f"<{_NEC}nosuchterm>", '"no"', "<urn:a b>"]
VALUES = [
    "<urn:o>",
    "<urn:s>",
    '"plain"',
    r'"a \"quoted\" text\nof two lines"',
    r'"\u0041 escaped"',
    '"text"@en-GB',
    f'"text"^^<{_XSD}string>',
    f'"9.0"^^<{_XSD}decimal>',
    f'"2025-02-30"^^<{_XSD}date>',
    '"line\u2028separator"',
    '"control\x0ccharacter"',
    '"',
    '"no end',
    '"two" "texts"',
    "_:node",
    f"<{_NEC}Affirmed>",
    f"<{_NEC}nosuchterm>",
]
GRAPHS = ["<urn:g>", "<urn:h>", "_:g", "<relative>"]


def table(rows: Sequence[Row]) -> object:
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(quads.COLUMNS)})


def lines(rows: Sequence[Row]) -> str:
    return "".join(f"{' '.join(row)} .\n" for row in rows)


def told(found: Found) -> tuple[object, ...]:
    """What a data set is found to say, whatever way it was found."""
    nodes = found.nodes and {
        subject: (sorted(layout.facts), dict(zip(layout.names, own, strict=True)))
        for subject, (layout, own) in found.nodes.items()
    }
    return found.graph, nodes, str(found.error or ""), found.content, found.text


def rows_of(text: str) -> list[Row]:
    """The terms of lines of plain N-Quads."""
    found = (re.fullmatch(r"(\S+) (\S+) (.*) (<[^>]*>) \.", line) for line in text.splitlines())
    return [match.groups() for match in found if match]  # type: ignore[misc]


@examples(300)
@given(
    rows=st.lists(
        st.tuples(*map(st.sampled_from, (SUBJECTS[:2], PREDICATES[:3], VALUES[:9], GRAPHS[:2])))
        | st.tuples(*map(st.sampled_from, (SUBJECTS, PREDICATES, VALUES, GRAPHS))),
        min_size=1,
        max_size=7,
    )
)
def test_columns_find_what_the_scanner_finds(policy: Policy, rows: list[Row]) -> None:
    rows = [row for _, row in sorted(enumerate(rows), key=lambda pair: pair[1][3])]
    declared = policy.lexicon.declared
    scanner = Scanner(lambda term: not term.startswith(f"<{_NEC}") or term in declared, Layouts())
    reader = TableReader(scanner)
    for _ in range(2):  # what was found to be sound is remembered
        found = list(map(told, reader.data_sets(table(rows), "x")))
        assert found == list(map(told, scanner.data_sets(lines(rows), "x")))


def streamed(data: bytes, suffix: str, policy: Policy) -> list[StreamedDataSet]:
    return list(stream.read(Piece(("quads",), suffix, data=data), policy))


def agree(rows: list[Row], policy: Policy) -> int:
    """How many cases both ways read alike."""
    try:
        by_lines = streamed(lines(rows).encode(), QUADS, policy)
    except stream.ScatteredError:
        with pytest.raises(stream.ScatteredError):
            streamed(quads.pack(table(rows)), ARROW, policy)
        return 0
    by_columns = streamed(quads.pack(table(rows)), ARROW, policy)
    assert [(s.source, s.cases, str(s.error), s.raw) for s in by_columns] == [
        (s.source, s.cases, str(s.error), s.raw) for s in by_lines
    ]
    return sum(len(data_set.cases) for data_set in by_columns)


def charts(count: int, seed: int) -> list[Row]:
    return [
        (*row[:3], f"<urn:g:{number:03}>")
        for number, text in enumerate(generate(count, seed=seed))
        for row in rows_of(text.replace(" .\n", " <urn:g> .\n"))
    ]


def test_generated_charts(policy: Policy) -> None:
    assert agree(charts(40, 51), policy) == 40


@pytest.mark.parametrize("seed", range(12))
def test_mutated_charts(policy: Policy, seed: int) -> None:
    """Rows left out, said twice, in another order, with terms of other rows."""
    dice, rows = random.Random(seed), charts(3, seed)
    for _ in range(dice.randrange(1, 4)):
        place, other = dice.randrange(len(rows)), dice.randrange(len(rows))
        match dice.randrange(5):
            case 0:
                del rows[place]
            case 1:
                rows.insert(place, rows[place])
            case 2:
                rows[place] = (*rows[place][:2], rows[other][2], rows[place][3])
            case 3:
                rows[place] = (rows[place][0], rows[other][1], *rows[place][2:])
            case 4:
                graph = rows[place][3]
                own = [row for row in rows if row[3] == graph]
                shuffled = iter(dice.sample(own, len(own)))
                rows = [next(shuffled) if row[3] == graph else row for row in rows]
    agree(rows, policy)


def test_what_is_remembered_is_bounded(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_KEPT", 3)
    for seed in (61, 62):
        assert agree(charts(3, seed), policy) == 3


@pytest.mark.parametrize("place", range(4))
def test_a_term_cannot_add_lines(policy: Policy, place: int) -> None:
    """A line break would end the quad, and what follows would be read as another."""
    rows = charts(1, 71)
    terms = list(rows[3])
    terms[place] = f"{terms[place]} <urn:p> <urn:o> .\n<urn:s>"
    rows[3] = tuple(terms)  # type: ignore[assignment]
    if place == 3:
        rows = rows[3:4]
    with pytest.raises(DocumentationError, match="holds a line break"):
        streamed(quads.pack(table(rows)), ARROW, policy)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_tables_end_between_graphs(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quads, "_ROWS", size)
    rows = charts(5, 81)
    batches = [quads.checked(batch, "x") for batch in table(rows).to_batches(max_chunksize=9)]  # type: ignore[attr-defined]
    tables = [part.to_pylist() for part in quads.by_graph(batches, "x")]
    assert [tuple(row.values()) for part in tables for row in part] == rows
    graphs = [{row["graph"] for row in part} for part in tables]
    assert sum(map(len, graphs)) == 5, "no graph is in two tables"


@pytest.mark.parametrize("column", ["large_string", "dictionary", "binary"])
def test_columns_of_any_kind_of_text(column: str) -> None:
    kind = pa.dictionary(pa.int32(), pa.string()) if column == "dictionary" else getattr(pa, column)()
    rows = charts(1, 91)
    cast = pa.record_batch(
        [pa.array([row[place] for row in rows], pa.string()).cast(kind) for place in range(4)],
        names=list(quads.COLUMNS),
    )
    assert [tuple(row.values()) for row in quads.checked(cast, "x").to_pylist()] == rows


def test_columns_of_numbers_are_refused() -> None:
    batch = pa.record_batch([pa.array([[1]])] * 4, names=list(quads.COLUMNS))
    with pytest.raises(DocumentationError, match="the column subject is no text"):
        quads.checked(batch, "x")
