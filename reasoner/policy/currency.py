"""Currency: how far back evidence counts for a leaf, as a policy or a payer's configuration states it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.ground.errors import PolicyError
from reasoner.policy.axes import Axis
from reasoner.policy.model import Criterion, CriterionKind, Lookback
from reasoner.rdf.namespaces import NEC, SH, XSD


def read_currency(
    ontology: Graph, criteria: Mapping[str, Criterion], sections: Collection[str], axes: Iterable[Axis]
) -> dict[str, Criterion]:
    """The criteria of a version with the lookback and the period of each leaf, in their order.

    A leaf that restates another takes evidence as that one does, unless it states a lookback of its own.

    Args:
        ontology: the policy's ontology.
        criteria: the criteria by IRI, without what this adds.
        sections: IRIs of the version's sections.
        axes: the axes of the policy.

    Raises:
        PolicyError: a lookback is neither a number of days that `nec:lookback` takes nor `nec:SinceAdmission`, is stated
            twice or on a group; or a `nec:periodOf` is no value of an axis, stands on a leaf, or differs from that of
            another group with the same leaf.
    """
    periods = _periods(ontology, criteria, sections, {value.iri for axis in axes for value in axis.values})
    read: dict[str, Criterion] = {}
    for iri, criterion in criteria.items():
        stated = list(ontology.objects(URIRef(iri), NEC.lookback))
        if stated and criterion.kind is not CriterionKind.LEAF:
            raise PolicyError("a group has no lookback", where=iri, mend="State nec:lookback on each of its leaves")
        restated = criterion.restates if criterion.kind is CriterionKind.LEAF else None
        stated = stated or list(ontology.objects(URIRef(restated or iri), NEC.lookback))
        lookback = lookback_of(ontology, stated, where=iri) if stated else Lookback()
        read[iri] = replace(
            criterion,
            lookback=lookback.days,
            since_admission=lookback.since_admission,
            period_of=periods.get(restated or iri),
        )
    return read


def lookback_of(ontology: Graph, stated: Iterable[Node], *, where: str) -> Lookback:
    """The lookback that the values of one `nec:lookback` state.

    Args:
        ontology: a policy's ontology, with the core vocabulary, which says what days `nec:lookback` takes.
        stated: the values, at least one.
        where: what states them, for errors.

    Raises:
        PolicyError: there is more than one, or it is neither a number of days in the range nor `nec:SinceAdmission`.
    """
    values = sorted(stated, key=str)
    if len(values) > 1:
        raise PolicyError("it has two lookbacks", where=where, mend="State one nec:lookback")
    value = values[0]
    if value == NEC.SinceAdmission:
        return Lookback(since_admission=True)
    days = value.toPython() if isinstance(value, Literal) and value.datatype == XSD.integer else None
    fewest, most = (_bound(ontology, bound) for bound in (SH.minInclusive, SH.maxInclusive))
    if type(days) is not int or not fewest <= days <= most:
        raise PolicyError(
            f"a lookback cannot be {value.n3()}",
            where=where,
            mend=f"State a whole number of days from {fewest} to {most}, or nec:SinceAdmission",
        )
    return Lookback(days)


def leaves_below(criteria: Mapping[str, Criterion], sections: Collection[str], iri: str) -> list[str]:
    """The IRIs of the leaves of a criterion through its groups, but not through another section; of a leaf, itself."""
    reached = {iri: None}
    queue = [iri]
    while queue:
        below = [m for m in criteria[queue.pop(0)].members if m not in sections and m not in reached]
        queue += below
        reached |= dict.fromkeys(below)
    return [one for one in reached if criteria[one].kind is CriterionKind.LEAF]


def _periods(
    ontology: Graph, criteria: Mapping[str, Criterion], sections: Collection[str], values: set[str]
) -> dict[str, str]:
    """IRI of a leaf to that of the axis value whose period bounds its evidence."""
    periods: dict[str, str] = {}
    for iri, criterion in criteria.items():
        for value in sorted(map(str, ontology.objects(URIRef(iri), NEC.periodOf))):
            if value not in values:
                raise PolicyError(
                    f"it takes the period of {value}, which is no value of an axis",
                    where=iri,
                    mend=f"Values: {', '.join(sorted(values)) or 'none'}",
                )
            if criterion.kind is CriterionKind.LEAF:
                raise PolicyError("a leaf has no nec:periodOf", where=iri, mend="State it on the leaf's section")
            for leaf in leaves_below(criteria, sections, iri):
                if periods.setdefault(leaf, value) != value:
                    raise PolicyError(
                        f"{leaf} would have two periods, of {periods[leaf]} and {value}",
                        where=iri,
                        mend="Keep one nec:periodOf above each leaf",
                    )
    return periods


def _bound(ontology: Graph, predicate: Node) -> int:
    value = ontology.value(NEC.lookback, predicate)
    number = value.toPython() if isinstance(value, Literal) else None
    if not isinstance(number, int):
        raise PolicyError(
            f"nec:lookback has no {predicate}", where=str(NEC.lookback), mend="State it in the core vocabulary"
        )
    return number
