"""What people do about a determination: decisions, overrides, acceptances, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reasoner.rdf import graphs


class Disposition(StrEnum):
    """What a decision does with a request."""

    APPROVED = "approved"
    DOCUMENTATION_REQUESTED = "documentation-requested"
    REFERRED_TO_PEER = "referred-to-peer"
    ADVERSE = "adverse"

    @property
    def final(self) -> bool:
        """Whether the request is decided by it, so that no clock runs on."""
        return self in (Disposition.APPROVED, Disposition.ADVERSE)


class SignedRecord:
    """What a person has put on record."""

    content: str

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return graphs.digest(self.content)


@dataclass(frozen=True)
class Decision(SignedRecord):
    """A person's decision: its IRI, the determination it had before it, and its triples as canonical N-Triples."""

    iri: str
    determination: str
    content: str = field(repr=False)


@dataclass(frozen=True)
class Acceptance(SignedRecord):
    """A person's acceptance of a statement to an open criterion, or the withdrawal of one."""

    iri: str
    request: str
    statement: str
    """IRI of what is accepted; empty for a withdrawal."""
    withdrawn: str
    """IRI of the acceptance that is withdrawn; empty for an acceptance."""
    person: str
    content: str = field(repr=False)


@dataclass(frozen=True)
class Override:
    """A status that a person gives to a criterion in place of the determined one."""

    criterion: str
    """IRI."""
    determined: str
    """The status that validation found, as `reasoner.logic.fold.Status` spells it."""
    status: str
    rationale: str


@dataclass(frozen=True)
class Proposal:
    """What a person is about to decide."""

    determination: str
    """IRI of the determination they had before them."""
    disposition: Disposition
    rationale: str = ""
    overrides: tuple[Override, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()
    """IRI of a criterion and what is noted on it."""
    letter: str = ""
    revises: str = ""
    """IRI of the decision that this one corrects."""


@dataclass(frozen=True)
class SignedOverride:
    """An override as it stands in a decision."""

    id: str
    """Id of the criterion."""
    determined: str
    status: str
    rationale: str


@dataclass(frozen=True)
class Signed:
    """A recorded decision, to be shown."""

    iri: str
    determination: str
    disposition: Disposition
    time: datetime
    name: str
    role: str
    licence: str
    rationale: str
    letter: str
    revises: str
    overrides: tuple[SignedOverride, ...]
    remarks: tuple[tuple[str, str], ...]
    """Id of a criterion and what is noted on it."""
