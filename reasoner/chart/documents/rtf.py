"""The text of RTF, without what a reader of the document would not see; the only module that imports striprtf.

striprtf gives the text of hidden and deleted runs like any other, so they are taken out of the source before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoner.chart.documents.limits import MAX_DEPTH, check_text, not_installed
from reasoner.ground.errors import DocumentationError

_TOKEN = re.compile(
    r"\\bin(\d{0,9}) ?|\\([a-zA-Z]+)(-?\d+)? ?|\\'[0-9a-fA-F]{2}|\\[^a-zA-Z]|[{}]|[^\\{}]+|\\", re.DOTALL
)
_PRINTED = re.compile(
    "par|line|tab|cell|nestcell|row|nestrow|page|sect|column|u|emdash|endash|lquote|rquote|ldblquote|rdblquote|bullet"
).fullmatch
"""Control words that stand for characters."""
_SKIPPED = re.compile("fldinst|pict|object|objdata|shppict|nonshppict|datafield|datastore|themedata|blipuid").fullmatch
"""Groups without text, which cost time."""
_DANGEROUS = frozenset({"objocx", "objautlink", "objlink", "objupdate"})
"""What an editor would run or fetch."""
_EMPTY = re.compile(r"[\t ]+\n")
_INSTEAD = {
    "cell": "\\tab ",
    "nestcell": "\\tab ",
    "page": "\\line \x1d\\line ",
    "sect": "\\line \\line ",
}
"""What stands for a control word, so that paragraphs and cells can be told from lines and bars."""
_FONTS = 2**17  # characters of a font table, which striprtf takes quadratic time to read
_MARK = "\x1d"  # of a page break; it stands in no text


def read_rtf(data: bytes, where: str) -> tuple[list[str], tuple[str, ...]]:
    """The text, page by page where pages are broken by hand, and notes on what was left out.

    Raises:
        DocumentationError: it is no RTF, nests too deep, or holds an object that an editor would run or fetch.
        UsageError: striprtf is not installed.
    """
    try:
        from striprtf.striprtf import rtf_to_text
    except ImportError:
        raise not_installed("striprtf", where) from None
    source = data.decode("latin-1").replace(_MARK, " ")
    if not source.lstrip().startswith("{\\rtf"):
        raise DocumentationError("the file is not RTF", where=where)
    left_out: set[str] = set()
    seen = "".join(_seen(source, where, left_out))
    try:
        text = rtf_to_text(seen, errors="replace")
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise DocumentationError(
            f"the RTF is damaged ({error})", where=where, mend="Save it again, or as PDF"
        ) from error
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", " ").replace("\f", " ")
    check_text(len(text), where)
    pages = [_EMPTY.sub("\n", page.replace("\xad", "")) for page in text.split(_MARK)]
    notes = tuple(f"{kind} text of the RTF is left out" for kind in sorted(left_out))
    return [*(page + "\n\f" for page in pages[:-1]), pages[-1] + "\n"], notes


def _seen(source: str, where: str, left_out: set[str]) -> Iterator[str]:
    """The source without the characters of hidden and deleted runs, and without groups that have no text."""
    hidden = deleted = skipped = False
    stack: list[tuple[bool, bool, bool]] = []
    at = fonts = fonts_in = note_in = 0
    while match := _TOKEN.match(source, at):
        at = match.end()
        token, word, number = match[0], match[2], match[3]
        if fonts_in and at - fonts > _FONTS:
            raise DocumentationError("the font table is too long", where=where, mend="Save it again, or as PDF")
        if token.startswith("\\bin"):
            at += int(match[1] or 0)
            continue
        if token == "{":
            stack.append((hidden, deleted, skipped))
            if len(stack) > MAX_DEPTH:
                raise DocumentationError(f"groups are nested deeper than {MAX_DEPTH}", where=where)
        elif token == "}":
            if not stack:
                return
            fonts_in = 0 if len(stack) == fonts_in else fonts_in
            if len(stack) == note_in:
                note_in = 0
                yield "]"
            was_skipped = skipped
            hidden, deleted, skipped = stack.pop()
            if was_skipped and skipped:
                continue
        elif word:
            if word in _DANGEROUS:
                raise DocumentationError(
                    f"the RTF holds an object that is linked or run (\\{word})", where=where, mend="Save it as PDF"
                )
            skipped = skipped or bool(_SKIPPED(word))
            if word == "fonttbl":
                fonts, fonts_in = at, len(stack)
            if word == "footnote" and not (note_in or skipped or hidden or deleted):
                note_in = len(stack)
                yield " ["
                continue
            if word == "v":
                hidden = number != "0"
            elif word == "deleted":
                deleted = number != "0"
            elif word == "plain":
                hidden = deleted = False
        if skipped and token != "}":
            if token == "{":
                continue
            if word and _SKIPPED(word):
                yield "\\*"
            continue
        if (hidden or deleted) and token not in "{}" and (not word or _PRINTED(word)):
            if not token.isspace():
                left_out.add("hidden" if hidden else "deleted")
            continue
        yield _INSTEAD.get(word or "", token)
