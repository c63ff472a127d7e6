"""Determining many charts: in pieces, by several processes, resumable, with what is rejected set aside."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.cli import options as inputs
from reasoner.cli.output import DONE, FAILED_ON, INTERRUPTED, exit_code, write, writer
from reasoner.errors import UsageError

if TYPE_CHECKING:
    from reasoner.batch import Batch, Progress
    from reasoner.export import Results
    from reasoner.piece import Piece

FORMATS = ("compact", "jsonl", "csv", "parquet", "junit", "sarif", "summary")
"""The forms that are written as a stream."""
_FIRST, _NEXT = 2.0, 5.0


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of batches."""
    parser.add_argument(
        "--jobs", metavar="N", type=int, help="processes, 0 for one a core (default: by the input's size)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted batch; needs the same --out")
    parser.add_argument("--quarantine", metavar="DIR", type=Path, help="set rejected data sets aside, with the reasons")
    parser.add_argument(
        "--max-quarantined",
        metavar="N|P%",
        type=_threshold,
        help="as many rejected data sets are no failure; exit with 1 beyond",
    )
    parser.add_argument("--lineage", metavar="FILE", type=Path, help="write an OpenLineage run event")


def run(options: argparse.Namespace) -> int:
    """Determine what the options name, in one of `FORMATS`."""
    from reasoner import export, intake, lineage
    from reasoner.batch import processes

    job = _job(options)
    suffix = inputs.reading(options, intake.STDIN)["suffix"]
    total = sum(os.stat(name).st_size for name in _files(options.paths) if name != intake.STDIN)
    jobs = processes(options.jobs, total)
    with _batch(options, job) as batch:
        batch.run(_pieces(options.paths, suffix), jobs=jobs, total=total, progress=_teller())
        for source, note in batch.notes():
            inputs.print_notes(source, [note])
        results = export.Results(
            policy=inputs.policy(options),
            rows=batch.rows,
            rejections=batch.rejections,
            outcomes=batch.outcomes(),
            rejected=batch.rejected(),
            fail_on=options.fail_on,
        )
        with writer(options.out) as stream:
            export.write(results, options.format, stream)
        if options.quarantine:
            export.quarantine(options.quarantine, batch.rejections())
        _tell_rejected(batch, options.quarantine)
        code = _verdict(results, options)
        if options.lineage:
            event = lineage.event(
                results, options.paths, options.out, passed=code in (DONE, exit_code(1, 1)), engine=job.engine
            )
            write(json.dumps(event, indent=2) + "\n", options.lineage)
        batch.discard()
    return code


def _job(options: argparse.Namespace) -> Any:
    from reasoner.batch import Job
    from reasoner.engine import Engine

    policy = inputs.policy(options)
    return Job(
        policy=options.policy,
        root=options.policies,
        configuration=inputs.configuration(options, policy),
        as_of=options.as_of,
        options=inputs.reading(options, "")["options"],
        alternatives=options.readings == "all",
        engine=Engine(options.engine),
        whole=options.format == "jsonl",
    )


@contextmanager
def _batch(options: argparse.Namespace, job: Any) -> Iterator[Batch]:
    from reasoner.batch import Batch

    if options.resume and options.out is None:
        raise UsageError("--resume needs the --out of the batch that was interrupted")
    path = options.out.with_name(options.out.name + ".state") if options.out else None
    batch = Batch(path, job, resume=options.resume)
    try:
        yield batch
    except KeyboardInterrupt:
        batch.close()
        kept = f"; what is done is kept in {path}: go on with --resume" if path else ""
        print(f"\nnecessity: interrupted{kept}", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    finally:
        batch.close()


def _files(paths: list[str]) -> Iterator[str]:
    from reasoner import intake, piece

    return intake.find(paths, piece.SUFFIXES)


def _pieces(paths: list[str], suffix: str | None) -> Iterator[Piece]:
    from reasoner import piece

    return piece.pieces(paths, suffix)


def _teller() -> Any:
    """What tells how far it is, on standard error: after some seconds, and then from time to time."""
    due = time.monotonic() + _FIRST

    def tell(progress: Progress) -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due = time.monotonic() + _NEXT
        rate = progress.requests / progress.seconds
        share = f" of {progress.total / 2**20:,.0f}" if progress.total else ""
        left = ""
        if progress.total and progress.done:
            seconds = progress.seconds * (progress.total - progress.done) / progress.done
            left = f", about {max(0, round(seconds))} s left"
        print(
            f"{progress.requests:,} requests, {progress.done / 2**20:,.0f}{share} MiB, {rate:,.0f} requests a second{left}",
            file=sys.stderr,
        )

    return tell


def _tell_rejected(batch: Batch, quarantine: Path | None) -> None:
    if quarantine:
        if batch.rejected():
            print(f"rejected: {batch.rejected()} data sets, set aside in {quarantine}", file=sys.stderr)
        return
    for rejection in batch.rejections():
        print(f"rejected: {rejection.error}", file=sys.stderr)


def _threshold(text: str) -> tuple[float, bool]:
    """A number of data sets, or a share of them in percent."""
    share = text.endswith("%")
    try:
        value = float(text.removesuffix("%")) if share else int(text)
    except ValueError:
        value = -1.0
    if value < 0 or (share and value > 100):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of data sets nor a share such as 0.5%")
    return value, share


def _verdict(results: Results, options: argparse.Namespace) -> int:
    done, rejected = sum(results.outcomes.values()), results.rejected
    if any(results.outcomes.get(outcome) for outcome in options.fail_on):
        return FAILED_ON
    if options.max_quarantined is not None and rejected:
        limit, share = options.max_quarantined
        if rejected > (limit * (done + rejected) / 100 if share else limit):
            return FAILED_ON
        return exit_code(done, 0)
    return exit_code(done, rejected)
