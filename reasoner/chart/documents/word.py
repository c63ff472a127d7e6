"""The text of Word documents (DOCX), as it reads with every tracked change accepted.

WordprocessingML is walked itself: what converters make of it loses tracked insertions, without which "denies" is missing from
"She denies it" (ECMA-376, part 1, chapter 17).
"""

from __future__ import annotations

import re

from reasoner.chart.documents import archive, lxml_door
from reasoner.chart.documents.limits import Budget, check_text
from reasoner.chart.documents.lxml_door import Element
from reasoner.ground.errors import DocumentationError

_BODY = "word/document.xml"
_MACROS = re.compile(r"vbaProject|vbaData|/activeX/", re.IGNORECASE)
_HARMLESS_LINKS = ("hyperlink",)
_PARTS = ("header", "document", "footnotes", "endnotes", "footer")
_SKIPPED = re.compile(
    "del|movefrom|deltext|instrtext|delinstrtext|rpr|ppr|sectpr|tblpr|trpr|tcpr|tblgrid|sdtpr|sdtendpr|object|prooferr|"
    "bookmarkstart|bookmarkend|annotationref|footnoteref|endnoteref|fallback"
).fullmatch
_TICKED, _OPEN = "☒", "☐"
_SYMBOLS = {
    "F0FE": _TICKED,
    "F0FD": _TICKED,
    "F052": _TICKED,
    "F0FC": "✓",
    "F0A8": _OPEN,
    "F06F": _OPEN,
    "F0A3": _OPEN,
    "F0B7": "•",
}
"""Characters of the symbol fonts that are check boxes or bullets, without their private use code points."""
_BREAK = "\f"


def read_docx(data: bytes, where: str, budget: Budget) -> tuple[list[str], tuple[str, ...]]:
    """The text: headers, body, notes, footers; parted where Word last broke its pages. And notes on what was left out.

    Raises:
        DocumentationError: it is no DOCX, holds macros, refers outside, or exceeds a limit.
        UsageError: lxml is not installed.
    """
    members = archive.members(data, where, budget)
    names = [member.name for member in members]
    if _BODY not in names:
        raise DocumentationError("the file is no Word document", where=where, mend="Save it as DOCX or PDF")
    if any(_MACROS.search(name) for name in names):
        raise DocumentationError(
            "the document holds macros", where=where, mend="Save it as DOCX without macros, or as PDF"
        )
    for member in members:
        if member.name.endswith(".rels"):
            _refuse_outside(lxml_door.parse_xml(member.read(), f"{where}: {member.name}"), where)
    reader = _WordReader()
    texts: dict[str, list[str]] = {part: [] for part in _PARTS}
    for member in members:
        kind = re.fullmatch(r"word/(header|document|footnotes|endnotes|footer)\d*\.xml", member.name)
        if kind:
            budget.time(where)
            root = lxml_door.parse_xml(member.read(), f"{where}: {member.name}")
            text = reader.read(root)
            # The headers of a first and of other pages are often the same.
            if text.strip() and text not in texts[kind[1]]:
                texts[kind[1]].append(text)
    whole = "\n".join(text for part in _PARTS for text in texts[part])
    check_text(len(whole), where)
    *before, last = re.sub(r"\n{3,}", "\n\n", whole).split(_BREAK)
    notes = tuple(f"{what} text is left out" for what in sorted(reader.left_out))
    if "word/comments.xml" in names:
        notes += ("comments are not read",)
    return [*(page + "\n" + _BREAK for page in before), last], notes


def _refuse_outside(relations: Element, where: str) -> None:
    for relation in relations:
        kind = (relation.get("Type") or "").rpartition("/")[2]
        if relation.get("TargetMode") == "External" and kind not in _HARMLESS_LINKS:
            raise DocumentationError(
                f"the document refers outside ({kind})", where=where, mend="Save it with its parts, or as PDF"
            )


class _WordReader:
    """Reads the parts of one document."""

    def __init__(self) -> None:
        self.left_out: set[str] = set()

    def read(self, root: Element) -> str:
        body = next((element for element in root if lxml_door.local(element) == "body"), root)
        return "".join(self._block(element) for element in body)

    def _block(self, element: Element) -> str:
        """A paragraph or table with its line ends."""
        name = lxml_door.local(element)
        if name == "p":
            return self._paragraph(element)
        if name == "tbl":
            return "".join(self._row(row) for row in element if lxml_door.local(row) == "tr")
        if _SKIPPED(name):
            self._miss(element, name)
            return ""
        return "".join(self._block(child) for child in element)  # content controls, insertions, notes

    def _paragraph(self, paragraph: Element) -> str:
        properties = next((child for child in paragraph if lxml_door.local(child) == "ppr"), None)
        item = properties is not None and any(lxml_door.local(child) == "numpr" for child in properties)
        joined = properties is not None and any(
            lxml_door.local(mark) == "del" for child in properties if lxml_door.local(child) == "rpr" for mark in child
        )
        text = self._inline(paragraph).rstrip(" ")
        if item and text.strip():
            return f"- {text.strip()}\n"
        if "\n" in text.strip():
            text = f"\n{text}\n"
        return text if joined else f"{text}\n"

    def _row(self, row: Element) -> str:
        properties = next((child for child in row if lxml_door.local(child) == "trpr"), None)
        if properties is not None and any(lxml_door.local(child) == "del" for child in properties):
            self.left_out.add("deleted")
            return ""
        cells = (cell for cell in row.iter() if lxml_door.local(cell) == "tc" and _row_of(cell) is row)
        return "\t".join(" ".join("".join(map(self._block, cell)).split()) for cell in cells) + "\n"

    def _inline(self, element: Element) -> str:
        parts = []
        for child in element:
            name = lxml_door.local(child)
            if name == "r" and _is_hidden(child):
                self.left_out.add("hidden")
            elif _SKIPPED(name):
                self._miss(child, name)
            elif name == "t":
                parts.append(child.text or "")
            elif name in ("tab", "ptab"):
                parts.append("\t")
            elif name == "cr" or (name == "br" and lxml_door.attribute(child, "type") != "page"):
                parts.append("\n")
            elif name in ("br", "lastrenderedpagebreak"):
                parts.append(_BREAK)
            elif name == "nobreakhyphen":
                parts.append("-")
            elif name == "sym":
                parts.append(_SYMBOLS.get(lxml_door.attribute(child, "char").upper(), "?"))
            elif name == "checkbox" and lxml_door.local(element) == "ffdata":
                parts.append(_TICKED if _is_ticked(child) else _OPEN)
            elif name == "p":  # of a text box
                parts.append("\n" + self._paragraph(child).strip("\n") + "\n")
            else:
                parts.append(self._inline(child))
        return "".join(parts)

    def _miss(self, element: Element, name: str) -> None:
        if name in ("del", "movefrom") and any(lxml_door.local(part) in ("deltext", "t") for part in element.iter()):
            self.left_out.add("deleted")


def _row_of(cell: Element) -> Element | None:
    parent = cell.getparent()
    while parent is not None and lxml_door.local(parent) != "tr":
        parent = parent.getparent()
    return parent


def _is_hidden(run: Element) -> bool:
    for properties in run:
        if lxml_door.local(properties) == "rpr":
            for mark in properties:
                if lxml_door.local(mark) == "vanish" and lxml_door.attribute(mark, "val") not in ("0", "false", "off"):
                    return any(lxml_door.local(part) == "t" for part in run)
    return False


def _is_ticked(box: Element) -> bool:
    states = {lxml_door.local(child): lxml_door.attribute(child, "val") for child in box}
    state = states.get("checked", states.get("default", "0"))
    return state not in ("0", "false", "off")
