"""The pages on which people decide, as Streamlit runs them: the decision first, the box unticked, and blinded work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from reasoner import Policy
from reasoner.chart.intake import read_graph
from reasoner.determination.determine import determine_case
from reasoner.rdf.namespaces import NEC, SKOS
from reasoner.render import provenance
from reasoner.review import people
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Role
from reasoner.review.people import User
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.service import Workplace
from tests.conftest import CASES
from tests.workplace.sample_base import CHARTS, MARKUP, build, complete_letter, opaque_id
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


def sign(test: AppTest, act: str) -> AppTest:
    test.radio[0].set_value(act).run()
    next(box for box in test.checkbox if box.label == "I have read the record and the criteria").check().run()
    next(button for button in test.button if "sign as" in button.label).click().run()
    assert not test.exception
    return test


def test_after_a_signature_the_decision_stands_first_and_the_box_is_another() -> None:
    test = deciding("criteria-met", NURSE)
    assert "State</dt><dd>open" in html(test)
    draft("criteria-met", NURSE, **{"letter approved": ""})
    test.radio[0].set_value("approved").run()
    before = [box.key for box in test.checkbox]
    sign(test, "approved")
    shown = html(test)
    assert (
        0
        < shown.index("APPROVED: a person has found")
        < shown.index("What policy and documentation together recommend")
    )
    assert "State</dt><dd>decided" in shown
    assert "Recorded: approve." in texts(test)
    assert "approved</strong>" in shown
    # What can be signed now is a correction of the own decision, and nothing else; it is not chosen.
    (choice,) = test.radio
    assert choice.value is None
    assert not test.checkbox
    (box,) = choice.set_value("approved corrects").run().checkbox
    assert box.key not in before
    assert not box.value
    signed = f"in place of what Nora Fields signed on {_day(shown)}"
    assert [option.partition(", ")[2] for option in choice.options] == [signed]


def button(test: AppTest) -> Button | None:
    return next((button for button in test.button if "sign as" in button.label), None)


def test_nothing_is_chosen_until_a_person_chooses_and_the_button_says_what_it_waits_for() -> None:
    test = deciding("needs-round-the-clock-care", people.local("Ines Roth", Role.CLINICIAN, "MO 5822"))
    assert test.radio[0].value is None
    assert "Choose what you sign." in html(test)
    assert button(test) is None
    test.radio[0].set_value("adverse").run()
    for waits in (
        "Complete the letter.",
        "Fill in “Rationale”.",
        "Say that you have read the record and the criteria.",
    ):
        assert f"<li>{waits}</li>" in html(test)
    assert button(test).disabled
    test.radio[0].set_value("approved").run()
    assert "Fill in" not in html(test)
    test = deciding("needs-round-the-clock-care", NURSE)
    draft("needs-round-the-clock-care", NURSE, **{"letter approved": ""})
    test.radio[0].set_value("approved").run()
    assert "A reviewer approves what meets the criteria, and the outcome is criteria-not-met" in html(test)
    assert button(test).disabled


def test_what_is_typed_stays_when_another_act_is_chosen() -> None:
    draft("continuation-without-asam", NURSE, rationale="An addendum came.")
    test = deciding("continuation-without-asam", NURSE)
    for act in ("referred-to-peer", "withdrawn"):
        test.radio[0].set_value(act).run()
        assert "Fill in" not in html(test)


def test_a_criterion_that_is_not_met_hides_nothing_that_is_missing() -> None:
    test = view("case", case=opaque_id("needs-round-the-clock-care"), user=NURSE)
    shown = html(test.segmented_control(key="view of case").set_value("Missing").run())
    stated, _, silent = shown.partition("<h3>What nobody has said</h3>")
    assert "What is stated against the request" in stated
    assert "adult-admission:6-emergency" in silent
    test.segmented_control(key="view of case").set_value("Decide").run()
    test.radio[0].set_value("documentation-requested").run()
    assert "there is nothing to ask for" not in texts(test)
    assert "WHAT WE DID NOT FIND IN THE RECORDS" in texts(test)


def test_who_looks_while_a_colleague_signs_is_told_and_signs_nothing() -> None:
    test = deciding("other-factor-not-accepted", NURSE)
    test.radio[0].set_value("referred-to-peer").run()
    next(box for box in test.checkbox if box.label == "I have read the record and the criteria").check().run()
    assert not button(test).disabled
    other, opened = people.local("Ned Hale", Role.REVIEWER), service()
    file = opened.case_file(other, opaque_id("other-factor-not-accepted"))
    about = str(provenance.iri(file.determinations[0]))
    notice = Proposal(about, Disposition.WITHDRAWN, "The program withdrew it.")
    opened.decide(other, file.id, notice, "")
    test.run()
    assert "Ned Hale has signed in the meantime: withdrawn. Nothing of yours was signed." in texts(test)
    assert len(opened.case_file(other, file.id).decisions) == 1


def service() -> Workplace:
    """The workplace that the pages are open on."""
    opened: Workplace = sys.modules["parts.session"].workplace()
    return opened


def draft(chart: str, user: User, **fields: str) -> None:
    """Have a person have drafted some fields."""
    deciding(chart, user)
    for name, text in fields.items():
        service().save(user, opaque_id(chart), name, text, 0)


def complete(chart: str, user: User, act: Disposition) -> None:
    """Have all that the letter of an act names be known."""
    deciding(chart, user)
    file = service().case_file(user, opaque_id(chart))
    said = {"member_address": "1 Elm St", "member_name": "R. Roe", "reference": f"A-{chart}", "provider_name": "P"}
    service().evidence.change_contacts(user, file.id, file, said)
    draft(chart, user, **{f"letter {act.value}": complete_letter(service(), service().case_file(user, file.id), act)})


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
    complete("nothing-on-supports", clinician, Disposition.DOCUMENTATION_REQUESTED)
    sign(deciding("nothing-on-supports", clinician), "documentation-requested")
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
