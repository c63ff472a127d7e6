"""An attack on every kind of graph of a base and on every line of its trail: verification names each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from reasoner import Policy
from reasoner.store import audit
from reasoner.store.audit import Actor, AuditTrail
from reasoner.store.backends import DirectoryStore, MemoryStore
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind
from reasoner.store.integrity import compare_with_trail
from tests.store.sample_charts import FIRST, cases
from tests.store.test_integrity import KINDS, fill

Lines = list[str]


@pytest.fixture(scope="module")
def whole(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> tuple[ox.Store, AuditTrail]:
    """The content of a base with a graph of every kind, in memory, and its trail."""
    place = tmp_path_factory.mktemp("attacked")
    fill(place, policy)
    store, content = ox.Store.read_only(str(place / "oxigraph")), ox.Store()
    content.extend(store)
    del store
    return content, AuditTrail(place / "audit.jsonl")


def found(content: ox.Store, trail: AuditTrail, head: str | None = None) -> list[str]:
    store = MemoryStore()
    store._store.extend(content)
    return list(compare_with_trail(store, trail, head))


def renamed(quads: list[ox.Quad], name: str) -> Iterator[ox.Quad]:
    return (ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(name)) for quad in quads)


@pytest.mark.parametrize("kind", [*KINDS, None], ids=lambda kind: kind.slug if kind else "catalog")
def test_whatever_becomes_of_a_graph(whole: tuple[ox.Store, AuditTrail], kind: GraphKind | None) -> None:
    content, trail = whole
    prefix = kind.prefix if kind else CATALOG
    name = next(node for node in sorted(content.named_graphs(), key=str) if node.value.startswith(prefix))
    quads = list(content.quads_for_pattern(None, None, None, name))
    literal = next((quad for quad in quads if isinstance(quad.object, ox.Literal)), quads[0])
    said = ox.Literal(f"{getattr(literal.object, 'value', '')} ")
    other = "urn:necessity:chart-graph:feedbeef"
    attacks = {
        "deleted": (quads, ()),
        "a triple less": (quads[:1], ()),
        "a triple more": ((), [ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("o"), name)]),
        "a space more": ([literal], [ox.Quad(literal.subject, literal.predicate, said, name)]),
        "renamed": (quads, renamed(quads, other)),
        "copied": ((), renamed(quads, other)),
    }
    for attack, (less, more) in attacks.items():
        attacked = ox.Store()
        attacked.extend(content)
        for quad in less:
            attacked.remove(quad)
        attacked.extend(more)
        problems = "\n".join(found(attacked, trail))
        if attack != "copied":
            assert f"<{name.value}>" in problems if kind else "what the catalog says of" in problems, attack
        if attack in ("renamed", "copied"):
            assert f"added: the chart graph <{other}>" in problems


def of_lines(trail: AuditTrail, lines: Lines, place: Path) -> AuditTrail:
    (place / audit.FILE).write_bytes("".join(lines).encode())
    return AuditTrail(place / audit.FILE)


def test_whatever_becomes_of_a_line_of_the_trail(whole: tuple[ox.Store, AuditTrail], tmp_path: Path) -> None:
    content, trail = whole
    lines, head = trail.path.read_text().splitlines(keepends=True), trail.head()
    assert found(content, trail, head) == []
    for number, line in enumerate(lines):
        before, after, entry = lines[:number], lines[number + 1 :], json.loads(line)
        attacks = [
            [*before, *after],
            [*before, line, line, *after],
            [*before, line[:20]],
            [*before, "{}\n", *after],
            [*before, line.replace("{", '{"action":"read",', 1), *after],
            *([*before, json.dumps({**entry, name: 0}) + "\n", *after] for name in entry),
            *([[*before, after[0], line, *after[1:]]] if after else []),
        ]
        for attacked in attacks:
            assert of_lines(trail, attacked, tmp_path).verify(head), "also without a look at the base"
        assert any("is no entry" in problem for problem in found(content, of_lines(trail, attacks[3], tmp_path)))
    for cut in range(len(lines)):
        shorter = of_lines(trail, lines[:cut], tmp_path)
        assert f"audit trail: no entry has the digest {head}" in found(content, shorter, head)
        assert any("and the last change is entry" in problem for problem in found(content, shorter))


def test_two_bases_are_exchanged(whole: tuple[ox.Store, AuditTrail], policy: Policy, tmp_path: Path) -> None:
    content, trail = whole
    with KnowledgeBase(DirectoryStore(tmp_path / "other", write=True)) as kb:
        kb.load_cases(cases(FIRST, policy))
    other = ox.Store.read_only(str(tmp_path / "other" / "oxigraph"))
    assert any("deleted: the determination graph" in problem for problem in found(other, trail))
    assert any(
        "added: the decision graph" in problem
        for problem in found(content, AuditTrail(tmp_path / "other" / audit.FILE))
    )
    # Both the store and the trail of the other: only a digest kept elsewhere tells.
    swapped = AuditTrail(tmp_path / "other" / audit.FILE)
    assert found(other, swapped) == []
    assert found(other, swapped, trail.head()) == [f"audit trail: no entry has the digest {trail.head()}"]


def test_a_change_that_others_followed_cannot_be_taken_back(whole: tuple[ox.Store, AuditTrail], tmp_path: Path) -> None:
    """An entry that says an earlier change was not carried out would let its graphs vanish."""
    content, trail = whole
    shutil.copy(trail.path, tmp_path / audit.FILE)
    own = AuditTrail(tmp_path / audit.FILE)
    entries = list(own.entries())
    own.append(Actor("urn:x", "X", "account"), audit.UNDONE, detail=entries[-3].digest)
    number = len(entries) + 1
    assert f"audit trail: entry {number} takes back a change that is not the last before it" in found(content, own)
