"""Judging: from the status of each fact that a leaf asks about to the status of the leaf, and the evidence that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reasoner.chart.model import Assertion
from reasoner.determination.bearing import Bearing, Fact, Settlement
from reasoner.determination.facts import UNNAMED
from reasoner.logic.fold import FactStatus, LeafFacts, Status
from reasoner.policy.model import Criterion, PolicyVersion, Quantifier
from reasoner.rdf.pyshacl_door import ValidationResult


@dataclass(frozen=True)
class LeafReport:
    """The status of a leaf and the validation results it was read from."""

    status: Status
    results: tuple[ValidationResult, ...]
    facts: LeafFacts | None = None
    """Its facts with their statuses, of a leaf that asks about several."""
    deciding: tuple[Bearing, ...] | None = None
    """The bearings that decide it, of a leaf that asks about several; None if all do."""

    @property
    def fact_statuses(self) -> tuple[FactStatus, ...]:
        """The statuses of its facts; none of a leaf that asks about one."""
        return self.facts.statuses if self.facts else ()


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
    folded = _leaf_facts(version, leaf, settlement, answers)
    status = folded.status
    deciding = [fact for fact in facts if fact.bearings and _decides(version, status, fact, answers)]
    results = tuple(dict.fromkeys(result for fact in deciding for result in answers[fact].results))
    return LeafReport(
        status=status,
        results=() if status is Status.MET else results or silence.results,
        facts=folded,
        deciding=tuple(bearing for fact in deciding for bearing in fact.bearings),
    )


def _decides(version: PolicyVersion, status: Status, fact: Fact, answers: Mapping[Fact, LeafReport]) -> bool:
    """Whether a fact is among those that give its leaf a status."""
    if answers[fact].status is status:
        return True
    of_whole = _is_of_whole(version, answers[fact])
    if status is Status.CONFLICTING and answers[fact].status is Status.MET:
        return of_whole or any(_is_of_whole(version, answer) for answer in answers.values())
    return of_whole and status in (Status.CONFLICTING, Status.NOT_MET)


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


def _leaf_facts(
    version: PolicyVersion, leaf: Criterion, settlement: Settlement, answers: Mapping[Fact, LeafReport]
) -> LeafFacts:
    """The facts of a leaf, with what else its status follows from."""
    return LeafFacts(
        statuses=tuple(FactStatus(fact.topic, report.status) for fact, report in answers.items()),
        every=leaf.holds_for is Quantifier.EVERY,
        conditional=leaf.conditional,
        denied_by_every=leaf.denied_by_every,
        of_whole=frozenset(fact.topic for fact, report in answers.items() if _is_of_whole(version, report)),
        denied=any(fact.topic == UNNAMED and _is_denied(fact) for fact in answers),
        unread=bool(settlement.unread.get(version.settled_as(leaf.iri))),
    )


def _is_denied(fact: Fact) -> bool:
    return any(bearing.stance is Assertion.DENIED for bearing in fact.bearings)


def _is_of_whole(version: PolicyVersion, report: LeafReport) -> bool:
    """Whether what is reported of one fact speaks of its leaf as a whole."""
    return any(result.shape in version.of_whole for result in report.results)
