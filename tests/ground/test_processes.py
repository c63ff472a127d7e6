"""Work that is spread over processes: in order, no further ahead than asked for, its errors raised here."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from reasoner.ground.errors import EngineError
from reasoner.ground.processes import spread


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_comes_of_items_is_in_their_order(jobs: int) -> None:
    assert list(spread(abs, range(-50, 0), jobs, ahead=16)) == list(range(50, 0, -1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_items_are_asked_for_than_may_be_taken_on(jobs: int) -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(200):
            taken.append(number)
            yield number

    found = spread(abs, items(), jobs, ahead=16)
    assert next(found) == 0
    assert len(taken) <= 24
    found.close()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_process_is_raised(jobs: int) -> None:
    found = spread(int, ["1", "two"], jobs, ahead=16)
    with pytest.raises(ValueError, match="two"):
        list(found)


def test_a_process_that_is_ended_from_outside_is_told() -> None:
    found = spread(os._exit, [9], 2, ahead=16)
    with pytest.raises(EngineError, match="ended from outside"):
        list(found)
