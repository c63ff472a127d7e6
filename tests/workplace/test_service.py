"""The workplace's service: roles, drafts, acceptances, decisions and the audit trail, without a browser."""

from __future__ import annotations

import dataclasses
import gzip
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Graph

from reasoner import DocumentationError, Policy
from reasoner.chart.intake import read_graph
from reasoner.ground.errors import AccessError, ConflictError, StoreError, UsageError
from reasoner.logic.fold import Outcome
from reasoner.render import provenance
from reasoner.review import signing
from reasoner.review.acts import Disposition, Override, Proposal
from reasoner.review.authority import PERMITTED, Action, Role
from reasoner.review.people import Directory, User, local
from reasoner.review.steps import CaseState
from reasoner.review.turnaround import published_rules
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import GraphKind
from reasoner.workplace.files import Files
from reasoner.workplace.selection import Queue, Selection, Viewer, select, values
from reasoner.workplace.service import Workplace
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.worklist import request_id
from tests.conftest import CASES, Attestation, chart
from tests.workplace.sample_base import CHARTS, MARKUP, complete_letter, fill, hostile_chart, opaque_id

NQUADS = ox.RdfFormat.N_QUADS
NURSE = local("Nora Fields", Role.REVIEWER, title="utilization nurse")
OTHER = local("Ned Hale", Role.REVIEWER)
CLINICIAN = local("Clara Voss", Role.CLINICIAN, "MO 4711", "psychiatrist")
VIEWER = local("Vera Lund", Role.VIEWER)
ADMINISTRATOR = local("Ada Min", Role.ADMINISTRATOR)
MISSING, MET, NOT_MET = (opaque_id(n) for n in ("nothing-on-supports", "criteria-met", "needs-round-the-clock-care"))
OPEN = opaque_id("other-factor-not-accepted")
ONE_RULE = {
    "leave_out": [rule.id for rule in published_rules().rules],
    "rule": [{"id": "all", "within": "7 calendar days", "extension": "14 calendar days", "supply": "10 calendar days"}],
}
RULES = published_rules().amended(ONE_RULE)


@pytest.fixture
def workplace(tmp_path: Path, filled: bytes, policy: Policy) -> Iterator[Workplace]:
    kb = KnowledgeBase()
    kb.store._store.load(filled, format=NQUADS)
    service = Workplace(kb, policy, tmp_path / "workplace", WorkplaceSettings(turnaround=RULES))
    yield service
    service.close()


@pytest.fixture(scope="module")
def filled(policy: Policy) -> bytes:
    """The quads of a knowledge base, to begin each test with."""
    kb = KnowledgeBase()
    kb.load_policy(policy)
    fill(kb, policy)
    return kb.store._store.dump(format=NQUADS)


def test_a_chart_without_a_day_of_review_is_reviewed_today(
    workplace: Workplace, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return date.today() + timedelta(days=1)

    text = chart([Attestation("adult-admission:3")]).replace('nec:asOf "2026-01-01"^^xsd:date ;', "")
    (case,) = read_graph(Graph().parse(data=text, format="turtle"), policy)
    workplace._kb.load_case(case)
    id_ = request_id(case.iri)
    today = workplace.case_file(NURSE, id_).case.as_of
    for module in ("reasoner.workplace.service", "reasoner.chart.fast.chart", "reasoner.chart.reading"):
        monkeypatch.setattr(f"{module}.date", Tomorrow)
    assert workplace.case_file(NURSE, id_).case.as_of == today + timedelta(days=1)


def proposal(workplace: Workplace, user: User, id_: str, disposition: Disposition, **said) -> tuple[Proposal, str]:
    file = workplace.case_file(user, id_)
    iri = str(provenance.iri(file.determinations[0]))
    last = file.history(file.determinations[0]).last
    if disposition.adverse:
        said.setdefault("letter", complete_letter(workplace, file, disposition, said.get("overrides", ())))
    said.setdefault("letter", "Please send it." if disposition is Disposition.DOCUMENTATION_REQUESTED else "")
    return Proposal(iri, disposition, **said), last.iri if last else ""


def actions(workplace: Workplace) -> list[str]:
    return [entry.action for entry in workplace.trail.entries()]


# ---------------------------------------------------------------- the worklist


def test_the_worklist_says_what_is_known(workplace: Workplace) -> None:
    items = {item.id: item for item in workplace.items(VIEWER)}
    item = items[MISSING]
    assert item.name == "nothing-on-supports"
    assert (item.state, item.outcome, *item.kind.values()) == (
        CaseState.OPEN, "documentation-needed", "admission", "mental health",
    )  # fmt: skip
    assert (item.age_group, item.jurisdiction, item.missing, item.gap_count) == (
        "adult", "Wisconsin", ("adult-admission:7-a",), 2,
    )  # fmt: skip
    assert item.holds_under_all_readings is True
    assert str(item.due)[:10] == str(item.received + timedelta(days=7))
    spanning = [i.start for i in workplace.items(VIEWER) if i.id == opaque_id("stay-spanning-first-day")]
    assert spanning == sorted(spanning)
    assert all("nothing" not in identifier for identifier in items)


def test_a_selection_shows_and_orders_items(workplace: Workplace) -> None:
    items = workplace.items(VIEWER)
    today = max(item.received for item in items)

    def ids(**chosen) -> list[str]:
        now = datetime.combine(today, datetime.min.time(), UTC)
        viewer = Viewer(NURSE.iri, now, workplace.team.assignments(NURSE), frozenset({MET}))
        return [item.name for item in select(items, Selection(**chosen), viewer)]

    assert set(ids(text="7-a")) == set(ids(text="7.A")) == {"nothing-on-supports", "hostile"}
    assert ids(text="SUPPORTS") == ids(text=" supports, Nothing-on") == ["nothing-on-supports"]
    assert set(ids(facets={"outcomes": frozenset({"criteria-met"})})) >= {"criteria-met"}
    assert ids(facets={"states": frozenset({"decided"})}) == []
    assert len(ids(due_within=6)) == 0
    assert len(ids(due_within=7)) == len(items)
    assert ids(drafts=True) == ["criteria-met"]
    assert ids(text="brandvold", drafts=True) == ids(text="MILLBROOK", drafts=True) == ["criteria-met"]
    depending = ids(depends=True)
    assert 0 < len(depending) < len(items)
    assert "nothing-on-supports" not in depending
    assert ids(sort="name") == ids(sort="name", descending=True)[::-1]
    assert values(items, "outcomes") == sorted({item.outcome for item in items})


def test_queues_go_by_who_has_a_request_and_where_it_stands(workplace: Workplace) -> None:
    def queue(queue: Queue, person: User = NURSE) -> set[str]:
        items = workplace.items(person)
        late = datetime.combine(items[0].received + timedelta(days=60), datetime.min.time(), UTC)
        viewer = Viewer(person.iri, late, workplace.team.assignments(person))
        return {item.name for item in select(items, Selection(queue=queue), viewer)}

    everything = {item.name for item in workplace.items(NURSE)}
    assert queue(Queue.ALL) == queue(Queue.OPEN) == queue(Queue.UNASSIGNED) == queue(Queue.OVERDUE) == everything
    workplace.team.claim(NURSE, MET)
    workplace.decide(NURSE, MISSING, *proposal(workplace, NURSE, MISSING, Disposition.REFERRED_TO_PEER))
    assert (queue(Queue.MINE), queue(Queue.MINE, CLINICIAN)) == ({"criteria-met"}, set())
    assert queue(Queue.UNASSIGNED) == everything - {"criteria-met"}
    assert queue(Queue.WITH_PEER) == {"nothing-on-supports"}
    workplace.decide(NURSE, MET, *proposal(workplace, NURSE, MET, Disposition.APPROVED))
    assert queue(Queue.MINE) == set()
    assert queue(Queue.OPEN) == everything - {"criteria-met"}
    assert queue(Queue.ALL) == everything


def test_a_request_for_documentation_extends_the_time_and_a_decision_ends_it(workplace: Workplace) -> None:
    workplace.decide(NURSE, MISSING, *proposal(workplace, NURSE, MISSING, Disposition.DOCUMENTATION_REQUESTED))
    item = next(item for item in workplace.items(NURSE) if item.id == MISSING)
    assert item.state is CaseState.DOCUMENTATION_REQUESTED
    assert item.deadline
    assert item.deadline.waits_until
    assert str(item.due)[:10] == str(item.received + timedelta(days=31))
    workplace.decide(NURSE, MET, *proposal(workplace, NURSE, MET, Disposition.APPROVED))
    item = next(item for item in workplace.items(NURSE) if item.id == MET)
    assert (item.state, item.due, item.disposition) == (CaseState.DECIDED, None, "approved")
    assert item.standing == "decided: approved"
    assert item.deadline
    assert item.deadline.in_time


# ---------------------------------------------------------------- who may do what


@pytest.mark.parametrize("role", Role)
def test_every_action_is_refused_to_roles_that_may_not(workplace: Workplace, role: Role) -> None:
    person = local("Someone", role, "MO 1")
    file = workplace.case_file(NURSE, MET)
    tried = {
        Action.READ: lambda: workplace.open_request(person, MET),
        Action.QUERY: lambda: workplace.query(person, "ASK { ?s ?p ?o }"),
        Action.EXPORT: lambda: workplace.export(person, MET, "record", lambda: b""),
        Action.TRY: lambda: workplace.try_out(person, "x.ttl", b""),
        Action.DRAFT: lambda: workplace.save(person, MET, "rationale", "x", 0),
        Action.ACCEPT: lambda: workplace.accept(
            person, OPEN, f"{CHARTS['other-factor-not-accepted'][:-8]}#s-other", "why"
        ),
        Action.DETERMINE: lambda: workplace.determine(person, MET),
        Action.DECIDE: lambda: workplace.decide(person, MET, *proposal(workplace, NURSE, MET, Disposition.APPROVED)),
        Action.DECIDE_ADVERSELY: lambda: workplace.decide(
            person, NOT_MET, *proposal(workplace, NURSE, NOT_MET, Disposition.ADVERSE, rationale="Why.")
        ),
        Action.LOAD: lambda: workplace.load(person, [file.case]),
        Action.AUDIT: lambda: workplace.audit(person),
        Action.ASSIGN: lambda: workplace.team.assign(person, {MET: ""}, workplace.team.assignees()[0]),
        Action.CHOOSE_PANEL: lambda: workplace.panels.close(person, "x"),
        Action.NOTE: lambda: workplace.team.add_note(person, MET, "Note."),
        Action.TAKE_IN: lambda: workplace.evidence.create(person, {}, Files(), {}),
        Action.ADD_EVIDENCE: lambda: workplace.evidence.look(person, []),
        Action.STATE: lambda: workplace.evidence.reject(person, MET, "adult-admission:4", "urn:x"),
    }
    workplace.team.join(NURSE)
    assert set(tried) == set(Action) - {Action.SIGN_IN}
    for action, call in tried.items():
        if action in PERMITTED[role]:
            try:
                call()
            except (UsageError, DocumentationError):
                assert action in (Action.ACCEPT, Action.TAKE_IN)
        else:
            before = len(list(workplace.trail.entries()))
            with pytest.raises(AccessError):
                call()
            told = actions(workplace)[before:]
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


def test_a_decision_is_signed_and_stays(workplace: Workplace, policy: Policy) -> None:
    criterion = policy.versions[-1].by_id["adult-admission:8-a-other"].iri
    statements = workplace.case_file(NURSE, OPEN).case.statements
    evidence = next(statement.iri for statement in statements if statement.iri.endswith("s-harvest-isolation"))
    override = Override(criterion, "not-documented", "met", "The letter of the sister says so.", (evidence,))
    workplace.save(NURSE, OPEN, "rationale", "x", 0)
    signed = workplace.decide(
        NURSE,
        OPEN,
        *proposal(
            workplace,
            NURSE,
            OPEN,
            Disposition.APPROVED,
            overrides=(override,),
            remarks=((criterion, "See p. 3."),),
            letter="Dear …",
        ),
    )
    assert (signed.name, signed.role, signed.disposition) == ("Nora Fields", "utilization nurse", Disposition.APPROVED)
    (held,) = signed.overrides
    assert (held.id, held.determined, held.status) == ("adult-admission:8-a-other", "not-documented", "met")
    assert held.evidence == (evidence,)
    assert signed.remarks == (("adult-admission:8-a-other", "See p. 3."),)
    assert workplace.draft(NURSE, OPEN) == {}
    again = workplace.case_file(OTHER, OPEN).decisions
    assert [d.iri for d in again] == [signed.iri]
    with pytest.raises(ConflictError, match="Nora Fields has decided since"):
        workplace.decide(OTHER, OPEN, proposal(workplace, OTHER, OPEN, Disposition.REFERRED_TO_PEER)[0], "")
    with pytest.raises(AccessError, match="The case is closed"):
        workplace.decide(OTHER, OPEN, *proposal(workplace, OTHER, OPEN, Disposition.REFERRED_TO_PEER))
    made, seen = proposal(
        workplace, CLINICIAN, OPEN, Disposition.ADVERSE, rationale="The letter is not hers.", revises=signed.iri
    )
    correction = workplace.decide(CLINICIAN, OPEN, made, seen)
    assert correction.revises == signed.iri
    assert correction.licence == "MO 4711"
    assert [d.iri for d in workplace.case_file(VIEWER, OPEN).decisions] == [signed.iri, correction.iri]


def test_of_two_who_decide_at_once_one_is_told(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [(person, *proposal(workplace, person, MET, Disposition.APPROVED)) for person in (NURSE, OTHER)]
    both, sign = threading.Barrier(2), signing.sign
    monkeypatch.setattr(signing, "sign", lambda *a, **said: (time.sleep(0.3), sign(*a, **said))[1])

    def decide(person: User, proposed: Proposal, seen: str) -> str:
        both.wait()
        try:
            return workplace.decide(person, MET, proposed, seen).name
        except ConflictError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda arguments: decide(*arguments), made))
    (decision,) = workplace.case_file(VIEWER, MET).decisions
    assert sorted(said) == sorted([decision.name, next(s for s in said if "has decided since you looked" in s)])


def test_a_nurse_approves_only_what_meets_the_criteria(workplace: Workplace, policy: Policy) -> None:
    with pytest.raises(AccessError, match="the outcome is documentation-needed"):
        workplace.decide(NURSE, MISSING, *proposal(workplace, NURSE, MISSING, Disposition.APPROVED))
    with pytest.raises(DocumentationError, match="takes a rationale"):
        workplace.decide(CLINICIAN, MISSING, *proposal(workplace, CLINICIAN, MISSING, Disposition.APPROVED))
    workplace.decide(
        CLINICIAN, MISSING, *proposal(workplace, CLINICIAN, MISSING, Disposition.APPROVED, rationale="Seen the family.")
    )
    assert actions(workplace).count("refused: decide") == 1


def test_an_adverse_decision_takes_a_clinician_a_licence_and_a_rationale(workplace: Workplace) -> None:
    unlicensed = local("Clara Voss", Role.CLINICIAN)
    assert CLINICIAN.may(Action.DECIDE_ADVERSELY)
    assert not unlicensed.may(Action.DECIDE_ADVERSELY)
    for person in (NURSE, unlicensed, ADMINISTRATOR, VIEWER):
        with pytest.raises(AccessError):
            workplace.decide(
                person, NOT_MET, *proposal(workplace, NURSE, NOT_MET, Disposition.ADVERSE, rationale="Why.")
            )
    with pytest.raises(DocumentationError, match="An adverse decision needs"):
        workplace.decide(CLINICIAN, NOT_MET, *proposal(workplace, CLINICIAN, NOT_MET, Disposition.ADVERSE))
    assert workplace.case_file(NURSE, NOT_MET).decisions == ()
    assert workplace.decide(
        CLINICIAN, NOT_MET, *proposal(workplace, CLINICIAN, NOT_MET, Disposition.ADVERSE, rationale="Why.")
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
def test_an_override_that_is_not_fit(
    workplace: Workplace, policy: Policy, override: tuple[str, ...], message: str
) -> None:
    id_, *rest = override
    iri = policy.versions[-1].by_id[id_].iri if id_ in policy.versions[-1].by_id else id_
    made = proposal(workplace, NURSE, MISSING, Disposition.REFERRED_TO_PEER, overrides=(Override(iri, *rest),))
    with pytest.raises(DocumentationError, match=message):
        workplace.decide(NURSE, MISSING, *made)
    assert workplace.case_file(NURSE, MISSING).decisions == ()


def test_a_request_for_documentation_has_a_letter(workplace: Workplace) -> None:
    made = proposal(workplace, NURSE, MISSING, Disposition.DOCUMENTATION_REQUESTED, letter=" ")
    with pytest.raises(DocumentationError, match="no letter"):
        workplace.decide(NURSE, MISSING, *made)


def test_nothing_is_decided_on_what_is_not_current(workplace: Workplace) -> None:
    made, seen = proposal(workplace, NURSE, MET, Disposition.APPROVED)
    workplace.determine(ADMINISTRATOR, MET, date(2027, 1, 1))
    with pytest.raises(ConflictError, match="not the current one"):
        workplace.decide(NURSE, MET, made, seen)


def test_an_acceptance_counts_survives_a_load_and_is_withdrawn(workplace: Workplace, policy: Policy) -> None:
    file = workplace.case_file(NURSE, OPEN)
    (statement,) = [a.statement.iri for d in file.determinations for a in d.asides if a.reason.name == "UNACCEPTED"]
    before = file.determinations[0].status("adult-admission:8-a-other")
    with pytest.raises(DocumentationError, match="needs one nec:rationale"):
        workplace.accept(NURSE, OPEN, statement, " ")
    workplace.accept(NURSE, OPEN, statement, "Specific to him.")
    after = workplace.case_file(NURSE, OPEN)
    assert after.recorded
    assert after.determinations[0].status("adult-admission:8-a-other").value == "met"
    workplace.load(ADMINISTRATOR, [file.case])
    assert workplace.case_file(NURSE, OPEN).determinations[0].status("adult-admission:8-a-other").value == "met"
    assert list(workplace._kb.verify()) == []
    (acceptance,) = workplace.case_file(NURSE, OPEN).acceptances
    workplace.withdraw(OTHER, OPEN, acceptance, "About someone else.")
    assert workplace.case_file(NURSE, OPEN).determinations[0].status("adult-admission:8-a-other") is before
    with pytest.raises(ConflictError, match="not in force"):
        workplace.withdraw(OTHER, OPEN, acceptance, "Again.")
    assert len(list(workplace._kb.entries(GraphKind.ACCEPTANCE))) == 2
    with pytest.raises(StoreError, match="would be lost: 2"):
        workplace._kb.remove(file.case.iri)
    assert statement.rpartition("#")[2] not in workplace.trail.path.read_text()


def test_acceptances_are_well_formed_records(policy: Policy, tmp_path: Path) -> None:
    made = signing.accept("https://e.org/r", "https://e.org/s", "Why.", NURSE, policy)
    (back,) = signing.read_acceptances(Graph().parse(data=made.content, format="nt"), policy, "again")
    assert back == made
    with pytest.raises(StoreError, match="not in the knowledge base"):
        KnowledgeBase().load_acceptance(made)


# ---------------------------------------------------------------- drafts


def test_colleagues_are_told_of_each_other(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    workplace.open_request(NURSE, MET)
    workplace.open_request(OTHER, MET)
    assert [c.name for c in workplace.colleagues(OTHER, MET)] == ["Nora Fields"]
    assert workplace.colleagues(OTHER, MET)[0].drafted is None
    workplace.save(NURSE, MET, "rationale", "x", 0)
    assert workplace.colleagues(OTHER, MET)[0].drafted is not None
    later = datetime.now(UTC) + timedelta(hours=1)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr("reasoner.workplace.drafts.datetime", Clock)
    (told,) = workplace.drafts.colleagues(MET, OTHER.iri)
    assert (told.seen, told.name) == (None, "Nora Fields")


# ---------------------------------------------------------------- what is put on record


def test_nothing_is_done_that_cannot_be_put_on_record(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = proposal(workplace, NURSE, MET, Disposition.APPROVED)

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(workplace.trail, "append", fail)
    with pytest.raises(StoreError, match="disk is full"):
        workplace.decide(NURSE, MET, *made)
    assert workplace.case_file(NURSE, MET).decisions == ()


def test_the_trail_holds_nothing_of_a_chart(workplace: Workplace) -> None:
    hostile = opaque_id("hostile")
    workplace.open_request(NURSE, hostile)
    workplace.save(NURSE, hostile, "rationale", "secret words", 0)
    workplace.query(NURSE, 'SELECT * { ?s ?p "secret words" }')
    workplace.try_out(NURSE, "John Doe.ttl", hostile_chart().serialize(format="turtle").encode())
    workplace.decide(
        NURSE, hostile, *proposal(workplace, NURSE, hostile, Disposition.REFERRED_TO_PEER, rationale="secret words")
    )
    text = workplace.trail.path.read_text()
    for said in (MARKUP[:20], "secret", "John", "hostile", "nothing-on"):
        assert said not in text
    assert hostile in text


# ---------------------------------------------------------------- trying


def test_a_workbook_can_be_tried(workplace: Workplace, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = (
        {"request": "r", "phase": "admission", "focus": "mental-health", "service_start": "2025-06-02"},
        {"birth_date": "1980-05-05", "jurisdiction": "US-MO", "criterion": "adult-admission:3"},
        {"assertion": "affirmed", "document": "Note", "issued": "2025-06-02"},
    )
    cells = {name: cell for part in sheet for name, cell in part.items()}
    book.active.append(list(cells))
    book.active.append(list(cells.values()))
    book.save(tmp_path / "s.xlsx")
    trial = workplace.try_out(NURSE, "s.xlsx", (tmp_path / "s.xlsx").read_bytes())
    assert (len(trial.determinations), trial.errors) == (1, ())


def test_trying_charts_keeps_nothing(workplace: Workplace) -> None:
    graphs = len(list(workplace._kb.entries()))
    data = (CASES / "mp9556" / "adult-admission" / "homelessness-with-need.ttl").read_bytes()
    trial = workplace.try_out(NURSE, "chart.ttl", data)
    assert [d.outcome for d in trial.determinations] == [Outcome.CRITERIA_MET]
    assert workplace.try_out(NURSE, "bad.ttl", b"nonsense").errors
    assert "unknown file type" in workplace.try_out(NURSE, "chart.exe", data).errors[0]
    packed = workplace.try_out(NURSE, "chart.ttl.gz", gzip.compress(data))
    assert [d.outcome for d in packed.determinations] == [Outcome.CRITERIA_MET]
    assert "not gzip" in workplace.try_out(NURSE, "chart.ttl.gz", data).errors[0]
    workplace.settings = dataclasses.replace(workplace.settings, max_upload=1)
    assert "larger than 1 MiB" in workplace.try_out(NURSE, "chart.ttl.gz", gzip.compress(bytes(2**21))).errors[0]
    workplace.settings = dataclasses.replace(workplace.settings, max_upload=0)
    assert "larger than 0 MiB" in workplace.try_out(NURSE, "chart.ttl", data).errors[0]
    assert len(list(workplace._kb.entries())) == graphs


def test_a_request_that_is_not_there(workplace: Workplace) -> None:
    for id_ in ("", "x" * 200, "../../etc/passwd"):
        with pytest.raises(StoreError, match="no such request"):
            workplace.open_request(NURSE, id_)
