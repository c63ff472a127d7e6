"""Which of a bundle become quads: what no query can read does not, and no answer is another for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner import Policy
from reasoner.chart import intake
from reasoner.chart.fhir import queries
from reasoner.chart.fhir.from_json import Bundle, parse_bundle
from reasoner.chart.fhir.mapping import MappedBundle, map_bundle
from reasoner.ground.errors import DocumentationError
from reasoner.policy.loading import load_policy
from tests.chart.bundles import (
    CLAIM,
    CONDITION,
    COVERAGE,
    ENCOUNTER,
    HOUSING,
    LOINC,
    OPTIONS,
    ORDER,
    PHQ9,
    SNOMED,
    SUMMARY,
    WHOSE,
    Resource,
    bundle,
    coded,
    with_,
)
from tests.explore import examples

HEART_RATE = with_(PHQ9, id="h", code=coded(LOINC, "8867-4"))
SURVEY = coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey")
SOCIAL = coded("http://terminology.hl7.org/CodeSystem/observation-category", "social-history")
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "r",
    "status": "final",
    "subject": WHOSE,
    "code": {"text": "panel"},
}


class _Everything(frozenset[str]):
    """A set that has every name in it."""

    def __contains__(self, name: object) -> bool:
        return True


@pytest.fixture
def unpruned(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A way to map a bundle of which every element of every resource is a quad from the beginning."""

    def mapped(data: bytes) -> MappedBundle:
        with monkeypatch.context() as patched:
            patched.setattr(queries, "sparing", lambda: frozenset())
            for name in ("named", "elements"):
                patched.setattr(queries, name, lambda: _Everything())
            return map_bundle(data, "bundle", intake.vocabulary(load_policy("mp9556")), OPTIONS)

    return mapped


def told(mapped: MappedBundle) -> Any:
    """Everything that came of a bundle."""
    return (
        mapped.triples,
        sorted(mapped.notes),
        mapped.notes_by_resource,
        mapped.derived,
        list(map(str, mapped.missing)),
    )


_CODES = [coded(LOINC, code) for code in ("8867-4", "44261-6", "69730-0", "71802-3")]
_CODES += [coded(SNOMED, "32911000"), coded("urn:oid:1.2.3", "x"), {"coding": [{"code": "y"}]}, {"text": "words"}, {}]
_VALUES: list[Resource] = [
    {},
    {"valueInteger": 3},
    {"valueInteger": 4},
    {"valueBoolean": True},
    {"valueQuantity": {"value": 5, "unit": "/min"}},
]
_VALUES += [{"valueCodeableConcept": coded(LOINC, "LA30190-5")}, {"valueCodeableConcept": coded(SNOMED, "32911000")}]
_VALUES += [
    {"dataAbsentReason": {"text": "refused"}},
    {"_valueString": {"extension": []}},
    {"hasMember": [{"reference": "Observation/1"}]},
]
_CODE, _VALUE = st.sampled_from(_CODES), st.sampled_from(_VALUES)
_PARTS = st.builds(lambda code, value: {"code": code} | value, _CODE, _VALUE)
_MORE = st.fixed_dictionaries(
    {"status": st.sampled_from(["final", "final", "final", "cancelled", "entered-in-error", "unknown"])},
    optional={
        "category": st.sampled_from([[SURVEY], [SOCIAL]]),
        "component": st.lists(_PARTS, min_size=1, max_size=2),
        "subject": st.sampled_from([{"reference": "Patient/other"}, {"display": "someone"}]),
        "issued": st.just("2025-06-01T10:00:00Z"),
    },
)


def _observations(pool: tuple[list[Resource], list[Resource]]) -> st.SearchStrategy[list[Resource]]:
    """Some Observations of these codes and values, so that there are several of one code, or of one value."""
    plain = {"resourceType": "Observation", "effectiveDateTime": "2025-05-30", "subject": WHOSE}
    codes, values = map(st.sampled_from, pool)
    one = st.builds(lambda code, value, more: plain | {"code": code} | value | more, codes, values, _MORE)
    return st.lists(one, min_size=2, max_size=6)


_POOLS = st.tuples(st.lists(_CODE, min_size=1, max_size=2), st.lists(_VALUE, min_size=1, max_size=2))


@examples(80)
@given(found=_POOLS.flatmap(_observations), reported=st.booleans())
def test_observations_say_the_same_as_if_all_were_seen_whole(
    unpruned: Any, found: list[Resource], reported: bool
) -> None:
    named = [resource | {"id": str(number)} for number, resource in enumerate(found)]
    results = [{"reference": f"Observation/{number}"} for number in range(len(found) + 1)]
    data = bundle(*named, *([REPORT | {"result": results}] if reported else []))
    assert told(map_bundle(data, "bundle", intake.vocabulary(load_policy("mp9556")), OPTIONS)) == told(unpruned(data))


@pytest.mark.parametrize(
    "resources",
    [
        (CONDITION, PHQ9, HOUSING, ENCOUNTER, SUMMARY),
        (CLAIM, ORDER, COVERAGE, with_(COVERAGE, id="second")),
        (
            with_(ORDER, insurance=[{"reference": "Coverage/second"}]),
            with_(COVERAGE, id="first"),
            with_(COVERAGE, id="second"),
        ),
        (
            {
                "resourceType": "Medication",
                "id": "m",
                "code": coded("http://www.nlm.nih.gov/research/umls/rxnorm", "6813"),
            },
            {
                "resourceType": "MedicationRequest",
                "id": "r",
                "status": "active",
                "intent": "order",
                "subject": WHOSE,
                "authoredOn": "2025-05-20",
                "medicationReference": {"reference": "Medication/m"},
            },
        ),
        (
            {
                "resourceType": "Immunization",
                "id": "i",
                "patient": WHOSE,
                "contained": [{"resourceType": "Condition", "id": "c"}],
            },
        ),
    ],
)
def test_resources_say_the_same_as_if_all_were_quads(unpruned: Any, resources: tuple[Resource, ...]) -> None:
    data = bundle(*resources)
    assert told(map_bundle(data, "bundle", intake.vocabulary(load_policy("mp9556")), OPTIONS)) == told(unpruned(data))


def test_what_no_query_reads_is_no_quad(policy: Policy) -> None:
    codes = intake.vocabulary(policy).codes

    def quads(*resources: Resource) -> int:
        return len(Bundle(parse_bundle(bundle(*resources), "x"), "x", 0, codes, pruned=True).quads)

    none = quads()
    allergy = {
        "resourceType": "Immunization",
        "patient": WHOSE,
        "vaccineCode": {"text": "words"},
        "encounter": {"reference": "Encounter/e"},
    }
    assert quads({**allergy, "id": "1"}) == none
    values = [with_(HEART_RATE, id=f"h{number}", valueQuantity={"value": number}) for number in range(20)]
    assert quads(*values) == quads(values[0])


@pytest.mark.parametrize("kind", ["Immunization", "Observation"])
@pytest.mark.parametrize("more", [{"modifierExtension": []}, {"note": [{"implicitRules": "x"}]}])
def test_what_is_no_quad_can_refuse_its_resource_all_the_same(policy: Policy, kind: str, more: dict[str, Any]) -> None:
    data = bundle({"resourceType": kind, "id": "1", "subject": WHOSE} | more)
    mapped = map_bundle(data, "bundle", intake.vocabulary(policy), OPTIONS)
    assert [entry.refused for entry in mapped.entries if entry.kind == kind] == [True]


@pytest.mark.parametrize("kind", ["Immunization", "Observation"])
def test_what_is_no_quad_is_named_where_it_is_malformed(policy: Policy, kind: str) -> None:
    resource = {"resourceType": kind, "id": "1", "subject": WHOSE, "code": coded(LOINC, "44261-6")}
    for more, place in (
        ({"x y": 1}, "x y"),
        ({"valueQuantity": {"resourceType": 5}}, "valueQuantity"),
        ({"note": [[1]]}, "note"),
    ):
        with pytest.raises(DocumentationError, match=f"{kind}/1(, )?.*{place}"):
            map_bundle(bundle(resource | more), "bundle", intake.vocabulary(policy), OPTIONS)
