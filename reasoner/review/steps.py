"""Steps: the acts of a case in their order, what corrects what, and the state that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from reasoner.review.acts import Act, Disposition

_A = TypeVar("_A", bound=Act)


class CaseState(StrEnum):
    """Where a case stands; it follows from the acts and is never stored."""

    OPEN = "open"
    DOCUMENTATION_REQUESTED = "documentation-requested"
    DOCUMENTATION_RETURNED = "documentation-returned"
    REFERRED_TO_PEER = "referred-to-peer"
    PEER_TO_PEER = "peer-to-peer"
    DECIDED = "decided"
    APPEALED = "appealed"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"

    @property
    def closed(self) -> bool:
        """Whether nobody has to do anything: the request or the appeal is decided, or the request withdrawn."""
        return self in _CLOSED


_CLOSED = frozenset({CaseState.DECIDED, CaseState.UPHELD, CaseState.OVERTURNED, CaseState.WITHDRAWN})
_STATE = {
    Disposition.DOCUMENTATION_REQUESTED: CaseState.DOCUMENTATION_REQUESTED,
    Disposition.DOCUMENTATION_RETURNED: CaseState.DOCUMENTATION_RETURNED,
    Disposition.REFERRED_TO_PEER: CaseState.REFERRED_TO_PEER,
    Disposition.PEER_TO_PEER: CaseState.PEER_TO_PEER,
    Disposition.WITHDRAWN: CaseState.WITHDRAWN,
}
"""The state after an act that decides nothing, where the case is open."""
_DECIDING = {
    Disposition.APPROVED: CaseState.DECIDED,
    Disposition.ADVERSE: CaseState.DECIDED,
    Disposition.UPHELD: CaseState.UPHELD,
    Disposition.OVERTURNED: CaseState.OVERTURNED,
}


def same_step(one: Disposition, other: Disposition) -> bool:
    """Whether an act can correct another: the two decisions on a request, or those on an appeal, or acts of one kind."""
    decides = one.final and other.final
    return one is other or (
        decides and (_DECIDING[one] is CaseState.DECIDED) == (_DECIDING[other] is CaseState.DECIDED)
    )


@dataclass(frozen=True)
class Step(Generic[_A]):
    """An act with its corrections."""

    acts: tuple[_A, ...]
    """The act that was signed first, and each correction in its order."""

    @property
    def act(self) -> _A:
        """The act as it stands: the last correction."""
        return self.acts[-1]

    @property
    def time(self) -> datetime:
        """When the step was taken, whatever was corrected since."""
        return self.acts[0].time


@dataclass(frozen=True)
class History(Generic[_A]):
    """The steps of a case, oldest first, and what follows from them."""

    steps: tuple[Step[_A], ...] = ()

    @property
    def state(self) -> CaseState:
        """Where the case stands."""
        state = before = CaseState.OPEN
        for step in self.steps:
            disposition = step.act.disposition
            if disposition.final:
                state = _DECIDING[disposition]
            elif disposition is Disposition.APPEALED:
                # A second filing while one is open is about the same decision.
                before = before if state is CaseState.APPEALED else state
                state = CaseState.APPEALED
            elif state is CaseState.APPEALED:
                # What happens in the course of an appeal leaves it open, except its withdrawal.
                state = before if disposition is Disposition.WITHDRAWN else state
            elif not state.closed:
                state = _STATE.get(disposition, state)
        return state

    @property
    def decision(self) -> Step[_A] | None:
        """The decision in force, on the request or on an appeal; None if nothing is decided."""
        return next((step for step in reversed(self.steps) if step.act.disposition.final), None)

    @property
    def last(self) -> _A | None:
        """The act that was signed last, be it a step or a correction; None if there is none."""
        return max((act for step in self.steps for act in step.acts), key=lambda act: (act.time, act.iri), default=None)

    @property
    def last_iri(self) -> str:
        """IRI of that act; empty if there is none."""
        return self.last.iri if self.last else ""

    @property
    def correctable(self) -> tuple[Step[_A], ...]:
        """The steps that a correction can be of: the last one, and the decision that the case rests on."""
        last = self.steps[-1:]
        decision = self.decision if self.state.closed else None
        return (decision, *last) if decision and (decision,) != last else last

    @property
    def denials(self) -> tuple[_A, ...]:
        """Every act against the request, corrected ones too: who signed one of them decides no appeal."""
        return tuple(act for step in self.steps for act in step.acts if act.disposition.adverse)

    @property
    def assessors(self) -> frozenset[str]:
        """IRIs of those who have given their own statuses since documentation was returned or an appeal filed for the last time."""
        found: set[str] = set()
        for step in self.steps:
            if step.act.disposition in (Disposition.DOCUMENTATION_RETURNED, Disposition.APPEALED):
                found.clear()
            elif step.act.disposition is Disposition.ASSESSED:
                found.add(step.act.person)
        return frozenset(found)

    @property
    def raters(self) -> frozenset[str]:
        """IRIs of those who have ever given their own statuses."""
        return frozenset(step.act.person for step in self.steps if step.act.disposition is Disposition.ASSESSED)

    def step_of(self, iri: str) -> Step[_A] | None:
        """The step that an act belongs to, by the act's IRI."""
        return next((step for step in self.steps if any(act.iri == iri for act in step.acts)), None)


def history(acts: Iterable[_A]) -> History[_A]:
    """The steps of some acts on one case.

    An act corrects another if it revises it and both belong to one step. Earlier versions had each act revise the one
    before it, whatever that was; such an act is a step of its own.
    """
    steps: list[list[_A]] = []
    for act in sorted(acts, key=lambda act: (act.time, act.iri)):
        own = next(
            (
                step
                for step in steps
                if act.revises in {earlier.iri for earlier in step} and same_step(step[-1].disposition, act.disposition)
            ),
            None,
        )
        if own is None:
            steps.append([act])
        else:
            own.append(act)
    return History(tuple(Step(tuple(step)) for step in steps))


def state(acts: Sequence[Act]) -> CaseState:
    """Where a case stands after some acts on it."""
    return history(acts).state


def of_period(acts: Iterable[_A], start: date, end: date | None) -> tuple[_A, ...]:
    """The acts on a period of service: those on a determination of any day of it, and those of which the period is not known."""
    last = end or date.max

    def concerns(act: _A) -> bool:
        if act.service is None:
            return True
        begins, ends = act.service
        return begins <= last and start <= (ends or date.max)

    return tuple(act for act in acts if concerns(act))
