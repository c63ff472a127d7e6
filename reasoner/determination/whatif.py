"""What-if: what a determination would be if some leaves were documented otherwise. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdflib import Literal, URIRef

from reasoner.determination.addressing import BY_CLASS, root
from reasoner.determination.model import Determination, FactResult
from reasoner.ground.errors import UsageError
from reasoner.logic import justification
from reasoner.logic.fold import Evaluation, Outcome, Status
from reasoner.policy.effective import Part
from reasoner.policy.model import Criterion, CriterionKind
from reasoner.policy.topics import topic_values
from reasoner.rdf import terms
from reasoner.rdf.namespaces import OWL, RDF
from reasoner.rdf.terms import Term

STANCES = {
    "affirmed": Status.MET,
    "denied": Status.NOT_MET,
    "not-applicable": Status.NOT_APPLICABLE,
    "silent": Status.NOT_DOCUMENTED,
}
"""What can be assumed of a leaf, and the status that follows if all current documentation says so."""

_CHOICES = 20
"""How many values an error message names."""


@dataclass(frozen=True)
class StatusChange:
    """A criterion whose status an assumption changes."""

    criterion: Criterion
    before: Status
    after: Status


@dataclass(frozen=True)
class Assumption:
    """A determination under assumptions, beside the one that was made."""

    before: Outcome
    after: Outcome
    changes: tuple[StatusChange, ...]
    """In published order; the assumed leaves among them."""
    readings: tuple[tuple[str, Outcome, Outcome], ...]
    """Id of each other reading that is not strained, with its outcome before and after."""
    evaluation: Evaluation


@dataclass(frozen=True)
class Question:
    """The leaf to ask for next, and what either answer would leave."""

    criterion: Criterion
    ways: int
    """Smallest ways to complete the documentation that the leaf is part of."""
    of: int
    """All the smallest ways."""
    if_affirmed: Outcome
    ways_if_affirmed: int
    if_denied: Outcome
    ways_if_denied: int
    facts: tuple[FactResult, ...] = ()
    """What of the leaf stands open, as `Determination.open_facts` has it."""


def assume(determination: Determination, stances: Mapping[str, str]) -> Assumption:
    """Fold a determination again as if some leaves, or facts of leaves, were documented in given ways.

    What is assumed of a fact changes nothing but its leaf and what follows from that.

    Args:
        determination: a determination under a policy version.
        stances: one of `STANCES` by the id of a leaf, or by the id, a space and what a fact of the leaf is about: its label,
            the local name of its IRI, the IRI, the id of a criterion or, where the record may use its own words, those.

    Raises:
        UsageError: no version was in force, a criterion is not asked here or is a group, a stance is unknown, an
            unconditional leaf is assumed not applicable, a leaf does not ask about such a fact, or something is assumed
            of a leaf and of one of its facts.
    """
    evaluation = determination.evaluation
    if evaluation is None:
        raise UsageError("no policy version is in force, so nothing follows from an assumption")
    assumed: dict[str, Status] = {}
    facts: dict[str, dict[Term, Status]] = {}
    for name, stance in stances.items():
        id_, _, words = name.partition(" ")
        leaf = _leaf(determination, evaluation, id_, stance)
        if words:
            facts.setdefault(leaf.iri, {})[_topic(determination, evaluation, leaf, words)] = STANCES[stance]
        else:
            assumed[leaf.iri] = STANCES[stance]
    if both := facts.keys() & assumed.keys():
        id_ = evaluation.policy.version.criteria[min(both)].id
        raise UsageError(f"something is assumed of {id_} and of one of its facts", mend="Assume one or the other")
    after = evaluation.assuming(assumed, facts)
    return Assumption(
        before=evaluation.outcome,
        after=after.outcome,
        changes=tuple(
            StatusChange(part.criterion, evaluation.statuses[iri], after.statuses[iri])
            for iri, part in evaluation.policy.parts.items()
            if part.criterion.id and evaluation.statuses[iri] is not after.statuses[iri]
        ),
        readings=tuple(
            (other.reading.id, other.outcome, other.evaluation.assuming(assumed, facts).outcome)
            for other in determination.readings
            if not other.reading.strained
        ),
        evaluation=after,
    )


def assumable(determination: Determination) -> dict[str, Criterion]:
    """The leaves of which something can be assumed, by id; those that only another reading asks for are last."""
    evaluation = determination.evaluation
    parts = _parts(determination, evaluation) if evaluation else {}
    return {id_: part.criterion for id_, part in parts.items() if part.kind is CriterionKind.LEAF}


def assumable_facts(determination: Determination, leaf: Criterion) -> dict[Term, str]:
    """What a fact of a leaf can be assumed to be about, with labels: first what the record names, then the other values."""
    named = {
        fact.topic: fact.label
        for result in determination.criteria
        if result.criterion.iri == leaf.iri
        for fact in result.facts
        if fact.topic
    }
    evaluation = determination.evaluation
    if evaluation is None or not leaf.topic:
        return {}
    version = evaluation.policy.version
    if leaf.topic != BY_CLASS:
        return {**named, **{t: label for t, label in topic_values(version, leaf).items() if t not in named}}
    labels, top = version.lexicon.labels, root(leaf, version)
    broader = version.lexicon.relations.broader
    classes = {terms.iri(name): labels.get(terms.iri(name), "") for name, above in broader.items() if top in above}
    return {**named, **{t: classes[t] for t in sorted(classes, key=lambda t: (classes[t], t)) if t not in named}}


def next_question(determination: Determination) -> Question | None:
    """The leaf to ask for next; None where no documentation is needed.

    It is the missing or conflicting leaf that is part of most of the smallest ways to complete the documentation, since
    a denial closes all of those. Among equals, the leaf that is missing under most other readings comes first, then
    the published order.
    """
    evaluation = determination.evaluation
    if evaluation is None or determination.outcome is not Outcome.DOCUMENTATION_NEEDED:
        return None
    occurrences = determination.gaps.occurrences()
    others = [other for other in determination.readings if not other.reading.strained]
    elsewhere = [justification.gaps(other.evaluation).elements for other in others]
    order = [part.criterion for part in evaluation.policy.parts.values() if part.criterion.id in occurrences]
    best = max(order, key=lambda c: (occurrences[c.id], sum(c.id in missing for missing in elsewhere)))
    affirmed, denied = (evaluation.assuming({best.iri: STANCES[stance]}) for stance in ("affirmed", "denied"))
    return Question(
        criterion=best,
        ways=occurrences[best.id],
        of=determination.gaps.count,
        if_affirmed=affirmed.outcome,
        ways_if_affirmed=_ways(affirmed),
        if_denied=denied.outcome,
        ways_if_denied=_ways(denied),
        facts=determination.open_facts(best.id) if determination.criteria else (),
    )


def _ways(evaluation: Evaluation) -> int:
    return justification.gaps(evaluation).count if evaluation.outcome is Outcome.DOCUMENTATION_NEEDED else 0


def _parts(determination: Determination, evaluation: Evaluation) -> dict[str, Part]:
    """The parts of the effective policy by id, and those that only another reading asks for."""
    parts: dict[str, Part] = {}
    for asked in (evaluation, *(other.evaluation for other in determination.readings)):
        for part in asked.policy.parts.values():
            if part.criterion.id:
                parts.setdefault(part.criterion.id, part)
    return parts


def _leaf(determination: Determination, evaluation: Evaluation, id_: str, stance: str) -> Criterion:
    """The leaf of which a stance is to be assumed; raises `UsageError` as `assume` does."""
    part = _parts(determination, evaluation).get(id_)
    if part is None:
        raise UsageError(f"{id_!r} is not asked of this request", mend="`necessity determine` lists what is")
    if part.kind is not CriterionKind.LEAF:
        members = ", ".join(member.criterion.id for member in part.members)
        raise UsageError(f"{id_!r} is a group", mend=f"Assume one of its parts: {members}")
    if stance not in STANCES:
        raise UsageError(f"{stance!r} cannot be assumed of {id_}", mend=f"Choose one of: {', '.join(STANCES)}")
    if STANCES[stance] is Status.NOT_APPLICABLE and not part.criterion.conditional:
        raise UsageError(f"{id_} is unconditional and cannot be assumed not applicable")
    return part.criterion


def _topic(determination: Determination, evaluation: Evaluation, leaf: Criterion, words: str) -> Term:
    """The topic of a leaf that is meant by some words; raises `UsageError` as `assume` does."""
    version, asked = evaluation.policy.version, words.strip().casefold()
    if not leaf.topic:
        raise UsageError(f"{leaf.id} asks about one fact alone", mend=f"Assume {leaf.id} itself")
    known = assumable_facts(determination, leaf)
    for topic, label in known.items():
        name = terms.text(topic)
        criterion = version.criteria.get(name)
        meant = {label, name, terms.local(name), criterion.id if criterion else ""}
        if asked in {one.casefold() for one in meant}:
            return topic
    if leaf.topic != BY_CLASS and (URIRef(leaf.topic), RDF.type, OWL.ObjectProperty) not in version.ontology:
        return terms.of(Literal(asked))
    choices = ", ".join(list(known.values())[:_CHOICES])
    raise UsageError(
        f"{words!r} is nothing that {leaf.id} asks about",
        mend=f"Choose one of: {choices}{', …' if len(known) > _CHOICES else ''}",
    )
