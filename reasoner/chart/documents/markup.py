"""The text of HTML and of C-CDA: blocks on lines of their own, cells apart, and only what a reader would see."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from reasoner.chart.documents import lxml_door
from reasoner.chart.documents.limits import check_text
from reasoner.chart.documents.lxml_door import Element
from reasoner.ground.errors import DocumentationError

_UNSEEN = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "noscript",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "canvas",
        "audio",
        "video",
        "datalist",
        "applet",
        "rendermultimedia",
        "observationmedia",
        "del",
        "strike",
        "s",
    ]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "nav",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "form",
        "fieldset",
        "legend",
        "blockquote",
        "pre",
        "address",
        "figure",
        "figcaption",
        "hr",
        "center",
        "details",
        "summary",
        "body",
        "html",
        "caption",
        "paragraph",
        "list",
        "title",
        "text",
    ]
)
_APART = frozenset(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "table",
        "blockquote",
        "pre",
        "section",
        "paragraph",
        "list",
        "hr",
    ]
)
_CELLS, _LINES, _ITEMS = frozenset({"td", "th"}), frozenset({"tr", "dt", "dd", "br"}), frozenset({"li", "item"})
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[^\S\xa0]+")
_BLANK_LINES = re.compile(r"\n{3,}")


class Embedded(NamedTuple):
    """A document that is packed in another."""

    media_type: str
    data: bytes


def read_html(data: bytes, where: str) -> tuple[str, tuple[str, ...]]:
    """The text of HTML, and notes on what was left out; raises as `reasoner.chart.documents.lxml_door.parse_html` does."""
    writer = _TextWriter()
    writer.walk(lxml_door.parse_html(data, where))
    text = writer.text()
    check_text(len(text), where)
    return text, writer.notes()


def read_cda(data: bytes, where: str) -> tuple[str | Embedded, tuple[str, ...]]:
    """The sections of a C-CDA document, each with its title, or the document that stands in their place.

    Only narrative is read, which the standard makes the part that is signed.

    Raises:
        DocumentationError: it is not well formed XML or no clinical document, or what it packs is not base64.
        UsageError: lxml is not installed.
    """
    root = lxml_door.parse_xml(data, where)
    if lxml_door.local(root) != "clinicaldocument":
        raise DocumentationError("the XML is no clinical document", where=where, mend="Give C-CDA, or its text as PDF")
    for body in root.iter():
        if lxml_door.local(body) == "nonxmlbody":
            content = next((child for child in body if lxml_door.local(child) == "text"), None)
            if content is None or content.get("representation") != "B64":
                raise DocumentationError("the body is not in the file", where=where, mend="Give the document itself")
            return Embedded(content.get("mediaType") or "", decode_base64(content.text or "", where)), ()
    writer = _TextWriter()
    for section in (element for element in root.iter() if lxml_door.local(element) == "section"):
        for child in section:
            if lxml_door.local(child) == "title":
                writer.block(apart=True)
                writer.walk(child, seen=True)
                writer.block(apart=True)
            elif lxml_door.local(child) == "text":
                writer.walk(child)
                writer.block(apart=True)
    text = writer.text()
    check_text(len(text), where)
    return text, writer.notes()


def decode_base64(text: str, where: str) -> bytes:
    """The bytes of base64 with white space; raises `DocumentationError` if it is not base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DocumentationError("the content is not base64", where=where) from error


class _TextWriter:
    """Puts text together: white space folded, blocks on lines of their own, cells parted by tabs."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left_out: set[str] = set()

    def text(self) -> str:
        lines = (line.strip(" \t") for line in "".join(self._parts).replace("\xa0", " ").split("\n"))
        return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"

    def notes(self) -> tuple[str, ...]:
        return tuple(f"{what} text is left out" for what in sorted(self._left_out))

    def block(self, *, apart: bool = False) -> None:
        """Begin a line, after a blank one if what follows stands apart."""
        self._parts.append("\n\n" if apart else "\n")

    def walk(self, element: Element, *, kept: bool = False, seen: bool = False) -> None:
        """Write what a reader sees of an element.

        Args:
            element: of HTML or of C-CDA narrative.
            kept: whether its white space is kept, as in ``pre``.
            seen: whether it is written though its name says that it is not shown.
        """
        name = lxml_door.local(element)
        if not name or (self._is_unseen(element, name) and not seen):
            return
        block = name in _BLOCKS or name in _ITEMS or name in _LINES
        if block:
            self.block(apart=name in _APART)
        if name in _ITEMS:
            self._parts.append("- ")
        elif name == "input":
            self._field(element)
        kept = kept or name == "pre"
        self._write(element.text, kept)
        for child in element:
            self.walk(child, kept=kept)
            self._write(child.tail, kept)
        if name in _CELLS:
            self._parts.append("\t")
        elif block and name != "br":
            self.block(apart=name in _APART)

    def _write(self, text: str | None, kept: bool) -> None:
        if text:
            self._parts.append(text if kept else _SPACE.sub(" ", text))

    def _field(self, field: Element) -> None:
        kind = (field.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            self._parts.append("[x] " if "checked" in field.attrib else "[ ] ")
        elif kind in ("text", "date", "number", "email", "tel") and field.get("value"):
            self._parts.append(f" {field.get('value')} ")

    def _is_unseen(self, element: Element, name: str) -> bool:
        deleted = name in ("del", "strike", "s") or lxml_door.attribute(element, "revised") == "delete"
        hidden = "hidden" in element.attrib or bool(_HIDING.search(element.get("style") or ""))
        if (deleted or hidden) and "".join(map(str, element.itertext())).strip():
            self._left_out.add("deleted" if deleted else "hidden")
        return deleted or hidden or name in _UNSEEN
