"""Notes for the reviewer: remarks beside the statuses of a determination, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from reasoner.chart.model import Assertion, Case
from reasoner.determination.bearing import Reason, Settlement
from reasoner.determination.inference import Inference
from reasoner.logic.fold import Status
from reasoner.policy.effective import EffectivePolicy, Part
from reasoner.policy.model import CriterionKind, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

_PROVIDER = str(NEC.Provider)


def reviewer_notes(
    case: Case,
    policy: EffectivePolicy,
    settlement: Settlement,
    statuses: Mapping[str, Status],
    inference: Inference,
    shapes: Collection[str] = (),
) -> tuple[str, ...]:
    """Remarks that change no status, in a fixed order: on the request, the evidence, the policy.

    Args:
        case: the case.
        policy: its effective policy.
        settlement: its settled evidence.
        statuses: status by IRI of the criterion.
        inference: the classes and facts of its statements.
        shapes: IRIs of the property shapes that an engine reported of the criteria.
    """
    noted = policy.version.lexicon.notes
    properties, values = ({terms.name(fact[place]) for fact in case.facts} for place in (1, 2))
    lines = [
        *_about_parameters(policy),
        *_about_age(case, policy),
        *(f"substitution: {substitution.label}" for substitution in policy.substitutions),
        *_about_authors(case),
        *_about_lateness(case, settlement),
        *(f"check: {noted[shape]}" for shape in sorted(noted.keys() & map(terms.iri, shapes))),
        *_about_findings(case, policy, settlement, inference),
        *_about_evidence(policy, settlement, inference),
        *_about_opposites(policy, statuses),
        *_about_description(policy, statuses),
        *_about_unasked(policy, settlement),
        *(f"advice: {advice.text}" for advice in policy.version.advice if advice.concerns(properties, values)),
    ]
    return tuple(dict.fromkeys(lines))


def _about_parameters(policy: EffectivePolicy) -> Iterator[str]:
    for parameter in policy.version.parameters.values():
        if parameter.changed:
            yield f"configuration: {parameter.label} is {parameter.value} in place of the policy's {parameter.default}"
    for leaf in policy.version.changed_lookbacks:
        yield f"configuration: the lookback of {leaf.id} is {leaf.current_lookback} in place of {leaf.own_lookback}"


def _about_age(case: Case, policy: EffectivePolicy) -> Iterator[str]:
    if case.age() in policy.version.age_note:
        yield (
            f"age: the member is {case.age()} at the start of service; the policy states no age of majority, "
            f"and {policy.version.age_of_majority} is taken"
        )


def _about_authors(case: Case) -> Iterator[str]:
    """That no provider is known to speak; where authors are named and kinds are not, nothing is known either way."""
    kinds = {statement.author_kind for statement in case.statements}
    if _PROVIDER in kinds:
        return
    if kinds - {""}:
        yield "author: no document is stated to be a provider's"
    elif kinds and not any(statement.document.author or statement.document.role for statement in case.statements):
        yield "author: no document says who wrote it"


def _about_lateness(case: Case, settlement: Settlement) -> Iterator[str]:
    for statement in case.statements if settlement.late else ():
        if statement.iri in settlement.late:
            yield f"late entry: {statement.iri} was recorded on {statement.recorded}, after service end"


def _about_findings(case: Case, policy: EffectivePolicy, settlement: Settlement, inference: Inference) -> Iterator[str]:
    """What the policy's vocabulary has to tell of the findings and facts that the statements affirm, if they count at all."""
    apart = {item.statement.iri for item in settlement.set_aside if not item.leaf}
    for statement in case.statements:
        iri = statement.iri
        if statement.assertion is Assertion.AFFIRMED and iri not in apart:
            for note in _notes_on(policy.version, inference.classes[iri], inference.facts[iri]):
                yield f"note: {note}: {iri}"


@lru_cache(maxsize=16384)
def _notes_on(version: PolicyVersion, classes: frozenset[str], facts: tuple[tuple[Term, Term], ...]) -> tuple[str, ...]:
    """What the policy's vocabulary has to tell of some findings and facts, in the order of these."""
    noted = version.lexicon.notes
    named = {*map(terms.iri, classes), *(term for fact in facts if fact[1] != terms.FALSE for term in fact)}
    return tuple(noted[name] for name in sorted(named & noted.keys()))


def _about_evidence(policy: EffectivePolicy, settlement: Settlement, inference: Inference) -> Iterator[str]:
    for part, settled in _of_details_or_authors(policy):
        details = part.criterion.details
        for bearing in settlement.bearings.get(settled, ()):
            iri = bearing.statement.iri
            if part.criterion.speaks_only_from and not bearing.statement.author_kind:
                yield f"author: what kind of author wrote {iri} to {part.criterion.id} is not stated; it counts"
            detailed = any(terms.name(property_) in details for property_, _ in inference.facts[iri])
            if details and not detailed and bearing.stance is Assertion.AFFIRMED:
                yield f"attested without detail: {iri} to {part.criterion.id}"


@lru_cache(maxsize=512)
def _of_details_or_authors(policy: EffectivePolicy) -> tuple[tuple[Part, str], ...]:
    """The leaves that ask for details or for one kind of author, each with the IRI that its statements are settled under."""
    return tuple(
        (part, policy.version.settled_as(part.leaf))
        for part in policy.parts.values()
        if part.kind is CriterionKind.LEAF and (part.criterion.details or part.criterion.speaks_only_from)
    )


def _about_opposites(policy: EffectivePolicy, statuses: Mapping[str, Status]) -> Iterator[str]:
    for iri, other in _opposites(policy):
        if statuses.get(iri) is statuses.get(other) is Status.MET:
            one_id, other_id = (policy.version.criteria[criterion].id for criterion in (iri, other))
            yield f"opposites: {one_id} and {other_id} are both affirmed; each stands by itself"


@lru_cache(maxsize=512)
def _opposites(policy: EffectivePolicy) -> tuple[tuple[str, str], ...]:
    """The IRIs of the criteria that are opposites, each pair once."""
    return tuple((iri, o) for iri, part in policy.parts.items() for o in part.criterion.opposites if iri < o)


def _about_description(policy: EffectivePolicy, statuses: Mapping[str, Status]) -> Iterator[str]:
    for section in policy.lists:
        for iri in section.criterion.members if not section.excluding else ():
            criterion = policy.version.criteria[iri]
            if statuses[iri] in (Status.NOT_MET, Status.CONFLICTING):
                yield f"description: {criterion.id} ({criterion.label}) is documented otherwise"


def _about_unasked(policy: EffectivePolicy, settlement: Settlement) -> Iterator[str]:
    """Statements about criteria that this request is not asked, or about none."""
    asked = _asked(policy)
    unasked = {(iri, b.statement.iri) for iri, own in settlement.bearings.items() if iri not in asked for b in own}
    unasked |= {(a.leaf, a.statement.iri) for a in settlement.set_aside if a.leaf and a.leaf not in asked}
    for iri, statement in sorted(unasked):
        criterion = policy.version.criteria[iri]
        if not criterion.restates:
            yield f"not asked here: {statement} speaks to {criterion.id}"
    for aside in settlement.set_aside:
        if aside.reason is Reason.SILENT:
            yield f"speaks to no criterion: {aside.statement.iri}"


@lru_cache(maxsize=512)
def _asked(policy: EffectivePolicy) -> frozenset[str]:
    """IRIs of the criteria of a policy, and of the leaves that their statements are settled under."""
    return frozenset((*policy.parts, *map(policy.version.settled_as, policy.leaves)))
