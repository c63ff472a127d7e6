"""The forms of suggestions: JSON with the fields that were agreed, CSV without formulas, a page without markup of the record."""

from __future__ import annotations

import csv
import io
import json

import pytest

from reasoner import Policy
from reasoner.abstraction import columns
from reasoner.abstraction.suggestions import Abstractor, Suggestion
from reasoner.chart.documents.model import document_text
from reasoner.ground.display import unguarded
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.render import suggestions as forms

NOTE = '=HYPERLINK("x") she <b>agrees</b> to come to groups \u202e\x07 and denies any wish to quit.\n\nHer mother drinks.\n'


@pytest.fixture(scope="module")
def found(policy: Policy) -> tuple[Suggestion, ...]:
    document = document_text("note.txt", "text/plain", [NOTE], NOTE.encode())
    return Abstractor(policy).suggest([document], [policy.versions[-1].by_id["adult-admission:5"]])


def test_lines_have_the_agreed_fields(found: tuple[Suggestion, ...]) -> None:
    lines = [json.loads(line) for line in forms.to_lines(found).splitlines()]
    first = lines[0]
    assert list(first)[:8] == ["criterion", "rank", "file", "page", "start", "end", "quote", "score"]
    assert (first["criterion"], first["rank"], first["file"], first["page"]) == ("adult-admission:5", 1, "note.txt", 1)
    text = found[0].passage.document.text
    for line in lines:
        assert text[line["start"] : line["end"]] == line["quote"]
        for cue in line["cues"]:
            assert set(cue) == {"kind", "start", "end"}
    assert any(cue["kind"] == "negated" and NOTE[cue["start"] : cue["end"]] == "denies" for cue in first["cues"])


def test_a_sheet_holds_no_formula(found: tuple[Suggestion, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(forms.to_csv(found, {"request": "@r"}))))
    assert list(rows[0]) == [*columns.ORDER, "request"]
    assert not [cell for row in rows for name, cell in row.items() if name != columns.SCORE and cell[:1] in {*"=+-@"}]
    assert unguarded(rows[0]["quote"]) == found[0].passage.quote
    assert {row["stance"] for row in rows} == {""}


def test_the_page_escapes_the_record_and_marks_its_cues(found: tuple[Suggestion, ...]) -> None:
    page = forms.to_html(found)
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert not {"\u202e", "\x07"} & set(page)
    assert '<mark title="negated">denies</mark> any ' in page
    assert '<mark title="family">' in page
    assert "adult-admission:5" in page


def test_text_for_a_terminal_is_disarmed(found: tuple[Suggestion, ...]) -> None:
    told = forms.to_text(found)
    assert "\x07" not in told
    assert told.startswith("adult-admission:5  willing to engage\n   1  ")
    assert "note.txt, page 1" in told


def test_nothing_found_is_said() -> None:
    assert "No sentence" in forms.to_text(())
    assert "No sentence" in forms.to_html(())
    assert forms.to_lines(()) == ""


def test_rdf_names_a_suggestion_the_same_each_time(policy: Policy, found: tuple[Suggestion, ...]) -> None:
    graph = forms.to_graph(found, policy)
    assert set(graph) == set(forms.to_graph(found, policy))
    assert len(list(graph.subjects(RDF.type, NEC.Suggestion))) == len(found)
