"""The workplace's pages as Streamlit runs them, without a browser."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from reasoner import Policy
from reasoner.review import people
from reasoner.review.authority import Role
from reasoner.store.audit import AuditTrail
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.questions import library
from reasoner.workplace.drafts import Drafts
from reasoner.workplace.team import Team
from tests.conftest import ROOT, write_toy
from tests.workplace.sample_base import build, opaque_id

APP = ROOT / "app"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Path:
    return build(tmp_path_factory.mktemp("app") / "kb", policy)


@pytest.fixture(autouse=True)
def workplace(base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("NECESSITY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NECESSITY_KB", str(base))
    monkeypatch.syspath_prepend(str(APP))
    # The framework puts its script in this place, and other tests' processes would begin with it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    session = sys.modules.get("parts.session")
    if session:
        session.workplace.clear()


def run(role: Role | None = Role.REVIEWER, name: str = "Nora Fields", licence: str = "", **query: str) -> AppTest:
    """The app as a person sees it who is at work; at the question who that is, for no role."""
    test = AppTest.from_file(str(APP / "main.py"), default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    if role:
        test.session_state["user"] = people.local(name, role, licence)
    return test.run()


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def texts(test: AppTest) -> str:
    return "\n".join(
        element.value
        for kind in ("text", "info", "warning", "error", "success", "caption")
        for element in test.get(kind)
    )


def test_someone_has_to_be_at_work(base: Path) -> None:
    test = run(None)
    assert test.title[0].value == "Who is at work?"
    assert "nobody checks who you are" in texts(test)
    test.text_input[0].set_value("  ")
    test.button[0].click().run()
    assert "no name is given" in texts(test)
    test.text_input[0].set_value("Una Marr")
    test.selectbox[0].set_value(Role.CLINICIAN)
    test.button[0].click().run()
    assert test.title[0].value == "Worklist"
    assert test.session_state["user"].role is Role.CLINICIAN
    assert [e.name for e in AuditTrail(base / "audit.jsonl").entries()][-1] == "Una Marr"
    # A reload knows the person by the address, which holds no name.
    again = run(None, **{"as": test.session_state["as"]})
    assert again.session_state["user"].name == "Una Marr"
    assert "Una" not in test.session_state["as"]


def test_the_worklist_counts_and_filters() -> None:
    test = run()
    assert not test.exception
    assert "Unassigned <strong>8</strong>" in html(test)
    assert "8 of 8 requests" in html(test)
    test.text_input(key="text").set_value("nothing-on").run()
    assert "1 of 8 requests" in html(test)
    test.text_input(key="text").set_value("there is none").run()
    assert "No request matches" in texts(test)
    next(b for b in test.button if b.label.startswith("Look among all requests")).click().run()
    assert (test.session_state["queue"], test.text_input(key="text").value) == ("all", "there is none")
    next(b for b in test.button if b.label == "Take the filters away").click().run()
    assert test.text_input(key="text").value == ""
    assert "8 of 8 requests" in html(test)
    test.multiselect(key="outcomes").set_value(["criteria-met"]).run()
    (found,) = re.findall(r"\d of 8 requests", html(test))
    assert found != "8 of 8 requests"
    loaded = run(outcomes="criteria met")
    assert "Filters (1)" in [each.proto.popover.label for each in loaded.get("popover")]
    assert found in html(loaded)
    test.text_input(key="view name").set_value(" ").run()
    next(b for b in test.button if b.label == "Save view").click().run()
    assert test.selectbox(key="view").options == ["none"]
    test.text_input(key="view name").set_value("those met").run()
    next(b for b in test.button if b.label == "Save view").click().run()
    assert "those met" in test.selectbox(key="view").options
    test.selectbox(key="view").set_value("").run()
    assert "8 of 8 requests" in html(test)
    test.selectbox(key="view").set_value("those met").run()
    assert test.multiselect(key="outcomes").value == ["criteria-met"]
    assert found in html(test)


@pytest.mark.parametrize(
    ("queue", "said", "other"),
    [("mine", "Claim one that nobody has", "Unassigned"), ("returned", "No documentation has come back", "All open")],
)
def test_an_empty_queue_says_what_to_do(queue: str, said: str, other: str) -> None:
    test = run()
    test.session_state["queue"] = queue
    test.run()
    assert said in texts(test)
    assert [link.proto.label for link in test.get("page_link")] == ["Take in a new request"]
    next(b for b in test.button if b.label == f"Show the queue “{other}”").click().run()
    assert not test.exception
    assert "8 of 8 requests" in html(test)


def test_an_empty_base_leads_to_a_new_request(tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    with KnowledgeBase(open_store(tmp_path / "kb", write=True)) as kb:
        kb.load_policy(policy)
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    assert [link.proto.label for link in run().get("page_link")] == ["Take in a new request"]
    assert not run(Role.VIEWER).get("page_link")


def test_every_time_is_of_one_zone_that_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("time_zone = 'Pacific/Kiritimati'\n")
    monkeypatch.setenv("NECESSITY_SETTINGS", str(settings))
    test = run()
    assert html(test).count("Times are those of Pacific/Kiritimati.") == 1
    session, paint = sys.modules["parts.session"], sys.modules["parts.paint"]
    assert paint.clock_time(datetime(2026, 1, 1, 12, 30, tzinfo=UTC)) == "2026-01-02 02:30"
    assert session.today() == datetime.now(ZoneInfo("Pacific/Kiritimati")).date()


def test_outcomes_over_time_are_counted_as_the_library_counts_them() -> None:
    test = run()
    assert not test.exception
    overview, session = sys.modules["views.overview"], sys.modules["parts.session"]
    person = people.local("Nora Fields", Role.REVIEWER)
    counted = overview.outcomes_by_month(session.workplace().items(person))
    name = "outcomes-by-month"
    asked = session.workplace().query(person, library()[name].text, name).to_pandas()
    assert counted.astype(str).values.tolist() == asked[list(counted.columns)].astype(str).values.tolist()


def test_only_my_drafts(base: Path) -> None:
    person = people.local("Dora Raft", Role.REVIEWER)
    Drafts(base / "workplace" / "drafts.db").save(opaque_id("criteria-met"), person.iri, "rationale", "x", 0)
    test = run(name="Dora Raft")
    test.checkbox(key="drafts").check().run()
    assert "1 of 8 requests" in html(test)


def test_a_request_is_claimed_and_found_in_the_own_queue() -> None:
    test = view("case", case=opaque_id("criteria-met"), user=people.local("Nora Claims", Role.REVIEWER))
    assert "With nobody" in texts(test)
    late = view("case", case=opaque_id("criteria-met"), user=people.local("Lars Late", Role.REVIEWER))
    next(b for b in test.button if b.label == "Claim").click().run()
    assert "With you since" in texts(test)
    next(b for b in late.button if b.label == "Claim").click().run()
    assert "With Nora Claims since" in texts(late)
    queue = run(name="Nora Claims", queue="Mine")
    assert not queue.exception
    assert "1 of 8 requests" in html(queue)
    other = view("case", case=opaque_id("criteria-met"), user=people.local("Otto Other", Role.REVIEWER))
    assert "With Nora Claims since" in texts(other)
    assert not [b for b in other.button if b.label in ("Claim", "Give back")]
    next(b for b in test.button if b.label == "Give back").click().run()
    assert "With nobody" in texts(test)


def test_an_error_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "none"))
    monkeypatch.setenv("NECESSITY_SETTINGS", str(tmp_path / "none.toml"))
    test = run()
    assert test.title[0].value == "The workplace cannot open"
    assert "the settings cannot be read" in texts(test)
    assert not test.exception


def test_the_settings_in_use_are_well_formed() -> None:
    from reasoner.review.turnaround import published_rules
    from reasoner.workplace.settings import read_settings

    settings = read_settings(APP / "settings.toml")
    assert settings.turnaround == published_rules()
    assert set(settings.directory.roles) == set(Role)


def test_saved_people_hold_no_secret(base: Path) -> None:
    for content in Drafts(base / "workplace" / "drafts.db").views("local").values():
        assert set(json.loads(content)) == {"name", "role", "licence", "title", "specialty"}


def view(name: str, role: Role = Role.REVIEWER, **state: object) -> AppTest:
    """One page by itself."""
    test = AppTest.from_string(f"from views import {name}\n{name}.show()", default_timeout=60)
    test.session_state["user"] = people.local("Nora Fields", role, "MO 1")
    for key, value in state.items():
        test.session_state[key] = value
    return test.run()


def test_quality_shows_metrics_and_agreement(base: Path) -> None:
    test = view("quality")
    assert not test.exception
    assert "mean hours to decision" in html(test)
    test.segmented_control(key="quality").set_value("Agreement").run()
    assert not test.exception
    assert "No two people" in texts(test)


def test_a_panel_is_drawn_on_the_page_and_told_of(base: Path) -> None:
    assert "Panels" not in view("quality").segmented_control(key="quality").options
    team = Team(base / "workplace" / "team.db", AuditTrail(base / "audit.jsonl"))
    for name in ("Nora Fields", "Otto Other"):
        team.join(people.local(name, Role.REVIEWER))
    test = view("quality", user=people.local("Ada Min", Role.ADMINISTRATOR), quality="Panels")
    assert "No panel has been chosen yet." in texts(test)
    test.text_input(key="panel name").set_value("spring")
    chosen = test.multiselect(key="panel people")
    chosen.set_value([option for option in chosen.options if option.startswith(("Nora F", "Otto"))])
    test.number_input(key="panel size").set_value(500)
    next(b for b in test.button if b.label == "Draw and ask").click().run()
    assert "500 cases cannot be drawn of" in texts(test)
    test.number_input(key="panel size").set_value(2)
    next(b for b in test.button if b.label == "Draw and ask").click().run()
    assert not test.exception
    assert "Chosen by Ada Min" in texts(test)
    assert "0 of 2" in html(test)
    queue = run(name="Otto Other", queue="Panel")
    assert "2 of 8 requests" in html(queue)
    next(b for b in test.button if b.label == "Close the panel").click().run()
    assert "nothing is withheld for it any more" in texts(test)


def test_two_versions_of_a_policy_side_by_side(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NECESSITY_POLICIES", str(write_toy(tmp_path)))
    monkeypatch.setenv("NECESSITY_POLICY", "toy")
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    test = view("policy")
    assert not test.exception
    test.segmented_control(key="view of policy").set_value("Versions").run()
    assert "The two versions say the same." not in html(test)
    assert '<th scope="col">Before</th>' in html(test)


def test_the_policy_of_one_kind_of_request() -> None:
    test = view("policy")
    test.selectbox[0].set_value("continuation").run()
    test.selectbox[1].set_value("substance-use").run()
    test.selectbox[2].set_value("US-IL").run()
    assert not test.exception
    assert any("in place of" in info.value for info in test.info)


def test_questions_take_parameters_and_tell_what_is_wrong() -> None:
    test = view("queries", question="case-statuses")
    test.text_input(key="parameter case-statuses request").set_value("no iri").run()
    assert "which is no iri" in texts(test)
    test.text_input(key="parameter case-statuses request").set_value("https://example.org/hostile#request").run()
    next(b for b in test.button if b.label == "Ask").click().run()
    assert re.search(r"\d+ rows", texts(test))
    test.selectbox(key="question").set_value("own question").run()
    test.text_area[0].set_value("SELECT * { SERVICE <http://evil.example> { ?s ?p ?o } }").run()
    next(b for b in test.button if b.label == "Ask").click().run()
    assert "This did not work." in texts(test)
    test.text_area[0].set_value("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o } LIMIT 5").run()
    next(b for b in test.button if b.label == "Ask").click().run()
    assert "5 triples" in texts(test)
    assert test.get("graphviz_chart")


def test_a_trail_that_is_not_whole_is_said(base: Path) -> None:
    trail = base / "audit.jsonl"
    test = view("audit", Role.ADMINISTRATOR)
    assert "The trail is whole" in texts(test)
    held = trail.read_text()
    trail.write_text(held.replace("local mode", "other mode").replace("read the audit trail", "read nothing", 1))
    assert "differs from its digest" in texts(view("audit", Role.ADMINISTRATOR))
    trail.write_text(held)
    assert "An administrator reads" in texts(view("audit", Role.REVIEWER))


@pytest.mark.parametrize(
    ("name", "role"), [("batch", Role.VIEWER), ("overview", Role.VIEWER), ("worklist", Role.VIEWER)]
)
def test_a_viewer_looks_on(name: str, role: Role) -> None:
    test = view(name, role)
    assert not test.exception
    assert not list(test.get("download_button"))


def test_a_request_by_its_address(base: Path) -> None:
    test = view("case", Role.VIEWER, case="0" * 32)
    assert not test.exception or "no such request" in str(test.exception)
    test = view("case", Role.VIEWER, case=opaque_id("criteria-met"))
    assert not test.exception
    assert "CRITERIA MET" in html(test)


def test_what_was_not_read_is_listed_as_plain_text(base: Path) -> None:
    test = view("case", Role.VIEWER, case=opaque_id("hostile"))
    assert not test.exception
    assert [expander.label for expander in test.expander if "Not read" in expander.label] == ["Not read: 1 item"]
    (line,) = [text.value for text in test.text if text.value.startswith("observation (<script>")]
    assert "**bold**" in line
    assert "\u202e" not in line
    assert not [e.label for e in view("case", Role.VIEWER, case=opaque_id("criteria-met")).expander if "Not" in e.label]


def test_each_fact_that_a_message_of_the_mapping_asks_for_has_a_field(base: Path) -> None:
    asked = {field.label for field in view("batch").date_input}
    assert asked == {"Service start", "Service end", "Start of the stay", "Birth date of the member"}


def test_a_criterion_lists_its_facts(base: Path) -> None:
    known = {
        "case": opaque_id("needs-round-the-clock-care"),
        "visitor": people.local("Nora Fields", Role.VIEWER, "MO 1").iri,
    }
    shown = html(view("case", Role.VIEWER, criterion="adult-admission:1-diagnosis", **known))
    assert re.search(r"<h5>major depressive disorder <span[^>]*>[^<]*met</span></h5>", shown)
    assert re.search(r"<h5>posttraumatic stress disorder <span[^>]*>[^<]*not met</span></h5>", shown)


def test_a_quotation_of_a_document_names_the_criteria_that_it_bears_on(base: Path) -> None:
    known = {
        "case": opaque_id("criteria-met"),
        "visitor": people.local("Nora Fields", Role.VIEWER, "MO 1").iri,
        "view of case": "Documents",
    }
    shown = html(view("case", Role.VIEWER, **known))
    links = re.findall(r'affirms: <a href="([^"]*)" target="_self" data-criterion="([^"]*)">', shown)
    assert links
    assert all(address.startswith(f"case?id={known['case']}&amp;") for address, _ in links)
    assert "adult-admission:3" in {criterion for _, criterion in links}


def test_a_fragment_gives_nothing_back() -> None:
    trees = [ast.parse(path.read_text()) for path in APP.rglob("*.py")]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    fragments = [node for node in functions if "fragment" in "".join(map(ast.unparse, node.decorator_list))]
    assert "_panes" in {node.name for node in fragments}
    assert [node.name for node in fragments if node.returns is None or ast.unparse(node.returns) != "None"] == []
