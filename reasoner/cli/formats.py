"""The formats of determinations: one table of all that ``necessity determine`` writes, and with what.

A `Document` is made of all determinations at once. A `Stream` is made of a batch, a line of JSON a determination, so its
input can be of any size. What writes a format is imported where it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from reasoner.engine import Determination
    from reasoner.export import Results


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
class Document:
    """A format that is made of all determinations at once."""

    write: Callable[[Determined, Display], str]


@dataclass(frozen=True)
class Stream:
    """A format that is made of the lines of a batch, one after the other."""

    write: Callable[[Results, BinaryIO], None]
    records: bool = False
    """Whether the lines are whole records rather than briefs."""


def _text(determined: Determined, display: Display) -> str:
    if display.whole or len({determination.case.iri for determination in determined.determinations}) < 2:
        from reasoner import text

        return "\n".join(text.render(determination) for determination in determined.determinations)
    from reasoner.overview import overview

    return overview(determined.determinations, rejected=determined.rejected, width=display.width, styled=display.styled)


def _json(determined: Determined, _: Display) -> str:
    import json

    from reasoner import record

    records = [record.to_json(determination) for determination in determined.determinations]
    return json.dumps(records, ensure_ascii=False, indent=2) + "\n"


def _turtle(determined: Determined, _: Display) -> str:
    return _graph(determined, "turtle")


def _jsonld(determined: Determined, _: Display) -> str:
    return _graph(determined, "json-ld")


def _graph(determined: Determined, syntax: str) -> str:
    from reasoner import record

    return record.to_graph(determined.determinations).serialize(format=syntax, auto_compact=True) + "\n"


def _html(determined: Determined, _: Display) -> str:
    from reasoner import render

    return render.to_html(determined.determinations)


def _markdown(determined: Determined, _: Display) -> str:
    from reasoner import render

    return render.to_markdown(determined.determinations)


def _letter(determined: Determined, _: Display) -> str:
    from reasoner import render

    letters = []
    for determination in determined.determinations:
        letter = render.to_letter(determination)
        if letter is None:
            print(f"note: {determination.case.iri}: no documentation is needed", file=sys.stderr)
        else:
            letters.append(letter)
    return "\n".join(letters)


def _lines(results: Results, stream: BinaryIO) -> None:
    from reasoner import export

    export.write_lines(results, stream)


def _csv(results: Results, stream: BinaryIO) -> None:
    from reasoner import export

    export.write_csv(results, stream)


def _parquet(results: Results, stream: BinaryIO) -> None:
    from reasoner import export

    export.write_parquet(results, stream)


def _junit(results: Results, stream: BinaryIO) -> None:
    from reasoner import export

    export.write_junit(results, stream)


def _sarif(results: Results, stream: BinaryIO) -> None:
    from reasoner import export

    export.write_sarif(results, stream)


def _summary(results: Results, stream: BinaryIO) -> None:
    from reasoner import export

    export.write_summary(results, stream)


FORMATS: dict[str, Document | Stream] = {
    "text": Document(_text),
    "json": Document(_json),
    "turtle": Document(_turtle),
    "jsonld": Document(_jsonld),
    "html": Document(_html),
    "markdown": Document(_markdown),
    "letter": Document(_letter),
    "compact": Stream(_lines),
    "jsonl": Stream(_lines, records=True),
    "csv": Stream(_csv),
    "parquet": Stream(_parquet),
    "junit": Stream(_junit),
    "sarif": Stream(_sarif),
    "summary": Stream(_summary),
}
"""What ``--format`` takes, in the order in which ``--help`` lists it."""
STREAMS = tuple(name for name, form in FORMATS.items() if isinstance(form, Stream))
