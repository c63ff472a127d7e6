"""Apache Spark: a DataFrame of charts or of quads in, DataFrames of determinations and of criteria out.

The package has to be installed where the executors run, with its extra ``spark``. Each Python worker compiles the policy
once. All quads of a case are in one partition and cases share nothing, so the work scales with the number of cores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from reasoner.batch import exports, fields
from reasoner.batch.model import Job
from reasoner.batch.workers import Worker, worker_of_briefs
from reasoner.chart.apart import refusal
from reasoner.chart.fast.piece import ARROW, EXPORT, Piece
from reasoner.chart.tables.quads import COLUMNS, by_graph, coded, pack
from reasoner.ground.errors import DocumentationError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_ROWS = 2048


def schema() -> Any:
    """The columns of determinations: those of `reasoner.batch.exports.schema`, then the data set and why it was rejected.

    In the row of a rejected data set all columns but these two are null; otherwise the last one is.
    """
    return exports.schema().append(pa.field("source", pa.string())).append(pa.field("error", pa.string()))


def determine(quads: DataFrame, job: Job | None = None) -> DataFrame:
    """Determine charts that are given as quads.

    Args:
        quads: a row a quad, with the columns of `reasoner.chart.tables.quads.COLUMNS`: terms as in N-Quads, a named graph a case.
        job: how to determine, as in a batch.

    Returns:
        A DataFrame with the columns of `schema`, in no order. A request of which not all stands in one graph is
        rejected, in one row.
    """
    sorted_ = quads.select(*COLUMNS).repartition("graph").sortWithinPartitions("graph")
    return _determined(sorted_, _of_quads(job or Job()))


def determine_charts(charts: DataFrame, job: Job | None = None) -> DataFrame:
    """Determine charts that are given as documents.

    Args:
        charts: a row a document, with the columns ``name``, ``format``, the suffix of such a file (``ttl``,
            ``json``, ``csv.gz``), and ``content``, text or binary.
        job: how to determine, as in a batch.

    Returns:
        A DataFrame with the columns of `schema`, in no order. Each document has a row at least; a request that more
        than one document describes is rejected, in one row.
    """
    return _determined(charts.select("name", "format", "content"), _of_charts(job or Job()))


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


def _determined(given: DataFrame, run: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    return _once(given.mapInArrow(run, from_arrow_schema(schema())))


def _once(determinations: DataFrame) -> DataFrame:
    """Determinations, with a rejection in place of those of each request of which not all stands in one data set."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    # The rejected have no request, and would be one window for a single process.
    of_request = Window.partitionBy("request", f.when(f.col("request").isNull(), f.col("source")))
    is_determined, is_request = f.col("key").isNotNull(), f.col("request").isNotNull()

    def sources(which: Column) -> Column:
        return f.array_sort(f.collect_set(f.when(which, f.col("source"))).over(of_request))

    periods = f.size(f.collect_set("start").over(of_request))
    several = f.count("key").over(of_request) > periods
    first = f.row_number().over(of_request.orderBy(f.col("key").isNull(), "source", "start")) == 1
    marked = determinations.withColumns(
        {
            "_described": sources(is_determined),
            "_spoken_of": sources(is_request & ~is_determined),
            "_several": several,
            "_first": first,
        }
    )
    refused = is_request & (f.col("_several") | (f.size("_described") > 1) | (f.size("_spoken_of") > 0))
    names = "request", f.array_join("_described", ", "), f.array_join("_spoken_of", ", ")
    twice, apart = (f.format_string(str(refusal("%1$s", ["%2$s"], rejected)), *names) for rejected in ((), ["%3$s"]))
    instead = {
        "source": f.element_at("_described", 1),
        "error": f.when(f.size("_spoken_of") > 0, apart).otherwise(twice),
    }
    shown = ~is_request | (is_determined & (~refused | f.col("_first")))
    return marked.where(shown).select(
        *(
            f.when(refused, instead.get(name, f.lit(None))).otherwise(f.col(name)).alias(name)
            for name in determinations.columns
        )
    )


def _of_quads(job: Job) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tables = by_graph((coded(batch, "quads") for batch in batches), "quads")
        yield from _batches(job, (Piece(("quads",), ARROW, first=0, data=pack(table)) for table in tables))

    return run


def _of_charts(job: Job) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _batches(job, (document for batch in batches for document in _pieces(batch)))

    return run


def _pieces(batch: pa.RecordBatch) -> Iterator[Piece]:
    for row in batch.to_pylist():
        name, format_, content = str(row["name"] or "a document without a name"), row["format"], row["content"]
        missing = [column for column in ("name", "format", "content") if row[column] in (None, "", b"")]
        if missing:
            error = DocumentationError(f"the document has no {' and no '.join(missing)}", where=name)
            yield Piece((name,), EXPORT, data=b"", error=error)
            continue
        data = content.encode() if isinstance(content, str) else bytes(content)
        yield Piece((name,), "." + str(format_).lstrip(".").lower(), data=data)


def _batches(job: Job, pieces: Iterable[Piece]) -> Iterator[pa.RecordBatch]:
    shape = schema()
    records: list[dict[str, Any]] = []
    for part in pieces:
        records += _records(worker_of_briefs(job), part)
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
        # A row of a request without a key: no determination, but what `_once` has to know.
        yield from ({"source": rejection.source, "request": request} for request in rejection.spoken_of)
    if not result.rows and not result.rejections:
        notes = "".join(f". {note}" for _, note in result.notes)
        yield {"source": part.name, "error": f"{part.name}: it holds no request{notes}"}
