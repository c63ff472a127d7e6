"""Judging: from the status of each fact that a leaf asks about to the status of the leaf, and the evidence that decides it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reasoner.chart.model import Assertion
from reasoner.determination.bearing import Bearing, Fact, Settlement
from reasoner.determination.facts import UNNAMED
from reasoner.logic.fold import FactStatus, Status, every_fact, some_fact
from reasoner.policy.model import Criterion, PolicyVersion, Quantifier
from reasoner.rdf.pyshacl_door import ValidationResult


@dataclass(frozen=True)
class LeafReport:
    """The status of a leaf and the validation results it was read from."""

    status: Status
    results: tuple[ValidationResult, ...]
    facts: tuple[FactStatus, ...] = ()
    """The statuses of its facts, of a leaf that asks about several."""
    deciding: tuple[Bearing, ...] | None = None
    """The bearings that decide it, of a leaf that asks about several; None if all do."""


def judge(
    version: PolicyVersion,
    leaf: Criterion,
    settlement: Settlement,
    reports: Mapping[Fact, LeafReport],
    silence: LeafReport,
) -> LeafReport:
    """The report on a leaf that asks about several facts.

    Args:
        version: the policy version.
        leaf: the leaf.
        settlement: the settled evidence.
        reports: what the engine reports of the leaf on the bearings of each fact alone.
        silence: what it reports without evidence.
    """
    facts = settlement.facts.get(version.settled_as(leaf.iri), ())
    # That something is no longer so leaves its fact open; the engine takes it for a denial.
    answers = {
        fact: silence if fact.bearings and all(b.open for b in fact.bearings) else reports.get(fact, silence)
        for fact in facts
    }
    statuses = tuple(FactStatus(fact.topic, answers[fact].status) for fact in facts)
    status = _combined(version, leaf, settlement, answers)
    whole = version.of_whole
    deciding = [
        fact
        for fact in facts
        if fact.bearings
        and (
            answers[fact].status is status
            or (status in (Status.CONFLICTING, Status.NOT_MET) and not whole.isdisjoint(_shapes(answers[fact])))
            or (status is Status.CONFLICTING and answers[fact].status is Status.MET and _any_of_whole(answers, whole))
        )
    ]
    results = tuple(dict.fromkeys(result for fact in deciding for result in answers[fact].results))
    return LeafReport(
        status=status,
        results=results
        if deciding and status is not Status.MET
        else silence.results
        if status is not Status.MET
        else (),
        facts=statuses,
        deciding=tuple(bearing for fact in deciding for bearing in fact.bearings),
    )


def decided(version: PolicyVersion, settlement: Settlement, reports: Mapping[str, LeafReport]) -> Settlement:
    """A settlement with the bearings alone that decide, which is what plain SHACL validation has to see.

    Args:
        version: the policy version.
        settlement: the settled evidence.
        reports: the reports on the leaves of one effective policy.
    """
    deciding = {
        version.settled_as(iri): report.deciding for iri, report in reports.items() if report.deciding is not None
    }
    return replace(settlement, bearings={**settlement.bearings, **deciding})


def _combined(
    version: PolicyVersion, leaf: Criterion, settlement: Settlement, answers: Mapping[Fact, LeafReport]
) -> Status:
    unread = bool(settlement.unread.get(version.settled_as(leaf.iri)))
    statuses = [FactStatus(fact.topic, report.status) for fact, report in answers.items()]
    if leaf.holds_for is Quantifier.EVERY:
        status = every_fact(statuses)
        return Status.NOT_DOCUMENTED if status is Status.MET and unread else status
    if leaf.denied_by_every:
        # A low rating that names no fact says nothing, but that the leaf is denied as a whole does.
        statuses = [
            FactStatus(UNNAMED, Status.NOT_DOCUMENTED)
            if fact.topic == UNNAMED and report.status is Status.NOT_MET and not _is_denied(fact)
            else FactStatus(fact.topic, report.status)
            for fact, report in answers.items()
        ]
    status = some_fact(statuses, conditional=leaf.conditional)
    if _any_of_whole(answers, version.of_whole):
        return Status.CONFLICTING if status in (Status.MET, Status.CONFLICTING) else Status.NOT_MET
    if leaf.denied_by_every and status is Status.NOT_DOCUMENTED and not unread:
        named = [one.status for one in statuses if one.topic != UNNAMED]
        if named and set(named) == {Status.NOT_MET}:
            return Status.NOT_MET
    return status


def _is_denied(fact: Fact) -> bool:
    return any(bearing.stance is Assertion.DENIED for bearing in fact.bearings)


def _any_of_whole(answers: Mapping[Fact, LeafReport], whole: Collection[str]) -> bool:
    return any(not set(whole).isdisjoint(_shapes(report)) for report in answers.values())


def _shapes(report: LeafReport) -> Sequence[str]:
    return [result.shape for result in report.results]
