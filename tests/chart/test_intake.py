"""The one way in: every command sees the same data sets, cases and errors, and a report only if it asks for one."""

from __future__ import annotations

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from rdflib import Graph

from reasoner import Policy
from reasoner.chart import intake, report
from reasoner.chart.intake import read, read_all, read_source
from reasoner.chart.tables.quads import COLUMNS
from reasoner.cli import main
from tests.conftest import Attestation, chart

GRAPHS = ("urn:graph:0", "urn:graph:1", "urn:graph:2")


def quads(graph: str) -> list[str]:
    """A chart with a request of its own as lines of N-Quads."""
    text = chart([Attestation("adult-admission:3")]).replace("http://example.org/chart#", f"{graph}:")
    lines = Graph().parse(data=text, format="turtle").serialize(format="nt").splitlines()
    return [f"{line.removesuffix('.').replace('_:', '_:' + graph[-1])}<{graph}> ." for line in sorted(lines) if line]


def written(folder: Path, *blocks: list[str]) -> Path:
    path = folder / "charts.nq"
    path.write_text("".join(f"{line}\n" for block in blocks for line in block))
    return path


@pytest.mark.parametrize("broken", ["<urn:x> nonsense <urn:graph:1> .", "<urn:x> nonsense"])
def test_a_broken_graph_leaves_the_others(policy: Policy, tmp_path: Path, broken: str) -> None:
    first, second, third = map(quads, GRAPHS)
    line = len(first) + 4
    path = written(tmp_path, first, [*second[:3], broken, *second[3:]], third)
    _, bad, _ = results = list(read_source(str(path), policy))
    assert [case.iri for result in results for case in result.cases] == ["urn:graph:0:request", "urn:graph:2:request"]
    (error,) = bad.errors
    assert bad.source == f"{path} <urn:graph:1>"
    assert error.where.startswith(f"{path} <urn:graph:1>: line {line}, column ")


BROKEN = "<urn:x> nonsense ."


@pytest.mark.parametrize(("place", "refused"), [("between two graphs", [0, 1]), ("before the first", [0])])
def test_a_broken_line_of_no_certain_graph_refuses_those_beside_it(
    policy: Policy, tmp_path: Path, place: str, refused: list[int]
) -> None:
    blocks = [quads(graph) for graph in GRAPHS]
    blocks.insert(1 if place == "between two graphs" else 0, [BROKEN])
    path = written(tmp_path, *blocks)
    results = list(read_source(str(path), policy))
    assert [result.source for result in results] == [f"{path} <urn:graph:{number}>" for number in range(3)]
    assert [number for number, result in enumerate(results) if result.errors] == refused
    assert [len(result.cases) for result in results] == [0 if number in refused else 1 for number in range(3)]


def test_a_broken_line_among_graphs_that_do_not_stand_together_refuses_the_file(policy: Policy, tmp_path: Path) -> None:
    first, second = quads(GRAPHS[0]), quads(GRAPHS[1])
    path = written(tmp_path, first[:3], second[:2], [BROKEN], second[2:], first[3:])
    (result,) = read_source(str(path), policy)
    assert result.source == str(path)
    assert len(result.errors) == 1
    assert result.cases == ()


def test_a_text_with_a_line_separator_in_a_literal_is_one_line(policy: Policy, tmp_path: Path) -> None:
    first, second = quads(GRAPHS[0]), quads(GRAPHS[1])
    first = [line.replace("R. Example", "R.\u2028Example") for line in first]
    path = written(tmp_path, first, [*second, "<urn:x> nonsense <urn:graph:1> ."])
    good, bad = read_source(str(path), policy)
    (case,) = good.cases
    assert case.statements[0].document.author == "R.\u2028Example"
    assert bad.errors


def test_empty_n_quads_are_an_error(policy: Policy, tmp_path: Path) -> None:
    (result,) = read_source(str(written(tmp_path)), policy)
    assert "the file is empty" in str(result.errors[0])


def test_quads_of_parquet_are_the_same_as_n_quads(policy: Policy, tmp_path: Path) -> None:
    lines = [line for graph in GRAPHS for line in quads(graph)]
    path = written(tmp_path, lines)
    terms = [(*line.split(" ", 2)[:2], *line.split(" ", 2)[2].rsplit(" ", 2)[:2]) for line in lines]
    table = pytest.importorskip("pandas").DataFrame(terms, columns=list(COLUMNS))
    (tmp_path / "q").mkdir()
    table.to_parquet(tmp_path / "q" / "charts.parquet")
    of_parquet = [case for result in read_all([str(tmp_path / "q")], policy) for case in result.cases]
    assert [(case.iri, case.digest) for case in of_parquet] == [
        (case.iri, case.digest) for case in read(str(path), policy)[0]
    ]


def test_a_table_that_cannot_be_read_leaves_the_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("request,nonsense\na,b\n")
    (tmp_path / "b.ttl").write_text(chart([Attestation("adult-admission:3")]))
    assert main(["determine", str(tmp_path), "--format", "json"]) == 3
    printed = capsys.readouterr()
    assert [record["request"] for record in json.loads(printed.out)] == ["http://example.org/chart#request"]
    assert "the column 'nonsense' has no meaning" in printed.err


def test_no_report_is_made_that_nobody_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chart.ttl"
    path.write_text(chart([Attestation("adult-admission:3")]))

    def refuse(*_: object) -> None:
        raise RuntimeError("a report was made")

    monkeypatch.setattr(report, "of_graph", refuse)
    assert main(["determine", str(path)]) == 0
    assert main(["explain", str(path)]) == 0
    assert main(["validate", str(path)]) == 0
    assert main(["intake", str(path), "--to", "nquads"]) == 0
    capsys.readouterr()
    main(["intake", str(path), "--to", "text"])
    assert "a fault of this program: RuntimeError" in capsys.readouterr().err


def test_empty_lines_are_refused_unless_they_are_a_file_of_an_export(
    tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty.ndjson").write_bytes(b"\n")
    (result,) = read_all([str(tmp_path)], policy)
    (error,) = result.errors
    assert str(error).startswith(f"{tmp_path / 'empty.ndjson'}: the file is empty")
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"")))
    (result,) = read_all(["-"], policy, suffix=".ndjson")
    assert str(result.errors[0]).startswith("standard input: the file is empty")
    (tmp_path / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "p", "birthDate": "1980-05-05"}\n')
    assert [result.source for result in read_all([str(tmp_path)], policy)] == [f"{tmp_path}, Patient/p"]


def test_a_chart_takes_nothing_of_what_maps_fhir(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy: Policy
) -> None:
    monkeypatch.setattr(intake, "vocabulary", None)
    (tmp_path / "chart.ttl").write_text(chart([Attestation("adult-admission:3")]))
    (result,) = read_all([str(tmp_path)], policy)
    assert result.cases
