"""Agreement of reviewers who judge the same cases without seeing the determination or each other: percent, kappa and alpha.

The measures are those of categories without an order:

- percent agreement: of all pairs of ratings of one thing, the share that is alike;
- Cohen's kappa of two raters: (observed - expected) / (1 - expected), where expected is the sum over the categories of
  the product of the shares in which each rater uses it (Cohen 1960);
- Krippendorff's alpha of a panel, with any number of ratings of each thing: 1 - (observed disagreement / expected
  disagreement). Of a thing with m ratings, each ordered pair of different ratings counts 1/(m - 1); expected is the same over
  all ratings that have a partner, whatever they are of (Krippendorff 2004, chapter 11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

RELIABLE = 2 / 3
"""The alpha below which conclusions are not drawn, by Krippendorff's own rule of thumb."""


@dataclass(frozen=True)
class Rating:
    """The status that a person gave to a criterion of a case before they saw the determination."""

    case: str
    criterion: str
    """Id of the criterion."""
    rater: str
    status: str
    determined: str = ""
    """The status that was determined; empty if it is not known."""


@dataclass(frozen=True)
class CriterionAgreement:
    """How far a panel agrees on one criterion."""

    criterion: str
    cases: int
    """Cases that at least two people rated."""
    raters: int
    percent: float | None
    alpha: float | None
    """None where all ratings are of one category, so that no agreement could be told from chance."""

    @property
    def asks_for_a_reading(self) -> bool:
        """Whether people read the passage so differently that it should be settled how it is read."""
        return self.alpha is not None and self.alpha < RELIABLE


@dataclass(frozen=True)
class ReviewerAgreement:
    """How far one reviewer agrees with the others, and with what was determined."""

    rater: str
    ratings: int
    """That others rated as well and agree on enough to have a most frequent status."""
    percent_panel: float | None
    kappa_panel: float | None
    determined: int
    """Ratings with a determined status."""
    percent_determined: float | None
    kappa_determined: float | None


def percent(units: Iterable[Sequence[Hashable]]) -> float | None:
    """The share of pairs of ratings of one thing that are alike; None without a pair.

    >>> percent([("met", "met", "not-met"), ("met",)])
    0.3333333333333333
    """
    pairs = [one == other for unit in units for one, other in combinations(unit, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two raters; None without a rating, or where both use one category alone."""
    rated = list(pairs)
    if not rated:
        return None
    observed = sum(one == other for one, other in rated) / len(rated)
    first, second = Counter(one for one, _ in rated), Counter(other for _, other in rated)
    expected = sum(first[category] * second[category] for category in first) / len(rated) ** 2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha of a panel; None without two ratings of one thing, or where all are of one category."""
    paired = [unit for unit in units if len(unit) > 1]
    total: Counter[Hashable] = Counter(rating for unit in paired for rating in unit)
    count = total.total()
    disagreement = sum(
        sum(one != other for one, other in combinations(unit, 2)) * 2 / (len(unit) - 1) for unit in paired
    )
    expected = count**2 - sum(number**2 for number in total.values())
    return None if not expected else 1 - disagreement * (count - 1) / expected


def by_criterion(ratings: Iterable[Rating]) -> list[CriterionAgreement]:
    """The agreement on each criterion, the lowest alpha first; criteria that no two people rated on one case are left out."""
    units: dict[str, dict[str, list[Rating]]] = {}
    for rating in ratings:
        units.setdefault(rating.criterion, {}).setdefault(rating.case, []).append(rating)
    found = []
    for criterion, cases in units.items():
        shared = {case: rated for case, rated in cases.items() if len(rated) > 1}
        if shared:
            statuses = [tuple(rating.status for rating in rated) for rated in shared.values()]
            raters = {rating.rater for rated in shared.values() for rating in rated}
            found.append(CriterionAgreement(criterion, len(shared), len(raters), percent(statuses), alpha(statuses)))
    return sorted(found, key=lambda a: (a.alpha is None, a.alpha or 0, a.criterion))


def overall(ratings: Iterable[Rating]) -> float | None:
    """Alpha over all criteria of all cases; None as in `alpha`."""
    units: dict[tuple[str, str], list[str]] = {}
    for rating in ratings:
        units.setdefault((rating.case, rating.criterion), []).append(rating.status)
    return alpha(units.values())


def by_reviewer(ratings: Iterable[Rating]) -> list[ReviewerAgreement]:
    """The agreement of each reviewer with the most frequent status among the others, and with what was determined, by rater.

    What the others do not agree on, two statuses being equally frequent, counts for nobody.
    """
    rated = list(ratings)
    units: dict[tuple[str, str], list[Rating]] = {}
    for rating in rated:
        units.setdefault((rating.case, rating.criterion), []).append(rating)
    found = []
    for rater in sorted({rating.rater for rating in rated}):
        own = [rating for rating in rated if rating.rater == rater]
        panel = []
        for rating in own:
            others = [other.status for other in units[rating.case, rating.criterion] if other.rater != rater]
            frequent = Counter(others).most_common(2)
            if frequent and (len(frequent) == 1 or frequent[0][1] > frequent[1][1]):
                panel.append((rating.status, frequent[0][0]))
        determined = [(rating.status, rating.determined) for rating in own if rating.determined]
        found.append(
            ReviewerAgreement(
                rater, len(panel), percent(panel), kappa(panel), len(determined), percent(determined), kappa(determined)
            )
        )
    return found
