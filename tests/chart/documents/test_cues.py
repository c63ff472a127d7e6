"""Cues: what a reader is warned of, where, and where nobody is to be warned."""

from __future__ import annotations

import pytest

from reasoner.chart.documents.model import document_text
from reasoner.chart.documents.sentences import sentences


def cues(text: str) -> list[tuple[str, str]]:
    document = document_text("note.txt", "text/plain", [text], text.encode())
    return [(cue.kind, text[cue.start : cue.end]) for sentence in sentences(document) for cue in sentence.cues]


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("There is no plan on file.", ("negated", "no")),
        ("He doesn’t sleep.", ("negated", "doesn’t")),
        ("Denies any of it.", ("negated", "Denies")),
        ("Seen? [ ] yes [x] no", ("negated", "[x] no")),
        ("r/o bipolar disorder", ("uncertain", "r/o")),
        ("Diagnosis: ?anxiety", ("uncertain", "?")),
        ("Impression: ? early dementia, recheck.", ("uncertain", "?")),
        ("A head injury cannot be excluded.", ("uncertain", "cannot be excluded")),
        ("It is not clear who made it.", ("uncertain", "not clear")),
        ("If he loses the room he will call.", ("hypothetical", "If")),
        ("She might join.", ("hypothetical", "might")),
        ("Was in a shelter in 2019, seen 2026.", ("past", "2019")),
        ("Sober now, used to drink nightly.", ("past", "used to")),
        ("Had her first panic as a teenager.", ("past", "as a teenager")),
        ("Mother was hospitalized twice.", ("family", "Mother")),
        ("Depression runs in the family.", ("family", "runs in the family")),
        ("Mother attends AA.", ("family", "Mother attends AA")),
        ("We spoke about her brother's relapse.", ("family", "brother's")),
        ("Seen 5/4/26. Ran a shop in 2019.", ("past", "2019")),
        ("Will complete it at the next visit.", ("planned", "Will")),
        ("Psychiatry to confirm.", ("planned", "to confirm")),
        ("Emergency number: __________", ("template", "__________")),
        ("[ ] plan reviewed", ("template", "[ ]")),
        ("FAMILY HISTORY\nAlcohol use.", ("family", "FAMILY HISTORY")),
        ("Past medical history: asthma.", ("past", "Past medical history")),
    ],
)
def test_marked(text: str, cue: tuple[str, str]) -> None:
    assert cue in cues(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Not only sad but tired.", "negated"),
        ("Notes a nosy neighbor.", "negated"),
        ("Not sure of the date.", "negated"),
        ("Her husband is supportive.", "family"),
        ("Mother attends each session.", "family"),
        ("Sleeps on her brother's couch.", "family"),
        ("Came on May 4 and in May.", "hypothetical"),
        ("History of present illness: tired.", "past"),
        ("Seen on 2026-02-03 and again in 2026.", "past"),
        ("Seen 5/4/26 for the 2026 review.", "past"),
        ("Referred by her doctor.", "planned"),
        ("Seen? [x] yes [ ] no", "template"),
        ("Seen? [x] yes [ ] no", "negated"),
        ("VS 118/70.", "uncertain"),
    ],
)
def test_not_marked(text: str, kind: str) -> None:
    assert kind not in {found for found, _ in cues(text)}
