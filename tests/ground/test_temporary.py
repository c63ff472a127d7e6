"""Temporary folders are for one user alone, and go with their process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from reasoner.ground.errors import UsageError
from reasoner.ground.temporary import TemporaryFolder

HOLD = """
import time
from pathlib import Path
from reasoner.ground.temporary import TemporaryFolder
with TemporaryFolder() as folder:
    Path(folder, "input.nq").write_text("a chart")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def age(folder: Path) -> None:
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))


def test_it_is_private_and_deleted(parent: Path) -> None:
    with TemporaryFolder() as name:
        assert Path(name).stat().st_mode & 0o777 == 0o700
    assert list(parent.iterdir()) == []


def test_what_a_killed_process_left_is_deleted_by_the_next_and_nothing_else(parent: Path) -> None:
    other = parent / "necessity-of-another-program"
    other.mkdir()
    age(other)
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        left = Path(process.stdout.readline().strip())
        age(left)
        with TemporaryFolder():
            assert (left / "input.nq").is_file(), "its process is alive"
        process.send_signal(signal.SIGKILL)
    assert (left / "input.nq").is_file()
    with TemporaryFolder() as name:
        assert sorted(parent.iterdir()) == sorted([other, Path(name)])


def test_a_folder_that_cannot_be_made_is_told(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(parent / "nowhere"))
    with pytest.raises(UsageError, match="a temporary folder cannot be made") as error:
        TemporaryFolder()
    assert (error.value.where, error.value.mend) == (str(parent / "nowhere"), "Free space, or set TMPDIR")
