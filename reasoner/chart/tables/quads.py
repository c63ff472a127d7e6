"""Quads as the rows of Arrow tables and of Parquet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from reasoner.chart.tables.parquet import ParquetTable, UnreadableRows, numbers, of_numbers, used
from reasoner.chart.tables.vocabulary import REQUEST
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

COLUMNS = ("subject", "predicate", "object", "graph")
"""The columns of quads: terms as in N-Quads, the rows of a graph together."""
_FAULT = "fault"
"""The column of why a row cannot be read; null where it can."""
_CODED = (*COLUMNS, _FAULT)
_ANEW = "Write the file anew"
_BREAKS = re.compile("[\\n\\r]|^\ufeff").search
"""Finds what a line of N-Quads cannot hold."""
_ROWS = 32768
"""About how many rows are handled at a time: those of some two hundred charts."""


def of_parquet(file: Path | BinaryIO, source: str) -> Iterator[Any]:
    """The quads of a Parquet file as `coded` Arrow record batches.

    Args:
        file: its path, or its content.
        source: what to call it in errors.

    Raises:
        UsageError: pyarrow is not installed.
        DocumentationError: it is no Parquet, or lacks one of `COLUMNS`, or one is no text, or it has no rows.
    """
    table, is_empty = ParquetTable(file, source), True
    if missing := set(COLUMNS) - set(table.columns):
        mend = f"Columns of quads are {', '.join(COLUMNS)}; a sheet of statements has {REQUEST!r}"
        problem = f"the table has no column {', '.join(sorted(missing))}"
        raise DocumentationError(problem, where=source, mend=mend)
    for found in table.batches(_ROWS, COLUMNS):
        is_empty = False
        yield _unreadable(found, source) if isinstance(found, UnreadableRows) else coded(found, source)
    if is_empty:
        raise DocumentationError("the table has no rows", where=source, mend="Give each quad a row")


def _unreadable(rows: UnreadableRows, source: str) -> Any:
    """Rows that cannot be read as a batch of their graphs, as far as these can be read, without other terms."""
    import pyarrow as pa

    graph = rows.column("graph")
    nothing = pa.nulls(rows.number, pa.string())
    columns = [nothing, nothing, nothing, nothing if graph is None else graph]
    faults = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows.number), pa.array([rows.problem]))
    found = coded(pa.record_batch(columns, names=list(COLUMNS)), source)
    return found.set_column(len(COLUMNS), _FAULT, faults)


def coded(batch: Any, source: str) -> Any:
    """An Arrow record batch of quads, each column as codes of its distinct terms; a term that a row lacks is empty.

    Args:
        batch: the quads.
        source: what to call them in errors.

    Raises:
        DocumentationError: a column is no text.
    """
    import numpy as np
    import pyarrow as pa

    columns: list[Any] = []
    faults: Any = pa.nulls(batch.num_rows, pa.string())
    for name in COLUMNS:
        column = batch.column(name)
        try:
            if not pa.types.is_dictionary(column.type):
                column = column.dictionary_encode()
            terms, undecoded = _terms(column.dictionary, "replace" if name == "graph" else "")
        except pa.ArrowException as error:
            raise DocumentationError(f"the column {name} is no text: {error}", where=source) from error
        codes = column.indices.cast(pa.int32())
        if column.null_count:
            terms, codes = pa.concat_arrays([terms, pa.array([""])]), codes.fill_null(len(terms))
        if undecoded and name != "graph":  # a graph that is none is a data set of its own
            odd = np.isin(numbers(codes), undecoded)
            faults = pa.array(np.where(odd, f"its {name} is not UTF-8", faults.to_numpy(zero_copy_only=False)))
        columns.append(pa.DictionaryArray.from_arrays(codes, terms))
    return pa.record_batch([*columns, faults.cast(pa.string()).dictionary_encode()], names=list(_CODED))


def _terms(values: Any, errors: str) -> tuple[Any, list[int]]:
    """Values as text, and the places of those that are not UTF-8, which are empty, or decoded as `errors` says."""
    import pyarrow as pa

    try:
        terms = values.cast(pa.string())
        terms.validate(full=True)
    except pa.ArrowInvalid:
        found, undecoded = [], []
        for place, value in enumerate(values.cast(pa.binary()).to_pylist()):
            try:
                found.append((value or b"").decode())
            except UnicodeDecodeError:
                found.append(value.decode(errors=errors) if errors else "")
                undecoded.append(place)
        return pa.array(found, pa.string()), undecoded
    return terms.fill_null("") if terms.null_count else terms, []


def by_graph(batches: Iterable[Any], source: str) -> Iterator[Any]:
    """Batches of `coded` quads as tables of about `_ROWS` rows that end between graphs.

    Raises:
        DocumentationError: one graph alone is larger than what is read, or at the end: rows that cannot be read may be of any
            graph.
    """
    import numpy as np
    import pyarrow as pa

    held: list[Any] = []
    rows = 0
    mixed = lost = False
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows < _ROWS:
            continue
        table = pa.Table.from_batches(held)
        graph, nameless = numbers(column_of(table, "graph").indices), _nameless(table)
        kept = np.flatnonzero(~nameless | _faulty(table))  # what cannot be read is not parted from the graphs around it
        edges = (graph[kept[1:]] != graph[kept[:-1]]) & ~nameless[kept[1:]] & ~nameless[kept[:-1]]
        ends = kept[1:][edges]
        end = int(ends[-1]) if len(ends) else 0
        lost |= bool((nameless & _faulty(table)).any())
        mixed |= _are_mixed(graph[~nameless])
        if end:
            yield table.slice(0, end)
        elif _text_size(table) > parsing.MAX_BYTES:
            raise DocumentationError(f"a graph is larger than {parsing.MAX_BYTES // 2**20} MiB", where=source)
        held = table.slice(end).to_batches()
        rows = table.num_rows - end
    if held:
        table = pa.Table.from_batches(held)
        yield table
        nameless = _nameless(table)
        lost |= bool((nameless & _faulty(table)).any())
        mixed |= _are_mixed(numbers(column_of(table, "graph").indices)[~nameless])
    if mixed and lost:
        raise _of_any(source)


def _are_mixed(graph: npt.NDArray[np.int32]) -> bool:
    """Whether rows of one graph do not stand together, given the graph of each row."""
    import numpy as np

    return int(np.count_nonzero(np.diff(graph))) >= max(int(np.count_nonzero(np.bincount(graph))), 1)


def _of_any(source: str) -> DocumentationError:
    problem = "rows cannot be read, and as those of a graph do not stand together, they can be of any"
    return DocumentationError(problem, where=source, mend=_ANEW)


def column_of(table: Any, name: str) -> Any:
    """A column of a table as one dictionary."""
    import pyarrow as pa

    column = table.column(name).combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)


def _nameless(table: Any) -> npt.NDArray[np.bool_]:
    """Of each row whether it has no graph."""
    import pyarrow.compute as pc

    graph = column_of(table, "graph")
    found: npt.NDArray[np.bool_] = numbers(pc.binary_length(graph.dictionary))[numbers(graph.indices)] == 0
    return found


def _faulty(table: Any) -> npt.NDArray[np.bool_]:
    """Of each row whether it cannot be read."""
    import pyarrow as pa

    found: npt.NDArray[np.bool_] = numbers(column_of(table, _FAULT).is_valid().cast(pa.uint8())) > 0
    return found


def _text_size(table: Any) -> int:
    """Bytes of all terms of a table."""
    import pyarrow.compute as pc

    columns = [column_of(table, name) for name in COLUMNS]
    return sum(pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0 for column in columns)


class TableGraph(NamedTuple):
    """A graph of a table, or rows that stand in none."""

    name: str
    """As the rows have it; empty if they have none."""
    lines: bytes
    """Its rows as N-Quads; those that can be read, if it is rejected."""
    rows: Sequence[int]
    """Their numbers in their file; 0 where that is not known."""
    error: DocumentationError | None = None
    """Why it is rejected."""


class Graphs(NamedTuple):
    """The rows of a table that tell their graph, those of each graph together."""

    table: Any
    """The rows."""
    rows: npt.NDArray[np.int64]
    """The number of each in its file; 0 where that is not known."""
    lost: list[TableGraph]
    """The other rows, and why they are rejected."""
    doubtful: dict[str, DocumentationError]
    """The graphs that may go on in rows that cannot be read, and so are rejected."""


def graphs(table: Any, first: int, source: str) -> Graphs:
    """Put the rows of each graph of a `coded` table together, and those without a graph aside.

    Args:
        table: the rows.
        first: the number of the first; 0 if that is not known.
        source: what to call the table in errors.

    Raises:
        DocumentationError: rows that cannot be read may be of any graph.
    """
    import numpy as np

    rows = np.arange(first, first + table.num_rows) if first else np.zeros(table.num_rows, np.int64)
    nameless, graph = _nameless(table), numbers(column_of(table, "graph").indices)
    kept = np.flatnonzero(~nameless)
    are_mixed = _are_mixed(graph[kept])
    lost, doubtful = _lost(table, rows, nameless, source) if nameless.any() else ([], {})
    if are_mixed:
        if doubtful:
            raise _of_any(source)
        kept = kept[np.argsort(graph[kept], kind="stable")]
    changed = are_mixed or len(kept) < len(rows)
    return Graphs(table.take(of_numbers(kept)) if changed else table, rows[kept], lost, doubtful)


def _lost(
    table: Any, rows: npt.NDArray[np.int64], nameless: npt.NDArray[np.bool_], source: str
) -> tuple[list[TableGraph], dict[str, DocumentationError]]:
    """The rows without a graph and why they are rejected, and the graphs around those that cannot be read."""
    import numpy as np

    graph, faults = column_of(table, "graph"), column_of(table, _FAULT)
    kept, places = np.flatnonzero(~nameless), np.flatnonzero(nameless)
    of_place = numbers(faults.indices.fill_null(-1))[places]
    begins = np.flatnonzero((np.diff(places, prepend=-2) != 1) | (np.diff(of_place, prepend=-2) != 0)).tolist()
    lost: list[TableGraph] = []
    doubtful: dict[str, DocumentationError] = {}
    for begin, end in zip(begins, [*begins[1:], len(places)], strict=True):
        start = int(places[begin])
        called, they = _called(int(rows[start]), end - begin), "it" if end - begin == 1 else "they"
        if of_place[begin] < 0:
            problem, mend = f"{they} {'has' if they == 'it' else 'have'} no graph", "Write it into each row"
        else:
            problem, mend = f"{they} cannot be read: {faults[start].as_py()}", _ANEW
            beside = int(np.searchsorted(kept, start))
            for name in (graph[place].as_py() for place in kept[max(beside - 1, 0) : beside + 1].tolist()):
                may_be = f"{called}, which cannot be read, may be of this graph"
                doubtful[name] = DocumentationError(may_be, where=f"{source} {name}", mend=_ANEW)
        error = DocumentationError(problem, where=f"{source}, {called}", mend=mend)
        lines = readable(table.slice(start, end - begin))
        lost.append(TableGraph("", lines, rows[start : start + end - begin].tolist(), error))
    return lost, doubtful


def _called(first: int, number: int = 1) -> str:
    """What to call rows that follow one another."""
    if number == 1:
        return f"row {first}" if first else "a row"
    return f"rows {first} to {first + number - 1}" if first else f"{number} rows"


def apart(batches: Iterable[Any], source: str) -> Iterator[TableGraph]:
    """The graphs of batches of `coded` quads, in whatever order their rows stand.

    Raises:
        DocumentationError: there is more than is read at once, or rows that cannot be read may be of any graph.
    """
    import numpy as np
    import pyarrow as pa

    held, size = [], 0
    for batch in batches:
        held.append(batch)
        size += _text_size(pa.Table.from_batches([batch]))
        if size > parsing.MAX_BYTES:
            problem = f"the quads are larger than {parsing.MAX_BYTES // 2**20} MiB, and are read at once"
            raise DocumentationError(problem, where=source, mend="Sort the file by graph, or divide it")
    if not held:
        return
    found = graphs(pa.Table.from_batches(held), 1, source)
    yield from found.lost
    graph = column_of(found.table, "graph")
    begins = np.flatnonzero(np.diff(numbers(graph.indices), prepend=-1)).tolist()
    for begin, end in zip(begins, [*begins[1:], len(graph)], strict=False):
        name, rows = graph[begin].as_py(), found.rows[begin:end].tolist()
        some = found.table.slice(begin, end - begin)
        try:
            if name in found.doubtful:
                raise found.doubtful[name]
            yield TableGraph(name, n_quads(some, f"{source} {name}", rows), rows)
        except DocumentationError as error:
            yield TableGraph(name, readable(some), rows, error)


def n_quads(table: Any, source: str, rows: Sequence[int]) -> bytes:
    """`coded` quads as N-Quads.

    Args:
        table: the quads.
        source: what to call them in errors.
        rows: their numbers in their file; 0 where that is not known.

    Raises:
        DocumentationError: a row cannot be read, or lacks a term, or a term holds a line break.
    """
    lines = []
    for row, (*terms, fault) in zip(rows, _terms_of_rows(table), strict=True):
        if fault:
            raise DocumentationError(f"{_called(row)} cannot be read: {fault}", where=source, mend=_ANEW)
        if "" in terms:
            problem = f"{_called(row)} has no {COLUMNS[terms.index('')]}"
            raise DocumentationError(problem, where=source, mend="Write it into the row")
        line = " ".join(terms)
        if _BREAKS(line):
            mend = r"Write \n and \r, as N-Quads do, and no mark at the beginning"
            raise DocumentationError(
                f"{_called(row)} holds a line break, or a byte order mark", where=source, mend=mend
            )
        lines.append(f"{line} .\n")
    return "".join(lines).encode()


def _terms_of_rows(table: Any) -> Iterator[tuple[str, ...]]:
    """The terms of each row of `coded` quads, and why it cannot be read."""
    import pyarrow as pa

    return zip(*(table.column(name).cast(pa.string()).to_pylist() for name in _CODED), strict=True)


def readable(table: Any) -> bytes:
    """The rows of `coded` quads that can be read as lines of N-Quads; those without a graph stand in none."""
    lines = [" ".join(terms) for *terms, fault in _terms_of_rows(table) if not fault and all(terms[:3])]
    return "".join(f"{line} .\n" for line in lines if not _BREAKS(line)).encode()


def not_one_term(source: str) -> DocumentationError:
    """Why quads are rejected of which a cell, with its neighbours, is read as something else than a term."""
    return DocumentationError(
        "a cell holds something else than one term", where=source, mend="Write a term in each cell"
    )


def pack(table: Any) -> bytes:
    """A table of `coded` quads in the format of Arrow streams, with those terms alone that occur in it."""
    import pyarrow as pa

    table = pa.table([used(column_of(table, name)) for name in _CODED], names=list(_CODED))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def unpack(data: bytes) -> Any:
    """The table of quads that was packed."""
    import pyarrow as pa

    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()
