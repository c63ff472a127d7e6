"""How a page of PDF is set out as text: its lines as they stand, with what is filled into the fields of a form."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

TICKED, UNTICKED = "[x]", "[ ]"
"""How a check box or radio button is written, as in other documents."""
_PARAGRAPH = 1.3  # times the distance of most lines
_SPACE, _DEEPEST = 0.5, 40  # the width of a space in heights of a line; spaces of an indentation
_WITHIN = 0.4  # times the height of a line that a field may reach over the words before it
_TALL = 2.5  # times the height of a line that a field in one has at most


class PrintedLine(NamedTuple):
    """A line of a page, in points from its left lower corner."""

    text: str
    left: float
    base: float
    height: float
    right: float
    at: int
    """Where its first character stands on the page."""


class FormField(NamedTuple):
    """A field that is filled in, or a check box; in points from the page's left lower corner."""

    text: str
    label: str
    """What the form calls it; empty if it says nothing."""
    left: float
    base: float
    right: float
    top: float

    @property
    def by_itself(self) -> str:
        """Its text where it stands in no line, with what the form calls it."""
        if self.text in (TICKED, UNTICKED):
            return f"{self.text} {self.label}".rstrip()
        return f"{self.label}: {self.text}" if self.label else self.text


def placed(fields: list[FormField], lines: list[PrintedLine]) -> tuple[dict[int, list[FormField]], list[FormField]]:
    """The fields that stand in a line, by its number, and those that stand in none, from the top down."""
    of_lines: dict[int, list[FormField]] = {}
    others = []
    for field in sorted(fields, key=lambda field: (-field.top, field.left)):
        middle = (field.base + field.top) / 2
        near = [
            (max(field.left - line.right, line.left - field.right, 0.0), number)
            for number, line in enumerate(lines)
            if line.base <= middle <= line.base + line.height and field.top - field.base <= _TALL * line.height
        ]
        if near:
            of_lines.setdefault(min(near)[1], []).append(field)
        else:
            others.append(field)
    return of_lines, others


def filled_in(line: PrintedLine, fields: list[FormField], middles: list[float]) -> PrintedLine:
    """A line with what is filled into it, in the place of the strokes that it is written over.

    Args:
        line: the line.
        fields: those in it.
        middles: how far from the left the middle of each character of the line is.
    """
    chars = list(line.text)
    inked = [index for index, char in enumerate(chars) if not char.isspace()]
    after: list[str] = []
    for field in sorted(fields, key=lambda field: field.left, reverse=True):
        value = " ".join(field.text.split())
        for index in inked:
            if chars[index] == "_" and field.left <= middles[index] <= field.right:
                chars[index] = ""
        place = next((index for index in inked if middles[index] > field.left + _WITHIN * line.height), None)
        if place is None:
            after.insert(0, value)
            continue
        before = "" if place == 0 or chars[place - 1].isspace() else " "
        behind = " " if chars[place] else ""
        chars[place] = f"{before}{value}{behind}{chars[place]}"
    text = " ".join(("".join(chars).rstrip(), *after)).lstrip()
    return line._replace(text=text, left=min(line.left, *(field.left for field in fields)))


def with_others(lines: list[PrintedLine], others: list[FormField]) -> list[PrintedLine]:
    """The lines with one more for each field that stands in none, above the first that is lower."""
    found = list(lines)
    for field in others:
        height = min(field.top - field.base, lines[0].height if lines else field.top - field.base)
        line = PrintedLine(field.by_itself, field.left, field.top - height, height, field.right, 0)
        found.insert(next((n for n, other in enumerate(found) if other.base < line.base), len(found)), line)
    return found


def set_out(lines: list[PrintedLine]) -> str:
    """The lines of a page as they stand: indented, and with a blank one between two that are further apart than most."""
    margin = min((line.left for line in lines), default=0.0)
    steps = [above.base - below.base for above, below in pairwise(lines)]
    down = sorted(step for step in steps if step > 0)
    usual = down[len(down) // 4] if down else 0.0
    parts = []
    for line, step in zip(lines, [usual, *steps], strict=False):
        indent = " " * min(_DEEPEST, int((line.left - margin) / (_SPACE * line.height or 1.0)))
        parts.append(("" if 0 <= step <= _PARAGRAPH * usual else "\n") + indent + line.text)
    return "\n".join(parts)
