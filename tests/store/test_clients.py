"""Clients that others use: Comunica, YASGUI on a page of another site, curl, SPARQLWrapper and rdflib."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reasoner import Policy
from reasoner.chart import intake
from reasoner.determination.determine import determine_case
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from tests import node
from tests.conftest import CASES, free_port, served, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PREFIXES = "PREFIX nec: <https://w3id.org/necessity/core#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
REQUESTS = PREFIXES + "SELECT ?r { ?r a nec:ReviewRequest } ORDER BY ?r"
LEAVES = PREFIXES + "CONSTRUCT { ?l skos:prefLabel ?w } { ?l a nec:Leaf ; skos:prefLabel ?w }"
MEDIA = {"turtle": "text/turtle", "rdf+xml": "application/rdf+xml", "json-ld": "application/ld+json"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Path:
    path = tmp_path_factory.mktemp("clients")
    with KnowledgeBase(open_store(path, write=True)) as kb:
        kb.load_policy(policy)
        for name in ("criteria-met", "same-day-contradiction"):
            (case,) = intake.read(str(CASES / "mp9556" / "adult-admission" / f"{name}.ttl"), policy)[0]
            kb.load_case(case)
            kb.record(determine_case(case, policy))
    return path


@pytest.fixture(scope="module")
def facts(place: Path) -> tuple[list[str], int]:
    """The requests in the base, and the number of leaves with a label."""
    with KnowledgeBase(open_store(place)) as kb:
        return [row["r"].value for row in kb.query(REQUESTS)], len(list(kb.query(LEAVES)))


@pytest.fixture(scope="module")
def endpoint(place: Path) -> Iterator[str]:
    with served(place, workers=1) as url:
        yield url


COMUNICA = """
import { QueryEngine } from '@comunica/query-sparql';
const [endpoint, requests, leaves, joined, turtle] = process.argv.slice(2);
const engine = new QueryEngine(), served = { type: 'sparql', value: endpoint };
const rows = async (query, ...sources) => (await (await engine.queryBindings(query, { sources })).toArray()).map((row) => row.get('r').value);
const quads = await engine.queryQuads(leaves, { sources: [served] });
const wrong = await engine.queryBindings('SELECT * { ?s ?p ?o . ?o ?q ?r . FILTER(?p > 1 && ?q IN (', { sources: [served] }).then(() => '', (error) => error.message);
console.log(JSON.stringify({
  rows: await rows(requests, served),
  discovered: await rows(requests, endpoint),
  quads: (await quads.toArray()).length,
  truth: await engine.queryBoolean('ASK { ?s ?p ?o }', { sources: [served] }),
  joined: await rows(joined, served, { type: 'serialized', value: turtle, mediaType: 'text/turtle', baseIRI: 'http://example.org/' }),
  graph: await rows(requests, endpoint.replace('sparql', 'graphs?default')),
  wrong,
}));
"""


@pytest.mark.slow
def test_comunica(endpoint: str, facts: tuple[list[str], int]) -> None:
    """By the protocol, by discovery, joined with a file of its own, and over the whole graph as a document."""
    requests, leaves = facts
    home = node.packages("@comunica/query-sparql@4")
    turtle = f"<{requests[0]}> <urn:mark> 1 . <urn:other> <urn:mark> 2 ."
    joined = (
        PREFIXES + "SELECT ?r { ?r <urn:mark> ?n ; nec:currentDetermination/nec:outcome ?o . ?o skos:prefLabel ?l }"
    )
    told = json.loads(node.run(home, "comunica.mjs", COMUNICA, endpoint, REQUESTS, LEAVES, joined, turtle))
    assert told["wrong"]
    assert (told["rows"], told["discovered"], told["graph"]) == (requests,) * 3
    assert (told["quads"], told["truth"], told["joined"]) == (leaves, True, requests[:1])


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to open YASGUI with")
def test_yasgui_on_a_page_of_another_site(place: Path, facts: tuple[list[str], int]) -> None:
    from playwright.sync_api import expect, sync_playwright

    build = node.packages("@zazuko/yasgui@4") / "node_modules" / "@zazuko" / "yasgui" / "build"
    ports = {name: free_port() for name in ("listed", "other")}
    origins = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with sync_playwright() as playwright, served(place, workers=1, origins=(origins["listed"],)) as url:
        page_of_others = Starlette(
            routes=[
                Route(
                    "/",
                    lambda _: HTMLResponse(
                        f"""<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/build/yasgui.min.css">
                        <script src="/build/yasgui.min.js"></script><div id="y"></div>
                        <script>window.yasgui = new Yasgui(document.getElementById("y"), {{ requestConfig: {{ endpoint: "{url}" }} }});
                        window.ask = (text) => {{ const tab = yasgui.getTab(); tab.setQuery(text); return tab.query().catch(() => {{}}); }}</script>"""
                    ),
                ),
                Mount("/build", StaticFiles(directory=build)),
            ]
        )
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        for name, port in ports.items():
            with socket.create_server(("127.0.0.1", port)) as listener, serving(listener, page_of_others):
                page = browser.new_page()
                page.goto(origins[name])
                page.wait_for_function("() => 'ask' in window")
                page.evaluate("(text) => { ask(text) }", REQUESTS)
                answer = page.locator(".yasr")
                if name == "listed":
                    expect(answer).to_contain_text(f"{len(facts[0])} results", timeout=60_000)
                    page.evaluate("(text) => { ask(text) }", LEAVES)
                    expect(answer).to_contain_text(f"{facts[1]} results", timeout=60_000)
                    page.evaluate("(text) => { ask(text) }", "SELECT * {\n ?s none:such ?o }")
                    expect(answer).to_contain_text("line 2, column 5: the prefix of none:such", timeout=60_000)
                else:
                    expect(answer).to_contain_text("Failed to fetch", timeout=60_000)
                page.close()
        browser.close()


def test_curl(endpoint: str, facts: tuple[list[str], int], tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("curl is not installed")

    def got(*arguments: str) -> str:
        command = [curl, "--silent", "--show-error", "--fail-with-body", "--compressed", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    query = ("--data-urlencode", f"query={REQUESTS}")
    own = tmp_path / "own.rq"
    own.write_text(REQUESTS)
    by_form = got(*query, endpoint)
    assert [row["r"]["value"] for row in json.loads(by_form)["results"]["bindings"]] == facts[0]
    assert got("--get", *query, endpoint) == by_form
    assert got("--data-binary", f"@{own}", "--header", "Content-Type: application/sparql-query", endpoint) == by_form
    assert got("--header", "Accept: text/csv", *query, endpoint).splitlines() == ["r", *facts[0]]
    triples = got("--header", "Accept: application/n-triples", "--data-urlencode", f"query={LEAVES}", endpoint)
    assert len(triples.splitlines()) == facts[1]


def test_sparqlwrapper_in_every_way(endpoint: str, facts: tuple[list[str], int]) -> None:
    from SPARQLWrapper import (
        CSV,
        GET,
        JSON,
        JSONLD,
        POST,
        POSTDIRECTLY,
        RDFXML,
        TSV,
        TURTLE,
        URLENCODED,
        XML,
        SPARQLExceptions,
        SPARQLWrapper,
    )  # fmt: skip

    client = SPARQLWrapper(endpoint)
    for method, way in ((GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)):
        client.setMethod(method)
        client.setRequestMethod(way)
        client.setQuery(REQUESTS)
        for form in (JSON, XML, CSV, TSV):
            client.setReturnFormat(form)
            text = client.query().response.read().decode()
            assert all(request in text for request in facts[0]), form
        client.setQuery(LEAVES)
        for form in (TURTLE, RDFXML, JSONLD):
            client.setReturnFormat(form)
            syntax = ox.RdfFormat.from_media_type(MEDIA[form])
            assert len(list(ox.parse(input=client.query().response.read(), format=syntax))) == facts[1], form
    client.setReturnFormat(JSON)
    client.setQuery("SELECT nonsense")
    with pytest.raises(SPARQLExceptions.QueryBadFormed, match="line 1, column"):
        client.query()


def test_rdflib_as_a_store(endpoint: str, facts: tuple[list[str], int]) -> None:
    from rdflib import RDF, Graph, URIRef
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    for form in ("xml", "json", "csv", "tsv"):
        for method in ("GET", "POST", "POST_FORM"):
            graph = Graph(store=SPARQLStore(endpoint, returnFormat=form, method=method))
            assert [str(row[0]) for row in graph.query(REQUESTS)] == facts[0]
    graph = Graph(store=SPARQLStore(endpoint))
    asked = URIRef("https://w3id.org/necessity/core#ReviewRequest")
    assert sorted(map(str, graph.subjects(RDF.type, asked))) == facts[0]
    assert len(graph.query(LEAVES).graph) == facts[1]
