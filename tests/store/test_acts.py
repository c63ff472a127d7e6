"""Acts that were signed elsewhere: held to the same as those that are signed here, by the state of their case."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import AccessError, ConflictError, DocumentationError, NecessityError
from reasoner.render.provenance import iri
from reasoner.review.acts import Appeal, Disposition, Filing, Proposal, Requester, Signed
from reasoner.review.authority import Role
from reasoner.review.deciding import Situation, assessed_leaves
from reasoner.review.people import User
from reasoner.review.permissions import Condition, Revised, permission
from reasoner.review.signing import read_decisions
from reasoner.review.steps import history
from reasoner.store.acts import _check, acts_on, load_signed_elsewhere
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import LoadChange
from tests.conftest import CASES
from tests.review.test_permissions import OTHERS, PEOPLE, signed, tried
from tests.review.test_walks import situations, walk

__all__ = ["situations"]
"""The fixture that a test here begins with."""

D = Disposition
HEAD = """@prefix nec: <https://w3id.org/necessity/core#> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix : <urn:act:> .
:ann skos:prefLabel "Ann" ; nec:authorRole "nurse" .
:bob skos:prefLabel "Bob" ; nec:authorRole "physician" ; nec:licence "MO 1" .
:cleo skos:prefLabel "Cleo" ; nec:authorRole "physician" ; nec:licence "MO 2" .
"""
REVIEWER, CLINICIAN = (
    "nec:signedAs nec:Reviewer ; prov:wasAttributedTo :ann",
    "nec:signedAs nec:Clinician ; prov:wasAttributedTo :bob",
)
FILED = "nec:filedAs nec:Appeal ; nec:askedBy nec:ByMember ; nec:urgency nec:Standard"


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.CLINICIAN])
def test_the_table_of_permissions_holds_for_them(policy: Policy, role: Role) -> None:
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "criteria-met.ttl", policy)
    (determination,) = determine_case(case, policy)
    own = tuple((id_, "met") for _, id_ in assessed_leaves(determination))
    refused = 0
    for of, act, acts, whose in tried():
        if of is not role:
            continue
        other, person = OTHERS[Revised.CLINICIANS], PEOPLE[role]
        made = [signed(n, d, other, Role.CLINICIAN) for n, d in enumerate(acts)]
        if acts:
            signer = {Revised.NOTHING: other, Revised.OWN: person, **OTHERS}[whose]
            made[-1] = signed(len(acts) - 1, acts[-1], signer, signer.role)
        loaded = replace(
            signed(len(acts), act, person, role),
            rationale="Why.",
            revises=made[-1].iri if whose is not Revised.NOTHING else "",
            appeal=Appeal(Filing.APPEAL, Requester.MEMBER) if act is D.APPEALED else None,
            notice_date=case.as_of,
            own_statuses=own,
        )
        if act is D.PEER_TO_PEER or (act is D.APPEALED and D.ADVERSE not in acts):
            continue  # what these need beside a permission is tried where acts are signed
        permitted = permission(role, act, history(made).state, whose).condition is not Condition.NO
        try:
            _check(loaded, tuple(made), determination, determination.outcome)
        except AccessError:
            assert not permitted, (act, acts, whose)
            refused += 1
        else:
            assert permitted, (act, acts, whose)
    assert refused


def test_both_doors_refuse_alike_on_random_walks(situations: dict[bool, Situation]) -> None:
    told: Counter[bool] = Counter()

    def tried(proposal: Proposal, person: User, now: Situation, acts: list[Signed], can_be_signed: bool) -> None:
        ids = {result.criterion.iri: result.criterion.id for result in now.determination.criteria}
        act_ = replace(
            signed(len(acts) + 100, proposal.disposition, person, person.role),
            rationale=proposal.rationale,
            revises=proposal.revises,
            appeal=proposal.appeal,
            call=proposal.call,
            notice_date=proposal.notice_date,
            own_statuses=tuple((ids[iri_], status) for iri_, status in proposal.own_statuses),
        )
        try:
            _check(act_, tuple(acts), now.determination, now.determination.outcome)
        except NecessityError:
            assert not can_be_signed, (act_.disposition, now.history.state)
        else:
            assert can_be_signed, (act_.disposition, now.history.state)
        told[can_be_signed] += 1

    for seed in range(60):
        for _ in walk(situations, random.Random(seed), tried):
            pass
    assert min(told.values()) > 100


@pytest.fixture
def load(policy: Policy) -> Callable[[str], list[LoadChange]]:
    """Loads acts on a case that meets the criteria (MET) and on one that does not (OPEN)."""
    kb, names = KnowledgeBase(), {}
    kb.load_policy(policy)
    for name, place in (("MET", "criteria-met"), ("OPEN", "nothing-on-supports")):
        (case,) = read_file(CASES / "mp9556" / "adult-admission" / f"{place}.ttl", policy)
        kb.load_case(case)
        determinations = determine_case(case, policy, alternatives=False)
        kb.record(determinations)
        names[name] = str(iri(determinations[0]))
        result = determinations[0].criterion("adult-admission:7-a")
        names[f"LEAF-{name}"] = result.criterion.iri
        speaks = determinations[0].criterion("adult-admission:3").evidence
        names[f"SAID-{name}"] = speaks[0].statement.iri if speaks else ""

    def loaded(text: str) -> list[LoadChange]:
        for name, value in names.items():
            text = text.replace(f"<{name}>", f"<{value}>")
        found = read_decisions(Graph().parse(data=HEAD + text, format="turtle"), policy, "acts.ttl")
        return [load_signed_elsewhere(kb, decision, policy) for decision in found]

    return loaded


def act(name: str, about: str, disposition: str, day: int, more: str) -> str:
    return (
        f":{name} a nec:Decision ; nec:determination <{about}> ; nec:disposition nec:{disposition} ; {more} ; "
        f'prov:generatedAtTime "2026-10-{day:02}T10:00:00Z"^^xsd:dateTime ; nec:rationale "So." .\n'
    )


def test_acts_that_the_state_permits_are_taken_in_once(load: Callable[[str], list[LoadChange]]) -> None:
    acts = [
        act("1", "OPEN", "DocumentationRequested", 1, REVIEWER),
        act("2", "OPEN", "DocumentationReturned", 2, REVIEWER),
        act("3", "OPEN", "Adverse", 3, CLINICIAN),
        act("4", "OPEN", "Appealed", 4, f"{REVIEWER} ; {FILED}"),
        act("5", "OPEN", "Overturned", 5, CLINICIAN.replace(":bob", ":cleo")),
    ]
    assert [load(text) for text in acts] == [[LoadChange.ADDED]] * 5
    assert load("".join(acts)) == [LoadChange.UNCHANGED] * 5


OVERRIDE = (
    "nec:override :o . :o a nec:Override ; nec:criterion <LEAF-OPEN> ; nec:status nec:Met ; nec:rationale 'ok' EVIDENCE . "
    ":3 nec:signedAs nec:Reviewer"
)


@pytest.mark.parametrize(
    ("before", "text", "problem", "words"),
    [
        (("Adverse", CLINICIAN), act("3", "OPEN", "ReferredToPeer", 2, REVIEWER), AccessError, "reviewer may not sign referred to peer, the case being decided"),
        (("Adverse", CLINICIAN), act("3", "OPEN", "Approved", 2, f"{REVIEWER} ; prov:wasRevisionOf :1"), AccessError, "What a clinician has signed stands"),
        (("Adverse", CLINICIAN), act("3", "OPEN", "Upheld", 2, CLINICIAN), AccessError, "No appeal is open"),
        (("ReferredToPeer", REVIEWER), act("3", "OPEN", "DocumentationRequested", 2, REVIEWER), AccessError, "with a clinical peer"),
        (("ReferredToPeer", REVIEWER), act("3", "OPEN", "Appealed", 2, f"{REVIEWER} ; {FILED}"), AccessError, "Nothing is decided yet"),
        (("ReferredToPeer", REVIEWER), act("3", "OPEN", "Approved", 2, f"{CLINICIAN} ; prov:wasRevisionOf :1"), DocumentationError, "corrects no act of another step"),
        (("ReferredToPeer", REVIEWER), act("3", "OPEN", "Extended", 2, f"{REVIEWER} ; nec:noticeDate '2026-10-02'^^xsd:date ; prov:wasRevisionOf :9"), ConflictError, "what it corrects"),
        (None, act("3", "OPEN", "Approved", 2, REVIEWER), AccessError, "a reviewer approves what meets the criteria"),
        (None, act("3", "OPEN", "Approved", 2, f"{REVIEWER} ; {OVERRIDE}".replace("EVIDENCE", "")), AccessError, "overrides without evidence"),
        (None, act("3", "OPEN", "Approved", 2, f"{REVIEWER} ; {OVERRIDE}".replace("EVIDENCE", "; nec:evidence <SAID-OPEN>")), AccessError, "overrides without evidence"),
        (None, act("3", "OPEN", "ReferredToPeer", 2, f"{REVIEWER} ; {OVERRIDE}".replace("EVIDENCE", "; nec:evidence <urn:x>")), DocumentationError, "a statement that the chart does not have"),
    ],
)  # fmt: skip
def test_what_the_state_forbids_is_refused_by_name(
    load: Callable[[str], list[LoadChange]],
    before: tuple[str, str] | None,
    text: str,
    problem: type[NecessityError],
    words: str,
) -> None:
    if before:
        load(act("1", "OPEN", before[0], 1, before[1]))
    with pytest.raises(problem, match=words) as raised:
        load(text)
    assert raised.value.where == "urn:act:3"
    assert raised.value.mend


def test_who_denied_decides_no_appeal_there_either(load: Callable[[str], list[LoadChange]]) -> None:
    load(act("1", "OPEN", "Adverse", 1, CLINICIAN))
    load(act("2", "OPEN", "Appealed", 2, f"{REVIEWER} ; {FILED}"))
    with pytest.raises(AccessError, match="who denied a request decides no appeal"):
        load(act("3", "OPEN", "Upheld", 3, CLINICIAN))


def test_an_act_that_comes_late_has_to_leave_the_later_ones_standing(load: Callable[[str], list[LoadChange]]) -> None:
    load(act("2", "OPEN", "ReferredToPeer", 5, REVIEWER))
    assert load(act("1", "OPEN", "DocumentationRequested", 2, REVIEWER)) == [LoadChange.ADDED]
    with pytest.raises(ConflictError, match="earlier than <urn:act:2>, which could not stand after it"):
        load(act("3", "OPEN", "Adverse", 3, CLINICIAN))


def test_an_act_of_an_earlier_version_is_a_step_of_its_own(load: Callable[[str], list[LoadChange]]) -> None:
    load(act("1", "OPEN", "DocumentationRequested", 1, "prov:wasAttributedTo :ann"))
    assert load(act("2", "OPEN", "ReferredToPeer", 2, "prov:wasAttributedTo :ann ; prov:wasRevisionOf :1")) == [
        LoadChange.ADDED
    ]


def test_an_act_on_a_determination_that_is_not_made_any_more(policy: Policy) -> None:
    def signed_as(role: Role, outcome: str) -> None:
        own = signed(1, D.APPROVED, PEOPLE[role], role)
        _check(replace(own, licence=""), (), None, outcome)

    signed_as(Role.REVIEWER, "criteria-met")
    for role in (Role.REVIEWER, Role.CLINICIAN):
        with pytest.raises(AccessError, match="and the outcome is criteria-not-met"):
            signed_as(role, "criteria-not-met")
    later: Signed = signed(1, D.APPROVED, PEOPLE[Role.CLINICIAN], Role.CLINICIAN)
    _check(later, (), None, "criteria-not-met")


def test_the_command_loads_them_by_time_and_says_what_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    chart = CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl"
    for arguments in (["init"], ["load", str(chart)], ["determine", "--readings", "default"]):
        assert main(["kb", *arguments]) == 0
    capsys.readouterr()
    main(["kb", "list", "--kind", "determination"])
    about = capsys.readouterr().out.split()[-1]
    (tmp_path / "a.ttl").write_text(HEAD + act("1", about, "Appealed", 4, f"{REVIEWER} ; {FILED}"))
    (tmp_path / "b.ttl").write_text(HEAD + act("2", about, "Adverse", 3, CLINICIAN))
    (tmp_path / "c.ttl").write_text(HEAD + act("3", about, "ReferredToPeer", 5, REVIEWER))
    assert main(["kb", "load", *(str(tmp_path / name) for name in ("a.ttl", "b.ttl", "c.ttl"))]) == 3
    told = capsys.readouterr()
    assert told.out.split()[2::3] == ["urn:act:2", "urn:act:1"]
    assert "rejected: urn:act:3: a reviewer may not sign referred to peer, the case being appealed" in told.err


def test_what_stands_in_graphs_of_peoples_own_is_no_record(policy: Policy) -> None:
    """Bases of earlier versions can hold it: the endpoint took it in then."""
    kb = KnowledgeBase()
    kb.load_policy(policy)
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "criteria-met.ttl", policy)
    kb.load_case(case)
    (determination,) = determine_case(case, policy, alternatives=False)
    kb.record([determination])
    made, statement = str(iri(determination)), case.statements[0].iri

    def told() -> tuple[object, ...]:
        register = kb.register
        return (
            acts_on(kb, case.iri, policy),
            register.determinations(case.iri),
            register.answered([made, "urn:mine:determination"]),
            register.made(case.iri),
            register.signed([made, case.iri]),
            register.acceptances([case.iri]),
            register.with_calls([case.iri]),
            register.judged(made),
            register.judged_of(case.iri),
            register.prefixes(),
        )

    before = told()
    kb.store.update(
        f"""PREFIX nec: <https://w3id.org/necessity/core#> PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX : <urn:mine:>
        PREFIX vann: <http://purl.org/vocab/vann/> PREFIX dcterms: <http://purl.org/dc/terms/>
        PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
        INSERT DATA {{ GRAPH :graph {{
            :decision a nec:Decision ; nec:determination <{made}> ; nec:disposition nec:Approved ; nec:callDocument :call ;
                prov:generatedAtTime "2026-02-01T10:00:00Z"^^xsd:dateTime ; prov:wasAttributedTo :person .
            :determination a nec:Determination ; nec:request <{case.iri}> ; nec:serviceStart "2025-06-02"^^xsd:date .
            <{made}> nec:request :other ; nec:asOf "2020-01-01"^^xsd:date ; nec:judged :judged .
            :judged nec:resource <{statement}> ; nec:judgedDigest "0" .
            :accepted a nec:Acceptance ; nec:request <{case.iri}> ; nec:statement <{statement}> ; prov:wasAttributedTo :person .
            :ontology vann:preferredNamespacePrefix "nec" ; vann:preferredNamespaceUri :namespace .
            :section a nec:Section ; dcterms:identifier "adult-admission" }} }}"""
    )
    assert told() == before
    assert kb.load_case(case) is LoadChange.UNCHANGED, "no mark of an acceptance is added"
