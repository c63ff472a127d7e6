"""Review: roles, drafts, acceptances, decisions and the audit trail, without a browser."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner import DocumentationError, Policy
from reasoner.ground.errors import AccessError, ConflictError, QueryError, StoreError, UsageError
from reasoner.logic.fold import Outcome
from reasoner.render import provenance
from reasoner.review import signing
from reasoner.review.acts import Disposition, Override, Proposal
from reasoner.review.authority import PERMITTED, Action, Role
from reasoner.review.people import Directory, User, local
from reasoner.review.turnaround import TurnaroundRule
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind
from reasoner.store.sandbox import Sandbox
from reasoner.workplace.drafts import Drafts
from reasoner.workplace.queue import CaseState
from reasoner.workplace.selection import SORTS, Selection, choose, counts
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import WorkplaceSettings, read_settings
from tests.conftest import CASES, ROOT
from tests.workplace.sample_base import CHARTS, MARKUP, build, fill, hostile_chart, opaque_id

NQUADS = ox.RdfFormat.N_QUADS
NURSE = local("Nora Fields", Role.REVIEWER, title="utilization nurse")
OTHER = local("Ned Hale", Role.REVIEWER)
CLINICIAN = local("Clara Voss", Role.CLINICIAN, "MO 4711", "psychiatrist")
VIEWER = local("Vera Lund", Role.VIEWER)
ADMINISTRATOR = local("Ada Min", Role.ADMINISTRATOR)
MISSING, MET, NOT_MET = (opaque_id(n) for n in ("nothing-on-supports", "criteria-met", "needs-round-the-clock-care"))
OPEN = opaque_id("other-factor-not-accepted")


@pytest.fixture
def desk(tmp_path: Path, filled: bytes, policy: Policy) -> Iterator[Workplace]:
    kb = KnowledgeBase()
    kb.store._store.load(filled, format=NQUADS)
    review = Workplace(kb, policy, tmp_path / "workplace", WorkplaceSettings(clocks=(TurnaroundRule("all", 7, 14),)))
    yield review
    review.close()


@pytest.fixture(scope="module")
def filled(policy: Policy) -> bytes:
    """The quads of a knowledge base, to begin each test with."""
    kb = KnowledgeBase()
    kb.load_policy(policy)
    fill(kb, policy)
    return kb.store._store.dump(format=NQUADS)


def proposal(desk: Workplace, user: User, id_: str, disposition: Disposition, **said) -> tuple[Proposal, str]:
    file = desk.file(user, id_)
    iri = str(provenance.iri(file.determinations[0]))
    last = file.last(iri)
    said.setdefault("letter", "Please send it." if disposition is Disposition.DOCUMENTATION_REQUESTED else "")
    return Proposal(iri, disposition, **said), last.iri if last else ""


def actions(desk: Workplace) -> list[str]:
    return [entry.action for entry in desk.trail.entries()]


# ---------------------------------------------------------------- the worklist


def test_the_worklist_says_what_is_known(desk: Workplace) -> None:
    items = {item.id: item for item in desk.items(VIEWER)}
    item = items[MISSING]
    assert item.name == "nothing-on-supports"
    assert (item.state, item.outcome, *item.kind.values()) == (
        CaseState.TO_REVIEW, "documentation-needed", "admission", "mental health",
    )  # fmt: skip
    assert (item.age_group, item.jurisdiction, item.missing, item.ways) == (
        "adult", "Wisconsin", ("adult-admission:7-a",), 2,
    )  # fmt: skip
    assert item.holds is True
    assert item.due == item.received + timedelta(days=7)
    assert [i.start for i in desk.items(VIEWER) if i.id == opaque_id("stay-spanning-first-day")] == sorted(
        i.start for i in desk.items(VIEWER) if i.id == opaque_id("stay-spanning-first-day")
    )
    assert all("nothing" not in identifier for identifier in items)


def test_choosing_lines(desk: Workplace) -> None:
    items = desk.items(VIEWER)
    today = max(item.received for item in items)

    def ids(**chosen) -> list[str]:
        return [item.name for item in choose(items, Selection(**chosen), today)]

    assert set(ids(text="7-a")) == {"nothing-on-supports", "hostile"}
    assert ids(text="SUPPORTS") == ["nothing-on-supports"]
    assert set(ids(facets={"outcomes": frozenset({"criteria-met"})})) >= {"criteria-met"}
    assert ids(facets={"states": frozenset({"decided"})}) == []
    assert len(ids(due_within=6)) == 0
    assert len(ids(due_within=7)) == len(items)
    assert ids(among=frozenset({MET})) == ["criteria-met"]
    depending = ids(depends=True)
    assert 0 < len(depending) < len(items)
    assert "nothing-on-supports" not in depending
    assert ids(sort="name") == ids(sort="name", descending=True)[::-1]
    assert sum(counts(items, "outcomes").values()) == len(items)


@given(
    st.builds(
        Selection,
        text=st.text(max_size=20),
        facets=st.dictionaries(
            st.sampled_from(["outcomes", "kind phase"]), st.frozensets(st.sampled_from([o.value for o in Outcome]))
        ),
        due_within=st.none() | st.integers(0, 30),
        depends=st.booleans(),
        sort=st.sampled_from(SORTS),
        descending=st.booleans(),
    )
)
def test_a_saved_view_comes_back(selection: Selection) -> None:
    assert Selection.from_json(selection.to_json()) == selection


@pytest.mark.parametrize("text", ["", "[]", '{"sort": "secret"}', '{"unknown": 1}'])
def test_a_saved_view_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="saved view"):
        Selection.from_json(text)


def test_clocks(policy: Policy, desk: Workplace) -> None:
    settings = read_settings(ROOT / "app" / "settings.toml")
    assert settings.clock({"urgency": "Expedited", "phase": "admission"}).days == 3
    assert settings.clock({"urgency": "standard", "phase": "admission"}).name == "standard admission"
    assert settings.clock({"urgency": "standard", "phase": "continuation"}).name == "standard continuation"
    assert TurnaroundRule("c", 7, 14).due(date(2026, 1, 1), extended=True) == date(2026, 1, 22)
    desk.decide(NURSE, MISSING, *proposal(desk, NURSE, MISSING, Disposition.DOCUMENTATION_REQUESTED))
    item = next(item for item in desk.items(NURSE) if item.id == MISSING)
    assert (item.state, item.due) == (CaseState.WAITING, item.received + timedelta(days=21))
    desk.decide(NURSE, MET, *proposal(desk, NURSE, MET, Disposition.APPROVED))
    item = next(item for item in desk.items(NURSE) if item.id == MET)
    assert (item.state, item.due, item.disposition) == (CaseState.DECIDED, None, "approved")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clock = 1", "not understood"),
        ("[[clock]]\ndays = 3", "name is missing"),
        ("[[clock]]\nname = 'x'\ndays = -1", "whole number"),
        ("[limits]\nupload = true", "whole number"),
        ("[access.roles]\nking = []", "not understood"),
        ("surprise = 1", "not known here"),
        ("= nonsense", "not TOML"),
    ],
)
def test_settings_that_are_not_understood(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_settings(path)


# ---------------------------------------------------------------- who may do what


@pytest.mark.parametrize("role", Role)
def test_every_action_is_refused_to_roles_that_may_not(desk: Workplace, role: Role) -> None:
    person = local("Someone", role, "MO 1")
    file = desk.file(NURSE, MET)
    tried = {
        Action.READ: lambda: desk.visit(person, MET),
        Action.QUERY: lambda: desk.ask(person, "ASK { ?s ?p ?o }"),
        Action.EXPORT: lambda: desk.export(person, MET, "record", lambda: b""),
        Action.TRY: lambda: desk.try_out(person, "x.ttl", b""),
        Action.DRAFT: lambda: desk.save(person, MET, "rationale", "x", 0),
        Action.ACCEPT: lambda: desk.accept(person, OPEN, f"{CHARTS['other-factor-not-accepted'][:-8]}#s-other", "why"),
        Action.DETERMINE: lambda: desk.determine(person, MET),
        Action.DECIDE: lambda: desk.decide(person, MET, *proposal(desk, NURSE, MET, Disposition.APPROVED)),
        Action.DECIDE_ADVERSELY: lambda: desk.decide(
            person, NOT_MET, *proposal(desk, NURSE, NOT_MET, Disposition.ADVERSE, rationale="Why.")
        ),
        Action.LOAD: lambda: desk.load(person, [file.case]),
        Action.AUDIT: lambda: desk.audit(person),
    }
    assert set(tried) == set(Action) - {Action.SIGN_IN}
    for action, call in tried.items():
        if action in PERMITTED[role]:
            try:
                call()
            except UsageError:
                assert action is Action.ACCEPT
        else:
            before = len(list(desk.trail.entries()))
            with pytest.raises(AccessError):
                call()
            told = actions(desk)[before:]
            assert told in ([f"refused: {action.value}"], [])


def test_who_someone_is_by_their_claims() -> None:
    directory = Directory(
        roles={
            Role.REVIEWER: frozenset({"nurses"}),
            Role.CLINICIAN: frozenset({"doctors"}),
            Role.ADMINISTRATOR: frozenset({"it"}),
        }
    )
    claims = {"iss": "https://id.example", "sub": "7", "name": "N", "roles": ["nurses", "it"], "licence": "MO 1"}
    user = directory.user(claims)
    assert (user.name, user.role, user.licence, user.authenticated) == ("N", Role.REVIEWER, "MO 1", True)
    assert directory.user({**claims, "roles": "it"}).role is Role.ADMINISTRATOR
    assert directory.user({**claims, "roles": ["nurses", "doctors"]}).role is Role.CLINICIAN
    assert directory.user({**claims, "iss": "https://other.example"}).iri != user.iri
    for wrong in ({**claims, "roles": []}, {**claims, "sub": ""}, {}):
        with pytest.raises(AccessError):
            directory.user(wrong)


def test_a_name_is_needed_at_least() -> None:
    with pytest.raises(AccessError, match="no name"):
        local("   ", Role.REVIEWER)


# ---------------------------------------------------------------- deciding


def test_a_decision_is_signed_and_stays(desk: Workplace, policy: Policy) -> None:
    criterion = policy.versions[-1].by_id["adult-admission:7-a"].iri
    override = Override(criterion, "not-documented", "met", "The letter of the sister says so.")
    desk.save(NURSE, MISSING, "rationale", "x", 0)
    signed = desk.decide(
        NURSE,
        MISSING,
        *proposal(
            desk,
            NURSE,
            MISSING,
            Disposition.APPROVED,
            overrides=(override,),
            remarks=((criterion, "See p. 3."),),
            letter="Dear …",
        ),
    )
    assert (signed.name, signed.role, signed.disposition) == ("Nora Fields", "utilization nurse", Disposition.APPROVED)
    (held,) = signed.overrides
    assert (held.id, held.determined, held.status) == ("adult-admission:7-a", "not-documented", "met")
    assert signed.remarks == (("adult-admission:7-a", "See p. 3."),)
    assert desk.draft(NURSE, MISSING) == {}
    again = desk.file(OTHER, MISSING).decisions
    assert [d.iri for d in again] == [signed.iri]
    with pytest.raises(ConflictError, match="Nora Fields has decided since"):
        desk.decide(OTHER, MISSING, proposal(desk, OTHER, MISSING, Disposition.REFERRED_TO_PEER)[0], "")
    with pytest.raises(ConflictError, match="decided already"):
        desk.decide(OTHER, MISSING, *proposal(desk, OTHER, MISSING, Disposition.REFERRED_TO_PEER))
    made, seen = proposal(
        desk, CLINICIAN, MISSING, Disposition.ADVERSE, rationale="The letter is not hers.", revises=signed.iri
    )
    correction = desk.decide(CLINICIAN, MISSING, made, seen)
    assert correction.revises == signed.iri
    assert correction.licence == "MO 4711"
    assert [d.iri for d in desk.file(VIEWER, MISSING).decisions] == [signed.iri, correction.iri]


def test_of_two_who_decide_at_once_one_is_told(desk: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [(person, *proposal(desk, person, MET, Disposition.APPROVED)) for person in (NURSE, OTHER)]
    both, sign = threading.Barrier(2), signing.sign
    monkeypatch.setattr(signing, "sign", lambda *a: (time.sleep(0.3), sign(*a))[1])

    def decide(person: User, proposed: Proposal, seen: str) -> str:
        both.wait()
        try:
            return desk.decide(person, MET, proposed, seen).name
        except ConflictError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda arguments: decide(*arguments), made))
    (decision,) = desk.file(VIEWER, MET).decisions
    assert sorted(said) == sorted([decision.name, next(s for s in said if "has decided since you looked" in s)])


def test_a_nurse_approves_only_what_meets_the_criteria(desk: Workplace, policy: Policy) -> None:
    with pytest.raises(AccessError, match="the outcome is documentation-needed"):
        desk.decide(NURSE, MISSING, *proposal(desk, NURSE, MISSING, Disposition.APPROVED))
    with pytest.raises(DocumentationError, match="takes a rationale"):
        desk.decide(CLINICIAN, MISSING, *proposal(desk, CLINICIAN, MISSING, Disposition.APPROVED))
    desk.decide(
        CLINICIAN, MISSING, *proposal(desk, CLINICIAN, MISSING, Disposition.APPROVED, rationale="Seen the family.")
    )
    assert actions(desk).count("refused: decide") == 1


def test_an_adverse_decision_takes_a_clinician_a_licence_and_a_rationale(desk: Workplace) -> None:
    unlicensed = local("Clara Voss", Role.CLINICIAN)
    assert CLINICIAN.may(Action.DECIDE_ADVERSELY)
    assert not unlicensed.may(Action.DECIDE_ADVERSELY)
    for person in (NURSE, unlicensed, ADMINISTRATOR, VIEWER):
        with pytest.raises(AccessError):
            desk.decide(person, NOT_MET, *proposal(desk, NURSE, NOT_MET, Disposition.ADVERSE, rationale="Why."))
    with pytest.raises(DocumentationError, match="An adverse decision needs"):
        desk.decide(CLINICIAN, NOT_MET, *proposal(desk, CLINICIAN, NOT_MET, Disposition.ADVERSE))
    assert desk.file(NURSE, NOT_MET).decisions == ()
    assert desk.decide(
        CLINICIAN, NOT_MET, *proposal(desk, CLINICIAN, NOT_MET, Disposition.ADVERSE, rationale="Why.")
    ).disposition.final


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (("adult-admission:7", "not-documented", "met", "why"), "only a leaf"),
        (("adult-admission:7-a", "not-documented", "met", " "), "needs one nec:criterion"),
        (("adult-admission:7-a", "not-documented", "not-applicable", "why"), "unconditional"),
        (("adult-admission:7-a", "not-documented", "conflicting", "why"), "no status to override with"),
        (("adult-continuation:4-a", "not-documented", "met", "why"), "only a leaf"),
    ],
)
def test_an_override_that_is_not_fit(desk: Workplace, policy: Policy, override: tuple[str, ...], message: str) -> None:
    id_, *rest = override
    iri = policy.versions[-1].by_id[id_].iri if id_ in policy.versions[-1].by_id else id_
    made = proposal(desk, NURSE, MISSING, Disposition.REFERRED_TO_PEER, overrides=(Override(iri, *rest),))
    with pytest.raises(DocumentationError, match=message):
        desk.decide(NURSE, MISSING, *made)
    assert desk.file(NURSE, MISSING).decisions == ()


def test_a_request_for_documentation_has_a_letter(desk: Workplace) -> None:
    made = proposal(desk, NURSE, MISSING, Disposition.DOCUMENTATION_REQUESTED, letter=" ")
    with pytest.raises(DocumentationError, match="no letter"):
        desk.decide(NURSE, MISSING, *made)


def test_nothing_is_decided_on_what_is_not_current(desk: Workplace) -> None:
    made, seen = proposal(desk, NURSE, MET, Disposition.APPROVED)
    desk.determine(ADMINISTRATOR, MET, date(2027, 1, 1))
    with pytest.raises(ConflictError, match="not the current one"):
        desk.decide(NURSE, MET, made, seen)


def test_an_acceptance_counts_survives_a_load_and_is_withdrawn(desk: Workplace, policy: Policy) -> None:
    file = desk.file(NURSE, OPEN)
    (statement,) = [a.statement.iri for d in file.determinations for a in d.asides if a.reason.name == "UNACCEPTED"]
    before = file.determinations[0].status("adult-admission:8-a-other")
    with pytest.raises(DocumentationError, match="needs one nec:rationale"):
        desk.accept(NURSE, OPEN, statement, " ")
    desk.accept(NURSE, OPEN, statement, "Specific to him.")
    after = desk.file(NURSE, OPEN)
    assert after.recorded
    assert after.determinations[0].status("adult-admission:8-a-other").value == "met"
    desk.load(ADMINISTRATOR, [file.case])
    assert desk.file(NURSE, OPEN).determinations[0].status("adult-admission:8-a-other").value == "met"
    assert list(desk._kb.verify()) == []
    (acceptance,) = desk.file(NURSE, OPEN).acceptances
    desk.withdraw(OTHER, OPEN, acceptance, "About someone else.")
    assert desk.file(NURSE, OPEN).determinations[0].status("adult-admission:8-a-other") is before
    with pytest.raises(ConflictError, match="not in force"):
        desk.withdraw(OTHER, OPEN, acceptance, "Again.")
    assert len(list(desk._kb.entries(GraphKind.ACCEPTANCE))) == 2
    with pytest.raises(StoreError, match="would be lost: 2"):
        desk._kb.remove(file.case.iri)
    assert statement.rpartition("#")[2] not in desk.trail.path.read_text()


def test_acceptances_are_well_formed_records(policy: Policy, tmp_path: Path) -> None:
    made = signing.accept("https://e.org/r", "https://e.org/s", "Why.", NURSE, policy)
    (back,) = signing.read_acceptances(Graph().parse(data=made.content, format="nt"), policy, "again")
    assert back == made
    with pytest.raises(StoreError, match="not in the knowledge base"):
        KnowledgeBase().load_acceptance(made)


# ---------------------------------------------------------------- drafts


def test_drafts_are_kept_apart_and_nothing_is_overwritten(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts.db")
    assert drafts.save("c", "a", "rationale", "one", 0).revision == 1
    assert drafts.save("c", "b", "rationale", "other", 0).revision == 1
    with pytest.raises(ConflictError, match="another window"):
        drafts.save("c", "a", "rationale", "two", 0)
    assert drafts.save("c", "a", "rationale", "one", 0).revision == 2
    assert Drafts(tmp_path / "drafts.db").fields("c", "a")["rationale"].value == "one"
    assert drafts.fields("c", "b")["rationale"].value == "other"
    assert drafts.subjects("a") == {"c"}
    drafts.discard("c", "a")
    assert drafts.fields("c", "a") == {}
    assert (tmp_path / "drafts.db").stat().st_mode & 0o077 == 0


def test_colleagues_are_told_of_each_other(desk: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.visit(NURSE, MET)
    desk.visit(OTHER, MET)
    assert [c.name for c in desk.colleagues(OTHER, MET)] == ["Nora Fields"]
    assert desk.colleagues(OTHER, MET)[0].drafted is None
    desk.save(NURSE, MET, "rationale", "x", 0)
    assert desk.colleagues(OTHER, MET)[0].drafted is not None
    later = datetime.now(UTC) + timedelta(hours=1)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr("reasoner.workplace.drafts.datetime", Clock)
    (told,) = desk.drafts.colleagues(MET, OTHER.iri)
    assert (told.seen, told.name) == (None, "Nora Fields")


# ---------------------------------------------------------------- what is put on record


def test_nothing_is_done_that_cannot_be_put_on_record(desk: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = proposal(desk, NURSE, MET, Disposition.APPROVED)

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(desk.trail, "append", fail)
    with pytest.raises(StoreError, match="disk is full"):
        desk.decide(NURSE, MET, *made)
    assert desk.file(NURSE, MET).decisions == ()


def test_the_trail_holds_nothing_of_a_chart(desk: Workplace) -> None:
    hostile = opaque_id("hostile")
    desk.visit(NURSE, hostile)
    desk.save(NURSE, hostile, "rationale", "secret words", 0)
    desk.ask(NURSE, 'SELECT * { ?s ?p "secret words" }')
    desk.try_out(NURSE, "John Doe.ttl", hostile_chart().serialize(format="turtle").encode())
    desk.decide(NURSE, hostile, *proposal(desk, NURSE, hostile, Disposition.REFERRED_TO_PEER, rationale="secret words"))
    text = desk.trail.path.read_text()
    for said in (MARKUP[:20], "secret", "John", "hostile", "nothing-on"):
        assert said not in text
    assert hostile in text


# ---------------------------------------------------------------- asking and trying


def test_questions_are_bounded(tmp_path: Path, policy: Policy) -> None:
    build(tmp_path / "kb", policy)
    store = open_store(tmp_path / "kb", write=True)
    hasty = Sandbox(store, timeout=2)
    with pytest.raises(QueryError, match="longer than 2 seconds"):
        hasty.ask("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", 10)
    hasty.close()
    sandbox = Sandbox(store, timeout=120)
    assert len(sandbox.ask("SELECT * { ?s ?p ?o }", 10).rows) == 10
    assert sandbox.ask("SELECT * { ?s ?p ?o }", 10).truncated
    with pytest.raises(QueryError, match="SPARQL"):
        sandbox.ask("SELECT", 10)
    with pytest.raises(QueryError):
        sandbox.ask("SELECT * { SERVICE <http://evil.example> { ?s ?p ?o } }", 10)
    store.update("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    assert not sandbox.ask("ASK { <urn:a> ?p ?o }", 1).truth
    sandbox.refresh()
    assert sandbox.ask("ASK { <urn:a> ?p ?o }", 1).truth
    sandbox.close()
    store.close()
    assert list((tmp_path / "kb").glob("sandbox-*")) == []


def test_trying_charts_keeps_nothing(desk: Workplace) -> None:
    held = len(list(desk._kb.entries()))
    data = (CASES / "mp9556" / "adult-admission" / "homelessness-with-need.ttl").read_bytes()
    trial = desk.try_out(NURSE, "chart.ttl", data)
    assert [d.outcome for d in trial.determinations] == [Outcome.CRITERIA_MET]
    assert desk.try_out(NURSE, "bad.ttl", b"nonsense").errors
    assert "unknown file type" in desk.try_out(NURSE, "chart.exe", data).errors[0]
    desk.settings = dataclasses.replace(desk.settings, upload=0)
    assert "larger than 0 MiB" in desk.try_out(NURSE, "chart.ttl", data).errors[0]
    assert len(list(desk._kb.entries())) == held


def test_a_request_that_is_not_there(desk: Workplace) -> None:
    for id_ in ("", "x" * 200, "../../etc/passwd"):
        with pytest.raises(StoreError, match="no such request"):
            desk.visit(NURSE, id_)
