"""A determination as FHIR R4: a ClaimResponse, and a Task for documentation that is missing.

A determination is advice. A response approves or denies only where a person has signed a decision that does; without one it is
pended, whatever the outcome. The codes stand in ``templates/fhir.json``; the review actions are those of the implementation
guide Da Vinci Prior Authorization Support.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from itertools import groupby
from typing import Any

from reasoner.chart.model import Case
from reasoner.determination.model import Determination
from reasoner.ground.display import plain
from reasoner.logic.fold import Outcome
from reasoner.render.provenance import iri
from reasoner.render.wording import HEADLINE, PART_2_NOTICE, words
from reasoner.review.acts import Disposition, Signed
from reasoner.review.steps import CaseState, History, history, of_period

Resource = dict[str, Any]
"""A resource or a part of one, as JSON values."""


def to_lines(determinations: Iterable[Determination]) -> str:
    """A Bundle for each request, a line of JSON each, in the order of the determinations."""
    by_request = groupby(determinations, key=lambda determination: determination.case.iri)
    return "".join(f"{to_text(list(of_it))}\n" for _, of_it in by_request)


def to_text(determinations: Sequence[Determination], decisions: Sequence[Signed] = (), *, part_2: bool = False) -> str:
    """The Bundle of a request, as JSON on one line; see `to_bundle`."""
    return json.dumps(to_bundle(determinations, decisions, part_2=part_2), ensure_ascii=False)


def to_bundle(
    determinations: Sequence[Determination], decisions: Sequence[Signed] = (), *, part_2: bool = False
) -> Resource:
    """The determinations of one request as a Bundle.

    Args:
        determinations: one for each period of service.
        decisions: what people have signed on the request. Who decided stands first: a decision in force gives the response,
            and the determination is what it was made in view of.
        part_2: whether 42 CFR Part 2 is known to protect the records, whatever the chart says; its notice goes with them.
    """
    entries: list[Resource] = []
    for determination in determinations:
        period = determination.service_start, determination.service_end
        response = _Response(determination, history(of_period(decisions, *period)), part_2=part_2)
        entries += response.entries()
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


@lru_cache(maxsize=1)
def _codes() -> Resource:
    """What responses are written with: codes, code systems and the addresses of extensions."""
    read: Resource = json.loads(resources.files("reasoner.render").joinpath("templates/fhir.json").read_text("utf-8"))
    return read


class _Response:
    """Writes what answers one determination."""

    def __init__(self, determination: Determination, acts: History[Signed], *, part_2: bool) -> None:
        self._determination = determination
        self._case = determination.case
        self._notice = PART_2_NOTICE if part_2 or self._case.has_part2_records else ""
        self._acts = acts
        withdrawn = acts.state is CaseState.WITHDRAWN
        self._decision = None if withdrawn or acts.decision is None else acts.decision.act
        standing = "withdrawn" if withdrawn else self._decision.disposition.value if self._decision else "open"
        self._standing = _codes()["standing"][standing]
        self._iri = str(iri(determination))

    def entries(self) -> Iterator[Resource]:
        """The response, and the Task if documentation is missing."""
        yield _entry(self._iri, self._claim_response())
        asked = self._acts.state is CaseState.DOCUMENTATION_REQUESTED
        missing = self._determination.outcome is Outcome.DOCUMENTATION_NEEDED
        if asked or (missing and self._decision is None and self._acts.state is not CaseState.WITHDRAWN):
            yield _entry(f"{self._iri}#task", self._task(asked=asked))

    def _claim_response(self) -> Resource:
        codes, case, reference = _codes(), self._case, _text(self._case.reference)
        response: Resource = {
            "resourceType": "ClaimResponse",
            "extension": self._extensions(),
            "identifier": [_of_iri(self._iri), *([{"value": reference}] if reference else ())],
            **codes["claimResponse"],
            "patient": _patient(case),
            "created": (self._decision.time.date() if self._decision else case.as_of).isoformat(),
            "insurer": codes["unknown"],
            **({"requestor": _provider(case)} if _provider(case) else {}),
            "request": {"identifier": _of_iri(case.iri)},
            "outcome": self._standing["outcome"],
            "disposition": self._disposition(),
        }
        if self._standing.get("authorizes"):
            response["preAuthPeriod"] = self._period()
        action = codes["reviewAction"]
        code = {"coding": [{"system": action["system"], "code": self._standing["reviewAction"]}]}
        review = {"url": action["url"], "extension": [{"url": action["code"], "valueCodeableConcept": code}]}
        response["item"] = [
            {"itemSequence": 1, "adjudication": [{"extension": [review], "category": codes["category"]}]}
        ]
        rationale = self._decision.rationale if self._decision else ""
        told = map(_text, (self._notice, rationale, *self._readings(), *self._determination.notes))
        if notes := list(filter(None, told)):
            response["processNote"] = [
                {"number": number, "type": "display", "text": note} for number, note in enumerate(notes, start=1)
            ]
        return response

    def _readings(self) -> Iterator[str]:
        """The readings under which the outcome would be another."""
        determination = self._determination
        for tried in determination.readings:
            if tried.outcome is not determination.outcome and not tried.reading.strained:
                yield f"Read as {tried.reading.id} ({tried.reading.title}), the outcome would be {tried.outcome.value}"

    def _extensions(self) -> list[Resource]:
        determination, decision = self._determination, self._decision
        found = [
            _extension("advisory", valueBoolean=decision is None),
            _extension("outcome", valueCode=determination.outcome.value),
            _extension("servicePeriod", valuePeriod=self._period()),
        ]
        if determination.holds_under_all_readings is not None:
            holds = determination.holds_under_all_readings
            found.append(_extension("holdsUnderAllReadings", valueBoolean=holds))
        if determination.version:
            found.append(_extension("policyVersion", valueUri=str(determination.version)))
        if decision:
            signed = [
                {"url": "disposition", "valueCode": decision.disposition.value},
                {"url": "time", "valueDateTime": decision.time.isoformat(timespec="seconds")},
                {"url": "person", "valueString": _text(decision.name)},
                {"url": "role", "valueString": _text(decision.role)},
            ]
            found.insert(0, _extension("decision", extension=signed))
        return found

    def _disposition(self) -> str:
        decision = self._decision
        headline = HEADLINE[self._determination.outcome]
        if decision:
            person = ", ".join(part for part in (decision.name, decision.role, decision.licence) if part)
            return _text(f"Decided by {person}: {words(decision.disposition)}. The determination before it: {headline}")
        if self._acts.state is CaseState.WITHDRAWN:
            return _text(f"The request was withdrawn; nothing is decided. The determination: {headline}")
        return _text(f"Advisory: nothing is decided. The determination: {headline}")

    def _period(self) -> Resource:
        determination = self._determination
        period = {"start": determination.service_start.isoformat()}
        if determination.service_end:
            period["end"] = determination.service_end.isoformat()
        return period

    def _task(self, *, asked: bool) -> Resource:
        """What is asked of the provider: in draft until a person has signed that it is asked."""
        codes, determination = _codes()["task"], self._determination
        missing = [determination.criterion(id_).criterion for id_ in next(iter(determination.gaps), ())]
        task: Resource = {
            "resourceType": "Task",
            "identifier": [_of_iri(f"{self._iri}#task")],
            **codes["requested" if asked else "draft"],
            "code": codes["code"],
            "focus": {"reference": _full_url(self._iri)},
            "for": _patient(self._case),
            "reasonReference": {"identifier": _of_iri(self._case.iri)},
        }
        if provider := _provider(self._case):
            task["owner"] = provider
        if missing:
            task["input"] = [
                {
                    "type": codes["needed"],
                    "valueCodeableConcept": {
                        "coding": [
                            {"system": str(determination.version), "code": leaf.id, "display": _text(leaf.label)}
                        ],
                        "text": _text(leaf.ask or leaf.definition),
                    },
                }
                for leaf in missing
            ]
        letters = [
            step.act.letter.strip()
            for step in self._acts.steps
            if step.act.disposition is Disposition.DOCUMENTATION_REQUESTED and step.act.letter.strip()
        ]
        if asked and letters:
            task["note"] = [{"text": letters[-1]}]
        return task


def _entry(name: str, resource: Resource) -> Resource:
    url = _full_url(name)
    kind = resource.pop("resourceType")
    return {"fullUrl": url, "resource": {"resourceType": kind, "id": url.rpartition(":")[2], **resource}}


def _full_url(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def _of_iri(name: str) -> Resource:
    """An IRI as an identifier."""
    return {"system": _codes()["iris"], "value": name}


def _patient(case: Case) -> Resource:
    """The member: by number and name if the chart states them."""
    number, name = _text(case.member_number), _text(case.member_name)
    reference: Resource = {"identifier": {"value": number} if number else _of_iri(case.member)}
    return {**reference, "display": name} if name else reference


def _provider(case: Case) -> Resource:
    """The provider: by its number and name, as far as the chart states them."""
    number, name = _text(case.provider_npi), _text(case.provider_name)
    reference: Resource = {"identifier": {"system": _codes()["npi"], "value": number}} if number else {}
    return {**reference, "display": name} if name else reference


def _extension(name: str, **value: object) -> Resource:
    return {"url": f"{_codes()['base']}{name}", **value}


def _text(text: str) -> str:
    """Words in which FHIR allows no surrounding white space and no control characters."""
    return plain(text).strip()
