"""One invented note as files of every kind."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from email.message import EmailMessage
from html import escape

import typst

HEADING, PARAGRAPH, ITEM, ROW = "heading", "paragraph", "item", "row"
NOTE: tuple[tuple[str, str], ...] = (
    (HEADING, "REASON FOR VISIT"),
    (
        PARAGRAPH,
        "38 y/o, sent over by Dr. Example. She said “I can’t get out of bed. Not once.” and cried; her sister, who has driven "
        "her to every appointment since the accident, confirmed that the representatives at work had called twice.",
    ),
    (PARAGRAPH, "Denies intent. No plan & no means <at hand>."),
    (HEADING, "PAST PSYCHIATRIC HISTORY"),
    (PARAGRAPH, "One stay in 2019, 9 days; nothing since then. Father had the same illness."),
    (HEADING, "CHECKLIST"),
    (ITEM, "sleeps four hours a night"),
    (ITEM, "eats once a day, mostly at noon"),
    (PARAGRAPH, "Has a key to the house? [x] yes [ ] no"),
    (ROW, "Day\tHours\tNote"),
    (ROW, "Mon\t3\tlate again"),
    (ROW, "Tue\t2.5\tleft early"),
    (HEADING, "PLAN"),
    (PARAGRAPH, "Will see her again on 3/4. Call before that if anything changes."),
)
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"


def plain() -> bytes:
    parts = []
    for kind, text in NOTE:
        parts.append({HEADING: f"\n{text}\n", ITEM: f"- {text}\n", ROW: f"{text}\n"}.get(kind, f"{text}\n\n"))
    return "".join(parts).encode()


def html(*, fragment: bool = False) -> bytes:
    parts = []
    for kind, text in NOTE:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in text.split("\t"))
        safe = escape(text)
        parts.append(
            {HEADING: f"<h2>{safe}</h2>", ITEM: f"<li>{safe}</li>", ROW: f"<tr>{cells}</tr>"}.get(
                kind, f"<p>{safe}</p>"
            )
        )
    body = "\n".join(parts).replace("<tr>", "<table><tr>", 1)
    head, _, tail = body.rpartition("</tr>")
    body = f"{head}</tr></table>{tail}"
    return (
        body.encode()
        if fragment
        else f"<!doctype html><html><head><title>x</title></head><body>{body}</body></html>".encode()
    )


def cda(body: str = "") -> bytes:
    parts = []
    for kind, text in NOTE:
        safe = escape(text)
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in text.split("\t"))
        if kind == HEADING:
            parts.append(f"</text></section></component><component><section><title>{safe}</title><text>")
        else:
            parts.append(
                {ITEM: f"<list><item>{safe}</item></list>", ROW: f"<table><tbody><tr>{cells}</tr></tbody></table>"}.get(
                    kind, f"<paragraph>{safe}</paragraph>"
                )
            )
    sections = "".join(parts).removeprefix("</text></section></component>") + "</text></section></component>"
    body = body or f"<structuredBody>{sections}</structuredBody>"
    return f'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><component>{body}</component></ClinicalDocument>'.encode()


def word_body() -> str:
    parts, rows = [], []
    for kind, text in NOTE:
        if rows and kind != ROW:
            parts.append(f"<w:tbl>{''.join(rows)}</w:tbl>")
            rows.clear()
        if kind == ROW:
            cells = "".join(f"<w:tc><w:p>{run(cell)}</w:p></w:tc>" for cell in text.split("\t"))
            rows.append(f"<w:tr>{cells}</w:tr>")
        elif kind == ITEM:
            parts.append(f"<w:p><w:pPr><w:numPr/></w:pPr>{run(text)}</w:p>")
        else:
            half = len(text) // 2
            parts.append(f"<w:p>{run(text[:half])}{run(text[half:])}</w:p>")
    return "".join(parts)


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def docx(body: str | None = None, members: dict[str, str] | None = None) -> bytes:
    """A Word document with a body, and further members of the archive."""
    body = word_body() if body is None else body
    document = f'<?xml version="1.0"?><w:document xmlns:w="{_W}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    files = {"[Content_Types].xml": "<Types/>", "word/document.xml": document} | (members or {})
    return zipped({name: content.encode() for name, content in files.items()})


def relations(kind: str, target: str) -> str:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<Relationships xmlns="{_RELS}"><Relationship Id="r1" Type="{office}/{kind}" Target="{target}" TargetMode="External"/></Relationships>'


def rtf() -> bytes:
    parts = []
    for kind, text in NOTE:
        safe = rtf_text(text)
        if kind == ROW:
            parts.append(r"\trowd " + "".join(rtf_text(cell) + r"\cell " for cell in text.split("\t")) + r"\row" + "\n")
        elif kind == ITEM:
            parts.append(r"{\pntext\'B7\tab}- " + safe + r"\par" + "\n")
        else:
            parts.append(r"\pard " + safe + r"\par" + "\n")
    return (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Arial;}}" + "\n" + "".join(parts) + "}"
    ).encode()


def rtf_text(text: str) -> str:
    return "".join(c if ord(c) < 128 and c not in "\\{}" else rf"\u{ord(c)}?" for c in text)


def pdf(*, width: str = "16cm") -> bytes:
    parts, rows = [], []
    for kind, text in (*NOTE, (PARAGRAPH, "")):
        if rows and kind != ROW:
            parts.append(f"#table(columns: (4cm, 3cm, 6cm), stroke: none, {', '.join(rows)})")
            rows.clear()
        quoted = json.dumps(text, ensure_ascii=False)
        if kind == ROW:
            rows.extend(f"[#{json.dumps(cell)}]" for cell in text.split("\t"))
        elif kind == ITEM:
            parts.append(f"- #{quoted}")
        elif text:
            parts.append(f"#{quoted}\n")
    return set_in_type("\n".join(parts), width=width)


def set_in_type(markup: str, *, width: str = "20cm") -> bytes:
    """Markup of Typst as PDF."""
    page = f"#set page(width: {width}, height: 30cm, margin: 1cm)\n#set text(size: 10pt, hyphenate: true)\n"
    return typst.compile((page + markup).encode(), format="pdf")


def fhir(data: bytes, media_type: str) -> bytes:
    attachment = {"contentType": media_type, "data": base64.b64encode(data).decode()}
    return json.dumps(
        {"resourceType": "DocumentReference", "id": "d", "content": [{"attachment": attachment}]}
    ).encode()


def mail(**attachments: bytes) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"] = "Records", "clinic@example.org"
    message.set_content("The note is attached.")
    for name, data in attachments.items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return message.as_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
