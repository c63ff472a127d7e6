"""Tables that fold the statuses of leaves as `reasoner.logic.fold` does, only faster.

An effective policy is divided into blocks: the parts of its sections. The same combinations of statuses recur from chart
to chart in a block, so each is folded once and looked up afterwards. The readings share most blocks.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from reasoner.logic import justification
from reasoner.logic.fold import UNRESOLVED, Evaluation, Outcome, Status, combine, conclude, residual_status
from reasoner.policy.effective import EffectivePolicy, Part
from reasoner.policy.model import Criterion, CriterionKind, ListSection, PolicyVersion

STATUSES = tuple(Status)
"""The statuses in the order of their codes."""
CODE = {status: code for code, status in enumerate(STATUSES)}
"""The code of each status."""

_WIDTH = len(STATUSES)
"""How many bits the status of some blocks takes, one a code."""
_LIMIT = 4096
"""Combinations that a table holds before it is emptied."""
_SOME = 512
"""Results that are quickly told again, of those that are kept."""

_FEW = 6
"""Leaves of blocks that are looked up together."""

_Completion = tuple[int, int] | None
"""The smallest number of leaves that complete a part, and those leaves as bits; None if none can."""


class Folded(NamedTuple):
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
        compared = [self._comparable(readings) for readings in (others, strained)]
        self._wholes: list[frozenset[_Block]] = []
        """Blocks of which the status together is asked; those of the reading in force come first."""
        self._place_of(self._reading.blocks)
        self._compared = [
            None if readings is None else [(self._place_of(blocks), lists) for blocks, lists in readings]
            for readings in compared
        ]
        """The other readings, each as its place in `_wholes` with its lists; None if none are compared."""
        self._shown = self._show()
        criteria = effective.version.criteria
        leaves = [leaf for block in self._reading.blocks for leaf in _leaves(block.part).values()]
        leaves += [criteria[iri] for section in effective.lists for iri in section.criterion.members]
        self._names = tuple(sorted({leaf.id for leaf in leaves}))
        self._bits = {name: 1 << number for number, name in enumerate(self._names)}
        own = frozenset(self._reading.blocks)
        for block in self._blocks.values():
            block.bits = self._bits if block in own else {}
            block.spread = sum(1 << _WIDTH * place for place, blocks in enumerate(self._wholes) if block in blocks)
        self._stretches, self._printed = self._stretch()
        # If a leaf is in two blocks, the smallest number of leaves is not the sum over the blocks.
        self._disjoint = len({leaf.iri for leaf in leaves}) == len(leaves)
        self._items = _picker([place for lists in self._lists.values() for place in lists.places])
        self._together: dict[tuple[int, Sequence[int]], _Together] = {}
        self._gaps: dict[int, tuple[str, ...]] = {}

    def _comparable(self, others: Sequence[EffectivePolicy]) -> list[_Compared] | None:
        """What has to be compared to learn whether some readings agree; None if there are none of them."""
        if not others:
            return None
        own, *readings = ((frozenset(r.blocks), r.lists) for r in (self._reading, *map(self._cut, others)))
        # Most readings change nothing for most kinds of requests, or make the same change.
        return [reading for reading in dict.fromkeys(readings) if reading != own]

    def _place_of(self, blocks: Collection[_Block]) -> int:
        """The place of some blocks in `_wholes`."""
        whole = frozenset(blocks)
        if whole not in self._wholes:
            self._wholes.append(whole)
        return self._wholes.index(whole)

    def _show(self) -> list[tuple[tuple[int, dict[Status, str]] | None, list[_Block]]]:
        """What prints the statuses, each criterion once and in published order: a block, or the place of some with texts."""
        shown: list[tuple[tuple[int, dict[Status, str]] | None, list[_Block]]] = []
        seen: set[str] = set()
        printed: set[_Block] = set()
        for part, blocks in self._reading.entries:
            if [block.part for block in blocks] != [part]:
                if part.criterion.id and part.criterion.iri not in seen:
                    words = {status: f",{_member(part.criterion.id, status)}" for status in STATUSES}
                    shown.append(((self._place_of(blocks), words), blocks))
                seen.add(part.criterion.iri)
            elif blocks[0] not in printed:
                printed.add(blocks[0])
                blocks[0].shown = [p for p in part.walk() if p.criterion.id and p.criterion.iri not in seen]
                seen |= {p.criterion.iri for p in part.walk()}
                shown.append((None, blocks))
        return shown

    def _stretch(self) -> tuple[list[_Stretch], list[tuple[int, dict[Status, str]] | None]]:
        """The blocks, those that are printed first, some together; and what prints the statuses: stretches, and texts."""
        stretches: list[_Stretch] = []
        printed: list[tuple[int, dict[Status, str]] | None] = []
        shown = {block for words, blocks in self._shown if words is None for block in blocks}
        others = [block for block in self._blocks.values() if block not in shown]
        for words, blocks in [*self._shown, *[(None, [block]) for block in others]]:
            if words is not None:
                printed.append(words)
                continue
            (block,) = blocks
            if printed[-1:] != [None] or not stretches[-1].takes(block):
                stretches.append(_Stretch(self.position))
                printed.append(None)
            stretches[-1].add(block)
        return stretches, printed

    def fold(self, codes: bytes) -> Folded:
        """Fold the statuses of `leaves`, given as their codes."""
        flags = chosen = 0
        texts = []
        for stretch in self._stretches:
            key = stretch.pick(codes)
            found = stretch.known.get(key) or stretch.learn(key, codes)
            flags |= found[0]
            texts.append(found[1])
            chosen |= found[2]
        items = (flags, self._items(codes))
        together = self._together.get(items)
        if together is None:
            if len(self._together) > _SOME:
                self._together.clear()
            together = self._together[items] = self._tell(flags, codes)
        gap = self._gap(codes, chosen | together.chosen) if together.outcome is Outcome.DOCUMENTATION_NEEDED else ()
        told = iter(texts)
        text = "".join([next(told) if words is None else words for words in together.form])
        return Folded(together.outcome, together.holds, together.holds_strained, text[1:], gap)

    def _tell(self, flags: int, codes: bytes) -> _Together:
        """What follows from the statuses of blocks together and those of the items of lists.

        Args:
            flags: the statuses of the blocks of each of `_wholes` as bits.
            codes: the statuses of the leaves.
        """

        def whole(place: int) -> Status:
            return _whole(flags >> _WIDTH * place & (1 << _WIDTH) - 1)

        def agrees(place: int, lists: _Lists) -> bool:
            own = whole(place)
            if own is criteria and lists is self._reading.lists:
                return True
            return self._conclude(own, lists.look(codes, own)[1]) is outcome

        criteria = whole(0)
        listed, exclusions = self._reading.lists.look(codes, criteria)
        outcome = self._conclude(criteria, exclusions)
        holds, strained = (
            None if readings is None else all(agrees(*reading) for reading in readings) for readings in self._compared
        )
        form = [None if words is None else words[1][whole(words[0])] for words in self._printed]
        chosen = 0
        for item in self.effective.exclusions:
            if not item.residual and STATUSES[codes[self.position[item.iri]]] is Status.CONFLICTING:
                chosen |= self._bits[item.id]
        return _Together(outcome, holds, strained, (*form, sys.intern(listed)), chosen)

    def _conclude(self, criteria: Status, exclusions: int) -> Outcome:
        return conclude(criteria, [status for status in STATUSES if exclusions >> CODE[status] & 1])

    def _gap(self, codes: bytes, chosen: int) -> tuple[str, ...]:
        """The leaves that are chosen, as bits; if some are in two blocks, the first of the smallest sets."""
        if not self._disjoint:
            leaves = {leaf: STATUSES[code] for leaf, code in zip(self.leaves, codes, strict=True)}
            return next(iter(justification.gaps(Evaluation(self.effective, self.effective.shown(leaves)))), ())
        if chosen not in self._gaps:
            if len(self._gaps) > _SOME:
                self._gaps.clear()
            self._gaps[chosen] = tuple(
                name for name, bit in zip(self._names, bin(chosen)[:1:-1], strict=False) if bit == "1"
            )
        return self._gaps[chosen]

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


class _Together(NamedTuple):
    """What follows from blocks and lists together."""

    outcome: Outcome
    holds: bool | None
    holds_strained: bool | None
    form: tuple[str | None, ...]
    """The text of `Folded.criteria` after a comma, in parts; None in place of that of a stretch of blocks."""
    chosen: int
    """The items of lists that a gap has, as bits."""


class _Stretch:
    """Blocks that are printed one after the other, looked up together if they have few leaves."""

    def __init__(self, position: dict[str, int]) -> None:
        self._position = position
        self._blocks: list[_Block] = []
        self._leaves: dict[str, None] = {}
        self.known: dict[Sequence[int], tuple[int, str, int]] = {}

    def takes(self, block: _Block) -> bool:
        """Whether a block can be added."""
        return len(self._leaves | dict.fromkeys(block.leaves)) <= _FEW

    def add(self, block: _Block) -> None:
        """Add a block."""
        self._blocks.append(block)
        self._leaves |= dict.fromkeys(block.leaves)
        self.pick = _picker([self._position[leaf] for leaf in self._leaves])

    def learn(self, key: Sequence[int], codes: bytes) -> tuple[int, str, int]:
        """Look its blocks up, and remember their statuses as flags, their texts and their smallest completions."""
        if len(self.known) > _LIMIT:
            self.known.clear()
        flags, texts, chosen = 0, "", 0
        for block in self._blocks:
            of_block = block.pick(codes)
            found = block.known.get(of_block) or block.learn(of_block)
            flags, texts, chosen = flags | found[0], texts + found[1], chosen | found[2]
        self.known[key] = flags, texts, chosen
        return self.known[key]


class _Block:
    """A part of a section."""

    def __init__(self, part: Part, position: dict[str, int]) -> None:
        self.part = part
        self.bits: dict[str, int] = {}
        """The leaves that a gap may have, by id."""
        self.spread = 0
        """What stands for its status in the flags of a table, but for the code."""
        self.shown: list[Part] = []
        leaves = dict.fromkeys(p.leaf for p in part.walk() if p.kind is CriterionKind.LEAF)
        leaves |= dict.fromkeys(pair.key for p in part.walk() for pair in p.pairs)
        self.leaves = list(leaves)
        self.pick = _picker([position[iri] for iri in leaves])
        self.known: dict[Sequence[int], tuple[int, str, int]] = {}

    def learn(self, key: Sequence[int]) -> tuple[int, str, int]:
        """Fold the codes of its leaves, and remember its status as flags, its text and its smallest completion."""
        if len(self.known) > _LIMIT:
            self.known.clear()
        result = self.known[key] = self._fold(dict(zip(self.leaves, key, strict=True)))
        return result

    def _fold(self, codes: dict[str, int]) -> tuple[int, str, int]:
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
        text = "".join(f",{_member(id_, statuses[iri])}" for id_, iri in shown)
        return self.spread << CODE[status], text, completion[1] if completion else 0


class _Lists:
    """The list sections, with the statuses of their items."""

    def __init__(self, version: PolicyVersion, lists: tuple[ListSection, ...], position: dict[str, int]) -> None:
        items = [(version.criteria[iri], section.excluding) for section in lists for iri in section.criterion.members]
        self._items = [(item, excluding, position[item.iri]) for item, excluding in items]
        self.places = [place for _, _, place in self._items]

    def look(self, codes: bytes, criteria: Status) -> tuple[str, int]:
        """The statuses of the items as members of a JSON object, each after a comma, and those of the exclusions as bits."""
        shown, flags = "", 0
        for item, excluding, position in self._items:
            status = STATUSES[codes[position]]
            status = residual_status(status, criteria) if item.residual else status
            shown += f",{_member(item.id, status)}"
            flags |= (1 << CODE[status]) if excluding else 0
        return shown, flags


_Compared = tuple[frozenset[_Block], _Lists]
"""The blocks and the list sections of a reading that is compared."""


def _picker(places: list[int]) -> Callable[[bytes], Sequence[int]]:
    """A function that takes the codes at some places."""
    if places and places == list(range(places[0], places[0] + len(places))):
        return itemgetter(slice(places[0], places[0] + len(places)))
    if len(places) > 1:
        return itemgetter(*places)
    return lambda codes: b""


@lru_cache(maxsize=4096)
def _leaves(part: Part) -> Mapping[str, Criterion]:
    """The leaves of a part by IRI."""
    return {below.criterion.iri: below.criterion for below in part.walk() if below.kind is CriterionKind.LEAF}


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
