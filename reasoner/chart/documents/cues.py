"""The cues of a sentence: its words of caution, its heading, and what its check boxes say."""

from __future__ import annotations

import re
from itertools import chain

from reasoner.chart.documents.language import Language, Span
from reasoner.chart.documents.lines import BOX, Heading
from reasoner.chart.documents.model import Cue

NEGATED, TEMPLATE = "negated", "template"
_LABEL = 24  # code points of a box's label, as far as it can be an answer
_UNTICKED = frozenset("[]() \t_☐")
_YEAR = re.compile(r"(?<![\w/.-])(?:19|20)\d\d(?!\w)|(?<=\d[/-])(?:19|20)\d\d(?!\w)")
_SHORT_DATE = re.compile(r"(?<![\w/.-])\d{1,2}[/-]\d{1,2}[/-]([0-3]\d)(?![\w/-])")


def newest_year(text: str) -> str:
    """The latest year that a text dates anything with: what it says of that year is no history. Empty if it has none."""
    written = (match[0] for match in _YEAR.finditer(text))
    return max(chain(written, (f"20{match[1]}" for match in _SHORT_DATE.finditer(text))), default="")


def cues_of(low: str, sentence: Span, heading: Heading, language: Language, newest: str) -> tuple[Cue, ...]:
    """The cues that a sentence has, in the order of their places.

    Args:
        low: the document's text in lower case; see `reasoner.chart.documents.language.lowered`.
        sentence: where it stands.
        heading: what it stands under.
        language: whose words are known.
        newest: the latest year of the document; see `newest_year`.
    """
    boxes, open_labels = _boxes(low, sentence, language)
    found = [
        (kind, span)
        for kind, span in language.cues.find(low, sentence.start, sentence.end)
        if low[span.start : span.end] != newest
        and not any(label.start <= span.start < label.end for label in open_labels)
    ]
    cues = {Cue(kind, *span) for kind, span in (*found, *boxes)}
    if heading.cue:
        cues.add(Cue(heading.cue, *heading.span))
    return tuple(sorted(cues, key=lambda cue: (cue.start, cue.end, cue.kind)))


def _boxes(low: str, sentence: Span, language: Language) -> tuple[list[tuple[str, Span]], list[Span]]:
    """What the check boxes of a sentence say, and the labels of those that were left open for another.

    A ticked box with a label that says no is a cue. A box that is not ticked is one where none of the sentence is.
    """
    boxes = [match.span() for match in BOX.finditer(low, sentence.start, sentence.end)]
    ticked = [not _UNTICKED.issuperset(low[start:end]) for start, end in boxes]
    ends = [*(start for start, _ in boxes), sentence.end][1:]
    cues: list[tuple[str, Span]] = []
    left_open: list[Span] = []
    for (start, end), tick, stop in zip(boxes, ticked, ends, strict=True):
        label = low[end:stop].rstrip()
        if tick and language.negative_answers.find(label[:_LABEL]):
            cues.append((NEGATED, Span(start, end + len(label))))
        elif not any(ticked):
            cues.append((TEMPLATE, Span(start, end)))
        elif not tick and len(label) <= _LABEL:
            left_open.append(Span(end, stop))
    return cues, left_open
