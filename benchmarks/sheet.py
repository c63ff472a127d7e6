"""How the time of reading a sheet grows with it: `python -m benchmarks.sheet`.

Sheets of requests with six statements each are read as CSV, and one as XLSX, to data sets. Writes a table in Markdown to
standard output: rows a processor second, and the ratio of time to the sheet of half as many, which is 2 where time is linear.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from reasoner import Policy, load_policy
from reasoner.chart.fast import piece
from reasoner.chart.tables import sheet

NAMES = (
    *("request", "phase", "focus", "service_start", "birth_date", "jurisdiction", "criterion", "assertion"),
    *("observed", "document", "author", "issued", "excerpt"),
)
FACTS = ("admission", "mental-health", "2025-06-02", "1980-05-05", "US-MO")
STATEMENTS = 6


def rows(policy: Policy, count: int) -> Iterator[tuple[str, ...]]:
    """A header, and rows about leaves of the policy, six for each request."""
    leaves = sorted(leaf.id for leaf in policy.versions[-1].leaves.values() if leaf.id)
    yield NAMES
    for number in range(count):
        request, place = divmod(number, STATEMENTS)
        facts = ("", "", "", "", "") if place else FACTS
        day = f"2025-06-{place + 1:02}"
        leaf = leaves[(request + place) % len(leaves)]
        yield (
            f"r{request}",
            *facts,
            leaf,
            "affirmed",
            day,
            f"Note {place}",
            "R. Example",
            day,
            f"Takes part, {number}",
        )


def write(path: Path, policy: Policy, count: int) -> None:
    """A sheet of so many rows, in the type that the suffix says."""
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows(policy, count))
        path.write_text(text.getvalue(), "utf-8", newline="")
        return
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet()
    for row in rows(policy, count):
        page.append(row)
    book.save(path)


def seconds(path: Path, policy: Policy) -> float:
    """The least of three times to read a sheet piece by piece, as a batch does."""
    measured = []
    for _ in range(3):
        start = time.process_time()
        for part in piece.pieces([str(path)]):
            for found in sheet.read(part.read(), part.name, policy, first=part.first):
                if found.error:
                    raise found.error
        measured.append(time.process_time() - start)
    return min(measured)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=6000, help="of the smallest sheet")
    smallest = parser.parse_args().rows
    policy = load_policy()
    print("| type | rows | rows a second | ratio |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".csv", ".xlsx"):
            before = 0.0
            for count in (smallest * times for times in (1, 2, 4, 8)):
                path = Path(folder) / f"{count}{suffix}"
                write(path, policy, count)
                took = seconds(path, policy)
                ratio = f"{took / before:.1f}" if before else ""
                print(f"| {suffix} | {count:,} | {count / took:,.0f} | {ratio} |", flush=True)
                before = took


if __name__ == "__main__":
    main()
