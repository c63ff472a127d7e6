"""Frozen dataclasses as JSON and back, by the types of their fields: a file names no class, and nothing in it runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Convert = Callable[[Any], Any]


class FormError(ValueError):
    """Bytes are not what a `Form` writes."""


class Form(Generic[T]):
    """How the objects of one class, and all that they hold, are written and read.

    Fields may hold `str`, `int`, `bool`, `date`, `range`, enumerations of strings, `None`, tuples, lists, frozen sets,
    mappings and dataclasses of these. Every string is written once and referred to by its number.

    Args:
        kind: the class of the objects.
        once: classes of which an object holds a single instance, in however many places.
        given: the instances of classes that are not written, and are the same for whoever reads.
    """

    def __init__(
        self, kind: type[T], *, once: tuple[type, ...] = (), given: Mapping[type, object] | None = None
    ) -> None:
        self._kind = kind
        self._once = once
        self._given = given or {}

    def write(self, value: T) -> bytes:
        """The object as JSON in UTF-8; raises `TypeError` for what a field must not hold."""
        writer = _Writer({*self._once, *self._given})
        body = writer.of(self._kind)(value)
        shared = [writer.once(kind) for kind in self._once]
        return json.dumps([list(writer.strings), shared, body], separators=(",", ":"), ensure_ascii=False).encode()

    def read(self, content: bytes) -> T:
        """The object that was written; raises `FormError` for anything of another form or type."""
        try:
            strings, shared, body = json.loads(content)
            if type(strings) is not list or not set(map(type, strings)) <= {str}:
                raise FormError("the strings are not a list of strings")
            instances = dict(self._given)
            for kind, data in zip(self._once, _listed(shared), strict=True):
                instances[kind] = _Reader(strings, instances).of(kind)(data)
            value: T = _Reader(strings, instances).of(self._kind)(body)
        except (TypeError, ValueError, LookupError, OverflowError, RecursionError) as error:
            raise FormError(str(error)) from error
        return value


class _Writer:
    """Makes functions that turn values of a type into what JSON has."""

    def __init__(self, apart: set[type]) -> None:
        self.strings: dict[str, int] = {}
        self._apart = apart
        self._instances: dict[type, object] = {}
        self._known: dict[Any, _Convert] = {}

    def of(self, kind: Any) -> _Convert:
        """The function for a type."""
        if kind not in self._known:
            self._known[kind] = self._make(kind)
        return self._known[kind]

    def once(self, kind: type) -> Any:
        """What stands for the single instance of a class that was met."""
        self._apart.discard(kind)
        self._known.pop(kind, None)
        return self.of(kind)(self._instances[kind])

    def _make(self, kind: Any) -> _Convert:
        if kind in self._apart:
            return lambda value: self._set_apart(kind, value)
        if kind is str or _is_enum(kind):
            return self._text
        if kind is date:
            return lambda value: self._text(value.isoformat())
        if kind in (int, bool):
            return lambda value: _checked(value, kind)
        if kind is range:
            return lambda value: [value.start, value.stop, value.step]
        if _is_dataclass(kind):
            fields = [(name, self.of(type_)) for name, type_ in _fields(kind)]
            return lambda value: [write(getattr(_checked(value, kind), name)) for name, write in fields]
        if (inner := _optional(kind)) is not None:
            write = self.of(inner)
            return lambda value: None if value is None else write(value)
        origin, arguments = get_origin(kind), get_args(kind)
        if _is_mapping(origin):
            keys, values = map(self.of, arguments)
            return lambda value: [[keys(key) for key in value], [values(item) for item in value.values()]]
        if origin is tuple and arguments[-1] is not Ellipsis:
            writes = [self.of(argument) for argument in arguments]
            return lambda value: [write(item) for write, item in zip(writes, value, strict=True)]
        if origin in (tuple, list, frozenset):
            each = self.of(arguments[0])
            return lambda value: [each(item) for item in value]
        raise TypeError(f"a field of type {kind} has no form")

    def _text(self, value: str) -> int:
        return self.strings.setdefault(str(_checked(value, str)), len(self.strings))

    def _set_apart(self, kind: type, value: object) -> None:
        if self._instances.setdefault(kind, value) is not value:
            raise TypeError(f"there are two instances of {kind.__name__}")


class _Reader:
    """Makes functions that turn what JSON has into values of a type, or raise an error."""

    def __init__(self, strings: list[str], instances: Mapping[type, object]) -> None:
        self._text: _Convert = (
            strings.__getitem__
        )  # raises TypeError or IndexError for whatever is no number of a string
        self._instances = instances
        self._known: dict[Any, _Convert] = {}

    def of(self, kind: Any) -> _Convert:
        """The function for a type."""
        if kind not in self._known:
            self._known[kind] = self._make(kind)
        return self._known[kind]

    def _make(self, kind: Any) -> _Convert:
        text = self._text
        if kind in self._instances:
            return lambda data: self._instances[kind]
        if kind is str:
            return text
        if _is_enum(kind):
            return lambda data: kind(text(data))
        if kind is date:
            return lambda data: date.fromisoformat(text(data))
        if kind in (int, bool):
            return lambda data: _checked(data, kind)
        if kind is range:
            return lambda data: range(*(_checked(part, int) for part in _listed(data)))
        if _is_dataclass(kind):
            reads = [self.of(type_) for _, type_ in _fields(kind)]
            return lambda data: kind(*[read(part) for read, part in zip(reads, _listed(data), strict=True)])
        if (inner := _optional(kind)) is not None:
            read = self.of(inner)
            return lambda data: None if data is None else read(data)
        origin, arguments = get_origin(kind), get_args(kind)
        if _is_mapping(origin):
            return _mapping(*map(self.of, arguments))
        if origin is tuple and arguments[-1] is not Ellipsis:
            return _tuple([self.of(argument) for argument in arguments])
        if origin in (tuple, list, frozenset):
            return _collection(origin, self.of(arguments[0]))
        raise TypeError(f"a field of type {kind} has no form")


def _fields(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in dataclasses.fields(kind)]


def _optional(kind: Any) -> Any:
    """The type that `kind` makes optional; None if it does not."""
    if get_origin(kind) not in (Union, UnionType):
        return None
    inner = [argument for argument in get_args(kind) if argument is not NoneType]
    return inner[0] if len(inner) == 1 else None


def _is_dataclass(kind: Any) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


# What the next three return runs for each of thousands of values, so it does without calls where it can.


def _mapping(keys: _Convert, values: _Convert) -> _Convert:
    def read(data: Any) -> dict[Any, Any]:
        names, items = data
        if type(names) is not list or type(items) is not list:
            raise TypeError("a mapping is not a list of keys and a list of values")
        return dict(zip(map(keys, names), map(values, items), strict=True))

    return read


def _tuple(parts: list[_Convert]) -> _Convert:
    length, first = len(parts), parts[0]
    alike = all(part is first for part in parts)

    def read(data: Any) -> tuple[Any, ...]:
        if type(data) is not list or len(data) != length:
            raise TypeError(f"there is no list of {length} values")
        return tuple(map(first, data) if alike else [part(item) for part, item in zip(parts, data, strict=True)])

    return read


def _collection(kind: type, each: _Convert) -> _Convert:
    def read(data: Any) -> Any:
        if type(data) is not list:
            raise TypeError("there is no list of values")
        return kind(map(each, data))

    return read


def _listed(data: Any) -> list[Any]:
    items: list[Any] = _checked(data, list)
    return items


def _checked(data: Any, kind: type) -> Any:
    """The value, if it is of a type; ``true`` is no number."""
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise TypeError(f"{type(data).__name__} stands where {kind.__name__} has to")
    return data
