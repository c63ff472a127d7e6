"""The lines of a text: which of them is a heading, and which go on in the next.

Newlines and sections come before punctuation: a list item, a row of a table and a heading end with their line, and a line of
running text goes on only where it was broken because it was full.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reasoner.chart.documents.language import Language, Span, lowered

_LINE = re.compile(r"[^\n\r\f]+")
_BLANK = re.compile(r"[\W_]*")
_BULLET = re.compile(r"(?:[-–—*•·▪◦o►>]|\(?(?:\d{1,2}|[a-zA-Z])[.)]|#)\s+")
_NUMBER = re.compile(r"^\s*(?:#+\s*)?(?:\(?(?:\d{1,2}|[IVX]{1,4}|[A-Za-z])[.)]\s+)*")
_QUESTION, _ANSWER = re.compile(r"(?:Q\d*[.:]|Question:)\s", re.IGNORECASE), re.compile(r"(?:A\d*[.:]|Answer:)\s", re.I)
BOX = re.compile(r"\[[ \t]{0,6}[xX✓✔✗_]?[ \t]{0,6}\](?!\()|\([xX✓✔ ]\)|[☐☑☒✓✔]")
"""A check box, ticked or not."""
GAP = re.compile(r"\t| {3,}|(?<=\S)\s*\|\s*(?=\S)")
"""What parts the cells of a row."""
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9 /&'().+-]{0,48}?)\s*:(?=\s|$)")
_RUN_IN = re.compile(r"([A-Z][A-Za-z0-9 /&'()+-]{0,48})\.(?=\s+[A-Z])")
_ENDS = re.compile(r"""[.!?:;]["'”’)\]]*\s*$""")
_OPEN = re.compile(r"[,(/–—&+]$")
_LAST = re.compile(r"[\w/]{1,12}$")
_ASIDE, _PARTED = re.compile(r"\([^)]*\)"), re.compile(r"[.!?,;]\s")
_WIDE, _WIDEST = 45, 220  # code points of a line that a margin can have broken
_CELL = 60  # code points of a cell of a row
_ENUMERATED = re.compile(r"\(?\d{1,2}[.)]\s+[A-Z]")
_FEW = 3  # words of a heading that a number alone marks
_LONGEST, _WORDS = 70, 6  # code points of a heading, and words of one that a colon ends


class Heading(NamedTuple):
    """A heading and what it says of the text below it."""

    span: Span
    words: str
    kind: str
    cue: str
    known: bool
    """Whether it is listed word for word; any other could be more than a heading."""


NO_HEADING = Heading(Span(0, 0), "", "", "", True)
"""What stands before the first heading stands under this one."""


class Unit(NamedTuple):
    """A stretch of text that no sentence reaches out of, under its heading."""

    span: Span
    heading: Heading
    whole: bool
    """Whether it is one sentence: a row of a table, or a question with its answer."""


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    content: str
    indent: int
    before: bool
    """Whether a blank line stands before it."""


def units(text: str, language: Language) -> Iterator[Unit]:
    """The units of a text, in its order; headings are none themselves.

    Args:
        text: any text.
        language: whose headings are known.
    """
    lines = _lines(text)
    width = _width(lines)
    section = inline = NO_HEADING
    start: _Line | None = None
    capitals = _in_capitals(lines)
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        if start is None:
            if found := _block_heading(line, language, capitals, following):
                if not found.known:
                    yield Unit(Span(line.start, line.end), section, True)
                section, inline = found, NO_HEADING
                continue
            if line.before:
                inline = NO_HEADING
            if found := _inline_heading(line, language):
                inline = found
            start = line
        if following is None or not _goes_on(line, following, start, width, language, capitals):
            whole = _is_row(line) if line is start else bool(_QUESTION.match(start.content))
            yield Unit(Span(start.start, line.end), inline if inline.words else section, whole)
            start = None


def _lines(text: str) -> list[_Line]:
    lines = []
    blank = True
    last = 0
    for match in _LINE.finditer(text):
        blank = blank or text.count("\n", last, match.start()) > 1 or "\f" in text[last : match.start()]
        last = match.end()
        content = match[0].strip()
        if _BLANK.fullmatch(content) and not BOX.search(content):
            blank = True
            continue
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        lines.append(_Line(start, start + len(content), content, start - match.start(), blank))
        blank = False
    return lines


def _width(lines: list[_Line]) -> int:
    """Where the margin of broken lines is: the length that a tenth of the longer lines reach; 0 if no margin broke them."""
    lengths = sorted(line.indent + len(line.content) for line in lines)
    longer = lengths[bisect_left(lengths, _WIDE) :]
    width = longer[-1 - len(longer) // 10] if longer else 0
    return width if width <= _WIDEST else 0


def _is_row(line: _Line) -> bool:
    """Whether a line is a row of short cells."""
    cells = [cell for cell in GAP.split(line.content) if cell.strip()]
    return line.content.startswith("|") or (len(cells) > 1 and max(map(len, cells)) <= _CELL)


def _in_capitals(lines: list[_Line]) -> bool:
    """Whether the text is written in capitals throughout, so that they make no heading."""
    shouted = sum(len(line.content) for line in lines if line.content.isupper())
    return 2 * shouted > sum(len(line.content) for line in lines)


def _goes_on(line: _Line, following: _Line, start: _Line, width: int, language: Language, capitals: bool) -> bool:
    """Whether what a line says goes on in the next."""
    asked = bool(_QUESTION.match(start.content)) or start.content.endswith("?")
    if asked and (_ANSWER.match(following.content) or (line.content.endswith("?") and BOX.match(following.content))):
        return True
    return not (
        following.before
        or any(mark.match(following.content) for mark in (_BULLET, BOX, _QUESTION, _ANSWER))
        or _is_row(line)
        or _is_row(following)
        or _inline_heading(following, language)
        or _block_heading(following, language, capitals)
        or not (_is_full(line, following, width, language) or _hangs(line, following, start))
    )


def _is_full(line: _Line, following: _Line, width: int, language: Language) -> bool:
    """Whether a line was broken because no more fitted into it, or cannot end as it does."""
    last = _LAST.search(line.content)
    if _OPEN.search(line.content) or (last and language.unfinished.covers(lowered(last[0]))):
        return True
    length = line.indent + len(line.content)
    if not width or length < _WIDE or GAP.search(line.content):
        return False
    room = length + 1 + len(following.content.split(None, 1)[0])
    lower = following.content[:1].islower() and not _ENDS.search(line.content)
    return room > width * (0.6 if lower else 0.92)


def _hangs(line: _Line, following: _Line, start: _Line) -> bool:
    """Whether the next line goes on in the indentation of an item."""
    return (
        following.indent > start.indent + 1
        and following.content[:1].islower()
        and not _ENDS.search(line.content)
        and not GAP.search(following.content)
    )


def _block_heading(line: _Line, language: Language, capitals: bool, following: _Line | None = None) -> Heading | None:
    """The heading that fills a line, if it does.

    Args:
        line: a line that begins a unit.
        language: whose headings are known.
        capitals: whether the whole text is written in capitals.
        following: the line after it, if a number before a few words is to make it one.
    """
    content = line.content
    bare = _NUMBER.sub("", content).strip("*_# \t")
    if not bare or len(bare) > _LONGEST or GAP.search(bare) or BOX.search(bare):
        return None
    words = bare.rstrip(":").strip()
    said = _ASIDE.sub("", words).strip()
    known = said[:1].isupper() and len(said) > 2 and _known(said, language)
    letters = [c for c in said if c.isalpha()]
    shouted = not capitals and len(letters) > 2 and said.isupper() and not said.endswith((".", "!", "?", ","))
    closed = bare.endswith(":") and len(words.split()) <= _WORDS and not _PARTED.search(words)
    numbered = (
        following is not None
        and bool(_ENUMERATED.match(content))
        and not _ENUMERATED.match(following.content)
        and len(words.split()) <= _FEW
        and not _ENDS.search(words)
    )
    if not (known or shouted or closed or numbered or content.startswith("#")):
        return None
    offset = line.start + content.find(words)
    kind, cue = _kind(said, language)
    return Heading(Span(offset, offset + len(words)), words, kind, cue, bool(known))


def _inline_heading(line: _Line, language: Language) -> Heading | None:
    """The heading that a line begins with, before its colon or full stop, if it is a known one."""
    number = _NUMBER.match(line.content)
    offset = number.end() if number else 0
    found = (pattern.match(line.content, offset) for pattern in (_KEY, _RUN_IN))
    match = next((match for match in found if match and _known(match[1], language)), None)
    if match is None:
        return None
    span = Span(line.start + offset, line.start + match.end(1))
    kind, cue = _kind(match[1], language)
    return Heading(span, match[1], kind, cue, True)


def _kind(said: str, language: Language) -> tuple[str, str]:
    low = lowered(said)
    for heading in language.headings:
        if heading.kind and (heading.phrases.covers(low) or (len(low) > 3 and heading.phrases.find(low))):
            return heading.kind, heading.cue
    return "", ""


def _known(said: str, language: Language) -> bool:
    low = lowered(said).strip()
    return any(heading.phrases.covers(low) for heading in language.headings)
