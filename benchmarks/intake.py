"""How the time of reading FHIR bundles and sheets grows with them: `python -m benchmarks.intake [BUNDLE.json …]`.

Writes tables in Markdown to standard output, all in processor time. For each mapping query, for all of them and for the whole, the
milliseconds for a bundle and for one twice as large, and their ratio, which is 2 where time is linear; and how many times as long as
parsing its JSON the reading of the bundle takes. A bundle that is given has its entries, but the Patient, TIMES and twice as often,
under names of their own. Without one there are three, in which one thing doubles: resources of each type that asks, pays,
prescribes, plans or documents; documents among laboratory values; answers of a form. Then, from the source to a determination:
small bundles, many at a time, a bundle of 5.7 MB, and the rows of a sheet.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyoxigraph import Store, Triple

from benchmarks import sheet
from reasoner import Policy, load_policy
from reasoner.chart import intake
from reasoner.chart.fhir.mapping import map_bundle
from reasoner.chart.fhir.queries import MappingQuery
from reasoner.chart.fhir.request import RequestOptions
from reasoner.chart.fhir.vocabulary import Vocabulary
from reasoner.determination.determine import determine_case
from reasoner.policy.axes import choose

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


def documents_among(values: int, documents: int) -> dict[str, Any]:
    """A bundle of laboratory values, and documents in which nothing is stated."""
    heart_rate = {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}
    note = {"coding": [{"system": "http://loinc.org", "code": "34117-2", "display": "History and physical note"}]}
    value = {"resourceType": "Observation", "status": "final", "subject": _WHOSE, "effectiveDateTime": "2025-05-01"}
    value |= {"code": heart_rate, "valueQuantity": {"value": 70, "unit": "/min"}}
    document = {"resourceType": "DocumentReference", "status": "current", "subject": _WHOSE, "date": "2025-05-01"}
    document |= {"type": note, "content": [{"attachment": {"contentType": "text/plain", "data": "eA=="}}]}
    resources = [value | {"id": f"value{number}"} for number in range(values)]
    resources += [document | {"id": f"document{number}"} for number in range(documents)]
    return _bundle(resources)


def answers_of_a_form(count: int) -> dict[str, Any]:
    """A bundle with a response to a form of somebody else."""
    items = [
        {"linkId": f"/q{number}", "text": f"Question {number}", "answer": [{"valueString": f"Answer {number}"}]}
        for number in range(count)
    ]
    response = {"resourceType": "QuestionnaireResponse", "id": "response", "status": "completed", "subject": _WHOSE}
    return _bundle([response | {"authored": "2025-05-20", "item": items}])


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": "patient", "birthDate": "1980-01-01"}
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in (patient, *resources)]}


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


def table(title: str, once: bytes, twice: bytes, vocabulary: Vocabulary) -> None:
    """Print the table of a bundle and of one twice as large; queries that take less than a millisecond are left out."""
    data = (once, twice)
    first, second = (times_of_queries(text, vocabulary) for text in data)
    rows = [(name, first.get(name, 0.0), taken) for name, taken in sorted(second.items(), key=lambda item: -item[1])]
    rows = [row for row in rows if row[2] >= 1]
    rows.append(("all queries", sum(first.values()), sum(second.values())))
    whole = [measured(lambda text=text: map_bundle(text, "bundle", vocabulary)) for text in data]  # type: ignore[misc]
    parsing = [measured(lambda text=text: json.loads(text)) for text in data]  # type: ignore[misc]
    rows += [("the whole", *whole), ("parsing its JSON by the standard library", *parsing)]
    print(f"## {title}\n\n| | once | twice | ratio |\n|---|---:|---:|---:|")
    for name, taken, taken_twice in rows:
        print(f"| {name} | {taken:.1f} | {taken_twice:.1f} | {f'{taken_twice / taken:.1f}' if taken else ''} |")
    print(f"\nThe whole takes {whole[1] / parsing[1]:.0f} times as long as parsing its JSON.\n", flush=True)


def given(policy: Policy) -> RequestOptions:
    """Facts of the request that the bundles do not state."""
    axes = {"phase": "admission", "focus": "mental-health"}
    return RequestOptions(choose(policy.axes, axes), "2025-06-02", None, "US-MO")


def to_determination(bundles: list[bytes], policy: Policy) -> None:
    """Determine the requests of some bundles, each under the readings that the policy has by default."""
    documents: list[tuple[str, str | None, bytes | None]] = [
        (f"bundle {number}", ".json", data) for number, data in enumerate(bundles)
    ]
    for result in intake.Intake(policy, options=given(policy)).read_documents(documents):
        if result.errors:
            raise result.errors[0]
        for case in result.cases:
            determine_case(case, policy, alternatives=False)


def end_to_end(large: bytes, policy: Policy) -> None:
    """Print what reading and determining take together."""
    small = json.dumps(documents_among(3, 1)).encode()
    many = [small] * 300
    rows = []
    for name, bundles in (("300 bundles of 5 resources", many), (f"a bundle of {len(large) / 1e6:.1f} MB", [large])):
        taken = measured(lambda bundles=bundles: to_determination(bundles, policy))  # type: ignore[misc]
        parsing = measured(lambda bundles=bundles: [json.loads(data) for data in bundles])  # type: ignore[misc]
        rows.append((name, taken, 1000 * len(bundles) / taken, taken / parsing))
    print(
        "## From JSON to determinations\n\n| | milliseconds | a second and core | times parsing its JSON |\n|---|---:|---:|---:|"
    )
    for name, taken, rate, ratio in rows:
        print(f"| {name} | {taken:.0f} | {rate:.1f} | {ratio:.0f} |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.csv"
        sheet.write(path, policy, 12_000)
        print(f"\nA sheet in CSV: {12_000 / sheet.seconds(path, policy):,.0f} rows a second of a processor.")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path, nargs="*", help="FHIR R4 Bundles in JSON, each with one Patient")
    parser.add_argument("--times", type=int, default=1, help="how often a bundle is repeated, and twice that")
    parser.add_argument("--large", type=Path, help="the large bundle; by default one of documents among values")
    options = parser.parse_args()
    policy = load_policy()
    vocabulary = intake.vocabulary(policy)
    for path in options.bundle:
        bundle = json.loads(path.read_bytes())
        once, twice = (repeated(bundle, times * options.times) for times in (1, 2))
        table(path.name, once, twice, vocabulary)
    if options.bundle:
        return
    table("Resources of each type", *(repeated(one_of_each(), times) for times in (100, 200)), vocabulary)
    for title, doubled in (
        ("Documents among 1,000 values", [documents_among(1000, number) for number in (500, 1000)]),
        ("Answers", [answers_of_a_form(number) for number in (1000, 2000)]),
    ):
        once, twice = (json.dumps(bundle).encode() for bundle in doubled)
        table(title, once, twice, vocabulary)
    large = options.large.read_bytes() if options.large else json.dumps(documents_among(15_000, 700)).encode()
    end_to_end(large, policy)


if __name__ == "__main__":
    main()
