"""The engine: documentation in, determinations out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rdflib import Graph

from reasoner import decide, explain, shacl
from reasoner.decide import Outcome, Status
from reasoner.documentation import Case
from reasoner.effective import EffectivePolicy, choose_readings, effective_policy
from reasoner.infer import Inference, infer
from reasoner.intake import read_file, read_graph
from reasoner.policy import Criterion, Policy, PolicyVersion, Substitution, load_policy
from reasoner.settle import Bearing, SetAside, Settlement, evidence_graph, settle
from reasoner.shacl import Report, ValidationResult
from reasoner.validate import LeafReport, evaluate

REFERENCE = "reference"
"""The engine that validates with pySHACL."""


@dataclass(frozen=True)
class CriterionResult:
    """The status of one criterion, with what it rests on; groups rest on their parts and carry no evidence."""

    criterion: Criterion
    kind: str
    """How it is put together in the effective policy: all, any or leaf."""
    status: Status
    members: tuple[str, ...]
    """IRIs of its effective parts."""
    evidence: tuple[Bearing, ...]
    set_aside: tuple[SetAside, ...]
    results: tuple[ValidationResult, ...]

    @property
    def messages(self) -> tuple[str, ...]:
        """What the shapes say of it, in plain words."""
        return tuple(dict.fromkeys(result.message for result in self.results))


@dataclass(frozen=True)
class Determination:
    """What a policy version and the documentation recommend for one request. Advisory: a clinician decides."""

    case: Case
    service_start: date
    service_end: date | None
    """The stretch of service that this determination is for; part of the stay if policy versions change within it."""
    policy: str
    policy_label: str
    version: str | None
    """IRI of the policy version; None if none was in force."""
    version_id: str | None
    outcome: Outcome
    criteria: tuple[CriterionResult, ...] = ()
    """Every group and leaf of the sections that apply, and every item of the list sections, in published order."""
    sections: tuple[str, ...] = ()
    """IRIs of the sections that apply, in published order."""
    substitutions: tuple[Substitution, ...] = ()
    gaps: tuple[tuple[str, ...], ...] = ()
    """Sets of leaf ids; documenting all of one of them completes the determination."""
    grounds: tuple[tuple[str, ...], ...] = ()
    readings: tuple[tuple[str, str, Outcome], ...] = ()
    holds_under_all_readings: bool | None = None
    notes: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    engine: str = REFERENCE
    engine_version: str = ""
    policy_digest: str = ""

    def status(self, criterion_id: str) -> Status:
        """The status of a criterion by id; raises `KeyError` for one that is not asked here."""
        return next((r.status for r in self.criteria if r.criterion.id == criterion_id), None) or _unasked(criterion_id)


def _unasked(criterion_id: str) -> Status:
    raise KeyError(f"{criterion_id} is not among the criteria of this determination")


def software_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("necessity")
    except PackageNotFoundError:
        return "0+unknown"


def determine(
    source: str | Path | Graph, policy: Policy | None = None, *, as_of: date | None = None
) -> tuple[Determination, ...]:
    """Determine every request of a document, in the order of request IRIs and service dates.

    Args:
        source: the path of an RDF file, or an rdflib graph that holds one data set.
        policy: a policy from `load_policy`; by default the one that is installed.
        as_of: the date on whose knowledge to review; by default each request's own, else today.

    Returns:
        One determination a request, and one more for each policy version its service reaches into.

    Raises:
        DocumentationError: the documentation cannot be read or is not well formed.
        PolicyError: the policy is not well formed.
        EngineError: the validation engine did not do what was asked of it.
    """
    policy = policy or load_policy()
    cases = read_graph(source, policy, as_of) if isinstance(source, Graph) else read_file(Path(source), policy, as_of)
    return tuple(determination for case in cases for determination in determine_case(case, policy))


def determine_case(case: Case, policy: Policy) -> tuple[Determination, ...]:
    """The determinations of a case, one for each period of service under one policy version."""
    return tuple(_determine(case, start, end, found, policy) for start, end, found in _periods(case, policy))


def report(case: Case, policy: Policy) -> Report | None:
    """The plain SHACL validation report of a case under its effective policy; None if no version is in force."""
    found = policy.version_on(case.start)
    if found is None:
        return None
    inference, settlement, effective = _prepare(case, found)
    return shacl.validate(evidence_graph(case, inference, settlement, found), effective.shapes)


def _periods(case: Case, policy: Policy) -> Iterator[tuple[date, date | None, PolicyVersion | None]]:
    """The stay, split where another policy version, or none, comes into force; whole without a service end."""
    if case.end is None:
        yield case.start, None, policy.version_on(case.start)
        return
    starts = [case.start]
    for found in policy.versions:
        after = found.valid_until + timedelta(days=1) if found.valid_until else None
        starts += [day for day in (found.valid_from, after) if day and case.start < day <= case.end]
    starts = sorted(set(starts))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield start, following - timedelta(days=1) if following else case.end, policy.version_on(start)


def _prepare(case: Case, found: PolicyVersion) -> tuple[Inference, Settlement, EffectivePolicy]:
    inference = infer(case, found)
    effective = effective_policy(found, inference.request_classes, choose_readings(found))
    return inference, settle(case, inference, found), effective


def _determine(case: Case, start: date, end: date | None, found: PolicyVersion | None, policy: Policy) -> Determination:
    base = Determination(
        case=case,
        service_start=start,
        service_end=end,
        policy=policy.id,
        policy_label=policy.label,
        version=None,
        version_id=None,
        outcome=Outcome.NO_POLICY_VERSION,
        engine_version=shacl.engine_name(),
        policy_digest=policy.digest,
    )
    if found is None:
        return base
    inference, settlement, effective = _prepare(case, found)
    evidence = evidence_graph(case, inference, settlement, found)
    reports = evaluate(found, effective.leaves, evidence, case.iri)
    statuses = decide.statuses(effective, {leaf: r.status for leaf, r in reports.items()})
    outcome = decide.outcome(effective, statuses)
    gaps = ()
    if outcome is Outcome.DOCUMENTATION_NEEDED:
        gaps = (tuple(found.criteria[iri].id for iri in decide.unresolved_leaves(effective, statuses)),)
    return replace(
        base,
        version=found.iri,
        version_id=found.id,
        outcome=outcome,
        criteria=_results(effective, statuses, reports, settlement),
        sections=tuple(part.criterion.iri for part in effective.sections),
        substitutions=effective.substitutions,
        gaps=gaps,
        notes=explain.notes(case, effective, settlement, statuses, inference.stated()),
        set_aside=tuple(aside for aside in settlement.set_aside if not aside.leaf),
    )


def _results(
    effective: EffectivePolicy, statuses: dict[str, Status], reports: dict[str, LeafReport], settlement: Settlement
) -> tuple[CriterionResult, ...]:
    found = []
    for iri, part in effective.parts.items():
        leaf = reports.get(iri)
        found.append(
            CriterionResult(
                criterion=part.criterion,
                kind=part.kind.value,
                status=statuses[iri],
                members=tuple(member.criterion.iri for member in part.members),
                evidence=settlement.bearings.get(iri, ()) if leaf else (),
                set_aside=tuple(aside for aside in settlement.set_aside if aside.leaf == iri),
                results=leaf.results if leaf else (),
            )
        )
    return tuple(found)
