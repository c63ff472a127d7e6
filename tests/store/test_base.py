"""The knowledge base: whole changes, the same in a directory, in memory and behind another's endpoint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from fhir.resources.R4B.bundle import Bundle

from benchmarks.generate import write
from reasoner import DocumentationError, Policy
from reasoner.chart.intake import read_file
from reasoner.chart.reading import read_cases
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.ground.errors import StoreError, UsageError
from reasoner.rdf import graphs, parsing
from reasoner.rdf.namespaces import NEC
from reasoner.render import provenance
from reasoner.review.signing import read_decisions
from reasoner.store.backends import Credentials, EndpointStore, MemoryStore, Store, open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind, LoadChange
from reasoner.store.contents import read_chart
from tests.conftest import CASES, ROOT, Attestation, chart, eventually, free_port, listens, served

MET = CASES / "mp9556" / "adult-admission" / "criteria-met.ttl"
MANY = (GraphKind.VOCABULARY, GraphKind.RESULT)
"""Kinds of which a single policy or determination has many graphs."""
DECISION = """
@prefix nec: <https://w3id.org/necessity/core#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <https://example.org/decisions#> .
:one a nec:Decision ; nec:determination <DETERMINATION> ; nec:disposition nec:Approved ;
    prov:generatedAtTime "2026-02-01T10:00:00Z"^^xsd:dateTime ; prov:wasAttributedTo :person .
:person skos:prefLabel "R. Example" ; nec:authorRole "utilization nurse" .
"""


def decisions(text: str, policy: Policy):
    (found,) = parsing.parse_datasets(text.encode(), ox.RdfFormat.TURTLE, "decisions.ttl")
    return read_decisions(found.graph, policy, found.name)


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of another project, started apart."""
    port = free_port()
    program = shutil.which("oxigraph", path=str(Path(sys.executable).parent))
    assert program, "the development requirements bring oxigraph"
    command = [program, "serve", "--bind", f"127.0.0.1:{port}", "--union-default-graph"]
    process = subprocess.Popen(
        [*command, "--location", str(tmp_path_factory.mktemp("oxigraph"))], stderr=subprocess.DEVNULL
    )
    eventually(lambda: listens(port))
    yield f"http://127.0.0.1:{port}/query"
    process.terminate()
    process.wait()


@pytest.fixture(params=["memory", "directory", "endpoint"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        found: Store = MemoryStore()
    elif request.param == "directory":
        found = open_store(tmp_path / "kb", write=True)
    else:
        found = open_store(request.getfixturevalue("oxigraph"))
        found.update("CLEAR ALL")
    yield found
    found.close()


def test_the_life_of_a_chart(store: Store, policy: Policy) -> None:
    kb = KnowledgeBase(store)
    assert (kb.load_policy(policy), kb.load_policy(policy)) == (LoadChange.ADDED, LoadChange.UNCHANGED)
    (case,) = read_file(MET, policy)
    assert (kb.load_case(case), kb.load_case(case)) == (LoadChange.ADDED, LoadChange.UNCHANGED)
    assert kb.undetermined(policy) == [case.iri]
    found = determine_case(case, policy, alternatives=False)
    assert (kb.record(found), kb.record(found)) == (LoadChange.ADDED, LoadChange.UNCHANGED)
    assert kb.undetermined(policy) == []
    again = read_chart(case.iri, kb.chart(case.iri), policy)
    assert again.digest == case.digest
    assert determine_case(again, policy, alternatives=False)[0].evaluation.statuses == found[0].evaluation.statuses
    kinds = [entry.kind for entry in kb.entries() if entry.kind not in MANY]
    assert kinds == [GraphKind.CHART, GraphKind.DETERMINATION, GraphKind.POLICY]
    assert list(kb.verify()) == []

    changed = chart([Attestation("adult-admission:3")]).replace(":request", f"<{case.iri}>")
    (data,) = parsing.parse_datasets(changed.encode(), ox.RdfFormat.TURTLE, "chart")
    (other,) = read_cases(data.graph, policy, "chart")
    assert kb.load_case(other) is LoadChange.REPLACED
    assert kb.undetermined(policy) == [case.iri]
    assert kb.record(determine_case(other, policy, alternatives=False)) is LoadChange.ADDED
    assert sum(entry.kind is GraphKind.DETERMINATION for entry in kb.entries()) == 2, "an earlier determination stays"
    assert sum(entry.kind is GraphKind.HISTORY for entry in kb.entries()) > 0
    kb.remove(case.iri)
    assert {entry.kind for entry in kb.entries()} == {GraphKind.POLICY, GraphKind.VOCABULARY}
    assert list(kb.verify()) == []
    with pytest.raises(StoreError, match="holds nothing"):
        kb.remove(case.iri)


def test_content_is_the_same_in_every_store(policy: Policy, tmp_path: Path, oxigraph: str) -> None:
    (case,) = read_file(MET, policy)
    found = determine_case(case, policy, alternatives=False)
    held = []
    for place in (MemoryStore(), open_store(tmp_path / "kb", write=True), open_store(oxigraph)):
        place.update("CLEAR ALL")
        with KnowledgeBase(place) as kb:
            kb.load_policy(policy)
            kb.load_case(case)
            kb.record(found)
            held.append({(entry.graph, entry.kind, entry.about, entry.digest) for entry in kb.entries()})
            assert list(kb.verify()) == []
    assert held[0] == held[1] == held[2]
    assert len([kind for _, kind, _, _ in held[0] if kind not in MANY]) == 3


def test_verify_finds_what_was_changed_behind_its_back(policy: Policy) -> None:
    kb = KnowledgeBase()
    (case,) = read_file(MET, policy)
    kb.load_case(case)
    kb.record(determine_case(case, policy, alternatives=False))
    (name,) = (entry.graph for entry in kb.entries(GraphKind.CHART))
    kb.store.update(f"INSERT DATA {{ GRAPH <{name}> {{ <urn:a> <urn:b> 'c' }} }}")
    kb.store.update("INSERT DATA { GRAPH <urn:stray> { <urn:a> <urn:b> 'c' } }")
    (determination,) = (entry.graph for entry in kb.entries(GraphKind.DETERMINATION))
    kb.store.update(f"DELETE WHERE {{ GRAPH <{CATALOG}> {{ <{determination}> ?p ?o }} }}")
    problems = list(kb.verify())
    assert any("altered" in problem and name in problem for problem in problems)
    assert any("added: the graph <urn:stray>" in problem for problem in problems)
    assert any("one of them is missing" in problem for problem in problems)


def test_charts_in_quads_are_loaded_graph_by_graph_as_they_are_at_once(tmp_path: Path, policy: Policy) -> None:
    """A stream of graphs is read in another way than a file whose graphs are scattered, and says the same of each."""
    whole, shuffled, wrong = tmp_path / "whole.nq", tmp_path / "shuffled.nq", tmp_path / "wrong.nq"
    write(tmp_path / "charts", 12)
    lines = (tmp_path / "charts" / "charts-00000.nq").read_text().splitlines(keepends=True)
    whole.write_text("".join(lines))
    shuffled.write_text("".join(sorted(lines)))
    other = [
        line.replace("/0000003", "/0000099") for line in lines if "/0000003> .\n" in line and "#assertion" not in line
    ]
    wrong.write_text("".join(lines + other))
    held = {}
    for path in (whole, shuffled, wrong):
        kb = str(tmp_path / path.stem)
        assert main(["kb", "load", str(path), "--kb", kb]) == (3 if path == wrong else 0)
        with KnowledgeBase(open_store(kb)) as base:
            held[path] = {(entry.graph, entry.digest, entry.includes) for entry in base.entries()}
            assert list(base.verify()) == []
    assert held[whole] == held[shuffled] == held[wrong]
    assert len(held[whole]) >= 12


def test_what_people_signed_is_found_among_quads_of_charts(tmp_path: Path, policy: Policy) -> None:
    (case,) = read_file(MET, policy)
    (made,) = determine_case(case, policy, alternatives=False)
    signed = graphs.triples(
        parsing.parse_datasets(
            DECISION.replace("DETERMINATION", str(provenance.iri(made))).encode(), ox.RdfFormat.TURTLE, "decision"
        )[0].graph
    )
    path, kb = tmp_path / "signed.nq", str(tmp_path / "kb")
    path.write_text("".join(f"{triple} <urn:signed> .\n" for triple in signed))
    with KnowledgeBase(open_store(kb, write=True)) as base:
        base.load_policy(policy)
        base.load_case(case)
        base.record([made])
    assert main(["kb", "load", str(path), "--kb", kb]) == 0
    with KnowledgeBase(open_store(kb)) as base:
        assert len(base.entries(GraphKind.DECISION)) == 1


def test_no_graph_holds_a_blank_node(policy: Policy) -> None:
    kb = KnowledgeBase()
    kb.load_policy(policy)
    (case,) = read_file(MET, policy)
    kb.load_case(case)
    kb.record(determine_case(case, policy, alternatives=False))
    quads = list(kb.export())
    assert len(quads) > 10_000
    assert not any(isinstance(term, ox.BlankNode) for quad in quads for term in (quad.subject, quad.object))


def test_one_writer_or_many_readers(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(StoreError, match="kb init"):
        open_store(tmp_path / "kb")
    with KnowledgeBase(open_store(tmp_path / "kb", write=True)) as kb:
        (case,) = read_file(MET, policy)
        kb.load_case(case)
        for write in (True, False):
            with pytest.raises(StoreError, match="by another process"):
                open_store(tmp_path / "kb", write=write)
    readers = [KnowledgeBase(open_store(tmp_path / "kb")) for _ in range(2)]
    assert [len(list(reader.entries())) for reader in readers] == [1, 1]
    with pytest.raises(StoreError, match="in use by another process"):
        open_store(tmp_path / "kb", write=True)
    for reader in readers:
        with pytest.raises(StoreError):
            reader.store.update("CLEAR ALL")
        reader.close()
    open_store(tmp_path / "kb", write=True).close()


def test_a_directory_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "kb" / "oxigraph").mkdir(parents=True)
    (tmp_path / "kb" / "oxigraph" / "CURRENT").write_text("nonsense")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path / "kb")


def test_an_endpoint_without_union_default_graph_is_refused(policy: Policy) -> None:
    class Apart(MemoryStore):
        def query(self, text: str):
            return self._store.query(text)

    with pytest.raises(StoreError, match="union"):
        KnowledgeBase(Apart()).load_policy(policy)


def test_endpoint_errors_say_what_and_where(oxigraph: str) -> None:
    with pytest.raises(StoreError, match="cannot be reached"):
        open_store("http://127.0.0.1:9/query").query("ASK {}")
    with pytest.raises(UsageError, match="NECESSITY_KB_USER"):
        open_store("http://user:secret@127.0.0.1:9/query")
    with pytest.raises(StoreError, match="answers 404"):
        EndpointStore(oxigraph.replace("/query", "/nowhere")).query("ASK {}")


def test_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Credentials.from_environment().header == {}
    monkeypatch.setenv("NECESSITY_KB_USER", "nurse")
    monkeypatch.setenv("NECESSITY_KB_PASSWORD", "secret")
    assert Credentials.from_environment().header == {"Authorization": "Basic bnVyc2U6c2VjcmV0"}
    monkeypatch.setenv("NECESSITY_KB_TOKEN", "abc")
    assert Credentials.from_environment().header == {"Authorization": "Bearer abc"}
    assert "secret" not in repr(EndpointStore("http://127.0.0.1:9/query", None, Credentials("nurse", "secret")))


def test_decisions_are_never_changed(policy: Policy) -> None:
    kb = KnowledgeBase()
    (case,) = read_file(MET, policy)
    kb.load_case(case)
    (found,) = determine_case(case, policy, alternatives=False)
    text = DECISION.replace("DETERMINATION", str(provenance.iri(found)))
    (decision,) = decisions(text, policy)
    with pytest.raises(StoreError, match="not in the knowledge base"):
        kb.load_decision(decision)
    kb.record([found])
    assert (kb.load_decision(decision), kb.load_decision(decision)) == (LoadChange.ADDED, LoadChange.UNCHANGED)
    (other,) = decisions(text.replace("R. Example", "S. Example"), policy)
    with pytest.raises(StoreError, match="never changed"):
        kb.load_decision(other)
    for iri in (case.iri, decision.iri):
        with pytest.raises(StoreError, match="decisions would be lost: 1"):
            kb.remove(iri)
    named = len(kb.entries(GraphKind.RESULT))
    assert kb.remove(case.iri, decisions=True) == 3 + named
    assert list(kb.entries()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nec:Approved", "nec:Adverse", "licence and a nec:rationale"),
        ("nec:Approved", "nec:Adverse ; nec:rationale 'why'", "licence and a nec:rationale"),
        ("nec:Approved", "nec:Denied", "one nec:disposition"),
        ("nec:Approved", "nec:Aproved", "unknown term"),
        ('skos:prefLabel "R. Example" ;', "", "needs a name"),
        ('"R. Example"', '" "', "needs a name"),
        ("nec:Approved", "nec:Approved ; nec:rationale '  '", "nec:rationale has to be a single text"),
        ("prov:wasAttributedTo :person", 'nec:rationale "why"', "prov:wasAttributedTo"),
        ("nec:Approved ;", "nec:Approved ; nec:override :o ;", "nec:override needs"),
        ("nec:Approved ;", "nec:Approved ; nec:signedAs nec:Viewer ;", "the others sign no act"),
        ("nec:Approved ;", "nec:Approved ; nec:signedAs nec:Administrator ;", "the others sign no act"),
        ("nec:Approved ;", "nec:Approved ; prov:wasRevisionOf :a , :b ;", "one act, the one that is corrected"),
        ("10:00:00Z", "10:00:00", "needs its time zone"),
    ],
)
def test_decisions_that_are_not_well_formed(policy: Policy, old: str, new: str, message: str) -> None:
    text = DECISION.replace("DETERMINATION", "urn:d").replace(old, new)
    with pytest.raises(DocumentationError, match=message):
        decisions(text, policy)


@pytest.mark.parametrize("act", ["Adverse", "Upheld", "Overturned", "PeerToPeer"])
def test_what_only_a_clinician_may_sign_is_not_loaded_as_a_reviewers(policy: Policy, act: str) -> None:
    said = f"nec:{act} ; nec:rationale 'why' ; nec:heldWith 'Dr Who' ; nec:heldOn '2026-01-31'^^xsd:date ; nec:signedAs nec:"
    text = DECISION.replace("DETERMINATION", "urn:d").replace('"R. Example" ;', '"R. Example" ; nec:licence "MO 123" ;')
    assert decisions(text.replace("nec:Approved", said + "Clinician"), policy)
    with pytest.raises(DocumentationError, match="signed as nec:Clinician"):
        decisions(text.replace("nec:Approved", said + "Reviewer"), policy)


def test_an_adverse_decision_of_a_licensed_clinician(policy: Policy) -> None:
    text = DECISION.replace("DETERMINATION", "urn:d").replace("nec:Approved", "nec:Adverse ; nec:rationale 'why'")
    (decision,) = decisions(text.replace('"R. Example" ;', '"R. Example, MD" ; nec:licence "MO 123" ;'), policy)
    assert '"MO 123"' in decision.content


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    (tmp_path / "broken.ttl").write_text("@prefix : <urn:x> . :a :b")
    assert main(["kb", "list"]) == 2
    assert "kb init" in capsys.readouterr().err
    assert main(["kb", "init"]) == 0
    assert main(["kb", "load", str(MET), str(tmp_path / "broken.ttl")]) == 3
    assert main(["kb", "load", str(MET)]) == 0
    assert "unchanged  chart" in capsys.readouterr().out
    assert main(["kb", "determine", "--readings", "default"]) == 0
    assert "added      determination" in capsys.readouterr().out
    assert main(["kb", "determine"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["kb", "list", "--kind", "determination"]) == 0
    line = capsys.readouterr().out
    iri = line.split()[-1]
    (tmp_path / "decision.ttl").write_text(DECISION.replace("DETERMINATION", iri))
    assert main(["kb", "load", str(tmp_path / "decision.ttl")]) == 0
    assert main(["kb", "remove", iri]) == 2
    assert main(["kb", "verify"]) == 0
    assert re.search(
        r"all \d+ named graphs are as .*\nthe last entry of the audit trail has the digest \w{64}",
        capsys.readouterr().out,
    )
    assert main(["kb", "export", "--format", "trig", "--kind", "determination", "--out", str(tmp_path / "d.trig")]) == 0
    quads = list(ox.parse(path=tmp_path / "d.trig"))
    assert ox.Quad(
        ox.NamedNode(iri),
        ox.NamedNode("https://w3id.org/necessity/core#outcome"),
        ox.NamedNode("https://w3id.org/necessity/core#CriteriaMet"),
        quads[0].graph_name,
    ) in set(quads)
    told = {
        str(name): {str(q.subject) for q in quads if str(q.predicate) == f"<{NEC[name]}>"}
        for name in ("criterion", "status")
    }
    results = {str(quad.object) for quad in quads if str(quad.predicate) == f"<{NEC.result}>"}
    assert results <= told["criterion"] & told["status"], "also those that many determinations lead to"
    assert main(["kb", "remove", iri, "--with-decisions"]) == 0
    assert main(["kb", "determine", "--readings", "default", "--jobs", "2"]) == 0
    assert main(["kb", "verify"]) == 0


@pytest.mark.parametrize("readings", ["all", "default"])
def test_determinations_are_exported_as_fhir_with_what_people_signed(
    readings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path / "kb"))
    folder = CASES / "mp9556"
    approved, refused, split = (
        str(folder / name)
        for name in (
            "adult-admission/criteria-met.ttl",
            "adult-admission/no-disorder-found.ttl",
            "dates/stay-spanning-eighteenth-birthday.ttl",
        )
    )
    undated = tmp_path / "undated.ttl"
    undated.write_text(re.sub(r"nec:asOf \S+ ;", "", Path(approved).read_text().replace("criteria-met#", "undated#")))
    assert main(["kb", "init"]) == 0
    assert main(["kb", "load", approved, refused, split, str(undated)]) == 0
    assert main(["kb", "determine", "--readings", readings, "--as-of", "2026-06-01"]) == 0
    for number, (name, disposition, more) in enumerate(
        (("criteria-met#", "Approved", ""), ("no-disorder-found#", "Adverse", 'nec:rationale "No disorder." ;'))
    ):
        with KnowledgeBase(open_store(tmp_path / "kb")) as kb:
            request = next(entry.about for entry in kb.entries(GraphKind.CHART) if name in entry.about)
            (iri,) = kb.register.made(request)
        signed = DECISION.replace("DETERMINATION", iri).replace("nec:Approved ;", f"nec:{disposition} ; {more}")
        signed = signed.replace(":one", f":one-{number}").replace(
            '"utilization nurse"', '"physician" ; nec:licence "MO 12345"'
        )
        (tmp_path / "signed.ttl").write_text(signed)
        assert main(["kb", "load", str(tmp_path / "signed.ttl")]) == 0
    assert main(["kb", "export", "--format", "fhir", "--out", str(tmp_path / "responses.ndjson")]) == 0
    actions = {}
    for line in (tmp_path / "responses.ndjson").read_text().splitlines():
        for entry in Bundle.model_validate_json(line).entry:
            told = json.loads(entry.resource.model_dump_json())
            if told["resourceType"] == "ClaimResponse":
                review = told["item"][0]["adjudication"][0]["extension"][0]["extension"][0]
                name = told["request"]["identifier"]["value"].rpartition("/")[2]
                code = review["valueCodeableConcept"]["coding"][0]["code"]
                actions.setdefault(name, []).append((code, told["outcome"], told["identifier"][0]["value"]))
    assert {name: [(code, outcome) for code, outcome, _ in found] for name, found in actions.items()} == {
        "criteria-met#request": [("A1", "complete")],
        "no-disorder-found#request": [("A3", "complete")],
        "stay-spanning-eighteenth-birthday#request": [("A4", "partial")] * 2,
        "undated#request": [("A4", "partial")],
    }
    with KnowledgeBase(open_store(tmp_path / "kb")) as kb:
        current = {entry.about for entry in kb.entries(GraphKind.DETERMINATION)}
    assert {iri for found in actions.values() for _, _, iri in found} == current
    assert main(["kb", "load", approved.replace("criteria-met", "two-diagnoses-one-mild")]) == 0
    capsys.readouterr()
    assert main(["kb", "export", "--format", "fhir"]) == 3
    assert "has no current determination" in capsys.readouterr().err
    assert main(["kb", "export", "--format", "fhir", "--request", "urn:none"]) == 2
    assert main(["kb", "export", "--format", "fhir", "--kind", "chart"]) == 2
    assert main(["kb", "export", "--request", "urn:none"]) == 2


@pytest.mark.slow
def test_killed_at_any_moment_it_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.store.kill", "200", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("200 killed")


def test_through_the_own_endpoint_with_a_token(
    tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tmp_path, writable=True, token="secret") as url:
        monkeypatch.setenv("NECESSITY_KB", url)
        assert main(["kb", "init"]) == 2
        assert "NECESSITY_KB_TOKEN" in capsys.readouterr().err
        monkeypatch.setenv("NECESSITY_KB_TOKEN", "secret")
        for arguments in (["init"], ["load", str(MET)], ["determine", "--readings", "default"], ["verify"]):
            assert main(["kb", *arguments]) == 0
        assert "named graphs are as they were loaded" in capsys.readouterr().out
    monkeypatch.setenv("NECESSITY_KB", str(tmp_path))
    assert main(["kb", "verify"]) == 0


def test_what_was_written_is_not_left_in_the_log(policy: Policy, tmp_path: Path) -> None:
    """Each reader would go through all of the log when it opens the directory, to make the tables anew."""
    with KnowledgeBase(open_store(tmp_path, write=True)) as kb:
        kb.load_policy(policy)
    log, tables = (
        sum(path.stat().st_size for path in (tmp_path / "oxigraph").glob(f"*.{kind}")) for kind in ("log", "sst")
    )
    assert tables > log / 10
