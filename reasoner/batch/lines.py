"""Lines of JSON: a brief for each determination, with ids, statuses and IRIs of statements, made without the whole of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from reasoner.batch.fields import FIELDS
from reasoner.chart.model import Case, Unread
from reasoner.determination.compiled import compiled_policy
from reasoner.determination.determine import Period, other_readings, periods
from reasoner.determination.engine import Engine, software_version
from reasoner.determination.model import Determination
from reasoner.determination.remembered import GroupStatuses, Remembered
from reasoner.logic.fold import Outcome, fact_for_pair
from reasoner.logic.tables import CODE, Folded, FoldTable
from reasoner.policy.configuration import Configuration, configured
from reasoner.policy.effective import Pair, choose_readings, effective_policy
from reasoner.policy.model import Policy, PolicyVersion

_KINDS = 256
"""How many kinds of requests are remembered; a policy knows a few dozen, but a request may have classes of its own."""
_SHOWN = 4096
"""How many results a kind of requests remembers."""
_TRUTH: dict[bool | None, str] = {None: "null", True: "true", False: "false"}
_LINE = "{" + ",".join(f'"{field.name}":%({field.name})s' for field in FIELDS) + "}"


class Shown(NamedTuple):
    """What the statuses of a group of leaves are for one kind of request."""

    codes: tuple[tuple[int, int], ...]
    """Places in the table with their codes."""
    evidence: tuple[tuple[int, str, tuple[int, ...]], ...]
    """The place in published order of each leaf, its id as JSON, and its statements as places among those of the group."""


@dataclass(frozen=True)
class BriefForm:
    """What is worked out once for the briefs of a policy version and the classes of a request."""

    table: FoldTable
    undocumented: bytes
    """The status codes of the table's leaves where no statement speaks to them."""
    pairs: dict[str, list[Pair]]
    """The pairs of an alternative and a leaf, by the IRI of the leaf."""
    published: dict[str, tuple[int, str]]
    """The place in published order and the id of each leaf of the effective policy, by the leaf its statements are settled under."""
    known: dict[GroupStatuses, Shown] = field(default_factory=dict)

    def recall(self, result: GroupStatuses) -> Shown:
        """What `shown` gives, remembered."""
        if result not in self.known:
            if len(self.known) > _SHOWN:
                self.known.clear()
            self.known[result] = self.shown(result)
        return self.known[result]

    def shown(self, result: GroupStatuses) -> Shown:
        """What statuses are for this kind of request."""
        position = self.table.position
        codes = [(position[leaf], CODE[status]) for leaf, status, _ in result.statuses if leaf in position]
        codes += [
            (position[pair.key], CODE[fact_for_pair(facts, pair)])
            for leaf, _, facts in result.statuses
            for pair in self.pairs.get(leaf, ())
        ]
        evidence = [
            (number, _string(id_), places)
            for leaf, places in result.evidence
            for number, id_ in (self.published.get(leaf, (-1, "")),)
            if number >= 0
        ]
        return Shown(tuple(codes), tuple(evidence))


class LineWriter:
    """Writes briefs under one policy and one configuration.

    Args:
        policy: the policy.
        configuration: a payer's readings and parameters.
        alternatives: whether to try every other reading of the ambiguous passages too.
    """

    def __init__(
        self, policy: Policy, configuration: Configuration | None = None, *, alternatives: bool = True
    ) -> None:
        self.policy = configured(policy, configuration)
        """The policy as the payer has set it."""
        self._configuration = configuration
        self._alternatives = alternatives
        self._forms: dict[tuple[str, frozenset[str]], BriefForm] = {}
        self._memories: dict[str, Remembered] = {}
        self._basis = "\0".join(
            (
                policy.digest,
                software_version(),
                Engine.FAST,
                configuration.digest if configuration else "",
                str(alternatives),
            )
        )

    def lines(self, case: Case) -> Iterator[tuple[str, str, str]]:
        """The briefs of a case, one for each period of service under one policy version: its start, the outcome and the line."""
        for period in periods(case.start, case.end, self.policy):
            start, _, version = period
            head = self.head(case.iri, case.digest, case.as_of, period, case.unread)
            if version is None:
                yield line_without_version(head, period)
                continue
            inference = compiled_policy(version).infer(case)
            form = self.form(version, inference.request_classes)
            codes = bytearray(form.undocumented)
            cited: list[tuple[int, str, str]] = []
            told = self.remembered(version).told(case, inference)
            show = form.recall if len(told) > 1 else form.shown  # one alone is of the whole case, and does not recur
            for result, statements in told:
                shown = show(result)
                for position, code in shown.codes:
                    codes[position] = code
                for number, id_, places in shown.evidence:
                    cited.append((number, id_, ",".join([f'"{statements[place].iri}"' for place in places])))
            cited.sort()
            folded = form.table.fold(bytes(codes))
            evidence = ",".join([f"{id_}:[{iris}]" for _, id_, iris in cited])
            yield start.isoformat(), folded.outcome.value, line_of(head, folded, evidence)

    def remembered(self, version: PolicyVersion) -> Remembered:
        """What the leaves of a version came to in the cases before."""
        if version.iri not in self._memories:
            self._memories[version.iri] = Remembered(version)
        return self._memories[version.iri]

    def brief(self, determination: Determination) -> str:
        """The brief of a determination that was made whole, by either engine."""
        version = determination.evaluation.policy.version if determination.evaluation else None
        case, period = determination.case, (determination.service_start, determination.service_end, version)
        head = self.head(case.iri, case.digest, case.as_of, period, case.unread, determination.engine)
        results = [result for result in determination.criteria if result.criterion.id]
        criteria = ",".join(f"{_string(r.criterion.id)}:{_string(r.status.value)}" for r in results)
        evidence = ",".join(
            f"{_string(r.criterion.id)}:[{','.join(_string(b.statement.iri) for b in r.evidence)}]"
            for r in results
            if r.evidence
        )
        gap = next(iter(determination.gaps), ())
        holds = determination.holds_under_all_readings, determination.holds_under_strained_readings
        return _line(head, determination.outcome, holds, criteria, evidence, gap)

    def head(
        self,
        request: str,
        digest: str,
        as_of: date,
        period: Period,
        unread: Sequence[Unread] = (),
        engine: Engine = Engine.FAST,
    ) -> dict[str, str]:
        """The fields that say what is determined, each as JSON text.

        The key is a digest of all that a determination depends on: documentation, day of review, policy, readings, engine,
        software.

        Args:
            request: IRI of the request.
            digest: of its documentation.
            as_of: day of review.
            period: first and last day of service, and the version of the policy.
            unread: what could not be read.
            engine: what validates.
        """
        start, end, version = period
        parts = (request, digest, as_of.isoformat(), start.isoformat(), engine.value, self._basis)
        counts = json.dumps(_counted(unread), ensure_ascii=False, separators=(",", ":")) if unread else "[]"
        return {
            "key": f'"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"',
            "request": f'"{request}"',
            "start": f'"{start.isoformat()}"',
            "end": f'"{end.isoformat()}"' if end else "null",
            "asOf": f'"{as_of.isoformat()}"',
            "version": _string(version.id) if version else "null",
            "unread": f"[{','.join([_string(item.iri) for item in unread])}]",
            "unreadCounts": counts,
        }

    def form(self, version: PolicyVersion, classes: frozenset[str]) -> BriefForm:
        """What is worked out once for the briefs of a policy version and the classes of a request."""
        form = self._forms.get((version.iri, classes))
        if form is None:
            if len(self._forms) >= _KINDS:
                self._forms.clear()
            readings = choose_readings(version, self._configuration.choices(version) if self._configuration else None)
            effective = effective_policy(version, classes, readings)
            others = other_readings(effective) if self._alternatives else ()
            plain, strained = ([o for _, reading, o in others if reading.strained is kind] for kind in (False, True))
            table, compiled = FoldTable(effective, plain, strained), compiled_policy(version)
            asked = effective.shown({leaf: version.settled_as(leaf) for leaf in effective.leaves})
            pairs: dict[str, list[Pair]] = {}
            for pair in {pair.key: pair for read in (effective, *plain, *strained) for pair in read.pairs}.values():
                pairs.setdefault(pair.leaf.leaf, []).append(pair)
            silent = [leaf.partition(" ")[0] for leaf in table.leaves]  # of a pair, that of its leaf
            form = self._forms[version.iri, classes] = BriefForm(
                table,
                bytes(CODE[compiled.status(leaf, compiled.silence[leaf])] for leaf in silent),
                pairs,
                {settled: (number, version.criteria[iri].id) for number, (iri, settled) in enumerate(asked.items())},
            )
        return form


def line_without_version(head: dict[str, str], period: Period) -> tuple[str, str, str]:
    """The start, the outcome and the brief of a period for which no version of the policy is in force.

    Args:
        head: the fields that say what is determined.
        period: the period.
    """
    outcome = Outcome.NO_POLICY_VERSION
    return period[0].isoformat(), outcome.value, _line(head, outcome, (None, None), "", "", ())


def line_of(head: dict[str, str], folded: Folded, evidence: str) -> str:
    """A brief as a line of JSON.

    Args:
        head: the fields that say what is determined.
        folded: the result.
        evidence: the members of the JSON object of the statements by criterion.
    """
    return _line(head, folded.outcome, (folded.holds, folded.holds_strained), folded.criteria, evidence, folded.gap)


def _line(
    head: dict[str, str],
    outcome: Outcome,
    holds: tuple[bool | None, bool | None],
    criteria: str,
    evidence: str,
    gap: tuple[str, ...],
) -> str:
    return _LINE % {
        **head,
        "outcome": f'"{outcome.value}"',
        "holds": _TRUTH[holds[0]],
        "holdsStrained": _TRUTH[holds[1]],
        "criteria": f"{{{criteria}}}",
        "evidence": f"{{{evidence}}}",
        "gap": f"[{','.join([_string(id_) for id_ in gap])}]",
    }


def _counted(unread: Iterable[Unread]) -> list[dict[str, str | int]]:
    """How many items there are of each kind and reason, in the order of these."""
    counts = Counter((item.slug, item.reason) for item in unread)
    return [{"kind": kind, "reason": reason, "count": count} for (kind, reason), count in sorted(counts.items())]


@lru_cache(maxsize=4096)
def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
