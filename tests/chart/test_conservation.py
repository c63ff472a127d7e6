"""Nothing of a record vanishes and nothing is doubled: what its JSON says is a statement, an unread item or a note.

`tests/chart/conservation.py` lists what is said without `reasoner`.
"""

from __future__ import annotations

import copy
import json
import random
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from reasoner.chart import intake
from reasoner.chart.fhir.mapping import MappedBundle, map_bundle, map_bundles
from reasoner.chart.fhir.request import RequestOptions
from reasoner.ground.errors import NecessityError
from reasoner.policy.loading import load_policy
from tests.chart import bundles
from tests.chart.bundles import INPUTS, LOINC, NEC, OPTIONS, coded, with_
from tests.chart.conservation import Json, said_in
from tests.chart.test_fhir_answers import FORM
from tests.chart.test_fhir_instruments import PRAPARE
from tests.chart.test_fhir_unmapped import ALLERGY, BENEFIT, FAMILY, RISK, TOLD
from tests.chart.test_unread import LAB
from tests.explore import examples

ALL = RequestOptions(OPTIONS.axis_values, "2025-06-02", None, "US-MO", "1980-01-01")
BENEATH = re.compile(r"[#.](component|item)\.")
"""What stands beneath a node is an item by itself."""
UNDERSTOOD = re.compile(
    r"entered in error|cancelled|about someone other|merged into|the same as|later version|not done|it was refused|no answers|revoked|stated elsewhere|not taken|asked not to"
)
"""Why an item is neither a statement nor unread: it was understood, and counts for nothing."""
DERIVED, TYPE = "http://www.w3.org/ns/prov#wasDerivedFrom", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


class Chart:
    """What a bundle became, by node: what each item was made of."""

    def __init__(self, mapped: MappedBundle) -> None:
        self.mapped = mapped
        self.facts: dict[str, dict[str, list[str]]] = {}
        for triple in mapped.triples:
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                facts = self.facts.setdefault(triple.subject.value, {})
                facts.setdefault(triple.predicate.value, []).append(triple.object.value)

    def items(self, kind: str) -> list[str]:
        return [node for node, facts in self.facts.items() if f"{NEC}{kind}" in facts.get(TYPE, [])]

    def became(self, iri: str, path: str) -> tuple[list[str], list[str]]:
        """The statements and the unread items of a node of a resource; of the resource itself, of all nodes in it."""
        start = f"{iri}#{path}" if path else iri

        def made(node: str) -> bool:
            names = [node, *self.facts[node].get(DERIVED, [])]
            return any(name == start or name.startswith((f"{start}.", f"{start}#")) for name in names)

        return [n for n in self.items("Statement") if made(n)], [n for n in self.items("Unread") if made(n)]

    def noted(self, name: str) -> bool:
        entry = next(entry for entry in self.mapped.entries if entry.name == name)
        notes = (*self.mapped.notes_by_resource.get(entry.iri, ()), entry.left_out)
        return any(UNDERSTOOD.search(note) for note in notes)


def mapped_of(bundle: Json) -> MappedBundle:
    return map_bundle(json.dumps(bundle).encode(), "x", intake.vocabulary(load_policy("mp9556")), ALL)


def losses(bundle: Json) -> list[str]:
    """What vanished, was doubled, or lost its words."""
    chart = Chart(mapped_of(bundle))
    iris = {entry.name: entry.iri.value for entry in chart.mapped.entries}
    wrong = []
    for said in said_in(bundle):
        statements, unread = chart.became(iris[said.resource], said.path)
        own = [item for item in unread if item == f"{iris[said.resource]}#{said.path and said.path + '.'}unread"]
        where = f"{said.resource} {said.path}"
        if not statements and not unread and not chart.noted(said.resource):
            wrong.append(f"{where}: it vanished")
        start = f"{iris[said.resource]}#{said.path}" if said.path else iris[said.resource]
        itself = [made for made in statements if not BENEATH.match(made.removeprefix(start))]
        if own and itself:
            wrong.append(f"{where}: it is a statement and an unread item")
        words = " ".join(text for item in own for text in chart.facts[item].get(f"{NEC}words", []))
        if own and said.words and not any(text in words for text in said.words):
            wrong.append(f"{where}: its words are lost: {words}")
    return wrong


@pytest.mark.skipif(not INPUTS.is_dir(), reason="the shared inputs are not here")
@pytest.mark.parametrize("path", sorted(INPUTS.glob("*.json")), ids=lambda path: path.stem)
def test_nothing_of_a_real_bundle_vanishes_or_is_doubled(path: Path) -> None:
    assert losses(json.loads(path.read_bytes())) == []


RESOURCES: list[Json] = [
    value
    for value in vars(bundles).values()
    if isinstance(value, dict) and "resourceType" in value and value["resourceType"] not in ("Patient", "Practitioner")
]
VALUES: list[Json] = [
    *RESOURCES,
    LAB,
    FORM,
    PRAPARE,
    with_(LAB, code={"text": "words"}),
    with_(LAB, code=None),
    with_(LAB, status="preliminary"),
    with_(LAB, status="entered-in-error"),
    with_(LAB, effectiveDateTime="2025-05"),
    with_(
        LAB,
        valueQuantity=None,
        component=[{"code": coded(LOINC, "8480-6"), "valueInteger": 1}, {"code": {"text": "b"}}],
    ),
    with_(LAB, subject={"display": "somebody"}),
    with_(LAB, subject={"reference": "Patient/nowhere"}),
    with_(bundles.CONDITION, code={"text": "words"}),
    with_(bundles.CONDITION, code=coded("http://local.example", "X")),
    with_(bundles.CONDITION, code=coded(bundles.ICD10CM, "f33.1", "J45.909")),
    with_(bundles.CONDITION, recordedDate="2025"),
    with_(bundles.PRESCRIPTION, medicationCodeableConcept={"text": "a syrup"}),
    with_(bundles.PROCEDURE, code={"text": "something done"}),
    with_(bundles.ORDER, code={"text": "something asked for"}),
    with_(bundles.GIVEN, medicationCodeableConcept={"text": "a syrup"}),
    with_(bundles.DISPENSED, status="in-progress"),
    with_(bundles.FLAG, code=coded(bundles.SNOMED, "32911000")),
    with_(bundles.FLAG, status="entered-in-error"),
    with_(bundles.GOAL, achievementStatus=coded("http://terminology.hl7.org/CodeSystem/goal-achievement", "improving")),
    with_(bundles.REPORT, conclusionCode=[{"text": "low mood"}], presentedForm=[{"title": "Letter"}, {}]),
    with_(bundles.REPORT, status="preliminary"),
    with_(bundles.ENCOUNTER, reasonCode=[coded(bundles.ICD10CM, "F33.1"), {"text": "feels worse"}]),
    bundles.INFORMED,
    *(ALLERGY, FAMILY, RISK, TOLD, BENEFIT),
    with_(FAMILY, condition=None),
    with_(RISK, prediction=None),
    with_(TOLD, payload=None),
    with_(bundles.CONDITION, code=coded(bundles.ICD10CM, "F33.1", "F41.1")),
    bundles.CONDITION | {"modifierExtension": [{"url": "http://example.org/altered"}]},
]


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_no_item_vanishes_or_is_doubled(number: int) -> None:
    assert losses(whole([VALUES[number]])) == []


def whole(resources: list[Json]) -> Json:
    entries = [{"resource": copy.deepcopy(resource)} for resource in (bundles.PATIENT, bundles.DOCTOR, *resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


# ---------------------------------------------------------------- laws


def content(mapped: MappedBundle, without: re.Pattern[str] = re.compile("$^")) -> list[tuple[Any, ...]]:
    """What the statements and unread items of a bundle say, without IRIs of the bundle's own and what matches in their words."""
    chart = Chart(mapped)
    found = []
    for kind in ("Statement", "Unread"):
        for node in chart.items(kind):
            facts = {
                (name, without.sub("", value))
                for name, values in chart.facts[node].items()
                for value in values
                if not value.startswith(("urn:necessity:", "http://example.org/", "urn:uuid:"))
                and name != f"{NEC}about"
            }
            found.append((kind, *sorted(facts)))
    return sorted(found)


@st.composite
def records(draw: st.DrawFn) -> Json:
    """Some resources under ids of their own."""
    chosen = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=5))
    return whole([with_(resource, id=f"r{number}") for number, resource in enumerate(chosen)])


def renamed(bundle: Json, seed: int) -> Json:
    """The same with other ids, every reference changed with them, and a fullUrl for each resource."""
    text = json.dumps(bundle)
    names = [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]]
    changed = json.loads(text)
    new = {name: f"{name.split('/')[0]}/n{number + seed}" for number, name in enumerate(names)}

    def walk(value: Any) -> None:
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)
        if isinstance(value, dict) and value.get("reference") in new:
            value["reference"] = new[value["reference"]]

    walk(changed)
    for entry, name in zip(changed["entry"], names, strict=True):
        entry["resource"]["id"] = new[name].split("/")[1]
        entry["fullUrl"] = f"http://example.org/{new[name]}"
    return changed


@examples(25)
@given(bundle=records(), seed=st.integers(1, 99))
def test_order_and_names_make_no_difference(bundle: Json, seed: int) -> None:
    before = content(mapped_of(bundle))
    shuffled = copy.deepcopy(bundle)
    random.Random(seed).shuffle(shuffled["entry"])
    assert content(mapped_of(shuffled)) == before
    assert content(mapped_of(renamed(bundle, seed))) == before


@examples(25)
@given(bundle=records())
def test_whether_the_author_is_contained_makes_no_difference(bundle: Json) -> None:
    """The Practitioner in each resource that names one, in place of an entry."""
    inside = copy.deepcopy(bundle)
    text = json.dumps(bundles.BY)
    for entry in inside["entry"][2:]:
        if text in json.dumps(entry["resource"]):
            resource = json.loads(json.dumps(entry["resource"]).replace(text, '{"reference": "#d"}'))
            entry["resource"] = resource | {"contained": [bundles.DOCTOR]}
    assert content(mapped_of(inside)) == content(mapped_of(bundle))


@examples(25)
@given(bundle=records(), seed=st.integers(1, 99))
def test_whether_a_resource_is_contained_makes_no_difference(bundle: Json, seed: int) -> None:
    """A resource within another, the references to it and from it changed."""
    inside = copy.deepcopy(bundle)
    resources = [entry["resource"] for entry in inside["entry"][2:]]
    chance = random.Random(seed)
    holder, held = chance.sample(resources, 2) if len(resources) > 1 else (None, None)
    if holder and held and not held.get("contained"):
        text = json.dumps(f"{held['resourceType']}/{held['id']}")
        inside["entry"] = [entry for entry in inside["entry"] if entry["resource"] is not held]
        holder |= {"contained": [*holder.get("contained", []), held | {"id": "in"}]}
        whole = json.dumps(holder).replace(text, '"#in"')
        holder |= json.loads(whole)
    assert content(mapped_of(inside)) == content(mapped_of(bundle))


INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})")


@examples(25)
@given(bundle=records(), hours=st.integers(-12, 14))
def test_an_instant_at_another_offset_makes_no_difference_on_the_same_day(bundle: Json, hours: int) -> None:
    """Where the day at the other offset is another one, that day counts, as the next test says."""

    def shifted(match: re.Match[str]) -> str:
        there = datetime.fromisoformat(match[0]).astimezone(timezone(timedelta(hours=hours)))
        return there.isoformat() if there.date().isoformat() == match[0][:10] else match[0]

    moved = json.loads(INSTANT.sub(shifted, json.dumps(bundle)))
    assert content(mapped_of(moved), without=INSTANT) == content(mapped_of(bundle), without=INSTANT)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2025-05-31T23:30:00-05:00", "2025-05-31"),
        ("2025-06-01T04:30:00Z", "2025-06-01"),
        ("2025-06-01T06:30:00+02:00", "2025-06-01"),
    ],
)
def test_a_day_is_the_one_at_the_offset_that_is_written(instant: str, day: str) -> None:
    for resource in (LAB, bundles.PHQ9):
        chart = Chart(mapped_of(whole([with_(resource, effectiveDateTime=instant)])))
        (item,) = chart.items("Statement") + chart.items("Unread")
        assert chart.facts[item][f"{NEC}observed"] == [day]


@examples(15)
@given(several=st.lists(records(), min_size=2, max_size=4))
def test_many_bundles_in_one_store_give_what_each_gives_alone(several: list[Json]) -> None:
    documents = [(json.dumps(bundle).encode(), str(number)) for number, bundle in enumerate(several)]
    together = map_bundles(documents, intake.vocabulary(load_policy("mp9556")), ALL)
    for bundle, found in zip(several, together, strict=True):
        assert not isinstance(found, NecessityError)
        assert found.triples == mapped_of(bundle).triples
