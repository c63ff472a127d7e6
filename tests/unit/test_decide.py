"""The fold, exhaustively."""

from __future__ import annotations

import itertools

import pytest

from reasoner.decide import Status, fold, leaf_status, residual_status
from reasoner.errors import EngineError
from reasoner.policy import Kind

M, N, D, C, A = Status.MET, Status.NOT_MET, Status.NOT_DOCUMENTED, Status.CONFLICTING, Status.NOT_APPLICABLE


def truth(status: Status) -> float:
    """Strong Kleene values: false 0, unknown a half, true 1."""
    return {M: 1.0, N: 0.0}.get(status, 0.5)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [Kind.ALL, Kind.ANY])
def test_fold_is_strong_kleene(kind: Kind, size: int) -> None:
    for parts in itertools.product(Status, repeat=size):
        rest = [part for part in parts if part is not A]
        found = fold(kind, parts)
        if not rest:
            assert found is A
            continue
        value = (min if kind is Kind.ALL else max)(map(truth, rest))
        if value == 0.5:
            assert found is (C if C in rest else D)
        else:
            assert found is (M if value else N)


def test_severities_to_status() -> None:
    table = {
        (): M,
        ("Warning",): D,
        ("Warning", "Violation"): N,
        ("Violation",): C,
        ("Info",): A,
        ("Info", "Violation"): C,
    }
    for size in range(4):
        for found in itertools.combinations(("Warning", "Violation", "Info"), size):
            if found in table or found[::-1] in table:
                assert leaf_status(found) is table.get(found, table.get(found[::-1]))
            else:
                with pytest.raises(EngineError):
                    leaf_status(found)


@pytest.mark.parametrize(
    ("own", "criteria", "expected"),
    [(M, M, A), (M, N, M), (M, D, D), (M, C, D), (C, M, A), (C, N, C), (C, D, C), (N, M, N), (D, M, D), (D, N, D)],
)
def test_residual_exclusion(own: Status, criteria: Status, expected: Status) -> None:
    assert residual_status(own, criteria) is expected
