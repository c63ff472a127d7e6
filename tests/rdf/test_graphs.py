"""Graphs read within limits and without reaching outside; lists, closures and canonical forms."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph, URIRef

from reasoner.ground.errors import DocumentationError, PolicyError
from reasoner.rdf import parsing
from reasoner.rdf.graphs import canonical, closure, members, text
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.parsing import data_set, load_files, parse_datasets, read_bytes, refuse_deep_json

PREFIX = "@prefix : <urn:x:> .\n"
A, B, P, Q = (URIRef(f"urn:x:{name}") for name in "abpq")


def parsed(turtle: str) -> Graph:
    return Graph(bind_namespaces="none").parse(data=PREFIX + turtle, format="turtle")


def read(content: str, syntax: str = ".ttl") -> list[parsing.DataSet]:
    return list(parse_datasets(content.encode(), parsing.SYNTAXES[syntax], "a test"))


# Lists and closures.


def test_the_members_of_a_list_come_in_order() -> None:
    graph = parsed(":a :p ( :b :a :b ) ; :q ( ) .")
    assert members(graph, graph.value(A, P)) == (B, A, B)
    assert members(graph, graph.value(A, Q)) == ()
    assert members(graph, None) == ()


@pytest.mark.parametrize(
    "broken",
    [
        ":a rdf:first :b .",
        ":a rdf:rest rdf:nil .",
        ":a rdf:first :b ; rdf:rest :a .",
        ":a rdf:first :b ; rdf:rest :b . :b rdf:first :b .",
    ],
)
def test_a_list_that_is_broken_or_loops_is_an_error(broken: str) -> None:
    graph = parsed(f"@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . {broken}")
    with pytest.raises(PolicyError, match="broken or loops"):
        members(graph, A)


def test_a_closure_goes_to_blank_nodes_and_to_what_is_followed() -> None:
    graph = parsed(":a :p [ :p [ :q 1 ] ] ; :q :b . :b :p 2 ; :q :a . :c :p 3 .")
    assert len(set(closure(graph, A))) == 4
    assert {str(o) for _, _, o in closure(graph, A, follow=frozenset({Q}))} >= {"1", "2"}
    assert len(set(closure(graph, A, follow=frozenset({Q})))) == 6


def test_the_values_of_a_property_are_one_line_in_a_fixed_order() -> None:
    assert text(parsed(':a :p "two" , "one" .'), A, P) == "one · two"
    assert text(parsed(':a :p "two" .'), A, Q) == ""


# Canonical forms.


def test_one_graph_has_one_canonical_form_however_it_is_written() -> None:
    one, other = parsed(":a :p 9.0 , :b ; :q true ."), parsed(":a :q true . :a :p :b . :a :p 9.0 .")
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(parsed(":a :p 9.5 , :b ; :q true ."))
    assert canonical(one).splitlines() == sorted(canonical(one).splitlines())


def test_files_of_one_policy_keep_their_blank_nodes_apart(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.ttl").write_text(f"{PREFIX}_:same :p {number} .")
    graph = load_files(sorted(tmp_path.iterdir()))
    assert len(set(graph.subjects())) == 2


def test_a_file_of_a_policy_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "whole.ttl").write_text(f"{PREFIX}:a :p 1 .")
    broken = tmp_path / "broken.ttl"
    for content in (f"{PREFIX}:a :p", f"{PREFIX}:a :p <<( :a :p :b )>> .", "", "\ud800"):
        broken.write_bytes(content.encode(errors="surrogatepass"))
        with pytest.raises(PolicyError) as error:
            load_files([tmp_path / "whole.ttl", broken])
        assert error.value.where.startswith(str(broken))


# Data sets.


def test_blank_nodes_are_named_by_what_they_say() -> None:
    (one,) = read(PREFIX + ":a :p [ :q 1 ; :p [ :q 2 ] ] .")
    (other,) = read(PREFIX + "_:y :q 2 . :a :p _:x . _:x :p _:y ; :q 1 .")
    (changed,) = read(PREFIX + ":a :p [ :q 1 ; :p [ :q 3 ] ] .")
    assert canonical(one.graph) == canonical(other.graph) != canonical(changed.graph)
    assert not any(isinstance(term, ox.BlankNode) for triple in one.triples for term in (triple.subject, triple.object))


def test_the_name_of_a_blank_node_is_the_same_if_a_triple_is_repeated() -> None:
    (once,) = read("_:x <urn:p> <urn:a> .", ".nt")
    (twice,) = read("_:x <urn:p> <urn:a> .\n_:x <urn:p> <urn:a> .", ".nt")
    assert canonical(once.graph) == canonical(twice.graph)


def chain(length: int) -> list[ox.Triple]:
    """The triples of blank nodes that lead from one to the next."""
    nodes = [ox.BlankNode(f"n{number}") for number in range(length)]
    return [ox.Triple(node, ox.NamedNode("urn:p"), below) for node, below in pairwise(nodes)]


@pytest.mark.parametrize("seed", range(5))
def test_the_depth_of_blank_nodes_does_not_depend_on_the_order_of_triples(seed: int) -> None:
    allowed, too_deep = chain(64), chain(65)
    random.Random(seed).shuffle(allowed)
    random.Random(seed).shuffle(too_deep)
    for triples in (allowed, allowed[::-1]):
        data_set("a test", triples)
    for triples in (too_deep, too_deep[::-1], chain(65), chain(65)[::-1]):
        with pytest.raises(DocumentationError, match="nest deeper than 64 levels"):
            data_set("a test", triples)


def test_a_chain_longer_than_the_stack_is_named_or_refused() -> None:
    triples = chain(20_000)
    assert len(data_set("a test", triples, depth=20_000).triples) == 19_999
    with pytest.raises(DocumentationError, match="nest deeper than 64 levels"):
        data_set("a test", triples)
    with pytest.raises(DocumentationError, match="form a cycle"):
        data_set("a test", [*triples, ox.Triple(ox.BlankNode("n19999"), ox.NamedNode("urn:p"), ox.BlankNode("n0"))])


@pytest.mark.parametrize(
    ("content", "syntax", "problem"),
    [
        ("", ".ttl", "the file is empty"),
        (" \n", ".nt", "the file is empty"),
        ("<urn:a> <urn:b>", ".ttl", "wrong Turtle syntax"),
        (PREFIX + "_:a :p _:b . _:b :p _:a .", ".ttl", "blank nodes form a cycle"),
        (PREFIX + "_:a :p _:a .", ".ttl", "blank nodes form a cycle"),
        ("".join(f"_:n{n} <urn:p> _:n{n + 1} .\n" for n in range(70)), ".nt", "nest deeper than 64 levels"),
        ('{"@context": "https://example.org/context"}', ".jsonld", "remote context"),
        ('{"a":' * 70 + "1" + "}" * 70, ".jsonld", "nested deeper than 64 levels"),
        ('<!DOCTYPE x [<!ENTITY y "z">]><x/>', ".rdf", "document type or entities"),
        ("\n" + "<a>" * 257 + "</a>" * 257, ".rdf", "line 2: XML elements nest deeper than 256 levels"),
        ('<?xml version="1.0" encoding="latin-1"?><x/>', ".rdf", "encoding other than UTF-8"),
        (PREFIX + ':a :p "a\\u0000b" .', ".ttl", "control character U\\+0000"),
        (PREFIX + ':a :p "a\x07b" .', ".ttl", "control character U\\+0007"),
        ('<urn:a> <urn:p> "a\\uFFFEb" .', ".nt", "control character U\\+FFFE"),
        (PREFIX + ':a :p "هاتف"@ar--rtl .', ".ttl", "base direction"),
        (PREFIX + ":a :p <#b> .", ".ttl", "the IRI <#b> is relative"),
        (PREFIX + "<b/c> :p :a .", ".ttl", "the IRI <b/c> is relative"),
        (PREFIX + ":g { :a <p> :b }", ".trig", "is relative"),
        ('{"@id": "#a", "urn:p": "x"}', ".jsonld", "the IRI <#a> is relative"),
    ],
)
def test_a_data_set_is_refused_for(content: str, syntax: str, problem: str) -> None:
    with pytest.raises(DocumentationError, match=problem) as error:
        read(content, syntax)
    assert error.value.where.startswith("a test")


def test_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(DocumentationError, match=r"^a test: line 2: the text is not UTF-8"):
        list(parse_datasets(b"# \n\xff\xfe", parsing.SYNTAXES[".ttl"], "a test"))


def test_a_literal_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_LITERAL", 5)
    assert read(PREFIX + ':a :p "five!" .')
    with pytest.raises(DocumentationError, match="literal is longer"):
        read(PREFIX + ':a :p "sixish" .')


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        ("<urn:a> <urn:p> (" + "1 " * 70 + ") .", ".ttl"),
        (f"@prefix a: <urn:{'a' * 500}> . a:a a:b {','.join(f'a:{n}' for n in range(20))} .", ".ttl"),
        ("<urn:a> <urn:p> " + ",".join(map(str, range(70))) + " .", ".ttl"),
        (
            "<urn:a> <urn:p> 1, 2, 3, 4, 5 ." + "".join(f" <urn:g{n}> {{ <urn:a> <urn:p> 'a' }}" for n in range(15)),
            ".trig",
        ),
    ],
    ids=["list", "prefix", "repeated", "shared"],
)
def test_triples_that_are_much_larger_than_their_document_are_refused(
    content: str, syntax: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MAX_DECODED", 15_000)
    with pytest.raises(DocumentationError, match="its triples take more than"):
        read(content, syntax)


def test_lines_of_n_triples_are_no_larger_than_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    data = f"@prefix a: <urn:{'a' * 500}> . a:a a:b {','.join(f'a:{n}' for n in range(200))} .".encode()
    assert parsing.n_triples(data, parsing.SYNTAXES[".ttl"])
    monkeypatch.setattr(parsing, "MAX_BYTES", 10_000)
    assert parsing.n_triples(data, parsing.SYNTAXES[".ttl"]) is None


def test_a_file_that_is_too_large_or_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ttl"
    path.write_bytes(b"12345")
    monkeypatch.setattr(parsing, "MAX_BYTES", 5)
    assert read_bytes(path) == b"12345"
    path.write_bytes(b"123456")
    with pytest.raises(DocumentationError, match="larger than"):
        read_bytes(path)
    with pytest.raises(DocumentationError, match="cannot be read"):
        read_bytes(tmp_path / "nowhere.ttl")


def test_brackets_in_strings_do_not_nest() -> None:
    refuse_deep_json('{"a": "' + "[" * 100 + '"}', "a test")
    with pytest.raises(DocumentationError, match="line 2"):
        refuse_deep_json("\n" + "[" * 65, "a test")


def test_an_iri_on_a_declared_base_is_whole() -> None:
    (data,) = read("@base <https://example.org/chart> . <#a> <#p> <#b> .")
    assert [str(term) for term in data.triples[0]] == [f"<https://example.org/chart#{name}>" for name in "apb"]


def test_people_without_iris_stay_apart() -> None:
    """What is said of both is the same, and each belongs to a request of its own."""

    def member(request: str) -> str:
        triples = f"<urn:{request}> a nec:ReviewRequest ; nec:member [ nec:birthDate '1980-05-05' ] ."
        (data,) = read(f"@prefix nec: <{NEC}> . {triples}")
        (value,) = data.graph.objects(URIRef(f"urn:{request}"), NEC.member)
        return str(value)

    assert member("one") == member("one")
    assert member("one") != member("other")
