"""Documents that a bundle holds get their texts, and the unread item of each says whether its text was read."""

from __future__ import annotations

import base64
import json
import sys

import pytest

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.documents.model import digest_of
from reasoner.chart.fhir.attached import READ
from reasoner.determination.determine import determine_case
from reasoner.rdf.namespaces import DCTERMS, NEC, RDF
from tests.chart.bundles import ICD10CM, LETTER, OPTIONS, PATIENT, SUMMARY, WHOSE, Resource, coded, with_
from tests.chart.documents import packets

NOTE = b"HOUSING\nTold to leave the flat; sleeps in the truck.\n"
LISTED = "it is listed as a document; what is written in it is not read"


def attachment(data: bytes | None = NOTE, media_type: str = "text/plain", **more: str) -> Resource:
    packed = {"data": base64.b64encode(data).decode()} if data is not None else {}
    return {"contentType": media_type, **packed, **more}


def letter(*attachments: Resource, **changes: object) -> Resource:
    return with_(LETTER, content=[{"attachment": each} for each in attachments], context=None, **changes)


def report(*forms: Resource, **changes: object) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "subject": WHOSE,
        "code": {"text": "Evaluation"},
        "effectiveDateTime": "2025-05-20",
        "presentedForm": list(forms),
        **changes,
    }


def read(policy: Policy, *resources: Resource) -> intake.IntakeResult:
    entries = [{"resource": resource} for resource in (PATIENT, *resources)]
    data = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    (result,) = intake.read_source("bundle.json", policy, suffix=".json", options=OPTIONS, data=data)
    assert result.errors == ()
    return result


def told(policy: Policy, *resources: Resource) -> list[tuple[str, str, str]]:
    """Of each unread item its words, its reason, and the text of what it stands in."""
    result = read(policy, *resources)
    assert result.chart is not None
    graph = result.chart.graph
    found = []
    for item in sorted(graph.subjects(RDF.type, NEC.Unread)):
        text = graph.value(graph.value(item, NEC.source), NEC.text)
        content = graph.value(text, NEC.content) if text else ""
        found.append((str(graph.value(item, NEC.words)), str(graph.value(item, NEC.reason)), str(content)))
    return found


@pytest.mark.parametrize(
    "document",
    [
        letter(attachment()),
        letter(attachment(b"\x00", "image/tiff"), attachment()),  # the same document in other formats
        letter(attachment(None, url="https://elsewhere.example/1"), attachment()),
    ],
)
def test_an_attachment_is_the_text_of_its_document(policy: Policy, document: Resource) -> None:
    ((words, reason, content),) = told(policy, document)
    assert (words, reason, content) == ("Letter of referral", READ, NOTE.decode())


def test_a_binary_that_is_referred_to_is_the_text(policy: Policy) -> None:
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": attachment()["data"]}
    assert [content for _, _, content in told(policy, letter(attachment(None, url="Binary/b")), binary)] == [
        NOTE.decode()
    ]


def test_the_sections_of_a_composition_are_its_text(policy: Policy) -> None:
    sections = [{"title": "Housing", "text": {"div": "<div><p>Sleeps in the truck.</p></div>"}}]
    ((_, reason, content),) = told(policy, with_(SUMMARY, section=sections))
    assert reason == READ
    assert content.split("\n\n") == ["Discharge summary", "Housing", "Sleeps in the truck.\n"]


def test_a_form_of_a_report_is_a_document_of_its_own(policy: Policy) -> None:
    diagnosis = report(
        attachment(title="Evaluation by fax"), conclusionCode=[coded(ICD10CM, "F33.1") | {"text": "depression"}]
    )
    result = read(policy, diagnosis)
    assert result.chart is not None
    graph = result.chart.graph
    (document,) = graph.subjects(NEC.text)
    assert (str(graph.value(document, DCTERMS.title)), str(graph.value(document, DCTERMS.issued))) == (
        "Evaluation by fax",
        "2025-05-20",
    )
    # The words of a code stand in the report, not in this text, and are refused nowhere.
    assert result.cases[0].statements
    assert [(item.reason, item.document) for item in result.cases[0].unread] == [(READ, str(document))]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (letter(attachment(None)), f"{LISTED}: the attachment has no content"),
        (letter(attachment(None, url="https://elsewhere.example/1")), "nothing is fetched"),
        (
            letter(attachment(packets.typst.compile(b"#rect()", format="pdf"), "application/pdf")),
            "it seems to be a scan",
        ),
        (letter(attachment(b"%PDF-1.7 and no more", "application/pdf")), "the PDF is damaged"),
        (letter(attachment(b"\x00", "image/tiff")), "this kind of document is not read"),
        (
            letter(attachment(), docStatus="preliminary"),
            "it is not final or amended, and what is written in it is not read",
        ),
    ],
)
def test_what_is_not_read_says_why(policy: Policy, document: Resource, reason: str) -> None:
    ((_, found, content),) = told(policy, document)
    assert reason in found
    assert content == ""


def test_a_library_that_is_missing_is_named(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    ((_, reason, _),) = told(policy, letter(attachment(packets.pdf(), "application/pdf")))
    assert reason == f"{LISTED}: pypdfium2 is not installed"


def test_a_text_decides_nothing_and_stays_with_the_chart(policy: Policy) -> None:
    (with_text,) = read(policy, letter(attachment())).cases
    (without,) = read(policy, letter(attachment(None))).cases
    outcomes = [determine_case(case, policy)[0] for case in (with_text, without)]
    assert {r.criterion.id: r.status for r in outcomes[0].criteria} == {
        r.criterion.id: r.status for r in outcomes[1].criteria
    }
    assert outcomes[0].outcome is outcomes[1].outcome
    assert digest_of(NOTE) in with_text.content
    assert digest_of(NOTE) not in without.content
