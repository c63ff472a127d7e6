"""The sentences of a text, each with its heading and its cues."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from reasoner.chart.documents import lines
from reasoner.chart.documents.cues import cues_of, newest_year
from reasoner.chart.documents.language import Language, Span, english, lowered
from reasoner.chart.documents.model import DocumentText, Sentence

_STOP = re.compile(r"""(?<![.!?])[.!?]++["'”’)\]]*+(?=\s|$)|(?<=[a-z]{3})\.(?=[A-Z][a-z]+[\s,])|…(?=\s)""")
_WORD_BEFORE = re.compile(r"[\w.'-]+$")
_INKED, _AHEAD = re.compile(r"\S"), 12  # code points of what follows a full stop
_QUOTE = re.compile(r'["“”]')
_LONGEST = 600  # code points of a sentence; longer ones are parted at a semicolon, a comma or a space
_LONG_QUOTE = 320  # of quoted speech that is one sentence with what introduces it
_LONG_WHOLE = 320  # of a row or of a question with its answer; longer ones are parted as other text is


def sentences(document: DocumentText) -> tuple[Sentence, ...]:
    """The sentences of a document, in its order. Their offsets are code points of its text; headings are no sentences.

    Args:
        document: the text.
    """
    language = english()
    text = document.text
    low = lowered(text)
    newest = newest_year(text)
    found = []
    for unit in lines.units(text, language):
        for span in _parts(text, unit, language):
            found.append(
                Sentence(
                    start=span.start,
                    end=span.end,
                    page=document.page_at(span.start),
                    heading=unit.heading.words,
                    heading_kind=unit.heading.kind,
                    cues=cues_of(low, span, unit.heading, language, newest),
                )
            )
    return tuple(found)


def _parts(text: str, unit: lines.Unit, language: Language) -> Iterator[Span]:
    """The sentences of a unit."""
    for block in _boxes(text, unit.span, language):
        if unit.whole and block.end - block.start <= _LONG_WHOLE:
            yield block
            continue
        for span in _stops(text, block, unit.heading.span.end, language):
            yield from _bounded(text, span)


def _boxes(text: str, unit: Span, language: Language) -> Iterator[Span]:
    """The items of a line of check boxes, each by itself unless they answer what stands before them; else the unit as it is."""
    boxes = [match.span() for match in lines.BOX.finditer(text, unit.start, unit.end)]
    if len(boxes) < 2:
        yield unit
        return
    if text[unit.start : boxes[0][0]].strip(" -*•\t"):
        yield unit
        return
    starts = [start for start, _ in boxes]
    ends = [*starts[1:], unit.end]
    items = [_trimmed(text, start, end) for start, end in zip(starts, ends, strict=True)]
    labels = [lowered(text[box[1] : item.end]).strip(" .:;,") for box, item in zip(boxes, items, strict=True)]
    if all(label in language.answers for label in labels):
        yield unit
    else:
        yield from items


def _stops(text: str, unit: Span, heading: int, language: Language) -> Iterator[Span]:
    """What punctuation parts; not what ends a heading, which the first sentence below it begins with."""
    quotes = _quoted(text, unit)
    start = _next(text, unit.start, unit.end)
    for match in _STOP.finditer(text, unit.start, unit.end):
        begin, end = match.span()
        if begin <= start or begin == heading:
            continue
        quote = quotes[bisect_right(quotes, (begin, begin)) - 1] if quotes else (end, end)
        if (quote[0] < begin and end < quote[1]) or not _ends(text, unit, match, language):
            continue
        yield Span(start, end)
        start = _next(text, end, unit.end)
    rest = _trimmed(text, start, unit.end)
    if rest.end > rest.start:
        yield rest


def _next(text: str, start: int, end: int) -> int:
    """Where the next character that is no white space stands; the end if there is none."""
    found = _INKED.search(text, start, end)
    return found.start() if found else end


def _ends(text: str, unit: Span, match: re.Match[str], language: Language) -> bool:
    """Whether a full stop ends its sentence."""
    place = _next(text, match.end(), unit.end)
    if place == unit.end:
        return True
    after = text[place : place + _AHEAD]
    if match[0].startswith("..") and after[0].islower():
        return False
    if match[0] == "?" and text[match.start() - 1].isspace():  # of what follows it: "Assessment: ? early dementia"
        return False
    if not match[0].startswith(".") or len(match[0]) > 1:
        return after[0] not in ",;" and not (match[0][0] == "?" and lines.BOX.match(after))
    word = _WORD_BEFORE.search(text, max(unit.start, match.start() - 24), match.start())
    before = lowered(word[0]) if word else ""
    if word and word.start() == unit.start and len(before) <= 2:  # the number or letter of an item
        return False
    initial = len(before) == 1 and text[match.start() - 1].isupper()
    if before in language.titles or (
        initial and not ("\n" in text[match.end() : match.end() + 3] and after[0].isupper())
    ):
        return False
    if before in language.units:
        return after[0].isupper() or after[0] in '"“-•'
    return after[0] not in ",;:)"


def _quoted(text: str, unit: Span) -> list[tuple[int, int]]:
    """Where speech is quoted, between a pair of double quotes."""
    marks = [match.start() for match in _QUOTE.finditer(text, unit.start, unit.end)]
    return [(a, b + 1) for a, b in zip(marks[::2], marks[1::2], strict=False) if b - a <= _LONG_QUOTE]


def _bounded(text: str, span: Span) -> Iterator[Span]:
    """A sentence in parts that are no longer than a reader can take in."""
    start = span.start
    while span.end - start > _LONGEST:
        window = text[start : start + _LONGEST]
        cut = max(window.rfind("; "), window.rfind(", "), window.rfind("\n"))
        cut = cut + 1 if cut > _LONGEST // 3 else max(window.rfind(" "), 0) or _LONGEST
        part = _trimmed(text, start, start + cut)
        if part.end > part.start:
            yield part
        start += cut
    rest = _trimmed(text, start, span.end)
    if rest.end > rest.start:
        yield rest


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
