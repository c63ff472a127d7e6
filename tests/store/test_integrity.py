"""Attacks on a base: whatever graph is deleted, altered, added, put back or exchanged, verification names it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from reasoner import Policy
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import ConflictError, QueryError, StoreError
from reasoner.rdf import graphs
from reasoner.render import provenance
from reasoner.store import backends
from reasoner.store.audit import UNDONE, Actor, AuditTrail
from reasoner.store.backends import DirectoryStore, open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind, LoadChange, audit_name, graph_name, itself
from reasoner.store.change import Change
from tests.conftest import served
from tests.store.sample_charts import CHANGED, FIRST, OTHER, cases
from tests.store.test_base import DECISION, decisions

KINDS = tuple(kind for kind in GraphKind if kind is not GraphKind.ACCEPTANCE)
"""Those of which the base has a graph; an acceptance is kept as a decision is."""


def fill(place: Path, policy: Policy) -> None:
    """A base with a graph of every kind, in which charts were replaced and determined again."""
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        kb.load_policy(policy)
        for text in (FIRST, OTHER, CHANGED):
            for case in cases(text, policy):
                kb.load_case(case)
                made = determine_case(case, policy, alternatives=False)
                kb.record(made)
        (decision,) = decisions(DECISION.replace("DETERMINATION", str(provenance.iri(made[0]))), policy)
        kb.load_decision(decision)


@pytest.fixture(scope="module")
def whole(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("whole")
    fill(place, policy)
    return place


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    """A copy, to be attacked."""
    return Path(shutil.copytree(whole, tmp_path / "kb"))


def problems(place: Path, head: str | None = None) -> list[str]:
    with KnowledgeBase(DirectoryStore(place)) as kb:
        return list(kb.verify(head))


def attack(place: Path, work: Callable[[ox.Store], None]) -> list[str]:
    """What verification finds after somebody has changed the store's files."""
    store = ox.Store(str(place / "oxigraph"))
    work(store)
    store.flush()
    del store
    return problems(place)


def names(place: Path, kind: GraphKind) -> list[str]:
    with KnowledgeBase(DirectoryStore(place)) as kb:
        return [entry.graph for entry in kb.entries(kind)]


def quads(store: ox.Store, name: str) -> list[ox.Quad]:
    return list(store.quads_for_pattern(None, None, None, ox.NamedNode(name)))


def moved(store: ox.Store, name: str, content: list[ox.Quad]) -> None:
    """Give a graph the triples of quads."""
    store.remove_graph(ox.NamedNode(name))
    store.extend(ox.Quad(q.subject, q.predicate, q.object, ox.NamedNode(name)) for q in content)


def test_a_base_that_nobody_touched_is_whole(place: Path) -> None:
    assert problems(place) == []
    head = AuditTrail(place / "audit.jsonl").head()
    assert problems(place, head) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_graph_is_named(place: Path, kind: GraphKind) -> None:
    name = names(place, kind)[0]
    (found,) = attack(place, lambda store: store.remove_graph(ox.NamedNode(name)))
    assert found.startswith("deleted: ")
    assert f"<{name}>" in found


@pytest.mark.parametrize("kind", KINDS)
def test_an_altered_graph_is_named(place: Path, kind: GraphKind) -> None:
    name = names(place, kind)[-1]

    def alter(store: ox.Store) -> None:
        quad = quads(store, name)[0]
        store.remove(quad)
        store.add(ox.Quad(quad.subject, quad.predicate, ox.Literal("otherwise"), quad.graph_name))

    (found,) = attack(place, alter)
    assert found.startswith("altered since entry ")
    assert f"<{name}>" in found


@pytest.mark.parametrize("name", ["urn:stray", "urn:necessity:decision-graph:0123", "urn:necessity:shared-graph:4567"])
def test_an_added_graph_is_named(place: Path, name: str) -> None:
    quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("o"), ox.NamedNode(name))
    (found,) = attack(place, lambda store: store.add(quad))
    assert found.startswith("added: ")
    assert f"<{name}>" in found


def test_triples_in_no_named_graph_are_told(place: Path) -> None:
    quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("o"))
    assert attack(place, lambda store: store.add(quad)) == ["added: 1 triples in no named graph"]


def test_two_graphs_that_are_exchanged_are_both_named(place: Path) -> None:
    one, other = names(place, GraphKind.DETERMINATION)[:2]

    def exchange(store: ox.Store) -> None:
        first, second = quads(store, one), quads(store, other)
        moved(store, one, second)
        moved(store, other, first)

    found = attack(place, exchange)
    assert sorted(re.findall(r"graph <(.*?)>", " ".join(found))) == sorted([one, other])
    assert all(problem.startswith("altered") for problem in found)


def test_an_earlier_state_that_is_put_back_is_named(whole: Path, policy: Policy, tmp_path: Path) -> None:
    """The chart before it was replaced, with its entry in the catalog: both were right once."""
    place, early = tmp_path / "kb", tmp_path / "early"
    (first, _), (changed, _) = cases(FIRST, policy), cases(CHANGED, policy)
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        kb.load_case(first)
    shutil.copytree(place, early)
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        kb.load_case(changed)
        (name,) = (entry.graph for entry in kb.entries(GraphKind.CHART))
    store = ox.Store(str(early / "oxigraph"))
    before = quads(store, name)
    said = [q for q in quads(store, CATALOG) if q.subject == ox.NamedNode(name)]
    del store

    def replay(store: ox.Store) -> None:
        moved(store, name, before)
        for quad in store.quads_for_pattern(ox.NamedNode(name), None, None, ox.NamedNode(CATALOG)):
            store.remove(quad)
        store.extend(said)

    found = attack(place, replay)
    assert [problem for problem in found if problem.startswith("replayed, as entry 1 left it: the chart graph")]
    assert [problem for problem in found if "replayed, as entry 1 left it: what the catalog says of" in problem]
    # The whole base put back to what it was.
    shutil.rmtree(place / "oxigraph")
    shutil.copytree(early / "oxigraph", place / "oxigraph")
    found = problems(place)
    assert any(f"replayed, as entry 1 left it: the chart graph <{name}>" in problem for problem in found)
    assert "the base is as of entry 1, and the last change is entry 2" in found


def test_a_removed_graph_that_is_put_back_is_named(place: Path) -> None:
    decision = "https://example.org/decisions#one"
    store = ox.Store(str(place / "oxigraph"))
    before = list(store)
    del store
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        (name,) = (entry.graph for entry in kb.entries(GraphKind.DECISION))
        kb.remove(decision, decisions=True)
        assert list(kb.verify()) == [], "a lawful erasure is an entry of the trail"
    kept = [quad for quad in before if quad.graph_name == ox.NamedNode(name)]
    (found,) = attack(place, lambda store: store.extend(kept))
    assert re.match(rf"replayed, as entry \d+ left it: the decision graph <{name}>", found)


@pytest.mark.parametrize(
    "update",
    [
        "DELETE WHERE { GRAPH <CATALOG> { ?request nec:currentDetermination ?d } }",
        "DELETE WHERE { GRAPH <CATALOG> { ?d prov:qualifiedGeneration ?event } }",
        "DELETE { GRAPH <CATALOG> { ?run prov:startedAtTime ?t } } INSERT { GRAPH <CATALOG> { ?run prov:startedAtTime 'then' } } "
        "WHERE { GRAPH <CATALOG> { ?run prov:startedAtTime ?t } }",
        "INSERT { GRAPH <CATALOG> { ?r nec:currentDetermination <urn:necessity:determination:none> } } "
        "WHERE { GRAPH <CATALOG> { ?r nec:currentDetermination ?d } }",
        "INSERT DATA { GRAPH <CATALOG> { <urn:necessity:decision-graph:1> a nec:DecisionGraph } }",
        "INSERT DATA { GRAPH <CATALOG> { <CATALOG> nec:note 'all is well' } }",
        "DELETE WHERE { GRAPH <CATALOG> { ?g nec:includes ?shared } }",
    ],
)
def test_what_is_changed_in_the_catalog_is_named(place: Path, update: str) -> None:
    text = "PREFIX nec: <https://w3id.org/necessity/core#> PREFIX prov: <http://www.w3.org/ns/prov#> " + update
    found = attack(place, lambda store: store.update(text.replace("<CATALOG>", f"<{CATALOG}>")))
    assert found
    assert all(
        re.match(r"(altered since entry \d+|deleted|added): what the catalog says of <urn:necessity:", p) for p in found
    )


def test_everything_deleted(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with KnowledgeBase(DirectoryStore(place)) as kb:
        held = {entry.graph for entry in kb.entries()}
    found = attack(place, lambda store: store.clear())
    assert held <= set(re.findall(r"deleted: the \w+ graph <(.*?)>", "\n".join(found)))
    assert main(["kb", "verify", "--kb", str(place)]) == 2
    assert "deleted: the decision graph" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["gone", "cut", "edited", "reordered", "made anew"])
def test_a_trail_that_was_tampered_with(place: Path, change: str) -> None:
    trail = AuditTrail(place / "audit.jsonl")
    head = trail.head()
    lines = trail.path.read_text().splitlines(keepends=True)
    if change == "edited":
        lines[1] = lines[1].replace("load charts", "kept quiet")
    elif change == "reordered":
        lines[1], lines[2] = lines[2], lines[1]
    elif change == "cut":
        del lines[-1]
    if change == "gone":
        trail.path.unlink()
    else:
        trail.path.write_text("".join(lines))
    if change == "made anew":
        attack(place, lambda store: store.remove_graph(ox.NamedNode(names_of(store, GraphKind.DECISION)[0])))
        rewrite(place)
        assert problems(place) == [], "that the trail was written anew can only be seen with a digest kept elsewhere"
        assert problems(place, head) == [f"audit trail: no entry has the digest {head}"]
    else:
        assert problems(place)


def names_of(store: ox.Store, kind: GraphKind) -> list[str]:
    return [name.value for name in store.named_graphs() if name.value.startswith(kind.prefix)]


def rewrite(place: Path) -> None:
    """A trail that tells of what the store holds now, as somebody with all rights could write it."""
    trail = AuditTrail(place / "audit.jsonl")
    (first, *_) = trail.entries()
    trail.path.unlink()
    store = ox.Store(str(place / "oxigraph"))
    gone = [n for n in names_of(store, GraphKind.DECISION) if not quads(store, n)]
    for name in gone:
        store.remove_graph(ox.NamedNode(name))
    held = {name.value: quads(store, name.value) for name in store.named_graphs() if name.value != CATALOG}
    for quad in quads(store, CATALOG):
        about = str(quad.subject)
        if about.startswith(f"<{GraphKind.DECISION.prefix}") or about == f"<{CATALOG}>":
            store.remove(quad)
    changes = {name: graphs.digest(graphs.canonical_lines(q.triple for q in content)) for name, content in held.items()}
    said: dict[str, list[ox.Triple]] = {}
    for quad in quads(store, CATALOG):
        said.setdefault(quad.subject.value, []).append(quad.triple)
    for subject, triples in said.items():
        changes[f"{CATALOG} {audit_name(subject)}"] = graphs.digest(graphs.canonical_lines(triples))
    entry = trail.append(Actor(first.person, first.name, first.role), "load charts", changes=changes)
    store.extend(ox.Quad(*t, ox.NamedNode(CATALOG)) for t in graphs.triples(itself(entry.digest)))
    store.flush()
    del store


def test_the_trail_names_nothing_of_a_chart(place: Path) -> None:
    text = (place / "audit.jsonl").read_text()
    for word in ("example.org", "phone", "1984-02-19", "mp9556/2025"):
        assert word not in text
    assert all(json.loads(line)["action"] for line in text.splitlines())


def test_an_interrupted_change_is_noted_and_does_no_harm(
    place: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ends between the entry and the change."""
    (case, _) = cases(FIRST, policy)
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        monkeypatch.setattr(kb.store, "update", lambda text: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kb.load_case(case)
    assert any("the last change is entry" in problem for problem in problems(place))
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        assert [*kb.trail.entries()][-1].action == UNDONE
        assert list(kb.verify()) == []
        kb.load_case(case)
        assert list(kb.verify()) == []


def test_new_graphs_that_the_catalog_does_not_name_yet_are_taken_out(
    tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ends between the tables of many new graphs and what the catalog says of them."""
    monkeypatch.setattr(backends, "_MANY", 0)
    place = tmp_path / "kb"
    fill(place, policy)
    assert problems(place) == []
    (case, _) = cases(FIRST.replace(":first", ":another"), policy)
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        before = kb.entries()
        monkeypatch.setattr(kb.store, "update", lambda text: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kb.load_case(case)
    assert any("the last change is entry" in problem for problem in problems(place))
    with KnowledgeBase(DirectoryStore(place)) as kb:
        assert kb.store.triples(graph_name(GraphKind.CHART, case.iri)), "it stands there already"
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        assert [*kb.trail.entries()][-1].action == UNDONE
        assert list(kb.verify()) == []
        assert kb.entries() == before
        assert kb.load_case(case) is LoadChange.ADDED
        assert list(kb.verify()) == []


def test_new_graphs_are_taken_out_if_the_catalog_cannot_be_changed(
    tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_MANY", 0)
    (case, other) = cases(FIRST, policy)
    with KnowledgeBase(DirectoryStore(tmp_path / "kb", write=True)) as kb:
        kb.load_case(other)
        update = kb.store.update

        def fail(text: str) -> None:
            if "INSERT" in text:
                raise StoreError("the disk is full")
            update(text)

        with monkeypatch.context() as failing:
            failing.setattr(kb.store, "update", fail)
            with pytest.raises(StoreError, match="full"):
                kb.load_case(case)
        assert list(kb.verify()) == []
        assert [entry.about for entry in kb.entries(GraphKind.CHART)] == [other.iri]


def test_graphs_of_people_s_own_are_in_the_trail_too(place: Path) -> None:
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        kb.update("INSERT DATA { GRAPH <urn:mine> { <urn:s> <urn:p> 1 } }")
        assert list(kb.verify()) == []
        kb.update("DROP GRAPH <urn:mine>")
        assert list(kb.verify()) == []
        kb.update("INSERT DATA { GRAPH <urn:mine> { <urn:s> <urn:p> 2 } }")
    (found,) = attack(place, lambda store: store.update("CLEAR GRAPH <urn:mine>"))
    assert found == "deleted: the graph <urn:mine>"


OWN = f"<{CATALOG}>"


@pytest.mark.parametrize(
    "update",
    [
        "CLEAR ALL",
        "DROP NAMED",
        "CLEAR DEFAULT",
        f"DROP GRAPH {OWN}",
        f"CLEAR SILENT GRAPH {OWN}",
        "PREFIX n: <urn:necessity:> DROP GRAPH n:catalog",
        "DELETE WHERE { GRAPH ?g { ?s a <https://w3id.org/necessity/core#Decision> } }",
        f"WITH {OWN} DELETE {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}",
        f"INSERT {{ GRAPH {OWN} {{ ?s ?p 1 }} }} WHERE {{ GRAPH <urn:x> {{ ?s ?p ?o }} }}",
        f"COPY <urn:a> TO {OWN}",
        f"ADD DEFAULT TO GRAPH {OWN}",
        f"MOVE {OWN} TO <urn:b>",
        "INSERT DATA { <urn:s> <urn:p> 1 }",
        "INSERT DATA { GRAPH <urn:ok> { <urn:s> <urn:p> 1 } } ; CLEAR ALL",
        "CREATE GRAPH <urn:necessity:decision-graph:1>",
        "BASE <urn:x:> DROP GRAPH <./necessity:catalog>",
        "DROP GRAPH <urn:necessit\\u0079:catalog>",
        "# quiet\rDROP ALL",
        "INSERT DATA { GRAPH <urn:ok> { <urn:s> <urn:p> '\\u0027 } } ; DROP ALL #' } }",
        "LOAD <http://127.0.0.1:9/x> INTO GRAPH <urn:x>",
        f"ADD {OWN} TO <urn:mine>",
        f"COPY {OWN} TO <urn:mine>",
        "PREFIX n: <https://w3id.org/necessity/core#> INSERT DATA { GRAPH <urn:mine> { <urn:d> a n:Decision } }",
        "INSERT DATA { GRAPH <urn:mine> { <urn:d> <https://w3id.org/necessity/core#determination> <urn:e> } }",
        "INSERT DATA { GRAPH <urn:mine> { <urn:d> <http://www.w3.org/ns/prov#wasRevisionOf> <urn:e> } }",
        "INSERT DATA { GRAPH <urn:ok> { <urn:s> <urn:p> 1 } GRAPH <urn:mine> { <urn:d> <http://www.w3.org/ns/prov#value> 1 } }",
        "INSERT { GRAPH <urn:mine> { ?s ?p ?o } } WHERE { ?s ?p ?o }",
        "INSERT { GRAPH <urn:mine> { ?s a ?o } } WHERE { ?s a ?o }",
        "WITH <urn:mine> DELETE { ?s <urn:p> ?o } INSERT { ?s <https://w3id.org/necessity/core#about> ?o } WHERE { ?s <urn:p> ?o }",
        "no update at all",
        "INSERT DATA {" + "{" * 3000,
    ],
)
def test_updates_that_are_refused(place: Path, update: str) -> None:
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        with pytest.raises(QueryError):
            kb.update(update)
        assert list(kb.verify()) == []


def test_graphs_of_people_s_own_say_what_is_no_record(place: Path) -> None:
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        kb.update(
            "INSERT DATA { GRAPH <urn:mine> { <urn:s> a <urn:Kind> ; <urn:of> <https://w3id.org/necessity/core#Met> } }"
        )
        kb.update("WITH <urn:mine> DELETE { ?s <urn:of> ?o } INSERT { ?s <urn:is> ?o } WHERE { ?s <urn:of> ?o }")
        kb.update("COPY <urn:mine> TO <urn:other> ; DELETE WHERE { GRAPH <urn:mine> { ?s ?p ?o } }")
        (row,) = kb.store.query("SELECT ?o { GRAPH <urn:other> { ?s <urn:is> ?o } }")
        assert row["o"].value.endswith("#Met")
        assert list(kb.verify()) == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("<urn:s> a iop:SafetyPlan", "read as a record"),
        ("<urn:s> iop:functionalDomain <urn:d>", "read as a record"),
        ("<urn:mine> rdfs:subClassOf nec:Decision", "read as a record"),
        ("<urn:mine> rdfs:subPropertyOf nec:evidence", "read as a record"),
        ("<http://example.org/chart#note> dcterms:creator 'Somebody Else'", "which a record describes"),
        (
            "<https://w3id.org/necessity/mp9556/2025-04-01/adult-admission/3> dcterms:identifier 'x'",
            "which a record describes",
        ),
    ],
)
def test_graphs_of_people_s_own_add_nothing_to_a_record(said: str, why: str, place: Path) -> None:
    prefixes = """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX iop: <https://w3id.org/necessity/mp9556/vocabulary#>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX dcterms: <http://purl.org/dc/terms/>"""
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb:
        with pytest.raises(QueryError, match=why):
            kb.update(f"{prefixes} INSERT DATA {{ GRAPH <urn:mine> {{ {said} }} }}")
        with pytest.raises(QueryError, match="records say it too"):
            kb.update(
                f"{prefixes} INSERT {{ GRAPH <urn:mine> {{ ?d dcterms:title 'x' }} }} WHERE {{ ?d dcterms:issued ?day }}"
            )
        kb.update(
            f"{prefixes} INSERT {{ GRAPH <urn:mine> {{ ?d <urn:read> 'by me' }} }} WHERE {{ ?d dcterms:issued ?day }}"
        )
        kb.update(f"{prefixes} INSERT DATA {{ GRAPH <urn:mine> {{ <urn:my-note> dcterms:creator 'me' }} }}")
        assert list(kb.verify()) == []


@pytest.mark.parametrize(
    "name", ["URN:necessity:catalog", "urn:NECESSITY:catalog", "urn:%6Eecessity:catalog", "urn%3Anecessity:x"]
)
def test_names_that_others_may_take_for_those_of_records_are_refused(name: str, place: Path) -> None:
    with KnowledgeBase(DirectoryStore(place, write=True)) as kb, pytest.raises(QueryError, match="cannot change"):
        kb.update(f"INSERT DATA {{ GRAPH <{name}> {{ <urn:a> <urn:b> 1 }} }}")


def test_a_base_of_another_format_is_refused_with_the_way_to_migrate(
    place: Path, policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NECESSITY_KB", str(place))
    store = ox.Store(str(place / "oxigraph"))
    store.update(f"DELETE WHERE {{ GRAPH {OWN} {{ {OWN} ?p ?o }} }}")
    store.flush()
    del store
    for command in (["list"], ["verify"], ["determine"], ["init"], ["export"]):
        assert main(["kb", *command]) == 2
        assert "has format 1, and this software knows 4. Write its charts with" in capsys.readouterr().err
    out = tmp_path / "charts.nq"
    assert main(["kb", "export", "--kind", "chart", "--out", str(out)]) == 0
    with pytest.raises(StoreError, match="format 1"):
        KnowledgeBase(DirectoryStore(place))
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "new"))
    assert main(["kb", "init"]) == 0
    assert main(["kb", "load", str(out)]) == 0
    assert main(["kb", "determine", "--readings", "default"]) == 0
    requests = {case.iri for text in (CHANGED, OTHER) for case in cases(text, policy)}
    with KnowledgeBase(DirectoryStore(tmp_path / "new")) as kb:
        assert {entry.about for entry in kb.entries(GraphKind.CHART)} == requests
        assert kb.undetermined(policy) == []


def test_an_endpoint_refuses_updates_of_the_base_and_carries_out_changes(
    place: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(place, writable=True) as url:
        with pytest.raises(QueryError, match="cannot change ALL graphs"):
            open_store(url).update("CLEAR ALL")
        open_store(url).update("INSERT DATA { GRAPH <urn:mine> { <urn:s> <urn:p> 1 } }")
        (case, _) = cases(FIRST, policy)
        with KnowledgeBase(open_store(url)) as kb, KnowledgeBase(open_store(url)) as other:
            assert kb.load_case(case) is LoadChange.REPLACED
            monkeypatch.setattr(other.register, "audit_head", lambda: "as it was before")
            with pytest.raises(ConflictError, match="changed meanwhile"):
                other.load_case(cases(CHANGED, policy)[0])
            (name,) = (entry.graph for entry in kb.entries(GraphKind.DECISION))
            for content in (None, "<urn:a> <urn:b> <urn:c> .\n"):
                change = Change(graphs={name: content}, head=kb.register.audit_head())
                with pytest.raises(StoreError, match="never changed"):
                    kb._apply(change, "load charts", None)
            injected = Change(graphs={"urn:x> { } } ; DROP ALL #": None}, head=kb.register.audit_head())
            with pytest.raises(QueryError, match="no change of a knowledge base"):
                kb._apply(injected, "load charts", None)
    assert problems(place) == []
