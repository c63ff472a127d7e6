"""The fields of a brief and of the tables made of it: one list for JSON lines, CSV, Parquet and Spark.

A brief is a determination as a line of JSON. A table says the same with a row a determination (Parquet, Spark) or a row a
criterion (CSV).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Any

Brief = dict[str, Any]
"""A brief as JSON values, by the names of `FIELDS`."""


class Type(Enum):
    """What the values of a field or column are."""

    TEXT = auto()
    DAY = auto()
    """A date, in JSON as YYYY-MM-DD."""
    TRUTH = auto()
    NAMES = auto()
    """A list of ids or IRIs."""
    COUNTS = auto()
    """How many unread items there are of a kind and reason."""
    STATUS_BY_CRITERION = auto()
    NAMES_BY_CRITERION = auto()


@dataclass(frozen=True)
class Field:
    """A field of a brief."""

    name: str
    type: Type
    optional: bool = False
    """Whether it can be null."""
    in_csv: bool = True

    @property
    def column(self) -> str:
        """Its name in tables."""
        return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", self.name)


@dataclass(frozen=True)
class CriterionField:
    """What a table says of a criterion."""

    name: str
    type: Type
    of: Callable[[Brief, str], Any]
    """Its value, given a brief and the id of the criterion."""
    nested: bool = True
    """Whether a row a determination has it in its list of criteria; what its other columns say need not be."""


FIELDS = (
    Field("key", Type.TEXT),
    Field("request", Type.TEXT),
    Field("start", Type.DAY),
    Field("end", Type.DAY, optional=True),
    Field("asOf", Type.DAY, in_csv=False),
    Field("version", Type.TEXT, optional=True),
    Field("outcome", Type.TEXT),
    Field("holds", Type.TRUTH, optional=True),
    Field("holdsStrained", Type.TRUTH, optional=True),
    Field("criteria", Type.STATUS_BY_CRITERION),
    Field("evidence", Type.NAMES_BY_CRITERION),
    Field("gap", Type.NAMES),
    Field("unread", Type.NAMES),
    Field("unreadCounts", Type.COUNTS),
)
"""The fields of a brief, in order; `data/schema/brief.json` says the same with what each means."""
CRITERION_FIELDS = (
    CriterionField("criterion", Type.TEXT, lambda _, id_: id_),
    CriterionField("status", Type.TEXT, lambda brief, id_: brief["criteria"].get(id_, "")),
    CriterionField("statements", Type.NAMES, lambda brief, id_: brief["evidence"].get(id_, [])),
    CriterionField("missing", Type.TRUTH, lambda brief, id_: id_ in brief["gap"], nested=False),
)
"""The columns about a criterion: statements are IRIs, missing says that the first gap holds it."""

FLAT = tuple(field for field in FIELDS if field.type in (Type.TEXT, Type.DAY, Type.TRUTH))
"""The fields of one value."""
LISTS = tuple(field for field in FIELDS if field.type in (Type.NAMES, Type.COUNTS))
"""The fields that are lists."""
NESTED = tuple(field for field in CRITERION_FIELDS if field.nested)
COLUMNS = (
    *(field.column for field in FLAT),
    "criteria",
    *(field.column for field in LISTS),
)
"""The columns of a row a determination: the flat fields, the criteria with what `NESTED` says of each, and the lists."""
CSV_FIELDS = tuple(field for field in FLAT if field.in_csv)
CSV_COLUMNS = (
    *(field.column for field in CSV_FIELDS),
    *(field.name for field in CRITERION_FIELDS),
    "unread",
)
"""The columns of a row a criterion; the last says how many items of the record could not be read."""


def table_row(brief: Brief) -> dict[str, Any]:
    """A brief as a row a determination, by `COLUMNS`."""
    flat = [_value(field.type, brief[field.name]) for field in FLAT]
    criteria = [{field.name: field.of(brief, id_) for field in NESTED} for id_ in brief["criteria"]]
    return dict(zip(COLUMNS, [*flat, criteria, *(brief[field.name] for field in LISTS)], strict=True))


def csv_rows(brief: Brief) -> list[list[str]]:
    """A brief as rows a criterion, by `CSV_COLUMNS`; one with nothing of a criterion where none is asked."""
    head = [_cell(brief[field.name]) for field in CSV_FIELDS]
    unread = str(len(brief["unread"]))
    return [
        [*head, *(_cell(field.of(brief, id_)) for field in CRITERION_FIELDS), unread]
        for id_ in brief["criteria"] or ("",)
    ]


def _value(type_: Type, value: Any) -> Any:
    return date.fromisoformat(value) if type_ is Type.DAY and value else value


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else value or ""
