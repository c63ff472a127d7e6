"""Traits of a request, by their labels, and what rules that are data ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Where = Mapping[str, frozenset[str]]
"""By trait, the labels in lower case of which a request must have one."""


def where(entry: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """What a table of TOML asks of a request: by trait a label, or a list of labels.

    >>> where({"urgency": "Expedited"})
    {'urgency': frozenset({'expedited'})}
    """
    return {
        str(trait): frozenset(str(label).lower() for label in ([labels] if isinstance(labels, str) else labels))
        for trait, labels in entry.items()
    }


def fits(asked: Where, traits: Mapping[str, str]) -> bool:
    """Whether a request has what is asked, given the labels of its traits."""
    return all(traits.get(trait, "").lower() in labels for trait, labels in asked.items())
