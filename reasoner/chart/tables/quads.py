"""Quads as the rows of Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reasoner.chart.tables.vocabulary import REQUEST
from reasoner.ground.errors import DocumentationError, UsageError

COLUMNS = ("subject", "predicate", "object", "graph")
"""The columns of quads in Parquet: terms as in N-Quads, the rows of a graph together."""


def n_quads(batch: Any) -> bytes:
    """An Arrow record batch of quads as N-Quads; a quad without a graph stands in none."""
    columns = [batch.column(name).to_pylist() for name in COLUMNS]
    return "".join(
        f"{s} {p} {o} {g} .\n" if g else f"{s} {p} {o} .\n" for s, p, o, g in zip(*columns, strict=True)
    ).encode()


def of_parquet(path: Path) -> Iterator[bytes]:
    """The quads of a Parquet file as blocks of N-Quads.

    Raises:
        UsageError: pyarrow is not installed.
        DocumentationError: it is no Parquet, or lacks one of `COLUMNS`.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet is read with pyarrow", where=str(path), mend="Install necessity[tables]") from error
    try:
        table = pq.ParquetFile(path)
        if missing := set(COLUMNS) - set(table.schema_arrow.names):
            mend = f"Columns of quads are {', '.join(COLUMNS)}; a sheet of statements has {REQUEST!r}"
            problem = f"the table has no column {', '.join(sorted(missing))}"
            raise DocumentationError(problem, where=str(path), mend=mend)
        yield from map(n_quads, table.iter_batches(columns=list(COLUMNS)))
    except (OSError, pa.ArrowException) as error:
        raise DocumentationError(f"this is not Parquet: {error}", where=str(path)) from error
