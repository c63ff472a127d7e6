"""Authority: which role may do what, as a table, and which role goes before which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a person does at the payer; `PERMITTED` says what each role may do."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Something that a role permits or not; the value is its name in the audit trail."""

    SIGN_IN = "sign in"
    READ = "read"
    QUERY = "query"
    EXPORT = "export"
    TRY = "try charts"
    DRAFT = "draft"
    ACCEPT = "accept a statement"
    TAKE_IN = "take in a request"
    ADD_EVIDENCE = "add evidence"
    STATE = "make a statement"
    DETERMINE = "determine"
    DECIDE = "decide"
    DECIDE_ADVERSELY = "decide adversely"
    ASSIGN = "assign"
    NOTE = "write a note"
    LOAD = "load charts"
    AUDIT = "read the audit trail"
    CHOOSE_PANEL = "choose a panel"


_VIEW = frozenset({Action.SIGN_IN, Action.READ, Action.QUERY})
_TEAM = frozenset({Action.ASSIGN, Action.NOTE})
_EVIDENCE = frozenset({Action.TAKE_IN, Action.ADD_EVIDENCE, Action.STATE})
_REVIEW = (
    _EVIDENCE
    | _VIEW
    | _TEAM
    | {Action.EXPORT, Action.TRY, Action.DRAFT, Action.ACCEPT, Action.DETERMINE, Action.DECIDE}
)
PERMITTED: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.VIEWER: _VIEW,
        Role.REVIEWER: _REVIEW,
        Role.CLINICIAN: _REVIEW | {Action.DECIDE_ADVERSELY},
        # Loads charts, gives out requests, chooses panels and reads the audit trail, and decides no request.
        Role.ADMINISTRATOR: _VIEW
        | _TEAM
        | {Action.EXPORT, Action.TRY, Action.DETERMINE, Action.LOAD, Action.AUDIT, Action.CHOOSE_PANEL},
    }
)
"""What each role may do."""
PRECEDENCE = (Role.CLINICIAN, Role.REVIEWER, Role.ADMINISTRATOR, Role.VIEWER)
"""A person whose groups give several roles works in the first of these. No role comes before one that permits all that it
permits and more; of reviewer and administrator, neither of which permits all that the other does, the reviewer comes first."""
