"""How the time of reading a FHIR bundle grows with it: `python -m benchmarks.intake BUNDLE.json`.

The bundle is read with its entries, but the Patient, once, twice, four and eight times over under names of their own. Writes a
table in Markdown to standard output: processor seconds, and the ratio to half as many, which is 2 where time is linear.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from reasoner import load_policy
from reasoner.chart import intake
from reasoner.chart.fhir.mapping import map_bundle
from reasoner.chart.fhir.request import NOTHING_GIVEN


def repeated(bundle: dict[str, Any], times: int) -> bytes:
    """The bundle with all entries but the Patient several times over; each copy has names of its own."""
    patients = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]
    rest = [entry for entry in bundle["entry"] if entry not in patients]
    names = {entry["resource"]["id"] for entry in rest if "id" in entry["resource"]}
    entries = list(patients)
    for number in range(times):
        text = json.dumps(rest)
        for name in names:
            text = text.replace(name, f"{name[:-4]}{number:04x}")
        entries += json.loads(text)
    return json.dumps(bundle | {"entry": entries}).encode()


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, help="a FHIR R4 Bundle in JSON, with one Patient")
    bundle = json.loads(parser.parse_args().bundle.read_bytes())
    vocabulary = intake.vocabulary(load_policy())
    print("| times | KiB | seconds | ratio |\n|---:|---:|---:|---:|")
    before = 0.0
    for times in (1, 2, 4, 8):
        data = repeated(bundle, times)
        measured = []
        for _ in range(3):
            start = time.process_time()
            map_bundle(data, "bundle", vocabulary, NOTHING_GIVEN)
            measured.append(time.process_time() - start)
        seconds = min(measured)
        print(f"| {times} | {len(data) // 1024:,} | {seconds:.2f} | {f'{seconds / before:.1f}' if before else ''} |")
        before = seconds


if __name__ == "__main__":
    main()
