"""The command: exit codes, formats, streams."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rdflib import Dataset, Graph
from rdflib.compare import isomorphic

from reasoner.cli import main, query
from reasoner.rdf.namespaces import NEC, PROV, RDF, SH
from reasoner.store.questions import GRAPH_FORMATS, TABLE_FORMATS
from tests.conftest import CASES, ROOT, Attestation, chart

COMMANDS = sorted((ROOT / "reasoner" / "cli").glob("*.py"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "chart.ttl"
    path.write_text(chart([Attestation("adult-admission:3"), Attestation("adult-admission:5", "Denied")]))
    return path


def test_text(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["determine", str(path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("CRITERIA NOT MET: refer to a clinical peer")
    assert "denies: [Note, R. Example, recorded 2025-06-02]" in text
    assert "\x1b" not in text


def test_text_disarms_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]).replace('"R. Example"', '"\\u009b31mred \\u202Egnp"'))
    assert main(["determine", str(path)]) == 0
    out = capsys.readouterr().out
    assert "31mred gnp" in out
    assert not {"\x9b", "\u202e"} & set(out)


def test_json_and_jsonl(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["determine", str(path), "--format", "json", "--as-of", "2025-12-31"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert main(["determine", str(path), "--format", "jsonl", "--as-of", "2025-12-31"]) == 0
    assert json.loads(capsys.readouterr().out) == record
    assert list(record) == [
        "schema", "request", "servicePeriod", "policy", "asOf", "outcome", "holdsUnderAllReadings",
        "holdsUnderStrainedReadings", "readings",
        "criteria", "gaps", "gapCount", "gapFacts", "grounds", "groundCount", "statementGrounds", "objections", "objectionCount",
        "changes", "changeCount", "setAside", "unread", "notes", "chosenReadings", "substitutions", "requestClasses", "engine",
        "software", "policyDigest", "inputDigest", "judged",
    ]  # fmt: skip
    assert record["asOf"] == "2025-12-31"
    assert record["holdsUnderAllReadings"] is True
    (broad,) = (r for r in record["readings"] if (r["id"], r["alternative"]) == ("illinois-scope", "broad"))
    assert broad["outcome"] == "criteria-not-met"
    assert (record["objections"], record["changes"]) == ([["adult-admission:5"]], [["adult-admission:5"]])
    evidence = {c["id"]: c["evidence"] for c in record["criteria"]}["adult-admission:3"]
    assert [e["statement"] for e in evidence] == ["http://example.org/chart#s0"]


def test_turtle_leads_from_the_outcome_to_the_chart(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["determine", str(path), "--format", "turtle"]) == 0
    out = capsys.readouterr().out
    graph = Graph().parse(data=out, format="turtle")
    assert isomorphic(graph, Graph().parse(data=graph.serialize(format="turtle"), format="turtle"))
    (node,) = graph.subjects(RDF.type, NEC.Determination)
    assert graph.value(node, NEC.outcome) == NEC.CriteriaNotMet
    assert graph.value(node, PROV.wasGeneratedBy) is not None
    rows = graph.query(
        """PREFIX nec: <https://w3id.org/necessity/core#> PREFIX sh: <http://www.w3.org/ns/shacl#>
        SELECT ?statement ?severity { ?d nec:outcome nec:CriteriaNotMet ; nec:result ?r .
          ?r nec:status nec:NotMet ; nec:evidence ?statement ; nec:validationResult/sh:resultSeverity ?severity }"""
    )
    assert {str(row.statement) for row in rows} == {"http://example.org/chart#s1"}


def test_standard_input(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(path.read_bytes())))
    assert main(["determine", "-", "--input-format", "ttl", "--format", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "criteria-not-met"


def test_fail_on_and_usage(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["determine", str(path), "--fail-on", "excluded,criteria-not-met"]) == 1
    assert main(["determine", str(path), "--fail-on", "excluded"]) == 0
    assert main(["determine", str(tmp_path / "none")]) == 2
    with pytest.raises(SystemExit) as caught:
        main(["determine", str(path), "--fail-on", "nonsense"])
    assert caught.value.code == 2
    capsys.readouterr()


@pytest.mark.parametrize("form", ["json", "compact"])
@pytest.mark.parametrize("out", [".", "..", "/", ""])
def test_out_is_no_folder(path: Path, form: str, out: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["determine", str(path), "--format", form, "--out", out])
    assert ended.value.code == 2
    assert f"argument --out: {out!r} is a folder; name a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--out", "none/o", "there is no folder 'none'"),
        ("--out", "s3://bucket/o", "is a URL"),
        ("--lineage", "none/l", "there is no folder 'none'"),
        ("--quarantine", __file__, "is a file; name a folder"),
        ("--quarantine", "s3://bucket/q", "is a URL"),
        ("--jobs", "x", "'x' is no number of processes; 0 is one per core"),
        ("--jobs", "-1", "'-1' is no number of processes"),
    ],
)
def test_what_cannot_be_is_told_before_the_work(
    path: Path, option: str, value: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["determine", str(path), "--format", "compact", option, value])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"argument {option}: " in printed.err
    assert problem in printed.err


FULL = Path("/dev/full")
"""A device that takes nothing, as a full disk does."""


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "command", ["determine {} --format text", "determine {} --format compact", "policy list", "policy show"]
)
def test_standard_output_that_takes_no_more(path: Path, command: str) -> None:
    program = [sys.executable, "-m", "reasoner", *command.format(path).split()]
    with FULL.open("wb") as full:
        ended = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert ended.stderr == "necessity: standard output: No space left on device\n"
    assert ended.returncode == 2


def test_out_is_whole(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert main(["determine", str(path), "--format", "json", "--out", str(out)]) == 0
    assert json.loads(out.read_text())
    assert not list(tmp_path.glob("*.partial"))


def test_named_graphs_are_data_sets_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quads = []
    for name, stance in (("a", "Affirmed"), ("b", "Denied")):
        data = chart([Attestation("adult-admission:3", stance)]).replace("example.org", f"{name}.example.org")
        for line in Graph().parse(data=data, format="turtle").serialize(format="nt").splitlines():
            quads.append(line.removesuffix(" .").replace("_:", f"_:{name}") + f" <http://{name}> .")
    path = tmp_path / "two.nq"
    path.write_text("\n".join(quads))
    assert main(["determine", str(path), "--format", "jsonl"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["outcome"] for r in records] == ["documentation-needed", "criteria-not-met"]


def test_validate_prints_the_plain_report(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(path)]) == 0
    assert "ValidationReport" in capsys.readouterr().out


def results(report: Graph) -> set[tuple[str, ...]]:
    """Focus, shape and severity of each result of a validation report."""
    names = (SH.focusNode, SH.sourceShape, SH.resultSeverity)
    return {tuple(str(report.value(node, name)) for name in names) for node in report.objects(None, SH.result)}


@pytest.mark.parametrize("name", ["criteria-met", "late-entry-contradicts", "needs-round-the-clock-care"])
def test_any_engine_gets_the_same_report_of_the_evidence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    import pyshacl

    case = str(CASES / "mp9556" / "adult-admission" / f"{name}.ttl")
    kind = ["--phase", "admission", "--focus", "mental-health", "--jurisdiction", "US-MO"]
    printed = []
    for command in (["validate", case], ["validate", case, "--evidence"], ["policy", "show", "--shapes", *kind]):
        assert main(command) == 0
        printed.append(Graph().parse(data=capsys.readouterr().out, format="turtle"))
    plain, evidence, shapes = printed
    _, report, _ = pyshacl.validate(evidence, shacl_graph=shapes, max_validation_depth=40)
    assert results(report) == results(plain)
    assert results(plain)


def test_the_evidence_of_several_requests_has_a_graph_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    folder = CASES / "mp9556" / "illinois"
    assert main(["validate", str(folder), "--evidence"]) == 0
    dataset = Dataset()
    dataset.parse(data=capsys.readouterr().out, format="trig")
    held = {graph.identifier for graph in dataset.graphs() if len(graph)}
    assert len(held) == len(list(folder.glob("*.ttl"))) > 1
    assert all((request, RDF.type, NEC.ReviewRequest) in dataset.graph(request) for request in held)


def test_policy_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "list"]) == 0
    assert "mp9556/2025-04-01" in capsys.readouterr().out
    assert main(["policy", "show"]) == 0
    assert "adult-admission:7-a" in capsys.readouterr().out
    assert main(["policy", "show", "adult-admission:7-a"]) == 0
    assert "source" in capsys.readouterr().out
    assert main(["policy", "show", "--readings"]) == 0
    assert "illinois-scope/broad" in capsys.readouterr().out
    assert main(["policy", "show", "nothing:1"]) == 2
    kind = ["--phase", "continuation", "--focus", "substance-use", "--jurisdiction", "US-IL"]
    capsys.readouterr()
    assert main(["policy", "show", "--shapes", *kind]) == 0
    shapes = Graph().parse(data=capsys.readouterr().out, format="turtle")
    assert any("illinois/level" in str(subject) for subject in shapes.subjects())
    assert not any("adult-continuation/4-b" in str(subject) for subject in shapes.subjects())


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_options_become_values_at_the_edge(path: Path) -> None:
    """A parser's namespace reaches what a subcommand runs, and what makes values of it in `options`, and nothing else."""
    tree = ast.parse(path.read_text())
    runs = {
        keyword.value.id
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "set_defaults"
        for keyword in call.keywords
        if keyword.arg == "run" and isinstance(keyword.value, ast.Name)
    }
    takes = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for argument in (*function.args.args, *function.args.kwonlyargs)
        if argument.annotation and "Namespace" in ast.unparse(argument.annotation)
    }
    assert path.stem == "options" or takes <= runs
    assert not any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))


def test_intake_writes_the_day_of_review_into_the_chart(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", str(path), "--to", "nquads", "--as-of", "2026-01-15"]) == 0
    days = [line.split()[2] for line in capsys.readouterr().out.splitlines() if "core#asOf>" in line]
    assert days == ['"2026-01-15"^^<http://www.w3.org/2001/XMLSchema#date>']


def test_query_offers_every_form_of_an_answer() -> None:
    assert sorted(query.FORMATS) == sorted(["text", "parquet", *TABLE_FORMATS, *GRAPH_FORMATS])


def test_an_option_that_does_nothing_is_refused(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in (
        ["--jobs", "2"],
        ["--jobs", "0"],
        ["--resume"],
        ["--quarantine", "q"],
        ["--max-quarantined", "1"],
        ["--lineage", "l"],
    ):
        assert main(["determine", str(path), "--format", "json", *option]) == 2
        err = capsys.readouterr().err
        assert f"{option[0]} is for --format compact, jsonl" in err
        assert "not json" in err
    assert main(["determine", str(path), "--format", "jsonl", "--resume"]) == 2
    assert "--resume needs the --out" in capsys.readouterr().err


@pytest.fixture
def two(path: Path) -> Path:
    """A folder of two requests."""
    other = chart([Attestation("adult-admission:3")]).replace("http://example.org/chart", "http://example.org/other")
    path.with_name("other.ttl").write_text(other)
    return path.parent


def test_text_of_many_requests_is_a_table(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["determine", str(two)]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split("  ")[0] == "REQUEST"
    assert [row.split()[0] for row in rows if "2025-06-02" in row] == ["chart", "other"]
    assert "2 determinations of 2 requests" in rows
    assert main(["determine", str(two), "--whole"]) == 0
    whole = capsys.readouterr().out
    assert main(["determine", str(two / "chart.ttl")]) == 0
    first = capsys.readouterr().out
    assert main(["determine", str(two / "other.ttl")]) == 0
    assert whole == f"{first}\n{capsys.readouterr().out}"
    assert main(["determine", str(two), "--whole", "--format", "json"]) == 2
    assert "--whole is for --format text, not json" in capsys.readouterr().err


def test_rejected_data_sets_are_in_the_totals(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (two / "wrong.ttl").write_text("this is no Turtle")
    assert main(["determine", str(two)]) == 3
    out, err = capsys.readouterr()
    assert "rejected                   1  for the reasons on standard error" in out
    assert "wrong.ttl" in err


def test_colour_is_for_terminals(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = tmp_path / "out" / "table.txt"
    out.parent.mkdir()

    def printed(*arguments: str) -> str:
        assert main(["determine", str(two / "chart.ttl"), str(two / "other.ttl"), *arguments]) == 0
        return capsys.readouterr().out

    assert "\x1b[31m✗ criteria not met\x1b[0m" in printed()
    assert printed("--out", str(out)) == ""
    assert not {"\x1b", "✗"} & set(out.read_text())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not {"\x1b", "✗"} & set(printed())
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert not {"\x1b", "✗"} & set(printed())


def test_parquet_is_not_for_a_terminal(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["determine", str(path), "--format", "parquet"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--format parquet is no text for a terminal. Give --out FILE" in err


def test_an_endpoint_needs_a_folder_for_the_workplace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--kb", "http://127.0.0.1:1/query"]) == 2
    assert "Give --workplace DIR" in capsys.readouterr().err
    assert main(["app", "--kb", "kb", "--host", "0.0.0.0"]) == 2
    assert "Give --auth" in capsys.readouterr().err
