"""Quads as the rows of Arrow tables and of Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from reasoner.chart.tables.parquet import ParquetTable
from reasoner.chart.tables.vocabulary import REQUEST
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing

COLUMNS = ("subject", "predicate", "object", "graph")
"""The columns of quads: terms as in N-Quads, the rows of a graph together."""
_ROWS = 32768
"""About how many rows are handled at a time: those of some two hundred charts."""


def of_parquet(file: Path | BinaryIO, source: str) -> Iterator[Any]:
    """The quads of a Parquet file as Arrow record batches of text.

    Args:
        file: its path, or its content.
        source: what to call it in errors.

    Raises:
        UsageError: pyarrow is not installed.
        DocumentationError: it cannot be read, or lacks one of `COLUMNS`, or a row lacks a term.
    """
    table = ParquetTable(file, source)
    if missing := set(COLUMNS) - set(table.columns):
        mend = f"Columns of quads are {', '.join(COLUMNS)}; a sheet of statements has {REQUEST!r}"
        problem = f"the table has no column {', '.join(sorted(missing))}"
        raise DocumentationError(problem, where=source, mend=mend)
    first = 1
    for batch in table.batches(_ROWS, COLUMNS):
        yield checked(batch, source, first)
        first += batch.num_rows


def checked(batch: Any, source: str, first: int = 1) -> Any:
    """An Arrow record batch of quads with all its terms as text, each column as codes of its distinct terms.

    Args:
        batch: the quads.
        source: what to call them in errors.
        first: the number of the first row.

    Raises:
        DocumentationError: a column is no text, or a row lacks a term. One without a graph could belong to any chart, so none
            can be told whole.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for name in COLUMNS:
        column = batch.column(name)
        try:
            if not pa.types.is_dictionary(column.type):
                column = column.cast(pa.string()).dictionary_encode()
            terms = column.dictionary.cast(pa.string())
            terms.validate(full=True)
        except pa.ArrowException as error:
            raise DocumentationError(f"the column {name} is no text: {error}", where=source) from error
        lengths = pc.binary_length(terms).fill_null(0)
        missing = pa.array([], pa.bool_())
        if column.null_count or pc.min(lengths).as_py() == 0:
            missing = pc.equal(lengths.take(column.indices).fill_null(0), pa.scalar(0))
        if (row := pc.index(missing, True).as_py()) >= 0:
            problem = f"row {first + row} has no {name}"
            mend = "Write it into its row: without it nothing can be told of any chart of the table"
            raise DocumentationError(problem, where=source, mend=mend)
        columns.append(pa.DictionaryArray.from_arrays(column.indices, terms))
    return pa.record_batch(columns, names=list(COLUMNS))


def used(column: Any) -> Any:
    """A column of codes with those terms alone that occur in it."""
    import numpy as np
    import pyarrow as pa

    codes = column.indices.drop_null().to_numpy()
    occurs = np.bincount(codes, minlength=len(column.dictionary)) > 0
    if occurs.all():
        return column
    numbers: Any = pa.array((np.cumsum(occurs) - 1).astype(np.int32))
    renumbered = numbers.take(column.indices)
    return pa.DictionaryArray.from_arrays(renumbered, column.dictionary.filter(pa.array(occurs)))


def by_graph(batches: Iterable[Any], source: str) -> Iterator[Any]:
    """Batches of `checked` quads as tables of about `_ROWS` rows that end between graphs.

    Raises:
        DocumentationError: one graph alone is larger than what is read.
    """
    import numpy as np
    import pyarrow as pa

    held: list[Any] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows < _ROWS:
            continue
        table = pa.Table.from_batches(held)
        graph = coded(table, "graph").indices.to_numpy()
        others = np.flatnonzero(graph != graph[-1])
        end = int(others[-1]) + 1 if len(others) else 0
        if end:
            yield table.slice(0, end)
        elif _text_size(table) > parsing.MAX_BYTES:
            raise DocumentationError(f"a graph is larger than {parsing.MAX_BYTES // 2**20} MiB", where=source)
        held = table.slice(end).to_batches()
        rows = table.num_rows - end
    if held:
        yield pa.Table.from_batches(held)


def coded(table: Any, name: str) -> Any:
    """A column of a table as one dictionary."""
    import pyarrow as pa

    column = table.column(name).combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)


def _text_size(table: Any) -> int:
    """Bytes of all terms of a table."""
    import pyarrow.compute as pc

    columns = [coded(table, name) for name in COLUMNS]
    return sum(pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0 for column in columns)


def n_quads(table: Any, source: str) -> bytes:
    """`checked` quads as N-Quads; raises `DocumentationError` if a term holds a line break."""
    import pyarrow as pa

    columns = [table.column(name).cast(pa.string()).to_pylist() for name in COLUMNS]
    lines = [f"{s} {p} {o} {g} .\n" for s, p, o, g in zip(*columns, strict=True)]
    text = "".join(lines)
    if text.count("\n") != len(lines) or "\r" in text:
        odd = next(line for line in lines if "\n" in line[:-1] or "\r" in line)
        mend = r"Write \n and \r, as N-Quads do"
        raise DocumentationError(f"a term of the graph {odd.split()[-2]} holds a line break", where=source, mend=mend)
    return text.encode()


def pack(table: Any) -> bytes:
    """A table of quads in the format of Arrow streams."""
    import pyarrow as pa

    table = pa.table([used(coded(table, name)) for name in COLUMNS], names=list(COLUMNS))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def unpack(data: bytes) -> Any:
    """The table of quads that was packed."""
    import pyarrow as pa

    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
