"""Spark and plain lakes give what a batch gives."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyoxigraph as ox
import pytest

from benchmarks.generate import generate, write
from reasoner.batch import lake
from reasoner.batch.fields import table_row
from reasoner.batch.model import Job
from reasoner.chart.tables.quads import COLUMNS
from reasoner.cli import main
from reasoner.ground.errors import UsageError
from tests.batch.file_kinds import CHARTS, KINDS, quads
from tests.batch.mutations import OF_UNITS, mutant
from tests.conftest import CASES

pa = pytest.importorskip("pyarrow", reason="pyarrow (extra tables) is not installed")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("charts")
    write(folder, 60, seed=21)
    assert main(["determine", str(folder), "--format", "compact", "--out", str(folder / "out")]) == 0
    found = [table_row(json.loads(line)) for line in (folder / "out").read_text().splitlines()]
    return {record["key"]: record for record in found}


def rows() -> list[dict[str, str]]:
    found = []
    for number, text in enumerate(generate(60, seed=21)):
        for quad in ox.parse(input=text.encode(), format=ox.RdfFormat.N_TRIPLES):
            found.append(
                {
                    "subject": str(quad.subject),
                    "predicate": str(quad.predicate),
                    "object": str(quad.object),
                    "graph": f"<https://necessity.invalid/generated/{number:07}>",
                }
            )
    return found


@pytest.fixture(scope="module")
def spark() -> Iterator:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark (extra spark) is not installed")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java on the path")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.slow
def test_spark(spark, expected: dict[str, dict], tmp_path: Path) -> None:
    from reasoner.batch.spark import criteria, determine, determine_charts

    quads = [*rows(), {"subject": "<urn:s>", "predicate": "<urn:p>", "object": '"o"', "graph": "<urn:no-request>"}]
    pq.write_table(pa.Table.from_pylist(quads[::-1]), tmp_path / "quads.parquet")
    found = determine(spark.read.parquet(str(tmp_path / "quads.parquet"))).cache()
    good = [row.asDict(recursive=True) for row in found.where("error IS NULL").collect()]
    assert {row.pop("source") for row in good} == {f"quads {row['graph']}" for row in quads[:-1]}
    assert {row["key"]: {k: v for k, v in row.items() if k != "error"} for row in good} == expected
    (bad,) = found.where("error IS NOT NULL").collect()
    assert "no nec:ReviewRequest" in bad["error"]
    assert bad["request"] is None
    of_criteria = criteria(found).collect()
    assert len(of_criteria) == sum(len(record["criteria"]) for record in expected.values())
    missing = [(row["key"], row["criterion"]) for row in of_criteria if row["missing"]]
    assert sorted(missing) == sorted((key, id_) for key, record in expected.items() for id_ in record["gap"])

    paths = sorted((CASES / "mp9556" / "illinois").glob("*.ttl"))
    documents = [(str(path), "ttl", path.read_text()) for path in paths] + [("broken.ttl", "ttl", "no turtle")]
    of_charts = determine_charts(spark.createDataFrame(documents, "name string, format string, content string"))
    manifest = json.loads((CASES / "mp9556" / "illinois" / "expected.json").read_text())
    outcomes = {Path(row["source"]).name: row["outcome"] for row in of_charts.collect()}
    assert outcomes == {path.name: manifest[path.name]["outcome"] for path in paths} | {"broken.ttl": None}


@pytest.mark.slow
def test_spark_rejects_a_request_that_two_data_sets_describe_once(spark, expected: dict[str, dict]) -> None:
    from reasoner.batch.spark import determine

    (twice, other), quads = ("0000003", "0000004"), rows()
    graph = f"<https://necessity.invalid/generated/{twice}>"
    first = [row for row in quads if row["graph"] == graph]
    copies = [row | {"graph": f"<urn:copy:{number}>"} for row in first for number in (1, 2)]
    whole = [row for row in quads if row["graph"].endswith(f"{other}>")]
    found = [row.asDict() for row in determine(spark.createDataFrame([*first, *copies, *whole])).collect()]
    (bad,) = [row for row in found if row["error"]]
    good = {row["key"] for row in found if not row["error"]}
    assert good == {key for key, record in expected.items() if record["request"].endswith(f"/{other}#request")} != set()
    assert bad["request"] is None
    assert bad["source"] == f"quads {graph}"
    assert bad["error"].startswith(f"quads {graph}, quads <urn:copy:1>, quads <urn:copy:2>: the request <")


@pytest.mark.slow
@pytest.mark.parametrize("place", ["<urn:own>", "the graph of another request"])
def test_spark_rejects_a_request_that_what_is_rejected_speaks_of(spark, expected: dict[str, dict], place: str) -> None:
    from reasoner.batch.spark import determine

    quads = rows()[:2000]
    statement, request, graph = next(
        (row["subject"], row["object"], row["graph"]) for row in quads if "core#about" in row["predicate"]
    )
    other = place if place.startswith("<") else next(row["graph"] for row in quads if row["graph"] != graph)
    moved = [row | {"graph": other} if row["subject"] == statement else row for row in quads]
    graphs = {row["graph"] for row in quads} - {quads[-1]["graph"]}
    found = [
        row.asDict()
        for row in determine(
            spark.createDataFrame([row for row in moved if row["graph"] in graphs | {other}])
        ).collect()
    ]
    assert {row["source"] for row in found if row["key"]} == {f"quads {name}" for name in graphs - {graph, other}}
    assert {row["key"] for row in found if row["key"]} <= expected.keys()
    first, second = sorted((row for row in found if not row["key"]), key=lambda row: "more is said" in row["error"])
    assert first["source"] == f"quads {other}"
    assert second["source"] == f"quads {graph}"
    assert second["error"] == (
        f"quads {graph}: more is said of the request {request} in what is rejected: quads {other}. "
        "Keep a request and its statements in one data set"
    )


MUTANTS = 40
"""Of each kind; all are determined in one job."""


@pytest.mark.slow
def test_mutants_by_a_session(spark, tmp_path: Path) -> None:
    """Rows that are spoilt, and documents that are: what Spark determines and rejects is what a batch does."""
    from pyspark.sql import functions as f

    from reasoner.batch.spark import determine, determine_charts

    path, documents = spoilt_rows(tmp_path), spoilt_documents(tmp_path)
    of_rows = determine(spark.read.parquet(str(path)))
    given = spark.read.format("binaryFile").load(str(documents))
    name = f.element_at(f.split("path", "/"), -1)
    of_documents = determine_charts(given.select(name.alias("name"), f.lit("nq").alias("format"), "content"))
    for found, source, called in ((of_rows, path, "quads"), (of_documents, documents, "")):
        rows = [row.asDict(recursive=True) for row in found.collect()]
        determined, rejected = batch(source, tmp_path)
        assert {row["key"]: row["outcome"] for row in rows if not row["error"]} == determined
        assert {row["source"].removeprefix(called) for row in rows if row["error"]} == rejected
        assert MUTANTS < len(determined) < MUTANTS * CHARTS


def spoilt_rows(folder: Path) -> Path:
    """A table of quads, a part of which was spoilt in its rows."""
    found: list[tuple[str, ...]] = []
    for seed in range(MUTANTS):
        units, dice = list(quads(f"m{seed}")), random.Random(seed)
        for _ in range(dice.choice([1, 2])):
            dice.choice(OF_UNITS)(units, dice)
        found += [(*unit, "", "", "", "")[:4] for unit in units]
    cells = [[cell.encode(errors="replace").decode() or None for cell in row] for row in found]
    table = pa.table([pa.array(column, pa.string()) for column in zip(*cells, strict=True)], names=list(COLUMNS))
    pq.write_table(table, folder / "quads.parquet", row_group_size=5000)
    return folder / "quads.parquet"


def spoilt_documents(folder: Path) -> Path:
    """A folder of documents of N-Quads, each of which was spoilt."""
    (place := folder / "documents").mkdir()
    for seed in range(MUTANTS):
        kind = replace(KINDS["quads"], units=partial(quads, f"m{seed}"))
        (place / f"{seed}.nq").write_bytes(mutant(kind, random.Random(seed))[1])
    return place


def batch(source: Path, folder: Path) -> tuple[dict[str, str], set[str]]:
    """What a batch determines, and the data sets that it rejects, by their names in the source."""
    out, aside = folder / "out", folder / f"aside-{source.name}"
    arguments = ["--format", "compact", "--out", str(out), "--quarantine", str(aside)]
    assert main(["determine", str(source), *arguments]) == 3
    found, rejected = (
        map(json.loads, file.read_text().rstrip("\n").split("\n")) for file in (out, aside / "rejected.jsonl")
    )
    names = {one["source"].removeprefix(str(source)).removeprefix("/") for one in rejected}
    return {line["key"]: line["outcome"] for line in found}, names


def test_each_document_has_a_row() -> None:
    """One that is empty, blank, of no type, without a name, or whose lines say nothing is rejected by name."""
    pytest.importorskip("pyspark", reason="pyspark (extra spark) is not installed")
    from reasoner.batch import spark

    columns = ("name", "format", "content")
    documents = [
        *(
            (f"empty.{kind}", kind, "")
            for kind in ("ttl", "nt", "nq", "trig", "json", "jsonld", "rdf", "csv", "ndjson")
        ),
        ("nothing", "ttl", None),
        ("blank.nq", "nq", "\n# nothing\n"),
        ("blank.ndjson", "ndjson", "\n\n"),
        ("typeless", None, "x"),
        ("odd.xyz", "xyz", "x"),
        (None, "ttl", "x"),
    ]
    given = pa.RecordBatch.from_pylist([dict(zip(columns, row, strict=True)) for row in documents])
    found = [row for batch in spark._of_charts(spark.Job())([given]) for row in batch.to_pylist()]
    assert [row["source"] for row in found] == [name or "a document without a name" for name, _, _ in documents]
    assert all(row["error"] and row["request"] is None for row in found)


def test_rows_of_a_sheet_in_spark_have_the_numbers_that_they_have_in_a_file() -> None:
    pytest.importorskip("pyspark", reason="pyspark (extra spark) is not installed")
    from reasoner.batch import spark

    content = "request,criterion,assertion\n\nr1,adult-admission:3,afirmed\n"
    given = pa.RecordBatch.from_pylist([{"name": "a.csv", "format": "csv", "content": content}])
    rows = [row for batch in spark._of_charts(spark.Job())([given]) for row in batch.to_pylist()]
    (found,) = [row for row in rows if row["error"]]
    assert found["source"] == "a.csv, row 3"
    assert "row 3, column 'assertion'" in found["error"]


def test_rows_of_spark_that_lack_a_term_cost_their_chart_or_are_rejected_by_name(expected: dict[str, dict]) -> None:
    pytest.importorskip("pyspark", reason="pyspark (extra spark) is not installed")
    from reasoner.batch import spark

    quads = rows()
    poor, bare = quads[0]["graph"], {"subject": "<urn:s>", "predicate": "<urn:p>", "object": '"o"', "graph": None}
    quads[3] = quads[3] | {"object": None}
    given = pa.Table.from_pylist([bare, *quads[:2000], bare, bare, *quads[2000:]]).to_batches(max_chunksize=700)
    found = [row for batch in spark._of_quads(spark.Job())(given) for row in batch.to_pylist()]
    good = {row["key"] for row in found if row["key"]}
    assert good == {key for key, row in expected.items() if not row["request"].startswith(poor[1:-1])}
    errors = sorted(row["error"] for row in found if row["error"])
    assert errors == [
        f"quads {poor}: a row has no object. Write it into the row",
        "quads, 2 rows: they have no graph. Write it into each row",
        "quads, a row: it has no graph. Write it into each row",
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_plain_lake(expected: dict[str, dict], tmp_path: Path, jobs: int) -> None:
    quads = rows()
    for day in range(3):
        part = [row for row in quads if int(row["graph"][-8:-1]) % 3 == day]
        path = tmp_path / "lake" / f"day={day}" / "quads.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(part), path)
    out = tmp_path / "out"
    done = list(lake.determine(tmp_path / "lake", out, jobs=jobs))
    assert [path.relative_to(out).as_posix() for path, _, _ in done] == [f"day={day}/quads.parquet" for day in range(3)]
    found = [row for path, _, _ in done for row in pq.ParquetFile(path).read().to_pylist()]
    assert {row["key"]: row for row in found} == expected
    (out / "day=1" / "quads.parquet").unlink()
    again = list(lake.determine(tmp_path / "lake", out, jobs=jobs))
    assert [path.parent.name for path, _, _ in again] == ["day=1"], "what is there is not made again"
    os.utime(tmp_path / "lake" / "day=0" / "quads.parquet", ns=(1, 1))
    (tmp_path / "lake" / "day=2" / "quads.parquet").write_bytes(b"no Parquet")
    changed = list(lake.determine(tmp_path / "lake", out, jobs=jobs))
    assert [(path.parent.name, count > 0, path.exists()) for path, count, _ in changed] == [
        ("day=0", True, True),
        ("day=2", False, False),
    ], "an older file counts as another, and what a bad one was before is gone"
    with pytest.raises(UsageError, match="writes briefs"):
        list(lake.determine(tmp_path / "lake", out, Job(whole=True), jobs=jobs))


def test_a_lake_of_the_folders_that_spark_writes(tmp_path: Path) -> None:
    source, out = tmp_path / "lake", tmp_path / "out"
    for name in ("day.parquet/part-0.parquet", "day.parquet/_temporary/part-1.parquet", "table/part.parquet"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows()), source / name)
    (source / "table" / "_delta_log").mkdir()
    (source / "link.parquet").symlink_to("nowhere")
    (other := out / "day.parquet" / "part-0.parquet.partial").parent.mkdir(parents=True)
    other.write_bytes(b"of another run")
    found = {path.relative_to(out).as_posix(): reasons for path, _, reasons in lake.determine(source, out)}
    assert found.keys() == {"day.parquet/part-0.parquet", "table/_delta_log"}
    assert "this is a Delta table" in found["table/_delta_log"][0]
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == [
        ".lock",
        "part-0.parquet",
        other.name,
    ]
    with pytest.raises(UsageError, match="the results would replace the quads"):
        next(lake.determine(source, source))


def test_a_file_of_a_lake_without_rows_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    pq.write_table(pa.Table.from_pylist(rows()[:1]).slice(0, 0), tmp_path / "lake" / "quads.parquet")
    ((path, count, reasons),) = lake.determine(tmp_path / "lake", tmp_path / "out")
    assert (count, path.exists()) == (0, False)
    assert reasons == [f"{tmp_path / 'lake' / 'quads.parquet'}: the table has no rows. Give each quad a row"]


def test_a_lake_in_which_a_graph_stands_far_apart_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reasoner.chart.tables.quads._ROWS", 100)
    quads = rows()[:400]
    (tmp_path / "lake").mkdir()
    pq.write_table(pa.Table.from_pylist(quads[::2] + quads[1::2]), tmp_path / "lake" / "quads.parquet")
    ((path, count, reasons),) = lake.determine(tmp_path / "lake", tmp_path / "out")
    assert (count, path.exists()) == (0, False)
    assert "Sort the file by graph" in reasons[0]


def test_a_lake_rejects_a_request_that_two_graphs_of_a_file_describe(
    expected: dict[str, dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the graphs are in different pieces."""
    monkeypatch.setattr("reasoner.chart.tables.quads._ROWS", 500)
    quads = rows()
    again = [row | {"graph": "<urn:copy>"} for row in quads if row["graph"] == quads[0]["graph"]]
    (tmp_path / "lake").mkdir()
    pq.write_table(pa.Table.from_pylist(quads + again), tmp_path / "lake" / "quads.parquet")
    ((path, count, reasons),) = lake.determine(tmp_path / "lake", tmp_path / "out")
    found = pq.read_table(path).to_pylist()
    assert count == len(found) == len(expected) - 1
    assert {row["key"] for row in found} < set(expected)
    assert len(reasons) == 1
    assert "is described in more than one data set" in reasons[0]
