"""Anchors: a statement leads to the characters that it rests on, and to no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph, URIRef

from reasoner import Policy, determine
from reasoner.chart import intake
from reasoner.chart.documents import anchors
from reasoner.chart.documents.model import DocumentText, document_text
from reasoner.chart.documents.reading import read_documents
from reasoner.chart.documents.sentences import sentences
from reasoner.chart.fast.chart import reader
from reasoner.chart.model import Case
from reasoner.chart.reading import read_cases
from reasoner.cli import main
from reasoner.ground.errors import DocumentationError
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import NEC, OA
from tests.chart.documents import packets
from tests.conftest import Attestation, chart
from tests.explore import examples

NOTE = URIRef("http://example.org/chart#note")
STATEMENT = URIRef("http://example.org/chart#s0")
WORDS = "Came on time.\n\nTakes part in\neach group, says the thera-\npist. 𝒳 Left early.\n"
QUOTE = "Takes part in each group, says the therapist."


def text(words: str = WORDS) -> DocumentText:
    return document_text("note.txt", "text/plain", [words], words.encode())


def anchored(said: str = "", document: DocumentText | None = None, *, content: bool = True) -> str:
    """A chart of one statement, which says more of itself, and of its document's text."""
    graph = Graph()
    for triple in anchors.text_triples(NOTE, document or text()):
        if content or triple[1] != NEC.content:
            graph.add(triple)
    more = f"<{STATEMENT}> {said} .\n" if said else ""
    triples = graph.serialize(format="nt")
    return (
        chart([Attestation("adult-admission:3")])
        + "\n"
        + more.replace("oa:", f"<{OA}>", 1).replace(
            "<http://www.w3.org/ns/oa#>hasTarget", "<http://www.w3.org/ns/oa#hasTarget>"
        )
        + triples
    )


def target(start: int, end: int, of: str = "") -> str:
    return f"oa:hasTarget <{anchors.target_iri(of or text().digest, start, end)}>"


def read(turtle: str, policy: Policy) -> tuple[Case, tuple[str, ...]]:
    cases, errors, notes = intake.read("chart.ttl", policy, data=turtle.encode())
    for error in errors:
        raise error
    return cases[0], notes


def test_an_anchor_names_its_characters(policy: Policy) -> None:
    case, notes = read(anchored(target(0, 13) + ' ; nec:excerpt "Came on time."'), policy)
    anchor = case.statements[0].anchor
    assert anchor is not None
    assert (anchor.text, anchor.start, anchor.end, anchor.page, anchor.exact) == (
        text().digest,
        0,
        13,
        1,
        "Came on time.",
    )
    assert notes == ()
    assert case.statements[0].facts == ()


def test_an_excerpt_is_found_in_its_text_and_folding_is_said(policy: Policy) -> None:
    case, notes = read(anchored(f'nec:excerpt "{QUOTE}"'), policy)
    anchor = case.statements[0].anchor
    assert anchor is not None
    assert anchor.exact == WORDS[anchor.start : anchor.end] == "Takes part in\neach group, says the thera-\npist."
    assert (anchor.prefix, anchor.suffix) == ("Came on time.\n\n", " 𝒳 Left early.\n")
    assert "other white space, hyphens" in notes[0]


def test_an_excerpt_with_an_ellipsis(policy: Policy) -> None:
    case, _ = read(anchored('nec:excerpt "Came … each group […] early."'), policy)
    anchor = case.statements[0].anchor
    assert anchor is not None
    assert (anchor.start, anchor.end) == (0, len(WORDS) - 1)


def test_a_text_that_is_elsewhere_is_said(policy: Policy) -> None:
    case, notes = read(anchored(target(3, 900) + ' ; nec:excerpt "Whatever."', content=False), policy)
    anchor = case.statements[0].anchor
    assert anchor is not None
    assert (anchor.start, anchor.end, anchor.page, anchor.exact) == (3, 900, None, "")
    assert notes == (f"<{NOTE}> has its text elsewhere: 1 excerpt was not held against it",)


def test_pages(policy: Policy) -> None:
    document = document_text("note.txt", "text/plain", ["One.\n\f", "Two. Three.\n"], b"")
    case, _ = read(anchored('nec:excerpt "Three."', document), policy)
    assert case.statements[0].anchor is not None
    assert case.statements[0].anchor.page == 2


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('nec:excerpt "Came on thyme."', "does not stand in the text of"),
        ('nec:excerpt "early. … Came"', "does not stand in the text of"),
        (target(0, 4) + ' ; nec:excerpt "Came on time."', "is not what stands at its target, “Came”"),
        (target(0, 5000), "ends at 5000, and the text has 77 code points"),
        (target(4, 4), "has to be one <ni:///sha-256;DIGEST#char=START,END>"),
        (target(0, 4) + " , <http://example.org/x>", "has to be one <ni:///sha-256;DIGEST#char=START,END>"),
        (target(0, 4, "ni:///sha-256;" + "A" * 43), "is of a text that its document does not have"),
        (". :note nec:text <http://example.org/text>", "nec:text has to be the digest of a text"),
        (f". <{text().digest}> nec:content 'another'", "nec:content has to be one literal"),
        (f". <{text('x').digest}> nec:content 'another'", "nec:content is not the text with this digest"),
        (f". <{text('x').digest}> nec:content 'x' ; nec:pageStarts '0 9'", "nec:pageStarts has to be"),
        (f". <{text('x').digest}> nec:content 'x' ; nec:pageStarts '٣'", "nec:pageStarts has to be"),
    ],
)
def test_refused(said: str, problem: str, policy: Policy) -> None:
    turtle = anchored(said if not said.startswith(".") else 'nec:excerpt "Came on time." ' + said)
    with pytest.raises(DocumentationError, match=problem.replace("(", r"\(")) as caught:
        read(turtle, policy)
    assert "<http://example.org/chart#" in str(caught.value) or "<ni:///" in str(caught.value)


def test_an_anchor_changes_no_status(policy: Policy, tmp_path: Path) -> None:
    plain, with_text = tmp_path / "plain.ttl", tmp_path / "text.ttl"
    plain.write_text(chart([Attestation("adult-admission:3")]))
    with_text.write_text(anchored(target(0, 13)))
    (one,), (other,) = determine(plain, policy), determine(with_text, policy)
    assert [(r.criterion.id, r.status) for r in one.criteria] == [(r.criterion.id, r.status) for r in other.criteria]
    assert list(one.gaps) == list(other.gaps)


@pytest.mark.parametrize("content", [True, False])
def test_a_stream_of_quads_reads_what_a_chart_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, content: bool
) -> None:
    graph = Graph().parse(data=anchored(target(0, 13), content=content), format="turtle")
    triples = sorted(line.removesuffix(" .") for line in graph.serialize(format="nt").splitlines() if line)
    lines = []
    for name, end in (("a.nt", " ."), ("a.nq", " <urn:g> .")):
        (tmp_path / name).write_text("".join(f"{triple.replace('_:', '_:b')}{end}\n" for triple in triples))
        assert main(["determine", str(tmp_path / name), "--format", "compact"]) == 0
        lines.append(json.loads(capsys.readouterr().out))
    assert lines[0]["criteria"] == lines[1]["criteria"]


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize(
    "said", ["", target(0, 13), f'nec:excerpt "{QUOTE}"', target(0, 13) + ' ; nec:excerpt "Came on time."']
)
def test_charts_with_anchors_are_read_without_a_graph(said: str, policy: Policy, *, content: bool) -> None:
    (data,) = parsing.parse_datasets(anchored(said, content=content).encode(), parsing.SYNTAXES[".ttl"], "chart")
    fast = reader(policy)
    found = fast.cases(fast.layouts.nodes(data), data.name)
    assert found == list(read_cases(data.graph, policy, data.name))


@pytest.mark.parametrize(
    "said",
    [target(0, 5000), target(4, 4), 'nec:excerpt "Came on thyme."', target(0, 4) + ' ; nec:excerpt "Came on time."'],
)
def test_what_is_not_plainly_well_formed_is_left_to_the_reader_of_graphs(said: str, policy: Policy) -> None:
    (data,) = parsing.parse_datasets(anchored(said).encode(), parsing.SYNTAXES[".ttl"], "chart")
    fast = reader(policy)
    assert fast.cases(fast.layouts.nodes(data), data.name) is None


def resolve(graph: Graph, statement: URIRef, content: str) -> str:
    """The characters that a tool which knows selectors alone finds: the quote between its prefix and suffix."""
    (quote,) = graph.query(
        """PREFIX oa: <http://www.w3.org/ns/oa#>
        SELECT ?exact ?prefix ?suffix ?start ?end { ?statement oa:hasTarget/oa:hasSelector ?quote , ?position .
          ?quote a oa:TextQuoteSelector ; oa:exact ?exact ; oa:prefix ?prefix ; oa:suffix ?suffix .
          ?position a oa:TextPositionSelector ; oa:start ?start ; oa:end ?end }""",
        initBindings={"statement": statement},
    )
    exact, prefix, suffix, start, end = (value.toPython() for value in quote)
    by_position = content[start:end]
    by_quote = content.index(prefix + exact + suffix) + len(prefix)
    assert content[by_quote : by_quote + len(exact)] == exact == by_position
    return by_position


def test_selectors_lead_another_tool_to_the_same_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(anchored(f'nec:excerpt "{QUOTE}"'))
    assert main(["determine", str(path), "--format", "turtle"]) == 0
    graph = Graph().parse(data=capsys.readouterr().out, format="turtle")
    assert resolve(graph, STATEMENT, WORDS) == "Takes part in\neach group, says the thera-\npist."


def test_where_a_statement_stands_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(anchored(target(0, 13) + ' ; nec:excerpt "Came on time."'))
    for form in ("text", "html", "json"):
        assert main(["determine", str(path), "--format", form]) == 0
        shown = capsys.readouterr().out
        if form == "json":
            (anchor,) = [
                e["anchor"] for c in json.loads(shown)[0]["criteria"] for e in c["evidence"] if c["id"].endswith(":3")
            ]
            assert anchor == {"document": str(NOTE), "text": text().digest, "page": 1, "start": 0, "end": 13}
        else:
            assert "characters 0–13" in shown


def test_a_packet_leads_back_after_it_was_read_again(policy: Policy) -> None:
    for data, name in ((packets.pdf(), "note.pdf"), (packets.docx(), "note.docx"), (packets.plain(), "note.txt")):
        (document,) = read_documents(data, name)
        (again,) = read_documents(data, name)
        assert isinstance(document, DocumentText)
        assert document == again
        for sentence in sentences(document):
            case, _ = read(anchored(target(sentence.start, sentence.end, document.digest), document), policy)
            anchor = case.statements[0].anchor
            assert anchor is not None
            assert anchor.exact == document.text[sentence.start : sentence.end]
            assert anchor.page == sentence.page


def test_a_text_is_kept_with_its_chart_in_a_knowledge_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def anchor(path: Path) -> dict[str, object]:
        assert main(["determine", str(path), "--format", "json"]) == 0
        (record,) = json.loads(capsys.readouterr().out)
        (found,) = [e["anchor"] for c in record["criteria"] for e in c["evidence"] if c["id"].endswith(":3")]
        return found

    path, base, again = tmp_path / "chart.ttl", str(tmp_path / "kb"), tmp_path / "again.nq"
    path.write_text(anchored(f'nec:excerpt "{QUOTE}"'))
    assert main(["kb", "load", str(path), "--kb", base]) == 0
    assert main(["kb", "load", str(path), "--kb", base]) == 0
    assert "unchanged" in capsys.readouterr().out
    assert main(["kb", "export", "--kb", base, "--kind", "chart", "--out", str(again)]) == 0
    capsys.readouterr()
    assert anchor(again) == anchor(path)


def test_what_stands_around_an_excerpt_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(anchored(target(0, 13) + ' ; nec:excerpt "Came on time."'))
    assert main(["determine", str(path), "--format", "html"]) == 0
    assert f'“Came on time.”<span class="where">{WORDS[13:45]}…</span>' in capsys.readouterr().out


@given(st.text(st.sampled_from("ab -\n\u00ad\u2010. 𝒳"), min_size=1, max_size=60), st.data())
@examples(200)
def test_what_is_quoted_is_found(content: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(start + 1, len(content)))
    quote = " ".join(content[start:end].split())
    found = anchors.find(quote, content)
    if quote.strip("-\u00ad\u2010 ") and "..." not in quote:
        assert found is not None
        assert anchors.find(quote, content[found[0] : found[1]]) is not None
