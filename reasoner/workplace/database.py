"""The database file of what people work on before anything is signed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reasoner.ground.errors import StoreError


class Database:
    """A database file that only its owner can read, with tables that are made where they are missing.

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
        except OSError as error:
            raise StoreError(f"the workplace's database cannot be kept: {error.strerror}", where=str(path)) from error
        with self.connected() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(schema)

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """A connection with one transaction, committed if no error is raised; then it is on the disk."""
        try:
            connection = sqlite3.connect(self.path, timeout=10)
        except sqlite3.Error as error:
            raise StoreError(f"the workplace's database cannot be opened: {error}", where=str(self.path)) from error
        try:
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreError(f"the workplace's database cannot be kept: {error}", where=str(self.path)) from error
        finally:
            connection.close()
