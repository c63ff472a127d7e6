"""A determination as JSON, as `data/schema/determination.json` publishes it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from reasoner.chart.model import Case, Statement, Unread
from reasoner.determination.bearing import Bearing, SetAside
from reasoner.determination.engine import software_version
from reasoner.determination.model import Determination, FactResult
from reasoner.logic.families import Family
from reasoner.rdf import graphs, parsing, terms
from reasoner.rdf.descriptions import describe
from reasoner.rdf.pyshacl_door import ValidationResult

SCHEMA = "https://w3id.org/necessity/schema/determination/1"
"""The identifier of the JSON Schema that a record follows."""

SHOWN = 10
"""How many of the smallest sets of a family are written."""


def to_json(determination: Determination) -> dict[str, Any]:
    """A determination as JSON values that follow `SCHEMA`."""
    case = determination.case
    digests = judged(case)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "request": case.iri,
        "servicePeriod": {
            "start": determination.service_start.isoformat(),
            "end": determination.service_end.isoformat() if determination.service_end else None,
        },
        "policy": {"id": determination.policy, "version": determination.version_id},
        "asOf": case.as_of.isoformat(),
        "outcome": determination.outcome.value,
        "holdsUnderAllReadings": determination.holds_under_all_readings,
        "holdsUnderStrainedReadings": determination.holds_under_strained_readings,
        "readings": [
            {
                "id": tried.interpretation.id,
                "alternative": tried.reading.id.partition("/")[2],
                "outcome": tried.outcome.value,
                "statuses": {
                    criterion.id: status and status.value
                    for criterion, status in determination.differences(tried).items()
                },
            }
            for tried in determination.readings
        ],
        "criteria": [
            {
                "id": result.criterion.id,
                "status": result.status.value,
                "evidence": [_evidence(bearing, digests) for bearing in result.evidence],
                "facts": [_fact(fact) for fact in result.facts],
                "results": [_result(found) for found in result.results],
            }
            for result in determination.criteria
            if result.criterion.id
        ],
        "gaps": smallest(determination.gaps),
        "gapCount": determination.gaps.count,
        "gapFacts": {id_: [_open(fact) for fact in facts] for id_, facts in determination.gap_facts.items()},
        "grounds": smallest(determination.grounds),
        "groundCount": determination.grounds.count,
        "statementGrounds": smallest(determination.statement_grounds),
        "objections": smallest(determination.objections),
        "objectionCount": determination.objections.count,
        "changes": smallest(determination.changes),
        "changeCount": determination.changes.count,
        "setAside": [_set_aside(aside, determination) for aside in determination.asides],
        "unread": [_unread(item) for item in case.unread],
        "notes": list(determination.notes),
        "chosenReadings": [reading.id for reading in determination.chosen],
        "substitutions": [substitution.label for substitution in determination.substitutions],
        "requestClasses": sorted(determination.evaluation.policy.request_classes) if determination.evaluation else [],
        "engine": determination.engine,
        "software": f"necessity {software_version()}",
        "policyDigest": determination.policy_digest,
        "inputDigest": case.digest,
        "judged": digests,
    }
    if determination.code_maps:
        record["codeMaps"] = list(determination.code_maps)
    if configuration := determination.configuration:
        record["configuration"] = {
            "id": configuration.iri,
            "label": configuration.label,
            "digest": configuration.digest,
            "parameters": {parameter.iri: parameter.value for parameter in determination.changed_parameters},
            "lookbacks": {leaf.id: str(leaf.current_lookback) for leaf in determination.changed_lookbacks},
        }
    return record


def smallest(family: Family) -> list[list[str]]:
    """The first `SHOWN` sets of a family, the smallest first."""
    return [list(members) for members in islice(family, SHOWN)]


def judged(case: Case) -> dict[str, str]:
    """The SHA-256 of what a case says of each resource that it describes, by IRI (see `reasoner.rdf.descriptions`).

    Nodes without an IRI of their own are part of what leads to them; a statement, a document or an unread item is described
    by itself all the same.
    """
    own = {s.iri for s in case.statements} | {s.document.iri for s in case.statements} | {i.iri for i in case.unread}
    return {
        resource: graphs.digest(description)
        for resource, description in describe(case.content).items()
        if not resource.startswith(parsing.GENERATED) or resource in own or resource == case.iri
    }


def _evidence(bearing: Bearing, digests: dict[str, str]) -> dict[str, Any]:
    statement = bearing.statement
    return {
        "statement": statement.iri,
        "stance": bearing.stance.slug,
        "document": statement.document.iri,
        "title": statement.document.title,
        "page": statement.page,
        "observed": statement.observed.isoformat(),
        "recorded": statement.recorded.isoformat(),
        "author": statement.document.author,
        "excerpt": statement.excerpt,
        "anchor": _anchor(statement),
        "digest": digests[statement.iri],
    }


def _result(found: ValidationResult) -> dict[str, Any]:
    return {
        "shape": found.shape,
        "severity": found.severity,
        "component": found.component,
        "path": found.path or None,
        "message": found.message,
        "language": found.language or None,
    }


def _set_aside(aside: SetAside, determination: Determination) -> dict[str, Any]:
    ids = {result.criterion.iri: result.criterion.id for result in determination.criteria}
    return {
        "statement": aside.statement.iri,
        "criterion": ids.get(aside.leaf, aside.leaf) or None,
        "reason": aside.reason.value,
        "days": aside.days,
    }


def _anchor(statement: Statement) -> dict[str, Any] | None:
    """Where in its document's text a statement stands, in code points; None if the document has no text."""
    anchor = statement.anchor
    if anchor is None:
        return None
    document = statement.document.iri
    return {"document": document, "text": anchor.text, "page": anchor.page, "start": anchor.start, "end": anchor.end}


def _fact(fact: FactResult) -> dict[str, Any]:
    return {**_open(fact), "evidence": [bearing.statement.iri for bearing in fact.evidence]}


def _open(fact: FactResult) -> dict[str, Any]:
    topic = terms.text(fact.topic) if fact.topic else None
    return {"topic": topic, "label": fact.label, "status": fact.status.value}


def _unread(item: Unread) -> dict[str, Any]:
    return {
        "item": item.iri,
        "kind": item.slug,
        "source": item.source,
        "document": item.document or None,
        "words": item.words,
        "code": item.code or None,
        "observed": item.observed.isoformat() if item.observed else None,
        "recorded": item.recorded.isoformat() if item.recorded else None,
        "reason": item.reason,
    }
