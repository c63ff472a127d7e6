"""The text of PDF, page by page in reading order; the only module that imports pypdfium2.

PDFium reads a line at a time and joins words that a hyphen parts at its end. Where lines stand apart, a blank line is put between
them, and a tab between words that stand apart, so that paragraphs and the cells of tables can be told. What is filled into the
fields of a form stands in its line (`pdf_layout`). Scripts and links of a file are never run or followed.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from reasoner.chart.documents.limits import MAX_PAGES, Budget, NoTextError, check_text, not_installed
from reasoner.chart.documents.pdf_layout import (
    TICKED,
    UNTICKED,
    FormField,
    PrintedLine,
    filled_in,
    placed,
    set_out,
    with_others,
)
from reasoner.ground.errors import DocumentationError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

Recognizer = Callable[[bytes, int], str]
"""Optical character recognition: from a PDF and the number of a page, from 1, to the text of that page."""

_LOCK = threading.Lock()  # PDFium is not thread-safe
_HYPHEN = "\ufffe"  # of a word that goes on in the next line
_SPLIT_WORD = re.compile(r"(?<!\w)(\w{1,64})\ufffe(\w{1,64})")
_HYPHENATED = re.compile(r"(?<!\w)\w{1,64}-\w{1,64}")
_CELL = 1.3  # times the height of a line
_MOST = 2**16  # bytes of what is filled into a field; a longer text is cut
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
            filled = _open_form(pdf)
            pages = list(_pages(pdf, where, budget, pdfium.PdfiumError, filled=filled))
            unread = pdf.get_formtype() != 0 and not filled
        finally:
            pdf.close()
    bare = [number for number, page in enumerate(pages, 1) if not page.strip()]
    if recognize:
        for number in bare:
            pages[number - 1] = recognize(data, number)
    elif len(bare) == len(pages):
        raise NoTextError("no page has text: it seems to be a scan", where=where, mend="Run OCR over it first")
    notes = tuple(f"page {number} has no text and may be a scan" for number in bare if not recognize)
    if unread:
        notes += ("what is filled into the PDF's form is not read, as it is a form in XML (XFA)",)
    whole = "\f".join(pages)
    check_text(len(whole), where)
    *before, last = _with_words_joined(whole).split("\f")
    return [*(page + "\n\f" for page in before), last + "\n"], notes


def _open_form(pdf: PdfDocument) -> bool:
    """Open the form of a document, before any page of it; whether what is filled in can be read.

    Not where PDFium could run scripts, nor if it is a form in XML (XFA).
    """
    import pypdfium2.raw as raw
    from pypdfium2.version import PDFIUM_INFO

    if pdf.get_formtype() != raw.FORMTYPE_ACRO_FORM or {"V8", "XFA"} & set(PDFIUM_INFO.flags):
        return False
    return pdf.init_forms()


def _pages(pdf: PdfDocument, where: str, budget: Budget, failure: type[Exception], *, filled: bool) -> Iterator[str]:
    for number in range(len(pdf)):
        place = f"{where}: page {number + 1}"
        budget.time(place)
        try:
            page = pdf[number]
            try:
                yield _page_text(page, list(_fields(pdf, page)) if filled else [])
            finally:
                page.close()
        except failure as error:
            raise DocumentationError("the page is damaged", where=place, mend="Save or scan it again") from error


def _fields(pdf: PdfDocument, page: PdfPage) -> Iterator[FormField]:
    """The check boxes of a page and its other fields that hold something, in the order of the file."""
    import pypdfium2.raw as raw

    boxes = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
    texts = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        try:
            kind = raw.FPDFAnnot_GetFormFieldType(pdf.formenv, annotation)
            if kind not in boxes + texts or raw.FPDFAnnot_GetFlags(annotation) & raw.FPDF_ANNOT_FLAG_HIDDEN:
                continue
            if kind in texts:
                text = _filled(raw.FPDFAnnot_GetFormFieldValue, pdf, annotation)
            else:
                text = TICKED if raw.FPDFAnnot_IsChecked(pdf.formenv, annotation) else UNTICKED
            corners = raw.FS_RECTF()
            if text and raw.FPDFAnnot_GetRect(annotation, corners):
                label = _filled(raw.FPDFAnnot_GetFormFieldAlternateName, pdf, annotation)
                base, top = sorted((corners.bottom, corners.top))
                yield FormField(text, label, corners.left, base, corners.right, top)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _filled(ask: Callable[..., int], pdf: PdfDocument, annotation: object) -> str:
    """A text about a field; PDFium says first how long it is."""
    import pypdfium2.raw as raw

    size = min(ask(pdf.formenv, annotation, None, 0), _MOST)
    buffer = ctypes.create_string_buffer(size)
    ask(pdf.formenv, annotation, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    text = buffer.raw[: size - size % 2].decode("utf-16-le", "replace").replace("\0", " ")
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def _page_text(page: PdfPage, fields: list[FormField]) -> str:
    read = page.get_textpage()
    try:
        text = read.get_text_range().replace("\f", " ").replace("\0", " ")
        if read.count_chars() != len(text):  # PDFium counts a character beyond the basic plane twice
            return "\n".join((text.replace("\r\n", "\n"), *(field.by_itself for field in fields)))
        lines: list[PrintedLine] = []
        at = 0
        for line in text.split("\r\n"):
            if line.strip():
                lines.append(_line(read, line, at))
            at += len(line) + 2
        of_lines, others = placed(fields, lines)
        for number, within in of_lines.items():
            printed = lines[number]
            boxes = [read.get_charbox(printed.at + index, loose=True) for index in range(len(printed.text))]
            lines[number] = filled_in(printed, within, [(left + right) / 2 for left, _, right, _ in boxes])
    finally:
        read.close()
    return set_out(with_others(lines, others))


def _line(read: PdfTextPage, line: str, at: int) -> PrintedLine:
    """A line with tabs where its words stand apart.

    Args:
        read: the page.
        line: its text.
        at: where it begins on the page.
    """
    first = at + len(line) - len(line.lstrip())
    start, base, _, top = read.get_charbox(first, loose=True)
    chars = list(line.rstrip())
    for index, char in enumerate(chars[1:-1], 1):
        if char == " ":
            left = read.get_charbox(at + index - 1, loose=True)[2]
            right = read.get_charbox(at + index + 1, loose=True)[0]
            if right - left > _CELL * (top - base):
                chars[index] = "\t"
    end = read.get_charbox(at + len(chars) - 1, loose=True)[2]
    return PrintedLine("".join(chars).lstrip(), start, base, top - base, end, first)


def _with_words_joined(text: str) -> str:
    """Words that were parted at the end of a line in one piece; with their hyphen if the text has them so elsewhere."""
    if _HYPHEN not in text:
        return text
    elsewhere = set(_HYPHENATED.findall(text))

    def joined(match: re.Match[str]) -> str:
        hyphenated = f"{match[1]}-{match[2]}"
        return hyphenated if hyphenated in elsewhere else match[1] + match[2]

    return _SPLIT_WORD.sub(joined, text).replace(_HYPHEN, "-")
