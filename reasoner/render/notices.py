"""Notices and letters about a determination, as plain text to be edited before it is sent."""

from __future__ import annotations

import re

from reasoner.determination.model import Determination
from reasoner.ground.display import plain
from reasoner.logic.fold import Outcome
from reasoner.render.document import content, environment
from reasoner.review.acts import Disposition


def to_letter(
    determination: Determination, disposition: Disposition = Disposition.DOCUMENTATION_REQUESTED
) -> str | None:
    """The draft of the letter that goes with a decision, as plain text with empty lines between paragraphs.

    Args:
        determination: the determination that is decided on.
        disposition: the decision that the letter is for.

    Returns:
        The text; a request for documentation asks for the smallest set of gaps and is None if no documentation is needed.
    """
    if disposition is Disposition.DOCUMENTATION_REQUESTED and determination.outcome is not Outcome.DOCUMENTATION_NEEDED:
        return None
    template = environment("text").get_template(f"letters/{disposition.value}.txt")
    return template.render(record=content(determination))


def letter_to_html(text: str) -> str:
    """A letter as one self-contained HTML page; none of its text makes markup."""
    return environment("html").get_template("letter.html").render(paragraphs=paragraphs(text))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a letter, their lines without control and direction-changing characters."""
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return ["\n".join(plain(line) for line in part.split("\n")) for part in parts if part.strip()]
