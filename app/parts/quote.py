"""Sentences of a chart as templates show them."""

from __future__ import annotations

from typing import Any

from reasoner.documentation import Assertion, Statement
from reasoner.render import LONGEST
from reasoner.settle import Bearing, SetAside

_STANCE = {
    Assertion.AFFIRMED: "affirms",
    Assertion.DENIED: "denies",
    Assertion.NOT_APPLICABLE: "says that it does not arise",
}
_TONE = {Assertion.AFFIRMED: "good", Assertion.DENIED: "bad", Assertion.NOT_APPLICABLE: "none"}


def bearing(found: Bearing) -> dict[str, Any]:
    """A statement that bears on a criterion."""
    stance = "affirms the contrary" if found.contrary else _STANCE[found.stance]
    return quotation(found.statement, stance, _TONE[found.stance])


def aside(found: SetAside) -> dict[str, Any]:
    """A statement that was set aside, with the reason."""
    return quotation(found.statement, found.reason.value, "")


def quotation(statement: Statement, stance: str = "", tone: str = "", *, here: bool = False) -> dict[str, Any]:
    """A statement with its place in the record; a long excerpt is cut, and says so."""
    document, excerpt = statement.document, statement.excerpt
    if len(excerpt) > LONGEST:
        excerpt = f"{excerpt[:LONGEST]} … ({len(statement.excerpt):,} characters in all)"
    where = (
        document.title or document.iri,
        f"{document.author} ({document.role})" if document.role else document.author,
        f"observed {statement.observed}" if statement.observed != statement.recorded else "",
        f"recorded {statement.recorded}",
        f"p. {statement.page}" if statement.page else "",
    )
    return {
        "stance": stance or _STANCE[statement.assertion],
        "tone": tone or _TONE[statement.assertion],
        "excerpt": excerpt,
        "where": ", ".join(part for part in where if part),
        "here": here,
    }
