"""Packages of npm for tests that ask with JavaScript; such a test is skipped where they cannot be had."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock


def packages(*names: str) -> Path:
    """The folder in which packages are installed, each named with its version (``comunica@4``), and made once."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("Node.js with npm is not installed")
    home = Path(sys.prefix) / "node"
    home.mkdir(exist_ok=True)
    with FileLock(home / "lock"):
        missing = [name for name in names if not (home / "node_modules" / name.rpartition("@")[0]).is_dir()]
        if missing:
            options = ["--no-package-lock", "--ignore-scripts"]
            command = [npm, "install", "--prefix", str(home), *options, *missing]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"npm cannot install {', '.join(missing)}: {done.stderr[-200:]}")
    return home


def run(home: Path, name: str, script: str, *arguments: str) -> str:
    """What a module prints that is written to a file beside the packages and run."""
    (home / name).write_text(script)
    node = shutil.which("node") or "node"
    return subprocess.run([node, str(home / name), *arguments], check=True, capture_output=True, text=True).stdout
