"""Folders: the files below one that are to be read, and what is passed over, so that nothing goes without a word."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reasoner.chart.packing import file_type

_KEPT_BY_TOOLS = ("_", ".")
"""How the names of folders begin that programs keep for themselves, such as ``_temporary`` and ``.git``."""
DELTA_LOG = "_delta_log"
"""The folder that tells which files of a Delta table are still part of it."""


@dataclass(frozen=True)
class FolderContents:
    """What is below a folder."""

    files: tuple[str, ...]
    """The files that are to be read, and the folders that cannot be, in order."""
    passed_over: tuple[str, ...]
    """What is not read, in words."""


def contents(folder: Path, is_chart: Callable[[Path], bool], is_left_out: Callable[[Path], bool]) -> FolderContents:
    """What is below a folder.

    Args:
        folder: the folder.
        is_chart: whether a file is to be read.
        is_left_out: whether a file is no input, such as a manifest, and is passed over in silence.
    """
    found: list[str] = []
    others: Counter[str] = Counter()
    links = broken = kept = 0

    def unreadable(error: OSError) -> None:
        found.append(str(error.filename))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        place = Path(root)
        own = [name for name in folders if name.startswith(_KEPT_BY_TOOLS)]
        if DELTA_LOG in own:
            found.append(str(place / DELTA_LOG))
            folders.clear()
            continue  # some of its files may be removed from the table
        folders[:] = [name for name in folders if name not in own]
        links += sum((place / name).is_symlink() for name in folders)
        kept += len(own)
        for path in map(place.joinpath, names):
            if is_left_out(path):
                continue
            if not path.is_file():
                broken += 1
            elif is_chart(path):
                found.append(str(path))
            else:
                others[file_type(path.name)[0] or "no suffix"] += 1
    return FolderContents(tuple(sorted(found)), file_words(others, broken, links, kept))


def file_words(
    others: Counter[str], broken: int = 0, links: int = 0, kept_folders: int = 0, kept_files: int = 0
) -> tuple[str, ...]:
    """What is not read, in words.

    Args:
        others: how many files there are of each other type.
        broken: links that lead nowhere.
        links: links to folders.
        kept_folders: folders that programs keep for themselves.
        kept_files: files in such folders.
    """
    other = f"of another type ({', '.join(sorted(others))})"
    said = (
        (sum(others.values()), f"file {other}", f"files {other}"),
        (broken, "broken link", "broken links"),
        (links, "link to a folder", "links to folders"),
        (kept_folders, "folder that programs keep for themselves", "folders that programs keep for themselves"),
        (kept_files, "file that programs keep for themselves", "files that programs keep for themselves"),
    )
    return tuple(f"{number} {one if number == 1 else more}" for number, one, more in said if number)
