"""Rows: the records of CSV and Parquet as text, as they come, and cut where a new key begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from reasoner.ground.errors import DocumentationError, UsageError
from reasoner.rdf import parsing

CSV = ".csv"
"""The suffix of tables as text."""
SIZE = 2 * 2**20
"""About how many characters a part has."""


def parts(records: Iterator[list[str]], key: str, size: int = SIZE) -> Iterator[tuple[int, bytes]]:
    """Records with a header as CSV, cut where the key changes into parts of about a size.

    No more than a part is held at a time. Rows of one key that stand apart can be in several parts.

    Args:
        records: the header and the rows.
        key: the column of the key.
        size: about how many characters a part has.

    Yields:
        The number of the part's first row, as a spreadsheet counts, and the part with the header.
    """
    header = next(records, [])
    at = next((i for i, name in enumerate(header) if name.strip() == key), None)
    text, first, last = writer(header), 2, ""
    for number, record in enumerate(records, 2):
        name = record[at].strip() if at is not None and len(record) > at else ""
        if text.tell() > size and name != last and any(record):
            yield first, text.getvalue().encode()
            text, first = writer(header), number
        csv.writer(text).writerow(record)
        last = name if any(record) else last
    yield first, text.getvalue().encode()


def csv_records(stream: BinaryIO, source: str) -> Iterator[list[str]]:
    """The records of CSV in UTF-8, parted by comma, semicolon or tab, whichever the header has most of."""
    csv.field_size_limit(parsing.MAX_LITERAL)
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    number = 0
    try:
        head = text.readline()
        delimiter = max(",;\t", key=head.count)
        lines = (line for part in ((head,), text) for line in part)
        for number, record in enumerate(csv.reader(lines, delimiter=delimiter, strict=True), 1):  # noqa: B007
            yield record
    except UnicodeDecodeError:
        where = f"{source}, row {number + 1} or near after it"
        raise DocumentationError("the text is not UTF-8", where=where, mend="Save it as CSV UTF-8") from None
    except csv.Error as error:
        raise DocumentationError(f"this is not CSV: {error}", where=f"{source}, row {number + 1}") from None


def parquet_records(path: Path) -> Iterator[list[str]]:
    """The header and the rows of a Parquet file, as text.

    Raises:
        UsageError: pyarrow is not installed.
        DocumentationError: it is no Parquet.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("Parquet is read with pyarrow", where=str(path), mend="Install necessity[tables]") from error
    try:
        table = pq.ParquetFile(path)
        yield list(table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=4096):
            values = [column.to_pylist() for column in batch.columns]
            yield from ([_text(cell) for cell in row] for row in zip(*values, strict=True))
    except (OSError, pa.ArrowException) as error:
        raise DocumentationError(f"this is not Parquet: {error}", where=str(path)) from error


def _text(cell: Any) -> str:
    """A cell of Parquet as it would stand in CSV."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float | Decimal):
        return f"{cell:f}".rstrip("0").rstrip(".") if "." in f"{cell:f}" else f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    return "|".join(map(_text, cell)) if isinstance(cell, list) else str(cell)


def writer(header: list[str]) -> io.StringIO:
    """Text that begins with a header, to write rows to."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(header)
    return text
