"""The state of a batch: a database beside the output with the finished pieces and their results.

It exists until the results are written. A batch that was interrupted, in whatever way, goes on from it and ends with
the same bytes.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from reasoner.batch.model import Job, PieceResult, Rejection, Row, Tally
from reasoner.chart.apart import refusal
from reasoner.ground.errors import DocumentationError, UsageError

_TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE piece (key TEXT PRIMARY KEY, file BLOB, read INTEGER, determined INTEGER, rejected INTEGER);
CREATE TABLE graph (piece TEXT, file BLOB, source TEXT);
CREATE TABLE row (piece TEXT, source TEXT, request TEXT, start TEXT, outcome TEXT, line TEXT);
CREATE TABLE rejection (piece TEXT, source TEXT, problem TEXT, place TEXT, mend TEXT, suffix TEXT, raw BLOB);
CREATE TABLE spoken_of (piece TEXT, source TEXT, request TEXT);
CREATE INDEX by_request_spoken_of ON spoken_of (request);
CREATE TABLE note (piece TEXT, source TEXT, text TEXT);
CREATE TABLE refused (request TEXT PRIMARY KEY);
"""
_REFUSED = """
SELECT request FROM row GROUP BY request HAVING COUNT(DISTINCT source) > 1 OR COUNT(DISTINCT piece) > 1
UNION SELECT request FROM spoken_of WHERE EXISTS (SELECT 1 FROM row WHERE row.request = spoken_of.request)
"""
_KEPT = "request NOT IN (SELECT request FROM refused)"
"""Of a row: whether all that is said of its request stands in its data set."""
_OURS = 0x6E656373
"""What says in the head of a database that it is the state of a batch: ``necs`` as an application id of SQLite."""
_PAGE = 2**14
"""Bytes of a page of the database: a line is some thousand characters."""


class BatchState:
    """The finished pieces of a batch, in a file that outlives the process until it is discarded.

    Args:
        path: the file; None for a temporary one that ends with the process.
        job: how to determine.
        resume: whether to go on with what the file holds.

    Raises:
        UsageError: there is nothing to resume, or it belongs to another job; or the file cannot be written.
    """

    job: Job
    """The job, with the day on which the batch began."""

    def __init__(self, path: Path | None, job: Job, *, resume: bool = False) -> None:
        self.path = path
        if resume and (path is None or not path.exists()):
            raise UsageError(
                "there is no interrupted batch to resume", where=str(path or ""), mend="Run it without --resume"
            )
        try:
            if path:
                _refuse_to_replace(path)
                if not resume:
                    delete(path)
                    path.touch(0o600, exist_ok=False)
            self._db = sqlite3.connect(path or "", isolation_level=None)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute(f"PRAGMA page_size = {_PAGE}")
            self._db.execute(f"PRAGMA application_id = {_OURS}")
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute("PRAGMA temp_store = FILE")
            if not self._db.execute("SELECT name FROM sqlite_master").fetchall():
                self._db.executescript(_TABLES)
            settings = dict(self._db.execute("SELECT name, value FROM setting"))
            if not settings:
                settings = {"job": job.digest(), "today": job.today.isoformat()}
                self._db.executemany("INSERT INTO setting VALUES (?, ?)", settings.items())
        except (sqlite3.Error, OSError) as error:
            raise cannot_be_kept(error, path) from error
        if settings["job"] != job.digest():
            raise UsageError(
                "the interrupted batch had other options, another policy or another version of the software",
                where=str(path),
                mend="Resume it with the same, or start anew without --resume",
            )
        self.job = replace(job, today=date.fromisoformat(settings["today"]))

    @staticmethod
    def fits(path: Path, job: Job) -> bool:
        """Whether a file holds an interrupted batch of a job."""
        if not path.exists():
            return False
        state = sqlite3.connect(path, timeout=0)
        try:
            (digest,) = state.execute("SELECT value FROM setting WHERE name = 'job'").fetchone()
        except (sqlite3.Error, TypeError):
            return False  # it is no state, or of a run that had hardly begun
        finally:
            state.close()
        return bool(digest == job.digest())

    def finished(self) -> set[str]:
        """The keys of the pieces that are finished."""
        return {key for (key,) in self._db.execute("SELECT key FROM piece")}

    def keep(self, key: str, result: PieceResult) -> None:
        """Add a finished piece, by its key, with its results, all of it or nothing."""
        db = self._db
        db.execute("BEGIN")
        totals = (result.read, result.determined, result.rejected)
        db.execute("INSERT INTO piece VALUES (?, ?, ?, ?, ?)", (key, os.fsencode(result.piece.origin), *totals))
        graphs = [(key, os.fsencode(file), source) for file, source in result.graphs]
        db.executemany("INSERT INTO graph VALUES (?, ?, ?)", graphs)
        db.executemany(
            "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)",
            [(key, row.source, row.request, row.start, row.outcome, row.line) for row in result.rows],
        )
        db.executemany(
            "INSERT INTO rejection VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(key, r.source, r.error.problem, r.error.where, r.error.mend, r.suffix, r.raw) for r in result.rejections],
        )
        db.executemany(
            "INSERT INTO spoken_of VALUES (?, ?, ?)",
            [(key, r.source, request) for r in result.rejections for request in r.spoken_of],
        )
        db.executemany("INSERT INTO note VALUES (?, ?, ?)", [(key, *note) for note in result.notes])
        db.execute("COMMIT")

    def divided_files(self) -> list[str]:
        """The files that have quads of one graph in two pieces."""
        rows = self._db.execute(
            "SELECT DISTINCT file FROM graph WHERE file != X'' GROUP BY file, source HAVING COUNT(*) > 1"
        )
        return [os.fsdecode(file) for (file,) in rows]

    def forget(self, file: str) -> None:
        """Remove the pieces of a file, or of an export, with their results."""
        rows = self._db.execute("SELECT key FROM piece WHERE file = ?", (os.fsencode(file),)).fetchall()
        self._remove([key for (key,) in rows])

    def drop_all_but(self, keys: Collection[str]) -> None:
        """Remove the pieces that the input does not have any more: a file was changed or removed meanwhile."""
        self._remove(sorted(self.finished() - set(keys)))

    def reject_requests(self) -> None:
        """Reject each request that several data sets describe, or one that is rejected speaks of, with all its determinations."""
        db = self._db
        db.execute("CREATE INDEX IF NOT EXISTS by_request ON row (request, start)")
        db.execute("BEGIN")
        db.execute("DELETE FROM rejection WHERE piece = ''")  # of a run that was interrupted behind this
        db.execute("DELETE FROM refused")
        db.execute(f"INSERT INTO refused {_REFUSED}")
        for (request,) in db.execute("SELECT request FROM refused").fetchall():
            described, rejected = (
                [source for (source,) in db.execute(f"{sources} WHERE request = ? ORDER BY source", (request,))]
                for sources in ("SELECT DISTINCT source FROM row", "SELECT DISTINCT source FROM spoken_of")
            )
            error = refusal(request, described, rejected)
            db.execute(
                "INSERT INTO rejection VALUES ('', ?, ?, ?, ?, '', ?)",
                (described[0], error.problem, error.where, error.mend, b""),
            )
        db.execute("COMMIT")

    def totals(self) -> Tally:
        """How many data sets were read, and what became of them."""
        sums = "COALESCE(SUM(read), 0), COALESCE(SUM(determined), 0), COALESCE(SUM(rejected), 0)"
        read, determined, rejected = self._db.execute(f"SELECT {sums} FROM piece").fetchone()  # noqa: S608
        of_refused = (
            "SELECT piece, source FROM row JOIN refused USING (request) EXCEPT SELECT piece, source FROM rejection"
        )
        (refused,) = self._db.execute(f"SELECT COUNT(*) FROM ({of_refused})").fetchone()  # noqa: S608
        return Tally(read, determined - refused, rejected + refused)

    def rows(self) -> Iterator[Row]:
        """The determinations, ordered by request and service start."""
        columns = "source, request, start, outcome, line"
        for values in self._db.execute(f"SELECT {columns} FROM row WHERE {_KEPT} ORDER BY request, start"):  # noqa: S608
            yield Row(*values)

    def rejections(self) -> Iterator[Rejection]:
        """The data sets that were rejected, ordered by source."""
        for source, problem, place, mend, raw, suffix in self._db.execute(
            "SELECT source, problem, place, mend, raw, suffix FROM rejection ORDER BY source, problem, place, raw"
        ):
            yield Rejection(source, DocumentationError(problem, where=place, mend=mend), raw, suffix)

    def notes(self) -> Iterator[tuple[str, str]]:
        """What was not used of the input: source and note."""
        yield from self._db.execute("SELECT DISTINCT source, text FROM note ORDER BY source, text")

    def outcomes(self) -> dict[str, int]:
        """How many determinations have each outcome."""
        counts = f"SELECT outcome, COUNT(*) FROM row WHERE {_KEPT} GROUP BY outcome ORDER BY outcome"  # noqa: S608
        return dict(self._db.execute(counts))

    def rejected(self) -> int:
        """How many rejections there are; a request that is rejected has one of its own."""
        return int(self._db.execute("SELECT COUNT(*) FROM rejection").fetchone()[0])

    def close(self) -> None:
        """Close the file; the batch can be resumed from it."""
        self._db.close()

    def discard(self) -> None:
        """Close the file and delete it."""
        self.close()
        if self.path:
            delete(self.path)

    def _remove(self, keys: list[str]) -> None:
        """Remove pieces with their results."""
        self._db.execute("BEGIN")
        for table in ("graph", "row", "rejection", "spoken_of", "note"):
            self._db.executemany(f"DELETE FROM {table} WHERE piece = ?", [(key,) for key in keys])  # noqa: S608
        self._db.executemany("DELETE FROM piece WHERE key = ?", [(key,) for key in keys])
        self._db.execute("COMMIT")


def cannot_be_kept(error: sqlite3.Error | OSError, path: Path | None) -> UsageError:
    """The error that the state of a batch cannot be written.

    Args:
        error: what the database says.
        path: the file of the state; None for a temporary one.
    """
    mend = (
        "Free space there and in TMPDIR, or write elsewhere; what was done is kept: go on with --resume auto"
        if path
        else ""
    )
    return UsageError(
        f"the state of the batch cannot be kept: {getattr(error, 'strerror', None) or error}",
        where=str(path or os.environ.get("TMPDIR") or tempfile.gettempdir()),
        mend=mend or "Free space, or set TMPDIR",
    )


def _refuse_to_replace(path: Path) -> None:
    """Raise `UsageError` if another run of a batch keeps its state in a file, or if it is no state at all."""
    if not path.exists():
        return
    is_state = not path.stat().st_size  # as a run leaves it that is killed at once
    probe = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        (mark,) = probe.execute("PRAGMA application_id").fetchone()
        is_state = is_state or mark == _OURS
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            problem = "another run of this batch is at work"
            raise UsageError(problem, where=str(path), mend="Wait for it, or give another --out") from None
    finally:
        probe.close()
    if not is_state:
        mend = "Move it away, or give another --out: the state needs its name"
        raise UsageError("this is no state of a batch", where=str(path), mend=mend)


def delete(path: Path) -> None:
    """Delete the file of a state."""
    for name in (path, Path(f"{path}-journal")):
        with contextlib.suppress(FileNotFoundError):
            name.unlink()
