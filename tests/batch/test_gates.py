"""The recipes of docs/pipelines.md do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.generate import write
from reasoner import load_policy
from reasoner.batch import lineage
from reasoner.batch.model import Results, Tally
from reasoner.cli import main
from reasoner.determination.engine import Engine
from tests.conftest import CASES, ROOT

DOCS = (ROOT / "docs" / "pipelines.md").read_text()
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def recipe(name: str) -> str:
    (found,) = re.findall(rf"```\w+(?: no-run)?\n# {re.escape(name)}\n(.*?)```", DOCS, re.DOTALL)
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "charts").mkdir()
    for path in sorted((CASES / "mp9556" / "adult-admission").glob("*.ttl")):
        shutil.copy(path, tmp_path / "charts")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", PATH)
    return tmp_path


def test_a_step_of_a_pipeline(place: Path) -> None:
    names: dict = {}
    exec(recipe("gate.py"), names)
    out = place / "out"
    out.mkdir()
    count = len(list((place / "charts").glob("*.ttl")))
    totals = names["gate"]("charts", out)
    assert (totals["read"], totals["determined"], totals["rejected"]) == (count, count, 0)
    assert sum(totals["outcomes"].values()) == count
    exec(recipe("check.py").replace("determinations.parquet", "out/determinations.parquet"), {})
    (place / "charts" / "bad.ttl").write_text("no turtle")
    with pytest.raises(RuntimeError, match=r"failed: 1 rejection, more than --max-quarantined 1% allows$"):
        names["gate"]("charts", out)
    assert json.loads((out / "lineage.json").read_text())["eventType"] == "FAIL"


def test_a_table_that_is_wrong_is_found(place: Path) -> None:
    pd = pytest.importorskip("pandas", reason="pandas (extra tables) is not installed")
    errors = pytest.importorskip("pandera.errors", reason="pandera (requirements-dev.txt) is not installed")
    assert main(["determine", "charts", "--format", "parquet", "--out", "determinations.parquet"]) == 0
    exec(recipe("check.py"), {})
    table = pd.read_parquet("determinations.parquet")
    table.loc[0, "outcome"] = "denied"
    table.to_parquet("determinations.parquet")
    with pytest.raises(errors.SchemaError):
        exec(recipe("check.py"), {})


def test_the_steps_of_the_action(place: Path) -> None:
    steps = re.findall(r"- run: (necessity .*)", recipe(".github/workflows/charts.yml"))
    assert len(steps) == 2
    for step in steps:
        subprocess.run(step.split(), check=True)
    sarif = json.loads((place / "charts.sarif").read_text())
    assert sarif["version"] == "2.1.0"


def test_the_lineage_is_openlineage(place: Path) -> None:
    facets = pytest.importorskip("openlineage.client.facet_v2", reason="openlineage-python is not installed")
    arguments = ["--format", "compact", "--out", "out.jsonl", "--fail-on", "excluded", "--lineage", "lineage.json"]
    assert main(["determine", "charts", *arguments]) == 0
    event = json.loads((place / "lineage.json").read_text())
    assert {"eventType", "eventTime", "run", "job", "inputs", "outputs", "producer", "schemaURL"} == set(event)
    (source,), (target,) = event["inputs"], event["outputs"]

    def known(kind: type, said: dict) -> None:
        inner = {key: value for key, value in said.items() if not key.startswith("_")}
        assert said["_schemaURL"].split("#")[0] == kind._get_schema().split("#")[0]
        kind(**inner)

    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

    known(facets.processing_engine_run.ProcessingEngineRunFacet, event["run"]["facets"]["processing_engine"])
    known(
        facets.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet,
        source["inputFacets"]["dataQualityAssertions"],
    )
    known(
        facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
        target["outputFacets"]["outputStatistics"],
    )
    RunEvent(
        eventType=RunState(event["eventType"]),
        eventTime=event["eventTime"],
        run=Run(event["run"]["runId"]),
        job=Job(event["job"]["namespace"], event["job"]["name"]),
        producer=event["producer"],
    )
    assert target["outputFacets"]["outputStatistics"]["size"] == (place / "out.jsonl").stat().st_size
    assert [a["success"] for a in source["inputFacets"]["dataQualityAssertions"]["assertions"]] == [True, True]


def test_lineage_names_an_object_of_a_store_by_store_and_key() -> None:
    results = Results(load_policy(), lambda: iter(()), lambda: iter(()), {}, 0)
    urls = ["az://box/a/b.nq", "https://host.example/charts/c.nq?token=secret"]
    made = lineage.event(results, Tally(0, 0, 0), urls, None, passed=False, engine=Engine.FAST)
    named = [(source["namespace"], source["name"]) for source in made["inputs"]]
    assert named == [("az://box", "a/b.nq"), ("https://host.example", "charts/c.nq")]
    assert "secret" not in json.dumps(made)


@pytest.mark.slow
def test_the_spark_recipe(place: Path) -> None:
    pytest.importorskip("pyspark", reason="pyspark (extra spark) is not installed")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java on the path")
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyoxigraph as ox

    write(place / "nq", 20, seed=5)
    quads = [q for path in (place / "nq").glob("*.nq") for q in ox.parse(path=str(path), format=ox.RdfFormat.N_QUADS)]
    columns = {"subject": "subject", "predicate": "predicate", "object": "object", "graph": "graph_name"}
    (place / "lake").mkdir()
    pq.write_table(
        pa.table({name: [str(getattr(quad, part)) for quad in quads] for name, part in columns.items()}),
        place / "lake" / "quads.parquet",
    )
    (place / "spark.recipe.py").write_text(recipe("spark.py"))
    subprocess.run([sys.executable, "spark.recipe.py"], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    found = pq.read_table(place / "determinations").to_pylist()
    assert len({row["request"] for row in found}) == 20
    assert pq.read_table(place / "criteria").num_rows == sum(len(row["criteria"]) for row in found)


def test_the_dockerfile_is_linted() -> None:
    program = shutil.which("hadolint", path=PATH)
    if program is None:
        pytest.skip("hadolint (requirements-dev.txt) is not installed")
    subprocess.run([program, str(ROOT / "Dockerfile")], check=True)
