"""What a folder of small files costs, against the parser alone: `python -m benchmarks.files`.

Both are measured in one run, by turns, in seconds of the processor; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

from benchmarks.generate import generate
from reasoner.batch.model import Job
from reasoner.batch.run import run
from reasoner.batch.state import BatchState
from reasoner.chart.fast import piece


def main() -> None:
    """Print how many times as long it takes to determine the files as to parse them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="number of files; default 10,000")
    parser.add_argument("--times", type=int, default=3, help="how often each is measured; default 3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.count)
        parsed = determined = float("inf")
        for _ in range(options.times):
            parsed = min(parsed, parse(folder))
            determined = min(determined, determine(folder))
    print(f"{options.count:,} files of Turtle: determined in {determined / parsed:.1f} times the time of parsing them")


def write(folder: Path, count: int) -> None:
    """Write so many charts, a file each."""
    for number, text in enumerate(generate(count)):
        graph = Graph().parse(data=text, format="nt")
        (folder / f"{number:06}.ttl").write_text(graph.serialize(format="turtle"))


def parse(folder: str) -> float:
    """Seconds of the processor that the parser takes."""
    began = time.process_time()
    for path in sorted(Path(folder).glob("*.ttl")):
        for _ in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            pass
    return time.process_time() - began


def determine(folder: str) -> float:
    """Seconds of the processor that a batch takes in one process, from the names of the files to the state with all lines."""
    state = BatchState(None, Job())
    began = time.process_time()
    run(state, piece.pieces([folder]))
    seconds = time.process_time() - began
    state.close()
    return seconds


if __name__ == "__main__":
    main()
