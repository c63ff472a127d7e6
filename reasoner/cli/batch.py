"""Determining many charts: by several processes, resumable, with rejected data sets set aside."""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.cli.options import new_file, new_folder, print_notes, print_passed_over
from reasoner.cli.output import (
    DONE,
    INTERRUPTED,
    SOME,
    TERMINATED,
    Threshold,
    delete_unfinished,
    is_written_through,
    say,
    write,
    writer,
)
from reasoner.cli.parser import listed
from reasoner.ground.display import counted
from reasoner.ground.errors import UsageError
from reasoner.ground.locks import locked

if TYPE_CHECKING:
    from reasoner.batch.model import Job, Results, Tally
    from reasoner.batch.run import Progress
    from reasoner.batch.state import BatchState
    from reasoner.cli.formats import StreamFormat
    from reasoner.cli.options import Basis, Inputs, Method
    from reasoner.cli.output import Gate

_FIRST, _NEXT = 2.0, 5.0


def add(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Add the options of batches, which are for some formats only."""
    group = parser.add_argument_group(f"batches, with --format {listed(formats)}")
    group.add_argument(
        "--jobs",
        metavar="N",
        type=_processes,
        help="number of processes, 0 for one per core; default: depends on the size of the input",
    )
    group.add_argument(
        "--resume",
        nargs="?",
        const="always",
        choices=("always", "auto"),
        metavar="auto",
        help="continue an interrupted batch, with the same --out; auto begins anew if there is none to continue",
    )
    group.add_argument(
        "--quarantine", metavar="DIR", type=new_folder, help="copy rejected data sets to a folder, with the reasons"
    )
    group.add_argument(
        "--max-quarantined",
        metavar="N|P%",
        type=_threshold,
        help="accept this many rejections, or this share of the data sets read; exit with 1 if there are more",
    )
    group.add_argument("--lineage", metavar="FILE", type=new_file, help="write an OpenLineage run event")


@dataclass(frozen=True)
class BatchOptions:
    """How a batch runs, and what it leaves behind."""

    out: Path | None
    """The file of the results; None for standard output."""
    mode: int | None
    """Permissions of that file; None for those that it has."""
    jobs: int | None
    """Processes, 0 for one a core; None for what suits the input's size."""
    resume: str | None
    """Whether an interrupted batch is continued: ``always``, or ``auto`` if there is one; None to begin anew."""
    quarantine: Path | None
    """The folder that rejected data sets are set aside in."""
    lineage: Path | None
    """The file of the OpenLineage run event."""


def run(inputs: Inputs, basis: Basis, method: Method, form: StreamFormat, gate: Gate, how: BatchOptions) -> int:
    """Determine charts and write them in a format that streams; returns the exit code."""
    from reasoner.batch import lineage, reports
    from reasoner.batch import run as batch
    from reasoner.batch.model import Job, Results
    from reasoner.batch.workers import process_count
    from reasoner.chart.fast import piece

    job = Job(
        policy=basis.location,
        configuration=basis.configuration,
        as_of=inputs.as_of,
        options=inputs.request,
        alternatives=method.alternatives,
        engine=method.engine,
        whole=form.whole,
    )
    if how.quarantine:
        _refuse_inside(how.quarantine, inputs.paths)
    size = _size(inputs.paths)
    with _state(job, how) as state, locked(how.quarantine, reports.QUARANTINE) if how.quarantine else nullcontext():
        totals = batch.run(
            state,
            piece.pieces(inputs.paths, inputs.stdin_suffix),
            jobs=process_count(how.jobs, size.stored),
            total=size.read,
            progress=_progress_printer(size.rows),
        )
        for source, note in state.notes():
            print_notes(source, [note])
        results = Results(
            policy=basis.policy,
            rows=state.rows,
            rejections=state.rejections,
            outcomes=state.outcomes(),
            rejected=state.rejected(),
            fail_on=gate.fail_on,
        )
        if how.quarantine:
            reports.quarantine(how.quarantine, state.rejections())
        if how.out and state.path:  # no other run of this batch is at work
            delete_unfinished(how.out)
        with writer(how.out, how.mode) as stream:
            form.write(results, stream)
        _print_rejected(results, totals, how.quarantine)
        print_passed_over(inputs.paths)
        _print_totals(totals, results)
        code = gate.code(results.outcomes, results.rejected, totals.read)
        if how.lineage:
            passed = code in (DONE, SOME)
            event = lineage.event(results, totals, inputs.paths, how.out, passed=passed, engine=job.engine)
            write(json.dumps(event, indent=2) + "\n", how.lineage, option="--lineage")
        state.discard()
    return code


@dataclass(frozen=True)
class _Size:
    """How large the input is, as far as that is known beforehand."""

    stored: int
    """Bytes of its files on this machine."""
    read: int
    """Bytes that will be read; 0 where some are packed or elsewhere."""
    rows: int
    """Rows, if it is tables alone; else 0."""


def _size(paths: Iterable[str]) -> _Size:
    from reasoner.chart import sources
    from reasoner.chart.packing import file_type
    from reasoner.chart.tables.parquet import row_count

    files = list(sources.find(paths, sources.ALL_SUFFIXES))
    stored = sum(sources.state_of(name).size for name in files if sources.is_local(name))
    plain = all(sources.is_local(name) and not file_type(name)[1] for name in files)
    are_tables = plain and stored and all(file_type(name)[0] == sources.TABLE for name in files)
    return _Size(stored, stored if plain else 0, row_count(files) if are_tables else 0)


def _refuse_inside(quarantine: Path, paths: Iterable[str]) -> None:
    """Raise `UsageError` for a quarantine in a folder of the input, or where a pattern reaches: the next run would read it."""
    from reasoner.chart import sources
    from reasoner.chart.folders import KEPT_BY_TOOLS

    target = quarantine.resolve()
    for path in paths:
        patterned = not Path(path).exists()
        for source in map(Path.resolve, map(Path, sources.matches(path) if patterned else [path])):
            inside = target.relative_to(source).parts if source.is_dir() and target.is_relative_to(source) else ("_",)
            kept = any(part.startswith(KEPT_BY_TOOLS) for part in inside)
            if not kept or (patterned and source.parent == target):
                raise UsageError(
                    f"--quarantine is in {path}, so the next run would read it",
                    where=str(quarantine),
                    mend="Name a folder elsewhere, or one whose name begins with _",
                )


@contextmanager
def _state(job: Job, how: BatchOptions) -> Iterator[BatchState]:
    from reasoner.batch.state import BatchState, cannot_be_kept

    path = how.out.with_name(how.out.name + ".state") if how.out and not is_written_through(how.out) else None
    resume = how.resume == "always" or (how.resume == "auto" and path is not None and BatchState.fits(path, job))
    state = BatchState(path, job, resume=resume)
    try:
        yield state
    except (KeyboardInterrupt, SystemExit) as ended:
        state.close()
        resumable = f"; what is done is kept in {path}: go on with --resume" if path else ""
        say("", f"necessity: interrupted{resumable}")
        raise SystemExit(INTERRUPTED if isinstance(ended, KeyboardInterrupt) else TERMINATED) from None
    except sqlite3.Error as error:
        raise cannot_be_kept(error, path) from error
    finally:
        state.close()


def _progress_printer(rows: int) -> Callable[[Progress], None]:
    """A function that prints progress to standard error: after `_FIRST` seconds, then every `_NEXT` seconds.

    Args:
        rows: how many rows the input has, if it is tables alone; else 0.
    """
    due = time.monotonic() + _FIRST

    def show(progress: Progress) -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due = time.monotonic() + _NEXT
        rate = progress.requests / progress.seconds
        done, total, unit = progress.done / 2**20, progress.total / 2**20, "MiB"
        if rows:
            done, total, unit = (progress.rows, rows, "rows") if progress.rows else (done, 0, unit)
        share = f" of {total:,.0f}" if total else ""
        left = f", about {round(progress.seconds * max(0, total - done) / done)} s left" if total and done else ""
        say(f"{progress.requests:,} requests, {done:,.0f}{share} {unit}, {rate:,.0f} requests a second{left}")

    return show


def _print_rejected(results: Results, totals: Tally, quarantine: Path | None) -> None:
    if quarantine:
        if results.rejected:
            say(f"rejected: {counted(totals.rejected, 'data set')}, set aside in {quarantine}")
        return
    for rejection in results.rejections():
        say(f"rejected: {rejection.error}")


def _print_totals(totals: Tally, results: Results) -> None:
    """Say what became of the input."""
    if outcomes := results.outcomes:
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
        say(f"{counted(sum(outcomes.values()), 'determination')}: {each}")
    read, rejections = counted(totals.read, "data set"), counted(results.rejected, "rejection")
    once = f" in {rejections}" if results.rejected != totals.rejected else ""
    say(f"read {read}: {totals.determined:,} determined, {totals.rejected:,} rejected{once}")


def _processes(text: str) -> int:
    """A number of processes."""
    if not re.fullmatch("[0-9]{1,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; 0 is one per core")
    return int(text)


def _threshold(text: str) -> Threshold:
    """A number of data sets, or a share of them in percent."""
    share = text.endswith("%")
    try:
        value = float(text.removesuffix("%")) if share else int(text)
    except ValueError:
        value = -1.0
    if value < 0 or (share and value > 100):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of data sets nor a share such as 0.5%")
    return Threshold(value, share)
