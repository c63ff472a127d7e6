"""What intake makes of one data set of the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from rdflib import Literal

from reasoner.chart import apart
from reasoner.chart.model import Case
from reasoner.ground.errors import NecessityError, ProgramError, contained
from reasoner.policy.model import Policy
from reasoner.rdf import parsing, terms
from reasoner.rdf.namespaces import NEC, RDF

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
    raw: bytes = field(default=b"", repr=False)
    """A part of a document that cannot be read, as it stands there."""
    _spoken_of: tuple[str, ...] = ()

    @cached_property
    def _outcome(self) -> tuple[tuple[Case, ...], tuple[NecessityError, ...]]:
        if self._refusals or self.chart is None or self._read is None:
            return (), self._refusals
        try:
            with contained(self.source):
                try:
                    return self._read(self.chart), ()
                except NecessityError as error:
                    return (), (self._explain(error) if self._explain else error,)
        except ProgramError as fault:
            return (), (fault,)

    @property
    def sound_chart(self) -> parsing.DataSet | None:
        """The chart, if cases are read from it."""
        return None if self._refusals or self._read is None else self.chart

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases, ordered by request IRI; none if there are errors."""
        return self._outcome[0]

    @property
    def errors(self) -> tuple[NecessityError, ...]:
        """Why nothing can be determined from it."""
        return self._outcome[1]

    @property
    def spoken_of(self) -> tuple[str, ...]:
        """IRIs of what it speaks of, requests among them, as far as these are known, if it is rejected."""
        if not self.errors:
            return ()
        return self._spoken_of or (apart.spoken_of(self.chart.own_nodes) if self.chart else ())

    def reviewed(self, day: date | None) -> IntakeResult:
        """The same with a chart whose requests are reviewed as of a day; without a day, itself."""
        if day is None or self.chart is None:
            return self
        kind, request = terms.of(RDF.type), terms.of(NEC.ReviewRequest)
        stated = {terms.of(NEC.asOf): [terms.of(Literal(day))]}
        nodes = {
            name: {**values, **stated} if request in values.get(kind, ()) else values
            for name, values in self.chart.nodes.items()
        }
        return replace(self, chart=parsing.DataSet(self.chart.name, _nodes=nodes))

    @cached_property
    def coverage(self) -> Coverage | None:
        """What became of each part of the source; None if it could not be read. Raises `ProgramError`."""
        with contained(self.source):
            return self._report() if self._report else None

    def with_report(self) -> IntakeResult:
        """Itself, if what became of its parts can be told; else a rejection."""
        try:
            _ = self.coverage
        except ProgramError as fault:
            return IntakeResult(self.source, _refusals=(*self.errors, fault))
        return self


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
