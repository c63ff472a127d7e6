"""Text as it may be shown: of others nothing that a terminal would obey, or a spreadsheet calculate; numbers with what they count."""

from __future__ import annotations

import re
import unicodedata

_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters that RDF may hold, and those that change the direction of what follows (Unicode, section 23.2)."""
_FORMULA = frozenset("=+-@\t\r")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?").fullmatch


def plain(text: str) -> str:
    """Text on one line, without control and direction-changing characters that a terminal would obey."""
    if text.isprintable():  # which such characters are not, nor any white space but the space
        return " ".join(text.split())
    text = readable(text)
    printable = (" " if c.isspace() else "" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") else c for c in text)
    return " ".join("".join(printable).split())


def readable(text: str) -> str:
    r"""Text with the bytes of a file's name that are not UTF-8 written as ``\xe9``, so that it can be written anywhere."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def escaped(text: str) -> str:
    r"""Text with those characters written as ``\u202e``, as JSON, Turtle and N-Quads write them too."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: with an apostrophe before what would begin one. Numbers stay."""
    return f"'{cell}" if cell.lstrip("'")[:1] in _FORMULA and not _NUMBER(cell) else cell


def unguarded(cell: str) -> str:
    """The cell that was guarded."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'")[:1] in _FORMULA else cell


def counted(count: int, what: str) -> str:
    """A number with what it counts, in the singular or with an s."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
