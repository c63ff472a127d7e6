"""The rows of one request of a sheet, and what they become."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from reasoner.chart.tables.rows import writer
from reasoner.ground.errors import DocumentationError, NecessityError
from reasoner.rdf import parsing
from reasoner.rdf.terms import Nodes

_NODE = re.compile(r"<([^<>\s]+)>")


class SheetRow(NamedTuple):
    """A row of a sheet."""

    number: int
    """As a spreadsheet counts; the header is 1."""
    cells: dict[str, str]
    """By column, blank ones left out."""
    problem: str = ""
    """What is wrong with it as a whole."""
    certain: bool = True
    """Whether it can be told which request it belongs to."""


def spans(numbers: list[int]) -> str:
    """Numbers in order, those that follow one another together: ``4, 7-9``."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, ends)) for ends in found)


@dataclass(frozen=True)
class Rows:
    """The rows of one request: what they say, or why they are rejected."""

    source: str
    """The name of the sheet with the numbers of the rows."""
    request: str
    """IRI of the request."""
    nodes: Nodes = field(repr=False)
    """What they say, as terms."""
    numbers: dict[str, int] = field(repr=False)
    """The row that each statement and document stands in, by IRI."""
    error: DocumentationError | None = None
    notes: tuple[str, ...] = ()
    """How cells were taken that could be written more plainly."""
    header: tuple[str, ...] = field(default=(), repr=False)
    rows: tuple[SheetRow, ...] = field(default=(), repr=False)
    delimiter: str = ","
    printable: bool = False
    """Whether its texts have printable characters alone."""

    @property
    def raw(self) -> bytes:
        """The rows as CSV, with the header; what is wrong with a row as a whole stands behind its last cell."""
        text = writer(list(self.header), self.delimiter)
        add = csv.writer(text, delimiter=self.delimiter).writerow
        for row in self.rows:
            cells = [row.cells.get(column, "") for column in self.header]
            add([*cells, row.problem] if row.problem else cells)
        return text.getvalue().encode()

    def data_set(self) -> parsing.DataSet:
        """As a data set; raises the error for which they are rejected."""
        if self.error:
            raise self.error
        return parsing.data_set_of(self.source, self.nodes, printable=self.printable)

    def n_triples(self) -> bytes | None:
        """As lines of N-Triples; None if they are rejected."""
        return None if self.error else parsing.lines_of(self.nodes).encode()

    def quads(self) -> str:
        """As N-Quads, in a graph that is named as the request."""
        return parsing.lines_of(self.nodes).replace(" .\n", f" <{self.request}> .\n")

    def explain(self, error: NecessityError) -> NecessityError:
        """An error about the data set, with the numbers of the rows beside the nodes that it names."""

        def place(match: re.Match[str]) -> str:
            number = self.numbers.get(match[1])
            return f"row {number} {match[0]}" if number else match[0]

        return type(error)(_NODE.sub(place, error.problem), where=error.where, mend=error.mend)
