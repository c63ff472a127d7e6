"""Quads as the rows of Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from reasoner.chart.tables.vocabulary import REQUEST
from reasoner.ground.errors import DocumentationError, UsageError

COLUMNS = ("subject", "predicate", "object", "graph")
"""The columns of quads in Parquet: terms as in N-Quads, the rows of a graph together."""


def n_quads(batch: Any, source: str, first: int = 1) -> bytes:
    """An Arrow record batch of quads as N-Quads.

    Args:
        batch: the quads.
        source: what to call them in errors.
        first: the number of the first row.

    Raises:
        DocumentationError: a row lacks a term. One without a graph could belong to any chart, so none can be told whole.
    """
    columns = [batch.column(name).to_pylist() for name in COLUMNS]
    for name, column in zip(COLUMNS, columns, strict=True):
        for missing in (None, ""):
            if missing in column:
                problem = f"row {first + column.index(missing)} has no {name}"
                mend = "Write it into its row: without it nothing can be told of any chart of the table"
                raise DocumentationError(problem, where=source, mend=mend)
    return "".join([f"{s} {p} {o} {g} .\n" for s, p, o, g in zip(*columns, strict=True)]).encode()


def of_parquet(file: Path | BinaryIO, source: str) -> Iterator[bytes]:
    """The quads of a Parquet file as blocks of N-Quads.

    Args:
        file: its path, or its content.
        source: what to call it in errors.

    Raises:
        UsageError: pyarrow is not installed.
        DocumentationError: it is no Parquet or not whole, or lacks one of `COLUMNS`, or a row lacks a term.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet is read with pyarrow", where=source, mend="Install necessity[tables]") from error
    try:
        table = pq.ParquetFile(file)
        if missing := set(COLUMNS) - set(table.schema_arrow.names):
            mend = f"Columns of quads are {', '.join(COLUMNS)}; a sheet of statements has {REQUEST!r}"
            problem = f"the table has no column {', '.join(sorted(missing))}"
            raise DocumentationError(problem, where=source, mend=mend)
        first = 1
        for batch in table.iter_batches(columns=list(COLUMNS)):
            yield n_quads(batch, source, first)
            first += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise DocumentationError(f"this is not Parquet, or damaged: {error}", where=source) from error
