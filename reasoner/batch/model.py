"""What a batch is told, and what comes of it: the job, a row or rejection for each data set, and the results to export."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from reasoner.chart.fast.piece import Piece
from reasoner.determination.engine import DEFAULT_ENGINE, Engine, software_version
from reasoner.ground.errors import NecessityError
from reasoner.policy.configuration import Configuration
from reasoner.policy.loading import PolicyLocation
from reasoner.policy.model import Policy

if TYPE_CHECKING:
    from reasoner.chart.fhir.request import RequestOptions


@dataclass(frozen=True)
class Job:
    """How a batch is determined; small enough to be sent to other processes."""

    policy: PolicyLocation = field(default_factory=PolicyLocation)
    """Where each process loads the policy from."""
    configuration: Configuration | None = None
    """A payer's readings and parameters."""
    as_of: date | None = None
    """Day of review that overrides the requests' own."""
    today: date = field(default_factory=date.today)
    """Day of review of the requests that state none."""
    options: RequestOptions | None = None
    """Facts of the request that FHIR does not state."""
    alternatives: bool = True
    """Whether every other reading of the ambiguous passages is tried too."""
    engine: Engine = DEFAULT_ENGINE
    whole: bool = False
    """Whether the lines are whole determinations, as of ``--format jsonl``, rather than briefs."""

    def digest(self) -> str:
        """A digest of everything beside the input that the lines depend on."""
        readings = self.configuration.digest if self.configuration else ""
        policy = self.policy.load().digest
        parts = (policy, readings, self.as_of, self.options, self.alternatives, self.engine.value, self.whole)
        return hashlib.sha256(repr((parts, software_version())).encode()).hexdigest()


@dataclass(frozen=True)
class Row:
    """A determination as a line of JSON."""

    source: str
    """What its data set is called: the file, and inside it the graph, line or row."""
    request: str
    """IRI of the request."""
    start: str
    """First day of the period of service, as YYYY-MM-DD."""
    outcome: str
    line: str


@dataclass(frozen=True)
class Rejection:
    """A data set that nothing is determined from, and why."""

    source: str
    error: NecessityError
    raw: bytes = field(default=b"", repr=False)
    """Its content, where that is known."""
    suffix: str = ""
    """Suffix of a file with this content."""
    spoken_of: tuple[str, ...] = ()
    """IRIs of the requests that it speaks of, as far as these are known; nothing is determined of them elsewhere either."""


@dataclass(frozen=True)
class Tally:
    """How many data sets were read, and what became of them."""

    read: int
    determined: int
    rejected: int


@dataclass
class PieceResult:
    """What a worker makes of a piece of the input."""

    piece: Piece
    graphs: list[tuple[str, str]] = field(default_factory=list)
    """The data sets that are named graphs: the file, and what the data set is called."""
    rows: list[Row] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What was not used of the input: source and note."""
    read: int = 0
    """Data sets that the reader gave."""
    determined: int = 0
    """Those of them with determinations alone."""
    rejected: int = 0
    """Those of them of which something was rejected."""
    scattered: bool = False
    """Whether nothing was made of it, because it has to be read together with the rest of its file."""


@dataclass(frozen=True)
class Results:
    """The results of a batch, as exports and reports take them."""

    policy: Policy
    rows: Callable[[], Iterator[Row]]
    """The determinations; each call begins with the first."""
    rejections: Callable[[], Iterator[Rejection]]
    outcomes: dict[str, int]
    """How many determinations have each outcome."""
    rejected: int
    """How many rejections there are; a request that is rejected has one of its own."""
    fail_on: Collection[str] = ()
    """The outcomes that count as failures."""
