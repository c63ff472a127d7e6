"""Compiled SHACL, component by component: what the recommendation says (W3C, 2017, section 4), and what pySHACL reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner.policy.lexicon import nodes
from reasoner.rdf import pyshacl_door, terms
from reasoner.rdf.compiled_shacl import Compiler, DoubtError, UnsupportedError
from tests.explore import examples
from tests.shapes import (
    GraphView,
    compiled_results,
    local,
    node_shape,
    parsed,
    property_shapes,
    pyshacl_results,
    table_conforms,
    term,
)

# A data set, and the things in it that break each constraint on the values of :p, judged by hand.

VALUES = """
:none    a :Thing .
:one     a :Thing ; :p 1 .
:two     a :Thing ; :p 1 , 2 .
:three   a :Thing ; :p 1 , 2 , 3 .
:exact   a :Thing ; :p 2.0 .
:word    a :Thing ; :p "word" .
:spoken  a :Thing ; :p "word"@en .
:day     a :Thing ; :p "2025-06-02"^^xsd:date .
:truth   a :Thing ; :p true .
:ill     a :Thing ; :p "x"^^xsd:integer .
:cat     a :Thing ; :p :felix .
:dog     a :Thing ; :p :rex .
:both    a :Thing ; :p :felix , :rex .
:felix   a :Cat ; :q 1 .
:rex     a :Dog .
"""
LITERALS = "one two three exact word spoken day truth ill"
RESOURCES = "cat dog both"
COUNTED = [
    ("sh:minCount 0", ""),
    ("sh:minCount 1", "none"),
    ("sh:minCount 2", f"none one exact word spoken day truth ill {RESOURCES}".replace("both", "")),
    ("sh:maxCount 0", f"{LITERALS} {RESOURCES}"),
    ("sh:maxCount 1", "two three both"),
    (
        "sh:minCount 2 ; sh:maxCount 2",
        f"none one three exact word spoken day truth ill {RESOURCES}".replace("both", ""),
    ),
]
TYPED = [
    ("sh:class :Cat", f"{LITERALS} dog both"),
    ("sh:class :Cat , :Dog", f"{LITERALS} {RESOURCES}"),
    ("sh:nodeKind sh:IRI", LITERALS),
    ("sh:nodeKind sh:Literal", RESOURCES),
    ("sh:nodeKind sh:IRIOrLiteral", ""),
    ("sh:minLength 4", "one two three exact ill"),
    ("sh:minLength 5", "one two three exact word spoken truth ill"),
    ("sh:datatype xsd:integer", f"exact word spoken day truth ill {RESOURCES}"),
    ("sh:datatype xsd:decimal", f"one two three word spoken day truth ill {RESOURCES}"),
    ("sh:datatype xsd:string", f"one two three exact spoken day truth ill {RESOURCES}"),
    ("sh:datatype xsd:date", f"one two three exact word spoken truth ill {RESOURCES}"),
    ("sh:datatype xsd:boolean", f"one two three exact word spoken day ill {RESOURCES}"),
    ("sh:datatype xsd:dateTime", f"one two three exact word spoken day truth ill {RESOURCES}"),
    ("sh:in ( 1 2 :felix )", "three exact word spoken day truth ill dog both"),
    ("sh:in ( )", f"{LITERALS} {RESOURCES}"),
    ("sh:hasValue 1", f"none exact word spoken day truth ill {RESOURCES}"),
    ("sh:hasValue :felix , :rex", f"none {LITERALS} cat dog"),
    ('sh:hasValue "word"', f"none one two three exact spoken day truth ill {RESOURCES}"),
]
LOGICAL = [
    ("sh:not [ sh:class :Cat ]", "cat both"),
    ("sh:not [ sh:in ( 1 ) ]", "one two three"),
    ("sh:and ( [ sh:nodeKind sh:IRI ] [ sh:class :Cat ] )", f"{LITERALS} dog both"),
    ("sh:or ( [ sh:class :Cat ] [ sh:class :Dog ] )", LITERALS),
    ("sh:or ( [ sh:datatype xsd:string ] [ sh:class :Cat ] )", "one two three exact spoken day truth ill dog both"),
    ("sh:xone ( [ sh:nodeKind sh:IRI ] [ sh:class :Cat ] )", f"{LITERALS} cat both"),
    ("sh:xone ( [ sh:class :Cat ] [ sh:class :Dog ] )", LITERALS),
    ("sh:node [ sh:class :Cat ; sh:property [ sh:path :q ; sh:minCount 1 ] ]", f"{LITERALS} dog both"),
    ("sh:node [ sh:property [ sh:path :q ; sh:maxCount 0 ] ]", "cat both"),
]
QUALIFIED = [
    ("sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedMinCount 1", f"none {LITERALS} dog"),
    ("sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedMaxCount 0", "cat both"),
    ("sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ; sh:qualifiedMinCount 2", f"none {LITERALS} cat dog"),
    ("sh:qualifiedValueShape [ sh:nodeKind sh:Literal ] ; sh:qualifiedMaxCount 2", "three"),
    (
        "sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ; sh:qualifiedMinCount 1 ; sh:qualifiedMaxCount 1",
        f"none {LITERALS} both",
    ),
    ("sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedMinCount 0", ""),
]
NUMBERS = """
:none a :Thing .
:low  a :Thing ; :p 1 .
:at   a :Thing ; :p 2 .
:same a :Thing ; :p 2.0 .
:part a :Thing ; :p 2.5 .
:high a :Thing ; :p 3 .
:span a :Thing ; :p 1 , 3 .
:less a :Thing ; :p -2 .
:long a :Thing ; :p "2"^^xsd:long .
:huge a :Thing ; :p 9007199254740993 .
"""
BOUNDED = [
    ("sh:minInclusive 2", "low span less"),
    ("sh:minExclusive 2", "low at same span less long"),
    ("sh:maxInclusive 2", "part high span huge"),
    ("sh:maxExclusive 2", "at same part high span long huge"),
    ("sh:minInclusive 2 ; sh:maxExclusive 3", "low high span less huge"),
    ("sh:maxInclusive 2.5", "high span huge"),
    ("sh:maxInclusive 9007199254740992", "huge"),
]
PAIRED = """
:none   a :Thing .
:left   a :Thing ; :p "2025-01-01"^^xsd:date .
:right  a :Thing ; :q "2025-01-01"^^xsd:date .
:same   a :Thing ; :p "2025-01-01"^^xsd:date ; :q "2025-01-01"^^xsd:date .
:before a :Thing ; :p "2025-01-01"^^xsd:date ; :q "2025-01-02"^^xsd:date .
:after  a :Thing ; :p "2025-01-02"^^xsd:date ; :q "2025-01-01"^^xsd:date .
:over   a :Thing ; :p "2025-01-01"^^xsd:date , "2025-01-03"^^xsd:date ; :q "2025-01-02"^^xsd:date , "2025-01-03"^^xsd:date .
"""
PAIRS = [
    ("sh:equals :q", "left right before after over"),
    ("sh:disjoint :q", "same over"),
    ("sh:lessThan :q", "same after over"),
    ("sh:lessThanOrEquals :q", "after over"),
    ("sh:minCount 1 ; sh:disjoint :q", "none right same over"),
]
OF_PROPERTIES = [
    *((VALUES, *case) for case in (*COUNTED, *TYPED, *LOGICAL, *QUALIFIED)),
    *((NUMBERS, *case) for case in BOUNDED),
    *((PAIRED, *case) for case in PAIRS),
]


def breaking(data: Graph, shapes: Graph) -> set[str]:
    """What breaks a shape according to the compiled form, which must say of it what pySHACL says."""
    results, doubts = compiled_results(data, shapes)
    assert not doubts
    assert results == pyshacl_results(data, shapes)
    return {result.focus for result in results}


@pytest.mark.parametrize(("data", "constraint", "broken"), OF_PROPERTIES, ids=[case[1] for case in OF_PROPERTIES])
def test_a_component_on_the_values_of_a_property(data: str, constraint: str, broken: str) -> None:
    assert breaking(parsed(data), property_shapes(constraint)) == set(broken.split())


PETS = """
:cat   a :Thing , :Cat ; :p 1 .
:dog   a :Thing , :Dog ; :p 1 , 2 .
:mixed a :Thing , :Cat , :Dog .
:plain a :Thing .
"""
OF_NODES = [
    ("sh:class :Cat", "dog plain"),
    ("sh:nodeKind sh:IRI", ""),
    ("sh:nodeKind sh:Literal", "cat dog mixed plain"),
    ("sh:in ( :cat :dog )", "mixed plain"),
    ("sh:hasValue :cat", "dog mixed plain"),
    ("sh:not [ sh:class :Cat ]", "cat mixed"),
    ("sh:and ( [ sh:class :Cat ] [ sh:class :Dog ] )", "cat dog plain"),
    ("sh:or ( [ sh:class :Cat ] [ sh:class :Dog ] )", "plain"),
    ("sh:xone ( [ sh:class :Cat ] [ sh:class :Dog ] )", "mixed plain"),
    ("sh:node [ sh:property [ sh:path :p ; sh:minCount 1 ] ]", "mixed plain"),
    ("sh:not [ sh:property [ sh:path :p ; sh:maxCount 1 ] ]", "cat mixed plain"),
    ("sh:or ( [ sh:path :p ; sh:minCount 2 ] [ sh:class :Cat ] )", "plain"),
]


@pytest.mark.parametrize(("constraint", "broken"), OF_NODES, ids=[case[0] for case in OF_NODES])
def test_a_component_on_the_focus_node(constraint: str, broken: str) -> None:
    assert breaking(parsed(PETS), node_shape(constraint)) == set(broken.split())


# Graphs nobody thought of: every component at once.

LEAVES = [":a", ":b", ":c", "1", "2", "2.0", '"1"', '"x"@en', "true", '"x"^^xsd:integer', '"2025-06-02"^^xsd:date']
LEAVES += ['"2025-06-03"^^xsd:date', '"2"^^xsd:long', "-1", "2.5", '"2025-02-30"^^xsd:date', "2.0e0"]
graphs_of_things = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([":a", ":b", ":c"]), st.sampled_from([":p", ":q"]), st.sampled_from(LEAVES)),
        st.tuples(st.sampled_from([":a", ":b", ":c"]), st.just("a"), st.sampled_from([":Cat", ":Dog"])),
    ),
    max_size=9,
)


@examples(60)
@given(graphs_of_things)
def test_on_any_graph_every_component_reports_what_pyshacl_reports(triples: list[tuple[str, str, str]]) -> None:
    data = parsed(":a a :Thing . :b a :Thing . :c a :Thing ." + " ".join(" ".join(triple) + " ." for triple in triples))
    shapes = property_shapes(*(case[1] for case in OF_PROPERTIES))
    results, doubts = compiled_results(data, shapes)
    wanted = {result for result in pyshacl_results(data, shapes) if (result.focus, result.shape) not in doubts}
    assert results == wanted


@examples(60)
@given(graphs_of_things)
def test_a_table_judges_as_the_shape_that_it_was_made_from(triples: list[tuple[str, str, str]]) -> None:
    data = parsed(":a a :Thing . :b a :Thing . :c a :Thing ." + " ".join(" ".join(triple) + " ." for triple in triples))
    shapes = property_shapes(
        "sh:minCount 1 ; sh:nodeKind sh:IRI", "sh:maxCount 2", "sh:class :Cat", "sh:disjoint :q", path=":p"
    ) + parsed(
        ":shape sh:property [ sh:path :q ; sh:maxCount 1 ; sh:datatype xsd:integer ] ; sh:not [ sh:class :Dog ] ."
    )
    compiler, view = Compiler(nodes(shapes)), GraphView(data)
    conforms = compiler.conforms(term("shape"))
    for focus in view.things():
        assert table_conforms(compiler, view, term("shape"), focus) == conforms(view, focus)


# Reports: what a determination prints of a broken property shape.


def test_a_report_says_what_the_result_of_pyshacl_says() -> None:
    data = parsed(VALUES)
    shapes = property_shapes(
        'sh:minCount 1 ; sh:message "nothing"',
        'sh:maxCount 1 ; sh:message "too much"',
        'sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedMinCount 1 ; sh:message "no cat"',
        'sh:qualifiedValueShape [ sh:class :Dog ] ; sh:qualifiedMaxCount 0 ; sh:message "a dog"@en',
    )
    compiler, view = Compiler(nodes(shapes)), GraphView(data)
    reports = [report for number in range(4) for report in compiler.reports(term(f"part-{number}"))]
    reported = {
        (local(focus), local(report.shape), report.severity, *words(report.message), report.component)
        for report in reports
        for focus in view.things()
        if report.breaks(view, focus)
    }
    results = pyshacl_door.validate(data, shapes).results
    assert reported == {
        (local(r.focus), local(r.shape), r.severity, r.message, r.language, r.component) for r in results
    }
    assert {severity for _, _, severity, *_ in reported} == {"Violation", "Warning", "Info"}
    assert {language for *_, language, _ in reported} == {"", "en"}


def words(message: str) -> tuple[str, str]:
    return terms.text(message), terms.language(message)


@pytest.mark.parametrize(
    "constraint",
    [
        "sh:minCount 1",
        'sh:class :Cat ; sh:message "no cat"',
        'sh:minCount 1 ; sh:in ( 1 ) ; sh:message "not one"',
        'sh:hasValue 1 ; sh:message "no one"',
    ],
    ids=["no message", "sh:class", "sh:in", "sh:hasValue"],
)
def test_a_report_is_of_counts_and_has_a_message(constraint: str) -> None:
    with pytest.raises(UnsupportedError):
        Compiler(nodes(property_shapes(constraint))).reports(term("part-0"))


# What is not compiled is refused, by whatever way a shape comes to it.

REFUSED = {
    "sh:pattern": 'sh:pattern "^a"',
    "sh:flags": 'sh:pattern "^a" ; sh:flags "i"',
    "a length that is no number": 'sh:minLength "one"',
    "sh:maxLength": "sh:maxLength 1",
    "sh:languageIn": 'sh:languageIn ( "en" )',
    "sh:uniqueLang": "sh:uniqueLang true",
    "sh:closed": "sh:closed true",
    "sh:ignoredProperties": "sh:ignoredProperties ( rdf:type )",
    "sh:deactivated": "sh:deactivated true",
    "sh:sparql": 'sh:sparql [ sh:select "SELECT $this WHERE {}" ]',
    "sh:targetNode": "sh:targetNode :a",
    "nodeKind of blank nodes": "sh:nodeKind sh:BlankNode",
    "nodeKind of blank nodes or IRIs": "sh:nodeKind sh:BlankNodeOrIRI",
    "nodeKind of blank nodes or literals": "sh:nodeKind sh:BlankNodeOrLiteral",
    "datatype double": "sh:datatype xsd:double",
    "datatype time": "sh:datatype xsd:time",
    "datatype derived from integer": "sh:datatype xsd:int",
    "datatype langString": "sh:datatype rdf:langString",
    "bound of dates": 'sh:minInclusive "2025-01-01"^^xsd:date',
    "bound of doubles": "sh:maxExclusive 1.0e0",
}
REFUSED_OF_PROPERTIES = REFUSED | {
    "disjoint qualified shapes": "sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedValueShapesDisjoint true ; sh:qualifiedMinCount 1",
    "two qualified shapes": "sh:qualifiedValueShape [ sh:class :Cat ] , [ sh:class :Dog ] ; sh:qualifiedMinCount 1",
    "a qualified count of no shape": "sh:qualifiedMinCount 1",
    "two counts": "sh:minCount 1 , 2",
    "a count that is no integer": 'sh:minCount "one"',
    "a qualified count that is no integer": 'sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedMinCount "one"',
    "a value that is counted and a count that is no integer": 'sh:class :Cat ; sh:maxCount "one"',
}
REFUSED_OF_NODES = REFUSED | {
    "sh:minCount": "sh:minCount 1",
    "sh:maxCount": "sh:maxCount 1",
    "sh:equals": "sh:equals :p",
    "sh:disjoint": "sh:disjoint :p",
    "sh:lessThan": "sh:lessThan :p",
    "sh:qualifiedMinCount": "sh:qualifiedMinCount 1",
}
WAYS = {
    "by itself": "{}",
    "sh:node": "sh:node [ {} ]",
    "sh:not": "sh:not [ {} ]",
    "sh:and": "sh:and ( [ sh:class :Cat ] [ {} ] )",
    "sh:or": "sh:or ( [ sh:class :Cat ] [ {} ] )",
    "sh:xone": "sh:xone ( [ {} ] )",
    "sh:property": "sh:property [ sh:path :q ; sh:node [ {} ] ]",
    "sh:qualifiedValueShape": "sh:property [ sh:path :q ; sh:qualifiedMaxCount 0 ; sh:qualifiedValueShape [ {} ] ]",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("constraint", REFUSED_OF_NODES.values(), ids=REFUSED_OF_NODES)
def test_a_node_shape_is_refused_for(constraint: str, way: str) -> None:
    compiler = Compiler(nodes(node_shape(way.format(constraint))))
    with pytest.raises(UnsupportedError):
        compiler.conforms(term("shape"))
    with pytest.raises(UnsupportedError):
        compiler.table(term("shape"))


@pytest.mark.parametrize("constraint", REFUSED_OF_PROPERTIES.values(), ids=REFUSED_OF_PROPERTIES)
def test_a_property_shape_is_refused_for(constraint: str) -> None:
    shapes = property_shapes(constraint + ' ; sh:message "broken"')
    with pytest.raises(UnsupportedError):
        Compiler(nodes(shapes)).conforms(term("part-0"))
    with pytest.raises(UnsupportedError):
        Compiler(nodes(shapes)).table(term("shape"))
    with pytest.raises(UnsupportedError):
        Compiler(nodes(shapes)).reports(term("part-0"))


@pytest.mark.parametrize(
    "shape",
    [
        ":shape a sh:NodeShape ; sh:node :shape .",
        ":shape a sh:NodeShape ; sh:and ( :other ) . :other sh:property [ sh:path :p ; sh:node :shape ] .",
        ":shape a sh:NodeShape ; sh:and :list . :list rdf:first :other .",
        ":shape a sh:NodeShape ; sh:or :list . :list rdf:first :other ; rdf:rest :list .",
        ":shape a sh:NodeShape ; sh:property [ sh:path :p , :q ; sh:minCount 1 ] .",
        ":shape a sh:NodeShape ; sh:node :missing .",
    ],
    ids=[
        "recursion",
        "recursion by another",
        "a list without an end",
        "an endless list",
        "two paths",
        "a shape that is not there",
    ],
)
def test_a_shape_that_is_not_well_formed_is_refused(shape: str) -> None:
    with pytest.raises(UnsupportedError):
        Compiler(nodes(parsed(shape))).conforms(term("shape"))


# What only a value shows: the compiled form asks for an engine that implements all of SHACL.


DATE = "http://www.w3.org/2001/XMLSchema#date"
DOUBTED = [
    ("sh:minInclusive 1", '"2.0e0"^^<http://www.w3.org/2001/XMLSchema#double>'),
    ("sh:maxExclusive 1", '"2"'),
    ("sh:minExclusive 1", term("felix")),
    ("sh:maxInclusive 1", '"x"^^<http://www.w3.org/2001/XMLSchema#integer>'),
    ("sh:lessThan :q", '"2"^^<http://www.w3.org/2001/XMLSchema#integer>'),
    ("sh:lessThan :q", '"2025-01-01T00:00:00"^^<http://www.w3.org/2001/XMLSchema#dateTime>'),
    ("sh:lessThanOrEquals :q", f'"2025-01-01Z"^^<{DATE}>'),
    ("sh:datatype xsd:date", f'"2025-01-01Z"^^<{DATE}>'),
    ("sh:datatype xsd:date", f'"2025-01-01+02:00"^^<{DATE}>'),
    ("sh:datatype xsd:dateTime", f'"2025-01-01T10:00:00+15:00"^^<{DATE}Time>'),
    ("sh:datatype xsd:dateTime", f'"2025-01-01T10:00:60"^^<{DATE}Time>'),
    ("sh:datatype xsd:dateTime", f'"soon"^^<{DATE}Time>'),
]


@pytest.mark.parametrize(("constraint", "value"), DOUBTED)
def test_a_value_that_cannot_be_judged_is_doubted(constraint: str, value: str) -> None:
    view = GraphView(Graph())
    view.nodes = {term("a"): {term("p"): [value], term("q"): [f'"2025-01-01"^^<{DATE}>']}}
    conforms = Compiler(nodes(property_shapes(constraint))).conforms(term("part-0"))
    with pytest.raises(DoubtError):
        conforms(view, term("a"))


@pytest.mark.parametrize(
    "form",
    ["2025-01-01T10:00:00", "2025-01-01T10:00:00Z", "2025-01-01T10:00:00.250-06:00", "2025-12-31T23:59:59+14:00"],
)
def test_a_moment_may_have_a_fraction_and_a_time_zone(form: str) -> None:
    view = GraphView(Graph())
    view.nodes = {term("a"): {term("p"): [f'"{form}"^^<{DATE}Time>']}}
    assert Compiler(nodes(property_shapes("sh:datatype xsd:dateTime"))).conforms(term("part-0"))(view, term("a"))


@pytest.mark.parametrize(("form", "broken"), [("true", False), ("0", False), ("yes", True), ("TRUE", True)])
def test_a_truth_value_has_four_forms(form: str, broken: bool) -> None:
    view = GraphView(Graph())
    view.nodes = {term("a"): {term("p"): [f'"{form}"^^<http://www.w3.org/2001/XMLSchema#boolean>']}}
    conforms = Compiler(nodes(property_shapes("sh:datatype xsd:boolean"))).conforms(term("part-0"))
    assert conforms(view, term("a")) is not broken


def test_what_has_been_read_is_told_once() -> None:
    compiler = Compiler(nodes(property_shapes("sh:qualifiedValueShape [ sh:class :Cat ] ; sh:qualifiedMinCount 1")))
    compiler.conforms(term("part-0"))
    use = compiler.use()
    assert use.classes == {term("Cat")}
    assert [(steps.sequence, needs) for steps, needs in use.paths] == [(((term("p"), False),), {term("Cat")})]
    assert compiler.use().paths == frozenset()
