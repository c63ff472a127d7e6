"""Dirt: whatever is done to a record, reading it gives a chart or an error with a place, and never more than it says."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reasoner import Policy
from reasoner.chart import intake, report
from reasoner.chart.fast.chart import read_cases
from reasoner.chart.fhir import bulk, mapping
from reasoner.chart.fhir.mapping import MappedBundle
from reasoner.chart.fhir.request import RequestOptions
from reasoner.ground.errors import NecessityError
from reasoner.rdf import parsing
from tests.chart.bundles import map_whole
from tests.chart.test_fhir import ANSWERS, AS_JSON, CONDITION, R4, R5
from tests.conftest import ROOT, Attestation, chart, kind
from tests.explore import examples

INPUTS = ROOT.parent / "shared" / "inputs"
REAL = sorted(path for path in INPUTS.glob("*.json") if path.stat().st_size < 100_000) if INPUTS.is_dir() else []
REQUEST = RequestOptions(kind(phase="admission", focus="mental-health"), "2025-06-02", "2025-07-02", "US-MO")
NEC = "https://w3id.org/necessity/core#"
SCT, LOINC, RXNORM = "http://snomed.info/sct", "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
THEIRS = {"reference": "Patient/p"}


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": code}], "text": code}


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://example.org/status", "code": code}]}


def clean() -> list[dict[str, Any]]:
    """One resource at least of each type that a record of a program has."""
    rest: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01", "address": [{"state": "MO"}]},
        {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Example"}]},
        {"resourceType": "Coverage", "id": "v", "status": "active", "beneficiary": THEIRS},
        copy.deepcopy(CONDITION),
        copy.deepcopy(ANSWERS),
        copy.deepcopy(CONDITION) | {"id": "sud", "code": coded(ICD, "F10.20"), "severity": coded(SCT, "24484000")},
        copy.deepcopy(CONDITION)
        | {"id": "home", "code": coded(ICD, "Z59.00"), "asserter": {"reference": "Practitioner/d"}},
        copy.deepcopy(CONDITION) | {"id": "snomed", "code": coded(SCT, "370143000")},
        {
            "resourceType": "Claim",
            "id": "k",
            "status": "active",
            "patient": THEIRS,
            "billablePeriod": {"start": "2025-06-02", "end": "2025-07-02"},
        },
        {
            "resourceType": "ServiceRequest",
            "id": "s",
            "status": "active",
            "subject": THEIRS,
            "occurrenceDateTime": "2025-06-02",
        },
        {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", "subject": THEIRS}
        | {"medicationCodeableConcept": coded(RXNORM, "7242"), "authoredOn": "2025-06-01"},
        {"resourceType": "MedicationStatement", "id": "ms", "status": "active", "subject": THEIRS}
        | {"medicationCodeableConcept": coded(RXNORM, "6813"), "dateAsserted": "2025-06-01"},
        {"resourceType": "CarePlan", "id": "cp", "status": "active", "intent": "plan", "subject": THEIRS}
        | {"period": {"start": "2025-06-01"}, "created": "2025-06-01", "title": "Plan"},
        {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": THEIRS}
        | {"class": {"code": "AMB"}, "period": {"start": "2025-06-02T09:00:00Z", "end": "2025-06-02T12:00:00Z"}},
        {"resourceType": "Procedure", "id": "pr", "status": "completed", "subject": THEIRS}
        | {"code": coded(SCT, "76168009"), "performedDateTime": "2025-06-02"},
        {"resourceType": "DocumentReference", "id": "dr", "status": "current", "docStatus": "final", "subject": THEIRS}
        | {
            "date": "2025-06-01T00:00:00Z",
            "type": coded(LOINC, "11488-4"),
            "content": [{"attachment": {"title": "Note"}}],
        },
        {"resourceType": "Composition", "id": "co", "status": "final", "subject": THEIRS, "date": "2025-06-01"}
        | {"type": coded(LOINC, "11488-4"), "title": "Note", "author": [{"reference": "Practitioner/d"}]},
        {"resourceType": "Consent", "id": "cn", "status": "active", "patient": THEIRS, "dateTime": "2025-06-01"},
    ]
    for number, (code, value) in enumerate((("44261-6", 15), ("70274-6", 12), ("71802-3", None))):
        observation = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "subject": THEIRS}
        answer = {"valueInteger": value} if value else {"valueCodeableConcept": coded(LOINC, "LA31994-9")}
        rest.append(observation | {"code": coded(LOINC, code), "effectiveDateTime": "2025-06-01"} | answer)
    return copy.deepcopy(rest)


def bundle(resources: list[Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": item} for item in resources]}


def real(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


JUNK = st.one_of(
    st.sampled_from([None, [], {}, "", " ", 0, -1, True, 1.5, 10**400, [[]], [None], {"": 1}, "\ud800", "x" * 5000]),
    st.sampled_from(
        ["2025", "2025-06", "2025-13-45", "2025-06-31", "0000-00-00", "2025-06-01T25:00Z", "9999999999-01-01"]
    ),
    st.sampled_from(["Patient/p", "#", "#p", "urn:uuid:p", "http://[", "Patient/", f"{NEC}Affirmed"]),
    st.sampled_from(
        [{"reference": "Patient/q"}, {"reference": "#x"}, {"coding": {"code": "active"}}, {"coding": [None]}]
    ),
    st.sampled_from([[{"url": "http://example.org/x"}], {"extension": [{"url": "x"}]}, {"resourceType": 1}]),
    st.text(max_size=8),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
).map(copy.deepcopy)
KEYS = st.one_of(
    st.sampled_from(
        ["id", "status", "subject", "code", "contained", "modifierExtension", "meta", "birthDate", "recordedDate"]
    ),
    st.sampled_from(
        ["_status", "_birthDate", "v", "link", "nodeRole", "index", "reference", "extension", "resourceType"]
    ),
    st.sampled_from(["a b", "\ud800", ""]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each member and item."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(item, (*path, key))


def soil(draw: st.DrawFn, value: Any) -> None:
    """Do one thing to some JSON that a careless system might do."""
    path = draw(st.sampled_from(list(places(value)) or [()]))
    if not path:
        return
    for key in path[:-1]:
        value = value[key]
    deed = draw(st.sampled_from(["replace", "wrap", "drop", "add", "twice"]))
    if deed == "replace":
        value[path[-1]] = draw(JUNK)
    elif deed == "wrap":
        value[path[-1]] = [value[path[-1]]]
    elif deed == "drop":
        del value[path[-1]]
    elif deed == "add" and isinstance(value, dict):
        value[draw(KEYS)] = draw(JUNK)
    elif deed == "twice" and isinstance(value, list):
        value.append(copy.deepcopy(value[path[-1]]))


@st.composite
def soiled(draw: st.DrawFn, contents: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """JSON to which one to four such things were done."""
    content = copy.deepcopy(draw(contents))
    for _ in range(draw(st.integers(1, 4))):
        soil(draw, content)
    return content


@st.composite
def soiled_in_one(draw: st.DrawFn) -> tuple[int, list[dict[str, Any]]]:
    """A record in which such a thing was done to one resource, and the number of it."""
    resources = clean()
    number = draw(st.integers(0, len(resources) - 1))
    soil(draw, resources[number])
    return number, resources


def encoded(content: Any) -> bytes:
    return json.dumps(content).encode()


def reading(policy: Policy, content: Any) -> MappedBundle | None:
    """What is understood, taken as far as a chart is; None for an error."""
    try:
        found = mapping.map_bundle(encoded(content), "x", intake.vocabulary(policy), REQUEST)
    except NecessityError:
        return None
    told = report.of_bundle(found)
    with_resource = [entry for entry in content["entry"] if entry.get("resource") is not None]
    assert len(told.parts) == len(with_resource)
    report.to_text(told)
    try:
        chart_of_it = parsing.data_set("x", found.triples)
        if not found.missing:
            read_cases(chart_of_it, policy, None)
    except NecessityError:
        pass
    return found


def stated(found: MappedBundle | None, assertion: str = "") -> set[tuple[str, frozenset[str]]]:
    """What statements say, each with where it stands: not about which request, nor under which digest."""
    by_subject: dict[str, list[ox.Triple]] = {}
    for triple in found.triples if found else ():
        by_subject.setdefault(triple.subject.value, []).append(triple)
    said = set()
    for subject, triples in by_subject.items():
        if any(t.predicate.value == f"{NEC}assertion" and t.object.value.endswith(assertion) for t in triples):
            what = frozenset(
                t.object.value
                for t in triples
                if t.predicate.value in (f"{NEC}code", f"{NEC}addresses", f"{NEC}assertion")
                or t.predicate.value.endswith("#type")
            )
            said.add((subject.rpartition(":")[2], what))
    return said


def never_a_crash(policy: Policy, content: dict[str, Any]) -> None:
    if isinstance(content.get("entry"), list) and all(isinstance(entry, dict) for entry in content["entry"]):
        reading(policy, content)
        return
    with pytest.raises(NecessityError):
        map_whole(encoded(content), intake.vocabulary(policy), REQUEST)


@examples(40)
@given(content=soiled(st.builds(lambda: bundle(clean()))))
def test_dirt_is_never_a_crash(policy: Policy, content: dict[str, Any]) -> None:
    never_a_crash(policy, content)


@pytest.mark.skipif(not REAL, reason="no bundles of other people's in shared/inputs")
@examples(40)
@given(content=soiled(st.sampled_from(REAL or [Path()]).map(real)))
def test_dirt_in_real_bundles_is_never_a_crash(policy: Policy, content: dict[str, Any]) -> None:
    never_a_crash(policy, content)


@cache
def untouched(policy: Policy) -> set[tuple[str, frozenset[str]]]:
    return stated(reading(policy, bundle(clean())))


def named(resource: dict[str, Any]) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


@examples(40)
@given(soiled=soiled_in_one())
def test_dirt_in_one_resource_adds_no_statement_elsewhere(
    policy: Policy, soiled: tuple[int, list[dict[str, Any]]]
) -> None:
    number, resources = soiled
    others = {named(resource) for place, resource in enumerate(clean()) if place != number}
    after = stated(reading(policy, bundle(resources)))
    assert not {said for said in after - untouched(policy) if said[0].partition("#")[0] in others}


UNDONE = {
    "verificationStatus": ("entered-in-error", "refuted", "unconfirmed", "provisional", "differential"),
    "clinicalStatus": ("inactive", "resolved", "remission"),
}


def records() -> list[list[Any]]:
    return [clean(), *([entry["resource"] for entry in real(path)["entry"]] for path in REAL)]


def undo(resource: dict[str, Any], element: str, code: str) -> dict[str, Any]:
    if element == "status" and "status" in resource:
        return resource | {element: code}
    return (
        resource | {element: status(code)}
        if element in UNDONE and resource["resourceType"] == "Condition"
        else resource
    )


def test_a_status_that_undoes_never_affirms(policy: Policy) -> None:
    every = [("status", code) for code in ("entered-in-error", "unknown", "cancelled")]
    every += [(element, code) for element, codes in UNDONE.items() for code in codes]
    for resources in records():
        before = stated(reading(policy, bundle(resources)), "Affirmed")
        for element, code in every:
            changed = [undo(resource, element, code) for resource in resources]
            touched = {named(new) for old, new in zip(resources, changed, strict=True) if new is not old}
            after = stated(reading(policy, bundle(changed)), "Affirmed")
            assert after <= before, (element, code)
            assert not touched & {where.partition("#")[0] for where, _ in after}, (element, code)


def test_one_entered_in_error_adds_nothing(policy: Policy) -> None:
    resources = clean()
    before = stated(reading(policy, bundle(resources)))
    for number, resource in enumerate(resources):
        element = "verificationStatus" if resource["resourceType"] == "Condition" else "status"
        changed = [*resources[:number], undo(resource, element, "entered-in-error"), *resources[number + 1 :]]
        assert stated(reading(policy, bundle(changed))) <= before, named(resource)


def test_a_resource_less_never_says_more(policy: Policy) -> None:
    for resources in records()[:2]:
        before = stated(reading(policy, bundle(resources)))
        for number in range(len(resources)):
            fewer = stated(reading(policy, bundle(resources[:number] + resources[number + 1 :])))
            assert fewer <= before, named(resources[number])


@examples(10)
@given(order=st.permutations(clean()), indent=st.sampled_from([None, 1]), mark=st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_neither_order_nor_line_ends_nor_marks_matter(
    policy: Policy, order: list[dict[str, Any]], indent: int | None, mark: bytes
) -> None:
    before = mapping.map_bundle(encoded(bundle(clean())), "x", intake.vocabulary(policy), REQUEST)
    text = json.dumps(bundle(order), indent=indent)
    after = mapping.map_bundle(mark + text.replace("\n", "\r\n").encode(), "x", intake.vocabulary(policy), REQUEST)
    assert after.triples == before.triples
    assert sorted(after.notes) == sorted(before.notes)


def charts() -> dict[str, list[bytes]]:
    """The same small chart in each syntax, and FHIR in Turtle."""
    turtle = chart([Attestation("adult-admission:3"), Attestation("adult-admission:7-a", "Denied")])
    (data,) = parsing.parse_datasets(turtle.encode(), parsing.SYNTAXES[".ttl"], "x")
    found = {suffix: [ox.serialize(data.triples, format=syntax)] for suffix, syntax in parsing.SYNTAXES.items()}
    found[".nq"] = ["".join(f"{triple} <http://example.org/g> .\n" for triple in data.triples).encode()]
    found[".ttl"] += [turtle.encode(), R4.encode(), R5.encode()]
    found[".json"] = [encoded(bundle(clean())), AS_JSON.encode()]
    return found


CHARTS = charts()
BITS = st.one_of(
    st.sampled_from([bytes([letter]) for letter in b'"<>.;[]{}()\\\x00\xff\xc3@#,']),
    st.sampled_from([b"\r\n", b"^^", b"_:a", b"\\ud800", b"\xef\xbb\xbf", b"<<", b"1e999", b"null", b"<x> <y> <z> ."]),
)


@st.composite
def spoilt(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    content = draw(contents)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([0, 0, 1, 2, 30, 400]))
        content = content[:start] + draw(BITS | st.binary(max_size=6)) + content[end:]
    return content


SPOILT = st.sampled_from(sorted(CHARTS)).flatmap(
    lambda suffix: st.tuples(st.just(suffix), spoilt(st.sampled_from(CHARTS[suffix])))
)


@examples(300)
@given(spoilt=SPOILT)
@example(spoilt=(".nt", CHARTS[".nt"][0].replace(b'"2025-06-02"', b'"21e999025-06-02"')))
def test_no_bytes_are_a_crash(policy: Policy, spoilt: tuple[str, bytes]) -> None:
    suffix, content = spoilt
    _, errors, _ = intake.read("x", policy, suffix=suffix, options=REQUEST, data=content)
    assert all(str(error).startswith("x") for error in errors)


@examples(40)
@given(content=spoilt(st.just(b"\n".join(map(encoded, clean())))))
def test_no_export_is_a_crash(content: bytes) -> None:
    for found in bulk.records_of(io.BytesIO(content), "x"):
        assert isinstance(found, bulk.Orphan) or found.error or json.loads(found.bundle)["entry"]


def test_line_ends_and_marks_of_charts_do_not_matter(policy: Policy) -> None:
    for suffix, contents in CHARTS.items():
        for content in contents:
            other = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")
            found = [
                intake.read("x", policy, suffix=suffix, options=REQUEST, data=form)[0] for form in (content, other)
            ]
            assert found[0]
            assert found[0] == found[1], suffix
