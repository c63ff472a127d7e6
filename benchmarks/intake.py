"""How the time of reading FHIR bundles grows with them: `python -m benchmarks.intake [BUNDLE.json …]`.

Each bundle is read with its entries, but the Patient, TIMES and twice as often, under names of their own. Writes a table in Markdown
to standard output: for each mapping query, for all of them and for the whole, processor milliseconds of both and their ratio, which
is 2 where time is linear, and how many times as long as parsing its JSON the reading of the bundle takes. Without a bundle it is one
with orders, claims, medications, plans, documents and coverage; that one is also read by itself, many small ones at a time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyoxigraph import Store, Triple

from reasoner import load_policy
from reasoner.chart import intake
from reasoner.chart.fhir.from_json import parse_bundle
from reasoner.chart.fhir.mapping import Vocabulary, map_bundle, map_bundles
from reasoner.chart.fhir.queries import MappingQuery

_WHOSE = {"reference": "Patient/patient"}
_HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
_SERVICE = {"coding": [{"system": _HCPCS, "code": "S9480"}]}
_DRUG = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6813"}]}
_WEEK = {"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk", "duration": 180, "durationUnit": "min"}}
_BY = {"reference": "Practitioner/practitioner1"}


def one_of_each() -> dict[str, Any]:
    """A bundle with one resource of each type that asks, pays, prescribes, plans or documents."""
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "birthDate": "1980-01-01"},
        {"resourceType": "Practitioner", "name": [{"family": "Ames", "given": ["Ruth"]}]},
        {"resourceType": "ServiceRequest", "intent": "order", "subject": _WHOSE, "code": _SERVICE}
        | {"occurrenceTiming": _WEEK, "authoredOn": "2025-05-28", "requester": _BY},
        {"resourceType": "Claim", "patient": _WHOSE, "item": [{"sequence": 1, "productOrService": _SERVICE}]},
        {"resourceType": "Coverage", "beneficiary": _WHOSE, "period": {"start": "2024-01-01"}},
        {"resourceType": "MedicationRequest", "intent": "order", "subject": _WHOSE, "authoredOn": "2025-05-20"}
        | {"medicationCodeableConcept": _DRUG, "requester": _BY},
        {"resourceType": "MedicationStatement", "subject": _WHOSE, "dateAsserted": "2025-05-20"}
        | {"medicationCodeableConcept": {"text": "a tablet"}},
        {"resourceType": "CarePlan", "intent": "plan", "subject": _WHOSE, "created": "2025-05-29", "author": _BY}
        | {"activity": [{"detail": {"status": "scheduled", "code": _SERVICE, "scheduledTiming": _WEEK}}]},
        {"resourceType": "DocumentReference", "status": "current", "subject": _WHOSE, "author": [_BY]}
        | {"content": [{"attachment": {"title": "a letter"}}]},
        {"resourceType": "Composition", "status": "final", "subject": _WHOSE, "title": "a summary", "author": [_BY]}
        | {"section": [{"text": {"div": "words"}, "entry": [{"reference": "CarePlan/careplan1"}]}]},
        {"resourceType": "Encounter", "status": "finished", "subject": _WHOSE, "type": [_SERVICE]}
        | {"period": {"start": "2025-06-02", "end": "2025-06-02"}},
    ]
    named = [{"status": "active"} | item | {"id": item["resourceType"].lower()} for item in resources]
    named = [item if item["id"] == "patient" else item | {"id": f"{item['id']}1"} for item in named]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": item} for item in named]}


def repeated(bundle: dict[str, Any], times: int) -> bytes:
    """The bundle with all entries but the Patient several times over; each copy has names of its own."""
    patients = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]
    rest = [entry for entry in bundle["entry"] if entry not in patients]
    names = {entry["resource"]["id"] for entry in rest if "id" in entry["resource"]}
    entries = list(patients)
    for number in range(times):
        text = json.dumps(rest)
        for name in names:
            for before in ('"', "/", "urn:uuid:"):
                text = text.replace(f'{before}{name}"', f'{before}{name[:-4]}{number:04x}"')
        entries += json.loads(text)
    return json.dumps(bundle | {"entry": entries}).encode()


def measured(task: Callable[[], Any], tries: int = 3) -> float:
    """The least processor time that a task took, in milliseconds."""
    taken = []
    for _ in range(tries):
        start = time.process_time()
        task()
        taken.append(time.process_time() - start)
    return 1000 * min(taken)


class Timed:
    """The time that each query takes, while the context lasts."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._run = MappingQuery.run

    def __enter__(self) -> Timed:
        def run(query: MappingQuery, store: Store) -> list[Triple]:
            start = time.process_time()
            found = list(self._run(query, store))
            self.milliseconds[query.name] = 1000 * (time.process_time() - start)
            return found

        MappingQuery.run = run  # type: ignore[assignment,method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        MappingQuery.run = self._run  # type: ignore[method-assign]


def times_of_queries(data: bytes, vocabulary: Vocabulary) -> dict[str, float]:
    """The least time of each query over a bundle, of three tries."""
    least: dict[str, float] = {}
    for _ in range(3):
        with Timed() as timed:
            map_bundle(data, "bundle", vocabulary)
        for name, taken in timed.milliseconds.items():
            least[name] = min(taken, least.get(name, taken))
    return least


def table(bundle: dict[str, Any], times: int, vocabulary: Vocabulary) -> None:
    """Print the table of a bundle."""
    data = [repeated(bundle, number) for number in (times, 2 * times)]
    once, twice = (times_of_queries(text, vocabulary) for text in data)
    rows = [(name, once.get(name, 0.0), taken) for name, taken in sorted(twice.items(), key=lambda item: -item[1])]
    rows.append(("all queries", sum(once.values()), sum(twice.values())))
    whole = [measured(lambda text=text: map_bundle(text, "bundle", vocabulary)) for text in data]  # type: ignore[misc]
    parsing = [measured(lambda text=text: parse_bundle(text, "bundle")) for text in data]  # type: ignore[misc]
    rows += [("the whole", *whole), ("of which parsing JSON", *parsing)]
    print(f"| | {times} times | {2 * times} times | ratio |\n|---|---:|---:|---:|")
    for name, first, second in rows:
        print(f"| {name} | {first:.1f} | {second:.1f} | {f'{second / first:.1f}' if first else ''} |")
    print(f"\nThe whole takes {whole[1] / parsing[1]:.1f} times as long as parsing its JSON.\n")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, nargs="*", help="FHIR R4 Bundles in JSON, each with one Patient")
    parser.add_argument("--times", type=int, default=1, help="how often a bundle is repeated, and twice that")
    options = parser.parse_args()
    vocabulary = intake.vocabulary(load_policy())
    for path in options.bundle:
        print(f"## {path.name}\n")
        table(json.loads(path.read_bytes()), options.times, vocabulary)
    if not options.bundle:
        small = one_of_each()
        table(small, 100 * options.times, vocabulary)
        data = json.dumps(small).encode()
        many = [(data, f"bundle {number}") for number in range(200)]
        whole, parsing = measured(lambda: map_bundles(many, vocabulary)), measured(lambda: json.loads(data), 20)
        print(f"{len(many)} such bundles at a time: {1000 * len(many) / whole:.0f} a second of a processor,")
        print(f"{whole / len(many) / parsing:.0f} times as long for each as parsing its JSON by the standard library.")


if __name__ == "__main__":
    main()
