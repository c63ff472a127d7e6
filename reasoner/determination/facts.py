"""The facts that a leaf asks about: which fact a statement is about, and what is current of each fact."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from rdflib import Literal

from reasoner.chart.model import Assertion, Statement
from reasoner.determination.addressing import BY_CLASS, coded, findings, root
from reasoner.determination.bearing import Bearing, Reason, SetAside
from reasoner.determination.inference import Inference
from reasoner.logic.fold import Status
from reasoner.policy.model import Criterion, PolicyVersion, Quantifier
from reasoner.rdf import terms
from reasoner.rdf.terms import Term

UNNAMED = ""
"""The topic of all statements that do not say what they are about."""
Groups = dict[Term, list[Bearing]]
"""Bearings by the fact that they are about."""
_BY_STANCE = {
    Assertion.AFFIRMED: Status.MET,
    Assertion.DENIED: Status.NOT_MET,
    Assertion.NOT_APPLICABLE: Status.NOT_APPLICABLE,
}


def status_of_stance(bearing: Bearing) -> Status:
    """The status of a leaf on one bearing alone, going by its stance, where no detail is to be judged."""
    return _BY_STANCE[bearing.stance]


class Naming:
    """Tells which facts of a leaf statements are about."""

    def __init__(self, version: PolicyVersion, inference: Inference) -> None:
        self._version = version
        self._inference = inference
        self._relations = version.lexicon.relations

    def topics(self, leaf: Criterion, bearing: Bearing) -> frozenset[Term]:
        """The topics of a statement for a leaf; that without a name if it has none."""
        if not leaf.topic:
            return frozenset({UNNAMED})
        statement = bearing.statement
        if leaf.topic == BY_CLASS:
            top = root(leaf, self._version)
            found = frozenset(map(terms.iri, self._contradicted(leaf, top, bearing) or self.classes(top, statement)))
            is_candidate = leaf.candidates and (bearing.open or bearing.stance is Assertion.AFFIRMED)
            if not found and is_candidate and leaf.finding not in self._inference.classes[statement.iri]:
                found = frozenset({terms.iri(top)})  # such a disorder, not told which
        else:
            found = self._stated(leaf, statement) | self._implied(leaf, bearing)
        return found or frozenset({UNNAMED})

    def _contradicted(self, leaf: Criterion, top: str, bearing: Bearing) -> frozenset[str]:
        """The classes below a class that a statement denies by its contrary; none where it denies the leaf itself."""
        if not bearing.contrary or bearing.open:
            return frozenset()
        against = self._version.contradicted(self._inference.classes[bearing.statement.iri])
        return frozenset() if leaf.finding in against else self._relations.narrowest(self._below(top, against))

    def findings(self, leaf: Criterion, bearing: Bearing) -> frozenset[str]:
        """The finding classes by which a statement bears on a leaf, however many others it has for other leaves."""
        classes = self._inference.classes[bearing.statement.iri]
        roots = self._roots(leaf, bearing)
        return frozenset(name for name in classes if any(self._relations.is_within(name, top) for top in roots))

    def stated(self, leaf: Criterion, statement: Statement) -> frozenset[Term]:
        """What a statement that speaks to no leaf would be about."""
        return self._stated(leaf, statement) if leaf.topic and leaf.topic != BY_CLASS else frozenset()

    def classes(self, top: str, statement: Statement) -> frozenset[str]:
        """The narrowest classes below a class that a statement names: by its codes, else by its types."""
        coded = self._below(top, self.coded(statement))
        return self._relations.narrowest(coded or self._below(top, statement.classes))

    def is_coded(self, top: str, statement: Statement) -> bool:
        """Whether it is by a code that a statement names a class below another."""
        return bool(self._below(top, self.coded(statement)))

    def is_narrower(self, topic: Term, other: Term) -> bool:
        """Whether a class that is a topic is narrower than another."""
        return topic != other and terms.name(other) in self._relations.broader.get(terms.name(topic), ())

    def coded(self, statement: Statement) -> frozenset[str]:
        """The finding classes that the codes of a statement stand for."""
        return coded(self._version, self._inference.facts[statement.iri])

    def _below(self, top: str, names: Iterable[str]) -> frozenset[str]:
        return frozenset(name for name in names if top in self._relations.broader.get(name, ()))

    def _stated(self, leaf: Criterion, statement: Statement) -> frozenset[Term]:
        property_ = terms.iri(leaf.topic)
        return frozenset(_plain(o) for p, o in self._inference.facts[statement.iri] if p == property_)

    def _implied(self, leaf: Criterion, bearing: Bearing) -> frozenset[Term]:
        """The topics that the classes imply by which a statement speaks to a leaf."""
        relations, classes = self._relations, self._inference.classes[bearing.statement.iri]
        found: set[Term] = set()
        if bearing.statement.assertion is Assertion.DENIED:
            for name in classes:
                if leaf.finding in relations.denied_as.get(name, ()):
                    found.update(relations.denied_topics[name])
        else:
            for name in self.findings(leaf, bearing):
                found.update(relations.topics.get(name, ()))
        return frozenset(found)

    def _roots(self, leaf: Criterion, bearing: Bearing) -> frozenset[str]:
        """The classes below which the findings are by which a statement affirms a leaf, or denies it by a contrary."""
        own = findings(self._version, leaf)
        if not bearing.contrary:
            return own
        classes = self._inference.classes[bearing.statement.iri]
        against = (self._version.contraries, self._relations.inapplicable)
        return frozenset(n for n in classes if any(not own.isdisjoint(relation.get(n, ())) for relation in against))


def _plain(value: Term) -> Term:
    """A topic as it is compared: text without its language and case."""
    return value if value.startswith("<") else terms.of(Literal(terms.text(value).strip().casefold()))


def group(leaf: Criterion, bearings: Sequence[Bearing], naming: Naming) -> Groups:
    """The bearings on a leaf by fact. A statement that names no fact is with every fact of which it speaks too."""
    groups: Groups = {}
    for bearing in bearings:
        for topic in naming.topics(leaf, bearing):
            groups.setdefault(topic, []).append(bearing)
    return groups


def share_unnamed(leaf: Criterion, groups: Groups, alone: Callable[[Bearing], Status]) -> Groups:
    """Groups in which what is said without a topic and speaks of every fact is with every fact.

    Args:
        leaf: the leaf.
        groups: bearings by fact.
        alone: the status of the leaf on one bearing alone.
    """
    if len(groups) < 2 or UNNAMED not in groups:
        return groups
    some = leaf.holds_for is Quantifier.SOME
    of_all = Assertion.DENIED if some else Assertion.AFFIRMED
    by_detail = some and leaf.details and not leaf.denied_by_every
    shared = [
        bearing
        for bearing in groups[UNNAMED]
        if (bearing.stance in (of_all, Assertion.NOT_APPLICABLE) and not bearing.open)
        or (by_detail and bearing.stance is Assertion.AFFIRMED and alone(bearing) is Status.NOT_MET)
    ]
    return {topic: own if topic == UNNAMED else [*own, *shared] for topic, own in groups.items()}


def merge_broader(groups: Groups, naming: Naming, top: str, standing: Container[Term]) -> dict[Term, Term]:
    """The fact that each broader class that no code names is: the one narrower fact that the record has, else itself.

    Args:
        groups: bearings by class.
        naming: tells which class a code names.
        top: the class below which every class is a fact.
        standing: the classes that current statements affirm, in remission or not.
    """
    named = [topic for topic in groups if topic != UNNAMED]
    resolved: dict[Term, Term] = {}
    below = {t: [o for o in named if o in standing and naming.is_narrower(o, t)] for t in named}
    for topic in sorted(named, key=lambda t: (len(below[t]), t)):
        coded = any(naming.is_coded(top, bearing.statement) for bearing in groups[topic])
        others = {resolved.get(other, other) for other in below[topic]}
        resolved[topic] = others.pop() if len(others) == 1 and not coded else topic
    return resolved


def regroup(groups: Groups, resolved: Mapping[Term, Term]) -> Groups:
    """Groups under the facts that their topics stand for."""
    merged: Groups = {}
    for topic, bearings in groups.items():
        own = merged.setdefault(resolved.get(topic, topic), [])
        own += [bearing for bearing in bearings if bearing not in own]
    return merged


def spread_denials(groups: Groups, naming: Naming) -> Groups:
    """Groups by class in which the denial of a class is with every narrower fact too; it needs none of its own then."""
    spread: Groups = {topic: list(bearings) for topic, bearings in groups.items()}
    for topic, bearings in groups.items():
        denials = [b for b in bearings if b.stance is Assertion.DENIED and not b.open]
        if topic == UNNAMED or not denials:
            continue
        below = [other for other in groups if other != UNNAMED and naming.is_narrower(other, topic)]
        for other in below:
            spread[other] += [denial for denial in denials if denial not in spread[other]]
        if below and len(denials) == len(bearings):
            del spread[topic]
    return spread


class FactSettling:
    """Decides which statements on one fact are current."""

    def __init__(
        self,
        leaf: Criterion,
        naming: Naming,
        late: frozenset[str],
        denials: Sequence[Statement],
        alone: Callable[[Bearing], Status],
    ) -> None:
        self._alone = alone
        self._leaf = leaf
        self._late = late
        self._naming = naming
        self._denials = [d for d in denials if leaf.finding not in d.classes and d.classes]
        """Denials of other findings than the leaf's own, narrower ones among them."""

    def settle(self, topic: Term, bearings: Sequence[Bearing]) -> tuple[list[Bearing], list[SetAside]]:
        """The current ones of the bearings on a fact, and those that are set aside.

        The timely ones of the latest observed date supersede the earlier ones; a late entry, recorded after service end,
        supersedes none and is superseded by a timely observation of a later day.
        """
        standing, disputes, set_aside = self._withdraw(topic, bearings)
        timely = [b.statement.observed for b in standing if b.statement.iri not in self._late]
        latest = max(timely, default=None)
        current: list[Bearing] = []
        for bearing in standing:
            observed, late = bearing.statement.observed, bearing.statement.iri in self._late
            if latest is None or observed == latest or (late and observed > latest):
                current.append(bearing)
            else:
                set_aside.append(SetAside(bearing.statement, self._leaf.iri, Reason.SUPERSEDED))
        # A statement that, by its details, neither affirms nor denies leaves nothing to dispute.
        for bearing in [b for b in current if b in disputes and self._alone(b) is not Status.NOT_DOCUMENTED]:
            if any(b.stance is bearing.stance and b not in disputes for b in current):
                current.remove(bearing)
                set_aside.append(SetAside(bearing.statement, self._leaf.iri, Reason.DISPUTED))
            else:
                against = Assertion.DENIED if bearing.stance is Assertion.AFFIRMED else Assertion.AFFIRMED
                current += [
                    Bearing(self._leaf.iri, denial, against, contrary=bearing.contrary) for denial in disputes[bearing]
                ]
        return list(dict.fromkeys(current)), set_aside

    def _withdraw(
        self, topic: Term, bearings: Sequence[Bearing]
    ) -> tuple[list[Bearing], dict[Bearing, list[Statement]], list[SetAside]]:
        """Set aside the bearings of affirmed findings that are denied later.

        Returns:
            The bearings that stand; those of them whose finding is denied on the same day, or by a late entry, with these
            denials; and what is set aside.
        """
        standing: list[Bearing] = []
        disputes: dict[Bearing, list[Statement]] = {}
        withdrawn: list[SetAside] = []
        speaking = {bearing.statement.iri for bearing in bearings}
        for bearing in bearings:
            observed = bearing.statement.observed
            disputing = []
            for denial in self._denials:
                if denial.iri in speaking or not self._denies(denial, topic, bearing):
                    continue
                if denial.iri not in self._late and denial.observed > observed:
                    withdrawn.append(SetAside(bearing.statement, self._leaf.iri, Reason.WITHDRAWN))
                    break
                late = bearing.statement.iri in self._late if denial.observed < observed else denial.iri in self._late
                if denial.observed == observed or late:
                    disputing.append(denial)
            else:
                standing.append(bearing)
                if disputing:
                    disputes[bearing] = disputing
        return standing, disputes, withdrawn

    def _denies(self, denial: Statement, topic: Term, bearing: Bearing) -> bool:
        """Whether a denial denies the very finding by which a statement bears on the fact.

        Denying one of the findings that a statement has, or one part of a compound finding, leaves the others standing.
        """
        if bearing.statement.assertion is not Assertion.AFFIRMED or self._leaf.topic == BY_CLASS:
            return False
        stated = self._naming.stated(self._leaf, denial)
        if stated and topic not in stated:
            return False
        return bool(denial.classes & self._naming.findings(self._leaf, bearing))
