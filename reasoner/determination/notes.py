"""Notes for the reviewer: remarks beside the statuses of a determination, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reasoner.chart.model import Assertion, Case
from reasoner.determination.bearing import Reason, Settlement
from reasoner.determination.inference import Inference
from reasoner.logic.fold import Status
from reasoner.policy.effective import EffectivePolicy
from reasoner.policy.model import CriterionKind
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC


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
    lines = [
        *_about_parameters(policy),
        *_about_age(case, policy),
        *(f"substitution: {substitution.label}" for substitution in policy.substitutions),
        *_about_authors(case),
        *_about_lateness(case, settlement),
        *(
            f"check: {policy.version.lexicon.notes[shape]}"
            for shape in sorted(map(terms.iri, shapes))
            if shape in policy.version.lexicon.notes
        ),
        *_about_findings(case, policy, settlement, inference),
        *_about_evidence(policy, settlement, inference.stated()),
        *_about_opposites(policy, statuses),
        *_about_description(policy, statuses),
        *_about_unasked(policy, settlement),
        *(f"advice: {advice.text}" for advice in policy.version.advice if advice.concerns(case.facts)),
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
    if str(NEC.Provider) in kinds:
        return
    if kinds - {""}:
        yield "author: no document is stated to be a provider's"
    elif kinds and not any(statement.document.author or statement.document.role for statement in case.statements):
        yield "author: no document says who wrote it"


def _about_lateness(case: Case, settlement: Settlement) -> Iterator[str]:
    for statement in case.statements:
        if statement.iri in settlement.late:
            yield f"late entry: {statement.iri} was recorded on {statement.recorded}, after service end"


def _about_findings(case: Case, policy: EffectivePolicy, settlement: Settlement, inference: Inference) -> Iterator[str]:
    """What the policy's vocabulary has to tell of the findings and facts that the statements affirm, if they count at all."""
    noted = policy.version.lexicon.notes
    apart = {item.statement.iri for item in settlement.set_aside if not item.leaf}
    for statement in case.statements:
        if statement.assertion is Assertion.AFFIRMED and statement.iri not in apart:
            named = {terms.iri(name) for name in inference.classes[statement.iri]}
            stated = [fact for fact in inference.facts[statement.iri] if fact[1] != terms.FALSE]
            named.update(*stated)
            yield from (f"note: {noted[name]}: {statement.iri}" for name in sorted(named) if name in noted)


def _about_evidence(
    policy: EffectivePolicy, settlement: Settlement, stated: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    for part in policy.parts.values():
        settled = policy.version.settled_as(part.leaf) if part.kind is CriterionKind.LEAF else ""
        for bearing in settlement.bearings.get(settled, ()):
            details = part.criterion.details
            if part.criterion.speaks_only_from and not bearing.statement.author_kind:
                yield (
                    f"author: what kind of author wrote {bearing.statement.iri} to {part.criterion.id} is not stated; "
                    "it counts"
                )
            if details and bearing.stance is Assertion.AFFIRMED and not stated[bearing.statement.iri] & set(details):
                yield f"attested without detail: {bearing.statement.iri} to {part.criterion.id}"


def _about_opposites(policy: EffectivePolicy, statuses: Mapping[str, Status]) -> Iterator[str]:
    for iri, part in policy.parts.items():
        for other in part.criterion.opposites:
            if iri < other and statuses.get(iri) is statuses.get(other) is Status.MET:
                other_id = policy.version.criteria[other].id
                yield f"opposites: {part.criterion.id} and {other_id} are both affirmed; each stands by itself"


def _about_description(policy: EffectivePolicy, statuses: Mapping[str, Status]) -> Iterator[str]:
    for section in policy.lists:
        for iri in section.criterion.members:
            criterion = policy.version.criteria[iri]
            if not section.excluding and statuses[iri] in (Status.NOT_MET, Status.CONFLICTING):
                yield f"description: {criterion.id} ({criterion.label}) is documented otherwise"


def _about_unasked(policy: EffectivePolicy, settlement: Settlement) -> Iterator[str]:
    """Statements about criteria that this request is not asked, or about none."""
    asked = {*policy.parts, *map(policy.version.settled_as, policy.leaves)}
    unasked = {(iri, b.statement.iri) for iri, own in settlement.bearings.items() for b in own}
    unasked |= {(aside.leaf, aside.statement.iri) for aside in settlement.set_aside if aside.leaf}
    for iri, statement in sorted(unasked):
        criterion = policy.version.criteria[iri]
        if iri not in asked and not criterion.restates:
            yield f"not asked here: {statement} speaks to {criterion.id}"
    for aside in settlement.set_aside:
        if aside.reason is Reason.SILENT:
            yield f"speaks to no criterion: {aside.statement.iri}"
