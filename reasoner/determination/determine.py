"""Determining a case: its periods of service, the readings that are tried, and what comes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from rdflib import Graph

from reasoner.chart.model import Case
from reasoner.determination.bearing import Fact, SetAside, Settlement
from reasoner.determination.engine import DEFAULT_ENGINE, Engine
from reasoner.determination.evidence_graph import evidence_graph
from reasoner.determination.inference import Inference
from reasoner.determination.judging import LeafReport, decided
from reasoner.determination.model import Alternative, CriterionResult, Determination, FactResult
from reasoner.determination.notes import reviewer_notes
from reasoner.ground.days import days_after
from reasoner.ground.errors import contained
from reasoner.logic.fold import Evaluation, Outcome, Status, fact_for_pair
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.effective import EffectivePolicy, Pair, Part, choose_readings, effective_policy
from reasoner.policy.model import CriterionKind, Interpretation, Policy, PolicyVersion, Reading
from reasoner.rdf import pyshacl_door, terms
from reasoner.rdf.pyshacl_door import ValidationReport
from reasoner.rdf.terms import Term

Period = tuple[date, date | None, PolicyVersion | None]
"""First and last day (None while the service is open), and the policy version in force (None if there is none)."""


def determine_case(
    case: Case,
    policy: Policy,
    *,
    configuration: Configuration | None = None,
    alternatives: bool = True,
    engine: Engine = DEFAULT_ENGINE,
) -> tuple[Determination, ...]:
    """Determine a case, once for each period of its service.

    Args:
        case: a request with its statements.
        policy: the policy, all its versions.
        configuration: a payer's readings and parameters.
        alternatives: whether to try every other reading of the ambiguous passages too.
        engine: what validates; the determinations are the same.

    Returns:
        Determinations in the order of their periods.

    Raises:
        PolicyError: the policy is not well formed.
        EngineError: the validation engine did not do what was asked of it.
        ProgramError: this program failed.
    """
    policy = configured(policy, configuration)
    with contained(case.source):
        return tuple(
            _determine(case, policy, period, configuration, alternatives, engine)
            for period in periods(case.start, case.end, policy)
        )


def determine_under(case: Case, version: PolicyVersion, policy: Policy) -> Determination:
    """The determination of a whole stay under one version of a policy, whether or not it is in force then."""
    return _determine(case, policy, (case.start, case.end, version), None, False, Engine.FAST)


def periods(first: date, last: date | None, policy: Policy) -> Iterator[Period]:
    """The stay, split where another policy version, or none, comes into force; whole without a service end."""
    if last is None:
        yield first, None, policy.version_on(first)
        return
    starts = [first]
    for version in policy.versions:
        after = days_after(version.valid_until, 1) if version.valid_until else None
        starts += [day for day in (version.valid_from, after) if day and first < day <= last]
    starts = sorted(set(starts))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield start, following - timedelta(days=1) if following else last, policy.version_on(start)


def _determine(
    case: Case,
    policy: Policy,
    period: Period,
    configuration: Configuration | None,
    alternatives: bool,
    engine: Engine,
) -> Determination:
    start, end, version = period
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
        engine_version=engine.describe(version),
        policy_digest=policy.digest,
        code_maps=policy.sources.maps_named,
    )
    if version is None:
        return base
    inference, settlement, effective = _prepare(case, version, configuration, engine)
    scope = _scope(effective, alternatives)
    reports = engine.evaluate(version, scope.leaves, case, inference, settlement)
    evaluation, *others = _evaluate(scope, reports)
    return replace(
        base,
        version=version.iri,
        version_id=version.id,
        outcome=evaluation.outcome,
        criteria=_results(evaluation, reports, settlement),
        sections=tuple(part.criterion.iri for part in effective.sections),
        substitutions=effective.substitutions,
        readings=tuple(
            Alternative(passage, reading, other.outcome, other)
            for (passage, reading, _), other in zip(scope.others, others, strict=True)
        ),
        evaluation=evaluation,
        notes=reviewer_notes(
            case, effective, settlement, evaluation.statuses, inference, _reported(effective, reports)
        ),
        set_aside=tuple(aside for aside in settlement.set_aside if not aside.leaf),
    )


def _prepare(
    case: Case, version: PolicyVersion, configuration: Configuration | None, engine: Engine
) -> tuple[Inference, Settlement, EffectivePolicy]:
    readings = choose_readings(version, configuration.choices(version) if configuration else None)
    inference = engine.infer(case, version)
    effective = effective_policy(version, inference.request_classes, readings)
    return inference, engine.settle(case, inference, version), effective


@lru_cache(maxsize=512)
def other_readings(effective: EffectivePolicy) -> tuple[tuple[Interpretation, Reading, EffectivePolicy], ...]:
    """Every other reading of every passage, with the effective policy under it, the other passages read as before."""
    alternatives = []
    for number, interpretation in enumerate(effective.version.interpretations):
        for reading in interpretation.readings:
            if reading != effective.readings[number]:
                readings = (*effective.readings[:number], reading, *effective.readings[number + 1 :])
                other = effective_policy(effective.version, effective.request_classes, readings)
                alternatives.append((interpretation, reading, other))
    return tuple(alternatives)


def report(case: Case, policy: Policy, *, configuration: Configuration | None = None) -> ValidationReport | None:
    """The plain SHACL validation report of a case under its effective policy; None if no version is in force."""
    settled = settle_evidence(case, policy, configuration=configuration)
    return pyshacl_door.validate(settled[0], settled[1].shapes) if settled else None


def settle_evidence(
    case: Case, policy: Policy, *, configuration: Configuration | None = None
) -> tuple[Graph, EffectivePolicy] | None:
    """The settled evidence of a case, and the effective policy whose shapes any SHACL engine can hold it against.

    None if no version is in force. Of a leaf that asks about several facts, the evidence is that of the facts that decide it.
    """
    version = configured(policy, configuration).version_on(case.start)
    if version is None:
        return None
    inference, settlement, effective = _prepare(case, version, configuration, Engine.REFERENCE)
    reports = Engine.REFERENCE.evaluate(version, effective.leaves, case, inference, settlement)
    settlement = decided(version, settlement, reports)
    return evidence_graph(case, inference, settlement, version), effective


def _reported(effective: EffectivePolicy, reports: Mapping[str, LeafReport]) -> frozenset[str]:
    """The property shapes that an engine reported of the leaves of an effective policy."""
    return frozenset(result.shape for leaf in effective.leaves for result in reports[leaf].results)


@dataclass(frozen=True)
class _Scope:
    """What is asked of a case: an effective policy, and those under the other readings that are tried."""

    effective: EffectivePolicy
    others: tuple[tuple[Interpretation, Reading, EffectivePolicy], ...]
    leaves: tuple[str, ...]
    """The leaves of any of them."""
    pairs: tuple[Pair, ...]
    """The pairs of any of them."""


@lru_cache(maxsize=512)
def _scope(effective: EffectivePolicy, alternatives: bool) -> _Scope:
    others = other_readings(effective) if alternatives else ()
    policies = [effective, *(other for _, _, other in others)]
    leaves = dict.fromkeys(leaf for policy in policies for leaf in policy.leaves)
    pairs = {pair.key: pair for policy in policies for pair in policy.pairs}
    return _Scope(effective, others, tuple(leaves), tuple(pairs.values()))


def _evaluate(scope: _Scope, reports: Mapping[str, LeafReport]) -> Iterator[Evaluation]:
    """The evaluation of an effective policy, then those under the other readings, from what an engine reports.

    Another reading often asks the same.
    """
    of_leaves = {leaf: report.status for leaf, report in reports.items()}
    of_facts = {leaf: report.facts for leaf, report in reports.items() if report.facts}
    of_pairs = {pair.key: fact_for_pair(reports[pair.leaf.leaf].fact_statuses, pair) for pair in scope.pairs}

    def evaluate(policy: EffectivePolicy) -> Evaluation:
        return Evaluation(policy, policy.shown(of_leaves) | of_pairs, policy.shown(of_facts))

    evaluation = evaluate(scope.effective)
    yield evaluation
    for _, _, other in scope.others:
        if other.structure is evaluation.policy.structure:
            yield Evaluation(other, evaluation.leaves, evaluation.facts, same_as=evaluation)
        else:
            yield evaluate(other)


def _results(
    evaluation: Evaluation, reports: Mapping[str, LeafReport], settlement: Settlement
) -> tuple[CriterionResult, ...]:
    version, statuses = evaluation.policy.version, evaluation.statuses
    set_aside: dict[str, list[SetAside]] = {}
    for aside in settlement.set_aside:
        set_aside.setdefault(aside.leaf, []).append(aside)

    def result(part: Part, status: Status) -> CriterionResult:
        if part.kind is not CriterionKind.LEAF:
            return _group_result(part, status)
        report, settled = reports[part.leaf], version.settled_as(part.leaf)
        return CriterionResult(
            criterion=part.criterion,
            kind=part.kind,
            status=status,
            members=(),
            evidence=settlement.bearings.get(settled, ()),
            set_aside=tuple(set_aside.get(settled, ())),
            results=report.results,
            facts=_facts(version, report, settlement.facts.get(settled, ())) if report.facts else (),
            unread=settlement.unread.get(settled, ()),
        )

    return tuple([result(part, statuses[iri]) for iri, part in evaluation.policy.parts.items()])


@lru_cache(maxsize=16384)
def _group_result(part: Part, status: Status) -> CriterionResult:
    return CriterionResult(part.criterion, part.kind, status, part.member_iris, (), (), ())


def _facts(version: PolicyVersion, report: LeafReport, facts: tuple[Fact, ...]) -> tuple[FactResult, ...]:
    """The facts of a leaf with their statuses, in the order of their words."""
    bearings = {fact.topic: fact.bearings for fact in facts}
    found = [
        FactResult(fact.topic, _label(version, fact.topic), fact.status, bearings.get(fact.topic, ()))
        for fact in report.fact_statuses
    ]
    return tuple(sorted(found, key=lambda fact: (fact.label, fact.topic)))


def _label(version: PolicyVersion, topic: Term) -> str:
    """What a fact is about, in words; empty for the fact of all statements that do not say."""
    if topic.startswith('"'):
        return terms.text(topic)
    criterion = version.criteria.get(terms.name(topic)) if topic else None
    label = criterion.label if criterion else version.lexicon.labels.get(topic, "")
    return label or (terms.words(terms.local(terms.name(topic))) if topic else "")
