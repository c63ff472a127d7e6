"""FHIR out: valid for every outcome, and never a denial, or an approval, that no person has signed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph

from reasoner import Determination, Policy, determine
from reasoner.chart import intake, sources
from reasoner.cli import main
from reasoner.determination.determine import determine_case
from reasoner.logic.fold import Outcome
from reasoner.render import fhir
from reasoner.render.provenance import iri
from reasoner.review.acts import Disposition, Signed
from tests.conftest import CASES
from tests.explore import examples

FINAL = [act for act in Disposition if act.final]
OPEN = [act for act in Disposition if not act.final]


@pytest.fixture(scope="module")
def of_outcome(policy: Policy) -> dict[Outcome, Determination]:
    """A determination of each outcome."""
    found: dict[Outcome, Determination] = {}
    for name in sources.find([str(CASES / "mp9556")]):
        for case in intake.read(name, policy)[0]:
            for made in determine_case(case, policy, alternatives=False):
                found.setdefault(made.outcome, made)
        if len(found) == len(Outcome):
            break
    return found


def act(determination: Determination, disposition: Disposition, number: int = 0, **told: Any) -> Signed:
    """An act that a person signed, the later the higher its number."""
    return Signed(
        iri=f"urn:act:{number}",
        determination=str(iri(determination)),
        disposition=disposition,
        time=datetime(2026, 5, 1, 9, number, tzinfo=UTC),
        name="R. Example",
        role="physician",
        licence="MO 12345",
        rationale="The record shows it.",
        letter="Please send the safety plan.",
        overrides=(),
        remarks=(),
        service=(determination.service_start, determination.service_end),
        **told,
    )


def resources(determination: Determination, *acts: Signed) -> dict[str, dict[str, Any]]:
    """The resources of the Bundle by type, after the library has read it."""
    bundle = json.loads(Bundle.model_validate_json(fhir.to_text([determination], acts)).model_dump_json())
    found = {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}
    assert len(found) == len(bundle["entry"])
    return found


def action(response: dict[str, Any]) -> str:
    """The code of the review action."""
    ((adjudication,),) = [item["adjudication"] for item in response["item"]]
    ((review,),) = [extension["extension"] for extension in adjudication["extension"]]
    (coding,) = review["valueCodeableConcept"]["coding"]
    assert coding["system"] == "https://codesystem.x12.org/005010/306"
    return coding["code"]


def told(response: dict[str, Any], name: str) -> Any:
    """The value of an extension of this software."""
    (found,) = [e for e in response["extension"] if e["url"].endswith(f"/necessity/fhir/StructureDefinition/{name}")]
    return next((value for key, value in found.items() if key.startswith("value")), found.get("extension"))


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_valid_and_nothing_is_decided(
    of_outcome: dict[Outcome, Determination], outcome: Outcome
) -> None:
    made = of_outcome[outcome]
    found = resources(made)
    response = found["ClaimResponse"]
    assert (response["outcome"], action(response)) == ("partial", "A4")
    assert (told(response, "advisory"), told(response, "outcome")) == (True, outcome.value)
    assert "preAuthPeriod" not in response
    assert response["disposition"].startswith("Advisory: nothing is decided.")
    assert ("Task" in found) == (outcome is Outcome.DOCUMENTATION_NEEDED)
    assert {note["text"] for note in response.get("processNote", ())} == set(made.notes)


def test_the_provider_is_named_by_number_and_name_as_far_as_they_are_stated(policy: Policy) -> None:
    text = (CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl").read_text()
    head, number = "@prefix dcterms: <http://purl.org/dc/terms/> .\n", ':program dcterms:identifier "1234567893" .'
    (named,), (numbered,), (unnamed,) = (
        determine(Graph().parse(data=said, format="turtle"), policy)
        for said in (text, head + text + number, text.replace("nec:program :program .", "."))
    )
    name = {"display": "Bluff Country IOP (invented)"}
    npi = {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}}
    for determination, reference in ((named, name), (numbered, name | npi), (unnamed, None)):
        found = resources(determination)
        assert found["ClaimResponse"].get("requestor") == reference
        assert found["Task"].get("owner") == reference


@given(
    outcome=st.sampled_from(Outcome),
    acts=st.lists(st.tuples(st.sampled_from(Disposition), st.integers(0, 9)), max_size=6, unique_by=lambda one: one[1]),
)
@examples(60)
def test_only_what_a_person_signed_is_adverse_or_certified(
    of_outcome: dict[Outcome, Determination], outcome: Outcome, acts: list[tuple[Disposition, int]]
) -> None:
    made = of_outcome[outcome]
    response = json.loads(fhir.to_text([made], [act(made, *one) for one in acts]))["entry"][0]["resource"]
    signed = {disposition for disposition, _ in acts}
    if action(response) == "A3":
        assert signed & {Disposition.ADVERSE, Disposition.UPHELD}
    if action(response) == "A1":
        assert signed & {Disposition.APPROVED, Disposition.OVERTURNED}
    if not signed & set(FINAL):
        assert action(response) in ("A4", "C")
        assert told(response, "advisory") is True
    assert "denied" not in json.dumps(response).lower()


@pytest.mark.parametrize(
    ("acts", "code"),
    [
        ([Disposition.APPROVED], "A1"),
        ([Disposition.ADVERSE], "A3"),
        ([Disposition.ADVERSE, Disposition.APPEALED], "A3"),
        ([Disposition.ADVERSE, Disposition.APPEALED, Disposition.OVERTURNED], "A1"),
        ([Disposition.ADVERSE, Disposition.APPEALED, Disposition.UPHELD], "A3"),
        ([Disposition.REFERRED_TO_PEER], "A4"),
        ([Disposition.WITHDRAWN], "C"),
    ],
)
@pytest.mark.parametrize("outcome", [Outcome.CRITERIA_MET, Outcome.CRITERIA_NOT_MET, Outcome.DOCUMENTATION_NEEDED])
def test_what_a_person_decided_stands_first(
    of_outcome: dict[Outcome, Determination], outcome: Outcome, acts: list[Disposition], code: str
) -> None:
    made = of_outcome[outcome]
    signed = [act(made, disposition, number) for number, disposition in enumerate(acts)]
    response = resources(made, *signed)["ClaimResponse"]
    assert action(response) == code
    decided = any(disposition.final for disposition in acts)
    assert told(response, "advisory") is not decided
    assert ("preAuthPeriod" in response) == (code == "A1")
    if decided:
        assert response["disposition"].startswith("Decided by R. Example, physician, MO 12345: ")
        assert response["extension"][0]["url"].endswith("/decision")
        assert response["processNote"][0]["text"] == "The record shows it."
        assert told(response, "outcome") == outcome.value


def test_an_outcome_that_depends_on_how_the_policy_is_read_says_so(policy: Policy) -> None:
    (case,) = intake.read(str(CASES / "mp9556" / "adult-admission" / "acute-inpatient-risk.ttl"), policy)[0]
    (made,) = determine_case(case, policy)
    assert made.holds_under_all_readings is False
    response = resources(made)["ClaimResponse"]
    assert told(response, "holdsUnderAllReadings") is False
    other = [r for r in made.readings if r.outcome is not made.outcome and not r.reading.strained]
    notes = [note["text"] for note in response["processNote"]]
    assert notes[: len(other)] == [
        f"Read as {each.reading.id} ({each.reading.title}), the outcome would be {each.outcome.value}" for each in other
    ]
    (untried,) = determine_case(case, policy, alternatives=False)
    assert "holdsUnderAllReadings" not in fhir.to_text([untried])


@pytest.mark.parametrize("blank", ["  ", "\n", "\t \n"])
def test_what_is_blank_is_left_out(of_outcome: dict[Outcome, Determination], policy: Policy, blank: str) -> None:
    made = of_outcome[Outcome.DOCUMENTATION_NEEDED]
    asked = act(made, Disposition.DOCUMENTATION_REQUESTED)
    found = resources(made, Signed(**{**vars(asked), "rationale": blank, "letter": blank}))
    assert "note" not in found["Task"]
    text = (CASES / "mp9556" / "adult-admission" / "nothing-on-supports.ttl").read_text()
    head = "@prefix dcterms: <http://purl.org/dc/terms/> .\n@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    said = f":member dcterms:identifier {blank!r} ; skos:prefLabel {blank!r} . :request dcterms:identifier {blank!r} ."
    (stated,) = determine(Graph().parse(data=head + text + said, format="turtle"), policy)
    response = resources(stated)["ClaimResponse"]
    assert response["patient"]["identifier"]["value"].endswith("#member")
    assert "display" not in response["patient"]
    assert len(response["identifier"]) == 1


def test_a_decision_on_other_days_of_service_decides_nothing(of_outcome: dict[Outcome, Determination]) -> None:
    made = of_outcome[Outcome.CRITERIA_NOT_MET]
    other = act(made, Disposition.ADVERSE)
    elsewhere = Signed(**{**vars(other), "service": (date(2020, 1, 1), date(2020, 1, 31))})
    assert action(resources(made, elsewhere)["ClaimResponse"]) == "A4"


def test_a_task_asks_for_the_smallest_gap_once_a_person_has_signed_it(
    of_outcome: dict[Outcome, Determination],
) -> None:
    made = of_outcome[Outcome.DOCUMENTATION_NEEDED]
    task = resources(made)["Task"]
    assert (task["status"], task["intent"]) == ("draft", "proposal")
    asked = [(i["valueCodeableConcept"]["coding"][0]["code"], i["valueCodeableConcept"]["text"]) for i in task["input"]]
    assert Counter(asked) == Counter((id_, made.criterion(id_).criterion.ask) for id_ in next(iter(made.gaps)))
    signed = resources(made, act(made, Disposition.DOCUMENTATION_REQUESTED), act(made, Disposition.EXTENDED, 1))
    assert (signed["Task"]["status"], signed["Task"]["intent"]) == ("requested", "order")
    assert signed["Task"]["note"] == [{"text": "Please send the safety plan."}]
    assert signed["Task"]["focus"]["reference"].endswith(signed["ClaimResponse"]["id"])
    assert "Task" not in resources(made, act(made, Disposition.APPROVED))


def test_each_request_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str], policy: Policy) -> None:
    charts = [str(path) for path in sorted((CASES / "mp9556" / "dates").glob("*.ttl")) if "expected" not in path.name]
    assert main(["determine", *charts, "--format", "fhir", "--readings", "default"]) == 0
    bundles = [Bundle.model_validate_json(line) for line in capsys.readouterr().out.splitlines()]
    assert len(bundles) == len({case.iri for path in charts for case in intake.read_file(Path(path), policy)})
    kinds = Counter(entry.resource.get_resource_type() for bundle in bundles for entry in bundle.entry)
    assert kinds["ClaimResponse"] > len(bundles), "a stay that crosses versions has a response for each period"
