"""The worklist's index: what it keeps, when it reads again, and what damage does to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from reasoner import Policy
from reasoner.chart.intake import read_file
from reasoner.determination.determine import determine_case
from reasoner.review.acts import Disposition, Proposal
from reasoner.review.authority import Role
from reasoner.review.deciding import Situation, decide
from reasoner.review.people import local
from reasoner.review.steps import CaseState, History
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.workplace import worklist_index
from reasoner.workplace.request_facts import read_facts
from reasoner.workplace.settings import WorkplaceSettings
from reasoner.workplace.worklist import read_worklist
from reasoner.workplace.worklist_index import WorklistIndex
from tests.conftest import CASES
from tests.workplace.sample_base import CHARTS, fill

FILE = "worklist.db"


@pytest.fixture
def base(tmp_path: Path, policy: Policy) -> Path:
    with KnowledgeBase(open_store(tmp_path / "kb", write=True)) as kb:
        kb.load_policy(policy)
        fill(kb, policy)
    return tmp_path / "kb"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the index reads from the base, each time it does: IRIs of requests, or None for all."""
    asked: list[object] = []

    def reads(kb: KnowledgeBase, policy: Policy, requests: Iterable[str] | None = None) -> object:
        asked.append(None if requests is None else sorted(requests))
        return read_facts(kb, policy, requests)

    monkeypatch.setattr(worklist_index, "read_facts", reads)
    return asked


def agrees(kb: KnowledgeBase, policy: Policy, folder: Path) -> bool:
    settings = WorkplaceSettings()
    kept = read_worklist(kb, policy, settings, index=WorklistIndex(folder / FILE, kb, policy))
    return kept == read_worklist(kb, policy, settings) and len(kept) >= len(CHARTS)


def test_the_base_is_read_once(base: Path, policy: Policy, tmp_path: Path, asked: list[object]) -> None:
    for _ in range(3):
        with KnowledgeBase(open_store(base)) as kb:
            assert agrees(kb, policy, tmp_path)
    assert asked == [None]
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_only_what_another_program_has_changed_is_read_again(
    base: Path, policy: Policy, tmp_path: Path, asked: list[object]
) -> None:
    with KnowledgeBase(open_store(base)) as kb:
        assert agrees(kb, policy, tmp_path)
    changed, removed, decided = (
        CHARTS[name] for name in ("criteria-met", "nothing-on-supports", "continuation-without-asam")
    )
    with KnowledgeBase(open_store(base, write=True)) as kb:
        (case,) = read_file(CASES / "mp9556" / "adult-admission" / "criteria-met.ttl", policy)
        line = next(line for line in case.content.splitlines(keepends=True) if "core#birthDate" in line)
        kb.load_case(replace(case, content=case.content.replace(line, line.replace('"19', '"18'))))
        kb.remove(removed, decisions=True)
        (case,) = read_file(CASES / "mp9556" / "illinois" / "continuation-without-asam.ttl", policy)
        (determination,) = determine_case(case, policy)
        proposal = Proposal(str(determination_iri(kb, case.iri)), Disposition.REFERRED_TO_PEER, "for a peer")
        decision, _ = decide(
            proposal, local("Nora Fields", Role.REVIEWER), Situation(case, determination, History()), policy
        )
        kb.load_decision(decision)
        items = {item.request: item for item in read_worklist(kb, policy, WorkplaceSettings())}
        assert items[decided].state is CaseState.REFERRED_TO_PEER
        assert removed not in items
        assert not items[changed].determination
    asked.clear()
    with KnowledgeBase(open_store(base)) as kb:
        assert agrees(kb, policy, tmp_path)
        assert agrees(kb, policy, tmp_path)
    assert asked == [sorted([changed, decided])]


def determination_iri(kb: KnowledgeBase, request: str) -> str:
    (iri,) = kb.register.current([request])[request]
    return iri


def test_a_base_without_a_trail_is_compared_each_time(policy: Policy, tmp_path: Path, asked: list[object]) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    fill(kb, policy)
    assert agrees(kb, policy, tmp_path)
    kb.remove(CHARTS["criteria-met"], decisions=True)
    index = WorklistIndex(tmp_path / FILE, kb, policy)
    assert CHARTS["criteria-met"] not in {facts.request for facts in index.facts()}
    assert asked == [None]


def _overwritten(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-wal")):  # which could make the file good again
        name.write_bytes(b"no database" * 500)


def _with_another_name(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE facts SET content = replace(content, 'US-MO', 'US-IL')")


def _with_a_row_of_no_json(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE origin SET content = '[1,'")


@pytest.mark.parametrize("damage", [_overwritten, _with_another_name, _with_a_row_of_no_json, Path.unlink])
def test_a_damaged_file_is_made_anew(
    base: Path, policy: Policy, tmp_path: Path, asked: list[object], damage: Callable[[Path], object]
) -> None:
    with KnowledgeBase(open_store(base)) as kb:
        assert agrees(kb, policy, tmp_path)
        damage(tmp_path / FILE)
        assert agrees(kb, policy, tmp_path)
        assert agrees(kb, policy, tmp_path)
    assert asked == [None, None]


def test_another_base_has_nothing_of_the_file(base: Path, policy: Policy, tmp_path: Path) -> None:
    with KnowledgeBase(open_store(base)) as kb:
        assert agrees(kb, policy, tmp_path)
    empty = KnowledgeBase()
    assert WorklistIndex(tmp_path / FILE, empty, policy).facts() == []


def test_where_no_file_can_be_kept_the_base_is_read(base: Path, policy: Policy, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with KnowledgeBase(open_store(base)) as kb:
        assert agrees(kb, policy, tmp_path)


def test_a_graph_of_peoples_own_decides_nothing_and_names_nobody(base: Path, policy: Policy, tmp_path: Path) -> None:
    store = open_store(base, write=True)
    with KnowledgeBase(store) as kb:
        before = read_worklist(kb, policy, WorkplaceSettings())
        request = CHARTS["criteria-met"]
        store.update(  # as another program may; the base itself refuses it
            f"""PREFIX nec: <https://w3id.org/necessity/core#> PREFIX prov: <http://www.w3.org/ns/prov#>
            PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
            INSERT DATA {{ GRAPH <https://example.org/mine> {{ <{request}> dcterms:identifier "of mine" .
                <https://example.org/d> a nec:Decision ; nec:determination <{determination_iri(kb, request)}> ;
                    nec:disposition nec:Approved ; prov:generatedAtTime "2026-01-01T00:00:00Z"^^xsd:dateTime ;
                    prov:wasAttributedTo <https://example.org/me> }} }}"""
        )
        assert read_worklist(kb, policy, WorkplaceSettings()) == before
        assert agrees(kb, policy, tmp_path)


def test_a_chart_that_names_the_same_member_otherwise_leaves_the_others_as_they_were(policy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    (case,) = read_file(CASES / "mp9556" / "adult-admission" / "criteria-met.ttl", policy)
    member = next(line.split()[0] for line in case.content.splitlines() if "core#birthDate" in line)
    label = f'{member} <http://www.w3.org/2004/02/skos/core#prefLabel> "{{}}" .\n'
    other = case.iri + "-2"

    def named(content: str, name: str) -> str:
        return "".join(sorted([*content.splitlines(keepends=True), label.format(name)]))

    kb.load_case(replace(case, content=named(case.content, "Roe")))
    renamed = named(case.content.replace(f"<{case.iri}>", f"<{other}>"), "Doe")
    kb.load_case(replace(case, iri=other, content=renamed))
    members = {item.request: item.member for item in read_worklist(kb, policy, WorkplaceSettings())}
    assert members == {case.iri: "Roe", other: "Doe"}
