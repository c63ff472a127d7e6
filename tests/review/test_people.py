"""Roles: what they permit, and in which a person works whose groups give several."""

from __future__ import annotations

from itertools import combinations

import pytest

from reasoner.review.authority import PERMITTED, PRECEDENCE, Role
from reasoner.review.people import Directory

DIRECTORY = Directory(roles={role: frozenset({role.value}) for role in Role})


def role_of(*groups: str) -> Role:
    return DIRECTORY.user({"sub": "7", "roles": list(groups)}).role


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (("viewer", "administrator"), Role.ADMINISTRATOR),
        (("viewer", "reviewer"), Role.REVIEWER),
        (("administrator", "reviewer"), Role.REVIEWER),
        (("administrator", "clinician"), Role.CLINICIAN),
        (("clinician", "reviewer", "viewer"), Role.CLINICIAN),
    ],
)
def test_of_several_roles_the_first_by_precedence(groups: tuple[str, ...], role: Role) -> None:
    assert role_of(*groups) is role_of(*reversed(groups)) is role


def test_nobody_works_in_a_role_that_permits_less_than_another_of_theirs() -> None:
    assert sorted(PRECEDENCE) == sorted(Role)
    for roles in combinations(Role, 2):
        chosen = role_of(*roles)
        for role in roles:
            assert not PERMITTED[chosen] < PERMITTED[role]
