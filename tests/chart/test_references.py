"""Whose record a bundle is, what its references lead to, and which order is the request."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.fhir import mapping
from reasoner.chart.fhir.mapping import MappedBundle
from reasoner.chart.fhir.request import RequestOptions
from reasoner.ground.errors import DocumentationError
from tests.chart.bundles import (
    CLAIM,
    CONDITION,
    COVERAGE,
    DOCTOR,
    ENCOUNTER,
    HCPCS,
    INPUTS,
    NEC,
    OPTIONS,
    ORDER,
    PATIENT,
    PRESCRIPTION,
    RXNORM,
    SNOMED,
    Resource,
    coded,
    with_,
)
from tests.conftest import kind
from tests.explore import examples

UUID = "0C3151BD-1CBF-4D64-B04D-CD9187A4C6E0"
SERVER = "https://ehr.example/r4"
NUMBERED = PATIENT | {"identifier": [{"system": "http://example.org/mrn", "value": "7"}]}
UNDATED = RequestOptions(kind(phase="admission", focus="mental-health"), None, None, "US-MO")


def read(policy: Policy, *resources: Any, options: RequestOptions = OPTIONS) -> MappedBundle:
    entries = [item if "resource" in item else {"resource": item} for item in resources]
    return mapping.map_bundle(
        {"resourceType": "Bundle", "type": "collection", "entry": entries}, "x", intake.vocabulary(policy), options
    )


def statements(found: MappedBundle) -> list[dict[str, str]]:
    """What the statements say, names of the bundle left out."""
    said: dict[Any, dict[str, str]] = {}
    for triple in sorted(found.triples, key=str):
        value = getattr(triple.object, "value", "")
        if not value.startswith("urn:"):
            said.setdefault(triple.subject, {})[str(triple.predicate)] = value
    whole = []
    for triple in found.triples:
        if triple.predicate == NamedNode(f"{NEC}documentedIn"):
            about = {
                name: value for name, value in said.get(triple.object, {}).items() if "derived" not in name.lower()
            }
            own = {name: value for name, value in said[triple.subject].items() if "derived" not in name.lower()}
            whole.append({f"document {name}": value for name, value in about.items()} | own)
    return sorted(whole, key=str)


def about(subject: Any) -> Resource:
    return with_(CONDITION, subject=subject)


@pytest.mark.parametrize(
    ("patient", "subject"),
    [
        (PATIENT, {"reference": f"{SERVER}/Patient/p"}),
        (PATIENT, {"reference": "Patient/p/_history/2"}),
        (PATIENT, {"reference": f"{SERVER}/Patient/p/_history/2"}),
        ({"fullUrl": f"urn:uuid:{UUID.lower()}", "resource": PATIENT}, {"reference": f"urn:uuid:{UUID}"}),
        ({"fullUrl": f"urn:uuid:{UUID}", "resource": PATIENT}, {"reference": f"URN:UUID:{UUID.lower()}"}),
        (PATIENT | {"id": UUID.lower()}, {"reference": f"urn:uuid:{UUID}"}),
        (NUMBERED, {"identifier": {"system": "http://example.org/mrn", "value": "7"}}),
        (NUMBERED, {"type": "Patient", "identifier": {"system": "http://example.org/mrn", "value": "7"}}),
        (NUMBERED, {"reference": "Patient?identifier=http://example.org/mrn|7"}),
        (NUMBERED, {"reference": "Patient/gone", "identifier": {"system": "http://example.org/mrn", "value": "7"}}),
    ],
)
def test_a_reference_that_leads_to_the_patient(policy: Policy, patient: Any, subject: Resource) -> None:
    assert len(statements(read(policy, patient, DOCTOR, about(subject)))) == 1


@pytest.mark.parametrize(
    ("more", "subject", "why"),
    [
        ([], {"display": "DOE, JANE"}, "whose it is cannot be told: its subject is no reference"),
        ([], {"reference": "Patient/q"}, "the reference leads nowhere in the bundle: subject Patient/q"),
        ([], {"reference": "#q"}, "the reference leads nowhere in the bundle: subject #q"),
        ([], {"identifier": {"system": "http://example.org/mrn", "value": "8"}}, "the reference leads nowhere"),
        ([], {"identifier": {"value": "7"}}, "whose it is cannot be told"),
        (
            [with_(ENCOUNTER, identifier=NUMBERED["identifier"])],
            {"identifier": {"system": "http://example.org/mrn", "value": "7"}},
            "the reference matches several resources of the bundle",
        ),
        (
            [with_(ENCOUNTER, subject={"reference": "https://other.example/Patient/p"})],
            {"reference": f"{SERVER}/Patient/p"},
            "the reference matches several resources of the bundle",
        ),
        ([], {"reference": "Practitioner/d"}, "it is about someone other than the Patient of the bundle"),
        (
            [{"resourceType": "Group", "id": "g", "type": "person", "actual": True}],
            {"reference": "Group/g"},
            "whose it is cannot be told: its subject is a Group",
        ),
    ],
)
def test_a_reference_that_does_not(policy: Policy, more: list[Resource], subject: Resource, why: str) -> None:
    found = read(policy, NUMBERED, DOCTOR, about(subject), *more)
    (note,) = (note for note in found.notes if note.startswith("Condition/c: "))
    assert why in note
    assert not any(t.predicate.value == f"{NEC}documentedIn" and "Condition" in str(t.object) for t in found.triples)


def test_another_server_is_another_patient(policy: Policy) -> None:
    patient = {"fullUrl": "https://other.example/Patient/p", "resource": PATIENT}
    found = read(policy, patient, about({"reference": f"{SERVER}/Patient/p"}))
    assert any("leads nowhere" in note for note in found.notes)


@pytest.mark.parametrize(
    ("inside", "subject", "number"),
    [
        ({"birthDate": "1980-01-01"}, "#i", 1),
        ({"birthDate": "1980-01-01"}, "#j", 0),
    ],
)
def test_a_contained_patient(policy: Policy, inside: Resource, subject: str, number: int) -> None:
    held = about({"reference": subject}) | {"contained": [inside | {"resourceType": "Patient", "id": "i"}]}
    if not number:
        with pytest.raises(DocumentationError, match="no usable Patient"):
            read(policy, DOCTOR, held)
        return
    found = read(policy, DOCTOR, held, held | {"id": "c2"})
    assert not found.missing
    assert len(statements(found)) == 2
    beside = read(policy, NUMBERED, DOCTOR, held)
    assert any("contained Patient without an identifier" in note for note in beside.notes)
    held["contained"][0]["identifier"] = NUMBERED["identifier"]
    assert len(statements(read(policy, NUMBERED, DOCTOR, held))) == 1


def linked(patient: Resource, id_: str, type_: str, other: str, **more: Any) -> Resource:
    return patient | {"id": id_, "link": [{"other": {"reference": f"Patient/{other}"}, "type": type_}]} | more


@pytest.mark.parametrize(
    "patients",
    [
        [PATIENT, linked(PATIENT, "q", "replaced-by", "p", active=False)],
        [linked(PATIENT, "p", "replaces", "q"), PATIENT | {"id": "q"}],
        [linked(PATIENT, "p", "replaces", "q"), linked(PATIENT, "q", "replaced-by", "p", active=False)],
        [PATIENT, linked(PATIENT, "r", "replaced-by", "p"), linked(PATIENT, "q", "replaced-by", "r")],
    ],
)
def test_merged_patients_are_one(policy: Policy, patients: list[Resource]) -> None:
    found = read(
        policy, *patients, DOCTOR, about({"reference": "Patient/q"}), about({"reference": "Patient/p"}) | {"id": "c2"}
    )
    assert len(statements(found)) == 2
    assert any("merged into Patient/p" in note for note in found.notes)
    (member,) = (t.object for t in found.triples if t.predicate == NamedNode(f"{NEC}member"))
    assert str(member).endswith("Patient/p>")


@pytest.mark.parametrize(
    "patients",
    [
        [linked(PATIENT, "p", "replaced-by", "q"), linked(PATIENT, "q", "replaced-by", "p")],
        [linked(PATIENT, "q", "replaced-by", "p"), linked(PATIENT, "r", "replaces", "q"), PATIENT],
        [linked(PATIENT, "q", "replaced-by", "p"), PATIENT | {"active": False}],
    ],
)
def test_merged_patients_that_are_not_one(policy: Policy, patients: list[Resource]) -> None:
    with pytest.raises(DocumentationError, match="merge"):
        read(policy, *patients, DOCTOR, CONDITION)


def test_a_subscriber_stands_beside_the_patient(policy: Policy) -> None:
    subscriber = PATIENT | {"id": "s", "birthDate": "1950-01-01"}
    plan = with_(COVERAGE, subscriber={"reference": "Patient/s"})
    found = read(policy, subscriber, PATIENT, DOCTOR, plan, CONDITION)
    assert len(statements(found)) == 1
    assert any(note.startswith("Patient/s: it is another person than the patient") for note in found.notes)
    with pytest.raises(DocumentationError, match="2 Patients, not one"):
        read(policy, subscriber, PATIENT, DOCTOR, plan, CONDITION, about({"reference": "Patient/s"}) | {"id": "d"})


def test_no_patient_is_invented(policy: Policy) -> None:
    born = RequestOptions(OPTIONS.axis_values, OPTIONS.service_start, None, "US-MO", "1980-01-01")
    named = read(policy, about({"reference": f"{SERVER}/Patient/p"}), options=born)
    (member,) = (t.object for t in named.triples if t.predicate == NamedNode(f"{NEC}member"))
    assert str(member) == f"<{SERVER}/Patient/p>"
    assert len(statements(named)) == 1
    for subject in (None, {"display": "somebody"}):
        with pytest.raises(DocumentationError, match="no usable Patient"):
            read(policy, about(subject), options=born)


# ---------------------------------------------------------------- the request

HOSPICE = with_(ORDER, code=coded(SNOMED, "385763009"), occurrenceTiming=None, occurrenceDateTime="2025-04-20")
STAY = with_(ENCOUNTER, type=[coded(HCPCS, "S9480")])


@pytest.mark.parametrize(
    "other",
    [
        HOSPICE,
        with_(CLAIM, item=[{"productOrService": coded(HCPCS, "Q5001")}]),
        with_(CLAIM, item=None),
        ENCOUNTER,
    ],
)
def test_nothing_of_the_request_is_taken_from_what_is_not_reviewed(policy: Policy, other: Resource) -> None:
    found = read(policy, PATIENT, other, options=UNDATED)
    (missing,) = found.missing
    assert "--service-start" in str(missing)
    asked = read(policy, PATIENT, other, with_(HOSPICE, id="s2", code=coded(HCPCS, "H0015")), options=UNDATED)
    assert not asked.missing
    starts = [t.object.value for t in asked.triples if t.predicate == NamedNode(f"{NEC}serviceStart")]  # type: ignore[union-attr]
    assert starts == ["2025-04-20"]


def test_an_encounter_of_the_program_is_the_request_where_nothing_asks_for_it(policy: Policy) -> None:
    found = read(policy, PATIENT, DOCTOR, STAY, options=UNDATED)
    assert not found.missing
    assert read(policy, PATIENT, DOCTOR, STAY, STAY | {"id": "e2"}, options=UNDATED).missing


def test_items_of_other_services_give_no_dates(policy: Policy) -> None:
    items = [
        {"productOrService": coded(HCPCS, "S9480"), "servicedDate": "2025-06-09"},
        {"productOrService": coded(HCPCS, "Q5001"), "servicedDate": "2025-01-01"},
    ]
    found = read(policy, PATIENT, with_(CLAIM, billablePeriod=None, item=items), options=UNDATED)
    starts = [t.object.value for t in found.triples if t.predicate == NamedNode(f"{NEC}serviceStart")]  # type: ignore[union-attr]
    assert starts == ["2025-06-09"]


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the real bundles are not here")
@pytest.mark.parametrize("name", ["conformant_pas_bundle_v110", "missing_referenced_resource_request_bundle"])
def test_a_consultation_is_not_the_service_under_review(policy: Policy, name: str) -> None:
    data = (INPUTS / f"{name}.json").read_bytes()
    found = mapping.map_bundle(data, "x", intake.vocabulary(policy), UNDATED)
    assert any("--service-start" in str(error) for error in found.missing)
    assert sum("asks for a service that the policy reviews cannot be told" in note for note in found.notes) == 2


# ---------------------------------------------------------------- laws

DRUG = {"resourceType": "Medication", "id": "m", "code": coded(RXNORM, "6813")}
RECORD: list[Resource] = [
    PATIENT,
    DOCTOR,
    DRUG,
    CONDITION,
    ENCOUNTER,
    ORDER,
    with_(PRESCRIPTION, medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"}),
]


def renamed(resources: list[Resource], ids: dict[str, str]) -> list[Resource]:
    text = json.dumps(resources)
    for kind_, id_ in [(r["resourceType"], r["id"]) for r in resources]:
        text = text.replace(f'"{kind_}/{id_}"', f'"{kind_}/{ids[id_]}"')
    return [resource | {"id": ids[resource["id"]]} for resource in json.loads(text)]


def put_inside(resources: list[Resource], id_: str) -> list[Resource]:
    """The resources with one contained in each that refers to it."""
    inner = next(resource for resource in resources if resource["id"] == id_)
    name = f"{inner['resourceType']}/{id_}"
    rest = []
    for resource in resources:
        text = json.dumps(resource)
        if resource is not inner:
            held = json.loads(text.replace(f'"{name}"', f'"#{id_}"'))
            rest.append(held | ({"contained": [*held.get("contained", []), inner]} if f'"{name}"' in text else {}))
    return rest


@given(seed=st.integers(0, 10**6), inside=st.sets(st.sampled_from(["p", "d", "m"])))
@example(seed=0, inside={"p", "d", "m"})
@examples(12)
def test_neither_order_nor_names_nor_place_change_what_is_said(policy: Policy, seed: int, inside: set[str]) -> None:
    whole = statements(read(policy, *RECORD))
    assert len(whole) >= 4
    chance = random.Random(seed)
    resources = copy.deepcopy(RECORD)
    for id_ in sorted(inside):
        resources = put_inside(resources, id_)
    resources = renamed(resources, {r["id"]: f"x{chance.randrange(10**9)}" for r in resources})
    chance.shuffle(resources)
    assert statements(read(policy, *resources)) == whole
