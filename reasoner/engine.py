"""The engine: documentation in, determinations out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

from rdflib import Graph

from reasoner import explain, justify, native, shacl
from reasoner.configuration import Configuration
from reasoner.decide import Decision, Outcome, Status
from reasoner.documentation import Case
from reasoner.effective import EffectivePolicy, choose_readings, effective_policy
from reasoner.families import FALSE, Family
from reasoner.infer import Inference, infer
from reasoner.intake import read_file, read_graph
from reasoner.load import load_policy
from reasoner.policy import Criterion, Interpretation, Policy, PolicyVersion, Reading, Substitution
from reasoner.program import program
from reasoner.settle import Bearing, SetAside, Settlement, evidence_graph, settle
from reasoner.shacl import Report, ValidationResult
from reasoner.validate import LeafReport, evaluate

Period = tuple[date, date | None, PolicyVersion | None]


class Engine(StrEnum):
    """What classifies charts and validates them; determinations do not depend on it."""

    FAST = "fast"
    """The policy compiled; what cannot be compiled is validated by ``shacl``."""
    REFERENCE = "reference"
    """OWL 2 RL by ``reasonable``, validation by pySHACL."""

    def infer(self, case: Case, version: PolicyVersion) -> Inference:
        """What follows from a case."""
        return program(version).infer(case) if self is Engine.FAST else infer(case, version)

    def evaluate(
        self, version: PolicyVersion, leaves: tuple[str, ...], case: Case, inference: Inference, settlement: Settlement
    ) -> dict[str, LeafReport]:
        """The status of each of some leaves, and the validation results behind it."""
        if self is Engine.FAST:
            return program(version).evaluate(leaves, case, inference, settlement)
        return evaluate(version, leaves, evidence_graph(case, inference, settlement, version), case.iri)

    def describe(self, version: PolicyVersion | None) -> str:
        """What validates the leaves of a version, and in what version."""
        if self is Engine.REFERENCE:
            return shacl.engine_name()
        foreign = program(version).foreign if version else {}
        compiled = f"necessity {software_version()}, compiled"
        return f"{compiled}; {native.engine_name()} for {', '.join(sorted(foreign))}" if foreign else compiled


DEFAULT_ENGINE = Engine.FAST
"""The engine of whoever chooses none."""


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
        """What the shapes say of it, in plain words: of what is contradicted only that, not that it is missing too."""
        contradicted = any(result.severity == "Violation" for result in self.results)
        told = (r.message for r in self.results if not contradicted or r.severity == "Violation")
        return tuple(dict.fromkeys(told))


@dataclass(frozen=True)
class Alternative:
    """What another reading of one passage would give, every other passage read as before."""

    interpretation: Interpretation
    reading: Reading
    outcome: Outcome
    decision: Decision = field(repr=False, compare=False)


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
    readings: tuple[Alternative, ...] = ()
    """Every other reading of every ambiguous passage, each tried alone; empty if they were not asked for."""
    configuration: Configuration | None = None
    """The payer's choice of readings, if there is one."""
    decision: Decision | None = field(default=None, repr=False, compare=False)
    """What the statuses follow from; None if no version was in force."""
    notes: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    engine: Engine = DEFAULT_ENGINE
    engine_version: str = ""
    policy_digest: str = ""

    def status(self, criterion_id: str) -> Status:
        """The status of a criterion by id; raises `KeyError` for one that is not asked here."""
        return self.criterion(criterion_id).status

    def criterion(self, criterion_id: str) -> CriterionResult:
        """The result of a criterion by id; raises `KeyError` for one that is not asked here."""
        for result in self.criteria:
            if result.criterion.id == criterion_id:
                return result
        raise KeyError(f"{criterion_id} is not among the criteria of this determination")

    @property
    def asides(self) -> tuple[SetAside, ...]:
        """All evidence that was considered and set aside: for no criterion in particular, then criterion by criterion."""
        return (*self.set_aside, *(aside for result in self.criteria for aside in result.set_aside))

    @property
    def listed(self) -> tuple[CriterionResult, ...]:
        """The results of items that stand in no section that applies: exclusions and description."""
        sections = self.decision.policy.sections if self.decision else ()
        required = {part.criterion.iri for section in sections for part in section.walk()}
        return tuple(result for result in self.criteria if result.criterion.iri not in required)

    @property
    def holds_under_all_readings(self) -> bool | None:
        """Whether every other reading gives the same outcome; None if they were not tried."""
        return all(a.outcome is self.outcome for a in self.readings) if self.readings else None

    @property
    def chosen(self) -> tuple[Reading, ...]:
        """The readings in force that are not the policy's defaults."""
        if self.decision is None:
            return ()
        defaults = {interpretation.default for interpretation in self.decision.policy.version.interpretations}
        return tuple(reading for reading in self.decision.policy.readings if reading not in defaults)

    @cached_property
    def gaps(self) -> Family:
        """Where documentation is needed: every smallest set of leaf ids whose documentation completes the criteria."""
        return self._justified(justify.gaps, Outcome.DOCUMENTATION_NEEDED)

    @cached_property
    def grounds(self) -> Family:
        """Where the criteria are met: every smallest set of leaf ids that carries it."""
        return self._justified(justify.grounds, Outcome.CRITERIA_MET)

    @cached_property
    def statement_grounds(self) -> Family:
        """Where the criteria are met: every smallest set of statements, by IRI, that carries it."""
        speaking = {r.criterion.iri: [b.statement.iri for b in r.evidence] for r in self.criteria}
        return self._justified(lambda decision: justify.statement_grounds(decision, speaking), Outcome.CRITERIA_MET)

    @cached_property
    def objections(self) -> Family:
        """Where something stands against it: every smallest set of leaf ids that does so by itself."""
        return self._justified(justify.objections, Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)

    @cached_property
    def changes(self) -> Family:
        """Where something stands against it: every smallest set of leaf ids that would have to be otherwise."""
        return self._justified(justify.changes, Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)

    def _justified(self, justification: Callable[[Decision], Family], *outcomes: Outcome) -> Family:
        if self.decision is None or self.outcome not in outcomes:
            return Family(FALSE)
        return justification(self.decision)


def software_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("necessity")
    except PackageNotFoundError:
        return "0+unknown"


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
        configuration: a payer's choice of readings, from `reasoner.configuration.read_configuration`.
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
        after = found.valid_until + timedelta(days=1) if found.valid_until else None
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
    decision = Decision(effective, {leaf: report.status for leaf, report in reports.items()})
    tried = ((passage, reading, Decision(other, decision.leaves)) for passage, reading, other in others)
    return replace(
        base,
        version=found.iri,
        version_id=found.id,
        outcome=decision.outcome,
        criteria=_results(decision, reports, settlement),
        sections=tuple(part.criterion.iri for part in effective.sections),
        substitutions=effective.substitutions,
        readings=tuple(Alternative(passage, reading, other.outcome, other) for passage, reading, other in tried),
        decision=decision,
        notes=explain.notes(case, effective, settlement, decision.statuses, inference.stated()),
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


def report(case: Case, policy: Policy, *, configuration: Configuration | None = None) -> Report | None:
    """The plain SHACL validation report of a case under its effective policy; None if no version is in force."""
    found = policy.version_on(case.start)
    if found is None:
        return None
    inference, settlement, effective = _prepare(case, found, configuration, Engine.REFERENCE)
    return shacl.validate(evidence_graph(case, inference, settlement, found), effective.shapes)


def _results(decision: Decision, reports: dict[str, LeafReport], settlement: Settlement) -> tuple[CriterionResult, ...]:
    found = []
    for iri, part in decision.policy.parts.items():
        leaf = reports.get(iri)
        found.append(
            CriterionResult(
                criterion=part.criterion,
                kind=part.kind.value,
                status=decision.statuses[iri],
                members=tuple(member.criterion.iri for member in part.members),
                evidence=settlement.bearings.get(iri, ()) if leaf else (),
                set_aside=tuple(aside for aside in settlement.set_aside if aside.leaf == iri),
                results=leaf.results if leaf else (),
            )
        )
    return tuple(found)
