"""What a claim says beside its items and its diagnoses is an unread item in its own words."""

from __future__ import annotations

import pytest

from tests.chart.bundles import INFORMED, LETTER, PROCEDURE, MappedResources, Resource, with_

TEXT, INFORMATION = "what is written in it is not read", "it is information beside a claim, and is not read"
NOWHERE = "the reference leads nowhere in the bundle"


def said(*resources: Resource) -> dict[str, tuple[str, ...]]:
    """Kind, words and reason of the unread items of the claim, by place."""
    mapped = MappedResources(*resources)
    return {
        place: tuple(mapped.values(item, name)[0] for name in ("kind", "words", "reason"))
        for item in mapped.unread
        if (place := item.value.rpartition("#")[2].removesuffix(".unread")).startswith(("supporting", "procedure"))
    }


def test_each_piece_of_information_is_an_unread_item_but_dates() -> None:
    assert said(INFORMED) == {
        "supportingInfo.0": ("Document", "He sleeps in his car", TEXT),
        "supportingInfo.1": ("Document", "Letter of the clinic", TEXT),
        "supportingInfo.2": ("OtherItem", "by bus: true", INFORMATION),
        "supportingInfo.4": ("Document", "DocumentReference/gone", NOWHERE),
        "procedure.0": ("Procedure", "psychotherapy", "it is a procedure that a claim lists, and is not read"),
    }


def test_what_a_reference_leads_to_is_read_by_itself() -> None:
    letter = with_(LETTER, id="gone")
    assert "supportingInfo.4" not in said(INFORMED, letter)
    listed = with_(INFORMED, procedure=[{"sequence": 1, "procedureReference": {"reference": "Procedure/x"}}])
    assert said(listed)["procedure.0"] == ("Procedure", "Procedure/x", NOWHERE)
    assert "procedure.0" not in said(listed, PROCEDURE)


@pytest.mark.parametrize(
    "change",
    [{"status": "cancelled"}, {"status": "entered-in-error"}, {"patient": {"reference": "RelatedPerson/r"}}],
)
def test_a_claim_that_counts_for_nothing_says_nothing(change: Resource) -> None:
    assert said({"resourceType": "RelatedPerson", "id": "r"}, INFORMED | change) == {}
