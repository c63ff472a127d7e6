"""Sentences: where they begin and end, and what they stand under."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.chart.documents.model import DocumentText, Sentence, document_text
from reasoner.chart.documents.reading import read_documents
from reasoner.chart.documents.sentences import sentences
from tests.explore import examples


def document(text: str) -> DocumentText:
    return document_text("note.txt", "text/plain", [text], text.encode())


def parts(text: str) -> list[str]:
    return [text[s.start : s.end] for s in sentences(document(text))]


def under(text: str, words: str) -> Sentence:
    (found,) = [s for s in sentences(document(text)) if words in text[s.start : s.end]]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Slept well. Ate lunch.", ["Slept well.", "Ate lunch."]),
        ("my boss is done with me. my sister called", ["my boss is done with me.", "my sister called"]),
        ("Seen by Dr. Example today. Calm.", ["Seen by Dr. Example today.", "Calm."]),
        ("Sober 3 yrs. and working. Sober 3 yrs. Works.", ["Sober 3 yrs. and working.", "Sober 3 yrs.", "Works."]),
        ("Sister L. drives her. T. Example signed.", ["Sister L. drives her.", "T. Example signed."]),
        ("Took 2.5 mg at 10.30 p.m. with food.", ["Took 2.5 mg at 10.30 p.m. with food."]),
        ("Really?! Yes... Maybe.", ["Really?!", "Yes...", "Maybe."]),
        ("Left at noon.Came back at two.", ["Left at noon.", "Came back at two."]),
        ('Said "I can. I will. Soon." Then left.', ['Said "I can. I will. Soon."', "Then left."]),
        ("Housing. One room. Shared.", ["Housing. One room.", "Shared."]),
        ("Tired. One room.", ["Tired.", "One room."]),
        ("5' 4\" tall. Weight stable.", ["5' 4\" tall.", "Weight stable."]),
        ("- sleeps badly\n- eats once a day", ["- sleeps badly", "- eats once a day"]),
        ("1. Sleep is poor. Naps.\n2. Appetite fair", ["1. Sleep is poor.", "Naps.", "2. Appetite fair"]),
        ("Mood low\nSleep poor\nAppetite fair", ["Mood low", "Sleep poor", "Appetite fair"]),
        ("Day\tHours\nMon\t3. Late. Tired.\nTue\t3", ["Day\tHours", "Mon\t3. Late. Tired.", "Tue\t3"]),
        (
            "Q. Who helps?\nA. my aunt. sometimes\nQ. Work?\nA. no",
            ["Q. Who helps?\nA. my aunt. sometimes", "Q. Work?\nA. no"],
        ),
        ("[x] allergies  [ ] plan on file", ["[x] allergies", "[ ] plan on file"]),
        ("Has a key? [x] yes  [ ] no", ["Has a key? [x] yes  [ ] no"]),
        ("[ ] yes [x] no", ["[ ] yes [x] no"]),
        ("Ends here.\r\n\r\nBegins here.\r\n", ["Ends here.", "Begins here."]),
        ("one page\fanother", ["one page", "another"]),
        ("______\n\n----\n", []),
    ],
)
def test_parts(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_a_line_goes_on_where_the_margin_broke_it() -> None:
    text = (
        "He came in late on Monday and said that the bus had been cancelled, so that\n"
        "he walked the whole way from the river. His shoes were wet and he sat by the\n"
        "heater for most of the first hour, saying little.\n"
        "Left early.\n"
    )
    assert parts(text) == [
        "He came in late on Monday and said that the bus had been cancelled, so that\nhe walked the whole way from the river.",
        "His shoes were wet and he sat by the\nheater for most of the first hour, saying little.",
        "Left early.",
    ]


def test_a_sentence_is_never_longer_than_can_be_read() -> None:
    text = "and then she said that, " * 200
    found = sentences(document(text))
    assert max(s.end - s.start for s in found) <= 600
    assert "".join(text[s.start : s.end] for s in found).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "heading", "kind"),
    [
        ("PAST PSYCHIATRIC HISTORY\nOne stay.", "PAST PSYCHIATRIC HISTORY", "history"),
        ("History of Present Illness:\nOne stay.", "History of Present Illness", ""),
        ("3. FAMILY HISTORY (by phone)\nOne stay.", "FAMILY HISTORY (by phone)", "family"),
        ("## Treatment plan\n\nOne stay.", "Treatment plan", "plan"),
        ("FHx: One stay.", "FHx", "family"),
        ("P: One stay.", "P", "plan"),
        ("Family history. One stay.", "Family history", "family"),
        ("P. One stay.", "", ""),
        ("Patient instructions\nOne stay.", "Patient instructions", "template"),
        ("PLAN\nRest.\n\nHOUSING\nOne stay.", "HOUSING", ""),
        ("SUPPORTS\nPlan: rest.\n\nOne stay.", "SUPPORTS", ""),
        ("Safety plan: One stay.", "Safety plan", ""),
        ("One stay.", "", ""),
    ],
)
def test_headings(text: str, heading: str, kind: str) -> None:
    sentence = under(text, "One stay.")
    assert (sentence.heading, sentence.heading_kind) == (heading, kind)


def test_a_note_in_capitals_loses_no_line() -> None:
    text = "SEEN TODAY\nNO SI OR HI\nSLEEPS FIVE HOURS\n"
    assert parts(text) == ["SEEN TODAY", "NO SI OR HI", "SLEEPS FIVE HOURS"]


def test_a_heading_that_could_be_a_finding_is_a_sentence_too() -> None:
    assert parts("UDS NEGATIVE\nCame on time.") == ["UDS NEGATIVE", "Came on time."]


def test_pages() -> None:
    (text,) = read_documents(b"One.\n\fTwo.\n\f", "note.txt")
    assert isinstance(text, DocumentText)
    assert [text.text[page.start : page.end] for page in text.pages] == ["One.\n\n", "Two.\n\n"]
    assert [sentence.page for sentence in sentences(text)] == [1, 2]


@given(st.text(st.sampled_from("aB. \n\t\f\r?!\"'[]x:-1é𝒳İ_☐"), max_size=200))
@examples(300)
def test_sentences_cover_the_text_in_order(text: str) -> None:
    found = sentences(document(text))
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert all(text[s.start : s.end] == text[s.start : s.end].strip() != "" for s in found)
    assert all(0 <= cue.start < cue.end <= len(text) for s in found for cue in s.cues)
    covered = {i for s in found for i in range(s.start, s.end)}
    letters = {i for i, c in enumerate(text) if c.isalnum()}
    headed = {text[s.start : s.end] for s in found} | {s.heading for s in found}
    assert letters - covered == set() or any(headed), "only a heading is no sentence"
