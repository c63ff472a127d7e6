"""The part of SHACL that policies may use: what is refused, and that engines read the rest alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph

from reasoner.ground.errors import PolicyError
from reasoner.policy.lexicon import nodes
from reasoner.policy.loading import load_policy
from reasoner.rdf import pyshacl_door
from reasoner.rdf.compiled_shacl import Compiler, DoubtError, UnsupportedError
from reasoner.rdf.shacl_door import Shapes
from tests.conftest import write_toy
from tests.shapes import EX, GraphView, parsed, term

SHAPES = "shapes/toy/2030-01-01.ttl"
LEAF = "https://example.org/toy/2030-01-01/criteria/1-a"
DOCUMENTED = f"{LEAF}-documented"
VALUE = "sh:class toy:JointStiffness"
ASK = 'sh:select "SELECT $this WHERE { $this ?p ?o }"'
HOURS = """
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix intake: <https://w3id.org/necessity/intake/> .
intake:statement sh:property intake:hours , intake:days , intake:since .
intake:hours sh:path toy:hours ; sh:minInclusive 0 . intake:days sh:path toy:days ; sh:datatype xsd:integer .
intake:since sh:path toy:since ; sh:datatype xsd:date .
"""


def written(root: Path, change: tuple[str, str] = ("", ""), more: str = "") -> Path:
    """The toy policy with a change of its shapes, and more of them."""
    path = write_toy(root) / SHAPES
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change, 1) + more)
    return path


def refused(path: Path, problem: str, node: str) -> str:
    """The mend, once the policy is refused for a problem of a node."""
    with pytest.raises(PolicyError, match=problem) as error:
        load_policy("toy", root=path.parents[2])
    assert error.value.where.endswith(f": {node}")
    assert str(path) in error.value.where
    assert error.value.mend
    return error.value.mend


VALUES_OF_LEAVES = {
    "sparql": f"{VALUE} ; sh:sparql [ {ASK} ]",
    "js": f'{VALUE} ; sh:js [ sh:jsFunctionName "check" ]',
    "expression": f"{VALUE} ; sh:expression true",
    "deactivated": f"{VALUE} ; sh:deactivated true",
    "filterShape": f"{VALUE} ; sh:filterShape [ sh:class toy:JointStiffness ]",
    "target": f"{VALUE} ; sh:target [ {ASK} ]",
    "closed": f"{VALUE} ; sh:closed true",
    "defaultValue": f"{VALUE} ; sh:defaultValue 1",
    "pattern": f'{VALUE} ; sh:property [ sh:path toy:part ; sh:pattern "^a" ]',
    "lessThan": f"{VALUE} ; sh:property [ sh:path toy:part ; sh:lessThan toy:whole ]",
    "lessThanOrEquals": f"{VALUE} ; sh:property [ sh:path toy:part ; sh:lessThanOrEquals toy:whole ]",
}


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize("name", VALUES_OF_LEAVES)
def test_a_construct_is_refused_by_name(tmp_path: Path, name: str) -> None:
    refused(written(tmp_path, (VALUE, VALUES_OF_LEAVES[name])), f"sh:{name} ", DOCUMENTED)


MALFORMED = {
    "a limit that is a date": (
        'sh:property [ sh:path toy:p ; sh:minInclusive "2025-01-01"^^xsd:date ]',
        "exact numbers",
    ),
    "a limit that is a duration": (
        'sh:property [ sh:path toy:p ; sh:maxInclusive "P1D"^^xsd:duration ]',
        "exact numbers",
    ),
    "a limit that is a floating-point number": ("sh:property [ sh:path toy:p ; sh:maxExclusive 1e0 ]", "exact numbers"),
    "a limit that is no number": ('sh:property [ sh:path toy:p ; sh:minExclusive "x"^^xsd:integer ]', "exact numbers"),
    "a floating-point datatype": (
        "sh:property [ sh:path toy:p ; sh:datatype xsd:double ]",
        "floating-point sh:datatype",
    ),
    "a count that is text": ('sh:property [ sh:path toy:p ; sh:minCount "1" ]', "sh:minCount has to be"),
    "a count that is a decimal": ("sh:property [ sh:path toy:p ; sh:maxCount 1.0 ]", "sh:maxCount has to be"),
    "two counts": ("sh:property [ sh:path toy:p ; sh:maxCount 1 , 2 ]", "more than one sh:maxCount"),
    "two paths": ("sh:property [ sh:path toy:p , toy:q ; sh:minCount 1 ]", "more than one sh:path"),
    "two datatypes": ("sh:property [ sh:path toy:p ; sh:datatype xsd:date , xsd:string ]", "more than one sh:datatype"),
    "an empty choice": ("sh:or ( )", "list of sh:or is empty"),
    "an empty conjunction": ("sh:and ( )", "list of sh:and is empty"),
    "a counted shape without a count": (
        "sh:property [ sh:path toy:p ; sh:qualifiedValueShape [ sh:class toy:JointStiffness ] ]",
        "sh:qualifiedValueShape and a count",
    ),
    "a shape that uses itself": ("sh:node toy:Self", "the shape uses itself"),
}


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize(("constraint", "problem"), MALFORMED.values(), ids=MALFORMED)
def test_a_parameter_that_engines_read_otherwise_is_refused(tmp_path: Path, constraint: str, problem: str) -> None:
    prefix, self_using = "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n", ""
    if "Self" in constraint:
        self_using = "toy:Self a sh:NodeShape ; sh:property [ sh:path toy:p ; sh:node toy:Self ] .\n"
    path = written(tmp_path, (VALUE, f"{VALUE} ; {constraint}"), self_using)
    path.write_text(prefix + path.read_text())
    node = "https://example.org/toy/vocabulary#Self" if self_using else DOCUMENTED
    refused(path, problem, node)


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("toy:Part a sh:ConstraintComponent .", "sh:ConstraintComponent is not for policies"),
        ("toy:Part a sh:SPARQLTargetType .", "sh:SPARQLTargetType is not for policies"),
        ("toy:Part a sh:SPARQLFunction .", "sh:SPARQLFunction is not for policies"),
        (
            "toy:Part sh:entailment <http://www.w3.org/ns/entailment/RDFS> .",
            "sh:entailment is not for policies: no engine",
        ),
        ("toy:Part sh:shapesGraph <urn:shapes> .", "sh:shapesGraph is not for policies"),
    ],
)
def test_a_declaration_is_refused_by_name(tmp_path: Path, more: str, problem: str) -> None:
    refused(written(tmp_path, more=more), problem, "https://example.org/toy/vocabulary#Part")


def test_what_is_read_by_one_engine_alone_is_left_to_intake(tmp_path: Path) -> None:
    more = """<https://w3id.org/necessity/intake/statement> sh:property toy:coded .
        toy:coded sh:path toy:code ; sh:pattern "^[A-Z]" ; sh:message "It has to begin with a letter." ."""
    assert load_policy("toy", root=written(tmp_path, more=more).parents[2]).id == "toy"


# Rules.


def rule(where: str, constructed: str = "toy:total") -> str:
    return f'''<{LEAF}> sh:rule toy:sum . toy:sum a sh:SPARQLRule ; sh:construct """
        PREFIX toy: <https://example.org/toy/vocabulary#> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
        CONSTRUCT {{ ?s {constructed} ?total }} WHERE {{ {where} }}""" .'''


SUM = "?s toy:hours ?h OPTIONAL { ?s toy:days ?d } FILTER NOT EXISTS { ?s toy:hours 0 } BIND (?h - COALESCE(?d, 0) * 2.5 AS ?total)"


@pytest.mark.usefixtures("core_alone")
def test_a_rule_calculates_with_exact_numbers(tmp_path: Path) -> None:
    version = load_policy("toy", root=written(tmp_path, more=HOURS + rule(SUM)).parents[2]).versions[0]
    assert len(version.rules) == 1


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("?s toy:since ?total", "reads .*since, which no shape of .*statement says to be an exact number"),
        ("?s toy:other ?total", "reads .*other, which no shape"),
        ("?s toy:hours/toy:other ?total", "reads .*other, which no shape"),
        ("?s a toy:JointStiffness ; toy:hours ?total", "reads .*#type, which no shape"),
        ("?s ?p ?total", r"reads whatever property \?p is"),
        ('?s toy:hours ?h BIND (?h + "P1D"^^xsd:duration AS ?total)', "calculates with .*P1D"),
        ('?s toy:hours ?h FILTER (?h < "2025-01-01"^^xsd:date) BIND (?h AS ?total)', "calculates with .*2025-01-01"),
        ("?s toy:hours ?h BIND (?h + 1e0 AS ?total)", "calculates with .*1.0"),
        ('?s toy:hours ?h BIND ("long" AS ?total)', "calculates with .*long"),
        ("?s toy:hours ?h BIND (?h / 3 AS ?total)", "divides, and engines round differently"),
        ("?s toy:hours ?h BIND (xsd:date(?h) AS ?total)", "uses <http://www.w3.org/2001/XMLSchema#date>"),
        ("?s toy:hours ?h BIND (YEAR(?h) AS ?total)", "uses YEAR, on which engines differ"),
        ("?s toy:hours ?h BIND (NOW() AS ?total)", "uses NOW"),
        ("?s toy:hours ?h BIND (ROUND(?h) AS ?total)", "uses ROUND"),
        ("{ SELECT ?s (SUM(?h) AS ?total) { ?s toy:hours ?h } GROUP BY ?s }", "uses SubSelect"),
        ("?s toy:hours ?h SERVICE <urn:elsewhere> { ?s toy:hours ?total }", "uses ServiceGraphPattern"),
        ("?s toy:hours ?h BIND (?h AS", "is not SPARQL"),
        ("?s tay:hours ?total", "is not SPARQL"),
        ("?s toy:hours ?total ; <urn:a b> 1", "is not SPARQL"),
    ],
)
def test_a_rule_that_engines_calculate_otherwise_is_refused(tmp_path: Path, where: str, problem: str) -> None:
    refused(written(tmp_path, more=HOURS + rule(where)), problem, "https://example.org/toy/vocabulary#sum")


@pytest.mark.usefixtures("core_alone")
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("a sh:SPARQLRule", "a sh:TripleRule", "sh:TripleRule is not for policies"),
        (" a sh:SPARQLRule ;", "", "only a sh:SPARQLRule with one sh:construct is run"),
        (
            "a sh:SPARQLRule ;",
            "a sh:SPARQLRule ; sh:condition toy:sum ;",
            "sh:condition is not for policies: .*not read",
        ),
        ("a sh:SPARQLRule ;", "a sh:SPARQLRule ; sh:order 1 ;", "rules have no order"),
        ("a sh:SPARQLRule ;", "a sh:SPARQLRule ; sh:prefixes toy: ;", "sh:prefixes is not for policies"),
        ("/1-a> sh:rule", "/1> sh:rule", "never run: it is on no leaf"),
        ("CONSTRUCT { ?s toy:total ?total }", "ASK", "has to be a CONSTRUCT, and is a AskQuery"),
    ],
)
def test_a_rule_that_would_not_run_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = rule(SUM)
    assert old in text
    refused(written(tmp_path, more=HOURS + text.replace(old, new)), problem, "https://example.org/toy/vocabulary#sum")


# What is not refused is read alike: by pySHACL, by the engine shacl, and by the compiled form where it compiles.

DATA = """
:felix a :Cat ; :q 1 , 2 ; :next :rex . :rex a :Dog ; :next :felix .
"""
KINDS_OF_VALUES = [
    *(
        ":felix",
        ":rex",
        ":none",
        "1",
        "01",
        "2",
        "2.0",
        "-0.5",
        '"word"',
        '""',
        '"word"@en',
        '"mot"@fr',
        "true",
        "false",
    ),
    *('"2025-06-02"^^xsd:date', '"2025-06-02T00:00:00"^^xsd:dateTime', '"P1D"^^xsd:duration', '"x"^^xsd:integer'),
]
ALIKE = [
    "sh:class :Cat",
    "sh:nodeKind sh:IRI",
    "sh:nodeKind sh:Literal",
    "sh:hasValue 1",
    "sh:in ( :felix 1 2.0 true )",
    "sh:datatype xsd:integer",
    "sh:datatype xsd:decimal",
    "sh:datatype xsd:date",
    "sh:datatype xsd:boolean",
    "sh:datatype xsd:string",
    "sh:minLength 2",
    "sh:maxLength 4",
    'sh:languageIn ( "en" )',
    "sh:uniqueLang true",
    "sh:node [ sh:class :Cat ]",
    "sh:not [ sh:class :Cat ]",
    "sh:or ( [ sh:class :Cat ] [ sh:nodeKind sh:Literal ] )",
    "sh:xone ( [ sh:class :Cat ] [ sh:nodeKind sh:IRI ] )",
    "sh:equals :q",
    "sh:disjoint :q",
    "sh:minCount 1",
    "sh:property [ sh:path :q ; sh:minCount 2 ]",
    "sh:property [ sh:path [ sh:zeroOrMorePath :next ] ; sh:minCount 2 ]",
    "sh:property [ sh:path [ sh:zeroOrOnePath :next ] ; sh:minCount 2 ]",
    "sh:property [ sh:path ( :next [ sh:oneOrMorePath :next ] ) ; sh:minCount 1 ]",
    "sh:property [ sh:path ( [ sh:inversePath :next ] :q ) ; sh:qualifiedValueShape [ sh:in ( 1 2 ) ] ; sh:qualifiedMinCount 2 ]",
]
"""Constraints on a value. Bounds are left out: intake has refused what is no number before engines compare it."""


def answers(constraint: str, value: str) -> set[bool]:
    """Whether each engine reports that no value conforms; one answer if they agree."""
    shapes = parsed(f"""
        :S a sh:NodeShape ; sh:targetNode :request ; sh:property :P .
        :P sh:path :affirmed ; sh:qualifiedMinCount 1 ; sh:severity sh:Warning ; sh:message "none" ;
            sh:qualifiedValueShape [ sh:property [ sh:path :p ; {constraint} ] ] .""")
    data = parsed(f"{DATA} :request :affirmed :statement . :statement :p {value} .")
    return set(_answers(shapes, data))


def _answers(shapes: Graph, data: Graph) -> list[bool]:
    given = [
        bool(pyshacl_door.validate(data, shapes).results),
        bool(Shapes(shapes, {f"{EX}P": "leaf"}).validate(data, f"{EX}request")["leaf"]),
    ]
    try:
        compiled, view = Compiler(nodes(shapes)).reports(term("P")), GraphView(data)
        given.append(any(report.breaks(view, term("request")) for report in compiled))
    except (UnsupportedError, DoubtError):  # then one of the others is asked
        pass
    return given


@pytest.mark.parametrize("constraint", ALIKE)
def test_engines_read_a_construct_alike(constraint: str) -> None:
    by_value = {value: answers(constraint, value) for value in KINDS_OF_VALUES}
    assert [value for value, given in by_value.items() if len(given) > 1] == []


def test_they_are_told_apart() -> None:
    assert len({frozenset(answers(constraint, ":felix")) for constraint in ALIKE}) == 2, "some conform, some do not"
    assert answers('sh:pattern "[[:alpha:]]"', '"word"') == {True, False}, "as a refused construct shows"
