"""Temporary folders for what may tell of patients: they do not outlive their process by much, however that ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

from reasoner.ground.errors import UsageError

_PREFIX = "necessity-"
_LOCK = "lock"
_NEW = 60
"""Seconds in which a folder may have no lock yet."""


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """A new folder for this user alone, in the temporary folder of the system; deleted with its context or process.

    A process that is killed deletes nothing, so that each deletes what those before it have left. A lock says which are alive.

    Raises:
        UsageError: it cannot be made.
    """

    def __init__(self) -> None:
        parent = tempfile.gettempdir()
        _delete_abandoned(Path(parent))
        try:
            super().__init__(prefix=_PREFIX)
            self._alive = FileLock(Path(self.name) / _LOCK)
            self._alive.acquire()
        except OSError as error:
            problem = f"a temporary folder cannot be made: {error.strerror or type(error).__name__}"
            raise UsageError(problem, where=parent, mend="Free space, or set TMPDIR") from error

    def cleanup(self) -> None:
        """Delete it."""
        self._alive.release()
        super().cleanup()


def _delete_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            about = folder.lstat()
            if about.st_uid != os.getuid() or about.st_mtime > time.time() - _NEW or not (folder / _LOCK).is_file():
                continue
            with FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder)
        except (OSError, Timeout):  # somebody else's, or alive
            continue
