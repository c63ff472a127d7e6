"""A lake of quads in Parquet determined file by file, without Spark: what is partitioned stays partitioned.

Each file of quads gives one file of determinations under the same path. A file that is there already is not made
again, so a run that was interrupted goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from reasoner.batch import exports, fields
from reasoner.batch.run import Job, Worker
from reasoner.chart.fast import piece
from reasoner.ground.errors import DocumentationError, NecessityError, UsageError


def determine(
    source: Path, target: Path, job: Job | None = None, *, jobs: int = 1
) -> Iterator[tuple[Path, int, list[str]]]:
    """Determine every file of a lake.

    Args:
        source: the folder; Parquet files in it at any depth have the columns of `reasoner.chart.fast.piece.COLUMNS`. All quads
            of a graph are in one file, one after the other.
        target: the folder to write to, a file for each, with the columns of `reasoner.batch.exports.schema`.
        job: how to determine.
        jobs: how many processes.

    Yields:
        Each file that was written, how many determinations it holds, and why data sets were rejected.

    Raises:
        UsageError: there is no such folder, or the result cannot be written.
    """
    if not source.is_dir():
        raise UsageError("there is no such folder", where=str(source))
    names = [
        path.relative_to(source) for path in sorted(source.rglob(f"*{piece.TABLE}")) if not path.name.startswith(".")
    ]
    missing = [name for name in names if not (target / name).exists()]
    work = partial(_determine, source, target, job or Job())
    if jobs == 1:
        yield from map(work, missing)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, missing)


def _determine(source: Path, target: Path, job: Job, name: Path) -> tuple[Path, int, list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    worker, out, reasons, count = Worker(job), target / name, [], 0
    partial_ = out.with_name(out.name + ".partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(partial_, exports.schema(), compression="zstd") as writer:
            for found in piece.pieces([str(source / name)]):
                done = worker(found)
                if done.scattered:
                    raise DocumentationError(
                        "the quads of a graph do not stand together, or some stand in none",
                        where=str(source / name),
                        mend="Sort the file by graph",
                    )
                records = [fields.table_row(json.loads(row.line)) for row in done.rows]
                writer.write_table(pa.Table.from_pylist(records, exports.schema()))
                reasons += [str(rejection.error) for rejection in done.bad]
                count += len(records)
        partial_.replace(out)
    except OSError as error:
        raise UsageError(f"the result cannot be written: {error.strerror}", where=str(out)) from error
    except NecessityError as error:
        reasons.append(str(error))
    finally:
        partial_.unlink(missing_ok=True)
    return out, count, reasons
