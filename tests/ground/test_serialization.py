"""Frozen dataclasses as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import pytest

from reasoner.ground.serialization import Codec, CodecError


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Shared:
    names: frozenset[str]


@dataclass(frozen=True)
class Place:
    path: str


@dataclass(frozen=True)
class Inner:
    shared: Shared
    place: Place
    color: Color


@dataclass(frozen=True)
class Outer:
    text: str
    number: int
    truth: bool
    day: date | None
    ages: range
    pairs: tuple[tuple[str, int], ...]
    map: Mapping[str, dict[str, list[str]]]
    inner: tuple[Inner, ...]
    shared: Shared


PLACE = Place("here")
SHARED = Shared(frozenset({"a", "b"}))
INNER = Inner(SHARED, PLACE, Color.RED)
VALUE = Outer("ä", 1, True, date(2025, 4, 1), range(16, 23), (("a", -1),), {"a": {"b": ["c"]}}, (INNER, INNER), SHARED)
CODEC = Codec(Outer, shared=(Shared,), provided={Place: PLACE})


def test_what_is_written_is_read() -> None:
    value = CODEC.read(CODEC.write(VALUE))
    assert value == VALUE
    assert value.inner[0].shared is value.inner[1].shared is value.shared, "there is one"
    assert value.inner[0].place is PLACE
    assert type(value.inner[0].color) is Color
    assert b"here" not in CODEC.write(VALUE), "what is provided is not written"
    assert CODEC.write(VALUE).count(b'"a"') == 1, "a string is written once"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("text", "ä"),
        ("text", None),
        ("text", 99),
        ("number", True),
        ("number", 1.0),
        ("number", None),
        ("truth", 1),
        ("day", 0),
        ("day", [2025, 4, 1]),
        ("ages", [1, 2, 0]),
        ("ages", [1, 2, 3, 4]),
        ("ages", [True, 2, 3]),
        ("ages", "ab"),
        ("pairs", [[0]]),
        ("pairs", [[0, 1, 2]]),
        ("pairs", {"0": 1}),
        ("map", [[0], []]),
        ("map", {}),
        ("map", [[[0]], [0]]),
        ("inner", 0),
        ("inner", [[]]),
        ("inner", [[None, None, 0]]),
    ],
)
def test_a_wrong_type_is_refused(field: str, wrong: object) -> None:
    strings, shared, body = json.loads(CODEC.write(VALUE))
    body[list(Outer.__dataclass_fields__).index(field)] = wrong
    with pytest.raises(CodecError):
        CODEC.read(json.dumps([strings, shared, body]).encode())


def test_two_of_what_is_one_are_refused() -> None:
    two = Outer(*{**vars(VALUE), "shared": Shared(frozenset())}.values())
    with pytest.raises(TypeError, match="two instances of Shared"):
        CODEC.write(two)


def test_a_field_of_another_type_cannot_be_written() -> None:
    @dataclass(frozen=True)
    class Odd:
        value: object

    Odd.__annotations__["value"] = object
    with pytest.raises(TypeError, match="cannot be written"):
        Codec(Odd).write(Odd(1))
    with pytest.raises(CodecError, match="cannot be written"):
        Codec(Odd).read(b"[[],[],[1]]")


def test_a_value_of_another_type_than_its_field_is_not_written() -> None:
    for wrong in ({"text": 1}, {"number": "1"}, {"inner": (SHARED,)}):
        with pytest.raises(TypeError):
            CODEC.write(Outer(**{**vars(VALUE), **wrong}))  # type: ignore[arg-type]
