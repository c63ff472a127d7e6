"""Addressing: the leaves that a statement speaks to, and with what stance."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from reasoner.chart.model import Assertion, Meaning
from reasoner.policy.model import Criterion, PolicyVersion
from reasoner.rdf import terms
from reasoner.rdf.namespaces import NEC, RDF
from reasoner.rdf.terms import Term

BY_CLASS = str(RDF.type)
"""The topic of a leaf whose facts are told apart by the class of a statement."""
_CODE, _REMISSION = terms.of(NEC.code), terms.of(NEC.remission)
Facts = tuple[tuple[Term, Term], ...]
"""Property and value of each fact of a statement, derived ones included."""


class Address(NamedTuple):
    """A leaf that a statement speaks to, before it is known whether the statement counts."""

    leaf: str
    stance: Assertion
    contrary: bool = False
    """Whether it says so by another finding than the leaf's, as in `reasoner.determination.bearing.Bearing`."""
    open: bool = False
    """Whether, alone, it leaves its fact open: what it names is in remission."""
    candidate: bool = False
    """Whether it speaks to it only because the leaf considers its class (`nec:considers`); the leaf's shapes judge it."""


def root(leaf: Criterion, version: PolicyVersion) -> str:
    """The class below which every class is a fact of its own, of a leaf whose facts are told apart by class; else empty."""
    if leaf.topic != BY_CLASS:
        return ""
    return leaf.candidates or version.leaves[leaf.population or leaf.iri].finding


def coded(version: PolicyVersion, facts: Facts) -> frozenset[str]:
    """The finding classes that the codes of a statement stand for, by its facts."""
    codes = version.lexicon.codes
    return frozenset(name for p, code in facts if p == _CODE for name in codes.get(code, ()))


@lru_cache(maxsize=2048)
def addresses(version: PolicyVersion, meaning: Meaning, classes: frozenset[str], facts: Facts) -> tuple[Address, ...]:
    """The leaves that a statement speaks to, in the order of their IRIs.

    Args:
        version: the policy version.
        meaning: what the statement says.
        classes: its inferred classes.
        facts: its facts.
    """
    named, remission = coded(version, facts), any(p == _REMISSION and o != terms.FALSE for p, o in facts)
    by_class, always = _index(version)
    leaves = set(always).union(*(by_class.get(name, ()) for name in classes | meaning.classes))
    found = (_address(version, version.leaves[iri], classes, meaning, named, remission) for iri in sorted(leaves))
    return tuple(address for address in found if address)


@lru_cache(maxsize=8)
def _index(version: PolicyVersion) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """The leaves that a statement of a class may speak to, and those for which any class has to be looked at."""
    relations = version.lexicon.relations
    by_class: dict[str, set[str]] = {}
    for leaf in version.leaves.values():
        for finding in findings(version, leaf):
            by_class.setdefault(finding, set()).add(leaf.iri)
    for related in (version.contraries, relations.inapplicable, relations.denied_as):
        for name, others in related.items():
            by_class.setdefault(name, set()).update(iri for f in others for iri in by_class.get(f, ()))
    return by_class, tuple(iri for iri, leaf in version.leaves.items() if root(leaf, version))


def findings(version: PolicyVersion, leaf: Criterion) -> frozenset[str]:
    """The finding class of a leaf; with that of the leaf that it restates, since what speaks to that speaks to it too."""
    return frozenset((leaf.finding, version.leaves[leaf.restates].finding) if leaf.restates else (leaf.finding,))


def _address(
    version: PolicyVersion,
    leaf: Criterion,
    classes: frozenset[str],
    meaning: Meaning,
    coded: frozenset[str],
    remission: bool,
) -> Address | None:
    if version.settled_as(leaf.iri) != leaf.iri:
        return None  # it takes the statements of the leaf that it restates
    stance, relations = meaning.assertion, version.lexicon.relations
    affirming = findings(version, leaf)
    own = not affirming.isdisjoint(classes)
    top = root(leaf, version)
    if top and coded and not any(relations.is_within(name, top) for name in coded):
        return None  # a code goes before a type, and these codes name nothing of the kind
    if stance is Assertion.AFFIRMED:
        if remission and (top in classes or (top and own)):
            # That a disorder has gone back says nothing of how severe it was.
            return None if leaf.denied_by_every else Address(leaf.iri, Assertion.DENIED, contrary=True, open=True)
        if own:
            return Address(leaf.iri, stance)
        if leaf.candidates and leaf.candidates in classes:
            return Address(leaf.iri, stance, candidate=True)
        against = version.contradicted(classes)
        of_a_fact = top and not leaf.denied_by_every and any(relations.is_within(name, top) for name in against)
        if of_a_fact or not affirming.isdisjoint(against):
            return Address(leaf.iri, Assertion.DENIED, contrary=True)
        if any(leaf.finding in relations.inapplicable.get(name, ()) for name in classes):
            return Address(leaf.iri, Assertion.NOT_APPLICABLE, contrary=True)
        return None
    if own:
        return Address(leaf.iri, stance)
    if stance is not Assertion.DENIED:
        return None
    if any(leaf.finding in relations.denied_as.get(name, ()) for name in meaning.classes) and leaf.topic:
        return Address(leaf.iri, stance)
    if top and not leaf.denied_by_every and _is_denied(version, top, meaning.classes, meaning.addresses):
        return Address(leaf.iri, stance)
    return None


def _is_denied(version: PolicyVersion, top: str, classes: frozenset[str], addresses: frozenset[str]) -> bool:
    """Whether denying some classes denies a fact below a class, or all of them; denying just a leaf speaks of that alone."""
    relations = version.lexicon.relations
    attested = {version.leaves[leaf].finding for leaf in addresses if leaf in version.leaves}
    return any(
        relations.is_within(name, top) or (relations.is_within(top, name) and name not in attested) for name in classes
    )
