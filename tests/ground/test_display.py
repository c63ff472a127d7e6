"""What of a text may be shown, and what stands in its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoner.ground.display import escaped, guarded, plain, unguarded
from tests.explore import examples


def test_plain_is_one_line_that_no_terminal_obeys() -> None:
    assert plain("a\x1b[2J\r\n b\u202e \x9b31m\u2028c\ue000") == "a[2J b 31m c"


@examples(100)
@given(text=st.text())
def test_what_is_escaped_means_the_same_in_json(text: str) -> None:
    written = escaped(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert not set(written) & {*map(chr, range(0x7F, 0xA0)), "\u061c", "\u200e", "\u200f", "\u2028", "\u202e", "\u2066"}


@examples(100)
@given(cell=st.text(alphabet="=+-@'\t\r1.5e x"))
def test_no_cell_is_a_formula(cell: str) -> None:
    written = guarded(cell)
    assert unguarded(written) == cell
    assert written[:1] not in {*"=+-@\t\r"} or float(written) == float(cell)


@pytest.mark.parametrize("number", ["-5", "+2.50", "-1e-3", "0", ""])
def test_numbers_are_left_alone(number: str) -> None:
    assert guarded(number) == number
