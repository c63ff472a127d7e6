"""Briefs of many charts at once, from charts as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

import numpy as np

from reasoner.batch.lines import BriefForm, LineWriter, line_of, line_without_version
from reasoner.chart.fast import nec
from reasoner.chart.fast.arrays import ArrayLists, Places, beginnings, distinct
from reasoner.chart.fast.columns import Charts
from reasoner.chart.fast.judge import NEVER, Judge
from reasoner.chart.fast.nodes import NodeTable
from reasoner.determination.columns import ColumnMemory, Recalled, RequestKind
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.determine import Period, periods
from reasoner.determination.remembered import GroupStatuses
from reasoner.ground.days import age_on
from reasoner.policy.model import Policy, PolicyVersion

_LIMIT = 16384
"""How many entries a memory holds."""
Line = tuple[str, str, str]
"""The start of a period of service, the outcome and the brief."""
_Kind = tuple[RequestKind, int]
"""A kind of requests, and the number of the form of its briefs."""


class ColumnWriter:
    """Writes briefs of charts as columns.

    Args:
        policy: the policy, as it is published.
        writer: writes the briefs of other charts.
    """

    def __init__(self, policy: Policy, writer: LineWriter) -> None:
        self._writer = writer
        self._judge = Judge(policy)
        self._layouts: object = None
        self._briefs: dict[str, _Briefs] = {}
        self._periods: dict[tuple[int, int], tuple[Period, ...]] = {}

    def lines(
        self, table: NodeTable, source: str, as_of: date | None, today: date
    ) -> dict[int, tuple[str, list[Line]]]:
        """Of the charts that can be told as columns the IRI of the request and the briefs, by the number of the run.

        Args:
            table: the nodes of the charts.
            source: what to call them in errors.
            as_of: day of review that overrides the requests' own.
            today: day of review of the requests that state none.
        """
        if not table.plain.any():
            return {}
        charts = Charts(table, self._judge, source)
        if table.layouts is not self._layouts:
            self._layouts = table.layouts
            for briefs in self._briefs.values():
                briefs.forget_requests()
        if any(briefs.is_full() for briefs in self._briefs.values()):
            self._briefs.clear()
        if len(self._periods) > _LIMIT:
            self._periods.clear()
        reviewed = np.where(charts.as_of == NEVER, today.toordinal(), charts.as_of)
        if as_of:
            reviewed[:] = as_of.toordinal()
        found: dict[int, list[Line]] = {}
        plain = np.flatnonzero(charts.plain)
        stays = list(zip(charts.start[plain].tolist(), charts.end[plain].tolist(), strict=True))
        periods = {run: self._periods_of(*stay) for run, stay in zip(plain.tolist(), stays, strict=True)}
        asked: dict[str, list[tuple[int, Period]]] = {}
        for run, of_run in periods.items():
            for period in of_run:
                if version := period[2]:
                    if version.iri not in self._briefs:
                        self._briefs[version.iri] = _Briefs(version, self._writer)
                    asked.setdefault(version.iri, []).append((run, period))
                elif digest := charts.digest(run):
                    head = _head(self._writer, charts, run, digest, reviewed, period)
                    found.setdefault(run, []).append(line_without_version(head, period))
        for iri, of_version in asked.items():
            for run, line in self._briefs[iri].lines(charts, of_version, reviewed):
                found.setdefault(run, []).append(line)
        return {
            run: (charts.request_iri(run), sorted(lines))
            for run, lines in found.items()
            if len(lines) == len(periods[run])
        }

    def _periods_of(self, start: int, end: int) -> tuple[Period, ...]:
        """The periods of a stay."""
        key = (start, end)
        if key not in self._periods:
            last = date.fromordinal(end) if end != NEVER else None
            self._periods[key] = tuple(periods(date.fromordinal(start), last, self._writer.policy))
        return self._periods[key]


def _head(
    writer: LineWriter, charts: Charts, run: int, digest: str, reviewed: Places, period: Period
) -> dict[str, str]:
    """The fields that say what is determined, of a chart."""
    return writer.head(
        charts.request_iri(run), digest, date.fromordinal(int(reviewed[run])), period, charts.unread_of(run)
    )


class _Briefs:
    """Briefs under a version of the policy, and what recurs of them.

    Args:
        version: the version.
        writer: writes the briefs of other charts.
    """

    def __init__(self, version: PolicyVersion, writer: LineWriter) -> None:
        self._version = version
        self._writer = writer
        self._memory = ColumnMemory(writer.remembered(version))
        self._kinds: dict[tuple[int, bool], _Kind | None] = {}
        self._said: dict[object, int] = {}
        self._forms: list[BriefForm] = []
        self._results: list[GroupStatuses] = self._memory.results
        self._forget()

    def _forget(self) -> None:
        self._shown: dict[int, int] = {}
        """The places of what results are for the briefs of a form in `_codes` and `_evidence`."""
        self._codes = ArrayLists(2)
        """Places of leaves with their codes."""
        self._evidence = ArrayLists(3)
        """Of each statement, among those of its group, the place of its leaf in published order, and in `_leads`."""
        self._leads = ['","']
        """What stands before the first statement of a leaf, and first before any other."""

    def forget_requests(self) -> None:
        """Forget what is known of requests by their layouts, which are numbered anew."""
        self._kinds.clear()

    def is_full(self) -> bool:
        """Whether more is remembered than should be."""
        return max(len(self._kinds), len(self._said), len(self._forms), len(self._shown)) > _LIMIT

    def lines(
        self, charts: Charts, asked: Sequence[tuple[int, Period]], reviewed: Places
    ) -> Iterator[tuple[int, Line]]:
        """The briefs of some charts, each with the number of its run; of those that cannot be told there is none.

        Args:
            charts: the charts.
            asked: the numbers of the runs, each with the period under this version.
            reviewed: the day of review of every chart.
        """
        kinds = {run: kind for run, _ in asked if (kind := self._kind(charts, run))}
        if not kinds:
            return
        runs, memory = np.array(list(kinds), np.int64), self._memory
        recalled = memory.recall(charts, runs, [kind for kind, _ in kinds.values()], reviewed)
        if memory.results is not self._results:
            self._results = memory.results
            self._forget()
        form_of = np.full(len(charts.start), -1)
        form_of[runs] = [form for _, form in kinds.values()]
        form_of[recalled.left] = -1
        told = np.flatnonzero(form_of[recalled.run] >= 0)
        shown = self._show(form_of[recalled.run[told]], recalled.result[told])
        codes = self._code(form_of, recalled.run[told], shown)
        evidence = self._cite(charts, recalled, told, shown)
        of_run = form_of.tolist()
        for run, period in asked:
            digest = charts.digest(run) if of_run[run] >= 0 else None
            if digest is None:
                continue
            form = self._forms[of_run[run]]
            head = _head(self._writer, charts, run, digest, reviewed, period)
            folded = form.table.fold(codes[run][: len(form.undocumented)])
            line = line_of(head, folded, evidence.get(run, ""))
            yield run, (period[0].isoformat(), folded.outcome.value, line)

    def _kind(self, charts: Charts, run: int) -> _Kind | None:
        """The kind of the request of a chart; None if more matters of it."""
        age = age_on(date.fromordinal(int(charts.start[run])), date.fromordinal(int(charts.birth[run])))
        key = (int(charts.parties[run]), age < self._version.age_of_majority)
        if key not in self._kinds:
            compiled = compiled_policy(self._version)
            case = charts.request_alone(run)
            if case is None:
                return None
            inference = compiled.infer(case)
            apart = inference.statements_apart and not self._memory.memory.whole
            if not apart or not compiled.predicates.isdisjoint(nec.VARYING):
                self._kinds[key] = None
            else:
                said = (case.axis_values, *compiled.contexts(case, inference))
                number = self._said.setdefault(said, len(self._said))
                form = self._writer.form(self._version, inference.request_classes)
                if form not in self._forms:
                    self._forms.append(form)
                self._kinds[key] = RequestKind(number, case, inference), self._forms.index(form)
        return self._kinds[key]

    def _show(self, form: Places, result: Places) -> Places:
        """The places of what results are for the briefs of forms."""
        key = form << 32 | result
        example, alike = distinct(key)
        known = self._shown
        for one in key[example].tolist():
            if one not in known:
                known[one] = len(known)
                shown = self._forms[one >> 32].shown(self._results[one & 0xFFFFFFFF])
                self._codes.add(shown.codes)
                self._evidence.add(
                    [
                        (place, number, 0 if later else len(self._leads) + at)
                        for at, (number, _, places) in enumerate(shown.evidence)
                        for later, place in enumerate(places)
                    ]
                )
                self._leads += [f'"],{id_}:["' for _, id_, _ in shown.evidence]
        return np.array([known[one] for one in key[example].tolist()], np.int64)[alike]

    def _code(self, form_of: Places, run: Places, shown: Places) -> list[bytes]:
        """The status codes of each chart."""
        width = max((len(form.undocumented) for form in self._forms), default=1)
        blank = np.zeros((len(self._forms) + 1, width), np.uint8)
        for number, form in enumerate(self._forms):
            blank[number, : len(form.undocumented)] = np.frombuffer(form.undocumented, np.uint8)
        codes = blank[form_of]
        which, rows = self._codes.of(shown)
        codes[run[which], rows[:, 0]] = rows[:, 1]
        whole = codes.tobytes()
        return [whole[at : at + width] for at in range(0, len(whole), width)]

    def _cite(self, charts: Charts, recalled: Recalled, told: Places, shown: Places) -> dict[int, str]:
        """The members of the JSON object of the evidence of each chart, in published order."""
        which, rows = self._evidence.of(shown)
        place, number, lead = rows.T
        run = recalled.run[told][which]
        statement = recalled.statement[recalled.first[told][which] + place]
        order = np.lexsort((number, run))
        run, leads = run[order], self._leads
        written = [
            leads[at] + charts.iris[name]
            for at, name in zip(lead[order].tolist(), statement[order].tolist(), strict=True)
        ]
        first = beginnings(run)
        ends = pairwise([*first.tolist(), len(run)])
        return {
            number: "".join(written[begin:end])[3:] + '"]'
            for number, (begin, end) in zip(run[first].tolist(), ends, strict=True)
        }
