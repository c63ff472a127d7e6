"""What is filled into the form of a PDF stands in the text, in the line of its field."""

from __future__ import annotations

import re

from reasoner.chart.documents.model import DocumentText
from reasoner.chart.documents.reading import read_documents
from reasoner.chart.documents.sentences import sentences

Rectangle = tuple[int, int, int, int]
VALUES = {
    "text": "/FT /Tx /V ({value})",
    "choice": "/FT /Ch /Ff 131072 /V ({value}) /Opt [({value})]",
    "box": "/FT /Btn /V /{value} /AS /{value} /AP << /N << /Yes 5 0 R /Off 5 0 R >> >>",
    "signature": "/FT /Sig",
}


def form(words: list[tuple[int, int, str]], fields: list[tuple[str, str, str, Rectangle]], xfa: str = "") -> bytes:
    """A page with words, each with its place, and fields: kind, label, value and place."""
    text = "".join(f"1 0 0 1 {x} {y} Tm ({said}) Tj\n" for x, y, said in words)
    stream = f"BT /F1 11 Tf\n{text}ET"
    widgets = [
        f"<< /Type /Annot /Subtype /Widget /T (f{number}) /TU ({label}) {VALUES[kind].format(value=value)} "
        f"/Rect [{' '.join(map(str, place))}] /P 3 0 R /F {2 if label == 'hidden' else 4} >>"
        for number, (kind, label, value, place) in enumerate(fields)
    ]
    named = " ".join(f"{number} 0 R" for number in range(6, 6 + len(widgets)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{named}] {xfa} >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        f"/Resources << /Font << /F1 5 0 R >> >> /Annots [{named}] >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *widgets,
    ]
    written, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(written)}\n%%EOF"
    return written + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + table + end.encode()


def read(data: bytes) -> DocumentText:
    (document,) = read_documents(data, "form.pdf")
    assert isinstance(document, DocumentText)
    return document


WORDS = [
    (50, 700, "Name: ____________"),
    (250, 700, "Date: ________"),
    (50, 680, "Safety plan made"),
    (250, 680, "yes"),
    (300, 680, "no"),
    (50, 640, "Housing"),
    (50, 500, "End of the form."),
]


def test_values_stand_where_they_are_on_the_page() -> None:
    document = read(
        form(
            WORDS,
            [
                ("text", "first and last", "J. Doe", (81, 698, 180, 712)),
                ("text", "day", "2026-02-09", (280, 698, 360, 712)),
                ("box", "made", "Yes", (235, 679, 247, 691)),
                ("box", "not made", "Off", (285, 679, 297, 691)),
                ("text", "Where does he live", "Told to leave the flat.\\nSleeps in the truck.", (50, 560, 400, 630)),
                ("choice", "level", "", (120, 498, 200, 512)),
            ],
        )
    )
    lines = [re.sub(r"\s+", " ", line).strip() for line in document.text.splitlines() if line.strip()]
    assert lines == [
        "Name: J. Doe Date: 2026-02-09",
        "Safety plan made [x] yes [ ] no",
        "Housing",
        "Where does he live: Told to leave the flat.",
        "Sleeps in the truck.",
        "End of the form.",
    ]
    assert document.notes == ()
    (made,) = [s for s in sentences(document) if document.text[s.start : s.end].startswith("Safety")]
    assert document.text[made.start : made.end].endswith("no")


def test_a_form_without_printed_words_is_no_scan() -> None:
    document = read(
        form([], [("choice", "Level", "intensive", (50, 500, 200, 520)), ("box", "urgent", "Off", (50, 400, 60, 410))])
    )
    assert document.text.split("\n") == ["Level: intensive", "[ ] urgent", ""]


def test_what_nobody_sees_or_fills_in_is_not_told() -> None:
    fields = [
        ("text", "hidden", "said to nobody", (50, 560, 400, 580)),
        ("signature", "signed by", "", (50, 400, 200, 420)),
        ("text", "blank", "", (50, 300, 200, 320)),
    ]
    assert read(form([(50, 700, "Seen today.")], fields)).text.strip() == "Seen today."


def test_a_form_in_xml_is_named() -> None:
    document = read(form([(50, 700, "Seen today.")], [], xfa="/XFA [(template) 5 0 R]"))
    assert document.notes == ("what is filled into the PDF's form is not read, as it is a form in XML (XFA)",)
