"""The build hook of the package: it builds the cutter in C, where there is a compiler.

Without one the package is pure Python, with the same results. `CC` names the compiler, else it is ``cc``.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("reasoner", "chart", "fast")
LIBRARY = "libcut.so"  # no name of a module
OPTIONS = ("-std=c99", "-O3", "-fPIC", "-shared", "-fvisibility=hidden")


class CustomBuildHook(BuildHookInterface):
    """Builds the library into the wheel; of an editable install, beside its source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library before the package."""
        source = Path(self.root) / FOLDER
        self._folder = tempfile.TemporaryDirectory()
        target = (source if version == "editable" else Path(self._folder.name)) / LIBRARY
        problem = build(source, target)
        if problem:
            target.unlink(missing_ok=True)
            self.app.display_warning(f"the cutter in C is not built, the one in Python is used: {problem}")
        elif version != "editable":
            build_data["force_include"][str(target)] = str(FOLDER / LIBRARY)
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete what is in the package now."""
        self._folder.cleanup()


def build(source: Path, target: Path, options: tuple[str, ...] = OPTIONS) -> str:
    """Build a library, all of it or nothing; returns why it cannot be, or nothing.

    Args:
        source: the folder of the files in C.
        target: the library, in which `necessity_source_digest` tells the digest of these files.
        options: of the compiler.
    """
    files = sorted(source.glob("*.[ch]"))
    told = f'-DSOURCE_DIGEST="{hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()}"'
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    compiled = [str(file) for file in files if file.suffix == ".c"]
    command = [*shlex.split(os.environ.get("CC") or "cc"), *options, told, *compiled, "-o", str(partial)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        ctypes.CDLL(str(partial))
        partial.replace(target)
    except subprocess.CalledProcessError as error:
        return f"{command[0]} ends with {error.returncode}: {error.stderr.strip()[:2000]}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        partial.unlink(missing_ok=True)
    return ""
