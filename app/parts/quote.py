"""Sentences of a chart as templates show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from parts import paint
from reasoner.chart.model import Assertion, Statement
from reasoner.determination.bearing import Bearing, SetAside
from reasoner.determination.model import CriterionResult, Determination
from reasoner.ground.display import plain
from reasoner.render.document import quotation as quoted
from reasoner.render.wording import STANCE, bearing_words

_TONE = {Assertion.AFFIRMED: "good", Assertion.DENIED: "bad", Assertion.NOT_APPLICABLE: "none"}


def bearing(bearing: Bearing) -> dict[str, Any]:
    """A statement that bears on a criterion."""
    return quotation(bearing.statement, bearing_words(bearing), _TONE[bearing.stance])


def aside(aside: SetAside) -> dict[str, Any]:
    """A statement that was set aside, with the reason."""
    return quotation(aside.statement, aside.words, "")


@dataclass
class Said:
    """What a statement does to some criteria, or why it is set aside there, in words."""

    words: str
    criteria: dict[str, str]
    """By id, the name and the label of each."""


def bearings(determination: Determination) -> dict[str, list[Said]]:
    """What each statement does to which criteria, by the IRI of the statement: what it bears on before what it is set aside at."""
    found: dict[str, dict[str, Said]] = {}

    def put(statement: Statement, words: str, result: CriterionResult) -> None:
        said = found.setdefault(statement.iri, {}).setdefault(words, Said(words, {}))
        said.criteria[result.criterion.id] = " ".join(paint.names(result.criterion))

    leaves = [result for result in determination.criteria if not result.members]
    for result in leaves:
        for one in result.evidence:
            put(one.statement, bearing_words(one), result)
    for result in leaves:
        for aside in determination.considered(result):
            put(aside.statement, f"set aside, {aside.words}", result)
    return {iri: list(by_words.values()) for iri, by_words in found.items()}


def in_order(statements: Iterable[Statement]) -> list[Statement]:
    """Statements of a document in the order of its pages, and of its text where it has one."""

    def place(statement: Statement) -> tuple[str, int, str]:
        return statement.page.rjust(8), statement.anchor.start if statement.anchor else 0, statement.iri

    return sorted(statements, key=place)


def quotation(statement: Statement, stance: str = "", tone: str = "", *, here: bool = False) -> dict[str, Any]:
    """A statement with its place in the record, by default with its own stance; `here` marks it as bearing on the criterion."""
    fields = quoted(stance or STANCE[statement.assertion], statement)
    return {**fields, "tone": tone or _TONE[statement.assertion], "here": here}


def bare(statement: Statement) -> dict[str, Any]:
    """A statement with its place in the record, without whether it affirms or denies."""
    return {**quoted("", statement), "tone": "", "here": False, "said": []}


def by_nearness(statements: Iterable[Statement], result: CriterionResult) -> dict[str, Statement]:
    """Statements of a chart by IRI: first those that a criterion considered, then the others, each in order."""
    near = [bearing.statement.iri for bearing in result.evidence] + [aside.statement.iri for aside in result.set_aside]
    return {s.iri: s for s in sorted(in_order(statements), key=lambda s: s.iri not in near)}


def line(statement: Statement, longest: int = 90) -> str:
    """A statement in one line: its sentence, where it stands, and of which day."""
    said = plain(statement.excerpt) or STANCE[statement.assertion]
    cut = said if len(said) <= longest else f"{said[:longest]}…"
    return f"“{cut}” {plain(statement.document.title)}, {statement.recorded}"
