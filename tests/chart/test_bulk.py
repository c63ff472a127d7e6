"""A bulk export is taken apart by patient: each gives what a bundle of his own gives, and what is left over is told."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.fhir import bulk
from reasoner.chart.fhir.bulk import Orphan, PatientRecord
from reasoner.chart.fhir.mapping import map_bundle
from reasoner.chart.fhir.request import RequestOptions
from reasoner.ground.errors import DocumentationError
from tests.conftest import kind

OPTIONS = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", None, "US-MO")


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "birthDate": "1980-01-01"} | more


def condition(id_: str, of: str, **more: Any) -> dict[str, Any]:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F33.2"}
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": {"reference": of},
        "code": {"coding": [coding]},
        "recordedDate": "2025-06-01",
    } | more


def split(*resources: dict[str, Any] | str, source: str = "export") -> tuple[list[PatientRecord], list[Orphan]]:
    lines = [item if isinstance(item, str) else json.dumps(item) for item in resources]
    found = list(bulk.records_of(io.BytesIO("\r\n".join(lines).encode()), source))
    return [item for item in found if isinstance(item, PatientRecord)], [
        item for item in found if isinstance(item, Orphan)
    ]


def resources(record: PatientRecord) -> list[str]:
    entries = json.loads(record.bundle)["entry"]
    return sorted(f"{entry['resource']['resourceType']}/{entry['resource'].get('id')}" for entry in entries)


def statements(record: PatientRecord, policy: Policy) -> int:
    reading = map_bundle(record.bundle, record.source, intake.vocabulary(policy), OPTIONS)
    assert not reading.missing
    return sum("assertion" in triple.predicate.value for triple in reading.triples)


def test_each_patient_has_his_own_and_what_is_shared(policy: Policy) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d"}
    medication = {"resourceType": "Medication", "id": "m", "manufacturer": {"reference": "Organization/o"}}
    ordered = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "subject": {"reference": "Patient/b"},
        "medicationReference": {"reference": "Medication/m"},
    }
    records, orphans = split(
        condition("1", "Patient/a", asserter={"reference": "Practitioner/d"}),
        condition("2", "Patient/b"),
        doctor,
        medication,
        {"resourceType": "Organization", "id": "o"},
        {"resourceType": "Location", "id": "nowhere"},
        condition("3", "Patient/unknown"),
        ordered,
        patient("a", link=[{"other": {"reference": "Patient/b"}, "type": "seealso"}]),
        patient("b"),
        {"resourceType": "Coverage", "id": "v", "beneficiary": {"reference": "Patient/a"}},
        {"resourceType": "Provenance", "id": "w", "target": [{"reference": "Patient/a/_history/3"}]},
    )
    assert [record.source for record in records] == ["export, Patient/a", "export, Patient/b"]
    assert resources(records[0]) == ["Condition/1", "Coverage/v", "Patient/a", "Practitioner/d", "Provenance/w"]
    assert resources(records[1]) == [
        "Condition/2",
        "Medication/m",
        "MedicationRequest/r",
        "Organization/o",
        "Patient/b",
    ]
    assert [(orphan.kind, orphan.place) for orphan in orphans] == [
        ("Location", "export, line 6"),
        ("Condition", "export, line 7"),
    ]
    assert "Patient/unknown" in orphans[1].reason
    assert [statements(record, policy) for record in records] == [1, 1]


@pytest.mark.parametrize("form", ["https://example.org/fhir/Patient/a", "urn:uuid:a", "Patient/a/_history/2"])
def test_however_the_patient_is_referred_to(policy: Policy, form: str) -> None:
    (record,), orphans = split(condition("1", form), patient("a"))
    assert statements(record, policy) == 1
    assert not orphans


def test_a_line_that_cannot_be_read_refuses_the_record_that_it_belongs_to() -> None:
    broken = json.dumps(condition("2", "Patient/a"))[:-1]
    records, _ = split(condition("1", "Patient/a"), broken, patient("a"), patient("b"), "what", "[1]")
    assert [record.source.rpartition(", ")[2] for record in records] == [
        "Patient/a",
        "Patient/b",
        "no patient",
        "no patient",
    ]
    assert "cannot be read" in str(records[0].error)
    assert "line 2" in str(records[0].error)
    assert records[1].error is None
    assert "line 5" in str(records[2].error)
    assert "not a FHIR resource" in str(records[3].error)


def test_letters_that_are_none(policy: Policy) -> None:
    records, _ = split(r'{"resourceType": "Patient", "id": "\ud800"}', patient("a"))
    assert [bool(record.error) for record in records] == [False, True]


def test_files_of_a_folder(tmp_path: Path, policy: Policy) -> None:
    (tmp_path / "Patient.ndjson").write_bytes(b"\xef\xbb\xbf" + json.dumps(patient("a")).encode() + b"\n")
    (tmp_path / "Condition.000.ndjson").write_text(json.dumps(condition("1", "Patient/a")) + "\n\n")
    (tmp_path / "Condition.001.ndjson").write_text(json.dumps(condition("2", "Patient/a")) + "\n")
    (record,) = bulk.records(sorted(map(str, tmp_path.iterdir())))
    assert isinstance(record, PatientRecord)
    assert record.source == f"{tmp_path}, Patient/a"
    assert record.places[1].endswith("Condition.001.ndjson, line 1")
    assert statements(record, policy) == 2
    with pytest.raises(DocumentationError, match="cannot be read"):
        list(bulk.records([str(tmp_path / "missing.ndjson")]))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"resourceType": "Patient"}', True),
        ('{"contained": [{"resourceType": "Bundle"}], "resourceType": "List"}', True),
        ('{"entry": [{"resource": {"resourceType": "Patient"}}], "resourceType": "Bundle"}', False),
        ('{"@context": {}}', False),
        ("no JSON", False),
        ("", False),
    ],
)
def test_how_an_export_is_told_from_lines_of_bundles(line: str, expected: bool) -> None:
    assert bulk.is_bulk(line.encode()) is expected


def test_memory_does_not_grow_with_the_patients() -> None:
    def peak(patients: int) -> int:
        lines = (json.dumps(patient(f"p{n}")) for n in range(patients))
        more = (json.dumps(condition(f"c{n}", f"Patient/p{n // 5}")) for n in range(patients * 5))
        stream = io.BytesIO("\n".join([*lines, *more]).encode())
        tracemalloc.start()
        count = sum(
            len(record.places) == 6 for record in bulk.records_of(stream, "x") if isinstance(record, PatientRecord)
        )
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == patients
        return top

    assert peak(1600) < 400_000  # the export has two million bytes


def link(type_: str, to: str) -> list[dict[str, Any]]:
    return [{"type": type_, "other": {"reference": f"Patient/{to}"}}]


@pytest.mark.parametrize(
    "patients",
    [
        [patient("a", link=link("replaced-by", "b")), patient("b")],
        [patient("b", link=link("replaces", "a")), patient("a")],
        [patient("b", link=link("replaces", "a")), patient("a", link=link("replaced-by", "b"))],
    ],
    ids=["replaced-by", "replaces", "both"],
)
def test_patients_that_were_merged_have_one_record(policy: Policy, patients: list[dict[str, Any]]) -> None:
    both = {"resourceType": "Composition", "id": "n", "subject": {"reference": "Patient/a"}} | {
        "author": [{"reference": "Patient/b"}]
    }
    of_nobody = {"resourceType": "Basic", "id": "x", "extension": [{"valueReference": {"reference": "Patient/a"}}]}
    of_nobody["author"] = {"reference": "Patient/b"}
    found, orphans = split(
        *patients, patient("c"), condition("1", "Patient/a"), condition("2", "Patient/b"), both, of_nobody
    )
    assert orphans == []
    record, other = sorted(found, key=lambda record: record.source)
    assert record.source == "export, Patient/b"
    assert other.source == "export, Patient/c"
    assert resources(record) == ["Basic/x", "Composition/n", "Condition/1", "Condition/2", "Patient/a", "Patient/b"]
    assert statements(record, policy) == 2


def test_a_chain_of_merged_patients_is_one_record(policy: Policy) -> None:
    chain = [patient("a", link=link("replaced-by", "b")), patient("b", link=link("replaced-by", "c")), patient("c")]
    (record,), _ = split(*chain, *(condition(id_, f"Patient/{id_}") for id_ in "abc"))
    assert record.source == "export, Patient/c"
    assert statements(record, policy) == 3


def test_a_broken_line_of_a_merged_patient_refuses_the_one_record() -> None:
    (record,), _ = split(
        patient("a", link=link("replaced-by", "b")), patient("b"), '{"subject": {"reference": "Patient/a"}, nonsense'
    )
    assert record.source == "export, Patient/b"
    assert record.error


def test_patients_merged_with_one_who_is_not_there_stay_as_they_are() -> None:
    found, _ = split(patient("a", link=link("replaced-by", "z")), patient("b", link=link("seealso", "a")))
    assert [record.source for record in found] == ["export, Patient/a", "export, Patient/b"]


def test_two_that_replace_one_are_refused(policy: Policy) -> None:
    (record,), _ = split(
        patient("a", link=[*link("replaced-by", "b"), *link("replaced-by", "c")]), patient("b"), patient("c")
    )
    with pytest.raises(DocumentationError, match="not one that replaces all others"):
        map_bundle(record.bundle, record.source, intake.vocabulary(policy), OPTIONS)


UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize("reference", [f"urn:uuid:{UUID}", f"URN:UUID:{UUID.upper()}"])
def test_a_uuid_leads_to_the_resource_with_that_id(policy: Policy, reference: str) -> None:
    doctor = {"resourceType": "Practitioner", "id": UUID, "name": [{"family": "Ames"}]}
    (record,), orphans = split(patient("a"), doctor, condition("1", "Patient/a", recorder={"reference": reference}))
    assert orphans == []
    assert resources(record) == ["Condition/1", "Patient/a", f"Practitioner/{UUID}"]
    mapped = map_bundle(record.bundle, record.source, intake.vocabulary(policy), OPTIONS)
    assert [t.object.value for t in mapped.triples if t.predicate.value.endswith("creator")] == ["Ames"]


def test_a_uuid_leads_further(policy: Policy) -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": f"urn:uuid:{UUID}"}}
    (record,), _ = split(
        patient("a"),
        role,
        {"resourceType": "Organization", "id": UUID},
        condition("1", "Patient/a", recorder={"reference": "PractitionerRole/r"}),
    )
    assert f"Organization/{UUID}" in resources(record)


def test_blank_lines_before_an_export_are_looked_at_once() -> None:
    """Each line was once looked at together with all before it, which took hours for some megabytes."""
    looked_at = 0

    def count(_: Any, event: str, called: Any) -> None:
        nonlocal looked_at
        owner = called.__self__ if event == "c_call" else None
        looked_at += len(owner) if isinstance(owner, bytes | bytearray) else 0

    blank = b" \n" * 2000
    for more, first in ((b"{}\n{}\n", b"{}\n"), (b"", b"")):
        stream = io.BytesIO(blank + more)
        sys.setprofile(count)
        try:
            begun = bulk.beginning(stream)
        finally:
            sys.setprofile(None)
        assert begun == blank + first
    assert len(blank) < looked_at < 10 * len(blank)
