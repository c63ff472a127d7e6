"""Settling: which statements are current for which leaf, and which are set aside and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from reasoner.chart.model import Assertion, Case, Meaning, Statement
from reasoner.determination.inference import Inference
from reasoner.ground.days import days_after
from reasoner.ground.errors import DocumentationError
from reasoner.policy.model import Criterion, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC

_TOPIC = terms.of(NEC.topic)


class Reason(StrEnum):
    """Why a statement does not bear on a leaf, or on any."""

    RECORDED_LATER = "recorded after the as-of date"
    OBSERVED_LATER = "observed after the period under review"
    SUPERSEDED = "superseded by a later observation"
    WITHDRAWN = "the same finding is denied later"
    NARROWER = "denying a narrower finding leaves the criterion open"
    OTHER_TOPIC = "denies another diagnosis than the one that is affirmed"
    UNACCEPTED = "not accepted by a reviewer"
    SILENT = "speaks to no criterion"


class Bearing(NamedTuple):
    """A statement as it bears on one leaf; `contrary` if it denies the leaf by affirming its contrary."""

    leaf: str
    statement: Statement
    stance: Assertion
    contrary: bool = False


class SetAside(NamedTuple):
    """A statement that was considered for a leaf (for none in particular if empty) and does not bear on it."""

    statement: Statement
    leaf: str
    reason: Reason


@dataclass(frozen=True)
class Settlement:
    """The current bearings of a case by leaf IRI, and what was set aside."""

    bearings: Mapping[str, tuple[Bearing, ...]]
    set_aside: tuple[SetAside, ...]
    late: frozenset[str]
    """IRIs of the counted statements that were recorded after service end."""


def settle(case: Case, inference: Inference, version: PolicyVersion) -> Settlement:
    """Decide which statements of a case are current for which leaf.

    A statement counts if it was recorded by the as-of date and observed within the period under review. Of the
    counted statements to a leaf (to a topic, where the leaf distinguishes topics) those of the latest observed
    date supersede the earlier ones; a late entry, recorded after service end, neither supersedes nor is superseded.
    """
    counted: list[Statement] = []
    set_aside: list[SetAside] = []
    period_end = _period_end(case, version)
    as_of = case.as_of
    for statement in case.statements:
        if statement.recorded > as_of:
            set_aside.append(SetAside(statement, "", Reason.RECORDED_LATER))
        elif period_end is not None and statement.observed > period_end:
            set_aside.append(SetAside(statement, "", Reason.OBSERVED_LATER))
        else:
            counted.append(statement)
    end = case.end
    late = frozenset([s.iri for s in counted if s.recorded > end] if end else ())
    by_leaf: dict[str, list[Bearing]] = {}
    denied: set[str] = set()
    for statement in counted:
        iri, meaning = statement.iri, statement.meaning
        stance = meaning.assertion
        if stance is Assertion.DENIED:
            denied |= meaning.classes
        addressed, unaccepted = _leaves_addressed(version, inference.classes[iri], meaning)
        if unaccepted:
            set_aside += [SetAside(statement, leaf, Reason.UNACCEPTED) for leaf in unaccepted]
        for leaf, contrary in addressed:
            bearing = Bearing(leaf, statement, Assertion.DENIED if contrary else stance, contrary)
            if leaf in by_leaf:
                by_leaf[leaf].append(bearing)
            else:
                by_leaf[leaf] = [bearing]
    current: dict[str, tuple[Bearing, ...]] = {}
    for iri, bearings in by_leaf.items():
        first = bearings[0]
        affirmed = first.stance is Assertion.AFFIRMED
        if len(bearings) == 1 and not (affirmed and denied & inference.classes[first.statement.iri]):
            current[iri] = (first,)  # the only statement to the leaf, and nothing denies its finding
            continue
        leaf_settling = _LeafSettling(version.leaves[iri], inference, late, counted, frozenset(version.leaf_of))
        settled, set_aside_here = leaf_settling.settle(bearings)
        current[iri] = tuple(sorted(settled, key=_order))
        set_aside += set_aside_here
    considered = {bearing.statement.iri for bearings in current.values() for bearing in bearings}
    considered.update([aside.statement.iri for aside in set_aside])
    set_aside += [
        SetAside(s, "", Reason.NARROWER if s.assertion is Assertion.DENIED else Reason.SILENT)
        for s in counted
        if s.iri not in considered
    ]
    set_aside.sort(key=lambda aside: (aside.statement.iri, aside.leaf, aside.reason))
    return Settlement(bearings=current, set_aside=tuple(set_aside), late=late)


def _period_end(case: Case, version: PolicyVersion) -> date | None:
    """The last day of the period under review; None while the service is open."""
    windows = [version.windows[value] for value in case.axis_values if value in version.windows]
    if not windows:
        return case.end
    end = days_after(case.start, min(windows))
    if end is None:
        raise DocumentationError(
            f"the period under review would end {min(windows)} days after nec:serviceStart, past the end of the calendar",
            where=f"{case.source}: <{case.iri}>",
            mend="Correct nec:serviceStart",
        )
    return end


@lru_cache(maxsize=16384)
def _leaves_addressed(
    version: PolicyVersion, classes: frozenset[str], meaning: Meaning
) -> tuple[tuple[tuple[str, bool], ...], tuple[str, ...]]:
    """The leaves that a statement bears on, and those that it would bear on if a reviewer had accepted it.

    Args:
        version: the policy version.
        classes: the inferred classes of the statement.
        meaning: what the statement says.

    Returns:
        IRIs of leaves, each with whether the statement affirms the leaf's contrary; and IRIs of leaves that demand a
        property (`Criterion.speaks_only_with`) that the statement does not have.
    """
    own = _with_restating(version, {version.leaf_of[name].iri for name in classes if name in version.leaf_of})
    leaves = [(iri, False) for iri in sorted(own)]
    if meaning.assertion is Assertion.AFFIRMED:
        contradicted = {finding for name in classes for finding in version.contraries.get(name, ())}
        stated = {version.leaf_of[finding].iri for finding in contradicted if finding in version.leaf_of}
        denied = stated | (_with_restating(version, stated) - own)
        leaves += [(iri, True) for iri in sorted(denied)]
    accepted = [
        (iri, contrary) for iri, contrary in leaves if set(version.leaves[iri].speaks_only_with) <= meaning.carries
    ]
    return tuple(accepted), tuple(iri for iri, contrary in leaves if (iri, contrary) not in accepted)


def _with_restating(version: PolicyVersion, leaves: set[str]) -> set[str]:
    """Some leaves, and those that restate one of them under a finding class of their own."""
    return leaves.union(*(version.restating.get(iri, ()) for iri in leaves))


class _LeafSettling:
    """The settling of the bearings on one leaf."""

    def __init__(
        self,
        leaf: Criterion,
        inference: Inference,
        late: frozenset[str],
        counted: list[Statement],
        leaf_findings: frozenset[str],
    ) -> None:
        self._leaf = leaf
        self._inference = inference
        self._late = late
        self._leaf_findings = leaf_findings
        self._other_denials = [
            s for s in counted if s.assertion is Assertion.DENIED and leaf.finding not in s.classes and s.classes
        ]
        """Denials of other findings than the leaf's own, narrower ones among them."""

    def settle(self, bearings: list[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        """The current ones of some bearings, and those that are set aside."""
        standing, set_aside = self._withdraw(bearings)
        by_topic: dict[frozenset[str], list[Bearing]] = {}
        for bearing in standing:
            by_topic.setdefault(self._topic(bearing.statement), []).append(bearing)
        current: list[Bearing] = []
        for group in by_topic.values():
            latest, superseded = self._supersede(group)
            current += latest
            set_aside += superseded
        if any(self._is_affirmed_alone(current, topic) for topic in by_topic):
            denials = [
                b for b in current if b.stance is Assertion.DENIED and not b.contrary and self._topic(b.statement)
            ]
            current = [b for b in current if b not in denials]
            set_aside += [SetAside(b.statement, self._leaf.iri, Reason.OTHER_TOPIC) for b in denials]
        return current, set_aside

    def _topic(self, statement: Statement) -> frozenset[str]:
        """The topics of a statement if the leaf distinguishes topics; empty for a bare attestation."""
        if not self._leaf.topical:
            return frozenset()
        topics = frozenset(terms.name(o) for p, o in self._inference.facts[statement.iri] if p == _TOPIC)
        return topics or statement.classes - self._leaf_findings

    def _is_affirmed_alone(self, bearings: list[Bearing], topic: frozenset[str]) -> bool:
        """Whether all bearings on a topic affirm it."""
        return {b.stance for b in bearings if self._topic(b.statement) == topic} == {Assertion.AFFIRMED}

    def _withdraw(self, bearings: list[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        """Set aside affirmations whose finding is denied later; a denial of the same day, or a late one, disputes them.

        Returns:
            The bearings that stand, the disputing denials among them, and what is set aside.
        """
        standing: list[Bearing] = []
        withdrawn: list[SetAside] = []
        for bearing in bearings:
            denials = [denial for denial in self._other_denials if self._denies(denial, bearing)]
            observed = bearing.statement.observed
            later = any(denial.observed > observed for denial in denials if denial.iri not in self._late)
            if later and bearing.statement.iri not in self._late:
                withdrawn.append(SetAside(bearing.statement, self._leaf.iri, Reason.WITHDRAWN))
                continue
            standing.append(bearing)
            disputing = [denial for denial in denials if denial.observed == observed or denial.iri in self._late]
            standing += [Bearing(self._leaf.iri, denial, Assertion.DENIED) for denial in disputing]
        return list(dict.fromkeys(standing)), withdrawn

    def _denies(self, denial: Statement, bearing: Bearing) -> bool:
        """Whether a denial denies a finding that a bearing affirms.

        Findings of other leaves that the bearing's statement only implies do not count: denying one part of a compound
        finding leaves the other parts standing.
        """
        if bearing.stance is not Assertion.AFFIRMED:
            return False
        if self._leaf.topical and self._topic(denial) != self._topic(bearing.statement):
            return False
        implied = self._leaf_findings - bearing.statement.classes
        return bool(denial.classes & (self._inference.classes[bearing.statement.iri] - implied))

    def _supersede(self, group: list[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        """The bearings of the latest observed date and the late entries; the others are superseded."""
        timely = [b.statement.observed for b in group if b.statement.iri not in self._late]
        latest = max(timely, default=None)
        current = [b for b in group if b.statement.iri in self._late or b.statement.observed == latest]
        superseded = [SetAside(b.statement, self._leaf.iri, Reason.SUPERSEDED) for b in group if b not in current]
        return current, superseded


def _order(bearing: Bearing) -> tuple[str, str, str]:
    return (bearing.statement.observed.isoformat(), bearing.statement.iri, bearing.stance)
