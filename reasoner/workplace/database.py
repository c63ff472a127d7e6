"""The database file of what people work on before anything is signed."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reasoner.ground.errors import StoreError


class Database:
    """A database file that only its owner can read, with tables that are made where they are missing.

    All threads share one connection, one after another: to open one takes longer than most of what is asked.

    Args:
        path: the file.
        schema: the statements that make the tables.

    Raises:
        StoreError: the file cannot be made, read or written; so do the blocks of `connected`.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
        except OSError as error:
            raise StoreError(f"the workplace's database cannot be kept: {error.strerror}", where=str(path)) from error
        except sqlite3.Error as error:
            raise StoreError(f"the workplace's database cannot be opened: {error}", where=str(path)) from error
        self._lock = threading.RLock()
        with self.connected() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(schema)

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """The connection with one transaction, committed if no error is raised; then it is on the disk."""
        try:
            with self._lock, self._connection as connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"the workplace's database cannot be kept: {error}", where=str(self.path)) from error
