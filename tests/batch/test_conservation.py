"""Nothing is lost on any way in: what a batch reads, it determines or rejects by name."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.generate import write
from reasoner.batch.model import Job, PieceResult
from reasoner.batch.run import run
from reasoner.batch.state import BatchState
from reasoner.batch.workers import Worker
from reasoner.chart.fast import piece, stream
from reasoner.chart.fast.piece import Piece
from reasoner.chart.tables.quads import COLUMNS
from reasoner.cli import main
from reasoner.ground.errors import EngineError

CHARTS = 12


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, 20_000))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("charts")
    write(folder, CHARTS, seed=31)
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.nq")))


def determined(tmp_path: Path, *arguments: str, code: int = 0) -> list[bytes]:
    out = tmp_path / "out"
    assert main(["determine", *arguments, "--format", "compact", "--out", str(out)]) == code
    assert not list(tmp_path.glob("necessity-*")), "what standard input was put down in is gone"
    return out.read_bytes().splitlines()


@pytest.fixture(scope="module")
def expected(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("expected")
    (folder / "charts.nq").write_bytes(text)
    lines = determined(folder, str(folder / "charts.nq"))
    assert len(lines) == CHARTS
    return lines


MANNERS: dict[str, Callable[[bytes], bytes]] = {
    "no last newline": lambda text: text.removesuffix(b"\n"),
    "carriage returns": lambda text: text.replace(b"\n", b"\r\n"),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "comment first": lambda text: b"# charts\n" + text,
    "comment within": lambda text: text.replace(b" .\n", b" .\n# a comment\n", 900),
    "comment behind": lambda text: text.replace(b" .\n", b" . # a comment\n", 900),
    "blank lines": lambda text: text.replace(b" .\n", b" .\n\n", 700),
    "tabs": lambda text: text.replace(b"> <", b">\t<", 500),
    "no space before the dot": lambda text: text.replace(b" .\n", b".\n"),
    "shuffled": lambda text: b"".join(random.Random(3).sample(text.splitlines(keepends=True), text.count(b"\n"))),
}


@pytest.mark.parametrize("manner", MANNERS)
def test_quads_as_they_may_be_written(
    manner: str, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """By path and by standard input alike."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    written = MANNERS[manner](text)
    (tmp_path / "charts.nq").write_bytes(written)
    assert determined(tmp_path, str(tmp_path / "charts.nq")) == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert determined(tmp_path, "-", "--input-format", "nq") == expected
    told = [line for line in capsys.readouterr().err.splitlines() if " requests, " not in line]  # of a slow run
    assert [line for line in told if f"{CHARTS} determinations: " not in line] == [
        f"read {CHARTS} data sets: {CHARTS} determined, 0 rejected"
    ] * 2


@pytest.mark.parametrize("size", [2000, 20_000, 2**23])
@pytest.mark.parametrize("end", [" .\n", " . \n", ".\r\n"])
def test_a_line_of_no_known_graph_costs_the_charts_around_it(
    size: int, end: str, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch, capsys
) -> None:
    """However large the pieces are: the line may be of either."""
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    lines = text.decode().replace(" .\n", end).splitlines(keepends=True)
    place = next(n for n in range(600, len(lines)) if graph_at(text, n) != graph_at(text, n - 1))
    graphs = graph_at(text, place - 1), graph_at(text, place)
    broken, path = "<urn:s> <urn:p> garb\n", tmp_path / "charts.nq"
    for before, behind, lost in (
        (lines[:place], lines[place:], graphs),
        (lines[:place], [], graphs[:1]),
        ([], lines[:place], [graph_at(text, 0)]),
    ):
        path.write_text("".join([*before, broken, *behind]), newline="")
        there = [line for line in expected if json.loads(line)["request"] in "".join([*before, *behind])]
        assert determined(tmp_path, str(path), code=3) == without(there, *lost)
        err = capsys.readouterr().err
        assert f": line {len(before) + 1}, column " in err
        assert (f"<{lost[-1]}>: line {len(before) + 1}, which cannot be read, may be of this graph" in err) == (
            len(lost) > 1
        )
        assert f": {len(there) - len(lost)} determined, {len(lost)} rejected" in err


def test_the_default_graph_of_standard_input_is_visible_to_all_its_graphs(
    text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refutation in the last line, in no graph, reaches a chart many pieces before it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = text.partition(b"\n")[0].rpartition(b" <")[2].removesuffix(b"> .").decode()
    nec, note = "https://w3id.org/necessity/core#", f"<{first}#late-note>"
    said = [
        ("22-rdf-syntax-ns#type", f"<{nec}Statement>"),
        ("about", f"<{first}#request>"),
        ("addresses", "<https://w3id.org/necessity/mp9556/2025-04-01/exclusions/2>"),
        ("assertion", f"<{nec}Affirmed>"),
        ("documentedIn", note),
        ("recorded", '"2026-05-01"^^<http://www.w3.org/2001/XMLSchema#date>'),
    ]
    rdf = "http://www.w3.org/1999/02/"
    lines = [f"<{first}#late> <{rdf if 'rdf' in name else nec}{name}> {value} .\n" for name, value in said]
    written = text + "".join(lines).encode()
    (tmp_path / "charts.nq").write_bytes(written)
    by_path = determined(tmp_path, str(tmp_path / "charts.nq"), code=3)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert determined(tmp_path, "-", "--input-format", "nq", code=3) == by_path
    assert b"#late" in by_path[0] or len(by_path) == 1


def table(text: bytes, folder: Path, *, rows: int = 400, change: Callable[[list[dict]], None] = lambda _: None) -> Path:
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    import pyarrow.parquet as pq

    found = []
    for line in text.decode().splitlines():
        subject, predicate, rest = line.removesuffix(" .").split(" ", 2)
        value, _, graph = rest.rpartition(" ")
        found.append({"subject": subject, "predicate": predicate, "object": value, "graph": graph})
    change(found)
    path = folder / "quads.parquet"
    pq.write_table(pa.Table.from_pylist(found), path, row_group_size=rows)
    return path


def test_a_row_of_parquet_may_stand_out_of_place(text: bytes, expected: list[bytes], tmp_path: Path) -> None:
    path = table(text, tmp_path, change=lambda rows: rows.append(rows.pop(7)))
    assert determined(tmp_path, str(path)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_parquet_in_any_order(text: bytes, expected: list[bytes], tmp_path: Path, seed: int) -> None:
    path = table(text, tmp_path, change=random.Random(seed).shuffle)
    assert determined(tmp_path, str(path)) == expected


WAYS = ["path", "standard input"]


def by(way: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, code: int = 3) -> list[bytes]:
    if way == "path":
        return determined(tmp_path, str(path), code=code)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    return determined(tmp_path, "-", "--input-format", "parquet", code=code)


def graph_at(text: bytes, row: int) -> str:
    """The graph of a row, from 0, without its brackets."""
    return text.splitlines()[row].decode().rpartition(" <")[2].removesuffix("> .")


def without(lines: list[bytes], *graphs: str) -> list[bytes]:
    return [line for line in lines if not any(f"{graph}#request".encode() in line for graph in graphs)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("column", ["subject", "predicate", "object"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_row_of_parquet_without_a_term_costs_its_chart(
    way: str, column: str, nothing: str | None, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch, capsys
) -> None:
    def forget(rows: list[dict]) -> None:
        rows[900][column] = nothing

    path, graph = table(text, tmp_path, change=forget), graph_at(text, 900)
    assert by(way, path, tmp_path, monkeypatch) == without(expected, graph)
    assert f" <{graph}>: row 901 has no {column}" in (err := capsys.readouterr().err)
    assert f"read {CHARTS} data sets: {CHARTS - 1} determined, 1 rejected" in err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("nothing", [None, ""])
def test_rows_of_parquet_without_a_graph_are_rejected_by_name_and_every_chart_stands(
    way: str, nothing: str | None, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch, capsys
) -> None:
    first = text.splitlines()[0].decode().rpartition(" <")[0].split(" ", 2)
    stray = {"subject": first[0], "predicate": "<urn:p>", "object": '"x"', "graph": nothing}

    def add(rows: list[dict]) -> None:
        rows[900:900] = [stray, stray]
        rows.insert(5, stray)

    assert by(way, table(text, tmp_path, change=add), tmp_path, monkeypatch) == expected
    err = capsys.readouterr().err
    assert ", row 6: it has no graph" in err
    assert ", rows 902 to 903: they have no graph" in err
    assert f"read {CHARTS + 2} data sets: {CHARTS} determined, 2 rejected" in err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("term", ["urn:no-iri", "<urn:a> <urn:b>", '"text"', "<urn:a>\n", "<relative>"])
@pytest.mark.parametrize("column", ["object", "graph"])
def test_a_term_of_parquet_that_is_none_costs_its_data_set(
    way: str, term: str, column: str, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch, capsys
) -> None:
    def spoil(rows: list[dict]) -> None:
        rows.insert(900, {"subject": "<urn:s>", "predicate": "<urn:p>", "object": '"x"', "graph": rows[900]["graph"]})
        rows[900][column] = term

    if column == "object" and term == '"text"':
        return
    path, graph = table(text, tmp_path, change=spoil), graph_at(text, 900)
    found = by(way, path, tmp_path, monkeypatch)
    assert found == (expected if column == "graph" else without(expected, graph))
    err = capsys.readouterr().err
    assert f"{len(found)} determined, 1 rejected" in err
    assert "row 901" in err or "a cell holds something else than one term" in err or "<relative>" in err


@pytest.mark.parametrize("way", WAYS)
def test_graphs_of_parquet_as_they_may_be_written(way: str, text: bytes, tmp_path: Path, monkeypatch, capsys) -> None:
    """A label is one; what only a parser would take for the graph of other rows is none, and no chart is parted in two."""
    graph = graph_at(text, 0)

    def rename(rows: list[dict]) -> None:
        for row in rows:
            if row["graph"] == f"<{graph}>":
                row["graph"] = "_:g"
        last = rows[-1]["graph"]
        rows[-1]["graph"] = last.replace("necessity", r"\u006eecessity")

    found = by(way, table(text, tmp_path, change=rename), tmp_path, monkeypatch)
    assert f"{graph}#request".encode() in found[0]
    assert "a cell holds something else than one term" in (err := capsys.readouterr().err)
    assert f"read {CHARTS + 1} data sets: {len(found)} determined" in err


@pytest.mark.parametrize("way", ["standard input", "pipe", "gzip", "what a shell opened"])
def test_parquet_that_flows_is_read_as_columns(
    way: str, text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("reasoner.chart.intake.Intake.read_documents", lambda *_, **__: pytest.fail("read as graphs"))
    data, pipe, packed = table(text, tmp_path).read_bytes(), tmp_path / "pipe", tmp_path / "quads.parquet.gz"
    packed.write_bytes(gzip.compress(data))
    opened = os.open(table(text, tmp_path), os.O_RDONLY)
    names = {"standard input": "-", "pipe": pipe, "gzip": packed, "what a shell opened": f"/dev/fd/{opened}"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    if way == "pipe":
        writer.start()
    assert determined(tmp_path, str(names[way]), *([] if way == "gzip" else ["--input-format", "parquet"])) == expected
    if way == "pipe":
        writer.join(60)


@pytest.mark.parametrize("what", ["no rows", "other columns", "a sheet", "no pyarrow", "damaged"])
def test_nothing_is_left_of_parquet_that_flows(
    what: str, text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    found = pq.read_table(path := table(text, tmp_path))
    names = {"other columns": ["a", "b", "c", "d"], "a sheet": ["request", "b", "c", "d"]}.get(what, found.column_names)
    pq.write_table(found.slice(0, 0 if what == "no rows" else None).rename_columns(names), path)
    data = path.read_bytes()[: -9 if what == "damaged" else None]
    if what == "no pyarrow":
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    (spools := tmp_path / "spools").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spools))
    assert main(["determine", "-", "--input-format", "parquet", "--format", "compact"]) == 2
    assert not list(spools.iterdir())


@pytest.mark.parametrize("way", WAYS)
def test_a_table_of_quads_without_rows_is_rejected(way: str, tmp_path: Path, monkeypatch, capsys) -> None:
    path = table(b"", tmp_path, change=lambda rows: rows.append(dict.fromkeys(COLUMNS, "")))
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert by(way, path, tmp_path, monkeypatch, code=2) == []
    called = path if way == "path" else "standard input"
    assert capsys.readouterr().err == (
        f"rejected: {called}: the table has no rows. Give each quad a row\nread 1 data set: 0 determined, 1 rejected\n"
    )


def test_progress_of_parquet_is_told_in_rows(text: bytes, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("reasoner.chart.tables.quads._ROWS", 400)
    for name in ("_FIRST", "_NEXT"):
        monkeypatch.setattr(f"reasoner.cli.batch.{name}", 0.0)
    determined(tmp_path, str(table(text, tmp_path)))
    told = [line for line in capsys.readouterr().err.splitlines() if " of 1,743 rows, " in line]
    assert len(told) > 2
    assert told[-1].startswith("12 requests, 1,743 of 1,743 rows, ")
    assert told[-1].endswith(", about 0 s left")


def spoil(path: Path, group: int, columns: list[str]) -> None:
    """Overwrite a row group of some columns."""
    import pyarrow.parquet as pq

    content = bytearray(path.read_bytes())
    found = pq.ParquetFile(path).metadata.row_group(group)
    for chunk in map(found.column, range(found.num_columns)):
        if chunk.path_in_schema in columns:
            place = chunk.data_page_offset
            content[place : place + 12] = bytes(12)
    path.write_bytes(content)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("columns", [["object"], ["subject", "object"], ["graph"], ["object", "graph"]])
def test_a_damaged_row_group_of_parquet_costs_its_charts_by_name(
    way: str, columns: list[str], text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch, capsys
) -> None:
    """If its graphs cannot be read, those around it are rejected, too: they may go on in it."""
    path = table(text, tmp_path, rows=200)
    spoil(path, 2, columns)
    graphs = {graph_at(text, row) for row in (399, 600)} | {graph_at(text, row) for row in range(400, 600)}
    named = {graph_at(text, row) for row in range(400, 600)} if "graph" not in columns else set()
    named |= {graph_at(text, 399), graph_at(text, 600)} if "graph" in columns else set()
    assert by(way, path, tmp_path, monkeypatch) == without(expected, *(graphs if "graph" in columns else named))
    err = capsys.readouterr().err
    assert all(f"<{graph}>: row" in err for graph in named)
    assert ("rows 401 to 600: they cannot be read: this Parquet is damaged" in err) == ("graph" in columns)


@pytest.mark.parametrize("change", [random.Random(1).shuffle, lambda rows: rows.insert(1180, rows.pop(1160))])
def test_where_graphs_are_mixed_rows_that_cannot_be_read_can_be_of_any(
    change: Callable[[list[dict]], None], text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch, capsys
) -> None:
    """Also where they are mixed far from these rows."""
    monkeypatch.setattr("reasoner.chart.tables.quads._ROWS", 150)
    path = table(text, tmp_path, rows=200, change=change)
    spoil(path, 2, ["graph"])
    (tmp_path / "whole.nq").write_bytes(text)
    assert determined(tmp_path, str(path), str(tmp_path / "whole.nq"), code=3) == expected
    assert f"rejected: {path}: rows cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1, 2**23])
@pytest.mark.parametrize(
    ("columns", "lost"), [(["excerpt"], "23"), (["request"], "1234"), (["request", "excerpt"], "1234")]
)
def test_a_damaged_row_group_of_a_sheet_in_parquet_costs_its_requests(
    columns: list[str], lost: str, size: int, way: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    """If these cannot be read, those around it are rejected, too: the rows may be theirs."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
    import pyarrow.parquet as pq

    from tests.batch.test_pieces import sheet

    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    header, *rows = [line.split(",") for line in sheet().splitlines()]
    path = tmp_path / "sheet.parquet"
    pq.write_table(pa.table(dict(zip(header, zip(*rows, strict=True), strict=True))), path, row_group_size=4)
    whole = determined(tmp_path, str(path))
    spoil(path, 1, columns)
    assert by(way, path, tmp_path, monkeypatch) == [
        line for line in whole if json.loads(line)["request"][-1] not in lost
    ]
    err = capsys.readouterr().err
    assert ("which request rows 6-9 belong to cannot be told" in err) == ("request" in columns)
    assert f"row 6, column '{columns[0]}': it cannot be read, as this Parquet is damaged" in err
    assert f"{len(whole) - len(lost)} determined, " in err


def test_a_byte_of_parquet_that_is_not_utf_8_costs_its_chart(
    text: bytes, expected: list[bytes], tmp_path: Path, capsys
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = table(text, tmp_path)
    found = pq.read_table(path).to_pydict()
    columns = {name: [term.encode() for term in terms] for name, terms in found.items()}
    columns["object"][900] = b'"\xff"'
    pq.write_table(pa.table(columns), path)
    assert determined(tmp_path, str(path), code=3) == without(expected, graph_at(text, 900))
    assert f"<{graph_at(text, 900)}>: row 901 cannot be read: its object is not UTF-8" in capsys.readouterr().err


def test_quads_by_a_pipe(text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that has a name can be read only once, and need not tell its type."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, told in (("pipe.nq", []), ("pipe", ["--input-format", "nq"])):
        pipe = tmp_path / name
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(text,))
        writer.start()
        assert determined(tmp_path, str(pipe), *told) == expected
        writer.join(60)
        pipe.unlink()


def test_a_path_that_is_given_twice_is_read_once(text: bytes, expected: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "charts.nq").write_bytes(text)
    assert determined(tmp_path, str(tmp_path / "charts.nq"), str(tmp_path / "charts.nq"), str(tmp_path)) == expected


@pytest.mark.parametrize("size", [1, 2**23])
@pytest.mark.parametrize("name", ["sheet.csv.gz", "charts.zip/sheet.csv", "charts.zip/charts.nq"])
def test_nothing_holds_of_a_packed_file_that_is_damaged(
    name: str, size: int, text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """That is told at its end only, when much of it was read."""
    from tests.batch.test_pieces import sheet

    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = text if name.endswith(".nq") else sheet().encode()
    packed = io.BytesIO()
    if name.endswith(".gz"):
        packed.write(gzip.compress(content, 0))
    else:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name.partition("/")[2], content)
    path = tmp_path / name.partition("/")[0]
    path.write_bytes(packed.getvalue().replace(b"2026-", b"2025-", 1))
    assert determined(tmp_path, str(path), code=2) == []
    err = capsys.readouterr().err
    assert f"rejected: {tmp_path / name}: " in err
    assert "read 1 data set: 0 determined, 1 rejected" in err


def test_a_batch_that_lost_something_fails(text: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The totals are checked: a fault of the reader ends the run."""
    (tmp_path / "charts.nq").write_bytes(text)
    determine = Worker._determine_group

    def forgetful(self: Worker, group: stream.RunGroup, result: PieceResult) -> None:
        determine(self, group, result)
        result.determined -= 1

    monkeypatch.setattr(Worker, "_determine_group", forgetful)
    state = BatchState(None, Job())
    with pytest.raises(EngineError, match="a part of the input was lost"):
        run(state, piece.pieces([str(tmp_path / "charts.nq")], size=2**19))
    state.close()


def test_standard_input_is_resumed(
    text: bytes, expected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pieces() -> list[Piece]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        return list(piece.pieces(["-"], ".nq"))

    first = pieces()
    batch = BatchState(tmp_path / "state", Job())
    run(batch, iter(first[:3]))
    batch.close()
    told: list[int] = []
    resumed = BatchState(tmp_path / "state", Job(), resume=True)
    run(resumed, iter(pieces()), progress=lambda progress: told.append(progress.requests))
    assert 0 < told[-1] < CHARTS, "what was done is not done again"
    assert [row.line.encode() for row in resumed.rows()] == expected
    assert [json.loads(line)["request"] for line in expected]
    resumed.discard()
