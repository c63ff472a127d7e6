"""Property paths (SHACL, section 2.3.1): where they lead, and that they lead there in pySHACL too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner.policy.lexicon import nodes
from reasoner.rdf.compiled_shacl import Compiler, UnsupportedError
from reasoner.rdf.property_paths import Steps, exists, follow
from tests.explore import examples
from tests.shapes import GraphView, compiled_results, local, parsed, property_shapes, pyshacl_results, term

FAMILY = """
:ann :child :bob , :cat . :bob :child :dan . :cat :child :dan , :eve .
:ann :friend :eve . :eve :friend :ann .
"""
CHILD, FRIEND = (term("child"), False), (term("friend"), False)
PARENT = (term("child"), True)


@pytest.mark.parametrize(
    ("steps", "start", "ends"),
    [
        (Steps((CHILD,)), "ann", "bob cat"),
        (Steps((CHILD,)), "dan", ""),
        (Steps((PARENT,)), "dan", "bob cat"),
        (Steps((CHILD, CHILD)), "ann", "dan eve"),
        (Steps((PARENT, PARENT)), "dan", "ann"),
        (Steps((CHILD, PARENT)), "bob", "bob cat"),
        (Steps((CHILD, CHILD, FRIEND)), "ann", "ann"),
        (Steps(alternatives=(Steps((CHILD,)), Steps((FRIEND,)))), "ann", "bob cat eve"),
        (Steps(alternatives=(Steps((PARENT,)), Steps((FRIEND, CHILD)))), "eve", "cat bob"),
    ],
)
def test_a_path_leads_to_each_of_its_ends_once(steps: Steps, start: str, ends: str) -> None:
    view = GraphView(parsed(FAMILY))
    reached = [local(end) for end in follow(steps)(view, term(start))]
    assert sorted(reached) == sorted(ends.split())
    assert exists(steps)(view, term(start)) is bool(ends)


PATHS = {
    "predicate": ":p",
    "inverse": "[ sh:inversePath :p ]",
    "sequence": "( :p :q )",
    "sequence of three": "( :p :q :p )",
    "sequence with an inverse": "( :p [ sh:inversePath :q ] )",
    "sequence in a sequence": "( :p ( :q :p ) )",
    "inverse of an inverse": "[ sh:inversePath [ sh:inversePath :p ] ]",
    "alternatives": "[ sh:alternativePath ( :p :q ) ]",
    "alternatives of a sequence and an inverse": "[ sh:alternativePath ( ( :p :q ) [ sh:inversePath :p ] ) ]",
    "alternatives in alternatives": "[ sh:alternativePath ( :p [ sh:alternativePath ( :q [ sh:inversePath :q ] ) ] ) ]",
}
CONSTRAINTS = ("sh:minCount 1", "sh:maxCount 1", "sh:minCount 2", "sh:class :Cat", "sh:hasValue :a")


def agree(data: Graph, path: str) -> None:
    shapes = property_shapes(*CONSTRAINTS, path=path)
    results, doubts = compiled_results(data, shapes)
    assert not doubts
    assert results == pyshacl_results(data, shapes)


edges = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("pq"), st.sampled_from("abc")), max_size=8)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@examples(25)
@given(edges)
def test_a_path_leads_where_it_leads_in_pyshacl(path: str, edges: list[tuple[str, str, str]]) -> None:
    things = ":a a :Thing , :Cat . :b a :Thing . :c a :Thing , :Cat . "
    agree(parsed(things + " ".join(f":{subject} :{name} :{end} ." for subject, name, end in edges)), path)


def test_the_inverse_of_a_sequence_goes_back_from_its_end() -> None:
    """Held by hand: pySHACL 0.40 takes the steps of such a path in the order in which they are written."""
    data = parsed(":a a :Thing ; :p :b . :b a :Thing ; :q :c . :c a :Thing .")
    results, _ = compiled_results(data, property_shapes("sh:minCount 1", path="[ sh:inversePath ( :p :q ) ]"))
    assert {result.focus for result in results} == {"a", "b"}


def test_what_pyshacl_is_asked_can_be_broken() -> None:
    data = parsed(":a a :Thing ; :p :b . :b a :Thing ; :q :a .")
    assert {result.focus for result in pyshacl_results(data, property_shapes("sh:maxCount 0", path="( :p :q )"))} == {
        "a"
    }


@pytest.mark.parametrize(
    "path",
    [
        "[ sh:zeroOrMorePath :p ]",
        "[ sh:oneOrMorePath :p ]",
        "[ sh:zeroOrOnePath :p ]",
        "( :p [ sh:zeroOrMorePath :q ] )",
        "[ sh:inversePath [ sh:oneOrMorePath :p ] ]",
        "( :p [ sh:alternativePath ( :p :q ) ] )",
        "[ sh:inversePath [ sh:alternativePath ( :p :q ) ] ]",
        "( :p )",
        "[ sh:alternativePath ( :p ) ]",
        "[ sh:alternativePath ( ) ]",
        '"p"',
        "[ ]",
    ],
)
def test_a_path_that_is_not_compiled_is_refused(path: str) -> None:
    with pytest.raises(UnsupportedError):
        Compiler(nodes(property_shapes("sh:minCount 1", path=path))).conforms(term("part-0"))
