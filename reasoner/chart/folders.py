"""Folders: the files below one that are to be read, and what is passed over, so that nothing goes without a word."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reasoner.chart.packing import file_type
from reasoner.ground.errors import DocumentationError

KEPT_BY_TOOLS = ("_", ".")
"""How the names of folders begin that programs keep for themselves, such as ``_temporary`` and ``.git``."""
_TABLES = {"_delta_log": "a Delta table", ".hoodie": "a Hudi table", "metadata": "an Iceberg table"}
"""The formats of tables by the folder that tells which of a table's files are still part of it."""
_WHOLE = "_SUCCESS"
"""The empty file that a job of Spark or Hadoop writes to a folder last."""
_ICEBERG = ".metadata.json"
"""How a file in the folder of such a name ends, if that tells it."""


@dataclass(frozen=True)
class FolderContents:
    """What is below a folder."""

    files: tuple[str, ...]
    """The files that are to be read, and the folders that cannot be, in order."""
    passed_over: tuple[str, ...]
    """What is not read, in words."""


def contents(
    folder: Path,
    is_chart: Callable[[str], bool],
    is_left_out: Callable[[str], bool],
    is_empty: Callable[[str, bool], bool] = lambda _path, _is_whole: False,
) -> FolderContents:
    """What is below a folder.

    Args:
        folder: the folder.
        is_chart: whether a file is to be read, by its path.
        is_left_out: whether a file is no input, such as a manifest, and is passed over in silence, by its name.
        is_empty: whether a file that is to be read holds nothing, as those of a partition without rows; it is told the path,
            and whether the job that wrote the folder says that it is whole.
    """
    found: list[str] = []
    others: Counter[str] = Counter()
    links = broken = kept = empty = 0

    def unreadable(error: OSError) -> None:
        found.append(str(error.filename))

    for root, folders, names in os.walk(folder, onerror=unreadable):
        place = Path(root)
        own = [name for name in folders if name.startswith(KEPT_BY_TOOLS)]
        logs = [place / name for name in folders if name in _TABLES]
        if log := next((log for log in logs if log.name in own or any(log.glob(f"*{_ICEBERG}"))), None):
            found.append(str(log))
            folders.clear()
            continue  # some of its files may be removed from the table
        folders[:] = [name for name in folders if name not in own]
        links += sum(os.path.islink(place / name) for name in folders)
        kept += len(own)
        before = "" if place == Path() else os.path.join(place, "")
        is_whole = _WHOLE in names
        for name in names:
            path = before + name
            if is_left_out(name) or name == _WHOLE:
                continue
            is_file = os.path.isfile(path)
            if not is_file and os.path.exists(path):
                others["pipe or device"] += 1
            elif not is_file and os.path.islink(path):
                broken += 1
            elif not is_chart(path):
                others[file_type(name)[0] or "no suffix"] += 1
            elif is_empty(path, is_whole):
                empty += 1
            else:
                found.append(path)
    return FolderContents(tuple(sorted(found)), file_words(others, broken, links, kept, empty=empty))


def listed(
    files: Iterable[tuple[PurePosixPath, str]],
    is_chart: Callable[[str], bool],
    is_left_out: Callable[[str], bool],
) -> FolderContents:
    """What is below a folder of which all files are known: each by its path in it, and by its name; see `contents`."""
    found: list[tuple[PurePosixPath, str]] = []
    logs: dict[PurePosixPath, str] = {}
    others: Counter[str] = Counter()
    kept = 0
    for path, name in files:
        if log := _log(path):
            logs[log] = name.removesuffix(str(path)) + str(log)
        elif any(part.startswith(KEPT_BY_TOOLS) for part in path.parts[:-1]):
            kept += 1
        elif is_left_out(path.name) or path.name == _WHOLE:
            continue
        elif is_chart(str(path)):
            found.append((path, name))
        else:
            others[file_type(path.name)[0] or "no suffix"] += 1
    tables = {log.parent for log in logs}
    names = [name for path, name in found if tables.isdisjoint(path.parents)]
    return FolderContents(tuple(sorted((*names, *logs.values()))), file_words(others, kept_files=kept))


def _log(path: PurePosixPath) -> PurePosixPath | None:
    """The folder of a file that tells which files of a table are still part of it."""
    for folder in path.parents:
        if folder.name in _TABLES and (folder.name.startswith(KEPT_BY_TOOLS) or path.name.endswith(_ICEBERG)):
            return folder
    return None


def refused_table(name: str) -> DocumentationError | None:
    """The error that a table is not read, for the name of the folder that tells its files; None for any other name."""
    place = PurePosixPath(name)
    if place.name not in _TABLES:
        return None
    problem = f"this is {_TABLES[place.name]}, and its log says which of its files are removed from it"
    return DocumentationError(problem, where=name, mend="Export the table, or name its current files")


def file_words(
    others: Counter[str],
    broken: int = 0,
    links: int = 0,
    kept_folders: int = 0,
    kept_files: int = 0,
    empty: int = 0,
) -> tuple[str, ...]:
    """What is not read, in words.

    Args:
        others: how many files there are of each other type.
        broken: links that lead nowhere.
        links: links to folders.
        kept_folders: folders that programs keep for themselves.
        kept_files: files in such folders.
        empty: files without rows.
    """
    other = f"of another type ({', '.join(sorted(others))})"
    said = (
        (sum(others.values()), f"file {other}", f"files {other}"),
        (broken, "broken link", "broken links"),
        (links, "link to a folder", "links to folders"),
        (kept_folders, "folder that programs keep for themselves", "folders that programs keep for themselves"),
        (empty, "file that holds no rows", "files that hold no rows"),
        (kept_files, "file that programs keep for themselves", "files that programs keep for themselves"),
    )
    return tuple(f"{number} {one if number == 1 else more}" for number, one, more in said if number)
