"""Permissions: which role may sign which act, in which state of a case and over whose act, as ``permissions.csv`` says.

Each line of the table decides some cells: its roles, acts, states and whose acts are revised, each a list of words or ``*``
for all. Of several lines that speak to a cell the first holds.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import TypeVar

from reasoner.ground.errors import EngineError
from reasoner.review.acts import Act, Disposition
from reasoner.review.authority import Role
from reasoner.review.people import User
from reasoner.review.steps import CaseState

_TABLE = Path(__file__).with_name("permissions.csv")
_W = TypeVar("_W", bound=StrEnum)
_COLUMNS = ("roles", "acts", "states", "revises", "permitted", "reason")


class Revised(StrEnum):
    """Whose act an act corrects."""

    NOTHING = "nothing"
    OWN = "own"
    REVIEWERS = "reviewer"
    CLINICIANS = "clinician"


class Condition(StrEnum):
    """When an act is permitted."""

    YES = "yes"
    NO = "no"
    LICENCE = "licence"
    """To a person with a licence."""
    MET = "criteria-met"
    """If the criteria are met, with overrides that rest on evidence."""
    MET_OR_LICENCE = "criteria-met-or-licence"


Cell = tuple[Role, Disposition, CaseState, Revised]


@dataclass(frozen=True)
class Permission:
    """What the table says of a cell."""

    condition: Condition
    reason: str


def revised(act: Act | None, user: User) -> Revised:
    """Whose act a person corrects; an act whose record does not say in which role it was signed counts as a clinician's."""
    if act is None:
        return Revised.NOTHING
    if act.person == user.iri:
        return Revised.OWN
    return Revised.REVIEWERS if act.signed_as is Role.REVIEWER else Revised.CLINICIANS


def permission(role: Role, act: Disposition, state: CaseState, revises: Revised) -> Permission:
    """What the table says of an act of a person in a role, in a state of the case and over an act of someone."""
    return permissions()[role, act, state, revises]


@lru_cache(maxsize=1)
def permissions() -> Mapping[Cell, Permission]:
    """The table, by cell; raises as `read_permissions`."""
    with _TABLE.open(newline="", encoding="utf-8") as stream:
        return read_permissions(stream)


def read_permissions(lines: Iterable[str]) -> dict[Cell, Permission]:
    """Read a table of permissions.

    Args:
        lines: CSV with a heading.

    Raises:
        EngineError: a word is unknown, a line lacks its reason or decides nothing that an earlier line leaves open, or a cell
            is not decided.
    """
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise EngineError(
            "the columns are not those of a table of permissions", where="line 1", mend=", ".join(_COLUMNS)
        )
    table: dict[Cell, Permission] = {}
    for row in reader:
        where = f"line {reader.line_num}"
        if None in row or None in row.values() or not row["reason"].strip():
            raise EngineError("the line has not each of the columns", where=where, mend="Give a reason too")
        cells = list(
            product(
                _words(Role, row["roles"], where),
                _words(Disposition, row["acts"], where),
                _words(CaseState, row["states"], where),
                _words(Revised, row["revises"], where),
            )
        )
        conditions = _words(Condition, row["permitted"], where)
        if len(conditions) != 1:
            raise EngineError("the line permits on more than one condition", where=where, mend="Give one")
        new = [cell for cell in cells if cell not in table]
        if not new:
            raise EngineError("the line decides nothing", where=where, mend="Take it out, or move it up")
        table.update(dict.fromkeys(new, Permission(conditions[0], row["reason"].strip())))
    missing = next((cell for cell in all_cells() if cell not in table), None)
    if missing:
        raise EngineError("nothing decides " + ", ".join(word.value for word in missing), mend="Add a line for it")
    return table


def all_cells() -> Iterator[Cell]:
    """Every combination of role, act, state and whose act is revised."""
    return product(Role, Disposition, CaseState, Revised)


def _words(kind: type[_W], text: str, where: str) -> list[_W]:
    if text.strip() == "*":
        return list(kind)
    try:
        return [kind(word) for word in text.split()]
    except ValueError as error:
        raise EngineError(str(error), where=where, mend=f"Known are {', '.join(kind)}") from error
