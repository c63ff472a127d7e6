"""A determination: what a policy version and a chart recommend for one request, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from reasoner.chart.model import Assertion, Case, Unread
from reasoner.determination.bearing import Bearing, SetAside
from reasoner.determination.engine import DEFAULT_ENGINE, Engine
from reasoner.logic import justification
from reasoner.logic.families import FALSE, All, AnyOf, Family, Formula
from reasoner.logic.fold import UNRESOLVED, Evaluation, Outcome, Status, pair_status
from reasoner.policy.configuration import Configuration
from reasoner.policy.model import (
    Criterion,
    CriterionKind,
    Interpretation,
    PolicyParameter,
    Quantifier,
    Reading,
    Substitution,
)
from reasoner.rdf import terms
from reasoner.rdf.pyshacl_door import ValidationResult
from reasoner.rdf.terms import Term


@dataclass(frozen=True)
class FactResult:
    """The status of one of the facts that a leaf asks about, such as one of several disorders."""

    topic: Term
    """What it is about; empty for the fact of all statements that do not say."""
    label: str
    """What it is about, in words; empty where the statements do not say."""
    status: Status
    evidence: tuple[Bearing, ...]

    @property
    def in_remission(self) -> bool:
        """Whether all that currently speaks to it says that it is in remission, which leaves it open."""
        return bool(self.evidence) and all(bearing.open for bearing in self.evidence)


_BOTH = "The record says both: current statements affirm it, and others deny it."
_AGAINST = "The record affirms it and speaks against it."


@dataclass(frozen=True)
class CriterionResult:
    """The status of one criterion, with what it rests on; groups rest on their parts and carry no evidence."""

    criterion: Criterion
    kind: CriterionKind
    """How it combines its parts in the effective policy."""
    status: Status
    members: tuple[str, ...]
    """IRIs of its effective parts."""
    evidence: tuple[Bearing, ...]
    set_aside: tuple[SetAside, ...]
    results: tuple[ValidationResult, ...]
    facts: tuple[FactResult, ...] = ()
    """The facts of a leaf that asks about several, each with its own status; the evidence is theirs together."""
    unread: tuple[Unread, ...] = ()
    """The items that could not be read and may be another of its facts, of a leaf that counts them."""

    @property
    def told_apart(self) -> bool:
        """Whether its statements say which of several facts they are about, so that the facts have names to be shown by."""
        return any(fact.topic for fact in self.facts)

    def grounds(self, alternative: str = "") -> Formula:
        """The formula of the sets of statements that are enough for it, where it is a leaf that is met or not applicable.

        Args:
            alternative: IRI of the alternative that it is paired with; empty if it is not paired.
        """
        if not self.facts:
            return AnyOf(tuple(sorted({bearing.statement.iri for bearing in self.evidence})))
        enough = [
            AnyOf(tuple(sorted({bearing.statement.iri for bearing in fact.evidence})))
            for fact in self.facts
            if fact.status is self.status and (not alternative or fact.topic in ("", terms.iri(alternative)))
        ]
        return All(tuple(enough)) if self.criterion.holds_for is Quantifier.EVERY else AnyOf(tuple(enough))

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages of its shapes; where it is contradicted only those that say so, not that it is missing too.

        Each shape knows one side, so of a conflict a message of its own says both; where no statement denies it, the shapes
        say what speaks against it.
        """
        conflicting = self.status is Status.CONFLICTING and not self.members
        if conflicting and any(bearing.stance is Assertion.DENIED for bearing in self.evidence):
            return (_BOTH,)
        contradicted = any(result.severity == "Violation" for result in self.results)
        said = [result.message for result in self.results if not contradicted or result.severity == "Violation"]
        return tuple(dict.fromkeys([_AGAINST, *said] if conflicting else said))


@dataclass(frozen=True)
class Alternative:
    """What another reading of one passage would give, every other passage read as before."""

    interpretation: Interpretation
    reading: Reading
    outcome: Outcome
    evaluation: Evaluation = field(repr=False, compare=False)


@dataclass(frozen=True)
class Determination:
    """What a policy version and the documentation recommend for one request. Advisory: a clinician decides."""

    case: Case
    service_start: date
    service_end: date | None
    """With `service_start`, the period of service; a part of the stay if policy versions change within it."""
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
    """The payer's readings and parameters, if there are any."""
    evaluation: Evaluation | None = field(default=None, repr=False, compare=False)
    """What the statuses follow from; None if no version was in force."""
    notes: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    engine: Engine = DEFAULT_ENGINE
    engine_version: str = ""
    policy_digest: str = ""
    code_maps: tuple[str, ...] = ()
    """The code maps of one's own that were used, each with its digest."""

    def status(self, criterion_id: str) -> Status:
        """The status of a criterion by id; raises `KeyError` for one that is not asked here."""
        return self.criterion(criterion_id).status

    def criterion(self, criterion_id: str) -> CriterionResult:
        """The result of a criterion by id; raises `KeyError` for one that is not asked here."""
        for result in self.criteria:
            if result.criterion.id == criterion_id:
                return result
        raise KeyError(f"{criterion_id} is not among the criteria of this determination")

    def open_facts(self, criterion_id: str, among: Collection[str] = ()) -> tuple[FactResult, ...]:
        """The facts of a leaf that are not documented or conflict; of a leaf that is paired, the alternatives that lack it.

        Args:
            criterion_id: id of a leaf; raises `KeyError` for one that is not asked here.
            among: ids of the leaves that are documented with it, as in one gap; without them an open alternative counts too.
        """
        result, evaluation = self.criterion(criterion_id), self.evaluation
        pairs = [p for p in evaluation.policy.pairs if p.leaf.criterion.id == criterion_id] if evaluation else []
        if evaluation is None or not pairs:
            return tuple(fact for fact in result.facts if fact.topic and fact.status in UNRESOLVED)
        lacking = []
        for pair in pairs:
            other, own = pair.alternative, pair_status(evaluation.leaves, pair)
            status = evaluation.statuses[other.criterion.iri]
            asked = not among or any(part.criterion.id in among for part in other.walk())
            if own in UNRESOLVED and (status is Status.MET or (status in UNRESOLVED and asked)):
                lacking.append(FactResult(terms.iri(other.criterion.iri), other.criterion.label, own, ()))
        return tuple(lacking)

    def differences(self, tried: Alternative) -> dict[Criterion, Status | None]:
        """The criteria whose status another reading changes, in published order, with that status.

        None is the status of a criterion that is not asked under the other reading.
        """
        own, other = self.evaluation, tried.evaluation
        if own is None or other.same_as is own:
            return {}
        parts, before, under = other.policy.parts, own.statuses, other.statuses
        changed = [iri for iri, status in under.items() if before.get(iri) is not status]
        found: dict[Criterion, Status | None] = {
            parts[iri].criterion: under[iri] for iri in changed if parts[iri].criterion.id
        }
        gone = before.keys() - under.keys()
        return found | {r.criterion: None for r in self.criteria if r.criterion.iri in gone and r.criterion.id}

    def is_paired(self, criterion_id: str) -> bool:
        """Whether a leaf is needed by each of several alternatives for itself."""
        policy = self.evaluation.policy if self.evaluation else None
        return policy is not None and any(pair.leaf.criterion.id == criterion_id for pair in policy.pairs)

    @cached_property
    def gap_facts(self) -> dict[str, tuple[FactResult, ...]]:
        """What stands open of the leaves of the gaps that ask about several facts, by id in published order."""
        missing = set(self.gaps.elements)
        found = {r.criterion.id: self.open_facts(r.criterion.id) for r in self.criteria if r.criterion.id in missing}
        return {id_: facts for id_, facts in found.items() if facts}

    @property
    def asides(self) -> tuple[SetAside, ...]:
        """All evidence that was considered and set aside: for no criterion in particular, then criterion by criterion."""
        return (*self.set_aside, *(aside for result in self.criteria for aside in result.set_aside))

    def considered(self, result: CriterionResult) -> tuple[SetAside, ...]:
        """What was considered for one of the criteria and set aside: for it, or for none in particular although it speaks to it."""
        if self.evaluation is None or result.members:
            return result.set_aside
        settled = self.evaluation.policy.version.settled_as(self.evaluation.policy.parts[result.criterion.iri].leaf)
        return (*result.set_aside, *(aside for aside in self.set_aside if settled in aside.would_address))

    @property
    def listed(self) -> tuple[CriterionResult, ...]:
        """The results of items that stand in no section that applies: exclusions and description."""
        sections = self.evaluation.policy.sections if self.evaluation else ()
        required = {part.criterion.iri for section in sections for part in section.walk()}
        return tuple(result for result in self.criteria if result.criterion.iri not in required)

    @property
    def holds_under_all_readings(self) -> bool | None:
        """Whether every other reading that is not strained gives the same outcome; None if they were not tried."""
        return self._holds(strained=False)

    @property
    def holds_under_strained_readings(self) -> bool | None:
        """Whether every strained reading gives the same outcome; None if none was tried."""
        return self._holds(strained=True)

    def _holds(self, *, strained: bool) -> bool | None:
        tried = [a.outcome is self.outcome for a in self.readings if a.reading.strained is strained]
        return all(tried) if tried else None

    @property
    def chosen(self) -> tuple[Reading, ...]:
        """The readings in force that are not the policy's defaults."""
        if self.evaluation is None:
            return ()
        defaults = {interpretation.default for interpretation in self.evaluation.policy.version.interpretations}
        return tuple(reading for reading in self.evaluation.policy.readings if reading not in defaults)

    @property
    def changed_parameters(self) -> tuple[PolicyParameter, ...]:
        """The parameters whose value in force is not the policy's own."""
        if self.evaluation is None:
            return ()
        parameters = self.evaluation.policy.version.parameters.values()
        return tuple(parameter for parameter in parameters if parameter.changed)

    @property
    def changed_lookbacks(self) -> tuple[Criterion, ...]:
        """The leaves of the policy version whose lookback in force is not the policy's own."""
        if self.evaluation is None:
            return ()
        return self.evaluation.policy.version.changed_lookbacks

    @cached_property
    def gaps(self) -> Family:
        """Where documentation is needed: every smallest set of leaf ids whose documentation completes the criteria."""
        return self._justified(justification.gaps, Outcome.DOCUMENTATION_NEEDED)

    @cached_property
    def grounds(self) -> Family:
        """Where the criteria are met: every smallest set of leaf ids that carries it."""
        return self._justified(justification.grounds, Outcome.CRITERIA_MET)

    @cached_property
    def statement_grounds(self) -> Family:
        """Where the criteria are met: every smallest set of statements, by IRI, that carries it."""
        by_leaf = {result.criterion.iri: result for result in self.criteria}
        return self._justified(
            lambda evaluation: justification.statement_grounds(
                evaluation, lambda leaf, alternative: by_leaf[leaf].grounds(alternative)
            ),
            Outcome.CRITERIA_MET,
        )

    @cached_property
    def objections(self) -> Family:
        """Where something stands against it: every smallest set of leaf ids that does so by itself."""
        return self._justified(justification.objections, Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)

    @cached_property
    def changes(self) -> Family:
        """Where something stands against it: every smallest set of leaf ids that would have to be otherwise."""
        return self._justified(justification.changes, Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)

    @cached_property
    def unanswered(self) -> Family:
        """Where something stands against it: what `gaps` would be once the first of `changes` is documented."""
        return self._justified(justification.unanswered, Outcome.CRITERIA_NOT_MET, Outcome.EXCLUDED)

    def _justified(self, find: Callable[[Evaluation], Family], *outcomes: Outcome) -> Family:
        if self.evaluation is None or self.outcome not in outcomes:
            return Family(FALSE)
        return find(self.evaluation)
