"""Sentences of a chart as templates show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reasoner.chart.model import Assertion, Statement
from reasoner.determination.bearing import Bearing, SetAside
from reasoner.render.document import quotation as quoted
from reasoner.render.wording import STANCE, bearing_words

_TONE = {Assertion.AFFIRMED: "good", Assertion.DENIED: "bad", Assertion.NOT_APPLICABLE: "none"}


def bearing(bearing: Bearing) -> dict[str, Any]:
    """A statement that bears on a criterion."""
    return quotation(bearing.statement, bearing_words(bearing), _TONE[bearing.stance])


def aside(aside: SetAside) -> dict[str, Any]:
    """A statement that was set aside, with the reason."""
    return quotation(aside.statement, aside.words, "")


def in_order(statements: Iterable[Statement]) -> list[Statement]:
    """Statements of a document in the order of its pages, and of its text where it has one."""

    def place(statement: Statement) -> tuple[str, int, str]:
        return statement.page.rjust(8), statement.anchor.start if statement.anchor else 0, statement.iri

    return sorted(statements, key=place)


def quotation(statement: Statement, stance: str = "", tone: str = "", *, here: bool = False) -> dict[str, Any]:
    """A statement with its place in the record, by default with its own stance; `here` marks it as bearing on the criterion."""
    fields = quoted(stance or STANCE[statement.assertion], statement)
    return {**fields, "tone": tone or _TONE[statement.assertion], "here": here}
