"""Files in, texts out: each document of a file, or the error that says why it has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reasoner.chart.documents.model import DocumentText, document_text
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing

TEXT = "text/plain"
"""The media type of plain text."""
MEDIA_TYPES = {".txt": TEXT, ".text": TEXT, ".md": TEXT}
"""The media types that are read, by file name suffix."""


def read_documents(
    source: Path | str | bytes, name: str = "", media_type: str | None = None
) -> Iterator[DocumentText | DocumentationError]:
    """The texts of one file, in its order; an error stands in the place of a document that cannot be read.

    Args:
        source: a path, or the bytes themselves.
        name: what to call it; default: the path.
        media_type: default: told by the suffix of the name.
    """
    name = name or ("document" if isinstance(source, bytes) else str(source))
    try:
        data = source if isinstance(source, bytes) else parsing.read_bytes(Path(source))
        kind = (media_type or MEDIA_TYPES.get(Path(name).suffix.lower(), "")).partition(";")[0].strip().lower()
        if kind != TEXT:
            raise DocumentationError(
                "this kind of document is not read", where=name, mend=f"Known: {' '.join(sorted(MEDIA_TYPES))}"
            )
        yield plain_text(data, name)
    except DocumentationError as error:
        yield error


def plain_text(data: bytes, name: str) -> DocumentText:
    """The text of a file of plain text, every character kept; form feeds part its pages.

    Text that is not UTF-8 is taken for Windows-1252, or UTF-16 if it begins with that byte order mark, with a note.

    Raises:
        DocumentationError: it is no text, or empty.
    """
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
    if not text.strip():
        raise DocumentationError("the document has no text", where=name)
    *whole, last = text.split("\f")
    pages = [page + "\f" for page in whole] + ([last] if last.strip() or not whole else [])
    if whole and not last.strip():
        pages[-1] += last
    return document_text(name, TEXT, pages, data, notes)
