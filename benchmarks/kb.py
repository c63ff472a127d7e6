"""A knowledge base of many charts: `python -m benchmarks.kb DIRECTORY --charts N`.

Loads and determines generated charts with the commands a user has, then times every query of the library, and on a
smaller base the same queries over the same triples in an rdflib graph. Writes a table in Markdown to standard output.
All times are of the processor, so that other work on the machine counts little; beside them stands how many times as long
that is as something plain in the same run: parsing the charts, or counting all triples.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

from benchmarks.generate import write
from reasoner.store.backends import open_store
from reasoner.store.base import KnowledgeBase
from reasoner.store.catalog import CATALOG, GraphKind
from reasoner.store.questions import Answer, library

COMMON = (GraphKind.POLICY, GraphKind.VOCABULARY, GraphKind.RESULT)
"""The kinds of graphs that the charts and determinations of a sample may name."""
CAP = 20.0
"""Seconds after which a query of rdflib is given up."""


def run(*arguments: str) -> tuple[float, int]:
    """Seconds and peak memory, in MiB, of a command."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", "from reasoner.cli import entry; entry()", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime, ended.ru_maxrss // 1024


def parsing(directory: Path) -> float:
    """Seconds that parsing the N-Quads of a folder takes, and nothing else."""
    started = time.process_time()
    for path in directory.glob("*.nq"):
        for _ in ox.parse(path=path):
            pass
    return time.process_time() - started


def build(directory: Path, charts: int, jobs: int) -> list[str]:
    """A knowledge base in DIRECTORY/kb; lines that say what that took."""
    write(directory / "charts", charts)
    kb = str(directory / "kb")
    run("kb", "init", "--kb", kb)
    rows, plain = [], parsing(directory / "charts")
    for what in (("load", str(directory / "charts")), ("determine", "--readings", "default", "--jobs", str(jobs))):
        seconds, memory = run("kb", *what, "--kb", kb)
        rows.append(f"| kb {what[0]} | {charts / seconds:.0f} | {seconds / plain:.0f} | {memory} MiB |")
    return ["| step | charts a second | times parsing them | peak memory |", "|---|---|---|---|", *rows]


def timed(kb: KnowledgeBase, text: str) -> tuple[float, int]:
    """Median milliseconds of three runs, and the number of rows or triples."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        answer = Answer(kb.query(text), text)
        taken.append(1000 * (time.process_time() - started))
    return statistics.median(taken), len(answer.rows or answer.triples or ())


def sample(kb: KnowledgeBase, charts: int) -> dict[str, str]:
    """The policy, some charts with their determinations and all common results, and what the catalog says of them, as N-Triples
    by graph.
    """
    requests = {entry.about for _, entry in zip(range(charts), kb.entries(GraphKind.CHART), strict=False)}
    current = kb.query("SELECT ?r ?d { ?r <https://w3id.org/necessity/core#currentDetermination> ?d }")
    wanted = requests | {row["d"].value for row in current if row["r"].value in requests}
    contents = {e.graph: kb.content(e.graph) for e in kb.entries() if e.about in wanted or e.kind in COMMON}
    subjects = contents.keys() | requests
    lines = kb.content(CATALOG).splitlines(keepends=True)
    return contents | {CATALOG: "".join(line for line in lines if line.split(">")[0].lstrip("<") in subjects)}


def _rdflib(lines: bytes, asked: multiprocessing.connection.Connection) -> None:
    graph = Graph(bind_namespaces="none").parse(data=lines, format="nt")
    while True:
        text = asked.recv()
        started = time.process_time()
        list(graph.query(text))
        asked.send(1000 * (time.process_time() - started))


class Rdflib:
    """A plain rdflib graph in a process of its own, which a query that takes too long ends."""

    def __init__(self, triples: bytes) -> None:
        self.triples = triples
        self.process: multiprocessing.Process | None = None

    def time(self, text: str) -> float | None:
        """Milliseconds of one run; None if it was given up."""
        if self.process is None:
            self.pipe, other = multiprocessing.Pipe()
            self.process = multiprocessing.Process(target=_rdflib, args=(self.triples, other), daemon=True)
            self.process.start()
            self.pipe.send("ASK {}")
            self.pipe.recv()
        self.pipe.send(text)
        if self.pipe.poll(CAP):
            return self.pipe.recv()
        self.process.kill()
        self.process = None
        return None


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure a knowledge base of generated charts.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--charts", type=int, default=1000)
    parser.add_argument("--compare", type=int, default=100, help="charts of the base that rdflib is asked too")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if not (options.directory / "kb").exists():
        print("\n".join(build(options.directory, options.charts, options.jobs)), flush=True)
    with KnowledgeBase(open_store(options.directory / "kb")) as kb:
        small = KnowledgeBase()
        contents = sample(kb, options.compare)
        for name, content in contents.items():
            small.store.update(f"INSERT DATA {{ GRAPH <{name}> {{ {content} }} }}")
        # One graph has no named ones: the graphs of determinations are asked as the whole.
        lines = "".join(sorted({line for content in contents.values() for line in content.splitlines(True)})).encode()
        plain = Rdflib(lines)
        count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
        (size,) = kb.query(count)
        whole, _ = timed(kb, count)
        charts = sum(1 for _ in kb.entries(GraphKind.CHART))
        triples, small_size = f"{int(size['n'].value):,}", f"{len(lines.splitlines()):,}"
        print(f"\n{charts} charts, {triples} triples, counted in {whole:.0f} ms; ", end="")
        print(f"compared on {options.compare} charts, {small_size} triples.\n")
        many, few = f"ms, {charts} charts", f"ms, {options.compare} charts"
        print(f"| query | rows | {many} | of a count | {few} | rdflib, ms | rdflib / store |")
        print("|---|---|---|---|---|---|---|")
        request = next(entry.about for entry in kb.entries(GraphKind.CHART))
        for name, query in library().items():
            text = query.bind({"request": request} if "request" in query.parameters else {})
            large, rows = timed(kb, text)
            little, _ = timed(small, text)
            other = plain.time(without_graphs(text))
            shown = f"> {1000 * CAP:.0f}" if other is None else f"{other:.0f}"
            ratio = f"> {1000 * CAP / little:.0f}" if other is None else f"{other / little:.0f}"
            print(
                f"| {name} | {rows} | {large:.1f} | {large / whole:.2f} | {little:.1f} | {shown} | {ratio} |",
                flush=True,
            )


def without_graphs(text: str) -> str:
    """A query for one graph of all triples: the patterns in each ``GRAPH`` block as they stand, without the block."""
    while block := re.search(r"GRAPH\s+(?:\?\w+|<[^>]*>)\s*\{((?:[^{}]|\{[^{}]*\})*)\}", text):
        text = f"{text[: block.start()]}{block[1].rstrip().rstrip('.')} .{text[block.end() :]}"
    return text


if __name__ == "__main__":
    main()
