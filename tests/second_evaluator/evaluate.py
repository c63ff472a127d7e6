"""The determination of one chart: outcome, statuses, and the outcome under every other reading."""

from __future__ import annotations

from dataclasses import dataclass

from rdflib import Graph

from tests.second_evaluator.leaves import Leaves
from tests.second_evaluator.record import read
from tests.second_evaluator.sections import OF_LEAVES, READINGS, STRAINED, Sections, outcome


@dataclass(frozen=True)
class Result:
    """What the policy makes of a chart."""

    outcome: str
    statuses: dict[str, str]
    """By id, of all that applies."""
    readings: dict[tuple[str, str], str]
    """The outcome under each alternative, tried alone."""

    @property
    def holds_under_all_readings(self) -> bool:
        """Whether the outcome is the same under every alternative that is not strained."""
        return all(found == self.outcome for reading, found in self.readings.items() if reading != STRAINED)

    @property
    def holds_under_strained_readings(self) -> bool:
        return self.readings[STRAINED] == self.outcome


def evaluate(graph: Graph, name: str = "") -> Result:
    """Determine the one request of a graph, or the one of a name; its service starts when the policy's only version is
    in force.
    """
    request = read(graph, name)
    by_default = Leaves(request)
    default, found = outcome(Sections(request, {}).whole(), by_default)
    readings = {}
    for interpretation, alternatives in READINGS.items():
        for alternative in alternatives:
            chosen = {interpretation: alternative}
            leaves = Leaves(request, chosen) if interpretation in OF_LEAVES else by_default
            readings[interpretation, alternative] = outcome(Sections(request, chosen).whole(), leaves)[0]
    return Result(default, {id_: status.value for id_, status in found.items()}, readings)


def set_aside(graph: Graph) -> dict[str, set[tuple[str, str]]]:
    """By statement the leaves it is set aside for, each with the reason; without a leaf where it bears on none.

    Statements that name disorders, or would bear on a leaf that turns on them, are left out: the reading does not say of
    which of several disorders a statement is set aside.
    """
    leaves = Leaves(read(graph))
    found: dict[str, set[tuple[str, str]]] = {
        statement.name: set() for statement in leaves.request.statements if not leaves.names_disorder(statement)
    }
    for name, leaf, reason in leaves.set_aside():
        if name in found:
            found[name].add((leaf, reason))
    return found
