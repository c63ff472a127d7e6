"""The formats of determinations: one table of all that ``necessity determine`` writes, and with what.

A `DocumentFormat` is made of all determinations at once. A `StreamFormat` is made of a batch, a line of JSON a determination, so its
input can be of any size. What writes a format is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from reasoner.cli.output import say

if TYPE_CHECKING:
    from reasoner.batch.model import Results
    from reasoner.determination.model import Determination


@dataclass(frozen=True)
class Determined:
    """What comes of charts."""

    determinations: tuple[Determination, ...]
    """In the order of request IRIs and service dates."""
    rejected: int
    """How many data sets nothing is determined from."""


@dataclass(frozen=True)
class Display:
    """How text is shown."""

    whole: bool
    """Whether many requests are printed one by one rather than as a table."""
    width: int
    """Columns."""
    styled: bool
    """Whether colours and symbols are added."""


@dataclass(frozen=True)
class DocumentFormat:
    """A format that is made of all determinations at once."""

    write: Callable[[Determined, Display], str]


@dataclass(frozen=True)
class StreamFormat:
    """A format that is made of the lines of a batch, one after the other."""

    write: Callable[[Results, BinaryIO], None]
    whole: bool = False
    """Whether the lines are whole determinations rather than briefs."""
    binary: bool = False
    """Whether it is no text."""


def _text(determined: Determined, display: Display) -> str:
    if display.whole or len({determination.case.iri for determination in determined.determinations}) < 2:
        from reasoner.render import text

        return "\n".join(text.render(determination) for determination in determined.determinations)
    from reasoner.render.overview import overview

    return overview(determined.determinations, rejected=determined.rejected, width=display.width, styled=display.styled)


def _json(determined: Determined, _: Display) -> str:
    import json

    from reasoner.render.json import to_json

    records = [to_json(determination) for determination in determined.determinations]
    return json.dumps(records, ensure_ascii=False, indent=2) + "\n"


def _turtle(determined: Determined, _: Display) -> str:
    return _graph(determined, "turtle")


def _jsonld(determined: Determined, _: Display) -> str:
    return _graph(determined, "json-ld")


def _graph(determined: Determined, syntax: str) -> str:
    from reasoner.render import provenance

    return (
        provenance.to_graph(determined.determinations, selectors=True).serialize(format=syntax, auto_compact=True)
        + "\n"
    )


def _fhir(determined: Determined, _: Display) -> str:
    from reasoner.render import fhir

    return fhir.to_lines(determined.determinations)


def _html(determined: Determined, _: Display) -> str:
    from reasoner.render import document

    return document.to_html(determined.determinations)


def _markdown(determined: Determined, _: Display) -> str:
    from reasoner.render import document

    return document.to_markdown(determined.determinations)


def _letter(determined: Determined, _: Display) -> str:
    from reasoner.render import notices

    letters = []
    for determination in determined.determinations:
        letter = notices.to_letter(determination)
        if letter is None:
            say(f"note: {determination.case.iri}: no documentation is needed")
        else:
            letters.append(letter)
    return "\n".join(letters)


def _lines(results: Results, stream: BinaryIO) -> None:
    from reasoner.batch import exports

    exports.write_lines(results, stream)


def _csv(results: Results, stream: BinaryIO) -> None:
    from reasoner.batch import exports

    exports.write_csv(results, stream)


def _parquet(results: Results, stream: BinaryIO) -> None:
    from reasoner.batch import exports

    exports.write_parquet(results, stream)


def _junit(results: Results, stream: BinaryIO) -> None:
    from reasoner.batch import reports

    reports.write_junit(results, stream)


def _sarif(results: Results, stream: BinaryIO) -> None:
    from reasoner.batch import reports

    reports.write_sarif(results, stream)


def _summary(results: Results, stream: BinaryIO) -> None:
    from reasoner.batch import reports

    reports.write_summary(results, stream)


FORMATS: dict[str, DocumentFormat | StreamFormat] = {
    "text": DocumentFormat(_text),
    "json": DocumentFormat(_json),
    "turtle": DocumentFormat(_turtle),
    "jsonld": DocumentFormat(_jsonld),
    "fhir": DocumentFormat(_fhir),
    "html": DocumentFormat(_html),
    "markdown": DocumentFormat(_markdown),
    "letter": DocumentFormat(_letter),
    "compact": StreamFormat(_lines),
    "jsonl": StreamFormat(_lines, whole=True),
    "csv": StreamFormat(_csv),
    "parquet": StreamFormat(_parquet, binary=True),
    "junit": StreamFormat(_junit),
    "sarif": StreamFormat(_sarif),
    "summary": StreamFormat(_summary),
}
"""What ``--format`` takes, in the order in which ``--help`` lists it."""
STREAMS = tuple(name for name, form in FORMATS.items() if isinstance(form, StreamFormat))
