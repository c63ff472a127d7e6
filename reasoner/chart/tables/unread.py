"""Unread items of sheets: what becomes of a row whose code, or the date of whose condition, cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reasoner.chart.tables.cells import PartialDateError, UnknownCodeError, UnreadableError
from reasoner.chart.tables.vocabulary import CONCEPT, CRITERION, FINDING, SYSTEM, Names, SheetColumn
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

_AFFIRMED = terms.of(NEC.Affirmed)
_CONDITION, _EXCERPT = str(NEC.Condition), str(NEC.excerpt)


@dataclass(frozen=True)
class UnreadableCell:
    """A cell, or one of its values, that tells what the record says and cannot be read."""

    column: str
    text: str
    error: UnreadableError


@dataclass(frozen=True)
class UnreadItem:
    """What of a row could not be read."""

    kind: str
    """IRI of the kind of item that it is."""
    words: str
    code: str
    """IRI of its code; empty if it has none."""
    reason: str


def unread_items(
    cells: dict[str, str],
    unreadable: Sequence[UnreadableCell],
    columns: dict[str, SheetColumn],
    said: Collection[Term],
    names: Names,
) -> tuple[list[UnreadItem], bool]:
    """The unread items of a row, and whether it is a statement beside them, by what of it can be read.

    A code that is not known leaves a statement that says by its criterion, its finding or another code what it is about. A
    date without a day leaves none, and is an unread item only of a condition that is affirmed.

    Args:
        cells: of the row, by column.
        unreadable: those that cannot be read.
        columns: of the sheet.
        said: the terms that the others name.
        names: what names the terms.

    Raises:
        PartialDateError: a date names no day, and the row is not an affirmed condition.
    """
    system = cells.get(SYSTEM, "")
    codes = [
        part.strip() for name, column in columns.items() if column.value == CONCEPT for part in _parts(cells.get(name))
    ]
    unknown = {cell.text: str(cell.error) for cell in unreadable if isinstance(cell.error, UnknownCodeError)}
    undated = [cell for cell in unreadable if isinstance(cell.error, PartialDateError)]
    kind = names.kind(system) if codes else _CONDITION
    if undated:
        is_condition = not names.conditions.isdisjoint(said) or (bool(codes) and kind == _CONDITION)
        if not is_condition or _AFFIRMED not in said:
            raise undated[0].error
    stated = [name for name, column in columns.items() if name in cells and column.value in (CRITERION, FINDING)]
    why = [f"its date {cell.text} names no day" for cell in undated]
    excerpt = next(
        (cells[name] for name, column in columns.items() if column.property == _EXCERPT and name in cells), ""
    )
    items = [
        UnreadItem(
            kind,
            excerpt or f"{code} ({system})" if system else excerpt or code,
            names.any_code(code, system),
            "; ".join((*filter(None, [unknown.get(code)]), *why)),
        )
        for code in codes
        if undated or code in unknown
    ]
    if not items:
        items = [UnreadItem(kind, excerpt or ", ".join(cells[name] for name in stated), "", "; ".join(why))]
    return items, not undated and bool(stated or len(unknown) < len(codes))


def _parts(cell: str | None) -> list[str]:
    return [part for part in (cell or "").split("|") if part.strip()]
