"""What people do in the workplace, permitted by role and written to the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reasoner.ground.errors import AccessError
from reasoner.review.authority import Action
from reasoner.review.people import User
from reasoner.store import audit


@contextmanager
def audited(trail: audit.AuditTrail, user: User, action: Action, subject: str = "", detail: str = "") -> Iterator[None]:
    """Require the permission for an action and record it; a refusal or failure is recorded too, without its message.

    Args:
        trail: the audit trail.
        user: who acts.
        action: what they do in the block.
        subject: opaque id of the request that it is done to; empty if it is done to none.
        detail: what else the trail says of it; never content of a chart.
    """

    def record(entry: str, detail: str) -> None:
        trail.append(actor(user), entry, subject=subject, detail=detail)

    try:
        user.require(action)
    except AccessError:
        record(f"refused: {action.value}", detail)
        raise
    record(action.value, detail)
    try:
        yield
    except AccessError:
        record(f"refused: {action.value}", detail)
        raise
    except Exception as error:
        record(f"failed: {action.value}", type(error).__name__)
        raise


def actor(user: User) -> audit.Actor:
    """A person as the audit trail names them."""
    return audit.Actor(user.iri, user.name, user.role.value)
