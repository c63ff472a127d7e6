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
    """Decide what each leaf's current documentation is.

    A statement counts if it was recorded by the as-of date and observed within the period under review. Of the
    counted statements to a leaf (to a topic, where the leaf distinguishes topics) those of the latest observed
    date supersede the earlier ones; a late entry, recorded after service end, neither supersedes nor is superseded.
    """
    counted: list[Statement] = []
    aside: list[SetAside] = []
    bound = _period_end(case, version)
    as_of = case.as_of
    for statement in case.statements:
        if statement.recorded > as_of:
            aside.append(SetAside(statement, "", Reason.RECORDED_LATER))
        elif bound is not None and statement.observed > bound:
            aside.append(SetAside(statement, "", Reason.OBSERVED_LATER))
        else:
            counted.append(statement)
    end = case.end
    late = frozenset([s.iri for s in counted if s.recorded > end] if end else ())
    spoken: dict[str, list[Bearing]] = {}
    denied: set[str] = set()
    for statement in counted:
        iri, meaning = statement.iri, statement.meaning
        stance = meaning.assertion
        if stance is Assertion.DENIED:
            denied |= meaning.classes
        heard, refused = _speaks_to(version, inference.classes[iri], meaning)
        if refused:
            aside += [SetAside(statement, leaf, Reason.UNACCEPTED) for leaf in refused]
        for leaf, contrary in heard:
            bearing = Bearing(leaf, statement, Assertion.DENIED if contrary else stance, contrary)
            if leaf in spoken:
                spoken[leaf].append(bearing)
            else:
                spoken[leaf] = [bearing]
    current: dict[str, tuple[Bearing, ...]] = {}
    for iri, bearings in spoken.items():
        first = bearings[0]
        affirmed = first.stance is Assertion.AFFIRMED
        if len(bearings) == 1 and not (affirmed and denied & inference.classes[first.statement.iri]):
            current[iri] = (first,)  # there is nothing beside it or against it
            continue
        court = _LeafSettling(version.leaves[iri], inference, late, counted, frozenset(version.leaf_of))
        kept, gone = court.judge(bearings)
        current[iri] = tuple(sorted(kept, key=_order))
        aside += gone
    used = {bearing.statement.iri for bearings in current.values() for bearing in bearings}
    used.update([a.statement.iri for a in aside])
    aside += [
        SetAside(s, "", Reason.NARROWER if s.assertion is Assertion.DENIED else Reason.SILENT)
        for s in counted
        if s.iri not in used
    ]
    aside.sort(key=lambda a: (a.statement.iri, a.leaf, a.reason))
    return Settlement(bearings=current, set_aside=tuple(aside), late=late)


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
def _speaks_to(
    version: PolicyVersion, classes: frozenset[str], meaning: Meaning
) -> tuple[tuple[tuple[str, bool], ...], tuple[str, ...]]:
    """The leaves that a statement of some classes speaks to, each with whether by its contrary; and those that refuse it."""
    named = sorted({version.leaf_of[name].iri for name in classes if name in version.leaf_of})
    found = [(iri, False) for iri in named]
    if meaning.assertion is Assertion.AFFIRMED:
        findings = {finding for name in classes for finding in version.contraries.get(name, ())}
        found += [(iri, True) for iri in sorted(version.leaf_of[f].iri for f in findings if f in version.leaf_of)]
    heard = [(iri, by) for iri, by in found if set(version.leaves[iri].speaks_only_with) <= meaning.carries]
    return tuple(heard), tuple(iri for iri, by in found if (iri, by) not in heard)


class _LeafSettling:
    """Judges which of the bearings on one leaf are current."""

    def __init__(
        self,
        leaf: Criterion,
        inference: Inference,
        late: frozenset[str],
        counted: list[Statement],
        findings: frozenset[str],
    ) -> None:
        self.leaf = leaf
        self.inference = inference
        self.late = late
        self.findings = findings
        self.narrower = [
            s for s in counted if s.assertion is Assertion.DENIED and leaf.finding not in s.classes and s.classes
        ]

    def judge(self, bearings: list[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        bearings, gone = self._withdraw(bearings)
        topics: dict[frozenset[str], list[Bearing]] = {}
        for bearing in bearings:
            topics.setdefault(self._topic(bearing.statement), []).append(bearing)
        kept: list[Bearing] = []
        for group in topics.values():
            current, superseded = self._supersede(group)
            kept += current
            gone += superseded
        if any(self._undisputed(kept, topic) for topic in topics):
            beside = [b for b in kept if b.stance is Assertion.DENIED and not b.contrary and self._topic(b.statement)]
            kept = [b for b in kept if b not in beside]
            gone += [SetAside(b.statement, self.leaf.iri, Reason.OTHER_TOPIC) for b in beside]
        return kept, gone

    def _topic(self, statement: Statement) -> frozenset[str]:
        """What the statement is about where the leaf distinguishes; empty for a bare attestation."""
        if not self.leaf.topical:
            return frozenset()
        topics = frozenset(terms.name(o) for p, o in self.inference.facts[statement.iri] if p == _TOPIC)
        return topics or statement.classes - self.findings

    def _undisputed(self, bearings: list[Bearing], topic: frozenset[str]) -> bool:
        stances = {b.stance for b in bearings if self._topic(b.statement) == topic}
        return stances == {Assertion.AFFIRMED}

    def _withdraw(self, bearings: list[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        """Take out affirmations whose very finding is denied later; a denial of the same day disputes them."""
        kept: list[Bearing] = []
        gone: list[SetAside] = []
        for bearing in bearings:
            denials = [d for d in self.narrower if self._denies(d, bearing)]
            timely = [d for d in denials if d.iri not in self.late]
            if bearing.statement.iri not in self.late and any(d.observed > bearing.statement.observed for d in timely):
                gone.append(SetAside(bearing.statement, self.leaf.iri, Reason.WITHDRAWN))
                continue
            kept.append(bearing)
            disputing = [d for d in denials if d.observed == bearing.statement.observed or d.iri in self.late]
            kept += [Bearing(self.leaf.iri, d, Assertion.DENIED) for d in disputing]
        return list(dict.fromkeys(kept)), gone

    def _denies(self, denial: Statement, bearing: Bearing) -> bool:
        """Whether a denied finding is one that an affirming statement affirms.

        The finding of a leaf that the statement only implies is that leaf's own matter: denying one part of a
        compound finding leaves the other parts standing.
        """
        if bearing.stance is not Assertion.AFFIRMED:
            return False
        if self.leaf.topical and self._topic(denial) != self._topic(bearing.statement):
            return False
        implied = self.findings - bearing.statement.classes
        return bool(denial.classes & (self.inference.classes[bearing.statement.iri] - implied))

    def _supersede(self, group: list[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        timely = [b.statement.observed for b in group if b.statement.iri not in self.late]
        latest = max(timely, default=None)
        kept = [b for b in group if b.statement.iri in self.late or b.statement.observed == latest]
        gone = [SetAside(b.statement, self.leaf.iri, Reason.SUPERSEDED) for b in group if b not in kept]
        return kept, gone


def _order(bearing: Bearing) -> tuple[str, str, str]:
    return (bearing.statement.observed.isoformat(), bearing.statement.iri, bearing.stance)
