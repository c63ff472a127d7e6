"""Turtle that is written as lines without a parser says what the parser reads in it, or is left to the parser."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rdflib import Graph

from benchmarks.generate import generate
from reasoner.chart.fast import native
from reasoner.chart.fast.cut import cut_in_c
from reasoner.chart.fast.plain import ODD
from reasoner.rdf import parsing
from reasoner.rdf.namespaces import NEC
from tests.conftest import CASES
from tests.explore import examples

GRAPH = b"<urn:g>"
REFUSED = f"<{NEC.text}>\n<{parsing.RELATIVE}".encode()
PREFIXES = "@prefix e: <http://e/#> . PREFIX : <urn:x:> @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
PLAIN = (
    "",
    "# nothing\r",
    "<a:b><c:d><e:f>.",
    "<a:b> a <c:d>, <c:e>;;<c:f>'x' ; .",
    PREFIXES + "e:a e:b.c e:1_-d.\n:a : e:.# the end",
    PREFIXES + "e: a :e . @prefix e: <b:> . e:a a e:b .",
    "prefix a: <a:b/>\ta:a a a:a .\r\n\r",
    "@prefix true: <a:b?c=> . true:x true:y true , false, true:z.",
    "<a:b> <a:c> 5, -05 , +0.50 , 1e3, 1.5E-3, 5.",
    PREFIXES + """<a:b> <a:c> "" , '' , \"\"\"\"\"\" , ''''''; <a:d> 'it\\'s "so"' , "é\\\\\\"\\n\u2028 #".""",
    PREFIXES + '<a:b> <a:c> """a "b" ""c\r\n\\\\""" , "1"^^e:t .',
    PREFIXES + "<a:b> <a:c> '2020-01-01'^^xsd:date , \"x\"^^<a:t> , '''\\''''^^e:t.",
)
ODDITIES = (
    "<a:b> <a:c>",
    "<a:b> <a:c> <a:d>",
    "<a:b> .",
    "a a a .",
    "<a:b> a a .",
    "<a:b> <a:c> <a:d> , .",
    "<a:b> <a:c> <a:d> ;, <a:e> .",
    "<a:b> ; <a:c> <a:d> .",
    "<a:b> <a:c> <a:d> . .",
    "<x> a <a:b> .",
    "<http://necessity.invalid/x> a <a:b> .",
    "@prefix n: <http://necessity.invalid/> . n:x a <a:b> .",
    "@prefix n: <https://w3id.org/necessity/core#> . <a:b> n:text 'x' .",
    "@base <http://e/> . <x> a <a:b> .",
    "@prefix e: <a:b> <a:b> a <a:c> .",
    "PREFIX e: <a:b> . <a:b> a <a:c> .",
    "@PREFIX e: <a:b> . <a:b> a <a:c> .",
    "@prefix e: <b> . e:a a e:a .",
    "@prefix e: <http://e:> . e:8 a e:b .",
    "@prefix e: <http://e:> . e:b a e:8 .",
    "e:a a <a:b> .",
    PREFIXES + "e:a. a e:b .",
    PREFIXES + "e:a a e:b..",
    PREFIXES + "e:-a a e:b.",
    PREFIXES + "e:a:b a e:%41 , e:\\. , e:é .",
    PREFIXES + "_:a a [] , ( 1 ) .",
    PREFIXES + "<a:b> a e:a@en .",
    "<a:b> <a:c> 'x'@en , 'x'@e , 'x'@en--ltr .",
    "<a:b> <a:c> 'x'@abcdefghi .",
    "<a:b> <a:c> 'x' ^^ <a:t> .",
    "<a:b> <a:c> 'x'^^<http://www.w3.org/2001/XMLSchema#string> .",
    "<a:b> <a:c> 'x'^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .",
    "<a:b> <a:c> 'x'^^'y' .",
    "<a:b> <a:c> TRUE .",
    "<a:b> <a:c> truely .",
    "<a:b> <a:c> .5 , 5.e1 , - 5 .",
    "<a:b> <a:c> 5.e .",
    PREFIXES + "<a:b> <a:c> 5.e:a a e:b .",
    "<a:b> <a:c> 5.5.5 .",
    "<a:b> <a:c> 'a\nb' .",
    "<a:b> <a:c> 'a\\tb\\u0041' .",
    "<a:b> <a:c> '\\x' .",
    "<a:b> <a:c> 'a\\",
    "<a:b> <a:c> '\\'",
    "<a:b> <a:c> '''a'' .",
    '<a:b> <a:c> """a"""" .',
    "<a:b> <a:c> '\t\x7f\ufffe' .",
    "<a:b%20> <a:é> <a:\\u0041> .",
    "<a:b c> a <a:d> .",
    "<<( <a:b> <a:c> <a:d> )>> a <a:e> .",
    "\ufeff<a:b> a <a:c> .",
    "<a:b>\x0ca <a:c> .",
)
CHARTS = tuple(Graph().parse(data=text, format="nt").serialize() for text in generate(2, seed=5))
WORDS = r"""
<a:b> <http://e/x> <http://e> <x> <> < > << a true false : e: e:a :a a: _:a . ; , .. 'x' "x" ' " ''' \ \' \" \n \t \u0041 @en
@prefix PREFIX ^ ^^ ^^<a:t> ^^xsd:string [ ] ( ) { } 5 -5 + 5. 5.5 .5 5e1 E - _ %41 % / ? = ~ | # urn:x é
"""
SPACED = ("a ", "@prefix ", "PREFIX ", "@prefix e: <http://f/> .", "# c\n")
TOKENS = (*WORDS.split(), '"""', *SPACED, *"\n\r\t \0\xa0\ufffe\ufeff\x7f")
CHANGE = st.tuples(st.floats(0, 1), st.integers(0, 4), st.sampled_from(TOKENS) | st.text(max_size=2) | st.just(""))


def spoil(document: str, changes: list[tuple[float, int, str]], end: float) -> bytes:
    """A document with some characters at some places replaced, up to some place."""
    for place, length, instead in changes:
        at = round(place * len(document))
        document = document[:at] + instead + document[at + length :]
    return document[: round(end * len(document))].encode(errors="replace")


SPOILT = st.builds(
    spoil,
    st.sampled_from((*PLAIN, *ODDITIES, *(text[: text.index(" .\n\n", 700) + 3] for text in CHARTS))),
    st.lists(CHANGE, max_size=4),
    st.just(1.0) | st.just(1.0) | st.floats(0, 1),
)


def agree(library: ctypes.CDLL, turtle: bytes) -> bytes | None:
    """The lines that are written of a document; fails if they are not those that the parser reads, or not plain."""
    found = native.quads(library, turtle, GRAPH, REFUSED)
    if not found:
        assert found is None or parsing.n_triples(turtle, parsing.SYNTAXES[".ttl"]) == b""
        return found
    (data_set,) = parsing.parse_datasets(turtle, parsing.SYNTAXES[".ttl"], "a document")
    expected = data_set.n_triples().replace(b" .\n", b" %b .\n" % GRAPH)
    assert sorted(found.splitlines(keepends=True)) == sorted(expected.splitlines(keepends=True))
    cut = cut_in_c(library, found)
    assert ODD not in cut.kind
    assert cut.row[-1] == found.count(b"\n")
    return found


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_plain(library: ctypes.CDLL, text: str) -> None:
    assert agree(library, text.encode()) is not None


@pytest.mark.parametrize("text", ODDITIES)
def test_what_is_left_to_the_parser(library: ctypes.CDLL, text: str) -> None:
    assert agree(library, text.encode()) is None
    assert agree(library, (PLAIN[3] + text).encode()) is None


def test_each_object_is_a_line(library: ctypes.CDLL) -> None:
    turtle = b"@prefix e: <http://e/> . e:s e:p 1 , e:o ; a e:T . e:s e:p 1 ."
    one = b'"1"^^<http://www.w3.org/2001/XMLSchema#integer>'
    type_ = b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    said = [
        (b"<http://e/p>", one),
        (b"<http://e/p>", b"<http://e/o>"),
        (type_, b"<http://e/T>"),
        (b"<http://e/p>", one),
    ]
    assert agree(library, turtle) == b"".join(b"<http://e/s> %b %b <urn:g> .\n" % both for both in said)


@examples(1500)
@given(turtle=SPOILT)
def test_spoilt_documents(library: ctypes.CDLL, turtle: bytes) -> None:
    agree(library, turtle)


@examples(600)
@given(turtle=st.lists(st.sampled_from(TOKENS) | st.sampled_from(("<a:b> ", "<a:c> ", "<a:d> .\n")), max_size=9))
def test_any_tokens(library: ctypes.CDLL, turtle: list[str]) -> None:
    agree(library, (PREFIXES + "".join(turtle)).encode())
    agree(library, (PREFIXES + "<a:b> <a:c> " + " ".join(turtle) + " .").encode())


@examples(300)
@given(data=st.binary(max_size=9))
@example(data=b"'\xff'")
@example(data=b"'\xc3'")
def test_any_bytes(library: ctypes.CDLL, data: bytes) -> None:
    agree(library, b"<a:b> <a:c> " + data + b" .")
    agree(library, b"<a:b> <a:c> '" + data + b"' .")


def test_charts_are_plain(library: ctypes.CDLL) -> None:
    written = [text for path in CASES.rglob("*.ttl") if b"\\" not in (text := path.read_bytes())]
    assert len(written) > 100
    assert all(agree(library, text) for text in (*written, *(text.encode() for text in CHARTS)))


def test_every_character_of_a_text(library: ctypes.CDLL) -> None:
    characters = [chr(number) for number in range(0x20, 0x3000)] + ["\uffef", "\ufffd", "\U0001f600", "\U0010ffff"]
    said = "".join(f"<a:b> <a:c> '{one}' .\n" for one in characters if one not in "'\\\x7f")
    lines = agree(library, said.encode())
    assert lines is not None
    assert lines.count(b"\n") == len(characters) - 3


def test_what_is_large(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    turtle = f"@prefix e: <urn:{'x' * 4000}/> .\n".encode() + b"e:a e:b e:c .\n" * 2
    assert agree(library, turtle)
    assert agree(library, turtle + b"e:a e:b e:c .\n" * 30) is None, "its lines would be many times as large"
    monkeypatch.setattr(native, "_SMALL", len(turtle) - 1)
    assert agree(library, turtle) is None
    many = "".join(f"@prefix p{number}: <urn:{number}/> .\n" for number in range(65)).encode()
    assert agree(library, many) is None
    assert agree(library, many[: many.rindex(b"@")]) == b""
