"""A data lake: a folder of quads in Parquet, determined file by file without Spark.

Each file of quads gives one file of determinations under the same path, which carries the time of change of the quads. It is
not made again until that differs, so a run that was interrupted goes on when it is started again, and the next one determines
what changed.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from reasoner.batch import exports, fields
from reasoner.batch.model import Job
from reasoner.batch.workers import worker_of_briefs
from reasoner.chart import folders, sources
from reasoner.chart.apart import refusal
from reasoner.chart.fast import piece
from reasoner.ground.errors import DocumentationError, NecessityError, UsageError
from reasoner.ground.locks import cannot_be_written, locked
from reasoner.ground.processes import end_with_parent

_RESULT = "the result"


def determine(
    source: Path, target: Path, job: Job | None = None, *, jobs: int = 1
) -> Iterator[tuple[Path, int, list[str]]]:
    """Determine every file of a lake.

    Args:
        source: the folder; Parquet files in it at any depth have the columns of `reasoner.chart.tables.quads.COLUMNS`. All quads
            of a graph are in one file, one after the other.
        target: the folder to write to; each file has the columns of `reasoner.batch.exports.schema`.
        job: how to determine.
        jobs: how many processes.

    Yields:
        Each path, how many determinations were written to it, and why data sets, and requests of which not all stands in one
        graph of the file, were rejected. Of a file that is rejected as a whole no determinations are left.

    Raises:
        UsageError: there is no such folder, it is that of the results too, the job is for whole determinations, the result
            cannot be written, or another run writes there.
    """
    if not source.is_dir():
        raise UsageError("there is no such folder", where=str(source))
    if target.resolve() == source.resolve():
        raise UsageError("the results would replace the quads", where=str(target), mend="Name another folder")
    with locked(target, _RESULT):
        names = [
            Path(name).relative_to(source) for name in folders.contents(source, lambda _: True, _is_left_out).files
        ]
        due = [name for name in names if _changed(target / name) != _changed(source / name)]
        work = partial(_determine, source, target, job or Job())
        if jobs == 1:
            yield from map(work, due)
            return
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
            yield from pool.map(work, due)


def _is_left_out(name: str) -> bool:
    return not name.endswith(sources.TABLE) or name.startswith(".")


def _changed(path: Path) -> int:
    """When a file was changed, in nanoseconds; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _determine(source: Path, target: Path, job: Job, name: Path) -> tuple[Path, int, list[str]]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    worker, out, count = worker_of_briefs(job), target / name, 0
    if (source / name).is_dir():
        return out, count, [str(sources.unknown(str(source / name), None, None))]
    reasons: list[str] = []
    described: dict[str, set[str]] = {}
    spoken_of: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    unfinished = out.with_name(f".{out.name}.partial")  # hidden from who reads the folder
    changed = _changed(source / name)
    try:
        out.parent.mkdir(0o700, parents=True, exist_ok=True)
        unfinished.touch()
        unfinished.chmod(stat.S_IMODE(out.stat().st_mode) if out.exists() else 0o600)  # which the writer keeps
        with pq.ParquetWriter(unfinished, exports.schema(), compression="zstd") as writer:
            for part in piece.pieces([str(source / name)]):
                if part.at_once and part.error:
                    raise part.error
                result = worker(part)
                if part.changed():
                    raise piece.changed_meanwhile(str(source / name))
                if result.scattered or not seen.isdisjoint(result.graphs):
                    raise DocumentationError(
                        "the quads of a graph do not stand together",
                        where=str(source / name),
                        mend="Sort the file by graph",
                    )
                seen.update(result.graphs)
                records = [fields.table_row(json.loads(row.line)) for row in result.rows]
                writer.write_table(pa.Table.from_pylist(records, exports.schema()))
                reasons += [str(rejection.error) for rejection in result.rejections]
                count += len(records)
                for row in result.rows:
                    described.setdefault(row.request, set()).add(row.source)
                for rejection in result.rejections:
                    for request in rejection.spoken_of:
                        spoken_of.setdefault(request, set()).add(rejection.source)
        refused = sorted(name for name, data_sets in described.items() if len(data_sets) > 1 or name in spoken_of)
        if refused:
            found = pq.read_table(unfinished)
            kept = found.filter(pc.invert(pc.is_in(found["request"], pa.array(refused, pa.string()))))
            pq.write_table(kept, unfinished, compression="zstd")
            reasons += [
                str(refusal(name, sorted(described[name]), sorted(spoken_of.get(name, ())))) for name in refused
            ]
            count = kept.num_rows
        os.utime(unfinished, ns=(changed, changed))
        unfinished.replace(out)
    except OSError as error:
        raise cannot_be_written(out, _RESULT, error) from error
    except NecessityError as error:
        reasons = [str(error)]
        out.unlink(missing_ok=True)  # it is of what the file was before
    finally:
        unfinished.unlink(missing_ok=True)
    return out, count, reasons
