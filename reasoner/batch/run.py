"""Batches: any number of charts determined by any number of processes, with what was done kept until all of it is.

Results lie in a database beside the output until the last piece is done; then they are put in the order of their
requests and written whole. A batch that was interrupted, in whatever way, goes on from there and ends with the same bytes.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.batch.lines import LineWriter
from reasoner.chart.fast import stream
from reasoner.chart.fast.piece import Piece
from reasoner.chart.fast.stream import StreamedDataSet
from reasoner.chart.model import Case
from reasoner.determination.determine import determine_case
from reasoner.determination.engine import DEFAULT_ENGINE, Engine, software_version
from reasoner.ground.errors import DocumentationError, EngineError, NecessityError, UsageError
from reasoner.policy.configuration import Configuration
from reasoner.policy.loading import PolicyLocation
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.render.json import to_json

if TYPE_CHECKING:
    from reasoner.chart.fhir.request import RequestOptions

SMALL = 8 * 2**20
"""Input of fewer bytes than this is determined by one process, unless a number is given."""
_AS_OF = terms.of(NEC.asOf)
_TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE piece (key TEXT PRIMARY KEY);
CREATE TABLE data_set (piece TEXT, file TEXT, source TEXT);
CREATE TABLE row (piece TEXT, source TEXT, request TEXT, start TEXT, outcome TEXT, line TEXT);
CREATE TABLE bad (piece TEXT, source TEXT, problem TEXT, place TEXT, mend TEXT, suffix TEXT, raw BLOB);
CREATE TABLE note (piece TEXT, source TEXT, text TEXT);
"""


@dataclass(frozen=True)
class Job:
    """How a batch is determined."""

    policy: PolicyLocation = field(default_factory=PolicyLocation)
    """Where each process loads the policy from."""
    configuration: Configuration | None = None
    as_of: date | None = None
    today: date = field(default_factory=date.today)
    """The day of review of requests that state none."""
    options: RequestOptions | None = None
    """Facts of the request that FHIR does not state."""
    alternatives: bool = True
    engine: Engine = DEFAULT_ENGINE
    whole: bool = False
    """Whether the lines are whole records, as of ``--format jsonl``, rather than briefs."""

    def digest(self) -> str:
        """A digest of all that the lines follow from beside the input."""
        chosen = self.configuration.digest if self.configuration else ""
        policy = self.policy.load().digest
        said = (policy, chosen, self.as_of, self.options, self.alternatives, self.engine.value, self.whole)
        return hashlib.sha256(repr((said, software_version())).encode()).hexdigest()


@dataclass(frozen=True)
class Row:
    """A determination as a line of JSON."""

    source: str
    request: str
    start: str
    outcome: str
    line: str


@dataclass(frozen=True)
class Rejection:
    """A data set that nothing is determined from, and why."""

    source: str
    error: NecessityError
    raw: bytes = field(default=b"", repr=False)
    """Its content, where it is known."""
    suffix: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    done: int
    """Bytes of input."""
    total: int
    """Bytes of input in all; 0 where that is not known."""
    requests: int
    seconds: float


@dataclass
class _Done:
    """What a worker made of a piece."""

    piece: Piece
    sets: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    bad: list[Rejection] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    scattered: bool = False


class Batch:
    """The state of a batch: a database file that outlives the process until it is discarded.

    Args:
        path: the file; None for one that goes with the process.
        job: how to determine.
        resume: whether to go on with what the file holds.

    Raises:
        UsageError: there is nothing to go on with, or it is of another job; or the file cannot be written.
    """

    def __init__(self, path: Path | None, job: Job, *, resume: bool = False) -> None:
        self.path = path
        if resume and (path is None or not path.exists()):
            raise UsageError(
                "there is no interrupted batch to resume", where=str(path or ""), mend="Run it without --resume"
            )
        if path and not resume:
            discard(path)
        try:
            self._db = sqlite3.connect(path or "", isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute("PRAGMA temp_store = FILE")
            if not self._db.execute("SELECT name FROM sqlite_master").fetchall():
                self._db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise UsageError(f"the state of the batch cannot be kept: {error}", where=str(path)) from error
        known = dict(self._db.execute("SELECT name, value FROM setting"))
        if known and known["job"] != job.digest():
            raise UsageError(
                "the interrupted batch had other options, another policy or another version of the software",
                where=str(path),
                mend="Resume it with the same, or start anew without --resume",
            )
        today = date.fromisoformat(known["today"]) if known else job.today
        self.job = replace(job, today=today)
        if not known:
            self._db.executemany(
                "INSERT INTO setting VALUES (?, ?)", [("job", job.digest()), ("today", today.isoformat())]
            )
        self._wanted: set[str] = set()

    def run(
        self,
        pieces: Iterator[Piece],
        *,
        jobs: int = 1,
        total: int = 0,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Determine all pieces that are not done yet, and put the results together.

        Args:
            pieces: the input, as `reasoner.chart.fast.piece.pieces` cuts it.
            jobs: how many processes determine.
            total: bytes of input, to tell how far it is.
            progress: called after each piece.

        Raises:
            EngineError: a process was lost; what is done is kept.
        """
        done = {key for (key,) in self._db.execute("SELECT key FROM piece")}
        started, size, requests = time.monotonic(), 0, 0
        scattered: dict[str, Piece] = {}

        def fresh() -> Iterator[Piece]:
            nonlocal size
            for piece in pieces:
                key = piece.key()
                self._wanted.add(key)
                if key in done:
                    size += piece.size()
                else:
                    yield piece

        with _workers(self.job, jobs) as work:
            for result in work(fresh()):
                if result.scattered:
                    scattered.setdefault(result.piece.files[0], result.piece)
                else:
                    self._keep(result)
                size, requests = size + result.piece.size(), requests + len(result.rows)
                progress(Progress(size, total, requests, time.monotonic() - started))
            for file, piece in self._scattered(scattered).items():
                self._forget(file)
                for result in work(iter([piece.whole()])):
                    self._wanted.add(result.piece.key())
                    self._keep(result)
        self._drop_unwanted()
        self._refuse_duplicates()

    def rows(self) -> Iterator[Row]:
        """The determinations, ordered by request and service start."""
        found = self._db.execute("SELECT source, request, start, outcome, line FROM row ORDER BY request, start")
        for values in found:
            yield Row(*values)

    def rejections(self) -> Iterator[Rejection]:
        """The data sets that were rejected, ordered by source."""
        found = self._db.execute(
            "SELECT source, problem, place, mend, raw, suffix FROM bad ORDER BY source, problem, place, raw"
        )
        for source, problem, place, mend, raw, suffix in found:
            yield Rejection(source, DocumentationError(problem, where=place, mend=mend), raw, suffix)

    def notes(self) -> Iterator[tuple[str, str]]:
        """What was not used of the input: source and note."""
        yield from self._db.execute("SELECT DISTINCT source, text FROM note ORDER BY source, text")

    def outcomes(self) -> dict[str, int]:
        """How many determinations have each outcome."""
        return dict(self._db.execute("SELECT outcome, COUNT(*) FROM row GROUP BY outcome ORDER BY outcome"))

    def rejected(self) -> int:
        """How many data sets were rejected."""
        return int(self._db.execute("SELECT COUNT(*) FROM bad").fetchone()[0])

    def close(self) -> None:
        """Let go of the file; it can be resumed."""
        self._db.close()

    def discard(self) -> None:
        """Let go of the file and delete it."""
        self.close()
        if self.path:
            discard(self.path)

    def _keep(self, result: _Done) -> None:
        """Record a piece with all that came of it, whole or not at all."""
        key, db = result.piece.key(), self._db
        db.execute("BEGIN")
        db.execute("INSERT OR REPLACE INTO piece VALUES (?)", (key,))
        db.executemany("INSERT INTO data_set VALUES (?, ?, ?)", [(key, *one) for one in result.sets])
        db.executemany(
            "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)",
            [(key, r.source, r.request, r.start, r.outcome, r.line) for r in result.rows],
        )
        db.executemany(
            "INSERT INTO bad VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(key, b.source, b.error.problem, b.error.where, b.error.mend, b.suffix, b.raw) for b in result.bad],
        )
        db.executemany("INSERT INTO note VALUES (?, ?, ?)", [(key, *one) for one in result.notes])
        db.execute("COMMIT")

    def _scattered(self, known: dict[str, Piece]) -> dict[str, Piece]:
        """The files in which the quads of a graph stand in two pieces, or something stands in no graph."""
        found = self._db.execute(
            "SELECT DISTINCT file FROM data_set WHERE file != '' GROUP BY file, source HAVING COUNT(*) > 1"
        )
        return known | {file: Piece((file,)) for (file,) in found if file not in known}

    def _forget(self, file: str) -> None:
        """Take out what came of the pieces of a file."""
        rows = self._db.execute("SELECT DISTINCT piece FROM data_set WHERE file = ?", (file,)).fetchall()
        self._drop([piece for (piece,) in rows])

    def _drop_unwanted(self) -> None:
        known = {key for (key,) in self._db.execute("SELECT key FROM piece")}
        self._drop(sorted(known - self._wanted))

    def _drop(self, keys: list[str]) -> None:
        self._db.execute("BEGIN")
        for table in ("data_set", "row", "bad", "note"):
            self._db.executemany(f"DELETE FROM {table} WHERE piece = ?", [(key,) for key in keys])  # noqa: S608
        self._db.executemany("DELETE FROM piece WHERE key = ?", [(key,) for key in keys])
        self._db.execute("COMMIT")

    def _refuse_duplicates(self) -> None:
        """Reject the requests that more than one data set describes, all of them."""
        db = self._db
        db.execute("CREATE INDEX IF NOT EXISTS by_request ON row (request, start)")
        twice = db.execute(
            "SELECT request FROM row GROUP BY request HAVING COUNT(DISTINCT source) > 1 OR COUNT(DISTINCT piece) > 1"
        ).fetchall()
        db.execute("BEGIN")
        for (request,) in twice:
            found = db.execute("SELECT DISTINCT source, piece FROM row WHERE request = ? ORDER BY source", (request,))
            sources = [source for source, _ in found]
            db.execute("DELETE FROM row WHERE request = ?", (request,))
            db.execute(
                "INSERT INTO bad VALUES ('', ?, ?, ?, ?, '', ?)",
                (
                    sources[0],
                    f"the request <{request}> is described in more than one data set",
                    ", ".join(sources),
                    "Keep a request and its statements in one data set",
                    b"",
                ),
            )
        db.execute("COMMIT")


def discard(path: Path) -> None:
    """Delete the state of a batch."""
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with contextlib.suppress(FileNotFoundError):
            name.unlink()


class Worker:
    """Determines pieces, one after the other."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._policy = job.policy.load()
        self._desk = LineWriter(self._policy, job.configuration, alternatives=job.alternatives)

    def __call__(self, piece: Piece) -> _Done:
        """What comes of a piece."""
        done = _Done(piece)
        job = self._job
        try:
            for found in stream.read(piece, self._policy, as_of=job.as_of, options=job.options):
                self._determine(found, done)
        except stream.ScatteredError:
            return _Done(piece, scattered=True)
        except NecessityError as error:
            done.bad.append(Rejection(piece.name, error))
        return done

    def _determine(self, found: StreamedDataSet, done: _Done) -> None:
        job = self._job
        done.notes += [(found.source, note) for note in found.notes]
        if found.graph:
            done.sets.append((done.piece.files[0], found.source))
        if found.error:
            done.bad.append(Rejection(found.source, found.error, found.raw, found.suffix))
        for case in found.cases:
            if job.as_of is None and job.today != date.today() and not any(p == _AS_OF for _, p, _ in case.facts):
                case = replace(case, as_of=job.today)  # the batch began on another day
            try:
                rows = [Row(found.source, case.iri, *line) for line in self._lines(case)]
            except NecessityError as error:
                done.bad.append(Rejection(found.source, error))
            else:
                done.rows += rows

    def _lines(self, case: Case) -> Iterator[tuple[str, str, str]]:
        """The start of service, the outcome and the line of each determination of a case."""
        job = self._job
        if job.engine is Engine.FAST and not job.whole:
            yield from self._desk.lines(case)
            return
        determinations = determine_case(
            case, self._policy, configuration=job.configuration, alternatives=job.alternatives, engine=job.engine
        )
        for found in determinations:
            line = json.dumps(to_json(found), ensure_ascii=False) if job.whole else self._desk.of(found)
            yield found.service_start.isoformat(), found.outcome.value, line


_worker: Worker | None = None


def _start(job: Job) -> None:
    global _worker
    terms.hide_truth_values()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is told, and ends the others
    _worker = Worker(job)
    gc.collect()
    gc.freeze()


def _work(piece: Piece) -> _Done:
    assert _worker is not None  # _start made it
    with _uncollected():
        return _worker(piece)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles meanwhile: reading makes a great many objects and hardly a cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
        gc.collect(1)


@contextlib.contextmanager
def _workers(job: Job, jobs: int) -> Iterator[Callable[[Iterator[Piece]], Iterator[_Done]]]:
    """What determines pieces: this process, or several others, in the order in which they come."""
    worker = Worker(job)
    if jobs <= 1:

        def here(pieces: Iterator[Piece]) -> Iterator[_Done]:
            for piece in pieces:
                with _uncollected():
                    result = worker(piece)
                yield result

        yield here
        return
    # A copy of this process has the policy already; beside other threads it would not be safe.
    forked = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forked else "spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(job,))

    def there(pieces: Iterator[Piece]) -> Iterator[_Done]:
        waiting: deque[Future[_Done]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(_work, piece))
                if len(waiting) >= 3 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise EngineError(
                "a process of the batch was ended from outside, as for want of memory", mend="Resume with fewer --jobs"
            ) from error
        finally:
            for future in waiting:
                future.cancel()

    try:
        yield there
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def processes(jobs: int | None, total: int) -> int:
    """How many processes a batch takes: as many as are asked for, 0 for one a core; if not asked, one if it is small."""
    if jobs is not None and jobs < 0:
        raise UsageError(f"--jobs is {jobs}", mend="Give the number of processes, or 0 for one a core")
    if jobs is None and total < SMALL:
        return 1
    return jobs or os.cpu_count() or 1
