"""Parquet is read within limits: what it stands for can be very much larger than the file."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from reasoner.chart.tables import quads
from reasoner.chart.tables.parquet import ParquetTable, UnreadableRows
from reasoner.chart.tables.rows import LONG, UNREADABLE, Fault, FaultyRecord, parquet_records
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing

pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
pq = pytest.importorskip("pyarrow.parquet")


def written(**columns: object) -> io.BytesIO:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    out.seek(0)
    return out


def rows(file: Path | io.BytesIO, number: int = 100) -> list[dict[str, object]]:
    return [row for batch in ParquetTable(file, "x").batches(number) for row in batch.to_pylist()]


def test_rows_of_all_kinds(tmp_path: Path) -> None:
    columns = {
        "text": ["a", None, "", "a"],
        "large": pa.array(["b", "c", None, ""], pa.large_string()),
        "number": [1, None, 3, 4],
        "day": [date(2026, 1, 1), None, None, date(2026, 1, 2)],
        "texts": [["a"], [], None, ["b", "c"]],
    }
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=2)
    assert ParquetTable(tmp_path / "x.parquet", "x").columns == tuple(columns)
    for number in (1, 3, 100):
        assert rows(tmp_path / "x.parquet", number) == table.to_pylist()


@pytest.mark.parametrize("others", [0, 5000])
def test_a_long_text_is_refused(others: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_LITERAL", 2**16)
    file = written(a=["x" * (2**16 + 1)] + ["y"] * others)
    assert len(rows(written(a=["x" * 2**16] + ["y"] * others))) == others + 1
    _, first, *rest = parquet_records(file, "x")
    assert (first, len(rest)) == ([""], others)
    assert isinstance(first, FaultyRecord)
    assert first.fault.kind == LONG


def test_a_long_text_alone_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_LITERAL", 2**16)
    table = ParquetTable(written(b=[1], a=["x" * 2**18]), "x")
    (found,) = table.batches(10)
    assert "the column a hold a text" in found.problem
    assert (found.first, found.number, found.column("a"), found.column("b").to_pylist()) == (1, 1, None, [1])


def test_a_text_that_is_said_very_often_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file says it once."""
    file = written(a=["x" * 50_000] * 2000)
    assert file.getbuffer().nbytes < 20_000
    monkeypatch.setattr(parsing, "MAX_BYTES", 2**20)
    (lost,) = ParquetTable(file, "x").batches(4096)
    assert lost.problem.startswith("the cells of the column a hold more than 1 MiB")
    _, *records = parquet_records(file, "x")
    assert records == [[""]] * 2000
    assert all(isinstance(record, FaultyRecord) and record.fault == Fault(UNREADABLE, 0) for record in records)


@pytest.mark.parametrize("kind", ["list", "large list", "struct", "list of struct"])
def test_a_text_that_is_said_very_often_in_lists_is_refused_and_takes_its_room_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "x" * 5000
    cell, type_ = {
        "list": ([text] * 2, pa.list_(pa.string())),
        "large list": ([text] * 2, pa.large_list(pa.large_string())),
        "struct": ({"a": text, "b": [text, "y", None]}, pa.struct([("a", pa.string()), ("b", pa.list_(pa.string()))])),
        "list of struct": ([{"a": text}, None], pa.list_(pa.struct([("a", pa.string())]))),
    }[kind]
    file = written(a=pa.array([cell, None] * 1000, type_))
    assert rows(file) == [{"a": cell}, {"a": None}] * 1000
    monkeypatch.setattr(parsing, "MAX_BYTES", 2**20)
    before = pa.total_allocated_bytes()
    (found,) = ParquetTable(file, "x").batches(2000)
    assert (found.number, found.column("a")) == (2000, None)
    assert "the cells of the column a hold more than 1 MiB" in found.problem
    assert pa.total_allocated_bytes() - before < 2**20


def test_a_text_that_is_said_very_often_takes_its_room_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every type of text."""
    monkeypatch.setattr(parsing, "MAX_BYTES", 2**20)
    for type_ in (pa.string(), pa.large_binary(), pa.string_view(), pa.binary_view()):
        file = written(a=pa.array(["x" * 50_000] * 2000).cast(pa.binary()).cast(type_))
        before = pa.total_allocated_bytes()
        (lost,) = ParquetTable(file, "x").batches(4096)
        assert "more than 1 MiB" in lost.problem
        assert pa.total_allocated_bytes() - before < 2**20


def test_a_batch_holds_no_text_of_the_batches_before_it() -> None:
    """Else what is held grows with the row group, of which one may have a million rows."""
    texts = [f"{number:0100}" for number in range(40_000)]
    batches = list(ParquetTable(written(a=texts), "x").batches(1000))
    assert [len(batch.column("a").dictionary) for batch in batches] == [1000] * 40
    assert [text for batch in batches for text in batch.column("a").to_pylist()] == texts


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_lists_of_text_by_what_differs_from_the_text_before(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, out = pa.table({"a": [["the same", f"and {n}"] for n in range(100)]}), io.BytesIO()
    pq.write_table(table, out, use_dictionary=False, column_encoding={"a.list.element": encoding})
    assert rows(out, 1000) == table.to_pylist()
    monkeypatch.setattr(parsing, "MAX_BYTES", 100)
    assert next(ParquetTable(out, "x").batches(1000)).num_rows == 1


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_text_by_what_differs_from_the_text_before(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which pyarrow does not read as dictionaries: as many rows are read together as are surely not too much."""
    table = pa.table(
        {"a": [f"the same and {n % 7}" for n in range(500)], "b": pa.array([b"x"] * 500, pa.large_binary())}
    )
    out = io.BytesIO()
    pq.write_table(table, out, use_dictionary=False, column_encoding=dict.fromkeys("ab", encoding), row_group_size=300)
    size = sum(pq.read_metadata(out).row_group(0).column(n).total_uncompressed_size for n in range(2))
    assert rows(out, 1000) == table.to_pylist()
    monkeypatch.setattr(parsing, "MAX_BYTES", 20 * size)
    at_once = 20 if encoding == "DELTA_BYTE_ARRAY" else 500
    assert next(ParquetTable(out, "x").batches(1000)).num_rows == at_once
    assert rows(out, 1000) == table.to_pylist()
    monkeypatch.setattr(parsing, "MAX_BYTES", size - 1)
    assert next(ParquetTable(out, "x").batches(1000)).num_rows == 1
    assert rows(out, 1000) == table.to_pylist()


def test_row_groups_that_are_too_much_together_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no more of their rows are held than are surely not too much."""
    out = io.BytesIO()
    encoding = {"a": "DELTA_BYTE_ARRAY"}
    table = pa.table({"a": ["x" * 1000] * 500})
    pq.write_table(table, out, use_dictionary=False, column_encoding=encoding, row_group_size=250)
    monkeypatch.setattr(parsing, "MAX_BYTES", 2**16)
    before = pa.total_allocated_bytes()
    batches = ParquetTable(out, "x").batches(1000)
    first = next(batches)
    assert pa.total_allocated_bytes() - before < 2**18
    assert [*first.to_pylist(), *(row for batch in batches for row in batch.to_pylist())] == table.to_pylist()


def test_what_is_no_parquet(tmp_path: Path) -> None:
    for data in (b"", b"PAR1", b"PAR1" + bytes(64) + b"PAR1"):
        with pytest.raises(DocumentationError, match="x: this is not Parquet"):
            ParquetTable(io.BytesIO(data), "x")
    with pytest.raises(DocumentationError, match="this is not Parquet"):
        ParquetTable(tmp_path / "missing.parquet", "x")


def test_a_column_whose_name_is_damaged() -> None:
    """Where a row group names it, behind the schema."""
    data = written(object=["a"], graph=["g"]).getvalue()
    at = data.index(b"object", data.index(b"object") + 1)
    with pytest.raises(DocumentationError, match="x: this is not Parquet"):
        rows(io.BytesIO(data[:at] + b"\x93" + data[at + 1 :]))


def test_a_page_that_is_damaged_costs_its_rows() -> None:
    content = bytearray(written(a=[str(n) for n in range(20_000)], b=range(20_000)).getvalue())
    content[len(content) // 9 : len(content) // 9 + 200] = bytes(200)
    *found, lost = ParquetTable(io.BytesIO(bytes(content)), "x").batches(100)
    assert isinstance(lost, UnreadableRows)
    assert lost.first == 1 + sum(batch.num_rows for batch in found)
    assert lost.first + lost.number == 20_001
    assert "this Parquet is damaged" in lost.problem
    assert lost.column("a") is None
    assert lost.column("b").to_pylist() == [*range(lost.first - 1, 20_000)]


def test_codes_of_a_damaged_page_that_stand_for_nothing_cost_their_rows() -> None:
    """What reads Parquet gives them as they are, and what looks them up may read anything."""
    out = io.BytesIO()
    pq.write_table(pa.table({"a": list("abc") * 8}), out, compression="none", write_statistics=False)
    content = bytearray(out.getvalue())
    codes = bytes([0b00100100, 0b01001001, 0b10010010])  # 0, 1, 2 and so on, of two bits each
    content[content.index(codes)] = 0xFF
    (lost,) = ParquetTable(io.BytesIO(bytes(content)), "x").batches(100)
    assert isinstance(lost, UnreadableRows)
    assert (lost.first, lost.number) == (1, 24)


@pytest.mark.parametrize("number", [1, 30, 100])
def test_small_row_groups_of_which_one_is_damaged(number: int) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [f"{n:05}" for n in range(100)]}), out, row_group_size=10, compression="none")
    content = out.getvalue().replace(b"00055", b"\xff" * 5)  # it is said twice: in the dictionary, and as the greatest
    place = pq.ParquetFile(out).metadata.row_group(3).column(0).data_page_offset
    broken = content[:place] + bytes(8) + content[place + 8 :]
    found = list(ParquetTable(io.BytesIO(broken), "x").batches(number))
    (lost,) = (rows for rows in found if isinstance(rows, UnreadableRows))
    assert (lost.first, lost.number) == (31, 10)
    assert sum(rows.num_rows for rows in found if rows is not lost) == 90


def test_quads_of_parquet_are_read_without_pandas() -> None:
    """It takes as long to load as hundreds of charts to determine, and pyarrow loads it for any value of Python that it is given."""
    program = """
import io, sys
import pyarrow as pa
import pyarrow.parquet as pq
from reasoner.chart.fast.cut import cut_table
from reasoner.chart.tables import quads

out = io.BytesIO()
row = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(bytes([0, 0, 0, 0, 7, 0, 0, 0])), pa.py_buffer(b"<urn:s>")])
pq.write_table(pa.Table.from_arrays([row] * 4, names=list(quads.COLUMNS)), out)
(table,) = quads.by_graph(quads.of_parquet(out, "x"), "x")
assert len(cut_table(quads.graphs(quads.unpack(quads.pack(table)), 1, "x").table).subject) == 1
print("pandas" in sys.modules)
"""
    assert (
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "False\n"
    )


@pytest.mark.parametrize("as_dictionary", [False, True])
@pytest.mark.parametrize("kind", ["binary", "large_binary", "string"])
def test_cells_of_a_sheet_in_bytes_are_text(kind: str, as_dictionary: bool) -> None:
    cells = [b"r1", "ä".encode(), b"\xff", None, b"r2"]
    column = pa.array(cells, pa.binary()).cast(getattr(pa, kind)(), safe=False) if kind != "string" else None
    if column is None:
        column = pa.Array.from_buffers(pa.string(), 5, pa.array(cells, pa.binary()).buffers())
    file = io.BytesIO()
    pq.write_table(pa.table({"request": column}), file, use_dictionary=as_dictionary)
    records = list(parquet_records(file, "x"))
    assert records == [["request"], ["r1"], ["ä"], ["\ufffd"], [""], ["r2"]]
    assert [isinstance(record, FaultyRecord) for record in records] == [False, False, False, True, False, False]


def test_a_day_that_python_has_not_costs_its_row() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["x", "y"], "day": pa.array([20000, 10**7], pa.date32())}), file)
    _, first, second = parquet_records(file, "x")
    assert first == ["x", "2024-10-04"]
    assert isinstance(second, FaultyRecord)
    assert (second, second.fault) == (["y", ""], Fault(UNREADABLE, 1))


def test_rows_that_cannot_be_read_mix_no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing else is read with them, so that only the graph beside them is in doubt."""
    graphs = [f"<urn:g{n // 100}>" for n in range(400)]
    out = io.BytesIO()
    columns = {name: graphs if name == "graph" else ["<urn:x>"] * 400 for name in quads.COLUMNS}
    pq.write_table(pa.table(columns), out, row_group_size=50)
    content = bytearray(out.getvalue())
    end = pq.read_metadata(out).row_group(1).column(0).dictionary_page_offset
    content[4:end] = bytes(end - 4)
    monkeypatch.setattr(quads, "_ROWS", 40)
    tables = list(quads.by_graph(quads.of_parquet(io.BytesIO(bytes(content)), "x"), "x"))
    found = quads.graphs(tables[0], 1, "x")
    assert sum(table.num_rows for table in tables) == 400
    assert list(found.doubtful) == ["<urn:g0>"]


def test_a_page_that_is_not_what_its_checksum_says_cannot_be_read() -> None:
    out = io.BytesIO()
    plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    pq.write_table(pa.table({"a": ["affirmed"]}), out, write_page_checksum=True, **plain)
    assert rows(io.BytesIO(out.getvalue())) == [{"a": "affirmed"}]
    changed = io.BytesIO(out.getvalue().replace(b"affirmed", b"affirmee", 1))
    (found,) = ParquetTable(changed, "x").batches(100)
    assert isinstance(found, UnreadableRows)
