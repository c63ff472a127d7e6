"""Requests as browsers, libraries and attackers send them: negotiation, other sites, hang-ups, and bodies without end."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from reasoner.cli import _parser
from reasoner.ground.errors import QueryError
from reasoner.store import endpoint
from reasoner.store.backends import MemoryStore, open_store
from reasoner.store.endpoint import EndpointSettings, application
from reasoner.store.protocol import content_type, takes_gzip
from tests.conftest import eventually, served

HERE = "http://127.0.0.1:7878"
LISTED = "https://yasgui.example"
ROWS = {"query": "SELECT * { ?s ?p ?o } ORDER BY ?o"}
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("http")
    store = open_store(path, write=True)
    rows = " ".join(f"<urn:n{n}> <urn:q> {n} ." for n in range(2000))
    store.update(f"INSERT DATA {{ GRAPH <urn:g> {{ {rows} }} }}")
    store.close()
    return path


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[TestClient]:
    settings = EndpointSettings(directory=place, workers=1, origins=(LISTED,), token="secret")
    headers = {"Authorization": "Bearer secret"}
    with TestClient(application(settings), base_url=HERE, headers=headers) as found:
        yield found


@pytest.mark.parametrize("path", ["/", "/sparql", "/graphs", "/changes", "/prefixes", "/health", "/questions"])
def test_every_place_says_what_it_allows(client: TestClient, path: str) -> None:
    told = client.options(path)
    assert told.status_code == 204
    allowed = set(told.headers["allow"].split(", "))
    assert "OPTIONS" in allowed
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, path)
        assert (answer.status_code == 405) == (method not in allowed), method
        if answer.status_code == 405:
            assert set(answer.headers["allow"].split(", ")) == allowed
        assert method != "HEAD" or not answer.content


@pytest.mark.parametrize("path", ["/sparql?query=ASK{}", "/graphs?default", "/prefixes"])
def test_every_refusal_says_how_to_authenticate(client: TestClient, path: str) -> None:
    refused = client.get(path, headers={"Authorization": "Bearer other"})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("accept", "taken"),
    [("gzip", True), ("GZIP", True), ("x-gzip;q=0.1", True), ("*", True), ("br, gzip;q=1.0, *;q=0.5", True),
     ("gzip;q=0", False), ("gzip; q=0.0, *", False), ("identity", False), ("*;q=0", False), ("br", False), ("", False)],
)  # fmt: skip
def test_compression_by_quality(client: TestClient, accept: str, taken: bool) -> None:
    assert takes_gzip(accept) is taken
    answer = client.get("/sparql", params=ROWS, headers={"Accept-Encoding": accept})
    assert (answer.headers.get("content-encoding") == "gzip") is taken
    assert "Accept-Encoding" in answer.headers["vary"]
    assert len(answer.json()["results"]["bindings"]) == 2000


def test_several_accept_headers_are_one(client: TestClient) -> None:
    answer = client.get("/sparql", params=ROWS, headers=[("Accept", "image/png"), ("Accept", "text/csv")])
    assert answer.headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize(
    ("header", "read"),
    [("Application/SPARQL-Query", ("application/sparql-query", "")),
     ('text/x; charset="UTF-8"; boundary=y', ("text/x", "utf-8")),
     ("text/x ; a=b;charset=Latin-1", ("text/x", "latin-1")), ("", ("", ""))],
)  # fmt: skip
def test_content_types(header: str, read: tuple[str, str]) -> None:
    assert content_type(header) == read


OTHERS = ["null", "https://evil.example", "https://sub.yasgui.example", "https://yasgui.example.evil.example"]
OTHERS += [
    "http://yasgui.example",
    "https://yasgui.example:8443",
    "https://YASGUI.example",
    "file://",
    "http://127.0.0.1:1",
]


@pytest.mark.parametrize("origin", OTHERS)
def test_pages_of_sites_that_are_not_listed(client: TestClient, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for answer in (
        client.get("/sparql", params=ROWS, headers={"Origin": origin}),
        client.options("/sparql", headers=asked),
    ):
        assert answer.status_code in (400, 403)
        assert "access-control-allow-origin" not in answer.headers


def test_pages_of_a_site_that_is_listed(client: TestClient) -> None:
    """They may ask, also from the web to this machine, and read errors; cookies and credentials of the browser are not taken."""
    asked = {
        "Origin": LISTED,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    for headers in (asked, {**asked, "Access-Control-Request-Headers": "authorization,content-type"}):
        told = client.options("/graphs", headers=headers)
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, LISTED)
        assert told.headers["access-control-allow-private-network"] == "true"
        assert "access-control-allow-credentials" not in told.headers
    for path in ("/sparql?query=ASK{}", "/sparql?query=nonsense", "/graphs?graph=urn:none", "/prefixes", "/nowhere"):
        assert client.get(path, headers={"Origin": LISTED}).headers["access-control-allow-origin"] == LISTED
    assert client.options("/sparql", headers={**asked, "Access-Control-Request-Method": "DELETE"}).status_code == 400


@pytest.mark.parametrize(
    ("given", "origin"),
    [("https://Yasgui.Example", LISTED), ("HTTPS://yasgui.example:443", LISTED), ("http://a:80", "http://a"),
     ("http://a:81", "http://a:81"), ("https://a/", ""), ("null", ""), ("*", ""), ("https://u@a", ""), ("ftp://a", ""), ("//a", "")],
)  # fmt: skip
def test_an_origin_is_given_as_browsers_write_it(given: str, origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["serve", "--kb", "kb", "--origin", given]
    if origin:
        assert _parser(command).parse_args(command).origin == [origin]
    else:
        with pytest.raises(SystemExit):
            _parser(command).parse_args(command)
        assert "is no origin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SELECT * {\n ?s x:y ?o}", "line 2, column 5: the prefix of x:y is not declared"),
        ("SELECT * { ?s known:p/foo:q ?o }", "line 1, column 23: the prefix of foo:q is not declared"),
        ("SELECT * {\r\n FILTER(ex:f('no:prefix')) } # nor:here", "line 2, column 9: the prefix of ex:f"),
        ('PREFIX a: <urn:b:c> SELECT * { ?s a:b "d:e" }}', "line 1, column 47, at the end"),
        ("SELECT * { ?s :p ?o }", "line 1, column 15: the prefix of :p is not declared"),
    ],
)
def test_a_missing_prefix_is_told_wherever_it_stands(query: str, place: str) -> None:
    with pytest.raises(QueryError) as told:
        MemoryStore().query(query, prefixes={"known": "urn:known#"})
    assert str(told.value).startswith(f"it is not SPARQL: {place}")


def test_a_read_only_endpoint_takes_no_long_body(client: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/sparql", content=b"query=" + b"#" * 2**20, headers=form).status_code == 413
    update = {"Content-Type": "application/sparql-update"}
    assert client.post("/sparql", content=b"#" * (2**20 + 1), headers=update).status_code == 413


def test_twenty_clients_at_once(place: Path) -> None:
    with served(place, workers=2) as url, ThreadPoolExecutor(20) as clients:
        host = urlsplit(url).netloc

        def ask(number: int) -> int:
            connection = http.client.HTTPConnection(host, timeout=120)
            query = f"SELECT ?s {{ ?s <urn:q> {number} }}"
            connection.request("GET", f"/sparql?{urlencode({'query': query})}")
            (row,) = json.loads(connection.getresponse().read())["results"]["bindings"]
            connection.close()
            return int(row["s"]["value"].removeprefix("urn:n"))

        assert list(clients.map(ask, range(60))) == list(range(60))


def test_those_who_hang_up_hold_nobody_up(place: Path) -> None:
    """A query of which nobody reads the answer is ended, and connections that never finish their request cost nothing."""
    with served(place, workers=1, timeout=600) as url:
        parts = urlsplit(url)
        address = (parts.hostname, parts.port)
        head = f"Host: {parts.netloc}\r\n"
        unfinished = []
        for _ in range(30):
            unfinished.append(socket.create_connection(address))
            unfinished[-1].sendall(b"GET /sparql HTTP/1.1\r\nHost: ")
            unfinished.append(socket.create_connection(address))
            unfinished[-1].sendall(
                f"POST /sparql HTTP/1.1\r\n{head}Content-Type: application/sparql-query\r\nContent-Length: 99\r\n\r\nSEL".encode()
            )
        for _ in range(2):
            with socket.create_connection(address) as asking:
                asking.sendall(f"GET /sparql?query={quote(ENDLESS)} HTTP/1.1\r\n{head}\r\n".encode())
        connection = http.client.HTTPConnection(parts.netloc, timeout=300)
        connection.request("GET", f"/sparql?query={quote('ASK {}')}")
        assert connection.getresponse().status == 200, "long before the time of the others is over"
        for each in unfinished:
            each.close()


def test_a_request_that_ends_early_is_no_fault(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen, refused = threading.Event(), endpoint._gone
    monkeypatch.setattr(endpoint, "_gone", lambda: (seen.set(), refused())[1])
    with served(place, workers=1) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port)) as sending:
            sending.sendall(
                f"POST /sparql HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/sparql-query\r\n"
                "Content-Length: 99\r\n\r\nSELECT".encode()
            )
        eventually(seen.is_set)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("made", ["\\u0007", "\\uFFFE"])
@pytest.mark.parametrize(
    ("query", "xml", "other"),
    [
        ("SELECT (%s AS ?x) {}", "application/sparql-results+xml", "application/sparql-results+json"),
        ("CONSTRUCT { <urn:a> <urn:p> ?x } { BIND(%s AS ?x) }", "application/rdf+xml", "text/turtle"),
    ],
)
def test_what_xml_cannot_hold_is_refused_there(client: TestClient, query: str, xml: str, other: str, made: str) -> None:
    bad, good = query % f'"a{made}"', query % '"a\\t\u20ac\U0001f600"'
    refused = client.get("/sparql", params={"query": bad}, headers={"Accept": xml})
    assert (refused.status_code, refused.text.count("\n")) == (400, 1)
    assert "Ask for JSON" in refused.text
    assert client.get("/sparql", params={"query": bad}, headers={"Accept": other}).status_code == 200
    told = client.get("/sparql", params={"query": good}, headers={"Accept": xml})
    assert ElementTree.fromstring(told.content) is not None
