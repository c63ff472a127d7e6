"""Tables that fold the statuses of leaves as `reasoner.logic.fold` does, only faster.

An effective policy is divided into blocks: the parts of its sections. The same combinations of statuses recur from chart
to chart in a block, so each is folded once and looked up afterwards. The readings share most blocks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter

from reasoner.logic import justification
from reasoner.logic.fold import UNRESOLVED, Evaluation, Outcome, Status, combine, conclude, residual_status
from reasoner.policy.effective import EffectivePolicy, Part
from reasoner.policy.model import Criterion, CriterionKind, ListSection, PolicyVersion

STATUSES = tuple(Status)
"""The statuses in the order of their codes."""
CODE = {status: code for code, status in enumerate(STATUSES)}
"""The code of each status."""

_LIMIT = 16384
"""Combinations that a table holds before it is emptied."""

_Completion = tuple[int, int] | None
"""The smallest number of leaves that complete a part, and those leaves as bits; None if none can."""


@dataclass(frozen=True)
class Folded:
    """The result of folding the statuses of leaves."""

    outcome: Outcome
    holds: bool | None
    """Whether every other reading gives the same outcome; None if there are no other readings."""
    holds_strained: bool | None
    """The same of the strained readings, which `holds` leaves out."""
    criteria: str
    """The status of every criterion by id, as the members of a JSON object."""
    gap: tuple[str, ...]
    """The first of the smallest sets of leaf ids that would complete it; empty unless documentation is needed."""


class FoldTable:
    """The tables of an effective policy.

    Args:
        effective: the effective policy.
        others: those of the other readings, if their outcomes are to be compared.
        strained: those of the strained readings, if theirs are.
    """

    def __init__(
        self, effective: EffectivePolicy, others: Sequence[EffectivePolicy], strained: Sequence[EffectivePolicy] = ()
    ) -> None:
        self.effective = effective
        policies = (effective, *others, *strained)
        pairs = [pair.key for policy in policies for pair in policy.pairs]
        self.leaves = tuple(dict.fromkeys((*(leaf for policy in policies for leaf in policy.leaves), *pairs)))
        """IRIs of the leaves and keys of the pairs, in the order in which `fold` takes their statuses."""
        self.position = {leaf: number for number, leaf in enumerate(self.leaves)}
        self._blocks: dict[Part, _Block] = {}
        self._lists: dict[tuple[ListSection, ...], _Lists] = {}
        self._reading = self._cut(effective)
        self._others = self._comparable(others)
        self._strained = self._comparable(strained)
        self._show()
        criteria = effective.version.criteria
        leaves = [leaf for block in self._reading.blocks for leaf in _leaves(block.part).values()]
        leaves += [criteria[iri] for section in effective.lists for iri in section.criterion.members]
        self._names = tuple(sorted({leaf.id for leaf in leaves}))
        self._bits = {name: 1 << number for number, name in enumerate(self._names)}
        for block in self._blocks.values():
            block.bits = self._bits
        # If a leaf is in two blocks, the smallest number of leaves is not the sum over the blocks.
        self._disjoint = len({leaf.iri for leaf in leaves}) == len(leaves)
        self._outcomes: dict[tuple[Status, int], Outcome] = {}
        self._folds: dict[bytes, Folded] = {}

    def _comparable(self, others: Sequence[EffectivePolicy]) -> list[_Compared] | None:
        """What has to be compared to learn whether some readings agree; None if there are none of them."""
        if not others:
            return None
        own, *readings = ((frozenset(r.blocks), r.lists) for r in (self._reading, *map(self._cut, others)))
        # Most readings change nothing for most kinds of requests, or make the same change.
        return [reading for reading in dict.fromkeys(readings) if reading != own]

    def _show(self) -> None:
        """Assign each criterion to the block or group that prints its status, once and in published order."""
        seen: set[str] = set()
        printed: set[_Block] = set()
        for part, blocks in self._reading.entries:
            if [block.part for block in blocks] != [part]:
                if part.criterion.id and part.criterion.iri not in seen:
                    self._reading.shown.append(({s: _member(part.criterion.id, s) for s in STATUSES}, blocks))
                seen.add(part.criterion.iri)
            elif blocks[0] not in printed:
                printed.add(blocks[0])
                blocks[0].shown = [p for p in part.walk() if p.criterion.id and p.criterion.iri not in seen]
                seen |= {p.criterion.iri for p in part.walk()}
                self._reading.shown.append((None, blocks))

    def fold(self, codes: bytes) -> Folded:
        """Fold the statuses of `leaves`, given as their codes."""
        folded = self._folds.get(codes)
        if folded is None:
            if len(self._folds) > _LIMIT // 16:
                self._folds.clear()
            folded = self._folds[codes] = self._fold(codes)
        return folded

    def _fold(self, codes: bytes) -> Folded:
        for block in self._blocks.values():
            key = block.pick(codes)
            block.flag, block.text, block.completion = block.known.get(key) or block.learn(key)
        shown = []
        for words, blocks in self._reading.shown:
            if words is None:
                shown.append(blocks[0].text)
            else:
                shown.append(words[_whole(_flags(blocks))])
        criteria = _whole(_flags(self._reading.blocks))
        listed, exclusions = self._reading.lists.look(codes, criteria)
        outcome = self._conclude(criteria, exclusions)
        holds, strained = (
            None if others is None else all(self._agrees(*other, codes, criteria, outcome) for other in others)
            for others in (self._others, self._strained)
        )
        gap = self._gap(codes) if outcome is Outcome.DOCUMENTATION_NEEDED else ()
        return Folded(outcome, holds, strained, ",".join([text for text in (*shown, listed) if text]), gap)

    def _agrees(self, blocks: frozenset[_Block], lists: _Lists, codes: bytes, before: Status, outcome: Outcome) -> bool:
        """Whether another reading gives the same outcome.

        Args:
            blocks: those of the other reading.
            lists: its list sections.
            codes: the statuses of the leaves.
            before: the status of all sections together under the reading in force.
            outcome: the outcome under the reading in force.
        """
        criteria = _whole(_flags(blocks))
        if criteria is before and lists is self._reading.lists:
            return True
        return self._conclude(criteria, lists.look(codes, criteria)[1]) is outcome

    def _conclude(self, criteria: Status, exclusions: int) -> Outcome:
        key = (criteria, exclusions)
        if key not in self._outcomes:
            statuses = [status for status in STATUSES if exclusions >> CODE[status] & 1]
            self._outcomes[key] = conclude(criteria, statuses)
        return self._outcomes[key]

    def _gap(self, codes: bytes) -> tuple[str, ...]:
        if not self._disjoint:
            leaves = {leaf: STATUSES[code] for leaf, code in zip(self.leaves, codes, strict=True)}
            return next(iter(justification.gaps(Evaluation(self.effective, self.effective.shown(leaves)))), ())
        chosen = 0
        for block in self._reading.blocks:
            if block.completion:
                chosen |= block.completion[1]
        for item in self.effective.exclusions:
            if not item.residual and STATUSES[codes[self.position[item.iri]]] is Status.CONFLICTING:
                chosen |= self._bits[item.id]
        return tuple(name for name in self._names if self._bits[name] & chosen)

    def _cut(self, policy: EffectivePolicy) -> _ReadingTable:
        """The blocks of a reading: the parts of its sections, divided further if a leaf is in two of them."""
        places = Counter(iri for section in policy.sections for iri in _leaves(section))
        entries: list[tuple[Part, list[_Block]]] = []

        def cut(part: Part, whole: bool) -> list[_Block]:
            if (
                part.kind is CriterionKind.ALL
                and not part.pairs
                and (whole or any(places[iri] > 1 for iri in _leaves(part)))
            ):
                # Nested groups of "all of" are flattened.
                below: list[_Block] = []
                entries.append((part, below))
                for member in part.members:
                    below += cut(member, False)
                return below
            if part not in self._blocks:
                self._blocks[part] = _Block(part, self.position)
            entries.append((part, [self._blocks[part]]))
            return [self._blocks[part]]

        blocks = dict.fromkeys(block for section in policy.sections for block in cut(section, True))
        if policy.lists not in self._lists:
            self._lists[policy.lists] = _Lists(policy.version, policy.lists, self.position)
        return _ReadingTable(list(blocks), entries, self._lists[policy.lists])


@dataclass(frozen=True)
class _ReadingTable:
    """The blocks and list sections of one reading."""

    blocks: list[_Block]
    entries: list[tuple[Part, list[_Block]]]
    """The blocks and the groups above them, in published order, each with the blocks that it consists of."""
    lists: _Lists
    shown: list[tuple[dict[Status, str] | None, list[_Block]]] = field(default_factory=list)
    """What prints the statuses, in order: a text by status for a group with its blocks; None for a block."""


class _Block:
    """A part of a section, with the result of the statuses that were folded last."""

    def __init__(self, part: Part, position: dict[str, int]) -> None:
        self.part = part
        self.bits: dict[str, int] = {}
        self.shown: list[Part] = []
        self.flag = 0
        self.text = ""
        self.completion: _Completion = None
        leaves = dict.fromkeys(p.leaf for p in part.walk() if p.kind is CriterionKind.LEAF)
        leaves |= dict.fromkeys(pair.key for p in part.walk() for pair in p.pairs)
        self._leaves = list(leaves)
        self.pick = _picker([position[iri] for iri in leaves])
        self.known: dict[tuple[int, ...], tuple[int, str, _Completion]] = {}

    def learn(self, key: tuple[int, ...]) -> tuple[int, str, _Completion]:
        """Fold the codes of its leaves, and remember the result."""
        if len(self.known) > _LIMIT:
            self.known.clear()
        result = self.known[key] = self._fold(dict(zip(self._leaves, key, strict=True)))
        return result

    def _fold(self, codes: dict[str, int]) -> tuple[int, str, _Completion]:
        statuses: dict[str, Status] = {}

        def of_leaf(part: Part, key: str) -> tuple[Status, _Completion]:
            status = STATUSES[codes[key]]
            bit = self.bits.get(part.criterion.id, 0)
            return status, (1, bit) if status in UNRESOLVED else (0, 0) if status is Status.MET else None

        def of_all(members: Sequence[tuple[Status, _Completion]]) -> tuple[Status, _Completion]:
            completions = [completion for s, completion in members if s is not Status.NOT_APPLICABLE]
            return combine(CriterionKind.ALL, [s for s, _ in members]), _union(completions)

        def visit(part: Part) -> tuple[Status, _Completion]:
            """The status of a part, and its smallest completion."""
            if part.kind is CriterionKind.LEAF:
                answer = of_leaf(part, part.leaf)
                statuses[part.criterion.iri] = answer[0]
                return answer
            members = [visit(member) for member in part.members]
            if part.pairs:
                members = [of_all([visit(p.alternative), of_leaf(p.leaf, p.key)]) for p in part.pairs]
                status = statuses[part.criterion.iri] = combine(CriterionKind.ANY, [s for s, _ in members])
                return status, _smallest([c for s, c in members if s is not Status.NOT_APPLICABLE])
            status = statuses[part.criterion.iri] = combine(part.kind, [s for s, _ in members])
            if part.kind is CriterionKind.ALL:
                return status, of_all(members)[1]
            return status, _smallest([completion for s, completion in members if s is not Status.NOT_APPLICABLE])

        status, completion = visit(self.part)
        shown = dict.fromkeys((part.criterion.id, part.criterion.iri) for part in self.shown)
        text = ",".join(_member(id_, statuses[iri]) for id_, iri in shown)
        return 1 << CODE[status], text, completion


class _Lists:
    """The list sections, with the statuses of their items."""

    def __init__(self, version: PolicyVersion, lists: tuple[ListSection, ...], position: dict[str, int]) -> None:
        items = [(version.criteria[iri], section.excluding) for section in lists for iri in section.criterion.members]
        self._items = [(item, excluding, position[item.iri]) for item, excluding in items]
        self._pick = _picker([place for _, _, place in self._items])
        self._known: dict[tuple[Status, tuple[int, ...]], tuple[str, int]] = {}

    def look(self, codes: bytes, criteria: Status) -> tuple[str, int]:
        """The statuses of the items as members of a JSON object, and those of the exclusions as bits."""
        key = (criteria, self._pick(codes))
        result = self._known.get(key)
        if result is None:
            if len(self._known) > _LIMIT:
                self._known.clear()
            shown, flags = [], 0
            for item, excluding, position in self._items:
                status = STATUSES[codes[position]]
                status = residual_status(status, criteria) if item.residual else status
                shown.append(_member(item.id, status))
                flags |= (1 << CODE[status]) if excluding else 0
            result = self._known[key] = (",".join(shown), flags)
        return result


_Compared = tuple[frozenset[_Block], _Lists]
"""The blocks and the list sections of a reading that is compared."""


def _picker(places: list[int]) -> Callable[[bytes], tuple[int, ...]]:
    """A function that takes the codes at some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda codes: tuple(codes[place] for place in places)


def _leaves(part: Part) -> dict[str, Criterion]:
    """The leaves of a part by IRI."""
    return {below.criterion.iri: below.criterion for below in part.walk() if below.kind is CriterionKind.LEAF}


def _flags(blocks: Iterable[_Block]) -> int:
    flags = 0
    for block in blocks:
        flags |= block.flag
    return flags


@lru_cache(maxsize=4096)
def _member(id_: str, status: Status) -> str:
    return f"{json.dumps(id_)}:{json.dumps(status.value)}"


@lru_cache(maxsize=64)
def _whole(flags: int) -> Status:
    """The status of all of some parts, from the codes of their statuses as bits."""
    return combine(CriterionKind.ALL, [status for status in STATUSES if flags >> CODE[status] & 1])


def _union(completions: Sequence[_Completion]) -> _Completion:
    """The completion of all parts together; None if one part has none."""
    size = chosen = 0
    for completion in completions:
        if completion is None:
            return None
        size, chosen = size + completion[0], chosen | completion[1]
    return size, chosen


def _smallest(completions: Sequence[_Completion]) -> _Completion:
    """The completion with the fewest leaves; of several, the first in the order of their sorted ids."""
    best: _Completion = None
    for completion in completions:
        if completion is None:
            continue
        if best is None or completion[0] < best[0]:
            best = completion
        elif completion[0] == best[0] and completion[1] != best[1]:
            different = completion[1] ^ best[1]
            best = completion if different & -different & completion[1] else best
    return best
