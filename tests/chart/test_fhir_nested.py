"""Bundles in a bundle, as the answer to a batch has them, and resources in Parameters, as an operation returns them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reasoner.chart import intake
from reasoner.chart.fhir.mapping import MappedBundle, map_bundle
from reasoner.ground.errors import DocumentationError
from reasoner.policy.loading import load_policy
from tests.chart.bundles import CONDITION, NEC, OPTIONS, PATIENT, PHQ9

NEXT = {"link": [{"relation": "next", "url": "http://example.org/2"}]}


def collection(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources], **more}


def parameters(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": r} for r in resources]}


def mapped(content: Any) -> MappedBundle:
    return map_bundle(json.dumps(content).encode(), "x", intake.vocabulary(load_policy("mp9556")), OPTIONS)


def statements(content: Any) -> set[str]:
    return {
        t.subject.value.rpartition(":")[2]
        for t in mapped(content).triples
        if getattr(t.object, "value", "") == f"{NEC}Statement"  # type: ignore[union-attr]
    }


@pytest.mark.parametrize(
    "content",
    [
        collection(collection(PATIENT), collection(CONDITION, PHQ9)),
        collection(PATIENT, collection(CONDITION), collection(collection(PHQ9))),
        parameters(collection(PATIENT, CONDITION, PHQ9)),
        parameters(PATIENT, CONDITION, PHQ9),
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "who", "resource": PATIENT},
                {"name": "what", "part": parameters(CONDITION, PHQ9)["parameter"]},
            ],
        },
    ],
    ids=["of a batch", "at two depths", "in Parameters", "resources in Parameters", "in parts of Parameters"],
)
def test_what_is_within_counts_as_if_it_stood_there(content: Any) -> None:
    assert statements(content) == statements(collection(PATIENT, CONDITION, PHQ9)) != set()


def test_the_place_of_an_entry_names_the_bundles_that_it_is_in() -> None:
    places = {entry.name: entry.place for entry in mapped(collection(PATIENT, collection(CONDITION))).entries}
    assert places["Condition/c"] == "entry[1].resource.entry[0]"
    with pytest.raises(DocumentationError, match=r"entry\[1\]\.resource\.entry\[0\]: a resource has no resourceType"):
        mapped(collection(PATIENT, collection({})))


def test_one_page_of_several_within_is_told() -> None:
    notes = mapped(collection(PATIENT, collection(CONDITION, **NEXT))).notes
    assert any("one page of several" in note for note in notes)


@pytest.mark.parametrize("parameter", [None, {}, [], [3], [{"name": "a", "valueString": "b"}]])
def test_parameters_without_resources_are_told_by_what_is_missing(parameter: Any) -> None:
    with pytest.raises(DocumentationError, match="no usable Patient"):
        mapped({"resourceType": "Parameters", "parameter": parameter})
