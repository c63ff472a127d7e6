"""What the details of a statement of a leaf's own class make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.second_evaluator.facts import AFFIRMS, DENIES, NEITHER, Stance
from tests.second_evaluator.record import IOP, Request, Statement
from tests.second_evaluator.vocabulary import Vocabulary

_IMPAIRMENT = {
    "Minimal": DENIES,
    "Mild": NEITHER,  # impairment-degree: "mild alone does not show it"
    "MildToModerate": AFFIRMS,
    "Moderate": AFFIRMS,
    "ModerateOrSevere": AFFIRMS,
    "Severe": AFFIRMS,
}
_LOWER_LEVELS = ("0.5", "1", "1.0", "1.5", "1.7", "2.0")


def stances_of(
    leaf: str, statement: Statement, request: Request, vocabulary: Vocabulary, readings: Mapping[str, str]
) -> set[Stance]:
    """What an affirmed statement of a leaf's class says of the leaf.

    "A bare attestation of a leaf (no severity, hours, edition) stands." "A statement of the leaf's class whose detail
    neither affirms nor denies (mild to moderate, mild impairment, an incomplete assessment) speaks to it all the same."
    """
    if leaf == "adult-admission:2-a-impairment":
        mild = AFFIRMS if readings.get("impairment-degree") == "mild" else NEITHER
        degrees = _IMPAIRMENT | {"Mild": mild}
        return {degrees[degree] for degree in vocabulary.severities(statement)} or {AFFIRMS}
    if leaf == "adult-admission:2-cause":
        # "Difficulties are secondary to the disorder; for SUD focus, to the SUD." A kind that is told may be the other one.
        above = vocabulary.all_above(vocabulary.own(statement))
        kinds = {str(IOP.DifficultiesDueToPsychiatricDisorder), str(IOP.DifficultiesDueToSubstanceUseDisorder)} & above
        treated = (
            IOP.DifficultiesDueToSubstanceUseDisorder
            if request.substance_use
            else IOP.DifficultiesDueToPsychiatricDisorder
        )
        return {AFFIRMS if not kinds or str(treated) in kinds else NEITHER}
    if leaf == "illinois:assessment":
        return {_assessment(statement, vocabulary.all_above(vocabulary.own(statement)))}
    if leaf == "illinois:level":
        return {_level(level, readings) for level in statement.names("asamLevel")} or {AFFIRMS}
    if leaf == "description:days":
        days = statement.number("daysPerWeek")
        return {AFFIRMS if days is None or days >= 3 else DENIES}
    if leaf == "description:hours":
        hours = statement.number("clinicalHoursPerWeek")
        scheduled = statement.number("hoursPerWeek")
        if hours is None and scheduled is not None:
            # "Recreational or diversionary hours do not count."
            hours = scheduled - (statement.number("recreationalHoursPerWeek") or 0)
        return {AFFIRMS if hours is None or 9 <= hours <= 19 else DENIES}
    return {AFFIRMS}


def _assessment(statement: Statement, classes: Iterable[str]) -> Stance:
    """ "Names its edition, 3rd or 4th, every dimension of that edition addressed"; or attested without detail."""
    by_class = {str(IOP[f"{name}Assessment"]): str(IOP[name]) for name in ("AsamThirdEdition", "AsamFourthEdition")}
    dimensions = statement.names("asamDimension")
    editions = statement.names("asamEdition")
    if not editions and not dimensions:
        return AFFIRMS
    editions = editions or {by_class[name] for name in classes if name in by_class}
    for edition, number in (("AsamThirdEdition", 3), ("AsamFourthEdition", 4)):
        every = {str(IOP[f"Asam{number}Dimension{n}"]) for n in range(1, 7)}
        if editions == {str(IOP[edition])} and dimensions == every:
            return AFFIRMS
    return NEITHER


def _level(level: str, readings: Mapping[str, str]) -> Stance:
    """level-of-care: exactly 2.1, or 2.1 and any more intensive level."""
    number = level.rsplit("AsamLevel", 1)[-1]
    if number == "2.1":
        return AFFIRMS
    least = readings.get("level-of-care") == "least" and number not in _LOWER_LEVELS
    return AFFIRMS if least else DENIES
