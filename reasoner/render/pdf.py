"""Records and letters as tagged PDF (PDF/UA-1), typeset by Typst; the only module that imports it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from reasoner.determination.model import Determination
from reasoner.ground.errors import EngineError, UsageError
from reasoner.render.document import content
from reasoner.render.notices import paragraphs
from reasoner.review.acts import Signed

_TEMPLATES = Path(__file__).parent / "templates"


def record_to_pdf(
    determinations: Iterable[Determination], decisions: Sequence[Signed] = (), *, part_2: bool = False
) -> bytes:
    """Determinations, each with the decisions on it, as one PDF, see `content`; raises `UsageError` where Typst is not installed."""
    return _typeset("record.typ", {"records": [content(d, decisions, part_2=part_2) for d in determinations]})


def letter_to_pdf(text: str) -> bytes:
    """A letter as PDF; raises `UsageError` where Typst is not installed."""
    return _typeset("letter.typ", {"paragraphs": paragraphs(text)})


def _typeset(template: str, data: dict[str, object]) -> bytes:
    try:
        import typst
    except ImportError:
        raise UsageError("typst is not installed", mend="pip install 'necessity[app]'") from None
    try:
        return typst.compile(
            (_TEMPLATES / template).read_bytes(),
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            pdf_standards=["ua-1"],
        )
    except (typst.TypstError, RuntimeError) as error:
        raise EngineError(f"the document cannot be typeset: {error}", where=template) from error
