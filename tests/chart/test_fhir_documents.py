"""Documents of FHIR bundles: what is listed, and what says that it was not read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.bundles import (
    CONDITION,
    ENCOUNTER,
    LETTER,
    ORDER,
    PHQ9,
    PRESCRIPTION,
    PROCEDURE,
    SUMMARY,
    WHOSE,
    MappedResources,
    Resource,
    with_,
)

LISTED = "it is listed as a document; what is written in it is not read"


@pytest.mark.parametrize(
    ("document", "words", "recorded"),
    [
        (LETTER, "Letter of referral", "2025-05-27"),
        (with_(LETTER, description=None, type={"text": "Note"}), "Note", "2025-05-27"),
        (
            with_(LETTER, description=None, content=[{"attachment": {"title": "scan.pdf"}}] * 2),
            "scan.pdf",
            "2025-05-27",
        ),
        (with_(LETTER, description=None, content=None), "Document", "2025-05-27"),
        (with_(SUMMARY, section=[{"title": "Course", "entry": []}]), "Discharge summary", "2025-05-09"),
        (with_(SUMMARY, section=None, type={"text": "Summary"}, title=None), "Summary", "2025-05-09"),
    ],
)
def test_a_listed_document_is_an_unread_item_once(document: Resource, words: str, recorded: str) -> None:
    found = MappedResources(document, PHQ9, CONDITION)
    assert found.document(document)["title"] == words
    (item,) = found.unread
    assert found.values(item, "kind") == ["Document"]
    assert found.values(item, "words") == [words]
    assert found.values(item, "recorded") == [recorded]
    assert found.values(item, "reason")[0].startswith(LISTED)
    assert found.values(item, "code") == []


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (with_(LETTER, status=None), "whether it stands cannot be told"),
        (with_(LETTER, docStatus="preliminary"), "it is not final or amended"),
        (with_(SUMMARY, status="preliminary"), "its status is not final or amended"),
        (with_(SUMMARY, subject={"display": "somebody"}), "whose it is cannot be told"),
    ],
)
def test_a_document_that_does_not_stand_is_only_unread(document: Resource, reason: str) -> None:
    found = MappedResources(document, CONDITION)
    assert not found.document(document)
    (item,) = found.unread
    assert found.values(item, "reason")[0].startswith(reason)


@pytest.mark.parametrize(
    "document",
    [
        with_(LETTER, status="superseded"),
        with_(LETTER, docStatus="entered-in-error"),
        with_(SUMMARY, status="entered-in-error"),
        with_(SUMMARY, subject={"reference": "Practitioner/d"}),
    ],
)
def test_a_document_that_was_understood_not_to_count_is_a_note(document: Resource) -> None:
    found = MappedResources(document)
    assert not found.document(document)
    assert not found.unread


def test_what_a_document_refers_to_is_tied_to_it_only_if_it_is_read() -> None:
    unread = with_(PHQ9, subject={})
    links = [{"reference": "Observation/o"}, {"reference": "Condition/c"}]
    summary = with_(SUMMARY, section=[{"section": [{"section": [{"section": [{"entry": links}]}]}]}])
    letter = with_(LETTER, context={"related": links})
    found = MappedResources(summary, letter, unread, CONDITION)
    assert found.document(CONDITION)["isPartOf"].endswith("Composition/m")
    assert found.document(letter)["references"].endswith("Condition/c")
    assert found.document(unread) == {}
    reasons = [found.values(item, "reason") for item in found.unread if found.values(item, "kind") == ["Observation"]]
    assert reasons == [["whose it is cannot be told: its subject is no reference that can be followed"]]


@pytest.mark.parametrize(
    "resource", [CONDITION, PHQ9, ENCOUNTER, PROCEDURE, PRESCRIPTION, ORDER], ids=lambda r: r["id"]
)
@pytest.mark.parametrize(
    ("whose", "kept"),
    [(WHOSE, False), ({"reference": "Practitioner/d"}, False), ({}, True), ({"reference": "Patient/gone"}, True)],
)
def test_of_whom_it_cannot_be_told_is_an_unread_item(resource: Resource, whose: Any, kept: bool) -> None:
    named = {
        name: resource[name] | {"text": "these words"}
        for name in ("code", "medicationCodeableConcept")
        if name in resource
    }
    named = named or {"type": [{"text": "these words"}]}
    found = MappedResources(with_(resource, subject=whose, **named))
    assert [found.values(item, "words")[0].partition(":")[0] for item in found.unread] == ["these words"] * kept
    assert not (kept and found.statements)
