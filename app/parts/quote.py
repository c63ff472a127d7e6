"""Sentences of a chart as templates show them."""

from __future__ import annotations

from typing import Any

from reasoner.chart.model import Assertion, Statement
from reasoner.determination.settling import Bearing, SetAside
from reasoner.render.document import STANCE
from reasoner.render.document import quotation as quoted

_TONE = {Assertion.AFFIRMED: "good", Assertion.DENIED: "bad", Assertion.NOT_APPLICABLE: "none"}


def bearing(found: Bearing) -> dict[str, Any]:
    """A statement that bears on a criterion."""
    stance = "affirms the contrary" if found.contrary else STANCE[found.stance]
    return quotation(found.statement, stance, _TONE[found.stance])


def aside(found: SetAside) -> dict[str, Any]:
    """A statement that was set aside, with the reason."""
    return quotation(found.statement, found.reason.value, "")


def quotation(statement: Statement, stance: str = "", tone: str = "", *, here: bool = False) -> dict[str, Any]:
    """A statement with its place in the record, by default with its own stance."""
    found = quoted(stance or STANCE[statement.assertion], statement)
    return {**found, "tone": tone or _TONE[statement.assertion], "here": here}
