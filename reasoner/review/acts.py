"""What people do about a determination: decisions, overrides, acceptances, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from reasoner.rdf import graphs
from reasoner.review.authority import Role


class Disposition(StrEnum):
    """An act on a request that a person signs."""

    APPROVED = "approved"
    DOCUMENTATION_REQUESTED = "documentation-requested"
    DOCUMENTATION_RETURNED = "documentation-returned"
    REFERRED_TO_PEER = "referred-to-peer"
    PEER_TO_PEER = "peer-to-peer"
    ADVERSE = "adverse"
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    EXTENDED = "extended"
    ASSESSED = "assessed"

    @property
    def final(self) -> bool:
        """Whether it decides the request or an appeal, so that no turnaround time runs any longer."""
        return self in (Disposition.APPROVED, Disposition.ADVERSE, Disposition.UPHELD, Disposition.OVERTURNED)

    @property
    def adverse(self) -> bool:
        """Whether it decides against the request."""
        return self in (Disposition.ADVERSE, Disposition.UPHELD)


class Requester(StrEnum):
    """Who asks for an appeal or a reopening."""

    MEMBER = "member"
    PROVIDER = "provider"
    REPRESENTATIVE = "representative"


class Filing(StrEnum):
    """A way to have an adverse decision looked at again."""

    APPEAL = "appeal"
    REOPENING = "reopening"


@dataclass(frozen=True)
class Appeal:
    """How an appeal was filed; its reason is the rationale of the act."""

    filed_as: Filing
    asked_by: Requester
    expedited: bool = False


@dataclass(frozen=True)
class Call:
    """A peer-to-peer call."""

    day: date
    held_with: str
    """Name of the treating clinician."""
    facts: tuple[CallFact, ...] = ()
    """What the treating clinician stated that the chart did not say."""
    document: str = ""
    """IRI of the document of the chart that carries the facts; empty without facts, and until the call is signed."""


@dataclass(frozen=True)
class CallFact:
    """A fact that the treating clinician stated in a call."""

    criterion: str
    """IRI of the leaf that it speaks to."""
    stance: str
    """affirmed, denied or not-applicable."""
    words: str
    """What was said."""
    observed: date | None = None
    """When it was observed; the day of the call if that is not said."""


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
    evidence: tuple[str, ...] = ()
    """IRIs of the statements of the chart that it rests on."""


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
    copy: str = ""
    """The letter to the member that goes with one to somebody else, and has it in it."""
    revises: str = ""
    """IRI of the decision that this one corrects: one of the same step; empty for a new step."""
    appeal: Appeal | None = None
    """Of an appeal that is filed."""
    call: Call | None = None
    """Of a peer-to-peer call."""
    notice_date: date | None = None
    """Of an extension: when the notice of it is sent."""
    received: date | None = None
    """When the documentation that was returned, or the appeal that is filed, arrived; if that is not said, when it is signed."""
    independent: bool = False
    """On an appeal: whether the person affirms to be neither who denied the request nor their subordinate."""
    own_statuses: tuple[tuple[str, str], ...] = ()
    """IRI of a leaf, and the status that the person gave to it before they saw the determination."""


@dataclass(frozen=True)
class SignedOverride:
    """An override as a recorded decision shows it."""

    id: str
    """Id of the criterion."""
    determined: str
    status: str
    rationale: str
    evidence: tuple[str, ...] = ()
    """IRIs of the statements that it rests on."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """What the order of the acts of a case rests on, of one act."""

    iri: str
    determination: str
    """IRI of the determination that it is about."""
    disposition: Disposition
    time: datetime
    revises: str = ""
    """IRI of the act that it corrects; empty for a new step."""
    person: str = ""
    """IRI of who signed it."""
    signed_as: Role | None = None
    """In which role they signed; None of decisions of earlier versions, which do not say."""
    service: tuple[date, date | None] | None = None
    """The period of the determination; None if that is not known."""
    expedited: bool = False
    """Of an appeal: whether an answer is wanted sooner than in the usual time."""
    notice_date: date | None = None
    """Of an extension: when the notice of it is sent."""
    received: date | None = None
    """When the documentation that was returned, or the appeal that is filed, arrived; if that is not said, when it is signed."""


@dataclass(frozen=True, kw_only=True)
class Signed(Act):
    """A recorded decision in the form in which it is shown."""

    name: str
    role: str
    licence: str
    specialty: str = ""
    rationale: str
    letter: str
    copy: str = ""
    """As `Proposal.copy`."""
    overrides: tuple[SignedOverride, ...]
    remarks: tuple[tuple[str, str], ...]
    """Id of a criterion, and the remark on it."""
    appeal: Appeal | None = None
    call: Call | None = None
    independent: bool = False
    own_statuses: tuple[tuple[str, str], ...] = ()
    """Id of a leaf, and the status that was given to it before the determination was shown."""
    blinded: bool = False
    """Whether its signer had recorded their own statuses before they saw the determination."""
