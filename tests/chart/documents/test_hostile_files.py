"""Files made to harm: each is refused with its own words, and nothing is fetched, run or unpacked without end."""

from __future__ import annotations

import base64
import builtins
import io
import json
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.chart.documents import limits
from reasoner.chart.documents.model import DocumentText
from reasoner.chart.documents.reading import SUFFIXES, read_documents
from reasoner.chart.documents.sentences import sentences
from reasoner.ground.errors import DocumentationError, UsageError
from tests.chart.documents import packets
from tests.explore import examples

BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><ClinicalDocument>&y;</ClinicalDocument>'
RELATIONS = "word/_rels/settings.xml.rels"
FETCH = b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://example.org/a.dtd"><ClinicalDocument/>'


def nested(levels: int) -> bytes:
    data = b"deep"
    for level in range(levels):
        data = packets.zipped({"deep.txt" if level == 0 else "deep.zip": data})
    return data


def attached(data: bytes) -> bytes:
    return json.dumps({"resourceType": "Binary", "id": "b", "data": data.decode()}).encode()


def errors(data: bytes, name: str) -> list[DocumentationError]:
    return [found for found in read_documents(data, name) if isinstance(found, DocumentationError)]


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        (packets.docx(members={"word/vbaProject.bin": "x"}), "a.docx", "holds macros"),
        (packets.docx(members={"word/_rels/settings.xml.rels": ""}), "a.docx", "not well formed"),
        (
            packets.docx(members={RELATIONS: packets.relations("attachedTemplate", "http://x")}),
            "a.docx",
            "refers outside",
        ),
        (packets.zipped({"other.xml": b"<a/>"}), "a.docx", "no Word document"),
        (packets.docx("<w:p>" + "<w:sdt>" * 220 + "</w:sdt>" * 220 + "</w:p>"), "a.docx", "nested deeper"),
        (packets.zipped({"zeros.txt": b"0" * 2**23}), "a.zip", "more than 200 times"),
        (nested(6), "a.zip", "packed deeper"),
        (b"PK\x03\x04 and no more", "a.zip", "archive is damaged"),
        (BOMB, "a.xml", "document type"),
        (FETCH, "a.xml", "document type"),
        (b"<ClinicalDocument>", "a.xml", "not well formed"),
        (b"<a/>", "a.xml", "no clinical document"),
        (
            packets.cda("<nonXMLBody><text><reference value='http://x'/></text></nonXMLBody>"),
            "a.xml",
            "not in the file",
        ),
        (b"<html>" + b"<div>" * 5000, "a.html", "nested deeper"),
        (b"{\\rtf1" + b"{" * 300, "a.rtf", "nested deeper"),
        (b"{\\rtf1{\\object\\objautlink x}}", "a.rtf", "linked or run"),
        (b"{\\rtf1{\\*\\comment no}}", "a.rtf", "no text"),
        (b"{\\rtf1{\\fonttbl" + b"\\f1 " * 2**15 + b"}words}", "a.rtf", "font table is too long"),
        (b"{\\rtf1{\\fonttbl" + b"\\f1 " * 2**15 + b"words", "a.rtf", "font table is too long"),
        (b"{\\rtf1\\bin" + b"9" * 5000 + b" words}", "a.rtf", "no text"),
        (b"plain", "a.rtf", "not RTF"),
        (b"%PDF-1.7 and no more", "a.pdf", "PDF is damaged"),
        (b"\xd0\xcf\x11\xe0 old", "a.doc", "Word 2003 or older"),
        (b"\xff\xd8\xff", "fax.jpg", "image without text"),
        (b"[" * 500, "a.json", "nested deeper"),
        (b"{}", "a.json", "no FHIR resource"),
        (b'{"resourceType": "Patient"}', "a.json", "hold no document"),
        (attached(b"%%%"), "a.json", "not base64"),
        (attached(b""), "a.json", "no content"),
        (b"no head", "a.eml", "no e-mail"),
        (b"To: a@example.org\nContent-Type: text/plain; charset=nonsense\n\n\xff", "a.eml", "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(data: bytes, name: str, problem: str) -> None:
    (error,) = errors(data, name)
    assert problem in error.problem
    assert error.where.startswith(name)


def test_one_bad_file_of_an_archive_costs_no_other() -> None:
    found = list(read_documents(packets.zipped({"a.pdf": b"no", "b.txt": b"Seen."}), "packet.zip"))
    assert [str(getattr(f, "where", "") or getattr(f, "name", "")) for f in found] == [
        "packet.zip/a.pdf",
        "packet.zip/b.txt",
    ]


def test_a_file_of_an_archive_that_is_encrypted() -> None:
    data = bytearray(packets.zipped({"a.txt": b"Seen."}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (error,) = errors(bytes(data), "packet.zip")
    assert "encrypted" in error.problem


def test_an_archive_that_understates_its_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 2000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", b"word " * 1000)
    (error,) = [e for e in read_documents(stream.getvalue(), "packet.zip") if isinstance(e, DocumentationError)]
    assert "MiB are packed" in error.problem


@pytest.mark.parametrize(
    ("limit", "value", "data", "name", "problem"),
    [
        ("MAX_SECONDS", -1.0, packets.pdf(), "a.pdf", "longer than"),
        ("MAX_TEXT", 10, packets.html(), "a.html", "the text is longer"),
        ("MAX_TEXT", 10, packets.plain(), "a.txt", "the text is longer"),
    ],
)
def test_limits(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: float, data: bytes, name: str, problem: str
) -> None:
    monkeypatch.setattr(limits, limit, value)
    (error,) = errors(data, name)
    assert problem in error.problem


def test_time_is_watched_from_page_to_page(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(100))
    monkeypatch.setattr(limits.time, "monotonic", lambda: next(calls) * 50.0)
    (error,) = errors(packets.typst.compile(b"#pagebreak()" * 5 + b"end", format="pdf"), "a.pdf")
    assert error.where == "a.pdf: page 2"


def test_a_pdf_with_a_password() -> None:
    # The trailer says that the file is encrypted; PDFium asks for the password before anything else.
    data = packets.pdf().replace(b"/Root", b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (0) /U (0) /P -1 >> /Root")
    (error,) = errors(data, "a.pdf")
    assert "PDF is" in error.problem


def test_pdfs_in_many_threads() -> None:
    data = packets.pdf()
    found: list[str] = []

    def read() -> None:
        found.extend(text.digest for text in read_documents(data, "a.pdf") if isinstance(text, DocumentText))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("library", "name"), [("lxml", "a.html"), ("lxml", "a.docx"), ("pypdfium2", "a.pdf"), ("striprtf", "a.rtf")]
)
def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch, library: str, name: str) -> None:
    importing = builtins.__import__

    def without(wanted: str, *rest: object, **more: object) -> object:
        if wanted.partition(".")[0] == library:
            raise ImportError(name=library)
        return importing(wanted, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    data = {"a.docx": packets.docx(), "a.pdf": packets.pdf(), "a.rtf": packets.rtf(), "a.html": packets.html()}[name]
    with pytest.raises(UsageError, match=rf"{library} is not installed. pip install 'necessity\[documents\]'"):
        list(read_documents(data, name))


SOURCES = {
    ".pdf": packets.pdf(),
    ".docx": packets.docx(),
    ".rtf": packets.rtf(),
    ".html": packets.html(),
    ".xml": packets.cda(),
    ".json": packets.fhir(packets.rtf(), "text/rtf"),
    ".eml": packets.mail(note_rtf=packets.rtf()),
    ".zip": packets.zipped({"a.rtf": packets.rtf()}),
    ".txt": packets.plain(),
}


@given(
    st.sampled_from(sorted(SOURCES)),
    st.sampled_from(sorted(SUFFIXES)),
    st.integers(0, 10**6),
    st.binary(max_size=12),
    st.booleans(),
)
@examples(150)
def test_damage_is_an_error_or_a_text(kind: str, suffix: str, place: int, noise: bytes, cut: bool) -> None:
    data = SOURCES[kind]
    at = place % len(data)
    data = data[:at] + noise if cut else data[:at] + noise + data[at + len(noise) :]
    for found in read_documents(data, "file" + (kind if place % 3 else suffix)):
        if isinstance(found, DocumentText):
            assert found.text.encode()
            assert found.pages[-1].end == len(found.text)
            sentences(found)
        else:
            assert found.where.startswith("file")


def test_base64_with_line_ends_is_read() -> None:
    data = base64.encodebytes(packets.plain())
    (text,) = read_documents(attached(data.replace(b"\n", b" ")), "a.json")
    assert isinstance(text, DocumentText)


@pytest.mark.parametrize("words", ['"a. ', "dr. ", ".", "a\n", "[ ] a ", "mother ", "Q. a?\nA. b\n", "a   ", "_", "{a"])
def test_a_text_of_one_thing_over_and_over_has_sentences_within_reach(words: str) -> None:
    (text,) = read_documents((words * (200_000 // len(words)) + "end").encode(), "a.txt")
    assert isinstance(text, DocumentText)
    assert max(sentence.end - sentence.start for sentence in sentences(text)) <= 600
