"""Paragraphs that a document has from an earlier one: what was copied forward says nothing new on the day of the copy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from reasoner.chart.documents.language import Span, english
from reasoner.chart.documents.lines import units
from reasoner.chart.documents.model import DocumentText

_SHORTEST = 40  # letters and digits; what is shorter recurs by itself
_SIGNS = re.compile(r"(?:[^\w☐☑☒✓✔✗+<>≤≥]|_)+")  # a box that is ticked, and more than, say something
_DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}(?:[/.-]\d{1,4})?")


def folded(words: str) -> str:
    """Words without case, punctuation and white space, and with their dates: what a copy has in common with its original."""
    return " ".join(_DATE.findall(words)) + _SIGNS.sub("", words).casefold()


class Copy(NamedTuple):
    """A paragraph that stands in an earlier document, or earlier in the same one, word for word."""

    document: int
    """The place of its document in the order given."""
    span: Span
    first: int
    """The place of the document that has it first."""
    first_span: Span
    first_date: date | None


def copied_forward(documents: Iterable[tuple[DocumentText, date | None]]) -> list[Copy]:
    """The paragraphs that were copied, each with where and when it stood first.

    Case, punctuation and white space make no difference. A paragraph with another date in it is another paragraph.

    Args:
        documents: texts with their dates. The earliest comes first; those without date count as the latest, and those of
            one day come as they are given.
    """
    given = list(documents)
    order = sorted(range(len(given)), key=lambda place: (given[place][1] or date.max, place))
    first: dict[str, tuple[int, Span]] = {}
    copies = []
    for place in order:
        document, _ = given[place]
        for unit in units(document.text, english()):
            key = folded(document.text[unit.span.start : unit.span.end])
            if len(key) < _SHORTEST:
                continue
            if key in first:
                copies.append(Copy(place, unit.span, *first[key], given[first[key][0]][1]))
            else:
                first[key] = place, unit.span
    return copies
