"""The text of PDF, page by page in reading order; the only module that imports pypdfium2.

PDFium reads a line at a time and joins words that a hyphen parts at its end. Where lines stand apart, a blank line is put between
them, and a tab between words that stand apart, so that paragraphs and the cells of tables can be told. Scripts, forms and links
of a file are never run or followed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from reasoner.chart.documents.limits import MAX_PAGES, Budget, NoTextError, check_text, not_installed
from reasoner.ground.errors import DocumentationError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

Recognizer = Callable[[bytes, int], str]
"""Optical character recognition: from a PDF and the number of a page, from 1, to the text of that page."""

_LOCK = threading.Lock()  # PDFium is not thread-safe
_HYPHEN = "\ufffe"  # of a word that goes on in the next line
_SPLIT_WORD = re.compile(r"(?<!\w)(\w{1,64})\ufffe(\w{1,64})")
_HYPHENATED = re.compile(r"(?<!\w)\w{1,64}-\w{1,64}")
_PARAGRAPH = 1.3  # times the distance of most lines
_CELL = 1.3  # times the height of a line
_SPACE, _DEEPEST = 0.5, 40  # the width of a space in heights of a line; spaces of an indentation
_PASSWORD = 4  # FPDF_ERR_PASSWORD


def read_pdf(
    data: bytes, where: str, budget: Budget, recognize: Recognizer | None = None
) -> tuple[list[str], tuple[str, ...]]:
    """The text of each page, and notes on pages without any and on what is not read.

    Args:
        data: the file.
        where: its name, for errors.
        budget: the limits.
        recognize: asked for the text of pages that have none.

    Raises:
        NoTextError: no page has text.
        DocumentationError: it is no PDF, is encrypted, or exceeds a limit.
        UsageError: pypdfium2 is not installed.
    """
    try:
        import pypdfium2 as pdfium
    except ImportError:
        raise not_installed("pypdfium2", where) from None
    with _LOCK:
        try:
            pdf = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == _PASSWORD:
                raise DocumentationError(
                    "the PDF is encrypted", where=where, mend="Save it without password"
                ) from error
            raise DocumentationError("the PDF is damaged", where=where, mend="Save or scan it again") from error
        try:
            if len(pdf) > MAX_PAGES:
                raise DocumentationError(f"the PDF has more than {MAX_PAGES} pages", where=where, mend="Split it")
            pages = list(_pages(pdf, where, budget, pdfium.PdfiumError))
            forms = pdf.get_formtype() != 0
        finally:
            pdf.close()
    bare = [number for number, page in enumerate(pages, 1) if not page.strip()]
    if recognize:
        for number in bare:
            pages[number - 1] = recognize(data, number)
    elif len(bare) == len(pages):
        raise NoTextError("no page has text: it seems to be a scan", where=where, mend="Run OCR over it first")
    notes = tuple(f"page {number} has no text and may be a scan" for number in bare if not recognize)
    if forms:
        notes += ("what is filled into the PDF's form fields is not read",)
    whole = "\f".join(pages)
    check_text(len(whole), where)
    *before, last = _with_words_joined(whole).split("\f")
    return [*(page + "\n\f" for page in before), last + "\n"], notes


def _pages(pdf: PdfDocument, where: str, budget: Budget, failure: type[Exception]) -> Iterator[str]:
    for number in range(len(pdf)):
        place = f"{where}: page {number + 1}"
        budget.time(place)
        try:
            page = pdf[number]
            try:
                yield _page_text(page)
            finally:
                page.close()
        except failure as error:
            raise DocumentationError("the page is damaged", where=place, mend="Save or scan it again") from error


def _page_text(page: PdfPage) -> str:
    read = page.get_textpage()
    try:
        text = read.get_text_range().replace("\f", " ").replace("\0", " ")
        if read.count_chars() != len(text):  # PDFium counts a character beyond the basic plane twice
            return text.replace("\r\n", "\n")
        lines = []
        at = 0
        for line in text.split("\r\n"):
            if line.strip():
                lines.append(_line(read, line, at))
            at += len(line) + 2
    finally:
        read.close()
    return _set_out(lines)


class _PrintedLine(NamedTuple):
    """A line of a page, in points from its left lower corner."""

    text: str
    left: float
    base: float
    height: float


def _line(read: PdfTextPage, line: str, at: int) -> _PrintedLine:
    """A line with tabs where its words stand apart.

    Args:
        read: the page.
        line: its text.
        at: where it begins on the page.
    """
    start, base, _, top = read.get_charbox(at + len(line) - len(line.lstrip()), loose=True)
    chars = list(line.rstrip())
    for index, char in enumerate(chars[1:-1], 1):
        if char == " ":
            left = read.get_charbox(at + index - 1, loose=True)[2]
            right = read.get_charbox(at + index + 1, loose=True)[0]
            if right - left > _CELL * (top - base):
                chars[index] = "\t"
    return _PrintedLine("".join(chars).lstrip(), start, base, top - base)


def _set_out(lines: list[_PrintedLine]) -> str:
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


def _with_words_joined(text: str) -> str:
    """Words that were parted at the end of a line in one piece; with their hyphen if the text has them so elsewhere."""
    if _HYPHEN not in text:
        return text
    elsewhere = set(_HYPHENATED.findall(text))

    def joined(match: re.Match[str]) -> str:
        hyphenated = f"{match[1]}-{match[2]}"
        return hyphenated if hyphenated in elsewhere else match[1] + match[2]

    return _SPLIT_WORD.sub(joined, text).replace(_HYPHEN, "-")
