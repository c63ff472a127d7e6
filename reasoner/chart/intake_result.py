"""What intake makes of one data set of the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from reasoner.chart.model import Case
from reasoner.ground.errors import NecessityError
from reasoner.policy.model import Policy
from reasoner.rdf import parsing

if TYPE_CHECKING:
    from reasoner.chart.fhir import bulk, mapping
    from reasoner.chart.report import Coverage


@dataclass(frozen=True)
class IntakeResult:
    """What one data set of the input becomes; its cases and the report on it are worked out when they are asked for."""

    source: str
    """The name of the data set."""
    chart: parsing.DataSet | None = field(default=None, repr=False)
    """The request and what is said about it. A chart from FHIR may lack facts of the request."""
    notes: tuple[str, ...] = ()
    """What of it is not used, in short."""
    _refusals: tuple[NecessityError, ...] = ()
    _read: Callable[[parsing.DataSet], tuple[Case, ...]] | None = field(default=None, repr=False)
    _explain: Callable[[NecessityError], NecessityError] | None = field(default=None, repr=False)
    _report: Callable[[], Coverage] | None = field(default=None, repr=False)

    @cached_property
    def _outcome(self) -> tuple[tuple[Case, ...], tuple[NecessityError, ...]]:
        if self._refusals or self.chart is None or self._read is None:
            return (), self._refusals
        try:
            return self._read(self.chart), ()
        except NecessityError as error:
            return (), (self._explain(error) if self._explain else error,)

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases, ordered by request IRI; none if there are errors."""
        return self._outcome[0]

    @property
    def errors(self) -> tuple[NecessityError, ...]:
        """Why nothing can be determined from it."""
        return self._outcome[1]

    @cached_property
    def coverage(self) -> Coverage | None:
        """What became of each part of the source; None if it could not be read."""
        return self._report() if self._report else None


def report_on_graph(chart: parsing.DataSet, policy: Policy) -> Coverage:
    """The coverage of a data set of RDF."""
    from reasoner.chart import report

    return report.of_graph(chart, policy)


def report_on_bundle(mapped: mapping.MappedBundle, places: tuple[str, ...]) -> Coverage:
    """The coverage of a FHIR Bundle, whose entries may have been put together from elsewhere."""
    from reasoner.chart import report

    return report.of_bundle(mapped, places)


def report_on_orphans(source: str, orphans: list[bulk.Orphan]) -> Coverage:
    """The coverage of what is in no patient's record."""
    from reasoner.chart import report

    return report.of_orphans(f"{source}, no patient", orphans)
