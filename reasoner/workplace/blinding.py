"""Blinded work: a determination is withheld from who works on a request until they have signed their own statuses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reasoner.chart.model import Case
from reasoner.determination.model import Determination
from reasoner.policy.model import Criterion
from reasoner.render.provenance import iri
from reasoner.review.acts import Signed
from reasoner.review.authority import Action
from reasoner.review.deciding import assessed_leaves, jurisdiction
from reasoner.review.people import User
from reasoner.review.steps import History

SHOWN, WITHHELD = "determination shown", "determination withheld"
"""What the audit trail says of a blinded request that someone opens."""


@dataclass(frozen=True)
class Withheld:
    """A determination that is withheld, and what its person has to say first."""

    determination: str
    """IRI of the determination."""
    start: date
    end: date | None
    leaves: tuple[Criterion, ...]
    """The leaves of the sections that apply, each of which gets a status."""
    last_seen: str
    """IRI of the last act on the period; empty if there is none."""


def withheld(
    case: Case,
    periods: Iterable[tuple[Determination, History[Signed]]],
    user: User,
    jurisdictions: frozenset[str],
    *,
    in_panel: bool,
) -> tuple[Withheld, ...]:
    """What is withheld from a person.

    Args:
        case: the request.
        periods: each determination of the request with the steps on its period.
        user: who opens the request. From who only reads, nothing is withheld.
        jurisdictions: ISO 3166-2 codes of where plans are regulated whose requests are worked on blinded.
        in_panel: whether the person is asked to assess the request in a panel, once.
    """
    by_law = jurisdiction(case) in jurisdictions
    if not (by_law or in_panel) or not user.may(Action.DRAFT):
        return ()
    found = []
    for determination, history in periods:
        leaves = tuple(determination.criterion(id_).criterion for _, id_ in assessed_leaves(determination))
        due = (by_law and user.iri not in history.assessors) or (in_panel and user.iri not in history.raters)
        if leaves and due:
            found.append(
                Withheld(
                    determination=str(iri(determination)),
                    start=determination.service_start,
                    end=determination.service_end,
                    leaves=leaves,
                    last_seen=history.last_iri,
                )
            )
    return tuple(found)
