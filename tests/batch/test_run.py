"""Batches: the same bytes however they are cut, stopped, resumed or shared among processes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from rdflib import Graph

from benchmarks.generate import generate, write
from reasoner import Policy, load_policy
from reasoner.batch import fields
from reasoner.batch.model import Job
from reasoner.batch.run import run
from reasoner.batch.state import BatchState
from reasoner.chart.fast import piece
from reasoner.cli import main
from reasoner.logic.fold import Outcome
from tests.conftest import CASES, ROOT, Attestation, chart

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra tables) is not installed")


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts")
    write(folder, 300, seed=11)
    return folder


@pytest.fixture(scope="module")
def expected(charts: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("expected") / "out.jsonl"
    assert main(["determine", str(charts), "--format", "compact", "--out", str(out), "--jobs", "1"]) == 0
    return out.read_bytes()


def compact(out: Path, *arguments: str) -> bytes:
    assert main(["determine", *arguments, "--format", "compact", "--out", str(out)]) == 0
    assert not list(out.parent.glob("*.state*")), "a batch that is done leaves nothing behind"
    return out.read_bytes()


def test_lines_are_ordered_by_request(expected: bytes) -> None:
    requests = [json.loads(line)["request"] for line in expected.splitlines()]
    assert requests == sorted(requests)
    assert len(set(requests)) == 300


def test_processes_make_no_difference(charts: Path, expected: bytes, tmp_path: Path) -> None:
    assert compact(tmp_path / "out", str(charts), "--jobs", "2") == expected


@pytest.mark.parametrize("size", [1, 10_000, 1_000_000])
def test_pieces_make_no_difference(
    charts: Path, expected: bytes, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece.pieces, "__defaults__", (None, size))
    assert compact(tmp_path / "out", str(charts)) == expected


def test_forms_of_input_make_no_difference(charts: Path, expected: bytes, tmp_path: Path, monkeypatch) -> None:
    import pyarrow as pa
    import pyoxigraph as ox

    text = b"".join(path.read_bytes() for path in sorted(charts.glob("*.nq")))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert compact(tmp_path / "out", "-", "--input-format", "nq") == expected

    quads = list(ox.parse(input=text, format=ox.RdfFormat.N_QUADS))
    columns = {"subject": "subject", "predicate": "predicate", "object": "object", "graph": "graph_name"}
    table = pa.table({name: [str(getattr(quad, part)) for quad in quads] for name, part in columns.items()})
    pq.write_table(table, tmp_path / "quads.parquet")
    assert compact(tmp_path / "out", str(tmp_path / "quads.parquet")) == expected

    shuffled = text.splitlines(keepends=True)
    random.Random(1).shuffle(shuffled)
    (tmp_path / "shuffled.nq").write_bytes(b"".join(shuffled))
    assert compact(tmp_path / "out", str(tmp_path / "shuffled.nq")) == expected

    lines = tmp_path / "charts.ndjson"
    with lines.open("wb") as out:
        for graph in generate(300, seed=11):
            document = ox.serialize(
                ox.parse(input=graph.encode(), format=ox.RdfFormat.N_TRIPLES), format=ox.RdfFormat.JSON_LD
            )
            out.write(document.replace(b"\n", b" ") + b"\n")
    assert compact(tmp_path / "out", str(lines)) == expected
    assert compact(tmp_path / "out", str(tmp_path / "*.ndjson")) == expected


def test_quads_for_all_graphs_and_comments(tmp_path: Path, expected: bytes, charts: Path) -> None:
    """The default graph of a file is visible to all its graphs, wherever it stands; comments are no quads."""
    text = (charts / "charts-00000.nq").read_text()
    (tmp_path / "a.nq").write_text(f"# charts\n{text}\n<urn:x:s> <urn:x:p> <urn:x:o> .\n")
    found = compact(tmp_path / "out", str(tmp_path / "a.nq"))
    first = [
        line
        for line in expected.splitlines()
        if json.loads(line)["request"] < "https://necessity.invalid/generated/0000250"
    ]
    assert found.splitlines() == first


def test_the_reference_engine_gives_the_same_briefs(tmp_path: Path) -> None:
    paths = [str(CASES / "mp9556" / "illinois")]
    fast = compact(tmp_path / "fast", *paths)
    reference = compact(tmp_path / "reference", *paths, "--engine", "reference")
    without = [[{**json.loads(line), "key": ""} for line in lines.splitlines()] for lines in (fast, reference)]
    assert without[0] == without[1]


def test_whole_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(CASES / "mp9556" / "dates")
    assert main(["determine", path, "--format", "jsonl", "--out", str(tmp_path / "out")]) == 0
    assert main(["determine", path, "--format", "json"]) == 0
    assert [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()] == json.loads(
        capsys.readouterr().out
    )


def bad_and_good(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.ttl").write_text(chart([Attestation("adult-admission:3")]))
    (folder / "b.ttl").write_text(
        chart([Attestation("adult-admission:3")]).replace("chart#", "b#").replace("nec:plan", "nec:plann")
    )
    (folder / "c.ttl").write_text("this is no turtle")
    (folder / "d.ttl").write_text(chart([Attestation("adult-admission:5")]))  # describes the request of a.ttl again
    good = "".join(f"{line[:-2]} <urn:g:1> .\n" for line in next(generate(1, seed=3)).splitlines())
    broken = good.replace("urn:g:1", "urn:g:2").replace("generated/0000000", "other").replace("core#asOf", "core#asOff")
    (folder / "e.nq").write_text(good + broken + '<urn:s> <urn:p> "no end <urn:g:3> .\n')
    return folder


def test_quarantine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, aside = bad_and_good(tmp_path / "in"), tmp_path / "aside"
    arguments = ["determine", str(folder), "--format", "compact", "--out", str(tmp_path / "out")]
    assert main([*arguments, "--quarantine", str(aside)]) == 3
    said = capsys.readouterr().err
    assert "6 data sets, set aside in" in said
    assert "6 rejected in 5 rejections\n" in said, "a request that two describe has one"
    assert len((tmp_path / "out").read_text().splitlines()) == 1, "the good one"
    index = [json.loads(line) for line in (aside / "rejected.jsonl").read_text().splitlines()]
    reasons = {Path(said["source"].split(" <")[0]).name + said["source"].partition(" <")[2]: said for said in index}
    assert set(reasons) == {"a.ttl", "b.ttl", "c.ttl", "e.nqurn:g:2>", "e.nqurn:g:3>"}
    assert "more than one data set" in reasons["a.ttl"]["problem"]
    assert "plann" in reasons["b.ttl"]["problem"]
    assert "syntax" in reasons["c.ttl"]["problem"]
    assert "asOff" in reasons["e.nqurn:g:2>"]["problem"]
    assert (aside / reasons["c.ttl"]["file"]).read_text() == "this is no turtle"
    again = (aside / reasons["e.nqurn:g:2>"]["file"]).read_text()
    assert {line.rsplit(" ", 2)[1] for line in again.splitlines()} == {"<urn:g:2>"}
    (aside / "mended.nq").write_text(again.replace("asOff", "asOf"))
    assert main(["determine", str(aside / "mended.nq"), "--format", "compact", "--out", str(tmp_path / "mended")]) == 0


@pytest.mark.parametrize(("limit", "code"), [("5", 0), ("4", 1), ("90%", 0), ("10%", 1), (None, 3)])
def test_a_threshold_for_what_is_rejected(
    tmp_path: Path, limit: str | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bad_and_good(tmp_path / "in")
    gate = ["--max-quarantined", limit] if limit else []
    arguments = ["determine", str(folder), "--format", "summary", "--out", str(tmp_path / "out")]
    assert main([*arguments, *gate]) == code
    failed = f"failed: 5 rejections, more than --max-quarantined {limit} allows\n"
    assert capsys.readouterr().err.endswith(failed) == (code == 1)


@pytest.mark.parametrize(("name", "code"), [("", 2), ("rejected", 2), ("_rejected", 3), (".rejected/today", 3)])
def test_a_quarantine_is_not_read_again(
    tmp_path: Path, name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bad_and_good(tmp_path / "in")
    arguments = ["determine", str(folder), "--format", "compact", "--out", str(tmp_path / "out")]
    for _ in range(2):
        assert main([*arguments, "--quarantine", str(folder / name)]) == code
    said = capsys.readouterr().err
    assert ("so the next run would read it" in said) == (code == 2)
    assert said.count("6 data sets, set aside in") == (2 if code == 3 else 0)


@pytest.mark.parametrize(("pattern", "code"), [("*", 2), ("**/*.ttl", 2), ("rejected/*", 2), ("*.[nt]*", 3)])
def test_a_quarantine_in_a_pattern_is_not_read_again(
    pattern: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aside = bad_and_good(tmp_path / "in") / "rejected"
    aside.mkdir()
    (aside / "of-yesterday.ttl").write_text("no chart")
    (aside / "back").symlink_to(tmp_path)
    path = str(tmp_path / "in" / pattern)
    assert main(["determine", path, "--format", "compact", "--quarantine", str(aside)]) == code
    assert (f"--quarantine is in {path}, so the next run would read it" in capsys.readouterr().err) == (code == 2)


def test_outcomes_to_fail_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["determine", str(CASES / "mp9556" / "exclusions"), "--format", "junit", "--out", str(tmp_path / "out")]
    assert main([*arguments, "--fail-on", "excluded"]) == 1
    excluded = re.search(r"^(\d+) determinations: .*?(\d+) excluded", said := capsys.readouterr().err, re.MULTILINE)
    assert excluded
    assert f"failed: the outcome excluded, which --fail-on names, occurred {excluded[2]} times\n" in said
    suite = ET.parse(tmp_path / "out").getroot()
    failures = suite.findall(".//failure")
    assert len(failures) == int(suite.get("failures", "0")) > 0
    assert {failure.get("type") for failure in failures} == {"excluded"}
    assert len(suite.findall(".//testcase")) == int(suite.get("tests", "0"))
    assert main([*arguments, "--fail-on", "no-policy-version"]) == 0


def test_nothing_determined(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("this is no turtle")
    assert main(["determine", str(tmp_path / "a.ttl"), "--format", "compact"]) == 2
    assert main(["determine", str(tmp_path / "none"), "--format", "compact"]) == 2


def test_tables(tmp_path: Path) -> None:
    path, by_request = str(CASES / "mp9556" / "child-adolescent"), {}
    for line in compact(tmp_path / "lines", path).splitlines():
        found = json.loads(line)
        by_request[found["request"]] = found
    assert main(["determine", path, "--format", "csv", "--out", str(tmp_path / "out.csv")]) == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == sum(len(found["criteria"]) for found in by_request.values())
    for row in rows:
        found = by_request[row["request"]]
        assert row["status"] == found["criteria"][row["criterion"]]
        assert row["statements"].split() == found["evidence"].get(row["criterion"], [])
        assert row["missing"] == str(row["criterion"] in found["gap"]).lower()
        assert row["unread"] == str(len(found["unread"]))
    assert main(["determine", path, "--format", "parquet", "--out", str(tmp_path / "out.parquet")]) == 0
    for row in pq.read_table(tmp_path / "out.parquet").to_pylist():
        found = by_request[row["request"]]
        assert {c["criterion"]: c["status"] for c in row["criteria"]} == found["criteria"]
        assert {c["criterion"]: c["statements"] for c in row["criteria"] if c["statements"]} == found["evidence"]
        assert (row["outcome"], row["holds"], row["gap"]) == (found["outcome"], found["holds"], found["gap"])
        assert row["unread"] == found["unread"]
        assert row["unread_counts"] == found["unreadCounts"]
        assert (row["start"].isoformat(), row["key"]) == (found["start"], found["key"])


def test_the_totals_count_what_was_not_read(tmp_path: Path) -> None:
    path = str(CASES / "rules" / "unread")
    lines = compact(tmp_path / "lines", path).splitlines()
    unread = [len(json.loads(line)["unread"]) for line in lines]
    assert sum(unread) > 0
    assert main(["determine", path, "--format", "summary", "--out", str(tmp_path / "out")]) == 0
    total = json.loads((tmp_path / "out").read_text())["unread"]
    assert (total["determinations"], total["items"]) == (sum(map(bool, unread)), sum(unread))
    by_kind: Counter[tuple[str, str]] = Counter()
    assert main(["determine", path, "--format", "jsonl", "--out", str(tmp_path / "whole")]) == 0
    for line in (tmp_path / "whole").read_text().splitlines():
        by_kind.update((item["kind"], item["reason"]) for item in json.loads(line)["unread"])
    assert {(of["kind"], of["reason"]): of["count"] for of in total["counts"]} == by_kind


def test_sarif_and_summary(tmp_path: Path) -> None:
    path = str(CASES / "mp9556")
    assert main(["determine", path, "--format", "sarif", "--out", str(tmp_path / "out")]) == 0
    (run,) = json.loads((tmp_path / "out").read_text())["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    assert {result["level"] for result in run["results"]} == {"note", "warning"}
    assert main(["determine", path, "--format", "summary", "--out", str(tmp_path / "out")]) == 0
    total = json.loads((tmp_path / "out").read_text())
    manifests = [json.loads(p.read_text()) for p in (CASES / "mp9556").rglob("expected.json")]
    wanted = [one for m in manifests for said in m.values() for one in (said if isinstance(said, list) else [said])]
    assert total["determinations"] == len(wanted)
    for outcome, count in total["outcomes"].items():
        assert count == sum(one["outcome"] == outcome for one in wanted), outcome


def test_every_record_has_the_form_that_is_published(charts: Path, expected: bytes) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "data" / "schema" / "brief.json").read_text())
    check = jsonschema.Draft202012Validator(schema)
    for line in expected.splitlines():
        check.validate(json.loads(line))


def test_the_published_form_has_the_fields_of_a_brief() -> None:
    schema = json.loads((ROOT / "data" / "schema" / "brief.json").read_text())
    kinds = {
        fields.Type.TEXT: "string",
        fields.Type.DAY: "string",
        fields.Type.TRUTH: "boolean",
        fields.Type.NAMES: "array",
        fields.Type.COUNTS: "array",
        fields.Type.STATUS_BY_CRITERION: "object",
        fields.Type.NAMES_BY_CRITERION: "object",
    }
    names = [field.name for field in fields.FIELDS]
    assert list(schema["properties"]) == schema["required"] == names
    for field in fields.FIELDS:
        said = schema["properties"][field.name]
        kind = kinds[field.type]
        if field.name == "outcome":
            assert said["enum"] == [outcome.value for outcome in Outcome]
        else:
            assert said["type"] == ([kind, "null"] if field.optional else kind), field.name
        assert (said.get("format") == "date") == (field.type is fields.Type.DAY), field.name


def test_tables_have_the_columns_that_pipelines_rely_on() -> None:
    pytest.importorskip("pyarrow")
    from reasoner.batch.exports import schema

    flat = ["key", "request", "start", "end", "as_of", "version", "outcome", "holds", "holds_strained"]
    shape = schema()
    assert shape.names == [*flat, "criteria", "gap", "unread", "unread_counts"]
    assert [str(shape.field(name).type) for name in ("start", "holds", "gap")] == [
        "date32[day]",
        "bool",
        "list<item: string>",
    ]
    nested = shape.field("criteria").type.value_type
    assert [nested.field(number).name for number in range(nested.num_fields)] == ["criterion", "status", "statements"]
    flat.remove("as_of")
    assert list(fields.CSV_COLUMNS) == [*flat, "criterion", "status", "statements", "missing", "unread"]


def test_an_interrupted_batch_goes_on(charts: Path, expected: bytes, tmp_path: Path) -> None:
    state = tmp_path / "out.state"
    batch = BatchState(state, Job())
    pieces = list(piece.pieces([str(charts)], size=100_000))
    assert len(pieces) > 20
    run(batch, iter(pieces[:7]))
    batch.close()
    told: list[int] = []
    resumed = BatchState(state, Job(), resume=True)
    run(resumed, iter(pieces), progress=lambda progress: told.append(progress.requests))
    assert 0 < told[-1] < 300, "what was done is not done again"
    assert b"".join(row.line.encode() + b"\n" for row in resumed.rows()) == expected
    resumed.discard()
    assert not state.exists()


def test_resuming_with_other_options_is_refused(charts: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    arguments = ["determine", str(charts), "--format", "compact", "--out", str(out)]
    assert main([*arguments, "--resume"]) == 2
    assert "no interrupted batch" in capsys.readouterr().err
    BatchState(tmp_path / "out.state", Job()).close()
    assert main([*arguments, "--resume", "--readings", "default"]) == 2
    assert "other options" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 0


def test_a_batch_is_resumed_where_there_is_one(
    charts: Path, expected: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of a pipeline can always say `--resume auto`."""
    out, arguments = tmp_path / "out", [str(charts), "--resume", "auto"]
    assert compact(out, *arguments) == expected, "there is nothing to continue"
    batch = BatchState(tmp_path / "out.state", Job())
    run(batch, piece.pieces([str(charts)]))
    batch.close()
    with monkeypatch.context() as patched:
        patched.setattr("reasoner.batch.workers.Worker.__call__", None)
        assert compact(out, *arguments) == expected, "all of it is done"
    BatchState(tmp_path / "out.state", Job(alternatives=False)).close()
    assert compact(out, *arguments) == expected, "it had other options"


def test_a_file_that_changed_meanwhile_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.nq"
    first, second = ("".join(f"{line[:-2]} <urn:g> .\n" for line in c.splitlines()) for c in generate(2, seed=5))
    path.write_text(first)
    batch = BatchState(tmp_path / "state", Job())
    run(batch, piece.pieces([str(path)]))
    batch.close()
    path.write_text(second)
    resumed = BatchState(tmp_path / "state", Job(), resume=True)
    run(resumed, piece.pieces([str(path)]))
    (row,) = resumed.rows()
    assert row.request.endswith("0000001#request")
    resumed.discard()


def start(charts: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reasoner", "determine", str(charts), "--format", "compact", "--out", str(out)]
    return subprocess.Popen([*command, *more], stderr=subprocess.PIPE, start_new_session=True)


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    charts = tmp_path / "charts"
    write(charts, 3000, seed=12)
    began = time.monotonic()
    whole = start(charts, tmp_path / "whole", "--jobs", "2")
    assert whole.wait() == 0
    took = time.monotonic() - began
    dice, out = random.Random(2), tmp_path / "out"
    for turn in range(6):
        resume = ["--resume"] if (tmp_path / "out.state").exists() else []
        process = start(charts, out, "--jobs", "2", *resume)
        time.sleep(dice.uniform(0.1, 0.6) * took)
        os.killpg(process.pid, signal.SIGKILL if turn % 2 else signal.SIGINT)
        code = process.wait()
        assert code in (-signal.SIGKILL, -signal.SIGINT, 130, 0)
        if out.exists():
            break
    if not out.exists():
        last = start(charts, out, "--jobs", "2", *(["--resume"] if (tmp_path / "out.state").exists() else []))
        assert last.wait() == 0
    assert out.read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_batch_that_passes_midnight_keeps_its_day(tmp_path: Path, policy: Policy) -> None:
    from datetime import date

    path = tmp_path / "a.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]).replace('nec:asOf "2026-01-01"^^xsd:date ;', ""))
    batch = BatchState(None, Job(today=date(2026, 5, 1)))
    run(batch, piece.pieces([str(path)]))
    (row,) = batch.rows()
    assert json.loads(row.line)["asOf"] == "2026-05-01"
    batch.close()


def test_the_key_is_of_the_case_the_policy_and_the_software(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]))
    first = json.loads(compact(tmp_path / "out", str(path)))
    path.write_text("# the same\n" + path.read_text())
    assert json.loads(compact(tmp_path / "out", str(path)))["key"] == first["key"]
    path.write_text(chart([Attestation("adult-admission:3", "Denied")]))
    assert json.loads(compact(tmp_path / "out", str(path)))["key"] != first["key"]
    assert load_policy().digest


@pytest.mark.parametrize("given", ["file", "standard input"])
def test_quads_of_a_graph_may_stand_apart(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    for name in ("a", "b"):
        data = chart([Attestation("adult-admission:3")]).replace("example.org", f"{name}.example.org")
        triples = Graph().parse(data=data, format="turtle").serialize(format="nt").splitlines()
        lines += [
            f"{line.removesuffix(' .').replace('_:', f'_:{name}')} <http://{name}> .\n" for line in triples if line
        ]
    together, apart = tmp_path / "together.nq", tmp_path / "apart.nq"
    together.write_text("".join(lines))
    apart.write_text("".join(sorted(lines, key=lambda line: hashlib.sha256(line.encode()).digest())))
    wanted = tmp_path / "wanted"
    assert main(["determine", str(together), "--format", "csv", "--out", str(wanted)]) == 0
    source = [str(apart)]
    if given == "standard input":
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(apart.read_bytes())))
        source = ["-", "--input-format", "nq"]
    out = tmp_path / "out"
    assert main(["determine", *source, "--format", "csv", "--out", str(out)]) == 0
    rows = [line.split(",", 1)[1] for line in out.read_text().splitlines()]
    assert rows == [line.split(",", 1)[1] for line in wanted.read_text().splitlines()]
    assert len({row.split(",")[0] for row in rows}) == 3


@pytest.mark.parametrize("order", ["together", "apart"])
@pytest.mark.parametrize("given", ["file", "standard input"])
def test_a_byte_that_is_no_text_costs_the_graph_of_its_line(
    given: str, order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    charts = [text.splitlines() for text in generate(4)]
    lines = [f"{line[:-1]}<urn:g:{number}> .\n".encode() for number, own in enumerate(charts) for line in own]
    spoilt = next(number for number, line in enumerate(lines) if b'"' in line and b"<urn:g:2>" in line)
    lines[spoilt] = lines[spoilt].replace(b'"', b'"\xe9', 1)
    if order == "apart":
        lines.sort(key=lambda line: hashlib.sha256(line).digest())
    path = tmp_path / "a.nq"
    path.write_bytes(b"".join(lines))
    source = [str(path)]
    if given == "standard input":
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(path.read_bytes())))
        source = ["-", "--input-format", "nq"]
    out = tmp_path / "out"
    assert main(["determine", *source, "--format", "csv", "--out", str(out)]) == 3
    rows = out.read_text()
    assert [f"000000{number}#request" in rows for number in range(4)] == [True, True, False, True]
    line = next(number for number, line in enumerate(lines, 1) if b"\xe9" in line)
    said = capsys.readouterr().err
    assert f"line {line}: the text is not UTF-8" in said
    assert "read 4 data sets: 3 determined, 1 rejected" in said
