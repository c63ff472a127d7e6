"""The page of the endpoint: what it is made of, and how it behaves in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from reasoner import Policy
from reasoner.store import query_page
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.endpoint import EndpointSettings, application
from reasoner.store.questions import library
from tests.conftest import served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PARTS = sorted((Path(query_page.__file__).parent / "page").iterdir())
HOSTILE = '<img src=x onerror="document.title=1">'
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Path:
    path = tmp_path_factory.mktemp("page")
    with KnowledgeBase(open_store(path, write=True)) as kb:
        kb.load_policy(policy)
        kb.update(
            f"""PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
            INSERT DATA {{ GRAPH <urn:g> {{ <https://w3id.org/necessity/core#Hostile> a skos:Concept ; skos:prefLabel '{HOSTILE}'@en }} }}"""
        )
    return path


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[TestClient]:
    settings = EndpointSettings(directory=place, workers=1, token="secret")
    with TestClient(application(settings), base_url="http://127.0.0.1:7878") as found:
        yield found


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_nothing_in_it_comes_from_elsewhere(client: TestClient, part: Path) -> None:
    text = part.read_text()
    found = client.get("/" if part.name == "index.html" else f"/page/{part.name}")
    assert (found.status_code, found.text) == (200, text)
    policy = dict(rule.split(" ", 1) for rule in found.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert not re.search(r"""(?:src|import|from|url\()\s*=?\s*["']?(?:https?:)?//""", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|innerHTML|eval\(", text)


def test_the_page_needs_no_token_and_what_it_shows_does(client: TestClient) -> None:
    assert client.get("/page/nothing.js").status_code == 404
    assert client.get("/page/../endpoint.py").status_code == 404
    assert client.get("/prefixes").status_code == 401
    known = client.get("/prefixes", headers={"Authorization": "Bearer secret"}).json()
    assert known["iop"] == "https://w3id.org/necessity/mp9556/vocabulary#"
    assert known["adult-admission"].endswith("/adult-admission/")


def test_the_questions_and_their_parameters(client: TestClient) -> None:
    told = {question["name"]: question for question in client.get("/questions").json()}
    assert list(told) == list(library())
    for name, query in library().items():
        assert (told[name]["title"], told[name]["text"], told[name]["columns"]) == (
            query.title,
            query.text,
            query.columns,
        )
        assert [parameter["name"] for parameter in told[name]["parameters"]] == list(query.parameters)
    bound = client.get("/questions/old-evidence", params={"days": "7"})
    assert bound.text == library()["old-evidence"].bind({"days": "7"})
    refused = client.get("/questions/old-evidence", params={"days": "7 } ?s ?p ?o {"})
    assert refused.status_code == 400
    assert "no integer" in refused.text
    assert client.get("/questions/nothing").status_code == 404


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to open the page with")
def test_the_page_in_a_browser(place: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    outside, faults = [], []
    with served(place, token="secret", workers=1) as url, sync_playwright() as playwright:
        root = url.removesuffix("sparql")
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page(bypass_csp=False)
        page.set_default_timeout(60_000)
        page.on("request", lambda r: None if r.url.startswith((root, "data:", "blob:")) else outside.append(r.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(root)
        page.get_by_label("Token").fill("secret")
        page.get_by_role("button", name="Use", exact=True).click()

        page.get_by_label("Find a question").fill("rest on evidence older")
        page.get_by_role("button", name="old-evidence").click()
        text = page.get_by_label("Query in SPARQL")
        page.get_by_label("days (integer)").fill("five")
        expect(page.locator("#parameter-problem")).to_contain_text("no integer")
        page.get_by_label("days (integer)").fill("7")
        expect(text).to_have_value(re.compile('VALUES \\?days { "7"'))
        expect(page.locator("#parameter-problem")).to_be_empty()

        page.get_by_role("tab", name="Terms").click()
        page.get_by_label("Find a term").fill("safety plan made with provider")
        expect(page.locator("#term-list")).to_contain_text("class of statements")
        expect(page.locator("#term-list")).to_contain_text("A statement that affirms or denies this: The person made")
        text.fill("SELECT ?label { ")
        page.get_by_role("button", name="iop:SafetyPlanMadeWithProvider").click()
        text.press_sequentially(" skos:prefLabel ?label }")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("#table td")).to_have_text("safety plan made with provider")
        expect(page.locator("#summary")).to_contain_text("1 row,")
        with page.expect_download() as got:
            page.get_by_role("button", name="Download").click()
        assert Path(got.value.path()).read_text().splitlines()[0] == "label"

        text.fill("SELECT ?x {\n  ?x rdfs:subClassOf ")
        text.press_sequentially("iop:SafetyPlanMadeWithP")
        expect(page.locator("#completion li")).to_have_count(1)
        text.press("Enter")
        text.press_sequentially(" }")
        expect(text).to_have_value("SELECT ?x {\n  ?x rdfs:subClassOf iop:SafetyPlanMadeWithProvider }")

        text.fill("SELECT * {\n  ?s none:such ?o }")
        text.press("Control+Enter")
        expect(page.locator("#problem")).to_have_text(
            "it is not SPARQL: line 2, column 6: the prefix of none:such is not declared"
        )
        assert text.evaluate("field => field.selectionStart") == len("SELECT * {\n  ?s ")

        text.fill("SELECT * { VALUES ?x { nec:Hostile } ?x skos:prefLabel ?label }")
        text.press("Control+Enter")
        expect(page.locator("#table")).to_contain_text(HOSTILE)
        page.locator("#table td button").get_by_text("nec:Hostile").first.click()
        expect(page.locator("#said")).to_contain_text(HOSTILE)
        page.get_by_role("button", name="Close").click()
        assert "Necessity" in page.title()

        text.fill("ASK {}")
        text.press("Control+Enter")
        expect(page.locator("#summary")).to_contain_text("Yes")
        text.fill("CONSTRUCT { nec:a nec:b ?x } { VALUES ?x { 1 } }")
        text.press("Control+Enter")
        expect(page.locator("#graph")).to_contain_text("nec:a nec:b 1")
        browser.close()

        # The policy of the page refuses scripts that are put into it, as the check of accessibility is.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        for scheme in ("light", "dark"):
            page = browser.new_context(bypass_csp=True, color_scheme=scheme).new_page()
            page.goto(root)
            page.get_by_label("Token").fill("secret")
            page.get_by_role("button", name="Use", exact=True).click()
            page.get_by_role("button", name="Ask", exact=True).click()
            page.locator("#told").wait_for()
            violations = Axe().run(page, options=RULES).response["violations"]
            assert not violations, [(v["id"], [n["target"] for n in v["nodes"][:3]]) for v in violations]
        browser.close()
    assert not outside
    assert not faults
