"""People who work with requests: who they are, in which role, with which licence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reasoner.ground.errors import AccessError
from reasoner.review.authority import PERMITTED, PRECEDENCE, Action, Role


@dataclass(frozen=True)
class User:
    """A person who works with requests."""

    iri: str
    name: str
    role: Role
    licence: str = ""
    """The professional licence with its state; empty if they have none."""
    title: str = ""
    """The profession, as a decision states it; by default the role."""
    specialty: str = ""
    """The field in which they are trained; empty if it is not known."""
    superiors: frozenset[str] = frozenset()
    """IRIs of the people whom they report to, as far as a directory says."""
    authenticated: bool = False
    """Whether an identity provider vouches for them."""

    def may(self, action: Action) -> bool:
        """Whether the role permits an action; an adverse decision also takes a licence."""
        if action is Action.DECIDE_ADVERSELY and not self.licence:
            return False
        return action in PERMITTED[self.role]

    def require(self, action: Action) -> None:
        """Raise `AccessError` unless the action is permitted."""
        if action is Action.DECIDE_ADVERSELY and self.role is Role.CLINICIAN and not self.licence:
            raise AccessError("an adverse decision takes a licence", mend="Have it entered for this clinician")
        if not self.may(action):
            able = ", ".join(role.value for role in Role if action in PERMITTED[role])
            raise AccessError(f"a {self.role.value} may not {action.value}", mend=f"Ask someone who may: {able}")


@dataclass(frozen=True)
class Directory:
    """How the claims of an identity provider give a person's role and licence."""

    role_claim: str = "roles"
    """The claim that names their groups or roles: a text or a list of texts."""
    roles: Mapping[Role, frozenset[str]] = field(default_factory=dict)
    """The groups whose members have a role, by role."""
    licence_claim: str = "licence"
    title_claim: str = "profession"
    specialty_claim: str = "specialty"
    superior_claim: str = ""
    """The claim that names whom they report to by the claim ``sub``: a text or a list of texts. Empty if the provider has none."""

    def user(self, claims: Mapping[str, Any]) -> User:
        """The person described by some claims, in the first role of `PRECEDENCE` that their groups give them.

        Raises:
            AccessError: the claims name no one, or none of the groups has a role.
        """
        issuer, subject = str(claims.get("iss") or ""), str(claims.get("sub") or "")
        if not subject:
            raise AccessError("the identity provider names no one", mend="Have it give the claim sub")
        groups = _texts(claims.get(self.role_claim))
        role = next((role for role in PRECEDENCE if groups & self.roles.get(role, frozenset())), None)
        if role is None:
            raise AccessError(
                "no role is given to any of this person's groups",
                mend=f"Have the claim {self.role_claim} name a group of the settings",
            )
        return User(
            iri=person(f"{issuer}\n{subject}"),
            name=str(claims.get("name") or claims.get("email") or subject),
            role=role,
            licence=str(claims.get(self.licence_claim) or ""),
            title=str(claims.get(self.title_claim) or ""),
            specialty=str(claims.get(self.specialty_claim) or ""),
            superiors=frozenset(
                person(f"{issuer}\n{superior}") for superior in _texts(claims.get(self.superior_claim))
            ),
            authenticated=True,
        )


def _texts(claim: object) -> set[str]:
    """The texts of a claim that is a text, a list of texts or not there."""
    if not claim:
        return set()
    return {str(text) for text in claim} if isinstance(claim, list | tuple | set | frozenset) else {str(claim)}


def local(name: str, role: Role, licence: str = "", title: str = "", specialty: str = "") -> User:
    """A person who states their own name and role, where no identity provider is configured; raises `AccessError` without a name."""
    name = " ".join(name.split())
    if not name:
        raise AccessError("no name is given", mend="Say who is at work")
    return User(person(f"local\n{name}"), name, role, licence.strip(), title.strip(), specialty.strip())


def person(key: str) -> str:
    """The IRI of a person, from a key that identifies them."""
    return "urn:necessity:person:" + hashlib.sha256(key.encode()).hexdigest()[:32]
