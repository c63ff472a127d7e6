"""How many sentences in many voices have the cue that they should have, and how many plain ones have one.

The sentences of ``voices``, a file for each kind of cue and one for none, were written from how clinicians, schools, families
and forms write, not from the lists of words.
"""

from __future__ import annotations

import pytest

from reasoner.chart.documents.model import document_text
from reasoner.chart.documents.sentences import sentences
from tests.conftest import ROOT

VOICES = {
    path.stem: path.read_text("utf-8").splitlines() for path in (ROOT / "tests/chart/documents/voices").glob("*.txt")
}


def kinds(words: str) -> set[str]:
    document = document_text("note.txt", "text/plain", [f"{words}\n\nSeen 5/4/2026.\n"], b"")
    return {cue.kind for sentence in sentences(document) for cue in sentence.cues}


@pytest.mark.parametrize("kind", sorted(VOICES.keys() - {"plain"}))
def test_a_cue_is_marked_where_it_should_be(kind: str) -> None:
    missed = [words for words in VOICES[kind] if kind not in kinds(words)]
    assert len(missed) <= 0.1 * len(VOICES[kind]), missed


def test_plain_sentences_have_few_cues() -> None:
    marked = {words: kinds(words) for words in VOICES["plain"] if kinds(words)}
    assert len(marked) <= 0.2 * len(VOICES["plain"]), marked
