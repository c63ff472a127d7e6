"""Paragraphs that were copied forward are told once, with the date on which they stood first."""

from __future__ import annotations

from datetime import date

from reasoner.chart.documents.copies import copied_forward
from reasoner.chart.documents.model import DocumentText, document_text

BACKGROUND = "Background: 58 y/o, retired postal worker, married 31 years, four stays before 2011, none since then."


def note(text: str) -> DocumentText:
    return document_text("note.txt", "text/plain", [text], text.encode())


def test_a_paragraph_copied_forward_has_the_date_of_its_first() -> None:
    june = note(f"{BACKGROUND}\n\nCame late.\n")
    may = note(f"Seen at home.\n\n{BACKGROUND.upper()}\n")
    undated = note(f"{BACKGROUND}\n")
    copies = copied_forward([(june, date(2026, 6, 10)), (may, date(2026, 5, 4)), (undated, None)])
    assert [(copy.document, copy.first, copy.first_date) for copy in copies] == [
        (0, 1, date(2026, 5, 4)),
        (2, 1, date(2026, 5, 4)),
    ]
    for copy in copies:
        text = (june, may, undated)[copy.document].text
        assert text[copy.span.start : copy.span.end].casefold() == BACKGROUND.casefold()
        assert may.text[copy.first_span.start : copy.first_span.end] == BACKGROUND.upper()


def test_a_paragraph_that_recurs_in_one_document_is_a_copy_too() -> None:
    (copy,) = copied_forward([(note(f"{BACKGROUND}\n\nCame late.\n\n{BACKGROUND}\n"), None)])
    assert (copy.document, copy.first) == (0, 0)
    assert copy.span > copy.first_span


def test_another_box_that_is_ticked_is_no_copy() -> None:
    one = note("Safety plan gone over with the patient and the family today: ☑ yes ☐ no\n")
    other = note("Safety plan gone over with the patient and the family today: ☐ yes ☑ no\n")
    assert copied_forward([(one, None), (other, None)]) == []


def test_what_is_new_or_short_is_no_copy() -> None:
    one = note("Came on time.\n\nSafety plan gone over with him on 6/10, all five steps, and a copy went home.\n")
    other = note("Came on time.\n\nSafety plan gone over with him on 6/17, all five steps, and a copy went home.\n")
    assert copied_forward([(one, date(2026, 6, 10)), (other, date(2026, 6, 17))]) == []
