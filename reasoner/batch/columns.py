"""Briefs of many charts at once, from charts as columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from reasoner.batch.lines import BriefForm, LineWriter, Shown, line_of
from reasoner.chart.fast.columns import NEVER, Charts, Judge
from reasoner.chart.fast.cut import Places, beginnings, distinct
from reasoner.chart.fast.layout import VARYING
from reasoner.chart.fast.nodes import NodeTable
from reasoner.determination.columns import ColumnMemory, Recalled, RequestKind
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.determine import periods
from reasoner.ground.days import age_on
from reasoner.policy.model import Policy, PolicyVersion

_LIMIT = 65536
"""How many entries a memory holds."""
Line = tuple[str, tuple[str, str, str]]
"""IRI of the request; the start of service, the outcome and the brief."""


class ColumnWriter:
    """Writes briefs of charts as columns.

    Args:
        policy: the policy, as it is published.
        writer: writes the briefs of other charts.
    """

    def __init__(self, policy: Policy, writer: LineWriter) -> None:
        self._writer = writer
        self._judge = Judge(policy)
        self._memories: dict[str, ColumnMemory] = {}
        self._kinds: dict[object, RequestKind | None] = {}
        self._said: dict[object, int] = {}
        self._layouts: object = None
        self._versions: dict[tuple[int, int], PolicyVersion | None] = {}

    def lines(self, table: NodeTable, source: str, as_of: date | None, today: date) -> dict[int, Line]:
        """The briefs of the charts that can be told as columns, by the number of the run.

        Args:
            table: the nodes of the charts.
            source: what to call them in errors.
            as_of: day of review that overrides the requests' own.
            today: day of review of the requests that state none.
        """
        if not table.plain.any():
            return {}
        charts = Charts(table, self._judge, source)
        if table.layouts is not self._layouts or max(len(self._kinds), len(self._said)) > _LIMIT:
            self._layouts = table.layouts
            self._kinds.clear()
            self._said.clear()
            self._memories.clear()
        if len(self._versions) > _LIMIT:
            self._versions.clear()
        reviewed = np.where(charts.as_of == NEVER, today.toordinal(), charts.as_of)
        if as_of:
            reviewed[:] = as_of.toordinal()
        by_version: dict[str, tuple[PolicyVersion, dict[int, RequestKind]]] = {}
        for run in np.flatnonzero(charts.plain).tolist():
            version = self._version(int(charts.start[run]), int(charts.end[run]))
            kind = version and self._kind(charts, run, version)
            if version and kind:
                by_version.setdefault(version.iri, (version, {}))[1][run] = kind
        found: dict[int, Line] = {}
        for version, kinds in by_version.values():
            memory = self._memory(version)
            recalled = memory.recall(charts, kinds, reviewed)
            forms = {
                run: self._writer.form(version, kind.classes) for run, kind in kinds.items() if not recalled.left[run]
            }
            found |= self._written(charts, version, forms, recalled, memory, reviewed)
        return found

    def _memory(self, version: PolicyVersion) -> ColumnMemory:
        if version.iri not in self._memories:
            self._memories[version.iri] = ColumnMemory(self._writer.remembered(version))
        return self._memories[version.iri]

    def _version(self, start: int, end: int) -> PolicyVersion | None:
        """The version of the policy that is in force for the whole of a stay; None if there is none."""
        key = (start, end)
        if key not in self._versions:
            last = date.fromordinal(end) if end != NEVER else None
            found = [version for _, _, version in periods(date.fromordinal(start), last, self._writer.policy)]
            self._versions[key] = found[0] if len(found) == 1 else None
        return self._versions[key]

    def _kind(self, charts: Charts, run: int, version: PolicyVersion) -> RequestKind | None:
        """The kind of the request of a chart; None if more matters of it."""
        age = age_on(date.fromordinal(int(charts.start[run])), date.fromordinal(int(charts.birth[run])))
        key = (version.iri, charts.parties[run], age < version.age_of_majority)
        if key not in self._kinds:
            compiled = compiled_policy(version)
            case = charts.request_alone(run)
            if case is None:
                return None
            inference = compiled.infer(case)
            apart = inference.statements_apart and not self._writer.remembered(version).whole
            if not apart or not compiled.predicates.isdisjoint(VARYING):
                self._kinds[key] = None
            else:
                said = (version.iri, case.axis_values, *compiled.contexts(case, inference))
                number = self._said.setdefault(said, len(self._said))
                self._kinds[key] = RequestKind(number, inference.request_classes, case)
        return self._kinds[key]

    def _written(
        self,
        charts: Charts,
        version: PolicyVersion,
        forms: Mapping[int, BriefForm],
        recalled: Recalled,
        memory: ColumnMemory,
        reviewed: Places,
    ) -> dict[int, Line]:
        """The lines of charts, given what their groups of leaves come to."""
        each = list({id(form): form for form in forms.values()}.values())
        place = {id(form): number for number, form in enumerate(each)}
        form_of = np.full(len(charts.start), -1)
        form_of[list(forms)] = [place[id(form)] for form in forms.values()]
        told = np.flatnonzero(form_of[recalled.run] >= 0)
        key = form_of[recalled.run[told]] * len(memory.results) + recalled.result[told]
        example, alike = distinct(key)
        shown = [
            each[one // len(memory.results)].show(memory.results[one % len(memory.results)])
            for one in key[example].tolist()
        ]
        codes = self._codes(charts, each, form_of, recalled.run[told], alike, shown)
        evidence = self._evidence(charts, recalled, told, alike, shown)
        found = {}
        for run, form in forms.items():
            start, end = date.fromordinal(int(charts.start[run])), int(charts.end[run])
            request, digest = charts.request_iri(run), charts.digest(run)
            if digest is None:
                continue
            head = self._writer.head(
                request,
                digest,
                date.fromordinal(int(reviewed[run])),
                (start, date.fromordinal(end) if end != NEVER else None, version),
            )
            folded = form.table.fold(codes[run, : len(form.undocumented)].tobytes())
            line = line_of(head, folded, evidence.get(run, ""))
            found[run] = request, (start.isoformat(), folded.outcome.value, line)
        return found

    def _codes(
        self, charts: Charts, each: list[BriefForm], form_of: Places, run: Places, alike: Places, shown: list[Shown]
    ) -> npt.NDArray[np.uint8]:
        """The status codes of each chart."""
        width = max((len(form.undocumented) for form in each), default=0)
        blank = np.zeros((len(each) + 1, width), np.uint8)
        for number, form in enumerate(each):
            blank[number, : len(form.undocumented)] = np.frombuffer(form.undocumented, np.uint8)
        codes = blank[form_of]
        size = np.array([len(one.codes) for one in shown], np.int64)
        flat = np.array([code for one in shown for code in one.codes], np.int64).reshape(-1, 2)
        which, at = _flattened(size, alike)
        codes[run[which], flat[at, 0]] = flat[at, 1]
        return codes

    def _evidence(
        self, charts: Charts, recalled: Recalled, told: Places, alike: Places, shown: list[Shown]
    ) -> dict[int, str]:
        """The members of the JSON object of the evidence of each chart, in published order."""
        cited = [(number, id_, place) for one in shown for number, id_, places in one.evidence for place in places]
        size = np.array([sum(len(places) for _, _, places in one.evidence) for one in shown], np.int64)
        which, at = _flattened(size, alike)
        number, place = np.array([(number, place) for number, _, place in cited], np.int64).reshape(-1, 2).T
        run = recalled.run[told][which]
        statement = recalled.statement[recalled.first[told][which] + place[at]]
        order = np.lexsort((number[at], run))
        run, number, at = run[order], number[at][order], at[order]
        again = (run[1:] == run[:-1]) & (number[1:] == number[:-1])
        at[1:][again] = len(cited)
        leads = [*(f'"],{id_}:["' for _, id_, _ in cited), '","']
        written = [
            leads[lead] + charts.iris[name] for lead, name in zip(at.tolist(), statement[order].tolist(), strict=True)
        ]
        first = beginnings(run)
        ends = pairwise([*first.tolist(), len(run)])
        return {
            number: "".join(written[begin:end])[3:] + '"]'
            for number, (begin, end) in zip(run[first].tolist(), ends, strict=True)
        }


def _flattened(size: Places, alike: Places) -> tuple[Places, Places]:
    """For rows that each stand for a list among lists of some sizes that follow one another: each item's row, and its place."""
    first = np.cumsum(size) - size
    which = np.repeat(np.arange(len(alike)), size[alike])
    before = np.repeat(np.cumsum(size[alike]) - size[alike], size[alike])
    return which, first[alike][which] + np.arange(len(which)) - before
