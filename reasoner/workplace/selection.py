"""The worklist: what a knowledge base holds, a line a request and period, with clocks, and how lines are chosen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from reasoner.ground.errors import UsageError
from reasoner.policy.axes import Axis
from reasoner.workplace.queue import Item


@dataclass(frozen=True)
class Selection:
    """Which lines to show, in what order; empty sets choose all."""

    text: str = ""
    """Part of the request's name or IRI, of its id, or of the id of a missing criterion."""
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The values that are shown, by a name of `facets`."""
    due_within: int | None = None
    """Days; 0 for what is due today or overdue."""
    depends: bool = False
    """Only those whose outcome depends on a reading."""
    among: frozenset[str] | None = field(default=None, compare=False)
    """Only these ids."""
    sort: str = "due"
    descending: bool = False

    def to_json(self) -> str:
        """The selection as text, to be saved."""
        content = asdict(self)
        content["facets"] = {name: sorted(values) for name, values in self.facets.items()}
        del content["among"]
        return json.dumps(content, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Selection:
        """A saved selection; raises `UsageError` for a text that is none."""
        try:
            content = json.loads(text)
            chosen = {name: frozenset(values) for name, values in content.pop("facets", {}).items()}
            unknown = [name for name in chosen if name not in _FACETS and not name.startswith(_OF_AXIS)]
            if unknown or content.get("sort", "due") not in SORTS:
                raise ValueError(unknown or content["sort"])
            return cls(**content, facets=chosen)
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageError("the saved view is not understood", mend="Save it anew") from error


_FACETS = {
    "states": "state",
    "outcomes": "outcome",
    "age_groups": "age_group",
    "jurisdictions": "jurisdiction",
}
_OF_AXIS = "kind "
SORTS = (
    "due",
    "name",
    "state",
    "outcome",
    "start",
    "received",
    "missing",
    "kind",
    "age_group",
    "jurisdiction",
)
"""What lines can be ordered by."""


def facets(axes: Iterable[Axis]) -> dict[str, str]:
    """What lines can be filtered by: the name of each facet, and a label for it."""
    of_axes = {f"{_OF_AXIS}{axis.word}": axis.label.capitalize() for axis in axes}
    after = {"age_groups": "Age group", "jurisdictions": "Plan regulated in"}
    return {"states": "State", "outcomes": "Outcome"} | of_axes | after


def _value(item: Item, facet: str) -> str:
    if facet in _FACETS:
        return str(getattr(item, _FACETS[facet]))
    return item.kind.get(facet.removeprefix(_OF_AXIS), "")


def choose(items: Iterable[Item], selection: Selection, today: date) -> list[Item]:
    """The items that a selection shows, in its order."""
    wanted = selection.text.strip().lower()
    filters = [(facet, values) for facet, values in selection.facets.items() if values]

    def shown(item: Item) -> bool:
        if selection.among is not None and item.id not in selection.among:
            return False
        if any(_value(item, facet) not in values for facet, values in filters):
            return False
        if selection.depends and item.holds is not False:
            return False
        if selection.due_within is not None and (item.due is None or item.left(today) > selection.due_within):  # type: ignore[operator]
            return False
        return not wanted or any(wanted in text.lower() for text in (item.request, item.id, *item.missing))

    def key(item: Item) -> tuple[Any, ...]:
        value = getattr(item, selection.sort)
        if selection.sort == "missing":
            value = item.ways and len(item.missing)
        elif selection.sort == "kind":
            value = tuple(item.kind.values())
        return (value is None, value if value is not None else 0)

    found = sorted((item for item in items if shown(item)), key=lambda item: (item.request, item.start))
    present, absent = [i for i in found if not key(i)[0]], [i for i in found if key(i)[0]]
    # What has no value stands last in either direction.
    return sorted(present, key=key, reverse=selection.descending) + absent


def counts(items: Iterable[Item], facet: str) -> dict[str, int]:
    """How many items have each value of a facet, the most frequent first."""
    return dict(Counter(_value(item, facet) for item in items).most_common())
