"""Selections of the worklist: which items are shown, in what order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any

from reasoner.ground.errors import UsageError
from reasoner.policy.axes import Axis
from reasoner.review.steps import CaseState
from reasoner.workplace.team import Assignment
from reasoner.workplace.worklist import WorklistItem


class Queue(StrEnum):
    """The requests that someone looks for by what is to be done with them; the value is its name in an address."""

    MINE = "mine"
    PANEL = "panel"
    UNASSIGNED = "unassigned"
    WITH_PEER = "with-peer"
    RETURNED = "returned"
    OVERDUE = "overdue"
    OPEN = "open"
    ALL = "all"


QUEUES: Mapping[Queue, str] = {
    Queue.MINE: "Mine",
    Queue.PANEL: "Panel",
    Queue.UNASSIGNED: "Unassigned",
    Queue.WITH_PEER: "With a peer",
    Queue.RETURNED: "Documentation returned",
    Queue.OVERDUE: "Overdue",
    Queue.OPEN: "All open",
    Queue.ALL: "All",
}
"""Each queue in words, in the order in which they are offered."""


_WITH_PEER = frozenset({CaseState.REFERRED_TO_PEER, CaseState.PEER_TO_PEER, CaseState.APPEALED})


@dataclass(frozen=True)
class Viewer:
    """Who looks at the worklist, and who has each request."""

    person: str
    """IRI of the person."""
    now: datetime
    """In the time zone of the settings."""
    assignments: Mapping[str, Assignment] = field(default_factory=dict)
    """By the id of the request."""
    drafts: frozenset[str] = frozenset()
    """Ids of the requests of which the person has a draft."""
    to_assess: frozenset[str] = frozenset()
    """Ids of the requests that the person is asked to assess in a panel, and has not."""

    @property
    def today(self) -> date:
        """The day it is."""
        return self.now.date()

    def queues(self, item: WorklistItem) -> list[Queue]:
        """The queues that an item stands in, beside that of all."""
        found = [Queue.PANEL] if item.id in self.to_assess else []
        if item.state.closed:
            return found
        assignment = self.assignments.get(item.id)
        found.append(Queue.OPEN)
        if assignment is None:
            found.append(Queue.UNASSIGNED)
        elif assignment.person == self.person:
            found.append(Queue.MINE)
        if item.state in _WITH_PEER:
            found.append(Queue.WITH_PEER)
        elif item.state is CaseState.DOCUMENTATION_RETURNED:
            found.append(Queue.RETURNED)
        if item.is_overdue(self.now):
            found.append(Queue.OVERDUE)
        return found

    def queued(self, item: WorklistItem, queue: Queue) -> bool:
        """Whether an item stands in a queue."""
        return queue is Queue.ALL or queue in self.queues(item)

    def sizes(self, items: Iterable[WorklistItem]) -> dict[Queue, int]:
        """How many items stand in each queue beside that of all, in the order in which these are offered."""
        found = Counter(queue for item in items for queue in self.queues(item))
        return {queue: found[queue] for queue in QUEUES if queue is not Queue.ALL}


@dataclass(frozen=True)
class Selection:
    """Which items to show, in what order; a facet that is absent or has no values shows all."""

    queue: Queue = Queue.OPEN
    text: str = ""
    """Words, each part of the request's name or IRI, of its id, of the member's name or number, of the program's or an author's name,
    or of the id or the notation of a missing criterion."""
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The values that are shown, by the names that `facets` gives."""
    due_within: int | None = None
    """Days; 0 for what is due today or overdue."""
    depends: bool = False
    """Whether only items are shown whose outcome depends on a reading."""
    drafts: bool = False
    """Whether only requests are shown of which the person has a draft."""
    sort: str = "due"
    descending: bool = False

    def to_json(self) -> str:
        """The selection as JSON, to be saved."""
        content = asdict(self)
        content["facets"] = {name: sorted(values) for name, values in self.facets.items()}
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
            return cls(queue=Queue(content.pop("queue", Queue.OPEN)), facets=values_by_facet, **content)
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
    "member",
    "assigned",
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


def select(items: Iterable[WorklistItem], selection: Selection, viewer: Viewer) -> list[WorklistItem]:
    """The items that a selection shows to someone, in its order."""
    words = selection.text.replace(",", " ").lower().split()
    filters = [(facet, values) for facet, values in selection.facets.items() if values]

    def shown(item: WorklistItem) -> bool:
        if not viewer.queued(item, selection.queue) or (selection.drafts and item.id not in viewer.drafts):
            return False
        if any(_value(item, facet) not in values for facet, values in filters):
            return False
        if selection.depends and item.holds_under_all_readings is not False:
            return False
        if selection.due_within is not None:
            days_left = item.days_left(viewer.today)
            if days_left is None or days_left > selection.due_within:
                return False
        if not words:
            return True
        missing = "\n".join(item.missing)
        names = (item.request, item.id, item.member, item.reference, item.program, *item.words, missing)
        told = "\n".join((*names, missing.replace("-", "."))).lower()
        return all(word in told for word in words)

    def key(item: WorklistItem) -> tuple[Any, ...]:
        if selection.sort == "assigned":
            assignment = viewer.assignments.get(item.id)
            return (assignment is None, assignment.name if assignment else "")
        value = getattr(item, selection.sort)
        if selection.sort == "missing":
            value = item.gap_count and len(item.missing)
        elif selection.sort == "state":
            value = item.standing
        elif selection.sort == "kind":
            value = tuple(item.kind.values())
        return (value is None, value if value is not None else 0)

    selected = sorted((item for item in items if shown(item)), key=lambda item: (item.request, item.start))
    keyed = [(key(item), item) for item in selected]
    # Items without a value are last in either direction.
    with_value = sorted((pair for pair in keyed if not pair[0][0]), key=itemgetter(0), reverse=selection.descending)
    return [item for _, item in with_value] + [item for (missing, *_), item in keyed if missing]


def values(items: Iterable[WorklistItem], facet: str) -> list[str]:
    """The values of a facet that items have, in order."""
    return sorted({_value(item, facet) for item in items})
