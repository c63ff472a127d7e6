"""Determining: a chart in, determinations out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path

from rdflib import Graph

from reasoner.chart.intake import read_file, read_graph
from reasoner.chart.model import Case
from reasoner.determination.engine import DEFAULT_ENGINE, Engine
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.inference import Inference
from reasoner.determination.model import Alternative, CriterionResult, Determination
from reasoner.determination.notes import reviewer_notes
from reasoner.determination.settling import Settlement, settle
from reasoner.determination.validation import LeafReport
from reasoner.ground.days import days_after
from reasoner.logic.fold import Evaluation, Outcome
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.effective import EffectivePolicy, choose_readings, effective_policy
from reasoner.policy.loading import load_policy
from reasoner.policy.model import Interpretation, Policy, PolicyVersion, Reading
from reasoner.rdf import pyshacl_door
from reasoner.rdf.pyshacl_door import ValidationReport

Period = tuple[date, date | None, PolicyVersion | None]


def determine(
    source: str | Path | Graph,
    policy: Policy | None = None,
    *,
    as_of: date | None = None,
    configuration: Configuration | None = None,
    alternatives: bool = True,
    engine: Engine = DEFAULT_ENGINE,
) -> tuple[Determination, ...]:
    """Determine every request of a document, in the order of request IRIs and service dates.

    Args:
        source: the path of an RDF file, or an rdflib graph that holds one data set.
        policy: a policy from `load_policy`; by default the one that is installed.
        as_of: the date on whose knowledge to review; by default each request's own, else today.
        configuration: a payer's readings and parameters, from `reasoner.policy.configuration.read_configuration`.
        alternatives: whether to try every other reading of the ambiguous passages too.
        engine: what validates; the determinations are the same.

    Returns:
        One determination a request, and one more for each policy version its service reaches into.

    Raises:
        DocumentationError: the documentation cannot be read or is not well formed.
        PolicyError: the policy is not well formed.
        EngineError: the validation engine did not do what was asked of it.
    """
    policy = policy or load_policy()
    cases = read_graph(source, policy, as_of) if isinstance(source, Graph) else read_file(Path(source), policy, as_of)
    return tuple(
        determination
        for case in cases
        for determination in determine_case(
            case, policy, configuration=configuration, alternatives=alternatives, engine=engine
        )
    )


def determine_case(
    case: Case,
    policy: Policy,
    *,
    configuration: Configuration | None = None,
    alternatives: bool = True,
    engine: Engine = DEFAULT_ENGINE,
) -> tuple[Determination, ...]:
    """The determinations of a case, one for each period of service under one policy version; see `determine`."""
    policy = configured(policy, configuration)
    return tuple(
        _determine(case, policy, period, configuration, alternatives, engine) for period in periods(case, policy)
    )


def determine_under(case: Case, found: PolicyVersion, policy: Policy) -> Determination:
    """The determination of a whole stay under one version of a policy, whatever the dates it is in force."""
    return _determine(case, policy, (case.start, case.end, found), None, False, Engine.FAST)


def periods(case: Case, policy: Policy) -> Iterator[Period]:
    """The stay, split where another policy version, or none, comes into force; whole without a service end."""
    if case.end is None:
        yield case.start, None, policy.version_on(case.start)
        return
    starts = [case.start]
    for found in policy.versions:
        after = days_after(found.valid_until, 1) if found.valid_until else None
        starts += [day for day in (found.valid_from, after) if day and case.start < day <= case.end]
    starts = sorted(set(starts))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield start, following - timedelta(days=1) if following else case.end, policy.version_on(start)


def _determine(
    case: Case,
    policy: Policy,
    period: Period,
    configuration: Configuration | None,
    alternatives: bool,
    engine: Engine,
) -> Determination:
    start, end, found = period
    base = Determination(
        case=case,
        service_start=start,
        service_end=end,
        policy=policy.id,
        policy_label=policy.label,
        version=None,
        version_id=None,
        outcome=Outcome.NO_POLICY_VERSION,
        configuration=configuration,
        engine=engine,
        engine_version=engine.describe(found),
        policy_digest=policy.digest,
    )
    if found is None:
        return base
    inference, settlement, effective = _prepare(case, found, configuration, engine)
    others = other_readings(effective) if alternatives else ()
    leaves = tuple(dict.fromkeys(chain(effective.leaves, *(other.leaves for _, _, other in others))))
    reports = engine.evaluate(found, leaves, case, inference, settlement)
    evaluation = Evaluation(effective, {leaf: report.status for leaf, report in reports.items()})
    tried = ((passage, reading, Evaluation(other, evaluation.leaves)) for passage, reading, other in others)
    return replace(
        base,
        version=found.iri,
        version_id=found.id,
        outcome=evaluation.outcome,
        criteria=_results(evaluation, reports, settlement),
        sections=tuple(part.criterion.iri for part in effective.sections),
        substitutions=effective.substitutions,
        readings=tuple(Alternative(passage, reading, other.outcome, other) for passage, reading, other in tried),
        evaluation=evaluation,
        notes=reviewer_notes(case, effective, settlement, evaluation.statuses, inference.stated()),
        set_aside=tuple(aside for aside in settlement.set_aside if not aside.leaf),
    )


def _prepare(
    case: Case, found: PolicyVersion, configuration: Configuration | None, engine: Engine
) -> tuple[Inference, Settlement, EffectivePolicy]:
    readings = choose_readings(found, configuration.choices(found) if configuration else None)
    inference = engine.infer(case, found)
    effective = effective_policy(found, inference.request_classes, readings)
    return inference, settle(case, inference, found), effective


@lru_cache(maxsize=512)
def other_readings(effective: EffectivePolicy) -> tuple[tuple[Interpretation, Reading, EffectivePolicy], ...]:
    """The effective policy under every other reading of one passage."""
    found = []
    for number, interpretation in enumerate(effective.version.interpretations):
        for reading in interpretation.readings:
            if reading != effective.readings[number]:
                readings = (*effective.readings[:number], reading, *effective.readings[number + 1 :])
                other = effective_policy(effective.version, effective.request_classes, readings)
                found.append((interpretation, reading, other))
    return tuple(found)


def report(case: Case, policy: Policy, *, configuration: Configuration | None = None) -> ValidationReport | None:
    """The plain SHACL validation report of a case under its effective policy; None if no version is in force."""
    found = configured(policy, configuration).version_on(case.start)
    if found is None:
        return None
    inference, settlement, effective = _prepare(case, found, configuration, Engine.REFERENCE)
    return pyshacl_door.validate(evidence_graph(case, inference, settlement, found), effective.shapes)


def _results(
    evaluation: Evaluation, reports: dict[str, LeafReport], settlement: Settlement
) -> tuple[CriterionResult, ...]:
    found = []
    for iri, part in evaluation.policy.parts.items():
        leaf = reports.get(iri)
        found.append(
            CriterionResult(
                criterion=part.criterion,
                kind=part.kind.value,
                status=evaluation.statuses[iri],
                members=tuple(member.criterion.iri for member in part.members),
                evidence=settlement.bearings.get(iri, ()) if leaf else (),
                set_aside=tuple(aside for aside in settlement.set_aside if aside.leaf == iri),
                results=leaf.results if leaf else (),
            )
        )
    return tuple(found)
