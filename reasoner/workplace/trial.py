"""Review: what people do with a knowledge base of requests, each action permitted by role and put on record."""

from __future__ import annotations

from dataclasses import dataclass

from reasoner.determination.model import Determination


@dataclass(frozen=True)
class Trial:
    """What came of one uploaded file; nothing of it is kept."""

    name: str
    determinations: tuple[Determination, ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]
