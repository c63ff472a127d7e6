"""Sources of charts: the kinds of files, and the files that paths name."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from reasoner.chart.tables import rows, workbook
from reasoner.ground.errors import UsageError
from reasoner.rdf import parsing

FHIR = ".json"
"""The suffix of FHIR bundles."""
TURTLE = (".ttl", ".nt")
"""The suffixes of what can be a chart or FHIR in RDF."""
SUFFIXES = (*parsing.SYNTAXES, FHIR, rows.CSV)
"""The suffixes of files that are read at once."""
LINES, TABLE, WORKBOOK = ".ndjson", ".parquet", workbook.XLSX
"""The suffixes of newline-delimited JSON, of Parquet and of workbooks."""
ALL_SUFFIXES = (*SUFFIXES, LINES, TABLE, WORKBOOK)
"""The suffixes of all files that are read, at once or part by part."""
STDIN = "-"
_LEFT_OUT = (".", "~$")  # hidden files, and those that spreadsheets put beside an open workbook


def find(paths: Iterable[str], suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[str]:
    """The files that paths stand for: a pattern for what it matches, a folder for the files of some suffixes below it.

    Both are taken in sorted order; manifests and hidden files in folders are left out.

    Raises:
        UsageError: there is nothing at a path, or a folder holds no documentation.
    """
    for name in paths:
        path = Path(name)
        if name == STDIN or path.is_file():
            yield name
        elif not path.exists() and (matches := sorted(glob.glob(name, recursive=True))):
            yield from find(matches, suffixes)
        elif path.is_dir():
            files = sorted(
                str(p)
                for p in path.rglob("*")
                if p.is_file()
                and p.suffix.lower() in suffixes
                and p.stem != "expected"
                and not p.name.startswith(_LEFT_OUT)
            )
            if not files:
                raise UsageError("the folder holds no documentation", where=name, mend=f"Known: {' '.join(suffixes)}")
            yield from files
        else:
            raise UsageError("there is no such file or folder", where=name)
