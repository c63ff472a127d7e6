"""How much of a file is read, and for how long; each limit has its own error."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from reasoner.ground.errors import DocumentationError, UsageError

MAX_BYTES = 256 * 2**20
"""Bytes that a file and all that is packed in it may have together."""
MAX_TEXT = 4 * 2**20
"""Code points of a document's text; what is longer cannot be a literal of a chart."""
MAX_PAGES = 5_000
"""Pages of a document."""
MAX_PARTS = 2_000
"""Documents in a file: members of an archive, attachments, resources of a bundle."""
MAX_NESTING = 4
"""Archives, e-mails and bundles inside one another."""
MAX_DEPTH = 200
"""Elements, groups or tables inside one another."""
MAX_SECONDS = 120.0
"""Time for a file and all that is in it."""


class NoTextError(DocumentationError):
    """A document holds images alone, such as a scan."""


@dataclass
class Budget:
    """What is left of the limits while one file is read."""

    bytes_left: int = field(default_factory=lambda: MAX_BYTES)
    parts_left: int = field(default_factory=lambda: MAX_PARTS)
    ends: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)

    def unpack(self, size: int, where: str) -> None:
        """Account for bytes that were packed in the file; raises `DocumentationError` if they are too many."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise DocumentationError(
                f"more than {MAX_BYTES // 2**20} MiB are packed in the file", where=where, mend=SPLIT
            )

    def part(self, where: str) -> None:
        """Account for one more document; raises `DocumentationError` if they are too many."""
        self.parts_left -= 1
        if self.parts_left < 0:
            raise DocumentationError(f"there are more than {MAX_PARTS} documents in the file", where=where, mend=SPLIT)

    def time(self, where: str) -> None:
        """Raise `DocumentationError` if the time for the file is over."""
        if time.monotonic() > self.ends:
            raise DocumentationError(f"reading took longer than {MAX_SECONDS:.0f} s", where=where, mend=SPLIT)


SPLIT = "Split the file"


def check_text(length: int, where: str) -> None:
    """Raise `DocumentationError` if a text of this length, in code points, is too long."""
    if length > MAX_TEXT:
        raise DocumentationError(f"the text is longer than {MAX_TEXT // 2**20} Mi characters", where=where, mend=SPLIT)


def not_installed(library: str, where: str) -> UsageError:
    """The error where a kind of document cannot be read for want of a library."""
    return UsageError(f"{library} is not installed", where=where, mend="pip install 'necessity[documents]'")
