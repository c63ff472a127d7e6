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

_UNSEEN = re.compile(
    "script|style|head|title|template|noscript|iframe|object|embed|svg|math|canvas|audio|video|datalist|applet|"
    "rendermultimedia|observationmedia"
).fullmatch
_DELETED = re.compile("del|strike|s").fullmatch
_BLOCKS = re.compile(
    "p|div|section|article|header|footer|main|aside|nav|h[1-6]|[uod]l|d[td]|tr|li|item|table|tbody|thead|tfoot|form|fieldset|legend|"
    "blockquote|pre|address|figure|figcaption|hr|center|details|summary|body|html|caption|paragraph|list|title|text"
).fullmatch
_APART = re.compile("h[1-6]|[uod]l|table|section|list|hr|blockquote").fullmatch
_HELD = re.compile("p|paragraph").fullmatch
"""Blocks that take a line even where they are empty."""
_CELLS, _ITEMS = frozenset({"td", "th"}), frozenset({"li", "item"})
_CONTROLS = frozenset({"option", "textarea", "button"})
"""What a form shows apart from the words around it."""
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE, _COLUMNS = re.compile(r"[^\S\xa0]+"), re.compile(r"[ \t\xa0]{3,}")
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
        self._open = False  # whether the last line has words

    def text(self) -> str:
        lines = (line.rstrip(" \t") for line in "".join(self._parts).replace("\xa0", " ").split("\n"))
        return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"

    def notes(self) -> tuple[str, ...]:
        return tuple(f"{what} text is left out" for what in sorted(self._left_out))

    def block(self, *, apart: bool = False) -> None:
        """Begin a line if the last one has words, after a blank one if what follows stands apart."""
        if self._open:
            self._parts.append("\n")
            self._open = False
        if apart:
            self._parts.append("\n")

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
        if name == "br":
            self._line()
            return
        block, apart = bool(_BLOCKS(name)), bool(_APART(name))
        if block:
            self.block(apart=apart)
        before = len(self._parts)
        if name in _ITEMS:
            self._parts.append("- ")
        elif name == "input":
            self._field(element)
        elif name in _CONTROLS:
            self._parts.append(" ")
        kept = kept or name == "pre"
        self._write(element.text, kept)
        for child in element:
            self.walk(child, kept=kept)
            self._write(child.tail, kept)
        if name in _CELLS:
            self._parts.append("\t")
        elif name in _CONTROLS:
            self._parts.append(" ")
        elif block:
            self._close(name, before, apart=apart)

    def _close(self, name: str, before: int, *, apart: bool) -> None:
        """End a block: an empty paragraph is an empty line, and one of several lines stands apart."""
        if _HELD(name):
            said = "".join(self._parts[before:]).strip()
            if not said:
                self._line()
            elif "\n" in said:
                self._parts.insert(before, "\n")
                apart = True
        self.block(apart=apart)

    def _line(self) -> None:
        """End a line, empty or not."""
        self._parts.append("\n")
        self._open = False

    def _write(self, text: str | None, kept: bool) -> None:
        if not text:
            return
        if kept:
            self._parts.append(text)
            self._open = not text.endswith("\n")
        elif self._open or text.strip():
            self._parts.append(_SPACE.sub(_folded, text))
            self._open = True

    def _field(self, field: Element) -> None:
        kind = (field.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            self._parts.append("[x] " if "checked" in field.attrib else "[ ] ")
            self._open = True
        elif kind in ("text", "date", "number", "email", "tel") and field.get("value"):
            self._parts.append(f" {field.get('value')} ")
            self._open = True

    def _is_unseen(self, element: Element, name: str) -> bool:
        deleted = bool(_DELETED(name)) or lxml_door.attribute(element, "revised") == "delete"
        hidden = "hidden" in element.attrib or bool(_HIDING.search(element.get("style") or ""))
        if (deleted or hidden) and "".join(map(str, element.itertext())).strip():
            self._left_out.add("deleted" if deleted else "hidden")
        return deleted or hidden or bool(_UNSEEN(name)) or (name == "option" and not _is_shown(element))


def _is_shown(option: Element) -> bool:
    """Whether an option of a drop-down list is the one that the list shows, closed: the last that is chosen, else the first."""
    listed = next((above for above in option.iterancestors() if lxml_door.local(above) == "select"), None)
    if listed is None or "multiple" in listed.attrib:
        return listed is None or "selected" in option.attrib
    options = [element for element in listed.iter() if lxml_door.local(element) == "option"]
    chosen = [element for element in options if "selected" in element.attrib]
    return option is (chosen[-1] if chosen else options[0])


def _folded(space: re.Match[str]) -> str:
    """White space as browsers fold it, but for what sets columns apart in text that somebody aligned."""
    return "   " if _COLUMNS.fullmatch(space[0]) else " "
