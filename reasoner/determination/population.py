"""The current facts of a leaf's population: what stands beside what, and the facts that another leaf rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from reasoner.chart.model import Assertion, Case, Unread
from reasoner.determination.addressing import root
from reasoner.determination.bearing import Bearing, Fact, Reason, SetAside
from reasoner.determination.facts import UNNAMED, Groups
from reasoner.determination.inference import Inference
from reasoner.determination.periods import Period
from reasoner.policy.code_systems import CodeRange, plain_code
from reasoner.policy.lexicon import Lexicon
from reasoner.policy.model import Criterion, PolicyVersion, Quantifier
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC
from reasoner.rdf.terms import Term

_BESIDE, _BESIDE_PRIMARY, _UNREAD_BESIDE = map(terms.of, (NEC.beside, NEC.besidePrimary, NEC.unreadBeside))
_PRIMARY = terms.of(NEC.primary)
DERIVED = frozenset((_BESIDE, _BESIDE_PRIMARY, _UNREAD_BESIDE))
"""The properties that tell of a fact what stands beside it."""


class Population:
    """The settled facts of a leaf that is its own population.

    Args:
        leaf: the leaf.
        facts: its settled facts.
        groups: all counted bearings on the leaf by fact.
        resolved: the fact that each class stands for.
        version: the policy version.
        inference: the classes and facts of the statements.
        late: IRIs of the late entries.
        unread: whether the record holds an item that could not be read and could be another fact.
    """

    def __init__(
        self,
        leaf: Criterion,
        facts: Sequence[Fact],
        groups: Groups,
        resolved: Mapping[Term, Term],
        version: PolicyVersion,
        inference: Inference,
        late: frozenset[str],
        unread: bool,
    ) -> None:
        self._facts = {fact.topic: fact for fact in facts}
        self._groups = groups
        self.resolved = resolved
        self._version = version
        self._inference = inference
        self._late = late
        self._unread = unread
        self._root = root(leaf, version)

    def rated(self, leaf: Criterion, groups: Groups, case: Case, unread: bool) -> tuple[Groups, list[SetAside]]:
        """The bearings on a leaf that rates the population, by fact; every current fact of the kind under review has a group.

        What is said without a name is about the only fact that there is, if the record was understood.

        Args:
            leaf: the leaf that rates.
            groups: its bearings by fact.
            case: the case, for its axis values.
            unread: whether the record holds an item that could be another fact.
        """
        others = [name for value, name in leaf.judges_none if value in case.axis_values]
        current = [
            topic for topic, fact in self._facts.items() if _affirmed(fact) and not self._is_within(topic, others)
        ]
        named = [topic for topic in current if topic != UNNAMED] or [terms.iri(self._root)] * (UNNAMED in current)
        rated: Groups = {}
        aside: list[SetAside] = []
        for topic, bearings in groups.items():
            fact = self._facts.get(topic)
            if topic != UNNAMED and self._is_within(topic, others):
                aside += [SetAside(bearing.statement, leaf.iri, Reason.OTHER_KIND) for bearing in bearings]
            elif fact and not _affirmed(fact) and (topic != UNNAMED or not named):
                aside += [SetAside(bearing.statement, leaf.iri, Reason.NO_SUBJECT) for bearing in bearings]
            else:
                gone = self._gone(topic)
                rated[topic] = [b for b in bearings if gone is None or b.statement.observed >= gone]
                aside += [SetAside(b.statement, leaf.iri, Reason.SUPERSEDED) for b in bearings if b not in rated[topic]]
        for topic in named:
            rated.setdefault(topic, [])
        if len(named) == 1 and not unread:
            rated[named[0]] = [*rated[named[0]], *rated.pop(UNNAMED, [])]
        elif len(named) == 1:
            # It is about that fact, whose later rating supersedes it, or about one that could not be read.
            rating = max((b.statement.observed for b in rated[named[0]]), default=None)
            unsure = [
                bearing
                for bearing in rated.get(UNNAMED, ())
                if bearing.stance is Assertion.AFFIRMED and rating is not None and bearing.statement.observed <= rating
            ]
            aside += [SetAside(bearing.statement, leaf.iri, Reason.OF_UNREAD) for bearing in unsure]
            rest = [bearing for bearing in rated.get(UNNAMED, ()) if bearing not in unsure]
            # Whatever it is about, what was said before it of every fact does not come back.
            said = [b.statement.observed for b in unsure if b.statement.iri not in self._late]
            rated[UNNAMED] = [b for b in rest if b.statement.observed >= max(said, default=date.min)]
            aside += [SetAside(b.statement, leaf.iri, Reason.SUPERSEDED) for b in rest if b not in rated[UNNAMED]]
        return {topic: bearings for topic, bearings in rated.items() if bearings or topic != UNNAMED}, aside

    def disputed(self, leaf: Criterion, fact: Fact) -> Fact:
        """A fact as rated: where it is disputed itself, its rating is disputed too."""
        named = UNNAMED if fact.topic == terms.iri(self._root) else fact.topic
        own = self._facts.get(named) if fact.topic != UNNAMED else None
        ratings = [bearing for bearing in fact.bearings if bearing.stance is Assertion.AFFIRMED]
        denials = [bearing for bearing in own.bearings if bearing.stance is Assertion.DENIED] if own else []
        if not ratings or not denials:
            return fact
        bare = [rating._replace(bare=True) for rating in ratings]
        against = [denial._replace(leaf=leaf.iri, open=False) for denial in denials]
        return Fact(fact.topic, (*bare, *against))

    def _gone(self, topic: Term) -> date | None:
        """The last day on which a timely statement says that a fact is not, or is no longer, so; None if there is none."""
        return max(
            (
                bearing.statement.observed
                for bearing in self._groups.get(topic, ())
                if bearing.stance is Assertion.DENIED and bearing.statement.iri not in self._late
            ),
            default=None,
        )

    def derived(self) -> dict[str, tuple[tuple[Term, Term], ...]]:
        """What follows for each current statement from the other facts, and from earlier statements on its own, by IRI."""
        current = {topic: fact for topic, fact in self._facts.items() if _affirmed(fact)}
        carried = {
            bearing.statement.iri: self._carried(topic, bearing)
            for topic, fact in current.items()
            for bearing in fact.bearings
            if bearing.stance is Assertion.AFFIRMED
        }
        classes = {topic: self._classes(topic, fact) for topic, fact in current.items()}
        primary = [
            topic
            for topic, fact in current.items()
            if any(
                (_PRIMARY, terms.TRUE) in (*carried.get(b.statement.iri, ()), *self._inference.facts[b.statement.iri])
                for b in fact.bearings
            )
        ]
        derived: dict[str, set[tuple[Term, Term]]] = {}
        for topic, fact in current.items():
            for bearing in fact.bearings:
                if bearing.stance is not Assertion.AFFIRMED:
                    continue
                own = derived.setdefault(bearing.statement.iri, set(carried[bearing.statement.iri]))
                for other in current:
                    if other != topic:
                        own |= {(_BESIDE, name) for name in classes[other]}
                        own |= {(_BESIDE_PRIMARY, name) for name in classes[other] if other in primary}
                if self._unread:
                    own.add((_UNREAD_BESIDE, terms.TRUE))
        return {iri: tuple(sorted(facts)) for iri, facts in derived.items() if facts}

    def _carried(self, topic: Term, bearing: Bearing) -> tuple[tuple[Term, Term], ...]:
        """The lasting values that earlier statements on a fact state and a later one does not."""
        statement = bearing.statement
        own = self._inference.facts[statement.iri]
        found: list[tuple[Term, Term]] = []
        for property_ in sorted(self._version.lexicon.relations.lasting):
            if any(p == property_ for p, _ in own):
                continue
            stated = [
                (other.statement.observed, (p, o))
                for other in self._groups.get(topic, ())
                if other.statement.assertion is Assertion.AFFIRMED
                and not other.open
                and other.statement.observed <= statement.observed
                for p, o in self._inference.facts[other.statement.iri]
                if p == property_
            ]
            latest = max((day for day, _ in stated), default=None)
            found += [fact for day, fact in stated if day == latest]
        return tuple(dict.fromkeys(found))

    def _classes(self, topic: Term, fact: Fact) -> frozenset[Term]:
        """The classes of a fact below that of its leaf; that of the leaf where it has no name."""
        if topic == UNNAMED:
            return frozenset({terms.iri(self._root)})
        relations = self._version.lexicon.relations
        name = terms.name(topic)
        below = {n for n in (name, *relations.broader.get(name, ())) if self._root in relations.broader.get(n, ())}
        return frozenset(map(terms.iri, below))

    def _is_within(self, topic: Term, names: Sequence[str]) -> bool:
        return any(self._version.lexicon.relations.is_within(terms.name(topic), name) for name in names)


def unread_items(case: Case, leaf: Criterion, period: Period, lexicon: Lexicon) -> tuple[Unread, ...]:
    """The items that could not be read and may be what a leaf counts.

    Where the leaf holds for every fact, that is only an item whose code says so; where it counts, every item whose code
    does not say otherwise. An item bears only if its dates, where it has any, would count.
    """
    return tuple(
        item
        for item in case.unread
        if could_be_counted(item, leaf, lexicon)
        and (item.recorded is None or item.recorded <= case.as_of)
        and ((day := item.observed or item.recorded) is None or period.holds(day))
    )


def could_be_counted(item: Unread, leaf: Criterion, lexicon: Lexicon) -> bool:
    """Whether an item that could not be read may be what a leaf counts, whatever its dates; see `unread_items`."""
    doubtful = leaf.holds_for is Quantifier.SOME
    return item.kind in leaf.counts_over and _could_fall(item.code, leaf.counted_codes, lexicon, doubtful)


def _could_fall(code: str, counted: str, lexicon: Lexicon, doubtful: bool) -> bool:
    """Whether a code lies in a range of its code system; `doubtful` where it cannot be told.

    A known concept lies where the concepts above it do. Any other code lies outside only if it has the form of the system's codes and
    lies in another of its ranges: it may be a code of none, misspelt.
    """
    term, within = terms.iri(code), terms.iri(counted)
    if not counted:
        return doubtful
    above = {term} | lexicon.broader.get(term, frozenset())
    if within in above:
        return True
    schemes = {scheme for concept in above for scheme in lexicon.schemes.get(concept, ())}
    for system in lexicon.systems:
        if system.iri not in lexicon.schemes.get(within, ()):
            continue
        if system.iri in schemes:
            return False
        notation = system.code_of(code)
        if notation is not None and system.is_formed(notation) is not False:
            if CodeRange(lexicon.notations[within]).holds(plain_code(notation)):
                return True
            return doubtful and system.range_of(notation) is None
    return doubtful


def _affirmed(fact: Fact) -> bool:
    return any(bearing.stance is Assertion.AFFIRMED for bearing in fact.bearings)
