"""The pages on which reviewers take in requests, read records and make statements, as Streamlit runs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from reasoner import Policy
from reasoner.render import provenance
from reasoner.review import people
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Role
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace.files import Upload
from reasoner.workplace.service import Workplace
from reasoner.workplace.worklist import request_id
from tests.conftest import ROOT
from tests.workplace.test_evidence import FACTS, NOTE

APP = ROOT / "app"
NORA = people.local("Nora Fields", Role.REVIEWER)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Path:
    place = tmp_path_factory.mktemp("evidence") / "kb"
    with KnowledgeBase(open_store(place, write=True)) as kb:
        kb.load_policy(policy)
    return place


@pytest.fixture(autouse=True)
def environment(base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("NECESSITY_") and name != "NECESSITY_CACHE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NECESSITY_KB", str(base))
    monkeypatch.syspath_prepend(str(APP))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield
    if session := sys.modules.get("parts.session"):
        session.workplace.clear()


@pytest.fixture(scope="module")
def request_(base: Path, policy: Policy) -> str:
    return take_in(base, policy)


def take_in(base: Path, policy: Policy, **facts: str) -> str:
    """The opaque id of a new request with a note."""
    kb = KnowledgeBase(open_store(base, write=True))
    workplace = Workplace(kb, policy, base / "workplace")
    files = workplace.evidence.look(NORA, [Upload("intake.txt", NOTE)])
    about = {files.documents[0].digest: {"issued": "2026-02-09", "author": "R. Example"}}
    request, _ = workplace.evidence.create(NORA, FACTS | facts, files, about)
    workplace.close()
    return request_id(request)


def run(page: str, role: Role = Role.REVIEWER, **state: object) -> AppTest:
    """A page by itself as a person sees it who is at work."""
    test = AppTest.from_string(f"from views import {page}\n{page}.show()", default_timeout=180)
    test.session_state["user"] = people.local("Nora Fields", role)
    for key, value in state.items():
        test.session_state[key.replace("_", " ")] = value
    return test.run()


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def texts(test: AppTest) -> str:
    return "\n".join(e.value for kind in ("text", "info", "warning", "error", "caption") for e in test.get(kind))


def button(test: AppTest, label: str) -> Any:
    return next(each for each in test.button if each.label == label)


def words(test: AppTest, id_: str, chosen: str, criterion: str, **more: object) -> AppTest:
    """The reading page after a person has picked some words for a criterion."""
    from views.reading import Picked  # the app's pages are importable while the test runs

    from reasoner.chart.documents.model import digest_of

    start = NOTE.decode().index(chosen)
    test.session_state["criterion"] = criterion
    test.session_state[f"picked {id_}"] = Picked(
        chosen, digest_of(NOTE), start, start + len(chosen), date(2026, 2, 9), **more
    )
    return test.run()


def test_who_decides_is_told_what_of_the_record_nothing_is_stated_of(base: Path, policy: Policy) -> None:
    id_ = take_in(base, policy, reference="UM-78")
    test = run("case", case=id_)
    test.segmented_control(key="view of case").set_value("Missing").run()
    assert "1 item and 2 sentences may speak to what is missing" in html(test)
    assert f'href="read?id={id_}&amp;criterion=adult-admission%3A8-a-iii"' in html(test)
    test.segmented_control(key="view of case").set_value("Decide").run()
    test.radio[0].set_value("documentation-requested").run()
    assert not test.exception
    listed = html(test).partition("<h3>Not yet stated of this record</h3>")[2]
    assert "intake.txt" in listed
    assert listed.count('href="read?') == 2
    (box,) = test.checkbox
    assert box.label == (
        "I have read the record, also the 1 item and 2 sentences of which nothing is stated, and the criteria"
    )


def test_a_request_is_taken_in(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    gone: list[object] = []
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: gone.append((page, query_params)))
    test = run("intake", case_page="the case")
    assert not test.exception
    test.text_input(key="new 0 reference").set_value("UM-1")
    for name, value in (("phase", "admission"), ("focus", "mental-health"), ("jurisdiction", "US-MO")):
        test.selectbox(key=f"new 0 {name}").set_value(value)
    test.date_input(key="new 0 service_start").set_value("2026-02-16")
    test.run()
    assert "Still needed: Birth date" in texts(test)
    button(test, "Take in the request").click().run()
    assert [error.value for error in test.error] == ["Still needed: Birth date"]
    assert not gone
    test.date_input(key="new 0 birth_date").set_value("1987-06-14").run()
    button(test, "Take in the request").click().run()
    assert not test.exception
    ((page, query),) = gone
    assert page == "the case"
    assert test.session_state["intake form"] == 1
    shown = run("case", case=query["id"])
    assert "DOCUMENTATION NEEDED" in html(shown)


def test_a_reference_that_is_known_is_said(request_: str) -> None:
    test = run("intake")
    for name, value in FACTS.items():
        key = f"new 0 {name}"
        for kind in (test.text_input, test.selectbox, test.date_input):
            if key in [element.key for element in kind]:
                kind(key=key).set_value(value)
    test.run()
    button(test, "Take in the request").click().run()
    assert "there is a request with this reference" in texts(test)


def test_a_viewer_takes_in_and_states_nothing(request_: str) -> None:
    assert "cannot take in requests" in texts(run("intake", Role.VIEWER))
    test = run("reading", Role.VIEWER, case=request_)
    assert not test.exception
    assert not [b for b in test.button if b.label.startswith(("State", "Take", "Add"))]


def test_a_statement_is_made_read_wrongly_and_taken_back(request_: str) -> None:
    test = run("reading", case=request_)
    assert not test.exception
    assert "UM-77 · J. Doe" in texts(test)
    assert "intake.txt" in test.selectbox(key=f"document {request_}").options[0]
    words(test, request_, "We wrote a safety plan together.", "adult-admission:6-plan")
    assert button(test, "State it as Nora Fields").disabled  # a stance is never filled in
    next(iter(test.radio)).set_value(next(iter(test.radio)).options[0]).run()
    button(test, "State it as Nora Fields").click().run()
    assert not test.exception
    assert "On record." in html(test)
    assert "6.plan</strong> safety plan documented" in html(test)
    assert "affirmed: 6.plan safety plan documented, page 1, so on 2026-02-09" in html(test)
    button(test, "State it anew").click().run()
    assert "stands in place of what was read wrongly" in html(test)
    next(iter(test.radio)).set_value(next(iter(test.radio)).options[1]).run()
    button(test, "State it as Nora Fields").click().run()
    assert "denied: 6.plan safety plan documented" in html(test)
    assert "read wrongly as affirmed" in html(test)
    why = next(each for each in test.text_input if each.label.startswith("Or take it back"))
    why.set_value("It is his brother's.").run()
    button(test, "Take it back").click().run()
    assert "denied: 6.plan safety plan documented" not in html(test)
    assert html(test).count("read wrongly as") == 2


def test_what_cannot_be_stated_is_said(request_: str) -> None:
    test = run("reading", case=request_)
    words(test, request_, "he sleeps in the truck", "adult-admission:1-diagnosis")
    next(iter(test.radio)).set_value(next(iter(test.radio)).options[0])
    next(each for each in test.text_input if each.label == "Code").set_value("no code").run()
    button(test, "State it as Nora Fields").click().run()
    assert not test.exception
    assert "This did not work." in texts(test)
    assert "On record." not in html(test)


def test_the_next_open_criterion(request_: str) -> None:
    test = run("reading", case=request_, criterion="adult-admission:1-diagnosis")
    button(test, "Next open").click().run()
    assert not test.exception
    assert test.session_state["criterion"] not in ("", "adult-admission:1-diagnosis")


def test_review_as_of_today_is_recorded(base: Path, request_: str) -> None:
    test = run("case", case=request_)
    assert not [b for b in test.button if b.label == "Review as of today"]
    opened = sys.modules["parts.session"].workplace()
    opened.determine(NORA, request_, date(2026, 3, 1))
    test = run("case", case=request_)
    assert "Reviewed as of 2026-03-01: what was recorded later does not count." in texts(test)
    button(test, "Review as of today").click().run()
    assert "what was recorded later" not in texts(test)
    assert opened.case_file(NORA, request_).case.as_of == date.today()
    assert opened.case_file(NORA, request_).recorded
    assert list(opened.trail.entries())[-1].action == "determine"


def test_a_case_opens_with_a_diagnosis_that_is_stated_by_its_code_alone(request_: str) -> None:
    test = run("reading", case=request_)
    words(test, request_, "We wrote a safety plan together.", "adult-admission:1-diagnosis")
    next(iter(test.radio)).set_value(next(iter(test.radio)).options[0])
    next(each for each in test.text_input if each.label == "Code").set_value("F33.2")
    button(test.run(), "State it as Nora Fields").click().run()
    assert not test.exception
    case = run("case", case=request_)
    assert not case.exception
    assert "This did not work" not in html(case)
    assert "F33.2 Major depressive disorder" in html(case)


@pytest.mark.parametrize("page", ["reading", "case"])
def test_documentation_that_was_added_is_recorded_as_returned_in_one_step(request_: str, page: str) -> None:
    test = run(page, case=request_)
    assert not [b for b in test.button if b.label == "Record as returned"]  # none is out
    opened = sys.modules["parts.session"].workplace()

    def states() -> set[str]:
        return {item.state.value for item in opened.items_of(NORA, request_)}

    file = opened.case_file(NORA, request_)
    last = file.history(file.determinations[0]).last
    about = str(provenance.iri(file.determinations[0]))
    asked = Proposal(about, Disposition.DOCUMENTATION_REQUESTED, rationale="Why.", letter="Dear …")
    opened.decide(NORA, request_, asked, last.iri if last else "")
    test = run(page, Role.VIEWER, case=request_)
    assert not [b for b in test.button if b.label == "Record as returned"]
    test = run(page, case=request_, **{f"came back {request_}": "addendum.txt"})
    came = next(each for each in test.text_input if each.label == "What came back")
    assert came.value == "addendum.txt"
    day = next(each for each in test.date_input if each.label == "Received on").value
    assert day == sys.modules["parts.session"].today()
    assert states() == {"documentation-requested"}  # nothing is signed before the person says so
    button(test, "Record as returned").click().run()
    assert not test.exception
    assert states() == {"documentation-returned"}
    act = opened.case_file(NORA, request_).decisions[-1]
    assert (act.name, act.rationale, act.received) == ("Nora Fields", "addendum.txt", day)
    assert "documentation-returned" in [entry.detail for entry in opened.trail.entries()]
    assert "stands in the queue Documentation returned" in "".join(e.value for e in test.success)


def test_documents_that_were_added_while_nothing_was_asked_for_are_no_answer(request_: str) -> None:
    test = AppTest.from_string(
        "import streamlit as st\nfrom parts import returned, session\n"
        "returned.remember(session.workplace().case_file(session.user(), st.session_state['case']), 'early.txt')",
        default_timeout=180,
    )
    test.session_state["user"], test.session_state["case"] = NORA, request_
    assert not test.run().exception
    assert f"came back {request_}" not in test.session_state


def test_documents_that_were_added_are_opened_and_their_sentences_come_first(request_: str) -> None:
    test = run("reading", case=request_)
    shown = test.selectbox(key=f"document {request_}")
    assert "intake.txt" in shown.format_func(shown.value)
    opened = sys.modules["parts.session"].workplace()
    later = b"ADDENDUM\n\nHer sister refuses to attend family sessions and nobody else is close to her.\n"
    file = opened.case_file(NORA, request_)
    files = opened.evidence.look(NORA, [Upload("addendum.txt", later)], opened.evidence.facts(file.case))
    (document,) = files.documents
    effect = opened.evidence.add(NORA, request_, file, files, {document.digest: {"issued": "2026-02-12"}})
    test.session_state[f"new texts {request_}"] = [document.digest]
    test.session_state["criterion"] = effect.spoken[0][0]
    test.run()
    shown = test.selectbox(key=f"document {request_}")
    assert "addendum.txt" in shown.format_func(shown.value)


def test_the_code_of_a_diagnosis_is_proposed_from_the_words(request_: str) -> None:
    test = run("reading", case=request_)
    words(test, request_, "We wrote a safety plan together.", "adult-admission:1-diagnosis")
    assert next(each for each in test.text_input if each.label == "Code").value == ""
    from views.reading import Picked

    picked = Picked("Major depressive disorder, recurrent (F33.1).", "", 0, 0, None)
    test.session_state[f"picked {request_}"] = picked
    test.run()
    assert next(each for each in test.text_input if each.label == "Code").value == "F33.1"
    assert "Proposed from the words: F33.1" in texts(test)
    next(each for each in test.text_input if each.label == "Code").set_value("F33.2").run()
    assert "Proposed from the words" not in texts(test)


def test_the_filing_of_an_appeal_asks_for_the_day_on_which_it_arrived(request_: str) -> None:
    test = AppTest.from_string(
        "import streamlit as st\nfrom parts import acting, session\n"
        "from reasoner.review.acts import Disposition\nfrom reasoner.review.deciding import Choice\n"
        "file = session.workplace().case_file(session.user(), st.session_state['case'])\n"
        "choice = Choice(Disposition.APPEALED)\n"
        "st.session_state['said'] = acting.details(file, file.determinations[0], choice, '')",
        default_timeout=180,
    )
    test.session_state["user"], test.session_state["case"] = NORA, request_
    assert not test.run().exception
    (field,) = [each for each in test.date_input if each.label == "Received on"]
    assert field.max == field.value == test.session_state["said"]["received"] == sys.modules["parts.session"].today()
    assert not field.set_value(date(2026, 2, 3)).run().exception
    assert test.session_state["said"]["received"] == date(2026, 2, 3)
