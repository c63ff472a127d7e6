"""The endpoint: the cases of the W3C's SPARQL 1.1 protocol tests that apply, and what keeps it closed."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from reasoner import Policy
from reasoner.ground.errors import QueryError, StoreError, UsageError
from reasoner.rdf.sparql import names_graphs, refuse_outreach
from reasoner.store import endpoint
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind, graph_name
from reasoner.store.endpoint import EndpointSettings, application, serve
from reasoner.store.protocol import GRAPH_TYPES, TABLE_TYPES, negotiate
from tests.conftest import eventually, free_port

FORM = "application/x-www-form-urlencoded"
QUERY, UPDATE = "application/sparql-query", "application/sparql-update"
ALL = "SELECT ?s { ?s <urn:p> ?o } ORDER BY ?s"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served")
    kb = KnowledgeBase(open_store(path, write=True))
    for name in "abc":
        kb.store.update(f"INSERT DATA {{ GRAPH <urn:g{name}> {{ <urn:{name}> <urn:p> '{name}' }} }}")
    for number in range(0, 4000, 500):
        rows = " ".join(f"<urn:n{n}> <urn:q> {n} ." for n in range(number, number + 500))
        kb.store.update(f"INSERT DATA {{ GRAPH <urn:many> {{ {rows} }} }}")
    kb.close()
    return path


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[TestClient]:
    with TestClient(
        application(EndpointSettings(directory=place, workers=1)), base_url="http://127.0.0.1:7878"
    ) as client:
        yield client


@pytest.fixture(scope="module")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = EndpointSettings(
        directory=tmp_path_factory.mktemp("writable"), writable=True, token="secret", timeout=10
    )
    headers = {"Authorization": "Bearer secret"}
    with TestClient(application(settings), base_url="http://127.0.0.1:7878", headers=headers) as found:
        yield found


def names(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [row["s"]["value"].removeprefix("urn:") for row in response.json()["results"]["bindings"]]


# ---------------------------------------------------------------- query operation


def test_query_by_get_form_and_body(client: TestClient) -> None:
    for response in (
        client.get("/sparql", params={"query": ALL}),
        client.post("/sparql", data={"query": ALL}),
        client.post("/sparql", content=ALL, headers={"Content-Type": QUERY}),
        client.post("/sparql", content=ALL, headers={"Content-Type": f"{QUERY}; charset=UTF-8"}),
    ):
        assert names(response) == ["a", "b", "c"]


def test_dataset_by_protocol(client: TestClient) -> None:
    def asked(parameters: dict, text: str = ALL) -> list[list[str]]:
        return [
            names(client.get("/sparql", params={"query": text, **parameters})),
            names(client.post("/sparql", data={"query": text, **parameters})),
            names(client.post("/sparql", params=parameters, content=text, headers={"Content-Type": QUERY})),
        ]

    assert asked({"default-graph-uri": "urn:ga"}) == [["a"]] * 3
    assert asked({"default-graph-uri": ["urn:ga", "urn:gb"]}) == [["a", "b"]] * 3
    inside = "SELECT ?s { GRAPH ?g { ?s <urn:p> ?o } } ORDER BY ?s"
    assert asked({"named-graph-uri": ["urn:gb", "urn:gc"]}, inside) == [["b", "c"]] * 3
    full = "SELECT ?s { { ?s <urn:p> ?o } UNION { GRAPH ?g { ?s <urn:p> ?o } } } ORDER BY ?s"
    assert asked({"default-graph-uri": "urn:ga", "named-graph-uri": "urn:gb"}, full) == [["a", "b"]] * 3
    assert asked({"default-graph-uri": "urn:gc"}, "SELECT ?s FROM <urn:ga> { ?s <urn:p> ?o }") == [["c"]] * 3


def test_dataset_by_query(client: TestClient) -> None:
    assert names(client.get("/sparql", params={"query": "SELECT ?s FROM <urn:ga> { ?s <urn:p> ?o }"})) == ["a"]
    text = "PREFIX g: <urn:g> SELECT ?s FROM NAMED g:b { GRAPH ?g { ?s <urn:p> ?o } }"
    assert names(client.get("/sparql", params={"query": text})) == ["b"]
    assert not names_graphs('SELECT ?from { ?from ex:from "FROM <urn:x>" } # FROM <urn:x>')


@pytest.mark.parametrize(
    ("query", "offers"),
    [
        (ALL, TABLE_TYPES),
        ("ASK { ?s ?p ?o }", TABLE_TYPES),
        ("CONSTRUCT WHERE { ?s <urn:p> ?o }", GRAPH_TYPES),
        ("DESCRIBE <urn:a>", GRAPH_TYPES),
    ],
)
def test_content_types(client: TestClient, query: str, offers: dict) -> None:
    for media, syntax in offers.items():
        response = client.get("/sparql", params={"query": query}, headers={"Accept": f"{media}, */*;q=0.1"})
        assert response.headers["content-type"].split(";")[0] == media
        if offers is TABLE_TYPES:
            if "ASK" in query and media in ("text/csv", "text/tab-separated-values"):
                assert response.text.strip() == "true"
            elif media == "text/csv":
                assert response.text.split() == ["s", "urn:a", "urn:b", "urn:c"]
            else:
                ox.parse_query_results(response.content, format=syntax)
        else:
            assert list(ox.parse(input=response.content, format=syntax))
    assert client.get("/sparql", params={"query": query}, headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "text/turtle"),
        ("*/*", "text/turtle"),
        ("text/*;q=0.2, application/rdf+xml;q=0.5", "application/rdf+xml"),
        ("text/turtle;q=0, */*", "application/n-triples"),
        ("text/html", None),
        ("application/ld+json;q=nonsense, application/n-triples", "application/n-triples"),
    ],
)
def test_negotiation(accept: str, chosen: str | None) -> None:
    assert negotiate(accept, GRAPH_TYPES) == chosen


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda c: c.put("/sparql", params={"query": ALL}), 405),
        (lambda c: c.get("/sparql", params=[("query", ALL), ("query", ALL)]), 400),
        (lambda c: c.post("/sparql", content=ALL, headers={"Content-Type": "text/plain"}), 415),
        (lambda c: c.post("/sparql", content=f"query={ALL}".encode()), 415),
        (lambda c: c.post("/sparql", content=ALL.encode(), headers={}), 415),
        (lambda c: c.post("/sparql", content=ALL.encode("utf-16"), headers={"Content-Type": f"{QUERY}; charset=UTF-16"}), 415),
        (lambda c: c.post("/sparql", content=b"ASK { ?s ?p '\xff' }", headers={"Content-Type": QUERY}), 400),
        (lambda c: c.get("/sparql", params={"query": "ASK { WHERE }"}), 400),
        (lambda c: c.post("/sparql", params={"query": ALL}, content=ALL, headers={"Content-Type": QUERY}), 400),
        (lambda c: c.get("/sparql", params={"default-graph-uri": "urn:ga"}), 400),
        (lambda c: c.get("/sparql", params={"query": ALL, "default-graph-uri": "no iri"}), 400),
        (lambda c: c.post("/sparql", content=b"query=%FF", headers={"Content-Type": FORM}), 400),
        (lambda c: c.get("/sparql?query=%FF"), 400),
        (lambda c: c.post("/sparql", content=b"#" * (2**20 + 1), headers={"Content-Type": QUERY}), 413),
        (lambda c: c.get("/nowhere"), 404),
    ],
)  # fmt: skip
def test_what_is_refused(client: TestClient, send, status: int) -> None:
    assert send(client).status_code == status


# ---------------------------------------------------------------- update operation


def test_update_by_form_and_body(writable: TestClient) -> None:
    one = "INSERT DATA { GRAPH <urn:g> { <urn:one> <urn:p> 1 } }"
    two = "PREFIX u: <urn:> INSERT DATA { GRAPH u:g { u:two u:p 2 } }"
    assert writable.post("/sparql", data={"update": one}).status_code == 204
    assert writable.post("/sparql", content=two, headers={"Content-Type": UPDATE}).status_code == 204
    assert names(writable.get("/sparql", params={"query": ALL})) == ["one", "two"]
    assert writable.get("/health").json() == {"status": "ok", "writable": True}


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda c: c.get("/sparql", params={"update": "CLEAR ALL"}), 400),
        (lambda c: c.post("/sparql", content="update=CLEAR ALL&update=CLEAR ALL", headers={"Content-Type": FORM}), 400),
        (lambda c: c.post("/sparql", content="CLEAR ALL", headers={"Content-Type": "text/plain"}), 415),
        (lambda c: c.post("/sparql", content=b"CLEAR '\xff'", headers={"Content-Type": UPDATE}), 400),
        (lambda c: c.post("/sparql", data={"update": "CLEAR XYZ"}), 400),
        (lambda c: c.post("/sparql", data={"update": "CLEAR ALL", "using-graph-uri": "urn:g"}), 400),
        (lambda c: c.post("/sparql", data={"update": "LOAD <http://127.0.0.1:9/>"}), 400),
        (lambda c: c.post("/sparql", data={"query": ALL, "update": "CLEAR ALL"}), 400),
        (lambda c: c.post("/sparql", data={"update": "CLEAR ALL"}, headers={"Origin": "https://evil.example"}), 403),
        (lambda c: c.post("/sparql", data={"update": "CLEAR ALL"}, headers={"Authorization": "Bearer no"}), 401),
    ],
)
def test_updates_that_are_refused(writable: TestClient, send, status: int) -> None:
    before = "INSERT DATA { GRAPH <urn:g> { <urn:one> <urn:p> 1 } }"
    writable.post("/sparql", data={"update": before})
    assert send(writable).status_code == status
    assert "one" in names(writable.get("/sparql", params={"query": ALL}))


def test_a_read_only_endpoint_takes_no_update(client: TestClient) -> None:
    assert client.post("/sparql", data={"update": "CLEAR ALL"}).status_code == 403
    assert names(client.get("/sparql", params={"query": ALL})) == ["a", "b", "c"]


# ---------------------------------------------------------------- description and limits


def test_service_description(client: TestClient, writable: TestClient) -> None:
    sd = "http://www.w3.org/ns/sparql-service-description#"
    for media, syntax in GRAPH_TYPES.items():
        response = client.get("/sparql", headers={"Accept": media})
        assert response.headers["content-type"].split(";")[0] == media
        triples = {
            (q.predicate.value, getattr(q.object, "value", "")) for q in ox.parse(response.content, format=syntax)
        }
        assert (sd + "endpoint", "http://127.0.0.1:7878/sparql") in triples
        assert (sd + "feature", sd + "UnionDefaultGraph") in triples
        assert (sd + "supportedLanguage", sd + "SPARQL11Update") not in triples
    assert "SPARQL11Update" in writable.get("/sparql").text
    assert client.get("/sparql", headers={"Accept": "image/png"}).status_code == 406
    browsed = client.get(
        "/sparql", headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"}, follow_redirects=False
    )
    assert (browsed.status_code, browsed.headers["location"]) == (303, "./")
    assert client.get("/sparql", headers={"Accept": "*/*"}).headers["content-type"].startswith("text/turtle")


def test_limits(place: Path) -> None:
    settings = EndpointSettings(directory=place, timeout=3, limit=2**16, workers=1)
    with TestClient(application(settings), base_url="http://127.0.0.1:7878") as client:
        product = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
        assert client.get("/sparql", params={"query": product}).status_code == 504
        response = client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"})
        assert response.status_code == 413
        assert "LIMIT" in response.text
        assert names(client.get("/sparql", params={"query": ALL})) == ["a", "b", "c"], "and it goes on"


def test_a_page_of_another_site_is_kept_out(client: TestClient) -> None:
    assert client.get("/sparql", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/sparql", params={"query": ALL}, headers={"Origin": "https://evil.example"}).status_code == 403


def test_other_machines_need_a_token(place: Path) -> None:
    with pytest.raises(UsageError, match="NECESSITY_TOKEN"):
        serve(EndpointSettings(directory=place, host="0.0.0.0"))


CALLS = [
    "SELECT * { SERVICE <http://127.0.0.1:9/> {} }",
    "SELECT * { service silent<http://127.0.0.1:9/>{} }",
    "SELECT * { {} SERVICE ?x {} }",
    "SELECT * { SERV\\u0049CE <http://127.0.0.1:9/> {} }",
    "SELECT * { ?s ?p 'a\\'' . SERVICE <urn:x> {} }",
    "SELECT * { ?s ?p 1.SERVICE <urn:x> {} }",
    "SELECT * { ?s ?p trueSERVICEe:x {} }",
    "SELECT * { ?s ?p e:.SERVICE <urn:x> {} }",
    "SELECT * { ?a ?b ?c FILTER(?a<'>') SERVICE <http://127.0.0.1:9/> { ?x ?y ?z } } #'",
    "PREFIX p: <urn:> SELECT * { ?s <p#> ?o FILTER(?a<'>') SERVICE <http://127.0.0.1:9/> {} }",
    "SELECT * { ?s <p#> ?o FILTER(?a<b#>')\n SERVICE <http://127.0.0.1:9/> {} } #'",
    "PREFIX e: <urn:> SELECT * { ?s e:a\\' ?o . {} SERVICE <http://127.0.0.1:9/> {} } # '",
    "PREFIX e: <urn:> SELECT * { ?s ?p ?a FILTER(e:b\\) = 1 && ?a<'>') {} SERVICE <http://127.0.0.1:9/> {} } #'",
    "INSERT DATA { <urn:a> <urn:b> 1 } ; LOAD <file:///etc/passwd>",
]
HARMLESS = [
    'SELECT * { ?s ?p "the service" } # the service',
    "PREFIX a: <http://x#> SELECT ?service { ?service a:serviceStart ?s . FILTER(?s = 'load') }",
    "SELECT * { ?s <http://x/service> ?p }",
    'SELECT * { ?a ?b """ x " SERVICE """ }',
    "SELECT * { ?a ?b 'x'@service }",
    "SELECT * { ?s <p#> ?o FILTER(?a<'>') }",
    "INSERT DATA { GRAPH <urn:g> { <urn:a#b> <urn:p#q> 'service (of any kind)' , <urn:c#d> } }",
    "SELECT * { ?s <http://x/p#load> ?o FILTER(?o > 1) }",
]


@pytest.mark.parametrize("text", CALLS)
def test_calls_to_other_servers_are_refused(client: TestClient, text: str) -> None:
    with pytest.raises(QueryError):
        refuse_outreach(text)
    assert client.post("/sparql", data={"query": text}).status_code == 400


@pytest.mark.parametrize("text", HARMLESS)
def test_the_mere_word_is_no_call(text: str) -> None:
    refuse_outreach(text)


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_process(tmp_path: Path, end: signal.Signals) -> None:
    """Starts, answers, stops on a signal, and leaves no worker behind that keeps the store from being changed."""
    open_store(tmp_path, write=True).close()
    port = free_port()
    command = [sys.executable, "-c", "from reasoner.cli import entry; entry()"]
    arguments = ["serve", "--kb", str(tmp_path), "--port", str(port)]
    process = subprocess.Popen(
        [*command, *arguments], stderr=subprocess.PIPE, env={**os.environ, "NECESSITY_TOKEN": ""}
    )

    def answers() -> bool:
        assert process.poll() is None, "it has ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as response:
                return response.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def can_be_changed() -> bool:
        try:
            open_store(tmp_path, write=True).close()
        except StoreError:
            return False
        return True

    eventually(answers)
    process.send_signal(end)
    assert process.wait(120) in (0, -end, 128 + end)
    eventually(can_be_changed)


# ---------------------------------------------------------------- clients of all kinds


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[TestClient]:
    """An endpoint with a policy, which pages of one other site may ask."""
    place = tmp_path_factory.mktemp("known")
    with KnowledgeBase(open_store(place, write=True)) as kb:
        kb.load_policy(policy)
    settings = EndpointSettings(directory=place, workers=1, origins=("https://editor.example",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("answers")))
        with TestClient(application(settings), base_url="http://127.0.0.1:7878") as found:
            yield found


def test_a_page_of_a_listed_site_may_ask_and_no_other(known: TestClient) -> None:
    asked = {"Origin": "https://editor.example", "Access-Control-Request-Method": "POST"}
    before = known.options("/sparql", headers={**asked, "Access-Control-Request-Headers": "authorization,content-type"})
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == "https://editor.example"
    answer = known.post("/sparql", data={"query": "ASK {}"}, headers={"Origin": "https://editor.example"})
    assert answer.json()["boolean"] is True
    assert answer.headers["access-control-allow-origin"] == "https://editor.example"
    for origin in ("https://other.example", "http://editor.example", "null", "http://127.0.0.1:1"):
        refused = known.post("/sparql", data={"query": "ASK {}"}, headers={"Origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
        assert known.options("/sparql", headers={**asked, "Origin": origin}).status_code == 400


def test_options_and_head(known: TestClient) -> None:
    assert known.options("/sparql").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    head = known.head("/sparql", params={"query": "ASK {}"})
    assert (head.status_code, head.headers["content-type"]) == (200, "application/sparql-results+json")
    assert known.head("/sparql").status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_plain_media_types(known: TestClient, accept: str) -> None:
    table = known.get("/sparql", params={"query": "SELECT * { VALUES ?x { 1 } }"}, headers={"Accept": accept})
    assert table.headers["content-type"] == accept
    form = ox.QueryResultsFormat.JSON if accept.endswith("json") else ox.QueryResultsFormat.XML
    assert [str(row["x"].value) for row in ox.parse_query_results(table.content, format=form)] == ["1"]
    graph = known.get("/sparql", params={"query": "CONSTRUCT { <urn:s> <urn:p> 1 } {}"}, headers={"Accept": accept})
    syntax = ox.RdfFormat.JSON_LD if accept.endswith("json") else ox.RdfFormat.RDF_XML
    assert len(list(ox.parse(input=graph.content, format=syntax))) == 1


def test_answers_are_compressed_for_those_who_take_it(known: TestClient) -> None:
    query = {"query": "SELECT * { ?s ?p ?o } LIMIT 500"}
    whole = known.get("/sparql", params=query, headers={"Accept-Encoding": "identity"})
    packed = known.get("/sparql", params=query, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(whole.content)
    assert packed.content == whole.content


def test_a_graph_is_read_by_its_name(known: TestClient) -> None:
    core = graph_name(GraphKind.VOCABULARY, "https://w3id.org/necessity/core")
    answer = known.get("/graphs", params={"graph": core}, headers={"Accept": "application/n-triples"})
    triples = {quad.triple for quad in ox.parse(input=answer.content, format=ox.RdfFormat.N_TRIPLES)}
    assert len(triples) > 500
    everything = known.get("/graphs", params={"default": ""}, headers={"Accept": "application/n-triples"})
    assert triples < {quad.triple for quad in ox.parse(input=everything.content, format=ox.RdfFormat.N_TRIPLES)}
    assert known.head("/graphs", params={"graph": core}).status_code == 200
    assert known.get("/graphs", params={"graph": "urn:none"}).status_code == 404
    for wrong in ({}, {"graph": "no iri"}, {"graph": core, "default": ""}, {"other": ""}):
        assert known.get("/graphs", params=wrong).status_code == 400
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert known.request(method, "/graphs", params={"graph": core}).status_code == 405


def test_prefixes_of_vocabularies_and_sections_need_no_declaration(known: TestClient) -> None:
    query = """SELECT ?label { iop:SafetyPlan rdfs:subClassOf*/skos:prefLabel ?label .
        adult-admission:6-plan dcterms:identifier ?id ; a ?kind . ?kind rdfs:subClassOf* nec:Criterion }"""
    rows = known.get("/sparql", params={"query": query}).json()["results"]["bindings"]
    assert {"safety plan"} <= {row["label"]["value"] for row in rows}
    refused = known.get("/sparql", params={"query": "SELECT * {\n  ?s none:such ?o }"})
    assert refused.status_code == 400
    assert refused.text == "it is not SPARQL: line 2, column 6: the prefix of none:such is not declared\n"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SELECT ?s { ?s ?p ?o ", "line 1, column 22, at the end"),
        ("SELECT ?s {\n ?s ?p ?o .\n FILTR(?s) }", "line 3, column 10, at ') }'"),
    ],
)
def test_an_error_is_short_and_points_at_the_place(known: TestClient, query: str, place: str) -> None:
    refused = known.get("/sparql", params={"query": query})
    assert refused.status_code == 400
    assert refused.text == f"it is not SPARQL: {place}\n"


DEEP = {
    "groups": "SELECT * " + "{" * 5000 + "?s ?p ?o" + "}" * 5000,
    "parentheses": "SELECT * { ?s ?p ?o FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }",
    "negations": "SELECT * { ?s ?p ?o FILTER(" + "!" * 20000 + "1) }",
    "alternatives": "SELECT * { ?s ?p ?o FILTER(" + "||".join(["?o=1"] * 20000) + ") }",
    "unions": "SELECT * { " + " UNION ".join(["{ ?s ?p ?o }"] * 20000) + " }",
    "subqueries": "SELECT * { " + "{ SELECT * { " * 2000 + "?s ?p ?o" + " } }" * 2000 + " }",
    "absences": "SELECT * { ?s ?p ?o " + "FILTER NOT EXISTS { ?s ?p ?o " * 2000 + "}" * 2000 + " }",
    "paths": "SELECT * { ?s " + "/".join(["<urn:p>"] * 20000) + " ?o }",
    "lists": "SELECT * { ?s ?p " + "(" * 5000 + "1" + ")" * 5000 + " }",
}


@pytest.mark.parametrize("name", DEEP)
def test_what_would_end_the_process_is_refused(known: TestClient, name: str) -> None:
    refused = known.post("/sparql", data={"query": DEEP[name]})
    assert refused.status_code == 400
    assert "it nests brackets" in refused.text or "it joins more" in refused.text
    assert known.get("/health").status_code == 200


def test_many_values_are_no_depth() -> None:
    refuse_outreach("SELECT * { VALUES ?x { " + "<urn:x.y.z> " * 30_000 + "} ?x ?p '((((((' }")
    refuse_outreach("INSERT DATA { GRAPH <urn:g> { " + "<urn:s> <urn:p> 1 . " * 30_000 + "} }")


def test_a_long_answer_is_sent_whole_and_is_never_in_memory(known: TestClient, monkeypatch) -> None:
    from starlette.responses import StreamingResponse

    sizes: list[int] = []

    def noted(self, content, *rest, **named):
        def pieces():
            for piece in content:
                sizes.append(len(piece))
                yield piece

        StreamingResponse.__init__(self, pieces(), *rest, **named)

    monkeypatch.setattr(endpoint, "StreamingResponse", type("Noted", (StreamingResponse,), {"__init__": noted}))
    product = "SELECT * { ?s ?p ?o . ?o ?q ?r }"
    answer = known.get("/sparql", params={"query": product}, headers={"Accept": "text/csv", "Accept-Encoding": ""})
    assert answer.status_code == 200
    assert sum(sizes) == len(answer.content) == int(answer.headers["content-length"])
    assert len(sizes) > 3
    assert max(sizes) <= 2**20
    count = known.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o . ?o ?q ?r }"})
    rows = int(count.json()["results"]["bindings"][0]["n"]["value"])
    assert len(list(csv.reader(io.StringIO(answer.text)))) == rows + 1
    graph = known.get("/graphs", params={"default": ""}, headers={"Accept": "application/n-triples"})
    everything = known.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"})
    assert len(graph.text.splitlines()) == int(everything.json()["results"]["bindings"][0]["n"]["value"])
    (folder,) = Path(tempfile.gettempdir()).iterdir()
    assert [path.name for path in folder.iterdir()] == ["lock"], "no answer is left behind"
