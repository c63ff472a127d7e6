"""Every kind of file gives the same sentences, and nothing that a reader would not see."""

from __future__ import annotations

import json
from html import escape

import pytest

from reasoner.chart.documents.model import DocumentText
from reasoner.chart.documents.reading import read_documents
from reasoner.chart.documents.sentences import sentences
from tests.chart.documents import packets


def texts(data: bytes, name: str) -> list[DocumentText]:
    found = list(read_documents(data, name))
    assert not [error for error in found if not isinstance(error, DocumentText)]
    return [text for text in found if isinstance(text, DocumentText)]


def words(text: DocumentText) -> list[str]:
    """The sentences with their white space and bullets folded."""
    found = (" ".join(text.text[s.start : s.end].split()) for s in sentences(text))
    return [sentence.replace("•", "-") for sentence in found]


PLAIN = words(texts(packets.plain(), "note.txt")[0])


def test_the_note_is_what_it_should_be() -> None:
    assert "Denies intent." in PLAIN
    assert "Mon 3 late again" in PLAIN
    assert "Has a key to the house? [x] yes [ ] no" in PLAIN
    assert len(PLAIN) >= 14


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (packets.html(), "note.html"),
        (packets.cda(), "note.xml"),
        (packets.docx(), "note.docx"),
        (packets.rtf(), "note.rtf"),
        (packets.pdf(), "note.pdf"),
        (packets.pdf(width="11cm"), "narrow.pdf"),
        (packets.fhir(packets.plain(), "text/plain; charset=utf-8"), "bundle.json"),
        (packets.fhir(packets.docx(), "application/octet-stream"), "bundle.json"),
        (packets.fhir(packets.cda(), "application/hl7-v3+xml"), "bundle.json"),
        (packets.zipped({"inner/note.txt": packets.plain()}), "packet.zip"),
        (packets.rtf(), "note.doc"),
        (packets.docx(), "unnamed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_sentences(data: bytes, name: str) -> None:
    (text,) = texts(data, name)
    assert words(text) == PLAIN


def test_the_same_headings() -> None:
    def headings(data: bytes, name: str) -> list[tuple[str, str]]:
        (text,) = texts(data, name)
        return [(s.heading, s.heading_kind) for s in sentences(text)]

    expected = headings(packets.plain(), "note.txt")
    assert {"REASON FOR VISIT", "PAST PSYCHIATRIC HISTORY", "PLAN"} <= {heading for heading, _ in expected}
    for data, name in (
        (packets.html(), "note.html"),
        (packets.cda(), "note.xml"),
        (packets.docx(), "note.docx"),
        (packets.rtf(), "note.rtf"),
        (packets.pdf(), "note.pdf"),
    ):
        assert headings(data, name) == expected, name


def test_tracked_insertions_are_kept_and_deletions_are_not() -> None:
    deleted = f"<w:del>{packets.run('reports').replace('w:t>', 'w:delText>').replace('<w:t ', '<w:delText ')}</w:del>"
    moved = f"<w:moveFrom>{packets.run('today ')}</w:moveFrom>"
    body = (
        f"<w:p>{packets.run('She ')}{moved}{deleted}<w:ins>{packets.run('denies')}</w:ins>{packets.run(' it.')}</w:p>"
    )
    (text,) = texts(packets.docx(body), "note.docx")
    assert text.text.strip() == "She denies it."
    assert text.notes == ("deleted text is left out",)


def test_what_is_hidden_in_word_is_not_read_and_said() -> None:
    body = f"<w:p>{packets.run('Seen.')}{packets.run('Not shown.', '<w:vanish/>')}</w:p>"
    (text,) = texts(packets.docx(body), "note.docx")
    assert text.text.strip() == "Seen."
    assert text.notes == ("hidden text is left out",)


def test_headers_footers_and_pages_of_word() -> None:
    paragraph = "<w:p>{}</w:p>"
    part = '<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{}</w:hdr>'
    body = f'<w:p>{packets.run("One.")}<w:r><w:br w:type="page"/></w:r>{packets.run("Two.")}</w:p>'
    (text,) = texts(
        packets.docx(body, {"word/header1.xml": part.format(paragraph.format(packets.run("Name: A. Example")))}),
        "note.docx",
    )
    assert words(text) == ["Name: A. Example", "One.", "Two."]
    assert [sentence.page for sentence in sentences(text)] == [1, 1, 2]


def test_what_is_hidden_or_deleted_in_rtf_is_not_read_and_said() -> None:
    source = (
        r"{\rtf1\ansi Seen. {\v hidden words}{\deleted gone words}\v more hidden\v0  Kept.{\*\comment no}{\field{\*\fldinst{"
        r'HYPERLINK "http://example.org"}}{\fldrslt link}}\par caf\'e9 \u8220?said\u8221? \u-10179?\u-8704?}'
    )
    (text,) = texts(source.encode(), "note.rtf")
    assert text.text.split() == ["Seen.", "Kept.link", "café", "“said”", "😀"]
    assert text.notes == ("deleted text of the RTF is left out", "hidden text of the RTF is left out")


def test_what_is_hidden_or_deleted_in_html_is_not_read_and_said() -> None:
    (text,) = texts(
        b"<html><style>p{}</style><script>x()</script><p>Seen<ins> today</ins>.<del>not</del><span style='display: none'>no</span></p>"
        b"<label><input type=checkbox checked>done</label><!-- no --><pre>a\n  b</pre></html>",
        "note.html",
    )
    assert text.text == "Seen today.\n[x] done\na\n  b\n"
    assert text.notes == ("deleted text is left out", "hidden text is left out")


def test_a_footnote_in_rtf_is_read_at_its_mark() -> None:
    source = rb"{\rtf1\ansi Sleeps.{\footnote\pard {\super\chftn} Per her sister.} Eats.{\v\footnote hidden}\par}"
    (text,) = texts(source, "note.rtf")
    assert text.text.split() == ["Sleeps.", "[", "Per", "her", "sister.]", "Eats."]


def test_a_list_in_html_shows_what_is_chosen() -> None:
    (text,) = texts(
        b"<p>Home:<select><option>rented<option selected>shelter</select>now</p><p>Car:<select><option>none<option>one</select></p>"
        b"<p>Uses:<select multiple><option selected>a<option>b<option selected>c</select></p><p>Bed:<select></select></p>",
        "note.html",
    )
    assert [line.split() for line in text.text.splitlines()] == [
        ["Home:", "shelter", "now"],
        ["Car:", "none"],
        ["Uses:", "a", "c"],
        ["Bed:"],
    ]


def test_a_document_that_stands_in_the_place_of_a_clinical_one() -> None:
    import base64

    packed = base64.b64encode(packets.pdf()).decode()
    body = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{packed}</text></nonXMLBody>'
    (text,) = texts(packets.cda(body), "note.xml")
    assert words(text) == PLAIN


def test_a_composition_and_a_report() -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{packets.html(fragment=True).decode()}</div>'
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {
                "resource": {
                    "resourceType": "Composition",
                    "id": "c",
                    "section": [{"section": [{"text": {"div": div}}]}],
                }
            },
            {"resource": {"resourceType": "DiagnosticReport", "id": "r", "conclusion": "No growth."}},
            {"resource": {"resourceType": "Patient", "id": "p", "text": {"div": "<div>not a document</div>"}}},
        ],
    }
    composition, report = texts(json.dumps(bundle).encode(), "bundle.json")
    assert words(composition) == PLAIN
    assert (report.name, report.text) == ("bundle.json#DiagnosticReport/r", "No growth.\n")


def test_an_attachment_in_a_binary_of_the_bundle() -> None:
    binary = json.loads(packets.fhir(packets.plain(), "text/plain"))["content"][0]["attachment"]
    reference = {"attachment": {"contentType": "text/plain", "url": "http://example.org/Binary/b"}}
    elsewhere = {"attachment": {"contentType": "text/plain", "url": "http://example.org/Binary/other"}}
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "DocumentReference", "id": "d", "content": [reference, elsewhere]}},
            {"resource": {"resourceType": "Binary", "id": "b", **binary}},
            {"resource": {"resourceType": "DocumentReference", "status": "entered-in-error", "content": [reference]}},
        ],
    }
    first, *errors = read_documents(json.dumps(bundle).encode(), "bundle.json")
    assert isinstance(first, DocumentText)
    assert words(first) == PLAIN
    assert [str(error).partition(". ")[0] for error in errors] == [
        "bundle.json#DocumentReference/d/2: the text is not in the file but at http://example.org/Binary/other, and nothing is fetched",
        "bundle.json#DocumentReference: the document is entered-in-error and is not read",
    ]


def test_mail_with_attachments() -> None:
    body, note, error = read_documents(packets.mail(note_docx=packets.docx(), image_png=b"\x89PNG....."), "mail.eml")
    assert isinstance(body, DocumentText)
    assert isinstance(note, DocumentText)
    assert body.text == "From: clinic@example.org\nSubject: Records\n\nThe note is attached.\n"
    assert words(note) == PLAIN
    assert "image without text" in str(error)


def test_a_page_without_text_is_named_and_can_be_recognized() -> None:
    two = packets.typst.compile(b"#pagebreak()\nRead me.", format="pdf")
    (text,) = texts(two, "scan.pdf")
    assert text.notes == ("page 1 has no text and may be a scan",)
    assert [text.text[page.start : page.end].strip() for page in text.pages] == ["", "Read me."]
    (text,) = [
        t
        for t in read_documents(two, "scan.pdf", recognize=lambda _, page: f"page {page}")
        if isinstance(t, DocumentText)
    ]
    assert words(text) == ["page 1", "Read me."]
    (error,) = read_documents(packets.typst.compile(b"#rect()", format="pdf"), "scan.pdf")
    assert "seems to be a scan" in str(error)


WRAPPED = """EXAMPLE CLINIC          Adult services
Pt: A. Example      DOB 06/14/1987      seen 02/09/2026

FUNCTIONING
Has not worked a full shift at the bakery since January and was written up twice by the
manager. Dishes and laundry sit for days, and her sister
  now does the school run.
  sleep        three hours
  appetite     poor. Eats at noon.

SUPPORTS
Sister drives her. Does not have a sponsor, has agreed to come to the family hour every
Thursday.
Has a key? [x] yes   [ ] no
"""


@pytest.mark.parametrize("kind", ["html-p", "html-br", "html-pre", "docx", "docx-breaks", "rtf", "pdf"])
def test_a_note_of_broken_lines_gives_the_same_sentences(kind: str) -> None:
    (plain,) = texts(WRAPPED.encode(), "note.txt")
    assert len(words(plain)) == 9
    lines = WRAPPED.splitlines()
    blocks = [block.splitlines() for block in WRAPPED.split("\n\n")]
    in_runs = ["<w:r><w:br/></w:r>".join(map(packets.run, block)) for block in blocks]
    data = {
        "html-p": lambda: "".join(f"<p>{escape(line)}</p>" for line in lines).encode(),
        "html-br": lambda: "".join(f"<p>{'<br>'.join(map(escape, block))}</p>" for block in blocks).encode(),
        "html-pre": lambda: f"<pre>{escape(WRAPPED)}</pre>".encode(),
        "docx": lambda: packets.docx("".join(f"<w:p>{packets.run(line)}</w:p>" for line in lines)),
        "docx-breaks": lambda: packets.docx("".join(f"<w:p>{runs}</w:p>" for runs in in_runs)),
        "rtf": lambda: (r"{\rtf1\ansi " + "".join(packets.rtf_text(line) + "\\par\n" for line in lines) + "}").encode(),
        "pdf": lambda: packets.set_in_type(f"#raw(block: true, {json.dumps(WRAPPED)})"),
    }[kind]()
    (text,) = texts(data, f"note.{kind.partition('-')[0]}")
    assert words(text) == words(plain)
