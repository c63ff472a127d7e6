"""The formats of determinations: one table of all that ``necessity determine`` writes, and with what.

A `Document` is made of all determinations at once. A `Stream` is made of a batch, a line of JSON a determination, so its
input can be of any size. What writes a format is imported where it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from reasoner.engine import Determination
    from reasoner.export import Results


@dataclass(frozen=True)
class Document:
    """A format that is made of all determinations at once."""

    write: Callable[[Sequence[Determination]], str]


@dataclass(frozen=True)
class Stream:
    """A format that is made of the lines of a batch, one after the other."""

    write: Callable[[Results, BinaryIO], None]
    records: bool = False
    """Whether the lines are whole records rather than briefs."""


def _text(determinations: Sequence[Determination]) -> str:
    from reasoner import text

    return "\n".join(text.render(determination) for determination in determinations)


def _json(determinations: Sequence[Determination]) -> str:
    import json

    from reasoner import record

    records = [record.to_json(determination) for determination in determinations]
    return json.dumps(records, ensure_ascii=False, indent=2) + "\n"


def _turtle(determinations: Sequence[Determination]) -> str:
    return _graph(determinations, "turtle")


def _jsonld(determinations: Sequence[Determination]) -> str:
    return _graph(determinations, "json-ld")


def _graph(determinations: Sequence[Determination], syntax: str) -> str:
    from reasoner import record

    return record.to_graph(determinations).serialize(format=syntax, auto_compact=True) + "\n"


def _html(determinations: Sequence[Determination]) -> str:
    from reasoner import render

    return render.to_html(determinations)


def _markdown(determinations: Sequence[Determination]) -> str:
    from reasoner import render

    return render.to_markdown(determinations)


def _letter(determinations: Sequence[Determination]) -> str:
    from reasoner import render

    letters = []
    for determination in determinations:
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
