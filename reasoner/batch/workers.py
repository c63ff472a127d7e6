"""Workers: pieces of the input determined in this process or in several others."""

from __future__ import annotations

import contextlib
import gc
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from reasoner.batch.lines import LineWriter
from reasoner.batch.model import Job, PieceResult, Rejection, Row
from reasoner.chart.fast import chart, stream
from reasoner.chart.fast.piece import ARROW, QUADS, Piece
from reasoner.chart.fast.stream import StreamedDataSet
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.determination.engine import Engine
from reasoner.determination.model import Determination
from reasoner.ground.errors import EngineError, NecessityError, ProgramError, UsageError, contained
from reasoner.ground.processes import end_with_parent, in_order
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.render.json import to_json

if TYPE_CHECKING:
    from reasoner.batch.columns import ColumnWriter, Line

SMALL = 8 * 2**20
"""Input of fewer bytes than this is determined by one process, unless a number is given."""
_AS_OF = terms.of(NEC.asOf)

DeterminePieces = Callable[[Iterator[Piece]], Iterator[PieceResult]]
"""Determines pieces and gives their results in the same order."""


class Worker:
    """Determines pieces, one after the other, with the policy loaded once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._policy = job.policy.load()
        self._begin()

    def _begin(self) -> None:
        self._column_writer: ColumnWriter | None = None
        self._line_writer = LineWriter(self._policy, self._job.configuration, alternatives=self._job.alternatives)

    @contextlib.contextmanager
    def _contained(self, source: str) -> Iterator[None]:
        """The same as `contained`; what was learned of charts is learned anew after a fault, since it may be half-written."""
        try:
            with contained(source):
                yield
        except ProgramError:
            self._forget()
            raise

    def _forget(self) -> None:
        chart.reader.cache_clear()
        stream.node_reader.cache_clear()
        self._begin()

    def __call__(self, piece: Piece) -> PieceResult:
        """The rows, rejections and notes of a piece; an error in the input is a rejection, never raised."""
        result = PieceResult(piece)
        job = self._job
        try:
            with self._contained(piece.name):
                for group in stream.run_groups(piece, self._policy, as_of=job.as_of, options=job.options):
                    self._determine_group(group, result)
        except stream.ScatteredError:
            return PieceResult(piece, scattered=True)
        except NecessityError as error:
            if isinstance(error, ProgramError) and piece.suffix in (QUADS, ARROW) and not piece.at_once:
                return PieceResult(piece, scattered=True)  # the whole file is read graph by graph
            result.read += 1
            result.rejected += 1
            result.rejections.append(Rejection(piece.name, error))
        return result

    def _determine_group(self, group: stream.RunGroup, result: PieceResult) -> None:
        """Determine runs: as columns, where their lines follow from these, the others one by one."""
        lines: dict[int, tuple[str, list[Line]]] = {}
        try:
            with self._contained(group.name):
                lines = self._told_together(group)
        except ProgramError as fault:
            result.notes.append((group.name, f"{fault.problem}; what it holds was determined one by one. {fault.mend}"))
        for place, run in enumerate(group.runs):
            if place not in lines or place in group.doubtful:
                try:
                    with contained(run.source):
                        for data_set in run.data_sets():
                            self._determine(data_set, result)
                except ProgramError as fault:
                    self._determine(StreamedDataSet(run.source, run.graph, error=fault), result)
                continue
            request, of_run = lines[place]
            result.notes += [(run.source, note) for note in run.notes]
            if run.graph:
                result.graphs.append((result.piece.files[0], run.source))
            result.rows += [Row(run.source, request, *line) for line in of_run]
            result.read += 1
            result.determined += 1

    def _told_together(self, group: stream.RunGroup) -> dict[int, tuple[str, list[Line]]]:
        """The request and the lines of those runs whose lines follow from columns, by their places."""
        job = self._job
        if job.engine is not Engine.FAST or job.whole or not (found := group.columns()):
            return {}
        told = self._columns().lines(found.table, group.name, job.as_of, job.today)
        return {found.places[run]: of_run for run, of_run in told.items()}

    def _columns(self) -> ColumnWriter:
        from reasoner.batch.columns import ColumnWriter

        if self._column_writer is None:
            self._column_writer = ColumnWriter(self._policy, self._line_writer)
        return self._column_writer

    def _determine(self, data_set: StreamedDataSet, result: PieceResult) -> None:
        """Add what comes of a data set to the result of its piece."""
        job = self._job
        result.notes += [(data_set.source, note) for note in data_set.notes]
        if data_set.notes and not data_set.cases and not data_set.error:
            return  # it only says what is not used
        before = len(result.rejections), len(result.rows)
        result.read += 1
        if data_set.graph:
            result.graphs.append((result.piece.files[0], data_set.source))
        if isinstance(data_set.error, ProgramError):
            self._forget()
        if data_set.error:
            told = (data_set.raw, data_set.suffix, data_set.spoken_of)
            result.rejections.append(Rejection(data_set.source, data_set.error, *told))
        for case in data_set.cases:
            if job.as_of is None and job.today != date.today() and not any(p == _AS_OF for _, p, _ in case.facts):
                case = replace(case, as_of=job.today)  # the batch began on another day
            try:
                with self._contained(data_set.source):
                    rows = [Row(data_set.source, case.iri, *line) for line in self._lines(case)]
            except NecessityError as error:
                result.rejections.append(Rejection(data_set.source, error, spoken_of=(case.iri,)))
            else:
                result.rows += rows
        result.rejected += len(result.rejections) > before[0]
        result.determined += len(result.rejections) == before[0] and len(result.rows) > before[1]

    def _lines(self, case: Case) -> Iterator[tuple[str, str, str]]:
        """The start of service, the outcome and the line of each determination of a case."""
        job = self._job
        if job.engine is Engine.FAST and not job.whole:
            yield from self._line_writer.lines(case)
            return
        determinations = determine_case(
            case, self._policy, configuration=job.configuration, alternatives=job.alternatives, engine=job.engine
        )
        for determination in determinations:
            line = _whole_line(determination) if job.whole else self._line_writer.brief(determination)
            yield determination.service_start.isoformat(), determination.outcome.value, line


@lru_cache(maxsize=2)
def worker_of_briefs(job: Job) -> Worker:
    """The worker of this process for a job that writes tables, made once; raises `UsageError` for one of whole determinations."""
    if job.whole:
        raise UsageError("a job for tables writes briefs", mend="Leave out `whole`")
    return Worker(job)


def _whole_line(determination: Determination) -> str:
    """A whole determination as a line of JSON."""
    return json.dumps(to_json(determination), ensure_ascii=False)


def process_count(jobs: int | None, total: int) -> int:
    """How many processes a batch takes.

    Args:
        jobs: as many as are asked for, 0 for one a core; None for one a core, or a single one if the input is small.
        total: bytes of input.
    """
    if jobs is None and total < SMALL:
        return 1
    return jobs or os.cpu_count() or 1


@contextlib.contextmanager
def workers(job: Job, jobs: int) -> Iterator[DeterminePieces]:
    """What determines pieces, until the context ends.

    Args:
        job: how to determine.
        jobs: how many processes; with one, this process does the work itself.

    Raises:
        EngineError: a process was lost.
    """
    worker = Worker(job)  # before any fork, so that the other processes have the compiled policy already
    if jobs > 1:
        with _pool(job, jobs) as determine:
            yield determine
        return

    def determine_here(pieces: Iterator[Piece]) -> Iterator[PieceResult]:
        for piece in pieces:
            with _collection_paused():
                result = worker(piece)
            yield result

    yield determine_here


@contextlib.contextmanager
def _pool(job: Job, jobs: int) -> Iterator[DeterminePieces]:
    # A fork beside other threads would not be safe.
    forked = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forked else "spawn")
    others = {*multiprocessing.active_children()}
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(job,))

    def determine_there(pieces: Iterator[Piece]) -> Iterator[PieceResult]:
        with _signals_held():
            pool.submit(os.getpid)  # starts the processes
        lost = EngineError(
            "a process of the batch was ended from outside, perhaps because memory ran out",
            mend="Resume with fewer --jobs",
        )
        return in_order(lambda piece: pool.submit(_work, piece), pieces, 3 * jobs, lost)

    done = False
    try:
        yield determine_there
        done = True
    finally:
        # Nobody waits for what they do, and of a pool that has only just started them nothing else would end them.
        for process in set() if done else {*multiprocessing.active_children()} - others:
            process.terminate()
        with contextlib.suppress(RuntimeError):  # of a thread of the pool that was not started yet
            pool.shutdown(cancel_futures=True)


_SIGNALS = signal.SIGINT, signal.SIGTERM


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Let signals wait: what they raise in a fork is lost, and a process that is new is not ready for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_worker: Worker | None = None
"""The worker of this process, where it was started to be one."""


def _start(job: Job) -> None:
    """Make this process ready to work."""
    global _worker
    terms.hide_truth_values()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process handles it and ends the others
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    end_with_parent()
    _worker = Worker(job)
    gc.collect()
    gc.freeze()


def _work(piece: Piece) -> PieceResult:
    if _worker is None:
        raise EngineError("a process was given a piece of the batch before it was started for the job")
    with _collection_paused():
        return _worker(piece)


@contextlib.contextmanager
def _collection_paused() -> Iterator[None]:
    """Without garbage collection meanwhile: reading makes very many objects and hardly a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
        gc.collect(1)
