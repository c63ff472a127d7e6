"""Dataclasses as JSON and back, by the types of their fields: the JSON names no class, and reading it runs no code."""

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


class CodecError(ValueError):
    """Bytes are not what a `Codec` writes."""


class Codec(Generic[T]):
    """Writes the objects of one class as JSON, with everything they hold, and reads them.

    Fields may hold `str`, `int`, `bool`, `date`, `range`, enumerations of strings, `None`, tuples, lists, frozen sets,
    mappings and dataclasses of these. Every string is written once and referred to by its number.

    Args:
        kind: the class of the objects.
        shared: classes of which an object holds one instance, which several of its fields may refer to.
        provided: instances that are not written, by class; the reader has to provide equal ones.
    """

    def __init__(
        self, kind: type[T], *, shared: tuple[type, ...] = (), provided: Mapping[type, object] | None = None
    ) -> None:
        self._kind = kind
        self._shared = shared
        self._provided = provided or {}

    def write(self, value: T) -> bytes:
        """The object as JSON in UTF-8; raises `TypeError` for a value that its field must not hold."""
        writer = _Writer({*self._shared, *self._provided})
        body = writer.of(self._kind)(value)
        shared = [writer.instance(kind) for kind in self._shared]
        return json.dumps([list(writer.strings), shared, body], separators=(",", ":"), ensure_ascii=False).encode()

    def read(self, content: bytes) -> T:
        """The object that was written; raises `CodecError` if the content is anything else."""
        try:
            strings, shared, body = json.loads(content)
            if type(strings) is not list or not set(map(type, strings)) <= {str}:
                raise CodecError("the strings are not a list of strings")
            instances = dict(self._provided)
            for kind, data in zip(self._shared, _listed(shared), strict=True):
                instances[kind] = _Reader(strings, instances).of(kind)(data)
            value: T = _Reader(strings, instances).of(self._kind)(body)
        except (TypeError, ValueError, LookupError, OverflowError, RecursionError) as error:
            raise CodecError(str(error)) from error
        return value


class _Writer:
    """Makes functions that turn values of a type into JSON.

    Args:
        apart: classes of which an instance is not written where it occurs.
    """

    def __init__(self, apart: set[type]) -> None:
        self.strings: dict[str, int] = {}
        """Each string that was written, to its number."""
        self._apart = apart
        self._instances: dict[type, object] = {}
        self._functions: dict[Any, _Convert] = {}

    def of(self, kind: Any) -> _Convert:
        """The function for a type."""
        if kind not in self._functions:
            self._functions[kind] = self._make(kind)
        return self._functions[kind]

    def instance(self, kind: type) -> Any:
        """The one instance of a class that was set apart, as JSON."""
        self._apart.discard(kind)
        self._functions.pop(kind, None)
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
        raise TypeError(f"a field of type {kind} cannot be written")

    def _text(self, value: str) -> int:
        return self.strings.setdefault(str(_checked(value, str)), len(self.strings))

    def _set_apart(self, kind: type, value: object) -> None:
        if self._instances.setdefault(kind, value) is not value:
            raise TypeError(f"there are two instances of {kind.__name__}")


class _Reader:
    """Makes functions that turn JSON into values of a type, or raise an error."""

    def __init__(self, strings: list[str], instances: Mapping[type, object]) -> None:
        # It raises TypeError or IndexError for what is not the number of a string.
        self._text: _Convert = strings.__getitem__
        self._instances = instances
        self._functions: dict[Any, _Convert] = {}

    def of(self, kind: Any) -> _Convert:
        """The function for a type."""
        if kind not in self._functions:
            self._functions[kind] = self._make(kind)
        return self._functions[kind]

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
        raise TypeError(f"a field of type {kind} cannot be written")


def _fields(kind: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in dataclasses.fields(kind)]


def _optional(kind: Any) -> Any:
    """The type T of an optional type ``T | None``; None for any other type."""
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


# The functions that the next three return run for thousands of values, so they avoid calls where they can.


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
    """The value, if it is of a type; raises `TypeError` otherwise. ``true`` is not an `int` here."""
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise TypeError(f"there is {type(data).__name__} in place of {kind.__name__}")
    return data
