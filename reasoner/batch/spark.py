"""Apache Spark: a DataFrame of charts or of quads in, DataFrames of determinations and of criteria out.

The package has to be installed where the executors run, with its extra ``spark``. Each Python worker compiles the policy
once. All quads of a case are in one partition and cases share nothing, so the work scales with the number of cores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from reasoner.batch import exports, fields
from reasoner.batch.fields import Type
from reasoner.batch.model import Job
from reasoner.batch.workers import Worker
from reasoner.chart.fast.piece import ARROW, Piece
from reasoner.chart.tables.quads import COLUMNS, by_graph, checked, pack
from reasoner.ground.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TYPES = {
    Type.TEXT: "string",
    Type.DAY: "date",
    Type.TRUTH: "boolean",
    Type.NAMES: "array<string>",
    Type.COUNTS: "array<struct<kind: string, reason: string, count: bigint>>",
}
_CRITERION = ", ".join(f"{field.name}: {_TYPES[field.type]}" for field in fields.NESTED)
_COLUMN_TYPES = [
    *(_TYPES[field.type] for field in fields.FLAT),
    f"array<struct<{_CRITERION}>>",
    *[_TYPES[field.type] for field in fields.LISTS],
]
DETERMINATIONS = ", ".join(
    f"{name} {type_}"
    for name, type_ in (
        *zip(fields.COLUMNS, _COLUMN_TYPES, strict=True),
        ("source", _TYPES[Type.TEXT]),
        ("error", _TYPES[Type.TEXT]),
    )
)
"""The columns of determinations: those of `reasoner.batch.exports.schema`, then the data set and why it was rejected.

In the row of a rejected data set all columns but these two are null; otherwise the last one is.
"""
_ROWS = 2048


def determine(quads: DataFrame, job: Job | None = None, *, partitions: int | None = None) -> DataFrame:
    """Determine charts that are given as quads.

    Args:
        quads: a row a quad, with the columns of `reasoner.chart.tables.quads.COLUMNS`: terms as in N-Quads, a named graph a case.
        job: how to determine, as in a batch.
        partitions: how many partitions the cases are spread over; by default Spark's own number.

    Returns:
        A DataFrame with the columns of `DETERMINATIONS`, in no order.
    """
    columns = quads.select(*COLUMNS)
    spread = columns.repartition(partitions, "graph") if partitions else columns.repartition("graph")
    return spread.sortWithinPartitions("graph").mapInArrow(_of_quads(job or Job()), DETERMINATIONS)


def determine_charts(charts: DataFrame, job: Job | None = None) -> DataFrame:
    """Determine charts that are given as documents.

    Args:
        charts: a row a document, with the columns ``name``, ``format`` (ttl, trig, nt, nq, jsonld, rdf, or json for
            a FHIR Bundle) and ``content``, text or binary.
        job: how to determine, as in a batch.

    Returns:
        A DataFrame with the columns of `DETERMINATIONS`, in no order.
    """
    return charts.select("name", "format", "content").mapInArrow(_of_charts(job or Job()), DETERMINATIONS)


def criteria(determinations: DataFrame) -> DataFrame:
    """A row for each criterion of each determination: key, request, start, outcome, criterion, status, statements, missing."""
    from pyspark.sql import functions as f

    rows = determinations.where(f.col("error").isNull()).select(
        "key", "request", "start", "outcome", "gap", f.explode("criteria").alias("item")
    )
    return rows.select(
        "key",
        "request",
        "start",
        "outcome",
        *(f"item.{field.name}" for field in fields.NESTED),
        f.array_contains("gap", f.col("item.criterion")).alias("missing"),
    )


def _of_quads(job: Job) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tables = by_graph((checked(batch, "quads") for batch in batches), "quads")
        yield from _batches(job, (Piece(("quads",), ARROW, data=pack(table)) for table in tables))

    return run


def _of_charts(job: Job) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _batches(job, (document for batch in batches for document in _pieces(batch)))

    return run


def _pieces(batch: pa.RecordBatch) -> Iterator[Piece]:
    for row in batch.to_pylist():
        content = row["content"].encode() if isinstance(row["content"], str) else bytes(row["content"] or b"")
        yield Piece((row["name"],), "." + str(row["format"]).lstrip(".").lower(), data=content)


def _batches(job: Job, pieces: Iterable[Piece]) -> Iterator[pa.RecordBatch]:
    shape = exports.schema().append(pa.field("source", pa.string())).append(pa.field("error", pa.string()))
    records: list[dict[str, Any]] = []
    for part in pieces:
        if part.data == b"":
            continue
        records += _records(_worker(job), part)
        if len(records) >= _ROWS:
            yield pa.RecordBatch.from_pylist(records, shape)
            records = []
    if records:
        yield pa.RecordBatch.from_pylist(records, shape)


def _records(worker: Worker, part: Piece) -> Iterator[dict[str, Any]]:
    result = worker(part)
    if result.scattered:
        result = worker(part.whole())
    for row in result.rows:
        yield fields.table_row(json.loads(row.line)) | {"source": row.source, "error": None}
    for rejection in result.rejections:
        yield {"source": rejection.source, "error": str(rejection.error)}


@lru_cache(maxsize=2)
def _worker(job: Job) -> Worker:
    """The worker of this Python process, made once."""
    if job.whole:
        raise UsageError("a job for DataFrames writes briefs", mend="Leave out `whole`")
    return Worker(job)
