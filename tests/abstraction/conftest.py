"""What the tests of suggestions share: the abstractor of the installed policy, and texts made in the test."""

from __future__ import annotations

import pytest

from reasoner import Policy
from reasoner.abstraction.suggestions import Abstractor
from reasoner.chart.documents.model import DocumentText, document_text


def text(content: str, name: str = "note.txt") -> DocumentText:
    """A document of one page."""
    return document_text(name, "text/plain", [content], content.encode())


@pytest.fixture(scope="session")
def abstractor(policy: Policy) -> Abstractor:
    return Abstractor(policy)
