"""What batches of files cost, against the parser or the mapping alone: `python -m benchmarks.files`.

A folder of small files of Turtle is held against parsing them, a sheet and lines of bundles of FHIR against what maps them to
data sets. Each pair is measured in one run, by turns, in seconds of the processor; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

from benchmarks import sheet
from benchmarks.generate import generate
from benchmarks.intake import given, one_of_each
from reasoner import load_policy
from reasoner.batch.model import Job
from reasoner.batch.run import run
from reasoner.batch.state import BatchState
from reasoner.chart.fast import piece, stream


def main() -> None:
    """Print how many times as long it takes to determine each kind as to parse or to map it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="number of charts; default 10,000")
    parser.add_argument("--times", type=int, default=3, help="how often each is measured; default 3")
    options = parser.parse_args()
    policy = load_policy()
    gc.disable()  # as in a batch
    with tempfile.TemporaryDirectory() as folder:
        turtle, rows, lines = (Path(folder, name) for name in ("turtle", "sheet.csv", "bundles.ndjson"))
        turtle.mkdir()
        write(turtle, options.count)
        sheet.write(rows, policy, options.count * sheet.STATEMENTS)
        write_bundles(lines, options.count // 10)
        for name, path, other, first in (
            (f"{options.count:,} files of Turtle", turtle, "parsing them", parse),
            (f"a sheet of {options.count:,} requests", rows, "mapping it", mapped),
            (f"{options.count // 10:,} bundles of FHIR", lines, "mapping them", mapped),
        ):
            ratio = compared(
                lambda path=path, first=first: first(str(path)), lambda path=path: determine(str(path)), options.times
            )  # type: ignore[misc]
            print(f"{name}: determined in {ratio:.2f} times the time of {other}", flush=True)


def compared(first: Callable[[], float], second: Callable[[], float], times: int) -> float:
    """How many times as long the second takes as the first, of the least of several times."""
    pairs = [(first(), second()) for _ in range(times)]
    return min(took for _, took in pairs) / min(took for took, _ in pairs)


def write_bundles(path: Path, count: int) -> None:
    """Write so many bundles of FHIR, a line each, of as many patients."""
    bundle = json.dumps(one_of_each())
    named = (
        bundle.replace("Patient/patient", f"Patient/p{n}").replace('"patient"', f'"p{n}"', 1) for n in range(count)
    )
    path.write_text("".join(f"{line}\n" for line in named))


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


def mapped(path: str) -> float:
    """Seconds of the processor that it takes to map what is in a file to data sets."""
    job = _job()
    policy = job.policy.load()
    began = time.process_time()
    for part in piece.pieces([path]):
        for _ in stream.run_groups(part, policy, options=job.options):
            pass
    return time.process_time() - began


def determine(path: str) -> float:
    """Seconds of the processor that a batch takes in one process, from the names of the files to the state with all lines."""
    state = BatchState(None, _job())
    began = time.process_time()
    run(state, piece.pieces([path]))
    seconds = time.process_time() - began
    state.close()
    return seconds


def _job() -> Job:
    return Job(options=given(load_policy()))


if __name__ == "__main__":
    main()
