"""Selections of the worklist: which items are shown, in what order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from reasoner.ground.errors import UsageError
from reasoner.policy.axes import Axis
from reasoner.workplace.worklist import WorklistItem


@dataclass(frozen=True)
class Selection:
    """Which items to show, in what order; an empty set of values shows all."""

    text: str = ""
    """Part of the request's name or IRI, of its id, or of the id of a missing criterion."""
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The values that are shown, by the names that `facets` gives."""
    due_within: int | None = None
    """Days; 0 for what is due today or overdue."""
    depends: bool = False
    """Whether only items are shown whose outcome depends on a reading."""
    among: frozenset[str] | None = field(default=None, compare=False)
    """The ids that are shown; None for all. It is not saved."""
    sort: str = "due"
    descending: bool = False

    def to_json(self) -> str:
        """The selection as JSON, to be saved."""
        content = asdict(self)
        content["facets"] = {name: sorted(values) for name, values in self.facets.items()}
        del content["among"]
        return json.dumps(content, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Selection:
        """A saved selection; raises `UsageError` if the text is none."""
        try:
            content = json.loads(text)
            values_by_facet = {name: frozenset(values) for name, values in content.pop("facets", {}).items()}
            unknown = [name for name in values_by_facet if name not in _FACETS and not name.startswith(_OF_AXIS)]
            if unknown or content.get("sort", "due") not in SORTS:
                raise ValueError(unknown or content["sort"])
            return cls(**content, facets=values_by_facet)
        except (ValueError, TypeError, AttributeError) as error:
            raise UsageError("the saved view is not understood", mend="Save it anew") from error


_FACETS = {
    "states": "standing",
    "outcomes": "outcome",
    "age_groups": "age_group",
    "jurisdictions": "jurisdiction",
}
"""The attribute of an item that each facet shows."""
_OF_AXIS = "kind "
"""Begins the name of the facet of an axis."""
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
"""What items can be ordered by."""


def facets(axes: Iterable[Axis]) -> dict[str, str]:
    """What items can be filtered by: the name of each facet, and its label."""
    of_axes = {f"{_OF_AXIS}{axis.word}": axis.label[:1].upper() + axis.label[1:] for axis in axes}
    after = {"age_groups": "Age group", "jurisdictions": "Plan regulated in"}
    return {"states": "State", "outcomes": "Outcome"} | of_axes | after


def _value(item: WorklistItem, facet: str) -> str:
    if facet in _FACETS:
        return str(getattr(item, _FACETS[facet]))
    return item.kind.get(facet.removeprefix(_OF_AXIS), "")


def select(items: Iterable[WorklistItem], selection: Selection, today: date) -> list[WorklistItem]:
    """The items that a selection shows, in its order."""
    text = selection.text.strip().lower()
    filters = [(facet, values) for facet, values in selection.facets.items() if values]

    def shown(item: WorklistItem) -> bool:
        if selection.among is not None and item.id not in selection.among:
            return False
        if any(_value(item, facet) not in values for facet, values in filters):
            return False
        if selection.depends and item.holds_under_all_readings is not False:
            return False
        if selection.due_within is not None:
            days_left = item.days_left(today)
            if days_left is None or days_left > selection.due_within:
                return False
        return any(text in name.lower() for name in (item.request, item.id, *item.missing))

    def key(item: WorklistItem) -> tuple[Any, ...]:
        value = getattr(item, selection.sort)
        if selection.sort == "missing":
            value = item.gap_count and len(item.missing)
        elif selection.sort == "state":
            value = item.standing
        elif selection.sort == "kind":
            value = tuple(item.kind.values())
        return (value is None, value if value is not None else 0)

    selected = sorted((item for item in items if shown(item)), key=lambda item: (item.request, item.start))
    with_value = [item for item in selected if not key(item)[0]]
    without_value = [item for item in selected if key(item)[0]]
    # Items without a value are last in either direction.
    return sorted(with_value, key=key, reverse=selection.descending) + without_value


def counts(items: Iterable[WorklistItem], facet: str) -> dict[str, int]:
    """How many items have each value of a facet, the most frequent first."""
    return dict(Counter(_value(item, facet) for item in items).most_common())
