"""What could not be read is shown in every form, with its words, code, reason and place, and is evidence in none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from rdflib import Graph, URIRef

from reasoner import Determination, Engine, Policy, determine
from reasoner.cli import main
from reasoner.rdf.namespaces import DCTERMS, NEC, PROV, RDF
from reasoner.render import text
from reasoner.render.document import to_html, to_markdown
from reasoner.render.json import to_json
from reasoner.render.overview import overview
from reasoner.render.provenance import to_graph
from tests.conftest import ROOT, Attestation, chart

ITEMS = """
:problem a nec:Unread ; nec:about :request ; nec:kind nec:Condition ; nec:words "nerves, since spring" ;
    nec:code <urn:codes:X1> ; nec:observed "2025-05-01"^^xsd:date ; nec:recorded "2025-05-20"^^xsd:date ;
    nec:reason "the code system is not known" ; nec:source :list .
:list a nec:Document ; dcterms:title "Problem list" .
:sheet a nec:Unread ; nec:about :request ; nec:kind nec:OtherItem ; nec:code <urn:codes:X2> ; nec:reason "no words" ;
    nec:source "page 7" .
"""
SHOWN = {
    "nerves, since spring",
    "urn:codes:X1",
    "the code system is not known",
    "Problem list",
    "page 7",
    "2025-05-01",
    "2025-05-20",
    "other item (no words)",
    "urn:codes:X2",
}
FORMS: dict[str, Callable[[Determination], str]] = {
    "text": text.render,
    "html": lambda determination: to_html([determination]),
    "markdown": lambda determination: to_markdown([determination]),
}


def write(folder: Path, more: str = ITEMS, **request: str) -> Path:
    path = folder / "chart.ttl"
    path.write_text(chart([Attestation("adult-admission:3")], **request) + more)
    return path


@pytest.fixture(params=list(Engine))
def determination(tmp_path: Path, policy: Policy, request: pytest.FixtureRequest) -> Determination:
    (only,) = determine(write(tmp_path), policy, engine=request.param)
    return only


def test_json_has_each_item_and_follows_the_schema(determination: Determination) -> None:
    record = to_json(determination)
    assert record["unread"] == [
        {
            "item": "http://example.org/chart#problem",
            "kind": "condition",
            "source": "Problem list",
            "document": "http://example.org/chart#list",
            "words": "nerves, since spring",
            "code": "urn:codes:X1",
            "observed": "2025-05-01",
            "recorded": "2025-05-20",
            "reason": "the code system is not known",
        },
        {
            "item": "http://example.org/chart#sheet",
            "kind": "other-item",
            "source": "page 7",
            "document": None,
            "words": "",
            "code": "urn:codes:X2",
            "observed": None,
            "recorded": None,
            "reason": "no words",
        },
    ]
    schema = json.loads((ROOT / "data" / "schema" / "determination.json").read_text())
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    check.validate(record)
    without: dict[str, Any] = {**record["unread"][0]}
    del without["reason"]
    assert not check.is_valid({**record, "unread": [without]})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("start", ["2025-06-02", "2025-01-02"], ids=["in force", "no version"])
def test_people_see_each_item_even_where_no_version_was_in_force(
    tmp_path: Path, policy: Policy, form: str, start: str
) -> None:
    (only,) = determine(write(tmp_path, start=start, end=start), policy)
    shown = " ".join(FORMS[form](only).replace("\\", "").split())
    assert {words for words in SHOWN if words not in shown} == set()
    (silent,) = determine(write(tmp_path, "", start=start, end=start), policy)
    assert "not read" not in FORMS[form](silent).lower()


def test_the_graph_has_each_item_apart_from_the_evidence(determination: Determination) -> None:
    graph = to_graph([determination])
    (node,) = graph.subjects(RDF.type, NEC.Determination)
    items = set(graph.objects(node, NEC.unread))
    assert items == {URIRef(f"http://example.org/chart#{name}") for name in ("problem", "sheet")}
    told = Graph().parse(data=write_prefixes() + ITEMS, format="turtle")
    assert {t for t in told if t[0] in items} == {t for t in graph if t[0] in items}
    assert set(told.objects(None, DCTERMS.title)) <= set(graph.objects(None, DCTERMS.title))
    evidence = {
        *graph.objects(None, NEC.evidence),
        *graph.objects(None, NEC.statement),
        *graph.objects(None, PROV.used),
    }
    assert evidence.isdisjoint(items)


def write_prefixes() -> str:
    return chart([]).split(":request a")[0]


def test_the_table_of_many_counts_items_and_requests(tmp_path: Path, policy: Policy) -> None:
    with_items, without = (determine(write(tmp_path, more), policy)[0] for more in (ITEMS, ""))
    assert "Not read: 2 items in the record of 1 request\n" in overview([with_items, with_items])
    assert "Not read" not in overview([without])


@pytest.mark.parametrize("engine", list(Engine))
def test_briefs_and_tables_name_the_items(tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: Engine) -> None:
    items = ["http://example.org/chart#problem", "http://example.org/chart#sheet"]
    path, table = str(write(tmp_path)), tmp_path / "out.parquet"
    assert main(["determine", path, "--format", "compact", "--engine", engine]) == 0
    assert json.loads(capsys.readouterr().out)["unread"] == items
    assert main(["determine", path, "--format", "parquet", "--out", str(table)]) == 0
    assert pytest.importorskip("pyarrow.parquet").read_table(table)["unread"].to_pylist() == [items]


def test_every_format_of_the_command_takes_a_chart_with_unread_items(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path))
    for form in ("jsonl", "compact", "junit", "sarif", "turtle"):
        assert main(["determine", path, "--format", form]) == 0, form
        assert capsys.readouterr().out


MANY = "".join(
    f""":lab{number} a nec:Unread ; nec:about :request ; nec:kind nec:Observation ; nec:words "Glucose: {number}" ;
    nec:reason "no rule reads it" .
"""
    for number in range(1000, 2200)
)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_many_items_of_one_kind_and_reason_do_not_bury_a_condition(
    tmp_path: Path, policy: Policy, form: Callable[[Determination], str]
) -> None:
    (only,) = determine(write(tmp_path, MANY + ITEMS), policy)
    shown = form(only)
    assert "1,200 × observation (no rule reads it)" in shown
    assert "Glucose: 1004; and 1,195 more" in " ".join(shown.split())
    assert "Glucose: 1005" not in shown
    assert shown.index("nerves, since spring") < shown.index("1,200 × observation") < shown.index("urn:codes:X2")
    assert len(to_json(only)["unread"]) == 1202
