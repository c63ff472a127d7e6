"""Many charts at once: what each group of leaves comes to, asked of `reasoner.determination.remembered` once for each distinct key.

The key of a group in a chart is what the statements that bear on it say, in order, with what matters of their days, and which of
its leaves may count what was not read; it is told by 128 bits of sums with numbers at random.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count, pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from reasoner.chart.fast.arrays import ArrayLists, ArrayRows, Places, Truths, Uses, beginnings, distinct, spread
from reasoner.chart.model import Case, Document, Meaning, Statement, Unread
from reasoner.determination.inference import Inference
from reasoner.determination.periods import Periods
from reasoner.determination.population import could_be_counted
from reasoner.determination.remembered import APART, Group, GroupStatuses, Profile, Remembered
from reasoner.ground.days import FOREVER
from reasoner.ground.errors import DocumentationError
from reasoner.rdf.terms import Term

_Marks = npt.NDArray[np.uint64]
Facts = tuple[tuple[Term, Term], ...]
_NO_DOCUMENT = Document("", "", "", "", None)
_LIMIT = 16384
"""How many entries a memory holds."""
_FEW = 1024
"""How many profiles and results are kept, and more only if they recur."""
_BITS = 62
"""How many leaves may count what was not read."""


class ChartColumns(Protocol):
    """Charts with their statements as columns; `reasoner.chart.fast.columns.Charts`."""

    iris: list[str]
    """IRIs of the statements, chart by chart, in order."""
    run: Places
    """Of each statement the number of its chart."""
    meaning: Places
    """Of each statement what it says, as a place in `meanings`."""
    author: Places
    """Of each statement the kind of its author, as a place in `authors`."""
    authors: list[str]
    observed: Places
    recorded: Places
    meanings: list[Meaning]
    start: Places
    """Of each chart the first day of service; days are numbers, and -1 if they are not stated."""
    end: Places
    birth: Places
    """Of each chart the birth date of the person."""
    unread: list[Unread]
    """What unread items say but for names, words, days and places."""
    unread_run: Places
    """Of each unread item its chart, in order."""
    unread_said: Places
    """Of each unread item what it says, as a place in `unread`."""
    unread_observed: Places
    unread_recorded: Places
    bearers: list[str]
    """IRIs of the requests of charts, and of their members, plans and programs."""
    run_of_bearer: Places
    """Of each of these its chart."""

    def unread_of(self, run: int) -> list[Unread]:
        """The unread items of a chart."""


class RequestKind(NamedTuple):
    """What is known of requests that say the same but for names and days, under a version of the policy."""

    number: int
    """The same for those of which the leaves read the same."""
    case: Case
    """A case of this kind, without its statements."""
    inference: Inference
    """What is inferred from it."""


@dataclass(frozen=True)
class Recalled:
    """What the groups of leaves come to to which something is said, chart by chart."""

    run: Places
    """The chart of each."""
    result: Places
    """The place in `ColumnMemory.results` of each."""
    first: Places
    """Where the statements of each begin in `statement`, and those of the last end."""
    statement: Places
    """The numbers of statements, in order."""
    left: Truths
    """The charts of which a part cannot be told from the rest."""


class _Meet(dict[int, bool]):
    """Whether one profile denies a finding that another affirms, by the numbers of both in one."""

    def __init__(self, profiles: Sequence[Profile | None]) -> None:
        self._profiles = profiles

    def __missing__(self, pair: int) -> bool:
        if len(self) > _LIMIT:
            self.clear()
        denial, affirmation = self._profiles[pair >> 32], self._profiles[pair & 0xFFFFFFFF]
        self[pair] = bool(denial and affirmation and not denial.classes.isdisjoint(affirmation.classes))
        return self[pair]


class ColumnMemory:
    """What the leaves of a policy version came to in the charts before.

    Args:
        memory: what each key is asked of.
    """

    def __init__(self, memory: Remembered) -> None:
        self.memory = memory
        self.counting = [
            (group.number, leaf, memory.kind_of(leaf)) for group in memory.groups for leaf in group.counting
        ]
        """The leaves for which it matters what was not read, each with its group and its kind of period."""
        self.random = np.frombuffer(os.urandom(96), np.uint64).reshape(2, 6) | np.uint64(1)
        self._next_mark = count()
        self._authors: Sequence[str] = ()
        self._forget()

    def _forget(self) -> None:
        self.known: dict[tuple[int, int], int] = {}
        """The places of results by their keys."""
        self.results: list[GroupStatuses] = []
        self.profiles: list[Profile | None] = []
        """What statements say, as far as leaves can tell; None where that does not follow from the statement."""
        self.entries = ArrayLists(2)
        """The groups of leaves that each of these speaks to, each with the kinds of period of its leaves as bits."""
        self.flags = ArrayRows(3)
        """Whether each cannot be told from the rest of its chart, affirms, and denies."""
        self.marks = ArrayRows(1)
        """What stands for each in the keys of results; no two ever had the same."""
        self._profile_uses, self._result_uses = Uses(), Uses()
        self.linked: set[str] = set()
        """The IRIs among the facts of statements, which could be nodes of a chart."""
        self._numbers: dict[object, int] = {}
        self.meet = _Meet(self.profiles)
        self._meanings: Sequence[Meaning] = ()
        self._of_meaning: Places = np.zeros((0, 2), np.int64)
        self._unread: Sequence[Unread] = ()
        self._counted = ArrayRows(len(self.memory.kinds))
        self._forget_days()

    def _forget_days(self) -> None:
        self._days: dict[object, int] = {}
        self.bounds = ArrayRows(1 + 2 * len(self.memory.kinds))
        """The last day that counts, then the first and the last of each kind of period."""

    def recall(self, charts: ChartColumns, runs: Places, kinds: Sequence[RequestKind], as_of: Places) -> Recalled:
        """What the groups of leaves come to in some charts.

        Args:
            charts: the charts.
            runs: the numbers of those that are asked about.
            kinds: of each of these the kind of the request.
            as_of: the day of review of every chart.
        """
        if charts.authors is not self._authors:  # they are numbered anew
            self._authors = charts.authors
            self._forget()
        if self._profile_uses.are_too_many(_FEW):
            self._forget_profiles_but(self._profile_uses.recurring())
        if self._result_uses.are_too_many(_FEW):
            self._forget_results_but(self._result_uses.recurring())
        if len(self._days) > _LIMIT:
            self._forget_days()
        asked = _Asked(charts, runs, kinds, as_of, self)
        recalled = asked.recalled()
        self._profile_uses.add(asked.profiles(), len(self.profiles))
        self._result_uses.add(recalled.result, len(self.results))
        return recalled

    def _forget_profiles_but(self, kept: Places) -> None:
        keys, profiles = list(self._numbers), self.profiles
        self._numbers = {keys[number]: place for place, number in enumerate(kept.tolist())}
        self.profiles = [profiles[number] for number in kept.tolist()]
        self.entries, self.flags, self.marks = self.entries.kept(kept), self.flags.kept(kept), self.marks.kept(kept)
        self.linked = {iri for profile in self.profiles if profile for iri in profile.linked}
        self.meet = _Meet(self.profiles)
        self._meanings = ()

    def _forget_results_but(self, kept: Places) -> None:
        keys, results = list(self.known), self.results
        self.known = {keys[number]: place for place, number in enumerate(kept.tolist())}
        self.results = [results[number] for number in kept.tolist()]

    def profiles_of(self, meanings: Sequence[Meaning], asked: Places) -> tuple[Places, Truths]:
        """The profiles of what statements say, by number, and whether the policy's rules construct facts from it.

        Args:
            meanings: what statements say.
            asked: which of these are asked about; others may lack an answer.
        """
        if meanings is not self._meanings:
            self._meanings, self._of_meaning = meanings, np.zeros((0, 2), np.int64)
        missing = len(meanings) - len(self._of_meaning)
        self._of_meaning = np.concatenate([self._of_meaning, np.full((missing, 2), -1)])
        for number in asked[self._of_meaning[asked, 0] < 0].tolist():
            meaning = meanings[number]
            self._of_meaning[number] = self.profile(meaning), bool(self.memory.compiled.numbers(meaning))
        return self._of_meaning[:, 0], self._of_meaning[:, 1] > 0

    def counted(self, items: Sequence[Unread]) -> Places:
        """The leaves that may count each of some unread items, by kind of period, as bits in the order of `counting`."""
        if items is not self._unread:
            self._unread, self._counted = items, ArrayRows(len(self.memory.kinds))
        kinds, lexicon = range(len(self.memory.kinds)), self.memory.version.lexicon
        for item in items[len(self._counted) :]:
            counting = [
                (kind, 1 << bit)
                for bit, (_, leaf, kind) in enumerate(self.counting)
                if could_be_counted(item, leaf, lexicon)
            ]
            self._counted.add([sum(bit for of, bit in counting if of == kind) for kind in kinds])
        return self._counted.array()

    def profile(self, meaning: Meaning, calculated: Facts = ()) -> int:
        """The number of the profile of what a statement says, with what the policy's rules construct from its case."""
        key = (meaning, calculated)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.profiles)
            profile = self.memory.profile(meaning, calculated)
            self.profiles.append(profile)
            self.linked |= profile.linked if profile else frozenset()
            groups = profile.groups if profile else ()
            self.entries.add([(group.number, sum(1 << kind for kind in kinds)) for group, kinds in groups])
            self.flags.add((profile.spans, profile.affirmed, profile.denied) if profile else (True, False, False))
            self.marks.add((next(self._next_mark),))
        return number

    def days(self, kind: RequestKind, start: int, end: int) -> int:
        """The place in `bounds` of the days of a stay; -1 if they are past the end of the calendar."""
        key = (kind.number, kind.case.admitted, start, end)
        if key not in self._days:
            case = replace(kind.case, start=date.fromordinal(start), end=date.fromordinal(end) if end >= 0 else None)
            try:
                periods = Periods(case, self.memory.version)
                of_kinds = [periods.of(leaf) for leaf in self.memory.kinds.values()]
            except DocumentationError:
                self._days[key] = -1
            else:
                found = [periods.last, *(day for one in of_kinds for day in (one.first or date.min, one.last))]
                self._days[key] = len(self.bounds)
                self.bounds.add([day.toordinal() if day else FOREVER for day in found])
        return self._days[key]


class _Asked:
    """The charts of one question."""

    def __init__(
        self, charts: ChartColumns, runs: Places, kinds: Sequence[RequestKind], as_of: Places, memory: ColumnMemory
    ) -> None:
        self._charts, self._as_of, self._memory = charts, as_of, memory
        count, periods = len(charts.start), len(memory.memory.kinds)
        stays = zip(kinds, charts.start[runs].tolist(), charts.end[runs].tolist(), strict=True)
        days = np.array([memory.days(*stay) for stay in stays], np.int64)
        self.left = np.zeros(count, bool)
        self.left[runs[days < 0]] = True
        bounds = np.zeros((count, 1 + 2 * periods), np.int64)
        bounds[runs[days >= 0]] = memory.bounds.array()[days[days >= 0]]
        self._kinds = dict(zip(runs.tolist(), kinds, strict=True))
        self._kind = np.zeros(count, np.int64)
        """The number of the kind of the request of each chart."""
        self._kind[runs] = [kind.number for kind in kinds]
        asked = np.zeros(count, bool)
        asked[runs] = True
        self._of_statement = self._profile_all(asked)
        self._flags = np.concatenate([memory.flags.array() > 0, np.zeros((1, 3), bool)])
        self._leave_named()
        self.left[charts.run[asked[charts.run] & self._flags[self._of_statement, 0]]] = True
        run, observed, recorded = charts.run, charts.observed, charts.recorded
        self._alive = asked[run] & ~self.left[run] & (recorded <= as_of[run])
        end = charts.end[run]
        self._late = (end >= 0) & (recorded > end)
        self._counts = observed <= bounds[run, 0]
        self._periods = np.zeros(len(run), np.int64)
        """The kinds of period in which each statement counts, as bits."""
        for place in range(periods):
            first, last = bounds[run, 1 + 2 * place], bounds[run, 2 + 2 * place]
            self._periods |= ((first <= observed) & (observed <= last)).astype(np.int64) << place
        self._unread = self._count_unread(bounds)
        """Of each chart the leaves that may count what was not read of it, as bits in the order of `counting`."""

    def _count_unread(self, bounds: Places) -> Places:
        charts, memory = self._charts, self._memory
        run, observed, recorded = charts.unread_run, charts.unread_observed, charts.unread_recorded
        found = np.zeros(len(charts.start), np.int64)
        if len(memory.counting) > _BITS:
            self.left[run] = True
        elif len(run):
            counted = memory.counted(charts.unread)[charts.unread_said]
            day = np.where(observed < 0, recorded, observed)
            for kind in range(counted.shape[1]):
                first, last = bounds[run, 1 + 2 * kind], bounds[run, 2 + 2 * kind]
                counted[(day >= 0) & ((day < first) | (last < day)), kind] = 0
            counted[recorded > self._as_of[run]] = 0
            np.bitwise_or.at(found, run, np.bitwise_or.reduce(counted, axis=1))
        return found

    def _profile_all(self, asked: Truths) -> Places:
        """The number of the profile of each statement."""
        charts, memory = self._charts, self._memory
        used = np.flatnonzero(np.bincount(charts.meaning[asked[charts.run]]))
        of_meaning, numeric = memory.profiles_of(charts.meanings, used)
        found = of_meaning[charts.meaning]
        rows = np.flatnonzero(numeric[charts.meaning] & asked[charts.run])
        for begin, end in pairwise([*beginnings(charts.run[rows]).tolist(), len(rows)]):
            meanings = [charts.meanings[number] for number in charts.meaning[rows[begin:end]].tolist()]
            for place, facts in memory.memory.compiled.calculate(meanings).items():
                found[rows[begin + place]] = memory.profile(meanings[place], facts)
        return found

    def _leave_named(self) -> None:
        """Leave charts of which a node may be what a fact leads to, or is named as another's evidence would be."""
        charts, linked = self._charts, self._memory.linked
        for iris, run in ((charts.iris, charts.run), (charts.bearers, charts.run_of_bearer)):
            if not linked.isdisjoint(iris):
                self.left[run[[place for place, iri in enumerate(iris) if iri in linked]]] = True
        self.left[charts.run[[place for place, iri in enumerate(charts.iris) if iri.endswith(APART)]]] = True

    def profiles(self) -> Places:
        """The numbers of the profiles of the statements that are asked about."""
        return self._of_statement[self._of_statement >= 0]

    def recalled(self) -> Recalled:
        """What the groups of leaves come to."""
        charts, memory = self._charts, self._memory
        groups = memory.memory.groups
        statement, group = self._members()
        run = charts.run[statement]
        order = np.lexsort((statement, group, run))
        statement, group, run = statement[order], group[order], run[order]
        key = run * len(groups) + group
        first = beginnings(key)
        sizes = np.diff(np.append(first, len(key)))
        base = np.repeat(first, sizes)
        by_day = np.lexsort((charts.observed[statement], key))
        observed = charts.observed[statement][by_day]
        later = np.concatenate([np.zeros(min(len(key), 1), bool), np.diff(observed) != 0])
        later[first] = False  # the first of a group is on its first day
        days = np.cumsum(later)
        rank = np.empty(len(key), np.int64)
        rank[by_day] = days - days[base]
        kinds = np.array([sum(1 << kind for kind in g.kinds) if _is_split(g) else 0 for g in groups], np.int64)
        author = np.where(np.array([_is_split(g) for g in groups], bool)[group], charts.author[statement], 0)
        mark = memory.marks.array()[self._of_statement[statement], 0] * 2 + self._late[statement]
        seen = self._periods[statement] & kinds[group]
        bits = np.array(
            [sum(1 << bit for bit, (number, _, _) in enumerate(memory.counting) if number == g.number) for g in groups],
            np.int64,
        )
        unread = self._unread[run[first]] & bits[group[first]]
        sums = []
        for seeds in memory.random:
            said = _mixed(seeds, (mark, seen, author, rank, np.arange(len(key)) - base))
            total = np.add.reduceat(said, first) if len(key) else said
            sums.append(_mixed(seeds, (total, group[first], self._kind[run[first]], sizes, unread)))
        result = self._look_up(sums, run[first], group[first], np.append(first, len(key)), statement)
        return Recalled(run[first], result, np.append(first, len(key)), statement, self.left)

    def _members(self) -> tuple[Places, Places]:
        """The statements of each group: those that bear on it, and the denials of a finding that one of them affirms."""
        charts, memory = self._charts, self._memory
        alive = np.flatnonzero(self._alive)
        place, entry = memory.entries.of(self._of_statement[alive])
        statement = alive[place]
        holds = (entry[:, 1] & self._periods[statement]) != 0
        statement, group = statement[holds], entry[holds, 0]
        self._counts[statement] = True
        affirms, denies = self._flags[self._of_statement].T[1:]
        denials = np.flatnonzero(self._alive & denies & self._counts)
        if not len(denials):
            return statement, group
        bearing = np.flatnonzero(affirms[statement])
        run = charts.run[statement[bearing]]
        low, high = (np.searchsorted(run, charts.run[denials], side=side) for side in ("left", "right"))
        denial, place = spread(denials, high - low)
        other = bearing[np.repeat(low, high - low) + place]
        pair = self._of_statement[denial] << 32 | self._of_statement[statement[other]]
        example, alike = distinct(pair)
        meets = np.array([memory.meet[one] for one in pair[example].tolist()], bool)[alike]
        count = len(memory.memory.groups)
        added = denial[meets] * count + group[other[meets]]
        whole = np.concatenate([statement * count + group, added])
        whole = whole[distinct(whole)[0]]
        return whole // count, whole % count

    def _look_up(self, sums: list[_Marks], run: Places, group: Places, first: Places, statement: Places) -> Places:
        """The places of the results of some groups, each settled and judged if it is not known."""
        one, other = sums
        memory = self._memory
        example, alike = distinct(one)
        self.left[run[other != other[example][alike]]] = True  # by a chance of one in 2^64
        found: list[int] = []
        for place, key in zip(
            example.tolist(), zip(one[example].tolist(), other[example].tolist(), strict=True), strict=True
        ):
            result = memory.known.get(key)
            if result is None:
                try:
                    settled = self._settle(
                        int(run[place]), int(group[place]), statement[first[place] : first[place + 1]]
                    )
                except DocumentationError:  # a period that ends past the calendar
                    settled = None
                if settled is None:
                    self.left[run[alike == len(found)]] = True
                    found.append(0)
                    continue
                result = memory.known[key] = len(memory.results)
                memory.results.append(settled)
            found.append(result)
        return np.array(found, np.int64)[alike]

    def _settle(self, run: int, group: int, statements: Places) -> GroupStatuses | None:
        """What a group of leaves comes to in a chart; None if that cannot be told."""
        charts, memory = self._charts, self._memory
        kind = self._kinds[run]
        own, classes, facts = [], {}, {}
        for place in statements.tolist():
            profile, iri = memory.profiles[self._of_statement[place]], charts.iris[place]
            if profile is None:
                return None
            observed, recorded = (date.fromordinal(int(days[place])) for days in (charts.observed, charts.recorded))
            author = charts.authors[charts.author[place]]
            meaning = charts.meanings[charts.meaning[place]]
            own.append(Statement(iri, meaning, observed, recorded, _NO_DOCUMENT, "", "", author))
            classes[iri], facts[iri] = profile.classes, profile.facts
        start, end, birth = (int(of_all[run]) for of_all in (charts.start, charts.end, charts.birth))
        case = replace(
            kind.case,
            start=date.fromordinal(start),
            end=date.fromordinal(end) if end >= 0 else None,
            birth=date.fromordinal(birth),
            as_of=date.fromordinal(int(self._as_of[run])),
            statements=tuple(own),
            unread=tuple(charts.unread_of(run)) if self._unread[run] else (),
        )
        inference = replace(kind.inference, classes=classes, facts=facts)
        return memory.memory.settle(memory.memory.groups[group].leaves, case, inference)


def _is_split(group: Group) -> bool:
    """Whether more matters of a statement to a group than whether it is a late entry."""
    return len(group.kinds) > 1 or group.by_author


def _mixed(seeds: _Marks, columns: Sequence[npt.NDArray[Any]]) -> _Marks:
    """A number at random for each row of some columns, the same for rows that are alike."""
    found = np.zeros(len(columns[0]), np.uint64)
    for seed, column in zip(seeds, columns, strict=False):
        found = (found ^ column.astype(np.uint64)) * seed
        found ^= found >> np.uint64(29)
    found *= seeds[-1]
    return found ^ (found >> np.uint64(32))
