"""Difference: what changes from one version of a policy to another, and which determinations change with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import Graph, URIRef
from rdflib.compare import isomorphic
from rdflib.term import Node

from reasoner.chart.model import Case
from reasoner.determination.determine import determine_under
from reasoner.policy.effective import leaf_shapes
from reasoner.policy.model import Criterion, CriterionKind, Interpretation, Policy, PolicyVersion, Reading, Substitution
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, SH


@dataclass(frozen=True)
class Difference:
    """One difference between two versions; `before` or `after` is empty where only the other version has it."""

    kind: str
    """One of `KINDS`."""
    id: str
    """Of a criterion or interpretation; empty for the version as a whole."""
    aspect: str
    before: str
    after: str


KINDS = ("added", "removed", "reworded", "recombined", "retested", "readings", "version")
"""The kinds of difference: a criterion is added or removed, has other words, combines other parts, or its shapes test
something else; a passage has other readings; or the version as a whole differs."""


_OF_EVIDENCE = (
    *("supersededPer", "holdsFor", "population", "deniedByEvery", "pairedBy"),
    *("considers", "countsOver", "countedCodes", "speaksOnlyFrom"),
)
"""Properties of a criterion that say what evidence counts for it, and how."""


@dataclass(frozen=True)
class OutcomeChange:
    """The determination of one request under either version, whatever the dates they are in force."""

    request: str
    before: str
    after: str
    statuses: tuple[tuple[str, str, str], ...]
    """Criterion id with its status before and after where they differ; empty where it is not asked."""

    @property
    def changed(self) -> bool:
        """Whether the outcome or any status differs."""
        return self.before != self.after or bool(self.statuses)


def diff(earlier: PolicyVersion, later: PolicyVersion) -> tuple[Difference, ...]:
    """The differences between two versions of a policy in the order of `KINDS`; criteria are matched by id."""
    differences = [*_criteria(earlier, later), *_passages(earlier, later), *_whole(earlier, later)]
    return tuple(sorted(differences, key=lambda difference: KINDS.index(difference.kind)))


def compare(case: Case, policy: Policy, earlier: PolicyVersion, later: PolicyVersion) -> OutcomeChange:
    """Determine a case under each of two versions of a policy."""
    before, after = (determine_under(case, version, policy) for version in (earlier, later))
    statuses = [{r.criterion.id: r.status.value for r in d.criteria if r.criterion.id} for d in (before, after)]
    return OutcomeChange(
        request=case.iri,
        before=before.outcome.value,
        after=after.outcome.value,
        statuses=tuple(
            (id_, statuses[0].get(id_, ""), statuses[1].get(id_, ""))
            for id_ in dict.fromkeys((*statuses[0], *statuses[1]))
            if statuses[0].get(id_) != statuses[1].get(id_)
        ),
    )


def _criteria(earlier: PolicyVersion, later: PolicyVersion) -> Iterator[Difference]:
    for id_ in dict.fromkeys((*earlier.by_id, *later.by_id)):
        before, after = earlier.by_id.get(id_), later.by_id.get(id_)
        if before is None and after is not None:
            yield Difference("added", id_, "", "", after.label)
        elif after is None and before is not None:
            yield Difference("removed", id_, "", before.label, "")
        elif before is not None and after is not None:
            yield from _compared("reworded", id_, _words(before, earlier), _words(after, later))
            yield from _compared("recombined", id_, _structure(before, earlier), _structure(after, later))
            if CriterionKind.LEAF is before.kind is after.kind:
                yield from _tests(before, earlier, after, later)


def _compared(kind: str, id_: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Difference]:
    for aspect in dict.fromkeys((*before, *after)):
        if before.get(aspect, "") != after.get(aspect, ""):
            yield Difference(kind, id_, aspect, before.get(aspect, ""), after.get(aspect, ""))


def _words(criterion: Criterion, version: PolicyVersion) -> dict[str, str]:
    """The words of a criterion; its citation without the date of the version."""
    return {
        "label": criterion.label,
        "definition": criterion.definition,
        "source": criterion.source.replace(version.valid_from.isoformat(), "…"),
        "ask": criterion.ask,
        "notation": criterion.notation,
    }


def _structure(criterion: Criterion, version: PolicyVersion) -> dict[str, str]:
    """How a criterion combines its parts, and how the engine treats it."""
    flags = ("conditional", "residual")
    return {
        "kind": criterion.kind.value,
        "parts": ", ".join(_name(member, version) for member in criterion.members),
        "asked of": _local(criterion.applies_to or "", version),
        "finding": criterion.finding,
        "treated as": ", ".join(flag for flag in flags if getattr(criterion, flag)),
        "speaks only with": ", ".join(criterion.speaks_only_with),
        "detail": ", ".join(criterion.details),
        "lookback": str(criterion.own_lookback) if criterion.kind is CriterionKind.LEAF else "",
        "period of": criterion.period_of or "",
        **{name: _stated(criterion, name, version) for name in _OF_EVIDENCE},
        "opposites": ", ".join(_name(other, version) for other in criterion.opposites),
    }


def _stated(criterion: Criterion, name: str, version: PolicyVersion) -> str:
    """The values of a property of the core vocabulary."""
    return ", ".join(
        sorted(_local(str(o), version) for o in version.ontology.objects(URIRef(criterion.iri), NEC[name]))
    )


def _tests(before: Criterion, earlier: PolicyVersion, after: Criterion, later: PolicyVersion) -> Iterator[Difference]:
    graphs = _tests_of(before, earlier), _tests_of(after, later)
    if not isomorphic(*graphs):
        yield Difference("retested", before.id, "shapes", "", after.label)
        return
    messages = [_messages(before, earlier), _messages(after, later)]
    if messages[0] != messages[1]:
        yield Difference("reworded", before.id, "messages", " ".join(messages[0]), " ".join(messages[1]))


def _tests_of(leaf: Criterion, version: PolicyVersion) -> Graph:
    """The shapes of a leaf without messages, and without the part of each IRI that names the version."""
    graph = Graph(bind_namespaces="none")
    for subject, predicate, value in leaf_shapes(version, [leaf.iri]):
        if predicate not in (SH.message, SH.name, SH.description):
            graph.add((_neutral(subject, version), _neutral(predicate, version), _neutral(value, version)))
    return graph


def _messages(leaf: Criterion, version: PolicyVersion) -> list[str]:
    return sorted(str(text) for text in leaf_shapes(version, [leaf.iri]).objects(None, SH.message))


def _neutral(term: Node, version: PolicyVersion) -> Node:
    return URIRef(_local(str(term), version)) if isinstance(term, URIRef) else term


def _local(iri: str, version: PolicyVersion) -> str:
    """An IRI without the part that names the version."""
    return iri.replace(version.iri, "urn:version", 1) if iri.startswith(version.iri) else iri


def _name(iri: str, version: PolicyVersion) -> str:
    criterion = version.criteria.get(iri)
    return criterion.id if criterion and criterion.id else _local(iri, version).removeprefix("urn:version/")


def _passages(earlier: PolicyVersion, later: PolicyVersion) -> Iterator[Difference]:
    before, after = ({i.id: i for i in version.interpretations} for version in (earlier, later))
    for id_ in dict.fromkeys((*before, *after)):
        if id_ not in before or id_ not in after:
            labels = [passages[id_].label if id_ in passages else "" for passages in (before, after)]
            yield Difference("readings", id_, "passage", *labels)
            continue
        yield from _compared("readings", id_, _readings(before[id_], earlier), _readings(after[id_], later))


def _readings(interpretation: Interpretation, version: PolicyVersion) -> dict[str, str]:
    return {
        "passage": interpretation.definition,
        "default": f"{interpretation.default.label}: {interpretation.default.definition}",
        **{f"reading {reading.id}": _effect(reading, version) for reading in interpretation.readings},
    }


def _effect(reading: Reading, version: PolicyVersion) -> str:
    return f"{reading.label} ({'; '.join(_replacement(s, version) for s in reading.substitutions) or 'as written'})"


def _replacement(substitution: Substitution, version: PolicyVersion) -> str:
    used = " and ".join(_name(iri, version) for iri in substitution.used) or "nothing"
    when = f" for {_local(substitution.when, version)}" if substitution.when else ""
    return f"{used} in place of {_name(substitution.replaced, version)}{when}"


def _whole(earlier: PolicyVersion, later: PolicyVersion) -> Iterator[Difference]:
    yield from _compared("version", "", _facts(earlier), _facts(later))


def _facts(version: PolicyVersion) -> dict[str, str]:
    ages = version.age_note
    return {
        "label": version.label,
        "in force": f"{version.valid_from} to {version.valid_until or 'open'}",
        "sections": ", ".join(_name(iri, version) for iri in version.sections),
        "lists": ", ".join(
            section.criterion.id + (" (excluding)" if section.excluding else "") for section in version.lists
        ),
        "age of majority": str(version.age_of_majority),
        "assumed stay": f"{stay.value} days" if (stay := version.parameters.get(str(NEC.assumedStay))) else "",
        "ages that carry a note": f"{ages.start} to {ages.stop - 1}" if ages else "",
        **{
            version.lexicon.labels[terms.iri(value.window)]: f"{version.windows[value.iri]} days"
            for axis in version.axes
            for value in axis.values
            if value.window
        },
        "substitutions": "; ".join(_replacement(s, version) for s in version.substitutions),
        "advice": " ".join(advice.text for advice in version.advice),
    }
