"""Bad input is an error with file and node, never a determination, and nothing is fetched."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import DocumentationError, EngineError, Policy, determine
from reasoner.chart import intake
from reasoner.cli import main
from reasoner.rdf import pyshacl_door
from reasoner.rdf.namespaces import NEC
from tests.conftest import Attestation, chart, request

STATEMENT = ":s nec:about :request ; nec:documentedIn :note ; nec:assertion nec:Affirmed ; a iop:SafetyPlan ."


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def wrong(name: str, text: str, expected: str) -> pytest.param:
    return pytest.param(name, text, expected, id=expected[:30])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        wrong("a.ttl", request() + ":x :y", "wrong Turtle syntax"),
        wrong("a.ttl", "", "empty"),
        wrong("a.ttl", "<http://a> <http://b> <http://c> .", "no nec:ReviewRequest"),
        wrong("a.ttl", request() + STATEMENT.replace("SafetyPlan", "SaftyPlan"), "unknown class"),
        wrong("a.ttl", request() + STATEMENT.replace("a iop:SafetyPlan", "a :Thing"), "unknown class"),
        wrong("a.ttl", chart([Attestation("adult-admission:99")]), "unknown criterion"),
        wrong("a.ttl", chart([Attestation("adult-admission:7")]), "names the group"),
        wrong("a.ttl", chart([Attestation("adult-admission:3", "NotApplicable")]), "cannot be stated not applicable"),
        wrong("a.ttl", request() + STATEMENT.replace("nec:assertion nec:Affirmed ;", ""), "one nec:assertion"),
        wrong("a.ttl", request() + STATEMENT.replace("nec:documentedIn :note ;", ""), "one nec:documentedIn"),
        wrong("a.ttl", request().replace('; dcterms:issued "2025-06-02"^^xsd:date', "") + STATEMENT, "no date"),
        wrong("a.ttl", request() + STATEMENT.replace("nec:about :request ;", ""), "about no request"),
        wrong("a.ttl", request() + STATEMENT.replace("nec:about :request ;", "nec:about :other ;"), "about no request"),
        wrong("a.ttl", request().replace("nec:birthDate", 'nec:birthDate "1990-01-01"^^xsd:date ; nec:birthDate'), "nec:birthDate"),
        wrong("a.ttl", request().replace("1980-05-05", "1980-02-30"), "nec:birthDate"),
        wrong("a.ttl", request().replace("1980-05-05", "2025-13-40"), "one nec:birthDate"),
        wrong("a.ttl", request(start="2025-13-40"), "one nec:serviceStart"),
        wrong("a.ttl", request(end="21e999025-06-02"), "nec:serviceEnd has to be"),
        wrong("a.nt", f'<urn:r> <{NEC.serviceStart}> 1e999 .', "N-Triples syntax"),
        wrong("a.ttl", request().replace("nec:phase nec:Admission", "nec:phase nec:Discharge"), "nec:phase"),
        wrong("a.ttl", request().replace("nec:serviceStart", "nec:servicestart"), "unknown term"),
        wrong("a.ttl", request() + ":s nec:about :s ; nec:documentedIn :s ; nec:assertion nec:Affirmed ; a iop:SafetyPlan .", "about no request"),
        wrong("a.ttl", request() + STATEMENT.replace(":note", ":s"), "cycle"),
        wrong("a.ttl", request() + ":request nec:program :request .", "is a request as well"),
        wrong("a.ttl", request() + ":request :p _:a . _:a :p _:b . _:b :p _:a .", "cycle"),
        wrong("a.ttl", request() + STATEMENT.replace("a iop", f'nec:excerpt "{"x" * 20_000_000}" ; a iop'), "too large"),
        wrong("a.ttl", request() + STATEMENT.replace("a iop", f'nec:excerpt "{"x" * 5_000_000}" ; a iop'), "longer than"),
        wrong("a.jsonld", '{"@context": "http://example.org/c", "@id": "http://a", "b": "c"}', "remote context"),
        wrong("a.jsonld", '{"a":' * 70 + "1" + "}" * 70, "nested deeper"),
        wrong("a.rdf", '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><r/>', "entities"),
        wrong("a.rdf", "<r>", "RDF/XML syntax"),
        wrong("a.docx", "x", "unknown file type"),
        wrong("a.xlsx", "x", "this is not XLSX"),
        wrong("a.json", '{"resourceType": "Patient"}', "undle"),
    ],
)  # fmt: skip
def test_bad_input(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, expected: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DocumentationError) as caught:
        determine(path, policy)
    assert expected in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert main(["determine", str(path), "--format", "jsonl"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err


def test_what_fails_while_a_file_is_read_names_the_file(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("pySHACL failed")

    path = tmp_path / "a.ttl"
    path.write_text(request(start="2025-13-40"))
    monkeypatch.setattr(pyshacl_door, "validate", fail)
    (error,) = intake.read(str(path), policy)[1]
    assert str(error) == f"{path}: pySHACL failed"


OWL, RDFS, SH = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#", "http://www.w3.org/ns/shacl#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DEFINITIONS = {
    **{
        f"rdfs:{name}": (f"{RDFS}{name}", "http://example.org/b")
        for name in ("subClassOf", "subPropertyOf", "domain", "range")
    },
    **{f"owl:{name}": (f"{OWL}{name}", "http://example.org/b") for name in ("sameAs", "equivalentClass", "imports")},
    **{f"type owl:{name}": (TYPE, f"{OWL}{name}") for name in ("Class", "ObjectProperty", "Ontology", "Restriction")},
    "type rdfs:Class": (TYPE, f"{RDFS}Class"),
    "type rdf:Property": (TYPE, TYPE.replace("type", "Property")),
    "sh:targetClass": (f"{SH}targetClass", "http://example.org/b"),
    "type sh:NodeShape": (TYPE, f"{SH}NodeShape"),
}


@pytest.mark.parametrize("subject", ["http://example.org/o", "http://example.org/chart#s0"])
@pytest.mark.parametrize(("predicate", "value"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_chart_that_says_what_terms_mean_is_refused(
    policy: Policy, tmp_path: Path, subject: str, predicate: str, value: str
) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]) + f"<{subject}> <{predicate}> <{value}> .")
    cases, errors = intake.read(str(path), policy)[:2]
    (error,) = errors
    term = predicate if predicate != TYPE else value
    assert not cases
    assert error.where == str(path)
    assert error.problem == (
        f"<{subject}>: <{term}> says what terms mean: leave it out; "
        "documentation states facts, and the vocabulary belongs to the policy"
    )


@pytest.mark.parametrize("name", ["Thing", "NamedIndividual"])
def test_what_says_nothing_of_terms_is_no_definition(policy: Policy, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]) + f":s0 a <{OWL}{name}> .")
    assert len(intake.read(str(path), policy)[0]) == 1


@pytest.mark.parametrize(("suffix", "syntax"), [(".nq", "nt"), (".jsonld", "json-ld"), (".rdf", "xml")])
def test_a_batch_refuses_it_in_any_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str, syntax: str
) -> None:
    axiom = f"iop:EvictionThreat <{RDFS}subClassOf> iop:Homelessness ."
    graph = Graph().parse(data=chart([Attestation("adult-admission:3")]) + axiom, format="turtle")
    graph.serialize(tmp_path / f"a{suffix}", format=syntax)
    assert main(["determine", str(tmp_path / f"a{suffix}"), "--format", "compact"]) == 2
    assert "subClassOf> says what terms mean" in capsys.readouterr().err


def test_one_request_in_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.ttl", "b.ttl"):
        (tmp_path / name).write_text(chart([Attestation("adult-admission:3")]))
    (tmp_path / "c.ttl").write_text(chart([]).replace("example.org", "example.com"))
    assert main(["determine", str(tmp_path), "--format", "jsonl"]) == 3
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert "more than one data set" in printed.err


@pytest.mark.parametrize(
    ("command", "of_the_sound_chart"),
    [
        (["determine"], "chart#another"),
        (["determine", "--format", "jsonl", "--jobs", "1"], "chart#another"),
        (["determine", "--format", "compact", "--jobs", "1"], "chart#another"),
        (["validate"], "chart#another"),
        (["policy", "diff", "2025-04-01", "2025-04-01"], "1 of 1 unchanged"),
    ],
    ids=["text", "jsonl", "compact", "validate", "diff"],
)
def test_a_date_at_the_end_of_the_calendar_rejects_its_chart_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], of_the_sound_chart: str
) -> None:
    (tmp_path / "last.ttl").write_text(request(start="9999-12-30", end="9999-12-31") + STATEMENT)
    (tmp_path / "sound.ttl").write_text(
        request().replace(":request", ":another") + STATEMENT.replace(":request", ":another")
    )
    assert main([*command, str(tmp_path)]) == 3
    printed = capsys.readouterr()
    assert of_the_sound_chart in printed.out
    where = f"{tmp_path / 'last.ttl'}: <http://example.org/chart#request>"
    told = [
        line for line in printed.err.splitlines() if not line.startswith(("1 determination: ", "read 2 data sets: "))
    ]
    assert told == [
        f"rejected: {where}: the period under review would end 7 days after 9999-12-30, past the end of the calendar. Correct nec:serviceStart"
    ]
