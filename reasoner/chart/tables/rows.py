"""Rows: the records of CSV and Parquet as text, as they come, and cut where a new key begins."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

from reasoner.chart.tables.parquet import ParquetTable, UnreadableRows, plain_values, refuse_many_columns
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing

CSV = ".csv"
"""The suffix of tables as text."""
SIZE = 2 * 2**20
"""About how many characters a part has."""
DELIMITERS = ",;\t|"
_SEP = re.compile(r'"?sep=([^"\r\n]*)"?[\r\n]*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_UNDECODED = re.compile("[\udc80-\udcff]")
_MARK = re.compile(r"\0(\w+) (\d+)")
_LONGEST = 16 * parsing.MAX_LITERAL  # characters of a line; without it one line could take all memory
_ALIKE = 2  # cells that two rows have in common

QUOTE, LONG, ENCODING, NULL, UNREADABLE = "quote", "long", "encoding", "null", "unreadable"
FAULTS = {
    QUOTE: 'this is not CSV: a quoted text does not end, or goes on behind its end: write each " within it twice',
    LONG: f"a cell is longer than {parsing.MAX_LITERAL // 2**20} MiB: divide it",
    ENCODING: "the text is not UTF-8: save it as CSV UTF-8",
    NULL: "it holds a NUL character: remove it",
    UNREADABLE: "it cannot be read, as this Parquet is damaged or has too long a text there: write the file anew",
    "formula": "the formula has no value: calculate the workbook, and save it",
    "error": "its value is an error: correct it",
    "digits": "it is a number of more digits than a spreadsheet keeps: format the column as text, and enter it again",
    "epoch": "it is a number that can be a day counted from 1904: format it as a date, or as text",
}
"""What can be wrong with a row before its cells are read."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row."""

    kind: str
    """One of `FAULTS`."""
    column: int
    """Place of the first cell that is wrong, from 0."""

    @property
    def mark(self) -> str:
        """As a cell behind the last column of a part."""
        return f"\0{self.kind} {self.column}"


class FaultyRecord(list[str]):
    """A record that cannot be read as it stands, with what can be made out of its cells."""

    def __init__(self, cells: Iterable[str], fault: Fault) -> None:
        super().__init__(cells)
        self.fault = fault


def plain(name: str) -> str:
    """A name without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\ufeff-]", "", name).lower()


def header(records: Iterator[list[str]]) -> tuple[int, list[str]]:
    """The number of the first record that is not blank, and its cells up to the last that is not."""
    for number, record in enumerate(records, 1):
        if names := _trimmed([name.strip("\ufeff \t\r\n\u00a0") for name in record]):
            return number, names
    return 1, []


def uncertain(record: list[str], at: int | None, width: int) -> bool:
    """Whether a record is faulty or cut short so that its key, which is at a place, cannot be told."""
    if at is None:
        return False
    if isinstance(record, FaultyRecord) and record.fault.kind != ENCODING:
        fault = record.fault
        if fault.kind == UNREADABLE:
            return not record[at]
        return fault.column <= at if fault.kind in (QUOTE, LONG) else fault.column == at
    return at >= len(record) - 1 and len(record) < width


def parts(records: Iterator[list[str]], key: str, size: int = SIZE) -> Iterator[tuple[int, bytes]]:
    """Records with a header as CSV, cut where the key changes into parts of about a size.

    No more than a part is held at a time. Rows of one key that stand apart can be in several parts. Blank rows at the end of
    a part are left out.

    Args:
        records: the header and the rows.
        key: the column of the key.
        size: about how many characters a part has.

    Yields:
        The number of the part's first row, as a spreadsheet counts, and the part with the header.
    """
    start, names = header(records)
    delimiter = records.delimiter if isinstance(records, CsvRecords) else ","
    at = next((i for i, name in enumerate(names) if plain(name) == plain(key)), None)
    width = len(names)
    text, first = writer(names, delimiter), start + 1
    add = csv.writer(text, delimiter=delimiter).writerow
    last: str | None = None
    blank = 0
    for number, record in enumerate(records, first):
        if not any(record) and not isinstance(record, FaultyRecord):
            blank += 1
            continue
        whole = not uncertain(record, at, width)
        name = (record[at].strip() if at is not None and len(record) > at else "") if whole else None
        if text.tell() > size and name is not None and last is not None and name != last:
            yield first, text.getvalue().encode()
            text, first = writer(names, delimiter), number
            add = csv.writer(text, delimiter=delimiter).writerow
        else:
            text.write("\r\n" * blank)  # as the rows after them are numbered
        blank = 0
        if isinstance(record, FaultyRecord):
            cells = (record + [""] * width)[:width]
            add([*cells, record.fault.mark])
        else:
            add(record)
        last = name
    yield first, text.getvalue().encode()


class CsvRecords(Iterator[list[str]]):
    """The records of CSV in UTF-8, as they come; one that cannot be read is a `FaultyRecord`, and the next line goes on.

    Args:
        stream: the text.
        source: what to call it in errors.

    Raises:
        DocumentationError: the first record that is not blank is faulty, or a first line ``sep=`` names no delimiter.
    """

    def __init__(self, stream: BinaryIO, source: str) -> None:
        csv.field_size_limit(parsing.MAX_LITERAL)
        self.delimiter = ","
        """What parts cells: named by a line ``sep=``, or what the header has most of."""
        self._source = source
        self._text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        self._back: deque[str] = deque()  # lines to read again
        self._taken: list[str] = []  # the lines of the record that is being read
        self._odd = False  # whether one of these has a NUL, or bytes that are not UTF-8
        self._records = self._read()

    def __iter__(self) -> Iterator[list[str]]:
        return self._records

    def __next__(self) -> list[str]:
        return next(self._records)

    def _read(self) -> Iterator[list[str]]:
        self._begin()
        width = number = 0
        while True:
            reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
            try:
                for record in reader:
                    number += 1
                    if self._odd:
                        record = self._odd_record(record, width)
                    elif len(self._taken) > 1 and self._holds_rows(record, width):
                        break
                    if not width and (names := _trimmed(record)):
                        width = len(names)
                        self._check(record, number)
                    self._taken.clear()
                    self._odd = False
                    yield record
                else:
                    return
                faulty = self._again(QUOTE)
            except csv.Error as error:
                number += 1
                too_long = len(self._taken) == 1 and str(error).startswith("field larger")
                faulty = self._again(LONG if too_long else QUOTE)
            if not width:
                self._check(faulty, number)
            yield faulty

    def _begin(self) -> None:
        """Find the delimiter."""
        head = self._text.readline(_LONGEST)
        if match := _SEP.fullmatch(head):
            if len(match[1]) != 1 or match[1] not in DELIMITERS:
                mend = "Use a comma, a semicolon, a tab or |"
                raise DocumentationError("its line sep= names no delimiter of sheets", where=self._source, mend=mend)
            self.delimiter = match[1]
            return
        while head:
            self._back.append(head)
            if head.strip():
                break
            head = self._text.readline(_LONGEST)
        self.delimiter = max(DELIMITERS, key=_QUOTED.sub("", head).count)

    def _lines(self) -> Iterator[str]:
        back, taken, text = self._back, self._taken, self._text
        while line := back.popleft() if back else text.readline(_LONGEST):
            if len(line) == _LONGEST and not line.endswith(("\n", "\r")):
                line += "\0"  # the rest is not kept, and the row is not read without it
                while (rest := text.readline(SIZE)) and not rest.endswith(("\n", "\r")):
                    pass
            taken.append(line)
            if "\0" in line or not (line.isascii() or _UNDECODED.search(line) is None):
                self._odd = True
            yield line

    def _odd_record(self, record: list[str], width: int) -> list[str]:
        """A record with a NUL, or with bytes that are not UTF-8; or the one that a mark says is faulty."""
        if len(record) > width > 0 and (mark := _MARK.fullmatch(record[-1])) and mark[1] in FAULTS:
            return FaultyRecord(record[:-1], Fault(mark[1], int(mark[2])))
        column = next((i for i, cell in enumerate(record) if "\0" in cell or _UNDECODED.search(cell)), 0)
        kind = ENCODING if any(map(_UNDECODED.search, record)) else NULL
        if any(len(line) > _LONGEST for line in self._taken):
            kind = LONG
        return FaultyRecord((_UNDECODED.sub("\ufffd", cell) for cell in record), Fault(kind, column))

    def _holds_rows(self, record: list[str], width: int) -> bool:
        """Whether a cell of several lines has swallowed a row: a line as wide as the header, with cells like the record's."""
        for line in self._taken[1:]:
            if line.count(self.delimiter) >= width - 1 > 0:
                cells = next(csv.reader([line], delimiter=self.delimiter), [])
                alike = sum(bool(a.strip()) and a == b for a, b in zip(cells, record, strict=False))
                if len(cells) == width and alike >= _ALIKE:
                    return True
        return False

    def _again(self, kind: str) -> FaultyRecord:
        """The record that is being read, of its first line alone; the other lines are read again."""
        line, *others = self._taken
        self._back.extendleft(reversed(others))
        self._taken.clear()
        self._odd = False
        cell = re.compile(
            rf'(?:"(?:[^"]++|"")*+"|(?!")[^{re.escape(self.delimiter)}\r\n]*)(?=[{re.escape(self.delimiter)}\r\n]|$)'
        )
        column, place = 0, 0
        while (match := cell.match(line, place)) and line[match.end() : match.end() + 1] == self.delimiter:
            column, place = column + 1, match.end() + 1
        start = line.rstrip("\r\n")[: parsing.MAX_LITERAL]
        cells = next(csv.reader([start], delimiter=self.delimiter), [])
        return FaultyRecord((_UNDECODED.sub("\ufffd", cell) for cell in cells), Fault(kind, column))

    def _check(self, record: list[str], number: int) -> None:
        """Raise what is wrong with the header."""
        refuse_many_columns(len(_trimmed(record)), f"{self._source}, row {number}")
        if isinstance(record, FaultyRecord):
            problem, _, mend = FAULTS[record.fault.kind].rpartition(": ")
            raise DocumentationError(
                problem, where=f"{self._source}, row {number}", mend=f"{mend[:1].upper()}{mend[1:]}"
            )


def parquet_records(file: Path | BinaryIO, source: str) -> Iterator[list[str]]:
    """The header and the rows of a Parquet file, as text.

    Args:
        file: its path, or its content.
        source: what to call it in errors.

    Raises:
        UsageError, DocumentationError: as of `ParquetTable`.
    """
    table = ParquetTable(file, source)
    yield list(table.columns)
    for batch in table.batches(4096):
        if isinstance(batch, UnreadableRows):
            yield from _unreadable(batch, table.columns)
        else:
            filled = [column.null_count < len(column) for column in batch.columns]
            yield from (
                map(_record, zip(*map(_texts, batch.columns), strict=True))
                if any(filled)
                else repeat([], batch.num_rows)
            )


def _unreadable(rows: UnreadableRows, names: Sequence[str]) -> Iterator[list[str]]:
    """Rows that cannot be read together, with the cells of the columns that can by themselves."""
    columns = [rows.column(name) for name in names]
    first = next((place for place, column in enumerate(columns) if column is None), 0)
    cells = (repeat("", rows.number) if column is None else _texts(column) for column in columns)
    for record in zip(*cells, strict=True):
        yield FaultyRecord((_UNDECODED.sub("\ufffd", cell or "") for cell in record), Fault(UNREADABLE, first))


def _texts(column: Any) -> list[str | None]:
    """The cells of a column as text, with bytes that are not UTF-8 as `surrogateescape` has them; None for what is no text."""
    values = plain_values(column)
    try:
        return [text_of(value) for value in values.to_pylist()]
    except (ValueError, OverflowError):  # of text that is not UTF-8, and of days and times that Python has not
        return [_text(value) for value in values]


def _text(value: Any) -> str | None:
    """A value of Arrow as a cell."""
    try:
        return text_of(value.as_py())
    except UnicodeDecodeError:
        return text_of(value.as_buffer().to_pybytes())
    except (ValueError, OverflowError):
        return None


def _record(texts: Sequence[str | None]) -> list[str]:
    """Cells as a record: a faulty one, if a cell is too long, or has no text."""
    cells = [text or "" for text in texts]
    for column, text in enumerate(texts):
        if text is None or len(text) > parsing.MAX_LITERAL:
            cells[column] = ""
            return FaultyRecord(cells, Fault(UNREADABLE if text is None else LONG, column))
        if not text.isascii() and _UNDECODED.search(text):
            return FaultyRecord((_UNDECODED.sub("\ufffd", cell) for cell in cells), Fault(ENCODING, column))
    return cells


def text_of(cell: Any) -> str:
    """A cell of Parquet or of a workbook as it would stand in CSV."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, bytes):
        return cell.decode(errors="surrogateescape")
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float | Decimal):
        digits = f"{Decimal(repr(cell)) if isinstance(cell, float) else cell:f}"
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    if isinstance(cell, date):
        return cell.isoformat()
    return "|".join(map(text_of, cell)) if isinstance(cell, list) else str(cell)


def writer(names: list[str], delimiter: str = ",") -> io.StringIO:
    """Text that begins with a header, to write rows to, and with a line ``sep=`` where commas do not part its cells."""
    text = io.StringIO(newline="")
    if delimiter != ",":
        text.write(f"sep={delimiter}\r\n")
    csv.writer(text, delimiter=delimiter).writerow(names)
    return text


def _trimmed(names: list[str]) -> list[str]:
    """Cells up to the last that is not blank."""
    last = max((i for i, name in enumerate(names) if name.strip()), default=-1)
    return names[: last + 1]
