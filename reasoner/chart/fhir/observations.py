"""Observations of which no query makes anything: why each of them, and each component, became no statement.

A record has thousands of laboratory values and vital signs, which no rule reads, so this takes no query and no quads.

status
    entered-in-error, cancelled: a note.
code
    of an Observation and of each component. One that is neither of a measure nor of a circumstance is unread.
panel
    an Observation without a value of its own is no item by itself where members or components say what was observed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from reasoner.chart.coding import CodeSystems
from reasoner.chart.fhir.quads import coded

_VOID = {"entered-in-error": "it was entered in error", "cancelled": "it was cancelled"}
_VALUES = frozenset(
    f"value{kind}"
    for kind in (
        *("Quantity", "CodeableConcept", "String", "Boolean", "Integer", "Range", "Ratio", "SampledData", "Time"),
        *("DateTime", "Period"),
    )
) | {"dataAbsentReason"}
ELEMENTS = frozenset({"status", "code", "component", "hasMember"}) | _VALUES
"""The elements that are read here."""


def void(observation: dict[str, Any]) -> str:
    """Why an Observation counts for nothing; empty if it does count."""
    status = [item for _, item in _nodes(observation, "status")]
    return next((_VOID[item] for item in status if isinstance(item, str) and item in _VOID), "")


def unread_parts(
    observation: dict[str, Any], read: Collection[str], codes: CodeSystems | None
) -> Iterator[tuple[str, str]]:
    """The path of each part that is unread, empty for the Observation itself, and why.

    Args:
        observation: an Observation that counts, in JSON.
        read: the paths of the parts that are of a measure or a circumstance.
        codes: what reads the codings.
    """
    components = _nodes(observation, "component")
    members = _nodes(observation, "hasMember")
    panel = any(path in ("component.0", "hasMember.0") for path, _ in (*components, *members))
    if "" not in read and (not panel or any(key.removeprefix("_") in _VALUES for key in observation)):
        yield "", _reason(observation, codes)
    for path, component in components:
        if path not in read:
            yield path, _reason(component, codes)


def _reason(part: Any, codes: CodeSystems | None) -> str:
    concepts = [item for _, item in _nodes(part, "code")]
    codings = [coding for concept in concepts for _, coding in _nodes(concept, "coding")]
    systems = False
    for coding in codings:
        system, code = coded(coding) if isinstance(coding, dict) else (None, None)
        if (
            isinstance(system, str)
            and isinstance(code, str)
            and system.strip()
            and codes
            and codes.read(system, code).iri
        ):
            return "no rule reads observations of its code"
        systems |= any(_is_plain(item) for _, item in _nodes(coding, "system"))
    if systems:
        return "its code is of a code system that is not known here"
    if codings:
        return "its code names no code system"
    words = any(_is_plain(text) for concept in concepts for _, text in _nodes(concept, "text"))
    return "it has no code, only words" if words else "it has neither code nor words"


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _nodes(value: Any, name: str) -> list[tuple[str, Any]]:
    """The nodes of an element, each with its path; what is said about a primitive is one too, and so is an empty array."""
    found: list[tuple[str, Any]] = []
    for key in (name, f"_{name}") if isinstance(value, dict) else ():
        if key in value:
            content = value[key]
            many = isinstance(content, list) and content
            found += [(f"{name}.{number}", item) for number, item in enumerate(content)] if many else [(name, content)]
    return found
