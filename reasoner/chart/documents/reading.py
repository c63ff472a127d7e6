"""Files in, texts out: each document of a file, or the error that says why it has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reasoner.chart.documents import archive, fhir, mail, markup, pdf, rtf, word
from reasoner.chart.documents.limits import MAX_NESTING, SPLIT, Budget, NoTextError, check_text
from reasoner.chart.documents.model import DocumentText, document_text
from reasoner.ground.errors import DocumentationError, contained
from reasoner.rdf import parsing

TEXT, HTML, PDF, RTF = "text/plain", "text/html", "application/pdf", "application/rtf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CDA, FHIR, MAIL, ZIP = "application/cda+xml", "application/fhir+json", "message/rfc822", "application/zip"
SUFFIXES = {
    ".txt": TEXT,
    ".text": TEXT,
    ".md": TEXT,
    ".pdf": PDF,
    ".docx": DOCX,
    ".rtf": RTF,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".xml": CDA,
    ".json": FHIR,
    ".eml": MAIL,
    ".zip": ZIP,
}
"""The media types that are read, by file name suffix."""
_OTHER_NAMES = {
    "text/rtf": RTF,
    "application/xhtml+xml": HTML,
    "text/xml": CDA,
    "application/xml": CDA,
    "application/hl7-cda+xml": CDA,
    "application/hl7-sda+xml": CDA,
    "application/json": FHIR,
    "application/json+fhir": FHIR,
    "application/x-zip-compressed": ZIP,
    "application/msword": "",  # often RTF, HTML or DOCX under an old name
    "text/markdown": TEXT,
}
_IMAGES = re.compile(rb"\xff\xd8\xff|\x89PNG|II\*\0|MM\0\*|GIF8|BM")
_SIGNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\s*%PDF-"), PDF),
    (re.compile(rb"\s*\{\\rtf"), RTF),
    (re.compile(rb"PK\x03\x04"), ZIP),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE), HTML),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml.{0,2000}?<(?:\w+:)?ClinicalDocument\b", re.DOTALL), CDA),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\w+:)?ClinicalDocument\b"), CDA),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml.{0,2000}?<html\b", re.DOTALL | re.IGNORECASE), HTML),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*\{.{0,200000}\"resourceType\"\s*:", re.DOTALL), FHIR),
)
_OLD_WORD = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class _Work:
    """What is handed down while a file is read."""

    budget: Budget
    recognize: pdf.Recognizer | None
    depth: int = 0

    def below(self, where: str) -> _Work:
        if self.depth >= MAX_NESTING:
            raise DocumentationError(f"files are packed deeper than {MAX_NESTING} levels", where=where, mend=SPLIT)
        return _Work(self.budget, self.recognize, self.depth + 1)


_Found = Iterator[DocumentText | DocumentationError]


def read_documents(
    source: Path | str | bytes,
    name: str = "",
    media_type: str | None = None,
    recognize: pdf.Recognizer | None = None,
    budget: Budget | None = None,
) -> _Found:
    """The texts of one file, in its order; an error stands in the place of a document that cannot be read.

    Args:
        source: a path, or the bytes themselves.
        name: what to call it; default: the path.
        media_type: default: told by the suffix of the name, else by the content.
        recognize: optical character recognition for pages of PDF without text; none is built in.
        budget: what is left of the limits, where several files share them.

    Raises:
        UsageError: a library is missing that this kind of document is read with; names the extra that has it.
    """
    name = name or ("document" if isinstance(source, bytes) else str(source))
    try:
        data = source if isinstance(source, bytes) else parsing.read_bytes(Path(source))
    except DocumentationError as error:
        yield error
        return
    yield from _read(data, name, media_type or "", _Work(budget or Budget(), recognize))


def _read(data: bytes, name: str, media_type: str, work: _Work) -> _Found:
    try:
        with contained(name):
            work.budget.part(name)
            work.budget.unpack(len(data) if work.depth else 0, name)
            work.budget.time(name)
            yield from _READERS[_kind(data, name, media_type)](data, name, work)
    except DocumentationError as error:
        yield error


def _kind(data: bytes, name: str, media_type: str) -> str:
    """The media type of a document; raises `DocumentationError` if it is none that is read."""
    stated = media_type.partition(";")[0].strip().lower()
    stated = _OTHER_NAMES.get(stated, stated)
    suffix = SUFFIXES.get(PurePosixPath(name).suffix.lower(), "")
    kind = stated if stated in _READERS else suffix
    if not kind or kind == ZIP:
        kind = next((found for sign, found in _SIGNS if sign.match(data)), kind)
    if kind == ZIP and data.find(b"word/document.xml") >= 0:
        return DOCX
    if kind:
        return kind
    if _IMAGES.match(data):
        raise NoTextError("the document is an image without text", where=name, mend="Run OCR over it first")
    if data.startswith(_OLD_WORD):
        raise DocumentationError("the document is of Word 2003 or older", where=name, mend="Save it as DOCX or PDF")
    if not PurePosixPath(name).suffix and _is_text(data):
        return TEXT
    raise DocumentationError("this kind of document is not read", where=name, mend=f"Known: {' '.join(SUFFIXES)}")


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _from_text(data: bytes, name: str, work: _Work) -> _Found:
    """Plain text, every character kept; form feeds part its pages."""
    notes: tuple[str, ...] = ()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "windows-1252"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise DocumentationError("the text is in no known encoding", where=name, mend="Save it as UTF-8") from error
        notes = (f"the text is not UTF-8 and was read as {encoding}",)
    if "\0" in text:
        raise DocumentationError("the file is not plain text", where=name, mend="Give its media type or suffix")
    *whole, last = text.split("\f")
    pages = [page + "\f" for page in whole] + ([last] if last.strip() or not whole else [])
    if whole and not last.strip():
        pages[-1] += last
    yield _made(name, TEXT, pages, data, notes)


def _from_pdf(data: bytes, name: str, work: _Work) -> _Found:
    pages, notes = pdf.read_pdf(data, name, work.budget, work.recognize)
    yield _made(name, PDF, pages, data, notes)


def _from_docx(data: bytes, name: str, work: _Work) -> _Found:
    pages, notes = word.read_docx(data, name, work.budget)
    yield _made(name, DOCX, pages, data, notes)


def _from_rtf(data: bytes, name: str, work: _Work) -> _Found:
    pages, notes = rtf.read_rtf(data, name)
    yield _made(name, RTF, pages, data, notes)


def _from_html(data: bytes, name: str, work: _Work) -> _Found:
    text, notes = markup.read_html(data, name)
    yield _made(name, HTML, [text], data, notes)


def _from_cda(data: bytes, name: str, work: _Work) -> _Found:
    text, notes = markup.read_cda(data, name)
    if isinstance(text, str):
        yield _made(name, CDA, [text], data, notes)
    else:
        yield from _read(text.data, name, text.media_type or "application/octet-stream", work.below(name))


def _from_fhir(data: bytes, name: str, work: _Work) -> _Found:
    found = False
    for part in fhir.read_fhir(data, name):
        found = True
        if isinstance(part, DocumentationError):
            yield part
        else:
            yield from _read(part.data, f"{name}#{part.resource}", part.media_type, work.below(name))
    if not found:
        raise DocumentationError("the resources hold no document", where=name)


def _from_mail(data: bytes, name: str, work: _Work) -> _Found:
    head, parts = mail.read_mail(data, name)
    for part in parts:
        place = f"{name}/{part.name}" if part.name else name
        for found in _read(part.data, place, part.media_type, work.below(name)):
            if part.name or isinstance(found, DocumentationError):
                yield found
            else:
                yield _made(name, MAIL, [f"{head}\n{found.text}"], data, found.notes)
    if not parts or parts[0].name:
        yield _made(name, MAIL, [head], data, ())


def _from_zip(data: bytes, name: str, work: _Work) -> _Found:
    for member in archive.members(data, name, work.budget):
        try:
            content = member.read()
        except DocumentationError as error:
            yield error
        else:
            yield from _read(content, f"{name}/{member.name}", "", work.below(name))


def _made(name: str, media_type: str, pages: list[str], data: bytes, notes: tuple[str, ...]) -> DocumentText:
    if not any(page.strip() for page in pages):
        raise NoTextError("the document has no text", where=name)
    check_text(sum(map(len, pages)), name)
    return document_text(name, media_type, pages, data, notes)


_READERS: dict[str, Callable[[bytes, str, _Work], _Found]] = {
    TEXT: _from_text,
    PDF: _from_pdf,
    DOCX: _from_docx,
    RTF: _from_rtf,
    HTML: _from_html,
    CDA: _from_cda,
    FHIR: _from_fhir,
    MAIL: _from_mail,
    ZIP: _from_zip,
}
