"""The text of a document, as plain values: what it says, on which page, and the sentences it is made of."""

from __future__ import annotations

import base64
import hashlib
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import attrgetter

_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DIGEST_SCHEME = "ni:///sha-256;"
"""The beginning of a digest as an IRI (RFC 6920)."""


@dataclass(frozen=True)
class Page:
    """One page of a text: the code points from `start` up to `end`."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class DocumentText:
    """What a document says, as one string. All offsets are code points into it."""

    name: str
    """The file or resource it came from; a part of an archive or e-mail is named after both."""
    media_type: str
    """Of the original, such as application/pdf."""
    text: str = field(repr=False)
    digest: str
    """Of the text in UTF-8, as an IRI (RFC 6920)."""
    pages: tuple[Page, ...]
    """In order; one, where the format has none."""
    original_digest: str
    """Of the bytes that the text was read from, as an IRI."""
    notes: tuple[str, ...] = ()
    """What a reader of the text has to know, such as that a page has no text."""
    original: bytes = field(default=b"", repr=False, compare=False)
    """The bytes that the text was read from."""

    def page_at(self, offset: int) -> int:
        """The number of the page that a code point stands on."""
        return self.pages[max(0, bisect_right(self.pages, offset, key=attrgetter("start")) - 1)].number


@dataclass(frozen=True)
class Cue:
    """Words that a reader should weigh before taking a sentence for a finding. It says nothing of the sentence's stance."""

    kind: str
    """negated, uncertain, hypothetical, past, family, planned or template."""
    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """A sentence, an item of a list, a row of a table or a question with its answer."""

    start: int
    end: int
    page: int
    heading: str
    """The words of the heading that it stands under; empty if there is none."""
    heading_kind: str
    """history, family, plan or template; empty for other headings."""
    cues: tuple[Cue, ...]
    """In the order of their places. The cue of a heading spans the heading, so it can lie outside the sentence."""


def digest_of(content: bytes) -> str:
    """The SHA-256 of some bytes as an IRI (RFC 6920): ``ni:///sha-256;`` and base64url without padding."""
    return DIGEST_SCHEME + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def document_text(
    name: str,
    media_type: str,
    pages: list[str],
    original: bytes,
    notes: tuple[str, ...] = (),
) -> DocumentText:
    """A text put together from its pages, whose strings follow one another.

    A character that XML cannot hold is a space in it, and a form feed a line end, so that every format can.

    Args:
        name: what to call it.
        media_type: of the original.
        pages: the text of each, with the line end or form feed that closes it.
        original: the bytes it was read from.
        notes: what a reader of the text has to know.
    """
    text = _UNWRITABLE.sub(" ", "".join(pages).replace("\f", "\n"))
    ends: list[Page] = []
    start = 0
    for number, page in enumerate(pages or [""], 1):
        ends.append(Page(number, start, start + len(page)))
        start += len(page)
    digests = digest_of(text.encode()), digest_of(original)
    return DocumentText(name, media_type, text, digests[0], tuple(ends), digests[1], notes, original)
