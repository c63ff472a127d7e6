"""Parquet, read within limits: a file of some kilobytes can stand for gigabytes of text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from reasoner.ground.errors import DocumentationError, UsageError
from reasoner.rdf import parsing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_COLUMNS = 2**14
"""Most columns of a table: as many as a spreadsheet has."""
_REPEATING = "DELTA_BYTE_ARRAY"
"""The encoding of text by what differs from the text before."""
_DELTAS = frozenset((_REPEATING, "DELTA_LENGTH_BYTE_ARRAY"))
"""Encodings of text that pyarrow does not read as dictionaries."""


class UnreadableRows(NamedTuple):
    """Rows of a Parquet file that cannot be read together."""

    first: int
    """The number of the first."""
    number: int
    """How many they are."""
    problem: str
    column: Callable[[str], Any]
    """One of their columns, by its name; None if that cannot be read."""


class ParquetTable:
    """A Parquet file.

    Args:
        file: its path, or its content.
        source: what to call it in errors.

    Raises:
        UsageError: pyarrow is not installed.
        DocumentationError: it is no Parquet.
    """

    def __init__(self, file: Path | BinaryIO, source: str) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise UsageError("Parquet is read with pyarrow", where=source, mend="Install necessity[tables]") from error
        self._source = source
        try:
            file = _opened(file) if isinstance(file, Path) else file
            metadata = pq.read_metadata(file)
            refuse_many_columns(metadata.num_columns, source)
            schema = metadata.schema.to_arrow_schema()
            kinds = {pa.string(), pa.binary(), pa.large_string(), pa.large_binary(), pa.string_view(), pa.binary_view()}
            groups = map(metadata.row_group, range(metadata.num_row_groups))
            chunks = [group.column(place) for group in groups for place in range(metadata.num_columns)]
            encodings = [(chunk.path_in_schema, chunk.encodings) for chunk in chunks]
            self._deltas = {path for path, of_chunk in encodings if not _DELTAS.isdisjoint(of_chunk)}
            texts = [field.name for field in schema if field.type in kinds and field.name not in self._deltas]
            leaves = map(metadata.schema.column, range(metadata.num_columns))
            inner = [leaf for leaf in leaves if leaf.path != leaf.name and leaf.physical_type == "BYTE_ARRAY"]
            texts += [
                leaf.path
                for leaf in inner
                if leaf.path not in self._deltas and leaf.logical_type.type in ("STRING", "NONE")
            ]
            # As dictionaries, however often a text is repeated it takes its room once.
            self._file = pq.ParquetFile(file, read_dictionary=texts, page_checksum_verification=True)
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            raise DocumentationError(f"this is not Parquet: {error}", where=source) from error
        self.columns: tuple[str, ...] = tuple(schema.names)
        """The names of its columns."""

    def batches(self, rows: int, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Its rows as Arrow record batches, with columns of text as dictionaries, and as `UnreadableRows` where they are
        damaged, or have more text in a cell or a batch than is read.

        Args:
            rows: how many rows a batch has.
            columns: the columns that are read; by default all.
        """
        names = list(columns or self.columns)
        first = 1
        for together in self._groups(rows):
            yield from self._read(together, first, rows, names)
            first += sum(map(self._rows_of, together))

    def _rows_of(self, group: int) -> int:
        count: int = self._file.metadata.row_group(group).num_rows
        return count

    def _groups(self, rows: int) -> Iterator[list[int]]:
        """The row groups, small ones together."""
        together: list[int] = []
        count = 0
        for group in range(self._file.metadata.num_row_groups):
            size = self._rows_of(group)
            if together and count + size > rows:
                yield together
                together, count = [], 0
            together.append(group)
            count += size
        if together:
            yield together

    def _read(self, groups: list[int], first: int, rows: int, names: list[str]) -> Iterator[Any]:
        """The batches of row groups that follow one another."""
        import pyarrow as pa

        read, count = 0, sum(map(self._rows_of, groups))
        problem = next(filter(None, (self._long_cell(group, names) for group in groups)), "")
        try:
            at_once = min(rows, self._bounded(groups, names))
            apart = len(groups) > 1 and at_once < count  # together they would all be held
            found = iter(()) if problem or apart else self._file.iter_batches(at_once, groups, names, use_threads=False)
            for batch in found if len(groups) == 1 else list(found):
                list(map(_refuse_wrong_codes, batch.columns))
                # pyarrow gives every batch the terms of all before it in its row group.
                batch = pa.record_batch(list(map(used, batch.columns)), names=batch.schema.names)
                at = first + read
                too_long = next(filter(None, map(_long_text, names, batch.columns)), "")
                yield UnreadableRows(at, batch.num_rows, too_long, partial(_short, batch)) if too_long else batch
                read += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            problem = f"this Parquet is damaged: {error}"
        if read == count:
            return
        if len(groups) == 1:
            column = partial(self._column, groups[0], read)
            yield UnreadableRows(
                first + read, count - read, problem or "this Parquet has fewer rows than it says", column
            )
            return
        for group in groups:
            yield from self._read([group], first, rows, names)
            first += self._rows_of(group)

    def _bounded(self, groups: list[int], names: Sequence[str]) -> int:
        """How many rows of row groups can be read together where their text is not read as dictionaries.

        A cell can be as long as its column is in the file, and where `_REPEATING` is used each after it repeat it in some bytes.
        """
        longest = 0
        for found in map(self._file.metadata.row_group, groups):
            chunks = map(found.column, range(found.num_columns))
            deltas = [chunk for chunk in chunks if chunk.path_in_schema in self._deltas]
            own = [chunk for chunk in deltas if _is_of(chunk.path_in_schema, names)]
            size = sum(chunk.total_uncompressed_size for chunk in own)
            if size * len(groups) > parsing.MAX_BYTES or any(_REPEATING in chunk.encodings for chunk in own):
                longest = max(longest, size)
        return max(parsing.MAX_BYTES // max(longest, 1), 1)

    def _column(self, group: int, start: int, name: str) -> Any:
        """A column of a row group from a row on; None if it cannot be read."""
        import pyarrow as pa

        if self._long_cell(group, [name]) or self._bounded([group], [name]) < self._rows_of(group):
            return None
        try:
            found = self._file.read_row_group(group, [name], use_threads=False).column(0).combine_chunks()
            _refuse_wrong_codes(found)
        except (OSError, pa.ArrowException):
            return None
        return found.slice(start) if len(found) == self._rows_of(group) else None

    def _long_cell(self, group: int, names: Sequence[str]) -> str:
        """What is wrong if the size of a column of a row group tells that a cell is too long, before any is decoded."""
        found = self._file.metadata.row_group(group)
        for chunk in map(found.column, range(found.num_columns)):
            too_large = chunk.total_uncompressed_size > parsing.MAX_LITERAL * (chunk.num_values + 1)
            if too_large and _is_of(chunk.path_in_schema, names):
                return _too_long(chunk.path_in_schema, f"a text of more than {parsing.MAX_LITERAL // 2**20} MiB")
        return ""


def _is_of(path: str, names: Sequence[str]) -> bool:
    """Whether a path of a schema is one of some columns, or leads into one; the name of a column may have a full stop."""
    return path in names or path.partition(".")[0] in names


def refuse_many_columns(number: int, where: str) -> None:
    """Raise `DocumentationError` if a table has more than `MAX_COLUMNS`."""
    if number > MAX_COLUMNS:
        raise DocumentationError(
            f"the table has more than {MAX_COLUMNS} columns", where=where, mend="Leave out those that are not used"
        )


def _refuse_wrong_codes(column: Any) -> None:
    """Raise `pyarrow.ArrowException` if a damaged column refers to values that its dictionary does not have."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return
    least, most = pc.min(column.indices).as_py(), pc.max(column.indices).as_py()
    if least is not None and (least < 0 or most >= len(column.dictionary)):
        raise pa.ArrowInvalid("a value is not in its dictionary")


def _long_text(name: str, column: Any) -> str:
    """What is wrong if a column of a batch is too much as plain values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(column.type):
        inner = column.flatten()
        return next(
            filter(None, (_long_text(name, each) for each in (inner if isinstance(inner, list) else [inner]))), ""
        )
    size = column.nbytes
    if pa.types.is_dictionary(column.type):
        lengths = pc.binary_length(column.dictionary)
        size = (pc.max(lengths).as_py() or 0) * len(column)
        if size > parsing.MAX_BYTES:
            size = pc.sum(lengths.take(column.indices)).as_py() or 0
    return _too_long(name, f"more than {parsing.MAX_BYTES // 2**20} MiB") if size > parsing.MAX_BYTES else ""


def _short(batch: Any, name: str) -> Any:
    """A column of a batch; None if it is too much as plain values."""
    column = batch.column(name)
    return None if _long_text(name, column) else column


def _too_long(name: str, what: str) -> str:
    return f"the cells of the column {name} hold {what}: keep the excerpt, not the document, in the statement"


def _opened(name: Path | str) -> Any:
    import pyarrow as pa

    return pa.OSFile(os.fsencode(name), "r")  # type: ignore[arg-type]  # as text it would have to be UTF-8


def row_count(names: Iterable[str]) -> int:
    """How many rows Parquet files have; 0 if that cannot be told."""
    return sum(counts) if (counts := _row_counts(names)) else 0


def has_no_rows(name: str) -> bool:
    """Whether a Parquet file that can be read has no row."""
    return _row_counts([name]) == [0]


def _row_counts(names: Iterable[str]) -> list[int] | None:
    """How many rows each of some Parquet files has; None if that cannot be told."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return None
    try:
        return [pq.read_metadata(_opened(name)).num_rows for name in names]
    except (OSError, pa.ArrowException):
        return None


def plain_values(column: Any) -> Any:
    """A column of a record batch with each value in its place, if it is a dictionary."""
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def used(column: Any) -> Any:
    """A column with those terms of its dictionary alone that occur in it, if it has one."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    codes = numbers(column.indices.drop_null())
    occurs = np.bincount(codes, minlength=len(column.dictionary)) > 0
    if occurs.all():
        return column
    renumbered = of_numbers(np.cumsum(occurs) - 1).take(column.indices)
    return pa.DictionaryArray.from_arrays(renumbered, column.dictionary.take(of_numbers(np.flatnonzero(occurs))))


def numbers(column: Any) -> npt.NDArray[Any]:
    """An Arrow array of numbers without nulls as one of NumPy; its own `to_numpy` would load pandas, if that is installed."""
    import numpy as np

    found: npt.NDArray[Any] = np.from_dlpack(column)
    return found


def of_numbers(values: npt.NDArray[np.int64]) -> Any:
    """Numbers as an Arrow array; `pyarrow.array` would load pandas."""
    import numpy as np
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values.astype(np.int32).tobytes())])
