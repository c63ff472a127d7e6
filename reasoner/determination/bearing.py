"""What statements say of leaves: bearings, the facts they are about, and why a statement is set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from reasoner.chart.model import Assertion, Statement, Unread
from reasoner.rdf.terms import Term


class Reason(StrEnum):
    """Why a statement does not bear on a leaf, or on any."""

    RECORDED_LATER = "recorded after the as-of date"
    OBSERVED_LATER = "observed after the period under review"
    TOO_OLD = "older than the criterion allows"
    BEFORE_STAY = "before the stay"
    SUPERSEDED = "superseded by a later observation"
    WITHDRAWN = "the same finding is denied later"
    DISPUTED = "the same finding is denied on the same day, and another finding affirms it"
    NARROWER = "denying a narrower finding leaves the criterion open"
    CONTRADICTED = "the absence it states is contradicted on another criterion"
    NO_SUBJECT = "about what is denied or no longer so"
    OF_UNREAD = "may be about an item of the record that could not be read"
    UNNAMED = "does not say which of several findings it rates, and another rating affirms one"
    OTHER_KIND = "about another kind of finding than the one under review"
    OTHER_AUTHOR = "its author is not of the kind that the criterion asks for"
    UNACCEPTED = "not accepted by a reviewer"
    SILENT = "speaks to no criterion"


class Bearing(NamedTuple):
    """A statement as it bears on one leaf."""

    leaf: str
    statement: Statement
    stance: Assertion
    """What it says of the leaf: an affirmed statement can deny a leaf, or mark it as not applicable."""
    contrary: bool = False
    """Whether it says so by another finding than the leaf's: its contrary, one that makes it inapplicable, a remission."""
    open: bool = False
    """Whether, alone, it leaves its fact open: the disorder is in remission, which is not to say that there is none."""
    bare: bool = False
    """Whether only the finding of the leaf counts of it, without the details that it states."""

    @property
    def apart(self) -> bool:
        """Whether it stands in the evidence graph as a node of its own, with the finding of the leaf and no more."""
        return self.contrary or self.bare


class SetAside(NamedTuple):
    """A statement that was considered for a leaf (for none in particular if empty) and does not bear on it."""

    statement: Statement
    leaf: str
    reason: Reason
    days: int | None = None
    """Of one that is too old, how many days before service start it would have counted."""
    would_address: tuple[str, ...] = ()
    """Of one that is set aside for no leaf in particular, the IRIs of the leaves that it would speak to."""

    @property
    def words(self) -> str:
        """The reason in words."""
        return self.reason.value if self.days is None else f"older than {self.days} days"


class Fact(NamedTuple):
    """One of the facts that a leaf asks about, with what currently speaks to it."""

    topic: Term
    """What it is about; empty for the one fact of all statements that do not say."""
    bearings: tuple[Bearing, ...]
    """Empty for a fact of the leaf's population to which no statement of the leaf speaks."""


@dataclass(frozen=True)
class Settlement:
    """The current bearings of a case by leaf IRI, and what was set aside."""

    bearings: Mapping[str, tuple[Bearing, ...]]
    facts: Mapping[str, tuple[Fact, ...]]
    """The facts of each leaf that asks about several, the one without a topic first if there is one."""
    set_aside: tuple[SetAside, ...]
    late: frozenset[str]
    """IRIs of the counted statements that were recorded after service end."""
    derived: Mapping[str, tuple[tuple[Term, Term], ...]] = field(default_factory=dict)
    """Facts of a statement that follow from what else is current, by its IRI."""
    unread: Mapping[str, tuple[Unread, ...]] = field(default_factory=dict)
    """The items that could not be read and may be what a leaf counts, by leaf IRI."""
