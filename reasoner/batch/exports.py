"""Exports of a batch: its lines of JSON as they are, and as tables in CSV and Parquet. They hold no time of the run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, BinaryIO

from reasoner.batch import fields
from reasoner.batch.fields import Brief, Type
from reasoner.batch.model import Results
from reasoner.ground.display import escaped
from reasoner.ground.errors import UsageError

_ROWS = 4096
"""Rows that are written to Parquet at a time."""


def write_lines(results: Results, stream: BinaryIO) -> None:
    """Write the lines of JSON as they are."""
    for row in results.rows():
        stream.write(row.line.encode() + b"\n")


def write_csv(results: Results, stream: BinaryIO) -> None:
    """Write a row for each criterion of each determination."""
    for text in to_csv(briefs(results)):
        stream.write(text.encode())


def to_csv(briefs: Iterable[Brief]) -> Iterator[str]:
    """The lines of CSV of briefs: the names of the columns, then some for each."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = [list(fields.CSV_COLUMNS)]
    for rows in chain([names], map(fields.csv_rows, briefs)):
        writer.writerows(rows)
        yield escaped(text.getvalue())
        text.seek(0)
        text.truncate()


def write_parquet(results: Results, stream: BinaryIO) -> None:
    """Write a row a determination, with the columns of `schema`; raises `UsageError` where pyarrow is missing."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet is written with pyarrow", mend="Install necessity[tables]") from error
    shape = schema()
    with pq.ParquetWriter(stream, shape, compression="zstd") as writer:
        records: list[dict[str, Any]] = []
        for brief in briefs(results):
            records.append(fields.table_row(brief))
            if len(records) == _ROWS:
                writer.write_table(pa.Table.from_pylist(records, shape))
                records = []
        writer.write_table(pa.Table.from_pylist(records, shape))


@lru_cache(maxsize=1)
def schema() -> Any:
    """The Arrow schema of determinations: a row each, its criteria nested."""
    import pyarrow as pa

    types: dict[Type, pa.DataType] = {
        Type.TEXT: pa.string(),
        Type.DAY: pa.date32(),
        Type.TRUTH: pa.bool_(),
        Type.NAMES: pa.list_(pa.string()),
        Type.COUNTS: pa.list_(pa.struct([("kind", pa.string()), ("reason", pa.string()), ("count", pa.int64())])),
    }
    criterion = pa.struct([(field.name, types[field.type]) for field in fields.NESTED])
    flat = [types[field.type] for field in fields.FLAT]
    columns = zip(
        fields.COLUMNS, [*flat, pa.list_(criterion), *[types[field.type] for field in fields.LISTS]], strict=True
    )
    return pa.schema(list(columns))


def briefs(results: Results) -> Iterator[Brief]:
    """The determinations of a batch as JSON values, where its lines are briefs."""
    for row in results.rows():
        yield json.loads(row.line)
