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
        """Whether it decides the request, so that no turnaround time runs any longer."""
        return self in (Disposition.APPROVED, Disposition.ADVERSE)


class SignedRecord:
    """Something that a person has signed, as triples."""

    content: str

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return graphs.digest(self.content)


@dataclass(frozen=True)
class Decision(SignedRecord):
    """A person's decision on a determination."""

    iri: str
    determination: str
    """IRI of the determination that it is about."""
    content: str = field(repr=False)
    """Its triples as canonical N-Triples."""


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
    """IRI of the person."""
    content: str = field(repr=False)
    """Its triples as canonical N-Triples."""


@dataclass(frozen=True)
class Override:
    """A status that a person gives to a criterion in place of the determined one."""

    criterion: str
    """IRI."""
    determined: str
    """The determined status, as `reasoner.logic.fold.Status` spells it."""
    status: str
    rationale: str


@dataclass(frozen=True)
class Proposal:
    """A decision before it is signed."""

    determination: str
    """IRI of the determination that it is about."""
    disposition: Disposition
    rationale: str = ""
    overrides: tuple[Override, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()
    """IRI of a criterion, and the remark on it."""
    letter: str = ""
    revises: str = ""
    """IRI of the decision that this one corrects."""


@dataclass(frozen=True)
class SignedOverride:
    """An override as a recorded decision shows it."""

    id: str
    """Id of the criterion."""
    determined: str
    status: str
    rationale: str


@dataclass(frozen=True)
class Signed:
    """A recorded decision in the form in which it is shown."""

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
    """Id of a criterion, and the remark on it."""
