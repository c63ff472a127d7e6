"""What a batch costs, against the parser alone and other engines on the same charts: `python -m benchmarks.batch`.

Writes docs/benchmarks.md and docs/benchmarks.svg. Everything is measured in one run, on the same generated charts, and
told as a ratio: a machine's own speed says little. Seconds are of the processor, so that other work of the machine changes
them little, but for two processes, whose point is the time that passes.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from benchmarks.generate import anchored, generate, write
from reasoner import load_policy
from reasoner.chart import intake, reading
from reasoner.chart.fast import native as cutter
from reasoner.chart.tables.quads import COLUMNS
from reasoner.determination.determine import determine_case, other_readings
from reasoner.determination.engine import Engine
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.inference import infer
from reasoner.determination.settling import settle
from reasoner.ground import resources
from reasoner.ground.resources import ROOT
from reasoner.logic.fold import Evaluation, leaf_status
from reasoner.rdf import parsing

CHUNK = 5
"""Charts in one graph for ``shacl``, which slows down on large ones."""
MILLION = """\
Once, by hand, a million charts were determined in one process: 200,000 that differ, each under five names, in 100 files of
Parquet with row groups of a million rows. They took 332 s of the processor and at most 364 MiB; the first 10,000 of them alone
took 262 MiB. What is learned of charts is kept up to a limit, so the more there are, the more slowly memory grows."""
_PARSE = """
import sys, time, pathlib, pyoxigraph as ox
began = time.process_time()
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.nq")):
    for quad in ox.parse(path=str(path), format=ox.RdfFormat.N_QUADS):
        pass
print(time.process_time() - began)
"""


class Cost(NamedTuple):
    """What a command took."""

    passed: float
    """Seconds that passed."""
    seconds: float
    """Seconds of the processor, in this process and those that it started."""
    memory: float
    """Peak memory of the first process, in MiB."""
    output: str


def run(*command: str, **settings: str) -> Cost:
    """What a command takes, with some settings in its environment."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | settings)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def determine(folder: Path, jobs: int, **settings: str) -> Cost:
    """What a whole batch takes, from the command to the written file."""
    with tempfile.TemporaryDirectory() as place:
        program = str(Path(sys.executable).parent / "necessity")
        out = ("--format", "compact", "--out", f"{place}/out.jsonl", "--jobs", str(jobs))
        return run(program, "determine", str(folder), *out, **settings)


def write_tables(folder: Path, tables: Path) -> None:
    """Write the quads of a folder as Parquet, a file for a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables.mkdir()
    for path in folder.glob("*.nq"):
        terms: list[list[str]] = [[] for _ in COLUMNS]
        for line in path.read_text(encoding="utf-8").splitlines():
            subject, predicate, rest = line.removesuffix(" .").split(" ", 2)
            value, _, graph = rest.rpartition(" ")
            for column, term in zip(terms, (subject, predicate, value, graph), strict=True):
                column.append(term)
        pq.write_table(pa.table(dict(zip(COLUMNS, terms, strict=True))), tables / f"{path.stem}.parquet")


def parse(folder: Path) -> float:
    """Seconds in which pyoxigraph parses all charts into Python objects, once it is imported."""
    return float(run(sys.executable, "-c", _PARSE, str(folder)).output)


def by_shacl(count: int) -> tuple[float, float]:
    """Seconds a chart with ``shacl``, charts in chunks: validation alone, and a determination with every reading."""
    import shacl

    from reasoner.policy.effective import choose_readings, effective_policy, leaf_shapes

    policy = load_policy()
    (version,) = policy.versions
    leaves = tuple(version.leaves)
    intake_shapes = shacl.Shapes.from_file(str(resources.SHAPES / "intake.ttl"))
    leaf_shapes_ = shacl.Shapes.from_text(leaf_shapes(version, leaves).serialize(format="nt"), "ntriples")
    leaf_of = {f"<{shape[1:-1]}>": leaf for leaf in leaves for shape in version.reporting(leaf)}
    items = {item for section in version.lists if section.excluding for item in section.criterion.members}
    validating = 0.0

    def validate(shapes: shacl.Shapes, text: str) -> list[shacl.ValidationResult]:
        nonlocal validating
        began = time.process_time()
        results = shapes.validate_text(text, "ntriples").results
        validating += time.process_time() - began
        return list(results)

    texts = list(generate(count, seed=3))
    began = time.process_time()
    for start in range(0, count, CHUNK):
        chunk = texts[start : start + CHUNK]
        validate(intake_shapes, "".join(chunk))
        kinds, evidence = {}, []
        for text in chunk:
            (found,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], "chart")
            for case in intake.read_cases(found, policy):
                inference = infer(case, version)
                graph = evidence_graph(case, inference, settle(case, inference, version), version)
                kinds[f"<{case.iri}>"] = inference.request_classes
                evidence.append(graph.serialize(format="nt"))
        broken: dict[str, dict[str, list[str]]] = {request: {} for request in kinds}
        for result in validate(leaf_shapes_, "".join(evidence)):
            broken[result.focus_node].setdefault(leaf_of[result.source_shape], []).append(result.severity)
        for request, classes in kinds.items():
            statuses = {leaf: leaf_status(broken[request].get(leaf, ()), hits=leaf in items) for leaf in leaves}
            effective = effective_policy(version, classes, choose_readings(version))
            for one in (effective, *(other for _, _, other in other_readings(effective))):
                of_pairs = {pair.key: statuses[pair.leaf.leaf] for pair in one.pairs}
                Evaluation(one, one.shown(statuses) | of_pairs).outcome  # noqa: B018
    return validating / count, (time.process_time() - began) / count


def by_reference(count: int) -> float:
    """Seconds a chart with the reference engine, with every reading."""
    policy = load_policy()
    sets = [
        parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], "chart")[0] for text in generate(count, seed=3)
    ]

    def reference(found: parsing.DataSet) -> None:
        for case in reading.read_cases(found.graph, policy, found.name):
            determine_case(case, policy, engine=Engine.REFERENCE)

    for found in sets:
        reference(found)  # the first of a kind is proven first
    began = time.process_time()
    for found in sets:
        reference(found)
    return (time.process_time() - began) / count


def best(times: int, work: Callable[[], float]) -> float:
    """The least of several measurements."""
    return min(work() for _ in range(times))


def warm() -> float:
    """Median seconds of reading and determining one chart, in a process that has done others, with every reading."""
    policy = load_policy()
    texts = list(generate(120, seed=4))
    taken = []
    for number, text in enumerate(texts):
        began = time.process_time()
        (found,) = parsing.parse_datasets(text.encode(), parsing.SYNTAXES[".nt"], "chart")
        for case in intake.read_cases(found, policy):
            determine_case(case, policy)
        if number >= 60:
            taken.append(time.process_time() - began)
    return statistics.median(taken)


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--charts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for count in options.charts:
            folder = Path(place) / str(count)
            write(folder, count, seed=2)
            size = sum(path.stat().st_size for path in folder.glob("*.nq"))
            determine(folder, 1)  # the caches of the disk and of the policy are warm for all
            tables = Path(place) / f"{count}-tables"
            # In a process of its own: the peak memory of a new process is at least that of the one that starts it.
            writing = get_context("spawn").Process(target=write_tables, args=(folder, tables))
            writing.start()
            writing.join()
            with_anchors = Path(place) / f"{count}-anchors"
            write(with_anchors, count, seed=2, vary=anchored)
            parsed, ones, pythons, columns, twos, anchors = [], [], [], [], [], []
            for _ in range(3 if count <= 1_000 else 1):  # in turns: what else the machine does slows all of them
                parsed.append(parse(folder))
                ones.append(determine(folder, 1))
                pythons.append(determine(folder, 1, NECESSITY_CUTTER="python"))
                columns.append(determine(tables, 1))
                twos.append(determine(folder, 2))
                anchors.append(determine(with_anchors, 1))
            one, python, table, anchor = (
                min(cost.seconds for cost in costs) for costs in (ones, pythons, columns, anchors)
            )
            shared = min(cost.passed for cost in twos) / min(cost.passed for cost in ones)
            memory = max(cost.memory for cost in ones)
            rows.append((count, size, min(parsed), one, python, shared, table, memory, anchor / one))
            print(rows[-1], flush=True)
    native, by_native = by_shacl(200)
    reference = by_reference(12)
    cold = best(5, lambda: run(str(Path(sys.executable).parent / "necessity"), "determine", str(_one())).seconds)
    imported = best(5, lambda: run(sys.executable, "-c", "import rdflib").seconds)
    report(options.out, rows, (native, by_native, reference), cold, imported, warm())


def _one() -> Path:
    return next(path for path in sorted((ROOT / "data" / "cases").rglob("*.ttl")))


def report(
    out: Path,
    rows: list[tuple[int, int, float, float, float, float, float, float, float]],
    engines: tuple[float, float, float],
    cold: float,
    imported: float,
    latency: float,
) -> None:
    """Write the table and the plot."""
    native, by_native, reference = engines
    count, _, parsed, one, _, share, columns, _, _ = rows[min(1, len(rows) - 1)]
    each, floor = one / count, parsed / count
    lines = [
        "# Benchmarks",
        "",
        f"Written by `python -m benchmarks.batch` on {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}. Charts are generated with a fixed seed (`benchmarks/generate.py`): at most 150 triples,",
        "all outcomes. A batch is the whole command, start-up included: `necessity determine DIR --format compact`, with every",
        "reading of the policy, evidence and the first gap.",
        "",
        "| charts | MiB | parse only, s | from N-Quads, s | ratio | cut in Python, s | ratio | from Parquet, s | ratio "
        "| ms a chart | peak MiB | two processes | with anchors |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for n, size, parse, quads, python, shared, tables, memory, anchored_share in rows:
        lines.append(
            f"| {n:,} | {size / 2**20:,.0f} | {parse:.2f} | {quads:.2f} | {quads / parse:.2f} | {python:.2f} "
            f"| {python / parse:.2f} | {tables:.2f} | {tables / parse:.2f} | {quads / n * 1000:.2f} | {memory:.0f} | {shared:.2f} "
            f"| {anchored_share:.2f} |"
        )
    lines += [
        "",
        "*Parse only* is pyoxigraph reading the same N-Quads into Python objects and nothing else; the ratios are to it. Lines are",
        f"cut in {'C' if cutter.library() else 'Python'}; *cut in Python* is without a compiler. Seconds are of the processor,",
        "the least of some turns; peak memory is of one process that reads N-Quads. *Two processes* is the share of the time that",
        "passes with one. *With anchors* is the same charts, each excerpt anchored in its document's text, a ninth more",
        "quads, against those without. What else the machine does slows a batch more than the parser, and two processes most: the",
        f"load was {os.getloadavg()[1]:.0f} on {os.cpu_count()} cores.",
        "",
        MILLION,
        "",
        f"| on the same charts | ms a chart | against a batch of {count:,} from N-Quads |",
        "|---|---:|---:|",
        f"| pyoxigraph, parse only | {floor * 1000:.2f} | {floor / each:.2f} |",
        f"| a batch from N-Quads | {each * 1000:.2f} | 1 |",
        f"| a batch from Parquet | {columns / count * 1000:.2f} | {columns / count / each:.2f} |",
        f"| a batch, two processes | {share * each * 1000:.2f} | {share:.2f} |",
        f"| `shacl`, validation alone, {CHUNK} charts at a time (intake and leaves) | {native * 1000:.2f} | {native / each:.1f} |",
        f"| determined by `shacl` and `reasonable`, {CHUNK} charts at a time | {by_native * 1000:.1f} | {by_native / each:.1f} |",
        f"| the reference engine (pySHACL), determination with every reading | {reference * 1000:.0f} | {reference / each:.0f} |",
        "",
        "| single charts | s | ratio |",
        "|---|---:|---:|",
        f'| `python -c "import rdflib"` | {imported:.3f} | 1 |',
        f"| `necessity determine ONE.ttl`, cold | {cold:.3f} | {cold / imported:.2f} |",
        f"| one chart in a warm process, whole record with every reading | {latency:.4f} | |",
        "",
        "![Milliseconds a chart](benchmarks.svg)",
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / "benchmarks.md").write_text("\n".join(lines) + "\n")
    bars = [
        ("parse only", floor),
        ("batch from N-Quads", each),
        ("batch from Parquet", columns / count),
        ("shacl, validation alone", native),
        ("shacl and reasonable", by_native),
        ("reference engine", reference),
    ]
    (out / "benchmarks.svg").write_text(plot(bars))
    print("\n".join(lines))


def plot(bars: list[tuple[str, float]]) -> str:
    """Bars of milliseconds a chart on a logarithmic scale, as SVG."""
    import math

    least, most = 0.1, max(value for _, value in bars) * 1000
    rows = []
    for number, (label, value) in enumerate(bars):
        width = 380 * math.log10(value * 1000 / least) / math.log10(most / least)
        y = 44 + number * 30
        rows.append(
            f'<text x="180" y="{y + 14}" text-anchor="end">{label}</text>'
            f'<rect x="190" y="{y}" width="{width:.0f}" height="20" fill="#2a6f6b"/>'
            f'<text x="{196 + width:.0f}" y="{y + 14}">{value * 1000:.2f} ms</text>'
        )
    height = 60 + 30 * len(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" font-family="sans-serif" font-size="13">'
        f'<title>Milliseconds a chart</title><rect width="680" height="{height}" fill="#ffffff"/>'
        f'<text x="20" y="24" font-weight="bold">Milliseconds a chart (logarithmic)</text>{"".join(rows)}</svg>\n'
    )


if __name__ == "__main__":
    main()
