"""Parquet, read within limits: a file of some kilobytes can stand for gigabytes of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from reasoner.ground.errors import DocumentationError, UsageError
from reasoner.rdf import parsing


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
            schema = pq.read_schema(file)
            texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)]
            # As dictionaries, however often a text is repeated it takes its room once.
            self._file = pq.ParquetFile(file, read_dictionary=texts)
        except (OSError, pa.ArrowException) as error:
            raise DocumentationError(f"this is not Parquet: {error}", where=source) from error
        self.columns: tuple[str, ...] = tuple(schema.names)
        """The names of its columns."""

    def batches(self, rows: int, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Its rows as Arrow record batches, with columns of text as dictionaries.

        Args:
            rows: how many rows a batch has.
            columns: the columns that are read; by default all.

        Raises:
            DocumentationError: it is damaged, or has more text in a cell or a batch than is read.
        """
        import pyarrow as pa

        first = 1
        try:
            self._refuse_long_cells()
            for batch in self._file.iter_batches(
                batch_size=rows, columns=list(columns) if columns else None, use_threads=False
            ):
                for name in batch.schema.names:
                    self._refuse_long_text(name, batch.column(name), first)
                yield batch
                first += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            raise DocumentationError(f"this Parquet is damaged: {error}", where=self._source) from error

    def _refuse_long_cells(self) -> None:
        """Raise `DocumentationError` if the sizes of the columns tell that a cell is too long, before any is decoded."""
        first = 1
        for number in range(self._file.metadata.num_row_groups):
            group = self._file.metadata.row_group(number)
            for chunk in map(group.column, range(group.num_columns)):
                if chunk.total_uncompressed_size > parsing.MAX_LITERAL * (chunk.num_values + 1):
                    problem = f"hold a text of more than {parsing.MAX_LITERAL // 2**20} MiB"
                    raise self._too_large(chunk.path_in_schema, first, problem)
            first += group.num_rows

    def _refuse_long_text(self, name: str, column: Any, first: int) -> None:
        """Raise `DocumentationError` if a column is too much as plain values."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not pa.types.is_dictionary(column.type):
            if column.nbytes > parsing.MAX_BYTES:
                raise self._too_large(name, first, f"hold more than {parsing.MAX_BYTES // 2**20} MiB")
            return
        lengths = pc.binary_length(column.dictionary)
        longest = pc.max(lengths).as_py() or 0
        if longest > parsing.MAX_LITERAL:
            raise self._too_large(name, first, f"hold a text of more than {parsing.MAX_LITERAL // 2**20} MiB")
        may_be_too_long = longest * len(column) > parsing.MAX_BYTES
        if may_be_too_long and (pc.sum(lengths.take(column.indices)).as_py() or 0) > parsing.MAX_BYTES:
            raise self._too_large(name, first, f"hold more than {parsing.MAX_BYTES // 2**20} MiB of text")

    def _too_large(self, name: str, first: int, problem: str) -> DocumentationError:
        where, mend = f"{self._source}, rows from {first}", "Keep the excerpt, not the document, in the statement"
        return DocumentationError(f"the cells of the column {name} {problem}", where=where, mend=mend)


def plain_values(column: Any) -> Any:
    """A column of a record batch with each value in its place, if it is a dictionary."""
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
