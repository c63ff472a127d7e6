"""Lines and tables of quads as columns say what a parser finds, or nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate import generate
from reasoner import Policy
from reasoner.batch.model import Job
from reasoner.batch.workers import Worker
from reasoner.chart.fast import nodes, stream
from reasoner.chart.fast.piece import ARROW, QUADS, Piece
from reasoner.chart.fast.plain import IRI, ODD
from reasoner.chart.fast.stream import StreamedDataSet
from reasoner.chart.tables import quads
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing
from tests.explore import examples

pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")

from reasoner.chart.fast.cut import Cut, cut, cut_table  # noqa: E402
from reasoner.chart.fast.nodes import NodeReader, NodeTable  # noqa: E402

Row = tuple[str, str, str, str]
AWKWARD = [
    '<urn:s> <urn:p> "plain" <urn:g> .',
    '<urn:s> <urn:p> "a \\"quoted\\" text\\nof two lines" <urn:g> .',
    '<urn:s> <urn:p> "\\u0041 escaped" <urn:g> .',
    '<urn:s> <urn:p> "tab\\tand more" <urn:g> .',
    '<urn:s> <urn:p> "text"@en-GB <urn:g> .',
    '<urn:s> <urn:p> "text"^^<http://www.w3.org/2001/XMLSchema#string> <urn:g> .',
    '<urn:s> <urn:p> "9.0"^^<http://www.w3.org/2001/XMLSchema#decimal> <urn:g> .',
    '<urn:s> <urn:p> "2025-02-30"^^<http://www.w3.org/2001/XMLSchema#date> <urn:g> .',
    '<urn:s> <urn:p> "line\u2028separator\u0085" <urn:g> .',
    '<urn:s> <urn:p> "control\x0ccharacter" <urn:g> .',
    "<urn:s> <urn:p> _:node <urn:g> .",
    "<urn:s> <http://a.example/%zz> <urn:o> <urn:g> .",
    "<urn:s> <urn:p> <relative> <urn:g> .",
    "<urn:s> <urn:p> <http://a.example:port/> <urn:g> .",
    "<urn:s> <urn:p> <http://a.example/a#b#c> <urn:g> .",
    "<urn:s>  <urn:p> <urn:o> <urn:g> .",
    " <urn:s> <urn:p> <urn:o> <urn:g> .",
    " <https://w3id.org/necessity/core#about> <urn:o> <urn:g> .",
    "<urn:s> <urn:p> <urn:o> <urn:g> . # said twice",
    '<urn:s> <urn:p> "no end <urn:g> .',
    '<urn:s> <urn:p> "two" "texts" <urn:g> .',
    "<urn:s> <urn:p> <urn:o> .",
    "<urn:s> <urn:p> <urn:g> .",
    "",
]


def rows_of(found: Cut, run: int) -> list[tuple[str, str, str]]:
    """The triples of a run, in order."""
    between = range(found.row[run], found.row[run + 1])
    return [
        tuple(found.terms[column[row]] for column in (found.subject, found.predicate, found.object)) for row in between
    ]


def are_sound(found: Cut, run: int) -> bool:
    """Whether a run has rows, and all its terms are plainly written."""
    rows = range(found.row[run], found.row[run + 1])
    nodes = [found.kind[column[row]] for row in rows for column in (found.subject, found.predicate)]
    values = [found.kind[found.object[row]] for row in rows]
    return bool(rows) and {*nodes, found.kind[found.graph[run]]} == {IRI} and ODD not in values


@examples(300)
@given(lines=st.lists(st.sampled_from(AWKWARD), min_size=1, max_size=6), end=st.sampled_from(["\n", "\r\n"]))
def test_lines_say_what_a_parser_finds(lines: list[str], end: str) -> None:
    data = (end.join(lines) + end).encode()
    for text in (data, data.removesuffix(b"\n")):
        found = cut(text)
        assert (found.start[0], found.start[-1]) == (0, len(text)), "every line is in a run"
        for run in range(len(found.graph)):
            if not are_sound(found, run):
                continue
            block = text[found.start[run] : found.start[run + 1]]
            (data_set,) = parsing.parse_datasets(block, parsing.SYNTAXES[".nq"], "text")
            graph = found.terms[found.graph[run]]
            assert data_set.name == f"text {graph}"
            triples = {(s, p, o) for s, props in data_set.nodes.items() for p, values in props.items() for o in values}
            assert set(rows_of(found, run)) == triples
            content = [f"{s} {p} {o} .\n" for s, p, o in rows_of(found, run)]
            assert bytes(found.content[found.at[run] : found.at[run + 1]]).decode() == "".join(content)
            assert found.ascending[run] == (content == sorted(set(content)))


def test_lines_without_a_graph_belong_to_the_run_before() -> None:
    plain = "<urn:s> <urn:p> <urn:o> <urn:{}> .\n"
    text = "# first\n" + plain.format("g") + plain.format("g") + plain.format("h") + "\n" + plain.format("h") + "# last"
    found = cut(text.encode())
    assert [found.terms[graph] for graph in found.graph] == ["<urn:g>", "<urn:h>"]
    assert found.start.tolist() == [0, text.index(plain.format("h")), len(text)]
    assert found.row.tolist() == [0, 0, 0], "they are for a parser"
    assert cut(b"# nothing\n\n").graph.tolist() == [-1]
    assert cut(b"").graph.tolist() == []


def test_a_line_of_any_length_is_of_its_run() -> None:
    line = '<urn:s> <urn:p> "{}" <urn:g> .\n'
    found = cut("".join(line.format("x" * size) for size in (1, 9000, 2, 5000)).encode())
    assert (found.row.tolist(), len(found.terms)) == ([0, 4], 7)


def table(rows: Sequence[Row], size: int = 10**6) -> object:
    """Rows as batches of a size, each with dictionaries of its own."""
    batches = []
    for first in range(0, len(rows), size):
        columns = [pa.array(column) for column in zip(*rows[first : first + size], strict=True)]
        batches.append(quads.coded(pa.record_batch(columns, list(quads.COLUMNS)), "table"))
    return pa.Table.from_batches(batches)


def lines_of(rows: Sequence[Row]) -> str:
    return "".join(f"{' '.join(row)} .\n" for row in rows)


def quads_in(text: str) -> list[Row]:
    """The terms of lines of plain N-Quads."""
    found = (re.fullmatch(r"(\S+) (\S+) (.*) (<[^>]*>) \.", line) for line in text.splitlines())
    return [match.groups() for match in found if match]  # type: ignore[misc]


@examples(200)
@given(
    rows=st.lists(st.sampled_from([row for line in AWKWARD for row in quads_in(line)]), min_size=1, max_size=6),
    size=st.integers(1, 6),
)
def test_a_table_says_what_its_lines_say(rows: list[Row], size: int) -> None:
    packed = quads.unpack(quads.pack(table(rows, size).slice(1) if len(rows) > size else table(rows)))
    rows = rows[-packed.num_rows :]
    by_table, by_line = cut_table(packed), cut(lines_of(rows).encode())
    assert set(by_table.terms) == {term for row in rows for term in row}, "and no term of other rows"
    for run in range(len(by_table.graph)):
        assert are_sound(by_table, run) == are_sound(by_line, run)
        if are_sound(by_table, run):
            assert sorted(rows_of(by_table, run)) == sorted(rows_of(by_line, run))
            one, other = (bytes(found.content[found.at[run] : found.at[run + 1]]) for found in (by_table, by_line))
            assert sorted(one.splitlines()) == other.splitlines(), "lines are put in order"
            assert by_line.ascending[run] or not by_table.ascending[run]


def streamed(data: bytes, suffix: str, policy: Policy) -> list[StreamedDataSet]:
    return list(stream.read(Piece(("quads",), suffix, data=data), policy))


def told(data_sets: list[StreamedDataSet]) -> list[tuple[object, ...]]:
    return [(found.source, found.cases, str(found.error), found.raw) for found in data_sets]


def agree(rows: list[Row], policy: Policy) -> int:
    """How many cases a table and its lines give alike, by columns and by a parser."""
    ways = [(lines_of(rows).encode(), QUADS), (quads.pack(table(rows)), ARROW)]
    found = []
    for by_columns in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not by_columns:
                patch.setattr(NodeTable, "nodes", lambda *_: None)
            for data, suffix in ways:
                try:
                    found.append(told(streamed(data, suffix, policy)))
                except stream.ScatteredError:
                    found.append([])
    assert found[1:] == found[:1] * 3
    return sum(len(cases) for _, cases, _, _ in found[0])  # type: ignore[arg-type]


def charts(count: int, seed: int) -> list[Row]:
    return [
        (*row[:3], f"<urn:g:{number:03}>")
        for number, text in enumerate(generate(count, seed=seed))
        for row in quads_in(text.replace(" .\n", " <urn:g> .\n"))
    ]


def test_generated_charts(policy: Policy) -> None:
    assert agree(charts(40, 51), policy) == 40


@pytest.mark.parametrize("seed", range(12))
def test_mutated_charts(policy: Policy, seed: int) -> None:
    agree(mutated(charts(3, seed), random.Random(seed)), policy)


def mutated(rows: list[Row], dice: random.Random) -> list[Row]:
    """Rows left out, said twice, in another order, with terms of other rows."""
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
    return rows


def test_what_is_remembered_is_bounded(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_LAYOUTS", 3)
    for seed in (61, 62):
        assert agree(charts(3, seed), policy) == 3


def test_what_is_remembered_of_nodes_does_not_depend_on_the_order_of_rows(policy: Policy) -> None:
    reader, rows = NodeReader(), charts(4, 63)
    layouts = []
    for seed in range(3):
        shuffled = sorted(random.Random(seed).sample(rows, len(rows)), key=lambda row: row[3])
        found = reader.read(cut_table(table(shuffled)))
        layouts.append(
            {found.cut.terms[code]: number for code, number in zip(found.subject, found.layout.tolist(), strict=True)}
        )
    assert layouts[0] == layouts[1] == layouts[2]


@pytest.mark.parametrize("place", range(4))
def test_a_term_cannot_add_lines(policy: Policy, place: int) -> None:
    """A line break would end the quad, and what follows would be read as another."""
    rows = charts(2, 71)
    terms = list(rows[3])
    terms[place] = f"{terms[place]} <urn:p> <urn:o> .\n<urn:s>"
    rows[3] = tuple(terms)  # type: ignore[assignment]
    found = streamed(quads.pack(table(rows)), ARROW, policy)
    odd = found.pop(0 if place < 3 else 1)
    assert "row 4 holds a line break" in str(odd.error)
    assert (odd.raw, [len(one.cases) for one in found]) == (b"", [1] * (1 if place < 3 else 2))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_tables_end_between_graphs(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quads, "_ROWS", size)
    rows = charts(5, 81)
    batches = [quads.coded(batch, "x") for batch in table(rows).to_batches(max_chunksize=9)]  # type: ignore[attr-defined]
    tables = [part.to_pylist() for part in quads.by_graph(batches, "x")]
    assert [tuple(row.values())[:4] for part in tables for row in part] == rows
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
    assert [tuple(row.values()) for row in quads.coded(cast, "x").to_pylist()] == [(*row, None) for row in rows]


def test_columns_of_numbers_are_refused() -> None:
    batch = pa.record_batch([pa.array([[1]])] * 4, names=list(quads.COLUMNS))
    with pytest.raises(DocumentationError, match="the column subject is no text"):
        quads.coded(batch, "x")


@pytest.mark.parametrize("wrong", ['"2025-02-30"', '"2;25-02-03"', '"2025-02-03Z"'])
def test_a_date_that_is_none_costs_its_chart(wrong: str, policy: Policy) -> None:
    rows = charts(3, 12)
    place = next(n for n, row in enumerate(rows) if row[3] == "<urn:g:001>" and row[1].endswith("/issued>"))
    rows[place] = (*rows[place][:2], f"{wrong}^^<http://www.w3.org/2001/XMLSchema#date>", rows[place][3])
    result = Worker(Job())(Piece(("quads",), QUADS, data=lines_of(rows).encode()))
    assert result.read == 3
    assert len({row.source for row in result.rows} | {one.source for one in result.rejections}) == 3
    assert len({row.source for row in result.rows}) >= 2
