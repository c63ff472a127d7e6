"""The pages on which people decide, as Streamlit runs them: the decision first, the box unticked, and blinded work."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef
from streamlit.testing.v1 import AppTest

from reasoner import Policy
from reasoner.chart.intake import read_graph
from reasoner.determination.determine import determine_case
from reasoner.rdf.namespaces import NEC, SKOS
from reasoner.review import people
from reasoner.review.authority import Role
from reasoner.review.people import User
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from tests.conftest import CASES
from tests.workplace.sample_base import CHARTS, MARKUP, build, opaque_id
from tests.workplace.test_pages import html, texts, view, workplace

__all__ = ["workplace"]
"""The fixture that each test here begins with."""
NURSE = people.local("Nora Fields", Role.REVIEWER)


@pytest.fixture
def base(tmp_path: Path, policy: Policy) -> Path:
    return build(tmp_path / "kb", policy)


def deciding(chart: str, user: User) -> AppTest:
    test = view("case", case=opaque_id(chart), user=user)
    test.segmented_control(key="view of case").set_value("Decide").run()
    assert not test.exception
    return test


def sign(test: AppTest) -> AppTest:
    next(box for box in test.checkbox if box.label == "I have read the record and the criteria").check().run()
    next(button for button in test.button if "sign as" in button.label).click().run()
    assert not test.exception
    return test


def test_after_a_signature_the_decision_stands_first_and_the_box_is_another() -> None:
    test = deciding("criteria-met", NURSE)
    before = [box.key for box in test.checkbox]
    assert "State</dt><dd>open" in html(test)
    sign(test)
    shown = html(test)
    assert (
        0
        < shown.index("APPROVED: a person has found")
        < shown.index("What policy and documentation together recommend")
    )
    assert "State</dt><dd>decided" in shown
    assert "Recorded: approve." in texts(test)
    assert "approved</strong>" in shown
    (box,) = test.checkbox
    assert box.key not in before
    assert not box.value
    # What can be signed now is a correction of the own decision, and nothing else.
    (choice,) = test.radio
    assert [option.partition(":")[0] for option in choice.options] == [
        f"Correct what Nora Fields signed on {_day(shown)}"
    ]


def _day(shown: str) -> str:
    return shown.partition("<strong>Nora Fields, reviewer, ")[2][:10]


def test_what_a_clinician_can_sign_and_a_reviewer_cannot() -> None:
    clinician = people.local("Clara Voss", Role.CLINICIAN, "MO 4711")
    of_clinician = set(deciding("nothing-on-supports", clinician).radio[0].options)
    of_nurse = set(deciding("nothing-on-supports", NURSE).radio[0].options)
    assert of_clinician - of_nurse == {"Decide adversely", "Peer-to-peer call"}
    assert not of_nurse - of_clinician
    assert of_nurse >= {"Approve", "Request documentation", "Refer to a clinical peer", "Extend the time"}


def test_who_decides_adversely_while_documentation_is_out_is_told() -> None:
    clinician, told = people.local("Clara Voss", Role.CLINICIAN, "MO 4711"), "What was asked for may still arrive until"
    sign(deciding("nothing-on-supports", clinician))
    test = deciding("nothing-on-supports", clinician)
    assert told not in texts(test)
    test.radio[0].set_value("adverse").run()
    assert told in texts(test)


def test_blinded_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[blinded]\njurisdictions = ["US-WI"]\n')
    monkeypatch.setenv("NECESSITY_SETTINGS", str(settings))
    test = view("case", case=opaque_id("nothing-on-supports"), user=NURSE)
    assert not test.exception
    assert "work on this request blinded" in texts(test)
    assert "DOCUMENTATION NEEDED" not in html(test)
    assert "affirms" not in html(test)
    assert not list(test.segmented_control)
    for number in range(len(test.selectbox)):
        test.selectbox[number].set_value("met").run()
    next(box for box in test.checkbox if box.label == "I have read the documentation").check().run()
    next(button for button in test.button if button.label.startswith("Sign your statuses")).click().run()
    assert not test.exception
    assert "DOCUMENTATION NEEDED" in html(test)
    test.segmented_control(key="view of case").set_value("Decide").run()
    assert "adult-admission:7-a is not-documented in the determination" in html(test)
    other = view("reading", case=opaque_id("nothing-on-supports"), user=people.local("Ned Hale", Role.REVIEWER))
    assert not other.exception
    assert "Sentences are suggested and stated here once you have signed" in texts(other)


def test_the_name_on_a_withheld_case_is_text(base: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = base.parent / "settings.toml"
    settings.write_text('[blinded]\njurisdictions = ["US-WI"]\n')
    monkeypatch.setenv("NECESSITY_SETTINGS", str(settings))
    text = (CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl").read_text()
    graph = Graph().parse(data=text, format="turtle")
    request = URIRef(CHARTS["nothing-on-supports"])
    graph.add((graph.value(request, NEC.member), SKOS.prefLabel, Literal(MARKUP)))
    with KnowledgeBase(open_store(base, write=True)) as kb:
        (case,) = read_graph(graph, policy)
        kb.load_case(case)
        kb.record(determine_case(case, policy))
    test = view("case", case=opaque_id("nothing-on-supports"), user=NURSE)
    assert not test.exception
    assert "work on this request blinded" in texts(test)
    shown = html(test)
    assert "<h1>&lt;script&gt;document.title=" in shown
    assert "<script>" not in shown
    assert "\u202e" not in shown
    assert not [
        element for kind in ("title", "header", "markdown") for element in test.get(kind) if "script" in element.value
    ]
