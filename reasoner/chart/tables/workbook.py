"""Workbooks: the rows of a worksheet in XLSX as records of text."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree.ElementTree import ParseError

from reasoner.chart.tables.rows import Fault, FaultyRecord, header, plain, text_of
from reasoner.ground.errors import DocumentationError, UsageError, unreadable
from reasoner.rdf import parsing

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.workbook import Workbook

    AnyCell = Cell | MergedCell

XLSX = ".xlsx"
"""The suffix of workbooks."""
_DIGITS_KEPT = 15
_SERIALS = range(10_000, 100_000)
_MOST_ROWS, _MOST_CELLS = 2**20, 2**23
"""Of a worksheet, blank ones counted in: some bytes can say that there are millions before them."""
_FORMULA, _SAVED_TEXT = "f", "str"


def workbook_records(file: Path | BinaryIO, source: str, key: str) -> tuple[Iterator[list[str]], tuple[str, ...]]:
    """The records of the first worksheet whose header has a column, and notes on the worksheets that are not read.

    The header is the first row that is not blank. Of a formula, the value is read that was saved with it.

    Args:
        file: its path, or its content.
        source: what to call it in errors.
        key: the column.

    Raises:
        UsageError: openpyxl is not installed.
        DocumentationError: it is no workbook, or is larger than what is read, or no worksheet has the column.
    """
    with _reading(source):
        book = _opened(file, source, values=False)
        found, others = None, []
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            names = header(iter(_names(row) for row in _rows(sheet, source)))[1]
            if found is None and plain(key) in map(plain, names):
                found = sheet.title
            elif names:
                others.append(sheet.title)
    if found is None:
        problem = (
            f"no worksheet has a column {key!r} in its first row: {', '.join(map(repr, others)) or 'all are blank'}"
        )
        raise DocumentationError(problem, where=source, mend="Make the header the first row of the sheet")
    note = (
        f"not read are the worksheets {', '.join(map(repr, others))}, but {found!r} alone: it is the first with {key!r}"
    )
    return _records(file, source, book, found), (note,) if others else ()


def _records(file: Path | BinaryIO, source: str, book: Workbook, title: str) -> Iterator[list[str]]:
    """The rows of a worksheet; the values of formulas are looked for only once there is one."""
    values: Iterator[tuple[AnyCell, ...]] | None = None
    behind = 0
    with _reading(source):
        for row in _rows(book[title], source):
            saved: tuple[AnyCell, ...] = ()
            if any(cell.data_type == _FORMULA for cell in row):
                if values is None:
                    beside = _opened(file, source, values=True)[title]
                    beside.reset_dimensions()
                    values = _rows(beside, source)
                saved = next(islice(values, behind, None), ())
                behind = 0
            else:
                behind += 1
            yield _record(row, saved, from_1904=book.epoch.year == 1904)


def _rows(sheet: Any, source: str) -> Iterator[tuple[AnyCell, ...]]:
    """The rows of a worksheet; raises `DocumentationError` where they are too many."""
    cells = 0
    for number, row in enumerate(sheet.iter_rows()):
        cells += len(row)
        if number >= _MOST_ROWS or cells > _MOST_CELLS:
            problem = f"a worksheet has more than {_MOST_ROWS:,} rows or {_MOST_CELLS:,} cells, blank ones counted in"
            mend = "Delete the blank rows and columns, or save it as CSV UTF-8"
            raise DocumentationError(problem, where=source, mend=mend)
        yield row


def _record(row: tuple[AnyCell, ...], saved: tuple[AnyCell, ...], *, from_1904: bool) -> list[str]:
    """A row as text, with the values that were saved of its formulas."""
    cells: list[str] = []
    fault: Fault | None = None
    for column, cell in enumerate(row):
        value = saved[column] if cell.data_type == _FORMULA and column < len(saved) else cell
        kind = _fault(value, from_1904) if value.data_type != "s" else ""
        fault = fault or (Fault(kind, column) if kind else None)
        cells.append("" if kind else _text(value.value))
        if cell.data_type == _FORMULA and value.value is None and value.data_type != _SAVED_TEXT:
            fault = fault or Fault("formula", column)
    return FaultyRecord(cells, fault) if fault else cells


def _fault(cell: AnyCell, from_1904: bool) -> str:
    """What keeps a cell from being read, of `rows.FAULTS`; empty if nothing does."""
    if cell.data_type == "e":
        return "error"
    if cell.data_type == "n" and isinstance(cell.value, int | float):
        if abs(cell.value) >= 10**_DIGITS_KEPT:
            return "digits"
        if from_1904 and cell.value in _SERIALS:
            return "epoch"
    return ""


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return text_of(value)


def _names(row: Iterable[AnyCell]) -> list[str]:
    return [_text(cell.value) for cell in row]


def _opened(file: Path | BinaryIO, source: str, *, values: bool) -> Workbook:
    """The workbook, of whose formulas the text is read, or the values."""
    try:
        import openpyxl
    except ImportError as error:
        raise UsageError("XLSX is read with openpyxl", where=source, mend="Install necessity[tables]") from error
    with zipfile.ZipFile(file) as parts:
        if sum(part.file_size for part in parts.infolist()) > parsing.MAX_BYTES:
            problem = f"unpacked it is larger than {parsing.MAX_BYTES // 2**20} MiB"
            raise DocumentationError(problem, where=source, mend="Save it as CSV UTF-8")
    warnings.filterwarnings("ignore", module="openpyxl")  # on what it does not keep, such as validations
    return openpyxl.load_workbook(file, read_only=True, data_only=values, keep_links=False)


@contextmanager
def _reading(source: str) -> Iterator[None]:
    """Raise what goes wrong with the file as `DocumentationError`."""
    try:
        yield
    except OSError as error:
        raise unreadable(source, error) from error
    except (
        *(zipfile.BadZipFile, zlib.error, RuntimeError),  # encrypted, or packed in a way that is not known
        *(ParseError, EOFError, KeyError, IndexError, TypeError, ValueError),
    ) as error:
        mend = "Save it as XLSX without a password, or as CSV UTF-8"
        raise DocumentationError("this is not XLSX, or it is damaged or locked", where=source, mend=mend) from error
